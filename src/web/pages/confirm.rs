//! Proving once more who one is.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;
use serde::Deserialize;

use super::{Shell, back, refusal, render, sign::of_session};
use crate::{
    i18n::proof::{self as texts, ProofTexts},
    service::{
        App, ServiceError,
        proof::{self, Ways},
    },
    web::{gate::caller, problem::Problem},
};

#[derive(Template)]
#[template(path = "confirm.html")]
struct Page {
    shell: Shell,
    w: &'static ProofTexts,
    message: String,
    ways: Ways,
    email: String,
    /// Where to go on.
    next: String,
}

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Next {
    next: String,
}

/// The password, a code where one is asked for, and where to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    password: String,
    code: String,
    next: String,
}

/// The question; who owes no proof goes on.
pub async fn page(request: HttpRequest, app: web::Data<App>, query: web::Query<Next>) -> Result<HttpResponse, Problem> {
    show(&request, &app, query.into_inner().next, StatusCode::OK, String::new()).await
}

async fn show(
    request: &HttpRequest,
    app: &App,
    next: String,
    status: StatusCode,
    message: String,
) -> Result<HttpResponse, Problem> {
    let caller = caller(request)?;
    // A token is for programs: nobody sits there, and its scope says what it may do.
    let owing = caller.signed_in.as_ref().filter(|one| proof::is_owed(app, one));
    let Some(signed_in) = owing else { return Ok(back(&next)) };
    let ways = proof::ways(app, signed_in).await?;
    let email = signed_in.account.email.clone();
    let shell = Shell::of(app, request, &caller, "settings").await?;
    render(status, &Page { w: texts::texts(shell.t.lang), message, ways, email, next, shell })
}

/// Takes the proof and goes on.
pub async fn give(request: HttpRequest, app: web::Data<App>, form: web::Form<Answer>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let Answer { password, code, next } = form.into_inner();
    let owing = caller.signed_in.as_ref().filter(|one| proof::is_owed(&app, one));
    let Some(signed_in) = owing else { return Ok(back(&next)) };
    let status = match proof::give(&app, signed_in, password, &code).await {
        Ok(token) => {
            let mut answer = back(&next);
            // Name and value of the cookie are plain ASCII.
            let _ = answer.add_cookie(&of_session(&app, token));
            return Ok(answer);
        }
        // The session is another one by now, or none: with what the browser has, it is there, or signs in.
        Err(ServiceError::SignInNeeded) => return Ok(back(&next)),
        Err(error @ ServiceError::Invalid(_)) => (StatusCode::UNPROCESSABLE_ENTITY, error),
        Err(error @ ServiceError::Conflict(_)) => (StatusCode::CONFLICT, error),
        Err(error @ ServiceError::TooMany { .. }) => (StatusCode::TOO_MANY_REQUESTS, error),
        Err(other) => return Err(other.into()),
    };
    let (status, error) = status;
    let wait = match &error {
        ServiceError::TooMany { seconds } => Some(*seconds),
        _ => None,
    };
    let message = refusal(super::words(&caller), error);
    let mut answer = show(&request, &app, next, status, message).await?;
    if let Some(seconds) = wait {
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    Ok(answer)
}
