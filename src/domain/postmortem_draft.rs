//! What the facts say already: the first words of each section of a postmortem, and one question for each gap.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::domain::{
    capture::draft::{Impact, ImpactKind},
    clock_point::{ClockPoint, Precision},
    event::EventFields,
    event_record::Detection,
    stages::{Gap, Stage, StageBar},
    vocabulary,
};

/// The facts.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The record.
    pub fields: &'a EventFields,
    /// Where the minutes went.
    pub bar: &'a StageBar,
    /// Clock points and starred entries in order of time.
    pub timeline: &'a [FactLine],
    /// Names of the affected services.
    pub services: &'a [String],
    /// The action items of the event.
    pub items: &'a [FactItem],
    /// The report zone.
    pub zone: Tz,
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Only the day is known.
    pub day_only: bool,
    /// What.
    pub text: String,
}

/// An action item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactItem {
    /// What is to be done.
    pub title: String,
    /// Who does it; empty while nobody is named.
    pub owner: String,
    /// By when.
    pub due_on: Option<NaiveDate>,
    /// It is done.
    pub done: bool,
}

/// A section half filled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SectionDraft {
    /// Markdown; empty where the facts say nothing.
    pub text: String,
    /// The first whys.
    pub whys: Vec<String>,
    /// One question for each gap.
    pub questions: Vec<String>,
}

/// The draft of a section; sections of a team's own have none.
pub fn draft(key: &str, facts: &Facts<'_>, chinese: bool) -> SectionDraft {
    let words = Words { chinese, zone: facts.zone };
    match key {
        "summary" => summary(facts, &words),
        "impact" => impact(facts, &words),
        "timeline" => timeline(facts, &words),
        "root_cause" => root_cause(facts, &words),
        "detection" => detection(facts, &words),
        "went_well" => SectionDraft { text: went_well(facts, &words), ..SectionDraft::default() },
        "actions" => actions(facts, &words),
        _ => SectionDraft::default(),
    }
}

struct Words {
    chinese: bool,
    zone: Tz,
}

impl Words {
    fn pick<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        if self.chinese { zh } else { en }
    }

    fn time(&self, point: ClockPoint) -> String {
        let local = point.at.with_timezone(&self.zone);
        match point.precision {
            Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
            Precision::Day => local.format("%Y-%m-%d").to_string(),
        }
    }

    fn clock(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%H:%M").to_string()
    }

    fn minutes(&self, minutes: i64) -> String {
        match (minutes / 60, minutes % 60) {
            (0, rest) => format!("{rest} {}", self.pick("分钟", "min")),
            (hours, 0) => format!("{hours} {}", self.pick("小时", "h")),
            (hours, rest) => {
                format!("{hours} {} {rest} {}", self.pick("小时", "h"), self.pick("分钟", "min"))
            }
        }
    }
}

/// A text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str, words: &Words) -> String {
    let text = flat(text);
    let text = text.trim_end_matches(['。', '.', '；', ';', '，', ',']);
    format!("{text}{}", words.pick("。", ". "))
}

fn summary(facts: &Facts<'_>, words: &Words) -> SectionDraft {
    let fields = facts.fields;
    let mut text = String::new();
    if let Some(occurred) = fields.occurred {
        text.push_str(&words.time(occurred));
        if let Some(recovered) = fields.recovered {
            let same = |at: DateTime<Utc>| at.with_timezone(&words.zone).date_naive();
            let end = if recovered.precision == Precision::Minute && same(recovered.at) == same(occurred.at) {
                words.clock(recovered.at)
            } else {
                words.time(recovered)
            };
            text.push_str(words.pick(" 至 ", " to "));
            text.push_str(&end);
            if occurred.precision == Precision::Minute && recovered.precision == Precision::Minute {
                let lasted = words.minutes((recovered.at - occurred.at).num_minutes());
                text.push_str(&format!("{}{lasted}{}", words.pick("（", " ("), words.pick("）", ")")));
            }
        }
        text.push_str(words.pick("，", ", "));
    }
    let what = fields.summary.as_deref().unwrap_or(&fields.narrative);
    text.push_str(&sentence(what, words));
    if fields.summary.is_some() {
        if let Some(cause) = fields.cause.as_deref() {
            text.push_str(&sentence(&format!("{}{cause}", words.pick("原因：", "Cause: ")), words));
        }
        if let Some(recovery) = fields.recovery.as_deref() {
            text.push_str(&sentence(&format!("{}{recovery}", words.pick("处理：", "Action: ")), words));
        }
    }
    let mut questions = Vec::new();
    if fields.summary.is_none() {
        questions.push(words.pick("用户看到了什么现象？", "What did users see?").to_owned());
    }
    if fields.occurred.is_none() {
        questions.push(words.pick("什么时候开始的？", "When did it begin?").to_owned());
    }
    SectionDraft { text: text.trim().to_owned(), questions, ..SectionDraft::default() }
}

