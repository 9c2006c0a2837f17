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
    domain::browser,
    i18n::sign_in::{self as sign_in_words, SignInTexts},
    service::{
        App, ServiceError, accounts, demo, known_devices,
        oidc::{self, Failure},
        sessions,
        sign_in::{self, Entered, SignIn, Visit},
    },
    web::{
        gate::{caller, device_cookie, is_secure, session_cookie},
        limits,
        problem::Problem,
        server::Bounds,
    },
};

#[derive(Template)]
#[template(path = "sign.html")]
struct Sign {
    shell: Shell,
    w: &'static SignInTexts,
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
    /// A code is asked for, and nothing else.
    code: bool,
    /// The words of the button that leads to the provider.
    provider: Option<String>,
}

/// The code after the password.
#[derive(Debug, Deserialize)]
pub struct CodeForm {
    t: String,
    code: String,
    #[serde(default)]
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

/// A cookie of this service: for the whole host, out of reach of scripts, behind https by https only.
pub(super) fn cookie(app: &App, name: &'static str, value: String, life: i64) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure(app))
        .max_age(Duration::milliseconds(life))
        .finish()
}

/// The cookie of a session.
pub(in crate::web) fn of_session(app: &App, token: String) -> Cookie<'static> {
    cookie(app, session_cookie(app), token, app.sign_in.rules.life)
}

pub(super) fn signed(app: &App, sign_in: SignIn, next: &str) -> HttpResponse {
    let mut answer = back(next);
    // Names and values of these cookies are plain ASCII.
    let _ = answer.add_cookie(&of_session(app, sign_in.token));
    let _ = answer.add_cookie(&cookie(app, device_cookie(app), sign_in.device, known_devices::LIFE));
    answer
}

/// From where a request signs in.
pub(super) fn visit(request: &HttpRequest, app: &App) -> Visit {
    let bounds = request.app_data::<web::Data<Bounds>>();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Visit {
        source: limits::source(request, bounds.map_or(&[], |bounds| &bounds.proxies)),
        browser: browser::words(agent.unwrap_or_default()).to_owned(),
        device: request.cookie(device_cookie(app)).map(|cookie| cookie.value().to_owned()),
    }
}

/// What came of a password: they are in, or a code is asked for.
fn entered(request: &HttpRequest, app: &App, entered: Entered, next: String) -> Result<HttpResponse, Problem> {
    match entered {
        Entered::In(sign_in) => Ok(signed(app, *sign_in, &next)),
        Entered::Code(step) => render(StatusCode::OK, &code_form(request, step, next, String::new())),
    }
}

fn code_form(request: &HttpRequest, step: String, next: String, message: String) -> Sign {
    let mut page = login_form(request, String::new(), next, false);
    page.heading = page.w.second_step;
    page.action = "/login/code";
    page.token = step;
    page.message = message;
    page.with_email = false;
    page.code = true;
    page
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
        code: false,
        provider: None,
        w: sign_in_words::texts(t.lang),
        shell,
    }
}

/// The same with the way to the provider, where one is set.
fn login_form_of(request: &HttpRequest, app: &App, email: String, next: String, wrong: bool) -> Sign {
    let mut page = login_form(request, email, next, wrong);
    page.provider = oidc::button(app).map(|name| name.unwrap_or(page.w.with_provider).to_owned());
    page
}

/// The sign-in page with why the provider let nobody in.
pub(super) fn provider_failed(request: &HttpRequest, app: &App, failure: &Failure) -> Result<HttpResponse, Problem> {
    let mut page = login_form_of(request, app, String::new(), String::new(), false);
    page.message = sign_in_words::provider_problem(failure, page.shell.t.lang);
    let status = match failure {
        Failure::Unreachable(_) => StatusCode::BAD_GATEWAY,
        Failure::EmailTaken | Failure::Linked => StatusCode::CONFLICT,
        Failure::NoRole | Failure::SwitchedOff | Failure::NoEmail => StatusCode::FORBIDDEN,
        _ => StatusCode::UNAUTHORIZED,
    };
    render(status, &page)
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
        let mut answer = back(&next);
        let _ = answer.add_cookie(&of_session(&app, token));
        return Ok(answer);
    }
    render(StatusCode::OK, &login_form_of(&request, &app, String::new(), next, false))
}

/// Signs in.
pub async fn login(request: HttpRequest, app: web::Data<App>, form: web::Form<Login>) -> Result<HttpResponse, Problem> {
    let form = form.into_inner();
    match sign_in::with_password(&app, &form.email, form.password, &visit(&request, &app)).await {
        Ok(came) => entered(&request, &app, came, form.next),
        Err(ServiceError::SignInNeeded) => {
            render(StatusCode::UNAUTHORIZED, &login_form_of(&request, &app, form.email, form.next, true))
        }
        Err(error @ ServiceError::TooMany { seconds }) => {
            let mut page = login_form_of(&request, &app, form.email, form.next, false);
            page.message = refusal(page.shell.t, error);
            let mut answer = render(StatusCode::TOO_MANY_REQUESTS, &page)?;
            answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
            Ok(answer)
        }
        Err(other) => Err(other.into()),
    }
}

/// Takes the code after the password.
pub async fn code(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<CodeForm>,
) -> Result<HttpResponse, Problem> {
    let form = form.into_inner();
    match sign_in::with_code(&app, &form.t, &form.code, &visit(&request, &app)).await {
        Ok(sign_in) => Ok(signed(&app, sign_in, &form.next)),
        Err(ServiceError::SignInNeeded) => {
            let mut page = code_form(&request, form.t, form.next, String::new());
            page.message = page.w.wrong_code.to_owned();
            render(StatusCode::UNAUTHORIZED, &page)
        }
        Err(ServiceError::NotFound(_)) => {
            let mut page = login_form_of(&request, &app, String::new(), form.next, false);
            page.message = page.w.begin_again.to_owned();
            render(StatusCode::UNAUTHORIZED, &page)
        }
        Err(error @ ServiceError::TooMany { seconds }) => {
            let mut page = code_form(&request, form.t, form.next, String::new());
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
    let mut there = None;
    if let Some(signed_in) = caller(&request)?.signed_in {
        // Here first: the provider may be slow, and the browser gone before it answers.
        sessions::sign_out(&app, &signed_in).await?;
        there = oidc::logout_url(&app, &signed_in).await;
    }
    let mut answer = match there {
        Some(url) => super::provider::signed_out(&request, url)?,
        None => redirect("/login"),
    };
    // A browser takes a removal with the attributes of the cookie only.
    let mut gone = cookie(&app, session_cookie(&app), String::new(), 0);
    gone.make_removal();
    let _ = answer.add_cookie(&gone);
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
        code: false,
        provider: None,
        w: sign_in_words::texts(t.lang),
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
            let came = sign_in::enter(&app, account, &visit(&request, &app)).await?;
            entered(&request, &app, came, "/".to_owned())
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
