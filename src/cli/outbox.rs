//! `fupan outbox`: messages on their way, what became of them, and marked addresses.

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{
    Session,
    out::{data, raw, say},
};
use crate::{
    i18n::outbox::{outcome_words, problem_words, state_words, texts},
    service::{
        mail_stops,
        outbox_admin::{self, OutboxMessage},
    },
    web::api::{
        outbox::{body, detail, list_body, stop_body},
        published::line,
    },
};

/// 发件箱：等待、发出、被拒绝的邮件和群消息。 The outbox: mails and messages that wait, went, or were refused.
#[derive(Debug, Subcommand)]
pub(super) enum OutboxCommand {
    /// 列出，最新的在前。 List them, the newest first.
    List(Listed),
    /// 一条消息：正文和每次发送。 One message: its words and every try.
    Show {
        /// 编号。 Its id.
        id: Uuid,
    },
    /// 重新发送被拒绝、未确认或已过期的。 Send one again that was refused, unconfirmed or expired.
    Requeue {
        /// 编号，可写几个。 Its id, or several.
        #[arg(required_unless_present = "state", conflicts_with = "state")]
        ids: Vec<Uuid>,
        /// 这一类全部：dead、unconfirmed、expired，最多 1000 条。 All of a class instead: dead, unconfirmed or expired, at most 1,000.
        #[arg(long)]
        state: Option<String>,
        /// 只限渠道：mail、chat，或通知方式的名称。 Only by mail, chat, or to a notifier by name or id.
        #[arg(long, requires = "state")]
        channel: Option<String>,
        /// 只限收件人：邮箱、姓名或群名。 Only to an address, or the name of an account or of a notifier.
        #[arg(long, requires = "state")]
        recipient: Option<String>,
    },
    /// 取消还没发出的。 Take one back that waits.
    Cancel {
        /// 编号。 Its id.
        id: Uuid,
    },
    /// 作为新消息发送：换一个 Message-ID，原来的留着，互相注明。 Send one as a new message, under another Message-ID; each names the other.
    Again {
        /// 编号。 Its id.
        id: Uuid,
    },
    /// 停发的地址。 Marked addresses: bounced, or unsubscribed from reminders.
    Marked,
    /// 恢复向一个地址发送。 Send to a marked address again.
    Clear {
        /// 地址。 The address.
        address: String,
    },
}

/// 筛选。 Which messages.
#[derive(Debug, Args)]
pub(super) struct Listed {
    /// 状态：pending、claimed、committing、sent、dead、unconfirmed、cancelled、superseded、expired。 Its state.
    #[arg(long)]
    state: Option<String>,
    /// 渠道：mail、chat，或通知方式的名称。 mail, chat, or a notifier by name or id.
    #[arg(long)]
    channel: Option<String>,
    /// 收件人：邮箱、姓名或群名。 An address, or the name of an account or of a notifier.
    #[arg(long)]
    recipient: Option<String>,
    /// 从这个编号之后。 Those before this id.
    #[arg(long)]
    after: Option<Uuid>,
    /// 最多几条，1 到 200。 At most so many, 1 to 200.
    #[arg(long, default_value_t = 50)]
    limit: u64,
}

