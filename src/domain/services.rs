//! Business lines and components: what events affect, and who answers for it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::checked::{self, FieldError};

/// What a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// 业务线: what customers use.
    #[default]
    BusinessLine,
    /// 组件: what business lines are built of.
    Component,
}

/// Both kinds.
pub const SERVICE_KINDS: [ServiceKind; 2] = [ServiceKind::BusinessLine, ServiceKind::Component];

impl ServiceKind {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BusinessLine => "business_line",
            Self::Component => "component",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        SERVICE_KINDS.into_iter().find(|kind| kind.code() == code)
    }
}

/// What people say of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceFields {
    /// 1 to 60 characters, unique whatever its case and width.
    pub name: String,
    /// Business line or component.
    pub kind: ServiceKind,
    /// A core service: events on it weigh more when graded.
    pub core: bool,
    /// The team that answers for it.
    pub team_id: Option<Uuid>,
    /// An archived service is offered no more and keeps its past.
    pub archived: bool,
}

impl ServiceFields {
    /// The tidy fields. Names may not hold what separates services and shares where they are typed.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.name = checked::line("name", &self.name, 60)?;
        if self.name.contains(['|', ';', '；', '/', '\\']) || checked::fold(&self.name).chars().count() > 60 {
            return Err(FieldError::shape("name", "write a name without | ; / \\"));
        }
        Ok(self)
    }
}

/// A service as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// What people say of it.
    pub fields: ServiceFields,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch; none while it is in use.
    pub archived_at: Option<i64>,
}
