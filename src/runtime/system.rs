//! The real clock and random source, and a clock that stands still for `--now`.

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use crate::service::ports::{Clock, Ids, Reference};

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(3)
    }

    fn reference(&self) -> Reference {
        Reference::Database
    }
}

/// The name of this machine, as it was started with or as Linux has it; empty where neither says.
pub fn host_name() -> String {
    let named = std::env::var("HOSTNAME").or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"));
    named.unwrap_or_default().trim().chars().take(60).collect()
}

/// A clock that always tells the same time.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// UUIDv7 and the system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn id(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        rand::random()
    }
}
