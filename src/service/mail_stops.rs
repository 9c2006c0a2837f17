//! Marked addresses: what bounced gets no mail until somebody clears the mark, and who unsubscribed gets no reminders.

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, outbox_admin::notice, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission, Role},
        checked,
        notice::NoticeKind,
        reminder::digest::Language,
    },
    store::{self, Tx, accounts::Account, reminders::ConnectionTrait},
};

pub use crate::store::mail_stops::{MailStop, StopReason};

/// The most marks of one page.
pub const PAGE_LIMIT: u64 = 200;

/// Marks that are told of in one round.
const TOLD_AT_ONCE: u64 = 100;

/// The most people that are told of a mark.
const MOST_TOLD: usize = 20;

/// What stands against mail to these addresses.
pub(super) async fn against(
    connection: &impl ConnectionTrait,
    addresses: &[&str],
) -> Result<Vec<(String, StopReason)>, ServiceError> {
    Ok(store::mail_stops::against(connection, addresses).await?)
}

/// Marks an address that the mail server refused for good. Belongs into the transaction that notes the refusal.
pub(super) async fn bounced(app: &App, tx: &Tx, address: &str, said: &str, outbox: Uuid) -> Result<(), ServiceError> {
    mark(app, tx, &Actor::clock(), address, StopReason::Bounced, Some(said), Some(outbox)).await
}

pub(super) async fn mark(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    address: &str,
    reason: StopReason,
    said: Option<&str>,
    outbox_id: Option<Uuid>,
) -> Result<(), ServiceError> {
    let now = app.now_millis();
    let stop = MailStop {
        id: app.id(),
        address: address.to_owned(),
        reason,
        created_at: now,
        said: said.map(str::to_owned),
        outbox_id,
    };
    if store::mail_stops::insert(tx, &stop).await? {
        let change = json!({"address": checked::masked_email(address), "reason": reason.code()});
        let subject = format!("mail_stop:{}", stop.id);
        store::audit::insert(tx, app.id(), now, actor, "mail_stop.create", &subject, change).await?;
    }
    Ok(())
}

/// Marked addresses, the latest first, below the id `before`.
pub async fn list(app: &App, actor: &Actor, before: Option<Uuid>, limit: u64) -> Result<Vec<MailStop>, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    Ok(store::mail_stops::list(app.store.read(), before, limit.clamp(1, PAGE_LIMIT)).await?)
}

/// Takes a mark away: mail goes there again. Twice is the same as once.
pub async fn clear(app: &App, actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let Some(stop) = store::mail_stops::by_id(tx.conn(), id).await? else { return Ok(()) };
            remove(&app, &tx, &actor, &stop).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Takes the marks of an address away; answers how many there were.
pub async fn clear_address(app: &App, actor: &Actor, address: &str) -> Result<usize, ServiceError> {
    authorise(actor, Permission::ManageOutbox)?;
    let address = checked::email("address", address)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, address) = (app.clone(), actor.clone(), address.clone());
        async move {
            let tx = app.store.begin().await?;
            let stops = store::mail_stops::of_address(tx.conn(), &address).await?;
            for stop in &stops {
                remove(&app, &tx, &actor, stop).await?;
            }
            tx.commit().await?;
            Ok(stops.len())
        }
    })
    .await
}

pub(super) async fn remove(app: &App, tx: &Tx, actor: &Actor, stop: &MailStop) -> Result<(), ServiceError> {
    if store::mail_stops::delete(tx, stop.id).await? {
        let change = json!({"address": checked::masked_email(&stop.address), "reason": stop.reason.code()});
        let subject = format!("mail_stop:{}", stop.id);
        store::audit::insert(tx, app.id(), app.now_millis(), actor, "mail_stop.clear", &subject, change).await?;
    }
    Ok(())
}

/// Tells the administrators of new marks, and the leads too where somebody wants no reminders; each once.
pub async fn tell(app: &App) -> Result<usize, ServiceError> {
    let stops = store::mail_stops::untold(app.store.read(), TOLD_AT_ONCE).await?;
    if stops.is_empty() {
        return Ok(0);
    }
    let people: Vec<Account> =
        store::accounts::list(app.store.read()).await?.into_iter().filter(|account| account.active).collect();
    let mut told = 0;
    for stop in stops {
        let hears = |account: &&Account| {
            let role = match stop.reason {
                StopReason::Bounced => account.role == Role::Admin,
                StopReason::Unsubscribed => account.role >= Role::Lead,
            };
            role && checked::fold(&account.email) != checked::fold(&stop.address)
        };
        let mut messages = Vec::new();
        for account in people.iter().filter(hears).take(MOST_TOLD) {
            let address = stop.address.clone();
            let kind = match stop.reason {
                StopReason::Bounced => NoticeKind::Bounced { address, said: stop.said.clone().unwrap_or_default() },
                StopReason::Unsubscribed => NoticeKind::Unsubscribed { address },
            };
            let language = Language::from_code(&account.lang);
            let to = (Some(account.id), account.email.clone());
            messages.push(notice(app, kind, language, to, format!("stop:{}:{}", stop.id, account.id), app.notice)?);
        }
        let (app, id) = (app.clone(), stop.id);
        told += retried(move || {
            let (app, messages) = (app.clone(), messages.clone());
            async move {
                let tx = app.store.begin().await?;
                if !store::mail_stops::told(&tx, id, app.now_millis()).await? {
                    return Ok(0);
                }
                for message in &messages {
                    store::outbox::insert(&tx, message).await?;
                }
                tx.commit().await?;
                Ok(messages.len())
            }
        })
        .await?;
    }
    Ok(told)
}
