//! What one event has to do with another.

use serde::{Deserialize, Serialize};

/// What an event is to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// They have to do with each other.
    Related,
    /// The event is the other one, logged twice; the other one counts.
    Duplicate,
    /// The same thing happened again: the other one came first.
    Recurrence,
}

/// All kinds.
pub const RELATION_KINDS: [RelationKind; 3] =
    [RelationKind::Related, RelationKind::Duplicate, RelationKind::Recurrence];

impl RelationKind {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Related => "related",
            Self::Duplicate => "duplicate",
            Self::Recurrence => "recurrence",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        RELATION_KINDS.into_iter().find(|kind| kind.code() == code)
    }
}
