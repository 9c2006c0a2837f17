//! What the beginning of a line in the events section looks like, and whether an event begins there.

use std::ops::Range;

use super::{outline::Line, sections};
use crate::domain::{
    capture::{
        field_key,
        times::{self, TimeToken},
    },
    text::Folded,
};

/// How an event begins; the first of a section tells where the next ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Numbered,
    Titled,
    Bullet,
    Paragraph,
}

/// Where the event before began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub mode: Mode,
    pub indent: usize,
    pub quotes: usize,
}

/// The beginning of a line.
pub(super) struct Start {
    pub indent: usize,
    pub quotes: usize,
    numbered: bool,
    bullet: bool,
    pub title: Option<Range<usize>>,
    /// Where the content begins, behind markers.
    pub content: usize,
    /// The time at the beginning of the content.
    pub token: Option<TimeToken>,
    labelled: bool,
    /// It begins with something written like a date and a time that is none: `02/30 10:00`.
    false_date: bool,
}

impl Start {
    pub fn of(text: &Folded, line: &Line) -> Self {
        let (mut at, end) = (line.range.start, line.range.end);
        let mut indent = 0;
        while matches!(text.at(at), ' ' | '\t') && at < end {
            indent += if text.at(at) == '\t' { 4 } else { 1 };
            at += 1;
        }
        let (mut numbered, mut bullet) = (false, false);
        if matches!(text.at(at), '-' | '*' | '+' | '•' | '·' | '>') && matches!(text.at(at + 1), ' ' | '\t') {
            bullet = true;
            at = text.skip_blanks(at + 1);
        }
        let bare = usize::from(text.at(at) == '(');
        if let Some((_, number_end)) = text.digits(at + bare, 4)
            && matches!(text.at(number_end), '.' | '、' | ')')
            && !(text.at(number_end) == '.' && text.at(number_end + 1).is_ascii_digit())
        {
            numbered = true;
            at = text.skip_blanks(number_end + 1);
        } else if let Some(number_end) = chinese_number(text, at) {
            numbered = true;
            at = text.skip_blanks(number_end);
        } else if "①②③④⑤⑥⑦⑧⑨⑩".contains(text.at(at)) {
            numbered = true;
            at = text.skip_blanks(at + 1);
        }
        let title = title_of(text, at, end);
        while matches!(text.at(at), '*' | '#') && at < end {
            at += 1;
        }
        at = text.skip_blanks(at);
        // A severity or a number in brackets may stand before the time: `【C级】08/19 15:00`.
        let mut lead = at;
        if matches!(text.at(lead), '【' | '[' | '(') {
            let close = (lead + 1..(lead + 12).min(end)).find(|i| matches!(text.at(*i), '】' | ']' | ')'));
            if let Some(close) = close {
                lead = text.skip_blanks(close + 1);
            }
        }
        let token = times::at(text, at).or_else(|| times::at(text, lead)).filter(|token| token.range.end <= end);
        let labelled =
            text.find(at..end.min(at + 24), ':').is_some_and(|colon| field_key(&text.text(at..colon)).is_some());
        let false_date = token.is_none() && (is_false_date(text, at) || is_false_date(text, lead));
        Self { indent, quotes: line.quotes, numbered, bullet, title, content: at, token, labelled, false_date }
    }

    /// Whether the line is an item of a list.
    pub fn is_item(&self) -> bool {
        self.bullet || self.numbered
    }

