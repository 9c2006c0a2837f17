//! Removing what is over: sessions past their end, answers kept for repeated requests, used links of mails, old messages.

use chrono::Duration;

use super::{
    App, ServiceError,
    audit_chain::{self, Reach},
    detached, guesses, outbox_admin,
};
use crate::store;

/// Hours that the answer to a request with an Idempotency-Key is kept.
const KEEP_ANSWERS_HOURS: i64 = 24;

/// Days after which nobody goes on with a conversation in a chat tool.
const KEEP_THREADS_DAYS: i64 = 400;

/// How long what is over is kept, in days; 0 is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Entries of the audit log.
    pub audit_days: u32,
    /// Mails that went or were withdrawn.
    pub mail_days: u32,
    /// Mails that failed.
    pub failed_mail_days: u32,
    /// Texts of imported reports that a later one of their week took the place of.
    pub imports_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { audit_days: 0, mail_days: 90, failed_mail_days: 365, imports_days: 0 }
    }
}

impl Retention {
    /// The time before which something that is kept so many days is removed, in milliseconds; none where it is kept for ever.
    pub(super) fn before(now: i64, days: u32) -> Option<i64> {
        (days > 0).then(|| now - Duration::days(i64::from(days)).num_milliseconds())
    }
}

/// Imported texts that are emptied at once.
const TEXTS: u64 = 200;

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
    /// Texts of imported reports.
    pub texts: u64,
    /// Entries of the audit log.
    pub audit: u64,
}

/// Removes it.
pub async fn tidy(app: &App) -> Result<Removed, ServiceError> {
    let task_app = app.clone();
    let mut removed = detached(async move {
        let app = task_app;
        let now = app.now_millis();
        let tx = app.store.begin().await?;
        let sessions = store::sessions::delete_expired(&tx, now, now - app.sign_in.rules.idle).await?;
        store::identities::delete_expired(&tx, now).await?;
        store::guesses::delete_before(&tx, now - guesses::DAY, now).await?;
        let before = now - Duration::hours(KEEP_ANSWERS_HOURS).num_milliseconds();
        let answers = store::idempotency::delete_before(&tx, before).await?;
        let links = store::mail_acts::delete_expired(&tx, now).await?;
        store::chat_threads::remove_old(&tx, now - Duration::days(KEEP_THREADS_DAYS).num_milliseconds()).await?;
        tx.commit().await?;
        Ok(Removed { sessions, answers, links, ..Removed::default() })
    })
    .await?;
    removed.messages = outbox_admin::remove_old(app).await?;
    if let Some(before) = Retention::before(app.now_millis(), app.retention.imports_days) {
        let app = app.clone();
        removed.texts = detached(async move {
            let tx = app.store.begin().await?;
            let texts = store::imports::empty_replaced(&tx, before, TEXTS).await?;
            tx.commit().await?;
            Ok(texts)
        })
        .await?;
    }
    if let Some(before) = Retention::before(app.now_millis(), app.retention.audit_days) {
        removed.audit = audit_chain::cut(app, before).await?;
    }
    // Also what a transaction committed that was open for long.
    audit_chain::chain(app, Reach::All).await?;
    Ok(removed)
}
