//! What is held on a person, and closing an account.

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_DISPOSITION, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::service::{App, privacy};

/// Which account is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountClose {
    /// Its e-mail, so that none is closed by mistake.
    email: String,
}

/// An export as a file.
pub(in crate::web) fn file(export: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"fupan-personal-data.json\""))
        .body(serde_json::to_string_pretty(export).unwrap_or_default())
}

/// What is held on the caller.
pub async fn own_export(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    Ok(file(&privacy::export(&app, &actor, privacy::own(&actor)?).await?))
}

/// What is held on a person.
pub async fn export(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    Ok(file(&privacy::export(&app, &actor, *id).await?))
}

/// Closes the caller's account.
pub async fn own_close(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<AccountClose>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    privacy::close(&app, &actor, privacy::own(&actor)?, &body.email).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Closes an account.
pub async fn close(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: web::Json<AccountClose>,
) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    privacy::close(&app, &actor, *id, &body.email).await?;
    Ok(HttpResponse::NoContent().finish())
}
