//! What is held on a person, closing an account, and how long what is over is kept.

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        App,
        audit_chain::{self, Reach},
        events, housekeeping, imports,
    },
    store,
};
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait as _, Database, Statement};
use serde_json::{Value, json};
use support::{Service, TestClock, TestDatabase};
use uuid::Uuid;

use crate::{LINE, NOW, client};

async fn send(service: &Service, token: &str, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = client().request(method, format!("{}{path}", service.url)).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_out_what_is_held_on_them_and_not_what_is_held_on_others() {
    let service = Service::start(NOW).await;
    let (own, admin) = (service.token(Role::Reporter).await, service.token(Role::Admin).await);
    let (status, _) = send(&service, &own, Method::POST, "/api/v1/events", Some(json!({"line": LINE}))).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, export) = send(&service, &own, Method::GET, "/api/v1/account/export", None).await;
    assert_eq!(status, StatusCode::OK, "{export}");
    let id = export["account"]["id"].as_str().unwrap().to_owned();
    assert_eq!(export["api_tokens"].as_array().unwrap().len(), 1);
    let acts: Vec<&str> = export["acts"].as_array().unwrap().iter().filter_map(|act| act["action"].as_str()).collect();
    assert!(acts.contains(&"event.create") && acts.contains(&"export"), "{acts:?}");
    let text = export.to_string();
    assert!(!text.contains("hash") && !text.contains(&own) && !text.contains("argon2"), "{text}");

    let (_, other) = send(&service, &admin, Method::GET, "/api/v1/account/export", None).await;
    let admin_id = other["account"]["id"].as_str().unwrap();
    let (status, _) = send(&service, &own, Method::GET, &format!("/api/v1/accounts/{admin_id}/export"), None).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, same) = send(&service, &admin, Method::GET, &format!("/api/v1/accounts/{id}/export"), None).await;
    assert_eq!((status, &same["account"]["id"]), (StatusCode::OK, &json!(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_account_is_nobody_and_what_the_team_wrote_stays() {
    let service = Service::start(NOW).await;
    let (own, admin) = (service.token(Role::Lead).await, service.token(Role::Admin).await);
    send(&service, &own, Method::POST, "/api/v1/events", Some(json!({"line": LINE}))).await;
    let (_, export) = send(&service, &own, Method::GET, "/api/v1/account/export", None).await;
    let (id, email) = (export["account"]["id"].as_str().unwrap(), export["account"]["email"].as_str().unwrap());
    let account: Uuid = id.parse().unwrap();
    let tx = service.app.store.begin().await.unwrap();
    let identity = store::identities::Identity {
        id: service.app.id(),
        account_id: account,
        issuer: "https://sso.example.com".to_owned(),
        subject: "li".to_owned(),
        created_at: 1,
        used_at: 1,
    };
    store::identities::insert(&tx, &identity).await.unwrap();
    store::second_factors::insert(&tx, account, "GEZDGNBV", 1).await.unwrap();
    tx.commit().await.unwrap();
    let (_, with) = send(&service, &own, Method::GET, "/api/v1/account/export", None).await;
    assert_eq!(with["identities"][0]["subject"], json!("li"));
    assert!(!with.to_string().contains("GEZDGNBV"), "no secret is taken out");
    for path in ["/api/v1/outbox:test", "/api/v1/outbox:test"] {
        let (status, said) = send(&service, &admin, Method::POST, path, Some(json!({"to": email}))).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{said}");
    }
    let meeting = json!({"starts_at": "2024-08-28T10:00:00+08:00", "minutes": 45, "attendees": [id]});
    let (status, said) = send(&service, &own, Method::PUT, "/api/v1/events/PE-1/review-meeting", Some(meeting)).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    let mailing = json!({"name": "周报", "recipients": [email], "weekday": "wed", "time": "14:00"});
    let (status, said) = send(&service, &own, Method::POST, "/api/v1/report-mailings", Some(mailing)).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    let wrong = Some(json!({"email": "somebody@example.com"}));
    let (status, _) = send(&service, &own, Method::POST, "/api/v1/account:close", wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = Some(json!({"email": email.to_uppercase()}));
    let (status, said) = send(&service, &own, Method::POST, "/api/v1/account:close", right).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
    let (status, _) = send(&service, &own, Method::GET, "/api/v1/events", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);

    let (_, event) = send(&service, &admin, Method::GET, "/api/v1/events/PE-1", None).await;
    assert!(event["narrative"].as_str().unwrap().contains("提现失败"), "{event}");
    let (_, gone) = send(&service, &admin, Method::GET, &format!("/api/v1/accounts/{id}/export"), None).await;
    assert!(!gone["account"].to_string().contains(email), "{gone}");
    assert_eq!((&gone["account"]["active"], &gone["identities"]), (&json!(false), &json!([])));
    let factor = store::second_factors::of_account(service.app.store.read(), account).await.unwrap();
    assert!(factor.is_none(), "nobody comes in at the provider or by a code");
    let (_, log) = send(&service, &admin, Method::GET, "/api/v1/audit?action=account.close", None).await;
    assert_eq!(log["data"][0]["subject"], json!(format!("account:{id}")));
    assert!(!log.to_string().contains(email), "{log}");
    for path in ["/api/v1/audit?limit=200", "/api/v1/outbox?limit=100", "/api/v1/report-mailings"] {
        let (status, all) = send(&service, &admin, Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!all.to_string().contains(email), "{path}: {all}");
    }
    for place in ["outbox_message WHERE recipient", "review_meeting WHERE organizer", "mailing_recipient WHERE email"] {
        let sql = format!("SELECT count(*) FROM {place} = '{email}'");
        assert_eq!(count(&service.database, &sql).await, 0, "{place}");
    }
    let words = "SELECT count(*) FROM outbox_message WHERE body_text <> '' AND state = 'cancelled'";
    assert_eq!(count(&service.database, words).await, 0);
    // The address is free for another account, and the chain is whole.
    let (_, verdict) = send(&service, &admin, Method::POST, "/api/v1/audit:verify", Some(json!({}))).await;
    assert_eq!(verdict["whole"], json!(true));
    // The last administrator stays.
    let (_, me) = send(&service, &admin, Method::GET, "/api/v1/account/export", None).await;
    let (status, _) =
        send(&service, &admin, Method::POST, "/api/v1/account:close", Some(json!({"email": me["account"]["email"]})))
            .await;
    assert_eq!(status, StatusCode::CONFLICT);
}

async fn count(database: &TestDatabase, sql: &str) -> i64 {
    let connection = Database::connect(&database.url).await.unwrap();
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_after_the_days_that_were_set_and_nothing_goes_by_default() {
    let database = TestDatabase::new().await;
    let clock = TestClock::at(NOW);
    let app = support::app(&database, clock.clone()).await;
    let operator = Actor::local_operator();
    events::create_from_line(&app, &operator, LINE, None).await.unwrap();
    let report =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/reports/2024-W34.md")).unwrap();
    let later = report.replace("684", "685");
    for text in [&report, &later] {
        clock.set("2024-08-22T10:00:00+08:00");
        imports::import(&app, &operator, "w34.md", text.clone(), None, false).await.unwrap();
        clock.set("2024-08-23T10:00:00+08:00");
    }
    clock.set("2025-08-21T10:00:00+08:00");
    let empty = "SELECT count(*) FROM report_import WHERE content = ''";
    let entries = "SELECT count(*) FROM audit_entry";
    let before = count(&database, entries).await;
    housekeeping::tidy(&app).await.unwrap();
    assert_eq!((count(&database, empty).await, count(&database, entries).await), (0, before));

    let mut set = app.clone();
    set.retention.imports_days = 30;
    set.retention.audit_days = 90;
    let removed = housekeeping::tidy(&set).await.unwrap();
    assert_eq!((removed.texts, removed.audit), (1, u64::try_from(before).unwrap()));
    assert_eq!(count(&database, empty).await, 1, "the latest of its week stays");
    assert_eq!(count(&database, entries).await, 1, "the entry that says so");
    audit_chain::chain(&set, Reach::All).await.unwrap();
    let verdict = audit_chain::verify(&set, &operator, None).await.unwrap();
    assert_eq!(verdict.broken, None);
    // The first text comes back with its bytes.
    imports::import(&set, &operator, "w34.md", report, None, false).await.unwrap();
    assert_eq!(count(&database, empty).await, 0);
    let _: App = set;
}
