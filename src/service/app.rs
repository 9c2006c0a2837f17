//! What every service function gets: the database, the ports and the few settings that rules need.

use std::{future::Future, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    ServiceError,
    audit_log::Refused,
    housekeeping::Retention,
    known_calendars::KnownCalendars,
    known_levels::KnownLevels,
    limits::Limits,
    line_styles::LineStyles,
    outbox::Shared,
    ports::{Clock, Ids, Outgoing, RenderNotice, RenderReportMail},
    sign_in_rules::SignIn,
    vault::Vault,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        calendar::{Calendar, sheets::Calendars},
    },
    store::Store,
};

/// The running product, without its edges. Cloning is cheap.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn Ids>,
    /// Working days, of the house and of its teams.
    pub calendars: Arc<KnownCalendars>,
    /// The report zone: weeks, due dates and times without a zone belong to it.
    pub zone: Tz,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: String,
    /// Domain of Message-IDs.
    pub mail_domain: String,
    /// How people sign in.
    pub sign_in: Arc<SignIn>,
    /// How often somebody may ask.
    pub limits: Arc<Limits>,
    /// Asks other servers over HTTP.
    pub outgoing: Arc<dyn Outgoing>,
    /// The words of weekly mails, for their previews.
    pub report_mail: RenderReportMail,
    /// The words of notices and invitations.
    pub notice: RenderNotice,
    /// The styles of documents that report lines were shown in of late.
    pub line_styles: Arc<LineStyles>,
    /// The levels of the house as they were read last.
    pub levels: Arc<KnownLevels>,
    /// How long what is over is kept.
    pub retention: Retention,
    /// Keys of the secrets in the database.
    pub vault: Arc<Vault>,
    /// What was refused of late.
    pub refused: Arc<Refused>,
    /// What the tasks that send messages share.
    pub outbox: Arc<Shared>,
    /// The demo: no set-up, one demo account, nothing leaves the house.
    pub demo: bool,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("zone", &self.zone).field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl App {
    /// Now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Now, in milliseconds since the epoch.
    pub fn now_millis(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    /// Today in the report zone.
    pub fn today(&self) -> NaiveDate {
        self.clock.now().with_timezone(&self.zone).date_naive()
    }

    /// The product as it was at a time, never later than now: what follows the clock follows that one.
    #[must_use]
    pub(super) fn as_of(&self, at: DateTime<Utc>) -> Self {
        Self { clock: Arc::new(Then(at.min(self.now()))), ..self.clone() }
    }

    /// The calendars as this process knows them; the worker of every replica asks for news each round.
    pub fn calendars(&self) -> Arc<Calendars> {
        self.calendars.get()
    }

    /// The working days of the house.
    pub fn calendar(&self) -> Arc<Calendar> {
        Arc::clone(self.calendars.get().company())
    }

    /// A new id.
    pub fn id(&self) -> Uuid {
        self.ids.id()
    }
}

/// A clock that stands.
struct Then(DateTime<Utc>);

impl Clock for Then {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Refuses what the actor's role, their team scope, or the token that they came with, may not do.
pub fn authorise(actor: &Actor, permission: Permission) -> Result<(), ServiceError> {
    if actor.may(permission) {
        return Ok(());
    }
    if actor.role.may(permission) && actor.is_of_own_teams() && permission.is_of_all_teams() {
        return Err(ServiceError::OwnTeamsOnly);
    }
    if actor.role.may(permission) {
        return Err(ServiceError::OutOfScope { needs: permission.scope() });
    }
    Err(ServiceError::Forbidden { needs: permission.needs() })
}

/// Runs a write in a task of its own, so that a caller who goes away cannot cancel it half-way
/// (a cancelled `begin` poisons the connection of sqlx 0.9).
pub async fn detached<T, F>(work: F) -> Result<T, ServiceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    // What a panic says may hold values: the place is logged where it happens.
    tokio::spawn(work).await.unwrap_or_else(|failure| {
        let words = if failure.is_panic() { "a part of the program panicked" } else { "the task was cancelled" };
        Err(ServiceError::Interrupted(words.to_owned()))
    })
}

/// Runs long thinking on a thread of its own, so that it holds up no thread that takes requests.
pub(super) async fn aside<T, F>(work: F) -> Result<T, ServiceError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ServiceError> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(ServiceError::Interrupted("a part of the program panicked".to_owned())))
}
