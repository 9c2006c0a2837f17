//! Analytics of events: times to detect, acknowledge, locate, recover and review, 1-5-10, shares of causes and of ways
//! of detection, postmortems and action items in time, recurrence. Every event has one outcome for every metric; sums,
//! breakdowns and the lists behind the numbers are made of these outcomes, so that they cannot disagree.
//!
//! Formulas: incidents.md 1.9 and 5.5. Exact integers throughout.

mod summary;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    action_item::ActionState,
    checked::FieldError,
    event_record::Detection,
    policy::{self, PolicyKind, refused},
    postmortem::PostmortemState,
};

pub use summary::{
    Analysis, By, Duration, GROUPINGS, Key, LeftOut, Part, Ratio, Selection, Summary, analyse, behind, keys,
};

/// The most events of one computation.
pub const MOST_EVENTS: u64 = 50_000;

/// Refuses more events than are computed at once.
pub fn bounded(count: u64) -> Result<(), FieldError> {
    if count <= MOST_EVENTS {
        return Ok(());
    }
    let remedy = format!("the period holds {count} events, at most {MOST_EVENTS} are computed; give a shorter one");
    Err(FieldError::shape("from", remedy))
}

/// A point of the clock as the figures see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since the epoch.
    pub at: i64,
    /// Only the date is known.
    pub day: bool,
}

/// What the figures need of an event. Drills and maintenance are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFacts {
    /// The number.
    pub number: i64,
    /// The day it belongs to in the report zone: its beginning, else the Monday of its report's week.
    pub day: NaiveDate,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// 发生.
    pub occurred: Option<Moment>,
    /// 发现.
    pub detected: Option<Moment>,
    /// 响应.
    pub acknowledged: Option<Moment>,
    /// 定位.
    pub located: Option<Moment>,
    /// 恢复.
    pub recovered: Option<Moment>,
    /// How it came to light.
    pub detection: Option<Detection>,
    /// Category of the cause.
    pub cause_category: Option<String>,
    /// Where the postmortem stands.
    pub postmortem: PostmortemState,
    /// When the postmortem is due.
    pub due_on: Option<NaiveDate>,
    /// When it was done: seconds, and the day in the report zone. None where it was done when the event was logged.
    pub done: Option<(i64, NaiveDate)>,
    /// Shares of teams in basis points.
    pub shares: Vec<(Uuid, i32)>,
    /// Services affected.
    pub services: Vec<Uuid>,
    /// It is the recurrence of an earlier event.
    pub recurs: bool,
    /// Its action items.
    pub items: Vec<ItemFacts>,
}

/// What the figures need of an action item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFacts {
    /// The number.
    pub number: i64,
    /// The team that does it.
    pub team: Option<Uuid>,
    /// Where it stands.
    pub state: ActionState,
    /// When it is due.
    pub due_on: Option<NaiveDate>,
    /// The day it was verified.
    pub done_on: Option<NaiveDate>,
}

/// How the three stages of 1-5-10 are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Each stage by itself: began–detected, detected–located, located–recovered.
    #[default]
    Segment,
    /// All from the beginning.
    Cumulative,
}

impl Reading {
    /// The spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Cumulative => "cumulative",
        }
    }

    /// The reading of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Segment, Self::Cumulative].into_iter().find(|reading| reading.code() == code)
    }
}

/// The limits of 1-5-10 in minutes and how they are read: the policy document `analytics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// To detect.
    pub detect: u32,
    /// To locate.
    pub locate: u32,
    /// To recover.
    pub recover: u32,
    /// How they are read where nobody says otherwise.
    pub reading: Reading,
}

/// The limits of 1-5-10.
pub const POLICY: PolicyKind =
    PolicyKind { name: "analytics", default: policy::default_text::<Limits>, check: check_text };

impl Default for Limits {
    fn default() -> Self {
        Self { detect: 1, locate: 5, recover: 10, reading: Reading::Segment }
    }
}

