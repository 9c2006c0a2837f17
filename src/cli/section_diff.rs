//! `fupan pm diff`: what changed in a section of a postmortem between two of its versions.

use chrono::DateTime;
use clap::Args;

use super::{
    Session,
    out::{data, say},
    timeline::number_of,
};
use crate::{
    domain::text_diff::{DiffLine, Part},
    service::section_versions::{self, SectionVersion},
    web::api::section_versions::body,
};

/// 一节的两个版本差在哪。 The difference of two versions of a section.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// PE-1.
    event: String,
    /// 节的名称或代码，如 根因。 The section.
    section: String,
    /// 较早的版本，0 为动笔之前；默认前一版。 The earlier version, 0 for before anybody wrote; by default the one before.
    #[arg(long)]
    from: Option<i64>,
    /// 较晚的版本，默认最新一版。 The later version; by default the latest.
    #[arg(long)]
    to: Option<i64>,
    /// 只列出版本。 List the versions alone.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    versions: bool,
}

pub(super) async fn run(session: &Session, asked: Diff) -> anyhow::Result<()> {
    let (app, actor) = (&session.app, &session.actor);
    let number = number_of(&asked.event)?;
    let compared = section_versions::compare(app, actor, number, &asked.section, asked.from, asked.to).await?;
    if session.json {
        data(&serde_json::to_string(&body(app, &compared, true))?);
        return Ok(());
    }
    if asked.versions {
        for one in compared.versions.iter().filter(|one| one.version > 0) {
            data(&format!("{}\t{}\t{}", one.version, when(session, one), one.by));
        }
        return Ok(());
    }
    for line in &compared.lines {
        match line {
            DiffLine::Skipped(count) => data(&format!("… {count} 行相同")),
            DiffLine::Same(text) => data(&format!("  {text}")),
            DiffLine::Removed(parts) => data(&format!("- {}", marked(parts, "[-", "-]"))),
            DiffLine::Added(parts) => data(&format!("+ {}", marked(parts, "{+", "+}"))),
        }
    }
    let named = |one: &SectionVersion| match one.version {
        0 => "还没有人写".to_owned(),
        version => format!("版本 {version}（{} {}）", when(session, one), one.by),
    };
    let alike = if compared.lines.is_empty() { "，文字一样" } else { "" };
    say(&format!("{}：{} → {}{alike}", asked.section, named(&compared.from), named(&compared.to)));
    Ok(())
}

/// A line whose changed characters stand between marks, as `git diff --word-diff` writes them; a line that is new or gone as a
/// whole needs none.
fn marked(parts: &[Part], open: &str, close: &str) -> String {
    let whole = parts.len() == 1;
    let part =
        |part: &Part| if part.changed && !whole { format!("{open}{}{close}", part.text) } else { part.text.clone() };
    parts.iter().map(part).collect()
}

fn when(session: &Session, version: &SectionVersion) -> String {
    let at = version.at.and_then(DateTime::from_timestamp_millis);
    at.map(|at| at.with_timezone(&session.app.zone).format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}
