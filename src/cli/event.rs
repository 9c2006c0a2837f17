//! `fupan event`: one event shown and changed.

use clap::Subcommand;
use serde_json::json;

use super::{
    Session, history,
    out::{data, say},
};
use crate::{
    domain::{
        checked::FieldError,
        completeness::Question,
        event::{self, ProductionEvent},
        record_text,
    },
    i18n::{problems::field_name, record},
    service::{
        ServiceError,
        event_relations::{self, RelationKind},
        event_text::{self, FIELDS},
        events,
    },
    web::api::event_json,
};

/// Events: show, change, mark, relate. 事件：查看、修改、标记、关联。
///
/// fupan event edit PE-22 detected=15:02 loss_actual=1.2万 services='提现 25%; 15:10 60%'
#[derive(Debug, Subcommand)]
pub(super) enum Event {
    /// The whole record of an event.
    Show {
        /// PE-22.
        event: String,
    },
    /// Change fields: `field=value`; an empty value empties the field, `?` says that nobody can tell.
    #[command(after_help = EDIT_HELP)]
    Edit {
        /// PE-22.
        event: String,
        /// `field=value`, as often as needed.
        #[arg(value_name = "FIELD=VALUE", required_unless_present = "sets")]
        fields: Vec<String>,
        /// The same, as an option.
        #[arg(long = "set", value_name = "FIELD=VALUE")]
        sets: Vec<String>,
        /// Only while the event is still in this version.
        #[arg(long)]
        version: Option<i64>,
    },
    /// What the record still lacks, the most useful first; a star marks what the postmortem needs.
    Missing {
        /// PE-22.
        event: String,
    },
    /// Mark a point of the clock: detected, acknowledged, located, mitigated or recovered; now unless --at says when.
    Mark {
        /// PE-22.
        event: String,
        /// The point.
        point: String,
        /// 15:30, or 2024-08-19 15:30.
        #[arg(long)]
        at: Option<String>,
    },
    /// Delete an event; `restore` brings it back.
    Delete(history::Delete),
    /// Bring a deleted event back.
    Restore(history::Restore),
    /// Take back the last change of an event, within a minute and before anybody else changes it.
    Undo(history::Undo),
    /// Say what an event is to another one: related, duplicate or recurrence (of it).
    Relate {
        /// PE-22.
        event: String,
        /// related, duplicate or recurrence.
        kind: String,
        /// The other one: the original, or the one that came first.
        other: String,
        /// Take it away instead.
        #[arg(long)]
        remove: bool,
    },
}

const EDIT_HELP: &str = "\
Fields 字段:
  occurred detected acknowledged located mitigated recovered
              15:02, 08/19 15:02, 2024-08-19 15:02; a day alone: 2024-08-19
  kind        normal, drill, maintenance
  detection   monitoring, customer, staff, reconciliation, other
  impacts     约684笔; 12户; 3200元
  services    提现 25%; 15:10 60% | 代付 100%
  loss_expected loss_actual loss_recovered
              yuan 元: 3200, 1.2万, 0
  responsibility  渠道组 50% | 支付组 50%
  tags links viewers restricted severity cause cause_category change_link
  narrative summary impact recovery week";

pub(super) async fn run(session: &Session, command: Event) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match command {
        Event::Show { event } => {
            let event = events::get(app, actor, number(&event)?).await?;
            show(session, &event).await
        }
        Event::Edit { event, fields, sets, version } => {
            let number = number(&event)?;
            let texts = fields.iter().chain(&sets).map(|set| assignment(set)).collect::<Result<Vec<_>, _>>()?;
            let before = events::get(app, actor, number).await?;
            let directory = event_text::directory(app, actor).await?;
            let patch = event_text::patch(app, &before.fields, &directory, &texts).map_err(ServiceError::from)?;
            let after = events::update(app, actor, number, version.unwrap_or(before.version), patch).await?;
            if after.version == before.version {
                say(&format!("{} 没有变化", after.label()));
            }
            show(session, &after).await
        }
        Event::Missing { event } => {
            let questions = events::missing(app, actor, number(&event)?).await?;
            if session.json {
                let rows: Vec<_> = questions.iter().map(question).collect();
                data(&json!({"data": rows}).to_string());
                return Ok(());
            }
            for question in &questions {
                let star = if question.required { "*" } else { " " };
                data(&format!(
                    "{star} {}\t{}",
                    question.field,
                    record::question(record::texts("zh-CN"), question.field)
                ));
            }
            if questions.is_empty() {
                say("没有缺的了");
            }
            Ok(())
        }
        Event::Mark { event, point, at } => {
            let number = number(&event)?;
            let point = event_text::FIELDS
                .into_iter()
                .find(|have| *have == point && crate::domain::event_record::CLOCK_NAMES.contains(have))
                .ok_or_else(|| {
                    let remedy = "write detected, acknowledged, located, mitigated or recovered";
                    ServiceError::from(FieldError::shape("point", remedy))
                })?;
            let before = events::get(app, actor, number).await?;
            let at = match at {
                None => None,
                Some(text) => {
                    let near = event_text::near(app, &before.fields);
                    record_text::clock(event::clock_field(point), &text, near).map_err(ServiceError::from)?
                }
            };
            let after = events::mark(app, actor, number, point, at.map(|point| point.at)).await?;
            show(session, &after).await
        }
        Event::Delete(delete) => history::delete(session, delete).await,
        Event::Restore(restore) => history::restore(session, restore).await,
        Event::Undo(undo) => history::undo(session, undo).await,
        Event::Relate { event, kind, other, remove } => {
            let (number, other) = (number(&event)?, number(&other)?);
            let kind = RelationKind::from_code(&kind).ok_or_else(|| {
                ServiceError::from(FieldError::shape("relation", "write related, duplicate or recurrence"))
            })?;
            if remove {
                event_relations::remove(app, actor, number, kind, other).await?;
            } else {
                event_relations::add(app, actor, number, kind, other).await?;
            }
            show(session, &events::get(app, actor, number).await?).await
        }
    }
}

fn question(question: &Question) -> serde_json::Value {
    json!({
        "field": question.field, "reason": question.reason.code(), "required": question.required,
        "may_be_unknown": question.may_be_unknown,
    })
}

fn number(label: &str) -> Result<i64, ServiceError> {
    event::number_of(label).ok_or_else(|| FieldError::shape("event", format!("“{label}”: write PE-1")).into())
}

fn assignment(set: &str) -> Result<(String, String), ServiceError> {
    let (name, text) =
        set.split_once('=').ok_or_else(|| FieldError::shape("set", "write --set field=value, like detected=15:02"))?;
    Ok((name.trim().to_owned(), text.to_owned()))
}

async fn show(session: &Session, event: &ProductionEvent) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    if session.json {
        data(&event_json(app, event).to_string());
        return Ok(());
    }
    let directory = event_text::directory(app, actor).await?;
    data(&format!("{}\t{}\tversion {}", event.label(), event.title(), event.version));
    for name in FIELDS {
        let text = event_text::show(app, event, name, &directory);
        if text.is_empty() || (name == "restricted" && !event.fields.restricted) {
            continue;
        }
        data(&format!("{name}\t{}\t{}", field_name(event::clock_name_field(name)), text.replace('\n', " ⏎ ")));
    }
    for relation in event_relations::of_event(app, actor, event.number).await? {
        let words = record::relation(record::texts("zh-CN"), relation.kind, relation.outgoing);
        data(&format!("relation\t{words}\t{} {}", relation.other.label(), relation.other.title()));
    }
    Ok(())
}
