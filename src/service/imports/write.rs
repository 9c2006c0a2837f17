//! Writing a plan: rows in batches, each change in the ledger and in the audit log.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::json;
use uuid::Uuid;

use super::{
    App, Document, Plan, ServiceError,
    ledger::{self, CountState, EventState, FigureState, NewChange, PostmortemLedger},
    run::Desk,
    succession::{self, NAMED, TOLD},
};
use crate::{
    domain::{
        actor::Actor,
        checked,
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        history,
        import_plan::{
            Binding, CountAct, EventAct, EventPlan, FigureAct, Kind, LeftOut, NewcomerEvent, Outcome, Told, Update,
        },
        postmortem::PostmortemState,
        severity::SeverityPolicy,
    },
    service::{events, figures, grading, reminders},
    store::{
        self, Tx,
        audit::NewEntry,
        events::{ImportIdentity, ImportedEvent},
        import_aliases::Alias,
        import_runs::{ImportChange, ImportRun},
        imports::ReportImport,
        timeline::TimelineEntry,
    },
};

/// What one file wrote.
#[derive(Debug, Clone, Default)]
pub(super) struct Written {
    /// Nothing: the transaction is rolled back.
    pub nothing: bool,
    /// The new events.
    pub created: Vec<Uuid>,
    /// Where the ledger of the run goes on.
    pub next_position: i64,
}

/// What is collected while a file is written.
pub(super) struct Pen<'a> {
    pub app: &'a App,
    pub tx: &'a Tx,
    pub actor: &'a Actor,
    pub desk: &'a Desk,
    pub levels: &'a SeverityPolicy,
    /// The aliases of the file's keys as they stand.
    pub aliases: &'a BTreeMap<String, Alias>,
    changes: Vec<NewChange>,
    audit: Vec<NewEntry>,
    new_aliases: Vec<Alias>,
    gone_aliases: Vec<String>,
    /// Events that this file updated already.
    updated: BTreeSet<Uuid>,
    /// What the file tells of and was there: whether as it stands here, and what it is.
    told: HashMap<Uuid, (bool, String)>,
}

/// Writes the plan of a document.
pub(super) async fn document(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    desk: &Desk,
    document: &Document,
    plan: &mut Plan,
) -> Result<Written, ServiceError> {
    let aliases = std::mem::take(&mut plan.aliases);
    let levels = grading::levels(tx.conn()).await?;
    let mut pen = Pen::new(app, tx, actor, desk, &levels, &aliases);
    let import_id = pen.keep(document).await?;
    pen.figures(plan).await?;
    pen.counts(plan).await?;
    let created = pen.events(&mut plan.events, Some(import_id), &BTreeMap::new()).await?;
    let change = json!({
        "week": document.week.to_string(),
        "events_added": created.len(),
        "run": desk.id,
    });
    let counts = Counts::of(plan.lines().map(|line| (line.outcome, line.taken)));
    pen.finish(&document.file_name, created, counts, format!("import:{import_id}"), change).await
}

/// How many lines of a file had which outcome.
#[derive(Default)]
pub(super) struct Counts {
    added: i64,
    changed: i64,
    same: i64,
    doubtful: i64,
}

impl Counts {
    /// Counts outcomes; doubtful lines that were taken are new ones too.
    pub fn of(lines: impl Iterator<Item = (Outcome, bool)>) -> Self {
        let mut counts = Self::default();
        for (outcome, taken) in lines {
            counts.doubtful += i64::from(outcome == Outcome::Doubtful);
            match outcome {
                Outcome::Added | Outcome::Doubtful => counts.added += i64::from(taken),
                Outcome::Changed => counts.changed += i64::from(taken),
                Outcome::Unchanged | Outcome::Deleted => counts.same += 1,
            }
        }
        counts
    }
}

impl<'a> Pen<'a> {
    pub fn new(
        app: &'a App,
        tx: &'a Tx,
        actor: &'a Actor,
        desk: &'a Desk,
        levels: &'a SeverityPolicy,
        aliases: &'a BTreeMap<String, Alias>,
    ) -> Self {
        Self {
            app,
            tx,
            actor,
            desk,
            levels,
            aliases,
            changes: Vec::new(),
            audit: Vec::new(),
            new_aliases: Vec::new(),
            gone_aliases: Vec::new(),
            updated: BTreeSet::new(),
            told: HashMap::new(),
        }
    }

    /// Notes that the file tells of something that was there.
    fn tells(&mut self, told: Option<Told>, label: &str) {
        if let Some(Told { subject, own }) = told {
            let (as_it_stands, _) = self.told.entry(subject).or_insert_with(|| (own, label.to_owned()));
            *as_it_stands |= own;
        }
    }

