//! How long something took: `持续8分钟`, `约20分钟后恢复`, `lasted 25 minutes`.

use std::ops::Range;

use crate::domain::text::Folded;

/// Seconds of each unit; longer words first.
const UNITS: [(&str, i64); 19] = [
    ("个小时", 3_600),
    ("个钟头", 3_600),
    ("小时", 3_600),
    ("hours", 3_600),
    ("hour", 3_600),
    ("hrs", 3_600),
    ("hr", 3_600),
    ("分钟", 60),
    ("minutes", 60),
    ("minute", 60),
    ("mins", 60),
    ("min", 60),
    ("分", 60),
    ("秒钟", 1),
    ("秒", 1),
    ("seconds", 1),
    ("secs", 1),
    ("h", 3_600),
    ("m", 60),
];

/// A duration at `index`, `1小时20分`, `1.5h`, `半小时`, `二十分钟`: seconds, and where it ends.
fn duration_at(text: &Folded, index: usize) -> Option<(i64, usize)> {
    let mut total = 0_i64;
    let mut end = None;
    let mut at = index;
    while let Some((seconds, behind)) = one_unit_at(text, at) {
        total += seconds;
        end = Some(behind);
        at = text.skip_blanks(behind + text.any(behind, &["又", "零", "and "]).unwrap_or(0));
    }
    end.map(|end| (total, end))
}

/// A number and its unit.
fn one_unit_at(text: &Folded, index: usize) -> Option<(i64, usize)> {
    if let Some(length) = text.any(index, &["半个小时", "半个钟头", "半小时"]) {
        return Some((1_800, index + length));
    }
    let (hundredths, end) = hundredths_at(text, index)?;
    if let Some(length) = text.any(end, &["个半小时", "个半钟头"]) {
        return Some(((hundredths + 50) * 36, end + length));
    }
    let unit = text.skip_blanks(end);
    let unit = unit + text.any(unit, &["余", "多"]).unwrap_or(0);
    let (scale, length) = UNITS.iter().find_map(|(word, scale)| {
        let length = text.any(unit, &[word])?;
        let word_ends = !word.is_ascii() || !text.at(unit + length).is_ascii_alphabetic();
        word_ends.then_some((*scale, length))
    })?;
    Some((hundredths * scale / 100, unit + length))
}

/// `20`, `1.5`, `二十` in hundredths, and where the number ends.
fn hundredths_at(text: &Folded, index: usize) -> Option<(i64, usize)> {
    let Some((whole, end)) = text.digits(index, 5) else {
        let (number, end) = text.numeral(index)?;
        return Some((i64::from(number) * 100, end));
    };
    let whole = i64::from(whole) * 100;
    let fraction = text.digits(end + 1, 2).filter(|_| text.at(end) == '.');
    Some(fraction.map_or((whole, end), |(fraction, fraction_end)| {
        let scale = if fraction_end - end == 2 { 10 } else { 1 };
        (whole + i64::from(fraction) * scale, fraction_end)
    }))
}

/// `刚才`, `10分钟前`, `半小时前`, `10 min ago`: seconds before the writing, and where the words end.
pub(super) fn ago_at(text: &Folded, index: usize) -> Option<(i64, usize)> {
    if let Some(length) = text.any(index, &["刚才", "刚刚", "方才", "just now"]) {
        return Some((0, index + length));
    }
    let spelled = [("half an hour", 1_800), ("an hour", 3_600), ("a minute", 60)];
    let spelled = spelled.into_iter().find(|(words, _)| text.has(index, words));
    let (seconds, end) = match spelled {
        Some((words, seconds)) => (seconds, index + words.len()),
        None => duration_at(text, index)?,
    };
    let at = text.skip_blanks(end + text.any(end, &["左右", "许"]).unwrap_or(0));
    let length = text.any(at, &["之前", "以前", "前", "ago", "earlier"])?;
    Some((seconds, at + length))
}

/// `约20分钟后恢复`: how long it took.
fn after_a_while(text: &Folded) -> Option<(i64, Range<usize>)> {
    let mut index = 0;
    while index < text.len() {
        let before = if index == 0 { ' ' } else { text.at(index - 1) };
        let here = text.at(index);
        let goes_on =
            before.is_ascii_digit() || matches!(before, '.' | ':') || "一二三四五六七八九十两".contains(before);
        if goes_on || !(here.is_ascii_digit() || "半一二三四五六七八九十两".contains(here)) {
            index += 1;
            continue;
        }
        let Some((seconds, end)) = duration_at(text, index) else {
            index += 1;
            continue;
        };
        let mut at = end + text.any(end, &["左右", "许"]).unwrap_or(0);
        if let Some(length) = text.any(at, &["后", "之后"]) {
            at = text.skip_blanks(at + length);
            at += text.any(at, &["自动", "自行", "全部", "业务", "均已", "系统", "逐步", "陆续"]).unwrap_or(0);
            if text.any(at, &["恢复", "自愈", "消除", "解决"]).is_some() {
                return Some((seconds, index..end));
            }
        }
        // `self-healed 3 minutes later`
        if text.any(text.skip_blanks(end), &["later", "afterwards"]).is_some() {
            let lead = text.text(index.saturating_sub(30)..index).to_lowercase();
            if ["heal", "recover", "restor", "resum", "back", "fixed", "cleared"].iter().any(|word| lead.contains(word))
            {
                return Some((seconds, index..end));
            }
        }
        index = end;
    }
    None
}

/// A stated duration, `持续约8分钟`, `lasted 25 minutes`: seconds.
pub fn stated_duration(text: &str) -> Option<i64> {
    stated_duration_in(&Folded::new(text, 0)).map(|(seconds, _)| seconds)
}

/// A stated duration in seconds, and the characters that state it.
pub fn stated_duration_in(text: &Folded) -> Option<(i64, Range<usize>)> {
    const LEADS: [&str; 9] = ["持续时间", "持续时长", "历时", "持续", "耗时", "时长", "lasted", "duration", "for "];
    after_a_while(text).or_else(|| {
        (0..text.len()).find_map(|start| {
            let mut at = start + text.any(start, &LEADS)?;
            at = text.skip_blanks(at);
            while let Some(length) = text.any(at, &["约", "近", "大约", "了", "为", ":", "about ", "around "]) {
                at = text.skip_blanks(at + length);
            }
            duration_at(text, at).map(|(seconds, end)| (seconds, start..end))
        })
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
            "个半小时",
            "半小时",
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
