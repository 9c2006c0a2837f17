//! Dates and times in a text (SCHEMA section 7): finding them, and making instants of them.

use std::ops::Range;

use chrono::{
    DateTime, Datelike, Days, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc, Weekday,
};

use super::draft::{CaptureContext, DateAnchor};
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
    /// 次日: that many days after the beginning.
    NextDay(u64),
    /// 今日, 昨天: that many days before the text was written.
    DaysAgo(u64),
}

/// A date, a time or both as they stand in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeToken {
    /// Characters it takes.
    pub range: Range<usize>,
    /// The date, where it has one.
    pub date: Option<DateWords>,
    /// Seconds after midnight, where it has a time; 24:00 is 86,400.
    pub seconds: Option<u32>,
    /// Seconds east of UTC, where a zone is named.
    pub offset: Option<i32>,
    /// The token follows the one before as the end of a range.
    pub ends_range: bool,
    /// The half of the day is written (`下午`, `pm`): true for the second.
    pub half: Option<bool>,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// All tokens of a text in order.
pub fn scan(text: &Folded) -> Vec<TimeToken> {
    let mut tokens: Vec<TimeToken> = Vec::new();
    let mut index = 0;
    while index < text.len() {
        let Some(mut token) = token_at(text, index) else {
            index += 1;
            continue;
        };
        if let Some(before) = tokens.last() {
            token.ends_range = is_range_sign(&text.text(before.range.end..token.range.start))
                && token.seconds.is_some()
                && before.seconds.is_some();
        }
        index = token.range.end;
        tokens.push(token);
    }
    tokens
}

fn is_range_sign(between: &str) -> bool {
    matches!(between.trim(), "-" | "--" | "~" | "至" | "到" | "to" | "until" | "till")
}

fn token_at(text: &Folded, index: usize) -> Option<TimeToken> {
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    if is_inside_word(text, index, before) {
        return None;
    }
    let (date, after_date) = match date_at(text, index) {
        // `2999-06-01`: behind a year that is none, month and day are none either.
        Some((DateWords::MonthDay(..), _)) if is_behind_year(text, index) => return None,
        Some((date, end)) => (Some(date), end),
        None => (None, index),
    };
    let mut end = after_date;
    let mut seconds = None;
    let mut offset = None;
    let gap = if date.is_some() { date_gap(text, after_date) } else { index };
    let mut half = None;
    if let Some((clock, clock_end)) = clock_at(text, gap) {
        (seconds, end) = (Some(clock), clock_end);
        half = half_of(text, gap, clock_end, clock);
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
    }
    match (date, seconds) {
        (None, None) => None,
        (Some(DateWords::NextDay(_) | DateWords::Weekday(_) | DateWords::DaysAgo(_)), None) => None,
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
            || (matches!(before, '.' | ':' | '/') && index >= 2 && text.at(index - 2).is_ascii_alphanumeric())
            || (matches!(before, '-' | '+')
                && index >= 2
                && text.at(index - 2).is_ascii_alphanumeric()
                && !text.at(index - 2).is_ascii_digit());
    }
    here.is_ascii_alphabetic() && before.is_ascii_alphanumeric()
}

fn date_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    if let Some(length) = text.any(index, &["次日", "翌日", "第二天", "隔日", "next day"]) {
        return Some((DateWords::NextDay(1), index + length));
    }
    if let Some(found) = days_ago_at(text, index) {
        return Some(found);
    }
    if let Some(found) = weekday_at(text, index) {
        return Some(found);
    }
    if text.at(index).is_ascii_alphabetic() {
        return english_date_at(text, index);
    }
    if let Some((year, end)) = text.digits(index, 4).filter(|(_, end)| end - index == 4)
        && (1970..=2200).contains(&year)
        && let Some(found) = year_first(text, year, end)
    {
        return Some(found);
    }
    let (first, end) = text.digits(index, 2)?;
    let sign = text.at(end);
    if sign == '月' {
        let (day, end) = text.digits(text.skip_blanks(end + 1), 2)?;
        let end = end + text.any(end, &["日", "号"]).unwrap_or(0);
        return month_day(first, day).map(|date| (date, end));
    }
    if matches!(sign, '/' | '-' | '.') {
        let (day, day_end) = text.digits(end + 1, 2)?;
        let after = text.at(day_end);
        let goes_on = after.is_ascii_digit()
            || after == sign
            || after == '%'
            || (after == '.' && text.at(day_end + 1).is_ascii_digit());
        if goes_on || after.is_ascii_alphabetic() && after != 'T' {
            return None;
        }
        // `09-20` and `8.19` are dates only with two digits or with a time behind; else they are ranges and decimals.
        let two = end - index == 2 && day_end - end == 3;
        let clock_follows = clock_at(text, date_gap(text, day_end)).is_some();
        let certain = match sign {
            '/' => true,
            '-' => two && (clock_follows || index == 0 || text.at(index - 1) == '\n'),
            _ => clock_follows,
        };
        return month_day(first, day).filter(|_| certain).map(|date| (date, day_end));
    }
    // `19 Aug 2024`
    let month_at = text.skip_blanks(end + text.any(end, &["st", "nd", "rd", "th"]).unwrap_or(0));
    let (month, month_end) = month_name(text, month_at).filter(|_| month_at > end)?;
    with_year(text, month, first, month_end)
}

