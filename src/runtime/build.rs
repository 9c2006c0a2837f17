//! Settings to the parts that services need.

use std::{sync::Arc, time::Duration};

use anyhow::Context;

use super::system::{SystemClock, SystemIds};
use crate::{
    domain::outgoing::{Exceptions, Network},
    notify::mail::{SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode, notice_words, report_words},
    outgoing::{House, HttpOut, NothingOut},
    service::{
        App, calendars,
        limits::{Limits, Rates},
        ports::{Clock, Outgoing, Transport},
        search,
    },
    settings::{OutgoingSettings, Settings, TlsSetting},
    store::{self, Store},
    web::server::{Bounds, Pace},
};

/// Messages that are on their way to the mail server at once.
const CONNECTIONS: usize = 4;

/// Opens the database, brings its schema up to date, and puts the product together.
pub async fn app(settings: &Settings, clock: Option<Arc<dyn Clock>>, demo: bool) -> anyhow::Result<App> {
    let store = Store::open(&settings.database()).await?;
    store::migrate::up(&store).await.context("the schema could not be brought up to date")?;
    let public_url = settings.public();
    let mail_domain = public_url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split(['/', ':']).next())
        .filter(|host| !host.is_empty())
        .unwrap_or("localhost")
        .to_owned();
    // A clock that stands still gives nothing back.
    let rates = if clock.is_some() { Rates::NONE } else { rates(settings) };
    let app = App {
        store,
        clock: clock.unwrap_or_else(|| Arc::new(SystemClock)),
        ids: Arc::new(SystemIds),
        calendars: Arc::default(),
        zone: settings.zone,
        public_url,
        mail_domain,
        attempts: Arc::default(),
        limits: Arc::new(Limits::new(rates)),
        outgoing: outgoing(settings, demo)?,
        report_mail: report_words,
        notice: notice_words,
        line_styles: Arc::default(),
        levels: Arc::default(),
        outbox: Arc::default(),
        demo,
    };
    calendars::refresh(&app).await.context("the calendars could not be read")?;
    // A small database is searched whole from the first moment; `lifecycle` does the rest of a large one.
    search::index_old(&app, 4).await.context("the search index could not be brought up to date")?;
    Ok(app)
}

/// What the HTTP side takes in.
pub fn bounds(settings: &Settings) -> anyhow::Result<Bounds> {
    let network = |entry: &String| {
        Network::parse(entry)
            .with_context(|| format!("http.proxies: {entry:?} is no address and no network like 10.0.0.0/8"))
    };
    let (http, usual) = (&settings.http, Bounds::default());
    Ok(Bounds {
        connections: http.connections.unwrap_or(usual.connections),
        pace: Pace {
            first: http.body_seconds.map_or(usual.pace.first, Duration::from_secs),
            rate: http.body_rate.unwrap_or(usual.pace.rate),
        },
        proxies: http.proxies.iter().map(network).collect::<anyhow::Result<_>>()?,
        public_metrics: http.public_metrics,
        public_api_document: http.public_api_document,
    })
}

/// How often somebody may ask.
fn rates(settings: &Settings) -> Rates {
    let (set, usual) = (&settings.limits, Rates::default());
    Rates {
        sign_in: set.sign_in.unwrap_or(usual.sign_in),
        links: set.links.unwrap_or(usual.links),
        token: set.token.unwrap_or(usual.token),
        account: set.account.unwrap_or(usual.account),
    }
}

/// The way out for requests over HTTP; of the demo nothing leaves the house.
fn outgoing(settings: &Settings, demo: bool) -> anyhow::Result<Arc<dyn Outgoing>> {
    if demo {
        return Ok(Arc::new(NothingOut));
    }
    let remedy = |entry: String| {
        anyhow::anyhow!("outgoing.allow: {entry:?} is neither a network like 10.0.0.0/8 nor the name of a server")
    };
    let exceptions = Exceptions::parse(&settings.outgoing.allow).map_err(remedy)?;
    let OutgoingSettings { ca_file, tokens, .. } = &settings.outgoing;
    let house = House::of(ca_file.as_deref(), tokens).map_err(anyhow::Error::msg)?;
    Ok(Arc::new(HttpOut::of_house(exceptions, house).context("outgoing requests cannot be set up")?))
}

/// The way out for mail; none while no server is set.
pub fn transport(settings: &Settings, app: &App) -> anyhow::Result<Option<Arc<dyn Transport>>> {
    let Some(host) = settings.smtp.host.clone() else { return Ok(None) };
    let tls = match settings.smtp.tls {
        TlsSetting::None => TlsMode::None,
        TlsSetting::Starttls => TlsMode::StartTls,
        TlsSetting::Tls => TlsMode::Tls,
    };
    let standard = match settings.smtp.tls {
        TlsSetting::None => 25,
        TlsSetting::Starttls => 587,
        TlsSetting::Tls => 465,
    };
    let from = settings.smtp.from.clone().unwrap_or_else(|| format!("复盘台 <fupan@{}>", app.mail_domain));
    let authority = match &settings.smtp.ca_file {
        Some(file) => {
            Some(std::fs::read(file).with_context(|| format!("smtp.ca_file {} cannot be read", file.display()))?)
        }
        None => None,
    };
    let smtp = SmtpTransport::new(SmtpSettings {
        host,
        port: settings.smtp.port.unwrap_or(standard),
        tls,
        username: settings.smtp.username.clone(),
        password: settings.smtp.password.clone(),
        from,
        mail_domain: app.mail_domain.clone(),
        timeouts: SmtpTimeouts::default(),
        connections: settings.smtp.connections.unwrap_or(CONNECTIONS),
        authority,
    })?;
    Ok(Some(Arc::new(smtp)))
}
