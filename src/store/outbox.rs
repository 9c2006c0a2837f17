//! Outgoing mail and chat messages: frozen messages and where their delivery stands (reliability study, section 2).
//!
//! A worker owns a message while its claim token stands in the row. Every write of the worker names token and state
//! and must change exactly one row; where it does not, the claim was lost and the worker stops. What was tried of a
//! message is in `outbox_attempts.rs`.

use entity::outbox_message::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, UpdateMany,
    sea_query::{Expr, LockBehavior, LockType, Query, SimpleExpr},
};
use uuid::Uuid;

use super::{StoreError, Tx, tx::inserted};
use crate::domain::delivery::Phase;

/// Most messages that are listed as sent in place of one.
const MOST_AGAIN: u64 = 20;

/// Longest kept reply or error, in characters.
const ERROR_LIMIT: usize = 500;

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboxState {
    /// To be sent at `not_before` or later.
    Pending,
    /// A worker prepares or sends it; the final dot has not been written.
    Claimed,
    /// The final dot may have been written.
    Committing,
    /// The server took it.
    Sent,
    /// The server refused it for good.
    Dead,
    /// Several attempts had an outcome that nobody knows.
    Unconfirmed,
    /// Nobody needs it any more.
    Cancelled,
    /// A newer digest to the same person took its place.
    Superseded,
    /// Could not be delivered in time.
    Expired,
}

/// All states in order.
pub const OUTBOX_STATES: [OutboxState; 9] = [
    OutboxState::Pending,
    OutboxState::Claimed,
    OutboxState::Committing,
    OutboxState::Sent,
    OutboxState::Dead,
    OutboxState::Unconfirmed,
    OutboxState::Cancelled,
    OutboxState::Superseded,
    OutboxState::Expired,
];

impl OutboxState {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Claimed => "claimed",
            Self::Committing => "committing",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Unconfirmed => "unconfirmed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        OUTBOX_STATES.into_iter().find(|state| state.code() == code)
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// UUIDv7.
    pub id: Uuid,
    /// `reminder.digest` …
    pub kind: String,
    /// Unique: one message per key.
    pub dedupe_key: String,
    /// Without angle brackets, the same on every attempt.
    pub message_id: String,
    /// The account it is for.
    pub recipient_id: Option<Uuid>,
    /// Mailbox.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// Plain part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// Milliseconds: the Date header.
    pub date_at: i64,
    /// Where it stands.
    pub state: OutboxState,
    /// Failures that count.
    pub attempt: i64,
    /// Outcomes that nobody knows.
    pub unknowns: i64,
    /// Milliseconds.
    pub not_before: i64,
    /// Milliseconds.
    pub expires_at: i64,
    /// The last reply or error.
    pub last_error: Option<String>,
    /// At which step it was said.
    pub last_phase: Option<Phase>,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub sent_at: Option<i64>,
    /// The notifier that it goes to; none is a mail.
    pub notifier_id: Option<Uuid>,
    /// The JSON body of a message to a notifier; the calendar part of a mail.
    pub payload: Option<String>,
    /// Message-ID of the conversation that a mail belongs to, without angle brackets; of a message to a notifier the event that
    /// it is about.
    pub thread: Option<String>,
    /// The message in whose place it was sent as new.
    pub again_of: Option<Uuid>,
}

/// By which way messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// By mail, to a person.
    Mail,
    /// To a notifier.
    Chat,
}

impl Way {
    fn condition(self) -> Expr {
        match self {
            Self::Mail => Column::NotifierId.is_null(),
            Self::Chat => Column::NotifierId.is_not_null(),
        }
    }
}

/// A message in the hands of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The message.
    pub id: Uuid,
    /// Fencing token.
    pub token: Uuid,
}

/// How a claim ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The next state.
    pub state: OutboxState,
    /// When it may be tried again, milliseconds; absent, the time stays.
    pub not_before: Option<i64>,
    /// Failures that count.
    pub attempt: i64,
    /// Outcomes that nobody knows.
    pub unknowns: i64,
    /// The reply or error and its step; absent, the last one stays.
    pub error: Option<(Phase, String)>,
    /// Milliseconds, when it was sent.
    pub sent_at: Option<i64>,
}

