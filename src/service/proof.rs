//! Proving once more who one is, before what decides who gets in is changed: a session that was left open, or taken, is not enough.
//!
//! The proof is that of a sign-in: the password, and a code where the account has an authenticator. It makes another session of
//! this one, so that a copy of the old cookie is proved of nothing.

use serde_json::json;

use super::{
    App, ServiceError,
    app::detached,
    guesses::{self, Of},
    oidc, second_factor, secrets,
    sessions::{self, Entry, Method, SignedIn},
};
use crate::{
    domain::checked::FieldError,
    store::{self, accounts::Account},
};

/// How long a proof holds, in milliseconds: 15 minutes.
pub const LIFE: i64 = 15 * 60_000;

/// Whether a session has to be proved before it changes who gets in. A proxy vouches with every request, and the demo knows
/// nobody: there is nothing to prove.
pub fn is_owed(app: &App, signed_in: &SignedIn) -> bool {
    let session = &signed_in.session;
    let asked = session.method != Method::Proxy.code() && session.method != Method::Demo.code();
    // A time to come is one of a clock that was wrong.
    asked && (app.now_millis() - session.proved_at).abs() >= LIFE
}

/// How somebody can prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ways {
    /// By the password.
    pub password: bool,
    /// A code is asked for besides.
    pub code: bool,
    /// By another sign-in at the provider.
    pub provider: bool,
}

/// The ways of whom a session is.
pub async fn ways(app: &App, signed_in: &SignedIn) -> Result<Ways, ServiceError> {
    let account = &signed_in.account;
    let password = account.password_hash.is_some();
    let linked = store::identities::of_account(app.store.read(), account.id).await?;
    Ok(Ways { password, code: password && account.second_factor_at.is_some(), provider: oidc::is_linked(app, &linked) })
}

/// Whether what was proved still stands: nobody changed password, authenticator or access meanwhile.
fn unchanged(now: &Account, then: &Account) -> bool {
    now.active && now.password_hash == then.password_hash && now.second_factor_at == then.second_factor_at
}

/// Takes password and code. Answers the cookie value of the session that takes the place of this one.
pub async fn give(app: &App, signed_in: &SignedIn, password: String, code: &str) -> Result<String, ServiceError> {
    let account = &signed_in.account;
    if account.password_hash.is_none() {
        let words = "this account has no password; sign in at the provider once more";
        return Err(ServiceError::Conflict(words.to_owned()));
    }
    let session = Some(signed_in.session.id);
    let guess = guesses::inside(app, Of::Password, account.id, session).await?;
    let good = match secrets::verify_password(password, account.password_hash.clone()).await {
        Ok(good) => good,
        Err(error) => {
            guess.untried(app).await;
            return Err(error);
        }
    };
    if !good {
        refused(app, signed_in, "password").await?;
        return Err(FieldError::shape("password", "it is not your current password").into());
    }
    let code = match account.second_factor_at {
        None => None,
        // Counted before anybody looks at it, and only where the password is right.
        Some(_) => {
            Some((guesses::inside(app, second_factor::guess_of(code), account.id, session).await?, code.to_owned()))
        }
    };
    guess.right(app).await?;
    let (task_app, task_in, code_text) = (app.clone(), signed_in.clone(), code.as_ref().map(|(_, text)| text.clone()));
    let proved = detached(async move {
        let (app, signed_in) = (task_app, task_in);
        let tx = app.store.begin().await?;
        let now = store::accounts::by_id_locked(&tx, signed_in.account.id).await?;
        let Some(now) = now.filter(|now| unchanged(now, &signed_in.account)) else {
            return Err(ServiceError::SignInNeeded);
        };
        if let Some(code) = code_text
            && !second_factor::take(&app, &tx, now.id, &code).await?
        {
            return Ok(None);
        }
        // Of two at the same time one has the session; one that was ended meanwhile does not come back.
        if !store::sessions::delete(&tx, now.id, signed_in.session.id).await? {
            return Err(ServiceError::SignInNeeded);
        }
        let entry = Entry { proved_at: None, ..signed_in.entry() };
        let (token, _) = sessions::open_in(&app, &tx, &now, &entry).await?;
        sessions::audit(&app, &tx, &signed_in.actor(), "session.proved", now.id, json!({})).await?;
        tx.commit().await?;
        Ok(Some(token))
    })
    .await?;
    let Some(token) = proved else {
        refused(app, signed_in, "code").await?;
        return Err(second_factor::wrong_code());
    };
    if let Some((guess, _)) = code {
        guess.right(app).await?;
    }
    Ok(token)
}

/// Writes that a proof failed; what was typed is not kept.
async fn refused(app: &App, signed_in: &SignedIn, what: &'static str) -> Result<(), ServiceError> {
    tracing::warn!("a wrong {what} where somebody was to prove who they are");
    let (app, signed_in) = (app.clone(), signed_in.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let change = json!({"what": what, "browser": signed_in.session.browser});
        let account = signed_in.account.id;
        sessions::audit(&app, &tx, &signed_in.actor(), "session.proof_refused", account, change).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
