//! Addresses that get no mail, or no reminders.

use entity::mail_stop::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};
use crate::domain::checked;

/// Longest kept reply, in characters.
const SAID_LIMIT: usize = 500;

/// Why an address gets no mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// The mail server said for good that the address takes none: nothing goes there.
    Bounced,
    /// Its person wants no reminders; everything else goes there.
    Unsubscribed,
}

impl StopReason {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Unsubscribed => "unsubscribed",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Bounced, Self::Unsubscribed].into_iter().find(|reason| reason.code() == code)
    }
}

/// A marked address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailStop {
    /// UUIDv7.
    pub id: Uuid,
    /// The address.
    pub address: String,
    /// Why.
    pub reason: StopReason,
    /// Milliseconds.
    pub created_at: i64,
    /// What the mail server said.
    pub said: Option<String>,
    /// The message that came back.
    pub outbox_id: Option<Uuid>,
}

/// Marks an address; false where it was marked before.
pub async fn insert(tx: &Tx, stop: &MailStop) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(stop.id),
        address_key: Set(checked::fold(&stop.address)),
        address: Set(stop.address.clone()),
        reason: Set(stop.reason.code().to_owned()),
        created_at: Set(stop.created_at),
        told_at: Set(0),
        said: Set(stop.said.as_ref().map(|said| said.chars().take(SAID_LIMIT).collect())),
        outbox_id: Set(stop.outbox_id),
    };
    let savepoint = tx.savepoint().await?;
    let new = inserted(Entity::insert(row).exec_without_returning(savepoint.conn()).await)?;
    if new {
        savepoint.commit().await?;
    } else {
        savepoint.rollback().await?;
    }
    Ok(new)
}

/// What stands against mail to these addresses; the folded address of each.
pub async fn against(
    connection: &impl ConnectionTrait,
    addresses: &[&str],
) -> Result<Vec<(String, StopReason)>, StoreError> {
    let keys = addresses.iter().map(|address| checked::fold(address));
    let rows: Vec<(String, String)> = Entity::find()
        .select_only()
        .column(Column::AddressKey)
        .column(Column::Reason)
        .filter(Column::AddressKey.is_in(keys))
        .into_tuple()
        .all(connection)
        .await?;
    rows.into_iter().map(|(key, reason)| Ok((key, reason_of(&reason)?))).collect()
}

/// Marked addresses, the latest first, below the id `before`.
pub async fn list(
    connection: &impl ConnectionTrait,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<MailStop>, StoreError> {
    let mut find = Entity::find();
    if let Some(before) = before {
        find = find.filter(Column::Id.lt(before));
    }
    find.order_by_desc(Column::Id).limit(limit).all(connection).await?.into_iter().map(value).collect()
}

/// Marks that the administrators were not told of yet.
pub async fn untold(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<MailStop>, StoreError> {
    let find = Entity::find().filter(Column::ToldAt.eq(0_i64)).order_by_asc(Column::Id).limit(limit);
    find.all(connection).await?.into_iter().map(value).collect()
}

/// Notes that the administrators are told; false where another worker did.
pub async fn told(tx: &Tx, id: Uuid, now: i64) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::ToldAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(Column::ToldAt.eq(0_i64))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// One mark.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<MailStop>, StoreError> {
    Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// The marks of an address.
pub async fn of_address(connection: &impl ConnectionTrait, address: &str) -> Result<Vec<MailStop>, StoreError> {
    let find = Entity::find().filter(Column::AddressKey.eq(checked::fold(address)));
    find.all(connection).await?.into_iter().map(value).collect()
}

/// Takes a mark away; false where it was gone.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<bool, StoreError> {
    Ok(Entity::delete_by_id(id).exec(tx.conn()).await?.rows_affected == 1)
}

fn reason_of(code: &str) -> Result<StopReason, StoreError> {
    StopReason::from_code(code).ok_or_else(|| StoreError::Unreadable(format!("reason of a marked address {code}")))
}

fn value(row: Model) -> Result<MailStop, StoreError> {
    Ok(MailStop {
        reason: reason_of(&row.reason)?,
        id: row.id,
        address: row.address,
        created_at: row.created_at,
        said: row.said,
        outbox_id: row.outbox_id,
    })
}
