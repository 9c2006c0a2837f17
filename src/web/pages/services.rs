//! Business lines and components: the list, adding one, changing one.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, render};
use crate::{
    domain::{actor::Permission, checked::FieldError, services::ServiceFields},
    i18n::record::{self, RecordTexts},
    service::{
        App, ServiceError,
        services::{self, SERVICE_KINDS, Service, ServiceKind, ServicePatch},
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

struct ServiceRow {
    id: Uuid,
    version: i64,
    name: String,
    kind: &'static str,
    kind_words: &'static str,
    core: bool,
    team: String,
    team_id: String,
    archived: bool,
}

#[derive(Template)]
#[template(path = "services.html")]
struct ServicesPage {
    shell: Shell,
    r: &'static RecordTexts,
    message: String,
    rows: Vec<ServiceRow>,
    kinds: Vec<(&'static str, &'static str)>,
    /// Id and name.
    teams: Vec<(String, String)>,
    may_manage: bool,
    /// The form for a new one as typed.
    name: String,
}

/// The form of a service. A box that is not ticked is not sent.
#[derive(Debug, Deserialize)]
pub struct ServiceForm {
    #[serde(default)]
    version: i64,
    name: String,
    kind: String,
    #[serde(default)]
    core: String,
    #[serde(default)]
    team_id: String,
    #[serde(default)]
    archived: String,
}

impl ServiceForm {
    fn kind(&self) -> Result<ServiceKind, ServiceError> {
        let remedy = || FieldError::shape("service_kind", "write business_line or component");
        Ok(ServiceKind::from_code(&self.kind).ok_or_else(remedy)?)
    }

    fn team(&self) -> Result<Option<Uuid>, ServiceError> {
        if self.team_id.is_empty() {
            return Ok(None);
        }
        Ok(Some(Uuid::parse_str(&self.team_id).map_err(|_| FieldError::shape("team_id", "choose a team"))?))
    }
}

/// All services.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, None, "").await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    refused: Option<ServiceError>,
    name: &str,
) -> Result<HttpResponse, Problem> {
    let all = services::all(app, &caller.actor).await?;
    let teams = services::teams(app, &caller.actor).await?;
    let shell = Shell::of(app, request, caller, "settings").await?;
    let r = record::texts(shell.t.lang);
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let team_name = |service: &Service| {
        service.fields.team_id.and_then(|id| teams.iter().find(|(have, _)| *have == id)).map(|(_, name)| name.clone())
    };
    let page = ServicesPage {
        r,
        message: refused.map(|error| refusal(shell.t, error)).unwrap_or_default(),
        rows: all
            .iter()
            .map(|service| ServiceRow {
                id: service.id,
                version: service.version,
                name: service.fields.name.clone(),
                kind: service.fields.kind.code(),
                kind_words: record::service_kind(r, service.fields.kind),
                core: service.fields.core,
                team: team_name(service).unwrap_or_default(),
                team_id: service.fields.team_id.map(|id| id.to_string()).unwrap_or_default(),
                archived: service.fields.archived,
            })
            .collect(),
        kinds: SERVICE_KINDS.into_iter().map(|kind| (kind.code(), record::service_kind(r, kind))).collect(),
        teams: teams.iter().map(|(id, name)| (id.to_string(), name.clone())).collect(),
        may_manage: caller.actor.may(Permission::ManageServices),
        name: name.to_owned(),
        shell,
    };
    render(status, &page)
}

/// Adds a service.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<ServiceForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let made = async {
        let fields = ServiceFields {
            name: form.name.clone(),
            kind: form.kind()?,
            core: !form.core.is_empty(),
            team_id: form.team()?,
            archived: false,
        };
        services::create(&app, &caller.actor, fields).await
    };
    match made.await {
        Ok(_) => Ok(redirect("/services")),
        Err(error) => show(&app, &request, &caller, Some(error), &form.name).await,
    }
}

/// Changes a service.
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
    form: web::Form<ServiceForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let changed = async {
        let service = services::find(&app, &caller.actor, &id).await?;
        let patch = ServicePatch {
            name: Some(form.name.clone()),
            kind: Some(form.kind()?),
            core: Some(!form.core.is_empty()),
            team_id: Some(form.team()?),
            archived: Some(!form.archived.is_empty()),
        };
        services::update(&app, &caller.actor, service.id, Some(form.version), patch).await
    };
    match changed.await {
        Ok(_) => Ok(redirect("/services")),
        Err(error @ ServiceError::NotFound(_)) => Err(error.into()),
        Err(error) => show(&app, &request, &caller, Some(error), "").await,
    }
}
