//! What an entry of the audit log changed, field by field, and how to take it back.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::{event::EventFields, event_record::CLOCK_NAMES};

/// One field that an entry changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field's name; parts of a field after a point (`loss.actual`).
    pub field: String,
    /// What stood there; null for nothing.
    pub from: Value,
    /// What stands there since; null for nothing.
    pub to: Value,
}

/// The fields of `{"field": {"from": …, "to": …}}`; a bare value counts as new. Fields that are objects are told by
/// their parts, and parts that stayed are left out.
pub fn field_changes(change: &Value) -> Vec<FieldChange> {
    let Value::Object(fields) = change else { return Vec::new() };
    let mut found = Vec::new();
    for (field, value) in fields {
        match pair(value) {
            Some((from, to)) => compare(field, from, to, &mut found),
            None => compare(field, &Value::Null, value, &mut found),
        }
    }
    found
}

/// The fields that an entry of this action changed. That an event is gone or back is all that such an entry tells: the
/// sentence that it keeps, to be known by, did not change. What stood in something that was removed stood there before.
pub fn told(action: &str, change: &Value) -> Vec<FieldChange> {
    if matches!(action, "event.delete" | "event.restore") || undoes_logging(action, change) {
        return Vec::new();
    }
    let mut changes = field_changes(change);
    if action.ends_with(".delete") || action.ends_with(".remove") {
        for one in changes.iter_mut().filter(|one| one.from.is_null()) {
            std::mem::swap(&mut one.from, &mut one.to);
        }
    }
    changes
}

/// Whether the entry took back that the event was logged, which removed it.
pub fn undoes_logging(action: &str, change: &Value) -> bool {
    action == "event.undo" && change.get("narrative").is_some_and(Value::is_string)
}

/// Changes as programs get them, in the forms of the API: instants with the offset of the zone, shares as `basis_points`.
pub fn as_sent(changes: Vec<FieldChange>, zone: Tz) -> Vec<FieldChange> {
    let sent = |one: FieldChange| {
        let instant = one.field == "at" || one.field.ends_with("_at") || CLOCK_NAMES.contains(&one.field.as_str());
        FieldChange { from: sent_value(one.from, instant, zone), to: sent_value(one.to, instant, zone), ..one }
    };
    changes.into_iter().map(sent).collect()
}

fn sent_value(value: Value, instant: bool, zone: Tz) -> Value {
    match value {
        Value::String(text) if instant => match text.parse::<DateTime<Utc>>() {
            Ok(at) => Value::String(at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false)),
            Err(_) => Value::String(text),
        },
        Value::Array(parts) => parts.into_iter().map(|part| sent_value(part, false, zone)).collect(),
        Value::Object(map) => {
            let part = |(name, value): (String, Value)| {
                let value = sent_value(value, matches!(name.as_str(), "at" | "from"), zone);
                (if name == "share" { "basis_points".to_owned() } else { name }, value)
            };
            Value::Object(map.into_iter().map(part).collect())
        }
        other => other,
    }
}

fn pair(value: &Value) -> Option<(&Value, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 2)?;
    Some((map.get("from")?, map.get("to")?))
}

/// A clock point is one value, although it is stored as an object.
fn is_point(value: &Value) -> bool {
    value.get("at").is_some() && value.get("precision").is_some()
}

fn compare(field: &str, from: &Value, to: &Value, found: &mut Vec<FieldChange>) {
    if from == to {
        return;
    }
    match (from, to) {
        (Value::Object(before), Value::Object(after)) if !is_point(from) && !is_point(to) => {
            for name in before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))) {
                let part = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
                compare(&format!("{field}.{name}"), &part(before), &part(after), found);
            }
        }
        _ => found.push(FieldChange { field: field.to_owned(), from: from.clone(), to: to.clone() }),
    }
}

/// The fields as they stood before an `event.update`; none where one of them was changed again since.
pub fn taken_back(now: &EventFields, change: &Value) -> Option<EventFields> {
    let Value::Object(mut fields) = serde_json::to_value(now).ok()? else { return None };
    for (field, value) in change.as_object()? {
        let Some(stands) = fields.get_mut(field) else { continue };
        let (from, to) = pair(value)?;
        if stands != to {
            return None;
        }
        *stands = from.clone();
    }
    serde_json::from_value(Value::Object(fields)).ok()
}

/// Two texts as what they share in front, what differs in each, and what they share behind; letters are never cut.
pub fn changed_middle<'a>(from: &'a str, to: &'a str) -> (&'a str, &'a str, &'a str, &'a str) {
    let front: usize = from.chars().zip(to.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (rest_from, rest_to) = (&from[front..], &to[front..]);
    let same = rest_from.chars().rev().zip(rest_to.chars().rev()).take_while(|(a, b)| a == b);
    let back: usize = same.map(|(a, _)| a.len_utf8()).sum();
    (
        &from[..front],
        &rest_from[..rest_from.len() - back],
        &rest_to[..rest_to.len() - back],
        &rest_from[rest_from.len() - back..],
    )
}

