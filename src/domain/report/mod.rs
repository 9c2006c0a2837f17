//! The two sections of a weekly report: reading them from a document, rendering them, putting them back.

pub mod reading;
