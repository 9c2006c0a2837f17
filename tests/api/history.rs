//! Who changed what, what was deleted, and what can be taken back.

use fupan::domain::actor::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{LINE, NOW, client};

struct Caller<'a> {
    service: &'a Service,
    client: Client,
    token: String,
}

impl<'a> Caller<'a> {
    async fn of(service: &'a Service, role: Role) -> Caller<'a> {
        Caller { service, client: client(), token: service.token(role).await }
    }

    async fn send(&self, method: &str, path: &str, version: Option<i64>, body: Option<Value>) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.service.url);
        let mut request = self.client.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_every_field_that_changed_and_is_read_page_by_page() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    lead.send("POST", "/api/v1/events", None, Some(json!({"line": LINE}))).await;
    for (version, cause) in [(1, "规则甲"), (2, "规则乙"), (3, "规则丙")] {
        let (status, _) = lead.send("PATCH", "/api/v1/events/1", Some(version), Some(json!({"cause": cause}))).await;
        assert_eq!(status, StatusCode::OK);
    }
    let (_, first) = lead.send("GET", "/api/v1/events/1/history?limit=2", None, None).await;
    let latest = &first["data"][0];
    assert_eq!((latest["action"].as_str(), latest["actor"].as_str()), (Some("event.update"), Some("lead")));
    assert_eq!(latest["changes"], json!([{"field": "cause", "from": "规则乙", "to": "规则丙"}]));
    let next = first["next_cursor"].as_str().unwrap();
    let (_, second) = lead.send("GET", &format!("/api/v1/events/1/history?cursor={next}"), None, None).await;
    assert_eq!(second["data"][0]["changes"][0]["to"], "规则甲");
    assert_eq!(second["data"][1]["action"], "event.create");
    assert_eq!((second["data"].as_array().unwrap().len(), &second["next_cursor"]), (2, &Value::Null));
    let (status, _) = lead.send("GET", "/api/v1/events/1/history?cursor=x", None, None).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(lead.send("GET", "/api/v1/events/9/history", None, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_who_wrote_which_section_of_the_postmortem_page_by_page() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    lead.send("POST", "/api/v1/events", None, Some(json!({"line": LINE}))).await;
    lead.send("POST", "/api/v1/events", None, Some(json!({"narrative": "另一起"}))).await;
    let section = "/api/v1/events/1/postmortem/sections/root_cause";
    service.clock.set("2024-08-21T06:30:00Z");
    let (status, _) = lead.send("PUT", section, Some(0), Some(json!({"text": "规则没有灰度"}))).await;
    assert_eq!(status, StatusCode::OK);
    service.clock.set("2024-08-21T06:31:00Z");
    let (status, _) = lead.send("PATCH", "/api/v1/events/1", Some(2), Some(json!({"cause": "规则丙"}))).await;
    assert_eq!(status, StatusCode::OK);
    service.clock.set("2024-08-21T06:32:00Z");
    lead.send("PUT", section, Some(1), Some(json!({"text": "规则没有灰度，也没有回滚"}))).await;
    let (mut told, mut path) = (Vec::new(), "/api/v1/events/1/history?limit=2".to_owned());
    loop {
        let (_, page) = lead.send("GET", &path, None, None).await;
        told.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/events/1/history?limit=2&cursor={next}");
    }
    let actions: Vec<&str> = told.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!((actions[0], actions[1]), ("postmortem.write", "event.update"));
    assert_eq!(actions.iter().filter(|action| **action == "postmortem.write").count(), 2);
    assert_eq!(actions.last(), Some(&"event.create"));
    let changes = told[0]["changes"].as_array().unwrap();
    assert!(changes.contains(&json!({"field": "section", "from": null, "to": "root_cause"})), "{changes:?}");
    assert!(changes.contains(&json!({"field": "length", "from": 6, "to": 12})), "{changes:?}");
    let (_, other) = lead.send("GET", "/api/v1/events/2/history", None, None).await;
    assert_eq!(other["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_event_is_listed_keeps_its_history_and_comes_back_whole() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Reporter).await);
    lead.send("POST", "/api/v1/events", None, Some(json!({"line": LINE}))).await;
    let (_, before) = lead.send("GET", "/api/v1/events/1", None, None).await;
    assert_eq!(lead.send("DELETE", "/api/v1/events/1", Some(1), None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(lead.send("GET", "/api/v1/events/1", None, None).await.0, StatusCode::NOT_FOUND);
    let (_, gone) = lead.send("GET", "/api/v1/deleted-events", None, None).await;
    assert_eq!(gone["data"][0]["label"], "PE-1");
    let (_, history) = lead.send("GET", "/api/v1/events/1/history", None, None).await;
    assert_eq!(history["data"][0]["action"], "event.delete");
    assert_eq!(reporter.send("GET", "/api/v1/events/1/history", None, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(reporter.send("POST", "/api/v1/events/1:restore", None, None).await.0, StatusCode::FORBIDDEN);
    let (status, back) = lead.send("POST", "/api/v1/events/1:restore", None, None).await;
    assert_eq!(status, StatusCode::OK);
    for (field, value) in before.as_object().unwrap() {
        if field != "version" && field != "updated_at" {
            assert_eq!(&back[field], value, "{field}");
        }
    }
    // Pressed twice it is harmless.
    let (status, again) = lead.send("POST", "/api/v1/events/1:restore", None, None).await;
    assert_eq!((status, &again["version"]), (StatusCode::OK, &back["version"]));
    let (_, gone) = lead.send("GET", "/api/v1/deleted-events", None, None).await;
    assert_eq!(gone["data"], json!([]));
    assert_eq!(lead.send("POST", "/api/v1/events/7:restore", None, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_last_change_is_taken_back_within_a_minute_and_no_later() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Reporter).await);
    let undo = "/api/v1/events/1:undo";
    reporter.send("POST", "/api/v1/events", None, Some(json!({"line": LINE}))).await;
    let (status, _) = reporter.send("PATCH", "/api/v1/events/1", Some(1), Some(json!({"cause": "规则丙"}))).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(lead.send("POST", undo, None, None).await.0, StatusCode::CONFLICT, "it is not one's own");
    let (status, back) = reporter.send("POST", undo, None, None).await;
    assert_eq!(status, StatusCode::OK, "{back}");
    assert_ne!(back["cause"], "规则丙");
    assert_eq!(reporter.send("POST", undo, None, None).await.0, StatusCode::CONFLICT);
    reporter.send("POST", "/api/v1/events", None, Some(json!({"narrative": "另一起"}))).await;
    assert_eq!(reporter.send("POST", "/api/v1/events/2:undo", None, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(reporter.send("GET", "/api/v1/events/2", None, None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(reporter.send("POST", "/api/v1/events/9:undo", None, None).await.0, StatusCode::NOT_FOUND);
}
