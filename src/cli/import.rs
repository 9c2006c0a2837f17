//! `fupan import FILE…`, `fupan import --list`, `fupan import --undo RUN`.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::DateTime;
use clap::Args;
use serde_json::{Value, json};

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        checked::FieldError,
        import_plan::{Choices, Line},
        iso_week::IsoWeek,
    },
    i18n::imports as words,
    service::{
        ServiceError,
        imports::{self, Doubtful, ImportReport, ImportRun, Options, Outcome, Run},
    },
};

/// Import weekly reports, each in a transaction of its own; undo an import.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Reports, folders of reports (*.md), or - for standard input.
    #[arg(required_unless_present_any = ["list", "undo"], conflicts_with_all = ["list", "undo"])]
    files: Vec<PathBuf>,
    /// The week, where the document names none.
    #[arg(long)]
    week: Option<String>,
    /// Show what would happen, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// What happens to doubtful events: add takes them, skip leaves them out.
    #[arg(long, default_value = "add", value_name = "add|skip")]
    doubtful: String,
    /// List the imports there were, the latest first.
    #[arg(long, conflicts_with = "undo")]
    list: bool,
    /// With --list: how many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// With --list: the page behind this import, as printed under a page.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Undo an import: its id from --list, or last.
    #[arg(long, value_name = "RUN")]
    undo: Option<String>,
}

