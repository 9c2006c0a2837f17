//! Entries of JSON documents and of JSON Lines, each on its own: a bad one keeps none of the others away.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, value::RawValue};

use super::{ENTRY_LIMIT, ForeignProblem, Place, stamps};

/// An entry as it stands in its document.
pub(super) struct Piece<'a> {
    pub place: Place,
    /// The list that holds it; empty for a document that is a list, or one entry.
    pub list: String,
    pub raw: &'a str,
    /// The entry, or why it could not be read.
    pub value: Result<Value, String>,
}

/// The entries of a document: of an array, of the lists with the names `lists` in an object, of the lines of JSON
/// Lines, or the one object that the document is.
pub(super) fn pieces<'a>(text: &'a str, lists: &[&str]) -> Result<Vec<Piece<'a>>, ForeignProblem> {
    let pieces = match serde_json::from_str::<&RawValue>(text) {
        Ok(document) => match document.get().as_bytes().first() {
            Some(b'[') => array(document.get(), "")?,
            Some(b'{') => {
                let members: BTreeMap<String, &RawValue> =
                    serde_json::from_str(document.get()).map_err(|error| broken(&error))?;
                let mut pieces = Vec::new();
                let mut found = false;
                for name in lists {
                    if let Some(list) = members.get(*name).filter(|list| list.get().starts_with('[')) {
                        found = true;
                        pieces.extend(array(list.get(), name)?);
                    }
                }
                if !found {
                    pieces.push(piece(Place::Entry(1), "", document.get()));
                }
                pieces
            }
            _ => Vec::new(),
        },
        Err(error) => lines(text).ok_or_else(|| broken(&error))?,
    };
    if pieces.len() > ENTRY_LIMIT { Err(ForeignProblem::TooMany) } else { Ok(pieces) }
}

fn broken(error: &serde_json::Error) -> ForeignProblem {
    ForeignProblem::Broken { line: error.line(), words: error.to_string() }
}

fn array<'a>(text: &'a str, list: &str) -> Result<Vec<Piece<'a>>, ForeignProblem> {
    let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| broken(&error))?;
    if values.len() > ENTRY_LIMIT {
        return Err(ForeignProblem::TooMany);
    }
    Ok((1..).zip(values).map(|(index, value)| piece(Place::Entry(index), list, value.get())).collect())
}

/// JSON Lines, where at least one line is an object of its own.
fn lines(text: &str) -> Option<Vec<Piece<'_>>> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let pieces: Vec<_> =
        lines.take(ENTRY_LIMIT + 1).map(|(number, line)| piece(Place::Line(number), "", line.trim_end())).collect();
    let one = |piece: &Piece<'_>| piece.raw.starts_with('{') && matches!(piece.value, Ok(Value::Object(_)));
    pieces.iter().any(one).then_some(pieces)
}

fn piece<'a>(place: Place, list: &str, raw: &'a str) -> Piece<'a> {
    let value = match serde_json::from_str(raw) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("不是 JSON 对象 no JSON object".to_owned()),
        Err(error) => Err(format!("JSON 有误 broken JSON: {error}")),
    };
    Piece { place, list: list.to_owned(), raw, value }
}

/// The first of the members that holds text that is not blank; numbers count as text.
pub(super) fn text(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match value.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// The first of the members that holds a time; without a zone it is UTC.
pub(super) fn time(value: &Value, names: &[&str]) -> Option<DateTime<Utc>> {
    names.iter().find_map(|name| stamps::instant(&text(value, &[name])?, Tz::UTC))
}

/// A member that holds text and no time that can be read.
pub(super) fn unreadable_time(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(value, &[name]).filter(|text| stamps::instant(text, Tz::UTC).is_none()))
}

/// The entries of a list member.
pub(super) fn list<'a>(value: &'a Value, names: &[&str]) -> &'a [Value] {
    names.iter().find_map(|name| value.get(name)?.as_array()).map(Vec::as_slice).unwrap_or_default()
}

/// Names of a list: of texts, or of objects that have one.
pub(super) fn names(value: &Value, lists: &[&str]) -> Vec<String> {
    list(value, lists)
        .iter()
        .filter_map(|entry| match entry {
            Value::String(name) => Some(name.clone()),
            object => text(object, &["name", "title"]),
        })
        .collect()
}
