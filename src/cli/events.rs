//! `fupan events`: find events, and change many at once; `fupan view`: saved views.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Exit, FAILED, Session,
    out::{data, say},
};
use crate::{
    domain::{checked::FieldError, event, event_record::EventKind, highlight::MarkedPart, vocabulary},
    i18n::problems,
    service::{
        ServiceError,
        bulk_edit::{self, BulkChange, BulkOutcome},
        event_text,
        saved_views::{self, ViewChange},
        search::{self, EventCursor, EventOrder, Hit, Listing},
    },
    web::api,
};

/// 查找事件。 Find events.
#[derive(Debug, Args)]
#[command(
    after_help = "例 Examples:\n  fupan events \"提现 -风控 severity:C|未定级 state:owed\"\n  fupan events \"week:2024-W34\" --set add-tag=大促 --set kind=drill\n\n筛选 Filters: severity 等级, state 状态, owner 负责人, service 业务, team 团队, tag 标签, week 周, from 从, to 到,\ncause 原因类别, kind 类型, detection 发现方式, ongoing 未恢复, overdue 逾期, has 有, number 编号, period 期间 (docs/search.md)\n\n--set: add-tag=…, remove-tag=…, add-service=…, remove-service=…, kind=演练, team=渠道组 50% | 支付组 50%, owner=…"
)]
pub(super) struct Events {
    /// 词和筛选；以减号开头的放进引号，或写在 -- 之后。 Words and filters: 提现 severity:C from:2024-08-01; what begins with a minus inside quotation marks with others, or behind --.
    query: Vec<String>,
    /// 保存的视图，它的查询在前。 A saved view, whose query comes before the words.
    #[arg(long)]
    view: Option<String>,
    /// 排序：相关度、最新、最早。 relevance, newest or oldest.
    #[arg(long)]
    order: Option<String>,
    /// 几条，1 到 200。 How many, 1 to 200.
    #[arg(long, default_value_t = 50)]
    limit: u64,
    /// 从哪里接着列，取自上一页。 Where the page begins, as the page before said.
    #[arg(long)]
    cursor: Option<String>,
    /// 修改找到的事件。 Change the events that were found: add-tag=…, remove-tag=…, add-service=…, remove-service=…, kind=…, team=…, owner=….
    #[arg(long, value_name = "WHAT=VALUE")]
    set: Vec<String>,
    /// 与 --set 一起，只列出会改哪些。 With --set: only say which events would be changed.
    #[arg(long, requires = "set")]
    dry_run: bool,
}

/// 保存的视图。 Saved views.
#[derive(Debug, Subcommand)]
pub(super) enum View {
    /// 自己的和共享的。 One's own and the shared ones.
    List,
    /// 把查询存成视图。 Save a query under a name.
    Save {
        /// 名称。 What to call it.
        name: String,
        /// 词和筛选。 Words and filters.
        query: String,
        /// 排序：相关度、最新、最早。 relevance, newest or oldest.
        #[arg(long)]
        order: Option<String>,
        /// 所有人可见。 For everybody.
        #[arg(long)]
        shared: bool,
    },
    /// 删除视图。 Remove a view.
    Remove {
        /// 名称。 Its name.
        name: String,
    },
}

pub(super) async fn run(session: &Session, asked: Events) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    // What the shell made one argument is one argument: `fupan events a b` and `fupan events "a b"` are the same.
    let mut text = asked.query.join(" ");
    let mut order = asked.order.clone();
    if let Some(name) = &asked.view {
        let view = saved_views::by_name(app, actor, name).await?;
        text = format!("{} {text}", view.query);
        order.get_or_insert(view.sort);
    }
    let order = order.map_or(Ok(EventOrder::Relevance), |code| {
        EventOrder::from_code(&code)
            .ok_or_else(|| ServiceError::from(FieldError::shape("order", vocabulary::ORDER.remedy())))
    })?;
    let query = search::parse(app, &text)?;
    let after = asked.cursor.as_deref().map(cursor).transpose()?;
    let listing = Listing { query, order, after, limit: asked.limit };
    if !asked.set.is_empty() {
        return change(session, &listing, &asked).await;
    }
    let page = search::hits(app, actor, &listing).await?;
    if session.json {
        let rows: Vec<_> = page.events.iter().map(|hit| as_json(session, hit)).collect();
        let next = page.next.map(|next| format!("{}.{}", next.group, next.order_key));
        data(&json!({"data": rows, "next_cursor": next}).to_string());
        return Ok(());
    }
    for hit in &page.events {
        let event = &hit.event;
        let began = event.occurred.map_or_else(
            || "-".to_owned(),
            |point| point.at.with_timezone(&app.zone).format("%Y-%m-%d %H:%M").to_string(),
        );
        let severity = event.severity.as_deref().unwrap_or("未定级");
        let mark = if event.state.is_owed() { "【待复盘】" } else { "" };
        let mut line = format!("{}\t{began}\t{severity}\t{}{mark}", event::label(event.number), plain(&hit.title));
        if !hit.snippet.is_empty() {
            line.push_str(&format!("\t{}", plain(&hit.snippet)));
        }
        data(&line);
    }
    match page.next {
        Some(next) => say(&format!("还有更多 more: --cursor {}.{}", next.group, next.order_key)),
        None if page.events.is_empty() => say("没有符合条件的事件 no event fits"),
        None => {}
    }
    Ok(())
}

