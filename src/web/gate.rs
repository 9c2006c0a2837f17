//! The gate before every handler: request id, sign-in, role, same origin, security headers.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::Data,
};
use futures_util::FutureExt as _;

use super::{
    bodies, forms, limits, media, pages,
    problem::{self, Problem},
    proofs, proxied, routes,
    server::Bounds,
};
use crate::{
    domain::{
        self,
        actor::{Actor, Permission},
        browser, checked,
    },
    service::{
        App, ServiceError, audit_log, authorise,
        limits::Kind,
        proof, proxy_sign_in, second_factor,
        sessions::{self, Method as SignInMethod, SignedIn},
        sign_in::SignIn,
        tokens,
    },
};

/// Name of the session cookie: behind https with the prefix by which browsers keep it to this host (RFC 6265bis). They refuse the
/// prefix on plain http, so that an installation in a house without TLS has the bare name.
pub fn session_cookie(app: &App) -> &'static str {
    if is_secure(app) { "__Host-fupan_session" } else { "fupan_session" }
}

/// Name of the cookie by which a device is known.
pub fn device_cookie(app: &App) -> &'static str {
    if is_secure(app) { "__Host-fupan_device" } else { "fupan_device" }
}

/// Whether people reach the service by https.
pub fn is_secure(app: &App) -> bool {
    app.public_url.starts_with("https://")
}

/// Name of the cookie with the chosen colours.
pub const THEME_COOKIE: &str = "fupan_theme";

/// Under this path lie the pages that share links lead to.
const SHARED: &str = "/s/";

/// Under this path lie the pages that unsubscribe an address from a mail.
const UNSUBSCRIBE: &str = "/unsubscribe/";

/// Under this path lie the pages that links of mails lead to.
const ACTS: &str = "/act/";

/// Here a provider says that somebody signed out there.
const BACK_CHANNEL: &str = "/login/provider/logout";

/// Put beside the HTML part of a mail: it is shown with the styles that stand in it, and may do nothing else.
#[derive(Debug, Clone, Copy)]
pub struct MailPage;

/// The figures of the service itself, for a monitoring system.
const METRICS: &str = "/metrics";

/// The OpenAPI document.
const DOCUMENT: &str = "/api/openapi.json";

/// A request's path for the log: what stands behind these prefixes opens something and stays out of it. Handlers are
/// found by the decoded path, so it is the one to look at.
fn without_secret(request: &ServiceRequest) -> String {
    let secret =
        [SHARED, UNSUBSCRIBE, ACTS].into_iter().find(|prefix| request.match_info().as_str().starts_with(prefix));
    secret.map_or_else(|| request.path().to_owned(), |prefix| format!("{prefix}…"))
}