/// Puts a message into the outbox; false when its dedupe key is taken.
pub async fn insert(tx: &Tx, value: &OutboxMessage) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(value.id),
        kind: Set(value.kind.clone()),
        dedupe_key: Set(value.dedupe_key.clone()),
        message_id: Set(value.message_id.clone()),
        recipient_id: Set(value.recipient_id),
        recipient: Set(value.recipient.clone()),
        subject: Set(value.subject.clone()),
        body_text: Set(value.text.clone()),
        body_html: Set(value.html.clone()),
        date_at: Set(value.date_at),
        state: Set(value.state.code().to_owned()),
        attempt: Set(value.attempt),
        unknowns: Set(value.unknowns),
        not_before: Set(value.not_before),
        expires_at: Set(value.expires_at),
        claim_token: Set(None),
        lease_until: Set(None),
        last_error: Set(None),
        last_phase: Set(None),
        created_at: Set(value.created_at),
        sent_at: Set(None),
        notifier_id: Set(value.notifier_id),
        payload: Set(value.payload.clone()),
        thread: Set(value.thread.clone()),
        again_of: Set(value.again_of),
        held_in: Set(None),
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

/// One message.
pub async fn by_id(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<OutboxMessage>, StoreError> {
    Entity::find_by_id(id).one(connection).await?.map(value).transpose()
}

/// Messages that were sent as new in place of one, the newest first.
pub async fn again_of(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<OutboxMessage>, StoreError> {
    let find = Entity::find().filter(Column::AgainOf.eq(id)).order_by_desc(Column::Id).limit(MOST_AGAIN);
    find.all(connection).await?.into_iter().map(value).collect()
}

/// What the machine gave up: a person may send it once more.
fn given_up() -> SimpleExpr {
    Column::State.is_in([OutboxState::Dead.code(), OutboxState::Unconfirmed.code(), OutboxState::Expired.code()])
}

/// Locks a message that the machine gave up until the transaction ends; false when it is in another state.
pub async fn hold_given_up(tx: &Tx, id: Uuid) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::ClaimToken, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(Column::Id.eq(id))
        .filter(given_up())
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Which messages a list shows; what is absent is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// Where it stands.
    pub state: Option<OutboxState>,
    /// By which way it goes.
    pub way: Option<Way>,
    /// To this notifier.
    pub notifier: Option<Uuid>,
    /// To one of these mailboxes or names of notifiers, as they stand.
    pub recipients: Option<Vec<String>>,
}

/// A page of messages, the newest first, below the id `before`.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &OutboxFilter,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let mut find = Entity::find();
    if let Some(state) = filter.state {
        find = find.filter(Column::State.eq(state.code()));
    }
    if let Some(way) = filter.way {
        find = find.filter(way.condition());
    }
    if let Some(notifier) = filter.notifier {
        find = find.filter(Column::NotifierId.eq(notifier));
    }
    if let Some(recipients) = &filter.recipients {
        find = find.filter(Column::Recipient.is_in(recipients.iter().map(String::as_str)));
    }
    if let Some(before) = before {
        find = find.filter(Column::Id.lt(before));
    }
    find.order_by_desc(Column::Id).limit(limit).all(connection).await?.into_iter().map(value).collect()
}

/// The latest messages to a notifier, the newest first.
pub async fn of_notifier(
    connection: &impl ConnectionTrait,
    notifier: Uuid,
    limit: u64,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let find = Entity::find().filter(Column::NotifierId.eq(notifier)).order_by_desc(Column::Id).limit(limit);
    find.all(connection).await?.into_iter().map(value).collect()
}

/// How many messages there are in each state that occurs.
pub async fn count_by_state(connection: &impl ConnectionTrait) -> Result<Vec<(OutboxState, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::State)
        .column_as(Column::Id.count(), "n")
        .group_by(Column::State)
        .into_tuple()
        .all(connection)
        .await?;
    rows.into_iter().map(|(code, count)| Ok((state_of(&code)?, count))).collect()
}

/// How many messages of a way are still to be sent, now or later.
pub async fn count_pending(connection: &impl ConnectionTrait, way: Way) -> Result<u64, StoreError> {
    let find = Entity::find().filter(Column::State.eq(OutboxState::Pending.code())).filter(way.condition());
    Ok(find.count(connection).await?)
}

/// Whether a message of a way may be sent at `now`.
pub async fn is_due(connection: &impl ConnectionTrait, way: Way, now: i64) -> Result<bool, StoreError> {
    let one: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .filter(Column::NotBefore.lte(now))
        .filter(way.condition())
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(one.is_some())
}

/// Since when the longest waiting message, of a way or of any, could have gone, where it could at `now`.
pub async fn oldest_due(
    connection: &impl ConnectionTrait,
    way: Option<Way>,
    now: i64,
) -> Result<Option<i64>, StoreError> {
    let find = way.map_or_else(Entity::find, |way| Entity::find().filter(way.condition()));
    Ok(find
        .select_only()
        .column(Column::NotBefore)
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .filter(Column::NotBefore.lte(now))
        .order_by_asc(Column::NotBefore)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?)
}

