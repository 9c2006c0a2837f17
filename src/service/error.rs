//! Why a service function did not do its work.

use thiserror::Error;

use crate::{
    domain::{
        actor::Role, checked::FieldError, event_record::CLOCK_NAMES, foreign::ForeignProblem, iso_week::WeekError,
        query::QueryError, scope::Scope,
    },
    store::StoreError,
};

/// Every refusal that callers may have to tell people about.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The role may not do this.
    #[error("this needs the role {}", needs.map_or("viewer", Role::code))]
    Forbidden {
        /// The weakest role that may.
        needs: Option<Role>,
    },
    /// The account may do this, the token may not be used for it.
    #[error("this token does not have the scope {}; make another one with it, or sign in", needs.code())]
    OutOfScope {
        /// The scope that it lacks.
        needs: Scope,
    },
    /// The role may do this; the account is of its own teams alone, and this bears upon all teams.
    #[error("this bears upon all teams, and your account is of its own teams alone; ask an administrator")]
    OwnTeamsOnly,
    /// The role needs an authenticator, and the account of the token has none.
    #[error(
        "the role of this token's account needs an authenticator; set one up in the settings, then the token works"
    )]
    SecondFactorNeeded,
    /// No session, no token, or a wrong password.
    #[error("sign in first")]
    SignInNeeded,
    /// Too many wrong passwords.
    #[error("too many wrong passwords; try again in {seconds} seconds")]
    TooMany {
        /// How long to wait.
        seconds: i64,
    },
    /// Too many passwords wait for their turn.
    #[error("too many people sign in at this moment; try again in {seconds} seconds")]
    Busy {
        /// How long to wait.
        seconds: i64,
    },
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
    /// A value was refused.
    #[error("{0}")]
    Invalid(#[from] FieldError),
    /// A file of another tool cannot be read.
    #[error("{0}")]
    Foreign(#[from] ForeignProblem),
    /// A query of the search or of a list cannot be read.
    #[error("{0}")]
    Query(#[from] QueryError),
    /// The thing changed since it was read.
    #[error("{what} changed meanwhile: you have version {given}, now it is version {current}; read it again")]
    Stale {
        /// `PE-22`, a figure's name …
        what: String,
        /// The version that the caller named.
        given: i64,
        /// The stored version.
        current: i64,
    },
    /// A postmortem cannot be done: its event's record lacks facts.
    #[error(
        "the record still lacks {}; answer these first{}",
        api_names(.facts).join(", "),
        if *.reason_helps { ", or give the reason why it is done without them" } else { "" }
    )]
    Unanswered {
        /// Names of the facts (`domain::completeness::FACTS`), the most useful first.
        facts: Vec<&'static str>,
        /// Nobody reviewed it here: a reason takes the place of the answers.
        reason_helps: bool,
    },
    /// The step is not possible from where things stand.
    #[error("{0}")]
    Conflict(String),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
    /// The task ended without a result.
    #[error("the work was interrupted: {0}")]
    Interrupted(String),
}

/// Facts as the fields of the API are called: a point of the clock is `recovered_at`.
pub fn api_names(facts: &[&str]) -> Vec<String> {
    let name = |fact: &&str| if CLOCK_NAMES.contains(fact) { format!("{fact}_at") } else { (*fact).to_owned() };
    facts.iter().map(name).collect()
}

/// What the store says of a row that another writer changed between reading and writing.
const OVERTAKEN: &str = "this changed meanwhile; read it again";

impl ServiceError {
    /// Whether another writer came between reading and writing.
    pub(super) fn is_overtaken(&self) -> bool {
        matches!(self, Self::Conflict(words) if words == OVERTAKEN)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Conflict(OVERTAKEN.to_owned()),
            StoreError::Duplicate(key) => Self::Conflict(format!("this exists already ({key})")),
            other => Self::Store(other),
        }
    }
}

impl From<WeekError> for ServiceError {
    fn from(error: WeekError) -> Self {
        match error {
            WeekError::Unknown { .. } => Self::NotFound(format!("such week: {error}")),
            WeekError::Shape(_) => Self::Invalid(FieldError::shape("week", error.to_string())),
        }
    }
}