/// Who sent the request, put beside it by the gate.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As an actor.
    pub actor: Actor,
    /// The browser's session, where it is one.
    pub signed_in: Option<SignedIn>,
    /// `light` or `dark` where the browser keeps a choice, else empty: as the device says.
    pub theme: &'static str,
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
    let path = without_secret(&request);
    let begun = std::time::Instant::now();
    let reader = Reader::of(&request);
    let mut request = request;
    if method == Method::HEAD {
        // The answer to HEAD is that to GET without its body, which the connection leaves out.
        request.head_mut().method = Method::GET;
    }
    let bounds = request.app_data::<Data<Bounds>>().cloned().unwrap_or_else(|| Data::new(Bounds::default()));
    let arriving = bodies::watch(&mut request, bounds.pace);
    let decided = match decide(&request, app.as_deref().map(AsRef::as_ref), &bounds).await {
        Ok(caller) => with_its_token(&mut request, caller).await,
        Err(refusal) => Err(refusal),
    };
    let mut response = match decided {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            match AssertUnwindSafe(next.call(request)).catch_unwind().await {
                Ok(answer) => answer?.map_into_left_body(),
                Err(_) => return Err(broken(&reader, app.as_deref().map(AsRef::as_ref), &method, &path, &id)),
            }
        }
        Err(Refusal::Problem(problem)) => {
            request.into_response(actix_web::ResponseError::error_response(&problem)).map_into_right_body()
        }
        Err(Refusal::Proxied(sign_in)) => {
            let there = request.uri().path_and_query().map_or("/", |there| there.as_str()).to_owned();
            let mut answer = pages::back(&there);
            if let Some(app) = app.as_deref() {
                let _ = answer.add_cookie(&pages::of_session(app, sign_in.token));
            }
            request.into_response(answer).map_into_right_body()
        }
        Err(Refusal::Proof(page)) => {
            let to = format!("{}?next={}", proofs::PAGE, query_value(page));
            let answer = HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish();
            request.into_response(answer).map_into_right_body()
        }
        Err(Refusal::SecondFactor) => {
            let to = (header::LOCATION, "/settings/second-factor");
            let answer = HttpResponse::SeeOther().insert_header(to).finish();
            request.into_response(answer).map_into_right_body()
        }
        Err(Refusal::SignIn) => {
            let there = request.uri().path_and_query().map_or("/", |there| there.as_str());
            let to = if there == "/" { "/login".to_owned() } else { format!("/login?next={}", query_value(there)) };
            let answer = HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish();
            request.into_response(answer).map_into_right_body()
        }
    };
    if arriving.as_ref().is_some_and(bodies::Arriving::is_late) {
        let words = "the body did not arrive in time; send it again, faster";
        let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", words);
        *response.response_mut().status_mut() = problem.status;
        response.response_mut().extensions_mut().insert(problem);
    }
    if arriving.as_ref().is_some_and(bodies::Arriving::is_deep) {
        let words = format!("the JSON is nested deeper than {} levels", media::DEPTH);
        let problem = Problem::new(StatusCode::BAD_REQUEST, "too_deep", words);
        *response.response_mut().status_mut() = problem.status;
        response.response_mut().extensions_mut().insert(problem);
    }
    if let Some(app) = app.as_deref().map(AsRef::as_ref) {
        response = noted(app, response).await;
    }
    let refused = response.response().extensions().get::<Problem>().cloned().or_else(|| {
        // Bodies that are read as bytes are refused by the framework itself.
        let unsaid = response.status() == StatusCode::PAYLOAD_TOO_LARGE;
        unsaid.then(|| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than 2 MiB"))
    });
    if let Some(problem) = refused {
        let caller = response.request().extensions().get::<Caller>().cloned();
        let (media, body) = reader.answer(&problem, caller.as_ref(), app.as_deref().map(AsRef::as_ref), &id);
        response = response.map_body(|_, _| EitherBody::right(BoxBody::new(body)));
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media));
    }
    response = with_token(response);
    if let Some(arriving) = arriving {
        response = response.map_body(|_, body| EitherBody::right(arriving.answered(body.boxed())));
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let request = response.request();
        let pattern = request.resource_map().match_pattern(request.match_info().as_str()).unwrap_or_default();
        if let Ok(allowed) = header::HeaderValue::from_str(&routes::methods_of(&pattern)) {
            response.headers_mut().insert(header::ALLOW, allowed);
        }
    }
    let status = response.status().as_u16();
    let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::error!(request_id = id, %method, path, status, millis, "request");
    } else if path.starts_with("/static/") || matches!(path.as_str(), "/healthz" | "/readyz" | "/metrics") {
        tracing::debug!(request_id = id, %method, path, status, millis, "request");
    } else {
        tracing::info!(request_id = id, %method, path, status, millis, "request");
    }
    let mail_page = response.response().extensions().get::<MailPage>().is_some();
    protect(response.headers_mut(), app.as_deref().map(AsRef::as_ref), &path, mail_page, &id);
    Ok(response)
}

/// The answer where a handler panicked: one as others, by a way that needs no request, because the handler took it with it.
fn broken(reader: &Reader, app: Option<&App>, method: &Method, path: &str, id: &str) -> Error {
    tracing::error!(request_id = id, %method, path, status = 500, "a handler panicked; the place is logged before this line");
    let words = "something went wrong here; it is in the log under this request's id";
    let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", words);
    let (media, body) = reader.answer(&problem, None, app, id);
    let mut answer = HttpResponse::InternalServerError().content_type(media).body(body);
    protect(answer.headers_mut(), app, path, false, id);
    actix_web::error::InternalError::from_response("panic", answer).into()
}

