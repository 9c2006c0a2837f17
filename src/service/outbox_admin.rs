//! What people do with the outbox: look, send again, test the way out.

use chrono::Duration;
use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError, app::authorise, housekeeping::Retention, mail_stops, outbox_mail, ports::RenderNotice,
    reminders, retry::retried,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked,
        notice::{Notice, NoticeKind},
        reminder::{backoff, digest::Language},
    },
    store::{self, Tx, mail_stops::StopReason, reminders::LedgerState},
};

pub use crate::store::{
    outbox::{OUTBOX_STATES, OutboxFilter, OutboxMessage, OutboxState, Way},
    outbox_attempts::Attempt,
};

/// The most messages of one page.
pub const PAGE_LIMIT: u64 = 200;

/// The most tries of a message that are shown.
const ATTEMPTS: u64 = 50;

/// Kind of short mails of the house.
pub const NOTICE_KIND: &str = "notice";

/// Messages removed in one transaction.
const REMOVED_AT_ONCE: u64 = 500;

/// Messages removed in one housekeeping.
const REMOVED_AT_MOST: u64 = 20_000;

/// How the outbox stands, for figures of the service itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxFigures {
    /// How many messages there are in each state, in the order of the states.
    pub states: Vec<(OutboxState, i64)>,
    /// Seconds since the longest waiting message could have gone; 0 where none waits that may go.
    pub oldest_seconds: i64,
    /// Messages on their way: pending, claimed or committing.
    pub queued: i64,
}

/// The figures of the outbox. They tell of nobody, so everyone may read them.
pub async fn figures(app: &App) -> Result<OutboxFigures, ServiceError> {
    let now = app.now_millis();
    let counted = store::outbox::count_by_state(app.store.read()).await?;
    let of = |state| counted.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
    let oldest = store::outbox::oldest_due(app.store.read(), None, now).await?;
    Ok(OutboxFigures {
        states: OUTBOX_STATES.into_iter().map(|state| (state, of(state))).collect(),
        oldest_seconds: oldest.map_or(0, |since| (now - since) / 1_000),
        queued: [OutboxState::Pending, OutboxState::Claimed, OutboxState::Committing].into_iter().map(of).sum(),
    })
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
    filter: &OutboxFilter,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<OutboxMessage>, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    Ok(store::outbox::list(app.store.read(), filter, before, limit.clamp(1, PAGE_LIMIT)).await?)
}

/// The filter that words say: a state's code; `mail`, `chat`, or a notifier by id or name; an address, or the name of an
/// account or of a notifier.
pub async fn filter(
    app: &App,
    actor: &Actor,
    state: Option<&str>,
    channel: Option<&str>,
    recipient: Option<&str>,
) -> Result<OutboxFilter, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let mut filter = OutboxFilter::default();
    if let Some(code) = state.filter(|code| !code.is_empty()) {
        let known: Vec<&str> = OUTBOX_STATES.into_iter().map(OutboxState::code).collect();
        let remedy = || checked::FieldError::shape("state", format!("write one of {}", known.join(", ")));
        filter.state = Some(OutboxState::from_code(code).ok_or_else(remedy)?);
    }
    match channel.map(str::trim).filter(|word| !word.is_empty()) {
        None => {}
        Some("mail") => filter.way = Some(Way::Mail),
        Some("chat") => filter.way = Some(Way::Chat),
        Some(word) => filter.notifier = Some(super::notifiers::find(app, actor, word).await?.id),
    }
    if let Some(word) = recipient.map(str::trim).filter(|word| !word.is_empty()) {
        let mut recipients = vec![word.to_owned()];
        if word.contains('@') {
            let known = store::accounts::by_email(app.store.read(), word).await?;
            recipients.extend(known.map(|account| account.email));
        } else {
            let key = checked::fold(word);
            let all = store::accounts::list(app.store.read()).await?;
            let called = all.into_iter().filter(|account| checked::fold(&account.name) == key);
            recipients.extend(called.map(|account| account.email).take(100));
        }
        recipients.dedup();
        filter.recipients = Some(recipients);
    }
    Ok(filter)
}

/// One message, and what was tried of it, the latest first.
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<(OutboxMessage, Vec<Attempt>), ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let message = store::outbox::by_id(app.store.read(), id).await?.ok_or_else(|| missing(id))?;
    let attempts = store::outbox_attempts::of_message(app.store.read(), id, ATTEMPTS).await?;
    Ok((message, attempts))
}

fn missing(id: Uuid) -> ServiceError {
    ServiceError::NotFound(format!("message {id}"))
}

/// Messages that were sent as new in place of one, the newest first.
pub async fn again_of(app: &App, actor: &Actor, id: Uuid) -> Result<Vec<OutboxMessage>, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    Ok(store::outbox::again_of(app.store.read(), id).await?)
}

