//! The outbox: taking messages, looking at them once more, and noting how their sending went
//! (reliability study, sections 2.2 to 2.5).
//!
//! Words freeze with the first outcome that nobody knows. Before that no copy can be anywhere, so a digest is put into
//! words again right before it is sent, and says only what is still owed. Message-ID and Date never change.

use chrono::{DateTime, Duration};
use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    burn_warnings::{self, BURN_KIND},
    notifiers,
    ports::{Delivery, MailWords, OutgoingChat, OutgoingMessage, RenderDigest},
    reminders::{self, DIGEST_KIND, Refreshed},
    report_mailings::{self, REPORT_KIND},
    retry::retried,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        reminder::backoff,
    },
    store::{
        self,
        outbox::{Claim, Ending},
        reminders::LedgerState,
    },
};

pub use crate::store::outbox::{OutboxMessage, OutboxState, Way};

/// Messages that one worker takes at once.
pub const BATCH: u64 = 10;

/// Seconds that a worker has from taking a message to the final dot.
const LEASE_SECONDS: i64 = 60;

/// Minutes that a worker has from the final dot to noting the outcome; longer than the wait for the reply.
const COMMIT_LEASE_MINUTES: i64 = 15;

/// The most messages of one page.
pub const PAGE_LIMIT: u64 = 200;

/// A message in the hands of this worker.
#[derive(Debug, Clone)]
pub struct Claimed {
    claim: Claim,
    /// Milliseconds: from then on too little of the lease is left to begin.
    begin_before: i64,
    /// The message.
    pub message: OutboxMessage,
}

impl Claimed {
    /// Whether enough of the lease is left to begin sending.
    pub fn may_begin(&self, app: &App) -> bool {
        app.now_millis() < self.begin_before
    }
}

/// What came of looking at a taken message once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// Send it.
    Ready(OutgoingMessage),
    /// Send it to its notifier.
    Chat(OutgoingChat),
    /// Nobody needs it any more; it is cancelled.
    Cancelled,
    /// It is night or a day off; it waits for the next slot.
    Postponed,
    /// Another worker has it.
    Lost,
}

/// What the last check before the final dot found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastLook {
    /// Still ours and still wanted.
    GoOn,
    /// Nobody needs it any more; it is cancelled.
    Unwanted,
    /// No longer ours: cancelled meanwhile, or the lease ran out.
    Lost,
}

/// What tidying found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Messages whose time was over.
    pub expired: usize,
    /// Messages that another worker had let go before the final dot.
    pub recovered: usize,
    /// Messages that another worker had let go after it.
    pub unknown: usize,
}

/// Takes up what a stopped worker left behind, and gives up messages whose time is over.
pub async fn tidy(app: &App) -> Result<Tidied, ServiceError> {
    let now = app.now_millis();
    let mut tidied = Tidied::default();
    for (message, claim) in store::outbox::abandoned(app.store.read(), now, PAGE_LIMIT).await? {
        if message.state == OutboxState::Committing {
            let ending = after_unknown(app, &message, "the worker stopped before it noted the outcome");
            tidied.unknown += usize::from(end(app, claim, &[OutboxState::Committing], ending).await?);
        } else {
            let ending = Ending {
                state: OutboxState::Pending,
                not_before: None,
                attempt: message.attempt,
                unknowns: message.unknowns,
                error: Some("the worker stopped before sending".to_owned()),
                sent_at: None,
            };
            tidied.recovered += usize::from(end(app, claim, &[OutboxState::Claimed], ending).await?);
        }
    }
    let late = store::outbox::late(app.store.read(), now, PAGE_LIMIT).await?;
    if !late.is_empty() {
        let app = app.clone();
        tidied.expired = retried(move || expire(app.clone(), late.clone())).await?;
    }
    Ok(tidied)
}

async fn expire(app: App, late: Vec<Uuid>) -> Result<usize, ServiceError> {
    let tx = app.store.begin().await?;
    let mut expired = 0;
    for id in late {
        expired += usize::from(store::outbox::expire(&tx, id).await?);
    }
    tx.commit().await?;
    Ok(expired)
}

/// Takes up to [`BATCH`] messages of a way that are due. What another worker takes at the same time is left to it.
pub async fn claim(app: &App, way: Way) -> Result<Vec<Claimed>, ServiceError> {
    let now = app.now_millis();
    if store::outbox::due(app.store.read(), way, now, 1).await?.is_empty() {
        return Ok(Vec::new());
    }
    let app = app.clone();
    retried(move || claim_at(app.clone(), way, now)).await
}

