//! Putting events back: what changed of an event where it stands, new ones behind the one before them, removed ones out.

use std::ops::Range;

use super::{
    learn::tidy,
    reading::{EventReading, Layout},
    render::{self, ReportEvent, split_grade},
    splice::{Edit, SpliceContent, Splicing},
    splice_figures::in_place_of_nothing,
    splice_ladder::{How, Ladder, Rung},
    splice_plain,
    style::ReportStyle,
    template::StyleError,
    time_form::TimeForm,
};
use crate::domain::capture::{draft::Mark, marks};

/// New events, each with the event of the document that stands before it in the report.
pub(super) fn added<'a>(content: &'a SpliceContent<'_>) -> Vec<(Option<usize>, &'a ReportEvent)> {
    let mut behind: Option<usize> = None;
    let mut added = Vec::new();
    for wanted in &content.events {
        match wanted.reading_index {
            Some(index) => behind = behind.max(Some(index)),
            None => added.push((behind, wanted.event.as_ref())),
        }
    }
    added
}

/// Takes removed events out.
pub(super) fn removals(job: &Splicing<'_>, edits: &mut Vec<Edit>) {
    let Splicing { document, reading, content, .. } = *job;
    let adds = content.events.iter().any(|wanted| wanted.reading_index.is_none());
    let empty = !adds && !reading.events.is_empty() && content.removed.events.len() == reading.events.len();
    for (order, read) in content.removed.events.iter().filter_map(|index| reading.events.get(*index)).enumerate() {
        let range = with_blank_lines(document, read.span.clone());
        if order == 0 && empty {
            edits.push(Edit { range: read.span.clone(), text: job.style.quiet.clone() });
        } else {
            edits.push(Edit { range, text: String::new() });
        }
    }
}

/// Changes of the events that the document holds, each written as the ladder has it.
pub(super) fn changes(job: &Splicing<'_>, ladder: &Ladder, edits: &mut Vec<Edit>) -> Result<(), StyleError> {
    for wanted in &job.content.events {
        let index = wanted.reading_index;
        let Some((index, read)) = index.and_then(|index| Some((index, job.reading.events.get(index)?))) else {
            continue;
        };
        match ladder.rung(index) {
            None | Some(Rung::Untouched) => {}
            Some(rung) => change(job, read, &wanted.event, index + 1, rung, edits)?,
        }
    }
    Ok(())
}

/// New events.
pub(super) fn additions(
    job: &Splicing<'_>,
    added: &[(Option<usize>, &ReportEvent)],
    how: How,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    let Splicing { document, reading, .. } = *job;
    let Some(section) = &reading.events_section else { return Ok(()) };
    let rows = how == How::Style && reading.events.iter().all(|read| read.layout == Layout::Table);
    let gap = if rows && !reading.events.is_empty() { "\n" } else { "\n\n" };
    // Blocks of one place are one edit: they stand in the order of the report.
    let mut places: Vec<(Option<usize>, Vec<String>)> = Vec::new();
    for (number, (behind, event)) in (reading.events.len() + 1..).zip(added) {
        let block = match how {
            How::Style => job.writer.event(event, number)?,
            plain => splice_plain::event(plain, reading, job.style, event, number, job.zone),
        };
        let behind = how.place(*behind, reading, &job.content.removed);
        match places.last_mut() {
            Some((place, blocks)) if *place == behind => blocks.push(block),
            _ => places.push((behind, vec![block])),
        }
    }
    for (behind, blocks) in places {
        let text = blocks.join(gap);
        let anchor = behind.and_then(|index| reading.events.get(index)).map(|read| read.span.end);
        let first = reading.events.first().map(|read| read.span.start);
        edits.push(match (anchor, first) {
            (Some(end), _) => {
                let end = line_end(document, end);
                Edit { range: end..end, text: format!("{gap}{text}") }
            }
            (None, Some(start)) => Edit { range: start..start, text: format!("{text}{gap}") },
            (None, None) => in_place_of_nothing(document, section, &text),
        });
    }
    Ok(())
}

/// Where the line of a place ends, its line end excluded.
pub(super) fn line_end(document: &str, at: usize) -> usize {
    document.get(at..).and_then(|rest| rest.find(['\r', '\n'])).map_or(document.len(), |offset| at + offset)
}

/// The event's lines with the blank lines behind them.
fn with_blank_lines(document: &str, span: Range<usize>) -> Range<usize> {
    let mut end = line_end(document, span.end);
    let bytes = document.as_bytes();
    while let Some(b'\r' | b'\n') = bytes.get(end) {
        end += 1;
    }
    span.start..end
}

