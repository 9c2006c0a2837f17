//! Fields of three states into one: as imported, as they stand here, as the source says now.

use chrono_tz::Tz;

use super::{Change, words};
use crate::domain::{checked, event::EventFields};

/// What only people record - kind, detection, fund loss, services, responsibility, tags, links, who may see it - is no
/// field of a text: it is taken over from `here` as it stands.
///
/// The fields that stand here with the news of the source: what nobody edited here follows the source, the rest stays.
/// `base` are the fields as they were read the last time. Says also whether something was edited here and stays.
pub fn follow(
    base: Option<&EventFields>,
    here: &EventFields,
    raw: Option<&str>,
    now: &EventFields,
) -> (EventFields, bool) {
    let mut merged = here.clone();
    let mut kept = false;
    let folded = checked::fold(&here.narrative);
    let untouched = base.is_some_and(|base| checked::fold(&base.narrative) == folded)
        || raw.is_some_and(|raw| checked::fold(raw).contains(&folded));
    if checked::fold(&now.narrative) != folded {
        if untouched {
            merged.narrative.clone_from(&now.narrative);
            merged.narrative_generated = false;
        } else {
            kept = true;
        }
    }
    macro_rules! each {
        ($($field:ident),+) => { $(
            if now.$field != here.$field {
                match base {
                    // What a text does not say is no news: it may be said elsewhere.
                    Some(base) if base.$field == here.$field && is_default(&now.$field) => {}
                    Some(base) if base.$field == here.$field => merged.$field.clone_from(&now.$field),
                    Some(base) => kept |= base.$field != now.$field,
                    // Nobody knows what was imported: what is said here stays, what was not said is filled in.
                    None if is_default(&here.$field) => merged.$field.clone_from(&now.$field),
                    None if untouched && !is_default(&now.$field) => merged.$field.clone_from(&now.$field),
                    None => kept = true,
                }
            }
        )+ };
    }
    each!(occurred, detected, acknowledged, located, mitigated, recovered, summary, impact, impacts, cause, recovery);
    // A grade is given here more often than in the source: an absent one says nothing.
    if now.severity.is_some() && now.severity != here.severity {
        match base {
            Some(base) if base.severity == here.severity => merged.severity.clone_from(&now.severity),
            None if here.severity.is_none() => merged.severity.clone_from(&now.severity),
            _ => kept |= base.is_none_or(|base| base.severity != now.severity),
        }
    }
    kept |= keep_unknown(&mut merged, here);
    (ordered(merged, here), kept)
}

/// What people here declared unknown is not filled in by a text. Says whether something was withheld.
fn keep_unknown(merged: &mut EventFields, here: &EventFields) -> bool {
    let mut kept = false;
    for name in &here.unknown {
        let point = match name.as_str() {
            "occurred" => &mut merged.occurred,
            "detected" => &mut merged.detected,
            "acknowledged" => &mut merged.acknowledged,
            "located" => &mut merged.located,
            "mitigated" => &mut merged.mitigated,
            "recovered" => &mut merged.recovered,
            "cause" => {
                kept |= merged.cause.take().is_some();
                continue;
            }
            "impacts" => {
                kept |= !std::mem::take(&mut merged.impacts).is_empty();
                continue;
            }
            _ => continue,
        };
        kept |= point.take().is_some();
    }
    kept
}

/// The fields that stand here, with what only the source knows.
pub fn fill(here: &EventFields, now: &EventFields) -> EventFields {
    let mut filled = here.clone();
    macro_rules! each {
        ($($field:ident),+) => { $( if filled.$field.is_none() { filled.$field.clone_from(&now.$field); } )+ };
    }
    each!(detected, acknowledged, located, mitigated, recovered, severity, impact, cause, recovery);
    if filled.impacts.is_empty() {
        filled.impacts.clone_from(&now.impacts);
    }
    keep_unknown(&mut filled, here);
    ordered(filled, here)
}

/// A recovery that would lie before the beginning is not taken over.
fn ordered(mut merged: EventFields, here: &EventFields) -> EventFields {
    if merged.recovered.zip(merged.occurred).is_some_and(|(recovered, occurred)| recovered.at < occurred.at) {
        merged.recovered = here.recovered;
        merged.occurred = here.occurred;
    }
    merged
}

/// What differs, field by field, for people.
pub fn changes(before: &EventFields, after: &EventFields, zone: Tz) -> Vec<Change> {
    let mut found = Vec::new();
    let mut note = |field, from: String, to: String| {
        if from != to {
            found.push(Change { field, from, to });
        }
    };
    let point = |point| words::time_word(point, zone);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    note("occurred_at", point(before.occurred), point(after.occurred));
    note("recovered_at", point(before.recovered), point(after.recovered));
    for (field, from, to) in [
        ("detected_at", before.detected, after.detected),
        ("acknowledged_at", before.acknowledged, after.acknowledged),
        ("located_at", before.located, after.located),
        ("mitigated_at", before.mitigated, after.mitigated),
    ] {
        note(field, point(from), point(to));
    }
    note("narrative", before.narrative.clone(), after.narrative.clone());
    note("severity", text(&before.severity), text(&after.severity));
    note("summary", text(&before.summary), text(&after.summary));
    note("impact", text(&before.impact), text(&after.impact));
    note("cause", text(&before.cause), text(&after.cause));
    note("recovery", text(&before.recovery), text(&after.recovery));
    note("impacts", words::impacts_word(&before.impacts), words::impacts_word(&after.impacts));
    found
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