/// The headers of every answer.
fn protect(headers: &mut header::HeaderMap, app: Option<&App>, path: &str, mail_page: bool, id: &str) {
    let shared = path.starts_with(SHARED);
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
    if app.is_some_and(is_secure) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, header::HeaderValue::from_static("max-age=31536000"));
    }
    if shared {
        // A wiki of another site shows these pages in a frame; they hold no script and no form.
        headers.remove("x-frame-options");
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex, nofollow, noarchive"),
            // Whoever has the link may read it, a script of the wiki too; nothing here depends on who is signed in.
            ("access-control-allow-origin", "*"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *",
            ),
        ] {
            headers.insert(header::HeaderName::from_static(name), header::HeaderValue::from_static(value));
        }
    }
    if mail_page {
        let policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
        headers.insert(
            header::HeaderName::from_static("content-security-policy"),
            header::HeaderValue::from_static(policy),
        );
    }
    if path.starts_with(ACTS) {
        // The token opens something: no page that is linked from here learns it.
        headers.insert(
            header::HeaderName::from_static("referrer-policy"),
            header::HeaderValue::from_static("no-referrer"),
        );
    }
    if !path.starts_with("/static/") && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    if let Ok(value) = header::HeaderValue::from_str(id) {
        headers.insert(header::HeaderName::from_static("x-request-id"), value);
    }
}

/// Files that are taken out, by the pattern of their path, and what each is called in the audit log.
const EXPORTS: [(&str, &str); 3] = [
    ("/e/{number}/postmortem/export", "postmortem"),
    ("/indicators/{key}/minutes.csv", "minutes"),
    ("/indicators/{key}/days.csv", "days"),
];

/// Notes in the audit log what was refused, and files that are taken out: a file that could not be noted is not handed over.
async fn noted<B: MessageBody + 'static>(
    app: &App,
    response: ServiceResponse<EitherBody<B>>,
) -> ServiceResponse<EitherBody<B>> {
    let request = response.request();
    let path = request.match_info().as_str();
    let likely = path.ends_with("/export") || path.rsplit('.').next() == Some("csv");
    let file = response.status() == StatusCode::OK && likely;
    if !file && response.status() != StatusCode::FORBIDDEN {
        return response;
    }
    let method = request.method().clone();
    let pattern = request.resource_map().match_pattern(request.match_info().as_str()).unwrap_or_default();
    let actor = request.extensions().get::<Caller>().map(|caller| caller.actor.clone());
    if response.status() == StatusCode::FORBIDDEN {
        let code = response.response().extensions().get::<Problem>().map_or("forbidden", |problem| problem.code);
        audit_log::refused(app, actor.as_ref(), method.as_str(), &pattern, code).await;
        return response;
    }
    let (Some((_, what)), Some(actor)) = (EXPORTS.iter().find(|(of, _)| *of == pattern), actor) else {
        return response;
    };
    let part = |name: &str| request.match_info().get(name).unwrap_or_default();
    let subject = match domain::event::number_of(part("number")) {
        Some(number) => format!("event:{number}"),
        None => format!("indicator:{}", part("key")),
    };
    match audit_log::exported(app, &actor, what, &subject.chars().take(80).collect::<String>()).await {
        Ok(()) => response,
        Err(error) => {
            let problem = Problem::from(error);
            response.into_response(actix_web::ResponseError::error_response(&problem)).map_into_right_body()
        }
    }
}

/// Refuses what a browser's session would change without the token of the session; scripts of the API read no cookie of another
/// site and send JSON, which no form can.
async fn with_its_token(request: &mut ServiceRequest, caller: Option<Caller>) -> Result<Option<Caller>, Refusal> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let token = caller.as_ref().and_then(|caller| caller.signed_in.as_ref()).map(|one| one.session.csrf.clone());
    let Some(token) = token.filter(|_| !safe && !request.match_info().as_str().starts_with("/api/")) else {
        return Ok(caller);
    };
    let problem = match forms::look(request, &token).await {
        forms::Brought::Token => return Ok(caller),
        forms::Brought::TooMuch => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than 2 MiB")
        }
        forms::Brought::Another => {
            let words = "the form is of another session; open the page again and send it once more";
            Problem::new(StatusCode::FORBIDDEN, "form_token", words)
        }
    };
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Err(Refusal::Problem(problem))
}

/// Puts the token of the session into the forms of a page.
fn with_token<B: MessageBody + 'static>(response: ServiceResponse<EitherBody<B>>) -> ServiceResponse<EitherBody<B>> {
    let media = response.headers().get(header::CONTENT_TYPE);
    let html = media.is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    let mail = response.response().extensions().get::<MailPage>().is_some();
    // Files are taken away and passed on.
    let file = response.headers().contains_key(header::CONTENT_DISPOSITION)
        || response.request().match_info().as_str().starts_with("/api/");
    let caller = response.request().extensions().get::<Caller>().cloned();
    let Some(signed_in) = caller.and_then(|caller| caller.signed_in).filter(|_| html && !mail && !file) else {
        return response;
    };
    response.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => {
            let page = forms::with_token(&String::from_utf8_lossy(&bytes), &signed_in.session.csrf);
            EitherBody::right(BoxBody::new(page))
        }
        Err(body) => body,
    })
}

