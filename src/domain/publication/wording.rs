//! How an event stands in the text of a report, word for word, and in neutral words where the text tells it in pieces.

use chrono_tz::Tz;

use super::{numbers::FrozenEvent, text};
use crate::domain::{
    event::label,
    report::{
        render::{self, EventDetails, ReportEvent},
        style::ReportStyle,
    },
};

/// Lines above a sentence among which the date that it stands under is looked for.
const LINES_ABOVE: usize = 200;

/// The words of `event` in `text`: the lines that hold its sentence, with the date above them where they have none of
/// their own. None where the sentence is not there, or there more than once.
pub(super) fn in_text(text: &str, event: &FrozenEvent) -> Option<String> {
    let sentence = event.fields.narrative.trim();
    if sentence.is_empty() {
        return None;
    }
    let mut places = text.match_indices(sentence).map(|(at, _)| at);
    let (place, None) = (places.next()?, places.next()) else { return None };
    let (before, after) = (text.get(..place)?, text.get(place + sentence.len()..)?);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = place + sentence.len() + after.find('\n').unwrap_or(after.len());
    let words = text::bare(text.get(start..end)?);
    let front = text::bare(text.get(start..place)?);
    if front.contains(|c: char| c.is_ascii_digit()) {
        return Some(words.to_owned());
    }
    let above = text.get(..start)?.lines().rev().take(LINES_ABOVE).map(str::trim);
    let date = above.take_while(|line| !line.starts_with('#')).find(|line| text::is_date(line));
    Some(date.map_or_else(|| words.to_owned(), |date| format!("{} {words}", text::bare(date))))
}

/// The event in the form of the house, whatever the style of its report.
pub(super) fn neutral(event: &FrozenEvent, zone: Tz) -> String {
    let event = ReportEvent {
        occurred: event.fields.occurred,
        recovered: event.fields.recovered,
        narrative: event.fields.narrative.clone(),
        mark: event.state.mark(),
        details: EventDetails {
            label: label(event.number),
            severity: event.fields.severity.clone(),
            ..EventDetails::default()
        },
    };
    render::event_line(&ReportStyle::default(), &event, zone)
}

/// Both sides of a difference: as they stand in their texts, or both in the form of the house, so that no difference
/// of style looks like one of the event.
pub(super) fn both(
    was: Option<(&str, &FrozenEvent)>,
    now: Option<(&str, &FrozenEvent)>,
    zone: Tz,
) -> (Option<String>, Option<String>) {
    let told = |side: Option<(&str, &FrozenEvent)>| side.map(|(text, event)| in_text(text, event));
    match (told(was), told(now)) {
        (Some(None), _) | (_, Some(None)) => {
            (was.map(|(_, event)| neutral(event, zone)), now.map(|(_, event)| neutral(event, zone)))
        }
        (was, now) => (was.flatten(), now.flatten()),
    }
}
