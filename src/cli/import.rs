//! `fupan import FILE`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::iso_week::IsoWeek,
    service::{
        ServiceError,
        imports::{self, Outcome},
    },
};

/// Import a weekly report.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The report.
    file: PathBuf,
    /// The week, where the document names none.
    #[arg(long)]
    week: Option<String>,
    /// Show what would happen, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, import: Import) -> anyhow::Result<()> {
    let week = import.week.map(|week| week.parse::<IsoWeek>()).transpose().map_err(ServiceError::from)?;
    let bytes = std::fs::read(&import.file).with_context(|| format!("cannot read {}", import.file.display()))?;
    let document = imports::document(bytes).map_err(ServiceError::from)?;
    let name = import.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let report = imports::import(&session.app, &session.actor, &name, document, week, import.dry_run).await?;
    let words = |outcome| match outcome {
        Outcome::Added => ("added", "新增"),
        Outcome::Changed => ("changed", "更新"),
        Outcome::Unchanged => ("unchanged", "不变"),
        Outcome::Deleted => ("deleted", "已删除，不再导入"),
    };
    if session.json {
        let lines: Vec<_> = report
            .lines
            .iter()
            .map(|line| json!({"kind": line.kind, "outcome": words(line.outcome).0, "number": line.number, "words": line.words}))
            .collect();
        data(&json!({"week": report.week.to_string(), "dry_run": report.dry_run, "lines": lines}).to_string());
    } else {
        for line in &report.lines {
            let kind = match line.kind {
                "event" => "事件",
                "figure" => "指标",
                _ => "事故数",
            };
            data(&format!("{}  {kind}  {}", words(line.outcome).1, line.words));
        }
    }
    let count = |outcome| report.lines.iter().filter(|line| line.outcome == outcome).count();
    let (added, changed) = (count(Outcome::Added), count(Outcome::Changed));
    if report.is_unchanged() {
        say(&format!("{}：没有变化 nothing changed", report.week));
    } else {
        let tense = if report.dry_run { "将会（--dry-run，未写入）" } else { "已" };
        say(&format!("{}：{tense}新增 {added} 项，更新 {changed} 项", report.week));
    }
    Ok(())
}
