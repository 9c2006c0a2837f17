//! Data of other tools on the command line.

use serde_json::Value;
use support::TestDatabase;

use super::{err, fupan, out};

fn corpus(name: &str) -> String {
    format!("{}/tests/corpus/foreign/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn a_status_page_is_imported_once_told_what_is_missing_and_undone() {
    let database = TestDatabase::new().await;
    let page = corpus("statuspage.json");
    let dry = fupan(&database, &["import", "--from", "statuspage", &page, "--dry-run"], &[]);
    assert_eq!(dry.status.code(), Some(0), "{}", err(&dry));
    assert!(err(&dry).contains("新增 2 项"), "{}", err(&dry));
    let first = fupan(&database, &["import", "--from", "statuspage", &page], &[]);
    assert_eq!(out(&first).matches("新增").count(), 2, "{}", out(&first));
    assert_eq!(err(&first).matches("未取 not taken").count(), 3, "{}", err(&first));
    assert!(err(&first).contains("entry 3") && err(&first).contains("planned maintenance"), "{}", err(&first));
    let second = fupan(&database, &["import", "--from", "statuspage", &page], &[]);
    assert_eq!(out(&second).matches("不变").count(), 2, "{}", out(&second));
    assert!(out(&fupan(&database, &["import", "--list"], &[])).contains("statuspage"));
    let undone = fupan(&database, &["import", "--undo", "last"], &[]);
    assert_eq!(out(&undone).matches("已撤销").count(), 2, "{}", out(&undone));
}

#[tokio::test]
async fn a_table_is_imported_with_a_mapping_from_a_file_and_from_standard_input() {
    let database = TestDatabase::new().await;
    let table = "何时,何时好,何事,谁\n2026/3/2 9:30,10:15,提现失败,甲\n怪,,读不懂,乙\n";
    std::fs::write(database.folder().join("events.csv"), table).unwrap();
    let unmapped = fupan(&database, &["import", "--from", "csv", "events.csv"], &[]);
    assert_eq!(unmapped.status.code(), Some(2));
    for word in ["何时 | 何时好 | 何事 | 谁", "occurred", "--map"] {
        assert!(err(&unmapped).contains(word), "{}", err(&unmapped));
    }
    let map = "occurred=何时,recovered=何时好,summary=何事";
    let json = fupan(&database, &["--json", "import", "--from", "csv", "--map", map, "events.csv"], &[]);
    let body: Value = serde_json::from_str(&out(&json)).unwrap_or_else(|error| panic!("{error}: {}", err(&json)));
    assert_eq!(body["lines"].as_array().unwrap().len(), 1, "{body}");
    assert_eq!(body["refused"].as_array().unwrap().len(), 1, "{body}");
    assert!(body["refused"][0]["place"].as_str().unwrap().contains("line 3"), "{body}");
    // Another tool with the same rows is another tool.
    let ids = "编号,开始时间,标题\n1,2026/3/7 9:00,另一件事\n";
    std::fs::write(database.folder().join("a.csv"), ids).unwrap();
    std::fs::write(
        database.folder().join("b.csv"),
        ids.replace("另一件事", "又一件完全不同的").replace("9:00", "21:00"),
    )
    .unwrap();
    fupan(&database, &["import", "--from", "csv", "a.csv"], &[]);
    let other = fupan(&database, &["import", "--from", "csv", "--source", "crm", "b.csv"], &[]);
    assert!(out(&other).contains("新增"), "{}", out(&other));
    for (arguments, word) in [
        (vec!["import", "--from", "excel", "events.csv"], "statuspage"),
        (vec!["import", "--from", "csv", "--map", "weather=谁", "events.csv"], "weather"),
        (vec!["import", "--from", "atom", "--map", "occurred=何时", "events.csv"], "csv"),
        (vec!["import", "--from", "atom", "events.csv"], "history.atom"),
        (vec!["import", "--map", "occurred=何时", "events.csv"], "--from"),
        (vec!["import", "--from", "csv", "--week", "2024-W34", "events.csv"], "--week"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", err(&refused));
        assert!(err(&refused).contains(word), "{arguments:?}: {}", err(&refused));
    }
    std::fs::write(database.folder().join("gbk.csv"), b"\xbf\xaa\xca\xbc\xca\xb1\xbc\xe4,a\n").unwrap();
    let gbk = fupan(&database, &["import", "--from", "csv", "gbk.csv"], &[]);
    assert_eq!(gbk.status.code(), Some(2));
    assert!(err(&gbk).contains("CSV UTF-8"), "{}", err(&gbk));
}

#[tokio::test]
async fn a_folder_of_front_matter_is_read_by_its_ending() {
    let database = TestDatabase::new().await;
    let folder = database.folder().join("issues");
    std::fs::create_dir(&folder).unwrap();
    for name in ["2026-03-08-ledger-down.md", "2026-03-09-maintenance-ledger.md", "events.csv"] {
        std::fs::copy(corpus(name), folder.join(name)).unwrap();
    }
    let imported = fupan(&database, &["import", "--from", "front-matter", "issues"], &[]);
    assert_eq!(imported.status.code(), Some(0), "{}", err(&imported));
    assert_eq!(out(&imported).matches("新增").count(), 1, "{}", out(&imported));
    assert!(!err(&imported).contains("events.csv"), "{}", err(&imported));
    let shown = out(&fupan(&database, &["report", "2026-W10"], &[]));
    assert!(shown.contains("Ledger: writes fail"), "{shown}");
}