    /// The date, when the line holds nothing else but a weekday in brackets.
    pub fn date_alone<'a>(&'a self, text: &Folded, line: &Line) -> Option<&'a TimeToken> {
        const LONGEST: usize = 20;
        let token = self.token.as_ref().filter(|token| token.date.is_some() && token.seconds.is_none())?;
        if line.range.end - token.range.end > LONGEST {
            return None;
        }
        let rest = text.text(token.range.end..line.range.end);
        let rest = rest.trim().trim_matches(['(', ')', ':', '*', ' ', '【', '】', ',', '，']);
        let weekday = rest.is_empty()
            || (rest.chars().count() <= 3 && (rest.starts_with('周') || rest.starts_with("星期")))
            || (rest.chars().count() <= 9 && rest.to_lowercase().ends_with("day"));
        weekday.then_some(token)
    }

    /// Whether an event begins here, and how. `first` is how the first one began.
    pub fn begins(&self, block: Option<Place>, first: Option<Mode>, under_date: bool) -> Option<Mode> {
        let dated = self.false_date || self.token.as_ref().is_some_and(|token| token.date.is_some());
        let timed = self.false_date || self.token.as_ref().is_some_and(|token| token.seconds.is_some());
        let own = if self.numbered {
            Mode::Numbered
        } else if self.bullet {
            Mode::Bullet
        } else {
            Mode::Paragraph
        };
        let deeper = |by: usize| block.is_some_and(|block| self.indent >= block.indent + by);
        // What is quoted below an event is a part of it.
        if block.is_some_and(|block| self.quotes > block.quotes) {
            return None;
        }
        if self.title.is_some() && !deeper(2) {
            return Some(Mode::Titled);
        }
        let Some(block) = block else {
            return Some(own);
        };
        if self.labelled && !self.numbered && first != Some(Mode::Bullet) {
            return None;
        }
        if deeper(2) && !(under_date && timed) {
            return None;
        }
        match block.mode {
            // Inside a titled event everything up to the next title belongs to it.
            Mode::Titled => None,
            Mode::Numbered if self.numbered => Some(Mode::Numbered),
            Mode::Numbered => {
                (dated && own == Mode::Paragraph && timed && first != Some(Mode::Numbered)).then_some(own)
            }
            _ if self.numbered && (dated || first == Some(Mode::Numbered)) => Some(Mode::Numbered),
            Mode::Bullet if self.bullet => {
                (dated || timed || first == Some(Mode::Bullet) && !self.labelled).then_some(Mode::Bullet)
            }
            _ if dated => Some(own),
            _ if under_date && timed => Some(own),
            _ => None,
        }
    }
}

/// `02/30 10:00`, `13月45日 9点`: numbers in the form of a date, and a time behind them.
fn is_false_date(text: &Folded, at: usize) -> bool {
    let Some((_, end)) = text.digits(at, 4) else { return false };
    if !matches!(text.at(end), '/' | '-' | '.' | '月' | '年') {
        return false;
    }
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '/' | '-' | '.' | '月' | '日' | '号');
    let length = text.chars(end + 1..end + 8).iter().take_while(|c| is_part(**c)).count();
    let behind = end + 1 + length;
    length > 0
        && times::at(text, text.skip_blanks(behind + usize::from(text.at(behind) == 'T')))
            .is_some_and(|token| token.date.is_none() && token.seconds.is_some())
}

/// `3.1 决策超时放行`: where the words begin.
fn behind_number(text: &Folded, from: usize, to: usize) -> usize {
    let number = text.chars(from..to).iter().take_while(|c| c.is_ascii_digit() || **c == '.').count();
    let behind = from + number;
    if number > 0 && text.at(behind) == ' ' { text.skip_blanks(behind) } else { from }
}

/// `（一）`, `一、`: where the number ends.
fn chinese_number(text: &Folded, at: usize) -> Option<usize> {
    let bare = usize::from(text.at(at) == '(');
    let (_, end) = text.numeral(at + bare)?;
    let closes = if bare == 1 { text.at(end) == ')' } else { matches!(text.at(end), '、' | '.') };
    closes.then_some(end + 1)
}

/// `**事件一：分拣线…**`, `### 事件1 …`: the words of a title.
fn title_of(text: &Folded, at: usize, end: usize) -> Option<Range<usize>> {
    const LONGEST: usize = 120;
    if end.saturating_sub(at) > LONGEST && text.at(at) != '#' {
        return None;
    }
    let words = text.text(at..end);
    let trimmed = words.trim_end();
    let marked = trimmed.starts_with('#')
        || (trimmed.starts_with("**") && trimmed.ends_with("**"))
        || (trimmed.starts_with('【') && trimmed.ends_with('】'));
    let inner = trimmed.trim_matches(['*', '#', ' ', '【', '】']);
    let bare = inner.chars().count() <= 40 && sections::is_event_title(inner) && !inner.contains(['，', '。']);
    if !(bare && (marked || inner.contains(':'))) && (!trimmed.starts_with('#') || inner.is_empty()) {
        return None;
    }
    let offset = words.chars().count() - words.trim_start_matches(['*', '#', ' ', '【']).chars().count();
    let from = at + offset;
    let to = from + inner.chars().count();
    let colon = text.find(from..to.min(from + 10), ':');
    let from = behind_number(text, from, to);
    let start = match colon {
        Some(colon) => text.skip_blanks(colon + 1),
        None if sections::is_event_title(inner) => {
            text.find(from..to, ' ').map_or(from, |blank| text.skip_blanks(blank))
        }
        None => from,
    };
    Some(start.min(to)..to)
}
