//! The words of a clause: without times, marks, signs and lead-ins, and the numbers in them.

use std::ops::Range;

use super::{
    clauses,
    draft::{Impact, ImpactKind},
    quantities, times,
};
use crate::domain::text::Folded;

/// Stands in place of what was read already.
const TAKEN: char = '\u{1}';

/// Whether only a word or two stand between a date and its time: `03/04 自13:05起`.
pub(super) fn is_gap(between: &str) -> bool {
    let words = between.trim();
    words.chars().count() <= 6
        && !words.chars().skip(1).any(|c| matches!(c, '，' | ',' | '。' | '；' | ';'))
        && words.chars().all(|c| !c.is_alphanumeric() || "自从于约大概在的".contains(c))
}

/// Words that only hold a time: `19:00 至`, `16:08 发生`.
pub(super) fn is_connective(words: &str) -> bool {
    matches!(
        words,
        "起" | "开始"
            | "发生"
            | "左右"
            | "许"
            | "前后"
            | "至"
            | "到"
            | "时"
            | "on"
            | "On"
            | "at"
            | "At"
            | "from"
            | "From"
    )
}

/// `(持续40分钟)`: brackets around nothing but a duration.
pub(super) fn asides(text: &Folded) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for open in (0..text.len()).filter(|i| text.at(*i) == '(') {
        let Some(close) = (open + 1..(open + 24).min(text.len())).find(|i| text.at(*i) == ')') else { continue };
        let inner = text.text(open + 1..close);
        let rest = inner.trim_start_matches(['约', '共', '近']);
        let lasting = ["持续", "历时", "时长", "耗时", "lasted", "duration"].iter().any(|word| rest.starts_with(word));
        if (lasting || rest.starts_with(|c: char| c.is_ascii_digit())) && times::is_duration(&inner) {
            found.push(open..close + 1);
        }
    }
    found
}

pub(super) fn join(parts: &[(String, Range<usize>)]) -> String {
    let mut text = String::new();
    for (words, _) in parts {
        if !text.is_empty() {
            text.push_str(if words.is_ascii() && text.is_ascii() { ", " } else { "，" });
        }
        text.push_str(words);
    }
    text
}

pub(super) fn mask(text: &mut Folded, range: &Range<usize>) {
    for index in range.clone() {
        if let Some(c) = text.chars.get_mut(index) {
            *c = TAKEN;
        }
    }
}

/// The words of a range without times, marks and the punctuation around them, and where they stand.
pub(super) fn words_of(masked: &Folded, range: &Range<usize>) -> (String, Range<usize>) {
    let is_edge = |c: char| {
        c.is_whitespace()
            || c == TAKEN
            || matches!(
                c,
                ':' | ',' | '，' | '。' | '；' | ';' | '-' | '~' | '、' | '*' | '.' | '·' | '|' | '>' | '【' | '】'
            )
    };
    // `~75 requests`: the sign belongs to the number.
    let about = |i: usize| masked.at(i) == '~' && masked.at(i + 1).is_ascii_digit();
    let start = range.clone().find(|i| !is_edge(masked.at(*i)) || about(*i)).unwrap_or(range.end);
    let end = (start..range.end).rev().find(|i| !is_edge(masked.at(*i))).map_or(start, |i| i + 1);
    let mut words: String = masked.text(start..end).chars().filter(|c| *c != TAKEN).collect();
    for tail in [" at", " on", " by", "于", "在", "()", "（）"] {
        if let Some(rest) = words.strip_suffix(tail) {
            words = rest.to_owned();
        }
    }
    if masked.text(start..end).contains(TAKEN) {
        for lead in ["大约左右", "约左右", "左右", "许"] {
            words = words.strip_prefix(lead).unwrap_or(&words).to_owned();
        }
    }
    // 起 behind the time of the beginning, and 自 before it, belong to the time.
    let behind_time = (0..start).rev().find(|i| masked.at(*i) != ' ').is_some_and(|i| masked.at(i) == TAKEN);
    if behind_time {
        for lead in ["起，", "起 ", "起", "开始，", "开始 ", "发生 "] {
            if let Some(rest) = words.strip_prefix(lead)
                && !rest.is_empty()
            {
                words = rest.to_owned();
                break;
            }
        }
    }
    for lead in ["On ", "on ", "At ", "at ", "From ", "from ", "Since ", "since ", "Around ", "around "] {
        let length = lead.chars().count();
        if words.starts_with(lead) && masked.at(start + length) == TAKEN {
            words = words.get(lead.len()..).unwrap_or_default().to_owned();
            break;
        }
    }
    if words.starts_with(['自', '于']) && masked.at(start + 1) == TAKEN {
        words.remove(0);
        if let Some(rest) = words.strip_prefix('起') {
            words = rest.to_owned();
        }
    }
    (words.trim().to_owned(), start..end)
}