fn impact(facts: &Facts<'_>, words: &Words) -> SectionDraft {
    let fields = facts.fields;
    // A number that the words tell already stands once.
    let told: String = fields.impact.as_deref().unwrap_or_default().replace([',', '，', ' '], "");
    let news = |impact: &&Impact| {
        let number = if impact.kind == ImpactKind::Amount { impact.number / 100 } else { impact.number };
        !told.contains(&format!("{number}{}", impact.unit))
    };
    let mut lines: Vec<String> = fields.impacts.iter().filter(news).map(|impact| magnitude(impact, words)).collect();
    lines.extend(fields.impact.as_deref().map(flat));
    if !facts.services.is_empty() {
        let names = facts.services.join(words.pick("、", ", "));
        lines.push(format!("{}{names}", words.pick("受影响的业务：", "Affected services: ")));
    }
    let fen = |amount: i64| format!("{}.{:02} {}", amount / 100, amount % 100, words.pick("元", "yuan"));
    if let Some(actual) = fields.loss.actual {
        let recovered = fields.loss.recovered.filter(|amount| *amount > 0);
        let back = recovered.map(|amount| format!("{}{}", words.pick("，已追回 ", ", recovered "), fen(amount)));
        lines.push(match actual {
            0 => words.pick("无资损", "No fund loss").to_owned(),
            _ => format!("{}{}{}", words.pick("资损 ", "Fund loss "), fen(actual), back.unwrap_or_default()),
        });
    } else if let Some(expected) = fields.loss.expected {
        lines.push(format!("{}{}", words.pick("预计资损 ", "Expected fund loss "), fen(expected)));
    }
    if facts.bar.minutes() > 0 && !facts.bar.is_open() {
        lines.push(format!("{}{}", words.pick("持续 ", "Lasted "), words.minutes(facts.bar.minutes())));
    }
    let mut questions = Vec::new();
    let has = |kind| fields.impacts.iter().any(|impact| impact.kind == kind);
    if !has(ImpactKind::Count) {
        questions.push(words.pick("影响了多少笔？", "How many transactions were affected?").to_owned());
    }
    if !has(ImpactKind::Users) {
        questions.push(words.pick("影响了多少用户或商户？", "How many users or merchants were affected?").to_owned());
    }
    if fields.loss.actual.is_none() {
        questions.push(words.pick("有没有资损？多少？", "Was money lost? How much?").to_owned());
    }
    SectionDraft { text: bullets(&lines), questions, ..SectionDraft::default() }
}

fn bullets(lines: &[String]) -> String {
    lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
}

fn magnitude(impact: &Impact, words: &Words) -> String {
    let about = if impact.approximate { words.pick("约 ", "about ") } else { "" };
    let number = match impact.kind {
        ImpactKind::Amount if impact.number % 100 != 0 => format!("{}.{:02}", impact.number / 100, impact.number % 100),
        ImpactKind::Amount => (impact.number / 100).to_string(),
        _ => impact.number.to_string(),
    };
    format!("{}{about}{number} {}", words.pick("影响 ", "Affected: "), vocabulary::unit(&impact.unit, words.chinese))
}

fn timeline(facts: &Facts<'_>, words: &Words) -> SectionDraft {
    let mut day = None;
    let lines: Vec<String> = facts
        .timeline
        .iter()
        .map(|line| {
            let local = line.at.with_timezone(&words.zone);
            let first = day.replace(local.date_naive()) != Some(local.date_naive());
            let shape = match (line.day_only, first) {
                (true, _) => "%m/%d",
                (false, true) => "%m/%d %H:%M",
                (false, false) => "%H:%M",
            };
            format!("**{}** {}", local.format(shape), flat(&line.text))
        })
        .collect();
    let mut questions = Vec::new();
    for (name, gap) in &facts.bar.gaps {
        if *gap == Gap::Unknown {
            continue;
        }
        let question = match *name {
            "occurred" => words.pick("准确是几点几分开始的？", "At what minute did it begin?"),
            "detected" => words.pick("几点几分发现的？", "At what minute was it detected?"),
            "acknowledged" => words.pick("几点几分有人响应？", "At what minute did someone respond?"),
            "located" => words.pick("几点几分定位到原因？", "At what minute was the cause located?"),
            "mitigated" => words.pick("几点几分止损？", "At what minute did the damage stop?"),
            _ => words.pick("几点几分恢复？", "At what minute did it recover?"),
        };
        questions.push(question.to_owned());
    }
    SectionDraft { text: bullets(&lines), questions, ..SectionDraft::default() }
}

