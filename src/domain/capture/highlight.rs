//! A text in parts, each with the field that was read from it: for showing people what was understood.

use super::draft::{DraftEvent, DraftField, Span};

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// The characters.
    pub text: &'a str,
    /// The field that was read from them; the narrower one where two share them.
    pub span: Option<&'a Span>,
}

/// The parts of `text`, which the draft was read from; together they are the text.
pub fn parts<'a>(text: &'a str, draft: &'a DraftEvent) -> Vec<Part<'a>> {
    let mut spans: Vec<&Span> = draft.spans.iter().filter(|span| span.field != DraftField::Narrative).collect();
    spans.sort_by_key(|span| std::cmp::Reverse(span.range.len()));
    let mut owners: Vec<Option<&Span>> = vec![None; text.len()];
    for span in spans {
        for owner in owners.get_mut(span.range.clone()).unwrap_or_default() {
            *owner = Some(span);
        }
    }
    let mut parts = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let owner = owners.get(start).copied().flatten();
        let same =
            owners.iter().skip(start).take_while(|have| have.map(std::ptr::from_ref) == owner.map(std::ptr::from_ref));
        let end = start + same.count().max(1);
        if let Some(words) = text.get(start..end) {
            parts.push(Part { text: words, span: owner });
        }
        start = end;
    }
    parts
}

impl DraftEvent {
    /// The words that a field was read from, as they stand in `text`.
    pub fn words_of(&self, field: DraftField, text: &str) -> String {
        let words: Vec<&str> =
            self.spans_of(field).filter_map(|span| text.get(span.range.clone())).map(str::trim).collect();
        words.join(" … ")
    }
}
