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

/// Whose eyes look at events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sight {
    /// Everyone's: restricted events are not there.
    #[default]
    Everyone,
    /// An account's: in addition the restricted events that it logged, or is named for.
    Account(Uuid),
    /// An administrator's, the local operator's, the clock's: everything.
    All,
}

impl Sight {
    /// What an actor sees.
    pub fn of(actor: &Actor) -> Self {
        if actor.role == Role::Admin {
            return Self::All;
        }
        actor.account_id.map_or(Self::Everyone, Self::Account)
    }

    /// Whether a row of `event` is seen and not deleted.
    pub fn condition(self) -> Condition {
        let live = Condition::all().add(event::Column::DeletedAt.is_null());
        let open = Condition::any().add(event::Column::Restricted.eq(false));
        match self {
            Self::All => live,
            Self::Everyone => live.add(open),
            Self::Account(account) => {
                let viewed = Query::select()
                    .column(event_viewer::Column::EventId)
                    .from(event_viewer::Entity)
                    .and_where(event_viewer::Column::AccountId.eq(account))
                    .take();
                live.add(open.add(event::Column::CreatedBy.eq(account)).add(event::Column::Id.in_subquery(viewed)))
            }
        }
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