/// `今日`, `昨晚`: the part of the day behind the word stays for the time.
fn days_ago_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    const WORDS: [(&str, u64, usize); 13] = [
        ("今日", 0, 2),
        ("今天", 0, 2),
        ("今晨", 0, 1),
        ("今早", 0, 1),
        ("今晚", 0, 1),
        ("昨日", 1, 2),
        ("昨天", 1, 2),
        ("昨晚", 1, 1),
        ("昨夜", 1, 1),
        ("前天", 2, 2),
        ("前日", 2, 2),
        ("yesterday", 1, 9),
        ("today", 0, 5),
    ];
    // `3天前`, `2 days ago`
    if let Some((days, end)) = text.digits(index, 2) {
        let at = text.skip_blanks(end);
        let length = text.any(at, &["天前", "日前", "days ago", "day ago"])?;
        return Some((DateWords::DaysAgo(u64::from(days)), at + length));
    }
    let (_, days, length) = WORDS.into_iter().find(|(word, ..)| text.has(index, word))?;
    Some((DateWords::DaysAgo(days), index + length))
}

fn weekday_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    if let Some(length) = text.any(index, &["本周", "这周", "周", "星期", "礼拜"]) {
        let day = match text.at(index + length) {
            '一' | '1' => Weekday::Mon,
            '二' | '2' => Weekday::Tue,
            '三' | '3' => Weekday::Wed,
            '四' | '4' => Weekday::Thu,
            '五' | '5' => Weekday::Fri,
            '六' | '6' => Weekday::Sat,
            '日' | '天' | '末' | '7' => Weekday::Sun,
            _ => return None,
        };
        return Some((DateWords::Weekday(day), index + length + 1));
    }
    let (name, day) = WEEKDAYS.into_iter().find(|(name, _)| text.has(index, name))?;
    let mut end = index + name.len();
    end += text.any(end, &["nesday", "rsday", "urday", "sday", "day", "rs", "s"]).unwrap_or(0);
    if text.at(end).is_ascii_alphabetic() {
        return None;
    }
    let end = if text.at(end) == ',' || text.at(end) == '.' { end + 1 } else { end };
    // `Tue, May 20`: the date that follows says more.
    if let Some((date, date_end)) = english_date_at(text, text.skip_blanks(end)) {
        return Some((date, date_end));
    }
    Some((DateWords::Weekday(day), end))
}

fn year_first(text: &Folded, year: u32, end: usize) -> Option<(DateWords, usize)> {
    let sign = text.at(end);
    if !matches!(sign, '-' | '/' | '.' | '年') {
        return None;
    }
    let (month, month_end) = text.digits(text.skip_blanks(end + 1), 2)?;
    let fits = text.at(month_end) == sign || (sign == '年' && text.at(month_end) == '月');
    if !fits {
        return None;
    }
    let (day, day_end) = text.digits(text.skip_blanks(month_end + 1), 2)?;
    if sign == '.' && text.at(day_end) == '.' && text.at(day_end + 1).is_ascii_digit() {
        return None;
    }
    let day_end = day_end + text.any(day_end, &["日", "号"]).unwrap_or(0);
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((DateWords::Full(date), day_end))
}

