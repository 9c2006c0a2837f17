//! What was read from a report document.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{capture::draft::DraftEvent, iso_week::IsoWeek};

/// A decimal number exactly as the writer gave it: `units / 10^scale`. `99.998` is 99998 with scale 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Decimal {
    /// All digits as one integer, with sign.
    pub units: i64,
    /// Digits after the point, 0 to 9.
    pub scale: u8,
}

/// Period a count or figure is stated for, when the text says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Year to date.
    Ytd,
    /// The year.
    Year,
    /// The week.
    Week,
}

/// One figure of the figures section (SCHEMA section 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureReading {
    /// The label as written.
    pub name: String,
    /// The group heading above it (`支付成功率：`), without colon.
    pub group: Option<String>,
    /// The value of this period.
    pub value: Decimal,
    /// As written: `%`, `ms`, `分钟`.
    pub unit: Option<String>,
    /// A stated change, signed.
    pub delta: Option<Decimal>,
    /// Unit of the change.
    pub delta_unit: Option<String>,
    /// A stated target.
    pub target: Option<Decimal>,
    /// Byte range of the value's digits in the document.
    pub value_span: Range<usize>,
    /// Byte range of the whole line, line end excluded.
    pub line_span: Range<usize>,
}

/// One count of `事故数AB级0次，C级0.5次` (SCHEMA section 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentCountReading {
    /// Label in capitals without 级: `AB`, `C`, `P1`.
    pub severity: String,
    /// May be a fraction: 0.5.
    pub count: Decimal,
    /// Period, when stated.
    pub scope: Option<Scope>,
    /// Byte range of the count's digits in the document.
    pub value_span: Range<usize>,
    /// Byte range of the whole line, line end excluded.
    pub line_span: Range<usize>,
}

impl IncidentCountReading {
    /// Whether the count is of the report's week: what is said of the year so far is not.
    pub fn is_of_week(&self) -> bool {
        self.scope != Some(Scope::Ytd)
    }
}

/// One event of the events section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReading {
    /// What the text says; its spans are byte ranges of the *document*.
    pub draft: DraftEvent,
    /// Byte range of everything that belongs to the event in the document, trailing blank lines excluded.
    pub span: Range<usize>,
    /// The event's text exactly as in the document.
    pub raw: String,
    /// Byte range of the time in front, where there is one.
    pub time_span: Option<Range<usize>>,
    /// Byte range of the words of the mark, brackets excluded.
    pub mark_words: Option<Range<usize>>,
    /// Byte range of the mark with its brackets.
    pub mark_span: Option<Range<usize>>,
    /// Byte range of the sentence, without code below it: a new mark goes behind it.
    pub narrative_span: Range<usize>,
    /// How it is written.
    pub layout: Layout,
    /// A number for all that it was read from: events with the same one, read in the same context, say the same. 0 for
    /// rows of tables.
    pub fingerprint: u64,
}

/// How an event is written in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// The time on a line of its own, the sentence below.
    DateLine,
    /// Time, sentence and mark on one line.
    Inline,
    /// A row of a table.
    Table,
    /// `key：value` lines.
    Fields,
}

/// One of the two sections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionReading {
    /// Byte range of the heading line, line end excluded.
    pub heading: Range<usize>,
    /// Byte range of the body: after the heading's line end up to the next heading or the end.
    pub body: Range<usize>,
}

/// What a document says. Reading never fails: a document without the sections has `None` in their places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportReading {
    /// ISO week of the title.
    pub week: Option<IsoWeek>,
    /// `Created:` line.
    pub created_at: Option<DateTime<Utc>>,
    /// The day on which it was read: dates are near it where the document names neither a week nor a date.
    pub today: NaiveDate,
    /// The figures section, where present.
    pub figures_section: Option<SectionReading>,
    /// The events section, where present.
    pub events_section: Option<SectionReading>,
    /// Figures in document order.
    pub figures: Vec<FigureReading>,
    /// Incident counts in document order.
    pub incident_counts: Vec<IncidentCountReading>,
    /// Events in document order.
    pub events: Vec<EventReading>,
}

impl ReportReading {
    /// Whether the document shows figures and events, so that its style is told by itself.
    pub fn shows_both(&self) -> bool {
        !self.figures.is_empty() && !self.events.is_empty()
    }
}
