//! Splitting an event's text into clauses (SCHEMA section 7, "Text fields").

use std::ops::Range;

use super::pieces::TAKEN;
use crate::domain::text::Folded;

/// A piece of a sentence, without the punctuation around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Characters.
    pub range: Range<usize>,
    /// The first clause of its sentence.
    pub starts_sentence: bool,
}

/// The clauses of `range`.
pub fn split(text: &Folded, range: Range<usize>) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut start = range.start;
    let mut starts_sentence = true;
    let mut depth = 0_i32;
    let mut index = range.start;
    while index <= range.end {
        let c = if index == range.end { '\n' } else { text.at(index) };
        match c {
            '“' | '「' | '《' | '(' => depth += 1,
            '”' | '」' | '》' | ')' => depth = (depth - 1).max(0),
            _ => {}
        }
        let (ends, sentence) = boundary(text, index, c, depth);
        if ends && c == '(' {
            depth = (depth - 1).max(0);
        }
        if ends || index == range.end {
            let from = (start..index).find(|i| !text.at(*i).is_whitespace());
            if let Some(from) = from {
                let to = (from..index).rev().find(|i| !text.at(*i).is_whitespace()).map_or(index, |i| i + 1);
                clauses.push(Clause { range: from..to, starts_sentence });
                starts_sentence = false;
            }
            starts_sentence = starts_sentence || sentence || index == range.end;
            start = index + 1;
            if sentence {
                depth = 0;
            }
        }
        index += 1;
    }
    clauses
}

/// Whether the character ends a clause, and whether it ends a sentence.
fn boundary(text: &Folded, index: usize, c: char, depth: i32) -> (bool, bool) {
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    let after = text.at(index + 1);
    match c {
        '。' | '！' | '？' | '!' | '?' | '\n' => (true, true),
        '；' | ';' => (true, true),
        '|' | '→' | '\t' => (true, false),
        '/' if before == ' ' && after == ' ' => (true, false),
        ':' if index >= 3 && text.any(index - 3, &["未恢复", "已恢复", "处理中", "排查中"]).is_some() => {
            (true, false)
        }
        '、' if after == TAKEN || text.at(text.skip_blanks(index + 1)) == TAKEN => (true, false),
        '(' | ')' if opens_part(text, index, c) => (true, false),
        ' ' if depth == 0 && (ends_at_blank(text, index) || begins_cause(text, index + 1)) => (true, false),
        '，' => (!(before.is_ascii_digit() && after.is_ascii_digit() && depth > 0), false),
        ',' => (depth == 0 && !(before.is_ascii_digit() && after.is_ascii_digit()), false),
        '.' => {
            let end = (after.is_whitespace() || after == '\n') && !before.is_whitespace();
            let letter = index >= 2 && matches!(text.at(index - 2), ' ' | '.') && before.is_ascii_alphabetic();
            // `vendor B. Sev-3`, and not `e.g. `, `St. `.
            let short =
                letter && !(before.is_ascii_uppercase() && text.at(text.skip_blanks(index + 1)).is_ascii_uppercase());
            (end && !short, end && !short)
        }
        _ => (false, false),
    }
}

/// Words that begin the cause in the middle of an English sentence.
const BECAUSE: &[&str] = &["triggered by ", "because ", "due to ", "caused by ", "owing to ", "as a result of "];

/// Whether the cause begins in the middle of an English sentence: `payouts failed due to …`, `payouts failed after a config
/// push`. What recovered after a change did not fail by it.
fn begins_cause(text: &Folded, index: usize) -> bool {
    /// Characters of the clause that are looked at.
    const NEAR: usize = 80;
    if text.any(index, BECAUSE).is_some() {
        return true;
    }
    if text.any(index, &["after ", "following ", "right after ", "shortly after "]).is_none() {
        return false;
    }
    let ends = |c: &char| matches!(c, '\n' | ',' | '.' | ';' | '，' | '。' | '；' | '(' | ')');
    let clause: String = text.chars(index..index + NEAR).iter().take_while(|c| !ends(c)).collect();
    let before: String = text.chars(index.saturating_sub(NEAR)..index).iter().rev().take_while(|c| !ends(c)).collect();
    let before: String = before.to_lowercase().chars().rev().collect();
    let well =
        ["recover", "restor", "resolv", "fix", "normal", "mitigat", "healthy", "stable", "back up", "cleared", "ended"];
    super::causes::after_change(&clause.to_lowercase()).is_some()
        && !before.trim().is_empty()
        && !well.iter().any(|word| before.contains(word))
}

/// `(影响约450笔；…)`: brackets around another part of the event, and not around an explanation of a word.
fn opens_part(text: &Folded, index: usize, bracket: char) -> bool {
    /// Characters in the brackets.
    const LONGEST: usize = 60;
    let open = match bracket {
        '(' => Some(index),
        _ => (index.saturating_sub(LONGEST)..index).rev().find(|at| matches!(text.at(*at), '(' | '\n')),
    };
    let Some(open) = open.filter(|open| text.at(*open) == '(') else { return false };
    let inner = text.skip_blanks(open + 1);
    let ends_words = |close: usize| !text.at(close + 1).is_alphanumeric();
    let counted = text.any(inner, &["约", "共", "近", "nearly ", "about ", "around ", "over ", "~", "approx"]);
    text.any(inner, &["影响", "受影响", "涉及", "波及", "原因", "根因"]).is_some()
        || counted.is_some_and(|length| text.at(text.skip_blanks(inner + length)).is_ascii_digit())
            && text
                .find(open..open + LONGEST, ')')
                .is_some_and(|close| ends_words(close) && !super::quantities::scan_in(text, open..close).is_empty())
}

/// Blanks end a clause where people use them in place of commas: two or more of them, or one before a word that
/// begins another part (`页面打不开 影响约20笔 原因：…`). Blanks behind a time that was taken out end nothing.
fn ends_at_blank(text: &Folded, index: usize) -> bool {
    const PARTS: &[&str] = &[
        "影响",
        "受影响",
        "涉及",
        "原因",
        "根因",
        "由于",
        "现象:",
        "处理:",
        "处置:",
        "措施:",
        "恢复:",
        "恢复时间",
        "复盘:",
        "复盘状态",
    ];
    let before = if index == 0 { '\n' } else { text.at(index - 1) };
    let ends_words = before.is_alphanumeric() || matches!(before, ')' | '%' | '”' | '」' | '》' | '\'' | '"');
    if !ends_words {
        return false;
    }
    let next = text.skip_blanks(index);
    if matches!(text.at(next), '\n' | '，' | '。' | '；' | ',' | ';' | '(') {
        return false;
    }
    let wide = next - index >= 2 || text.at(index) == '\t';
    (wide && !(before.is_ascii() && text.at(next).is_ascii())) || text.any(next, PARTS).is_some()
}
