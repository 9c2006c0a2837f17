//! Notifiers over the API: who people are in a tool, bots; and the zone that somebody lives in.

use fupan::domain::actor::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{NOW, client};

struct Caller {
    url: String,
    token: String,
}

impl Caller {
    async fn of(service: &Service, role: Role) -> Self {
        Self { url: format!("{}/api/v1", service.url), token: service.token(role).await }
    }

    async fn send(&self, method: Method, path: &str, version: Option<i64>, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = client().request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_people_are_in_a_tool_is_read_and_replaced_in_the_version_that_was_seen() {
    let service = Service::start(NOW).await;
    let (admin, lead) = (Caller::of(&service, Role::Admin).await, Caller::of(&service, Role::Lead).await);
    let new = json!({"name": "支付群", "tool": "wecom", "url": "https://qyapi.weixin.qq.com/send?key=0123456789ab"});
    let (status, made) = admin.send(Method::POST, "/notifiers", None, Some(new)).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let path = "/notifiers/支付群/members";
    let (status, none) = admin.send(Method::GET, path, None, None).await;
    assert_eq!((status, &none["data"]), (StatusCode::OK, &json!([])));
    let one = json!({"members": [{"account": "lead", "user_id": "zhangsan"}]});
    let (status, known) = admin.send(Method::PUT, path, Some(1), Some(one.clone())).await;
    assert_eq!((status, &known["data"][0]["user_id"]), (StatusCode::OK, &json!("zhangsan")), "{known}");
    for (version, body, status) in [
        (None, one.clone(), StatusCode::PRECONDITION_REQUIRED),
        (Some(1), json!({"members": []}), StatusCode::PRECONDITION_FAILED),
        (Some(2), json!({"members": [{"account": "lead", "user_id": "@all"}]}), StatusCode::UNPROCESSABLE_ENTITY),
        (Some(2), json!({"members": [{"account": "nobody", "user_id": "a"}]}), StatusCode::UNPROCESSABLE_ENTITY),
        (Some(2), json!({"members": [{"account": "lead", "user_id": "a", "x": 1}]}), StatusCode::BAD_REQUEST),
    ] {
        let (got, said) = admin.send(Method::PUT, path, version, Some(body.clone())).await;
        assert_eq!(got, status, "{body} {said}");
    }
    assert_eq!(lead.send(Method::GET, path, None, None).await.0, StatusCode::FORBIDDEN);
    let (_, same) = admin.send(Method::PUT, path, Some(2), Some(one)).await;
    assert_eq!(same["data"], known["data"]);

    let bot = json!({"name": "机器人", "tool": "slack", "channel": "C012AB3CD", "secret": "xoxb-1-secret"});
    let (status, made) = admin.send(Method::POST, "/notifiers", None, Some(bot)).await;
    assert_eq!((status, &made["channel"], &made["signed"]), (StatusCode::CREATED, &json!("C012AB3CD"), &json!(false)));
    assert!(!made.to_string().contains("xoxb"), "{made}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_says_in_which_zone_one_lives_and_an_administrator_says_so_of_others() {
    let service = Service::start(NOW).await;
    let (admin, reporter) = (Caller::of(&service, Role::Admin).await, Caller::of(&service, Role::Reporter).await);
    let zone = |name: Value| Some(json!({ "zone": name }));
    let (status, said) = reporter.send(Method::GET, "/accounts/me/zone", None, None).await;
    assert_eq!((status, said), (StatusCode::OK, json!({"zone": null})));
    for _ in 0..2 {
        let (status, said) = reporter.send(Method::PUT, "/accounts/me/zone", None, zone(json!("Europe/London"))).await;
        assert_eq!((status, said), (StatusCode::OK, json!({"zone": "Europe/London"})));
    }
    let (status, said) = reporter.send(Method::PUT, "/accounts/me/zone", None, zone(json!("Moon/Base"))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
    let (status, said) = admin.send(Method::GET, "/accounts/reporter/zone", None, None).await;
    assert_eq!((status, said), (StatusCode::OK, json!({"zone": "Europe/London"})));
    let (status, said) = admin.send(Method::PUT, "/accounts/reporter/zone", None, zone(Value::Null)).await;
    assert_eq!((status, said), (StatusCode::OK, json!({"zone": null})));
    for method in [Method::GET, Method::PUT] {
        let body = (method == Method::PUT).then(|| json!({"zone": null}));
        assert_eq!(reporter.send(method, "/accounts/admin/zone", None, body).await.0, StatusCode::FORBIDDEN);
    }
}
