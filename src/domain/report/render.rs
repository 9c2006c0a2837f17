//! What the two sections show, an event as a line, and a sentence from fields.

use std::fmt;

use chrono::{DateTime, Timelike as _, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    reading::{Decimal, EventReading, FigureReading},
    style::ReportStyle,
    template::level_label,
    time_form::TimeForm,
};
use crate::domain::{
    capture::{
        draft::{DraftEvent, Mark},
        marks, times,
    },
    clock_point::{ClockPoint, Precision},
    iso_week::IsoWeek,
    text::Folded,
};

/// An event as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportEvent {
    /// The time in front.
    pub occurred: Option<ClockPoint>,
    /// When it was over; shown behind the time where the sentence does not say it.
    pub recovered: Option<ClockPoint>,
    /// The sentence.
    pub narrative: String,
    /// The mark behind.
    pub mark: Mark,
    /// What styles that write fields or tables show.
    pub details: EventDetails,
}

/// A stored event as reports know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    /// The event.
    pub id: Uuid,
    /// The week whose report holds it.
    pub week: IsoWeek,
    /// The text as pasted or imported.
    pub raw: Option<String>,
    /// What the report shows.
    pub event: ReportEvent,
}

/// The parts of an event that a style may name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventDetails {
    /// `PE-22`; empty for an event that is not stored.
    pub label: String,
    /// Level in capitals.
    pub severity: Option<String>,
    /// The symptom.
    pub summary: Option<String>,
    /// The impact clauses.
    pub impact: Option<String>,
    /// The cause alone.
    pub cause: Option<String>,
    /// What was done and the outcome.
    pub recovery: Option<String>,
}

impl EventDetails {
    /// Whether a document tells the same fields, blanks aside.
    pub fn is_told_by(&self, draft: &DraftEvent) -> bool {
        let pairs = [
            (&self.severity, &draft.severity),
            (&self.summary, &draft.summary),
            (&self.impact, &draft.impact),
            (&self.cause, &draft.cause),
            (&self.recovery, &draft.recovery),
        ];
        let same = |mine: &Option<String>, told: &Option<String>| {
            mine == told || mine.as_deref().unwrap_or_default().trim() == told.as_deref().unwrap_or_default().trim()
        };
        pairs.into_iter().all(|(mine, told)| same(mine, told))
    }
}

impl ReportEvent {
    /// An event as a document tells it.
    pub fn of_reading(read: &EventReading) -> Self {
        let draft = &read.draft;
        Self {
            occurred: draft.occurred,
            recovered: draft.recovered,
            narrative: draft.narrative.clone(),
            mark: draft.mark,
            details: EventDetails {
                label: String::new(),
                severity: draft.severity.clone(),
                summary: draft.summary.clone(),
                impact: draft.impact.clone(),
                cause: draft.cause.clone(),
                recovery: draft.recovery.clone(),
            },
        }
    }
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
    /// Change against the week before, with its unit.
    pub change: Option<(Decimal, String)>,
    /// The value of the week before.
    pub last: Option<Decimal>,
    /// Target.
    pub target: Option<Decimal>,
}

impl ReportFigure {
    /// A figure as a document tells it; `last` where the document says it.
    pub fn of_reading(read: &FigureReading, last: Option<Decimal>) -> Self {
        Self {
            name: read.name.clone(),
            group: read.group.clone(),
            value: read.value,
            unit: read.unit.clone(),
            change: read.delta.map(|delta| (delta, read.delta_unit.clone().unwrap_or_default())),
            last,
            target: read.target,
        }
    }
}

/// A count as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportCount {
    /// Label in capitals.
    pub severity: String,
    /// Count.
    pub count: Decimal,
}

/// `C级0.5次`, `P1 0次`: a count in the words of the house.
pub fn count_words(count: &ReportCount) -> String {
    format!("{}{}次", level_label(&count.severity), count.count)
}

