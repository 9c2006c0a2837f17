use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use fupan::domain::actor::Role;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use support::Service;

const NOW: &str = "2024-08-21T06:08:30Z";

struct Caller {
    service: Service,
    client: Client,
    token: String,
}

impl Caller {
    async fn new(role: Role) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Service::start(NOW).await;
        let token = service.token(role).await;
        Self { service, client: Client::new(), token }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1/indicators{path}", self.service.url)
    }

    async fn get(&self, path: &str) -> Value {
        self.client.get(self.url(path)).bearer_auth(&self.token).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(self.url(path)).bearer_auth(&self.token).json(body).send().await.unwrap()
    }

    async fn send(&self, path: &str, media: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        let request =
            self.client.post(self.url(path)).bearer_auth(&self.token).header("Content-Type", media).body(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indicator_is_made_changed_defined_and_given_objectives() {
    let caller = Caller::new(Role::Lead).await;
    let made = caller
        .post("", &json!({"key": "withdraw-success", "name": "提现有效成功率", "exclusions": {"E51": "user"}}))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(made.headers()["location"], "/api/v1/indicators/withdraw-success");
    let made: Value = made.json().await.unwrap();
    assert_eq!(
        (made["unit"].as_str(), made["digits"].as_i64(), made["definition"].as_i64()),
        (Some("%"), Some(3), Some(1))
    );
    let again = caller.post("", &json!({"key": "withdraw-success"})).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    for bad in [
        json!({"key": "提现"}),
        json!({"key": "x", "kind": "y"}),
        json!({"key": "x", "exclusions": {"1": "z"}}),
        json!({"key": "x", "digits": 7}),
    ] {
        assert_eq!(caller.post("", &bad).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }

    let patch = |etag: &'static str, body: Value| {
        caller
            .client
            .patch(caller.url("/withdraw-success"))
            .bearer_auth(&caller.token)
            .header("If-Match", etag)
            .json(&body)
            .send()
    };
    assert_eq!(patch("\"7\"", json!({"digits": 4})).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    let changed: Value = patch("\"1\"", json!({"digits": 4, "unit": null})).await.unwrap().json().await.unwrap();
    assert_eq!(
        (changed["digits"].as_i64(), changed["unit"].is_null(), changed["version"].as_i64()),
        (Some(4), true, Some(2))
    );

    let defined = caller
        .post(
            "/withdraw-success/definitions",
            &json!({"valid_from": "2024-09-01", "exclusions": {"E51": "user", "R1": "risk_control"}, "note": "风控"}),
        )
        .await;
    assert_eq!(defined.status(), StatusCode::CREATED);
    let early =
        caller.post("/withdraw-success/definitions", &json!({"valid_from": "2024-08-01", "exclusions": {}})).await;
    assert_eq!(early.status(), StatusCode::UNPROCESSABLE_ENTITY, "a version does not begin before the one before it");
    let all = caller.get("/withdraw-success/definitions").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    assert_eq!(all["data"][0]["exclusions"], json!({"E51": "user"}), "the first version stays as it was");

    let put = |window: &str, target: &str| {
        let url = caller.url(&format!("/withdraw-success/objectives/{window}"));
        caller.client.put(url).bearer_auth(&caller.token).json(&json!({"target": target})).send()
    };
    assert_eq!(put("year", "99.95").await.unwrap().status(), StatusCode::OK);
    assert_eq!(put("week", "99.9").await.unwrap().status(), StatusCode::OK);
    for (window, target) in [("year", "100"), ("day", "99"), ("year", "x"), ("year", "0")] {
        assert_eq!(put(window, target).await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY, "{window} {target}");
    }
    let read = caller.get("/withdraw-success").await;
    assert_eq!(
        read["objectives"],
        json!([{"window": "week", "target": "99.9", "version": 1}, {"window": "year", "target": "99.95", "version": 1}])
    );
    let gone = caller
        .client
        .delete(caller.url("/withdraw-success/objectives/week"))
        .bearer_auth(&caller.token)
        .header("If-Match", "\"1\"")
        .send();
    assert_eq!(gone.await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(caller.get("?limit=1").await["data"][0]["objectives"].as_array().unwrap().len(), 1);
    assert_eq!(caller.get("?limit=1").await["next_cursor"], "withdraw-success");
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_come_as_json_lines_or_tables_and_the_same_minute_replaces() {
    let caller = Caller::new(Role::Lead).await;
    caller.post("", &json!({"key": "pay"})).await;
    let rows = json!([
        {"t": "2024-08-19T15:00:00+08:00", "total": 100, "success": 90, "excluded": 5},
        {"t": 1_724_050_860, "total": 100, "success": 100},
    ]);
    let (status, answer) = caller.send("/pay/samples", "application/json", rows.to_string()).await;
    assert_eq!((status, answer["accepted"].as_u64(), answer["changed"].as_u64()), (StatusCode::OK, Some(2), Some(2)));
    let (_, answer) = caller.send("/pay/samples", "application/json", json!({"samples": rows}).to_string()).await;
    assert_eq!((answer["accepted"].as_u64(), answer["changed"].as_u64()), (Some(2), Some(0)), "sent twice, done once");
    let csv = "时间,支付笔数,成功\n2024-08-19 15:01,50,40\n2024-08-19 15:02,10,10\n";
    let (status, answer) =
        caller.send("/pay/samples?map=total%3D%E6%94%AF%E4%BB%98%E7%AC%94%E6%95%B0", "text/csv", csv).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!((answer["changed"].as_u64(), answer["corrected"].as_u64()), (Some(2), Some(1)));
    let lines = "{\"t\":\"2024-08-21T06:08:00Z\",\"total\":7,\"success\":7,\"estimated\":true}\n";
    let packed = gzip(lines.as_bytes());
    let request = caller.client.post(caller.url("/pay/samples")).bearer_auth(&caller.token);
    let answer = request
        .header("Content-Type", "application/x-ndjson")
        .header("Content-Encoding", "gzip")
        .body(packed)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let totals = caller.get("/pay/totals?period=2024-W34").await;
    let expected = json!({
        "indicator": "pay", "from": "2024-08-19T00:00:00+08:00", "to": "2024-08-21T14:08:00+08:00",
        "total": 160, "success": 140, "excluded": 5, "eligible": 155, "failed": 15,
        "effective_rate": "90.322", "business_rate": "87.500", "system_rate": "90.625", "minutes": 3_728, "measured": 3, "by_hand": 0, "by_hand_spans": [], "coverage": "0.08",
        "estimated": 0, "definition": 1, "revision": 3,
    });
    assert_eq!(totals, expected, "the minute that runs is not over");
    let minutes = caller.get("/pay/samples?from=2024-08-19T15:01:00%2B08:00").await;
    assert_eq!(
        minutes["data"][0],
        json!({"t": "2024-08-19T15:01:00+08:00", "total": 50, "success": 40, "excluded": 0, "estimated": false})
    );
    assert_eq!(minutes["data"].as_array().unwrap().len(), 3);
    let empty = caller.get("/pay/totals?period=2023").await;
    assert_eq!(
        (empty["effective_rate"].is_null(), empty["coverage"].as_str()),
        (true, Some("0.00")),
        "no traffic is no 100 %"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_rows_are_named_and_nothing_is_stored_unless_the_good_ones_are_asked_for() {
    let caller = Caller::new(Role::Lead).await;
    caller.post("", &json!({"key": "pay"})).await;
    let rows = json!([
        {"t": "2024-08-19T15:00:00+08:00", "total": 100, "success": 90},
        {"t": "2024-08-19T15:00:30+08:00", "total": 100, "success": 90},
        {"t": "2024-08-19T15:01:00+08:00", "total": 100, "success": 90, "excluded": 11},
        {"t": "2024-08-21T06:09:00Z", "total": 1, "success": 1},
        {"t": "2024-08-19T15:02:00+08:00", "total": -1, "success": 0},
        {"t": "2024-08-19T15:02:00+08:00", "total": 1.5, "success": 0},
    ])
    .to_string();
    let (status, problem) = caller.send("/pay/samples", "application/json", rows.clone()).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("rows_refused")));
    let reasons = |answer: &Value| {
        let each = |row: &Value| (row["row"].as_u64().unwrap(), row["reason"].as_str().unwrap().to_owned());
        answer.as_array().unwrap().iter().map(each).collect::<Vec<_>>()
    };
    let expected = [(2, "not_a_minute"), (3, "more_than_total"), (4, "future"), (5, "negative"), (6, "unreadable")]
        .map(|(row, reason)| (row, reason.to_owned()));
    assert_eq!(reasons(&problem["errors"]), expected);
    assert_eq!(caller.get("/pay/totals?period=2024").await["measured"], 0);
    let (status, answer) = caller.send("/pay/samples?keep_good=true", "application/json", rows).await;
    assert_eq!(
        (status, answer["accepted"].as_u64(), answer["refused_count"].as_u64()),
        (StatusCode::OK, Some(1), Some(5))
    );
    assert_eq!(reasons(&answer["refused"]), expected);
    assert_eq!(caller.get("/pay/totals?period=2024").await["measured"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_batch_of_an_indicator_is_refused() {
    let caller = Caller::new(Role::Lead).await;
    caller.post("", &json!({"key": "pay"})).await;
    caller.post("", &json!({"key": "staff", "kind": "number"})).await;
    let row = "t,total,success\n1724050800,1,1\n";
    assert_eq!(caller.send("/nosuch/samples", "text/csv", row).await.0, StatusCode::NOT_FOUND);
    assert_eq!(caller.send("/staff/samples", "text/csv", row).await.0, StatusCode::CONFLICT, "a number has no samples");
    assert_eq!(caller.send("/pay/samples", "text/csv", "a,b\n1,2\n").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(caller.send("/pay/samples", "application/json", "{}").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(caller.send("/pay/samples", "application/json", "").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let many = format!("t,total,success\n{}", "1724050800,1,1\n".repeat(100_001));
    assert_eq!(caller.send("/pay/samples", "text/csv", many).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let bomb = gzip(&vec![b'\n'; 64 * 1024 * 1024]);
    let request = caller.client.post(caller.url("/pay/samples")).bearer_auth(&caller.token);
    let answer =
        request.header("Content-Type", "text/csv").header("Content-Encoding", "gzip").body(bomb).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let broken = caller.client.post(caller.url("/pay/samples")).bearer_auth(&caller.token);
    let answer = broken.header("Content-Encoding", "gzip").body("no gzip").send().await.unwrap();
    assert!(answer.status().is_client_error(), "{}", answer.status());
    let rows: Vec<String> = (0..100_000).map(|n| format!("{},1,1", 1_710_000_000 + n * 60)).collect();
    let most = format!("t,total,success\n{}\n", rows.join("\n"));
    let (status, answer) = caller.send("/pay/samples", "text/csv", most).await;
    assert_eq!((status, answer["changed"].as_u64()), (StatusCode::OK, Some(100_000)));
    assert_eq!(caller.get("/pay/totals?period=2024").await["total"], 100_000);
}
