//! Writing the two sections, an event as a line, and a sentence from fields.

use std::fmt;

use chrono::{DateTime, Timelike as _, Utc};
use chrono_tz::Tz;

use super::{
    reading::{Decimal, Layout},
    style::ReportStyle,
};
use crate::domain::{
    capture::{
        draft::{DraftEvent, Mark},
        times,
    },
    clock_point::{ClockPoint, Precision},
    text::Folded,
};

/// An event as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEvent {
    /// The time in front.
    pub occurred: Option<ClockPoint>,
    /// When it was over; shown behind the time where the sentence does not say it.
    pub recovered: Option<ClockPoint>,
    /// The sentence.
    pub narrative: String,
    /// The mark behind.
    pub mark: Mark,
}

/// A figure as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFigure {
    /// Label.
    pub name: String,
    /// Heading above it.
    pub group: Option<String>,
    /// Value.
    pub value: Decimal,
    /// Unit.
    pub unit: Option<String>,
}

/// A count as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportCount {
    /// Label in capitals.
    pub severity: String,
    /// Count.
    pub count: Decimal,
}

/// What both sections hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SectionsContent {
    /// Figures in order.
    pub figures: Vec<ReportFigure>,
    /// Counts in order.
    pub incident_counts: Vec<ReportCount>,
    /// Events in order.
    pub events: Vec<ReportEvent>,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

/// `08/19 15:00`, or `08/19` where only the date is known.
pub fn time_words(point: ClockPoint, zone: Tz) -> String {
    let local = point.at.with_timezone(&zone);
    match point.precision {
        Precision::Minute => local.format("%m/%d %H:%M").to_string(),
        Precision::Day => local.format("%m/%d").to_string(),
    }
}

/// The time in front of a sentence: `08/19 15:00`, and where the sentence says nothing of the end, `08/19 15:00-15:30`.
fn time_in_front(event: &ReportEvent, zone: Tz) -> Option<String> {
    let occurred = event.occurred?;
    let begun = time_words(occurred, zone);
    let told = |recovered: ClockPoint| {
        let seconds = recovered.at.with_timezone(&zone).num_seconds_from_midnight();
        let tokens = times::scan(&Folded::new(&event.narrative, 0));
        tokens.iter().filter_map(|token| token.seconds).any(|said| said % 86_400 / 60 == seconds / 60)
            || times::stated_duration(&event.narrative).is_some()
    };
    let known = occurred.precision == Precision::Minute;
    let Some(recovered) = event.recovered.filter(|recovered| known && recovered.at > occurred.at && !told(*recovered))
    else {
        return Some(begun);
    };
    let (from, to) = (occurred.at.with_timezone(&zone), recovered.at.with_timezone(&zone));
    let shape = if from.date_naive() == to.date_naive() { "%H:%M" } else { "%m/%d %H:%M" };
    Some(format!("{begun}-{}", to.format(shape)))
}

/// The mark in the style's words; nothing where none is shown.
pub fn mark_words(style: &ReportStyle, mark: Mark) -> &str {
    match mark {
        Mark::Unknown => "",
        Mark::Pending => &style.pending,
        Mark::Done => &style.done,
        Mark::NotRequired => &style.not_required,
    }
}

/// An event on one line: `08/19 15:00 客户反馈…。【待复盘】`.
pub fn event_line(style: &ReportStyle, event: &ReportEvent, zone: Tz) -> String {
    let time = time_in_front(event, zone).map(|time| format!("{time} ")).unwrap_or_default();
    format!("{time}{}{}", event.narrative, mark_words(style, event.mark))
}

/// An event in the style's layout, without a line end behind it. `number` is its place in a numbered list.
pub fn event_block(style: &ReportStyle, event: &ReportEvent, number: usize, zone: Tz) -> String {
    if style.layout == Layout::DateLine
        && let Some(time) = time_in_front(event, zone)
    {
        return format!("{time} \n\n{}{}", event.narrative, mark_words(style, event.mark));
    }
    let line = event_line(style, event, zone);
    if style.layout == Layout::DateLine {
        // Without a time of its own a paragraph would belong to the event before it.
        return format!("- {line}");
    }
    if style.numbered { format!("{number}. {line}") } else { line }
}

