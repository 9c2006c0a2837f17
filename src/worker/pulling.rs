//! Pulls samples from sources, beside the rounds of the worker: a slow server holds up no mail.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::sync::watch;

use crate::service::{
    App,
    replicas::{self, InStep},
    sources,
};

/// Between two looks for sources that are due.
const EVERY: Duration = Duration::from_secs(10);

/// Runs until `stop` becomes true or its sender is gone. A stretch that was begun is finished first.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        let pulled = async {
            // The round of the worker says where the clock is off.
            match replicas::in_step(&app).await? {
                InStep::Yes(app, _) => sources::pull_due(&app).await.map(|pulled| pulled.more),
                InStep::No(_) => Ok(false),
            }
        };
        let more = match AssertUnwindSafe(Box::pin(pulled)).catch_unwind().await {
            Ok(Ok(more)) => more,
            Err(_) => {
                tracing::error!("a panic at the sources; the next look tries again");
                false
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "the sources could not be pulled from; the next look tries again");
                false
            }
        };
        let wait = if more { Duration::ZERO } else { EVERY };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
}
