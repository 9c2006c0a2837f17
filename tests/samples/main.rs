//! Indicators and their samples: from the edge, from the command line, and against a slow obvious reference.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod api;
mod by_hand;
mod cli;
mod codes;
mod compute;
mod costs;
mod exact;
mod plans;
mod retention;
mod sources;
mod statements;
