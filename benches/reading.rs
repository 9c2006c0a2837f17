//! How long the readers take: `cargo bench --bench reading`. Prints one row per input; doubling the input must about
//! double the time. Never fails on time.
#![allow(missing_docs, clippy::print_stdout, reason = "a program that prints a table")]

use std::{fmt::Write as _, hint::black_box, time::Instant};

use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use fupan::domain::{
    capture::{
        self,
        draft::{CaptureContext, DateAnchor},
    },
    report::read_report,
};

/// An input of about so many bytes.
struct Case {
    name: &'static str,
    text: fn(usize) -> String,
    bytes: usize,
}

const LINE: &str =
    "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】";
const FIGURE: &str = "- 入金有效成功率：99.998%（较上周-0.02pp，目标99.99%）";

fn repeated(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len().max(1))
}

/// A report with `figures` and `events` as the two sections, and `rest` behind them.
fn report(figures: &str, events: &str, rest: &str) -> String {
    format!(
        "# 2024-W34\n\nCreated: 2024-08-21\n\n## 系统运行数据\n\n{figures}\n\n## 生产事件\n\n{events}\n\n## 其他\n\n{rest}\n"
    )
}

fn ordinary(bytes: usize) -> String {
    let mut events = String::new();
    for index in 0..bytes / 170 {
        let _ = write!(
            events,
            "{}. 【C级】08/{} {:02}:{:02} {}\n\n",
            index % 90 + 1,
            index % 12 + 19,
            index % 24,
            index % 60,
            &LINE[12..]
        );
    }
    report(&format!("{FIGURE}\n"), &events, "")
}

fn elsewhere(bytes: usize) -> String {
    report(FIGURE, LINE, &repeated("- 项目进展：完成 80%，08/21 15:00 上线，重构支付路由模块\n", bytes))
}

