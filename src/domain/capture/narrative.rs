//! The sentence of an event: its text without the time in front and the mark behind.

use std::ops::Range;

use super::{
    marks::{self, FoundMark},
    times::TimeToken,
};
use crate::domain::text::Folded;

/// The sentence as characters `range` of `original`, where `leading` are the time tokens in front.
pub(super) fn of(
    original: &str,
    base: usize,
    text: &Folded,
    range: Range<usize>,
    leading: &[TimeToken],
    mark: Option<&FoundMark>,
) -> (String, Range<usize>) {
    let mut start = range.start;
    let mut label: Option<Range<usize>> = None;
    for token in leading {
        let between = text.text(start..token.range.start.max(start));
        if label.is_none() && start == range.start && is_label(&between) {
            // `【B级】09/02 10:12 聚合码…`: the time is taken out from behind the grade.
            label = Some(start..token.range.start);
            start = token.range.end;
            continue;
        }
        if between.chars().all(|c| c.is_whitespace() || matches!(c, '-' | '~' | '至' | '到' | '自' | '*'))
            || between.trim() == "to"
        {
            start = token.range.end;
        }
    }
    let mut end = range.end;
    let mut cut: Option<Range<usize>> = None;
    if let Some(mark) = mark {
        let behind = text.text(mark.range.end..end);
        if behind.chars().all(|c| c.is_whitespace() || matches!(c, '。' | '.')) && mark.range.start >= start {
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
        && (text.at(start).is_whitespace() || (start > range.start && matches!(text.at(start), ':' | '，' | ',' | ')')))
    {
        start += 1;
    }
    while end > start && text.at(end - 1).is_whitespace() {
        end -= 1;
    }
    let slice = |part: Range<usize>| {
        let bytes = text.bytes(&part);
        original.get(bytes.start.saturating_sub(base)..bytes.end.saturating_sub(base)).unwrap_or_default()
    };
    let label = label.map(|label| slice(label).trim_end().to_owned()).unwrap_or_default();
    let glue = if label.is_ascii() && !label.is_empty() { " " } else { "" };
    let sentence = match cut {
        Some(cut) => format!("{}{}", slice(start..cut.start).trim_end(), slice(cut.end..end)),
        None => slice(start..end).to_owned(),
    };
    (format!("{label}{glue}{}", sentence.replace("\r\n", "\n")), start..end)
}

/// Whether the words are a grade and nothing else: `【C级】`, `P2 `.
fn is_label(words: &str) -> bool {
    let folded = Folded::new(words, 0);
    let Some((_, range)) = marks::severity(&folded) else { return false };
    let rest = format!("{}{}", folded.text(0..range.start), folded.text(range.end..folded.len()));
    rest.chars().all(|c| c.is_whitespace() || matches!(c, '【' | '】' | '[' | ']' | '(' | ')' | '*' | ':' | '-'))
}
