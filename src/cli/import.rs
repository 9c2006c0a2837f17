//! `fupan import FILE…`, `fupan import --list`, `fupan import --undo RUN`.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::DateTime;
use chrono_tz::Tz;
use clap::Args;
use serde_json::{Value, json};

use super::{
    Session,
    out::{data, say},
};
use crate::{
    domain::{
        checked::FieldError,
        clock_point::ClockPoint,
        import_plan::{self, Choices, Kind, Line},
        iso_week::IsoWeek,
    },
    i18n::imports as words,
    service::{
        ServiceError,
        imports::{self, Doubtful, ImportReport, ImportRun, Options, Outcome, Run, ToolFormat},
    },
};

/// 导入周报或别处的数据，每个文件各自一次；撤销导入。 Import weekly reports or the data of other tools, each file in a transaction of its own; undo an import.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// 周报文件或文件夹，- 为标准输入。 Reports, folders of reports (*.md; with --from the files of that format), or - for standard input.
    #[arg(required_unless_present_any = ["list", "undo"], conflicts_with_all = ["list", "undo"])]
    files: Vec<PathBuf>,
    /// 周次，文中没有写时。 The week, where the document names none.
    #[arg(long)]
    week: Option<String>,
    /// 这些文件是别处的数据（docs/foreign.md）。 The files are data of another tool (docs/foreign.md).
    #[arg(
        long,
        value_name = "csv|statuspage|google-cloud|aws|upptime|atom|front-matter",
        conflicts_with_all = ["week", "list", "undo"]
    )]
    from: Option<String>,
    /// 用 --from csv 时，各列是什么。 With --from csv: which column is what, like occurred=开始时间,recovered=恢复时间,summary=标题.
    #[arg(long, requires = "from", value_name = "FIELD=COLUMN,…")]
    map: Option<String>,
    /// 用 --from 时，给工具起个名字，以免编号相同。 With --from: a name for the tool, where two tools have the same ids.
    #[arg(long, requires = "from", value_name = "NAME")]
    source: Option<String>,
    /// 只看会怎样，不写入。 Show what would happen, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// 存疑的事件：add 照常新增，skip 不导入。 What happens to doubtful events: add takes them, skip leaves them out.
    #[arg(long, default_value = "add", value_name = "add|skip")]
    doubtful: String,
    /// 列出以往的导入，最近的在前。 List the imports there were, the latest first.
    #[arg(long, conflicts_with = "undo")]
    list: bool,
    /// 用 --list 时显示几次，1 到 100。 With --list: how many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// 用 --list 时从哪里接着列。 With --list: the page behind this import, as printed under a page.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// 撤销一次导入：--list 里的编号，或 last。 Undo an import: its id from --list, or last.
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
    let from = import.from.as_deref();
    let tool = from.map(|from| ToolFormat::of(from, import.map.as_deref(), import.source.as_deref())).transpose()?;
    let endings = tool.as_ref().map_or(&["md", "markdown"][..], |tool| tool.format.endings());
    let files = files_of(&import.files, endings)?;
    let several = files.len() > 1;
    let source = tool.as_ref().map_or("cli", |tool| tool.source.as_str()).to_owned();
    let options = Options { source, dry_run: import.dry_run, doubtful };
    let mut run = Run::new(&session.app, options);
    let mut failed = 0;
    for file in &files {
        if several {
            say(&format!("== {}", file.display()));
        }
        let done = match &tool {
            Some(tool) => tool_file(session, &mut run, file, tool, doubtful).await,
            None => one(session, &mut run, file, week, doubtful).await,
        };
        match done {
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
fn files_of(named: &[PathBuf], endings: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
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
            let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            if file.is_file() && ending.is_some_and(|ending| endings.contains(&ending.as_str())) {
                inside.push(file);
            }
        }
        let wanted = endings.iter().map(|ending| format!("*.{ending}")).collect::<Vec<_>>().join(", ");
        anyhow::ensure!(!inside.is_empty(), "there is no {wanted} in {}", path.display());
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
    let (bytes, name) = bytes_of(file)?;
    let name = name.unwrap_or_else(|| "stdin".to_owned());
    let content = imports::document(bytes).map_err(ServiceError::from)?;
    let document = imports::read(&session.app, &name, content, week).await?;
    let report = imports::import_document(&session.app, &session.actor, run, &document, &Choices::new()).await?;
    if session.json {
        data(&as_json(&report, session.app.zone).to_string());
    } else {
        for line in &report.lines {
            data(&as_text(line, session.app.zone));
        }
    }
    summary(&report, doubtful);
    Ok(())
}

/// The bytes of a file and its name; standard input has none.
fn bytes_of(file: &Path) -> anyhow::Result<(Vec<u8>, Option<String>)> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        return Ok((bytes, None));
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok((bytes, file.file_name().map(|name| name.to_string_lossy().into_owned())))
}

