//! `fupan timeline`: the timeline of an event.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{checked::FieldError, event},
    i18n,
    service::{
        ServiceError,
        events::{self, Created},
        timeline::{self, EntryPatch, TimelineItem, Wanted},
    },
    web::api,
};

/// 时间线：查看、补记、修改、删除、标星。 The timeline of an event.
#[derive(Debug, Args)]
pub(super) struct Timeline {
    /// PE-1.
    event: String,
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// 列出（默认）。 List it (the default).
    List {
        /// 已删除的也列出。 Removed lines too.
        #[arg(long)]
        removed: bool,
    },
    /// 补记一行或几行，时间写在前面："03:12 切换备用渠道"。 Add lines, the time in front.
    Add {
        /// 发生了什么，- 为标准输入。 What happened; `-` reads from standard input.
        text: String,
        /// 时间；写了就是一行。 When, 2024-08-19T03:12:00+08:00; then the text is one entry.
        #[arg(long)]
        at: Option<DateTime<Utc>>,
    },
    /// 修改一行。 Change a line.
    Edit {
        /// 列表里的编号。 Its handle in the list.
        entry: String,
        /// 发生了什么。 What happened.
        #[arg(long)]
        text: Option<String>,
        /// 时间。 When.
        #[arg(long)]
        at: Option<DateTime<Utc>>,
    },
    /// 删除一行，留痕。 Remove a line; a trace stays.
    Rm {
        /// 列表里的编号。 Its handle in the list.
        entry: String,
    },
    /// 标星：写进复盘。 Star an entry: it goes into the postmortem.
    Star {
        /// 列表里的编号。 Its handle in the list.
        entry: String,
        /// 取消标星。 Take the star away.
        #[arg(long)]
        off: bool,
    },
}

/// The last 8 digits of an id: those that differ.
fn handle(id: Uuid) -> String {
    let text = id.simple().to_string();
    text.get(24..).unwrap_or(&text).to_owned()
}

pub(super) async fn run(session: &Session, command: Timeline) -> anyhow::Result<()> {
    let number = number_of(&command.event)?;
    let (app, actor) = (&session.app, &session.actor);
    match command.act.unwrap_or(Act::List { removed: false }) {
        Act::List { removed } => list(session, number, removed).await,
        Act::Add { text, at } => {
            let text = if text == "-" { std::io::read_to_string(std::io::stdin())? } else { text };
            match timeline::add(app, actor, number, at, &text, None).await? {
                Created::New(entries) => {
                    for entry in entries.iter() {
                        let at = i18n::postmortem::local(app, entry.at);
                        let at = at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
                        data(&format!("{}\t{at}\t{}", handle(entry.id), entry.text.replace('\n', " ")));
                    }
                    say(&format!("已补记 {} 行", entries.len()));
                }
                Created::Before(_) => say("已经记过"),
            }
            Ok(())
        }
        Act::Edit { entry, text, at } => {
            if text.is_none() && at.is_none() {
                anyhow::bail!("name --text or --at");
            }
            let id = entry_of(session, number, &entry).await?;
            timeline::edit(app, actor, number, id, None, EntryPatch { at, text }).await?;
            say(&format!("{} 已修改", handle(id)));
            Ok(())
        }
        Act::Rm { entry } => {
            let id = entry_of(session, number, &entry).await?;
            timeline::remove(app, actor, number, id, None).await?;
            say(&format!("{} 已删除；--removed 还能看到", handle(id)));
            Ok(())
        }
        Act::Star { entry, off } => {
            let id = entry_of(session, number, &entry).await?;
            timeline::star(app, actor, number, id, !off).await?;
            say(&format!("{} {}", handle(id), if off { "已取消标星" } else { "已标星，会写进复盘" }));
            Ok(())
        }
    }
}

/// The number of a label as typed.
pub(super) fn number_of(label: &str) -> Result<i64, ServiceError> {
    event::number_of(label).ok_or_else(|| FieldError::shape("event", format!("“{label}”: write PE-1")).into())
}

async fn items(session: &Session, number: i64, removed: bool) -> anyhow::Result<Vec<TimelineItem>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let limit = timeline::PAGE_LIMIT;
        let wanted = Wanted { kind: None, removed };
        let page = timeline::page(&session.app, &session.actor, number, after.as_ref(), limit, wanted).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// The entry of a handle: the end or the whole of its id.
async fn entry_of(session: &Session, number: i64, typed: &str) -> anyhow::Result<Uuid> {
    let wanted = typed.trim().replace('-', "").to_lowercase();
    let fits =
        |item: &TimelineItem| item.id().filter(|id| wanted.len() >= 6 && id.simple().to_string().ends_with(&wanted));
    let found: Vec<Uuid> = items(session, number, false).await?.iter().filter_map(fits).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(ServiceError::NotFound(format!("timeline entry {typed}; the list names them")).into()),
        _ => anyhow::bail!("“{typed}” names several entries; write more of it"),
    }
}

async fn list(session: &Session, number: i64, removed: bool) -> anyhow::Result<()> {
    let event = events::get(&session.app, &session.actor, number).await?;
    let all = items(session, number, removed).await?;
    if session.json {
        let rows: Vec<_> = all.iter().map(|item| api::timeline::body(&session.app, &event, item, true)).collect();
        data(&serde_json::json!({"data": rows, "next_cursor": null}).to_string());
        return Ok(());
    }
    for item in &all {
        let at = i18n::postmortem::local(&session.app, item.at);
        let shape = if item.day_only { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
        let at = at.map(|at| at.format(shape).to_string()).unwrap_or_default();
        let id = item.id().map_or_else(|| "-".to_owned(), handle);
        let star = if item.starred { "★" } else { " " };
        let removed = if item.is_removed() { "（已删除）" } else { "" };
        let words = i18n::timeline::words(item, &event, true).replace('\n', " ");
        data(&format!("{id}\t{star}\t{at}\t{removed}{words}\t{}", item.by));
    }
    say(&format!("{} 的时间线，{} 行", event.label(), all.len()));
    Ok(())
}
