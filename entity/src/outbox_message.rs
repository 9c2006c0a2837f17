//! An outgoing mail or chat message: frozen bytes and where its delivery stands (reliability study, section 2).

use sea_orm::entity::prelude::*;

/// A row of `outbox_message`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox_message")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// reminder.digest …
    pub kind: String,
    /// Unique: one message per key.
    pub dedupe_key: String,
    /// Message-ID, stable over attempts; unique.
    pub message_id: String,
    /// Account.
    pub recipient_id: Option<Uuid>,
    /// Mailbox.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// Plain part.
    pub body_text: String,
    /// HTML part.
    pub body_html: String,
    /// Milliseconds: the Date header.
    pub date_at: i64,
    /// pending, claimed, committing, sent, dead, unconfirmed, cancelled, superseded, expired.
    pub state: String,
    /// Counted attempts.
    pub attempt: i64,
    /// Attempts with unknown outcome.
    pub unknowns: i64,
    /// Milliseconds.
    pub not_before: i64,
    /// Milliseconds.
    pub expires_at: i64,
    /// Fencing token of the current claim.
    pub claim_token: Option<String>,
    /// Milliseconds.
    pub lease_until: Option<i64>,
    /// The last reply or error.
    pub last_error: Option<String>,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub sent_at: Option<i64>,
    /// Where a message for a chat tool goes; none is a mail.
    pub notifier_id: Option<Uuid>,
    /// The body that the chat tool gets, JSON; of a mail its calendar part.
    pub payload: Option<String>,
    /// The step that failed last.
    pub last_phase: Option<String>,
    /// Message-ID of the conversation that it belongs to; of a message to a notifier the event.
    pub thread: Option<String>,
    /// The message in whose place it was sent as new.
    pub again_of: Option<Uuid>,
    /// The message that tells what this one was to tell in quiet hours.
    pub held_in: Option<Uuid>,
}

/// No relations are declared: the store joins by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
