//! Accounts and invitations.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use entity::{account, invitation};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::one_row};
use crate::domain::{
    actor::{Actor, Role, TeamScope},
    checked,
    visibility::Sight,
};

/// Most accounts that one installation lists.
pub const LIST_LIMIT: u64 = 10_000;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// UUIDv7.
    pub id: Uuid,
    /// As typed.
    pub email: String,
    /// Up to 80 characters.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// PHC string; none until a password is set.
    pub password_hash: Option<String>,
    /// `zh-CN` or `en`.
    pub lang: String,
    /// The zone that the person lives in; none is the report zone.
    pub zone: Option<Tz>,
    /// False ends every access.
    pub active: bool,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Since when a code is asked for besides the password, in milliseconds; none where it is not.
    pub second_factor_at: Option<i64>,
    /// Of which teams it sees and changes the events.
    pub team_scope: TeamScope,
    /// Optimistic lock.
    pub version: i64,
}

impl Account {
    /// What it sees of events.
    pub fn sight(&self) -> Sight {
        Sight::of(&self.actor())
    }

    /// It as who does something, with everything that it may do.
    pub fn actor(&self) -> Actor {
        Actor {
            account_id: Some(self.id),
            name: self.name.clone(),
            role: self.role,
            scopes: None,
            team_scope: self.team_scope,
        }
    }
}

/// A one-time link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// UUIDv7.
    pub id: Uuid,
    /// `setup` or `password`.
    pub kind: String,
    /// SHA-256 of the token, hex.
    pub token_hash: String,
    /// For whom; none for the set-up.
    pub account_id: Option<Uuid>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch.
    pub expires_at: i64,
}

/// Writes a new account; its folded e-mail must be free.
pub async fn insert(tx: &Tx, value: &Account) -> Result<(), StoreError> {
    let row = account::ActiveModel {
        id: Set(value.id),
        email: Set(value.email.clone()),
        email_key: Set(checked::fold(&value.email)),
        name: Set(value.name.clone()),
        role: Set(value.role.code().to_owned()),
        password_hash: Set(value.password_hash.clone()),
        lang: Set(value.lang.clone()),
        zone: Set(value.zone.map(|zone| zone.name().to_owned())),
        active: Set(value.active),
        created_at: Set(value.created_at),
        second_factor_at: Set(value.second_factor_at),
        team_scope: Set(stored_scope(value.team_scope)),
        version: Set(value.version),
    };
    account::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// Replaces name, role, password, second factor, language, zone, team scope and activity of the account that is still in `version`.
pub async fn update(tx: &Tx, value: &Account, version: i64) -> Result<(), StoreError> {
    let result = account::Entity::update_many()
        .col_expr(account::Column::Name, Expr::value(value.name.clone()))
        .col_expr(account::Column::Role, Expr::value(value.role.code()))
        .col_expr(account::Column::PasswordHash, Expr::value(value.password_hash.clone()))
        .col_expr(account::Column::Lang, Expr::value(value.lang.clone()))
        .col_expr(account::Column::Zone, Expr::value(value.zone.map(|zone| zone.name().to_owned())))
        .col_expr(account::Column::Active, Expr::value(value.active))
        .col_expr(account::Column::SecondFactorAt, Expr::value(value.second_factor_at))
        .col_expr(account::Column::TeamScope, Expr::value(stored_scope(value.team_scope)))
        .col_expr(account::Column::Version, Expr::col(account::Column::Version).add(1))
        .filter(account::Column::Id.eq(value.id))
        .filter(account::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// One account.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Account>, StoreError> {
    account::Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// The account of an id, which nobody else changes before the transaction ends.
pub async fn by_id_locked(tx: &Tx, id: Uuid) -> Result<Option<Account>, StoreError> {
    account::Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?.map(value).transpose()
}

/// The account of an e-mail, whatever its capitals.
pub async fn by_email(connection: &impl ConnectionTrait, email: &str) -> Result<Option<Account>, StoreError> {
    account::Entity::find()
        .filter(account::Column::EmailKey.eq(checked::fold(email)))
        .one(connection)
        .await?
        .map(value)
        .transpose()
}

/// All accounts by e-mail, at most 10,000.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Account>, StoreError> {
    account::Entity::find()
        .order_by_asc(account::Column::EmailKey)
        .limit(LIST_LIMIT)
        .all(connection)
        .await?
        .into_iter()
        .map(value)
        .collect()
}

/// Whether an account is of its own teams alone.
pub async fn any_of_own_teams(connection: &impl ConnectionTrait) -> Result<bool, StoreError> {
    let found: Option<Uuid> = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::TeamScope.eq(TeamScope::Own.code()))
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(found.is_some())
}

/// These accounts, and everyone who looks after what is nobody's: leads and administrators.
pub async fn those_and_leads(
    connection: &impl ConnectionTrait,
    ids: &BTreeSet<Uuid>,
) -> Result<Vec<Account>, StoreError> {
    let leads = account::Column::Role.is_in([Role::Lead.code(), Role::Admin.code()]);
    let mut rows = account::Entity::find().filter(leads).limit(LIST_LIMIT).all(connection).await?;
    let known: BTreeSet<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut found: Vec<Account> = rows.drain(..).map(value).collect::<Result<_, _>>()?;
    found.extend(by_ids(connection, &ids.difference(&known).copied().collect()).await?);
    Ok(found)
}

/// Those of these accounts that there are.
pub async fn by_ids(connection: &impl ConnectionTrait, ids: &BTreeSet<Uuid>) -> Result<Vec<Account>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(1_000) {
        let find = account::Entity::find().filter(account::Column::Id.is_in(chunk.iter().copied()));
        found.extend(find.all(connection).await?);
    }
    found.into_iter().map(value).collect()
}

