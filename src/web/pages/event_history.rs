//! The history of an event, field by field, and the deleted events.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Shell, redirect, render, rows};
use crate::{
    domain::{
        capture::draft::Impact,
        clock_point::ClockPoint,
        event,
        history::{changed_middle, told},
    },
    i18n::history::{self as words, Words},
    service::{
        App, accounts,
        event_history::{self, AuditEntry},
        services, teams,
    },
    web::{api::number_of, gate::caller, problem::Problem},
};

/// One field of an entry: what both texts share in front, what was, what is, what they share behind.
pub(super) struct ChangeRow {
    field: String,
    front: String,
    was: String,
    is: String,
    back: String,
}

/// One entry.
pub(super) struct EntryRow {
    when: String,
    actor: String,
    action: String,
    changes: Vec<ChangeRow>,
    /// Where the difference of the two texts is; empty where there is none.
    diff: String,
}

#[derive(Template)]
#[template(path = "event_history.html")]
struct HistoryPage {
    shell: Shell,
    words: &'static Words,
    number: i64,
    entries: Vec<EntryRow>,
    next: String,
}

/// Where a page begins.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    #[serde(default)]
    cursor: String,
}

/// The history of an event.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let after = event_history::cursor_of(&query.cursor);
    let found = event_history::of_event(&app, &caller.actor, number, after, 50).await?;
    let names = Names::load(&app, &caller.actor).await?;
    let shell = Shell::of(&app, &request, &caller, "events").await?;
    let entries = found.entries.iter().map(|entry| entry_row(&app, &shell, &names, number, entry)).collect();
    let words = words::words(shell.t.lang == "zh-CN");
    let next = found.next.map(event_history::cursor_text).unwrap_or_default();
    render(StatusCode::OK, &HistoryPage { shell, words, number, entries, next })
}

/// What ids stand for: people, services, teams.
struct Names(Vec<(Uuid, String)>);

impl Names {
    async fn load(app: &App, actor: &crate::domain::actor::Actor) -> Result<Self, Problem> {
        let mut names = accounts::owners(app, actor).await?;
        names.extend(services::all(app, actor).await?.into_iter().map(|one| (one.id, one.fields.name)));
        names.extend(teams::all(app, actor).await?.into_iter().map(|one| (one.id, one.fields.name)));
        Ok(Self(names))
    }

    fn of(&self, text: &str) -> Option<&str> {
        let id = Uuid::parse_str(text).ok()?;
        self.0.iter().find(|(have, _)| *have == id).map(|(_, name)| name.as_str())
    }
}

/// Where it is shown what a person changed in a section of the postmortem.
fn diff_of(number: i64, entry: &AuditEntry) -> Option<String> {
    let section = entry.change.get("section").filter(|_| entry.action == "postmortem.write")?.as_str()?;
    let version = |end: &str| entry.change.get("version")?.get(end)?.as_i64();
    let (from, to) = (version("from")?, version("to")?);
    Some(format!("/e/{number}/postmortem/sections/{section}/diff?from={from}&to={to}"))
}

fn entry_row(app: &App, shell: &Shell, names: &Names, number: i64, entry: &AuditEntry) -> EntryRow {
    let chinese = shell.t.lang == "zh-CN";
    let changes = told(&entry.action, &entry.change)
        .into_iter()
        // Which line of the timeline it was tells nobody anything; its words stand beside it.
        .filter(|one| one.field != "id")
        .map(|one| {
            let text = |value: &Value| value_words(app, shell, names, &one.field, value);
            let (from, to) = (text(&one.from), text(&one.to));
            // Where nothing is shared the two stand side by side whole.
            let (front, was, is, back) = changed_middle(&from, &to);
            let owned = |part: &str| rows::visible(part);
            let field = words::field(&one.field, chinese);
            if front.chars().count() + back.chars().count() < 4 {
                return ChangeRow {
                    field,
                    front: String::new(),
                    was: owned(&from),
                    is: owned(&to),
                    back: String::new(),
                };
            }
            ChangeRow { field, front: owned(front), was: owned(was), is: owned(is), back: owned(back) }
        })
        .collect();
    EntryRow {
        when: rows::when(app, entry.at),
        actor: entry.actor_name.clone(),
        action: rows::done(shell.t, &entry.action, &entry.change),
        changes,
        diff: diff_of(number, entry).unwrap_or_default(),
    }
}

