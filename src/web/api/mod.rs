//! The JSON API under `/api/v1`.

mod conditions;
mod event_body;
mod events;
mod figures;
pub mod imports;
mod lines;
mod openapi;
mod postmortems;
pub mod reports;

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
        .service(web::resource("/api/v1/postmortems").route(web::get().to(postmortems::owed)))
        .service(web::resource("/api/v1/lines:parse").route(web::post().to(lines::parse)))
        .service(
            web::resource("/api/v1/imports").route(web::get().to(imports::list)).route(web::post().to(imports::create)),
        )
        .service(web::resource("/api/v1/imports/{id}:undo").route(web::post().to(imports::undo)))
        .service(web::resource("/api/v1/reports:splice").route(web::post().to(imports::splice)))
        .service(web::resource("/api/v1/reports/{week}").route(web::get().to(reports::read)))
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
