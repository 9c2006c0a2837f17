//! The ledger of reminders, when each event is to be looked at, and what was put off.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate};
use entity::{
    counter, event, outbox_message, postmortem,
    reminder_entry::{ActiveModel, Column, Entity, Model},
    reminder_hold,
};
/// What reads run on: the readers of the store, or a transaction. Named here for services whose reads do both.
pub use sea_orm::ConnectionTrait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use super::{StoreError, Tx, events, tx::inserted};
use crate::domain::{
    action_item::{ACTION_STATES, ActionState},
    event::ProductionEvent,
    event_record::EventKind,
    postmortem::POSTMORTEM_STATES,
    reminder::{
        plan::{OfDay, Reminder},
        policy::{Step, Subject},
    },
};

use super::outbox::OutboxState;

/// The most ledger rows of one digest that are read.
const DIGEST_LIMIT: u64 = 12_000;

/// The most ledger rows of a hundred things in a month: each working day one for each of a hundred people.
const LEDGER_LIMIT: u64 = 300_000;

/// What is looked at besides events: the weeks without a report.
pub const WEEKS: &str = "reminder.weeks";

/// The postmortems that became overdue.
pub const OVERDUE: &str = "reminder.overdue";

/// Values of one statement.
const CHUNK: usize = 500;

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

/// Reminders that somebody put off or stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// An event or an action item.
    pub item: Uuid,
    /// The first day on which none went out.
    pub since: NaiveDate,
    /// The first day on which they go out again; none where they are stopped.
    pub until: Option<NaiveDate>,
    /// Why.
    pub reason: Option<String>,
    /// Who did it.
    pub by: String,
    /// Milliseconds.
    pub at: i64,
}

/// Notes planned reminders of one message. One that was superseded or cancelled before is planned again; answers how many are
/// noted.
pub async fn insert(
    tx: &Tx,
    ids: &mut (dyn FnMut() -> Uuid + Send),
    reminders: &[Reminder],
    outbox_id: Uuid,
    now: i64,
) -> Result<usize, StoreError> {
    let mut noted = 0;
    for chunk in reminders.chunks(CHUNK / 5) {
        let rows: Vec<ActiveModel> = chunk.iter().map(|reminder| row(ids(), reminder, outbox_id, now)).collect();
        let savepoint = tx.savepoint().await?;
        if inserted(Entity::insert_many(rows).exec_without_returning(savepoint.conn()).await)? {
            savepoint.commit().await?;
            noted += chunk.len();
            continue;
        }
        savepoint.rollback().await?;
        for reminder in chunk {
            noted += usize::from(insert_one(tx, ids(), reminder, outbox_id, now).await?);
        }
    }
    Ok(noted)
}

fn row(id: Uuid, reminder: &Reminder, outbox_id: Uuid, now: i64) -> ActiveModel {
    ActiveModel {
        id: Set(id),
        item_id: Set(reminder.item),
        event_id: Set(reminder.event),
        step: Set(reminder.subject.step_code(reminder.step)),
        occurrence: Set(reminder.occurrence),
        recipient_id: Set(reminder.recipient),
        state: Set(LedgerState::Planned.code().to_owned()),
        outbox_id: Set(Some(outbox_id)),
        created_at: Set(now),
    }
}

async fn insert_one(tx: &Tx, id: Uuid, reminder: &Reminder, outbox_id: Uuid, now: i64) -> Result<bool, StoreError> {
    let savepoint = tx.savepoint().await?;
    let new = Entity::insert(row(id, reminder, outbox_id, now)).exec_without_returning(savepoint.conn()).await;
    if inserted(new)? {
        savepoint.commit().await?;
        return Ok(true);
    }
    savepoint.rollback().await?;
    let again = Entity::update_many()
        .col_expr(Column::State, Expr::value(LedgerState::Planned.code()))
        .col_expr(Column::OutboxId, Expr::value(outbox_id))
        .filter(Column::ItemId.eq(reminder.item))
        .filter(Column::Step.eq(reminder.subject.step_code(reminder.step)))
        .filter(Column::Occurrence.eq(reminder.occurrence))
        .filter(Column::RecipientId.eq(reminder.recipient))
        .filter(Column::State.ne(LedgerState::Sent.code()))
        .exec(tx.conn())
        .await?;
    Ok(again.rows_affected == 1)
}

