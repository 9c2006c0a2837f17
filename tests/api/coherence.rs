//! One way for everything: tags, names of people, excerpts, recurrence, histories and refusals say the same everywhere.

use fupan::{
    domain::actor::{Actor, Role},
    service::{accounts, tokens},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use crate::{LINE, NOW, client};

struct Person {
    client: Client,
    url: String,
    email: String,
    id: String,
    token: String,
}

impl Person {
    async fn new(service: &Service, name: &str, role: Role) -> Self {
        let operator = Actor::local_operator();
        let email = format!("{}@example.com", service.app.id().simple());
        let new = accounts::NewAccount { email: email.clone(), name: name.to_owned(), role, lang: "zh-CN".to_owned() };
        let account = accounts::add(&service.app, &operator, new).await.unwrap().0;
        let token =
            tokens::create(&service.app, &operator, &account, tokens::NewToken::of_all("test")).await.unwrap().1;
        let url = format!("{}/api/v1", service.url);
        Self { client: client(), url, email, id: account.id.to_string(), token }
    }

    async fn full(&self, method: Method, path: &str, tag: Option<&str>, body: &Value) -> (StatusCode, String, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(tag) = tag {
            request = request.header("If-Match", tag);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.header("Accept-Language", "zh-CN").send().await.unwrap();
        let tag = answer.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned()).unwrap_or_default();
        (answer.status(), tag, answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.full(Method::GET, path, None, &Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn tag(&self, path: &str) -> String {
        self.full(Method::GET, path, None, &Value::Null).await.1
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, _, answer) = self.full(Method::POST, path, None, &body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    /// Changes something in the version that is read there.
    async fn change(&self, method: Method, read: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let tag = self.tag(read).await;
        let (status, _, answer) = self.full(method, path, Some(&tag), &body).await;
        (status, answer)
    }

    async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.change(Method::PATCH, path, path, body).await
    }

    /// The field and the sentence of a refusal.
    fn refusal(answer: &(StatusCode, Value)) -> (u16, String, String) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (answer.0.as_u16(), text(&answer.1["errors"][0]["field"]), text(&answer.1["detail"]))
    }
}

async fn house() -> (Service, Person, Person) {
    let service = Service::start(NOW).await;
    let lead = Person::new(&service, "组长甲", Role::Lead).await;
    let writer = Person::new(&service, "登记乙", Role::Reporter).await;
    writer.post("/events", json!({"line": LINE, "week": "2024-W34"})).await;
    (service, lead, writer)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tag_that_is_read_is_the_one_that_moves_take_and_a_stale_one_is_refused() {
    let (_service, lead, writer) = house().await;
    lead.post("/events/1/action-items", json!({"title": "加灰度", "owner": writer.email})).await;
    let drafting = json!({"state": "drafting"});
    let mark = json!({"to": "in_progress"});
    for (read, method, write, body) in [
        ("/events/1/postmortem", Method::PATCH, "/events/1/postmortem", drafting),
        ("/events/1/postmortem?format=md", Method::PATCH, "/events/1/postmortem", json!({"due_on": "2024-09-30"})),
        ("/events/1", Method::PATCH, "/events/1/postmortem", json!({"owner": writer.email})),
        ("/events/1/grading", Method::PUT, "/events/1/grading", json!({"level": "C", "reason": "影响资金"})),
        ("/events/1/responsibility", Method::PUT, "/events/1/responsibility", json!({"shares": []})),
        ("/events/1", Method::PATCH, "/events/1", json!({"cause": "规则更新"})),
        ("/action-items/1", Method::POST, "/action-items/1:move", mark),
        ("/action-items/1", Method::PATCH, "/action-items/1", json!({"priority": "high"})),
    ] {
        let tag = lead.tag(read).await;
        assert!(!tag.is_empty(), "{read}");
        let bare = lead.full(method.clone(), write, None, &body).await;
        assert_eq!(bare.0, StatusCode::PRECONDITION_REQUIRED, "{write}: {}", bare.2);
        let (status, _, answer) = lead.full(method.clone(), write, Some(&tag), &body).await;
        assert_eq!(status, StatusCode::OK, "{read} then {write}: {answer}");
        let now = lead.tag(read).await;
        if now != tag {
            let (status, _, answer) = lead.full(method.clone(), write, Some(&tag), &body).await;
            let told = (status, answer["code"].as_str(), answer["type"].as_str());
            let wanted =
                (StatusCode::PRECONDITION_FAILED, Some("stale_version"), Some("urn:fupan:problem:stale_version"));
            assert_eq!(told, wanted, "{write}: {answer}");
        }
    }
    // A postmortem and its event have one tag; what is taken away is known again by its bytes too.
    assert_eq!(lead.tag("/events/1/postmortem").await, lead.tag("/events/1").await);
    for nonsense in ["\"x\"", "\"-1\"", "W/\"\""] {
        let (status, ..) = lead.full(Method::PATCH, "/events/1/postmortem", Some(nonsense), &json!({})).await;
        assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{nonsense}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_tells_where_the_words_stand_and_a_list_without_words_does_not() {
    let (_service, lead, _) = house().await;
    let (status, answer) = lead.patch("/events/1", json!({"cause": "灰度比例写错 <b>5%</b>"})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let snippet = async |query: &str| lead.get(&format!("/events?q={query}")).await["data"][0]["snippet"].clone();
    let marked = |snippet: &Value| {
        let parts = snippet.as_array().unwrap().iter().filter(|part| part["marked"] == true);
        parts.map(|part| part["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of_title = snippet("提现").await;
    assert_eq!(marked(&of_title), ["提现"], "{of_title}");
    let whole: String = of_title.as_array().unwrap().iter().map(|part| part["text"].as_str().unwrap()).collect();
    assert!(whole.starts_with("客户反馈商户操作提现失败"), "{whole}");
    let of_cause = snippet("灰度").await;
    assert_eq!(marked(&of_cause), ["灰度"], "{of_cause}");
    assert!(of_cause.to_string().contains("<b>5%</b>"), "plain text, as it is: {of_cause}");
    assert_eq!(snippet("severity:none").await, Value::Null);
    assert_eq!(lead.get("/events").await["data"][0]["snippet"], Value::Null);
    assert_eq!(lead.get("/events").await["data"][0]["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_similar_events_left_open_is_told_when_a_line_is_read_and_logged() {
    let (_service, lead, writer) = house().await;
    lead.post("/events/1/action-items", json!({"title": "规则灰度发布"})).await;
    let line = json!({"line": "08/20 10:00 客户反馈商户操作提现失败，原因风控规则更新。【待复盘】"});
    let read = writer.post("/lines:parse", line.clone()).await;
    let told = &read["recurrence"][0];
    assert_eq!((told["event"].as_str(), told["title"].as_str()), (Some("PE-1"), Some("规则灰度发布")), "{read}");
    let logged = writer.post("/events", line.clone()).await;
    assert_eq!((logged["number"].as_i64(), &logged["recurrence"]), (Some(2), &json!([told])));
    let fields =
        json!({"narrative": "商户操作提现失败", "cause": "风控规则更新", "occurred_at": "2024-08-20T11:00:00+08:00"});
    assert_eq!(writer.post("/events", fields).await["recurrence"][0]["item"], "AI-1");
    let other = writer.post("/lines:parse", json!({"line": "08/20 11:00 对账文件延迟生成"})).await;
    assert_eq!(other["recurrence"], json!([]));
    // What is restricted is told to nobody by this way.
    assert_eq!(lead.patch("/events/1", json!({"restricted": true, "viewers": [lead.id]})).await.0, StatusCode::OK);
    assert_eq!(writer.post("/lines:parse", line.clone()).await["recurrence"], json!([]));
    assert!(!writer.post("/events", line).await.to_string().contains("灰度"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_listed_page_by_page_to_those_who_name_them_and_named_by_mail_name_or_id() {
    let (service, lead, writer) = house().await;
    let viewer = Person::new(&service, "只读丙", Role::Viewer).await;
    let (status, ..) = viewer.full(Method::GET, "/accounts", None, &Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (mut seen, mut path) = (Vec::new(), "/accounts?limit=2".to_owned());
    loop {
        let page = writer.get(&path).await;
        seen.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("/accounts?limit=2&cursor={next}");
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    let own = json!({"id": lead.id, "email": lead.email, "name": "组长甲", "role": "lead"});
    assert!(seen.contains(&own), "id, e-mail, name and role alone: {seen:?}");
    for name in [&writer.email, &writer.id, &"登记乙".to_owned()] {
        lead.patch("/events/1/postmortem", json!({"owner": null})).await;
        let (status, event) = lead.patch("/events/1/postmortem", json!({"owner": name})).await;
        assert_eq!(
            (status, event["postmortem"]["owner_id"].as_str()),
            (StatusCode::OK, Some(writer.id.as_str())),
            "{event}"
        );
        let (status, event) = lead.patch("/events/1", json!({"restricted": true, "viewers": [name]})).await;
        assert_eq!(status, StatusCode::OK, "{event}");
        assert!(event["viewers"].as_array().unwrap().contains(&json!(writer.id)), "{event}");
        let item = lead.post("/events/1/action-items", json!({"title": "x", "owner": name})).await;
        assert_eq!(item["owner"], "登记乙");
        assert_eq!(lead.patch("/events/1", json!({"restricted": false, "viewers": null})).await.0, StatusCode::OK);
    }
    Person::new(&service, "登记乙", Role::Reporter).await;
    let twice = Person::refusal(&lead.patch("/events/1", json!({"viewers": ["登记乙"]})).await);
    assert_eq!(twice, (422, "viewers".to_owned(), "可见的人：有几个同名的，请写邮箱".to_owned()));
    for (path, body, field) in [
        ("/events/1", json!({"viewers": ["nobody@example.com"]}), "viewers"),
        ("/events/1/postmortem", json!({"owner": "nobody@example.com"}), "owner"),
        ("/events/1/postmortem", json!({"reviewer": "无此人"}), "reviewer"),
        ("/action-items/1", json!({"owner": "无此人"}), "owner"),
    ] {
        let (status, at, detail) = Person::refusal(&lead.patch(path, body.clone()).await);
        assert_eq!((status, at.as_str()), (422, field), "{body}");
        assert!(detail.contains("没有这个在用的账号"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_star_is_no_edit_and_an_edit_names_who_wrote_and_who_edited() {
    let (_service, lead, writer) = house().await;
    let added = writer.post("/events/1/timeline", json!({"text": "15:12 切换备用渠道"})).await;
    let path = format!("/events/1/timeline/{}", added["id"].as_str().unwrap());
    let line = async || {
        let page = lead.get("/events/1/timeline?kind=written").await;
        page["data"][0].clone()
    };
    let (status, ..) = lead.full(Method::PUT, &format!("{path}/star"), None, &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let starred = line().await;
    assert_eq!((&starred["starred"], &starred["version"]), (&json!(true), &json!(1)), "{starred}");
    assert_eq!((&starred["edited_at"], &starred["edited_by"]), (&Value::Null, &Value::Null), "{starred}");
    let (status, _, edited) = lead.full(Method::PATCH, &path, Some("\"1\""), &json!({"text": "切到渠道 B"})).await;
    assert_eq!(status, StatusCode::OK, "{edited}");
    for told in [edited, line().await] {
        assert_eq!((told["by"].as_str(), told["edited_by"].as_str()), (Some("登记乙"), Some("组长甲")), "{told}");
        assert_eq!(
            (told["edited_at"].as_str(), told["starred"].as_bool()),
            (Some("2024-08-21T14:08:00+08:00"), Some(true))
        );
    }
    lead.full(Method::DELETE, &format!("{path}/star"), None, &Value::Null).await;
    assert_eq!((&line().await["version"], &line().await["starred"]), (&json!(2), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_has_the_forms_of_the_api_says_what_a_deletion_is_and_tells_of_action_items() {
    let (service, lead, writer) = house().await;
    let team = lead.post("/teams", json!({"name": "渠道组"})).await;
    let shares = json!({"responsibility": [{"team_id": team["id"], "basis_points": 5000}], "recovered_at": "2024-08-19T15:40:00+08:00"});
    assert_eq!(lead.patch("/events/1", shares).await.0, StatusCode::OK);
    let latest = async || lead.get("/events/1/history?limit=1").await["data"][0].clone();
    let change = |entry: &Value, field: &str| {
        let found = entry["changes"].as_array().unwrap().iter().find(|one| one["field"] == field);
        found.cloned().unwrap_or_default()
    };
    let edit = latest().await;
    assert_eq!(change(&edit, "recovered")["to"]["at"], "2024-08-19T15:40:00+08:00", "{edit}");
    assert_eq!(change(&edit, "responsibility")["to"][0]["basis_points"], 5000, "{edit}");

    writer
        .post("/events/1/action-items", json!({"title": "加告警", "owner": writer.email, "due_on": "2024-09-01"}))
        .await;
    let made = latest().await;
    assert_eq!(change(&made, "action_item")["to"], "AI-1");
    assert_eq!(
        (&change(&made, "item.due_on")["to"], &change(&made, "item.owner_id")["to"]),
        (&json!("2024-09-01"), &json!(writer.id))
    );
    service.clock.set("2024-08-21T06:09:00Z");
    let steps = [
        (json!({"to": "in_verification", "evidence": "截图"}), "item.evidence", json!(null), json!("截图")),
        (
            json!({"to": "in_progress", "reason": "没有夜间"}),
            "item.state",
            json!("in_verification"),
            json!("in_progress"),
        ),
    ];
    for (body, field, from, to) in steps {
        let (status, answer) = lead.change(Method::POST, "/action-items/1", "/action-items/1:move", body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let moved = latest().await;
        assert_eq!((&change(&moved, field)["from"], &change(&moved, field)["to"]), (&from, &to), "{moved}");
        service.clock.set("2024-08-21T06:10:00Z");
    }
    assert_eq!(change(&latest().await, "item.reason")["to"], "没有夜间");
    service.clock.set("2024-08-21T06:11:00Z");
    lead.patch("/action-items/1", json!({"due_on": "2024-09-10", "owner": lead.email})).await;
    let edited = latest().await;
    assert_eq!(
        (&change(&edited, "item.due_on")["from"], &change(&edited, "item.due_on")["to"]),
        (&json!("2024-09-01"), &json!("2024-09-10"))
    );
    assert_eq!(change(&edited, "item.owner_id")["to"], lead.id.as_str());

    service.clock.set("2024-08-21T06:12:00Z");
    let tag = lead.tag("/events/1").await;
    assert_eq!(lead.full(Method::DELETE, "/events/1", Some(&tag), &Value::Null).await.0, StatusCode::NO_CONTENT);
    let gone = latest().await;
    assert_eq!((gone["action"].as_str(), &gone["changes"]), (Some("event.delete"), &json!([])));
    service.clock.set("2024-08-21T06:13:00Z");
    lead.post("/events/1:restore", json!({})).await;
    let back = latest().await;
    assert_eq!((back["action"].as_str(), &back["changes"]), (Some("event.restore"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_at_its_field_with_a_sentence() {
    let (service, lead, writer) = house().await;
    let viewer = Person::new(&service, "只读丙", Role::Viewer).await;
    writer.post("/events/1/action-items", json!({"title": "加告警"})).await;
    let sentence = |field: &str, words: &str| (422, field.to_owned(), words.to_owned());
    for (path, body, field, words) in [
        (
            "/events/1",
            json!({"loss_actual_fen": 100, "loss_recovered_fen": 101}),
            "loss_recovered_fen",
            "追回金额：不能多于实际资损",
        ),
        ("/events/1/postmortem", json!({"owner": viewer.email}), "owner", "负责人：这个账号只读，请换一位能写复盘的人"),
        ("/action-items/1", json!({"owner": viewer.email}), "owner", "负责人：请指定能写改进项的人（登记人及以上）"),
        (
            "/events/1/postmortem",
            json!({"due_on": "2024-08-18"}),
            "due_on",
            "截止日期：2024-08-18 早于事件那天，请给 2024-08-19 或之后的日期",
        ),
        (
            "/events/1/postmortem",
            json!({"due_on": "2024-08-20"}),
            "due_on",
            "截止日期：2024-08-20 已经过去，请给 2024-08-21 或之后的日期",
        ),
        (
            "/action-items/1",
            json!({"due_on": "2024-08-18"}),
            "due_on",
            "截止日期：2024-08-18 早于事件那天，请给 2024-08-19 或之后的日期",
        ),
        (
            "/action-items/1",
            json!({"due_on": "2024-08-20"}),
            "due_on",
            "截止日期：2024-08-20 已经过去，请给 2024-08-21 或之后的日期",
        ),
        ("/events/1", json!({"kind": "bad"}), "kind", "性质：请写 正常、演练、维护"),
        (
            "/events/1",
            json!({"links": [{"kind": "bad", "url": "https://example.com/1"}]}),
            "links.kind",
            "链接：请写 工单、文档、群聊、看板、其他",
        ),
        (
            "/events/1",
            json!({"unknown": ["bad"]}),
            "unknown",
            "不知道的项：请从这些里选：发生、发现、响应、定位、止损、恢复、影响数量、业务、发现方式、原因、资损",
        ),
    ] {
        assert_eq!(Person::refusal(&lead.patch(path, body.clone()).await), sentence(field, words), "{body}");
    }
    let many = json!({"events": [{"number": 1, "version": 1}], "set": {"owner": viewer.email}});
    let refused = lead.post("/events:bulk", many).await;
    assert_eq!(refused["results"][0]["outcome"], "refused", "{refused}");
    // What stands stays, though its day went by.
    assert_eq!(lead.patch("/events/1/postmortem", json!({"due_on": "2024-08-26"})).await.0, StatusCode::OK);
    service.clock.set("2024-08-28T06:00:00Z");
    let (status, answer) =
        lead.patch("/events/1/postmortem", json!({"due_on": "2024-08-26", "owner": writer.email})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(
        lead.patch("/events/1", json!({"loss_actual_fen": 100, "loss_recovered_fen": 100})).await.0,
        StatusCode::OK
    );
    let again = Person::refusal(&lead.patch("/events/1", json!({"loss_actual_fen": 99})).await);
    assert_eq!(again, sentence("loss_recovered_fen", "追回金额：不能多于实际资损"));
}
