//! The audit log for administrators: entries with filters, and the hash chain.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{Shell, refusal, render};
use crate::{
    i18n::audit::{self as words, AuditTexts, action_words, broken_words},
    service::{
        App, ServiceError,
        audit_chain::{self, kept_text},
        audit_log::{self, Asked},
        event_history::AuditEntry,
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Characters of what changed that a row shows.
const SHOWN: usize = 400;

struct Row {
    at: String,
    actor: String,
    words: String,
    action: String,
    subject: String,
    change: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    shell: Shell,
    w: &'static AuditTexts,
    message: String,
    done: String,
    query: AuditQuery,
    rows: Vec<Row>,
    next: String,
    head: String,
}

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct AuditQuery {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    cursor: String,
}

/// A head that was kept.
#[derive(Debug, Default, Deserialize)]
pub struct VerifyForm {
    #[serde(default)]
    head: String,
}

/// The list.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, query.into_inner(), String::new(), String::new()).await
}

/// Verifies the chain.
pub async fn verify(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<VerifyForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "settings").await?;
    let w = words::texts(shell.t.lang);
    let kept = Some(form.head.trim()).filter(|text| !text.is_empty()).map(audit_chain::kept_of).transpose();
    let (message, done) = match kept {
        Err(error) => (refusal(shell.t, error), String::new()),
        Ok(kept) => {
            let verdict = audit_chain::verify(&app, &caller.actor, kept.as_ref()).await?;
            match &verdict.broken {
                Some(broken) => {
                    (format!("{} {}", w.not_whole, broken_words(broken, shell.t.lang == "en")), String::new())
                }
                None => (String::new(), format!("{} {}", w.whole, verdict.checked)),
            }
        }
    };
    show(&app, &request, &caller, AuditQuery::default(), message, done).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    query: AuditQuery,
    mut message: String,
    done: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
    let asked = Asked {
        actor: given(&query.actor),
        action: given(&query.action),
        subject: given(&query.subject),
        from: given(&query.from),
        until: given(&query.until),
        cursor: given(&query.cursor),
        limit: None,
    };
    let mut status = StatusCode::OK;
    let found = match audit_log::list(app, &caller.actor, &asked).await {
        Ok(found) => found,
        Err(error @ (ServiceError::Invalid(_) | ServiceError::NotFound(_))) => {
            (message, status) = (refusal(shell.t, error), StatusCode::UNPROCESSABLE_ENTITY);
            audit_log::AuditPage { entries: Vec::new(), next: None }
        }
        Err(error) => return Err(error.into()),
    };
    let english = shell.t.lang == "en";
    let value = |text: &str| text.bytes().fold(String::new(), |text, byte| text + &super::outbox::in_address(byte));
    let next = found.next.map(|cursor| {
        format!(
            "/settings/audit?actor={}&action={}&subject={}&from={}&until={}&cursor={}",
            value(&query.actor),
            value(&query.action),
            value(&query.subject),
            value(&query.from),
            value(&query.until),
            value(&cursor)
        )
    });
    let head = kept_text(&audit_chain::head(app, &caller.actor).await?);
    let page = AuditPage {
        w: words::texts(shell.t.lang),
        message,
        done,
        rows: found.entries.into_iter().map(|entry| row(app, english, entry)).collect(),
        query,
        next: next.unwrap_or_default(),
        head,
        shell,
    };
    render(status, &page)
}

fn row(app: &App, english: bool, entry: AuditEntry) -> Row {
    let at = chrono::DateTime::from_timestamp_millis(entry.at);
    let words = action_words(&entry.action, english);
    let change = entry.change.to_string();
    let long = change.chars().count() > SHOWN;
    Row {
        at: at.map(|at| at.with_timezone(&app.zone).format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default(),
        actor: entry.actor_name,
        action: if words == entry.action { String::new() } else { entry.action },
        words,
        subject: entry.subject,
        change: if long { change.chars().take(SHOWN).chain("…".chars()).collect() } else { change },
    }
}
