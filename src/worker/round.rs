//! One round of the worker: plan → claim → send → record, until nothing is due.

use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::OnceLock,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt as _, StreamExt as _};
use uuid::Uuid;

use super::ramp::Ramp;
use crate::{
    domain::delivery::{Fault, Phase},
    notify::{
        chat,
        mail::{burn_words, digest_words, report_words},
    },
    service::{
        App, ServiceError, announcements,
        audit_chain::{self, Reach},
        burn_warnings, calendars, dips, event_costs, mail_stops,
        outbox::{self, Claimed, LastLook, OutboxState, Prepared, Way},
        ports::{Delivery, LastCheck, OutgoingChat, OutgoingMessage, Transport},
        reminders,
        replicas::{self, InStep},
        report_mailings, sample_codes, sample_retention, samples, sources,
    },
};

/// How long the note of an outcome is tried; less than the lease that guards it.
const MOST_WAIT: Duration = Duration::from_secs(14 * 60);

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoundReport {
    /// Digests put into the outbox.
    pub planned: usize,
    /// Reminders in them.
    pub reminders: usize,
    /// Older digests that they took the place of.
    pub superseded: usize,
    /// Weekly reports put into the outbox, one per recipient.
    pub report_mails: usize,
    /// Weekly mails that wait for their week to be published.
    pub report_waiting: usize,
    /// Weekly mails that were left out, because their time was over for days.
    pub report_skipped: usize,
    /// When the slot for reminders opens, where it is closed now.
    pub opens_at: Option<DateTime<Utc>>,
    /// Taken by the mail server.
    pub sent: usize,
    /// No longer wanted, so not sent.
    pub cancelled: usize,
    /// Put off to the next slot, because it is night or a day off.
    pub postponed: usize,
    /// Refused for now; tried again later.
    pub refused_for_now: usize,
    /// Refused for good, or to a marked address; on the outbox page.
    pub dead: usize,
    /// Nobody knows whether it arrived; tried again later, or on the outbox page after several times.
    pub unknown: usize,
    /// The mail server could not be used; does not count as an attempt.
    pub unreachable: usize,
    /// Given up because it could not be delivered in time.
    pub expired: usize,
    /// Claims that another worker took over meanwhile.
    pub lost: usize,
    /// Messages that are still to be sent: later, or when a mail server is set and can be used.
    pub waiting: usize,
    /// The last words of the mail server that were not a yes; they may hold addresses and stay out of the log.
    pub last_problem: Option<String>,
    /// Where that was, and the server's code: what the log says.
    pub last_place: Option<String>,
    /// Milliseconds that the clock of this machine is ahead of the database's, where that is too much: nothing was done.
    pub clock_off: Option<i64>,
    /// So many mails that waited for long may go a little later: a server that was away is not flooded.
    pub slowed: bool,
    /// Parts of the round, and messages, that failed in this program; the log says why.
    pub failed: usize,
    /// Messages that groups took.
    pub told: usize,
    /// Messages that a group refused, for now or for good, or of which nobody knows.
    pub untold: usize,
}

impl RoundReport {
    /// Adds what became of messages.
    fn add(&mut self, done: Self) {
        self.sent += done.sent;
        self.cancelled += done.cancelled;
        self.postponed += done.postponed;
        self.refused_for_now += done.refused_for_now;
        self.dead += done.dead;
        self.unknown += done.unknown;
        self.unreachable += done.unreachable;
        self.lost += done.lost;
        self.failed += done.failed;
        self.last_problem = done.last_problem.or(self.last_problem.take());
        self.last_place = done.last_place.or(self.last_place.take());
    }
}

/// Vain tries in a row after which the mail server is left alone for a while (reliability study, section 2.4).
const VAIN_TRIES: u32 = 5;

/// Whether the mail server answers: counts this worker's vain tries in a row, over all messages.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    vain: AtomicU32,
    /// Where a worker runs on, it begins slowly after an outage.
    ramp: Option<Ramp>,
}

impl Breaker {
    /// The one of a worker that runs on.
    pub(super) fn lasting() -> Self {
        Self { ramp: Some(Ramp::default()), ..Self::default() }
    }

    /// Nothing more is sent in this round.
    pub(super) fn is_open(&self) -> bool {
        self.in_a_row() >= VAIN_TRIES
    }

    /// How often the pause came, where it is open.
    pub(super) fn pauses(&self) -> u32 {
        self.in_a_row().saturating_sub(VAIN_TRIES - 1)
    }

    fn in_a_row(&self) -> u32 {
        self.vain.load(Ordering::Relaxed)
    }

