//! The calendars as they were read last: working days are counted everywhere, and change a few times a year.

use std::sync::{Arc, Mutex, PoisonError};

use super::ServiceError;
use crate::{
    domain::calendar::sheets::Calendars,
    store::{self, reminders::ConnectionTrait},
};

/// What this process read last, and the stamp of it.
#[derive(Debug, Default)]
pub struct KnownCalendars(Mutex<(i64, Arc<Calendars>)>);

impl KnownCalendars {
    /// What is remembered; the bundled years before anything was read.
    pub(super) fn get(&self) -> Arc<Calendars> {
        // A panic elsewhere leaves a whole value: it is still good.
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    fn stamp(&self) -> i64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Reads the calendars where they changed since they were read last; says whether they did.
    pub(super) async fn refresh(&self, connection: &impl ConnectionTrait) -> Result<bool, ServiceError> {
        let stamp = store::calendars::stamp(connection).await?;
        if stamp == self.stamp() {
            return Ok(false);
        }
        let sheets = store::calendars::all(connection).await?;
        let services = store::calendars::teams_of_services(connection).await?;
        let calendars = Arc::new(Calendars::of(&sheets, services));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (stamp, calendars);
        Ok(true)
    }
}
