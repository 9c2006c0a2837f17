//! The postmortem mark (SCHEMA section 7, "Post-mortem") and the severity label of an event's text.

use std::ops::Range;

use super::{draft::Mark, times};
use crate::domain::text::Folded;

/// A mark and the characters it takes, brackets included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMark {
    /// What it says.
    pub mark: Mark,
    /// Characters with the brackets.
    pub range: Range<usize>,
    /// Characters between the brackets.
    pub inner: Range<usize>,
}

const OPEN: [char; 7] = ['【', '(', '〔', '[', '「', '〖', '〈'];
const CLOSE: [char; 7] = ['】', ')', '〕', ']', '」', '〗', '〉'];

/// What words about the postmortem say; `Unknown` for other words.
pub fn meaning(words: &str) -> Mark {
    let text = crate::domain::text::fold(words).to_lowercase();
    let text = text.trim();
    let english = ["postmortem", "post-mortem", "post mortem", "rca", "retro"].iter().any(|word| text.contains(word));
    if !english && !text.contains("复盘") {
        return Mark::Unknown;
    }
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&[
        "无需",
        "不需",
        "免复盘",
        "无须",
        "不用",
        "不复盘",
        "not required",
        "not needed",
        "no postmortem",
        "no post-mortem",
        "no post mortem",
        "no rca",
        "waived",
        "n/a",
    ]) {
        Mark::NotRequired
    } else if any(&[
        "待复盘",
        "复盘中",
        "未复盘",
        "需复盘",
        "待",
        "未",
        "进行",
        "pending",
        "in progress",
        "owed",
        "due",
        "to do",
        "todo",
        "open",
        "tbd",
    ]) {
        Mark::Pending
    } else if any(&[
        "已复盘",
        "复盘完成",
        "完成复盘",
        "复盘完毕",
        "已",
        "完成",
        "done",
        "completed",
        "complete",
        "closed",
        "held",
    ]) {
        Mark::Done
    } else {
        Mark::Unknown
    }
}

/// What a value beside 复盘 in a table or a field says: `待复盘`, `已完成`, `是`.
pub fn meaning_of_value(value: &str) -> Mark {
    let value = value.trim();
    if value.is_empty() || matches!(value, "-" | "—" | "/") {
        return Mark::Unknown;
    }
    match meaning(value) {
        Mark::Unknown => meaning(&format!("复盘{value}")),
        mark => mark,
    }
}

/// The last mark of a text in brackets, or standing alone at its end.
pub fn find(text: &Folded) -> Option<FoundMark> {
    let mut found = None;
    let mut index = 0;
    while index < text.len() {
        let Some(kind) = OPEN.iter().position(|open| *open == text.at(index)) else {
            index += 1;
            continue;
        };
        let close = CLOSE.get(kind).and_then(|close| text.find(index + 1..index + 40, *close));
        if let Some(close) = close {
            let mark = meaning(&text.text(index + 1..close));
            if mark != Mark::Unknown {
                found = Some(FoundMark { mark, range: index..close + 1, inner: index + 1..close });
            }
        }
        index += 1;
    }
    found.or_else(|| alone(text))
}

