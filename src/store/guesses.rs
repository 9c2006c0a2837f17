//! Wrong passwords and codes of late, and sign-ins that owe a code.

use entity::{guess, sign_in_step};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait as _},
};
use uuid::Uuid;

use super::{StoreError, Tx};

/// Counts one more under a key and says how many there are and since when; those from before `cutoff` are forgotten.
pub async fn count(tx: &Tx, key_hash: &str, now: i64, cutoff: i64) -> Result<(i32, i64), StoreError> {
    use guess::Column;
    let bumped = guess::Entity::update_many()
        .col_expr(Column::Count, Expr::col(Column::Count).add(1_i32))
        .filter(Column::KeyHash.eq(key_hash))
        .filter(Column::Since.gt(cutoff))
        .exec(tx.conn())
        .await?;
    if bumped.rows_affected == 0 {
        guess::Entity::delete_many()
            .filter(Column::KeyHash.eq(key_hash))
            .filter(Column::Since.lte(cutoff))
            .exec(tx.conn())
            .await?;
        let first = guess::ActiveModel { key_hash: Set(key_hash.to_owned()), count: Set(1), since: Set(now) };
        return match guess::Entity::insert(first).exec_without_returning(tx.conn()).await.map_err(StoreError::from) {
            Ok(_) => Ok((1, now)),
            // Two first ones at once: the later one counts on from the earlier one when it runs again.
            Err(StoreError::Duplicate(key)) => Err(StoreError::Contended(key)),
            Err(other) => Err(other),
        };
    }
    let row = guess::Entity::find_by_id(key_hash).one(tx.conn()).await?;
    Ok(row.map_or((1, now), |row| (row.count, row.since)))
}

/// Takes one back.
pub async fn take_back(tx: &Tx, key_hash: &str) -> Result<(), StoreError> {
    use guess::Column;
    guess::Entity::update_many()
        .col_expr(Column::Count, Expr::col(Column::Count).sub(1_i32))
        .filter(Column::KeyHash.eq(key_hash))
        .filter(Column::Count.gt(0))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets a key.
pub async fn forget(tx: &Tx, key_hash: &str) -> Result<(), StoreError> {
    guess::Entity::delete_by_id(key_hash).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets what was counted before `cutoff`, and steps that are over.
pub async fn delete_before(tx: &Tx, cutoff: i64, now: i64) -> Result<(), StoreError> {
    guess::Entity::delete_many().filter(guess::Column::Since.lte(cutoff)).exec(tx.conn()).await?;
    sign_in_step::Entity::delete_many().filter(sign_in_step::Column::ExpiresAt.lte(now)).exec(tx.conn()).await?;
    Ok(())
}

/// Keeps that somebody gave a password and owes a code.
pub async fn insert_step(tx: &Tx, token_hash: &str, account: Uuid, expires_at: i64) -> Result<(), StoreError> {
    let row = sign_in_step::ActiveModel {
        token_hash: Set(token_hash.to_owned()),
        account_id: Set(account),
        tries: Set(0),
        expires_at: Set(expires_at),
    };
    sign_in_step::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Whose step a token is, if it is open.
pub async fn step(connection: &impl ConnectionTrait, token_hash: &str, now: i64) -> Result<Option<Uuid>, StoreError> {
    let find = sign_in_step::Entity::find_by_id(token_hash).filter(sign_in_step::Column::ExpiresAt.gt(now));
    Ok(find.one(connection).await?.map(|row| row.account_id))
}

/// Counts a code of a step; false where it had `most` already or is over.
pub async fn try_step(tx: &Tx, token_hash: &str, most: i32, now: i64) -> Result<bool, StoreError> {
    use sign_in_step::Column;
    let tried = sign_in_step::Entity::update_many()
        .col_expr(Column::Tries, Expr::col(Column::Tries).add(1_i32))
        .filter(Column::TokenHash.eq(token_hash))
        .filter(Column::Tries.lt(most))
        .filter(Column::ExpiresAt.gt(now))
        .exec(tx.conn())
        .await?;
    Ok(tried.rows_affected == 1)
}

/// Ends a step; false where it was over.
pub async fn end_step(tx: &Tx, token_hash: &str) -> Result<bool, StoreError> {
    Ok(sign_in_step::Entity::delete_by_id(token_hash).exec(tx.conn()).await?.rows_affected == 1)
}

/// Ends all steps of an account.
pub async fn end_steps_of(tx: &Tx, account: Uuid) -> Result<(), StoreError> {
    let own = sign_in_step::Entity::delete_many().filter(sign_in_step::Column::AccountId.eq(account));
    own.exec(tx.conn()).await?;
    Ok(())
}
