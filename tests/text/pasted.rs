//! Lines as they come out of a wiki, a chat, another language.

use fupan::domain::capture::{
    self,
    draft::{CaptureContext, DateAnchor, DraftEvent, Notice},
};

use super::{Shanghai, lossless};

fn read(line: &str) -> DraftEvent {
    let now = "2026-11-24T10:00:00+08:00".parse().unwrap();
    let context = CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written: None };
    let draft = capture::read_line(line, &context);
    lossless::check(line, &draft).unwrap();
    draft
}

#[test]
fn an_hour_behind_the_last_one_of_a_day_is_no_time_and_is_named() {
    for (line, occurred) in [
        ("25:00 支付失败，影响3笔", None),
        ("- 25:00 支付失败，影响3笔", None),
        ("08/19 25:00 支付失败，影响3笔", Some("2026-08-18T16:00:00Z")),
        ("08/19 23:00-25:30 支付失败，影响3笔", Some("2026-08-19T15:00:00Z")),
        ("08/19 23:00至26:10 支付失败，影响3笔", Some("2026-08-19T15:00:00Z")),
    ] {
        let draft = read(line);
        assert_eq!(draft.occurred.map(|point| point.at), occurred.map(|at| at.parse().unwrap()), "{line}");
        assert_eq!((draft.recovered, draft.summary.as_deref()), (None, Some("支付失败")), "{line}");
        let named = |notice: &Notice| matches!(notice, Notice::DateUnreadable { text } if line.contains(text.as_str()));
        assert!(draft.notices.iter().any(named), "{line}: {:?}", draft.notices);
        assert_eq!(draft.notices.contains(&Notice::TimeMissing), occurred.is_none(), "{line}");
        assert!(draft.narrative.contains("5:") || draft.narrative.contains("26:10"), "{line}: {}", draft.narrative);
    }
    let midnight = read("24:00 支付失败，影响3笔");
    assert!(midnight.occurred.is_some() && midnight.notices.is_empty(), "24:00 ends a day");
    let ratio = read("08/19 15:00 主备流量比 3:1 切换失败");
    assert!(!ratio.notices.iter().any(|notice| matches!(notice, Notice::DateUnreadable { .. })));
}

#[test]
fn what_failed_after_a_change_failed_by_it_and_what_recovered_after_one_did_not() {
    for (line, summary, cause) in [
        ("08/19 15:00 payouts failed after a config push, recovered at 15:30", "payouts failed", Some("a config push")),
        (
            "08/19 15:00 checkout errors following the gateway deploy of Monday. Recovered at 15:30",
            "checkout errors",
            Some("the gateway deploy of Monday"),
        ),
        (
            "08/19 15:00 After an index migration, search timed out. Recovered at 15:30",
            "search timed out",
            Some("an index migration"),
        ),
        ("08/19 15:00 payouts failed. Service recovered after a config change at 15:30", "payouts failed", None),
        ("08/19 15:00 payouts failed. After a config change, service recovered at 15:30", "payouts failed", None),
        ("08/19 15:00 errors continued after the rollback", "errors continued after the rollback", None),
        ("08/19 15:00 refunds stopped after the deploy failed", "refunds stopped after the deploy failed", None),
        ("08/19 15:00 logins failed after two retries", "logins failed after two retries", None),
    ] {
        let draft = read(line);
        assert_eq!((draft.summary.as_deref(), draft.cause.as_deref()), (Some(summary), cause), "{line}");
    }
}

#[test]
fn tags_of_a_wiki_tell_nothing_and_are_kept() {
    let line = "<p>08/19 15:00 客户反馈提现失败，影响约684笔出金交易<br/>原因风控规则更新</p><p>15:30 下线规则，恢复正常。【待复盘】</p>";
    let draft = read(line);
    let fields = (draft.summary.as_deref(), draft.cause.as_deref(), draft.recovery.as_deref());
    assert_eq!(fields, (Some("客户反馈提现失败"), Some("风控规则更新"), Some("下线规则，恢复正常")));
    assert!(draft.occurred.is_some() && draft.recovered.is_some());
    assert_eq!(
        draft.narrative,
        "<p> 客户反馈提现失败，影响约684笔出金交易<br/>原因风控规则更新</p><p>15:30 下线规则，恢复正常。</p>"
    );
    let draft = read("<li><b>08/19 15:00</b> 提现失败&nbsp;影响684笔</li>");
    assert_eq!((draft.summary.as_deref(), draft.impact.as_deref()), (Some("提现失败"), Some("影响684笔")));
}

#[test]
fn each_paragraph_of_a_wiki_that_begins_with_its_time_is_an_event() {
    let paste = "<p class=\"x\">08/19 15:00 甲失败，15:10 恢复</p>\n<p>08/20 16:00 乙失败</p>\n<ul><li>08/21 17:00 丙失败</li></ul>";
    let pieces = capture::split(paste);
    assert_eq!(pieces.len(), 3, "{pieces:?}");
    let told: Vec<_> = pieces.iter().map(|piece| read(piece).summary.unwrap()).collect();
    assert_eq!(told, ["甲失败", "乙失败", "丙失败"]);
}

#[test]
fn a_recovery_that_is_written_with_an_earlier_date_is_told_and_not_taken() {
    let before = read("2024-08-21 10:00 提现失败，2024-08-21 09:00 恢复");
    assert_eq!(before.recovered, None);
    assert!(
        before.notices.iter().any(|notice| matches!(notice, Notice::RecoveryBefore { text } if text.contains("09:00"))),
        "{:?}",
        before.notices
    );
    for line in [
        "2024-08-21 10:00 提现失败，2024-08-21 11:00 恢复",
        "2024-08-21 10:00 提现失败，09:00 恢复",
        "2024-08-21 10:00 恢复正常",
    ] {
        let fine = read(line);
        assert!(
            !fine.notices.iter().any(|notice| matches!(notice, Notice::RecoveryBefore { .. })),
            "{line}: {:?}",
            fine.notices
        );
    }
}
