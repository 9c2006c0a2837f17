//! When a postmortem is reviewed, and who is invited.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, int, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut meeting = table(
            m,
            "review_meeting",
            &["event_id"],
            vec![
                id("event_id"),
                big("version"),
                big("starts_at"),
                int("minutes"),
                // scheduled or cancelled.
                short("state", 16),
                // SEQUENCE of RFC 5545: rises with each change that the invited hear of.
                int("sequence"),
                short("organizer", 254),
                short("organizer_name", 80),
                big("changed_at"),
            ],
            vec![short("place", 200)],
        );
        references(&mut meeting, "review_meeting", "event_id", "event");
        m.create_table(meeting).await?;
        let mut invited = table(
            m,
            "review_attendee",
            &["event_id", "account_id"],
            vec![id("event_id"), id("account_id")],
            Vec::new(),
        );
        references(&mut invited, "review_attendee", "event_id", "event");
        references(&mut invited, "review_attendee", "account_id", "account");
        m.create_table(invited).await?;
        index(m, "review_attendee", "ix_review_attendee_account", &["account_id"], false).await
    }
}
