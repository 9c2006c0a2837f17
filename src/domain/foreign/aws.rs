//! AWS's `data.json`: `archive` and `current` lists, with the updates as HTML whose times are in Seattle's zone.

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::{
    ForeignEvent, ForeignProblem, Read, entry::Entry, json, plain, stages::Update, stamps::Stamp, window::Window,
};
use crate::domain::clock_point::ClockPoint;

pub(super) fn read(text: &str) -> Result<Vec<Read>, ForeignProblem> {
    let other = || ForeignProblem::OtherFormat { format: "aws", expected: "give data.json of status.aws.amazon.com" };
    if !text.trim_start().starts_with(['[', '{']) {
        return Err(other());
    }
    let pieces = json::pieces(text, &["archive", "current"])?;
    let ours = |value: &Value| value.get("service").is_some() || value.get("service_name").is_some();
    if !pieces.is_empty() && !pieces.iter().any(|piece| piece.value.as_ref().is_ok_and(ours)) {
        return Err(other());
    }
    Ok(pieces.into_iter().map(|piece| (piece.place, piece.value.and_then(|value| event(&value, piece.raw)))).collect())
}

fn event(value: &Value, raw: &str) -> Result<ForeignEvent, String> {
    let Some(posted) = json::time(value, &["date"]) else {
        return Err("没有发生时间 no time of the first post (date)".to_owned());
    };
    let description = plain::from_html(&json::text(value, &["description"]).unwrap_or_default());
    let updates = updates(&description, posted);
    let title = plain::line(&json::text(value, &["summary"]).unwrap_or_default());
    let (title, over) = match title.strip_prefix("[RESOLVED]") {
        Some(title) => (title.trim().to_owned(), true),
        None => (title, false),
    };
    let said = |update: &&Update| {
        let text = update.text.to_ascii_lowercase();
        ["resolved", "operating normally", "recovered"].iter().any(|word| text.contains(word))
    };
    // News of days later says nothing of the end.
    let last = updates.iter().rev().find(said).or(updates.last());
    let window = last.filter(|_| over).map(|update| Window::of(&update.text, update.at)).unwrap_or_default();
    let near = |from: DateTime<Utc>| from <= posted && posted - from <= Duration::days(7);
    let occurred = window.from.filter(|from| near(*from)).unwrap_or(posted);
    let recovered = last.filter(|_| over).map(|update| window.to.filter(|to| *to >= occurred).unwrap_or(update.at));
    let service = json::text(value, &["service"]).unwrap_or_default();
    let label = match json::text(value, &["status"]).as_deref() {
        Some("1") => Some("informational"),
        Some("2") => Some("degradation"),
        Some("3") => Some("disruption"),
        _ => None,
    };
    let recovery = last.filter(|_| over).map(|update| update.text.clone());
    let cause = recovery.as_deref().and_then(super::entry::cause_of);
    let mut event = Entry {
        key: format!("{service}_{}", posted.timestamp()),
        raw,
        title,
        occurred: Some(ClockPoint::minute(occurred)),
        recovered: recovered.map(ClockPoint::minute),
        severity: label.map(str::to_owned),
        components: json::text(value, &["service_name"]).into_iter().collect(),
        link: None,
        postmortem: description.contains("aws.amazon.com/message/"),
        over,
        updates,
        ..Entry::default()
    }
    .finish()?;
    event.draft.recovery = recovery.filter(|_| event.draft.recovered.is_some());
    event.draft.cause = cause;
    Ok(event)
}

/// The updates of a description: a line that begins with a time and a zone begins the next one.
fn updates(description: &str, posted: DateTime<Utc>) -> Vec<Update> {
    let mut updates: Vec<Update> = Vec::new();
    for line in description.lines() {
        let stamp = Stamp::prefix(line).filter(|(stamp, _)| !stamp.offsets.is_empty());
        if let Some((stamp, rest)) = stamp
            && let Some(at) = stamp.offsets.first().and_then(|offset| stamp.resolve(posted, *offset))
        {
            // A time without a day is one of the first day.
            let text = rest.trim();
            let label = if text.to_ascii_lowercase().contains("investigating") && updates.is_empty() {
                "Investigating"
            } else {
                ""
            };
            updates.push(Update::new(at, label, text.to_owned()));
        } else if let Some(update) = updates.last_mut() {
            update.text.push('\n');
            update.text.push_str(line);
        } else if !line.trim().is_empty() {
            updates.push(Update::new(posted, "", line.to_owned()));
        }
    }
    updates
}
