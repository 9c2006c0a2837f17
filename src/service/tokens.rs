//! API tokens: shown once, kept as a hash, with scopes and an end.

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{authorise, detached},
    retry::retried,
    second_factor, secrets, sessions,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        scope::Scopes,
    },
    store::{self, StoreError, accounts::Account},
};

pub use crate::store::tokens::ApiToken;

/// Every token begins like this, so that scanners find leaked ones.
pub const PREFIX: &str = "fpn_";
/// Days that a token works unless said otherwise.
pub const DEFAULT_DAYS: i64 = 90;
/// The most days that a token works.
pub const MOST_DAYS: i64 = 366;
/// Days before its end from which on a token is said to end soon.
pub const SOON_DAYS: i64 = 14;
/// Hours for which a replaced token goes on working unless said otherwise.
pub const DEFAULT_OVERLAP: i64 = 24;
/// The most hours for which a replaced token goes on working: a week.
pub const MOST_OVERLAP: i64 = 168;
/// Uses are noted at most this often, in milliseconds: one hour.
const USED_EVERY: i64 = 3_600_000;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// Days that it works; none is [`DEFAULT_DAYS`].
    pub days: Option<i64>,
}

impl NewToken {
    /// One that may do all that its account may, for the usual time.
    pub fn of_all(name: &str) -> Self {
        Self { name: name.to_owned(), scopes: Scopes::ALL, days: None }
    }
}

/// The scopes of these codes; a refusal names those that there are.
pub fn scopes_of<'a>(codes: impl IntoIterator<Item = &'a str>) -> Result<Scopes, FieldError> {
    Scopes::from_codes(codes).ok_or_else(|| FieldError::shape("scopes", "choose among read, write, samples and admin"))
}

/// Makes a token for an account; the secret is returned once. Nobody makes one that may do more than what they came with.
pub async fn create(
    app: &App,
    actor: &Actor,
    account: &Account,
    new: NewToken,
) -> Result<(ApiToken, String), ServiceError> {
    authorise_for(actor, account.id)?;
    let days = new.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(FieldError::shape("days", "give 1 to 366 days").into());
    }
    let name = checked::line("name", &new.name, 80)?;
    let now = app.now_millis();
    let (token, secret) = token(app, account.id, name, new.scopes, now + days * DAY);
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        if store::tokens::count(tx.conn(), token.account_id, now).await? >= store::tokens::LIMIT {
            return Err(too_many());
        }
        store::tokens::insert(&tx, &token).await?;
        let subject = format!("account:{}", token.account_id);
        store::audit::insert(&tx, app.id(), now, &actor, "token.create", &subject, told(&token)).await?;
        tx.commit().await?;
        Ok((token, secret))
    })
    .await
}

fn token(app: &App, account_id: Uuid, name: String, scopes: Scopes, expires_at: i64) -> (ApiToken, String) {
    let secret = secrets::new_token(app, PREFIX);
    let token = ApiToken {
        id: app.id(),
        account_id,
        name,
        prefix: secret.chars().take(10).collect(),
        token_hash: secrets::hash(&secret),
        created_at: app.now_millis(),
        used_at: None,
        scopes,
        expires_at: Some(expires_at),
        replaced_by: None,
    };
    (token, secret)
}

fn told(token: &ApiToken) -> serde_json::Value {
    json!({"id": token.id, "name": token.name, "prefix": token.prefix, "scopes": token.scopes.codes(), "expires_at": token.expires_at})
}

/// Tokens are made, replaced and revoked by their owner and by administrators.
fn authorise_for(actor: &Actor, account: Uuid) -> Result<(), ServiceError> {
    let own = actor.account_id == Some(account);
    authorise(actor, if own { Permission::OwnProfile } else { Permission::ManageAccounts })
}

/// One's own tokens that are not revoked, newest first; expired ones too.
pub async fn own(app: &App, actor: &Actor) -> Result<Vec<ApiToken>, ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    match actor.account_id {
        Some(id) => Ok(store::tokens::of_account(app.store.read(), id).await?),
        None => Ok(Vec::new()),
    }
}

/// Tokens of everybody.
#[derive(Debug, Clone)]
pub struct TokenPage {
    /// Each with its account, newest first.
    pub tokens: Vec<(ApiToken, Account)>,
    /// Behind which token the next page begins, if there is one.
    pub next: Option<Uuid>,
}

/// The tokens of all accounts that are not revoked, behind that of `after`.
pub async fn of_all(app: &App, actor: &Actor, after: Option<Uuid>, limit: u64) -> Result<TokenPage, ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    let connection = app.store.read();
    let limit = limit.clamp(1, store::tokens::LIMIT);
    let after = match after {
        Some(id) => Some(store::tokens::by_id(connection, id).await?.ok_or_else(|| unknown(id))?),
        None => None,
    };
    let mut tokens = store::tokens::page(connection, after.as_ref(), limit + 1).await?;
    let more = tokens.len() as u64 > limit;
    tokens.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let owners = tokens.iter().map(|token| token.account_id).collect();
    let accounts = store::accounts::by_ids(connection, &owners).await?;
    let owner = |token: &ApiToken| accounts.iter().find(|account| account.id == token.account_id).cloned();
    let next = if more { tokens.last().map(|token| token.id) } else { None };
    let tokens = tokens.into_iter().filter_map(|token| owner(&token).map(|account| (token, account))).collect();
    Ok(TokenPage { tokens, next })
}

