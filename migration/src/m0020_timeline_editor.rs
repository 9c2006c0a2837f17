//! Who edited a line of a timeline last.

use sea_orm_migration::prelude::*;

use crate::columns::{add_columns, short};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // Lines that were edited before name nobody; the audit log does.
        add_columns(m, "timeline_entry", vec![short("updated_by", 200)]).await
    }
}