/// A stored value in words: local times, names instead of ids, numbers with their units.
fn value_words(app: &App, shell: &Shell, names: &Names, field: &str, value: &Value) -> String {
    let t = shell.t;
    let chinese = t.lang == "zh-CN";
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { words::words(chinese).yes } else { words::words(chinese).no }.to_owned(),
        Value::Number(fen) if field.starts_with("loss.") => {
            fen.as_i64().map(|fen| rows::yuan(t, fen)).unwrap_or_default()
        }
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            if let Some(code) = words::value(field, text, chinese) {
                return code.to_owned();
            }
            if let Some(name) = names.of(text) {
                return name.to_owned();
            }
            match text.parse::<DateTime<Utc>>() {
                Ok(at) => rows::time(app, ClockPoint::minute(at)),
                Err(_) => text.clone(),
            }
        }
        Value::Array(items) => {
            let impacts: Result<Vec<Impact>, _> = serde_json::from_value(value.clone());
            if let (true, Ok(impacts)) = (field == "impacts", impacts) {
                return impacts.iter().map(|impact| rows::magnitude(t, impact)).collect::<Vec<_>>().join("、");
            }
            items.iter().map(|item| value_words(app, shell, names, field, item)).collect::<Vec<_>>().join("、")
        }
        Value::Object(map) => {
            if let Ok(point) = serde_json::from_value::<ClockPoint>(value.clone()) {
                return rows::time(app, point);
            }
            let basis = |value: &Value| value.as_i64().map(|share| format!("{}%", rows::basis_points(share)));
            // Databases and builds keep the keys in orders of their own: whose it is first, then how much.
            let mut parts: Vec<(&String, &Value)> = map.iter().filter(|(_, part)| !part.is_null()).collect();
            parts.sort_by_key(|(name, _)| (name.starts_with("share"), *name));
            parts
                .into_iter()
                .map(|(name, part)| match (name.as_str(), part) {
                    ("share", part) => basis(part).unwrap_or_default(),
                    (_, part) => value_words(app, shell, names, field, part),
                })
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        }
    }
}

/// What is to be undone.
#[derive(Debug, Deserialize)]
pub struct Undo {
    entry: Uuid,
}

/// Takes back what the person did last.
pub async fn undo(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Undo>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let left = event_history::undo(&app, &caller.actor, number_of(&number)?, form.entry).await?;
    Ok(redirect(&left.map_or_else(|| "/".to_owned(), |event| format!("/e/{}", event.number))))
}

/// A deleted event.
struct DeletedRow {
    number: i64,
    label: String,
    narrative: String,
    when: String,
}

#[derive(Template)]
#[template(path = "events_deleted.html")]
struct DeletedPage {
    shell: Shell,
    words: &'static Words,
    rows: Vec<DeletedRow>,
    next: String,
}

/// The deleted events, the latest deletion first.
pub async fn deleted(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let before = event_history::deleted_cursor_of(&query.cursor).ok();
    let found = event_history::deleted(&app, &caller.actor, before, 50).await?;
    let shell = Shell::of(&app, &request, &caller, "events").await?;
    let words = words::words(shell.t.lang == "zh-CN");
    let next = found.next.map(event_history::deleted_cursor_text).unwrap_or_default();
    let rows = found
        .events
        .into_iter()
        .map(|one| DeletedRow {
            number: one.number,
            label: event::label(one.number),
            narrative: rows::visible(&one.narrative),
            when: rows::when(&app, one.deleted_at),
        })
        .collect();
    render(StatusCode::OK, &DeletedPage { shell, words, rows, next })
}

/// Brings a deleted event back.
pub async fn restore(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let event = event_history::restore(&app, &caller.actor, number_of(&number)?).await?;
    Ok(redirect(&format!("/e/{}", event.number)))
}
