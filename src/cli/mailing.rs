//! `fupan mailing`: the weekly report by mail.

use clap::{Args, Subcommand};

use super::{
    Session,
    out::{data, raw, say},
};
use crate::{
    domain::{
        reminder::digest::Language,
        report_mailing::{Mailing, weekday_name},
    },
    service::{
        ServiceError,
        report_mailings::{self, MailingPatch},
    },
    web::api::{
        published::line,
        report_mailings::{mailing_body, mailing_list, preview_body},
    },
};

/// 周报邮件。 The weekly report by mail.
#[derive(Debug, Subcommand)]
pub(super) enum MailingCommand {
    /// 列出周报邮件。 All weekly mails.
    List,
    /// 新增周报邮件。 Set up a weekly mail.
    Add {
        /// 名称。 Its name.
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// 修改周报邮件。 Change a weekly mail.
    Set {
        /// 名称或编号。 Its name or id.
        mailing: String,
        /// 新名称。 Another name.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// 暂停发送。 Send no more of it for now.
    Off {
        /// 名称或编号。 Its name or id.
        mailing: String,
    },
    /// 恢复发送，从下一次起。 Send it again, from its next time on.
    On {
        /// 名称或编号。 Its name or id.
        mailing: String,
    },
    /// 删除周报邮件。 Remove a weekly mail.
    Remove {
        /// 名称或编号。 Its name or id.
        mailing: String,
    },
    /// 预览下一封。 What the next mail would say.
    Preview {
        /// 名称或编号。 Its name or id.
        mailing: String,
    },
}

/// 可以设的。 What can be set.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// 收件人的邮箱，可写几次，最多 50。 An address; several times for several, at most 50.
    #[arg(long = "to", value_name = "EMAIL")]
    recipients: Vec<String>,
    /// 星期 mon 到 sun，默认 fri。 mon to sun; by default fri.
    #[arg(long = "on", value_name = "WEEKDAY")]
    weekday: Option<String>,
    /// 当地时间，默认 17:00。 Local time; by default 17:00.
    #[arg(long = "at", value_name = "HH:MM")]
    time: Option<String>,
    /// 时区，默认周报的时区。 By default the report zone.
    #[arg(long)]
    zone: Option<String>,
    /// this 当周（默认）或 last 上周。 this (the week of that day, the default) or last.
    #[arg(long)]
    week: Option<String>,
    /// all 全部（默认）、figures 指标 或 events 事件。 all (the default), figures or events.
    #[arg(long)]
    section: Option<String>,
    /// 等到发布再发，最多三天：true 或 false（默认）。 Wait until the week is published, at most three days: true or false, the default.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    only_published: Option<bool>,
    /// 语言 zh-CN（默认）或 en。 zh-CN (the default) or en.
    #[arg(long)]
    lang: Option<String>,
}

impl Settings {
    fn patch(self, name: Option<String>, enabled: Option<bool>) -> MailingPatch {
        MailingPatch {
            name,
            recipients: (!self.recipients.is_empty()).then_some(self.recipients),
            weekday: self.weekday,
            time: self.time,
            zone: self.zone,
            week: self.week,
            section: self.section,
            only_published: self.only_published,
            enabled,
            lang: self.lang,
        }
    }
}

pub(super) async fn run(session: &Session, command: MailingCommand) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let switch = |on| MailingPatch { enabled: Some(on), ..MailingPatch::default() };
    let (mailing, patch) = match command {
        MailingCommand::List => return list(session).await,
        MailingCommand::Add { name, settings } => {
            let made = report_mailings::create(app, actor, settings.patch(Some(name), None)).await?;
            tell(session, &made);
            return Ok(());
        }
        MailingCommand::Remove { mailing } => {
            let found = by_word(session, &mailing).await?;
            report_mailings::delete(app, actor, found.id, found.version).await?;
            say(&format!("已删除周报邮件“{}” removed", found.fields.name));
            return Ok(());
        }
        MailingCommand::Preview { mailing } => return preview(session, &mailing).await,
        MailingCommand::Set { mailing, name, settings } => (mailing, settings.patch(name, None)),
        MailingCommand::Off { mailing } => (mailing, switch(false)),
        MailingCommand::On { mailing } => (mailing, switch(true)),
    };
    let found = by_word(session, &mailing).await?;
    let changed = report_mailings::update(app, actor, found.id, found.version, patch).await?;
    tell(session, &changed);
    Ok(())
}

/// The mail of a name or an id.
async fn by_word(session: &Session, word: &str) -> anyhow::Result<Mailing> {
    let all = report_mailings::list(&session.app, &session.actor).await?;
    let found = all.into_iter().find(|one| one.fields.name == word || one.id.to_string() == word);
    Ok(found.ok_or_else(|| ServiceError::NotFound(format!("weekly mail {word}; fupan mailing list shows them")))?)
}

fn tell(session: &Session, mailing: &Mailing) {
    if session.json {
        raw(&line(&mailing_body(mailing)));
    }
    say(&format!("{}：{}", mailing.fields.name, next_words(mailing)));
}

/// `下次：2024-08-23 周五 17:00（Asia/Shanghai）→ 2 人`.
fn next_words(mailing: &Mailing) -> String {
    let slot = mailing.fields.slot;
    let count = mailing.wanted().count();
    if !mailing.fields.enabled {
        return format!("已停用 → {count} 人");
    }
    let next = mailing.next().with_timezone(&slot.zone);
    let day = weekday_name(slot.weekday, Language::Chinese);
    format!("下次：{} {day} {}（{}）→ {count} 人", next.format("%Y-%m-%d"), next.format("%H:%M"), slot.zone.name())
}

async fn list(session: &Session) -> anyhow::Result<()> {
    let all = report_mailings::list(&session.app, &session.actor).await?;
    if session.json {
        raw(&line(&mailing_list(&all)));
        return Ok(());
    }
    for mailing in &all {
        let gone = mailing.recipients.len() - mailing.wanted().count();
        let gone = if gone > 0 { format!("，{gone} 人已退订") } else { String::new() };
        data(&format!("{}\t{}\t{}{gone}", mailing.id, mailing.fields.name, next_words(mailing)));
    }
    say(&format!("周报邮件 {} 个", all.len()));
    Ok(())
}

async fn preview(session: &Session, word: &str) -> anyhow::Result<()> {
    let found = by_word(session, word).await?;
    let preview = report_mailings::preview(&session.app, &session.actor, found.id).await?;
    if session.json {
        raw(&line(&preview_body(&preview)));
        return Ok(());
    }
    say(&next_words(&preview.mailing));
    if preview.waits {
        say(&format!("{} 还没有发布：到时会等待发布，最多三天", preview.week));
    }
    data(&preview.words.subject);
    data("");
    data(preview.words.text.trim_end());
    Ok(())
}
