//! Accounts that see the events of their own teams alone.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, index, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // Accounts that were there before are of all teams, as they were.
        add_columns(m, "account", vec![short("team_scope", 8)]).await?;
        index(m, "account", "ix_account_team_scope", &["team_scope"], false).await?;
        index(m, "team", "ix_team_lead", &["lead_id"], false).await
    }
}
