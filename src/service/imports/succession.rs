//! Undoing one of several imports that tell of the same thing: which of its changes go back, and which pass on to an
//! import that still stands. Pure: rows of ledgers in, decisions out.
//!
//! At any time a thing is as if only the imports that stand had been made, in their order, with what people edited on
//! top. Three rules make it so:
//!
//! 1. What another import tells of as well is not taken away: the row that says it was new passes on to that import.
//! 2. A change that the next import only repeated passes on to that one.
//! 3. A change that a later import changed once more is taken out of the middle: the later one then began where this
//!    one began.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    domain::{capture::draft::Mark, postmortem::PostmortemState},
    store::{import_aliases::Alias, import_runs::ImportChange},
};

/// A row that says: the import tells of it with the words that stand here.
pub(super) const TOLD: &str = "told";

/// A row that says: the import tells of it in words of its own, like the report of another week.
pub(super) const NAMED: &str = "named";

/// What the rows of a ledger are about: an alias by its key, everything else by its id.
pub(super) fn alias_subject(key: &str) -> Uuid {
    let hex = key.len().checked_sub(32).and_then(|from| key.get(from..)).unwrap_or_default();
    hex.parse().unwrap_or_default()
}

/// The parts of a state by name. Where the state has fields, each is a part `fields.NAME`; of aliases, postmortems and
/// documents the whole is the only part, without a name.
fn parts(kind: &str, state: &Value) -> BTreeMap<String, Value> {
    let named: &[&str] = match kind {
        "event" => &["identity", "mark"],
        "figure" | "incident_count" => &["source"],
        _ => {
            let mut whole = state.clone();
            // Whose postmortem it is, no import says.
            if let Some(map) = whole.as_object_mut().filter(|_| kind == "postmortem") {
                map.remove("owner");
            }
            return BTreeMap::from([(String::new(), whole)]);
        }
    };
    let fields = state.get("fields").and_then(Value::as_object);
    let fields = fields.into_iter().flatten().map(|(name, value)| (format!("fields.{name}"), value.clone()));
    let part = |name: &&str| ((*name).to_owned(), state.get(*name).cloned().unwrap_or_default());
    fields.chain(named.iter().map(part)).collect()
}

/// Puts one part into a state.
fn put(state: &mut Value, name: &str, value: Value) {
    let place = match name.strip_prefix("fields.") {
        Some(field) => state.get_mut("fields").and_then(Value::as_object_mut).map(|map| (map, field)),
        None if name.is_empty() => {
            *state = value;
            return;
        }
        None => state.as_object_mut().map(|map| (map, name)),
    };
    if let Some((map, name)) = place {
        map.insert(name.to_owned(), value);
    }
}

fn read(state: Option<&String>) -> Value {
    state.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

fn written(state: &Value) -> Option<String> {
    (!state.is_null()).then(|| state.to_string())
}

/// What becomes of one change.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Decision {
    /// The state that the thing goes back to, where something of it does; no state where it was not there.
    pub back: Option<Value>,
    /// Names of what was edited here since, which stays: names of fields, or `""` for the whole.
    pub edited: Vec<String>,
    /// Something of it stays because another import says so.
    pub passed: bool,
}

impl Decision {
    /// The state that the thing goes back to.
    pub fn state<T: for<'a> Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_value(self.back.clone()?).ok()
    }
}

/// The rows of the other imports that stand, about the things of the run that is undone.
#[derive(Debug, Default)]
pub(super) struct Others {
    run: Uuid,
    /// By subject, in order of runs and of their ledgers.
    rows: HashMap<Uuid, Vec<ImportChange>>,
    /// Rows that pass on: their new run, without a position yet.
    pub inherited: Vec<ImportChange>,
    /// Rows whose state before the change is another one now.
    rewritten: BTreeMap<(Uuid, i64), Option<String>>,
}

impl Others {
    pub fn new(run: Uuid, rows: Vec<ImportChange>) -> Self {
        let mut others = Self { run, ..Self::default() };
        for row in rows {
            others.rows.entry(row.subject).or_default().push(row);
        }
        others
    }

    /// The import that a new thing passes on to: the next one that tells of it, or one before.
    pub fn heir(&self, subject: Uuid) -> Option<Uuid> {
        let rows = self.rows.get(&subject)?;
        rows.iter().find(|row| row.run_id > self.run).or_else(|| rows.first()).map(|row| row.run_id)
    }

    /// Passes a row on to another import.
    pub fn pass_on(&mut self, change: &ImportChange, heir: Uuid) {
        self.inherited.push(ImportChange { run_id: heir, position: 0, ..change.clone() });
    }

