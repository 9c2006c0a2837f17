//! The twin of a report: the same content written by a style, beside the document that the style was learned from.

use chrono_tz::Tz;
use similar::{ChangeTag, TextDiff};

use super::{
    learn::tidy,
    learn_figure,
    reading::{ReportReading, SectionReading},
    render::{ReportCount, ReportEvent, SectionsContent},
    style::ReportStyle,
    template::{StyleError, Writer},
};
use crate::domain::iso_week::IsoWeek;

/// The most lines that are compared; of a longer document the rest is left out.
const LINES: usize = 2_000;

/// A line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinLine {
    /// Where it stands.
    pub side: Side,
    /// Without its line end.
    pub text: String,
}

/// Which of both texts has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Both.
    Both,
    /// The document alone.
    Document,
    /// What the style writes alone.
    Style,
}

/// What a style makes of a document's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// Both sections as the style writes them.
    pub written: String,
    /// Every line of both texts, in order.
    pub lines: Vec<TwinLine>,
}

impl Twin {
    /// How many lines are not the same.
    pub fn differences(&self) -> usize {
        self.lines.iter().filter(|line| line.side != Side::Both).count()
    }
}

/// Both sections of a document with their headings as they stand, one blank line between, line feeds as line ends.
pub fn sections_of(document: &str, reading: &ReportReading) -> String {
    let mut parts: Vec<&SectionReading> =
        [reading.figures_section.as_ref(), reading.events_section.as_ref()].into_iter().flatten().collect();
    parts.sort_by_key(|section| section.heading.start);
    let texts: Vec<String> = parts
        .iter()
        .filter_map(|section| document.get(section.heading.start..section.body.end))
        .map(|text| tidy(text).trim_end().to_owned())
        .collect();
    format!("{}\n", texts.join("\n\n"))
}

/// What a document says, as content for a style.
pub fn content_of(document: &str, reading: &ReportReading) -> SectionsContent {
    let counts = |of_week: bool| {
        reading
            .incident_counts
            .iter()
            .filter(|count| count.is_of_week() == of_week)
            .map(|count| ReportCount { severity: count.severity.clone(), count: count.count })
            .collect()
    };
    SectionsContent {
        figures: learn_figure::told(document, &reading.figures),
        incident_counts: counts(true),
        year_to_date: counts(false),
        events: reading.events.iter().map(ReportEvent::of_reading).collect(),
        carried: Vec::new(),
    }
}

/// Writes the content of a document by a style and compares.
pub fn twin(
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    week: IsoWeek,
    zone: Tz,
) -> Result<Twin, StyleError> {
    let content = content_of(document, reading);
    let written = Writer::new(style, week, zone)?.sections(&content)?;
    let stands = sections_of(document, reading);
    // Blanks at the end of a line are no difference that people see.
    let short = |text: &str| {
        text.lines().take(LINES).fold(String::new(), |mut all, line| {
            all.push_str(line.trim_end());
            all.push('\n');
            all
        })
    };
    let (stands, shown) = (short(&stands), short(&written));
    let diff = TextDiff::from_lines(&stands, &shown);
    let lines = diff
        .iter_all_changes()
        .map(|change| TwinLine {
            side: match change.tag() {
                ChangeTag::Equal => Side::Both,
                ChangeTag::Delete => Side::Document,
                ChangeTag::Insert => Side::Style,
            },
            text: change.value().trim_end_matches('\n').to_owned(),
        })
        .collect();
    Ok(Twin { written, lines })
}