/// Messages whose worker let the lease run out before `now`, with their states and tokens.
pub async fn abandoned(
    connection: &impl ConnectionTrait,
    now: i64,
    limit: u64,
) -> Result<Vec<(OutboxMessage, Claim)>, StoreError> {
    let rows = Entity::find()
        .filter(Column::State.is_in([OutboxState::Claimed.code(), OutboxState::Committing.code()]))
        .filter(Column::LeaseUntil.lt(now))
        .order_by_asc(Column::LeaseUntil)
        .limit(limit)
        .all(connection)
        .await?;
    rows.into_iter()
        .map(|row| {
            let token = row.claim_token.as_deref().and_then(|token| token.parse().ok()).unwrap_or_default();
            Ok((value(row.clone())?, Claim { id: row.id, token }))
        })
        .collect()
}

/// Takes up to `limit` pending messages of a way that are due, the longest waiting first, under one token. No two workers
/// take the same: SQLite has one writer and takes them in one statement; the servers skip what another worker is taking
/// (reliability study, section 2.3).
pub async fn take(
    tx: &Tx,
    way: Way,
    token: Uuid,
    now: i64,
    lease_until: i64,
    limit: u64,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let taken = Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Claimed.code()))
        .col_expr(Column::ClaimToken, Expr::value(token.to_string()))
        .col_expr(Column::LeaseUntil, Expr::value(lease_until));
    let mut rows = if tx.backend() == DatabaseBackend::Sqlite {
        let due = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::State.eq(OutboxState::Pending.code()))
            .and_where(Column::NotBefore.lte(now))
            .and_where(way.condition())
            .order_by(Column::NotBefore, sea_orm::Order::Asc)
            .order_by(Column::Id, sea_orm::Order::Asc)
            .limit(limit)
            .take();
        taken.filter(Column::Id.in_subquery(due)).exec_with_returning(tx.conn()).await?
    } else {
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::State.eq(OutboxState::Pending.code()))
            .filter(Column::NotBefore.lte(now))
            .filter(way.condition())
            .order_by_asc(Column::NotBefore)
            .order_by_asc(Column::Id)
            .limit(limit)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple()
            .all(tx.conn())
            .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        taken.filter(Column::Id.is_in(ids.iter().copied())).exec(tx.conn()).await?;
        Entity::find().filter(Column::Id.is_in(ids)).all(tx.conn()).await?
    };
    rows.sort_by_key(|row| (row.not_before, row.id));
    rows.into_iter().map(value).collect()
}

/// Replaces the words of a claimed message of which no copy can be anywhere yet; false when the claim was lost.
pub async fn reword(
    tx: &Tx,
    claim: Claim,
    subject: &str,
    text: &str,
    html: &str,
    thread: Option<&str>,
) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Thread, Expr::value(thread.map(str::to_owned)))
        .col_expr(Column::Subject, Expr::value(subject))
        .col_expr(Column::BodyText, Expr::value(text))
        .col_expr(Column::BodyHtml, Expr::value(html))
        .filter(Column::Id.eq(claim.id))
        .filter(Column::ClaimToken.eq(claim.token.to_string()))
        .filter(Column::State.eq(OutboxState::Claimed.code()))
        .filter(Column::Unknowns.eq(0_i64))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// The same of a message to a notifier.
pub async fn reword_chat(tx: &Tx, claim: Claim, subject: &str, text: &str, payload: &str) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::Subject, Expr::value(subject))
        .col_expr(Column::BodyText, Expr::value(text))
        .col_expr(Column::Payload, Expr::value(payload))
        .filter(Column::Id.eq(claim.id))
        .filter(Column::ClaimToken.eq(claim.token.to_string()))
        .filter(Column::State.eq(OutboxState::Claimed.code()))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// The message of a key that waits to be sent, locked: another worker that takes it meanwhile reads what is added to it.
pub async fn waiting_of_key(tx: &Tx, key: &str) -> Result<Option<Uuid>, StoreError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DedupeKey.eq(key))
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .lock_exclusive()
        .into_tuple()
        .one(tx.conn())
        .await?)
}

/// Has a newer message tell what an older one held; answers how much.
pub async fn carry_held(tx: &Tx, from: Uuid, to: Uuid) -> Result<u64, StoreError> {
    let moved = Entity::update_many()
        .col_expr(Column::HeldIn, Expr::value(to))
        .filter(Column::HeldIn.eq(from))
        .exec(tx.conn())
        .await?;
    Ok(moved.rows_affected)
}

