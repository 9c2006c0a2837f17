//! Undoing a run: what it added goes, what it changed becomes what it was; what a person edited since stays.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::DateTime;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError, authorise,
    ledger::{self, CountState, EventState, FigureState, PostmortemLedger},
    runs,
    standing::Standing,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        event::{self, ProductionEvent},
        figures::{Figure, IncidentCount},
        postmortem::Postmortem,
        visibility::Sight,
    },
    service::{events, figures, reminders, retry::retried},
    store::{
        self, Tx,
        audit::NewEntry,
        events::ImportIdentity,
        import_aliases::Alias,
        import_runs::{ImportChange, ImportRun},
    },
};

/// Something that was not undone, or not altogether.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// event, postmortem, figure or incident_count.
    pub kind: String,
    /// What it is, for people.
    pub label: String,
    /// What of it was edited since: names of fields, `timeline`, `week` or `postmortem`; `other_import` where another
    /// import that stands tells of it too.
    pub fields: Vec<String>,
}

/// What undoing a run did.
#[derive(Debug, Clone)]
pub struct UndoReport {
    /// The run, undone.
    pub run: ImportRun,
    /// What was undone: kind and words for people.
    pub undone: Vec<(String, String)>,
    /// What stays, because it was edited since.
    pub kept: Vec<Kept>,
}

/// Undoes a run (its id, or `last`) in one transaction.
pub async fn undo(app: &App, actor: &Actor, word: &str) -> Result<UndoReport, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    authorise(actor, Permission::DeleteEvent)?;
    let id = runs::id_of(app, word).await?;
    let own: Vec<Uuid> = store::import_runs::all_changes(app.store.read(), id)
        .await?
        .into_iter()
        .filter(|change| change.kind == "document")
        .map(|change| change.subject)
        .collect();
    let standing = Standing::beside(app, &own).await?;
    let (app, actor, word) = (app.clone(), actor.clone(), word.to_owned());
    retried(move || {
        let (app, actor, word, standing) = (app.clone(), actor.clone(), word.clone(), standing.clone());
        async move {
            let tx = app.store.begin().await?;
            let run = store::import_runs::by_id(tx.conn(), id).await?.ok_or_else(|| runs::missing(&word))?;
            if let Some(at) = run.undone_at {
                let when = DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&app.zone));
                let when = when.map(|at| at.format(" at %Y-%m-%d %H:%M").to_string()).unwrap_or_default();
                let by = run.undone_by.unwrap_or_default();
                return Err(ServiceError::Conflict(format!("the import was undone already{when} by {by}")));
            }
            let report = write(&app, &tx, &actor, run, standing).await?;
            tx.commit().await?;
            Ok(report)
        }
    })
    .await
}

async fn write(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    run: ImportRun,
    standing: Standing,
) -> Result<UndoReport, ServiceError> {
    let now = app.now_millis();
    let mut changes = store::import_runs::all_changes(tx.conn(), run.id).await?;
    // The latest change first: what a run changed twice goes back both steps.
    changes.reverse();
    let mut eraser = Eraser::new(app, tx, Sight::of(actor), &changes, standing).await?;
    for change in &changes {
        match change.kind.as_str() {
            "event" => eraser.event(change).await?,
            "postmortem" => eraser.postmortem(change).await?,
            "figure" => eraser.figure(change).await?,
            "incident_count" => eraser.count(change).await?,
            "document" => eraser.document(change).await?,
            "alias" => eraser.alias(change),
            other => tracing::warn!(kind = other, "the ledger of an import holds an unknown kind"),
        }
    }
    let (undone, kept) = eraser.finish(actor).await?;
    let by: String = actor.name.chars().take(100).collect();
    store::import_runs::mark_undone(tx, run.id, now, &by).await?;
    let change = json!({"undone": undone.len(), "kept": kept});
    let subject = format!("import-run:{}", run.id);
    store::audit::insert(tx, app.id(), now, actor, "import.undo", &subject, change).await?;
    Ok(UndoReport { run: ImportRun { undone_at: Some(now), undone_by: Some(by), ..run }, undone, kept })
}

