//! Sessions of an account on the command line.

use fupan::{
    domain::actor::Actor,
    service::{
        accounts,
        sessions::{self, Entry},
    },
};
use serde_json::Value;
use support::{TestClock, TestDatabase};

use crate::{err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_where_somebody_is_signed_in_and_ends_it() {
    let database = TestDatabase::new().await;
    // The command line's clock is the machine's.
    let now = fupan::service::ports::Clock::now(&fupan::runtime::system::SystemClock).to_rfc3339();
    let app = support::app(&database, TestClock::at(&now)).await;
    let email = "li@example.com";
    assert!(fupan(&database, &["user", "add", email, "--name", "Li"], &[]).status.success());
    let account = accounts::named(&app, &Actor::local_operator(), "who", email).await.unwrap();
    for browser in ["Firefox · Linux", "Safari · iOS"] {
        let entry = Entry { browser: browser.to_owned(), ..Entry::default() };
        sessions::open(&app, account.clone(), entry).await.unwrap();
    }
    let list = out(&fupan(&database, &["user", "sessions", email], &[]));
    assert!(list.lines().count() == 2 && list.contains("Safari · iOS\tpassword"), "{list}");
    let json: Value =
        serde_json::from_str(&out(&fupan(&database, &["user", "sessions", email, "--json"], &[]))).unwrap();
    let id = json["data"][0]["id"].as_str().unwrap();
    assert!(fupan(&database, &["user", "sign-out", email, "--session", id], &[]).status.success());
    let again = fupan(&database, &["user", "sign-out", email, "--session", id], &[]);
    assert_eq!(again.status.code(), Some(5), "{}", err(&again));
    let all = fupan(&database, &["user", "sign-out", email], &[]);
    assert!(all.status.success() && err(&all).contains("1 个会话"), "{}", err(&all));
    assert_eq!(out(&fupan(&database, &["user", "sessions", email], &[])), "");
    assert_eq!(fupan(&database, &["user", "reset-second-factor", email], &[]).status.code(), Some(6));
    assert_eq!(fupan(&database, &["user", "sessions", "nobody@example.com"], &[]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_sign_in_that_cannot_be_are_refused_with_their_name() {
    let database = TestDatabase::new().await;
    for (name, value, words) in [
        ("FUPAN_SIGN_IN__IDLE_MINUTES", "0", "sign_in.idle_minutes"),
        ("FUPAN_SIGN_IN__SECOND_FACTOR", "boss", "sign_in.second_factor"),
        ("FUPAN_SIGN_IN__PROXY_HEADER", "X-Remote-User", "sign_in.proxy_from"),
        ("FUPAN_OIDC__ISSUER", "sso.example.com", "oidc.issuer"),
        ("FUPAN_OIDC__ISSUER", "https://sso.example.com", "oidc.client_id"),
    ] {
        let refused = fupan(&database, &["user", "list"], &[(name, value)]);
        assert!(!refused.status.success() && err(&refused).contains(words), "{name}: {}", err(&refused));
    }
    let settings = [
        ("FUPAN_OIDC__ISSUER", "https://sso.example.com"),
        ("FUPAN_OIDC__CLIENT_ID", "fupan"),
        ("FUPAN_OIDC__CLIENT_SECRET", "not to be shown"),
        ("FUPAN_OIDC__ROLES", "sre=reporter, a=b=admin"),
        ("FUPAN_SIGN_IN__SECOND_FACTOR", "lead, admin"),
    ];
    assert!(fupan(&database, &["user", "list"], &settings).status.success());
    let shown = out(&fupan(&database, &["config", "check"], &settings));
    assert!(shown.contains("oidc.client_secret = (secret)") && !shown.contains("not to be shown"), "{shown}");
}
