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
        clock_point::ClockPoint,
        completeness::Question,
        event::{self, ProductionEvent},
        record_text, vocabulary,
    },
    i18n::{self, problems::field_name, record, restated, texts},
    service::{
        ServiceError,
        event_relations::{self, RelationKind},
        event_text::{self, FIELDS},
        events,
    },
    web::api::event_json,
};

/// 事件：查看、修改、标记、关联、删除、恢复、撤销。 Events: show, change, mark, relate, delete, restore, undo.
///
/// fupan event edit PE-22 detected=15:02 loss_actual=1.2万 services='提现 25%; 15:10 60%'
#[derive(Debug, Subcommand)]
pub(super) enum Event {
    /// 一起事件的全部要素。 The whole record of an event.
    Show {
        /// PE-22.
        event: String,
    },
    /// 修改要素：字段=值；值空着是清空，? 是不知道。 Change fields: `field=value`; an empty value empties the field, `?` says that nobody can tell.
    #[command(after_help = EDIT_HELP)]
    Edit {
        /// PE-22.
        event: String,
        /// 字段=值，可以写几个。 `field=value`, as often as needed.
        #[arg(value_name = "FIELD=VALUE", required_unless_present = "sets")]
        fields: Vec<String>,
        /// 同上，写成选项。 The same, as an option.
        #[arg(long = "set", value_name = "FIELD=VALUE")]
        sets: Vec<String>,
        /// 只在事件还是这个版本时。 Only while the event is still in this version.
        #[arg(long)]
        version: Option<i64>,
    },
    /// 还缺什么，最有用的在前；* 为复盘完成前要填的。 What the record still lacks, the most useful first; a star marks what the postmortem needs.
    Missing {
        /// PE-22.
        event: String,
    },
    /// 标记时间点：发现、响应、定位、止损、恢复；不写 --at 就是现在。 Mark a point of the clock: detected, acknowledged, located, mitigated or recovered; now unless --at says when.
    Mark {
        /// PE-22.
        event: String,
        /// 时间点。 The point.
        point: String,
        /// 时间，如 15:30。 15:30, or 2024-08-19 15:30.
        #[arg(long)]
        at: Option<String>,
    },
    /// 删除事件，可用 restore 恢复。 Delete an event; `restore` brings it back.
    Delete(history::Delete),
    /// 恢复已删除的事件。 Bring a deleted event back.
    Restore(history::Restore),
    /// 撤销最近一次修改，一分钟内、别人没有再改时。 Take back the last change of an event, within a minute and before anybody else changes it.
    Undo(history::Undo),
    /// 关联两起事件：相关、重复、再次发生。 Say what an event is to another one: related, duplicate or recurrence (of it).
    Relate {
        /// PE-22.
        event: String,
        /// 相关、重复 或 再次发生。 related, duplicate or recurrence.
        kind: String,
        /// 另一起：原事件，或先发生的那起。 The other one: the original, or the one that came first.
        other: String,
        /// 改为移除。 Take it away instead.
        #[arg(long)]
        remove: bool,
    },
}

const EDIT_HELP: &str = "\
字段 Fields（中英文都可以 either language）:
  发生 occurred  发现 detected  响应 acknowledged  定位 located  止损 mitigated  恢复 recovered
      15:02, 08/19 15:02, 2024-08-19 15:02; 只知道日期 a day alone: 2024-08-19
  性质 kind                正常 normal, 演练 drill, 维护 maintenance
  发现方式 detection       监控告警 monitoring, 客户反馈 customer, 内部员工 staff, 对账 reconciliation, 其他 other
  原因类别 cause_category  变更 change, 容量 capacity, 外部依赖 dependency, 网络 network, 硬件 hardware, 数据 data,
                           安全 security, 流程 process, 不知道 unknown
  影响数量 impacts         约684笔; 12户; 3200元
  业务 services            提现 25%; 15:10 60% | 代付 100%
  预计资损 loss_expected  实际资损 loss_actual  追回金额 loss_recovered
      元 yuan: 3200, 1.2万, 0
  定责 responsibility      渠道组 50% | 支付组 50%
  等级 severity  标签 tags  链接 links  关联变更 change_link  限制可见 restricted  可见的人 viewers
  周报句子 narrative  现象 summary  影响 impact  原因 cause  处理 recovery  周 week  不知道的项 unknown";

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
            tell_next_days(session, &texts, &after);
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
            let point = vocabulary::POINT.read("point", &point).map_err(ServiceError::from)?;
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
            let kind = vocabulary::RELATION
                .code_of(&kind)
                .and_then(RelationKind::from_code)
                .ok_or_else(|| ServiceError::from(FieldError::shape("relation", vocabulary::RELATION.remedy())))?;
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

/// Says of times without a day that were read as those of a day after the beginning.
fn tell_next_days(session: &Session, texts: &[(String, String)], event: &ProductionEvent) {
    let zone = session.app.zone;
    let day = |point: ClockPoint| point.at.with_timezone(&zone).date_naive();
    let Some(begun) = event.fields.occurred.map(day) else { return };
    for (name, text) in texts.iter().filter(|(_, text)| text.trim().len() <= 5 && text.contains(':')) {
        let code = vocabulary::POINT.code_of(name);
        let point = event.fields.clock().into_iter().find(|(point, _)| Some(*point) == code).and_then(|(_, at)| at);
        if let Some(later) = point.map(day).filter(|day| *day > begun) {
            say(&format!(
                "{name}={text} 早于发生时刻，按 {later} 理解 read as {later}, because it is earlier than the beginning"
            ));
        }
    }
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
        let words = match name {
            "kind" => vocabulary::KIND.words(&text, true),
            "detection" => vocabulary::DETECTION.words(&text, true),
            "cause_category" => vocabulary::CAUSE.words(&text, true),
            "restricted" => Some(i18n::history::words(true).yes),
            _ => None,
        };
        let text = words.map_or(text, str::to_owned);
        if text.is_empty() || (name == "restricted" && !event.fields.restricted) {
            continue;
        }
        data(&format!("{name}\t{}\t{}", field_name(event::clock_name_field(name)), text.replace('\n', " ⏎ ")));
    }
    let postmortem = &event.postmortem;
    let due = postmortem.due_on.filter(|_| postmortem.state.is_owed());
    let due = due.map(|day| format!("，截止 {day}")).unwrap_or_default();
    data(&format!("postmortem\t复盘\t{}{due}", restated::state_words(texts("zh-CN"), postmortem.state)));
    for relation in event_relations::of_event(app, actor, event.number).await? {
        let words = record::relation(record::texts("zh-CN"), relation.kind, relation.outgoing);
        data(&format!("relation\t{words}\t{} {}", relation.other.label(), relation.other.title()));
    }
    Ok(())
}
