//! `fupan history`, `fupan deleted`, `fupan event delete`, `restore` and `undo`: who changed what, and taking it back.

use std::collections::HashMap;

use chrono::DateTime;
use clap::Args;
use serde_json::{Value, json};

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        capture::draft::{Impact, ImpactKind},
        checked::FieldError,
        event,
        history::told,
        record_text::share_text,
    },
    i18n::{history as words, restated, texts},
    service::{ServiceError, accounts, event_history, events, services, teams},
    web::api::{self, event_json},
};

/// 一起事件的变更记录。 Who changed what of an event.
#[derive(Debug, Args)]
pub(super) struct History {
    /// PE-1.
    event: String,
    /// 显示几条，1 到 200。 Entries to show, 1 to 200.
    #[arg(long, default_value_t = 50)]
    limit: u64,
    /// 从哪里接着列，取自上次的输出。 Where to go on, as the last answer said.
    #[arg(long)]
    cursor: Option<String>,
}

/// 恢复已删除的事件。 Bring a deleted event back.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// PE-1.
    event: String,
}

/// 已删除的事件，最近删除的在前。 The deleted events, the latest deletion first.
#[derive(Debug, Args)]
pub(super) struct Deleted {
    /// 显示几起，1 到 200。 Events to show, 1 to 200.
    #[arg(long, default_value_t = 50)]
    limit: u64,
    /// 从哪里接着列，取自上次的输出。 Where to go on, as the last answer said.
    #[arg(long)]
    cursor: Option<String>,
}

/// 删除事件，可用 restore 恢复。 Delete an event; `restore` brings it back.
#[derive(Debug, Args)]
pub(super) struct Delete {
    /// PE-1.
    event: String,
    /// 只在事件还是这个版本时。 Only while the event is still in this version.
    #[arg(long)]
    version: Option<i64>,
}

/// 撤销最近一次修改，一分钟内、别人没有再改时。 Take back the last change of an event, within a minute and before anybody else changes it.
#[derive(Debug, Args)]
pub(super) struct Undo {
    /// PE-1.
    event: String,
}

fn number(label: &str) -> Result<i64, ServiceError> {
    event::number_of(label).ok_or_else(|| FieldError::shape("event", format!("“{label}”: write PE-1")).into())
}

fn local(session: &Session, millis: i64) -> String {
    let at = DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&session.app.zone));
    at.map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

pub(super) async fn run(session: &Session, history: History) -> anyhow::Result<()> {
    let after =
        match history.cursor.as_deref() {
            Some(text) => Some(event_history::cursor_of(text).ok_or_else(|| {
                ServiceError::from(FieldError::shape("cursor", "take it from the last answer as it is"))
            })?),
            None => None,
        };
    let label = number(&history.event)?;
    let page = event_history::of_event(&session.app, &session.actor, label, after, history.limit).await?;
    if session.json {
        let entries: Vec<_> = page.entries.iter().map(|entry| api::event_history::entry(&session.app, entry)).collect();
        data(&json!({"data": entries, "next_cursor": page.next.map(event_history::cursor_text)}).to_string());
        return Ok(());
    }
    let names = names(session).await?;
    for entry in &page.entries {
        let done = restated::done(texts("zh-CN"), &entry.action, &entry.change);
        data(&format!("{}\t{}\t{done}", local(session, entry.at), entry.actor_name));
        for one in told(&entry.action, &entry.change).into_iter().filter(|one| one.field != "id") {
            let field = words::field(&one.field, true);
            data(&format!(
                "\t{field}\t{} → {}",
                plain(session, &names, &one.field, &one.from),
                plain(session, &names, &one.field, &one.to)
            ));
        }
    }
    if let Some(next) = page.next {
        say(&format!("还有更早的记录：--cursor {}", event_history::cursor_text(next)));
    }
    Ok(())
}

/// What ids stand for: people, services, teams.
async fn names(session: &Session) -> anyhow::Result<HashMap<String, String>> {
    let (app, actor) = (&session.app, &session.actor);
    let people = accounts::owners(app, actor).await?.into_iter();
    let services = services::all(app, actor).await?.into_iter().map(|one| (one.id, one.fields.name));
    let teams = teams::all(app, actor).await?.into_iter().map(|one| (one.id, one.fields.name));
    Ok(people.chain(services).chain(teams).map(|(id, name)| (id.to_string(), name)).collect())
}

/// `1200.00 元`, from fen.
fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} 元", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
}

/// `约 684 笔`.
fn magnitude(impact: &Impact) -> String {
    let about = if impact.approximate { "约 " } else { "" };
    match impact.kind {
        ImpactKind::Amount => format!("{about}{}", yuan(impact.number)),
        _ => format!("{about}{} {}", impact.number, impact.unit),
    }
}

