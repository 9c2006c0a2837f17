//! Dips that are proposed as events: with their minutes, to accept, merge or dismiss.

use crate::{
    domain::actor::Actor,
    service::{App, ServiceError, dips},
};

/// How many wait for a decision.
pub(super) async fn waiting(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    dips::count_proposed(app, actor).await
}
