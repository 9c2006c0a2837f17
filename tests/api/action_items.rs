//! Action items over the API: the whole way of one, and everything that is refused on it.

use fupan::domain::{
    actor::{Actor, Role},
    event_record::{Responsibility, WHOLE},
};
use reqwest::{Client, Method, Response, StatusCode};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use support::Service;
use uuid::Uuid;

use super::{NOW, client};

/// A person who calls.
pub struct Api {
    client: Client,
    url: String,
    token: String,
    pub email: String,
    pub id: Uuid,
}

impl Api {
    pub async fn of(service: &Service, role: Role) -> Self {
        let operator = Actor::local_operator();
        let token = service.token(role).await;
        // The newest account is the one that was made for this token.
        let accounts = fupan::service::accounts::list(&service.app, &operator).await.unwrap();
        let account = accounts.into_iter().max_by_key(|account| account.id).unwrap();
        let url = format!("{}/api/v1", service.url);
        Self { client: client(), url, token, email: account.email, id: account.id }
    }

    pub async fn send(&self, method: Method, path: &str, etag: Option<&str>, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(etag) = etag {
            request = request.header("If-Match", format!("\"{etag}\""));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None, None).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let etag = self.stands(path).await;
        let answer = self.send(Method::POST, path, etag.as_deref(), Some(body)).await;
        (answer.status(), answer.json().await.unwrap())
    }

    /// The version of what a path moves on, as `…:move` needs it.
    async fn stands(&self, path: &str) -> Option<String> {
        let item = path.strip_suffix(":move")?;
        let stands: Value = self.send(Method::GET, item, None, None).await.json().await.unwrap();
        Some(stands["version"].as_i64().unwrap_or(1).to_string())
    }

    /// Moves the postmortem of an event on from where it stands.
    pub async fn moves(&self, event: i64, body: Value) -> Response {
        let version = self.get(&format!("/events/{event}")).await["version"].to_string();
        self.send(Method::PATCH, &format!("/events/{event}/postmortem"), Some(&version), Some(body)).await
    }

    /// What a refusal says: status, field and sentence.
    pub async fn refused(&self, path: &str, body: Value) -> (u16, String, String) {
        let (status, problem) = self.post(path, body).await;
        let field = problem["errors"][0]["field"].as_str().unwrap_or_default().to_owned();
        (status.as_u16(), field, problem["detail"].as_str().unwrap().to_owned())
    }

    pub async fn event(&self, fields: Value) -> i64 {
        let (status, event) = self.post("/events", fields).await;
        assert_eq!(status, StatusCode::CREATED, "{event}");
        event["number"].as_i64().unwrap()
    }
}

/// The id of an event.
pub async fn id_of(service: &Service, number: i64) -> Uuid {
    fupan::store::events::by_number(service.app.store.read(), number).await.unwrap().unwrap().id
}

