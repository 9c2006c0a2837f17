//! The pages: server-rendered, every form works without script.

mod actions;
mod analytics;
mod audit;
mod boards;
mod budget;
mod calendars;
mod charts;
mod confirm;
mod dips;
mod distribution;
mod event;
mod event_actions;
mod event_costs;
mod event_grading;
mod event_history;
mod event_list;
mod event_postmortem;
mod event_record;
mod event_review;
mod event_similar;
mod event_timeline;
mod events;
mod figure_axis;
mod figure_charts;
mod figures;
mod forms;
mod hand_days;
mod home;
mod imports;
mod indicator;
mod indicator_charts;
mod indicator_csv;
mod indicator_forms;
mod indicator_inputs;
mod indicators;
mod mail_link;
mod notifiers;
mod outbox;
mod parsed;
mod policies;
mod postmortem;
mod privacy;
mod provider;
mod publishing;
mod reminders;
mod report_styles;
mod reports;
mod rows;
mod second_factor;
mod section_diff;
mod services;
mod sessions;
mod settings;
mod shared;
mod sign;
mod teams;
mod unsubscribe;
mod warnings;

pub(super) use sign::of_session;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use askama::Template;

use super::{gate::Caller, problem::Problem};
use crate::{
    domain::{
        actor::{Permission, Role},
        severity::SeverityPolicy,
    },
    i18n::{Texts, problems, texts},
    service::{App, grading, postmortems, teams as teams_service},
};

