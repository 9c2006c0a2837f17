use std::process::{Command, Output};

use serde_json::Value;
use support::TestDatabase;

fn fupan(database: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fupan"))
        .args(arguments)
        .current_dir(database.folder())
        .env("FUPAN_DATABASE_URL", &database.url)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_minutes_is_pushed_looked_through_first_and_summed() {
    let database = TestDatabase::new().await;
    let added = fupan(&database, &["figures", "indicator", "add", "withdraw", "--name", "提现有效成功率"]);
    assert_eq!(text(&added.stdout), "withdraw\t提现有效成功率\t成功率\t-\n", "{}", text(&added.stderr));
    let objective = fupan(&database, &["figures", "indicator", "objective", "withdraw", "--target", "99.95"]);
    assert!(text(&objective.stdout).ends_with("year≥99.95\n"), "{}", text(&objective.stderr));
    let defined =
        fupan(&database, &["figures", "indicator", "define", "withdraw", "--code", "E51=user", "--note", "余额不足"]);
    assert!(defined.status.success(), "{}", text(&defined.stderr));

    let file = database.folder().join("minutes.csv");
    std::fs::write(&file, "时间,支付笔数,成功笔数\n2024-08-19 15:00,100,90\n2024-08-19 15:01,100,101\n").unwrap();
    let push = |more: &[&str]| {
        let fixed = ["figures", "push", "minutes.csv", "--indicator", "withdraw", "--map", "total=支付笔数"];
        fupan(&database, &[fixed.as_slice(), more].concat())
    };
    let refused = push(&[]);
    assert_eq!(refused.status.code(), Some(7));
    assert!(text(&refused.stderr).contains("第 3 行：成功与剔除之和大于总数"), "{}", text(&refused.stderr));
    let sums = |period: &str| -> Value {
        let out = fupan(&database, &["--json", "figures", "totals", "withdraw", "--period", period]);
        serde_json::from_slice(&out.stdout).unwrap()
    };
    assert_eq!(sums("2024-W34")["measured"], 0, "nothing was stored");
    let kept = push(&["--keep-good"]);
    assert_eq!((kept.status.code(), text(&kept.stdout).as_str()), (Some(7), "写入 1\t变化 1\t更正 0\t拒绝 1\n"));
    std::fs::write(&file, "时间,支付笔数,成功笔数\n2024-08-19 15:00,100,95\n2024-08-19 15:01,100,100\n").unwrap();
    let corrected = push(&[]);
    assert_eq!(
        (corrected.status.code(), text(&corrected.stdout).as_str()),
        (Some(0), "写入 2\t变化 2\t更正 1\t拒绝 0\n")
    );
    let week = sums("2024-W34");
    assert_eq!((week["total"].as_i64(), week["effective_rate"].as_str()), (Some(200), Some("97.500")));
    assert_eq!(fupan(&database, &["figures", "totals", "nosuch"]).status.code(), Some(5));
    let unknown = fupan(&database, &["figures", "push", "minutes.csv", "--indicator", "withdraw"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("请写明哪一列是 total"), "{}", text(&unknown.stderr));
}
