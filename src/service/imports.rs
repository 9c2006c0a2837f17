//! Importing a weekly report: its events, figures and incident counts, all or nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::json;

use super::{
    App, ServiceError,
    app::authorise,
    events::{self, ImportedFrom, NewEvent},
    figures,
    retry::retried,
    secrets,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        capture::draft::Mark,
        checked::{self, FieldError, FieldProblem},
        clock_point::ClockPoint,
        event::{self, EventFields, ProductionEvent, Source, label},
        figures::{FigureFields, IncidentCountFields},
        iso_week::IsoWeek,
        postmortem::PostmortemState,
        report::{
            self,
            reading::{EventReading, FigureReading, IncidentCountReading},
        },
        text,
    },
    store::{self, imports::ReportImport},
};

/// The largest document, in bytes: 16 MiB. Over HTTP the limit of a body comes first.
pub const DOCUMENT_LIMIT: usize = 16 * 1024 * 1024;

/// What happened, or would happen, to one thing of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// New.
    Added,
    /// There, with another value.
    Changed,
    /// There, the same.
    Unchanged,
    /// It was imported and deleted here since: it stays deleted.
    Deleted,
}

/// One line of the import's account.
#[derive(Debug, Clone)]
pub struct ImportLine {
    /// What happened.
    pub outcome: Outcome,
    /// `event`, `figure` or `incident_count`.
    pub kind: &'static str,
    /// `PE-1`, once it is written or where it is there already.
    pub number: Option<i64>,
    /// What it is, short.
    pub words: String,
}

/// What an import did.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// The week of the document.
    pub week: IsoWeek,
    /// In order of the document.
    pub lines: Vec<ImportLine>,
    /// Nothing was written.
    pub dry_run: bool,
}

impl ImportReport {
    /// How many lines of a kind had an outcome.
    pub fn count(&self, kind: &str, outcome: Outcome) -> usize {
        self.lines.iter().filter(|line| line.kind == kind && line.outcome == outcome).count()
    }

    /// Whether the document changed nothing.
    pub fn is_unchanged(&self) -> bool {
        self.lines.iter().all(|line| matches!(line.outcome, Outcome::Unchanged | Outcome::Deleted))
    }
}

