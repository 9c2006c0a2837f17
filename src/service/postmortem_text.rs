//! The text of a postmortem: its sections, half filled from the facts until someone writes them, and who is writing.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    events, policies,
    postmortems::{self, PostmortemMove},
    retry::retried,
    timeline::{self, TimelineItem},
};
pub use crate::store::postmortem_text::{Writer, WrittenSection};
use crate::{
    domain::{
        actor::{Actor, Permission},
        blameless::{self, BlameHint},
        checked::{self, FieldError},
        event::ProductionEvent,
        postmortem::PostmortemState,
        postmortem_draft::{self, FactItem, FactLine, Facts, SectionDraft},
        postmortem_template::{POLICY, PostmortemTemplate, Section, WHYS},
        stages::{self, StageBar},
    },
    store::{self, Tx, audit::AuditEntry, policies::ConnectionTrait},
};

/// The longest text of a section, in bytes.
pub const SECTION_BYTES: usize = 64 * 1024;

/// Longest why, in characters.
const WHY_TEXT: usize = 500;

/// How long a soft lock holds without being renewed, in milliseconds.
pub const LOCK_MILLIS: i64 = 120_000;

/// How long what one person saves while typing is one entry of the history, in milliseconds from the first of it.
const SAME_SITTING_MILLIS: i64 = 10 * 60 * 1_000;

/// A section as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionView {
    /// What the template says.
    pub section: Section,
    /// Markdown: as written, else as the facts say it.
    pub text: String,
    /// The chain of whys.
    pub whys: Vec<String>,
    /// What a person wrote; none while the facts alone speak.
    pub written: Option<WrittenSection>,
    /// What the facts say now: first words, whys and the questions of its gaps.
    pub draft: SectionDraft,
    /// Sentences that may be read as blame.
    pub hints: Vec<BlameHint>,
}

impl SectionView {
    /// Version of what is written; 0 while nothing is.
    pub fn version(&self) -> i64 {
        self.written.as_ref().map_or(0, |written| written.version)
    }

    /// The questions that are still open: those of the facts, and the template's own while nobody wrote.
    pub fn questions(&self, chinese: bool) -> Vec<String> {
        let mut questions = if self.written.is_some() { Vec::new() } else { self.draft.questions.clone() };
        if let (None, Some(question)) = (&self.written, &self.section.question) {
            questions.push(question.of_language(chinese).to_owned());
        }
        questions
    }

    /// The words of the facts, where they are not what is written.
    pub fn suggestion(&self) -> Option<&str> {
        let other = self.written.as_ref().is_some_and(|written| written.text.trim() != self.draft.text.trim());
        Some(self.draft.text.as_str()).filter(|text| other && !text.is_empty())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.whys.iter().all(|why| why.trim().is_empty())
    }
}

/// A postmortem with everything that its pages and exports show.
#[derive(Debug, Clone)]
pub struct PostmortemView {
    /// The event.
    pub event: ProductionEvent,
    /// Where the minutes went.
    pub bar: StageBar,
    /// The sections of the event's level, then others that were written before the level changed.
    pub sections: Vec<SectionView>,
    /// The moves, the latest first.
    pub moves: Vec<PostmortemMove>,
    /// Who has it open for writing now.
    pub writers: Vec<Writer>,
    /// Ids and names of all accounts.
    pub people: Vec<(Uuid, String)>,
}

impl PostmortemView {
    /// The name of an account; none for nobody.
    pub fn name_of(&self, id: Option<Uuid>) -> Option<&str> {
        let id = id?;
        self.people.iter().find(|(have, _)| *have == id).map(|(_, name)| name.as_str())
    }

    /// How many sections hold something that a person wrote, of how many.
    pub fn progress(&self) -> (usize, usize) {
        let written = |view: &&SectionView| view.written.is_some() && !view.is_empty();
        (self.sections.iter().filter(written).count(), self.sections.len())
    }
}

