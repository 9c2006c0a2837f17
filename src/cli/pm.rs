//! `fupan pm`: postmortems.

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use uuid::Uuid;

use super::{
    Session,
    out::{data, say},
    timeline::number_of,
};
use crate::{
    domain::{checked, postmortem::PostmortemState},
    i18n::{self, record, timeline::words as entry_words},
    service::{
        ServiceError, accounts, audit_log, events, postmortem_text,
        postmortems::{self, PostmortemChange},
        recurrence,
    },
    web::api::postmortem_text::body,
};

/// 复盘：列出、撰写、指派、流转。 Postmortems: list, write, assign, move on.
#[derive(Debug, Subcommand)]
pub(super) enum Pm {
    /// 待复盘的，最早到期的在前。 The owed ones, the earliest due date first.
    List,
    /// 看板。 The board: by age in working days, by team, and the trend of the oldest.
    Board(super::board::Board),
    /// 打印复盘。 Print one.
    Show {
        /// PE-1.
        event: String,
        /// 格式：md、html 或 json。 md, html or json.
        #[arg(long, value_enum, default_value_t = Format::Md)]
        format: Format,
        /// 英文标题。 Headings in English.
        #[arg(long)]
        english: bool,
    },
    /// 写一节。 Write a section: summary, impact, timeline, `root_cause`, detection, `went_well`, actions.
    Write {
        /// PE-1.
        event: String,
        /// 哪一节。 The section.
        section: String,
        /// 正文（Markdown），- 为标准输入。 Markdown; `-` reads from standard input.
        text: String,
        /// 追问，按顺序，可写几次。 A why, in order; give it several times.
        #[arg(long)]
        why: Vec<String>,
        /// 以哪个版本为准，默认最新。 The version that it goes over; by default the latest.
        #[arg(long)]
        version: Option<i64>,
    },
    /// 一节的两个版本差在哪。 What changed in a section between two of its versions.
    Diff(super::section_diff::Diff),
    /// 指定负责人，或改截止日期。 Name an owner, or choose a due date.
    Assign {
        /// PE-1.
        event: String,
        /// 负责人：邮箱、姓名或编号。 E-mail, name or id of the owner.
        #[arg(long)]
        owner: Option<String>,
        /// 评审人：邮箱、姓名或编号。 E-mail, name or id of the reviewer.
        #[arg(long)]
        reviewer: Option<String>,
        /// 截止日期，如 2024-08-27。 Due date, 2024-08-27.
        #[arg(long)]
        due: Option<NaiveDate>,
        #[command(flatten)]
        seen: Seen,
    },
    /// 重新打开，写明理由。 Owed after all; one that is done or waived needs a reason.
    Reopen {
        /// PE-1.
        event: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        seen: Seen,
    },
    /// 开始撰写。 Being written.
    Draft {
        /// PE-1.
        event: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 提交评审。 Submit it for review.
    Review {
        /// PE-1.
        event: String,
        /// 评审人：邮箱、姓名或编号。 E-mail, name or id of the reviewer.
        #[arg(long)]
        reviewer: Option<String>,
        #[command(flatten)]
        seen: Seen,
    },
    /// 退回修改，写明理由。 Send it back from the review.
    Return {
        /// PE-1.
        event: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 通过，复盘完成；没有评审、事实不全时要写明理由。 Done: approved. Where nobody reviewed it here and facts are missing, a reason is needed.
    Done {
        /// PE-1.
        event: String,
        /// 没有评审、事实不全也完成的理由。 Why it is done without a review and without all facts.
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        seen: Seen,
    },
    /// 免复盘，写明理由。 Not required, with a reason.
    Waive {
        /// PE-1.
        event: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        seen: Seen,
    },
    /// 复盘会：查看、安排、改期、取消，参会人收到日程邀请。 The review meeting: shown, set, moved, cancelled; the invited get a calendar entry.
    Meeting(super::meeting::Meeting),
    /// 流转记录。 The moves with their reasons.
    History {
        /// PE-1.
        event: String,
    },
    /// 相似事件还没做完的改进项。 Open action items of similar earlier events.
    Recurrence {
        /// PE-1.
        event: String,
    },
}

/// 以哪个版本为准。 The version that was looked at.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Seen {
    /// 以事件的这个版本为准（见 fupan event show）；已被别人改过就什么也不做，退出码 6。 The event's version that you saw (fupan event show); changed since, nothing is done: exit code 6.
    #[arg(long)]
    version: Option<i64>,
}

/// The format of a printed postmortem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Markdown.
    Md,
    /// A page that needs nothing else.
    Html,
    /// Everything, as over the API.
    Json,
}