async fn claim_at(app: App, way: Way, now: i64) -> Result<Vec<Claimed>, ServiceError> {
    let tx = app.store.begin().await?;
    let lease = LEASE_SECONDS * 1_000;
    let mut claims = Vec::new();
    for id in store::outbox::due(tx.conn(), way, now, BATCH).await? {
        let claim = Claim { id, token: app.id() };
        if store::outbox::claim(&tx, claim, now, now + lease).await? {
            claims.push(claim);
        }
    }
    tx.commit().await?;
    let mut claimed = Vec::with_capacity(claims.len());
    for claim in claims {
        if let Some(message) = store::outbox::by_id(app.store.read(), claim.id).await? {
            claimed.push(Claimed { claim, begin_before: now + lease / 2, message });
        }
    }
    Ok(claimed)
}

/// Looks at a taken message once more: still wanted, in which words, and is this the hour for it?
pub async fn prepare(app: &App, claimed: &Claimed, render: RenderDigest) -> Result<Prepared, ServiceError> {
    let mut message = claimed.message.clone();
    if message.notifier_id.is_some() {
        return prepare_chat(app, claimed).await;
    }
    let mut unsubscribe_url = None;
    if message.kind == REPORT_KIND {
        unsubscribe_url = report_mailings::still_wanted(app, app.store.read(), &message).await?;
        if unsubscribe_url.is_none() {
            return cancel(app, claimed).await;
        }
    }
    if message.kind == BURN_KIND && !burn_warnings::still_wanted(app.store.read(), &message).await? {
        return cancel(app, claimed).await;
    }
    if message.kind == DIGEST_KIND {
        let Refreshed::Wanted { words, dropped, opens_at } = reminders::refresh(app, &message, render).await? else {
            return cancel(app, claimed).await;
        };
        if opens_at.is_some() {
            let back = given_back(&message, opens_at);
            let kept = end(app, claimed.claim, &[OutboxState::Claimed], back).await?;
            return Ok(if kept { Prepared::Postponed } else { Prepared::Lost });
        }
        let said = (&message.subject, &message.text, &message.html);
        if message.unknowns == 0 && said != (&words.subject, &words.text, &words.html) {
            let (task_app, claim, new) = (app.clone(), claimed.claim, words.clone());
            let kept = retried(move || reword(task_app.clone(), claim, new.clone(), dropped.clone())).await?;
            if !kept {
                return Ok(Prepared::Lost);
            }
            (message.subject, message.text, message.html) = (words.subject, words.text, words.html);
        }
    }
    let date = DateTime::from_timestamp_millis(message.date_at).unwrap_or_default();
    Ok(Prepared::Ready(OutgoingMessage {
        message_id: message.message_id,
        recipient: message.recipient,
        subject: message.subject,
        text: message.text,
        html: message.html,
        unsubscribe_url,
        date,
    }))
}

/// A message to a notifier: is it still wanted, and does the tool take one more now?
async fn prepare_chat(app: &App, claimed: &Claimed) -> Result<Prepared, ServiceError> {
    let message = &claimed.message;
    let Some(notifier) = notifiers::still_wanted(app, app.store.read(), message).await? else {
        return cancel(app, claimed).await;
    };
    if let Some(room_from) = notifiers::take_room(app, &notifier).await? {
        let back = given_back(message, Some(room_from));
        let kept = end(app, claimed.claim, &[OutboxState::Claimed], back).await?;
        return Ok(if kept { Prepared::Postponed } else { Prepared::Lost });
    }
    Ok(Prepared::Chat(OutgoingChat {
        id: message.id,
        tool: notifier.fields.tool,
        target: notifier.target,
        body: message.payload.clone().unwrap_or_default(),
        at: app.now(),
    }))
}

