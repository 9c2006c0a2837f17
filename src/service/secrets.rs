//! Passwords (argon2id), and tokens of which only the hash is kept.

use std::time::Duration;

use argon2::{Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{App, ServiceError};

/// Passwords that are hashed at the same time: each takes 19 MiB, and a flood of sign-ins takes no more than these.
static HASHING: Semaphore = Semaphore::const_new(4);

/// The longest that a password waits for its turn: a flood makes people wait no longer before they are told so.
const PATIENCE: Duration = Duration::from_secs(10);

async fn turn() -> Result<SemaphorePermit<'static>, ServiceError> {
    turn_of(&HASHING, PATIENCE).await
}

async fn turn_of(hashing: &Semaphore, patience: Duration) -> Result<SemaphorePermit<'_>, ServiceError> {
    match tokio::time::timeout(patience, hashing.acquire()).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(ServiceError::Busy { seconds: 10 }),
    }
}

/// A new random token: `prefix` and 43 characters.
pub fn new_token(app: &App, prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(app.ids.secret()))
}

/// SHA-256 of a text, hex.
pub fn hash(text: &str) -> String {
    hash_bytes(text.as_bytes())
}

/// SHA-256 of bytes, hex.
pub fn hash_bytes(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether a PHC string was made with less work than today's: it is made anew when its password is at hand.
pub fn is_outdated(hash: &str) -> bool {
    let today = Params::DEFAULT;
    let Ok(parsed) = PasswordHash::new(hash) else { return false };
    let Ok(params) = Params::try_from(&parsed) else { return false };
    parsed.algorithm.as_str() != "argon2id"
        || params.m_cost() < today.m_cost()
        || params.t_cost() < today.t_cost()
        || params.p_cost() < today.p_cost()
}

/// The PHC string of a password. Runs on the blocking pool: it takes some 25 ms.
pub async fn hash_password(app: &App, password: String) -> Result<String, ServiceError> {
    let salt = app.ids.secret();
    let turn = turn().await?;
    let hashed = tokio::task::spawn_blocking(move || {
        // Held until the work is over, also where nobody waits for it any more.
        let _turn = turn;
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt[..16]).map(|hash| hash.to_string())
    })
    .await;
    match hashed {
        Ok(Ok(hash)) => Ok(hash),
        Ok(Err(error)) => Err(ServiceError::Interrupted(error.to_string())),
        Err(error) => Err(ServiceError::Interrupted(error.to_string())),
    }
}

/// Whether a password fits a PHC string. Without one the same work is done, so that the time tells nothing.
pub async fn verify_password(password: String, hash: Option<String>) -> Result<bool, ServiceError> {
    /// The hash of no password that anyone can type: the salt and output are constant.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ib2Q$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let turn = turn().await?;
    let work = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok() && known
    });
    work.await.map_err(|error| ServiceError::Interrupted(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn four_passwords_are_hashed_at_once_and_the_fifth_waits_and_is_told_to_come_back() {
        assert_eq!(HASHING.available_permits(), 4);
        let hashing = Semaphore::new(HASHING.available_permits());
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(turn_of(&hashing, Duration::from_millis(1)).await.unwrap());
        }
        let refused = turn_of(&hashing, Duration::from_millis(1)).await;
        assert!(matches!(refused, Err(ServiceError::Busy { seconds: 10 })));
        // Whoever waits gets the turn that becomes free.
        let (waiting, ()) = tokio::join!(turn_of(&hashing, Duration::from_secs(60)), async { drop(held.pop()) });
        assert!(waiting.is_ok());
    }
}
