//! Conditional requests (RFC 9110, section 13) and repeated ones (`Idempotency-Key`).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::super::problem::Problem;
use crate::{
    domain::checked::FieldError,
    service::{idempotency::KeptAnswer, secrets},
};

/// The version of an `If-Match` header, where there is one: a tag is the version, or the version and what tells its forms
/// apart ([`with_bytes_of_version`]).
pub fn if_match(request: &HttpRequest) -> Result<Option<i64>, Problem> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let plain = value.to_str().unwrap_or_default().trim().trim_start_matches("W/").trim_matches('"');
    let version = plain.split_once('-').map_or(plain, |(version, _)| version);
    version.parse().map(Some).map_err(|_| {
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
    if request.method().is_safe() && is_known(request, &etag) {
        return HttpResponse::NotModified().insert_header((header::ETAG, etag)).finish();
    }
    answer.insert_header((header::ETAG, etag)).json(body)
}

/// Whether `If-None-Match` names this tag: `*`, or a list in one or several headers, weak tags too.
fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let same = |one: &str| matches!(one.trim(), "*") || one.trim().trim_start_matches("W/") == etag;
    let known = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    known.into_iter().any(|list| list.split(',').any(same))
}

/// Bytes of a media type with a strong tag made from both; to a reader who has them already, 304 without a body. They
/// may be kept, but only by the reader, and must be asked for again before they are used. The tag names the bytes before
/// they are compressed for the way; parts of them are never sent, so nobody can join those of two codings.
pub fn with_bytes(request: &HttpRequest, media: &'static str, bytes: String) -> HttpResponse {
    tagged(request, &format!("\"{}\"", tag_of(media, &bytes)), media, bytes)
}

fn tagged(request: &HttpRequest, etag: &str, media: &'static str, bytes: String) -> HttpResponse {
    let known = request.method().is_safe() && is_known(request, etag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, etag));
    answer.insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if known { answer.finish() } else { answer.content_type(media).body(bytes) }
}

/// Like [`with_bytes`], of something with a version: the tag begins with it, so that it is what `If-Match` takes, and changes
/// with the bytes, which may move while the version stays.
pub fn with_bytes_of_version(request: &HttpRequest, version: i64, media: &'static str, bytes: String) -> HttpResponse {
    tagged(request, &format!("\"{version}-{}\"", tag_of(media, &bytes)), media, bytes)
}

fn tag_of(media: &str, bytes: &str) -> String {
    let hash = secrets::hash_bytes(&[media.as_bytes(), b"\n", bytes.as_bytes()].concat());
    hash.get(..32).unwrap_or(&hash).to_owned()
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