fn english_date_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    let (month, end) = month_name(text, index)?;
    let (day, end) = text.digits(text.skip_blanks(end), 2)?;
    let end = end + text.any(end, &["st", "nd", "rd", "th"]).unwrap_or(0);
    with_year(text, month, day, end)
}

fn with_year(text: &Folded, month: u32, day: u32, end: usize) -> Option<(DateWords, usize)> {
    let year_at = text.skip_blanks(if text.at(end) == ',' { end + 1 } else { end });
    if let Some((year, year_end)) = text.digits(year_at, 4).filter(|(_, e)| e - year_at == 4)
        && (1970..=2200).contains(&year)
        && text.at(year_end) != ':'
    {
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        return Some((DateWords::Full(date), year_end));
    }
    month_day(month, day).map(|date| (date, end))
}

fn month_name(text: &Folded, index: usize) -> Option<(u32, usize)> {
    let at = MONTHS.iter().position(|name| text.has(index, name))?;
    let mut end = index + 3;
    while text.at(end).is_ascii_alphabetic() {
        end += 1;
    }
    let full = text.text(index..end).to_lowercase();
    let names = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let good = full.len() == 3 || full == "sept" || names.get(at).is_some_and(|name| *name == full);
    let end = if text.at(end) == '.' { end + 1 } else { end };
    good.then_some((u32::try_from(at).ok()? + 1, end))
}

fn month_day(month: u32, day: u32) -> Option<DateWords> {
    // 2024 is a leap year: 2/29 is a date of some year.
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| DateWords::MonthDay(month, day))
}

/// The index of a time behind a date: blanks, a comma, a weekday in brackets, `T`, 自, 约 … may stand between.
fn date_gap(text: &Folded, end: usize) -> usize {
    let mut index = end;
    for _ in 0..4 {
        let start = index;
        index = text.skip_blanks(index);
        if matches!(text.at(index), '(' | '【' | '[') {
            let close = (index + 1..index + 14).find(|i| matches!(text.at(*i), ')' | '】' | ']'));
            if let Some(close) = close
                && weekday_at(text, text.skip_blanks(index + 1)).is_some()
            {
                index = close + 1;
            }
        } else if let Some((DateWords::Weekday(_), weekday_end)) = weekday_at(text, index) {
            index = weekday_end;
        }
        index = text.skip_blanks(index);
        if let Some(length) = text.any(index, &["自", "从", "于", "约", "大约", "at ", "@"]) {
            index += length;
        } else if text.at(index) == ','
            || (text.at(index) == 'T' && index == end)
            || (text.at(index) == '，' && index == end)
        {
            index += 1;
        }
        if index == start {
            break;
        }
    }
    text.skip_blanks(index)
}

/// The half of the day that is written with a time.
fn half_of(text: &Folded, start: usize, end: usize, clock: u32) -> Option<bool> {
    let words = text.text(start..end).to_lowercase();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if has(&["下午", "傍晚", "晚", "夜", "pm", "p.m."]) {
        Some(clock >= 12 * 3_600)
    } else if has(&["凌晨", "清晨", "早", "晨", "上午", "am", "a.m."]) {
        Some(false)
    } else {
        None
    }
}

/// A time of day: `15:00`, `15:00:03`, `15点20分`, `20时56分`, `下午3点半`, `11:50 PM`.
fn clock_at(text: &Folded, index: usize) -> Option<(u32, usize)> {
    let (half, start) = match text.any(index, &["凌晨", "清晨", "早上", "早晨", "上午", "早", "晨"]) {
        Some(length) => (Some(false), text.skip_blanks(index + length)),
        None => match text.any(index, &["下午", "傍晚", "晚上", "晚间", "夜间", "深夜", "晚", "夜"]) {
            Some(length) => (Some(true), text.skip_blanks(index + length)),
            None => match text.any(index, &["中午"]) {
                Some(length) => (None, text.skip_blanks(index + length)),
                None => (None, index),
            },
        },
    };
    let goes_on =
        |i: usize| text.at(i).is_ascii_digit() || (text.at(i) == ':' && i > 0 && text.at(i - 1).is_ascii_digit());
    if start == index && index > 0 && goes_on(index - 1) {
        return None;
    }
    let (hour, hour_end) = text.digits(start, 2)?;
    let (minute, second, mut end) = clock_rest(text, hour_end)?;
    if hour > 24 || minute > 59 || second > 59 || (hour == 24 && (minute > 0 || second > 0)) {
        return None;
    }
    let mut hour = hour;
    let suffix = text.skip_blanks(end);
    if let Some(length) = text.any(suffix, &["a.m.", "am"])
        && !text.at(suffix + length).is_ascii_alphabetic()
    {
        hour = if hour == 12 { 0 } else { hour };
        end = suffix + length;
    } else if let Some(length) = text.any(suffix, &["p.m.", "pm"])
        && !text.at(suffix + length).is_ascii_alphabetic()
    {
        hour = if hour < 12 { hour + 12 } else { hour };
        end = suffix + length;
    } else if half == Some(true) && hour < 12 {
        hour += 12;
    }
    Some((hour * 3_600 + minute * 60 + second, end))
}

