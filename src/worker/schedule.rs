//! The worker of a running service: a round every 30 s or when woken, until it is told to stop.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Notify, watch};

use super::round::{Breaker, round};
use crate::{
    domain::reminder::backoff,
    service::{App, housekeeping, ports::Transport},
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
    /// Starts a round at once.
    pub wake: Arc<Notify>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a worker remembers from round to round.
#[derive(Debug, Default)]
struct Memory {
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
    let mut memory = Memory::default();
    while !*stop.borrow_and_update() {
        once(&worker, &stop, &mut memory).await;
        let [random, ..] = worker.app.ids.secret();
        let wait = backoff::jittered(chrono::Duration::seconds(EVERY_SECONDS), random);
        let wait = wait.to_std().unwrap_or(Duration::from_secs(30));
        // Only waiting is cancelled here; a round, with its transactions, always runs to its end.
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = worker.wake.notified() => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    tracing::info!(worker = worker.name, "the worker has stopped");
}

async fn once(worker: &Worker, stop: &watch::Receiver<bool>, memory: &mut Memory) {
    let app = &worker.app;
    let now = app.now_millis();
    let transport = worker.transport.as_deref().filter(|_| now >= memory.paused_until);
    let stopping = || *stop.borrow();
    match round(app, transport, &worker.name, &stopping, &memory.breaker).await {
        Ok(report) => {
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
        match housekeeping::tidy(app).await {
            Ok(removed) => tracing::debug!(?removed, "removed what is over"),
            Err(error) => tracing::error!(%error, "housekeeping failed; it is tried again in an hour"),
        }
    }
}
