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
    /// Read what tells of all teams at once: a week put into a document, styles tried on one, the gauges of the service.
    WholeReport,
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
    /// Say what becomes of a proposed dip of an indicator.
    DecideDip,
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
            Self::Read | Self::WholeReport | Self::ParseLine | Self::OwnProfile => Some(Role::Viewer),
            Self::WriteEvent | Self::WritePostmortem | Self::WriteFigure | Self::IngestSamples => Some(Role::Reporter),
            Self::DecideDip => Some(Role::Reporter),
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

    /// Whether it bears upon what belongs to every team, so that an account of its own teams alone ([`TeamScope::Own`]) never has
    /// it. What bears upon one event stays: which events those are, its sight says.
    pub const fn is_of_all_teams(self) -> bool {
        match self {
            // One event, the reader's own things, names: which events there are is for the sight to say.
            Self::Public
            | Self::Read
            | Self::ParseLine
            | Self::WriteEvent
            | Self::DeleteEvent
            | Self::BulkEdit
            | Self::WritePostmortem
            | Self::AssignPostmortem
            | Self::WaivePostmortem
            | Self::ApprovePostmortem
            | Self::GradeEvent
            | Self::WriteActionItem
            | Self::WaiveActionItem
            | Self::DeleteActionItem
            | Self::NamePeople
            | Self::OwnProfile
            | Self::SaveView => false,
            // A report tells of all teams, imported, published, mailed, shared or spliced.
            Self::WholeReport
            | Self::ImportReport
            | Self::PublishReport
            | Self::ShareReport
            | Self::ManageMailings
            | Self::WriteStyle => true,
            // Figures, indicators and their dips are the house's: whoever decides on a dip takes it from all others.
            Self::WriteFigure | Self::IngestSamples | Self::ManageIndicators | Self::DecideDip => true,
            // Whose an event is follows from these: nobody widens their own sight.
            Self::ManageServices | Self::ManageTeams => true,
            // Settings, shared views, accounts, mail and the log are everybody's.
            Self::ManagePolicies
            | Self::ManageCalendars
            | Self::ShareView
            | Self::ManageAccounts
            | Self::ManageOutbox
            | Self::ManageNotifiers
            | Self::ReadAudit => true,
        }
    }
}

/// Of which teams an account sees and changes the events. Administrators are never of their own teams alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamScope {
    /// All teams.
    #[default]
    All,
    /// Those that it is a member or the lead of.
    Own,
}

/// Both scopes, the wider one first.
pub const TEAM_SCOPES: [TeamScope; 2] = [TeamScope::All, TeamScope::Own];

impl TeamScope {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Own => "own",
        }
    }

    /// The scope of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        TEAM_SCOPES.into_iter().find(|scope| scope.code() == code)
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
    /// Of which teams they see and change the events.
    pub team_scope: TeamScope,
}

impl Actor {
    /// Whether they may do `permission`: the one function that says so, for pages, API and command line.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
            && self.scopes.is_none_or(|scopes| scopes.allow(permission.scope()))
            && !(self.is_of_own_teams() && permission.is_of_all_teams())
    }

    /// Whether they see and change what is of their own teams alone. Administrators never, whatever is stored.
    pub fn is_of_own_teams(&self) -> bool {
        self.role != Role::Admin && self.team_scope == TeamScope::Own
    }

    /// A command on the machine of the database: whoever may read the database may do everything.
    pub fn local_operator() -> Self {
        Self { account_id: None, name: "local".to_owned(), role: Role::Admin, scopes: None, team_scope: TeamScope::All }
    }

    /// Nobody in particular: sees what everyone sees.
    pub fn outsider() -> Self {
        Self {
            account_id: None,
            name: "outsider".to_owned(),
            role: Role::Viewer,
            scopes: None,
            team_scope: TeamScope::All,
        }
    }

    /// The worker.
    pub fn clock() -> Self {
        Self { account_id: None, name: "fupan".to_owned(), role: Role::Admin, scopes: None, team_scope: TeamScope::All }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_own_teams(role: Role) -> Actor {
        Actor { role, team_scope: TeamScope::Own, ..Actor::outsider() }
    }

    #[test]
    fn who_is_of_their_own_teams_alone_has_no_right_over_what_is_everybodys() {
        let lead = of_own_teams(Role::Lead);
        for permission in [
            Permission::ImportReport,
            Permission::PublishReport,
            Permission::ShareReport,
            Permission::ManageMailings,
            Permission::WholeReport,
            Permission::WriteStyle,
            Permission::WriteFigure,
            Permission::IngestSamples,
            Permission::ManageIndicators,
            Permission::DecideDip,
            Permission::ManageServices,
            Permission::ManageTeams,
            Permission::ManagePolicies,
            Permission::ManageCalendars,
            Permission::ShareView,
        ] {
            assert!(Role::Lead.may(permission) && !lead.may(permission), "{permission:?}");
        }
        for permission in [
            Permission::Read,
            Permission::WriteEvent,
            Permission::DeleteEvent,
            Permission::BulkEdit,
            Permission::GradeEvent,
            Permission::WritePostmortem,
            Permission::ApprovePostmortem,
            Permission::WriteActionItem,
            Permission::DeleteActionItem,
            Permission::SaveView,
            Permission::NamePeople,
        ] {
            assert!(lead.may(permission), "{permission:?}");
        }
        assert!(!of_own_teams(Role::Viewer).may(Permission::WriteEvent), "a scope gives no right that the role lacks");
    }

    #[test]
    fn an_administrator_is_of_all_teams_whatever_is_stored() {
        let admin = of_own_teams(Role::Admin);
        assert!(!admin.is_of_own_teams() && admin.may(Permission::ManageTeams));
    }
}
