//! The record on an event's page: the one question that is asked now, marking, the panel of all facts, relations.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    event::{Refusals, show},
    redirect, refusal, rows, words,
};
use crate::{
    domain::{
        actor::Actor,
        capture::draft::{Impact, ImpactKind},
        checked::FieldError,
        completeness::{self, Question},
        event::{CAUSE_CATEGORIES, EventFields, ProductionEvent},
        event_record::{AffectedService, CLOCK_NAMES, DETECTIONS, EVENT_KINDS},
        record_text::{self, Near},
        visibility::may_restrict,
    },
    i18n::{
        Texts,
        record::{self, RecordTexts},
    },
    service::{
        App, ServiceError,
        event_relations::{self, RELATION_KINDS, Relation, RelationKind},
        event_text::{self, Directory},
        events::{self, EventPatch},
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// The most rows of numbers and services that a form has.
const ROWS: usize = 60;

/// Code and words of a choice, and whether it is chosen.
pub(super) struct Choice {
    pub(super) code: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

fn choice(code: impl Into<String>, words: impl Into<String>, value: &str) -> Choice {
    let code = code.into();
    Choice { chosen: code == value, code, words: words.into() }
}

/// A point of the clock in the form.
pub(super) struct ClockRow {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    /// For `datetime-local`.
    pub(super) value: String,
    pub(super) how: Vec<Choice>,
}

/// A number of the impact in the form.
pub(super) struct ImpactRow {
    pub(super) at: usize,
    pub(super) number: String,
    pub(super) unit: String,
    pub(super) kinds: Vec<Choice>,
}

/// An affected service in the form.
pub(super) struct ServiceRow {
    pub(super) at: usize,
    pub(super) choices: Vec<Choice>,
    pub(super) shares: String,
}

/// A fact that is shown.
pub(super) struct Fact {
    pub(super) words: &'static str,
    pub(super) value: String,
}

/// A relation that is shown.
pub(super) struct RelationRow {
    pub(super) words: &'static str,
    pub(super) kind: &'static str,
    pub(super) number: i64,
    pub(super) title: String,
}

/// The question that is asked now.
pub(super) struct Asked {
    pub(super) field: &'static str,
    pub(super) words: &'static str,
    pub(super) required: bool,
    pub(super) may_be_unknown: bool,
    /// `buttons`, `select`, `service`, or a line of text.
    pub(super) form: &'static str,
    pub(super) choices: Vec<Choice>,
    pub(super) example: &'static str,
    pub(super) value: String,
    pub(super) message: String,
    /// What is put off by "later", for the address.
    pub(super) later: String,
    /// What is put off already.
    pub(super) put_off: String,
    pub(super) left: usize,
}

/// The record on an event's page.
pub(super) struct Panel {
    pub(super) r: &'static RecordTexts,
    pub(super) version: i64,
    pub(super) open: bool,
    pub(super) message: String,
    pub(super) was: String,
    pub(super) kind_badge: &'static str,
    pub(super) restricted: bool,
    pub(super) facts: Vec<Fact>,
    pub(super) links: Vec<(String, String)>,
    pub(super) tags: Vec<String>,
    pub(super) original: Option<RelationRow>,
    pub(super) relations: Vec<RelationRow>,
    pub(super) relation_kinds: Vec<Choice>,
    pub(super) asked: Option<Asked>,
    pub(super) may_mitigate: bool,
    pub(super) may_recover: bool,
    pub(super) mark_value: String,
    pub(super) mark_message: String,
    pub(super) relation_message: String,
    pub(super) relation_other: String,
    pub(super) clock: Vec<ClockRow>,
    pub(super) kinds: Vec<Choice>,
    pub(super) detections: Vec<Choice>,
    pub(super) categories: Vec<Choice>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) impacts: Vec<ImpactRow>,
    pub(super) services: Vec<ServiceRow>,
    pub(super) may_restrict: bool,
    pub(super) who: Vec<Choice>,
    pub(super) viewers: Vec<Choice>,
}

impl Panel {
    /// What an input of the form holds.
    pub(super) fn value(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }
}

/// What was refused on the page, with what was typed.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Of which form: record, answer, mark or relation.
    form: &'static str,
    message: String,
    typed: BTreeMap<String, String>,
    was: BTreeMap<String, String>,
}

/// What the page knows for its record.
pub(super) struct Around<'a> {
    pub(super) app: &'a App,
    pub(super) actor: &'a Actor,
    pub(super) t: &'static Texts,
    pub(super) event: &'a ProductionEvent,
    /// Fields that are asked later, from the address.
    pub(super) later: &'a str,
    pub(super) refused: Option<&'a Refused>,
}

