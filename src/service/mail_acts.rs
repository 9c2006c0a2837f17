//! Links of mails that act without a sign-in. A link leads to a page with one button, because mail scanners follow links;
//! what it grants stands in it, signed with a key of this installation, and is used up by the one act.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use uuid::Uuid;

use super::{App, ServiceError, events, instance_keys, mail_stops, postmortems, retry::retried, secrets, sessions};
use crate::{
    domain::{
        actor::Actor,
        actor::Permission,
        mail_act::{Grant, MailAct},
        reminder::digest::{Digest, ItemLinks, Owner},
    },
    store::{self, Tx, accounts::Account, mail_acts::Before, mail_stops::StopReason},
};

/// Days that a link of a reminder works, counted from its day.
const LINK_DAYS: i64 = 7;

/// Days that the way out of the reminders works, counted from the mail.
const UNSUBSCRIBE_DAYS: i64 = 60;

/// What is signed begins with this, so that the key signs nothing else by chance.
const PURPOSE: &[u8] = b"fupan mail act\n";

/// Name of the key.
const KEY: &str = "mail_act";

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// The button works.
    Open,
    /// It was used, at this time in milliseconds.
    Used(i64),
    /// It was used and taken back, at this time in milliseconds.
    Undone(i64),
    /// Its time is over.
    Expired,
    /// What it would do is no longer to be done: the postmortem is done or waived, or is somebody else's by now.
    Moot,
}

/// What a link leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPage {
    /// What it does.
    pub act: MailAct,
    /// Whose act it is.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Their language.
    pub lang: String,
    /// `PE-22`, its number and the beginning of its line, where the act is of an event.
    pub event: Option<(String, i64, String)>,
    /// The due date as it stands.
    pub due_on: Option<NaiveDate>,
    /// Where the link stands.
    pub state: LinkState,
    /// What it did can be taken back: nobody changed the postmortem since.
    pub may_undo: bool,
}

/// The key of this installation.
async fn key(app: &App) -> Result<[u8; 32], ServiceError> {
    instance_keys::key(app, &app.outbox.key, KEY).await
}

fn mac(key: &[u8; 32], bytes: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length is one (RFC 2104, section 2).
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(PURPOSE);
    mac.update(bytes);
    Some(mac)
}

fn token(key: &[u8; 32], grant: Grant) -> String {
    let bytes = grant.bytes();
    let signature = mac(key, &bytes).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(signature))
}

/// What a token grants; none where nobody of this installation signed it. The comparison takes the same time whatever differs.
fn verified(key: &[u8; 32], token: &str) -> Option<Grant> {
    let (bytes, signature) = token.split_once('.')?;
    let (bytes, signature) = (URL_SAFE_NO_PAD.decode(bytes).ok()?, URL_SAFE_NO_PAD.decode(signature).ok()?);
    mac(key, &bytes)?.verify_slice(&signature).ok()?;
    Grant::read(&bytes)
}

/// Where the reader of reminders says that they want no more of them.
pub(super) async fn unsubscribe_url(app: &App, account: Uuid, mailed_at: i64) -> Result<String, ServiceError> {
    let expires = mailed_at / 1_000 + UNSUBSCRIBE_DAYS * 86_400;
    let grant = Grant { act: MailAct::Unsubscribe, account, event: 0, expires };
    Ok(format!("{}/act/{}", app.public_url, token(&key(app).await?, grant)))
}

/// Puts the links of its reader into a digest. They follow from the day, so that the same digest has the same ones.
pub(super) async fn link(app: &App, account: &Account, digest: &mut Digest) -> Result<(), ServiceError> {
    let key = key(app).await?;
    let midnight = digest.day.and_time(NaiveTime::MIN).and_utc().timestamp();
    let url = |act, event| {
        let grant = Grant { act, account: account.id, event, expires: midnight + LINK_DAYS * 86_400 };
        format!("{}/act/{}", app.public_url, token(&key, grant))
    };
    let groups = [&digest.overdue, &digest.today, &digest.next];
    // Who may not write postmortems can do neither.
    let may = account.role.may(Permission::WritePostmortem);
    let links = groups.into_iter().flat_map(|group| &group.items).filter(|_| may).map(|item| {
        let own = item.owner == Owner::Reader;
        let links = ItemLinks {
            own: (!own).then(|| url(MailAct::Own, item.number)),
            snooze: own.then(|| url(MailAct::Snooze, item.number)),
        };
        (item.number, links)
    });
    digest.links = links.collect();
    Ok(())
}

fn nothing_there() -> ServiceError {
    ServiceError::NotFound("link of a mail like this".to_owned())
}

async fn granted(app: &App, token: &str) -> Result<(Grant, Account), ServiceError> {
    let grant = verified(&key(app).await?, token).ok_or_else(nothing_there)?;
    let account = store::accounts::by_id(app.store.read(), grant.account).await?;
    let account = account.filter(|account| account.active).ok_or_else(nothing_there)?;
    Ok((grant, account))
}

