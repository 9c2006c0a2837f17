//! `fupan report WEEK` and `fupan report splice FILE`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{data, raw, say},
};
use crate::{
    domain::{checked::FieldError, iso_week::IsoWeek, report::formats},
    service::{
        ServiceError, imports, report_splice,
        reports::{self, Section},
    },
};

/// Print a week's two sections, or put them into a document.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// A week: 2024-W34, this, last (by default this); or `splice FILE`.
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
        [] => print(session, &report, week_of(session, "this")?).await,
        [week] => print(session, &report, week_of(session, week)?).await,
        _ => anyhow::bail!("write `fupan report 2024-W34` or `fupan report splice FILE`"),
    }
}

fn week_of(session: &Session, word: &str) -> anyhow::Result<IsoWeek> {
    let this = IsoWeek::of(session.app.today());
    Ok(match word {
        "this" | "本周" => this,
        "last" | "上周" => this.previous(),
        week => week.parse().map_err(ServiceError::from)?,
    })
}

async fn print(session: &Session, asked: &Report, week: IsoWeek) -> anyhow::Result<()> {
    let section = Section::from_code(&asked.section).map_err(ServiceError::from)?;
    let whole = reports::weekly_in(&session.app, &session.actor, week, asked.style.as_deref()).await?;
    let unfinished = whole.unfinished();
    let mut weekly = whole.only(section);
    if let Some(against) = &asked.diff {
        let before = reports::weekly(&session.app, &session.actor, week_of(session, against)?).await?.only(section);
        let changes = reports::changes(&weekly, &before);
        if session.json || asked.format == "json" {
            weekly.changes = Some(changes);
        } else {
            for line in &changes {
                data(line);
            }
            return strict(asked, &unfinished);
        }
    }
    match (session.json, asked.format.as_str()) {
        (true, _) | (_, "json") => {
            let value = crate::web::api::reports::body(&session.app, &weekly);
            raw(&format!("{}\n", serde_json::to_string_pretty(&value)?));
        }
        (_, "md") => raw(&weekly.markdown),
        (_, "html") => raw(&formats::html(&weekly.markdown)),
        (_, "text") => raw(&formats::plain(&weekly.markdown)),
        _ => {
            let remedy = FieldError::shape("format", "choose md, html, text or json");
            return Err(ServiceError::from(remedy).into());
        }
    }
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
