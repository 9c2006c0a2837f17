//! The provider as it describes itself (OpenID Connect Discovery 1.0), its keys, and what is asked of it: through the guarded way
//! out, without redirects, bounded in size and time.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Failure, OidcRules};
use crate::service::{
    App,
    ports::{OutgoingRequest, RequestBody},
};

/// How long a description and keys are remembered, in milliseconds: an hour.
const REMEMBERED: i64 = 3_600_000;

/// How often unknown keys make the provider be asked again, in milliseconds: a minute.
const AGAIN: i64 = 60_000;

/// The longest answer, in bytes.
const MOST_BYTES: usize = 512 * 1024;

/// The provider, and what it said last.
#[derive(Debug)]
pub struct Provider {
    /// The settings.
    pub rules: OidcRules,
    told: Mutex<Option<Told>>,
}

#[derive(Debug, Clone)]
struct Told {
    at: i64,
    description: Description,
    keys: JwkSet,
}

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    jwks_uri: String,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// RFC 9207: every answer names who gives it.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// What the token endpoint gave for a code.
#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) access_token: Option<SecretString>,
}

async fn ask(
    app: &App,
    url: &str,
    body: RequestBody,
    bearer: Option<SecretString>,
    headers: Vec<(&'static str, String)>,
) -> Result<Value, Failure> {
    let request = OutgoingRequest {
        url: url.to_owned(),
        body,
        bearer,
        house_token: false,
        headers: [vec![("accept", "application/json".to_owned())], headers].concat(),
        within: Duration::from_secs(10),
        most_bytes: MOST_BYTES,
    };
    let answer = app.outgoing.send(&request).await.map_err(|error| Failure::Unreachable(error.to_string()))?;
    if answer.status != 200 {
        return Err(Failure::Unreachable(format!("it answers {}", answer.status)));
    }
    serde_json::from_slice(&answer.body).map_err(|_| Failure::Unreachable("its answer is no JSON".to_owned()))
}

impl Provider {
    /// One of these settings; nothing is asked yet.
    pub fn new(rules: OidcRules) -> Self {
        Self { rules, told: Mutex::new(None) }
    }

    /// How it describes itself.
    pub(super) async fn description(&self, app: &App) -> Result<Description, Failure> {
        Ok(self.told(app, REMEMBERED).await?.description)
    }

    async fn told(&self, app: &App, oldest: i64) -> Result<Told, Failure> {
        let mut told = self.told.lock().await;
        let now = app.now_millis();
        if let Some(told) = told.as_ref().filter(|told| (told.at..=told.at.saturating_add(oldest)).contains(&now)) {
            return Ok(told.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", self.rules.issuer.trim_end_matches('/'));
        let said = ask(app, &url, RequestBody::None, None, Vec::new()).await?;
        let wrong = |words: &str| Failure::Unreachable(format!("its description {words}"));
        let description: Description = serde_json::from_value(said).map_err(|_| wrong("lacks an endpoint"))?;
        if description.issuer != self.rules.issuer {
            return Err(wrong("is that of another issuer"));
        }
        let plain = self.rules.issuer.starts_with("http://");
        let ends = [&description.authorization_endpoint, &description.token_endpoint, &description.jwks_uri];
        let others = [&description.userinfo_endpoint, &description.end_session_endpoint];
        let safe = |url: &&String| url.starts_with("https://") || plain && url.starts_with("http://");
        if !ends.into_iter().chain(others.into_iter().flatten()).all(|url| safe(&url)) {
            return Err(wrong("names an endpoint without https"));
        }
        let keys = ask(app, &description.jwks_uri, RequestBody::None, None, Vec::new()).await?;
        let keys = keys_of(&keys).ok_or_else(|| Failure::Unreachable("it gives no keys".to_owned()))?;
        let new = Told { at: now, description, keys };
        *told = Some(new.clone());
        Ok(new)
    }

    /// The keys that a token may be signed with: that of its key id, or without one all. A key id that is not known makes the
    /// provider be asked again, once a minute.
    pub(super) async fn keys(&self, app: &App, kid: Option<&str>) -> Result<Vec<Jwk>, Failure> {
        let find = |told: &Told| -> Vec<Jwk> {
            let fits = |key: &&Jwk| kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid));
            told.keys.keys.iter().filter(fits).cloned().collect()
        };
        let found = find(&self.told(app, REMEMBERED).await?);
        if !found.is_empty() {
            return Ok(found);
        }
        Ok(find(&self.told(app, AGAIN).await?))
    }

    /// Gives a code and gets the tokens (RFC 6749, section 4.1.3).
    pub(super) async fn exchange(
        &self,
        app: &App,
        code: &str,
        verifier: &str,
        redirect_uri: String,
    ) -> Result<Tokens, Failure> {
        let description = self.description(app).await?;
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.to_owned()),
        ];
        let mut headers = Vec::new();
        let methods = &description.token_endpoint_auth_methods_supported;
        // The default where nothing is said (RFC 8414).
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        match &self.rules.client_secret {
            Some(secret) if basic => {
                let pair = format!("{}:{}", encoded(&self.rules.client_id), encoded(secret.expose_secret()));
                headers.push(("authorization", format!("Basic {}", STANDARD.encode(pair))));
            }
            Some(secret) => {
                form.push(("client_id", self.rules.client_id.clone()));
                form.push(("client_secret", secret.expose_secret().to_owned()));
            }
            None => form.push(("client_id", self.rules.client_id.clone())),
        }
        let said = ask(app, &description.token_endpoint, RequestBody::Form(form), None, headers).await?;
        serde_json::from_value(said).map_err(|_| Failure::Unreachable("it gives no ID token".to_owned()))
    }

    /// What it says of who is signed in; none where it has no such place.
    pub(super) async fn user_info(&self, app: &App, access: Option<SecretString>) -> Result<Option<Value>, Failure> {
        let description = self.description(app).await?;
        match (description.userinfo_endpoint, access) {
            (Some(url), Some(access)) => ask(app, &url, RequestBody::None, Some(access), Vec::new()).await.map(Some),
            _ => Ok(None),
        }
    }
}

/// Keys for signatures; what cannot be read is left out.
fn keys_of(said: &Value) -> Option<JwkSet> {
    let list = said.get("keys")?.as_array()?;
    let keys = list.iter().take(100).filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok()).collect();
    Some(JwkSet { keys })
}

/// Percent-encoded for a query or a form (RFC 3986, section 2.3).
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            all.push_str(&format!("%{byte:02X}"));
        }
        all
    })
}
