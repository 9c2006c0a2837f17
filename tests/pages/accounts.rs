//! Links for passwords, and what ends with an account's access.

use fupan::{
    domain::actor::{Actor, Role},
    service::{accounts, tokens},
};
use reqwest::StatusCode;
use support::Service;

use crate::{NOW, Person};

fn li() -> accounts::NewAccount {
    accounts::NewAccount {
        email: "li@example.com".to_owned(),
        name: "Li".to_owned(),
        role: Role::Reporter,
        lang: "en".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_who_was_switched_off_stay_revoked() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let operator = Actor::local_operator();
    let account = accounts::add(&service.app, &operator, li()).await.unwrap().0;
    let token = tokens::create(&service.app, &operator, &account, tokens::NewToken::of_all("script")).await.unwrap().1;
    let another = service.token(Role::Reporter).await;
    let ask = |token: String| {
        let request = admin.client.get(format!("{}/api/v1/events", service.url)).bearer_auth(token);
        async { request.send().await.unwrap().status() }
    };
    assert_eq!(ask(token.clone()).await, StatusCode::OK);
    let path = format!("/settings/accounts/{}", account.id);
    assert_eq!(admin.post(&path, &[("role", "reporter")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(ask(token.clone()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(admin.post(&path, &[("role", "reporter"), ("active", "yes")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(ask(token).await, StatusCode::UNAUTHORIZED, "who comes back makes new ones");
    assert_eq!(ask(another).await, StatusCode::OK, "those of others stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_for_another_password_lives_half_an_hour_and_one_for_the_first_a_week() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let account = accounts::add(&service.app, &Actor::local_operator(), li()).await.unwrap().0;
    let path = format!("/settings/accounts/{}/link", account.id);
    let token = |page: &str| {
        let rest = page.split("/setup?t=").nth(1).unwrap();
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect::<String>()
    };
    let status = |token: String| {
        let request = admin.client.get(format!("{}/setup?t={token}", service.url));
        async { request.send().await.unwrap().status() }
    };
    let (_, _, page) = admin.post(&path, &[]).await;
    assert!(page.contains("7 天内有效"), "{page}");
    let first = token(&page);
    service.clock.set("2024-08-22T06:08:00Z");
    assert_eq!(status(first.clone()).await, StatusCode::OK);
    let done = admin.post("/setup", &[("t", &first), ("password", "correct horse battery")]).await;
    assert_eq!(done.0, StatusCode::SEE_OTHER, "{}", done.2);
    assert_eq!(status(first).await, StatusCode::NOT_FOUND, "used");

    // A session of yesterday is asked who it is; one of now is not.
    assert_eq!(admin.post(&path, &[]).await.1, "/settings/confirm?next=/settings");
    let later = Person::of(&service, Role::Admin).await;
    let (_, _, page) = later.post(&path, &[]).await;
    assert!(page.contains("30 分钟内有效"), "{page}");
    let again = token(&page);
    service.clock.set("2024-08-22T06:37:59Z");
    assert_eq!(status(again.clone()).await, StatusCode::OK);
    service.clock.set("2024-08-22T06:38:00Z");
    assert_eq!(status(again).await, StatusCode::NOT_FOUND);
}
