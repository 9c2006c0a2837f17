//! Indicators with their definitions and objectives; samples per minute, packed hours, days of report zones.
//!
//! A sample must be cheap: indicators have a small number beside their id, and on SQLite the rows lie in the key itself.

use sea_orm_migration::prelude::*;

use crate::columns::{big, day, flag, id, index, int, long, references, short, table, tight};

#[derive(DeriveMigrationName)]
pub struct Migration;

fn small(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).small_integer().take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let mut indicator = table(
            m,
            "indicator",
            &["id"],
            vec![
                id("id"),
                int("number"),
                big("version"),
                short("slug", 60),
                short("name", 60),
                short("name_key", 60),
                short("kind", 16),
                int("digits"),
                flag("lower_is_better"),
                int("definition"),
                big("created_at"),
            ],
            vec![id("service_id"), short("unit", 12), big("archived_at")],
        );
        references(&mut indicator, "indicator", "service_id", "service");
        m.create_table(indicator).await?;
        index(m, "indicator", "uq_indicator_number", &["number"], true).await?;
        index(m, "indicator", "uq_indicator_slug", &["slug"], true).await?;
        index(m, "indicator", "uq_indicator_name", &["name_key"], true).await?;
        index(m, "indicator", "ix_indicator_service", &["service_id"], false).await?;

        let mut definition = table(
            m,
            "indicator_definition",
            &["indicator_id", "version"],
            vec![
                id("indicator_id"),
                int("version"),
                day("valid_from"),
                long(m, "exclusions"),
                big("created_at"),
                short("created_by", 60),
            ],
            vec![long(m, "note")],
        );
        references(&mut definition, "indicator_definition", "indicator_id", "indicator");
        m.create_table(definition).await?;

        let mut objective = table(
            m,
            "objective",
            &["id"],
            vec![
                id("id"),
                big("version"),
                id("indicator_id"),
                short("span", 16),
                big("target_units"),
                int("target_scale"),
                big("created_at"),
            ],
            Vec::new(),
        );
        references(&mut objective, "objective", "indicator_id", "indicator");
        m.create_table(objective).await?;
        index(m, "objective", "uq_objective_span", &["indicator_id", "span"], true).await?;

        let counts = || vec![big("total"), big("success"), big("excluded")];
        let head = vec![int("indicator"), big("revision"), int("first_minute"), int("last_minute")];
        m.create_table(tight(m, "sample_head", &["indicator"], head)).await?;

        let minute = [vec![int("indicator"), int("minute")], counts(), vec![small("estimated")]].concat();
        m.create_table(tight(m, "sample_minute", &["indicator", "minute"], minute)).await?;

        // At most 60 minutes of three numbers of six bytes, and 17 bytes in front of them.
        let packed = ColumnDef::new("packed").var_binary(1_200).take();
        let sums = || [counts(), vec![small("minutes"), small("estimated")]].concat();
        let hour = [vec![int("indicator"), int("hour")], sums(), vec![packed]].concat();
        m.create_table(tight(m, "sample_hour", &["indicator", "hour"], hour)).await?;

        let local = [vec![int("indicator"), int("zone"), int("day")], sums()].concat();
        m.create_table(tight(m, "sample_day", &["indicator", "zone", "day"], local)).await?;

        let dirty = vec![int("indicator"), int("day"), big("since")];
        m.create_table(tight(m, "sample_dirty", &["indicator", "day"], dirty)).await?;

        let zone = vec![int("number"), short("name", 64)];
        m.create_table(table(m, "sample_zone", &["number"], zone, Vec::new())).await?;
        index(m, "sample_zone", "uq_sample_zone_name", &["name"], true).await
    }
}