    fn audit(&mut self, action: impl Into<String>, subject: String, change: serde_json::Value) {
        self.audit.push(NewEntry { id: self.app.id(), action: action.into(), subject, change });
    }

    /// Keeps the document; one that was imported before becomes the latest of its week again.
    async fn keep(&mut self, document: &Document) -> Result<Uuid, ServiceError> {
        let now = self.app.now_millis();
        let note = |id: Uuid, before: Option<i64>| NewChange {
            kind: "document",
            subject: id,
            label: document.file_name.clone(),
            version: 0,
            before: before.and_then(|at| ledger::json(&at)),
            after: ledger::json(&now),
        };
        if let Some(import) = store::imports::by_hash(self.tx.conn(), &document.hash).await? {
            let latest = store::imports::latest_id_of_week(self.tx.conn(), import.week).await?;
            if latest != Some(import.id) {
                store::imports::refill(self.tx, import.id, &document.content).await?;
                store::imports::touch(self.tx, import.id, now).await?;
                self.changes.push(note(import.id, Some(import.imported_at)));
            }
            self.tells(Some(Told { subject: import.id, own: true }), &document.file_name);
            return Ok(import.id);
        }
        let import = ReportImport {
            id: self.app.id(),
            week: document.week,
            content_hash: document.hash.clone(),
            content: document.content.to_string(),
            file_name: document.file_name.clone(),
            imported_at: now,
        };
        store::imports::insert(self.tx, &import, self.actor.account_id).await?;
        self.changes.push(note(import.id, None));
        Ok(import.id)
    }

    async fn figures(&mut self, plan: &Plan) -> Result<(), ServiceError> {
        let now = self.app.now_millis();
        let created: Vec<&Figure> = plan
            .figures
            .iter()
            .filter_map(|plan| match &plan.act {
                FigureAct::Create(figure, _) => Some(figure),
                _ => None,
            })
            .collect();
        // The names of the week without the new ones: a key is another one only where the label was taken before.
        let new: HashSet<Uuid> = created.iter().map(|figure| figure.id).collect();
        let old = plan.known.figures.iter().filter(|figure| !new.contains(&figure.id));
        let mut names: HashSet<String> = old.map(|figure| checked::fold(&figure.fields.name)).collect();
        let mut rows = Vec::with_capacity(created.len());
        for figure in created {
            let taken = !names.insert(checked::fold(&figure.fields.name));
            rows.push((figure.clone(), figures::key_of(&figure.fields, taken)));
        }
        store::figures::insert_all(self.tx, &rows, now).await?;
        for one in &plan.figures {
            self.tells(one.told, &one.line.words);
            match &one.act {
                FigureAct::Nothing => {}
                FigureAct::LeaveOut(left) => self.leave_out(left),
                FigureAct::Create(figure, renamed) => {
                    self.take_in(&one.key);
                    let after = FigureState { fields: figure.fields.clone(), source: figure.source.clone() };
                    self.figure_change(figure, 1, None, &after);
                    let change = json!({"to": figures::shown(&figure.fields)});
                    self.audit("figure.create", figures::subject(figure.week, &figure.fields.name), change);
                    if let Some(renamed) = renamed {
                        self.alias(Alias {
                            key: renamed.key.clone(),
                            kind: Kind::Figure.code().to_owned(),
                            week: figure.week.to_string(),
                            raw: renamed.raw.clone(),
                            subject: Some(renamed.subject),
                            mark: None,
                        });
                    }
                }
                FigureAct::Update { before, after } => {
                    self.take_in(&one.key);
                    store::figures::update(self.tx, after, before.version, now).await?;
                    let was = FigureState { fields: before.fields.clone(), source: before.source.clone() };
                    let is = FigureState { fields: after.fields.clone(), source: after.source.clone() };
                    self.figure_change(after, before.version + 1, Some(&was), &is);
                    let change = json!({"from": figures::shown(&before.fields), "to": figures::shown(&after.fields)});
                    self.audit("figure.update", figures::subject(after.week, &after.fields.name), change);
                }
            }
        }
        Ok(())
    }

    fn figure_change(&mut self, figure: &Figure, version: i64, before: Option<&FigureState>, after: &FigureState) {
        self.changes.push(NewChange {
            kind: Kind::Figure.code(),
            subject: figure.id,
            label: ledger::figure_label(figure.week, &figure.fields),
            version,
            before: before.and_then(ledger::json),
            after: ledger::json(after),
        });
    }

