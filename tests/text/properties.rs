//! What holds for every text.

use chrono::{DateTime, Duration, Utc};
use fupan::domain::{
    capture::{
        self,
        draft::{CaptureContext, DateAnchor, DraftEvent, Impact, ImpactKind, Mark},
    },
    clock_point::ClockPoint,
    report::{self, generate_narrative, render::ReportEvent, style::ReportStyle},
};
use proptest::prelude::*;

use super::{
    Shanghai,
    lossless::{self, visible},
    put_back, today,
};

fn context() -> CaptureContext {
    let now = "2026-11-24T10:00:00+08:00".parse().unwrap();
    CaptureContext { anchor: DateAnchor::LatestPast(now), zone: Shanghai, written: None }
}

/// Pieces that people put together to lines.
const FRAGMENTS: &[&str] = &[
    "08/19 15:00 ",
    "8月19日15时20分",
    "2024-08-19T15:00+08:00 ",
    "Aug 19, 3:05 PM ",
    "周三 14:20 ",
    "昨晚22:40 ",
    "15:00-15:30 ",
    "15：00～15：30",
    "15:00至15:30",
    "次日 00:20",
    "24:00",
    "9点15分",
    "晚上8点半",
    "02/30 10:00 ",
    "13/45 ",
    "自13:05起",
    "持续约8分钟",
    "20分钟后恢复",
    "至次日",
    "【B级】",
    "P2 ",
    "SEV2 ",
    "C级0.5次",
    "【待复盘】",
    "（已复盘）",
    "[无需复盘]",
    "复盘状态：已复盘",
    "，待复盘",
    "客户反馈商户操作提现失败",
    "影响约684笔出金交易",
    "，",
    "。",
    "；",
    "、",
    "：",
    ", ",
    ". ",
    "\n",
    "\r\n",
    "\n- ",
    "\n> ",
    "\n\n",
    "1. ",
    "原因",
    "原因：",
    "由于",
    "导致",
    "，原因风控规则更新",
    "15:30 下线规则，恢复正常",
    "恢复",
    "部分恢复",
    "仍在排查中",
    "定位",
    "止损",
    "发现",
    "影响用户1.5w",
    "三百余笔",
    "684-700笔",
    "1,260.5万元",
    "2.5亿",
    "数十笔",
    "(",
    ")",
    "【",
    "】",
    "“",
    "”",
    "`15:02:11 ERROR`",
    "```",
    "~~~",
    "|",
    "| --- |",
    "时间：",
    "现象：",
    "恢复时间：",
    "影响：",
    "#",
    "## ",
    "**",
    "*",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{7}",
    "🔥",
    "é",
    "\u{301}",
    "<!-- 08/18 10:00 -->",
    "payouts failed",
    "affecting about 684 orders",
    "recovered at 15:30",
    "root cause: a bad deploy",
    "8.19",
    "10.0.0.1",
    "v1.2.3",
    "20240819150000123",
    "99.9%",
    "3/4",
    "至",
    "到",
    "to ",
    "自",
    "起",
    "-",
    "~",
    " ",
    "　",
    "\t",
];

fn line() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        8 => prop::sample::select(FRAGMENTS).prop_map(ToOwned::to_owned),
        1 => "\\PC{0,6}",
        1 => "[0-9/:.年月日时分点 -]{1,8}",
        1 => "[\u{0}-\u{20}\u{7f}-\u{a0}\u{2028}\u{202a}]{1,2}",
    ];
    prop_oneof![9 => prop::collection::vec(fragment, 0..24).prop_map(|parts| parts.concat()), 1 => ".{0,80}"]
}

fn nothing_is_lost(line: &str, draft: &DraftEvent) -> Result<(), TestCaseError> {
    lossless::check(line, draft).map_err(TestCaseError::fail)
}

