//! What the analytics need of events, page by page: a fixed number of statements a page, none per event.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use entity::{action_item, affected_service, event, event_relation, postmortem, responsibility};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::{StoreError, events};
use crate::domain::{
    action_item::ActionState,
    analytics::{EventFacts, ItemFacts, Moment},
    event_record::{Detection, EventKind},
    iso_week::{self, IsoWeek},
    postmortem::PostmortemState,
    visibility::Sight,
};

/// Events on a page: their ids are far below the 32,766 values that a statement of SQLite takes.
pub const PAGE: u64 = 5_000;

/// Which events.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// The report zone.
    pub zone: Tz,
    /// What the reader sees.
    pub sight: Sight,
}

/// Where the next page begins. Events that began come first, then those without a beginning.
#[derive(Debug, Clone, Copy)]
pub enum After {
    /// After the event with this beginning (milliseconds) and number.
    Begun(i64, i64),
    /// Among those without a beginning, after this number.
    Unknown(i64),
}

#[derive(Debug, FromQueryResult)]
struct Row {
    id: Uuid,
    number: i64,
    occurred_at: Option<i64>,
    occurred_day: bool,
    detected_at: Option<i64>,
    detected_day: bool,
    acknowledged_at: Option<i64>,
    acknowledged_day: bool,
    located_at: Option<i64>,
    located_day: bool,
    recovered_at: Option<i64>,
    recovered_day: bool,
    report_week: String,
    severity: Option<String>,
    cause_category: Option<String>,
    detection: Option<String>,
}

impl Period {
    /// Events that began in the period.
    fn begun(&self) -> Condition {
        let end = self.to.succ_opt().unwrap_or(self.to);
        events::there(self.sight)
            .add(event::Column::OccurredAt.gte(iso_week::midnight(self.from, self.zone).timestamp_millis()))
            .add(event::Column::OccurredAt.lt(iso_week::midnight(end, self.zone).timestamp_millis()))
    }

    /// Events without a beginning whose report's week begins in the period.
    fn unknown(&self) -> Condition {
        // The first Monday on or after the first day.
        let first = IsoWeek::of(self.from);
        let first = if first.monday() < self.from { first.next() } else { first };
        events::there(self.sight)
            .add(event::Column::OccurredAt.is_null())
            .add(event::Column::ReportWeek.gte(first.to_string()))
            .add(event::Column::ReportWeek.lte(IsoWeek::of(self.to).to_string()))
    }
}

/// How many production events the period holds, and how many drills and maintenance beside them.
pub async fn count(connection: &impl ConnectionTrait, period: &Period) -> Result<(u64, u64), StoreError> {
    let normal = event::Column::Kind.eq(EventKind::Normal.code());
    let other = event::Column::Kind.ne(EventKind::Normal.code());
    let (mut counted, mut left) = (0, 0);
    for condition in [period.begun(), period.unknown()] {
        counted += event::Entity::find().filter(condition.clone()).filter(normal.clone()).count(connection).await?;
        left += event::Entity::find().filter(condition).filter(other.clone()).count(connection).await?;
    }
    Ok((counted, left))
}

/// A page of production events, and where the next one begins.
pub async fn page(
    connection: &impl ConnectionTrait,
    period: &Period,
    after: Option<After>,
) -> Result<(Vec<EventFacts>, Option<After>), StoreError> {
    use event::Column as C;
    let mut find = event::Entity::find()
        .select_only()
        .columns([
            C::Id,
            C::Number,
            C::OccurredAt,
            C::OccurredDay,
            C::DetectedAt,
            C::DetectedDay,
            C::AcknowledgedAt,
            C::AcknowledgedDay,
            C::LocatedAt,
            C::LocatedDay,
            C::RecoveredAt,
            C::RecoveredDay,
            C::ReportWeek,
            C::Severity,
            C::CauseCategory,
            C::Detection,
        ])
        .filter(C::Kind.eq(EventKind::Normal.code()));
    let begun = matches!(after, None | Some(After::Begun(..)));
    find = if begun { find.filter(period.begun()) } else { find.filter(period.unknown()) };
    match after {
        None => {}
        Some(After::Begun(at, number)) => {
            find = find.filter(
                Condition::any()
                    .add(C::OccurredAt.gt(at))
                    .add(Condition::all().add(C::OccurredAt.eq(at)).add(C::Number.gt(number))),
            );
        }
        Some(After::Unknown(number)) => find = find.filter(C::Number.gt(number)),
    }
    let find = if begun { find.order_by_asc(C::OccurredAt) } else { find };
    let rows = find.order_by_asc(C::Number).limit(PAGE).into_model::<Row>().all(connection).await?;
    let full = rows.len() as u64 == PAGE;
    let next = match (begun, full, rows.last()) {
        (true, true, Some(row)) => row.occurred_at.map(|at| After::Begun(at, row.number)),
        (true, ..) => Some(After::Unknown(0)),
        (false, true, Some(row)) => Some(After::Unknown(row.number)),
        (false, ..) => None,
    };
    Ok((with_parts(connection, rows, period).await?, next))
}

