//! Importing events of other tools.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ImportReport, Options, Run, ServiceError, aside, authorise, keys_of, load,
    run::Desk,
    write::{Counts, Pen, Written},
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        foreign::{ForeignEvent, LINK_LIMIT, RAW_LIMIT, TIMELINE_LIMIT},
        import_plan::{self, Choices, Doubtful, EventPlan, Incoming},
        iso_week::IsoWeek,
        report,
        visibility::Sight,
    },
    service::{grading, retry::retried},
    store::{self, import_runs::ConnectionTrait, timeline::TimelineEntry},
};

/// The most events that are taken at once: those of one file, which are never taken for each other.
const EVENT_LIMIT: usize = crate::domain::foreign::ENTRY_LIMIT;

/// Imports events of another tool as a run of its own, in one transaction: each goes to the ISO week in which it began
/// (in the report zone; without a time, to this week). `source` names the tool, at most 32 characters; together with
/// the key of an event it says which event that is, so that a second import of the same events says “unchanged”.
pub async fn import_foreign(
    app: &App,
    actor: &Actor,
    source: &str,
    file_name: &str,
    events: Vec<ForeignEvent>,
    options: Options,
) -> Result<ImportReport, ServiceError> {
    let mut run = Run::new(app, Options { source: source.to_owned(), ..options });
    import_foreign_file(app, actor, &mut run, source, file_name, events, &Choices::new()).await
}

/// Like [`import_foreign`], as one file of a run.
pub async fn import_foreign_file(
    app: &App,
    actor: &Actor,
    run: &mut Run,
    source: &str,
    file_name: &str,
    events: Vec<ForeignEvent>,
    choices: &Choices,
) -> Result<ImportReport, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    if events.len() > EVENT_LIMIT {
        let remedy = format!("it has more than {EVENT_LIMIT} events; import it in parts");
        return Err(crate::domain::checked::FieldError::shape("document", remedy).into());
    }
    let (incoming, timelines) = told(app, source, events);
    let file_name: String = file_name.chars().take(255).collect();
    if run.options.dry_run {
        let mut known = known(app, Sight::of(actor), app.store.read(), &incoming).await?;
        let times = incoming.iter().filter_map(|event| event.draft.occurred).map(|point| point.at.timestamp_millis());
        run.thought.lay_over_events(&mut known, incoming.iter().map(|event| &event.key), times, None);
        known.events.files.clone_from(&run.files);
        let (task_app, choices, doubtful) = (app.clone(), choices.clone(), run.options.doubtful);
        let plans = aside(move || Ok(plan(&task_app, known, incoming, &choices, doubtful))).await?;
        let report = report_of(&file_name, &plans, None, true);
        run.think_events(app, &file_name, plans.into_iter().map(|plan| plan.act));
        return Ok(report);
    }
    let desk = run.desk();
    let (app_, actor_, choices, file) = (app.clone(), actor.clone(), choices.clone(), file_name.clone());
    let (report, written) = retried(move || {
        let (app, actor, choices, desk) = (app_.clone(), actor_.clone(), choices.clone(), desk.clone());
        let (incoming, timelines, file_name) = (incoming.clone(), timelines.clone(), file.clone());
        async move { write(&app, &actor, &desk, &file_name, incoming, &timelines, &choices).await }
    })
    .await?;
    run.wrote(&file_name, &written);
    Ok(report)
}

