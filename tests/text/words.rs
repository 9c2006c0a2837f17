//! What people write besides the plain line: causes without a word for them, numerals, cells, English sentences.

use chrono::NaiveDate;
use fupan::domain::capture::{
    self,
    draft::{CaptureContext, DateAnchor, DraftEvent, ImpactKind},
};

use super::Shanghai;

fn read(line: &str) -> DraftEvent {
    let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    capture::read_line(line, &CaptureContext { anchor: DateAnchor::Nearest(day), zone: Shanghai, written: Some(day) })
}

fn times(draft: &DraftEvent) -> (String, String) {
    let local = |point: Option<fupan::domain::clock_point::ClockPoint>| {
        point.map(|point| point.at.with_timezone(&Shanghai).format("%m/%d %H:%M").to_string()).unwrap_or_default()
    };
    (local(draft.occurred), local(draft.recovered))
}

#[test]
fn times_in_the_forms_that_people_use() {
    for (line, occurred, recovered) in [
        ("十一月十九日上午十点二十，登录失败，十点五十五恢复", "11/19 10:20", "11/19 10:55"),
        ("11 月 19 日 6 时 50 分，登录失败，7 时 05 分恢复", "11/19 06:50", "11/19 07:05"),
        ("上周五 17:45 起限额被误调低，至本周一 09:20 才还原", "11/13 17:45", "11/16 09:20"),
        ("周四当晚 22:48 日切失败，当日 23:40 恢复", "11/19 22:48", "11/19 23:40"),
        ("11/19（店庆日）19:00至19:26 打印乱码", "11/19 19:00", "11/19 19:26"),
        ("Thu noon–12:35: redemption failed", "11/19 12:00", "11/19 12:35"),
        ("Between 3pm and 4pm on Thursday 19 November payouts failed", "11/19 15:00", "11/19 16:00"),
        ("11/19 we saw errors on refunds from 13:10 until 13:52", "11/19 13:10", "11/19 13:52"),
        ("11/19 17:08 发现模型分全部为默认值（实际自 16:30 发布起），17:22 回滚", "11/19 16:30", "11/19 17:22"),
        ("11/19 15:15 one node was ejected; self-healed 3 minutes later", "11/19 15:15", "11/19 15:18"),
        (
            "11/19 [INC-1](https://example.com/INC-1?from=2026-11-10T09:00) 09:18 扣款漏跑，11:02 补扣完成",
            "11/19 09:18",
            "11/19 11:02",
        ),
        ("Nov 19 03:12-03:58 UTC: webhooks delayed, drained by 03:58", "11/19 11:12", "11/19 11:58"),
        ("11/19 16:00 跨行汇款失败，17:00 已恢复约七成，其余跟进中", "11/19 16:00", ""),
        ("11/19 13:15 金额列错位，15:00 追回 19 万元，11/20 10:30 全部追回", "11/19 13:15", "11/20 10:30"),
    ] {
        let draft = read(line);
        assert_eq!(times(&draft), (occurred.to_owned(), recovered.to_owned()), "{line}");
    }
}

#[test]
fn a_cause_needs_no_word_for_it_and_a_follow_up_is_none() {
    for (line, cause) in [
        ("11/19 09:00 支付不可用，失败 5.2 万笔，09:25 恢复，发布未做灰度。待复盘", Some("发布未做灰度")),
        ("11/19 10:00 超时，影响约20笔；调度器时区配置错误导致。", Some("调度器时区配置错误")),
        (
            "11/19 10:00 checkouts failed, 300 orders affected; a canary pod kept an old secret. Canary removed.",
            Some("a canary pod kept an old secret"),
        ),
        ("11/19 10:00 login blank because the flag service was unreachable", Some("the flag service was unreachable")),
        ("11/19 10:00 失败，10:20 恢复，影响20笔，已通知商户", None),
        ("11/19 10:00 失败，10:20 恢复，影响20笔，无资金损失", None),
        ("11/19 10:00 失败，10:20 恢复，影响20笔，后续优化监控", None),
    ] {
        assert_eq!(read(line).cause.as_deref(), cause, "{line}");
    }
}

#[test]
fn cells_in_a_row_tags_and_pictures_are_read_like_a_line() {
    for line in [
        "1\t2026-11-19 08:30\t2026-11-19 08:47\t早报短信未发出\t1.6万条\t模板被驳回\t换模板重发\t已复盘",
        "11.19 08:30｜早报短信未发出｜08:47 恢复｜约 1.6万条短信｜模板被驳回｜已复盘",
        "二级事件 / 11月19日 / 08:30-08:47 / 早报短信未发出 / 影响 1.6万条 / 模板被驳回 / 换模板后恢复 / 已复盘",
        "⚠️ 11/19 08:30 早报短信未发出 🔥 影响 1.6万条；08:47 换模板后恢复 ✅；根因：模板被驳回【已复盘】",
        "<b>11/19 08:30</b><br>早报短信未发出<br>影响：1.6万条<br>恢复：08:47<br>原因：模板被驳回<br>【已复盘】",
    ] {
        let draft = read(line);
        assert_eq!(times(&draft), ("11/19 08:30".to_owned(), "11/19 08:47".to_owned()), "{line}");
        assert_eq!(draft.summary.as_deref(), Some("早报短信未发出"), "{line}");
        assert_eq!(draft.cause.as_deref(), Some("模板被驳回"), "{line}");
        assert_eq!(draft.mark, capture::draft::Mark::Done, "{line}");
        let count = draft.impacts.iter().find(|impact| impact.kind == ImpactKind::Count).map(|impact| impact.number);
        assert_eq!(count, Some(16_000), "{line}");
    }
}

#[test]
fn numbers_are_those_of_what_was_affected() {
    for (line, kind, number, approximate) in [
        ("11/19 10:00 批扣卡住，影响 2 批共 12,440 笔", ImpactKind::Count, 12_440, false),
        ("11/19 10:00 未出票，用户进线 320 通，出票失败 1,988 张", ImpactKind::Count, 1_988, false),
        ("11/19 10:00 失败，用户影响 1.9w", ImpactKind::Users, 19_000, false),
        ("11/19 10:00 失败，影响签约 58 户", ImpactKind::Users, 58, false),
        ("11/19 10:00 多扣手续费，合计多扣约 ¥3.2k", ImpactKind::Amount, 320_000, true),
        ("11/19 10:00 undercharged, approx CNY 6k in total", ImpactKind::Amount, 600_000, true),
        ("11/19 10:00 预约还款扣款漏跑 2,046 笔", ImpactKind::Count, 2_046, false),
        ("11/19 10:00 webhooks delayed for ~1,200 merchants", ImpactKind::Users, 1_200, true),
    ] {
        let draft = read(line);
        let found = draft.impacts.iter().find(|impact| impact.kind == kind);
        assert_eq!(
            found.map(|impact| (impact.number, impact.approximate)),
            Some((number, approximate)),
            "{line}: {draft:?}"
        );
    }
}
