//! Answers kept for repeated requests: what is sent twice with one key is done once.

use std::{fmt, sync::Arc};

use uuid::Uuid;

use super::{App, ServiceError};
pub use crate::store::idempotency::KeptAnswer;
use crate::{
    domain::{
        actor::Actor,
        checked::{self, FieldError},
    },
    store::{self, Tx},
};

/// A request that may be sent twice.
pub struct Once<T> {
    /// The sender's key, up to 200 characters; it belongs to the account.
    pub key: String,
    /// SHA-256 of what was asked, hex.
    pub request_hash: String,
    /// The answer to keep, from what was made.
    pub answer: Arc<dyn Fn(&T) -> KeptAnswer + Send + Sync>,
}

impl<T> Clone for Once<T> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), request_hash: self.request_hash.clone(), answer: Arc::clone(&self.answer) }
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The answer kept under a key for the same request. The local operator has no keys.
pub async fn find<T>(app: &App, actor: &Actor, once: &Once<T>) -> Result<Option<KeptAnswer>, ServiceError> {
    checked::line("idempotency_key", &once.key, 200)?;
    let Some(account) = actor.account_id else { return Ok(None) };
    match store::idempotency::find(app.store.read(), account, &once.key).await? {
        Some(kept) if kept.request_hash != once.request_hash => {
            Err(FieldError::shape("idempotency_key", "it was used for another request; take a new key").into())
        }
        kept => Ok(kept),
    }
}

/// Keeps the answer in the transaction that makes the event; false when another request with the key was quicker,
/// whose answer counts then.
pub(super) async fn keep<T>(
    app: &App,
    tx: &Tx,
    account: Option<Uuid>,
    once: &Once<T>,
    made: &T,
) -> Result<bool, ServiceError> {
    let Some(account) = account else { return Ok(true) };
    let answer = KeptAnswer { request_hash: once.request_hash.clone(), ..(once.answer)(made) };
    Ok(store::idempotency::insert(tx, app.id(), account, &once.key, &answer, app.now_millis()).await?)
}
