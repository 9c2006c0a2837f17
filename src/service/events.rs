//! Events: log, read, list, edit, recover, add to the timeline, delete.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    App, ServiceError,
    app::authorise,
    capture,
    idempotency::{self, KeptAnswer},
    reminders,
    retry::retried,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        capture::draft::{DraftEvent, Impact},
        checked::{self, FieldError},
        clock_point::ClockPoint,
        event::{self, EventFields, ProductionEvent, Source},
        import_plan::{NewcomerEvent, SAME_EVENT},
        iso_week::IsoWeek,
        postmortem::{Postmortem, PostmortemState, due_date},
        report, text,
    },
    store::{self, Tx, audit::AuditEntry},
};

pub use super::idempotency::Once;
pub use crate::store::timeline::TimelineEntry;

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
    /// Lines that people added.
    pub timeline: Vec<TimelineEntry>,
    /// The latest audit entries, newest first.
    pub audit: Vec<AuditEntry>,
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
    /// The week of its report.
    pub week: Option<IsoWeek>,
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
    let same = |event: &&ProductionEvent| text::likeness(&event.fields.narrative, &draft.narrative) >= SAME_EVENT;
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
    authorise(actor, Permission::WriteEvent)?;
    if let Some(once) = &once
        && let Some(kept) = idempotency::find(app, actor, once).await?
    {
        return Ok(Created::Before(kept));
    }
    let mut new = new;
    if new.fields.narrative.trim().is_empty() {
        new.fields.narrative = report::generate_narrative(&new.fields.to_draft(), app.zone);
        new.fields.narrative_generated = true;
    }
    new.fields = new.fields.checked()?;
    let (task_app, task_actor, task_once) = (app.clone(), actor.clone(), once.clone());
    let made = retried(move || {
        let (app, actor, new, once) = (task_app.clone(), task_actor.clone(), new.clone(), task_once.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = write_new(&app, &tx, &actor, new).await?;
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
async fn write_new(app: &App, tx: &Tx, actor: &Actor, new: NewEvent) -> Result<ProductionEvent, ServiceError> {
    let now = app.now();
    let week = new.week.unwrap_or_else(|| {
        IsoWeek::of(new.fields.occurred.map_or(now, |point| point.at).with_timezone(&app.zone).date_naive())
    });
    // The number first: its counter lets one writer pass at a time, so that positions do not meet either.
    let number = store::events::next_number(tx).await?;
    let position = store::events::last_position(tx.conn(), week).await? + 1;
    let event = ProductionEvent {
        id: app.id(),
        number,
        version: 1,
        postmortem: first_postmortem(app, new.state, &new.fields),
        import_mark: None,
        import_key: None,
        fields: new.fields,
        week,
        raw: new.raw,
        source: new.source,
        position,
        created_at: now.timestamp_millis(),
        updated_at: now.timestamp_millis(),
    };
    store::events::insert(tx, &event, actor.account_id, None, &mut || app.id()).await?;
    let change =
        json!({"source": event.source.code(), "week": week.to_string(), "state": event.postmortem.state.code()});
    audit(app, tx, actor, "event.create", &event, change).await?;
    Ok(event)
}

/// The event that an import makes, with its number.
pub(super) fn imported_event(app: &App, new: NewcomerEvent, number: i64) -> ProductionEvent {
    let now = app.now_millis();
    ProductionEvent {
        id: new.id,
        number,
        version: 1,
        postmortem: first_postmortem(app, new.state, &new.fields),
        import_mark: Some(new.mark),
        import_key: Some(new.key),
        fields: new.fields,
        week: new.week,
        raw: Some(new.raw),
        source: Source::Import,
        position: new.position,
        created_at: now,
        updated_at: now,
    }
}

fn first_postmortem(app: &App, state: PostmortemState, fields: &EventFields) -> Postmortem {
    Postmortem {
        version: 1,
        state,
        owner_id: None,
        due_on: state.is_owed().then(|| due_of(app, fields, app.now_millis())),
        due_fixed: false,
        reason: None,
        done_at: (state == PostmortemState::Done).then(|| app.now_millis()),
    }
}

/// When the postmortem of an event with these fields is due: counted from the day of recovery, else of the
/// beginning, else of being logged.
pub(super) fn due_of(app: &App, fields: &EventFields, logged_at: i64) -> chrono::NaiveDate {
    let logged = || DateTime::from_timestamp_millis(logged_at).unwrap_or_else(|| app.now());
    let from = fields.recovered.or(fields.occurred).map_or_else(logged, |point| point.at);
    due_date(from.with_timezone(&app.zone).date_naive(), fields.severity.as_deref(), &app.calendar)
}

/// One event.
pub async fn get(app: &App, actor: &Actor, number: i64) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::Read)?;
    store::events::by_number(app.store.read(), number)
        .await?
        .ok_or_else(|| ServiceError::NotFound(format!("event {}", event::label(number))))
}

/// One event with timeline and history.
pub async fn detail(app: &App, actor: &Actor, number: i64) -> Result<EventDetail, ServiceError> {
    let event = get(app, actor, number).await?;
    let timeline = store::timeline::of_event(app.store.read(), event.id).await?;
    let audit = store::audit::of_subject(app.store.read(), &subject(number), 100).await?;
    Ok(EventDetail { event, timeline, audit })
}

/// The events of a week in report order.
pub async fn of_week(app: &App, actor: &Actor, week: IsoWeek) -> Result<Vec<ProductionEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::of_week(app.store.read(), week).await?)
}