/// A team, written as the part of the teams does.
pub async fn team(service: &Service, name: &str) -> Uuid {
    let tx = service.app.store.begin().await.unwrap();
    let id = service.app.id();
    let row = entity::team::ActiveModel {
        id: Set(id),
        version: Set(1),
        name: Set(name.to_owned()),
        name_key: Set(fupan::domain::checked::fold(name)),
        created_at: Set(0),
        lead_id: Set(None),
        archived_at: Set(None),
    };
    entity::team::Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// Sets what the fields of an event cannot say over the API yet.
pub async fn record(
    service: &Service,
    number: i64,
    change: impl FnOnce(&mut fupan::domain::event::EventFields) + Send,
) {
    let tx = service.app.store.begin().await.unwrap();
    let mut event = fupan::store::events::by_number(tx.conn(), number).await.unwrap().unwrap();
    change(&mut event.fields);
    let version = event.version;
    let now = service.app.now_millis();
    fupan::store::events::update(&tx, &event, version, now, &mut || service.app.id()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_goes_from_written_down_to_verified_by_another_person() {
    let service = Service::start(NOW).await;
    let (owner, lead) = (Api::of(&service, Role::Reporter).await, Api::of(&service, Role::Lead).await);
    team(&service, "渠道组").await;
    let event = owner.event(json!({"narrative": "提现失败", "severity": "A"})).await;
    let path = format!("/events/{event}/action-items");
    let body = json!({
        "title": "告警阈值由 97% 调至 98.5%", "owner": owner.email, "team": " 渠道组 ", "priority": "high",
        "detail": "见 **看板**", "ticket_url": "https://jira.example.com/browse/PAY-1",
    });
    let post = || {
        let url = format!("{}{path}", owner.url);
        owner.client.post(url).bearer_auth(&owner.token).header("Idempotency-Key", "k1").json(&body).send()
    };
    let made = post().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    assert_eq!(made.headers()["location"], "/api/v1/action-items/1");
    let item: Value = made.json().await.unwrap();
    assert_eq!((item["label"].as_str(), item["event"].as_str()), (Some("AI-1"), Some("PE-1")));
    assert_eq!((item["owner"].as_str(), item["team"].as_str()), (Some("reporter"), Some("渠道组")));
    assert_eq!(item["due_on"], "2024-09-05", "15 days for A, from the day it was written down");
    assert_eq!((item["state"].as_str(), item["due_fixed"].as_bool()), (Some("open"), Some(false)));
    let again = post().await.unwrap();
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), item, "the same answer");

    let steps = "/action-items/AI-1:move";
    let (status, moved) = owner.post(steps, json!({"to": "in_progress"})).await;
    assert_eq!((status, moved["state"].as_str()), (StatusCode::OK, Some("in_progress")));
    let (_, again) = owner.post(steps, json!({"to": "in_progress"})).await;
    assert_eq!(again["version"], moved["version"], "a step that was taken is done");
    let (status, _) = owner.post(steps, json!({"to": "in_verification", "evidence": "截图 1"})).await;
    assert_eq!(status, StatusCode::OK);
    let (_, back) = lead.post(steps, json!({"to": "in_progress", "reason": "没有覆盖夜间"})).await;
    assert_eq!((back["state"].as_str(), back["reason"].as_str()), (Some("in_progress"), Some("没有覆盖夜间")));
    owner.post(steps, json!({"to": "in_verification", "evidence": "截图 2"})).await;
    let (_, done) = lead.post(steps, json!({"to": "done"})).await;
    assert_eq!((done["state"].as_str(), done["verifier"].as_str()), (Some("done"), Some("lead")), "{done}");
    assert_eq!(done["verified_at"], "2024-08-21T14:08:00+08:00");

    let patch =
        |etag: Option<&'static str>, body: Value| owner.send(Method::PATCH, "/action-items/1", etag, Some(body));
    let closed = patch(Some("6"), json!({"title": "另一件事"})).await;
    assert_eq!(closed.status(), StatusCode::CONFLICT);
    let (_, open) = lead.post(steps, json!({"to": "open", "reason": "又发生了"})).await;
    assert_eq!((open["version"].as_i64(), open["verifier_id"].is_null()), (Some(7), true));
    assert_eq!(patch(None, json!({"title": "x"})).await.status(), StatusCode::PRECONDITION_REQUIRED);
    let stale = patch(Some("6"), json!({"title": "x"})).await;
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let changed = patch(Some("7"), json!({"due_on": "2024-08-30", "team": null, "ticket_url": null})).await;
    assert_eq!(changed.headers()["etag"], "\"8\"");
    let changed: Value = changed.json().await.unwrap();
    assert_eq!((changed["due_on"].as_str(), changed["due_fixed"].as_bool()), (Some("2024-08-30"), Some(true)));
    assert!(changed["team"].is_null() && changed["ticket_url"].is_null());
    let followed: Value = patch(Some("8"), json!({"due_on": null})).await.json().await.unwrap();
    assert_eq!((followed["due_on"].as_str(), followed["due_fixed"].as_bool()), (Some("2024-09-05"), Some(false)));

    let operator = Actor::local_operator();
    let history = fupan::service::action_items::history(&service.app, &operator, 1).await.unwrap();
    let actions: Vec<&str> = history.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions.len(), 9, "an entry for every change and none for a repeated step: {actions:?}");
    assert_eq!(history.iter().find(|entry| entry.action == "action_item.done").unwrap().change["self_verified"], false);
    let of_event = fupan::service::events::detail(&service.app, &operator, event).await.unwrap().audit;
    assert_eq!(of_event.iter().filter(|entry| entry.action.starts_with("action_item.")).count(), 9);

    assert_eq!(owner.send(Method::DELETE, "/action-items/1", Some("9"), None).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(lead.send(Method::DELETE, "/action-items/1", Some("9"), None).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(lead.send(Method::GET, "/action-items/1", None, None).await.status(), StatusCode::NOT_FOUND);
    let (_, next) = owner.post(&path, json!({"title": "第二条"})).await;
    assert_eq!(next["label"], "AI-2", "a number is never handed out again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_item_is_refused_with_place_and_remedy() {
    let service = Service::start(NOW).await;
    let (owner, lead) = (Api::of(&service, Role::Reporter).await, Api::of(&service, Role::Lead).await);
    let event = owner.event(json!({"narrative": "提现失败"})).await;
    let path = format!("/events/{event}/action-items");
    for (body, field, words) in [
        (json!({}), "title", "must not be empty"),
        (json!({"title": "两\n行"}), "title", "control characters"),
        (json!({"title": "x".repeat(501)}), "title", "at most 500 characters"),
        (json!({"title": "x", "detail": "长".repeat(20_001)}), "detail", "at most 20000 characters, here 20001"),
        (json!({"title": "x", "priority": "urgent"}), "priority", "write one of high, medium, low"),
        (json!({"title": "x", "owner": "nobody@example.com"}), "owner", "no active account like this; add it"),
        (json!({"title": "x", "team": "没有这个组"}), "team", "choose one of the list"),
        (json!({"title": "x", "due_on": "2024-08-20"}), "due_on", "is past; give 2024-08-21 or a later day"),
        (json!({"title": "x", "due_on": "2099-01-01"}), "due_on", "is too far away; give 2026-08-22 or an earlier day"),
        (json!({"title": "x", "ticket_url": "javascript:alert(1)"}), "ticket_url", "begins with https:// or http://"),
        (json!({"title": "x", "ticket_url": "data:text/html,x"}), "ticket_url", "begins with https:// or http://"),
    ] {
        let (status, place, detail) = owner.refused(&path, body.clone()).await;
        assert_eq!((status, place.as_str()), (422, field), "{body}");
        assert!(detail.contains(words), "{body}: {detail}");
    }
    assert_eq!(owner.refused(&path, json!({"title": "x", "nope": 1})).await.0, 400);
    assert_eq!(owner.refused("/events/99/action-items", json!({"title": "x"})).await.0, 404);
    let large = json!({"title": "x", "detail": "x".repeat(10 << 20)});
    let (status, problem) = owner.post(&path, large).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")));

    let (_, nobodys) = owner.post(&path, json!({"title": "没有负责人"})).await;
    assert_eq!(nobodys["label"], "AI-1", "what was refused took no number");
    owner.post(&path, json!({"title": "有负责人", "owner": owner.id.to_string()})).await;
    for (item, body, status, field, words) in [
        (1, json!({"to": "done"}), 409, "", "an action item that is open cannot become done; from there it goes to"),
        (1, json!({"to": "closed"}), 422, "to", "write one of open, in progress"),
        (1, json!({"to": "in_verification", "evidence": "x"}), 422, "owner", "name an owner before it is verified"),
        (2, json!({"to": "in_verification"}), 422, "evidence", "must not be empty"),
        (2, json!({"to": "in_verification", "evidence": " \n "}), 422, "evidence", "must not be empty"),
        (2, json!({"to": "in_verification", "evidence": "x".repeat(20_001)}), 422, "evidence", "at most 20000"),
        (2, json!({"to": "wont_do", "reason": "没有必要"}), 403, "", "lead"),
    ] {
        let (was, place, detail) = owner.refused(&format!("/action-items/{item}:move"), body.clone()).await;
        assert_eq!((was, place.as_str()), (status, field), "{body} {detail}");
        assert!(detail.contains(words), "{body}: {detail}");
    }
    assert_eq!(lead.refused("/action-items/2:move", json!({"to": "wont_do"})).await.1, "reason");
    owner.post("/action-items/2:move", json!({"to": "in_verification", "evidence": "看 **图**"})).await;
    let own = owner.refused("/action-items/2:move", json!({"to": "done"})).await;
    assert_eq!((own.0, own.1.as_str()), (422, "verifier"));
    assert!(own.2.contains("ask another person"), "{}", own.2);
    let named = lead.refused("/action-items/2:move", json!({"to": "done", "verifier": owner.email})).await;
    assert_eq!(named.1, "verifier");
    let for_another = owner.refused("/action-items/2:move", json!({"to": "done", "verifier": lead.email})).await;
    assert_eq!(for_another.0, 403, "a reporter speaks for nobody else");
    for owner_now in [json!(lead.email), Value::Null] {
        let body = Some(json!({"owner": owner_now}));
        let handed = owner.send(Method::PATCH, "/action-items/2", Some("2"), body).await;
        assert_eq!(handed.status(), StatusCode::UNPROCESSABLE_ENTITY, "nobody verifies their own work by a detour");
        let problem: Value = handed.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "owner");
    }
    assert_eq!(lead.refused("/action-items/2:move", json!({"to": "in_progress"})).await.1, "reason");

    let chinese = owner
        .client
        .post(format!("{}{path}", owner.url))
        .bearer_auth(&owner.token)
        .header("Accept-Language", "zh-CN")
        .json(&json!({"title": "x", "due_on": "2099-01-01"}));
    let chinese: Value = chinese.send().await.unwrap().json().await.unwrap();
    assert_eq!(chinese["detail"], "截止日期：2099-01-01 太远了，请给 2026-08-22 或之前的日期");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_and_paged_without_gaps() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    let other = Api::of(&service, Role::Reporter).await;
    let channel = team(&service, "渠道组").await;
    let event = api.event(json!({"narrative": "提现失败"})).await;
    let path = format!("/events/{event}/action-items");
    for (day, owner) in [("2024-08-30", &api), ("2024-08-22", &other), ("2024-08-30", &other), ("2024-08-26", &api)] {
        let body = json!({"title": day, "due_on": day, "owner": owner.email, "team": channel});
        assert_eq!(api.post(&path, body).await.0, StatusCode::CREATED);
    }
    assert_eq!(api.post(&path, json!({"title": "按政策"})).await.1["due_on"], "2024-09-20");
    let mut numbers = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/action-items?limit=2&cursor={cursor}")).await;
        numbers.extend(page["data"].as_array().unwrap().iter().map(|item| item["number"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(numbers, [2, 4, 1, 3, 5], "by due date, then by number");
    api.post("/action-items/1:move", json!({"to": "wont_do", "reason": "不需要了"})).await;
    service.clock.set("2024-08-27T06:00:00Z");
    let email = &other.email;
    for (query, expected) in [
        (String::new(), vec![2, 4, 3, 5]),
        ("?state=all".to_owned(), vec![2, 4, 1, 3, 5]),
        ("?state=wont_do".to_owned(), vec![1]),
        ("?overdue=true".to_owned(), vec![2, 4]),
        (format!("?owner={email}"), vec![2, 3]),
        ("?owner=me".to_owned(), vec![4]),
        ("?owner=-".to_owned(), vec![5]),
        (format!("?team={channel}&overdue=true&owner={email}"), vec![2]),
        ("?team=-".to_owned(), vec![5]),
        ("?due_week=2024-W35".to_owned(), vec![4, 3]),
    ] {
        let page = api.get(&format!("/action-items{query}")).await;
        let found: Vec<i64> =
            page["data"].as_array().unwrap().iter().map(|item| item["number"].as_i64().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
    for query in ["state=nope", "owner=nobody@example.com", "team=nope", "due_week=2024-W54", "cursor=x", "nope=1"] {
        let status = api.send(Method::GET, &format!("/action-items?{query}"), None, None).await.status();
        assert!(status.is_client_error(), "{query}: {status}");
    }
    let gone = api.send(Method::DELETE, &format!("/events/{event}"), Some("1"), None).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(api.get("/action-items?state=all").await["data"], json!([]), "an event takes its items along");
}

#[tokio::test(flavor = "multi_thread")]
async fn items_of_a_restricted_event_are_seen_by_those_who_may_see_the_event() {
    let service = Service::start(NOW).await;
    let (writer, stranger) = (Api::of(&service, Role::Reporter).await, Api::of(&service, Role::Lead).await);
    let (viewer, admin) = (Api::of(&service, Role::Viewer).await, Api::of(&service, Role::Admin).await);
    let event = writer.event(json!({"narrative": "内部调查"})).await;
    writer.post(&format!("/events/{event}/action-items"), json!({"title": "收回权限"})).await;
    let named = viewer.id;
    record(&service, event, |fields| {
        fields.restricted = true;
        fields.viewers = vec![named];
    })
    .await;
    for (who, sees) in [(&writer, 1), (&stranger, 0), (&viewer, 1), (&admin, 1)] {
        let list = who.get("/action-items").await;
        assert_eq!(list["data"].as_array().unwrap().len(), sees);
        let one = who.send(Method::GET, "/action-items/1", None, None).await.status();
        assert_eq!(one == StatusCode::OK, sees == 1, "{one}");
    }
    let path = format!("/events/{event}/action-items");
    assert_eq!(stranger.refused(&path, json!({"title": "x"})).await.0, 404);
    assert_eq!(stranger.refused("/action-items/1:move", json!({"to": "in_progress"})).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn due_dates_follow_a_regrading_by_the_days_that_the_house_wrote() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    let event = api.event(json!({"narrative": "提现失败", "severity": "D"})).await;
    let path = format!("/events/{event}/action-items");
    api.post(&path, json!({"title": "跟随"})).await;
    api.post(&path, json!({"title": "固定", "due_on": "2024-08-30"})).await;
    api.post(&path, json!({"title": "关闭"})).await;
    api.post("/action-items/3:move", json!({"to": "wont_do", "reason": "x"})).await;
    let levels = api.get("/policies/severity").await;
    let mut document = levels["document"].clone();
    document["levels"][0]["action_due_days"] = json!(5);
    let etag = levels["version"].to_string();
    let admin = Api::of(&service, Role::Admin).await;
    let put = admin.send(Method::PUT, "/policies/severity", Some(&etag), Some(json!({"document": document}))).await;
    assert_eq!(put.status(), StatusCode::OK);
    let grade = json!({"level": "A", "reason": "超过门槛"});
    let put = api.send(Method::PUT, &format!("/events/{event}/grading"), Some("1"), Some(grade)).await;
    assert_eq!(put.status(), StatusCode::OK);
    let due = async |number: i64| api.get(&format!("/action-items/{number}")).await["due_on"].clone();
    assert_eq!(
        (due(1).await, due(2).await, due(3).await),
        (json!("2024-08-26"), json!("2024-08-30"), json!("2024-09-20"))
    );
    let shares = vec![Responsibility { team_id: team(&service, "甲").await, share: WHOLE }];
    record(&service, event, |fields| fields.responsibility = shares).await;
    assert_eq!(api.get(&path).await["data"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_house_with_one_writer_the_owner_verifies_and_the_record_says_so() {
    let service = Service::start(NOW).await;
    let only = Api::of(&service, Role::Lead).await;
    Api::of(&service, Role::Viewer).await;
    let event = only.event(json!({"narrative": "提现失败"})).await;
    only.post(&format!("/events/{event}/action-items"), json!({"title": "x", "owner": only.email})).await;
    only.post("/action-items/1:move", json!({"to": "in_verification", "evidence": "图"})).await;
    let (status, done) = only.post("/action-items/1:move", json!({"to": "done"})).await;
    assert_eq!((status, done["state"].as_str()), (StatusCode::OK, Some("done")));
    let operator = Actor::local_operator();
    let history = fupan::service::action_items::history(&service.app, &operator, 1).await.unwrap();
    assert_eq!(history[0].change["self_verified"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_an_item_at_once_one_is_told_and_nothing_is_lost() {
    let service = Service::start(NOW).await;
    let api = Api::of(&service, Role::Lead).await;
    let event = api.event(json!({"narrative": "提现失败"})).await;
    api.post(&format!("/events/{event}/action-items"), json!({"title": "x"})).await;
    let change =
        |title: &'static str| api.send(Method::PATCH, "/action-items/1", Some("1"), Some(json!({"title": title})));
    let (one, two) = tokio::join!(change("甲"), change("乙"));
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert!(statuses == [200, 412] || statuses == [200, 409], "{statuses:?}");
    let title = api.get("/action-items/1").await["title"].clone();
    assert_eq!(title, if one.status() == StatusCode::OK { "甲" } else { "乙" });
}
