//! Tells groups what waits for them, beside the rounds of the worker: a silent server holds up no mail, and what a tool takes
//! later goes when it takes it.

use std::time::Duration;

use tokio::sync::watch;

use super::round::tell_groups;
use crate::service::App;

/// Between two looks for messages to groups.
const EVERY: Duration = Duration::from_secs(2);

/// Runs until `stop` becomes true or its sender is gone. A message whose sending has begun is finished and noted first.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow_and_update() {
        let asked = stop.clone();
        if let Err(error) = tell_groups(&app, &|| *asked.borrow()).await {
            tracing::error!(%error, "the groups could not be told; the next look tries again");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
}
