//! The whole record of an event over the API, and through the store.

use chrono::{DateTime, Duration, Utc};
use entity::{service, team};
use fupan::{
    domain::{
        actor::{Actor, Role},
        capture::draft::{Impact, ImpactKind},
        clock_point::ClockPoint,
        event::{CAUSE_CATEGORIES, EventFields, Source},
        event_record::{
            AffectedService, DETECTIONS, EVENT_KINDS, EventLink, FundLoss, LINK_KINDS, Responsibility, ShareFrom,
        },
        postmortem::PostmortemState,
    },
    service::events::{self, NewEvent},
    store,
};
use reqwest::{Method, StatusCode};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use support::Service;
use uuid::Uuid;

use super::{LINE, NOW, client};

async fn named(service: &Service) -> (Vec<Uuid>, Vec<Uuid>) {
    let tx = service.app.store.begin().await.unwrap();
    let (mut services, mut teams) = (Vec::new(), Vec::new());
    for name in ["提现", "代付", "网关"] {
        let (id, team_id) = (service.app.id(), service.app.id());
        team::Entity::insert(team::ActiveModel {
            id: Set(team_id),
            version: Set(1),
            name: Set(format!("{name}组")),
            name_key: Set(format!("{name}组")),
            created_at: Set(0),
            lead_id: Set(None),
            archived_at: Set(None),
        })
        .exec_without_returning(tx.conn())
        .await
        .unwrap();
        service::Entity::insert(service::ActiveModel {
            id: Set(id),
            version: Set(1),
            name: Set(name.to_owned()),
            name_key: Set(name.to_owned()),
            kind: Set("business_line".to_owned()),
            core: Set(true),
            created_at: Set(0),
            team_id: Set(Some(team_id)),
            archived_at: Set(None),
        })
        .exec_without_returning(tx.conn())
        .await
        .unwrap();
        services.push(id);
        teams.push(team_id);
    }
    tx.commit().await.unwrap();
    (services, teams)
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn some<T>(&mut self, value: T) -> Option<T> {
        (self.roll(3) > 0).then_some(value)
    }

    fn number(&mut self) -> i64 {
        let number = self.roll(1_000_000_000);
        i64::try_from(number).unwrap() * if self.roll(4) == 0 { 1_000_000 } else { 1 }
    }

    fn point(&mut self, begun: DateTime<Utc>) -> Option<ClockPoint> {
        let at = begun + Duration::minutes(i64::try_from(self.roll(600)).unwrap());
        let midnight = begun - Duration::hours(15);
        let point = if self.roll(4) == 0 { ClockPoint::day(midnight) } else { ClockPoint::minute(at) };
        self.some(point)
    }

    fn fields(&mut self, services: &[Uuid], teams: &[Uuid]) -> EventFields {
        let begun: DateTime<Utc> = "2024-08-19T07:00:00Z".parse().unwrap();
        let kinds = [ImpactKind::Count, ImpactKind::Users, ImpactKind::Amount];
        let (category, detection) = (CAUSE_CATEGORIES[self.roll(9)], DETECTIONS[self.roll(5)]);
        let mut fields = EventFields {
            occurred: self.some(ClockPoint::minute(begun)),
            detected: self.point(begun),
            acknowledged: self.point(begun),
            located: self.point(begun),
            mitigated: self.point(begun),
            recovered: self.point(begun),
            severity: self.some("B".to_owned()),
            narrative: format!("提现失败 {} 🔥 'quoted' \"\\", self.roll(1000)),
            summary: self.some("现象".to_owned()),
            cause: self.some("原因\n第二行".to_owned()),
            cause_category: self.some(category.to_owned()),
            kind: EVENT_KINDS[self.roll(3)],
            detection: self.some(detection),
            change_link: self.some("CHG-2024-0819".to_owned()),
            loss: FundLoss { expected: self.some(0), actual: self.some(self.number_once()), recovered: None },
            restricted: self.roll(2) == 0,
            ..EventFields::default()
        };
        // No more comes back than was lost.
        let back = self.number_once();
        fields.loss.recovered = self.some(fields.loss.actual.map_or(back, |actual| back.min(actual)));
        for at in 0..self.roll(4) {
            let number = self.number();
            let unit = ["笔", "户", "元"][at % 3].to_owned();
            fields.impacts.push(Impact { kind: kinds[at % 3], number, unit, approximate: self.roll(2) == 0 });
        }
        for id in services.iter().rev().take(self.roll(4)) {
            let mut shares = vec![ShareFrom { from: self.some(begun), share: 2_500 }];
            for step in 1..=self.roll(3) {
                let from = Some(begun + Duration::minutes(10 * i64::try_from(step).unwrap()));
                shares.push(ShareFrom { from, share: i32::try_from(self.roll(10_001)).unwrap() });
            }
            if self.roll(4) == 0 {
                shares.clear();
            }
            fields.services.push(AffectedService { service_id: *id, shares });
        }
        for id in teams.iter().take(self.roll(4)) {
            let share = 1 + i32::try_from(self.roll(3_333)).unwrap();
            fields.responsibility.push(Responsibility { team_id: *id, share });
        }
        for kind in LINK_KINDS.iter().take(self.roll(4)) {
            fields.tags.push(format!("标签 {kind}"));
            let title = self.some("标题".to_owned());
            let url = format!("https://example.com/{kind}?q=%E6%8F%90");
            fields.links.push(EventLink { kind: (*kind).to_owned(), url, title });
        }
        fields.unknown =
            ["detected", "located", "recovered"].map(str::to_owned).into_iter().take(self.roll(4)).collect();
        fields.checked().unwrap()
    }

    fn number_once(&self) -> i64 {
        i64::try_from(self.0 >> 20).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_event_holds_is_read_again_as_it_was_written() {
    let service = Service::start(NOW).await;
    let app = &service.app;
    let (services, teams) = named(&service).await;
    let mut dice = Dice(7);
    for round in 0..40 {
        let fields = dice.fields(&services, &teams);
        let new = NewEvent {
            fields: fields.clone(),
            state: PostmortemState::Pending,
            week: None,
            raw: None,
            source: Source::Line,
        };
        let made = events::create(app, &Actor::local_operator(), new).await.unwrap();
        let read = store::events::by_number(app.store.read(), made.number).await.unwrap().unwrap();
        assert_eq!(read.fields, fields, "round {round}");
        // Over what another event held: nothing of the old parts stays.
        let mut other = read.clone();
        other.fields = dice.fields(&services, &teams);
        let tx = app.store.begin().await.unwrap();
        store::events::update(&tx, &other, read.version, 1, &mut || app.id()).await.unwrap();
        tx.commit().await.unwrap();
        let read = store::events::by_number(app.store.read(), made.number).await.unwrap().unwrap();
        assert_eq!(read.fields, other.fields, "round {round}, changed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_record_is_written_and_read_over_the_api() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let (services, teams) = named(&service).await;
    let events = format!("{}/api/v1/events", service.url);
    let record = json!({
        "occurred_at": "2024-08-19T15:00:00+08:00", "occurred_precision": "minute",
        "detected_at": "2024-08-19T15:02:00+08:00", "detected_precision": "minute",
        "acknowledged_at": null, "acknowledged_precision": null,
        "located_at": "2024-08-19T00:00:00+08:00", "located_precision": "day",
        "mitigated_at": "2024-08-19T15:20:00+08:00", "mitigated_precision": "minute",
        "recovered_at": "2024-08-19T15:30:00+08:00", "recovered_precision": "minute",
        "unknown": ["acknowledged"],
        "severity": "B", "narrative": "提现失败", "summary": "提现失败", "impact": null,
        "impacts": [{"kind": "count", "number": 12000, "unit": "笔", "approximate": true},
                    {"kind": "amount", "number": 320_000, "unit": "元", "approximate": false}],
        "cause": "风控规则更新", "cause_category": "change", "recovery": "下线规则",
        "kind": "normal", "detection": "customer", "change_link": "CHG-1024",
        "loss_expected_fen": 1_200_000, "loss_actual_fen": 320_000, "loss_recovered_fen": 0,
        "services": [{"service_id": services[0], "shares": [
            {"from": null, "basis_points": 2500},
            {"from": "2024-08-19T15:10:00+08:00", "basis_points": 6000},
            {"from": "2024-08-19T15:30:00+08:00", "basis_points": 0}]},
            {"service_id": services[1], "shares": []}],
        "responsibility": [{"team_id": teams[0], "basis_points": 5000}],
        "tags": ["提现", "风控"],
        "links": [{"kind": "ticket", "url": "https://example.com/t/1", "title": "工单 1"}],
        "restricted": false, "viewers": [],
    });
    let made = client.post(&events).bearer_auth(&token).json(&record).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED, "{}", made.text().await.unwrap());
    let url = format!("{events}/1");
    let event: Value = client.get(&url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    for (name, value) in record.as_object().unwrap() {
        assert_eq!(&event[name], value, "{name}");
    }
    // Sent back as it is: nothing changes. In part: the rest stays.
    let patch = |version: i64, body: Value| {
        client.patch(&url).bearer_auth(&token).header("If-Match", format!("\"{version}\"")).json(&body).send()
    };
    assert_eq!(patch(1, record.clone()).await.unwrap().json::<Value>().await.unwrap()["version"], 1);
    let body = json!({"loss_actual_fen": null, "services": [], "tags": null, "unknown": [], "kind": "drill"});
    let changed: Value = patch(1, body).await.unwrap().json().await.unwrap();
    assert_eq!((&changed["version"], &changed["kind"]), (&json!(2), &json!("drill")));
    assert_eq!((&changed["loss_actual_fen"], &changed["loss_expected_fen"]), (&Value::Null, &json!(1_200_000)));
    assert_eq!((&changed["services"], &changed["tags"]), (&json!([]), &json!([])));
    assert_eq!(changed["responsibility"], record["responsibility"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_is_refused_with_its_field() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let (services, teams) = named(&service).await;
    let events = format!("{}/api/v1/events", service.url);
    client.post(&events).bearer_auth(&token).json(&json!({"line": LINE})).send().await.unwrap();
    let nobody = "0197a000-0000-7000-8000-000000000000";
    let half = |team: usize, share: i32| json!({"team_id": teams[team], "basis_points": share});
    for (body, field) in [
        (json!({"responsibility": [half(0, 6000), half(1, 6000)]}), "responsibility"),
        (json!({"responsibility": [half(0, 0)]}), "responsibility"),
        (json!({"responsibility": [half(0, 1000), half(0, 1000)]}), "responsibility"),
        (json!({"responsibility": [{"team_id": nobody, "basis_points": 1000}]}), "responsibility"),
        (json!({"services": [{"service_id": nobody}]}), "services"),
        (
            json!({"services": [{"service_id": services[0], "shares": [{"from": null, "basis_points": 10_001}]}]}),
            "services",
        ),
        (json!({"services": [{"service_id": services[0], "share": 5}]}), "services"),
        (json!({"viewers": [nobody]}), "viewers"),
        (json!({"recovered_at": "2024-08-19T14:00:00+08:00"}), "recovered_at"),
        (json!({"recovered_at": "2099-08-19T14:00:00+08:00"}), "recovered_at"),
        (json!({"occurred_at": "2099-08-19T14:00:00+08:00"}), "occurred_at"),
        (json!({"occurred_at": "2024-08-19"}), "occurred_at"),
        (json!({"occurred_at": "2024-08-19T15:00:00+08:00", "occurred_precision": "hour"}), "precision"),
        (json!({"detected_precision": "day"}), "precision"),
        (json!({"loss_actual_fen": -1}), "loss_actual_fen"),
        (json!({"loss_actual_fen": 12.5}), "loss_actual_fen"),
        (json!({"impacts": [{"kind": "count", "number": -1, "unit": "笔", "approximate": false}]}), "impacts.number"),
        (json!({"kind": "test"}), "kind"),
        (json!({"detection": "luck"}), "detection"),
        (json!({"unknown": ["severity?"]}), "unknown"),
        (json!({"links": [{"kind": "ticket", "url": "javascript:alert(1)"}]}), "links.url"),
        (json!({"tags": ["x".repeat(65)]}), "tags"),
        (json!({"restricted": "yes"}), "restricted"),
        (json!({"change_link": "x".repeat(501)}), "change_link"),
    ] {
        let request = client.patch(format!("{events}/1")).bearer_auth(&token).header("If-Match", "\"1\"").json(&body);
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
    }
    let event: Value =
        client.get(format!("{events}/1")).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(event["version"], 1, "nothing of it was written");
    for line in ["2099-01-01 10:00 提现失败", "2044-01-02 15:00 提现失败"] {
        let refused = client.post(&events).bearer_auth(&token).json(&json!({"line": line})).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{line}");
        let problem: Value = refused.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "occurred_at", "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_added_changed_and_archived() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let all = format!("{}/api/v1/services", service.url);
    let post = |body: Value| client.post(&all).bearer_auth(&token).json(&body).send();
    let made = post(json!({"name": "提现", "core": true})).await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    assert_eq!((&made["kind"], &made["archived"]), (&json!("business_line"), &json!(false)));
    assert_eq!(post(json!({"name": " 提现 "})).await.unwrap().status(), StatusCode::CONFLICT);
    for body in [
        json!({"name": ""}),
        json!({"name": "a|b"}),
        json!({"name": "x".repeat(61)}),
        json!({"kind": "component"}),
        json!({"name": "y", "kind": "team"}),
        json!({"name": "y", "team_id": "0197a000-0000-7000-8000-000000000000"}),
    ] {
        assert_eq!(post(body.clone()).await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let url = format!("{all}/{}", made["id"].as_str().unwrap());
    let patch = |version: i64, body: Value| {
        client.patch(&url).bearer_auth(&token).header("If-Match", format!("\"{version}\"")).json(&body).send()
    };
    let changed: Value = patch(1, json!({"name": "出金", "archived": true})).await.unwrap().json().await.unwrap();
    assert_eq!((&changed["name"], &changed["core"], &changed["version"]), (&json!("出金"), &json!(true), &json!(2)));
    assert_eq!(patch(1, json!({"core": false})).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    let by_name = client.get(format!("{all}/出金")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(by_name.status(), StatusCode::OK);
    // Archived: not to be named any more, kept where it is.
    let event = json!({"narrative": "x", "services": [{"service_id": made["id"]}]});
    let events = format!("{}/api/v1/events", service.url);
    let refused = client.post(&events).bearer_auth(&token).json(&event).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn relations_are_said_once_and_shown_on_both_events() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let events = format!("{}/api/v1/events", service.url);
    for hour in 10..14 {
        let body =
            json!({"narrative": format!("第 {hour} 起"), "occurred_at": format!("2024-08-19T{hour}:00:00+08:00")});
        client.post(&events).bearer_auth(&token).json(&body).send().await.unwrap();
    }
    let relate = |from: i64, kind: &str, to: &str| {
        client
            .post(format!("{events}/{from}/relations"))
            .bearer_auth(&token)
            .json(&json!({"kind": kind, "other": to}))
            .send()
    };
    let status = |answer: reqwest::Response| answer.status().as_u16();
    assert_eq!(status(relate(2, "duplicate", "PE-1").await.unwrap()), 201);
    assert_eq!(status(relate(2, "duplicate", "PE-1").await.unwrap()), 201, "saying it twice changes nothing");
    assert_eq!(status(relate(3, "recurrence", "1").await.unwrap()), 201);
    assert_eq!(status(relate(1, "related", "PE-4").await.unwrap()), 201);
    assert_eq!(status(relate(4, "related", "PE-1").await.unwrap()), 201);
    for (from, kind, to, expected) in [
        (1, "duplicate", "PE-2", 409),
        (2, "duplicate", "PE-3", 409),
        (3, "duplicate", "PE-2", 409),
        (1, "recurrence", "PE-3", 409),
        (1, "related", "PE-1", 422),
        (1, "brother", "PE-2", 422),
        (1, "related", "x", 422),
        (1, "related", "PE-99", 404),
    ] {
        assert_eq!(status(relate(from, kind, to).await.unwrap()), expected, "{from} {kind} {to}");
    }
    let read = |number: i64| client.get(format!("{events}/{number}/relations")).bearer_auth(&token).send();
    let list: Value = read(1).await.unwrap().json().await.unwrap();
    let told: Vec<(&str, bool, i64)> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap(), one["outgoing"].as_bool().unwrap(), one["other"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [("duplicate", false, 2), ("recurrence", false, 3), ("related", true, 4)]);
    let gone = client.delete(format!("{events}/4/relations/related/1")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT, "related goes from either side");
    let gone = client.delete(format!("{events}/4/relations/related/1")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_asked_in_its_order_and_drills_count_nowhere() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Reporter).await);
    let events = format!("{}/api/v1/events", service.url);
    let body = json!({"narrative": "提现失败", "occurred_at": "2024-08-19T10:00:00+08:00", "severity": "B", "postmortem": "pending"});
    client.post(&events).bearer_auth(&token).json(&body).send().await.unwrap();
    let asked = || async {
        let answer = client.get(format!("{events}/1/missing")).bearer_auth(&token).send().await.unwrap();
        let list: Value = answer.json().await.unwrap();
        list["data"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(asked().await[..3], ["recovered", "impacts", "detected"]);
    let patch = |version: i64, body: Value| {
        client
            .patch(format!("{events}/1"))
            .bearer_auth(&token)
            .header("If-Match", format!("\"{version}\""))
            .json(&body)
            .send()
    };
    assert_eq!(patch(1, json!({"unknown": ["recovered", "impacts"]})).await.unwrap().status(), StatusCode::OK);
    assert_eq!(asked().await[0], "detected");
    let get = |path: &str| client.get(format!("{}{path}", service.url)).bearer_auth(&token).send();
    let text = |path: &'static str| async { get(path).await.unwrap().text().await.unwrap() };
    assert!(text("/api/v1/reports/2024-W34?format=md").await.contains("提现失败"));
    assert!(text("/api/v1/postmortems").await.contains("PE-1"));
    assert!(text("/metrics").await.contains("fupan_postmortems_owed 1"));
    assert_eq!(patch(2, json!({"kind": "drill"})).await.unwrap().status(), StatusCode::OK);
    let report = text("/api/v1/reports/2024-W34?format=json").await;
    assert!(!report.contains("提现失败") && !report.contains("\"B\""), "{report}");
    assert!(!text("/api/v1/postmortems").await.contains("PE-1"));
    assert!(text("/metrics").await.contains("fupan_postmortems_owed 0"));
    assert!(!text("/api/v1/events?state=owed").await.contains("PE-1"));
    assert!(text("/api/v1/events").await.contains("PE-1"), "the list shows it");
    assert!(asked().await.is_empty(), "a drill is asked for its times alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_overwrites_nothing_that_people_recorded_here() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let (services, teams) = named(&service).await;
    let document = |ending: &str| {
        format!(
            "# 周报 2024-W34\n\n## 【生产事件】\n\n08/19 15:00 商户操作提现失败，影响约684笔出金交易，客户服务收到多起反馈，值班联系风控核对规则{ending}。【待复盘】\n"
        )
    };
    let import = |text: String| {
        let url = format!("{}/api/v1/imports", service.url);
        client.post(url).bearer_auth(&token).header("Content-Type", "text/markdown").body(text).send()
    };
    assert_eq!(import(document("")).await.unwrap().status(), StatusCode::OK);
    let url = format!("{}/api/v1/events/1", service.url);
    let recorded = json!({
        "kind": "normal", "detection": "reconciliation", "change_link": "CHG-1", "loss_actual_fen": 5,
        "services": [{"service_id": services[0], "shares": []}],
        "responsibility": [{"team_id": teams[0], "basis_points": 10_000}],
        "tags": ["提现"], "links": [{"kind": "other", "url": "https://example.com/1", "title": null}],
        "unknown": ["recovered", "cause"], "restricted": false,
        "located_at": "2024-08-19T15:20:00+08:00", "located_precision": "minute",
    });
    let patched =
        client.patch(&url).bearer_auth(&token).header("If-Match", "\"1\"").json(&recorded).send().await.unwrap();
    assert_eq!(patched.status(), StatusCode::OK, "{}", patched.text().await.unwrap());
    let later = document("，15:10 定位，15:30 恢复，资损约3200元");
    assert_eq!(import(later).await.unwrap().status(), StatusCode::OK);
    let event: Value = client.get(&url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert!(event["narrative"].as_str().unwrap().contains("15:30 恢复"), "the sentence followed: {event}");
    for (name, value) in recorded.as_object().unwrap() {
        assert_eq!(&event[name], value, "{name}");
    }
    assert_eq!((&event["recovered_at"], &event["cause"]), (&Value::Null, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_refused_and_script_is_text() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let events = format!("{}/api/v1/events", service.url);
    client.post(&events).bearer_auth(&token).json(&json!({"line": LINE})).send().await.unwrap();
    for field in ["narrative", "cause", "change_link"] {
        let body = json!({field: "长".repeat(3_400_000)});
        let request = client.patch(format!("{events}/1")).bearer_auth(&token).header("If-Match", "\"1\"").json(&body);
        // A server that stops reading may close the line before everything is sent.
        if let Ok(answer) = request.send().await {
            assert!(answer.status().is_client_error(), "{field}: {}", answer.status());
        }
    }
    let script = json!({"summary": "<script>alert(1)</script>", "tags": ["<img src=x onerror=alert(1)>"]});
    let patched =
        client.patch(format!("{events}/1")).bearer_auth(&token).header("If-Match", "\"1\"").json(&script).send();
    assert_eq!(patched.await.unwrap().status(), StatusCode::OK);
    let page =
        client.get(format!("{}/e/1", service.url)).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("&#60;script&#62;") && !page.contains("<script>alert") && !page.contains("<img src=x"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_is_known_is_not_marked_at_another_time_and_no_time_lies_ahead_of_the_clock() {
    let service = Service::start(NOW).await;
    let actor = Actor::local_operator();
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let fields = EventFields {
        narrative: "提现失败".to_owned(),
        occurred: Some(ClockPoint::minute(at("2024-08-21T05:00:00Z"))),
        ..EventFields::default()
    };
    let new = NewEvent { fields, state: PostmortemState::Undecided, week: None, raw: None, source: Source::Api };
    events::create(&service.app, &actor, new).await.unwrap();
    let mark = |time: Option<&str>| events::mark(&service.app, &actor, 1, "recovered", time.map(at));
    // A quarter of an hour behind NOW, and a clock that goes five minutes fast.
    let ahead = mark(Some("2024-08-21T06:23:00Z")).await.unwrap_err().to_string();
    assert!(ahead.contains("does not lie in the future"), "{ahead}");
    let marked = mark(Some("2024-08-21T06:13:00Z")).await.unwrap();
    assert_eq!(mark(Some("2024-08-21T06:13:00Z")).await.unwrap().version, marked.version, "pressed twice");
    assert_eq!(mark(None).await.unwrap().version, marked.version);
    let other = mark(Some("2024-08-21T06:01:00Z")).await.unwrap_err().to_string();
    assert!(other.contains("it is known already"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_both_languages_are_read_and_codes_are_answered() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let send = async |method: Method, path: &str, version: Option<i64>, body: Value| {
        let mut request = client.request(method, format!("{}/api/v1/{path}", service.url)).bearer_auth(&token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        let answer = request.json(&body).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let fields = json!({"narrative": "渠道超时", "kind": "演练", "detection": "监控告警", "cause_category": "流程", "postmortem": "撰写中"});
    let (status, event) = send(Method::POST, "events", None, fields).await;
    assert_eq!(status, StatusCode::CREATED, "{event}");
    for (field, code) in [("kind", "drill"), ("detection", "monitoring"), ("cause_category", "human_process")] {
        assert_eq!(event[field], code, "{event}");
    }
    assert_eq!(event["postmortem"]["state"], "drafting", "{event}");
    let (status, event) =
        send(Method::PATCH, "events/1", Some(1), json!({"detection": "Customer", "kind": null})).await;
    assert_eq!((status, &event["detection"], &event["kind"]), (StatusCode::OK, &json!("customer"), &json!("normal")));
    for (field, words) in [
        ("kind", "write one of normal, drill, maintenance"),
        ("detection", "write one of monitoring, customer, staff, reconciliation, other"),
        ("cause_category", "write one of change, capacity, dependency"),
    ] {
        let (status, refused) = send(Method::PATCH, "events/1", Some(2), json!({field: "x"})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused["detail"].as_str().unwrap().contains(words), "{refused}");
    }
    let (status, refused) = send(Method::PATCH, "events/1/postmortem", Some(2), json!({"state": "x"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let (_, list) = send(Method::GET, "events?state=撰写中", None, json!(null)).await;
    assert_eq!(list["data"][0]["number"], 1, "{list}");
}
