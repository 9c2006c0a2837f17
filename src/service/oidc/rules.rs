//! What the settings say of the provider.

use secrecy::SecretString;

use crate::domain::actor::{Role, TeamScope};

/// The provider of accounts of this installation (OpenID Connect).
#[derive(Debug, Clone)]
pub struct OidcRules {
    /// Its name: exactly what its documents and tokens say.
    pub issuer: String,
    /// What this service is called there.
    pub client_id: String,
    /// What opens the token endpoint; none for a public client, which has PKCE alone.
    pub client_secret: Option<SecretString>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The words of the button; none has the product's own.
    pub name: Option<String>,
    /// The claim that says the role: a text or a list of texts.
    pub role_claim: Option<String>,
    /// Its values and the roles that they give; of several the strongest counts.
    pub roles: Vec<(String, Role)>,
    /// The role of who has none of these values; none lets nobody in without one.
    pub default_role: Option<Role>,
    /// Of which teams an account that is made at its first sign-in sees the events.
    pub team_scope: TeamScope,
    /// The claim that says the teams.
    pub team_claim: Option<String>,
    /// Its values and the names of the teams.
    pub teams: Vec<(String, String)>,
    /// Whether an account of this house with the same verified e-mail is taken for the same person.
    pub link_verified_email: bool,
}