/// Reads bytes as UTF-8 text; the error names the first bad byte.
pub fn document(bytes: Vec<u8>) -> Result<String, FieldError> {
    if bytes.len() > DOCUMENT_LIMIT {
        return Err(FieldError::shape("document", "the file is larger than 16 MiB; import the week alone"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        FieldError::shape("document", format!("the file is not UTF-8 (byte {at}); save it as UTF-8"))
    })
}

/// Imports a document. A second import of the same document changes nothing; of a later version, what is new or
/// changed. `week` is needed only when the document names none.
pub async fn import(
    app: &App,
    actor: &Actor,
    file_name: &str,
    content: String,
    week: Option<IsoWeek>,
    dry_run: bool,
) -> Result<ImportReport, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    let reading = report::read_report(&content, app.zone, app.today());
    if reading.events_section.is_none() && reading.figures_section.is_none() {
        let remedy =
            "it has neither a section 系统运行数据 nor a section 生产事件; check that this is the weekly report";
        return Err(FieldError::shape("document", remedy).into());
    }
    let Some(week) = week.or(reading.week) else {
        let remedy = "the document names no week; give one with --week 2024-W34";
        return Err(FieldError::shape("week", remedy).into());
    };
    if content.contains('\0') {
        return Err(FieldError { field: "document", problem: FieldProblem::ControlCharacters }.into());
    }
    let (app, actor) = (app.clone(), actor.clone());
    let file_name: String = file_name.chars().take(255).collect();
    let reading = Arc::new(reading);
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        let (content, file_name, reading) = (content.clone(), file_name.clone(), Arc::clone(&reading));
        async move {
            // Reading a document takes its time: before the transaction, which keeps other writers away.
            let previous = store::imports::latest_of_week(app.store.read(), week)
                .await?
                .map(|document| report::read_report(&document.content, app.zone, app.today()));
            let tx = app.store.begin().await?;
            let mut lines = Vec::new();
            let content_hash = secrets::hash_bytes(content.as_bytes());
            let import_id = if let Some(import) = store::imports::by_hash(tx.conn(), &content_hash).await? {
                import.id
            } else {
                let import = ReportImport {
                    id: app.id(),
                    week,
                    content_hash,
                    content,
                    file_name,
                    imported_at: app.now_millis(),
                };
                store::imports::insert(&tx, &import, actor.account_id).await?;
                import.id
            };

            let mut known = store::figures::of_week(tx.conn(), week).await?;
            for read in &reading.figures {
                let fields = figure_fields(read).checked()?;
                let words = format!("{} {}{}", fields.name, fields.value, fields.unit.as_deref().unwrap_or_default());
                let before = known.iter().position(|f| f.fields.is_named(&fields.name, fields.group.as_deref()));
                let line = |outcome| ImportLine { outcome, kind: "figure", number: None, words: words.clone() };
                // What the document said the last time already is no news: a correction or a removal here stays.
                if previous.as_ref().is_some_and(|previous| previous.figures.iter().any(|was| same_figure(was, read))) {
                    lines.push(line(if before.is_some() { Outcome::Unchanged } else { Outcome::Deleted }));
                    continue;
                }
                let after = figures::write(&app, &tx, &actor, week, fields, &known, "import").await?;
                lines.push(line(noted(&mut known, before, after)));
            }

            let mut known = store::figures::counts_of_weeks(tx.conn(), week, week).await?;
            for read in reading.incident_counts.iter().filter(|read| read.is_of_week()) {
                let severity = checked::severity("severity", &read.severity)?;
                let fields = IncidentCountFields { severity, count: read.count };
                let words = format!("{}级 {}次", fields.severity, fields.count);
                let before = known.iter().position(|c| c.fields.severity == fields.severity);
                let line = |outcome| ImportLine { outcome, kind: "incident_count", number: None, words: words.clone() };
                let same = |was: &IncidentCountReading| {
                    was.is_of_week() && was.severity == read.severity && was.count == read.count
                };
                if previous.as_ref().is_some_and(|previous| previous.incident_counts.iter().any(same)) {
                    lines.push(line(if before.is_some() { Outcome::Unchanged } else { Outcome::Deleted }));
                    continue;
                }
                let after = figures::write_count(&app, &tx, &actor, week, fields, &known, "import").await?;
                lines.push(line(noted(&mut known, before, after)));
            }

            let mut written = false;
            let keys = keys_of(week, &reading.events);
            let mut there = There::load(&tx, &keys, &reading.events).await?;
            for ((position, read), key) in (1_i64..).zip(&reading.events).zip(keys) {
                let found = there.find(&key, read);
                let from = ImportedFrom { import_id, key, position };
                let (line, wrote) = import_event(&app, &tx, &actor, week, read, from, found).await?;
                lines.push(line);
                written |= wrote;
            }
            let report = ImportReport { week, lines, dry_run };
            if dry_run || (report.is_unchanged() && !written) {
                tx.rollback().await?;
                return Ok(report);
            }
            let added = report.count("event", Outcome::Added);
            let change = json!({"week": week.to_string(), "events_added": added});
            let subject = format!("import:{import_id}");
            store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "report.import", &subject, change).await?;
            tx.commit().await?;
            Ok(report)
        }
    })
    .await
}

/// What became of a figure or a count that was written, which takes its place among those that are known.
fn noted<T: PartialEq>(known: &mut Vec<T>, before: Option<usize>, after: T) -> Outcome {
    match before.and_then(|at| known.get_mut(at)) {
        None => {
            known.push(after);
            Outcome::Added
        }
        Some(slot) if *slot == after => Outcome::Unchanged,
        Some(slot) => {
            *slot = after;
            Outcome::Changed
        }
    }
}

/// The key of each event of a document; the second of two equal ones has another key than the first.
fn keys_of(week: IsoWeek, events: &[EventReading]) -> Vec<String> {
    let mut seen = BTreeMap::new();
    events
        .iter()
        .map(|read| {
            let fold = fold_of(read);
            let repeat = seen.entry(fold.clone()).and_modify(|n| *n += 1).or_insert(0_u32);
            secrets::hash(&format!("{week}\n{fold}\n{repeat}"))
        })
        .collect()
}

