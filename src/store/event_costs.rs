//! What events cost indicators: which are due, which events an indicator has, and the costs themselves.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::{affected_service, event, event_cost, event_indicator};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use super::{StoreError, Tx, bulk, event_parts, events, indicators};
use crate::domain::{
    attribution::{Baseline, BaselineKind, Cost, Missing},
    event_record::{EventKind, ShareFrom},
    indicator::Indicator,
    samples::{Minute, Totals},
    visibility::Sight,
};

/// How long before a stretch an event may have begun that is still looked for, in milliseconds: 60 days.
const LONGEST: i64 = 60 * 86_400_000;
/// How far a baseline reaches back, in milliseconds: 28 days and the hours before.
const BASELINE: i64 = 29 * 86_400_000;
/// The most events of an indicator in one question.
const MOST_CAUSES: u64 = 2_000;

/// An event whose costs are to be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The event.
    pub event: Uuid,
    /// Since when.
    pub since: i64,
}

/// The events whose costs are due at `now` (milliseconds), those that wait longest first.
pub async fn due(connection: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<Due>, StoreError> {
    let rows: Vec<(Uuid, i64)> = event::Entity::find()
        .select_only()
        .columns([event::Column::Id, event::Column::CostsDue])
        .filter(event::Column::CostsDue.lte(now))
        .order_by_asc(event::Column::CostsDue)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|(event, since)| Due { event, since }).collect())
}

/// Since when the costs of an event are due at `now`; none while they are not.
pub async fn due_of(connection: &impl ConnectionTrait, id: Uuid, now: i64) -> Result<Option<Due>, StoreError> {
    let since: Option<i64> = event::Entity::find_by_id(id)
        .select_only()
        .column(event::Column::CostsDue)
        .filter(event::Column::CostsDue.lte(now))
        .into_tuple()
        .one(connection)
        .await?;
    Ok(since.map(|since| Due { event: id, since }))
}

/// Notes that the costs are computed; `next` (milliseconds) is when they are due again. An event that changed meanwhile stays
/// due.
pub async fn settle(tx: &Tx, done: &[Due], next: Option<i64>) -> Result<(), StoreError> {
    for chunk in done.chunks(200) {
        let named = chunk.iter().fold(Condition::any(), |any, due| {
            any.add(Condition::all().add(event::Column::Id.eq(due.event)).add(event::Column::CostsDue.eq(due.since)))
        });
        event::Entity::update_many()
            .col_expr(event::Column::CostsDue, Expr::value(next))
            .filter(named)
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// An event as an indicator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseRow {
    /// The event.
    pub event: Uuid,
    /// Milliseconds.
    pub occurred_at: i64,
    /// Only the date is known.
    pub by_day: bool,
    /// Milliseconds; none while it goes on.
    pub recovered_at: Option<i64>,
    /// Normal, drill or maintenance.
    pub kind: EventKind,
    /// The affected share over time, in basis points; empty where nobody said.
    pub shares: Vec<ShareFrom>,
}

/// The events of an indicator that may touch `[from, to)` (milliseconds), at most 2,000 of them: those that affected its
/// service and were not cut off from it, and those that were linked to it by hand. In the order of their beginnings.
pub async fn causes(
    connection: &impl ConnectionTrait,
    indicator: i32,
    service: Option<Uuid>,
    from: i64,
    to: i64,
) -> Result<Vec<CauseRow>, StoreError> {
    let links: HashMap<Uuid, bool> = event_indicator::Entity::find()
        .filter(event_indicator::Column::Indicator.eq(indicator))
        .order_by_desc(event_indicator::Column::EventId)
        .limit(MOST_CAUSES)
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.event_id, row.link == "linked"))
        .collect();
    let mut shares: HashMap<Uuid, serde_json::Value> = HashMap::new();
    if let Some(service) = service {
        let rows: Vec<(Uuid, serde_json::Value)> = affected_service::Entity::find()
            .select_only()
            .columns([affected_service::Column::EventId, affected_service::Column::Shares])
            .filter(affected_service::Column::ServiceId.eq(service))
            .filter(affected_service::Column::OrderKey.gte(events::order_key_from(from.saturating_sub(LONGEST))))
            .filter(affected_service::Column::OrderKey.lt(events::order_key_from(to)))
            .order_by_desc(affected_service::Column::OrderKey)
            .limit(MOST_CAUSES)
            .into_tuple()
            .all(connection)
            .await?;
        shares.extend(rows);
    }
    let mut ids: Vec<Uuid> = shares.keys().copied().filter(|id| links.get(id) != Some(&false)).collect();
    ids.extend(links.iter().filter(|(id, linked)| **linked && !shares.contains_key(id)).map(|(id, _)| *id));
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let rows: Vec<(Uuid, i64, bool, Option<i64>, String)> = event::Entity::find()
            .select_only()
            .columns([
                event::Column::Id,
                event::Column::OccurredAt,
                event::Column::OccurredDay,
                event::Column::RecoveredAt,
                event::Column::Kind,
            ])
            .filter(event::Column::Id.is_in(chunk.iter().copied()))
            .filter(event::Column::DeletedAt.is_null())
            .filter(event::Column::OccurredAt.lt(to))
            .filter(Condition::any().add(event::Column::RecoveredAt.is_null()).add(event::Column::RecoveredAt.gt(from)))
            .into_tuple()
            .all(connection)
            .await?;
        for (event, occurred_at, by_day, recovered_at, kind) in rows {
            let kind =
                EventKind::from_code(&kind).ok_or_else(|| StoreError::Unreadable(format!("event kind {kind}")))?;
            let shares = shares.remove(&event).map(event_parts::shares_of).transpose()?.unwrap_or_default();
            found.push(CauseRow { event, occurred_at, by_day, recovered_at, kind, shares });
        }
    }
    found.sort_by_key(|cause| (cause.occurred_at, cause.event));
    Ok(found)
}