fn root_cause(facts: &Facts<'_>, words: &Words) -> SectionDraft {
    let fields = facts.fields;
    let Some(cause) = fields.cause.as_deref() else {
        let question =
            words.pick("直接原因是什么？写系统和条件。", "What was the direct cause? Name systems and conditions.");
        return SectionDraft { questions: vec![question.to_owned()], ..SectionDraft::default() };
    };
    let mut text = sentence(&format!("{}{cause}", words.pick("直接原因：", "Direct cause: ")), words);
    if let Some(change) = fields.change_link.as_deref() {
        text.push_str(&format!("\n\n{}{}", words.pick("相关变更：", "Change: "), flat(change)));
    }
    let mut questions = Vec::new();
    if fields.cause_category.is_none() {
        questions.push(words.pick("原因属于哪一类？", "Which category is the cause?").to_owned());
    }
    questions
        .push(words.pick("为什么会有这个原因？再问一次为什么。", "Why was that so? Ask why once more.").to_owned());
    SectionDraft { text: text.trim().to_owned(), whys: vec![flat(cause)], questions }
}

fn detection(facts: &Facts<'_>, words: &Words) -> SectionDraft {
    let fields = facts.fields;
    let mut text = String::new();
    if let Some(how) = fields.detection {
        let how = match how {
            Detection::Monitoring => words.pick("监控告警", "monitoring"),
            Detection::Customer => words.pick("客户反馈", "a customer"),
            Detection::Staff => words.pick("内部员工", "staff"),
            Detection::Reconciliation => words.pick("对账", "reconciliation"),
            Detection::Other => words.pick("其他途径", "another way"),
        };
        text.push_str(&format!("{}{how}{}", words.pick("由", "Found by "), words.pick("发现。", ". ")));
    }
    let mut questions = Vec::new();
    if let Some(segment) = facts.bar.of(Stage::Detect) {
        let (from, to, took) = (words.clock(segment.from), words.clock(segment.to), words.minutes(segment.minutes()));
        text.push_str(&if words.chinese {
            format!("从 {from} 发生到 {to} 发现用了 {took}。")
        } else {
            format!("From {from} to {to} it took {took}.")
        });
    }
    if fields.detection.is_none() {
        questions.push(
            words
                .pick(
                    "怎么发现的：监控、客户、内部还是对账？",
                    "Who found it: monitoring, a customer, staff or reconciliation?",
                )
                .to_owned(),
        );
    }
    SectionDraft { text: text.trim().to_owned(), questions, ..SectionDraft::default() }
}

/// 1-5-10: what was quick is worth a line.
fn went_well(facts: &Facts<'_>, words: &Words) -> String {
    let mut lines = Vec::new();
    for (stage, most, zh, en) in [
        (Stage::Detect, 1, "发现只用了 ", "Detected within "),
        (Stage::Locate, 5, "定位只用了 ", "Located within "),
        (Stage::Recover, 10, "止损后恢复只用了 ", "Recovered after mitigation within "),
    ] {
        if let Some(segment) = facts.bar.of(stage).filter(|segment| segment.minutes() <= most && !segment.open) {
            lines.push(format!("{}{}", words.pick(zh, en), words.minutes(segment.minutes())));
        }
    }
    bullets(&lines)
}

