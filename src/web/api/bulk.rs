//! One change to many events over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{
        checked::FieldError,
        event::{self, number_of},
        query, vocabulary,
    },
    service::{
        App,
        bulk_edit::{self, BulkChange, BulkOutcome, BulkResult},
        event_text, search,
    },
};

/// The events to change, and what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// 1 to 200 events.
    pub events: Vec<BulkEvent>,
    /// What to change; at least one part.
    pub set: BulkSet,
}

/// An event, in the version that was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkEvent {
    /// 22 of PE-22.
    pub number: i64,
    /// The version that was read.
    pub version: i64,
}

/// What is changed; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BulkSet {
    /// Tags to add.
    pub add_tags: Vec<String>,
    /// Tags to take off.
    pub remove_tags: Vec<String>,
    /// Services to add, by name.
    pub add_services: Vec<String>,
    /// Services to take off, by name.
    pub remove_services: Vec<String>,
    /// normal, drill or maintenance.
    pub kind: Option<String>,
    /// The teams that answer, which replace those before: `渠道组 50% | 支付组 50%`, a name alone for all of it, or `none`.
    pub responsibility: Option<String>,
    /// Owner of the postmortems: a name, an e-mail address, `me`, or `none`.
    pub owner: Option<String>,
}

/// What became of each event, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkAnswer {
    /// How many were changed.
    pub done: usize,
    /// Each event.
    pub results: Vec<BulkResultBody>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResultBody {
    /// 22 of PE-22.
    pub number: i64,
    /// `PE-22`.
    pub label: String,
    /// done, unchanged, stale or refused.
    pub outcome: &'static str,
    /// Its version now, where it was not refused.
    pub version: Option<i64>,
    /// Why it was not changed.
    pub detail: Option<String>,
}

/// A refusal in the reader's language, and whether it is that the event changed meanwhile.
pub fn outcome(result: BulkResult, chinese: bool) -> BulkResultBody {
    let (outcome, version, detail) = match result.outcome {
        BulkOutcome::Done(version) => ("done", Some(version), None),
        BulkOutcome::Unchanged(version) => ("unchanged", Some(version), None),
        BulkOutcome::Refused(error) => {
            let problem = Problem::from(error);
            let stale = matches!(problem.code, "stale_version" | "conflict");
            (if stale { "stale" } else { "refused" }, None, Some(problem.sentence(chinese).to_owned()))
        }
    };
    BulkResultBody { number: result.number, label: event::label(result.number), outcome, version, detail }
}

impl BulkSet {
    /// The change, names looked up.
    pub async fn change(&self, app: &App, actor: &crate::domain::actor::Actor) -> Result<BulkChange, Problem> {
        let kind = self
            .kind
            .as_deref()
            .filter(|kind| !kind.is_empty())
            .map(|kind| query::kind_of(kind).ok_or_else(|| FieldError::shape("kind", vocabulary::KIND.remedy())))
            .transpose()?;
        Ok(BulkChange {
            add_tags: self.add_tags.clone(),
            remove_tags: self.remove_tags.clone(),
            add_services: search::services_named(app, actor, &self.add_services).await?,
            remove_services: search::services_named(app, actor, &self.remove_services).await?,
            kind,
            responsibility: match self.responsibility.as_deref().filter(|teams| !teams.is_empty()) {
                Some(teams) => Some(event_text::teams_named(app, actor, teams).await?),
                None => None,
            },
            owner: match self.owner.as_deref().filter(|owner| !owner.is_empty()) {
                Some(owner) => Some(search::person_named(app, actor, owner).await?),
                None => None,
            },
        })
    }
}

/// Changes the chosen events.
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<BulkRequest>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let body = body.into_inner();
    let change = body.set.change(&app, &caller.actor).await?;
    let chosen: Vec<(i64, Option<i64>)> = body.events.iter().map(|event| (event.number, Some(event.version))).collect();
    if let Some((number, _)) = chosen.iter().find(|(number, _)| number_of(&number.to_string()).is_none()) {
        return Err(FieldError::shape("events.number", format!("“{number}”: write 22 for PE-22")).into());
    }
    let results = bulk_edit::change(&app, &caller.actor, &chosen, &change).await?;
    let chinese = request
        .headers()
        .get("accept-language")
        .and_then(|value| value.to_str().ok())
        .is_some_and(|languages| languages.starts_with("zh"));
    let results: Vec<BulkResultBody> = results.into_iter().map(|result| outcome(result, chinese)).collect();
    let done = results.iter().filter(|result| result.outcome == "done").count();
    Ok(HttpResponse::Ok().json(BulkAnswer { done, results }))
}
