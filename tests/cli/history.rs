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
