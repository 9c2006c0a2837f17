//! Pieces of an event's text: words without times, marks and the signs around them, and where they stand.

use std::ops::Range;

use crate::domain::text::Folded;

/// Stands in place of what was read already.
pub(super) const TAKEN: char = '\u{1}';

/// Words and the characters that they take; characters in between that were read as something else are not words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The words.
    pub words: String,
    /// From the first word's first character to the last one's end.
    pub range: Range<usize>,
}

impl Piece {
    /// The piece that is left of the characters `range`: without times, marks and the signs around them.
    pub fn of(masked: &Folded, range: &Range<usize>) -> Self {
        let is_edge = |c: char| {
            c.is_whitespace()
                // TAKEN is one of them.
                || c.is_control()
                || matches!(
                    c,
                    ':' | ',' | '，' | '。' | '；' | ';' | '-' | '~' | '、' | '*' | '.' | '·' | '|' | '>' | '【' | '】'
                )
        };
        // `~75 requests`: the sign belongs to the number.
        let about = |i: usize| masked.at(i) == '~' && masked.at(i + 1).is_ascii_digit();
        let start = range.clone().find(|i| !is_edge(masked.at(*i)) || about(*i)).unwrap_or(range.end);
        let end = (start..range.end).rev().find(|i| !is_edge(masked.at(*i))).map_or(start, |i| i + 1);
        let taken = (start..end).any(|i| masked.at(i) == TAKEN);
        let words: String = masked.chars(start..end).iter().filter(|c| **c != TAKEN).collect();
        let behind_time = (0..start).rev().find(|i| masked.at(*i) != ' ').is_some_and(|i| masked.at(i) == TAKEN);
        let time_at = |letters: usize| masked.at(start + letters) == TAKEN;
        let left = without_time_words(&words, taken, behind_time, &time_at).trim();
        let whole = Self { range: start..end, words: String::new() };
        if left.len() == words.len() { Self { words, ..whole } } else { whole.narrowed(masked, &words, left) }
    }

    /// The part of this piece that `words`, a part of its words, stands for.
    pub fn part(&self, masked: &Folded, words: &str) -> Self {
        self.narrowed(masked, &self.words, words)
    }

    /// `part` lies in `whole`, which are the words of this piece.
    fn narrowed(&self, masked: &Folded, whole: &str, part: &str) -> Self {
        let lead = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let Some(before) = whole.get(..lead) else {
            return Self { words: part.to_owned(), range: self.range.clone() };
        };
        let (skipped, length) = (before.chars().count(), part.chars().count());
        let mut places = self.range.clone().filter(|i| masked.at(*i) != TAKEN).skip(skipped);
        let start = places.next().unwrap_or(self.range.end);
        let end = match length {
            0 => start,
            1 => start + 1,
            _ => places.nth(length - 2).map_or(self.range.end, |last| last + 1),
        };
        Self { words: part.to_owned(), range: start..end.max(start) }
    }
}

/// Words that belong to a time that was taken out lead or end no sentence: `起，`, `于`, `at`.
fn without_time_words<'a>(words: &'a str, taken: bool, behind_time: bool, time_at: &dyn Fn(usize) -> bool) -> &'a str {
    let mut words = words;
    for lead in ["客诉:", "投诉:", "告警:", "反馈:", "监控:"] {
        words = words.strip_prefix(lead).map_or(words, str::trim_start);
    }
    if taken {
        words = words.strip_prefix("期间").unwrap_or(words);
    }
    for tail in [" at", " on", " by", "于", "在", "()", "（）"] {
        words = words.strip_suffix(tail).unwrap_or(words);
    }
    if taken {
        for lead in ["大约左右", "约左右", "左右", "许"] {
            words = words.strip_prefix(lead).unwrap_or(words);
        }
    }
    // 起 behind the time of the beginning, and 自 before it, belong to the time.
    if behind_time {
        for lead in ["左右", "许", "前后", "期间", "起至", "起，", "起", "开始，", "开始 ", "发生 "]
        {
            if let Some(rest) = words.strip_prefix(lead).map(str::trim_start)
                && !rest.is_empty()
            {
                words = rest;
                break;
            }
        }
    }
    for lead in ["On ", "on ", "At ", "at ", "From ", "from ", "Since ", "since ", "Around ", "around "] {
        if words.starts_with(lead) && time_at(lead.len()) {
            words = words.get(lead.len()..).unwrap_or_default();
            break;
        }
    }
    if time_at(1)
        && let Some(rest) = words.strip_prefix(['自', '于'])
    {
        words = rest.strip_prefix('起').unwrap_or(rest);
    }
    words
}

/// The words of pieces as one text.
pub(super) fn join(pieces: &[Piece]) -> String {
    let mut text = String::new();
    let mut ascii = true;
    for Piece { words, .. } in pieces {
        ascii = ascii && words.is_ascii();
        if !text.is_empty() {
            text.push_str(if ascii { ", " } else { "，" });
        }
        text.push_str(words);
    }
    text
}

/// Takes characters out of what is still to be read.
pub(super) fn mask(text: &mut Folded, range: &Range<usize>) {
    text.put(range, TAKEN);
}
