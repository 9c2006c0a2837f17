//! Who sees a restricted event: one rule for pages, lists, counts, mails and programs. The store asks the same of the
//! database (`store::events::visible`).

use uuid::Uuid;

use crate::domain::{
    actor::{Actor, Role},
    event::ProductionEvent,
};

/// Whose eyes look at events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sight {
    /// Everyone's: restricted events are not there. What is published, and what nobody in particular reads.
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
        Self::of_account(actor.account_id, actor.role)
    }

    /// What an account with a role sees.
    pub fn of_account(account: Option<Uuid>, role: Role) -> Self {
        if role == Role::Admin {
            return Self::All;
        }
        account.map_or(Self::Everyone, Self::Account)
    }

    /// Whether an event is there for these eyes.
    pub fn sees(self, event: &ProductionEvent) -> bool {
        match self {
            Self::All => true,
            _ if !event.fields.restricted => true,
            Self::Everyone => false,
            Self::Account(id) => event.created_by == Some(id) || event.fields.viewers.contains(&id),
        }
    }
}

/// Whether an actor may say who sees an event: leads who see it, and who logged it.
pub fn may_restrict(actor: &Actor, event: &ProductionEvent) -> bool {
    let own = actor.account_id.is_some() && actor.account_id == event.created_by;
    own || (actor.role >= Role::Lead && Sight::of(actor).sees(event))
}
