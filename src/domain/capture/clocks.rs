//! The time of day and its zone: `15:00`, `下午3点半`, `11:50 PM`, `UTC+8`.

use crate::domain::text::Folded;

/// The half of the day that is written with a time.
pub(super) fn half_of(text: &Folded, start: usize, end: usize, clock: u32) -> Option<bool> {
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
pub(super) fn clock_at(text: &Folded, index: usize) -> Option<(u32, usize)> {
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

pub(super) fn zone_at(text: &Folded, end: usize) -> Option<(i32, usize)> {
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