pub(super) async fn run(session: &Session, command: OutboxCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    match command {
        OutboxCommand::List(listed) => list(session, listed).await,
        OutboxCommand::Show { id } => show(session, id).await,
        OutboxCommand::Requeue { state: Some(state), channel, recipient, .. } => {
            let (channel, recipient) = (channel.as_deref(), recipient.as_deref());
            let filter = outbox_admin::filter(app, actor, Some(&state), channel, recipient).await?;
            data(&outbox_admin::requeue_all(app, actor, &filter).await?.to_string());
            say("运行中的服务半分钟内发出，或 fupan worker --once");
            Ok(())
        }
        OutboxCommand::Cancel { id } => {
            let message = outbox_admin::cancel(app, actor, id).await?;
            if session.json {
                raw(&line(&body(app, &message)));
            } else {
                data(&row(session, &message));
            }
            Ok(())
        }
        OutboxCommand::Requeue { ids, .. } => {
            for id in ids {
                let message = outbox_admin::requeue(app, actor, id).await?;
                if session.json {
                    raw(&line(&body(app, &message)));
                } else {
                    data(&row(session, &message));
                }
            }
            say("运行中的服务半分钟内发出，或 fupan worker --once");
            Ok(())
        }
        OutboxCommand::Again { id } => {
            let message = outbox_admin::send_as_new(app, actor, id).await?;
            if session.json {
                raw(&line(&body(app, &message)));
            } else {
                data(&row(session, &message));
            }
            say("运行中的服务半分钟内发出，或 fupan worker --once");
            Ok(())
        }
        OutboxCommand::Marked => {
            let mut before = None;
            loop {
                let found = mail_stops::list(app, actor, before, mail_stops::PAGE_LIMIT).await?;
                for stop in &found {
                    if session.json {
                        raw(&line(&stop_body(app, stop)));
                    } else {
                        let said = stop.said.as_deref().map(|said| format!("  {said}")).unwrap_or_default();
                        data(&format!("{}  {}{said}", stop.address, stop.reason.code()));
                    }
                }
                before = found.last().map(|last| last.id);
                if (found.len() as u64) < mail_stops::PAGE_LIMIT {
                    return Ok(());
                }
            }
        }
        OutboxCommand::Clear { address } => {
            let cleared = mail_stops::clear_address(app, actor, &address).await?;
            say(&format!("{address}：{}", if cleared == 0 { "没有停发" } else { "恢复发送" }));
            Ok(())
        }
    }
}

/// `019…  被拒绝  oncall@example.com  主题  邮件服务器不接受收件人：550 no such user`.
fn row(session: &Session, message: &OutboxMessage) -> String {
    let at = chrono::DateTime::from_timestamp_millis(message.created_at).unwrap_or_default();
    let at = at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M");
    let state = state_words(texts("zh-CN"), message.state);
    let problem = message.last_error.as_deref().map(|said| problem_words(true, message.last_phase, said));
    let problem = problem.map(|words| format!("  {words}")).unwrap_or_default();
    format!("{}  {at}  {state}  {}  {}{problem}", message.id, message.recipient, message.subject)
}

async fn list(session: &Session, listed: Listed) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let Listed { state, channel, recipient, after, limit } = listed;
    let limit = limit.clamp(1, outbox_admin::PAGE_LIMIT);
    let filter = outbox_admin::filter(app, actor, state.as_deref(), channel.as_deref(), recipient.as_deref()).await?;
    let found = outbox_admin::list(app, actor, &filter, after, limit).await?;
    if session.json {
        raw(&line(&list_body(app, &found, limit)));
        return Ok(());
    }
    for message in &found {
        data(&row(session, message));
    }
    let counts = outbox_admin::count_by_state(app, actor).await?;
    let words: Vec<String> =
        counts.into_iter().map(|(state, count)| format!("{} {count}", state_words(texts("zh-CN"), state))).collect();
    say(&format!("发件箱：{}", if words.is_empty() { "空".to_owned() } else { words.join("，") }));
    Ok(())
}

async fn show(session: &Session, id: Uuid) -> anyhow::Result<()> {
    let (message, tries) = outbox_admin::get(&session.app, &session.actor, id).await?;
    let newer = outbox_admin::again_of(&session.app, &session.actor, id).await?;
    if session.json {
        raw(&line(&detail(&session.app, &message, &tries, &newer)));
        return Ok(());
    }
    data(&row(session, &message));
    data(&format!("Message-ID: <{}>", message.message_id));
    if let Some(older) = message.again_of {
        data(&format!("代替 {older}"));
    }
    for one in &newer {
        data(&format!("已作为新消息发送：{}", one.id));
    }
    for one in &tries {
        let at = chrono::DateTime::from_timestamp_millis(one.at).unwrap_or_default();
        let at = at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M:%S");
        let said = one.said.as_deref().map(|said| problem_words(true, one.phase, said)).unwrap_or_default();
        data(&format!("{at}  {}  {} ms  {said}", outcome_words(texts("zh-CN"), one.outcome), one.took_ms));
    }
    data("");
    data(&message.text);
    if let Some(payload) = &message.payload {
        data(payload);
    }
    Ok(())
}