fn clock_rest(text: &Folded, end: usize) -> Option<(u32, u32, usize)> {
    let blank_colon = text.skip_blanks(end);
    let sign = if text.at(blank_colon) == ':' { ':' } else { text.at(end) };
    match sign {
        ':' => {
            let minute_at = text.skip_blanks(blank_colon + 1);
            let (minute, minute_end) = text.digits(minute_at, 2).filter(|(_, e)| e - minute_at == 2)?;
            if text.at(minute_end) == ':'
                && let Some((second, second_end)) = text.digits(minute_end + 1, 2)
            {
                let mut end = second_end;
                if matches!(text.at(end), '.' | ',')
                    && let Some((_, fraction_end)) = text.digits(end + 1, 6)
                {
                    end = fraction_end;
                }
                return Some((minute, second, end));
            }
            let after = text.at(minute_end);
            let goes_on = matches!(after, '%' | ':') || (after == '.' && text.at(minute_end + 1).is_ascii_digit());
            (!goes_on).then_some((minute, 0, minute_end))
        }
        '点' | '时' => {
            if text.at(end + 1) == '半' {
                return Some((30, 0, end + 2));
            }
            if sign == '时' && matches!(text.at(end + 1), '间' | '长' | '段') {
                return None;
            }
            if let Some((minute, minute_end)) = text.digits(text.skip_blanks(end + 1), 2) {
                if text.at(minute_end) == '分' {
                    let mut end = minute_end + 1;
                    let mut second = 0;
                    if let Some((value, second_end)) = text.digits(end, 2).filter(|(_, e)| text.at(*e) == '秒') {
                        (second, end) = (value, second_end + 1);
                    }
                    return Some((minute, second, end));
                }
                if minute_end - end == 3 {
                    return Some((minute, 0, minute_end));
                }
            }
            let end = if sign == '点' && text.at(end + 1) == '整' { end + 2 } else { end + 1 };
            Some((0, 0, end))
        }
        _ => {
            // `3 PM`
            let suffix = text.skip_blanks(end);
            let length = text.any(suffix, &["am", "pm", "a.m.", "p.m."])?;
            (!text.at(suffix + length).is_ascii_alphabetic()).then_some((0, 0, end))
        }
    }
}

/// Names that mean one offset to the teams that write them; CST is China's here.
const ZONES: [(&str, i32); 16] = [
    ("cest", 120),
    ("cet", 60),
    ("bst", 60),
    ("eest", 180),
    ("eet", 120),
    ("edt", -240),
    ("est", -300),
    ("cdt", -300),
    ("cst", 480),
    ("pdt", -420),
    ("pst", -480),
    ("jst", 540),
    ("kst", 540),
    ("sgt", 480),
    ("hkt", 480),
    ("ist", 330),
];

fn zone_at(text: &Folded, end: usize) -> Option<(i32, usize)> {
    let index = text.skip_blanks(end);
    let (open, inner) = if text.at(index) == '(' { (true, index + 1) } else { (false, index) };
    let close = |at: usize| if open && text.at(at) == ')' { at + 1 } else { at };
    if text.at(end) == 'Z' && !text.at(end + 1).is_ascii_alphanumeric() {
        return Some((0, end + 1));
    }
    if let Some(length) = text.any(inner, &["北京时间", "bjt"]) {
        return Some((8 * 3_600, close(inner + length)));
    }
    if let Some(length) = text.any(inner, &["utc", "gmt"]) {
        let at = inner + length;
        if let Some(found) = offset_at(text, at) {
            return Some((found.0, close(found.1)));
        }
        return (!text.at(at).is_ascii_alphabetic()).then_some((0, close(at)));
    }
    if let Some((name, minutes)) = ZONES.into_iter().find(|(name, _)| text.has(inner, name)) {
        let at = inner + name.len();
        if !text.at(at).is_ascii_alphanumeric() {
            return Some((minutes * 60, close(at)));
        }
    }
    // A bare `+08:00` directly behind the time.
    (text.at(end) == '+' || (text.at(end) == '-' && text.at(end + 3) == ':' && text.at(end + 4) == '0'))
        .then(|| offset_at(text, end).filter(|(_, e)| e - end >= 5))
        .flatten()
        .filter(|_| text.at(end) == '+')
}

