//! Importing a weekly report over the API, undoing an import, and putting the sections back into a report.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::{DateTime, FixedOffset};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{
        checked::FieldError,
        clock_point::ClockPoint,
        foreign::Refused,
        import_plan::{Choices, Line},
        iso_week::IsoWeek,
    },
    i18n::imports as words,
    service::{
        App, ServiceError,
        imports::{self, Doubtful, ImportReport, ImportRun, Options, Outcome, Run, ToolFormat, UndoReport},
        report_splice,
    },
};

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// The ISO week, where the document names none.
    week: Option<String>,
    /// Only say what would happen.
    dry_run: Option<bool>,
    /// Name of the file, for the list of imports.
    file: Option<String>,
    /// What happens to doubtful events: `add` (the default) or `skip`.
    doubtful: Option<String>,
    /// The body is data of another tool: csv, statuspage, google-cloud, aws, upptime, atom or front-matter.
    from: Option<String>,
    /// With `from=csv`: which column is what, like `occurred=开始时间,recovered=恢复时间,summary=标题`.
    map: Option<String>,
    /// With `from`: a name for the tool, where two tools have the same ids.
    source: Option<String>,
}

/// Why the plan says what it says.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportReason {
    /// Stable: imported, same_sentence, alike, other_week, earlier_file, may_be, may_have_moved, no_time, day_only,
    /// year_assumed, far_from_week, date_unreadable, second_date, recovery_next_day, recovery_before, no_symptom,
    /// too_long, left_out, corrected, chosen or edited_here.
    code: &'static str,
    /// In words, in the language of Accept-Language.
    text: String,
}

/// A field that changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFieldChange {
    /// Name of the field.
    field: &'static str,
    /// What it was; empty where it was nothing.
    from: String,
    /// What it becomes.
    to: String,
}

/// What happened to one thing of the document.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportLine {
    /// added, changed, unchanged, doubtful (a person should look) or deleted (it was deleted here since: it stays
    /// deleted).
    outcome: &'static str,
    /// Whether something is written for it; for a doubtful one, whether it is taken.
    taken: bool,
    /// How sure, 0 to 100.
    confidence: u8,
    /// Why.
    reasons: Vec<ImportReason>,
    /// event, figure or incident_count.
    kind: &'static str,
    /// Number of the event.
    number: Option<i64>,
    /// Number of the event that it may be, or is.
    meets: Option<i64>,
    /// The line of the document on which it begins, from 1; null for data of another tool.
    line: Option<usize>,
    /// What it is, short, on one line.
    text: String,
    /// When the event began, in the zone of the reports; null where it is not known, and for figures and counts.
    occurred_at: Option<DateTime<FixedOffset>>,
    /// minute, or day where only the date is known.
    occurred_precision: Option<&'static str>,
    /// When it recovered.
    recovered_at: Option<DateTime<FixedOffset>>,
    /// What changes on what is there.
    changes: Vec<ImportFieldChange>,
    /// Why it cannot be saved as it stands; such a thing is left out, the rest is imported.
    problem: Option<String>,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportBody {
    /// ISO week of the report; empty for data of another tool, whose events each go to the week of their beginning.
    week: String,
    /// Whether nothing was written because that was asked for.
    dry_run: bool,
    /// Whether the document changed nothing.
    unchanged: bool,
    /// The import that can be undone; null where nothing was written.
    run: Option<Uuid>,
    /// Every event, figure and count of the document.
    data: Vec<ImportLine>,
    /// Entries of another tool that were not taken.
    pub(super) refused: Vec<RefusedEntry>,
}

/// An entry of another tool that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedEntry {
    /// Its line, or its number in the list.
    place: String,
    /// Why, in Chinese and English.
    text: String,
}

impl RefusedEntry {
    /// As JSON.
    pub(super) fn of(refused: &Refused) -> Self {
        Self { place: refused.place.to_string(), text: refused.words.clone() }
    }
}

/// The code of an outcome.
pub const fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Added => "added",
        Outcome::Changed => "changed",
        Outcome::Unchanged => "unchanged",
        Outcome::Doubtful => "doubtful",
        Outcome::Deleted => "deleted",
    }
}