const REPORTS: &[Case] = &[
    Case { name: "ordinary events", text: ordinary, bytes: 5_000_000 },
    Case { name: "ordinary events, 10 MB", text: ordinary, bytes: 10_000_000 },
    Case { name: "text outside the sections", text: elsewhere, bytes: 10_000_000 },
    Case {
        name: "figures, one a line",
        text: |n| report(&repeated("- 入金有效成功率：99.998%（较上周-0.02pp）\n", n), "无", ""),
        bytes: 5_000_000,
    },
    Case {
        name: "figures, one line", text: |n| report(&repeated("成功率：99.9%，", n), "无", ""), bytes: 3_000_000
    },
    Case {
        name: "figures, notes of one figure",
        text: |n| report(&format!("成功率：99.9%（{}）", repeated("较上周-0.02pp，", n)), "无", ""),
        bytes: 3_000_000,
    },
    Case {
        name: "counts, one line",
        text: |n| report(&format!("事故数{}", repeated("(C级0.5次，", n)), "无", ""),
        bytes: 3_000_000,
    },
    Case {
        name: "figure table rows",
        text: |n| {
            report(
                &format!("| 指标 | 本周 | 目标 |\n|---|---|---|\n{}", repeated("| 入金成功率 | 99.9% | 99.5% |\n", n)),
                "无",
                "",
            )
        },
        bytes: 4_000_000,
    },
    Case {
        name: "event table rows",
        text: |n| {
            report(
                FIGURE,
                &format!(
                    "| 时间 | 现象 | 影响 | 恢复 |\n|---|---|---|---|\n{}",
                    repeated("| 08/19 15:00 | 提现失败 | 684笔 | 15:30 恢复 |\n", n)
                ),
                "",
            )
        },
        bytes: 6_000_000,
    },
    Case {
        name: "one table row",
        text: |n| report(FIGURE, &format!("| 时间 | 现象 |\n|---|---|\n|{}", repeated(" 提现失败 |", n)), ""),
        bytes: 3_000_000,
    },
    Case {
        name: "events of one line",
        text: |n| report(FIGURE, &repeated("08/19 15:00 提现失败，15:30 恢复\n\n", n), ""),
        bytes: 4_500_000,
    },
    Case {
        name: "event of one line, a million signs",
        text: |n| report(FIGURE, &format!("08/19 15:00 {}", repeated("提现失败，", n)), ""),
        bytes: 3_000_000,
    },
    Case {
        name: "event of many lines",
        text: |n| {
            report(FIGURE, &format!("08/19 15:00 提现失败\n{}", repeated("  - 15:10 重启服务，影响20笔\n", n)), "")
        },
        bytes: 3_000_000,
    },
    Case {
        name: "figure line of a million letters", text: |n| report(&repeated("成", n), "无", ""), bytes: 3_000_000
    },
    Case {
        name: "title of a million letters",
        text: |n| format!("# {}\n\n## 生产事件\n\n{LINE}\n", repeated("周", n)),
        bytes: 3_000_000,
    },
    Case { name: "dates alone", text: |n| report(FIGURE, &repeated("08/19\n\n", n), ""), bytes: 1_000_000 },
    Case { name: "empty lines", text: |n| report(FIGURE, &repeated("\n", n), ""), bytes: 3_000_000 },
    Case {
        name: "dates, then empty lines",
        text: |n| report(FIGURE, &format!("{}{}", repeated("08/19\n", n / 2), repeated("\n", n / 2)), ""),
        bytes: 1_000_000,
    },
    Case { name: "headings", text: |n| repeated("## 生产事件\n", n), bytes: 3_000_000 },
    Case { name: "headings of kinds", text: |n| repeated("## 生产事件\n### 其他\n# 甲\n", n), bytes: 3_000_000 },
    Case {
        name: "deeper and deeper lists",
        text: |n| {
            report(
                FIGURE,
                &(0..1_400)
                    .fold(String::new(), |text, d| text + &" ".repeat(d * 2 % (n / 1_000)) + "- 08/19 15:00 失败\n"),
                "",
            )
        },
        bytes: 3_000_000,
    },
    Case { name: "nested list on a line", text: |n| report(FIGURE, &repeated("- ", n), ""), bytes: 200_000 },
    Case { name: "nested quotes on a line", text: |n| report(FIGURE, &repeated("> ", n), ""), bytes: 200_000 },
    Case {
        name: "nested quotes, many lines",
        text: |n| report(FIGURE, &repeated(&format!("{} 失败\n", ">".repeat(500)), n), ""),
        bytes: 2_000_000,
    },
    Case { name: "open brackets", text: |n| report(FIGURE, &repeated("[", n), ""), bytes: 1_000_000 },
    Case { name: "stars", text: |n| report(FIGURE, &repeated("*a **a ", n), ""), bytes: 1_000_000 },
    Case { name: "fences", text: |n| report(FIGURE, &repeated("```\n08/19 15:00\n", n), ""), bytes: 3_000_000 },
    Case { name: "open comments", text: |n| report(FIGURE, &repeated("<!-- a\n", n), ""), bytes: 1_000_000 },
    Case {
        name: "backticks",
        text: |n| report(FIGURE, &(1..n / 500).fold(String::new(), |text, i| text + "a" + &"`".repeat(i % 1_000)), ""),
        bytes: 1_000_000,
    },
    Case { name: "link definitions", text: |n| report(FIGURE, &repeated("[a]: b\n", n), ""), bytes: 1_000_000 },
    Case { name: "pipes", text: |n| report(FIGURE, &repeated("|", n), ""), bytes: 1_000_000 },
    Case { name: "pipes, one a line", text: |n| report(FIGURE, &repeated("a|b\n", n), ""), bytes: 1_000_000 },
    Case {
        name: "table of many columns",
        text: |n| {
            report(
                FIGURE,
                &format!("|{}\n|{}\n{}", "a|".repeat(n / 2_000), "-|".repeat(n / 2_000), repeated("|\n", n)),
                "",
            )
        },
        bytes: 1_000_000,
    },
];

