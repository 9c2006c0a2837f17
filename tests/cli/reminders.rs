//! `fupan remind` and zones of people.

use support::TestDatabase;

use super::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn the_next_thirty_days_are_told_and_reminders_are_held_back() {
    let database = TestDatabase::new().await;
    fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]);
    fupan(&database, &["user", "add", "lead@example.com", "--name", "组长", "--role", "组长"], &[]);
    let preview = out(&fupan(&database, &["remind", "preview"], &[]));
    assert!(preview.contains("组长 <lead@example.com>\tPE-1\t待复盘：逾期第"), "{preview}");
    let policy = out(&fupan(&database, &["policy", "show", "reminders"], &[]));
    std::fs::write(database.folder().join("rules.json"), policy.replacen("\"enabled\": true", "\"enabled\": false", 1))
        .unwrap();
    let tried = fupan(&database, &["remind", "preview", "rules.json"], &[]);
    assert!(out(&tried).is_empty() && err(&tried).contains("未来 30 天没有提醒"), "{}", out(&tried));
    let held = fupan(&database, &["remind", "snooze", "pe-1", "--days", "10", "--reason", "等渠道"], &[]);
    assert!(err(&held).contains("延后至 put off until"), "{}", err(&held));
    assert!(fupan(&database, &["remind", "stop", "PE-1", "--reason", "并入"], &[]).status.success());
    assert!(out(&fupan(&database, &["remind", "preview"], &[])).is_empty());
    assert!(err(&fupan(&database, &["remind", "show", "PE-1"], &[])).contains("已停止 stopped"));
    assert!(fupan(&database, &["remind", "resume", "PE-1"], &[]).status.success());
    assert!(fupan(&database, &["user", "zone", "lead@example.com", "Europe/London"], &[]).status.success());
    for (arguments, code, words) in [
        (vec!["remind", "stop", "PE-1"], 2, "不能为空"),
        (vec!["remind", "show", "PE-9"], 5, "没有事件 PE-9"),
        (vec!["remind", "show", "xx"], 2, "请写 PE-22 或 AI-7"),
        (vec!["remind", "snooze", "PE-1", "--days", "11"], 2, "天数：请写 1 到 10"),
        (vec!["user", "zone", "lead@example.com", "Mars/Base"], 2, "Asia/Shanghai"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        assert!(err(&refused).contains(words), "{words}: {}", err(&refused));
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {}", err(&refused));
    }
}
