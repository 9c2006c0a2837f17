//! Grades, shares, thresholds, counts, teams and policies on the command line.

use support::TestDatabase;

use super::{LINE, err, fupan, out};

#[tokio::test(flavor = "multi_thread")]
async fn a_grade_is_proposed_taken_and_changed_with_a_reason() {
    let database = TestDatabase::new().await;
    fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]);
    let shown = out(&fupan(&database, &["grade", "PE-1"], &[]));
    assert!(shown.contains("建议\tC级\ttransactions-c\t影响 ≥ 100 笔\t684 笔"), "{shown}");
    assert!(shown.contains("未知\t是否核心业务、成功率下降、用户数、资损"), "{shown}");
    let taken = fupan(&database, &["grade", "PE-1", "--accept"], &[]);
    assert!(taken.status.success() && err(&taken).contains("PE-1：C级，复盘截止 2024-08-22"), "{}", err(&taken));
    for (arguments, code, words) in [
        (vec!["grade", "PE-1", "A"], 2, "定级理由不能为空"),
        (vec!["grade", "PE-1", "X", "--reason", "x"], 2, "没有等级 X；可选 A、B、C、D"),
        (vec!["grade", "PE-9", "A"], 5, "没有事件 PE-9"),
        (vec!["grade", "PE-1", "A", "--accept"], 2, "cannot be used with"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {}", err(&refused));
        assert!(err(&refused).contains(words), "{words}: {}", err(&refused));
    }
    assert!(fupan(&database, &["grade", "PE-1", "p0", "--reason", "波及大客户"], &[]).status.success());
    let shown = out(&fupan(&database, &["grade", "PE-1"], &[]));
    assert!(shown.contains("C级 → P0\tlocal\t波及大客户"), "{shown}");
    let json: serde_json::Value =
        serde_json::from_str(&out(&fupan(&database, &["grade", "PE-1", "--json"], &[]))).unwrap();
    assert_eq!((json["level"].as_str(), json["proposed"].as_str()), (Some("P0"), Some("C")));
    assert_eq!(json["history"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_counts_and_thresholds_are_data_and_teams_are_named() {
    let database = TestDatabase::new().await;
    fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]);
    for team in ["支付", "渠道", "风控"] {
        assert!(fupan(&database, &["team", "add", team], &[]).status.success());
    }
    for (arguments, code, words) in [
        (vec!["team", "add", "支付"], 6, "已有团队叫“支付”"),
        (vec!["share", "PE-1", "支付=60", "渠道=50"], 2, "份额合计 110.00%，最多 100%"),
        (vec!["share", "PE-1", "支付"], 2, "请写成 支付=50 这样"),
        (vec!["share", "PE-1", "无此组=50"], 5, "没有团队“无此组”"),
        (vec!["counts", "2024-W54"], 2, "请写成 2024-W34"),
        (vec!["team", "edit", "支付", "--lead", "nobody@example.com"], 2, "没有这个在用的账号"),
    ] {
        let refused = fupan(&database, &arguments, &[]);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {}", err(&refused));
        assert!(err(&refused).contains(words), "{words}: {}", err(&refused));
    }
    let even = fupan(&database, &["share", "PE-1", "--evenly", "支付", "渠道", "风控"], &[]);
    assert!(out(&even).starts_with("支付\t33.34%\t0.3334次\n渠道\t33.33%\t0.3333次\n"), "{}", out(&even));
    let half = fupan(&database, &["share", "PE-1", "支付=50"], &[]);
    assert!(err(&half).contains("未定责 unsettled 50%"), "{}", err(&half));
    let counts = out(&fupan(&database, &["counts", "2024-W34"], &[]));
    for line in ["支付\t0\t0\t0\t0\t0.5\t0.5", "未定责\t0\t0\t0\t0\t0.5\t0.5", "公司\t0\t0\t0\t0\t1\t1"] {
        assert!(counts.contains(line), "{line}: {counts}");
    }
    let far = fupan(&database, &["thresholds", "PE-1", "--check"], &[]);
    assert_eq!(
        (far.status.code(), out(&far).as_str()),
        (Some(0), "pbc-interruption\t30 分钟 / 2 小时；684 笔 / 100,000 笔\t未达到\n")
    );
    assert!(fupan(&database, &["team", "archive", "风控"], &[]).status.success());
    assert!(out(&fupan(&database, &["team", "list"], &[])).contains("风控\t-\t\t已归档"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_shown_edited_and_set_again() {
    let database = TestDatabase::new().await;
    let shown = out(&fupan(&database, &["policy", "show", "thresholds"], &[]));
    let stricter = shown.replace("\"over\": 120", "\"over\": 29");
    std::fs::write(database.folder().join("thresholds.json"), &stricter).unwrap();
    let set = fupan(&database, &["policy", "set", "thresholds", "thresholds.json", "--version", "0"], &[]);
    assert!(set.status.success(), "{}", err(&set));
    fupan(&database, &["add", LINE, "--week", "2024-W34"], &[]);
    let far = fupan(&database, &["thresholds", "PE-1", "--check"], &[]);
    assert_eq!(far.status.code(), Some(7));
    assert!(out(&far).contains("可能需要报告，请与合规确认"), "{}", out(&far));
    let late = fupan(&database, &["policy", "set", "thresholds", "thresholds.json", "--version", "0"], &[]);
    assert_eq!(late.status.code(), Some(6));
    std::fs::write(database.folder().join("bad.json"), stricter.replace("\"any\"", "\"all\"")).unwrap();
    let refused = fupan(&database, &["policy", "set", "thresholds", "bad.json"], &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("不认识“all”") && err(&refused).contains("第 "), "{}", err(&refused));
    assert_eq!(fupan(&database, &["policy", "show", "nosuch"], &[]).status.code(), Some(5));
    let list = out(&fupan(&database, &["policy", "list"], &[]));
    assert!(list.contains("thresholds\t1\t") && list.contains("severity\t0\t"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_with_a_level_is_graded_as_soon_as_it_is_logged() {
    let database = TestDatabase::new().await;
    fupan(&database, &["add", "08/19 15:00 C级 商户提现失败，影响约684笔，15:30 恢复。", "--week", "2024-W34"], &[]);
    let shown = out(&fupan(&database, &["grade", "PE-1"], &[]));
    assert!(shown.contains("未定级 → C级\tlocal"), "{shown}");
    assert!(out(&fupan(&database, &["pm", "list"], &[])).contains("PE-1"), "the level asks for a postmortem");
    fupan(&database, &["add", "08/19 16:00 D级 首页偶发超时，16:30 恢复。", "--week", "2024-W34"], &[]);
    fupan(&database, &["add", "08/19 17:00 B级 出金延迟，17:30 恢复。【无需复盘】", "--week", "2024-W34"], &[]);
    fupan(&database, &["add", "08/19 18:00 B级 入金延迟，18:30 恢复。【已复盘】", "--week", "2024-W34"], &[]);
    let owed = out(&fupan(&database, &["events", "state:owed"], &[]));
    assert!(
        owed.starts_with("PE-1\t") && owed.lines().count() == 1,
        "what a line says of its postmortem stands: {owed}"
    );
}
