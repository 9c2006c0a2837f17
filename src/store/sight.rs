//! Of which team an event is, for those who see the events of their own teams alone.
//!
//! An event is of a team whose business line or component it touches, that answers for a share of it, or that has an action
//! item of it. Asked anew each time, so that a change of members, of a business line or of an event holds at once, and by
//! probes for the one event at hand: what is asked of one event costs no walk over those of the team.

use std::collections::{BTreeSet, HashMap};

use entity::{action_item, affected_service, event, responsibility, service, team, team_member};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType},
};
use uuid::Uuid;

use super::{StoreError, events};
use crate::domain::{event::ProductionEvent, visibility::Sight};

/// The ids of the teams that an account is a member or the lead of. An archived team is among them: it keeps its past, and
/// whoever is not to see that any more is taken out of it.
fn own_teams(account: Uuid) -> SelectStatement {
    let led =
        Query::select().column(team::Column::Id).from(team::Entity).and_where(team::Column::LeadId.eq(account)).take();
    Query::select()
        .column(team_member::Column::TeamId)
        .from(team_member::Entity)
        .and_where(team_member::Column::AccountId.eq(account))
        .union(UnionType::All, led)
        .take()
}

/// Of the event table: events of the teams of an account.
pub(super) fn of_own_teams(account: Uuid) -> Condition {
    let this = || Expr::col((event::Entity, event::Column::Id));
    let own = |column: SimpleExpr| column.in_subquery(own_teams(account));
    let share = Query::select()
        .expr(Expr::val(1))
        .from(responsibility::Entity)
        .and_where(responsibility::Column::EventId.into_expr().eq(this()))
        .and_where(own(responsibility::Column::TeamId.into_expr()))
        .take();
    let touched = Query::select()
        .expr(Expr::val(1))
        .from(affected_service::Entity)
        .inner_join(
            service::Entity,
            service::Column::Id.into_expr().eq(affected_service::Column::ServiceId.into_expr()),
        )
        .and_where(affected_service::Column::EventId.into_expr().eq(this()))
        .and_where(own(service::Column::TeamId.into_expr()))
        .take();
    let item = Query::select()
        .expr(Expr::val(1))
        .from(action_item::Entity)
        .and_where(action_item::Column::EventId.into_expr().eq(this()))
        .and_where(action_item::Column::DeletedAt.is_null())
        .and_where(own(action_item::Column::TeamId.into_expr()))
        .take();
    Condition::any().add(Expr::exists(share)).add(Expr::exists(touched)).add(Expr::exists(item))
}

/// Which of these events are there for these eyes, deleted or not. The database is asked only where the events themselves do
/// not say.
pub async fn among<'a>(
    connection: &impl ConnectionTrait,
    sight: Sight,
    events: impl IntoIterator<Item = &'a ProductionEvent>,
) -> Result<BTreeSet<Uuid>, StoreError> {
    let mut seen = BTreeSet::new();
    let mut open = Vec::new();
    for event in events {
        match sight.by_event(event) {
            Some(true) => drop(seen.insert(event.id)),
            Some(false) => {}
            None => open.push(event.id),
        }
    }
    for some in open.chunks(1_000) {
        let found: Vec<Uuid> = event::Entity::find()
            .select_only()
            .column(event::Column::Id)
            .filter(event::Column::Id.is_in(some.iter().copied()))
            .filter(events::visible(sight))
            .into_tuple()
            .all(connection)
            .await?;
        seen.extend(found);
    }
    Ok(seen)
}

/// Whether an event is there for these eyes.
pub async fn sees(
    connection: &impl ConnectionTrait,
    sight: Sight,
    event: &ProductionEvent,
) -> Result<bool, StoreError> {
    Ok(!among(connection, sight, [event]).await?.is_empty())
}

/// An event, where it is there for these eyes.
pub async fn only_seen(
    connection: &impl ConnectionTrait,
    sight: Sight,
    event: Option<ProductionEvent>,
) -> Result<Option<ProductionEvent>, StoreError> {
    match event {
        Some(event) if sees(connection, sight, &event).await? => Ok(Some(event)),
        _ => Ok(None),
    }
}

