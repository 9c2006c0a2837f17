//! Guessing, passwords that are refused, and the second step.

use std::{collections::BTreeSet, sync::Arc};

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        App, ServiceError, accounts, second_factor, secrets, sessions,
        sign_in::{self, Entered, Visit},
        sign_in_rules::{SignIn, SignInRules},
        vault::{self, Vault},
    },
    web::server::Bounds,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait as _, Database, Statement};
use secrecy::SecretString;
use support::Service;

use crate::{
    NOW, Person,
    sessions::{Browser, PASSWORD, behind_a_proxy, field, with_password},
};

pub fn visit(source: &str) -> Visit {
    Visit { source: source.to_owned(), ..Visit::default() }
}

pub async fn guess(service: &Service, email: &str, password: &str, visit: &Visit) -> Result<Entered, ServiceError> {
    sign_in::with_password(&service.app, email, password.to_owned(), visit).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_waits_and_the_owner_signs_in_meanwhile() {
    let service = Service::start_as(NOW, behind_a_proxy(), |_| {}).await;
    let (_, email) = with_password(&service, Role::Reporter).await;
    let mut owner = Browser::new(&service);
    assert_eq!(owner.sign_in(&email, PASSWORD).await.status(), StatusCode::SEE_OTHER);
    let device = owner.cookies["fupan_device"].clone();

    // Ten from one address: that address waits for this account, whatever it sends.
    let mut stranger = Browser::new(&service);
    stranger.from = "198.51.100.7";
    for _ in 0..10 {
        assert_eq!(stranger.sign_in(&email, "a wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    let waits = stranger.sign_in(&email, PASSWORD).await;
    assert_eq!(
        (waits.status(), waits.headers()["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "900")
    );
    let mut another = Browser::new(&service);
    assert_eq!(another.sign_in(&email, PASSWORD).await.status(), StatusCode::SEE_OTHER, "from elsewhere");

    // A hundred from many addresses: devices that are not known wait, the owner's own does not.
    for at in 0..90 {
        let wrong = guess(&service, &email, "a wrong password", &visit(&format!("2001:db8:{at}"))).await;
        assert!(matches!(wrong, Err(ServiceError::SignInNeeded)), "{at}: {wrong:?}");
    }
    assert!(matches!(guess(&service, &email, PASSWORD, &visit("192.0.2.9")).await, Err(ServiceError::TooMany { .. })));
    let own = Visit { device: Some(device.clone()), ..visit("192.0.2.9") };
    assert!(matches!(guess(&service, &email, PASSWORD, &own).await, Ok(Entered::In(_))));

    // A device is known to its own account only, as it was signed, and has ten guesses itself.
    let (_, other) = with_password(&service, Role::Admin).await;
    let forged = format!("{}x", &device[..device.len() - 1]);
    for cookie in [forged.as_str(), "x", "a.b.c.d", ""] {
        let visit = Visit { device: Some(cookie.to_owned()), ..visit("192.0.2.9") };
        assert!(matches!(guess(&service, &email, PASSWORD, &visit).await, Err(ServiceError::TooMany { .. })));
    }
    for _ in 0..10 {
        let wrong = guess(&service, &email, "a wrong password", &own).await;
        assert!(matches!(wrong, Err(ServiceError::SignInNeeded)));
    }
    assert!(matches!(guess(&service, &email, PASSWORD, &own).await, Err(ServiceError::TooMany { .. })));
    assert!(
        matches!(guess(&service, &other, PASSWORD, &own).await, Ok(Entered::In(_))),
        "another account is another count"
    );

    // Replicas share the count; it ends by itself.
    let mut replica = service.app.clone();
    replica.sign_in = Arc::default();
    let waits = sign_in::with_password(&replica, &email, PASSWORD.to_owned(), &visit("198.51.100.7")).await;
    assert!(matches!(waits, Err(ServiceError::TooMany { .. })));
    service.clock.set("2024-08-21T06:23:00Z");
    assert!(matches!(guess(&service, &email, PASSWORD, &visit("198.51.100.7")).await, Ok(Entered::In(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_tries_many_accounts_waits_for_all_and_right_passwords_do_not_count() {
    let service = Service::start(NOW).await;
    let (_, email) = with_password(&service, Role::Viewer).await;
    let here = visit("198.51.100.7");
    for at in 0..100 {
        let wrong = guess(&service, &format!("{at}@example.com"), "a wrong password", &here).await;
        assert!(matches!(wrong, Err(ServiceError::SignInNeeded)), "{at}");
        if at % 40 == 0 {
            assert!(guess(&service, &email, PASSWORD, &here).await.is_ok());
        }
    }
    assert!(matches!(guess(&service, &email, PASSWORD, &here).await, Err(ServiceError::TooMany { .. })));
    assert!(guess(&service, &email, PASSWORD, &visit("198.51.100.8")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_guesses_at_once_are_no_more_than_one_after_the_other() {
    let service = Service::start(NOW).await;
    let (_, email) = with_password(&service, Role::Viewer).await;
    let tries = (0..30).map(|_| {
        let (app, email) = (service.app.clone(), email.clone());
        tokio::spawn(async move { sign_in::with_password(&app, &email, "a wrong one".to_owned(), &visit("a")).await })
    });
    let mut looked_at = 0;
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Err(ServiceError::SignInNeeded) => looked_at += 1,
            Err(ServiceError::TooMany { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked_at, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_passwords_are_refused_with_words_and_an_old_hash_is_renewed_at_the_sign_in() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Viewer).await;
    let mut browser = Browser::new(&service);
    browser.sign_in(&email, PASSWORD).await;
    for (new, words) in [
        ("elevenchars", "12 到 200"),
        ("password1234", "太常用"),
        ("my fupan account", "不要包含"),
        (email.split('@').next().unwrap(), "不要包含"),
    ] {
        let form = [("old_password", PASSWORD), ("new_password", new)];
        let answer = browser.post("/settings", "/settings/password", &form).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{new}");
        assert!(answer.text().await.unwrap().contains(words), "{new}");
    }

    // As an installation of years ago hashed it: the same password with less work.
    let weak = {
        use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
        let params = Params::new(8_192, 1, 1, None).unwrap();
        let salt = [7_u8; 16];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_with_salt(PASSWORD.as_bytes(), &salt).unwrap().to_string()
    };
    assert!(secrets::is_outdated(&weak) && !secrets::is_outdated(account.password_hash.as_deref().unwrap()));
    let read = || async {
        let store = service.app.store.read();
        fupan::store::accounts::by_email(store, &email).await.unwrap().unwrap()
    };
    let before = read().await;
    let tx = service.app.store.begin().await.unwrap();
    let old = accounts::Account { password_hash: Some(weak), ..before.clone() };
    fupan::store::accounts::update(&tx, &old, before.version).await.unwrap();
    tx.commit().await.unwrap();
    assert!(guess(&service, &email, PASSWORD, &visit("a")).await.is_ok());
    let renewed = read().await.password_hash.unwrap();
    assert!(!secrets::is_outdated(&renewed), "{renewed}");
    assert!(guess(&service, &email, PASSWORD, &visit("a")).await.is_ok());
}

/// The code that an authenticator with this key (Base32) shows at a time in seconds (RFC 6238).
pub fn code_at(key: &str, seconds: i64) -> String {
    let mut bits = String::new();
    for c in key.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    let secret: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|eight| u8::from_str_radix(std::str::from_utf8(eight).unwrap(), 2).unwrap())
        .collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&secret).unwrap();
    mac.update(&(seconds / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Sets an authenticator up in a signed-in browser: its key and the recovery codes.
pub async fn enrolled(browser: &mut Browser, now: i64) -> (String, Vec<String>) {
    let page = "/settings/second-factor";
    browser.post(page, page, &[("act", "offer")]).await;
    let (_, html) = browser.get(page).await;
    assert!(html.contains("<svg class=\"qr\"") && !html.contains("style="), "{html}");
    let key = html.split("id=\"key\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let wrong = browser.post(page, page, &[("act", "confirm"), ("code", "000000")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let done = browser.post(page, page, &[("act", "confirm"), ("code", &code_at(&key, now))]).await;
    assert_eq!(done.status(), StatusCode::OK);
    let html = done.text().await.unwrap();
    let list = html.split("id=\"recovery\">").nth(1).unwrap().split("</ol>").next().unwrap();
    let codes: Vec<String> =
        list.split("<li class=\"mono\">").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);
    let (_, again) = browser.get(page).await;
    assert!(!again.contains(&codes[0]) && !again.contains(&key), "shown once");
    (key, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_asked_for_besides_the_password_and_works_once() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Lead).await;
    let (mut browser, mut other) = (Browser::new(&service), Browser::new(&service));
    browser.sign_in(&email, PASSWORD).await;
    other.sign_in(&email, PASSWORD).await;
    let now = service.app.now().timestamp();
    let (key, codes) = enrolled(&mut browser, now).await;
    assert_eq!(browser.get("/settings").await.0, StatusCode::OK);
    assert_eq!(other.get("/settings").await.0, StatusCode::SEE_OTHER, "sessions without a code ended");

    // The password alone opens nothing, and the code that was used is not taken again.
    let mut fresh = Browser::new(&service);
    let asked = fresh.sign_in(&email, PASSWORD).await;
    assert_eq!(asked.status(), StatusCode::OK);
    assert!(!fresh.cookies.contains_key("fupan_session"));
    let step = field(&asked.text().await.unwrap(), "t");
    let send = |step: String, code: String| {
        let mut browser = Browser::new(&service);
        async move {
            let answer =
                browser.post("/login", "/login/code", &[("t", &step), ("code", &code), ("next", "/e/1")]).await;
            (answer.status(), browser.cookies.contains_key("fupan_session"))
        }
    };
    let refused = (StatusCode::UNAUTHORIZED, false);
    assert_eq!(send(step.clone(), code_at(&key, now)).await, refused, "used");
    assert_eq!(send(step.clone(), code_at(&key, now - 300)).await, refused, "old");
    assert_eq!(send("made up".to_owned(), code_at(&key, now + 30)).await, refused);
    assert_eq!(send(step.clone(), code_at(&key, now + 30)).await, (StatusCode::SEE_OTHER, true));
    assert_eq!(send(step, code_at(&key, now + 30)).await, refused, "the step is over");

    // A recovery code takes its place, once, however it is written.
    for (code, good) in [(codes[3].to_lowercase(), true), (codes[3].clone(), false), (codes[4].replace('-', " "), true)]
    {
        let asked = Browser::new(&service).sign_in(&email, PASSWORD).await;
        let step = field(&asked.text().await.unwrap(), "t");
        assert_eq!(send(step, code.clone()).await.1, good, "{code}");
    }

    // Five codes a password; then the password is asked for again.
    let asked = Browser::new(&service).sign_in(&email, PASSWORD).await;
    let step = field(&asked.text().await.unwrap(), "t");
    for _ in 0..5 {
        assert_eq!(send(step.clone(), "000000".to_owned()).await, refused);
    }
    service.clock.set("2024-08-21T06:09:30Z");
    let now = service.app.now().timestamp();
    assert_eq!(send(step, code_at(&key, now)).await, refused, "five were tried");

    // An administrator takes it away, which ends the sessions and is written down.
    let admin = Person::of(&service, Role::Admin).await;
    let path = format!("/settings/accounts/{}/second-factor", account.id);
    assert_eq!(admin.post(&path, &[]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/settings").await.0, StatusCode::SEE_OTHER);
    assert_eq!(Browser::new(&service).sign_in(&email, PASSWORD).await.status(), StatusCode::SEE_OTHER);
    let subject = format!("account:{}", account.id);
    let entries = fupan::store::audit::of_subject(service.app.store.read(), &subject, 100).await.unwrap();
    for action in ["second_factor.on", "second_factor.code_used", "session.code_refused", "second_factor.reset"] {
        assert!(entries.iter().any(|one| one.action == action), "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_codes_waits_whatever_password_they_know() {
    let service = Service::start(NOW).await;
    let (_, email) = with_password(&service, Role::Lead).await;
    let mut browser = Browser::new(&service);
    browser.sign_in(&email, PASSWORD).await;
    enrolled(&mut browser, service.app.now().timestamp()).await;
    let mut waits = false;
    for round in 0..6 {
        let here = visit(&format!("192.0.2.{round}"));
        let Ok(Entered::Code(step)) = guess(&service, &email, PASSWORD, &here).await else {
            panic!("a code is asked for")
        };
        for _ in 0..5 {
            let wrong = sign_in::with_code(&service.app, &step, "000000", &here).await;
            waits = matches!(wrong, Err(ServiceError::TooMany { .. }));
        }
    }
    assert!(waits, "twenty codes in a quarter of an hour, from wherever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_needs_a_code_does_nothing_before_it_has_one_and_a_link_of_a_mail_does_not_go_round_it() {
    let rules = SignInRules { second_factor: BTreeSet::from([Role::Admin]), ..SignInRules::default() };
    let service =
        Service::start_as(NOW, Bounds::default(), |app| app.sign_in = Arc::new(SignIn::new(rules.clone()))).await;
    let (account, email) = with_password(&service, Role::Admin).await;
    let mut browser = Browser::new(&service);
    browser.sign_in(&email, PASSWORD).await;
    assert_eq!(browser.get("/events").await.0, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/api/v1/events").await.0, StatusCode::FORBIDDEN);
    let form = [("email", "x@example.com"), ("name", "X"), ("role", "admin")];
    let refused = browser.post("/settings/second-factor", "/settings/accounts", &form).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let (key, _) = enrolled(&mut browser, service.app.now().timestamp()).await;
    assert_eq!(browser.get("/events").await.0, StatusCode::OK);
    let off = [("act", "remove"), ("code", &code_at(&key, service.app.now().timestamp() + 30) as &str)];
    let kept = browser.post("/settings/second-factor", "/settings/second-factor", &off).await;
    assert_eq!(kept.status(), StatusCode::CONFLICT);
    // Other roles are asked for nothing.
    assert_eq!(Person::of(&service, Role::Lead).await.get("/events").await.0, StatusCode::OK);

    let link = accounts::new_link(&service.app, &Actor::local_operator(), account.id).await.unwrap().1;
    let token = link.split("t=").nth(1).unwrap().to_owned();
    let mut anybody = Browser::new(&service);
    let form = [("t", token.as_str()), ("password", "yellow kettle nineteen")];
    let asked = anybody.post("/login", "/setup", &form).await;
    assert!(asked.status() == StatusCode::OK && asked.text().await.unwrap().contains("动态码"));
    assert!(!anybody.cookies.contains_key("fupan_session"));
    assert!(second_factor::reset(&service.app, &Actor::outsider(), account.id).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_authenticator_stands_sealed_and_whoever_lost_the_key_of_the_seals_has_the_recovery_codes() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Lead).await;
    let mut browser = Browser::new(&service);
    browser.sign_in(&email, PASSWORD).await;
    let (key, codes) = enrolled(&mut browser, service.app.now().timestamp()).await;
    let connection = Database::connect(&service.database.url).await.unwrap();
    let stored = async || -> String {
        let sql = "SELECT secret FROM second_factor";
        let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
        row.unwrap().unwrap().try_get_by_index(0).unwrap()
    };
    let sealed = stored().await;
    assert!(sealed.starts_with("sealed1:") && !sealed.contains(&key), "{sealed}");
    let enter = async |app: &App, code: &str| {
        let here = visit("192.0.2.1");
        let Ok(Entered::Code(step)) = sign_in::with_password(app, &email, PASSWORD.to_owned(), &here).await else {
            panic!("a code is asked for")
        };
        sign_in::with_code(app, &step, code, &here).await.map(drop)
    };
    let code = || code_at(&key, service.app.now().timestamp());
    service.clock.set("2024-08-21T06:09:00Z");
    assert!(enter(&service.app, &code()).await.is_ok());

    // As it was before sealing: it works, and is sealed at the start, once.
    let sql = format!("UPDATE second_factor SET secret = '{key}'");
    connection.execute_unprepared(&sql).await.unwrap();
    service.clock.set("2024-08-21T06:10:00Z");
    assert!(enter(&service.app, &code()).await.is_ok());
    assert_eq!(vault::kept(&service.app).await.unwrap().clear, 1);
    assert_eq!(vault::seal_all(&service.app).await.unwrap(), 1);
    assert_eq!(vault::seal_all(&service.app).await.unwrap(), 0);
    assert!(stored().await.starts_with("sealed1:"));
    // A new key takes over.
    let before = stored().await;
    assert_eq!(vault::rotate(&service.app, &Actor::local_operator()).await.unwrap(), 1);
    assert_ne!(stored().await, before);
    service.clock.set("2024-08-21T06:11:00Z");
    assert!(enter(&service.app, &code()).await.is_ok());

    // Moved to another row it is nobody's.
    let (other, _) = with_password(&service, Role::Lead).await;
    let tx = service.app.store.begin().await.unwrap();
    fupan::store::second_factors::insert(&tx, other.id, &stored().await, 1).await.unwrap();
    tx.commit().await.unwrap();
    let standing = second_factor::standing(&service.app, &sessions::actor_of(&other)).await.unwrap();
    assert!(standing.offer.is_none());

    // Without the key no code is right, which is said, and the recovery codes are.
    let stranger = vec![SecretString::from("a key of another house, that is long enough".to_owned())];
    let closed = App { vault: Arc::new(Vault::new(stranger, None).unwrap()), ..service.app.clone() };
    service.clock.set("2024-08-21T06:12:00Z");
    let refused = enter(&closed, &code()).await.unwrap_err().to_string();
    assert!(refused.contains("FUPAN_SECRET_KEY_FILE") && !refused.contains(&key), "{refused}");
    assert!(enter(&closed, &codes[0]).await.is_ok());
    assert!(second_factor::standing(&closed, &sessions::actor_of(&account)).await.is_ok());
}
