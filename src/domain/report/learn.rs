//! The style of a document, as data: what every figure and every event has in common becomes a template, and of
//! several candidates the one that writes most of the document again is taken.

use std::{collections::BTreeMap, ops::Range};

use chrono_tz::Tz;

use super::{
    learn_event, learn_figure,
    reading::{EventReading, ReportReading, SectionReading},
    style::{Part, ReportStyle, WORDS_LIMIT},
    template::Writer,
    time_form::TimeForm,
};
use crate::domain::{clock_point::ClockPoint, iso_week::IsoWeek};

/// How many figures and events of a document are looked at.
pub(super) const LOOKED_AT: usize = 60;

/// A part of a document that a template names.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub range: Range<usize>,
    pub text: String,
}

impl ReportStyle {
    /// The style of a document; what it does not show is that of this style. Times are those of `zone`.
    #[must_use]
    pub fn learn(&self, document: &str, reading: &ReportReading, zone: Tz) -> Self {
        let week = reading.week.unwrap_or_else(|| {
            let day = reading.created_at.unwrap_or_default().with_timezone(&zone).date_naive();
            IsoWeek::of(day)
        });
        let mut style = self.clone();
        if let (Some(figures), Some(events)) = (&reading.figures_section, &reading.events_section)
            && events.heading.start < figures.heading.start
        {
            style.order = vec![Part::Events, Part::Figures];
        }
        if let Some(section) = &reading.figures_section {
            learn_figure::section(document, reading, section, week, zone, &mut style);
        }
        if let Some(section) = &reading.events_section {
            events(document, reading, section, week, zone, &mut style);
        }
        let last = [&reading.figures_section, &reading.events_section].into_iter().flatten().map(|s| s.body.end).max();
        if let Some(end) = last {
            let next = document.get(end..).and_then(|rest| rest.lines().find(|line| !line.trim().is_empty()));
            let next = next
                .map(str::trim)
                .filter(|next| next.chars().count() <= WORDS_LIMIT && !next.contains(char::is_control));
            next.unwrap_or_default().clone_into(&mut style.place);
        }
        style.usable(self, week, zone)
    }
}

impl ReportStyle {
    /// The style, with the parts of `base` in place of those that cannot write: a heading may be longer than a
    /// template may be.
    fn usable(mut self, base: &Self, week: IsoWeek, zone: Tz) -> Self {
        for _ in 0..self.templates().len() {
            let Err(error) = Writer::new(&self, week, zone) else { return self };
            match error.part {
                "figures" => self.figures.clone_from(&base.figures),
                "events" => self.events.clone_from(&base.events),
                "figure" => self.figure.clone_from(&base.figure),
                "counts" => self.counts.clone_from(&base.counts),
                "event" => self.event.clone_from(&base.event),
                _ => return base.clone(),
            }
        }
        if Writer::new(&self, week, zone).is_ok() { self } else { base.clone() }
    }
}

fn events(
    document: &str,
    reading: &ReportReading,
    section: &SectionReading,
    week: IsoWeek,
    zone: Tz,
    style: &mut ReportStyle,
) {
    let head = document.get(section.heading.start..section.body.start).map(tidy).unwrap_or_default();
    let Some(first) = reading.events.first() else {
        let body = document.get(section.body.clone()).unwrap_or_default().trim();
        if !body.is_empty() && !body.contains('\n') && body.chars().count() <= WORDS_LIMIT {
            body.clone_into(&mut style.quiet);
        }
        let heading = head.trim_end().trim_end_matches(body).trim_end();
        style.events = with_heading(&style.events, &general(&literal(heading), week));
        return;
    };
    style.time = learn_event::times(document, reading, zone);
    learn_event::marks(document, reading, style);
    style.event = learn_event::template(document, reading, style, week, zone);
    let prefix = document.get(section.heading.start..first.span.start).map(tidy).unwrap_or_default();
    let gaps = reading.events.windows(2).filter_map(|pair| match pair {
        [before, after] => document.get(before.span.end..after.span.start).map(tidy),
        _ => None,
    });
    let gap = most(gaps).unwrap_or_else(|| "\n\n".to_owned());
    style.events = if let Some(days) = under_days(document, reading, &prefix, zone) {
        style.time.day.clone_from(&days.form);
        days.template(week)
    } else {
        format!(
            "{}{{% for event in events %}}\n{{% if not loop.first %}}\n{}{{% endif %}}{{{{ event.text }}}}{{% endfor %}}\n",
            general(&literal(&prefix), week),
            literal(&gap)
        )
    };
    style.events.push_str("{% if not events %}\n{{ quiet }}\n{% endif %}\n");
    let block = literal(&gap);
    style.events.push_str(&format!(
        "{{% if carried %}}\n\n\n往周待复盘：\n\n{{% for event in carried %}}\n{{% if not loop.first %}}\n{block}{{% endif %}}{{{{ event.text }}}}{{% endfor %}}\n{{% endif %}}\n"
    ));
}

