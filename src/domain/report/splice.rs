//! Putting the sections back into a document: what did not change stays byte for byte.

use std::{collections::BTreeSet, ops::Range};

use chrono_tz::Tz;

use super::{
    learn::tidy,
    learn_figure,
    reading::{EventReading, IncidentCountReading, Layout, ReportReading, SectionReading},
    render::{self, ReportCount, ReportEvent, ReportFigure, SectionsContent, split_grade},
    splice_check::{self, How},
    style::{Part, ReportStyle},
    template::{StyleError, Writer},
    time_form::TimeForm,
};
use crate::domain::{
    capture::{draft::Mark, marks},
    iso_week::IsoWeek,
};

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
    /// Counts of the year up to this week, for a style that shows them.
    pub year_to_date: Vec<ReportCount>,
    /// Events in report order.
    pub events: Vec<SpliceEvent>,
    /// Owed postmortems of earlier weeks, for an events section that the document lacks.
    pub carried: Vec<ReportEvent>,
    /// What was removed since the document was imported. Everything else that the document holds and the content does
    /// not is the writer's own and stays.
    pub removed: Removed,
}

impl SpliceContent {
    /// Everything as a document tells it: putting it back changes nothing.
    pub fn as_read(reading: &ReportReading) -> Self {
        let count = |read: &IncidentCountReading| ReportCount { severity: read.severity.clone(), count: read.count };
        Self {
            figures: (0..)
                .zip(&reading.figures)
                .map(|(i, read)| (Some(i), ReportFigure::of_reading(read, None)))
                .collect(),
            incident_counts: (0..).zip(&reading.incident_counts).map(|(i, read)| (Some(i), count(read))).collect(),
            events: (0..)
                .zip(&reading.events)
                .map(|(i, read)| SpliceEvent { reading_index: Some(i), event: ReportEvent::of_reading(read) })
                .collect(),
            ..Self::default()
        }
    }
}

/// Indices into the reading, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Removed {
    /// Figures.
    pub figures: BTreeSet<usize>,
    /// Incident counts.
    pub incident_counts: BTreeSet<usize>,
    /// Events.
    pub events: BTreeSet<usize>,
}

/// A replacement of bytes.
struct Edit {
    range: Range<usize>,
    text: String,
}