/// The template that holds: the policy document `postmortem`, else the default. The one place that asks.
pub(super) async fn template(app: &App) -> Result<PostmortemTemplate, ServiceError> {
    policies::load(app.store.read(), POLICY.name).await
}

/// The words of an entry of a timeline, in Chinese or English.
pub type EntryWords = fn(&TimelineItem, &ProductionEvent, bool) -> String;

/// The postmortem of an event; what the facts say is in the reader's language, entries of the timeline in these words.
pub async fn view(
    app: &App,
    actor: &Actor,
    number: i64,
    chinese: bool,
    words: EntryWords,
) -> Result<PostmortemView, ServiceError> {
    let event = events::get(app, actor, number).await?;
    let connection = app.store.read();
    let bar = stages::stage_bar(&event.fields, app.now());
    let written = store::postmortem_text::of_event(connection, event.id).await?;
    let writers = store::postmortem_text::writers(connection, event.id, app.now_millis()).await?;
    let moves = postmortems::moves(app, &event).await?;
    let accounts = store::accounts::list(connection).await?;
    let people: Vec<(Uuid, String)> = accounts.into_iter().map(|account| (account.id, account.name)).collect();
    let name = |id: Option<Uuid>| {
        people.iter().find(|(have, _)| Some(*have) == id).map(|(_, name)| name.clone()).unwrap_or_default()
    };
    let lines: Vec<FactLine> = timeline::of_event(app, &event, false)
        .await?
        .iter()
        .filter(|item| item.starred)
        .filter_map(|item| {
            Some(FactLine {
                at: chrono::DateTime::from_timestamp_millis(item.at)?,
                day_only: item.day_only,
                text: words(item, &event, chinese),
            })
        })
        .collect();
    let ids: Vec<Uuid> = event.fields.services.iter().map(|service| service.service_id).collect();
    let services = store::postmortem_text::service_names(connection, &ids).await?;
    let items: Vec<FactItem> = store::recurrence::items_of(connection, event.id)
        .await?
        .into_iter()
        .map(|item| FactItem {
            title: item.title,
            owner: name(item.owner_id),
            due_on: item.due_on,
            done: item.state == "done",
        })
        .collect();
    let facts = Facts {
        fields: &event.fields,
        bar: &bar,
        timeline: &lines,
        services: &services,
        items: &items,
        zone: app.zone,
    };
    let template = template(app).await?;
    let mut keys: Vec<Section> = template.of_level(event.fields.severity.as_deref()).into_iter().cloned().collect();
    // What was written under another level or template is never hidden.
    for section in &written {
        if !keys.iter().any(|have| have.key == section.key) {
            keys.push(template.section(&section.key).cloned().unwrap_or_else(|| nameless(&section.key)));
        }
    }
    let sections = keys
        .into_iter()
        .map(|section| {
            let draft = postmortem_draft::draft(&section.key, &facts, chinese);
            let written = written.iter().find(|written| written.key == section.key).cloned();
            let (text, whys) = match &written {
                Some(written) => (written.text.clone(), written.whys.clone()),
                None => (draft.text.clone(), if section.whys { draft.whys.clone() } else { Vec::new() }),
            };
            let hints = hints(&text, &whys);
            SectionView { section, text, whys, written, draft, hints }
        })
        .collect();
    Ok(PostmortemView { event, bar, sections, moves, writers, people })
}

/// Sentences of a section that may be read as blame.
pub fn hints(text: &str, whys: &[String]) -> Vec<BlameHint> {
    blameless::hints(&format!("{text}\n{}", whys.join("\n")))
}

/// A section that no template names any more.
fn nameless(key: &str) -> Section {
    use crate::domain::postmortem_template::Bilingual;
    let title = Bilingual { zh: key.to_owned(), en: key.to_owned() };
    Section { key: key.to_owned(), title, question: None, whys: true }
}

