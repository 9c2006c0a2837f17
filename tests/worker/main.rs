//! Reminders from the plan to the mail server, on whatever database the tests run on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod burning;
mod chatting;
mod delivery;
mod mailings;
mod planning;
mod races;
mod reminders;
mod stage;
