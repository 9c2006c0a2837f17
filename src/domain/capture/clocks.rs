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

/// The words in front of a time that say which part of the day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartOfDay {
    Unsaid,
    /// 凌晨, 清晨: after midnight.
    Dawn,
    /// 早上, 上午.
    Morning,
    /// 中午: around twelve.
    Noon,
    /// 下午, 傍晚.
    Afternoon,
    /// 晚上: until after midnight.
    Evening,
    /// 半夜, 深夜, 夜里: around midnight, until dawn.
    Night,
}

impl PartOfDay {
    /// The hour of 24 that the hour as written means. Twelve at night ends the day: 24.
    fn hour(self, hour: u32) -> u32 {
        match (self, hour) {
            (Self::Dawn, 12) => 0,
            (Self::Noon, 1..=3) | (Self::Afternoon, 1..=11) | (Self::Evening, 5..=11) | (Self::Night, 7..=11) => {
                hour + 12
            }
            (Self::Evening | Self::Night, 12) => 24,
            _ => hour,
        }
    }
}

/// The part of the day that stands at `index`, and where its words end.
fn part_of_day(text: &Folded, index: usize) -> Option<(PartOfDay, usize)> {
    const WORDS: [(PartOfDay, &[&str]); 6] = [
        (PartOfDay::Dawn, &["凌晨", "清晨"]),
        (PartOfDay::Morning, &["早上", "早晨", "上午", "早", "晨"]),
        (PartOfDay::Night, &["后半夜", "大半夜", "半夜", "深夜", "午夜", "夜里", "夜间", "夜晚", "夜"]),
        (PartOfDay::Evening, &["晚上", "晚间", "晚"]),
        (PartOfDay::Afternoon, &["下午", "傍晚"]),
        (PartOfDay::Noon, &["中午"]),
    ];
    WORDS.iter().find_map(|(part, words)| text.any(index, words).map(|length| (*part, index + length)))
}

/// A time of day: `15:00`, `15:00:03`, `15点20分`, `20时56分`, `下午3点半`, `11:50 PM`.
pub(super) fn clock_at(text: &Folded, index: usize) -> Option<(u32, usize)> {
    let (part, start) =
        part_of_day(text, index).map_or((PartOfDay::Unsaid, index), |(part, end)| (part, text.skip_blanks(end)));
    let goes_on =
        |i: usize| text.at(i).is_ascii_digit() || (text.at(i) == ':' && i > 0 && text.at(i - 1).is_ascii_digit());
    if start == index && index > 0 && goes_on(index - 1) {
        return None;
    }
    if let Some(length) = text.any(index, &["noon", "正午"])
        && !text.at(index + length).is_ascii_alphabetic()
    {
        return Some((12 * 3_600, index + length));
    }
    let (hour, hour_end) = text.digits(start, 2).or_else(|| written_hour(text, start))?;
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
    } else {
        hour = part.hour(hour);
    }
    Some((hour * 3_600 + minute * 60 + second, end))
}

/// `十点`, `零点`: a numeral counts as an hour only with 点 behind it, and not as a part of `三点一刻钟` or `两点问题`.
fn written_hour(text: &Folded, index: usize) -> Option<(u32, usize)> {
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    if "零一二三四五六七八九十百第".contains(before) {
        return None;
    }
    let (hour, end) = text.numeral(index)?;
    let minutes = text.skip_blanks(end + 1 + usize::from(text.at(end + 1) == '零'));
    let timed = matches!(text.at(end + 1), '半' | '整' | '钟' | '许' | '左')
        || text.digits(minutes, 2).is_some()
        || text.numeral(minutes).is_some();
    let named = index > 0 && "晨早上午晚夜里间日号".contains(before);
    (text.at(end) == '点' && (timed || named)).then_some((hour, end))
}

fn clock_rest(text: &Folded, end: usize) -> Option<(u32, u32, usize)> {
    let blank_colon = text.skip_blanks(end);
    let sign = text.at(blank_colon);
    let sign = if matches!(sign, ':' | '点' | '时') { sign } else { text.at(end) };
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
            let goes_on = after == '%' || matches!(after, '.' | ':') && text.at(minute_end + 1).is_ascii_digit();
            (!goes_on).then_some((minute, 0, minute_end))
        }
        '点' | '时' => hour_rest(text, sign, blank_colon),
        _ => {
            // `3 PM`
            let suffix = text.skip_blanks(end);
            let length = text.any(suffix, &["am", "pm", "a.m.", "p.m."])?;
            (!text.at(suffix + length).is_ascii_alphabetic()).then_some((0, 0, end))
        }
    }
}

/// Behind `9点`, `9时`: `15分`, `半`, `整`, `15分20秒`, `二十`.
fn hour_rest(text: &Folded, sign: char, sign_at: usize) -> Option<(u32, u32, usize)> {
    let behind = sign_at + 1;
    if text.at(behind) == '半' {
        return Some((30, 0, behind + 1));
    }
    if sign == '时' && matches!(text.at(behind), '间' | '长' | '段' | '效' | '延') {
        return None;
    }
    if let Some(length) = text.any(behind, &["一刻", "三刻"]) {
        return Some((if text.at(behind) == '一' { 15 } else { 45 }, 0, behind + length));
    }
    let minute_at = text.skip_blanks(behind + usize::from(text.at(behind) == '零'));
    if let Some((minute, minute_end)) = text.digits(minute_at, 2).or_else(|| text.numeral(minute_at)) {
        let unit = text.skip_blanks(minute_end);
        if text.at(unit) == '分' && text.at(unit + 1) != '钟' {
            let second_at = text.skip_blanks(unit + 1);
            if let Some((second, second_end)) = text.digits(second_at, 2)
                && text.at(text.skip_blanks(second_end)) == '秒'
            {
                return Some((minute, second, text.skip_blanks(second_end) + 1));
            }
            return Some((minute, 0, unit + 1));
        }
        // `1 点 20，`: blanks in between, and nothing that is counted behind.
        let ends =
            matches!(text.at(minute_end), '，' | ',' | '。' | '；' | ';' | ')' | '\n' | '左' | '许' | '前' | '-' | '~');
        if minute_end - minute_at == 2 && (minute_at == behind || ends && minute_at > behind)
            || minute_end > minute_at
                && !text.at(minute_at).is_ascii_digit()
                && (minute >= 10 || text.at(behind) == '零')
        {
            return Some((minute, 0, minute_end));
        }
    }
    let end = if sign == '点' && matches!(text.at(behind), '整' | '钟') { behind + 1 } else { behind };
    Some((0, 0, end))
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
