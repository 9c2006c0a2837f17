//! Where samples are pulled from, over the API.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, needed_version},
};
use crate::{
    domain::{
        checked::FieldError,
        samples::{Minute, minute_of},
    },
    service::{
        App, ServiceError,
        sources::{self, Counted, DELAY, PAGE_LIMIT, SourceChange, SourceFields, SourceOf},
    },
};

/// Which sources.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SourceQuery {
    /// Where the page begins, from `next_cursor`.
    cursor: Option<i32>,
    /// Sources on a page, 1 to 200; by default 200.
    limit: Option<u64>,
}

/// What is in the way of a source.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceProblemBody {
    /// forbidden_address, unreachable, slow, too_long, redirect, denied, no_interface, unavailable, query, many_series,
    /// histogram, unreadable, not_taken or no_token.
    code: &'static str,
    /// A sentence with the remedy.
    detail: &'static str,
    /// The server's own words, where it said any.
    words: String,
    /// When it was found.
    at: Option<DateTime<FixedOffset>>,
    /// Failures in a row; the waits between them grow to an hour.
    failures: i32,
}

/// Where the samples of an indicator are pulled from.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceBody {
    /// Key of the indicator.
    indicator: String,
    /// Address of the server.
    url: String,
    /// Query for the attempts of a minute.
    total: String,
    /// Query for those that succeeded; null where failures are counted.
    success: Option<String>,
    /// Query for failures that count; null where successes are.
    failed: Option<String>,
    /// Query for failures that do not count.
    excluded: Option<String>,
    /// Whether a token is kept. It is never shown.
    has_token: bool,
    /// Whether the settings hold a token for its server (`outgoing.tokens`); it is sent where none is kept here.
    settings_token: bool,
    /// Minutes that are waited for late data.
    delay_minutes: u16,
    /// Nothing is pulled.
    paused: bool,
    /// The first minute to pull.
    since: Option<DateTime<FixedOffset>>,
    /// Up to here everything is pulled.
    position: Option<DateTime<FixedOffset>>,
    /// Minutes that are pulled, from `since` on.
    pulled_minutes: i32,
    /// Minutes that there are, from `since` to the present less the delay.
    due_minutes: i32,
    /// Everything up to the present is pulled.
    up_to_date: bool,
    /// The last good answer.
    pulled_at: Option<DateTime<FixedOffset>>,
    /// Not asked before.
    next_at: Option<DateTime<FixedOffset>>,
    /// Minutes whose numbers cannot be true and were left out.
    impossible_minutes: i64,
    /// What the server noted beside its last answer.
    note: Option<String>,
    /// What is in the way.
    problem: Option<SourceProblemBody>,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// Sources by the numbers of their indicators.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceList {
    /// Sources.
    data: Vec<SourceBody>,
    /// Where the next page begins.
    next_cursor: Option<String>,
}

/// A source to write: the whole of it but the token and the place, which stay where they are left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceChangeBody {
    /// Address of the server; `/api/v1/query_range` is added.
    url: String,
    /// Query for the attempts of a minute: `sum(increase(payments_total[1m]))`.
    total: String,
    /// Query for those that succeeded; give this or `failed`.
    success: Option<String>,
    /// Query for failures that count.
    failed: Option<String>,
    /// Query for failures that do not count.
    excluded: Option<String>,
    /// Bearer token; left out it stays (unless another server is asked), null takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    token: Option<Option<SecretString>>,
    /// Minutes that are waited for late data, 0 to 1440; by default 2.
    delay_minutes: Option<u16>,
    /// Pull nothing for now.
    paused: Option<bool>,
    /// Pull anew from this minute on. Without it a new source begins with the present.
    since: Option<DateTime<FixedOffset>>,
}

fn given<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Option<SecretString>>, D::Error> {
    Option::<SecretString>::deserialize(source).map(Some)
}

/// The query that counts successes or failures.
pub fn second(success: Option<String>, failed: Option<String>) -> Result<(String, Counted), FieldError> {
    let blank = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    match (blank(success), blank(failed)) {
        (Some(query), None) => Ok((query, Counted::Success)),
        (None, Some(query)) => Ok((query, Counted::Failed)),
        _ => Err(FieldError::shape("success", "give one query: for successes, or for failures")),
    }
}

