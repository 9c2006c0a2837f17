//! Counts of a day or a week that people write by hand, over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, needed_version, with_etag},
};
use crate::service::{
    App,
    hand_counts::{self, HandCount, HandCountOf, HandFields, HandSpan, PAGE_LIMIT},
};

/// Which counts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HandCountQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 400, by default 400.
    limit: Option<u64>,
}

/// Counts of a day or week that somebody wrote.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandCountBody {
    /// `2024-08-19` or `2024-W34`.
    span: String,
    /// Attempts.
    total: i64,
    /// Those that succeeded.
    success: i64,
    /// Failed ones that do not count; part of `total`, never of `success`.
    excluded: i64,
    /// Where the numbers come from.
    note: Option<String>,
    /// counts; samples where samples of these days count instead; days where numbers of single days do.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<&'static str>,
    /// When it was written.
    written_at: Option<DateTime<FixedOffset>>,
    /// By whom.
    written_by: String,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// Counts, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandCountList {
    /// Counts.
    data: Vec<HandCountBody>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// Counts to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandCountChange {
    /// Attempts.
    total: i64,
    /// Those that succeeded.
    success: i64,
    /// Failed ones that do not count; by default 0.
    #[serde(default)]
    excluded: i64,
    /// Where the numbers come from, up to 200 characters.
    note: Option<String>,
}

fn count_body(app: &App, count: &HandCount, standing: Option<&'static str>) -> HandCountBody {
    HandCountBody {
        span: count.span.to_string(),
        total: count.fields.total,
        success: count.fields.success,
        excluded: count.fields.excluded,
        note: count.fields.note.clone(),
        standing,
        written_at: DateTime::from_timestamp_millis(count.written_at)
            .map(|at| at.with_timezone(&app.zone).fixed_offset()),
        written_by: count.written_by.clone(),
        version: count.version,
    }
}

/// A page of counts as JSON; `limit` is what was asked for.
pub fn list_body(app: &App, counts: &[HandCountOf], limit: u64) -> HandCountList {
    let full = u64::try_from(counts.len()).is_ok_and(|count| count >= limit);
    HandCountList {
        data: counts.iter().map(|one| count_body(app, &one.count, Some(one.standing.code()))).collect(),
        next_cursor: counts.last().filter(|_| full).map(|last| last.count.span.to_string()),
    }
}

/// Counts of an indicator.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<HandCountQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let limit = query.limit.unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
    let behind = query.cursor.as_deref().map(HandSpan::parse).transpose()?;
    let found = hand_counts::page(&app, &caller.actor, &key, behind, limit).await?;
    Ok(HttpResponse::Ok().json(list_body(&app, &found, limit)))
}

/// Writes counts.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    change: web::Json<HandCountChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let (key, span) = path.into_inner();
    let HandCountChange { total, success, excluded, note } = change.into_inner();
    let fields = HandFields { total, success, excluded, note };
    let count = hand_counts::put(&app, &caller.actor, &key, HandSpan::parse(&span)?, fields, version).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), count.version, &count_body(&app, &count, None)))
}

/// Removes counts.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let (key, span) = path.into_inner();
    hand_counts::remove(&app, &caller.actor, &key, HandSpan::parse(&span)?, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}
