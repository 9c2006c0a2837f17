//! `fupan remind`: what the policy would do, and putting off, stopping, resuming.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::reminder::policy::By,
    i18n::reminders as texts,
    service::{
        ServiceError,
        reminder_holds::{self, Act, Held},
        reminder_preview,
    },
    web::api::{
        published::line,
        reminders::{hold_body, label_of, preview_body},
    },
};

/// 提醒：预览规则、延后、停止、恢复。 Reminders: what the policy would do, put off, stop, resume.
#[derive(Debug, Subcommand)]
pub(super) enum RemindCommand {
    /// 未来 30 天谁收到什么、为什么；给了文件就按文件里的规则，不保存。 Who gets what, when and why in 30 days; of a file without saving it.
    Preview {
        /// 规则文件（fupan policy show reminders 的样子）。 A document like that of fupan policy show reminders.
        file: Option<PathBuf>,
    },
    /// 一项的提醒是否被延后或停止。 Whether the reminders of a thing are put off or stopped.
    Show {
        /// PE-22 或 AI-7。 PE-22 or AI-7.
        item: String,
    },
    /// 延后几个工作日。 Put them off for some working days.
    Snooze {
        /// PE-22 或 AI-7。 PE-22 or AI-7.
        item: String,
        /// 工作日数，1 到 10。 Working days, 1 to 10.
        #[arg(long, default_value_t = 2)]
        days: u32,
        /// 理由。 Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// 停止提醒，要写理由。 Stop them, with a reason.
    Stop {
        /// PE-22 或 AI-7。 PE-22 or AI-7.
        item: String,
        /// 理由。 Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// 恢复提醒。 Have them go out again.
    Resume {
        /// PE-22 或 AI-7。 PE-22 or AI-7.
        item: String,
    },
}

pub(super) async fn run(session: &Session, command: RemindCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let (item, act, reason) = match command {
        RemindCommand::Preview { file } => {
            let document = match file {
                Some(file) => {
                    Some(std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?)
                }
                None => None,
            };
            return preview(session, document.as_deref()).await;
        }
        RemindCommand::Show { item } => {
            let hold = reminder_holds::of(app, actor, held(&item)?).await?;
            tell(session, &item, hold.as_ref());
            return Ok(());
        }
        RemindCommand::Snooze { item, days, reason } => (item, Act::Snooze(days), reason),
        RemindCommand::Stop { item, reason } => (item, Act::Stop, reason),
        RemindCommand::Resume { item } => (item, Act::Resume, None),
    };
    let hold = reminder_holds::act(app, actor, held(&item)?, act, reason.as_deref()).await?;
    tell(session, &item, hold.as_ref());
    Ok(())
}

fn held(item: &str) -> Result<Held, ServiceError> {
    Ok(Held::of_label(item)?)
}

fn tell(session: &Session, item: &str, hold: Option<&reminder_holds::Hold>) {
    let body = hold_body(item, hold);
    if session.json {
        data(&line(&body));
        return;
    }
    match hold {
        None => say("提醒照常 reminders go out"),
        Some(hold) => {
            let until =
                hold.until.map_or("已停止 stopped".to_owned(), |until| format!("延后至 put off until {until}"));
            say(&format!("{until}（{}）{}", hold.by, hold.reason.as_deref().unwrap_or_default()));
        }
    }
}

async fn preview(session: &Session, document: Option<&str>) -> anyhow::Result<()> {
    let preview = reminder_preview::preview(&session.app, &session.actor, document).await?;
    if session.json {
        data(&line(&preview_body(&preview, true)));
        return Ok(());
    }
    for one in &preview.lines {
        let to = if one.by == By::Mail { format!("{} <{}>", one.to, one.address) } else { format!("群 {}", one.to) };
        for item in &one.items {
            let why = texts::offset(item.subject, item.offset, true);
            let at = one.at.format("%H:%M");
            data(&format!("{} {at}\t{to}\t{}\t{}：{why}\t{}", one.day, label_of(item), item.rule, item.line));
        }
        if one.more > 0 {
            data(&format!("{} {}\t{to}\t+{}", one.day, one.at.format("%H:%M"), one.more));
        }
    }
    if preview.lines.is_empty() {
        say("未来 30 天没有提醒 nothing goes out in the next 30 days");
    }
    if preview.cut {
        say("太多了，只列出前面的 there is more");
    }
    Ok(())
}
