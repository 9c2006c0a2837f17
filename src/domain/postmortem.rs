//! The postmortem of an event: its states, its mark in the report, its due date.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{calendar::Calendar, capture::draft::Mark, severity::SeverityPolicy};

/// `undecided → not_required | pending → drafting → in_review → done`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostmortemState {
    /// Nobody said yet whether one is owed.
    Undecided,
    /// Waived, with a reason.
    NotRequired,
    /// Owed.
    Pending,
    /// Being written.
    Drafting,
    /// Being reviewed.
    InReview,
    /// Done.
    Done,
}

/// All states in order.
pub const POSTMORTEM_STATES: [PostmortemState; 6] = [
    PostmortemState::Undecided,
    PostmortemState::NotRequired,
    PostmortemState::Pending,
    PostmortemState::Drafting,
    PostmortemState::InReview,
    PostmortemState::Done,
];

impl PostmortemState {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::NotRequired => "not_required",
            Self::Pending => "pending",
            Self::Drafting => "drafting",
            Self::InReview => "in_review",
            Self::Done => "done",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        POSTMORTEM_STATES.into_iter().find(|state| state.code() == code)
    }

    /// Whether the postmortem is owed: the report shows 【待复盘】 and reminders go out.
    pub const fn is_owed(self) -> bool {
        matches!(self, Self::Pending | Self::Drafting | Self::InReview)
    }

    /// Whether people may move from here to `to`: forward, back for more work, waived while not done, reopened.
    pub const fn may_become(self, to: Self) -> bool {
        use PostmortemState::{Done, Drafting, InReview, NotRequired, Pending, Undecided};
        matches!(
            (self, to),
            (Undecided, NotRequired | Pending | Drafting | InReview | Done)
                | (NotRequired, Pending)
                | (Pending, Drafting | InReview | Done | NotRequired)
                | (Drafting, Pending | InReview | Done | NotRequired)
                | (InReview, Drafting | Done | NotRequired)
                | (Done, Pending | Drafting)
        )
    }

    /// Whether the move asks for a reason: waiving, reopening, sending back from the review.
    pub const fn needs_reason(self, to: Self) -> bool {
        use PostmortemState::{Done, Drafting, InReview, NotRequired};
        matches!((self, to), (_, NotRequired) | (NotRequired | Done, _) | (InReview, Drafting))
    }

    /// The mark that the report shows.
    pub const fn mark(self) -> Mark {
        match self {
            Self::Undecided => Mark::Unknown,
            Self::NotRequired => Mark::NotRequired,
            Self::Pending | Self::Drafting | Self::InReview => Mark::Pending,
            Self::Done => Mark::Done,
        }
    }

    /// The state that a mark read from a text stands for.
    pub const fn of_mark(mark: Mark) -> Self {
        match mark {
            Mark::Unknown => Self::Undecided,
            Mark::Pending => Self::Pending,
            Mark::Done => Self::Done,
            Mark::NotRequired => Self::NotRequired,
        }
    }
}

/// A postmortem as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postmortem {
    /// Optimistic lock.
    pub version: i64,
    /// Where it stands.
    pub state: PostmortemState,
    /// 负责人.
    pub owner_id: Option<Uuid>,
    /// Due date in the report zone; set while owed.
    pub due_on: Option<NaiveDate>,
    /// A person chose the due date.
    pub due_fixed: bool,
    /// Why it is not required.
    pub reason: Option<String>,
    /// When it was done, in milliseconds.
    pub done_at: Option<i64>,
    /// 评审人: who approves it or sends it back.
    pub reviewer_id: Option<Uuid>,
}

/// Working days until a postmortem is due, by the levels of the house.
pub fn working_days_to_do(levels: &SeverityPolicy, severity: Option<&str>) -> u32 {
    levels.due_working_days(severity)
}

/// The due date of a postmortem owed since `from`: that many working days after it.
pub fn due_date(from: NaiveDate, levels: &SeverityPolicy, severity: Option<&str>, calendar: &Calendar) -> NaiveDate {
    calendar.add_working_days(from, working_days_to_do(levels, severity))
}
