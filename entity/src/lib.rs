//! The tables of Fupan: columns, no rules. Instants are milliseconds since the epoch in UTC, dates are
//! calendar dates of the report zone, fractions are integers with a scale.
#![allow(missing_docs, reason = "the derive writes Column and PrimaryKey without docs")]

pub mod account;
pub mod action_item;
pub mod affected_service;
pub mod api_token;
pub mod audit_entry;
pub mod counter;
pub mod edit_lock;
pub mod event;
pub mod event_link;
pub mod event_relation;
pub mod event_tag;
pub mod event_viewer;
pub mod figure;
pub mod grading;
pub mod idempotency_key;
pub mod impact;
pub mod import_alias;
pub mod import_change;
pub mod import_run;
pub mod incident_count;
pub mod indicator;
pub mod indicator_definition;
pub mod invitation;
pub mod mailing_recipient;
pub mod objective;
pub mod outbox_message;
pub mod policy;
pub mod postmortem;
pub mod postmortem_section;
pub mod publication;
pub mod reminder;
pub mod report_import;
pub mod report_mailing;
pub mod report_style;
pub mod responsibility;
pub mod saved_view;
pub mod search_document;
pub mod service;
pub mod session;
pub mod share_link;
pub mod team;
pub mod team_member;
pub mod timeline_entry;
pub mod timeline_star;
