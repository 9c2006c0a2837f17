//! The clock points between beginning and end: 发现, 响应, 定位, 止损.

use super::Reader;
use crate::domain::{
    capture::draft::{Assumption, DraftEvent, DraftField},
    clock_point::ClockPoint,
};

impl Reader<'_> {
    /// `10:10 响应`: a clock point and nothing else.
    pub(super) fn is_stage(&mut self, words: &str, index: usize) -> bool {
        let field = match words {
            "发现" | "告警" | "监控发现" | "监控告警" => DraftField::DetectedAt,
            "响应" | "值班响应" | "介入" | "值班介入" | "到位" => DraftField::AcknowledgedAt,
            "定位" | "定位原因" | "定位问题" => DraftField::LocatedAt,
            "止损" | "完成止损" => DraftField::MitigatedAt,
            _ => return false,
        };
        if self.draft.point(field).is_none() {
            self.set_point(field, index, None);
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
        ["持续到", "持续至", "直到", "直至", "until", "till"]
            .iter()
            .any(|word| end.checked_sub(word.chars().count()).is_some_and(|start| self.text.has(start, word)))
    }
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
