//! Secrets in the database are sealed: what stands there opens nothing without the key.

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        App,
        notifiers::{self, NotifierPatch},
        vault::{self, Vault},
    },
};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};
use secrecy::SecretString;
use serde_json::{Value, json};
use support::{Service, TestClock, TestDatabase};

use crate::{NOW, client};

const URL: &str = "http://127.0.0.1:9/hook/4f1b-very-secret";

fn new(name: &str, url: &str) -> NotifierPatch {
    NotifierPatch {
        name: Some(name.to_owned()),
        tool: Some("feishu".to_owned()),
        url: Some(url.to_owned()),
        secret: Some(Some("signing-words".to_owned())),
        ..NotifierPatch::default()
    }
}

async fn raw(connection: &DatabaseConnection) -> (String, Option<String>) {
    let sql = "SELECT url, secret FROM notifier ORDER BY name";
    let row = connection
        .query_one_raw(Statement::from_string(connection.get_database_backend(), sql))
        .await
        .unwrap()
        .unwrap();
    (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())
}

fn with_keys(app: &App, keys: &[&str]) -> App {
    let keys = keys.iter().map(|key| SecretString::from((*key).to_owned())).collect();
    App { vault: std::sync::Arc::new(Vault::new(keys, None).unwrap()), ..app.clone() }
}

const FIRST: &str = "the first key of this house, long enough";
const SECOND: &str = "the second key of this house, long enough";

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_a_group_stands_sealed_in_the_database_and_still_works() {
    let database = TestDatabase::new().await;
    let app = support::app(&database, TestClock::at(NOW)).await;
    let operator = Actor::local_operator();
    let made = notifiers::create(&app, &operator, new("值班群", URL)).await.unwrap();
    let connection = Database::connect(&database.url).await.unwrap();
    let (url, secret) = raw(&connection).await;
    assert!(url.starts_with("sealed1:") && !url.contains("4f1b"), "{url}");
    assert!(secret.as_deref().is_some_and(|secret| secret.starts_with("sealed1:") && !secret.contains("signing")));

    // Reading gives what was written, the same address is known again, and a change of the name leaves the seal as it is.
    assert_eq!(notifiers::find(&app, &operator, "值班群").await.unwrap().target, made.target);
    assert!(notifiers::create(&app, &operator, new("另一个", URL)).await.is_err(), "one robot, one notifier");
    let renamed = NotifierPatch { name: Some("大群".to_owned()), ..NotifierPatch::default() };
    let renamed = notifiers::update(&app, &operator, made.id, None, renamed).await.unwrap();
    assert_eq!((raw(&connection).await.0, renamed.target), (url, made.target));
    let moved = NotifierPatch { url: Some(format!("{URL}-2")), ..NotifierPatch::default() };
    notifiers::update(&app, &operator, made.id, None, moved).await.unwrap();
    assert_eq!(notifiers::find(&app, &operator, "大群").await.unwrap().target.url, format!("{URL}-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_switched_off_and_its_secret_is_not_lost_by_a_new_address() {
    let database = TestDatabase::new().await;
    let app = with_keys(&support::app(&database, TestClock::at(NOW)).await, &[FIRST]);
    let operator = Actor::local_operator();
    let made = notifiers::create(&app, &operator, new("值班群", URL)).await.unwrap();
    let closed = with_keys(&app, &[SECOND]);
    let off = NotifierPatch { enabled: Some(false), ..NotifierPatch::default() };
    assert!(!notifiers::update(&closed, &operator, made.id, None, off).await.unwrap().fields.enabled);
    let moved = NotifierPatch { url: Some(format!("{URL}-2")), ..NotifierPatch::default() };
    let refused = notifiers::update(&closed, &operator, made.id, None, moved).await;
    assert!(refused.is_err(), "the secret would be gone");
    assert_eq!(notifiers::find(&app, &operator, "值班群").await.unwrap().target, made.target);
}

#[tokio::test(flavor = "multi_thread")]
async fn clear_rows_are_sealed_at_the_start_and_a_new_key_takes_over() {
    let database = TestDatabase::new().await;
    let app = with_keys(&support::app(&database, TestClock::at(NOW)).await, &[FIRST]);
    let operator = Actor::local_operator();
    notifiers::create(&app, &operator, new("值班群", URL)).await.unwrap();
    let connection = Database::connect(&database.url).await.unwrap();
    // As before sealing.
    connection
        .execute_unprepared(&format!("UPDATE notifier SET url = '{URL}', secret = 'signing-words'"))
        .await
        .unwrap();
    assert_eq!(vault::kept(&app).await.unwrap().clear, 2);
    assert_eq!(vault::seal_all(&app).await.unwrap(), 2);
    assert_eq!(vault::seal_all(&app).await.unwrap(), 0, "once");
    let (before, _) = raw(&connection).await;
    assert!(before.starts_with("sealed1:"));

    // With the same key there is nothing to change to.
    assert!(vault::rotate(&app, &operator).await.is_err());
    let both = with_keys(&app, &[SECOND, FIRST]);
    assert_eq!(vault::kept(&both).await.unwrap().older, 2);
    assert_eq!(vault::rotate(&both, &operator).await.unwrap(), 2);
    let new_alone = with_keys(&app, &[SECOND]);
    assert_ne!(raw(&connection).await.0, before);
    assert_eq!(notifiers::find(&new_alone, &operator, "值班群").await.unwrap().target.url, URL);

    // Who has another key neither reads nor seals, and is told which key it takes; the list is there all the same.
    let stranger = with_keys(&app, &["a key of another house, that is long enough"]);
    assert_eq!(vault::kept(&stranger).await.unwrap().closed, 2);
    assert_eq!(notifiers::all(&stranger, &operator).await.unwrap()[0].target.url, "");
    let refused =
        notifiers::create(&stranger, &operator, new("三", &format!("{URL}-3"))).await.unwrap_err().to_string();
    assert!(refused.contains("FUPAN_SECRET_KEY_FILE") && !refused.contains("4f1b"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_api_and_no_entry_of_the_log_holds_the_secret() {
    let service = Service::start(NOW).await;
    let admin = service.token(Role::Admin).await;
    let send = async |method: reqwest::Method, path: &str, body: Value| {
        let request = client().request(method, format!("{}{path}", service.url)).bearer_auth(&admin);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let body = json!({"name": "值班群", "tool": "feishu", "url": URL, "secret": "signing-words"});
    let (status, made) = send(reqwest::Method::POST, "/api/v1/notifiers", body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let mut all = vec![made];
    for path in ["/api/v1/notifiers", "/api/v1/audit", "/settings/audit", "/settings/notifiers"] {
        let answer = client().get(format!("{}{path}", service.url)).bearer_auth(&admin).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        all.push(answer.text().await.unwrap());
    }
    for text in all {
        assert!(
            !text.contains("very-secret") && !text.contains("signing-words") && !text.contains("sealed1"),
            "{text}"
        );
    }
}