/// The document with the two sections brought up to date. `base` is the style of what the document does not show, and
/// of a section that it lacks: that one stands where the style's order and place put it. An error names the part of
/// the style that cannot write.
pub fn splice(
    document: &str,
    reading: &ReportReading,
    base: &ReportStyle,
    week: IsoWeek,
    zone: Tz,
    content: &SpliceContent,
) -> Result<String, StyleError> {
    let style = base.learn(document, reading, zone);
    let writer = Writer::new(&style, week, zone)?;
    let mut last = String::new();
    // What was written is read again; where a style's form does not tell an event, plain words do.
    for how in [How::Style, How::Line, How::Paragraph] {
        let mut edits = Vec::new();
        figures(document, reading, &style, &writer, content, &mut edits)?;
        if reading.events_section.is_some() {
            events(document, reading, &style, &writer, zone, content, how, &mut edits)?;
        }
        missing_sections(document, reading, &style, &writer, content, &mut edits)?;
        if edits.is_empty() {
            return Ok(document.to_owned());
        }
        let crlf = document.contains("\r\n");
        for edit in edits.iter_mut().filter(|_| crlf) {
            edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let section =
            reading.events_section.as_ref().map(|section| moved(section.heading.start..section.body.end, &edits));
        last = apply(document, edits);
        let shown = section.and_then(|section| last.get(section));
        if shown.is_none_or(|text| splice_check::reads_back(text, reading, &style, week, zone, content)) {
            break;
        }
    }
    Ok(last)
}

/// Where a part of the document stands once the edits, in order, are made.
fn moved(part: Range<usize>, edits: &[Edit]) -> Range<usize> {
    let place = |at: usize, inside: bool| {
        let mut done = 0;
        let mut shift = 0_isize;
        for edit in edits {
            if edit.range.start < done {
                continue;
            }
            done = edit.range.end;
            if edit.range.end < at || (inside && edit.range.end == at) {
                shift += edit.text.len().cast_signed() - edit.range.len().cast_signed();
            }
        }
        at.saturating_add_signed(shift)
    };
    place(part.start, false)..place(part.end, true)
}

/// Sections that the document lacks and the content has something for.
fn missing_sections(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    writer: &Writer<'_>,
    content: &SpliceContent,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    let all = SectionsContent {
        figures: content.figures.iter().map(|(_, figure)| figure.clone()).collect(),
        incident_counts: content.incident_counts.iter().map(|(_, count)| count.clone()).collect(),
        year_to_date: content.year_to_date.clone(),
        events: content.events.iter().map(|wanted| wanted.event.clone()).collect(),
        carried: content.carried.clone(),
    };
    let has_figures = !(all.figures.is_empty() && all.incident_counts.is_empty());
    // A document with one section is its writer's choice: a quiet week adds no other to it.
    let neither = reading.figures_section.is_none() && reading.events_section.is_none();
    let has_events = !all.events.is_empty() || (neither && has_figures);
    let mut texts = Vec::new();
    for part in &style.order {
        let text = match part {
            Part::Figures if reading.figures_section.is_none() && has_figures => writer.figures_section(&all)?,
            Part::Events if reading.events_section.is_none() && has_events => writer.events_section(&all)?,
            _ => continue,
        };
        texts.push(text.trim().to_owned());
    }
    if texts.is_empty() {
        return Ok(());
    }
    let text = texts.join("\n\n");
    // Beside the section that is there, on the side that the order gives.
    let there = reading.figures_section.as_ref().map(|section| (Part::Figures, section));
    let there = there.or(reading.events_section.as_ref().map(|section| (Part::Events, section)));
    let (at, before) = match there {
        Some((part, section)) if style.order.first() == Some(&part) => (section.body.end, false),
        Some((_, section)) => (section.heading.start, true),
        None => match place(document, &style.place) {
            Some(at) => (at, true),
            None => (document.len(), false),
        },
    };
    let ends_line = at == 0 || document.get(..at).is_some_and(|text| text.ends_with('\n'));
    let lead =
        match (ends_line, document.get(..at).is_some_and(|text| text.ends_with("\n\n") || text.ends_with("\n\r\n"))) {
            _ if at == 0 => "",
            (true, true) => "",
            (true, false) => "\n",
            (false, _) => "\n\n",
        };
    let tail = if before || at < document.len() { "\n\n" } else { "\n" };
    edits.push(Edit { range: at..at, text: format!("{lead}{text}{tail}") });
    Ok(())
}

/// Where the line begins that the sections stand before.
fn place(document: &str, heading: &str) -> Option<usize> {
    let heading = heading.trim();
    if heading.is_empty() {
        return None;
    }
    let mut at = 0;
    for line in document.split_inclusive('\n') {
        if line.trim_start_matches('\u{feff}').trim() == heading {
            return Some(at);
        }
        at += line.len();
    }
    None
}

fn apply(document: &str, edits: Vec<Edit>) -> String {
    let mut text = String::with_capacity(document.len() + 256);
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        text.push_str(document.get(at..edit.range.start).unwrap_or_default());
        text.push_str(&edit.text);
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

fn figures(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    writer: &Writer<'_>,
    content: &SpliceContent,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    let Some(section) = &reading.figures_section else { return Ok(()) };
    let mut lines = Vec::new();
    for (number, (index, figure)) in (1..).zip(&content.figures) {
        match index.and_then(|index| reading.figures.get(index)) {
            Some(read) if read.value == figure.value => {}
            Some(read) => {
                edits.push(Edit { range: read.value_span.clone(), text: figure.value.to_string() });
                let change = learn_figure::restated(document, read, figure.change.as_ref());
                edits.extend(change.map(|(range, text)| Edit { range, text }));
            }
            None => {
                let shown = ReportFigure { change: figure.change.clone().filter(|_| style.changes), ..figure.clone() };
                lines.push(writer.figure_line(&shown, number)?);
            }
        }
    }
    let mut missing = Vec::new();
    for (index, count) in &content.incident_counts {
        match index.and_then(|index| reading.incident_counts.get(index)) {
            Some(read) if read.count == count.count => {}
            Some(read) => edits.push(Edit { range: read.value_span.clone(), text: count.count.to_string() }),
            None => missing.push(count.clone()),
        }
    }
    remove_figures(document, reading, &content.removed, edits);
    if !missing.is_empty() {
        lines.push(writer.counts_line(&missing, &content.year_to_date)?);
    }
    if lines.is_empty() {
        return Ok(());
    }
    let last = reading
        .figures
        .iter()
        .map(|figure| figure.line_span.end)
        .chain(reading.incident_counts.iter().map(|count| count.line_span.end))
        .max();
    let lines = lines.join("\n");
    edits.push(match last {
        Some(end) => Edit { range: end..end, text: format!("\n{lines}") },
        None => in_place_of_nothing(document, section, &lines),
    });
    Ok(())
}

/// The first content of a section: in place of 无, behind anything else that stands there.
fn in_place_of_nothing(document: &str, section: &SectionReading, text: &str) -> Edit {
    let body = document.get(section.body.clone()).unwrap_or_default();
    let end = section.body.start + body.trim_end().len();
    if body.trim().chars().count() <= 12 && !body.trim().contains('\n') {
        // `生产事件：无`: the word stands on the heading's line.
        let start = section.heading.end.min(section.body.start);
        Edit { range: start..end.max(start), text: format!("\n\n{text}") }
    } else {
        Edit { range: end..end, text: format!("\n\n{text}") }
    }
}

#[expect(clippy::too_many_arguments, reason = "the document, how it is written, and what is wanted")]
fn events(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    writer: &Writer<'_>,
    zone: Tz,
    content: &SpliceContent,
    how: How,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    let Some(section) = &reading.events_section else { return Ok(()) };
    // A new event goes behind the one that stands before it in the report.
    let mut behind: Option<usize> = None;
    let mut added: Vec<(Option<usize>, &ReportEvent)> = Vec::new();
    for wanted in &content.events {
        match wanted.reading_index.and_then(|index| reading.events.get(index).map(|read| (index, read))) {
            Some((index, read)) => {
                behind = behind.max(Some(index));
                change(document, read, style, writer, zone, &wanted.event, index + 1, edits)?;
            }
            None => added.push((behind, &wanted.event)),
        }
    }
    let empty = added.is_empty() && !reading.events.is_empty() && content.removed.events.len() == reading.events.len();
    for (order, read) in content.removed.events.iter().filter_map(|index| reading.events.get(*index)).enumerate() {
        let range = with_blank_lines(document, read.span.clone());
        if order == 0 && empty {
            edits.push(Edit { range: read.span.clone(), text: style.quiet.clone() });
        } else {
            edits.push(Edit { range, text: String::new() });
        }
    }
    let rows = how == How::Style && reading.events.iter().all(|read| read.layout == Layout::Table);
    let gap = if rows && !reading.events.is_empty() { "\n" } else { "\n\n" };
    // Blocks of one place are one edit: they stand in the order of the report.
    let mut places: Vec<(Option<usize>, Vec<String>)> = Vec::new();
    for (number, (behind, event)) in (reading.events.len() + 1..).zip(added) {
        let block = match how {
            How::Style => writer.event(event, number)?,
            plain => splice_check::plain(plain, reading, style, event, number, zone),
        };
        // Plain lines stand behind all others: between two they could be taken for a part of one.
        let behind = if how == How::Style { behind } else { reading.events.len().checked_sub(1) };
        match places.last_mut() {
            Some((place, blocks)) if *place == behind => blocks.push(block),
            _ => places.push((behind, vec![block])),
        }
    }
    for (behind, blocks) in places {
        let text = blocks.join(gap);
        let anchor = behind.and_then(|index| reading.events.get(index)).map(|read| read.span.end);
        let first = reading.events.first().map(|read| read.span.start);
        edits.push(match (anchor, first) {
            (Some(end), _) => {
                let end = line_end(document, end);
                Edit { range: end..end, text: format!("{gap}{text}") }
            }
            (None, Some(start)) => Edit { range: start..start, text: format!("{text}{gap}") },
            (None, None) => in_place_of_nothing(document, section, &text),
        });
    }
    Ok(())
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

#[expect(clippy::too_many_arguments, reason = "one event of the document, how it is written, and what is wanted")]
fn change(
    document: &str,
    read: &EventReading,
    style: &ReportStyle,
    writer: &Writer<'_>,
    zone: Tz,
    wanted: &ReportEvent,
    number: usize,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    let stands = ReportEvent::of_reading(read);
    // An end that the document does not tell was known before or elsewhere: it is no change of the document's words.
    let wanted = &ReportEvent { recovered: stands.recovered.and(wanted.recovered), ..wanted.clone() };
    let same_mark = stands.mark == wanted.mark
        || (stands.mark == Mark::Unknown && render::mark_words(style, wanted.mark).is_empty());
    let same_words = stands.narrative.trim() == wanted.narrative.trim();
    let same_times = stands.occurred == wanted.occurred && stands.recovered == wanted.recovered;
    let plain = matches!(read.layout, Layout::DateLine | Layout::Inline);
    let same_fields = stands.details.is_same(&wanted.details);
    if same_mark && same_times && if plain { same_words } else { same_fields } {
        return Ok(());
    }
    // Fields and rows: where the style writes the event as it stands, it writes the new one too.
    if !(plain || same_fields && same_times) {
        let whole = document.get(read.span.clone()).unwrap_or_default();
        if writer.event(&stands, number)? == tidy(whole) {
            edits.push(Edit { range: read.span.clone(), text: writer.event(wanted, number)? });
            return Ok(());
        }
        change_fields(document, read, &stands, wanted, edits);
    }
    if plain && !same_words {
        let sentence = tidy(document.get(read.narrative_span.clone()).unwrap_or_default());
        let (old_grade, old_rest) = split_grade(&stands.narrative);
        let (grade, rest) = split_grade(&wanted.narrative);
        let edit = if sentence == stands.narrative {
            Some(wanted.narrative.clone())
        } else if sentence == old_rest && grade == old_grade {
            Some(rest.to_owned())
        } else {
            None
        };
        let Some(text) = edit else {
            // Only what the style writes as it stands does it write anew; else the sentence stays the writer's.
            let whole = document.get(read.span.clone()).map(tidy).unwrap_or_default();
            if writer.event(&stands, number)? == whole {
                edits.push(Edit { range: read.span.clone(), text: writer.event(wanted, number)? });
            }
            return Ok(());
        };
        edits.push(Edit { range: read.narrative_span.clone(), text });
    }
    if !same_mark {
        change_mark(document, read, style, wanted.mark, edits);
    }
    if !same_times {
        change_time(document, read, style, zone, &stands, wanted, edits);
    }
    Ok(())
}

/// The time in front, in the form in which this event has it.
fn change_time(
    document: &str,
    read: &EventReading,
    style: &ReportStyle,
    zone: Tz,
    stands: &ReportEvent,
    wanted: &ReportEvent,
    edits: &mut Vec<Edit>,
) {
    let Some(span) = &read.time_span else {
        let at = read.narrative_span.start;
        let time = render::time_words(&style.time, wanted, zone).filter(|_| stands.occurred != wanted.occurred);
        edits.extend(time.map(|time| Edit { range: at..at, text: format!("{time} ") }));
        return;
    };
    let words = document.get(span.clone()).unwrap_or_default().trim_end();
    let own = stands.occurred.and_then(|begin| TimeForm::of_words(words, begin, stands.recovered, zone));
    let form = own.as_ref().unwrap_or(&style.time);
    let (was, now) = (render::time_words(form, stands, zone), render::time_words(form, wanted, zone));
    if was != now {
        edits.push(Edit { range: span.start..span.start + words.len(), text: now.unwrap_or_default() });
    }
}

/// Values of fields, each where the document says it.
fn change_fields(
    document: &str,
    read: &EventReading,
    stands: &ReportEvent,
    wanted: &ReportEvent,
    edits: &mut Vec<Edit>,
) {
    let (old, new) = (&stands.details, &wanted.details);
    let fields = [
        (&old.summary, &new.summary),
        (&old.impact, &new.impact),
        (&old.cause, &new.cause),
        (&old.recovery, &new.recovery),
    ];
    for (old, new) in fields {
        let (Some(old), Some(new)) = (old.as_deref().filter(|old| !old.is_empty()), new) else { continue };
        if old == new {
            continue;
        }
        if let Some(at) = document.get(read.span.clone()).and_then(|text| text.find(old)) {
            let start = read.span.start + at;
            edits.push(Edit { range: start..start + old.len(), text: new.clone() });
        }
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
            // Words alone would grow together with the sentence.
            let bare = shown.chars().all(char::is_alphanumeric);
            let text = if bare { format!("【{shown}】") } else { shown.to_owned() };
            let end = read.narrative_span.end;
            edits.push(Edit { range: end..end, text });
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
