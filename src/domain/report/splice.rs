//! Putting the sections back into a document: what did not change stays byte for byte.

use std::ops::Range;

use chrono_tz::Tz;

use super::{
    reading::{EventReading, Layout, ReportReading},
    render::{self, ReportCount, ReportEvent, ReportFigure},
    style::ReportStyle,
};
use crate::domain::capture::{draft::Mark, marks};

/// An event to be shown, and which event of the document it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpliceEvent {
    /// Index into the reading's events; none for one that the document lacks.
    pub reading_index: Option<usize>,
    /// What to show.
    pub event: ReportEvent,
}

/// What both sections shall hold. Indices point into the reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpliceContent {
    /// Figures.
    pub figures: Vec<(Option<usize>, ReportFigure)>,
    /// Counts.
    pub incident_counts: Vec<(Option<usize>, ReportCount)>,
    /// Events in report order.
    pub events: Vec<SpliceEvent>,
    /// What was removed since the document was imported. Everything else that the document holds and the content does
    /// not is the writer's own and stays.
    pub removed: Removed,
}

/// Indices into the reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removed {
    /// Figures.
    pub figures: Vec<usize>,
    /// Incident counts.
    pub incident_counts: Vec<usize>,
    /// Events.
    pub events: Vec<usize>,
}

/// A replacement of bytes.
struct Edit {
    range: Range<usize>,
    text: String,
}

/// The document with the two sections brought up to date.
pub fn splice(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    zone: Tz,
    content: &SpliceContent,
) -> String {
    let mut edits = Vec::new();
    let mut missing_figures = Vec::new();
    for (index, figure) in &content.figures {
        match index.and_then(|index| reading.figures.get(index)) {
            Some(read) if read.value == figure.value => {}
            Some(read) => edits.push(Edit { range: read.value_span.clone(), text: figure.value.to_string() }),
            None => missing_figures.push(figure.clone()),
        }
    }
    let mut missing_counts = Vec::new();
    for (index, count) in &content.incident_counts {
        match index.and_then(|index| reading.incident_counts.get(index)) {
            Some(read) if read.count == count.count => {}
            Some(read) => edits.push(Edit { range: read.value_span.clone(), text: count.count.to_string() }),
            None => missing_counts.push(count.clone()),
        }
    }
    remove_figures(document, reading, &content.removed, &mut edits);
    add_figures(reading, style, &missing_figures, &missing_counts, &mut edits);
    events(document, reading, style, zone, content, &mut edits);
    apply(document, edits)
}

fn apply(document: &str, mut edits: Vec<Edit>) -> String {
    let crlf = document.contains("\r\n");
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut text = String::with_capacity(document.len() + 256);
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        text.push_str(document.get(at..edit.range.start).unwrap_or_default());
        text.push_str(&if crlf { edit.text.replace("\r\n", "\n").replace('\n', "\r\n") } else { edit.text });
        at = edit.range.end;
    }
    text.push_str(document.get(at..).unwrap_or_default());
    text
}

