//! A team: it answers for services and for shares of events.

use uuid::Uuid;

use crate::domain::checked::{self, FieldError};

/// Most members of a team.
pub const MEMBERS: usize = 200;

/// What people edit of a team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamFields {
    /// Up to 60 characters.
    pub name: String,
    /// The account that leads it.
    pub lead: Option<Uuid>,
    /// Accounts, in the order of their ids.
    pub members: Vec<Uuid>,
    /// An archived team keeps its past and gets nothing new.
    pub archived: bool,
}

/// A team as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// What people edit.
    pub fields: TeamFields,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl TeamFields {
    /// Checks lengths and characters; each member once.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.name = checked::line("name", &self.name, 60)?;
        if checked::fold(&self.name).chars().count() > 60 || self.name.contains(['/', '\\']) {
            return Err(FieldError::shape("name", "write a name of at most 60 characters without slashes"));
        }
        self.members.sort_unstable();
        self.members.dedup();
        if self.members.len() > MEMBERS {
            return Err(FieldError::shape("members", format!("name at most {MEMBERS} people")));
        }
        Ok(self)
    }
}