/// What both sections hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SectionsContent {
    /// Figures in order.
    pub figures: Vec<ReportFigure>,
    /// Counts in order.
    pub incident_counts: Vec<ReportCount>,
    /// Counts of the year up to this week.
    pub year_to_date: Vec<ReportCount>,
    /// Events in order.
    pub events: Vec<ReportEvent>,
    /// Events of earlier weeks whose postmortem is still owed.
    pub carried: Vec<ReportEvent>,
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

/// The time in front of a sentence: `08/19 15:00`, and where the sentence says nothing of the end, `08/19 15:00-15:30`.
pub fn time_words(form: &TimeForm, event: &ReportEvent, zone: Tz) -> Option<String> {
    let occurred = event.occurred?;
    let told = |recovered: ClockPoint| {
        let seconds = recovered.at.with_timezone(&zone).num_seconds_from_midnight();
        let tokens = times::scan(&Folded::new(&event.narrative, 0));
        tokens.iter().filter_map(|token| token.seconds).any(|said| said % 86_400 / 60 == seconds / 60)
            || times::stated_duration(&event.narrative).is_some()
    };
    let known = occurred.precision == Precision::Minute;
    match event.recovered.filter(|recovered| known && recovered.at > occurred.at && !told(*recovered)) {
        Some(recovered) => Some(form.range_words(occurred, recovered, zone)),
        None => Some(form.begin_words(occurred, zone)),
    }
}

/// Beginning and end, whatever the sentence says: for a style that shows fields.
pub fn period_words(form: &TimeForm, event: &ReportEvent, zone: Tz) -> Option<String> {
    let occurred = event.occurred?;
    let known = occurred.precision == Precision::Minute;
    match event.recovered.filter(|recovered| known && recovered.at > occurred.at) {
        Some(recovered) => Some(form.range_words(occurred, recovered, zone)),
        None => Some(form.begin_words(occurred, zone)),
    }
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

/// An event on one line, with the style's times and marks: `08/19 15:00 客户反馈…。【待复盘】`.
pub fn event_line(style: &ReportStyle, event: &ReportEvent, zone: Tz) -> String {
    let time = time_words(&style.time, event, zone).map(|time| format!("{time} ")).unwrap_or_default();
    format!("{time}{}{}", event.narrative, mark_words(style, event.mark))
}

/// The grade in front of a sentence and the sentence: `【C级】`, `聚合码下单失败`. The grade is empty where there is none.
pub fn split_grade(narrative: &str) -> (&str, &str) {
    let graded = |words: &str, label: &str| {
        marks::severity(&Folded::new(words, 0)).is_some_and(|(_, range)| range.len() == label.chars().count())
    };
    let first = narrative.split(char::is_whitespace).next().unwrap_or_default();
    if let Some(close) = narrative.char_indices().take(14).find(|(_, c)| matches!(c, '】' | ']' | ')' | '）'))
        && narrative.starts_with(['【', '[', '(', '（'])
    {
        let (grade, sentence) = narrative.split_at(close.0 + close.1.len_utf8());
        let inner = grade.trim_matches(['【', '】', '[', ']', '(', ')', '（', '）']);
        if graded(inner, inner) {
            return (grade, sentence.trim_start());
        }
    } else if first.chars().count() <= 6 && first.len() < narrative.len() && graded(first, first) {
        let (grade, sentence) = narrative.split_at(first.len());
        return (grade, sentence.trim_start());
    }
    ("", narrative)
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
pub(super) fn later_words(at: DateTime<Utc>, occurred: Option<DateTime<Utc>>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let days = occurred.map(|from| (local.date_naive() - from.with_timezone(&zone).date_naive()).num_days());
    match days {
        Some(0) => local.format("%H:%M").to_string(),
        Some(1) => local.format("次日%H:%M").to_string(),
        _ => local.format("%m/%d %H:%M").to_string(),
    }
}
