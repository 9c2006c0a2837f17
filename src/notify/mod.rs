//! The ways out: a message is put into words, handed over, and the answer says whether a failure is passing or final.

pub mod chat;
pub mod mail;
