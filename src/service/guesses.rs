//! Wrong passwords and codes: who guesses has to wait, and the owner signs in meanwhile from a device that is known here.
//!
//! Counted in the database, so that replicas share the count; the keys are hashes, so that nobody reads who was tried from where.

use uuid::Uuid;

use super::{App, ServiceError, retry::retried, secrets};
use crate::store;

/// How long wrong ones are remembered, in milliseconds: 15 minutes from the first.
const WINDOW: i64 = 15 * 60_000;
/// The long window: a day from the first.
pub(super) const DAY: i64 = 24 * 3_600_000;

/// Wrong ones for one account from one address, and for one account from one known device.
const MOST_OF_PAIR: i32 = 10;
/// Wrong ones from one address for all accounts together.
const MOST_OF_ADDRESS: i32 = 100;
/// Wrong passwords for one account from all addresses and devices that are not known.
const MOST_OF_ACCOUNT: i32 = 100;
/// The same in a day.
const MOST_OF_ACCOUNT_A_DAY: i32 = 300;
/// Wrong codes of one account from everywhere but known devices: there are a million, and three of them are right.
const MOST_CODES: i32 = 20;
/// The same in a day: whoever knows the password and goes on for a year finds one in one case of thirty.
const MOST_CODES_A_DAY: i32 = 30;
/// Wrong ones of one known device in a day, and of one session.
const MOST_OF_DEVICE_A_DAY: i32 = 40;

/// A guess that was counted before anybody looked whether it is right: many that come at the same time are no more guesses than
/// one after the other.
#[derive(Debug, Clone)]
pub struct Guess {
    /// Hashes, in order, so that two who count the same ones wait for each other; how many there may be, and in which time.
    keys: Vec<(String, i32, i64)>,
    /// Of the keys, the one that a right answer clears.
    own: String,
}

/// What is guessed: a password or a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// At the sign-in.
    Password,
    /// The second step: a code of the authenticator.
    Code,
    /// The second step: one for when the authenticator is lost. Nobody finds one by guessing; whoever is kept out by the guesses
    /// of others has this way in.
    RecoveryCode,
}

impl Of {
    const fn code(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Code => "code",
            Self::RecoveryCode => "recovery",
        }
    }
}

/// A guess at the sign-in for `who` (a folded e-mail, or an account) from an address; `device` where the account knows it.
pub(super) async fn at_sign_in(
    app: &App,
    of: Of,
    who: &str,
    source: &str,
    device: Option<&str>,
) -> Result<Guess, ServiceError> {
    let most = if of == Of::Password { MOST_OF_ACCOUNT } else { MOST_CODES };
    let a_day = match of {
        Of::Password => Some(MOST_OF_ACCOUNT_A_DAY),
        Of::Code => Some(MOST_CODES_A_DAY),
        Of::RecoveryCode => None,
    };
    let of = of.code();
    if let Some(device) = device {
        // What strangers guess elsewhere is not asked here: a device on which the owner signed in lets them in.
        let keys = vec![
            (format!("{of} device {device}\n{who}"), MOST_OF_PAIR, WINDOW),
            (format!("{of} device a day {device}\n{who}"), MOST_OF_DEVICE_A_DAY, DAY),
        ];
        return take(app, keys).await;
    }
    let mut keys = vec![
        (format!("{of} pair {source}\n{who}"), MOST_OF_PAIR, WINDOW),
        (format!("address {source}"), MOST_OF_ADDRESS, WINDOW),
        (format!("{of} account {who}"), most, WINDOW),
    ];
    keys.extend(a_day.map(|most| (format!("{of} account a day {who}"), most, DAY)));
    take(app, keys).await
}

/// A guess of somebody who is signed in: the old password, a code. It makes nobody else wait, nor, where the session is named, the
/// other sessions of the account: whoever took one does not keep the owner from changing the password.
pub(super) async fn inside(app: &App, of: Of, account: Uuid, session: Option<Uuid>) -> Result<Guess, ServiceError> {
    let of = of.code();
    let of_session = session.map(|session| format!(" {session}")).unwrap_or_default();
    let keys = vec![
        (format!("{of} inside {account}{of_session}"), MOST_OF_PAIR, WINDOW),
        (format!("{of} inside a day {account}{of_session}"), MOST_OF_DEVICE_A_DAY, DAY),
    ];
    take(app, keys).await
}

/// Counts under all keys, or, where one of them is full, under none: who waits makes nobody else wait longer.
async fn take(app: &App, keys: Vec<(String, i32, i64)>) -> Result<Guess, ServiceError> {
    let own = keys.first().map(|(key, ..)| secrets::hash(key)).unwrap_or_default();
    let mut keys: Vec<_> = keys.into_iter().map(|(key, most, window)| (secrets::hash(&key), most, window)).collect();
    keys.sort();
    let guess = Guess { keys, own };
    let (app, counted) = (app.clone(), guess.clone());
    retried(move || {
        let (app, guess) = (app.clone(), counted.clone());
        async move {
            let now = app.now_millis();
            let tx = app.store.begin().await?;
            let mut wait = 0;
            for (key, most, window) in &guess.keys {
                let (count, since) = store::guesses::count(&tx, key, now, now - window).await?;
                if count > *most {
                    wait = wait.max(since + window - now);
                }
            }
            if wait > 0 {
                tx.rollback().await?;
                return Err(ServiceError::TooMany { seconds: (wait + 999) / 1_000 });
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    Ok(guess)
}

impl Guess {
    /// It was right: what is counted for it alone is forgotten, and it does not count with the others.
    pub(super) async fn right(self, app: &App) -> Result<(), ServiceError> {
        self.not_counted(app, true).await
    }

    /// It was never looked at.
    pub(super) async fn untried(self, app: &App) {
        if let Err(error) = self.not_counted(app, false).await {
            tracing::warn!(%error, "a guess that nobody looked at stays counted");
        }
    }

    async fn not_counted(self, app: &App, right: bool) -> Result<(), ServiceError> {
        let app = app.clone();
        retried(move || {
            let (app, guess) = (app.clone(), self.clone());
            async move {
                let tx = app.store.begin().await?;
                for (key, ..) in &guess.keys {
                    if right && *key == guess.own {
                        store::guesses::forget(&tx, key).await?;
                    } else {
                        store::guesses::take_back(&tx, key).await?;
                    }
                }
                tx.commit().await?;
                Ok(())
            }
        })
        .await
    }
}