/// Both sections as Markdown.
pub fn render_sections(style: &ReportStyle, content: &SectionsContent, zone: Tz) -> String {
    let mut text = format!("{}\n\n", style.figures_heading);
    let mut group: Option<&str> = None;
    for (index, figure) in content.figures.iter().enumerate() {
        if figure.group.as_deref() != group {
            if index > 0 {
                text.push('\n');
            }
            group = figure.group.as_deref();
            if let Some(group) = group {
                text.push_str(&format!("{group}{}\n\n", style.colon));
            }
        }
        text.push_str(&figure_line(style, figure));
        text.push('\n');
    }
    if !content.incident_counts.is_empty() {
        text.push_str(&counts_line(style, &content.incident_counts));
        text.push('\n');
    }
    if content.figures.is_empty() && content.incident_counts.is_empty() {
        text.push_str("无\n");
    }
    text.push_str(&format!("\n{}\n", style.events_heading));
    if content.events.is_empty() {
        text.push_str("\n无\n");
    }
    let mut events: Vec<&ReportEvent> = content.events.iter().collect();
    if style.layout == Layout::DateLine {
        // In front of the dates: behind one they would be read as its details.
        events.sort_by_key(|event| event.occurred.is_some());
    }
    for (number, event) in (1..).zip(events) {
        text.push_str(&format!("\n{}\n", event_block(style, event, number, zone)));
    }
    text
}

/// `- 入金有效成功率：99.998%`.
pub fn figure_line(style: &ReportStyle, figure: &ReportFigure) -> String {
    let unit = figure.unit.as_deref().unwrap_or_default();
    format!("{}{}{}{}{unit}", style.bullet, figure.name, style.colon, figure.value)
}

/// `- 事故数AB级0次，C级0.5次，D级0次`.
pub fn counts_line(style: &ReportStyle, counts: &[ReportCount]) -> String {
    let parts: Vec<String> = counts.iter().map(count_words).collect();
    format!("{}{}{}", style.bullet, style.counts_label, parts.join("，"))
}

/// `C级0.5次`, `P1 0次`.
pub fn count_words(count: &ReportCount) -> String {
    let graded = count.severity.chars().all(|c| c.is_ascii_alphabetic());
    if graded {
        format!("{}级{}次", count.severity, count.count)
    } else {
        format!("{} {}次", count.severity, count.count)
    }
}

/// The sentence that the fields make: `症状，影响…，原因…，15:30 下线规则，恢复正常。` Reading it back with the time in
/// front gives the same fields.
pub fn generate_narrative(draft: &DraftEvent, zone: Tz) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(summary) = &draft.summary {
        parts.push(summary.clone());
    }
    if let Some(impact) = &draft.impact {
        let keyed = ["影响", "涉及", "受影响", "波及"].iter().any(|word| impact.contains(word)) || impact.is_ascii();
        parts.push(if keyed { impact.clone() } else { format!("影响{impact}") });
    }
    if let Some(cause) = &draft.cause {
        let whole = draft.summary.as_ref().is_some_and(|summary| summary.contains(cause.as_str()));
        if !whole {
            parts.push(format!("原因{cause}"));
        }
    }
    let recovery = draft.recovery.clone().filter(|text| !text.is_empty());
    match (draft.recovered, recovery) {
        (Some(point), recovery) => {
            let words = recovery.unwrap_or_else(|| "恢复正常".to_owned());
            parts.push(format!("{} {words}", later_words(point.at, draft.occurred.map(|o| o.at), zone)));
        }
        (None, Some(recovery)) => parts.push(recovery),
        (None, None) => {}
    }
    if parts.is_empty() {
        return String::new();
    }
    format!("{}。", parts.join("，"))
}

/// `15:30`, `次日00:35`, or with the date when it is further away.
fn later_words(at: DateTime<Utc>, occurred: Option<DateTime<Utc>>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let days = occurred.map(|from| (local.date_naive() - from.with_timezone(&zone).date_naive()).num_days());
    match days {
        Some(0) => local.format("%H:%M").to_string(),
        Some(1) => local.format("次日%H:%M").to_string(),
        _ => local.format("%m/%d %H:%M").to_string(),
    }
}
