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

/// The weekly report by mail.
#[derive(Debug, Subcommand)]
pub(super) enum MailingCommand {
    /// All weekly mails.
    List,
    /// Set up a weekly mail.
    Add {
        /// Its name.
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change a weekly mail.
    Set {
        /// Its name or id.
        mailing: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Send no more of it for now.
    Off {
        /// Its name or id.
        mailing: String,
    },
    /// Send it again, from its next time on.
    On {
        /// Its name or id.
        mailing: String,
    },
    /// Remove a weekly mail.
    Remove {
        /// Its name or id.
        mailing: String,
    },
    /// What the next mail would say.
    Preview {
        /// Its name or id.
        mailing: String,
    },
}

/// What can be set.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// An address; several times for several, at most 50.
    #[arg(long = "to", value_name = "EMAIL")]
    recipients: Vec<String>,
    /// mon to sun; by default fri.
    #[arg(long = "on", value_name = "WEEKDAY")]
    weekday: Option<String>,
    /// Local time; by default 17:00.
    #[arg(long = "at", value_name = "HH:MM")]
    time: Option<String>,
    /// By default the report zone.
    #[arg(long)]
    zone: Option<String>,
    /// this (the week of that day, the default) or last.
    #[arg(long)]
    week: Option<String>,
    /// all (the default), figures or events.
    #[arg(long)]
    section: Option<String>,
    /// Wait until the week is published, at most three days: true or false, the default.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    only_published: Option<bool>,
    /// zh-CN (the default) or en.
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