/// What a link leads to. Changes nothing.
pub async fn look(app: &App, token: &str) -> Result<LinkPage, ServiceError> {
    let (grant, account) = granted(app, token).await?;
    let used = store::mail_acts::used(app.store.read(), &secrets::hash(token)).await?;
    let mut page = LinkPage {
        act: grant.act,
        name: account.name.clone(),
        address: account.email.clone(),
        lang: account.lang.clone(),
        event: None,
        due_on: None,
        state: LinkState::Open,
        may_undo: false,
    };
    let expired = app.now().timestamp() >= grant.expires;
    if grant.act != MailAct::Unsubscribe {
        let actor = sessions::actor_of(&account);
        let event = events::get(app, &actor, grant.event).await.map_err(|_| nothing_there())?;
        let line: String = event.fields.narrative.chars().take(80).collect();
        page.event = Some((event.label(), event.number, line));
        page.due_on = event.postmortem.due_on;
        let before = used.filter(|used| used.undone_at.is_none() && !expired).and_then(|used| used.before);
        page.may_undo = before.is_some_and(|before| before.made == event.postmortem.version);
        if postmortems::by_link_is_moot(&actor, &event, grant.act) {
            page.state = LinkState::Moot;
        }
    }
    match used {
        Some(used) => page.state = used.undone_at.map_or(LinkState::Used(used.at), LinkState::Undone),
        None if expired => page.state = LinkState::Expired,
        None => {}
    }
    Ok(page)
}

/// Does what a link grants, once; answers the page as it is then. Where the link was used, has expired or is moot, nothing
/// changes and the page says so.
pub async fn perform(app: &App, token: &str) -> Result<LinkPage, ServiceError> {
    let (grant, account) = granted(app, token).await?;
    let before = look(app, token).await?;
    if before.state != LinkState::Open {
        return Ok(before);
    }
    let (task_app, task_token) = (app.clone(), token.to_owned());
    retried(move || {
        let (app, token, account) = (task_app.clone(), task_token.clone(), account.clone());
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            if !store::mail_acts::use_up(&tx, &secrets::hash(&token), now, grant.expires * 1_000).await? {
                // The same link, pressed twice at the same time.
                tx.rollback().await?;
                return Ok(());
            }
            if let Some(before) = act(&app, &tx, &sessions::actor_of(&account), &account, grant).await? {
                store::mail_acts::keep_before(&tx, &secrets::hash(&token), before).await?;
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    look(app, token).await
}

/// Takes back what a link did, once, while nobody changed the postmortem since; answers the page as it is then. Where that is
/// not so, nothing changes and the page says so.
pub async fn undo(app: &App, token: &str) -> Result<LinkPage, ServiceError> {
    let (grant, account) = granted(app, token).await?;
    if !look(app, token).await?.may_undo {
        return look(app, token).await;
    }
    let (task_app, task_token) = (app.clone(), token.to_owned());
    retried(move || {
        let (app, hash, account) = (task_app.clone(), secrets::hash(&task_token), account.clone());
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            let before = store::mail_acts::used(tx.conn(), &hash).await?.and_then(|used| used.before);
            let (Some(before), true) = (before, store::mail_acts::undo(&tx, &hash, now).await?) else {
                // Pressed twice at the same time.
                tx.rollback().await?;
                return Ok(());
            };
            let actor = sessions::actor_of(&account);
            let event = postmortems::undo_by_link(&app, &tx, &actor, grant.event, before).await?;
            let change = json!({"act": grant.act.code()});
            let subject = events::subject(event.number);
            store::audit::insert(&tx, app.id(), now, &actor, "mail.act_undone", &subject, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    look(app, token).await
}

/// Does it; answers what stood before, where it can be taken back.
async fn act(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    account: &Account,
    grant: Grant,
) -> Result<Option<Before>, ServiceError> {
    match grant.act {
        MailAct::Unsubscribe => {
            mail_stops::mark(app, tx, actor, &account.email, StopReason::Unsubscribed, None, None).await?;
            Ok(None)
        }
        MailAct::Own | MailAct::Snooze => {
            let (event, before) = postmortems::by_link(app, tx, actor, account, grant.event, grant.act).await?;
            let expires = DateTime::from_timestamp(grant.expires, 0).unwrap_or_default();
            let change = json!({"act": grant.act.code(), "link_expires": expires - Duration::zero()});
            let subject = events::subject(event.number);
            store::audit::insert(tx, app.id(), app.now_millis(), actor, "mail.act", &subject, change).await?;
            Ok(Some(before))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_what_was_signed_and_for_nothing_else() {
        let (key, other) = ([7; 32], [8; 32]);
        let grant = Grant { act: MailAct::Own, account: Uuid::from_u128(5), event: 22, expires: 1_724_745_600 };
        let good = token(&key, grant);
        assert_eq!(verified(&key, &good), Some(grant));
        assert_eq!(verified(&other, &good), None);
        let signature = good.split_once('.').unwrap().1;
        for changed in [
            Grant { act: MailAct::Snooze, ..grant },
            Grant { event: 23, ..grant },
            Grant { expires: i64::MAX, ..grant },
        ] {
            let forged = format!("{}.{signature}", URL_SAFE_NO_PAD.encode(changed.bytes()));
            assert_eq!(verified(&key, &forged), None);
        }
        for bad in ["", ".", "a.b", "AQ.AQ", &good[..good.len() - 2], &format!("{good}A")] {
            assert_eq!(verified(&key, bad), None, "{bad}");
        }
    }
}
