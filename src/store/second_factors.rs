//! Authenticators of accounts and the codes for when they are lost.

use entity::{recovery_code, second_factor};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx};

/// An authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Base32, 160 bits; sealed (`service::vault`), in clear where it is older than that.
    pub secret: String,
    /// The step of the last code that was taken.
    pub last_step: i64,
    /// When the first code was right; none while it is an offer.
    pub confirmed_at: Option<i64>,
}

/// The authenticator of an account, or the offer of one.
pub async fn of_account(connection: &impl ConnectionTrait, account: Uuid) -> Result<Option<SecondFactor>, StoreError> {
    let row = second_factor::Entity::find_by_id(account).one(connection).await?;
    Ok(row.map(|row| SecondFactor { secret: row.secret, last_step: row.last_step, confirmed_at: row.confirmed_at }))
}

/// The most authenticators that are sealed anew at once.
const SECRETS: u64 = 50_000;

/// The keys of all authenticators as they are stored, each with its account.
pub async fn secrets(connection: &impl ConnectionTrait) -> Result<Vec<(Uuid, String)>, StoreError> {
    use second_factor::Column;
    let rows = second_factor::Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::Secret])
        .order_by_asc(Column::AccountId)
        .limit(SECRETS)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Stores a key in another form; no where it changed meanwhile.
pub async fn reseal(tx: &Tx, account: Uuid, was: &str, sealed: &str) -> Result<bool, StoreError> {
    use second_factor::Column;
    let done = second_factor::Entity::update_many()
        .col_expr(Column::Secret, Expr::value(sealed))
        .filter(Column::AccountId.eq(account))
        .filter(Column::Secret.eq(was))
        .exec(tx.conn())
        .await?;
    Ok(done.rows_affected == 1)
}

/// Keeps an offer.
pub async fn insert(tx: &Tx, account: Uuid, secret: &str, now: i64) -> Result<(), StoreError> {
    let row = second_factor::ActiveModel {
        account_id: Set(account),
        secret: Set(secret.to_owned()),
        created_at: Set(now),
        last_step: Set(0),
        confirmed_at: Set(None),
    };
    second_factor::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Takes a code of a step: false where one of this step or a later one was taken before.
pub async fn take_step(tx: &Tx, account: Uuid, step: i64) -> Result<bool, StoreError> {
    use second_factor::Column;
    let taken = second_factor::Entity::update_many()
        .col_expr(Column::LastStep, Expr::value(step))
        .filter(Column::AccountId.eq(account))
        .filter(Column::LastStep.lt(step))
        .exec(tx.conn())
        .await?;
    Ok(taken.rows_affected == 1)
}

/// An offer becomes the authenticator.
pub async fn confirm(tx: &Tx, account: Uuid, now: i64) -> Result<(), StoreError> {
    use second_factor::Column;
    second_factor::Entity::update_many()
        .col_expr(Column::ConfirmedAt, Expr::value(Some(now)))
        .filter(Column::AccountId.eq(account))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Takes authenticator and codes away; false where there was none.
pub async fn remove(tx: &Tx, account: Uuid) -> Result<bool, StoreError> {
    let codes = recovery_code::Entity::delete_many().filter(recovery_code::Column::AccountId.eq(account));
    codes.exec(tx.conn()).await?;
    Ok(second_factor::Entity::delete_by_id(account).exec(tx.conn()).await?.rows_affected == 1)
}

/// Replaces the codes for when the authenticator is lost by those of these ids and hashes.
pub async fn replace_codes(tx: &Tx, account: Uuid, codes: Vec<(Uuid, String)>) -> Result<(), StoreError> {
    let old = recovery_code::Entity::delete_many().filter(recovery_code::Column::AccountId.eq(account));
    old.exec(tx.conn()).await?;
    let rows = codes.into_iter().map(|(id, hash)| recovery_code::ActiveModel {
        id: Set(id),
        account_id: Set(account),
        code_hash: Set(hash),
        used_at: Set(None),
    });
    recovery_code::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Uses a code up; false where there is none like this any more.
pub async fn use_code(tx: &Tx, account: Uuid, code_hash: &str, now: i64) -> Result<bool, StoreError> {
    use recovery_code::Column;
    let used = recovery_code::Entity::update_many()
        .col_expr(Column::UsedAt, Expr::value(Some(now)))
        .filter(Column::AccountId.eq(account))
        .filter(Column::CodeHash.eq(code_hash))
        .filter(Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(used.rows_affected == 1)
}

/// How many codes are left.
pub async fn codes_left(connection: &impl ConnectionTrait, account: Uuid) -> Result<u64, StoreError> {
    let left = recovery_code::Entity::find()
        .filter(recovery_code::Column::AccountId.eq(account))
        .filter(recovery_code::Column::UsedAt.is_null());
    Ok(left.count(connection).await?)
}
