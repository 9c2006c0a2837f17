//! What differs from a published week and which edit made it so, in the words of people.

use super::Texts;
use crate::domain::{history, postmortem::PostmortemState, publication::Subject};

/// Figure, event …: what a difference is about.
pub const fn kind(t: &'static Texts, subject: &Subject) -> &'static str {
    match subject {
        Subject::Figure(_) => t.figures_one,
        Subject::IncidentCount(_) => t.incident_counts,
        Subject::Event(_) => t.event_one,
        Subject::Text => t.pub_text,
    }
}

/// What an entry of the audit log says was done; an unknown code stays as it is.
pub fn action(t: &Texts, action: &str) -> String {
    if let Some(words) = super::record::action(super::record::texts(t.lang), action) {
        return words.to_owned();
    }
    if let Some(words) = super::samples::done(t.lang == "zh-CN", action) {
        return words.to_owned();
    }
    let (kind, done) = action.split_once('.').unwrap_or((action, ""));
    let what = match (kind, done) {
        ("event", "create") => return t.log_event.to_owned(),
        ("event", "update") => return t.edit.to_owned(),
        ("event", "bulk") => return super::search::words(t.lang == "zh-CN").bulk.to_owned(),
        ("event", "link") => return super::indicators::texts(t.lang).link.to_owned(),
        ("event", "delete") => return super::history::words(t.lang == "zh-CN").event_deleted.to_owned(),
        ("event", "restore") => return super::history::words(t.lang == "zh-CN").event_restored.to_owned(),
        ("event", "undo") => return super::history::words(t.lang == "zh-CN").undo.to_owned(),
        ("action_item", done) => return super::actions::done(t, done),
        ("review", "cancel") => return super::mail::texts(t.lang).cancel_review.to_owned(),
        ("review", _) => return super::mail::texts(t.lang).set_review.to_owned(),
        ("mail", "act") => return super::mail::texts(t.lang).by_link.to_owned(),
        ("timeline", _) => return t.timeline.to_owned(),
        ("import", "undo") => return t.import_undo.to_owned(),
        ("report" | "import", _) => return t.import_report.to_owned(),
        ("postmortem", "write") => t.postmortem,
        ("postmortem", state) => {
            return PostmortemState::from_code(state)
                .map_or_else(|| action.to_owned(), |to| format!("{} · {}", t.postmortem, state_words(t, to)));
        }
        ("figure", _) => t.figures_one,
        ("incident_count", _) => t.incident_counts,
        ("style", "remove") => return t.style_remove.to_owned(),
        ("style", _) => t.style,
        _ => return action.to_owned(),
    };
    let done = match done {
        "create" => t.add,
        "delete" => t.delete,
        _ => t.edit,
    };
    format!("{what} · {done}")
}

/// Like [`action`], of an entry with what it changed: an undone logging removed the event.
pub fn done(t: &Texts, name: &str, change: &serde_json::Value) -> String {
    if history::undoes_logging(name, change) {
        return super::history::words(t.lang == "zh-CN").logging_undone.to_owned();
    }
    action(t, name)
}

/// Where a postmortem stands.
pub const fn state_words(t: &Texts, state: PostmortemState) -> &'static str {
    match state {
        PostmortemState::Undecided => t.undecided,
        PostmortemState::Pending => t.st_pending,
        PostmortemState::Drafting => t.drafting,
        PostmortemState::InReview => t.in_review,
        PostmortemState::Done => t.done,
        PostmortemState::NotRequired => t.not_required,
    }
}

/// A field of an entry of the audit log, or a part of a difference; none where readers know no such thing.
pub fn field(t: &Texts, field: &str) -> Option<&'static str> {
    if let Some(words) = super::samples::part(t.lang == "zh-CN", field) {
        return Some(words);
    }
    Some(match field {
        "time" | "occurred" => t.time,
        "recovered" => t.recovery_time,
        "detected" => t.detected,
        "acknowledged" => t.acknowledged,
        "located" => t.located,
        "mitigated" => t.mitigated,
        "severity" | "severity_reason" => t.severity,
        "sentence" | "narrative" => t.narrative,
        "mark" | "state" => t.postmortem,
        "summary" => t.summary,
        "impact" | "impacts" => t.impact,
        "cause" => t.cause,
        "recovery" => t.recovery,
        "duration" | "duration_minutes" => t.duration,
        "owner" => t.owner,
        "due_on" => t.due_date,
        "reason" => t.reason,
        "week" => t.report_week,
        "name" => t.figure_name,
        "group" => t.group,
        "value" => t.value,
        "unit" => t.unit,
        "target" => t.target,
        "count" => t.count,
        "style" => t.style,
        "is_default" => t.style_default,
        _ => return super::record::field(super::record::texts(t.lang), field),
    })
}

/// Several fields, each once: `影响、原因`.
pub fn fields(t: &Texts, names: &[String]) -> String {
    let mut words: Vec<&str> = names.iter().filter_map(|name| field(t, name)).collect();
    words.dedup();
    words.join(t.list_mark)
}
