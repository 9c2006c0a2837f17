//! What a person on call types: hours of the night, clock points between blanks, moments counted from now, grades.

use chrono::{DateTime, Utc};
use fupan::domain::{
    capture::{
        self,
        draft::{Assumption, CaptureContext, DateAnchor, DraftEvent, DraftField, Notice, Origin},
    },
    clock_point::{ClockPoint, Precision},
};

use super::Shanghai;

/// Pasted on 2026-11-25 at 05:43 in Shanghai.
fn paste(line: &str) -> DraftEvent {
    let now: DateTime<Utc> = "2026-11-24T21:43:20Z".parse().unwrap();
    let written = Some(now.with_timezone(&Shanghai).date_naive());
    capture::read_line(line, &CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written })
}

fn local(point: Option<ClockPoint>) -> String {
    let Some(point) = point else { return String::new() };
    let form = if point.precision == Precision::Day { "%m/%d" } else { "%m/%d %H:%M" };
    point.at.with_timezone(&Shanghai).format(form).to_string()
}

#[test]
fn hours_of_the_night_are_not_those_of_the_afternoon() {
    for (line, occurred) in [
        ("半夜2:30 退款失败", "11/25 02:30"),
        ("深夜1点 退款失败", "11/25 01:00"),
        ("后半夜2点 退款失败", "11/25 02:00"),
        ("半夜两点 退款失败", "11/25 02:00"),
        ("夜里两点，退款失败", "11/25 02:00"),
        ("11/24 深夜11点 退款失败", "11/24 23:00"),
        ("昨天半夜12点 退款失败", "11/25 00:00"),
        ("昨晚12点 退款失败", "11/25 00:00"),
        ("昨晚2点 退款失败", "11/25 02:00"),
        ("昨晚8点 退款失败", "11/24 20:00"),
        ("11/24 晚上9点半 退款失败", "11/24 21:30"),
        ("11/24 中午1点 退款失败", "11/24 13:00"),
        ("凌晨12点10分 退款失败", "11/25 00:10"),
        ("凌晨三点零五 退款失败", "11/25 03:05"),
    ] {
        let draft = paste(line);
        assert_eq!(local(draft.occurred), occurred, "{line}");
        assert_eq!(draft.summary.as_deref(), Some("退款失败"), "{line}");
    }
}

#[test]
fn clock_points_need_no_more_than_blanks_between_them() {
    for line in [
        "02:50 发现支付成功率下降 02:55 响应 03:00 定位 03:02 止损 03:10 恢复",
        "02:50 发现支付成功率下降\n02:55 响应\n03:00 定位\n03:02 止损\n03:10 恢复",
        "02:50 发现支付成功率下降 → 02:55 响应 → 03:00 定位 → 03:02 止损 → 03:10 恢复",
        "02:50 发现支付成功率下降；02:55 响应；03:00 定位；03:02 止损；03:10 恢复",
    ] {
        let draft = paste(line);
        let points =
            [draft.occurred, draft.detected, draft.acknowledged, draft.located, draft.mitigated, draft.recovered];
        let expected = ["11/25 02:50", "11/25 02:50", "11/25 02:55", "11/25 03:00", "11/25 03:02", "11/25 03:10"];
        assert_eq!(points.map(local), expected, "{line}");
        assert_eq!(draft.summary.as_deref(), Some("支付成功率下降"), "{line}");
    }
}

#[test]
fn clock_points_may_name_who_came() {
    let draft = paste("02:50 发现退款失败 02:55 张三响应 03:00 定位到连接池打满 03:02 切换备库止损 03:10 全部恢复");
    let points = [draft.detected, draft.acknowledged, draft.located, draft.mitigated, draft.recovered].map(local);
    assert_eq!(points, ["11/25 02:50", "11/25 02:55", "11/25 03:00", "11/25 03:02", "11/25 03:10"]);
    assert_eq!(draft.summary.as_deref(), Some("退款失败"));
}

#[test]
fn the_time_of_other_trouble_is_no_recovery() {
    let draft = paste("15:00 支付失败\n15:20 出金失败，半小时后恢复");
    assert_ne!(local(draft.recovered), "11/24 15:20", "{draft:?}");
    assert_eq!(draft.mitigated, None);
    assert_ne!(draft.origin_of(DraftField::RecoveredAt), Some(Origin::Stated));
}

