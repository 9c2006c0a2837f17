//! Who changed what, on the command line.

use support::TestDatabase;

use super::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_an_event_is_printed_and_what_is_not_deleted_is_not_restored() {
    let database = TestDatabase::new().await;
    assert!(fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]).status.success());
    assert!(fupan(&database, &["pm", "done", "PE-1"], &[]).status.success());
    let history = fupan(&database, &["history", "PE-1"], &[]);
    assert!(history.status.success(), "{}", err(&history));
    let text = out(&history);
    assert!(
        text.lines().next().unwrap().contains("复盘 · 已复盘")
            && text.contains("待复盘 → 已复盘")
            && text.contains("登记生产事件"),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&out(&fupan(&database, &["history", "PE-1", "--json"], &[]))).unwrap();
    assert_eq!(json["data"][0]["action"], "postmortem.done");
    assert_eq!(out(&fupan(&database, &["deleted"], &[])), "");
    assert!(fupan(&database, &["restore", "PE-1"], &[]).status.success(), "one that is there stays as it is");
    assert_eq!(fupan(&database, &["restore", "PE-9"], &[]).status.code(), Some(5));
    assert_eq!(fupan(&database, &["history", "PE-9"], &[]).status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_deleted_listed_page_by_page_brought_back_and_a_change_is_taken_back() {
    let database = TestDatabase::new().await;
    for at in 0..3 {
        let line = format!("08/1{at} 10:00 第{at}起渠道超时，10:05 恢复");
        assert!(fupan(&database, &["add", &line, "--week", "2024-W34"], &[]).status.success());
    }
    let stale = fupan(&database, &["event", "delete", "PE-1", "--version", "7"], &[]);
    assert_eq!(stale.status.code(), Some(6), "{}", err(&stale));
    for label in ["PE-1", "2", "PE-3"] {
        let gone = fupan(&database, &["event", "delete", label], &[]);
        assert!(gone.status.success() && err(&gone).contains("fupan event restore PE-"), "{}", err(&gone));
    }
    assert_eq!(fupan(&database, &["event", "delete", "PE-1"], &[]).status.code(), Some(5));
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut arguments = vec!["deleted", "--json", "--limit", "2"];
        if let Some(cursor) = &cursor {
            arguments.extend(["--cursor", cursor]);
        }
        let page: serde_json::Value = serde_json::from_str(&out(&fupan(&database, &arguments, &[]))).unwrap();
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["label"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["PE-1", "PE-2", "PE-3"]);
    assert_eq!(fupan(&database, &["deleted", "--cursor", "x"], &[]).status.code(), Some(2));
    let back = fupan(&database, &["event", "restore", "PE-2", "--json"], &[]);
    assert!(back.status.success() && out(&back).contains("\"PE-2\""), "{}{}", out(&back), err(&back));

    assert!(fupan(&database, &["event", "edit", "PE-2", "cause=变更"], &[]).status.success());
    let undone = fupan(&database, &["event", "undo", "PE-2"], &[]);
    assert!(undone.status.success() && err(&undone).contains("已撤销"), "{}", err(&undone));
    assert!(!out(&fupan(&database, &["event", "show", "PE-2"], &[])).contains("变更"));
    let late = fupan(&database, &["event", "undo", "PE-2"], &[]);
    assert_eq!(late.status.code(), Some(6), "what is taken back is not taken back again: {}", err(&late));
    assert_eq!(fupan(&database, &["event", "undo", "PE-9"], &[]).status.code(), Some(5));
    assert!(fupan(&database, &["add", "08/20 11:19 新的一起，11:20 恢复"], &[]).status.success());
    assert!(fupan(&database, &["event", "undo", "PE-4"], &[]).status.success(), "logging is taken back");
    assert_eq!(fupan(&database, &["event", "show", "PE-4"], &[]).status.code(), Some(5));
}
