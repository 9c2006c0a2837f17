//! Who acts, and what a role may do: the one permission table of the product.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scope::Scopes;

/// The roles, each including the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything except accounts and the outbox.
    Viewer,
    /// Logs and edits events and figures, works on postmortems.
    Reporter,
    /// Also grades, assigns, waives, deletes and imports.
    Lead,
    /// Also accounts and the outbox.
    Admin,
}

/// All roles, weakest first.
pub const ROLES: [Role; 4] = [Role::Viewer, Role::Reporter, Role::Lead, Role::Admin];

impl Role {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reporter => "reporter",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }

    /// The role of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        ROLES.into_iter().find(|role| role.code() == code)
    }

    /// Whether this role may do `permission`.
    pub fn may(self, permission: Permission) -> bool {
        permission.needs().is_none_or(|needed| self >= needed)
    }
}

/// Everything that can be done; each service function names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read events, figures, postmortems and reports.
    Read,
    /// Read lines without saving them.
    ParseLine,
    /// Create and edit events and their timelines.
    WriteEvent,
    /// Delete events.
    DeleteEvent,
    /// Move a postmortem along its states.
    WritePostmortem,
    /// Assign owners and due dates.
    AssignPostmortem,
    /// Waive a postmortem.
    WaivePostmortem,
    /// Approve a postmortem of which one is not the reviewer.
    ApprovePostmortem,
    /// Write reported figures and counts.
    WriteFigure,
    /// Push samples of an indicator.
    IngestSamples,
    /// Create and change indicators, their definitions and objectives.
    ManageIndicators,
    /// Import report documents.
    ImportReport,
    /// Add and change business lines and components.
    ManageServices,
    /// Write the styles of reports.
    WriteStyle,
    /// Publish and withdraw weekly reports.
    PublishReport,
    /// Give out and revoke links to published weeks.
    ShareReport,
    /// Set up weekly mails.
    ManageMailings,
    /// Write the policies: levels, grading rules, thresholds, templates.
    ManagePolicies,
    /// Import and edit calendars.
    ManageCalendars,
    /// Create and change teams.
    ManageTeams,
    /// Change a grade that stands, and say which teams answer for an event.
    GradeEvent,
    /// Write action items and move them on.
    WriteActionItem,
    /// Leave an action item undone.
    WaiveActionItem,
    /// Delete action items.
    DeleteActionItem,
    /// One's own profile, password and tokens.
    OwnProfile,
    /// Save views of one's own.
    SaveView,
    /// Save views for everybody.
    ShareView,
    /// Change many events at once.
    BulkEdit,
    /// List who may be named as an owner, a reviewer or a viewer.
    NamePeople,
    /// Create and change accounts.
    ManageAccounts,
    /// See and requeue outgoing mail.
    ManageOutbox,
    /// Set up where messages go besides mail.
    ManageNotifiers,
    /// Read and verify the audit log.
    ReadAudit,
    /// Sign in, first set-up, health: open to everyone.
    Public,
}

impl Permission {
    /// The weakest role that has the permission; none when no sign-in is needed.
    pub const fn needs(self) -> Option<Role> {
        match self {
            Self::Public => None,
            Self::SaveView => Some(Role::Viewer),
            Self::ShareView => Some(Role::Lead),
            Self::BulkEdit => Some(Role::Reporter),
            Self::Read | Self::ParseLine | Self::OwnProfile => Some(Role::Viewer),
            Self::WriteEvent | Self::WritePostmortem | Self::WriteFigure | Self::IngestSamples => Some(Role::Reporter),
            Self::DeleteEvent
            | Self::AssignPostmortem
            | Self::WaivePostmortem
            | Self::ApprovePostmortem
            | Self::ImportReport
            | Self::ManageServices
            | Self::WriteStyle => Some(Role::Lead),
            // Who writes names others: as reviewers, as owners of action items, as viewers of what they logged.
            Self::WriteActionItem | Self::NamePeople => Some(Role::Reporter),
            Self::WaiveActionItem | Self::DeleteActionItem => Some(Role::Lead),
            Self::PublishReport | Self::ShareReport | Self::ManageMailings => Some(Role::Lead),
            Self::ManagePolicies | Self::ManageTeams | Self::GradeEvent => Some(Role::Lead),
            Self::ManageIndicators | Self::ManageCalendars => Some(Role::Lead),
            Self::ManageAccounts | Self::ManageOutbox | Self::ManageNotifiers => Some(Role::Admin),
            Self::ReadAudit => Some(Role::Admin),
        }
    }
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account; none for the local operator and for the clock.
    pub account_id: Option<Uuid>,
    /// Name for the audit log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What the token that they came with may be used for; none is no token, and everything that the role may do.
    pub scopes: Option<Scopes>,
}

impl Actor {
    /// Whether they may do `permission`: the one function that says so, for pages, API and command line.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission) && self.scopes.is_none_or(|scopes| scopes.allow(permission.scope()))
    }

    /// A command on the machine of the database: whoever may read the database may do everything.
    pub fn local_operator() -> Self {
        Self { account_id: None, name: "local".to_owned(), role: Role::Admin, scopes: None }
    }

    /// Nobody in particular: sees what everyone sees.
    pub fn outsider() -> Self {
        Self { account_id: None, name: "outsider".to_owned(), role: Role::Viewer, scopes: None }
    }

    /// The worker.
    pub fn clock() -> Self {
        Self { account_id: None, name: "fupan".to_owned(), role: Role::Admin, scopes: None }
    }
}
