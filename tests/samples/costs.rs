//! What events cost, from samples over the API to the ledger; dips.

use fupan::{
    domain::actor::{Actor, Role},
    service::{dips, event_costs},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

/// Wednesday 14:08 in Shanghai.
const NOW: &str = "2024-08-21T06:08:30Z";
/// Monday 2024-08-19 15:00 in Shanghai.
const START: i64 = 1_724_050_800;

struct World {
    service: Service,
    client: Client,
    token: String,
    line: String,
}

impl World {
    /// A business line with an indicator and five weeks of 140 attempts a minute, one in 65 minutes failing.
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Service::start(NOW).await;
        let token = service.token(Role::Lead).await;
        let mut world = Self { service, client: Client::new(), token, line: String::new() };
        let (status, line) = world.send(Method::POST, "/services", &json!({"name": "提现"})).await;
        assert_eq!(status, StatusCode::CREATED, "{line}");
        world.line = line["id"].as_str().unwrap().to_owned();
        let made = json!({"key": "withdraw", "name": "提现有效成功率", "service_id": world.line});
        let (status, made) = world.send(Method::POST, "/indicators", &made).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let target = json!({"target": "99.95"});
        let (status, answer) = world.send(Method::PUT, "/indicators/withdraw/objectives/week", &target).await;
        assert!(status.is_success(), "{answer}");
        world.push(START - 35 * 86_400, START + 1_440 * 60, |minute| (140, i64::from(minute % 65 == 0))).await;
        world
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("{}/api/v1{path}", self.service.url);
        let mut request = self.client.request(method.clone(), url).bearer_auth(&self.token);
        if method != Method::GET {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.send(Method::GET, path, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// Samples of `from..to` (seconds): attempts and failures of each minute.
    async fn push(&self, from: i64, to: i64, counts: impl Fn(i64) -> (i64, i64)) {
        let row = |minute: i64| {
            let (total, failed) = counts(minute);
            format!("{},{total},{}\n", minute * 60, total - failed)
        };
        let csv: String = (from / 60..to / 60).map(row).collect();
        let answer = self
            .client
            .post(format!("{}/api/v1/indicators/withdraw/samples", self.service.url))
            .bearer_auth(&self.token)
            .header("Content-Type", "text/csv")
            .body(format!("t,total,success\n{csv}"))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    }

    /// 30 minutes in which 684 attempts fail.
    async fn trouble(&self) {
        self.push(START, START + 1_800, |minute| (140, if minute % 5 == 0 { 22 } else { 23 })).await;
    }

    async fn event(&self, declared: i64) -> String {
        let body = json!({
            "occurred_at": "2024-08-19T15:00:00+08:00", "recovered_at": "2024-08-19T15:30:00+08:00",
            "summary": "提现失败", "services": [{"service_id": self.line}],
            "impacts": [{"kind": "count", "number": declared, "unit": "笔", "approximate": true}],
        });
        let (status, made) = self.send(Method::POST, "/events", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        format!("/events/{}", made["number"])
    }

    async fn cost(&self, event: &str) -> Value {
        let costs = self.get(&format!("{event}/costs")).await;
        assert_eq!(costs["data"].as_array().unwrap().len(), 1, "{costs}");
        costs["data"][0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_states_its_cost_and_the_week_its_events() {
    let world = World::new().await;
    world.trouble().await;
    let event = world.event(684).await;
    let cost = world.cost(&event).await;
    assert_eq!(
        (cost["failed"].as_i64(), cost["excess"].as_i64(), cost["missing"].as_i64()),
        (Some(684), Some(684), Some(0))
    );
    assert_eq!((cost["known"].as_bool(), cost["declared_is"].as_str()), (Some(true), Some("fits")), "{cost}");
    assert_eq!(cost["pieces"][0]["baseline"], "weeks");
    assert_eq!(cost["pieces"][0]["baseline_days"], json!(["2024-07-22", "2024-07-29", "2024-08-05", "2024-08-12"]));
    let week = &cost["periods"][0];
    assert_eq!((week["window"].as_str(), week["target"].as_str()), (Some("week"), Some("99.95")), "{cost}");
    assert!(week["rate"].as_str() < week["rate_without"].as_str(), "{week}");

    let ledger = world.get("/indicators/withdraw/ledger?period=2024-W34").await;
    let sum: i64 = ledger["events"].as_array().unwrap().iter().map(|one| one["excess"].as_i64().unwrap()).sum();
    assert_eq!(ledger["failed"].as_i64().unwrap(), sum + ledger["background"].as_i64().unwrap());
    assert_eq!(ledger["events"][0]["event"], "PE-1");
    assert_eq!(ledger["explained"], 684);
    assert_eq!(
        ledger["failed"].as_i64().unwrap(),
        ledger["eligible"].as_i64().unwrap() - ledger["success"].as_i64().unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_number_that_contradicts_the_measured_one_is_told() {
    let world = World::new().await;
    world.trouble().await;
    let cost = world.cost(&world.event(200).await).await;
    assert_eq!((cost["declared"].as_i64(), cost["declared_is"].as_str()), (Some(200), Some("too_low")));
    let cost = world.cost(&world.event(5_000).await).await;
    assert_eq!(cost["declared_is"], "too_high");
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_follow_late_samples_and_changes_of_events() {
    let world = World::new().await;
    let event = world.event(684).await;
    assert_eq!(world.cost(&event).await["excess"], 0);
    world.trouble().await;
    assert_eq!(world.cost(&event).await["excess"], 684);
    // The same week before, 100 of 4,200 failed: the baseline is higher, until somebody says that this was an event.
    world.push(START - 7 * 86_400, START - 7 * 86_400 + 1_800, |_| (140, 7)).await;
    let raised = world.cost(&event).await["excess"].as_i64().unwrap();
    assert!((620..660).contains(&raised), "{raised}");
    let earlier = json!({
        "occurred_at": "2024-08-12T14:55:00+08:00", "recovered_at": "2024-08-12T15:35:00+08:00",
        "summary": "提现变慢", "services": [{"service_id": world.line}],
    });
    let (status, made) = world.send(Method::POST, "/events", &earlier).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    event_costs::refresh(&world.service.app).await.unwrap();
    assert_eq!(world.cost(&event).await["excess"], 684);
    // It ends ten minutes earlier: a third less.
    let (_, now) = world.send(Method::GET, &event, &Value::Null).await;
    let version = now["version"].as_i64().unwrap();
    let changed = world
        .client
        .patch(format!("{}/api/v1{event}", world.service.url))
        .bearer_auth(&world.token)
        .header("If-Match", format!("\"{version}\""))
        .json(&json!({"recovered_at": "2024-08-19T15:20:00+08:00"}))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(world.cost(&event).await["excess"], 456);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_event_explains_nothing_and_a_drill_costs_nothing() {
    let world = World::new().await;
    world.trouble().await;
    let event = world.event(684).await;
    assert_eq!(world.get("/indicators/withdraw/ledger?period=2024-W34").await["explained"], 684);
    let (_, now) = world.send(Method::GET, &event, &Value::Null).await;
    let gone = world
        .client
        .delete(format!("{}/api/v1{event}", world.service.url))
        .bearer_auth(&world.token)
        .header("If-Match", format!("\"{}\"", now["version"]))
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    let ledger = world.get("/indicators/withdraw/ledger?period=2024-W34").await;
    assert_eq!((ledger["explained"].as_i64(), ledger["events"].as_array().map(Vec::len)), (Some(0), Some(0)));
    let drill = json!({
        "occurred_at": "2024-08-19T15:00:00+08:00", "recovered_at": "2024-08-19T15:30:00+08:00", "kind": "drill",
        "summary": "提现演练", "services": [{"service_id": world.line}],
    });
    let (_, made) = world.send(Method::POST, "/events", &drill).await;
    let cost = world.cost(&format!("/events/{}", made["number"])).await;
    assert_eq!((cost["excess"].as_i64(), cost["known"].as_bool()), (Some(0), Some(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_linked_to_an_indicator_and_cut_off_by_hand() {
    let world = World::new().await;
    world.trouble().await;
    let body = json!({"occurred_at": "2024-08-19T15:00:00+08:00", "recovered_at": "2024-08-19T15:30:00+08:00", "summary": "银行超时"});
    let (_, made) = world.send(Method::POST, "/events", &body).await;
    let event = format!("/events/{}", made["number"]);
    assert_eq!(world.get(&format!("{event}/costs")).await["data"], json!([]));
    let path = format!("{event}/indicators/withdraw");
    let (status, costs) = world.send(Method::PUT, &path, &json!({"link": "linked"})).await;
    assert_eq!((status, costs["data"][0]["excess"].as_i64()), (StatusCode::OK, Some(684)), "{costs}");
    assert_eq!(costs["data"][0]["linked"], true);
    let (_, costs) = world.send(Method::PUT, &path, &json!({"link": "cut"})).await;
    assert_eq!(costs["data"], json!([]));
    let (status, refusal) = world.send(Method::PUT, &path, &json!({"link": "maybe"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    let (status, _) = world.send(Method::PUT, &format!("{event}/indicators/none"), &json!({"link": "cut"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_event_stays_in_the_sum_of_a_ledger_without_a_name() {
    let world = World::new().await;
    world.trouble().await;
    let body = json!({
        "occurred_at": "2024-08-19T15:00:00+08:00", "recovered_at": "2024-08-19T15:30:00+08:00",
        "summary": "提现失败", "services": [{"service_id": world.line}], "restricted": true,
    });
    let (status, made) = world.send(Method::POST, "/events", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let other = world.service.token(Role::Viewer).await;
    let answer = world
        .client
        .get(format!("{}/api/v1/indicators/withdraw/ledger?period=2024-W34", world.service.url))
        .bearer_auth(&other)
        .send()
        .await
        .unwrap();
    let ledger: Value = answer.json().await.unwrap();
    assert_eq!((&ledger["events"][0]["event"], ledger["explained"].as_i64()), (&Value::Null, Some(684)), "{ledger}");
    assert!(!ledger.to_string().contains("PE-1"), "{ledger}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dip_is_proposed_once_and_becomes_an_event() {
    let world = World::new().await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 0);
    world.trouble().await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 1);
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 0);
    let list = world.get("/dips").await;
    let dip = &list["data"][0];
    assert_eq!(
        (dip["from"].as_str(), dip["to"].as_str()),
        (Some("2024-08-19T15:00:00+08:00"), Some("2024-08-19T15:30:00+08:00"))
    );
    assert_eq!((dip["excess"].as_i64(), dip["indicator"].as_str()), (Some(684), Some("withdraw")), "{dip}");
    assert!(dip["sentence"].as_str().unwrap().starts_with("提现有效成功率降至83.71%，影响约684笔"), "{dip}");
    let path = format!("/dips/{}/accept", dip["id"].as_str().unwrap());
    let (status, accepted) = world.send(Method::POST, &path, &json!({"severity": "C"})).await;
    assert_eq!((status, accepted["event"].as_str()), (StatusCode::OK, Some("PE-1")), "{accepted}");
    let event = world.get("/events/1").await;
    assert_eq!(
        (event["severity"].as_str(), event["occurred_at"].as_str()),
        (Some("C"), Some("2024-08-19T15:00:00+08:00"))
    );
    assert_eq!(world.cost("/events/1").await["excess"], 684);
    // Twice is once, and new samples do not propose it again.
    let (status, refusal) = world.send(Method::POST, &path, &json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refusal}");
    world.push(START + 1_800, START + 1_860, |_| (141, 0)).await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 0);
    assert_eq!(world.get("/dips").await["data"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dip_that_an_event_explains_is_not_proposed_and_a_dismissed_one_does_not_come_back() {
    let world = World::new().await;
    world.trouble().await;
    world.event(684).await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 0);
    // Another one an hour later.
    world.push(START + 7_200, START + 7_500, |_| (140, 30)).await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 1);
    let id = world.get("/dips").await["data"][0]["id"].as_str().unwrap().to_owned();
    let (status, refusal) = world.send(Method::POST, &format!("/dips/{id}/dismiss"), &json!({"reason": " "})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
    let (status, gone) = world.send(Method::POST, &format!("/dips/{id}/dismiss"), &json!({"reason": "压测"})).await;
    assert_eq!(
        (status, gone["state"].as_str(), gone["reason"].as_str()),
        (StatusCode::OK, Some("dismissed"), Some("压测"))
    );
    world.push(START + 7_500, START + 7_560, |_| (141, 0)).await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 0);
    let dismissed = world.get("/dips?state=dismissed").await;
    assert_eq!(dismissed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dip_is_put_to_an_event_that_is_there() {
    let world = World::new().await;
    world.trouble().await;
    assert_eq!(dips::watch(&world.service.app).await.unwrap(), 1);
    let body = json!({"occurred_at": "2024-08-19T14:58:00+08:00", "recovered_at": "2024-08-19T15:32:00+08:00", "summary": "银行超时"});
    let (_, made) = world.send(Method::POST, "/events", &body).await;
    let id = world.get("/dips").await["data"][0]["id"].as_str().unwrap().to_owned();
    let put = json!({"event": format!("PE-{}", made["number"])});
    let (status, merged) = world.send(Method::POST, &format!("/dips/{id}/merge"), &put).await;
    assert_eq!(
        (status, merged["state"].as_str(), merged["event"].as_str()),
        (StatusCode::OK, Some("merged"), Some("PE-1")),
        "{merged}"
    );
    assert_eq!(world.cost("/events/1").await["linked"], true);
    let seen =
        dips::page(&world.service.app, &Actor::local_operator(), fupan::domain::dips::DipState::Merged, None, 10).await;
    assert_eq!(seen.unwrap().len(), 1);
}
