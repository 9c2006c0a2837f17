//! Values, rules, arithmetic and text of production events: total functions over plain data.
//!
//! Nothing here knows a clock, a database, the web or the settings; time zones and "now" are arguments.

pub mod actor;
pub mod calendar;
pub mod capture;
pub mod checked;
pub mod clock_point;
pub mod event;
pub mod event_record;
pub mod figures;
pub mod foreign;
pub mod highlight;
pub mod import_plan;
pub mod iso_week;
pub mod postmortem;
pub mod publication;
pub mod query;
pub mod reliability;
pub mod reminder;
pub mod report;
pub mod report_mailing;
pub mod search_pieces;
pub mod text;
