//! Accounts of their own teams alone: events of other teams are not there for them, and what belongs to all teams is refused.

use fupan::{
    domain::actor::{Actor, Role, TeamScope},
    service::{accounts, tokens},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::Service;
use uuid::Uuid;

use super::{NOW, client};

const WEEK: &str = "2024-W34";

struct Person {
    id: Uuid,
    email: String,
    token: String,
    url: String,
}

impl Person {
    async fn of(service: &Service, role: Role, scope: TeamScope) -> Self {
        let actor = Actor::local_operator();
        let email = format!("{}@example.com", service.app.id().simple());
        let new = accounts::NewAccount { email, name: role.code().to_owned(), role, lang: "zh-CN".to_owned() };
        let account = accounts::add_scoped(&service.app, &actor, new, scope).await.unwrap().0;
        let token = tokens::create(&service.app, &actor, &account, tokens::NewToken::of_all("test")).await.unwrap().1;
        Self { id: account.id, email: account.email, token, url: service.url.clone() }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let method: Method = method.parse().unwrap();
        let url = format!("{}/api/v1{path}", self.url);
        let mut request = client().request(method.clone(), &url).bearer_auth(&self.token);
        if matches!(method.as_str(), "PATCH" | "PUT" | "DELETE") {
            let current = client().get(&url).bearer_auth(&self.token).send().await.unwrap();
            let current: Value = current.json().await.unwrap_or_default();
            // A style that is not there yet has no version; what hangs on an event has that of the event.
            let version = current["version"].as_i64().or((!path.starts_with("/report-styles")).then_some(1));
            if let Some(version) = version {
                request = request.header("If-Match", format!("\"{version}\""));
            }
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!(status.is_success(), "{method} {path}: {status} {answer}");
        answer
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask("GET", path, Value::Null).await
    }

    /// The numbers of the events that are there for them, the latest first.
    async fn events(&self) -> Vec<i64> {
        let list = self.done("GET", "/events", Value::Null).await;
        list["data"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()).collect()
    }
}

/// A lead of all teams, and somebody of their own team alone.
struct House {
    lead: Person,
    own: Person,
    /// The team of `own`, and one more.
    team: String,
    other: String,
    /// A business line of each.
    line: String,
    other_line: String,
}

async fn house(service: &Service, role: Role) -> House {
    let lead = Person::of(service, Role::Lead, TeamScope::All).await;
    let own = Person::of(service, role, TeamScope::Own).await;
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let team = id(lead.done("POST", "/teams", json!({"name": "清算", "member_ids": [own.id]})).await);
    let other = id(lead.done("POST", "/teams", json!({"name": "支付"})).await);
    let line = id(lead.done("POST", "/services", json!({"name": "退款", "team_id": team})).await);
    let other_line = id(lead.done("POST", "/services", json!({"name": "提现", "team_id": other})).await);
    House { lead, own, team, other, line, other_line }
}

fn event(words: &str, line: &str) -> Value {
    json!({
        "narrative": words, "occurred_at": "2024-08-20T10:00:00+08:00", "recovered_at": "2024-08-20T10:30:00+08:00",
        "severity": "C", "postmortem": "pending", "services": [{"service_id": line}],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_of_the_teams_of_its_lines_its_shares_and_its_items() {
    let service = Service::start(NOW).await;
    let House { lead, own, team, line, other_line, .. } = house(&service, Role::Reporter).await;
    for (words, line) in
        [("自己的", &line), ("别人的", &other_line), ("按份额", &other_line), ("按改进项", &other_line)]
    {
        lead.done("POST", "/events", event(words, line)).await;
    }
    let nobodys = json!({"narrative": "没有业务的", "occurred_at": "2024-08-20T10:00:00+08:00"});
    lead.done("POST", "/events", nobodys).await;
    let mut closed = event("限制的", &line);
    closed["restricted"] = json!(true);
    lead.done("POST", "/events", closed).await;
    let mut named = event("点名的", &other_line);
    named["viewers"] = json!([own.id]);
    lead.done("POST", "/events", named).await;
    own.done("POST", "/events", event("自己登记的", &other_line)).await;
    assert_eq!(own.events().await, [8, 7, 1]);

    let shares = json!({"responsibility": [{"team_id": team, "basis_points": 1}]});
    lead.done("PATCH", "/events/3", shares).await;
    let item = lead.done("POST", "/events/4/action-items", json!({"title": "加告警", "team": team})).await;
    assert_eq!(own.events().await, [8, 7, 4, 3, 1], "and not those of others, of nobody, and restricted ones");
    assert_eq!(lead.events().await.len(), 8, "a lead of all teams sees all");

    // What is counted is what is there.
    let period = "from=2024-08-01&to=2024-08-31";
    let analytics = own.done("GET", &format!("/analytics/events?{period}&part=all"), Value::Null).await;
    assert_eq!(analytics["data"].as_array().unwrap().len(), 5, "{analytics}");
    let all =
        own.done("GET", &format!("/analytics/events?{period}&metric=postmortem_done&part=all"), Value::Null).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 5, "{all}");
    let counts = own.done("GET", "/counts?period=2024-08", Value::Null).await;
    let others = lead.done("GET", "/counts?period=2024-08", Value::Null).await;
    assert_ne!(counts["data"], others["data"], "{counts}");
    let owed = own.done("GET", "/postmortems", Value::Null).await;
    assert_eq!(owed["data"].as_array().unwrap().len(), 5, "{owed}");
    let board = own.done("GET", "/postmortems/board", Value::Null).await.to_string();
    assert!(!board.contains("别人的") && board.contains("自己的"), "{board}");
    let items = own.done("GET", "/action-items", Value::Null).await;
    assert_eq!(items["data"].as_array().unwrap().len(), 1, "{items}");

    // An item that goes takes its event along, and so does a line that another team answers for.
    let number = item["number"].as_i64().unwrap();
    lead.done("DELETE", &format!("/action-items/{number}"), Value::Null).await;
    assert_eq!(own.events().await, [8, 7, 3, 1]);
    let to_other = json!({"services": [{"service_id": other_line}]});
    own.done("PATCH", "/events/1", to_other).await;
    assert_eq!(own.events().await, [8, 7, 3], "moving an event away is a normal edit");
    assert_eq!(own.get("/events/1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_scope_or_of_members_holds_with_the_next_request() {
    let service = Service::start(NOW).await;
    let House { lead, own, team, other, other_line, .. } = house(&service, Role::Reporter).await;
    let admin = Person::of(&service, Role::Admin, TeamScope::All).await;
    lead.done("POST", "/events", event("别人的", &other_line)).await;
    let (unknown, hidden) = (own.get("/events/99").await, own.get("/events/1").await);
    assert_eq!((unknown.0, hidden.0), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(
        hidden.1["detail"].as_str().unwrap().replace("PE-1;", ""),
        unknown.1["detail"].as_str().unwrap().replace("PE-99;", "").replace("PE-99", "PE-1")
    );

    let join = json!({"member_ids": [own.id]});
    lead.done("PATCH", &format!("/teams/{other}"), join).await;
    assert_eq!(own.events().await, [1], "a member sees it");
    lead.done("PATCH", &format!("/teams/{other}"), json!({"archived": true})).await;
    assert_eq!(own.events().await, [1], "an archived team keeps its past");
    lead.done("PATCH", &format!("/teams/{other}"), json!({"member_ids": []})).await;
    assert!(own.events().await.is_empty(), "who is taken out does not");
    lead.done("PATCH", &format!("/teams/{other}"), json!({"lead_id": own.id, "archived": false})).await;
    assert_eq!(own.events().await, [1], "the lead of a team sees it");
    lead.done("PATCH", &format!("/teams/{other}"), json!({"lead_id": null})).await;

    let path = format!("/accounts/{}/team-scope", own.email);
    assert_eq!(admin.get(&path).await.1, json!({"team_scope": "own"}));
    assert_eq!(admin.done("PUT", &path, json!({"team_scope": "all"})).await, json!({"team_scope": "all"}));
    assert_eq!(own.events().await, [1], "of all teams");
    admin.done("PUT", &path, json!({"team_scope": "own"})).await;
    assert!(own.events().await.is_empty());

    // Who may say so, and what is refused.
    for nobody in [&lead, &own] {
        assert_eq!(nobody.ask("PUT", &path, json!({"team_scope": "all"})).await.0, StatusCode::FORBIDDEN);
        assert_eq!(nobody.get(&path).await.0, StatusCode::FORBIDDEN);
    }
    for wrong in [json!({"team_scope": "some"}), json!({"team_scope": "OWN"}), json!({})] {
        let (status, answer) = admin.ask("PUT", &path, wrong).await;
        assert!(matches!(status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST), "{status} {answer}");
    }
    let (status, answer) =
        admin.ask("PUT", &format!("/accounts/{}/team-scope", admin.email), json!({"team_scope": "own"})).await;
    assert_eq!(
        (status, answer["errors"][0]["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("team_scope")),
        "{answer}"
    );
    let operator = Actor::local_operator();
    let promoted = accounts::AccountPatch { role: Some(Role::Admin), ..Default::default() };
    accounts::change(&service.app, &operator, own.id, promoted).await.unwrap_err();
    let both =
        accounts::AccountPatch { role: Some(Role::Admin), team_scope: Some(TeamScope::All), ..Default::default() };
    assert_eq!(accounts::change(&service.app, &operator, own.id, both).await.unwrap().role, Role::Admin);
    let log = admin.done("GET", &format!("/audit?subject=account:{}", own.id), Value::Null).await.to_string();
    assert!(log.contains(r#""team_scope":"own""#) && log.contains(r#""team_scope":"all""#), "{log}");
    let _ = team;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_all_teams_is_refused_whatever_the_role() {
    let service = Service::start(NOW).await;
    let House { own, team, other, line, .. } = house(&service, Role::Lead).await;
    for (method, path, body) in [
        ("PATCH", format!("/teams/{other}"), json!({"member_ids": [own.id]})),
        ("POST", "/teams".to_owned(), json!({"name": "新的"})),
        ("PATCH", format!("/teams/{team}"), json!({"name": "改名"})),
        ("PATCH", format!("/services/{line}"), json!({"team_id": other})),
        ("PUT", format!("/figures/{WEEK}/out"), json!({"value": "99.9"})),
        ("POST", format!("/reports/{WEEK}:publish"), Value::Null),
        ("POST", "/report-shares".to_owned(), json!({"week": WEEK, "name": "部门"})),
        ("PUT", "/report-styles/house".to_owned(), json!({"style": {}, "is_default": true})),
        ("POST", "/views".to_owned(), json!({"name": "大家的", "query": "state:owed", "shared": true})),
        ("POST", "/indicators".to_owned(), json!({"key": "x", "name": "x"})),
    ] {
        let (status, answer) = own.ask(method, &path, body).await;
        assert_eq!(
            (status, answer["code"].as_str()),
            (StatusCode::FORBIDDEN, Some("own_teams_only")),
            "{method} {path}: {answer}"
        );
    }
    own.done("POST", "/views", json!({"name": "我的", "query": "state:owed"})).await;
    own.done("POST", "/events", event("自己登记的", &line)).await;
    let shares = json!({"shares": [{"team": "清算", "basis_points": 10_000}]});
    own.done("PUT", "/events/1/responsibility", shares).await;
    own.done("DELETE", "/events/1", Value::Null).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_week_is_for_those_who_see_the_events_of_all_teams() {
    let service = Service::start(NOW).await;
    let House { lead, own, line, other_line, .. } = house(&service, Role::Lead).await;
    lead.done("POST", "/events", event("自己的延迟", &line)).await;
    lead.done("POST", &format!("/reports/{WEEK}:publish"), Value::Null).await;
    let report = own.done("GET", &format!("/reports/{WEEK}"), Value::Null).await;
    assert!(report["publication"].is_null(), "its prose and its counts of the year are of all teams: {report}");
    assert_eq!(own.get(&format!("/reports/{WEEK}/restatement")).await.0, StatusCode::NOT_FOUND);

    lead.done("POST", "/events", event("别人的失败", &other_line)).await;
    let (status, said) = own.get(&format!("/reports/{WEEK}/restatement")).await;
    assert!(!said.to_string().contains("别人的"), "{status} {said}");
    lead.done("POST", &format!("/reports/{WEEK}:publish"), Value::Null).await;
    for query in ["", "?as=now", "?style=house", "?section=events"] {
        if query.contains("style") {
            lead.done("PUT", "/report-styles/house", json!({"style": {"carry_over": true}, "is_default": false})).await;
        }
        let report = own.done("GET", &format!("/reports/{WEEK}{query}"), Value::Null).await;
        let text = report.to_string();
        assert!(text.contains("自己的延迟") && !text.contains("别人的失败"), "{query}: {text}");
        assert_eq!(report["own_teams"], json!(["清算"]), "{query}: {text}");
        assert!(report["markdown"].as_str().unwrap().starts_with("> 仅本团队的事件：清算。"), "{query}: {text}");
        assert!(report["publication"].is_null(), "{query}: {text}");
    }
    let revision = |number: i64| {
        let own = &own;
        async move {
            let (status, answer) = own.get(&format!("/reports/{WEEK}?revision={number}")).await;
            (status, answer["detail"].as_str().unwrap_or_default().replace(&format!("revision {number}"), "revision"))
        }
    };
    assert_eq!(revision(2).await, revision(9).await);
    assert_eq!(revision(1).await.0, StatusCode::NOT_FOUND);
    let whole = lead.done("GET", &format!("/reports/{WEEK}"), Value::Null).await;
    assert!(whole["own_teams"].is_null() && whole["publication"]["revision"] == 2, "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_given_to_those_for_whom_the_event_is_there() {
    let service = Service::start(NOW).await;
    let House { lead, own, team, other_line, .. } = house(&service, Role::Reporter).await;
    lead.done("POST", "/events", event("别人的", &other_line)).await;
    let owner = json!({"owner": own.email});
    let (status, answer) = lead.ask("PATCH", "/events/1/postmortem", owner.clone()).await;
    assert_eq!(
        (status, answer["errors"][0]["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("owner")),
        "{answer}"
    );
    let item = json!({"title": "加告警", "owner": own.email});
    assert_eq!(lead.ask("POST", "/events/1/action-items", item).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let item = json!({"title": "加告警", "owner": own.email, "team": team});
    lead.done("POST", "/events/1/action-items", item).await;
    assert_eq!(own.events().await, [1], "by the item it is of their team");
    lead.done("PATCH", "/events/1/postmortem", owner).await;
}
