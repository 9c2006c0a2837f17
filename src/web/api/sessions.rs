//! Sessions over the API: one's own, and for administrators those of an account.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{
    gate::{Caller, caller},
    problem::Problem,
};
use crate::service::{
    App, ServiceError, second_factor,
    sessions::{self, Session},
};

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionBody {
    id: Uuid,
    /// In words; `?` where it is none that is known.
    browser: String,
    /// password, provider, proxy or demo.
    method: String,
    created_at: Option<DateTime<FixedOffset>>,
    /// The last use, to five minutes.
    seen_at: Option<DateTime<FixedOffset>>,
    /// The end, however much it is used.
    expires_at: Option<DateTime<FixedOffset>>,
    /// Whether the request came with it.
    current: bool,
}

/// The sessions of an account that have not ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The one that was used last first, at most 100.
    data: Vec<SessionBody>,
    /// Always null: there are never more.
    next_cursor: Option<String>,
}

/// How many sessions ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    ended: u64,
}

/// The sessions as JSON.
pub fn session_list(app: &App, list: Vec<Session>, current: Option<Uuid>) -> SessionList {
    let at = |millis| DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset());
    let body = |session: Session| SessionBody {
        current: Some(session.id) == current,
        id: session.id,
        browser: session.browser,
        method: session.method,
        created_at: at(session.created_at),
        seen_at: at(session.seen_at),
        expires_at: at(session.expires_at),
    };
    SessionList { data: list.into_iter().map(body).collect(), next_cursor: None }
}

fn current(caller: &Caller) -> Option<Uuid> {
    caller.signed_in.as_ref().map(|one| one.session.id)
}

fn own_id(caller: &Caller) -> Result<Uuid, Problem> {
    caller.actor.account_id.ok_or_else(|| ServiceError::SignInNeeded.into())
}

/// One's own sessions.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let list = sessions::list(&app, &caller.actor, own_id(&caller)?).await?;
    Ok(HttpResponse::Ok().json(session_list(&app, list, current(&caller))))
}

/// Ends all one's own sessions but the one of the request; with a token all.
pub async fn end_others(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let ended = sessions::revoke_all(&app, &caller.actor, own_id(&caller)?, current(&caller)).await?;
    Ok(HttpResponse::Ok().json(SessionsEnded { ended }))
}

/// Ends one of one's own sessions.
pub async fn end(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    sessions::revoke(&app, &caller.actor, own_id(&caller)?, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The sessions of an account.
pub async fn of_account(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let list = sessions::list(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::Ok().json(session_list(&app, list, current(&caller))))
}

/// Ends all sessions of an account.
pub async fn end_of_account(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let ended = sessions::revoke_all(&app, &caller.actor, *id, None).await?;
    Ok(HttpResponse::Ok().json(SessionsEnded { ended }))
}

/// Ends one session of an account.
pub async fn end_one_of_account(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (account, session) = path.into_inner();
    sessions::revoke(&app, &caller.actor, account, session).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes the authenticator of an account away; its sessions end.
pub async fn reset_second_factor(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    second_factor::reset(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
