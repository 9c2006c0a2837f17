//! Importing weekly reports: what would happen first, corrected row by row, then doing it.

mod form;
mod rows;
pub(super) mod runs;
mod tools;

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;

use super::{Shell, refusal, render};
use crate::{
    domain::{
        checked::FieldError,
        import_plan::{Choices, Line},
        iso_week::IsoWeek,
    },
    i18n::Texts,
    service::{
        App, ServiceError,
        imports::{self, Document, Doubtful, Options, Outcome, Run},
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};
pub(super) use form::Fields;
use form::{FILE_LIMIT, ROW_LIMIT, Sent, too_many};
use rows::Row;
use runs::RunRow;

/// A document and its rows.
struct Part {
    name: String,
    week: String,
    packed: String,
    rows: Vec<Row>,
    added: usize,
    changed: usize,
    doubtful: usize,
    unchanged: usize,
    /// Left out by choice, once the rest was saved.
    left_out: usize,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    message: String,
    /// What was pasted, for the form.
    document: String,
    week: String,
    /// Format of another tool, its columns and its name, as chosen.
    from: String,
    map: String,
    source: String,
    formats: [&'static str; 7],
    parts: Vec<Part>,
    /// Nothing was written yet.
    planned: bool,
    /// Nothing of the documents is news.
    unchanged: bool,
    /// The run that can be undone.
    run: String,
    runs: Vec<RunRow>,
    older: String,
}

/// Which page of the list of imports.
#[derive(Debug, Deserialize)]
pub struct Place {
    #[serde(default)]
    after: String,
}

/// The form, and the imports there were.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    place: web::Query<Place>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let page = empty(&app, &request, &caller, &place.after).await?;
    render(StatusCode::OK, &page)
}

async fn empty(app: &App, request: &HttpRequest, caller: &Caller, after: &str) -> Result<ImportPage, Problem> {
    let shell = Shell::of(app, request, caller, "report").await?;
    let after = Some(after).filter(|after| !after.is_empty()).map(imports::cursor).transpose()?;
    let page = imports::list(app, &caller.actor, after, 10).await?;
    let runs = page.runs.iter().map(|run| runs::row(app, shell.t, run)).collect();
    Ok(ImportPage {
        message: String::new(),
        document: String::new(),
        week: String::new(),
        from: String::new(),
        map: String::new(),
        source: String::new(),
        formats: tools::formats(),
        parts: Vec::new(),
        planned: true,
        unchanged: false,
        run: String::new(),
        runs,
        older: page.next.map(imports::cursor_text).unwrap_or_default(),
        shell,
    })
}

/// What stands in the way of an import: a sentence above the form.
enum Refused {
    /// Of the document with this place.
    Document(usize, ServiceError),
    /// Of all of them.
    Whole(ServiceError),
}

/// The documents of a form as read, and as they were sent.
struct Read {
    sent: Vec<Sent>,
    documents: Vec<Document>,
}

fn no_document() -> FieldError {
    FieldError { field: "document", problem: crate::domain::checked::FieldProblem::Empty }
}

async fn read(app: &App, fields: &Fields) -> Result<Read, Refused> {
    let sent = fields.documents().map_err(|error| Refused::Whole(error.into()))?;
    let week = Some(fields.text("week").trim()).filter(|week| !week.is_empty());
    let week = week.map(str::parse::<IsoWeek>).transpose().map_err(|error| Refused::Whole(error.into()))?;
    if sent.is_empty() {
        return Err(Refused::Whole(no_document().into()));
    }
    // One week cannot be that of several reports.
    let week = week.filter(|_| sent.len() == 1);
    let mut documents = Vec::with_capacity(sent.len());
    for (at, one) in sent.iter().enumerate() {
        let name = if one.name.is_empty() { "web" } else { &one.name };
        let document = match imports::document(one.bytes.clone()) {
            Ok(content) => imports::read(app, name, content, week).await,
            Err(error) => Err(error.into()),
        };
        documents.push(document.map_err(|error| Refused::Document(at, error))?);
    }
    Ok(Read { sent, documents })
}

/// Lines of each document.
type Lines = Vec<Vec<Line>>;

async fn run_all(
    app: &App,
    caller: &Caller,
    run: &mut Run,
    documents: &[Document],
    choices: &[Choices],
) -> Result<Lines, ServiceError> {
    let none = Choices::new();
    let mut lines = Vec::with_capacity(documents.len());
    for (at, document) in documents.iter().enumerate() {
        let choices = choices.get(at).unwrap_or(&none);
        lines.push(imports::import_document(app, &caller.actor, run, document, choices).await?.lines);
    }
    Ok(lines)
}

fn new_run(app: &App, dry_run: bool) -> Run {
    Run::new(app, Options { source: "web".to_owned(), dry_run, doubtful: Doubtful::Add })
}

/// Shows what an import would do, or does it.
pub async fn import(request: HttpRequest, app: web::Data<App>, fields: Fields) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    if !fields.text("from").is_empty() {
        return tools::import(&request, &app, &caller, &fields).await;
    }
    let save = fields.text("action") == "save";
    let read = match read(&app, &fields).await {
        Ok(read) => read,
        Err(refused) => return refuse(&app, &request, &caller, &fields, refused).await,
    };
    let planned = run_all(&app, &caller, &mut new_run(&app, true), &read.documents, &[]).await?;
    if planned.iter().map(Vec::len).sum::<usize>() > ROW_LIMIT || read.documents.len() > FILE_LIMIT {
        return refuse(&app, &request, &caller, &fields, Refused::Whole(too_many().into())).await;
    }
    let sent = fields.rows();
    let (choices, refused) = decide(&app, &planned, &sent);
    let decided = if sent.is_empty() {
        planned.clone()
    } else {
        run_all(&app, &caller, &mut new_run(&app, true), &read.documents, &choices).await?
    };
    let bad = !refused.is_empty()
        || decided.iter().flatten().any(|line| line.problem.is_some() && (line.taken || sent.is_empty()));
    let mut lines = decided;
    let mut written = None;
    if save && !bad {
        let mut run = new_run(&app, false);
        lines = run_all(&app, &caller, &mut run, &read.documents, &choices).await?;
        written = run.written();
    }
    let done = save && !bad;
    let mut page = empty(&app, &request, &caller, "").await?;
    let t = page.shell.t;
    page.planned = !done;
    fields.text("week").clone_into(&mut page.week);
    page.unchanged = !lines.iter().flatten().any(|line| line.taken || line.outcome == Outcome::Doubtful);
    page.run = written.map(|id| id.to_string()).unwrap_or_default();
    if let [one] = read.sent.as_slice()
        && one.pasted
    {
        page.document = String::from_utf8_lossy(&one.bytes).into_owned();
    }
    // The values of the table are those of the plan, with what was typed over them.
    let shown = if done { &lines } else { &planned };
    let table = Table { t, app: &app, sent: &sent, refused: &refused, open: !done };
    for (at, (document, one)) in read.documents.iter().zip(&read.sent).enumerate() {
        let (shown, lines) =
            (shown.get(at).map_or(&[][..], Vec::as_slice), lines.get(at).map_or(&[][..], Vec::as_slice));
        page.parts.push(table.part(at, document, one, shown, lines));
    }
    if bad && save {
        t.import_errors.clone_into(&mut page.message);
    }
    let status = if bad && save { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    render(status, &page)
}

/// What a person typed, by the name of the row.
type Sentences = BTreeMap<String, BTreeMap<String, String>>;

/// What people decided on each line, and what could not be read of it.
fn decide(app: &App, planned: &Lines, sent: &Sentences) -> (Vec<Choices>, BTreeMap<String, FieldError>) {
    let mut refused = BTreeMap::new();
    let mut all = Vec::with_capacity(planned.len());
    for (at, lines) in planned.iter().enumerate() {
        let mut choices = Choices::new();
        for line in lines.iter().filter(|line| rows::is_open(line)) {
            let name = rows::row_name(at, line);
            let Some(row) = sent.get(&name) else { continue };
            match rows::choice(app, line, row) {
                Ok(choice) => {
                    choices.insert((line.kind, line.index), choice);
                }
                Err(error) => {
                    refused.insert(name, error);
                }
            }
        }
        all.push(choices);
    }
    (all, refused)
}

/// What the rows of the page are made from.
struct Table<'a> {
    t: &'static Texts,
    app: &'a App,
    sent: &'a Sentences,
    refused: &'a BTreeMap<String, FieldError>,
    open: bool,
}