/// Events per severity that began in `[from, until)`, in milliseconds; none is 未定级.
pub async fn count_by_severity(
    app: &App,
    actor: &Actor,
    from: i64,
    until: i64,
) -> Result<Vec<(Option<String>, i64)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::count_by_severity(app.store.read(), from, until).await?)
}

/// How many events have not recovered.
pub async fn count_ongoing(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::count_ongoing(app.store.read()).await?)
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
            let before = current(&tx, number, version).await?;
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
    apply(app, &mut after, patch);
    after.fields = after.fields.checked()?;
    if after == before {
        return Ok(before);
    }
    let (version, now) = (before.version, app.now_millis());
    store::events::update(tx, &after, version, now, &mut || app.id()).await?;
    follow_due_date(app, tx, &mut after, now).await?;
    let mut change = event::changes(&before.fields, &after.fields);
    if let Value::Object(map) = &mut change {
        if before.week != after.week {
            map.insert("week".to_owned(), json!({"from": before.week.to_string(), "to": after.week.to_string()}));
        }
        if before.postmortem.due_on != after.postmortem.due_on {
            let moved = json!({"from": before.postmortem.due_on, "to": after.postmortem.due_on});
            map.insert("due_on".to_owned(), moved);
        }
    }
    audit(app, tx, actor, "event.update", &after, change).await?;
    after.version = version + 1;
    after.updated_at = now;
    Ok(after)
}

/// 标记恢复: sets the recovery, now unless given. With no version the latest is taken: pressing the button
/// twice is harmless, and a recovery that is already known is kept.
pub async fn mark_recovered(
    app: &App,
    actor: &Actor,
    number: i64,
    at: Option<DateTime<Utc>>,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    if let Some(at) = at {
        checked::instant("recovered_at", at)?;
    }
    let (app, actor) = (app.clone(), actor.clone());
    let (reader, asker) = (app.clone(), actor.clone());
    let marked = retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = by_number(&tx, number).await?;
            if before.fields.recovered.is_some() {
                tx.rollback().await?;
                return Ok(before);
            }
            let pressed = whole_minute(app.now());
            // A beginning with seconds may lie behind the whole minute of now.
            let now = before.fields.occurred.map_or(pressed, |occurred| occurred.at.max(pressed));
            let recovered = Some(ClockPoint::minute(at.unwrap_or(now)));
            let patch = EventPatch { recovered: Some(recovered), ..EventPatch::default() };
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
            if event.fields.recovered.is_some() { Ok(event) } else { Err(ServiceError::Conflict(words)) }
        }
        other => other,
    }
}

fn whole_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp() - at.timestamp().rem_euclid(60), 0).unwrap_or(at)
}

