//! Weekly mails over the API, and the link that unsubscribes.

use fupan::service::unsubscribing;
use reqwest::{Response, StatusCode};
use sea_orm::{ConnectionTrait as _, Database, Statement};
use serde_json::{Value, json};

use crate::publishing::Week;

async fn send(week: &Week, method: reqwest::Method, path: &str, etag: Option<&str>, body: &Value) -> Response {
    let request = week.client.request(method, week.url(path)).bearer_auth(&week.token).json(body);
    etag.into_iter().fold(request, |request, etag| request.header("If-Match", etag)).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weekly_mail_is_set_up_changed_previewed_and_removed() {
    let week = Week::new().await;
    let new = json!({"name": "支付 SRE", "recipients": ["a@example.com", "b@example.com"]});
    let made = week.post("report-mailings", &new).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let (path, etag) =
        (made.headers()["location"].to_str().unwrap().to_owned(), made.headers()["etag"].to_str().unwrap().to_owned());
    let path = path.trim_start_matches("/api/v1/").to_owned();
    let made: Value = made.json().await.unwrap();
    assert_eq!(made["next_at"], "2024-08-23T17:00:00+08:00", "Friday at five, in the report zone");
    assert_eq!(
        (made["week"].as_str(), made["section"].as_str(), made["only_published"].as_bool()),
        (Some("this"), Some("all"), Some(false))
    );
    assert!(!made.to_string().contains("token"), "{made}");
    assert_eq!(week.post("report-mailings", &new).await.status(), StatusCode::CONFLICT, "the name is taken");

    let patch = |etag: Option<&'static str>, body: Value| {
        let (week, path) = (&week, path.clone());
        async move { send(week, reqwest::Method::PATCH, &path, etag, &body).await }
    };
    assert_eq!(patch(None, json!({"time": "09:00"})).await.status(), StatusCode::PRECONDITION_REQUIRED);
    let changed = patch(
        Some("\"1\""),
        json!({"weekday": "mon", "time": "09:30", "zone": "Europe/Berlin", "week": "last", "only_published": true}),
    )
    .await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_eq!(changed.headers()["etag"], "\"2\"");
    assert_eq!(changed.json::<Value>().await.unwrap()["next_at"], "2024-08-26T09:30:00+02:00");
    assert_eq!(patch(Some("\"1\""), json!({"time": "09:00"})).await.status(), StatusCode::PRECONDITION_FAILED);
    let known = week
        .client
        .get(week.url(&path))
        .bearer_auth(&week.token)
        .header("If-None-Match", "\"2\"")
        .send()
        .await
        .unwrap();
    assert_eq!((known.status(), etag.as_str()), (StatusCode::NOT_MODIFIED, "\"1\""));
    for body in [
        json!({"weekday": "someday"}),
        json!({"time": "25:00"}),
        json!({"zone": "Mars"}),
        json!({"week": "next"}),
        json!({"section": "x"}),
        json!({"recipients": []}),
        json!({"recipients": ["no address"]}),
        json!({"recipients": ["a@example.com\r\nBcc: b@example.com"]}),
        json!({"name": ""}),
        json!({"lang": "fr"}),
    ] {
        let refused = patch(Some("\"2\""), body.clone()).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert!(refused.json::<Value>().await.unwrap()["errors"][0]["field"].is_string(), "{body}");
    }

    let preview = week.json(&format!("{path}/preview")).await;
    assert_eq!((preview["week"].as_str(), preview["waits"].as_bool()), (Some("2024-W34"), Some(true)));
    assert_eq!(preview["recipients"], json!(["a@example.com", "b@example.com"]));
    assert!(
        preview["text"].as_str().unwrap().contains("684") && preview["subject"].as_str().unwrap().contains("2024-W34")
    );
    week.publish().await;
    assert_eq!(week.json(&format!("{path}/preview")).await["waits"], false);
    assert_eq!(week.json("report-mailings").await["data"].as_array().unwrap().len(), 1);
    let gone = send(&week, reqwest::Method::DELETE, &path, Some("\"2\""), &Value::Null).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(week.get(&path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_unsubscribe_asks_first_and_works_with_one_click_and_without_an_account() {
    let week = Week::new().await;
    week.post("report-mailings", &json!({"name": "list", "recipients": ["a@example.com", "b@example.com"]})).await;
    let operator = fupan::domain::actor::Actor::local_operator();
    let list = fupan::service::report_mailings::list(&week.service.app, &operator).await.unwrap();
    let url = unsubscribing::url(&week.service.app, list[0].recipients[0].id).await.unwrap();
    let gone = async || week.json("report-mailings").await["data"][0]["recipients"][0]["unsubscribed_at"].clone();
    let asked = week.client.get(&url).header("Accept", "text/html").send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::OK);
    let page = asked.text().await.unwrap();
    assert!(page.contains("a@example.com") && page.contains("<form") && !page.contains("b@example.com"), "{page}");
    assert!(gone().await.is_null(), "scanners follow links");
    // RFC 8058: the request of a mail program has no origin, no cookie and this body.
    for _ in 0..2 {
        let form = [("List-Unsubscribe", "One-Click")];
        let clicked = week.client.post(&url).form(&form).send().await.unwrap();
        assert_eq!(clicked.status(), StatusCode::OK);
    }
    assert!(gone().await.is_string());
    let other = format!("{}/unsubscribe/unknown", week.service.url);
    assert_eq!(week.client.post(&other).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(week.client.get(&other).send().await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_readers_holds_nothing_that_opens_a_link_and_links_of_before_go_on_working() {
    let week = Week::new().await;
    week.post("report-mailings", &json!({"name": "list", "recipients": ["a@example.com", "b@example.com"]})).await;
    let operator = fupan::domain::actor::Actor::local_operator();
    let list = fupan::service::report_mailings::list(&week.service.app, &operator).await.unwrap();
    let [first, second] = [&list[0].recipients[0], &list[0].recipients[1]];
    let connection = Database::connect(&week.service.database.url).await.unwrap();
    let stored = async |email: &str| -> String {
        let sql = format!("SELECT token FROM mailing_recipient WHERE email = '{email}'");
        let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
        row.unwrap().unwrap().try_get_by_index(0).unwrap()
    };
    // As it was before: a secret in clear.
    let old = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyMDE";
    let sql = format!("UPDATE mailing_recipient SET token = '{old}' WHERE email = 'a@example.com'");
    connection.execute_unprepared(&sql).await.unwrap();
    assert_eq!(unsubscribing::hash_old(&week.service.app).await.unwrap(), 1);
    assert_eq!(unsubscribing::hash_old(&week.service.app).await.unwrap(), 0, "once");
    let hash = stored("a@example.com").await;
    assert!(hash.len() == 64 && hash != old, "{hash}");

    let status = async |token: &str| {
        let url = format!("{}/unsubscribe/{token}", week.service.url);
        week.client.get(url).send().await.unwrap().status()
    };
    assert_eq!(status(old).await, StatusCode::OK, "a mail of before");
    let url = unsubscribing::url(&week.service.app, first.id).await.unwrap();
    let token = url.rsplit('/').next().unwrap();
    assert_eq!(status(token).await, StatusCode::OK, "and one of now");
    // What stands in the table opens nothing, and a signature is good for its reader alone.
    let (_, signature) = token.split_once('.').unwrap();
    let forged = format!("{}.{signature}", second.id.simple());
    for made_up in [&hash, &stored("b@example.com").await, &forged, "x.y", ".", &format!("{token}A")] {
        assert_eq!(status(made_up).await, StatusCode::NOT_FOUND, "{made_up}");
    }
}
