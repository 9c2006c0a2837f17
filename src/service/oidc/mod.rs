//! Signing in at a provider (OpenID Connect Core 1.0): the code flow with PKCE. Whoever comes back is the browser that went, once;
//! who it is, is issuer and subject, never an e-mail.

mod crypto;
mod people;
mod provider;
mod rules;
mod tokens;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{authorise, detached},
    secrets,
    sessions::{self, Entry, Method, SignedIn},
    sign_in::{self, SignIn, Visit},
};
use crate::{
    domain::actor::{Actor, Permission},
    store::{
        self,
        identities::{Flow, Identity},
    },
};
use provider::encoded;

pub use provider::Provider;
pub use rules::OidcRules;

/// How long somebody may take at the provider, in milliseconds: 10 minutes.
pub const FLOW_LIFE: i64 = 10 * 60_000;

/// How long a logout is remembered, in milliseconds: longer than one is taken.
const LOGOUT_KNOWN: i64 = 3_600_000;

/// Why nobody is signed in.
#[derive(Debug, Error)]
pub enum Failure {
    /// The provider cannot be asked, or gives no sense.
    #[error("the provider cannot be used: {0}")]
    Unreachable(String),
    /// The provider let nobody in.
    #[error("the provider refused")]
    Refused,
    /// It took too long, or it is another browser that comes back.
    #[error("this sign-in was not begun in this browser, was used, or took too long")]
    State,
    /// Nobody began this here, or it was used.
    #[error("this sign-in was not begun in this browser, was used, or took too long")]
    NotBegun,
    /// The token is not what it has to be.
    #[error("the token of the provider is refused: {0}")]
    Token(&'static str),
    /// The provider tells no e-mail, and there is no account yet.
    #[error("the provider tells no e-mail")]
    NoEmail,
    /// Somebody has the e-mail here already.
    #[error("there is an account with this e-mail; sign in with the password and link it in the settings")]
    EmailTaken,
    /// The claims give no role.
    #[error("the provider's groups give no role here")]
    NoRole,
    /// The account is switched off.
    #[error("the account is switched off")]
    SwitchedOff,
    /// The account at the provider belongs to another account here.
    #[error("this account at the provider is linked to another account")]
    Linked,
    /// The house's own side.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Failure {
    /// A word for the audit log.
    const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Refused => "refused",
            Self::State | Self::NotBegun => "state",
            Self::Token(_) => "token",
            Self::NoEmail => "no_email",
            Self::EmailTaken => "email_taken",
            Self::NoRole => "no_role",
            Self::SwitchedOff => "switched_off",
            Self::Linked => "linked",
            Self::Service(_) => "service",
        }
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        Self::Service(error.into())
    }
}

fn provider(app: &App) -> Result<&Provider, Failure> {
    let missing = || ServiceError::NotFound("provider in the settings (oidc.issuer)".to_owned());
    app.sign_in.oidc.as_ref().ok_or_else(|| missing().into())
}

/// The words of the button, where a provider is set.
pub fn button(app: &App) -> Option<Option<&str>> {
    app.sign_in.oidc.as_ref().map(|provider| provider.rules.name.as_deref())
}

/// Whether one of these is known at the provider of the settings.
pub(super) fn is_linked(app: &App, identities: &[Identity]) -> bool {
    let issuer = app.sign_in.oidc.as_ref().map(|provider| provider.rules.issuer.as_str());
    issuer.is_some_and(|issuer| identities.iter().any(|one| one.issuer == issuer))
}

fn redirect_uri(app: &App) -> String {
    format!("{}/login/provider/callback", app.public_url)
}

/// A sign-in that begins: where the browser goes, and what it keeps as a cookie until it is back.
#[derive(Debug)]
pub struct Beginning {
    /// At the provider.
    pub url: String,
    /// The cookie's value.
    pub browser: String,
}

/// What a sign-in is begun for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// To sign in.
    SignIn,
    /// To prove once more who one is: the provider is to ask, however lately it did.
    Proof,
    /// To link the account that is signed in.
    Link(&'a Actor),
}

