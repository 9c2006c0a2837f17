//! Signed-in browsers.

use entity::session::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// SHA-256 of the cookie value, hex.
    pub token_hash: String,
    /// Synchroniser token.
    pub csrf: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds of the last use, to the minute.
    pub seen_at: i64,
    /// Milliseconds: absolute end.
    pub expires_at: i64,
    /// The browser in words, up to 80 characters.
    pub browser: String,
    /// `password`, `provider`, `proxy` or `demo`.
    pub method: String,
    /// The session at the provider that it came from.
    pub provider_sid: Option<String>,
    /// Milliseconds: when its person proved last who they are; 0 where that is not known.
    pub proved_at: i64,
}

fn value(row: Model) -> Session {
    Session {
        id: row.id,
        account_id: row.account_id,
        token_hash: row.token_hash,
        csrf: row.csrf,
        created_at: row.created_at,
        seen_at: row.seen_at,
        expires_at: row.expires_at,
        browser: row.browser,
        method: row.method,
        provider_sid: row.provider_sid,
        proved_at: row.proved_at,
    }
}

/// Keeps a session.
pub async fn insert(tx: &Tx, value: &Session) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        account_id: Set(value.account_id),
        token_hash: Set(value.token_hash.clone()),
        csrf: Set(value.csrf.clone()),
        created_at: Set(value.created_at),
        seen_at: Set(value.seen_at),
        expires_at: Set(value.expires_at),
        browser: Set(value.browser.clone()),
        method: Set(value.method.clone()),
        provider_sid: Set(value.provider_sid.clone()),
        proved_at: Set(value.proved_at),
    };
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The session of a cookie, if it has not ended: neither past its end nor unused since `idle_since`.
pub async fn live(
    connection: &impl ConnectionTrait,
    token_hash: &str,
    now: i64,
    idle_since: i64,
) -> Result<Option<Session>, StoreError> {
    let row = Entity::find()
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::SeenAt.gt(idle_since))
        .one(connection)
        .await?;
    Ok(row.map(value))
}

/// Notes a use.
pub async fn seen(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::SeenAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// The sessions of an account that have not ended, the one that was used last first; at most `limit`.
pub async fn of_account(
    connection: &impl ConnectionTrait,
    account: Uuid,
    now: i64,
    idle_since: i64,
    limit: u64,
) -> Result<Vec<Session>, StoreError> {
    let rows = Entity::find()
        .filter(Column::AccountId.eq(account))
        .filter(Column::ExpiresAt.gt(now))
        .filter(Column::SeenAt.gt(idle_since))
        .order_by_desc(Column::SeenAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(value).collect())
}

/// Ends one session of an account; false where it has none like this.
pub async fn delete(tx: &Tx, account: Uuid, id: Uuid) -> Result<bool, StoreError> {
    let delete = Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::AccountId.eq(account));
    Ok(delete.exec(tx.conn()).await?.rows_affected > 0)
}

/// Ends all sessions of an account except `keep`; how many.
pub async fn delete_of_account(tx: &Tx, account: Uuid, keep: Option<Uuid>) -> Result<u64, StoreError> {
    let mut delete = Entity::delete_many().filter(Column::AccountId.eq(account));
    if let Some(keep) = keep {
        delete = delete.filter(Column::Id.ne(keep));
    }
    Ok(delete.exec(tx.conn()).await?.rows_affected)
}

/// Ends those sessions of an account that came from a provider: all, or that of one session there; how many.
pub async fn delete_of_provider(tx: &Tx, account: Uuid, sid: Option<&str>) -> Result<u64, StoreError> {
    let mut delete = Entity::delete_many().filter(Column::AccountId.eq(account)).filter(Column::Method.eq("provider"));
    if let Some(sid) = sid {
        delete = delete.filter(Column::ProviderSid.eq(sid));
    }
    Ok(delete.exec(tx.conn()).await?.rows_affected)
}

/// Whose session a session at the provider became.
pub async fn account_of_sid(connection: &impl ConnectionTrait, sid: &str) -> Result<Option<Uuid>, StoreError> {
    let row = Entity::find().filter(Column::ProviderSid.eq(sid)).one(connection).await?;
    Ok(row.map(|row| row.account_id))
}

/// Removes sessions past their end, and those that were not used since `idle_since`.
pub async fn delete_expired(tx: &Tx, now: i64, idle_since: i64) -> Result<u64, StoreError> {
    let ended = Condition::any().add(Column::ExpiresAt.lte(now)).add(Column::SeenAt.lte(idle_since));
    Ok(Entity::delete_many().filter(ended).exec(tx.conn()).await?.rows_affected)
}
