//! The workers that run, and the clock of the database.

use entity::replica::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Statement, sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx};

/// Most workers that are listed.
const LIMIT: u64 = 100;

/// A worker that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// New with each start.
    pub id: Uuid,
    /// Its name, and where it runs.
    pub name: String,
    /// Version of the product.
    pub version: String,
    /// Milliseconds.
    pub began_at: i64,
    /// Milliseconds of its latest round.
    pub seen_at: i64,
    /// Milliseconds that its clock is ahead of the database's.
    pub ahead: i64,
}

/// What the clock of the database says, in milliseconds; none of SQLite, whose clock is that of this machine.
pub async fn database_millis(connection: &impl ConnectionTrait) -> Result<Option<i64>, StoreError> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DatabaseBackend::Postgres => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms",
        DatabaseBackend::MySql => {
            "SELECT CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000 AS SIGNED) AS now_ms"
        }
        _ => return Ok(None),
    };
    let row = connection.query_one_raw(Statement::from_string(backend, sql)).await?;
    Ok(row.map(|row| row.try_get::<i64>("", "now_ms")).transpose()?)
}

/// Notes that a worker runs.
pub async fn note(tx: &Tx, replica: &Replica) -> Result<(), StoreError> {
    let done = Entity::update_many()
        .col_expr(Column::SeenAt, Expr::value(replica.seen_at))
        .col_expr(Column::Ahead, Expr::value(replica.ahead))
        .filter(Column::Id.eq(replica.id))
        .exec(tx.conn())
        .await?;
    if done.rows_affected == 1 {
        return Ok(());
    }
    let row = ActiveModel {
        id: Set(replica.id),
        name: Set(replica.name.chars().take(80).collect()),
        version: Set(replica.version.chars().take(40).collect()),
        began_at: Set(replica.began_at),
        seen_at: Set(replica.seen_at),
        ahead: Set(replica.ahead),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The workers that were seen since a time, the latest first.
pub async fn seen_since(connection: &impl ConnectionTrait, since: i64) -> Result<Vec<Replica>, StoreError> {
    let find = Entity::find().filter(Column::SeenAt.gte(since)).order_by_desc(Column::SeenAt).limit(LIMIT);
    Ok(find.all(connection).await?.into_iter().map(value).collect())
}

/// Forgets a worker that stopped.
pub async fn forget(tx: &Tx, id: Uuid) -> Result<(), StoreError> {
    Entity::delete_by_id(id).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets workers that were not seen since a time.
pub async fn remove_old(tx: &Tx, before: i64) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::SeenAt.lt(before)).exec(tx.conn()).await?;
    Ok(())
}

fn value(row: Model) -> Replica {
    Replica {
        id: row.id,
        name: row.name,
        version: row.version,
        began_at: row.began_at,
        seen_at: row.seen_at,
        ahead: row.ahead,
    }
}
