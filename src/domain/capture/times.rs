//! Dates and times in a text (SCHEMA section 7): finding them, and making instants of them.

use std::ops::Range;

use chrono::{NaiveDate, Weekday};

use super::{
    clocks::{clock_at, half_of, zone_at},
    dates::{date_at, date_gap, day_told_at, weekday_behind},
    durations,
};
pub use super::{
    durations::{is_duration, stated_duration, stated_duration_in},
    instants::{instant, resolve_date},
};
use crate::domain::text::Folded;

/// The date part of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateWords {
    /// Year, month, day.
    Full(NaiveDate),
    /// Month and day; the year follows from the context.
    MonthDay(u32, u32),
    /// A day of the week.
    Weekday(Weekday),
    /// A day of the week before.
    LastWeek(Weekday),
    /// 次日: that many days after the beginning.
    NextDay(u64),
    /// 今日, 昨天: that many days before the text was written.
    DaysAgo(u64),
    /// 明天: that many days after the text was written.
    DaysAhead(u64),
    /// 刚才, 10分钟前: that many seconds before the text was written.
    SecondsAgo(i64),
}

/// A date, a time or both as they stand in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToken {
    /// Characters it takes.
    pub range: Range<usize>,
    /// The date, where it has one.
    pub date: Option<DateWords>,
    /// Seconds after midnight, where it has a time; 24:00 is 86,400, and 昨晚2点 lies behind that.
    pub seconds: Option<u32>,
    /// Seconds east of UTC, where a zone is named.
    pub offset: Option<i32>,
    /// The token follows the one before as the end of a range.
    pub ends_range: bool,
    /// The half of the day is written (`下午`, `pm`): true for the second.
    pub half: Option<bool>,
}

/// All tokens of a text in order.
pub fn scan(text: &Folded) -> Vec<TimeToken> {
    let mut tokens: Vec<TimeToken> = Vec::new();
    let mut index = 0;
    while index < text.len() {
        // `noon-12:35`, `3pm-4pm`: behind a time a dash makes a range, not a word.
        let behind = tokens.last().is_some_and(|before| before.range.end + 1 == index && text.at(index - 1) == '-');
        let found = if behind { token_from(text, index) } else { at(text, index) };
        let Some(mut token) = found else {
            index += 1;
            continue;
        };
        if let Some(before) = tokens.last() {
            let between = before.range.end..token.range.start;
            token.ends_range = token.seconds.is_some()
                && before.seconds.is_some()
                && between.len() <= LONGEST_RANGE_SIGN
                && ends_range(text, before, &token, &text.text(between));
        }
        index = token.range.end;
        tokens.push(token);
    }
    tokens
}

/// `刚才`, `约10分钟前`, `3天前` at the beginning of a text in which no time of day stands before: a moment or a day
/// counted from the writing.
pub(super) fn told_from_now(text: &Folded, start: usize) -> Option<TimeToken> {
    let from = text.skip_blanks(start);
    let mut at = from;
    while let Some(length) = text.any(at, &["大约", "大概", "约", "就在", "about ", "around ", "approx. "]) {
        at = text.skip_blanks(at + length);
    }
    let (words, end) = durations::ago_at(text, at)
        .map(|(seconds, end)| (DateWords::SecondsAgo(seconds), end))
        .or_else(|| day_told_at(text, at))?;
    let end = end + text.any(end, &["开始出现", "开始", "起"]).unwrap_or(0);
    Some(TimeToken { range: from..end, date: Some(words), seconds: None, offset: None, ends_range: false, half: None })
}

/// The token that begins at `index`.
pub fn at(text: &Folded, index: usize) -> Option<TimeToken> {
    may_begin(text.at(index)).then(|| token_at(text, index)).flatten()
}

/// Characters between two times of a range, blanks included.
const LONGEST_RANGE_SIGN: usize = 16;

/// Whether a date or a time may begin with the character: most characters of a text are passed over here.
fn may_begin(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '次' | '翌' | '第' | '隔' | '今' | '昨' | '前' | '本' | '这' | '周' | '星' | '礼' | '当' | '同' // days
                | '凌' | '清' | '早' | '上' | '晨' | '下' | '傍' | '晚' | '夜' | '深' | '中' | '午' | '正' // parts of the day
                | '后' | '半' | '大' | '明' // 后半夜, 半夜, 大半夜, 明天
                | '零' | '一' | '二' | '两' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' // numerals
        )
}

