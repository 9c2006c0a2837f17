//! Share links over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    tokens::TokenRotate,
};
use crate::service::{
    App,
    shares::{self, Listed, NewShare, ShareLink},
};

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareNew {
    /// A published ISO week, or `latest`: whichever published week is the latest when someone looks.
    week: String,
    /// Days that it works, 1 to 366; by default 90.
    days: Option<i64>,
    /// What it is for, up to 80 characters.
    name: Option<String>,
}

/// A share link.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShareBody {
    id: Uuid,
    /// What it is for.
    name: String,
    /// First characters of its token.
    prefix: String,
    /// ISO week; null is the latest published one.
    week: Option<String>,
    /// When it was made.
    created_at: Option<DateTime<FixedOffset>>,
    /// By whom.
    created_by: String,
    /// Until when it works.
    expires_at: Option<DateTime<FixedOffset>>,
    /// When it was used last, to the hour.
    used_at: Option<DateTime<FixedOffset>>,
    /// Whether it shows a report now: not while its week is withdrawn.
    shows: bool,
    /// The link itself; only in the answer that made it. `.md`, `.txt` and `.json` behind it give the plain forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// The links that are neither expired nor revoked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShareList {
    /// Newest first, at most 200.
    data: Vec<ShareBody>,
    /// Always null: there are never more.
    next_cursor: Option<String>,
}

/// A link as JSON; with its address only when it was just made.
pub fn share_body(app: &App, share: &ShareLink, shows: bool, url: Option<String>) -> ShareBody {
    let at = |millis| DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset());
    ShareBody {
        id: share.id,
        name: share.name.clone(),
        prefix: share.prefix.clone(),
        week: share.week.map(|week| week.to_string()),
        created_at: at(share.created_at),
        created_by: share.created_by.clone(),
        expires_at: at(share.expires_at),
        used_at: share.used_at.and_then(at),
        shows,
        url,
    }
}

/// All links as JSON.
pub fn share_list(app: &App, links: &[Listed]) -> ShareList {
    let data = links.iter().map(|listed| share_body(app, &listed.share, listed.shows, None)).collect();
    ShareList { data, next_cursor: None }
}

/// The links that work.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let links = shares::list(&app, &caller.actor).await?;
    Ok(HttpResponse::Ok().json(share_list(&app, &links)))
}

/// Makes a link. There is no `Idempotency-Key` here: a kept answer would keep the token.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<ShareNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let body = body.into_inner();
    let new = NewShare { week: shares::week_of(&body.week)?, days: body.days, name: body.name };
    let (share, url) = shares::create(&app, &caller.actor, new).await?;
    Ok(HttpResponse::Created().json(share_body(&app, &share, true, Some(url))))
}

/// Gives a link another address; the old one goes on working for a while.
pub async fn rotate(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: web::Json<TokenRotate>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (share, url) = shares::rotate(&app, &caller.actor, *id, body.overlap_hours).await?;
    Ok(HttpResponse::Created().json(share_body(&app, &share, true, Some(url))))
}

/// Revokes a link.
pub async fn revoke(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    shares::revoke(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