/// `待复盘` without brackets as the last clause of the text.
fn alone(text: &Folded) -> Option<FoundMark> {
    /// The longest mark without brackets.
    const LONGEST: usize = 48;
    let end = (0..text.len()).rev().find(|i| !text.at(*i).is_whitespace() && !matches!(text.at(*i), '。' | '.'))? + 1;
    let cuts = |i: usize| {
        matches!(text.at(i), '\n' | '，' | '。' | '；' | ';' | ',' | '.' | '|' | '\t')
            || text.at(i) == '/' && text.at(i + 1) == ' '
            || text.at(i) == ' ' && text.at(i + 1) == ' '
    };
    let near = end.saturating_sub(LONGEST);
    let start = (near..end).rev().find(|i| cuts(*i)).map(|i| i + 1).or((near == 0).then_some(0))?;
    let start = text.skip_blanks(start);
    let words = text.text(start..end);
    let stripped = words.trim_start_matches(['-', '*', ' ', '#']);
    let start = start + (words.chars().count() - stripped.chars().count());
    // `复盘状态：已复盘`
    if let Some((label, value)) = stripped.split_once(':')
        && matches!(
            label.trim().to_ascii_lowercase().as_str(),
            "复盘"
                | "复盘状态"
                | "复盘情况"
                | "复盘进度"
                | "状态"
                | "postmortem"
                | "post-mortem"
                | "post mortem"
                | "rca"
        )
    {
        let mark = meaning_of_value(value);
        return (mark != Mark::Unknown).then_some(FoundMark { mark, range: start..end, inner: start..end });
    }
    let whole = [
        "待复盘",
        "已复盘",
        "无需复盘",
        "复盘中",
        "免复盘",
        "不需复盘",
        "复盘完成",
        "postmortem pending",
        "postmortem done",
        "no postmortem required",
    ];
    let mark = meaning(stripped);
    // `Post mortem done`, `No post-mortem required`: a sentence about nothing else.
    let english =
        stripped.to_ascii_lowercase().replace("post-mortem", "postmortem").replace("post mortem", "postmortem");
    let sentence = ["postmortem ", "no postmortem", "rca ", "no rca"].iter().any(|lead| english.starts_with(lead));
    if sentence && mark != Mark::Unknown {
        return Some(FoundMark { mark, range: start..end, inner: start..end });
    }
    // `脚本权限被误改 待复盘`: one blank in front of the mark.
    if let Some((_, last)) = stripped.rsplit_once(' ')
        && whole.contains(&last)
    {
        let from = end - last.chars().count();
        return Some(FoundMark { mark: meaning(last), range: from..end, inner: from..end });
    }
    whole.contains(&stripped.to_lowercase().replace("post-mortem", "postmortem").as_str()).then_some(FoundMark {
        mark,
        range: start..end,
        inner: start..end,
    })
}

/// `【C级0.5次】`, `[P2]`: brackets around nothing but a grade and its share.
pub fn grades_in_brackets(text: &Folded) -> Vec<Range<usize>> {
    /// Characters in the brackets.
    const LONGEST: usize = 14;
    let mut found = Vec::new();
    for open in 0..text.len() {
        let Some(kind) = OPEN.iter().position(|have| *have == text.at(open)) else { continue };
        let close = CLOSE.get(kind).and_then(|close| text.find(open + 1..open + LONGEST, *close));
        let Some(close) = close else { continue };
        let own = text.slice(open..close + 1);
        if let Some((_, grade)) = severity(&own)
            && (1..grade.start).chain(grade.end..own.len() - 1).all(|i| {
                own.at(i).is_ascii_digit()
                    || matches!(own.at(i), ' ' | '.' | '次' | '事' | '件' | '故' | '障' | '级' | '起')
            })
        {
            found.push(open..close + 1);
        }
    }
    found
}

/// Whether `C级` at `index` grades the event: `升级C级机房网络` speaks of a machine room.
fn is_grade(text: &Folded, index: usize, end: usize) -> bool {
    let free = |c: char| !c.is_alphanumeric();
    let before = if index == 0 { ' ' } else { text.at(index - 1) };
    let after = text.at(end);
    let named = (1..=4).any(|back| {
        index >= back
            && ["定级", "定为", "等级", "级别", "属于", "判定", "升为", "降为", "按"]
                .iter()
                .any(|word| text.has(index - back, word))
    });
    let of_event = text.any(end, &["事件", "故障", "事故", "生产", "线上", "问题"]).is_some();
    (free(before) && (free(after) || of_event || index == 0 || matches!(before, '【' | '[' | '('))) || named || of_event
}

/// Where the share behind a grade ends: `0.5次`, `1 次`.
fn share_end(text: &Folded, from: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while text.at(at).is_ascii_digit() {
            at += 1;
        }
        at
    };
    let begin = text.skip_blanks(from);
    let mut end = digits(begin);
    if end == begin || end - begin > 4 {
        return None;
    }
    if text.at(end) == '.' {
        end = digits(end + 1);
    }
    let end = text.skip_blanks(end);
    matches!(text.at(end), '次' | '起').then_some(end + 1)
}

