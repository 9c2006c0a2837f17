//! `fupan report WEEK` and `fupan report splice FILE`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{
    CHECK_FOUND, Exit, Session,
    out::{raw, say},
};
use crate::{
    domain::iso_week::IsoWeek,
    service::{ServiceError, imports, reports},
};

/// Print a week's two sections, or put them into a document.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// A week like 2024-W34 (by default this week), or `splice FILE`.
    #[arg(num_args = 0..=2)]
    words: Vec<String>,
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
        [] => print(session, IsoWeek::of(session.app.today())).await,
        [week] => print(session, week.parse().map_err(ServiceError::from)?).await,
        _ => anyhow::bail!("write `fupan report 2024-W34` or `fupan report splice FILE`"),
    }
}

async fn print(session: &Session, week: IsoWeek) -> anyhow::Result<()> {
    let weekly = reports::weekly(&session.app, &session.actor, week).await?;
    if session.json {
        let value = crate::web::api::reports::body(&session.app, &weekly);
        raw(&format!("{}\n", serde_json::to_string_pretty(&value)?));
    } else {
        raw(&weekly.markdown);
    }
    Ok(())
}

async fn splice(session: &Session, report: &Report, file: PathBuf) -> anyhow::Result<()> {
    let week = report.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let document = imports::document(bytes).map_err(ServiceError::from)?;
    let (week, spliced) = reports::splice(&session.app, &session.actor, &document, week).await?;
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
