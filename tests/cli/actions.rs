//! Action items, the board and the analytics on the command line.

use support::TestDatabase;

use super::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_written_down_handed_over_and_verified_by_another_person() {
    let database = TestDatabase::new().await;
    let run = |words: &[&str]| fupan(&database, words, &[]);
    assert!(run(&["add", LINE]).status.success());
    for (email, role) in [("oncall@example.com", "reporter"), ("lead@example.com", "lead")] {
        assert!(run(&["user", "add", email, "--name", role, "--role", role]).status.success());
    }
    let made = run(&["action", "add", "PE-1", "加告警", "--owner", "oncall@example.com", "--detail", "见看板"]);
    assert!(made.status.success() && out(&made).starts_with("AI-1\t"), "{}", err(&made));
    for (words, code, said) in [
        (vec!["action", "add", "PE-1", "x", "--due", "2099-01-01"], 2, "太远了"),
        (vec!["action", "add", "PE-1", "x", "--ticket", "javascript:alert(1)"], 2, "https://"),
        (vec!["action", "add", "PE-1", "x", "--owner", "nobody@example.com"], 2, "没有这个在用的账号"),
        (vec!["action", "add", "PE-9", "x"], 5, "没有事件 PE-9"),
        (vec!["action", "verify", "AI-1", "--verifier", "lead@example.com"], 6, "不能直接变成"),
        (vec!["action", "submit", "AI-1"], 2, "证据不能为空"),
        (vec!["action", "start", "AI-9"], 5, "没有改进项 AI-9"),
        (vec!["action", "start", "x"], 2, "write AI-1"),
    ] {
        let refused = run(&words);
        assert_eq!(refused.status.code(), Some(code), "{words:?}: {}", err(&refused));
        assert!(err(&refused).contains(said), "{words:?}: {}", err(&refused));
    }
    assert!(run(&["action", "start", "AI-1"]).status.success());
    assert!(run(&["action", "submit", "AI-1", "--evidence", "截图"]).status.success());
    let own = run(&["action", "verify", "AI-1", "--verifier", "oncall@example.com"]);
    assert!(own.status.code() == Some(2) && err(&own).contains("不能由负责人自己验收"), "{}", err(&own));
    let done = run(&["--json", "action", "verify", "AI-1", "--verifier", "lead@example.com"]);
    let item: serde_json::Value = serde_json::from_str(&out(&done)).unwrap();
    assert_eq!((item["state"].as_str(), item["verifier"].as_str()), (Some("done"), Some("lead")));
    assert_eq!(out(&run(&["action", "list"])), "");
    assert!(out(&run(&["action", "list", "--state", "all"])).contains("已完成"));
    assert!(run(&["action", "reopen", "AI-1", "--reason", "又发生了"]).status.success());
    assert!(out(&run(&["action", "edit", "AI-1", "--title", "加两级告警", "--due", "policy"])).contains("加两级告警"));
    assert!(run(&["action", "wont-do", "AI-1", "--reason", "改了方案"]).status.success());
    assert!(run(&["action", "remove", "AI-1"]).status.success());
    assert_eq!(run(&["action", "show", "AI-1"]).status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_and_the_analytics_are_printed_and_listed() {
    let database = TestDatabase::new().await;
    let run = |words: &[&str]| fupan(&database, words, &[]);
    assert!(run(&["add", "2024-08-19 15:00 客户反馈提现失败，15:30 恢复正常。【待复盘】"]).status.success());
    let board = run(&["pm", "board"]);
    assert!(
        out(&board).starts_with("PE-1\t") && err(&board).contains("待复盘 1 项"),
        "{} {}",
        out(&board),
        err(&board)
    );
    assert_eq!(out(&run(&["pm", "board", "--trend"])).lines().count(), 26);
    assert!(out(&run(&["pm", "board", "--teams"])).starts_with("未定责\t1\t1\t"));
    let period = ["analytics", "--from", "2024-08-01", "--to", "2024-08-31"];
    let figures = run(&period);
    assert!(out(&figures).contains("合计\t恢复时长 TTR\t30\t30\t30\t1/1"), "{}", out(&figures));
    assert!(out(&figures).contains("合计\t变更引入占比\t0%\t0/1"), "{}", out(&figures));
    let by: Vec<&str> = period.into_iter().chain(["--by", "month"]).collect();
    assert!(out(&run(&by)).contains("2024-08\t次数\t1"));
    let list: Vec<&str> = period.into_iter().chain(["--list", "time_to_recover"]).collect();
    assert!(out(&run(&list)).starts_with("PE-1\t30 分钟\t"), "{}", out(&run(&list)));
    assert_eq!(run(&["analytics", "--by", "person"]).status.code(), Some(2));
    assert_eq!(run(&["analytics", "--list", "nope"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_with_the_version_that_was_seen_do_nothing_once_somebody_was_quicker() {
    let database = TestDatabase::new().await;
    let run = |words: &[&str]| fupan(&database, words, &[]);
    assert!(run(&["add", LINE]).status.success());
    assert!(run(&["action", "add", "PE-1", "加告警"]).status.success());
    let version = |words: &[&str]| {
        let shown: serde_json::Value = serde_json::from_str(&out(&run(words))).unwrap();
        shown["version"].as_i64().unwrap().to_string()
    };
    let seen = version(&["--json", "action", "show", "AI-1"]);
    assert!(out(&run(&["action", "show", "AI-1"])).contains(&format!("版本 version: {seen}")));
    assert!(run(&["action", "start", "AI-1", "--version", &seen]).status.success());
    for words in [
        vec!["action", "submit", "AI-1", "--evidence", "截图", "--version", &seen],
        vec!["action", "edit", "AI-1", "--title", "加两级告警", "--version", &seen],
        vec!["action", "wont-do", "AI-1", "--reason", "改了方案", "--version", &seen],
        vec!["action", "remove", "AI-1", "--version", &seen],
    ] {
        let refused = run(&words);
        assert_eq!(refused.status.code(), Some(6), "{words:?}: {}", err(&refused));
        assert!(err(&refused).contains("已被别人改过"), "{}", err(&refused));
    }
    let now = version(&["--json", "action", "show", "AI-1"]);
    let edited = run(&["action", "edit", "AI-1", "--title", "加两级告警", "--version", &now]);
    assert!(edited.status.success() && out(&edited).contains("加两级告警"), "{}", err(&edited));

    let seen = version(&["--json", "event", "show", "PE-1"]);
    assert!(run(&["pm", "draft", "PE-1", "--version", &seen]).status.success());
    for words in [
        vec!["pm", "waive", "PE-1", "--reason", "另有记录", "--version", &seen],
        vec!["pm", "assign", "PE-1", "--due", "2030-01-01", "--version", &seen],
        vec!["pm", "done", "PE-1", "--reason", "别处复盘过", "--version", &seen],
        vec!["pm", "review", "PE-1", "--version", &seen],
    ] {
        let refused = run(&words);
        assert_eq!(refused.status.code(), Some(6), "{words:?}: {}", err(&refused));
    }
    let now = version(&["--json", "event", "show", "PE-1"]);
    assert!(run(&["pm", "waive", "PE-1", "--reason", "另有记录", "--version", &now]).status.success());
}
