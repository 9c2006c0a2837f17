//! The outbox: taking messages, looking at them once more, and noting how their sending went
//! (reliability study, sections 2.2 to 2.5).
//!
//! Words freeze with the first outcome that nobody knows. Before that no copy can be anywhere, so a digest is put into
//! words again right before it is sent, and says only what is still owed. Message-ID and Date never change.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Duration};
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    App, ServiceError, announcements,
    burn_warnings::{self, BURN_KIND},
    mail_acts, mail_stops, notifiers, outbox_admin,
    ports::{Delivery, MailWords, OutgoingChat, OutgoingMessage, RenderDigest},
    quiet_hours::{self, HELD_KIND, Stands},
    reminder_items,
    reminders::{self, DIGEST_KIND, GROUP_KIND, Refreshed, StillWanted},
    report_mailings::{self, REPORT_KIND},
    retry::retried,
    review_meetings::{self, INVITE_KIND},
    together::Together,
};
use crate::{
    domain::{
        chat::Rendered,
        delivery::{Fault, Outcome, Phase},
        reminder::{backoff, policy::Subject},
    },
    store::{
        self, Tx,
        mail_stops::StopReason,
        outbox::{Claim, Ending},
        outbox_attempts::Attempt,
        reminders::LedgerState,
    },
};

pub use crate::store::outbox::{OutboxMessage, OutboxState, Way};

/// Messages that one worker takes at once, per connection.
pub const BATCH: u64 = 10;

/// Seconds that a worker has from taking a message to the final dot.
const LEASE_SECONDS: i64 = 60;

/// Minutes that a worker has from the final dot to noting the outcome; longer than the wait for the reply.
const COMMIT_LEASE_MINUTES: i64 = 15;

/// Milliseconds that a digest waits longer than for the opening: the round that makes today's comes first, and takes its place.
const AFTER_THE_OPENING: i64 = 60_000;

/// Milliseconds until a message looks again whether the one that begins its conversation is there.
const AFTER_THE_FIRST: i64 = 2_000;

/// Messages that are tidied up at once.
const TIDIED_AT_ONCE: u64 = 200;

/// What the tasks of this process that send messages share.
#[derive(Debug, Default)]
pub struct Shared {
    looks: Together<Claimed, LastLook>,
    records: Together<Noted, bool>,
    /// The key that links of mails are signed with.
    pub(super) key: OnceCell<[u8; 32]>,
    /// The key that links to leave the list of a weekly mail are signed with.
    pub(super) unsubscribe_key: OnceCell<[u8; 32]>,
    /// Milliseconds: when a worker of this process began, or ended a round; 0 where none runs.
    pub(super) ticked: AtomicI64,
}

