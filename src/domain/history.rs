//! What an entry of the audit log changed, field by field, and how to take it back.

use serde_json::{Map, Value};

use crate::domain::event::EventFields;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::event;

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
        let change = event::changes(&before, &after);
        assert_eq!(taken_back(&after, &change), Some(before.clone()));
        let later = EventFields { cause: Some("规则".to_owned()), ..after.clone() };
        assert_eq!(taken_back(&later, &change).and_then(|fields| fields.cause), Some("规则".to_owned()));
        let again = EventFields { severity: Some("B".to_owned()), ..after };
        assert_eq!(taken_back(&again, &change), None);
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
