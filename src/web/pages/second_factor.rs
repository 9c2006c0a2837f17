//! One's own authenticator; for administrators the way to take somebody's away.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use qrcode::{Color, QrCode};
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, rows, words};
use crate::{
    domain::checked::FieldError,
    i18n::sign_in::{self as texts, SignInTexts},
    service::{
        App, ServiceError,
        second_factor::{self, Offer},
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "second_factor.html")]
struct Page {
    shell: Shell,
    w: &'static SignInTexts,
    message: String,
    /// Shown this once.
    codes: Vec<String>,
    on: bool,
    since: String,
    codes_left: u64,
    required: bool,
    offer: Option<Offer>,
    /// Modules on a side with the quiet zone, and the dark ones as a path.
    qr: Option<(usize, String)>,
}

/// What happened just before the page is shown.
#[derive(Default)]
struct Outcome {
    status: StatusCode,
    message: String,
    codes: Vec<String>,
}

/// A QR code as a path of squares: without styles and pictures, for the strict policy of the pages.
fn drawn(text: &str) -> Option<(usize, String)> {
    /// Modules of quiet zone on each side (ISO/IEC 18004).
    const QUIET: usize = 4;
    let code = QrCode::new(text.as_bytes()).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        }
    }
    Some((width + 2 * QUIET, path))
}

async fn show(app: &App, request: &HttpRequest, caller: &Caller, outcome: Outcome) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let standing = second_factor::standing(app, &caller.actor).await?;
    let page = Page {
        w: texts::texts(shell.t.lang),
        message: outcome.message,
        codes: outcome.codes,
        on: standing.since.is_some(),
        since: standing.since.map(|at| rows::when(app, at)).unwrap_or_default(),
        codes_left: standing.codes_left,
        required: standing.required,
        qr: standing.offer.as_ref().and_then(|offer| drawn(&offer.uri)),
        offer: standing.offer,
        shell,
    };
    super::render(outcome.status, &page)
}

/// The page.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, Outcome::default()).await
}

/// What is to be done, and a code where one is asked for.
#[derive(Debug, Deserialize)]
pub struct Act {
    act: String,
    #[serde(default)]
    code: String,
}

/// Offers, confirms or removes one's own authenticator, or makes new recovery codes.
pub async fn act(request: HttpRequest, app: web::Data<App>, form: web::Form<Act>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    // A token is for programs: they have no authenticator.
    let keep = Some(caller.signed_in.as_ref().ok_or(ServiceError::SignInNeeded)?.session.id);
    let done = match form.act.as_str() {
        "offer" => second_factor::offer(&app, &caller.actor).await.map(|()| Vec::new()),
        "confirm" => second_factor::confirm(&app, &caller.actor, &form.code, keep).await,
        "codes" => second_factor::new_codes(&app, &caller.actor, &form.code).await,
        "remove" => second_factor::remove(&app, &caller.actor, &form.code).await.map(|()| Vec::new()),
        _ => return Err(FieldError::shape("act", "choose offer, confirm, codes or remove").into()),
    };
    let outcome = match done {
        // Shown in the answer to the form, so that no address leads to the codes again.
        Ok(codes) if !codes.is_empty() => Outcome { codes, ..Outcome::default() },
        Ok(_) => return Ok(redirect("/settings/second-factor")),
        Err(error) => {
            let status = match &error {
                ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                ServiceError::Conflict(_) => StatusCode::CONFLICT,
                _ => return Err(error.into()),
            };
            Outcome { status, message: refusal(words(&caller), error), codes: Vec::new() }
        }
    };
    show(&app, &request, &caller, outcome).await
}

/// Takes somebody's authenticator away.
pub async fn reset(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    second_factor::reset(&app, &caller.actor, *id).await?;
    Ok(redirect("/settings"))
}