/// The panel of an event.
pub(super) async fn panel(around: Around<'_>) -> Result<Panel, Problem> {
    let Around { app, actor, t, event, later, refused } = around;
    let directory = event_text::directory(app, actor).await?;
    let relations = event_relations::of_event(app, actor, event.number).await?;
    let r = record::texts(t.lang);
    let fields = &event.fields;
    let shown = form_of(app, event, &directory);
    let of = |form: &str| refused.filter(|refused| refused.form == form);
    let values = of("record").map_or_else(|| shown.clone(), |refused| refused.typed.clone());
    let was = of("record").map_or(&shown, |refused| &refused.was);
    let message = |form: &str| of(form).map(|refused| refused.message.clone()).unwrap_or_default();
    let typed =
        |form: &str, name: &str| of(form).and_then(|refused| refused.typed.get(name)).cloned().unwrap_or_default();
    let value = |name: &str| values.get(name).map_or("", String::as_str);
    let code_of = |name: &str| value(name).to_owned();
    let mut rows: Vec<RelationRow> = relations.iter().map(|relation| relation_row(r, relation)).collect();
    let original = relations.first().is_some_and(|one| one.kind == RelationKind::Duplicate && one.outgoing);
    let original = original.then(|| rows.remove(0));
    Ok(Panel {
        r,
        version: event.version,
        open: of("record").is_some(),
        message: message("record"),
        was: serde_json::to_string(was).unwrap_or_default(),
        kind_badge: if fields.kind.counts() { "" } else { record::event_kind(r, fields.kind) },
        restricted: fields.restricted,
        facts: facts(app, r, t, event, &directory),
        links: fields
            .links
            .iter()
            .map(|link| (link.url.clone(), link.title.clone().unwrap_or_else(|| link.url.clone())))
            .collect(),
        tags: fields.tags.clone(),
        original,
        relations: rows,
        relation_kinds: RELATION_KINDS
            .into_iter()
            .map(|kind| choice(kind.code(), record::relation(r, kind, true), &typed("relation", "kind")))
            .collect(),
        asked: asked(r, event, &directory, later, of("answer")),
        may_mitigate: !fields.tells("mitigated") && fields.recovered.is_none(),
        may_recover: fields.recovered.is_none() && !fields.unknown.iter().any(|name| name == "recovered"),
        mark_value: typed("mark", "at"),
        mark_message: message("mark"),
        relation_message: message("relation"),
        relation_other: typed("relation", "other"),
        clock: CLOCK_NAMES
            .into_iter()
            .map(|name| {
                let how = code_of(&format!("{name}_how"));
                ClockRow {
                    name,
                    words: record::point(r, name),
                    value: code_of(name),
                    how: [("minute", r.to_minute), ("day", r.day_only), ("unknown", r.unknown)]
                        .into_iter()
                        .map(|(code, words)| choice(code, words, &how))
                        .collect(),
                }
            })
            .collect(),
        kinds: EVENT_KINDS
            .into_iter()
            .map(|kind| choice(kind.code(), record::event_kind(r, kind), value("kind")))
            .collect(),
        detections: detections(r, value("detection")),
        categories: categories(r, value("cause_category")),
        impacts: impact_rows(r, &values),
        services: service_rows(&values, &directory),
        may_restrict: may_restrict(actor, event),
        who: [("no", r.everyone), ("yes", r.only_named)]
            .into_iter()
            .map(|(code, words)| choice(code, words, value("restricted")))
            .collect(),
        viewers: directory
            .people
            .iter()
            .map(|(id, name, _)| {
                let code = format!("viewer_{id}");
                let chosen = !value(&code).is_empty();
                Choice { code, words: name.clone(), chosen }
            })
            .collect(),
        values,
    })
}

fn detections(r: &RecordTexts, value: &str) -> Vec<Choice> {
    let all = DETECTIONS.into_iter().map(|one| choice(one.code(), record::detection(r, one), value));
    all.collect()
}

