//! Indexes of the boards: postmortems closed of late, in the trend of the oldest one.

use sea_orm_migration::prelude::*;

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        index(m, "postmortem", "ix_postmortem_closed", &["state", "changed_at", "event_id"], false).await
    }
}
