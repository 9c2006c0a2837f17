//! When to call which service function: plan reminders, send what is due, tidy up.
//!
//! Every replica runs a worker; the claims of the outbox and the unique keys of the ledger keep them from doing
//! anything twice, so there is no leader.

pub mod chaining;
pub mod pulling;
mod ramp;
mod round;
mod schedule;
pub mod telling;

pub use round::{RoundReport, run_once};
pub use schedule::{Worker, run};
