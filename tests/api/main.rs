//! The HTTP edge from outside: a real port, a database of its own per test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

use fupan::{
    domain::actor::{ROLES, Role},
    web::routes::ROUTES,
};
use reqwest::{Client, Method, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use support::Service;

const NOW: &str = "2024-08-21T06:08:00Z";
const LINE: &str = "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，导致提现失败，15:30  下线规则，恢复正常。【待复盘】";

fn client() -> Client {
    // Another test may have set the provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_refuses_every_role_that_is_too_weak_and_no_other() {
    let service = Service::start(NOW).await;
    let client = client();
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push((role, service.token(role).await));
    }
    for route in ROUTES {
        let path = route
            .path
            .replace("{number}", "1")
            .replace("{week}", "2024-W34")
            .replace("{name}", "x")
            .replace("{id}", "0197a000-0000-7000-8000-000000000000");
        let url = format!("{}{path}", service.url);
        let method: Method = route.method.parse().unwrap();
        let Some(needs) = route.permission.needs() else { continue };
        let nobody = client.request(method.clone(), &url).header("Sec-Fetch-Site", "same-origin").send().await.unwrap();
        let status = nobody.status();
        assert!(
            status == StatusCode::UNAUTHORIZED || status == StatusCode::SEE_OTHER,
            "{} {path}: {status}",
            route.method
        );
        if status == StatusCode::SEE_OTHER {
            assert!(nobody.headers()["location"].to_str().unwrap().starts_with("/login"));
        }
        for (role, token) in &tokens {
            let status = client.request(method.clone(), &url).bearer_auth(token).send().await.unwrap().status();
            assert_eq!(
                status == StatusCode::FORBIDDEN,
                *role < needs,
                "{} {path} as {}: {status}",
                route.method,
                role.code()
            );
            assert!(!status.is_server_error(), "{} {path} as {}: {status}", route.method, role.code());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_made_from_a_line_read_changed_and_deleted() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let events = format!("{}/api/v1/events", service.url);
    let body = json!({"line": LINE, "week": "2024-W34"});
    let post = || client.post(&events).bearer_auth(&token).header("Idempotency-Key", "k1").json(&body);
    let made = post().send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let etag = made.headers()["etag"].to_str().unwrap().to_owned();
    let event: Value = made.json().await.unwrap();
    assert_eq!(event["label"], "PE-1");
    assert_eq!(event["occurred_at"], "2024-08-19T15:00:00+08:00");
    assert_eq!(event["impacts"][0]["number"], 684);
    assert_eq!(event["report_line"], LINE);
    let again = post().send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");

    let url = format!("{events}/1");
    let patch = |etag: Option<&str>| {
        let request = client.patch(&url).bearer_auth(&token).json(&json!({"severity": "c级", "cause": null}));
        match etag {
            Some(etag) => request.header("If-Match", etag),
            None => request,
        }
    };
    assert_eq!(patch(None).send().await.unwrap().status(), StatusCode::PRECONDITION_REQUIRED);
    let changed: Value = patch(Some(&etag)).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (changed["severity"].as_str(), changed["cause"].as_str(), changed["version"].as_i64()),
        (Some("C"), None, Some(2))
    );
    let stale = patch(Some(&etag)).send().await.unwrap();
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(stale.headers()["content-type"], "application/problem+json");
    assert_eq!(stale.json::<Value>().await.unwrap()["code"], "stale_version");

    let removed = client.delete(&url).bearer_auth(&token).header("If-Match", "\"2\"").send().await.unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(client.get(&url).bearer_auth(&token).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let next: Value = client
        .post(&events)
        .bearer_auth(&token)
        .json(&json!({"narrative": "x", "occurred_at": "2024-08-20T10:00:00+08:00"}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(next["number"], 2, "a number is never handed out again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_without_gaps_and_filtered() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let events = format!("{}/api/v1/events", service.url);
    for day in 1..=5 {
        let body = json!({"narrative": format!("第{day}起 50%"), "occurred_at": format!("2024-08-0{day}T10:00:00+08:00"), "severity": if day == 3 { "B" } else { "C" }});
        assert_eq!(
            client.post(&events).bearer_auth(&token).json(&body).send().await.unwrap().status(),
            StatusCode::CREATED
        );
    }
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Value = client
            .get(format!("{events}?limit=2&cursor={cursor}"))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        numbers.extend(page["data"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(numbers, [5, 4, 3, 2, 1]);
    for (query, count) in
        [("severity=B", 1), ("q=50%25", 5), ("q=5_", 0), ("from=2024-08-02&to=2024-08-03", 2), ("state=owed", 0)]
    {
        let page: Value =
            client.get(format!("{events}?{query}")).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        assert_eq!(page["data"].as_array().unwrap().len(), count, "{query}");
    }
    for query in ["cursor=x", "state=nope", "nope=1", "week=2024-W54"] {
        let status = client.get(format!("{events}?{query}")).bearer_auth(&token).send().await.unwrap().status();
        assert!(status.is_client_error(), "{query}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_read_and_a_report_comes_in_every_format() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let parse = format!("{}/api/v1/lines:parse", service.url);
    let read: Value = client
        .post(&parse)
        .bearer_auth(&token)
        .json(&json!({"line": LINE}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(read["event"]["affected_count"], 684);
    assert_eq!(read["notices"][0]["code"], "year_assumed");
    client
        .post(format!("{}/api/v1/events", service.url))
        .bearer_auth(&token)
        .json(&json!({"line": LINE}))
        .send()
        .await
        .unwrap();
    let figure = format!("{}/api/v1/figures/2024-W34/入金有效成功率", service.url);
    let put = client.put(&figure).bearer_auth(&token).json(&json!({"value": "99.998"})).send().await.unwrap();
    assert_eq!(put.json::<Value>().await.unwrap()["value"], "99.998");
    let bad = client.put(&figure).bearer_auth(&token).json(&json!({"value": "101"})).send().await.unwrap();
    assert_eq!(bad.status(), StatusCode::UNPROCESSABLE_ENTITY);
    for (format, part) in
        [("md", "## 【生产事件】"), ("json", "\"week\":\"2024-W34\""), ("html", "<h3>"), ("text", "【生产事件】")]
    {
        let url = format!("{}/api/v1/reports/2024-W34?format={format}", service.url);
        let text = client.get(url).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
        assert!(text.contains(part) && text.contains("99.998") && text.contains("684"), "{format}: {text}");
    }
    let unknown =
        client.get(format!("{}/api/v1/reports/2024-W54", service.url)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_of_another_site_changes_nothing() {
    let service = Service::start(NOW).await;
    let (client, cookie) = (client(), service.cookie(Role::Admin).await);
    let send = |site: &'static str| {
        client
            .post(format!("{}/events", service.url))
            .header("Cookie", format!("fupan_session={cookie}"))
            .header("Sec-Fetch-Site", site)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("line=08%2F19+15%3A00+x")
    };
    assert_eq!(send("cross-site").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let done = send("same-origin").send().await.unwrap();
    assert_eq!((done.status(), done.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/e/1"));
    let home = client.get(&service.url).header("Cookie", format!("fupan_session={cookie}")).send().await.unwrap();
    assert!(home.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert!(home.text().await.unwrap().contains("PE-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setup_link_works_once() {
    let service = Service::start(NOW).await;
    let client = client();
    let link = fupan::service::accounts::setup_link(&service.app).await.unwrap().unwrap();
    let token = link.split("t=").nth(1).unwrap().to_owned();
    let send = || {
        client.post(format!("{}/setup", service.url)).header("Sec-Fetch-Site", "same-origin").form(&[
            ("t", token.as_str()),
            ("email", "lead@example.com"),
            ("name", "组长"),
            ("password", "a long password"),
        ])
    };
    let first = send().send().await.unwrap();
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    assert!(first.headers()["set-cookie"].to_str().unwrap().contains("HttpOnly"));
    assert_eq!(send().send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert!(fupan::service::accounts::setup_link(&service.app).await.unwrap().is_none());
}