/// Whether the sender reads Chinese; programs that name no language get English.
pub(super) fn reads_chinese(request: &HttpRequest) -> bool {
    let wanted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.is_some_and(|wanted| wanted.starts_with("zh"))
}

fn line_body(line: &Line, zone: Tz, chinese: bool) -> ImportLine {
    let (occurred, recovered) = line.times();
    let at = |point: ClockPoint| point.at.with_timezone(&zone).fixed_offset();
    let problem = line.problem.clone().map(|problem| Problem::from(problem).sentence(chinese).to_owned());
    let reason = |reason| words::reason(reason, chinese);
    ImportLine {
        outcome: outcome_code(line.outcome),
        taken: line.taken,
        confidence: line.confidence,
        reasons: line.reasons.iter().map(|one| ImportReason { code: one.code(), text: reason(one) }).collect(),
        kind: line.kind.code(),
        number: line.number,
        meets: line.meets,
        line: line.place,
        text: line.words.clone(),
        occurred_at: occurred.map(at),
        occurred_precision: occurred.map(|point| point.precision.code()),
        recovered_at: recovered.map(at),
        changes: line
            .changes
            .iter()
            .map(|change| ImportFieldChange { field: change.field, from: change.from.clone(), to: change.to.clone() })
            .collect(),
        problem,
    }
}

/// What an import did, as JSON.
pub(super) fn body(report: &ImportReport, zone: Tz, chinese: bool) -> ImportBody {
    ImportBody {
        week: report.week.map(|week| week.to_string()).unwrap_or_default(),
        dry_run: report.dry_run,
        unchanged: report.is_unchanged(),
        run: report.run,
        data: report.lines.iter().map(|line| line_body(line, zone, chinese)).collect(),
        refused: Vec::new(),
    }
}

/// Imports a document: the body is its Markdown, or with `from` the data of another tool.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<ImportQuery>,
    bytes: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = query.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let doubtful = query.doubtful.as_deref().map_or(Ok(Doubtful::Add), Doubtful::from_code)?;
    let dry_run = query.dry_run.unwrap_or(false);
    if let Some(from) = query.from.as_deref() {
        if week.is_some() {
            return Err(FieldError::shape("week", "events of another tool have their own weeks; leave it out").into());
        }
        let how = ToolFormat::of(from, query.map.as_deref(), query.source.as_deref())?;
        let mut run = Run::new(&app, Options { source: how.source.clone(), dry_run, doubtful });
        let file = query.file.as_deref();
        let read = imports::import_tool_file(&app, &caller.actor, &mut run, &how, file, bytes.to_vec()).await?;
        let refused = read.refused.iter().map(RefusedEntry::of).collect();
        return Ok(
            HttpResponse::Ok().json(ImportBody { refused, ..body(&read.report, app.zone, reads_chinese(&request)) })
        );
    }
    if query.map.is_some() || query.source.is_some() {
        return Err(FieldError::shape("from", "name the format: from=csv").into());
    }
    let content = imports::document(bytes.to_vec())?;
    let file = query.file.as_deref().unwrap_or("api");
    let mut run = Run::new(&app, Options { source: "api".to_owned(), dry_run, doubtful });
    let document = imports::read(&app, file, content, week).await?;
    let report = imports::import_document(&app, &caller.actor, &mut run, &document, &Choices::new()).await?;
    Ok(HttpResponse::Ok().json(body(&report, app.zone, reads_chinese(&request))))
}

/// Which page of imports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Where the page begins, from `next_cursor`.
    cursor: Option<String>,
    /// Imports on a page, 1 to 100.
    limit: Option<u64>,
}

/// One act of importing.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunBody {
    /// Its id, for undoing it.
    id: Uuid,
    /// When.
    at: Option<DateTime<FixedOffset>>,
    /// Who.
    by: String,
    /// cli, web, api, or the tool that the events come from.
    source: String,
    /// Name of the first file.
    file: String,
    /// How many files wrote something.
    files: i64,
    /// Things that were new.
    added: i64,
    /// Things that changed.
    changed: i64,
    /// Things that were there.
    unchanged: i64,
    /// Things that a person should look at.
    doubtful: i64,
    /// When it was undone; null while it stands.
    undone_at: Option<DateTime<FixedOffset>>,
    /// Who undid it.
    undone_by: Option<String>,
}

