//! Business lines and components over the API.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
};
use crate::{
    domain::{
        checked::{FieldError, FieldProblem},
        services::{Service, ServiceFields, ServiceKind},
        vocabulary,
    },
    service::{
        App,
        services::{self, ServicePatch},
    },
};

/// A business line or a component.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceBody {
    /// Stays for ever.
    id: Uuid,
    /// Optimistic lock, the ETag.
    version: i64,
    /// Unique whatever its case and width.
    name: String,
    /// business_line or component.
    kind: &'static str,
    /// Events on it weigh more when graded.
    core: bool,
    /// The team that answers for it.
    team_id: Option<Uuid>,
    /// It is offered no more and keeps its past.
    archived: bool,
}

/// All services by name, those in use first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ServiceList {
    /// By name.
    data: Vec<ServiceBody>,
    /// Always null: all services are in one list.
    next_cursor: Option<String>,
}

/// A service to add or to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceChange {
    /// 1 to 60 characters, without `|`, `;`, `/` and `\`; needed for a new one.
    name: Option<String>,
    /// business_line (the default) or component.
    kind: Option<String>,
    /// Events on it weigh more when graded.
    core: Option<bool>,
    /// The team that answers for it; null is none.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<Uuid>)]
    team_id: Option<Option<Uuid>>,
    /// Offered no more.
    archived: Option<bool>,
}

fn told<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Option<Uuid>>, D::Error> {
    Option::<Uuid>::deserialize(source).map(Some)
}

impl ServiceChange {
    fn kind(&self) -> Result<Option<ServiceKind>, FieldError> {
        let read = |word| vocabulary::SERVICE_KIND.read("service_kind", word);
        Ok(self.kind.as_deref().map(read).transpose()?.and_then(ServiceKind::from_code))
    }
}

fn body(service: &Service) -> ServiceBody {
    ServiceBody {
        id: service.id,
        version: service.version,
        name: service.fields.name.clone(),
        kind: service.fields.kind.code(),
        core: service.fields.core,
        team_id: service.fields.team_id,
        archived: service.fields.archived,
    }
}

/// All services.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let services = services::all(&app, &caller.actor).await?;
    Ok(HttpResponse::Ok().json(ServiceList { data: services.iter().map(body).collect(), next_cursor: None }))
}

/// One service, by id or name.
pub async fn read(request: HttpRequest, app: web::Data<App>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let service = services::find(&app, &caller.actor, &id).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), service.version, &body(&service)))
}

/// Adds a service.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    change: web::Json<ServiceChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let kind = change.kind()?.unwrap_or_default();
    let change = change.into_inner();
    let fields = ServiceFields {
        name: change.name.ok_or(FieldError { field: "name", problem: FieldProblem::Empty })?,
        kind,
        core: change.core.unwrap_or(false),
        team_id: change.team_id.flatten(),
        archived: change.archived.unwrap_or(false),
    };
    let service = services::create(&app, &caller.actor, fields).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/services/{}", service.id)));
    Ok(with_etag(&request, answer, service.version, &body(&service)))
}

/// Changes a service.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
    change: web::Json<ServiceChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let kind = change.kind()?;
    let change = change.into_inner();
    let service = services::find(&app, &caller.actor, &id).await?;
    let patch =
        ServicePatch { name: change.name, kind, core: change.core, team_id: change.team_id, archived: change.archived };
    let service = services::update(&app, &caller.actor, service.id, Some(version), patch).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), service.version, &body(&service)))
}
