//! What hangs on an event in rows of its own: numbers of the impact, services, responsibility, tags, links, viewers.

use std::collections::HashMap;

use chrono::DateTime;
use entity::{account, affected_service, event_link, event_tag, event_viewer, impact, responsibility, service, team};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{StoreError, Tx, bulk};
use crate::domain::{
    capture::draft::{Impact, ImpactKind},
    event::EventFields,
    event_record::{AffectedService, EventLink, Responsibility, ShareFrom},
};

/// The parts of one event, each in its order.
#[derive(Debug, Clone, Default)]
pub struct EventParts {
    /// Numbers of the impact.
    pub impacts: Vec<Impact>,
    /// Services affected.
    pub services: Vec<AffectedService>,
    /// Shares of teams.
    pub responsibility: Vec<Responsibility>,
    /// Tags.
    pub tags: Vec<String>,
    /// Links.
    pub links: Vec<EventLink>,
    /// Accounts that see the restricted event.
    pub viewers: Vec<Uuid>,
}

/// What an event names by id.
#[derive(Debug, Clone, Default)]
pub struct NamedParts {
    /// Business lines and components.
    pub services: Vec<Uuid>,
    /// Teams.
    pub teams: Vec<Uuid>,
    /// Accounts.
    pub accounts: Vec<Uuid>,
}

