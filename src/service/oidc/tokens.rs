//! ID tokens and logout tokens: who signed them, for whom, and until when (OpenID Connect Core 1.0, section 3.1.3.7; Back-Channel
//! Logout 1.0, section 2.6).

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde_json::{Map, Value};

use super::{Failure, Provider, crypto};
use crate::service::App;

/// What clocks may differ by, in seconds.
const LEEWAY: f64 = 60.0;

/// How old a token may be that was just asked for, in seconds.
const OLDEST: f64 = 600.0;

/// The longest token, in bytes.
const LONGEST: usize = 32 * 1024;

/// What a token says.
pub(super) type Claims = Map<String, Value>;

fn bad(why: &'static str) -> Failure {
    Failure::Token(why)
}

/// A text of the claims.
pub(super) fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// When the provider asked somebody who they are, in milliseconds; none where it does not say.
pub(super) fn authenticated_at(claims: &Claims) -> Option<i64> {
    let seconds = claims.get("auth_time").and_then(Value::as_f64)?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float stays within the bounds")]
    let millis = (seconds * 1_000.0) as i64;
    Some(millis.max(0))
}

/// Whether a key may have signed with an algorithm.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match algorithm {
        Algorithm::RS256 => matches!(key.algorithm, AlgorithmParameters::RSA(_)),
        Algorithm::ES256 => matches!(key.algorithm, AlgorithmParameters::EllipticCurve(_)),
        Algorithm::EdDSA => matches!(key.algorithm, AlgorithmParameters::OctetKeyPair(_)),
        _ => false,
    };
    let named = match key.common.key_algorithm {
        None => true,
        Some(KeyAlgorithm::RS256) => algorithm == Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => algorithm == Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => algorithm == Algorithm::EdDSA,
        Some(_) => false,
    };
    let signs = key.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature);
    kind && named && signs
}

/// The claims of a token that the provider signed for this service and that holds now.
async fn signed(app: &App, provider: &Provider, token: &str) -> Result<Claims, Failure> {
    crypto::install();
    if token.len() > LONGEST {
        return Err(bad("longer than 32 KiB"));
    }
    // `none`, an unknown algorithm and broken headers are no header that can be read.
    let header = decode_header(token).map_err(|_| bad("no header of a signed token"))?;
    if !crypto::ALGORITHMS.contains(&header.alg) {
        return Err(bad("signed with an algorithm that is not taken"));
    }
    let mut rules = Validation::new(header.alg);
    rules.set_issuer(&[&provider.rules.issuer]);
    rules.set_audience(&[&provider.rules.client_id]);
    rules.set_required_spec_claims(&["iss", "aud"]);
    // The clock is the product's own: the instants are looked at below.
    (rules.validate_exp, rules.validate_nbf) = (false, false);
    let keys = provider.keys(app, header.kid.as_deref()).await?;
    let mut claims = None;
    for key in keys.iter().filter(|key| fits(key, header.alg)) {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        if let Ok(data) = decode::<Claims>(token, &key, &rules) {
            claims = Some(data.claims);
            break;
        }
    }
    let claims = claims.ok_or_else(|| bad("not signed by the provider for this service"))?;
    let audiences = claims.get("aud").and_then(Value::as_array).map_or(1, Vec::len);
    let party = text(&claims, "azp");
    if party.is_some_and(|party| party != provider.rules.client_id) || audiences > 1 && party.is_none() {
        return Err(bad("for another party"));
    }
    // Some write fractions of a second.
    let instant = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| bad("with an instant that is no number")),
    };
    let now = app.now().timestamp() as f64;
    if instant("exp")?.is_none_or(|exp| exp + LEEWAY <= now) {
        return Err(bad("expired"));
    }
    if instant("iat")?.is_none_or(|iat| iat > now + LEEWAY || iat + OLDEST < now) {
        return Err(bad("not issued just now"));
    }
    if instant("nbf")?.is_some_and(|nbf| nbf > now + LEEWAY) {
        return Err(bad("not valid yet"));
    }
    Ok(claims)
}

/// The claims of an ID token with this nonce.
pub(super) async fn id_token(app: &App, provider: &Provider, token: &str, nonce: &str) -> Result<Claims, Failure> {
    let claims = signed(app, provider, token).await?;
    if text(&claims, "nonce") != Some(nonce) {
        return Err(bad("with another nonce"));
    }
    if text(&claims, "sub").is_none_or(|sub| sub.is_empty() || sub.chars().count() > 255) {
        return Err(bad("without a subject"));
    }
    Ok(claims)
}

/// Whose sessions a logout token ends.
pub(super) struct Logout {
    pub(super) subject: Option<String>,
    pub(super) sid: Option<String>,
    /// Its id: none is done twice.
    pub(super) jti: String,
}

/// What a logout token says.
pub(super) async fn logout(app: &App, provider: &Provider, token: &str) -> Result<Logout, Failure> {
    const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
    let claims = signed(app, provider, token).await?;
    if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err(bad("no logout"));
    }
    if claims.contains_key("nonce") {
        return Err(bad("an ID token in the place of a logout"));
    }
    let of = |name| text(&claims, name).filter(|value| !value.is_empty()).map(str::to_owned);
    let (subject, sid) = (of("sub"), of("sid"));
    if subject.is_none() && sid.is_none() {
        return Err(bad("a logout of nobody"));
    }
    let jti = of("jti").ok_or_else(|| bad("a logout without an id"))?;
    Ok(Logout { subject, sid, jti })
}
