//! Finding events: the place of an event in lists as one number, beside everything that filters; a document of folded
//! words for each event with an index of its pieces; saved views.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::{add_columns, big, flag, id, index, long, references, short, table};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Where the copies of `event.order_key` stand.
const FOLLOWERS: [&str; 4] = ["postmortem", "affected_service", "event_tag", "responsibility"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, m: &SchemaManager) -> Result<(), DbErr> {
        let key = || vec![big("order_key").not_null().default(0).take()];
        add_columns(m, "event", key()).await?;
        // `store::order_key`: seconds since the epoch and one more, 25 bits of the number.
        let seconds = match m.get_database_backend() {
            DatabaseBackend::MySql => "occurred_at DIV 1000 + 1",
            _ => "occurred_at / 1000 + 1",
        };
        let connection = m.get_connection();
        let set = format!(
            "UPDATE event SET order_key = COALESCE({seconds}, 0) * 33554432 + number % 33554432 WHERE order_key = 0"
        );
        connection.execute_unprepared(&set).await?;
        for follower in FOLLOWERS {
            add_columns(m, follower, key()).await?;
            let set = format!(
                "UPDATE {follower} SET order_key = (SELECT event.order_key FROM event WHERE event.id = {follower}.event_id) \
                 WHERE order_key = 0"
            );
            connection.execute_unprepared(&set).await?;
        }
        index(m, "event", "uq_event_order", &["order_key"], true).await?;
        index(m, "event", "ix_event_severity", &["severity", "order_key"], false).await?;
        index(m, "event", "ix_event_report_week", &["report_week", "order_key"], false).await?;
        index(m, "event", "ix_event_cause", &["cause_category", "order_key"], false).await?;
        index(m, "event", "ix_event_kind", &["kind", "order_key"], false).await?;
        index(m, "event", "ix_event_detection", &["detection", "order_key"], false).await?;
        index(m, "event", "ix_event_recovered", &["recovered_at", "order_key"], false).await?;
        index(m, "postmortem", "ix_postmortem_order", &["state", "order_key"], false).await?;
        index(m, "postmortem", "ix_postmortem_owner", &["owner_id", "order_key"], false).await?;
        index(m, "affected_service", "ix_affected_order", &["service_id", "order_key"], false).await?;
        index(m, "event_tag", "ix_event_tag_order", &["tag", "order_key"], false).await?;
        index(m, "responsibility", "ix_responsibility_order", &["team_id", "order_key"], false).await?;

        documents(m).await?;

        let mut view = table(
            m,
            "saved_view",
            &["id"],
            vec![
                id("id"),
                big("version"),
                short("name", 60),
                short("name_key", 60),
                flag("shared"),
                long(m, "query"),
                short("sort", 16),
                big("created_at"),
                big("updated_at"),
            ],
            vec![id("owner_id")],
        );
        references(&mut view, "saved_view", "owner_id", "account");
        m.create_table(view).await?;
        index(m, "saved_view", "ix_saved_view_owner", &["owner_id", "name_key"], false).await?;
        index(m, "saved_view", "ix_saved_view_shared", &["shared", "name_key"], false).await
    }
}

async fn documents(m: &SchemaManager<'_>) -> Result<(), DbErr> {
    let backend = m.get_database_backend();
    let connection = m.get_connection();
    let mut required = vec![big("order_key"), id("event_id"), long(m, "title"), long(m, "words")];
    match backend {
        DatabaseBackend::Postgres => required.push(ColumnDef::new("pieces").custom("tsvector").take()),
        // A column of ASCII, or the full-text index would fold what is folded already.
        DatabaseBackend::MySql => {
            required.push(ColumnDef::new("pieces").custom("mediumtext character set ascii collate ascii_bin").take());
        }
        _ => {}
    }
    let document = table(m, "search_document", &["order_key"], required, vec![]);
    if backend == DatabaseBackend::Sqlite {
        // Written out: only an INTEGER PRIMARY KEY is the rowid that the index speaks of.
        connection
            .execute_unprepared(
                "CREATE TABLE IF NOT EXISTS search_document (order_key integer PRIMARY KEY NOT NULL, \
                 event_id uuid_text NOT NULL, title text NOT NULL, words text NOT NULL)",
            )
            .await?;
        // The words stand in the document; the index keeps for each piece only which documents have it.
        connection
            .execute_unprepared(
                "CREATE VIRTUAL TABLE IF NOT EXISTS search_piece USING fts5(pieces, content='', contentless_delete=1, \
                 detail=none, tokenize='ascii')",
            )
            .await?;
    } else {
        m.create_table(document).await?;
    }
    index(m, "search_document", "uq_search_document_event", &["event_id"], true).await?;
    match backend {
        DatabaseBackend::Postgres => {
            connection
                .execute_unprepared(
                    "CREATE INDEX IF NOT EXISTS ix_search_document_pieces ON search_document USING gin (pieces) \
                     WITH (fastupdate = off)",
                )
                .await?;
        }
        DatabaseBackend::MySql if !m.has_index("search_document", "ix_search_document_pieces").await? => {
            connection
                .execute_unprepared("CREATE FULLTEXT INDEX ix_search_document_pieces ON search_document (pieces)")
                .await?;
        }
        _ => {}
    }
    // Up to which event, in the order of their keys, documents were made for what was there before: `store::search`.
    connection
        .execute_unprepared(
            "INSERT INTO counter (name, value) SELECT 'search', 0 FROM (SELECT 1 AS one) AS fresh WHERE NOT EXISTS \
             (SELECT 1 FROM counter WHERE name = 'search')",
        )
        .await?;
    if m.has_column("event", "search_text").await? {
        m.alter_table(Table::alter().table("event").drop_column("search_text").take()).await?;
    }
    Ok(())
}
