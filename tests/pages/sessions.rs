//! Sessions: replaced, listed, ended, and what their cookies are called.

use std::sync::Arc;

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        accounts,
        sessions::{self, Entry},
        sign_in_rules::{SignIn, SignInRules},
    },
    web::server::Bounds,
};
use reqwest::{Client, Response, StatusCode, redirect::Policy};
use support::Service;

use crate::{NOW, Person};

pub const PASSWORD: &str = "blue kettle seventeen";

/// An account with a password, and its e-mail.
pub async fn with_password(service: &Service, role: Role) -> (accounts::Account, String) {
    let operator = Actor::local_operator();
    let account = service.account(role).await;
    let link = accounts::new_link(&service.app, &operator, account.id).await.unwrap().1;
    let token = link.split("t=").nth(1).unwrap().to_owned();
    let account = accounts::accept_invitation(&service.app, &token, PASSWORD.to_owned()).await.unwrap();
    let email = account.email.clone();
    (account, email)
}

/// A browser that keeps its cookies by hand, so that a test sees them.
pub struct Browser {
    pub client: Client,
    pub url: String,
    pub cookies: std::collections::BTreeMap<String, String>,
    /// What the proxy in front says of where it is.
    pub from: &'static str,
}

impl Browser {
    pub fn new(service: &Service) -> Self {
        // Another test may have set the provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        let client = Client::builder().redirect(Policy::none()).user_agent(agent).build().unwrap();
        Self { client, url: service.url.clone(), cookies: std::collections::BTreeMap::new(), from: "203.0.113.1" }
    }

    fn keep(&mut self, answer: &Response) {
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn dressed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        request
            .header("Cookie", cookies.join("; "))
            .header("Accept", "text/html")
            .header("Sec-Fetch-Site", "same-origin")
            .header("X-Forwarded-For", self.from)
    }

