//! Words and filters are one question to the full-text index: whatever changes what an event is filtered by, a search
//! with the filter finds the same events as the filter alone.

use fupan::{
    domain::actor::{Actor, Role},
    service::{event_history, search},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{NOW, action_items::Api};

/// Every event of these tests has this word.
const WORD: &str = "批次";

const FILTERS: [&str; 65] = [
    "severity:A",
    "severity:B",
    "severity:C|D",
    "severity:none",
    "severity:none|A",
    "-severity:A",
    "-severity:none",
    "state:pending",
    "state:drafting",
    "state:in_review",
    "state:done",
    "state:not_required",
    "state:undecided",
    "state:owed",
    "-state:owed",
    "-state:done",
    "-state:done|not_required",
    "owner:none",
    "owner:reporter",
    "owner:lead",
    "-owner:none",
    "service:提现",
    "service:代付",
    "service:提现|代付",
    "-service:提现",
    "team:渠道",
    "team:支付",
    "team:none",
    "team:none|支付",
    "-team:none",
    "tag:大促",
    "tag:大促|夜间",
    "-tag:大促",
    "week:2024-W33",
    "week:2024-W34",
    "week:2024-W30..2024-W35",
    "week:2000-W01..2030-W01",
    "-week:2024-W33",
    "cause:change",
    "cause:none",
    "-cause:change|capacity",
    "kind:drill",
    "kind:normal",
    "-kind:drill",
    "detection:customer",
    "detection:none",
    "-detection:customer",
    "ongoing:yes",
    "ongoing:no",
    "overdue:yes",
    "overdue:no",
    "has:actions",
    "has:open-actions",
    "-has:open-actions",
    "has:tags|links",
    "has:services",
    "has:team",
    "has:loss",
    "has:change",
    "has:timeline",
    "-has:timeline",
    "state:owed severity:A|B -kind:drill week:2024-W33..2024-W34",
    "severity:A state:pending",
    "severity:A|none owner:none -state:pending",
    "team:none tag:大促 service:提现|代付",
];

struct House {
    service: Service,
    lead: Api,
    reporter: Api,
}

impl House {
    async fn new() -> Self {
        let service = Service::start(NOW).await;
        let lead = Api::of(&service, Role::Lead).await;
        let reporter = Api::of(&service, Role::Reporter).await;
        let admin = Api::of(&service, Role::Admin).await;
        for name in ["提现", "代付"] {
            let body = json!({"name": name, "kind": "business_line", "core": true});
            assert_eq!(admin.post("/services", body).await.0, StatusCode::CREATED);
        }
        for name in ["渠道", "支付"] {
            assert_eq!(lead.post("/teams", json!({"name": name})).await.0, StatusCode::CREATED);
        }
        Self { service, lead, reporter }
    }

    async fn numbers(&self, query: &str) -> Vec<i64> {
        let operator = Actor::local_operator();
        let query = search::parse(&self.service.app, query).unwrap();
        let order = search::EventOrder::Newest;
        let listing = search::Listing { query, order, after: None, limit: 200 };
        let page = search::list(&self.service.app, &operator, &listing).await.unwrap();
        page.events.iter().map(|event| event.number).collect()
    }

    /// The events that pass each part of a filter: one part alone is looked up in the rows.
    async fn passing(&self, filter: &str) -> Vec<i64> {
        let mut numbers = self.numbers("").await;
        for part in filter.split(' ') {
            let passing = self.numbers(part).await;
            numbers.retain(|number| passing.contains(number));
        }
        numbers
    }

    /// Searches with a filter find what the filter alone does; `wanted` are queries and the events that they find.
    async fn agrees(&self, step: &str, wanted: &[(&str, &[i64])]) {
        for filter in FILTERS {
            let alone = self.passing(filter).await;
            assert_eq!(self.numbers(filter).await, alone, "{step}: {filter}");
            assert_eq!(self.numbers(&format!("{WORD} {filter}")).await, alone, "{step}: {filter}");
            assert_eq!(self.numbers(&format!("批 {filter} -没有这个")).await, alone, "{step}: {filter}");
        }
        for (filter, numbers) in wanted {
            let mut found = self.numbers(&format!("{WORD} {filter}")).await;
            found.sort_unstable();
            assert_eq!(found, *numbers, "{step}: {filter}");
        }
    }

    async fn version(&self, number: i64) -> String {
        self.lead.get(&format!("/events/{number}")).await["version"].to_string()
    }

    /// A change of an event or of something below it, in its present version.
    async fn change(&self, method: Method, number: i64, below: &str, body: Value) {
        let version = self.version(number).await;
        let path = format!("/events/{number}{below}");
        let body = (!body.is_null()).then_some(body);
        let answer = self.lead.send(method, &path, Some(&version), body).await;
        let status = answer.status();
        assert!(status.is_success(), "{path}: {status} {}", answer.text().await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_with_a_filter_follows_every_change_of_what_it_filters_by() {
    let house = House::new().await;
    for number in 1..=6_i64 {
        let severity = [Some("A"), Some("B"), None][usize::try_from(number % 3).unwrap()];
        let body = json!({
            "narrative": format!("{WORD}{number} 提现失败"), "severity": severity,
            "occurred_at": format!("2024-08-{:02}T10:00:00+08:00", 10 + number),
            "postmortem": if number % 2 == 0 { "pending" } else { "undecided" },
        });
        house.lead.event(body).await;
    }
    house
        .agrees(
            "logged",
            &[("severity:B", &[1, 4]), ("state:pending", &[1, 2, 3, 4, 6]), ("ongoing:yes", &[1, 2, 3, 4, 5, 6])],
        )
        .await;

    let services = house.lead.get("/services").await["data"].clone();
    let id = |name: &str| services.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["id"].clone();
    let fields = json!({
        "cause_category": "change", "kind": "drill", "detection": "customer",
        "recovered_at": "2024-08-11T11:00:00+08:00", "services": [{"service_id": id("提现")}], "tags": ["大促"],
        "links": [{"kind": "ticket", "url": "https://example.com/t/1", "title": "工单"}], "change_link": "CHG-1",
        "loss_actual_fen": 100,
    });
    house.change(Method::PATCH, 1, "", fields).await;
    house
        .agrees(
            "edited",
            &[
                ("cause:change", &[1]),
                ("kind:drill", &[1]),
                ("kind:normal", &[2, 3, 4, 5, 6]),
                ("detection:none", &[2, 3, 4, 5, 6]),
                ("ongoing:yes", &[2, 3, 4, 5, 6]),
                ("service:提现", &[1]),
                ("tag:大促", &[1]),
                ("has:links", &[1]),
                ("has:change", &[1]),
                ("has:loss", &[1]),
            ],
        )
        .await;
    let back = json!({"cause_category": null, "kind": "normal", "detection": null, "recovered_at": null, "services": [{"service_id": id("代付")}], "tags": ["夜间"], "links": [], "change_link": null, "loss_actual_fen": null});
    house.change(Method::PATCH, 1, "", back).await;
    house
        .agrees(
            "edited back",
            &[
                ("cause:change", &[]),
                ("kind:drill", &[]),
                ("service:提现", &[]),
                ("service:代付", &[1]),
                ("tag:大促", &[]),
                ("has:loss", &[]),
            ],
        )
        .await;

    house.change(Method::PUT, 1, "/grading", json!({"level": "A", "reason": "影响大"})).await;
    house
        .agrees("graded", &[("severity:B", &[4]), ("severity:A", &[1, 3, 6]), ("state:pending", &[1, 2, 3, 4, 6])])
        .await;
    house.change(Method::PUT, 2, "/responsibility", json!({"shares": [{"team": "渠道", "basis_points": 5000}]})).await;
    house.agrees("assigned", &[("team:渠道", &[2]), ("team:none", &[1, 3, 4, 5, 6])]).await;
    house.change(Method::PUT, 2, "/responsibility", json!({"shares": [{"team": "支付", "basis_points": 5000}]})).await;
    house.agrees("assigned anew", &[("team:渠道", &[]), ("team:支付", &[2])]).await;

    house.change(Method::PATCH, 4, "/postmortem", json!({"state": "not_required", "reason": "重复"})).await;
    house.agrees("waived", &[("state:pending", &[1, 2, 3, 6]), ("state:not_required", &[4])]).await;
    house.change(Method::PATCH, 6, "/postmortem", json!({"owner": house.reporter.email})).await;
    house.agrees("owned", &[("owner:reporter", &[6]), ("owner:none", &[1, 2, 3, 4, 5])]).await;
    house.change(Method::PUT, 2, "/postmortem/lock", Value::Null).await;
    let answer = house
        .lead
        .send(Method::PUT, "/events/2/postmortem/sections/summary", Some("0"), Some(json!({"text": "写了一段"})))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    house.agrees("written", &[("state:drafting", &[2]), ("owner:lead", &[2])]).await;
    house
        .change(Method::PATCH, 2, "/postmortem", json!({"state": "in_review", "reviewer": house.reporter.email}))
        .await;
    house.agrees("handed in", &[("state:drafting", &[]), ("state:in_review", &[2])]).await;
    let done = house.reporter.moves(2, json!({"state": "done"})).await;
    assert_eq!(done.status(), StatusCode::OK);
    house.agrees("approved", &[("state:in_review", &[]), ("state:done", &[2])]).await;

    let many = json!({"events": [{"number": 5, "version": house.version(5).await.parse::<i64>().unwrap()}], "set": {"add_tags": ["大促"], "kind": "drill", "owner": "me", "add_services": ["提现"]}});
    assert_eq!(house.lead.post("/events:bulk", many).await.1["done"], 1);
    house
        .agrees("many", &[("tag:大促", &[5]), ("kind:drill", &[5]), ("service:提现", &[5]), ("owner:lead", &[2, 5])])
        .await;

    let line = json!({"text": "03:12 切换备用渠道"});
    let (status, line) = house.lead.post("/events/3/timeline", line).await;
    assert_eq!(status, StatusCode::CREATED);
    house.agrees("told", &[("has:timeline", &[3])]).await;
    let path = format!("/events/3/timeline/{}", line["id"].as_str().unwrap());
    let gone = house.lead.send(Method::DELETE, &path, Some(&line["version"].to_string()), None).await;
    assert!(gone.status().is_success(), "{}", gone.text().await.unwrap());
    house.agrees("told no more", &[("has:timeline", &[])]).await;

    house.lead.post("/events/3/action-items", json!({"title": "加告警"})).await;
    house.agrees("to be done", &[("has:open-actions", &[3])]).await;
    let (status, _) = house.lead.post("/action-items/1:move", json!({"to": "wont_do", "reason": "没有必要"})).await;
    assert_eq!(status, StatusCode::OK);
    house.agrees("not to be done", &[("has:open-actions", &[]), ("has:actions", &[3])]).await;
    let gone = house.lead.send(Method::DELETE, "/action-items/1", Some("2"), None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    house.agrees("never to be done", &[("has:actions", &[])]).await;

    house.change(Method::DELETE, 6, "", Value::Null).await;
    house.agrees("deleted", &[("severity:A", &[1, 3]), ("owner:reporter", &[])]).await;
    assert_eq!(house.lead.post("/events/6:restore", json!({})).await.0, StatusCode::OK);
    house.agrees("restored", &[("severity:A", &[1, 3, 6]), ("owner:reporter", &[6])]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_with_a_filter_follows_undo_and_imports() {
    let house = House::new().await;
    let operator = Actor::local_operator();
    house
        .lead
        .event(json!({"narrative": format!("{WORD} 提现失败"), "severity": "B", "postmortem": "undecided"}))
        .await;
    let app = &house.service.app;
    let patch = fupan::service::grading::grade(app, &operator, 1, 1, Some("A".to_owned()), Some("影响大".to_owned()));
    patch.await.unwrap();
    house.agrees("graded", &[("severity:A", &[1]), ("state:pending", &[1])]).await;
    let entries = fupan::store::audit::of_subject(app.store.read(), "event:1", 10).await.unwrap();
    event_history::undo(app, &operator, 1, entries[0].id).await.unwrap();
    house.agrees("undone", &[("severity:A", &[]), ("severity:B", &[1])]).await;

    let report = |mark: &str, cause: &str| {
        format!(
            "# 2024-W34 周报\n\n## 【生产事件】\n\n1. 08/19 15:00~15:30 {WORD}代付失败，原因{cause}，重启恢复{mark}\n"
        )
    };
    let send = async |path: &str, text: String| {
        let url = format!("{}/api/v1{path}", house.service.url);
        let token = house.service.token(Role::Admin).await;
        let answer = super::client().post(url).bearer_auth(token).body(text).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json::<Value>().await.unwrap()
    };
    let first = send("/imports", report("【待复盘】", "变更")).await;
    house.agrees("imported", &[("week:2024-W34 state:pending", &[1, 2])]).await;
    let second = send("/imports", report("【已复盘】", "变更")).await;
    house.agrees("imported anew", &[("week:2024-W34 state:pending", &[1]), ("state:done", &[2])]).await;
    for (run, found) in [(second, &[1, 2][..]), (first, &[1])] {
        send(&format!("/imports/{}:undo", run["run"].as_str().unwrap()), String::new()).await;
        house.agrees("import undone", &[("week:2024-W34 state:pending", found)]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_all_documents_have_their_filters_the_rows_are_looked_at() {
    let house = House::new().await;
    for number in 1..=4_i64 {
        let severity = ["A", "B"][usize::try_from(number % 2).unwrap()];
        house.lead.event(json!({"narrative": format!("{WORD}{number}"), "severity": severity})).await;
    }
    house.agrees("ready", &[("severity:A", &[2, 4])]).await;
    let tx = house.service.app.store.begin().await.unwrap();
    fupan::store::search::set_progress(&tx, Some(0)).await.unwrap();
    tx.commit().await.unwrap();
    house.agrees("not ready", &[("severity:A", &[2, 4])]).await;
    assert_eq!(search::index_old(&house.service.app, 10).await.unwrap(), 1);
    house.agrees("ready again", &[("severity:A", &[2, 4])]).await;
}
