//! Gives entries of the audit log their places in the chain, about a second after they were written.

use std::time::Duration;

use tokio::sync::watch;

use crate::service::{
    App,
    audit_chain::{self, Reach},
};

/// What is written within this time is chained in one transaction: writers do not queue at the head of the chain.
const TOGETHER: Duration = Duration::from_secs(1);

/// Runs until `stop` becomes true or its sender is gone. What it misses, the round of the worker finds.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        tokio::select! {
            () = app.store.audited() => {}
            changed = stop.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        // The stop chains what is left by itself.
        tokio::select! {
            () = tokio::time::sleep(TOGETHER) => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = audit_chain::chain(&app, Reach::Latest).await {
            tracing::warn!(%error, "audit entries are not chained yet; the round of the worker does it");
        }
    }
}
