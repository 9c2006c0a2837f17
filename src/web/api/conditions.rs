//! Conditional requests (RFC 9110, section 13) and repeated ones (`Idempotency-Key`).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::super::problem::Problem;
use crate::{domain::checked::FieldError, service::idempotency::KeptAnswer};

/// The version of an `If-Match` header, where there is one.
pub fn if_match(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let plain = value.to_str().unwrap_or_default().trim().trim_start_matches("W/").trim_matches('"');
    plain.parse().map(Some).map_err(|_| {
        Problem::new(StatusCode::PRECONDITION_FAILED, "stale_version", "If-Match names no version; read it again")
    })
}

/// The version of an `If-Match` header, which must be there.
pub fn needed_version(request: &HttpRequest) -> Result<i64, Problem> {
    if_match(request)?.ok_or_else(|| {
        let words = "send If-Match with the ETag that you read";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "version_needed", words)
    })
}

/// An answer with its ETag; to a reader who has this version already, 304 without a body.
pub fn with_etag(
    request: &HttpRequest,
    mut answer: HttpResponseBuilder,
    version: i64,
    body: &impl Serialize,
) -> HttpResponse {
    let etag = format!("\"{version}\"");
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = |known: &str| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag);
    if request.method().is_safe() && known.is_some_and(same) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    answer.insert_header((header::ETAG, etag)).json(body)
}

/// The answer to a request that made something, or that made it `before`.
pub fn kept_answer(answer: &KeptAnswer, before: bool) -> HttpResponse {
    let mut built = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::CREATED));
    built.content_type("application/json");
    if before {
        built.insert_header(("Idempotent-Replayed", "true"));
    }
    for (name, value) in [("ETag", &answer.etag), ("Location", &answer.location)] {
        if let Some(value) = value {
            built.insert_header((name, value.clone()));
        }
    }
    built.body(answer.body.clone())
}

/// The key of a request that may be sent twice, where there is one.
pub fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map_err(|_| FieldError::shape("idempotency_key", "use plain ASCII"))?;
    Ok(Some(key.to_owned()))
}
