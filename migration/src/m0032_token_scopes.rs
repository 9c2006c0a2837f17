//! What a token may be used for, until when, and by which one it was replaced.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, big, id, index, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // Tokens that were there before had all rights of their account and no end: they keep both.
        let columns = vec![short("scopes", 40), big("expires_at"), id("replaced_by")];
        add_columns(m, "api_token", columns).await?;
        index(m, "api_token", "ix_api_token_live", &["revoked_at", "created_at"], false).await
    }
}
