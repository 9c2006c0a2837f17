//! The JSON API under `/api/v1`.

mod events;
mod figures;
mod lines;
pub mod reports;

pub use events::{ListQuery, cursor_text, number_of};

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use super::routes::ROUTES;

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
        .service(web::resource("/api/v1/lines:parse").route(web::post().to(lines::parse)))
        .service(web::resource("/api/v1/reports/{week}").route(web::get().to(reports::read)))
        .service(web::resource("/api/v1/figures").route(web::get().to(figures::list)))
        .service(web::resource("/api/v1/figures/{week}/{name}").route(web::put().to(figures::put)));
}

async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi_json())
}

/// The OpenAPI 3.1 document, made from the table of routes.
pub fn openapi_json() -> String {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/")) {
        let parameters: Vec<Value> = route
            .path
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next())
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let mut operation = json!({
            "summary": route.summary,
            "operationId": format!("{}{}", route.method.to_lowercase(), route.path.replace(['/', '{', '}', ':', '.'], "_")),
            "parameters": parameters,
            "responses": {
                "200": {"description": "Done"},
                "default": {"description": "Refused", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
            },
        });
        if let (Some(role), Some(map)) = (route.permission.needs(), operation.as_object_mut()) {
            map.insert("security".to_owned(), json!([{"bearer": []}]));
            map.insert("x-needs-role".to_owned(), json!(role.code()));
        }
        let entry = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(route.method.to_lowercase(), operation);
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Fupan", "version": env!("CARGO_PKG_VERSION"), "license": {"name": "MIT OR Apache-2.0"}},
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": {"type": "object", "required": ["type", "status", "code", "detail"], "properties": {
                "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"},
                "code": {"type": "string"}, "detail": {"type": "string"}, "errors": {"type": "array", "items": {"type": "object"}},
            }}},
        },
    });
    format!("{document:#}")
}
