//! Putting one event's text together into a draft: first the times, then what each clause says, then the fields.

mod beginning;
mod clauses;
mod fields;
mod recovery;
mod stages;

use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    draft::{Assumption, CaptureContext, DateAnchor, DraftEvent, DraftField, Mark, Origin, Span},
    event_text::{Anatomy, EventText},
    labels::{FieldKey, field_key},
    marks::{self, FoundMark},
    pieces::{Piece, mask},
    times::{self, TimeToken},
    wording::skip_list_marker,
};
use crate::domain::text::Folded;

/// An instant that a time of the text stands for, and what was assumed for it.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: DateTime<Utc>,
    assumption: Option<Assumption>,
}

pub(super) struct Reader<'a> {
    text: &'a Folded,
    event: &'a EventText,
    context: &'a CaptureContext,
    /// The date of a heading above.
    date: Option<NaiveDate>,
    /// Running text (no key) and labelled parts, in the order of the text.
    parts: Vec<(Option<FieldKey>, Range<usize>)>,
    tokens: Vec<TimeToken>,
    /// The label directly in front of each token: `恢复时间 06/05 14:33`.
    labels: Vec<Option<(FieldKey, Range<usize>)>>,
    /// Index of the token of the beginning, of its date where that stands apart, and of the end of its range.
    first: Option<usize>,
    date_token: Option<usize>,
    range_end: Option<usize>,
    /// What looks like a date in front of the first time and is none.
    false_date: Option<Range<usize>>,
    mark: Option<FoundMark>,
    grade: Option<(String, Range<usize>)>,
    draft: DraftEvent,
    beginning: Option<NaiveDate>,
    symptoms: Vec<Piece>,
    consequences: Vec<Piece>,
    impacts: Vec<Piece>,
    causes: Vec<Piece>,
    recoveries: Vec<Piece>,
    /// What was told behind the symptom and is nothing else: often the cause without a word for it.
    remarks: Vec<Piece>,
    ongoing: bool,
    /// Where the symptom was told last.
    symptom: Option<Range<usize>>,
    /// The token of full recovery, as far as the clauses tell.
    well_at: Option<usize>,
    /// The token of the last action that puts an end to a fault, as long as no outcome is told.
    last_action: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        text: &'a Folded,
        event: &'a EventText,
        context: &'a CaptureContext,
        date: Option<NaiveDate>,
    ) -> Self {
        let mut parts: Vec<(Option<FieldKey>, Range<usize>)> =
            event.body.iter().map(|range| (None, range.clone())).collect();
        parts.extend(event.fields.iter().map(|(key, range)| (Some(*key), range.clone())));
        parts.sort_by_key(|(_, range)| range.start);
        let inside = |range: &Range<usize>| {
            let behind = parts.partition_point(|(_, part)| part.start <= range.start);
            behind.checked_sub(1).and_then(|at| parts.get(at)).is_some_and(|(_, part)| range.end <= part.end)
        };
        let mut tokens: Vec<TimeToken> = times::scan(text).into_iter().filter(|token| inside(&token.range)).collect();
        for excerpt in excerpts(text, &tokens) {
            tokens.retain(|token| token.range.end <= excerpt.start || excerpt.end <= token.range.start);
        }
        if date.is_none()
            && let Some(body) = event.body.first()
            && let Some(token) = times::told_from_now(text, skip_list_marker(text, body.clone()))
                .or_else(|| begun_a_while_ago(text, body).filter(|_| tokens.is_empty()))
            && tokens.first().is_none_or(|first| first.range.start >= token.range.end)
            && token.date.is_some_and(|words| match words {
                times::DateWords::SecondsAgo(_) => matches!(context.anchor, DateAnchor::LatestPast(_)),
                words => times::resolve_date(words, context, date).is_some(),
            })
        {
            tokens.insert(0, token);
        }
        let labels = tokens.iter().map(|token| label_before(text, token)).collect();
        Self {
            text,
            event,
            context,
            date,
            parts,
            tokens,
            labels,
            first: None,
            date_token: None,
            range_end: None,
            false_date: None,
            mark: None,
            grade: marks::severity(text),
            draft: DraftEvent::default(),
            beginning: None,
            symptoms: Vec::new(),
            consequences: Vec::new(),
            impacts: Vec::new(),
            causes: Vec::new(),
            recoveries: Vec::new(),
            remarks: Vec::new(),
            ongoing: false,
            symptom: None,
            well_at: None,
            last_action: None,
        }
    }

    /// `original` holds, from byte `base` of its document on, what the text was folded from.
    pub(super) fn read(mut self, original: &str, base: usize) -> (DraftEvent, Anatomy) {
        self.read_times();
        self.read_mark();
        let masked = self.masked();
        self.read_parts(&masked);
        self.read_recovery_time();
        self.finish(&masked, original, base)
    }

    fn field(&self, key: FieldKey) -> Option<Range<usize>> {
        self.event.fields.iter().find(|(have, _)| *have == key).map(|(_, range)| range.clone())
    }

    /// The tokens that lie in a range, as a range of indices.
    fn tokens_in(&self, range: &Range<usize>) -> Range<usize> {
        let from = self.tokens.partition_point(|token| token.range.start < range.start);
        let to = self.tokens.partition_point(|token| token.range.end <= range.end);
        from..to.max(from)
    }

    fn has_time(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.seconds.is_some())
    }

    /// The token with such a label directly in front: `恢复时间 06/05 14:33`.
    fn token_labelled(&self, key: FieldKey) -> Option<usize> {
        self.labels
            .iter()
            .enumerate()
            .position(|(index, label)| label.as_ref().is_some_and(|(have, _)| *have == key) && self.has_time(index))
    }

    /// Records where a field was read.
    fn span(&mut self, field: DraftField, range: &Range<usize>, assumption: Option<Assumption>) {
        let origin = if assumption.is_some() { Origin::Assumed } else { Origin::Stated };
        self.draft.spans.push(Span { field, range: self.text.bytes(range), origin, assumption });
    }

    /// Records that a field was read from the token at `index`.
    fn span_of_token(&mut self, field: DraftField, index: usize, assumption: Option<Assumption>) {
        if let Some(range) = self.tokens.get(index).map(|token| token.range.clone()) {
            self.span(field, &range, assumption);
        }
    }

    fn read_mark(&mut self) {
        if let Some(range) = self.field(FieldKey::Mark) {
            let words = self.text.text(range.clone());
            let trimmed = range.start..range.start + words.trim_end().chars().count();
            let mark = marks::meaning_of_value(&words);
            if mark != Mark::Unknown {
                let (inner, range) = (trimmed.clone(), trimmed);
                self.mark = Some(FoundMark { mark, range, inner });
            }
        }
        if self.mark.is_none() {
            self.mark = if self.event.fenced.is_empty() {
                marks::find(self.text)
            } else {
                let mut window = self.text.clone();
                for fence in &self.event.fenced {
                    window.put(fence, ' ');
                }
                marks::find(&window)
            };
        }
        if let Some(found) = self.mark.clone() {
            self.draft.mark = found.mark;
            self.span(DraftField::Mark, &found.range, None);
        }
    }

    /// The text without what was read already.
    fn masked(&self) -> Folded {
        let mut masked = self.text.clone();
        let mut before = 0;
        let points = self.points_between_blanks();
        for (index, (token, label)) in self.tokens.iter().zip(&self.labels).enumerate() {
            if points.contains(&index) {
                // The blank in front stands for a comma.
                masked.put(&(token.range.start - 1..token.range.start), '\t');
                mask(&mut masked, &token.range);
                before = token.range.end;
                continue;
            }
            let between = self.text.chars(before..token.range.start);
            let is_range =
                token.ends_range || before > 0 && between.len() == 1 && matches!(between, ['-' | '~' | '至' | '到']);
            let from = if is_range { before } else { self.preposition_before(token) };
            let (from, to) = self.with_blanks(from, token.range.end);
            mask(&mut masked, &(from..to));
            before = token.range.end;
            if let Some((_, label)) = label {
                mask(&mut masked, label);
            }
        }
        if let Some(range) = &self.false_date {
            mask(&mut masked, range);
        }
        for aside in durations_in_brackets(self.text) {
            mask(&mut masked, &aside);
        }
        let first_time = self.first.and_then(|first| self.tokens.get(first)).map_or(0, |token| token.range.start);
        if let Some((_, label)) = &self.grade
            && label.start < first_time
        {
            // A grade in front of the time is a label of the event, not a word of its sentence.
            let open = label.start.checked_sub(1).filter(|i| matches!(self.text.at(*i), '【' | '[' | '('));
            let close = Some(label.end).filter(|i| matches!(self.text.at(*i), '】' | ']' | ')'));
            let named = label.end + self.text.any(label.end, &["事件", "故障", "事故"]).unwrap_or(0);
            mask(&mut masked, &(open.unwrap_or(label.start)..close.map_or(named, |i| i + 1)));
        }
        if let Some((_, label)) = &self.grade
            && label.start >= first_time
            && self.is_label_only(label)
        {
            mask(&mut masked, label);
        }
        if let Some(mark) = &self.mark {
            mask(&mut masked, &mark.range);
        }
        for grade in marks::grades_in_brackets(self.text) {
            mask(&mut masked, &grade);
        }
        if let Some(brackets) = self.brackets_of_beginning() {
            mask(&mut masked, &brackets);
        }
        masked
    }

    /// `03:02 P2 出金失败`, `出金失败 P2`: a grade right behind a time or behind everything is no word of the sentence.
    fn is_label_only(&self, label: &Range<usize>) -> bool {
        let text = self.text;
        let free = |c: char| c.is_whitespace() || matches!(c, '，' | ',' | ':' | '|' | '。' | '；' | '.');
        if !free(text.at(label.end)) || label.start == 0 || !free(text.at(label.start - 1)) {
            return false;
        }
        let mut from = label.start;
        while from > 0 && free(text.at(from - 1)) {
            from -= 1;
        }
        let behind_time = self.tokens.iter().any(|token| token.range.end == from);
        let mark = self.mark.as_ref().map_or(text.len(), |mark| mark.range.start);
        behind_time || (label.end..mark.max(label.end)).all(|i| free(text.at(i)))
    }

    /// `（实际自 16:30 发布起）` in the middle: brackets that only tell when it began.
    fn brackets_of_beginning(&self) -> Option<Range<usize>> {
        const LONGEST: usize = 12;
        let time = self.first.filter(|first| *first > 0).and_then(|first| self.tokens.get(first))?.range.clone();
        let open = (time.start.saturating_sub(LONGEST)..time.start).rev().find(|i| self.text.at(*i) == '(')?;
        let close = self.text.find(time.end..time.end + LONGEST, ')')?;
        Some(open..close + 1)
    }

    /// Blanks around a time between Chinese words belong to it: `监控于 17:08 发现`.
    fn with_blanks(&self, from: usize, to: usize) -> (usize, usize) {
        let text = self.text;
        let mut start = from;
        while start > 0 && text.at(start - 1) == ' ' {
            start -= 1;
        }
        let end = text.skip_blanks(to);
        let is_word = |c: char| c.is_alphabetic() && !c.is_ascii();
        let chinese = start > 0 && is_word(text.at(start - 1)) && is_word(text.at(end));
        // `renewed at 22:05 and …`: one blank is enough.
        if from > 0 && text.at(from - 1) == ' ' && text.at(to) == ' ' && text.at(to + 1).is_ascii_alphanumeric() {
            return (from, to + 1);
        }
        // Two blanks stand for a comma.
        if chinese && from - start <= 1 && end - to <= 1 { (start, end) } else { (from, to) }
    }

    /// Where a preposition of the time begins, `at 09:45`, `于 8/12 17:08`; else the time itself.
    fn preposition_before(&self, token: &TimeToken) -> usize {
        let start = token.range.start;
        let text = self.text;
        let mut end = start;
        while end > 0 && text.at(end - 1) == ' ' && start - end < 2 {
            end -= 1;
        }
        for word in ["between", "around", "about", "from", "at", "on", "by", "于"] {
            if let Some(from) = text.before(end, word)
                && (from == 0 || !text.at(from - 1).is_ascii_alphanumeric())
                && (end < start || !word.is_ascii())
            {
                return from;
            }
        }
        start
    }
}

