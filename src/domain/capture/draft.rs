//! What was understood of one event text.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::{clock_point::ClockPoint, iso_week::IsoWeek};

/// How the year of a date without a year is chosen, and where a weekday alone belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateAnchor {
    /// The date belongs to (or near) this week: the year puts it nearest; a weekday is that day of the week.
    Week(IsoWeek),
    /// The year that puts the date nearest to this day; a weekday is the latest such day up to it.
    Nearest(NaiveDate),
    /// The latest occurrence that does not lie after this instant (a line pasted now, without a week).
    LatestPast(DateTime<Utc>),
}

/// What a reader knows about a text besides the text.
#[derive(Debug, Clone, Copy)]
pub struct CaptureContext {
    /// Rule for dates without a year.
    pub anchor: DateAnchor,
    /// Zone of times that name none.
    pub zone: Tz,
    /// The day the text was written, for 今日 and 昨天; none where that is not known.
    pub written: Option<NaiveDate>,
}

/// The kinds of magnitude an impact may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactKind {
    /// Transactions, orders, requests … (笔, 单, 次).
    Count,
    /// People or organisations (用户, 商户).
    Users,
    /// Money, in fen (1/100 yuan).
    Amount,
}

impl ImpactKind {
    /// The field of its spans.
    pub const fn field(self) -> DraftField {
        match self {
            Self::Count => DraftField::AffectedCount,
            Self::Users => DraftField::AffectedUsers,
            Self::Amount => DraftField::AffectedAmount,
        }
    }
}

/// One number of the impact: `约684笔` is 684, 笔, approximate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// What is counted.
    pub kind: ImpactKind,
    /// The number: pieces, people or fen.
    pub number: i64,
    /// The unit as written (`笔`, `家`); `元` for amounts.
    pub unit: String,
    /// Whether the writer marked it as approximate.
    pub approximate: bool,
}

/// The postmortem mark as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// No mark.
    #[default]
    Unknown,
    /// 待复盘, 复盘中.
    Pending,
    /// 已复盘.
    Done,
    /// 无需复盘.
    NotRequired,
}

/// Fields a span of the text may belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftField {
    /// The time the fault began.
    OccurredAt,
    /// 发现.
    DetectedAt,
    /// 响应.
    AcknowledgedAt,
    /// 定位.
    LocatedAt,
    /// 止损.
    MitigatedAt,
    /// 恢复.
    RecoveredAt,
    /// What happened.
    Summary,
    /// Who or how much was affected.
    Impact,
    /// The number of transactions, orders, requests ….
    AffectedCount,
    /// The number of people or organisations.
    AffectedUsers,
    /// The amount of money.
    AffectedAmount,
    /// Why.
    Cause,
    /// What was done and the outcome.
    Recovery,
    /// The severity label.
    Severity,
    /// The postmortem mark.
    Mark,
    /// The sentence: everything but the time in front and the mark.
    Narrative,
}

/// Whether the text says what a field holds, or the reader concluded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The text says it.
    Stated,
    /// The reader took it from the words of the span and from what it knows besides.
    Assumed,
}

/// What the reader concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// The date names no year: the nearest, or the latest past one, was taken.
    Year,
    /// 周三, 昨天: counted from the week of the report or the day of writing.
    RelativeDay,
    /// No date stands with the time: that of the heading above was taken.
    HeadingDate,
    /// No date stands with the time: the day of pasting was taken.
    WritingDate,
    /// No date stands with the time: its latest occurrence before the pasting was taken, which is yesterday's.
    LatestTime,
    /// The time lies before the beginning as written: the next day was taken.
    NextDay,
    /// The half of the day of the beginning goes on: `晚上8点…，8点半`.
    HalfOfDay,
    /// Beginning and duration give the end.
    Duration,
    /// It was mostly well then, and nobody tells of more.
    PartlyWell,
    /// The time of the first action, as the time the damage stopped growing.
    FirstAction,
    /// The time of the last action, and nobody tells of an outcome.
    LastAction,
    /// The words belong to another field: an impact, a title or a consequence that stands for the symptom.
    OtherField,
    /// A range of numbers: the lower one was taken.
    LowerNumber,
}

/// Where a field was read from: a byte range of the text given to the reader. A field that was put together from
/// several places has several spans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The field.
    pub field: DraftField,
    /// Byte range, on character boundaries.
    pub range: Range<usize>,
    /// Stated in the text, or concluded from the words of the range.
    pub origin: Origin,
    /// What was concluded, where something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumption: Option<Assumption>,
}

/// Something the reader had to choose; shown to people, never silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Notice {
    /// The text names no year: this one was taken.
    YearAssumed {
        /// The year taken.
        year: i32,
    },
    /// No time was found at all: the event needs one.
    TimeMissing,
    /// Something is written like a date or a time and is none: `02/30`, `13/45`, `25:00`.
    DateUnreadable {
        /// As written.
        text: String,
    },
    /// Two dates compete for the beginning; the first was taken.
    SecondDate {
        /// The other date as written.
        text: String,
    },
    /// The recovery lies before the beginning as written and was moved to the next day.
    RecoveryNextDay,
    /// The recovery was written with a date, and lies before the beginning: it was not taken.
    RecoveryBefore {
        /// As written.
        text: String,
    },
    /// Control characters were left out.
    ControlCharacters {
        /// How many.
        count: usize,
    },
    /// The text was longer than the reader reads; the rest was left over.
    TooLong {
        /// Characters that were read.
        read: usize,
        /// Characters of the text.
        total: usize,
    },
    /// The text is a heading, an empty line or otherwise no event.
    NotAnEvent,
    /// Words that belong to no field and stay in the narrative only.
    LeftOver {
        /// The words.
        text: String,
    },
}

/// A draft of an event: what one text says. Absent means "the text does not say".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DraftEvent {
    /// When the fault began.
    pub occurred: Option<ClockPoint>,
    /// When it was noticed.
    pub detected: Option<ClockPoint>,
    /// When the cause was found.
    pub located: Option<ClockPoint>,
    /// When someone took it on (响应).
    pub acknowledged: Option<ClockPoint>,
    /// When the damage stopped growing.
    pub mitigated: Option<ClockPoint>,
    /// When everything was well again.
    pub recovered: Option<ClockPoint>,
    /// The sentence in the writer's words, without the time in front and the mark behind.
    pub narrative: String,
    /// The symptom.
    pub summary: Option<String>,
    /// The impact clauses.
    pub impact: Option<String>,
    /// Numbers of the impact.
    pub impacts: Vec<Impact>,
    /// The cause alone.
    pub cause: Option<String>,
    /// What was done and the outcome.
    pub recovery: Option<String>,
    /// Severity label in capitals without 级 (`C`, `P2`).
    pub severity: Option<String>,
    /// The postmortem mark.
    pub mark: Mark,
    /// Where each field came from.
    pub spans: Vec<Span>,
    /// What was assumed or left over.
    pub notices: Vec<Notice>,
}

impl DraftEvent {
    /// The spans of a field, in the order of the text.
    pub fn spans_of(&self, field: DraftField) -> impl Iterator<Item = &Span> {
        self.spans.iter().filter(move |span| span.field == field)
    }

    /// Whether the field is stated or assumed; none for a field that was not read.
    pub fn origin_of(&self, field: DraftField) -> Option<Origin> {
        let mut spans = self.spans_of(field).peekable();
        spans.peek()?;
        Some(if spans.any(|span| span.origin == Origin::Assumed) { Origin::Assumed } else { Origin::Stated })
    }
}
