//! Events: log, read, list, edit, recover, delete.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError, announcements,
    app::authorise,
    capture, event_checks,
    grading::{self, Why},
    idempotency::{self, KeptAnswer},
    policies, reminders,
    retry::retried,
    review_meetings,
};
use crate::{
    domain::{
        actor::{Actor, Permission, Role},
        announcement::News,
        capture::draft::{DraftEvent, Impact},
        checked::{self, FieldError},
        clock_point::ClockPoint,
        completeness::{self, Question},
        event::{self, EventFields, ProductionEvent, Source},
        event_record::{AffectedService, Detection, EventKind, EventLink, Responsibility},
        history,
        import_plan::{NewcomerEvent, SAME_EVENT},
        iso_week::IsoWeek,
        postmortem::{Postmortem, PostmortemState, due_date},
        report,
        severity::SeverityPolicy,
        text,
        visibility::{Sight, may_restrict},
    },
    store::{self, Tx, audit::AuditEntry, policies::ConnectionTrait},
};

pub use super::idempotency::Once;

/// An event to be written.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The fields.
    pub fields: EventFields,
    /// Where the postmortem stands.
    pub state: PostmortemState,
    /// The week of its report; by default the week it began in.
    pub week: Option<IsoWeek>,
    /// The text as pasted.
    pub raw: Option<String>,
    /// Where it comes from.
    pub source: Source,
}

/// An event with everything its page shows.
#[derive(Debug, Clone)]
pub struct EventDetail {
    /// The event.
    pub event: ProductionEvent,
    /// The latest audit entries, newest first.
    pub audit: Vec<AuditEntry>,
    /// What the caller did last and may take back for a minute.
    pub undoable: Option<Uuid>,
}

/// Changes to an event: `None` leaves a field, `Some(None)` empties it.
#[derive(Debug, Clone, Default)]
pub struct EventPatch {
    /// 发生.
    pub occurred: Option<Option<ClockPoint>>,
    /// 发现.
    pub detected: Option<Option<ClockPoint>>,
    /// 响应.
    pub acknowledged: Option<Option<ClockPoint>>,
    /// 定位.
    pub located: Option<Option<ClockPoint>>,
    /// 止损.
    pub mitigated: Option<Option<ClockPoint>>,
    /// 恢复.
    pub recovered: Option<Option<ClockPoint>>,
    /// Label.
    pub severity: Option<Option<String>>,
    /// The sentence; emptied, it is generated from the fields from now on.
    pub narrative: Option<Option<String>>,
    /// Symptom.
    pub summary: Option<Option<String>>,
    /// Impact clauses.
    pub impact: Option<Option<String>>,
    /// Numbers of the impact.
    pub impacts: Option<Vec<Impact>>,
    /// 原因.
    pub cause: Option<Option<String>>,
    /// Category of the cause.
    pub cause_category: Option<Option<String>>,
    /// 恢复 text.
    pub recovery: Option<Option<String>>,
    /// Normal, drill or maintenance.
    pub kind: Option<EventKind>,
    /// How it came to light.
    pub detection: Option<Option<Detection>>,
    /// The change that caused it.
    pub change_link: Option<Option<String>>,
    /// 资损 as expected, in fen.
    pub loss_expected: Option<Option<i64>>,
    /// 资损 as it was, in fen.
    pub loss_actual: Option<Option<i64>>,
    /// What came back of it, in fen.
    pub loss_recovered: Option<Option<i64>>,
    /// Services with their affected shares, all of them.
    pub services: Option<Vec<AffectedService>>,
    /// Teams with their shares, all of them.
    pub responsibility: Option<Vec<Responsibility>>,
    /// Tags, all of them.
    pub tags: Option<Vec<String>>,
    /// Links, all of them.
    pub links: Option<Vec<EventLink>>,
    /// What nobody can tell any more, all of it.
    pub unknown: Option<Vec<String>>,
    /// Whether only named people see it.
    pub restricted: Option<bool>,
    /// Who sees it while it is restricted, all of them.
    pub viewers: Option<Vec<Uuid>>,
    /// The week of its report.
    pub week: Option<IsoWeek>,
    /// Why the event gets the level of `severity`; needed where it has one already, or where another one is proposed.
    pub severity_reason: Option<String>,
}

