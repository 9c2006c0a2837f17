//! The record of an event on the command line.

use super::{LINE, err, fupan, out};
use support::TestDatabase;

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_shown_and_changed_field_by_field() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    assert!(run(&["service", "add", "提现", "--core"]).status.success());
    assert_eq!(run(&["service", "add", "提现"]).status.code(), Some(6));
    assert!(out(&run(&["service", "list"])).starts_with("提现\t业务线\t核心"));
    let missing = out(&run(&["event", "missing", "PE-1"]));
    assert!(missing.starts_with("  detected"), "nothing is required before it is graded: {missing}");
    let edited = run(&[
        "event",
        "edit",
        "PE-1",
        "--set",
        "detected=15:02",
        "--set",
        "loss_actual=1.2万",
        "--set",
        "services=提现 25%; 15:10 60%; 15:30 0",
        "--set",
        "acknowledged=?",
        "--set",
        "tags=提现,风控",
        "--set",
        "detection=客户",
        "--set",
        "impacts=约684笔; 3200元",
    ]);
    assert!(edited.status.success(), "{}", err(&edited));
    let shown = out(&run(&["event", "show", "PE-1"]));
    for words in [
        "detected\t发现时间\t2024-08-19 15:02",
        "loss_actual\t实际资损\t12000",
        "services\t影响的业务线和组件\t提现 25%; 15:10 60%; 15:30 0%",
        "acknowledged\t响应时间\t?",
        "impacts\t影响数量\t约684笔; 3200元",
    ] {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&out(&run(&["event", "show", "PE-1", "--json"]))).unwrap();
    assert_eq!(
        (json["loss_actual_fen"].as_i64(), json["services"][0]["shares"][1]["share_bp"].as_i64()),
        (Some(1_200_000), Some(6_000))
    );
    // What is shown is read again as it is.
    for line in shown.lines().skip(1).filter(|line| !line.starts_with("relation")) {
        let mut parts = line.split('\t');
        let (name, text) = (parts.next().unwrap(), parts.nth(1).unwrap());
        let same = run(&["event", "edit", "PE-1", "--set", &format!("{name}={text}")]);
        assert!(err(&same).contains("没有变化"), "{line}: {}", err(&same));
    }
    for (set, code) in [
        ("loss_actual=x", 2),
        ("services=没有的 25%", 2),
        ("detected=25:00", 2),
        ("colour=red", 2),
        ("nothing", 2),
        ("recovered=2024-08-19 14:00", 2),
        ("occurred=2099-01-01 10:00", 2),
    ] {
        assert_eq!(run(&["event", "edit", "PE-1", "--set", set]).status.code(), Some(code), "{set}");
    }
    assert_eq!(run(&["event", "show", "PE-9"]).status.code(), Some(5));
    assert_eq!(run(&["event", "edit", "PE-1", "--set", "kind=drill", "--version", "1"]).status.code(), Some(6));
    assert!(out(&run(&["event", "edit", "PE-1", "--set", "loss_actual="])).find("loss_actual").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_marked_and_related() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    for line in ["08/19 15:00 提现失败", "08/20 15:00 提现又失败"] {
        assert!(run(&["add", line, "--week", "2024-W34"]).status.success());
    }
    let marked = out(&run(&["event", "mark", "PE-1", "recovered", "--at", "15:30"]));
    assert!(marked.contains("recovered\t恢复时间\t2024-08-19 15:30"), "{marked}");
    assert_eq!(run(&["event", "mark", "PE-1", "closed"]).status.code(), Some(2));
    let related = out(&run(&["event", "relate", "PE-2", "recurrence", "PE-1"]));
    assert!(related.contains("再次发生，上一次是\tPE-1"), "{related}");
    assert!(out(&run(&["event", "show", "PE-1"])).contains("再次发生为\tPE-2"));
    assert_eq!(run(&["event", "relate", "PE-1", "recurrence", "PE-2"]).status.code(), Some(6));
    assert!(run(&["event", "relate", "PE-2", "recurrence", "PE-1", "--remove"]).status.success());
    assert!(!out(&run(&["event", "show", "PE-1"])).contains("PE-2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_given_behind_the_event_without_an_option_too() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    let edited = run(&["event", "edit", "PE-1", "detected=15:02", "cause_category=变更"]);
    assert!(edited.status.success(), "{}", err(&edited));
    let shown = out(&edited);
    assert!(shown.contains("2024-08-19 15:02") && shown.contains("cause_category\t原因类别\tchange"), "{shown}");
    assert_eq!(run(&["event", "edit", "PE-1"]).status.code(), Some(2));
}