pub(super) async fn run(session: &Session, pm: Pm) -> anyhow::Result<()> {
    let to = |state| PostmortemChange { to: Some(state), ..PostmortemChange::default() };
    let (label, seen, change) = match pm {
        Pm::List => return list(session).await,
        Pm::Board(asked) => return super::board::run(session, asked).await,
        Pm::Show { event, format, english } => return show(session, &event, format, !english).await,
        Pm::Write { event, section, text, why, version } => {
            return write(session, &event, &section, &text, &why, version).await;
        }
        Pm::Meeting(asked) => return super::meeting::run(session, asked).await,
        Pm::Diff(asked) => return super::section_diff::run(session, asked).await,
        Pm::History { event } => return history(session, &event).await,
        Pm::Recurrence { event } => return recurrence_of(session, &event).await,
        Pm::Assign { event, owner, reviewer, due, seen } => {
            if owner.is_none() && due.is_none() && reviewer.is_none() {
                anyhow::bail!("name --owner EMAIL, --reviewer EMAIL or --due DATE");
            }
            let owner = person_of(session, "owner", owner).await?;
            let reviewer = person_of(session, "reviewer", reviewer).await?;
            (event, seen, PostmortemChange { owner, reviewer, due_on: due.map(Some), ..PostmortemChange::default() })
        }
        Pm::Reopen { event, reason, seen } => {
            (event, seen, PostmortemChange { reason, ..to(PostmortemState::Pending) })
        }
        Pm::Draft { event, seen } => (event, seen, to(PostmortemState::Drafting)),
        Pm::Review { event, reviewer, seen } => {
            let reviewer = person_of(session, "reviewer", reviewer).await?;
            (event, seen, PostmortemChange { reviewer, ..to(PostmortemState::InReview) })
        }
        Pm::Return { event, reason, seen } => {
            let found = events::get(&session.app, &session.actor, number_of(&event)?).await?;
            if found.postmortem.state != PostmortemState::InReview {
                let words = format!("{event} is not in review: only what is in review is sent back");
                return Err(ServiceError::Conflict(words).into());
            }
            let seen = Seen { version: seen.version.or(Some(found.version)) };
            (event, seen, PostmortemChange { reason: Some(reason), ..to(PostmortemState::Drafting) })
        }
        Pm::Done { event, reason, seen } => (event, seen, PostmortemChange { reason, ..to(PostmortemState::Done) }),
        Pm::Waive { event, reason, seen } => {
            (event, seen, PostmortemChange { reason: Some(reason), ..to(PostmortemState::NotRequired) })
        }
    };
    let number = number_of(&label)?;
    let event = postmortems::change(&session.app, &session.actor, number, seen.version, change).await?;
    let due = event.postmortem.due_on.filter(|_| event.postmortem.state.is_owed());
    let due = due.map(|day| format!("，截止 {day}")).unwrap_or_default();
    let people = accounts::owners(&session.app, &session.actor).await?;
    let owner =
        event.postmortem.owner_id.map_or_else(String::new, |id| format!("，负责人 {}", name_of(&people, Some(id))));
    say(&format!("{}：{}{owner}{due}", event.label(), words(event.postmortem.state)));
    Ok(())
}

