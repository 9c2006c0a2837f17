//! One act of importing, of one file or of several.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use super::{App, Document, Names, Plan, load::Known, write::Written};
use crate::{
    domain::{
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        import_plan::{Binding, CountAct, Doubtful, EventAct, FigureAct, Link, Meeting},
        iso_week::IsoWeek,
        report::reading::ReportReading,
        severity::SeverityPolicy,
    },
    service::events,
};

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// cli, web, api, or the tool that the events come from; at most 32 characters.
    pub source: String,
    /// Only say what would happen.
    pub dry_run: bool,
    /// What happens to doubtful lines that nobody decided about.
    pub doubtful: Doubtful,
}

/// One act of importing: a command, a save of the page, a request. All its files are undone together.
#[derive(Debug, Clone)]
pub struct Run {
    /// UUIDv7.
    pub id: Uuid,
    pub(super) options: Options,
    at: i64,
    /// Whether a file wrote something, so that there is a row of the run.
    started: bool,
    next_position: i64,
    /// Events that the files so far brought, and which file.
    pub(super) files: BTreeMap<Uuid, String>,
    /// What a dry run would have written.
    pub(super) thought: Thought,
}

/// What the transaction of one file needs of its run.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub id: Uuid,
    pub at: i64,
    pub source: String,
    pub doubtful: Doubtful,
    pub first: bool,
    pub next_position: i64,
    pub files: Arc<BTreeMap<Uuid, String>>,
}

impl Run {
    /// A run that has done nothing yet.
    pub fn new(app: &App, options: Options) -> Self {
        Self {
            id: app.id(),
            at: app.now_millis(),
            options,
            started: false,
            next_position: 1,
            files: BTreeMap::new(),
            thought: Thought::default(),
        }
    }

    /// The run, where a file of it wrote something.
    pub fn written(&self) -> Option<Uuid> {
        self.started.then_some(self.id)
    }

    pub(super) fn desk(&self) -> Desk {
        Desk {
            id: self.id,
            at: self.at,
            source: self.options.source.chars().take(32).collect(),
            doubtful: self.options.doubtful,
            first: !self.started,
            next_position: self.next_position,
            files: Arc::new(self.files.clone()),
        }
    }

    /// Notes what the transaction of a file wrote.
    pub(super) fn wrote(&mut self, file_name: &str, written: &Written) {
        if written.nothing {
            return;
        }
        self.started = true;
        self.next_position = written.next_position;
        self.files.extend(written.created.iter().map(|id| (*id, file_name.to_owned())));
    }

    /// Notes what a dry run would have written.
    pub(super) fn think(&mut self, app: &App, document: &Document, plan: Plan) {
        self.thought.documents.insert(document.week, Arc::clone(&document.reading));
        for figure in &plan.figures {
            if let FigureAct::Create(figure, Some(renamed)) = &figure.act {
                self.thought.figure_aliases.insert(renamed.key.clone(), Some(figure.id));
            }
            if let FigureAct::LeaveOut(left) = &figure.act {
                self.thought.figure_aliases.insert(left.key.clone(), None);
            }
        }
        for count in &plan.counts {
            if let CountAct::LeaveOut(left) = &count.act {
                self.thought.figure_aliases.insert(left.key.clone(), None);
            }
        }
        self.thought.figures.insert(document.week, (plan.known.figures, plan.known.counts));
        self.think_events(app, &document.file_name, plan.events.into_iter().map(|plan| plan.act));
    }

    /// Notes what a dry run would have done to events.
    pub(super) fn think_events(&mut self, app: &App, file_name: &str, acts: impl Iterator<Item = EventAct>) {
        for act in acts {
            match act {
                EventAct::Create(new) => {
                    self.files.insert(new.id, file_name.to_owned());
                    let key = new.key.clone();
                    let event = events::imported_event(app, &SeverityPolicy::default(), *new, 0);
                    self.thought.keep(event, Some(key));
                }
                EventAct::Update(update) => {
                    let mut after = update.before;
                    after.fields = update.fields;
                    if let Some(to) = update.to {
                        after.postmortem.state = to;
                    }
                    match update.binding {
                        Binding::Own | Binding::Adopt => {
                            after.import_mark = Some(update.mark);
                            after.import_key = Some(update.key.clone());
                            after.raw = Some(update.raw);
                            self.thought.keep(after, Some(update.key));
                        }
                        Binding::Alias => {
                            let link = Link::Alias { mark: Some(update.mark), raw: update.raw };
                            self.thought.by_key.insert(update.key, (after.id, link));
                            self.thought.keep(after, None);
                        }
                    }
                }
                EventAct::LeaveOut(_) | EventAct::Nothing => {}
            }
        }
    }
}

