//! `fupan report WEEK` and `fupan report splice FILE`; publishing is in `publish.rs`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, raw, say},
    publish::{self, Publishing},
};
use crate::{
    domain::iso_week::IsoWeek,
    service::{
        ServiceError, imports,
        publications::{self, Which},
        report_splice,
        reports::{self, Section},
    },
};

/// Print a week's two sections, or put them into a document.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// A week: 2024-W34, this, last (by default this); or `splice FILE`, `publish WEEK`, `withdraw WEEK`,
    /// `share WEEK`, `share latest`, `shares`, `unshare ID`.
    #[arg(num_args = 0..=2)]
    words: Vec<String>,
    /// md, html, text or json.
    #[arg(long, default_value = "md")]
    format: String,
    /// A saved style (fupan style list), instead of that of the week.
    #[arg(long, value_name = "NAME")]
    style: Option<String>,
    /// figures, events or all.
    #[arg(long, default_value = "all")]
    section: String,
    /// What changed since another week, instead of the report.
    #[arg(long, value_name = "WEEK")]
    diff: Option<String>,
    /// Leave with 7 where something of the week is unfinished, and say what.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    publishing: Publishing,
    /// With splice: print the document instead of writing the file.
    #[arg(long)]
    stdout: bool,
    /// With splice: write nothing, leave with 7 where the file would change.
    #[arg(long)]
    check: bool,
    /// With splice: the week, where the document names none.
    #[arg(long)]
    week: Option<String>,
}

pub(super) async fn run(session: &Session, report: Report) -> anyhow::Result<()> {
    let words: Vec<&str> = report.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["splice", file] => splice(session, &report, PathBuf::from(file)).await,
        ["splice"] => anyhow::bail!("name the file: fupan report splice FILE"),
        [verb, rest @ ..] if publish::VERBS.contains(verb) => {
            publish::run(session, &report.publishing, verb, rest).await
        }
        [] => print(session, &report, week_of(session, "this")?).await,
        [week] => print(session, &report, week_of(session, week)?).await,
        _ => anyhow::bail!("write `fupan report 2024-W34` or `fupan report splice FILE`"),
    }
}

pub(super) fn week_of(session: &Session, word: &str) -> anyhow::Result<IsoWeek> {
    Ok(reports::named_week(&session.app, word)?)
}

async fn print(session: &Session, asked: &Report, week: IsoWeek) -> anyhow::Result<()> {
    let section = Section::from_code(&asked.section).map_err(ServiceError::from)?;
    if asked.publishing.restatement {
        return publish::restatement(session, week, asked.strict).await;
    }
    let which = asked.publishing.which().map_err(ServiceError::from)?;
    let mut shown =
        publications::shown(&session.app, &session.actor, week, which, asked.style.as_deref()).await?.only(section);
    let unfinished = publish::unfinished(session, asked.strict, week).await?;
    publish::say_which(session, &shown, which).await?;
    if let Some(against) = &asked.diff {
        let against = week_of(session, against)?;
        let before =
            publications::shown(&session.app, &session.actor, against, Which::default(), None).await?.only(section);
        let changes = reports::changes(&shown.report, &before.report);
        if session.json || asked.format == "json" {
            shown = shown.with_changes(changes);
        } else {
            for line in &changes {
                data(line);
            }
            return strict(asked, &unfinished);
        }
    }
    let format = if session.json { "json" } else { asked.format.as_str() };
    let (_, bytes) = crate::web::api::reports::form(&session.app, &shown, format).map_err(ServiceError::from)?;
    raw(&bytes);
    strict(asked, &unfinished)
}

fn strict(asked: &Report, unfinished: &[String]) -> anyhow::Result<()> {
    if !asked.strict || unfinished.is_empty() {
        return Ok(());
    }
    for line in unfinished {
        say(line);
    }
    Err(Exit(CHECK_FOUND).into())
}

async fn splice(session: &Session, report: &Report, file: PathBuf) -> anyhow::Result<()> {
    let week = report.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = imports::document(bytes).map_err(ServiceError::from)?;
    let (week, spliced) = report_splice::splice(&session.app, &session.actor, &document, week).await?;
    if report.stdout {
        raw(&spliced);
        return Ok(());
    }
    if spliced == document {
        say(&format!("{week}：{} 没有变化", file.display()));
        return Ok(());
    }
    if report.check {
        say(&format!("{week}：{} 与记录不一致", file.display()));
        return Err(Exit(CHECK_FOUND).into());
    }
    // Written beside and renamed, so that a full disk cannot leave half a report.
    let mut beside = file.clone().into_os_string();
    beside.push(".fupan-new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, &spliced).with_context(|| format!("cannot write {}", beside.display()))?;
    std::fs::rename(&beside, &file).with_context(|| format!("cannot replace {}", file.display()))?;
    say(&format!("{week}：已更新 {}", file.display()));
    Ok(())
}
