//! Values to rows and back: every SQL statement, and every difference between the three databases.
//!
//! Reads take any connection; writes take [`Tx`], so that a write without a transaction does not compile.

pub mod accounts;
pub mod action_items;
pub mod analytics;
pub mod audit;
pub mod boards;
mod bulk;
pub mod burn_warnings;
pub mod connect;
pub mod counters;
pub mod dips;
pub mod error;
pub mod event_costs;
pub mod event_list;
pub mod event_parts;
pub mod event_relations;
pub mod events;
pub mod figures;
pub mod gradings;
pub mod idempotency;
pub mod import_aliases;
pub mod import_runs;
pub mod imports;
pub mod indicators;
pub mod migrate;
pub mod names;
pub mod outbox;
pub mod policies;
pub mod postmortem_text;
pub mod postmortems;
pub mod publications;
pub mod recurrence;
pub mod reminders;
pub mod report_lines;
pub mod report_mailings;
pub mod report_styles;
pub mod sample_codes;
pub mod sample_days;
pub mod sample_kept;
pub mod sample_reading;
pub mod samples;
pub mod saved_views;
pub mod search;
mod search_facets;
pub mod services;
pub mod sessions;
pub mod shares;
pub mod teams;
pub mod timeline;
pub mod tokens;
pub mod tx;

pub use connect::Store;
pub use error::StoreError;
pub use tx::Tx;
