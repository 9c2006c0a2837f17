//! How long putting the sections back takes: `cargo bench --bench splice`. Prints one row per input, beside reading the
//! same document. Never fails on time.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints a table")]

use std::{hint::black_box, time::Instant};

use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use fupan::domain::{
    capture::draft::Mark,
    report::{read_report, splice, splice::SpliceContent, style::ReportStyle},
};

const LINE: &str =
    "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】";

fn report(events: usize, rest: usize) -> String {
    let rest_line = "- 项目进展：完成 80%，08/21 15:00 上线，重构支付路由模块\n";
    format!(
        "# 2024-W34\n\n## 系统运行数据\n\n- 入金有效成功率：99.998%\n\n## 生产事件\n\n{}\n\n## 其他\n\n{}",
        format!("{LINE}\n\n").repeat(events),
        rest_line.repeat(rest / rest_line.len())
    )
}

fn main() {
    let today = NaiveDate::from_ymd_opt(2024, 8, 21).unwrap_or_default();
    println!("{:40} {:>9} {:>9} {:>9} {:>7}", "input", "bytes", "read ms", "splice ms", "ratio");
    for (name, document) in [
        ("3 events in 10 MB of other text", report(3, 10_000_000)),
        ("5,000 events in 10 MB", report(5_000, 9_000_000)),
        ("60,000 events, 10 MB", report(60_000, 0)),
    ] {
        let begun = Instant::now();
        let reading = read_report(&document, Shanghai, today);
        let read = begun.elapsed();
        let mut content = SpliceContent::as_read(&reading);
        for event in content.events.iter_mut().step_by(3) {
            event.event.mark = Mark::Done;
        }
        let week = reading.week.unwrap();
        let begun = Instant::now();
        black_box(splice(&document, &reading, &ReportStyle::default(), week, Shanghai, &content).unwrap());
        let spliced = begun.elapsed();
        println!(
            "{name:40} {:>9} {:>9} {:>9} {:>7.2}",
            document.len(),
            read.as_millis(),
            spliced.as_millis(),
            spliced.as_secs_f64() / read.as_secs_f64()
        );
    }
}
