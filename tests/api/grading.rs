//! Policies, teams, grades, responsibility, thresholds and counts over the API.

use fupan::{
    domain::{
        actor::{Actor, Role},
        clock_point::ClockPoint,
        event::{EventFields, Source},
        event_record::{AffectedService, EventKind, ShareFrom},
        postmortem::PostmortemState,
    },
    service::{
        events::{self, NewEvent},
        policies,
    },
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{LINE, NOW, client};

/// A caller with a token.
struct Caller {
    client: Client,
    url: String,
    token: String,
}

impl Caller {
    async fn of(service: &Service, role: Role) -> Self {
        Self { client: client(), url: service.url.clone(), token: service.token(role).await }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        version: Option<i64>,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, None, Some(&body)).await
    }

    async fn put(&self, path: &str, version: i64, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, Some(version), Some(&body)).await
    }

    async fn patch(&self, path: &str, version: i64, body: Value) -> (StatusCode, Value) {
        self.send(Method::PATCH, path, Some(version), Some(&body)).await
    }

    async fn team(&self, name: &str) -> String {
        let (status, team) = self.post("teams", json!({"name": name})).await;
        assert_eq!(status, StatusCode::CREATED, "{team}");
        team["id"].as_str().unwrap().to_owned()
    }

    async fn event(&self, fields: Value) -> Value {
        let (status, event) = self.post("events", fields).await;
        assert_eq!(status, StatusCode::CREATED, "{event}");
        event
    }
}

