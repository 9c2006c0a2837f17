//! The form of the panel: every input under its name, what of it a person changed, and the changes that this means.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{ImpactRow, ServiceRow, choice, rows};
use crate::{
    domain::{
        capture::draft::{Impact, ImpactKind},
        checked::FieldError,
        event::{EventFields, ProductionEvent},
        event_record::{AffectedService, CLOCK_NAMES},
        record_text::{self, Near},
    },
    i18n::record::RecordTexts,
    service::{
        App,
        event_text::{self, Directory},
        events::EventPatch,
    },
};

/// The most rows of numbers and services that a form has.
const ROWS: usize = 60;

/// The panel's form as it stands: every input under its name.
pub(super) fn form_of(app: &App, event: &ProductionEvent, directory: &Directory) -> BTreeMap<String, String> {
    let fields = &event.fields;
    let near = event_text::near(app, fields);
    let mut form = BTreeMap::new();
    let mut put = |name: String, value: String| drop(form.insert(name, value));
    for name in ["kind", "detection", "cause_category", "change_link", "loss_expected", "loss_actual", "loss_recovered"]
        .into_iter()
        .chain(["tags", "links", "restricted"])
    {
        let text = event_text::show(app, event, name, directory);
        // What nobody can tell is said in the list of facts; the form is empty there.
        put(name.to_owned(), if text == "?" { String::new() } else { text });
    }
    for (name, point) in fields.clock() {
        let how = match point {
            _ if fields.unknown.iter().any(|unknown| unknown == name) => "unknown",
            Some(point) => point.precision.code(),
            None => "minute",
        };
        put(name.to_owned(), point.map(|point| rows::local(app, point.at)).unwrap_or_default());
        put(format!("{name}_how"), how.to_owned());
    }
    for (at, impact) in fields.impacts.iter().enumerate() {
        put(format!("impact_{at}_number"), record_text::impact_number(impact));
        put(format!("impact_{at}_unit"), impact.unit.clone());
        put(format!("impact_{at}_kind"), impact_kind(impact.kind).to_owned());
    }
    for (at, service) in fields.services.iter().enumerate() {
        put(format!("service_{at}_id"), service.service_id.to_string());
        put(format!("service_{at}_shares"), record_text::shares_text(&service.shares, near));
    }
    for viewer in &fields.viewers {
        put(format!("viewer_{viewer}"), "1".to_owned());
    }
    form
}

const fn impact_kind(kind: ImpactKind) -> &'static str {
    match kind {
        ImpactKind::Count => "count",
        ImpactKind::Users => "users",
        ImpactKind::Amount => "amount",
    }
}

/// The rows that a form holds, and two empty ones.
fn row_numbers(values: &BTreeMap<String, String>, prefix: &str) -> Vec<usize> {
    let filled: BTreeSet<usize> = values
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.strip_prefix(prefix)?.split('_').next()?.parse().ok())
        .filter(|at| *at < ROWS)
        .collect();
    let next = filled.last().map_or(0, |last| last + 1);
    filled.into_iter().chain([next, next + 1]).collect()
}

pub(super) fn impact_rows(r: &RecordTexts, values: &BTreeMap<String, String>) -> Vec<ImpactRow> {
    let value = |name: String| values.get(&name).cloned().unwrap_or_default();
    row_numbers(values, "impact_")
        .into_iter()
        .map(|at| {
            let kind = value(format!("impact_{at}_kind"));
            ImpactRow {
                at,
                number: value(format!("impact_{at}_number")),
                unit: value(format!("impact_{at}_unit")),
                kinds: [("", r.by_unit), ("count", r.count), ("users", r.users), ("amount", r.amount)]
                    .into_iter()
                    .map(|(code, words)| choice(code, words, &kind))
                    .collect(),
            }
        })
        .collect()
}

pub(super) fn service_rows(values: &BTreeMap<String, String>, directory: &Directory) -> Vec<ServiceRow> {
    let value = |name: String| values.get(&name).cloned().unwrap_or_default();
    row_numbers(values, "service_")
        .into_iter()
        .map(|at| {
            let id = value(format!("service_{at}_id"));
            ServiceRow {
                at,
                shares: value(format!("service_{at}_shares")),
                choices: directory
                    .services
                    .iter()
                    .filter(|service| !service.fields.archived || service.id.to_string() == id)
                    .map(|service| choice(service.id.to_string(), service.fields.name.clone(), &id))
                    .collect(),
            }
        })
        .collect()
}