impl Limits {
    /// Checks the limits.
    pub fn checked(self) -> Result<Self, FieldError> {
        let limits = [("detect", self.detect), ("locate", self.locate), ("recover", self.recover)];
        match limits.into_iter().find(|(_, limit)| !(1..=10_080).contains(limit)) {
            None => Ok(self),
            Some((name, _)) => Err(refused(name, "give 1 to 10080 minutes")),
        }
    }
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<Limits>(document)?.checked().map(|limits| policy::text(&limits))
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// TTD: detected − began.
    TimeToDetect,
    /// Acknowledged − detected.
    TimeToAcknowledge,
    /// TTI: located − detected.
    TimeToLocate,
    /// TTR: recovered − began.
    TimeToRecover,
    /// Postmortem done − recovered.
    TimeToPostmortem,
    /// Detected within the limit.
    DetectInTime,
    /// Located within the limit.
    LocateInTime,
    /// Recovered within the limit.
    RecoverInTime,
    /// All three of 1-5-10.
    OneFiveTen,
    /// 变更引入占比.
    ChangeCaused,
    /// 监控发现率.
    FoundByMonitoring,
    /// 客户反馈率.
    ReportedByCustomer,
    /// 复盘完成率.
    PostmortemDone,
    /// 复盘及时率.
    PostmortemOnTime,
    /// 改进项按期率.
    ActionItemsOnTime,
    /// 重复故障率.
    Recurrence,
}

/// The durations.
pub const DURATIONS: [Metric; 5] = [
    Metric::TimeToDetect,
    Metric::TimeToAcknowledge,
    Metric::TimeToLocate,
    Metric::TimeToRecover,
    Metric::TimeToPostmortem,
];

/// The ratios.
pub const RATIOS: [Metric; 11] = [
    Metric::DetectInTime,
    Metric::LocateInTime,
    Metric::RecoverInTime,
    Metric::OneFiveTen,
    Metric::ChangeCaused,
    Metric::FoundByMonitoring,
    Metric::ReportedByCustomer,
    Metric::PostmortemDone,
    Metric::PostmortemOnTime,
    Metric::ActionItemsOnTime,
    Metric::Recurrence,
];

impl Metric {
    /// The spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TimeToDetect => "time_to_detect",
            Self::TimeToAcknowledge => "time_to_acknowledge",
            Self::TimeToLocate => "time_to_locate",
            Self::TimeToRecover => "time_to_recover",
            Self::TimeToPostmortem => "time_to_postmortem",
            Self::DetectInTime => "detect_in_time",
            Self::LocateInTime => "locate_in_time",
            Self::RecoverInTime => "recover_in_time",
            Self::OneFiveTen => "one_five_ten",
            Self::ChangeCaused => "change_caused",
            Self::FoundByMonitoring => "found_by_monitoring",
            Self::ReportedByCustomer => "reported_by_customer",
            Self::PostmortemDone => "postmortem_done",
            Self::PostmortemOnTime => "postmortem_on_time",
            Self::ActionItemsOnTime => "action_items_on_time",
            Self::Recurrence => "recurrence",
        }
    }

    /// The seconds of the unit in which people read it: minutes, and days for postmortems.
    pub const fn unit(self) -> i64 {
        match self {
            Self::TimeToPostmortem => 86_400,
            _ => 60,
        }
    }

    /// The metric of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        DURATIONS.into_iter().chain(RATIOS).find(|metric| metric.code() == code)
    }
}

/// Why an event is not part of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A time, a date or a fact is not known.
    Missing,
    /// Only the date of a time is known.
    DayOnly,
    /// The later point lies before the earlier one: a clock was wrong.
    Negative,
    /// It has not come to that yet: a time in the future, a postmortem or an item that is not due.
    NotYet,
    /// It does not apply: no postmortem is required, the item was left undone.
    NotApplicable,
}

/// What an event is to a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A duration in seconds.
    Took(i64),
    /// In the base of a ratio; true is in its numerator too.
    Counts(bool),
    /// Left out.
    Left(Why),
}

/// What outcomes depend on besides the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Seconds since the epoch.
    pub now: i64,
    /// Today in the report zone.
    pub today: NaiveDate,
    /// The limits of 1-5-10.
    pub limits: Limits,
    /// How they are read.
    pub reading: Reading,
}

/// Seconds between two points, where both are known to the minute, in order, and not in the future.
fn between(from: Option<Moment>, to: Option<Moment>, settings: &Settings) -> Result<i64, Why> {
    let (Some(from), Some(to)) = (from, to) else { return Err(Why::Missing) };
    if from.day || to.day {
        return Err(Why::DayOnly);
    }
    if to.at > settings.now {
        return Err(Why::NotYet);
    }
    if to.at < from.at {
        return Err(Why::Negative);
    }
    Ok(to.at - from.at)
}