/// Takes out the lines that hold nothing but removed figures and counts; of a line that holds others too, the parts
/// behind the first.
fn remove_figures(document: &str, reading: &ReportReading, removed: &Removed, edits: &mut Vec<Edit>) {
    let figures = reading
        .figures
        .iter()
        .enumerate()
        .map(|(index, read)| (removed.figures.contains(&index), &read.line_span, &read.value_span));
    let counts = reading
        .incident_counts
        .iter()
        .enumerate()
        .map(|(index, read)| (removed.incident_counts.contains(&index), &read.line_span, &read.value_span));
    let all: Vec<(bool, &Range<usize>, &Range<usize>)> = figures.chain(counts).collect();
    for (_, line, value) in all.iter().filter(|(gone, ..)| *gone) {
        if all.iter().filter(|(_, other, _)| other == line).all(|(gone, ..)| *gone) {
            let start = document.get(..line.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            let end = line_end(document, line.end);
            let bytes = document.as_bytes();
            let end = end + usize::from(bytes.get(end) == Some(&b'\r'));
            let end = end + usize::from(bytes.get(end) == Some(&b'\n'));
            edits.push(Edit { range: start..end, text: String::new() });
        } else if let Some(range) = part_of(document, line, value) {
            edits.push(Edit { range, text: String::new() });
        }
    }
}

/// `，C级0.5次` of a line of several: from the comma before the value to the one behind it.
fn part_of(document: &str, line: &Range<usize>, value: &Range<usize>) -> Option<Range<usize>> {
    let separators = ['，', ',', '、', '；', ';'];
    let before = document.get(line.start..value.start)?.rfind(separators)? + line.start;
    let behind = document.get(value.end..line.end)?;
    Some(before..value.end + behind.find(separators).unwrap_or(behind.trim_end().len()))
}

fn add_figures(
    reading: &ReportReading,
    style: &ReportStyle,
    figures: &[ReportFigure],
    counts: &[ReportCount],
    edits: &mut Vec<Edit>,
) {
    if figures.is_empty() && counts.is_empty() {
        return;
    }
    let mut lines: Vec<String> = figures.iter().map(|figure| render::figure_line(style, figure)).collect();
    if !counts.is_empty() {
        lines.push(render::counts_line(style, counts));
    }
    let last = reading
        .figures
        .iter()
        .map(|figure| figure.line_span.end)
        .chain(reading.incident_counts.iter().map(|count| count.line_span.end))
        .max();
    let (at, text) = match (last, &reading.figures_section) {
        (Some(end), _) => (end, format!("\n{}", lines.join("\n"))),
        (None, Some(section)) => (section.heading.end, format!("\n\n{}", lines.join("\n"))),
        (None, None) => (usize::MAX, format!("\n{}\n\n{}\n", style.figures_heading, lines.join("\n"))),
    };
    edits.push(Edit { range: at..at, text });
}

fn events(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    zone: Tz,
    content: &SpliceContent,
    edits: &mut Vec<Edit>,
) {
    // A new event goes behind the one that stands before it in the report.
    let mut behind: Option<usize> = None;
    let mut added: Vec<(Option<usize>, &ReportEvent)> = Vec::new();
    for wanted in &content.events {
        match wanted.reading_index.and_then(|index| reading.events.get(index).map(|read| (index, read))) {
            Some((index, read)) => {
                behind = behind.max(Some(index));
                change(document, read, style, zone, &wanted.event, index + 1, edits);
            }
            None => added.push((behind, &wanted.event)),
        }
    }
    for read in content.removed.events.iter().filter_map(|index| reading.events.get(*index)) {
        edits.push(Edit { range: with_blank_lines(document, read.span.clone()), text: String::new() });
    }
    for (number, (behind, event)) in (reading.events.len() + 1..).zip(added) {
        let block = render::event_block(style, event, number, zone);
        let anchor = behind.and_then(|index| reading.events.get(index)).map(|read| read.span.end);
        let first = reading.events.first().map(|read| read.span.start);
        let edit = match (anchor, first, &reading.events_section) {
            (Some(end), ..) => {
                let end = line_end(document, end);
                Edit { range: end..end, text: format!("\n\n{block}") }
            }
            (None, Some(start), _) => Edit { range: start..start, text: format!("{block}\n\n") },
            (None, None, Some(section)) => {
                let body = document.get(section.body.clone()).unwrap_or_default();
                let blank = body.trim().chars().count() <= 12;
                let range = if blank {
                    section.heading.end..trimmed_end(document, &section.body)
                } else {
                    section.body.end..section.body.end
                };
                Edit { range, text: format!("\n\n{block}") }
            }
            (None, None, None) => {
                Edit { range: usize::MAX..usize::MAX, text: format!("\n{}\n\n{block}\n", style.events_heading) }
            }
        };
        match edits.iter_mut().find(|have| have.range == edit.range && have.range.is_empty()) {
            Some(have) => have.text.push_str(&edit.text),
            None => edits.push(edit),
        }
    }
    let end = document.len();
    for edit in edits.iter_mut().filter(|edit| edit.range.start == usize::MAX) {
        edit.range = end..end;
    }
}

fn trimmed_end(document: &str, body: &Range<usize>) -> usize {
    let text = document.get(body.clone()).unwrap_or_default();
    body.start + text.trim_end().len()
}

fn line_end(document: &str, at: usize) -> usize {
    document.get(at..).and_then(|rest| rest.find(['\r', '\n'])).map_or(document.len(), |offset| at + offset)
}

/// The event's lines with the blank lines behind them.
fn with_blank_lines(document: &str, span: Range<usize>) -> Range<usize> {
    let mut end = line_end(document, span.end);
    let bytes = document.as_bytes();
    while let Some(b'\r' | b'\n') = bytes.get(end) {
        end += 1;
    }
    span.start..end
}

fn change(
    document: &str,
    read: &EventReading,
    style: &ReportStyle,
    zone: Tz,
    wanted: &ReportEvent,
    number: usize,
    edits: &mut Vec<Edit>,
) {
    let same_time = read.draft.occurred == wanted.occurred;
    let same_words = read.draft.narrative.trim() == wanted.narrative.trim();
    let same_mark = read.draft.mark == wanted.mark
        || (read.draft.mark == Mark::Unknown && render::mark_words(style, wanted.mark).is_empty());
    if same_time && same_words && same_mark {
        return;
    }
    let plain = matches!(read.layout, Layout::DateLine | Layout::Inline);
    if !same_mark && (same_words || !plain) {
        change_mark(document, read, style, wanted.mark, edits);
    }
    if (!same_words || (!same_time && read.time_span.is_none())) && plain {
        let layout = ReportStyle { layout: read.layout, ..style.clone() };
        let numbered = layout.numbered;
        let block = render::event_block(&ReportStyle { numbered, ..layout }, wanted, number, zone);
        edits.push(Edit { range: read.span.clone(), text: block });
        return;
    }
    if !same_time && let (Some(span), Some(occurred)) = (&read.time_span, wanted.occurred) {
        edits.push(Edit { range: span.clone(), text: render::time_words(occurred, zone) });
    }
}

fn change_mark(document: &str, read: &EventReading, style: &ReportStyle, mark: Mark, edits: &mut Vec<Edit>) {
    let shown = render::mark_words(style, mark);
    match (&read.mark_span, &read.mark_words) {
        (Some(span), Some(words)) => {
            let now = document.get(words.clone()).unwrap_or_default();
            let bare = shown.trim_matches(['【', '】', '(', ')', '[', ']']);
            if read.layout == Layout::Table || read.layout == Layout::Fields || span == words {
                let value = if bare.is_empty() { "无需复盘" } else { bare };
                edits.push(Edit { range: words.clone(), text: value.to_owned() });
            } else if shown.is_empty() {
                edits.push(Edit { range: span.clone(), text: String::new() });
            } else {
                edits.push(Edit { range: words.clone(), text: in_language_of(now, bare, mark) });
            }
        }
        _ if read.layout == Layout::Table => {}
        _ if !shown.is_empty() => {
            let end = read.narrative_span.end;
            edits.push(Edit { range: end..end, text: shown.to_owned() });
        }
        _ => {}
    }
}

/// The words of a mark, in English where the mark before it was.
fn in_language_of(now: &str, bare: &str, mark: Mark) -> String {
    let english = now.is_ascii() && marks::meaning(now) != Mark::Unknown;
    match mark {
        Mark::Pending if english => "Postmortem pending".to_owned(),
        Mark::Done if english => "Postmortem done".to_owned(),
        _ => bare.to_owned(),
    }
}
