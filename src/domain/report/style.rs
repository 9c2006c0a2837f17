//! The style a team writes its report in, learned from a document; by default that of the reference report.

use serde::{Deserialize, Serialize};

use super::reading::{Layout, ReportReading};

/// How the sections are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportStyle {
    /// Heading line of the figures section.
    pub figures_heading: String,
    /// Heading line of the events section.
    pub events_heading: String,
    /// What stands in front of a figure.
    pub bullet: String,
    /// What stands between name and value.
    pub colon: String,
    /// What stands before the counts.
    pub counts_label: String,
    /// How an event is written.
    pub layout: Layout,
    /// Events are numbered.
    pub numbered: bool,
    /// Mark while the postmortem is owed.
    pub pending: String,
    /// Mark once it is done.
    pub done: String,
    /// Mark when none is required; empty for none.
    pub not_required: String,
}

impl Default for ReportStyle {
    fn default() -> Self {
        Self {
            figures_heading: "## 【系统运行数据】".to_owned(),
            events_heading: "## 【生产事件】".to_owned(),
            bullet: "- ".to_owned(),
            colon: "：".to_owned(),
            counts_label: "事故数".to_owned(),
            layout: Layout::DateLine,
            numbered: false,
            pending: "【待复盘】".to_owned(),
            done: "【已复盘】".to_owned(),
            not_required: String::new(),
        }
    }
}

impl ReportStyle {
    /// The style of a document; what it does not show is that of the house.
    pub fn learn(document: &str, reading: &ReportReading) -> Self {
        let mut style = Self::default();
        let slice = |range: &std::ops::Range<usize>| {
            document.get(range.clone()).map(|text| text.trim_start_matches('\u{feff}').trim_end().to_owned())
        };
        if let Some(heading) = reading.figures_section.as_ref().and_then(|section| slice(&section.heading)) {
            style.figures_heading = heading;
        }
        if let Some(heading) = reading.events_section.as_ref().and_then(|section| slice(&section.heading)) {
            style.events_heading = heading;
        }
        if let Some(event) = reading.events.first() {
            style.layout = if event.layout == Layout::DateLine { Layout::DateLine } else { Layout::Inline };
            let start = event.raw.trim_start();
            style.numbered = start.starts_with(|c: char| c.is_ascii_digit())
                && start.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". ");
        }
        style
    }
}
