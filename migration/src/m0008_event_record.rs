//! The whole record of an event: detection, fund loss, services, responsibility, tags, links, who may see it; teams,
//! services and the policies that people edit.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::{add_columns, big, flag, id, index, int, json, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let off = |name| flag(name).not_null().default(false).take();
        add_columns(
            m,
            "event",
            vec![
                short("kind", 16).not_null().default("normal").take(),
                short("detection", 16),
                short("change_link", 500),
                big("loss_expected"),
                big("loss_actual"),
                big("loss_recovered"),
                off("detected_day"),
                off("acknowledged_day"),
                off("located_day"),
                off("mitigated_day"),
                short("clock_unknown", 80),
                off("restricted"),
            ],
        )
        .await?;

        deleted(m).await?;

        teams(m).await?;
        services(m).await?;

        let mut responsibility = table(
            m,
            "responsibility",
            &["event_id", "team_id"],
            vec![id("event_id"), id("team_id"), int("position"), int("share")],
            vec![],
        );
        references(&mut responsibility, "responsibility", "event_id", "event");
        references(&mut responsibility, "responsibility", "team_id", "team");
        m.create_table(responsibility).await?;
        index(m, "responsibility", "ix_responsibility_team", &["team_id", "event_id"], false).await?;

        let mut tag = table(
            m,
            "event_tag",
            &["event_id", "tag"],
            vec![id("event_id"), short("tag", 64), int("position")],
            vec![],
        );
        references(&mut tag, "event_tag", "event_id", "event");
        m.create_table(tag).await?;
        index(m, "event_tag", "ix_event_tag", &["tag", "event_id"], false).await?;

        let mut link = table(
            m,
            "event_link",
            &["id"],
            vec![id("id"), id("event_id"), int("position"), short("kind", 16), short("url", 1_000)],
            vec![short("title", 200)],
        );
        references(&mut link, "event_link", "event_id", "event");
        m.create_table(link).await?;
        index(m, "event_link", "ix_event_link", &["event_id", "position"], false).await?;

        let mut relation = table(
            m,
            "event_relation",
            &["event_id", "other_id", "kind"],
            vec![id("event_id"), id("other_id"), short("kind", 16), big("created_at")],
            vec![id("created_by")],
        );
        references(&mut relation, "event_relation", "event_id", "event");
        references(&mut relation, "event_relation", "other_id", "event");
        m.create_table(relation).await?;
        index(m, "event_relation", "ix_event_relation_other", &["other_id", "event_id"], false).await?;

        let mut viewer =
            table(m, "event_viewer", &["event_id", "account_id"], vec![id("event_id"), id("account_id")], vec![]);
        references(&mut viewer, "event_viewer", "event_id", "event");
        references(&mut viewer, "event_viewer", "account_id", "account");
        m.create_table(viewer).await?;
        index(m, "event_viewer", "ix_event_viewer_account", &["account_id", "event_id"], false).await?;

        let policy = table(
            m,
            "policy",
            &["name"],
            vec![short("name", 32), big("version"), long(m, "document"), big("changed_at")],
            vec![],
        );
        m.create_table(policy).await
    }
}

/// Deleted events by time. Where it can, the index holds them alone: SQLite would else walk it for the events that are not
/// deleted, whose order it does not have.
async fn deleted(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    const NAME: &str = "ix_event_deleted";
    if m.get_database_backend() == DatabaseBackend::MySql {
        return index(m, "event", NAME, &["deleted_at", "number"], false).await;
    }
    if m.has_index("event", NAME).await? {
        return Ok(());
    }
    let sql = format!("CREATE INDEX {NAME} ON event (deleted_at, number) WHERE deleted_at IS NOT NULL");
    m.get_connection().execute_unprepared(&sql).await.map(|_| ())
}

async fn teams(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut team = table(
        m,
        "team",
        &["id"],
        vec![id("id"), big("version"), short("name", 60), short("name_key", 60), big("created_at")],
        vec![id("lead_id"), big("archived_at")],
    );
    references(&mut team, "team", "lead_id", "account");
    m.create_table(team).await?;
    index(m, "team", "uq_team_name", &["name_key"], true).await?;

    let mut member = table(m, "team_member", &["team_id", "account_id"], vec![id("team_id"), id("account_id")], vec![]);
    references(&mut member, "team_member", "team_id", "team");
    references(&mut member, "team_member", "account_id", "account");
    m.create_table(member).await?;
    index(m, "team_member", "ix_team_member_account", &["account_id", "team_id"], false).await
}

async fn services(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut service = table(
        m,
        "service",
        &["id"],
        vec![
            id("id"),
            big("version"),
            short("name", 60),
            short("name_key", 60),
            short("kind", 16),
            flag("core"),
            big("created_at"),
        ],
        vec![id("team_id"), big("archived_at")],
    );
    references(&mut service, "service", "team_id", "team");
    m.create_table(service).await?;
    index(m, "service", "uq_service_name", &["name_key"], true).await?;

    let mut affected = table(
        m,
        "affected_service",
        &["event_id", "service_id"],
        vec![id("event_id"), id("service_id"), int("position"), json("shares")],
        vec![],
    );
    references(&mut affected, "affected_service", "event_id", "event");
    references(&mut affected, "affected_service", "service_id", "service");
    m.create_table(affected).await?;
    index(m, "affected_service", "ix_affected_service", &["service_id", "event_id"], false).await
}
