//! The cause in a clause: whether it names one, and the cause alone.

use crate::domain::text::{contains_any, lower};

const CAUSE_KEYS: &[&str] = &[
    "reason",
    "原因分析",
    "根本原因",
    "直接原因",
    "故障原因",
    "问题原因",
    "初步原因",
    "经排查",
    "原因",
    "根因",
    "起因",
    "由于",
    "缘于",
    "root cause",
    "cause",
    "due to",
    "because of",
    "because",
    "owing to",
    "as a result of",
    "triggered by",
];
/// `初步定位为X`, `值班确认为X`: where X begins, in bytes.
pub(super) fn found_out(words: &str) -> Option<usize> {
    const KEYS: [&str; 8] = ["定位为", "确认为", "判断为", "判定为", "排查为", "定位系", "确认是", "定位是"];
    if !contains_any(words, &KEYS) {
        return None;
    }
    KEYS.iter().find_map(|key| {
        let at = words.find(key)?;
        (words.get(..at)?.chars().count() <= 8).then_some(at + key.len())
    })
}

/// What people do to a system that makes it fail. What sets it right again (a rollback, a restart, a fix) is none.
const CHANGES: &[&str] = &[
    "push",
    "deploy",
    "deployment",
    "release",
    "rollout",
    "upgrade",
    "migration",
    "update",
    "change",
    "changes",
    "cutover",
    "patch",
    "rotation",
    "reconfiguration",
    "maintenance",
    "switchover",
];

/// `after a config push`, `following the gateway deploy of Monday`: where the cause begins, in bytes. The words are in small
/// letters and end where their clause does.
pub(super) fn after_change(words: &str) -> Option<usize> {
    /// Words between the article and the change.
    const WORDS: usize = 5;
    let lead =
        ["after ", "following ", "right after ", "shortly after "].into_iter().find(|lead| words.starts_with(lead))?;
    let rest = words.get(lead.len()..)?;
    let rest = ["a ", "an ", "the ", "our "].iter().find_map(|article| rest.strip_prefix(article))?;
    let mut named = rest.split_whitespace().take(WORDS).map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    let at = named.position(|word| CHANGES.contains(&word))?;
    // A sentence may go on behind the noun: `after the deploy failed`.
    let behind = rest.split_whitespace().nth(at + 1);
    let goes_on =
        behind.is_some_and(|word| !["of", "to", "in", "on", "at", "for", "by", "from", "and"].contains(&word));
    (!goes_on).then_some(lead.len())
}

pub(super) fn is_cause(words: &str) -> bool {
    if after_change(words).is_some() {
        return true;
    }
    if CAUSE_KEYS.iter().any(|key| words.starts_with(key)) {
        return true;
    }
    let because = words.strip_prefix('因').is_some_and(|rest| !rest.starts_with(['此', '而', '子', '素', '果']));
    let is_of = words.starts_with('系') && !words.starts_with("系统");
    let by = words.starts_with('由') && ["引起", "导致", "造成", "所致", "触发"].iter().any(|end| words.contains(end));
    let by_end = ["引起", "所致"].iter().any(|end| words.ends_with(end));
    because || is_of || by || by_end || words.starts_with("caused by") || words.starts_with("root cause")
}

/// The cause alone: without 原因, 由于, 系…引起. `None` when the words say that it is unknown.
pub fn cause_of(words: &str) -> Option<&str> {
    let mut text = words.trim();
    if let Some(behind) = found_out(text).and_then(|at| text.get(at..)) {
        text = behind;
    }
    if let Some(behind) = after_change(&lower(text)).and_then(|at| text.get(at..)) {
        text = behind;
    }
    loop {
        let before = text;
        for lead in [
            "初步排查",
            "经排查",
            "经定位",
            "原因分析",
            "根本原因",
            "直接原因",
            "故障原因",
            "问题原因",
            "初步原因",
            "原因",
            "根因",
            "起因",
            "由于",
            "缘于",
            "定位到",
            "定位为",
            "定位系",
            "定位",
            "排查发现",
            "排查为",
            "Reason",
            "reason",
            "Root cause",
            "root cause",
            "Cause",
            "cause",
            "due to",
            "Due to",
            "because of",
            "Because of",
            "because",
            "Because",
            "owing to",
            "Owing to",
            "as a result of",
            "triggered by",
            "Triggered by",
            "caused by",
            "Caused by",
            "was",
            "is",
            "是因为",
            "是由于",
            "是",
            "为",
            "系",
            "因为",
            "因",
            "由",
            "的",
            "：",
            ":",
            " ",
            "，",
        ] {
            if let Some(rest) = text.strip_prefix(lead) {
                let word = lead.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
                if word && lead != " " && rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    continue;
                }
                if (lead == "系" && rest.starts_with('统')) || (lead == "因" && rest.starts_with(['子', '素', '果']))
                {
                    continue;
                }
                text = rest;
                break;
            }
        }
        if text == before {
            break;
        }
    }
    for end in ["所引起", "引起的", "所导致", "导致的", "造成的", "引起", "所致", "导致", "造成"]
    {
        if let Some(rest) = text.strip_suffix(end) {
            text = rest;
            break;
        }
    }
    let text = text.trim().trim_matches(['，', '。', '；', ',', ';', ':', '：', '.', ' ']);
    let unknown = [
        "待查",
        "不明",
        "未知",
        "待排查",
        "排查中",
        "待定位",
        "定位中",
        "待确认",
        "尚不明确",
        "未明",
        "unknown",
        "tbd",
        "under investigation",
        "being investigated",
        "待定",
        "调查中",
        "not known",
        "-",
        "无",
    ];
    let plain = lower(text);
    let is_unknown = unknown.iter().any(|word| plain == *word)
        || (plain.chars().count() <= 12
            && ["待查", "不明", "排查", "待确认", "尚不", "待进一步"].iter().any(|word| plain.contains(word)));
    (!text.is_empty() && !is_unknown).then_some(text)
}
