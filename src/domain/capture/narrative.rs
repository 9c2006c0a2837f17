//! The sentence of an event: its text without the time in front and the mark behind.
//!
//! Nothing else is left out but white space, signs and connecting words beside the time (`:`, `，`, `至`, `自`), and
//! the comma before a bare mark, the full stop behind a mark, or `，` and `；` around a mark in a list of sentences.

use std::ops::Range;

use super::{
    marks::{self, FoundMark},
    times::TimeToken,
};
use crate::domain::text::Folded;

/// The sentence, in characters of the event's text.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// A grade, a picture or a link in front of the time; they lead the sentence.
    leads: Vec<Range<usize>>,
    /// The other parts that make the sentence, in order.
    parts: Vec<Range<usize>>,
    /// From the first character behind the time to the last one before the mark.
    pub range: Range<usize>,
}

impl Sentence {
    /// The words: `original` holds, from byte `base` of its document on, what `text` was folded from.
    pub fn words(&self, original: &str, base: usize, text: &Folded) -> String {
        let slice = |part: &Range<usize>| {
            let bytes = text.bytes(part);
            original.get(bytes.start.saturating_sub(base)..bytes.end.saturating_sub(base)).unwrap_or_default()
        };
        let mut words = String::new();
        for lead in &self.leads {
            words.push_str(slice(lead));
            // `P2 ` keeps its blank; `【C级】` needs none.
            if words.ends_with(|c: char| c != '】' && c != '）') {
                words.push(' ');
            }
        }
        for part in &self.parts {
            words.push_str(slice(part));
        }
        if words.contains('\r') { words.replace("\r\n", "\n") } else { words }
    }

    /// The parts that make the sentence, in the order of the text.
    pub fn kept(&self) -> impl Iterator<Item = &Range<usize>> {
        self.leads.iter().chain(&self.parts)
    }
}

/// The sentence of `text`, where `leading` are the time tokens in front and `hidden` are comments and signs of
/// quotation, in order. `is_blank` tells whether a character is blank in the original: pictures, links and tags are not.
pub(super) fn of(
    text: &Folded,
    leading: &[TimeToken],
    mark: Option<&FoundMark>,
    hidden: &[Range<usize>],
    is_blank: &dyn Fn(usize) -> bool,
) -> Sentence {
    let before = |mut end: usize, start: usize| {
        while end > start && is_blank(end - 1) {
            end -= 1;
        }
        end
    };
    let mut start = 0;
    let mut leads: Vec<Range<usize>> = Vec::new();
    for token in leading {
        let between = start..token.range.start.max(start);
        if leads.is_empty() && start == 0 && is_label(text, between.clone()) {
            // `【B级】09/02 10:12 聚合码…`: the time is taken out from behind the grade.
            let from = between.clone().find(|i| !is_blank(*i)).unwrap_or(between.end);
            leads.push(from..before(between.end, from));
        } else if is_connecting(text, between.clone()) {
            leads.extend(ornaments(text, between, is_blank));
        } else {
            break;
        }
        leads.extend(ornaments(text, token.range.clone(), is_blank));
        start = token.range.end;
    }
    let mut end = text.len();
    let mut cut: Option<Range<usize>> = None;
    if let Some(mark) = mark {
        let nothing_behind =
            (mark.range.end..end).all(|i| is_blank(i) || matches!(text.at(i), '。' | '.' | '；' | ';'));
        // `…，〔已复盘〕；`: the signs of a list of sentences.
        let listed = (mark.range.end..end).any(|i| matches!(text.at(i), '；' | ';'));
        if nothing_behind && mark.range.start >= start {
            end = mark.range.start;
            // `支付失败，无需复盘`: the comma led to the mark.
            if mark.range == mark.inner || listed {
                while end > start
                    && (is_blank(end - 1)
                        || matches!(text.at(end - 1), '，' | ',' | '、')
                        || listed && matches!(text.at(end - 1), '；' | ';'))
                {
                    end -= 1;
                }
            }
        } else if mark.range.start >= start && mark.range.end <= end {
            cut = Some(mark.range.clone());
        }
    }
    while start < end && (is_blank(start) || (start > 0 && matches!(text.at(start), ':' | '，' | ',' | ')'))) {
        start += 1;
    }
    end = before(end, start);
    let cut = cut.filter(|cut| cut.start >= start && cut.end <= end);
    let mut parts = Vec::new();
    parts.extend(cut.as_ref().map(|cut| start..before(cut.start, start)));
    parts.push(cut.map_or(start, |cut| cut.end)..end);
    if !hidden.is_empty() {
        parts = parts.into_iter().flat_map(|part| without(&part, hidden)).collect();
    }
    parts.retain(|part| part.start < part.end);
    Sentence { leads, parts, range: start..end }
}

/// Pictures, links and tags in a range, which read as blanks.
fn ornaments(text: &Folded, range: Range<usize>, is_blank: &dyn Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for index in range {
        if text.at(index).is_whitespace() && !is_blank(index) {
            match found.last_mut() {
                Some(last) if last.end == index => last.end = index + 1,
                _ => found.push(index..index + 1),
            }
        }
    }
    found
}

/// What is left of a part without the hidden ranges in it.
fn without(part: &Range<usize>, hidden: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut left = Vec::new();
    let mut start = part.start;
    for gap in hidden.iter().filter(|gap| gap.start < part.end && gap.end > part.start) {
        left.push(start..gap.start.max(start));
        start = gap.end.max(start);
    }
    left.push(start.min(part.end)..part.end);
    left
}

/// Whether only signs and connecting words stand there.
fn is_connecting(text: &Folded, between: Range<usize>) -> bool {
    let chars = text.chars(between.clone());
    chars.iter().all(|c| c.is_whitespace() || matches!(c, '-' | '~' | '至' | '到' | '自' | '*'))
        || (chars.len() <= 8 && text.text(between).trim() == "to")
}

/// Whether the words are a grade and nothing else: `【C级】`, `P2 `.
fn is_label(text: &Folded, words: Range<usize>) -> bool {
    /// Characters of the longest grade with its brackets and the list marker before it.
    const LONGEST: usize = 24;
    if words.is_empty() || words.len() > LONGEST {
        return false;
    }
    let own = text.slice(words);
    let Some((_, grade)) = marks::severity(&own) else { return false };
    (0..grade.start).chain(grade.end..own.len()).all(|i| {
        let c = own.at(i);
        c.is_whitespace() || matches!(c, '【' | '】' | '[' | ']' | '(' | ')' | '*' | ':' | '-')
    })
}
