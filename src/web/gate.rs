//! The gate before every handler: request id, sign-in, role, same origin, security headers.

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::Data,
};

use super::{problem::Problem, routes};
use crate::{
    domain::actor::{Actor, Permission},
    service::{
        App,
        sessions::{self, SignedIn},
        tokens,
    },
};

/// Name of the session cookie.
pub const COOKIE: &str = "fupan_session";

/// Who sent the request, put beside it by the gate.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As an actor.
    pub actor: Actor,
    /// The browser's session, where it is one.
    pub signed_in: Option<SignedIn>,
}

/// The caller of a request that passed the gate.
pub fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    request
        .extensions()
        .get::<Caller>()
        .cloned()
        .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "sign_in_needed", "sign in first"))
}

/// The middleware.
pub async fn pass<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let app = request.app_data::<Data<App>>().cloned();
    let id = app.as_ref().map(|app| app.id().to_string()).unwrap_or_default();
    let method = request.method().clone();
    let path = request.path().to_owned();
    let mut response = match decide(&request, app.as_deref().map(AsRef::as_ref)).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.call(request).await?.map_into_left_body()
        }
        Err(Refusal::Problem(problem)) => {
            request.into_response(actix_web::ResponseError::error_response(&problem)).map_into_right_body()
        }
        Err(Refusal::SignIn) => {
            let answer = HttpResponse::SeeOther().insert_header((header::LOCATION, "/login")).finish();
            request.into_response(answer).map_into_right_body()
        }
    };
    let status = response.status().as_u16();
    if status >= 500 {
        tracing::error!(request_id = id, %method, path, status, "request");
    } else {
        tracing::debug!(request_id = id, %method, path, status, "request");
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers.insert(header::HeaderName::from_static(name), header::HeaderValue::from_static(value));
    }
    if !path.starts_with("/static/") {
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = header::HeaderValue::from_str(&id) {
        headers.insert(header::HeaderName::from_static("x-request-id"), value);
    }
    Ok(response)
}

enum Refusal {
    Problem(Problem),
    SignIn,
}

async fn decide(request: &ServiceRequest, app: Option<&App>) -> Result<Option<Caller>, Refusal> {
    let Some(app) = app else { return Ok(None) };
    let Some(pattern) = request.match_pattern() else { return Ok(None) };
    let Some(route) = routes::find(request.method().as_str(), &pattern) else { return Ok(None) };
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let api = pattern.starts_with("/api/");
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if bearer.is_none() && !safe && !same_origin(request) {
        let words = "the request comes from another site; open the page here and try again";
        return Err(Refusal::Problem(Problem::new(StatusCode::FORBIDDEN, "cross_site", words)));
    }
    if route.permission == Permission::Public {
        return Ok(None);
    }
    let caller = match bearer {
        Some(secret) => tokens::actor(app, secret.trim()).await.map(|actor| Some(Caller { actor, signed_in: None })),
        None => match request.cookie(COOKIE) {
            Some(cookie) => sessions::find(app, cookie.value())
                .await
                .map(|found| found.map(|signed_in| Caller { actor: signed_in.actor(), signed_in: Some(signed_in) })),
            None => Ok(None),
        },
    }
    .map_err(|error| Refusal::Problem(error.into()))?;
    let Some(caller) = caller else {
        let words = "sign in, or send a token: Authorization: Bearer fpn_…";
        return Err(if api || !safe {
            Refusal::Problem(Problem::new(StatusCode::UNAUTHORIZED, "sign_in_needed", words))
        } else {
            Refusal::SignIn
        });
    };
    if !caller.actor.role.may(route.permission) {
        let needs = route.permission.needs();
        return Err(Refusal::Problem(crate::service::ServiceError::Forbidden { needs }.into()));
    }
    Ok(Some(caller))
}

/// Browsers say where a request comes from (Fetch Metadata, else Origin). A request that says nothing carries no
/// cookie of a browser that is newer than 2020; it is refused where it would change something.
fn same_origin(request: &ServiceRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let host = header("host").unwrap_or_default();
    header("origin").is_some_and(|origin| origin.split("://").nth(1) == Some(host) && !host.is_empty())
}
