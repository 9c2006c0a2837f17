//! Values of a plan as short texts that read the same in both languages.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::{
    capture::draft::{Impact, ImpactKind, Mark},
    clock_point::{ClockPoint, Precision},
};

/// `2024-08-19 15:00`, or the date alone where only that is known; empty for none.
pub fn time_word(point: Option<ClockPoint>, zone: Tz) -> String {
    let Some(point) = point else { return String::new() };
    let local = point.at.with_timezone(&zone);
    match point.precision {
        Precision::Minute => local.format("%Y-%m-%d %H:%M").to_string(),
        Precision::Day => local.format("%Y-%m-%d").to_string(),
    }
}

/// `2024-08-19 15:00`; empty for none.
pub fn instant_word(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    time_word(at.map(ClockPoint::minute), zone)
}

/// The mark as a report writes it; empty for none.
pub const fn mark_word(mark: Mark) -> &'static str {
    match mark {
        Mark::Unknown => "",
        Mark::Pending => "待复盘",
        Mark::Done => "已复盘",
        Mark::NotRequired => "无需复盘",
    }
}

/// `684笔、3家`.
pub fn impacts_word(impacts: &[Impact]) -> String {
    let one = |impact: &Impact| {
        let number = if impact.kind == ImpactKind::Amount {
            format!("{}.{:02}", impact.number / 100, (impact.number % 100).abs())
        } else {
            impact.number.to_string()
        };
        format!("{number}{}", impact.unit)
    };
    impacts.iter().map(one).collect::<Vec<_>>().join("、")
}
