//! Where somebody is signed in: one's own sessions, and for administrators those of an account.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use uuid::Uuid;

use super::{Shell, redirect, rows};
use crate::{
    domain::checked::FieldError,
    i18n::sign_in::{self as words, SignInTexts},
    service::{App, ServiceError, accounts, sessions},
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// A session.
struct Row {
    id: Uuid,
    browser: String,
    method: &'static str,
    since: String,
    used: String,
    until: String,
    current: bool,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    shell: Shell,
    w: &'static SignInTexts,
    message: String,
    whose: String,
    own: bool,
    /// Where the forms lead to.
    base: String,
    rows: Vec<Row>,
}

async fn show(app: &App, request: &HttpRequest, caller: &Caller, account: Uuid) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let w = words::texts(shell.t.lang);
    let own = caller.actor.account_id == Some(account);
    let whose = if own {
        caller.actor.name.clone()
    } else {
        let account = accounts::by_id_of(app, &caller.actor, account).await?;
        format!("{} · {}", account.name, account.email)
    };
    let current = caller.signed_in.as_ref().map(|one| one.session.id);
    let rows = sessions::list(app, &caller.actor, account).await?.into_iter().map(|session| Row {
        id: session.id,
        browser: if matches!(session.browser.as_str(), "" | "?") {
            w.unknown_browser.to_owned()
        } else {
            session.browser.clone()
        },
        method: match session.method.as_str() {
            "provider" => w.by_provider,
            "proxy" => w.by_proxy,
            _ => w.by_password,
        },
        since: rows::when(app, session.created_at),
        used: rows::when(app, session.seen_at),
        until: rows::when(app, session.expires_at),
        current: Some(session.id) == current,
    });
    let base = if own { "/settings/sessions".to_owned() } else { format!("/settings/accounts/{account}/sessions") };
    let page = Page { rows: rows.collect(), message: String::new(), whose, own, base, w, shell };
    super::render(StatusCode::OK, &page)
}

fn own_id(caller: &Caller) -> Result<Uuid, Problem> {
    caller.actor.account_id.ok_or_else(|| ServiceError::SignInNeeded.into())
}

/// One's own sessions.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, own_id(&caller)?).await
}

/// Ends one of one's own sessions.
pub async fn end(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    sessions::revoke(&app, &caller.actor, own_id(&caller)?, *id).await?;
    Ok(redirect("/settings/sessions"))
}

/// Ends all one's own sessions but this one.
pub async fn end_others(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let keep = caller.signed_in.as_ref().map(|one| one.session.id);
    sessions::revoke_all(&app, &caller.actor, own_id(&caller)?, keep).await?;
    Ok(redirect("/settings/sessions"))
}

/// The sessions of an account.
pub async fn of_account(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, *id).await
}

/// Ends one session of an account.
pub async fn end_of_account(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (account, session) = path.into_inner();
    sessions::revoke(&app, &caller.actor, account, session).await?;
    Ok(redirect(&format!("/settings/accounts/{account}/sessions")))
}

/// Ends all sessions of an account.
pub async fn end_all_of_account(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    if caller.actor.account_id == Some(*id) {
        return Err(FieldError::shape("id", "these are your own; end the others on your page").into());
    }
    sessions::revoke_all(&app, &caller.actor, *id, None).await?;
    Ok(redirect(&format!("/settings/accounts/{id}/sessions")))
}
