//! Sessions: opened at a sign-in, found by the cookie, listed, ended.

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{authorise, detached},
    retry::retried,
    secrets,
};
use crate::{
    domain::actor::{Actor, Permission},
    store::{self, Tx, accounts::Account},
};

pub use crate::store::sessions::Session;

/// Uses are noted at most this often, in milliseconds: 5 minutes, or a tenth of the idle time.
const SEEN_EVERY: i64 = 5 * 60_000;

/// The most sessions of an account: of more, the one that was used the longest ago ends.
pub const MOST: u64 = 100;

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// A password, and a code where one is asked for.
    #[default]
    Password,
    /// A provider (OpenID Connect).
    Provider,
    /// A proxy in front.
    Proxy,
    /// The demo asks nobody.
    Demo,
}

impl Method {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Provider => "provider",
            Self::Proxy => "proxy",
            Self::Demo => "demo",
        }
    }
}

/// How and where somebody came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// How they proved it.
    pub method: Method,
    /// The browser in words (`domain::browser`).
    pub browser: String,
    /// The session at the provider.
    pub provider_sid: Option<String>,
    /// When they proved it, in milliseconds; none is now.
    pub proved_at: Option<i64>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The account.
    pub account: Account,
}

impl SignedIn {
    /// The person as an actor.
    pub fn actor(&self) -> Actor {
        actor_of(&self.account)
    }

    /// How they came in, for a session that takes the place of this one: it is proved as long as this one was, and no longer.
    pub fn entry(&self) -> Entry {
        let methods = [Method::Provider, Method::Proxy, Method::Demo];
        let method = methods.into_iter().find(|method| method.code() == self.session.method).unwrap_or_default();
        Entry {
            method,
            browser: self.session.browser.clone(),
            provider_sid: self.session.provider_sid.clone(),
            proved_at: Some(self.session.proved_at),
        }
    }
}

/// An account as an actor.
pub fn actor_of(account: &Account) -> Actor {
    account.actor()
}

/// Opens a session for an account that has proved itself; returns the cookie value.
pub async fn open(app: &App, account: Account, entry: Entry) -> Result<(String, SignedIn), ServiceError> {
    let app = app.clone();
    retried(move || {
        let (app, account, entry) = (app.clone(), account.clone(), entry.clone());
        async move {
            let tx = app.store.begin().await?;
            // What was proved has to hold still: a password or an authenticator that changed meanwhile ended all sessions.
            let proved = |now: &Account| {
                now.active
                    && now.password_hash == account.password_hash
                    && now.second_factor_at == account.second_factor_at
            };
            let now = store::accounts::by_id_locked(&tx, account.id).await?;
            if !now.is_some_and(|now| proved(&now)) {
                return Err(ServiceError::SignInNeeded);
            }
            let (token, session) = open_in(&app, &tx, &account, &entry).await?;
            tx.commit().await?;
            Ok((token, SignedIn { session, account }))
        }
    })
    .await
}

/// [`open`], inside a transaction.
pub(super) async fn open_in(
    app: &App,
    tx: &Tx,
    account: &Account,
    entry: &Entry,
) -> Result<(String, Session), ServiceError> {
    let (now, rules) = (app.now_millis(), &app.sign_in.rules);
    let token = secrets::new_token(app, "");
    let session = Session {
        id: app.id(),
        account_id: account.id,
        token_hash: secrets::hash(&token),
        csrf: secrets::new_token(app, ""),
        created_at: now,
        seen_at: now,
        expires_at: now.saturating_add(rules.life),
        browser: entry.browser.chars().take(80).collect(),
        method: entry.method.code().to_owned(),
        provider_sid: entry.provider_sid.clone(),
        proved_at: entry.proved_at.unwrap_or(now).min(now),
    };
    let others = store::sessions::of_account(tx.conn(), account.id, now, now - rules.idle, MOST + 1).await?;
    for old in others.iter().skip(usize::try_from(MOST - 1).unwrap_or(usize::MAX)) {
        store::sessions::delete(tx, account.id, old.id).await?;
    }
    store::sessions::insert(tx, &session).await?;
    let change = json!({"method": session.method, "browser": session.browser});
    audit(app, tx, &actor_of(account), "session.open", account.id, change).await?;
    Ok((token, session))
}

