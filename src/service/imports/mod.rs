//! Importing: a plan first, then what it says in one transaction per file, with a ledger that can be undone.

mod foreign;
mod ledger;
mod load;
mod run;
mod runs;
mod succession;
mod tool_files;
mod undo;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{aside, authorise},
    retry::retried,
    secrets,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError, FieldProblem},
        foreign::{ForeignFormat, guess},
        import_plan::{
            self, Choices, CountAct, CountPlan, EventPlan, FigureAct, FigurePlan, Incoming, Kind, KnownFigures, Line,
            Said,
        },
        iso_week::IsoWeek,
        report::{
            self,
            reading::{EventReading, ReportReading},
        },
        visibility::Sight,
    },
    store::{self, import_aliases::Alias},
};

pub use crate::domain::import_plan::{Choice, Doubtful, Outcome};
pub use foreign::{import_foreign, import_foreign_file};
pub use run::{Options, Run};
pub use runs::{ChangeLine, RunDetail, RunPage, cursor, cursor_text, detail, list};
pub use store::import_runs::{ImportRun, RunCursor};
pub use tool_files::{ToolFormat, ToolReport, import_tool_file};
pub use undo::{Kept, UndoReport, undo};

/// The largest document, in bytes: 15 MiB, because a database that takes packets of 16 MiB shall keep it. Over HTTP the
/// limit of a body comes first.
pub const DOCUMENT_LIMIT: usize = 15 * 1024 * 1024;

/// What an import of one file did, or would do.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// As given.
    pub file_name: String,
    /// The week of the document; events of other tools each have their own.
    pub week: Option<IsoWeek>,
    /// The run that can be undone; none where nothing was written.
    pub run: Option<Uuid>,
    /// In order of the document: figures, counts, events.
    pub lines: Vec<Line>,
    /// Nothing was written.
    pub dry_run: bool,
}

impl ImportReport {
    /// How many lines of a kind had an outcome.
    pub fn count(&self, kind: Kind, outcome: Outcome) -> usize {
        self.lines.iter().filter(|line| line.kind == kind && line.outcome == outcome).count()
    }

    /// How many lines had an outcome, of all kinds.
    pub fn total(&self, outcome: Outcome) -> usize {
        self.lines.iter().filter(|line| line.outcome == outcome).count()
    }

    /// How many lines are taken as something new.
    pub fn added(&self) -> usize {
        let new = |line: &&Line| matches!(line.outcome, Outcome::Added | Outcome::Doubtful) && line.taken;
        self.lines.iter().filter(new).count()
    }

    /// Lines that were left out because they cannot be saved as they stand.
    pub fn unread(&self) -> impl Iterator<Item = (&Line, &FieldError)> {
        let left_out = self.lines.iter().filter(|line| !line.taken);
        left_out.filter_map(|line| Some((line, line.problem.as_ref()?)))
    }

    /// Whether nothing of the document is news here.
    pub fn is_unchanged(&self) -> bool {
        !self.lines.iter().any(|line| line.taken)
    }

    /// Why the file cannot be saved as it is: what is wrong with its first bad line.
    pub fn problem(&self) -> Option<FieldError> {
        let line = self.lines.iter().find(|line| line.taken && line.problem.is_some())?;
        let problem = line.problem.as_ref()?;
        let kind = match line.kind {
            Kind::Event => "event",
            Kind::Figure => "figure",
            Kind::IncidentCount => "count",
        };
        let at = import_plan::short(&line.words, 40);
        Some(FieldError::shape("document", format!("the {kind} “{at}”: {problem}")))
    }
}

