//! The pages from outside, without a browser: what they say, and what they do with bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod accounts;
mod actions;
mod calendars;
mod foreign;
mod form_tokens;
mod grading;
mod guessing;
mod history;
mod imports;
mod indicator_inputs;
mod indicators;
mod line_styles;
mod notifiers;
mod outbox;
mod postmortem;
mod proofs;
mod provider;
mod proxied;
mod publishing;
mod real_provider;
mod record;
mod reminders;
mod search;
mod sessions;
mod sign_in;
mod team_scope;

use fupan::domain::actor::Role;
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use support::Service;

const NOW: &str = "2024-08-21T06:08:00Z";

struct Person {
    client: Client,
    url: String,
    cookie: String,
    /// The token of its forms.
    csrf: String,
}

impl Person {
    async fn of(service: &Service, role: Role) -> Self {
        // Another test may have set the provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let (cookie, csrf) = service.signed_in(role).await;
        Self { client, url: service.url.clone(), cookie: format!("fupan_session={cookie}"), csrf }
    }

    fn dressed(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .header("Cookie", &self.cookie)
            .header("Accept", "text/html")
            .header("Sec-Fetch-Site", "same-origin")
            .header("X-CSRF-Token", &self.csrf)
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.dressed(self.client.get(format!("{}{path}", self.url))).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// The status, where it leads to, and the page.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, String, String) {
        let answer = self.dressed(self.client.post(format!("{}{path}", self.url)).form(form)).send().await.unwrap();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        (answer.status(), to, answer.text().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_page_for_people_and_problem_details_for_programs() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Viewer).await;
    for (path, words) in [
        ("/e/99", "没有事件 PE-99"),
        ("/nothing", "这个地址没有内容"),
        ("/w/2024-W54", "那一年的最后一周是 2024-W52"),
        ("/w/nonsense", "请写成 2024-W34 这样"),
    ] {
        let (status, page) = person.get(path).await;
        assert!(status.is_client_error(), "{path}: {status}");
        assert!(page.contains(words) && page.contains("请求号"), "{path}: {page}");
    }
    let token = service.token(Role::Viewer).await;
    let get = |lang| {
        let url = format!("{}/api/v1/events/99", service.url);
        person.client.get(url).bearer_auth(&token).header("Accept-Language", lang).send()
    };
    for (lang, words) in [("zh-CN,zh;q=0.9", "没有事件 PE-99"), ("en-US", "there is no event PE-99")] {
        let answer = get(lang).await.unwrap();
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!((problem["code"].as_str(), problem["request_id"].as_str()), (Some("not_found"), Some(id.as_str())));
        assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
    }
    let url = format!("{}/api/v1/figures", service.url);
    let wrong = person.client.delete(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.json::<serde_json::Value>().await.unwrap()["code"], "method");
    let head = person.client.head(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!((head.status(), head.text().await.unwrap().as_str()), (StatusCode::OK, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_to_the_page_that_a_mail_named_and_never_to_another_site() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Viewer).await;
    let url = format!("{}/events?state=owed&q=%E9%80%80%E6%AC%BE", service.url);
    let stranger = person.client.get(url).header("Accept", "text/html").send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::SEE_OTHER);
    let to = stranger.headers()["location"].to_str().unwrap();
    assert_eq!(to, "/login?next=/events%3Fstate%3Dowed%26q%3D%25E9%2580%2580%25E6%25AC%25BE");
    let page = person.client.get(format!("{}{to}", service.url)).send().await.unwrap().text().await.unwrap();
    let kept = page.contains("value=\"/events?state=owed&#38;q=%E9%80%80%E6%AC%BE\"");
    assert!(kept || page.contains("value=\"/events?state=owed&amp;q=%E9%80%80%E6%AC%BE\""), "{page}");

    let link = fupan::service::accounts::setup_link(&service.app).await.unwrap().unwrap();
    let token = link.split("t=").nth(1).unwrap();
    let fields = [("t", token), ("email", "lead@example.com"), ("name", "组长"), ("password", "a long password")];
    assert_eq!(person.post("/setup", &fields).await.0, StatusCode::SEE_OTHER);
    for (next, to) in [
        ("/e/1", "/e/1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
    ] {
        let form = [("email", "lead@example.com"), ("password", "a long password"), ("next", next)];
        let (status, went, _) = person.post("/login", &form).await;
        assert_eq!((status, went.as_str()), (StatusCode::SEE_OTHER, to), "{next}");
    }
    let wrong = [("email", "lead@example.com"), ("password", "a wrong password"), ("next", "/e/1")];
    for _ in 0..10 {
        let (status, _, page) = person.post("/login", &wrong).await;
        assert!(status == StatusCode::UNAUTHORIZED && page.contains("邮箱或密码不对"), "{page}");
    }
    let right = [("email", "LEAD@example.com"), ("password", "a long password")];
    let (status, _, page) = person.post("/login", &right).await;
    assert!(status == StatusCode::TOO_MANY_REQUESTS && page.contains("900 秒后再试"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_refused_stays_in_the_box() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    let long = format!("08/19 15:00 {}", "长".repeat(100_000));
    let (status, _, page) = person.post("/events", &[("line", long.as_str())]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("这一行太长：最多 20000 个字符"), "the reason is on the page");
    assert!(page.contains(&"长".repeat(100_000)), "what was typed is still there");
    let (status, _, page) = person.post("/events", &[("line", "  \n ")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("这一行不能为空"));
    let (status, to, _) = person.post("/events", &[("line", "08/19 15:00 a\u{1}b\u{202e}c\u{0}提现失败")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"));
    let (_, page) = person.get("/e/1").await;
    assert!(!page.contains(['\u{1}', '\u{0}']), "no control character reaches a page");
    let (_, _, preview) = person.post("/lines/preview", &[("line", "08/19 15:00 与 08/20 09:00 两次<b>")]).await;
    assert!(preview.contains("08/20") && !preview.contains("<b>与") && !preview.contains("两次<b>"), "{preview}");
    assert!(preview.contains(r#"<mark class="guess" title="时间: 推断 — 没有写年份">08/19 15:00</mark>"#), "{preview}");
    let (_, _, preview) = person.post("/lines/preview", &[("line", "2024-08-19 15:00 失败，影响约684笔")]).await;
    assert!(preview.contains(">684笔</mark>") && preview.contains("写明") && !preview.contains("推断"), "{preview}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_an_old_version_shows_what_was_typed_and_changes_nothing() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", "08/19 15:00 提现失败，15:30 恢复正常。")]).await;
    let edit = |severity: &'static str| {
        [
            ("version", "1"),
            ("occurred_at", "2024-08-19T15:00"),
            ("recovered_at", "2024-08-19T15:30"),
            ("severity", severity),
            ("narrative", "提现失败，15:30 恢复正常。"),
            ("summary", "提现失败"),
            ("impact", ""),
            ("cause", ""),
            ("recovery", "恢复正常"),
        ]
    };
    assert_eq!(person.post("/events/1/edit", &edit("C")).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = person.post("/events/1/edit", &edit("B")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("已被别人改过") && page.contains("name=\"severity\" value=\"B\""), "{page}");
    let event = fupan::service::events::get(&service.app, &fupan::domain::actor::Actor::local_operator(), 1).await;
    assert_eq!(event.unwrap().fields.severity.as_deref(), Some("C"));
    let mut before = edit("C");
    before[0].1 = "2";
    before[2].1 = "2024-08-19T14:00";
    let (status, _, page) = person.post("/events/1/edit", &before).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("恢复不能早于发生"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_and_a_deactivated_person_is_out_at_once() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let other = Person::of(&service, Role::Reporter).await;
    let operator = fupan::domain::actor::Actor::local_operator();
    let accounts = fupan::service::accounts::list(&service.app, &operator).await.unwrap();
    let id = |role| accounts.iter().find(|account| account.role == role).unwrap().id;
    let path = |role| format!("/settings/accounts/{}", id(role));
    let (status, _, page) = admin.post(&path(Role::Admin), &[("role", "viewer"), ("active", "yes")]).await;
    assert!(status == StatusCode::CONFLICT && page.contains("最后一位管理员"), "{page}");
    assert_eq!(other.get("/").await.0, StatusCode::OK);
    assert_eq!(admin.post(&path(Role::Reporter), &[("role", "reporter")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(other.get("/").await.0, StatusCode::SEE_OTHER);
    let (_, _, page) = admin.post(&format!("{}/link", path(Role::Admin)), &[]).await;
    assert!(page.contains("/setup?t="), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_choice_of_colours_stays_with_the_browser() {
    let service = Service::start(NOW).await;
    let mut person = Person::of(&service, Role::Viewer).await;
    assert!(!person.get("/").await.1.contains("data-theme"));
    let form = [("theme", "dark"), ("back", "/events?q=x")];
    let request = person.client.post(format!("{}/theme", service.url)).form(&form);
    let answer = person.dressed(request).send().await.unwrap();
    assert_eq!(answer.headers()["location"], "/events?q=x");
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    person.cookie = format!("{}; {cookie}", person.cookie);
    assert!(person.get("/").await.1.contains("data-theme=\"dark\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_written_compared_and_removed() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    let figure =
        |value: &'static str| [("name", "入金有效成功率"), ("value", value), ("unit", "%"), ("target", "99.99")];
    assert_eq!(person.post("/figures/2024-W33", &figure("99.990%")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(person.post("/figures/2024-W34", &figure("99.969")).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/figures?week=2024-W34").await;
    assert!(page.contains("较上周 −0.021 pp") && page.contains("低于目标 99.99"), "{page}");
    let (status, _, page) = person.post("/figures/2024-W34", &figure("101")).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("百分比要在 0 到 100 之间"), "{page}");
    let count = [("severity", "c级"), ("count", "0.5")];
    assert_eq!(person.post("/figures/2024-W34/counts", &count).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/").await;
    assert!(page.contains("C级0.5次"), "{page}");
    let stale = [("severity", "C"), ("version", "7")];
    assert_eq!(person.post("/figures/2024-W34/delete", &stale).await.0, StatusCode::CONFLICT);
    let gone = [("severity", "C"), ("version", "1")];
    assert_eq!(person.post("/figures/2024-W34/delete", &gone).await.0, StatusCode::SEE_OTHER);
    assert!(!person.get("/").await.1.contains("C级0.5次"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_edit_different_fields_both_keep_theirs() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", "08/19 15:00 提现失败，15:30 恢复正常。")]).await;
    let (_, page) = person.get("/e/1").await;
    let hidden = |page: &str| {
        let value = page.split("name=\"was\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        value.replace("&#34;", "\"").replace("&quot;", "\"")
    };
    let was = hidden(&page);
    let form = |severity: &'static str, cause: &'static str, version: &'static str, was: String| {
        [
            ("version", version.to_owned()),
            ("was", was),
            ("occurred_at", "2024-08-19T15:00".to_owned()),
            ("recovered_at", "2024-08-19T15:30".to_owned()),
            ("severity", severity.to_owned()),
            ("narrative", "提现失败，15:30 恢复正常。".to_owned()),
            ("summary", "提现失败".to_owned()),
            ("impact", String::new()),
            ("cause", cause.to_owned()),
            ("recovery", "恢复正常".to_owned()),
        ]
    };
    let send = async |form: [(&'static str, String); 10]| {
        let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        person.post("/events/1/edit", &pairs).await
    };
    assert_eq!(send(form("C", "", "1", was.clone())).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = send(form("", "规则更新", "1", was)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("name=\"severity\" value=\"C\"") && page.contains("value=\"规则更新\""), "{page}");
    assert_eq!(send(form("C", "规则更新", "2", hidden(&page))).await.0, StatusCode::SEE_OTHER);
    let operator = fupan::domain::actor::Actor::local_operator();
    let fields = fupan::service::events::get(&service.app, &operator, 1).await.unwrap().fields;
    assert_eq!((fields.severity.as_deref(), fields.cause.as_deref()), (Some("C"), Some("规则更新")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_written_in_another_way_needs_the_same_rights() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", "08/19 15:00 提现失败")]).await;
    let send = |path: &str, cookie: bool, site: &'static str| {
        let request = person.client.post(format!("{}{path}", service.url)).header("Sec-Fetch-Site", site);
        let request = request.header("X-CSRF-Token", &person.csrf);
        if cookie { request.header("Cookie", &person.cookie) } else { request }.send()
    };
    assert_eq!(send("/%65vents/1/recover", true, "cross-site").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(send("/%65vents/1/recover", false, "same-origin").await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(send("/%65vents/1/recover", true, "same-origin").await.unwrap().status(), StatusCode::SEE_OTHER);
    let token = service.token(Role::Viewer).await;
    let url = format!("{}/api/v1/lines%3Aparse", service.url);
    let body = serde_json::json!({"line": "08/19 15:00 提现失败"});
    assert_eq!(person.client.post(url).bearer_auth(token).json(&body).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn marking_as_recovered_twice_is_harmless() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", "08/21 14:08:30 提现失败")]).await;
    let (first, second) = tokio::join!(person.post("/events/1/recover", &[]), person.post("/events/1/recover", &[]));
    assert_eq!((first.0, second.0), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_pasted_looked_at_and_imported() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let document = std::fs::read_to_string("tests/corpus/reports/2024-W34.md").unwrap();
    let (status, _, plan) = lead.post("/import", &[("document", document.as_str()), ("action", "preview")]).await;
    assert_eq!((status, plan.matches(">新增<").count()), (StatusCode::OK, 9), "{plan}");
    let (_, events) = lead.get("/events").await;
    assert!(!events.contains("PE-1"), "a look changes nothing");
    let (_, _, done) = lead.post("/import", &[("document", document.as_str()), ("action", "save")]).await;
    assert!(done.contains("已导入") && done.contains("/e/1"), "{done}");
    let (_, _, again) = lead.post("/import", &[("document", document.as_str()), ("action", "preview")]).await;
    assert!(again.contains("没有变化"), "{again}");
    let (status, _, refused) = lead.post("/import", &[("document", "# 会议纪要"), ("action", "save")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && refused.contains("# 会议纪要"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_in_a_form_are_answered_with_a_page_and_to_a_script_with_problem_details() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    let english = Person::of(&service, Role::Reporter).await;
    assert_eq!(english.post("/language", &[("back", "/")]).await.0, StatusCode::SEE_OTHER);
    let large = format!("line={}", "x".repeat(10 * 1024 * 1024));
    let send = async |person: &Person, path: &str, accept: &str, script: bool| {
        let mut request = person.client.post(format!("{}{path}", person.url)).header("Cookie", &person.cookie);
        request = request.header("Sec-Fetch-Site", "same-origin").header("Accept", accept);
        if script {
            request = request.header("Sec-Fetch-Dest", "empty");
        }
        let answer = request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(large.clone())
            .send()
            .await
            .unwrap();
        let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status(), media, answer.text().await.unwrap())
    };
    for path in ["/events", "/events/new", "/lines/preview", "/events/1/edit", "/e/1/postmortem/sections/summary"] {
        for accept in ["text/html,application/xhtml+xml", "*/*"] {
            let (status, media, page) = send(&person, path, accept, false).await;
            assert_eq!((status, media.as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "text/html; charset=utf-8"), "{path}");
            assert!(page.contains("内容太大，最多 2 MiB") && page.contains("请求号"), "{path}: {page}");
            let (_, _, page) = send(&english, path, accept, false).await;
            assert!(page.contains("the body is larger than 2 MiB") && page.contains("lang=\"en\""), "{path}: {page}");
        }
        let (_, media, _) = send(&person, path, "*/*", true).await;
        assert_eq!(media, "application/problem+json", "{path}");
    }
}