#[test]
fn times_that_nobody_can_place_stay_in_the_sentence() {
    for line in [
        "次日 00:20Aug 19, 3:05 PM ",
        "08/19 15:00 08/19 15:00 08/19 15:00 自13:05起",
        "15:00-15:30 08/19 15:00 恢复时间：昨晚22:40 ",
        "02/30 10:00 支付失败",
    ] {
        nothing_is_lost(line, &capture::read_line(line, &context())).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_character_of_a_line_is_lost(line in line()) {
        let draft = capture::read_line(&line, &context());
        nothing_is_lost(&line, &draft)?;
    }

    #[test]
    fn the_pieces_of_a_paste_are_the_paste(paste in line()) {
        let pieces = capture::split(&paste);
        prop_assert_eq!(visible(&pieces.concat()), visible(&paste));
    }

    #[test]
    fn the_places_of_a_report_are_in_order_and_apart(figures in line(), events in prop::collection::vec(line(), 0..5), rest in line()) {
        let document = format!("# 2024-W34\n\n## 系统运行数据\n\n{figures}\n\n## 生产事件\n\n{}\n\n## 其他\n\n{rest}\n", events.join("\n\n"));
        let reading = report::read_report(&document, Shanghai, today());
        let mut end = 0;
        for event in &reading.events {
            prop_assert!(end <= event.span.start && event.span.start <= event.span.end, "{:?} of {document:?}", event.span);
            end = event.span.end;
            prop_assert_eq!(document.get(event.span.clone()), Some(event.raw.as_str()));
            for span in event.draft.spans.iter().map(|span| &span.range).chain([&event.narrative_span]).chain(&event.time_span).chain(&event.mark_span) {
                prop_assert!(document.get(span.clone()).is_some(), "{span:?} of {document:?}");
                prop_assert!(event.span.start <= span.start && span.end <= event.span.end, "{span:?} outside of {:?}: {document:?}", event.span);
            }
        }
        for span in reading.figures.iter().map(|figure| &figure.value_span).chain(reading.incident_counts.iter().map(|count| &count.value_span)) {
            prop_assert!(document.get(span.clone()).is_some_and(|digits| !digits.is_empty()), "{span:?} of {document:?}");
        }
        prop_assert_eq!(put_back(&document, |_| {}), document);
    }
}

/// An event whose fields say everything that a sentence can say.
fn event() -> impl Strategy<Value = DraftEvent> {
    let texts = (
        prop::sample::select(
            &["提现失败", "钱包首页访问个别响应504", "扫码支付超时", "客户反馈登录异常", "快捷支付成功率下降"][..],
        ),
        prop::option::of(prop::sample::select(
            &["风控规则更新", "数据库连接池耗尽", "上游银行系统升级", "证书过期", "机房网络抖动"][..],
        )),
        prop::option::of(prop::sample::select(
            &["下线规则，恢复正常", "回滚版本后恢复", "切换备用通道，恢复正常", "重启服务，恢复正常"][..],
        )),
    );
    let numbers = (
        prop::option::of((1_i64..9_000_000, prop::sample::select(&["笔", "单", "次", "条"][..]), any::<bool>())),
        prop::option::of((1_i64..90_000, prop::sample::select(&["家", "人", "户"][..]), any::<bool>())),
        prop::option::of((1_i64..1_000_000_000, any::<bool>())),
    );
    let times = (0_i64..300 * 1_440, prop::option::of(1_i64..3 * 1_440));
    let labels = (
        prop::option::of(prop::sample::select(&["A", "B", "C", "D", "P1", "P3"][..])),
        prop::sample::select(&[Mark::Unknown, Mark::Pending, Mark::Done][..]),
    );
    (texts, numbers, times, labels).prop_map(
        |((summary, cause, recovery), (count, users, amount), (from, lasting), (severity, mark))| {
            let begin: DateTime<Utc> = "2026-01-05T00:00:00+08:00".parse().unwrap();
            let occurred = begin + Duration::minutes(from);
            let mut impacts = Vec::new();
            let mut words = Vec::new();
            let about = |approximate: bool| if approximate { "约" } else { "" };
            if let Some((number, unit, approximate)) = count {
                words.push(format!("影响{}{number}{unit}交易", about(approximate)));
                impacts.push(Impact { kind: ImpactKind::Count, number, unit: unit.to_owned(), approximate });
            }
            if let Some((number, unit, approximate)) = users {
                words.push(format!("影响{}{number}{unit}", about(approximate)));
                impacts.push(Impact { kind: ImpactKind::Users, number, unit: unit.to_owned(), approximate });
            }
            if let Some((fen, approximate)) = amount {
                words.push(format!("涉及金额{}{}.{:02}元", about(approximate), fen / 100, fen % 100));
                impacts.push(Impact { kind: ImpactKind::Amount, number: fen, unit: "元".to_owned(), approximate });
            }
            DraftEvent {
                occurred: Some(ClockPoint::minute(occurred)),
                recovered: lasting
                    .filter(|_| recovery.is_some())
                    .map(|minutes| ClockPoint::minute(occurred + Duration::minutes(minutes))),
                summary: Some(summary.to_owned()),
                impact: (!words.is_empty()).then(|| words.join("，")),
                impacts,
                cause: cause.map(ToOwned::to_owned),
                recovery: recovery.map(ToOwned::to_owned),
                severity: severity.map(ToOwned::to_owned),
                mark,
                ..DraftEvent::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn an_event_that_is_written_reads_as_itself(event in event()) {
        let narrative = generate_narrative(&event, Shanghai);
        let shown = ReportEvent { occurred: event.occurred, recovered: event.recovered, narrative, mark: event.mark, ..ReportEvent::default() };
        let plain = report::event_line(&ReportStyle::default(), &shown, Shanghai);
        // The sentence that is made says no grade; people put it in front.
        let line = match &event.severity {
            Some(label) if label.len() == 1 => format!("【{label}级】{plain}"),
            Some(label) => format!("{label} {plain}"),
            None => plain,
        };
        let read = capture::read_line(&line, &context());
        let fields = |draft: &DraftEvent| {
            (
                draft.occurred, draft.recovered, draft.summary.clone(), draft.impact.clone(), draft.impacts.clone(),
                draft.cause.clone(), draft.recovery.clone(), draft.severity.clone(), draft.mark,
            )
        };
        prop_assert_eq!(fields(&read), fields(&event), "{}", line);
        nothing_is_lost(&line, &read)?;
    }

    #[test]
    fn the_clock_points_and_the_zone_of_a_line_are_read_as_written(
        from in 0_u32..1_300, steps in prop::collection::vec(1_u32..20, 5), zone in prop::sample::select(&[("", 8), (" UTC", 0), (" UTC+9", 9), (" JST", 9), ("（北京时间）", 8)][..]),
    ) {
        let mut minute = from;
        let mut clock = || {
            let words = format!("{:02}:{:02}", minute / 60, minute % 60);
            let at: DateTime<Utc> = format!("2026-11-20T{words}:00+{:02}:00", zone.1).parse().unwrap();
            minute += steps[usize::try_from(minute).unwrap() % 5];
            (words, Some(ClockPoint::minute(at)))
        };
        let (occurred, detected, acknowledged, located, mitigated, recovered) = (clock(), clock(), clock(), clock(), clock(), clock());
        let line = format!(
            "2026-11-20 {}{} 提现失败，{} 发现，{} 响应，{} 定位，{} 止损，{} 恢复",
            occurred.0, zone.0, detected.0, acknowledged.0, located.0, mitigated.0, recovered.0
        );
        let draft = capture::read_line(&line, &context());
        prop_assert_eq!(
            (draft.occurred, draft.detected, draft.acknowledged, draft.located, draft.mitigated, draft.recovered),
            (occurred.1, detected.1, acknowledged.1, located.1, mitigated.1, recovered.1),
            "{}", line
        );
    }
}