/// Adds a line to the timeline.
pub async fn add_timeline_entry(
    app: &App,
    actor: &Actor,
    number: i64,
    at: Option<DateTime<Utc>>,
    text: &str,
    once: Option<Once<TimelineEntry>>,
) -> Result<Created<TimelineEntry>, ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    if let Some(once) = &once
        && let Some(kept) = idempotency::find(app, actor, once).await?
    {
        return Ok(Created::Before(kept));
    }
    let text = checked::text("entry", text, 2_000)?;
    if let Some(at) = at {
        checked::instant("at", at)?;
    }
    let (task_app, task_actor, task_once) = (app.clone(), actor.clone(), once.clone());
    let made = retried(move || {
        let (app, actor, text, once) = (task_app.clone(), task_actor.clone(), text.clone(), task_once.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = by_number(&tx, number).await?;
            let now = app.now_millis();
            let entry = TimelineEntry {
                id: app.id(),
                at: at.map_or(now, |at| at.timestamp_millis()),
                text,
                created_by: actor.account_id,
            };
            store::timeline::insert(&tx, event.id, &entry, now).await?;
            audit(&app, &tx, &actor, "timeline.add", &event, json!({"text": entry.text})).await?;
            if let Some(once) = &once
                && !idempotency::keep(&app, &tx, actor.account_id, once, &entry).await?
            {
                tx.rollback().await?;
                return Ok(None);
            }
            tx.commit().await?;
            Ok(Some(entry))
        }
    })
    .await?;
    made_or_before(app, actor, made, once).await
}

/// What was made, or the answer of the request that was quicker.
async fn made_or_before<T>(
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
            let event = current(&tx, number, version).await?;
            store::events::delete(&tx, event.id, version, app.now_millis()).await?;
            reminders::cancel_for_event(&app, &tx, event.id).await?;
            let was = json!({"narrative": event.fields.narrative});
            audit(&app, &tx, &actor, "event.delete", &event, was).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// The event inside a transaction.
pub(super) async fn by_number(tx: &Tx, number: i64) -> Result<ProductionEvent, ServiceError> {
    store::events::by_number(tx.conn(), number)
        .await?
        .ok_or_else(|| ServiceError::NotFound(format!("event {}", event::label(number))))
}

pub(super) async fn current(tx: &Tx, number: i64, version: i64) -> Result<ProductionEvent, ServiceError> {
    let event = by_number(tx, number).await?;
    if event.version == version {
        Ok(event)
    } else {
        Err(ServiceError::Stale { what: event.label(), given: version, current: event.version })
    }
}

fn apply(app: &App, event: &mut ProductionEvent, patch: EventPatch) {
    let fields = &mut event.fields;
    let narrative = patch.narrative;
    set(&mut fields.occurred, patch.occurred);
    set(&mut fields.detected, patch.detected);
    set(&mut fields.acknowledged, patch.acknowledged);
    set(&mut fields.located, patch.located);
    set(&mut fields.mitigated, patch.mitigated);
    set(&mut fields.recovered, patch.recovered);
    set(&mut fields.severity, patch.severity);
    set(&mut fields.summary, patch.summary);
    set(&mut fields.impact, patch.impact);
    set(&mut fields.impacts, patch.impacts);
    set(&mut fields.cause, patch.cause);
    set(&mut fields.cause_category, patch.cause_category);
    set(&mut fields.recovery, patch.recovery);
    match narrative {
        Some(Some(sentence)) if sentence.trim() != fields.narrative => {
            fields.narrative = sentence;
            fields.narrative_generated = false;
        }
        Some(None) => fields.narrative_generated = true,
        _ => {}
    }
    if fields.narrative_generated {
        fields.narrative = report::generate_narrative(&fields.to_draft(), app.zone);
    }
    set(&mut event.week, patch.week);
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// A due date that nobody chose follows severity and recovery.
async fn follow_due_date(app: &App, tx: &Tx, event: &mut ProductionEvent, now: i64) -> Result<(), ServiceError> {
    let postmortem = &mut event.postmortem;
    if !postmortem.state.is_owed() || postmortem.due_fixed {
        return Ok(());
    }
    let due = due_of(app, &event.fields, event.created_at);
    if postmortem.due_on == Some(due) {
        return Ok(());
    }
    postmortem.due_on = Some(due);
    store::postmortems::update(tx, event.id, postmortem.version, postmortem, now).await?;
    postmortem.version += 1;
    Ok(())
}

pub(super) fn subject(number: i64) -> String {
    format!("event:{number}")
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
