//! Values, rules, arithmetic and text of production events: total functions over plain data.
//!
//! Nothing here knows a clock, a database, the web or the settings; time zones and "now" are arguments.

pub mod action_item;
pub mod actor;
pub mod analytics;
pub mod blameless;
pub mod calendar;
pub mod capture;
pub mod checked;
pub mod clock_point;
pub mod completeness;
pub mod event;
pub mod event_record;
pub mod event_relation;
pub mod facts;
pub mod figures;
pub mod foreign;
pub mod grading;
pub mod history;
pub mod import_plan;
pub mod iso_week;
pub mod loss_text;
pub mod markdown;
pub mod period;
pub mod policy;
pub mod postmortem;
pub mod postmortem_board;
pub mod postmortem_draft;
pub mod postmortem_export;
pub mod postmortem_template;
pub mod publication;
pub mod record_text;
pub mod reliability;
pub mod reminder;
pub mod report;
pub mod report_mailing;
pub mod response_times;
pub mod services;
pub mod severity;
pub mod stages;
pub mod team;
pub mod team_counts;
pub mod text;
pub mod threshold;
pub mod timeline;
pub mod visibility;
