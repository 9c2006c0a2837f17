//! The key that links of mails are signed with, and the links that were used.

use chrono::NaiveDate;
use entity::{instance_secret, mail_act};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};

/// The key of this installation for a purpose.
pub async fn secret(connection: &impl ConnectionTrait, name: &str) -> Result<Option<String>, StoreError> {
    Ok(instance_secret::Entity::find_by_id(name).one(connection).await?.map(|row| row.value))
}

/// Keeps a key; false where there is one already.
pub async fn insert_secret(tx: &Tx, name: &str, value: &str) -> Result<bool, StoreError> {
    let row = instance_secret::ActiveModel { name: Set(name.to_owned()), value: Set(value.to_owned()) };
    let savepoint = tx.savepoint().await?;
    let new = inserted(instance_secret::Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// Keeps a value under a name, in the place of the one that is there.
pub async fn put_secret(tx: &Tx, name: &str, value: &str) -> Result<(), StoreError> {
    if !insert_secret(tx, name, value).await? {
        let row = instance_secret::ActiveModel { value: Set(value.to_owned()), ..Default::default() };
        let named = instance_secret::Entity::update_many().set(row).filter(instance_secret::Column::Name.eq(name));
        named.exec(tx.conn()).await?;
    }
    Ok(())
}

/// What stood before a link was used, and what it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// The owner of the postmortem.
    pub owner: Option<Uuid>,
    /// Its due date.
    pub due_on: Option<NaiveDate>,
    /// Whether somebody had chosen that.
    pub due_fixed: bool,
    /// The version of the postmortem that the act made.
    pub made: i64,
}

/// A link that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Since when, in milliseconds.
    pub at: i64,
    /// What stood before, where the act can be taken back.
    pub before: Option<Before>,
    /// When it was taken back, in milliseconds.
    pub undone_at: Option<i64>,
}

/// A link that was used; none where it was not.
pub async fn used(connection: &impl ConnectionTrait, token_hash: &str) -> Result<Option<Used>, StoreError> {
    let row = mail_act::Entity::find_by_id(token_hash).one(connection).await?;
    Ok(row.map(|row| Used {
        at: row.used_at,
        before: row.was_due_fixed.zip(row.made).map(|(due_fixed, made)| Before {
            owner: row.was_owner,
            due_on: row.was_due_on,
            due_fixed,
            made,
        }),
        undone_at: row.undone_at,
    }))
}

/// Keeps what stood before a link was used.
pub async fn keep_before(tx: &Tx, token_hash: &str, before: Before) -> Result<(), StoreError> {
    mail_act::Entity::update_many()
        .col_expr(mail_act::Column::WasOwner, Expr::value(before.owner))
        .col_expr(mail_act::Column::WasDueOn, Expr::value(before.due_on))
        .col_expr(mail_act::Column::WasDueFixed, Expr::value(before.due_fixed))
        .col_expr(mail_act::Column::Made, Expr::value(before.made))
        .filter(mail_act::Column::TokenHash.eq(token_hash))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Notes that what a link did was taken back; false where it was.
pub async fn undo(tx: &Tx, token_hash: &str, now: i64) -> Result<bool, StoreError> {
    let done = mail_act::Entity::update_many()
        .col_expr(mail_act::Column::UndoneAt, Expr::value(now))
        .filter(mail_act::Column::TokenHash.eq(token_hash))
        .filter(mail_act::Column::UndoneAt.is_null())
        .filter(mail_act::Column::Made.is_not_null())
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Uses a link up; false where it was.
pub async fn use_up(tx: &Tx, token_hash: &str, now: i64, expires_at: i64) -> Result<bool, StoreError> {
    let row = mail_act::ActiveModel {
        token_hash: Set(token_hash.to_owned()),
        used_at: Set(now),
        expires_at: Set(expires_at),
        was_owner: Set(None),
        was_due_on: Set(None),
        was_due_fixed: Set(None),
        made: Set(None),
        undone_at: Set(None),
    };
    let savepoint = tx.savepoint().await?;
    let new = inserted(mail_act::Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// Forgets used links that are void anyway.
pub async fn delete_expired(tx: &Tx, now: i64) -> Result<u64, StoreError> {
    let gone = mail_act::Entity::delete_many().filter(mail_act::Column::ExpiresAt.lt(now));
    Ok(gone.exec(tx.conn()).await?.rows_affected)
}