async fn reword(app: App, claim: Claim, words: MailWords, dropped: Vec<Uuid>) -> Result<bool, ServiceError> {
    let tx = app.store.begin().await?;
    if !store::outbox::reword(&tx, claim, &words.subject, &words.text, &words.html).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    for item in dropped {
        store::reminders::settle(&tx, claim.id, Some(item), LedgerState::Cancelled).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// The last check before the final dot: the message is still ours and still wanted, and from here on its outcome
/// counts as unknown until it is noted. An event that is done in a transaction committed before this one is not
/// reminded of (invariant I5).
pub async fn commit_to_send(app: &App, claimed: &Claimed) -> Result<LastLook, ServiceError> {
    let (app, claimed) = (app.clone(), claimed.clone());
    retried(move || look_last(app.clone(), claimed.clone())).await
}

async fn look_last(app: App, claimed: Claimed) -> Result<LastLook, ServiceError> {
    let tx = app.store.begin().await?;
    let id = claimed.message.id;
    let now = app.now_millis();
    let lease_until = now + COMMIT_LEASE_MINUTES * 60_000;
    if !store::outbox::to_committing(&tx, claimed.claim, now, lease_until).await? {
        tx.rollback().await?;
        return Ok(LastLook::Lost);
    }
    // The row is locked now: a change that withdraws the digest either was committed before and is seen here,
    // or waits and finds it on its way.
    let unwanted = match claimed.message.kind.as_str() {
        _ if claimed.message.notifier_id.is_some() => {
            notifiers::still_wanted(&app, tx.conn(), &claimed.message).await?.is_none()
        }
        DIGEST_KIND => !reminders::still_wanted(&app, tx.conn(), &claimed.message).await?,
        REPORT_KIND => report_mailings::still_wanted(&app, tx.conn(), &claimed.message).await?.is_none(),
        BURN_KIND => !burn_warnings::still_wanted(tx.conn(), &claimed.message).await?,
        _ => false,
    };
    if unwanted {
        let ending = Ending { state: OutboxState::Cancelled, ..given_back(&claimed.message, None) };
        store::outbox::end(&tx, claimed.claim, &[OutboxState::Committing], &ending).await?;
        store::reminders::settle(&tx, id, None, LedgerState::Cancelled).await?;
        tx.commit().await?;
        return Ok(LastLook::Unwanted);
    }
    tx.commit().await?;
    Ok(LastLook::GoOn)
}

/// Notes how a sending went; answers the state that follows, or none when the claim was lost meanwhile.
/// `unreachable_in_a_row` counts this worker's vain tries to use the mail server, this one included.
pub async fn record(
    app: &App,
    claimed: &Claimed,
    delivery: &Delivery,
    unreachable_in_a_row: u32,
) -> Result<Option<OutboxState>, ServiceError> {
    let message = &claimed.message;
    let now = app.now_millis();
    let unchanged = given_back(message, None);
    let ending = match delivery {
        Delivery::Accepted => Ending { state: OutboxState::Sent, sent_at: Some(now), ..unchanged },
        Delivery::Refused(reply) => {
            Ending { state: OutboxState::Dead, attempt: message.attempt + 1, error: Some(reply.clone()), ..unchanged }
        }
        Delivery::RefusedForNow(reply) => Ending {
            attempt: message.attempt + 1,
            not_before: Some(later(app, backoff::after_failure(message.attempt + 1))),
            error: Some(reply.clone()),
            ..unchanged
        },
        Delivery::TooFast(reply, seconds) => {
            let wait = backoff::after_failure(message.attempt + 1);
            let asked = Duration::seconds(i64::try_from(*seconds).unwrap_or(86_400));
            Ending {
                attempt: message.attempt + 1,
                not_before: Some(later(app, wait).max(now + asked.num_milliseconds())),
                error: Some(reply.clone()),
                ..unchanged
            }
        }
        Delivery::Unreachable(reason) => Ending {
            not_before: Some(later(app, backoff::while_unreachable(unreachable_in_a_row))),
            error: Some(reason.clone()),
            ..unchanged
        },
        Delivery::Unknown(reason) => after_unknown(app, message, reason),
    };
    let state = ending.state;
    let kept = end(app, claimed.claim, &[OutboxState::Claimed, OutboxState::Committing], ending).await?;
    if let (Delivery::TooFast(_, seconds), Some(group)) = (delivery, message.notifier_id) {
        notifiers::leave_alone(app, group, *seconds).await?;
    }
    Ok(kept.then_some(state))
}

/// Gives a message back as it was; others may take it at once.
pub async fn give_back(app: &App, claimed: &Claimed) -> Result<(), ServiceError> {
    end(app, claimed.claim, &[OutboxState::Claimed], given_back(&claimed.message, None)).await?;
    Ok(())
}

/// Gives a message back for later.
pub async fn put_off(app: &App, claimed: &Claimed, until: i64) -> Result<(), ServiceError> {
    end(app, claimed.claim, &[OutboxState::Claimed], given_back(&claimed.message, Some(until))).await?;
    Ok(())
}

/// How many mails are still to be sent, now or later. For the worker's report.
pub async fn count_pending(app: &App) -> Result<usize, ServiceError> {
    let pending = store::outbox::count_pending(app.store.read(), Way::Mail).await?;
    Ok(usize::try_from(pending).unwrap_or_default())
}

/// How many messages there are in each state that occurs.
pub async fn count_by_state(app: &App, actor: &Actor) -> Result<Vec<(OutboxState, i64)>, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    Ok(store::outbox::count_by_state(app.store.read()).await?)
}

/// A page of messages, the newest first, below the id `before`; at most [`PAGE_LIMIT`].
pub async fn list(
    app: &App,
    actor: &Actor,
    state: Option<OutboxState>,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<OutboxMessage>, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    Ok(store::outbox::list(app.store.read(), state, before, limit.min(PAGE_LIMIT)).await?)
}

/// Sends a message again that the machine gave up (dead, unconfirmed or expired), under the same Message-ID.
pub async fn requeue(app: &App, actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || requeue_once(app.clone(), actor.clone(), id)).await
}

