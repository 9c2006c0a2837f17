//! What is held on one person, and what of it goes when their account is closed.

use entity::{
    account, action_item, api_token, audit_entry, edit_lock, event, event_viewer, idempotency_key, mail_stop,
    mailing_recipient, outbox_attempt, outbox_message, postmortem, reminder_entry, review_attendee, review_meeting,
    saved_view, session, team, team_member,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{StoreError, Tx, events, tx::one_row};
use crate::domain::{checked, visibility::Sight};

/// The most rows of one kind in an export, the latest first.
pub const MOST: u64 = 10_000;

/// When a session began, was used last and ends, in milliseconds.
pub async fn sessions(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    use session::Column;
    let rows = session::Entity::find()
        .select_only()
        .columns([Column::CreatedAt, Column::SeenAt, Column::ExpiresAt])
        .filter(Column::AccountId.eq(id))
        .order_by_desc(Column::CreatedAt)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Label, first characters, when it was made and used last, of each API token.
pub async fn tokens(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<(String, String, i64, Option<i64>)>, StoreError> {
    use api_token::Column;
    let rows = api_token::Entity::find()
        .select_only()
        .columns([Column::Name, Column::Prefix, Column::CreatedAt, Column::UsedAt])
        .filter(Column::AccountId.eq(id))
        .order_by_desc(Column::CreatedAt)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Names of the teams of a person.
pub async fn teams(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<String>, StoreError> {
    let of = Query::select()
        .column(team_member::Column::TeamId)
        .from(team_member::Entity)
        .and_where(team_member::Column::AccountId.eq(id))
        .take();
    let rows = team::Entity::find()
        .select_only()
        .column(team::Column::Name)
        .filter(team::Column::Id.in_subquery(of))
        .order_by_asc(team::Column::Name)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Name and query of each saved view.
pub async fn views(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<(String, String)>, StoreError> {
    use saved_view::Column;
    let rows = saved_view::Entity::find()
        .select_only()
        .columns([Column::Name, Column::Query])
        .filter(Column::OwnerId.eq(id))
        .order_by_asc(Column::Name)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// When, under which subject and in which state, of each mail to a person.
pub async fn mails(
    connection: &impl ConnectionTrait,
    id: Uuid,
    address: &str,
) -> Result<Vec<(i64, String, String, String)>, StoreError> {
    use outbox_message::Column;
    let to = Condition::any().add(Column::RecipientId.eq(id)).add(Column::Recipient.eq(address));
    let rows = outbox_message::Entity::find()
        .select_only()
        .columns([Column::CreatedAt, Column::Kind, Column::Subject, Column::State])
        .filter(to)
        .order_by_desc(Column::Id)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Why and since when an address gets no mail.
pub async fn stops(connection: &impl ConnectionTrait, address: &str) -> Result<Vec<(String, i64)>, StoreError> {
    use mail_stop::Column;
    let rows = mail_stop::Entity::find()
        .select_only()
        .columns([Column::Reason, Column::CreatedAt])
        .filter(Column::AddressKey.eq(checked::fold(address)))
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// When, what and on what, of everything that a person did.
pub async fn acts(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<(i64, String, String)>, StoreError> {
    use audit_entry::Column;
    let rows = audit_entry::Entity::find()
        .select_only()
        .columns([Column::At, Column::Action, Column::Subject])
        .filter(Column::ActorId.eq(id))
        .order_by_desc(Column::At)
        .order_by_desc(Column::Id)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// Number, title and state of each action item that a person owns, of events that they see.
pub async fn items(
    connection: &impl ConnectionTrait,
    id: Uuid,
    sight: Sight,
) -> Result<Vec<(i64, String, String)>, StoreError> {
    use action_item::Column;
    let rows = action_item::Entity::find()
        .select_only()
        .columns([Column::Number, Column::Title, Column::State])
        .filter(Column::OwnerId.eq(id))
        .filter(Column::DeletedAt.is_null())
        .filter(Column::EventId.in_subquery(events::seen(sight)))
        .order_by_desc(Column::Number)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// What a person is named for on an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Owns its postmortem.
    Owner,
    /// Reviews its postmortem.
    Reviewer,
    /// Comes to its review.
    Attendee,
    /// Sees it although it is restricted.
    Viewer,
}

/// Numbers of the events that a person is named on, of those that they see.
pub async fn named(
    connection: &impl ConnectionTrait,
    id: Uuid,
    sight: Sight,
    how: Named,
) -> Result<Vec<i64>, StoreError> {
    let mut of = Query::select();
    match how {
        Named::Owner | Named::Reviewer => {
            let column = if how == Named::Owner { postmortem::Column::OwnerId } else { postmortem::Column::ReviewerId };
            of.column(postmortem::Column::EventId).from(postmortem::Entity).and_where(column.eq(id));
        }
        Named::Attendee => {
            let column = review_attendee::Column::AccountId;
            of.column(review_attendee::Column::EventId).from(review_attendee::Entity).and_where(column.eq(id));
        }
        Named::Viewer => {
            let column = event_viewer::Column::AccountId;
            of.column(event_viewer::Column::EventId).from(event_viewer::Entity).and_where(column.eq(id));
        }
    }
    let rows = event::Entity::find()
        .select_only()
        .column(event::Column::Number)
        .filter(event::Column::Id.in_subquery(of.take()))
        .filter(event::Column::DeletedAt.is_null())
        .filter(events::visible(sight))
        .order_by_desc(event::Column::Number)
        .limit(MOST)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows)
}

/// What an account is called once it is closed.
pub struct ClosedAs<'a> {
    /// An address that no mail can be sent to, unique.
    pub email: &'a str,
    /// A name that says nothing of the person.
    pub name: &'a str,
}

/// Closes an account that is still in `version`: address, name, password and zone go; so do their teams, views of their own, what
/// they were answered, mails that still wait, and the words of those that went. Where they are named as owner, reviewer or writer the id stays.
pub async fn close(tx: &Tx, id: Uuid, address: &str, version: i64, to: ClosedAs<'_>) -> Result<(), StoreError> {
    let row = account::ActiveModel {
        email: Set(to.email.to_owned()),
        email_key: Set(checked::fold(to.email)),
        name: Set(to.name.to_owned()),
        password_hash: Set(None),
        zone: Set(None),
        second_factor_at: Set(None),
        active: Set(false),
        ..Default::default()
    };
    let done = account::Entity::update_many()
        .set(row)
        .col_expr(account::Column::Version, Expr::col(account::Column::Version).add(1))
        .filter(account::Column::Id.eq(id))
        .filter(account::Column::Version.eq(version))
        .exec(tx.conn())
        .await?;
    one_row(done.rows_affected)?;
    let conn = tx.conn();
    team_member::Entity::delete_many().filter(team_member::Column::AccountId.eq(id)).exec(conn).await?;
    event_viewer::Entity::delete_many().filter(event_viewer::Column::AccountId.eq(id)).exec(conn).await?;
    edit_lock::Entity::delete_many().filter(edit_lock::Column::AccountId.eq(id)).exec(conn).await?;
    idempotency_key::Entity::delete_many().filter(idempotency_key::Column::AccountId.eq(id)).exec(conn).await?;
    let own = saved_view::Entity::delete_many().filter(saved_view::Column::OwnerId.eq(id));
    own.filter(saved_view::Column::Shared.eq(false)).exec(conn).await?;
    mailing_recipient::Entity::delete_many()
        .filter(mailing_recipient::Column::EmailKey.eq(checked::fold(address)))
        .exec(conn)
        .await?;
    mail_stop::Entity::delete_many()
        .filter(mail_stop::Column::AddressKey.eq(checked::fold(address)))
        .exec(conn)
        .await?;
    let of_person = Condition::any()
        .add(outbox_message::Column::RecipientId.eq(id))
        .add(outbox_message::Column::Recipient.eq(address));
    let waits = Condition::all().add(of_person.clone()).add(outbox_message::Column::State.is_in([
        "pending",
        "dead",
        "unconfirmed",
        "expired",
    ]));
    let carried = outbox_message::Entity::find().select_only().column(outbox_message::Column::Id).filter(waits.clone());
    reminder_entry::Entity::update_many()
        .set(reminder_entry::ActiveModel { state: Set("cancelled".to_owned()), ..Default::default() })
        .filter(reminder_entry::Column::OutboxId.in_subquery(carried.into_query()))
        .filter(reminder_entry::Column::State.eq("planned"))
        .exec(conn)
        .await?;
    outbox_message::Entity::update_many()
        .set(outbox_message::ActiveModel { state: Set("cancelled".to_owned()), ..Default::default() })
        .filter(waits)
        .exec(conn)
        .await?;
    let theirs =
        outbox_message::Entity::find().select_only().column(outbox_message::Column::Id).filter(of_person.clone());
    outbox_attempt::Entity::update_many()
        .set(outbox_attempt::ActiveModel { said: Set(None), ..Default::default() })
        .filter(outbox_attempt::Column::OutboxId.in_subquery(theirs.into_query()))
        .exec(conn)
        .await?;
    // What is on its way right now is left to whoever sends it.
    outbox_message::Entity::update_many()
        .set(outbox_message::ActiveModel {
            recipient: Set(to.email.to_owned()),
            subject: Set(String::new()),
            body_text: Set(String::new()),
            body_html: Set(String::new()),
            last_error: Set(None),
            payload: Set(None),
            ..Default::default()
        })
        .filter(of_person)
        .filter(outbox_message::Column::State.is_not_in(["claimed", "committing"]))
        .exec(conn)
        .await?;
    review_meeting::Entity::update_many()
        .set(review_meeting::ActiveModel {
            organizer: Set(to.email.to_owned()),
            organizer_name: Set(to.name.to_owned()),
            ..Default::default()
        })
        .filter(review_meeting::Column::Organizer.eq(address))
        .exec(conn)
        .await?;
    Ok(())
}
