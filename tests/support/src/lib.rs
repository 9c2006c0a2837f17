//! What the tests share: a database of its own per test, a service on a real port, an SMTP sink.

#![allow(clippy::disallowed_methods, reason = "names of throwaway databases")]

pub mod http;
pub mod ledger;
pub mod smtp;
mod template;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use fupan::{
    domain::actor::Role,
    runtime::system::SystemIds,
    service::{App, accounts, housekeeping::Retention, limits::Limits, ports::Clock, sessions, tokens, vault::Vault},
    store::{self, Store},
    web::server::Bounds,
};
use tokio::sync::watch;

/// A fresh database: on the server of `TEST_DATABASE_URL`, with the schema in it, else a SQLite file that goes with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// Its URL.
    pub url: String,
    folder: tempfile::TempDir,
}

impl TestDatabase {
    /// Makes one.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match std::env::var("TEST_DATABASE_URL") {
            Ok(server) if !server.is_empty() => Box::pin(template::copied(&server)).await,
            _ => format!("sqlite:{}", folder.path().join("test.db").display()),
        };
        Self { url, folder }
    }

    /// Makes one without a schema, for what is tested of migrations.
    pub async fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match std::env::var("TEST_DATABASE_URL") {
            Ok(server) if !server.is_empty() => Box::pin(template::empty(&server)).await,
            _ => format!("sqlite:{}", folder.path().join("test.db").display()),
        };
        Self { url, folder }
    }

    /// A folder of the test.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// A clock that the test moves.
#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

impl TestClock {
    /// Stands at `at` (RFC 3339).
    pub fn at(at: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new(at.parse().unwrap())))
    }

    /// Moves to `at`.
    pub fn set(&self, at: &str) {
        *self.0.lock().unwrap() = at.parse().unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// The product on a database, at a time.
pub async fn app(database: &TestDatabase, clock: Arc<TestClock>) -> App {
    let store = Store::open(&database.url).await.unwrap();
    store::migrate::up(&store).await.unwrap();
    App {
        store,
        clock,
        ids: Arc::new(SystemIds),
        calendars: Arc::default(),
        zone: chrono_tz::Asia::Shanghai,
        public_url: "http://fupan.test".to_owned(),
        mail_domain: "fupan.test".to_owned(),
        sign_in: Arc::default(),
        limits: Arc::default(),
        outgoing: outgoing(),
        report_mail: fupan::notify::mail::report_words,
        notice: fupan::notify::mail::notice_words,
        line_styles: Arc::default(),
        levels: Arc::default(),
        vault: Arc::new(Vault::new(Vec::new(), Some(database.folder().join("secret.key"))).unwrap()),
        refused: Arc::default(),
        retention: Retention::default(),
        outbox: Arc::default(),
        demo: false,
    }
}

/// A way out for requests that reaches the servers of the test on this machine.
pub fn outgoing() -> Arc<dyn fupan::service::ports::Outgoing> {
    let exceptions = fupan::domain::outgoing::Exceptions::parse(&["127.0.0.1".to_owned()]).unwrap();
    Arc::new(fupan::outgoing::HttpOut::new(exceptions).unwrap())
}

/// A service on a real port.
#[derive(Debug)]
pub struct Service {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The product behind it.
    pub app: App,
    /// Its database.
    pub database: TestDatabase,
    /// Its clock.
    pub clock: Arc<TestClock>,
    _stop: watch::Sender<bool>,
}

impl Service {
    /// Starts one at a time.
    pub async fn start(now: &str) -> Self {
        Self::start_with(now, Limits::default(), Bounds::default()).await
    }

    /// Starts one that lets in so much.
    pub async fn start_with(now: &str, limits: Limits, bounds: Bounds) -> Self {
        Self::start_as(now, bounds, |app| app.limits = Arc::new(limits)).await
    }

    /// Starts one that is set up otherwise; `change` sees it with its address.
    pub async fn start_as(now: &str, bounds: Bounds, change: impl FnOnce(&mut App)) -> Self {
        let database = TestDatabase::new().await;
        let clock = TestClock::at(now);
        let app = app(&database, clock.clone()).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let mut served = app.clone();
        served.public_url.clone_from(&url);
        change(&mut served);
        let server = fupan::web::server::start(served.clone(), listener, stopped, bounds).unwrap();
        tokio::spawn(server);
        Self { url, app: served, database, clock, _stop: stop }
    }

    /// An API token of a new account with this role.
    pub async fn token(&self, role: Role) -> String {
        let actor = fupan::domain::actor::Actor::local_operator();
        let account = self.account(role).await;
        tokens::create(&self.app, &actor, &account, tokens::NewToken::of_all("test")).await.unwrap().1
    }

    /// A session cookie of a new account with this role.
    pub async fn cookie(&self, role: Role) -> String {
        self.signed_in(role).await.0
    }

    /// A session of a new account with this role: its cookie, and the token of its forms.
    pub async fn signed_in(&self, role: Role) -> (String, String) {
        let account = self.account(role).await;
        let (cookie, signed_in) = sessions::open(&self.app, account, sessions::Entry::default()).await.unwrap();
        (cookie, signed_in.session.csrf)
    }

    /// A new account with this role.
    pub async fn account(&self, role: Role) -> store::accounts::Account {
        let actor = fupan::domain::actor::Actor::local_operator();
        let new = accounts::NewAccount {
            email: format!("{}@example.com", uuid::Uuid::now_v7().simple()),
            name: role.code().to_owned(),
            role,
            lang: "zh-CN".to_owned(),
        };
        accounts::add(&self.app, &actor, new).await.unwrap().0
    }
}

/// An indicator of a success rate in percent with three digits.
pub fn success_rate(
    key: &str,
    name: &str,
    service_id: Option<uuid::Uuid>,
) -> fupan::domain::indicator::IndicatorFields {
    fupan::domain::indicator::IndicatorFields {
        key: key.to_owned(),
        name: name.to_owned(),
        kind: fupan::domain::indicator::IndicatorKind::SuccessRate,
        service_id,
        unit: Some("%".to_owned()),
        digits: 3,
        lower_is_better: false,
        archived: false,
    }
}
