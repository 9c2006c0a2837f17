//! Publishing a week over the API: publish, withdraw, and what differs since.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{self, idempotency_key, with_bytes},
    reports,
};
use crate::{
    domain::{
        iso_week::IsoWeek,
        publication::{Change, Edit},
    },
    service::{
        App, ServiceError,
        idempotency::{KeptAnswer, Once},
        publications::{self, Publication, PublicationHead, Published, Restated, Restatement, Shown},
        reports::WeeklyReport,
        secrets,
    },
};

/// A published revision of a week.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicationBody {
    /// 1, 2 …; a new one is made when a changed week is published again.
    revision: i64,
    /// When.
    published_at: Option<DateTime<FixedOffset>>,
    /// By whom.
    published_by: String,
}

/// What became of a request to publish.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedBody {
    /// ISO week.
    week: String,
    /// The latest revision.
    publication: PublicationBody,
    /// Nothing differed from the latest revision, so no new one was made.
    unchanged: bool,
    /// SHA-256 of the published Markdown and JSON, hex.
    content_hash: String,
}

/// A part that differs, in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeBody {
    /// name, group, value, unit, target, of a measured figure success, eligible, coverage, definition, losses, reported; count; time, recovered, severity, sentence or mark.
    part: &'static str,
    /// As published; empty for nothing.
    published: String,
    /// As it would be now.
    current: String,
}

/// An edit that made a difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditBody {
    /// When.
    at: DateTime<FixedOffset>,
    /// Who.
    by: String,
    /// `event.update`, `figure.delete` …
    action: String,
    /// Fields that it changed, where the log says so.
    fields: Vec<String>,
    /// The samples that it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<SamplesEditBody>,
}

/// Samples that came late or were corrected.
#[derive(Debug, Serialize, ToSchema)]
pub struct SamplesEditBody {
    /// How many minutes.
    minutes: i64,
    /// The first of them.
    from: DateTime<FixedOffset>,
    /// The last one.
    to: DateTime<FixedOffset>,
}

/// Something that was published otherwise than it would be now.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceBody {
    /// figure, `incident_count`, event or text (headings, order, layout).
    kind: &'static str,
    /// `入金有效成功率`, `C`, `PE-22`.
    name: String,
    /// What was published; null where it is new.
    published: Option<String>,
    /// What it would be now; null where it is gone.
    current: Option<String>,
    /// The parts that differ, where both are there.
    changes: Vec<ChangeBody>,
    /// Who changed it, the latest first; empty where the audit log has nothing.
    edits: Vec<EditBody>,
}

/// What was published of a week and what would be otherwise now.
#[derive(Debug, Serialize, ToSchema)]
pub struct RestatementBody {
    /// ISO week.
    week: String,
    /// The latest revision.
    publication: PublicationBody,
    /// Whether anything differs.
    open: bool,
    /// The week ran when it was published, so that its figures end here and are compared as far as this; publish it again to
    /// make them whole. Null of a week that was over.
    partial_until: Option<DateTime<FixedOffset>>,
    /// The published text tells of an event that is restricted by now and is shown to nobody: publish the week again. What differs
    /// is then told to those alone who see its events.
    withheld: bool,
    /// What differs.
    differences: Vec<DifferenceBody>,
}

/// A revision as JSON.
pub fn publication_body(app: &App, head: &PublicationHead) -> PublicationBody {
    PublicationBody {
        revision: head.revision,
        published_at: DateTime::from_timestamp_millis(head.published_at)
            .map(|at| at.with_timezone(&app.zone).fixed_offset()),
        published_by: head.published_by.clone(),
    }
}

/// The JSON of a report, with a line end: frozen bytes where it is a whole published week.
pub fn json(app: &App, shown: &Shown) -> String {
    match &shown.publication {
        Some(publication) if shown.whole => publication.body.clone(),
        publication => line(&body(app, &shown.report, publication.as_ref().map(|publication| &publication.head))),
    }
}

/// The JSON to be frozen with a publication.
pub fn frozen_json(app: &App, report: &WeeklyReport, head: &PublicationHead) -> Result<String, String> {
    let text = serde_json::to_string(&body(app, report, Some(head)));
    text.map(|text| text + "\n").map_err(|error| format!("the JSON of {}: {error}", head.week))
}

