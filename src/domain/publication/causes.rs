//! Which edits made a difference.

use chrono::{DateTime, Utc};

use super::differences::{Difference, Subject};

/// An entry of the audit log, as far as it says what changed a published week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by the name of that time.
    pub by: String,
    /// `event.update`, `figure.delete` …
    pub action: String,
    /// Names of the fields that it changed; empty where the entry does not say.
    pub fields: Vec<String>,
    /// The samples that it changed.
    pub samples: Option<SamplesEdit>,
}

/// Samples that came late or were corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamplesEdit {
    /// How many minutes.
    pub minutes: i64,
    /// The first of them.
    pub from: DateTime<Utc>,
    /// The last one.
    pub to: DateTime<Utc>,
}

/// The fields of an event that its costs follow.
const COSTLY: [&str; 4] = ["occurred", "recovered", "kind", "services"];

/// What may have changed a figure: itself, the samples, definition and target of its indicator, and events that it lost by.
fn moves_figure(edit: &Edit) -> bool {
    let (kind, done) = edit.action.split_once('.').unwrap_or((&edit.action, ""));
    match kind {
        "figure" | "samples" | "hand_count" | "indicator" | "objective" => true,
        "event" => {
            matches!(done, "create" | "delete" | "restore" | "link" | "undo")
                || edit.fields.iter().any(|field| COSTLY.contains(&field.as_str()))
        }
        _ => false,
    }
}

/// The most edits that are told of one difference.
const MOST_EDITS: usize = 5;

/// The edits that made a difference, the latest first: those that touched a part that differs, else all of them.
/// `edits` are those of its subject since the publication, in any order.
pub fn causes(difference: &Difference, mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.at));
    match difference.subject {
        // A figure and a count of one name share their subject in the audit log.
        Subject::Figure(_) => edits.retain(moves_figure),
        Subject::IncidentCount(_) => edits.retain(|edit| edit.action.starts_with("incident_count.")),
        // Action items stand in no report.
        Subject::Event(_) | Subject::Text => edits.retain(|edit| !edit.action.starts_with("action_item.")),
    }
    let touches = |edit: &Edit| {
        if !matches!(difference.subject, Subject::Event(_)) {
            return true;
        }
        if matches!(edit.action.as_str(), "event.create" | "event.delete") {
            return difference.published.is_none() || difference.current.is_none();
        }
        if edit.action.starts_with("postmortem.") {
            return difference.changes.iter().any(|change| change.part == "mark");
        }
        let moved = difference.published.is_none() || difference.current.is_none();
        edit.fields.iter().any(|field| match field.as_str() {
            "week" => moved,
            other => difference.changes.iter().any(|change| field_of(change.part) == other),
        })
    };
    let (touching, others): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(touches);
    let mut told = if touching.is_empty() { others } else { touching };
    told.truncate(MOST_EDITS);
    told
}

/// The field of the audit log that a part of an event stands in.
fn field_of(part: &str) -> &str {
    match part {
        "time" => "occurred",
        "sentence" => "narrative",
        other => other,
    }
}
