//! Reminders of more than postmortems: a ledger by item, when an event is to be looked at again, reminders put off or stopped,
//! and the zone that a person lives in.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, day, id, index, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Later than any time: of events about which nothing is pending.
const NEVER: i64 = i64::MAX;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let entries = table(
            m,
            "reminder_entry",
            &["id"],
            vec![
                id("id"),
                id("item_id"),
                short("step", 16),
                day("occurrence"),
                id("recipient_id"),
                short("state", 16),
                big("created_at"),
            ],
            vec![id("event_id"), id("outbox_id")],
        );
        m.create_table(entries).await?;
        let unique = ["item_id", "step", "occurrence", "recipient_id"];
        index(m, "reminder_entry", "uq_reminder_entry", &unique, true).await?;
        index(m, "reminder_entry", "ix_reminder_entry_outbox", &["outbox_id"], false).await?;
        index(m, "reminder_entry", "ix_reminder_entry_event", &["event_id", "state"], false).await?;
        let db = m.get_connection();
        if m.has_table("reminder").await? {
            db.execute_unprepared(
                "INSERT INTO reminder_entry (id, item_id, event_id, step, occurrence, recipient_id, state, outbox_id, created_at) \
                 SELECT id, event_id, event_id, step, occurrence, recipient_id, state, outbox_id, created_at FROM reminder \
                 WHERE id NOT IN (SELECT id FROM reminder_entry)",
            )
            .await?;
            m.drop_table(Table::drop().table("reminder").to_owned()).await?;
        }
        let holds = table(
            m,
            "reminder_hold",
            &["item_id"],
            vec![id("item_id"), short("by_name", 80), big("created_at")],
            vec![day("until"), short("reason", 500)],
        );
        m.create_table(holds).await?;
        add_columns(m, "account", vec![short("zone", 40)]).await?;
        if !m.has_column("event", "remind_at").await? {
            let mut column = big("remind_at");
            column.not_null().default(0_i64);
            add_columns(m, "event", vec![column]).await?;
        }
        // Of old events only those are looked at about which something may be pending.
        db.execute_unprepared(&format!(
            "UPDATE event SET remind_at = {NEVER} WHERE remind_at = 0 AND recovered_at IS NOT NULL \
             AND id NOT IN (SELECT event_id FROM postmortem WHERE state IN ('pending', 'drafting', 'in_review')) \
             AND id NOT IN (SELECT event_id FROM action_item WHERE state IN ('open', 'in_progress', 'in_verification'))"
        ))
        .await?;
        index(m, "event", "ix_event_remind", &["remind_at"], false).await
    }
}
