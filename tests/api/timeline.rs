//! Timelines over the API: times in front of lines, traces of edits, stars, and what is refused.

use fupan::domain::actor::Role;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use crate::{LINE, NOW, client};

/// A service with the event of the reference report, and a reporter.
struct Desk {
    service: Service,
    client: Client,
    token: String,
}

impl Desk {
    async fn new() -> Self {
        let service = Service::start(NOW).await;
        let token = service.token(Role::Reporter).await;
        let desk = Self { service, client: client(), token };
        let (status, _) = desk.send(Method::POST, "events", None, json!({"line": LINE, "week": "2024-W34"})).await;
        assert_eq!(status, StatusCode::CREATED);
        desk
    }

    async fn send(&self, method: Method, path: &str, version: Option<i64>, body: Value) -> (StatusCode, Value) {
        let mut request =
            self.client.request(method, format!("{}/api/v1/{path}", self.service.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn add(&self, text: &str) -> (StatusCode, Value) {
        self.send(Method::POST, "events/1/timeline", None, json!({"text": text})).await
    }

    async fn list(&self, query: &str) -> Vec<Value> {
        let (status, page) = self.send(Method::GET, &format!("events/1/timeline{query}"), None, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["data"].as_array().unwrap().clone()
    }
}

fn texts(entries: &[Value]) -> Vec<(String, String)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    entries.iter().map(|entry| (text(entry, "at"), text(entry, "text"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_with_times_become_entries_beside_clock_points_and_changes() {
    let desk = Desk::new().await;
    let (status, added) = desk.add("15:12 切换备用渠道\n- 15:20-15:25 回滚规则\n次日 09:00 复盘会").await;
    assert_eq!(status, StatusCode::CREATED, "{added}");
    assert_eq!(
        (added["at"].as_str(), added["text"].as_str()),
        (Some("2024-08-19T15:12:00+08:00"), Some("切换备用渠道"))
    );
    assert_eq!(added["also"].as_array().unwrap().len(), 2);
    let (status, _) =
        desk.send(Method::PATCH, "events/1", Some(1), json!({"severity": "C", "cause": "规则误判"})).await;
    assert_eq!(status, StatusCode::OK);
    let told = texts(&desk.list("").await);
    let times: Vec<&str> = told.iter().map(|(at, _)| at.get(5..16).unwrap()).collect();
    assert_eq!(
        times,
        [
            "08-19T15:00",
            "08-19T15:12",
            "08-19T15:20",
            "08-19T15:30",
            "08-19T15:30",
            "08-20T09:00",
            "08-21T14:08",
            "08-21T14:08"
        ],
        "{told:?}"
    );
    assert!(told[2].1.contains("回滚规则 (15:20-15:25)"), "{told:?}");
    assert!(told[4].1.contains("下线规则"), "{told:?}");
    assert_eq!((told[6].1.as_str(), told[7].1.as_str()), ("登记", "修改：原因、等级"));
    let kinds: Vec<Value> = desk.list("").await.iter().map(|entry| entry["kind"].clone()).collect();
    assert_eq!(kinds, ["clock", "written", "written", "clock", "clock", "written", "automatic", "automatic"]);

    // Pressing 标记恢复 or telling a clock point tells one row, not two.
    let before = desk.list("").await.len();
    desk.send(Method::PATCH, "events/1", Some(2), json!({"located_at": "2024-08-19T15:10:00+08:00"})).await;
    let after = desk.list("").await;
    assert_eq!(after.len(), before + 1, "{after:?}");
    assert_eq!(after[1]["id"], "located");

    let english = desk.client.get(format!("{}/api/v1/events/1/timeline", desk.service.url)).bearer_auth(&desk.token);
    let english: Value = english.header("Accept-Language", "en").send().await.unwrap().json().await.unwrap();
    assert!(english.to_string().contains("Edited: cause, severity"), "{english}");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_removals_leave_a_trace_and_stars_stay() {
    let desk = Desk::new().await;
    let (_, added) = desk.add("15:12 切换备用渠道").await;
    let path = format!("events/1/timeline/{}", added["id"].as_str().unwrap());
    assert_eq!(desk.send(Method::PATCH, &path, None, json!({"text": "x"})).await.0, StatusCode::PRECONDITION_REQUIRED);
    let patch = json!({"text": "切换到备用渠道 B", "at": "2024-08-19T15:13:00+08:00"});
    let (status, edited) = desk.send(Method::PATCH, &path, Some(1), patch).await;
    assert_eq!((status, edited["version"].as_i64()), (StatusCode::OK, Some(2)), "{edited}");
    assert_eq!(edited["at"], "2024-08-19T15:13:00+08:00");
    let (status, stale) = desk.send(Method::PATCH, &path, Some(1), json!({"text": "迟到的修改"})).await;
    assert_eq!((status, stale["code"].as_str()), (StatusCode::PRECONDITION_FAILED, Some("stale_version")));

    let star = format!("{path}/star");
    for _ in 0..2 {
        assert_eq!(desk.send(Method::PUT, &star, None, Value::Null).await.0, StatusCode::NO_CONTENT);
    }
    let entries = desk.list("").await;
    let automatic =
        entries.iter().find(|entry| entry["kind"] == "automatic").unwrap()["id"].as_str().unwrap().to_owned();
    let automatic = format!("events/1/timeline/{automatic}");
    assert_eq!(desk.send(Method::PUT, &format!("{automatic}/star"), None, Value::Null).await.0, StatusCode::NO_CONTENT);
    let starred: Vec<Value> = desk
        .list("")
        .await
        .into_iter()
        .filter(|entry| entry["starred"] == true)
        .map(|entry| entry["kind"].clone())
        .collect();
    assert_eq!(starred, ["clock", "written", "clock", "clock", "automatic"]);
    assert_eq!(
        desk.send(Method::DELETE, &format!("{automatic}/star"), None, Value::Null).await.0,
        StatusCode::NO_CONTENT
    );
    // What the log tells is not changed by anyone.
    assert_eq!(desk.send(Method::PATCH, &automatic, Some(1), json!({"text": "x"})).await.0, StatusCode::NOT_FOUND);
    assert_eq!(desk.send(Method::DELETE, &automatic, Some(1), Value::Null).await.0, StatusCode::NOT_FOUND);

    let version = desk.list("").await[1]["version"].as_i64();
    assert_eq!(desk.send(Method::DELETE, &path, Some(1), Value::Null).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(desk.send(Method::DELETE, &path, version, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert!(!texts(&desk.list("").await).iter().any(|(_, text)| text.contains("备用渠道")));
    let removed = desk.list("?removed=true").await;
    let removed = removed.iter().find(|entry| !entry["removed_at"].is_null()).unwrap();
    assert_eq!(
        (removed["text"].as_str(), removed["removed_by"].as_str()),
        (Some("切换到备用渠道 B"), Some("reporter"))
    );
    assert_eq!(desk.send(Method::DELETE, &path, version.map(|v| v + 1), Value::Null).await.0, StatusCode::NOT_FOUND);
    // Removed lines are in no export, starred or not.
    let url = format!("{}/api/v1/events/1/postmortem?format=md", desk.service.url);
    let exported = desk.client.get(url).bearer_auth(&desk.token).send().await.unwrap().text().await.unwrap();
    assert!(!exported.contains("备用渠道") && exported.contains("15:30"), "{exported}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_paged_without_gaps_and_sent_twice_written_once() {
    let desk = Desk::new().await;
    let lines: Vec<String> = (0..30).map(|at| format!("15:{:02} 第{at}步", at % 10)).collect();
    assert_eq!(desk.add(&lines.join("\n")).await.0, StatusCode::CREATED);
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("events/1/timeline?limit=7&cursor={cursor}");
        let (_, page) = desk.send(Method::GET, &path, None, Value::Null).await;
        assert!(page["data"].as_array().unwrap().len() <= 7);
        seen.extend(page["data"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 34);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 34);
    assert_eq!(
        desk.send(Method::GET, "events/1/timeline?cursor=x", None, Value::Null).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let post = || {
        let url = format!("{}/api/v1/events/1/timeline", desk.service.url);
        desk.client
            .post(url)
            .bearer_auth(&desk.token)
            .header("Idempotency-Key", "t1")
            .json(&json!({"text": "15:40 通知商户"}))
    };
    let first: Value = post().send().await.unwrap().json().await.unwrap();
    let again = post().send().await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_times_and_texts_are_refused_with_a_sentence_and_nothing_is_written() {
    let desk = Desk::new().await;
    let before = desk.list("").await.len();
    for (body, words) in [
        (json!({"text": "2099-01-01 10:00 x"}), "时间不能在将来"),
        (json!({"text": "x", "at": "2099-01-01T00:00:00Z"}), "时间不能在将来"),
        (json!({"text": "x", "at": "2001-01-01T00:00:00Z"}), "时间最多早于事件一年"),
        (json!({"text": "15:10 好的\n2099-08-20 15:10 x"}), "时间不能在将来"),
        (json!({"text": "15:10"}), "请在时间后面写发生了什么"),
        (json!({"text": "  "}), "时间线不能为空"),
        (json!({"text": "长".repeat(2_001)}), "太长"),
        (json!({"text": "15:10 x\n".repeat(101)}), "一次最多 100 行"),
    ] {
        let url = format!("{}/api/v1/events/1/timeline", desk.service.url);
        let answer = desk.client.post(url).bearer_auth(&desk.token).header("Accept-Language", "zh-CN").json(&body);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        let told: Value = answer.json().await.unwrap();
        assert!(told["detail"].as_str().unwrap().contains(words), "{words}: {told}");
    }
    assert_eq!(desk.add(&"长".repeat(4_000_000)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(desk.list("").await.len(), before);
    let many = "15:10 一步\n".repeat(100);
    for _ in 0..10 {
        assert_eq!(desk.add(&many).await.0, StatusCode::CREATED);
    }
    assert_eq!(desk.add("15:10 太多了").await.0, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_come_at_the_same_time_do_not_pass_the_limit() {
    let desk = Desk::new().await;
    let lines = (0..100).map(|at| format!("15:{:02} 第{at}行", at % 60)).collect::<Vec<_>>().join("\n");
    for _ in 0..9 {
        assert_eq!(desk.add(&lines).await.0, StatusCode::CREATED);
    }
    let sixty = lines.lines().take(60).collect::<Vec<_>>().join("\n");
    let (one, two, three) = tokio::join!(desk.add(&sixty), desk.add(&sixty), desk.add(&sixty));
    let made = [&one, &two, &three].into_iter().filter(|answer| answer.0 == StatusCode::CREATED).count();
    assert_eq!(made, 1, "{:?}", [one.0, two.0, three.0]);
    let event = fupan::store::events::by_number(desk.service.app.store.read(), 1).await.unwrap().unwrap();
    let there = fupan::store::timeline::count(desk.service.app.store.read(), event.id).await.unwrap();
    assert_eq!(there, 960);
    // Each line has its entry in the history.
    let told = fupan::store::audit::of_subject(desk.service.app.store.read(), "event:1", 2_000).await.unwrap();
    let added: Vec<_> = told.iter().filter(|entry| entry.action == "timeline.add").collect();
    assert_eq!(added.len(), 960);
    assert!(added.iter().all(|entry| entry.change["text"].as_str().is_some_and(|text| text.starts_with('第'))));
}
