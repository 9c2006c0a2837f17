//! Reading a pasted line: a total function from text to a draft event, with the place each field came from.

mod causes;
mod clauses;
mod clocks;
mod dates;
pub mod draft;
mod durations;
mod event_text;
pub mod highlight;
mod instants;
mod labels;
pub mod marks;
mod narrative;
pub mod noise;
mod outcomes;
mod pieces;
pub mod quantities;
mod reader;
mod roles;
pub mod times;
mod wording;

pub use event_text::{Anatomy, EventText, read_event_text};
pub use labels::{FieldKey, field_key};

use draft::{CaptureContext, DraftEvent, Notice};

use crate::domain::text::Folded;

/// The most characters of a line that are read.
pub const READ_LIMIT: usize = 20_000;

/// What a pasted line says. Never fails: what is not understood stays in the narrative, and notices say what was
/// assumed or left over. Spans are byte ranges of `text`.
pub fn read_line(text: &str, context: &CaptureContext) -> DraftEvent {
    let total = text.chars().count();
    let cut = text.char_indices().nth(READ_LIMIT).map_or(text.len(), |(at, _)| at);
    let read = text.get(..cut).unwrap_or(text);
    let controls = text.chars().filter(|c| is_unwanted(*c) && *c != '\r').count();
    let mut folded = Folded::new(read, 0);
    noise::blank(&mut folded, '\n');
    let event = EventText::of_body(&folded, 0..folded.len());
    let (mut draft, _) = read_event_text(read, &folded, &event, context, None);
    if total > READ_LIMIT {
        draft.narrative.push_str(text.get(cut..).unwrap_or_default());
        draft.notices.push(Notice::TooLong { read: READ_LIMIT, total });
    }
    if controls > 0 {
        draft.narrative.retain(|c| !is_unwanted(c));
        for text in [&mut draft.summary, &mut draft.impact, &mut draft.cause, &mut draft.recovery].into_iter().flatten()
        {
            text.retain(|c| !is_unwanted(c));
        }
        draft.notices.push(Notice::ControlCharacters { count: controls });
    }
    if draft.narrative.trim().is_empty() {
        draft.notices.push(Notice::NotAnEvent);
    }
    draft
}

/// Whether a clause of the words says that all was well again.
fn tells_an_end(words: &str) -> bool {
    words.split(['，', ',', '。', '；', ';', '\n', '→', '、']).any(|clause| outcomes::is_well(clause.trim()))
}

/// Whether the words behind a time begin with a symptom, and not with what was done or how it ended.
fn tells_trouble(words: &str) -> bool {
    let clause = words.trim_start_matches([' ', ':', '，', ',', '】']);
    let clause = clause.split(['，', ',', '。', '；', ';']).next().unwrap_or_default().trim();
    let watched = ["观察", "验证", "确认", "复测", "无异常", "未再", "未见"].iter().any(|word| clause.contains(word));
    outcomes::is_trouble(clause)
        && !watched
        && !outcomes::is_well(clause)
        && !outcomes::is_partly(clause)
        && !outcomes::is_action(clause)
        && !outcomes::ends_well(clause)
}

/// The events of a paste: a line that begins with a date and a time begins the next one, and so does a line with a time
/// that tells another symptom when the event above is over. One event of several lines stays whole.
pub fn split(text: &str) -> Vec<&str> {
    let mut folded = Folded::new(text, 0);
    // `<p>08/19 15:00 …</p>`, copied out of a wiki: a tag in front of the time is no word.
    noise::blank(&mut folded, ' ');
    let mut starts: Vec<usize> = Vec::new();
    let mut line = 0;
    // Whether what was told since the last start is over, as far as the text was looked at.
    let (mut over, mut seen) = (false, 0);
    let mut first_dated = false;
    for token in times::scan(&folded) {
        /// Characters in front of the time of a line that begins an event.
        const LONGEST_LEAD: usize = 40;
        let near = token.range.start.saturating_sub(LONGEST_LEAD);
        let above = (near..token.range.start).rev().find(|i| folded.at(*i) == '\n');
        let Some(begins) = above.map(|i| i + 1).or((near == 0).then_some(0)) else { continue };
        let lead = folded.text(begins..token.range.start);
        let free = lead.chars().all(|c| c.is_whitespace() || c.is_ascii_digit() || "-*+•>.、)(【】[]#".contains(c));
        let graded = lead.chars().count() <= 12 && marks::severity(&Folded::new(&lead, 0)).is_some();
        let dated = matches!(
            token.date,
            Some(times::DateWords::Full(_) | times::DateWords::MonthDay(..) | times::DateWords::Weekday(_))
        );
        if token.seconds.is_none() || !(free || graded) || !(starts.is_empty() || begins > line) {
            continue;
        }
        if !starts.is_empty() {
            over = over || tells_an_end(&folded.text(seen..begins));
            seen = begins;
        }
        // A time without its date goes on with the event above, unless that is over and something else is told.
        let leads = starts.is_empty() && (dated || folded.is_blank(0..begins));
        let end = folded.find(token.range.end..folded.len(), '\n').unwrap_or(folded.len());
        let another = || over && tells_trouble(&folded.text(token.range.end..end));
        if leads || dated && first_dated || another() {
            first_dated = first_dated || dated;
            starts.push(folded.offset(begins));
            (line, seen, over) = (begins, begins, false);
        }
    }
    if starts.len() < 2 {
        return vec![text];
    }
    if let Some(first) = starts.first_mut() {
        *first = 0;
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(from, to)| text.get(*from..to)).map(str::trim_end).collect()
}

/// Characters that are left out of what was read: controls, and the marks that turn the direction of the text around
/// (they make a sentence show as another one; Unicode TR 36, section 3.2).
fn is_unwanted(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