/// A message in the hands of this worker.
#[derive(Debug, Clone)]
pub struct Claimed {
    claim: Claim,
    /// Name of the worker.
    worker: String,
    /// Milliseconds.
    taken_at: i64,
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

/// An outcome on its way into the database.
#[derive(Debug, Clone)]
struct Noted {
    claim: Claim,
    carries_reminders: bool,
    ending: Ending,
    attempt: Attempt,
    /// An address that takes no mail for good.
    bounced: Option<(String, String)>,
    /// What became of the conversation that it belongs to.
    talk: Talk,
}

/// What a sending did to the conversation of its event.
#[derive(Debug, Clone)]
enum Talk {
    /// Nothing.
    Same,
    /// A message may begin it: notifier, event, what the tool calls it.
    Begun(Uuid, Uuid, String),
    /// It is gone: notifier, event.
    Gone(Uuid, Uuid),
}

impl Talk {
    fn of(message: &OutboxMessage, delivery: &Delivery) -> Self {
        match (message.notifier_id, announcements::event_of(message), delivery) {
            (Some(notifier), Some(event), Delivery::Posted(name)) => Self::Begun(notifier, event, name.clone()),
            (Some(notifier), Some(event), Delivery::ThreadGone(_)) => Self::Gone(notifier, event),
            _ => Self::Same,
        }
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
    /// Nothing goes to its address, which is marked; it is dead until people look.
    Marked,
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
    for (message, claim) in store::outbox::abandoned(app.store.read(), now, TIDIED_AT_ONCE).await? {
        let (fault, outcome, ending) = if message.state == OutboxState::Committing {
            let fault = Fault::new(Phase::Worker, "the worker stopped before it noted the outcome");
            let ending = after_unknown(app, &message, &fault);
            (fault, Outcome::Unknown, ending)
        } else {
            let fault = Fault::new(Phase::Worker, "the worker stopped before sending");
            let error = Some((fault.phase, fault.said()));
            (fault, Outcome::Unreachable, Ending { error, ..given_back(&message, None) })
        };
        let attempt = Attempt {
            id: app.id(),
            outbox_id: message.id,
            at: now,
            outcome,
            worker: String::new(),
            took_ms: 0,
            phase: Some(fault.phase),
            said: Some(fault.said()),
        };
        let carries_reminders = reminders::are_carried_by(&message.kind);
        let noted = Noted { claim, carries_reminders, ending, attempt, bounced: None, talk: Talk::Same };
        // A claim is of one state: what moved on meanwhile is left alone.
        let kept = note_all(app, vec![noted], &[message.state]).await?.contains(&true);
        if outcome == Outcome::Unknown {
            tidied.unknown += usize::from(kept);
        } else {
            tidied.recovered += usize::from(kept);
        }
    }
    let late = store::outbox::late(app.store.read(), now, TIDIED_AT_ONCE).await?;
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

/// Takes up to `most` messages of a way that are due. What another worker takes at the same time is left to it.
pub async fn claim(app: &App, way: Way, worker: &str, most: u64) -> Result<Vec<Claimed>, ServiceError> {
    let now = app.now_millis();
    if !store::outbox::is_due(app.store.read(), way, now).await? {
        return Ok(Vec::new());
    }
    let lease = LEASE_SECONDS * 1_000;
    let (task_app, token) = (app.clone(), app.id());
    let taken = retried(move || {
        let app = task_app.clone();
        async move {
            let tx = app.store.begin().await?;
            let taken = store::outbox::take(&tx, way, token, now, now + lease, most).await?;
            tx.commit().await?;
            Ok(taken)
        }
    })
    .await?;
    let claimed = |message: OutboxMessage| Claimed {
        claim: Claim { id: message.id, token },
        worker: worker.to_owned(),
        taken_at: now,
        begin_before: now + lease / 2,
        message,
    };
    Ok(taken.into_iter().map(claimed).collect())
}

/// Looks at a taken message once more: still wanted, in which words, and is this the hour for it?
pub async fn prepare(app: &App, claimed: &Claimed, render: RenderDigest) -> Result<Prepared, ServiceError> {
    let mut message = claimed.message.clone();
    if message.notifier_id.is_some() {
        return prepare_chat(app, claimed).await;
    }
    let stops = mail_stops::against(app.store.read(), &[&message.recipient]).await?;
    if stops.iter().any(|(_, reason)| *reason == StopReason::Bounced) {
        return marked(app, claimed).await;
    }
    let mut unsubscribe_url = None;
    let mut list = "notices";
    if message.kind == REPORT_KIND {
        list = "weekly-report";
        unsubscribe_url = report_mailings::still_wanted(app, app.store.read(), &message).await?;
        if unsubscribe_url.is_none() {
            return cancel(app, claimed).await;
        }
    }
    if message.kind == BURN_KIND && !burn_warnings::still_wanted(app.store.read(), &message).await? {
        return cancel(app, claimed).await;
    }
    if message.kind == INVITE_KIND {
        list = "reviews";
        if !review_meetings::still_wanted(app.store.read(), &message).await? {
            return withdraw(app, claimed).await;
        }
    }
    if message.kind == DIGEST_KIND {
        list = "reminders";
        if !stops.is_empty() {
            return cancel(app, claimed).await;
        }
        let Refreshed::Wanted { words, dropped, hidden, opens_at, thread } =
            reminders::refresh(app, &message, render).await?
        else {
            return cancel(app, claimed).await;
        };
        if let Some(opens_at) = opens_at {
            return postpone(app, claimed, opens_at + AFTER_THE_OPENING).await;
        }
        if hidden && message.unknowns > 0 {
            return send_anew(app, claimed, (words, thread), dropped).await;
        }
        let said = (&message.subject, &message.text, &message.html, &message.thread);
        if message.unknowns == 0 && said != (&words.subject, &words.text, &words.html, &thread) {
            let (task_app, claim, new, of) = (app.clone(), claimed.claim, words.clone(), thread.clone());
            let kept =
                retried(move || reword(task_app.clone(), claim, new.clone(), of.clone(), dropped.clone())).await?;
            if !kept {
                return Ok(Prepared::Lost);
            }
            (message.subject, message.text, message.html) = (words.subject, words.text, words.html);
            message.thread = thread;
        }
        let stranger = |id: &Uuid| reminder_items::is_stranger(*id, &message.recipient);
        if let Some(account) = message.recipient_id.filter(|id| !stranger(id)) {
            unsubscribe_url = Some(mail_acts::unsubscribe_url(app, account, message.date_at).await?);
        }
    }
    let date = DateTime::from_timestamp_millis(message.date_at).unwrap_or_default();
    Ok(Prepared::Ready(OutgoingMessage {
        message_id: message.message_id,
        recipient: message.recipient,
        subject: message.subject,
        text: message.text,
        html: message.html,
        list,
        unsubscribe_url,
        thread: message.thread,
        calendar: message.payload,
        date,
    }))
}

/// Milliseconds until a message is looked at again whose notifier cannot be opened.
const CLOSED_FOR: i64 = 600_000;

/// A message to a notifier: is it still wanted, and does the tool take one more now?
async fn prepare_chat(app: &App, claimed: &Claimed) -> Result<Prepared, ServiceError> {
    let message = &claimed.message;
    let Some(notifier) = notifiers::still_wanted(app, app.store.read(), message).await? else {
        return cancel(app, claimed).await;
    };
    if notifier.target.url.is_empty() {
        // What opens it cannot be read now; the operator is told by the log and by `fupan doctor`.
        let back = given_back(message, Some(app.now_millis() + CLOSED_FOR));
        let kept = end(app, claimed.claim, &[OutboxState::Claimed], back).await?;
        return Ok(if kept { Prepared::Postponed } else { Prepared::Lost });
    }
    if let Some(end) = quiet_hours::until(app, app.store.read(), &notifier, message).await? {
        if quiet_hours::waits_alone(message) {
            return postpone(app, claimed, end).await;
        }
        let held = quiet_hours::hold(app, claimed.claim, &notifier, end).await?;
        return Ok(if held { Prepared::Postponed } else { Prepared::Lost });
    }
    let mut body = message.payload.clone().unwrap_or_default();
    if message.kind == HELD_KIND {
        let Some(told) = quiet_hours::told(app, app.store.read(), &notifier, message).await? else {
            return cancel(app, claimed).await;
        };
        let (task_app, claim, fresh) = (app.clone(), claimed.claim, told.said.body.clone());
        let reworded = move || {
            let (app, subject, said, gone) =
                (task_app.clone(), told.subject.clone(), told.said.clone(), told.gone.clone());
            async move {
                let tx = app.store.begin().await?;
                let kept = store::outbox::reword_chat(&tx, claim, &subject, &said.text, &said.body).await?;
                store::outbox::let_go(&tx, &gone).await?;
                tx.commit().await?;
                Ok(kept)
            }
        };
        if !retried(reworded).await? {
            return Ok(Prepared::Lost);
        }
        body = fresh;
    }
    if message.kind == GROUP_KIND {
        let Some(now) = reminders::refresh_group(app, message, &notifier).await? else {
            return cancel(app, claimed).await;
        };
        if let Some(opens_at) = now.opens_at {
            return postpone(app, claimed, opens_at + AFTER_THE_OPENING).await;
        }
        let fresh = notifiers::said(&notifier, &now.said);
        // Words of which the reader saw a copy perhaps stay; what may not be told any more goes in any case.
        let may_change = message.unknowns == 0 || !now.dropped.is_empty();
        if may_change && (&fresh.body, &fresh.text) != (&body, &message.text) {
            let (task_app, claim, dropped) = (app.clone(), claimed.claim, now.dropped);
            let (subject, words) = (notifiers::subject_of(&now.said), fresh.clone());
            let reworded =
                move || reword_chat(task_app.clone(), claim, subject.clone(), words.clone(), dropped.clone());
            if !retried(reworded).await? {
                return Ok(Prepared::Lost);
            }
            body = fresh.body;
        }
    }
    let Some(place) = notifiers::place(app.store.read(), &notifier, message).await? else {
        return postpone(app, claimed, app.now_millis() + AFTER_THE_FIRST).await;
    };
    if let Some(room_from) = notifiers::take_room(app, &notifier).await? {
        return postpone(app, claimed, room_from).await;
    }
    Ok(Prepared::Chat(OutgoingChat {
        id: message.id,
        tool: notifier.fields.tool,
        target: notifier.target,
        body,
        at: app.now(),
        place,
    }))
}

async fn postpone(app: &App, claimed: &Claimed, until: i64) -> Result<Prepared, ServiceError> {
    let back = given_back(&claimed.message, Some(until));
    let kept = end(app, claimed.claim, &[OutboxState::Claimed], back).await?;
    Ok(if kept { Prepared::Postponed } else { Prepared::Lost })
}

/// A digest of which a copy may be out holds what its reader may not see any more: its words cannot change, so it ends here, and a
/// new one says what is left. What went may have come; its attempts say so.
async fn send_anew(
    app: &App,
    claimed: &Claimed,
    (words, thread): (MailWords, Option<String>),
    dropped: Vec<(Subject, Uuid)>,
) -> Result<Prepared, ServiceError> {
    let (app, claimed) = (app.clone(), claimed.clone());
    retried(move || {
        let (app, claimed, words) = (app.clone(), claimed.clone(), words.clone());
        let (thread, dropped) = (thread.clone(), dropped.clone());
        async move {
            let (tx, old) = (app.store.begin().await?, &claimed.message);
            let ending = Ending { state: OutboxState::Cancelled, ..given_back(old, None) };
            if !store::outbox::end(&tx, claimed.claim, &[OutboxState::Claimed], &ending).await? {
                tx.rollback().await?;
                return Ok(Prepared::Lost);
            }
            for item in dropped {
                store::reminders::settle_of(&tx, old.id, item, LedgerState::Cancelled).await?;
            }
            let new = outbox_admin::in_place_of(&app, old);
            let new = OutboxMessage { subject: words.subject, text: words.text, html: words.html, thread, ..new };
            if store::outbox::insert(&tx, &new).await? {
                store::reminders::carry_over(&tx, old.id, new.id).await?;
            } else {
                store::reminders::settle(&tx, old.id, LedgerState::Cancelled).await?;
            }
            tx.commit().await?;
            Ok(Prepared::Cancelled)
        }
    })
    .await
}

async fn reword_chat(
    app: App,
    claim: Claim,
    subject: String,
    words: Rendered,
    dropped: Vec<(Subject, Uuid)>,
) -> Result<bool, ServiceError> {
    let tx = app.store.begin().await?;
    if !store::outbox::reword_chat(&tx, claim, &subject, &words.text, &words.body).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    for item in dropped {
        store::reminders::settle_of(&tx, claim.id, item, LedgerState::Cancelled).await?;
    }
    tx.commit().await?;
    Ok(true)
}

async fn reword(
    app: App,
    claim: Claim,
    words: MailWords,
    thread: Option<String>,
    dropped: Vec<(Subject, Uuid)>,
) -> Result<bool, ServiceError> {
    let tx = app.store.begin().await?;
    if !store::outbox::reword(&tx, claim, &words.subject, &words.text, &words.html, thread.as_deref()).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    for item in dropped {
        store::reminders::settle_of(&tx, claim.id, item, LedgerState::Cancelled).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// The last check before the final dot: the message is still ours and still wanted, and from here on its outcome
/// counts as unknown until it is noted. An event that is done in a transaction committed before this one is not
/// reminded of (invariant I5). Messages that come here at the same time share a transaction.
pub async fn commit_to_send(app: &App, claimed: &Claimed) -> Result<LastLook, ServiceError> {
    let look = |all: Vec<Claimed>| {
        let app = app.clone();
        retried(move || look_last(app.clone(), all.clone()))
    };
    app.outbox.looks.run(claimed.clone(), look).await
}

async fn look_last(app: App, all: Vec<Claimed>) -> Result<Vec<LastLook>, ServiceError> {
    let tx = app.store.begin().await?;
    let now = app.now_millis();
    let lease_until = now + COMMIT_LEASE_MINUTES * 60_000;
    let mut looks = Vec::with_capacity(all.len());
    for claimed in &all {
        let ours = store::outbox::to_committing(&tx, claimed.claim, now, lease_until).await?;
        looks.push(if ours { LastLook::GoOn } else { LastLook::Lost });
    }
    // The rows are locked now: a change that withdraws a message either was committed before and is seen here,
    // or waits and finds it on its way.
    let Found { unwanted, changed } = unwanted(&app, &tx, &all).await?;
    for (claimed, look) in all.iter().zip(&mut looks) {
        let id = claimed.message.id;
        if *look == LastLook::GoOn && changed.contains(&id) {
            let back = given_back(&claimed.message, None);
            store::outbox::end(&tx, claimed.claim, &[OutboxState::Committing], &back).await?;
            *look = LastLook::Lost;
        }
        if *look == LastLook::GoOn && unwanted.contains(&id) {
            let ending = Ending { state: OutboxState::Cancelled, ..given_back(&claimed.message, None) };
            store::outbox::end(&tx, claimed.claim, &[OutboxState::Committing], &ending).await?;
            store::reminders::settle(&tx, id, LedgerState::Cancelled).await?;
            if claimed.message.kind == INVITE_KIND {
                review_meetings::withdraw_in_silence(&app, &tx, &claimed.message).await?;
            }
            *look = LastLook::Unwanted;
        }
    }
    tx.commit().await?;
    Ok(looks)
}

/// What the last look found.
struct Found {
    /// Messages that nobody needs any more.
    unwanted: BTreeSet<Uuid>,
    /// Messages that hold what their readers may not see since a moment: they are looked at once more.
    changed: BTreeSet<Uuid>,
}

async fn unwanted(app: &App, tx: &Tx, all: &[Claimed]) -> Result<Found, ServiceError> {
    let digests: Vec<&OutboxMessage> =
        all.iter().map(|one| &one.message).filter(|message| reminders::are_carried_by(&message.kind)).collect();
    let mut unwanted: BTreeSet<Uuid> = digests.iter().map(|message| message.id).collect();
    let StillWanted { wanted, changed } = reminders::still_wanted(app, tx.conn(), &digests).await?;
    for wanted in wanted {
        unwanted.remove(&wanted);
    }
    let mut changed = changed;
    for Claimed { message, .. } in all {
        if message.kind == HELD_KIND && matches!(quiet_hours::stands(app, tx.conn(), message).await?, Stands::InPart) {
            changed.insert(message.id);
        }
        let wanted = match message.kind.as_str() {
            _ if message.notifier_id.is_some() => notifiers::still_wanted(app, tx.conn(), message).await?.is_some(),
            REPORT_KIND => report_mailings::still_wanted(app, tx.conn(), message).await?.is_some(),
            BURN_KIND => burn_warnings::still_wanted(tx.conn(), message).await?,
            INVITE_KIND => review_meetings::still_wanted(tx.conn(), message).await?,
            _ => true,
        };
        if !wanted {
            unwanted.insert(message.id);
        }
    }
    Ok(Found { unwanted, changed })
}

/// Notes how a sending went; answers the state that follows, or none when the claim was lost meanwhile.
/// `unreachable_in_a_row` counts this worker's vain tries to use the mail server, this one included. Outcomes that come at
/// the same time share a transaction.
pub async fn record(
    app: &App,
    claimed: &Claimed,
    delivery: &Delivery,
    unreachable_in_a_row: u32,
) -> Result<Option<OutboxState>, ServiceError> {
    let message = &claimed.message;
    let now = app.now_millis();
    let unchanged = given_back(message, None);
    let said = |fault: &Fault| Some((fault.phase, fault.said()));
    let ending = match delivery {
        Delivery::Accepted | Delivery::Posted(_) => {
            Ending { state: OutboxState::Sent, sent_at: Some(now), ..unchanged }
        }
        Delivery::Refused(fault) => {
            Ending { state: OutboxState::Dead, attempt: message.attempt + 1, error: said(fault), ..unchanged }
        }
        Delivery::RefusedForNow(fault) | Delivery::ThreadGone(fault) => Ending {
            attempt: message.attempt + 1,
            not_before: Some(later(app, backoff::after_failure(message.attempt + 1))),
            error: said(fault),
            ..unchanged
        },
        Delivery::TooFast(fault, seconds) => {
            let wait = backoff::after_failure(message.attempt + 1);
            let asked = Duration::seconds(i64::try_from(*seconds).unwrap_or(86_400));
            Ending {
                attempt: message.attempt + 1,
                not_before: Some(later(app, wait).max(now + asked.num_milliseconds())),
                error: said(fault),
                ..unchanged
            }
        }
        Delivery::Unreachable(fault) => Ending {
            not_before: Some(later(app, backoff::while_unreachable(unreachable_in_a_row))),
            error: said(fault),
            ..unchanged
        },
        Delivery::Unknown(fault) => after_unknown(app, message, fault),
    };
    let state = ending.state;
    let (outcome, fault) = delivery.outcome();
    let attempt = Attempt {
        id: app.id(),
        outbox_id: message.id,
        at: now,
        outcome,
        worker: claimed.worker.clone(),
        took_ms: (now - claimed.taken_at).max(0),
        phase: fault.map(|fault| fault.phase),
        said: fault.map(Fault::said),
    };
    let bounced = fault.filter(|fault| fault.is_bounce()).map(|fault| (message.recipient.clone(), fault.said()));
    let carries_reminders = reminders::are_carried_by(&message.kind);
    let noted =
        Noted { claim: claimed.claim, carries_reminders, ending, attempt, bounced, talk: Talk::of(message, delivery) };
    let note = |all: Vec<Noted>| note_all(app, all, &[OutboxState::Claimed, OutboxState::Committing]);
    let kept = app.outbox.records.run(noted, note).await?;
    if let (Delivery::TooFast(_, seconds), Some(group)) = (delivery, message.notifier_id) {
        notifiers::leave_alone(app, group, *seconds).await?;
    }
    Ok(kept.then_some(state))
}

/// Ends claims that stand in one of `from`, in one transaction; false for each that was lost.
async fn note_all(app: &App, all: Vec<Noted>, from: &[OutboxState]) -> Result<Vec<bool>, ServiceError> {
    let (app, from) = (app.clone(), from.to_vec());
    retried(move || note_all_once(app.clone(), all.clone(), from.clone())).await
}

async fn note_all_once(app: App, all: Vec<Noted>, from: Vec<OutboxState>) -> Result<Vec<bool>, ServiceError> {
    let tx = app.store.begin().await?;
    let (mut kept, mut attempts) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    for noted in all {
        let ended = end_in(&tx, noted.claim, &from, &noted.ending, noted.carries_reminders).await?;
        kept.push(ended);
        if !ended {
            continue;
        }
        if let Some((address, said)) = noted.bounced {
            mail_stops::bounced(&app, &tx, &address, &said, noted.claim.id).await?;
        }
        match noted.talk {
            Talk::Same => {}
            Talk::Begun(notifier, event, name) => {
                store::chat_threads::begin(&tx, notifier, event, &name, app.now_millis()).await?;
            }
            Talk::Gone(notifier, event) => store::chat_threads::forget(&tx, notifier, event).await?,
        }
        attempts.push(noted.attempt);
    }
    store::outbox_attempts::insert_all(&tx, attempts).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Gives messages back as they were; others may take them at once.
pub async fn give_back(app: &App, claimed: &[Claimed]) -> Result<(), ServiceError> {
    if claimed.is_empty() {
        return Ok(());
    }
    let (app, claimed) = (app.clone(), claimed.to_vec());
    retried(move || {
        let (app, claimed) = (app.clone(), claimed.clone());
        async move {
            let tx = app.store.begin().await?;
            for one in &claimed {
                let back = given_back(&one.message, None);
                store::outbox::end(&tx, one.claim, &[OutboxState::Claimed], &back).await?;
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Gives a message back for later.
pub async fn put_off(app: &App, claimed: &Claimed, until: i64) -> Result<(), ServiceError> {
    end(app, claimed.claim, &[OutboxState::Claimed], given_back(&claimed.message, Some(until))).await?;
    Ok(())
}

/// Notes that a worker of this process begins, or has ended a round.
pub fn tick(app: &App) {
    app.outbox.ticked.store(app.now_millis(), Ordering::Relaxed);
}

/// Milliseconds since the epoch: when a worker of this process began, or ended its last round; none where none runs.
pub fn ticked(app: &App) -> Option<i64> {
    Some(app.outbox.ticked.load(Ordering::Relaxed)).filter(|at| *at > 0)
}

/// Milliseconds since the mail that waits longest could have gone; none where none may go now.
pub async fn waited(app: &App) -> Result<Option<i64>, ServiceError> {
    let now = app.now_millis();
    Ok(store::outbox::oldest_due(app.store.read(), Some(Way::Mail), now).await?.map(|since| now - since))
}

/// How many mails are still to be sent, now or later. For the worker's report.
pub async fn count_pending(app: &App) -> Result<usize, ServiceError> {
    let pending = store::outbox::count_pending(app.store.read(), Way::Mail).await?;
    Ok(usize::try_from(pending).unwrap_or_default())
}

async fn cancel(app: &App, claimed: &Claimed) -> Result<Prepared, ServiceError> {
    let ending = Ending { state: OutboxState::Cancelled, ..given_back(&claimed.message, None) };
    let kept = end(app, claimed.claim, &[OutboxState::Claimed], ending).await?;
    Ok(if kept { Prepared::Cancelled } else { Prepared::Lost })
}

/// The same of an invitation; a withdrawal whose reader may not hear of the event any more is said in silence.
async fn withdraw(app: &App, claimed: &Claimed) -> Result<Prepared, ServiceError> {
    let (app, claimed) = (app.clone(), claimed.clone());
    retried(move || {
        let (app, claimed) = (app.clone(), claimed.clone());
        async move {
            let tx = app.store.begin().await?;
            let ending = Ending { state: OutboxState::Cancelled, ..given_back(&claimed.message, None) };
            if !end_in(&tx, claimed.claim, &[OutboxState::Claimed], &ending, false).await? {
                tx.rollback().await?;
                return Ok(Prepared::Lost);
            }
            review_meetings::withdraw_in_silence(&app, &tx, &claimed.message).await?;
            tx.commit().await?;
            Ok(Prepared::Cancelled)
        }
    })
    .await
}

/// Nothing goes to a marked address: people see the message among the dead ones, and send it again once the mark is gone.
async fn marked(app: &App, claimed: &Claimed) -> Result<Prepared, ServiceError> {
    let error = Some((Phase::Marked, "the address is marked; clear it first".to_owned()));
    let ending = Ending { state: OutboxState::Dead, error, ..given_back(&claimed.message, None) };
    let kept = end(app, claimed.claim, &[OutboxState::Claimed], ending).await?;
    Ok(if kept { Prepared::Marked } else { Prepared::Lost })
}

/// Ends a claim, and with it the reminders that the message carries.
async fn end(app: &App, claim: Claim, from: &'static [OutboxState], ending: Ending) -> Result<bool, ServiceError> {
    let app = app.clone();
    retried(move || {
        let (app, ending) = (app.clone(), ending.clone());
        async move {
            let tx = app.store.begin().await?;
            let ended = end_in(&tx, claim, from, &ending, true).await?;
            tx.commit().await?;
            Ok(ended)
        }
    })
    .await
}

async fn end_in(
    tx: &Tx,
    claim: Claim,
    from: &[OutboxState],
    ending: &Ending,
    carries_reminders: bool,
) -> Result<bool, ServiceError> {
    if !store::outbox::end(tx, claim, from, ending).await? {
        return Ok(false);
    }
    if carries_reminders {
        match ending.state {
            OutboxState::Sent => store::reminders::settle(tx, claim.id, LedgerState::Sent).await?,
            OutboxState::Cancelled => store::reminders::settle(tx, claim.id, LedgerState::Cancelled).await?,
            _ => 0,
        };
    }
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

fn after_unknown(app: &App, message: &OutboxMessage, fault: &Fault) -> Ending {
    let unknowns = message.unknowns + 1;
    let wait = backoff::after_unknown(unknowns);
    Ending {
        state: if wait.is_some() { OutboxState::Pending } else { OutboxState::Unconfirmed },
        not_before: wait.map(|wait| later(app, wait)),
        attempt: message.attempt,
        unknowns,
        error: Some((fault.phase, fault.said())),
        sent_at: None,
    }
}

/// `wait` from now, with jitter, in milliseconds since the epoch.
fn later(app: &App, wait: Duration) -> i64 {
    let [random, ..] = app.ids.secret();
    app.now_millis() + backoff::jittered(wait, random).num_milliseconds()
}
