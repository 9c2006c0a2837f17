//! `fupan report splice` on last week's report, copied as this week's template.

use support::TestDatabase;

use super::{REPORT, err, fupan};

const NEXT: &str = "08/27 10:00 代付通道超时，影响约12笔代付，原因证书过期，10:20 更换证书，恢复正常。";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_template_still_holds_of_last_week_stays_and_is_named() {
    let database = TestDatabase::new().await;
    assert!(fupan(&database, &["import", REPORT], &[]).status.success());
    assert!(fupan(&database, &["add", NEXT, "--week", "2024-W35"], &[]).status.success());
    let original = std::fs::read_to_string(REPORT).unwrap();
    let same = fupan(&database, &["report", "splice", REPORT, "--check"], &[]);
    assert!(!err(&same).contains("不属于"), "the report of its own week has nothing of another: {}", err(&same));

    let copy = database.folder().join("next.md");
    for (name, document, arguments) in [
        ("the title names the new week", original.replace("2024-W34", "2024-W35"), vec![]),
        ("the title is still that of last week", original.clone(), vec!["--week", "2024-W35"]),
    ] {
        std::fs::write(&copy, &document).unwrap();
        let arguments: Vec<&str> = ["report", "splice", "next.md"].into_iter().chain(arguments).collect();
        let output = fupan(&database, &arguments, &[]);
        let (said, spliced) = (err(&output), std::fs::read_to_string(&copy).unwrap());
        assert!(output.status.success() && said.contains("不属于 2024-W35，原样保留"), "{name}: {said}");
        for words in ["2024-W34  ", "客户反馈商户操作提现失败", "入金有效成功率 99.998%"] {
            assert!(said.contains(words), "{name}: {words} is missing in {said}");
        }
        let body = document.lines().filter(|line| !line.trim().is_empty());
        assert!(body.clone().all(|line| spliced.contains(line)), "{name}: the writer's lines stay: {spliced}");
        assert!(spliced.contains("代付通道超时"), "{name}: {spliced}");
    }
}
