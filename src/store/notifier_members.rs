//! Who people are in the tools of notifiers.

use entity::notifier_member::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{StoreError, Tx};
use crate::domain::notifier_member::{MEMBERS, Member};

/// The people of a notifier.
pub async fn of(connection: &impl ConnectionTrait, notifier: Uuid) -> Result<Vec<Member>, StoreError> {
    let find = Entity::find().filter(Column::NotifierId.eq(notifier)).order_by_asc(Column::AccountId);
    let rows = find.limit(MEMBERS as u64).all(connection).await?;
    Ok(rows.into_iter().map(|row| Member { account_id: row.account_id, user_id: row.user_id }).collect())
}

/// Who an account is in each tool: the notifier, and the id there.
pub async fn of_account(connection: &impl ConnectionTrait, account: Uuid) -> Result<Vec<(Uuid, String)>, StoreError> {
    let find = Entity::find().filter(Column::AccountId.eq(account)).order_by_asc(Column::NotifierId);
    let rows = find.limit(MEMBERS as u64).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.notifier_id, row.user_id)).collect())
}

/// Forgets who an account is in every tool.
pub async fn forget(tx: &Tx, account: Uuid) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::AccountId.eq(account)).exec(tx.conn()).await?;
    Ok(())
}

/// Who these accounts are in the tools of these notifiers: each with its notifier. At most 500 of either.
pub async fn among(
    connection: &impl ConnectionTrait,
    notifiers: &[Uuid],
    accounts: &[Uuid],
) -> Result<Vec<(Uuid, Member)>, StoreError> {
    if notifiers.is_empty() || accounts.is_empty() {
        return Ok(Vec::new());
    }
    let find = Entity::find()
        .filter(Column::NotifierId.is_in(notifiers.iter().take(MEMBERS).copied()))
        .filter(Column::AccountId.is_in(accounts.iter().take(MEMBERS).copied()));
    let rows = find.all(connection).await?.into_iter();
    Ok(rows.map(|row| (row.notifier_id, Member { account_id: row.account_id, user_id: row.user_id })).collect())
}

/// Writes the people of a notifier in place of those that it had.
pub async fn replace(tx: &Tx, notifier: Uuid, members: &[Member]) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::NotifierId.eq(notifier)).exec(tx.conn()).await?;
    let row = |member: &Member| ActiveModel {
        notifier_id: Set(notifier),
        account_id: Set(member.account_id),
        user_id: Set(member.user_id.clone()),
    };
    for chunk in members.chunks(200) {
        Entity::insert_many(chunk.iter().map(row)).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}
