//! Who sees which event: one rule for pages, lists, counts, mails and programs. A restricted event is there for those whom
//! it names; to an account of its own teams alone the events of other teams are not there either. What the event itself does
//! not say, of which team it is, the store answers (`store::sight`), which asks the same of the database (`store::events::visible`).

use uuid::Uuid;

use crate::domain::{
    actor::{Actor, Role},
    event::{ProductionEvent, Source},
};

/// Whose eyes look at events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sight {
    /// Everyone's: restricted events are not there. What is published, and what nobody in particular reads.
    #[default]
    Everyone,
    /// An account's: in addition the restricted events that it logged, or is named for.
    Account(Uuid),
    /// That of an account of its own teams alone: their events that are not restricted, and what it logged or is named for.
    OwnTeams(Uuid),
    /// An administrator's, the local operator's, the clock's: everything.
    All,
}

impl Sight {
    /// What an actor sees.
    pub fn of(actor: &Actor) -> Self {
        match actor.account_id {
            _ if actor.role == Role::Admin => Self::All,
            Some(id) if actor.is_of_own_teams() => Self::OwnTeams(id),
            Some(id) => Self::Account(id),
            None => Self::Everyone,
        }
    }

    /// What a report shows an actor: what everyone sees, and to those of their own teams alone their part of that.
    pub fn of_report(actor: &Actor) -> Self {
        match Self::of(actor) {
            own @ Self::OwnTeams(_) => own,
            _ => Self::Everyone,
        }
    }

    /// Whether an event is there for these eyes; none where the event itself does not say, because it depends on the teams that it
    /// is of.
    pub fn by_event(self, event: &ProductionEvent) -> Option<bool> {
        let named = |id: Uuid| event.created_by == Some(id) || event.fields.viewers.contains(&id);
        match self {
            Self::All => Some(true),
            Self::Everyone => Some(!event.fields.restricted),
            Self::Account(id) => Some(!event.fields.restricted || named(id)),
            // An import brings the events of all teams: whoever ran it did not log them.
            Self::OwnTeams(id) if event.fields.viewers.contains(&id) => Some(true),
            Self::OwnTeams(id) if event.created_by == Some(id) && event.source != Source::Import => Some(true),
            Self::OwnTeams(_) if event.fields.restricted => Some(false),
            Self::OwnTeams(_) => None,
        }
    }
}

/// Whether an actor who sees an event may say who else does: leads, and who logged it.
pub fn may_restrict(actor: &Actor, event: &ProductionEvent) -> bool {
    let own = actor.account_id.is_some() && actor.account_id == event.created_by;
    // Of what depends on its teams, the actor has read it and so sees it.
    own || (actor.role >= Role::Lead && Sight::of(actor).by_event(event).unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::TeamScope;

    fn actor(role: Role, team_scope: TeamScope) -> Actor {
        Actor { account_id: Some(Uuid::from_u128(1)), role, team_scope, ..Actor::outsider() }
    }

    #[test]
    fn whose_eyes_follow_from_role_and_scope() {
        let me = Uuid::from_u128(1);
        for role in [Role::Viewer, Role::Reporter, Role::Lead] {
            assert_eq!(Sight::of(&actor(role, TeamScope::All)), Sight::Account(me));
            assert_eq!(Sight::of(&actor(role, TeamScope::Own)), Sight::OwnTeams(me));
            assert_eq!(Sight::of_report(&actor(role, TeamScope::All)), Sight::Everyone);
            assert_eq!(Sight::of_report(&actor(role, TeamScope::Own)), Sight::OwnTeams(me));
        }
        for scope in [TeamScope::All, TeamScope::Own] {
            assert_eq!(Sight::of(&actor(Role::Admin, scope)), Sight::All);
            assert_eq!(Sight::of_report(&actor(Role::Admin, scope)), Sight::Everyone);
        }
        assert_eq!(Sight::of(&Actor::outsider()), Sight::Everyone);
        assert_eq!(Sight::of(&Actor::clock()), Sight::All);
    }
}
