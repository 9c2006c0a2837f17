//! Writes that run again when the database broke them off because of another writer.

use std::{future::Future, time::Duration};

use super::{ServiceError, app::detached};
use crate::store::StoreError;

/// How often a write runs again before the failure is passed on.
const RETRIES: u32 = 7;

/// Like [`detached`], for work that begins, fills and commits one transaction: where it lost against another
/// transaction (reliability study, section 2.3: retry 1213 and 1205), it runs again as a whole.
pub async fn retried<T, F, W>(work: W) -> Result<T, ServiceError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
    W: Fn() -> F + Send + 'static,
{
    detached(async move {
        let mut tries = 0;
        loop {
            // On the heap: a transaction's future is large, and every caller would carry it.
            match Box::pin(work()).await {
                Err(ServiceError::Store(error @ StoreError::Contended(_))) if tries < RETRIES => {
                    tries += 1;
                    tracing::debug!(%error, tries, "another transaction was in the way; once more");
                    tokio::time::sleep(Duration::from_millis(10 << tries)).await;
                }
                outcome => return outcome,
            }
        }
    })
    .await
}
