//! **Nothing is lost.** The spans of the narrative, put together, are the narrative (white space and control characters
//! aside). What stands in none of them is covered by the spans of the beginning, of the recovery (the end of a range),
//! and of the mark, or is white space, a control character, or one of the signs and connecting words that only hold a
//! time or a mark: see `is_connecting`.
//!
//! Used by the property tests here and by the fuzz targets in `fuzz/`.

#[cfg(test)]
use fupan::domain::capture::draft::{DraftEvent, DraftField};

#[cfg(not(test))]
use crate::domain::capture::draft::{DraftEvent, DraftField};

fn is_dropped(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The characters that one sees.
pub fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_dropped(*c)).collect()
}

/// Signs and words that only hold a time or a mark. `\u{feff}`, `\u{200b}` and the like read as blanks.
fn is_connecting(c: char) -> bool {
    is_dropped(c) || "-–—‐‑−~～〜至到自*＊:：，,、。.．)）to\u{feff}\u{200b}\u{200c}\u{200d}\u{2060}".contains(c)
}

/// A semicolon joins sentences, and is lost with none of them, unless it leads to the mark or stands behind it in a list
/// (`…，〔已复盘〕；`): nothing but connecting signs lies between it and the mark.
fn is_semicolon_of(mark: &[std::ops::Range<usize>], line: &str, at: usize) -> bool {
    let holds = |between: std::ops::Range<usize>| {
        line.get(between).is_some_and(|text| text.chars().all(|c| is_connecting(c) || matches!(c, '；' | ';')))
    };
    mark.iter().any(|mark| if at < mark.start { holds(at..mark.start) } else { holds(mark.end..at) })
}

/// Whether the statement above holds for a line and what was read from it; else what was lost.
pub fn check(line: &str, draft: &DraftEvent) -> Result<(), String> {
    let mut covered = vec![false; line.len()];
    let mut sentence = String::new();
    for span in &draft.spans {
        let Some(words) = line.get(span.range.clone()) else { return Err(format!("{span:?} of {line:?}")) };
        let counts = matches!(
            span.field,
            DraftField::Narrative | DraftField::OccurredAt | DraftField::RecoveredAt | DraftField::Mark
        );
        if counts {
            covered[span.range.clone()].fill(true);
        }
        if span.field == DraftField::Narrative {
            sentence.push_str(words);
        }
    }
    if visible(&sentence) != visible(&draft.narrative) {
        return Err(format!("{:?} is not {sentence:?} of {line:?}", draft.narrative));
    }
    let mark: Vec<_> =
        draft.spans.iter().filter(|span| span.field == DraftField::Mark).map(|span| span.range.clone()).collect();
    let is_held = |at: usize, c: char| is_connecting(c) || matches!(c, '；' | ';') && is_semicolon_of(&mark, line, at);
    let lost: String =
        line.char_indices().filter(|(at, c)| !covered[*at] && !is_held(*at, *c)).map(|(_, c)| c).collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("{lost:?} of {line:?}: {draft:?}")) }
}
