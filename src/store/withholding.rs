//! Texts of restricted events, for whoever asks whether something that is about to go tells of one.

use entity::event;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, SimpleExpr},
};

use super::StoreError;
use crate::domain::iso_week::IsoWeek;

/// The most events that are looked at, those of the latest weeks first.
const MOST: u64 = 10_000;

/// The sentences of the restricted events of a week and of those before it, which a report carries along while their
/// postmortems are owed; deleted ones too. At most 10,000.
pub async fn sentences(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Vec<String>, StoreError> {
    Ok(restricted(connection.get_database_backend(), week)
        .select_only()
        .column(event::Column::Narrative)
        .into_tuple()
        .all(connection)
        .await?)
}

/// Along `ix_event_restricted`: where an index can hold some rows alone, it holds these, which a bound value would not say.
fn restricted(backend: DatabaseBackend, week: IsoWeek) -> Select<event::Entity> {
    let alone: SimpleExpr = match backend {
        DatabaseBackend::MySql => event::Column::Restricted.eq(true),
        _ => Expr::cust("event.restricted"),
    };
    event::Entity::find()
        .filter(alone)
        .filter(event::Column::ReportWeek.lte(week.to_string()))
        .order_by_desc(event::Column::ReportWeek)
        .limit(MOST)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use sea_orm::{QueryTrait as _, Statement};

    use super::*;
    use crate::store::{Store, migrate};

    #[tokio::test]
    async fn restricted_events_are_found_along_their_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("plans.db").display())).await.unwrap();
        migrate::up(&store).await.unwrap();
        let mut statement: Statement =
            restricted(DatabaseBackend::Sqlite, "2024-W34".parse().unwrap()).build(DatabaseBackend::Sqlite);
        statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let steps = store.read().query_all_raw(statement).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        assert!(steps[0].contains("ix_event_restricted") && steps.len() == 1, "{steps:?}");
    }
}
