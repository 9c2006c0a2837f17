//! Signing in, out, and the first set-up.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::{StatusCode, header},
    web,
};
use askama::Template;
use serde::Deserialize;

use super::{Shell, back, redirect, refusal, render};
use crate::{
    service::{App, ServiceError, accounts, demo, sessions},
    web::{
        gate::{COOKIE, caller},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "sign.html")]
struct Sign {
    shell: Shell,
    heading: &'static str,
    action: &'static str,
    token: String,
    message: String,
    fields: bool,
    with_email: bool,
    with_name: bool,
    email: String,
    name: String,
    /// Where to go after signing in.
    next: String,
}

/// E-mail and password.
#[derive(Debug, Deserialize)]
pub struct Login {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Where the person wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Next {
    next: String,
}

/// What the set-up asks for.
#[derive(Debug, Deserialize)]
pub struct Setup {
    t: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    password: String,
}

/// The token of a link.
#[derive(Debug, Deserialize)]
pub struct SetupQuery {
    t: Option<String>,
}

fn signed(app: &App, token: String, next: &str) -> HttpResponse {
    let cookie = Cookie::build(COOKIE, token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.public_url.starts_with("https://"))
        .max_age(Duration::milliseconds(sessions::LIFE))
        .finish();
    let mut answer = back(next);
    // The name and the value of the cookie are plain ASCII.
    let _ = answer.add_cookie(&cookie);
    answer
}

fn login_form(request: &HttpRequest, email: String, next: String, wrong: bool) -> Sign {
    let shell = Shell::outside(request);
    let t = shell.t;
    Sign {
        heading: t.sign_in,
        action: "/login",
        token: String::new(),
        message: if wrong { t.wrong_password.to_owned() } else { String::new() },
        fields: true,
        with_email: true,
        with_name: false,
        email,
        name: String::new(),
        next,
        shell,
    }
}

/// The sign-in page; the demo signs in by itself.
pub async fn login_page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<Next>,
) -> Result<HttpResponse, Problem> {
    let next = query.into_inner().next;
    if app.demo {
        let (token, _) = demo::sign_in(&app).await?;
        return Ok(signed(&app, token, &next));
    }
    render(StatusCode::OK, &login_form(&request, String::new(), next, false))
}

/// Signs in.
pub async fn login(request: HttpRequest, app: web::Data<App>, form: web::Form<Login>) -> Result<HttpResponse, Problem> {
    let form = form.into_inner();
    match sessions::sign_in(&app, &form.email, form.password).await {
        Ok((token, _)) => Ok(signed(&app, token, &form.next)),
        Err(ServiceError::SignInNeeded) => {
            render(StatusCode::UNAUTHORIZED, &login_form(&request, form.email, form.next, true))
        }
        Err(error @ ServiceError::TooMany { seconds }) => {
            let mut page = login_form(&request, form.email, form.next, false);
            page.message = refusal(page.shell.t, error);
            let mut answer = render(StatusCode::TOO_MANY_REQUESTS, &page)?;
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            Ok(answer)
        }
        Err(other) => Err(other.into()),
    }
}

/// Signs out.
pub async fn logout(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    if let Some(signed_in) = caller(&request)?.signed_in {
        sessions::sign_out(&app, &signed_in).await?;
    }
    let mut answer = redirect("/login");
    // A cookie that cannot be taken back names a session that is gone.
    let _ = answer.add_removal_cookie(&Cookie::build(COOKIE, "").path("/").finish());
    Ok(answer)
}

fn setup_form(request: &HttpRequest, token: String, first: bool, open: bool) -> Sign {
    let shell = Shell::outside(request);
    let t = shell.t;
    Sign {
        heading: if first { t.set_up } else { t.choose_password },
        action: "/setup",
        token,
        message: if open { String::new() } else { t.link_gone.to_owned() },
        fields: open,
        with_email: first,
        with_name: first,
        email: String::new(),
        name: String::new(),
        next: String::new(),
        shell,
    }
}

/// The page of a one-time link.
pub async fn setup_page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<SetupQuery>,
) -> Result<HttpResponse, Problem> {
    let token = query.into_inner().t.unwrap_or_default();
    match accounts::open_invitation(&app, &token).await {
        Ok(invitation) => render(StatusCode::OK, &setup_form(&request, token, invitation.kind == "setup", true)),
        Err(ServiceError::NotFound(_)) => {
            render(StatusCode::NOT_FOUND, &setup_form(&request, String::new(), false, false))
        }
        Err(other) => Err(other.into()),
    }
}

/// Does the set-up or sets the password, and signs in.
pub async fn setup(request: HttpRequest, app: web::Data<App>, form: web::Form<Setup>) -> Result<HttpResponse, Problem> {
    let form = form.into_inner();
    let first = match accounts::open_invitation(&app, &form.t).await {
        Ok(invitation) => invitation.kind == "setup",
        Err(ServiceError::NotFound(_)) => {
            return render(StatusCode::NOT_FOUND, &setup_form(&request, String::new(), false, false));
        }
        Err(other) => return Err(other.into()),
    };
    let made = if first {
        accounts::set_up(&app, &form.t, &form.email, &form.name, form.password).await
    } else {
        accounts::accept_invitation(&app, &form.t, form.password).await
    };
    match made {
        Ok(account) => {
            let (token, _) = sessions::open(&app, account).await?;
            Ok(signed(&app, token, "/"))
        }
        Err(ServiceError::Invalid(error)) => {
            let mut page = setup_form(&request, form.t, first, true);
            page.message = refusal(page.shell.t, error.into());
            (page.email, page.name) = (form.email, form.name);
            render(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(other) => Err(other.into()),
    }
}
