//! What was tried of each message: one row for each try, only ever added.

use entity::outbox_attempt::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::{StoreError, Tx, bulk};
use crate::domain::delivery::{Outcome, Phase};

/// Longest kept reply, in characters.
const SAID_LIMIT: usize = 500;

/// Longest name of a worker, in characters.
const WORKER_LIMIT: usize = 60;

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// UUIDv7.
    pub id: Uuid,
    /// The message.
    pub outbox_id: Uuid,
    /// Milliseconds, when it ended.
    pub at: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Whose try it was.
    pub worker: String,
    /// Milliseconds from taking the message to the end of the try.
    pub took_ms: i64,
    /// The step that failed.
    pub phase: Option<Phase>,
    /// The other side's words.
    pub said: Option<String>,
}

/// Keeps tries.
pub async fn insert_all(tx: &Tx, attempts: Vec<Attempt>) -> Result<(), StoreError> {
    let short = |text: &str, limit: usize| text.chars().take(limit).collect::<String>();
    let rows = attempts
        .into_iter()
        .map(|attempt| ActiveModel {
            id: Set(attempt.id),
            outbox_id: Set(attempt.outbox_id),
            at: Set(attempt.at),
            outcome: Set(attempt.outcome.code().to_owned()),
            worker: Set(short(&attempt.worker, WORKER_LIMIT)),
            took_ms: Set(attempt.took_ms),
            phase: Set(attempt.phase.map(|phase| phase.code().to_owned())),
            said: Set(attempt.said.map(|said| short(&said, SAID_LIMIT))),
        })
        .collect();
    bulk::insert_all(tx, rows).await
}

/// The latest tries of a message, the latest first.
pub async fn of_message(
    connection: &impl ConnectionTrait,
    outbox_id: Uuid,
    limit: u64,
) -> Result<Vec<Attempt>, StoreError> {
    let find = Entity::find().filter(Column::OutboxId.eq(outbox_id)).order_by_desc(Column::Id).limit(limit);
    find.all(connection).await?.into_iter().map(value).collect()
}

/// Removes the tries of messages that go.
pub(super) async fn remove_of(tx: &Tx, messages: &[Uuid]) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::OutboxId.is_in(messages.iter().copied())).exec(tx.conn()).await?;
    Ok(())
}

fn value(row: Model) -> Result<Attempt, StoreError> {
    let outcome = Outcome::from_code(&row.outcome)
        .ok_or_else(|| StoreError::Unreadable(format!("outcome of an attempt {}", row.outcome)))?;
    Ok(Attempt {
        id: row.id,
        outbox_id: row.outbox_id,
        at: row.at,
        outcome,
        worker: row.worker,
        took_ms: row.took_ms,
        phase: row.phase.as_deref().and_then(Phase::from_code),
        said: row.said,
    })
}
