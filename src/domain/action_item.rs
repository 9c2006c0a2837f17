//! An action item (改进项) of an event: its fields, its states with what each step needs, and when it is due.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::checked::{self, FieldError, FieldProblem, LONG_TEXT};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// 高.
    High,
    /// 中.
    #[default]
    Medium,
    /// 低.
    Low,
}

/// All priorities, the highest first.
pub const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Medium, Priority::Low];

impl Priority {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The priority of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        PRIORITIES.into_iter().find(|priority| priority.code() == code)
    }
}

/// `open → in_progress → in_verification → done`, or `wont_do`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// Nobody began yet.
    Open,
    /// Under way.
    InProgress,
    /// Done as its owner says; somebody else looks at the evidence (验收).
    InVerification,
    /// Verified.
    Done,
    /// Left undone, with a reason.
    WontDo,
}

/// All states in order.
pub const ACTION_STATES: [ActionState; 5] =
    [ActionState::Open, ActionState::InProgress, ActionState::InVerification, ActionState::Done, ActionState::WontDo];

impl ActionState {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::InVerification => "in_verification",
            Self::Done => "done",
            Self::WontDo => "wont_do",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        ACTION_STATES.into_iter().find(|state| state.code() == code)
    }

    /// Whether nothing more is to be done.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::WontDo)
    }

    /// Whether people may move from here to `to`.
    pub const fn may_become(self, to: Self) -> bool {
        use ActionState::{Done, InProgress, InVerification, Open, WontDo};
        matches!(
            (self, to),
            (Open, InProgress | InVerification | WontDo)
                | (InProgress, InVerification | WontDo)
                | (InVerification, InProgress | Done | WontDo)
                | (Done | WontDo, Open)
        )
    }

    /// Whether the step from here to `to` must say why: left undone, sent back, reopened.
    pub const fn needs_reason(self, to: Self) -> bool {
        use ActionState::{Done, InProgress, InVerification, Open, WontDo};
        matches!((self, to), (_, WontDo) | (InVerification, InProgress) | (Done | WontDo, Open))
    }

    /// The states that come next, in order.
    pub fn next(self) -> impl Iterator<Item = Self> {
        ACTION_STATES.into_iter().filter(move |to| self.may_become(*to))
    }
}

/// What people edit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ActionFields {
    /// What is to be done, one line of up to 500 characters.
    pub title: String,
    /// Markdown, up to 20,000 characters.
    pub detail: Option<String>,
    /// How much it matters.
    pub priority: Priority,
    /// 负责人.
    pub owner_id: Option<Uuid>,
    /// The team that does it.
    pub team_id: Option<Uuid>,
    /// Due date in the report zone.
    pub due_on: Option<NaiveDate>,
    /// A person chose the due date: it does not follow the policy.
    pub due_fixed: bool,
    /// The ticket in another tool.
    pub ticket_url: Option<String>,
}

/// An action item as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionItem {
    /// UUIDv7.
    pub id: Uuid,
    /// The people's number: 7 of AI-7.
    pub number: i64,
    /// Optimistic lock.
    pub version: i64,
    /// The event it comes from.
    pub event_id: Uuid,
    /// What people edit.
    pub fields: ActionFields,
    /// Where it stands.
    pub state: ActionState,
    /// What shows that it is done, Markdown.
    pub evidence: Option<String>,
    /// 验收人, once done.
    pub verifier_id: Option<Uuid>,
    /// When it was verified, milliseconds.
    pub verified_at: Option<i64>,
    /// Why it was left undone, sent back or reopened.
    pub reason: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
    /// Milliseconds of the last change of state.
    pub changed_at: i64,
    /// Account; none is the local operator.
    pub created_by: Option<Uuid>,
}

impl ActionItem {
    /// `AI-7`.
    pub fn label(&self) -> String {
        label(self.number)
    }

    /// Whether it is open and was due before `today`.
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        !self.state.is_closed() && self.fields.due_on.is_some_and(|due| due < today)
    }
}

/// `AI-7` of 7.
pub fn label(number: i64) -> String {
    format!("AI-{number}")
}

/// The number of `AI-7`, `ai-007` or `7`.
pub fn number_of(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = match text.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("AI-") => text.get(3..)?,
        _ => text,
    };
    if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number > 0)
}

/// The latest due date that may be chosen: two years ahead. What lies further away is no plan but a slip of the pen.
pub const FURTHEST_DAYS: u64 = 731;

