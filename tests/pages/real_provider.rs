//! Signing in at a real provider, `oidc-provider` of npm, which `tests/run` installs; its folder is in `OIDC_PROVIDER`.

use std::{
    collections::BTreeMap,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use fupan::{
    domain::actor::{Role, TeamScope},
    service::{
        oidc::OidcRules,
        sign_in_rules::{SignIn, SignInRules},
    },
    web::server::Bounds,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use support::Service;

use crate::sessions::{Browser, field};

/// A provider that ends with this value.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        // One that ended by itself is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Walks from page to page of both servers as a browser does, until one of them is no redirect.
async fn walk(
    browser: &mut Browser,
    provider_cookies: &mut BTreeMap<String, String>,
    from: String,
) -> (String, u16, String) {
    let mut url = from;
    for _ in 0..20 {
        let ours = url.starts_with(&browser.url);
        let answer = if ours {
            let path = url[browser.url.len()..].to_owned();
            browser.ask(&path).await
        } else {
            let cookies: Vec<String> = provider_cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = browser.client.get(&url).header("Cookie", cookies.join("; ")).send().await.unwrap();
            for cookie in answer.headers().get_all("set-cookie") {
                let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
                provider_cookies.insert(name.to_owned(), rest.split(';').next().unwrap().to_owned());
            }
            answer
        };
        if !answer.status().is_redirection() {
            let status = answer.status().as_u16();
            return (url, status, answer.text().await.unwrap());
        }
        let to = answer.headers()["location"].to_str().unwrap();
        url = reqwest::Url::parse(&url).unwrap().join(to).unwrap().to_string();
    }
    panic!("redirects without end");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Node.js and oidc-provider; tests/run runs it"]
async fn people_of_a_real_provider_sign_in_get_their_role_and_sign_out() {
    let folder = std::env::var("OIDC_PROVIDER").expect("tests/run gives the folder of oidc-provider");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("http://127.0.0.1:{port}");
    let rules = OidcRules {
        issuer: issuer.clone(),
        client_id: "fupan".to_owned(),
        client_secret: Some("a secret of the test".to_owned().into()),
        scopes: vec!["profile".to_owned(), "email".to_owned()],
        name: Some("示例公司账号".to_owned()),
        role_claim: Some("groups".to_owned()),
        roles: vec![("sre".to_owned(), Role::Lead)],
        default_role: Some(Role::Viewer),
        team_scope: TeamScope::All,
        team_claim: None,
        teams: Vec::new(),
        link_verified_email: false,
    };
    // The provider's clock is the machine's.
    let now = fupan::service::ports::Clock::now(&fupan::runtime::system::SystemClock).to_rfc3339();
    let service = Service::start_as(&now, Bounds::default(), |app| {
        app.sign_in = Arc::new(SignIn::new(SignInRules::default()).with_provider(rules));
    })
    .await;
    std::fs::copy("tests/oidc/provider.mjs", format!("{folder}/provider.mjs")).unwrap();
    let mut node = Command::new("node");
    node.current_dir(&folder).args(["provider.mjs", &port.to_string(), &service.url]).stdout(Stdio::null());
    let _node = Node(node.spawn().expect("node starts"));
    let mut browser = Browser::new(&service);
    let be = async |user: Value| {
        for _ in 0..100 {
            let sent = reqwest::Client::new().post(format!("{issuer}/test/user")).body(user.to_string()).send().await;
            if sent.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the provider does not listen");
    };
    be(json!({"sub": "u-1", "email": "wang@example.com", "email_verified": true, "name": "王芳", "groups": ["sre"]}))
        .await;
    let (_, page) = browser.get("/login").await;
    assert!(page.contains("示例公司账号"), "{page}");
    let mut there = BTreeMap::new();
    let begin = format!("{}/login/provider?next=/settings", service.url);
    let (url, status, page) = walk(&mut browser, &mut there, begin.clone()).await;
    assert_eq!((url, status), (format!("{}/settings", service.url), 200), "{page}");
    assert!(page.contains("wang@example.com") && page.contains("组长"), "{page}");

    // Who is signed in there is here at once, as another browser sees.
    let (mut second, mut same) = (Browser::new(&service), there.clone());
    let (_, status, _) = walk(&mut second, &mut same, begin).await;
    assert_eq!(status, 200);

    // Signing out here leads there, and there it ends all that came from there.
    let out = browser.post("/settings", "/logout", &[]).await;
    assert_eq!(out.status(), StatusCode::OK);
    let page = out.text().await.unwrap();
    let end = page.split("id=\"on\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let end = end.replace("&#38;", "&").replace("&amp;", "&");
    let (_, status, page) = walk(&mut browser, &mut there, end).await;
    assert_eq!(status, 200, "{page}");
    let secret = field(&page, "xsrf");
    let cookies: Vec<String> = there.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let confirmed = browser.client.post(format!("{issuer}/session/end/confirm")).header("Cookie", cookies.join("; "));
    let confirmed = confirmed.form(&[("xsrf", secret.as_str()), ("logout", "yes")]).send().await.unwrap();
    assert_eq!(confirmed.headers()["location"].to_str().unwrap(), format!("{}/login", service.url));
    assert_eq!(second.get("/settings").await.0, StatusCode::SEE_OTHER, "the provider told of the logout");
}
