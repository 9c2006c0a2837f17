//! The HTTP server: routes, limits, the order of shutdown.

use std::net::TcpListener;

use actix_web::{
    App as HttpApp, HttpRequest, HttpResponse, ResponseError as _,
    dev::Server,
    http::StatusCode,
    middleware::{Compress, from_fn},
    web,
};
use tokio::sync::watch;

pub use super::bodies::Pace;
use super::{
    api, assets, gate, pages,
    problem::Problem,
    sockets::{self, Taking},
};
use crate::{domain::outgoing::Network, service::App};

/// The largest body, in bytes: 2 MiB.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Threads that take requests.
const WORKERS: usize = 2;

/// What the server takes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The most connections at the same time; further ones wait until one ends.
    pub connections: usize,
    /// How long bodies may take.
    pub pace: Pace,
    /// How fast answers have to be read.
    pub reading: Pace,
    /// Proxies whose word on where a request comes from is believed.
    pub proxies: Vec<Network>,
    /// Whether the figures of the service are there for everybody.
    pub public_metrics: bool,
    /// Whether the OpenAPI document is there for everybody.
    pub public_api_document: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 16_384,
            pace: Pace::default(),
            reading: READING,
            proxies: Vec::new(),
            public_metrics: false,
            public_api_document: false,
        }
    }
}

/// Answers are read at 4 KiB a second, but for half a minute.
const READING: Pace = Pace { first: std::time::Duration::from_secs(30), rate: 4 * 1_024 };

/// Whether the service is stopping.
#[derive(Debug, Clone)]
struct Stopping(watch::Receiver<bool>);

/// Starts the server on a listener; it runs until its handle stops it.
pub fn start(
    app: App,
    listener: TcpListener,
    stopped: watch::Receiver<bool>,
    bounds: Bounds,
) -> std::io::Result<Server> {
    let app = web::Data::new(app);
    let stopping = web::Data::new(Stopping(stopped.clone()));
    let connections = bounds.connections.div_ceil(WORKERS).max(1);
    let taking = Taking { workers: WORKERS, connections, reading: bounds.reading };
    let bounds = web::Data::new(bounds);
    sockets::serve(listener, taking, stopped, move || {
        HttpApp::new()
            .app_data(app.clone())
            .app_data(stopping.clone())
            .app_data(bounds.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .app_data(
                web::JsonConfig::default()
                    .limit(BODY_LIMIT)
                    .content_type_required(false)
                    .content_type(|_| true)
                    .error_handler(|error, _| {
                        if error.status_code() == StatusCode::PAYLOAD_TOO_LARGE {
                            return too_large().into();
                        }
                        Problem::new(
                            StatusCode::BAD_REQUEST,
                            "malformed",
                            format!("the body is not the expected JSON: {error}"),
                        )
                        .into()
                    }),
            )
            .app_data(web::FormConfig::default().limit(BODY_LIMIT).error_handler(|error, _| {
                if error.status_code() == StatusCode::PAYLOAD_TOO_LARGE {
                    return too_large().into();
                }
                Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the form cannot be read: {error}")).into()
            }))
            .app_data(web::QueryConfig::default().error_handler(|error, _| {
                Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the query cannot be read: {error}")).into()
            }))
            .app_data(web::PathConfig::default().error_handler(|_, _| {
                Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address").into()
            }))
            .wrap(from_fn(gate::pass))
            .wrap(Compress::default())
            .service(web::resource("/healthz").route(web::get().to(healthz)))
            .service(web::resource("/readyz").route(web::get().to(readyz)))
            .service(web::resource("/metrics").route(web::get().to(metrics)))
            .configure(assets::routes)
            .configure(api::routes)
            .configure(pages::routes)
            .default_service(web::to(nothing))
    })
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than 2 MiB")
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Milliseconds without a round after which something is wrong with the worker: longer than it waits for the database.
const LATE: i64 = 20 * 60_000;

async fn readyz(app: web::Data<App>, stopping: web::Data<Stopping>) -> HttpResponse {
    if *stopping.0.borrow() {
        return HttpResponse::ServiceUnavailable().content_type("text/plain").body("stopping\n");
    }
    match app.store.ping().await {
        Ok(()) => {
            // Pages are served all the same: it is said, and nothing is taken away.
            let late = crate::service::outbox::ticked(&app).map(|at| app.now_millis() - at).filter(|ms| *ms > LATE);
            let body = late.map_or_else(
                || "ready\n".to_owned(),
                |ms| format!("ready; the worker has ended no round for {} min: no reminders\n", ms / 60_000),
            );
            HttpResponse::Ok().content_type("text/plain").body(body)
        }
        Err(_) => HttpResponse::ServiceUnavailable().content_type("text/plain").body("the database does not answer\n"),
    }
}

async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    use std::fmt::Write as _;
    // Whoever may read this at all may: what only some people see is not counted.
    let actor = crate::domain::actor::Actor::outsider();
    let (owed, overdue) = crate::service::postmortems::count_owed(&app, &actor).await?;
    let ongoing = crate::service::events::count_ongoing(&app, &actor).await?;
    let pending = crate::service::outbox::count_pending(&app).await?;
    let outbox = crate::service::outbox_admin::figures(&app).await?;
    let mut text = format!(
        "# HELP fupan_build_info The running version\n# TYPE fupan_build_info gauge\nfupan_build_info{{version=\"{}\",database=\"{}\"}} 1\n",
        env!("CARGO_PKG_VERSION"),
        app.store.product(),
    );
    for (name, help, value) in [
        ("fupan_postmortems_owed", "Postmortems that are owed", owed),
        ("fupan_postmortems_overdue", "Owed postmortems past their due date", overdue),
        ("fupan_events_ongoing", "Events without a recovery", ongoing),
        ("fupan_outbox_pending", "Messages that wait to be sent", pending as u64),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    }
    for (name, help, value) in [
        ("fupan_outbox_queued", "Mails and messages on their way: waiting or being sent", outbox.queued),
        (
            "fupan_outbox_oldest_due_seconds",
            "Seconds since the longest waiting message could have gone; more than 900 is worth an alert",
            outbox.oldest_seconds,
        ),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    }
    if let Some(at) = crate::service::outbox::ticked(&app) {
        let name = "fupan_worker_last_round_timestamp_seconds";
        let help = "When the worker of this process began or ended its last round; older than 1200 s is worth an alert";
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {}\n", at / 1_000);
    }
    let name = "fupan_outbox_messages";
    let _ = write!(text, "# HELP {name} Kept messages by state; sent ones go after 90 days\n# TYPE {name} gauge\n");
    for (state, count) in &outbox.states {
        let _ = writeln!(text, "{name}{{state=\"{}\"}} {count}", state.code());
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}

async fn nothing(request: HttpRequest) -> HttpResponse {
    let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", format!("there is nothing at {}", request.path()));
    actix_web::ResponseError::error_response(&problem)
}
