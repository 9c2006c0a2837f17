//! Words that lead a clause or hold it together: list markers, lead-ins, connectives.

use std::ops::Range;

use super::causes;
use crate::domain::text::Folded;

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

/// The first character behind a list marker.
pub(super) fn skip_list_marker(text: &Folded, range: Range<usize>) -> usize {
    let start = text.skip_blanks(range.start);
    if matches!(text.at(start), '-' | '*' | '+' | '•' | '>') && matches!(text.at(start + 1), ' ' | '\t') {
        return text.skip_blanks(start + 1);
    }
    if let Some((_, end)) = text.digits(start, 4)
        && matches!(text.at(end), '.' | '、' | ')')
        && !(text.at(end) == '.' && text.at(end + 1).is_ascii_digit())
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

/// The words behind `处理：`, `措施：`.
pub(super) fn strip_recovery_lead(words: &str) -> &str {
    [
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
    ]
    .iter()
    .find_map(|lead| words.strip_prefix(lead)?.trim_start().strip_prefix([':', '：']))
    .map_or(words, str::trim)
}

/// `大促流量超预期导致下单失败` says its cause itself.
pub(super) fn cause_within(words: &str) -> Option<&str> {
    let at = ["导致", "致使", "引发", "造成"].iter().filter_map(|word| words.find(word)).min()?;
    let before = words.get(..at)?.trim_end_matches('所');
    let mut before = before.trim();
    for lead in ["监控告警", "监控发现", "客户反馈", "用户反馈", "商户反馈", "客服反馈", "业务反馈", "巡检发现"]
    {
        before = before.strip_prefix(lead).unwrap_or(before);
    }
    causes::cause_of(before).filter(|cause| cause.chars().count() >= 3)
}
