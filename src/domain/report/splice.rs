//! Putting the sections back into a document: what did not change stays byte for byte.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use chrono_tz::Tz;

use super::{
    reading::{IncidentCountReading, ReportReading},
    render::{ReportCount, ReportEvent, ReportFigure, SectionsContent},
    splice_check, splice_events, splice_figures,
    splice_ladder::{How, Ladder},
    style::{Part, ReportStyle},
    template::{StyleError, Writer},
};
use crate::domain::iso_week::IsoWeek;

/// An event to be shown, and which event of the document it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpliceEvent<'a> {
    /// Index into the reading's events; none for one that the document lacks.
    pub reading_index: Option<usize>,
    /// What to show.
    pub event: Cow<'a, ReportEvent>,
}

/// What both sections shall hold. Indices point into the reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpliceContent<'a> {
    /// Figures.
    pub figures: Vec<(Option<usize>, ReportFigure)>,
    /// Counts.
    pub incident_counts: Vec<(Option<usize>, ReportCount)>,
    /// Counts of the year up to this week, for a style that shows them.
    pub year_to_date: Vec<ReportCount>,
    /// Events in report order.
    pub events: Vec<SpliceEvent<'a>>,
    /// Owed postmortems of earlier weeks, for an events section that the document lacks.
    pub carried: Vec<ReportEvent>,
    /// What was removed since the document was imported. Everything else that the document holds and the content does
    /// not is the writer's own and stays.
    pub removed: Removed,
}

impl SpliceContent<'_> {
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
                .map(|(i, read)| SpliceEvent {
                    reading_index: Some(i),
                    event: Cow::Owned(ReportEvent::of_reading(read)),
                })
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

/// A document with its sections brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spliced {
    /// The document.
    pub document: String,
    /// Events of the reading that stand as they did, all or in part, though the content has them otherwise: written, they
    /// would not be read as that. In order.
    pub left: Vec<usize>,
}

/// A replacement of bytes.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// What is put where: a document, how it is written, and what is wanted.
pub(super) struct Splicing<'a> {
    pub document: &'a str,
    pub reading: &'a ReportReading,
    pub style: &'a ReportStyle,
    pub writer: &'a Writer<'a>,
    pub zone: Tz,
    pub content: &'a SpliceContent<'a>,
}

/// The document with the two sections brought up to date. `base` is the style of what the document does not show, and
/// of a section that it lacks: that one stands where the style's order and place put it. An error names the part of
/// the style that cannot write.
///
/// What was written is read again. A change that is not read as it was meant is written otherwise, and in the end left
/// out; a new event that the style's form does not tell is told in plain words.
pub fn splice(
    document: &str,
    reading: &ReportReading,
    base: &ReportStyle,
    week: IsoWeek,
    zone: Tz,
    content: &SpliceContent<'_>,
) -> Result<Spliced, StyleError> {
    let style = base.learn(document, reading, zone);
    let writer = Writer::new(&style, week, zone)?;
    let job = Splicing { document, reading, style: &style, writer: &writer, zone, content };
    let mut other = Vec::new();
    splice_figures::figures(&job, &mut other)?;
    missing_sections(document, reading, &style, &writer, content, &mut other)?;
    if reading.events_section.is_none() {
        return Ok(Spliced { document: job.made(other).text, left: Vec::new() });
    }
    splice_events::removals(&job, &mut other);
    let added = splice_events::added(content);
    let mut ladder = Ladder::of(content, reading, &style);
    let with = |ladder: &Ladder, how: Option<How>| -> Result<Made, StyleError> {
        let mut edits = other.clone();
        splice_events::changes(&job, ladder, &mut edits)?;
        if let Some(how) = how {
            splice_events::additions(&job, &added, how, &mut edits)?;
        }
        Ok(job.made(edits))
    };
    let known = splice_check::known(reading);
    let told =
        |made: &Made, ladder: &Ladder, how: Option<How>| splice_check::faults(&job, made, ladder, how, &added, &known);
    let mut made = with(&ladder, Some(How::Style))?;
    if made.same || told(&made, &ladder, Some(How::Style)).is_none() {
        return Ok(made.spliced(&ladder));
    }
    // The changes by themselves: what is wrong then is wrong with them.
    if !ladder.is_empty() {
        let untouched = ladder.untouched();
        if told(&with(&untouched, None)?, &untouched, None).is_none() {
            while let Some(faults) = told(&with(&ladder, None)?, &ladder, None) {
                if !ladder.climb(&faults) {
                    break;
                }
            }
        }
    }
    for how in [How::Style, How::Line, How::Paragraph] {
        made = with(&ladder, Some(how))?;
        if added.is_empty() || told(&made, &ladder, Some(how)).is_none() {
            break;
        }
    }
    Ok(made.spliced(&ladder))
}

/// A document that was put together.
pub(super) struct Made {
    pub text: String,
    /// Where the events section stands in it.
    pub events_section: Option<Range<usize>>,
    /// Whether nothing was changed.
    same: bool,
}

impl Made {
    fn spliced(self, ladder: &Ladder) -> Spliced {
        Spliced { document: self.text, left: ladder.left() }
    }
}

impl Splicing<'_> {
    /// The document with edits made, line ends as the document has them.
    fn made(&self, mut edits: Vec<Edit>) -> Made {
        let document = self.document;
        let section = self.reading.events_section.as_ref().map(|section| section.heading.start..section.body.end);
        if edits.is_empty() {
            return Made { text: document.to_owned(), events_section: section, same: true };
        }
        let crlf = document.contains("\r\n");
        for edit in edits.iter_mut().filter(|_| crlf) {
            edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let events_section = section.map(|section| moved(section, &edits));
        Made { text: apply(document, edits), events_section, same: false }
    }
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
    content: &SpliceContent<'_>,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    if reading.figures_section.is_some() && reading.events_section.is_some() {
        return Ok(());
    }
    let all = SectionsContent {
        figures: content.figures.iter().map(|(_, figure)| figure.clone()).collect(),
        incident_counts: content.incident_counts.iter().map(|(_, count)| count.clone()).collect(),
        year_to_date: content.year_to_date.clone(),
        events: content.events.iter().map(|wanted| wanted.event.as_ref().clone()).collect(),
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