/// What makes an event of a document the same event on the next import: its time and its sentence, not its mark.
fn fold_of(read: &EventReading) -> String {
    let at = read.draft.occurred.map(|point| point.at.timestamp());
    format!("{at:?}\n{}", checked::fold(&read.draft.narrative))
}

fn figure_fields(read: &FigureReading) -> FigureFields {
    FigureFields {
        name: read.name.clone(),
        group: read.group.clone(),
        value: read.value,
        unit: read.unit.clone(),
        delta: read.delta,
        delta_unit: read.delta_unit.clone(),
        target: read.target,
    }
}

fn same_figure(was: &FigureReading, read: &FigureReading) -> bool {
    figure_fields(was) == figure_fields(read)
}

/// Imports one event; says also whether something was written, which a line that reads 不变 may hide: a key, a mark.
async fn import_event(
    app: &App,
    tx: &store::Tx,
    actor: &Actor,
    week: IsoWeek,
    read: &EventReading,
    from: ImportedFrom,
    found: Found,
) -> Result<(ImportLine, bool), ServiceError> {
    let words: String = read.draft.narrative.chars().take(60).collect();
    let line = |outcome, number| ImportLine { outcome, kind: "event", number, words: words.clone() };
    let (mut adopted, mut reworded) = (false, false);
    let (event, doubtful) = match found {
        Found::Deleted(number) => return Ok((line(Outcome::Deleted, Some(number)), false)),
        Found::Known(event) => (Some(*event), None),
        Found::Alike(event) => {
            let (event, changed) = take_over(app, tx, actor, *event, read, &from).await?;
            (adopted, reworded) = (true, changed);
            (Some(event), None)
        }
        Found::Doubtful(label) => (None, Some(label)),
        Found::Nothing => (None, None),
    };
    if let Some(mut event) = event {
        let number = event.number;
        let mark = read.draft.mark;
        if event.import_mark == Some(mark) {
            let outcome = if reworded { Outcome::Changed } else { Outcome::Unchanged };
            return Ok((line(outcome, Some(number)), adopted));
        }
        // The document's mark was changed by hand since the last import: that is the news it brings.
        let now = app.now_millis();
        let version = event.version;
        event.import_mark = Some(mark);
        store::events::update(tx, &event, version, now, &mut || app.id()).await?;
        let to = PostmortemState::of_mark(mark);
        let before = event.postmortem.clone();
        let moves = before.state.mark() != mark && mark != Mark::Unknown && before.state.may_become(to);
        if moves {
            event.postmortem.state = to;
            event.postmortem.done_at = (to == PostmortemState::Done).then_some(now);
            if to.is_owed() && event.postmortem.due_on.is_none() {
                event.postmortem.due_on = Some(events::due_of(app, &event.fields, event.created_at));
            }
            store::postmortems::update(tx, event.id, before.version, &event.postmortem, now).await?;
            if !to.is_owed() {
                super::reminders::cancel_for_event(app, tx, event.id).await?;
            }
            let change = json!({"state": {"from": before.state.code(), "to": to.code()}, "by": "import"});
            events::audit(app, tx, actor, &format!("postmortem.{}", to.code()), &event, change).await?;
        }
        let outcome = if moves || reworded { Outcome::Changed } else { Outcome::Unchanged };
        return Ok((line(outcome, Some(number)), true));
    }
    let mut fields = EventFields::from_draft(&read.draft);
    if fields.recovered.zip(fields.occurred).is_some_and(|(recovered, occurred)| recovered.at < occurred.at) {
        fields.recovered = None;
    }
    let new = NewEvent {
        fields: fields.checked().map_err(|error| {
            let at: String = read.raw.trim().chars().take(40).collect();
            FieldError::shape("document", format!("the event “{at}…”: {error}"))
        })?,
        state: PostmortemState::of_mark(read.draft.mark),
        week: Some(week),
        raw: Some(read.raw.clone()),
        source: Source::Import,
    };
    let event = events::write_new(app, tx, actor, new, Some(from)).await?;
    let mut written = line(Outcome::Added, Some(event.number));
    written.words = format!("{} {}", label(event.number), written.words);
    if let Some(other) = doubtful {
        written.words = format!("{}（与 {other} 同一时间，疑似重复 same time as {other}）", written.words);
    }
    Ok((written, true))
}

