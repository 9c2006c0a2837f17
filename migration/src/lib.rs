//! The schema of Fupan. Every step can be repeated safely, because MariaDB commits each statement by itself;
//! the caller holds the migration lock (`store::migrate`).

mod columns;
mod m0001_accounts;
mod m0002_events;
mod m0003_reports;
mod m0004_reminders;
mod m0005_import_runs;
mod m0006_publishing;
mod m0007_report_styles;
mod m0008_event_record;
mod m0009_action_items;
mod m0010_search;
mod m0011_grading;
mod m0012_postmortem_text;
mod m0013_boards;
mod m0014_record;
mod m0015_search_facets;
mod m0016_samples;
mod m0018_event_costs;
mod m0019_burn_warnings;
mod m0020_timeline_editor;
mod m0021_sample_months;
mod m0022_sample_codes;
mod m0023_sources;
mod m0024_hand_counts;
mod m0025_notifiers;
mod m0026_calendars;
mod m0027_reminder_plan;
mod m0029_outbox_attempts;
mod m0030_mail_stops;
mod m0031_review_meetings;
mod m0032_token_scopes;
mod m0035_sessions;
mod m0036_guesses;
mod m0037_identities;
mod m0038_second_factor;
mod m0040_audit_chain;
mod m0041_sealed_secrets;
mod m0045_notifier_members;
mod m0046_chat_threads;
mod m0047_replicas;
mod m0048_outbox_again;
mod m0049_mail_act_undo;
mod m0050_restricted_index;
mod m0051_team_scope;
mod m0055_session_proof;
mod m0056_token_warnings;
mod m0065_hold_since;
mod m0066_quiet_hours;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

/// All migrations in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_events::Migration),
            Box::new(m0003_reports::Migration),
            Box::new(m0004_reminders::Migration),
            Box::new(m0005_import_runs::Migration),
            Box::new(m0006_publishing::Migration),
            Box::new(m0007_report_styles::Migration),
            Box::new(m0008_event_record::Migration),
            Box::new(m0009_action_items::Migration),
            Box::new(m0010_search::Migration),
            Box::new(m0011_grading::Migration),
            Box::new(m0012_postmortem_text::Migration),
            Box::new(m0013_boards::Migration),
            Box::new(m0014_record::Migration),
            Box::new(m0015_search_facets::Migration),
            Box::new(m0016_samples::Migration),
            Box::new(m0018_event_costs::Migration),
            Box::new(m0019_burn_warnings::Migration),
            Box::new(m0020_timeline_editor::Migration),
            Box::new(m0021_sample_months::Migration),
            Box::new(m0022_sample_codes::Migration),
            Box::new(m0023_sources::Migration),
            Box::new(m0024_hand_counts::Migration),
            Box::new(m0025_notifiers::Migration),
            Box::new(m0026_calendars::Migration),
            Box::new(m0027_reminder_plan::Migration),
            Box::new(m0029_outbox_attempts::Migration),
            Box::new(m0030_mail_stops::Migration),
            Box::new(m0031_review_meetings::Migration),
            Box::new(m0032_token_scopes::Migration),
            Box::new(m0035_sessions::Migration),
            Box::new(m0036_guesses::Migration),
            Box::new(m0037_identities::Migration),
            Box::new(m0038_second_factor::Migration),
            Box::new(m0040_audit_chain::Migration),
            Box::new(m0041_sealed_secrets::Migration),
            Box::new(m0045_notifier_members::Migration),
            Box::new(m0046_chat_threads::Migration),
            Box::new(m0047_replicas::Migration),
            Box::new(m0048_outbox_again::Migration),
            Box::new(m0049_mail_act_undo::Migration),
            Box::new(m0050_restricted_index::Migration),
            Box::new(m0051_team_scope::Migration),
            Box::new(m0055_session_proof::Migration),
            Box::new(m0056_token_warnings::Migration),
            Box::new(m0065_hold_since::Migration),
            Box::new(m0066_quiet_hours::Migration),
        ]
    }
}
