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