    pub async fn ask(&mut self, path: &str) -> Response {
        let answer = self.dressed(self.client.get(format!("{}{path}", self.url))).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    pub async fn get(&mut self, path: &str) -> (StatusCode, String) {
        let answer = self.dressed(self.client.get(format!("{}{path}", self.url))).send().await.unwrap();
        self.keep(&answer);
        (answer.status(), answer.text().await.unwrap())
    }

    /// Posts a form as the page at `page` would, with its token.
    pub async fn post(&mut self, page: &str, path: &str, form: &[(&str, &str)]) -> Response {
        let (_, html) = self.get(page).await;
        let token = field(&html, "csrf");
        let mut form = form.to_vec();
        form.push(("csrf", &token));
        let answer = self.dressed(self.client.post(format!("{}{path}", self.url)).form(&form)).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Response {
        self.post("/login", "/login", &[("email", email), ("password", password)]).await
    }
}

/// The value of a hidden field of a page; empty where it has none.
pub fn field(html: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    html.split(&mark).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

/// What is in front writes where a request comes from.
pub fn behind_a_proxy() -> Bounds {
    let proxies = vec![fupan::domain::outgoing::Network::parse("127.0.0.1").unwrap()];
    Bounds { proxies, ..Bounds::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_in_words_and_ended_one_by_one_or_all_others() {
    let service = Service::start(NOW).await;
    let (_, email) = with_password(&service, Role::Reporter).await;
    let (mut home, mut office, mut third) = (Browser::new(&service), Browser::new(&service), Browser::new(&service));
    for browser in [&mut home, &mut office, &mut third] {
        assert_eq!(browser.sign_in(&email, PASSWORD).await.status(), StatusCode::SEE_OTHER);
    }
    let (_, page) = home.get("/settings/sessions").await;
    assert_eq!(page.matches("Chrome · Windows").count(), 3, "{page}");
    assert_eq!(page.matches("当前会话").count(), 1);
    assert!(!page.contains("203.0.113"), "no address is kept");
    let own = page.split("action=\"/settings/sessions/").find_map(|rest| rest.split_once("/end\"")).unwrap().0;
    let path = format!("/settings/sessions/{own}/end");
    assert_eq!(home.post("/settings/sessions", &path, &[]).await.status(), StatusCode::SEE_OTHER);
    let left = [office.get("/").await.0, third.get("/").await.0];
    assert_eq!(left.iter().filter(|status| **status == StatusCode::OK).count(), 1, "one of them is out");
    assert_eq!(home.post("/settings/sessions", "/settings/sessions/end", &[]).await.status(), StatusCode::SEE_OTHER);
    for browser in [&mut office, &mut third] {
        assert_eq!(browser.get("/").await.0, StatusCode::SEE_OTHER);
    }
    assert_eq!(home.get("/").await.0, StatusCode::OK);
    // The session of somebody else is not one of one's own.
    let admin = Person::of(&service, Role::Admin).await;
    let (status, _, _) = admin.post(&path, &[]).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_and_a_new_role_end_the_sessions_and_replace_ones_own() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Reporter).await;
    let (mut here, mut there) = (Browser::new(&service), Browser::new(&service));
    for browser in [&mut here, &mut there] {
        browser.sign_in(&email, PASSWORD).await;
    }
    let before = here.cookies["fupan_session"].clone();
    let form = [("old_password", PASSWORD), ("new_password", "green kettle eighteen")];
    let done = here.post("/settings", "/settings/password", &form).await;
    assert_eq!(done.headers()["location"], "/settings?done=password");
    assert_ne!(here.cookies["fupan_session"], before, "a session of its own");
    assert_eq!(here.get("/settings").await.0, StatusCode::OK);
    assert_eq!(there.get("/settings").await.0, StatusCode::SEE_OTHER);
    let mut old = Browser::new(&service);
    old.cookies.insert("fupan_session".to_owned(), before);
    assert_eq!(old.get("/settings").await.0, StatusCode::SEE_OTHER);

    let admin = Person::of(&service, Role::Admin).await;
    let path = format!("/settings/accounts/{}", account.id);
    assert_eq!(admin.post(&path, &[("role", "lead"), ("active", "yes")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/settings").await.0, StatusCode::SEE_OTHER, "the session had the old role");

    // Who changes their own role stays, with another session.
    let (second, email) = with_password(&service, Role::Admin).await;
    let mut self_made = Browser::new(&service);
    self_made.sign_in(&email, PASSWORD).await;
    let before = self_made.cookies["fupan_session"].clone();
    let path = format!("/settings/accounts/{}", second.id);
    self_made.post("/settings", &path, &[("role", "lead"), ("active", "yes")]).await;
    assert_ne!(self_made.cookies["fupan_session"], before);
    assert_eq!(self_made.get("/settings").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_unused_and_at_its_end_as_the_settings_say() {
    let rules = SignInRules { idle: 30 * 60_000, life: 8 * 3_600_000, ..SignInRules::default() };
    let service =
        Service::start_as(NOW, Bounds::default(), |app| app.sign_in = Arc::new(SignIn::new(rules.clone()))).await;
    let person = Person::of(&service, Role::Viewer).await;
    for time in ["06:30", "06:55", "07:20", "07:49"] {
        service.clock.set(&format!("2024-08-21T{time}:00Z"));
        assert_eq!(person.get("/settings").await.0, StatusCode::OK, "{time}");
    }
    service.clock.set("2024-08-21T08:20:00Z");
    assert_eq!(person.get("/settings").await.0, StatusCode::SEE_OTHER, "thirty minutes unused");

    service.clock.set(NOW);
    let person = Person::of(&service, Role::Viewer).await;
    for minutes in (20..480).step_by(20) {
        let (hour, minute) = (6 + (8 + minutes) / 60, (8 + minutes) % 60);
        service.clock.set(&format!("2024-08-21T{hour:02}:{minute:02}:00Z"));
        assert_eq!(person.get("/settings").await.0, StatusCode::OK, "{hour}:{minute}");
    }
    service.clock.set("2024-08-21T14:08:00Z");
    assert_eq!(person.get("/settings").await.0, StatusCode::SEE_OTHER, "eight hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_https_the_cookies_are_bound_to_the_host_and_on_plain_http_they_have_the_bare_name() {
    let public = "https://fupan.example.com";
    let service = Service::start_as(NOW, Bounds::default(), |app| app.public_url = public.to_owned()).await;
    let (_, email) = with_password(&service, Role::Viewer).await;
    let mut browser = Browser::new(&service);
    let answer = browser.sign_in(&email, PASSWORD).await;
    let cookies: Vec<&str> = answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    for name in ["__Host-fupan_session", "__Host-fupan_device"] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(&format!("{name}="))).unwrap();
        for attribute in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert_eq!(browser.get("/settings").await.0, StatusCode::OK);
    // A page of a neighbour host could set the bare name: it counts for nothing here.
    let value = browser.cookies.remove("__Host-fupan_session").unwrap();
    browser.cookies.insert("fupan_session".to_owned(), value);
    assert_eq!(browser.get("/settings").await.0, StatusCode::SEE_OTHER);

    let plain = Service::start(NOW).await;
    let (_, email) = with_password(&plain, Role::Viewer).await;
    let answer = Browser::new(&plain).sign_in(&email, PASSWORD).await;
    let cookies: Vec<&str> = answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("fupan_session=")));
    assert!(cookies.iter().all(|cookie| !cookie.contains("Secure")), "a browser would not keep them: {cookies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_sessions_is_bounded_and_the_oldest_makes_room() {
    let service = Service::start(NOW).await;
    let account = service.account(Role::Viewer).await;
    let mut first = String::new();
    for at in 0..=sessions::MOST {
        let (token, _) = sessions::open(&service.app, account.clone(), Entry::default()).await.unwrap();
        if at == 0 {
            first = token;
        }
    }
    assert!(sessions::find(&service.app, &first).await.unwrap().is_none());
    let list = sessions::list(&service.app, &Actor::local_operator(), account.id).await.unwrap();
    assert_eq!(list.len() as u64, sessions::MOST);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_of_sign_ins_failures_sign_outs_and_ends() {
    let service = Service::start(NOW).await;
    let (account, email) = with_password(&service, Role::Viewer).await;
    let mut browser = Browser::new(&service);
    browser.sign_in(&email, "a wrong password").await;
    browser.sign_in(&email, PASSWORD).await;
    browser.post("/settings", "/logout", &[]).await;
    browser.sign_in(&email, PASSWORD).await;
    sessions::revoke_all(&service.app, &Actor::local_operator(), account.id, None).await.unwrap();
    let subject = format!("account:{}", account.id);
    let entries = fupan::store::audit::of_subject(service.app.store.read(), &subject, 100).await.unwrap();
    let told: Vec<String> = entries.into_iter().map(|one| one.action).collect();
    for action in ["session.refused", "session.open", "session.close", "session.revoke_all"] {
        assert!(told.iter().any(|one| one == action), "{action}: {told:?}");
    }
}