/// Active accounts by their folded e-mails, behind the one of `after`; at most `limit`.
pub async fn page(
    connection: &impl ConnectionTrait,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<Account>, StoreError> {
    let mut query = account::Entity::find().filter(account::Column::Active.eq(true));
    if let Some(after) = after {
        query = query.filter(account::Column::EmailKey.gt(after));
    }
    let rows = query.order_by_asc(account::Column::EmailKey).limit(limit).all(connection).await?;
    rows.into_iter().map(value).collect()
}

/// Keeps other writers away from the administrators until the transaction ends: two who demote each other at the same
/// time must not both find the other one in place. SQLite has one writer anyway.
pub async fn lock_admins(tx: &Tx) -> Result<(), StoreError> {
    account::Entity::find()
        .filter(account::Column::Role.eq(Role::Admin.code()))
        .order_by_asc(account::Column::Id)
        .lock_exclusive()
        .all(tx.conn())
        .await?;
    Ok(())
}

/// How many active administrators there are.
pub async fn count_admins(connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(account::Entity::find()
        .filter(account::Column::Role.eq(Role::Admin.code()))
        .filter(account::Column::Active.eq(true))
        .count(connection)
        .await?)
}

/// Keeps an invitation.
pub async fn insert_invitation(tx: &Tx, value: &Invitation) -> Result<(), StoreError> {
    let row = invitation::ActiveModel {
        id: Set(value.id),
        kind: Set(value.kind.clone()),
        token_hash: Set(value.token_hash.clone()),
        account_id: Set(value.account_id),
        created_at: Set(value.created_at),
        expires_at: Set(value.expires_at),
        used_at: Set(None),
    };
    invitation::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    Ok(())
}

/// The invitation of a token, if it is unused and not expired at `now`.
pub async fn open_invitation(
    connection: &impl ConnectionTrait,
    token_hash: &str,
    now: i64,
) -> Result<Option<Invitation>, StoreError> {
    let row = invitation::Entity::find()
        .filter(invitation::Column::TokenHash.eq(token_hash))
        .filter(invitation::Column::UsedAt.is_null())
        .filter(invitation::Column::ExpiresAt.gt(now))
        .one(connection)
        .await?;
    Ok(row.map(|row| Invitation {
        id: row.id,
        kind: row.kind,
        token_hash: row.token_hash,
        account_id: row.account_id,
        created_at: row.created_at,
        expires_at: row.expires_at,
    }))
}

/// Uses an invitation up; stale when someone else did.
pub async fn use_invitation(tx: &Tx, id: Uuid, now: i64) -> Result<(), StoreError> {
    let result = invitation::Entity::update_many()
        .col_expr(invitation::Column::UsedAt, Expr::value(now))
        .filter(invitation::Column::Id.eq(id))
        .filter(invitation::Column::UsedAt.is_null())
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Ends all open invitations of a kind, so that only the newest link works.
pub async fn end_invitations(tx: &Tx, kind: &str, account: Option<Uuid>, now: i64) -> Result<(), StoreError> {
    let mut update = invitation::Entity::update_many()
        .col_expr(invitation::Column::UsedAt, Expr::value(now))
        .filter(invitation::Column::Kind.eq(kind))
        .filter(invitation::Column::UsedAt.is_null());
    update = match account {
        Some(id) => update.filter(invitation::Column::AccountId.eq(id)),
        None => update.filter(invitation::Column::AccountId.is_null()),
    };
    update.exec(tx.conn()).await?;
    Ok(())
}

/// All teams are no value, as of accounts that were made before there was a choice.
fn stored_scope(scope: TeamScope) -> Option<String> {
    (scope == TeamScope::Own).then(|| scope.code().to_owned())
}

fn value(row: account::Model) -> Result<Account, StoreError> {
    let role = Role::from_code(&row.role).ok_or_else(|| StoreError::Unreadable(format!("role {}", row.role)))?;
    let team_scope = match row.team_scope.as_deref() {
        None => TeamScope::All,
        Some(code) => TeamScope::from_code(code).ok_or_else(|| StoreError::Unreadable(format!("team scope {code}")))?,
    };
    Ok(Account {
        id: row.id,
        email: row.email,
        name: row.name,
        role,
        password_hash: row.password_hash,
        lang: row.lang,
        zone: row.zone.and_then(|zone| zone.parse().ok()),
        active: row.active,
        created_at: row.created_at,
        second_factor_at: row.second_factor_at,
        team_scope,
        version: row.version,
    })
}
