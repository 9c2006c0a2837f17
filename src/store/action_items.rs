//! Action items.

use chrono::NaiveDate;
use entity::action_item::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, NullOrdering},
};
use uuid::Uuid;

use super::{StoreError, Tx, events, reminders, search, tx::one_row};
use crate::domain::action_item::{ActionFields, ActionItem, ActionState, Priority};
use crate::domain::visibility::Sight;

/// The most items of one event.
pub const OF_EVENT: u64 = 500;

/// Which items a list shows; empty parts do not restrict.
#[derive(Debug, Clone, Default)]
pub struct ActionFilter {
    /// States.
    pub states: Vec<ActionState>,
    /// 负责人; `Some(None)` is nobody.
    pub owner: Option<Option<Uuid>>,
    /// The team; `Some(None)` is none.
    pub team: Option<Option<Uuid>>,
    /// Due before this day.
    pub due_before: Option<NaiveDate>,
    /// Due on or after this day.
    pub due_from: Option<NaiveDate>,
    /// Of this event.
    pub event: Option<Uuid>,
    /// These numbers alone.
    pub numbers: Option<Vec<i64>>,
}

/// Where the next page begins: after the item with this due date and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionCursor {
    /// None for items without a due date, which come last.
    pub due_on: Option<NaiveDate>,
    /// The number.
    pub number: i64,
}

/// Writes a new item.
pub async fn insert(tx: &Tx, item: &ActionItem) -> Result<(), StoreError> {
    let mut row = active(item);
    row.id = Set(item.id);
    row.number = Set(item.number);
    row.event_id = Set(item.event_id);
    row.version = Set(item.version);
    row.created_at = Set(item.created_at);
    row.created_by = Set(item.created_by);
    row.deleted_at = Set(None);
    Entity::insert(row).exec_without_returning(tx.conn()).await?;
    reminders::wake(tx, item.event_id).await?;
    search::reindex(tx, &[item.event_id]).await
}

/// Replaces the item that is still in `version`; the stored version becomes `version + 1`.
pub async fn update(tx: &Tx, item: &ActionItem, version: i64) -> Result<(), StoreError> {
    let mut row = active(item);
    row.version = Set(version + 1);
    let result = Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(item.id))
        .filter(Column::Version.eq(version))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    reminders::wake(tx, item.event_id).await?;
    search::reindex(tx, &[item.event_id]).await
}

/// Hides the item that is still in `version`; its number is never handed out again.
pub async fn delete(tx: &Tx, item: &ActionItem, version: i64, now: i64) -> Result<(), StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::DeletedAt, Expr::value(now))
        .col_expr(Column::Version, Expr::value(version + 1))
        .filter(Column::Id.eq(item.id))
        .filter(Column::Version.eq(version))
        .filter(Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    reminders::wake(tx, item.event_id).await?;
    search::reindex(tx, &[item.event_id]).await
}

/// The item of a number that the reader sees.
pub async fn by_number(
    connection: &impl ConnectionTrait,
    number: i64,
    sight: Sight,
) -> Result<Option<ActionItem>, StoreError> {
    let row = Entity::find().filter(seen(sight)).filter(Column::Number.eq(number)).one(connection).await?;
    row.map(value).transpose()
}

/// The items of these events (at most a thousand) in order of their numbers; of one event at most 500.
pub async fn of_events(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
    sight: Sight,
) -> Result<Vec<ActionItem>, StoreError> {
    let limit = OF_EVENT.saturating_mul(events.len() as u64);
    let rows = Entity::find()
        .filter(seen(sight))
        .filter(Column::EventId.is_in(events.iter().copied()))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// A page of items, the earliest due date first; items without one come last.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ActionFilter,
    sight: Sight,
    after: Option<ActionCursor>,
    limit: u64,
) -> Result<Vec<ActionItem>, StoreError> {
    let mut condition = conditions(filter, sight);
    if let Some(cursor) = after {
        let later = match cursor.due_on {
            Some(due) => Condition::any()
                .add(Column::DueOn.gt(due))
                .add(Condition::all().add(Column::DueOn.eq(due)).add(Column::Number.gt(cursor.number)))
                .add(Column::DueOn.is_null()),
            None => Condition::all().add(Column::DueOn.is_null()).add(Column::Number.gt(cursor.number)),
        };
        condition = condition.add(later);
    }
    let rows = Entity::find()
        .filter(condition)
        .order_by_with_nulls(Column::DueOn, Order::Asc, NullOrdering::Last)
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// How many an event has, whatever became of them.
pub async fn count_of_event(connection: &impl ConnectionTrait, event: Uuid) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(Column::EventId.eq(event)).count(connection).await?)
}

