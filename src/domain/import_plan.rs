//! What an import would do: which things are new, which are there, which changed, which may be there twice, and how
//! sure that is. Pure: what is stored comes in, decisions go out.

mod events;
mod figures;
mod merge;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    capture::draft::Mark,
    checked::FieldError,
    clock_point::ClockPoint,
    event::EventFields,
    figures::{FigureFields, IncidentCountFields},
    iso_week::IsoWeek,
    report::reading::Decimal,
};

pub use events::{
    Binding, EventAct, EventPlan, Incoming, KnownEvents, Link, Meeting, NewcomerEvent, SAME_EVENT, Update,
    is_foreign_key, plan_events,
};
pub use figures::{
    CountAct, CountPlan, FigureAct, FigurePlan, KnownFigures, Said, figure_fields, plan_counts, plan_figures, too_many,
};
pub use words::{impacts_word, mark_word, short, span_word, time_word};

/// Most characters of [`Line::words`].
const WORDS_LIMIT: usize = 60;

/// What a line of the plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A production event.
    Event,
    /// A figure.
    Figure,
    /// An incident count.
    IncidentCount,
}

impl Kind {
    /// `event`, `figure` or `incident_count`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Figure => "figure",
            Self::IncidentCount => "incident_count",
        }
    }
}

/// What happened, or would happen, to one thing of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// New.
    Added,
    /// There, with another value.
    Changed,
    /// There, the same.
    Unchanged,
    /// It may be there already, or was read with an assumption that matters: a person should look.
    Doubtful,
    /// It was imported and deleted here since: it stays deleted.
    Deleted,
}

/// Why the plan says what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It was imported before.
    Imported,
    /// One that is there began at the same time and says the same.
    SameSentence,
    /// One that is there began at the same time and reads alike.
    Alike {
        /// Of 100.
        percent: u8,
    },
    /// It is in the report of another week already, and stays there.
    OtherWeek {
        /// That week.
        week: IsoWeek,
    },
    /// An earlier file of this import brought it.
    EarlierFile {
        /// Its name.
        file: String,
    },
    /// One that began at the same time reads a little alike.
    MayBe {
        /// Its label, or the file that brings it.
        who: String,
        /// Of 100.
        percent: u8,
    },
    /// One of the same week reads alike and began at another time.
    MayHaveMoved {
        /// Its label.
        who: String,
        /// Of 100.
        percent: u8,
    },
    /// No time was read.
    NoTime,
    /// Only the date is known.
    DayOnly,
    /// No year was written: this one was taken.
    YearAssumed {
        /// The year.
        year: i32,
    },
    /// It began long before its week, or after it.
    FarFromWeek {
        /// Days; negative before the week.
        days: i64,
    },
    /// Something like a date is none.
    DateUnreadable {
        /// As written.
        text: String,
    },
    /// There is a second date.
    SecondDate {
        /// As written.
        text: String,
    },
    /// The recovery was taken as the next day.
    RecoveryNextDay,
    /// The recovery lies before the beginning and was left out.
    RecoveryBefore,
    /// What happened was not understood.
    NoSymptom,
    /// Only a part was read.
    TooLong,
    /// It was left out by choice the last time.
    LeftOut,
    /// A person corrected it before it was saved.
    Corrected,
    /// A person says which one it is.
    Chosen,
    /// Something of it was edited here and stays.
    EditedHere,
    /// One that only named people see says the same: nothing is written.
    Restricted,
}

impl Reason {
    /// A stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Imported => "imported",
            Self::SameSentence => "same_sentence",
            Self::Alike { .. } => "alike",
            Self::OtherWeek { .. } => "other_week",
            Self::EarlierFile { .. } => "earlier_file",
            Self::MayBe { .. } => "may_be",
            Self::MayHaveMoved { .. } => "may_have_moved",
            Self::NoTime => "no_time",
            Self::DayOnly => "day_only",
            Self::YearAssumed { .. } => "year_assumed",
            Self::FarFromWeek { .. } => "far_from_week",
            Self::DateUnreadable { .. } => "date_unreadable",
            Self::SecondDate { .. } => "second_date",
            Self::RecoveryNextDay => "recovery_next_day",
            Self::RecoveryBefore => "recovery_before",
            Self::NoSymptom => "no_symptom",
            Self::TooLong => "too_long",
            Self::LeftOut => "left_out",
            Self::Corrected => "corrected",
            Self::Chosen => "chosen",
            Self::EditedHere => "edited_here",
            Self::Restricted => "restricted",
        }
    }

    /// Whether a person should look before a new event is taken.
    pub const fn is_doubt(&self) -> bool {
        matches!(
            self,
            Self::MayBe { .. }
                | Self::MayHaveMoved { .. }
                | Self::NoTime
                | Self::FarFromWeek { .. }
                | Self::DateUnreadable { .. }
                | Self::NoSymptom
        )
    }

    /// How sure a line can be at most, of 100, where this holds.
    pub fn ceiling(&self) -> u8 {
        match self {
            Self::Alike { percent } => *percent,
            Self::MayBe { percent, .. } => 100 - (*percent).min(100),
            Self::MayHaveMoved { percent, .. } => 100 - (*percent).min(100) / 2,
            Self::NoTime | Self::DateUnreadable { .. } => 50,
            Self::FarFromWeek { .. } | Self::NoSymptom => 60,
            Self::SecondDate { .. } | Self::TooLong => 75,
            Self::RecoveryBefore => 80,
            Self::DayOnly | Self::YearAssumed { .. } => 90,
            Self::RecoveryNextDay => 95,
            _ => 100,
        }
    }
}

