//! The token of the session in every form that posts, and no change without it.

use fupan::{
    domain::actor::{Permission, Role},
    web::routes::ROUTES,
};
use reqwest::StatusCode;
use support::Service;

use crate::{NOW, Person};

const LINE: &str =
    "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，导致提现失败。【待复盘】";

/// The code of the refusal.
const REFUSED: &str = "\"form_token\"";

/// A pattern with real names in it.
fn path_of(pattern: &str) -> String {
    pattern
        .replace("{number}", "1")
        .replace("{week}", "2024-W34")
        .replace("{year}", "2024")
        .replace("{name}", "summary")
        .replace("{item}", "PE-1")
        .replace("{key}", "company")
        .replace("{session}", "0197a000-0000-7000-8000-000000000001")
        .replace("{id}", "0197a000-0000-7000-8000-000000000000")
        .replace("{token}", "x")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_every_page_has_the_token_of_the_session() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Admin).await;
    assert_eq!(person.post("/events", &[("line", LINE)]).await.0, StatusCode::SEE_OTHER);
    let mut forms = 0;
    let pages = ROUTES.iter().filter(|route| route.method == "GET" && !route.path.starts_with("/api/"));
    for route in pages.filter(|route| route.permission != Permission::Public) {
        let path = path_of(route.path);
        let (_, page) = person.get(&path).await;
        for form in page.split("<form").skip(1) {
            let (tag, inside) = form.split_once('>').unwrap();
            if tag.contains("method=\"post\"") {
                let field = format!("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", person.csrf);
                assert!(inside.starts_with(&field), "{path}: <form{tag}>");
                forms += 1;
            }
        }
    }
    assert!(forms > 100, "only {forms} forms were seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_changes_anything_without_the_token_or_with_that_of_another_session() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Admin).await;
    let another = service.signed_in(Role::Admin).await.1;
    let mut seen = 0;
    let changes = ROUTES.iter().filter(|route| route.method == "POST" && !route.path.starts_with("/api/"));
    for route in changes.filter(|route| route.permission != Permission::Public) {
        let path = path_of(route.path);
        let send = |body: String| {
            let request = person.client.post(format!("{}{path}", service.url)).header("Cookie", &person.cookie);
            let request = request.header("Accept", "application/json").header("Sec-Fetch-Site", "same-origin");
            request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send()
        };
        for body in [String::new(), "line=x".to_owned(), format!("csrf={another}"), "csrf=".to_owned()] {
            let answer = send(body).await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
            assert!(answer.text().await.unwrap().contains(REFUSED), "{path}");
        }
        // Signing out comes last: it ends the session that the others need.
        if route.path != "/logout" {
            let answer = send(format!("csrf={}&x=y", person.csrf)).await.unwrap();
            assert!(!answer.text().await.unwrap().contains(REFUSED), "{path}");
        }
        seen += 1;
    }
    assert!(seen > 60, "only {seen} routes were tried");
    let out = person.client.post(format!("{}/logout", service.url)).header("Cookie", &person.cookie);
    let out = out.header("Sec-Fetch-Site", "same-origin").form(&[("csrf", &person.csrf)]).send().await.unwrap();
    assert_eq!(out.headers()["location"], "/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_and_an_upload_arrive_as_they_were_without_the_field() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Lead).await;
    let bare = |path: &str| {
        let request = person.client.post(format!("{}{path}", service.url)).header("Cookie", &person.cookie);
        request.header("Accept", "text/html").header("Sec-Fetch-Site", "same-origin")
    };
    let form = [("csrf", person.csrf.as_str()), ("line", LINE)];
    assert_eq!(bare("/events").form(&form).send().await.unwrap().headers()["location"], "/e/1");
    let document = std::fs::read_to_string("tests/corpus/reports/2024-W34.md").unwrap();
    let upload = |csrf: Option<&str>| {
        let csrf =
            csrf.map(|csrf| format!("--limit\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n"));
        let file = "--limit\r\nContent-Disposition: form-data; name=\"files\"; filename=\"w34.md\"\r\nContent-Type: text/markdown";
        let body = format!("{}{file}\r\n\r\n{document}\r\n--limit--\r\n", csrf.unwrap_or_default());
        bare("/import").header("Content-Type", "multipart/form-data; boundary=limit").body(body).send()
    };
    assert_eq!(upload(None).await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(upload(Some("x")).await.unwrap().status(), StatusCode::FORBIDDEN);
    let taken = upload(Some(&person.csrf)).await.unwrap();
    assert_eq!(taken.status(), StatusCode::OK);
    assert!(taken.text().await.unwrap().contains("w34.md"));
}
