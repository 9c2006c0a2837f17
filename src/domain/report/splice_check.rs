//! Reading back what a splice wrote: each event of the report must be found in the document, once and with its time and
//! mark, and nothing else.

use chrono_tz::Tz;

use super::{
    read_report,
    reading::ReportReading,
    render::{self, ReportEvent},
    splice::SpliceContent,
    style::ReportStyle,
    template::chinese,
};
use crate::domain::{capture::draft::Mark, iso_week::IsoWeek};

/// How new events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As the style has it.
    Style,
    /// As a line with its whole date, in a list where the events are one.
    Line,
    /// As a paragraph of its own.
    Paragraph,
}

/// A new event in plain words: what any reader of reports understands.
pub(super) fn plain(
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

/// Whether the events section `text` tells just what the report shows.
pub(super) fn reads_back(
    text: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    week: IsoWeek,
    zone: Tz,
    content: &SpliceContent,
) -> bool {
    let read = read_report(&format!("# {week}\n\n{text}"), zone, week.monday());
    // The end of a new event, where the report knows it, may be left out but not told otherwise.
    let mut wanted: Vec<(i64, Option<Mark>, Option<i64>)> = Vec::new();
    let end = |event: &ReportEvent| event.recovered.map(|point| point.at.timestamp());
    let time = |event: &ReportEvent| event.occurred.map_or(i64::MIN, |point| point.at.timestamp());
    let mut matched = vec![false; reading.events.len()];
    for splice in &content.events {
        let slot = splice.reading_index.and_then(|index| matched.get_mut(index));
        let shown = slot.is_none() && !render::mark_words(style, splice.event.mark).is_empty();
        let ends = if slot.is_none() { end(&splice.event) } else { None };
        wanted.push((time(&splice.event), shown.then_some(splice.event.mark), ends));
        if let Some(slot) = slot {
            *slot = true;
        }
    }
    for (index, event) in reading.events.iter().enumerate() {
        if matched.get(index) == Some(&false) && !content.removed.events.contains(&index) {
            wanted.push((event.draft.occurred.map_or(i64::MIN, |point| point.at.timestamp()), None, None));
        }
    }
    let mut found: Vec<(i64, Mark, Option<i64>)> = read
        .events
        .iter()
        .map(|event| {
            let at = event.draft.occurred.map_or(i64::MIN, |point| point.at.timestamp());
            (at, event.draft.mark, event.draft.recovered.map(|point| point.at.timestamp()))
        })
        .collect();
    if found.len() != wanted.len() {
        return false;
    }
    // Those whose mark matters choose first.
    wanted.sort_by_key(|(_, mark, ends)| (mark.is_none(), ends.is_none()));
    wanted.iter().all(|(at, mark, ends)| {
        let place = found.iter().position(|(have, said, over)| {
            have == at
                && mark.is_none_or(|mark| mark == *said)
                && ends.zip(*over).is_none_or(|(wanted, told)| wanted == told)
        });
        place.map(|place| found.swap_remove(place)).is_some()
    })
}
