//! The pages: server-rendered, every form works without script.

mod events;
mod home;
mod reports;
mod rows;
mod sign;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;

use super::{
    gate::{Caller, caller},
    problem::Problem,
};
use crate::{
    i18n::{Texts, texts},
    service::{App, accounts, postmortems},
};

/// The pages' routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(home::page)).route(web::head().to(home::page)))
        .service(web::resource("/login").route(web::get().to(sign::login_page)).route(web::post().to(sign::login)))
        .service(web::resource("/setup").route(web::get().to(sign::setup_page)).route(web::post().to(sign::setup)))
        .service(web::resource("/logout").route(web::post().to(sign::logout)))
        .service(web::resource("/language").route(web::post().to(language)))
        .service(web::resource("/events").route(web::get().to(events::list)).route(web::post().to(events::create)))
        .service(web::resource("/lines/preview").route(web::post().to(home::preview)))
        .service(web::resource("/e/{number}").route(web::get().to(events::page)))
        .service(web::resource("/events/{number}/edit").route(web::post().to(events::edit)))
        .service(web::resource("/events/{number}/recover").route(web::post().to(events::recover)))
        .service(web::resource("/events/{number}/timeline").route(web::post().to(events::timeline)))
        .service(web::resource("/events/{number}/postmortem").route(web::post().to(events::postmortem)))
        .service(web::resource("/postmortems").route(web::get().to(owed)))
        .service(web::resource("/w").route(web::get().to(reports::this_week)))
        .service(web::resource("/w/{week}").route(web::get().to(reports::page)));
}

/// What surrounds every page.
pub(super) struct Shell {
    t: &'static Texts,
    demo: bool,
    signed_in: bool,
    active: &'static str,
    owed: u64,
    overdue: u64,
    initial: String,
    name: String,
    role: &'static str,
}

impl Shell {
    async fn of(app: &App, caller: &Caller, active: &'static str) -> Result<Self, Problem> {
        let (owed, overdue) = postmortems::count_owed(app, &caller.actor).await?;
        Ok(Self {
            t: words(caller),
            demo: app.demo,
            signed_in: true,
            active,
            owed,
            overdue,
            initial: caller.actor.name.chars().take(1).collect(),
            name: caller.actor.name.clone(),
            role: caller.actor.role.code(),
        })
    }

    fn outside(request: &HttpRequest) -> Self {
        let wanted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            t: texts(wanted.unwrap_or("zh-CN")),
            demo: false,
            signed_in: false,
            active: "",
            owed: 0,
            overdue: 0,
            initial: String::new(),
            name: String::new(),
            role: "",
        }
    }
}

/// The texts in the caller's language.
fn words(caller: &Caller) -> &'static Texts {
    texts(caller.signed_in.as_ref().map_or("zh-CN", |signed_in| signed_in.account.lang.as_str()))
}

fn render(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "page", "the page cannot be shown; the log names the cause")
    })?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

fn redirect(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to.to_owned())).finish()
}

async fn owed() -> HttpResponse {
    redirect("/events?state=owed")
}

async fn language(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let lang = if words(&caller).lang == "en" { "zh-CN" } else { "en" };
    accounts::set_language(&app, &caller.actor, lang).await?;
    Ok(redirect("/"))
}