/// Begins.
pub async fn begin(app: &App, next: &str, purpose: Purpose<'_>) -> Result<Beginning, Failure> {
    let provider = provider(app)?;
    let link = match purpose {
        Purpose::Link(actor) => {
            authorise(actor, Permission::OwnProfile)?;
            Some(actor)
        }
        Purpose::SignIn | Purpose::Proof => None,
    };
    let description = provider.description(app).await?;
    let [state, nonce, verifier, browser] = std::array::from_fn(|_| secrets::new_token(app, ""));
    let flow = Flow {
        state_hash: secrets::hash(&state),
        browser_hash: secrets::hash(&browser),
        nonce: nonce.clone(),
        verifier: verifier.clone(),
        next: if next.chars().count() <= 500 { next.to_owned() } else { "/".to_owned() },
        expires_at: app.now_millis() + FLOW_LIFE,
        account_id: link.and_then(|actor| actor.account_id),
    };
    let task_app = app.clone();
    detached(async move {
        let tx = task_app.store.begin().await?;
        store::identities::insert_flow(&tx, &flow).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let rules = &provider.rules;
    let scope = std::iter::once("openid").chain(rules.scopes.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let mut url = description.authorization_endpoint;
    for (at, (name, value)) in [
        ("response_type", "code"),
        ("client_id", rules.client_id.as_str()),
        ("redirect_uri", redirect_uri(app).as_str()),
        ("scope", scope.as_str()),
        ("state", state.as_str()),
        ("nonce", nonce.as_str()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ]
    .into_iter()
    .enumerate()
    {
        let mark = if at == 0 && !url.contains('?') { '?' } else { '&' };
        url.push_str(&format!("{mark}{name}={}", encoded(value)));
    }
    if matches!(purpose, Purpose::Proof) {
        // With `max_age` the token has to say when they were asked (section 3.1.2.1).
        url.push_str("&prompt=login&max_age=0");
    }
    Ok(Beginning { url, browser })
}

/// What the browser brings back.
#[derive(Debug, Default)]
pub struct Return {
    /// What was sent along.
    pub state: Option<String>,
    /// What the tokens are got for.
    pub code: Option<String>,
    /// What the provider says instead.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// The cookie.
    pub browser: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub enum Finished {
    /// Somebody is in, and goes there.
    In(Box<SignIn>, String),
    /// The account is linked.
    Linked,
}

/// Ends what [`begin`] began. `signed_in` is who is signed in with the browser, for a link.
pub async fn finish(app: &App, back: Return, signed_in: Option<&SignedIn>, visit: &Visit) -> Result<Finished, Failure> {
    match finished(app, back, signed_in, visit).await {
        Err(Failure::Service(error)) => Err(Failure::Service(error)),
        // Anybody may send any number of them, and none of them is a sign-in.
        Err(Failure::NotBegun) => Err(Failure::NotBegun),
        Err(failure) => {
            tracing::warn!(%failure, "a sign-in at the provider failed");
            let (task_app, why, browser) = (app.clone(), failure.code(), visit.browser.clone());
            detached(async move {
                let tx = task_app.store.begin().await?;
                let change = json!({"method": Method::Provider.code(), "why": why, "browser": browser});
                let (id, now) = (task_app.id(), task_app.now_millis());
                let (actor, action) = (Actor::outsider(), "session.refused");
                store::audit::insert(&tx, id, now, &actor, action, "account:unknown", change).await?;
                tx.commit().await?;
                Ok(())
            })
            .await?;
            Err(failure)
        }
        good => good,
    }
}

async fn finished(app: &App, back: Return, signed_in: Option<&SignedIn>, visit: &Visit) -> Result<Finished, Failure> {
    let provider = provider(app)?;
    let (Some(state), Some(browser)) = (back.state, back.browser) else { return Err(Failure::NotBegun) };
    let (task_app, hash) = (app.clone(), secrets::hash(&state));
    let flow = detached(async move {
        let tx = task_app.store.begin().await?;
        let flow = store::identities::take_flow(&tx, &hash).await?;
        tx.commit().await?;
        Ok(flow)
    })
    .await?;
    // Used up whatever comes of it: no state is tried twice.
    let flow = flow.ok_or(Failure::NotBegun)?;
    if flow.expires_at <= app.now_millis() || flow.browser_hash != secrets::hash(&browser) {
        return Err(Failure::State);
    }
    let description = provider.description(app).await?;
    let named = description.authorization_response_iss_parameter_supported;
    if back.iss.as_ref().map_or(named, |iss| *iss != provider.rules.issuer) {
        return Err(Failure::State);
    }
    if back.error.is_some() {
        return Err(Failure::Refused);
    }
    let code = back.code.ok_or(Failure::Refused)?;
    let given = provider.exchange(app, &code, &flow.verifier, redirect_uri(app)).await?;
    let mut claims = tokens::id_token(app, provider, &given.id_token, &flow.nonce).await?;
    let subject = tokens::text(&claims, "sub").unwrap_or_default().to_owned();
    // When the provider asked them; where it does not say, they were asked now.
    let proved_at = tokens::authenticated_at(&claims);
    if let Some(info) = provider.user_info(app, given.access_token).await? {
        // The answer is of who the token is of, or it is not looked at (section 5.3.2).
        let info = info.as_object().filter(|info| tokens::text(info, "sub") == Some(subject.as_str()));
        let info = info.ok_or(Failure::Token("the userinfo is of somebody else"))?;
        // Whether an address is verified is said of the address beside it.
        let other_address = claims.contains_key("email") && info.get("email") != claims.get("email");
        for (name, value) in info {
            if other_address && name == "email_verified" {
                continue;
            }
            claims.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    if let Some(account) = flow.account_id {
        let here = signed_in.filter(|one| one.account.id == account).ok_or(Failure::State)?;
        people::link(app, &here.actor(), account, &provider.rules.issuer, &subject).await?;
        return Ok(Finished::Linked);
    }
    let account = people::of_claims(app, &provider.rules, &subject, &claims).await?;
    let entry = Entry {
        method: Method::Provider,
        browser: visit.browser.clone(),
        provider_sid: tokens::text(&claims, "sid").filter(|sid| sid.len() <= 255).map(str::to_owned),
        proved_at,
    };
    let sign_in = sign_in::vouched(app, account, entry).await?;
    if let Some(before) = signed_in {
        // The browser has another session now: nobody goes on with the old one.
        sessions::sign_out(app, before).await?;
    }
    Ok(Finished::In(Box::new(sign_in), flow.next))
}

/// Where a browser signs out at the provider too; none where its session did not come from there, or the provider has no such place.
pub async fn logout_url(app: &App, signed_in: &SignedIn) -> Option<String> {
    let provider = app.sign_in.oidc.as_ref().filter(|_| signed_in.session.method == Method::Provider.code())?;
    let description = provider.description(app).await.ok()?;
    let end = description.end_session_endpoint?;
    let mark = if end.contains('?') { '&' } else { '?' };
    let back = encoded(&format!("{}/login", app.public_url));
    let client = encoded(&provider.rules.client_id);
    Some(format!("{end}{mark}client_id={client}&post_logout_redirect_uri={back}"))
}

/// The provider says that somebody signed out there: their sessions end here (Back-Channel Logout 1.0).
pub async fn back_channel(app: &App, token: &str) -> Result<(), Failure> {
    let provider = provider(app)?;
    let logout = tokens::logout(app, provider, token).await?;
    let issuer = provider.rules.issuer.clone();
    let task_app = app.clone();
    let new = detached(async move {
        let app = task_app;
        let tx = app.store.begin().await?;
        let key = secrets::hash(&format!("{issuer}\n{}", logout.jti));
        if !store::identities::use_logout(&tx, &key, app.now_millis() + LOGOUT_KNOWN).await? {
            return Ok(false);
        }
        let account = match &logout.subject {
            Some(subject) => store::identities::find(tx.conn(), &issuer, subject).await?.map(|one| one.account_id),
            None => match &logout.sid {
                Some(sid) => store::sessions::account_of_sid(tx.conn(), sid).await?,
                None => None,
            },
        };
        if let Some(account) = account {
            let ended = store::sessions::delete_of_provider(&tx, account, logout.sid.as_deref()).await?;
            let change = json!({"sessions": ended, "by": Method::Provider.code()});
            sessions::audit(&app, &tx, &Actor::clock(), "session.revoke_all", account, change).await?;
        }
        tx.commit().await?;
        Ok(true)
    })
    .await?;
    if new { Ok(()) } else { Err(Failure::Token("a logout that was done before")) }
}

/// The accounts at a provider that one's own account is linked to.
pub async fn own(app: &App, actor: &Actor) -> Result<Vec<Identity>, ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    match actor.account_id {
        Some(id) => Ok(store::identities::of_account(app.store.read(), id).await?),
        None => Ok(Vec::new()),
    }
}

/// Takes the links of one's own account away; refused where it has no password to sign in with.
pub async fn unlink(app: &App, actor: &Actor) -> Result<(), ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    let id: Uuid = actor.account_id.ok_or(ServiceError::SignInNeeded)?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let account = store::accounts::by_id(tx.conn(), id).await?.ok_or(ServiceError::SignInNeeded)?;
        if account.password_hash.is_none() {
            let words = "this account has no password; unlinked, nobody could sign in with it";
            return Err(ServiceError::Conflict(words.to_owned()));
        }
        let gone = store::identities::delete_of_account(&tx, id).await?;
        sessions::audit(&app, &tx, &actor, "identity.unlink", id, json!({"identities": gone})).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
