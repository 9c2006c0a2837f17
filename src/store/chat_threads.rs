//! The conversations of events in the channels of notifiers.

use entity::chat_thread::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};

/// What the tool calls the first message about an event.
pub async fn root(
    connection: &impl ConnectionTrait,
    notifier: Uuid,
    event: Uuid,
) -> Result<Option<String>, StoreError> {
    let find = Entity::find_by_id((notifier, event)).select_only().column(Column::Root);
    Ok(find.into_tuple().one(connection).await?)
}

/// Notes the first message about an event; where there is one, that one stays.
pub async fn begin(tx: &Tx, notifier: Uuid, event: Uuid, root: &str, now: i64) -> Result<(), StoreError> {
    let row = ActiveModel {
        notifier_id: Set(notifier),
        event_id: Set(event),
        root: Set(root.to_owned()),
        created_at: Set(now),
    };
    let savepoint = tx.savepoint().await?;
    if inserted(Entity::insert(row).exec_without_returning(savepoint.conn()).await)? {
        savepoint.commit().await
    } else {
        savepoint.rollback().await
    }
}

/// Forgets the conversation of an event.
pub async fn forget(tx: &Tx, notifier: Uuid, event: Uuid) -> Result<(), StoreError> {
    Entity::delete_many()
        .filter(Column::NotifierId.eq(notifier))
        .filter(Column::EventId.eq(event))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Forgets all conversations of a notifier: it posts elsewhere from now on.
pub async fn forget_all(tx: &Tx, notifier: Uuid) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::NotifierId.eq(notifier)).exec(tx.conn()).await?;
    Ok(())
}

/// Forgets conversations that began before a time, in milliseconds; answers how many.
pub async fn remove_old(tx: &Tx, before: i64) -> Result<u64, StoreError> {
    Ok(Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(tx.conn()).await?.rows_affected)
}
