//! The levels of the house as they were read last: lists by severity need their names, and ask while they read whether the
//! policy still has the version that is remembered.

use std::sync::{Arc, Mutex, PoisonError};

use super::{ServiceError, policies};
use crate::{
    domain::severity::{self, SeverityPolicy},
    store::policies::ConnectionTrait,
};

/// The levels, and the version of their policy (0 for the default).
pub(super) type Known = (i64, Arc<SeverityPolicy>);

/// What this process read last. Another replica may have changed the policy since.
#[derive(Debug, Default)]
pub struct KnownLevels(Mutex<Option<Known>>);

impl KnownLevels {
    /// What is remembered.
    pub(super) fn get(&self) -> Option<Known> {
        // A panic elsewhere leaves a whole value: it is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What holds now, remembered from now on.
    pub(super) async fn read(&self, connection: &impl ConnectionTrait) -> Result<Known, ServiceError> {
        let (version, levels) = policies::load_version(connection, severity::POLICY.name).await?;
        let known = (version, Arc::new(levels));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }
}
