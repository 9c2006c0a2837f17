//! Before what decides who gets in is changed, a session proves once more whose it is.

use std::sync::Arc;

use fupan::{
    domain::{
        actor::{Actor, Role},
        outgoing::Network,
        scope::Scopes,
    },
    service::{
        accounts,
        proxy_sign_in::ProxyRules,
        sessions::{self, Entry, Method},
        sign_in_rules::{SignIn, SignInRules},
        tokens::{self, NewToken},
    },
    web::server::Bounds,
};
use reqwest::StatusCode;
use support::Service;

use crate::{
    NOW,
    sessions::{Browser, PASSWORD, field, with_password},
    sign_in::{code_at, enrolled},
};

/// Sixteen minutes after [`NOW`].
const LATER: &str = "2024-08-21T06:24:00Z";
const CONFIRM: &str = "/settings/confirm";

async fn signed_in(service: &Service, email: &str) -> Browser {
    let mut browser = Browser::new(service);
    assert_eq!(browser.sign_in(email, PASSWORD).await.status(), StatusCode::SEE_OTHER);
    browser
}

/// A path, the page that the proof leads back to, and a form.
type Asked<'a> = (String, &'a str, Vec<(&'a str, &'a str)>);

/// Where an answer leads to.
fn to(answer: &reqwest::Response) -> String {
    answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn confirm(browser: &mut Browser, password: &str, next: &str) -> reqwest::Response {
    let page = format!("{CONFIRM}?next={next}");
    browser.post(&page, CONFIRM, &[("password", password), ("next", next)]).await
}

async fn actions(service: &Service, account: &accounts::Account) -> Vec<String> {
    let subject = format!("account:{}", account.id);
    let entries = fupan::store::audit::of_subject(service.app.store.read(), &subject, 200).await.unwrap();
    entries.into_iter().map(|one| one.action).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_was_left_open_changes_nothing_about_who_gets_in_until_it_is_proved() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Admin).await;
    let (other, _) = with_password(&service, Role::Admin).await;
    let mut browser = signed_in(&service, &email).await;
    // Fresh from the sign-in nothing is asked.
    assert_eq!(browser.get(CONFIRM).await.0, StatusCode::SEE_OTHER);
    let made = browser.post("/settings", "/settings/tokens", &[("name", "a"), ("admin", "on")]).await;
    assert!(made.status() == StatusCode::OK && made.text().await.unwrap().contains("fpn_"));
    let token = tokens::own(&service.app, &sessions::actor_of(&account)).await.unwrap().remove(0);

    service.clock.set(LATER);
    let id = other.id;
    let asked: Vec<Asked<'_>> = vec![
        ("/settings/tokens".to_owned(), "/settings", vec![("name", "b"), ("admin", "on")]),
        (format!("/settings/tokens/{}/rotate", token.id), "/settings", vec![]),
        ("/settings/second-factor".to_owned(), "/settings/second-factor", vec![("act", "offer")]),
        ("/settings/second-factor".to_owned(), "/settings/second-factor", vec![("act", "confirm"), ("code", "000000")]),
        ("/settings/identity".to_owned(), "/settings/identity", vec![("act", "unlink")]),
        ("/settings/privacy/close".to_owned(), "/settings", vec![("email", &email)]),
        (
            "/settings/accounts".to_owned(),
            "/settings",
            vec![("email", "x@example.com"), ("name", "X"), ("role", "admin")],
        ),
        (format!("/settings/accounts/{id}"), "/settings", vec![("role", "viewer"), ("active", "yes")]),
        (format!("/settings/accounts/{id}/link"), "/settings", vec![]),
        (format!("/settings/accounts/{id}/second-factor"), "/settings", vec![]),
        (format!("/settings/accounts/{id}/close"), "/settings", vec![("email", &other.email)]),
    ];
    let before = actions(&service, &other).await;
    for (path, page, form) in &asked {
        let answer = browser.post("/settings", path, form).await;
        assert_eq!((answer.status(), to(&answer)), (StatusCode::SEE_OTHER, format!("{CONFIRM}?next={page}")), "{path}");
    }
    let answer = browser.ask("/settings/privacy/export").await;
    assert_eq!(to(&answer), format!("{CONFIRM}?next=/settings/privacy/export"));
    assert_eq!(browser.ask("/settings/privacy/%65xport").await.status(), StatusCode::SEE_OTHER, "in another spelling");
    assert_eq!(actions(&service, &other).await, before);
    assert_eq!(tokens::own(&service.app, &sessions::actor_of(&account)).await.unwrap().len(), 1);
    // Scripts of the pages are told, in words.
    let api = browser.ask("/api/v1/account/export").await;
    assert_eq!(api.status(), StatusCode::FORBIDDEN);
    assert!(api.text().await.unwrap().contains("proof_needed"));
    // Whatever decides nothing about it goes on as before.
    assert_eq!(browser.get("/settings").await.0, StatusCode::OK);
    assert_eq!(browser.post("/settings", "/language", &[("back", "/settings")]).await.status(), StatusCode::SEE_OTHER);
    browser.post("/settings", "/language", &[("back", "/settings")]).await;

    // The page asks for the password; a wrong one proves nothing and is written down.
    let (status, html) = browser.get(&format!("{CONFIRM}?next=/settings/privacy/export")).await;
    assert!(status == StatusCode::OK && html.contains("请确认是你本人") && html.contains(&email), "{html}");
    assert!(!html.contains("name=\"code\"") && !html.contains("id=\"provider\""));
    let wrong = confirm(&mut browser, "a wrong password", "/settings").await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().await.unwrap().contains("与当前密码不符"));
    assert_eq!(to(&browser.ask("/settings/privacy/export").await), format!("{CONFIRM}?next=/settings/privacy/export"));
    let (old, old_csrf) = (browser.cookies["fupan_session"].clone(), field(&html, "csrf"));
    let done = confirm(&mut browser, PASSWORD, "/settings/privacy/export").await;
    assert_eq!((done.status(), to(&done)), (StatusCode::SEE_OTHER, "/settings/privacy/export".to_owned()));
    let (status, file) = browser.get("/settings/privacy/export").await;
    assert!(status == StatusCode::OK && file.contains(&email), "{file}");
    let told = actions(&service, &account).await;
    assert!(
        ["session.proved", "session.proof_refused"].iter().all(|one| told.iter().any(|its| its == one)),
        "{told:?}"
    );
    // The proof is that of the new cookie: a copy of the old one opens nothing, nor does its token.
    assert_ne!(browser.cookies["fupan_session"], old);
    let mut thief = Browser::new(&service);
    thief.cookies.insert("fupan_session".to_owned(), old);
    assert_eq!(to(&thief.ask("/settings").await), "/login?next=/settings");
    let stale = [("role", "viewer"), ("active", "yes"), ("csrf", old_csrf.as_str())];
    let refused = browser
        .client
        .post(format!("{}/settings/accounts/{id}", service.url))
        .header("Cookie", format!("fupan_session={}", browser.cookies["fupan_session"]))
        .header("Sec-Fetch-Site", "same-origin")
        .form(&stale)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);

    // Now it goes through, for a quarter of an hour.
    let path = format!("/settings/accounts/{id}");
    let form = [("role", "lead"), ("active", "yes")];
    assert_eq!(to(&browser.post("/settings", &path, &form).await), "/settings");
    service.clock.set("2024-08-21T06:38:59Z");
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::OK);
    service.clock.set("2024-08-21T06:39:00Z");
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_leads_to_pages_of_this_service_is_taken_from_no_other_site_and_proves_one_session() {
    let service = Service::start(NOW).await;
    let (_, email) = with_password(&service, Role::Lead).await;
    let (mut here, mut there) = (signed_in(&service, &email).await, signed_in(&service, &email).await);
    for next in ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "/\t/evil.example.com", ""] {
        service.clock.set(LATER);
        let encoded = next.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let mut browser = signed_in(&service, &email).await;
        // At once …
        assert_eq!(to(&browser.ask(&format!("{CONFIRM}?next={encoded}")).await), "/", "{next}");
        // … and after the proof.
        service.clock.set("2024-08-21T06:50:00Z");
        let done = browser.post(CONFIRM, CONFIRM, &[("password", PASSWORD), ("next", next)]).await;
        assert_eq!((done.status(), to(&done)), (StatusCode::SEE_OTHER, "/".to_owned()), "{next}");
    }
    // Without the token of the session, or from another site, nobody's password is even looked at.
    let send = |site: &'static str, csrf: &'static str| {
        let form = [("password", PASSWORD), ("next", "/"), ("csrf", csrf)];
        let request = here.client.post(format!("{}{CONFIRM}", service.url)).form(&form);
        request
            .header("Cookie", format!("fupan_session={}", here.cookies["fupan_session"]))
            .header("Sec-Fetch-Site", site)
            .send()
    };
    assert_eq!(send("same-origin", "").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(send("cross-site", "").await.unwrap().status(), StatusCode::FORBIDDEN);
    // Another session of the same account is not proved with this one.
    assert_eq!(to(&confirm(&mut here, PASSWORD, "/settings").await), "/settings");
    assert_eq!(here.get("/settings/privacy/export").await.0, StatusCode::OK);
    assert_eq!(there.get("/settings/privacy/export").await.0, StatusCode::SEE_OTHER);

    // Sent twice at the same time, one session comes of it.
    let page = there.get(CONFIRM).await.1;
    let form = [("password", PASSWORD), ("next", "/settings"), ("csrf", &field(&page, "csrf") as &str)];
    let twice = |_| {
        let request = there.client.post(format!("{}{CONFIRM}", service.url)).form(&form);
        let cookie = format!("fupan_session={}", there.cookies["fupan_session"]);
        tokio::spawn(request.header("Cookie", cookie).header("Sec-Fetch-Site", "same-origin").send())
    };
    let sent: Vec<_> = (0..4).map(twice).collect();
    let mut cookies = 0;
    for one in sent {
        cookies += usize::from(one.await.unwrap().unwrap().headers().contains_key("set-cookie"));
    }
    assert_eq!(cookies, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_a_role_and_a_code_prove_what_they_prove_and_no_more() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Admin).await;
    with_password(&service, Role::Admin).await;
    let mut browser = signed_in(&service, &email).await;
    let (key, codes) = enrolled(&mut browser, service.app.now().timestamp()).await;

    // Another password asks for the old one, and for no code: the session is proved by it no longer than it was.
    service.clock.set(LATER);
    let form = [("old_password", PASSWORD), ("new_password", "green kettle eighteen")];
    assert_eq!(to(&browser.post("/settings", "/settings/password", &form).await), "/settings?done=password");
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::SEE_OTHER);

    // Where there is an authenticator, both are asked for, each code once.
    let (_, html) = browser.get(CONFIRM).await;
    assert!(html.contains("name=\"code\"") && html.contains("name=\"password\""), "{html}");
    let now = service.app.now().timestamp();
    let mut give = async |password: &str, code: &str| {
        let form = [("password", password), ("code", code), ("next", "/settings")];
        browser.post(CONFIRM, CONFIRM, &form).await.status()
    };
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    assert_eq!(give("green kettle eighteen", "").await, refused);
    assert_eq!(give("green kettle eighteen", "000000").await, refused);
    assert_eq!(give(PASSWORD, &code_at(&key, now)).await, refused, "the old password");
    assert_eq!(give("green kettle eighteen", &code_at(&key, now)).await, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::OK);

    service.clock.set("2024-08-21T06:38:00Z");
    // Fourteen minutes later one's own role changes: the session that takes the place of this one is proved for one more.
    let path = format!("/settings/accounts/{}", account.id);
    browser.post("/settings", &path, &[("role", "lead"), ("active", "yes")]).await;
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::OK);
    service.clock.set("2024-08-21T06:39:00Z");
    assert_eq!(browser.get("/settings/privacy/export").await.0, StatusCode::SEE_OTHER);
    let form = [("password", "green kettle eighteen"), ("code", &code_at(&key, now) as &str), ("next", "/settings")];
    assert_eq!(browser.post(CONFIRM, CONFIRM, &form).await.status(), refused, "a code that was used");
    let form = [("password", "green kettle eighteen"), ("code", &codes[0] as &str), ("next", "/settings")];
    assert_eq!(browser.post(CONFIRM, CONFIRM, &form).await.status(), StatusCode::SEE_OTHER, "a recovery code");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_at_the_proof_waits_and_the_owner_signs_in_meanwhile() {
    let service = Service::start(NOW).await;
    let (_, email) = with_password(&service, Role::Lead).await;
    let mut thief = signed_in(&service, &email).await;
    service.clock.set(LATER);
    for _ in 0..10 {
        assert_eq!(confirm(&mut thief, "a wrong password", "/").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let waits = confirm(&mut thief, PASSWORD, "/").await;
    assert_eq!(waits.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(waits.headers()["retry-after"], "900");
    assert!(waits.text().await.unwrap().contains("name=\"password\""), "the page says so and keeps the form");
    let mut owner = signed_in(&service, &email).await;
    assert_eq!(owner.get("/settings/privacy/export").await.0, StatusCode::OK, "fresh from the sign-in");
    // The owner gets rid of the thief, who does not keep them from it.
    let form = [("old_password", PASSWORD), ("new_password", "green kettle eighteen")];
    assert_eq!(to(&owner.post("/settings", "/settings/password", &form).await), "/settings?done=password");
    assert_eq!(thief.get("/settings").await.0, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_vouches_each_time_and_tokens_do_what_their_scope_says() {
    let from = vec![Network::parse("127.0.0.1").unwrap()];
    let rules =
        SignInRules { proxy: Some(ProxyRules { header: "x-remote-user".to_owned(), from }), ..SignInRules::default() };
    let service = Service::start_as(NOW, Bounds::default(), |app| app.sign_in = Arc::new(SignIn::new(rules))).await;
    let account = service.account(Role::Admin).await;
    service.account(Role::Admin).await;
    let entry = Entry { method: Method::Proxy, ..Entry::default() };
    let cookie = sessions::open(&service.app, account.clone(), entry).await.unwrap().0;
    let operator = Actor::local_operator();
    let of_scopes = async |scopes| {
        let new = NewToken { name: "t".to_owned(), scopes, days: None };
        tokens::create(&service.app, &operator, &account, new).await.unwrap().1
    };
    let (admin, plain) = (of_scopes(Scopes::ALL).await, of_scopes(Scopes::READ_WRITE).await);
    service.clock.set(LATER);
    let client = Browser::new(&service).client;
    let ask = || client.get(format!("{}/api/v1/account/export", service.url));
    let proxied = ask().header("Cookie", format!("fupan_session={cookie}")).header("X-Remote-User", &account.email);
    assert_eq!(proxied.send().await.unwrap().status(), StatusCode::OK);
    assert_eq!(ask().bearer_auth(admin).send().await.unwrap().status(), StatusCode::OK);
    let refused = ask().bearer_auth(plain).send().await.unwrap();
    assert!(refused.status() == StatusCode::FORBIDDEN && refused.text().await.unwrap().contains("out_of_scope"));
}