/// A page of imports.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunList {
    /// The latest first.
    data: Vec<RunBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A run as JSON.
pub fn run_body(app: &App, run: &ImportRun) -> RunBody {
    let when = |at: i64| DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&app.zone).fixed_offset());
    RunBody {
        id: run.id,
        at: when(run.at),
        by: run.by_name.clone(),
        source: run.source.clone(),
        file: run.file_name.clone(),
        files: run.files,
        added: run.added,
        changed: run.changed,
        unchanged: run.same,
        doubtful: run.doubtful,
        undone_at: run.undone_at.and_then(when),
        undone_by: run.undone_by.clone(),
    }
}

/// The imports there were.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<RunQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let after = query.cursor.as_deref().filter(|text| !text.is_empty()).map(imports::cursor).transpose()?;
    let page = imports::list(&app, &caller.actor, after, query.limit.unwrap_or(50)).await?;
    let data = page.runs.iter().map(|run| run_body(&app, run)).collect();
    Ok(HttpResponse::Ok().json(RunList { data, next_cursor: page.next.map(imports::cursor_text) }))
}

/// Something that was undone.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoneBody {
    /// event, postmortem, figure or incident_count.
    kind: String,
    /// What it is.
    text: String,
}

/// Something that was not undone, or not altogether.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptBody {
    /// event, postmortem, figure or incident_count.
    kind: String,
    /// What it is.
    text: String,
    /// What of it was edited since.
    fields: Vec<String>,
    /// Why it stays, in words.
    reason: String,
}

/// What undoing an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoBody {
    /// The import, undone.
    run: RunBody,
    /// What was undone.
    undone: Vec<UndoneBody>,
    /// What stays, because it was edited since.
    kept: Vec<KeptBody>,
}

/// What undoing a run did, as JSON.
pub fn undo_body(app: &App, report: &UndoReport, chinese: bool) -> UndoBody {
    let undone = report.undone.iter();
    UndoBody {
        run: run_body(app, &report.run),
        undone: undone.map(|(kind, text)| UndoneBody { kind: kind.clone(), text: text.clone() }).collect(),
        kept: report
            .kept
            .iter()
            .map(|kept| KeptBody {
                kind: kept.kind.clone(),
                text: kept.label.clone(),
                fields: kept.fields.clone(),
                reason: words::kept(&kept.fields, chinese),
            })
            .collect(),
    }
}

/// Undoes an import.
pub async fn undo(request: HttpRequest, app: web::Data<App>, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let report = imports::undo(&app, &caller.actor, &path).await?;
    Ok(HttpResponse::Ok().json(undo_body(&app, &report, reads_chinese(&request))))
}

/// Which week of the document.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SpliceQuery {
    /// The ISO week, where the document names none.
    week: Option<String>,
}

/// Puts the sections of a week into a document: the body is its Markdown, and so is the answer. Headers count what stays
/// as the writer has it: events and figures of other weeks, and events whose change could not be written.
pub async fn splice(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<SpliceQuery>,
    bytes: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let week = query.week.as_deref().map(str::parse::<IsoWeek>).transpose().map_err(ServiceError::from)?;
    let document = imports::document(bytes.to_vec())?;
    let spliced = report_splice::splice(&app, &caller.actor, &document, week).await?;
    let mut answer = HttpResponse::Ok();
    for (name, count) in [
        ("Fupan-Other-Week-Events", spliced.of_other_weeks.events.len()),
        ("Fupan-Other-Week-Figures", spliced.of_other_weeks.figures.len()),
        ("Fupan-Unwritten-Events", spliced.left.len()),
    ] {
        answer.insert_header((name, count.to_string()));
    }
    Ok(answer.content_type("text/markdown; charset=utf-8").body(spliced.document))
}