/// Whether something of an event differs that this document can say.
pub(super) fn is_changed(style: &ReportStyle, read: &EventReading, wanted: &ReportEvent) -> bool {
    let difference = Difference::of(style, read, wanted);
    !(difference.same_mark
        && difference.same_times
        && if difference.plain { difference.same_words } else { difference.same_fields })
}

/// What of an event is wanted otherwise than it stands.
#[expect(clippy::struct_excessive_bools, reason = "each is a part of an event")]
struct Difference {
    same_mark: bool,
    same_words: bool,
    same_times: bool,
    same_fields: bool,
    /// Told in a sentence, not in fields or a row.
    plain: bool,
}

impl Difference {
    fn of(style: &ReportStyle, read: &EventReading, wanted: &ReportEvent) -> Self {
        let draft = &read.draft;
        let same_mark = draft.mark == wanted.mark
            || (draft.mark == Mark::Unknown && render::mark_words(style, wanted.mark).is_empty());
        Self {
            same_mark,
            same_words: draft.narrative.trim() == wanted.narrative.trim(),
            same_times: draft.occurred == wanted.occurred
                && (draft.recovered.is_none() || draft.recovered == wanted.recovered),
            same_fields: wanted.details.is_told_by(draft),
            plain: matches!(read.layout, Layout::DateLine | Layout::Inline),
        }
    }
}

fn change(
    job: &Splicing<'_>,
    read: &EventReading,
    wanted: &ReportEvent,
    number: usize,
    rung: Rung,
    edits: &mut Vec<Edit>,
) -> Result<(), StyleError> {
    let Splicing { document, style, writer, .. } = *job;
    let stands = ReportEvent::of_reading(read);
    // An end that the document does not tell was known before or elsewhere: it is no change of the document's words.
    let wanted = &ReportEvent { recovered: stands.recovered.and(wanted.recovered), ..wanted.clone() };
    let Difference { same_mark, same_words, same_times, same_fields, plain } = Difference::of(style, read, wanted);
    // Where the style writes the event as it stands, it writes the new one too.
    let written_anew = || -> Result<Option<Edit>, StyleError> {
        let whole = document.get(read.span.clone()).map(tidy).unwrap_or_default();
        let same = rung == Rung::Own && writer.event(&stands, number)? == whole;
        if !same {
            return Ok(None);
        }
        Ok(Some(Edit { range: read.span.clone(), text: writer.event(wanted, number)? }))
    };
    if !(plain || same_fields && same_times) {
        if let Some(edit) = written_anew()? {
            edits.push(edit);
            return Ok(());
        }
        change_fields(document, read, &stands, wanted, edits);
    }
    if plain && !same_words {
        let sentence = tidy(document.get(read.narrative_span.clone()).unwrap_or_default());
        let (old_grade, old_rest) = split_grade(&stands.narrative);
        let (grade, rest) = split_grade(&wanted.narrative);
        let text = if sentence == stands.narrative {
            Some(wanted.narrative.clone())
        } else if sentence == old_rest && grade == old_grade {
            Some(rest.to_owned())
        } else {
            None
        };
        if let Some(text) = text {
            edits.push(Edit { range: read.narrative_span.clone(), text });
        } else if let Some(edit) = written_anew()? {
            edits.push(edit);
            return Ok(());
        }
        // Else the sentence stays the writer's.
    }
    if !same_mark {
        change_mark(document, read, style, wanted.mark, rung, edits);
    }
    if !same_times {
        change_time(job, read, &stands, wanted, rung, edits);
    }
    Ok(())
}

/// The time in front, in the form in which this event has it, or with its whole date.
fn change_time(
    job: &Splicing<'_>,
    read: &EventReading,
    stands: &ReportEvent,
    wanted: &ReportEvent,
    rung: Rung,
    edits: &mut Vec<Edit>,
) {
    let Splicing { document, style, zone, .. } = *job;
    let whole = TimeForm::default();
    let Some(span) = &read.time_span else {
        let at = read.narrative_span.start;
        let form = if rung == Rung::Own { &style.time } else { &whole };
        let time = render::time_words(form, wanted, zone).filter(|_| stands.occurred != wanted.occurred);
        edits.extend(time.map(|time| Edit { range: at..at, text: format!("{time} ") }));
        return;
    };
    let words = document.get(span.clone()).unwrap_or_default().trim_end();
    let own = stands.occurred.and_then(|begin| TimeForm::of_words(words, begin, stands.recovered, zone));
    let own = own.as_ref().unwrap_or(&style.time);
    let now = render::time_words(if rung == Rung::Own { own } else { &whole }, wanted, zone);
    if render::time_words(own, stands, zone) != now {
        edits.push(Edit { range: span.start..span.start + words.len(), text: now.unwrap_or_default() });
    }
}

