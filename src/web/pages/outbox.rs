//! The outbox: messages and where they stand, one message with its words and tries, and marked addresses.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, render, rows};
use crate::{
    i18n::outbox::{self as words, OutboxTexts, kind_words, outcome_words, problem_words, state_words},
    service::{
        App, ServiceError, mail_stops,
        mail_stops::StopReason,
        notifiers,
        outbox_admin::{self, OUTBOX_STATES, OutboxMessage, OutboxState},
    },
    web::{
        gate::{Caller, MailPage, caller},
        problem::Problem,
    },
};

/// Messages on a page.
const ON_PAGE: u64 = 50;

struct Row {
    id: Uuid,
    at: String,
    kind: String,
    subject: String,
    recipient: String,
    state: &'static str,
    bad: bool,
    problem: String,
}

struct StopRow {
    id: Uuid,
    address: String,
    reason: &'static str,
    said: String,
    at: String,
    message: String,
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage {
    shell: Shell,
    w: &'static OutboxTexts,
    message: String,
    done: &'static str,
    /// Code, words, how many, whether it is chosen.
    states: Vec<(&'static str, &'static str, i64, bool)>,
    /// Value, words, whether it is chosen.
    channels: Vec<(String, String, bool)>,
    recipient: String,
    rows: Vec<Row>,
    next: String,
    stops: Vec<StopRow>,
}

struct TryRow {
    at: String,
    outcome: &'static str,
    bad: bool,
    problem: String,
    took: String,
    worker: String,
}

#[derive(Template)]
#[template(path = "outbox_message.html")]
struct MessagePage {
    shell: Shell,
    w: &'static OutboxTexts,
    message: String,
    done: &'static str,
    row: Row,
    mail: bool,
    attempts: i64,
    unknowns: i64,
    not_before: String,
    message_id: String,
    text: String,
    has_html: bool,
    payload: String,
    tries: Vec<TryRow>,
    may_requeue: bool,
    may_cancel: bool,
    /// The message in whose place it was sent as new.
    older: String,
    /// Those that were sent as new in its place.
    newer: Vec<Row>,
}

/// Which messages.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct OutboxQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    recipient: String,
    after: Option<Uuid>,
    #[serde(default)]
    done: String,
}

/// The list.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<OutboxQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, query.into_inner(), None).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    query: OutboxQuery,
    refused: Option<ServiceError>,
) -> Result<HttpResponse, Problem> {
    let actor = &caller.actor;
    let shell = Shell::of(app, request, caller, "settings").await?;
    let w = words::texts(shell.t.lang);
    let chinese = shell.t.lang == "zh-CN";
    let filter =
        outbox_admin::filter(app, actor, Some(&query.state), Some(&query.channel), Some(&query.recipient)).await?;
    let found = outbox_admin::list(app, actor, &filter, query.after, ON_PAGE).await?;
    let next = found.last().filter(|_| found.len() as u64 == ON_PAGE).map(|last| {
        let value = |text: &str| text.bytes().fold(String::new(), |text, byte| text + &in_address(byte));
        format!(
            "/settings/outbox?state={}&channel={}&recipient={}&after={}",
            value(&query.state),
            value(&query.channel),
            value(&query.recipient),
            last.id
        )
    });
    let counted = outbox_admin::count_by_state(app, actor).await?;
    let count = |state| counted.iter().find(|(one, _)| *one == state).map_or(0, |(_, count)| *count);
    let chosen = |value: &str| query.channel == value;
    let mut channels = vec![
        ("mail".to_owned(), w.mail.to_owned(), chosen("mail")),
        ("chat".to_owned(), w.chat.to_owned(), chosen("chat")),
    ];
    for notifier in notifiers::all(app, actor).await? {
        let id = notifier.id.to_string();
        let is = chosen(&id) || chosen(&notifier.fields.name);
        channels.push((id, notifier.fields.name, is));
    }
    let stops = mail_stops::list(app, actor, None, mail_stops::PAGE_LIMIT).await?;
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = OutboxPage {
        w,
        message: refused.map(|error| refusal(shell.t, error)).unwrap_or_default(),
        done: if query.done == "tested" { w.tested } else { "" },
        states: OUTBOX_STATES
            .into_iter()
            .map(|state| (state.code(), state_words(w, state), count(state), query.state == state.code()))
            .collect(),
        channels,
        recipient: query.recipient,
        rows: found.into_iter().map(|message| row(app, w, chinese, message)).collect(),
        next: next.unwrap_or_default(),
        stops: stops
            .into_iter()
            .map(|stop| StopRow {
                id: stop.id,
                address: stop.address,
                reason: match stop.reason {
                    StopReason::Bounced => w.bounced,
                    StopReason::Unsubscribed => w.unsubscribed,
                },
                said: stop.said.unwrap_or_default(),
                at: rows::when(app, stop.created_at),
                message: stop.outbox_id.map(|id| id.to_string()).unwrap_or_default(),
            })
            .collect(),
        shell,
    };
    render(status, &page)
}

