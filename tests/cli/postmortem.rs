//! A timeline and a postmortem on the command line.

use support::TestDatabase;

use crate::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_written_edited_starred_and_removed() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    let added = run(&["timeline", "PE-1", "add", "15:12 切换备用渠道\n15:20 扩容"]);
    assert!(added.status.success(), "{}", err(&added));
    let shown = out(&added);
    let handle = shown.split('\t').next().unwrap().to_owned();
    assert!(shown.contains("-08-19 15:12\t切换备用渠道") && shown.lines().count() == 2, "{shown}");
    assert!(run(&["timeline", "PE-1", "star", &handle]).status.success());
    assert!(run(&["timeline", "PE-1", "edit", &handle, "--text", "切到备用渠道 B"]).status.success());
    let list = out(&run(&["timeline", "PE-1"]));
    assert!(list.contains("★") && list.contains("切到备用渠道 B") && list.contains("登记"), "{list}");
    let named = run(&["pm", "write", "PE-1", "根因", "规则没有灰度"]);
    assert!(named.status.success() && err(&named).contains("root_cause 已保存"), "{}", err(&named));
    let markdown = out(&run(&["pm", "show", "PE-1"]));
    assert!(markdown.contains("**15:12** 切到备用渠道 B") && !markdown.contains("扩容"), "{markdown}");
    assert!(run(&["timeline", "PE-1", "rm", &handle]).status.success());
    assert!(!out(&run(&["timeline", "PE-1"])).contains("备用渠道"));
    assert!(run(&["pm", "write", "PE-1", "root_cause", "规则没有灰度", "--why", "连接池耗尽"]).status.success());
    assert!(out(&run(&["events", "连接池耗尽"])).starts_with("PE-1"), "whys are words of the postmortem");
    let returned = run(&["pm", "return", "PE-1", "--reason", "x"]);
    assert_eq!(returned.status.code(), Some(6), "{}", err(&returned));
    assert!(err(&returned).contains("不在评审中"), "{}", err(&returned));
    let removed = out(&run(&["--json", "timeline", "PE-1", "list", "--removed"]));
    let removed: serde_json::Value = serde_json::from_str(&removed).unwrap();
    assert!(removed["data"].as_array().unwrap().iter().any(|entry| !entry["removed_at"].is_null()), "{removed}");
    for (arguments, code, words) in [
        (vec!["timeline", "PE-1", "rm", "00000000"], 5, "没有这一行"),
        (vec!["timeline", "PE-1", "add", "2099-01-01 10:00 x"], 2, "时间不能在将来"),
        (vec!["timeline", "PE-9", "add", "x"], 5, "PE-9"),
        (vec!["timeline", "PE-1", "edit", "00000000"], 1, "--text"),
    ] {
        let done = run(&arguments);
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {}", err(&done));
        assert!(err(&done).contains(words), "{arguments:?}: {}", err(&done));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_is_written_reviewed_and_printed() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    assert!(run(&["user", "add", "reviewer@example.com", "--name", "评审", "--role", "lead"]).status.success());
    let written =
        run(&["pm", "write", "PE-1", "root_cause", "某某忘记灰度。", "--why", "规则误判", "--why", "没有灰度环境"]);
    assert!(written.status.success(), "{}", err(&written));
    assert!(err(&written).contains("写系统和条件") && err(&written).contains("版本 1"), "{}", err(&written));
    let stale = run(&["pm", "write", "PE-1", "root_cause", "x", "--version", "0"]);
    assert_eq!(stale.status.code(), Some(6), "{}", err(&stale));
    assert_eq!(run(&["pm", "review", "PE-1"]).status.code(), Some(2), "a reviewer is named");
    assert!(run(&["pm", "review", "PE-1", "--reviewer", "reviewer@example.com"]).status.success());
    assert!(run(&["pm", "return", "PE-1", "--reason", "缺少影响"]).status.success());
    assert!(run(&["pm", "review", "PE-1"]).status.success());
    assert!(run(&["pm", "done", "PE-1"]).status.success());
    assert_eq!(run(&["pm", "reopen", "PE-1"]).status.code(), Some(2), "a reason is asked");
    let history = out(&run(&["pm", "history", "PE-1"]));
    assert!(history.contains("评审中 → 撰写中\t缺少影响") && history.lines().count() == 5, "{history}");
    let markdown = out(&run(&["pm", "show", "PE-1", "--format", "md"]));
    assert!(markdown.contains("## 根因\n\n某某忘记灰度。\n\n1. 规则误判\n2. 没有灰度环境"), "{markdown}");
    let html = out(&run(&["pm", "show", "PE-1", "--format", "html", "--english"]));
    assert!(html.contains("<h2>Root cause</h2>"), "{html}");
    let json: serde_json::Value =
        serde_json::from_str(&out(&run(&["pm", "show", "PE-1", "--format", "json"]))).unwrap();
    assert_eq!((json["state"].as_str(), json["reviewer"].as_str()), (Some("done"), Some("评审")));
    assert_eq!(run(&["pm", "show", "PE-1", "--format", "pdf"]).status.code(), Some(2));
    assert!(run(&["pm", "reopen", "PE-1", "--reason", "补充"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_asked_before_done_and_a_reason_stands_in_for_it() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    for line in [LINE, "08/20 10:00 网关超时。【待复盘】"] {
        assert!(run(&["add", line, "--week", "2024-W34"]).status.success());
    }
    // Nobody graded it: nothing is asked.
    assert!(run(&["pm", "done", "PE-1"]).status.success());
    assert!(run(&["grade", "PE-2", "C", "--reason", "影响资金"]).status.success());
    let refused = run(&["pm", "done", "PE-2"]);
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    for words in ["恢复时间、原因", "recovered\t什么时候恢复的？", "cause\t原因是什么？", "--reason"]
    {
        assert!(err(&refused).contains(words), "{words}: {}", err(&refused));
    }
    let done = run(&["pm", "done", "PE-2", "--reason", "已在例会复盘"]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(out(&run(&["pm", "history", "PE-2"])).contains("已在例会复盘"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_of_a_section_are_compared() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    assert!(run(&["add", LINE, "--week", "2024-W34"]).status.success());
    assert!(run(&["pm", "write", "PE-1", "summary", "提现失败约半小时。"]).status.success());
    assert!(run(&["pm", "write", "PE-1", "summary", "提现失败约一小时。\n无资损。"]).status.success());
    let diff = run(&["pm", "diff", "PE-1", "summary"]);
    assert_eq!(out(&diff), "- 提现失败约[-半-]小时。\n+ 提现失败约{+一+}小时。\n+ 无资损。\n", "{}", err(&diff));
    assert!(err(&diff).contains("版本 1") && err(&diff).contains("版本 2"), "{}", err(&diff));
    assert_eq!(out(&run(&["pm", "diff", "PE-1", "summary", "--versions"])).lines().count(), 2);
    let json = out(&run(&["--json", "pm", "diff", "PE-1", "summary", "--from", "0", "--to", "1"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["to"]["version"].as_i64(), json["lines"][0]["kind"].as_str()), (Some(1), Some("added")));
    assert_eq!(run(&["pm", "diff", "PE-1", "summary", "--to", "7"]).status.code(), Some(5));
}
