//! Signing in by the word of a proxy in front.

use std::sync::Arc;

use fupan::{
    domain::{actor::Role, outgoing::Network},
    service::{
        proxy_sign_in::ProxyRules,
        sign_in_rules::{SignIn, SignInRules},
    },
    web::server::Bounds,
};
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use support::Service;

use crate::NOW;

async fn house(from: &str) -> (Service, Client, String) {
    // Another test may have set the provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let from = vec![Network::parse(from).unwrap()];
    let proxy = Some(ProxyRules { header: "x-remote-user".to_owned(), from });
    let rules = SignInRules { proxy, ..SignInRules::default() };
    let service = Service::start_as(NOW, Bounds::default(), |app| app.sign_in = Arc::new(SignIn::new(rules))).await;
    let email = service.account(Role::Reporter).await.email;
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    (service, client, email)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_proxy_signs_people_in_for_as_long_as_it_names_them() {
    let (service, client, email) = house("127.0.0.1").await;
    let other = service.account(Role::Admin).await.email;
    let ask = |path: &str| client.get(format!("{}{path}", service.url)).header("Accept", "text/html");
    let named = |request: RequestBuilder, who: &str| request.header("X-Remote-User", who.to_owned());
    let answer = named(ask("/events?q=x"), &email.to_uppercase()).send().await.unwrap();
    assert_eq!(
        (answer.status(), answer.headers()["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/events?q=x")
    );
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let with = |request: RequestBuilder| request.header("Cookie", &cookie);
    let page = named(with(ask("/settings")), &email).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.text().await.unwrap().contains(&email));
    // The session is worth nothing without the proxy's word, and with its word for somebody else.
    let bare = with(ask("/settings")).send().await.unwrap();
    assert_eq!(bare.headers()["location"], "/login?next=/settings");
    let another = named(with(ask("/settings")), &other).send().await.unwrap();
    assert!(another.headers().contains_key("set-cookie"), "who the proxy names now gets a session of their own");
    // Whom nobody knows here, and two names at once, are nobody.
    for request in [named(ask("/settings"), "nobody@example.com"), named(named(ask("/settings"), &email), &other)] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["location"], "/login?next=/settings");
        assert!(!answer.headers().contains_key("set-cookie"));
    }
    // A change needs the token of the session all the same.
    let change = with(client.post(format!("{}/events", service.url))).header("Sec-Fetch-Site", "same-origin");
    let change = named(change, &email).form(&[("line", "08/19 15:00 提现失败")]).send().await.unwrap();
    assert_eq!(change.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_anybody_else_the_header_is_not_looked_at() {
    let (service, client, email) = house("192.0.2.1").await;
    for forwarded in [None, Some("192.0.2.1")] {
        let mut request = client.get(format!("{}/settings", service.url)).header("X-Remote-User", &email);
        if let Some(forwarded) = forwarded {
            request = request.header("X-Forwarded-For", forwarded);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["location"], "/login?next=/settings");
        assert!(!answer.headers().contains_key("set-cookie"));
    }
}
