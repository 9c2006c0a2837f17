//! The updates of an incident and the stages that they name.

use chrono::{DateTime, Utc};

/// How far an incident is, as its update says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Someone is on it.
    Investigating,
    /// The cause is found.
    Identified,
    /// A remedy is in place and is watched.
    Monitoring,
    /// It is over.
    Resolved,
    /// What was learnt, after the end.
    Postmortem,
    /// A stage of planned work.
    Maintenance,
    /// Nothing of these.
    Other,
}

impl Stage {
    /// The stage that a status page's word names.
    pub(super) fn of(word: &str) -> Self {
        let word = word
            .trim()
            .trim_matches(['*', '_', '[', ']', '【', '】', ':', '：'])
            .to_lowercase()
            .replace(['_', '-'], " ");
        match word.trim() {
            "investigating" | "调查中" | "排查中" | "正在调查" | "正在排查" => Self::Investigating,
            "identified" | "已定位" | "已确认" | "已发现" => Self::Identified,
            "monitoring" | "watching" | "观察中" | "监控中" | "监测中" => Self::Monitoring,
            "resolved" | "fixed" | "closed" | "已解决" | "已恢复" | "已修复" | "恢复" => Self::Resolved,
            "postmortem" | "post mortem" | "复盘" | "事后分析" => Self::Postmortem,
            "scheduled" | "in progress" | "inprogress" | "verifying" | "completed" | "已计划" | "维护中" => {
                Self::Maintenance
            }
            _ => Self::Other,
        }
    }

    /// Whether it says how things stand; an update or a postmortem does not.
    pub(super) const fn is_state(self) -> bool {
        matches!(self, Self::Investigating | Self::Identified | Self::Monitoring | Self::Resolved)
    }
}

/// One update, in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Update {
    /// When it was published.
    pub at: DateTime<Utc>,
    /// The stage it names.
    pub stage: Stage,
    /// The word for it, as written.
    pub label: String,
    /// What it says.
    pub text: String,
}

impl Update {
    /// An update under the word `label`.
    pub(super) fn new(at: DateTime<Utc>, label: &str, text: String) -> Self {
        let label = super::plain::bounded(&super::plain::line(label), 60);
        Self { at, stage: Stage::of(&label), label, text }
    }
}
