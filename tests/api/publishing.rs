//! Published weeks over the API: frozen, restated, known again by their tags.

use fupan::domain::actor::Role;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use support::Service;

use crate::{LINE, NOW, client};

/// A service with one event and one figure of 2024-W34.
pub struct Week {
    pub service: Service,
    pub client: Client,
    pub token: String,
}

impl Week {
    pub async fn new() -> Self {
        let service = Service::start(NOW).await;
        let token = service.token(Role::Lead).await;
        let week = Self { service, client: client(), token };
        assert_eq!(week.post("events", &json!({"line": LINE})).await.status(), StatusCode::CREATED);
        week.figure("99.998").await;
        week
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.service.url)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).bearer_auth(&self.token).send().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(self.url(path)).bearer_auth(&self.token).json(body).send().await.unwrap()
    }

    pub async fn publish(&self) -> Response {
        self.client.post(self.url("reports/2024-W34:publish")).bearer_auth(&self.token).send().await.unwrap()
    }

    pub fn clock(&self, now: &str) {
        self.service.clock.set(now);
    }

    pub async fn figure(&self, value: &str) {
        let url = self.url("figures/2024-W34/入金有效成功率");
        let put = self.client.put(url).bearer_auth(&self.token).json(&json!({"value": value})).send().await.unwrap();
        assert!(put.status().is_success());
    }

    pub async fn event(&self, version: i64, change: &Value) {
        let request = self.client.patch(self.url("events/1")).bearer_auth(&self.token).json(change);
        let done = request.header("If-Match", format!("\"{version}\"")).send().await.unwrap();
        assert!(done.status().is_success(), "{}", done.text().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_week_stays_as_it_was_and_says_what_would_be_otherwise_and_who_made_it_so() {
    let week = Week::new().await;
    let none = week.get("reports/2024-W34/restatement").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    let made = week.publish().await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    assert_eq!((made["publication"]["revision"].as_i64(), made["unchanged"].as_bool()), (Some(1), Some(false)));
    let mut frozen = Vec::new();
    for format in ["md", "json", "html", "text"] {
        frozen.push((format, week.text(&format!("reports/2024-W34?format={format}")).await));
    }
    assert_eq!(week.json("reports/2024-W34/restatement").await["open"], false);

    week.figure("99.9").await;
    week.event(1, &json!({"narrative": "提现失败，影响约690笔出金交易，15:30 恢复正常。", "detected_at": "2024-08-19T15:05:00+08:00"}))
        .await;
    week.post("events", &json!({"line": "08/20 10:00 网关超时"})).await;
    for (format, text) in &frozen {
        assert_eq!(&week.text(&format!("reports/2024-W34?format={format}")).await, text, "{format} is frozen");
    }
    let now = week.text("reports/2024-W34?format=md&as=now").await;
    assert!(now.contains("690笔") && now.contains("99.9%") && now.contains("网关超时"), "{now}");
    let before: Value = serde_json::from_str(&frozen[1].1).unwrap();
    assert_eq!(before["publication"]["revision"], 1);
    assert_eq!(before["events"][0]["version"], 1);

    let restated = week.json("reports/2024-W34/restatement").await;
    let found = restated["differences"].as_array().unwrap();
    let names: Vec<_> =
        found.iter().map(|one| (one["kind"].as_str().unwrap(), one["name"].as_str().unwrap())).collect();
    assert_eq!(names, [("figure", "入金有效成功率"), ("event", "PE-1"), ("event", "PE-2")], "{restated:#}");
    assert_eq!((found[0]["published"].as_str(), found[0]["current"].as_str()), (Some("99.998%"), Some("99.9%")));
    assert_eq!(
        (found[0]["edits"][0]["action"].as_str(), found[0]["edits"][0]["by"].as_str()),
        (Some("figure.update"), Some("lead"))
    );
    assert_eq!(found[1]["changes"][0]["part"], "sentence");
    let edit = &found[1]["edits"][0];
    assert!(edit["action"] == "event.update" && edit["fields"].as_array().unwrap().contains(&json!("narrative")));
    assert_eq!(found[1]["edits"].as_array().unwrap().len(), 1, "what was done before publishing is no cause");
    assert!(found[2]["published"].is_null() && found[2]["edits"][0]["action"] == "event.create");

    let again: Value = week.publish().await.json().await.unwrap();
    assert_eq!(again["publication"]["revision"], 2);
    assert_eq!(week.text("reports/2024-W34?format=md").await, now);
    assert_eq!(week.text("reports/2024-W34?format=md&revision=1").await, frozen[0].1, "revision 1 stays for ever");
    assert_eq!(week.text("reports/2024-W34?format=json&revision=1").await, frozen[1].1);
    let unchanged = week.publish().await;
    assert_eq!(unchanged.status(), StatusCode::OK);
    assert_eq!(unchanged.json::<Value>().await.unwrap()["unchanged"], true);
    for (query, status) in [("revision=9", 404), ("revision=0", 422), ("as=then", 422), ("as=now&revision=1", 422)] {
        assert_eq!(week.get(&format!("reports/2024-W34?{query}")).await.status().as_u16(), status, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_left_the_week_and_a_mark_that_moved_on_name_their_edits() {
    let week = Week::new().await;
    week.post("events", &json!({"line": "08/20 10:00 网关超时"})).await;
    week.publish().await;
    let url = week.url("events/1/postmortem");
    let done = week.client.patch(url).bearer_auth(&week.token).header("If-Match", "\"1\"");
    assert!(done.json(&json!({"state": "done"})).send().await.unwrap().status().is_success());
    let url = week.url("events/2");
    let moved =
        week.client.patch(url).bearer_auth(&week.token).header("If-Match", "\"1\"").json(&json!({"week": "2024-W35"}));
    assert!(moved.send().await.unwrap().status().is_success());
    let restated = week.json("reports/2024-W34/restatement").await;
    let found = restated["differences"].as_array().unwrap();
    assert_eq!(
        found[0]["changes"],
        json!([{"part": "mark", "published": "待复盘", "current": "已复盘"}]),
        "{restated:#}"
    );
    assert_eq!(found[0]["edits"][0]["action"], "postmortem.done");
    assert!(
        found[1]["current"].is_null() && found[1]["edits"][0]["fields"].as_array().unwrap().contains(&json!("week"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_week_is_computed_again_and_its_revisions_stay() {
    let week = Week::new().await;
    week.publish().await;
    let frozen = week.text("reports/2024-W34?format=md").await;
    week.figure("99.1").await;
    let withdraw = async || {
        let request = week.client.post(week.url("reports/2024-W34:withdraw")).bearer_auth(&week.token);
        request.send().await.unwrap().status()
    };
    assert_eq!(withdraw().await, StatusCode::NO_CONTENT);
    assert_eq!(withdraw().await, StatusCode::NOT_FOUND);
    assert!(week.text("reports/2024-W34?format=md").await.contains("99.1%"));
    assert_eq!(week.text("reports/2024-W34?format=md&revision=1").await, frozen);
    assert_eq!(week.publish().await.json::<Value>().await.unwrap()["publication"]["revision"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_at_the_same_time_makes_one_revision_and_a_key_gets_one_answer() {
    let week = Week::new().await;
    let send = |key: &'static str| {
        let request = week.client.post(week.url("reports/2024-W34:publish")).bearer_auth(&week.token);
        request.header("Idempotency-Key", key).send()
    };
    let running: Vec<_> = (0..6)
        .map(|_| tokio::spawn(week.client.post(week.url("reports/2024-W34:publish")).bearer_auth(&week.token).send()))
        .collect();
    let mut created = 0;
    for one in running {
        let answer = one.await.unwrap().unwrap();
        created += usize::from(answer.status() == StatusCode::CREATED);
        assert_eq!(answer.json::<Value>().await.unwrap()["publication"]["revision"], 1);
    }
    assert_eq!(created, 1);
    week.figure("99.5").await;
    let first = send("p1").await.unwrap();
    assert_eq!(first.status(), StatusCode::CREATED);
    week.figure("99.4").await;
    let again = send("p1").await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap()["publication"]["revision"], 2, "the first answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_the_reader_has_is_not_sent_again() {
    let week = Week::new().await;
    let mut tags = std::collections::BTreeSet::new();
    for format in ["md", "json", "html", "text"] {
        let url = week.url(&format!("reports/2024-W34?format={format}"));
        let ask = |known: Option<String>| {
            let request = week.client.get(&url).bearer_auth(&week.token);
            known.into_iter().fold(request, |request, known| request.header("If-None-Match", known)).send()
        };
        let first = ask(None).await.unwrap();
        let etag = first.headers()["etag"].to_str().unwrap().to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'), "a strong tag: {etag}");
        assert_eq!(first.headers()["cache-control"], "private, no-cache");
        for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let answer = ask(Some(known.clone())).await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(answer.headers()["etag"], etag.as_str());
            assert!(answer.text().await.unwrap().is_empty());
        }
        assert_eq!(ask(Some("\"x\"".to_owned())).await.unwrap().status(), StatusCode::OK);
        let head = week.client.head(&url).bearer_auth(&week.token).send().await.unwrap();
        assert_eq!(head.headers()["etag"], etag.as_str());
        tags.insert(etag.clone());
        week.figure("99.9").await;
        assert_eq!(ask(Some(etag)).await.unwrap().status(), StatusCode::OK, "changed bytes, another tag");
        week.figure("99.998").await;
    }
    assert_eq!(tags.len(), 4, "every format has a tag of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_figures_counts_and_events_are_restated_with_who_removed_them() {
    let week = Week::new().await;
    let count = week.url("incident-counts/2024-W34/C");
    let put = week.client.put(&count).bearer_auth(&week.token).json(&json!({"count": "0.5"}));
    assert!(put.send().await.unwrap().status().is_success());
    week.publish().await;
    for path in ["incident-counts/2024-W34/C", "figures/2024-W34/入金有效成功率", "events/1"] {
        let gone = week.client.delete(week.url(path)).bearer_auth(&week.token).header("If-Match", "\"1\"").send();
        assert_eq!(gone.await.unwrap().status(), StatusCode::NO_CONTENT, "{path}");
    }
    let restated = week.json("reports/2024-W34/restatement").await;
    let found = restated["differences"].as_array().unwrap();
    let told: Vec<_> = found
        .iter()
        .map(|one| {
            (one["published"].as_str().unwrap(), one["current"].is_null(), one["edits"][0]["action"].as_str().unwrap())
        })
        .collect();
    assert_eq!(told[0], ("99.998%", true, "figure.delete"));
    assert_eq!(told[1], ("C级0.5次", true, "incident_count.delete"));
    assert!(told[2].0.contains("684") && told[2].1 && told[2].2 == "event.delete", "{told:?}");
    let report = week.text("reports/2024-W34?format=md").await;
    assert!(report.contains("99.998%") && report.contains("C级0.5次") && report.contains("684"), "{report}");
    let section = week.json("reports/2024-W34?section=figures").await;
    assert_eq!(section["figures"][0]["value"], "99.998");
    assert_eq!(section["publication"]["revision"], 1);
    assert!(section["events"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_layout_is_a_difference_of_words_and_the_import_is_its_cause() {
    let week = Week::new().await;
    let import =
        |document: String| week.client.post(week.url("imports")).bearer_auth(&week.token).body(document).send();
    let document = std::fs::read_to_string("tests/corpus/reports/2024-W34.md").unwrap();
    import(document.clone()).await.unwrap();
    week.publish().await;
    // One event more keeps the import from changing nothing; it is taken out again.
    let other = document.replace("## 【生产事件】", "## 三、【生产事件】\n\n08/22 09:00 \n\n只为导入的一条。");
    assert!(import(other).await.unwrap().status().is_success());
    let restated = week.json("reports/2024-W34/restatement").await;
    let added = restated["differences"].as_array().unwrap().iter().find(|one| one["published"].is_null()).unwrap();
    let path = format!("events/{}", added["name"].as_str().unwrap());
    let gone = week.client.delete(week.url(&path)).bearer_auth(&week.token).header("If-Match", "\"1\"").send();
    assert!(gone.await.unwrap().status().is_success());
    let restated = week.json("reports/2024-W34/restatement").await;
    let found = restated["differences"].as_array().unwrap();
    assert_eq!((found.len(), found[0]["kind"].as_str()), (1, Some("text")), "{restated:#}");
    assert_eq!(found[0]["published"], "## 【生产事件】");
    assert_eq!(found[0]["current"], "## 三、【生产事件】");
    assert_eq!(found[0]["edits"][0]["action"], "report.import");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_report_says_of_other_weeks_is_restated_with_the_edit_of_that_week() {
    use fupan::{
        domain::{actor::Actor, report::style::ReportStyle},
        service::report_styles::{self, Before, SaveStyle},
    };
    let week = Week::new().await;
    let save = async |style: ReportStyle| {
        let save = SaveStyle { name: "team".to_owned(), style, is_default: Some(true), before: Before::Any };
        report_styles::save(&week.service.app, &Actor::local_operator(), save).await.unwrap();
    };
    let style = ReportStyle { changes: true, year_to_date: true, carry_over: true, ..ReportStyle::default() };
    save(style.clone()).await;
    let earlier = async |value: &str| {
        let url = week.url("figures/2024-W33/入金有效成功率");
        let put = week.client.put(url).bearer_auth(&week.token).json(&json!({"value": value})).send().await.unwrap();
        assert!(put.status().is_success());
    };
    earlier("99.9").await;
    week.post("events", &json!({"line": "08/13 10:00 上一周的网关超时事件。【待复盘】", "week": "2024-W33"})).await;
    week.publish().await;
    let published = week.text("reports/2024-W34?format=md").await;
    assert!(published.contains("+0.098pp") && published.contains("网关超时"), "{published}");
    assert_eq!(week.json("reports/2024-W34/restatement").await["open"], false);

    earlier("99.8").await;
    let url = week.url("events/2/postmortem");
    let done = week.client.patch(url).bearer_auth(&week.token).header("If-Match", "\"1\"");
    assert!(done.json(&json!({"state": "done"})).send().await.unwrap().status().is_success());
    let restated = week.json("reports/2024-W34/restatement").await;
    let found = restated["differences"].as_array().unwrap();
    let told: Vec<_> =
        found.iter().map(|one| (one["kind"].as_str().unwrap(), one["edits"][0]["action"].as_str().unwrap())).collect();
    assert_eq!(told, [("event", "postmortem.done"), ("text", "figure.update")], "{restated:#}");
    assert!(found[0]["published"].as_str().unwrap().contains("网关超时") && found[0]["current"].is_null());
    assert!(found[1]["published"].as_str().unwrap().contains("+0.098pp"));
    assert!(found[1]["current"].as_str().unwrap().contains("+0.198pp"));
    let reopened = week.client.patch(week.url("events/2/postmortem")).bearer_auth(&week.token);
    let version = week.json("events/2").await["version"].to_string();
    let reopened = reopened.header("If-Match", format!("\"{version}\""));
    reopened.json(&json!({"state": "pending", "reason": "补充"})).send().await.unwrap();
    let url = week.url("events/2");
    let version = week.json("events/2").await["version"].to_string();
    let reworded = week.client.patch(url).bearer_auth(&week.token).header("If-Match", format!("\"{version}\""));
    let reworded = reworded.json(&json!({"narrative": "上一周的网关超时事件，影响约12笔。"})).send().await.unwrap();
    assert!(reworded.status().is_success());
    let restated = week.json("reports/2024-W34/restatement").await;
    let carried =
        restated["differences"].as_array().unwrap().iter().find(|one| one.to_string().contains("12笔")).unwrap();
    let edits = carried["edits"].to_string();
    assert!(carried["kind"] == "text" && edits.contains("event.update"), "{restated:#}");

    save(ReportStyle { pending: "（待复盘）".to_owned(), ..style }).await;
    let restated = week.json("reports/2024-W34/restatement").await;
    let styled = restated["differences"].as_array().unwrap().iter().find(|one| one.to_string().contains("（待复盘）"));
    assert_eq!(styled.unwrap()["edits"][0]["action"], "style.save", "{restated:#}");
}
