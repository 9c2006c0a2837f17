//! The workers that run, and how far their clocks are from the database's.

use sea_orm_migration::prelude::*;

use crate::columns::{big, id, index, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let required =
            vec![id("id"), short("name", 80), short("version", 40), big("began_at"), big("seen_at"), big("ahead")];
        m.create_table(table(m, "replica", &["id"], required, Vec::new())).await?;
        index(m, "replica", "ix_replica_seen", &["seen_at"], false).await
    }
}