/// Whom these items were told to on which days, since a day, or is being told out of our hands: planned again, it would come twice.
/// What waits in a message that nobody took yet is not among them, because the next digest takes its place.
pub async fn had(
    connection: &impl ConnectionTrait,
    items: &[Uuid],
    since: NaiveDate,
) -> Result<HashSet<OfDay>, StoreError> {
    let mut had = HashSet::new();
    let mut on_the_way: HashMap<Uuid, Vec<OfDay>> = HashMap::new();
    for chunk in items.chunks(CHUNK / 5) {
        let rows = Entity::find()
            .filter(Column::ItemId.is_in(chunk.iter().copied()))
            .filter(Column::Occurrence.gte(since))
            .filter(Column::State.is_in([LedgerState::Sent.code(), LedgerState::Planned.code()]))
            .limit(LEDGER_LIMIT)
            .all(connection)
            .await?;
        for row in rows {
            let sent = row.state == LedgerState::Sent.code();
            let outbox = row.outbox_id;
            let reminder = value(row)?.of_day();
            match outbox.filter(|_| !sent) {
                Some(outbox) => on_the_way.entry(outbox).or_default().push(reminder),
                None => drop(had.insert(reminder)),
            }
        }
    }
    let messages: Vec<Uuid> = on_the_way.keys().copied().collect();
    for chunk in messages.chunks(CHUNK) {
        let out_of_hand = [OutboxState::Claimed, OutboxState::Committing, OutboxState::Sent, OutboxState::Unconfirmed];
        let taken: Vec<Uuid> = outbox_message::Entity::find()
            .select_only()
            .column(outbox_message::Column::Id)
            .filter(outbox_message::Column::Id.is_in(chunk.iter().copied()))
            .filter(outbox_message::Column::State.is_in(out_of_hand.map(OutboxState::code)))
            .into_tuple()
            .all(connection)
            .await?;
        had.extend(taken.into_iter().filter_map(|id| on_the_way.remove(&id)).flatten());
    }
    Ok(had)
}

/// Which of these keys the outbox has already.
pub async fn keys_in_outbox(connection: &impl ConnectionTrait, keys: &[String]) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<String> = outbox_message::Entity::find()
            .select_only()
            .column(outbox_message::Column::DedupeKey)
            .filter(outbox_message::Column::DedupeKey.is_in(chunk.iter().map(String::as_str)))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The reminders that a message still carries.
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

/// The reminders that these digests still carry, with their digests.
pub async fn planned_of_all(
    connection: &impl ConnectionTrait,
    digests: &[Uuid],
) -> Result<Vec<(Uuid, Reminder)>, StoreError> {
    let limit = DIGEST_LIMIT.saturating_mul(u64::try_from(digests.len()).unwrap_or(1));
    Entity::find()
        .filter(Column::OutboxId.is_in(digests.iter().copied()))
        .filter(Column::State.eq(LedgerState::Planned.code()))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?
        .into_iter()
        .map(|row| Ok((row.outbox_id.unwrap_or_default(), value(row)?)))
        .collect()
}

/// The events of every reminder that a message ever carried.
pub async fn events_of_outbox(
    connection: &impl ConnectionTrait,
    outbox_id: Uuid,
) -> Result<BTreeSet<Uuid>, StoreError> {
    let rows: Vec<Option<Uuid>> = Entity::find()
        .select_only()
        .column(Column::EventId)
        .distinct()
        .filter(Column::OutboxId.eq(outbox_id))
        .limit(DIGEST_LIMIT)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().flatten().collect())
}

/// The messages that still carry a reminder of this event or of its action items.
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

/// Which of these events have planned reminders in a message.
pub async fn planned_among(connection: &impl ConnectionTrait, events: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let mut found = Vec::new();
    for chunk in events.chunks(1_000) {
        let rows: Vec<Option<Uuid>> = Entity::find()
            .select_only()
            .column(Column::EventId)
            .distinct()
            .filter(Column::EventId.is_in(chunk.iter().copied()))
            .filter(Column::State.eq(LedgerState::Planned.code()))
            .filter(Column::OutboxId.is_not_null())
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows.into_iter().flatten());
    }
    Ok(found)
}

/// Has a newer message carry the reminders that an older one was to carry; answers how many.
pub async fn carry_over(tx: &Tx, from: Uuid, to: Uuid) -> Result<u64, StoreError> {
    let moved = Entity::update_many()
        .col_expr(Column::OutboxId, Expr::value(to))
        .filter(Column::OutboxId.eq(from))
        .filter(Column::State.eq(LedgerState::Planned.code()))
        .exec(tx.conn())
        .await?;
    Ok(moved.rows_affected)
}

/// Moves the planned reminders of one thing in a message: an event may be in it as one that goes on and as one whose postmortem
/// is owed.
pub async fn settle_of(
    tx: &Tx,
    outbox_id: Uuid,
    (subject, item): (Subject, Uuid),
    state: LedgerState,
) -> Result<u64, StoreError> {
    let steps = [Step::Before, Step::Due, Step::Overdue].map(|step| subject.step_code(step));
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state.code()))
        .filter(Column::OutboxId.eq(outbox_id))
        .filter(Column::ItemId.eq(item))
        .filter(Column::Step.is_in(steps))
        .filter(Column::State.eq(LedgerState::Planned.code()));
    Ok(update.exec(tx.conn()).await?.rows_affected)
}