impl ActionFields {
    /// Checks lengths, characters and the address; returns the tidy fields.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.title = checked::line("title", &self.title, 500)?;
        self.detail = checked::optional("detail", self.detail.as_deref(), LONG_TEXT)?;
        self.ticket_url = match self.ticket_url.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(url) => Some(ticket(url)?),
        };
        Ok(self)
    }
}

/// A due date that a person chooses: from today on, at most two years ahead.
pub fn chosen_due(due: NaiveDate, today: NaiveDate) -> Result<NaiveDate, FieldError> {
    let last = today.checked_add_days(Days::new(FURTHEST_DAYS)).unwrap_or(today);
    if due < today {
        return Err(FieldError::shape("due_on", format!("{due} is past; give {today} or a later day")));
    }
    if due > last {
        return Err(FieldError::shape("due_on", format!("{due} is too far away; give {last} or an earlier day")));
    }
    Ok(due)
}

fn ticket(url: &str) -> Result<String, FieldError> {
    let url = checked::line("ticket_url", url, 1_000)?;
    let lower = url.to_ascii_lowercase();
    let host = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    if host.is_none_or(str::is_empty) || url.contains(char::is_whitespace) {
        return Err(FieldError::shape("ticket_url", "write an address that begins with https:// or http://"));
    }
    Ok(url)
}

/// A step from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub to: ActionState,
    /// Why; see [`ActionState::needs_reason`].
    pub reason: Option<String>,
    /// What shows that it is done; needed for `in_verification` unless it is there already.
    pub evidence: Option<String>,
    /// 验收人; by default who takes the step.
    pub verifier_id: Option<Uuid>,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StepRefused {
    /// Something is missing or wrong.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The states do not follow each other.
    #[error("an action item that is {} cannot become {}; from there it goes to {}", from.code(), to.code(), next(*from))]
    Order {
        /// Where it stands.
        from: ActionState,
        /// Where it was to go.
        to: ActionState,
    },
}

fn next(from: ActionState) -> String {
    from.next().map(ActionState::code).collect::<Vec<_>>().join(", ")
}

/// Takes a step. `actor` is the account that takes it (none is the local operator); `alone` says that the house has but
/// one active person who may write: then, and only then, an owner verifies their own work.
pub fn step(
    item: &ActionItem,
    step: &Step,
    actor: Option<Uuid>,
    alone: bool,
    now: i64,
) -> Result<ActionItem, StepRefused> {
    use ActionState::{Done, InVerification, Open};
    let empty = |field| FieldError { field, problem: FieldProblem::Empty };
    let (from, to) = (item.state, step.to);
    if !from.may_become(to) {
        return Err(StepRefused::Order { from, to });
    }
    let reason = checked::optional("reason", step.reason.as_deref(), 2_000)?;
    let evidence = checked::optional("evidence", step.evidence.as_deref(), LONG_TEXT)?;
    let mut after = item.clone();
    if from.needs_reason(to) && reason.is_none() {
        return Err(empty("reason").into());
    }
    after.reason = reason.filter(|_| from.needs_reason(to));
    if evidence.is_some() {
        after.evidence = evidence;
    }
    if to == InVerification {
        if after.fields.owner_id.is_none() {
            return Err(FieldError::shape("owner", "name an owner before it is verified").into());
        }
        if after.evidence.is_none() {
            return Err(empty("evidence").into());
        }
    }
    if to == Done {
        let Some(verifier) = step.verifier_id.or(actor) else {
            return Err(empty("verifier").into());
        };
        if Some(verifier) == item.fields.owner_id && !alone {
            return Err(FieldError::shape("verifier", "its owner cannot verify it; ask another person").into());
        }
        after.verifier_id = Some(verifier);
        after.verified_at = Some(now);
    }
    if to == Open {
        after.verifier_id = None;
        after.verified_at = None;
    }
    after.state = to;
    after.changed_at = now;
    Ok(after)
}

