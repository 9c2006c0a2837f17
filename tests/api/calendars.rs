//! Calendars over the API: importing, editing, and the due dates that follow.

use fupan::{
    domain::{
        actor::{Actor, Role},
        calendar::{CalendarDay, sheets::SheetKey},
        event_record::AffectedService,
        services::{ServiceFields, ServiceKind},
        team::TeamFields,
    },
    service::{
        calendars, doctor,
        events::{self, EventPatch},
        services::{self, ServicePatch},
        teams,
    },
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;
use uuid::Uuid;

use super::{LINE, client};

/// A Wednesday; the year after it is not known.
const NOW: &str = "2026-12-30T06:08:00Z";

struct Caller {
    client: Client,
    url: String,
    token: String,
}

impl Caller {
    async fn of(service: &Service, role: Role) -> Self {
        Self { client: client(), url: service.url.clone(), token: service.token(role).await }
    }

    async fn send(&self, method: Method, path: &str, version: Option<i64>, body: &str) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token);
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        if body.starts_with("{\"works\"") {
            request = request.header("Content-Type", "application/json");
        }
        let answer = request.body(body.to_owned()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

/// 2027 as it may be published: eight days off at its beginning, one of them the eve, and a Saturday that is worked.
fn year_2027() -> String {
    let mut days = vec![json!({"name": "元旦", "date": "2026-12-31", "isOffDay": true})];
    for day in 1..=7 {
        days.push(json!({"name": "元旦", "date": format!("2027-01-0{day}"), "isOffDay": true}));
    }
    days.push(json!({"name": "元旦", "date": "2027-01-09", "isOffDay": false}));
    json!({"$schema": "s", "year": 2027, "papers": [], "days": days}).to_string()
}

async fn due(service: &Service, number: i64) -> String {
    let event = events::get(&service.app, &Actor::local_operator(), number).await.unwrap();
    event.postmortem.due_on.unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_imported_and_due_dates_that_nobody_chose_follow_it() {
    let service = Service::start(NOW).await;
    let actor = Actor::local_operator();
    let line = "12/30 11:00 提现失败，12:00 恢复。【待复盘】";
    events::create_from_line(&service.app, &actor, line, None).await.unwrap();
    assert_eq!(due(&service, 1).await, "2027-01-06", "Monday to Friday while 2027 is missing");
    assert_eq!(calendars::missing_years(&service.app).await.unwrap(), [2027]);
    let found = doctor::findings(&service.app).await.unwrap();
    assert!(found[0].risky && found[0].remedy == "fupan calendar import 2027.json", "{found:?}");

    let lead = Caller::of(&service, Role::Lead).await;
    let (status, list) = lead.send(Method::GET, "calendars", None, "").await;
    assert_eq!((status, &list["missing_years"]), (StatusCode::OK, &json!([2027])));
    let (status, done) = lead.send(Method::POST, "calendars:import", None, &year_2027()).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!((&done["data"][0]["key"], &done["moved_due_dates"]), (&json!("2027"), &json!(1)));
    // 8, 9 (worked), 11, 12, 13 of January.
    assert_eq!(due(&service, 1).await, "2027-01-13");
    assert!(doctor::findings(&service.app).await.unwrap().is_empty());
    let history = lead.send(Method::GET, "events/1/history", None, "").await.1;
    assert!(history.to_string().contains("2027-01-13"), "the trace says so: {history}");

    let (_, again) = lead.send(Method::POST, "calendars:import", None, &year_2027()).await;
    assert_eq!((&again["data"][0]["version"], &again["moved_due_dates"]), (&json!(1), &json!(0)), "twice is once");
    let (status, _) = lead.send(Method::DELETE, "calendars/2027", Some(1), "").await;
    assert_eq!((status, due(&service, 1).await.as_str()), (StatusCode::NO_CONTENT, "2027-01-06"));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_written_and_removed_with_versions_and_bad_ones_are_refused() {
    let service = Service::start("2026-11-26T02:00:00Z").await;
    let lead = Caller::of(&service, Role::Lead).await;
    let works = r#"{"works": true, "name": "开账"}"#.replace("{\"works\": ", "{\"works\":");
    let (status, sheet) = lead.send(Method::PUT, "calendars/company/days/2026-11-28", None, &works).await;
    assert_eq!((status, &sheet["version"], &sheet["days"][0]["name"]), (StatusCode::OK, &json!(1), &json!("开账")));
    let stale = lead.send(Method::PUT, "calendars/company/days/2026-11-29", Some(0), &works).await;
    assert_eq!(stale.0, StatusCode::PRECONDITION_FAILED);
    let (status, _) = lead.send(Method::DELETE, "calendars/company/days/2026-11-28", None, "").await;
    assert_eq!(status, StatusCode::PRECONDITION_REQUIRED);
    let (status, _) = lead.send(Method::DELETE, "calendars/company/days/2026-11-28", Some(1), "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let year = "calendars/2026/days/2026-10-08";
    let (_, sheet) = lead.send(Method::PUT, year, None, &works).await;
    assert_eq!(sheet["days"].as_array().unwrap().len(), 40, "the bundled days and the new one");
    for (method, path, body, status) in [
        (Method::PUT, "calendars/2026/days/2027-01-01", works.as_str(), StatusCode::UNPROCESSABLE_ENTITY),
        (Method::PUT, "calendars/company/days/x", works.as_str(), StatusCode::NOT_FOUND),
        (Method::PUT, "calendars/1999/days/1999-01-01", works.as_str(), StatusCode::NOT_FOUND),
        (Method::GET, "calendars/nobody", "", StatusCode::NOT_FOUND),
        (Method::POST, "calendars:import", "", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, "calendars:import", r#"{"year": 2027, "days": []}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, "calendars:import?into=company", "2026-01-01,off\nx", StatusCode::UNPROCESSABLE_ENTITY),
        (Method::POST, "calendars:import?into=3000", "2026-01-01,off", StatusCode::NOT_FOUND),
        (Method::POST, "calendars:import?into=company", "\u{0}\u{1}", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (got, answer) = lead.send(method, path, None, body).await;
        assert_eq!(got, status, "{path} {body}: {answer}");
    }
    let long = "2026-01-01,off,".to_owned() + &"长".repeat(61);
    assert_eq!(
        lead.send(Method::POST, "calendars:import?into=company", None, &long).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let many = (0..2_001)
        .map(|n| format!("{},off\n", chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(n)))
        .collect::<Vec<String>>()
        .concat();
    assert_eq!(
        lead.send(Method::POST, "calendars:import?into=company", None, &many).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

async fn team(service: &Service, name: &str) -> Uuid {
    let fields = TeamFields { name: name.to_owned(), ..TeamFields::default() };
    teams::create(&service.app, &Actor::local_operator(), fields).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_follows_the_calendar_of_its_team_before_the_companys_and_that_before_the_official_one() {
    let service = Service::start("2024-08-19T09:00:00Z").await;
    let (app, actor) = (&service.app, Actor::local_operator());
    let day = |day: &str, works| CalendarDay { day: day.parse().unwrap(), works, name: String::new() };
    let payments = team(&service, "支付").await;
    let channels = team(&service, "渠道").await;
    let fields = ServiceFields {
        name: "出金".to_owned(),
        kind: ServiceKind::BusinessLine,
        core: false,
        team_id: Some(payments),
        archived: false,
    };
    let line = services::create(app, &actor, fields).await.unwrap();
    events::create_from_line(app, &actor, LINE, None).await.unwrap();
    assert_eq!(due(&service, 1).await, "2024-08-26", "five working days from Monday");

    calendars::set_day(app, &actor, SheetKey::Company, day("2024-08-21", false), None).await.unwrap();
    assert_eq!(due(&service, 1).await, "2024-08-27", "a day off of the company");
    let written =
        calendars::set_day(app, &actor, SheetKey::Team(payments), day("2024-08-24", true), None).await.unwrap();
    assert_eq!((written.moved, due(&service, 1).await.as_str()), (0, "2024-08-27"), "no team yet");

    let version = events::get(app, &actor, 1).await.unwrap().version;
    let affected = AffectedService { service_id: line.id, shares: Vec::new() };
    let patch = EventPatch { services: Some(vec![affected]), ..EventPatch::default() };
    events::update(app, &actor, 1, version, patch).await.unwrap();
    assert_eq!(
        due(&service, 1).await,
        "2024-08-26",
        "of the team that answers for what it affected: Saturday is worked"
    );

    let patch = ServicePatch { team_id: Some(Some(channels)), ..ServicePatch::default() };
    services::update(app, &actor, line.id, None, patch).await.unwrap();
    assert_eq!(due(&service, 1).await, "2024-08-27", "another team answers for it now");

    let lead = Caller::of(&service, Role::Lead).await;
    let board = lead.send(Method::GET, "postmortems/board", None, "").await.1;
    assert_eq!(
        board["data"][0]["limit_working_days"].as_i64().or(board["data"][0]["limit"].as_i64()),
        Some(5),
        "{board}"
    );
    // A replica that did not know of the change counts again when it learns of it.
    let other = fupan::service::App { calendars: std::sync::Arc::default(), ..app.clone() };
    assert!(other.calendar().is_working_day("2024-08-21".parse().unwrap()));
    assert_eq!(calendars::keep_up(&other).await.unwrap(), 0);
    assert!(!other.calendar().is_working_day("2024-08-21".parse().unwrap()));
}
