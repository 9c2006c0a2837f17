//! Signing in by the word of a proxy in front, which has asked who somebody is.

use super::{
    App, ServiceError,
    sessions::{Entry, Method},
    sign_in::{self, SignIn},
};
use crate::{domain::outgoing::Network, store};

/// Whose word counts, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRules {
    /// The header with the e-mail, in small letters.
    pub header: String,
    /// The addresses that may say so; from anybody else the header is not looked at.
    pub from: Vec<Network>,
}

/// Opens a session for the active account of an e-mail that the proxy named; none where there is no such account.
pub async fn open(app: &App, email: &str, browser: String) -> Result<Option<SignIn>, ServiceError> {
    let account = store::accounts::by_email(app.store.read(), email).await?;
    let Some(account) = account.filter(|account| account.active) else { return Ok(None) };
    let entry = Entry { method: Method::Proxy, browser, ..Entry::default() };
    sign_in::vouched(app, account, entry).await.map(Some)
}