/// The pages' routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(home::page)))
        .service(web::resource("/login").route(web::get().to(sign::login_page)).route(web::post().to(sign::login)))
        .service(web::resource("/setup").route(web::get().to(sign::setup_page)).route(web::post().to(sign::setup)))
        .service(web::resource("/logout").route(web::post().to(sign::logout)))
        .service(web::resource("/language").route(web::post().to(settings::language)))
        .service(web::resource("/settings/zone").route(web::post().to(settings::zone)))
        .service(web::resource("/theme").route(web::post().to(settings::theme)))
        .service(web::resource("/events").route(web::get().to(event_list::page)).route(web::post().to(events::create)))
        .service(
            web::resource("/events/new")
                .route(web::get().to(events::new_page))
                .route(web::post().to(events::create_from_form)),
        )
        .service(web::resource("/events/deleted").route(web::get().to(event_history::deleted)))
        .service(web::resource("/events/{number}/restore").route(web::post().to(event_history::restore)))
        .service(web::resource("/events/{number}/undo").route(web::post().to(event_history::undo)))
        .service(web::resource("/e/{number}/history").route(web::get().to(event_history::page)))
        .service(web::resource("/events/bulk").route(web::post().to(event_list::bulk)))
        .service(
            web::resource("/views")
                .route(web::get().to(event_list::views))
                .route(web::post().to(event_list::save_view)),
        )
        .service(web::resource("/views/{id}/remove").route(web::post().to(event_list::remove_view)))
        .service(web::resource("/lines/preview").route(web::post().to(parsed::preview)))
        .service(web::resource("/e/{number}").route(web::get().to(event::page)))
        .service(web::resource("/events/{number}/edit").route(web::post().to(event::edit)))
        .service(web::resource("/events/{number}/recover").route(web::post().to(event::recover)))
        .service(web::resource("/events/{number}/record").route(web::post().to(event_record::save)))
        .service(web::resource("/events/{number}/answer").route(web::post().to(event_record::answer)))
        .service(web::resource("/events/{number}/mark").route(web::post().to(event_record::mark)))
        .service(web::resource("/events/{number}/relations").route(web::post().to(event_record::relate)))
        .service(web::resource("/events/{number}/sentence").route(web::post().to(event::sentence)))
        .service(web::resource("/events/{number}/delete").route(web::post().to(event::delete)))
        .service(web::resource("/events/{number}/timeline").route(web::post().to(event_timeline::add)))
        .service(web::resource("/events/{number}/timeline/{id}").route(web::post().to(event_timeline::act)))
        .service(web::resource("/events/{number}/postmortem").route(web::post().to(event_postmortem::change)))
        .service(web::resource("/e/{number}/postmortem").route(web::get().to(postmortem::page)))
        .service(web::resource("/e/{number}/postmortem/sections/{name}").route(web::post().to(postmortem::save)))
        .service(web::resource("/e/{number}/postmortem/sections/{name}/diff").route(web::get().to(section_diff::page)))
        .service(web::resource("/e/{number}/postmortem/lock").route(web::post().to(postmortem::hold)))
        .service(web::resource("/e/{number}/postmortem/print").route(web::get().to(postmortem::print)))
        .service(web::resource("/e/{number}/postmortem/export").route(web::get().to(postmortem::export)))
        .service(web::resource("/events/{number}/grade").route(web::post().to(event_grading::grade)))
        .service(web::resource("/events/{number}/shares").route(web::post().to(event_grading::shares)))
        .service(web::resource("/teams").route(web::get().to(teams::page)).route(web::post().to(teams::create)))
        .service(web::resource("/teams/{id}").route(web::post().to(teams::change)))
        .service(web::resource("/counts").route(web::get().to(teams::counts)))
        .service(
            web::resource("/settings/severity")
                .route(web::get().to(policies::severity_page))
                .route(web::post().to(policies::write_severity)),
        )
        .service(web::resource("/settings/policies").route(web::get().to(policies::list)))
        .service(
            web::resource("/settings/policies/{name}")
                .route(web::get().to(policies::page))
                .route(web::post().to(policies::write)),
        )
        .service(
            web::resource("/settings/reminders")
                .route(web::get().to(reminders::page))
                .route(web::post().to(reminders::write)),
        )
        .service(web::resource("/reminders/{item}").route(web::post().to(reminders::act)))
        .service(
            web::resource("/settings/calendar")
                .route(web::get().to(calendars::page))
                .route(web::post().to(calendars::import)),
        )
        .service(web::resource("/settings/calendar/{key}").route(web::post().to(calendars::change)))
        .service(
            web::resource("/settings/notifiers")
                .route(web::get().to(notifiers::page))
                .route(web::post().to(notifiers::create)),
        )
        .service(web::resource("/settings/notifiers/{id}").route(web::post().to(notifiers::change)))
        .service(web::resource("/settings/notifiers/{id}/test").route(web::post().to(notifiers::test)))
        .service(web::resource("/settings/notifiers/{id}/preview").route(web::post().to(notifiers::preview)))
        .service(web::resource("/settings/notifiers/{id}/remove").route(web::post().to(notifiers::remove)))
        .service(web::resource("/settings/privacy/export").route(web::get().to(privacy::export)))
        .service(web::resource("/settings/privacy/close").route(web::post().to(privacy::close)))
        .service(web::resource("/settings/accounts/{id}/close").route(web::post().to(privacy::close_account)))
        .service(web::resource("/settings/audit").route(web::get().to(audit::page)))
        .service(web::resource("/settings/audit/verify").route(web::post().to(audit::verify)))
        .service(web::resource("/settings/notifiers/{id}/members").route(web::post().to(notifiers::members)))
        .service(web::resource("/settings/outbox").route(web::get().to(outbox::page)))
        .service(web::resource("/settings/outbox/test").route(web::post().to(outbox::test)))
        .service(web::resource("/settings/outbox/marked/{id}/clear").route(web::post().to(outbox::clear)))
        .service(web::resource("/settings/outbox/{id}").route(web::get().to(outbox::message)))
        .service(web::resource("/settings/outbox/{id}/html").route(web::get().to(outbox::html)))
        .service(web::resource("/settings/outbox/{id}/requeue").route(web::post().to(outbox::requeue)))
        .service(web::resource("/settings/outbox/{id}/cancel").route(web::post().to(outbox::cancel)))
        .service(web::resource("/settings/outbox/{id}/again").route(web::post().to(outbox::send_as_new)))
        .service(
            web::resource("/act/{token}").route(web::get().to(mail_link::page)).route(web::post().to(mail_link::act)),
        )
        .service(web::resource("/act/{token}/undo").route(web::post().to(mail_link::undo)))
        .service(web::resource("/events/{number}/review").route(web::post().to(event_review::save)))
        .service(web::resource("/events/{number}/review/cancel").route(web::post().to(event_review::cancel)))
        .service(web::resource("/e/{number}/review.ics").route(web::get().to(event_review::calendar)))
        .service(
            web::resource("/services").route(web::get().to(services::page)).route(web::post().to(services::create)),
        )
        .service(web::resource("/services/{id}").route(web::post().to(services::change)))
        .service(web::resource("/postmortems").route(web::get().to(boards::page)))
        .service(web::resource("/events/{number}/actions").route(web::post().to(event_actions::create)))
        .service(web::resource("/analytics").route(web::get().to(analytics::page)))
        .service(web::resource("/analytics/events").route(web::get().to(analytics::events)))
        .service(web::resource("/actions").route(web::get().to(actions::list)))
        .service(web::resource("/actions/{number}").route(web::get().to(actions::page)))
        .service(web::resource("/actions/{number}/edit").route(web::post().to(actions::edit)))
        .service(web::resource("/actions/{number}/move").route(web::post().to(actions::move_to)))
        .service(web::resource("/actions/{number}/delete").route(web::post().to(actions::delete)))
        .service(web::resource("/figures").route(web::get().to(figures::page)))
        .service(web::resource("/figures/{week}").route(web::post().to(figures::put)))
        .service(web::resource("/figures/{week}/counts").route(web::post().to(figures::put_count)))
        .service(web::resource("/figures/{week}/delete").route(web::post().to(figures::delete)))
        .service(
            web::resource("/indicators")
                .route(web::get().to(indicators::page))
                .route(web::post().to(indicator_forms::create)),
        )
        .service(web::resource("/indicators/new").route(web::get().to(indicator_forms::new_page)))
        .service(web::resource("/indicators/{key}").route(web::get().to(indicator::page)))
        .service(web::resource("/indicators/{key}/edit").route(web::post().to(indicator_forms::edit)))
        .service(web::resource("/indicators/{key}/definitions").route(web::post().to(indicator_forms::define)))
        .service(web::resource("/indicators/{key}/objectives").route(web::post().to(indicator_forms::objective)))
        .service(web::resource("/indicators/{key}/source").route(web::post().to(indicator_inputs::source)))
        .service(web::resource("/indicators/{key}/hand-counts").route(web::post().to(indicator_inputs::by_hand)))
        .service(web::resource("/indicators/{key}/minutes.csv").route(web::get().to(indicator_csv::minutes_csv)))
        .service(web::resource("/indicators/{key}/days.csv").route(web::get().to(indicator_csv::days_csv)))
        .service(web::resource("/events/{number}/indicators").route(web::post().to(event_costs::link)))
        .service(web::resource("/events/{number}/measured-share").route(web::post().to(event_costs::take_share)))
        .service(web::resource("/dips").route(web::get().to(dips::page)))
        .service(web::resource("/dips/{id}/accept").route(web::post().to(dips::accept)))
        .service(web::resource("/dips/{id}/merge").route(web::post().to(dips::merge)))
        .service(web::resource("/dips/{id}/dismiss").route(web::post().to(dips::dismiss)))
        .service(web::resource("/warnings").route(web::get().to(warnings::page)))
        .service(web::resource("/budget/{year}").route(web::get().to(budget::page)))
        .service(web::resource("/import").route(web::get().to(imports::page)).route(web::post().to(imports::import)))
        .service(web::resource("/styles").route(web::get().to(report_styles::list)))
        .service(
            web::resource("/styles/edit")
                .route(web::get().to(report_styles::page))
                .route(web::post().to(report_styles::act)),
        )
        .service(web::resource("/import/runs/{id}").route(web::get().to(imports::runs::page)))
        .service(web::resource("/import/runs/{id}/undo").route(web::post().to(imports::runs::undo)))
        .service(web::resource("/w").route(web::get().to(reports::this_week)))
        .service(web::resource("/w/{week}").route(web::get().to(reports::page)))
        .service(web::resource("/w/{week}/publish").route(web::post().to(publishing::publish)))
        .service(web::resource("/w/{week}/withdraw").route(web::post().to(publishing::withdraw)))
        .service(web::resource("/publishing").route(web::get().to(distribution::page)))
        .service(web::resource("/publishing/shares").route(web::post().to(distribution::share)))
        .service(web::resource("/publishing/shares/{id}/rotate").route(web::post().to(distribution::rotate)))
        .service(web::resource("/publishing/shares/{id}/revoke").route(web::post().to(distribution::revoke)))
        .service(web::resource("/publishing/mailings").route(web::post().to(distribution::create_mailing)))
        .service(
            web::resource("/publishing/mailings/{id}")
                .route(web::get().to(distribution::preview))
                .route(web::post().to(distribution::change_mailing)),
        )
        .service(web::resource("/publishing/mailings/{id}/remove").route(web::post().to(distribution::remove_mailing)))
        .service(
            web::resource("/unsubscribe/{token}")
                .route(web::get().to(unsubscribe::page))
                .route(web::post().to(unsubscribe::unsubscribe)),
        )
        .service(web::resource("/s/{token}").route(web::get().to(shared::page)))
        .service(web::resource("/login/provider").route(web::get().to(provider::begin)))
        .service(web::resource("/login/provider/callback").route(web::get().to(provider::finish)))
        .service(web::resource("/login/provider/logout").route(web::post().to(provider::back_channel)))
        .service(
            web::resource("/settings/identity")
                .route(web::get().to(provider::page))
                .route(web::post().to(provider::act)),
        )
        .service(web::resource("/login/code").route(web::post().to(sign::code)))
        .service(
            web::resource("/settings/confirm").route(web::get().to(confirm::page)).route(web::post().to(confirm::give)),
        )
        .service(web::resource("/settings/sessions").route(web::get().to(sessions::page)))
        .service(web::resource("/settings/sessions/end").route(web::post().to(sessions::end_others)))
        .service(web::resource("/settings/sessions/{id}/end").route(web::post().to(sessions::end)))
        .service(
            web::resource("/settings/second-factor")
                .route(web::get().to(second_factor::page))
                .route(web::post().to(second_factor::act)),
        )
        .service(web::resource("/settings/accounts/{id}/sessions").route(web::get().to(sessions::of_account)))
        .service(
            web::resource("/settings/accounts/{id}/sessions/end").route(web::post().to(sessions::end_all_of_account)),
        )
        .service(
            web::resource("/settings/accounts/{id}/sessions/{session}/end")
                .route(web::post().to(sessions::end_of_account)),
        )
        .service(web::resource("/settings/accounts/{id}/second-factor").route(web::post().to(second_factor::reset)))
        .service(web::resource("/settings").route(web::get().to(settings::page)))
        .service(web::resource("/settings/password").route(web::post().to(settings::password)))
        .service(
            web::resource("/settings/tokens")
                .route(web::get().to(settings::tokens_page))
                .route(web::post().to(settings::create_token)),
        )
        .service(web::resource("/settings/tokens/{id}/rotate").route(web::post().to(settings::rotate_token)))
        .service(web::resource("/settings/tokens/{id}/revoke").route(web::post().to(settings::revoke_token)))
        .service(web::resource("/settings/accounts").route(web::post().to(settings::add_account)))
        .service(web::resource("/settings/accounts/{id}").route(web::post().to(settings::change_account)))
        .service(web::resource("/settings/accounts/{id}/link").route(web::post().to(settings::new_link)));
}

