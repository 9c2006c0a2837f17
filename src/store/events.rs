//! Event rows with their impacts and postmortems.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{event, event_viewer, postmortem};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, NullOrdering, Query, SelectStatement},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    StoreError, Tx, bulk,
    event_parts::{self, EventParts},
    postmortems, search, sight,
    tx::{all_rows, one_row},
};
use crate::domain::{
    capture::draft::Mark,
    clock_point::{ClockPoint, Precision},
    event::{EventFields, ProductionEvent, Source},
    event_record::{CLOCK_NAMES, Detection, EventKind, FundLoss},
    iso_week::IsoWeek,
    postmortem::PostmortemState,
    visibility::Sight,
};

/// Hands out the next event number.
pub async fn next_number(tx: &Tx) -> Result<i64, StoreError> {
    super::counters::next(tx, "event").await
}

/// Keeps other imports and new events away until the transaction ends: what is decided from what is stored now holds
/// when it is written.
pub async fn hold_numbers(tx: &Tx) -> Result<(), StoreError> {
    use entity::counter::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::Value, Expr::col(Column::Value).add(0_i64))
        .filter(Column::Name.eq("event"))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Hands out `count` event numbers: the first of them.
pub async fn next_numbers(tx: &Tx, count: i64) -> Result<i64, StoreError> {
    use entity::counter::{Column, Entity};
    let first = next_number(tx).await?;
    if count > 1 {
        Entity::update_many()
            .col_expr(Column::Value, Expr::col(Column::Value).add(count - 1))
            .filter(Column::Name.eq("event"))
            .exec(tx.conn())
            .await?;
    }
    Ok(first)
}

/// An event that an import writes.
#[derive(Debug, Clone)]
pub struct ImportedEvent {
    /// The event.
    pub event: ProductionEvent,
    /// The document it came with; none for events of other tools.
    pub import_id: Option<Uuid>,
}