/// Ends a claimed message in favour of another one, which tells what it was to tell; false when the claim was lost.
pub async fn hold_in(tx: &Tx, claim: Claim, other: Uuid) -> Result<bool, StoreError> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Superseded.code()))
        .col_expr(Column::HeldIn, Expr::value(other));
    given_back(tx, claim, update).await
}

/// Gives a claimed message back for later; false when the claim was lost.
pub async fn wait(tx: &Tx, claim: Claim, until: i64) -> Result<bool, StoreError> {
    let update = Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Pending.code()))
        .col_expr(Column::NotBefore, Expr::value(until));
    given_back(tx, claim, update).await
}

async fn given_back(tx: &Tx, claim: Claim, update: UpdateMany<Entity>) -> Result<bool, StoreError> {
    let result = update
        .col_expr(Column::ClaimToken, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(Column::Id.eq(claim.id))
        .filter(Column::ClaimToken.eq(claim.token.to_string()))
        .filter(Column::State.eq(OutboxState::Claimed.code()))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// The messages whose place another one takes when quiet hours end, in their order.
pub async fn held_in(
    connection: &impl ConnectionTrait,
    other: Uuid,
    limit: u64,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let find = Entity::find().filter(Column::HeldIn.eq(other)).order_by_asc(Column::Id).limit(limit);
    find.all(connection).await?.into_iter().map(value).collect()
}

/// Nothing of these messages is told any more.
pub async fn let_go(tx: &Tx, ids: &[Uuid]) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::HeldIn, Expr::value(None::<Uuid>))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Has the waiting messages of a kind to a notifier looked at now.
pub async fn look_at(tx: &Tx, notifier: Uuid, kind: &str, now: i64) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::NotBefore, Expr::value(now))
        .filter(Column::NotifierId.eq(notifier))
        .filter(Column::Kind.eq(kind))
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Whether another message to the same notifier about the same event may be the first one in a moment: it is being handed over,
/// or it is older and in the hands of a worker.
pub async fn is_first_on_its_way(
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, StoreError> {
    let one: Option<Uuid> =
        Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Condition::any().add(Column::State.eq(OutboxState::Committing.code())).add(
                Condition::all().add(Column::State.eq(OutboxState::Claimed.code())).add(Column::Id.lt(message.id)),
            ))
            .filter(Column::NotifierId.eq(message.notifier_id))
            .filter(Column::Thread.eq(message.thread.clone()))
            .filter(Column::Id.ne(message.id))
            .limit(1)
            .into_tuple()
            .one(connection)
            .await?;
    Ok(one.is_some())
}

/// The last step before the final dot: the claim must still hold at `now`. False when it does not.
pub async fn to_committing(tx: &Tx, claim: Claim, now: i64, lease_until: i64) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Committing.code()))
        .col_expr(Column::LeaseUntil, Expr::value(lease_until))
        .filter(Column::Id.eq(claim.id))
        .filter(Column::ClaimToken.eq(claim.token.to_string()))
        .filter(Column::State.eq(OutboxState::Claimed.code()))
        .filter(Column::LeaseUntil.gt(now))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Ends a claim that stands in one of `from`; false when it was lost.
pub async fn end(tx: &Tx, claim: Claim, from: &[OutboxState], ending: &Ending) -> Result<bool, StoreError> {
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(ending.state.code()))
        .col_expr(Column::ClaimToken, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(Column::Attempt, Expr::value(ending.attempt))
        .col_expr(Column::Unknowns, Expr::value(ending.unknowns));
    if let Some(not_before) = ending.not_before {
        update = update.col_expr(Column::NotBefore, Expr::value(not_before));
    }
    if let Some((phase, error)) = &ending.error {
        let error: String = error.chars().take(ERROR_LIMIT).collect();
        update = update
            .col_expr(Column::LastError, Expr::value(error))
            .col_expr(Column::LastPhase, Expr::value(phase.code()));
    }
    if let Some(sent_at) = ending.sent_at {
        update = update.col_expr(Column::SentAt, Expr::value(sent_at));
    }
    let result = update
        .filter(Column::Id.eq(claim.id))
        .filter(Column::ClaimToken.eq(claim.token.to_string()))
        .filter(Column::State.is_in(from.iter().map(|state| state.code())))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Cancels a message of which the final dot has not been written; false when it is too late or already over.
/// A worker that holds it loses its claim and learns so at its last check.
pub async fn cancel(tx: &Tx, id: Uuid) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Cancelled.code()))
        .col_expr(Column::ClaimToken, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(Column::Id.eq(id))
        .filter(Column::State.is_in([OutboxState::Pending.code(), OutboxState::Claimed.code()]))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Takes a message out of the hands of a worker that has not written the final dot: what it says has changed.
pub async fn recall(tx: &Tx, id: Uuid) -> Result<(), StoreError> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Pending.code()))
        .col_expr(Column::ClaimToken, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(OutboxState::Claimed.code()))
        .exec(tx.conn())
        .await?;
    Ok(())
}

