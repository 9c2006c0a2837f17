//! `fupan action`: action items.

use clap::{Args, Subcommand};

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        action_item::{self, ActionState},
        checked::FieldError,
        event,
    },
    i18n::actions as texts,
    service::{
        ServiceError,
        action_items::{self, ActionPatch, Listed, Move},
        events::Created,
    },
    web::api::action_items::{ActionQuery, body, cursor_text, list_body, person, priority_of},
};

/// 改进项。 Action items: write down, list, edit, move on.
#[derive(Debug, Subcommand)]
pub(super) enum ActionCommand {
    /// 按截止日期列出。 By due date, those that are not closed.
    List(List),
    /// 写下一条。 Write one down.
    Add {
        /// PE-1.
        event: String,
        /// 要做什么。 What is to be done.
        title: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// 查看一条。 Show one.
    Show {
        /// AI-1.
        item: String,
    },
    /// 编辑。 Edit one.
    Edit {
        /// AI-1.
        item: String,
        /// 要做什么。 What is to be done.
        #[arg(long)]
        title: Option<String>,
        #[command(flatten)]
        fields: Fields,
        #[command(flatten)]
        seen: Seen,
    },
    /// 开始处理。 Begin it.
    Start {
        /// AI-1.
        item: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 提交验收。 Hand it over for verification.
    Submit {
        /// AI-1.
        item: String,
        /// 证据（Markdown）。 What shows that it is done (Markdown).
        #[arg(long)]
        evidence: Option<String>,
        #[command(flatten)]
        seen: Seen,
    },
    /// 验收通过。 Verify it.
    Verify {
        /// AI-1.
        item: String,
        /// 验收人的邮箱，不能是负责人。 E-mail of who verified it; not its owner.
        #[arg(long)]
        verifier: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 验收退回。 Send it back from verification.
    SendBack {
        /// AI-1.
        item: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 不做。 Leave it undone.
    WontDo {
        /// AI-1.
        item: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 重新打开。 Open it again.
    Reopen {
        /// AI-1.
        item: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 删除。 Remove one.
    Remove {
        /// AI-1.
        item: String,
        #[command(flatten)]
        seen: Seen,
    },
}

/// 以哪个版本为准。 The version that was looked at.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Seen {
    /// 以这个版本为准（见 fupan action show）；已被别人改过就什么也不做，退出码 6。 The version that you saw (fupan action show); changed since, nothing is done: exit code 6.
    #[arg(long)]
    version: Option<i64>,
}

/// 哪些改进项。 Which items.
#[derive(Debug, Args)]
pub(super) struct List {
    /// 状态，逗号分隔；todo 未关闭（默认），all 全部。 States with commas between, todo (the default) or all.
    #[arg(long)]
    state: Option<String>,
    /// 负责人的邮箱，- 为未指定。 E-mail of the owner; - for nobody.
    #[arg(long, allow_hyphen_values = true)]
    owner: Option<String>,
    /// 团队名称，- 为未指定。 Name of the team; - for none.
    #[arg(long, allow_hyphen_values = true)]
    team: Option<String>,
    /// 只看逾期。 Due before today.
    #[arg(long)]
    overdue: bool,
    /// 这一周到期的，如 2024-W34。 Due in this week, 2024-W34.
    #[arg(long)]
    due_week: Option<String>,
    /// 只看这起事件的，如 PE-1。 Of this event alone: PE-1.
    #[arg(long)]
    event: Option<String>,
    /// 从哪里接着列。 Where the page begins.
    #[arg(long)]
    cursor: Option<String>,
    /// 每页几条，最多 200。 Items on a page, at most 200.
    #[arg(long)]
    limit: Option<u64>,
}

/// 可以设的。 What can be set.
#[derive(Debug, Args)]
pub(super) struct Fields {
    /// 说明（Markdown）。 Details (Markdown).
    #[arg(long)]
    detail: Option<String>,
    /// 优先级：高、中、低。 high, medium or low.
    #[arg(long)]
    priority: Option<String>,
    /// 负责人：邮箱、姓名或编号，none 为未指定。 E-mail, name or id of the owner; none for nobody.
    #[arg(long)]
    owner: Option<String>,
    /// 团队名称，none 为未指定。 Name of the team; none for none.
    #[arg(long)]
    team: Option<String>,
    /// 截止日期，如 2024-08-27；policy 为按等级。 Due date, 2024-08-27; policy to follow the policy of the level.
    #[arg(long)]
    due: Option<String>,
    /// 外部工单的链接，none 为没有。 Address of the ticket in another tool; none for none.
    #[arg(long)]
    ticket: Option<String>,
}

impl Fields {
    fn patch(self, title: Option<String>) -> Result<ActionPatch, FieldError> {
        let or_none = |value: Option<String>| value.map(|value| Some(value).filter(|value| value != "none"));
        let due_on = match self.due.as_deref() {
            None => None,
            Some("policy") => Some(None),
            Some(day) => {
                Some(Some(day.parse().map_err(|_| FieldError::shape("due_on", "write a day like 2024-08-27"))?))
            }
        };
        Ok(ActionPatch {
            title,
            detail: or_none(self.detail),
            priority: self.priority.as_deref().map(priority_of).transpose()?,
            owner: or_none(self.owner).map(|owner| owner.map(person)),
            team: or_none(self.team),
            due_on,
            ticket_url: or_none(self.ticket),
        })
    }
}

pub(super) async fn run(session: &Session, command: ActionCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let with_reason = |to, reason| Move { reason: Some(reason), ..Move::to(to) };
    let (item, seen, asked) = match command {
        ActionCommand::List(query) => return list(session, query).await,
        ActionCommand::Add { event, title, fields } => {
            let number = event_number(&event)?;
            let patch = fields.patch(Some(title)).map_err(ServiceError::from)?;
            let made = action_items::create(app, actor, number, patch, None).await?;
            let Created::New(item) = made else { anyhow::bail!("a request without a key was answered before") };
            return show(session, item.number).await;
        }
        ActionCommand::Show { item } => return show(session, item_number(&item)?).await,
        ActionCommand::Edit { item, title, fields, seen } => {
            let number = item_number(&item)?;
            let patch = fields.patch(title).map_err(ServiceError::from)?;
            if patch == ActionPatch::default() {
                anyhow::bail!("name what to change: --title, --owner, --due …");
            }
            let version = match seen.version {
                Some(version) => version,
                None => action_items::get(app, actor, number).await?.item.version,
            };
            action_items::update(app, actor, number, version, patch).await?;
            return show(session, number).await;
        }
        ActionCommand::Remove { item, seen } => {
            let listed = action_items::get(app, actor, item_number(&item)?).await?;
            let version = seen.version.unwrap_or(listed.item.version);
            action_items::delete(app, actor, listed.item.number, version).await?;
            say(&format!("已删除 {} removed", listed.item.label()));
            return Ok(());
        }
        ActionCommand::Start { item, seen } => (item, seen, Move::to(ActionState::InProgress)),
        ActionCommand::Submit { item, evidence, seen } => {
            (item, seen, Move { evidence, ..Move::to(ActionState::InVerification) })
        }
        ActionCommand::Verify { item, verifier, seen } => {
            (item, seen, Move { verifier: Some(person(verifier)), ..Move::to(ActionState::Done) })
        }
        ActionCommand::SendBack { item, reason, seen } => (item, seen, with_reason(ActionState::InProgress, reason)),
        ActionCommand::WontDo { item, reason, seen } => (item, seen, with_reason(ActionState::WontDo, reason)),
        ActionCommand::Reopen { item, reason, seen } => (item, seen, with_reason(ActionState::Open, reason)),
    };
    let number = item_number(&item)?;
    action_items::move_to(app, actor, number, seen.version, asked).await?;
    show(session, number).await
}

fn event_number(label: &str) -> Result<i64, ServiceError> {
    event::number_of(label).ok_or_else(|| FieldError::shape("event", format!("“{label}”: write PE-1")).into())
}

fn item_number(label: &str) -> Result<i64, ServiceError> {
    action_item::number_of(label)
        .ok_or_else(|| FieldError::shape("action_item", format!("“{label}”: write AI-1")).into())
}

/// `AI-1 ⇥ 2024-09-18 ⇥ 值班 ⇥ 待处理 ⇥ PE-1 ⇥ 加告警`.
fn row(listed: &Listed) -> String {
    let item = &listed.item;
    let due = item.fields.due_on.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let owner = listed.owner.as_deref().unwrap_or("未指定");
    let state = texts::state(item.state, true);
    format!("{}\t{due}\t{owner}\t{state}\t{}\t{}", item.label(), listed.event.label(), item.fields.title)
}

async fn show(session: &Session, number: i64) -> anyhow::Result<()> {
    let listed = action_items::get(&session.app, &session.actor, number).await?;
    if session.json {
        data(&serde_json::to_string(&body(&session.app, &listed))?);
        return Ok(());
    }
    data(&row(&listed));
    let item = &listed.item;
    let lines = [
        ("说明 details", &item.fields.detail),
        ("证据 evidence", &item.evidence),
        ("验收人 verified by", &listed.verifier),
        ("理由 reason", &item.reason),
        ("工单 ticket", &item.fields.ticket_url),
        ("版本 version", &Some(item.version.to_string())),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            data(&format!("{name}: {value}"));
        }
    }
    Ok(())
}

async fn list(session: &Session, query: List) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    if let Some(event) = query.event {
        let items = action_items::of_event(app, actor, event_number(&event)?).await?;
        return print(session, &items, None);
    }
    let query = ActionQuery {
        state: query.state,
        owner: query.owner,
        team: query.team,
        overdue: query.overdue.then_some(true),
        due_week: query.due_week,
        cursor: query.cursor,
        limit: query.limit,
    };
    let filter = query.filter(app, actor).await?;
    let after = query.after().map_err(ServiceError::from)?;
    let page = action_items::list(app, actor, &filter, after, query.limit.unwrap_or(200)).await?;
    print(session, &page.items, page.next)
}

fn print(session: &Session, items: &[Listed], next: Option<action_items::ActionCursor>) -> anyhow::Result<()> {
    if session.json {
        data(&serde_json::to_string(&list_body(&session.app, items, next))?);
        return Ok(());
    }
    for listed in items {
        data(&row(listed));
    }
    let today = session.app.today();
    let late = items.iter().filter(|listed| listed.item.is_overdue(today)).count();
    say(&format!("改进项 {} 项，逾期 {late} 项", items.len()));
    if let Some(next) = next {
        say(&format!("还有：--cursor {}", cursor_text(next)));
    }
    Ok(())
}
