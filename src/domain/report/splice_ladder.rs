//! How changes and new events are written: first as the document has it, and where that is not read back, otherwise.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    reading::ReportReading,
    splice::{Removed, SpliceContent},
    splice_events,
    style::ReportStyle,
};

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

impl How {
    /// Behind which event of the document a new one stands that comes behind `behind` in the report. Plain lines stand
    /// behind all that stay: between two they could be taken for a part of one.
    pub fn place(self, behind: Option<usize>, reading: &ReportReading, removed: &Removed) -> Option<usize> {
        if self == Self::Style {
            return behind.filter(|index| *index < reading.events.len());
        }
        (0..reading.events.len()).rev().find(|index| !removed.events.contains(index))
    }
}

/// How the changes of one event are written. From the second rung on a time has its whole date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    /// As the document has it, a new mark behind the sentence.
    Own,
    /// A new mark at the end of the event.
    AtEnd,
    /// A new mark at the end of the first line.
    FirstLine,
    /// A new mark in front of the sentence.
    InFront,
    /// The mark as it stands.
    NoMark,
    /// All as it stands.
    Untouched,
}

/// An event that changes.
#[derive(Debug, Clone, Copy)]
struct Step {
    rung: Rung,
    /// Whether its mark is new, so that it may stand in several places.
    new_mark: bool,
}

/// The rungs of the events that change, by their index in the reading.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    steps: BTreeMap<usize, Step>,
    /// How often someone climbed.
    rounds: usize,
}

impl Ladder {
    /// After so many rounds everything is left as it stands: each round reads the document again.
    const ROUNDS: usize = 6;

    /// The events that change, on the first rung.
    pub fn of(content: &SpliceContent<'_>, reading: &ReportReading, style: &ReportStyle) -> Self {
        let changed = content.events.iter().filter_map(|wanted| {
            let index = wanted.reading_index?;
            let read = reading.events.get(index)?;
            let new_mark = read.mark_span.is_none() && read.draft.mark != wanted.event.mark;
            let step = Step { rung: Rung::Own, new_mark };
            splice_events::is_changed(style, read, &wanted.event).then_some((index, step))
        });
        Self { steps: changed.collect(), rounds: 0 }
    }

    /// The same events, each left as it stands.
    pub fn untouched(&self) -> Self {
        let mut all = self.clone();
        all.steps.values_mut().for_each(|step| step.rung = Rung::Untouched);
        all
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// On which rung an event is; none where nothing of it changes.
    pub fn rung(&self, index: usize) -> Option<Rung> {
        self.steps.get(&index).map(|step| step.rung)
    }

    /// The event, where its changes are written.
    pub fn written(&self, index: usize) -> Option<usize> {
        self.rung(index).is_some_and(|rung| rung != Rung::Untouched).then_some(index)
    }

    /// All events whose changes are written.
    pub fn all_written(&self) -> impl Iterator<Item = usize> {
        self.steps.keys().filter_map(|index| self.written(*index))
    }

    /// The events that stand otherwise than they should.
    pub fn left(&self) -> Vec<usize> {
        self.steps.iter().filter(|(_, step)| step.rung >= Rung::NoMark).map(|(index, _)| *index).collect()
    }

    /// Takes events to their next rungs. False once all are left as they stand.
    pub fn climb(&mut self, faults: &BTreeSet<usize>) -> bool {
        self.rounds += 1;
        if self.rounds > Self::ROUNDS {
            *self = self.untouched();
            return false;
        }
        for step in self.steps.iter_mut().filter(|(index, _)| faults.contains(index)).map(|(_, step)| step) {
            step.rung = match step.rung {
                Rung::Own => Rung::AtEnd,
                Rung::AtEnd if step.new_mark => Rung::FirstLine,
                Rung::FirstLine => Rung::InFront,
                Rung::AtEnd | Rung::InFront => Rung::NoMark,
                Rung::NoMark | Rung::Untouched => Rung::Untouched,
            };
        }
        true
    }
}
