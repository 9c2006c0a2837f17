//! What the services need from outside: the clock, the random source, the ways out for mail and for requests over HTTP.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use thiserror::Error;
use uuid::Uuid;

use crate::domain::{
    burn_warning::BurnMail,
    chat::ChatTool,
    delivery::{Fault, Outcome},
    notice::Notice,
    notifier::Target,
    reminder::digest::Digest,
    report_mailing::ReportMail,
};

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in whole milliseconds.
    fn now(&self) -> DateTime<Utc>;

    /// What shows whether it is right.
    fn reference(&self) -> Reference {
        Reference::Nothing
    }
}

/// What a clock is compared with before a worker does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// It is right whatever others say: it stands, or it is somebody's who plays with it.
    Nothing,
    /// The clock of the database.
    Database,
    /// This time.
    Time(DateTime<Utc>),
}

/// Makes ids and secrets.
pub trait Ids: Send + Sync + 'static {
    /// A new UUIDv7; later ones sort later.
    fn id(&self) -> Uuid;
    /// 32 random bytes from the system.
    fn secret(&self) -> [u8; 32];
}

/// The words of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailWords {
    /// Subject, on one line.
    pub subject: String,
    /// Plain text part.
    pub text: String,
    /// HTML part.
    pub html: String,
}

/// Puts a digest into words, in its language; the error says which template failed and why.
pub type RenderDigest = fn(&Digest) -> Result<MailWords, String>;

/// Puts a weekly report into words, in the language of its list; the error says which template failed and why.
pub type RenderReportMail = fn(&ReportMail) -> Result<MailWords, String>;

/// Puts a warning that an error budget burns too fast into words, in the language of its reader; the error says which template
/// failed and why.
pub type RenderBurnMail = fn(&BurnMail) -> Result<MailWords, String>;

/// Puts a notice into words, in the language of its reader; the error says which template failed and why.
pub type RenderNotice = fn(&Notice) -> Result<MailWords, String>;

/// A message ready to go: frozen bytes, the same on every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Message-ID without angle brackets, the same on every attempt.
    pub message_id: String,
    /// Mailbox of the recipient.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// Plain text part.
    pub text: String,
    /// HTML part.
    pub html: String,
    /// First part of its List-Id: `reminders`, `weekly-report`, `notices` or `reviews`.
    pub list: &'static str,
    /// Where its reader unsubscribes with one click; none for mails of no list that one can leave.
    pub unsubscribe_url: Option<String>,
    /// Message-ID of the conversation that it belongs to, without angle brackets.
    pub thread: Option<String>,
    /// Its calendar part (RFC 5545), an invitation or its withdrawal.
    pub calendar: Option<String>,
    /// The Date header.
    pub date: DateTime<Utc>,
}

/// A message to a chat tool, ready to go: the same body on every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingChat {
    /// Of the message; receivers of Standard Webhooks know a second copy by it.
    pub id: Uuid,
    /// The form.
    pub tool: ChatTool,
    /// Where to.
    pub target: Target,
    /// JSON, not signed yet.
    pub body: String,
    /// When it is sent: signatures hold for an hour.
    pub at: DateTime<Utc>,
    /// Where a bot posts it; none is the address itself.
    pub place: Option<ChatPlace>,
}

/// Where a bot posts a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatPlace {
    /// The channel.
    pub channel: String,
    /// The event whose conversation it belongs to.
    pub event: Option<Uuid>,
    /// What the tool calls the first message of that conversation; none begins one.
    pub thread: Option<String>,
    /// Shown in the channel too.
    pub broadcast: bool,
}

/// How one sending went (reliability study, section 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it: 250 after the dot.
    Accepted,
    /// A tool took it, and calls it so.
    Posted(String),
    /// The conversation that it was to be posted in is gone: it begins another.
    ThreadGone(Fault),
    /// A definite temporary refusal of this message.
    RefusedForNow(Fault),
    /// The same, with the seconds that the other side wants to be left alone.
    TooFast(Fault, u64),
    /// A definite permanent refusal of this message or recipient.
    Refused(Fault),
    /// The server cannot be used now; nothing was handed over and the attempt does not count.
    Unreachable(Fault),
    /// The connection was lost after the whole message was written: it may or may not have arrived.
    Unknown(Fault),
}