fn plain(parts: &[MarkedPart]) -> String {
    let text: String = parts.iter().map(|part| part.text.as_str()).collect();
    text.replace(['\t', '\n', '\r'], " ")
}

fn as_json(session: &Session, hit: &Hit) -> serde_json::Value {
    let event = &hit.event;
    let at = |point: Option<crate::domain::clock_point::ClockPoint>| {
        point.map(|point| point.at.with_timezone(&session.app.zone).to_rfc3339())
    };
    json!({
        "number": event.number,
        "label": event::label(event.number),
        "version": event.version,
        "occurred_at": at(event.occurred),
        "recovered_at": at(event.recovered),
        "severity": event.severity,
        "kind": event.kind.code(),
        "title": plain(&hit.title),
        "impact": event.impact,
        "postmortem": event.state.code(),
        "due_on": event.due_on,
        // The title where it has the words, as in the API.
        "snippet": api::snippet(&hit.snippet).or_else(|| api::snippet(&hit.title)),
    })
}

fn cursor(text: &str) -> Result<EventCursor, ServiceError> {
    let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
    let (group, key) = text.split_once('.').ok_or_else(wrong)?;
    Ok(EventCursor { group: group.parse().map_err(|_| wrong())?, order_key: key.parse().map_err(|_| wrong())? })
}

async fn change(session: &Session, listing: &Listing, asked: &Events) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let mut change = BulkChange::default();
    for set in &asked.set {
        let wrong = || {
            let known = "add-tag=…, remove-tag=…, add-service=…, remove-service=…, kind=…, team=… or owner=…";
            ServiceError::from(FieldError::shape("set", format!("“{set}”: write {known}")))
        };
        let (what, value) = set.split_once('=').ok_or_else(wrong)?;
        let one = [value.to_owned()];
        match what {
            "add-tag" => change.add_tags.push(value.to_owned()),
            "remove-tag" => change.remove_tags.push(value.to_owned()),
            "add-service" => change.add_services.extend(search::services_named(app, actor, &one).await?),
            "remove-service" => change.remove_services.extend(search::services_named(app, actor, &one).await?),
            "kind" => {
                let code = vocabulary::KIND.read("kind", value).map_err(ServiceError::from)?;
                change.kind = EventKind::from_code(code);
            }
            "team" | "responsibility" => {
                change.responsibility = Some(event_text::teams_named(app, actor, value).await?);
            }
            "owner" => change.owner = Some(search::person_named(app, actor, value).await?),
            _ => return Err(wrong().into()),
        }
    }
    let page = search::list(app, actor, listing).await?;
    if page.events.is_empty() {
        return Err(ServiceError::NotFound("event that fits".to_owned()).into());
    }
    if asked.dry_run {
        for event in &page.events {
            data(&format!("{}\t{}", event::label(event.number), search::title_of(&event.text)));
        }
        say(&format!("会修改 {} 起事件 events would be changed", page.events.len()));
        return Ok(());
    }
    let chosen: Vec<(i64, Option<i64>)> = page.events.iter().map(|event| (event.number, Some(event.version))).collect();
    let results = bulk_edit::change(app, actor, &chosen, &change).await?;
    let mut refused = 0;
    let mut rows = Vec::new();
    for result in &results {
        let (outcome, detail) = match &result.outcome {
            BulkOutcome::Done(_) => ("done", None),
            BulkOutcome::Unchanged(_) => ("unchanged", None),
            BulkOutcome::Refused(error) => {
                refused += 1;
                ("refused", Some(format!("{} ({error})", problems::chinese(error))))
            }
        };
        let label = event::label(result.number);
        if session.json {
            rows.push(json!({"label": label, "outcome": outcome, "detail": detail}));
        } else {
            let detail = detail.map(|detail| format!("\t{detail}")).unwrap_or_default();
            data(&format!("{label}\t{outcome}{detail}"));
        }
    }
    if session.json {
        data(&json!({"results": rows}).to_string());
    }
    if page.next.is_some() {
        say("还有更多事件符合条件，再运行一次 more events fit: run it again");
    }
    if refused > 0 {
        return Err(Exit(FAILED).into());
    }
    Ok(())
}

pub(super) async fn run_view(session: &Session, view: View) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match view {
        View::List => {
            let views = saved_views::list(app, actor).await?;
            if session.json {
                let rows: Vec<_> = views
                    .iter()
                    .map(|view| json!({"name": view.name, "query": view.query, "order": view.sort, "shared": view.shared}))
                    .collect();
                data(&json!({"data": rows}).to_string());
            } else {
                for view in &views {
                    let shared = if view.shared { "共享" } else { "-" };
                    data(&format!("{}\t{shared}\t{}\t{}", view.name, view.sort, view.query));
                }
            }
        }
        View::Save { name, query, order, shared } => {
            let change = ViewChange { name: Some(name), shared: Some(shared), query: Some(query), sort: order };
            let view = saved_views::create(app, actor, change).await?;
            say(&format!("已保存 saved: {}", view.name));
        }
        View::Remove { name } => {
            let view = saved_views::by_name(app, actor, &name).await?;
            saved_views::remove(app, actor, view.id, Some(view.version)).await?;
            say(&format!("已删除 removed: {}", view.name));
        }
    }
    Ok(())
}

pub(super) async fn reindex(session: &Session) -> anyhow::Result<()> {
    search::index_all(&session.app, &session.actor).await?;
    say("搜索索引已重建 the search index is made anew");
    Ok(())
}