/// What belongs together: a part is changed when one of its inputs is.
fn group(name: &str) -> &str {
    match name.split_once('_') {
        Some(("impact", _)) => "impacts",
        Some(("service", _)) => "services",
        Some(("viewer", _)) => "viewers",
        _ => name.strip_suffix("_how").unwrap_or(name),
    }
}

/// The parts that a person changed.
fn changed<'a>(was: &'a BTreeMap<String, String>, typed: &'a BTreeMap<String, String>) -> BTreeSet<&'a str> {
    let get = |form: &'a BTreeMap<String, String>, name: &str| form.get(name).map_or("", |value| value.trim());
    was.keys().chain(typed.keys()).filter(|name| get(was, name) != get(typed, name)).map(|name| group(name)).collect()
}

/// What was typed on top of the form as it stands now.
pub(super) fn onto(
    now: &BTreeMap<String, String>,
    was: &BTreeMap<String, String>,
    typed: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let own = changed(was, typed);
    let kept = now.iter().filter(|(name, _)| !own.contains(group(name)));
    let told = typed.iter().filter(|(name, _)| own.contains(group(name)));
    kept.chain(told).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The changes that a form means.
pub(super) fn patch_of(
    app: &App,
    fields: &EventFields,
    directory: &Directory,
    was: &BTreeMap<String, String>,
    typed: &BTreeMap<String, String>,
) -> Result<EventPatch, FieldError> {
    let own = changed(was, typed);
    let value = |name: &str| typed.get(name).map_or("", |value| value.trim());
    let mut texts = Vec::new();
    for name in &own {
        match *name {
            "impacts" | "services" | "viewers" => {}
            name if CLOCK_NAMES.contains(&name) => {
                let text = match value(&format!("{name}_how")) {
                    "unknown" => "?",
                    "day" => value(name).get(..10).unwrap_or_else(|| value(name)),
                    _ => value(name),
                };
                texts.push((name.to_owned(), text.to_owned()));
            }
            name if event_text::FIELDS.contains(&name) => {
                texts.push((name.to_owned(), value(name).replace("\r\n", "\n")));
            }
            _ => {}
        }
    }
    let mut patch = event_text::patch(app, fields, directory, &texts)?;
    if own.contains("impacts") {
        patch.impacts = Some(typed_impacts(typed)?);
    }
    if own.contains("services") {
        let begun = patch.occurred.unwrap_or(fields.occurred);
        patch.services = Some(typed_services(typed, Near { begun, ..event_text::near(app, fields) })?);
    }
    if own.contains("viewers") {
        let named =
            typed.iter().filter(|(_, value)| !value.is_empty()).filter_map(|(name, _)| name.strip_prefix("viewer_"));
        patch.viewers = Some(named.filter_map(|id| Uuid::parse_str(id).ok()).collect());
    }
    Ok(patch)
}

fn typed_impacts(typed: &BTreeMap<String, String>) -> Result<Vec<Impact>, FieldError> {
    let value = |name: String| typed.get(&name).map_or("", |value| value.trim());
    (0..ROWS)
        .filter(|at| !value(format!("impact_{at}_number")).is_empty())
        .map(|at| {
            let kind = match value(format!("impact_{at}_kind")) {
                "count" => Some(ImpactKind::Count),
                "users" => Some(ImpactKind::Users),
                "amount" => Some(ImpactKind::Amount),
                _ => None,
            };
            let (number, unit) = (value(format!("impact_{at}_number")), value(format!("impact_{at}_unit")));
            // A unit that was typed with the number counts where its own box was left empty.
            record_text::impact(&format!("{number}{unit}"), kind)
        })
        .collect()
}

fn typed_services(typed: &BTreeMap<String, String>, near: Near) -> Result<Vec<AffectedService>, FieldError> {
    let value = |name: String| typed.get(&name).map_or("", |value| value.trim());
    (0..ROWS)
        .filter(|at| !value(format!("service_{at}_id")).is_empty())
        .map(|at| {
            let wrong = || FieldError::shape("services", "choose a business line or component");
            let service_id = Uuid::parse_str(value(format!("service_{at}_id"))).map_err(|_| wrong())?;
            Ok(AffectedService {
                service_id,
                shares: record_text::shares(value(format!("service_{at}_shares")), near)?,
            })
        })
        .collect()
}

pub(super) fn map_of(form: Vec<(String, String)>) -> BTreeMap<String, String> {
    form.into_iter().take(1_000).collect()
}
