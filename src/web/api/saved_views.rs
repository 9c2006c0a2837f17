//! Saved views, and events like another one, over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
    events::number_of,
};
use crate::service::{
    App, ServiceError, events,
    saved_views::{self, SavedView, ViewChange},
    search,
};

/// A query under a name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewBody {
    /// UUID.
    id: Uuid,
    /// What people call it.
    name: String,
    /// Everybody sees it.
    shared: bool,
    /// Whether it is the caller's own.
    own: bool,
    /// The query, as `q` of the list takes it.
    query: String,
    /// relevance, newest or oldest.
    order: String,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// One's own views and the shared ones by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewList {
    /// By name.
    data: Vec<ViewBody>,
    /// Always null: all views are in one list.
    next_cursor: Option<String>,
}

/// A view to save; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ViewChange)]
pub struct ViewRequest {
    /// Up to 60 characters.
    name: Option<String>,
    /// For everybody; needs the role lead.
    shared: Option<bool>,
    /// The query.
    query: Option<String>,
    /// relevance, newest or oldest.
    order: Option<String>,
}

impl From<ViewRequest> for ViewChange {
    fn from(request: ViewRequest) -> Self {
        Self { name: request.name, shared: request.shared, query: request.query, sort: request.order }
    }
}

fn body(view: SavedView, reader: Option<Uuid>) -> ViewBody {
    ViewBody {
        id: view.id,
        own: view.owner_id == reader,
        name: view.name,
        shared: view.shared,
        query: view.query,
        order: view.sort,
        version: view.version,
    }
}

fn id_of(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| ServiceError::NotFound(format!("saved view {text}")).into())
}

/// All views that the caller sees.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let views = saved_views::list(&app, &caller.actor).await?;
    let data = views.into_iter().map(|view| body(view, caller.actor.account_id)).collect();
    Ok(HttpResponse::Ok().json(ViewList { data, next_cursor: None }))
}

/// Saves a new view.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    change: web::Json<ViewRequest>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let view = saved_views::create(&app, &caller.actor, change.into_inner().into()).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header(("Location", format!("/api/v1/views/{}", view.id)));
    Ok(with_etag(&request, answer, view.version, &body(view, caller.actor.account_id)))
}

/// One view.
pub async fn read(request: HttpRequest, app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let view = saved_views::get(&app, &caller.actor, id_of(&id)?).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), view.version, &body(view, caller.actor.account_id)))
}

/// Changes a view.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
    change: web::Json<ViewRequest>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let change = change.into_inner().into();
    let view = saved_views::update(&app, &caller.actor, id_of(&id)?, version, change).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), view.version, &body(view, caller.actor.account_id)))
}

/// Removes a view.
pub async fn delete(request: HttpRequest, app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    saved_views::remove(&app, &caller.actor, id_of(&id)?, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An event like another one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarBody {
    /// 22 of PE-22.
    number: i64,
    /// `PE-22`.
    label: String,
    /// The symptom, else the beginning of the sentence.
    title: String,
    /// How alike the titles are, 0 to 100.
    likeness: u32,
    /// They affected a service of both.
    same_service: bool,
    /// Their causes are of one category.
    same_cause: bool,
    /// Where its postmortem stands.
    postmortem: &'static str,
}

/// Events like another one, the most alike first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarList {
    /// At most ten.
    data: Vec<SimilarBody>,
    /// Always null.
    next_cursor: Option<String>,
}

/// Events like this one.
pub async fn similar(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = events::get(&app, &caller.actor, number_of(&number)?).await?;
    let data = search::similar(&app, &caller.actor, &event, 10)
        .await?
        .into_iter()
        .map(|one| SimilarBody {
            number: one.event.number,
            label: crate::domain::event::label(one.event.number),
            title: search::title_of(&one.event.text),
            likeness: one.likeness,
            same_service: one.same_service,
            same_cause: one.same_cause,
            postmortem: one.event.state.code(),
        })
        .collect();
    Ok(HttpResponse::Ok().json(SimilarList { data, next_cursor: None }))
}
