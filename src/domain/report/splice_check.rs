//! Reading back what a splice wrote: each event must be found in the document at its place, once, with the time and the
//! mark that it should have, and nothing else.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    events::Known,
    events_again,
    reading::{EventReading, Layout, ReportReading},
    render::{self, ReportEvent},
    splice::{Made, Splicing},
    splice_ladder::{How, Ladder, Rung},
};
use crate::domain::{capture::draft::Mark, clock_point::ClockPoint};

/// In a document of more bytes its events section is read again by itself where it is the smaller part.
const LONG: usize = 1_000_000;

/// What an event must be read as.
struct Expected<'a> {
    /// The event of the document; none for a new one.
    index: Option<usize>,
    /// When it began, in minutes.
    occurred: Option<i64>,
    /// Its mark; empty where any will do.
    marks: Vec<Mark>,
    /// When it was over. It may be left out, but not told otherwise.
    recovered: Option<i64>,
    /// Its sentence. It is not compared, other readers may cut it otherwise; but one that has grown took something in.
    narrative: &'a str,
}

impl<'a> Expected<'a> {
    /// An event that stands as it did.
    fn standing(index: usize, read: &'a EventReading) -> Self {
        Self {
            index: Some(index),
            occurred: minute(read.draft.occurred),
            marks: vec![read.draft.mark],
            recovered: minute(read.draft.recovered),
            narrative: &read.draft.narrative,
        }
    }

    fn is(&self, read: &EventReading) -> bool {
        let draft = &read.draft;
        self.occurred == minute(draft.occurred)
            && (self.marks.is_empty() || self.marks.contains(&draft.mark))
            && self.recovered.zip(minute(draft.recovered)).is_none_or(|(wanted, told)| wanted == told)
    }
}

/// Seconds are not written.
fn minute(point: Option<ClockPoint>) -> Option<i64> {
    point.map(|point| point.at.timestamp().div_euclid(60))
}

/// The events of a reading that need no second one where they stand as they did.
pub(super) fn known(reading: &ReportReading) -> Known<'_> {
    let told = reading.events.iter().filter(|read| read.layout != Layout::Table);
    told.map(|read| (read.fingerprint, read)).collect()
}

/// What the document is not read back as it was meant for: events of it whose changes are at fault, none where others
/// are. `None` when all is read back. `how` tells how the new events are written, where they are.
pub(super) fn faults(
    job: &Splicing<'_>,
    made: &Made,
    ladder: &Ladder,
    how: Option<How>,
    added: &[(Option<usize>, &ReportEvent)],
    known: &Known<'_>,
) -> Option<BTreeSet<usize>> {
    let expected = expected(job, ladder, how, added);
    let section = made.events_section.clone().and_then(|section| made.text.get(section));
    if let Some(section) = section.filter(|part| made.text.len() > LONG && part.len() < made.text.len() / 2)
        && compare(&expected, &events_again(section, job.reading, known, job.zone), ladder).is_none()
    {
        return None;
    }
    compare(&expected, &events_again(&made.text, job.reading, known, job.zone), ladder)
}

/// What the document must be read as, in its order.
fn expected<'a>(
    job: &Splicing<'a>,
    ladder: &Ladder,
    how: Option<How>,
    added: &[(Option<usize>, &'a ReportEvent)],
) -> Vec<Expected<'a>> {
    let reading = job.reading;
    let mut wanted: Vec<Option<&'a ReportEvent>> = vec![None; reading.events.len()];
    for splice in &job.content.events {
        if let Some(slot) = splice.reading_index.and_then(|index| wanted.get_mut(index)) {
            *slot = Some(&splice.event);
        }
    }
    let removed = &job.content.removed;
    let placed = |(behind, event): &(Option<usize>, _)| Some((how?.place(*behind, reading, removed), *event));
    let mut news = added.iter().filter_map(placed).peekable();
    let mut all = Vec::with_capacity(reading.events.len() + added.len());
    let new = |event: &'a ReportEvent| Expected {
        index: None,
        occurred: minute(event.occurred),
        marks: if render::mark_words(job.style, event.mark).is_empty() { Vec::new() } else { vec![event.mark] },
        recovered: minute(event.recovered),
        narrative: &event.narrative,
    };
    while let Some((_, event)) = news.next_if(|(place, _)| place.is_none()) {
        all.push(new(event));
    }
    for (index, (read, wanted)) in reading.events.iter().zip(wanted).enumerate() {
        if !removed.events.contains(&index) {
            all.push(match (wanted, ladder.rung(index)) {
                (Some(wanted), Some(rung)) if rung != Rung::Untouched => changed(job, index, read, wanted, rung),
                _ => Expected::standing(index, read),
            });
        }
        while let Some((_, event)) = news.next_if(|(place, _)| *place == Some(index)) {
            all.push(new(event));
        }
    }
    all
}

fn changed<'a>(
    job: &Splicing<'_>,
    index: usize,
    read: &'a EventReading,
    wanted: &'a ReportEvent,
    rung: Rung,
) -> Expected<'a> {
    let shown = render::mark_words(job.style, wanted.mark);
    let marks = if wanted.mark == read.draft.mark || rung == Rung::NoMark {
        vec![read.draft.mark]
    } else if read.mark_span.is_none() && (read.layout == Layout::Table || shown.is_empty()) {
        // A row of a table without a column for it has no place for a mark.
        Vec::new()
    } else if shown.is_empty() {
        vec![Mark::Unknown, Mark::NotRequired]
    } else {
        vec![wanted.mark]
    };
    // An end that the document does not tell is none that it can tell otherwise.
    let recovered = read.draft.recovered.and(wanted.recovered);
    Expected {
        index: Some(index),
        occurred: minute(wanted.occurred),
        marks,
        recovered: minute(recovered),
        narrative: &wanted.narrative,
    }
}

/// The events whose changes are at fault where what was read is not what was expected.
fn compare(expected: &[Expected<'_>], found: &[Cow<'_, EventReading>], ladder: &Ladder) -> Option<BTreeSet<usize>> {
    let same = |(wanted, read): &(&Expected<'_>, &Cow<'_, EventReading>)| wanted.is(read);
    let front = expected.iter().zip(found).take_while(same).count();
    if front == expected.len() && front == found.len() {
        return None;
    }
    let back = expected.iter().rev().zip(found.iter().rev()).take_while(same).count();
    let blamed = |wanted: &Expected<'_>| wanted.index.and_then(|index| ladder.written(index));
    let mut faults: BTreeSet<usize> = BTreeSet::new();
    if expected.len() == found.len() {
        faults.extend(expected.iter().zip(found).filter(|pair| !same(pair)).filter_map(|(wanted, _)| blamed(wanted)));
    } else {
        // What swallowed or bore others stands in front of them, and its own words are not as they should be.
        let before = front.saturating_sub(1);
        let first = expected.get(before).zip(found.get(before));
        let grown = first.filter(|(wanted, read)| wanted.narrative.trim() != read.draft.narrative.trim());
        faults.extend(grown.and_then(|(wanted, _)| blamed(wanted)));
        if faults.is_empty() {
            let end = expected.len().saturating_sub(back).max(front);
            faults.extend(expected.get(before..end).unwrap_or_default().iter().filter_map(blamed));
        }
    }
    if faults.is_empty() {
        faults = ladder.all_written().collect();
    }
    Some(faults)
}
