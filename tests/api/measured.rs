//! Figures from samples in the report of a week, and what becomes of a published one when samples change.

use fupan::domain::actor::Role;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use support::Service;

use crate::client;

/// Monday after 2024-W34.
const NOW: &str = "2024-08-26T02:00:30Z";
/// Minutes of a week.
const WEEK: i64 = 10_080;
/// 2024-08-12 and 2024-08-19, 00:00 in Shanghai, in minutes.
const W33: i64 = 28_723_680 - 480;
const W34: i64 = W33 + WEEK;

pub struct House {
    pub service: Service,
    pub client: Client,
    pub token: String,
}

impl House {
    pub async fn new() -> Self {
        let service = Service::start(NOW).await;
        let token = service.token(Role::Admin).await;
        Self { service, client: client(), token }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.service.url)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).bearer_auth(&self.token).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.client.post(self.url(path)).bearer_auth(&self.token).json(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn put(&self, path: &str, body: &Value) -> Value {
        let answer = self.client.put(self.url(path)).bearer_auth(&self.token).json(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn indicator(&self, key: &str, name: &str) {
        self.post(
            "indicators",
            &json!({"key": key, "name": name, "kind": "success_rate", "digits": 3, "valid_from": "2024-01-01"}),
        )
        .await;
    }

    /// Samples of `minutes` minutes from the minute `from`: attempts and successes of each.
    pub async fn samples(&self, key: &str, from: i64, minutes: i64, total: i64, success: i64) {
        let mut table = String::from("time,total,success\n");
        for minute in from..from + minutes {
            table.push_str(&format!("{},{total},{success}\n", minute * 60));
        }
        let request = self.client.post(self.url(&format!("indicators/{key}/samples"))).bearer_auth(&self.token);
        let answer = request.header("Content-Type", "text/csv").body(table).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    }

    pub async fn restatement(&self) -> Value {
        self.json("reports/2024-W34/restatement").await
    }
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} of {list}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_stands_in_the_report_and_a_contradicting_report_is_told() {
    let house = House::new().await;
    house.indicator("deposit", "入金有效成功率").await;
    house.indicator("withdraw", "提现有效成功率").await;
    house.samples("deposit", W33, WEEK, 1_000, 999).await;
    house.samples("deposit", W34, WEEK, 1_000, 998).await;
    house.samples("withdraw", W34, WEEK, 100, 100).await;
    house.put("figures/2024-W34/入金有效成功率", &json!({"value": "99.95"})).await;
    house.put("figures/2024-W34/平均耗时", &json!({"value": "800", "unit": "ms"})).await;

    let report = house.json("reports/2024-W34").await;
    let deposit = named(&report["figures"], "入金有效成功率");
    assert_eq!((deposit["value"].as_str(), deposit["source"].as_str()), (Some("99.800"), Some("measured")));
    let measured = &deposit["measured"];
    assert_eq!((measured["success"].as_i64(), measured["eligible"].as_i64()), (Some(10_059_840), Some(10_080_000)));
    assert_eq!((measured["reported"].as_str(), measured["disagrees"].as_bool()), (Some("99.95"), Some(true)));
    assert_eq!((measured["coverage"].as_str(), measured["definition"].as_i64()), (Some("100.00"), Some(1)));
    assert_eq!(measured["reported_source"], "api");
    let markdown = report["markdown"].as_str().unwrap();
    assert!(markdown.contains("- 入金有效成功率：99.800%（较上周-0.100pp）\n"), "{markdown}");
    assert_eq!(measured["change"], "-0.100", "from the printed values of both weeks");
    // Nobody reported it: it is added, without a change, because the week before was not measured.
    assert!(markdown.contains("- 提现有效成功率：100.000%\n"), "{markdown}");
    assert!(markdown.contains("平均耗时：800ms"), "{markdown}");
    assert!(report["figures"][1].get("measured").is_none(), "what is not measured says nothing of it");

    // The list and the single figure say the same; what was reported can still be written.
    let list = house.json("figures?week=2024-W34").await;
    assert_eq!(named(&list["data"], "入金有效成功率")["measured"], *measured);
    let one = house.json("figures/2024-W34/入金有效成功率").await;
    assert_eq!((one["value"].as_str(), one["version"].as_i64()), (Some("99.800"), Some(1)));
    house.put("figures/2024-W34/入金有效成功率", &json!({"value": "99.8"})).await;
    let one = house.json("figures/2024-W34/入金有效成功率").await;
    assert_eq!((one["measured"]["disagrees"].as_bool(), one["version"].as_i64()), (Some(false), Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_of_which_little_was_measured_is_marked() {
    let house = House::new().await;
    house.indicator("deposit", "入金有效成功率").await;
    house.samples("deposit", W34, WEEK * 9 / 10, 10, 10).await;
    let report = house.json("reports/2024-W34").await;
    assert_eq!(report["figures"][0]["measured"]["low_coverage"], false, "exactly nine tenths is enough");
    house.service.clock.set("2024-09-02T02:00:30Z");
    house.samples("deposit", W34 + WEEK, WEEK * 8 / 10, 10, 10).await;
    let report = house.json("reports/2024-W35").await;
    assert_eq!(report["figures"][0]["measured"]["low_coverage"], true);
    let markdown = report["markdown"].as_str().unwrap();
    assert!(markdown.contains("入金有效成功率：100.000%（覆盖率 80.00%）（较上周持平）\n"), "{markdown}");
    // Read again, the mark is no figure of its own.
    let read = house.client.post(house.url("imports?week=2024-W36&dry_run=true")).bearer_auth(&house.token);
    let read = read.header("Content-Type", "text/markdown").body(markdown.to_owned()).send().await.unwrap();
    let read: Value = read.json().await.unwrap();
    assert_eq!(read["data"].as_array().map_or(9, Vec::len), 1, "{read}");
    assert_eq!(read["data"][0]["text"], "入金有效成功率 100.000%");
    // The house may ask for less.
    let policy = house.json("policies/figures").await;
    let mut document = policy["document"].clone();
    if let Some(text) = document.as_str() {
        document = serde_json::from_str(text).unwrap();
    }
    document["least_coverage_percent"] = json!(80);
    let version = policy["version"].as_i64().unwrap();
    let put = house.client.put(house.url("policies/figures")).bearer_auth(&house.token);
    let done =
        put.header("If-Match", format!("\"{version}\"")).json(&json!({"document": document})).send().await.unwrap();
    assert!(done.status().is_success(), "{}", done.text().await.unwrap());
    let report = house.json("reports/2024-W35").await;
    assert_eq!(report["figures"][0]["measured"]["low_coverage"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_document_changes_by_its_measured_value_alone() {
    let house = House::new().await;
    let document = "# 周报 2024-W34\n\n## 【系统运行数据】\n\n* 入金有效成功率： 99.95% （较上周 +0.01pp）\n* 可用率：99.998%\n\n## 【生产事件】\n\n无\n";
    let request = house.client.post(house.url("imports?week=2024-W34")).bearer_auth(&house.token);
    let done = request.header("Content-Type", "text/markdown").body(document).send().await.unwrap();
    assert!(done.status().is_success(), "{}", done.text().await.unwrap());
    let before = house.text("reports/2024-W34?format=md").await;
    house.indicator("deposit", "入金有效成功率").await;
    assert_eq!(house.text("reports/2024-W34?format=md").await, before, "an indicator without samples says nothing");
    house.samples("deposit", W33, WEEK, 1_000, 999).await;
    house.samples("deposit", W34, WEEK, 1_000, 998).await;
    let after = house.text("reports/2024-W34?format=md").await;
    assert_eq!(after, before.replace("99.95%", "99.800%").replace("+0.01pp", "-0.100pp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_figure_keeps_its_integers_and_corrected_samples_are_a_restatement_with_their_cause() {
    let house = House::new().await;
    house.indicator("deposit", "入金有效成功率").await;
    house.samples("deposit", W33, WEEK, 1_000, 999).await;
    house.samples("deposit", W34, WEEK - 60, 1_000, 998).await;
    house.post("reports/2024-W34:publish", &json!({})).await;
    let frozen = house.text("reports/2024-W34").await;
    assert_eq!(house.restatement().await["open"], false);

    // Another week's samples are no cause, and change nothing here.
    house.service.clock.set("2024-08-26T03:00:30Z");
    house.samples("deposit", W33, 10, 1_000, 999).await;
    assert_eq!(house.restatement().await["open"], false);
    // Ten minutes are corrected: the printed value stays, the integers do not.
    house.samples("deposit", W34 + 100, 10, 1_000, 997).await;
    let restated = house.restatement().await;
    let [difference] = restated["differences"].as_array().unwrap().as_slice() else { panic!("{restated}") };
    assert_eq!((difference["kind"].as_str(), difference["name"].as_str()), (Some("figure"), Some("入金有效成功率")));
    let parts: Vec<&str> =
        difference["changes"].as_array().unwrap().iter().map(|one| one["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["value", "success"], "{restated}");
    assert_eq!(difference["changes"][0]["current"], "99.799", "rounded down");
    assert_eq!(difference["changes"][1]["published"], "9999960");
    let edit = &difference["edits"][0];
    assert_eq!((edit["action"].as_str(), edit["samples"]["minutes"].as_i64()), (Some("samples.correct"), Some(10)));
    assert_eq!(edit["samples"]["from"], "2024-08-19T01:40:00+08:00");
    assert_eq!(difference["edits"].as_array().unwrap().len(), 1, "{restated}");

    // The missing hour comes late: named too, and nothing but that is new.
    house.service.clock.set("2024-08-26T04:00:30Z");
    house.samples("deposit", W34 + WEEK - 60, 60, 1_000, 998).await;
    let restated = house.restatement().await;
    let edits = restated["differences"][0]["edits"].as_array().unwrap();
    assert_eq!((edits[0]["action"].as_str(), edits.len()), (Some("samples.add"), 2));
    assert_eq!(house.text("reports/2024-W34").await, frozen, "what was published stays byte for byte");

    // A definition that begins later changes nothing of the week; one that reaches back does.
    let define = |from: &str| json!({"valid_from": from, "exclusions": {"E51": "user"}});
    house.post("reports/2024-W34:publish", &json!({})).await;
    house.post("indicators/deposit/definitions", &define("2024-08-20")).await;
    let restated = house.restatement().await;
    let changes = &restated["differences"][0]["changes"];
    assert_eq!((changes[0]["part"].as_str(), changes[0]["published"].as_str()), (Some("definition"), Some("1")));
    assert_eq!(restated["differences"][0]["edits"][0]["action"], "indicator.define");
    house.post("reports/2024-W34:publish", &json!({})).await;
    house.post("indicators/deposit/definitions", &define("2024-08-26")).await;
    assert_eq!(house.restatement().await["open"], false);
    let first = house.json("reports/2024-W34?revision=1").await;
    assert_eq!(first["figures"][0]["measured"]["definition"], 1);

    // The page and the command line read the same restatement.
    house.samples("deposit", W34, 1, 1_000, 0).await;
    let cookie = format!("fupan_session={}", house.service.cookie(Role::Admin).await);
    let page = house.client.get(format!("{}/w/2024-W34", house.service.url)).header("Cookie", cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    for words in ["更正样本", "1 分钟 08-19 00:00 – 08-19 00:00", "成功数"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measured_figure_that_nobody_reported_is_written_from_version_0() {
    let house = House::new().await;
    house.indicator("withdraw", "提现：有效成功率").await;
    house.samples("withdraw", W34, WEEK, 100, 99).await;
    let list = house.json("figures?week=2024-W34").await;
    let name = list["data"][0]["name"].as_str().unwrap().to_owned();
    let path = format!("figures/2024-W34/{name}");
    let read = house.get(&path).await;
    assert_eq!(read.headers()["etag"], "\"0\"");
    let put = |version: &str| {
        let request = house.client.put(house.url(&path)).bearer_auth(&house.token);
        request.header("If-Match", version.to_owned()).json(&json!({"value": "98.5"})).send()
    };
    assert_eq!(put("\"1\"").await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    let written = put("\"0\"").await.unwrap();
    assert_eq!((written.status(), written.headers()["etag"].to_str().unwrap()), (StatusCode::OK, "\"1\""));
    // The answer is the figure as it stands: measured, with what was reported beside it.
    let body: Value = written.json().await.unwrap();
    assert_eq!(
        (&body["value"], &body["version"], &body["measured"]["reported"]),
        (&json!("99.000"), &json!(1), &json!("98.5"))
    );
    assert_eq!(house.json(&path).await, body);
    assert_eq!(put("\"0\"").await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    let list = house.json("figures?week=2024-W34").await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_that_ran_when_it_was_published_is_restated_by_corrections_and_not_by_time() {
    let house = House::new().await;
    house.service.clock.set("2024-08-21T04:02:30Z");
    let noon = W34 + 2 * 1_440 + 720;
    house.indicator("withdraw", "提现有效成功率").await;
    house.samples("withdraw", W34, 2 * 1_440 + 720, 100, 99).await;
    house.post("reports/2024-W34:publish", &json!({})).await;
    let published = house.json("reports/2024-W34").await;
    assert_eq!(published["figures"][0]["measured"]["provisional"], true);

    // The minutes that were on their way, and the rest of the week, are no restatement.
    house.samples("withdraw", noon, 2, 100, 50).await;
    house.service.clock.set(NOW);
    house.samples("withdraw", noon + 2, WEEK - 2 * 1_440 - 722, 100, 90).await;
    let restated = house.restatement().await;
    assert_eq!((&restated["open"], &restated["differences"]), (&json!(false), &json!([])), "{restated}");
    assert_eq!(restated["partial_until"], "2024-08-21T12:02:30+08:00");

    // A correction of what was published is one, with the value that it would have had then.
    house.samples("withdraw", W34, 1_440, 100, 80).await;
    let restated = house.restatement().await;
    let [figure] = restated["differences"].as_array().unwrap().as_slice() else { panic!("{restated}") };
    assert_eq!((&figure["published"], &figure["current"]), (&json!("99.000%"), &json!("91.400%")), "{restated}");
    assert_eq!(figure["edits"][0]["action"], "samples.correct");

    // Published again, the week is whole.
    let again = house.post("reports/2024-W34:publish", &json!({})).await;
    assert_eq!(again["publication"]["revision"], 2);
    let restated = house.restatement().await;
    assert_eq!((&restated["open"], &restated["partial_until"]), (&json!(false), &Value::Null));
    let measured = house.json("reports/2024-W34").await;
    assert_eq!(measured["figures"][0]["measured"]["measured"], WEEK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_tells_what_is_allowed_used_and_left_and_how_fast_it_burns() {
    let house = House::new().await;
    let service = house.post("services", &json!({"name": "入金", "kind": "business_line"})).await;
    let id = service["id"].as_str().unwrap();
    house
        .post(
            "indicators",
            &json!({"key": "deposit", "name": "入金有效成功率", "kind": "success_rate", "service_id": id}),
        )
        .await;
    let none = house.get("indicators/deposit/budget?period=2024-W34").await;
    assert_eq!(none.status(), StatusCode::UNPROCESSABLE_ENTITY, "no objective and no target");
    house.put("indicators/deposit/objectives/week", &json!({"target": "99.95"})).await;
    house.put("indicators/deposit/objectives/year", &json!({"target": "99.99"})).await;
    // A week of 10,080,000 with 10,080 failed: twice what is allowed.
    house.samples("deposit", W34, WEEK, 1_000, 999).await;
    let week = house.json("indicators/deposit/budget?period=2024-W34").await;
    let to_date = &week["to_date"];
    assert_eq!((to_date["allowed"].as_i64(), to_date["used"].as_i64()), (Some(5_040), Some(10_080)));
    assert_eq!(
        (to_date["remaining"].as_i64(), to_date["used_percent"].as_str(), to_date["burn_rate"].as_i64()),
        (Some(-5_040), Some("200.0"), Some(2)),
        "overspent, never clamped"
    );
    assert_eq!((week["meets_target"].as_bool(), week["rate"].as_str()), (Some(false), Some("99.900")));
    assert_eq!(week["burns"], json!([]), "it is over");
    let half = house.json("indicators/deposit/budget?period=2024-W34&target=99.8").await;
    assert_eq!((half["to_date"]["used_percent"].as_str(), half["meets_target"].as_bool()), (Some("50.0"), Some(true)));

    // The year runs: half an hour of downtime by half is 15 minutes of the 52.704 of a leap year.
    let line = json!({
        "narrative": "入金超时", "occurred_at": "2024-08-19T15:00:00+08:00", "recovered_at": "2024-08-19T15:30:00+08:00",
        "services": [{"service_id": id, "shares": [{"basis_points": 5_000}]}],
    });
    let answer = house.client.post(house.url("events")).bearer_auth(&house.token).json(&line).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    house.samples("deposit", W34 + WEEK, 600, 1_000, 990).await;
    let year = house.json("indicators/deposit/budget").await;
    assert_eq!((year["window"].as_str(), year["end"].as_str()), (Some("year"), Some("2025-01-01T00:00:00+08:00")));
    let time = &year["time"];
    assert_eq!(time["to_date"]["used"], 900, "{year}");
    assert_eq!(
        (time["full_period"]["allowed"].as_i64(), time["full_period"]["remaining"].as_i64()),
        (Some(3_162), Some(2_262))
    );
    assert_eq!(time["full_year_floor"], "99.997");
    let projected = &year["projected"];
    assert!(projected["whole"].as_i64() > year["to_date"]["whole"].as_i64());
    // The last hour fails one in a hundred: a hundred times what 99.99 allows.
    let burns = year["burns"].as_array().unwrap();
    let minutes: Vec<i64> = burns.iter().map(|one| one["minutes"].as_i64().unwrap()).collect();
    assert_eq!(minutes, [5, 30, 60, 120, 360, 1_440, 4_320]);
    assert_eq!((burns[2]["burn_rate"].as_i64(), burns[2]["exhausted_in_minutes"].as_i64()), (Some(100), Some(0)));
    let calm = house.json("indicators/deposit/budget?window=rolling_28d&target=90").await;
    assert!(calm["burns"][2]["exhausted_in_minutes"].as_i64().unwrap() > 0, "{calm}");
}