/// What the earlier files of a dry run would have written.
#[derive(Debug, Clone, Default)]
pub(super) struct Thought {
    events: BTreeMap<Uuid, ProductionEvent>,
    by_key: BTreeMap<String, (Uuid, Link)>,
    by_time: BTreeMap<i64, Vec<Uuid>>,
    by_week: BTreeMap<IsoWeek, Vec<Uuid>>,
    figures: BTreeMap<IsoWeek, (Vec<Figure>, Vec<IncidentCount>)>,
    figure_aliases: BTreeMap<String, Option<Uuid>>,
    documents: BTreeMap<IsoWeek, Arc<ReportReading>>,
}

impl Thought {
    /// The document that would be the latest of a week.
    pub fn document(&self, week: IsoWeek) -> Option<Arc<ReportReading>> {
        self.documents.get(&week).cloned()
    }

    fn keep(&mut self, event: ProductionEvent, key: Option<String>) {
        if let Some(key) = key {
            self.by_key.insert(key, (event.id, Link::Own));
        }
        if let Some(point) = event.fields.occurred {
            let of_time = self.by_time.entry(point.at.timestamp_millis()).or_default();
            // Whether it is there twice does not matter: they are read as a set.
            of_time.push(event.id);
        }
        let of_week = self.by_week.entry(event.week).or_default();
        if !self.events.contains_key(&event.id) {
            of_week.push(event.id);
        }
        self.events.insert(event.id, event);
    }

    /// What is stored, as it would be after the earlier files.
    pub fn lay_over(&self, known: &mut Known, document: &Document, names: &Names) {
        if let Some((figures, counts)) = self.figures.get(&document.week) {
            known.figures.figures.clone_from(figures);
            known.figures.counts.clone_from(counts);
        }
        for (key, _) in names.figures.iter().chain(&names.counts) {
            if let Some(alias) = self.figure_aliases.get(key) {
                known.figures.aliases.insert(key.clone(), *alias);
            }
        }
        let keys = names.events.iter().map(|(key, _)| key);
        let times = document.reading.events.iter().filter_map(|read| read.draft.occurred);
        let times = times.map(|point| point.at.timestamp_millis());
        self.lay_over_events(known, keys, times, Some(document.week));
    }

    /// The stored events, as they would be after the earlier files.
    pub fn lay_over_events<'a>(
        &self,
        known: &mut Known,
        keys: impl Iterator<Item = &'a String>,
        times: impl Iterator<Item = i64>,
        week: Option<IsoWeek>,
    ) {
        let known = &mut known.events;
        let fresh = |event: &mut ProductionEvent| {
            if let Some(changed) = self.events.get(&event.id) {
                event.clone_from(changed);
            }
        };
        known.at_times.iter_mut().for_each(fresh);
        known.of_week.iter_mut().for_each(fresh);
        known.by_key.values_mut().for_each(|meeting| fresh(&mut meeting.event));
        for key in keys {
            if let Some((id, link)) = self.by_key.get(key)
                && let Some(event) = self.events.get(id)
            {
                let meeting = Meeting { event: event.clone(), gone: false, link: link.clone() };
                known.by_key.insert(key.clone(), meeting);
            }
        }
        let add = |to: &mut Vec<ProductionEvent>, ids: BTreeSet<Uuid>| {
            let have: BTreeSet<Uuid> = to.iter().map(|event| event.id).collect();
            to.extend(ids.difference(&have).filter_map(|id| self.events.get(id)).cloned());
        };
        let times: BTreeSet<i64> = times.collect();
        let of_times = times.iter().filter_map(|time| self.by_time.get(time));
        add(&mut known.at_times, of_times.flatten().copied().collect());
        let of_week = week.and_then(|week| self.by_week.get(&week));
        add(&mut known.of_week, of_week.into_iter().flatten().copied().collect());
    }
}
