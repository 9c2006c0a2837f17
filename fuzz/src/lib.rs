//! What the fuzz targets share. The domain layer is compiled into this crate by itself, so that a fuzz build needs
//! neither web nor database.

#[path = "../../src/domain/mod.rs"]
pub mod domain;

#[path = "../../tests/text/lossless.rs"]
pub mod lossless;

use std::time::{Duration, Instant};

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

/// A hundred kilobytes of the text, over and over, are read in a few seconds even with sanitizers on. Looked at for one
/// text of 64.
pub fn is_linear(text: &str, read: impl Fn(&str)) {
    const BYTES: usize = 100_000;
    const LIMIT: Duration = Duration::from_secs(4);
    let sum: usize = text.bytes().map(usize::from).sum();
    if text.is_empty() || sum % 64 != 0 {
        return;
    }
    let long = text.repeat(BYTES / text.len() + 1);
    // A busy machine may hold up one run, not three of them.
    let best = (0..3).find_map(|_| {
        let begun = Instant::now();
        read(&long);
        (begun.elapsed() < LIMIT).then_some(())
    });
    assert!(best.is_some(), "more than {LIMIT:?} for {} bytes, three times", long.len());
}

/// A text as the middle of a report with both sections.
pub fn document(text: &str) -> String {
    if text.contains("生产事件") {
        return text.to_owned();
    }
    format!("# 2024-W34\n\n## 系统运行数据\n\n{text}\n\n## 生产事件\n\n{text}\n\n## 其他\n\n{text}\n")
}
