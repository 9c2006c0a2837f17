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

#[tokio::test(flavor = "multi_thread")]
async fn an_openslo_file_becomes_indicators_with_objectives_and_says_what_does_not_map() {
    let database = TestDatabase::new().await;
    let slo = |name: &str, window: &str| {
        format!(
            "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: {name}\nspec:\n  service: 提现\n  indicator:\n    spec:\n      \
             ratioMetric:\n        counter: true\n  timeWindow:\n    - duration: {window}\n      isRolling: true\n  \
             budgetingMethod: Occurrences\n  objectives:\n    - target: 0.999\n---\n"
        )
    };
    fupan(&database, &["service", "add", "提现"]);
    std::fs::write(database.folder().join("slo.yaml"), slo("withdraw", "30d") + &slo("pay", "1m")).unwrap();
    let dry = fupan(&database, &["figures", "import-openslo", "slo.yaml", "--dry-run"]);
    assert_eq!(text(&dry.stdout), "withdraw\twithdraw\trolling_30d≥99.9\n");
    assert_eq!(text(&fupan(&database, &["figures", "indicator", "list"]).stdout), "");
    for _ in 0..2 {
        let made = fupan(&database, &["figures", "import-openslo", "slo.yaml"]);
        assert_eq!(made.status.code(), Some(7));
        assert!(
            text(&made.stderr).contains("SLO pay：不能导入 refused: its window of 1m is minutes"),
            "{}",
            text(&made.stderr)
        );
        let list = fupan(&database, &["figures", "indicator", "list"]);
        assert_eq!(text(&list.stdout), "withdraw\twithdraw\t成功率\trolling_30d≥99.9\n");
    }
    let shown: Value =
        serde_json::from_slice(&fupan(&database, &["--json", "figures", "indicator", "show", "withdraw"]).stdout)
            .unwrap();
    assert!(shown["indicator"]["service_id"].is_string(), "{shown}");
}