/// Inline code with more than times in it: `` `15:02:11 ERROR timeout` ``. A time alone is only set off by it.
fn excerpts(text: &Folded, tokens: &[TimeToken]) -> Vec<Range<usize>> {
    const LONGEST: usize = 300;
    let mut found = Vec::new();
    let mut index = 0;
    while let Some(open) = text.find(index..text.len(), '`') {
        let inner = open + 1;
        let limit = text.find(inner..inner + LONGEST, '\n').unwrap_or(inner + LONGEST);
        let Some(close) = text.find(inner..limit, '`') else {
            index = inner;
            continue;
        };
        let first = tokens.partition_point(|token| token.range.start < inner);
        let within: Vec<&TimeToken> = tokens.iter().skip(first).take_while(|token| token.range.end <= close).collect();
        let is_word = |i: usize| text.at(i).is_alphanumeric() && !within.iter().any(|token| token.range.contains(&i));
        if !within.is_empty() && (inner..close).any(is_word) {
            found.push(inner..close);
        }
        index = close + 1;
    }
    found
}

/// `支付失败，10分钟前开始`: a clause that tells when it began.
fn begun_a_while_ago(text: &Folded, body: &Range<usize>) -> Option<TimeToken> {
    if !text.contains("开始") {
        return None;
    }
    body.clone().skip(1).filter(|i| matches!(text.at(i - 1), '，' | ',' | '。' | '；' | ' ')).find_map(|i| {
        let token = times::told_from_now(text, i)?;
        let begun = token.range.end.checked_sub(2).is_some_and(|at| text.has(at, "开始"));
        (begun && matches!(token.date, Some(times::DateWords::SecondsAgo(_)))).then_some(token)
    })
}

