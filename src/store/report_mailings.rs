//! Weekly mails and their recipients.

use std::collections::HashMap;

use chrono::NaiveTime;
use entity::{mailing_recipient as recipient, report_mailing as mailing};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait as _, Func},
};
use uuid::Uuid;

use super::{StoreError, Tx, bulk, tx::one_row};
use crate::domain::{
    checked,
    report_mailing::{Mailing, MailingFields, Recipient, Slot, WhichWeek, weekday_of, zone_of},
};

/// The most weekly mails.
pub const LIMIT: u64 = 100;

/// All weekly mails, in order of their names.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Mailing>, StoreError> {
    let rows = mailing::Entity::find().order_by_asc(mailing::Column::NameKey).limit(LIMIT).all(connection).await?;
    with_recipients(connection, rows).await
}

/// Those whose time has come.
pub async fn due(connection: &impl ConnectionTrait, now: i64) -> Result<Vec<Mailing>, StoreError> {
    let rows = mailing::Entity::find()
        .filter(mailing::Column::Enabled.eq(true))
        .filter(mailing::Column::NextAt.lte(now))
        .order_by_asc(mailing::Column::NextAt)
        .limit(LIMIT)
        .all(connection)
        .await?;
    with_recipients(connection, rows).await
}

/// One weekly mail.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Mailing>, StoreError> {
    let rows = mailing::Entity::find_by_id(id).all(connection).await?;
    Ok(with_recipients(connection, rows).await?.pop())
}

/// How many there are.
pub async fn count(connection: &impl ConnectionTrait) -> Result<u64, StoreError> {
    Ok(mailing::Entity::find().count(connection).await?)
}

async fn with_recipients(
    connection: &impl ConnectionTrait,
    rows: Vec<mailing::Model>,
) -> Result<Vec<Mailing>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut by_mailing: HashMap<Uuid, Vec<Recipient>> = HashMap::new();
    let found = recipient::Entity::find()
        .filter(recipient::Column::MailingId.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(recipient::Column::Id)
        .all(connection)
        .await?;
    for row in found {
        by_mailing.entry(row.mailing_id).or_default().push(recipient_value(row));
    }
    rows.into_iter()
        .map(|row| {
            let recipients = by_mailing.remove(&row.id).unwrap_or_default();
            value(row, recipients)
        })
        .collect()
}

/// Writes a new mail with its recipients.
pub async fn insert(tx: &Tx, value: &Mailing) -> Result<(), StoreError> {
    let fields = &value.fields;
    let row = mailing::ActiveModel {
        id: Set(value.id),
        name: Set(fields.name.clone()),
        name_key: Set(checked::fold(&fields.name)),
        weekday: Set(weekday_number(&fields.slot)),
        minute: Set(minute(&fields.slot)),
        zone: Set(fields.slot.zone.name().to_owned()),
        which: Set(fields.which.code().to_owned()),
        section: Set(fields.section.clone()),
        only_published: Set(fields.only_published),
        enabled: Set(fields.enabled),
        lang: Set(fields.lang.clone()),
        next_at: Set(value.next_at),
        created_at: Set(value.created_at),
        version: Set(1),
    };
    mailing::Entity::insert(row).exec_without_returning(tx.conn()).await?;
    add_recipients(tx, value.id, &value.recipients).await
}

/// Adds recipients.
pub async fn add_recipients(tx: &Tx, mailing_id: Uuid, added: &[Recipient]) -> Result<(), StoreError> {
    let rows = added.iter().map(|one| recipient::ActiveModel {
        id: Set(one.id),
        mailing_id: Set(mailing_id),
        email: Set(one.email.clone()),
        email_key: Set(email_key(&one.email)),
        token: Set(one.token_hash.clone()),
        unsubscribed_at: Set(one.unsubscribed_at),
    });
    bulk::insert_all(tx, rows.collect()).await
}

/// Removes recipients.
pub async fn remove_recipients(tx: &Tx, removed: &[Uuid]) -> Result<(), StoreError> {
    if !removed.is_empty() {
        let gone = recipient::Entity::delete_many();
        gone.filter(recipient::Column::Id.is_in(removed.iter().copied())).exec(tx.conn()).await?;
    }
    Ok(())
}