/// One section of the postmortem of an event.
pub async fn section(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
    chinese: bool,
    words: EntryWords,
) -> Result<SectionView, ServiceError> {
    let view = view(app, actor, number, chinese, words).await?;
    view.sections.into_iter().find(|view| view.section.key == key).ok_or_else(|| no_section(key))
}

/// What the template that holds says of a section, also of one that only `written` texts know.
pub(super) async fn section_of(app: &App, key: &str, written: bool) -> Result<Section, ServiceError> {
    let known = template(app).await?.section(key).cloned();
    known.or_else(|| written.then(|| nameless(key))).ok_or_else(|| no_section(key))
}

fn no_section(key: &str) -> ServiceError {
    let key: String = key.chars().take(40).collect();
    ServiceError::NotFound(format!("section {key} in the template of this event"))
}

/// A text as it may be stored; empty is allowed, it takes back what was written.
fn checked_text(text: &str) -> Result<String, FieldError> {
    if text.len() > SECTION_BYTES {
        let remedy =
            format!("write at most 64 KB; here are {} KB, put long evidence into a document", text.len() / 1024);
        return Err(FieldError::shape("text", remedy));
    }
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    checked::text("text", text, SECTION_BYTES)
}

fn checked_whys(whys: &[String]) -> Result<Vec<String>, FieldError> {
    if whys.len() > WHYS {
        return Err(FieldError::shape("whys", format!("ask at most {WHYS} times why")));
    }
    let told = whys.iter().map(|why| why.trim()).filter(|why| !why.is_empty());
    told.map(|why| checked::line("whys", why, WHY_TEXT)).collect()
}

/// Writes a section over the one in `version` (0 where nothing is written yet). Where someone else was quicker, nothing is
/// written and the refusal is [`ServiceError::Stale`]. An undecided or pending postmortem is being drafted from then on; a
/// done or waived one must be reopened first.
pub async fn write(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
    version: i64,
    text: &str,
    whys: Option<&[String]>,
) -> Result<WrittenSection, ServiceError> {
    write_as(app, actor, number, key, version, (text, whys), Saved::Told).await
}

/// How a section came to be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// Somebody said so.
    Told,
    /// By itself, while somebody types: what one person saves so within ten minutes is one entry of the history.
    ByItself,
}

/// [`write`], where the editor saves while somebody types.
pub async fn autosave(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
    version: i64,
    text: &str,
    whys: Option<&[String]>,
) -> Result<WrittenSection, ServiceError> {
    write_as(app, actor, number, key, version, (text, whys), Saved::ByItself).await
}

async fn write_as(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
    version: i64,
    (text, whys): (&str, Option<&[String]>),
    saved: Saved,
) -> Result<WrittenSection, ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let text = checked_text(text)?;
    let whys = whys.map(checked_whys).transpose()?;
    let event = events::get(app, actor, number).await?;
    let template = template(app).await?;
    let known = template.section(key).is_some()
        || store::postmortem_text::section(app.store.read(), event.id, key).await?.is_some();
    if !known {
        return Err(no_section(key));
    }
    let mut tries = 0;
    loop {
        tries += 1;
        let written = write_once(app, actor, number, key, version, (&text, whys.as_deref()), saved).await;
        let Err(ServiceError::Conflict(words)) = written else { return written };
        // Another writer came between reading and writing: of this section, or of the postmortem's state only.
        let current = store::postmortem_text::section(app.store.read(), event.id, key).await?;
        let current = current.map_or(0, |section| section.version);
        if current != version {
            return Err(ServiceError::Stale { what: format!("{} · {key}", event.label()), given: version, current });
        }
        if tries == 3 || words.starts_with(CLOSED) {
            return Err(ServiceError::Conflict(words));
        }
    }
}

/// How the refusal to write on a closed postmortem begins.
const CLOSED: &str = "a postmortem that is done or waived";