/// What surrounds every page.
pub(super) struct Shell {
    t: &'static Texts,
    theme: &'static str,
    demo: bool,
    signed_in: bool,
    active: &'static str,
    /// Where the page lies, for forms that come back to it.
    here: String,
    /// How many postmortems are owed, in words; empty where none is.
    owed: String,
    overdue: bool,
    initial: String,
    name: String,
    role: &'static str,
    may_write: bool,
    may_delete: bool,
    /// Whether they write figures and decide on dips, which belong to all teams.
    may_figure: bool,
    may_import: bool,
    may_administer: bool,
    /// The levels of the house, for colours and order.
    levels: SeverityPolicy,
    /// Of which teams the page tells, in words, where that is not all; empty where it is.
    scope: String,
}

/// The teams that a person's pages are about.
fn scope_words(t: &Texts, teams: &[String]) -> String {
    let w = crate::i18n::sign_in::texts(t.lang);
    let between = if t.lang == "zh-CN" { "、" } else { ", " };
    let (colon, named) = (if t.lang == "zh-CN" { "：" } else { ": " }, teams.join(between));
    format!("{}{colon}{}", w.scope, if teams.is_empty() { w.scope_none } else { &named })
}

impl Shell {
    async fn of(app: &App, request: &HttpRequest, caller: &Caller, active: &'static str) -> Result<Self, Problem> {
        let (owed, overdue) = postmortems::owed_badge(app, &caller.actor).await?;
        let here = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let levels = grading::house_levels(app, &caller.actor).await?;
        let teams = teams_service::own(app, &caller.actor).await?;
        let scope = teams.map(|teams| scope_words(words(caller), &teams)).unwrap_or_default();
        Ok(Self { active, here, owed, overdue, levels, scope, ..Self::quiet(app, caller) })
    }