/// The label of a time directly in front of it.
fn label_before(text: &Folded, token: &TimeToken) -> Option<(FieldKey, Range<usize>)> {
    let mut end = token.range.start;
    while end > 0 && matches!(text.at(end - 1), ' ' | ':' | '为' | '是') {
        end -= 1;
    }
    (2..=6).rev().find_map(|length| {
        let start = end.checked_sub(length)?;
        let free = start == 0
            || matches!(text.at(start - 1), ' ' | '，' | ',' | '；' | ';' | '。' | '\n' | '【' | '(' | '[' | '-' | '|');
        let key = free.then(|| field_key(&text.text(start..end))).flatten()?;
        matches!(key, FieldKey::OccurredAt | FieldKey::RecoveredAt).then_some((key, start..end))
    })
}

/// `(持续40分钟)`: brackets around nothing but a duration.
fn durations_in_brackets(text: &Folded) -> Vec<Range<usize>> {
    const LONGEST: usize = 24;
    let mut found = Vec::new();
    for open in (0..text.len()).filter(|i| text.at(*i) == '(') {
        let Some(close) = text.find(open + 1..open + LONGEST, ')') else { continue };
        let inner = text.text(open + 1..close);
        let rest = inner.trim_start_matches(['约', '共', '近']);
        let lasting = ["持续", "历时", "时长", "耗时", "lasted", "duration"].iter().any(|word| rest.starts_with(word));
        if (lasting || rest.starts_with(|c: char| c.is_ascii_digit())) && times::is_duration(&inner) {
            found.push(open..close + 1);
        }
    }
    found
}
