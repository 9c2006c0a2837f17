//! What may stand in a learned template as it is: words that belong to the form, never what one event or one week says.

use super::style::WORDS_LIMIT;

/// Words in front of what a report says of the week before and of targets.
const FIGURE_WORDS: [&str; 12] =
    ["上周", "上期", "环比", "较", "目标", "实际", "week", "last", "target", "slo", "vs", "from"];

/// Words of titles, in front of a number.
const TITLE_WORDS: [&str; 6] = ["事件", "故障", "问题", "第", "incident", "event"];

/// The pieces of a template between its tags.
fn literals(template: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = template;
    loop {
        let open = rest.find("{{").into_iter().chain(rest.find("{%")).min();
        let Some(open) = open else {
            pieces.push(rest);
            return pieces;
        };
        pieces.push(rest.get(..open).unwrap_or_default());
        let inside = rest.get(open + 2..).unwrap_or_default();
        let close = inside.find("}}").into_iter().chain(inside.find("%}")).min();
        rest = close.and_then(|close| inside.get(close + 2..)).unwrap_or_default();
    }
}

/// The words of a piece, each with what stands right behind it.
fn words(piece: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in piece.char_indices().chain([(piece.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push((piece.get(from..at).unwrap_or_default(), piece.get(at..).unwrap_or_default()));
                start = None;
            }
            _ => {}
        }
    }
    found
}

fn has_digit(text: &str) -> bool {
    text.chars().any(char::is_numeric)
}

/// Whether a template of an event holds nothing of one event: each of its words is a label, a title's, or stands in
/// every event of the document.
pub(super) fn is_form_of_events(template: &str, events: &[String]) -> bool {
    let common = |word: &str| events.len() > 1 && events.iter().all(|event| event.contains(word));
    let label =
        |behind: &str| behind.trim_start_matches(['*', ' ', '】', ']', '）', ')', '|']).starts_with([':', '：']);
    literals(template).into_iter().flat_map(words).all(|(word, behind)| {
        let title = TITLE_WORDS.contains(&word.to_lowercase().as_str());
        // A number that stands in every event by chance is still no part of the form.
        !has_digit(word) && (label(behind) || title || common(word))
    })
}

/// Whether a template of an event shows when it began and what happened.
pub(super) fn tells_an_event(template: &str) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| template.contains(&format!("{{{{ {name}")));
    any(&["time ", "period ", "begin ", "clock ", "day "]) && any(&["narrative ", "sentence ", "summary "])
}

/// Whether a template of a figure holds nothing of one figure.
pub(super) fn is_form_of_figures(template: &str, lines: &[String]) -> bool {
    let common = |word: &str| lines.iter().filter(|line| line.contains(word)).count() > 1;
    literals(template).into_iter().flat_map(words).all(|(word, _)| {
        let lower = word.to_lowercase();
        common(word) || (!has_digit(word) && FIGURE_WORDS.iter().any(|known| lower.contains(known)))
    })
}

/// Whether a template of the counts holds no number of one week.
pub(super) fn is_form_of_counts(template: &str) -> bool {
    !literals(template).into_iter().any(has_digit)
}

/// What stands in front of a section's content, without the prose of one week: headings, tables' heads, comments and lines
/// that lead over with a colon. Of a heading what counts this week's events counts those of every week.
pub(super) fn frame(prefix: &str, events: Option<usize>) -> String {
    let mut text = String::new();
    let mut heading = true;
    for line in prefix.split_inclusive('\n') {
        let plain = line.trim();
        let drawn = !plain.is_empty() && plain.chars().all(|c| matches!(c, '=' | '-' | ' ' | '|' | ':' | '*' | '_'));
        let form = plain.is_empty()
            || heading
            || drawn
            || plain.starts_with(['#', '|', '<'])
            || (plain.starts_with("**") && plain.ends_with("**"))
            || (plain.contains('|') && !has_digit(plain))
            || (plain.ends_with([':', '：']) && !has_digit(plain));
        if form {
            text.push_str(&if heading && !plain.is_empty() { counted(line, events) } else { line.to_owned() });
        }
        heading = heading && plain.is_empty();
    }
    // Where prose went, one blank line is enough.
    while text.contains("\n\n\n") && !prefix.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}

/// `## 生产事件（本周 3 起）`: the number becomes that of each week; without a count to name, the bracket goes.
fn counted(line: &str, events: Option<usize>) -> String {
    let Some(open) = line.find(['（', '(']).filter(|_| line.chars().count() <= WORDS_LIMIT) else {
        return line.to_owned();
    };
    let (head, bracket) = line.split_at(open);
    if !has_digit(bracket) {
        return line.to_owned();
    }
    let number = events.map(|events| events.to_string()).filter(|number| {
        bracket.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).eq([number.as_str()])
    });
    match number {
        Some(number) => format!("{head}{}", bracket.replace(&number, "{{ events|length }}")),
        None => format!("{}{}", head.trim_end(), if line.ends_with('\n') { "\n" } else { "" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_event_says_is_no_part_of_the_form() {
        let events = ["1. 09:30 清理缓存".to_owned(), "2. 10:00 重启".to_owned()];
        assert!(is_form_of_events("{{ number }}. {{ time }} {{ narrative }}{{ mark }}", &events));
        assert!(is_form_of_events(
            "**事件{{ number_zh }}：{{ summary }}**\n\n发生时间：{{ begin }}\n影响：{{ impact }}",
            &events[..1]
        ));
        let days = ["09/29 09:00 甲，09:30 清理".to_owned(), "09/30 14:00 乙，14:20 加索引".to_owned()];
        assert!(!is_form_of_events("| {{ period }} | {{ summary }} | 09:30 {{ recovery }} |", &days));
        for baked in [
            "| 09:30 {{ recovery }} |",
            "{{ time }} {{ summary }}，影响约260笔",
            "{{ time }} {{ narrative }}\n没有时间的事件",
        ] {
            assert!(!is_form_of_events(baked, &events), "{baked}");
        }
        assert!(tells_an_event("{{ time }} {{ narrative }}") && !tells_an_event("{{ narrative }}{{ mark }}"));
    }

    #[test]
    fn the_prose_and_the_numbers_of_one_week_are_no_part_of_the_frame() {
        assert_eq!(frame("## 运行数据\n\n本周处理 1.2 亿笔。\n\n", None), "## 运行数据\n\n");
        assert_eq!(frame("## 生产事件（本周 3 起）\n\n", Some(3)), "## 生产事件（本周 {{ events|length }} 起）\n\n");
        assert_eq!(frame("## 生产事件（截至 8/23）\n\n", Some(3)), "## 生产事件\n\n");
        assert_eq!(
            frame("生产事件\n-----\n\n| 时间 | 现象 |\n|---|---|\n", None),
            "生产事件\n-----\n\n| 时间 | 现象 |\n|---|---|\n"
        );
    }
}
