//! When everything was well again.

use chrono::Duration;

use super::Reader;
use crate::domain::{
    capture::{
        draft::{Assumption, DraftField, Notice},
        labels::FieldKey,
        outcomes, times,
    },
    clock_point::ClockPoint,
};

impl Reader<'_> {
    /// The recovery: as stated, as the end of the range, or by a duration.
    pub(super) fn read_recovery_time(&mut self) {
        let of_field = self
            .field(FieldKey::RecoveredAt)
            .map(|range| self.tokens_in(&range))
            .filter(|tokens| !tokens.is_empty())
            .map(|tokens| tokens.start)
            .or_else(|| self.token_labelled(FieldKey::RecoveredAt).filter(|index| Some(*index) != self.first));
        let end_of_range = self.range_end.and_then(|index| self.later(index).map(|moment| (moment, index)));
        if end_of_range.is_none() {
            // What nobody can place stays in the sentence.
            self.range_end = None;
        }
        let named = of_field.or(self.well_at);
        let stated = named.and_then(|index| self.later(index).map(|moment| (moment, index)));
        if stated.is_none() {
            self.notice_before(named);
        }
        let recovered = match (stated, end_of_range) {
            (Some(stated), Some(end)) if end.0.at > stated.0.at => Some(end),
            (Some(stated), Some(end)) => {
                self.span_of_token(DraftField::RecoveredAt, end.1, None);
                Some(stated)
            }
            (stated, end) => stated.or(end),
        };
        if let Some((moment, index)) = recovered {
            self.draft.recovered = Some(ClockPoint::minute(moment.at));
            self.span_of_token(DraftField::RecoveredAt, index, moment.assumption);
            return;
        }
        if self.ongoing {
            return;
        }
        // Nobody tells of a full recovery: what was mostly well is the end that is known.
        if self.recoveries.iter().any(|piece| outcomes::is_partly(&piece.words))
            && let Some(at) = self.draft.mitigated
        {
            self.draft.recovered = Some(at);
            let from = self.draft.spans_of(DraftField::MitigatedAt).next().map(|span| span.range.clone());
            if let Some(range) = from {
                let range = self.text.index(range.start)..self.text.index(range.end);
                self.span(DraftField::RecoveredAt, &range, Some(Assumption::PartlyWell));
            }
            return;
        }
        self.read_duration();
        // `17:22 回滚`, and nothing more: what was done then ended it.
        if self.draft.recovered.is_none()
            && let Some(index) = self.last_action
            && let Some(moment) = self.later(index)
        {
            self.draft.recovered = Some(ClockPoint::minute(moment.at));
            self.span_of_token(DraftField::RecoveredAt, index, Some(Assumption::LastAction));
        }
    }

    /// Tells of a recovery that was written with a date of its own, before the beginning.
    fn notice_before(&mut self, named: Option<usize>) {
        let token = named.filter(|index| Some(*index) != self.first).and_then(|index| self.tokens.get(index));
        if let Some(token) = token.filter(|token| token.date.is_some() && token.seconds.is_some())
            && self.draft.occurred.is_some()
        {
            let text = self.text.text(token.range.clone());
            self.draft.notices.push(Notice::RecoveryBefore { text });
        }
    }

    /// `持续8分钟`: beginning and duration give the end.
    fn read_duration(&mut self) {
        let Some(occurred) = self.draft.occurred.map(|point| point.at) else { return };
        let lasted = self.text.contains("持续") && !self.text.contains("已持续") && !self.text.contains("仍");
        if !lasted && !self.recoveries.iter().any(|piece| outcomes::is_well(&piece.words)) {
            return;
        }
        if let Some((seconds, range)) = times::stated_duration_in(self.text)
            && let Some(at) = occurred.checked_add_signed(Duration::seconds(seconds))
        {
            self.draft.recovered = Some(ClockPoint::minute(at));
            self.span(DraftField::RecoveredAt, &range, Some(Assumption::Duration));
        }
    }
}