impl EventPatch {
    /// Sets a point of the clock by its name.
    pub fn set_clock(&mut self, name: &str, point: Option<ClockPoint>) {
        match name {
            "occurred" => self.occurred = Some(point),
            "detected" => self.detected = Some(point),
            "acknowledged" => self.acknowledged = Some(point),
            "located" => self.located = Some(point),
            "mitigated" => self.mitigated = Some(point),
            "recovered" => self.recovered = Some(point),
            _ => {}
        }
    }

    /// Writes the patch over fields. An emptied narrative is left to be generated.
    pub fn write_over(self, fields: &mut EventFields) {
        set(&mut fields.occurred, self.occurred);
        set(&mut fields.detected, self.detected);
        set(&mut fields.acknowledged, self.acknowledged);
        set(&mut fields.located, self.located);
        set(&mut fields.mitigated, self.mitigated);
        set(&mut fields.recovered, self.recovered);
        set(&mut fields.severity, self.severity);
        set(&mut fields.summary, self.summary);
        set(&mut fields.impact, self.impact);
        set(&mut fields.impacts, self.impacts);
        set(&mut fields.cause, self.cause);
        set(&mut fields.cause_category, self.cause_category);
        set(&mut fields.recovery, self.recovery);
        set(&mut fields.kind, self.kind);
        set(&mut fields.detection, self.detection);
        set(&mut fields.change_link, self.change_link);
        set(&mut fields.loss.expected, self.loss_expected);
        set(&mut fields.loss.actual, self.loss_actual);
        set(&mut fields.loss.recovered, self.loss_recovered);
        set(&mut fields.services, self.services);
        set(&mut fields.responsibility, self.responsibility);
        set(&mut fields.tags, self.tags);
        set(&mut fields.links, self.links);
        set(&mut fields.unknown, self.unknown);
        set(&mut fields.restricted, self.restricted);
        set(&mut fields.viewers, self.viewers);
        match self.narrative {
            Some(Some(sentence)) if sentence.trim() != fields.narrative => {
                fields.narrative = sentence;
                fields.narrative_generated = false;
            }
            Some(None) => fields.narrative_generated = true,
            _ => {}
        }
    }
}

/// What became of a request to make an event.
#[derive(Debug)]
pub enum Created<T = ProductionEvent> {
    /// It was made.
    New(Box<T>),
    /// The same request was done before, with this answer.
    Before(KeptAnswer),
}

/// Reads a pasted line and saves it. A line without a time is saved too: half-known events are welcome.
pub async fn create_from_line(
    app: &App,
    actor: &Actor,
    line: &str,
    week: Option<IsoWeek>,
) -> Result<(ProductionEvent, DraftEvent), ServiceError> {
    let (new, draft) = read_new(app, actor, line, week)?;
    Ok((create(app, actor, new).await?, draft))
}

/// The label of an event that began at the same time and reads alike: a line that was logged before.
pub async fn alike(app: &App, actor: &Actor, draft: &DraftEvent) -> Result<Option<String>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let Some(occurred) = draft.occurred else { return Ok(None) };
    let there = store::events::at_times(app.store.read(), &[occurred.at.timestamp_millis()]).await?;
    let seen = store::sight::among(app.store.read(), Sight::of(actor), &there).await?;
    let same = |event: &&ProductionEvent| {
        seen.contains(&event.id) && text::likeness(&event.fields.narrative, &draft.narrative) >= SAME_EVENT
    };
    Ok(there.iter().find(same).map(ProductionEvent::label))
}

/// Like [`create_from_line`], where the same request is done once.
pub async fn create_line_once(
    app: &App,
    actor: &Actor,
    line: &str,
    week: Option<IsoWeek>,
    once: Option<Once<ProductionEvent>>,
) -> Result<Created, ServiceError> {
    let (new, _) = read_new(app, actor, line, week)?;
    create_once(app, actor, new, once).await
}

