//! Publishing a week: its report and the numbers behind it are frozen; what would be otherwise now is a restatement,
//! with the edits that made it so.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{
    App, ServiceError, announcements,
    app::authorise,
    events,
    idempotency::{self, KeptAnswer, Once},
    measured,
    reports::{self, Section, WeeklyReport},
    retry::retried,
    secrets, withholding,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event::ProductionEvent,
        iso_week::{self, IsoWeek},
        publication::{self, Carried, Difference, Edit, Numbers, SamplesEdit, Subject},
        report::{self, style::ReportStyle},
        visibility::Sight,
    },
    store::{self, audit::AuditEntry},
};

pub use crate::store::publications::{Publication, PublicationHead};

/// Writes the JSON of a report that is being published; the error says what failed.
pub type RenderBody = fn(&App, &WeeklyReport, &PublicationHead) -> Result<String, String>;

/// Tries when others publish the same week at the same time.
const TRIES: usize = 5;

/// Milliseconds before a publication in which an edit may have been written and not yet seen by it.
const OVERLAP: i64 = 60_000;

/// Which text of a week is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Which {
    /// As published; before that, as computed now.
    #[default]
    Published,
    /// As computed now.
    Now,
    /// This revision, withdrawn or not.
    Revision(i64),
}

impl Which {
    /// From `as=now` and `revision=1`, of which one may be given.
    pub fn of(wanted: Option<&str>, revision: Option<i64>) -> Result<Self, FieldError> {
        match (wanted, revision) {
            (None | Some("published"), None) => Ok(Self::Published),
            (Some("now"), None) => Ok(Self::Now),
            (None, Some(revision)) if revision > 0 => Ok(Self::Revision(revision)),
            (_, Some(_)) => Err(FieldError::shape("revision", "give a number like 1, and no as beside it")),
            (Some(_), None) => Err(FieldError::shape("as", "choose now or published")),
        }
    }
}

/// A week's report: frozen, or as computed now.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The report.
    pub report: WeeklyReport,
    /// Where it is frozen: its publication.
    pub publication: Option<Publication>,
    /// The whole report, with nothing added: the frozen JSON is the answer as it stands.
    pub whole: bool,
}

impl Shown {
    /// One of its sections alone.
    #[must_use]
    pub fn only(self, section: Section) -> Self {
        Self { whole: self.whole && section == Section::All, report: self.report.only(section), ..self }
    }

    /// With what changed since another week.
    #[must_use]
    pub fn with_changes(mut self, changes: Vec<String>) -> Self {
        self.report.changes = Some(changes);
        self.whole = false;
        self
    }
}

/// What became of a request to publish.
#[derive(Debug)]
pub enum Published {
    /// A new revision.
    New(Box<Publication>),
    /// Nothing differs from the latest revision: it stays.
    Unchanged(Box<Publication>),
    /// The same request was done before, with this answer.
    Before(KeptAnswer),
}

/// A difference with the edits that made it, the latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restated {
    /// What differs.
    pub difference: Difference,
    /// Who changed it; empty where the audit log has nothing.
    pub edits: Vec<Edit>,
}

/// What was published of a week, and what differs since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restatement {
    /// The latest published revision.
    pub publication: PublicationHead,
    /// What it would be otherwise now; empty where nothing changed. Of a week that ran when it was published the figures are
    /// compared as far as they had come then.
    pub differences: Vec<Restated>,
    /// The week ran when it was published, so that its figures end here, in milliseconds; publishing it again makes them whole.
    pub partial_until: Option<i64>,
    /// The text tells of an event that is restricted by now: it is shown to nobody, until the week is published again. What
    /// differs is then told to those alone who see its events.
    pub withheld: bool,
}

