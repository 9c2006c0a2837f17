//! The block structure of documents: what is code, a comment, a quote or a heading.

use fupan::domain::report::{self, reading::ReportReading};

use super::{Shanghai, put_back, today};

fn read(document: &str) -> ReportReading {
    let reading = report::read_report(document, Shanghai, today());
    for event in &reading.events {
        for span in &event.draft.spans {
            assert!(document.get(span.range.clone()).is_some(), "{span:?}");
        }
    }
    assert_eq!(put_back(document, |_| {}), document);
    reading
}

fn summaries(reading: &ReportReading) -> Vec<String> {
    reading.events.iter().map(|event| event.draft.summary.clone().unwrap_or_default()).collect()
}

#[test]
fn code_and_comments_give_no_figures_events_or_times() {
    let document = "\
# 2024-W34

```markdown
## 生产事件
08/18 10:00 示例事件
```

<!-- ## 生产事件
08/18 10:00 写法示例 -->

## 系统运行数据

- 入金成功率：99.9%

~~~
- 出金成功率：88.8%
~~~

<!-- - 充值成功率：77.7% -->

    - code_rate: 66.6%

## 生产事件

08/19 15:00 提现失败<!-- 08/19 14:00 内部口径 -->，15:30 恢复正常。【待复盘】

    08/19 15:00:01 ERROR payout timeout
    08/19 15:00:02 ERROR payout timeout

```
08/20 10:00 日志里的一行
```

08/21 11:00 查询超时，`11:07:01 ERROR timeout`，`11:20` 恢复
";
    let reading = read(document);
    let names: Vec<&str> = reading.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["入金成功率"]);
    assert_eq!(summaries(&reading), ["提现失败", "查询超时，`11:07:01 ERROR timeout`"]);
    let times: Vec<Option<String>> = reading
        .events
        .iter()
        .map(|event| event.draft.recovered.map(|point| point.at.with_timezone(&Shanghai).format("%H:%M").to_string()))
        .collect();
    assert_eq!(times, [Some("15:30".to_owned()), Some("11:20".to_owned())]);
    assert!(reading.events[0].draft.narrative.starts_with("提现失败，15:30 恢复正常。"), "{:?}", reading.events[0]);
    assert_eq!(reading.events[0].draft.mark, fupan::domain::capture::draft::Mark::Pending);
}

#[test]
fn quoted_sections_are_read_and_what_is_quoted_below_an_event_belongs_to_it() {
    let document = "\
# 2024-W34

> ## 系统运行数据
>
> - 入金成功率：99.9%
>
> ## 生产事件
>
> 1. 08/19 15:00 提现失败，
>    影响约684笔，15:30 恢复
> 2. 08/20 11:19 首页访问超时，11:20 恢复
>
> ## 其他
>
> 08/21 10:00 评审会
";
    let reading = read(document);
    assert_eq!(reading.figures.len(), 1);
    assert_eq!(summaries(&reading), ["提现失败", "首页访问超时"]);
    assert_eq!(reading.events[0].draft.narrative, "提现失败，\n   影响约684笔，15:30 恢复");
    let below = read(
        "# 2024-W34\n\n## 生产事件\n\n08/19 15:00 提现失败，15:30 恢复\n> 08/20 10:00 客户来信原文\n\n08/21 9:00 登录失败\n",
    );
    assert_eq!(summaries(&below), ["提现失败", "登录失败"]);
}

#[test]
fn headings_may_be_underlined() {
    let document = "\
2024-W34 周报
=============

系统运行数据
------------

- 入金成功率：99.9%

生产事件
--------

08/19 15:00 提现失败，15:30 恢复
---
08/20 11:19 首页访问超时，11:20 恢复

下周计划
--------

08/26 10:00 升级数据库
";
    let reading = read(document);
    assert_eq!(reading.week.map(|week| week.to_string()).as_deref(), Some("2024-W34"));
    assert_eq!(reading.figures.len(), 1);
    assert_eq!(summaries(&reading), ["提现失败", "首页访问超时"]);
}

#[test]
fn sloppy_lists_and_tables_are_read_as_they_are_meant() {
    for (events, expected) in [
        // A list that stands further in; its details stand further in than it.
        (
            "  - 08/19 15:00 提现失败\n    - 15:30 恢复\n  - 08/20 11:19 首页访问超时\n",
            vec!["提现失败", "首页访问超时"],
        ),
        ("    - 08/19 15:00 提现失败，15:30 恢复\n    - 08/20 11:19 首页访问超时\n", vec!["提现失败", "首页访问超时"]),
        ("\t08/19 15:00 提现失败，15:30 恢复\n\n\t08/20 11:19 首页访问超时\n", vec!["提现失败", "首页访问超时"]),
        // The indent of a first line.
        (
            "08/19 15:00\n\n    提现失败，15:30 恢复\n\n08/20 11:19\n\n    首页访问超时\n",
            vec!["提现失败", "首页访问超时"],
        ),
        ("1. 08/19 15:00 提现失败\n  - 15:30 恢复\n2. 08/20 11:19 首页访问超时\n", vec!["提现失败", "首页访问超时"]),
        (
            "时间 | 现象 | 恢复\n---|---|---\n08/19 15:00 | 提现失败 | 15:30 恢复\n08/20 11:19 | 首页访问超时 | 11:20 恢复\n",
            vec!["提现失败", "首页访问超时"],
        ),
        (
            "| 时间 | 现象 |\n| 08/19 15:00 | 提现失败 |\n| 08/20 11:19 | 首页访问超时 |\n",
            vec!["提现失败", "首页访问超时"],
        ),
    ] {
        let reading = read(&format!("# 2024-W34\n\n## 生产事件\n\n{events}"));
        assert_eq!(summaries(&reading), expected, "{events}");
    }
}

#[test]
fn line_ends_byte_order_marks_and_odd_blanks_change_nothing() {
    let plain = "# 2024-W34\n\n> ## 生产事件\n>\n> 08/19 15:00 提现失败，影响约684笔，15:30 恢复。【待复盘】\n";
    let odd = [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("\u{feff}{}", plain.replace('\n', "\r\n")),
        plain.replace("提现", "提\u{200b}现").replace(' ', "\u{a0}").replace("#\u{a0}", "# ").replace(">\u{a0}", "> "),
        plain.replace("15:30 恢复", "15：30 恢复"),
    ];
    for document in &odd {
        let reading = read(document);
        assert_eq!(reading.events.len(), 1, "{document:?}");
        let draft = &reading.events[0].draft;
        assert!(draft.recovered.is_some() && draft.impacts.len() == 1, "{draft:?}");
    }
}

#[test]
fn nests_that_nobody_writes_are_read_line_by_line() {
    for odd in [
        format!("{}08/19 15:00 失败\n{}", "- ".repeat(50_000), "\n".repeat(50_000)),
        format!("{}08/19 15:00 失败\n{}", "> ".repeat(50_000), "> a\n".repeat(50_000)),
        (0..1_000).fold(String::new(), |text, depth| text + &" ".repeat(depth * 2) + "- 甲\n"),
    ] {
        read(&format!("# 2024-W34\n\n## 生产事件\n\n{odd}"));
    }
}
