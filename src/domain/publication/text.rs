//! Lines of the text that differ and that the numbers do not explain.

use std::collections::{HashMap, HashSet};

use super::differences::{Difference, Subject};
use crate::domain::event::label;

/// The most lines of the text that are told.
const MOST_LINES: usize = 20;

/// The most characters of a date above an event, or of the sentence of a quiet week.
const SHORT_LINE: usize = 30;

/// Lines that differ and are not explained by the numbers in `found`: headings, layout, changes against another week,
/// counts of the year.
pub(super) fn text_differences(was: &str, now: &str, found: &[Difference]) -> Vec<Difference> {
    let (removed, added) = (lines_without(was, now), lines_without(now, was));
    let explained = Explained::by(found);
    let other = |line: &&str| !explained.holds(line);
    let mut removed = removed.into_iter().filter(other);
    let mut added = added.into_iter().filter(other);
    let mut told = Vec::new();
    while told.len() < MOST_LINES {
        let (published, current) = (removed.next(), added.next());
        if published.is_none() && current.is_none() {
            break;
        }
        let owned = |line: Option<&str>| line.map(str::to_owned);
        told.push(Difference {
            subject: Subject::Text,
            published: owned(published),
            current: owned(current),
            changes: Vec::new(),
        });
    }
    // The same lines in another order.
    if told.is_empty() && found.is_empty() && was != now {
        let differ = was.lines().zip(now.lines()).find(|(old, new)| old != new);
        told.push(Difference {
            subject: Subject::Text,
            published: differ.map(|(old, _)| old.to_owned()),
            current: differ.map(|(_, new)| new.to_owned()),
            changes: Vec::new(),
        });
    }
    told
}

/// A line without blanks around it and the number or bullet in front: one event less numbers all others anew.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < line.len() && line.len() - rest.len() <= 3;
    match rest.strip_prefix(['.', '、']).filter(|_| numbered) {
        Some(rest) => rest.trim_start(),
        None => line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map_or(line, str::trim_start),
    }
}

/// The lines of `text` that `other` does not have as often, in their order.
fn lines_without<'a>(text: &'a str, other: &str) -> Vec<&'a str> {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for line in other.lines().map(bare) {
        *there.entry(line).or_default() += 1;
    }
    let mut without = Vec::new();
    for line in text.lines() {
        match there.get_mut(bare(line)) {
            Some(count) if *count > 0 => *count -= 1,
            _ if line.trim().is_empty() => {}
            _ => without.push(line.trim()),
        }
    }
    without
}

/// What the differences of the numbers explain in the text.
#[derive(Default)]
struct Explained<'a> {
    /// Words of figures and events: a line that holds one of them is theirs.
    words: HashSet<&'a str>,
    /// Levels of counts: a line with one of them and a number is theirs.
    levels: Vec<&'a str>,
    /// Labels of events, `PE-22`.
    labels: Vec<String>,
    /// Every stretch of the events' own lines: styles write the time in front and the mark behind in their own ways.
    stretches: HashSet<&'a str>,
    /// An event came, went or moved in time: dates and the sentence of a quiet week come and go with it.
    moved: bool,
}

impl<'a> Explained<'a> {
    fn by(found: &'a [Difference]) -> Self {
        let mut all = Self::default();
        for difference in found {
            match &difference.subject {
                Subject::Figure(name) => {
                    all.words.insert(name);
                    let named = difference.changes.iter().filter(|change| matches!(change.part, "name" | "group"));
                    all.words.extend(named.flat_map(|change| [change.published.as_str(), change.current.as_str()]));
                }
                Subject::IncidentCount(severity) => all.levels.push(severity),
                Subject::Event(number) => {
                    all.labels.push(label(*number));
                    all.moved |= difference.published.is_none()
                        || difference.current.is_none()
                        || difference.changes.iter().any(|change| matches!(change.part, "time" | "recovered"));
                    for line in [&difference.published, &difference.current].into_iter().flatten() {
                        all.stretches.extend(stretches(line));
                        all.words.extend((line.chars().count() <= STRETCH).then_some(line.as_str()));
                    }
                }
                Subject::Text => {}
            }
        }
        all.words.remove("");
        all
    }

    fn holds(&self, line: &str) -> bool {
        let bare = bare(line);
        (self.moved && (is_date(bare) || is_sentence_of_quiet(bare)))
            || self.words.iter().any(|word| line.contains(word))
            || self.labels.iter().any(|label| line.contains(label.as_str()))
            || (line.contains(|c: char| c.is_ascii_digit()) && self.levels.iter().any(|level| line.contains(level)))
            || stretches(bare).any(|stretch| self.stretches.contains(stretch))
    }
}

/// Whether a line is the date above an event, in whatever form.
fn is_date(line: &str) -> bool {
    const WORDS: &str = "年月日号周星期一二三四五六天时点分上下午至";
    line.chars().count() <= SHORT_LINE
        && line.contains(|c: char| c.is_ascii_digit())
        && line.chars().all(|c| c.is_ascii_alphanumeric() || WORDS.contains(c) || !c.is_alphanumeric() && c != '%')
}

/// Whether a line may be what stands in place of events or figures: short, without numbers, no heading.
fn is_sentence_of_quiet(line: &str) -> bool {
    line.chars().count() <= SHORT_LINE && !line.contains(|c: char| c.is_ascii_digit() || matches!(c, '#' | '【'))
}

/// Characters that a line must have in common with an event to be its line.
const STRETCH: usize = 8;

/// Characters of a line that are looked at.
const LOOKED_AT: usize = 2_000;

/// Every run of [`STRETCH`] characters in the beginning of a line.
fn stretches(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.char_indices().map(|(at, _)| at).skip(STRETCH).chain([line.len()]);
    let starts = line.char_indices().map(|(at, _)| at);
    starts
        .zip(ends)
        .take(LOOKED_AT)
        .filter_map(|(from, to)| line.get(from..to))
        .filter(|run| run.chars().count() == STRETCH)
}
