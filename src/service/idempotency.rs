//! Answers kept for repeated POST requests.

use super::{App, ServiceError, app::detached};
use crate::{
    domain::{actor::Actor, checked},
    store::{self, idempotency::KeptAnswer},
};

/// The answer kept under a key for the same request.
pub async fn find(app: &App, actor: &Actor, key: &str, request_hash: &str) -> Result<Option<KeptAnswer>, ServiceError> {
    checked::line("idempotency_key", key, 200)?;
    let Some(account) = actor.account_id else { return Ok(None) };
    let kept = store::idempotency::find(app.store.read(), account, key).await?;
    match kept {
        Some(kept) if kept.request_hash != request_hash => {
            Err(ServiceError::Conflict("this Idempotency-Key was used for another request; take a new key".to_owned()))
        }
        kept => Ok(kept),
    }
}

/// Keeps an answer under a key; a key that is taken keeps its first answer.
pub async fn keep(app: &App, actor: &Actor, key: String, answer: KeptAnswer) -> Result<(), ServiceError> {
    let Some(account) = actor.account_id else { return Ok(()) };
    let app = app.clone();
    detached(async move {
        let tx = app.store.begin().await?;
        store::idempotency::insert(&tx, app.id(), account, &key, &answer, app.now_millis()).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
