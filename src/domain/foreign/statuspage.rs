//! Atlassian Statuspage and what speaks like it: API v2 `incidents.json`, arrays, JSON Lines.
//! <https://developer.statuspage.io/>, section incidents.

use serde_json::Value;

use super::{
    ForeignContext, ForeignEvent, ForeignProblem, Read,
    entry::Entry,
    front_matter, json, maintenance, plain,
    stages::{Stage, Update},
};
use crate::domain::clock_point::ClockPoint;

const BEGAN: [&str; 3] = ["started_at", "created_at", "published_at"];
const ENDED: [&str; 2] = ["resolved_at", "ended_at"];

pub(super) fn read(text: &str, context: &ForeignContext<'_>) -> Result<Vec<Read>, ForeignProblem> {
    if front_matter::begins(text) {
        return front_matter::read(text, context);
    }
    if !text.trim_start().starts_with(['[', '{']) {
        return Err(ForeignProblem::OtherFormat {
            format: "statuspage",
            expected: "give incidents.json of the page's API, an array of incidents, or one incident on each line",
        });
    }
    let pieces = json::pieces(text, &["incidents", "scheduled_maintenances"])?;
    let entries = pieces.into_iter().map(|piece| {
        let read = piece.value.and_then(|value| {
            if piece.list == "scheduled_maintenances" {
                Err(maintenance::WORDS.to_owned())
            } else {
                event(&value, piece.raw)
            }
        });
        (piece.place, read)
    });
    Ok(entries.collect())
}

fn event(value: &Value, raw: &str) -> Result<ForeignEvent, String> {
    let updates: Vec<Update> = json::list(value, &["incident_updates", "updates"]).iter().filter_map(update).collect();
    let severity = json::text(value, &["impact_override", "impact", "severity"]).unwrap_or_default().to_lowercase();
    let status = json::text(value, &["status"]).unwrap_or_default();
    let planned = updates.iter().any(|update| update.stage == Stage::Maintenance);
    if severity == "maintenance"
        || Stage::of(&status) == Stage::Maintenance
        || planned
        || value.get("scheduled_for").is_some_and(|at| !at.is_null())
    {
        return Err(maintenance::WORDS.to_owned());
    }
    if let Some(text) = json::unreadable_time(value, &BEGAN).filter(|_| json::time(value, &BEGAN).is_none()) {
        return Err(format!("读不懂的时间 cannot read the time: {}", plain::bounded(&text, 60)));
    }
    let mut components = json::names(value, &["components"]);
    for update in json::list(value, &["incident_updates", "updates"]) {
        components.extend(json::names(update, &["affected_components"]));
    }
    let window = value.get("impact_window").filter(|window| window.is_object());
    let postmortem = json::text(value, &["postmortem_body", "postmortem_url", "postmortem_published_at"]).is_some()
        || window.and_then(|window| json::text(window, &["source"])).is_some_and(|source| source == "postmortem");
    Entry {
        key: json::text(value, &["id", "entry_id", "code"]).unwrap_or_default(),
        raw,
        title: json::text(value, &["name", "title"]).unwrap_or_default(),
        occurred: json::time(value, &BEGAN[..2]).map(ClockPoint::minute),
        recovered: json::time(value, &ENDED).map(ClockPoint::minute),
        severity: Some(severity).filter(|label| label != "none"),
        components,
        impact: window.and_then(|window| window_words(value, window)),
        updates,
        link: json::text(value, &["shortlink", "url", "link", "permalink"]),
        postmortem,
        over: matches!(Stage::of(&status), Stage::Resolved | Stage::Postmortem),
    }
    .finish()
}

fn update(value: &Value) -> Option<Update> {
    let at = json::time(value, &["display_at", "created_at", "at", "when", "updated_at"])?;
    let label = json::text(value, &["status"]).unwrap_or_default().replace('_', " ");
    let text = json::text(value, &["body", "message", "text"]).unwrap_or_default();
    Some(Update::new(at, &label, plain::from_mixed(&text)))
}

/// The time of the impact, where it was told later and is not that of the page.
fn window_words(value: &Value, window: &Value) -> Option<String> {
    let (from, to) = (json::time(window, &["start_at"])?, json::time(window, &["end_at"])?);
    if json::time(value, &BEGAN) == Some(from) && json::time(value, &ENDED) == Some(to) {
        return None;
    }
    let ends = if from.date_naive() == to.date_naive() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    Some(format!("影响时段 {} 至 {} UTC", from.format("%Y-%m-%d %H:%M"), to.format(ends)))
}
