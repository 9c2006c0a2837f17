//! What bodies of requests may be: their media type, and how deep JSON is nested.

use fupan::domain::actor::Role;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use support::Service;

use super::{NOW, client};

struct Sender {
    url: String,
    token: String,
}

impl Sender {
    async fn send(&self, method: Method, path: &str, media: Option<&str>, body: &str) -> (StatusCode, Value) {
        let mut request = client().request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token);
        if let Some(media) = media {
            request = request.header("Content-Type", media);
        }
        let answer = request.header("If-Match", "\"1\"").body(body.to_owned()).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }
}

const EVENT: &str = r#"{"narrative": "对账延迟", "occurred_at": "2024-08-20T12:00:00+08:00"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn only_json_is_taken_as_json_and_files_by_their_own_types() {
    let service = Service::start(NOW).await;
    let lead = Sender { url: service.url.clone(), token: service.token(Role::Lead).await };
    for media in [
        None,
        Some("text/plain"),
        Some("text/plain; charset=application/json"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
        Some("application/xml"),
        Some("text/json"),
        Some(""),
        Some("application/json-patch+json"),
        Some("json, application/json"),
    ] {
        let (status, said) = lead.send(Method::POST, "/events", media, EVENT).await;
        assert_eq!((status, &said["code"]), (StatusCode::UNSUPPORTED_MEDIA_TYPE, &"media_type".into()), "{media:?}");
        assert!(said["detail"].as_str().unwrap().contains("Content-Type: application/json"), "{said}");
    }
    for media in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.example+json"] {
        let (status, said) = lead.send(Method::POST, "/events", Some(media), EVENT).await;
        assert_eq!(status, StatusCode::CREATED, "{media}: {said}");
    }
    let patch = r#"{"summary": "改过"}"#;
    let (status, said) = lead.send(Method::PATCH, "/events/1", Some("application/merge-patch+json"), patch).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let operations = r#"[{"op": "remove", "path": "/summary"}]"#;
    let (status, _) = lead.send(Method::PATCH, "/events/1", Some("application/json-patch+json"), operations).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    // Without a body there is no type of it.
    let (status, said) = lead.send(Method::POST, "/events/3:undo", None, "").await;
    assert_ne!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{said}");
    let report = "# 周报 2024-W34\n\n## 【生产事件】\n\n08/19 15:00 退款延迟，15:30 恢复正常。\n";
    for (media, taken) in [
        (None, true),
        (Some("text/markdown; charset=utf-8"), true),
        (Some("text/plain"), true),
        (Some("application/octet-stream"), true),
        (Some("application/x-www-form-urlencoded"), false),
        (Some("multipart/form-data; boundary=x"), false),
        (Some("image/png"), false),
    ] {
        let (status, said) = lead.send(Method::POST, "/imports?dry_run=true", media, report).await;
        let wanted = if taken { StatusCode::OK } else { StatusCode::UNSUPPORTED_MEDIA_TYPE };
        assert_eq!(status, wanted, "{media:?}: {said}");
    }
    // Who may not do it at all is told that, whatever they send.
    let viewer = Sender { url: service.url.clone(), token: service.token(Role::Viewer).await };
    assert_eq!(viewer.send(Method::POST, "/events", Some("text/plain"), EVENT).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_nested_too_deep_is_refused_before_it_is_read() {
    let service = Service::start(NOW).await;
    let lead = Sender { url: service.url.clone(), token: service.token(Role::Admin).await };
    let nested = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        for levels in [40, 127, 5_000, 200_000] {
            let body = nested(open, close, levels);
            for (method, path) in [
                (Method::POST, "/events"),
                (Method::PATCH, "/events/1"),
                (Method::PUT, "/policies/severity"),
                (Method::PUT, "/report-styles/house"),
                (Method::POST, "/events/1/action-items"),
                (Method::POST, "/imports:batch"),
                (Method::POST, "/indicators/a/samples"),
                (Method::POST, "/events:bulk"),
            ] {
                let (status, said) = lead.send(method.clone(), path, Some("application/json"), &body).await;
                assert_eq!(
                    (status, &said["code"]),
                    (StatusCode::BAD_REQUEST, &"too_deep".into()),
                    "{method} {path} {levels}"
                );
            }
        }
    }
    // What is not too deep is read, whatever stands in its texts.
    let (status, said) = lead.send(Method::POST, "/events", Some("application/json"), &nested("[", "]", 32)).await;
    assert_eq!((status, &said["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &"invalid".into()), "{said}");
    let event = EVENT.replace("对账延迟", &format!("对账延迟 \\\"{}\\\\", "[{".repeat(100)));
    let (status, said) = lead.send(Method::POST, "/events", Some("application/json"), &event).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    let rows = "{\"t\": 1724050800, \"total\": 1, \"success\": 1}\n".repeat(100);
    let (status, said) = lead.send(Method::POST, "/indicators/a/samples", Some("application/x-ndjson"), &rows).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{said}");
}
