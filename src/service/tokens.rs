//! API tokens: shown once, kept as a hash.

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{authorise, detached},
    secrets, sessions,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked,
    },
    store::{self, accounts::Account, tokens::ApiToken},
};

/// Every token begins like this, so that scanners find leaked ones.
pub const PREFIX: &str = "fpn_";
/// Uses are noted at most this often, in milliseconds: one hour.
const USED_EVERY: i64 = 3_600_000;

/// Makes a token for an account; the secret is returned once.
pub async fn create(
    app: &App,
    actor: &Actor,
    account: &Account,
    name: &str,
) -> Result<(ApiToken, String), ServiceError> {
    let own = actor.account_id == Some(account.id);
    authorise(actor, if own { Permission::OwnProfile } else { Permission::ManageAccounts })?;
    let name = checked::line("name", name, 80)?;
    let secret = secrets::new_token(app, PREFIX);
    let token = ApiToken {
        id: app.id(),
        account_id: account.id,
        name,
        prefix: secret.chars().take(10).collect(),
        token_hash: secrets::hash(&secret),
        created_at: app.now_millis(),
        used_at: None,
    };
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        store::tokens::insert(&tx, &token).await?;
        let subject = format!("account:{}", token.account_id);
        let change = json!({"name": token.name, "prefix": token.prefix});
        store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "token.create", &subject, change).await?;
        tx.commit().await?;
        Ok((token, secret))
    })
    .await
}

/// One's own tokens.
pub async fn own(app: &App, actor: &Actor) -> Result<Vec<ApiToken>, ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    match actor.account_id {
        Some(id) => Ok(store::tokens::of_account(app.store.read(), id).await?),
        None => Ok(Vec::new()),
    }
}

/// Revokes one of one's own tokens.
pub async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    let account = actor.account_id.ok_or(ServiceError::SignInNeeded)?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        store::tokens::revoke(&tx, account, id, app.now_millis()).await?;
        let subject = format!("account:{account}");
        let change = json!({"id": id});
        store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "token.revoke", &subject, change).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// The actor of a bearer token.
pub async fn actor(app: &App, secret: &str) -> Result<Actor, ServiceError> {
    if !secret.starts_with(PREFIX) {
        return Err(ServiceError::SignInNeeded);
    }
    let token =
        store::tokens::live(app.store.read(), &secrets::hash(secret)).await?.ok_or(ServiceError::SignInNeeded)?;
    let account = store::accounts::by_id(app.store.read(), token.account_id)
        .await?
        .filter(|account| account.active)
        .ok_or(ServiceError::SignInNeeded)?;
    let now = app.now_millis();
    if token.used_at.is_none_or(|used| now - used > USED_EVERY) {
        let (app, id) = (app.clone(), token.id);
        detached(async move {
            let tx = app.store.begin().await?;
            store::tokens::used(&tx, id, now).await?;
            tx.commit().await?;
            Ok(())
        })
        .await?;
    }
    Ok(sessions::actor_of(&account))
}
