//! What a token may be used for. A token has never more rights than its account; its scopes leave some of them out.

use super::actor::Permission;

/// A part of the rights of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Read what the account may read.
    Read,
    /// Also log, edit, publish: everything but what [`Scope::Admin`] is for.
    Write,
    /// Push samples and nothing else.
    Samples,
    /// Everything that the account may do: also accounts, tokens, the outbox, notifiers and settings.
    Admin,
}

/// All scopes, in the order in which they are shown.
pub const SCOPES: [Scope; 4] = [Scope::Read, Scope::Write, Scope::Samples, Scope::Admin];

impl Scope {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Samples => "samples",
            Self::Admin => "admin",
        }
    }

    /// The scope of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        SCOPES.into_iter().find(|scope| scope.code() == code)
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Samples => 4,
            Self::Admin => 8,
        }
    }
}

/// A set of scopes, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Everything that the account may do.
    pub const ALL: Self = Self(Scope::Admin.bit());

    /// Reading, and writing what is no setting.
    pub const READ_WRITE: Self = Self(Scope::Read.bit() | Scope::Write.bit());

    /// The scopes of codes; none where there is no code, or one that is not known.
    pub fn from_codes<'a>(codes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut bits = 0;
        for code in codes {
            bits |= Scope::from_code(code)?.bit();
        }
        (bits != 0).then_some(Self(bits))
    }

    /// Their codes, in the order of [`SCOPES`].
    pub fn codes(self) -> Vec<&'static str> {
        SCOPES.into_iter().filter(|scope| self.has(*scope)).map(Scope::code).collect()
    }

    /// Whether this scope is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether they allow what needs this scope.
    pub const fn allow(self, needed: Scope) -> bool {
        self.has(Scope::Admin)
            || match needed {
                Scope::Read => self.has(Scope::Read) || self.has(Scope::Write),
                Scope::Write => self.has(Scope::Write),
                Scope::Samples => self.has(Scope::Samples) || self.has(Scope::Write),
                Scope::Admin => false,
            }
    }

    /// Whether everything that these allow is allowed by the others too.
    pub fn within(self, others: Self) -> bool {
        SCOPES.into_iter().all(|scope| !self.allow(scope) || others.allow(scope))
    }
}

impl Permission {
    /// The scope that a token needs for it.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Public | Self::Read | Self::WholeReport | Self::ParseLine => Scope::Read,
            Self::IngestSamples => Scope::Samples,
            // Passwords and tokens are one's own; accounts, teams and settings are the house's.
            Self::OwnProfile
            | Self::ManageAccounts
            | Self::ReadAudit
            | Self::ManageOutbox
            | Self::ManageNotifiers
            | Self::ManagePolicies
            | Self::ManageCalendars
            | Self::ManageTeams => Scope::Admin,
            Self::WriteEvent
            | Self::DeleteEvent
            | Self::WritePostmortem
            | Self::AssignPostmortem
            | Self::WaivePostmortem
            | Self::ApprovePostmortem
            | Self::WriteFigure
            | Self::DecideDip
            | Self::ManageIndicators
            | Self::ImportReport
            | Self::ManageServices
            | Self::WriteStyle
            | Self::PublishReport
            | Self::ShareReport
            | Self::ManageMailings
            | Self::GradeEvent
            | Self::WriteActionItem
            | Self::WaiveActionItem
            | Self::DeleteActionItem
            | Self::SaveView
            | Self::ShareView
            | Self::BulkEdit
            | Self::NamePeople => Scope::Write,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_set_is_read_from_its_codes_and_an_unknown_one_is_none() {
        assert_eq!(Scopes::from_codes(["write", "read"]).unwrap().codes(), ["read", "write"]);
        assert_eq!(Scopes::from_codes(["read", "root"]), None);
        assert_eq!(Scopes::from_codes([]), None);
    }

    #[test]
    fn samples_are_pushed_and_nothing_is_read() {
        let samples = Scopes::from_codes(["samples"]).unwrap();
        assert!(samples.allow(Permission::IngestSamples.scope()));
        for permission in [Permission::Read, Permission::WriteFigure, Permission::WriteEvent, Permission::OwnProfile] {
            assert!(!samples.allow(permission.scope()), "{permission:?}");
        }
        assert!(samples.within(Scopes::READ_WRITE) && samples.within(Scopes::ALL));
        assert!(!Scopes::READ_WRITE.within(samples));
    }
}