/// The teams that each of these events is of.
pub async fn teams_of(
    connection: &impl ConnectionTrait,
    events: &[Uuid],
) -> Result<HashMap<Uuid, BTreeSet<Uuid>>, StoreError> {
    let mut found: HashMap<Uuid, BTreeSet<Uuid>> = HashMap::new();
    for some in events.chunks(1_000) {
        let ids = || some.iter().copied();
        let shares: Vec<(Uuid, Uuid)> = responsibility::Entity::find()
            .select_only()
            .columns([responsibility::Column::EventId, responsibility::Column::TeamId])
            .filter(responsibility::Column::EventId.is_in(ids()))
            .into_tuple()
            .all(connection)
            .await?;
        let items: Vec<(Uuid, Uuid)> = action_item::Entity::find()
            .select_only()
            .columns([action_item::Column::EventId, action_item::Column::TeamId])
            .filter(action_item::Column::EventId.is_in(ids()))
            .filter(action_item::Column::DeletedAt.is_null())
            .filter(action_item::Column::TeamId.is_not_null())
            .into_tuple()
            .all(connection)
            .await?;
        let its_service: RelationDef = affected_service::Entity::belongs_to(service::Entity)
            .from(affected_service::Column::ServiceId)
            .to(service::Column::Id)
            .into();
        let touched: Vec<(Uuid, Uuid)> = affected_service::Entity::find()
            .select_only()
            .column(affected_service::Column::EventId)
            .column(service::Column::TeamId)
            .join(JoinType::InnerJoin, its_service)
            .filter(affected_service::Column::EventId.is_in(ids()))
            .filter(service::Column::TeamId.is_not_null())
            .into_tuple()
            .all(connection)
            .await?;
        for (event, team) in shares.into_iter().chain(items).chain(touched) {
            found.entry(event).or_default().insert(team);
        }
    }
    Ok(found)
}

/// Whether an account is a member or the lead of a team.
pub async fn is_of_team(connection: &impl ConnectionTrait, account: Uuid, team: Uuid) -> Result<bool, StoreError> {
    let found: Option<Uuid> = team::Entity::find()
        .select_only()
        .column(team::Column::Id)
        .filter(team::Column::Id.eq(team))
        .filter(team::Column::Id.in_subquery(own_teams(account)))
        .into_tuple()
        .one(connection)
        .await?;
    Ok(found.is_some())
}

/// Names of the teams of an account, by name.
pub async fn names_of_own(connection: &impl ConnectionTrait, account: Uuid) -> Result<Vec<String>, StoreError> {
    use sea_orm::QueryOrder;
    Ok(team::Entity::find()
        .select_only()
        .column(team::Column::Name)
        .filter(team::Column::Id.in_subquery(own_teams(account)))
        .order_by_asc(team::Column::NameKey)
        .into_tuple()
        .all(connection)
        .await?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use sea_orm::{DatabaseBackend, QueryOrder as _, QueryTrait as _, Select, Statement};

    use super::*;
    use crate::store::{Store, migrate};

    async fn plan(store: &Store, query: Select<event::Entity>) -> Vec<String> {
        let mut statement: Statement = query.build(DatabaseBackend::Sqlite);
        statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let steps = store.read().query_all_raw(statement).await.unwrap();
        steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect()
    }

    #[tokio::test]
    async fn a_list_of_ones_own_teams_walks_the_order_and_probes_along_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("plans.db").display())).await.unwrap();
        migrate::up(&store).await.unwrap();
        let sight = Sight::OwnTeams(Uuid::nil());
        let list = event::Entity::find()
            .select_only()
            .column(event::Column::Number)
            .filter(events::there(sight))
            .order_by_desc(event::Column::OrderKey)
            .limit(50);
        let steps = plan(&store, list).await;
        let tables =
            ["responsibility", "affected_service", "service", "action_item", "team_member", "team", "event_viewer"];
        for table in tables {
            let step = steps.iter().find(|step| step.split(' ').any(|word| word == table));
            assert!(step.is_some_and(|step| step.contains("SEARCH") && step.contains("INDEX")), "{table}: {steps:#?}");
        }
        assert!(steps.iter().any(|step| step.starts_with("SCAN event USING INDEX")), "{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY")), "{steps:#?}");

        let one = event::Entity::find().filter(event::Column::Number.eq(1)).filter(events::visible(sight));
        let steps = plan(&store, one).await;
        assert!(!steps.iter().any(|step| step.starts_with("SCAN event")), "{steps:#?}");
    }
}