/// Writes the settings of a mail that is still in `version`.
pub async fn update(tx: &Tx, value: &Mailing, version: i64) -> Result<(), StoreError> {
    let fields = &value.fields;
    let result = mailing::Entity::update_many()
        .col_expr(mailing::Column::Name, Expr::value(fields.name.clone()))
        .col_expr(mailing::Column::NameKey, Expr::value(checked::fold(&fields.name)))
        .col_expr(mailing::Column::Weekday, Expr::value(weekday_number(&fields.slot)))
        .col_expr(mailing::Column::Minute, Expr::value(minute(&fields.slot)))
        .col_expr(mailing::Column::Zone, Expr::value(fields.slot.zone.name()))
        .col_expr(mailing::Column::Which, Expr::value(fields.which.code()))
        .col_expr(mailing::Column::Section, Expr::value(fields.section.clone()))
        .col_expr(mailing::Column::OnlyPublished, Expr::value(fields.only_published))
        .col_expr(mailing::Column::Enabled, Expr::value(fields.enabled))
        .col_expr(mailing::Column::Lang, Expr::value(fields.lang.clone()))
        .col_expr(mailing::Column::NextAt, Expr::value(value.next_at))
        .col_expr(mailing::Column::Version, Expr::value(version + 1))
        .filter(mailing::Column::Id.eq(value.id))
        .filter(mailing::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// Sets the next time of a mail that nobody has changed or served meanwhile; false where somebody has.
pub async fn move_on(tx: &Tx, value: &Mailing, next_at: i64) -> Result<bool, StoreError> {
    let result = mailing::Entity::update_many()
        .col_expr(mailing::Column::NextAt, Expr::value(next_at))
        .col_expr(mailing::Column::Version, Expr::value(value.version + 1))
        .filter(mailing::Column::Id.eq(value.id))
        .filter(mailing::Column::Version.eq(value.version))
        .filter(mailing::Column::NextAt.eq(value.next_at))
        .filter(mailing::Column::Enabled.eq(true))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Removes a mail that is still in `version`, with its recipients.
pub async fn delete(tx: &Tx, id: Uuid, version: i64) -> Result<(), StoreError> {
    recipient::Entity::delete_many().filter(recipient::Column::MailingId.eq(id)).exec(tx.conn()).await?;
    let result = mailing::Entity::delete_many()
        .filter(mailing::Column::Id.eq(id))
        .filter(mailing::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(result.rows_affected)
}

/// The recipient whose link to unsubscribe has a token with this hash, and whose mail it is.
pub async fn by_token_hash(
    connection: &impl ConnectionTrait,
    token_hash: &str,
) -> Result<Option<(Uuid, Recipient)>, StoreError> {
    let row = recipient::Entity::find().filter(recipient::Column::Token.eq(token_hash)).one(connection).await?;
    Ok(row.map(|row| (row.mailing_id, recipient_value(row))))
}

/// A recipient, and whose mail it is.
pub async fn recipient(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<(Uuid, Recipient)>, StoreError> {
    let row = recipient::Entity::find_by_id(id).one(connection).await?;
    Ok(row.map(|row| (row.mailing_id, recipient_value(row))))
}

/// Up to `limit` secrets of links to unsubscribe that stand here in clear, each with its recipient: a hash is longer.
pub async fn clear_tokens(connection: &impl ConnectionTrait, limit: u64) -> Result<Vec<(Uuid, String)>, StoreError> {
    use recipient::Column;
    let rows = recipient::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Token])
        .filter(Expr::expr(Func::char_length(Expr::col(Column::Token))).lt(64))
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Puts the hash in the place of a secret.
pub async fn hash_token(tx: &Tx, id: Uuid, was: &str, hash: &str) -> Result<(), StoreError> {
    recipient::Entity::update_many()
        .col_expr(recipient::Column::Token, Expr::value(hash))
        .filter(recipient::Column::Id.eq(id))
        .filter(recipient::Column::Token.eq(was))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Notes that a recipient wants no more mail; false when that was noted before.
pub async fn unsubscribe(tx: &Tx, id: Uuid, now: i64) -> Result<bool, StoreError> {
    let result = recipient::Entity::update_many()
        .col_expr(recipient::Column::UnsubscribedAt, Expr::value(now))
        .filter(recipient::Column::Id.eq(id))
        .filter(recipient::Column::UnsubscribedAt.is_null())
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// The key under which addresses are equal.
pub fn email_key(email: &str) -> String {
    email.to_ascii_lowercase()
}

fn weekday_number(slot: &Slot) -> i32 {
    i32::try_from(slot.weekday.number_from_monday()).unwrap_or(1)
}

fn minute(slot: &Slot) -> i32 {
    i32::try_from(slot.minute()).unwrap_or(0)
}

fn recipient_value(row: recipient::Model) -> Recipient {
    Recipient { id: row.id, email: row.email, token_hash: row.token, unsubscribed_at: row.unsubscribed_at }
}

fn value(row: mailing::Model, recipients: Vec<Recipient>) -> Result<Mailing, StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("{what} of the weekly mail {}", row.id));
    let seconds = u32::try_from(row.minute).unwrap_or(u32::MAX).saturating_mul(60);
    let slot = Slot {
        weekday: weekday_of(&row.weekday.to_string()).map_err(|_| unreadable("weekday"))?,
        time: NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).ok_or_else(|| unreadable("time"))?,
        zone: zone_of(&row.zone).map_err(|_| unreadable("zone"))?,
    };
    let which = WhichWeek::from_code(&row.which).map_err(|_| unreadable("week"))?;
    Ok(Mailing {
        id: row.id,
        version: row.version,
        fields: MailingFields {
            name: row.name,
            slot,
            which,
            section: row.section,
            only_published: row.only_published,
            enabled: row.enabled,
            lang: row.lang,
        },
        recipients,
        next_at: row.next_at,
        created_at: row.created_at,
    })
}
