//! The outbox, marked addresses and reviews over the API.

use fupan::{
    domain::{
        actor::{Actor, Role},
        delivery::{Fault, Phase},
    },
    service::{outbox, outbox_admin, ports::Delivery},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use crate::{LINE, NOW, client};

struct Caller {
    url: String,
    token: String,
}

impl Caller {
    async fn send(&self, method: Method, path: &str, version: Option<i64>, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = client().request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.header("Accept-Language", "zh-CN").send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }
}

/// A test mail that a mail server refused for good.
async fn refused(service: &Service, to: &str) -> uuid::Uuid {
    let operator = Actor::local_operator();
    let id = outbox_admin::test_mail(&service.app, &operator, Some(to)).await.unwrap().id;
    let claimed = outbox::claim(&service.app, outbox::Way::Mail, "test", 10).await.unwrap();
    let fault = Fault { phase: Phase::Rcpt, code: Some(550), words: "5.1.1 no such user".to_owned() };
    for one in &claimed {
        outbox::record(&service.app, one, &Delivery::Refused(fault.clone()), 0).await.unwrap();
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_listed_read_and_sent_again_and_marks_cleared() {
    let service = Service::start(NOW).await;
    let admin = Caller { url: service.url.clone(), token: service.token(Role::Admin).await };
    let id = refused(&service, "gone@example.com").await;
    for n in 0..4 {
        let to = json!({"to": format!("p{n}@example.com")});
        let (status, body) = admin.send(Method::POST, "/api/v1/outbox:test", None, Some(to)).await;
        assert_eq!((status, body["state"].as_str()), (StatusCode::ACCEPTED, Some("pending")), "{body}");
    }
    let (status, body) = admin.send(Method::POST, "/api/v1/outbox:test", None, None).await;
    assert_eq!(status, StatusCode::ACCEPTED, "to oneself: {body}");
    for path in ["/api/v1/outbox:test", "/api/v1/reminder-policy:preview"] {
        let (status, body) = admin.send(Method::POST, path, None, Some(json!([5]))).await;
        assert!(status.is_client_error(), "a body that cannot be read is not taken for none: {path} {status} {body}");
    }

    let mut seen = Vec::new();
    let mut path = "/api/v1/outbox?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await;
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/outbox?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.is_sorted_by(|a, b| a > b), "the newest first, none twice: {seen:?}");

    let dead = admin.get("/api/v1/outbox?state=dead&channel=mail&recipient=gone@example.com").await;
    let one = &dead["data"][0];
    assert_eq!(dead["data"].as_array().unwrap().len(), 1);
    assert_eq!((one["id"].as_str(), one["last_phase"].as_str()), (Some(id.to_string().as_str()), Some("rcpt")));
    assert_eq!(one["problem"], "the mail server refuses the recipient: 550 5.1.1 no such user");
    let detail = admin.get(&format!("/api/v1/outbox/{id}")).await;
    assert_eq!(
        (&detail["tries"][0]["outcome"], &detail["tries"][0]["said"]),
        (&json!("refused"), &json!("550 5.1.1 no such user"))
    );
    assert!(detail["text"].as_str().unwrap().contains("邮件服务器设置好了"), "{detail}");

    let path = format!("/api/v1/outbox/{id}:requeue");
    let (status, problem) = admin.send(Method::POST, &path, None, None).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains("已停发"), "{problem}");
    let stops = admin.get("/api/v1/mail-stops").await;
    assert_eq!(
        (&stops["data"][0]["address"], &stops["data"][0]["reason"]),
        (&json!("gone@example.com"), &json!("bounced"))
    );
    let stop = format!("/api/v1/mail-stops/{}", stops["data"][0]["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(admin.send(Method::DELETE, &stop, None, None).await.0, StatusCode::NO_CONTENT, "twice is once");
    }
    let (status, body) = admin.send(Method::POST, &path, None, None).await;
    assert_eq!((status, body["state"].as_str()), (StatusCode::ACCEPTED, Some("pending")), "{body}");
    let (status, problem) = admin.send(Method::POST, &path, None, None).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");

    for (path, status) in [
        ("/api/v1/outbox?state=nonsense", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/outbox?channel=nosuch", StatusCode::NOT_FOUND),
        ("/api/v1/outbox?what=1", StatusCode::BAD_REQUEST),
        ("/api/v1/outbox/0197a000-0000-7000-8000-000000000000", StatusCode::NOT_FOUND),
        ("/api/v1/outbox/nonsense", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(admin.send(Method::GET, path, None, None).await.0, status, "{path}");
    }
    let metrics = client()
        .get(format!("{}/metrics", service.url))
        .bearer_auth(service.token(Role::Viewer).await)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for line in
        ["fupan_outbox_queued 6", "fupan_outbox_messages{state=\"dead\"} 0", "fupan_outbox_oldest_due_seconds 0"]
    {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_put_changed_in_its_version_and_cancelled() {
    let service = Service::start(NOW).await;
    let lead = Caller { url: service.url.clone(), token: service.token(Role::Lead).await };
    let operator = Actor::local_operator();
    fupan::service::events::create_from_line(&service.app, &operator, LINE, None).await.unwrap();
    let people = lead.get("/api/v1/accounts").await;
    let who = people["data"][0]["id"].clone();
    let path = "/api/v1/events/1/review-meeting";
    assert_eq!(lead.send(Method::GET, path, None, None).await.0, StatusCode::NOT_FOUND);
    let change = json!({"starts_at": "2024-08-22T14:00:00+08:00", "place": "会议室 3", "attendees": [who]});
    let (status, body) = lead.send(Method::PUT, path, None, Some(change.clone())).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(
        (&body["starts_at"], &body["minutes"], &body["version"], &body["sequence"]),
        (&json!("2024-08-22T14:00:00+08:00"), &json!(60), &json!(1), &json!(0))
    );
    let (status, again) = lead.send(Method::PUT, path, Some(1), Some(change)).await;
    assert_eq!((status, &again["version"]), (StatusCode::OK, &json!(1)), "the same is no change");
    let moved = json!({"starts_at": "2024-08-22T15:00:00+08:00"});
    let (status, body) = lead.send(Method::PUT, path, Some(1), Some(moved.clone())).await;
    assert_eq!(
        (status, &body["version"], &body["attendees"].as_array().unwrap().len()),
        (StatusCode::OK, &json!(2), &1),
        "{body}"
    );
    assert_eq!(lead.send(Method::PUT, path, Some(1), Some(moved)).await.0, StatusCode::PRECONDITION_FAILED);
    assert_eq!(lead.send(Method::DELETE, path, None, None).await.0, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(lead.send(Method::DELETE, path, Some(2), None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(lead.get(path).await["state"], "cancelled");
    let mails =
        outbox_admin::list(&service.app, &operator, &outbox_admin::OutboxFilter::default(), None, 50).await.unwrap();
    let methods: Vec<bool> =
        mails.iter().rev().map(|one| one.payload.as_ref().unwrap().contains("METHOD:CANCEL")).collect();
    assert_eq!(methods, [false, false, true], "set, moved, cancelled");
    let bad = json!({"starts_at": "2024-08-22T15:00:00"});
    assert_eq!(lead.send(Method::PUT, path, None, Some(bad)).await.0, StatusCode::BAD_REQUEST, "a time without a zone");
}