async fn requeue_once(app: App, actor: Actor, id: Uuid) -> Result<(), ServiceError> {
    let tx = app.store.begin().await?;
    let Some(message) = store::outbox::by_id(tx.conn(), id).await? else {
        return Err(ServiceError::NotFound(format!("message {id}")));
    };
    let now = app.now_millis();
    let expires_at = now + Duration::days(backoff::GIVE_UP_AFTER_DAYS).num_milliseconds();
    if !store::outbox::requeue(&tx, id, now, expires_at).await? {
        return Err(ServiceError::Conflict(format!(
            "a message that is {} cannot be sent again; only dead, unconfirmed and expired ones can",
            message.state.code()
        )));
    }
    let change = json!({"state": {"from": message.state.code(), "to": OutboxState::Pending.code()}});
    let subject = format!("outbox:{id}");
    store::audit::insert(&tx, app.id(), now, &actor, "outbox.requeue", &subject, change).await?;
    tx.commit().await?;
    Ok(())
}

async fn cancel(app: &App, claimed: &Claimed) -> Result<Prepared, ServiceError> {
    let ending = Ending { state: OutboxState::Cancelled, ..given_back(&claimed.message, None) };
    let kept = end(app, claimed.claim, &[OutboxState::Claimed], ending).await?;
    Ok(if kept { Prepared::Cancelled } else { Prepared::Lost })
}

/// Ends a claim, and with it the reminders that the message carries.
async fn end(app: &App, claim: Claim, from: &'static [OutboxState], ending: Ending) -> Result<bool, ServiceError> {
    let app = app.clone();
    retried(move || end_once(app.clone(), claim, from, ending.clone())).await
}

async fn end_once(app: App, claim: Claim, from: &[OutboxState], ending: Ending) -> Result<bool, ServiceError> {
    let tx = app.store.begin().await?;
    if !store::outbox::end(&tx, claim, from, &ending).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    match ending.state {
        OutboxState::Sent => store::reminders::settle(&tx, claim.id, None, LedgerState::Sent).await?,
        OutboxState::Cancelled => store::reminders::settle(&tx, claim.id, None, LedgerState::Cancelled).await?,
        _ => 0,
    };
    tx.commit().await?;
    Ok(true)
}

fn given_back(message: &OutboxMessage, not_before: Option<i64>) -> Ending {
    Ending {
        state: OutboxState::Pending,
        not_before,
        attempt: message.attempt,
        unknowns: message.unknowns,
        error: None,
        sent_at: None,
    }
}

fn after_unknown(app: &App, message: &OutboxMessage, reason: &str) -> Ending {
    let unknowns = message.unknowns + 1;
    let wait = backoff::after_unknown(unknowns);
    Ending {
        state: if wait.is_some() { OutboxState::Pending } else { OutboxState::Unconfirmed },
        not_before: wait.map(|wait| later(app, wait)),
        attempt: message.attempt,
        unknowns,
        error: Some(reason.to_owned()),
        sent_at: None,
    }
}

/// `wait` from now, with jitter, in milliseconds since the epoch.
fn later(app: &App, wait: Duration) -> i64 {
    let [random, ..] = app.ids.secret();
    app.now_millis() + backoff::jittered(wait, random).num_milliseconds()
}