fn offset_at(text: &Folded, index: usize) -> Option<(i32, usize)> {
    let sign = match text.at(index) {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    if let Some((both, end)) = text.digits(index + 1, 4).filter(|(_, e)| e - index == 5) {
        let seconds = i32::try_from(both / 100 * 3_600 + both % 100 * 60).ok()?;
        return Some((sign * seconds, end));
    }
    let (hours, end) = text.digits(index + 1, 2)?;
    let (minutes, end) = match text.at(end) {
        ':' => text.digits(end + 1, 2)?,
        _ => (0, end),
    };
    (hours <= 14).then_some((sign * i32::try_from(hours * 3_600 + minutes * 60).ok()?, end))
}

/// The date of words, near the context; true when a year had to be assumed.
pub fn resolve_date(
    words: DateWords,
    context: &CaptureContext,
    beginning: Option<NaiveDate>,
) -> Option<(NaiveDate, bool)> {
    match words {
        DateWords::Full(date) => Some((date, false)),
        DateWords::NextDay(days) => Some((beginning?.checked_add_days(Days::new(days))?, false)),
        DateWords::DaysAgo(days) => {
            let written = match context.anchor {
                DateAnchor::LatestPast(now) => context.written.unwrap_or(now.with_timezone(&context.zone).date_naive()),
                DateAnchor::Nearest(day) => context.written.unwrap_or(day),
                DateAnchor::Week(_) => context.written?,
            };
            Some((written.checked_sub_days(Days::new(days))?, false))
        }
        DateWords::Weekday(day) => {
            let monday = match context.anchor {
                DateAnchor::Week(week) => week.monday(),
                DateAnchor::Nearest(day_near) => latest_weekday(day_near, day)?,
                DateAnchor::LatestPast(now) => latest_weekday(now.with_timezone(&context.zone).date_naive(), day)?,
            };
            match context.anchor {
                DateAnchor::Week(_) => {
                    Some((monday.checked_add_days(Days::new(u64::from(day.num_days_from_monday())))?, false))
                }
                _ => Some((monday, false)),
            }
        }
        DateWords::MonthDay(month, day) => {
            if let Some(near) = beginning {
                return nearest(month, day, near).map(|date| (date, false));
            }
            match context.anchor {
                DateAnchor::Week(week) => {
                    nearest(month, day, week.monday().checked_add_days(Days::new(3))?).map(|date| (date, true))
                }
                DateAnchor::Nearest(near) => nearest(month, day, near).map(|date| (date, true)),
                DateAnchor::LatestPast(now) => {
                    let today = now.with_timezone(&context.zone).date_naive();
                    (0..=8)
                        .filter_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, day))
                        .find(|date| *date <= today)
                        .map(|date| (date, true))
                }
            }
        }
    }
}

fn latest_weekday(until: NaiveDate, day: Weekday) -> Option<NaiveDate> {
    (0..7).filter_map(|back| until.checked_sub_days(Days::new(back))).find(|date| date.weekday() == day)
}

fn nearest(month: u32, day: u32, near: NaiveDate) -> Option<NaiveDate> {
    (near.year() - 4..=near.year() + 4)
        .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
        .min_by_key(|date| (*date - near).num_days().abs())
}