/// Writes new events with their impacts and postmortems. `ids` are for the impact rows.
pub async fn insert_all(
    tx: &Tx,
    values: &[ImportedEvent],
    created_by: Option<Uuid>,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(), StoreError> {
    let rows = values.iter().map(|value| new_row(&value.event, created_by, value.import_id));
    bulk::insert_all(tx, rows.collect()).await?;
    let parts: Vec<_> =
        values.iter().map(|value| (value.event.id, order_key(&value.event), &value.event.fields)).collect();
    event_parts::insert(tx, &parts, ids).await?;
    let owed = values.iter().map(|value| {
        let event = &value.event;
        postmortems::row(event.id, order_key(event), &event.postmortem, event.created_at)
    });
    bulk::insert_all(tx, owed.collect()).await?;
    for chunk in values.chunks(200) {
        let events: Vec<&ProductionEvent> = chunk.iter().map(|value| &value.event).collect();
        search::insert_new(tx, &events).await?;
    }
    Ok(())
}

/// Hides the events that are still in these versions, as [`delete`] does; where one is not, all stays as it is.
pub async fn delete_all(tx: &Tx, events: &[(Uuid, i64)], now: i64) -> Result<(), StoreError> {
    for chunk in events.chunks(200) {
        let named = chunk.iter().fold(Condition::any(), |any, (id, version)| {
            any.add(Condition::all().add(event::Column::Id.eq(*id)).add(event::Column::Version.eq(*version)))
        });
        let result = event::Entity::update_many()
            .col_expr(event::Column::DeletedAt, Expr::value(now))
            .col_expr(event::Column::CostsDue, Expr::value(now))
            .col_expr(event::Column::Version, Expr::col(event::Column::Version).add(1))
            .filter(named)
            .filter(event::Column::DeletedAt.is_null())
            .exec(tx.conn())
            .await?;
        all_rows(result.rows_affected, chunk.len())?;
        search::remove(tx, &chunk.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

/// Takes the import keys off events, so that the next import does not know them.
pub async fn forget_keys(tx: &Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    for chunk in ids.chunks(1_000) {
        event::Entity::update_many()
            .col_expr(event::Column::ImportKey, Expr::value(None::<String>))
            .filter(event::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// The greatest positions in the reports of these weeks.
pub async fn last_positions(
    connection: &impl ConnectionTrait,
    weeks: &[IsoWeek],
) -> Result<HashMap<IsoWeek, i64>, StoreError> {
    let mut found = HashMap::new();
    for chunk in weeks.chunks(1_000) {
        let rows: Vec<(String, i64)> = event::Entity::find()
            .select_only()
            .column(event::Column::ReportWeek)
            .column_as(event::Column::Position.max(), "last")
            .filter(event::Column::ReportWeek.is_in(chunk.iter().map(ToString::to_string)))
            .group_by(event::Column::ReportWeek)
            .into_tuple()
            .all(connection)
            .await?;
        for (week, last) in rows {
            let week = week.parse().map_err(|_| StoreError::Unreadable(format!("week {week}")))?;
            found.insert(week, last);
        }
    }
    Ok(found)
}

/// Writes a new event, its impacts and its postmortem. `ids` are for the impact rows.
pub async fn insert(
    tx: &Tx,
    value: &ProductionEvent,
    created_by: Option<Uuid>,
    import_id: Option<Uuid>,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(), StoreError> {
    let row = new_row(value, created_by, import_id);
    event::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    let order_key = order_key(value);
    event_parts::insert(tx, &[(value.id, order_key, &value.fields)], ids).await?;
    postmortems::insert(tx, value.id, order_key, &value.postmortem, value.created_at).await?;
    search::insert_new(tx, &[value]).await
}

/// The place of an event in lists: the later its beginning and, within a second, the higher its number, the greater.
/// One number, so that one index gives the order on every database; unique for the first 33 million events. Events
/// without a beginning come before all others.
pub fn order_key(event: &ProductionEvent) -> i64 {
    place(event.fields.occurred.map(|point| point.at.timestamp_millis()), event.number)
}

/// How many bits of the number are in an order key.
const NUMBER_BITS: u32 = 25;

fn place(occurred_at: Option<i64>, number: i64) -> i64 {
    let seconds = occurred_at.map_or(0, |at| at.div_euclid(1_000) + 1);
    (seconds << NUMBER_BITS) | (number & ((1 << NUMBER_BITS) - 1))
}

/// The least order key of events that began at `at` (milliseconds) or later.
pub fn order_key_from(at: i64) -> i64 {
    // Rounded up: what began earlier in the second is not meant.
    (at.saturating_add(999).div_euclid(1_000) + 1).clamp(1, 1 << 38) << NUMBER_BITS
}

fn new_row(value: &ProductionEvent, created_by: Option<Uuid>, import_id: Option<Uuid>) -> event::ActiveModel {
    let mut row = active(&value.fields);
    row.order_key = Set(order_key(value));
    row.id = Set(value.id);
    row.number = Set(value.number);
    row.version = Set(value.version);
    row.report_week = Set(value.week.to_string());
    row.raw = Set(value.raw.clone());
    row.source = Set(value.source.code().to_owned());
    row.import_id = Set(import_id);
    row.import_key = Set(value.import_key.clone());
    row.import_mark = Set(value.import_mark.map(mark_code));
    row.position = Set(value.position);
    row.created_at = Set(value.created_at);
    row.created_by = Set(created_by);
    row.updated_at = Set(value.updated_at);
    row.deleted_at = Set(None);
    row.costs_due = Set(Some(value.updated_at));
    row.remind_at = Set(0);
    row
}

/// Replaces the fields of the event that is still in `version`; the stored version becomes `version + 1`.
pub async fn update(
    tx: &Tx,
    value: &ProductionEvent,
    version: i64,
    now: i64,
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(), StoreError> {
    let mut row = active(&value.fields);
    let order_key = order_key(value);
    row.order_key = Set(order_key);
    row.version = Set(version + 1);
    row.updated_at = Set(now);
    row.report_week = Set(value.week.to_string());
    row.import_mark = Set(value.import_mark.map(mark_code));
    row.costs_due = Set(Some(now));
    row.remind_at = Set(0);
    let result = event::Entity::update_many()
        .set(row)
        .filter(event::Column::Id.eq(value.id))
        .filter(event::Column::Version.eq(version))
        .filter(event::Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    event_parts::delete(tx, value.id).await?;
    event_parts::insert(tx, &[(value.id, order_key, &value.fields)], ids).await?;
    postmortems::reorder(tx, value.id, order_key).await?;
    search::reindex(tx, &[value.id]).await
}

/// Bumps the version without other changes, so that readers see that something of the event moved.
pub async fn touch(tx: &Tx, id: Uuid, version: i64, now: i64) -> Result<(), StoreError> {
    let result = event::Entity::update_many()
        .col_expr(event::Column::Version, Expr::col(event::Column::Version).add(1))
        .col_expr(event::Column::UpdatedAt, Expr::value(now))
        .col_expr(event::Column::RemindAt, Expr::value(0_i64))
        .filter(event::Column::Id.eq(id))
        .filter(event::Column::Version.eq(version))
        .filter(event::Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Hides the event that is still in `version`. Row, number and raw text stay.
pub async fn delete(tx: &Tx, id: Uuid, version: i64, now: i64) -> Result<(), StoreError> {
    let result = event::Entity::update_many()
        .col_expr(event::Column::DeletedAt, Expr::value(now))
        .col_expr(event::Column::CostsDue, Expr::value(now))
        .col_expr(event::Column::Version, Expr::col(event::Column::Version).add(1))
        .filter(event::Column::Id.eq(id))
        .filter(event::Column::Version.eq(version))
        .filter(event::Column::DeletedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    search::remove(tx, &[id]).await
}

/// A deleted event, as far as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedEvent {
    /// UUIDv7.
    pub id: Uuid,
    /// The people's number.
    pub number: i64,
    /// Its version.
    pub version: i64,
    /// The sentence.
    pub narrative: String,
    /// Milliseconds.
    pub deleted_at: i64,
}

impl DeletedEvent {
    fn of(row: event::Model) -> Option<Self> {
        let deleted_at = row.deleted_at?;
        Some(Self { id: row.id, number: row.number, version: row.version, narrative: row.narrative, deleted_at })
    }
}

/// Deleted events, the latest deletion first, from the one before `before` (milliseconds, number) on.
pub async fn deleted(
    connection: &impl ConnectionTrait,
    sight: Sight,
    before: Option<(i64, i64)>,
    limit: u64,
) -> Result<Vec<DeletedEvent>, StoreError> {
    let mut condition = Condition::all().add(event::Column::DeletedAt.is_not_null()).add(visible(sight));
    if let Some((at, number)) = before {
        let earlier = Condition::all().add(event::Column::DeletedAt.eq(at)).add(event::Column::Number.lt(number));
        condition = condition.add(Condition::any().add(event::Column::DeletedAt.lt(at)).add(earlier));
    }
    let rows = event::Entity::find()
        .filter(condition)
        .order_by_desc(event::Column::DeletedAt)
        .order_by_desc(event::Column::Number)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(rows.into_iter().filter_map(DeletedEvent::of).collect())
}

/// The deleted event with this number.
pub async fn deleted_by_number(
    connection: &impl ConnectionTrait,
    sight: Sight,
    number: i64,
) -> Result<Option<DeletedEvent>, StoreError> {
    let row = event::Entity::find()
        .filter(event::Column::Number.eq(number))
        .filter(event::Column::DeletedAt.is_not_null())
        .filter(visible(sight))
        .one(connection)
        .await?;
    Ok(row.and_then(DeletedEvent::of))
}

/// Brings the deleted event back that is still in `version`.
pub async fn restore(tx: &Tx, id: Uuid, version: i64, now: i64) -> Result<(), StoreError> {
    let result = event::Entity::update_many()
        .col_expr(event::Column::DeletedAt, Expr::value(None::<i64>))
        .col_expr(event::Column::RemindAt, Expr::value(0_i64))
        .col_expr(event::Column::CostsDue, Expr::value(now))
        .col_expr(event::Column::Version, Expr::col(event::Column::Version).add(1))
        .col_expr(event::Column::UpdatedAt, Expr::value(now))
        .filter(event::Column::Id.eq(id))
        .filter(event::Column::Version.eq(version))
        .filter(event::Column::DeletedAt.is_not_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    search::reindex(tx, &[id]).await
}

/// The event with this number, unless deleted.
pub async fn by_number(connection: &impl ConnectionTrait, number: i64) -> Result<Option<ProductionEvent>, StoreError> {
    let rows = event::Entity::find()
        .filter(event::Column::Number.eq(number))
        .filter(event::Column::DeletedAt.is_null())
        .all(connection)
        .await?;
    Ok(load(connection, rows).await?.pop())
}

/// Keeps other writers away from what hangs on these events until the transaction ends: who counts first and writes then
/// must not do so beside another one. SQLite has one writer anyway.
pub async fn lock(tx: &Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    // In one order, so that two who lock the same events wait and do not stand in each other's way.
    let _: Vec<Uuid> = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(event::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(tx.conn())
        .await?;
    Ok(())
}

/// The events of these ids, unless deleted, in no particular order.
pub async fn by_ids(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<ProductionEvent>, StoreError> {
    let mut events = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let rows = event::Entity::find()
            .filter(event::Column::Id.is_in(chunk.iter().copied()))
            .filter(event::Column::DeletedAt.is_null())
            .all(connection)
            .await?;
        events.extend(load(connection, rows).await?);
    }
    Ok(events)
}

/// The most events of one week: more than an import takes.
pub(super) const OF_WEEK: u64 = 100_000;

/// The events of a week in the order of its report.
pub async fn of_week(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<Vec<ProductionEvent>, StoreError> {
    let rows = event::Entity::find()
        .filter(event::Column::ReportWeek.eq(week.to_string()))
        .filter(event::Column::DeletedAt.is_null())
        .order_by_asc(event::Column::Position)
        .order_by_asc(event::Column::Number)
        .limit(OF_WEEK)
        .all(connection)
        .await?;
    let mut events = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    // As many as a statement may name.
    while rows.peek().is_some() {
        events.extend(load(connection, rows.by_ref().take(1_000).collect()).await?);
    }
    Ok(events)
}

/// The events that began at one of these instants (milliseconds), unless deleted, by number.
pub async fn at_times(connection: &impl ConnectionTrait, times: &[i64]) -> Result<Vec<ProductionEvent>, StoreError> {
    let mut events = Vec::new();
    for chunk in times.chunks(1_000) {
        let rows = event::Entity::find()
            .filter(event::Column::OccurredAt.is_in(chunk.iter().copied()))
            .filter(event::Column::DeletedAt.is_null())
            .order_by_asc(event::Column::Number)
            .limit(10_000)
            .all(connection)
            .await?;
        events.extend(load(connection, rows).await?);
    }
    Ok(events)
}

/// By what an import knows an event: document, key and text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportIdentity {
    /// The document.
    pub import_id: Option<Uuid>,
    /// The key.
    pub key: Option<String>,
    /// The text as imported.
    pub raw: Option<String>,
}

/// Gives an event another import identity.
pub async fn identify(tx: &Tx, id: Uuid, identity: &ImportIdentity) -> Result<(), StoreError> {
    let result = event::Entity::update_many()
        .col_expr(event::Column::ImportId, Expr::value(identity.import_id))
        .col_expr(event::Column::ImportKey, Expr::value(identity.key.clone()))
        .col_expr(event::Column::Raw, Expr::value(identity.raw.clone()))
        .filter(event::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)?;
    search::reindex(tx, &[id]).await
}

/// The import identities of these events, deleted ones too.
pub async fn identities(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, ImportIdentity>, StoreError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(1_000) {
        let rows = event::Entity::find().filter(event::Column::Id.is_in(chunk.iter().copied())).all(connection).await?;
        found.extend(
            rows.into_iter()
                .map(|row| (row.id, ImportIdentity { import_id: row.import_id, key: row.import_key, raw: row.raw })),
        );
    }
    Ok(found)
}

/// The events of these ids, and whether each is deleted, in no particular order.
pub async fn by_ids_or_gone(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<(ProductionEvent, bool)>, StoreError> {
    let mut found = Vec::new();
    for chunk in ids.chunks(1_000) {
        let rows = event::Entity::find().filter(event::Column::Id.is_in(chunk.iter().copied())).all(connection).await?;
        found.extend(with_gone(connection, rows).await?);
    }
    Ok(found)
}

async fn with_gone(
    connection: &impl ConnectionTrait,
    rows: Vec<event::Model>,
) -> Result<Vec<(ProductionEvent, bool)>, StoreError> {
    let deleted: BTreeSet<Uuid> = rows.iter().filter(|row| row.deleted_at.is_some()).map(|row| row.id).collect();
    let events = load(connection, rows).await?;
    Ok(events
        .into_iter()
        .map(|event| {
            let gone = deleted.contains(&event.id);
            (event, gone)
        })
        .collect())
}

/// The events that came with these import keys, and whether each was deleted since.
pub async fn by_import_keys(
    connection: &impl ConnectionTrait,
    keys: &[String],
) -> Result<Vec<(ProductionEvent, bool)>, StoreError> {
    let mut found = Vec::new();
    for chunk in keys.chunks(1_000) {
        let rows = event::Entity::find()
            .filter(event::Column::ImportKey.is_in(chunk.iter().map(String::as_str)))
            .all(connection)
            .await?;
        found.extend(with_gone(connection, rows).await?);
    }
    Ok(found)
}

/// Events whose postmortem is owed, the earliest due date first, at most `limit`.
pub async fn owed(
    connection: &impl ConnectionTrait,
    sight: Sight,
    owner: Option<Uuid>,
    limit: u64,
) -> Result<Vec<ProductionEvent>, StoreError> {
    let ids = postmortems::first_owed(connection, sight, owner, limit).await?;
    let mut found: HashMap<Uuid, ProductionEvent> =
        by_ids(connection, &ids).await?.into_iter().map(|event| (event.id, event)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Events of weeks before `week` whose postmortem is owed and that reports show, the earliest beginning first, at most `limit`.
pub async fn owed_before(
    connection: &impl ConnectionTrait,
    sight: Sight,
    week: IsoWeek,
    limit: u64,
) -> Result<Vec<ProductionEvent>, StoreError> {
    let mut owed = Query::select();
    owed.column(postmortem::Column::EventId).from(postmortem::Entity);
    owed.and_where(postmortem::Column::State.is_in(["pending", "drafting", "in_review"]));
    let rows = event::Entity::find()
        .filter(event::Column::DeletedAt.is_null())
        .filter(reported_to(sight))
        .filter(event::Column::ReportWeek.lt(week.to_string()))
        .filter(event::Column::Id.in_subquery(owed))
        .order_by_with_nulls(event::Column::OccurredAt, sea_orm::Order::Asc, NullOrdering::Last)
        .order_by_asc(event::Column::Number)
        .limit(limit)
        .all(connection)
        .await?;
    load(connection, rows).await
}

/// Graded events that reports show, per week and level of weeks `from..=to`.
pub async fn graded_of_weeks(
    connection: &impl ConnectionTrait,
    sight: Sight,
    from: IsoWeek,
    to: IsoWeek,
) -> Result<Vec<(IsoWeek, String, i64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = event::Entity::find()
        .select_only()
        .column(event::Column::ReportWeek)
        .column(event::Column::Severity)
        .column_as(event::Column::Id.count(), "n")
        .filter(event::Column::DeletedAt.is_null())
        .filter(reported_to(sight))
        .filter(event::Column::ReportWeek.between(from.to_string(), to.to_string()))
        .filter(event::Column::Severity.is_not_null())
        .group_by(event::Column::ReportWeek)
        .group_by(event::Column::Severity)
        .order_by_asc(event::Column::ReportWeek)
        .order_by_asc(event::Column::Severity)
        .into_tuple()
        .all(connection)
        .await?;
    let week = |text: &str| text.parse().map_err(|_| StoreError::Unreadable(format!("week {text}")));
    rows.into_iter().map(|(of, severity, n)| Ok((week(&of)?, severity, n))).collect()
}

/// How many events have not recovered.
pub async fn count_ongoing(connection: &impl ConnectionTrait, sight: Sight) -> Result<u64, StoreError> {
    use sea_orm::PaginatorTrait;
    let ongoing = event::Entity::find()
        .filter(there(sight))
        .filter(event::Column::Kind.eq(EventKind::Normal.code()))
        .filter(event::Column::RecoveredAt.is_null());
    Ok(ongoing.count(connection).await?)
}

/// Events per severity label that began in `[from, until)`; none is 未定级.
pub async fn count_by_severity(
    connection: &impl ConnectionTrait,
    sight: Sight,
    from: i64,
    until: i64,
) -> Result<Vec<(Option<String>, i64)>, StoreError> {
    Ok(event::Entity::find()
        .select_only()
        .column(event::Column::Severity)
        .column_as(event::Column::Id.count(), "n")
        .filter(there(sight))
        .filter(event::Column::Kind.eq(EventKind::Normal.code()))
        .filter(event::Column::OccurredAt.gte(from))
        .filter(event::Column::OccurredAt.lt(until))
        .group_by(event::Column::Severity)
        .into_tuple()
        .all(connection)
        .await?)
}

/// The greatest position in a week's report.
pub async fn last_position(connection: &impl ConnectionTrait, week: IsoWeek) -> Result<i64, StoreError> {
    let last: Option<i64> = event::Entity::find()
        .select_only()
        .column(event::Column::Position)
        .filter(event::Column::ReportWeek.eq(week.to_string()))
        .order_by_desc(event::Column::Position)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(last.unwrap_or(0))
}

/// Of the event table: what is there for these eyes and may owe a postmortem.
pub(super) fn owing(sight: Sight) -> Condition {
    there(sight).add(event::Column::Kind.eq(EventKind::Normal.code()))
}

/// Of the event table: what these eyes see, by the rule of `domain::visibility`.
pub fn visible(sight: Sight) -> Condition {
    let open = event::Column::Restricted.eq(false);
    match sight {
        Sight::All => Condition::all(),
        Sight::Everyone => Condition::all().add(open),
        Sight::Account(account) => {
            Condition::any().add(open).add(event::Column::CreatedBy.eq(account)).add(is_viewer(account))
        }
        Sight::OwnTeams(account) => {
            let of_team = Condition::all().add(open).add(sight::of_own_teams(account));
            // An import brings the events of all teams: whoever ran it did not log them.
            let logged = Condition::all()
                .add(event::Column::CreatedBy.eq(account))
                .add(event::Column::Source.ne(Source::Import.code()));
            Condition::any().add(of_team).add(logged).add(is_viewer(account))
        }
    }
}

/// Of the event table: those that an account is named for.
fn is_viewer(account: Uuid) -> Expr {
    let named = Query::select()
        .column(event_viewer::Column::EventId)
        .from(event_viewer::Entity)
        .and_where(event_viewer::Column::AccountId.eq(account))
        .take();
    event::Column::Id.in_subquery(named)
}

/// Of the event table: what everyone sees, and of that what is there for eyes of some teams. What is told beside another thing,
/// like a report or a similar event, tells nobody of restricted events.
pub(super) fn open_to(sight: Sight) -> Condition {
    let everyone = Condition::all().add(visible(Sight::Everyone));
    if matches!(sight, Sight::OwnTeams(_)) { everyone.add(visible(sight)) } else { everyone }
}

/// Of the event table: what a report shows these eyes.
fn reported_to(sight: Sight) -> Condition {
    open_to(sight).add(event::Column::Kind.eq(EventKind::Normal.code()))
}

/// Of the event table: what these eyes see and that is not deleted.
pub fn there(sight: Sight) -> Condition {
    Condition::all().add(event::Column::DeletedAt.is_null()).add(visible(sight))
}

/// The ids of the events that these eyes see and that are not deleted, to be asked inside another query.
pub fn seen(sight: Sight) -> SelectStatement {
    Query::select().column(event::Column::Id).from(event::Entity).cond_where(there(sight)).take()
}

/// Id and number of those of these events (at most a thousand) that these eyes see, named by id or by number; deleted ones too.
pub async fn labels(
    connection: &impl ConnectionTrait,
    sight: Sight,
    ids: &[Uuid],
    numbers: &[i64],
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let named = Condition::any()
        .add(event::Column::Id.is_in(ids.iter().copied()))
        .add(event::Column::Number.is_in(numbers.iter().copied()));
    Ok(event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .column(event::Column::Number)
        .filter(visible(sight))
        .filter(named)
        .into_tuple()
        .all(connection)
        .await?)
}

/// Those of these events that these eyes do not see, deleted ones too. Eyes of some teams do not see what is not there at all.
pub async fn hidden_among(
    connection: &impl ConnectionTrait,
    sight: Sight,
    numbers: &BTreeSet<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let mut hidden = BTreeSet::new();
    let numbers: Vec<i64> = numbers.iter().copied().collect();
    for some in numbers.chunks(1_000) {
        if matches!(sight, Sight::OwnTeams(_)) {
            let seen: BTreeSet<i64> =
                labels(connection, sight, &[], some).await?.into_iter().map(|(_, number)| number).collect();
            hidden.extend(some.iter().filter(|number| !seen.contains(number)));
            continue;
        }
        let restricted: Vec<i64> = event::Entity::find()
            .select_only()
            .column(event::Column::Number)
            .filter(event::Column::Number.is_in(some.iter().copied()))
            .filter(event::Column::Restricted.eq(true))
            .into_tuple()
            .all(connection)
            .await?;
        if restricted.is_empty() {
            continue;
        }
        let seen: BTreeSet<i64> =
            labels(connection, sight, &[], &restricted).await?.into_iter().map(|(_, number)| number).collect();
        hidden.extend(restricted.into_iter().filter(|number| !seen.contains(number)));
    }
    Ok(hidden)
}

/// Of the event table: what reports show and count. A report is everyone's, so that restricted events are left out.
pub(super) fn reported() -> Condition {
    reported_to(Sight::Everyone)
}

/// Events of rows, with their parts and postmortems in one more query each, in the order of the rows.
async fn load(connection: &impl ConnectionTrait, rows: Vec<event::Model>) -> Result<Vec<ProductionEvent>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut postmortems: HashMap<Uuid, postmortem::Model> = postmortem::Entity::find()
        .filter(postmortem::Column::EventId.is_in(rows.iter().map(|row| row.id)))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.event_id, row))
        .collect();
    let rows = rows
        .into_iter()
        .map(|row| {
            let postmortem = postmortems
                .remove(&row.id)
                .ok_or_else(|| StoreError::Unreadable(format!("event {} has no postmortem row", row.number)))?;
            Ok((row, postmortem))
        })
        .collect::<Result<_, StoreError>>()?;
    whole(connection, rows).await
}

/// Events of rows and those of their postmortems, with their parts in one more query each, in the order of the rows.
pub(super) async fn whole(
    connection: &impl ConnectionTrait,
    rows: Vec<(event::Model, postmortem::Model)>,
) -> Result<Vec<ProductionEvent>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|(row, _)| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut parts = event_parts::of_events(connection, &ids).await?;
    rows.into_iter()
        .map(|(row, postmortem)| {
            let parts = parts.remove(&row.id).unwrap_or_default();
            value(row, parts, postmortems::value(postmortem)?)
        })
        .collect()
}

fn active(fields: &EventFields) -> event::ActiveModel {
    event::ActiveModel {
        occurred_at: Set(fields.occurred.map(|point| point.at.timestamp_millis())),
        occurred_day: Set(is_day(fields.occurred)),
        detected_at: Set(fields.detected.map(|point| point.at.timestamp_millis())),
        detected_day: Set(is_day(fields.detected)),
        acknowledged_at: Set(fields.acknowledged.map(|point| point.at.timestamp_millis())),
        acknowledged_day: Set(is_day(fields.acknowledged)),
        located_at: Set(fields.located.map(|point| point.at.timestamp_millis())),
        located_day: Set(is_day(fields.located)),
        mitigated_at: Set(fields.mitigated.map(|point| point.at.timestamp_millis())),
        mitigated_day: Set(is_day(fields.mitigated)),
        recovered_at: Set(fields.recovered.map(|point| point.at.timestamp_millis())),
        recovered_day: Set(is_day(fields.recovered)),
        severity: Set(fields.severity.clone()),
        narrative: Set(fields.narrative.clone()),
        narrative_generated: Set(fields.narrative_generated),
        summary: Set(fields.summary.clone()),
        impact: Set(fields.impact.clone()),
        cause: Set(fields.cause.clone()),
        cause_category: Set(fields.cause_category.clone()),
        recovery: Set(fields.recovery.clone()),
        kind: Set(fields.kind.code().to_owned()),
        detection: Set(fields.detection.map(|detection| detection.code().to_owned())),
        change_link: Set(fields.change_link.clone()),
        loss_expected: Set(fields.loss.expected),
        loss_actual: Set(fields.loss.actual),
        loss_recovered: Set(fields.loss.recovered),
        clock_unknown: Set(unknown_of(fields, true)),
        facts_unknown: Set(unknown_of(fields, false)),
        restricted: Set(fields.restricted),
        ..event::ActiveModel::default()
    }
}

/// The unknown points of the clock, or the other unknown facts, separated by commas.
fn unknown_of(fields: &EventFields, clock: bool) -> Option<String> {
    let names: Vec<&str> =
        fields.unknown.iter().map(String::as_str).filter(|name| CLOCK_NAMES.contains(name) == clock).collect();
    (!names.is_empty()).then(|| names.join(","))
}

fn is_day(point: Option<ClockPoint>) -> bool {
    point.is_some_and(|point| point.precision == Precision::Day)
}

fn value(
    row: event::Model,
    parts: EventParts,
    postmortem: crate::domain::postmortem::Postmortem,
) -> Result<ProductionEvent, StoreError> {
    let week = row.report_week.parse().map_err(|_| StoreError::Unreadable(format!("week {}", row.report_week)))?;
    Ok(ProductionEvent {
        id: row.id,
        number: row.number,
        version: row.version,
        fields: EventFields {
            occurred: point(row.occurred_at, row.occurred_day)?,
            detected: point(row.detected_at, row.detected_day)?,
            acknowledged: point(row.acknowledged_at, row.acknowledged_day)?,
            located: point(row.located_at, row.located_day)?,
            mitigated: point(row.mitigated_at, row.mitigated_day)?,
            recovered: point(row.recovered_at, row.recovered_day)?,
            severity: row.severity,
            narrative: row.narrative,
            narrative_generated: row.narrative_generated,
            summary: row.summary,
            impact: row.impact,
            impacts: parts.impacts,
            cause: row.cause,
            cause_category: row.cause_category,
            recovery: row.recovery,
            kind: EventKind::from_code(&row.kind)
                .ok_or_else(|| StoreError::Unreadable(format!("event kind {}", row.kind)))?,
            detection: row.detection.as_deref().and_then(Detection::from_code),
            change_link: row.change_link,
            loss: FundLoss { expected: row.loss_expected, actual: row.loss_actual, recovered: row.loss_recovered },
            services: parts.services,
            responsibility: parts.responsibility,
            tags: parts.tags,
            links: parts.links,
            unknown: [row.clock_unknown.as_deref(), row.facts_unknown.as_deref()]
                .into_iter()
                .flatten()
                .flat_map(|names| names.split(','))
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            restricted: row.restricted,
            viewers: parts.viewers,
        },
        week,
        raw: row.raw,
        source: Source::from_code(&row.source),
        import_key: row.import_key,
        import_mark: row.import_mark.as_deref().map(mark_of),
        position: row.position,
        postmortem,
        created_at: row.created_at,
        created_by: row.created_by,
        updated_at: row.updated_at,
    })
}

pub(super) fn instant(millis: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(millis).ok_or_else(|| StoreError::Unreadable(format!("instant {millis}")))
}

pub(super) fn point(millis: Option<i64>, day: bool) -> Result<Option<ClockPoint>, StoreError> {
    let precision = if day { Precision::Day } else { Precision::Minute };
    millis.map(|millis| Ok(ClockPoint { at: instant(millis)?, precision })).transpose()
}

fn mark_code(mark: Mark) -> String {
    PostmortemState::of_mark(mark).code().to_owned()
}

fn mark_of(code: &str) -> Mark {
    PostmortemState::from_code(code).map_or(Mark::Unknown, PostmortemState::mark)
}