fn body(app: &App, report: &WeeklyReport, head: Option<&PublicationHead>) -> reports::ReportBody {
    let mut body = reports::body(app, report);
    body.publication = head.map(|head| publication_body(app, head));
    body
}

/// A value on a line of its own.
pub fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// What a request to publish made or found, as JSON.
pub fn published_body(app: &App, publication: &Publication, unchanged: bool) -> PublishedBody {
    PublishedBody {
        week: publication.head.week.to_string(),
        publication: publication_body(app, &publication.head),
        unchanged,
        content_hash: publication.head.content_hash.clone(),
    }
}

/// A restatement as JSON.
pub fn restatement_body(app: &App, restatement: &Restatement) -> RestatementBody {
    RestatementBody {
        week: restatement.publication.week.to_string(),
        publication: publication_body(app, &restatement.publication),
        open: restatement.withheld || !restatement.differences.is_empty(),
        withheld: restatement.withheld,
        partial_until: restatement
            .partial_until
            .and_then(DateTime::from_timestamp_millis)
            .map(|at| at.with_timezone(&app.zone).fixed_offset()),
        differences: restatement.differences.iter().map(|one| difference_body(app, one)).collect(),
    }
}

fn difference_body(app: &App, restated: &Restated) -> DifferenceBody {
    let change = |change: &Change| ChangeBody {
        part: change.part,
        published: change.published.clone(),
        current: change.current.clone(),
    };
    let edit = |edit: &Edit| EditBody {
        at: edit.at.with_timezone(&app.zone).fixed_offset(),
        by: edit.by.clone(),
        action: edit.action.clone(),
        fields: edit.fields.clone(),
        samples: edit.samples.as_ref().map(|samples| SamplesEditBody {
            minutes: samples.minutes,
            from: samples.from.with_timezone(&app.zone).fixed_offset(),
            to: samples.to.with_timezone(&app.zone).fixed_offset(),
        }),
    };
    let difference = &restated.difference;
    DifferenceBody {
        kind: difference.subject.kind(),
        name: difference.subject.name(),
        published: difference.published.clone(),
        current: difference.current.clone(),
        changes: difference.changes.iter().map(change).collect(),
        edits: restated.edits.iter().map(edit).collect(),
    }
}

fn week_of(text: &str) -> Result<IsoWeek, Problem> {
    Ok(text.parse().map_err(ServiceError::from)?)
}

/// Publishes a week.
pub async fn publish(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = week_of(&week)?;
    let answering = app.get_ref().clone();
    let once = idempotency_key(&request)?.map(|key| Once {
        key,
        request_hash: secrets::hash(&format!("POST /api/v1/reports/{week}:publish")),
        answer: Arc::new(move |publication| kept(&answering, publication)),
    });
    Ok(match publications::publish(&app, &caller.actor, week, frozen_json, once).await? {
        Published::New(publication) => conditions::kept_answer(&kept(&app, &publication), false),
        Published::Before(kept) => conditions::kept_answer(&kept, true),
        Published::Unchanged(publication) => HttpResponse::Ok().json(published_body(&app, &publication, true)),
    })
}

fn kept(app: &App, publication: &Publication) -> KeptAnswer {
    KeptAnswer {
        request_hash: String::new(),
        status: StatusCode::CREATED.as_u16(),
        body: serde_json::to_string(&published_body(app, publication, false)).unwrap_or_default(),
        etag: None,
        location: Some(format!("/api/v1/reports/{}?revision={}", publication.head.week, publication.head.revision)),
    }
}

/// Withdraws a published week; its revisions stay.
pub async fn withdraw(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    publications::withdraw(&app, &caller.actor, week_of(&week)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What differs from what was published.
pub async fn restatement(
    request: HttpRequest,
    app: web::Data<App>,
    week: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = week_of(&week)?;
    let found = publications::restatement(&app, &caller.actor, week).await?;
    let restatement = found.ok_or_else(|| publications::not_published(week))?;
    Ok(with_bytes(&request, "application/json", line(&restatement_body(&app, &restatement))))
}