/// Reads bytes as UTF-8 text; the error names the first bad byte.
pub fn document(bytes: Vec<u8>) -> Result<String, FieldError> {
    if bytes.len() > DOCUMENT_LIMIT {
        return Err(FieldError::shape("document", "the file is larger than 15 MiB; import the week alone"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        FieldError::shape("document", format!("the file is not UTF-8 (byte {at}); save it as UTF-8"))
    })
}

/// A weekly report that was read.
#[derive(Debug, Clone)]
pub struct Document {
    /// As given, at most 255 characters.
    pub file_name: String,
    /// The week of its title, or the one that was given.
    pub week: IsoWeek,
    content: Arc<str>,
    hash: String,
    reading: Arc<ReportReading>,
}

/// Reads a weekly report. `week` is needed only where the document names none; where both are there, `week` counts.
pub async fn read(
    app: &App,
    file_name: &str,
    content: String,
    week: Option<IsoWeek>,
) -> Result<Document, ServiceError> {
    let (app, file_name) = (app.clone(), file_name.to_owned());
    aside(move || read_here(&app, &file_name, content, week)).await
}

fn read_here(app: &App, file_name: &str, content: String, week: Option<IsoWeek>) -> Result<Document, ServiceError> {
    // Where the document names no week, the years of its dates are the ones nearest to the week that was given.
    let near = week.map_or_else(|| app.today(), IsoWeek::sunday);
    let reading = report::read_report(&content, app.zone, near);
    if reading.events_section.is_none() && reading.figures_section.is_none() {
        let formats: Vec<&str> = guess(file_name, &content).into_iter().map(ForeignFormat::code).collect();
        let remedy = if formats.is_empty() {
            "check that this is the weekly report".to_owned()
        } else {
            format!("it looks like data of another tool: import it with --from {}", formats.join(" or "))
        };
        let remedy = format!("it has neither a section 系统运行数据 nor a section 生产事件; {remedy}");
        return Err(FieldError::shape("document", remedy).into());
    }
    let Some(of_week) = week.or(reading.week) else {
        let remedy = "the document names no week; give one with --week 2024-W34";
        return Err(FieldError::shape("week", remedy).into());
    };
    if content.contains('\0') {
        return Err(FieldError { field: "document", problem: FieldProblem::ControlCharacters }.into());
    }
    // The same bytes as the report of another week are another document.
    let hash = if reading.week == Some(of_week) {
        secrets::hash(&content)
    } else {
        secrets::hash(&format!("{of_week}\n{content}"))
    };
    Ok(Document {
        file_name: file_name.chars().take(255).collect(),
        week: of_week,
        content: content.into(),
        hash,
        reading: Arc::new(reading),
    })
}

/// Imports one document as a run of its own. A second import of the same document changes nothing; of a later
/// version, what is new or changed.
pub async fn import(
    app: &App,
    actor: &Actor,
    file_name: &str,
    content: String,
    week: Option<IsoWeek>,
    dry_run: bool,
) -> Result<ImportReport, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    let document = read(app, file_name, content, week).await?;
    let mut run = Run::new(app, Options { source: "cli".to_owned(), dry_run, ..Options::default() });
    import_document(app, actor, &mut run, &document, &Choices::new()).await
}

/// Imports one document of a run, in one transaction. A dry run writes nothing, and knows what the earlier files of
/// the same run would have added.
pub async fn import_document(
    app: &App,
    actor: &Actor,
    run: &mut Run,
    document: &Document,
    choices: &Choices,
) -> Result<ImportReport, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    let names = Names::of(app, document);
    // Reading a document takes its time: before the transaction, which keeps other writers away.
    let previous = match run.thought.document(document.week) {
        Some(reading) => Some(reading),
        None => match store::imports::latest_of_week(app.store.read(), document.week).await? {
            None => None,
            Some(previous) if *previous.content == *document.content => Some(Arc::clone(&document.reading)),
            Some(previous) => {
                let (zone, sunday) = (app.zone, document.week.sunday());
                Some(aside(move || Ok(Arc::new(report::read_report(&previous.content, zone, sunday)))).await?)
            }
        },
    };
    let previous = previous.map(|previous| Arc::new(Said::by(&previous)));
    if run.options.dry_run {
        let mut known = load::document(app, Sight::of(actor), app.store.read(), document, &names, previous).await?;
        run.thought.lay_over(&mut known, document, &names);
        known.events.files.clone_from(&run.files);
        let (task_app, task_document, choices) = (app.clone(), document.clone(), choices.clone());
        let doubtful = run.options.doubtful;
        let plan = aside(move || Ok(plan(&task_app, &task_document, &names, known, &choices, doubtful)?)).await?;
        let report = plan.report(document, None, true);
        run.think(app, document, plan);
        return Ok(report);
    }
    let desk = run.desk();
    let (app_, actor_, document_, choices_) = (app.clone(), actor.clone(), document.clone(), choices.clone());
    let names = Arc::new(names);
    let written = retried(move || {
        let (app, actor, document, choices) = (app_.clone(), actor_.clone(), document_.clone(), choices_.clone());
        let (names, previous, desk) = (Arc::clone(&names), previous.clone(), desk.clone());
        async move {
            let tx = app.store.begin().await?;
            store::events::hold_numbers(&tx).await?;
            let mut known = load::document(&app, Sight::of(&actor), tx.conn(), &document, &names, previous).await?;
            known.events.files = desk.files.as_ref().clone();
            let mut plan = plan(&app, &document, &names, known, &choices, desk.doubtful)?;
            if let Some(problem) = plan.report(&document, None, false).problem() {
                tx.rollback().await?;
                return Err(problem.into());
            }
            let written = write::document(&app, &tx, &actor, &desk, &document, &mut plan).await?;
            if written.nothing {
                tx.rollback().await?;
            } else {
                tx.commit().await?;
            }
            let report = plan.report(&document, Some(desk.id).filter(|_| !written.nothing), false);
            Ok((report, written))
        }
    })
    .await?;
    let (report, written) = written;
    run.wrote(&document.file_name, &written);
    Ok(report)
}