/// A line as the event that it would become, with the number 1 and nowhere saved.
pub(super) fn of_line(
    app: &App,
    actor: &Actor,
    levels: &SeverityPolicy,
    line: &str,
) -> Result<ProductionEvent, ServiceError> {
    let (new, _) = read_new(app, actor, line, None)?;
    Ok(new_event(app, actor, levels, new, 1, 1))
}

fn read_new(
    app: &App,
    actor: &Actor,
    line: &str,
    week: Option<IsoWeek>,
) -> Result<(NewEvent, DraftEvent), ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let len = line.chars().count();
    if len > checked::LONG_TEXT {
        let problem = checked::FieldProblem::TooLong { max: checked::LONG_TEXT, len };
        return Err(FieldError { field: "line", problem }.into());
    }
    let draft = capture::read(app, actor, line, week)?;
    if draft.narrative.trim().is_empty() {
        return Err(FieldError { field: "line", problem: checked::FieldProblem::Empty }.into());
    }
    let raw = line.replace('\0', "").trim_end_matches(['\r', '\n']).to_owned();
    let new = NewEvent {
        fields: EventFields::from_draft(&draft),
        state: PostmortemState::of_mark(draft.mark),
        week,
        raw: Some(raw),
        source: Source::Line,
    };
    Ok((new, draft))
}

/// Saves an event from fields.
pub async fn create(app: &App, actor: &Actor, new: NewEvent) -> Result<ProductionEvent, ServiceError> {
    match create_once(app, actor, new, None).await? {
        Created::New(event) => Ok(*event),
        Created::Before(_) => Err(ServiceError::Interrupted("a request without a key was answered before".to_owned())),
    }
}

/// Saves an event from fields, where the same request is done once.
pub async fn create_once(
    app: &App,
    actor: &Actor,
    new: NewEvent,
    once: Option<Once<ProductionEvent>>,
) -> Result<Created, ServiceError> {
    create_graded(app, actor, new, None, once).await
}

/// Like [`create_once`]; `reason` says why the event has its level.
pub async fn create_graded(
    app: &App,
    actor: &Actor,
    new: NewEvent,
    reason: Option<String>,
    once: Option<Once<ProductionEvent>>,
) -> Result<Created, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let reason = checked::optional("severity_reason", reason.as_deref(), 2_000)?;
    if let Some(once) = &once
        && let Some(kept) = idempotency::find(app, actor, once).await?
    {
        return Ok(Created::Before(kept));
    }
    let mut new = new;
    new.fields.settle_days(app.zone);
    if new.fields.narrative.trim().is_empty() {
        new.fields.narrative = report::generate_narrative(&new.fields.to_draft(), app.zone);
        new.fields.narrative_generated = true;
    }
    event_checks::check_future(app.now(), &EventFields::default(), &new.fields, new.source)?;
    new.fields = new.fields.checked()?;
    // A pasted line keeps its words; who chooses a level chooses one of the house.
    if let (Some(label), Source::Form | Source::Api) = (&new.fields.severity, new.source) {
        new.fields.severity = Some(grading::levels(app.store.read()).await?.graded(label)?);
    }
    let (task_app, task_actor, task_once) = (app.clone(), actor.clone(), once.clone());
    let made = retried(move || {
        let (app, actor, new, once) = (task_app.clone(), task_actor.clone(), new.clone(), task_once.clone());
        let reason = reason.clone();
        async move {
            let tx = app.store.begin().await?;
            let event = write_new(&app, &tx, &actor, new, reason).await?;
            if let Some(once) = &once
                && !idempotency::keep(&app, &tx, actor.account_id, once, &event).await?
            {
                tx.rollback().await?;
                return Ok(None);
            }
            tx.commit().await?;
            Ok(Some(event))
        }
    })
    .await?;
    made_or_before(app, actor, made, once).await
}

