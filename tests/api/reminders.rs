//! Reminders over the API: preview, and holding them back.

use fupan::domain::actor::Role;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{LINE, NOW, client};

async fn send(client: &Client, url: &str, token: &str, method: Method, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = client.request(method, url).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_tried_before_it_is_written_and_reminders_are_held_back() {
    let service = Service::start(NOW).await;
    let (client, lead) = (client(), service.token(Role::Lead).await);
    let api = format!("{}/api/v1", service.url);
    let (status, _) = send(&client, &format!("{api}/events"), &lead, Method::POST, Some(json!({"line": LINE}))).await;
    assert_eq!(status, StatusCode::CREATED);
    let url = format!("{api}/reminder-policy:preview");
    let (status, preview) = send(&client, &url, &lead, Method::POST, Some(json!({}))).await;
    assert_eq!(status, StatusCode::OK, "{preview}");
    // Nobody owns it: the lead hears of it the working day before it is due.
    assert_eq!((&preview["data"][0]["day"], &preview["data"][0]["by"]), (&json!("2024-08-23"), &json!("mail")));
    assert_eq!(
        (&preview["data"][0]["items"][0]["label"], &preview["data"][0]["items"][0]["day"]),
        (&json!("PE-1"), &json!(-1))
    );
    let (_, policy) = send(&client, &format!("{api}/policies/reminders"), &lead, Method::GET, None).await;
    let mut document = policy["document"].clone();
    document["rules"][0]["steps"] = json!([{"day": -2, "to": ["leads"]}]);
    let (status, tried) = send(&client, &url, &lead, Method::POST, Some(json!({"document": document}))).await;
    assert_eq!((status, &tried["data"][0]["day"]), (StatusCode::OK, &json!("2024-08-22")), "{tried}");
    document["rules"][0]["steps"] = json!([{"day": -2, "to": ["boss"]}]);
    let (status, refused) = send(&client, &url, &lead, Method::POST, Some(json!({"document": document}))).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && refused["detail"].to_string().contains("boss"), "{refused}");
    let reporter = service.token(Role::Reporter).await;
    assert_eq!(send(&client, &url, &reporter, Method::POST, Some(json!({}))).await.0, StatusCode::FORBIDDEN);

    let one = format!("{api}/reminders/PE-1");
    let act = |body: Value| send(&client, &one, &lead, Method::POST, Some(body));
    let (status, held) = act(json!({"act": "snooze", "days": 3, "reason": "等渠道"})).await;
    assert_eq!((status, &held["state"], &held["until"]), (StatusCode::OK, &json!("snoozed"), &json!("2024-08-26")));
    let (_, read) = send(&client, &one, &reporter, Method::GET, None).await;
    assert_eq!(read, held);
    for (body, status) in [
        (json!({"act": "dance"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"act": "snooze", "days": 0}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"act": "stop"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"act": "stop", "reason": "并入 PE-2"}), StatusCode::OK),
        (json!({"act": "resume"}), StatusCode::OK),
    ] {
        assert_eq!(act(body.clone()).await.0, status, "{body}");
    }
    let stop = json!({"act": "stop", "reason": "x"});
    assert_eq!(send(&client, &one, &reporter, Method::POST, Some(stop)).await.0, StatusCode::FORBIDDEN);
    let (_, history) = send(&client, &format!("{api}/events/1/history"), &lead, Method::GET, None).await;
    assert!(history.to_string().contains("reminder.stop"), "{history}");
}
