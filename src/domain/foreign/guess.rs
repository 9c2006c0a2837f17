//! Which formats a text may have, for people who named none.

use super::{ForeignFormat, columns::Column};

/// Bytes of a text that are looked at.
const LOOKED_AT: usize = 64 * 1024;

/// The formats that a text may have, by its first bytes, else by the ending of its name; the likeliest first, none
/// where it looks like none of them.
pub fn guess(file_name: &str, text: &str) -> Vec<ForeignFormat> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let end = (0..=LOOKED_AT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let start = text.get(..end).unwrap_or_default();
    let has = |words: &[&str]| words.iter().any(|word| start.contains(word));
    match start.chars().next() {
        Some('<') if has(&["<feed", "<rss", "<rdf:RDF"]) => return vec![ForeignFormat::Atom],
        Some('{' | '[') => {
            return if has(&["\"dailyMinutesDown\"", "\"labels\""]) {
                vec![ForeignFormat::Upptime]
            } else if has(&["\"external_desc\"", "\"most_recent_update\""]) {
                vec![ForeignFormat::GoogleCloud]
            } else if has(&["\"incident_updates\"", "\"scheduled_maintenances\"", "\"shortlink\""]) {
                vec![ForeignFormat::Statuspage]
            } else if has(&["\"service_name\"", "\"archive\""]) {
                vec![ForeignFormat::Aws]
            } else {
                use ForeignFormat::{Aws, GoogleCloud, Statuspage, Upptime};
                vec![Statuspage, GoogleCloud, Aws, Upptime]
            };
        }
        _ => {}
    }
    let fence = start.lines().next().map(str::trim_end);
    if matches!(fence, Some("---" | "+++")) && has(&["\ntitle", "\ndate"]) {
        return vec![ForeignFormat::FrontMatter];
    }
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    // A Markdown file is a report that lacks its sections, whatever its first line holds.
    if ForeignFormat::FrontMatter.endings().contains(&ending.as_str()) {
        return Vec::new();
    }
    if let Some(format) = ForeignFormat::ALL.into_iter().find(|format| format.endings().contains(&ending.as_str())) {
        // Of the formats of JSON the text would have told which one.
        return if ending.ends_with("json") || ending == "jsonl" { Vec::new() } else { vec![format] };
    }
    let head = start.lines().find(|line| !line.to_lowercase().starts_with("sep=")).unwrap_or_default();
    let known =
        |sign: char| head.split(sign).filter(|name| Column::of_header(name.trim_matches('"')).is_some()).count();
    if [',', ';', '\t', '|'].into_iter().any(|sign| known(sign) >= 2) { vec![ForeignFormat::Csv] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_the_first_bytes_and_else_by_the_ending() {
        for (name, text, want) in [
            ("ev.csv", "a,b\n1,2\n", vec![ForeignFormat::Csv]),
            ("stdin", "\u{feff}开始时间,标题\n1,2\n", vec![ForeignFormat::Csv]),
            ("ev.csv", "<?xml version=\"1.0\"?>\n<feed>", vec![ForeignFormat::Atom]),
            ("history.atom", "", vec![ForeignFormat::Atom]),
            ("x.json", "{\"incidents\":[{\"incident_updates\":[]}]}", vec![ForeignFormat::Statuspage]),
            ("x", "[{\"external_desc\":\"\"}]", vec![ForeignFormat::GoogleCloud]),
            ("data.json", "{\"archive\":[]}", vec![ForeignFormat::Aws]),
            ("summary.json", "[{\"dailyMinutesDown\":{}}]", vec![ForeignFormat::Upptime]),
            ("a.md", "---\ntitle: x\ndate: y\n---\n", vec![ForeignFormat::FrontMatter]),
            ("a.md", "# 会议纪要\n\n开始时间,标题", vec![]),
            ("stdin", "开始, 然后", vec![]),
            ("", "", vec![]),
        ] {
            assert_eq!(guess(name, text), want, "{name}: {text}");
        }
        assert_eq!(guess("x.json", "{}").len(), 4);
        assert_eq!(guess("x", &"是".repeat(LOOKED_AT)), vec![]);
    }
}
