//! One function per thing that a user or the clock can do: authorise, load, decide, write, enqueue, audit, commit.

pub mod accounts;
pub mod app;
pub mod attempts;
pub mod bulk_edit;
pub mod capture;
pub mod demo;
pub mod error;
pub mod events;
pub mod figures;
pub mod housekeeping;
pub mod idempotency;
pub mod imports;
pub mod outbox;
pub mod ports;
pub mod postmortems;
pub mod publications;
pub mod reminders;
pub mod report_mailings;
pub mod report_splice;
pub mod report_styles;
pub mod reports;
pub mod retry;
pub mod saved_views;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod shares;
pub mod tokens;

pub use app::{App, detached};
pub use error::ServiceError;
