//! `fupan import FILE…`.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

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

/// Import weekly reports, each in a transaction of its own.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Reports, folders of reports (*.md), or - for standard input.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The week, where the document names none.
    #[arg(long)]
    week: Option<String>,
    /// Show what would happen, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, import: Import) -> anyhow::Result<()> {
    let week = import.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let files = files_of(&import.files)?;
    let several = files.len() > 1;
    let mut failed = 0;
    for file in &files {
        if several {
            say(&format!("== {}", file.display()));
        }
        match one(session, file, week, import.dry_run).await {
            Ok(()) => {}
            // What is wrong with one file keeps none of the others away.
            Err(error) if several => {
                say(&format!("{}: {error:#}", file.display()));
                failed += 1;
            }
            Err(error) => return Err(error),
        }
    }
    anyhow::ensure!(failed == 0, "{failed} of {} files were not imported", files.len());
    Ok(())
}

/// The files that were named, those of folders in the order of their names.
fn files_of(named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut inside = Vec::new();
        for entry in entries {
            let file = entry.with_context(|| format!("cannot read {}", path.display()))?.path();
            if file.is_file() && file.extension().is_some_and(|ending| ending == "md" || ending == "markdown") {
                inside.push(file);
            }
        }
        anyhow::ensure!(!inside.is_empty(), "there is no *.md in {}", path.display());
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

async fn one(session: &Session, file: &Path, week: Option<IsoWeek>, dry_run: bool) -> anyhow::Result<()> {
    let (bytes, name) = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        (bytes, "stdin".to_owned())
    } else {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        (bytes, file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    };
    let document = imports::document(bytes).map_err(ServiceError::from)?;
    let report = imports::import(&session.app, &session.actor, &name, document, week, dry_run).await?;
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