/// Makes the costs due of the events that minutes `from..=to` of an indicator's samples bear upon: those that go on there, and
/// those of the four weeks behind, whose baseline they are.
pub async fn samples_changed(
    tx: &Tx,
    indicator: i32,
    service: Option<Uuid>,
    (from, to): (Minute, Minute),
    now: i64,
) -> Result<(), StoreError> {
    let (from, to) = (i64::from(from) * 60_000, (i64::from(to) + 1) * 60_000);
    mark(tx, indicator, service, (from, to), now, None).await
}

/// Makes the costs due of the events of an indicator that a stretch of time (milliseconds) bears upon, except of one.
pub async fn mark(
    tx: &Tx,
    indicator: i32,
    service: Option<Uuid>,
    (from, to): (i64, i64),
    now: i64,
    except: Option<Uuid>,
) -> Result<(), StoreError> {
    let linked = Query::select()
        .column(event_indicator::Column::EventId)
        .from(event_indicator::Entity)
        .and_where(event_indicator::Column::Indicator.eq(indicator))
        .take();
    let mut of_indicator = Condition::any().add(event::Column::Id.in_subquery(linked));
    if let Some(service) = service {
        let affected = Query::select()
            .column(affected_service::Column::EventId)
            .from(affected_service::Entity)
            .and_where(affected_service::Column::ServiceId.eq(service))
            .and_where(affected_service::Column::OrderKey.gte(events::order_key_from(from.saturating_sub(LONGEST))))
            .and_where(affected_service::Column::OrderKey.lt(events::order_key_from(to.saturating_add(BASELINE))))
            .take();
        of_indicator = of_indicator.add(event::Column::Id.in_subquery(affected));
    }
    let within = Condition::all()
        .add(event::Column::OccurredAt.lt(to))
        .add(Condition::any().add(event::Column::RecoveredAt.is_null()).add(event::Column::RecoveredAt.gte(from)));
    let behind = Condition::all()
        .add(event::Column::OccurredAt.gte(from))
        .add(event::Column::OccurredAt.lt(to.saturating_add(BASELINE)));
    event::Entity::update_many()
        .col_expr(event::Column::CostsDue, Expr::value(now))
        .filter(of_indicator)
        .filter(Condition::any().add(within).add(behind))
        .filter(event::Column::DeletedAt.is_null())
        .filter(except.map_or_else(Condition::all, |except| Condition::all().add(event::Column::Id.ne(except))))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The indicators that events were linked to by hand (`true`), and those that they were cut off from.
pub async fn links_of(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
) -> Result<HashMap<Uuid, Vec<(Indicator, bool)>>, StoreError> {
    let rows = event_indicator::Entity::find()
        .filter(event_indicator::Column::EventId.is_in(events.iter().copied()))
        .order_by_asc(event_indicator::Column::EventId)
        .order_by_asc(event_indicator::Column::Indicator)
        .all(connection)
        .await?;
    let mut numbers: Vec<i32> = rows.iter().map(|row| row.indicator).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let indicators = indicators::by_numbers(connection, &numbers).await?;
    let mut found: HashMap<Uuid, Vec<(Indicator, bool)>> = HashMap::new();
    for row in rows {
        if let Some(indicator) = indicators.get(&row.indicator) {
            found.entry(row.event_id).or_default().push((indicator.clone(), row.link == "linked"));
        }
    }
    Ok(found)
}

/// Makes the costs of events due.
pub async fn make_due(tx: &Tx, events: &[Uuid], now: i64) -> Result<(), StoreError> {
    for chunk in events.chunks(1_000) {
        event::Entity::update_many()
            .col_expr(event::Column::CostsDue, Expr::value(now))
            .filter(event::Column::Id.is_in(chunk.iter().copied()))
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// Takes all costs off events.
pub async fn clear(tx: &Tx, events: &[Uuid]) -> Result<(), StoreError> {
    for chunk in events.chunks(1_000) {
        event_cost::Entity::delete_many()
            .filter(event_cost::Column::EventId.is_in(chunk.iter().copied()))
            .exec(tx.conn())
            .await?;
    }
    Ok(())
}

/// Links an event to an indicator, cuts it off, or leaves it to the services.
pub async fn write_link(tx: &Tx, event: Uuid, indicator: i32, link: Option<bool>) -> Result<(), StoreError> {
    event_indicator::Entity::delete_many()
        .filter(event_indicator::Column::EventId.eq(event))
        .filter(event_indicator::Column::Indicator.eq(indicator))
        .exec(tx.conn())
        .await?;
    if let Some(linked) = link {
        let row = event_indicator::ActiveModel {
            event_id: Set(event),
            indicator: Set(indicator),
            link: Set(if linked { "linked" } else { "cut" }.to_owned()),
        };
        event_indicator::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    }
    Ok(())
}

/// Writes the costs of these events for an indicator in the place of those that are there.
pub async fn replace(tx: &Tx, indicator: i32, of: &[Uuid], costs: &[Cost]) -> Result<(), StoreError> {
    for chunk in of.chunks(1_000) {
        event_cost::Entity::delete_many()
            .filter(event_cost::Column::Indicator.eq(indicator))
            .filter(event_cost::Column::EventId.is_in(chunk.iter().copied()))
            .exec(tx.conn())
            .await?;
    }
    bulk::insert_all(tx, costs.iter().map(|cost| row(indicator, cost)).collect()).await
}

/// Takes all costs off an event except those for these indicators.
pub async fn keep_only(tx: &Tx, event: Uuid, indicators: &[i32]) -> Result<(), StoreError> {
    event_cost::Entity::delete_many()
        .filter(event_cost::Column::EventId.eq(event))
        .filter(event_cost::Column::Indicator.is_not_in(indicators.iter().copied()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// The costs of an event, by indicator and time.
pub async fn of_event(connection: &impl ConnectionTrait, event: Uuid) -> Result<Vec<(i32, Cost)>, StoreError> {
    let rows = event_cost::Entity::find()
        .filter(event_cost::Column::EventId.eq(event))
        .order_by_asc(event_cost::Column::Indicator)
        .order_by_asc(event_cost::Column::FirstMinute)
        .limit(10_000)
        .all(connection)
        .await?;
    rows.into_iter().map(|row| Ok((row.indicator, value(row)?))).collect()
}

/// The most costs of an indicator that are read at once.
pub const MOST_COSTS: u64 = 10_000;

/// The costs of events that are there, whatever they cost, for indicators (at most 1,000) and pieces that begin within the
/// minutes `from..to`; each with its indicator, and with the number of the event where these eyes see it. In the order of time,
/// at most 10,000 for each of ten indicators.
pub async fn of_indicators(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    from: Minute,
    to: Minute,
    sight: Sight,
) -> Result<Vec<(i32, Cost, Option<i64>)>, StoreError> {
    let rows = event_cost::Entity::find()
        .filter(event_cost::Column::Indicator.is_in(indicators.iter().copied().take(1_000)))
        .filter(event_cost::Column::FirstMinute.gte(from))
        .filter(event_cost::Column::FirstMinute.lt(to))
        .order_by_asc(event_cost::Column::FirstMinute)
        .order_by_asc(event_cost::Column::EventId)
        .limit(MOST_COSTS * u64::try_from(indicators.len()).unwrap_or(10).clamp(1, 10))
        .all(connection)
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.event_id).collect();
    let numbers = numbers_seen(connection, ids, sight).await?;
    let with_number = |row: event_cost::Model| {
        let (indicator, number) = (row.indicator, numbers.get(&row.event_id).copied());
        Ok((indicator, value(row)?, number))
    };
    rows.into_iter().map(with_number).collect()
}

/// The beginnings of what events cost several indicators (at most 1,000) within the minutes `from..to`: indicator, minute,
/// number of the event, failures above the baseline. Only of events that these eyes see, in the order of time, at most 10,000.
pub async fn beginnings(
    connection: &impl ConnectionTrait,
    indicators: &[i32],
    from: Minute,
    to: Minute,
    sight: Sight,
) -> Result<Vec<(i32, Minute, i64, i64)>, StoreError> {
    let rows: Vec<(i32, Minute, Uuid, i64)> = event_cost::Entity::find()
        .select_only()
        .columns([
            event_cost::Column::Indicator,
            event_cost::Column::FirstMinute,
            event_cost::Column::EventId,
            event_cost::Column::Excess,
        ])
        .filter(event_cost::Column::Indicator.is_in(indicators.iter().copied()))
        .filter(event_cost::Column::FirstMinute.gte(from))
        .filter(event_cost::Column::FirstMinute.lt(to))
        .order_by_asc(event_cost::Column::FirstMinute)
        .order_by_asc(event_cost::Column::EventId)
        .limit(MOST_COSTS)
        .into_tuple()
        .all(connection)
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.2).collect();
    let numbers = numbers_seen(connection, ids, sight).await?;
    let seen =
        |(indicator, at, event, excess): (i32, Minute, Uuid, i64)| Some((indicator, at, *numbers.get(&event)?, excess));
    Ok(rows.into_iter().filter_map(seen).collect())
}

/// The numbers of those of these events that are there and that these eyes see.
async fn numbers_seen(
    connection: &impl ConnectionTrait,
    mut ids: Vec<Uuid>,
    sight: Sight,
) -> Result<HashMap<Uuid, i64>, StoreError> {
    ids.sort_unstable();
    ids.dedup();
    let mut numbers: HashMap<Uuid, i64> = HashMap::new();
    for chunk in ids.chunks(1_000) {
        let seen: Vec<(Uuid, i64)> = event::Entity::find()
            .select_only()
            .columns([event::Column::Id, event::Column::Number])
            .filter(event::Column::Id.is_in(chunk.iter().copied()))
            .filter(events::there(sight))
            .into_tuple()
            .all(connection)
            .await?;
        numbers.extend(seen);
    }
    Ok(numbers)
}

fn row(indicator: i32, cost: &Cost) -> event_cost::ActiveModel {
    let base = cost.baseline.as_ref();
    let missing = cost.missing.as_ref();
    event_cost::ActiveModel {
        event_id: Set(cost.event),
        indicator: Set(indicator),
        first_minute: Set(cost.from),
        end_minute: Set(cost.to),
        measured: Set(cost.observed.minutes.try_into().unwrap_or(i32::MAX)),
        total: Set(cost.observed.total),
        success: Set(cost.observed.success),
        excluded: Set(cost.observed.excluded),
        excess: Set(cost.excess),
        excess_low: Set(cost.range.0),
        excess_high: Set(cost.range.1),
        base_kind: Set(base.map(|base| base.kind.code().to_owned())),
        base_days: Set(base.map(|base| base.days.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))),
        base_total: Set(base.map(|base| base.counts.total)),
        base_success: Set(base.map(|base| base.counts.success)),
        base_excluded: Set(base.map(|base| base.counts.excluded)),
        missing_expected: Set(missing.map(|missing| missing.expected)),
        missing_estimate: Set(missing.map(|missing| missing.estimate)),
        missing_gate: Set(missing.map(|missing| missing.gate)),
        missing_within: Set(missing.map(|missing| missing.within)),
    }
}

fn value(row: event_cost::Model) -> Result<Cost, StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("event cost: {what}"));
    let baseline = match (row.base_kind, row.base_total, row.base_success, row.base_excluded) {
        (Some(kind), Some(total), Some(success), Some(excluded)) => {
            let days = row.base_days.unwrap_or_default();
            let days = days.split(',').filter(|day| !day.is_empty()).map(str::parse::<NaiveDate>);
            Some(Baseline {
                kind: BaselineKind::from_code(&kind).ok_or_else(|| unreadable(&kind))?,
                days: days.collect::<Result<_, _>>().map_err(|_| unreadable("days of the baseline"))?,
                counts: Totals { total, success, excluded, ..Totals::default() },
            })
        }
        _ => None,
    };
    let missing = match (row.missing_expected, row.missing_estimate, row.missing_gate, row.missing_within) {
        (Some(expected), Some(estimate), Some(gate), Some(within)) => {
            Some(Missing { expected, estimate, gate, within })
        }
        _ => None,
    };
    Ok(Cost {
        event: row.event_id,
        from: row.first_minute,
        to: row.end_minute,
        observed: Totals {
            total: row.total,
            success: row.success,
            excluded: row.excluded,
            minutes: i64::from(row.measured),
            ..Totals::default()
        },
        baseline,
        excess: row.excess,
        range: (row.excess_low, row.excess_high),
        missing,
    })
}
