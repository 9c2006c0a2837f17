//! Starting and stopping the service: listen, work, and on a signal stop in order.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::sync::{Notify, watch};

use super::{build, system::host_name};
use crate::{
    service::{
        App, accounts,
        audit_chain::{self, Reach},
        search, unsubscribing, vault,
    },
    settings::Settings,
    web, worker,
};

/// Runs the service until a signal. `say` gets the words for the person who started it.
pub async fn serve(settings: &Settings, app: App, say: &dyn Fn(&str)) -> anyhow::Result<()> {
    let transport = if app.demo { None } else { build::transport(settings, &app)? };
    let listener = std::net::TcpListener::bind(&settings.http.bind).with_context(|| {
        format!(
            "cannot listen on {}; another program may use the port, choose one with --bind 127.0.0.1:8081",
            settings.http.bind
        )
    })?;
    let address = listener.local_addr()?;
    let mut app = app;
    if settings.public_url.is_none() {
        app.public_url = format!("http://{address}").replace("0.0.0.0", "localhost");
    }
    let setup = accounts::setup_link(&app).await?;
    if !app.demo {
        match vault::seal_all(&app).await {
            Ok(0) => {}
            Ok(secrets) => tracing::info!(secrets, "secrets in the database are sealed"),
            Err(error) => tracing::error!(%error, "the secrets in the database cannot be sealed; see fupan doctor"),
        }
    }
    unsubscribing::hash_old(&app).await?;
    let (stop, stopped) = watch::channel(false);
    let server = web::server::start(app.clone(), listener, stopped.clone(), build::bounds(settings)?)?;
    say(&format!("复盘台 Fupan · {} · {}", app.public_url, app.store.product()));
    if let Some(link) = setup {
        say(&format!("首次设置（24 小时内有效，只能用一次） First set-up, one use:\n  {link}"));
    }
    if app.demo {
        say("演示数据，已用演示账号登录 Demo data, signed in as the demo user");
    }
    let work = worker::Worker {
        app: app.clone(),
        transport,
        name: "serve".to_owned(),
        host: host_name(),
        wake: Arc::new(Notify::new()),
    };
    tokio::spawn(index_old(app.clone(), stopped.clone()));
    let chaining = tokio::spawn(worker::chaining::run(app.clone(), stopped.clone()));
    let pulling = tokio::spawn(worker::pulling::run(app.clone(), stopped.clone()));
    let telling = tokio::spawn(worker::telling::run(app.clone(), stopped.clone()));
    let working = tokio::spawn(worker::run(work, stopped));
    let handle = server.handle();
    let mut serving = tokio::spawn(server);
    let ended = tokio::select! {
        () = signal() => None,
        ended = &mut serving => Some(ended),
    };
    tracing::info!("stopping: no new connections, open requests finish");
    // Readiness goes off first, then open requests finish, then the worker, then the database closes.
    stop.send_replace(true);
    handle.stop(true).await;
    match ended {
        Some(ended) => ended??,
        None => serving.await??,
    }
    if tokio::time::timeout(Duration::from_secs(70), working).await.is_err() {
        tracing::warn!("the worker did not finish in 70 s; its mail stays claimed and is taken up again");
    }
    if tokio::time::timeout(Duration::from_secs(15), telling).await.is_err() {
        tracing::warn!("a group does not answer; its message stays claimed and is taken up again");
    }
    if tokio::time::timeout(Duration::from_secs(5), pulling).await.is_err() {
        tracing::info!("a source was being pulled from; it is asked for the same minutes again");
    }
    let _ = tokio::time::timeout(Duration::from_secs(5), chaining).await;
    if let Err(error) = audit_chain::chain(&app, Reach::Recent).await {
        tracing::warn!(%error, "the last audit entries are chained after the next start");
    }
    app.store.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Indexes what a large database held before the search, part by part, until it is told to stop; the next start goes on.
async fn index_old(app: App, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        match search::index_old(&app, 1).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(%error, "old events could not be indexed for the search; the next start tries again");
                return;
            }
        }
    }
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
