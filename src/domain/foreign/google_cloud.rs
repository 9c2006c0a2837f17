//! Google Cloud's `incidents.json`: <https://status.cloud.google.com/incidents.schema.json>.

use serde_json::Value;

use super::{
    ForeignEvent, ForeignProblem, Read,
    entry::{Entry, cause_of, web_address},
    json, plain,
    stages::Update,
};
use crate::domain::clock_point::ClockPoint;

pub(super) fn read(text: &str) -> Result<Vec<Read>, ForeignProblem> {
    let other = || ForeignProblem::OtherFormat {
        format: "google-cloud",
        expected: "give incidents.json of status.cloud.google.com",
    };
    if !text.trim_start().starts_with(['[', '{']) {
        return Err(other());
    }
    let pieces = json::pieces(text, &["incidents"])?;
    let ours = |value: &Value| value.get("begin").is_some() || value.get("external_desc").is_some();
    if !pieces.is_empty() && !pieces.iter().any(|piece| piece.value.as_ref().is_ok_and(ours)) {
        return Err(other());
    }
    Ok(pieces.into_iter().map(|piece| (piece.place, piece.value.and_then(|value| event(&value, piece.raw)))).collect())
}

fn event(value: &Value, raw: &str) -> Result<ForeignEvent, String> {
    for name in ["begin", "end"] {
        if let Some(text) = json::unreadable_time(value, &[name]) {
            return Err(format!("读不懂的时间 cannot read the time: {name} {}", plain::bounded(&text, 60)));
        }
    }
    let Some(begin) = json::time(value, &["begin"]) else {
        return Err("没有发生时间 no time of the beginning (begin)".to_owned());
    };
    let updates: Vec<Update> = json::list(value, &["updates"]).iter().filter_map(update).collect();
    let mut components = json::names(value, &["affected_products"]);
    if components.is_empty() {
        components.extend(json::text(value, &["service_name"]));
    }
    let mut places = json::names(value, &["previously_affected_locations"]);
    places.extend(json::names(value, &["currently_affected_locations"]));
    let report = updates.iter().rev().find(|update| is_report(&update.text));
    let cause = report.or(updates.last()).and_then(|update| cause_of(&update.text));
    let well = updates.iter().find(|update| update.label == "available" && !is_report(&update.text));
    let recovery = well.map(|update| update.text.clone());
    let path = json::text(value, &["uri"]);
    let mut event = Entry {
        key: json::text(value, &["id", "number"]).unwrap_or_default(),
        raw,
        title: json::text(value, &["external_desc"]).unwrap_or_default(),
        occurred: Some(ClockPoint::minute(begin)),
        recovered: json::time(value, &["end"]).map(ClockPoint::minute),
        severity: json::text(value, &["severity"]),
        components,
        impact: (!places.is_empty()).then(|| places.join("、")),
        link: path.map(|path| {
            web_address(&path).unwrap_or(format!("https://status.cloud.google.com/{}", path.trim_start_matches('/')))
        }),
        postmortem: report.is_some(),
        over: false,
        updates,
    }
    .finish()?;
    event.draft.cause = event.draft.cause.or(cause);
    event.draft.recovery = recovery.filter(|_| event.draft.recovered.is_some());
    Ok(event)
}

fn update(value: &Value) -> Option<Update> {
    let at = json::time(value, &["when", "created", "modified"])?;
    let label = json::text(value, &["status"]).unwrap_or_default().replace('_', " ").to_lowercase();
    let text = json::text(value, &["text"]).unwrap_or_default();
    Some(Update::new(at, &label, plain::from_mixed(&text)))
}

/// Google's reports after the end, the short and the long one, give the duration; announcements do not.
fn is_report(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    (text.contains("incident start") && text.contains("incident end"))
        || (text.contains("incident report") && text.contains("root cause"))
}
