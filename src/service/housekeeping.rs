//! Removing what is over: sessions past their end, answers kept for repeated requests.

use chrono::Duration;

use super::{App, ServiceError, detached};
use crate::store;

/// Hours that the answer to a request with an Idempotency-Key is kept.
const KEEP_ANSWERS_HOURS: i64 = 24;

/// Removes them; answers how many sessions and answers there were.
pub async fn tidy(app: &App) -> Result<(u64, u64), ServiceError> {
    let app = app.clone();
    detached(async move {
        let now = app.now_millis();
        let tx = app.store.begin().await?;
        let sessions = store::sessions::delete_expired(&tx, now).await?;
        let before = now - Duration::hours(KEEP_ANSWERS_HOURS).num_milliseconds();
        let answers = store::idempotency::delete_before(&tx, before).await?;
        tx.commit().await?;
        Ok((sessions, answers))
    })
    .await
}
