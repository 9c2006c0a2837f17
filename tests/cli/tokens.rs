//! API tokens on the command line.

use serde_json::Value;
use support::TestDatabase;

use super::{err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_with_scopes_listed_rotated_and_revoked() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["user", "add", "ci@example.com", "--name", "ci", "--role", "reporter"]).status.success());
    let made = run(&["token", "create", "ci@example.com", "--name", "push", "--scope", "samples,read", "--days", "30"]);
    assert!(made.status.success(), "{}", err(&made));
    let secret = out(&made).trim().to_owned();
    assert!(secret.starts_with("fpn_"));
    let listed = run(&["token", "list", "--json"]);
    let list: Value = serde_json::from_str(&out(&listed)).unwrap();
    let one = &list["data"][0];
    assert_eq!(one["scopes"], serde_json::json!(["read", "samples"]));
    assert_eq!((&one["account"], &one["life"]), (&"ci@example.com".into(), &"works".into()));
    assert!(!out(&listed).contains(&secret));
    let id = one["id"].as_str().unwrap();
    assert!(out(&run(&["token", "list"])).starts_with(&format!("{id}\tci@example.com\tpush\tread,samples\t")));

    let rotated = run(&["token", "rotate", id, "--overlap-hours", "1"]);
    assert!(out(&rotated).trim().starts_with("fpn_") && out(&rotated).trim() != secret, "{}", err(&rotated));
    assert_eq!(run(&["token", "rotate", id]).status.code(), Some(6), "it was replaced already");
    assert!(run(&["token", "revoke", id]).status.success());
    assert_eq!(run(&["token", "revoke", id]).status.code(), Some(5));
    for wrong in [["--scope", "root"], ["--days", "0"], ["--days", "367"]] {
        let refused = run(&[&["token", "create", "ci@example.com", "--name", "x"], &wrong[..]].concat());
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}: {}", err(&refused));
    }
}
