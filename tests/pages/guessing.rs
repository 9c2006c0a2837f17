//! How long somebody may guess, and what a guess tells.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        App, ServiceError, accounts, housekeeping,
        sign_in::{self, Entered, Visit},
        sign_in_rules::{SignIn, SignInRules},
        tokens::{self, NewToken},
    },
    web::server::Bounds,
};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};
use support::Service;

use crate::{
    NOW,
    sessions::{Browser, PASSWORD, field, with_password},
    sign_in::{code_at, enrolled, guess, visit},
};

/// Moves the clock to so many minutes after [`NOW`].
fn later(service: &Service, minutes: i64) {
    let now: chrono::DateTime<chrono::Utc> = NOW.parse().unwrap();
    service.clock.set(&(now + chrono::Duration::minutes(minutes)).to_rfc3339());
}

/// Gives the password and then a code.
async fn with_code(app: &App, email: &str, code: &str, here: &Visit) -> Result<(), ServiceError> {
    match sign_in::with_password(app, email, PASSWORD.to_owned(), here).await? {
        Entered::Code(step) => sign_in::with_code(app, &step, code, here).await.map(drop),
        Entered::In(_) => panic!("a code is asked for"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_guessed_thirty_times_a_day_and_the_owner_gets_in_meanwhile() {
    let service = Service::start(NOW).await;
    let app = &service.app;
    let (_, email) = with_password(&service, Role::Lead).await;
    let mut owner = Browser::new(&service);
    owner.sign_in(&email, PASSWORD).await;
    let (key, codes) = enrolled(&mut owner, app.now().timestamp()).await;
    let device = owner.cookies["fupan_device"].clone();

    // Whoever knows the password comes back every quarter of an hour, from other addresses.
    let mut wrong = 0;
    for round in 0..8 {
        later(&service, 20 * round);
        housekeeping::tidy(app).await.unwrap();
        for at in 0..30 {
            let here = visit(&format!("192.0.2.{}", round * 30 + at));
            match with_code(app, &email, "000000", &here).await {
                Err(ServiceError::SignInNeeded) => wrong += 1,
                Err(ServiceError::TooMany { .. }) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(wrong, 30);
    let Err(ServiceError::TooMany { seconds }) = with_code(app, &email, "000000", &visit("198.51.100.1")).await else {
        panic!("the day is not over")
    };
    assert!(seconds > 20 * 3_600, "{seconds}");
    let now = || app.now().timestamp();
    // Not even the right code from elsewhere; but from the device of the owner, and with a code that nobody finds.
    assert!(matches!(
        with_code(app, &email, &code_at(&key, now()), &visit("198.51.100.2")).await,
        Err(ServiceError::TooMany { .. })
    ));
    let own = Visit { device: Some(device), ..visit("198.51.100.3") };
    assert!(with_code(app, &email, &code_at(&key, now()), &own).await.is_ok());
    assert!(with_code(app, &email, &codes[0], &visit("198.51.100.4")).await.is_ok());
    // The page says so.
    let mut browser = Browser::new(&service);
    let asked = browser.sign_in(&email, PASSWORD).await.text().await.unwrap();
    let form = [("t", &field(&asked, "t") as &str), ("code", "000000")];
    let told = browser.post("/login", "/login/code", &form).await;
    assert_eq!(told.status(), StatusCode::TOO_MANY_REQUESTS);
    let told = told.text().await.unwrap();
    assert!(told.contains("小时后再试"), "{told}");

    later(&service, 24 * 60 + 1);
    assert!(with_code(app, &email, &code_at(&key, now()), &visit("198.51.100.5")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_an_account_are_guessed_three_hundred_times_a_day_from_wherever() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Lead).await;
    let mut owner = Browser::new(&service);
    owner.sign_in(&email, PASSWORD).await;
    let own = Visit { device: Some(owner.cookies["fupan_device"].clone()), ..visit("192.0.2.1") };
    // Hashed with little work, so that three hundred are looked at in no time.
    let weak = {
        use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        argon.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).unwrap().to_string()
    };
    let tx = service.app.store.begin().await.unwrap();
    let easy = accounts::Account { password_hash: Some(weak), ..account.clone() };
    fupan::store::accounts::update(&tx, &easy, account.version).await.unwrap();
    tx.commit().await.unwrap();
    let mut wrong = 0;
    for round in 0..5 {
        later(&service, 20 * round);
        housekeeping::tidy(&service.app).await.unwrap();
        for at in 0..110 {
            match guess(&service, &email, "a wrong password", &visit(&format!("2001:db8:{round}:{at}"))).await {
                Err(ServiceError::SignInNeeded) => wrong += 1,
                Err(ServiceError::TooMany { .. }) => break,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(wrong, 300);
    assert!(matches!(guess(&service, &email, PASSWORD, &visit("192.0.2.2")).await, Err(ServiceError::TooMany { .. })));
    assert!(guess(&service, &email, PASSWORD, &own).await.is_ok(), "the owner's device");
    // A link of an administrator leads in, too.
    let link = accounts::new_link(&service.app, &Actor::local_operator(), account.id).await.unwrap().1;
    let form = [("t", link.split("t=").nth(1).unwrap()), ("password", "yellow kettle nineteen")];
    assert_eq!(Browser::new(&service).post("/login", "/setup", &form).await.status(), StatusCode::SEE_OTHER);
    // What right ones were counted with is taken back: they use nothing up.
    later(&service, 24 * 60 + 1);
    for _ in 0..12 {
        let again = guess(&service, &email, "yellow kettle nineteen", &visit("192.0.2.2")).await;
        assert!(again.is_ok(), "{again:?}");
    }
}

/// How many rows each of these tables has.
async fn rows(connection: &DatabaseConnection) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["audit_entry", "guess", "session", "sign_in_step", "outbox_message"] {
        let sql = Statement::from_string(
            connection.get_database_backend(),
            format!("SELECT CAST(COUNT(*) AS {}) FROM {table}", if_mysql(connection)),
        );
        let row = connection.query_one_raw(sql).await.unwrap().unwrap();
        counts.push(row.try_get_by_index(0).unwrap());
    }
    counts
}

fn if_mysql(connection: &DatabaseConnection) -> &'static str {
    if connection.get_database_backend() == sea_orm::DatabaseBackend::MySql { "SIGNED" } else { "BIGINT" }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_an_unknown_account_and_one_that_is_off_are_answered_alike_after_the_same_work() {
    let service = Service::start(NOW).await;
    let (_, known) = with_password(&service, Role::Lead).await;
    service.account(Role::Admin).await;
    let (off, switched_off) = with_password(&service, Role::Lead).await;
    let patch = accounts::AccountPatch { active: Some(false), ..accounts::AccountPatch::default() };
    accounts::change(&service.app, &Actor::local_operator(), off.id, patch).await.unwrap();
    let without_password = service.account(Role::Lead).await.email;
    let unknown = format!("{}@example.com", service.app.id().simple());
    let connection = Database::connect(&service.database.url).await.unwrap();
    let mut told = Vec::new();
    for email in [&known, &switched_off, &without_password, &unknown] {
        let mut browser = Browser::new(&service);
        let before = rows(&connection).await;
        let answer = browser.sign_in(email, "a wrong password").await;
        let added: Vec<i64> =
            rows(&connection).await.iter().zip(&before).map(|(after, before)| after - before).collect();
        let mut headers: Vec<String> = answer.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        let (status, cookies) = (answer.status(), answer.headers().get_all("set-cookie").iter().count());
        let page = answer.text().await.unwrap().replace(email.as_str(), "…");
        told.push((status, headers, cookies, page, added));
    }
    let first = &told[0];
    assert_eq!(first.0, StatusCode::UNAUTHORIZED);
    // An audit entry, and counts of the pair, the account in both windows, and for the first of them the address.
    assert_eq!(first.4[0], 1);
    for one in &told[1..] {
        assert_eq!((&one.0, &one.1, one.2, &one.3), (&first.0, &first.1, first.2, &first.3));
        assert_eq!(one.4[0], first.4[0], "audit entries");
        assert_eq!(one.4[1], first.4[1] - 1, "guesses: the address was counted before");
        assert_eq!(one.4[2..], first.4[2..]);
    }

    // The work is the hash: the best of several rounds in turn, because other tests run beside this one.
    let mut best = [Duration::MAX; 4];
    for round in 0..8 {
        for (at, email) in [&known, &switched_off, &without_password, &unknown].into_iter().enumerate() {
            let begun = Instant::now();
            let _ = guess(&service, email, "a wrong password", &visit(&format!("192.0.2.{round}"))).await;
            best[at] = best[at].min(begun.elapsed());
        }
    }
    assert!(best.iter().all(|time| *time * 3 > best[0]), "{best:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_another_password_ends_the_sessions_and_the_steps_that_were_open() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Lead).await;
    let mut browser = Browser::new(&service);
    browser.sign_in(&email, PASSWORD).await;
    let link = accounts::new_link(&service.app, &Actor::local_operator(), account.id).await.unwrap().1;
    assert_eq!(browser.get("/settings").await.0, StatusCode::OK, "a link that nobody used changes nothing");
    let token = link.split("t=").nth(1).unwrap();
    let form = [("t", token), ("password", "yellow kettle nineteen")];
    let mut fresh = Browser::new(&service);
    assert_eq!(fresh.post("/login", "/setup", &form).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/settings").await.0, StatusCode::SEE_OTHER);
    assert_eq!(fresh.get("/settings").await.0, StatusCode::OK);
    assert_eq!(Browser::new(&service).post("/login", "/setup", &form).await.status(), StatusCode::NOT_FOUND, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_behind_https_says_so_for_a_year_and_none_on_plain_http() {
    let public = "https://fupan.example.com";
    let secure = Service::start_as(NOW, Bounds::default(), |app| app.public_url = public.to_owned()).await;
    let plain = Service::start(NOW).await;
    for path in ["/login", "/", "/healthz", "/static/nothing.css", "/nowhere", "/api/v1/events", "/s/nothing", "/act/x"]
    {
        let said = async |service: &Service| {
            let answer = Browser::new(service).ask(path).await;
            answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(said(&secure).await.as_deref(), Some("max-age=31536000"), "{path}");
        assert_eq!(said(&plain).await, None, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_who_owes_an_authenticator_open_nothing_until_it_is_set_up() {
    let rules = SignInRules { second_factor: BTreeSet::from([Role::Lead]), ..SignInRules::default() };
    let service = Service::start_as(NOW, Bounds::default(), |app| app.sign_in = Arc::new(SignIn::new(rules))).await;
    let (owing, email) = with_password(&service, Role::Lead).await;
    let (reporter, _) = with_password(&service, Role::Reporter).await;
    let robot = service.account(Role::Lead).await;
    let operator = Actor::local_operator();
    let client = Browser::new(&service).client;
    let ask = async |token: &str| {
        let url = format!("{}/api/v1/events", service.url);
        let answer = client.get(url).bearer_auth(token).header("Accept-Language", "en").send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let mut made = Vec::new();
    for account in [&owing, &reporter, &robot] {
        made.push(tokens::create(&service.app, &operator, account, NewToken::of_all("t")).await.unwrap().1);
    }
    let (status, text) = ask(&made[0]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("second_factor_needed") && text.contains("authenticator"), "{text}");
    assert_eq!(ask(&made[1]).await.0, StatusCode::OK, "another role");
    assert_eq!(ask(&made[2]).await.0, StatusCode::OK, "nobody signs in with it: there is no password");
    let used = tokens::own(&service.app, &fupan::service::sessions::actor_of(&owing)).await.unwrap();
    assert!(used[0].used_at.is_none(), "it was not used");

    let mut browser = Browser::new(&service);
    browser.sign_in(&email, PASSWORD).await;
    // However long it takes to find the telephone: the session is proved on the way.
    later(&service, 16);
    let page = browser.ask("/settings/second-factor").await;
    assert_eq!(page.status(), StatusCode::OK);
    let form = [("password", PASSWORD), ("next", "/settings/second-factor")];
    assert_eq!(browser.post("/settings/confirm", "/settings/confirm", &form).await.status(), StatusCode::SEE_OTHER);
    enrolled(&mut browser, service.app.now().timestamp()).await;
    assert_eq!(ask(&made[0]).await.0, StatusCode::OK);
}
