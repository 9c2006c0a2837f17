//! A new event in plain words, for documents whose own form does not tell it.

use chrono_tz::Tz;

use super::{
    reading::ReportReading,
    render::{self, ReportEvent},
    splice_ladder::How,
    style::ReportStyle,
    template::chinese,
};

/// A new event in plain words: what any reader of reports understands.
pub(super) fn event(
    how: How,
    reading: &ReportReading,
    style: &ReportStyle,
    event: &ReportEvent,
    number: usize,
    zone: Tz,
) -> String {
    let house = ReportStyle::default();
    let bracketed = |words: &String, own: &String| {
        if words.starts_with(['【', '（', '(', '[', '〔']) { words.clone() } else { own.clone() }
    };
    let marks = ReportStyle {
        pending: bracketed(&style.pending, &house.pending),
        done: bracketed(&style.done, &house.done),
        not_required: bracketed(&style.not_required, &house.not_required),
        ..house
    };
    let line = render::event_line(&marks, event, zone);
    let first = reading.events.first().map(|read| read.raw.trim_start()).unwrap_or_default();
    let title = event.details.summary.as_deref().unwrap_or(&event.narrative);
    let title: String = title.lines().next().unwrap_or_default().chars().take(40).collect();
    let hashes = first.len() - first.trim_start_matches('#').len();
    match how {
        // Below a title everything belongs to it: the new event needs one of its own.
        How::Line if hashes > 0 => format!("{} {number}. {title}\n\n{line}", "#".repeat(hashes)),
        How::Line if first.starts_with("【事件") => format!("【事件 {number}】\n{line}"),
        How::Line if first.starts_with(['（', '(']) => format!("（{}）{title}\n\n{line}", chinese(number)),
        How::Line if first.starts_with("**") => format!("**事件{}：{title}**\n\n{line}", chinese(number)),
        How::Line => match first.trim_start_matches(|c: char| c.is_ascii_digit()).chars().next() {
            Some(sign @ ('.' | '、' | ')' | '）')) if first.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("{number}{sign}{}{line}", if sign == '、' { "" } else { " " })
            }
            _ => format!("- {line}"),
        },
        How::Style | How::Paragraph => line,
    }
}
