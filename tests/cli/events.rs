//! Finding events on the command line, and changing many.

use support::TestDatabase;

use super::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn events_are_found_saved_as_a_view_and_changed() {
    let database = TestDatabase::new().await;
    for line in [LINE, "08/20 11:19 钱包首页访问个别响应504，11:20 恢复正常"] {
        assert!(fupan(&database, &["add", line], &[]).status.success());
    }
    let found = fupan(&database, &["events", "提现", "state:owed"], &[]);
    assert!(out(&found).starts_with("PE-1\t") && out(&found).lines().count() == 1, "{}", out(&found));
    assert!(out(&fupan(&database, &["search", "504"], &[])).starts_with("PE-2\t"));
    for query in [&["events", "提现 -没有这个词"][..], &["events", "--limit", "5", "--", "-没有这个词"]] {
        let without = fupan(&database, query, &[]);
        assert!(out(&without).contains("PE-1"), "{query:?}: {}", crate::err(&without));
    }
    let none = fupan(&database, &["events", "没有这个词"], &[]);
    assert!(none.status.success() && out(&none).is_empty() && err(&none).contains("没有符合条件的事件"));
    let page = out(&fupan(&database, &["--json", "events", "--limit", "1", "--order", "oldest"], &[]));
    let page: serde_json::Value = serde_json::from_str(&page).unwrap();
    assert_eq!(page["data"][0]["label"], "PE-1");
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = out(&fupan(&database, &["events", "--limit", "1", "--order", "oldest", "--cursor", cursor], &[]));
    assert!(next.starts_with("PE-2\t"), "{next}");

    let bad = fupan(&database, &["events", "sevrity:C"], &[]);
    assert_eq!(bad.status.code(), Some(2));
    assert!(err(&bad).contains("没有筛选项“sevrity”") && err(&bad).contains("at character 1"), "{}", err(&bad));

    assert!(fupan(&database, &["view", "save", "提现", "提现 -504", "--shared"], &[]).status.success());
    assert!(out(&fupan(&database, &["view", "list"], &[])).contains("提现\t共享\trelevance\t提现 -504"));
    assert!(out(&fupan(&database, &["events", "--view", "提现"], &[])).starts_with("PE-1\t"));

    let dry = fupan(&database, &["events", "提现", "--set", "add-tag=大促", "--dry-run"], &[]);
    assert!(out(&dry).starts_with("PE-1\t") && err(&dry).contains("会修改 1 起事件"));
    let set = fupan(&database, &["events", "提现", "--set", "add-tag=大促", "--set", "kind=演练"], &[]);
    assert_eq!((out(&set).as_str(), set.status.code()), ("PE-1\tdone\n", Some(0)), "{}", err(&set));
    assert!(out(&fupan(&database, &["events", "tag:大促 类型:演练"], &[])).starts_with("PE-1\t"));
    let wrong = fupan(&database, &["events", "提现", "--set", "mood=good"], &[]);
    assert_eq!(wrong.status.code(), Some(2), "{}", err(&wrong));
    let nothing = fupan(&database, &["events", "tag:没有", "--set", "kind=drill"], &[]);
    assert_eq!(nothing.status.code(), Some(5), "{}", err(&nothing));

    assert!(fupan(&database, &["reindex"], &[]).status.success());
    assert!(out(&fupan(&database, &["events", "提现"], &[])).starts_with("PE-1\t"));
    assert!(fupan(&database, &["view", "remove", "提现"], &[]).status.success());
    assert_eq!(fupan(&database, &["events", "--view", "提现"], &[]).status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_events_get_the_teams_that_answer_for_them() {
    let database = TestDatabase::new().await;
    for line in [LINE, "08/20 11:19 钱包首页访问个别响应504，11:20 恢复正常"] {
        assert!(fupan(&database, &["add", line], &[]).status.success());
    }
    for team in ["支付组", "渠道组"] {
        assert!(fupan(&database, &["team", "add", team], &[]).status.success());
    }
    let set = fupan(&database, &["events", "--set", "team=支付组 50% | 渠道组 25%"], &[]);
    assert!(set.status.success() && out(&set).matches("done").count() == 2, "{}{}", out(&set), err(&set));
    let again = fupan(&database, &["events", "--set", "team=支付组 50% | 渠道组 25%"], &[]);
    assert_eq!(out(&again).matches("unchanged").count(), 2, "{}", out(&again));
    assert!(out(&fupan(&database, &["share", "PE-2"], &[])).starts_with("支付组\t50%"));
    assert_eq!(out(&fupan(&database, &["events", "team:渠道组"], &[])).lines().count(), 2);
    assert!(out(&fupan(&database, &["history", "PE-2"], &[])).contains("定责"));
    for (teams, code) in [("支付组 80% | 渠道组 30%", 2), ("没有组", 2), ("支付组 x%", 2)] {
        let refused = fupan(&database, &["events", "--set", &format!("team={teams}")], &[]);
        assert_eq!(refused.status.code(), Some(code), "{teams}: {}", err(&refused));
    }
    let nobody = fupan(&database, &["events", "--set", "team=none"], &[]);
    assert_eq!(out(&nobody).matches("done").count(), 2);
    assert_eq!(out(&fupan(&database, &["events", "team:none"], &[])).lines().count(), 2);
}
