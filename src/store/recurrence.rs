//! Open action items of earlier events, to be compared with a new one.

use std::collections::HashSet;

use entity::{action_item, affected_service, event};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef,
};
use uuid::Uuid;

use super::{StoreError, events};
use crate::domain::visibility::Sight;

/// States in which an action item is not over.
pub const OPEN: [&str; 3] = ["open", "in_progress", "in_verification"];

/// An open action item with what its event is known by.
#[derive(Debug, Clone, FromQueryResult)]
pub struct OpenItem {
    /// The event.
    pub event_id: Uuid,
    /// 22 of PE-22.
    pub event_number: i64,
    /// Symptom.
    pub summary: Option<String>,
    /// The sentence.
    pub narrative: String,
    /// 原因.
    pub cause: Option<String>,
    /// Category of the cause.
    pub cause_category: Option<String>,
    /// 7 of AI-7.
    pub item_number: i64,
    /// What is to be done.
    pub title: String,
    /// Its state.
    pub state: String,
    /// By when.
    pub due_on: Option<chrono::NaiveDate>,
}

/// Open items of events logged since `since` (milliseconds), the latest event first; at most `limit`. Restricted events
/// are left out: their items would tell of them. So are those that eyes of some teams do not see. One query.
pub async fn open_items(
    connection: &impl ConnectionTrait,
    sight: Sight,
    since: i64,
    except: Option<Uuid>,
    limit: u64,
) -> Result<Vec<OpenItem>, StoreError> {
    let of_event: RelationDef =
        action_item::Entity::belongs_to(event::Entity).from(action_item::Column::EventId).to(event::Column::Id).into();
    let mut query = action_item::Entity::find()
        .select_only()
        .column(action_item::Column::EventId)
        .column_as(event::Column::Number, "event_number")
        .column(event::Column::Summary)
        .column(event::Column::Narrative)
        .column(event::Column::Cause)
        .column(event::Column::CauseCategory)
        .column_as(action_item::Column::Number, "item_number")
        .column(action_item::Column::Title)
        .column(action_item::Column::State)
        .column(action_item::Column::DueOn)
        .join(JoinType::InnerJoin, of_event)
        .filter(action_item::Column::DeletedAt.is_null())
        .filter(action_item::Column::State.is_in(OPEN))
        .filter(event::Column::DeletedAt.is_null())
        .filter(events::open_to(sight))
        .filter(event::Column::CreatedAt.gte(since));
    if let Some(except) = except {
        query = query.filter(action_item::Column::EventId.ne(except));
    }
    let rows = query
        .order_by_desc(event::Column::CreatedAt)
        .order_by_desc(event::Column::Number)
        .order_by_asc(action_item::Column::Number)
        .limit(limit)
        .into_model::<OpenItem>()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Those of these events that affected one of these services.
pub async fn of_services(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
    services: &[Uuid],
) -> Result<HashSet<Uuid>, StoreError> {
    if events.is_empty() || services.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<Uuid> = affected_service::Entity::find()
        .select_only()
        .column(affected_service::Column::EventId)
        .filter(affected_service::Column::ServiceId.is_in(services.iter().copied()))
        .filter(affected_service::Column::EventId.is_in(events.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The action items of an event, at most 200, in order: title, owner, due date, whether done.
pub async fn items_of(
    connection: &impl ConnectionTrait,
    event_id: Uuid,
) -> Result<Vec<action_item::Model>, StoreError> {
    let rows = action_item::Entity::find()
        .filter(action_item::Column::EventId.eq(event_id))
        .filter(action_item::Column::DeletedAt.is_null())
        .filter(action_item::Column::State.ne("wont_do"))
        .order_by_asc(action_item::Column::Number)
        .limit(200)
        .all(connection)
        .await?;
    Ok(rows)
}
