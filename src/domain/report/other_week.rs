//! What a document still holds of another week: last week's report copied as this week's template.

use std::collections::{HashMap, HashSet};

use chrono_tz::Tz;

use super::{
    reading::{Decimal, ReportReading},
    splice::SpliceContent,
};
use crate::domain::{
    checked,
    figures::{Figure, IncidentCount},
    iso_week::IsoWeek,
};

/// Lines of a document that a splice leaves to their writer, though they tell of another week.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfOtherWeeks {
    /// Events with the week in which they began.
    pub events: Vec<(IsoWeek, String)>,
    /// Figures and counts, each with the week it is of.
    pub figures: Vec<(IsoWeek, String)>,
}

impl OfOtherWeeks {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.figures.is_empty()
    }

    /// What of a document is neither known of its `week` (`content`) nor removed and tells of another one: events that
    /// began in it; figures and counts where the title names another week, or where they are those that are stored of
    /// the week before (`figures`, `counts`).
    pub fn find(
        reading: &ReportReading,
        content: &SpliceContent<'_>,
        week: IsoWeek,
        zone: Tz,
        figures: &[Figure],
        counts: &[IncidentCount],
    ) -> Self {
        let known = |indices: &mut dyn Iterator<Item = Option<usize>>| indices.flatten().collect::<HashSet<usize>>();
        let known_events = known(&mut content.events.iter().map(|wanted| wanted.reading_index));
        let known_figures = known(&mut content.figures.iter().map(|(index, _)| *index));
        let known_counts = known(&mut content.incident_counts.iter().map(|(index, _)| *index));
        let removed = &content.removed;
        let mut found = Self::default();
        for (index, read) in reading.events.iter().enumerate() {
            let Some(occurred) = read.draft.occurred else { continue };
            let began = IsoWeek::of(occurred.at.with_timezone(&zone).date_naive());
            if began != week && !known_events.contains(&index) && !removed.events.contains(&index) {
                found.events.push((began, first_words(&read.raw)));
            }
        }
        let mut before: HashMap<String, Vec<&Figure>> = HashMap::new();
        for figure in figures {
            before.entry(checked::fold(&figure.fields.name)).or_default().push(figure);
        }
        let titled = reading.week.filter(|titled| *titled != week);
        let of_before = |is_same: bool| titled.or_else(|| is_same.then(|| week.previous()));
        for (index, read) in reading.figures.iter().enumerate() {
            let same = || {
                let is = |was: &&Figure| {
                    was.fields.is_named(&read.name, read.group.as_deref()) && was.fields.value == read.value
                };
                before.get(&checked::fold(&read.name)).is_some_and(|named| named.iter().any(is))
            };
            if known_figures.contains(&index) || removed.figures.contains(&index) {
                continue;
            }
            if let Some(of) = of_before(same()) {
                found.figures.push((of, words(&read.name, read.value, read.unit.as_deref())));
            }
        }
        for (index, read) in reading.incident_counts.iter().enumerate().filter(|(_, read)| read.is_of_week()) {
            // Zeros are the same every week.
            let same = || {
                let is = |was: &IncidentCount| was.fields.severity == read.severity && was.fields.count == read.count;
                read.count.units != 0 && counts.iter().any(is)
            };
            if known_counts.contains(&index) || removed.incident_counts.contains(&index) {
                continue;
            }
            if let Some(of) = of_before(same()) {
                found.figures.push((of, words(&read.severity, read.count, None)));
            }
        }
        found
    }
}

fn words(name: &str, value: Decimal, unit: Option<&str>) -> String {
    format!("{name} {value}{}", unit.unwrap_or_default())
}

/// The beginning of an event's text, on one line.
pub fn first_words(text: &str) -> String {
    /// Characters that tell an event from others.
    const LONGEST: usize = 60;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", words.get(..at).unwrap_or_default()),
        None => words,
    }
}
