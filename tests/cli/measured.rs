//! Figures from samples on the command line.

use std::fmt::Write as _;

use serde_json::Value;
use support::TestDatabase;

use crate::{err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_contradicting_report_is_told_a_correction_is_a_restatement_and_a_budget_is_printed() {
    let database = TestDatabase::new().await;
    let run = |arguments: &[&str]| fupan(&database, arguments, &[]);
    let file = database.folder().join("minutes.csv");
    let path = file.display().to_string();
    let push = |minutes: std::ops::Range<i64>, success: i64| {
        let mut table = String::from("time,total,success\n");
        for minute in minutes {
            // From Monday 2024-08-19, 00:00 in Shanghai, on.
            writeln!(table, "{},100,{success}", 1_723_996_800 + minute * 60).unwrap();
        }
        std::fs::write(&file, table).unwrap();
        let done = run(&["figures", "push", &path, "--indicator", "deposit"]);
        assert!(done.status.success(), "{}", err(&done));
    };
    let report = database.folder().join("report.md");
    let document = "# 周报 2024-W34\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.5%\n\n## 【生产事件】\n\n无\n";
    std::fs::write(&report, document).unwrap();
    assert!(run(&["import", &report.display().to_string()]).status.success());
    run(&["figures", "indicator", "add", "deposit", "--name", "入金有效成功率"]);
    run(&["figures", "indicator", "objective", "deposit", "--window", "week", "--target", "99"]);
    push(0..10_080, 99);

    let told = run(&["report", "2024-W34"]);
    assert!(out(&told).contains("- 入金有效成功率：99.000%"), "{}", out(&told));
    assert!(err(&told).contains("入金有效成功率：实测 99.000%，上报 99.5%"), "{}", err(&told));
    let strict = run(&["report", "2024-W34", "--strict"]);
    assert!(strict.status.code() == Some(7) && err(&strict).contains("上报 99.5%"), "{}", err(&strict));

    assert!(run(&["report", "publish", "2024-W34"]).status.success());
    push(60..70, 98);
    let restated = run(&["report", "2024-W34", "--restatement"]);
    for words in
        ["成功数 Successes：997920 → 997910", "更正样本 Samples corrected（10 分钟 08-19 01:00 – 08-19 01:09）"]
    {
        assert!(out(&restated).contains(words), "{words}: {}", out(&restated));
    }

    let budget = run(&["--json", "figures", "budget", "deposit", "--period", "2024-W34"]);
    let budget: Value = serde_json::from_str(&out(&budget)).unwrap();
    assert_eq!(
        (budget["to_date"]["allowed"].as_i64(), budget["to_date"]["remaining"].as_i64()),
        (Some(10_080), Some(-10))
    );
    assert_eq!(budget["to_date"]["used_percent"], "100.1", "rounded up");
    assert_eq!(run(&["figures", "budget", "deposit", "--period", "2024"]).status.code(), Some(2), "no objective");
    let none = run(&["figures", "warnings"]);
    assert!(none.status.success() && out(&none).is_empty(), "{}", err(&none));
}