/// A byte in the query of an address (RFC 3986).
/// A byte of a value in the query of an address.
pub(super) fn in_address(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

fn row(app: &App, w: &'static OutboxTexts, chinese: bool, message: OutboxMessage) -> Row {
    let problem = message.last_error.as_deref().filter(|_| message.state != OutboxState::Sent);
    Row {
        id: message.id,
        at: rows::when(app, message.created_at),
        kind: kind_words(chinese, &message.kind).to_owned(),
        subject: message.subject,
        recipient: message.recipient,
        state: state_words(w, message.state),
        bad: is_bad(message.state),
        problem: problem.map(|said| problem_words(chinese, message.last_phase, said)).unwrap_or_default(),
    }
}

const fn is_bad(state: OutboxState) -> bool {
    matches!(state, OutboxState::Dead | OutboxState::Unconfirmed | OutboxState::Expired)
}

/// One message.
pub async fn message(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    query: web::Query<OutboxQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show_message(&app, &request, &caller, *id, query.done == "requeued", None).await
}

async fn show_message(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    id: Uuid,
    requeued: bool,
    refused: Option<ServiceError>,
) -> Result<HttpResponse, Problem> {
    let (message, tries) = outbox_admin::get(app, &caller.actor, id).await?;
    let newer = outbox_admin::again_of(app, &caller.actor, id).await?;
    let shell = Shell::of(app, request, caller, "settings").await?;
    let w = words::texts(shell.t.lang);
    let chinese = shell.t.lang == "zh-CN";
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let page = MessagePage {
        w,
        message: refused.map(|error| refusal(shell.t, error)).unwrap_or_default(),
        done: if requeued { w.requeued } else { "" },
        mail: message.notifier_id.is_none(),
        attempts: message.attempt,
        unknowns: message.unknowns,
        not_before: match message.state {
            OutboxState::Pending => rows::when(app, message.not_before),
            _ => String::new(),
        },
        message_id: message.message_id.clone(),
        text: message.text.clone(),
        has_html: !message.html.is_empty(),
        payload: message.payload.clone().unwrap_or_default(),
        tries: tries
            .into_iter()
            .map(|one| TryRow {
                at: rows::when(app, one.at),
                outcome: outcome_words(w, one.outcome),
                bad: one.outcome != crate::domain::delivery::Outcome::Sent,
                problem: one.said.map(|said| problem_words(chinese, one.phase, &said)).unwrap_or_default(),
                took: format!("{} ms", rows::thousands(one.took_ms)),
                worker: one.worker,
            })
            .collect(),
        may_requeue: is_bad(message.state),
        may_cancel: message.state == OutboxState::Pending,
        older: message.again_of.map(|id| id.to_string()).unwrap_or_default(),
        newer: newer.into_iter().map(|one| row(app, w, chinese, one)).collect(),
        row: row(app, w, chinese, message),
        shell,
    };
    render(status, &page)
}

/// The HTML part of a mail as its reader sees it, in a document that may do nothing.
pub async fn html(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (message, _) = outbox_admin::get(&app, &caller.actor, *id).await?;
    let mut answer = HttpResponse::Ok().content_type("text/html; charset=utf-8").body(message.html);
    answer.extensions_mut().insert(MailPage);
    Ok(answer)
}

/// Sends a message again.
pub async fn requeue(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match outbox_admin::requeue(&app, &caller.actor, *id).await {
        Ok(_) => Ok(redirect(&format!("/settings/outbox/{id}?done=requeued"))),
        Err(error @ ServiceError::Conflict(_)) => show_message(&app, &request, &caller, *id, false, Some(error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Takes a waiting message back.
pub async fn cancel(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match outbox_admin::cancel(&app, &caller.actor, *id).await {
        Ok(_) => Ok(redirect(&format!("/settings/outbox/{id}"))),
        Err(error @ ServiceError::Conflict(_)) => show_message(&app, &request, &caller, *id, false, Some(error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Sends a message as a new one, and shows that.
pub async fn send_as_new(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match outbox_admin::send_as_new(&app, &caller.actor, *id).await {
        Ok(new) => Ok(redirect(&format!("/settings/outbox/{}?done=requeued", new.id))),
        Err(error @ ServiceError::Conflict(_)) => show_message(&app, &request, &caller, *id, false, Some(error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Where a test mail goes.
#[derive(Debug, Deserialize)]
pub struct TestForm {
    #[serde(default)]
    to: String,
}

/// Sends a test mail.
pub async fn test(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<TestForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match outbox_admin::test_mail(&app, &caller.actor, Some(&form.to)).await {
        Ok(_) => Ok(redirect("/settings/outbox?done=tested")),
        Err(error @ ServiceError::Invalid(_)) => {
            show(&app, &request, &caller, OutboxQuery::default(), Some(error)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a mark away.
pub async fn clear(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    mail_stops::clear(&app, &caller.actor, *id).await?;
    Ok(redirect("/settings/outbox#marked"))
}