/// Moves the planned reminders of a message.
pub async fn settle(tx: &Tx, outbox_id: Uuid, state: LedgerState) -> Result<u64, StoreError> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(state.code()))
        .filter(Column::OutboxId.eq(outbox_id))
        .filter(Column::State.eq(LedgerState::Planned.code()));
    Ok(update.exec(tx.conn()).await?.rows_affected)
}

/// An event that is to be looked at, as it was when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Look {
    /// The event.
    pub id: Uuid,
    /// Its version.
    pub version: i64,
    /// When it was to be looked at.
    pub remind_at: i64,
}

/// Events that are to be looked at by `now`, after the id `after`.
pub async fn due_events(
    connection: &impl ConnectionTrait,
    now: i64,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Look>, StoreError> {
    let mut find = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .column(event::Column::Version)
        .column(event::Column::RemindAt)
        .filter(event::Column::RemindAt.lte(now));
    find = match after {
        Some(after) => find.filter(event::Column::Id.gt(after)).order_by_asc(event::Column::Id),
        None => find.order_by_asc(event::Column::Id),
    };
    Ok(find.limit(limit).into_model().all(connection).await?)
}

/// Whether an event is to be looked at by `now`: one look into an index.
pub async fn is_any_due(connection: &impl ConnectionTrait, now: i64) -> Result<bool, StoreError> {
    let first: Option<Uuid> = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::RemindAt.lte(now))
        .order_by_asc(event::Column::RemindAt)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(first.is_some())
}