/// A stored value on one line.
fn plain(session: &Session, names: &HashMap<String, String>, field: &str, value: &Value) -> String {
    let instant = |text: &str| {
        let at = text.parse::<DateTime<chrono::Utc>>().ok()?.with_timezone(&session.app.zone);
        Some(at.format("%Y-%m-%d %H:%M").to_string())
    };
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(yes) => if *yes { "是" } else { "否" }.to_owned(),
        Value::Number(fen) if field.starts_with("loss.") => fen.as_i64().map_or_else(|| value.to_string(), yuan),
        Value::String(text) => words::value(field, text, true)
            .map(str::to_owned)
            .or_else(|| names.get(text).cloned())
            .or_else(|| instant(text))
            .unwrap_or_else(|| text.replace(['\n', '\t'], " ")),
        Value::Object(map) if map.contains_key("precision") => {
            map.get("at").and_then(Value::as_str).and_then(instant).unwrap_or_else(|| value.to_string())
        }
        Value::Array(parts) if parts.is_empty() => "—".to_owned(),
        Value::Array(parts) => {
            let impacts: Result<Vec<Impact>, _> = serde_json::from_value(value.clone());
            if let (true, Ok(impacts)) = (field == "impacts", impacts) {
                return impacts.iter().map(magnitude).collect::<Vec<_>>().join("、");
            }
            let parts: Vec<String> = parts.iter().map(|part| plain(session, names, field, part)).collect();
            parts.join("、")
        }
        // A share of a team or of a service: who, and how much.
        Value::Object(map) => {
            let part = |(name, value): (&String, &Value)| match (name.as_str(), value.as_i64()) {
                ("share", Some(share)) => share_text(i32::try_from(share).unwrap_or(i32::MAX)),
                _ => plain(session, names, field, value),
            };
            map.iter().filter(|(_, value)| !value.is_null()).map(part).collect::<Vec<_>>().join(" ")
        }
        Value::Number(number) => number.to_string(),
    }
}

/// 已删除的事件。 The deleted events.
pub(super) async fn deleted(session: &Session, asked: Deleted) -> anyhow::Result<()> {
    let before = asked.cursor.as_deref().map(event_history::deleted_cursor_of).transpose()?;
    let page = event_history::deleted(&session.app, &session.actor, before, asked.limit).await?;
    let next = page.next.map(event_history::deleted_cursor_text);
    if session.json {
        let rows: Vec<Value> = page
            .events
            .iter()
            .map(|one| {
                let at = DateTime::from_timestamp_millis(one.deleted_at)
                    .map(|at| at.with_timezone(&session.app.zone).fixed_offset());
                let (number, label) = (one.number, event::label(one.number));
                json!({"number": number, "label": label, "narrative": one.narrative, "deleted_at": at})
            })
            .collect();
        data(&json!({"data": rows, "next_cursor": next}).to_string());
        return Ok(());
    }
    for one in &page.events {
        let text = one.narrative.replace(['\n', '\t'], " ");
        data(&format!("{}\t{}\t{text}", event::label(one.number), local(session, one.deleted_at)));
    }
    match next {
        Some(next) => say(&format!("还有更早删除的 more: --cursor {next}")),
        None if page.events.is_empty() && asked.cursor.is_none() => say("没有删除的事件 nothing is deleted"),
        None => say("恢复 to bring one back: fupan event restore PE-1"),
    }
    Ok(())
}

/// Brings a deleted event back.
pub(super) async fn restore(session: &Session, restore: Restore) -> anyhow::Result<()> {
    let event = event_history::restore(&session.app, &session.actor, number(&restore.event)?).await?;
    say(&format!("{} 在 is there: {}", event.label(), event.title()));
    if session.json {
        data(&event_json(&session.app, &event).to_string());
    }
    Ok(())
}

/// Deletes an event.
pub(super) async fn delete(session: &Session, delete: Delete) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let event = events::get(app, actor, number(&delete.event)?).await?;
    events::delete(app, actor, event.number, delete.version.unwrap_or(event.version)).await?;
    let label = event.label();
    say(&format!("已删除 deleted: {label} {}；恢复 to bring it back: fupan event restore {label}", event.title()));
    if session.json {
        data(&json!({"number": event.number, "label": label, "deleted": true}).to_string());
    }
    Ok(())
}

/// Takes back the last change of an event.
pub(super) async fn undo(session: &Session, undo: Undo) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let number = number(&undo.event)?;
    let label = event::label(number);
    let body = if let Some(event) = event_history::undo_last(app, actor, number).await? {
        say(&format!("已撤销 taken back: {label} {}", event.title()));
        event_json(app, &event)
    } else {
        say(&format!("已撤销登记 taken back: {label}；恢复 to bring it back: fupan event restore {label}"));
        json!({"number": number, "label": label, "deleted": true})
    };
    if session.json {
        data(&body.to_string());
    }
    Ok(())
}
