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
    succession::{self, Decision, Others},
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        history,
        postmortem::Postmortem,
        visibility::Sight,
    },
    service::{events, figures, grading, reminders, retry::retried, review_meetings},
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
    let (app, actor, word) = (app.clone(), actor.clone(), word.to_owned());
    retried(move || {
        let (app, actor, word) = (app.clone(), actor.clone(), word.clone());
        async move {
            let tx = app.store.begin().await?;
            // Imports and undoing go one after the other: each reads what the others tell.
            store::events::hold_numbers(&tx).await?;
            let run = store::import_runs::by_id(tx.conn(), id).await?.ok_or_else(|| runs::missing(&word))?;
            if let Some(at) = run.undone_at {
                let when = DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&app.zone));
                let when = when.map(|at| at.format(" at %Y-%m-%d %H:%M").to_string()).unwrap_or_default();
                let by = run.undone_by.unwrap_or_default();
                return Err(ServiceError::Conflict(format!("the import was undone already{when} by {by}")));
            }
            let report = write(&app, &tx, &actor, run).await?;
            tx.commit().await?;
            Ok(report)
        }
    })
    .await
}

async fn write(app: &App, tx: &Tx, actor: &Actor, run: ImportRun) -> Result<UndoReport, ServiceError> {
    let now = app.now_millis();
    let mut changes = store::import_runs::all_changes(tx.conn(), run.id).await?;
    // The latest change first: what a run changed twice goes back both steps.
    changes.reverse();
    let mut eraser = Eraser::new(app, tx, Sight::of(actor), run.id, &changes).await?;
    for change in &changes {
        match change.kind.as_str() {
            "event" => eraser.event(actor, change).await?,
            "postmortem" => eraser.postmortem(change).await?,
            "figure" => eraser.figure(change).await?,
            "incident_count" => eraser.count(change).await?,
            "document" => eraser.document(change).await?,
            "alias" => eraser.alias(change),
            succession::TOLD | succession::NAMED => {}
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

/// Among the names of what stays: another import that stands tells of it too.
const OTHER_IMPORT: &str = "other_import";

/// The state of a postmortem without whom it belongs to, as [`Others`] compares it.
fn stripped(mut postmortem: serde_json::Value) -> serde_json::Value {
    if let Some(map) = postmortem.as_object_mut() {
        map.remove("owner");
    }
    postmortem
}

/// What the things of a run are now, and what becomes of them.
struct Eraser<'a> {
    app: &'a App,
    tx: &'a Tx,
    now: i64,
    events: BTreeMap<Uuid, (ProductionEvent, bool)>,
    identities: HashMap<Uuid, ImportIdentity>,
    /// How many lines the timelines have, and what they say.
    timelines: HashMap<Uuid, (i64, String)>,
    figures: BTreeMap<Uuid, Figure>,
    counts: BTreeMap<Uuid, IncidentCount>,
    aliases: BTreeMap<String, Alias>,
    documents: BTreeMap<Uuid, i64>,
    /// What other imports that stand did.
    others: Others,
    /// The events that are there for whoever reads the report of the undoing.
    seen: BTreeSet<Uuid>,
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

/// How many lines the timelines of these events have, and what they say.
async fn timelines(tx: &Tx, events: &[Uuid]) -> Result<HashMap<Uuid, (i64, String)>, ServiceError> {
    let mut found = HashMap::new();
    // A few events at a time: a timeline may hold a megabyte.
    for part in events.chunks(100) {
        let lines = store::timeline::of_events(tx.conn(), part).await?;
        for of_event in lines.chunk_by(|one, next| one.0 == next.0) {
            let count = i64::try_from(of_event.len()).unwrap_or(i64::MAX);
            let digest = ledger::lines_digest(of_event.iter().map(|(_, line)| line));
            found.extend(of_event.first().map(|(event, _)| (*event, (count, digest))));
        }
    }
    Ok(found)
}

impl<'a> Eraser<'a> {
    async fn new(
        app: &'a App,
        tx: &'a Tx,
        sight: Sight,
        run: Uuid,
        changes: &[ImportChange],
    ) -> Result<Self, ServiceError> {
        let ids = |kinds: &[&str]| -> Vec<Uuid> {
            let of_kind = changes.iter().filter(|change| kinds.contains(&change.kind.as_str()));
            of_kind.map(|change| change.subject).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let event_ids = ids(&["event", "postmortem"]);
        let events = store::events::by_ids_or_gone(tx.conn(), &event_ids).await?;
        let seen = store::sight::among(tx.conn(), sight, events.iter().map(|(event, _)| event)).await?;
        let figures = store::figures::by_ids(tx.conn(), &ids(&["figure"])).await?;
        let counts = store::figures::counts_by_ids(tx.conn(), &ids(&["incident_count"])).await?;
        let keys: Vec<String> =
            changes.iter().filter(|change| change.kind == "alias").filter_map(succession::alias_key).collect();
        let aliases = store::import_aliases::by_keys(tx.conn(), &keys).await?;
        let subjects: BTreeSet<Uuid> = changes.iter().map(|change| change.subject).collect();
        let subjects: Vec<Uuid> = subjects.into_iter().collect();
        let others = Others::new(run, store::import_runs::of_others(tx.conn(), run, &subjects).await?);
        Ok(Self {
            app,
            tx,
            now: app.now_millis(),
            events: events.into_iter().map(|(event, gone)| (event.id, (event, gone))).collect(),
            identities: store::events::identities(tx.conn(), &event_ids).await?,
            timelines: timelines(tx, &event_ids).await?,
            figures: figures.into_iter().map(|figure| (figure.id, figure)).collect(),
            counts: counts.into_iter().map(|count| (count.id, count)).collect(),
            documents: store::imports::times(tx.conn(), &ids(&["document"])).await?,
            others,
            seen,
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
        if self.seen.contains(&event.id) { ledger::label_of(event) } else { "—".to_owned() }
    }

    fn keep(&mut self, change: &ImportChange, label: String, fields: Vec<String>) {
        self.kept.push(Kept { kind: change.kind.clone(), label, fields });
    }

    async fn event(&mut self, actor: &Actor, change: &ImportChange) -> Result<(), ServiceError> {
        let Some((here, gone)) = self.events.get(&change.subject).cloned() else { return Ok(()) };
        let Some(after) = ledger::state::<EventState>(change.after.as_ref()) else { return Ok(()) };
        if change.before.is_none() {
            let mut edited = if gone { Vec::new() } else { self.edited(&here, &after) };
            if let Some(heir) = self.others.heir(here.id) {
                self.others.pass_on(change, heir);
                if gone {
                    return Ok(());
                }
                edited.push(OTHER_IMPORT.to_owned());
            }
            // Deleted here since: the next import shall not know it either.
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
        }
        if gone {
            return Ok(());
        }
        let identity = self.identities.get(&here.id).cloned().unwrap_or_default();
        let stands = json!({"fields": here.fields, "identity": identity, "mark": here.import_mark});
        let mut decision = self.others.decide(change, &stands);
        let mut now = here.clone();
        if let Some(EventState { fields, identity: back, mark, .. }) = decision.state() {
            (now.fields, now.import_mark) = (fields, mark);
            if now.fields.recovered.zip(now.fields.occurred).is_some_and(|(end, begin)| end.at < begin.at) {
                // Half of the old state and half of an edit do not fit together.
                now.fields = here.fields.clone();
                decision.edited = vec!["recovered_at".to_owned()];
            }
            if back != identity {
                store::events::identify(self.tx, here.id, &back).await?;
                now.import_key.clone_from(&back.key);
                now.raw.clone_from(&back.raw);
                self.identities.insert(here.id, back);
            }
        }
        if now.fields != here.fields || now.import_mark != here.import_mark {
            let app = self.app;
            store::events::update(self.tx, &now, here.version, self.now, &mut || app.id()).await?;
            let level = now.fields.severity.as_deref();
            grading::note(app, self.tx, actor, &here, level, "import undone").await?;
            now.version += 1;
        }
        if now.fields != here.fields {
            self.undone.push((change.kind.clone(), self.label_of(&now)));
            let what = history::changes(&here.fields, &now.fields);
            self.note("event.update", events::subject(here.number), what);
        }
        // By which key an import knows it is nothing that people see.
        decision.edited.retain(|name| !matches!(name.as_str(), "identity" | "mark"));
        self.keep_what(change, self.label_of(&now), decision);
        self.events.insert(here.id, (now, false));
        Ok(())
    }

    /// Names what stays of a change, if anything does.
    fn keep_what(&mut self, change: &ImportChange, label: String, decision: Decision) {
        let mut names = decision.edited;
        if decision.passed {
            names.push(OTHER_IMPORT.to_owned());
        }
        if !names.is_empty() {
            self.keep(change, label, names);
        }
    }

    /// What of a new event was edited since.
    fn edited(&self, here: &ProductionEvent, after: &EventState) -> Vec<String> {
        let mut edited = self.differing("event", here.id, ledger::parts(&here.fields), &ledger::parts(&after.fields));
        let postmortem = PostmortemLedger::of(&here.postmortem);
        if after.postmortem.as_ref().is_some_and(|then| *then != postmortem) {
            // Whom it belongs to, a person chose.
            let stands =
                serde_json::to_value(PostmortemLedger { owner: None, ..postmortem.clone() }).unwrap_or_default();
            let owned = after.postmortem.as_ref().is_some_and(|then| then.owner != postmortem.owner);
            if owned || !self.others.explains("postmortem", here.id, "", &stripped(stands)) {
                edited.push("postmortem".to_owned());
            }
        }
        if after.week.as_ref().is_some_and(|week| *week != here.week.to_string()) {
            edited.push("week".to_owned());
        }
        let (count, lines) =
            self.timelines.get(&here.id).cloned().unwrap_or_else(|| (0, ledger::lines_digest(std::iter::empty())));
        if count != after.timeline || after.lines.as_ref().is_some_and(|then| *then != lines) {
            edited.push("timeline".to_owned());
        }
        edited
    }

    /// Names of the fields that are not as then, and that no other import left as they are.
    fn differing(
        &self,
        kind: &str,
        subject: Uuid,
        is: serde_json::Map<String, serde_json::Value>,
        then: &serde_json::Map<String, serde_json::Value>,
    ) -> Vec<String> {
        is.into_iter()
            .filter(|(name, value)| then.get(name) != Some(value))
            .filter(|(name, value)| !self.others.explains(kind, subject, &format!("fields.{name}"), value))
            .map(|(name, _)| name)
            .collect()
    }

    async fn postmortem(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        let Some((here, false)) = self.events.get(&change.subject).cloned() else { return Ok(()) };
        let owner = here.postmortem.owner_id;
        let stands = PostmortemLedger { owner: None, ..PostmortemLedger::of(&here.postmortem) };
        let stands = serde_json::to_value(stands).unwrap_or_default();
        let mut decision = self.others.decide(change, &stripped(stands));
        let back = decision.state::<PostmortemLedger>();
        decision.edited.iter_mut().for_each(|name| "postmortem".clone_into(name));
        self.keep_what(change, self.label_of(&here), decision);
        let Some(before) = back else { return Ok(()) };
        let postmortem = Postmortem {
            state: before.state,
            due_on: before.due_on,
            reason: before.reason,
            done_at: before.done_at,
            owner_id: owner,
            ..here.postmortem.clone()
        };
        store::postmortems::update(self.tx, here.id, here.postmortem.version, &postmortem, self.now).await?;
        store::events::touch(self.tx, here.id, here.version, self.now).await?;
        if !before.state.is_owed() {
            reminders::cancel_for_postmortem(self.tx, here.id).await?;
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
        let subject = figures::subject(here.week, &here.fields.name);
        if change.before.is_none() {
            let mut edited =
                self.differing("figure", here.id, ledger::parts(&here.fields), &ledger::parts(&after.fields));
            if let Some(heir) = self.others.heir(here.id) {
                self.others.pass_on(change, heir);
                edited.push(OTHER_IMPORT.to_owned());
            }
            if edited.is_empty() {
                self.undone.push((change.kind.clone(), label));
                self.gone_figures.push((here.id, here.version));
                self.note("figure.delete", subject, json!({"from": figures::shown(&here.fields), "by": "import.undo"}));
            } else {
                self.keep(change, label, edited);
            }
            return Ok(());
        }
        let stands = json!({"fields": here.fields, "source": here.source});
        let mut decision = self.others.decide(change, &stands);
        let back = decision.state::<FigureState>();
        decision.edited.retain(|name| name != "source");
        self.keep_what(change, label.clone(), decision);
        let Some(before) = back.filter(|back| back.fields != here.fields || back.source != here.source) else {
            return Ok(());
        };
        if before.fields != here.fields {
            self.undone.push((change.kind.clone(), label));
        }
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
        let subject = figures::subject(here.week, &here.fields.severity);
        let from = here.fields.count.to_string();
        if change.before.is_none() {
            let mut edited =
                self.differing("incident_count", here.id, ledger::parts(&here.fields), &ledger::parts(&after.fields));
            if let Some(heir) = self.others.heir(here.id) {
                self.others.pass_on(change, heir);
                edited.push(OTHER_IMPORT.to_owned());
            }
            if edited.is_empty() {
                self.undone.push((change.kind.clone(), label));
                self.gone_counts.push((here.id, here.version));
                self.note("incident_count.delete", subject, json!({"from": from, "by": "import.undo"}));
            } else {
                self.keep(change, label, edited);
            }
            return Ok(());
        }
        let stands = json!({"fields": here.fields, "source": here.source});
        let mut decision = self.others.decide(change, &stands);
        let back = decision.state::<CountState>();
        decision.edited.retain(|name| name != "source");
        self.keep_what(change, label.clone(), decision);
        let Some(before) = back else { return Ok(()) };
        if before.fields != here.fields {
            self.undone.push((change.kind.clone(), label));
        }
        let what = json!({"from": from, "to": before.fields.count.to_string(), "by": "import.undo"});
        let now = IncidentCount { fields: before.fields, source: before.source, ..here.clone() };
        store::figures::update_count(self.tx, &now, here.version, self.now).await?;
        self.note("incident_count.update", subject, what);
        self.counts.insert(now.id, IncidentCount { version: here.version + 1, ..now });
        Ok(())
    }

    async fn document(&mut self, change: &ImportChange) -> Result<(), ServiceError> {
        if change.before.is_none() {
            match self.others.heir(change.subject) {
                Some(heir) => self.others.pass_on(change, heir),
                None => store::imports::undo(self.tx, change.subject, self.now).await?,
            }
            return Ok(());
        }
        let Some(at) = self.documents.get(&change.subject) else { return Ok(()) };
        if let Some(at) = self.others.decide(change, &json!(at)).state::<i64>() {
            store::imports::touch(self.tx, change.subject, at).await?;
            self.documents.insert(change.subject, at);
        }
        Ok(())
    }

    fn alias(&mut self, change: &ImportChange) {
        let Some(key) = succession::alias_key(change) else { return };
        let stands = self.aliases.get(&key).and_then(|alias| serde_json::to_value(alias).ok()).unwrap_or_default();
        // A later import may have said something else: then that holds.
        let decision = self.others.decide(change, &stands);
        if decision.back.is_none() {
            return;
        }
        if let Some(before) = decision.state::<Alias>() {
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
            reminders::cancel_for_event(tx, event).await?;
        }
        for event in store::review_meetings::scheduled_among(tx.conn(), &self.gone_events).await? {
            if let Some((event, false)) = self.events.get(&event) {
                review_meetings::event_is_gone(self.app, tx, actor, event).await?;
            }
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
        for (run, position, before) in self.others.rewritten() {
            store::import_runs::set_before(tx, run, position, before.map(String::as_str)).await?;
        }
        store::import_runs::inherit(tx, &self.others.inherited).await?;
        store::audit::insert_all(tx, self.now, actor, &self.audit).await?;
        Ok((self.undone, self.kept))
    }
}