#[test]
fn moments_and_days_are_counted_from_the_pasting() {
    for (line, occurred, summary) in [
        ("刚才 退款失败", "11/25 05:43", "退款失败"),
        ("刚刚退款失败", "11/25 05:43", "退款失败"),
        ("just now refunds failed", "11/25 05:43", "refunds failed"),
        ("10分钟前 退款失败", "11/25 05:33", "退款失败"),
        ("约10分钟前开始退款失败", "11/25 05:33", "退款失败"),
        ("半小时前，退款失败", "11/25 05:13", "退款失败"),
        ("2小时前 退款失败", "11/25 03:43", "退款失败"),
        ("10 min ago refunds failed", "11/25 05:33", "refunds failed"),
        ("an hour ago refunds failed", "11/25 04:43", "refunds failed"),
        ("退款失败，10分钟前开始", "11/25 05:33", "退款失败"),
        ("3天前 退款失败", "11/22", "退款失败"),
        ("昨天退款失败", "11/24", "退款失败"),
        ("明天10:00 维护期间退款不可用", "11/26 10:00", "维护期间退款不可用"),
    ] {
        let draft = paste(line);
        assert_eq!(local(draft.occurred), occurred, "{line}");
        assert_eq!(draft.summary.as_deref(), Some(summary), "{line}");
    }
    let draft = paste("11/25 25:00 退款失败");
    assert!(draft.notices.contains(&Notice::DateUnreadable { text: "25:00".to_owned() }), "{draft:?}");
    assert_eq!((local(draft.occurred).as_str(), draft.summary.as_deref()), ("11/25", Some("退款失败")));
}

#[test]
fn a_time_alone_is_the_latest_one_and_says_nothing_of_a_year() {
    for (line, occurred, why) in [
        ("13:00 退款失败", "11/24 13:00", Assumption::LatestTime),
        ("03:00 退款失败", "11/25 03:00", Assumption::WritingDate),
    ] {
        let draft = paste(line);
        assert_eq!(local(draft.occurred), occurred, "{line}");
        assert_eq!(draft.spans_of(DraftField::OccurredAt).find_map(|span| span.assumption), Some(why), "{line}");
        assert!(!draft.notices.iter().any(|notice| matches!(notice, Notice::YearAssumed { .. })), "{line}");
    }
}

#[test]
fn a_grade_with_its_share_is_read_as_a_clause_of_its_own_and_is_no_impact() {
    for (line, grade, impact) in [
        ("08/19 15:00 提现失败，影响约684笔出金交易，C级0.5次。【待复盘】", Some("C"), "影响约684笔出金交易"),
        ("08/19 15:00 提现失败，影响约684笔出金交易。B级1次", Some("B"), "影响约684笔出金交易"),
        ("08/19 15:00 升级B级2次机房后提现失败，影响约684笔出金交易", None, "影响约684笔出金交易"),
        ("08/19 15:00 提现失败，影响约684笔出金交易，AB级0次", None, "影响约684笔出金交易，AB级0次"),
    ] {
        let draft = paste(line);
        assert_eq!(draft.severity.as_deref(), grade, "{line}");
        assert_eq!(draft.impact.as_deref(), Some(impact), "{line}");
    }
}

#[test]
fn grades_with_p_are_read_where_they_stand_alone() {
    for (line, grade, summary) in [
        ("11/24 03:02 P2 退款失败", Some("P2"), "退款失败"),
        ("P1 11/24 03:02 退款失败", Some("P1"), "退款失败"),
        ("11/24 03:02 P2：退款失败", Some("P2"), "退款失败"),
        ("11/24 03:02 退款失败 P2", Some("P2"), "退款失败"),
        ("11/24 03:02 退款失败 P2 【待复盘】", Some("P2"), "退款失败"),
        ("1小时前 P1 退款失败", Some("P1"), "退款失败"),
        ("11/24 03:02 退款接口 P99 升至 3s", None, "退款接口 P99 升至 3s"),
        ("11/24 03:02 P2P 转账失败", None, "P2P 转账失败"),
    ] {
        let draft = paste(line);
        assert_eq!(draft.severity.as_deref(), grade, "{line}");
        assert_eq!(draft.summary.as_deref(), Some(summary), "{line}");
    }
}

#[test]
fn a_line_with_a_time_alone_is_another_event_when_the_one_above_is_over() {
    for (text, count) in [
        ("yesterday 3pm checkout down, fixed 3:20pm\n23:50 出金失败，半小时后恢复", 2),
        ("15:00 支付失败，15:20 恢复\n23:50 出金失败", 2),
        ("11/24 15:00 支付失败\n15:20 出金也失败\n15:40 恢复", 1),
        ("02:50 支付失败\n02:55 响应\n03:10 恢复\n03:30 观察无异常", 1),
        ("11/24 15:00 支付失败，15:20 恢复\n11/24 16:00 出金失败", 2),
    ] {
        assert_eq!(capture::split(text).len(), count, "{text}");
    }
}

#[test]
fn a_mark_in_a_list_of_sentences_leaves_no_signs_behind() {
    let draft = paste("11/24 03:02 退款失败，03:20 恢复，未影响商户到账，〔已复盘〕；");
    assert_eq!(draft.narrative, "退款失败，03:20 恢复，未影响商户到账");
}
