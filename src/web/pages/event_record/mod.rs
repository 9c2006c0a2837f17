//! The record on an event's page: the one question that is asked now, marking, the panel of all facts, relations.

mod acts;
mod form;

use std::collections::{BTreeMap, BTreeSet};

use super::rows;
use crate::{
    domain::{
        actor::Actor,
        completeness::{self, Question},
        event::{CAUSE_CATEGORIES, ProductionEvent},
        event_record::{CLOCK_NAMES, DETECTIONS, EVENT_KINDS},
        record_text,
        visibility::may_restrict,
    },
    i18n::{
        Texts,
        record::{self, RecordTexts},
    },
    service::{
        App,
        event_relations::{self, RELATION_KINDS, Relation, RelationKind},
        event_text::{self, Directory},
        events,
    },
    web::problem::Problem,
};

pub use acts::{answer, mark, relate, save};
use form::{form_of, impact_rows, service_rows};

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
    let open = events::missing(app, actor, event.number).await?;
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
        asked: asked(r, event, &directory, open, later, of("answer")),
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

/// The question to be asked now: the first that was not put off. While an event goes on, its end is no question - the
/// buttons mark it - and what nobody can know yet comes last.
fn asked(
    r: &'static RecordTexts,
    event: &ProductionEvent,
    directory: &Directory,
    open: Vec<Question>,
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
    let mut all: Vec<Question> = open.into_iter().filter(fits).collect();
    if !fields.tells("recovered") {
        let place = |fact: &str| completeness::FACTS.iter().position(|have| *have == fact);
        all.sort_by_key(|question| {
            let afterwards = matches!(question.field, "cause" | "cause_category" | "loss" | "severity" | "located");
            (afterwards, place(question.field))
        });
    }
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

/// The names of an address that are facts.
fn later_of(text: &str) -> String {
    let known: Vec<&str> = text.split(',').filter(|name| completeness::FACTS.contains(name)).collect();
    known.join(",")
}
