//! Counts of days and weeks that people write by hand.

use fupan::domain::actor::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use support::Service;

const NOW: &str = "2024-08-28T06:08:30Z";

struct House {
    service: Service,
    client: Client,
    token: String,
}

impl House {
    async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Service::start(NOW).await;
        let token = service.token(Role::Lead).await;
        let house = Self { service, client: Client::new(), token };
        house.send("POST", "/api/v1/indicators", &json!({"key": "pay", "name": "支付成功率"})).await;
        house
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self
            .client
            .request(method.parse().unwrap(), format!("{}{path}", self.service.url))
            .bearer_auth(&self.token)
            .json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn by_hand(&self, span: &str, total: i64, success: i64) -> (StatusCode, Value) {
        let body = json!({"total": total, "success": success, "note": "对账系统"});
        self.send("PUT", &format!("/api/v1/indicators/pay/hand-counts/{span}"), &body).await
    }

    async fn totals(&self, query: &str) -> Value {
        self.send("GET", &format!("/api/v1/indicators/pay/totals?{query}"), &Value::Null).await.1
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_or_week_by_hand_stands_where_nothing_was_measured() {
    let house = House::new().await;
    let (status, written) = house.by_hand("2024-W34", 1_000, 990).await;
    assert_eq!((status, &written["span"], &written["version"]), (StatusCode::OK, &json!("2024-W34"), &json!(1)));
    let week = house.totals("period=2024-W34").await;
    assert_eq!(
        (&week["total"], &week["effective_rate"], &week["coverage"]),
        (&json!(1_000), &json!("99.000"), &json!("100.00"))
    );
    assert_eq!((&week["by_hand"], &week["measured"]), (&json!(10_080), &json!(10_080)));
    let month = house.totals("period=2024-08").await;
    assert_eq!((&month["total"], &month["by_hand"]), (&json!(1_000), &json!(10_080)));
    // Half of a week is nobody's number.
    assert_eq!(house.totals("from=2024-08-19&to=2024-08-21").await["total"], 0);

    // A day comes before its week.
    house.by_hand("2024-08-20", 100, 90).await;
    let week = house.totals("period=2024-W34").await;
    assert_eq!(
        (&week["total"], &week["effective_rate"], &week["by_hand"]),
        (&json!(100), &json!("90.000"), &json!(1_440))
    );
    // A single sample comes before the day.
    let sample = json!([{"t": "2024-08-20T12:00:00+08:00", "total": 10, "success": 10}]);
    house.send("POST", "/api/v1/indicators/pay/samples", &sample).await;
    let week = house.totals("period=2024-W34").await;
    assert_eq!((&week["total"], &week["by_hand"], &week["measured"]), (&json!(10), &json!(0), &json!(1)));
    let (_, list) = house.send("GET", "/api/v1/indicators/pay/hand-counts", &Value::Null).await;
    let standing: Vec<(&str, &str)> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["span"].as_str().unwrap(), one["standing"].as_str().unwrap()))
        .collect();
    assert_eq!(standing, [("2024-08-20", "samples"), ("2024-W34", "samples")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_by_hand_are_the_figure_of_the_week_with_a_mark_and_an_audit_entry() {
    let house = House::new().await;
    house.by_hand("2024-W34", 1_000, 990).await;
    let (_, figures) = house.send("GET", "/api/v1/figures?week=2024-W34", &Value::Null).await;
    let figure = &figures["data"][0];
    assert_eq!(
        (&figure["name"], &figure["value"], &figure["source"]),
        (&json!("支付成功率"), &json!("99.000"), &json!("measured"))
    );
    assert_eq!(figure["measured"]["by_hand"], 10_080);
    let (_, ledger) = house.send("GET", "/api/v1/indicators/pay/ledger?period=2024-W34", &Value::Null).await;
    assert_eq!(
        (&ledger["failed"], &ledger["background"], &ledger["by_hand"]),
        (&json!(10), &json!(10), &json!(10_080))
    );
    let subject = ["indicator:pay".to_owned()];
    let entries = fupan::store::audit::of_subjects_since(house.service.app.store.read(), &subject, 0).await.unwrap();
    let put = entries.iter().find(|entry| entry.action == "hand_count.put").unwrap();
    assert_eq!((&put.change["span"], &put.change["counts"]["to"]["success"]), (&json!("2024-W34"), &json!(990)));

    // What is published and then changed by hand is a restatement with its cause.
    let (status, _) = house.send("POST", "/api/v1/reports/2024-W34:publish", &json!({})).await;
    assert!(status.is_success(), "{status}");
    house.service.clock.set("2024-08-28T07:08:30Z");
    house.by_hand("2024-W34", 1_000, 980).await;
    let (_, restated) = house.send("GET", "/api/v1/reports/2024-W34/restatement", &Value::Null).await;
    let text = restated.to_string();
    assert!(text.contains("98.000") && text.contains("hand_count.put"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_true_or_is_not_yet_or_was_changed_by_others_is_refused() {
    let house = House::new().await;
    for (span, total, success) in
        [("2024-W34", 10, 11), ("2024-W34", -1, 0), ("2024-W36", 10, 9), ("2024-08-29", 10, 9), ("2024-08", 10, 9)]
    {
        assert_eq!(
            house.by_hand(span, total, success).await.0,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{span} {total} {success}"
        );
    }
    assert_eq!(house.by_hand("2024-W35", 10, 9).await.0, StatusCode::OK, "a week that runs has begun");
    let url = format!("{}/api/v1/indicators/pay/hand-counts/2024-W35", house.service.url);
    let put = |version: &str| {
        house
            .client
            .put(&url)
            .bearer_auth(&house.token)
            .header("If-Match", version.to_owned())
            .json(&json!({"total": 10, "success": 8}))
            .send()
    };
    assert_eq!(put("\"0\"").await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(put("\"1\"").await.unwrap().status(), StatusCode::OK);
    let viewer = house.service.token(Role::Viewer).await;
    let forbidden =
        house.client.put(&url).bearer_auth(&viewer).json(&json!({"total": 10, "success": 8})).send().await.unwrap();
    assert_eq!(forbidden.status(), StatusCode::FORBIDDEN);
    let delete = |version: &str| {
        house.client.delete(&url).bearer_auth(&house.token).header("If-Match", version.to_owned()).send()
    };
    assert_eq!(delete("\"1\"").await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(delete("\"2\"").await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(delete("\"2\"").await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_is_said_to_be_none_by_report_page_and_api() {
    let house = House::new().await;
    house.by_hand("2024-W33", 2_000, 1_980).await;
    house.by_hand("2024-W34", 1_000, 990).await;
    // Fewer digits than the week before.
    let figures = [("2024-W33", "99.950"), ("2024-W34", "99.95")];
    for (week, value) in figures {
        let body = json!({"value": value, "unit": "%"});
        let (status, answer) = house.send("PUT", &format!("/api/v1/figures/{week}/出金成功率"), &body).await;
        assert!(status.is_success(), "{status} {answer}");
    }
    let (_, figures) = house.send("GET", "/api/v1/figures?week=2024-W34", &Value::Null).await;
    let measured = figures["data"].as_array().unwrap().iter().find(|one| one["name"] == "支付成功率").unwrap();
    assert_eq!(measured["measured"]["change"], "0.000", "{measured}");
    let get = async |path: &str| {
        let answer = house.client.get(format!("{}{path}", house.service.url)).bearer_auth(&house.token).send().await;
        answer.unwrap().text().await.unwrap()
    };
    let report = get("/api/v1/reports/2024-W34?format=md").await;
    assert!(report.contains("支付成功率：99.000%（较上周持平）"), "{report}");
    assert!(report.contains("出金成功率：99.95%（较上周持平）"), "{report}");
    let report = fupan::service::reports::weekly;
    let local = fupan::domain::actor::Actor::local_operator();
    let app = &house.service.app;
    let after = report(app, &local, "2024-W34".parse().unwrap()).await.unwrap();
    let before = report(app, &local, "2024-W33".parse().unwrap()).await.unwrap();
    let changes = fupan::service::reports::changes(&after, &before, fupan::service::reports::Section::All).join("\n");
    assert!(changes.contains("出金成功率 99.95%（较 2024-W33 持平）") && !changes.contains("0.00"), "{changes}");
}
