//! What the settings say of signing in, and what the tasks that sign people in share.

use std::collections::BTreeSet;

use tokio::sync::OnceCell;

use super::{
    oidc::{OidcRules, Provider},
    proxy_sign_in::ProxyRules,
};
use crate::domain::actor::Role;

/// The rules of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInRules {
    /// A session that is unused this long ends, in milliseconds.
    pub idle: i64,
    /// The longest life of a session, in milliseconds.
    pub life: i64,
    /// Who must have an authenticator when they sign in with a password.
    pub second_factor: BTreeSet<Role>,
    /// The proxy whose word counts, where one is set.
    pub proxy: Option<ProxyRules>,
}

impl Default for SignInRules {
    /// Seven days unused, thirty days at most: whoever is on call at night keeps the browser of the phone signed in.
    fn default() -> Self {
        Self { idle: 7 * 24 * 3_600_000, life: 30 * 24 * 3_600_000, second_factor: BTreeSet::new(), proxy: None }
    }
}

/// The rules, and what is read once.
#[derive(Debug, Default)]
pub struct SignIn {
    /// The rules.
    pub rules: SignInRules,
    /// The provider, where one is set.
    pub oidc: Option<Provider>,
    /// The key that signs the cookies of known devices.
    pub(super) device_key: OnceCell<[u8; 32]>,
}

impl SignIn {
    /// With these rules.
    pub fn new(rules: SignInRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The same with a provider.
    #[must_use]
    pub fn with_provider(self, rules: OidcRules) -> Self {
        Self { oidc: Some(Provider::new(rules)), ..self }
    }
}
