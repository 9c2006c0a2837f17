//! What the command line says the same way as API and pages: names of people, codes, money, excerpts, recurrence.

use serde_json::{Value, json};
use support::TestDatabase;

use super::{LINE, err, fupan, out};

fn json_of(output: &std::process::Output) -> Value {
    serde_json::from_str(&out(output)).unwrap_or_else(|error| panic!("{error}: {}{}", out(output), err(output)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_no_code_is_refused_with_the_words_of_both_languages() {
    let database = TestDatabase::new().await;
    assert!(fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]).status.success());
    for (arguments, chinese, english) in [
        (vec!["events", "提现", "--set", "kind=bad"], "性质：请写 正常、演练、维护", "normal, drill, maintenance"),
        (
            vec!["event", "edit", "PE-1", "--set", "kind=bad"],
            "性质：请写 正常、演练、维护",
            "normal, drill, maintenance",
        ),
        (vec!["event", "edit", "PE-1", "detection=bad"], "发现方式：请写 监控告警、客户反馈", "monitoring, customer"),
        (vec!["event", "edit", "PE-1", "cause_category=bad"], "原因类别：请写 变更、容量", "change, capacity"),
        (vec!["event", "edit", "PE-1", "severity=Z"], "等级：没有", "there is no level Z"),
        (vec!["event", "edit", "PE-1", "restricted=bad"], "限制可见：请写 是 或 否", "write yes or no"),
        (vec!["event", "edit", "PE-1", "unknown=bad"], "请从这些里选：发生、发现", "occurred, detected"),
        (vec!["event", "edit", "PE-1", "links=bad https://example.com/1"], "请写 工单、文档", "ticket, document"),
        (vec!["event", "edit", "PE-1", "nosuch=1"], "字段：没有“nosuch”，请写 周、性质", "week, kind"),
        (vec!["event", "mark", "PE-1", "bad"], "时间点：请写 发现、响应", "detected, acknowledged"),
        (vec!["action", "add", "PE-1", "x", "--priority", "bad"], "优先级：请写 高、中、低", "high, medium, low"),
        (vec!["action", "list", "--state", "bad"], "状态：请写 待处理", "open, in progress"),
        (vec!["events", "state:bad"], "状态", "state"),
        (vec!["events", "--order", "bad"], "排序：请写 相关度、最新、最早", "relevance, newest, oldest"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        let words = err(&refused);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {words}");
        assert!(words.contains(chinese) && words.contains(english), "{arguments:?}: {words}");
    }
    let event = json_of(&fupan(&database, &["event", "edit", "PE-1", "unknown=定位, detected", "--json"], &[]));
    assert_eq!(event["unknown"], json!(["detected", "located"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_prints_money_as_yuan_deletions_as_such_and_the_fields_of_action_items() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    assert!(run(&["event", "edit", "PE-1", "loss_actual=1.2万", "loss_recovered=320.5"]).status.success());
    assert!(run(&["action", "add", "PE-1", "加告警", "--priority", "high"]).status.success());
    assert!(run(&["action", "submit", "AI-1", "--evidence", "截图"]).status.code().is_some());
    assert!(run(&["event", "delete", "PE-1"]).status.success());
    assert!(run(&["event", "restore", "PE-1"]).status.success());
    let text = out(&run(&["history", "PE-1"]));
    for part in [
        "实际资损\t— → 12000.00 元",
        "已追回\t— → 320.50 元",
        "删除事件",
        "恢复已删除的事件",
        "改进项\t— → AI-1",
        "优先级\t— → 高",
        "状态\t— → 待处理",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("周报句子"), "a deletion changes no sentence: {text}");
    let json = json_of(&run(&["history", "PE-1", "--json"]));
    let of = |action: &str| {
        let entries = json["data"].as_array().unwrap();
        entries.iter().find(|entry| entry["action"] == action).cloned().unwrap_or_default()
    };
    assert_eq!(of("event.delete")["changes"], json!([]));
    assert!(of("event.update")["changes"].to_string().contains("1200000"), "programs get fen: {json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_named_by_name_mail_or_id_and_what_is_printed_as_json_is_what_the_api_says() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE]).status.success());
    assert!(run(&["user", "add", "wang@example.com", "--name", "王五"]).status.success());
    assert!(run(&["user", "add", "ro@example.com", "--name", "只读", "--role", "viewer"]).status.success());
    let people = json_of(&run(&["user", "list", "--json"]));
    let id = people["data"].as_array().unwrap().iter().find(|one| one["name"] == "王五").unwrap()["id"].clone();
    for name in ["王五", "wang@example.com", id.as_str().unwrap()] {
        let assigned = run(&["pm", "assign", "PE-1", "--owner", name]);
        assert!(assigned.status.success() && err(&assigned).contains("负责人 王五"), "{name}: {}", err(&assigned));
        let viewers = json_of(&run(&["event", "edit", "PE-1", &format!("viewers={name}"), "--json"]));
        assert_eq!(viewers["viewers"], json!([id]));
    }
    for (arguments, words) in [
        (vec!["pm", "assign", "PE-1", "--owner", "无此人"], "负责人：没有这个在用的账号"),
        (vec!["pm", "assign", "PE-1", "--owner", "只读"], "负责人：这个账号只读"),
        (vec!["action", "add", "PE-1", "x", "--owner", "只读"], "负责人：请指定能写改进项的人"),
        (vec!["pm", "assign", "PE-1", "--due", "2024-08-01"], "截止日期：2024-08-01 "),
        (vec!["event", "edit", "PE-1", "loss_actual=1", "loss_recovered=2"], "追回金额：不能多于实际资损"),
    ] {
        let refused = run(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", err(&refused));
        assert!(err(&refused).contains(words), "{arguments:?}: {}", err(&refused));
    }
    assert!(run(&["action", "add", "PE-1", "规则灰度发布"]).status.success());
    let read = json_of(&run(&["add", LINE, "--dry-run", "--json"]));
    assert_eq!((&read["recurrence"][0]["item"], &read["recurrence"][0]["event"]), (&json!("AI-1"), &json!("PE-1")));
    let found = json_of(&run(&["events", "提现", "--json"]));
    let marked = found["data"][0]["snippet"].as_array().unwrap().iter().find(|part| part["marked"] == true);
    assert_eq!(marked.unwrap()["text"], "提现", "{found}");
    let elsewhere = out(&run(&["events", "684笔"]));
    assert!(elsewhere.contains("684"), "{elsewhere}");
    assert_eq!(json_of(&run(&["events", "--json"]))["data"][0]["snippet"], Value::Null);
}