/// How many items a filter finds.
pub async fn count(connection: &impl ConnectionTrait, filter: &ActionFilter, sight: Sight) -> Result<u64, StoreError> {
    Ok(Entity::find().filter(conditions(filter, sight)).count(connection).await?)
}

/// What is not deleted, of events that are seen.
fn seen(sight: Sight) -> Condition {
    Condition::all().add(Column::DeletedAt.is_null()).add(Column::EventId.in_subquery(events::seen(sight)))
}

fn conditions(filter: &ActionFilter, sight: Sight) -> Condition {
    let mut condition = seen(sight);
    if !filter.states.is_empty() {
        condition = condition.add(Column::State.is_in(filter.states.iter().map(|state| state.code())));
    }
    match filter.owner {
        Some(Some(owner)) => condition = condition.add(Column::OwnerId.eq(owner)),
        Some(None) => condition = condition.add(Column::OwnerId.is_null()),
        None => {}
    }
    match filter.team {
        Some(Some(team)) => condition = condition.add(Column::TeamId.eq(team)),
        Some(None) => condition = condition.add(Column::TeamId.is_null()),
        None => {}
    }
    if let Some(day) = filter.due_before {
        condition = condition.add(Column::DueOn.lt(day));
    }
    if let Some(day) = filter.due_from {
        condition = condition.add(Column::DueOn.gte(day));
    }
    if let Some(event) = filter.event {
        condition = condition.add(Column::EventId.eq(event));
    }
    if let Some(numbers) = &filter.numbers {
        condition = condition.add(Column::Number.is_in(numbers.iter().copied()));
    }
    condition
}

fn active(item: &ActionItem) -> ActiveModel {
    let fields = &item.fields;
    ActiveModel {
        title: Set(fields.title.clone()),
        detail: Set(fields.detail.clone()),
        priority: Set(fields.priority.code().to_owned()),
        owner_id: Set(fields.owner_id),
        team_id: Set(fields.team_id),
        due_on: Set(fields.due_on),
        due_fixed: Set(fields.due_fixed),
        ticket_url: Set(fields.ticket_url.clone()),
        state: Set(item.state.code().to_owned()),
        evidence: Set(item.evidence.clone()),
        verifier_id: Set(item.verifier_id),
        verified_at: Set(item.verified_at),
        reason: Set(item.reason.clone()),
        updated_at: Set(item.updated_at),
        changed_at: Set(item.changed_at),
        ..ActiveModel::default()
    }
}

/// The value of a row.
pub(super) fn value(row: Model) -> Result<ActionItem, StoreError> {
    let unreadable = |what: &str, code: &str| StoreError::Unreadable(format!("action item {what} {code}"));
    let state = ActionState::from_code(&row.state).ok_or_else(|| unreadable("state", &row.state))?;
    let priority = Priority::from_code(&row.priority).ok_or_else(|| unreadable("priority", &row.priority))?;
    Ok(ActionItem {
        id: row.id,
        number: row.number,
        version: row.version,
        event_id: row.event_id,
        fields: ActionFields {
            title: row.title,
            detail: row.detail,
            priority,
            owner_id: row.owner_id,
            team_id: row.team_id,
            due_on: row.due_on,
            due_fixed: row.due_fixed,
            ticket_url: row.ticket_url,
        },
        state,
        evidence: row.evidence,
        verifier_id: row.verifier_id,
        verified_at: row.verified_at,
        reason: row.reason,
        created_at: row.created_at,
        updated_at: row.updated_at,
        changed_at: row.changed_at,
        created_by: row.created_by,
    })
}
