//! Reminders from the plan to the mail server, on whatever database the tests run on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod again;
mod apart;
mod bounces;
mod burning;
mod calling;
mod chatting;
mod checker;
mod clock_changes;
mod delivery;
mod faults;
mod hidden;
mod invitations;
mod links;
mod mailings;
mod named_groups;
mod planning;
mod quiet;
mod races;
mod receiver;
mod reminders;
mod replicas;
mod stage;
mod threads;
mod token_ends;
