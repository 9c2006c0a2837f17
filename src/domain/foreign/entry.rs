//! One entry of a source on its way to an event: checked, bounded, and put into the words of a draft.

use chrono::{DateTime, Utc};

use super::{
    ForeignEvent, RAW_LIMIT, TIMELINE_LIMIT, plain,
    stages::{Stage, Update},
};
use crate::domain::{
    capture::draft::{DraftEvent, Mark, Notice},
    checked::{self, LONG_TEXT},
    clock_point::ClockPoint,
};

const TITLE_LIMIT: usize = 300;
const KEY_LIMIT: usize = 500;
/// Names in the sentence; the impact has them all.
const SHOWN: usize = 5;

/// What a source says of one incident.
#[derive(Debug, Default)]
pub(super) struct Entry<'a> {
    /// Its id there; without one it is known by its beginning and its title.
    pub key: String,
    pub raw: &'a str,
    /// Plain text.
    pub title: String,
    pub occurred: Option<ClockPoint>,
    pub recovered: Option<ClockPoint>,
    pub severity: Option<String>,
    /// Names of what was affected.
    pub components: Vec<String>,
    /// Further words about the impact.
    pub impact: Option<String>,
    pub updates: Vec<Update>,
    pub link: Option<String>,
    /// A postmortem was published.
    pub postmortem: bool,
    /// The source says that it is over, whether or not it says when.
    pub over: bool,
}

impl Entry<'_> {
    /// The event, or why there is none.
    pub(super) fn finish(mut self) -> Result<ForeignEvent, String> {
        self.updates.retain(|update| !update.text.trim().is_empty() || update.stage != Stage::Other);
        self.updates.sort_by_key(|update| update.at);
        let first_words = self.updates.first().map(|update| update.text.as_str()).unwrap_or_default();
        let mut title = plain::line(&plain::from_mixed(&self.title));
        if title.is_empty() {
            title = plain::bounded(&plain::line(first_words), 80);
        }
        let title = plain::bounded(&title, TITLE_LIMIT);
        if title.is_empty() {
            return Err("没有标题，也没有文字 no title and no text".to_owned());
        }
        let Some(occurred) = self.occurred.or(self.updates.first().map(|update| ClockPoint::minute(update.at))) else {
            return Err(format!("没有发生时间 no time of the beginning: {}", plain::bounded(&title, 60)));
        };
        let mut draft = DraftEvent { occurred: Some(occurred), ..DraftEvent::default() };
        self.clock(&mut draft);
        self.words(&title, &mut draft);
        for point in [draft.occurred, draft.acknowledged, draft.located, draft.mitigated, draft.recovered] {
            if let Some(point) = point
                && checked::instant("occurred_at", point.at).is_err()
            {
                return Err(format!("时间不在 1970 至 9998 年之间 a time outside 1970 to 9998: {}", point.at));
            }
        }
        if self.updates.iter().any(|update| checked::instant("timeline", update.at).is_err()) {
            return Err("更新的时间不在 1970 至 9998 年之间 an update outside 1970 to 9998".to_owned());
        }
        let key = plain::line(&plain::printable(&self.key));
        let key = if key.is_empty() { format!("{}|{title}", occurred.at.timestamp()) } else { key };
        Ok(ForeignEvent {
            key: plain::bounded(&key, KEY_LIMIT),
            draft,
            raw: plain::bounded(&plain::printable(self.raw), RAW_LIMIT),
            timeline: timeline(self.updates),
            links: self.link.as_deref().and_then(web_address).into_iter().collect(),
        })
    }

    /// Times of the stages, and of the recovery.
    fn clock(&self, draft: &mut DraftEvent) {
        let Some(occurred) = draft.occurred else { return };
        let first = |stages: &[Stage]| {
            let update = self.updates.iter().find(|update| stages.contains(&update.stage))?;
            (update.at >= occurred.at).then(|| ClockPoint::minute(update.at))
        };
        draft.acknowledged = first(&[Stage::Investigating, Stage::Identified]);
        draft.located = first(&[Stage::Identified]);
        draft.mitigated = first(&[Stage::Monitoring]);
        let told = self.recovered.or_else(|| {
            // The last word counts: what was resolved may have been opened again.
            let last = self.updates.iter().rev().find(|update| update.stage.is_state())?;
            (last.stage == Stage::Resolved).then(|| ClockPoint::minute(last.at))
        });
        match told {
            Some(recovered) if recovered.at >= occurred.at => draft.recovered = Some(recovered),
            Some(recovered) => draft.notices.push(Notice::LeftOver {
                text: format!("恢复时间 {} 早于发生时间 the recovery lies before the beginning", recovered.at),
            }),
            None if self.over => draft.notices.push(Notice::LeftOver {
                text: "已恢复，未写时间 over, at a time that is not told".to_owned(),
            }),
            None => {}
        }
        // A page may write its first word when all is over: that is no stage of this incident.
        if let Some(recovered) = draft.recovered {
            for stage in [&mut draft.acknowledged, &mut draft.located, &mut draft.mitigated] {
                *stage = stage.filter(|point| point.at <= recovered.at);
            }
        }
    }

    fn words(&self, title: &str, draft: &mut DraftEvent) {
        let mut names: Vec<String> = Vec::new();
        for name in &self.components {
            let name = plain::bounded(&plain::line(&plain::from_mixed(name)), 200);
            if !name.is_empty() && !names.contains(&name) && names.len() < 200 {
                names.push(name);
            }
        }
        let folded = checked::fold(title);
        let unnamed = names.iter().any(|name| !folded.contains(&checked::fold(name)));
        title.clone_into(&mut draft.narrative);
        if unnamed {
            let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
            let more = if names.len() > SHOWN { format!(" 等 {} 项", names.len()) } else { String::new() };
            draft.narrative = format!("{}，影响 {}{more}", title.trim_end_matches(['.', '。']), shown.join("、"));
        }
        draft.summary = Some(title.to_owned());
        let impact = [(!names.is_empty()).then(|| names.join("、")), self.impact.clone()];
        let impact = impact.into_iter().flatten().collect::<Vec<_>>().join("；");
        draft.impact = Some(impact).filter(|impact| !impact.trim().is_empty()).map(|text| long(&text));
        if let Some(label) = self.severity.as_deref().map(str::trim).filter(|label| !label.is_empty()) {
            match severity(label) {
                Some(label) => draft.severity = Some(label),
                None => draft.notices.push(Notice::LeftOver { text: plain::bounded(&plain::line(label), 60) }),
            }
        }
        let postmortem = self.updates.iter().rev().find(|update| update.stage == Stage::Postmortem);
        let resolved = self.updates.iter().rev().find(|update| update.stage == Stage::Resolved);
        let told = resolved.map(|update| update.text.trim()).filter(|text| !is_empty_phrase(text));
        draft.recovery = told.filter(|_| draft.recovered.is_some() || self.over).map(long);
        let mut telling = [postmortem, resolved].into_iter().flatten();
        draft.cause = telling.find_map(|update| cause_of(&update.text));
        if self.postmortem || postmortem.is_some() {
            draft.mark = Mark::Done;
        }
    }
}