impl Table<'_> {
    fn part(&self, at: usize, document: &Document, sent: &Sent, shown: &[Line], decided: &[Line]) -> Part {
        let row = |(line, decided): (&Line, &Line)| {
            let name = rows::row_name(at, line);
            let refused = self.refused.get(&name).or(decided.problem.as_ref());
            rows::row(self.t, self.app.zone, at, line, self.sent.get(&name), refused, self.open)
        };
        let count = |outcome| shown.iter().filter(|line| line.outcome == outcome).count();
        let taken = |outcome| shown.iter().filter(|line| line.outcome == outcome && line.taken).count();
        // As the record of the run counts: a doubtful line that was taken is a new one too.
        let (added, changed, left_out) = if self.open {
            (count(Outcome::Added), count(Outcome::Changed), 0)
        } else {
            let left_out = shown.iter().filter(|line| rows::is_left_out(line)).count();
            (taken(Outcome::Added) + taken(Outcome::Doubtful), taken(Outcome::Changed), left_out)
        };
        Part {
            name: document.file_name.clone(),
            week: document.week.to_string(),
            packed: sent.packed(),
            rows: shown.iter().zip(decided).map(row).collect(),
            added,
            changed,
            left_out,
            doubtful: count(Outcome::Doubtful),
            unchanged: count(Outcome::Unchanged) + count(Outcome::Deleted),
        }
    }
}

/// The page with what stands in the way; what was pasted stays in the form.
async fn refuse(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    fields: &Fields,
    refused: Refused,
) -> Result<HttpResponse, Problem> {
    let sent = fields.documents().unwrap_or_default();
    let (name, error) = match refused {
        Refused::Document(at, error) => (sent.get(at).map(|one| one.name.clone()).unwrap_or_default(), error),
        Refused::Whole(error) => (String::new(), error),
    };
    if !matches!(error, ServiceError::Invalid(_) | ServiceError::NotFound(_) | ServiceError::Foreign(_)) {
        return Err(error.into());
    }
    let mut page = empty(app, request, caller, "").await?;
    let sentence = refusal(page.shell.t, error);
    page.message = if name.is_empty() { sentence } else { format!("{name}: {sentence}") };
    fields.text("week").clone_into(&mut page.week);
    fields.text("from").clone_into(&mut page.from);
    fields.text("map").clone_into(&mut page.map);
    fields.text("source").clone_into(&mut page.source);
    if let Some(pasted) = sent.iter().find(|one| one.pasted) {
        page.document = String::from_utf8_lossy(&pasted.bytes).into_owned();
    }
    render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}