/// A path as the value of a query: everything but the plainest characters is percent-encoded (RFC 3986).
fn query_value(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            other => drop(write!(text, "%{other:02X}")),
        }
        text
    })
}

fn theme(request: &ServiceRequest) -> &'static str {
    let cookie = request.cookie(THEME_COOKIE);
    match cookie.as_ref().map(actix_web::cookie::Cookie::value) {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "",
    }
}

/// How the sender of a request reads a refusal.
struct Reader {
    page: bool,
    api: bool,
    language: Option<String>,
}

impl Reader {
    fn of(request: &ServiceRequest) -> Self {
        let header = |name: header::HeaderName| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let api = request.path().starts_with("/api/");
        let accept = header(header::ACCEPT).unwrap_or_default();
        let html = accept.contains("text/html");
        // A form that says nothing of what it takes comes from a plain client; what a script of ours sends, it reads itself.
        let form = header(header::CONTENT_TYPE).is_some_and(|media| {
            media.starts_with("application/x-www-form-urlencoded") || media.starts_with("multipart/form-data")
        });
        let script = request.headers().get("sec-fetch-dest").is_some_and(|dest| dest.as_bytes() == b"empty");
        let anything = accept.is_empty() || accept.trim() == "*/*";
        let page = !api && (html || form && anything && !script);
        Self { page, api, language: header(header::ACCEPT_LANGUAGE) }
    }

    /// Media type and body: a page for browsers, problem details for programs.
    fn answer(
        &self,
        problem: &Problem,
        caller: Option<&Caller>,
        app: Option<&App>,
        id: &str,
    ) -> (&'static str, String) {
        let own = caller.and_then(|caller| caller.signed_in.as_ref()).map(|signed_in| signed_in.account.lang.as_str());
        // Programs that name no language get English, people Chinese.
        let language = own.or(self.language.as_deref()).unwrap_or(if self.api { "en" } else { "zh-CN" });
        let chinese = language.starts_with("zh");
        if self.page
            && let Some(html) = pages::problem_page(problem, crate::i18n::texts(language), caller, app, id)
        {
            return ("text/html; charset=utf-8", html);
        }
        (problem::MEDIA_TYPE, problem.body(id, chinese))
    }
}

