//! When the owner of a token was told that it ends.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, index};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "api_token", vec![big("warned_at")]).await?;
        index(m, "api_token", "ix_api_token_ends", &["expires_at"], false).await
    }
}