pub(super) fn skip_list_marker(text: &Folded, range: Range<usize>) -> usize {
    let start = text.skip_blanks(range.start);
    if matches!(text.at(start), '-' | '*' | '+' | '•' | '>') && matches!(text.at(start + 1), ' ' | '\t') {
        return text.skip_blanks(start + 1);
    }
    if let Some((_, end)) = text.digits(start, 2)
        && matches!(text.at(end), '.' | '、' | ')')
        && !text.at(end + 1).is_ascii_digit()
    {
        return text.skip_blanks(end + 1);
    }
    // `（1）`
    if text.at(start) == '('
        && let Some((_, end)) = text.digits(start + 1, 2)
        && text.at(end) == ')'
    {
        return text.skip_blanks(end + 1);
    }
    start
}

pub(super) fn strip_recovery_lead(words: &str) -> String {
    for lead in [
        "处理措施",
        "处理方式",
        "处理",
        "处置",
        "措施",
        "解决方案",
        "解决措施",
        "恢复措施",
        "恢复",
        "应急",
        "Fix",
        "Recovery",
        "Resolution",
        "Action",
    ] {
        if let Some(rest) = words.strip_prefix(lead)
            && let Some(rest) = rest.trim_start().strip_prefix([':', '：'])
        {
            return rest.trim().to_owned();
        }
    }
    words.to_owned()
}

/// `大促流量超预期导致下单失败` says its cause itself.
pub(super) fn cause_within(words: &str) -> Option<String> {
    let at = ["导致", "致使", "引发", "造成"].iter().filter_map(|word| words.find(word)).min()?;
    let before = words.get(..at)?.trim_end_matches('所');
    let mut before = before.trim();
    for lead in ["监控告警", "监控发现", "客户反馈", "用户反馈", "商户反馈", "客服反馈", "业务反馈", "巡检发现"]
    {
        before = before.strip_prefix(lead).unwrap_or(before);
    }
    clauses::cause_of(before).filter(|cause| cause.chars().count() >= 3)
}

/// A cause read from a symptom loses its lead-in.
pub(super) fn strip_report_lead(words: &str) -> String {
    clauses::cause_of(words).unwrap_or_default()
}

/// The numbers of impact clauses: the first of each kind, those behind 影响, 涉及, 共计 first.
pub(super) fn numbers(impacts: &[(String, Range<usize>)]) -> Vec<Impact> {
    let mut found: Vec<Impact> = Vec::new();
    let mut all = Vec::new();
    for (words, _) in impacts {
        let keyed =
            ["影响", "涉及", "共计", "受影响"].iter().filter_map(|key| words.find(key)).min().filter(|at| *at > 0);
        let (behind, before) = match keyed {
            Some(at) => (words.get(at..).unwrap_or_default(), words.get(..at).unwrap_or_default()),
            None => (words.as_str(), ""),
        };
        all.extend(quantities::scan(behind));
        all.extend(quantities::scan(before));
    }
    for kind in [ImpactKind::Count, ImpactKind::Users, ImpactKind::Amount] {
        found.extend(all.iter().find(|impact| impact.kind == kind).cloned());
    }
    found
}
