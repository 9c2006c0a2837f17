//! Restricted events: whoever is not named neither sees nor finds them, on any route.

use fupan::{
    domain::{
        actor::{Actor, Role},
        visibility::Sight,
    },
    service::{accounts, tokens},
    store,
    web::routes::ROUTES,
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;
use uuid::Uuid;

use super::{NOW, client};

const SECRET: &str = "绝密渠道失窃";
const WEEK: &str = "2024-W34";

/// Somebody with a token.
struct Person {
    id: Uuid,
    email: String,
    token: String,
    client: Client,
    url: String,
}

impl Person {
    async fn of(service: &Service, role: Role) -> Self {
        let actor = Actor::local_operator();
        let email = format!("{}@example.com", service.app.id().simple());
        let new = accounts::NewAccount { email, name: role.code().to_owned(), role, lang: "zh-CN".to_owned() };
        let account = accounts::add(&service.app, &actor, new).await.unwrap().0;
        let token = tokens::create(&service.app, &actor, &account, tokens::NewToken::of_all("test")).await.unwrap().1;
        Self { id: account.id, email: account.email, token, client: client(), url: service.url.clone() }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>, version: i64) -> (StatusCode, String) {
        let method: Method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        request = request.header("Sec-Fetch-Site", "same-origin").header("If-Match", format!("\"{version}\""));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        self.ask("GET", path, None, 1).await
    }
}

/// PE-1 is restricted and logged by `creator`; PE-2 is open.
async fn logged(creator: &Person, viewers: &[Uuid]) {
    let secret = json!({
        "narrative": format!("{SECRET}，影响约684笔出金交易"), "summary": SECRET, "severity": "A",
        "occurred_at": "2024-08-20T10:00:00+08:00", "postmortem": "pending",
        "tags": ["绝密标签"], "restricted": true, "viewers": viewers,
    });
    let (status, text) = creator.ask("POST", "/api/v1/events", Some(&secret), 1).await;
    assert_eq!(status, StatusCode::CREATED, "{text}");
    let open = json!({"narrative": "退款延迟", "occurred_at": "2024-08-20T11:00:00+08:00", "severity": "C", "postmortem": "pending"});
    assert_eq!(creator.ask("POST", "/api/v1/events", Some(&open), 1).await.0, StatusCode::CREATED);
    let relation = json!({"kind": "recurrence", "other": "PE-1"});
    let (status, text) = creator.ask("POST", "/api/v1/events/2/relations", Some(&relation), 1).await;
    assert_eq!(status, StatusCode::CREATED, "{text}");
    assert!(text.contains("PE-1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_no_route_does_an_uninvited_person_find_a_restricted_event() {
    let service = Service::start(NOW).await;
    let creator = Person::of(&service, Role::Reporter).await;
    let viewer = Person::of(&service, Role::Viewer).await;
    logged(&creator, &[viewer.id]).await;
    let publisher = Person::of(&service, Role::Lead).await;
    let (status, _) = publisher.ask("POST", &format!("/api/v1/reports/{WEEK}:publish"), None, 1).await;
    assert_eq!(status, StatusCode::CREATED);
    for role in [Role::Viewer, Role::Reporter, Role::Lead] {
        let person = Person::of(&service, role).await;
        for route in ROUTES.iter().filter(|route| route.method == "GET") {
            let path = route
                .path
                .replace("{number}", "1")
                .replace("{week}", WEEK)
                .replace("{name}", "app.js")
                .replace("{severity}", "A")
                .replace("{id}", "0197a000-0000-7000-8000-000000000000");
            let plain = path.clone();
            let queries = ["", "?q=%E7%BB%9D%E5%AF%86", "?severity=A", "?week=2024-W34", "?state=owed", "?format=json"];
            for query in queries {
                let (status, text) = person.get(&format!("{path}{query}")).await;
                let told = text.contains(SECRET) || text.contains("绝密标签") || text.contains("PE-1<");
                assert!(!told, "{} as {}: {text}", route.path, role.code());
                assert!(
                    !text.contains("\"PE-1\"") && !text.contains("/e/1\""),
                    "{} as {}: {text}",
                    route.path,
                    role.code()
                );
                assert!(!status.is_server_error(), "{plain}: {status}");
                let of_event =
                    route.path.contains("{number}") && route.permission.needs().is_some_and(|need| role >= need);
                assert!(
                    !of_event || status == StatusCode::NOT_FOUND || status == StatusCode::BAD_REQUEST,
                    "{plain}: {status}"
                );
            }
        }
        // What one may do to it: nothing, and it is not even there.
        for (method, path, body) in [
            ("PATCH", "/api/v1/events/1", json!({"restricted": false})),
            ("DELETE", "/api/v1/events/1", Value::Null),
            ("POST", "/api/v1/events/1/timeline", json!({"text": "x"})),
            ("PATCH", "/api/v1/events/1/postmortem", json!({"state": "drafting"})),
            ("POST", "/api/v1/events/1/relations", json!({"kind": "related", "other": "PE-2"})),
            ("POST", "/api/v1/events/2/relations", json!({"kind": "related", "other": "PE-1"})),
            ("DELETE", "/api/v1/events/2/relations/recurrence/1", Value::Null),
            ("POST", "/api/v1/events/1:restore", Value::Null),
        ] {
            let (status, text) = person.ask(method, path, (!body.is_null()).then_some(&body), 1).await;
            assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN), "{method} {path}: {status}");
            assert!(!text.contains(SECRET));
        }
        let (_, list) = person.get("/api/v1/events").await;
        let list: Value = serde_json::from_str(&list).unwrap();
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        assert_eq!(person.get("/api/v1/events/2/relations").await.1, "{\"data\":[],\"next_cursor\":null}");
        let line = json!({"line": format!("08/20 10:00 {SECRET}，影响约684笔出金交易"), "week": WEEK});
        let (_, read) = person.ask("POST", "/api/v1/lines:parse", Some(&line), 1).await;
        assert!(!read.contains("PE-1"), "{read}");
    }
    for person in [&creator, &viewer, &Person::of(&service, Role::Admin).await] {
        assert!(person.get("/api/v1/events/1").await.1.contains(SECRET));
        assert!(person.get("/events").await.1.contains(SECRET));
        assert!(person.get("/e/1").await.1.contains("限制可见"));
        assert!(!person.get(&format!("/w/{WEEK}?as=now")).await.1.contains(SECRET), "a report is everyone's");
    }
    let today = service.app.today();
    for (sight, owed) in
        [(Sight::Everyone, 1), (Sight::Account(viewer.id), 2), (Sight::Account(creator.id), 2), (Sight::All, 2)]
    {
        assert_eq!(
            store::postmortems::count_owed(service.app.store.read(), sight, today).await.unwrap().0,
            owed,
            "{sight:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_an_event_is_said_by_leads_and_by_who_logged_it() {
    let service = Service::start(NOW).await;
    let creator = Person::of(&service, Role::Reporter).await;
    let other = Person::of(&service, Role::Reporter).await;
    let lead = Person::of(&service, Role::Lead).await;
    let event = json!({"narrative": "提现失败", "occurred_at": "2024-08-20T10:00:00+08:00"});
    assert_eq!(creator.ask("POST", "/api/v1/events", Some(&event), 1).await.0, StatusCode::CREATED);
    let close = json!({"restricted": true});
    assert_eq!(other.ask("PATCH", "/api/v1/events/1", Some(&close), 1).await.0, StatusCode::FORBIDDEN);
    let (status, text) = lead.ask("PATCH", "/api/v1/events/1", Some(&close), 1).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["viewers"], json!([lead.id]), "who closes the door stays inside");
    assert_eq!(other.get("/api/v1/events/1").await.0, StatusCode::NOT_FOUND);
    let admin = Person::of(&service, Role::Admin).await;
    let owner = |person: &Person| json!({"owner": person.email});
    let (status, text) = admin.ask("PATCH", "/api/v1/events/1/postmortem", Some(&owner(&other)), 2).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "who does not see it cannot own it: {text}");
    let open = json!({"restricted": false});
    assert_eq!(creator.ask("PATCH", "/api/v1/events/1", Some(&open), 2).await.0, StatusCode::OK);
    assert_eq!(other.get("/api/v1/events/1").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_nothing_of_a_restricted_event_and_makes_no_open_copy_of_it() {
    let service = Service::start(NOW).await;
    let creator = Person::of(&service, Role::Reporter).await;
    let lead = Person::of(&service, Role::Lead).await;
    logged(&creator, &[]).await;
    let document = format!(
        "# 周报 2024-W34\n\n## 【生产事件】\n\n08/20 10:00 {SECRET}，影响约684笔出金交易。【待复盘】\n\n08/20 12:00 对账延迟。\n"
    );
    for dry in ["true", "false"] {
        let url = format!("{}/api/v1/imports?dry_run={dry}", service.url);
        let request = lead.client.post(&url).bearer_auth(&lead.token).header("Content-Type", "text/markdown");
        let answer = request.body(document.clone()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let text = answer.text().await.unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        let line = report["data"].as_array().unwrap().iter().find(|line| line.to_string().contains(SECRET)).unwrap();
        assert!(line["number"].is_null() && line.to_string().contains("restricted"), "{line}");
        assert!(!text.contains("PE-1\""), "{text}");
    }
    let (_, list) = lead.get("/api/v1/events").await;
    assert!(!list.contains(SECRET), "{list}");
    assert!(list.contains("对账延迟"), "{list}");

    // A run that touched it keeps quiet about it too.
    let admin = Person::of(&service, Role::Admin).await;
    let changed = document.replace("影响约684笔", "影响约700笔");
    let url = format!("{}/api/v1/imports", service.url);
    let request = admin.client.post(&url).bearer_auth(&admin.token).header("Content-Type", "text/markdown");
    let report: Value =
        serde_json::from_str(&request.body(changed).send().await.unwrap().text().await.unwrap()).unwrap();
    let run = report["run"].as_str().unwrap();
    assert!(admin.get(&format!("/import/runs/{run}")).await.1.contains("PE-1"));
    let (status, page) = lead.get(&format!("/import/runs/{run}")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains("PE-1<") && !page.contains("PE-1 ") && !page.contains(SECRET), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_change_to_many_makes_nobody_the_owner_of_what_they_do_not_see() {
    let service = Service::start(NOW).await;
    let (creator, stranger) = (Person::of(&service, Role::Lead).await, Person::of(&service, Role::Reporter).await);
    logged(&creator, &[]).await;
    let change = json!({
        "events": [{"number": 1, "version": 1}, {"number": 2, "version": 1}], "set": {"owner": stranger.email},
    });
    let (status, answer) = creator.ask("POST", "/api/v1/events:bulk", Some(&change), 1).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer.contains("the event is restricted"), "{answer}");
    let actor = Actor::local_operator();
    let owner = |number| fupan::service::events::get(&service.app, &actor, number);
    assert_eq!(owner(1).await.unwrap().postmortem.owner_id, None);
    assert_eq!(owner(2).await.unwrap().postmortem.owner_id, Some(stranger.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_restricted_after_its_week_was_published_takes_the_text_and_its_links_with_it() {
    let service = Service::start(NOW).await;
    let creator = Person::of(&service, Role::Reporter).await;
    let (lead, stranger) = (Person::of(&service, Role::Lead).await, Person::of(&service, Role::Viewer).await);
    let admin = Person::of(&service, Role::Admin).await;
    let event = json!({
        "narrative": format!("{SECRET}，影响约684笔出金交易"), "severity": "A", "occurred_at": "2024-08-20T10:00:00+08:00",
    });
    assert_eq!(creator.ask("POST", "/api/v1/events", Some(&event), 1).await.0, StatusCode::CREATED);
    let publish = format!("/api/v1/reports/{WEEK}:publish");
    assert_eq!(lead.ask("POST", &publish, None, 1).await.0, StatusCode::CREATED);
    let mut links = Vec::new();
    for week in [WEEK, "latest"] {
        let (status, made) = lead.ask("POST", "/api/v1/report-shares", Some(&json!({"week": week})), 1).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let made: Value = serde_json::from_str(&made).unwrap();
        links.push(made["url"].as_str().unwrap().to_owned());
    }
    let link = async |at: usize| {
        let answer = client().get(&links[at]).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert!(link(0).await.1.contains(SECRET) && link(1).await.1.contains(SECRET));

    let close = json!({"restricted": true, "viewers": [lead.id]});
    assert_eq!(creator.ask("PATCH", "/api/v1/events/1", Some(&close), 1).await.0, StatusCode::OK);
    for at in 0..2 {
        let (status, page) = link(at).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(!page.contains(SECRET), "{page}");
    }
    let report = format!("/api/v1/reports/{WEEK}");
    for person in [&stranger, &lead, &admin] {
        for path in
            [report.clone(), format!("{report}?as=published"), format!("/w/{WEEK}.md"), format!("/w/{WEEK}.json")]
        {
            let (status, text) = person.get(&path).await;
            assert_eq!(status, StatusCode::OK);
            assert!(!text.contains(SECRET), "the report is everyone's: {path}: {text}");
        }
    }
    assert_eq!(stranger.get(&format!("{report}?revision=1")).await.0, StatusCode::NOT_FOUND);
    assert!(lead.get(&format!("{report}?revision=1")).await.1.contains(SECRET), "who sees the event reads what was");
    let restated = async |person: &Person| -> Value {
        serde_json::from_str(&person.get(&format!("{report}/restatement")).await.1).unwrap()
    };
    let (to_stranger, to_lead) = (restated(&stranger).await, restated(&lead).await);
    assert_eq!((&to_stranger["withheld"], &to_stranger["open"]), (&json!(true), &json!(true)));
    assert_eq!(to_stranger["differences"], json!([]));
    assert_eq!(to_lead["differences"][0]["name"], "PE-1");
    let (_, page) = stranger.get(&format!("/w/{WEEK}")).await;
    assert!(page.contains("停止显示") && !page.contains(SECRET) && !page.contains("PE-1"), "{page}");
    let (_, page) = lead.get("/e/1").await;
    assert!(
        page.contains("id=\"withheld\"") && page.contains(&format!("/w/{WEEK}#publishing")),
        "the lead is told: {page}"
    );
    let (status, refusal) = lead.ask("POST", "/api/v1/report-shares", Some(&json!({"week": WEEK})), 1).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refusal}");
    let shows: Value = serde_json::from_str(&lead.get("/api/v1/report-shares").await.1).unwrap();
    assert!(shows["data"].as_array().unwrap().iter().all(|share| share["shows"] == false), "{shows}");

    // A deleted event is hidden all the same.
    assert_eq!(admin.ask("DELETE", "/api/v1/events/1", None, 2).await.0, StatusCode::NO_CONTENT);
    assert_eq!(link(0).await.0, StatusCode::NOT_FOUND);

    // Published again, without it: the links work as before.
    assert_eq!(lead.ask("POST", &publish, None, 1).await.0, StatusCode::CREATED);
    let (status, page) = link(0).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!page.contains(SECRET) && page.contains("本周无生产事件"), "{page}");
    assert_eq!(stranger.get(&format!("{report}?revision=1")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(restated(&stranger).await["withheld"], false);
}