/// A section whose events stand under the days.
struct Days {
    head: String,
    form: String,
    /// Between a day and its first event.
    below: String,
    /// Between the events of a day.
    gap: String,
    /// Before the next day.
    between: String,
}

impl Days {
    fn template(&self, week: IsoWeek) -> String {
        format!(
            "{}{{% for day in days %}}\n{{% if not loop.first %}}\n{}{{% endif %}}{{{{ day.date }}}}{}{{% for event in day.events %}}\n{{% if not loop.first %}}\n{}{{% endif %}}{{{{ event.text }}}}{{% endfor %}}\n{{% endfor %}}\n",
            general(&literal(&self.head), week),
            literal(&self.between),
            literal(&self.below),
            literal(&self.gap)
        )
    }
}

fn under_days(document: &str, reading: &ReportReading, prefix: &str, zone: Tz) -> Option<Days> {
    let first = reading.events.first()?;
    let (head, line, below) = last_line(prefix)?;
    let form = day_form(&line, first, zone)?;
    let (mut gap, mut between) = (None, None);
    for pair in reading.events.windows(2) {
        let [before, after] = pair else { continue };
        let text = tidy(document.get(before.span.end..after.span.start)?);
        match last_line(&text) {
            Some((lead, line, _)) if day_form(&line, after, zone).is_some() => between = between.or(Some(lead)),
            _ => gap = gap.or(Some(text)),
        }
    }
    let (gap, between) = (gap.unwrap_or_else(|| "\n".to_owned()), between.unwrap_or_else(|| "\n\n".to_owned()));
    Some(Days { head, form, below, gap, between })
}

fn day_form(line: &str, event: &EventReading, zone: Tz) -> Option<String> {
    let day = ClockPoint::day(event.draft.occurred?.at);
    // `11月4日（周一）`: the bracket belongs to the words.
    let (words, close) = match line.strip_suffix(['）', ')', ':', '：']) {
        Some(words) => (words, line.get(words.len()..)?),
        None => (line, ""),
    };
    Some(format!("{}{close}", TimeForm::of_words(words, day, None, zone)?.day))
}

/// The text before its last line that says something, that line, and what stands behind it.
pub(super) fn last_line(text: &str) -> Option<(String, String, String)> {
    let trimmed = text.trim_end();
    let start = trimmed.rfind('\n').map_or(0, |at| at + 1);
    let line = trimmed.get(start..)?;
    (!line.is_empty() && start > 0).then(|| {
        (
            trimmed.get(..start).unwrap_or_default().to_owned(),
            line.to_owned(),
            text.get(trimmed.len()..).unwrap_or_default().to_owned(),
        )
    })
}

/// The template with another heading in place of the house's.
pub(super) fn with_heading(template: &str, heading: &str) -> String {
    let rest = template.find('\n').and_then(|at| template.get(at..)).unwrap_or_default();
    format!("{heading}{rest}")
}

/// Line ends as line feeds, without a byte order mark.
pub(super) fn tidy(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n")
}

/// Text that a template writes as it stands.
pub(super) fn literal(text: &str) -> String {
    text.replace('\0', "").replace("{{", "{{ '{{' }}").replace("{%", "{{ '{%' }}").replace("{#", "{{ '{#' }}")
}

/// What names the week or its year becomes a name.
pub(super) fn general(text: &str, week: IsoWeek) -> String {
    text.replace(&week.to_string(), "{{ week }}").replace(&format!("{}年", week.year()), "{{ year }}年")
}

/// The words of `span` with slots in their places; of slots that overlap the first of the list stays.
pub(super) fn fill(document: &str, span: &Range<usize>, slots: Vec<Slot>) -> String {
    let mut kept: Vec<Slot> = Vec::new();
    for slot in slots {
        let inside = span.start <= slot.range.start && slot.range.end <= span.end;
        let free = kept.iter().all(|have| slot.range.end <= have.range.start || have.range.end <= slot.range.start);
        if inside && free {
            kept.push(slot);
        }
    }
    kept.sort_by_key(|slot| (slot.range.start, slot.range.end));
    let mut text = String::new();
    let mut at = span.start;
    for slot in kept {
        text.push_str(&after_tag(&text, &literal(&tidy(document.get(at..slot.range.start).unwrap_or_default()))));
        text.push_str(&slot.text);
        at = slot.range.end;
    }
    let rest = literal(&tidy(document.get(at..span.end).unwrap_or_default()));
    text.push_str(&after_tag(&text, &rest));
    text
}

/// The line end right behind a tag is not written: one more keeps it.
fn after_tag(before: &str, literal: &str) -> String {
    if before.ends_with("%}") && literal.starts_with('\n') { format!("\n{literal}") } else { literal.to_owned() }
}

/// The value that comes most often; of equals the first.
pub(super) fn most(values: impl Iterator<Item = String>) -> Option<String> {
    let mut seen: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (order, value) in values.enumerate() {
        let slot = seen.entry(value).or_insert((0, usize::MAX - order));
        slot.0 += 1;
    }
    seen.into_iter().max_by_key(|(_, rank)| *rank).map(|(value, _)| value)
}
