//! Sessions over the API: one's own, and those of others for administrators.

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        ServiceError,
        accounts::{self, AccountPatch},
        second_factor,
        sessions::{self, Entry},
        tokens,
    },
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use support::Service;

use crate::{NOW, client};

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_sessions_are_listed_and_ended_and_those_of_others_by_administrators_only() {
    let service = Service::start(NOW).await;
    let account = service.account(Role::Lead).await;
    let token = tokens::create(&service.app, &Actor::local_operator(), &account, tokens::NewToken::of_all("test"))
        .await
        .unwrap()
        .1;
    let mut cookies = Vec::new();
    for browser in ["Firefox · Linux", "Safari · iOS", "?"] {
        let entry = Entry { browser: browser.to_owned(), ..Entry::default() };
        cookies.push(sessions::open(&service.app, account.clone(), entry).await.unwrap().0);
    }
    let (client, admin, viewer) = (client(), service.token(Role::Admin).await, service.token(Role::Viewer).await);
    let send = async |method: Method, path: String, token: &str| {
        let answer =
            client.request(method, format!("{}/api/v1{path}", service.url)).bearer_auth(token).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    let (status, list) = send(Method::GET, "/sessions".to_owned(), &token).await;
    assert_eq!((status, list["data"].as_array().unwrap().len()), (StatusCode::OK, 3));
    assert!(list["data"].as_array().unwrap().iter().all(|one| one["current"] == false && one["method"] == "password"));
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(send(Method::DELETE, format!("/sessions/{id}"), &viewer).await.0, StatusCode::NOT_FOUND, "not theirs");
    assert_eq!(send(Method::DELETE, format!("/sessions/{id}"), &token).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send(Method::DELETE, format!("/sessions/{id}"), &token).await.0, StatusCode::NOT_FOUND);

    let of_account = format!("/accounts/{}/sessions", account.id);
    assert_eq!(send(Method::GET, of_account.clone(), &viewer).await.0, StatusCode::FORBIDDEN);
    let (_, list) = send(Method::GET, of_account.clone(), &admin).await;
    let left: Vec<&str> = list["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(left.len(), 2);
    assert_eq!(send(Method::DELETE, format!("{of_account}/{}", left[0]), &admin).await.0, StatusCode::NO_CONTENT);
    let (status, ended) = send(Method::DELETE, of_account.clone(), &admin).await;
    assert_eq!((status, &ended["ended"]), (StatusCode::OK, &1.into()));
    let unknown = format!("/accounts/{}/sessions", service.app.id());
    assert_eq!(send(Method::GET, unknown, &admin).await.0, StatusCode::NOT_FOUND);
    let none = format!("/accounts/{}/second-factor", account.id);
    assert_eq!(send(Method::DELETE, none, &admin).await.0, StatusCode::CONFLICT);
    for cookie in cookies {
        assert!(sessions::find(&service.app, &cookie).await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_was_proved_before_the_account_changed_opens_nothing() {
    let service = Service::start(NOW).await;
    let (app, operator) = (&service.app, Actor::local_operator());
    // Somebody has to stay an administrator.
    service.account(Role::Admin).await;
    let before = service.account(Role::Lead).await;
    sessions::open(app, before.clone(), Entry::default()).await.unwrap();
    let off = AccountPatch { active: Some(false), ..AccountPatch::default() };
    accounts::change(app, &operator, before.id, off).await.unwrap();
    let late = sessions::open(app, before, Entry::default()).await;
    assert!(matches!(late, Err(ServiceError::SignInNeeded)), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_takes_away_the_authenticator_of_others_only() {
    let service = Service::start(NOW).await;
    let own = service.account(Role::Admin).await;
    let refused = second_factor::reset(&service.app, &sessions::actor_of(&own), own.id).await;
    let words = refused.unwrap_err().to_string();
    assert!(words.contains("your own account"), "{words}");
}