/// A week's report as it is to be shown; in another style than its own it is computed now.
pub async fn shown(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    which: Which,
    style: Option<&str>,
) -> Result<Shown, ServiceError> {
    authorise(actor, Permission::Read)?;
    if let Some(style) = style {
        let report = reports::weekly_in(app, actor, week, Some(style)).await?;
        return Ok(Shown { report, publication: None, whole: true });
    }
    let connection = app.store.read();
    let publication = match which {
        Which::Now => None,
        // A published text tells of all teams: lines of other weeks, counts of the year, prose. Who sees the events of their own
        // teams alone is shown their part of the week as computed now.
        Which::Published if actor.is_of_own_teams() => None,
        Which::Revision(number) if actor.is_of_own_teams() => {
            return Err(ServiceError::NotFound(format!("revision {number} of {week}")));
        }
        Which::Published => {
            let latest = store::publications::latest(connection, week).await?;
            withholding::unless_withheld(connection, latest).await?
        }
        Which::Revision(number) => {
            let missing = || ServiceError::NotFound(format!("revision {number} of {week}"));
            let found = store::publications::revision(connection, week, number).await?.ok_or_else(missing)?;
            if withholding::is_hidden(connection, Sight::of(actor), &found.numbers).await? {
                return Err(missing());
            }
            Some(found)
        }
    };
    if let Some(publication) = publication {
        return Ok(frozen(publication));
    }
    let report = reports::weekly(app, actor, week).await?;
    Ok(Shown { report, publication: None, whole: true })
}

/// A publication as a report.
pub(super) fn frozen(publication: Publication) -> Shown {
    let week = publication.head.week;
    let report = WeeklyReport {
        week,
        markdown: publication.markdown.clone(),
        figures: publication.numbers.figures(week),
        incident_counts: publication.numbers.incident_counts(week),
        events: publication.numbers.events(week),
        style: ReportStyle::default(),
        parts: None,
        changes: None,
        own_teams: None,
    };
    Shown { report, publication: Some(publication), whole: true }
}

/// All revisions of a week, the latest first; none to whom the week as it is published is not shown.
pub async fn revisions(app: &App, actor: &Actor, week: IsoWeek) -> Result<Vec<PublicationHead>, ServiceError> {
    authorise(actor, Permission::Read)?;
    if actor.is_of_own_teams() {
        return Ok(Vec::new());
    }
    let connection = app.store.read();
    Ok(store::publications::heads(connection, week).await?)
}

async fn numbers(app: &App, report: &WeeklyReport) -> Result<Numbers, ServiceError> {
    let line = |event: &ProductionEvent| report::event_line(&report.style, &event.report_event(), app.zone);
    let mut numbers = Numbers::of(&report.figures, &report.incident_counts, &report.events, line);
    if report.style.carry_over {
        let owed = store::events::owed_before(app.store.read(), Sight::Everyone, report.week, reports::CARRIED).await?;
        let carried = owed.iter().map(|event| Carried::of(event, line(event)));
        numbers.carried = carried.collect();
    }
    Ok(numbers)
}

fn differences(app: &App, published: &Publication, report: &WeeklyReport, now: &Numbers) -> Vec<Difference> {
    publication::differences((&published.markdown, &published.numbers), (&report.markdown, now), app.zone)
}

/// Freezes the report of a week as it stands: a new revision, unless nothing differs from the latest one. After a
/// withdrawal a new revision is made in any case.
pub async fn publish(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    render: RenderBody,
    once: Option<Once<Publication>>,
) -> Result<Published, ServiceError> {
    authorise(actor, Permission::PublishReport)?;
    if let Some(once) = &once
        && let Some(kept) = idempotency::find(app, actor, once).await?
    {
        return Ok(Published::Before(kept));
    }
    for _ in 0..TRIES {
        // Taken before reading: an edit that the report does not hold is later than this.
        let published_at = app.now_millis();
        // The number before the text: a revision that comes in between is then compared with, or has the number already.
        let last = store::publications::heads(app.store.read(), week).await?.first().map_or(0, |head| head.revision);
        let latest = store::publications::latest(app.store.read(), week).await?;
        let report = reports::weekly(app, actor, week).await?;
        let numbers = numbers(app, &report).await?;
        if let Some(latest) = latest
            && differences(app, &latest, &report, &numbers).is_empty()
        {
            return Ok(Published::Unchanged(Box::new(latest)));
        }
        let mut head = PublicationHead {
            id: app.id(),
            week,
            revision: last + 1,
            published_at,
            published_by: actor.name.clone(),
            content_hash: String::new(),
            withdrawn_at: None,
            withdrawn_by: None,
        };
        let body = render(app, &report, &head).map_err(ServiceError::Interrupted)?;
        head.content_hash = secrets::hash_bytes(&[report.markdown.as_bytes(), b"\0", body.as_bytes()].concat());
        let made = Publication { head, markdown: report.markdown, body, numbers };
        let (task_app, task_actor, task_once, task_made) = (app.clone(), actor.clone(), once.clone(), made.clone());
        let written = retried(move || {
            let (app, actor, once) = (task_app.clone(), task_actor.clone(), task_once.clone());
            write(app, actor, task_made.clone(), once)
        })
        .await?;
        match (written, &once) {
            (Written::Done, _) => return Ok(Published::New(Box::new(made))),
            (Written::SaidBefore, Some(once)) => {
                if let Some(kept) = idempotency::find(app, actor, once).await? {
                    return Ok(Published::Before(kept));
                }
            }
            // Someone else published meanwhile: look again whether anything is left to do.
            _ => {}
        }
    }
    Err(ServiceError::Conflict("this changed meanwhile; read it again".to_owned()))
}

