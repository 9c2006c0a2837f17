//! Signing in and out.

use super::{App, ServiceError, app::detached, secrets};
use crate::{
    domain::{actor::Actor, checked},
    store::{self, accounts::Account, sessions::Session},
};

/// Absolute life of a session, in milliseconds: 30 days.
pub const LIFE: i64 = 30 * 24 * 3_600_000;
/// A session that is unused this long ends, in milliseconds: 7 days.
const IDLE: i64 = 7 * 24 * 3_600_000;
/// Uses are noted at most this often, in milliseconds: 5 minutes.
const SEEN_EVERY: i64 = 5 * 60_000;

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
}

/// An account as an actor.
pub fn actor_of(account: &Account) -> Actor {
    Actor { account_id: Some(account.id), name: account.name.clone(), role: account.role, scopes: None }
}

/// Signs in with e-mail and password; returns the cookie value. One answer for every failure.
pub async fn sign_in(app: &App, email: &str, password: String) -> Result<(String, SignedIn), ServiceError> {
    // As a hash, so that a long text in the place of an e-mail takes no more memory than a short one.
    let key = secrets::hash(&checked::fold(email));
    if let Some(seconds) = app.attempts.wait(&key, app.now_millis()) {
        return Err(ServiceError::TooMany { seconds });
    }
    // Counted before it is looked at: many that come at the same time are no more guesses than one after the other.
    app.attempts.wrong(&key, app.now_millis());
    let account = store::accounts::by_email(app.store.read(), email).await?.filter(|account| account.active);
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    // Nothing was guessed where it was not looked at.
    let good = secrets::verify_password(password, hash).await.inspect_err(|_| app.attempts.untried(&key))?;
    match account {
        Some(account) if good => {
            app.attempts.right(&key);
            open(app, account).await
        }
        _ => {
            tracing::warn!("a sign-in with a wrong e-mail or password");
            Err(ServiceError::SignInNeeded)
        }
    }
}

/// Opens a session for an account that has proved itself; returns the cookie value.
pub async fn open(app: &App, account: Account) -> Result<(String, SignedIn), ServiceError> {
    let token = secrets::new_token(app, "");
    let now = app.now_millis();
    let session = Session {
        id: app.id(),
        account_id: account.id,
        token_hash: secrets::hash(&token),
        csrf: secrets::new_token(app, ""),
        created_at: now,
        seen_at: now,
        expires_at: now + LIFE,
    };
    let app = app.clone();
    detached(async move {
        let tx = app.store.begin().await?;
        store::sessions::insert(&tx, &session).await?;
        tx.commit().await?;
        Ok((token, SignedIn { session, account }))
    })
    .await
}

/// Who holds this cookie value, if the session is alive.
pub async fn find(app: &App, token: &str) -> Result<Option<SignedIn>, ServiceError> {
    let now = app.now_millis();
    let Some(session) = store::sessions::live(app.store.read(), &secrets::hash(token), now, now - IDLE).await? else {
        return Ok(None);
    };
    let account = store::accounts::by_id(app.store.read(), session.account_id).await?;
    let Some(account) = account.filter(|account| account.active) else { return Ok(None) };
    if now - session.seen_at > SEEN_EVERY {
        let (app, id) = (app.clone(), session.id);
        detached(async move {
            let tx = app.store.begin().await?;
            store::sessions::seen(&tx, id, now).await?;
            tx.commit().await?;
            Ok(())
        })
        .await?;
    }
    Ok(Some(SignedIn { session, account }))
}

/// Ends a session.
pub async fn sign_out(app: &App, signed_in: &SignedIn) -> Result<(), ServiceError> {
    let (app, id) = (app.clone(), signed_in.session.id);
    detached(async move {
        let tx = app.store.begin().await?;
        store::sessions::delete(&tx, id).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