fn detail(body: &Value) -> &str {
    body["detail"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_read_written_over_its_version_and_refused_with_its_place() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Reporter).await);
    let policy = lead.get("policies/severity").await;
    assert_eq!((policy["version"].as_i64(), policy["changed_at"].as_str()), (Some(0), None));
    let mut document = policy["document"].clone();
    document["levels"][2]["due_working_days"] = json!(4);
    let unversioned = lead.send(Method::PUT, "policies/severity", None, Some(&json!({"document": document}))).await;
    assert_eq!(unversioned.0, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(reporter.put("policies/severity", 0, json!({"document": document})).await.0, StatusCode::FORBIDDEN);
    let (status, written) = lead.put("policies/severity", 0, json!({"document": document})).await;
    assert_eq!((status, written["version"].as_i64()), (StatusCode::OK, Some(1)), "{written}");
    assert_eq!(lead.get("policies/severity").await["document"]["levels"][2]["due_working_days"], 4);
    let (status, stale) = lead.put("policies/severity", 0, json!({"document": policy["document"]})).await;
    assert_eq!((status, stale["code"].as_str()), (StatusCode::PRECONDITION_FAILED, Some("stale_version")));
    let (_, same) = lead.put("policies/severity", 1, json!({"document": document})).await;
    assert_eq!(same["version"], 1, "nothing changed, nothing was written");

    let mut twice = document.clone();
    twice["levels"][1]["label"] = json!("A");
    let mut strange = document.clone();
    strange["levels"][0]["colour"] = json!("red");
    let mut absurd = document.clone();
    absurd["levels"][0]["due_working_days"] = json!(9_000);
    for (document, words) in [
        (twice, "levels[1].label: A is named twice"),
        (strange, "unknown field `colour`"),
        (absurd, "levels[0].due_working_days: give 0 to 250 days"),
        (json!([]), "JSON: "),
    ] {
        let (status, refusal) = lead.put("policies/severity", 1, json!({"document": document})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(detail(&refusal).contains(words), "{refusal}");
        assert_eq!(refusal["errors"][0]["field"], "policy");
    }
    let chinese = lead
        .client
        .put(format!("{}/api/v1/policies/severity", lead.url))
        .bearer_auth(&lead.token)
        .header("If-Match", "\"1\"")
        .header("Accept-Language", "zh-CN")
        .json(&json!({"document": {"levels": []}}))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(chinese.contains("规则的 JSON 有误：缺少"), "{chinese}");
    let (status, unknown) = lead.send(Method::GET, "policies/nosuch", None, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(detail(&unknown).contains("there are severity, grading, thresholds"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_in_use_goes_only_under_another_name_and_is_never_blank() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    lead.event(json!({"narrative": "一", "occurred_at": "2024-08-20T10:00:00+08:00", "severity": "C"})).await;
    let rules = json!({"document": {"rules": []}});
    assert_eq!(lead.put("policies/grading", 0, rules).await.0, StatusCode::OK);
    let level = |label: &str, aliases: Value| json!({"label": label, "aliases": aliases, "tone": "red", "due_working_days": 1, "action_due_days": 10});
    let document = |aliases: Value| {
        let levels = [level("P0", json!(["A", "B"])), level("P1", aliases)];
        json!({"document": {"levels": levels, "ungraded_due_working_days": 5, "ungraded_action_due_days": 30}})
    };
    let (status, refusal) = lead.put("policies/severity", 0, document(json!([]))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail(&refusal).contains("levels: 1 events are graded C; keep the label"), "{refusal}");
    assert_eq!(lead.put("policies/severity", 0, document(json!(["C"]))).await.0, StatusCode::OK);
    let counts = lead.get("counts?period=2024-08").await;
    let company = &counts["company"]["levels"];
    assert_eq!((company[1]["level"].as_str(), company[1]["count"].as_str()), (Some("P1"), Some("1")), "{counts}");
    assert_eq!(lead.get("events/1").await["severity"], "C", "what was written stays as it is");

    let rules = json!({"document": {"rules": [{"id": "x", "level": "C", "words": "x", "when": {"minutes": 5}}]}});
    assert_eq!(lead.put("policies/grading", 1, rules).await.0, StatusCode::OK, "another name of P1");
    let (_, refusal) = lead
        .put(
            "policies/grading",
            2,
            json!({"document": {"rules": [{"id": "x", "level": "D", "words": "x", "when": {"minutes": 5}}]}}),
        )
        .await;
    assert!(detail(&refusal).contains("rules[0].level: there is no level D; choose one of P0, P1"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grade_is_proposed_taken_changed_with_a_reason_and_moves_the_due_date() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Reporter).await);
    lead.event(json!({"line": LINE, "week": "2024-W34"})).await;
    let grading = reporter.get("events/1/grading").await;
    assert_eq!(grading["level"], Value::Null);
    let proposal = &grading["proposal"];
    assert_eq!((proposal["level"].as_str(), proposal["rule"].as_str()), (Some("C"), Some("transactions-c")));
    assert_eq!(proposal["used"], json!([{"measure": "transactions", "value": 684}]));
    assert_eq!(proposal["missing"], json!(["core", "drop", "users", "loss"]));
    assert_eq!(lead.get("events/1").await["postmortem"]["due_on"], "2024-08-26", "ungraded: five working days");

    let grade = "events/1/grading";
    for (level, words) in [
        (json!({"level": "X"}), "severity: is not valid: there is no level X; choose one of A, B, C, D"),
        (json!({"level": "A"}), "severity_reason: must not be empty"),
        (json!({"level": "A", "reason": "  "}), "severity_reason: must not be empty"),
        (
            json!({"level": "A", "reason": "长".repeat(2_001)}),
            "severity_reason: is too long: at most 2000 characters, here 2001",
        ),
    ] {
        let (status, refusal) = lead.put(grade, 1, level).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(detail(&refusal), words);
    }
    let (status, graded) = reporter.put(grade, 1, json!({"level": "c级"})).await;
    assert_eq!((status, graded["severity"].as_str()), (StatusCode::OK, Some("C")), "{graded}");
    assert_eq!(graded["postmortem"]["due_on"], "2024-08-22");

    // Every later one: by a lead, with a reason, whichever way it comes.
    assert_eq!(reporter.put(grade, 2, json!({"level": "A", "reason": "x"})).await.0, StatusCode::FORBIDDEN);
    let (status, refusal) = lead.patch("events/1", 2, json!({"severity": "A"})).await;
    assert_eq!((status, detail(&refusal)), (StatusCode::UNPROCESSABLE_ENTITY, "severity_reason: must not be empty"));
    let change = json!({"severity": "P0", "severity_reason": "大客户受影响"});
    let (_, graded) = lead.patch("events/1", 2, change).await;
    assert_eq!(
        (graded["severity"].as_str(), graded["postmortem"]["due_on"].as_str()),
        (Some("P0"), Some("2024-08-20"))
    );
    let (status, stale) = lead.put(grade, 2, json!({"level": null, "reason": "误报"})).await;
    assert_eq!((status, stale["code"].as_str()), (StatusCode::PRECONDITION_FAILED, Some("stale_version")));
    assert_eq!(lead.put(grade, 3, json!({"level": null})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, graded) = lead.put(grade, 3, json!({"level": null, "reason": "误报"})).await;
    assert_eq!(graded["severity"], Value::Null);
    let history = reporter.get(grade).await["history"].clone();
    let told: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["from"].as_str(), one["to"].as_str(), one["proposed"].as_str(), one["reason"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("P0"), None, Some("C"), Some("误报")),
            (Some("C"), Some("P0"), Some("C"), Some("大客户受影响")),
            (None, Some("C"), Some("C"), None),
        ]
    );
    assert_eq!(lead.put(grade, 4, json!({"reason": "x"})).await.0, StatusCode::BAD_REQUEST, "a level must be named");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graded_event_owes_a_postmortem_where_its_level_asks_for_one_and_a_chosen_due_date_stays() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    for _ in 0..2 {
        lead.event(json!({"narrative": "查询变慢", "occurred_at": "2024-08-20T10:00:00+08:00"})).await;
    }
    let (_, minor) = lead.put("events/1/grading", 1, json!({"level": "D"})).await;
    assert_eq!(minor["postmortem"]["state"], "undecided");
    let (_, major) = lead.put("events/2/grading", 1, json!({"level": "B"})).await;
    assert_eq!(
        (major["postmortem"]["state"].as_str(), major["postmortem"]["due_on"].as_str()),
        (Some("pending"), Some("2024-08-22"))
    );
    let fixed = lead.patch("events/2/postmortem", 2, json!({"due_on": "2024-09-30"})).await.1;
    let version = fixed["version"].as_i64().unwrap();
    let (_, regraded) = lead.put("events/2/grading", version, json!({"level": "A", "reason": "资损"})).await;
    assert_eq!(regraded["postmortem"]["due_on"], "2024-09-30", "{regraded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_say_how_far_an_event_is_and_an_ongoing_one_counts_until_now() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    lead.event(json!({"line": LINE, "week": "2024-W34"})).await;
    // Two hours and a minute ago.
    lead.event(json!({"narrative": "渠道超时", "occurred_at": "2024-08-21T12:07:00+08:00"})).await;
    lead.event(json!({"narrative": "老事件", "occurred_at": "2021-08-31T10:00:00+08:00"})).await;
    let rule = |body: &Value| body["data"][0].clone();
    let far = rule(&lead.get("events/1/thresholds").await);
    assert_eq!((far["reached"].as_bool(), far["effective_from"].as_str()), (Some(false), Some("2021-09-01")));
    assert!(far["source"].as_str().unwrap().contains("非银行支付机构重大事项报告管理办法"));
    let values: Vec<_> = far["distances"].as_array().unwrap().iter().map(|one| (&one["value"], &one["over"])).collect();
    assert_eq!(values, [(&json!(30), &json!(120)), (&json!(684), &json!(100_000))]);
    let ongoing = rule(&lead.get("events/2/thresholds").await);
    assert_eq!((ongoing["reached"].as_bool(), &ongoing["distances"][1]["value"]), (Some(true), &Value::Null));
    assert_eq!(lead.get("events/3/thresholds").await["data"], json!([]), "before the rule was in force");
    service.clock.set("2024-08-21T04:37:00Z");
    assert_eq!(rule(&lead.get("events/2/thresholds").await)["reached"], false, "half an hour in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_made_changed_archived_and_bad_ones_are_refused() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Reporter).await);
    let pay = lead.team("支付组").await;
    assert_eq!(reporter.post("teams", json!({"name": "x"})).await.0, StatusCode::FORBIDDEN);
    let (status, taken) = lead.post("teams", json!({"name": " 支付组 "})).await;
    assert_eq!((status, detail(&taken)), (StatusCode::CONFLICT, "a team is called 支付组 already"));
    for (body, words) in [
        (json!({"name": ""}), "name: must not be empty"),
        (json!({"name": "长".repeat(61)}), "name: is too long"),
        (json!({"name": "a/b"}), "without slashes"),
        (
            json!({"name": "b", "lead_id": "0197a000-0000-7000-8000-000000000000"}),
            "lead: is not valid: choose an active",
        ),
        (json!({"name": "b", "member_ids": ["0197a000-0000-7000-8000-000000000000"]}), "members: is not valid: choose"),
    ] {
        let (status, refusal) = lead.post("teams", body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refusal}");
        assert!(detail(&refusal).contains(words), "{refusal}");
    }
    let path = format!("teams/{pay}");
    let (_, renamed) = lead.patch(&path, 1, json!({"name": "支付", "archived": true})).await;
    assert_eq!((renamed["name"].as_str(), renamed["archived"].as_bool()), (Some("支付"), Some(true)));
    assert_eq!(lead.patch(&path, 1, json!({"name": "z"})).await.0, StatusCode::PRECONDITION_FAILED);
    lead.team("渠道").await;
    assert_eq!(lead.patch(&path, 2, json!({"name": "渠道"})).await.0, StatusCode::CONFLICT);
    assert_eq!(lead.get("teams/%E6%94%AF%E4%BB%98").await["id"], pay, "by its name");
    assert_eq!(lead.get("teams").await["data"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_stays_archived_since_the_day_on_which_it_was() {
    use sea_orm::EntityTrait as _;
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    let path = format!("teams/{}", lead.team("支付组").await);
    let archived = async || {
        let row = entity::team::Entity::find().one(service.app.store.read()).await.unwrap().unwrap();
        row.archived_at
    };
    lead.patch(&path, 1, json!({"archived": true})).await;
    let since = archived().await;
    assert!(since.is_some());
    service.clock.set("2024-09-21T06:08:00Z");
    let (_, renamed) = lead.patch(&path, 2, json!({"name": "支付（旧）"})).await;
    assert_eq!((renamed["name"].as_str(), archived().await), (Some("支付（旧）"), since));
    lead.patch(&path, 3, json!({"archived": false})).await;
    assert_eq!(archived().await, None);
    lead.patch(&path, 4, json!({"archived": true})).await;
    assert!(archived().await > since, "archived again, later");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_policies_that_depend_on_each_other_are_not_written_past_each_other() {
    let service = Service::start(NOW).await;
    let operator = Actor::local_operator();
    let read = async |name| -> Value {
        let policy = policies::read(&service.app, &operator, name).await.unwrap();
        serde_json::from_str(&policy.document).unwrap()
    };
    let write = async |name, document: &Value| {
        policies::write(&service.app, &operator, name, &document.to_string(), None).await
    };
    let (levels, rules) = (read("severity").await, read("grading").await);
    // Nobody uses the level Z yet: it may go, or a rule may propose it, not both.
    let (mut with, mut proposing) = (levels.clone(), rules.clone());
    let mut level = levels["levels"][0].clone();
    (level["label"], level["aliases"]) = (json!("Z"), json!([]));
    with["levels"].as_array_mut().unwrap().push(level);
    proposing["rules"][0]["level"] = json!("Z");
    for round in 0..8 {
        write("severity", &with).await.unwrap();
        let (one, two) = tokio::join!(write("severity", &levels), write("grading", &proposing));
        assert!(one.is_ok() != two.is_ok(), "{round}: {one:?} {two:?}");
        write("grading", &rules).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_that_do_not_add_up_and_unknown_teams_are_refused_and_an_even_division_is_exact() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Reporter).await);
    lead.event(json!({"narrative": "提现失败", "occurred_at": "2024-08-20T10:00:00+08:00"})).await;
    for name in ["支付", "渠道", "风控"] {
        lead.team(name).await;
    }
    let path = "events/1/responsibility";
    let shares = |parts: &[(&str, i64)]| json!({"shares": parts.iter().map(|(team, share)| json!({"team": team, "basis_points": share})).collect::<Vec<_>>()});
    for (body, status, words) in [
        (shares(&[("支付", 6_000), ("渠道", 5_000)]), 422, "the shares are 110.00% together; they may be 100% at most"),
        (shares(&[("支付", 0)]), 422, "between 0.01% and 100%"),
        (shares(&[("支付", -5_000), ("渠道", 10_000)]), 422, "between 0.01% and 100%"),
        (shares(&[("支付", 5_000), ("支付", 5_000)]), 422, "name each team once"),
        (shares(&[("无此组", 5_000)]), 404, "there is no team 无此组; `fupan team list`"),
        (json!({"shares": [{"team": "支付", "basis_points": 1}], "evenly": ["渠道"]}), 422, "give either"),
        (json!({"evenly": []}), 422, "choose a team"),
    ] {
        let (refused, refusal) = lead.put(path, 1, body).await;
        assert_eq!(refused.as_u16(), status, "{refusal}");
        assert!(detail(&refusal).contains(words), "{refusal}");
    }
    assert_eq!(reporter.put(path, 1, shares(&[("支付", 5_000)])).await.0, StatusCode::FORBIDDEN);
    let (_, half) = lead.put(path, 1, shares(&[("支付", 5_000)])).await;
    assert_eq!(half["unsettled_basis_points"], 5_000);
    assert_eq!(lead.put(path, 1, shares(&[])).await.0, StatusCode::PRECONDITION_FAILED);
    let (_, even) = lead.put(path, 2, json!({"evenly": ["支付", "渠道", "风控"]})).await;
    let points: Vec<_> = even["shares"].as_array().unwrap().iter().map(|one| one["basis_points"].as_i64()).collect();
    assert_eq!(points, [Some(3_334), Some(3_333), Some(3_333)]);
    assert_eq!(even["unsettled_basis_points"], 0);
    // An archived team keeps what it has and gets nothing new.
    let risk = lead.get("teams/%E9%A3%8E%E6%8E%A7").await["id"].as_str().unwrap().to_owned();
    lead.patch(&format!("teams/{risk}"), 1, json!({"archived": true})).await;
    assert_eq!(lead.put(path, 3, shares(&[("风控", 10_000)])).await.0, StatusCode::OK);
    assert_eq!(lead.put(path, 4, shares(&[("支付", 10_000)])).await.0, StatusCode::OK);
    let (_, refusal) = lead.put(path, 5, shares(&[("风控", 10_000)])).await;
    assert!(detail(&refusal).contains("the team 风控 is archived; choose another one"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_count_their_shares_the_company_each_event_once_and_all_adds_up() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    for name in ["支付", "渠道", "风控"] {
        lead.team(name).await;
    }
    let names = ["支付", "渠道", "风控"];
    for at in 0..12_usize {
        let level = [Some("A"), Some("C"), None][at % 3];
        let day = format!("2024-08-{:02}T10:00:00+08:00", at + 1);
        let event =
            lead.event(json!({"narrative": format!("第 {at} 起"), "occurred_at": day, "severity": level})).await;
        let number = event["number"].as_i64().unwrap();
        let parts: Vec<Value> =
            (0..at % 4).map(|team| json!({"team": names[team], "basis_points": 1_000 * (team + 1) + at})).collect();
        let path = format!("events/{number}/responsibility");
        assert_eq!(lead.put(&path, 1, json!({"shares": parts})).await.0, StatusCode::OK);
    }
    lead.event(json!({"narrative": "没有时间"})).await;
    lead.event(json!({"narrative": "上个月", "occurred_at": "2024-07-31T23:59:00+08:00", "severity": "A"})).await;
    let actor = Actor::local_operator();
    for kind in [EventKind::Drill, EventKind::Maintenance] {
        let occurred = Some(ClockPoint::minute("2024-08-20T10:00:00Z".parse().unwrap()));
        let fields = EventFields { kind, occurred, narrative: "演练".to_owned(), ..EventFields::default() };
        let state = PostmortemState::Undecided;
        let new = NewEvent { fields, state, week: None, raw: None, source: Source::Api };
        events::create(&service.app, &actor, new).await.unwrap();
    }
    let counts = lead.get("counts?period=2024-08&by=team").await;
    let of = |line: &Value, at: usize| line["levels"][at]["basis_points"].as_i64().unwrap();
    let columns = counts["company"]["levels"].as_array().unwrap().len();
    assert_eq!(columns, 5, "A B C D and ungraded");
    for at in 0..columns {
        let of_teams: i64 = counts["data"].as_array().unwrap().iter().map(|line| of(line, at)).sum();
        assert_eq!(of_teams + of(&counts["unsettled"], at), of(&counts["company"], at), "{counts}");
    }
    assert_eq!(counts["company"]["total"], "13", "the event without a time counts where it was logged");
    assert_eq!(of(&counts["company"], 0), 40_000);
    let pay = &counts["data"].as_array().unwrap().iter().find(|line| line["team"] == "支付").unwrap();
    assert_eq!(pay["total_basis_points"], 9 * 1_000 + 1 + 2 + 3 + 5 + 6 + 7 + 9 + 10 + 11);
    let week = lead.get("counts?from=2024-08-05&to=2024-08-06").await;
    assert_eq!((week["company"]["total"].as_str(), week["from"].as_str()), (Some("2"), Some("2024-08-05")));
    for (query, words) in [
        ("period=2024-13", "period: is not valid: write 2024-W34"),
        ("from=2024-08-06&to=2024-08-05", "to: is not valid: give a day"),
        ("by=weather", "by: is not valid: choose team"),
        ("period=2024&from=2024-01-01", "either a period or from and to"),
    ] {
        let (status, refusal) = lead.send(Method::GET, &format!("counts?{query}"), None, None).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        assert!(detail(&refusal).contains(words), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_core_service_that_is_half_down_proposes_the_worst_level() {
    use entity::service::{ActiveModel, Entity};
    use sea_orm::{ActiveValue::Set, EntityTrait as _};
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    let ids = [fupan::service::ports::Ids::id(service.app.ids.as_ref()), service.app.id()];
    let tx = service.app.store.begin().await.unwrap();
    for (id, core) in ids.into_iter().zip([true, false]) {
        let row = ActiveModel {
            id: Set(id),
            version: Set(1),
            name: Set(format!("业务 {core}")),
            name_key: Set(format!("业务 {core}")),
            kind: Set("business_line".to_owned()),
            core: Set(core),
            created_at: Set(0),
            team_id: Set(None),
            archived_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
    }
    tx.commit().await.unwrap();
    for shares in [[5_000, 0], [150, 10_000]] {
        let services = ids
            .into_iter()
            .zip(shares)
            .map(|(service_id, share)| AffectedService { service_id, shares: vec![ShareFrom { from: None, share }] })
            .collect();
        let fields = EventFields { services, narrative: "渠道超时".to_owned(), ..EventFields::default() };
        let state = PostmortemState::Undecided;
        let new = NewEvent { fields, state, week: None, raw: None, source: Source::Api };
        events::create(&service.app, &Actor::local_operator(), new).await.unwrap();
    }
    let half = lead.get("events/1/grading").await["proposal"].clone();
    assert_eq!((half["level"].as_str(), half["rule"].as_str()), (Some("A"), Some("core-drop-a")), "{half}");
    assert_eq!(half["used"][1], json!({"measure": "drop", "value": 5_000}));
    let hardly = lead.get("events/2/grading").await["proposal"].clone();
    assert_eq!(hardly["rule"], "core-drop-c", "the core line does not borrow the fall of the small one: {hardly}");
    assert_eq!(hardly["used"][1], json!({"measure": "drop", "value": 150}), "{hardly}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_house_writes_of_facts_sections_and_limits_holds_and_nonsense_is_refused_with_its_place() {
    let service = Service::start(NOW).await;
    let (admin, lead) = (Caller::of(&service, Role::Admin).await, Caller::of(&service, Role::Lead).await);
    lead.event(json!({"narrative": "提现失败"})).await;
    for (name, document, place) in [
        ("completeness", json!({"every": ["weather"]}), "every"),
        ("completeness", json!({"every": [], "colour": 1}), "colour"),
        ("postmortem", json!({"sections": [], "by_level": [], "otherwise": []}), "sections"),
        ("analytics", json!({"detect": 0}), "detect"),
    ] {
        let (status, refused) = admin.put(&format!("policies/{name}"), 0, json!({"document": document})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {refused}");
        assert!(refused.to_string().contains(place), "{name}: {refused}");
    }
    let title = json!({"zh": "经过", "en": "What happened"});
    for (name, document) in [
        ("completeness", json!({"every": ["cause"]})),
        ("postmortem", json!({"sections": [{"key": "story", "title": title}], "by_level": [], "otherwise": ["story"]})),
        ("analytics", json!({"detect": 2, "locate": 5, "recover": 10, "reading": "cumulative"})),
    ] {
        let (status, written) = admin.put(&format!("policies/{name}"), 0, json!({"document": document})).await;
        assert_eq!(status, StatusCode::OK, "{name}: {written}");
    }
    let missing = lead.get("events/1/missing").await;
    assert_eq!((&missing["data"][0]["field"], &missing["data"][0]["required"]), (&json!("cause"), &json!(true)));
    let postmortem = lead.get("events/1/postmortem").await;
    let keys: Vec<&Value> = postmortem["sections"].as_array().unwrap().iter().map(|section| &section["key"]).collect();
    assert_eq!(keys, ["story"], "{postmortem}");
    let analytics = lead.get("analytics").await;
    assert_eq!((&analytics["limits"]["detect"], &analytics["reading"]), (&json!(2), &json!("cumulative")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_logged_with_a_level_is_as_one_that_is_graded_right_after() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    let fields = |level: Option<&str>| {
        let mut fields = json!({
            "narrative": "渠道超时", "occurred_at": "2024-08-19T12:07:00+08:00", "recovered_at": "2024-08-19T12:30:00+08:00",
        });
        if let Some(level) = level {
            fields["severity"] = json!(level);
        }
        fields
    };
    for level in ["A", "B", "C", "D", "P1"] {
        let logged = lead.event(fields(Some(level))).await;
        let plain = lead.event(fields(None)).await;
        let path = format!("events/{}/grading", plain["number"]);
        let (status, graded) = lead.put(&path, 1, json!({"level": level})).await;
        assert_eq!(status, StatusCode::OK, "{graded}");
        for part in ["state", "due_on"] {
            assert_eq!(logged["postmortem"][part], graded["postmortem"][part], "{level}: {logged}");
        }
        let history = async |number: &Value| {
            let body = lead.get(&format!("events/{number}/grading")).await;
            let entry = &body["history"][0];
            (entry["from"].clone(), entry["to"].clone(), entry["proposed"].clone(), entry["rule"].clone())
        };
        assert_eq!(history(&logged["number"]).await, history(&plain["number"]).await, "{level}");
    }
    let waived = json!({"narrative": "渠道超时", "severity": "A", "postmortem": "not_required"});
    assert_eq!(lead.event(waived).await["postmortem"]["state"], "not_required", "what was said stands");
    let why = json!({"narrative": "渠道超时", "severity": "B", "severity_reason": "波及大客户"});
    let number = lead.event(why).await["number"].clone();
    let history = lead.get(&format!("events/{number}/grading")).await["history"].clone();
    assert_eq!(history[0]["reason"], "波及大客户", "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_names_of_a_level_are_that_level_wherever_it_is_asked_for() {
    let service = Service::start(NOW).await;
    let lead = Caller::of(&service, Role::Lead).await;
    for level in ["B", "P1", "SEV2", "C"] {
        let at = "2024-08-19T12:07:00+08:00";
        lead.event(json!({"narrative": "渠道超时", "severity": level, "occurred_at": at})).await;
    }
    lead.event(json!({"narrative": "渠道超时", "occurred_at": "2024-08-19T12:07:00+08:00"})).await;
    let numbers = async |path: &str| {
        let list = lead.get(path).await;
        let mut numbers: Vec<i64> =
            list["data"].as_array().unwrap().iter().map(|one| one["number"].as_i64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    for path in ["events?q=severity:P1", "events?q=severity:B", "events?severity=sev2", "events?q=渠道 等级:p1"] {
        assert_eq!(numbers(path).await, [1, 2, 3], "{path}");
    }
    assert_eq!(numbers("events?q=-severity:SEV2").await, [4, 5]);
    assert_eq!(numbers("events?q=severity:none|P1").await, [1, 2, 3, 5]);
    let period = "from=2024-08-01&to=2024-08-31&by=level";
    let report = lead.get(&format!("analytics?{period}")).await;
    let groups: Vec<String> = report["groups"].as_array().unwrap().iter().map(|one| one["key"].to_string()).collect();
    assert_eq!(groups.iter().filter(|key| key.contains('B')).count(), 1, "{groups:?}");
    assert!(!groups.iter().any(|key| key.contains("P1") || key.contains("SEV2")), "{groups:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_count_has_a_query_that_lists_as_many_events_and_points_follow_the_levels() {
    let service = Service::start(NOW).await;
    let (lead, admin) = (Caller::of(&service, Role::Lead).await, Caller::of(&service, Role::Admin).await);
    let (pay, risk) = (lead.team("支付 一组").await, lead.team("风控").await);
    let shared = |shares: &[(&str, i32)]| -> Vec<Value> {
        shares.iter().map(|(id, share)| json!({"team_id": id, "basis_points": share})).collect()
    };
    let log = async |fields: Value, shares: Vec<Value>| {
        let event = lead.event(fields).await;
        if !shares.is_empty() {
            let path = format!("events/{}", event["number"]);
            let (status, body) =
                lead.patch(&path, event["version"].as_i64().unwrap(), json!({"responsibility": shares})).await;
            assert_eq!(status, StatusCode::OK, "{body}");
        }
    };
    let at = |day: &str, level: Option<&str>| {
        let mut fields = json!({"narrative": "渠道超时", "occurred_at": format!("2024-08-{day}T12:07:00+08:00")});
        if let Some(level) = level {
            fields["severity"] = json!(level);
        }
        fields
    };
    log(at("01", Some("B")), shared(&[(&pay, 5_000), (&risk, 5_000)])).await;
    log(at("02", Some("P1")), shared(&[(&pay, 2_500)])).await;
    log(at("03", Some("A")), shared(&[(&risk, 10_000)])).await;
    log(at("04", Some("SEV2")), Vec::new()).await;
    log(at("05", None), Vec::new()).await;
    log(json!({"narrative": "不知道何时", "severity": "B"}), Vec::new()).await;
    log(
        json!({"narrative": "演练", "kind": "drill", "severity": "B", "occurred_at": "2024-08-06T12:07:00+08:00"}),
        Vec::new(),
    )
    .await;
    log(json!({"narrative": "上月", "severity": "B", "occurred_at": "2024-07-31T12:07:00+08:00"}), Vec::new()).await;
    let policy = lead.get("policies/severity").await;
    assert_eq!(lead.get("counts?period=2024-08").await["company"]["points"], Value::Null, "no level has points");
    let mut document = policy["document"].clone();
    if let Some(text) = document.as_str() {
        document = serde_json::from_str(text).unwrap();
    }
    document["levels"][0]["points"] = json!(10);
    document["levels"][1]["points"] = json!(4);
    let body = if policy["document"].is_string() {
        json!({"document": document.to_string()})
    } else {
        json!({"document": document})
    };
    let (status, answer) = admin.put("policies/severity", policy["version"].as_i64().unwrap(), body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    for asked in
        ["period=2024-08", "period=2024-Q3", "from=2024-08-01&to=2024-08-31", "period=2024-W31", "period=2024-07"]
    {
        let counts = lead.get(&format!("counts?{asked}")).await;
        let mut lines: Vec<&Value> = counts["data"].as_array().unwrap().iter().collect();
        lines.extend([&counts["unsettled"], &counts["company"]]);
        for line in lines {
            for cell in line["levels"].as_array().unwrap().iter().chain([line]) {
                let query = cell["query"].as_str().unwrap();
                let listed = lead.get(&format!("events?limit=200&q={}", query.replace(' ', "%20"))).await;
                let listed = listed["data"].as_array().unwrap().len();
                assert_eq!(cell["events"], json!(listed), "{asked}: {query}");
            }
        }
    }
    let counts = lead.get("counts?period=2024-08").await;
    assert_eq!((&counts["company"]["events"], &counts["company"]["points"]), (&json!(6), &json!("26")), "{counts}");
    assert_eq!((&counts["unsettled"]["total"], &counts["unsettled"]["events"]), (&json!("3.75"), &json!(4)));
    let of_pay = counts["data"].as_array().unwrap().iter().find(|line| line["team"] == "支付 一组").unwrap();
    assert_eq!((&of_pay["total"], &of_pay["events"], &of_pay["points"]), (&json!("0.75"), &json!(2), &json!("3")));
}
