//! Accounts at a provider, sign-ins under way there, and logouts that were done.

use entity::{account_identity, provider_flow, used_logout};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};

/// Whom an account of this house belongs to at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// UUIDv7.
    pub id: Uuid,
    /// Whose.
    pub account_id: Uuid,
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds of the last sign-in.
    pub used_at: i64,
}

/// A sign-in that is under way at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// SHA-256 of `state`, hex.
    pub state_hash: String,
    /// SHA-256 of the cookie of the browser, hex.
    pub browser_hash: String,
    /// What the ID token must hold.
    pub nonce: String,
    /// PKCE.
    pub verifier: String,
    /// Where to go afterwards, up to 500 characters.
    pub next: String,
    /// Milliseconds since the epoch.
    pub expires_at: i64,
    /// Whose account is to be linked; none where somebody signs in.
    pub account_id: Option<Uuid>,
}

fn value(row: account_identity::Model) -> Identity {
    Identity {
        id: row.id,
        account_id: row.account_id,
        issuer: row.issuer,
        subject: row.subject,
        created_at: row.created_at,
        used_at: row.used_at,
    }
}

/// Whose a subject of an issuer is.
pub async fn find(
    connection: &impl ConnectionTrait,
    issuer: &str,
    subject: &str,
) -> Result<Option<Identity>, StoreError> {
    let find = account_identity::Entity::find()
        .filter(account_identity::Column::Issuer.eq(issuer))
        .filter(account_identity::Column::Subject.eq(subject));
    Ok(find.one(connection).await?.map(value))
}

/// The identities of an account, at most a hundred.
pub async fn of_account(connection: &impl ConnectionTrait, account: Uuid) -> Result<Vec<Identity>, StoreError> {
    let find = account_identity::Entity::find()
        .filter(account_identity::Column::AccountId.eq(account))
        .order_by_asc(account_identity::Column::Id)
        .limit(100);
    Ok(find.all(connection).await?.into_iter().map(value).collect())
}

/// Keeps an identity; its issuer and subject must be free.
pub async fn insert(tx: &Tx, identity: &Identity) -> Result<(), StoreError> {
    let row = account_identity::ActiveModel {
        id: Set(identity.id),
        account_id: Set(identity.account_id),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        created_at: Set(identity.created_at),
        used_at: Set(identity.used_at),
    };
    account_identity::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Notes a sign-in.
pub async fn used(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    account_identity::Entity::update_many()
        .col_expr(account_identity::Column::UsedAt, Expr::value(now))
        .filter(account_identity::Column::Id.eq(id))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Takes the identities of an account away; how many.
pub async fn delete_of_account(tx: &Tx, account: Uuid) -> Result<u64, StoreError> {
    let own = account_identity::Entity::delete_many().filter(account_identity::Column::AccountId.eq(account));
    Ok(own.exec(tx.conn()).await?.rows_affected)
}

/// Keeps a sign-in that begins.
pub async fn insert_flow(tx: &Tx, flow: &Flow) -> Result<(), StoreError> {
    let row = provider_flow::ActiveModel {
        state_hash: Set(flow.state_hash.clone()),
        browser_hash: Set(flow.browser_hash.clone()),
        nonce: Set(flow.nonce.clone()),
        verifier: Set(flow.verifier.clone()),
        next: Set(flow.next.clone()),
        expires_at: Set(flow.expires_at),
        account_id: Set(flow.account_id),
    };
    provider_flow::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Takes the sign-in of a state out: of two who bring it one gets it.
pub async fn take_flow(tx: &Tx, state_hash: &str) -> Result<Option<Flow>, StoreError> {
    let Some(row) = provider_flow::Entity::find_by_id(state_hash).one(tx.conn()).await? else { return Ok(None) };
    let taken = provider_flow::Entity::delete_by_id(state_hash).exec(tx.conn()).await?.rows_affected == 1;
    Ok(taken.then_some(Flow {
        state_hash: row.state_hash,
        browser_hash: row.browser_hash,
        nonce: row.nonce,
        verifier: row.verifier,
        next: row.next,
        expires_at: row.expires_at,
        account_id: row.account_id,
    }))
}

/// Uses a logout up; false where it was done before.
pub async fn use_logout(tx: &Tx, jti_hash: &str, expires_at: i64) -> Result<bool, StoreError> {
    let row = used_logout::ActiveModel { jti_hash: Set(jti_hash.to_owned()), expires_at: Set(expires_at) };
    let savepoint = tx.savepoint().await?;
    let new = inserted(used_logout::Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// Forgets what is over.
pub async fn delete_expired(tx: &Tx, now: i64) -> Result<(), StoreError> {
    provider_flow::Entity::delete_many().filter(provider_flow::Column::ExpiresAt.lte(now)).exec(tx.conn()).await?;
    used_logout::Entity::delete_many().filter(used_logout::Column::ExpiresAt.lte(now)).exec(tx.conn()).await?;
    Ok(())
}