/// Sends the words of a message that the machine gave up (dead, unconfirmed or expired) as a new one: another Message-ID and
/// date, for readers whose mail program or server holds back what it took for a copy. The old one stays as it is, and cannot be
/// sent again. A digest says what is right when it goes, and nothing where nothing is left.
pub async fn send_as_new(app: &App, actor: &Actor, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || send_as_new_once(app.clone(), actor.clone(), id)).await
}

async fn send_as_new_once(app: App, actor: Actor, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    let tx = app.store.begin().await?;
    let old = given_up(&tx, id).await?;
    let now = app.now_millis();
    let new = in_place_of(&app, &old);
    if !store::outbox::insert(&tx, &new).await? {
        return Err(ServiceError::Conflict(format!("message {id} was sent as new already; see the newer one")));
    }
    store::reminders::carry_over(&tx, id, new.id).await?;
    store::outbox::carry_held(&tx, id, new.id).await?;
    let (subject, change) = (format!("outbox:{id}"), json!({"new": new.id, "message_id": new.message_id}));
    store::audit::insert(&tx, app.id(), now, &actor, "outbox.send_as_new", &subject, change).await?;
    tx.commit().await?;
    Ok(new)
}

/// A new message in the place of an older one, with the same words, another Message-ID and date.
pub(super) fn in_place_of(app: &App, old: &OutboxMessage) -> OutboxMessage {
    let now = app.now_millis();
    let (first, count) = old.dedupe_key.split_once(AGAIN).unwrap_or((&old.dedupe_key, "1"));
    let dedupe_key = format!("{first}{AGAIN}{}", count.parse::<u32>().unwrap_or(1).saturating_add(1));
    let lives = if old.notifier_id.is_some() { 1 } else { backoff::GIVE_UP_AFTER_DAYS };
    OutboxMessage {
        id: app.id(),
        message_id: outbox_mail::message_id(&dedupe_key, &app.mail_domain),
        dedupe_key,
        date_at: now,
        state: OutboxState::Pending,
        attempt: 0,
        unknowns: 0,
        not_before: now,
        expires_at: now + Duration::days(lives).num_milliseconds(),
        last_error: None,
        last_phase: None,
        // A digest is of the day that it was made for: another one may have gone since.
        created_at: if reminders::are_carried_by(&old.kind) { old.created_at } else { now },
        sent_at: None,
        again_of: Some(old.id),
        ..old.clone()
    }
}

/// How the key of a message goes on that was sent as new.
const AGAIN: &str = ":again";

/// A message that may be sent once more, locked; refused where its address is marked, and where another was sent in its place:
/// of those only the newest may go once more.
async fn given_up(tx: &Tx, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    let given_up = store::outbox::hold_given_up(tx, id).await?;
    let message = store::outbox::by_id(tx.conn(), id).await?.ok_or_else(|| missing(id))?;
    let stops = mail_stops::against(tx.conn(), &[&message.recipient]).await?;
    if message.notifier_id.is_none() && stops.iter().any(|(_, reason)| *reason == StopReason::Bounced) {
        let words = format!("the address {} is marked and gets no mail; clear it first", message.recipient);
        return Err(ServiceError::Conflict(words));
    }
    if !given_up {
        return Err(ServiceError::Conflict(format!(
            "a message that is {} cannot be sent again; only dead, unconfirmed and expired ones can",
            message.state.code()
        )));
    }
    if !store::outbox::again_of(tx.conn(), id).await?.is_empty() {
        return Err(ServiceError::Conflict(format!("message {id} was sent as new already; see the newer one")));
    }
    Ok(message)
}

/// Sends a message again that the machine gave up (dead, unconfirmed or expired), under the same Message-ID.
pub async fn requeue(app: &App, actor: &Actor, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || requeue_once(app.clone(), actor.clone(), id)).await
}

async fn requeue_once(app: App, actor: Actor, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    let tx = app.store.begin().await?;
    let message = given_up(&tx, id).await?;
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
    Ok(OutboxMessage { state: OutboxState::Pending, attempt: 0, not_before: now, expires_at, ..message })
}

/// Most messages that are sent again at once.
pub const REQUEUED_AT_ONCE: usize = 1_000;

