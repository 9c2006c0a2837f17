//! Devices on which somebody signed in before: a signed cookie, so that strangers who guess do not lock the owner out
//! (OWASP, "Blocking Brute Force Attacks": device cookies).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::{App, ServiceError, instance_keys};

/// How long a device is known, in milliseconds: half a year from the last sign-in.
pub const LIFE: i64 = 180 * 24 * 3_600_000;

/// Name of the key.
const KEY: &str = "known_device";

async fn mac(app: &App, signed: &str) -> Result<Option<Hmac<Sha256>>, ServiceError> {
    let key = instance_keys::key(app, &app.sign_in.device_key, KEY).await?;
    // A key of any length is one (RFC 2104, section 2).
    Ok(Hmac::<Sha256>::new_from_slice(&key).ok().map(|mut mac| {
        mac.update(b"fupan known device\n");
        mac.update(signed.as_bytes());
        mac
    }))
}

/// The cookie of a device on which this account signed in now.
pub(super) async fn made(app: &App, account: Uuid) -> Result<String, ServiceError> {
    let secret = app.ids.secret();
    let name = URL_SAFE_NO_PAD.encode(secret.get(..12).unwrap_or_default());
    let signed = format!("{}.{name}.{}", account.simple(), app.now_millis());
    let signature = mac(app, &signed).await?.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The name of a device that this account knows; none for the cookie of another account, an old one or a made-up one.
pub(super) async fn known(app: &App, account: Uuid, cookie: Option<&str>) -> Result<Option<String>, ServiceError> {
    let Some((signed, signature)) = cookie.filter(|text| text.len() <= 200).and_then(|text| text.rsplit_once('.'))
    else {
        return Ok(None);
    };
    let mut parts = signed.split('.');
    let (whose, name, since) = (parts.next(), parts.next(), parts.next().and_then(|since| since.parse::<i64>().ok()));
    let alive = since.is_some_and(|since| since.saturating_add(LIFE) > app.now_millis());
    if whose.and_then(|id| Uuid::parse_str(id).ok()) != Some(account) || !alive || parts.next().is_some() {
        return Ok(None);
    }
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return Ok(None) };
    let good = mac(app, signed).await?.is_some_and(|mac| mac.verify_slice(&signature).is_ok());
    Ok(name.filter(|_| good).map(str::to_owned))
}