/// Writes a checked new event inside a transaction.
pub(super) async fn write_new(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    new: NewEvent,
    reason: Option<String>,
) -> Result<ProductionEvent, ServiceError> {
    event_checks::check_loss(&EventFields::default(), &new.fields)?;
    event_checks::check_named(tx, &EventFields::default(), &new.fields).await?;
    let levels = grading::levels(tx.conn()).await?;
    grading::check_responsibility(tx, actor, &[], &new.fields.responsibility).await?;
    // The number first: its counter lets one writer pass at a time, so that positions do not meet either.
    let number = store::events::next_number(tx).await?;
    let position = store::events::last_position(tx.conn(), week_of(app, &new)).await? + 1;
    let event = new_event(app, actor, &levels, new, number, position);
    store::events::insert(tx, &event, actor.account_id, None, &mut || app.id()).await?;
    grading::note_first(app, tx, actor, &levels, &event, reason).await?;
    let change =
        json!({"source": event.source.code(), "week": event.week.to_string(), "state": event.postmortem.state.code()});
    audit(app, tx, actor, "event.create", &event, change).await?;
    announcements::announce(app, tx, &levels, &event, &News::Logged).await?;
    Ok(event)
}

/// The week of the report of a new event.
fn week_of(app: &App, new: &NewEvent) -> IsoWeek {
    let began = || new.fields.occurred.map_or(app.now(), |point| point.at);
    new.week.unwrap_or_else(|| IsoWeek::of(began().with_timezone(&app.zone).date_naive()))
}

fn new_event(
    app: &App,
    actor: &Actor,
    levels: &SeverityPolicy,
    new: NewEvent,
    number: i64,
    position: i64,
) -> ProductionEvent {
    let now = app.now_millis();
    ProductionEvent {
        id: app.id(),
        number,
        version: 1,
        week: week_of(app, &new),
        postmortem: {
            let state = grading::first_state(levels, new.state, new.fields.severity.as_deref());
            first_postmortem(app, levels, state, &new.fields)
        },
        import_mark: None,
        import_key: None,
        fields: new.fields,
        raw: new.raw,
        source: new.source,
        position,
        created_at: now,
        created_by: actor.account_id,
        updated_at: now,
    }
}

/// The event that an import makes, with its number.
pub(super) fn imported_event(app: &App, levels: &SeverityPolicy, new: NewcomerEvent, number: i64) -> ProductionEvent {
    let now = app.now_millis();
    ProductionEvent {
        id: new.id,
        number,
        version: 1,
        postmortem: first_postmortem(app, levels, new.state, &new.fields),
        import_mark: Some(new.mark),
        import_key: Some(new.key),
        fields: new.fields,
        week: new.week,
        raw: Some(new.raw),
        source: Source::Import,
        position: new.position,
        created_at: now,
        created_by: None,
        updated_at: now,
    }
}

fn first_postmortem(app: &App, levels: &SeverityPolicy, state: PostmortemState, fields: &EventFields) -> Postmortem {
    Postmortem {
        version: 1,
        state,
        owner_id: None,
        due_on: state.is_owed().then(|| due_of(app, levels, fields, app.now_millis())),
        due_fixed: false,
        reason: None,
        reviewer_id: None,
        done_at: (state == PostmortemState::Done).then(|| app.now_millis()),
    }
}

/// When the postmortem of an event with these fields is due: counted from the day of recovery, else of the
/// beginning, else of being logged.
pub(super) fn due_of(app: &App, levels: &SeverityPolicy, fields: &EventFields, logged_at: i64) -> chrono::NaiveDate {
    let logged = || DateTime::from_timestamp_millis(logged_at).unwrap_or_else(|| app.now());
    let from = fields.recovered.or(fields.occurred).map_or_else(logged, |point| point.at);
    due_date(
        from.with_timezone(&app.zone).date_naive(),
        levels,
        fields.severity.as_deref(),
        app.calendars().of_event(fields),
    )
}