/// The instant of a date and seconds after midnight, in the named zone or that of the context.
pub fn instant(date: NaiveDate, seconds: u32, offset: Option<i32>, context: &CaptureContext) -> Option<DateTime<Utc>> {
    let naive: NaiveDateTime =
        date.and_time(NaiveTime::MIN).checked_add_signed(Duration::seconds(i64::from(seconds)))?;
    match offset.and_then(FixedOffset::east_opt) {
        Some(zone) => zone.from_local_datetime(&naive).single().map(|at| at.with_timezone(&Utc)),
        None => match context.zone.from_local_datetime(&naive).earliest() {
            Some(at) => Some(at.with_timezone(&Utc)),
            // A time that the change to summer time skips: the first that exists.
            None => context
                .zone
                .from_local_datetime(&naive.checked_add_signed(Duration::hours(1))?)
                .earliest()
                .map(|at| at.with_timezone(&Utc)),
        },
    }
}

/// `约20分钟后恢复`: how long it took.
fn after_a_while(text: &Folded) -> Option<i64> {
    (0..text.len()).find_map(|index| {
        let before = if index == 0 { ' ' } else { text.at(index - 1) };
        if before.is_ascii_digit() || matches!(before, '.' | ':') {
            return None;
        }
        let (value, end) = text.digits(index, 4)?;
        let unit = text.skip_blanks(end);
        let (scale, length) = [("个小时", 3_600), ("小时", 3_600), ("分钟", 60), ("分", 60), ("秒", 1)]
            .into_iter()
            .find(|(word, _)| text.has(unit, word))
            .map(|(word, scale)| (scale, word.chars().count()))?;
        let mut at = unit + length;
        at += text.any(at, &["左右", "许"]).unwrap_or(0);
        at += text.any(at, &["后", "之后"])?;
        at = text.skip_blanks(at);
        at += text.any(at, &["自动", "自行", "全部", "业务", "均已", "系统"]).unwrap_or(0);
        text.any(at, &["恢复", "自愈", "消除", "解决"]).map(|_| i64::from(value) * scale)
    })
}

/// Whether the words are a duration and nothing else: `持续40分钟`, `约1小时20分`.
pub fn is_duration(words: &str) -> bool {
    let rest: String = words.chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace() && *c != '.').collect();
    let mut rest = rest.as_str();
    while !rest.is_empty() {
        let before = rest;
        for part in [
            "持续",
            "历时",
            "时长",
            "耗时",
            "lasted",
            "duration",
            "约",
            "近",
            "共",
            "了",
            "为",
            ":",
            "个小时",
            "小时",
            "分钟",
            "分",
            "秒钟",
            "秒",
            "天",
            "minutes",
            "minute",
            "mins",
            "min",
            "hours",
            "hour",
            "seconds",
            "h",
            "m",
            "s",
        ] {
            if let Some(left) = rest.strip_prefix(part) {
                rest = left;
                break;
            }
        }
        if rest == before {
            return false;
        }
    }
    // `(1)` is a number, not a duration.
    words.chars().any(|c| c.is_ascii_digit()) && words.chars().any(char::is_alphabetic)
}

/// A stated duration, `持续约8分钟`, `lasted 25 minutes`: seconds.
pub fn stated_duration(text: &str) -> Option<i64> {
    let folded = Folded::new(text, 0);
    if let Some(seconds) = after_a_while(&folded) {
        return Some(seconds);
    }
    let start = ["持续时间", "持续时长", "历时", "持续", "耗时", "时长", "lasted", "duration", "for "]
        .iter()
        .filter_map(|word| (0..folded.len()).find(|i| folded.has(*i, word)).map(|i| i + word.chars().count()))
        .min()?;
    let mut index = folded.skip_blanks(start);
    while let Some(length) = folded.any(index, &["约", "近", "大约", "了", "为", ":", "about ", "around "]) {
        index = folded.skip_blanks(index + length);
    }
    let mut total = 0_i64;
    let mut found = false;
    while let Some((value, end)) = folded.digits(index, 5) {
        let unit = folded.skip_blanks(end);
        let (scale, length) = [
            ("个小时", 3_600),
            ("小时", 3_600),
            ("hours", 3_600),
            ("hour", 3_600),
            ("h", 3_600),
            ("分钟", 60),
            ("minutes", 60),
            ("minute", 60),
            ("mins", 60),
            ("min", 60),
            ("分", 60),
            ("秒钟", 1),
            ("秒", 1),
            ("seconds", 1),
        ]
        .into_iter()
        .find(|(word, _)| folded.has(unit, word))
        .map(|(word, scale)| (scale, word.chars().count()))?;
        total += i64::from(value) * scale;
        found = true;
        index = folded.skip_blanks(unit + length);
    }
    found.then_some(total)
}