    /// One message probes whether the server is back; a vain try more opens it again.
    fn half_open(&self) -> bool {
        self.is_open()
    }

    fn vain(&self) -> u32 {
        self.vain.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    fn answered(&self) {
        self.vain.store(0, Ordering::Relaxed);
    }
}

/// One round, for `fupan worker --once`. Without a transport reminders are planned, and messages wait.
pub async fn run_once(app: &App, transport: Option<&dyn Transport>, worker: &str) -> Result<RoundReport, ServiceError> {
    let app = &match replicas::in_step(app).await? {
        InStep::Yes(app, _) => *app,
        InStep::No(off) => return Ok(RoundReport { clock_off: Some(off), ..RoundReport::default() }),
    };
    let mut report = round(app, transport, worker, &|| false, &Breaker::default()).await?;
    let told = tell_groups(app, &|| false).await?;
    (report.told, report.untold) = (told.told, told.untold);
    report.failed += told.failed;
    sources::pull_due(app).await?;
    Ok(report)
}

/// One round. `stopping` is asked before each message: where it says yes, the rest is given back.
pub(super) async fn round(
    app: &App,
    transport: Option<&dyn Transport>,
    worker: &str,
    stopping: &(dyn Fn() -> bool + Sync),
    breaker: &Breaker,
) -> Result<RoundReport, ServiceError> {
    let mut report = RoundReport::default();
    let failed = &mut report.failed;
    let moved = step(worker, failed, "due dates", calendars::keep_up(app)).await;
    if moved > 0 {
        tracing::info!(worker, moved, "due dates follow the changed calendar");
    }
    let plan = step(worker, failed, "reminders", reminders::plan(app, digest_words)).await;
    step(worker, failed, "overdue postmortems", announcements::tell_overdue(app)).await;
    let mailings = step(worker, failed, "weekly mails", report_mailings::plan(app, report_words)).await;
    // Before the mails go out: what burns is told in this round.
    if !stopping() {
        step(worker, failed, "error budgets", burn_warnings::watch(app, burn_words)).await;
    }
    step(worker, failed, "marked addresses", mail_stops::tell(app)).await;
    let tidied = step(worker, failed, "what was left behind", outbox::tidy(app)).await;
    (report.planned, report.reminders, report.superseded) = (plan.digests, plan.reminders, plan.superseded);
    (report.report_mails, report.report_waiting) = (mailings.messages, mailings.waiting);
    (report.report_skipped, report.opens_at) = (mailings.skipped, plan.opens_at);
    (report.expired, report.unknown) = (tidied.expired, tidied.unknown);
    if let Some(transport) = transport {
        let mut sending = RoundReport::default();
        let sent = send_due(app, transport, worker, stopping, breaker, &mut sending);
        step(worker, &mut report.failed, "sending", sent).await;
        report.slowed = sending.slowed;
        report.add(sending);
    }
    // Readings are exact without these, so that they may fail without harm.
    let failed = &mut report.failed;
    if !stopping() {
        step(worker, failed, "packing of samples", samples::tidy(app)).await;
    }
    if !stopping() {
        step(worker, failed, "classes of samples", sample_codes::class_anew(app)).await;
    }
    if !stopping() {
        step(worker, failed, "costs of events", event_costs::refresh(app)).await;
    }
    if !stopping() {
        step(worker, failed, "dips of samples", dips::watch(app)).await;
    }
    if !stopping() {
        let hours = step(worker, failed, "removal of old samples", sample_retention::remove_old(app)).await;
        if hours > 0 {
            tracing::info!(worker, hours, "packed hours that are older than the policy says are removed");
        }
    }
    let chained = step(worker, failed, "chain of the audit log", audit_chain::chain(app, Reach::Recent)).await;
    if chained.refused > 0 {
        tracing::error!(worker, refused = chained.refused, "audit entries that this service did not write");
    }
    report.waiting = outbox::count_pending(app).await?;
    if report.waiting > 0 || report.sent > 0 {
        tracing::info!(worker, sent = report.sent, waiting = report.waiting, "outbox");
    }
    Ok(report)
}

/// What a part of a round came to. One that fails, or panics, is logged and tried again in the next round; it keeps no other part
/// from being done.
async fn step<T: Default>(
    worker: &str,
    failed: &mut usize,
    part: &'static str,
    work: impl Future<Output = Result<T, ServiceError>>,
) -> T {
    match AssertUnwindSafe(Box::pin(work)).catch_unwind().await {
        Ok(Ok(done)) => return done,
        Ok(Err(error)) => {
            tracing::error!(worker, part, %error, "a part of the round failed; the next round tries again");
        }
        // Where the panic was is logged by its hook.
        Err(_) => tracing::error!(worker, part, "a part of the round panicked; the next round tries again"),
    }
    *failed += 1;
    T::default()
}

/// Milliseconds until a message is tried again that failed in this program.
const MENDED_AFTER: i64 = 300_000;

/// Sends one message. Where that fails in this program and not at the other side, the message waits, and others go on.
async fn apart(
    app: &App,
    transport: Option<&dyn Transport>,
    claimed: &Claimed,
    breaker: &Breaker,
) -> Result<RoundReport, ServiceError> {
    let id = claimed.message.id;
    match AssertUnwindSafe(Box::pin(deliver(app, transport, claimed, breaker))).catch_unwind().await {
        Ok(Ok(report)) => return Ok(report),
        Ok(Err(error)) => tracing::error!(message = %id, %error, "a message cannot be sent; it is tried again later"),
        Err(_) => tracing::error!(message = %id, "a panic at a message; it is tried again later"),
    }
    // One that may be out stays claimed: its outcome is unknown.
    outbox::put_off(app, claimed, app.now_millis() + MENDED_AFTER).await?;
    Ok(RoundReport { failed: 1, ..RoundReport::default() })
}

/// Sends mails until none is due, the server cannot be used, or the worker stops; as many at once as there are connections.
async fn send_due(
    app: &App,
    transport: &dyn Transport,
    worker: &str,
    stopping: &(dyn Fn() -> bool + Sync),
    breaker: &Breaker,
    report: &mut RoundReport,
) -> Result<(), ServiceError> {
    let connections = transport.connections().max(1);
    let batch_size = outbox::BATCH * connections as u64;
    let mut outcome = Ok(());
    if let Some(ramp) = &breaker.ramp {
        ramp.look(outbox::waited(app).await?, app.now_millis());
    }
    let mut probing = breaker.half_open();
    while outcome.is_ok() && !stopping() && (probing || !breaker.is_open()) {
        let room = breaker.ramp.as_ref().and_then(|ramp| ramp.room(app.now_millis()));
        if room == Some(0) {
            report.slowed = true;
            break;
        }
        let most = if probing { 1 } else { batch_size.min(room.unwrap_or(u64::MAX)) };
        let batch = outbox::claim(app, Way::Mail, worker, most).await?;
        if batch.is_empty() {
            break;
        }
        if let Some(ramp) = &breaker.ramp {
            ramp.went(batch.len() as u64);
        }
        let probe = std::mem::take(&mut probing);
        let one = |claimed: Claimed| async move {
            // With too little of the lease left the message is claimed again, with a new lease.
            if stopping() || !probe && breaker.is_open() || !claimed.may_begin(app) {
                return Ok((RoundReport::default(), Some(claimed)));
            }
            apart(app, Some(transport), &claimed, breaker).await.map(|done| (done, None))
        };
        let mut left = Vec::new();
        let mut going = futures_util::stream::iter(batch).map(one).buffer_unordered(connections);
        while let Some(done) = going.next().await {
            match done {
                Ok((done, back)) => {
                    report.add(done);
                    left.extend(back);
                }
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        drop(going);
        outbox::give_back(app, &left).await?;
    }
    if let Some(ramp) = breaker.ramp.as_ref().filter(|_| breaker.is_open()) {
        ramp.again(app.now_millis());
    }
    transport.rest().await;
    outcome
}

/// Milliseconds until a group is tried again that did not take a message.
const TRIED_AGAIN: i64 = 30_000;

/// Messages to notifiers that are due. They need no mail server, and wait for none; a group that does not answer is left alone for
/// the rest of the pass.
pub(super) async fn tell_groups(app: &App, stopping: &(dyn Fn() -> bool + Sync)) -> Result<RoundReport, ServiceError> {
    let mut report = RoundReport::default();
    let mut silent: HashSet<Uuid> = HashSet::new();
    // A group that cannot be reached is the message's own matter: no breaker stops the others.
    let breaker = Breaker::default();
    while !stopping() {
        let batch = outbox::claim(app, Way::Chat, "groups", outbox::BATCH).await?;
        if batch.is_empty() {
            break;
        }
        let mut left = Vec::new();
        for claimed in batch {
            let group = claimed.message.notifier_id;
            if group.is_some_and(|group| silent.contains(&group)) {
                outbox::put_off(app, &claimed, app.now_millis() + TRIED_AGAIN).await?;
            } else if !stopping() && claimed.may_begin(app) {
                let done = apart(app, None, &claimed, &breaker).await?;
                silent.extend(group.filter(|_| done.refused_for_now + done.unknown > 0));
                report.add(done);
            } else {
                left.push(claimed);
            }
        }
        outbox::give_back(app, &left).await?;
    }
    report.told = report.sent;
    report.untold = report.refused_for_now + report.dead + report.unknown;
    Ok(report)
}

/// What is handed over.
enum Parcel {
    Mail(OutgoingMessage),
    Chat(OutgoingChat),
}

/// Sends one message and notes how it went.
async fn deliver(
    app: &App,
    transport: Option<&dyn Transport>,
    claimed: &Claimed,
    breaker: &Breaker,
) -> Result<RoundReport, ServiceError> {
    let id = claimed.message.id;
    let mut report = RoundReport::default();
    let parcel = match outbox::prepare(app, claimed, digest_words).await? {
        Prepared::Ready(message) => Parcel::Mail(message),
        Prepared::Chat(message) => Parcel::Chat(message),
        Prepared::Cancelled => {
            report.cancelled += 1;
            return Ok(report);
        }
        Prepared::Marked => {
            report.dead += 1;
            return Ok(report);
        }
        Prepared::Postponed => {
            report.postponed += 1;
            return Ok(report);
        }
        Prepared::Lost => {
            report.lost += 1;
            return Ok(report);
        }
    };
    let checked: OnceLock<LastLook> = OnceLock::new();
    let last_check: LastCheck<'_> = Box::new(|| {
        Box::pin(async {
            let look = outbox::commit_to_send(app, claimed).await.unwrap_or_else(|error| {
                tracing::error!(message = %id, %error, "the last check failed; the message is not sent");
                LastLook::Lost
            });
            *checked.get_or_init(|| look) == LastLook::GoOn
        })
    });
    let delivery = match (&parcel, transport) {
        (Parcel::Mail(message), Some(transport)) => transport.send(message, last_check).await,
        (Parcel::Mail(_), None) => Some(Delivery::Unreachable(Fault::new(Phase::Connect, "no mail server is set"))),
        (Parcel::Chat(message), _) => chat::send(app.outgoing.as_ref(), message, last_check).await,
    };
    let Some(delivery) = delivery else {
        match checked.get() {
            Some(LastLook::Unwanted) => report.cancelled += 1,
            _ => report.lost += 1,
        }
        return Ok(report);
    };
    let in_a_row = match &delivery {
        Delivery::Unreachable(_) => breaker.vain(),
        Delivery::Unknown(_) => 0,
        _ => {
            breaker.answered();
            0
        }
    };
    let Some(state) = note(app, claimed, &delivery, in_a_row.saturating_sub(VAIN_TRIES - 1).max(1)).await? else {
        tracing::warn!(message = %id, "another worker took the message over before the outcome was noted");
        report.lost += 1;
        return Ok(report);
    };
    let fault = delivery.outcome().1.cloned();
    // What the other side answered often holds the address: it is kept with the message, not in the log.
    if fault.is_some() {
        tracing::info!(message = %id, state = state.code(), "outbox message");
    }
    *match delivery {
        Delivery::Accepted | Delivery::Posted(_) => &mut report.sent,
        Delivery::RefusedForNow(_) | Delivery::TooFast(..) | Delivery::ThreadGone(_) => &mut report.refused_for_now,
        Delivery::Refused(_) => &mut report.dead,
        Delivery::Unreachable(_) => &mut report.unreachable,
        Delivery::Unknown(_) => &mut report.unknown,
    } += 1;
    report.last_place = fault.as_ref().map(|fault| {
        let code = fault.code.map(|code| format!(" {code}")).unwrap_or_default();
        format!("{}{code}", fault.phase.code())
    });
    report.last_problem = fault.map(|fault| fault.to_string());
    Ok(report)
}

/// Notes an outcome. With the database away it is tried until the lease of the outcome ends, and nothing else is sent
/// meanwhile (reliability study, section 2.4, step 4).
async fn note(
    app: &App,
    claimed: &Claimed,
    delivery: &Delivery,
    unreachable_in_a_row: u32,
) -> Result<Option<OutboxState>, ServiceError> {
    let mut wait = Duration::from_secs(1);
    let mut waited = Duration::ZERO;
    loop {
        match outbox::record(app, claimed, delivery, unreachable_in_a_row).await {
            Err(error) if waited < MOST_WAIT => {
                tracing::error!(message = %claimed.message.id, %error, "the outcome of a mail cannot be noted yet");
                tokio::time::sleep(wait).await;
                waited += wait;
                wait = (wait * 2).min(Duration::from_secs(30));
            }
            outcome => return outcome,
        }
    }
}
