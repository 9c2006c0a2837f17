//! The JSON API under `/api/v1`.

mod accounts;
pub mod action_items;
pub mod analytics;
pub mod audit;
pub mod boards;
mod bulk;
pub mod burn_warnings;
pub mod calendars;
mod conditions;
mod counts;
pub mod dips;
pub mod error_budgets;
mod event_body;
pub mod event_costs;
pub mod event_history;
mod event_relations;
mod events;
mod figures;
mod grading;
pub mod hand_counts;
mod import_batches;
pub mod imports;
pub mod indicators;
mod lines;
pub mod measured;
pub mod notifiers;
mod openapi;
mod optional_json;
pub mod outbox;
mod policies;
pub mod postmortem_text;
mod postmortems;
pub mod privacy;
pub mod published;
pub mod reminders;
pub mod report_mailings;
mod report_styles;
pub mod reports;
pub mod review_meetings;
pub mod samples;
mod saved_views;
pub mod section_versions;
mod services;
pub mod sessions;
pub mod shares;
pub mod sources;
mod teams;
pub mod timeline;
pub mod tokens;

pub use bulk::{BulkSet, outcome as bulk_outcome};
pub use conditions::with_bytes;
pub use counts::CountsBody;
pub use event_body::json as event_json;
pub use events::{ListQuery, cursor_text, number_of, snippet};
pub use openapi::document as openapi_json;

use actix_web::{HttpResponse, web};

