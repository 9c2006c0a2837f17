//! Settings to the parts that services need.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use secrecy::{ExposeSecret as _, SecretString};

use super::system::{SystemClock, SystemIds};
use crate::{
    domain::{
        actor::{Role, TeamScope},
        outgoing::{Exceptions, Network},
    },
    notify::mail::{SmtpSettings, SmtpTimeouts, SmtpTransport, TlsMode, notice_words, report_words},
    outgoing::{House, HttpOut, NothingOut},
    service::{
        App, calendars,
        housekeeping::Retention,
        limits::{Limits, Rates},
        oidc::OidcRules,
        ports::{Clock, Outgoing, Transport},
        proxy_sign_in::ProxyRules,
        search,
        sign_in_rules::{SignIn, SignInRules},
        vault::Vault,
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
        sign_in: Arc::new(sign_in(settings)?),
        limits: Arc::new(Limits::new(rates)),
        outgoing: outgoing(settings, demo)?,
        report_mail: report_words,
        notice: notice_words,
        line_styles: Arc::default(),
        levels: Arc::default(),
        retention: retention(settings)?,
        vault: Arc::new(vault(settings)?),
        refused: Arc::default(),
        outbox: Arc::default(),
        demo,
    };
    calendars::refresh(&app).await.context("the calendars could not be read")?;
    // A small database is searched whole from the first moment; `lifecycle` does the rest of a large one.
    search::index_old(&app, 4).await.context("the search index could not be brought up to date")?;
    Ok(app)
}

/// How long what is over is kept.
fn retention(settings: &Settings) -> anyhow::Result<Retention> {
    let (set, usual) = (&settings.retention, Retention::default());
    let audit_days = set.audit_days.unwrap_or(usual.audit_days);
    if (1..90).contains(&audit_days) {
        anyhow::bail!(
            "retention.audit_days is {audit_days}: give at least 90 days, or 0 to keep the audit log for ever"
        );
    }
    Ok(Retention {
        audit_days,
        mail_days: set.mail_days.unwrap_or(usual.mail_days),
        failed_mail_days: set.failed_mail_days.unwrap_or(usual.failed_mail_days),
        imports_days: set.imports_days.unwrap_or(usual.imports_days),
    })
}

/// The keys of the secrets in the database.
fn vault(settings: &Settings) -> anyhow::Result<Vault> {
    // A key file that was rotated holds several, the present one first.
    let of_setting = |set: &SecretString| -> Vec<SecretString> {
        let lines = set.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
        lines.map(|line| SecretString::from(line.to_owned())).collect()
    };
    let given = settings.secret_key.iter().chain(&settings.secret_key_old).flat_map(of_setting).collect();
    Ok(Vault::new(given, Some(settings.key_file()))?)
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
        reading: Pace {
            first: http.answer_seconds.map_or(usual.reading.first, Duration::from_secs),
            rate: http.answer_rate.unwrap_or(usual.reading.rate),
        },
        proxies: http.proxies.iter().map(network).collect::<anyhow::Result<_>>()?,
        public_metrics: http.public_metrics,
        public_api_document: http.public_api_document,
    })
}

/// How people sign in.
fn sign_in(settings: &Settings) -> anyhow::Result<SignIn> {
    let (set, usual) = (&settings.sign_in, SignInRules::default());
    let role = |code: &String| {
        Role::from_code(code).with_context(|| {
            format!("sign_in.second_factor: {code:?} is no role; write viewer, reporter, lead or admin")
        })
    };
    let bounded = |name: &str, given: Option<u32>, unit: i64, usual: i64, most: i64| match given.map(i64::from) {
        None => Ok(usual),
        Some(given) if (1..=most).contains(&given) => Ok(given * unit),
        Some(given) => Err(anyhow::anyhow!("sign_in.{name}: {given} is not between 1 and {most}")),
    };
    let proxy = match set.proxy_header.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        None => None,
        Some(_) if set.proxy_from.iter().all(String::is_empty) => {
            anyhow::bail!("sign_in.proxy_header: name the addresses of the proxy in sign_in.proxy_from");
        }
        Some(name) if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
            anyhow::bail!("sign_in.proxy_header: {name:?} is no name of a header like X-Remote-User");
        }
        Some(name) => {
            let network = |entry: &String| {
                Network::parse(entry).with_context(|| {
                    format!("sign_in.proxy_from: {entry:?} is no address and no network like 10.0.0.0/8")
                })
            };
            let from = set.proxy_from.iter().map(network).collect::<anyhow::Result<_>>()?;
            Some(ProxyRules { header: name.to_ascii_lowercase(), from })
        }
    };
    let rules = SignInRules {
        proxy,
        idle: bounded("idle_minutes", set.idle_minutes, 60_000, usual.idle, 525_600)?,
        life: bounded("absolute_hours", set.absolute_hours, 3_600_000, usual.life, 8_760)?,
        second_factor: set
            .second_factor
            .iter()
            .filter(|code| !code.is_empty())
            .map(role)
            .collect::<anyhow::Result<_>>()?,
    };
    let sign_in = SignIn::new(rules);
    Ok(match oidc(settings)? {
        Some(provider) => sign_in.with_provider(provider),
        None => sign_in,
    })
}

/// The provider of accounts, where one is set.
fn oidc(settings: &Settings) -> anyhow::Result<Option<OidcRules>> {
    let set = &settings.oidc;
    let Some(issuer) = set.issuer.clone().filter(|issuer| !issuer.is_empty()) else { return Ok(None) };
    if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
        anyhow::bail!("oidc.issuer: {issuer:?} is no address like https://sso.example.com");
    }
    if issuer.chars().count() > 255 {
        anyhow::bail!("oidc.issuer: it is longer than 255 characters");
    }
    let client_id = set.client_id.clone().context("oidc.client_id: say what this service is called at the provider")?;
    let role = |name: &str, code: &str| {
        Role::from_code(code)
            .with_context(|| format!("oidc.{name}: {code:?} is no role; write viewer, reporter, lead or admin"))
    };
    let pair = |name: &str, entry: &str| {
        let pair = entry.rsplit_once('=').map(|(value, to)| (value.trim().to_owned(), to.trim().to_owned()));
        pair.with_context(|| format!("oidc.{name}: {entry:?} is not of the form VALUE=…"))
    };
    let given = |list: &[String]| list.iter().filter(|entry| !entry.is_empty()).cloned().collect::<Vec<_>>();
    let roles = given(&set.roles).into_iter().map(|entry| {
        let (value, code) = pair("roles", &entry)?;
        Ok((value, role("roles", &code)?))
    });
    let default_role = match &set.default_role {
        Some(code) => Some(role("default_role", code)?),
        None if set.role_claim.is_none() => Some(Role::Viewer),
        None => None,
    };
    let scopes = given(&set.scopes);
    Ok(Some(OidcRules {
        issuer,
        client_id,
        client_secret: set.client_secret.clone(),
        scopes: if scopes.is_empty() { vec!["profile".to_owned(), "email".to_owned()] } else { scopes },
        name: set.name.clone(),
        role_claim: set.role_claim.clone(),
        roles: roles.collect::<anyhow::Result<_>>()?,
        default_role,
        team_scope: match set.team_scope.as_deref() {
            None => TeamScope::All,
            Some(code) => TeamScope::from_code(code)
                .with_context(|| format!("oidc.team_scope: {code:?} is no scope; write all or own"))?,
        },
        team_claim: set.team_claim.clone(),
        teams: given(&set.teams).iter().map(|entry| pair("teams", entry)).collect::<anyhow::Result<_>>()?,
        link_verified_email: set.link_verified_email,
    }))
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