enum Written {
    Done,
    RevisionTaken,
    SaidBefore,
}

async fn write(
    app: App,
    actor: Actor,
    made: Publication,
    once: Option<Once<Publication>>,
) -> Result<Written, ServiceError> {
    let tx = app.store.begin().await?;
    if !store::publications::insert(&tx, &made).await? {
        tx.rollback().await?;
        return Ok(Written::RevisionTaken);
    }
    let change = json!({"revision": made.head.revision, "content_hash": made.head.content_hash});
    let subject = subject_of(made.head.week);
    store::audit::insert(&tx, app.id(), app.now_millis(), &actor, "report.publish", &subject, change).await?;
    announcements::announce_report(&app, &tx, &made).await?;
    if let Some(once) = &once
        && !idempotency::keep(&app, &tx, actor.account_id, once, &made).await?
    {
        tx.rollback().await?;
        return Ok(Written::SaidBefore);
    }
    tx.commit().await?;
    Ok(Written::Done)
}

/// Withdraws a published week: it is shown as computed now again, and links to it lead nowhere. Its revisions stay and
/// can be read by their numbers.
pub async fn withdraw(app: &App, actor: &Actor, week: IsoWeek) -> Result<(), ServiceError> {
    authorise(actor, Permission::PublishReport)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let now = app.now_millis();
            let live = store::publications::withdraw(&tx, week, &actor.name, now).await?;
            if live == 0 {
                return Err(not_published(week));
            }
            let change = json!({"revisions": live});
            store::audit::insert(&tx, app.id(), now, &actor, "report.withdraw", &subject_of(week), change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// The refusal of what needs a published week.
pub fn not_published(week: IsoWeek) -> ServiceError {
    ServiceError::NotFound(format!("publication of {week}; publish it first: fupan report publish {week}"))
}

fn subject_of(week: IsoWeek) -> String {
    format!("report:{week}")
}

/// What was published of a week and would be otherwise now, with the edits behind it; none where the week is not
/// published.
pub async fn restatement(app: &App, actor: &Actor, week: IsoWeek) -> Result<Option<Restatement>, ServiceError> {
    authorise(actor, Permission::Read)?;
    if actor.is_of_own_teams() {
        return Ok(None);
    }
    let Some(published) = store::publications::latest(app.store.read(), week).await? else { return Ok(None) };
    let partial_until = partial_until(app, &published.head);
    let withheld = withholding::is_hidden(app.store.read(), Sight::Everyone, &published.numbers).await?;
    if withheld && withholding::is_hidden(app.store.read(), Sight::of(actor), &published.numbers).await? {
        return Ok(Some(Restatement { publication: published.head, differences: Vec::new(), partial_until, withheld }));
    }
    let report = match partial_until {
        None => reports::weekly_until(app, week, &measured::Ends::new()).await?,
        // Time that went on since is no change: the figures are taken as far as they had come.
        Some(at) => {
            let then = app.as_of(DateTime::from_timestamp_millis(at).unwrap_or_default());
            reports::weekly_until(&then, week, &ends(&published.numbers)).await?
        }
    };
    let now = numbers(app, &report).await?;
    let found = differences(app, &published, &report, &now);
    let differences = with_causes(app, &published, &now, found).await?;
    Ok(Some(Restatement { publication: published.head, differences, partial_until, withheld }))
}

/// When a publication was made, where its week was not over then.
pub fn partial_until(app: &App, head: &PublicationHead) -> Option<i64> {
    let end = iso_week::midnight(head.week.next().monday(), app.zone).timestamp_millis();
    Some(head.published_at).filter(|at| *at < end)
}

/// How far the figures of a week that ran had come.
fn ends(published: &Numbers) -> measured::Ends {
    let measured = published.figures.iter().filter_map(|figure| figure.measured.as_deref());
    measured.filter_map(|measured| Some((measured.indicator.clone(), measured.until?))).collect()
}

async fn with_causes(
    app: &App,
    published: &Publication,
    now: &Numbers,
    differences: Vec<Difference>,
) -> Result<Vec<Restated>, ServiceError> {
    if differences.is_empty() {
        return Ok(Vec::new());
    }
    let head = &published.head;
    let own = |difference: &Difference| -> Vec<String> {
        match &difference.subject {
            Subject::Figure(name) => behind_figure(head.week, name, &published.numbers, now),
            Subject::IncidentCount(name) => vec![super::figures::subject(head.week, name)],
            Subject::Event(number) => vec![events::subject(*number)],
            Subject::Text => Vec::new(),
        }
    };
    let mut behind = Vec::new();
    if differences.iter().any(|difference| difference.subject == Subject::Text) {
        behind = behind_the_text(app, published, now).await?;
    }
    let subjects: BTreeSet<String> =
        differences.iter().flat_map(own).chain(behind.iter().map(|(_, subject)| subject.clone())).collect();
    let subjects: Vec<String> = subjects.into_iter().collect();
    let since = head.published_at - OVERLAP;
    let mut by_subject: HashMap<String, Vec<AuditEntry>> = HashMap::new();
    for entry in store::audit::of_subjects_since(app.store.read(), &subjects, since).await? {
        by_subject.entry(entry.subject.clone()).or_default().push(entry);
    }
    // Of one millisecond the ids tell the order: they are made in time order too.
    let later = |entry: &AuditEntry| (entry.at, entry.id) > (head.published_at, head.id);
    let entries = |subject: &String| by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
    let millis = |week: IsoWeek| iso_week::midnight(week.monday(), app.zone).timestamp_millis();
    // Of a week that ran only what lies before the end of its figures can have changed it.
    let came = ends(&published.numbers).into_values().max().map(|end| i64::from(end) * 60_000);
    let end = partial_until(app, head).map_or_else(|| millis(head.week.next()), |at| came.unwrap_or(at));
    // Of the week before too, which the text compares with.
    let known = |only: IsoWeek, entries: &mut dyn Iterator<Item = &AuditEntry>| -> Vec<Edit> {
        let reach = millis(only)..end;
        let touches = |edit: &Edit| {
            let stretch = edit.samples.as_ref();
            stretch
                .is_none_or(|one| one.from.timestamp_millis() < reach.end && reach.start <= one.to.timestamp_millis())
        };
        entries.map(edit).filter(touches).collect()
    };
    let after =
        |subject: &String, only: IsoWeek| known(only, &mut entries(subject).iter().filter(|entry| later(entry)));
    let restated = differences.into_iter().map(|difference| {
        let subjects = own(&difference);
        let edits = if difference.subject == Subject::Text {
            let before = head.week.previous();
            let after = |subject: &String| after(subject, before);
            let told = [&difference.published, &difference.current];
            let says = |word: &str| told.iter().any(|line| line.as_deref().is_some_and(|line| line.contains(word)));
            let named = |word: &Option<String>| word.as_deref().is_some_and(says);
            let by_word: Vec<Edit> =
                behind.iter().filter(|(word, _)| named(word)).flat_map(|(_, subject)| after(subject)).collect();
            let whole = behind.iter().filter(|(word, _)| word.is_none());
            if by_word.is_empty() { whole.flat_map(|(_, subject)| after(subject)).collect() } else { by_word }
        } else {
            let after: Vec<Edit> = subjects.iter().flat_map(|subject| after(subject, head.week)).collect();
            // An edit may have been under way while the report was read.
            let all = || subjects.iter().flat_map(|subject| known(head.week, &mut entries(subject).iter())).collect();
            if after.is_empty() { all() } else { after }
        };
        Restated { edits: publication::causes(&difference, edits), difference }
    });
    Ok(restated.collect())
}

/// What a line of the text may follow besides the week's own numbers, with the word that such a line holds: figures of the
/// week before, counts of the year; and for every line the document and the styles that the report is written in.
async fn behind_the_text(
    app: &App,
    published: &Publication,
    now: &Numbers,
) -> Result<Vec<(Option<String>, String)>, ServiceError> {
    let (week, connection) = (published.head.week, app.store.read());
    let both = [&published.numbers, now];
    let figures: BTreeSet<&str> = both.iter().flat_map(|one| &one.figures).map(|figure| figure.name.as_str()).collect();
    let counts: BTreeSet<&str> =
        both.iter().flat_map(|one| &one.incident_counts).map(|count| count.severity.as_str()).collect();
    let mut behind = Vec::new();
    for name in figures {
        behind.push((Some(name.to_owned()), super::figures::subject(week.previous(), name)));
    }
    for figure in both.iter().flat_map(|one| &one.figures) {
        let indicator = figure.measured.as_ref().map(|measured| format!("indicator:{}", measured.indicator));
        behind.extend(indicator.map(|subject| (Some(figure.name.clone()), subject)));
    }
    for carried in both.iter().flat_map(|one| &one.carried).filter(|carried| !carried.begins.is_empty()) {
        behind.push((Some(carried.begins.clone()), events::subject(carried.number)));
    }
    let first = IsoWeek::new(week.year(), 1).unwrap_or(week);
    for earlier in std::iter::successors(Some(first), |week| Some(week.next())).take_while(|earlier| *earlier < week) {
        behind.extend(counts.iter().map(|&name| (Some(name.to_owned()), super::figures::subject(earlier, name))));
    }
    // The document whose style the report follows.
    let import = match store::imports::latest_of_week(connection, week).await? {
        Some(own) => Some(own.id),
        None => store::imports::latest_until(connection, week).await?.map(|import| import.id),
    };
    behind.extend(import.map(|id| (None, format!("import:{id}"))));
    let styles = store::report_styles::all(connection).await?;
    behind.extend(styles.iter().map(|style| (None, format!("style:{}", style.id))));
    Ok(behind)
}

/// The subjects in the audit log of what may have changed a figure of a week: the figure, its indicator, and the events that it
/// lost otherwise by.
fn behind_figure(week: IsoWeek, name: &str, published: &Numbers, now: &Numbers) -> Vec<String> {
    let mut subjects = BTreeSet::from([super::figures::subject(week, name)]);
    let mut losses: Vec<BTreeSet<(Option<i64>, i64, i64)>> = Vec::new();
    for numbers in [published, now] {
        let named = numbers.figures.iter().filter(|figure| figure.name == name);
        let mut of = BTreeSet::new();
        for measured in named.filter_map(|figure| figure.measured.as_deref()) {
            subjects.insert(format!("indicator:{}", measured.indicator));
            of.extend(measured.losses.iter().map(|loss| (loss.event, loss.excess, loss.missing)));
        }
        losses.push(of);
    }
    if let [was, is] = losses.as_slice() {
        let other = was.symmetric_difference(is).filter_map(|(event, ..)| *event);
        subjects.extend(other.map(events::subject));
    }
    subjects.into_iter().collect()
}

fn edit(entry: &AuditEntry) -> Edit {
    Edit {
        at: DateTime::<Utc>::from_timestamp_millis(entry.at).unwrap_or_default(),
        by: entry.actor_name.clone(),
        action: entry.action.clone(),
        fields: entry.change.as_object().map(changed_fields).unwrap_or_default(),
        samples: samples_of(entry),
    }
}

/// The samples that an entry tells of.
fn samples_of(entry: &AuditEntry) -> Option<SamplesEdit> {
    if !entry.action.starts_with("samples.") {
        return None;
    }
    let at = |name: &str| {
        let text = entry.change.get(name)?.as_str()?;
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc))
    };
    let minutes = entry.change.get("changed").and_then(Value::as_i64).unwrap_or(0);
    Some(SamplesEdit { minutes, from: at("from")?, to: at("to")? })
}

/// The fields of `{"narrative": {"from": …, "to": …}}`; other entries say what happened by their action.
fn changed_fields(change: &Map<String, Value>) -> Vec<String> {
    change.iter().filter(|(_, moved)| moved.is_object()).map(|(field, _)| field.clone()).collect()
}
