//! Action items (改进项) of events.

use sea_orm_migration::prelude::*;

use crate::columns::{big, day, flag, id, index, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut item = table(
            m,
            "action_item",
            &["id"],
            vec![
                id("id"),
                big("number"),
                big("version"),
                id("event_id"),
                short("title", 500),
                short("priority", 8),
                short("state", 16),
                flag("due_fixed"),
                big("created_at"),
                big("updated_at"),
                big("changed_at"),
            ],
            vec![
                long(m, "detail"),
                id("owner_id"),
                id("team_id"),
                day("due_on"),
                long(m, "evidence"),
                id("verifier_id"),
                big("verified_at"),
                long(m, "reason"),
                short("ticket_url", 1_000),
                id("created_by"),
                big("deleted_at"),
            ],
        );
        references(&mut item, "action_item", "event_id", "event");
        references(&mut item, "action_item", "owner_id", "account");
        references(&mut item, "action_item", "verifier_id", "account");
        references(&mut item, "action_item", "team_id", "team");
        m.create_table(item).await?;
        index(m, "action_item", "uq_action_item_number", &["number"], true).await?;
        index(m, "action_item", "ix_action_item_event", &["event_id", "number"], false).await?;
        index(m, "action_item", "ix_action_item_due", &["state", "due_on", "number"], false).await?;
        index(m, "action_item", "ix_action_item_owner", &["owner_id", "state", "due_on"], false).await?;
        index(m, "action_item", "ix_action_item_team", &["team_id", "state", "due_on"], false).await
    }
}
