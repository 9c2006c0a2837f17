//! The outbox over the API: messages, what was tried of them, sending again; and marked addresses.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    optional_json::OptionalJson,
};
use crate::{
    i18n::outbox::problem_words,
    service::{
        App,
        mail_stops::{self, MailStop},
        outbox_admin::{self, Attempt, OutboxMessage, PAGE_LIMIT},
    },
};

/// Which messages.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutboxQuery {
    /// pending, claimed, committing, sent, dead, unconfirmed, cancelled, superseded or expired; by default all.
    pub state: Option<String>,
    /// mail, chat, or a notifier by id or name; by default all.
    pub channel: Option<String>,
    /// An address, or the name of an account or of a notifier.
    pub recipient: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Uuid>,
    /// 1 to 200, by default 50.
    pub limit: Option<u64>,
}

/// A message in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxBody {
    /// Stays for ever.
    id: Uuid,
    /// `reminder.digest`, `report.weekly`, `review.invite`, `notice`, `chat.event.logged` …
    kind: String,
    /// mail or chat.
    channel: &'static str,
    /// The mailbox, or the name of the notifier.
    recipient: String,
    /// One line.
    subject: String,
    /// pending, claimed, committing, sent, dead, unconfirmed, cancelled, superseded or expired.
    state: &'static str,
    /// Failures that count.
    attempts: i64,
    /// Outcomes that nobody knows.
    unknowns: i64,
    /// The step that failed last: build, marked, connect, tls, auth, mail, rcpt, data, body, dot, worker or chat.
    last_phase: Option<&'static str>,
    /// What was said there.
    last_error: Option<String>,
    /// The same as a sentence, in English.
    problem: Option<String>,
    /// When it was put into the outbox, in the report zone.
    created_at: DateTime<FixedOffset>,
    /// When it may go; of one that went, when it could.
    not_before: DateTime<FixedOffset>,
    /// When the other side took it.
    sent_at: Option<DateTime<FixedOffset>>,
    /// The message in whose place it was sent as new.
    again_of: Option<Uuid>,
}

/// Messages, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxList {
    data: Vec<OutboxBody>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptBody {
    /// When it ended.
    at: DateTime<FixedOffset>,
    /// sent, for_now, refused, unreachable or unknown.
    outcome: &'static str,
    /// The step that failed.
    phase: Option<&'static str>,
    /// What was said there.
    said: Option<String>,
    /// Milliseconds from taking the message to the end of the try.
    took_ms: i64,
    /// Whose try it was.
    worker: String,
}

/// One message with its words, and what was tried of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxDetail {
    #[serde(flatten)]
    message: OutboxBody,
    /// The same on every try.
    message_id: String,
    /// Plain text.
    text: String,
    /// HTML; empty for messages to notifiers.
    html: String,
    /// The calendar part of a mail (iCalendar), or the body of a message to a notifier (JSON).
    payload: Option<String>,
    /// The latest 50, the latest first.
    tries: Vec<AttemptBody>,
    /// Messages that were sent as new in its place, the newest first.
    sent_again_as: Vec<Uuid>,
}

/// Which of the messages that were given up are sent again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequeueClass {
    /// dead, unconfirmed or expired.
    state: String,
    /// mail, chat, or a notifier by name or id; by default both ways.
    channel: Option<String>,
    /// An address, or the name of an account or of a notifier; by default everybody.
    recipient: Option<String>,
}

/// What was sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Requeued {
    /// How many, at most 1,000 at once.
    requeued: usize,
}

/// Where a test mail goes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestMail {
    /// By default the caller's own address.
    to: Option<String>,
}

/// A marked address.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailStopBody {
    id: Uuid,
    /// The address.
    address: String,
    /// bounced (no mail goes there) or unsubscribed (no reminders do).
    reason: &'static str,
    /// What the mail server said.
    said: Option<String>,
    /// The message that came back.
    message: Option<Uuid>,
    /// Since when.
    created_at: DateTime<FixedOffset>,
}

/// Marked addresses, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailStopList {
    data: Vec<MailStopBody>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// Which marked addresses.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailStopQuery {
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
    /// 1 to 200, by default 200.
    limit: Option<u64>,
}

fn local(app: &App, millis: i64) -> DateTime<FixedOffset> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default().with_timezone(&app.zone).fixed_offset()
}

/// A message as JSON.
pub fn body(app: &App, message: &OutboxMessage) -> OutboxBody {
    OutboxBody {
        id: message.id,
        kind: message.kind.clone(),
        channel: if message.notifier_id.is_some() { "chat" } else { "mail" },
        recipient: message.recipient.clone(),
        subject: message.subject.clone(),
        state: message.state.code(),
        attempts: message.attempt,
        unknowns: message.unknowns,
        last_phase: message.last_phase.map(crate::domain::delivery::Phase::code),
        last_error: message.last_error.clone(),
        problem: message.last_error.as_ref().map(|said| problem_words(false, message.last_phase, said)),
        created_at: local(app, message.created_at),
        not_before: local(app, message.not_before),
        sent_at: message.sent_at.map(|at| local(app, at)),
        again_of: message.again_of,
    }
}

