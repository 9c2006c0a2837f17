//! Importing data of another tool: what would happen first, then doing it. Its entries are not corrected here, but in
//! the tool, or afterwards as events.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    Refused,
    form::{Fields, Sent},
    refuse, rows,
};
use crate::{
    domain::foreign::ForeignFormat,
    i18n::imports as words,
    service::{
        App, ServiceError,
        imports::{self, Doubtful, Options, Outcome, Run, ToolFormat, ToolReport},
    },
    web::{
        gate::Caller,
        pages::{Shell, render},
        problem::Problem,
    },
};

/// The most rows of a file that are shown; all are imported.
const SHOWN: usize = 500;

/// An event of a file.
struct ToolRow {
    outcome: &'static str,
    tone: &'static str,
    /// Beginning and recovery; empty where there is no time.
    when: String,
    words: String,
    number: Option<i64>,
    why: String,
}

/// A file.
struct ToolPart {
    name: String,
    packed: String,
    rows: Vec<ToolRow>,
    /// Place and reason of entries that were not taken.
    refused: Vec<(String, String)>,
    not_taken: usize,
    added: usize,
    changed: usize,
    unchanged: usize,
    /// There are more rows than are shown.
    more: bool,
}

#[derive(Template)]
#[template(path = "import_tool.html")]
struct ToolPage {
    shell: Shell,
    from: String,
    map: String,
    source: String,
    parts: Vec<ToolPart>,
    planned: bool,
    unchanged: bool,
    run: String,
}

/// The formats to choose from.
pub(super) fn formats() -> [&'static str; 7] {
    ForeignFormat::ALL.map(ForeignFormat::code)
}

async fn read_all(
    app: &App,
    caller: &Caller,
    how: &ToolFormat,
    sent: &[Sent],
    run: &mut Run,
) -> Result<Vec<ToolReport>, Refused> {
    let mut reports = Vec::with_capacity(sent.len());
    for (at, one) in sent.iter().enumerate() {
        let name = Some(one.name.as_str()).filter(|name| !name.is_empty());
        let read = imports::import_tool_file(app, &caller.actor, run, how, name, one.bytes.clone()).await;
        let read = read.map_err(|error| Refused::Document(at, error))?;
        reports.push(read);
    }
    Ok(reports)
}

async fn run_all(
    app: &App,
    caller: &Caller,
    fields: &Fields,
    save: bool,
) -> Result<(ToolFormat, Vec<Sent>, Vec<ToolReport>, Run), Refused> {
    let whole = |error: ServiceError| Refused::Whole(error);
    let how = ToolFormat::of(fields.text("from"), Some(fields.text("map")), Some(fields.text("source")));
    let how = how.map_err(whole)?;
    let sent = fields.documents().map_err(|error| Refused::Whole(error.into()))?;
    if sent.is_empty() {
        return Err(Refused::Whole(super::no_document().into()));
    }
    let new_run = |dry_run| Run::new(app, Options { source: how.source.clone(), dry_run, doubtful: Doubtful::Add });
    // All files are read before the first one is written.
    let mut run = new_run(true);
    let mut reports = read_all(app, caller, &how, &sent, &mut run).await?;
    if save {
        run = new_run(false);
        reports = read_all(app, caller, &how, &sent, &mut run).await?;
    }
    Ok((how, sent, reports, run))
}

/// Shows what an import would do, or does it.
pub(super) async fn import(
    request: &HttpRequest,
    app: &App,
    caller: &Caller,
    fields: &Fields,
) -> Result<HttpResponse, Problem> {
    let save = fields.text("action") == "save";
    let (how, sent, reports, run) = match run_all(app, caller, fields, save).await {
        Ok(done) => done,
        Err(refused) => return refuse(app, request, caller, fields, refused).await,
    };
    let shell = Shell::of(app, request, caller, "report").await?;
    let chinese = shell.t.lang == "zh-CN";
    let part = |(one, read): (&Sent, &ToolReport)| {
        let lines = &read.report.lines;
        let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count();
        ToolPart {
            name: one.name.clone(),
            packed: one.packed(),
            rows: lines
                .iter()
                .take(SHOWN)
                .map(|line| ToolRow {
                    outcome: words::outcome(line.outcome, chinese),
                    tone: rows::tone(line.outcome),
                    when: rows::when(line, app.zone),
                    words: line.words.clone(),
                    number: line.number,
                    why: words::reasons(line, chinese),
                })
                .collect(),
            refused: read
                .refused
                .iter()
                .take(SHOWN)
                .map(|refused| (refused.place.to_string(), refused.words.clone()))
                .collect(),
            not_taken: read.refused.len(),
            added: count(Outcome::Added) + count(Outcome::Doubtful),
            changed: count(Outcome::Changed),
            unchanged: count(Outcome::Unchanged) + count(Outcome::Deleted),
            more: lines.len() > SHOWN || read.refused.len() > SHOWN,
        }
    };
    let page = ToolPage {
        from: how.format.code().to_owned(),
        map: fields.text("map").to_owned(),
        source: fields.text("source").to_owned(),
        parts: sent.iter().zip(&reports).map(part).collect(),
        planned: !save,
        unchanged: reports.iter().all(|read| read.report.is_unchanged()),
        run: run.written().map(|id| id.to_string()).unwrap_or_default(),
        shell,
    };
    render(StatusCode::OK, &page)
}