async fn write(
    app: &App,
    actor: &Actor,
    desk: &Desk,
    file_name: &str,
    mut incoming: Vec<Incoming>,
    timelines: &BTreeMap<String, Vec<TimelineEntry>>,
    choices: &Choices,
) -> Result<(ImportReport, Written), ServiceError> {
    let tx = app.store.begin().await?;
    store::events::hold_numbers(&tx).await?;
    let weeks: BTreeSet<IsoWeek> = incoming.iter().map(|event| event.week).collect();
    let mut last = store::events::last_positions(tx.conn(), &weeks.into_iter().collect::<Vec<_>>()).await?;
    for event in &mut incoming {
        let position = last.entry(event.week).or_insert(0);
        *position += 1;
        event.position = *position;
    }
    let mut known = known(app, Sight::of(actor), tx.conn(), &incoming).await?;
    known.events.files = desk.files.as_ref().clone();
    let aliases = std::mem::take(&mut known.aliases);
    let mut plans = plan(app, known, incoming, choices, desk.doubtful);
    if let Some(problem) = report_of(file_name, &plans, None, false).problem() {
        tx.rollback().await?;
        return Err(problem.into());
    }
    let levels = grading::levels(tx.conn()).await?;
    let mut pen = Pen::new(app, &tx, actor, desk, &levels, &aliases);
    let created = pen.events(&mut plans, None, timelines).await?;
    let counts = Counts::of(plans.iter().map(|plan| (plan.line.outcome, plan.line.taken)));
    let change = json!({"source": desk.source, "events_added": created.len(), "run": desk.id});
    let written = pen.finish(file_name, created, counts, format!("import-run:{}", desk.id), change).await?;
    if written.nothing {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    let report = report_of(file_name, &plans, Some(desk.id).filter(|_| !written.nothing), false);
    Ok((report, written))
}

/// The events as the plan takes them, and the lines for their timelines by key.
fn told(app: &App, source: &str, events: Vec<ForeignEvent>) -> (Vec<Incoming>, BTreeMap<String, Vec<TimelineEntry>>) {
    let keys = keys_of(events.iter().map(|event| format!("{source}\n{}", event.key)));
    let mut timelines = BTreeMap::new();
    let mut incoming = Vec::with_capacity(events.len());
    for (position, (event, hash)) in (1_i64..).zip(events.into_iter().zip(keys)) {
        let key = format!("x-{}", hash.get(..62).unwrap_or(&hash));
        let ForeignEvent { mut draft, raw, timeline, links, .. } = event;
        let began = draft.occurred.map_or_else(|| app.now(), |point| point.at);
        let text = |text: &str| text.replace('\0', "").trim().chars().take(2_000).collect::<String>();
        let entry = |at: i64, text: String| TimelineEntry::new(app.id(), at, text, None);
        let told = timeline.iter().take(TIMELINE_LIMIT).map(|(at, said)| entry(at.timestamp_millis(), text(said)));
        let linked = links.iter().take(LINK_LIMIT).map(|link| entry(began.timestamp_millis(), text(link)));
        let entries: Vec<TimelineEntry> = told.chain(linked).filter(|entry| !entry.text.is_empty()).collect();
        if !entries.is_empty() {
            timelines.insert(key.clone(), entries);
        }
        if draft.narrative.trim().is_empty() {
            draft.narrative = report::generate_narrative(&draft, app.zone);
        }
        incoming.push(Incoming {
            key,
            new_id: app.id(),
            week: IsoWeek::of(began.with_timezone(&app.zone).date_naive()),
            position,
            draft,
            raw: raw.replace('\0', "").chars().take(RAW_LIMIT).collect(),
            foreign: true,
        });
    }
    (incoming, timelines)
}

async fn known(
    app: &App,
    sight: Sight,
    connection: &impl ConnectionTrait,
    incoming: &[Incoming],
) -> Result<load::Known, ServiceError> {
    let keys: Vec<String> = incoming.iter().map(|event| event.key.clone()).collect();
    let aliases = load::aliases(connection, &keys).await?;
    let events = load::events(app, sight, connection, incoming, &aliases, None).await?;
    Ok(load::Known { events, figures: import_plan::KnownFigures::default(), aliases })
}

fn plan(
    app: &App,
    known: load::Known,
    incoming: Vec<Incoming>,
    choices: &Choices,
    doubtful: Doubtful,
) -> Vec<EventPlan> {
    import_plan::plan_events(known.events, incoming, choices, doubtful, app.zone)
}

fn report_of(file_name: &str, plans: &[EventPlan], run: Option<Uuid>, dry_run: bool) -> ImportReport {
    let lines = plans.iter().map(|plan| plan.line.clone()).collect();
    ImportReport { file_name: file_name.to_owned(), week: None, run, lines, dry_run }
}