/// The keys and the new ids of a document's things.
#[derive(Debug, Clone)]
pub(super) struct Names {
    events: Vec<(String, Uuid)>,
    figures: Vec<(String, Uuid)>,
    counts: Vec<(String, Uuid)>,
}

impl Names {
    fn of(app: &App, document: &Document) -> Self {
        let (reading, week) = (&document.reading, document.week);
        let named = |keys: Vec<String>| keys.into_iter().map(|key| (key, app.id())).collect();
        let figures = reading.figures.iter().map(|read| {
            let group = read.group.as_deref().map(checked::fold).unwrap_or_default();
            format!("figure\n{week}\n{group}\n{}", checked::fold(&read.name))
        });
        let counts = reading.incident_counts.iter().map(|read| format!("count\n{week}\n{}", read.severity));
        let events = reading.events.iter().map(|read| format!("{week}\n{}", fold_of(read)));
        Self { events: named(keys_of(events)), figures: named(keys_of(figures)), counts: named(keys_of(counts)) }
    }

    fn keys(&self) -> Vec<String> {
        [&self.events, &self.figures, &self.counts].into_iter().flatten().map(|(key, _)| key.clone()).collect()
    }
}

/// The key of each thing of a document; the second of two equal ones has another key than the first.
fn keys_of(folds: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    folds
        .map(|fold| {
            let repeat = seen.entry(fold.clone()).and_modify(|n| *n += 1).or_insert(0_u32);
            secrets::hash(&format!("{fold}\n{repeat}"))
        })
        .collect()
}

/// What makes an event of a document the same event on the next import: its time and its sentence, not its mark.
fn fold_of(read: &EventReading) -> String {
    let at = read.draft.occurred.map(|point| point.at.timestamp());
    format!("{at:?}\n{}", checked::fold(&read.draft.narrative))
}

/// The plan of one document.
pub(super) struct Plan {
    figures: Vec<FigurePlan>,
    counts: Vec<CountPlan>,
    events: Vec<EventPlan>,
    /// Figures and counts of the week as they will be.
    known: KnownFigures,
    /// The aliases of the document's keys as they stand.
    aliases: BTreeMap<String, Alias>,
}

impl Plan {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        let figures = self.figures.iter().map(|plan| &plan.line);
        figures.chain(self.counts.iter().map(|plan| &plan.line)).chain(self.events.iter().map(|plan| &plan.line))
    }

    fn report(&self, document: &Document, run: Option<Uuid>, dry_run: bool) -> ImportReport {
        let starts: Vec<usize> = document.content.match_indices('\n').map(|(at, _)| at + 1).collect();
        let reading = &document.reading;
        let begin = |line: &Line| match line.kind {
            Kind::Event => reading.events.get(line.index).map(|read| read.span.start),
            Kind::Figure => reading.figures.get(line.index).map(|read| read.line_span.start),
            Kind::IncidentCount => reading.incident_counts.get(line.index).map(|read| read.line_span.start),
        };
        let place = |at: usize| starts.partition_point(|start| *start <= at) + 1;
        ImportReport {
            file_name: document.file_name.clone(),
            week: Some(document.week),
            run,
            lines: self.lines().map(|line| Line { place: begin(line).map(place), ..line.clone() }).collect(),
            dry_run,
        }
    }
}

fn plan(
    app: &App,
    document: &Document,
    names: &Names,
    known: load::Known,
    choices: &Choices,
    doubtful: Doubtful,
) -> Result<Plan, FieldError> {
    let load::Known { events, mut figures, aliases } = known;
    let (reading, week) = (&document.reading, document.week);
    let figure_plans = import_plan::plan_figures(&mut figures, week, &reading.figures, &names.figures, choices);
    let count_plans = import_plan::plan_counts(&mut figures, week, &reading.incident_counts, &names.counts, choices);
    // What was there already may be more than the limit of today: it stays.
    let new = figure_plans.iter().any(|plan| matches!(plan.act, FigureAct::Create(..)))
        || count_plans.iter().any(|plan| matches!(plan.act, CountAct::Create(_)));
    if let Some(problem) = import_plan::too_many(week, figures.figures.len(), figures.counts.len()).filter(|_| new) {
        return Err(problem);
    }
    let incoming = incoming(document, names);
    let event_plans = import_plan::plan_events(events, incoming, choices, doubtful, app.zone);
    Ok(Plan { figures: figure_plans, counts: count_plans, events: event_plans, known: figures, aliases })
}

fn incoming(document: &Document, names: &Names) -> Vec<Incoming> {
    (1_i64..)
        .zip(&document.reading.events)
        .zip(&names.events)
        .map(|((position, read), (key, id))| Incoming {
            key: key.clone(),
            new_id: *id,
            week: document.week,
            position,
            draft: read.draft.clone(),
            raw: read.raw.clone(),
            foreign: false,
        })
        .collect()
}
