//! One event's text, of one line or many: its parts, and the draft that is read from them.

use std::ops::Range;

use chrono::NaiveDate;

use super::{
    draft::{CaptureContext, DraftEvent},
    labels::{self, FieldKey},
    marks::FoundMark,
    reader::Reader,
};
use crate::domain::text::Folded;

/// Where the parts of an event stand, in characters.
#[derive(Debug, Clone, Default, Hash)]
pub struct EventText {
    /// Everything of the event.
    pub range: Range<usize>,
    /// A title of its own line: `事件一：…`.
    pub title: Option<Range<usize>>,
    /// Labelled parts.
    pub fields: Vec<(FieldKey, Range<usize>)>,
    /// Running text.
    pub body: Vec<Range<usize>>,
    /// Code and logs on lines of their own: no times, no clauses.
    pub fenced: Vec<Range<usize>>,
    /// Comments and signs of quotation, in order: no part of the sentence.
    pub hidden: Vec<Range<usize>>,
}

impl EventText {
    /// An event of running text alone; lines `key：value` in it become fields.
    pub fn of_body(text: &Folded, range: Range<usize>) -> Self {
        let mut event = Self { range: range.clone(), ..Self::default() };
        let mut start = range.start;
        let mut in_fence = false;
        while start < range.end {
            let end = text.find(start..range.end, '\n').unwrap_or(range.end);
            let at = text.skip_blanks(start);
            let fence = text.has(at, "```") || text.has(at, "~~~");
            event.add_line(text, start..end, in_fence || fence);
            in_fence ^= fence;
            start = end + 1;
        }
        event
    }

    /// Whether the label before stands alone on its line, directly above.
    fn awaits_words(&self, line: &Range<usize>) -> bool {
        !line.is_empty()
            && self
                .fields
                .last()
                .is_some_and(|(_, value)| value.is_empty() && value.end <= line.start && line.start - value.end <= 4)
            && self.body.last().is_none_or(|body| self.fields.last().is_some_and(|(_, value)| body.end <= value.start))
    }

    /// The same event in a text that begins `start` characters later.
    #[must_use]
    pub fn from(&self, start: usize) -> Self {
        let by = |range: &Range<usize>| range.start.saturating_sub(start)..range.end.saturating_sub(start);
        Self {
            range: by(&self.range),
            title: self.title.as_ref().map(by),
            fields: self.fields.iter().map(|(key, range)| (*key, by(range))).collect(),
            body: self.body.iter().map(by).collect(),
            fenced: self.fenced.iter().map(by).collect(),
            hidden: self.hidden.iter().map(by).collect(),
        }
    }

    /// Adds a line of the event: code, fields, or running text.
    pub fn add_line(&mut self, text: &Folded, line: Range<usize>, is_code: bool) {
        if is_code {
            self.fenced.push(line);
            return;
        }
        if let Some(fields) = labels::parts(text, &line) {
            self.fields.extend(fields);
            return;
        }
        match labels::one(text, line.clone()) {
            Some((key, value)) => self.fields.push((key, value)),
            // `原因：` with its words on the line below.
            None if self.awaits_words(&line) => {
                if let Some((_, value)) = self.fields.last_mut() {
                    *value = line;
                }
            }
            None if line.start < line.end => self.body.push(line),
            None => {}
        }
    }
}

/// Where the parts stand that a report may have to change, in characters.
#[derive(Debug, Clone, Default)]
pub struct Anatomy {
    /// The time in front of the sentence.
    pub time: Option<Range<usize>>,
    /// The mark.
    pub mark: Option<FoundMark>,
    /// The sentence, without code below it.
    pub narrative: Range<usize>,
}

/// Reads an event's text. `original` holds the bytes that `text` was folded from; `date` is that of a heading above.
pub fn read_event_text(
    original: &str,
    text: &Folded,
    event: &EventText,
    context: &CaptureContext,
    date: Option<NaiveDate>,
) -> (DraftEvent, Anatomy) {
    // Only this event's characters are looked at, however long the document is.
    let start = event.range.start;
    let own = text.slice(event.range.clone());
    let event = event.from(start);
    let (draft, anatomy) = Reader::new(&own, &event, context, date).read(original, text.offset(0));
    let back = |range: Range<usize>| range.start + start..range.end + start;
    let mark = anatomy.mark.map(|mark| FoundMark { range: back(mark.range), inner: back(mark.inner), ..mark });
    (draft, Anatomy { time: anatomy.time.map(back), mark, narrative: back(anatomy.narrative) })
}
