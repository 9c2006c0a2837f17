//! The worker of a running service: a round every 30 s or when woken, until it is told to stop.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;
use tokio::sync::{Notify, watch};

use super::round::{Breaker, round};
use crate::{
    domain::reminder::backoff,
    service::{
        App, housekeeping, outbox,
        ports::{Reference, Transport},
        replicas::{self, InStep, Replica},
        token_ends,
    },
};

/// Seconds between two rounds, ±20 %. What a round does follows from stored facts, so none is lost by coming late.
const EVERY_SECONDS: i64 = 30;

/// Milliseconds between two housekeepings.
const HOUSEKEEPING_EVERY: i64 = 3_600_000;

/// A worker's parts.
#[derive(Clone)]
pub struct Worker {
    /// The product.
    pub app: App,
    /// The way out; without one reminders are planned and messages wait.
    pub transport: Option<Arc<dyn Transport>>,
    /// Name in the log.
    pub name: String,
    /// Name of the machine.
    pub host: String,
    /// Starts a round at once.
    pub wake: Arc<Notify>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Between two rounds while what waited for long goes slowly.
const SLOWED: Duration = Duration::from_secs(1);

/// A clock that went so much further than the time that passed was set, or the machine slept.
const JUMP: Duration = Duration::from_mins(10);

/// What a worker remembers from round to round.
#[derive(Debug)]
struct Memory {
    /// Its row among the workers that run.
    replica: Replica,
    /// What the clock of this machine said when, where nothing else shows whether it is right.
    clock: Option<(i64, Instant)>,
    /// Nothing is done before: the clock jumped.
    held_until: Option<Instant>,
    /// It was said that the clock is off.
    said_clock_off: bool,
    /// What waited for long goes slowly.
    slowed: bool,
    /// Whether the mail server answers.
    breaker: Breaker,
    /// Milliseconds: nothing is sent before.
    paused_until: i64,
    /// Milliseconds: the next housekeeping.
    housekeeping_at: i64,
    /// It was said that there is no mail server.
    said_no_transport: bool,
}

/// Runs until `stop` becomes true or its sender is gone. A mail whose sending has begun is finished and noted first;
/// other claimed mails are given back.
pub async fn run(worker: Worker, mut stop: watch::Receiver<bool>) {
    let id = worker.app.id();
    let replica = Replica {
        id,
        name: [&worker.name, &worker.host].map(String::as_str).join("@"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        began_at: 0,
        seen_at: 0,
        ahead: 0,
    };
    let mut memory = Memory {
        replica,
        clock: None,
        held_until: None,
        said_clock_off: false,
        slowed: false,
        breaker: Breaker::lasting(),
        paused_until: 0,
        housekeeping_at: 0,
        said_no_transport: false,
    };
    outbox::tick(&worker.app);
    while !*stop.borrow_and_update() {
        if AssertUnwindSafe(Box::pin(once(&worker, &stop, &mut memory))).catch_unwind().await.is_err() {
            tracing::error!(worker = worker.name, "the round panicked; the next one tries again");
        }
        let [random, ..] = worker.app.ids.secret();
        let wait = backoff::jittered(chrono::Duration::seconds(EVERY_SECONDS), random);
        let wait = if memory.slowed { SLOWED } else { wait.to_std().unwrap_or(Duration::from_secs(30)) };
        // Only waiting is cancelled here; a round, with its transactions, always runs to its end.
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = worker.wake.notified() => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    if let Err(error) = replicas::forget(&worker.app, id).await {
        tracing::warn!(worker = worker.name, %error, "the row of this worker stays for a week");
    }
    tracing::info!(worker = worker.name, "the worker has stopped");
}

/// The product as a round may use it: it goes by the clock of the database. None where the own clock is far off, or jumped:
/// nothing is planned and nothing sent.
async fn in_step(worker: &Worker, memory: &mut Memory) -> Option<App> {
    let (app, ahead) = match replicas::in_step(&worker.app).await {
        Ok(InStep::Yes(app, ahead)) => (Some(*app), ahead),
        Ok(InStep::No(off)) => (None, Some(off)),
        Err(error) => {
            tracing::error!(worker = worker.name, %error, "the clock cannot be compared; the next round tries again");
            return None;
        }
    };
    let off = ahead.unwrap_or(0);
    let now = worker.app.now_millis() - off;
    let replica = &mut memory.replica;
    (replica.seen_at, replica.ahead) = (now, off);
    if replica.began_at == 0 {
        replica.began_at = now;
    }
    if let Err(error) = replicas::note(&worker.app, replica).await {
        tracing::warn!(worker = worker.name, %error, "it cannot be noted that this worker runs");
    }
    if app.is_none() && !memory.said_clock_off {
        tracing::error!(
            worker = worker.name,
            ahead_ms = off,
            "the clock is far from the database's: nothing is planned or sent until it is right"
        );
    }
    memory.said_clock_off = app.is_none();
    if ahead.is_none() && worker.app.clock.reference() != Reference::Nothing {
        let before = memory.clock.replace((now, Instant::now()));
        if let Some((wall, at)) = before {
            let went = Duration::from_millis(u64::try_from(now - wall).unwrap_or(0));
            if went > at.elapsed() + JUMP {
                memory.held_until = Some(Instant::now() + JUMP);
                tracing::error!(worker = worker.name, "the clock jumped ahead: nothing is planned or sent for 10 min");
            }
        }
    }
    app.filter(|_| memory.held_until.is_none_or(|until| Instant::now() >= until))
}

async fn once(worker: &Worker, stop: &watch::Receiver<bool>, memory: &mut Memory) {
    memory.slowed = false;
    let Some(app) = in_step(worker, memory).await else { return };
    let app = &app;
    let now = app.now_millis();
    let transport = worker.transport.as_deref().filter(|_| now >= memory.paused_until);
    let stopping = || *stop.borrow();
    match round(app, transport, &worker.name, &stopping, &memory.breaker).await {
        Ok(report) => {
            outbox::tick(&worker.app);
            memory.slowed = report.slowed;
            if report.unreachable > 0 && memory.breaker.is_open() {
                let pause = backoff::while_unreachable(memory.breaker.pauses());
                memory.paused_until = app.now_millis() + pause.num_milliseconds();
                // The server's own words are with the messages, on the outbox page.
                let at = report.last_place.unwrap_or_default();
                tracing::warn!(worker = worker.name, at, pause_s = pause.num_seconds(), "no mail can be sent");
            }
            if worker.transport.is_none() && report.waiting > 0 && !memory.said_no_transport {
                memory.said_no_transport = true;
                tracing::warn!(
                    waiting = report.waiting,
                    "no mail server is set (FUPAN_SMTP__HOST); reminders are planned and wait"
                );
            }
        }
        Err(error) => tracing::error!(worker = worker.name, %error, "the round failed; the next one tries again"),
    }
    if now >= memory.housekeeping_at {
        memory.housekeeping_at = now + HOUSEKEEPING_EVERY;
        match Box::pin(housekeeping::tidy(app)).await {
            Ok(removed) => tracing::debug!(?removed, "removed what is over"),
            Err(error) => tracing::error!(%error, "housekeeping failed; it is tried again in an hour"),
        }
        if let Err(error) = token_ends::tell(app).await {
            tracing::error!(%error, "the owners of tokens that end could not be told; it is tried again in an hour");
        }
    }
}
