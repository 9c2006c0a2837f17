//! What stands in the ledger of a run: the state before and after each change, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    domain::{
        capture::draft::Mark,
        event::{EventFields, ProductionEvent},
        figures::{FigureFields, IncidentCountFields},
        import_plan,
        iso_week::IsoWeek,
        postmortem::{Postmortem, PostmortemState},
        report::render::{ReportCount, count_words},
    },
    store::{events::ImportIdentity, import_runs::ImportChange, timeline::TimelineEntry},
};

/// An event, as far as an import changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EventState {
    pub fields: EventFields,
    pub identity: ImportIdentity,
    pub mark: Option<Mark>,
    /// What the source said, where this is the state after an import: what differs from it later was edited here.
    pub read: Option<EventFields>,
    /// Of a new event: where its postmortem stood.
    pub postmortem: Option<PostmortemLedger>,
    /// Of a new event: the week of its report.
    pub week: Option<String>,
    /// Of a new event: lines of its timeline that came with it.
    #[serde(default)]
    pub timeline: i64,
    /// Of a new event: what these lines say, as [`lines_digest`]; runs of before kept their number alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
}

/// What lines of a timeline say - when, what, starred, removed - in whatever order they come; the same for the same contents.
pub(super) fn lines_digest<'a>(lines: impl Iterator<Item = &'a TimelineEntry>) -> String {
    let mut said: Vec<(i64, &str, bool, bool)> =
        lines.map(|line| (line.at, line.text.as_str(), line.starred, line.deleted.is_some())).collect();
    said.sort_unstable();
    let mut hash = Sha256::new();
    for (at, text, starred, removed) in said {
        hash.update(format!("{at} {} {starred} {removed} {text}\n", text.len()));
    }
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD_NO_PAD, hash.finalize())
}

/// A postmortem, as far as an import changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PostmortemLedger {
    pub state: PostmortemState,
    pub owner: Option<Uuid>,
    pub due_on: Option<chrono::NaiveDate>,
    pub reason: Option<String>,
    pub done_at: Option<i64>,
}

impl PostmortemLedger {
    pub fn of(postmortem: &Postmortem) -> Self {
        Self {
            state: postmortem.state,
            owner: postmortem.owner_id,
            due_on: postmortem.due_on,
            reason: postmortem.reason.clone(),
            done_at: postmortem.done_at,
        }
    }
}

/// A figure and where its value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FigureState {
    pub fields: FigureFields,
    pub source: String,
}

/// A count and where its value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CountState {
    pub fields: IncidentCountFields,
    pub source: String,
}

/// A change before it has its place in the ledger.
pub(super) struct NewChange {
    pub kind: &'static str,
    pub subject: Uuid,
    pub label: String,
    pub version: i64,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A state as JSON.
pub(super) fn json(state: &impl Serialize) -> Option<String> {
    serde_json::to_string(state).ok()
}

/// A state of JSON.
pub(super) fn state<T: for<'a> Deserialize<'a>>(json: Option<&String>) -> Option<T> {
    serde_json::from_str(json?).ok()
}

/// What the source said when this change was made.
pub(super) fn read_of(change: &ImportChange) -> Option<EventFields> {
    state::<EventState>(change.after.as_ref())?.read
}

/// An event for people: `PE-1 客户反馈…`.
pub(super) fn label_of(event: &ProductionEvent) -> String {
    format!("{} {}", event.label(), import_plan::short(&event.fields.narrative, 80))
}

/// A figure for people.
pub(super) fn figure_label(week: IsoWeek, fields: &FigureFields) -> String {
    format!("{week} {} {}{}", fields.name, fields.value, fields.unit.as_deref().unwrap_or_default())
}

/// A count for people.
pub(super) fn count_label(week: IsoWeek, fields: &IncidentCountFields) -> String {
    let count = ReportCount { severity: fields.severity.clone(), count: fields.count };
    format!("{week} {}", count_words(&count))
}

/// The parts of a state: names and values.
pub(super) fn parts(state: &impl Serialize) -> serde_json::Map<String, Value> {
    match serde_json::to_value(state) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    }
}
