//! Postmortems over the API: written, reviewed, taken away, and every way in which that is refused.

use fupan::{
    domain::actor::{Actor, Role},
    service::{accounts, tokens},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use crate::{LINE, NOW, client};

/// Somebody with a token.
#[derive(Clone)]
struct Person {
    client: Client,
    url: String,
    email: String,
    token: String,
}

impl Person {
    async fn new(service: &Service, name: &str, role: Role) -> Self {
        let operator = Actor::local_operator();
        let email = format!("{name}@example.com");
        let new = accounts::NewAccount { email: email.clone(), name: name.to_owned(), role, lang: "zh-CN".to_owned() };
        let account = accounts::add(&service.app, &operator, new).await.unwrap().0;
        let token =
            tokens::create(&service.app, &operator, &account, tokens::NewToken::of_all("test")).await.unwrap().1;
        Self { client: client(), url: service.url.clone(), email, token }
    }

    async fn send(&self, method: Method, path: &str, version: Option<i64>, body: &Value) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.header("Accept-Language", "zh-CN").send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn text(&self, path: &str) -> String {
        let url = format!("{}/api/v1/{path}", self.url);
        self.client.get(url).bearer_auth(&self.token).send().await.unwrap().text().await.unwrap()
    }

    async fn moves(&self, body: Value) -> (StatusCode, Value) {
        self.moves_of(1, body).await
    }

    /// Moves a postmortem on from where it stands.
    async fn moves_of(&self, event: i64, body: Value) -> (StatusCode, Value) {
        let (_, stands) = self.send(Method::GET, &format!("events/{event}"), None, &Value::Null).await;
        let version = stands["version"].as_i64().unwrap_or(1);
        self.send(Method::PATCH, &format!("events/{event}/postmortem"), Some(version), &body).await
    }

    async fn write(&self, section: &str, version: i64, text: &str) -> (StatusCode, Value) {
        let path = format!("events/1/postmortem/sections/{section}");
        self.send(Method::PUT, &path, Some(version), &json!({"text": text})).await
    }
}

/// A service with the event of the reference report, its writer, a reviewer and a lead.
async fn house() -> (Service, Person, Person, Person) {
    let service = Service::start(NOW).await;
    let writer = Person::new(&service, "writer", Role::Reporter).await;
    let reviewer = Person::new(&service, "reviewer", Role::Reporter).await;
    let lead = Person::new(&service, "lead", Role::Lead).await;
    let line = json!({"line": LINE, "week": "2024-W34"});
    assert_eq!(writer.send(Method::POST, "events", None, &line).await.0, StatusCode::CREATED);
    (service, writer, reviewer, lead)
}

fn section<'a>(document: &'a Value, key: &str) -> &'a Value {
    document["sections"].as_array().unwrap().iter().find(|section| section["key"] == key).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_is_half_filled_written_reviewed_sent_back_and_approved() {
    let (_service, writer, reviewer, lead) = house().await;
    let document = writer.get("events/1/postmortem").await;
    let keys: Vec<&str> =
        document["sections"].as_array().unwrap().iter().map(|section| section["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["summary", "impact", "timeline", "root_cause", "detection", "actions"]);
    let summary = section(&document, "summary");
    assert_eq!(
        summary["text"],
        "2024-08-19 15:00 至 15:30（30 分钟），客户反馈商户操作提现失败。原因：风控规则更新。处理：下线规则，恢复正常。"
    );
    assert_eq!((summary["version"].as_i64(), summary["written"].as_bool()), (Some(0), Some(false)));
    assert!(section(&document, "impact")["text"].as_str().unwrap().contains("约684笔"));
    assert_eq!(section(&document, "root_cause")["whys"], json!(["风控规则更新"]));
    assert!(section(&document, "impact")["questions"].to_string().contains("有没有资损"));
    assert_eq!(document["stages"][0]["minutes"], 30);
    assert_eq!(document["state"], "pending");

    // The facts are told again until someone writes; then they are a suggestion.
    let (_, event) = writer.send(Method::PATCH, "events/1", Some(1), &json!({"cause": "风控规则误判"})).await;
    assert_eq!(event["version"], 2);
    let document = writer.get("events/1/postmortem").await;
    assert!(section(&document, "summary")["text"].as_str().unwrap().contains("风控规则误判"));
    let (status, written) = writer.write("summary", 0, "提现失败 30 分钟，**下线规则**后恢复。").await;
    assert_eq!((status, written["version"].as_i64()), (StatusCode::OK, Some(1)), "{written}");
    assert!(written["html"].as_str().unwrap().contains("<strong>下线规则</strong>"));
    assert!(written["suggestion"].as_str().unwrap().contains("风控规则误判"));
    let document = writer.get("events/1/postmortem").await;
    assert_eq!((document["state"].as_str(), document["owner"].as_str()), (Some("drafting"), Some("writer")));
    let whys = json!({"text": "规则没有灰度。", "whys": ["规则误判", " ", "没有灰度环境"]});
    let (_, cause) = writer.send(Method::PUT, "events/1/postmortem/sections/root_cause", Some(0), &whys).await;
    assert_eq!(cause["whys"], json!(["规则误判", "没有灰度环境"]));

    let (status, refused) = writer.moves(json!({"state": "in_review"})).await;
    assert_eq!((status, refused["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("reviewer")));
    let (status, _) = writer.moves(json!({"state": "in_review", "reviewer": reviewer.email})).await;
    assert_eq!(status, StatusCode::OK);
    let (status, refused) = reviewer.moves(json!({"state": "drafting"})).await;
    assert_eq!((status, refused["detail"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("理由不能为空")));
    let (status, _) = reviewer.moves(json!({"state": "drafting", "reason": "缺少影响范围"})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(writer.write("impact", 0, "约 684 笔出金，无资损。").await.0, StatusCode::OK);
    assert_eq!(writer.moves(json!({"state": "in_review"})).await.0, StatusCode::OK, "the reviewer is kept");
    assert_eq!(writer.moves(json!({"state": "done"})).await.0, StatusCode::FORBIDDEN, "nobody approves as a writer");
    let (status, done) = reviewer.moves(json!({"state": "done"})).await;
    assert_eq!((status, done["postmortem"]["state"].as_str()), (StatusCode::OK, Some("done")));

    let document = lead.get("events/1/postmortem").await;
    let moves: Vec<(&str, &str, &str)> = document["moves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["by"].as_str().unwrap(), one["to"].as_str().unwrap(), one["reason"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        moves,
        [
            ("reviewer", "done", ""),
            ("writer", "in_review", ""),
            ("reviewer", "drafting", "缺少影响范围"),
            ("writer", "in_review", ""),
            ("writer", "drafting", ""),
        ]
    );
    // Done is done: to change it, it is reopened with a reason.
    assert_eq!(writer.write("impact", 1, "改一下").await.0, StatusCode::CONFLICT);
    assert_eq!(writer.moves(json!({"state": "drafting"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(writer.moves(json!({"state": "drafting", "reason": "补充数据"})).await.0, StatusCode::OK);
    assert_eq!(writer.write("impact", 1, "约 684 笔，37 家商户。").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_that_are_not_allowed_are_refused_and_change_nothing() {
    let (service, writer, reviewer, lead) = house().await;
    let viewer = Person::new(&service, "viewer", Role::Viewer).await;
    let other_lead = Person::new(&service, "other", Role::Lead).await;
    for (person, body, status) in [
        (&writer, json!({"state": "undecided"}), StatusCode::CONFLICT),
        (&writer, json!({"state": "nosuch"}), StatusCode::UNPROCESSABLE_ENTITY),
        (&writer, json!({"state": "not_required", "reason": "小事"}), StatusCode::FORBIDDEN),
        (&lead, json!({"state": "not_required"}), StatusCode::UNPROCESSABLE_ENTITY),
        (&lead, json!({"state": "not_required", "reason": "   "}), StatusCode::UNPROCESSABLE_ENTITY),
        (&writer, json!({"state": "done"}), StatusCode::FORBIDDEN),
        (&writer, json!({"owner": writer.email}), StatusCode::FORBIDDEN),
        (&writer, json!({"state": "in_review", "reviewer": "stranger@example.com"}), StatusCode::UNPROCESSABLE_ENTITY),
        (&writer, json!({"state": "in_review", "reviewer": viewer.email}), StatusCode::UNPROCESSABLE_ENTITY),
        (&writer, json!({"state": "in_review", "reviewer": writer.email}), StatusCode::UNPROCESSABLE_ENTITY),
        (&lead, json!({"due_on": "2099-01-01"}), StatusCode::UNPROCESSABLE_ENTITY),
        (&viewer, json!({"state": "drafting"}), StatusCode::FORBIDDEN),
    ] {
        let (got, answer) = person.moves(body.clone()).await;
        assert_eq!(got, status, "{body}: {answer}");
        assert!(!answer["detail"].as_str().unwrap().is_empty());
    }
    let document = writer.get("events/1/postmortem").await;
    assert_eq!((document["state"].as_str(), document["owner"].is_null()), (Some("pending"), true));
    assert_eq!(document["moves"], json!([]));

    // A lead who owns it has another one approve; an outsider who is no lead may not.
    assert_eq!(lead.moves(json!({"owner": lead.email, "due_on": "2024-08-30"})).await.0, StatusCode::OK);
    assert_eq!(lead.moves(json!({"state": "in_review", "reviewer": reviewer.email})).await.0, StatusCode::OK);
    assert_eq!(lead.moves(json!({"state": "done"})).await.0, StatusCode::CONFLICT);
    assert_eq!(writer.moves(json!({"state": "done"})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(other_lead.moves(json!({"state": "done"})).await.0, StatusCode::OK);
    // Waived with a reason, and owed again with another one.
    assert_eq!(lead.moves(json!({"state": "pending", "reason": "数据不对"})).await.0, StatusCode::OK);
    let (_, waived) = lead.moves(json!({"state": "not_required", "reason": "与 PE-2 一并复盘"})).await;
    assert_eq!(waived["postmortem"]["reason"], "与 PE-2 一并复盘");
    assert_eq!(writer.write("summary", 0, "x").await.0, StatusCode::CONFLICT);
    assert_eq!(writer.moves(json!({"state": "pending"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, again) = writer.moves(json!({"state": "pending", "reason": "PE-2 没有覆盖"})).await;
    assert_eq!(
        (again["postmortem"]["state"].as_str(), again["postmortem"]["reason"].is_null()),
        (Some("pending"), true)
    );
    assert_eq!(again["postmortem"]["due_on"], "2024-08-30", "a due date that a person chose stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_lead_may_approve_what_they_wrote() {
    let service = Service::start(NOW).await;
    let lead = Person::new(&service, "lead", Role::Lead).await;
    lead.send(Method::POST, "events", None, &json!({"line": LINE})).await;
    assert_eq!(lead.write("summary", 0, "写完了。").await.0, StatusCode::OK);
    assert_eq!(lead.moves(json!({"state": "in_review", "reviewer": lead.email})).await.0, StatusCode::OK);
    assert_eq!(lead.moves(json!({"state": "done"})).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_write_at_once_lose_nothing() {
    let (service, writer, reviewer, _) = house().await;
    let (one, two) = tokio::join!(writer.write("summary", 0, "甲的综述"), reviewer.write("summary", 0, "乙的综述"));
    let mut statuses = [one.0.as_u16(), two.0.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "{one:?} {two:?}");
    let (stands, lost) =
        if one.0 == StatusCode::OK { ("甲的综述", "乙的综述") } else { ("乙的综述", "甲的综述") };
    let refused = if one.0 == StatusCode::OK { two.1 } else { one.1 };
    assert_eq!(refused["code"], "stale_version");
    let now = writer.get("events/1/postmortem/sections/summary").await;
    assert_eq!((now["text"].as_str(), now["version"].as_i64()), (Some(stands), Some(1)));
    // The second one saves again, knowing the first; what was there stays in the log.
    assert_eq!(reviewer.write("summary", 1, &format!("{stands}；{lost}")).await.0, StatusCode::OK);
    assert_eq!(writer.write("summary", 1, "没有看见").await.0, StatusCode::PRECONDITION_FAILED);
    let path = "events/1/postmortem/sections/summary";
    assert_eq!(writer.send(Method::PUT, path, None, &json!({"text": "x"})).await.0, StatusCode::PRECONDITION_REQUIRED);
    let audit = fupan::store::audit::of_subject(service.app.store.read(), "postmortem:1", 10).await.unwrap();
    assert!(audit.iter().all(|entry| entry.action == "postmortem.write") && audit.len() == 2, "{audit:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_writing_is_shown_for_two_minutes_and_keeps_nobody_out() {
    let (service, writer, reviewer, _) = house().await;
    let path = "events/1/postmortem/lock";
    assert_eq!(writer.send(Method::PUT, path, None, &Value::Null).await.1["data"], json!([]));
    assert_eq!(writer.send(Method::PUT, path, None, &Value::Null).await.0, StatusCode::OK, "renewed");
    let (_, others) = reviewer.send(Method::PUT, path, None, &Value::Null).await;
    assert_eq!(others["data"][0]["name"], "writer");
    assert_eq!(reviewer.write("summary", 0, "照样能写").await.0, StatusCode::OK);
    assert_eq!(writer.get("events/1/postmortem").await["writers"].as_array().unwrap().len(), 2);
    assert_eq!(reviewer.send(Method::DELETE, path, None, &Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(writer.get("events/1/postmortem").await["writers"].as_array().unwrap().len(), 1);
    service.clock.set("2024-08-21T06:10:01Z");
    assert_eq!(writer.get("events/1/postmortem").await["writers"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_texts_are_refused_and_script_never_leaves_the_house() {
    let (_service, writer, _, _) = house().await;
    let long = "长".repeat(22_000);
    let (status, refused) = writer.write("summary", 0, &long).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["detail"].as_str().unwrap().contains("64 KB"), "{refused}");
    assert_eq!(writer.write("summary", 0, &"x".repeat(10 * 1024 * 1024)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(writer.write("summary", 0, "控制\u{7}字符").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(writer.write("nosuch", 0, "x").await.0, StatusCode::NOT_FOUND);
    let whys = json!({"text": "x", "whys": vec!["为什么"; 11]});
    let path = "events/1/postmortem/sections/root_cause";
    assert_eq!(writer.send(Method::PUT, path, Some(0), &whys).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let document = writer.get("events/1/postmortem").await;
    assert!(document["sections"].as_array().unwrap().iter().all(|section| section["written"] == false));
    assert_eq!(document["state"], "pending", "nothing was half written");

    let attack = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n<iframe src=\"data:text/html,x\"></iframe> ![p](https://example.com/p.png)";
    assert_eq!(writer.write("summary", 0, attack).await.0, StatusCode::OK);
    let whys = json!({"text": "", "whys": ["<svg onload=alert(1)>"]});
    assert_eq!(writer.send(Method::PUT, path, Some(0), &whys).await.0, StatusCode::OK);
    let html = writer.text("events/1/postmortem?format=html").await;
    let shown = section(&writer.get("events/1/postmortem").await, "summary")["html"].as_str().unwrap().to_owned();
    for page in [html, shown] {
        for part in ["<script", "javascript:alert(1)\"", "<img", "<iframe", "<svg"] {
            assert!(!page.contains(part), "{part} in {page}");
        }
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_is_taken_away_in_each_format_and_known_again_by_its_tag() {
    let (_service, writer, _, _) = house().await;
    writer.write("detection", 0, "监控没有覆盖提现成功率。").await;
    let (_, added) = writer.send(Method::POST, "events/1/timeline", None, &json!({"text": "15:12 联系风控"})).await;
    let star = format!("events/1/timeline/{}/star", added["id"].as_str().unwrap());
    writer.send(Method::POST, "events/1/timeline", None, &json!({"text": "15:13 不重要的一步"})).await;
    assert_eq!(writer.send(Method::PUT, &star, None, &Value::Null).await.0, StatusCode::NO_CONTENT);
    let markdown = writer.text("events/1/postmortem?format=md").await;
    for part in [
        "# PE-1 客户反馈商户操作提现失败",
        "## 综述",
        "- **15:12** 联系风控",
        "监控没有覆盖提现成功率。",
        "1. 风控规则更新",
    ] {
        assert!(markdown.contains(part), "{part} in {markdown}");
    }
    assert!(!markdown.contains("不重要"), "{markdown}");
    let html = writer.text("events/1/postmortem?format=html").await;
    assert!(html.starts_with("<!doctype html>") && html.contains("<h2>为什么没有更早发现</h2>"), "{html}");
    let url = format!("{}/api/v1/events/1/postmortem?format=md", writer.url);
    let get = || writer.client.get(&url).bearer_auth(&writer.token);
    let first = get().send().await.unwrap();
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(first.headers()["content-type"], "text/markdown; charset=utf-8");
    let again = get().header("If-None-Match", &tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    writer.write("detection", 1, "监控没有覆盖。").await;
    assert_eq!(get().header("If-None-Match", &tag).send().await.unwrap().status(), StatusCode::OK);
    let english = get().header("Accept-Language", "en").send().await.unwrap().text().await.unwrap();
    assert!(english.contains("## Why it was not found earlier"), "{english}");
    let (status, _) = writer.send(Method::GET, "events/1/postmortem?format=pdf", None, &Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_on_wording_advise_and_never_block() {
    let (_service, writer, _, _) = house().await;
    let (status, written) = writer.write("root_cause", 0, "值班同学忘记检查。\n\n连接池在 4 分钟内耗尽。").await;
    assert_eq!(status, StatusCode::OK);
    let hints = written["hints"].as_array().unwrap();
    assert_eq!((hints.len(), hints[0]["kind"].as_str()), (1, Some("person_at_fault")));
    assert!(hints[0]["advice"].as_str().unwrap().contains("系统和条件"));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_action_items_of_similar_earlier_events_are_told() {
    use entity::action_item;
    use sea_orm::{ActiveValue::Set, EntityTrait as _};
    let (service, writer, _, _) = house().await;
    let event = fupan::service::events::get(&service.app, &Actor::local_operator(), 1).await.unwrap();
    let item = |number: i64, state: &str, title: &str| action_item::ActiveModel {
        id: Set(service.app.id()),
        number: Set(number),
        version: Set(1),
        event_id: Set(event.id),
        title: Set(title.to_owned()),
        priority: Set("high".to_owned()),
        state: Set(state.to_owned()),
        due_fixed: Set(false),
        created_at: Set(event.created_at),
        updated_at: Set(event.created_at),
        changed_at: Set(event.created_at),
        due_on: Set(chrono::NaiveDate::from_ymd_opt(2024, 8, 20)),
        ..Default::default()
    };
    let tx = service.app.store.begin().await.unwrap();
    for row in [item(1, "open", "规则灰度发布"), item(2, "done", "已完成的"), item(3, "in_progress", "提现成功率告警")]
    {
        action_item::Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let similar = json!({"line": "08/20 10:00 客户反馈商户操作提现失败，原因风控规则更新。【待复盘】"});
    writer.send(Method::POST, "events", None, &similar).await;
    writer.send(Method::POST, "events", None, &json!({"line": "08/20 11:00 对账文件延迟生成"})).await;
    let told = writer.get("events/2/recurrence").await;
    let titles: Vec<&str> =
        told["data"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["规则灰度发布", "提现成功率告警"], "{told}");
    assert_eq!((told["data"][0]["event"].as_str(), told["data"][0]["overdue"].as_bool()), (Some("PE-1"), Some(true)));
    assert_eq!(writer.get("events/3/recurrence").await["data"], json!([]));
    assert_eq!(writer.get("events/1/recurrence").await["data"], json!([]), "not those of the event itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sections_follow_the_template_and_nothing_written_is_hidden() {
    use entity::policy;
    use sea_orm::{ActiveValue::Set, EntityTrait as _};
    let (service, writer, _, _) = house().await;
    assert_eq!(writer.write("detection", 0, "监控没有覆盖。").await.0, StatusCode::OK);
    let document = json!({
        "sections": [
            {"key": "summary", "title": {"zh": "一句话", "en": "In a line"}},
            {"key": "customers", "title": {"zh": "客户沟通", "en": "Customers"}, "question": {"zh": "通知了谁？", "en": "Who was told?"}},
        ],
        "by_level": [{"levels": ["A"], "sections": ["summary", "customers"]}],
        "otherwise": ["customers", "summary"],
    });
    let row = policy::ActiveModel {
        name: Set("postmortem".to_owned()),
        version: Set(1),
        document: Set(document.to_string()),
        changed_at: Set(0),
    };
    let tx = service.app.store.begin().await.unwrap();
    policy::Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let told = writer.get("events/1/postmortem").await;
    let titles: Vec<&str> =
        told["sections"].as_array().unwrap().iter().map(|section| section["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["客户沟通", "一句话", "detection"], "what was written under another template stays");
    assert_eq!(section(&told, "customers")["questions"], json!(["通知了谁？"]));
    assert_eq!(writer.write("customers", 0, "已通知 37 家商户。").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_a_review_by_naming_themselves() {
    let (service, writer, reviewer, lead) = house().await;
    let other = Person::new(&service, "other", Role::Reporter).await;
    let own = |person: &Person| json!({"state": "in_review", "reviewer": person.email});
    assert_eq!(writer.write("summary", 0, "综述").await.0, StatusCode::OK);
    assert_eq!(other.moves(own(&other)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(writer.moves(own(&reviewer)).await.0, StatusCode::OK);
    assert_eq!(other.moves(json!({"reviewer": other.email})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reviewer.moves(json!({"reviewer": reviewer.email})).await.0, StatusCode::OK, "it is them already");
    assert_eq!(lead.moves(json!({"reviewer": lead.email})).await.0, StatusCode::OK, "a lead may take it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lacks_its_facts_is_not_approved() {
    let (_service, writer, reviewer, _) = house().await;
    let line = json!({"line": "08/21 13:40 客户反馈提现失败，影响约3笔出金交易。【待复盘】"});
    writer.send(Method::POST, "events", None, &line).await;
    let version = writer.get("events/2").await["version"].as_i64();
    let grade = json!({"severity": "C", "severity_reason": "影响资金"});
    assert_eq!(writer.send(Method::PATCH, "events/2", version, &grade).await.0, StatusCode::OK);
    let submit = json!({"state": "in_review", "reviewer": reviewer.email});
    assert_eq!(writer.moves_of(2, submit).await.0, StatusCode::OK);
    let (status, refused) = reviewer.moves_of(2, json!({"state": "done"})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(refused["detail"], "还缺这些事实：恢复时间、原因，补上再完成复盘");
    let version = writer.get("events/2").await["version"].as_i64();
    let facts = json!({"recovered_at": "2024-08-21T13:55:00+08:00", "cause": "风控规则更新"});
    assert_eq!(writer.send(Method::PATCH, "events/2", version, &facts).await.0, StatusCode::OK);
    assert_eq!(reviewer.moves_of(2, json!({"state": "done"})).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lacks_its_facts_is_declared_done_only_with_a_reason() {
    let (_service, writer, _, lead) = house().await;
    // Nothing is needed of an event that nobody graded.
    assert_eq!(lead.moves(json!({"state": "done"})).await.0, StatusCode::OK);
    let line = json!({"line": "08/21 13:40 客户反馈提现失败，影响约3笔出金交易。【待复盘】"});
    writer.send(Method::POST, "events", None, &line).await;
    let version = writer.get("events/2").await["version"].as_i64();
    let grade = json!({"severity": "C", "severity_reason": "影响资金"});
    assert_eq!(writer.send(Method::PATCH, "events/2", version, &grade).await.0, StatusCode::OK);
    for body in [json!({"state": "done"}), json!({"state": "done", "reason": "  "})] {
        let (status, refused) = lead.moves_of(2, body).await;
        assert_eq!((status, refused["code"].as_str()), (StatusCode::CONFLICT, Some("unanswered")), "{refused}");
        assert_eq!(
            refused["detail"],
            "还缺这些事实：恢复时间、原因，补上再完成复盘；在别处复盘过的，写明理由也可以完成"
        );
        assert_eq!(
            refused["questions"][0],
            json!({"field": "recovered_at", "question": "什么时候恢复的？"}),
            "{refused}"
        );
        assert_eq!(refused["questions"].as_array().unwrap().len(), 2);
    }
    let with = json!({"state": "done", "reason": "已在架构组例会复盘"});
    let (status, done) = lead.moves_of(2, with).await;
    assert_eq!((status, done["postmortem"]["state"].as_str()), (StatusCode::OK, Some("done")), "{done}");
    let document = writer.get("events/2/postmortem").await;
    assert_eq!(document["moves"][0]["reason"], "已在架构组例会复盘", "the reason stays in the history");
}

fn marked(line: &Value) -> String {
    let parts = line["parts"].as_array().unwrap().iter();
    let part = |part: &Value| {
        let text = part["text"].as_str().unwrap();
        if part["changed"] == true { format!("[{text}]") } else { text.to_owned() }
    };
    format!("{} {}", line["kind"].as_str().unwrap(), parts.map(part).collect::<String>())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_of_a_section_are_compared_line_by_line_and_within_lines() {
    let (service, writer, reviewer, _) = house().await;
    let first = "提现失败约半小时。\n\n影响 684 笔。";
    assert_eq!(writer.write("summary", 0, first).await.0, StatusCode::OK);
    service.clock.set("2024-08-21T07:08:00Z");
    assert_eq!(reviewer.write("summary", 1, "提现失败约一小时。\n\n影响 684 笔。\n无资损。").await.0, StatusCode::OK);
    // Who was overtaken sees what happened since the version that they read.
    assert_eq!(writer.write("summary", 1, "提现失败。").await.0, StatusCode::PRECONDITION_FAILED);
    let path = "events/1/postmortem/sections/summary/diff";
    let told = writer.get(&format!("{path}?from=1")).await;
    assert_eq!((told["section"].as_str(), told["title"].as_str()), (Some("summary"), Some("综述")));
    assert_eq!((told["from"]["by"].as_str(), told["to"]["by"].as_str()), (Some("writer"), Some("reviewer")));
    assert_eq!(told["to"]["at"], "2024-08-21T15:08:00+08:00");
    let lines = told["lines"].as_array().unwrap();
    assert_eq!(marked(&lines[0]), "removed 提现失败约[半]小时。");
    assert_eq!(marked(&lines[1]), "added 提现失败约[一]小时。");
    assert_eq!((lines[3]["kind"].as_str(), lines[3]["text"].as_str()), (Some("same"), Some("影响 684 笔。")));
    assert_eq!(marked(&lines[4]), "added [无资损。]");
    assert_eq!(lines.len(), 5);
    assert_eq!(writer.get(path).await["lines"], told["lines"], "by default the last two");
    let whole = writer.get(&format!("{path}?from=0&to=1")).await;
    assert_eq!(whole["lines"].as_array().unwrap().iter().filter(|line| line["kind"] == "added").count(), 3);
    assert_eq!(whole["from"], json!({"version": 0, "at": null, "by": null}));
    let versions: Vec<i64> =
        told["versions"].as_array().unwrap().iter().map(|one| one["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [2, 1, 0]);
    assert_eq!(writer.get(&format!("{path}?from=2&to=2")).await["lines"], json!([]));
    // The whys are compared too.
    let body = json!({"text": "规则全量生效。", "whys": ["没有灰度"]});
    let root = "events/1/postmortem/sections/root_cause";
    assert_eq!(writer.send(Method::PUT, root, Some(0), &body).await.0, StatusCode::OK);
    let body = json!({"text": "规则全量生效。", "whys": ["没有灰度", "发布系统不支持"]});
    assert_eq!(writer.send(Method::PUT, root, Some(1), &body).await.0, StatusCode::OK);
    let told = writer.get(&format!("{root}/diff")).await;
    assert_eq!(marked(told["lines"].as_array().unwrap().last().unwrap()), "added [2. 发布系统不支持]");

    for (bad, status) in
        [("?from=9", StatusCode::NOT_FOUND), ("?to=-1", StatusCode::NOT_FOUND), ("?from=x", StatusCode::BAD_REQUEST)]
    {
        let (got, refused) = writer.send(Method::GET, &format!("{path}{bad}"), None, &Value::Null).await;
        assert_eq!(got, status, "{bad}: {refused}");
    }
    let (_, refused) = writer.send(Method::GET, &format!("{path}?from=9"), None, &Value::Null).await;
    assert_eq!(refused["detail"], "这一节没有版本 9，最新是版本 2");
    let strange = "events/1/postmortem/sections/nosuch/diff";
    assert_eq!(writer.send(Method::GET, strange, None, &Value::Null).await.0, StatusCode::NOT_FOUND);
}