fn stage(event: &EventFacts, metric: Metric, settings: &Settings) -> Result<bool, Why> {
    let (from, to, limit) = match (metric, settings.reading) {
        (Metric::DetectInTime, _) => (event.occurred, event.detected, settings.limits.detect),
        (Metric::LocateInTime, Reading::Segment) => (event.detected, event.located, settings.limits.locate),
        (Metric::LocateInTime, Reading::Cumulative) => (event.occurred, event.located, settings.limits.locate),
        (_, Reading::Segment) => (event.located, event.recovered, settings.limits.recover),
        (_, Reading::Cumulative) => (event.occurred, event.recovered, settings.limits.recover),
    };
    between(from, to, settings).map(|seconds| seconds <= 60 * i64::from(limit))
}

/// What an event is to a metric. Of action items every one has its own: [`item_outcome`].
pub fn outcome(event: &EventFacts, metric: Metric, settings: &Settings) -> Outcome {
    let took = |from, to| between(from, to, settings).map(Outcome::Took);
    let counts = |hit: bool| Ok(Outcome::Counts(hit));
    let read = match metric {
        Metric::TimeToDetect => took(event.occurred, event.detected),
        Metric::TimeToAcknowledge => took(event.detected, event.acknowledged),
        Metric::TimeToLocate => took(event.detected, event.located),
        Metric::TimeToRecover => took(event.occurred, event.recovered),
        Metric::TimeToPostmortem => match event.postmortem {
            PostmortemState::Done => took(event.recovered, event.done.map(|(at, _)| Moment { at, day: false })),
            PostmortemState::NotRequired | PostmortemState::Undecided => Err(Why::NotApplicable),
            _ => Err(Why::NotYet),
        },
        Metric::DetectInTime | Metric::LocateInTime | Metric::RecoverInTime => {
            stage(event, metric, settings).map(Outcome::Counts)
        }
        Metric::OneFiveTen => {
            let stages = [Metric::DetectInTime, Metric::LocateInTime, Metric::RecoverInTime];
            let all: Result<Vec<bool>, Why> = stages.into_iter().map(|one| stage(event, one, settings)).collect();
            all.map(|hits| Outcome::Counts(hits.into_iter().all(|hit| hit)))
        }
        Metric::ChangeCaused => counts(event.cause_category.as_deref() == Some("change")),
        Metric::FoundByMonitoring => counts(event.detection == Some(Detection::Monitoring)),
        Metric::ReportedByCustomer => counts(event.detection == Some(Detection::Customer)),
        Metric::Recurrence => counts(event.recurs),
        Metric::PostmortemDone => match event.postmortem {
            PostmortemState::NotRequired | PostmortemState::Undecided => Err(Why::NotApplicable),
            state => counts(state == PostmortemState::Done),
        },
        Metric::PostmortemOnTime => on_time(event, settings),
        Metric::ActionItemsOnTime => Err(Why::NotApplicable),
    };
    read.unwrap_or_else(Outcome::Left)
}

fn on_time(event: &EventFacts, settings: &Settings) -> Result<Outcome, Why> {
    match event.postmortem {
        PostmortemState::NotRequired | PostmortemState::Undecided => Err(Why::NotApplicable),
        PostmortemState::Done => {
            let (Some((_, day)), Some(due)) = (event.done, event.due_on) else { return Err(Why::Missing) };
            Ok(Outcome::Counts(day <= due))
        }
        // Owed: late once the due date has passed.
        _ => match event.due_on {
            None => Err(Why::Missing),
            Some(due) if due < settings.today => Ok(Outcome::Counts(false)),
            Some(_) => Err(Why::NotYet),
        },
    }
}

/// What an action item is to [`Metric::ActionItemsOnTime`].
pub fn item_outcome(item: &ItemFacts, settings: &Settings) -> Outcome {
    if item.state == ActionState::WontDo {
        return Outcome::Left(Why::NotApplicable);
    }
    let Some(due) = item.due_on else { return Outcome::Left(Why::Missing) };
    match (item.state, item.done_on) {
        (ActionState::Done, Some(day)) => Outcome::Counts(day <= due),
        (ActionState::Done, None) => Outcome::Left(Why::Missing),
        _ if due < settings.today => Outcome::Counts(false),
        _ => Outcome::Left(Why::NotYet),
    }
}
