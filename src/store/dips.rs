//! Dips that are proposed as events, and how far each indicator was watched.

use std::collections::HashMap;

use entity::{dip, dip_watch};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{StoreError, Tx, bulk, tx::one_row};
use crate::domain::{
    dips::{DipState, FoundDip},
    samples::{Minute, Totals},
};

/// How far an indicator was watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// The revision of its samples then.
    pub revision: i64,
    /// The minute behind the last that was watched.
    pub until: Minute,
}

/// How far these indicators were watched.
pub async fn watches(connection: &impl ConnectionTrait, indicators: &[i32]) -> Result<HashMap<i32, Watch>, StoreError> {
    let mut found = HashMap::new();
    for chunk in indicators.chunks(1_000) {
        let rows = dip_watch::Entity::find()
            .filter(dip_watch::Column::Indicator.is_in(chunk.iter().copied()))
            .all(connection)
            .await?;
        found.extend(
            rows.into_iter().map(|row| (row.indicator, Watch { revision: row.revision, until: row.until_minute })),
        );
    }
    Ok(found)
}

/// Notes how far an indicator was watched.
pub async fn write_watch(tx: &Tx, indicator: i32, watch: Watch) -> Result<(), StoreError> {
    dip_watch::Entity::delete_many().filter(dip_watch::Column::Indicator.eq(indicator)).exec(tx.conn()).await?;
    let row = dip_watch::ActiveModel {
        indicator: Set(indicator),
        revision: Set(watch.revision),
        until_minute: Set(watch.until),
    };
    dip_watch::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The dips of an indicator that lie within or reach into `from..to`, in order of time, at most 10,000.
pub async fn overlapping(
    connection: &impl ConnectionTrait,
    indicator: i32,
    from: Minute,
    to: Minute,
) -> Result<Vec<FoundDip>, StoreError> {
    let ends_later = Condition::any().add(dip::Column::EndMinute.is_null()).add(dip::Column::EndMinute.gt(from));
    let rows = dip::Entity::find()
        .filter(dip::Column::Indicator.eq(indicator))
        .filter(dip::Column::FirstMinute.lt(to))
        .filter(ends_later)
        .order_by_asc(dip::Column::FirstMinute)
        .limit(10_000)
        .all(connection)
        .await?;
    rows.into_iter().map(value).collect()
}

/// Dips in a state, the latest first, from the one before `before` (milliseconds and id) on.
pub async fn page(
    connection: &impl ConnectionTrait,
    state: DipState,
    before: Option<(i64, Uuid)>,
    limit: u64,
) -> Result<Vec<FoundDip>, StoreError> {
    let mut query = dip::Entity::find().filter(dip::Column::State.eq(state.code()));
    if let Some((at, id)) = before {
        let earlier = Condition::all().add(dip::Column::FoundAt.eq(at)).add(dip::Column::Id.lt(id));
        query = query.filter(Condition::any().add(dip::Column::FoundAt.lt(at)).add(earlier));
    }
    let rows =
        query.order_by_desc(dip::Column::FoundAt).order_by_desc(dip::Column::Id).limit(limit).all(connection).await?;
    rows.into_iter().map(value).collect()
}

/// A dip.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<FoundDip>, StoreError> {
    dip::Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// How many dips are in a state, counted up to `limit`.
pub async fn count(connection: &impl ConnectionTrait, state: DipState, limit: u64) -> Result<u64, StoreError> {
    let found: Vec<Uuid> = dip::Entity::find()
        .select_only()
        .column(dip::Column::Id)
        .filter(dip::Column::State.eq(state.code()))
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.len() as u64)
}

/// Writes new dips; says no where one that begins in the same minute is there.
pub async fn insert(tx: &Tx, dips: &[FoundDip]) -> Result<bool, StoreError> {
    match bulk::insert_all(tx, dips.iter().map(row).collect()).await {
        Ok(()) => Ok(true),
        Err(StoreError::Duplicate(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Writes what became of the dip that is still in `version`; the stored version becomes `version + 1`.
pub async fn update(tx: &Tx, dip: &FoundDip, version: i64) -> Result<(), StoreError> {
    let mut changed = row(dip);
    changed.version = Set(version + 1);
    let done = dip::Entity::update_many()
        .set(changed)
        .filter(dip::Column::Id.eq(dip.id))
        .filter(dip::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)
}

fn row(dip: &FoundDip) -> dip::ActiveModel {
    dip::ActiveModel {
        id: Set(dip.id),
        version: Set(dip.version),
        indicator: Set(dip.indicator),
        first_minute: Set(dip.from),
        end_minute: Set(dip.to),
        total: Set(dip.counts.total),
        success: Set(dip.counts.success),
        excluded: Set(dip.counts.excluded),
        excess: Set(dip.excess),
        state: Set(dip.state.code().to_owned()),
        found_at: Set(dip.found_at),
        event_id: Set(dip.event),
        decided_by: Set(dip.decided_by),
        decided_at: Set(dip.decided_at),
        reason: Set(dip.reason.clone()),
    }
}

fn value(row: dip::Model) -> Result<FoundDip, StoreError> {
    let state =
        DipState::from_code(&row.state).ok_or_else(|| StoreError::Unreadable(format!("dip state {}", row.state)))?;
    Ok(FoundDip {
        id: row.id,
        version: row.version,
        indicator: row.indicator,
        from: row.first_minute,
        to: row.end_minute,
        counts: Totals { total: row.total, success: row.success, excluded: row.excluded, ..Totals::default() },
        excess: row.excess,
        state,
        found_at: row.found_at,
        event: row.event_id,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
        reason: row.reason,
    })
}
