//! `fupan import`: several files as one run, doubtful lines, the list, undoing.

use support::TestDatabase;

use super::{REPORT, err, fupan, out};

const W33: &str = "# 2024-W33\n\n## 【生产事件】\n\n1. 08/14 10:20 代付渠道甲回调延迟，影响约120笔代付交易，11:05 恢复正常。【待复盘】\n2. 客户反馈对账文件延迟，已处理。\n";
const W34: &str = "# 2024-W34\n\n## 【生产事件】\n\n1. 08/14 10:20 代付渠道甲的回调延迟，影响约120笔代付交易，11:05 恢复正常。【待复盘】\n2. 08/20 16:00 提现审核队列积压，影响约35笔提现，16:40 扩容后恢复正常。【待复盘】\n";

fn write(database: &TestDatabase) {
    std::fs::write(database.folder().join("W33.md"), W33).unwrap();
    std::fs::write(database.folder().join("W34.md"), W34).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_several_files_knows_what_the_earlier_ones_would_have_brought() {
    let database = TestDatabase::new().await;
    write(&database);
    let dry = fupan(&database, &["import", "W33.md", "W34.md", "--dry-run"], &[]);
    assert!(dry.status.success(), "{}", err(&dry));
    let text = out(&dry);
    assert_eq!((text.matches("新增  事件").count(), text.matches("存疑  事件").count()), (2, 1), "{text}");
    assert!(text.contains("已在 2024-W33 周报里，留在那一周") && text.contains("本次导入的 W33.md"), "{text}");
    assert!(text.contains("没有时间") && text.contains("句子相似 9"), "{text}");
    assert_eq!(out(&fupan(&database, &["import", "--list"], &[])), "", "nothing was written");
    let done = fupan(&database, &["import", "W33.md", "W34.md"], &[]);
    assert_eq!(out(&done).replace("PE-1 ", "").replace("PE-2 ", "").replace("PE-3 ", "").matches("新增").count(), 2);
    let w34 = out(&fupan(&database, &["report", "2024-W34"], &[]));
    assert!(w34.contains("代付渠道甲的回调延迟") && w34.contains("提现审核队列积压"), "{w34}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_is_one_run_that_is_listed_and_undone_as_a_whole_and_once() {
    let database = TestDatabase::new().await;
    write(&database);
    let nothing = fupan(&database, &["import", "--undo", "last"], &[]);
    assert_eq!(nothing.status.code(), Some(5), "{}", err(&nothing));
    let done = fupan(&database, &["import", "W33.md", "W34.md", "--doubtful", "skip"], &[]);
    assert!(err(&done).contains("存疑 1 项（没有导入") && err(&done).contains("--undo"), "{}", err(&done));
    let list = out(&fupan(&database, &["import", "--list"], &[]));
    assert!(list.lines().count() == 1 && list.contains("W33.md 等 2 个文件") && list.contains("新增 2"), "{list}");
    let run = list.split_whitespace().next().unwrap().to_owned();
    fupan(&database, &["import", REPORT], &[]);
    let undone = fupan(&database, &["import", "--undo", &run], &[]);
    assert!(undone.status.success(), "{}", err(&undone));
    assert_eq!(out(&undone).matches("已撤销  事件").count(), 2, "{}", out(&undone));
    let again = fupan(&database, &["import", "--undo", &run], &[]);
    assert!(again.status.code() == Some(6) && err(&again).contains("已经撤销过了"), "{}", err(&again));
    let listed = fupan(&database, &["--json", "import", "--list", "--limit", "1"], &[]);
    let listed: serde_json::Value = serde_json::from_str(&out(&listed)).unwrap();
    let next = listed["next_cursor"].as_str().unwrap();
    let older = fupan(&database, &["--json", "import", "--list", "--after", next], &[]);
    let older: serde_json::Value = serde_json::from_str(&out(&older)).unwrap();
    assert_eq!(
        (older["data"][0]["id"].as_str(), older["data"][0]["undone_at"].is_string()),
        (Some(run.as_str()), true)
    );
    let report = out(&fupan(&database, &["report", "2024-W34"], &[]));
    assert!(report.contains("商户操作提现失败") && !report.contains("渠道甲"), "the other import stands: {report}");
    let back = fupan(&database, &["--json", "import", "W33.md"], &[]);
    let back: serde_json::Value = serde_json::from_str(&out(&back)).unwrap();
    assert_eq!(
        (back["lines"][0]["outcome"].as_str(), back["lines"][1]["confidence"].as_i64()),
        (Some("added"), Some(50))
    );
    assert_eq!(fupan(&database, &["import"], &[]).status.code(), Some(2));
    assert_eq!(fupan(&database, &["import", "W33.md", "--doubtful", "maybe"], &[]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_without_a_week_takes_its_years_from_the_week_that_is_given() {
    let database = TestDatabase::new().await;
    let document = W34.replace("# 2024-W34\n\n", "");
    std::fs::write(database.folder().join("old.md"), document).unwrap();
    assert_eq!(fupan(&database, &["import", "old.md"], &[]).status.code(), Some(2));
    let done = fupan(&database, &["import", "old.md", "--week", "2021-W34"], &[]);
    assert!(done.status.success(), "{}", err(&done));
    assert!(out(&done).contains("年份是推断的：2021"), "{}", out(&done));
    let listed = out(&fupan(&database, &["report", "2021-W34", "--format", "json"], &[]));
    assert!(listed.contains("2021-08-20T16:00"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_of_a_report_is_named_with_its_line_and_keeps_nothing_else_away() {
    let database = TestDatabase::new().await;
    let text = "# 2024-W34\n\n## 【生产事件】\n\n1. 08/19 15:00【待复盘】\n2. 08/20 16:00 提现审核队列积压，16:40 扩容后恢复正常。【待复盘】\n";
    std::fs::write(database.folder().join("W34.md"), text).unwrap();
    let dry = fupan(&database, &["import", "W34.md", "--dry-run"], &[]);
    assert!(dry.status.success() && err(&dry).contains("第5行"), "{}", err(&dry));
    let done = fupan(&database, &["--json", "import", "W34.md"], &[]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(err(&done).contains("第5行") && err(&done).contains("未取 1 项"), "{}", err(&done));
    let body: serde_json::Value = serde_json::from_str(&out(&done)).unwrap();
    let lines = body["lines"].as_array().unwrap();
    assert_eq!((lines[0]["line"].as_i64(), lines[0]["taken"].as_bool()), (Some(5), Some(false)), "{body}");
    assert!(lines[0]["problem"].is_string() && lines[1]["number"] == 1, "{body}");
    let again = fupan(&database, &["import", "W34.md"], &[]);
    assert!(again.status.success() && err(&again).contains("第5行"), "{}", err(&again));
}