fn time(app: &App, millis: i64) -> Option<DateTime<FixedOffset>> {
    DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset())
}

/// A source as JSON.
pub fn body(app: &App, of: &SourceOf) -> SourceBody {
    let (source, fields, state) = (&of.source, &of.source.fields, &of.source.state);
    let minute = |minute: Minute| time(app, i64::from(minute) * 60_000);
    let (pulled, due) = source.progress(app.now_millis());
    let (success, failed) = match fields.counted {
        Counted::Success => (Some(fields.second.clone()), None),
        Counted::Failed => (None, Some(fields.second.clone())),
    };
    SourceBody {
        indicator: of.indicator.fields.key.clone(),
        url: fields.url.clone(),
        total: fields.total.clone(),
        success,
        failed,
        excluded: fields.excluded.clone(),
        has_token: source.has_token,
        settings_token: app.outgoing.holds_token(&fields.url),
        delay_minutes: fields.delay,
        paused: fields.paused,
        since: minute(state.since),
        position: minute(state.position),
        pulled_minutes: pulled,
        due_minutes: due,
        up_to_date: pulled >= due,
        pulled_at: state.pulled_at.and_then(|at| time(app, at)),
        next_at: time(app, state.next_at),
        impossible_minutes: state.impossible,
        note: state.note.clone(),
        problem: state.problem.as_ref().map(|(problem, words)| SourceProblemBody {
            code: problem.code(),
            detail: problem.words(),
            words: words.clone(),
            at: state.problem_at.and_then(|at| time(app, at)),
            failures: state.failures,
        }),
        version: source.version,
    }
}

/// A page of sources as JSON; `limit` is what was asked for.
pub fn list_body(app: &App, sources: &[SourceOf], limit: u64) -> SourceList {
    let full = u64::try_from(sources.len()).is_ok_and(|count| count >= limit);
    SourceList {
        data: sources.iter().map(|one| body(app, one)).collect(),
        next_cursor: sources.last().filter(|_| full).map(|last| last.source.indicator.to_string()),
    }
}

/// Sources.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<SourceQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let limit = query.limit.unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
    let found = sources::page(&app, &caller.actor, query.cursor.unwrap_or(0), limit).await?;
    Ok(HttpResponse::Ok().json(list_body(&app, &found, limit)))
}

/// Never 304: how far it is changes without the version.
fn tagged(app: &App, of: &SourceOf) -> HttpResponse {
    let etag = (header::ETAG, format!("\"{}\"", of.source.version));
    HttpResponse::Ok().insert_header(etag).json(body(app, of))
}

/// One source.
pub async fn read(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    Ok(tagged(&app, &sources::find(&app, &caller.actor, &key).await?))
}

/// Writes a source.
pub async fn put(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    change: web::Json<SourceChangeBody>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = if_match(&request)?;
    let change = change.into_inner();
    let (second, counted) = second(change.success, change.failed)?;
    let change = SourceChange {
        fields: SourceFields {
            url: change.url,
            total: change.total,
            second,
            counted,
            excluded: change.excluded,
            delay: change.delay_minutes.unwrap_or(DELAY),
            paused: change.paused.unwrap_or(false),
        },
        token: change.token,
        since: change.since.map(|at| minute_of(at.timestamp_millis())),
    };
    Ok(tagged(&app, &sources::put(&app, &caller.actor, &key, version, change).await?))
}

/// Removes a source.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    sources::remove(&app, &caller.actor, &key, Some(version)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Pulls the next stretch now.
pub async fn pull(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (app, actor, key) = (app.get_ref().clone(), caller.actor.clone(), key.into_inner());
    let asked = app.clone();
    // In a task of its own: who goes away leaves no stretch half done.
    let pulled = crate::service::detached(async move { sources::pull(&asked, &actor, &key).await }).await;
    pulled.map(|of| tagged(&app, &of)).map_err(|error: ServiceError| error.into())
}
