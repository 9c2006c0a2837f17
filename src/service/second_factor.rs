//! Authenticators: codes of time (RFC 6238), and codes for when the authenticator is lost.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha1::Sha1;
use uuid::Uuid;

use super::{
    App, ServiceError, accounts,
    app::{authorise, detached},
    guesses::{self, Of},
    secrets, sessions, vault,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
    },
    store::{self, Tx, accounts::Account},
};

/// Seconds that a code is shown for (RFC 6238, section 4.1).
const STEP: i64 = 30;

/// Codes for when the authenticator is lost.
const CODES: usize = 10;

/// The alphabet of Base32 (RFC 4648).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// How one's authenticator stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Since when a code is asked for, in milliseconds.
    pub since: Option<i64>,
    /// What an authenticator takes in, while it is not confirmed.
    pub offer: Option<Offer>,
    /// Codes that are left for when it is lost.
    pub codes_left: u64,
    /// Whether the settings ask the role for one.
    pub required: bool,
}

/// What an authenticator takes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Base32, for typing.
    pub secret: String,
    /// The address in the QR code.
    pub uri: String,
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let at = (buffer >> bits & 31) as usize;
            text.push(BASE32.get(at).copied().map_or('A', char::from));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        let at = (buffer << (5 - bits) & 31) as usize;
        text.push(BASE32.get(at).copied().map_or('A', char::from));
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0_u32);
    for byte in text.bytes() {
        let value = BASE32.iter().position(|known| *known == byte)?;
        buffer = buffer << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(buffer >> bits & 255).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// The code of a step: six digits (RFC 4226, section 5.3).
fn code_of(secret: &[u8], step: i64) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest.last()? & 15);
    let four: [u8; 4] = digest.get(at..at + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

/// The step of a code that is right now, or was or will be one step away: clocks of telephones differ.
fn step_of(secret: &str, code: &str, now: i64) -> Option<i64> {
    let secret = from_base32(secret)?;
    let at = now.div_euclid(1_000 * STEP);
    // All three are computed whichever fits.
    let fits = [at - 1, at, at + 1].map(|step| {
        let right = code_of(&secret, step).is_some_and(|right| secrets::hash(&right) == secrets::hash(code));
        right.then_some(step)
    });
    fits.into_iter().flatten().max()
}

/// A code as it was meant: without the spaces and dashes that people put in.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect::<String>().to_ascii_uppercase()
}

/// Letters and digits of a code for when the authenticator is lost.
const RECOVERY: usize = 24;

/// What somebody guesses who writes this code: six digits can be found, 120 bits cannot.
pub(super) fn guess_of(code: &str) -> Of {
    if plain(code).len() == RECOVERY { Of::RecoveryCode } else { Of::Code }
}

/// The key of an authenticator, out of its seal.
fn opened(app: &App, account: Uuid, factor: &store::second_factors::SecondFactor) -> Result<String, ServiceError> {
    Ok(app.vault.open(&vault::factor_of(account), &factor.secret)?)
}

/// Takes a code of an account, once: that of the authenticator, or one for when it is lost.
pub(super) async fn take(app: &App, tx: &Tx, account: Uuid, code: &str) -> Result<bool, ServiceError> {
    let (code, now) = (plain(code), app.now_millis());
    let Some(factor) = store::second_factors::of_account(tx.conn(), account).await? else { return Ok(false) };
    if factor.confirmed_at.is_none() {
        return Ok(false);
    }
    if code.len() != RECOVERY {
        return match step_of(&opened(app, account, &factor)?, &code, now) {
            Some(step) => Ok(store::second_factors::take_step(tx, account, step).await?),
            None => Ok(false),
        };
    }
    // These work also where the key of the seals is lost.
    if !store::second_factors::use_code(tx, account, &secrets::hash(&code), now).await? {
        return Ok(false);
    }
    let left = store::second_factors::codes_left(tx.conn(), account).await?;
    sessions::audit(app, tx, &Actor::outsider(), "second_factor.code_used", account, json!({"left": left})).await?;
    Ok(true)
}

/// Whether somebody has to set up an authenticator before anything else: the settings ask their role for one, and they came with a
/// password alone.
pub fn is_owed(app: &App, signed_in: &sessions::SignedIn) -> bool {
    app.sign_in.rules.second_factor.contains(&signed_in.account.role)
        && signed_in.account.second_factor_at.is_none()
        && signed_in.session.method == sessions::Method::Password.code()
}

