//! Links of weekly mails that take their reader off the list: signed with a key of this installation, so that the table of the
//! readers holds nothing that opens one. Links from before that held a secret, of which the hash is kept: they go on working.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::{App, ServiceError, instance_keys, retry::retried, secrets};
use crate::{domain::report_mailing::Recipient, store};

/// Name of the key.
const KEY: &str = "unsubscribe";

/// What is signed begins with this, so that the key signs nothing else by chance.
const PURPOSE: &[u8] = b"fupan unsubscribe\n";

/// Secrets that are hashed in one transaction.
const AT_ONCE: u64 = 500;

async fn mac(app: &App, id: Uuid) -> Result<Option<Hmac<Sha256>>, ServiceError> {
    let key = instance_keys::key(app, &app.outbox.unsubscribe_key, KEY).await?;
    // A key of any length is one (RFC 2104, section 2).
    Ok(Hmac::<Sha256>::new_from_slice(&key).ok().map(|mut mac| {
        mac.update(PURPOSE);
        mac.update(id.as_bytes());
        mac
    }))
}

/// Where a reader takes themselves off the list.
pub async fn url(app: &App, recipient: Uuid) -> Result<String, ServiceError> {
    let signature = mac(app, recipient).await?.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let signature = URL_SAFE_NO_PAD.encode(signature);
    Ok(format!("{}/unsubscribe/{}.{signature}", app.public_url, recipient.simple()))
}

/// Whose link a token is, and of which mail; none where it is nobody's.
pub(super) async fn recipient(app: &App, token: &str) -> Result<Option<(Uuid, Recipient)>, ServiceError> {
    let connection = app.store.read();
    if token.len() > 200 {
        return Ok(None);
    }
    let Some((id, signature)) = token.split_once('.') else {
        return Ok(store::report_mailings::by_token_hash(connection, &secrets::hash(token)).await?);
    };
    let (Ok(id), Ok(signature)) = (Uuid::try_parse(id), URL_SAFE_NO_PAD.decode(signature)) else { return Ok(None) };
    match mac(app, id).await?.filter(|mac| mac.clone().verify_slice(&signature).is_ok()) {
        Some(_) => Ok(store::report_mailings::recipient(connection, id).await?),
        None => Ok(None),
    }
}

/// Puts hashes in the place of the secrets that stand in clear, as it was before; how many.
pub async fn hash_old(app: &App) -> Result<usize, ServiceError> {
    let mut done = 0;
    loop {
        let clear = store::report_mailings::clear_tokens(app.store.read(), AT_ONCE).await?;
        if clear.is_empty() {
            return Ok(done);
        }
        done += clear.len();
        let app = app.clone();
        retried(move || {
            let (app, clear) = (app.clone(), clear.clone());
            async move {
                let tx = app.store.begin().await?;
                for (id, token) in &clear {
                    store::report_mailings::hash_token(&tx, *id, token, &secrets::hash(token)).await?;
                }
                tx.commit().await?;
                Ok(())
            }
        })
        .await?;
    }
}
