//! The clock points between beginning and end: 发现, 响应, 定位, 止损.

use super::Reader;
use crate::domain::{
    capture::draft::{Assumption, DraftEvent, DraftField},
    clock_point::ClockPoint,
};

impl Reader<'_> {
    /// `10:10 响应`: a clock point and nothing else.
    pub(super) fn is_stage(&mut self, words: &str, index: usize) -> bool {
        let Some(field) = stage_of(words) else { return false };
        if self.draft.point(field).is_none() {
            self.set_point(field, index, None);
        }
        true
    }

    /// `14:32 发现 → 14:40 响应`: the time of the beginning is that of a stage too.
    pub(super) fn is_first_stage(&mut self, words: &str) -> bool {
        let Some(field) = stage_of(words) else { return false };
        if let (Some(first), Some(occurred)) = (self.first, self.draft.occurred)
            && let Some(point) = self.draft.point_mut(field)
        {
            *point = point.or(Some(occurred));
            self.span_of_token(field, first, None);
        }
        true
    }

    /// Sets a clock point to the instant of a later token; `assumption` says why it is that point, where the text
    /// does not.
    pub(super) fn set_point(&mut self, field: DraftField, index: usize, assumption: Option<Assumption>) {
        let Some(moment) = self.later(index) else { return };
        if let Some(point) = self.draft.point_mut(field) {
            *point = Some(ClockPoint::minute(moment.at));
            self.draft.spans.retain(|span| span.field != field);
            self.span_of_token(field, index, assumption.or(moment.assumption));
        }
    }

    /// `持续到10:45`, `down until 10:20`: the time is the end.
    pub(super) fn is_until(&self, index: usize) -> bool {
        let Some(token) = self.tokens.get(index) else { return false };
        let mut end = token.range.start;
        while end > 0 && matches!(self.text.at(end - 1), ' ' | '约') {
            end -= 1;
        }
        let behind = |word: &str| end.checked_sub(word.chars().count()).filter(|start| self.text.has(*start, word));
        // `…，至本周一 09:20 才还原`
        let to = ["至", "到"].iter().find_map(|word| behind(word));
        ["持续到", "持续至", "直到", "直至", "until", "till"].iter().any(|word| behind(word).is_some())
            || to.is_some_and(|start| start == 0 || matches!(self.text.at(start - 1), '，' | ',' | '；' | ' '))
    }
}

/// The clock point that words name, and nothing else.
fn stage_of(words: &str) -> Option<DraftField> {
    Some(match words {
        "发现" | "告警" | "监控发现" | "监控告警" | "客服发现" | "巡检发现" | "人工发现" | "才被发现" | "被发现"
        | "报警" | "收到告警" | "触发告警" | "detected" | "alerted" => DraftField::DetectedAt,
        "响应" | "值班响应" | "介入" | "值班介入" | "到位" | "接手" | "值班接手" | "启动应急" | "acknowledged" => {
            DraftField::AcknowledgedAt
        }
        "定位" | "定位原因" | "定位问题" | "定位到原因" | "located" | "identified" => {
            DraftField::LocatedAt
        }
        "止损" | "完成止损" | "止血" | "mitigated" => DraftField::MitigatedAt,
        _ => return None,
    })
}

impl DraftEvent {
    fn point(&mut self, field: DraftField) -> Option<ClockPoint> {
        self.point_mut(field).and_then(|point| *point)
    }

    fn point_mut(&mut self, field: DraftField) -> Option<&mut Option<ClockPoint>> {
        match field {
            DraftField::DetectedAt => Some(&mut self.detected),
            DraftField::AcknowledgedAt => Some(&mut self.acknowledged),
            DraftField::LocatedAt => Some(&mut self.located),
            DraftField::MitigatedAt => Some(&mut self.mitigated),
            _ => None,
        }
    }
}
