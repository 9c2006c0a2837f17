//! The JSON API under `/api/v1`.

mod bulk;
mod conditions;
mod event_body;
mod events;
mod figures;
pub mod imports;
mod lines;
mod openapi;
mod postmortems;
pub mod published;
pub mod report_mailings;
mod report_styles;
pub mod reports;
mod saved_views;
pub mod shares;

pub use bulk::{BulkSet, outcome as bulk_outcome};
pub use conditions::with_bytes;
pub use events::{ListQuery, cursor_text, number_of};
pub use openapi::document as openapi_json;

use actix_web::{HttpResponse, web};

/// The API's routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/openapi.json").route(web::get().to(openapi)))
        .service(
            web::resource("/api/v1/events").route(web::get().to(events::list)).route(web::post().to(events::create)),
        )
        .service(
            web::resource("/api/v1/events/{number}")
                .route(web::get().to(events::read))
                .route(web::patch().to(events::patch))
                .route(web::delete().to(events::delete)),
        )
        .service(
            web::resource("/api/v1/events/{number}/timeline")
                .route(web::get().to(postmortems::timeline))
                .route(web::post().to(postmortems::add_to_timeline)),
        )
        .service(web::resource("/api/v1/events/{number}/postmortem").route(web::patch().to(postmortems::patch)))
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
        .service(web::resource("/api/v1/postmortems").route(web::get().to(postmortems::owed)))
        .service(web::resource("/api/v1/lines:parse").route(web::post().to(lines::parse)))
        .service(
            web::resource("/api/v1/imports").route(web::get().to(imports::list)).route(web::post().to(imports::create)),
        )
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
