//! What a link of a mail changed, so that it can be taken back.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, day, flag, id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            id("was_owner"),
            day("was_due_on"),
            flag("was_due_fixed"),
            // The version of the postmortem that the act made.
            big("made"),
            big("undone_at"),
        ];
        add_columns(m, "mail_act", columns).await
    }
}
