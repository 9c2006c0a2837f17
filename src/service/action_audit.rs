//! What the histories of an action item and of its event tell of a change.

use serde_json::{Map, Value, json};

use super::{App, ServiceError, events};
use crate::{
    domain::{action_item::ActionItem, actor::Actor},
    store::{self, Tx},
};

pub(super) fn subject(number: i64) -> String {
    format!("action_item:{number}")
}

/// The most characters of a text that the history of an event tells of an item; the item's own has it whole.
const TOLD: usize = 500;

/// What a change of an item is to the history of its event: the fields before and after. That it follows the policy or not
/// shows in its due date.
fn in_short(action: &str, item: &ActionItem, change: &Value) -> Value {
    let (mut from, mut to) = (Map::new(), Map::new());
    let short = |value: &Value| match value.as_str() {
        Some(text) if text.chars().count() > TOLD => {
            Value::String(text.chars().take(TOLD).chain(std::iter::once('…')).collect())
        }
        _ => value.clone(),
    };
    match (action, change) {
        ("action_item.delete", _) => {}
        ("action_item.create", _) => {
            let fields = &item.fields;
            let new = json!({"state": item.state.code(), "owner_id": fields.owner_id, "team_id": fields.team_id, "due_on": fields.due_on, "priority": fields.priority});
            to.extend(
                new.as_object()
                    .into_iter()
                    .flatten()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        (_, Value::Object(fields)) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "due_fixed") {
                match (value.get("from"), value.get("to")) {
                    (Some(before), Some(after)) => {
                        from.insert(name.clone(), short(before));
                        to.insert(name.clone(), short(after));
                    }
                    _ => {
                        to.insert(name.clone(), short(value));
                    }
                }
            }
        }
        _ => {}
    }
    json!({"from": from, "to": to})
}

/// Notes a change of an item: in full under the item, and in short under its event, whose history tells it too.
pub(super) async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    item: &ActionItem,
    event: i64,
    change: Value,
) -> Result<(), ServiceError> {
    let now = app.now_millis();
    let short =
        json!({"action_item": item.label(), "what": item.fields.title, "item": in_short(action, item, &change)});
    store::audit::insert(tx, app.id(), now, actor, action, &subject(item.number), change).await?;
    store::audit::insert(tx, app.id(), now, actor, action, &events::subject(event), short).await?;
    Ok(())
}