/// Asks what must be told before a postmortem is done, one question a line, and says how to answer.
pub(super) fn ask(facts: &[&'static str], reason_helps: bool) {
    for fact in facts {
        say(&format!("  {fact}\t{}", record::question(record::texts("zh-CN"), fact)));
    }
    say("回答：fupan event edit PE-1 recovered=15:30，不知道就写 recovered=?");
    if reason_helps {
        say("在别处复盘过的：fupan pm done PE-1 --reason \"…\"");
    }
}

async fn person_of(
    session: &Session,
    field: &'static str,
    word: Option<String>,
) -> anyhow::Result<Option<Option<Uuid>>> {
    Ok(match word {
        Some(word) => Some(Some(accounts::named(&session.app, &session.actor, field, &word).await?.id)),
        None => None,
    })
}

async fn show(session: &Session, label: &str, format: Format, chinese: bool) -> anyhow::Result<()> {
    let view = postmortem_text::view(&session.app, &session.actor, number_of(label)?, chinese, entry_words).await?;
    let format = if session.json { Format::Json } else { format };
    // What is printed is taken out, as by the button of the page.
    audit_log::exported(&session.app, &session.actor, "postmortem", &events::subject(view.event.number)).await?;
    let document = || i18n::postmortem::document(&session.app, &view, chinese);
    match format {
        Format::Md => data(document().markdown().trim_end()),
        Format::Html => data(document().html().trim_end()),
        Format::Json => data(&serde_json::to_string(&body(&session.app, &view, chinese))?),
    }
    let (written, of) = view.progress();
    say(&format!("{}：{}，{written}/{of} 节已写", view.event.label(), words(view.event.postmortem.state)));
    Ok(())
}

async fn write(
    session: &Session,
    label: &str,
    section: &str,
    text: &str,
    why: &[String],
    version: Option<i64>,
) -> anyhow::Result<()> {
    let number = number_of(label)?;
    let (app, actor) = (&session.app, &session.actor);
    let text = if text == "-" { std::io::read_to_string(std::io::stdin())? } else { text.to_owned() };
    // Its heading names a section too.
    let view = postmortem_text::view(app, actor, number, true, entry_words).await?;
    let heads = |title: &str| checked::fold(title) == checked::fold(section);
    let found =
        view.sections.iter().map(|one| &one.section).find(|one| {
            one.key == section || heads(one.title.of_language(true)) || heads(one.title.of_language(false))
        });
    let section = found.map_or(section, |one| one.key.as_str());
    let before = postmortem_text::section(app, actor, number, section, true, entry_words).await?;
    let whys = Some(why).filter(|why| !why.is_empty());
    let version = version.unwrap_or_else(|| before.version());
    let written = postmortem_text::write(app, actor, number, section, version, &text, whys).await?;
    let after = postmortem_text::section(app, actor, number, section, true, entry_words).await?;
    for hint in &after.hints {
        say(&format!("“{}”：{}", hint.sentence, i18n::postmortem::hint(hint.kind, true)));
    }
    say(&format!("{section} 已保存，版本 {}", written.version));
    Ok(())
}

async fn history(session: &Session, label: &str) -> anyhow::Result<()> {
    let view = postmortem_text::view(&session.app, &session.actor, number_of(label)?, true, entry_words).await?;
    if session.json {
        let body = serde_json::to_value(body(&session.app, &view, true))?;
        data(&body.get("moves").cloned().unwrap_or_default().to_string());
        return Ok(());
    }
    for one in &view.moves {
        let at = i18n::postmortem::local(&session.app, one.at);
        let at = at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default();
        let reason = one.reason.as_deref().unwrap_or_default().replace('\n', " ");
        data(&format!("{at}\t{}\t{} → {}\t{reason}", one.by, words(one.from), words(one.to)));
    }
    say(&format!("{} 流转 {} 次", view.event.label(), view.moves.len()));
    Ok(())
}

async fn recurrence_of(session: &Session, label: &str) -> anyhow::Result<()> {
    let items = recurrence::of_event(&session.app, &session.actor, number_of(label)?).await?;
    if session.json {
        let rows: Vec<_> = items.into_iter().map(crate::web::api::postmortem_text::recurring).collect();
        data(&serde_json::to_string(&rows)?);
        return Ok(());
    }
    for item in &items {
        data(&recurring_line(item));
    }
    say(&format!("相似事件未完成的改进项 {} 项", items.len()));
    Ok(())
}

/// An open item of an earlier event on one line.
pub(super) fn recurring_line(item: &recurrence::RecurringItem) -> String {
    let due = item.due_on.map(|day| day.to_string()).unwrap_or_default();
    let late = if item.overdue { "（逾期）" } else { "" };
    let why = i18n::postmortem::similar(item.similar, item.percent, true);
    format!("{}\t{}\t{due}{late}\t{}\t{why}", item.event, item.item, item.title)
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let owed = postmortems::owed(&session.app, &session.actor, None).await?;
    let people = accounts::owners(&session.app, &session.actor).await?;
    if session.json {
        let rows: Vec<serde_json::Value> = owed
            .iter()
            .map(|event| {
                serde_json::json!({
                    "label": event.label(),
                    "title": event.title(),
                    "state": event.postmortem.state.code(),
                    "owner": event.postmortem.owner_id.map(|id| name_of(&people, Some(id))),
                    "due_on": event.postmortem.due_on,
                })
            })
            .collect();
        data(&serde_json::Value::Array(rows).to_string());
        return Ok(());
    }
    for event in &owed {
        let owner = name_of(&people, event.postmortem.owner_id);
        let due = event.postmortem.due_on.map_or_else(|| "-".to_owned(), |day| day.to_string());
        data(&format!("{}\t{due}\t{owner}\t{}\t{}", event.label(), words(event.postmortem.state), event.title()));
    }
    say(&format!("待复盘 {} 项", owed.len()));
    Ok(())
}

fn name_of(people: &[(Uuid, String)], id: Option<Uuid>) -> &str {
    id.and_then(|id| people.iter().find(|(have, _)| *have == id)).map_or("未指定", |(_, name)| name.as_str())
}

fn words(state: PostmortemState) -> &'static str {
    i18n::restated::state_words(&i18n::ZH_CN, state)
}
