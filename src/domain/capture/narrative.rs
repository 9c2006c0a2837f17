//! The sentence of an event: its text without the time in front and the mark behind.
//!
//! Nothing else is left out but white space, signs and connecting words beside the time (`:`, `，`, `至`, `自`), and
//! the comma before a bare mark or the full stop behind a mark.

use std::ops::Range;

use super::{
    marks::{self, FoundMark},
    times::TimeToken,
};
use crate::domain::text::Folded;

/// The sentence, in characters of the event's text.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// The parts that make the sentence, in order; a grade in front of the time comes first.
    pub kept: Vec<Range<usize>>,
    /// From the first character behind the time to the last one before the mark.
    pub range: Range<usize>,
}

impl Sentence {
    /// The words: `original` holds, from byte `base` of its document on, what `text` was folded from.
    pub fn words(&self, original: &str, base: usize, text: &Folded) -> String {
        let mut words = String::new();
        for (index, part) in self.kept.iter().enumerate() {
            let bytes = text.bytes(part);
            let piece =
                original.get(bytes.start.saturating_sub(base)..bytes.end.saturating_sub(base)).unwrap_or_default();
            let last = index + 1 == self.kept.len();
            let piece = if last { piece } else { piece.trim_end() };
            // `P2 ` keeps its blank; `【C级】` needs none.
            if index > 0 && words.is_ascii() && !words.is_empty() && part.start >= self.range.start {
                words.push(' ');
            }
            words.push_str(piece);
        }
        words.replace("\r\n", "\n")
    }
}

/// The sentence of `text`, where `leading` are the time tokens in front.
pub(super) fn of(text: &Folded, leading: &[TimeToken], mark: Option<&FoundMark>) -> Sentence {
    let mut start = 0;
    let mut label: Option<Range<usize>> = None;
    for token in leading {
        let between = start..token.range.start.max(start);
        if label.is_none() && start == 0 && is_label(text, between.clone()) {
            // `【B级】09/02 10:12 聚合码…`: the time is taken out from behind the grade.
            label = Some(between);
            start = token.range.end;
        } else if is_connecting(text, between) {
            start = token.range.end;
        } else {
            break;
        }
    }
    let mut end = text.len();
    let mut cut: Option<Range<usize>> = None;
    if let Some(mark) = mark {
        let nothing_behind =
            text.chars(mark.range.end..end).iter().all(|c| c.is_whitespace() || matches!(c, '。' | '.'));
        if nothing_behind && mark.range.start >= start {
            end = mark.range.start;
            // `支付失败，无需复盘`: the comma led to the mark.
            if mark.range == mark.inner {
                while end > start && (text.at(end - 1).is_whitespace() || matches!(text.at(end - 1), '，' | ',' | '、'))
                {
                    end -= 1;
                }
            }
        } else if mark.range.start >= start && mark.range.end <= end {
            cut = Some(mark.range.clone());
        }
    }
    while start < end
        && (text.at(start).is_whitespace() || (start > 0 && matches!(text.at(start), ':' | '，' | ',' | ')')))
    {
        start += 1;
    }
    while end > start && text.at(end - 1).is_whitespace() {
        end -= 1;
    }
    let mut kept: Vec<Range<usize>> = label.into_iter().collect();
    match cut {
        Some(cut) if cut.start >= start && cut.end <= end => kept.extend([start..cut.start, cut.end..end]),
        _ => kept.push(start..end),
    }
    kept.retain(|part| part.start < part.end);
    Sentence { kept, range: start..end }
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
