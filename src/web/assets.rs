//! Static files, compiled in.

use actix_web::{HttpResponse, http::header, web};

const FILES: [(&str, &str, &[u8]); 5] = [
    ("app.css", "text/css; charset=utf-8", include_bytes!("static/app.css")),
    ("app.js", "text/javascript; charset=utf-8", include_bytes!("static/app.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("static/icon.svg")),
    ("icons.svg", "image/svg+xml", include_bytes!("static/icons.svg")),
    ("share.css", "text/css; charset=utf-8", include_bytes!("static/share.css")),
];

/// The route of static files.
pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/static/{name}").route(web::get().to(file)).route(web::head().to(file)));
}

async fn file(name: web::Path<String>) -> HttpResponse {
    match FILES.iter().find(|(have, ..)| *have == name.as_str()) {
        Some((_, kind, bytes)) => HttpResponse::Ok()
            .content_type(*kind)
            .insert_header((header::CACHE_CONTROL, "public, max-age=600"))
            .body(*bytes),
        None => HttpResponse::NotFound().finish(),
    }
}