    /// Without anything that the database would have to say.
    fn quiet(app: &App, caller: &Caller) -> Self {
        let t = words(caller);
        let role = caller.actor.role;
        Self {
            t,
            theme: caller.theme,
            demo: app.demo,
            signed_in: true,
            active: "",
            here: "/".to_owned(),
            owed: String::new(),
            overdue: false,
            initial: caller.actor.name.chars().take(1).collect(),
            name: caller.actor.name.clone(),
            role: role_words(t, role),
            may_write: caller.actor.may(Permission::WriteEvent),
            may_delete: caller.actor.may(Permission::DeleteEvent),
            may_figure: caller.actor.may(Permission::WriteFigure),
            may_import: caller.actor.may(Permission::ImportReport),
            may_administer: caller.actor.may(Permission::ManageAccounts),
            levels: SeverityPolicy::default(),
            scope: String::new(),
        }
    }

    fn outside(request: &HttpRequest) -> Self {
        let wanted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self::bare(texts(wanted.unwrap_or("zh-CN")))
    }

    fn bare(t: &'static Texts) -> Self {
        Self {
            t,
            theme: "",
            demo: false,
            signed_in: false,
            active: "",
            here: "/".to_owned(),
            owed: String::new(),
            overdue: false,
            initial: String::new(),
            name: String::new(),
            role: "",
            may_write: false,
            may_delete: false,
            may_figure: false,
            may_import: false,
            may_administer: false,
            levels: SeverityPolicy::default(),
            scope: String::new(),
        }
    }
}

