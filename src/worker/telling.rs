//! Tells groups what waits for them, beside the rounds of the worker: a silent server holds up no mail, and what a tool takes
//! later goes when it takes it.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::sync::watch;

use super::round::tell_groups;
use crate::service::{
    App, ServiceError,
    replicas::{self, InStep},
};

/// Between two looks for messages to groups.
const EVERY: Duration = Duration::from_secs(2);

/// Runs until `stop` becomes true or its sender is gone. A message whose sending has begun is finished and noted first.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        let asked = stop.clone();
        let told = async {
            // The round of the worker says where the clock is off.
            if let InStep::Yes(app, _) = replicas::in_step(&app).await? {
                tell_groups(&app, &|| *asked.borrow()).await?;
            }
            Ok::<(), ServiceError>(())
        };
        match AssertUnwindSafe(Box::pin(told)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the groups could not be told; the next look tries again"),
            Err(_) => tracing::error!("a panic while groups were told; the next look tries again"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
}