/// When an item written down on `from` is due that may take `days` calendar days.
pub fn due_after(from: NaiveDate, days: u32) -> NaiveDate {
    from.checked_add_days(Days::new(u64::from(days))).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::severity::SeverityPolicy;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn item(state: ActionState, owner: Option<u128>) -> ActionItem {
        ActionItem {
            id: Uuid::from_u128(1),
            number: 7,
            version: 1,
            event_id: Uuid::from_u128(2),
            fields: ActionFields {
                title: "加告警".to_owned(),
                owner_id: owner.map(Uuid::from_u128),
                ..ActionFields::default()
            },
            state,
            evidence: None,
            verifier_id: None,
            verified_at: None,
            reason: None,
            created_at: 0,
            updated_at: 0,
            changed_at: 0,
            created_by: None,
        }
    }

    fn to(to: ActionState) -> Step {
        Step { to, reason: None, evidence: None, verifier_id: None }
    }

    fn refused(from: &ActionItem, taken: &Step, actor: Option<u128>) -> String {
        step(from, taken, actor.map(Uuid::from_u128), false, 1).unwrap_err().to_string()
    }

    #[test]
    fn a_step_that_does_not_follow_is_refused_and_names_those_that_do() {
        let words = refused(&item(ActionState::Open, Some(3)), &to(ActionState::Done), Some(4));
        assert_eq!(
            words,
            "an action item that is open cannot become done; from there it goes to in_progress, in_verification, wont_do"
        );
        for from in ACTION_STATES {
            for next in ACTION_STATES {
                let full = Step { reason: Some("x".to_owned()), evidence: Some("x".to_owned()), ..to(next) };
                let done = step(&item(from, Some(3)), &full, Some(Uuid::from_u128(4)), false, 1);
                assert_eq!(done.is_ok(), from.may_become(next), "{from:?} {next:?}");
            }
        }
    }

    #[test]
    fn verification_needs_an_owner_evidence_and_another_person() {
        let open = item(ActionState::InProgress, Some(3));
        assert_eq!(refused(&open, &to(ActionState::InVerification), Some(3)), "evidence: must not be empty");
        let nobodys = item(ActionState::InProgress, None);
        let evidence = Step { evidence: Some("截图".to_owned()), ..to(ActionState::InVerification) };
        assert!(refused(&nobodys, &evidence, Some(3)).starts_with("owner: "));
        let handed = step(&open, &evidence, Some(Uuid::from_u128(3)), false, 1).unwrap();
        assert_eq!(handed.evidence.as_deref(), Some("截图"));
        assert!(refused(&handed, &to(ActionState::Done), Some(3)).contains("ask another person"));
        assert_eq!(refused(&handed, &to(ActionState::Done), None), "verifier: must not be empty");
        let named = Step { verifier_id: Some(Uuid::from_u128(3)), ..to(ActionState::Done) };
        assert!(refused(&handed, &named, Some(4)).contains("ask another person"));
        let done = step(&handed, &to(ActionState::Done), Some(Uuid::from_u128(4)), false, 5).unwrap();
        assert_eq!((done.verifier_id, done.verified_at), (Some(Uuid::from_u128(4)), Some(5)));
        assert!(step(&handed, &to(ActionState::Done), Some(Uuid::from_u128(3)), true, 5).is_ok(), "alone in the house");
        assert_eq!(refused(&done, &to(ActionState::Open), Some(4)), "reason: must not be empty");
        let again = Step { reason: Some("又发生了".to_owned()), ..to(ActionState::Open) };
        let reopened = step(&done, &again, Some(Uuid::from_u128(4)), false, 6).unwrap();
        assert_eq!((reopened.verifier_id, reopened.evidence.is_some()), (None, true));
    }

    #[test]
    fn the_due_date_counts_calendar_days_by_level() {
        let levels = SeverityPolicy::default();
        let due = |level: Option<&str>| due_after(day("2024-09-13"), levels.action_due_days(level));
        assert_eq!((due(Some("A")), due(Some("SEV1"))), (day("2024-09-28"), day("2024-09-28")));
        assert_eq!(
            (due(Some("C")), due(Some("X")), due(None)),
            (day("2024-10-13"), day("2024-10-13"), day("2024-10-13"))
        );
        assert_eq!(due_after(NaiveDate::MAX, 1), NaiveDate::MAX);
    }

    #[test]
    fn dates_and_addresses_out_of_bounds_are_refused() {
        let today = day("2024-08-21");
        assert!(chosen_due(today, today).is_ok());
        for (due, words) in
            [("2024-08-20", "is past; give 2024-08-21"), ("2099-01-01", "is too far away; give 2026-08-22")]
        {
            assert!(chosen_due(day(due), today).unwrap_err().to_string().contains(words), "{due}");
        }
        let with = |url: &str| ActionFields {
            title: "x".to_owned(),
            ticket_url: Some(url.to_owned()),
            ..ActionFields::default()
        };
        for bad in ["javascript:alert(1)", "//example.com", "https://", "https://a b", "ftp://example.com"] {
            assert!(with(bad).checked().is_err(), "{bad}");
        }
        assert_eq!(with(" ").checked().unwrap().ticket_url, None);
        assert!(with("HTTPS://jira.example.com/browse/PAY-1").checked().is_ok());
        assert_eq!((number_of("ai-007"), number_of("AI-"), number_of("7x")), (Some(7), None, None));
    }
}
