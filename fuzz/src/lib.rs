//! What the fuzz targets share. The domain layer is compiled into this crate by itself, so that a fuzz build needs
//! neither web nor database.

#[path = "../../src/domain/mod.rs"]
pub mod domain;

#[path = "../../tests/text/lossless.rs"]
pub mod lossless;

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use chrono::NaiveDate;
use chrono_tz::Asia::Shanghai;
use domain::capture::draft::{CaptureContext, DateAnchor};

/// The day on which everything is read.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 8, 21).unwrap_or_default()
}

/// The context of a line that is pasted on that day.
pub fn context() -> CaptureContext {
    CaptureContext { anchor: DateAnchor::Nearest(today()), zone: Shanghai, written: Some(today()) }
}

/// A hundred kilobytes of the text, over and over, take about four times as long as a quarter of them, and never more
/// than a few seconds even with sanitizers on. Looked at for one text of 64.
///
/// The best of three runs counts: caches and other programs on the machine only ever make a run longer, so the shortest one
/// is nearest to what the reader needs, and a reader that is not linear is too slow in each of them.
pub fn is_linear(text: &str, read: impl Fn(&str)) {
    const BYTES: usize = 100_000;
    const LIMIT: Duration = Duration::from_secs(4);
    /// Below this a run says nothing about growth.
    const SHORT: Duration = Duration::from_millis(150);
    let sum: usize = text.bytes().map(usize::from).sum();
    if text.is_empty() || sum % 64 != 0 {
        return;
    }
    let best = |bytes: usize| {
        let long = text.repeat(bytes / text.len() + 1);
        let run = |_| {
            let begun = spent();
            read(&long);
            spent().saturating_sub(begun)
        };
        let first = run(0);
        // Where nothing is to be doubted one run is enough.
        if first < SHORT { first } else { (1..3).map(run).fold(first, Duration::min) }
    };
    let whole = best(BYTES);
    if whole < SHORT {
        return;
    }
    assert!(whole < LIMIT, "{whole:?} for {BYTES} bytes, at best");
    let quarter = best(BYTES / 4);
    assert!(whole < 8 * quarter + SHORT, "{quarter:?} for a quarter of {BYTES} bytes and {whole:?} for all");
}

/// How long this thread has been on a processor, where the system says it (Linux): on a busy machine the clock on the wall
/// told of a hundred times as long as the reader took.
fn spent() -> Duration {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.as_deref().and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

/// A text as the middle of a report with both sections.
pub fn document(text: &str) -> String {
    if text.contains("生产事件") {
        return text.to_owned();
    }
    format!("# 2024-W34\n\n## 系统运行数据\n\n{text}\n\n## 生产事件\n\n{text}\n\n## 其他\n\n{text}\n")
}