    /// Whether another import left this part of the thing as it stands here.
    pub fn explains(&self, kind: &str, subject: Uuid, name: &str, here: &Value) -> bool {
        let passed_on = self.inherited.iter().filter(|row| row.subject == subject);
        let rows = self.rows.get(&subject).into_iter().flatten().chain(passed_on).filter(|row| row.kind == kind);
        rows.filter(|row| row.before.is_some())
            .any(|row| parts(kind, &read(row.after.as_ref())).get(name) == Some(here))
    }

    /// Decides on a change of something that was there before. `here` is its state now.
    pub fn decide(&mut self, change: &ImportChange, here: &Value) -> Decision {
        let kind = change.kind.as_str();
        let (before, after) = (read(change.before.as_ref()), read(change.after.as_ref()));
        let (was, is, now) = (parts(kind, &before), parts(kind, &after), parts(kind, here));
        let mut decision = Decision::default();
        let mut back = here.clone();
        let mut repeated: Option<(Uuid, Value)> = None;
        for (name, to) in was.iter().filter(|(name, to)| is.get(*name) != Some(to)) {
            let (from, stands) =
                (is.get(name).cloned().unwrap_or_default(), now.get(name).cloned().unwrap_or_default());
            match self.next(change, name, &from) {
                Some(Next::Repeats(heir)) => {
                    let (_, state) = repeated.get_or_insert_with(|| (heir, after.clone()));
                    put(state, name, to.clone());
                }
                Some(Next::Changes(at)) => self.rewrite(change.subject, at, name, to),
                None if stands == from => {
                    put(&mut back, name, to.clone());
                    continue;
                }
                None if stands == *to => continue,
                None => {
                    // What another import left so was not edited by a person.
                    if !self.explains(kind, change.subject, name, &stands) {
                        decision.edited.push(name.strip_prefix("fields.").unwrap_or(name).to_owned());
                        continue;
                    }
                }
            }
            decision.passed = true;
        }
        if let Some((heir, state)) = repeated {
            let row = ImportChange { before: written(&state), ..change.clone() };
            self.pass_on(&row, heir);
        }
        decision.back = (back != *here).then_some(back);
        decision
    }

    /// Who spoke next of this part after the change, where it still was as the change left it.
    fn next(&self, change: &ImportChange, name: &str, left: &Value) -> Option<Next> {
        let rows = self.rows.get(&change.subject)?;
        let later = rows.iter().enumerate().filter(|(_, row)| row.run_id > self.run);
        later.into_iter().find_map(|(at, row)| match row.kind.as_str() {
            TOLD => Some(Next::Repeats(row.run_id)),
            "event" if change.kind == "postmortem" => {
                let mark = read(row.after.as_ref()).get("mark").cloned().unwrap_or_default();
                let mark: Option<Mark> = serde_json::from_value(mark).ok().flatten();
                let says = mark.map(|mark| serde_json::json!(PostmortemState::of_mark(mark)));
                (says.is_some() && says.as_ref() == left.get("state")).then_some(Next::Repeats(row.run_id))
            }
            kind if kind == change.kind && (row.before.is_some() || kind == "alias") => {
                let (before, after) = (read(row.before.as_ref()), read(row.after.as_ref()));
                let (was, is) = (parts(kind, &before), parts(kind, &after));
                if was.get(name) != Some(left) {
                    return None;
                }
                if is.get(name) != Some(left) {
                    return Some(Next::Changes(at));
                }
                // What an event's source does not say stays as it is without being said.
                let said = name.strip_prefix("fields.").filter(|_| kind == "event");
                let said = said.is_none_or(|field| after.get("read").and_then(|read| read.get(field)) == Some(left));
                said.then_some(Next::Repeats(row.run_id))
            }
            _ => None,
        })
    }

    fn rewrite(&mut self, subject: Uuid, at: usize, name: &str, to: &Value) {
        let Some(row) = self.rows.get_mut(&subject).and_then(|rows| rows.get_mut(at)) else { return };
        let mut before = read(row.before.as_ref());
        put(&mut before, name, to.clone());
        row.before = written(&before);
        self.rewritten.insert((row.run_id, row.position), row.before.clone());
    }

    /// Rows whose state before is another one now: run, position, state.
    pub fn rewritten(&self) -> impl Iterator<Item = (Uuid, i64, Option<&String>)> {
        self.rewritten.iter().map(|((run, position), before)| (*run, *position, before.as_ref()))
    }
}

enum Next {
    Repeats(Uuid),
    Changes(usize),
}

/// The key of an alias row.
pub(super) fn alias_key(change: &ImportChange) -> Option<String> {
    let state = change.after.as_ref().or(change.before.as_ref())?;
    serde_json::from_str::<Alias>(state).ok().map(|alias| alias.key)
}