    async fn counts(&mut self, plan: &Plan) -> Result<(), ServiceError> {
        let now = self.app.now_millis();
        let created: Vec<IncidentCount> = plan
            .counts
            .iter()
            .filter_map(|plan| match &plan.act {
                CountAct::Create(count) => Some(count.clone()),
                _ => None,
            })
            .collect();
        store::figures::insert_counts(self.tx, &created, now).await?;
        for one in &plan.counts {
            self.tells(one.told, &one.line.words);
            match &one.act {
                CountAct::Nothing => {}
                CountAct::LeaveOut(left) => self.leave_out(left),
                CountAct::Create(count) => {
                    self.take_in(&one.key);
                    let after = CountState { fields: count.fields.clone(), source: count.source.clone() };
                    self.count_change(count, 1, None, &after);
                    let change = json!({"to": count.fields.count.to_string()});
                    self.audit("incident_count.create", figures::subject(count.week, &count.fields.severity), change);
                }
                CountAct::Update { before, after } => {
                    self.take_in(&one.key);
                    store::figures::update_count(self.tx, after, before.version, now).await?;
                    let was = CountState { fields: before.fields.clone(), source: before.source.clone() };
                    let is = CountState { fields: after.fields.clone(), source: after.source.clone() };
                    self.count_change(after, before.version + 1, Some(&was), &is);
                    let change = json!({"from": before.fields.count.to_string(), "to": after.fields.count.to_string()});
                    self.audit("incident_count.update", figures::subject(after.week, &after.fields.severity), change);
                }
            }
        }
        Ok(())
    }

    fn count_change(&mut self, count: &IncidentCount, version: i64, before: Option<&CountState>, after: &CountState) {
        self.changes.push(NewChange {
            kind: Kind::IncidentCount.code(),
            subject: count.id,
            label: ledger::count_label(count.week, &count.fields),
            version,
            before: before.and_then(ledger::json),
            after: ledger::json(after),
        });
    }

    /// Writes the events of a plan, and puts the numbers of new ones into its lines. `timelines` are lines for new
    /// events, by key.
    pub async fn events(
        &mut self,
        plans: &mut [EventPlan],
        import_id: Option<Uuid>,
        timelines: &BTreeMap<String, Vec<TimelineEntry>>,
    ) -> Result<Vec<Uuid>, ServiceError> {
        let new: Vec<(usize, NewcomerEvent)> = plans
            .iter()
            .enumerate()
            .filter_map(|(at, plan)| match &plan.act {
                EventAct::Create(new) => Some((at, new.as_ref().clone())),
                _ => None,
            })
            .collect();
        let created = self.new_events(plans, new, import_id, timelines).await?;
        let touched: Vec<Uuid> = plans
            .iter()
            .filter_map(|plan| match &plan.act {
                EventAct::Update(update) if update.binding != Binding::Alias => Some(update.before.id),
                _ => None,
            })
            .collect();
        let identities = store::events::identities(self.tx.conn(), &touched).await?;
        for plan in plans.iter() {
            self.tells(plan.told, &plan.line.words);
            match &plan.act {
                EventAct::LeaveOut(left) => self.leave_out(left),
                EventAct::Update(update) => {
                    let identity = identities.get(&update.before.id).cloned().unwrap_or_default();
                    self.update(update, identity, import_id).await?;
                }
                EventAct::Nothing | EventAct::Create(_) => {}
            }
        }
        Ok(created)
    }