pub(super) async fn run(session: &Session, import: Import) -> anyhow::Result<()> {
    if let Some(word) = &import.undo {
        return undo(session, word).await;
    }
    if import.list {
        return list(session, &import).await;
    }
    let week = import.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let doubtful = Doubtful::from_code(&import.doubtful).map_err(ServiceError::from)?;
    let files = files_of(&import.files)?;
    let several = files.len() > 1;
    let options = Options { source: "cli".to_owned(), dry_run: import.dry_run, doubtful };
    let mut run = Run::new(&session.app, options);
    let mut failed = 0;
    for file in &files {
        if several {
            say(&format!("== {}", file.display()));
        }
        match one(session, &mut run, file, week, doubtful).await {
            Ok(()) => {}
            // What is wrong with one file keeps none of the others away.
            Err(error) if several => {
                say(&format!("{}: {error:#}", file.display()));
                failed += 1;
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(id) = run.written() {
        say(&format!("撤销这次导入：fupan import --undo {id}"));
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

async fn one(
    session: &Session,
    run: &mut Run,
    file: &Path,
    week: Option<IsoWeek>,
    doubtful: Doubtful,
) -> anyhow::Result<()> {
    let (bytes, name) = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        (bytes, "stdin".to_owned())
    } else {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        (bytes, file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    };
    let content = imports::document(bytes).map_err(ServiceError::from)?;
    let document = imports::read(&session.app, &name, content, week)?;
    let report = imports::import_document(&session.app, &session.actor, run, &document, &Choices::new()).await?;
    if session.json {
        data(&as_json(&report).to_string());
    } else {
        for line in &report.lines {
            data(&as_text(line));
        }
    }
    summary(&report, doubtful);
    // A dry run shows every line first; a file with a bad one could not be imported.
    match report.problem() {
        Some(problem) => Err(ServiceError::from(problem).into()),
        None => Ok(()),
    }
}

/// `新增  事件  PE-1 客户反馈…  95%：只有日期`.
fn as_text(line: &Line) -> String {
    let mut text = format!(
        "{}  {}  {}  {}%",
        words::outcome(line.outcome, true),
        words::kind(line.kind, true),
        line.words,
        line.confidence
    );
    let mut notes = Vec::new();
    if line.outcome == Outcome::Doubtful && !line.taken {
        notes.push("不导入".to_owned());
    }
    if let Some(number) = line.number.filter(|_| matches!(line.outcome, Outcome::Changed | Outcome::Unchanged)) {
        notes.push(crate::domain::event::label(number));
    }
    if !line.reasons.is_empty() {
        notes.push(words::reasons(line, true));
    }
    notes.extend(line.changes.iter().map(|change| words::change(change, true)));
    if let Some(problem) = &line.problem {
        notes.push(problem_words(problem));
    }
    if !notes.is_empty() {
        text.push('：');
        text.push_str(&notes.join("；"));
    }
    text
}

fn problem_words(problem: &FieldError) -> String {
    crate::i18n::problems::chinese(&ServiceError::from(problem.clone()))
}

fn summary(report: &ImportReport, doubtful: Doubtful) {
    let what = report.week.map_or_else(|| report.file_name.clone(), |week| week.to_string());
    let (added, doubts) = (report.added(), report.total(Outcome::Doubtful));
    let changed = report.lines.iter().filter(|line| line.outcome == Outcome::Changed && line.taken).count();
    if report.is_unchanged() && doubts == 0 {
        say(&format!("{what}：没有变化 nothing changed"));
        return;
    }
    let tense = if report.dry_run { "将会（--dry-run，未写入）" } else { "已" };
    let mut text = format!("{what}：{tense}新增 {added} 项，更新 {changed} 项");
    if doubts > 0 {
        let rule = match doubtful {
            Doubtful::Add => "照常新增；--doubtful skip 则不导入",
            Doubtful::Skip => "没有导入；--doubtful add 则照常新增",
        };
        text.push_str(&format!("，存疑 {doubts} 项（{rule}）"));
    }
    say(&text);
}

fn as_json(report: &ImportReport) -> Value {
    let lines: Vec<Value> = report
        .lines
        .iter()
        .map(|line| {
            json!({
                "kind": line.kind.code(),
                "outcome": crate::web::api::imports::outcome_code(line.outcome),
                "taken": line.taken,
                "confidence": line.confidence,
                "reasons": line.reasons.iter().map(|reason| json!({
                    "code": reason.code(),
                    "text": words::reason(reason, true),
                })).collect::<Vec<_>>(),
                "number": line.number,
                "meets": line.meets,
                "words": line.words,
                "changes": line.changes.iter().map(|change| json!({
                    "field": change.field, "from": change.from, "to": change.to,
                })).collect::<Vec<_>>(),
                "problem": line.problem.as_ref().map(problem_words),
            })
        })
        .collect();
    json!({
        "file": report.file_name,
        "week": report.week.map(|week| week.to_string()),
        "dry_run": report.dry_run,
        "run": report.run,
        "lines": lines,
    })
}

async fn list(session: &Session, asked: &Import) -> anyhow::Result<()> {
    let after = asked.after.as_deref().map(imports::cursor).transpose().map_err(ServiceError::from)?;
    let page = imports::list(&session.app, &session.actor, after, asked.limit).await?;
    if session.json {
        let runs: Vec<_> = page.runs.iter().map(|run| crate::web::api::imports::run_body(&session.app, run)).collect();
        let next = page.next.map(imports::cursor_text);
        data(&json!({"data": runs, "next_cursor": next}).to_string());
        return Ok(());
    }
    if page.runs.is_empty() {
        say("还没有导入过");
    }
    for run in &page.runs {
        data(&run_line(session, run));
    }
    if let Some(next) = page.next {
        say(&format!("更早的：fupan import --list --after {}", imports::cursor_text(next)));
    }
    Ok(())
}

fn run_line(session: &Session, run: &ImportRun) -> String {
    let when = |at: i64| {
        let at = DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&session.app.zone));
        at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
    };
    let files =
        if run.files > 1 { format!("{} 等 {} 个文件", run.file_name, run.files) } else { run.file_name.clone() };
    let mut text = format!(
        "{}  {}  {}  {}  {files}  新增 {}，更新 {}，不变 {}，存疑 {}",
        run.id,
        when(run.at),
        run.by_name,
        words::source(&run.source, true),
        run.added,
        run.changed,
        run.same,
        run.doubtful
    );
    if let Some(at) = run.undone_at {
        text.push_str(&format!("  已撤销（{} {}）", when(at), run.undone_by.as_deref().unwrap_or_default()));
    }
    text
}

async fn undo(session: &Session, word: &str) -> anyhow::Result<()> {
    let report = imports::undo(&session.app, &session.actor, word).await?;
    if session.json {
        data(&serde_json::to_string(&crate::web::api::imports::undo_body(&session.app, &report, true))?);
    } else {
        for (kind, label) in &report.undone {
            data(&format!("已撤销  {}  {label}", words::kind_of_code(kind, true)));
        }
        for kept in &report.kept {
            let kind = words::kind_of_code(&kept.kind, true);
            data(&format!("保留  {kind}  {}：{}", kept.label, words::kept(&kept.fields, true)));
        }
    }
    say(&format!("已撤销导入 {}：{} 项撤销，{} 项保留", report.run.id, report.undone.len(), report.kept.len()));
    Ok(())
}