/// Whether the words between two times make them a range: a sign, `between … and …`, or the gap between two columns of
/// which both hold date and time.
fn ends_range(text: &Folded, before: &TimeToken, token: &TimeToken, between: &str) -> bool {
    let words = between.trim();
    match words {
        "-" | "--" | "~" | "至" | "到" | "to" | "until" | "till" | "起至" | "起,至" | "->" => true,
        "and" => before.range.start.checked_sub(8).is_some_and(|from| text.has(from, "between ")),
        "" => between.contains('\t') && before.date.is_some() && token.date.is_some(),
        _ => false,
    }
}

fn token_at(text: &Folded, index: usize) -> Option<TimeToken> {
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    if is_inside_word(text, index, before) { None } else { token_from(text, index) }
}

/// The token at `index`, whatever stands before it.
fn token_from(text: &Folded, index: usize) -> Option<TimeToken> {
    let (date, after_date) = match date_at(text, index) {
        // `2999-06-01`: behind a year that is none, month and day are none either.
        Some((DateWords::MonthDay(..), _)) if is_behind_year(text, index) => return None,
        Some((date, end)) => (Some(date), end),
        None => (None, index),
    };
    let mut end = after_date;
    let mut seconds = None;
    let mut offset = None;
    if date.is_some() {
        end = weekday_behind(text, after_date);
    }
    let gap = if date.is_some() { date_gap(text, after_date) } else { index };
    let mut half = None;
    if let Some((clock, clock_end)) = clock_at(text, gap) {
        (seconds, end) = (Some(clock), clock_end);
        half = half_of(text, gap, clock_end, clock);
        // `昨晚2点`: the night of a day goes on behind midnight.
        let night = matches!(text.at(after_date), '晚' | '夜') && gap == after_date;
        if night && matches!(date, Some(DateWords::DaysAgo(days)) if days > 0) && clock < 5 * 3_600 {
            seconds = Some(clock + 24 * 3_600);
        }
        if let Some((zone, zone_end)) = zone_at(text, end) {
            (offset, end) = (Some(zone), zone_end);
        }
        if date.is_none()
            && let Some(behind) = next_day_behind(text, end)
        {
            return Some(TimeToken {
                range: index..behind,
                date: Some(DateWords::NextDay(1)),
                seconds,
                offset,
                ends_range: false,
                half,
            });
        }
        // `4pm on Thursday 14 August`
        if date.is_none()
            && let Some(length) = text.any(text.skip_blanks(end), &["on "])
            && let Some((words, behind)) = date_at(text, text.skip_blanks(end) + length)
        {
            return Some(TimeToken {
                range: index..behind,
                date: Some(words),
                seconds,
                offset,
                ends_range: false,
                half,
            });
        }
    }
    match (date, seconds) {
        (None, None) => None,
        (
            Some(
                DateWords::NextDay(_)
                | DateWords::Weekday(_)
                | DateWords::LastWeek(_)
                | DateWords::DaysAgo(_)
                | DateWords::DaysAhead(_)
                | DateWords::SecondsAgo(_),
            ),
            None,
        ) => None,
        _ => Some(TimeToken { range: index..end, date, seconds, offset, ends_range: false, half }),
    }
}

/// `00:20 next day`, `00:06（次日）`, `00:06(+1)`: where the words behind the time end.
fn next_day_behind(text: &Folded, end: usize) -> Option<usize> {
    let at = text.skip_blanks(end);
    if let Some(length) = text.any(at, &["(次日)", "(翌日)", "(+1)", "(+1天)", "(next day)"]) {
        return Some(at + length);
    }
    let length = text.any(at, &["the next day", "next day", "the following day"])?;
    (!text.at(at + length).is_ascii_alphabetic()).then_some(at + length)
}

fn is_behind_year(text: &Folded, index: usize) -> bool {
    let Some(year) = index.checked_sub(5) else { return false };
    let before = if year == 0 { ' ' } else { text.at(year - 1) };
    matches!(text.at(index - 1), '-' | '/' | '.')
        && (year..index - 1).all(|i| text.at(i).is_ascii_digit())
        && !before.is_ascii_digit()
        && before != ':'
}

/// Numbers that go on to the left are versions, addresses, order numbers or parts of longer times.
fn is_inside_word(text: &Folded, index: usize, before: char) -> bool {
    let here = text.at(index);
    if here.is_ascii_digit() {
        return before.is_ascii_alphanumeric()
            || matches!(before, '_' | '#')
            || (matches!(before, '.' | '/') && index >= 2 && text.at(index - 2).is_ascii_alphanumeric())
            || (before == ':' && index >= 2 && text.at(index - 2).is_ascii_digit())
            || (matches!(before, '-' | '+')
                && index >= 2
                && text.at(index - 2).is_ascii_alphanumeric()
                && !text.at(index - 2).is_ascii_digit());
    }
    here.is_ascii_alphabetic() && before.is_ascii_alphanumeric()
}