/// What the things of a run are now, and what becomes of them.
struct Eraser<'a> {
    app: &'a App,
    tx: &'a Tx,
    now: i64,
    events: BTreeMap<Uuid, (ProductionEvent, bool)>,
    identities: HashMap<Uuid, ImportIdentity>,
    timelines: HashMap<Uuid, i64>,
    figures: BTreeMap<Uuid, Figure>,
    counts: BTreeMap<Uuid, IncidentCount>,
    aliases: BTreeMap<String, Alias>,
    /// Events that another import that stands tells of too.
    told_elsewhere: BTreeSet<Uuid>,
    /// What other documents of the same weeks tell.
    standing: Standing,
    /// Whose eyes read the report of the undoing.
    sight: Sight,
    /// New events that go.
    gone_events: Vec<Uuid>,
    gone_figures: Vec<(Uuid, i64)>,
    gone_counts: Vec<(Uuid, i64)>,
    gone_aliases: Vec<String>,
    old_aliases: Vec<Alias>,
    audit: Vec<NewEntry>,
    undone: Vec<(String, String)>,
    kept: Vec<Kept>,
}

impl<'a> Eraser<'a> {
    async fn new(
        app: &'a App,
        tx: &'a Tx,
        sight: Sight,
        changes: &[ImportChange],
        standing: Standing,
    ) -> Result<Self, ServiceError> {
        let ids = |kinds: &[&str]| -> Vec<Uuid> {
            let of_kind = changes.iter().filter(|change| kinds.contains(&change.kind.as_str()));
            of_kind.map(|change| change.subject).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let event_ids = ids(&["event", "postmortem"]);
        let events = store::events::by_ids_or_gone(tx.conn(), &event_ids).await?;
        let figures = store::figures::by_ids(tx.conn(), &ids(&["figure"])).await?;
        let counts = store::figures::counts_by_ids(tx.conn(), &ids(&["incident_count"])).await?;
        let keys: Vec<String> = changes
            .iter()
            .filter(|change| change.kind == "alias")
            .filter_map(|change| ledger::state::<Alias>(change.after.as_ref().or(change.before.as_ref())))
            .map(|alias| alias.key)
            .collect();
        let aliases = store::import_aliases::by_keys(tx.conn(), &keys).await?;
        let own: BTreeSet<&String> = keys.iter().collect();
        let others = store::import_aliases::of_subjects(tx.conn(), &event_ids).await?;
        let told_elsewhere =
            others.into_iter().filter(|alias| !own.contains(&alias.key)).filter_map(|alias| alias.subject).collect();
        Ok(Self {
            app,
            tx,
            now: app.now_millis(),
            events: events.into_iter().map(|(event, gone)| (event.id, (event, gone))).collect(),
            identities: store::events::identities(tx.conn(), &event_ids).await?,
            timelines: store::timeline::counts(tx.conn(), &event_ids).await?,
            figures: figures.into_iter().map(|figure| (figure.id, figure)).collect(),
            counts: counts.into_iter().map(|count| (count.id, count)).collect(),
            told_elsewhere,
            standing,
            sight,
            aliases: aliases.into_iter().map(|alias| (alias.key.clone(), alias)).collect(),
            gone_events: Vec::new(),
            gone_figures: Vec::new(),
            gone_counts: Vec::new(),
            gone_aliases: Vec::new(),
            old_aliases: Vec::new(),
            audit: Vec::new(),
            undone: Vec::new(),
            kept: Vec::new(),
        })
    }

    fn note(&mut self, action: &str, subject: String, change: serde_json::Value) {
        self.audit.push(NewEntry { id: self.app.id(), action: action.to_owned(), subject, change });
    }

    /// What an event is called in the report of the undoing; who does not see it reads no more than that there is one.
    fn label_of(&self, event: &ProductionEvent) -> String {
        if self.sight.sees(event) { ledger::label_of(event) } else { "—".to_owned() }
    }

    fn keep(&mut self, change: &ImportChange, label: String, fields: Vec<String>) {
        self.kept.push(Kept { kind: change.kind.clone(), label, fields });
    }

    async fn event(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        let Some((here, gone)) = self.events.get(&change.subject).cloned() else { return Ok(()) };
        let Some(after) = ledger::state::<EventState>(change.after.as_ref()) else { return Ok(()) };
        let Some(before) = ledger::state::<EventState>(change.before.as_ref()) else {
            // Deleted here since: the next import shall not know it either.
            let edited = if gone { Vec::new() } else { self.edited(&here, &after) };
            if edited.is_empty() {
                self.gone_events.push(here.id);
                if !gone {
                    self.undone.push((change.kind.clone(), self.label_of(&here)));
                    let was = json!({"narrative": here.fields.narrative, "by": "import.undo"});
                    self.note("event.delete", events::subject(here.number), was);
                }
            } else {
                self.keep(change, self.label_of(&here), edited);
            }
            return Ok(());
        };
        if gone {
            return Ok(());
        }
        let (mut now, mut edited) = (here.clone(), Vec::new());
        let (was, is) = (ledger::parts(&before.fields), ledger::parts(&after.fields));
        let mut fields = ledger::parts(&here.fields);
        for (name, to) in &was {
            if is.get(name) == Some(to) {
                continue;
            }
            if fields.get(name) == is.get(name) {
                fields.insert(name.clone(), to.clone());
            } else if fields.get(name) != Some(to) {
                edited.push(name.clone());
            }
        }
        if let Ok(restored) = serde_json::from_value(serde_json::Value::Object(fields)) {
            now.fields = restored;
        }
        if now.fields.recovered.zip(now.fields.occurred).is_some_and(|(end, begin)| end.at < begin.at) {
            // Half of the old state and half of an edit do not fit together.
            now.fields = here.fields.clone();
            edited = vec!["recovered_at".to_owned()];
        }
        if here.import_mark == after.mark {
            now.import_mark = before.mark;
        }
        if now.fields != here.fields || now.import_mark != here.import_mark {
            let app = self.app;
            store::events::update(self.tx, &now, here.version, self.now, &mut || app.id()).await?;
            now.version += 1;
        }
        let identity = self.identities.get(&here.id).cloned().unwrap_or_default();
        if before.identity != after.identity && identity == after.identity {
            store::events::identify(self.tx, here.id, &before.identity).await?;
            now.import_key.clone_from(&before.identity.key);
            now.raw.clone_from(&before.identity.raw);
            self.identities.insert(here.id, before.identity);
        }
        if now.fields != here.fields {
            self.undone.push((change.kind.clone(), self.label_of(&now)));
            let what = event::changes(&here.fields, &now.fields);
            self.note("event.update", events::subject(here.number), what);
        }
        if !edited.is_empty() {
            self.keep(change, self.label_of(&now), edited);
        }
        self.events.insert(here.id, (now, false));
        Ok(())
    }

    /// What of a new event was edited since.
    fn edited(&self, here: &ProductionEvent, after: &EventState) -> Vec<String> {
        let (is, then) = (ledger::parts(&here.fields), ledger::parts(&after.fields));
        let mut edited: Vec<String> =
            is.into_iter().filter(|(name, value)| then.get(name) != Some(value)).map(|(name, _)| name).collect();
        if after.postmortem.as_ref().is_some_and(|then| *then != PostmortemLedger::of(&here.postmortem)) {
            edited.push("postmortem".to_owned());
        }
        if after.week.as_ref().is_some_and(|week| *week != here.week.to_string()) {
            edited.push("week".to_owned());
        }
        if self.timelines.get(&here.id).copied().unwrap_or(0) != after.timeline {
            edited.push("timeline".to_owned());
        }
        if self.told_elsewhere.contains(&here.id) || self.standing.tells_event(here) {
            edited.push("other_import".to_owned());
        }
        edited
    }

    async fn postmortem(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        let Some((here, false)) = self.events.get(&change.subject).cloned() else { return Ok(()) };
        let states = (ledger::state(change.before.as_ref()), ledger::state(change.after.as_ref()));
        let (Some::<PostmortemLedger>(before), Some::<PostmortemLedger>(after)) = states else { return Ok(()) };
        let is = PostmortemLedger { owner: after.owner, ..PostmortemLedger::of(&here.postmortem) };
        if is != after {
            self.keep(change, self.label_of(&here), vec!["postmortem".to_owned()]);
            return Ok(());
        }
        let postmortem = Postmortem {
            state: before.state,
            due_on: before.due_on,
            reason: before.reason,
            done_at: before.done_at,
            ..here.postmortem.clone()
        };
        store::postmortems::update(self.tx, here.id, here.postmortem.version, &postmortem, self.now).await?;
        store::events::touch(self.tx, here.id, here.version, self.now).await?;
        if !before.state.is_owed() {
            reminders::cancel_for_event(self.app, self.tx, here.id).await?;
        }
        let moved =
            json!({"state": {"from": here.postmortem.state.code(), "to": before.state.code()}, "by": "import.undo"});
        self.note(&format!("postmortem.{}", before.state.code()), events::subject(here.number), moved);
        self.undone.push((change.kind.clone(), self.label_of(&here)));
        let version = postmortem.version + 1;
        let now =
            ProductionEvent { version: here.version + 1, postmortem: Postmortem { version, ..postmortem }, ..here };
        self.events.insert(now.id, (now, false));
        Ok(())
    }

    async fn figure(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        let Some(here) = self.figures.get(&change.subject).cloned() else { return Ok(()) };
        let Some(after) = ledger::state::<FigureState>(change.after.as_ref()) else { return Ok(()) };
        let label = ledger::figure_label(here.week, &here.fields);
        if here.fields != after.fields {
            let (is, then) = (ledger::parts(&here.fields), ledger::parts(&after.fields));
            let edited = is.into_iter().filter(|(name, value)| then.get(name) != Some(value)).map(|(name, _)| name);
            self.keep(change, label, edited.collect());
            return Ok(());
        }
        if change.before.is_none() && self.standing.tells_figure(here.week, &here.fields) {
            self.keep(change, label, vec!["other_import".to_owned()]);
            return Ok(());
        }
        let subject = figures::subject(here.week, &here.fields.name);
        self.undone.push((change.kind.clone(), label));
        let Some(before) = ledger::state::<FigureState>(change.before.as_ref()) else {
            self.gone_figures.push((here.id, here.version));
            self.note("figure.delete", subject, json!({"from": figures::shown(&here.fields), "by": "import.undo"}));
            return Ok(());
        };
        let what = json!({
            "from": figures::shown(&here.fields), "to": figures::shown(&before.fields), "by": "import.undo",
        });
        let now = Figure { fields: before.fields, source: before.source, ..here.clone() };
        store::figures::update(self.tx, &now, here.version, self.now).await?;
        self.note("figure.update", subject, what);
        self.figures.insert(now.id, Figure { version: here.version + 1, ..now });
        Ok(())
    }

    async fn count(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        let Some(here) = self.counts.get(&change.subject).cloned() else { return Ok(()) };
        let Some(after) = ledger::state::<CountState>(change.after.as_ref()) else { return Ok(()) };
        let label = ledger::count_label(here.week, &here.fields);
        if here.fields != after.fields {
            self.keep(change, label, vec!["count".to_owned()]);
            return Ok(());
        }
        if change.before.is_none() && self.standing.tells_count(here.week, &here.fields.severity) {
            self.keep(change, label, vec!["other_import".to_owned()]);
            return Ok(());
        }
        let subject = figures::subject(here.week, &here.fields.severity);
        self.undone.push((change.kind.clone(), label));
        let from = here.fields.count.to_string();
        let Some(before) = ledger::state::<CountState>(change.before.as_ref()) else {
            self.gone_counts.push((here.id, here.version));
            self.note("incident_count.delete", subject, json!({"from": from, "by": "import.undo"}));
            return Ok(());
        };
        let what = json!({"from": from, "to": before.fields.count.to_string(), "by": "import.undo"});
        let now = IncidentCount { fields: before.fields, source: before.source, ..here.clone() };
        store::figures::update_count(self.tx, &now, here.version, self.now).await?;
        self.note("incident_count.update", subject, what);
        self.counts.insert(now.id, IncidentCount { version: here.version + 1, ..now });
        Ok(())
    }

    async fn document(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        match ledger::state::<i64>(change.before.as_ref()) {
            Some(at) => store::imports::touch(self.tx, change.subject, at).await?,
            None => store::imports::undo(self.tx, change.subject, self.now).await?,
        }
        Ok(())
    }

    fn alias(&mut self, change: &ImportChange) {
        let before = ledger::state::<Alias>(change.before.as_ref());
        let after = ledger::state::<Alias>(change.after.as_ref());
        let Some(key) = after.as_ref().or(before.as_ref()).map(|alias| alias.key.clone()) else { return };
        // A later import may have said something else: then that holds.
        if self.aliases.get(&key) != after.as_ref() {
            return;
        }
        if let Some(before) = before {
            self.aliases.insert(key, before.clone());
            self.old_aliases.push(before);
        } else {
            self.aliases.remove(&key);
            self.gone_aliases.push(key);
        }
    }

    async fn finish(self, actor: &Actor) -> Result<(Vec<(String, String)>, Vec<Kept>), ServiceError> {
        let tx = self.tx;
        for event in store::reminders::planned_among(tx.conn(), &self.gone_events).await? {
            reminders::cancel_for_event(self.app, tx, event).await?;
        }
        let versions: Vec<(Uuid, i64)> = self
            .gone_events
            .iter()
            .filter_map(|id| self.events.get(id))
            .filter(|(_, gone)| !gone)
            .map(|(event, _)| (event.id, event.version))
            .collect();
        store::events::delete_all(tx, &versions, self.now).await?;
        store::events::forget_keys(tx, &self.gone_events).await?;
        store::figures::delete_all(tx, &self.gone_figures).await?;
        store::figures::delete_counts(tx, &self.gone_counts).await?;
        let gone: Vec<&str> = self.gone_aliases.iter().map(String::as_str).collect();
        store::import_aliases::remove(tx, &gone).await?;
        store::import_aliases::put(tx, &self.old_aliases).await?;
        store::audit::insert_all(tx, self.now, actor, &self.audit).await?;
        Ok((self.undone, self.kept))
    }
}