async fn with_parts(
    connection: &impl ConnectionTrait,
    rows: Vec<Row>,
    period: &Period,
) -> Result<Vec<EventFacts>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let zone = period.zone;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut postmortems: HashMap<Uuid, postmortem::Model> = postmortem::Entity::find()
        .filter(postmortem::Column::EventId.is_in(ids.iter().copied()))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.event_id, row))
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
    let mut services: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    let affected: Vec<(Uuid, Uuid)> = affected_service::Entity::find()
        .select_only()
        .column(affected_service::Column::EventId)
        .column(affected_service::Column::ServiceId)
        .filter(affected_service::Column::EventId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(connection)
        .await?;
    for (event, service) in affected {
        services.entry(event).or_default().push(service);
    }
    let recurring: HashSet<Uuid> = event_relation::Entity::find()
        .select_only()
        .column(event_relation::Column::EventId)
        .filter(event_relation::Column::Kind.eq("recurrence"))
        .filter(event_relation::Column::EventId.is_in(ids.iter().copied()))
        // What came first must be there for these eyes.
        .filter(event_relation::Column::OtherId.in_subquery(events::seen(period.sight)))
        .into_tuple::<Uuid>()
        .all(connection)
        .await?
        .into_iter()
        .collect();
    let mut items = items(connection, &ids, zone).await?;
    rows.into_iter()
        .map(|row| {
            let postmortem = postmortems
                .remove(&row.id)
                .ok_or_else(|| StoreError::Unreadable(format!("event {} has no postmortem row", row.number)))?;
            let state = PostmortemState::from_code(&postmortem.state)
                .ok_or_else(|| StoreError::Unreadable(format!("postmortem state {}", postmortem.state)))?;
            Ok(EventFacts {
                number: row.number,
                day: day_of(row.occurred_at, &row.report_week, zone)?,
                severity: row.severity,
                occurred: moment(row.occurred_at, row.occurred_day),
                detected: moment(row.detected_at, row.detected_day),
                acknowledged: moment(row.acknowledged_at, row.acknowledged_day),
                located: moment(row.located_at, row.located_day),
                recovered: moment(row.recovered_at, row.recovered_day),
                detection: row.detection.as_deref().and_then(Detection::from_code),
                cause_category: row.cause_category,
                postmortem: state,
                due_on: postmortem.due_on,
                done: known_done(&postmortem, zone),
                shares: shares.remove(&row.id).unwrap_or_default(),
                services: services.remove(&row.id).unwrap_or_default(),
                recurs: recurring.contains(&row.id),
                items: items.remove(&row.id).unwrap_or_default(),
            })
        })
        .collect()
}

/// When a postmortem was done. Of one that was done when its event was logged, or imported as done, nobody knows when:
/// it never changed since.
pub(super) fn known_done(postmortem: &postmortem::Model, zone: Tz) -> Option<(i64, NaiveDate)> {
    let at = postmortem.done_at.filter(|_| postmortem.version > 1)?;
    Some((at.div_euclid(1_000), local_day(at, zone)?))
}

/// The day of an instant in milliseconds.
pub(super) fn local_day(millis: i64, zone: Tz) -> Option<NaiveDate> {
    DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&zone).date_naive())
}

fn day_of(occurred_at: Option<i64>, week: &str, zone: Tz) -> Result<NaiveDate, StoreError> {
    if let Some(day) = occurred_at.and_then(|at| local_day(at, zone)) {
        return Ok(day);
    }
    let week: IsoWeek = week.parse().map_err(|_| StoreError::Unreadable(format!("week {week}")))?;
    Ok(week.monday())
}

fn moment(millis: Option<i64>, day: bool) -> Option<Moment> {
    millis.map(|at| Moment { at: at.div_euclid(1_000), day })
}

#[derive(Debug, FromQueryResult)]
struct ItemRow {
    event_id: Uuid,
    number: i64,
    team_id: Option<Uuid>,
    state: String,
    due_on: Option<NaiveDate>,
    verified_at: Option<i64>,
}

async fn items(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
    zone: Tz,
) -> Result<HashMap<Uuid, Vec<ItemFacts>>, StoreError> {
    use action_item::Column as C;
    let rows = action_item::Entity::find()
        .select_only()
        .columns([C::EventId, C::Number, C::TeamId, C::State, C::DueOn, C::VerifiedAt])
        .filter(C::DeletedAt.is_null())
        .filter(C::EventId.is_in(ids.iter().copied()))
        .order_by_asc(C::Number)
        .into_model::<ItemRow>()
        .all(connection)
        .await?;
    let mut found: HashMap<Uuid, Vec<ItemFacts>> = HashMap::new();
    for row in rows {
        let state = ActionState::from_code(&row.state)
            .ok_or_else(|| StoreError::Unreadable(format!("action item state {}", row.state)))?;
        found.entry(row.event_id).or_default().push(ItemFacts {
            number: row.number,
            team: row.team_id,
            state,
            due_on: row.due_on,
            done_on: row.verified_at.and_then(|at| local_day(at, zone)),
        });
    }
    Ok(found)
}

/// The ids of events with these numbers that the reader sees.
pub async fn ids_of(connection: &impl ConnectionTrait, sight: Sight, numbers: &[i64]) -> Result<Vec<Uuid>, StoreError> {
    let mut found = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(1_000) {
        let ids: Vec<Uuid> = event::Entity::find()
            .select_only()
            .column(event::Column::Id)
            .filter(events::there(sight))
            .filter(event::Column::Number.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(ids);
    }
    Ok(found)
}
