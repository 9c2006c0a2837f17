//! What the board of owed postmortems needs: debts of now and of the last weeks, and the reminders that went out.

use std::collections::HashMap;

use chrono_tz::Tz;
use entity::{event, postmortem, reminder_entry, responsibility};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{
    StoreError,
    analytics::{known_done, local_day},
    events,
    reminders::LedgerState,
};
use crate::domain::{
    postmortem::{POSTMORTEM_STATES, PostmortemState},
    postmortem_board::Debt,
    visibility::Sight,
};

/// Postmortems on a page: their ids are far below the 32,766 values that a statement of SQLite takes.
const PAGE: u64 = 5_000;
/// The most debts of one board.
pub const MOST: usize = 50_000;

#[derive(Debug, FromQueryResult)]
struct Row {
    id: Uuid,
    number: i64,
    occurred_at: Option<i64>,
    recovered_at: Option<i64>,
    created_at: i64,
}

/// The debts of now and those that were closed at or after `since` (milliseconds), as far as the reader sees their
/// events; and whether there are more than 50,000, of which only these are told.
pub async fn debts(
    connection: &impl ConnectionTrait,
    since: i64,
    zone: Tz,
    sight: Sight,
) -> Result<(Vec<Debt>, bool), StoreError> {
    let owed: Vec<&str> =
        POSTMORTEM_STATES.into_iter().filter(|state| state.is_owed()).map(PostmortemState::code).collect();
    let closed = [PostmortemState::Done.code(), PostmortemState::NotRequired.code()];
    let mut debts = Vec::new();
    for condition in [
        Condition::all().add(postmortem::Column::State.is_in(owed)),
        Condition::all().add(postmortem::Column::State.is_in(closed)).add(postmortem::Column::ChangedAt.gte(since)),
    ] {
        let mut after = None;
        loop {
            let mut find = postmortem::Entity::find().filter(condition.clone());
            if let Some(after) = after {
                find = find.filter(postmortem::Column::EventId.gt(after));
            }
            let rows = find.order_by_asc(postmortem::Column::EventId).limit(PAGE).all(connection).await?;
            after = rows.last().map(|row| row.event_id);
            let full = rows.len() as u64 == PAGE;
            debts.extend(with_events(connection, rows, zone, sight).await?);
            if debts.len() > MOST {
                debts.truncate(MOST);
                return Ok((debts, true));
            }
            if !full {
                break;
            }
        }
    }
    Ok((debts, false))
}

async fn with_events(
    connection: &impl ConnectionTrait,
    rows: Vec<postmortem::Model>,
    zone: Tz,
    sight: Sight,
) -> Result<Vec<Debt>, StoreError> {
    use event::Column as C;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.event_id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let events: HashMap<Uuid, Row> = event::Entity::find()
        .select_only()
        .columns([C::Id, C::Number, C::OccurredAt, C::RecoveredAt, C::CreatedAt])
        .filter(events::there(sight))
        .filter(C::Id.is_in(ids.iter().copied()))
        .into_model::<Row>()
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let mut shares: HashMap<Uuid, Vec<(Uuid, i32)>> = HashMap::new();
    let parts = responsibility::Entity::find()
        .filter(responsibility::Column::EventId.is_in(ids.iter().copied()))
        .order_by_asc(responsibility::Column::Position)
        .all(connection)
        .await?;
    for part in parts {
        shares.entry(part.event_id).or_default().push((part.team_id, part.share));
    }
    let mut debts = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(event) = events.get(&row.event_id) else { continue };
        let state = PostmortemState::from_code(&row.state)
            .ok_or_else(|| StoreError::Unreadable(format!("postmortem state {}", row.state)))?;
        let closed = match state {
            PostmortemState::Done => known_done(&row, zone).map(|(_, day)| day),
            PostmortemState::NotRequired => local_day(row.changed_at, zone).filter(|_| row.version > 1),
            _ => None,
        };
        // Done or waived when it was logged: it was never owed here.
        if !state.is_owed() && closed.is_none() {
            continue;
        }
        let from = event.recovered_at.or(event.occurred_at).unwrap_or(event.created_at);
        let begun = local_day(from, zone).ok_or_else(|| StoreError::Unreadable(format!("instant {from}")))?;
        debts.push(Debt {
            event_id: row.event_id,
            number: event.number,
            begun,
            closed,
            due_on: row.due_on,
            state,
            owner: row.owner_id,
            shares: shares.remove(&row.event_id).unwrap_or_default(),
        });
    }
    Ok(debts)
}

/// How many reminders about each of these events (at most a thousand) went out.
pub async fn reminders_sent(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
) -> Result<HashMap<Uuid, i64>, StoreError> {
    let rows: Vec<(Option<Uuid>, i64)> = reminder_entry::Entity::find()
        .select_only()
        .column(reminder_entry::Column::EventId)
        .column_as(reminder_entry::Column::Id.count(), "n")
        .filter(reminder_entry::Column::EventId.is_in(events.iter().copied()))
        .filter(reminder_entry::Column::State.eq(LedgerState::Sent.code()))
        .group_by(reminder_entry::Column::EventId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|(event, n)| Some((event?, n))).collect())
}