/// How sure the reasons leave a line: the least of their ceilings.
pub fn confidence(reasons: &[Reason]) -> u8 {
    reasons.iter().map(Reason::ceiling).min().unwrap_or(100)
}

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Name of the field in API and form.
    pub field: &'static str,
    /// What it was; empty where it was nothing.
    pub from: String,
    /// What it becomes.
    pub to: String,
}

/// What a line says, as it would be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// An event and the mark that its postmortem follows.
    Event(Box<EventFields>, Mark),
    /// A figure.
    Figure(FigureFields),
    /// A count.
    Count(IncidentCountFields),
}

/// One line of the plan.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is about.
    pub kind: Kind,
    /// Its place among those of its kind in the document, from 0.
    pub index: usize,
    /// The line of the document on which it begins, from 1.
    pub place: Option<usize>,
    /// What would happen.
    pub outcome: Outcome,
    /// Whether something is written for it: the answer for doubtful ones.
    pub taken: bool,
    /// How sure, 0 to 100.
    pub confidence: u8,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Number of the event, once it is there.
    pub number: Option<i64>,
    /// Number of the event that this one may be.
    pub meets: Option<i64>,
    /// What it is, short, on one line.
    pub words: String,
    /// What changes on what is there.
    pub changes: Vec<Change>,
    /// Why it cannot be saved as it is.
    pub problem: Option<FieldError>,
    /// What would be saved.
    pub value: Value,
}

impl Line {
    /// When the event began and recovered, as it would be saved; nothing for figures and counts.
    pub fn times(&self) -> (Option<ClockPoint>, Option<ClockPoint>) {
        match &self.value {
            Value::Event(fields, _) => (fields.occurred, fields.recovered),
            Value::Figure(_) | Value::Count(_) => (None, None),
        }
    }
}

/// What to do with doubtful lines that nobody decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doubtful {
    /// Take them.
    #[default]
    Add,
    /// Leave them out.
    Skip,
}

impl Doubtful {
    /// `add` or `skip`.
    pub fn from_code(code: &str) -> Result<Self, FieldError> {
        match code {
            "add" => Ok(Self::Add),
            "skip" => Ok(Self::Skip),
            _ => Err(FieldError::shape("doubtful", "choose add or skip")),
        }
    }
}

/// What a person decided about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Take {
    /// Nothing: the plan and the rule for doubtful ones decide.
    #[default]
    Plan,
    /// Take it.
    Add,
    /// Leave it out this time.
    Skip,
    /// It is the event that it may be.
    Same,
    /// It is another one than the event that reads alike.
    Other,
}

/// A person's word on one line; what is `None` stays as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Take it or leave it.
    pub take: Take,
    /// 发生.
    pub occurred: Option<Option<ClockPoint>>,
    /// 恢复.
    pub recovered: Option<Option<ClockPoint>>,
    /// The sentence.
    pub narrative: Option<String>,
    /// Label.
    pub severity: Option<Option<String>>,
    /// The mark.
    pub mark: Option<Mark>,
    /// Name of the figure.
    pub name: Option<String>,
    /// Value of the figure, or the count.
    pub value: Option<Decimal>,
    /// Unit of the figure.
    pub unit: Option<Option<String>>,
}

impl Choice {
    /// Whether a value was corrected.
    pub fn corrects(&self) -> bool {
        *self != Self { take: self.take, ..Self::default() }
    }
}

/// The words on the lines of one document.
pub type Choices = BTreeMap<(Kind, usize), Choice>;

/// A stored thing that a document tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub subject: Uuid,
    /// The document says it as it stands here; else in words of its own.
    pub own: bool,
}

/// A further key of a thing of a document, or that it was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its key.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// The week of its document.
    pub week: IsoWeek,
    /// As written.
    pub raw: String,
}

/// An alias of a figure or count that was saved under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// The key that the document gives.
    pub key: String,
    /// What it is here.
    pub subject: Uuid,
    /// As written.
    pub raw: String,
}

#[cfg(test)]
mod tests;