/// Replaces older pending messages of the kind of a newer one to the same account or notifier; answers their ids.
pub async fn supersede(tx: &Tx, newer: &OutboxMessage) -> Result<Vec<Uuid>, StoreError> {
    let to = match (newer.notifier_id, newer.recipient_id) {
        (Some(notifier), _) => Column::NotifierId.eq(notifier),
        (None, Some(account)) => Column::RecipientId.eq(account),
        (None, None) => return Ok(Vec::new()),
    };
    let older: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .filter(Column::Kind.eq(&newer.kind))
        .filter(to)
        .filter(Column::Id.ne(newer.id))
        .into_tuple()
        .all(tx.conn())
        .await?;
    let mut superseded = Vec::with_capacity(older.len());
    for id in older {
        if move_pending(tx, id, OutboxState::Superseded).await? {
            superseded.push(id);
        }
    }
    Ok(superseded)
}

/// Pending messages whose time is over at `now`.
pub async fn late(connection: &impl ConnectionTrait, now: i64, limit: u64) -> Result<Vec<Uuid>, StoreError> {
    Ok(Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .filter(Column::ExpiresAt.lte(now))
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?)
}

/// Gives up a pending message; false when it is in another state by now.
pub async fn expire(tx: &Tx, id: Uuid) -> Result<bool, StoreError> {
    move_pending(tx, id, OutboxState::Expired).await
}

/// Sends a message again that the machine gave up; false when it is in another state.
pub async fn requeue(tx: &Tx, id: Uuid, now: i64, expires_at: i64) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::State, Expr::value(OutboxState::Pending.code()))
        .col_expr(Column::Attempt, Expr::value(0_i64))
        // One unknown outcome stays on record: a copy may be out there, so the words stay frozen.
        .col_expr(Column::Unknowns, Expr::cust("CASE WHEN unknowns > 0 THEN 1 ELSE 0 END"))
        .col_expr(Column::NotBefore, Expr::value(now))
        .col_expr(Column::ExpiresAt, Expr::value(expires_at))
        .filter(Column::Id.eq(id))
        .filter(given_up())
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

/// Removes up to `limit` messages in one of `states` that were last due before `before`, with what was tried of them.
pub async fn remove(tx: &Tx, states: &[OutboxState], before: i64, limit: u64) -> Result<u64, StoreError> {
    let ids: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::State.is_in(states.iter().map(|state| state.code())))
        .filter(Column::NotBefore.lt(before))
        .limit(limit)
        .into_tuple()
        .all(tx.conn())
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    super::outbox_attempts::remove_of(tx, &ids).await?;
    Ok(Entity::delete_many().filter(Column::Id.is_in(ids)).exec(tx.conn()).await?.rows_affected)
}

async fn move_pending(tx: &Tx, id: Uuid, to: OutboxState) -> Result<bool, StoreError> {
    let result = Entity::update_many()
        .col_expr(Column::State, Expr::value(to.code()))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(OutboxState::Pending.code()))
        .exec(tx.conn())
        .await?;
    Ok(result.rows_affected == 1)
}

fn state_of(code: &str) -> Result<OutboxState, StoreError> {
    OutboxState::from_code(code).ok_or_else(|| StoreError::Unreadable(format!("outbox state {code}")))
}

fn value(row: Model) -> Result<OutboxMessage, StoreError> {
    Ok(OutboxMessage {
        state: state_of(&row.state)?,
        id: row.id,
        kind: row.kind,
        dedupe_key: row.dedupe_key,
        message_id: row.message_id,
        recipient_id: row.recipient_id,
        recipient: row.recipient,
        subject: row.subject,
        text: row.body_text,
        html: row.body_html,
        date_at: row.date_at,
        attempt: row.attempt,
        unknowns: row.unknowns,
        not_before: row.not_before,
        expires_at: row.expires_at,
        last_error: row.last_error,
        created_at: row.created_at,
        sent_at: row.sent_at,
        last_phase: row.last_phase.as_deref().and_then(Phase::from_code),
        notifier_id: row.notifier_id,
        payload: row.payload,
        thread: row.thread,
        again_of: row.again_of,
    })
}
