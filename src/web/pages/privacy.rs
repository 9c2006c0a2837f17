//! One's own data as a file, and closing an account.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

use super::{redirect, settings};
use crate::{
    service::{App, privacy},
    web::{api, gate::caller, problem::Problem},
};

/// Which account is meant.
#[derive(Debug, Deserialize)]
pub struct CloseForm {
    #[serde(default)]
    email: String,
}

/// One's own data.
pub async fn export(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let actor = caller(&request)?.actor;
    Ok(api::privacy::file(&privacy::export(&app, &actor, privacy::own(&actor)?).await?))
}

/// Closes one's own account; nobody is signed in with it any more.
pub async fn close(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<CloseForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let id = privacy::own(&caller.actor)?;
    match privacy::close(&app, &caller.actor, id, &form.email).await {
        Ok(()) => Ok(redirect("/login")),
        Err(error) => settings::refused(&app, &request, &caller, error).await,
    }
}

/// Closes an account.
pub async fn close_account(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<CloseForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match privacy::close(&app, &caller.actor, *id, &form.email).await {
        Ok(()) => Ok(redirect("/settings")),
        Err(error) => settings::refused(&app, &request, &caller, error).await,
    }
}