/// Whether the tokens of an account open nothing until it has an authenticator: the settings ask its role for one, and it has a
/// password to sign in with. Without one nobody signs in with a password, and there is nothing to ask besides.
pub(super) fn is_owed_by(app: &App, account: &Account) -> bool {
    app.sign_in.rules.second_factor.contains(&account.role)
        && account.second_factor_at.is_none()
        && account.password_hash.is_some()
}

async fn own(app: &App, actor: &Actor) -> Result<Account, ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    let id = actor.account_id.ok_or(ServiceError::SignInNeeded)?;
    store::accounts::by_id(app.store.read(), id).await?.ok_or(ServiceError::SignInNeeded)
}

fn uri(email: &str, secret: &str) -> String {
    let mut label = String::new();
    for byte in email.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            label.push(char::from(byte));
        } else {
            label.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("otpauth://totp/Fupan:{label}?secret={secret}&issuer=Fupan&algorithm=SHA1&digits=6&period={STEP}")
}

/// How one's own authenticator stands.
pub async fn standing(app: &App, actor: &Actor) -> Result<Standing, ServiceError> {
    let account = own(app, actor).await?;
    let factor = store::second_factors::of_account(app.store.read(), account.id).await?;
    let offered = factor.filter(|factor| factor.confirmed_at.is_none());
    // One that cannot be opened is none: another one takes its place.
    let secret = offered.and_then(|factor| opened(app, account.id, &factor).ok());
    let offer = secret.map(|secret| Offer { uri: uri(&account.email, &secret), secret });
    Ok(Standing {
        since: account.second_factor_at,
        offer,
        codes_left: store::second_factors::codes_left(app.store.read(), account.id).await?,
        required: app.sign_in.rules.second_factor.contains(&account.role),
    })
}

