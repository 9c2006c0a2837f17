//! The audit log over the API: entries of the whole house, and the hash chain.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    i18n::audit::broken_words,
    service::{
        App,
        audit_chain::{self, AuditHead, Verdict, kept_text},
        audit_log::{self, Asked, AuditPage},
        event_history::AuditEntry,
    },
};

/// Which entries.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// An e-mail address or the id of an account.
    pub actor: Option<String>,
    /// An action or its beginning: `event.create`, `account.`.
    pub action: Option<String>,
    /// A subject: `PE-22`, `account:…`.
    pub subject: Option<String>,
    /// From a day (report zone) or time (RFC 3339) on.
    pub from: Option<String>,
    /// Until a day, with it, or before a time.
    pub until: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// 1 to 200, by default 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u64>,
}

impl From<AuditQuery> for Asked {
    fn from(query: AuditQuery) -> Self {
        let AuditQuery { actor, action, subject, from, until, cursor, limit } = query;
        Self { actor, action, subject, from, until, cursor, limit }
    }
}

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditBody {
    /// Stays for ever.
    id: Uuid,
    /// When, in the report zone.
    at: DateTime<FixedOffset>,
    /// The account; null for commands on the machine, the worker, and who is not signed in.
    actor_id: Option<Uuid>,
    /// The name at that time.
    actor: String,
    /// `event.create`, `account.update`, `refused` …
    action: String,
    /// `event:22`, `account:…`, `settings` …
    subject: String,
    /// What from, what to.
    #[schema(value_type = Object)]
    change: serde_json::Value,
}

/// Entries, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    data: Vec<AuditBody>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// The head of the hash chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditHeadBody {
    /// Position of the last entry; 0 before the first.
    position: i64,
    /// Its hash (SHA-256, hexadecimal).
    hash: String,
    /// Both as one text, to be kept and given to the verification.
    head: String,
    /// How many of the first entries are older than the chain.
    older: i64,
    /// Position behind which the chain begins, where old entries were removed; else 0.
    begins_behind: i64,
}

/// What is to be verified.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditVerify {
    /// A head that was kept; the chain has to go through it.
    head: Option<String>,
}

/// The first thing that is wrong with the chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditBroken {
    /// removed, changed, place, end, inserted, kept_head or beginning.
    what: &'static str,
    /// The place in the chain.
    position: Option<i64>,
    /// The entry.
    entry: Option<Uuid>,
    /// Its action.
    action: Option<String>,
    /// Its subject.
    subject: Option<String>,
    /// The same as a sentence, in English.
    words: String,
}

/// What verifying came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditVerdict {
    /// Nothing is wrong.
    whole: bool,
    /// Entries that were looked at.
    checked: i64,
    /// The head.
    head: AuditHeadBody,
    /// The first thing that is wrong.
    broken: Option<AuditBroken>,
}

/// An entry as it is answered.
pub fn entry_body(app: &App, entry: &AuditEntry) -> AuditBody {
    AuditBody {
        id: entry.id,
        at: DateTime::from_timestamp_millis(entry.at).unwrap_or_default().with_timezone(&app.zone).fixed_offset(),
        actor_id: entry.actor_id,
        actor: entry.actor_name.clone(),
        action: entry.action.clone(),
        subject: entry.subject.clone(),
        change: entry.change.clone(),
    }
}

/// A page as it is answered.
pub fn list_body(app: &App, page: &AuditPage) -> AuditList {
    AuditList {
        data: page.entries.iter().map(|entry| entry_body(app, entry)).collect(),
        next_cursor: page.next.clone(),
    }
}

/// A head as it is answered.
pub fn head_body(_: &App, head: &AuditHead) -> AuditHeadBody {
    AuditHeadBody {
        position: head.position,
        hash: head.hash.clone(),
        head: kept_text(head),
        older: head.older,
        begins_behind: head.base_position,
    }
}

/// A verdict as it is answered.
pub fn verdict_body(app: &App, verdict: &Verdict) -> AuditVerdict {
    let broken = verdict.broken.as_ref().map(|broken| AuditBroken {
        what: broken.what.code(),
        position: broken.position,
        entry: broken.entry,
        action: broken.named.as_ref().map(|(action, _)| action.clone()),
        subject: broken.named.as_ref().map(|(_, subject)| subject.clone()),
        words: broken_words(broken, true),
    });
    AuditVerdict {
        whole: verdict.broken.is_none(),
        checked: verdict.checked,
        head: head_body(app, &verdict.head),
        broken,
    }
}

/// The list.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    let page = audit_log::list(&app, &actor, &query.into_inner().into()).await?;
    Ok(HttpResponse::Ok().json(list_body(&app, &page)))
}

/// The head.
pub async fn head(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    Ok(HttpResponse::Ok().json(head_body(&app, &audit_chain::head(&app, &actor).await?)))
}

/// Verifies the chain.
pub async fn verify(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<AuditVerify>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    let kept = body.head.as_deref().map(audit_chain::kept_of).transpose()?;
    let verdict = audit_chain::verify(&app, &actor, kept.as_ref()).await?;
    Ok(HttpResponse::Ok().json(verdict_body(&app, &verdict)))
}