fn unknown(id: Uuid) -> ServiceError {
    ServiceError::NotFound(format!("token {id}"))
}

/// A token that the actor may replace or revoke; those of others are not there for who may not.
async fn theirs(app: &App, actor: &Actor, id: Uuid) -> Result<ApiToken, ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    let token = store::tokens::by_id(app.store.read(), id).await?.ok_or_else(|| unknown(id))?;
    authorise_for(actor, token.account_id).map_err(|_| unknown(id))?;
    Ok(token)
}

/// Revokes a token: from the next request on it opens nothing.
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    let token = theirs(app, actor, id).await?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, token) = (app.clone(), actor.clone(), token.clone());
        async move {
            let tx = app.store.begin().await?;
            match store::tokens::revoke(&tx, token.id, app.now_millis()).await {
                Err(StoreError::Stale) => return Err(unknown(token.id)),
                other => other?,
            }
            let subject = format!("account:{}", token.account_id);
            let now = app.now_millis();
            store::audit::insert(&tx, app.id(), now, &actor, "token.revoke", &subject, told(&token)).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

fn too_many() -> ServiceError {
    ServiceError::Conflict("the account has 200 tokens already; revoke one that is not used".to_owned())
}

/// Gives a token another secret: a new token of the same name, scopes and life takes its place, and the old one goes on
/// working for `overlap` hours, so that whoever uses it can change without a gap. The secret is returned once.
pub async fn rotate(
    app: &App,
    actor: &Actor,
    id: Uuid,
    overlap: Option<i64>,
) -> Result<(ApiToken, String), ServiceError> {
    let old = theirs(app, actor, id).await?;
    let overlap = overlap.unwrap_or(DEFAULT_OVERLAP);
    if !(0..=MOST_OVERLAP).contains(&overlap) {
        return Err(FieldError::shape("overlap_hours", "give 0 to 168 hours").into());
    }
    let now = app.now_millis();
    if old.expires_at.is_some_and(|end| end <= now) {
        return Err(ServiceError::Conflict("the token has ended; make a new one".to_owned()));
    }
    let life = old.expires_at.map_or(DEFAULT_DAYS * DAY, |end| end - old.created_at).clamp(DAY, MOST_DAYS * DAY);
    let (new, secret) = token(app, old.account_id, old.name.clone(), old.scopes, now + life);
    let ends = (now + overlap * 3_600_000).min(old.expires_at.unwrap_or(i64::MAX));
    let (app, actor) = (app.clone(), actor.clone());
    let made = new.clone();
    retried(move || {
        let (app, actor, old, new) = (app.clone(), actor.clone(), old.clone(), made.clone());
        async move {
            let tx = app.store.begin().await?;
            match store::tokens::replace(&tx, old.id, new.id, ends).await {
                Err(StoreError::Stale) => {
                    let words = "the token was replaced or revoked already";
                    return Err(ServiceError::Conflict(words.to_owned()));
                }
                other => other?,
            }
            if store::tokens::count(tx.conn(), new.account_id, now).await? > store::tokens::LIMIT {
                return Err(too_many());
            }
            store::tokens::insert(&tx, &new).await?;
            let subject = format!("account:{}", new.account_id);
            let mut change = told(&new);
            if let Some(change) = change.as_object_mut() {
                change.insert("replaces".to_owned(), json!(old.id));
                change.insert("old_ends_at".to_owned(), json!(ends));
            }
            store::audit::insert(&tx, app.id(), now, &actor, "token.rotate", &subject, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok((new, secret))
}

/// Where the life of a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It works.
    Works,
    /// It ends within [`SOON_DAYS`] days, or has no end at all: replace it.
    Soon,
    /// It has ended.
    Over,
}

/// Where the life of a token stands at `now` (milliseconds).
pub fn life(token: &ApiToken, now: i64) -> Life {
    match token.expires_at {
        Some(end) if end <= now => Life::Over,
        Some(end) if end - now > SOON_DAYS * DAY => Life::Works,
        _ => Life::Soon,
    }
}

/// The actor of a bearer token.
pub async fn actor(app: &App, secret: &str) -> Result<Actor, ServiceError> {
    if !secret.starts_with(PREFIX) {
        return Err(ServiceError::SignInNeeded);
    }
    let now = app.now_millis();
    let token =
        store::tokens::live(app.store.read(), &secrets::hash(secret), now).await?.ok_or(ServiceError::SignInNeeded)?;
    let account = store::accounts::by_id(app.store.read(), token.account_id)
        .await?
        .filter(|account| account.active)
        .ok_or(ServiceError::SignInNeeded)?;
    if second_factor::is_owed_by(app, &account) {
        return Err(ServiceError::SecondFactorNeeded);
    }
    if token.used_at.is_none_or(|used| now - used > USED_EVERY) {
        let (app, id) = (app.clone(), token.id);
        detached(async move {
            let tx = app.store.begin().await?;
            store::tokens::used(&tx, id, now).await?;
            tx.commit().await?;
            Ok(())
        })
        .await?;
    }
    Ok(Actor { scopes: Some(token.scopes), ..sessions::actor_of(&account) })
}