/// Who holds this cookie value, if the session is alive.
pub async fn find(app: &App, token: &str) -> Result<Option<SignedIn>, ServiceError> {
    let (now, idle) = (app.now_millis(), app.sign_in.rules.idle);
    let Some(session) = store::sessions::live(app.store.read(), &secrets::hash(token), now, now - idle).await? else {
        return Ok(None);
    };
    let account = store::accounts::by_id(app.store.read(), session.account_id).await?;
    let Some(account) = account.filter(|account| account.active) else { return Ok(None) };
    if now - session.seen_at > SEEN_EVERY.min(idle / 10) {
        let (app, id) = (app.clone(), session.id);
        let noted = detached(async move {
            let tx = app.store.begin().await?;
            store::sessions::seen(&tx, id, now).await?;
            tx.commit().await?;
            Ok(())
        });
        match noted.await {
            // It ended between the two looks.
            Err(ServiceError::Conflict(_)) => return Ok(None),
            other => other?,
        }
    }
    Ok(Some(SignedIn { session, account }))
}

/// Ends a session.
pub async fn sign_out(app: &App, signed_in: &SignedIn) -> Result<(), ServiceError> {
    let (app, signed_in) = (app.clone(), signed_in.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        store::sessions::delete(&tx, signed_in.account.id, signed_in.session.id).await?;
        let change = json!({"browser": signed_in.session.browser});
        audit(&app, &tx, &signed_in.actor(), "session.close", signed_in.account.id, change).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// One's own sessions need no right of an administrator; those of others do.
fn authorise_for(actor: &Actor, account: Uuid) -> Result<(), ServiceError> {
    let own = actor.account_id == Some(account);
    authorise(actor, if own { Permission::OwnProfile } else { Permission::ManageAccounts })
}

/// The sessions of an account that have not ended, the one that was used last first.
pub async fn list(app: &App, actor: &Actor, account: Uuid) -> Result<Vec<Session>, ServiceError> {
    authorise_for(actor, account)?;
    known(app, account).await?;
    let now = app.now_millis();
    Ok(store::sessions::of_account(app.store.read(), account, now, now - app.sign_in.rules.idle, MOST).await?)
}

async fn known(app: &App, account: Uuid) -> Result<Account, ServiceError> {
    store::accounts::by_id(app.store.read(), account)
        .await?
        .ok_or_else(|| ServiceError::NotFound("account of that id".to_owned()))
}

/// Ends one session of an account.
pub async fn revoke(app: &App, actor: &Actor, account: Uuid, id: Uuid) -> Result<(), ServiceError> {
    authorise_for(actor, account)?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        if !store::sessions::delete(&tx, account, id).await? {
            return Err(ServiceError::NotFound("session like this; it may have ended".to_owned()));
        }
        audit(&app, &tx, &actor, "session.revoke", account, json!({"session": id})).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Ends all sessions of an account except `keep`; how many.
pub async fn revoke_all(app: &App, actor: &Actor, account: Uuid, keep: Option<Uuid>) -> Result<u64, ServiceError> {
    authorise_for(actor, account)?;
    known(app, account).await?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let ended = store::sessions::delete_of_account(&tx, account, keep).await?;
        audit(&app, &tx, &actor, "session.revoke_all", account, json!({"sessions": ended})).await?;
        tx.commit().await?;
        Ok(ended)
    })
    .await
}

/// Writes what happened to the sign-ins of an account.
pub(super) async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    account: Uuid,
    change: serde_json::Value,
) -> Result<(), ServiceError> {
    let subject = format!("account:{account}");
    Ok(store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?)
}
