//! Who people are in the tool of a notifier.

use sea_orm_migration::prelude::*;

use crate::columns::{id, index, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let required = vec![id("notifier_id"), id("account_id"), short("user_id", 64)];
        let members = table(m, "notifier_member", &["notifier_id", "account_id"], required, Vec::new());
        m.create_table(members).await?;
        index(m, "notifier_member", "ix_notifier_member_account", &["account_id"], false).await
    }
}