/// Values of fields, each where the document says it.
fn change_fields(
    document: &str,
    read: &EventReading,
    stands: &ReportEvent,
    wanted: &ReportEvent,
    edits: &mut Vec<Edit>,
) {
    let (old, new) = (&stands.details, &wanted.details);
    let fields = [
        (&old.summary, &new.summary),
        (&old.impact, &new.impact),
        (&old.cause, &new.cause),
        (&old.recovery, &new.recovery),
    ];
    for (old, new) in fields {
        let (Some(old), Some(new)) = (old.as_deref().filter(|old| !old.is_empty()), new) else { continue };
        if old == new {
            continue;
        }
        if let Some(at) = document.get(read.span.clone()).and_then(|text| text.find(old)) {
            let start = read.span.start + at;
            edits.push(Edit { range: start..start + old.len(), text: new.clone() });
        }
    }
}

fn change_mark(
    document: &str,
    read: &EventReading,
    style: &ReportStyle,
    mark: Mark,
    rung: Rung,
    edits: &mut Vec<Edit>,
) {
    let shown = render::mark_words(style, mark);
    if rung == Rung::NoMark {
        return;
    }
    match (&read.mark_span, &read.mark_words) {
        (Some(span), Some(words)) => {
            let now = document.get(words.clone()).unwrap_or_default();
            // `**状态：已复盘**`: emphasis is no part of the words.
            let start = words.start + (now.len() - now.trim_start_matches('*').len());
            let now = now.trim_matches('*');
            let words = start..start + now.len();
            let bare = shown.trim_matches(['【', '】', '(', ')', '[', ']']);
            if read.layout == Layout::Table || read.layout == Layout::Fields {
                let value = if bare.is_empty() { "无需复盘" } else { bare };
                edits.push(Edit { range: words, text: value.to_owned() });
            } else if bare.is_empty() && span.len() > words.len() {
                edits.push(Edit { range: span.clone(), text: String::new() });
            } else {
                edits.push(Edit { range: words, text: in_words_of(now, bare, mark) });
            }
        }
        _ if read.layout == Layout::Table => {}
        _ if !shown.is_empty() => {
            // Words alone would grow together with the sentence.
            let bare = shown.chars().all(char::is_alphanumeric);
            let text = if rung != Rung::Own && marks::meaning(shown) != mark {
                // `pending` says in a column of its own what it does not say behind a sentence.
                render::mark_words(&ReportStyle::default(), mark).to_owned()
            } else if bare {
                format!("【{shown}】")
            } else {
                shown.to_owned()
            };
            let at = place_of_mark(document, read, rung);
            edits.push(Edit { range: at..at, text });
        }
        _ => {}
    }
}

/// Where a new mark stands: behind the sentence, or elsewhere where that is not read.
fn place_of_mark(document: &str, read: &EventReading, rung: Rung) -> usize {
    let sentence = &read.narrative_span;
    match rung {
        Rung::AtEnd => read.span.end.max(sentence.end),
        Rung::FirstLine => {
            let line = document.get(sentence.clone()).and_then(|words| words.lines().next()).unwrap_or_default();
            sentence.start + line.trim_end().len()
        }
        Rung::InFront => sentence.start,
        Rung::Own | Rung::NoMark | Rung::Untouched => sentence.end,
    }
}

/// The words of a mark in place of others: in English where those are, with their label, and as words that say by
/// themselves what they mean where those do.
fn in_words_of(now: &str, bare: &str, mark: Mark) -> String {
    let says = marks::meaning(now) != Mark::Unknown;
    let (english, chinese) = match mark {
        Mark::Pending => ("pending", "待复盘"),
        Mark::Done => ("done", "已复盘"),
        Mark::NotRequired | Mark::Unknown => ("not required", "无需复盘"),
    };
    if !(says && now.is_ascii()) {
        // `done` says in a field what it does not say behind a sentence.
        let unsaid = bare.is_empty() || says && marks::meaning(bare) != mark;
        return if unsaid { chinese.to_owned() } else { bare.to_owned() };
    }
    match now.split_once(':') {
        Some((label, _)) => format!("{label}: {english}"),
        None => format!("Postmortem {english}"),
    }
}