enum Refusal {
    Problem(Problem),
    SignIn,
    SecondFactor,
    /// A proof is asked for, which leads back to this page.
    Proof(&'static str),
    /// The proxy in front names somebody, who has a session from now on.
    Proxied(Box<SignIn>),
}

impl Refusal {
    /// A refusal without a handler; a person who is signed in is told in their own language.
    async fn here(app: &App, request: &ServiceRequest, problem: Problem) -> Self {
        if let Some(caller) = person(app, request).await.unwrap_or_default() {
            request.extensions_mut().insert(caller);
        }
        Self::Problem(problem)
    }
}

async fn decide(request: &ServiceRequest, app: Option<&App>, bounds: &Bounds) -> Result<Option<Caller>, Refusal> {
    let Some(app) = app else { return Ok(None) };
    if head_bytes(request) > HEAD_BYTES {
        let words = "the address and the headers are larger than 16 KiB";
        return Err(Refusal::Problem(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head_too_large",
            words,
        )));
    }
    // Handlers are found by the decoded path: so is the permission, or `/%65vents` would need none.
    let decoded = request.match_info().as_str();
    let Some(pattern) = request.resource_map().match_pattern(decoded) else {
        let words = format!("there is nothing at {}", request.path());
        return Err(Refusal::here(app, request, Problem::new(StatusCode::NOT_FOUND, "not_found", words)).await);
    };
    let Some(route) = routes::find(request.method().as_str(), &pattern) else {
        let words = format!("{} does not take {}", request.path(), request.method());
        return Err(Refusal::here(app, request, Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", words)).await);
    };
    if is_packed(request, &pattern) {
        let words = "packed bodies are not taken here; send it without Content-Encoding";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "packed", words);
        return Err(Refusal::here(app, request, problem).await);
    }
    let now = app.now_millis();
    let too_often =
        |kind, who: &str| app.limits.take(kind, who, now).map(|seconds| Refusal::Problem(Problem::too_often(seconds)));
    if let Some(refusal) = limits::kind(request.method(), &pattern)
        .and_then(|kind| too_often(kind, &limits::source(request.request(), &bounds.proxies)))
    {
        return Err(refusal);
    }
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let api = pattern.starts_with("/api/") || pattern == METRICS;
    let bearer = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    // A mail program unsubscribes by itself, without any page of ours (RFC 8058): the token in the path is all it has.
    // A provider that tells of a logout has its signature.
    let one_click = pattern.starts_with(UNSUBSCRIBE) || pattern.starts_with(ACTS) || pattern == BACK_CHANNEL;
    // A program that has forgotten its token: no browser speaks here, and without a cookie nobody's rights are used.
    let program = api && !from_browser(app, request);
    if bearer.is_none() && !safe && !one_click && !program && !same_origin(request, &app.public_url) {
        let words = "the request comes from another site; open the page here and try again";
        return Err(Refusal::Problem(Problem::new(StatusCode::FORBIDDEN, "cross_site", words)));
    }
    let opened = match route.path {
        METRICS => bounds.public_metrics,
        DOCUMENT => bounds.public_api_document,
        _ => false,
    };
    if opened || route.permission == Permission::Public {
        return Ok(None);
    }
    let caller = match bearer {
        Some(secret) => {
            let secret = secret.trim();
            if let Some(refusal) = too_often(Kind::Token, secret) {
                return Err(refusal);
            }
            let found = tokens::actor(app, secret).await;
            // Tokens that open nothing are guesses.
            if matches!(found, Err(ServiceError::SignInNeeded))
                && let Some(refusal) = too_often(Kind::Link, &limits::source(request.request(), &bounds.proxies))
            {
                return Err(refusal);
            }
            found.map(|actor| Some(Caller { actor, signed_in: None, theme: "" }))
        }
        None => person(app, request).await,
    }
    .map_err(|error| Refusal::Problem(error.into()))?;
    let named = proxied::email(request.request(), app.sign_in.rules.proxy.as_ref()).filter(|_| safe && !api);
    if let Some(email) = named.filter(|_| caller.is_none()) {
        // A client that keeps no cookies would open a session with every request.
        if let Some(refusal) = too_often(Kind::SignIn, &email) {
            return Err(refusal);
        }
        let browser = browser_words(request);
        match proxy_sign_in::open(app, &email, browser).await {
            Ok(Some(sign_in)) => return Err(Refusal::Proxied(Box::new(sign_in))),
            Ok(None) => {}
            Err(error) => return Err(Refusal::Problem(error.into())),
        }
    }
    let Some(caller) = caller else {
        let words = "sign in, or send a token: Authorization: Bearer fpn_…";
        return Err(if api || !safe {
            Refusal::Problem(Problem::new(StatusCode::UNAUTHORIZED, "sign_in_needed", words))
        } else {
            Refusal::SignIn
        });
    };
    let account = caller.actor.account_id.map(|id| id.to_string()).unwrap_or_default();
    if let Some(refusal) = too_often(Kind::Account, &account) {
        request.extensions_mut().insert(caller);
        return Err(refusal);
    }
    if owes_second_factor(app, &caller) && !WITHOUT_SECOND_FACTOR.contains(&route.path) {
        if safe && !api {
            return Err(Refusal::SecondFactor);
        }
        let words = "your role needs an authenticator; set one up in the settings first";
        request.extensions_mut().insert(caller);
        return Err(Refusal::Problem(Problem::new(StatusCode::FORBIDDEN, "second_factor_needed", words)));
    }
    if let Err(error) = authorise(&caller.actor, route.permission) {
        // The refusal is told in their language, and noted with their account.
        request.extensions_mut().insert(caller);
        return Err(Refusal::Problem(error.into()));
    }
    if let Some(problem) = media::refused(request, &pattern) {
        request.extensions_mut().insert(caller);
        return Err(Refusal::Problem(problem));
    }
    let owed = caller.signed_in.as_ref().is_some_and(|one| proof::is_owed(app, one));
    if let Some(page) = proofs::back_of(route.method, route.path).filter(|_| owed) {
        if !page.is_empty() {
            return Err(Refusal::Proof(page));
        }
        let words = "this sign-in is older than 15 minutes: confirm at /settings/confirm that it is you, or send a token with \
                     the scope admin";
        request.extensions_mut().insert(caller);
        return Err(Refusal::Problem(Problem::new(StatusCode::FORBIDDEN, "proof_needed", words)));
    }
    Ok(Some(caller))
}

/// The largest head, in bytes. The framework reads up to 128 KiB before it answers by itself.
const HEAD_BYTES: usize = 16 * 1_024;

/// Bytes of a request's line and headers.
fn head_bytes(request: &ServiceRequest) -> usize {
    let line = request.uri().path_and_query().map_or(0, |there| there.as_str().len());
    // `: ` and the end of the line.
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() + line
}

/// What somebody may do whose role needs an authenticator, and who has none yet.
const WITHOUT_SECOND_FACTOR: [&str; 5] = ["/settings/second-factor", proofs::PAGE, "/logout", "/language", "/theme"];

fn owes_second_factor(app: &App, caller: &Caller) -> bool {
    caller.signed_in.as_ref().is_some_and(|one| second_factor::is_owed(app, one))
}

/// Whether a body comes packed where it may not. Bodies are unpacked before their size is looked at, and a few hundred bytes
/// of brotli are gigabytes: only samples come packed, by gzip, from those who may write them.
fn is_packed(request: &ServiceRequest, pattern: &str) -> bool {
    request.headers().get(header::CONTENT_ENCODING).is_some_and(|value| {
        let samples = pattern == media::SAMPLES && value.as_bytes().eq_ignore_ascii_case(b"gzip");
        !samples && !value.as_bytes().eq_ignore_ascii_case(b"identity")
    })
}

/// Who is signed in with the browser.
async fn person(app: &App, request: &ServiceRequest) -> Result<Option<Caller>, ServiceError> {
    let Some(cookie) = request.cookie(session_cookie(app)) else { return Ok(None) };
    let found = sessions::find(app, cookie.value()).await?;
    // What a proxy vouched for holds as long as it does: not past it, and not for somebody else behind it.
    let found = found.filter(|one| {
        one.session.method != SignInMethod::Proxy.code()
            || proxied::email(request.request(), app.sign_in.rules.proxy.as_ref())
                .is_some_and(|email| checked::fold(&email) == checked::fold(&one.account.email))
    });
    Ok(found.map(|signed_in| Caller { actor: signed_in.actor(), signed_in: Some(signed_in), theme: theme(request) }))
}

fn browser_words(request: &ServiceRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    browser::words(agent.unwrap_or_default()).to_owned()
}

/// Whether a request has a session or says where it comes from, as those of browsers do.
fn from_browser(app: &App, request: &ServiceRequest) -> bool {
    request.cookie(session_cookie(app)).is_some()
        || ["sec-fetch-site", "origin"].iter().any(|name| request.headers().contains_key(*name))
}

/// Browsers say where a request comes from (Fetch Metadata, else Origin). A request that says nothing carries no
/// cookie of a browser that is newer than 2020; it is refused where it would change something.
fn same_origin(request: &ServiceRequest, public_url: &str) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let host = header("host").unwrap_or_default();
    let same_host = |origin: &str| !host.is_empty() && origin.split("://").nth(1) == Some(host);
    // Behind a proxy the Host may be another one than people see.
    header("origin").is_some_and(|origin| same_host(origin) || origin == public_url)
}

#[cfg(test)]
mod tests {
    use actix_web::{App as HttpApp, middleware::from_fn, test, web};

    use super::*;

    async fn breaks() -> HttpResponse {
        let none: Vec<u8> = Vec::new();
        let at = none.len();
        let byte = none[at];
        HttpResponse::Ok().body(byte.to_string())
    }

    #[actix_web::test]
    async fn a_handler_that_panics_is_answered_with_a_500_as_others_are() {
        let app = HttpApp::new().wrap(from_fn(pass)).route("/breaks", web::get().to(breaks));
        let service = test::init_service(app).await;
        let asked = test::TestRequest::get().uri("/breaks").to_request();
        let error = test::try_call_service(&service, asked).await.map(drop).unwrap_err();
        let answer = error.error_response();
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers().get("x-content-type-options").unwrap(), "nosniff");
        assert_eq!(answer.headers().get(header::CONTENT_TYPE).unwrap(), problem::MEDIA_TYPE);
    }
}