/// What an event of the document is here.
enum Found {
    /// It was imported and deleted here since: its number.
    Deleted(i64),
    /// It was imported.
    Known(Box<ProductionEvent>),
    /// One that is there under another key: pasted before the report was written, or worded anew since the last import.
    Alike(Box<ProductionEvent>),
    /// The label of one that may be the same.
    Doubtful(String),
    /// It is new.
    Nothing,
}

/// From here on people are asked to look.
const DOUBTFUL: f64 = 0.3;

/// The events that those of a document may be.
struct There {
    known: BTreeMap<String, (ProductionEvent, bool)>,
    /// Of the same times, and not those that the document knows by their key: each is at most one of its events.
    others: Vec<ProductionEvent>,
}

impl There {
    async fn load(tx: &store::Tx, keys: &[String], events: &[EventReading]) -> Result<Self, ServiceError> {
        let known: BTreeMap<String, (ProductionEvent, bool)> = store::events::by_import_keys(tx.conn(), keys)
            .await?
            .into_iter()
            .filter_map(|(event, gone)| event.import_key.clone().map(|key| (key, (event, gone))))
            .collect();
        let times: BTreeSet<i64> =
            events.iter().filter_map(|read| read.draft.occurred).map(|point| point.at.timestamp_millis()).collect();
        let mut others = store::events::at_times(tx.conn(), &times.into_iter().collect::<Vec<_>>()).await?;
        others.retain(|event| event.import_key.as_ref().is_none_or(|key| !known.contains_key(key)));
        Ok(Self { known, others })
    }

    fn find(&mut self, key: &str, read: &EventReading) -> Found {
        if let Some((event, gone)) = self.known.remove(key) {
            return if gone { Found::Deleted(event.number) } else { Found::Known(Box::new(event)) };
        }
        let at = |point: Option<ClockPoint>| point.map(|point| point.at);
        let of_time = |event: &ProductionEvent| at(event.fields.occurred) == at(read.draft.occurred);
        // From the end, so that of equally alike ones the first is taken.
        let best = self
            .others
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, event)| of_time(event))
            .map(|(at, event)| (at, text::likeness(&event.fields.narrative, &read.draft.narrative)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other));
        match best {
            Some((at, likeness)) if likeness >= events::SAME_EVENT => Found::Alike(Box::new(self.others.remove(at))),
            Some((at, likeness)) if likeness >= DOUBTFUL => {
                self.others.get(at).map_or(Found::Nothing, |event| Found::Doubtful(event.label()))
            }
            _ => Found::Nothing,
        }
    }
}

/// Makes the event that is there the document's one. Its sentence follows the document where nobody edited it here.
async fn take_over(
    app: &App,
    tx: &store::Tx,
    actor: &Actor,
    before: ProductionEvent,
    read: &EventReading,
    from: &ImportedFrom,
) -> Result<(ProductionEvent, bool), ServiceError> {
    store::events::adopt(tx, before.id, from.import_id, &from.key, &read.raw).await?;
    let narrative = checked::fold(&before.fields.narrative);
    let untouched = before.raw.as_deref().is_some_and(|raw| checked::fold(raw).contains(&narrative));
    if !untouched || narrative == checked::fold(&read.draft.narrative) {
        return Ok((before, false));
    }
    let read_fields = EventFields::from_draft(&read.draft);
    let fields =
        EventFields { severity: read_fields.severity.clone().or(before.fields.severity.clone()), ..read_fields };
    let mut after = ProductionEvent { fields: fields.checked()?, ..before.clone() };
    let now = app.now_millis();
    store::events::update(tx, &after, before.version, now, &mut || app.id()).await?;
    after.version += 1;
    let change = event::changes(&before.fields, &after.fields);
    events::audit(app, tx, actor, "event.update", &after, change).await?;
    Ok((after, true))
}