fn categories(r: &RecordTexts, value: &str) -> Vec<Choice> {
    CAUSE_CATEGORIES.into_iter().map(|code| choice(code, record::cause_category(r, code), value)).collect()
}

fn relation_row(r: &'static RecordTexts, relation: &Relation) -> RelationRow {
    RelationRow {
        words: record::relation(r, relation.kind, relation.outgoing),
        kind: relation.kind.code(),
        number: relation.other.number,
        title: relation.other.title(),
    }
}

fn facts(app: &App, r: &'static RecordTexts, t: &Texts, event: &ProductionEvent, directory: &Directory) -> Vec<Fact> {
    let fields = &event.fields;
    let near = event_text::near(app, fields);
    let mut facts = Vec::new();
    let mut add = |words, value: Option<String>| facts.extend(value.map(|value| Fact { words, value }));
    let money = |fen: i64| {
        let (yuan, part) = (rows::thousands(fen / 100), fen % 100);
        if part == 0 { format!("¥{yuan}") } else { format!("¥{yuan}.{part:02}") }
    };
    if !fields.kind.counts() {
        add(r.event_kind, Some(format!("{} · {}", record::event_kind(r, fields.kind), r.not_counted)));
    }
    for (name, point) in fields.clock() {
        let unknown = fields.unknown.iter().any(|unknown| unknown == name).then(|| r.unknown.to_owned());
        add(record::point(r, name), point.map(|point| rows::time(app, point)).or(unknown));
    }
    for service in &fields.services {
        let shares = record_text::shares_text(&service.shares, near);
        add(r.affected, Some(format!("{} {shares}", directory.service(service.service_id)).trim_end().to_owned()));
    }
    for (words, fact) in [
        (r.affected, "services"),
        (r.impacts, "impacts"),
        (r.detection, "detection"),
        (t.cause, "cause"),
        (r.loss, "loss"),
    ] {
        let unknown = fields.unknown.iter().any(|name| name == fact);
        add(words, unknown.then(|| r.unknown.to_owned()));
    }
    add(r.detection, fields.detection.map(|one| record::detection(r, one).to_owned()));
    let category = fields.cause_category.as_deref();
    add(r.cause_category, category.map(|code| record::cause_category(r, code).to_owned()));
    add(r.change_link, fields.change_link.clone());
    for (words, fen) in [
        (r.loss_expected, fields.loss.expected),
        (r.loss_actual, fields.loss.actual),
        (r.loss_recovered, fields.loss.recovered),
    ] {
        add(words, fen.map(money));
    }
    if fields.loss.recovered.is_some_and(|fen| fen != 0) {
        add(r.loss_net, fields.loss.net().map(money));
    }
    facts
}

/// The question to be asked now: the first that was not put off. While an event goes on, its end is no question: the
/// buttons mark it.
fn asked(
    r: &'static RecordTexts,
    event: &ProductionEvent,
    directory: &Directory,
    later: &str,
    refused: Option<&Refused>,
) -> Option<Asked> {
    let fields = &event.fields;
    let put_off: Vec<&str> = later.split(',').filter(|name| !name.is_empty()).collect();
    let offered = directory.services.iter().any(|service| !service.fields.archived);
    let fits = |question: &Question| match question.field {
        "recovered" | "mitigated" => fields.recovered.is_some(),
        "services" => offered,
        _ => true,
    };
    let all: Vec<Question> = completeness::missing(fields).into_iter().filter(fits).collect();
    let typed_field = refused.and_then(|refused| refused.typed.get("field"));
    let first = all
        .iter()
        .find(|question| typed_field.is_some_and(|field| field == question.field))
        .or_else(|| all.iter().find(|question| !put_off.contains(&question.field)))?;
    let (form, choices, example) = match first.field {
        "detection" => ("buttons", detections(r, ""), ""),
        "cause_category" => ("select", categories(r, ""), ""),
        "services" => {
            let open = directory.services.iter().filter(|service| !service.fields.archived);
            let choices =
                open.map(|service| choice(service.fields.name.clone(), service.fields.name.clone(), "")).collect();
            ("service", choices, r.shares_hint)
        }
        "impacts" => ("line", Vec::new(), r.ex_impacts),
        "loss" => ("line", Vec::new(), r.ex_loss),
        "severity" => ("line", Vec::new(), r.ex_severity),
        "summary" | "cause" => ("line", Vec::new(), ""),
        _ => ("line", Vec::new(), r.ex_clock),
    };
    let mut off: BTreeSet<&str> = put_off.into_iter().filter(|name| completeness::FACTS.contains(name)).collect();
    off.insert(first.field);
    Some(Asked {
        field: first.field,
        words: record::question(r, first.field),
        required: first.required,
        may_be_unknown: first.may_be_unknown,
        form,
        choices,
        example,
        value: refused.and_then(|refused| refused.typed.get("value")).cloned().unwrap_or_default(),
        message: refused.map(|refused| refused.message.clone()).unwrap_or_default(),
        later: off.into_iter().collect::<Vec<_>>().join(","),
        put_off: later_of(later),
        left: all.len(),
    })
}