/// Sends the messages of a filter again that the machine gave up, the newest first, at most [`REQUEUED_AT_ONCE`]; answers how many.
/// Those whose address is marked, and those that were sent as new, stay as they are.
pub async fn requeue_all(app: &App, actor: &Actor, filter: &OutboxFilter) -> Result<usize, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let states = [OutboxState::Dead, OutboxState::Unconfirmed, OutboxState::Expired];
    if filter.state.is_none_or(|state| !states.contains(&state)) {
        return Err(checked::FieldError::shape("state", "write dead, unconfirmed or expired").into());
    }
    let (mut sent, mut before) = (0, None);
    loop {
        let page = store::outbox::list(app.store.read(), filter, before, PAGE_LIMIT).await?;
        before = page.last().map(|message| message.id);
        for message in &page {
            match requeue(app, actor, message.id).await {
                Ok(_) => sent += 1,
                Err(ServiceError::Conflict(_) | ServiceError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
            if sent == REQUEUED_AT_ONCE {
                return Ok(sent);
            }
        }
        if u64::try_from(page.len()).is_ok_and(|count| count < PAGE_LIMIT) {
            return Ok(sent);
        }
    }
}

/// Takes a message back that is not on its way yet; the reminders that it carries are cancelled with it. Nothing is put in its place.
pub async fn cancel(app: &App, actor: &Actor, id: Uuid) -> Result<OutboxMessage, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let taken = store::outbox::cancel(&tx, id).await?;
            let message = store::outbox::by_id(tx.conn(), id).await?.ok_or_else(|| missing(id))?;
            if !taken {
                let words =
                    format!("a message that is {} cannot be cancelled; only waiting ones can", message.state.code());
                return Err(ServiceError::Conflict(words));
            }
            store::reminders::settle(&tx, id, LedgerState::Cancelled).await?;
            let subject = format!("outbox:{id}");
            let change = json!({"state": {"to": OutboxState::Cancelled.code()}});
            store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "outbox.cancel", &subject, change).await?;
            tx.commit().await?;
            Ok(message)
        }
    })
    .await
}

/// A notice as a message to an address.
pub(super) fn notice(
    app: &App,
    kind: NoticeKind,
    language: Language,
    recipient: (Option<Uuid>, String),
    dedupe_key: String,
    render: RenderNotice,
) -> Result<OutboxMessage, ServiceError> {
    let words =
        render(&Notice { language, kind, public_url: app.public_url.clone() }).map_err(ServiceError::Interrupted)?;
    let now = app.now_millis();
    Ok(outbox_mail::mail(app, NOTICE_KIND, dedupe_key, recipient, words, now, Duration::days(1)))
}

/// Puts a test mail to an address into the outbox; without one it goes to who asks. A running service sends it within half a
/// minute.
pub async fn test_mail(app: &App, actor: &Actor, to: Option<&str>) -> Result<OutboxMessage, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let own = match actor.account_id {
        Some(id) => store::accounts::by_id(app.store.read(), id).await?,
        None => None,
    };
    let to = match (to.map(str::trim).filter(|to| !to.is_empty()), &own) {
        (Some(to), _) => checked::email("to", to)?,
        (None, Some(own)) => own.email.clone(),
        (None, None) => return Err(checked::FieldError::shape("to", "give the address that the test goes to").into()),
    };
    let known = store::accounts::by_email(app.store.read(), &to).await?;
    let language = Language::from_code(known.as_ref().or(own.as_ref()).map_or("zh-CN", |account| &account.lang));
    let key = format!("test:{}", app.id());
    let message = notice(app, NoticeKind::Test, language, (known.map(|account| account.id), to), key, app.notice)?;
    let (app, actor, kept) = (app.clone(), actor.clone(), message.clone());
    retried(move || {
        let (app, actor, message) = (app.clone(), actor.clone(), kept.clone());
        async move {
            let tx = app.store.begin().await?;
            store::outbox::insert(&tx, &message).await?;
            let (subject, change) =
                (format!("outbox:{}", message.id), json!({"to": checked::masked_email(&message.recipient)}));
            store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "outbox.test", &subject, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok(message)
}

/// Removes messages that were over for longer than they are kept. The ledger of reminders stays. Answers how many.
pub(super) async fn remove_old(app: &App) -> Result<u64, ServiceError> {
    let now = app.now_millis();
    let done: &[OutboxState] = &[OutboxState::Sent, OutboxState::Cancelled, OutboxState::Superseded];
    let failed: &[OutboxState] = &[OutboxState::Dead, OutboxState::Unconfirmed, OutboxState::Expired];
    let mut removed = 0;
    for (states, days) in [(done, app.retention.mail_days), (failed, app.retention.failed_mail_days)] {
        let Some(before) = Retention::before(now, days) else { continue };
        while removed < REMOVED_AT_MOST {
            let app = app.clone();
            let now_removed = retried(move || {
                let app = app.clone();
                async move {
                    let tx = app.store.begin().await?;
                    let removed = store::outbox::remove(&tx, states, before, REMOVED_AT_ONCE).await?;
                    tx.commit().await?;
                    Ok(removed)
                }
            })
            .await?;
            removed += now_removed;
            if now_removed < REMOVED_AT_ONCE {
                break;
            }
        }
    }
    Ok(removed)
}
