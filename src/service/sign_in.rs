//! Signing in: a password, and a code where the account has an authenticator.

use serde_json::json;

use super::{
    App, ServiceError,
    app::detached,
    guesses::{self, Of},
    known_devices, second_factor, secrets,
    sessions::{self, Entry, SignedIn},
};
use crate::{
    domain::{actor::Actor, checked},
    store::{self, accounts::Account},
};

/// How long a code may take after the password, in milliseconds: 10 minutes.
const STEP_LIFE: i64 = 10 * 60_000;

/// Codes that may be tried after one password.
const STEP_TRIES: i32 = 5;

/// From where somebody signs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// The address, as it is counted; never kept or logged.
    pub source: String,
    /// The browser in words.
    pub browser: String,
    /// The cookie of a known device.
    pub device: Option<String>,
}

impl Visit {
    /// The entry that it becomes with a password.
    fn entry(&self) -> Entry {
        Entry { browser: self.browser.clone(), ..Entry::default() }
    }
}

/// What came of a password.
#[derive(Debug)]
pub enum Entered {
    /// They are in.
    In(Box<SignIn>),
    /// A code is asked for; the token of the step goes with it.
    Code(String),
}

/// A session that was just opened.
#[derive(Debug)]
pub struct SignIn {
    /// The value of the session cookie.
    pub token: String,
    /// Who it is.
    pub signed_in: SignedIn,
    /// The value of the cookie by which the device is known.
    pub device: String,
}

/// Signs in with e-mail and password. One answer for every failure, after the same work.
pub async fn with_password(app: &App, email: &str, password: String, visit: &Visit) -> Result<Entered, ServiceError> {
    // No e-mail is longer (RFC 5321); what is longer is nobody's, and is counted as what it begins with.
    let email: String = email.chars().take(254).collect();
    let account = store::accounts::by_email(app.store.read(), &email).await?.filter(|account| account.active);
    let device = match &account {
        Some(account) => known_devices::known(app, account.id, visit.device.as_deref()).await?,
        None => None,
    };
    let who = checked::fold(&email);
    let guess = guesses::at_sign_in(app, Of::Password, &who, &visit.source, device.as_deref()).await?;
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let good = match secrets::verify_password(password.clone(), hash).await {
        Ok(good) => good,
        Err(error) => {
            // Nothing was guessed where it was not looked at.
            guess.untried(app).await;
            return Err(error);
        }
    };
    let Some(account) = account.filter(|_| good) else {
        refused(app, &email, visit).await?;
        return Err(ServiceError::SignInNeeded);
    };
    guess.right(app).await?;
    let account = renewed(app, account, password).await?;
    enter(app, account, visit).await
}

/// Writes that a sign-in failed, with the account where there is one; what was typed is not kept.
async fn refused(app: &App, email: &str, visit: &Visit) -> Result<(), ServiceError> {
    tracing::warn!("a sign-in with a wrong e-mail or password");
    let (app, email, browser) = (app.clone(), email.to_owned(), visit.browser.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let account = store::accounts::by_email(tx.conn(), &email).await?;
        let subject = account.map_or_else(|| "account:unknown".to_owned(), |account| format!("account:{}", account.id));
        let change = json!({"browser": browser});
        let (id, now) = (app.id(), app.now_millis());
        store::audit::insert(&tx, id, now, &Actor::outsider(), "session.refused", &subject, change).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// The account with its password hashed as one hashes today. Where somebody else changed the account meanwhile, the old hash stays.
async fn renewed(app: &App, account: Account, password: String) -> Result<Account, ServiceError> {
    if !account.password_hash.as_deref().is_some_and(secrets::is_outdated) {
        return Ok(account);
    }
    let hash = secrets::hash_password(app, password).await?;
    let (task_app, new) = (app.clone(), Account { password_hash: Some(hash), ..account.clone() });
    let stored = detached(async move {
        let tx = task_app.store.begin().await?;
        store::accounts::update(&tx, &new, new.version).await?;
        tx.commit().await?;
        Ok(Account { version: new.version + 1, ..new })
    });
    match stored.await {
        Err(ServiceError::Conflict(_)) => Ok(account),
        other => other,
    }
}

/// Lets somebody in who has given the password or used the link of a mail; an authenticator is asked for besides.
pub async fn enter(app: &App, account: Account, visit: &Visit) -> Result<Entered, ServiceError> {
    if account.second_factor_at.is_none() {
        return let_in(app, account, visit.entry()).await.map(|sign_in| Entered::In(Box::new(sign_in)));
    }
    let token = secrets::new_token(app, "");
    let (task_app, hash) = (app.clone(), secrets::hash(&token));
    detached(async move {
        let tx = task_app.store.begin().await?;
        store::guesses::insert_step(&tx, &hash, account.id, task_app.now_millis() + STEP_LIFE).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    Ok(Entered::Code(token))
}

async fn let_in(app: &App, account: Account, entry: Entry) -> Result<SignIn, ServiceError> {
    let device = known_devices::made(app, account.id).await?;
    let (token, signed_in) = sessions::open(app, account, entry).await?;
    Ok(SignIn { token, signed_in, device })
}

/// A sign-in that somebody else answers for: a provider, or a proxy in front.
pub(super) async fn vouched(app: &App, account: Account, entry: Entry) -> Result<SignIn, ServiceError> {
    let_in(app, account, entry).await
}

/// The second step: the code of the authenticator, or one for when it is lost.
pub async fn with_code(app: &App, step: &str, code: &str, visit: &Visit) -> Result<SignIn, ServiceError> {
    let hash = secrets::hash(step);
    let over = || ServiceError::NotFound("open sign-in like this; begin again".to_owned());
    let id = store::guesses::step(app.store.read(), &hash, app.now_millis()).await?.ok_or_else(over)?;
    let account = store::accounts::by_id(app.store.read(), id).await?.filter(|account| account.active);
    let account = account.ok_or_else(over)?;
    let device = known_devices::known(app, id, visit.device.as_deref()).await?;
    let of = second_factor::guess_of(code);
    let guess = guesses::at_sign_in(app, of, &id.to_string(), &visit.source, device.as_deref()).await?;
    let (task_app, code, browser) = (app.clone(), code.to_owned(), visit.browser.clone());
    let passed = detached(async move {
        let app = task_app;
        let tx = app.store.begin().await?;
        if !store::guesses::try_step(&tx, &hash, STEP_TRIES, app.now_millis()).await? {
            return Err(over());
        }
        let passed = second_factor::take(&app, &tx, id, &code).await?;
        if passed {
            // Of two at the same time one gets in.
            if !store::guesses::end_step(&tx, &hash).await? {
                return Err(over());
            }
        } else {
            let change = json!({"browser": browser});
            sessions::audit(&app, &tx, &Actor::outsider(), "session.code_refused", id, change).await?;
        }
        tx.commit().await?;
        Ok(passed)
    })
    .await?;
    if !passed {
        return Err(ServiceError::SignInNeeded);
    }
    guess.right(app).await?;
    let_in(app, account, visit.entry()).await
}