async fn write_once(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
    version: i64,
    (text, whys): (&str, Option<&[String]>),
    saved: Saved,
) -> Result<WrittenSection, ServiceError> {
    let (app, actor, key, text) = (app.clone(), actor.clone(), key.to_owned(), text.to_owned());
    let whys = whys.map(<[String]>::to_vec);
    retried(move || {
        let (app, actor, key, text, whys) = (app.clone(), actor.clone(), key.clone(), text.clone(), whys.clone());
        async move {
            let tx = app.store.begin().await?;
            let mut event = events::by_number(&tx, &actor, number).await?;
            let before = store::postmortem_text::section(tx.conn(), event.id, &key).await?;
            let current = before.as_ref().map_or(0, |section| section.version);
            if current != version {
                let what = format!("{} · {key}", event.label());
                return Err(ServiceError::Stale { what, given: version, current });
            }
            if matches!(event.postmortem.state, PostmortemState::Done | PostmortemState::NotRequired) {
                let words = format!("{CLOSED} is not written on; reopen it with a reason first");
                return Err(ServiceError::Conflict(words));
            }
            // Approved in the same moment, the text would stand in a postmortem that nobody read so.
            store::postmortems::hold(&tx, event.id, event.postmortem.state).await?;
            let whys = whys.unwrap_or_else(|| before.as_ref().map(|was| was.whys.clone()).unwrap_or_default());
            if let Some(same) = before.as_ref().filter(|was| was.text == text && was.whys == whys) {
                let same = same.clone();
                tx.rollback().await?;
                return Ok(same);
            }
            let now = app.now_millis();
            let after = WrittenSection {
                key: key.clone(),
                version: version + 1,
                text,
                whys,
                updated_at: now,
                updated_by: actor.account_id,
                updated_name: actor.name.clone(),
            };
            store::postmortem_text::write(&tx, event.id, &after, version).await?;
            store::search::reindex(&tx, &[event.id]).await?;
            log(&app, &tx, &actor, number, before.as_ref(), &after, saved).await?;
            postmortems::begin_drafting(&app, &tx, &actor, &mut event).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await
}

/// The audit subject of the texts: apart from the event's own, which autosave would flood.
pub fn text_subject(number: i64) -> String {
    format!("postmortem:{number}")
}

/// How many of the latest entries of a postmortem are looked through for the one that goes on: one for each section, and
/// some of other writers.
const GOES_ON_WITHIN: u64 = 50;

/// Under which subject what goes on with an entry is kept: apart from the history, where the whole sitting is one entry.
fn sitting_subject(number: i64) -> String {
    format!("{}:sitting", text_subject(number))
}

/// Lays what went on with entries over them: their versions and lengths end where the sitting came to. The log itself is only
/// ever added to.
pub(super) async fn with_sittings(
    connection: &impl ConnectionTrait,
    number: i64,
    entries: &mut [AuditEntry],
) -> Result<(), ServiceError> {
    let began: Vec<i64> = entries.iter().filter(|entry| is_auto(entry)).map(|entry| entry.at).collect();
    let (Some(from), Some(to)) = (began.iter().min(), began.iter().max()) else { return Ok(()) };
    let until = to + SAME_SITTING_MILLIS;
    let going = store::audit::of_subject_between(connection, &sitting_subject(number), *from, until).await?;
    // The oldest first: what comes later is laid over what came before.
    for on in going {
        let of = on.change.get("of").and_then(Value::as_str).unwrap_or_default();
        let Some(entry) = entries.iter_mut().find(|entry| entry.id.to_string() == of) else { continue };
        for place in ["/version/to", "/length/to"] {
            if let (Some(stands), Some(now)) = (entry.change.pointer_mut(place), on.change.pointer(place)) {
                *stands = now.clone();
            }
        }
    }
    Ok(())
}

fn is_auto(entry: &AuditEntry) -> bool {
    entry.change.get("auto").and_then(Value::as_bool) == Some(true)
}

/// Writes the audit entry of a section that was written. It holds what stood there before, so that nothing that a person
/// left behind is lost. What an editor saves by itself goes on with the entry that began less than ten minutes ago, unless
/// somebody else wrote there since, or more than half of the text went: that is a short entry beside the history.
async fn log(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    number: i64,
    before: Option<&WrittenSection>,
    after: &WrittenSection,
    saved: Saved,
) -> Result<(), ServiceError> {
    let (subject, now) = (text_subject(number), app.now_millis());
    let length = |text: &str| text.chars().count();
    if let (Saved::ByItself, Some(was)) = (saved, before)
        && was.text.len() <= after.text.len() * 2
    {
        let mut latest = store::audit::of_subject(tx.conn(), &subject, GOES_ON_WITHIN).await?;
        with_sittings(tx.conn(), number, &mut latest).await?;
        let same =
            latest.into_iter().find(|entry| entry.change.get("section").and_then(Value::as_str) == Some(&after.key));
        let goes_on = same.filter(|entry| {
            entry.actor_id == actor.account_id
                && entry.actor_name == actor.name
                && now - entry.at <= SAME_SITTING_MILLIS
                && is_auto(entry)
                && entry.change.pointer("/version/to").and_then(Value::as_i64) == Some(was.version)
        });
        if let Some(entry) = goes_on {
            let change = json!({
                "of": entry.id,
                "section": after.key,
                "version": {"from": was.version, "to": after.version},
                "length": {"from": length(&was.text), "to": length(&after.text)},
            });
            let beside = sitting_subject(number);
            return Ok(store::audit::insert(tx, app.id(), now, actor, "postmortem.write", &beside, change).await?);
        }
    }
    let mut change = json!({
        "section": after.key,
        "version": {"from": after.version - 1, "to": after.version},
        "length": {"from": before.map_or(0, |was| length(&was.text)), "to": length(&after.text)},
    });
    if let Some(map) = change.as_object_mut() {
        if let Some(was) = before {
            map.insert("text".to_owned(), json!({"from": was.text}));
            map.insert("whys".to_owned(), json!({"from": was.whys}));
        }
        if saved == Saved::ByItself {
            map.insert("auto".to_owned(), json!(true));
        }
    }
    Ok(store::audit::insert(tx, app.id(), now, actor, "postmortem.write", &subject, change).await?)
}

/// Takes or renews the soft lock of the caller, and answers who else is writing. It keeps nobody out.
pub async fn hold(app: &App, actor: &Actor, number: i64) -> Result<Vec<Writer>, ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let event = events::get(app, actor, number).await?;
    let Some(account_id) = actor.account_id else { return others(app, actor, &event).await };
    let (task_app, name) = (app.clone(), actor.name.clone());
    let event_id = event.id;
    let held = retried(move || {
        let (app, name) = (task_app.clone(), name.clone());
        async move {
            let now = app.now_millis();
            let tx = app.store.begin().await?;
            store::postmortem_text::forget(&tx, now).await?;
            let writer = Writer { account_id, name, until: now + LOCK_MILLIS };
            store::postmortem_text::hold(&tx, event_id, &writer).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await;
    match held {
        // Two tabs of one person at once: the lock is there.
        Err(ServiceError::Conflict(_)) | Ok(()) => others(app, actor, &event).await,
        Err(error) => Err(error),
    }
}

/// Gives the soft lock of the caller back.
pub async fn release(app: &App, actor: &Actor, number: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let event = events::get(app, actor, number).await?;
    let Some(account_id) = actor.account_id else { return Ok(()) };
    let app = app.clone();
    retried(move || {
        let app = app.clone();
        async move {
            let tx = app.store.begin().await?;
            store::postmortem_text::release(&tx, event.id, account_id).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

async fn others(app: &App, actor: &Actor, event: &ProductionEvent) -> Result<Vec<Writer>, ServiceError> {
    let writers = store::postmortem_text::writers(app.store.read(), event.id, app.now_millis()).await?;
    Ok(writers.into_iter().filter(|writer| Some(writer.account_id) != actor.account_id).collect())
}