/// The API's routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/openapi.json").route(web::get().to(openapi)))
        .service(
            web::resource("/api/v1/tokens").route(web::get().to(tokens::list)).route(web::post().to(tokens::create)),
        )
        .service(web::resource("/api/v1/tokens/{id}:rotate").route(web::post().to(tokens::rotate)))
        .service(web::resource("/api/v1/tokens/{id}").route(web::delete().to(tokens::revoke)))
        .service(
            web::resource("/api/v1/events").route(web::get().to(events::list)).route(web::post().to(events::create)),
        )
        // In front of `{number}`, which would take it for one.
        .service(web::resource("/api/v1/events/{number}:restore").route(web::post().to(event_history::restore)))
        .service(web::resource("/api/v1/events/{number}:undo").route(web::post().to(event_history::undo)))
        .service(web::resource("/api/v1/deleted-events").route(web::get().to(event_history::deleted)))
        .service(
            web::resource("/api/v1/events/{number}")
                .route(web::get().to(events::read))
                .route(web::patch().to(events::patch))
                .route(web::delete().to(events::delete)),
        )
        .service(
            web::resource("/api/v1/events/{number}/timeline")
                .route(web::get().to(timeline::list))
                .route(web::post().to(timeline::add)),
        )
        .service(web::resource("/api/v1/events/{number}/similar").route(web::get().to(saved_views::similar)))
        .service(web::resource("/api/v1/events:bulk").route(web::post().to(bulk::change)))
        .service(
            web::resource("/api/v1/views")
                .route(web::get().to(saved_views::list))
                .route(web::post().to(saved_views::create)),
        )
        .service(
            web::resource("/api/v1/views/{id}")
                .route(web::get().to(saved_views::read))
                .route(web::patch().to(saved_views::patch))
                .route(web::delete().to(saved_views::delete)),
        )
        .service(web::resource("/api/v1/events/{number}/history").route(web::get().to(event_history::list)))
        .service(
            web::resource("/api/v1/events/{number}/timeline/{id}/star")
                .route(web::put().to(timeline::star))
                .route(web::delete().to(timeline::unstar)),
        )
        .service(
            web::resource("/api/v1/events/{number}/timeline/{id}")
                .route(web::patch().to(timeline::patch))
                .route(web::delete().to(timeline::delete)),
        )
        .service(
            web::resource("/api/v1/events/{number}/postmortem")
                .route(web::get().to(postmortem_text::read))
                .route(web::patch().to(postmortems::patch)),
        )
        .service(
            web::resource("/api/v1/events/{number}/postmortem/sections/{name}")
                .route(web::get().to(postmortem_text::section))
                .route(web::put().to(postmortem_text::put)),
        )
        .service(
            web::resource("/api/v1/events/{number}/postmortem/sections/{name}/diff")
                .route(web::get().to(section_versions::diff)),
        )
        .service(
            web::resource("/api/v1/events/{number}/postmortem/lock")
                .route(web::put().to(postmortem_text::hold))
                .route(web::delete().to(postmortem_text::release)),
        )
        .service(web::resource("/api/v1/events/{number}/recurrence").route(web::get().to(postmortem_text::recurrence)))
        .service(web::resource("/api/v1/postmortems").route(web::get().to(postmortems::owed)))
        .service(
            web::resource("/api/v1/events/{number}/grading")
                .route(web::get().to(grading::read))
                .route(web::put().to(grading::put)),
        )
        .service(web::resource("/api/v1/events/{number}/thresholds").route(web::get().to(grading::thresholds)))
        .service(
            web::resource("/api/v1/events/{number}/responsibility")
                .route(web::get().to(grading::responsibility))
                .route(web::put().to(grading::put_responsibility)),
        )
        .service(web::resource("/api/v1/counts").route(web::get().to(counts::read)))
        .service(web::resource("/api/v1/accounts").route(web::get().to(accounts::list)))
        .service(
            web::resource("/api/v1/sessions")
                .route(web::get().to(sessions::list))
                .route(web::delete().to(sessions::end_others)),
        )
        .service(web::resource("/api/v1/sessions/{id}").route(web::delete().to(sessions::end)))
        .service(
            web::resource("/api/v1/accounts/{id}/sessions")
                .route(web::get().to(sessions::of_account))
                .route(web::delete().to(sessions::end_of_account)),
        )
        .service(
            web::resource("/api/v1/accounts/{id}/sessions/{session}")
                .route(web::delete().to(sessions::end_one_of_account)),
        )
        .service(
            web::resource("/api/v1/accounts/{id}/second-factor").route(web::delete().to(sessions::reset_second_factor)),
        )
        .service(
            web::resource("/api/v1/accounts/{account}/team-scope")
                .route(web::get().to(accounts::team_scope))
                .route(web::put().to(accounts::put_team_scope)),
        )
        .service(
            web::resource("/api/v1/accounts/{account}/zone")
                .route(web::get().to(accounts::zone))
                .route(web::put().to(accounts::put_zone)),
        )
        .service(
            web::resource("/api/v1/indicators")
                .route(web::get().to(indicators::list))
                .route(web::post().to(indicators::create)),
        )
        .service(
            web::resource("/api/v1/indicators/{key}")
                .route(web::get().to(indicators::read))
                .route(web::patch().to(indicators::patch)),
        )
        .service(
            web::resource("/api/v1/indicators/{key}/definitions")
                .route(web::get().to(indicators::definitions))
                .route(web::post().to(indicators::define)),
        )
        .service(
            web::resource("/api/v1/indicators/{key}/objectives/{window}")
                .route(web::put().to(indicators::put_objective))
                .route(web::delete().to(indicators::delete_objective)),
        )
        .service(
            web::resource("/api/v1/indicators/{key}/samples")
                .app_data(web::PayloadConfig::new(samples::BODY_LIMIT))
                .route(web::get().to(samples::minutes))
                .route(web::post().to(samples::push)),
        )
        .service(web::resource("/api/v1/indicators/{key}/totals").route(web::get().to(samples::totals)))
        .service(web::resource("/api/v1/indicators/{key}/codes").route(web::get().to(samples::codes)))
        .service(web::resource("/api/v1/indicators/{key}/ledger").route(web::get().to(event_costs::ledger)))
        .service(web::resource("/api/v1/sample-sources").route(web::get().to(sources::list)))
        .service(
            web::resource("/api/v1/indicators/{key}/source")
                .route(web::get().to(sources::read))
                .route(web::put().to(sources::put))
                .route(web::delete().to(sources::delete)),
        )
        .service(web::resource("/api/v1/indicators/{key}/source:pull").route(web::post().to(sources::pull)))
        .service(web::resource("/api/v1/indicators/{key}/hand-counts").route(web::get().to(hand_counts::list)))
        .service(
            web::resource("/api/v1/indicators/{key}/hand-counts/{span}")
                .route(web::put().to(hand_counts::put))
                .route(web::delete().to(hand_counts::delete)),
        )
        .service(web::resource("/api/v1/burn-warnings").route(web::get().to(burn_warnings::list)))
        .service(web::resource("/api/v1/indicators/{key}/budget").route(web::get().to(error_budgets::read)))
        .service(web::resource("/api/v1/events/{number}/costs").route(web::get().to(event_costs::of_event)))
        .service(web::resource("/api/v1/events/{number}/indicators/{key}").route(web::put().to(event_costs::link)))
        .service(web::resource("/api/v1/dips").route(web::get().to(dips::list)))
        .service(web::resource("/api/v1/dips/{id}/accept").route(web::post().to(dips::accept)))
        .service(web::resource("/api/v1/dips/{id}/merge").route(web::post().to(dips::merge)))
        .service(web::resource("/api/v1/dips/{id}/dismiss").route(web::post().to(dips::dismiss)))
        .service(web::resource("/api/v1/teams").route(web::get().to(teams::list)).route(web::post().to(teams::create)))
        .service(
            web::resource("/api/v1/teams/{id}").route(web::get().to(teams::read)).route(web::patch().to(teams::patch)),
        )
        .service(web::resource("/api/v1/policies").route(web::get().to(policies::list)))
        .service(
            web::resource("/api/v1/policies/{name}")
                .route(web::get().to(policies::read))
                .route(web::put().to(policies::put)),
        )
        .service(
            web::resource("/api/v1/events/{number}/action-items")
                .route(web::get().to(action_items::of_event))
                .route(web::post().to(action_items::create)),
        )
        .service(web::resource("/api/v1/postmortems/board").route(web::get().to(boards::read)))
        .service(web::resource("/api/v1/analytics").route(web::get().to(analytics::read)))
        .service(web::resource("/api/v1/analytics/events").route(web::get().to(analytics::events)))
        .service(web::resource("/api/v1/action-items").route(web::get().to(action_items::list)))
        .service(web::resource("/api/v1/action-items/{number}:move").route(web::post().to(action_items::move_to)))
        .service(
            web::resource("/api/v1/action-items/{number}")
                .route(web::get().to(action_items::read))
                .route(web::patch().to(action_items::patch))
                .route(web::delete().to(action_items::delete)),
        )
        .service(web::resource("/api/v1/lines:parse").route(web::post().to(lines::parse)))
        .service(
            web::resource("/api/v1/imports").route(web::get().to(imports::list)).route(web::post().to(imports::create)),
        )
        .service(web::resource("/api/v1/imports:batch").route(web::post().to(import_batches::create)))
        .service(web::resource("/api/v1/imports/{id}:undo").route(web::post().to(imports::undo)))
        .service(web::resource("/api/v1/reports:splice").route(web::post().to(imports::splice)))
        .service(web::resource("/api/v1/report-styles").route(web::get().to(report_styles::list)))
        .service(web::resource("/api/v1/report-styles:twin").route(web::post().to(report_styles::twin)))
        .service(
            web::resource("/api/v1/report-styles/{name}")
                .route(web::get().to(report_styles::read))
                .route(web::put().to(report_styles::put))
                .route(web::delete().to(report_styles::delete)),
        )
        // In front of `{week}`, which would take these for weeks.
        .service(web::resource("/api/v1/reports/{week}:publish").route(web::post().to(published::publish)))
        .service(web::resource("/api/v1/reports/{week}:withdraw").route(web::post().to(published::withdraw)))
        .service(web::resource("/api/v1/reports/{week}/restatement").route(web::get().to(published::restatement)))
        .service(web::resource("/api/v1/reports/{week}").route(web::get().to(reports::read)))
        .service(
            web::resource("/api/v1/report-shares")
                .route(web::get().to(shares::list))
                .route(web::post().to(shares::create)),
        )
        .service(web::resource("/api/v1/report-shares/{id}:rotate").route(web::post().to(shares::rotate)))
        .service(web::resource("/api/v1/report-shares/{id}").route(web::delete().to(shares::revoke)))
        .service(
            web::resource("/api/v1/report-mailings")
                .route(web::get().to(report_mailings::list))
                .route(web::post().to(report_mailings::create)),
        )
        .service(
            web::resource("/api/v1/report-mailings/{id}")
                .route(web::get().to(report_mailings::read))
                .route(web::patch().to(report_mailings::patch))
                .route(web::delete().to(report_mailings::delete)),
        )
        .service(web::resource("/api/v1/report-mailings/{id}/preview").route(web::get().to(report_mailings::preview)))
        .service(web::resource("/api/v1/events/{number}/missing").route(web::get().to(event_relations::missing)))
        .service(
            web::resource("/api/v1/events/{number}/relations")
                .route(web::get().to(event_relations::list))
                .route(web::post().to(event_relations::add)),
        )
        .service(
            web::resource("/api/v1/events/{number}/relations/{kind}/{other}")
                .route(web::delete().to(event_relations::remove)),
        )
        .service(web::resource("/api/v1/reminder-policy:preview").route(web::post().to(reminders::preview)))
        .service(
            web::resource("/api/v1/reminders/{item}")
                .route(web::get().to(reminders::read))
                .route(web::post().to(reminders::act)),
        )
        .service(web::resource("/api/v1/calendars").route(web::get().to(calendars::list)))
        .service(web::resource("/api/v1/calendars:import").route(web::post().to(calendars::import)))
        .service(
            web::resource("/api/v1/calendars/{key}")
                .route(web::get().to(calendars::read))
                .route(web::delete().to(calendars::delete)),
        )
        .service(
            web::resource("/api/v1/calendars/{key}/days/{day}")
                .route(web::put().to(calendars::put_day))
                .route(web::delete().to(calendars::delete_day)),
        )
        .service(
            web::resource("/api/v1/notifiers")
                .route(web::get().to(notifiers::list))
                .route(web::post().to(notifiers::create)),
        )
        .service(
            web::resource("/api/v1/notifiers/{id}")
                .route(web::get().to(notifiers::read))
                .route(web::patch().to(notifiers::patch))
                .route(web::delete().to(notifiers::delete)),
        )
        .service(web::resource("/api/v1/account/export").route(web::get().to(privacy::own_export)))
        .service(web::resource("/api/v1/account:close").route(web::post().to(privacy::own_close)))
        .service(web::resource("/api/v1/accounts/{id}/export").route(web::get().to(privacy::export)))
        .service(web::resource("/api/v1/accounts/{id}:close").route(web::post().to(privacy::close)))
        .service(web::resource("/api/v1/audit").route(web::get().to(audit::list)))
        .service(web::resource("/api/v1/audit/head").route(web::get().to(audit::head)))
        .service(web::resource("/api/v1/audit:verify").route(web::post().to(audit::verify)))
        .service(web::resource("/api/v1/outbox").route(web::get().to(outbox::list)))
        .service(web::resource("/api/v1/outbox:test").route(web::post().to(outbox::test)))
        .service(web::resource("/api/v1/outbox:requeue").route(web::post().to(outbox::requeue_all)))
        .service(web::resource("/api/v1/outbox/{id}:cancel").route(web::post().to(outbox::cancel)))
        .service(web::resource("/api/v1/outbox/{id}:requeue").route(web::post().to(outbox::requeue)))
        .service(web::resource("/api/v1/outbox/{id}:send-as-new").route(web::post().to(outbox::send_as_new)))
        .service(web::resource("/api/v1/outbox/{id}").route(web::get().to(outbox::read)))
        .service(web::resource("/api/v1/mail-stops").route(web::get().to(outbox::stops)))
        .service(web::resource("/api/v1/mail-stops/{id}").route(web::delete().to(outbox::clear)))
        .service(
            web::resource("/api/v1/events/{number}/review-meeting")
                .route(web::get().to(review_meetings::read))
                .route(web::put().to(review_meetings::put))
                .route(web::delete().to(review_meetings::delete)),
        )
        .service(web::resource("/api/v1/notifiers/{id}/preview").route(web::get().to(notifiers::preview)))
        .service(web::resource("/api/v1/notifiers/{id}/test").route(web::post().to(notifiers::test)))
        .service(web::resource("/api/v1/notifiers/{id}/deliveries").route(web::get().to(notifiers::deliveries)))
        .service(
            web::resource("/api/v1/notifiers/{id}/members")
                .route(web::get().to(notifiers::members))
                .route(web::put().to(notifiers::put_members)),
        )
        .service(
            web::resource("/api/v1/services")
                .route(web::get().to(services::list))
                .route(web::post().to(services::create)),
        )
        .service(
            web::resource("/api/v1/services/{id}")
                .route(web::get().to(services::read))
                .route(web::patch().to(services::patch)),
        )
        .service(web::resource("/api/v1/figures").route(web::get().to(figures::list)))
        .service(
            web::resource("/api/v1/figures/{week}/{name}")
                .route(web::get().to(figures::read))
                .route(web::put().to(figures::put))
                .route(web::delete().to(figures::delete)),
        )
        .service(
            web::resource("/api/v1/incident-counts/{week}/{severity}")
                .route(web::put().to(figures::put_count))
                .route(web::delete().to(figures::delete_count)),
        );
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi_json())
}
