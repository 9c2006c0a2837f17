//! Counts per response code, packed by the hour beside the samples that were derived of them.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::{add_columns, index, int, short, tight};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        // The codes of an indicator by small numbers.
        let code = vec![int("indicator"), int("number"), short("code", 40)];
        m.create_table(tight(m, "sample_code", &["indicator", "number"], code)).await?;
        index(m, "sample_code", "uq_sample_code", &["indicator", "code"], true).await?;

        // The counts of an hour: on MariaDB more than the 64 KB of a blob, where hundreds of codes come in one hour.
        let mut packed = ColumnDef::new("packed");
        match m.get_database_backend() {
            DatabaseBackend::MySql => packed.custom("mediumblob"),
            _ => packed.blob(),
        };
        let hour = vec![int("indicator"), int("hour"), packed];
        m.create_table(tight(m, "sample_code_hour", &["indicator", "hour"], hour)).await?;

        // How many codes the indicator has, and from which minute on a changed definition is to be applied to them.
        let mut codes = int("codes");
        let mut classed_to = int("reclass_from");
        let columns = vec![codes.not_null().default(0).take(), classed_to.not_null().default(i32::MAX).take()];
        add_columns(m, "sample_head", columns).await?;
        index(m, "sample_head", "ix_sample_head_reclass", &["reclass_from", "indicator"], false).await
    }
}