/// The panel's form as it stands: every input under its name.
fn form_of(app: &App, event: &ProductionEvent, directory: &Directory) -> BTreeMap<String, String> {
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

fn impact_rows(r: &RecordTexts, values: &BTreeMap<String, String>) -> Vec<ImpactRow> {
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

fn service_rows(values: &BTreeMap<String, String>, directory: &Directory) -> Vec<ServiceRow> {
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
fn onto(
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
fn patch_of(
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

fn map_of(form: Vec<(String, String)>) -> BTreeMap<String, String> {
    form.into_iter().take(1_000).collect()
}

/// Shows the page again with what was refused.
async fn again(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    number: i64,
    error: ServiceError,
    refused: Refused,
) -> Result<HttpResponse, Problem> {
    let stale = matches!(error, ServiceError::Stale { .. });
    let problem = Problem::from(error);
    if !matches!(problem.status.as_u16(), 409 | 412 | 422) {
        return Err(problem);
    }
    let status = if stale { StatusCode::CONFLICT } else { problem.status };
    let chinese = words(caller).lang == "zh-CN";
    let message = if refused.message.is_empty() { problem.sentence(chinese).to_owned() } else { refused.message };
    let refusals = Refusals { record: Some(Refused { message, ..refused }), ..Refusals::default() };
    show(app, request, caller, number, status, None, refusals).await
}

/// Saves the panel. Where someone else was quicker, what was typed is shown again and nothing is lost.
pub async fn save(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let mut typed = map_of(form.into_inner());
    let version = typed.remove("version").and_then(|version| version.parse().ok()).unwrap_or(0);
    let was = typed.remove("was").unwrap_or_default();
    let before = events::get(&app, &caller.actor, number).await?;
    let directory = event_text::directory(&app, &caller.actor).await?;
    let now = form_of(&app, &before, &directory);
    let was: BTreeMap<String, String> = serde_json::from_str(&was).unwrap_or_else(|_| now.clone());
    // A form without the choice of readers does not take them away.
    if !typed.contains_key("restricted") {
        typed.extend(
            was.iter()
                .filter(|(name, _)| *name == "restricted" || name.starts_with("viewer_"))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    let done = match patch_of(&app, &before.fields, &directory, &was, &typed) {
        Ok(patch) => events::update(&app, &caller.actor, number, version, patch).await,
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(_) => Ok(redirect(&format!("/e/{number}#record"))),
        Err(error @ ServiceError::Stale { .. }) => {
            let message = record::texts(words(&caller).lang).stale.to_owned();
            let refused = Refused { form: "record", message, typed: onto(&now, &was, &typed), was: now };
            again(&app, &request, &caller, number, error, refused).await
        }
        Err(error) => {
            let refused = Refused { form: "record", message: String::new(), typed, was };
            again(&app, &request, &caller, number, error, refused).await
        }
    }
}

/// Answers the question that was asked. An answer that someone else gave meanwhile stays.
pub async fn answer(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let typed = map_of(form.into_inner());
    let value = |name: &str| typed.get(name).map_or("", |value| value.trim());
    let done = async {
        let field = completeness::FACTS.into_iter().find(|fact| *fact == value("field"));
        let field = field.ok_or_else(|| FieldError::shape("field", "answer the question that is asked"))?;
        let text = match (value("unknown"), field) {
            (unknown, _) if !unknown.is_empty() => "?".to_owned(),
            (_, "services") if !value("value").is_empty() => format!("{} {}", value("value"), value("shares")),
            _ => value("value").to_owned(),
        };
        if text.is_empty() {
            return Err(ServiceError::from(FieldError::shape("answer", "write an answer, or choose unknown")));
        }
        let event = events::get(&app, &caller.actor, number).await?;
        let open = completeness::missing(&event.fields);
        if !open.iter().any(|question| question.field == field) {
            return Ok(());
        }
        let directory = event_text::directory(&app, &caller.actor).await?;
        let patch = event_text::patch(&app, &event.fields, &directory, &[(field.to_owned(), text)])?;
        events::update(&app, &caller.actor, number, event.version, patch).await.map(|_| ())
    };
    let done = done.await;
    let later = value("later");
    match done {
        Ok(()) if later.is_empty() => Ok(redirect(&format!("/e/{number}#ask"))),
        Ok(()) => Ok(redirect(&format!("/e/{number}?later={}#ask", later_of(later)))),
        Err(error) => {
            let refused = Refused { form: "answer", typed: typed.clone(), ..Refused::default() };
            again(&app, &request, &caller, number, error, refused).await
        }
    }
}

/// The names of an address that are facts.
fn later_of(text: &str) -> String {
    let known: Vec<&str> = text.split(',').filter(|name| completeness::FACTS.contains(name)).collect();
    known.join(",")
}

/// A point of the clock to mark.
#[derive(Debug, Deserialize)]
pub struct Mark {
    point: String,
    #[serde(default)]
    at: String,
}

/// Marks a point of the clock, now or at a time.
pub async fn mark(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Mark>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let done = async {
        let point = CLOCK_NAMES.into_iter().find(|name| *name == form.point);
        let point = point.ok_or_else(|| FieldError::shape("point", "choose a point of the clock"))?;
        let event = events::get(&app, &caller.actor, number).await?;
        let field = crate::domain::event::clock_field(point);
        let at = record_text::clock(field, &form.at, event_text::near(&app, &event.fields))?;
        events::mark(&app, &caller.actor, number, point, at.map(|point| point.at)).await
    };
    match done.await {
        Ok(_) => Ok(redirect(&format!("/e/{number}"))),
        Err(error) => {
            let typed = [("at".to_owned(), form.at.clone())].into();
            let refused = Refused { form: "mark", typed, ..Refused::default() };
            again(&app, &request, &caller, number, error, refused).await
        }
    }
}

/// A relation to say or to take away.
#[derive(Debug, Deserialize)]
pub struct RelationForm {
    kind: String,
    other: String,
    #[serde(default)]
    remove: String,
}

/// Says what the event is to another one, or takes it away.
pub async fn relate(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<RelationForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let done = async {
        let wrong = || FieldError::shape("relation", "write related, duplicate or recurrence");
        let kind = RelationKind::from_code(&form.kind).ok_or_else(wrong)?;
        let other = crate::domain::event::number_of(&form.other);
        let other = other.ok_or_else(|| FieldError::shape("other", "write a number like PE-3"))?;
        if form.remove.is_empty() {
            return event_relations::add(&app, &caller.actor, number, kind, other).await;
        }
        let gone = event_relations::remove(&app, &caller.actor, number, kind, other).await;
        match gone {
            // It was said from the other side.
            Err(ServiceError::NotFound(_)) => event_relations::remove(&app, &caller.actor, other, kind, number).await,
            gone => gone,
        }
    };
    match done.await {
        Ok(()) => Ok(redirect(&format!("/e/{number}#relations"))),
        Err(error) => {
            let typed = [("kind".to_owned(), form.kind.clone()), ("other".to_owned(), form.other.clone())].into();
            let message = match &error {
                // The other event is not there; the page is.
                ServiceError::NotFound(_) if events::get(&app, &caller.actor, number).await.is_ok() => {
                    refusal(words(&caller), ServiceError::NotFound(format!("event {}", form.other)))
                }
                _ => String::new(),
            };
            let refused = Refused { form: "relation", message, typed, was: BTreeMap::new() };
            if refused.message.is_empty() {
                again(&app, &request, &caller, number, error, refused).await
            } else {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                let refusals = Refusals { record: Some(refused), ..Refusals::default() };
                show(&app, &request, &caller, number, status, None, refusals).await
            }
        }
    }
}
