//! Reminders of owed postmortems: when they are due, to whom, what the digest says, and how long to wait
//! before a failed mail is tried again.

pub mod backoff;
pub mod digest;
pub mod lines;
pub mod plan;
pub mod policy;
pub mod words;
