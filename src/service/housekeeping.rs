//! Removing what is over: sessions past their end, answers kept for repeated requests, used links of mails, old messages.

use chrono::Duration;

use super::{App, ServiceError, detached, outbox_admin};
use crate::store;

/// Hours that the answer to a request with an Idempotency-Key is kept.
const KEEP_ANSWERS_HOURS: i64 = 24;

/// Days after which nobody goes on with a conversation in a chat tool.
const KEEP_THREADS_DAYS: i64 = 400;

/// How much was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Sessions past their end.
    pub sessions: u64,
    /// Answers to repeated requests.
    pub answers: u64,
    /// Used links of mails.
    pub links: u64,
    /// Messages of the outbox.
    pub messages: u64,
}

/// Removes it.
pub async fn tidy(app: &App) -> Result<Removed, ServiceError> {
    let task_app = app.clone();
    let mut removed = detached(async move {
        let app = task_app;
        let now = app.now_millis();
        let tx = app.store.begin().await?;
        let sessions = store::sessions::delete_expired(&tx, now).await?;
        let before = now - Duration::hours(KEEP_ANSWERS_HOURS).num_milliseconds();
        let answers = store::idempotency::delete_before(&tx, before).await?;
        let links = store::mail_acts::delete_expired(&tx, now).await?;
        store::chat_threads::remove_old(&tx, now - Duration::days(KEEP_THREADS_DAYS).num_milliseconds()).await?;
        tx.commit().await?;
        Ok(Removed { sessions, answers, links, messages: 0 })
    })
    .await?;
    removed.messages = outbox_admin::remove_old(app).await?;
    Ok(removed)
}