/// Offers an authenticator to oneself; an earlier offer is void.
pub async fn offer(app: &App, actor: &Actor) -> Result<(), ServiceError> {
    let account = own(app, actor).await?;
    if account.second_factor_at.is_some() {
        return Err(ServiceError::Conflict("there is an authenticator; remove it first".to_owned()));
    }
    let secret = base32(app.ids.secret().get(..20).unwrap_or_default());
    let secret = vault::seal(app, &vault::factor_of(account.id), &secret).await?;
    let app = app.clone();
    detached(async move {
        let tx = app.store.begin().await?;
        let standing = store::second_factors::of_account(tx.conn(), account.id).await?;
        if standing.is_some_and(|factor| factor.confirmed_at.is_some()) {
            return Err(ServiceError::Conflict("there is an authenticator; remove it first".to_owned()));
        }
        store::second_factors::remove(&tx, account.id).await?;
        store::second_factors::insert(&tx, account.id, &secret, app.now_millis()).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

pub(super) fn wrong_code() -> ServiceError {
    FieldError::shape("code", "it is not the code that the authenticator shows now").into()
}

/// New codes for when the authenticator is lost: their ids and hashes, and themselves.
fn codes(app: &App) -> (Vec<(Uuid, String)>, Vec<String>) {
    (0..CODES)
        .map(|_| {
            let code = base32(app.ids.secret().get(..15).unwrap_or_default());
            let shown: Vec<&str> = [0, 6, 12, 18].iter().filter_map(|at| code.get(*at..at + 6)).collect();
            ((app.id(), secrets::hash(&code)), shown.join("-"))
        })
        .unzip()
}

/// The offered authenticator showed this code: from now on one is asked for. Returns the codes for when it is lost, this once;
/// other sessions than `keep` end.
pub async fn confirm(app: &App, actor: &Actor, code: &str, keep: Option<Uuid>) -> Result<Vec<String>, ServiceError> {
    let account = own(app, actor).await?;
    let guess = guesses::inside(app, Of::Code, account.id, keep).await?;
    let (app, actor, code) = (app.clone(), actor.clone(), plain(code));
    let (hashes, shown) = codes(&app);
    let task_app = app.clone();
    detached(async move {
        let app = task_app;
        let (tx, now) = (app.store.begin().await?, app.now_millis());
        let factor = store::second_factors::of_account(tx.conn(), account.id).await?;
        let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_none()) else {
            return Err(ServiceError::Conflict("no authenticator is being set up; begin again".to_owned()));
        };
        let step = step_of(&opened(&app, account.id, &factor)?, &code, now).ok_or_else(wrong_code)?;
        if !store::second_factors::take_step(&tx, account.id, step).await? {
            return Err(wrong_code());
        }
        store::second_factors::confirm(&tx, account.id, now).await?;
        store::second_factors::replace_codes(&tx, account.id, hashes).await?;
        let with = Account { second_factor_at: Some(now), ..account.clone() };
        store::accounts::update(&tx, &with, account.version).await?;
        store::sessions::delete_of_account(&tx, account.id, keep).await?;
        store::guesses::end_steps_of(&tx, account.id).await?;
        sessions::audit(&app, &tx, &actor, "second_factor.on", account.id, json!({})).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    guess.right(&app).await?;
    Ok(shown)
}

/// New codes for when the authenticator is lost, this once; the old ones are void. Asks for a code.
pub async fn new_codes(app: &App, actor: &Actor, code: &str) -> Result<Vec<String>, ServiceError> {
    let account = own(app, actor).await?;
    let guess = guesses::inside(app, guess_of(code), account.id, None).await?;
    let (hashes, shown) = codes(app);
    let (task_app, actor, code) = (app.clone(), actor.clone(), code.to_owned());
    detached(async move {
        let app = task_app;
        let tx = app.store.begin().await?;
        if !take(&app, &tx, account.id, &code).await? {
            return Err(wrong_code());
        }
        store::second_factors::replace_codes(&tx, account.id, hashes).await?;
        sessions::audit(&app, &tx, &actor, "second_factor.codes", account.id, json!({})).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    guess.right(app).await?;
    Ok(shown)
}

/// Takes one's own authenticator away. Asks for a code; refused where the role needs one.
pub async fn remove(app: &App, actor: &Actor, code: &str) -> Result<(), ServiceError> {
    let account = own(app, actor).await?;
    if app.sign_in.rules.second_factor.contains(&account.role) {
        return Err(ServiceError::Conflict(
            "your role needs an authenticator; an administrator can reset it".to_owned(),
        ));
    }
    let guess = guesses::inside(app, guess_of(code), account.id, None).await?;
    let (task_app, actor, code) = (app.clone(), actor.clone(), code.to_owned());
    detached(async move {
        let app = task_app;
        let tx = app.store.begin().await?;
        if !take(&app, &tx, account.id, &code).await? {
            return Err(wrong_code());
        }
        taken_away(&app, &tx, &actor, account, "second_factor.off").await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    guess.right(app).await
}

async fn taken_away(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    account: Account,
    action: &'static str,
) -> Result<(), ServiceError> {
    store::second_factors::remove(tx, account.id).await?;
    let without = Account { second_factor_at: None, ..account.clone() };
    store::accounts::update(tx, &without, account.version).await?;
    store::guesses::end_steps_of(tx, account.id).await?;
    sessions::audit(app, tx, actor, action, account.id, json!({})).await
}

/// Takes somebody's authenticator away, who lost it and the codes; their sessions end.
pub async fn reset(app: &App, actor: &Actor, id: Uuid) -> Result<Account, ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    accounts::of_another(actor, id)?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let account = store::accounts::by_id(tx.conn(), id).await?;
        let account = account.ok_or_else(|| ServiceError::NotFound("account of that id".to_owned()))?;
        if account.second_factor_at.is_none() {
            return Err(ServiceError::Conflict("this account has no authenticator".to_owned()));
        }
        taken_away(&app, &tx, &actor, account.clone(), "second_factor.reset").await?;
        store::sessions::delete_of_account(&tx, id, None).await?;
        tx.commit().await?;
        Ok(Account { second_factor_at: None, version: account.version + 1, ..account })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B (SHA-1), the last six of its eight digits.
        let secret = b"12345678901234567890";
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_of(secret, seconds / STEP).as_deref(), Some(code), "{seconds}");
            assert_eq!(step_of(&base32(secret), code, seconds * 1_000), Some(seconds / STEP));
            assert_eq!(step_of(&base32(secret), code, (seconds + STEP) * 1_000), Some(seconds / STEP));
            assert_eq!(step_of(&base32(secret), code, (seconds + 3 * STEP) * 1_000), None);
        }
    }

    #[test]
    fn base32_goes_there_and_back() {
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37).wrapping_add(5)).collect();
            assert_eq!(from_base32(&base32(&bytes)), Some(bytes));
        }
        assert_eq!(from_base32("not base32!"), None);
    }
}