/// The first of the named services, teams and accounts that is not there or archived, with the field that names it.
pub async fn first_missing(
    connection: &impl ConnectionTrait,
    named: &NamedParts,
) -> Result<Option<(&'static str, Uuid)>, StoreError> {
    let absent = |ids: &[Uuid], there: &[Uuid]| ids.iter().find(|id| !there.contains(id)).copied();
    if !named.services.is_empty() {
        let there: Vec<Uuid> = service::Entity::find()
            .select_only()
            .column(service::Column::Id)
            .filter(service::Column::Id.is_in(named.services.iter().copied()))
            .filter(service::Column::ArchivedAt.is_null())
            .into_tuple()
            .all(connection)
            .await?;
        if let Some(id) = absent(&named.services, &there) {
            return Ok(Some(("services", id)));
        }
    }
    if !named.teams.is_empty() {
        let there: Vec<Uuid> = team::Entity::find()
            .select_only()
            .column(team::Column::Id)
            .filter(team::Column::Id.is_in(named.teams.iter().copied()))
            .filter(team::Column::ArchivedAt.is_null())
            .into_tuple()
            .all(connection)
            .await?;
        if let Some(id) = absent(&named.teams, &there) {
            return Ok(Some(("responsibility", id)));
        }
    }
    if !named.accounts.is_empty() {
        let there: Vec<Uuid> = account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .filter(account::Column::Id.is_in(named.accounts.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        if let Some(id) = absent(&named.accounts, &there) {
            return Ok(Some(("viewers", id)));
        }
    }
    Ok(None)
}

/// A share as stored: milliseconds instead of an instant.
#[derive(Serialize, Deserialize)]
struct StoredShare {
    from: Option<i64>,
    share: i32,
}

/// Writes the parts of events, each with its place in lists. `ids` are for the rows that need one.
pub async fn insert(
    tx: &Tx,
    events: &[(Uuid, i64, &EventFields)],
    ids: &mut (dyn FnMut() -> Uuid + Send),
) -> Result<(), StoreError> {
    let mut rows = Rows::default();
    for (event, order_key, fields) in events {
        rows.add(*event, *order_key, fields, ids)?;
    }
    bulk::insert_all(tx, rows.impacts).await?;
    bulk::insert_all(tx, rows.services).await?;
    bulk::insert_all(tx, rows.responsibility).await?;
    bulk::insert_all(tx, rows.tags).await?;
    bulk::insert_all(tx, rows.links).await?;
    bulk::insert_all(tx, rows.viewers).await
}

/// Takes all parts off an event.
pub async fn delete(tx: &Tx, event: Uuid) -> Result<(), StoreError> {
    let connection = tx.conn();
    impact::Entity::delete_many().filter(impact::Column::EventId.eq(event)).exec(connection).await?;
    affected_service::Entity::delete_many()
        .filter(affected_service::Column::EventId.eq(event))
        .exec(connection)
        .await?;
    responsibility::Entity::delete_many().filter(responsibility::Column::EventId.eq(event)).exec(connection).await?;
    event_tag::Entity::delete_many().filter(event_tag::Column::EventId.eq(event)).exec(connection).await?;
    event_link::Entity::delete_many().filter(event_link::Column::EventId.eq(event)).exec(connection).await?;
    event_viewer::Entity::delete_many().filter(event_viewer::Column::EventId.eq(event)).exec(connection).await?;
    Ok(())
}

/// The parts of these events (at most a thousand), one query a table.
pub async fn of_events(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
) -> Result<HashMap<Uuid, EventParts>, StoreError> {
    let mut found: HashMap<Uuid, EventParts> = HashMap::new();
    let named = || events.iter().copied();
    let impacts = impact::Entity::find()
        .filter(impact::Column::EventId.is_in(named()))
        .order_by_asc(impact::Column::EventId)
        .order_by_asc(impact::Column::Position)
        .all(connection)
        .await?;
    for row in impacts {
        let value =
            Impact { kind: kind_of(&row.kind)?, number: row.number, unit: row.unit, approximate: row.approximate };
        found.entry(row.event_id).or_default().impacts.push(value);
    }
    let services = affected_service::Entity::find()
        .filter(affected_service::Column::EventId.is_in(named()))
        .order_by_asc(affected_service::Column::EventId)
        .order_by_asc(affected_service::Column::Position)
        .all(connection)
        .await?;
    for row in services {
        let value = AffectedService { service_id: row.service_id, shares: shares_of(row.shares)? };
        found.entry(row.event_id).or_default().services.push(value);
    }
    let parts = responsibility::Entity::find()
        .filter(responsibility::Column::EventId.is_in(named()))
        .order_by_asc(responsibility::Column::EventId)
        .order_by_asc(responsibility::Column::Position)
        .all(connection)
        .await?;
    for row in parts {
        let value = Responsibility { team_id: row.team_id, share: row.share };
        found.entry(row.event_id).or_default().responsibility.push(value);
    }
    let tags = event_tag::Entity::find()
        .filter(event_tag::Column::EventId.is_in(named()))
        .order_by_asc(event_tag::Column::EventId)
        .order_by_asc(event_tag::Column::Position)
        .all(connection)
        .await?;
    for row in tags {
        found.entry(row.event_id).or_default().tags.push(row.tag);
    }
    let links = event_link::Entity::find()
        .filter(event_link::Column::EventId.is_in(named()))
        .order_by_asc(event_link::Column::EventId)
        .order_by_asc(event_link::Column::Position)
        .all(connection)
        .await?;
    for row in links {
        let value = EventLink { kind: row.kind, url: row.url, title: row.title };
        found.entry(row.event_id).or_default().links.push(value);
    }
    let viewers = event_viewer::Entity::find()
        .filter(event_viewer::Column::EventId.is_in(named()))
        .order_by_asc(event_viewer::Column::EventId)
        .order_by_asc(event_viewer::Column::AccountId)
        .all(connection)
        .await?;
    for row in viewers {
        found.entry(row.event_id).or_default().viewers.push(row.account_id);
    }
    for parts in found.values_mut() {
        parts.viewers.sort_unstable();
    }
    Ok(found)
}

#[derive(Default)]
struct Rows {
    impacts: Vec<impact::ActiveModel>,
    services: Vec<affected_service::ActiveModel>,
    responsibility: Vec<responsibility::ActiveModel>,
    tags: Vec<event_tag::ActiveModel>,
    links: Vec<event_link::ActiveModel>,
    viewers: Vec<event_viewer::ActiveModel>,
}

impl Rows {
    fn add(
        &mut self,
        event: Uuid,
        order_key: i64,
        fields: &EventFields,
        ids: &mut (dyn FnMut() -> Uuid + Send),
    ) -> Result<(), StoreError> {
        let event_id = Set(event);
        for (value, position) in fields.impacts.iter().zip(0_i32..) {
            self.impacts.push(impact::ActiveModel {
                id: Set(ids()),
                event_id: event_id.clone(),
                position: Set(position),
                kind: Set(kind_code(value.kind).to_owned()),
                number: Set(value.number),
                unit: Set(value.unit.clone()),
                approximate: Set(value.approximate),
            });
        }
        for (value, position) in fields.services.iter().zip(0_i32..) {
            self.services.push(affected_service::ActiveModel {
                event_id: event_id.clone(),
                service_id: Set(value.service_id),
                order_key: Set(order_key),
                position: Set(position),
                shares: Set(stored_shares(&value.shares)?),
            });
        }
        for (value, position) in fields.responsibility.iter().zip(0_i32..) {
            self.responsibility.push(responsibility::ActiveModel {
                event_id: event_id.clone(),
                team_id: Set(value.team_id),
                order_key: Set(order_key),
                position: Set(position),
                share: Set(value.share),
            });
        }
        for (tag, position) in fields.tags.iter().zip(0_i32..) {
            self.tags.push(event_tag::ActiveModel {
                event_id: event_id.clone(),
                tag: Set(tag.clone()),
                order_key: Set(order_key),
                position: Set(position),
            });
        }
        for (value, position) in fields.links.iter().zip(0_i32..) {
            self.links.push(event_link::ActiveModel {
                id: Set(ids()),
                event_id: event_id.clone(),
                position: Set(position),
                kind: Set(value.kind.clone()),
                url: Set(value.url.clone()),
                title: Set(value.title.clone()),
            });
        }
        for account in &fields.viewers {
            self.viewers.push(event_viewer::ActiveModel { event_id: event_id.clone(), account_id: Set(*account) });
        }
        Ok(())
    }
}

fn stored_shares(shares: &[ShareFrom]) -> Result<serde_json::Value, StoreError> {
    let stored: Vec<StoredShare> = shares
        .iter()
        .map(|share| StoredShare { from: share.from.map(|at| at.timestamp_millis()), share: share.share })
        .collect();
    serde_json::to_value(stored).map_err(|error| StoreError::Unreadable(format!("affected shares: {error}")))
}

pub(super) fn shares_of(stored: serde_json::Value) -> Result<Vec<ShareFrom>, StoreError> {
    let unreadable = |what: String| StoreError::Unreadable(format!("affected shares: {what}"));
    let stored: Vec<StoredShare> = serde_json::from_value(stored).map_err(|error| unreadable(error.to_string()))?;
    stored
        .into_iter()
        .map(|share| {
            let instant = |at| DateTime::from_timestamp_millis(at).ok_or_else(|| unreadable(format!("instant {at}")));
            Ok(ShareFrom { from: share.from.map(instant).transpose()?, share: share.share })
        })
        .collect()
}

const fn kind_code(kind: ImpactKind) -> &'static str {
    match kind {
        ImpactKind::Count => "count",
        ImpactKind::Users => "users",
        ImpactKind::Amount => "amount",
    }
}

fn kind_of(code: &str) -> Result<ImpactKind, StoreError> {
    match code {
        "count" => Ok(ImpactKind::Count),
        "users" => Ok(ImpactKind::Users),
        "amount" => Ok(ImpactKind::Amount),
        other => Err(StoreError::Unreadable(format!("impact kind {other}"))),
    }
}
