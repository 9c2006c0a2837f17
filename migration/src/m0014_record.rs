//! Facts of an event that nobody can tell any more, beside the points of its clock.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        add_columns(m, "event", vec![short("facts_unknown", 80)]).await
    }
}