const LINES: &[Case] = &[
    Case {
        name: "ordinary words", text: |n| format!("08/19 15:00 {}", repeated("提现失败，", n)), bytes: 3_000_000
    },
    Case { name: "letters", text: |n| repeated("失", n), bytes: 3_000_000 },
    Case { name: "brackets (", text: |n| repeated("(", n), bytes: 1_000_000 },
    Case { name: "brackets 【", text: |n| repeated("【", n), bytes: 3_000_000 },
    Case { name: "digits", text: |n| repeated("1", n), bytes: 1_000_000 },
    Case { name: "原因", text: |n| format!("08/19 15:00 {}", repeated("原因", n)), bytes: 3_000_000 },
    Case { name: "原因，", text: |n| format!("08/19 15:00 {}", repeated("原因甲，", n)), bytes: 3_000_000 },
    Case { name: "colons", text: |n| repeated(":", n), bytes: 1_000_000 },
    Case { name: "labels", text: |n| repeated("现象：失败；", n), bytes: 3_000_000 },
    Case { name: "times", text: |n| repeated("15:00 ", n), bytes: 5_000_000 },
    Case { name: "dates and times", text: |n| repeated("08/19 15:00 失败，", n), bytes: 5_000_000 },
    Case { name: "ranges", text: |n| repeated("15:00-", n), bytes: 3_000_000 },
    Case { name: "blanks", text: |n| format!("08/19 15:00{}失败", repeated(" ", n)), bytes: 1_000_000 },
    Case { name: "blanks and digits", text: |n| repeated("1            ", n), bytes: 1_000_000 },
    Case { name: "chinese digits", text: |n| format!("影响{}笔", repeated("一", n)), bytes: 3_000_000 },
    Case {
        name: "numbers with units",
        text: |n| format!("08/19 15:00 失败，{}", repeated("影响约684笔，", n)),
        bytes: 3_000_000,
    },
    Case {
        name: "approximations", text: |n| format!("08/19 15:00 影响1{}笔", repeated("余", n)), bytes: 3_000_000
    },
    Case { name: "nouns and 约", text: |n| format!("影响用户{}1", repeated("约", n)), bytes: 3_000_000 },
    Case { name: "lines", text: |n| repeated(&format!("{LINE}\n"), n), bytes: 5_000_000 },
    Case {
        name: "english",
        text: |n| repeated("On Aug 19 at 15:00 payouts failed, affecting about 684 orders. ", n),
        bytes: 3_000_000,
    },
    Case { name: "durations", text: |n| repeated("持续8分钟", n), bytes: 3_000_000 },
];

fn context() -> CaptureContext {
    let day = NaiveDate::from_ymd_opt(2024, 8, 21).unwrap_or_default();
    CaptureContext { anchor: DateAnchor::Nearest(day), zone: Shanghai, written: Some(day) }
}

fn measure(kind: &str, case: &Case, read: &dyn Fn(&str) -> usize) {
    let mut cells = String::new();
    for part in [case.bytes / 4, case.bytes / 2, case.bytes] {
        let text = (case.text)(part);
        let begun = Instant::now();
        let found = black_box(read(&text));
        let _ = write!(cells, "{:>8.0} ms", begun.elapsed().as_secs_f64() * 1_000.0);
        if part == case.bytes {
            let _ = write!(cells, "   {:>9} bytes  {found:>6} found", text.len());
        }
    }
    println!("{kind:<7} {:<38}{cells}", case.name);
}

fn main() {
    let only: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|word| name.contains(word.as_str()));
    let day = NaiveDate::from_ymd_opt(2024, 8, 21).unwrap_or_default();
    println!("{:<46}{:>11}{:>11}{:>11}", "", "a quarter", "a half", "all");
    for case in REPORTS.iter().filter(|case| wanted(case.name)) {
        measure("report", case, &|text| {
            let reading = read_report(text, Shanghai, day);
            reading.events.len() + reading.figures.len() + reading.incident_counts.len()
        });
    }
    for case in LINES.iter().filter(|case| wanted(case.name)) {
        measure("line", case, &|text| {
            capture::split(text).iter().map(|piece| capture::read_line(piece, &context()).spans.len()).sum()
        });
    }
    if wanted("ordinary lines") {
        let lines: Vec<String> =
            (0..50_000).map(|i| LINE.replacen("08/19", &format!("08/{:02}", i % 28 + 1), 1)).collect();
        let begun = Instant::now();
        let found: usize = lines.iter().map(|line| black_box(capture::read_line(line, &context()).spans.len())).sum();
        println!("line    50,000 ordinary lines{:>32.0} ms   {found} spans", begun.elapsed().as_secs_f64() * 1_000.0);
    }
}