/// One event.
pub async fn get(app: &App, actor: &Actor, number: i64) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let found = store::events::by_number(connection, number).await?;
    store::sight::only_seen(connection, Sight::of(actor), found)
        .await?
        .ok_or_else(|| ServiceError::NotFound(format!("event {}", event::label(number))))
}

/// One event with its history.
pub async fn detail(app: &App, actor: &Actor, number: i64) -> Result<EventDetail, ServiceError> {
    let event = get(app, actor, number).await?;
    let audit = store::audit::of_subject(app.store.read(), &subject(number), 100).await?;
    let undoable = super::event_history::undoable(app, actor, audit.first());
    Ok(EventDetail { event, audit, undoable })
}

/// The events of a week in report order, also those that its report leaves out.
pub async fn of_week(app: &App, actor: &Actor, week: IsoWeek) -> Result<Vec<ProductionEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let mut events = store::events::of_week(app.store.read(), week).await?;
    let seen = store::sight::among(app.store.read(), Sight::of(actor), &events).await?;
    events.retain(|event| seen.contains(&event.id));
    Ok(events)
}

/// Events per severity that began in `[from, until)`, in milliseconds; none is 未定级.
pub async fn count_by_severity(
    app: &App,
    actor: &Actor,
    from: i64,
    until: i64,
) -> Result<Vec<(Option<String>, i64)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::count_by_severity(app.store.read(), Sight::of(actor), from, until).await?)
}

/// How many events have not recovered.
pub async fn count_ongoing(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::count_ongoing(app.store.read(), Sight::of(actor)).await?)
}

