//! The key that links of mails are signed with, and the links that were used.

use entity::{instance_secret, mail_act};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

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

/// Since when a link is used up, in milliseconds; none where it is not.
pub async fn used_at(connection: &impl ConnectionTrait, token_hash: &str) -> Result<Option<i64>, StoreError> {
    Ok(mail_act::Entity::find_by_id(token_hash).one(connection).await?.map(|row| row.used_at))
}

/// Uses a link up; false where it was.
pub async fn use_up(tx: &Tx, token_hash: &str, now: i64, expires_at: i64) -> Result<bool, StoreError> {
    let row = mail_act::ActiveModel {
        token_hash: Set(token_hash.to_owned()),
        used_at: Set(now),
        expires_at: Set(expires_at),
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
