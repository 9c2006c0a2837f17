//! Signing in at a provider, and linking one's account there.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{
    Shell, back, redirect, render,
    sign::{cookie, provider_failed, signed, visit},
};
use crate::{
    domain::checked::FieldError,
    i18n::sign_in as texts,
    service::{
        App,
        oidc::{self, Failure, Finished, Purpose, Return},
        sessions,
    },
    web::{
        gate::{caller, is_secure, session_cookie},
        problem::Problem,
    },
};

/// A page that leads away. A form must not (`form-action` of the policy), a page may.
#[derive(Template)]
#[template(path = "leaving.html")]
struct Leaving {
    shell: Shell,
    heading: &'static str,
    go_on: &'static str,
    url: String,
}

/// Signed out here; on to the provider.
pub(super) fn signed_out(request: &HttpRequest, url: String) -> Result<HttpResponse, Problem> {
    let shell = Shell::outside(request);
    let w = texts::texts(shell.t.lang);
    render(StatusCode::OK, &Leaving { heading: w.signed_out, go_on: w.sign_out_there, url, shell })
}

/// Name of the cookie of a browser that is at the provider.
fn flow_cookie(app: &App) -> &'static str {
    if is_secure(app) { "__Host-fupan_flow" } else { "fupan_flow" }
}

fn problem(request: &HttpRequest, app: &App, failure: Failure) -> Result<HttpResponse, Problem> {
    match failure {
        Failure::Service(error) => Err(error.into()),
        failure => provider_failed(request, app, &failure),
    }
}

/// Where the person wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Next {
    next: String,
    /// Not empty where they are to be asked again.
    again: String,
}

/// Goes to the provider.
pub async fn begin(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<Next>,
) -> Result<HttpResponse, Problem> {
    let purpose = if query.again.is_empty() { Purpose::SignIn } else { Purpose::Proof };
    match oidc::begin(&app, &query.next, purpose).await {
        Ok(beginning) => {
            let mut answer = redirect(&beginning.url);
            let _ = answer.add_cookie(&cookie(&app, flow_cookie(&app), beginning.browser, oidc::FLOW_LIFE));
            Ok(answer)
        }
        Err(failure) => problem(&request, &app, failure),
    }
}

/// What the provider sends along.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Back from the provider.
pub async fn finish(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<Answer>,
) -> Result<HttpResponse, Problem> {
    let Answer { state, code, error, iss } = query.into_inner();
    let browser = request.cookie(flow_cookie(&app)).map(|cookie| cookie.value().to_owned());
    let signed_in = match request.cookie(session_cookie(&app)) {
        Some(cookie) => sessions::find(&app, cookie.value()).await?,
        None => None,
    };
    let came = Return { state, code, error, iss, browser };
    let mut answer = match oidc::finish(&app, came, signed_in.as_ref(), &visit(&request, &app)).await {
        Ok(Finished::In(sign_in, next)) => signed(&app, *sign_in, &next),
        Ok(Finished::Linked) => back("/settings/identity"),
        Err(failure) => problem(&request, &app, failure)?,
    };
    let mut gone = cookie(&app, flow_cookie(&app), String::new(), 0);
    gone.make_removal();
    let _ = answer.add_cookie(&gone);
    Ok(answer)
}

/// What the provider posts when somebody signed out there.
#[derive(Debug, Deserialize)]
pub struct LogoutForm {
    logout_token: String,
}

/// Somebody signed out at the provider.
pub async fn back_channel(app: web::Data<App>, form: web::Form<LogoutForm>) -> Result<HttpResponse, Problem> {
    match oidc::back_channel(&app, &form.logout_token).await {
        Ok(()) => Ok(HttpResponse::Ok().finish()),
        Err(Failure::Service(error)) => Err(error.into()),
        Err(failure) => {
            tracing::warn!(%failure, "a logout of the provider was refused");
            let error = serde_json::json!({"error": "invalid_request"});
            Ok(HttpResponse::BadRequest().json(error))
        }
    }
}

/// One's own account at the provider.
#[derive(Template)]
#[template(path = "identity.html")]
struct Identity {
    shell: Shell,
    w: &'static texts::SignInTexts,
    message: String,
    /// Since when it is linked.
    linked: Vec<String>,
}

/// Whether one's account is linked.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    show(&request, &app, StatusCode::OK, String::new()).await
}

async fn show(request: &HttpRequest, app: &App, status: StatusCode, message: String) -> Result<HttpResponse, Problem> {
    let caller = caller(request)?;
    let shell = Shell::of(app, request, &caller, "settings").await?;
    let linked = oidc::own(app, &caller.actor).await?;
    let linked = linked.iter().map(|one| super::rows::when(app, one.created_at)).collect();
    render(status, &Identity { w: texts::texts(shell.t.lang), message, linked, shell })
}

/// What is to be done.
#[derive(Debug, Deserialize)]
pub struct Act {
    act: String,
}

/// Links one's account, or takes the link away.
pub async fn act(request: HttpRequest, app: web::Data<App>, form: web::Form<Act>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    if caller.signed_in.is_none() {
        return Err(crate::service::ServiceError::SignInNeeded.into());
    }
    match form.act.as_str() {
        "link" => match oidc::begin(&app, "/settings/identity", Purpose::Link(&caller.actor)).await {
            Ok(beginning) => {
                let shell = Shell::of(&app, &request, &caller, "settings").await?;
                let w = texts::texts(shell.t.lang);
                let page = Leaving { heading: w.link_identity, go_on: w.with_provider, url: beginning.url, shell };
                let mut answer = render(StatusCode::OK, &page)?;
                let _ = answer.add_cookie(&cookie(&app, flow_cookie(&app), beginning.browser, oidc::FLOW_LIFE));
                Ok(answer)
            }
            Err(failure) => problem(&request, &app, failure),
        },
        "unlink" => match oidc::unlink(&app, &caller.actor).await {
            Ok(()) => Ok(redirect("/settings/identity")),
            Err(error @ crate::service::ServiceError::Conflict(_)) => {
                let message = super::refusal(super::words(&caller), error);
                show(&request, &app, StatusCode::CONFLICT, message).await
            }
            Err(error) => Err(error.into()),
        },
        _ => Err(FieldError::shape("act", "choose link or unlink").into()),
    }
}
