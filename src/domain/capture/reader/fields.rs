//! The fields of the draft from what the clauses told.

use std::ops::Range;

use super::Reader;
use crate::domain::{
    capture::{
        causes,
        draft::{Assumption, DraftEvent, DraftField, ImpactKind},
        event_text::Anatomy,
        labels::FieldKey,
        narrative, outcomes,
        pieces::{Piece, join},
        quantities,
        times::TimeToken,
        wording::{cause_within, strip_recovery_lead},
    },
    text::Folded,
};

/// Words between a cause and what followed from it.
const LEADS_TO: [&str; 5] = ["导致", "致使", "造成", "使得", "引发"];

impl Reader<'_> {
    pub(super) fn finish(mut self, masked: &Folded, original: &str, base: usize) -> (DraftEvent, Anatomy) {
        self.read_symptom_and_cause(masked);
        let impacts = std::mem::take(&mut self.impacts);
        self.draft.impact = self.take(DraftField::Impact, &impacts, None);
        self.read_numbers(masked, &impacts);
        let recoveries: Vec<Piece> = std::mem::take(&mut self.recoveries)
            .into_iter()
            .map(|piece| match strip_recovery_lead(&piece.words) {
                words if words.len() == piece.words.len() => piece,
                words => piece.part(masked, words),
            })
            .filter(|piece| !piece.words.is_empty())
            .collect();
        if !(self.ongoing && self.draft.recovered.is_none()) {
            self.draft.recovery = self.take(DraftField::Recovery, &recoveries, None);
        }
        if self.draft.severity.is_none()
            && let Some((label, range)) = self.grade.take()
        {
            self.draft.severity = Some(label);
            self.span(DraftField::Severity, &range, None);
        }
        // A time that nobody can place stays in the sentence.
        let leading: Vec<TimeToken> = [self.date_token, self.first, self.range_end]
            .into_iter()
            .flatten()
            .filter(|_| self.draft.occurred.is_some())
            .filter_map(|index| self.tokens.get(index).cloned())
            .collect();
        let is_blank = |index: usize| {
            let at = self.text.offset(index).saturating_sub(base);
            let c = original.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
        };
        let sentence = narrative::of(self.text, &leading, self.mark.as_ref(), &self.event.hidden, &is_blank);
        self.draft.narrative = sentence.words(original, base, self.text);
        for range in sentence.kept() {
            self.span(DraftField::Narrative, range, None);
        }
        let time = self.first.and_then(|first| self.tokens.get(first)).map(|token| {
            let end = self.range_end.and_then(|index| self.tokens.get(index)).map_or(token.range.end, |t| t.range.end);
            token.range.start..end
        });
        // A mark that is added goes behind the words, not into the code or behind the quotes below them.
        let mut below: Vec<&Range<usize>> = self.event.fenced.iter().chain(&self.event.hidden).collect();
        below.sort_by_key(|range| range.end);
        let floor = leading.last().map_or(0, |token| token.range.end).min(sentence.range.start);
        let mut end = sentence.range.end;
        loop {
            if let Some(range) = below.pop_if(|range| range.end >= end) {
                end = end.min(range.start.max(floor));
            } else if end > floor && self.text.at(end - 1).is_whitespace() {
                end -= 1;
            } else {
                break;
            }
        }
        let narrative = sentence.range.start.min(end)..end;
        (self.draft, Anatomy { time, mark: self.mark, narrative })
    }

    fn read_symptom_and_cause(&mut self, masked: &Folded) {
        let mut summary = self.leading_symptoms();
        let has_symptoms = !summary.is_empty();
        let mut cause: Vec<Piece> = self
            .causes
            .iter()
            .find_map(|piece| causes::cause_of(&piece.words).map(|cause| piece.part(masked, cause)))
            .into_iter()
            .collect();
        let mut assumption = None;
        let mut cause_words = None;
        if let Some(consequence) = self.consequences.first().cloned() {
            if has_symptoms && self.causes.is_empty() {
                // What was told before `导致…` is the cause of it.
                cause_words = Some(causes::cause_of(&join(&summary)).unwrap_or_default().to_owned());
                cause.clone_from(&summary);
                summary.push(consequence);
            } else if !has_symptoms {
                let plain = LEADS_TO.iter().find_map(|lead| consequence.words.strip_prefix(lead));
                summary.push(plain.map_or_else(|| consequence.clone(), |plain| consequence.part(masked, plain)));
            }
        }
        if cause.is_empty() && self.causes.is_empty() {
            cause.extend(summary.first().and_then(|piece| {
                let words = cause_within(&piece.words)?;
                Some(piece.part(masked, words))
            }));
        }
        if cause.is_empty() && self.causes.is_empty() {
            // Numbers tell how much rather than why.
            let mut likely: Vec<&Piece> =
                self.remarks.iter().filter(|piece| outcomes::may_be_cause(&piece.words)).collect();
            likely.sort_by_key(|piece| piece.words.contains(|c: char| c.is_ascii_digit()));
            cause.extend(likely.into_iter().find_map(|piece| {
                let words = causes::cause_of(&piece.words)?;
                Some(piece.part(masked, words))
            }));
        }
        if summary.is_empty()
            && let Some(title) = self.event.title.clone()
        {
            assumption = Some(Assumption::OtherField);
            summary.push(Piece::of(masked, &title));
        }
        if summary.is_empty()
            && let Some(impact) = self.impacts.first().cloned()
            && self.field(FieldKey::Impact).is_none()
        {
            assumption = Some(Assumption::OtherField);
            summary.push(impact);
        }
        self.draft.summary = self.take(DraftField::Summary, &summary, assumption);
        self.symptom = summary.last().map(|piece| piece.range.clone());
        let words = cause_words.unwrap_or_else(|| join(&cause));
        if !words.is_empty() {
            self.draft.cause = Some(words);
            for piece in &cause {
                self.span(DraftField::Cause, &piece.range, None);
            }
        }
    }

    /// The symptoms before anything else is told.
    fn leading_symptoms(&self) -> Vec<Piece> {
        let first_other = [&self.impacts, &self.causes, &self.recoveries, &self.consequences]
            .into_iter()
            .filter_map(|list| list.first())
            .map(|piece| piece.range.start)
            .min()
            .unwrap_or(usize::MAX);
        let labelled = self.field(FieldKey::Summary);
        let before: Vec<Piece> = self
            .symptoms
            .iter()
            .filter(|piece| {
                piece.range.start < first_other
                    || labelled.as_ref().is_some_and(|l| l.start <= piece.range.start && piece.range.end <= l.end)
            })
            .cloned()
            .collect();
        if before.is_empty() { self.symptoms.iter().take(1).cloned().collect() } else { before }
    }

    /// The numbers of impact clauses: the first of each kind, those behind 影响, 涉及, 共计 first.
    fn read_numbers(&mut self, masked: &Folded, impacts: &[Piece]) {
        let mut all = Vec::new();
        let (complaints, others): (Vec<&Piece>, Vec<&Piece>) =
            impacts.iter().partition(|piece| outcomes::is_complaints(&piece.words));
        for piece in others.into_iter().chain(complaints) {
            let range = &piece.range;
            let key = (range.start + 1..range.end)
                .find(|at| masked.any(*at, &["影响", "涉及", "共计", "受影响"]).is_some())
                .unwrap_or(range.start);
            all.extend(quantities::scan_in(masked, key..range.end));
            all.extend(quantities::scan_in(masked, range.start..key));
        }
        // `影响 2 批共 12,440 笔`: the sum counts before its parts.
        all.sort_by_key(|found| usize::from(!is_sum(masked, found)));
        for (kind, field) in [
            (ImpactKind::Count, DraftField::AffectedCount),
            (ImpactKind::Users, DraftField::AffectedUsers),
            (ImpactKind::Amount, DraftField::AffectedAmount),
        ] {
            let Some(found) = all.iter().find(|found| found.impact.kind == kind) else { continue };
            self.draft.impacts.push(found.impact.clone());
            self.span(field, &found.range, found.is_lower.then_some(Assumption::LowerNumber));
        }
        self.read_number_of_symptom(masked);
    }

    /// `预约还款扣款漏跑 2,046 笔`: the number at the end of the symptom, where no impact tells one.
    fn read_number_of_symptom(&mut self, masked: &Folded) {
        let has = |kind| self.draft.impacts.iter().any(|impact| impact.kind == kind);
        if has(ImpactKind::Count) || has(ImpactKind::Users) {
            return;
        }
        let Some(range) = self.symptom.clone() else { return };
        let found = quantities::scan_in(masked, range.clone());
        if let Some(last) = found.last().filter(|last| last.range.end >= range.end && last.impact.number > 1)
            && last.impact.kind != ImpactKind::Amount
        {
            self.draft.impacts.insert(0, last.impact.clone());
            self.span(last.impact.kind.field(), &last.range, last.is_lower.then_some(Assumption::LowerNumber));
        }
    }

    /// A text field from its pieces.
    fn take(&mut self, field: DraftField, pieces: &[Piece], assumption: Option<Assumption>) -> Option<String> {
        let text = join(pieces);
        if text.is_empty() {
            return None;
        }
        for piece in pieces {
            self.span(field, &piece.range, assumption);
        }
        Some(text)
    }
}

/// Whether 共, 合计 stands directly in front of a number.
fn is_sum(text: &Folded, found: &quantities::Found) -> bool {
    let mut end = found.range.start;
    while end > 0 && matches!(text.at(end - 1), ' ' | '约' | '近' | '计') {
        end -= 1;
    }
    end > 0 && matches!(text.at(end - 1), '共' | '合')
}