/// A message with its words as JSON.
pub fn detail(app: &App, message: &OutboxMessage, tries: &[Attempt], newer: &[OutboxMessage]) -> OutboxDetail {
    OutboxDetail {
        message: body(app, message),
        message_id: message.message_id.clone(),
        text: message.text.clone(),
        html: message.html.clone(),
        payload: message.payload.clone(),
        sent_again_as: newer.iter().map(|one| one.id).collect(),
        tries: tries
            .iter()
            .map(|attempt| AttemptBody {
                at: local(app, attempt.at),
                outcome: attempt.outcome.code(),
                phase: attempt.phase.map(crate::domain::delivery::Phase::code),
                said: attempt.said.clone(),
                took_ms: attempt.took_ms,
                worker: attempt.worker.clone(),
            })
            .collect(),
    }
}

/// A page of messages as JSON; `limit` is what was asked for.
pub fn list_body(app: &App, messages: &[OutboxMessage], limit: u64) -> OutboxList {
    let full = messages.len() as u64 >= limit;
    OutboxList {
        data: messages.iter().map(|message| body(app, message)).collect(),
        next_cursor: messages.last().filter(|_| full).map(|last| last.id.to_string()),
    }
}

/// A marked address as JSON.
pub fn stop_body(app: &App, stop: &MailStop) -> MailStopBody {
    MailStopBody {
        id: stop.id,
        address: stop.address.clone(),
        reason: stop.reason.code(),
        said: stop.said.clone(),
        message: stop.outbox_id,
        created_at: local(app, stop.created_at),
    }
}

/// Messages.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<OutboxQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let OutboxQuery { state, channel, recipient, cursor, limit } = query.into_inner();
    let limit = limit.unwrap_or(50).clamp(1, PAGE_LIMIT);
    let filter =
        outbox_admin::filter(&app, &caller.actor, state.as_deref(), channel.as_deref(), recipient.as_deref()).await?;
    let found = outbox_admin::list(&app, &caller.actor, &filter, cursor, limit).await?;
    Ok(HttpResponse::Ok().json(list_body(&app, &found, limit)))
}

/// One message.
pub async fn read(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (message, tries) = outbox_admin::get(&app, &caller.actor, *id).await?;
    let newer = outbox_admin::again_of(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::Ok().json(detail(&app, &message, &tries, &newer)))
}

/// Sends a message again. Sent twice, the second is refused: the message waits already.
pub async fn requeue(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let message = outbox_admin::requeue(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::Accepted().json(body(&app, &message)))
}

/// Takes a waiting message back. Sent twice, the second is refused: it is cancelled already.
pub async fn cancel(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let message = outbox_admin::cancel(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::Ok().json(body(&app, &message)))
}

/// Sends the messages of a class again. Sent twice, the second finds none.
pub async fn requeue_all(
    request: HttpRequest,
    app: web::Data<App>,
    class: web::Json<RequeueClass>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let RequeueClass { state, channel, recipient } = class.into_inner();
    let (state, channel, recipient) = (Some(state.as_str()), channel.as_deref(), recipient.as_deref());
    let filter = outbox_admin::filter(&app, &caller.actor, state, channel, recipient).await?;
    let requeued = outbox_admin::requeue_all(&app, &caller.actor, &filter).await?;
    Ok(HttpResponse::Ok().json(Requeued { requeued }))
}

/// Sends the words of a message as a new one. Sent twice, the second is refused: the new one waits already.
pub async fn send_as_new(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let message = outbox_admin::send_as_new(&app, &caller.actor, *id).await?;
    let place = (header::LOCATION, format!("/api/v1/outbox/{}", message.id));
    Ok(HttpResponse::Created().insert_header(place).json(body(&app, &message)))
}

/// Sends a test mail.
pub async fn test(
    request: HttpRequest,
    app: web::Data<App>,
    to: OptionalJson<TestMail>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let to = to.0.and_then(|to| to.to);
    let message = outbox_admin::test_mail(&app, &caller.actor, to.as_deref()).await?;
    Ok(HttpResponse::Accepted().json(body(&app, &message)))
}

/// Marked addresses.
pub async fn stops(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<MailStopQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let limit = query.limit.unwrap_or(mail_stops::PAGE_LIMIT).clamp(1, mail_stops::PAGE_LIMIT);
    let found = mail_stops::list(&app, &caller.actor, query.cursor, limit).await?;
    let full = found.len() as u64 >= limit;
    Ok(HttpResponse::Ok().json(MailStopList {
        data: found.iter().map(|stop| stop_body(&app, stop)).collect(),
        next_cursor: found.last().filter(|_| full).map(|last| last.id.to_string()),
    }))
}

/// Takes a mark away. Twice is the same as once.
pub async fn clear(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    mail_stops::clear(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
