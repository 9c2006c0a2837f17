//! How long putting the sections back takes: `cargo bench --bench splice`. Prints one row per input, beside reading the
//! same document. Never fails on time.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints a table")]

use std::{fmt::Write as _, hint::black_box, time::Instant};

use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use fupan::domain::{
    capture::draft::Mark,
    report::{read_report, splice, splice::SpliceContent, style::ReportStyle},
};

const LINE: &str =
    "客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】";

fn report(events: usize, rest: usize) -> String {
    let rest_line = "- 项目进展：完成 80%，08/21 15:00 上线，重构支付路由模块\n";
    let mut told = String::new();
    for index in 0..events {
        let _ = write!(told, "08/{} {:02}:{:02} {LINE}\n\n", 19 + index % 6, index / 60 % 15, index % 60);
    }
    let rest = rest_line.repeat(rest / rest_line.len());
    format!("# 2024-W34\n\n## 系统运行数据\n\n- 入金有效成功率：99.998%\n\n## 生产事件\n\n{told}\n\n## 其他\n\n{rest}")
}

/// The shortest of three runs, in milliseconds: other programs only ever make a run longer.
fn best<T>(mut run: impl FnMut() -> T) -> u128 {
    let timed = |_| {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed().as_millis()
    };
    (0..3).map(timed).min().unwrap_or_default()
}

fn main() {
    let today = NaiveDate::from_ymd_opt(2024, 8, 21).unwrap_or_default();
    println!("{:44} {:>9} {:>8} {:>9} {:>6}", "input", "bytes", "read ms", "splice ms", "both");
    let (some, many, all) = (report(3, 10_000_000), report(5_000, 9_000_000), report(60_000, 0));
    for (name, document, step) in [
        ("3 events in 10 MB of other text, 1 changed", &some, 3),
        ("5,000 events in 10 MB, every third changed", &many, 3),
        ("60,000 events, 10 MB, nothing changed", &all, usize::MAX),
        ("60,000 events, 10 MB, one changed", &all, 60_000),
        ("60,000 events, 10 MB, every third changed", &all, 3),
        ("60,000 events, 10 MB, all changed", &all, 1),
    ] {
        let reading = read_report(document, Shanghai, today);
        let mut content = SpliceContent::as_read(&reading);
        for event in content.events.iter_mut().step_by(step).filter(|_| step < usize::MAX) {
            event.event.to_mut().mark = Mark::Done;
        }
        let week = reading.week.unwrap();
        let read = best(|| read_report(document, Shanghai, today));
        let spliced = best(|| splice(document, &reading, &ReportStyle::default(), week, Shanghai, &content).unwrap());
        println!("{name:44} {:>9} {read:>8} {spliced:>9} {:>6}", document.len(), read + spliced);
    }
}