impl Delivery {
    /// How the try ended, and what was not a yes.
    pub const fn outcome(&self) -> (Outcome, Option<&Fault>) {
        match self {
            Self::Accepted | Self::Posted(_) => (Outcome::Sent, None),
            Self::RefusedForNow(fault) | Self::TooFast(fault, _) | Self::ThreadGone(fault) => {
                (Outcome::ForNow, Some(fault))
            }
            Self::Refused(fault) => (Outcome::Refused, Some(fault)),
            Self::Unreachable(fault) => (Outcome::Unreachable, Some(fault)),
            Self::Unknown(fault) => (Outcome::Unknown, Some(fault)),
        }
    }
}

/// Asked just before the final dot: true when the message is still wanted and still ours.
pub type LastCheck<'a> = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> + Send + 'a>;

/// Hands messages over.
pub trait Transport: Send + Sync + 'static {
    /// Sends one message to one recipient. `last_check` runs when everything but the final step is done;
    /// where it says no, nothing is delivered and the answer is `None`.
    fn send<'a>(
        &'a self,
        message: &'a OutgoingMessage,
        last_check: LastCheck<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Delivery>> + Send + 'a>>;

    /// How many messages may be on their way at once.
    fn connections(&self) -> usize {
        1
    }

    /// Nothing is to be sent for a while: open connections are closed.
    fn rest(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {})
    }
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestBody {
    /// Nothing: a GET.
    None,
    /// Names and values of a form: a POST.
    Form(Vec<(&'static str, String)>),
    /// A JSON document: a POST.
    Json(Vec<u8>),
}

/// A request to a server of somebody else. Address, body and headers may hold what opens the way there: they are not printed.
#[derive(Clone)]
pub struct OutgoingRequest {
    /// `http` or `https`, without a name and a password in it.
    pub url: String,
    /// What it carries.
    pub body: RequestBody,
    /// Sent as `Authorization: Bearer`; never shown.
    pub bearer: Option<SecretString>,
    /// Without a bearer, what the settings hold for this server is sent (`outgoing.tokens`).
    pub house_token: bool,
    /// Other headers.
    pub headers: Vec<(&'static str, String)>,
    /// The longest that all of it may take, from the name to the last byte of the answer.
    pub within: Duration,
    /// The longest answer, in bytes.
    pub most_bytes: usize,
}

impl std::fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingRequest").field("within", &self.within).finish_non_exhaustive()
    }
}

/// What a server answered, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingAnswer {
    /// Status of HTTP.
    pub status: u16,
    /// Seconds after which the server wants to be asked again.
    pub retry_after: Option<u64>,
    /// At most as many bytes as were asked for.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OutgoingError {
    /// The address cannot be read, or is of another kind.
    #[error("{0}")]
    Address(String),
    /// The house does not send anything there.
    #[error("{0}")]
    Forbidden(String),
    /// The token that the settings name cannot be read.
    #[error("{0}")]
    Token(String),
    /// No connection: nothing arrived.
    #[error("{0}")]
    Unreachable(String),
    /// The connection broke: the request may have arrived.
    #[error("{0}")]
    Broken(String),
    /// It took too long.
    #[error("no whole answer within {0} seconds")]
    TooSlow(u64),
    /// The answer is too long.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The server points somewhere else; nobody follows.
    #[error("the server answers {0} and points to another address; give that one")]
    Redirect(u16),
}

/// Asks servers over HTTP. The one way out of the product beside mail: it keeps to `domain::outgoing`, follows no redirect and
/// uses no proxy.
pub trait Outgoing: Send + Sync + 'static {
    /// Checks an address before anything is sent: whether it can be read and may be asked as far as its text tells.
    fn check(&self, url: &str) -> Result<(), OutgoingError>;

    /// Whether the settings hold a token for the server of an address.
    fn holds_token(&self, url: &str) -> bool;

    /// Sends a request.
    fn send<'a>(
        &'a self,
        request: &'a OutgoingRequest,
    ) -> Pin<Box<dyn Future<Output = Result<OutgoingAnswer, OutgoingError>> + Send + 'a>>;
}