/// A file of another tool. What was not taken is said beside the data.
async fn tool_file(
    session: &Session,
    run: &mut Run,
    file: &Path,
    tool: &ToolFormat,
    doubtful: Doubtful,
) -> anyhow::Result<()> {
    let (bytes, name) = bytes_of(file)?;
    let read = imports::import_tool_file(&session.app, &session.actor, run, tool, name.as_deref(), bytes).await?;
    let (report, refused) = (&read.report, &read.refused);
    if session.json {
        let mut body = as_json(report, session.app.zone);
        let refused: Vec<Value> =
            refused.iter().map(|one| json!({"place": one.place.to_string(), "words": one.words})).collect();
        if let Some(body) = body.as_object_mut() {
            body.insert("refused".to_owned(), Value::Array(refused));
        }
        data(&body.to_string());
    } else {
        for line in &report.lines {
            data(&as_text(line, session.app.zone));
        }
    }
    for one in refused {
        say(&format!("未取 not taken  {}：{}", one.place, one.words));
    }
    summary(report, doubtful);
    if !refused.is_empty() {
        say(&format!("{}：未取 {} 条 not taken", report.file_name, refused.len()));
    }
    Ok(())
}

/// `新增  事件  2026-03-11 09:30–10:15  客户反馈…  95%：年份是推断的：2026`.
fn as_text(line: &Line, zone: Tz) -> String {
    let when = match (line.kind, line.times()) {
        (Kind::Event, (None, _)) => "无时间  ".to_owned(),
        (Kind::Event, (occurred, recovered)) => format!("{}  ", import_plan::span_word(occurred, recovered, zone)),
        _ => String::new(),
    };
    let mut text = format!(
        "{}  {}  {when}{}  {}%",
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
    for (line, problem) in report.unread() {
        let place = line.place.map(|place| format!("第{place}行 ")).unwrap_or_default();
        let said = import_plan::short(&line.words, 40);
        say(&format!("未取 not taken  {place}{} {said}：{}", words::kind(line.kind, true), problem_words(problem)));
    }
    let unread = report.unread().count();
    let (added, doubts) = (report.added(), report.total(Outcome::Doubtful).saturating_sub(unread));
    let changed = report.lines.iter().filter(|line| line.outcome == Outcome::Changed && line.taken).count();
    if report.is_unchanged() && doubts + unread == 0 {
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
    if unread > 0 {
        text.push_str(&format!("，未取 {unread} 项（见上，改好后再导入）"));
    }
    say(&text);
}

fn as_json(report: &ImportReport, zone: Tz) -> Value {
    let at = |point: Option<ClockPoint>| point.map(|point| point.at.with_timezone(&zone).fixed_offset().to_rfc3339());
    let lines: Vec<Value> = report
        .lines
        .iter()
        .map(|line| {
            let (occurred, recovered) = line.times();
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
                "line": line.place,
                "words": line.words,
                "occurred_at": at(occurred),
                "occurred_precision": occurred.map(|point| point.precision.code()),
                "recovered_at": at(recovered),
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