fn long(text: &str) -> String {
    plain::bounded(plain::printable(text).trim(), LONG_TEXT)
}

/// The label as written in capitals, without blanks and dashes: `Sev 1` is `SEV1`.
pub(super) fn severity(label: &str) -> Option<String> {
    let plain: String = label.chars().filter(|c| !matches!(c, ' ' | '-' | '_' | '.')).collect();
    checked::severity("severity", &plain).ok()
}

/// An address that a browser may follow: http or https, and nothing that could end an attribute.
pub(super) fn web_address(text: &str) -> Option<String> {
    let text = text.trim();
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    let host = text.split_once("//").is_some_and(|(_, host)| host.starts_with(|c: char| c.is_alphanumeric()));
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\'));
    (web && host && clean && text.len() <= 2_000).then(|| text.to_owned())
}

fn timeline(updates: Vec<Update>) -> Vec<(DateTime<Utc>, String)> {
    let count = updates.len();
    updates
        .into_iter()
        .enumerate()
        .filter(|(at, _)| *at < TIMELINE_LIMIT / 2 || *at + TIMELINE_LIMIT / 2 >= count)
        .map(|(_, update)| {
            let words = match update.label.trim() {
                "" => update.text,
                label if update.text.trim().is_empty() => label.to_owned(),
                label => format!("{label} - {}", update.text.trim()),
            };
            (update.at, long(&words))
        })
        .collect()
}

/// What status pages write when there is nothing to say.
fn is_empty_phrase(text: &str) -> bool {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    text.is_empty()
        || [
            "this incident has been resolved",
            "the incident has been resolved",
            "this issue has been resolved",
            "the issue has been resolved",
            "resolved",
            "已恢复",
            "已解决",
        ]
        .contains(&text.as_str())
}

/// The sentence that names the cause.
pub(super) fn cause_of(text: &str) -> Option<String> {
    let sentences = text.split_inclusive(['。', '\n', '.', '!', '?']);
    let mut start = 0;
    let mut at = 0;
    for part in sentences {
        at += part.len();
        // A full stop inside `8.0.35` or `example.com` ends no sentence.
        let behind = text.get(at..).and_then(|rest| rest.chars().next());
        if part.ends_with('.') && behind.is_some_and(|c| !c.is_whitespace()) {
            continue;
        }
        let sentence = text.get(start..at).unwrap_or_default().trim();
        start = at;
        if names_cause(sentence) {
            return Some(plain::bounded(&plain::line(sentence), 2_000));
        }
    }
    let rest = text.get(start..).unwrap_or_default().trim();
    names_cause(rest).then(|| plain::bounded(&plain::line(rest), 2_000))
}

fn names_cause(sentence: &str) -> bool {
    let text = sentence.to_ascii_lowercase();
    if ["unknown", "not yet", "to be determined", "investigat", "could be caused", "may be caused", "不明", "待查"]
        .iter()
        .any(|word| text.contains(word))
    {
        return false;
    }
    let said = |start: &str| {
        text.find(start).and_then(|at| text.get(at..)).is_some_and(|rest| {
            [" was ", " is ", " were ", ": "].iter().any(|verb| rest.contains(verb)) && rest.len() > start.len() + 10
        })
    };
    said("root cause")
        || ["was caused by", "were caused by", "was due to", "were due to", "is caused by", "was a result of"]
            .iter()
            .any(|word| text.contains(word))
        || ["根因为", "根因是", "原因为", "原因是", "原因：", "根因："].iter().any(|word| text.contains(word))
}
