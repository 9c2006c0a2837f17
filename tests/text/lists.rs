//! Lists and tables of reports: what begins an item, and the signs of a change.

use fupan::domain::{
    capture::draft::Notice,
    report::{self, reading::ReportReading},
};

use super::{Shanghai, today};

fn read(document: &str) -> ReportReading {
    report::read_report(document, Shanghai, today())
}

fn raws(reading: &ReportReading) -> Vec<&str> {
    reading.events.iter().map(|event| event.raw.lines().next().unwrap_or_default()).collect()
}

#[test]
fn an_event_whose_date_nobody_can_read_is_an_event_of_its_own() {
    let reading = read(
        "# 2024-W34\n\n## 生产事件\n\n08/19 15:00 提现失败，15:30 恢复。【待复盘】\n\n02/30 10:00\n查询超时，10:20 恢复。【待复盘】\n\n08/21 11:00 登录失败，11:07 恢复。\n",
    );
    assert_eq!(reading.events.len(), 3, "{:?}", raws(&reading));
    let odd = reading.events.get(1).unwrap();
    assert!(odd.draft.occurred.is_none());
    assert!(odd.draft.notices.iter().any(|notice| matches!(notice, Notice::DateUnreadable { .. })), "{:?}", odd.draft);
}

#[test]
fn an_item_of_the_list_without_a_time_is_an_event_of_its_own() {
    for document in [
        "# 2024-W34\n\n## 生产事件\n\n- 08/19 15:00 提现失败，15:30 恢复。\n- 查询超时，已恢复。\n- 13/45 10:00 登录失败\n",
        "# 2024-W34\n\n## 生产事件\n\n1. 08/19 15:00 提现失败，15:30 恢复。\n2. 查询超时，已恢复。\n3. 13/45 10:00 登录失败\n",
    ] {
        let reading = read(document);
        assert_eq!(reading.events.len(), 3, "{:?}", raws(&reading));
    }
}

#[test]
fn numbers_of_a_list_may_have_three_digits_and_more() {
    let reading = read(
        "# 2024-W34\n\n## 生产事件\n\n99. 08/19 15:00 提现失败，15:30 恢复。\n100. 08/20 15:00 查询超时，15:20 恢复。\n1000. 登录失败，已恢复。\n",
    );
    assert_eq!(reading.events.len(), 3, "{:?}", raws(&reading));
    assert_eq!(reading.events.get(1).unwrap().draft.narrative, "查询超时，15:20 恢复。");
}

#[test]
fn words_and_arrows_are_the_sign_of_a_change() {
    let reading = read(
        "# 2024-W34\n\n## 系统运行数据\n\n| 指标 | 本周 | 较上周 |\n|---|---|---|\n| 入金成功率 | 99.950% | 下降 0.004 个百分点 |\n| 出金成功率 | 99.90% | ↓0.012pp |\n| 查询成功率 | 99.80% | 上升 0.1pp |\n| 登录成功率 | 99.70% | 持平 |\n\n- 充值成功率：99.5%（↓ 0.4pp）\n- 提现成功率：99.4%（↑ 0.3pp）\n",
    );
    let deltas: Vec<Option<(i64, u8)>> =
        reading.figures.iter().map(|figure| figure.delta.map(|delta| (delta.units, delta.scale))).collect();
    assert_eq!(deltas, [Some((-4, 3)), Some((-12, 3)), Some((1, 1)), None, Some((-4, 1)), Some((3, 1))]);
}

#[test]
fn a_thousand_events_are_read_as_each_of_them_alone() {
    let line = |n: usize| {
        let (day, hour, minute) = (19 + n % 5, n % 24, n % 60);
        let mark = if n.is_multiple_of(3) { "【待复盘】" } else { "" };
        // Some go on below.
        match n % 7 {
            0 => format!(
                "- 08/{day} {hour:02}:{minute:02} 第{n}号渠道提现失败，影响约{n}笔，下线规则后恢复正常。{mark}\n"
            ),
            1 => format!("- 08/{day} {hour:02}:{minute:02} 查询超时，{n}分钟后恢复\n  影响：约{n}笔出金交易\n"),
            _ => format!("- 登录变慢{n}，已恢复。{mark}\n"),
        }
    };
    let head = "# 2024-W34\n\n## 生产事件\n\n";
    let lines: Vec<String> = (0..2_500).map(line).collect();
    let all = read(&format!("{head}{}", lines.concat()));
    let alone: Vec<_> = lines.iter().flat_map(|line| read(&format!("{head}{line}")).events).collect();
    let told = |event: &report::reading::EventReading| (event.raw.trim_end().to_owned(), event.draft.clone());
    let spans = |reading: &ReportReading| reading.events.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
    assert!(alone.len() > 2_000 && spans(&all));
    assert_eq!(all.events.len(), alone.len());
    for (event, other) in all.events.iter().zip(&alone) {
        assert_eq!(told(event).0, told(other).0);
        assert_eq!(event.draft.occurred, other.draft.occurred, "{}", event.raw);
        assert_eq!((&event.draft.narrative, event.draft.mark), (&other.draft.narrative, other.draft.mark));
    }
}