fn role_words(t: &Texts, role: Role) -> &'static str {
    if t.lang == "zh-CN" { problems::role_name(role) } else { role.code() }
}

/// The texts in the caller's language.
fn words(caller: &Caller) -> &'static Texts {
    texts(caller.signed_in.as_ref().map_or("zh-CN", |signed_in| signed_in.account.lang.as_str()))
}

/// What a service refused, in the page's language.
fn refusal(t: &Texts, error: crate::service::ServiceError) -> String {
    Problem::from(error).sentence(t.lang == "zh-CN").to_owned()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    shell: Shell,
    heading: &'static str,
    sentence: &'a str,
    status: u16,
    request_id: &'a str,
}

/// A refusal as a page; none where it cannot be rendered.
pub fn problem_page(
    problem: &Problem,
    t: &'static Texts,
    caller: Option<&Caller>,
    app: Option<&App>,
    request_id: &str,
) -> Option<String> {
    let shell = match (caller, app) {
        (Some(caller), Some(app)) => Shell::quiet(app, caller),
        _ => Shell::bare(t),
    };
    let heading = match problem.status {
        StatusCode::NOT_FOUND => t.not_here,
        StatusCode::FORBIDDEN => t.not_allowed,
        status if status.is_server_error() => t.not_now,
        _ => t.not_done,
    };
    let sentence = problem.sentence(t.lang == "zh-CN");
    ProblemPage { shell, heading, sentence, status: problem.status.as_u16(), request_id }.render().ok()
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

/// Back to a page of this service that a form named; anything else leads home.
pub(super) fn back(to: &str) -> HttpResponse {
    // Browsers drop tabs and read a backslash as a slash.
    let ours = to.starts_with('/') && !to.starts_with("//") && !to.contains(|c: char| c == '\\' || c.is_control());
    redirect(if ours { to } else { "/" })
}
