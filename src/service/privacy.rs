//! What is held on a person, for that person; and closing an account.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, audit_log, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission, Role},
        checked::FieldError,
        event,
    },
    store::{
        self,
        accounts::Account,
        personal::{self, ClosedAs, Named},
    },
};

/// Of which account: one's own, or with the right to manage accounts another one.
async fn account_of(app: &App, actor: &Actor, id: Uuid) -> Result<Account, ServiceError> {
    let own = actor.account_id == Some(id);
    authorise(actor, if own { Permission::OwnProfile } else { Permission::ManageAccounts })?;
    let found = store::accounts::by_id(app.store.read(), id).await?;
    found.ok_or_else(|| ServiceError::NotFound(format!("account {id}")))
}

/// One's own account, where somebody is signed in.
pub fn own(actor: &Actor) -> Result<Uuid, ServiceError> {
    actor.account_id.ok_or(ServiceError::SignInNeeded)
}

/// Everything that is held on a person, as JSON; no hash and no secret is in it. At most 10,000 rows of a kind, the latest first. That
/// it was taken out stands in the audit log.
pub async fn export(app: &App, actor: &Actor, id: Uuid) -> Result<Value, ServiceError> {
    let account = account_of(app, actor, id).await?;
    audit_log::exported(app, actor, "personal", &format!("account:{id}")).await?;
    let (db, at) = (app.store.read(), |millis: i64| {
        chrono::DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).to_rfc3339())
    });
    let labels = |numbers: Vec<i64>| numbers.into_iter().map(event::label).collect::<Vec<_>>();
    let sessions = personal::sessions(db, id).await?;
    let tokens = personal::tokens(db, id).await?;
    let mails = personal::mails(db, id, &account.email).await?;
    let acts = personal::acts(db, id).await?;
    Ok(json!({
        "exported_at": at(app.now_millis()),
        "account": {
            "id": account.id, "email": account.email, "name": account.name, "role": account.role.code(),
            "team_scope": account.team_scope.code(), "lang": account.lang, "zone": account.zone.map(chrono_tz::Tz::name), "active": account.active,
            "created_at": at(account.created_at), "has_password": account.password_hash.is_some(),
            "second_factor_since": account.second_factor_at.and_then(at),
        },
        "identities": store::identities::of_account(db, id).await?.into_iter().map(|one| {
            json!({
                "issuer": one.issuer, "subject": one.subject,
                "created_at": at(one.created_at), "used_at": at(one.used_at),
            })
        }).collect::<Vec<_>>(),
        "chat_ids": store::notifier_members::of_account(db, id).await?.into_iter().map(|(notifier, user)| {
            json!({"notifier": notifier, "id": user})
        }).collect::<Vec<_>>(),
        "teams": personal::teams(db, id).await?,
        "sessions": sessions.into_iter().map(|(created, seen, ends)| {
            json!({"created_at": at(created), "seen_at": at(seen), "expires_at": at(ends)})
        }).collect::<Vec<_>>(),
        "api_tokens": tokens.into_iter().map(|(name, prefix, made, used)| {
            json!({"name": name, "prefix": prefix, "created_at": at(made), "used_at": used.and_then(at)})
        }).collect::<Vec<_>>(),
        "views": personal::views(db, id).await?.into_iter().map(|(name, query)| {
            json!({"name": name, "query": query})
        }).collect::<Vec<_>>(),
        "mails": mails.into_iter().map(|(created, kind, subject, state)| {
            json!({"created_at": at(created), "kind": kind, "subject": subject, "state": state})
        }).collect::<Vec<_>>(),
        "marked_addresses": personal::stops(db, &account.email).await?.into_iter().map(|(reason, since)| {
            json!({"reason": reason, "since": at(since)})
        }).collect::<Vec<_>>(),
        "owns_postmortems_of": labels(personal::named(db, id, account.sight(), Named::Owner).await?),
        "reviews_postmortems_of": labels(personal::named(db, id, account.sight(), Named::Reviewer).await?),
        "comes_to_reviews_of": labels(personal::named(db, id, account.sight(), Named::Attendee).await?),
        "may_see": labels(personal::named(db, id, account.sight(), Named::Viewer).await?),
        "owns_action_items": personal::items(db, id, account.sight()).await?.into_iter().map(|(number, title, state)| {
            json!({"item": format!("AI-{number}"), "title": title, "state": state})
        }).collect::<Vec<_>>(),
        "acts": acts.into_iter().map(|(when, action, subject)| {
            json!({"at": at(when), "action": action, "subject": subject})
        }).collect::<Vec<_>>(),
    }))
}

/// The address of a closed account: nobody's.
fn closed_address(id: Uuid) -> String {
    format!("closed-{}@invalid", id.simple())
}

/// Whether an account was closed.
pub(super) fn is_closed(account: &Account) -> bool {
    account.email == closed_address(account.id)
}

/// Closes an account for good: address, name, password, sessions, tokens and what waits to be mailed go. What the team wrote stays as
/// it is, and the audit log keeps the id and the name of then. `email` says which account is meant, so that none goes by mistake.
pub async fn close(app: &App, actor: &Actor, id: Uuid, email: &str) -> Result<(), ServiceError> {
    if app.demo {
        return Err(ServiceError::Conflict("the account of the demo stays".to_owned()));
    }
    let account = account_of(app, actor, id).await?;
    if crate::domain::checked::fold(email.trim()) != crate::domain::checked::fold(&account.email) {
        return Err(FieldError::shape("email", "write the e-mail of the account that is to be closed").into());
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            store::accounts::lock_admins(&tx).await?;
            let before = store::accounts::by_id(tx.conn(), id)
                .await?
                .ok_or_else(|| ServiceError::NotFound(format!("account {id}")))?;
            let now = app.now_millis();
            let short: String =
                id.simple().to_string().chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
            let to = ClosedAs { email: &closed_address(id), name: &format!("已注销 closed {short}") };
            personal::close(&tx, id, &before.email, before.version, to).await?;
            if before.role == Role::Admin && store::accounts::count_admins(tx.conn()).await? == 0 {
                let words = "the last administrator stays; make another administrator first";
                return Err(ServiceError::Conflict(words.to_owned()));
            }
            store::sessions::delete_of_account(&tx, id, None).await?;
            store::tokens::revoke_all(&tx, id, now).await?;
            store::accounts::end_invitations(&tx, "password", Some(id), now).await?;
            store::identities::delete_of_account(&tx, id).await?;
            store::second_factors::remove(&tx, id).await?;
            store::guesses::end_steps_of(&tx, id).await?;
            store::notifier_members::forget(&tx, id).await?;
            let change = json!({"role": before.role.code()});
            store::audit::insert(&tx, app.id(), now, &actor, "account.close", &format!("account:{id}"), change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}