/// Changes an event that is still in `version`.
pub async fn update(
    app: &App,
    actor: &Actor,
    number: i64,
    version: i64,
    patch: EventPatch,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let (app, actor) = (app.clone(), actor.clone());
    let (reader, asker) = (app.clone(), actor.clone());
    let updated = retried(move || {
        let (app, actor, patch) = (app.clone(), actor.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, &actor, number, version).await?;
            let after = write_update(&app, &tx, &actor, before, patch).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await;
    match updated {
        // The other writer came between reading and writing.
        Err(ServiceError::Conflict(_)) => {
            let current = get(&reader, &asker, number).await?;
            Err(ServiceError::Stale { what: current.label(), given: version, current: current.version })
        }
        other => other,
    }
}

/// Writes a patch over the event as it stands inside a transaction; one that changes nothing writes nothing.
async fn write_update(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    before: ProductionEvent,
    patch: EventPatch,
) -> Result<ProductionEvent, ServiceError> {
    let mut after = before.clone();
    let reason = patch.severity_reason.clone();
    apply(app, &mut after, patch);
    write_changed(app, tx, actor, before, after, ("event.update", Why::Said(reason.as_deref()))).await
}

/// Writes an event over the one that stands inside a transaction, under this name in the audit log and for this reason
/// where its level changes; one that is the same writes nothing.
pub(super) async fn write_changed(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    before: ProductionEvent,
    mut after: ProductionEvent,
    (action, why): (&str, Why<'_>),
) -> Result<ProductionEvent, ServiceError> {
    // Before the order of the points is looked at: a beginning in 2099 is wrong itself, not the recovery before it.
    event_checks::check_future(app.now(), &before.fields, &after.fields, Source::Form)?;
    after.fields = after.fields.checked()?;
    if after.fields.restricted && after.fields != before.fields {
        event_checks::keep_workers(tx, &mut after).await?;
    }
    let levels = grading::levels(tx.conn()).await?;
    let graded = grading::regrade(app, tx, actor, &levels, &before, &after, why).await?;
    let (was, is) = (&before.fields.responsibility, &after.fields.responsibility);
    grading::check_responsibility(tx, actor, was, is).await?;
    if after == before {
        return Ok(before);
    }
    event_checks::check_loss(&before.fields, &after.fields)?;
    if before.fields.restricted != after.fields.restricted || before.fields.viewers != after.fields.viewers {
        if !may_restrict(actor, &before) {
            return Err(ServiceError::Forbidden { needs: Some(Role::Lead) });
        }
        // Who closes the door stays inside.
        let outside = Sight::of(actor).by_event(&after) == Some(false);
        if let Some(own) = actor.account_id.filter(|_| after.fields.restricted && outside) {
            after.fields.viewers.push(own);
            after.fields.viewers.sort_unstable();
        }
    }
    event_checks::check_named(tx, &before.fields, &after.fields).await?;
    let (version, now) = (before.version, app.now_millis());
    store::events::update(tx, &after, version, now, &mut || app.id()).await?;
    if let Some(graded) = &graded {
        store::gradings::insert(tx, graded).await?;
    }
    grading::follow_level(app, tx, actor, &levels, &before, &mut after).await?;
    let mut change = history::changes(&before.fields, &after.fields);
    if let Value::Object(map) = &mut change {
        if before.week != after.week {
            map.insert("week".to_owned(), json!({"from": before.week.to_string(), "to": after.week.to_string()}));
        }
        if before.postmortem.due_on != after.postmortem.due_on {
            let moved = json!({"from": before.postmortem.due_on, "to": after.postmortem.due_on});
            map.insert("due_on".to_owned(), moved);
        }
        if before.postmortem.state != after.postmortem.state {
            let moved = json!({"from": before.postmortem.state.code(), "to": after.postmortem.state.code()});
            map.insert("state".to_owned(), moved);
        }
        if before.postmortem.owner_id != after.postmortem.owner_id {
            let moved = json!({"from": before.postmortem.owner_id, "to": after.postmortem.owner_id});
            map.insert("owner".to_owned(), moved);
        }
        if let Some(reason) = graded.and_then(|graded| graded.reason) {
            map.insert("severity_reason".to_owned(), json!({"to": reason}));
        }
    }
    let news = announcements::news_of(&before, &after, &change);
    audit(app, tx, actor, action, &after, change).await?;
    after.version = version + 1;
    after.updated_at = now;
    for one in &news {
        announcements::announce(app, tx, &levels, &after, one).await?;
    }
    Ok(after)
}

/// 标记恢复: [`mark`] of the recovery.
pub async fn mark_recovered(
    app: &App,
    actor: &Actor,
    number: i64,
    at: Option<DateTime<Utc>>,
) -> Result<ProductionEvent, ServiceError> {
    mark(app, actor, number, "recovered", at).await
}

/// 标记止损, 标记恢复: sets a point of the clock, now unless given. With no version the latest is taken: pressing the
/// button twice is harmless, and a point that is already known is kept.
pub async fn mark(
    app: &App,
    actor: &Actor,
    number: i64,
    point: &'static str,
    at: Option<DateTime<Utc>>,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    if let Some(at) = at {
        checked::instant(event::clock_field(point), at)?;
    }
    let known = move |event: &ProductionEvent| event.fields.tells(point);
    let (app, actor) = (app.clone(), actor.clone());
    let (reader, asker) = (app.clone(), actor.clone());
    let marked = retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = by_number(&tx, &actor, number).await?;
            if known(&before) {
                tx.rollback().await?;
                let stands = before.fields.clock().into_iter().find(|(name, _)| *name == point).and_then(|(_, at)| at);
                if at.is_some_and(|at| stands.is_some_and(|stands| stands.at != at)) {
                    let remedy = "it is known already; change it in the record";
                    return Err(FieldError::shape(event::clock_field(point), remedy).into());
                }
                return Ok(before);
            }
            let pressed = whole_minute(app.now());
            // A beginning with seconds may lie behind the whole minute of now.
            let now = before.fields.occurred.map_or(pressed, |occurred| occurred.at.max(pressed));
            let value = Some(Some(ClockPoint::minute(at.unwrap_or(now))));
            let mut patch = EventPatch::default();
            patch.set_clock(point, value.flatten());
            let after = write_update(&app, &tx, &actor, before, patch).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await;
    match marked {
        // Someone else was quicker; where they marked it too, all is said.
        Err(ServiceError::Conflict(words)) => {
            let event = get(&reader, &asker, number).await?;
            if known(&event) { Ok(event) } else { Err(ServiceError::Conflict(words)) }
        }
        other => other,
    }
}

/// The questions that an event's record leaves open, the most useful first.
pub async fn missing(app: &App, actor: &Actor, number: i64) -> Result<Vec<Question>, ServiceError> {
    let event = get(app, actor, number).await?;
    open_questions(app.store.read(), &event.fields).await
}

/// The questions that a record leaves open by the policy that holds, inside a transaction or outside.
pub(super) async fn open_questions(
    connection: &impl ConnectionTrait,
    fields: &EventFields,
) -> Result<Vec<Question>, ServiceError> {
    Ok(completeness::missing(fields, &policies::load(connection, completeness::POLICY.name).await?))
}

fn whole_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp() - at.timestamp().rem_euclid(60), 0).unwrap_or(at)
}

/// What was made, or the answer of the request that was quicker.
pub(super) async fn made_or_before<T>(
    app: &App,
    actor: &Actor,
    made: Option<T>,
    once: Option<Once<T>>,
) -> Result<Created<T>, ServiceError> {
    match (made, once) {
        (Some(made), _) => Ok(Created::New(Box::new(made))),
        (None, Some(once)) => idempotency::find(app, actor, &once)
            .await?
            .map(Created::Before)
            .ok_or_else(|| ServiceError::Conflict("the same request is under way; send it again".to_owned())),
        (None, None) => Err(ServiceError::Interrupted("nothing was written".to_owned())),
    }
}

/// Deletes an event that is still in `version`. Its number is never handed out again.
pub async fn delete(app: &App, actor: &Actor, number: i64, version: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::DeleteEvent)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = current(&tx, &actor, number, version).await?;
            write_deletion(&app, &tx, &actor, &event, "event.delete").await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Deletes an event inside a transaction, under this name in the audit log.
pub(super) async fn write_deletion(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    event: &ProductionEvent,
    action: &str,
) -> Result<(), ServiceError> {
    store::events::delete(tx, event.id, event.version, app.now_millis()).await?;
    reminders::cancel_for_event(tx, event.id).await?;
    review_meetings::event_is_gone(app, tx, actor, event).await?;
    audit(app, tx, actor, action, event, json!({"narrative": event.fields.narrative})).await
}

/// The event inside a transaction, where the actor sees it.
pub(super) async fn by_number(tx: &Tx, actor: &Actor, number: i64) -> Result<ProductionEvent, ServiceError> {
    let found = store::events::by_number(tx.conn(), number).await?;
    store::sight::only_seen(tx.conn(), Sight::of(actor), found)
        .await?
        .ok_or_else(|| ServiceError::NotFound(format!("event {}", event::label(number))))
}

pub(super) async fn current(
    tx: &Tx,
    actor: &Actor,
    number: i64,
    version: i64,
) -> Result<ProductionEvent, ServiceError> {
    let event = by_number(tx, actor, number).await?;
    if event.version == version {
        Ok(event)
    } else {
        Err(ServiceError::Stale { what: event.label(), given: version, current: event.version })
    }
}

fn apply(app: &App, event: &mut ProductionEvent, patch: EventPatch) {
    set(&mut event.week, patch.week);
    patch.write_over(&mut event.fields);
    event.fields.settle_days(app.zone);
    if event.fields.narrative_generated {
        event.fields.narrative = report::generate_narrative(&event.fields.to_draft(), app.zone);
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// How the audit log names an event.
pub fn subject(number: i64) -> String {
    format!("event:{number}")
}

/// Message-ID of the conversation about an event: mails about it alone answer to it.
pub(super) fn thread(app: &App, number: i64) -> String {
    format!("event.{number}@{}", app.mail_domain)
}

pub(super) async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    event: &ProductionEvent,
    change: Value,
) -> Result<(), ServiceError> {
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject(event.number), change).await?;
    Ok(())
}
