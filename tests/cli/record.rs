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
        (json["loss_actual_fen"].as_i64(), json["services"][0]["shares"][1]["basis_points"].as_i64()),
        (Some(1_200_000), Some(6_000))
    );
    // What is shown is read again as it is.
    for line in shown.lines().skip(1).filter(|line| !line.starts_with("relation") && !line.starts_with("postmortem")) {
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
    assert!(shown.contains("2024-08-19 15:02") && shown.contains("cause_category\t原因类别\t变更"), "{shown}");
    assert_eq!(run(&["event", "edit", "PE-1"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_points_and_choices_are_written_in_either_language_and_refusals_name_the_words() {
    let database = TestDatabase::new().await;
    fupan(&database, &["add", "08/19 15:00 提现失败", "--week", "2024-W34"], &[]);
    fupan(&database, &["add", "08/18 15:00 提现失败", "--week", "2024-W33"], &[]);
    for arguments in [
        vec!["event", "mark", "PE-1", "恢复", "--at", "15:30"],
        vec!["event", "relate", "PE-1", "再次发生", "PE-2"],
        vec!["event", "edit", "PE-1", "发现方式=客户反馈", "原因类别=流程", "性质=演练", "发现=15:02"],
        vec!["event", "edit", "PE-2", "detection=Staff", "cause_category=Process", "kind=Maintenance"],
        vec!["service", "add", "提现", "--kind", "业务线"],
        vec!["action", "add", "PE-1", "加告警", "--priority", "高"],
        vec!["action", "list", "--state", "待处理"],
        vec!["events", "--order", "最早"],
        vec!["analytics", "--by", "团队"],
        vec!["user", "add", "a@example.com", "--name", "值班", "--role", "登记人"],
    ] {
        let done = fupan(&database, &arguments, &[]);
        assert!(done.status.success(), "{arguments:?}: {}", err(&done));
    }
    let shown = out(&fupan(&database, &["event", "show", "PE-1"], &[]));
    for words in
        ["detection\t发现方式\t客户反馈", "cause_category\t原因类别\t流程", "kind\t性质\t演练", "postmortem\t复盘\t"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    for (arguments, words) in [
        (vec!["event", "edit", "PE-1", "detection=x"], "发现方式：请写 监控告警、客户反馈、内部员工、对账、其他"),
        (vec!["event", "edit", "PE-1", "kind=x"], "性质：请写 正常、演练、维护"),
        (vec!["event", "edit", "PE-1", "cause_category=x"], "请写 变更、容量、外部依赖"),
        (vec!["event", "edit", "PE-1", "nosuch=x"], "字段：没有“nosuch”，请写 周、性质、等级"),
        (vec!["event", "mark", "PE-1", "x"], "时间点：请写 发现、响应、定位、止损、恢复"),
        (vec!["event", "relate", "PE-1", "x", "PE-2"], "关系：请写 相关、重复、再次发生"),
        (vec!["action", "add", "PE-1", "加告警", "--priority", "x"], "优先级：请写 高、中、低"),
        (vec!["events", "detection:x"], "不认识“x”；请写 监控告警、客户反馈"),
        (vec!["events", "state:x"], "请写 未定、免复盘、待复盘"),
        (vec!["events", "--order", "x"], "排序：请写 相关度、最新、最早"),
        (vec!["user", "add", "b@example.com", "--name", "b", "--role", "x"], "角色：请写 只读、登记人、组长、管理员"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(err(&refused).contains(words), "{words}: {}", err(&refused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_field_is_named_and_a_time_of_the_next_day_is_told() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    let refused = run(&["event", "edit", "PE-1", "detected=15:02", "lossexpected=1200"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        err(&refused).contains("没有“lossexpected”，请写 周") && err(&refused).contains("recovered"),
        "{}",
        err(&refused)
    );
    let edited = run(&["event", "edit", "PE-1", "recovered=14:00"]);
    assert!(out(&edited).contains("2024-08-20 14:00"), "{}", out(&edited));
    assert!(err(&edited).contains("recovered=14:00 早于发生时刻，按 2024-08-20 理解"), "{}", err(&edited));
    let edited = run(&["event", "edit", "PE-1", "recovered=15:40"]);
    assert!(!err(&edited).contains("早于发生"), "{}", err(&edited));
}