fn actions(facts: &Facts<'_>, words: &Words) -> SectionDraft {
    let lines: Vec<String> = facts
        .items
        .iter()
        .map(|item| {
            let mut line = flat(&item.title);
            let mut notes: Vec<String> = Vec::new();
            if !item.owner.is_empty() {
                notes.push(item.owner.clone());
            }
            if item.done {
                notes.push(words.pick("已完成", "done").to_owned());
            } else {
                notes.extend(item.due_on.map(|day| day.format("%Y-%m-%d").to_string()));
            }
            if !notes.is_empty() {
                let notes = notes.join(words.pick("，", ", "));
                line.push_str(&format!("{}{notes}{}", words.pick("（", " ("), words.pick("）", ")")));
            }
            line
        })
        .collect();
    let question = words.pick(
        "改什么能让同样的事不再发生？谁负责，什么时候完成？",
        "What change keeps it from happening again? Who does it, by when?",
    );
    let questions = if lines.is_empty() { vec![question.to_owned()] } else { Vec::new() };
    SectionDraft { text: bullets(&lines), questions, ..SectionDraft::default() }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::*;
    use crate::domain::{event_record::FundLoss, stages::stage_bar};

    fn point(clock: &str) -> ClockPoint {
        ClockPoint::minute(format!("2024-08-19T{clock}:00+08:00").parse().unwrap())
    }

    fn drafted(key: &str, fields: &EventFields, chinese: bool) -> SectionDraft {
        let bar = stage_bar(fields, "2024-08-21T06:08:00Z".parse().unwrap());
        let lines = [FactLine { at: point("15:10").at, day_only: false, text: "切换\n备用渠道".to_owned() }];
        let items = [FactItem {
            title: "加白名单校验".to_owned(),
            owner: String::new(),
            due_on: NaiveDate::from_ymd_opt(2024, 9, 2),
            done: false,
        }];
        let services = ["快捷支付".to_owned()];
        let facts = Facts { fields, bar: &bar, timeline: &lines, services: &services, items: &items, zone: Shanghai };
        draft(key, &facts, chinese)
    }

    fn full() -> EventFields {
        EventFields {
            occurred: Some(point("15:00")),
            detected: Some(point("15:04")),
            recovered: Some(point("15:30")),
            summary: Some("商户操作提现失败".to_owned()),
            cause: Some("风控规则更新".to_owned()),
            recovery: Some("下线规则，恢复正常".to_owned()),
            impacts: vec![Impact { kind: ImpactKind::Count, number: 684, unit: "笔".to_owned(), approximate: true }],
            loss: FundLoss { actual: Some(320_050), recovered: Some(100_000), expected: None },
            detection: Some(Detection::Customer),
            ..EventFields::default()
        }
    }

    #[test]
    fn the_facts_write_the_first_words() {
        let fields = full();
        assert_eq!(
            drafted("summary", &fields, true).text,
            "2024-08-19 15:00 至 15:30（30 分钟），商户操作提现失败。原因：风控规则更新。处理：下线规则，恢复正常。"
        );
        assert_eq!(
            drafted("impact", &fields, true).text,
            "- 影响 约 684 笔\n- 受影响的业务：快捷支付\n- 资损 3200.50 元，已追回 1000.00 元\n- 持续 30 分钟"
        );
        assert_eq!(drafted("timeline", &fields, true).text, "- **08/19 15:10** 切换 备用渠道");
        let cause = drafted("root_cause", &fields, true);
        assert_eq!((cause.text.as_str(), cause.whys), ("直接原因：风控规则更新。", vec!["风控规则更新".to_owned()]));
        assert_eq!(drafted("detection", &fields, true).text, "由客户反馈发现。从 15:00 发生到 15:04 发现用了 4 分钟。");
        assert_eq!(drafted("actions", &fields, true).text, "- 加白名单校验（2024-09-02）");
        assert_eq!(drafted("own_section", &fields, true), SectionDraft::default());
        let english = drafted("detection", &fields, false).text;
        assert_eq!(english, "Found by a customer. From 15:00 to 15:04 it took 4 min.");
    }

    #[test]
    fn each_gap_asks_one_question() {
        let bare = EventFields { narrative: "提现失败".to_owned(), ..EventFields::default() };
        assert_eq!(
            drafted("impact", &bare, true).questions,
            ["影响了多少笔？", "影响了多少用户或商户？", "有没有资损？多少？"]
        );
        assert_eq!(drafted("summary", &bare, true).questions.len(), 2);
        assert_eq!(drafted("summary", &bare, true).text, "提现失败。");
        assert_eq!(drafted("timeline", &bare, true).questions.len(), 6);
        let known = EventFields {
            unknown: vec!["acknowledged".to_owned(), "located".to_owned(), "mitigated".to_owned()],
            ..full()
        };
        assert_eq!(
            drafted("timeline", &known, true).questions,
            Vec::<String>::new(),
            "what nobody can tell is not asked"
        );
        assert_eq!(drafted("impact", &full(), true).questions, ["影响了多少用户或商户？"]);
        assert!(drafted("root_cause", &bare, false).questions[0].contains("direct cause"));
    }
}
