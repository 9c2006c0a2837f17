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

#[tokio::test]
async fn a_plan_shows_when_each_event_began_and_recovered_on_a_line_of_its_own() {
    let database = TestDatabase::new().await;
    let table = "开始时间,恢复时间,标题,详情\n3/11/2026 9:30,3/11/2026 10:15,提现失败,\"Withdrawals were failing\n\nfor customers of the second channel, and nobody was told about it until noon\"\n2026-03-12 23:50,2026-03-13 00:20,入金延迟,\n";
    std::fs::write(database.folder().join("ev.csv"), table).unwrap();
    let dry = fupan(&database, &["import", "--from", "csv", "ev.csv", "--dry-run"], &[]);
    let text = out(&dry);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("2026-03-11 09:30–10:15  Withdrawals were failing for customers of the"), "{text}");
    assert!(text.contains("…  ") && text.contains("2026-03-12 23:50–2026-03-13 00:20  "), "{text}");
    let json = fupan(&database, &["--json", "import", "--from", "csv", "ev.csv", "--dry-run"], &[]);
    let body: Value = serde_json::from_str(&out(&json)).unwrap();
    assert_eq!(body["lines"][0]["occurred_at"], "2026-03-11T09:30:00+08:00", "{body}");
    assert_eq!(body["lines"][0]["recovered_at"], "2026-03-11T10:15:00+08:00", "{body}");
}

#[tokio::test]
async fn planned_work_of_a_table_is_refused_with_its_line_and_the_reason() {
    let database = TestDatabase::new().await;
    let table = "开始时间,标题,工作性质\n2026-03-11 9:30,计划维护：割接,\n2026-03-12 9:30,割接后提现失败,\n2026-03-13 9:30,核心库调整,维护\n2026-03-14 9:30,计划维护期间的事,故障\n";
    std::fs::write(database.folder().join("ev.csv"), table).unwrap();
    let map = ["import", "--from", "csv", "--map", "type=工作性质", "ev.csv"];
    let done = fupan(&database, &map, &[]);
    assert!(out(&done).lines().count() == 2 && out(&done).contains("割接后提现失败"), "{}", out(&done));
    let said = err(&done);
    assert!(said.contains("第 2 行 line 2：计划内维护") && said.contains("第 4 行 line 4：计划内维护"), "{said}");
}

#[tokio::test]
async fn data_of_another_tool_without_its_format_is_told_which_one_to_name() {
    let database = TestDatabase::new().await;
    for (name, text, words) in [
        ("ev.csv", "开始时间,标题\n2026-03-11 9:30,提现失败\n", "--from csv"),
        ("history.atom", "<?xml version=\"1.0\"?><feed></feed>", "--from atom"),
        ("incidents.json", "{\"incidents\":[{\"incident_updates\":[]}]}", "--from statuspage"),
        ("other.json", "{}", "--from statuspage 或 google-cloud 或 aws 或 upptime"),
    ] {
        std::fs::write(database.folder().join(name), text).unwrap();
        let refused = fupan(&database, &["import", name], &[]);
        assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
        assert!(err(&refused).contains(words) && err(&refused).contains("看起来是别处的数据"), "{}", err(&refused));
    }
    std::fs::write(database.folder().join("notes.md"), "# 会议纪要\n").unwrap();
    assert!(!err(&fupan(&database, &["import", "notes.md"], &[])).contains("--from"));
}