    async fn new_events(
        &mut self,
        plans: &mut [EventPlan],
        new: Vec<(usize, NewcomerEvent)>,
        import_id: Option<Uuid>,
        timelines: &BTreeMap<String, Vec<TimelineEntry>>,
    ) -> Result<Vec<Uuid>, ServiceError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let (app, tx) = (self.app, self.tx);
        let first = store::events::next_numbers(tx, i64::try_from(new.len()).unwrap_or(i64::MAX)).await?;
        let mut rows = Vec::with_capacity(new.len());
        let mut entries = Vec::new();
        for (number, (at, new)) in (first..).zip(new) {
            let (read, key) = (new.read.clone(), new.key.clone());
            let event = events::imported_event(app, self.levels, new, number);
            let timeline = timelines.get(&key).map(Vec::as_slice).unwrap_or_default();
            entries.extend(timeline.iter().map(|entry| (event.id, entry.clone())));
            let after = EventState {
                fields: event.fields.clone(),
                identity: ImportIdentity { import_id, key: event.import_key.clone(), raw: event.raw.clone() },
                mark: event.import_mark,
                read: Some(read),
                postmortem: Some(PostmortemLedger::of(&event.postmortem)),
                week: Some(event.week.to_string()),
                timeline: i64::try_from(timeline.len()).unwrap_or(i64::MAX),
                lines: Some(ledger::lines_digest(timeline.iter())),
            };
            self.changes.push(NewChange {
                kind: Kind::Event.code(),
                subject: event.id,
                label: ledger::label_of(&event),
                version: 1,
                before: None,
                after: ledger::json(&after),
            });
            let change = json!({
                "source": event.source.code(),
                "week": event.week.to_string(),
                "state": event.postmortem.state.code(),
                "run": self.desk.id,
            });
            self.audit("event.create", events::subject(number), change);
            self.take_in(&key);
            if let Some(plan) = plans.get_mut(at) {
                plan.line.number = Some(number);
                plan.line.words = format!("{} {}", event.label(), plan.line.words);
            }
            rows.push(ImportedEvent { event, import_id });
        }
        store::events::insert_all(tx, &rows, self.actor.account_id, &mut || app.id()).await?;
        store::timeline::insert_all(tx, &entries, app.now_millis()).await?;
        Ok(rows.into_iter().map(|row| row.event.id).collect())
    }

    async fn update(
        &mut self,
        update: &Update,
        identity: ImportIdentity,
        import_id: Option<Uuid>,
    ) -> Result<(), ServiceError> {
        let (app, tx, now) = (self.app, self.tx, self.app.now_millis());
        let before = &update.before;
        let mut after = ProductionEvent { fields: update.fields.clone(), ..before.clone() };
        let own = update.binding != Binding::Alias;
        let mut now_known = identity.clone();
        if own {
            self.take_in(&update.key);
            after.import_mark = Some(update.mark);
            let key = Some(update.key.clone());
            let import_id = import_id.or(identity.import_id);
            if identity.key != key || identity.raw.as_deref().map(str::trim) != Some(update.raw.trim()) {
                now_known = ImportIdentity { import_id, key, raw: Some(update.raw.clone()) };
            }
        } else {
            self.alias(Alias {
                key: update.key.clone(),
                kind: Kind::Event.code().to_owned(),
                week: update.week.to_string(),
                raw: update.raw.clone(),
                subject: Some(before.id),
                mark: Some(update.mark),
            });
        }
        // Two lines of one file may be the same event: the first one's word is taken.
        if !self.updated.insert(before.id) {
            return Ok(());
        }
        let edited = after.fields != before.fields;
        if edited || after.import_mark != before.import_mark {
            store::events::update(tx, &after, before.version, now, &mut || app.id()).await?;
            grading::note(app, tx, self.actor, before, after.fields.severity.as_deref(), "import").await?;
            after.version += 1;
        }
        if now_known != identity {
            store::events::identify(tx, before.id, &now_known).await?;
        }
        if after.version != before.version || now_known != identity {
            let state = |event: &ProductionEvent, identity: &ImportIdentity, read| EventState {
                fields: event.fields.clone(),
                identity: identity.clone(),
                mark: event.import_mark,
                read,
                postmortem: None,
                week: None,
                timeline: 0,
                lines: None,
            };
            self.changes.push(NewChange {
                kind: Kind::Event.code(),
                subject: before.id,
                label: ledger::label_of(&after),
                version: after.version,
                before: ledger::json(&state(before, &identity, None)),
                after: ledger::json(&state(&after, &now_known, Some(update.read.clone()))),
            });
        }
        if edited {
            let change = history::changes(&before.fields, &after.fields);
            self.audit("event.update", events::subject(after.number), change);
        }
        self.postmortem(update.to, before, &mut after, edited, now).await
    }

    /// Moves the postmortem where the mark says so; a due date that nobody chose follows the fields.
    async fn postmortem(
        &mut self,
        to: Option<PostmortemState>,
        before: &ProductionEvent,
        after: &mut ProductionEvent,
        edited: bool,
        now: i64,
    ) -> Result<(), ServiceError> {
        let postmortem = &mut after.postmortem;
        if let Some(to) = to {
            postmortem.state = to;
            postmortem.done_at = (to == PostmortemState::Done).then_some(now);
            postmortem.reason = None;
        }
        if postmortem.state.is_owed() && !postmortem.due_fixed && (edited || postmortem.due_on.is_none()) {
            postmortem.due_on = Some(events::due_of(self.app, self.levels, &after.fields, after.created_at));
        }
        if *postmortem == before.postmortem {
            return Ok(());
        }
        store::postmortems::update(self.tx, after.id, before.postmortem.version, postmortem, now).await?;
        postmortem.version += 1;
        if after.version == before.version {
            store::events::touch(self.tx, after.id, after.version, now).await?;
            after.version += 1;
        }
        self.changes.push(NewChange {
            kind: "postmortem",
            subject: after.id,
            label: ledger::label_of(after),
            version: after.postmortem.version,
            before: ledger::json(&PostmortemLedger::of(&before.postmortem)),
            after: ledger::json(&PostmortemLedger::of(&after.postmortem)),
        });
        if let Some(to) = to {
            if !to.is_owed() {
                reminders::cancel_for_postmortem(self.tx, after.id).await?;
            }
            let change = json!({"state": {"from": before.postmortem.state.code(), "to": to.code()}, "by": "import"});
            self.audit(format!("postmortem.{}", to.code()), events::subject(after.number), change);
        }
        Ok(())
    }

    fn leave_out(&mut self, left: &LeftOut) {
        self.alias(Alias {
            key: left.key.clone(),
            kind: left.kind.code().to_owned(),
            week: left.week.to_string(),
            raw: left.raw.clone(),
            subject: None,
            mark: None,
        });
    }

    fn alias(&mut self, alias: Alias) {
        let before = self.aliases.get(&alias.key);
        if before == Some(&alias) {
            return;
        }
        self.changes.push(NewChange {
            kind: "alias",
            subject: succession::alias_subject(&alias.key),
            label: alias.raw.trim().chars().take(80).collect(),
            version: 0,
            before: before.and_then(ledger::json),
            after: ledger::json(&alias),
        });
        self.new_aliases.push(alias);
    }

    /// What was left out by choice the last time is taken now.
    fn take_in(&mut self, key: &str) {
        let Some(before) = self.aliases.get(key).filter(|alias| alias.subject.is_none()) else { return };
        self.changes.push(NewChange {
            kind: "alias",
            subject: succession::alias_subject(&before.key),
            label: before.raw.trim().chars().take(80).collect(),
            version: 0,
            before: ledger::json(before),
            after: None,
        });
        self.gone_aliases.push(key.to_owned());
    }

    /// Rows for what the file tells of without changing it: undoing has to know who tells of what.
    fn tell(&mut self) {
        let is_said = |change: &&NewChange| !matches!(change.kind, "postmortem" | "alias");
        let said: HashSet<Uuid> = self.changes.iter().filter(is_said).map(|change| change.subject).collect();
        let told = std::mem::take(&mut self.told).into_iter().filter(|(subject, _)| !said.contains(subject));
        let row = |(subject, (own, label)): (Uuid, (bool, String))| NewChange {
            kind: if own { TOLD } else { NAMED },
            subject,
            label,
            version: 0,
            before: None,
            after: None,
        };
        self.changes.extend(told.map(row));
    }

    /// Writes what was collected, and the run.
    pub async fn finish(
        mut self,
        file_name: &str,
        created: Vec<Uuid>,
        counts: Counts,
        subject: String,
        change: serde_json::Value,
    ) -> Result<Written, ServiceError> {
        if self.changes.is_empty() {
            return Ok(Written { nothing: true, ..Written::default() });
        }
        self.tell();
        self.audit("report.import", subject, change);
        let (tx, desk) = (self.tx, self.desk);
        let gone: Vec<&str> = self.gone_aliases.iter().map(String::as_str).collect();
        store::import_aliases::remove(tx, &gone).await?;
        store::import_aliases::put(tx, &self.new_aliases).await?;
        store::audit::insert_all(tx, self.app.now_millis(), self.actor, &self.audit).await?;
        let run = ImportRun {
            id: desk.id,
            at: desk.at,
            by_id: self.actor.account_id,
            by_name: self.actor.name.chars().take(100).collect(),
            source: desk.source.clone(),
            file_name: file_name.chars().take(255).collect(),
            files: 1,
            added: counts.added,
            changed: counts.changed,
            same: counts.same,
            doubtful: counts.doubtful,
            undone_at: None,
            undone_by: None,
        };
        store::import_runs::record(tx, &run, desk.first).await?;
        let rows: Vec<ImportChange> = (desk.next_position..)
            .zip(self.changes)
            .map(|(position, change)| ImportChange {
                run_id: desk.id,
                position,
                kind: change.kind.to_owned(),
                subject: change.subject,
                label: change.label.chars().take(255).collect(),
                version: change.version,
                before: change.before,
                after: change.after,
            })
            .collect();
        store::import_runs::insert_changes(tx, &rows).await?;
        let next_position = rows.last().map_or(desk.next_position, |row| row.position + 1);
        Ok(Written { nothing: false, created, next_position })
    }
}