/// Whether nothing but a date and a time stands before `end`.
fn is_time_only(text: &Folded, end: usize) -> bool {
    /// Characters of the longest date with its time.
    const LONGEST: usize = 40;
    if end > LONGEST {
        return false;
    }
    let lead = text.slice(0..end);
    let mut tokens = times::scan(&lead);
    tokens.extend(times::told_from_now(&lead, 0));
    !tokens.is_empty()
        && (0..end).all(|i| {
            tokens.iter().any(|token| token.range.contains(&i))
                || !text.at(i).is_alphanumeric()
                || matches!(text.at(i), '约' | '至' | '到' | '自' | '起')
        })
}

/// A severity label: `C级`, `P2`, `Sev1`. Labels of two letters (`AB级`) count incidents and are none of an event.
pub fn severity(text: &Folded) -> Option<(String, Range<usize>)> {
    // Nothing but list markers stood before.
    let mut leading = true;
    for index in 0..text.len() {
        let before = if index == 0 { ' ' } else { text.at(index - 1) };
        let here = text.at(index);
        let chinese = matches!(here, '一' | '二' | '三' | '四' | '五') && text.at(index + 1) == '级';
        leading = leading && (index == 0 || before.is_whitespace() || matches!(before, '-' | '*' | '#'));
        if before.is_ascii_alphanumeric() || !(chinese || matches!(here, 'A'..='E' | 'P' | 'S' | 's')) {
            continue;
        }
        let graded = if text.at(index + 1) == ' ' { index + 2 } else { index + 1 };
        if (chinese || matches!(here, 'A'..='E')) && text.at(graded) == '级' {
            if is_grade(text, index, graded + 1) {
                return Some((here.to_string(), index..graded + 1));
            }
            // A clause of its own with the share: `…，C级0.5次。`
            if !before.is_alphanumeric()
                && let Some(end) = share_end(text, graded + 1).filter(|end| !text.at(*end).is_alphanumeric())
            {
                return Some((here.to_string(), index..end));
            }
        }
        if matches!(here, 'P' | 'S')
            && matches!(text.at(index + 1), '0'..='5')
            && !text.at(index + 2).is_ascii_alphanumeric()
        {
            let bracketed = OPEN.contains(&before);
            let behind = text.at(index + 2);
            let level = text.at(index + 2) == '级';
            // Alone in front of everything: `P2 06/03 20:18 …`.
            let leads = leading && matches!(behind, ' ' | ':' | '，' | '|')
                // Behind the time: `11/25 03:02 P2 出金失败`.
                || before == ' ' && matches!(behind, ' ' | ':' | '，' | ',' | '|') && is_time_only(text, index);
            // Behind everything: `出金失败 P2`.
            let ends = matches!(before, ' ' | '，' | ',' | '；')
                && text
                    .chars(index + 2..text.len())
                    .iter()
                    .find(|c| !(c.is_whitespace() || matches!(c, '。' | '.')))
                    .is_none_or(|c| matches!(c, '【' | '〔'));
            // A clause of its own: `补录流水 2.36 万条。P2。`
            let alone = matches!(before, ' ' | '，' | '。' | '；' | ',' | ';' | '|')
                && matches!(text.at(index + 2), '。' | '，' | '；' | '\n' | '.' | ',' | ';' | '|')
                && !text.at(index + 3).is_ascii_alphanumeric();
            if bracketed || level || leads || alone || ends {
                return Some((text.text(index..index + 2), index..index + 2 + usize::from(level)));
            }
        }
        if text.has(index, "sev") {
            let digit = index + 3 + usize::from(matches!(text.at(index + 3), '-' | ' '));
            if text.at(digit).is_ascii_digit() && !text.at(digit + 1).is_ascii_alphanumeric() {
                return Some((format!("SEV{}", text.at(digit)), index..digit + 1));
            }
        }
    }
    None
}
