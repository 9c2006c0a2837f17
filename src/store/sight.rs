//! Which events a reader sees: the one place that lists, boards and figures ask, so that none of them tells of a
//! restricted event to people who may not see it.

use entity::{event, event_viewer};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    sea_query::{Query, SelectStatement},
};
use uuid::Uuid;

use super::StoreError;
use crate::domain::actor::{Actor, Role};

/// How much a reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Everything: administrators, the local operator, the clock.
    All,
    /// What is not restricted, what the account logged, and what names it as a viewer.
    Of(Uuid),
}

impl Sight {
    /// What an actor sees.
    pub const fn of(actor: &Actor) -> Self {
        match (actor.role, actor.account_id) {
            (Role::Admin, _) | (_, None) => Self::All,
            (_, Some(account)) => Self::Of(account),
        }
    }

    /// Whether a row of `event` is seen and not deleted.
    pub fn condition(self) -> Condition {
        let live = Condition::all().add(event::Column::DeletedAt.is_null());
        let Self::Of(account) = self else { return live };
        let viewed = Query::select()
            .column(event_viewer::Column::EventId)
            .from(event_viewer::Entity)
            .and_where(event_viewer::Column::AccountId.eq(account))
            .take();
        live.add(
            Condition::any()
                .add(event::Column::Restricted.eq(false))
                .add(event::Column::CreatedBy.eq(account))
                .add(event::Column::Id.in_subquery(viewed)),
        )
    }

    /// The ids of the events that are seen and not deleted.
    pub fn events(self) -> SelectStatement {
        Query::select().column(event::Column::Id).from(event::Entity).cond_where(self.condition()).take()
    }
}

/// Whether the reader sees the event of this number.
pub async fn sees(connection: &impl ConnectionTrait, sight: Sight, number: i64) -> Result<bool, StoreError> {
    let found = event::Entity::find().filter(sight.condition()).filter(event::Column::Number.eq(number));
    Ok(found.count(connection).await? > 0)
}
