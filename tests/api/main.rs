//! The HTTP edge from outside: a real port, a database of its own per test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod action_items;
mod analytics;
mod audit;
mod bodies;
mod calendars;
mod coherence;
mod foreign;
mod framing;
mod grading;
mod history;
mod imports;
mod mailings;
mod measured;
mod notifiers;
mod outbox;
mod postmortems;
mod privacy;
mod publishing;
mod record;
mod relations;
mod reminders;
mod report_styles;
mod restricted;
mod sealed;
mod search;
mod search_facets;
mod sessions;
mod shares;
mod team_scope;
mod timeline;
mod tokens;
mod undo;

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
            .replace("{severity}", "C")
            .replace("{kind}", "related")
            .replace("{other}", "2")
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
    assert_eq!(again.headers()["idempotent-replayed"], "true");

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
        [("severity=B", 1), ("q=50%25", 5), ("q=5_", 0), ("from=2024-08-02&to=2024-08-03", 2), ("state=owed", 5)]
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
    let span = |field: &str| {
        read["spans"].as_array().unwrap().iter().find(|span| span["field"] == field).cloned().unwrap_or_default()
    };
    let words = |span: &Value| {
        let at = |end: &str| usize::try_from(span["range"][end].as_u64().unwrap()).unwrap();
        LINE[at("start")..at("end")].to_owned()
    };
    let occurred = span("occurred_at");
    assert_eq!((&occurred["origin"], &occurred["assumption"]), (&json!("assumed"), &json!("year")));
    assert_eq!(words(&occurred), "08/19 15:00");
    let count = span("affected_count");
    assert_eq!((&count["origin"], count.get("assumption")), (&json!("stated"), None));
    assert_eq!(words(&count), "684笔");
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
    let (client, (cookie, csrf)) = (client(), service.signed_in(Role::Admin).await);
    let send = |site: &'static str| {
        client
            .post(format!("{}/events", service.url))
            .header("Cookie", format!("fupan_session={cookie}"))
            .header("X-CSRF-Token", &csrf)
            .header("Sec-Fetch-Site", site)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body("line=08%2F19+15%3A00+x")
    };
    assert_eq!(send("cross-site").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    // A program without a token is told to send one; what a browser sends is still looked at.
    let bare = || client.post(format!("{}/api/v1/events", service.url)).json(&json!({"line": LINE}));
    let told = bare().send().await.unwrap();
    assert_eq!(told.status(), StatusCode::UNAUTHORIZED);
    assert!(told.text().await.unwrap().contains("send a token"));
    for (name, value) in
        [("Cookie", "fupan_session=x"), ("Origin", "https://evil.example.com"), ("Sec-Fetch-Site", "cross-site")]
    {
        assert_eq!(bare().header(name, value).send().await.unwrap().status(), StatusCode::FORBIDDEN, "{name}");
    }
    let done = send("same-origin").send().await.unwrap();
    assert_eq!((done.status(), done.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/e/1"));
    let home = client.get(&service.url).header("Cookie", format!("fupan_session={cookie}")).send().await.unwrap();
    assert!(home.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert!(home.text().await.unwrap().contains("PE-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_body_is_refused_before_it_unfolds() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let send = |path: &str, packing: &str| {
        let request = client.post(format!("{}{path}", service.url)).bearer_auth(&token);
        let media = if path.contains("samples") { "text/csv" } else { "application/x-www-form-urlencoded" };
        let request = request.header("Content-Type", media);
        request.header("Content-Encoding", packing).body("email=a").send()
    };
    for packing in ["br", "gzip", "GZIP", "deflate"] {
        for path in ["/login", "/setup", "/events", "/api/v1/events", "/api/v1/imports"] {
            let answer = send(path, packing).await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {packing}");
            assert!(answer.text().await.unwrap().contains("Content-Encoding"), "{path} {packing}");
        }
    }
    let samples = "/api/v1/indicators/x/samples";
    assert_eq!(send(samples, "br").await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_ne!(send(samples, "gzip").await.unwrap().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_many_times_at_once_makes_one_event() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let events = format!("{}/api/v1/events", service.url);
    let send = |key: &'static str, line: &'static str| {
        client.post(&events).bearer_auth(&token).header("Idempotency-Key", key).json(&json!({"line": line})).send()
    };
    let answers = futures(8, || send("k", LINE)).await;
    let mut all = None;
    for answer in answers {
        let (status, location) = (answer.status(), answer.headers().get("location").cloned());
        assert_eq!(status, StatusCode::CREATED, "{}", answer.text().await.unwrap());
        let first = location.unwrap();
        assert_eq!(*all.get_or_insert_with(|| first.clone()), first);
    }
    assert_eq!(send("k", "08/19 16:00 另一件事").await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    let list: Value = client.get(&events).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

/// The answers of requests that are under way at the same time.
async fn futures<F>(count: usize, send: impl Fn() -> F) -> Vec<reqwest::Response>
where
    F: Future<Output = reqwest::Result<reqwest::Response>> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|_| tokio::spawn(send())).collect();
    let mut answers = Vec::new();
    for one in running {
        answers.push(one.await.unwrap().unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_the_same_time_each_get_a_number_of_their_own() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let events = format!("{}/api/v1/events", service.url);
    let send = || client.post(&events).bearer_auth(&token).json(&json!({"line": LINE})).send();
    let mut numbers = Vec::new();
    for answer in futures(12, send).await {
        assert_eq!(answer.status(), StatusCode::CREATED);
        numbers.push(answer.json::<Value>().await.unwrap()["number"].as_i64().unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=12).collect::<Vec<i64>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_imported_and_put_back_and_a_postmortem_moved_on_over_the_api() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let document = std::fs::read_to_string("tests/corpus/reports/2024-W34.md").unwrap();
    let import = |query: &str| {
        let url = format!("{}/api/v1/imports?{query}", service.url);
        client.post(url).bearer_auth(&token).header("Content-Type", "text/markdown").body(document.clone()).send()
    };
    let dry: Value = import("dry_run=true").await.unwrap().json().await.unwrap();
    let added =
        |value: &Value| value["data"].as_array().unwrap().iter().filter(|line| line["outcome"] == "added").count();
    assert_eq!((dry["week"].as_str(), added(&dry)), (Some("2024-W34"), 9));
    let first: Value = import("file=w34.md").await.unwrap().json().await.unwrap();
    assert_eq!((added(&first), first["unchanged"].as_bool()), (9, Some(false)));
    let second: Value = import("").await.unwrap().json().await.unwrap();
    assert_eq!(second["unchanged"], true);

    let splice = || {
        let url = format!("{}/api/v1/reports:splice", service.url);
        client.post(url).bearer_auth(&token).body(document.clone()).send()
    };
    assert_eq!(splice().await.unwrap().text().await.unwrap(), document);
    let postmortem = format!("{}/api/v1/events/PE-1/postmortem", service.url);
    let tag = client.get(&postmortem).bearer_auth(&token).send().await.unwrap().headers()["etag"].clone();
    let done = client.patch(&postmortem).bearer_auth(&token).header("If-Match", tag);
    let done = done.json(&json!({"state": "done"})).send().await.unwrap();
    assert_eq!(done.json::<Value>().await.unwrap()["postmortem"]["state"], "done");
    let other = client
        .post(format!("{}/api/v1/reports:splice", service.url))
        .bearer_auth(&token)
        .body(document.replace("2024-W34", "2024-W33") + "\n")
        .send();
    assert_eq!(other.await.unwrap().status(), StatusCode::NOT_FOUND, "nothing is known of that week");
    let answer = splice().await.unwrap();
    for name in ["Fupan-Other-Week-Events", "Fupan-Other-Week-Figures", "Fupan-Unwritten-Events"] {
        assert_eq!(answer.headers()[name], "0", "{name}");
    }
    let spliced = answer.text().await.unwrap();
    let changed: Vec<_> = document.lines().zip(spliced.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 1);
    assert!(changed[0].1.contains("【已复盘】"), "{changed:?}");
    let reason = client.patch(&postmortem).bearer_auth(&token).json(&json!({"state": "not_required"}));
    assert!(reason.send().await.unwrap().status().is_client_error());

    let timeline = format!("{}/api/v1/events/1/timeline", service.url);
    let entry = json!({"at": "2024-08-19T15:10:00+08:00", "text": "联系风控"});
    assert_eq!(
        client.post(&timeline).bearer_auth(&token).json(&entry).send().await.unwrap().status(),
        StatusCode::CREATED
    );
    let read: Value = client.get(&timeline).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    let written = read["data"].as_array().unwrap().iter().find(|entry| entry["kind"] == "written").unwrap();
    assert_eq!(written["at"], "2024-08-19T15:10:00+08:00");
    let owed: Value = client
        .get(format!("{}/api/v1/postmortems", service.url))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(owed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_is_read_only_when_it_changed_and_removed_in_its_version() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let figure = format!("{}/api/v1/figures/2024-W34/平均耗时", service.url);
    let put = |body: Value| client.put(&figure).bearer_auth(&token).json(&body).send();
    put(json!({"value": "128.50", "unit": "ms", "group": "性能"})).await.unwrap();
    let changed = put(json!({"value": "130"})).await.unwrap();
    let etag = changed.headers()["etag"].to_str().unwrap().to_owned();
    let body: Value = changed.json().await.unwrap();
    assert_eq!((body["unit"].as_str(), body["group"].as_str()), (Some("ms"), Some("性能")), "what is left out stays");
    let again = client.get(&figure).bearer_auth(&token).header("If-None-Match", &etag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let count = format!("{}/api/v1/incident-counts/2024-W34/c级", service.url);
    let body: Value = client
        .put(&count)
        .bearer_auth(&token)
        .json(&json!({"count": "0.5"}))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((body["severity"].as_str(), body["count"].as_str()), (Some("C"), Some("0.5")));
    for (url, etag, status) in [
        (&figure, "\"1\"", StatusCode::PRECONDITION_FAILED),
        (&figure, "\"2\"", StatusCode::NO_CONTENT),
        (&count, "\"1\"", StatusCode::NO_CONTENT),
    ] {
        let gone = client.delete(url).bearer_auth(&token).header("If-Match", etag).send().await.unwrap();
        assert_eq!(gone.status(), status, "{url}");
    }
    let weeks = format!("{}/api/v1/figures?from=2020-W01&to=2024-W34", service.url);
    assert_eq!(client.get(weeks).bearer_auth(&token).send().await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn the_committed_openapi_document_is_that_of_the_handlers() {
    let committed = std::fs::read_to_string("docs/openapi.json").unwrap_or_default();
    let made = fupan::web::api::openapi_json();
    assert!(committed.trim_end() == made, "run `fupan openapi > docs/openapi.json` and look at the difference");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_out_of_all_bounds_are_refused_and_break_nothing() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let events = format!("{}/api/v1/events", service.url);
    let post = |url: String, body: Value| client.post(url).bearer_auth(&token).json(&body).send();
    assert_eq!(post(events.clone(), json!({"line": LINE})).await.unwrap().status(), StatusCode::CREATED);
    for (url, body) in [
        (events.clone(), json!({"narrative": "x", "occurred_at": "9999-06-01T00:00:00Z"})),
        (events.clone(), json!({"narrative": "x", "recovered_at": "1969-12-31T00:00:00Z"})),
        (format!("{events}/1/timeline"), json!({"at": "+262142-12-31T23:59:59Z", "text": "x"})),
    ] {
        let status = post(url.clone(), body.clone()).await.unwrap().status();
        assert!(status.is_client_error(), "{url} {body}: {status}");
    }
    let postmortem = format!("{events}/1/postmortem");
    let due = client.patch(postmortem).bearer_auth(&token).header("If-Match", "\"1\"");
    let due = due.json(&json!({"due_on": "+99999-01-01"})).send().await.unwrap();
    assert!(due.status().is_client_error());
    let list = client.get(&events).bearer_auth(&token).send().await.unwrap();
    assert_eq!(list.status(), StatusCode::OK);
    let large = client.post(format!("{}/api/v1/imports", service.url)).bearer_auth(&token).body("x".repeat(3 << 20));
    let refused = large.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_corrected_or_removed_here_survives_the_next_import_and_leaves_the_report() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let document = "# 2024-W34\n\n## 【系统运行数据】\n\n支付：\n\n- 成功率：99.9%（较上周+0.1pp）\n- 耗时：120ms\n\n提现：\n\n- 成功率：99.8%\n\n事故数AB级0次，C级0.5次\n";
    let import = || {
        let url = format!("{}/api/v1/imports", service.url);
        client.post(url).bearer_auth(&token).body(document).send()
    };
    let report = async || {
        let url = format!("{}/api/v1/reports/2024-W34?format=md", service.url);
        client.get(url).bearer_auth(&token).send().await.unwrap().text().await.unwrap()
    };
    import().await.unwrap();
    assert_eq!(report().await.trim(), document.split_once("\n\n").unwrap().1.trim(), "two headings, one label");
    let figure = format!("{}/api/v1/figures/2024-W34/耗时", service.url);
    let put = client.put(&figure).bearer_auth(&token).json(&json!({"value": "130"})).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::OK);
    let count = format!("{}/api/v1/incident-counts/2024-W34/C", service.url);
    let gone = client.delete(&count).bearer_auth(&token).header("If-Match", "\"1\"").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let again: Value = import().await.unwrap().json().await.unwrap();
    assert_eq!(again["unchanged"], true, "{again}");
    let now = report().await;
    assert!(now.contains("耗时：130ms") && now.contains("AB级0次") && !now.contains("C级"), "{now}");
    let gone = client.delete(&figure).bearer_auth(&token).header("If-Match", "\"2\"").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let now = report().await;
    assert!(!now.contains("耗时") && now.contains("99.9%（较上周+0.1pp）\n\n提现"), "{now}");
    let missing = client.put(&figure).bearer_auth(&token).header("If-Match", "\"2\"").json(&json!({"value": "1"}));
    assert_eq!(missing.send().await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_events_of_one_time_that_read_alike_stay_two_however_often_they_are_imported() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let document = "# 2024-W34\n\n## 【生产事件】\n\n1. 08/19 15:00 代付渠道甲超时，影响约20笔代付交易，15:30 恢复正常。\n2. 08/19 15:00 代付渠道乙超时，影响约30笔代付交易，15:30 恢复正常。\n";
    let outcomes = async |text: String| -> Vec<String> {
        let url = format!("{}/api/v1/imports", service.url);
        let body: Value = client.post(url).bearer_auth(&token).body(text).send().await.unwrap().json().await.unwrap();
        body["data"].as_array().unwrap().iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(document.to_owned()).await, ["added", "added"]);
    assert_eq!(outcomes(document.to_owned()).await, ["unchanged", "unchanged"]);
    let reworded = document.replace("代付渠道乙超时", "代付渠道乙响应超时");
    assert_eq!(outcomes(reworded).await, ["unchanged", "changed"]);
    let url = format!("{}/api/v1/events", service.url);
    let list: Value = client.get(url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
}
