//! Mails to the owners of API tokens that will end: what runs by a token stops when nobody replaces it.

use chrono::{DateTime, Duration};

use super::{
    App, ServiceError,
    outbox_admin::NOTICE_KIND,
    outbox_mail,
    retry::retried,
    tokens::{self, ApiToken},
};
use crate::{
    domain::{
        notice::{Notice, NoticeKind},
        reminder::digest::Language,
    },
    store::{self, accounts::Account},
};

/// Days before its end at which the owner of a token is told.
pub const DAYS: i64 = 7;

/// Tokens that are looked at in one go; the next hour goes on.
const AT_ONCE: u64 = 200;

/// Tells the owners of tokens that end within [`DAYS`] days, each token once. One that was replaced is not told of, nor one that
/// was made for a week or less. Answers how many mails there are.
pub async fn tell(app: &App) -> Result<usize, ServiceError> {
    if app.demo {
        return Ok(0);
    }
    let (now, before) = (app.now_millis(), Duration::days(DAYS).num_milliseconds());
    let ending = store::tokens::ending(app.store.read(), now, before, AT_ONCE).await?;
    let owners = ending.iter().map(|token| token.account_id).collect();
    let accounts = store::accounts::by_ids(app.store.read(), &owners).await?;
    let mut told = 0;
    for token in ending {
        // Who was switched off has no token that works.
        let owner = accounts.iter().find(|account| account.id == token.account_id && account.active);
        let message = owner.map(|owner| message(app, owner, &token)).transpose()?;
        let (app, id) = (app.clone(), token.id);
        told += retried(move || {
            let (app, message) = (app.clone(), message.clone());
            async move {
                let tx = app.store.begin().await?;
                // Of several workers one tells.
                if !store::tokens::warned(&tx, id, app.now_millis()).await? {
                    return Ok(0);
                }
                let mut new = 0;
                if let Some(message) = &message {
                    new = usize::from(store::outbox::insert(&tx, message).await?);
                }
                tx.commit().await?;
                Ok(new)
            }
        })
        .await?;
    }
    Ok(told)
}

fn message(app: &App, owner: &Account, token: &ApiToken) -> Result<store::outbox::OutboxMessage, ServiceError> {
    let zone = owner.zone.unwrap_or(app.zone);
    let ends = token.expires_at.and_then(DateTime::from_timestamp_millis).unwrap_or_default().with_timezone(&zone);
    let kind = NoticeKind::TokenEnds {
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        ends: format!("{} ({})", ends.format("%Y-%m-%d %H:%M"), zone.name()),
        overlap: tokens::DEFAULT_OVERLAP,
    };
    let notice = Notice { language: Language::from_code(&owner.lang), kind, public_url: app.public_url.clone() };
    let words = (app.notice)(&notice).map_err(ServiceError::Interrupted)?;
    let to = (Some(owner.id), owner.email.clone());
    let key = format!("token_ends:{}", token.id);
    // A mail about it is of use until it has ended.
    Ok(outbox_mail::mail(app, NOTICE_KIND, key, to, words, app.now_millis(), Duration::days(DAYS)))
}
