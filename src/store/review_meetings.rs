//! When postmortems are reviewed, and who is invited.

use chrono::DateTime;
use entity::{review_attendee, review_meeting};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
use crate::domain::{
    invitation::Attendee,
    review_meeting::{MeetingFields, ReviewMeeting},
};

const SCHEDULED: &str = "scheduled";
const CANCELLED: &str = "cancelled";

/// The review of an event, also one that was cancelled.
pub async fn of_event(connection: &impl ConnectionTrait, event_id: Uuid) -> Result<Option<ReviewMeeting>, StoreError> {
    let Some(row) = review_meeting::Entity::find_by_id(event_id).one(connection).await? else { return Ok(None) };
    let invited = review_attendee::Entity::find()
        .filter(review_attendee::Column::EventId.eq(event_id))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| row.account_id)
        .collect();
    let starts_at = DateTime::from_timestamp_millis(row.starts_at)
        .ok_or_else(|| StoreError::Unreadable(format!("time of a review {}", row.starts_at)))?;
    Ok(Some(ReviewMeeting {
        event_id,
        version: row.version,
        cancelled: row.state == CANCELLED,
        sequence: row.sequence,
        organizer: Attendee { address: row.organizer, name: row.organizer_name },
        changed_at: row.changed_at,
        fields: MeetingFields { starts_at, minutes: row.minutes, place: row.place, attendees: invited },
    }))
}

/// Which of these events have a review that was not cancelled.
pub async fn scheduled_among(connection: &impl ConnectionTrait, events: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let mut found = Vec::new();
    for chunk in events.chunks(1_000) {
        let rows: Vec<Uuid> = review_meeting::Entity::find()
            .select_only()
            .column(review_meeting::Column::EventId)
            .filter(review_meeting::Column::EventId.is_in(chunk.iter().copied()))
            .filter(review_meeting::Column::State.eq(SCHEDULED))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Writes a new meeting; its event must have none.
pub async fn insert(tx: &Tx, value: &ReviewMeeting) -> Result<(), StoreError> {
    let row = review_meeting::ActiveModel {
        event_id: Set(value.event_id),
        version: Set(value.version),
        starts_at: Set(value.fields.starts_at.timestamp_millis()),
        minutes: Set(value.fields.minutes),
        state: Set(state(value).to_owned()),
        sequence: Set(value.sequence),
        organizer: Set(value.organizer.address.clone()),
        organizer_name: Set(value.organizer.name.clone()),
        changed_at: Set(value.changed_at),
        place: Set(value.fields.place.clone()),
    };
    review_meeting::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    attendees(tx, value).await
}

/// Replaces the meeting that is still in `version`.
pub async fn update(tx: &Tx, value: &ReviewMeeting, version: i64) -> Result<(), StoreError> {
    let result = review_meeting::Entity::update_many()
        .col_expr(review_meeting::Column::Version, Expr::value(value.version))
        .col_expr(review_meeting::Column::StartsAt, Expr::value(value.fields.starts_at.timestamp_millis()))
        .col_expr(review_meeting::Column::Minutes, Expr::value(value.fields.minutes))
        .col_expr(review_meeting::Column::State, Expr::value(state(value)))
        .col_expr(review_meeting::Column::Sequence, Expr::value(value.sequence))
        .col_expr(review_meeting::Column::ChangedAt, Expr::value(value.changed_at))
        .col_expr(review_meeting::Column::Place, Expr::value(value.fields.place.clone()))
        .filter(review_meeting::Column::EventId.eq(value.event_id))
        .filter(review_meeting::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    attendees(tx, value).await
}

async fn attendees(tx: &Tx, value: &ReviewMeeting) -> Result<(), StoreError> {
    review_attendee::Entity::delete_many()
        .filter(review_attendee::Column::EventId.eq(value.event_id))
        .exec(tx.conn())
        .await?;
    if value.fields.attendees.is_empty() {
        return Ok(());
    }
    let rows = value
        .fields
        .attendees
        .iter()
        .map(|account| review_attendee::ActiveModel { event_id: Set(value.event_id), account_id: Set(*account) });
    review_attendee::Entity::insert_many(rows).exec_without_returning(tx.conn()).await?;
    Ok(())
}

const fn state(value: &ReviewMeeting) -> &'static str {
    if value.cancelled { CANCELLED } else { SCHEDULED }
}
