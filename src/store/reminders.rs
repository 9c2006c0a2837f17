//! The ledger of reminders, and the owed postmortems that planning looks at.

use chrono::NaiveDate;
use entity::{
    event, postmortem,
    reminder::{ActiveModel, Column, Entity, Model},
};
/// What reads run on: the readers of the store, or a transaction. Named here for services whose reads do both.
pub use sea_orm::ConnectionTrait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use super::{StoreError, Tx, events, tx::inserted};
use crate::domain::{
    event::ProductionEvent,
    event_record::EventKind,
    postmortem::POSTMORTEM_STATES,
    reminder::{plan::Reminder, policy::Step},
};

/// The most ledger rows of one digest that are read.
const DIGEST_LIMIT: u64 = 2_000;

/// What became of a planned reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerState {
    /// Its digest is on the way; where the digest failed, the outbox says why.
    Planned,
    /// Its digest was taken by the mail server.
    Sent,
    /// Nobody needs it any more.
    Cancelled,
    /// A newer digest took the place of its digest.
    Superseded,
}

impl LedgerState {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }
}

/// Notes a planned reminder; false when it was planned already.
pub async fn insert(tx: &Tx, id: Uuid, reminder: &Reminder, outbox_id: Uuid, now: i64) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(id),
        event_id: Set(reminder.event),
        step: Set(reminder.step.code().to_owned()),
        occurrence: Set(reminder.occurrence),
        recipient_id: Set(reminder.recipient),
        state: Set(LedgerState::Planned.code().to_owned()),
        outbox_id: Set(Some(outbox_id)),
        created_at: Set(now),
    };
    let savepoint = tx.savepoint().await?;
    let new = inserted(Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// Which of these accounts are in the ledger of `day` already, whatever became of it.
pub async fn served(
    connection: &impl ConnectionTrait,
    day: NaiveDate,
    recipients: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    let mut served = Vec::new();
    for chunk in recipients.chunks(1_000) {
        let found: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::RecipientId)
            .distinct()
            .filter(Column::RecipientId.is_in(chunk.iter().copied()))
            .filter(Column::Occurrence.eq(day))
            .into_tuple()
            .all(connection)
            .await?;
        served.extend(found);
    }
    Ok(served)
}

/// The reminders that a digest still carries.
pub async fn planned_of_outbox(
    connection: &impl ConnectionTrait,
    outbox_id: Uuid,
) -> Result<Vec<Reminder>, StoreError> {
    Entity::find()
        .filter(Column::OutboxId.eq(outbox_id))
        .filter(Column::State.eq(LedgerState::Planned.code()))
        .order_by_asc(Column::Id)
        .limit(DIGEST_LIMIT)
        .all(connection)
        .await?
        .into_iter()
        .map(value)
        .collect()
}

/// The digests that still carry a reminder of this event.
pub async fn digests_of_event(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Vec<Uuid>, StoreError> {
    let rows: Vec<Option<Uuid>> = Entity::find()
        .select_only()
        .column(Column::OutboxId)
        .distinct()
        .filter(Column::EventId.eq(event_id))
        .filter(Column::State.eq(LedgerState::Planned.code()))
        .filter(Column::OutboxId.is_not_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// Which of these events have planned reminders in a digest.
pub async fn planned_among(connection: &impl ConnectionTrait, events: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let mut found = Vec::new();
    for chunk in events.chunks(1_000) {
        let rows: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::EventId)
            .distinct()
            .filter(Column::EventId.is_in(chunk.iter().copied()))
            .filter(Column::State.eq(LedgerState::Planned.code()))
            .filter(Column::OutboxId.is_not_null())
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Moves the planned reminders of a digest, or only those of one event in it.
pub async fn settle(tx: &Tx, outbox_id: Uuid, event_id: Option<Uuid>, state: LedgerState) -> Result<u64, StoreError> {
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state.code()))
        .filter(Column::OutboxId.eq(outbox_id))
        .filter(Column::State.eq(LedgerState::Planned.code()));
    if let Some(event_id) = event_id {
        update = update.filter(Column::EventId.eq(event_id));
    }
    Ok(update.exec(tx.conn()).await?.rows_affected)
}

/// A page of events whose postmortem is owed and due up to `horizon` (or without a due date), after the event
/// `after`, and the id after which the next page begins.
pub async fn owed_page(
    connection: &impl ConnectionTrait,
    horizon: NaiveDate,
    after: Option<Uuid>,
    limit: u64,
) -> Result<(Vec<ProductionEvent>, Option<Uuid>), StoreError> {
    let live = Query::select()
        .column(event::Column::Id)
        .from(event::Entity)
        .and_where(event::Column::DeletedAt.is_null())
        .and_where(event::Column::Kind.eq(EventKind::Normal.code()))
        .take();
    let due = Condition::any().add(postmortem::Column::DueOn.lte(horizon)).add(postmortem::Column::DueOn.is_null());
    let mut find = postmortem::Entity::find()
        .select_only()
        .column(postmortem::Column::EventId)
        .filter(postmortem::Column::State.is_in(owed_codes()))
        .filter(due)
        .filter(postmortem::Column::EventId.in_subquery(live));
    if let Some(after) = after {
        find = find.filter(postmortem::Column::EventId.gt(after));
    }
    let ids: Vec<Uuid> =
        find.order_by_asc(postmortem::Column::EventId).limit(limit).into_tuple().all(connection).await?;
    let next = ids.last().copied().filter(|_| u64::try_from(ids.len()).is_ok_and(|count| count == limit));
    Ok((events::by_ids(connection, &ids).await?, next))
}

/// The latest due date of a postmortem that is owed.
pub async fn last_due(connection: &impl ConnectionTrait) -> Result<Option<NaiveDate>, StoreError> {
    Ok(postmortem::Entity::find()
        .select_only()
        .column(postmortem::Column::DueOn)
        .filter(postmortem::Column::State.is_in(owed_codes()))
        .filter(postmortem::Column::DueOn.is_not_null())
        .order_by_desc(postmortem::Column::DueOn)
        .limit(1)
        .into_tuple::<Option<NaiveDate>>()
        .one(connection)
        .await?
        .flatten())
}

fn owed_codes() -> impl Iterator<Item = &'static str> {
    POSTMORTEM_STATES
        .into_iter()
        .filter(|state| state.is_owed())
        .map(super::super::domain::postmortem::PostmortemState::code)
}

#[expect(clippy::needless_pass_by_value, reason = "a row is turned into its value")]
fn value(row: Model) -> Result<Reminder, StoreError> {
    let step =
        Step::from_code(&row.step).ok_or_else(|| StoreError::Unreadable(format!("reminder step {}", row.step)))?;
    Ok(Reminder { recipient: row.recipient_id, event: row.event_id, step, occurrence: row.occurrence })
}