/// Stores when events are to be looked at again, as far as neither they nor anything that hangs on them changed since they were
/// read: others are looked at once more.
pub async fn store_next(tx: &Tx, next: i64, events: &[Look]) -> Result<(), StoreError> {
    for chunk in events.chunks(CHUNK / 5) {
        let mut same = Condition::any();
        for look in chunk {
            let one = Condition::all()
                .add(event::Column::Id.eq(look.id))
                .add(event::Column::Version.eq(look.version))
                .add(event::Column::RemindAt.eq(look.remind_at));
            same = same.add(one);
        }
        event::Entity::update_many()
            .col_expr(event::Column::RemindAt, Expr::value(next))
            .filter(event::Column::Id.is_in(chunk.iter().map(|look| look.id)))
            .filter(same)
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// A time that has come, another one than before: who looks at the event at this moment does not put it off.
fn at_once() -> Expr {
    Expr::cust("CASE WHEN remind_at > 0 THEN 0 ELSE remind_at - 1 END")
}

/// Has an event looked at in the next round.
pub async fn wake(tx: &Tx, event_id: Uuid) -> Result<(), StoreError> {
    event::Entity::update_many()
        .col_expr(event::Column::RemindAt, at_once())
        .filter(event::Column::Id.eq(event_id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Has every event looked at in the next round about which something may be pending: the policy, a calendar or a zone changed.
/// `since` (milliseconds) is when events were logged whose records are still asked for.
pub async fn wake_all(tx: &Tx, since: i64) -> Result<(), StoreError> {
    wake_where(tx, pending(since)).await?;
    let anew = Expr::case(counter::Column::Value.gt(0_i64), 0_i64).finally(-1_i64);
    counter::Entity::update_many()
        .col_expr(counter::Column::Value, anew.into())
        .filter(counter::Column::Name.eq(WEEKS))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The same of the events that a person logged, or works for: the person lives in another zone.
pub async fn wake_of_person(tx: &Tx, since: i64, person: Uuid) -> Result<(), StoreError> {
    let owned = Query::select()
        .column(postmortem::Column::EventId)
        .from(postmortem::Entity)
        .and_where(postmortem::Column::OwnerId.eq(person))
        .take();
    let acted = Query::select()
        .column(entity::action_item::Column::EventId)
        .from(entity::action_item::Entity)
        .and_where(entity::action_item::Column::OwnerId.eq(person))
        .take();
    let theirs = Condition::any()
        .add(event::Column::CreatedBy.eq(person))
        .add(event::Column::Id.in_subquery(owned))
        .add(event::Column::Id.in_subquery(acted));
    wake_where(tx, Condition::all().add(pending(since)).add(theirs)).await
}

async fn wake_where(tx: &Tx, condition: Condition) -> Result<(), StoreError> {
    event::Entity::update_many()
        .col_expr(event::Column::RemindAt, at_once())
        .filter(event::Column::DeletedAt.is_null())
        .filter(condition)
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The events about which something may be pending, by whatever rules.
fn pending(since: i64) -> Condition {
    let owed = Query::select()
        .column(postmortem::Column::EventId)
        .from(postmortem::Entity)
        .and_where(postmortem::Column::State.is_in(owed_codes()))
        .take();
    let open = ACTION_STATES.into_iter().filter(|state| !state.is_closed()).map(ActionState::code);
    let acted = Query::select()
        .column(entity::action_item::Column::EventId)
        .from(entity::action_item::Entity)
        .and_where(entity::action_item::Column::State.is_in(open))
        .take();
    Condition::any()
        .add(event::Column::CreatedAt.gte(since))
        .add(event::Column::Id.in_subquery(owed))
        .add(event::Column::Id.in_subquery(acted))
}

/// When the weeks, or what is overdue, are to be looked at, milliseconds; 0 before the first time.
pub async fn next_look(connection: &impl ConnectionTrait, what: &str) -> Result<i64, StoreError> {
    let row = counter::Entity::find_by_id(what.to_owned()).one(connection).await?;
    Ok(row.map_or(0, |row| row.value))
}

/// Stores when they are to be looked at again, unless that was changed since they were to be looked at `before`.
pub async fn store_next_look(tx: &Tx, what: &str, before: i64, next: i64) -> Result<(), StoreError> {
    let done = counter::Entity::update_many()
        .col_expr(counter::Column::Value, Expr::value(next))
        .filter(counter::Column::Name.eq(what))
        .filter(counter::Column::Value.eq(before))
        .exec(tx.conn())
        .await?;
    if done.rows_affected == 0 && before == 0 && next_look(tx.conn(), what).await? == 0 {
        let first = counter::ActiveModel { name: Set(what.to_owned()), value: Set(next) };
        inserted(counter::Entity::insert(first).exec_without_returning(tx.conn()).await)?;
    }
    Ok(())
}

/// What was put off or stopped of these items.
pub async fn holds(connection: &impl ConnectionTrait, items: &[Uuid]) -> Result<HashMap<Uuid, Hold>, StoreError> {
    let mut found = HashMap::new();
    for chunk in items.chunks(CHUNK) {
        let rows = reminder_hold::Entity::find()
            .filter(reminder_hold::Column::ItemId.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| {
            // Rows of older versions do not say it.
            let written = DateTime::from_timestamp_millis(row.created_at).unwrap_or_default().date_naive();
            let hold = Hold {
                item: row.item_id,
                since: row.since.unwrap_or(written),
                until: row.until,
                reason: row.reason,
                by: row.by_name,
                at: row.created_at,
            };
            (hold.item, hold)
        }));
    }
    Ok(found)
}

/// Puts the reminders of an item off, or stops them, in place of what was said before.
pub async fn hold(tx: &Tx, hold: &Hold) -> Result<(), StoreError> {
    reminder_hold::Entity::delete_by_id(hold.item).exec(tx.conn()).await?;
    let row = reminder_hold::ActiveModel {
        item_id: Set(hold.item),
        since: Set(Some(hold.since)),
        until: Set(hold.until),
        reason: Set(hold.reason.clone()),
        by_name: Set(hold.by.chars().take(80).collect()),
        created_at: Set(hold.at),
    };
    reminder_hold::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
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

/// A page of ids of events about which something may be pending by whatever rules, after the id `after`: what a forecast looks at.
/// `since` is that of [`wake_all`].
pub async fn pending_page(
    connection: &impl ConnectionTrait,
    since: i64,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, StoreError> {
    let mut find = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::DeletedAt.is_null())
        .filter(pending(since));
    if let Some(after) = after {
        find = find.filter(event::Column::Id.gt(after));
    }
    Ok(find.order_by_asc(event::Column::Id).limit(limit).into_tuple().all(connection).await?)
}

/// A page of ids of events whose postmortem is owed and was due from a day on and before another, after the id `after`.
pub async fn overdue_page(
    connection: &impl ConnectionTrait,
    (from, until): (NaiveDate, NaiveDate),
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, StoreError> {
    let mut find = postmortem::Entity::find()
        .select_only()
        .column(postmortem::Column::EventId)
        .filter(postmortem::Column::State.is_in(owed_codes()))
        .filter(postmortem::Column::DueOn.gte(from))
        .filter(postmortem::Column::DueOn.lt(until));
    if let Some(after) = after {
        find = find.filter(postmortem::Column::EventId.gt(after));
    }
    Ok(find.order_by_asc(postmortem::Column::EventId).limit(limit).into_tuple().all(connection).await?)
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
    let (subject, step) = Subject::of_step_code(&row.step)
        .ok_or_else(|| StoreError::Unreadable(format!("reminder step {}", row.step)))?;
    Ok(Reminder {
        recipient: row.recipient_id,
        subject,
        item: row.item_id,
        event: row.event_id,
        step,
        occurrence: row.occurrence,
    })
}
