//! The date part of a time: `08/19`, `8月19日`, `Aug 19`, `周三`, `昨天`, `次日`.

use chrono::{NaiveDate, Weekday};

use super::{clocks::clock_at, times::DateWords};
use crate::domain::text::Folded;

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

pub(super) fn date_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    if let Some(length) = text.any(index, &["次日", "翌日", "第二天", "隔日", "next day"]) {
        return Some((DateWords::NextDay(1), index + length));
    }
    if let Some(length) = text.any(index, &["当日", "当天", "同日", "same day"]) {
        return Some((DateWords::NextDay(0), index + length));
    }
    if let Some(found) = days_ago_at(text, index) {
        return Some(found);
    }
    if let Some(found) = days_ahead_at(text, index) {
        return Some(found);
    }
    if let Some(found) = weekday_at(text, index) {
        return Some(found);
    }
    if text.at(index).is_ascii_alphabetic() {
        return english_date_at(text, index);
    }
    if let Some((year, end)) = text.digits(index, 4).filter(|(_, end)| end - index == 4)
        && (1990..=2200).contains(&year)
        && let Some(found) = year_first(text, year, end)
    {
        return Some(found);
    }
    if let Some(found) = month_and_day_at(text, index) {
        return Some(found);
    }
    let (first, end) = text.digits(index, 2)?;
    let sign = text.at(end);
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
            '-' => clock_follows || two && (index == 0 || text.at(index - 1) == '\n'),
            _ => clock_follows,
        };
        return month_day(first, day).filter(|_| certain).map(|date| (date, day_end));
    }
    day_and_month_at(text, index)
}

/// `19 Aug 2024`.
fn day_and_month_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    let (day, end) = text.digits(index, 2)?;
    let month_at = text.skip_blanks(end + text.any(end, &["st", "nd", "rd", "th"]).unwrap_or(0));
    let (month, month_end) = month_name(text, month_at).filter(|_| month_at > end)?;
    with_year(text, month, day, month_end)
}

/// `8月13日`, `1 月 2 日`, `八月十三日`.
fn month_and_day_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    let (month, end) = text.digits(index, 2).or_else(|| text.numeral(index))?;
    let sign = text.skip_blanks(end);
    if text.at(sign) != '月' {
        return None;
    }
    let day_at = text.skip_blanks(sign + 1);
    let (day, end) = text.digits(day_at, 2).or_else(|| text.numeral(day_at))?;
    let behind = text.skip_blanks(end);
    let end = text.any(behind, &["日", "号"]).map_or(end, |length| behind + length);
    month_day(month, day).map(|date| (date, end))
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

/// `明天`, `明晚`: the part of the day behind the word stays for the time.
fn days_ahead_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    const WORDS: [(&str, u64, usize); 7] = [
        ("明日", 1, 2),
        ("明天", 1, 2),
        ("明早", 1, 1),
        ("明晨", 1, 1),
        ("明晚", 1, 1),
        ("后天", 2, 2),
        ("tomorrow", 1, 8),
    ];
    let (_, days, length) = WORDS.into_iter().find(|(word, ..)| text.has(index, word))?;
    Some((DateWords::DaysAhead(days), index + length))
}

/// `3天前`, `昨天` without a time, where an event begins: the day, and where the words end.
pub(super) fn day_told_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    let (words, end) = days_ago_at(text, index).or_else(|| days_ahead_at(text, index))?;
    // `昨天的发布`: the day of something else.
    let apart = !matches!(text.at(end), '的' | '之');
    let end = end + text.any(end, &["晚上", "夜里", "晚", "夜", "早", "晨"]).unwrap_or(0);
    apart.then_some((words, end))
}

fn weekday_at(text: &Folded, index: usize) -> Option<(DateWords, usize)> {
    if text.any(index, &["上周", "上星期", "上礼拜"]).is_some() {
        let (day, end) = weekday_at(text, index + 1)?;
        return match day {
            DateWords::Weekday(day) => Some((DateWords::LastWeek(day), end)),
            _ => None,
        };
    }
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
    // `Tue, May 20`, `Tue 12 Aug`: the date that follows says more.
    let next = text.skip_blanks(end);
    if let Some(found) = english_date_at(text, next).or_else(|| day_and_month_at(text, next)) {
        return Some(found);
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

/// Where the weekday behind a date ends, `12/30 周三`; else `end`.
pub(super) fn weekday_behind(text: &Folded, end: usize) -> usize {
    let at = text.skip_blanks(end);
    match weekday_at(text, at) {
        Some((DateWords::Weekday(_), weekday_end)) => weekday_end,
        _ => end,
    }
}

fn month_day(month: u32, day: u32) -> Option<DateWords> {
    // 2024 is a leap year: 2/29 is a date of some year.
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| DateWords::MonthDay(month, day))
}

/// The index of a time behind a date: blanks, a comma, a weekday in brackets, `T`, 自, 约 … may stand between.
pub(super) fn date_gap(text: &Folded, end: usize) -> usize {
    let mut index = end;
    for _ in 0..4 {
        let start = index;
        index = text.skip_blanks(index);
        if matches!(text.at(index), '(' | '【' | '[') {
            let close = (index + 1..index + 14).find(|i| matches!(text.at(*i), ')' | '】' | ']' | '\n'));
            if let Some(close) = close.filter(|close| text.at(*close) != '\n')
                && (weekday_at(text, text.skip_blanks(index + 1)).is_some()
                    || clock_at(text, text.skip_blanks(close + 1)).is_some())
            {
                // `(周日)`, `(平安夜)`
                index = close + 1;
            }
        } else if let Some((DateWords::Weekday(_), weekday_end)) = weekday_at(text, index) {
            index = weekday_end;
        }
        index = text.skip_blanks(index);
        if let Some(length) = text.any(index, &["自", "从", "于", "约", "大约", "at ", "@", "当晚", "当天"]) {
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