/// What differs between two states, as `{"field": {"from": …, "to": …}}` for the audit log.
pub fn changes<T: Serialize>(before: &T, after: &T) -> Value {
    let as_map = |fields: &T| match serde_json::to_value(fields) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (before, after) = (as_map(before), as_map(after));
    let changed = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), json!({"from": before.get(key), "to": value})))
        .collect();
    Value::Object(changed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_told_field_by_field_and_objects_by_their_parts() {
        let change = json!({
            "severity": {"from": null, "to": "C"},
            "loss": {"from": {"expected": null, "actual": 5}, "to": {"expected": null, "actual": 7}},
            "occurred": {"from": null, "to": {"at": "2024-08-19T07:00:00Z", "precision": "minute"}},
            "source": "line",
        });
        let told: Vec<(String, Value, Value)> =
            field_changes(&change).into_iter().map(|one| (one.field, one.from, one.to)).collect();
        assert!(told.contains(&("severity".to_owned(), json!(null), json!("C"))));
        assert!(told.contains(&("loss.actual".to_owned(), json!(5), json!(7))));
        assert!(told.contains(&("source".to_owned(), json!(null), json!("line"))));
        assert_eq!(told.iter().filter(|(field, ..)| field.starts_with("occurred")).count(), 1);
        assert_eq!(told.len(), 4);
    }

    #[test]
    fn an_update_is_taken_back_unless_a_field_of_it_changed_again() {
        let before = EventFields { narrative: "提现失败".to_owned(), ..EventFields::default() };
        let after = EventFields { severity: Some("C".to_owned()), tags: vec!["提现".to_owned()], ..before.clone() };
        let change = changes(&before, &after);
        assert_eq!(taken_back(&after, &change), Some(before.clone()));
        let later = EventFields { cause: Some("规则".to_owned()), ..after.clone() };
        assert_eq!(taken_back(&later, &change).and_then(|fields| fields.cause), Some("规则".to_owned()));
        let again = EventFields { severity: Some("B".to_owned()), ..after };
        assert_eq!(taken_back(&again, &change), None);
    }

    #[test]
    fn a_deletion_and_its_undoing_change_no_sentence_and_what_was_removed_stood_before() {
        let narrative = json!({"narrative": "提现失败"});
        for action in ["event.delete", "event.restore", "event.undo"] {
            assert_eq!(told(action, &narrative), [], "{action}");
        }
        let line = told("timeline.delete", &json!({"text": "切换渠道"}));
        assert_eq!((&line[0].from, &line[0].to), (&json!("切换渠道"), &json!(null)));
        let undone = told("event.undo", &json!({"narrative": {"from": "一", "to": "二"}}));
        assert_eq!(undone.len(), 1, "an edit that was taken back is told");
    }

    #[test]
    fn what_is_sent_has_the_forms_of_the_api() {
        let change = json!({
            "recovered": {"from": null, "to": {"at": "2024-08-19T07:30:00Z", "precision": "minute"}},
            "at": {"from": "2024-08-19T07:12:00+00:00", "to": "2024-08-19T07:13:00+00:00"},
            "services": {"from": [], "to": [{"service_id": "x", "shares": [{"from": "2024-08-19T07:10:00Z", "share": 2500}]}]},
            "cause": {"from": null, "to": "2024-08-19T07:30:00Z"},
        });
        let sent = as_sent(field_changes(&change), chrono_tz::Asia::Shanghai);
        let to = |field: &str| sent.iter().find(|one| one.field == field).unwrap().to.clone();
        assert_eq!(to("recovered")["at"], "2024-08-19T15:30:00+08:00");
        assert_eq!(to("at"), "2024-08-19T15:13:00+08:00");
        assert_eq!(to("services")[0]["shares"], json!([{"from": "2024-08-19T15:10:00+08:00", "basis_points": 2500}]));
        assert_eq!(to("cause"), "2024-08-19T07:30:00Z", "words stay as they were written");
    }

    proptest! {
        #[test]
        fn the_parts_of_two_texts_make_both_again(from in "[提现ab ]{0,12}", to in "[提现ab ]{0,12}") {
            let (front, old, new, back) = changed_middle(&from, &to);
            prop_assert_eq!(format!("{front}{old}{back}"), from.as_str());
            prop_assert_eq!(format!("{front}{new}{back}"), to.as_str());
        }
    }
}
