//! Dips: found by the worker, proposed as events, and accepted, merged or dismissed by people. Nothing is proposed twice.

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    event_costing, event_costs,
    events::{self, NewEvent},
    grading, policies,
    retry::retried,
    samples,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        attribution::Measured,
        capture::draft::{Impact, ImpactKind},
        checked,
        clock_point::{ClockPoint, Precision},
        dips::{self, Dip, DipState, FalseAlarms, FoundDip, Usual},
        event::{EventFields, ProductionEvent, Source},
        event_record::{AffectedService, Detection},
        figure_policy::{FigurePolicy, POLICY},
        indicator::Indicator,
        postmortem::PostmortemState,
        ratio::Ratio,
        samples::{Minute, Sample},
    },
    store::{self, Tx, dips::Watch},
};

/// Most indicators that are watched.
const MOST_WATCHED: u64 = 1_000;
/// How many of them are looked at in one round.
const TOGETHER: usize = 100;
/// The minutes before what is looked at that tell what is usual: seven days.
const USUAL: Minute = 7 * 1_440;
/// How far back a look begins again, because samples come late: a day.
const AGAIN: Minute = 1_440;
/// The least quiet minutes that tell what is usual.
const LEAST_QUIET: usize = 60;

/// Looks at the indicators whose samples changed; says how many dips are new.
pub async fn watch(app: &App) -> Result<usize, ServiceError> {
    let connection = app.store.read();
    let indicators = store::indicators::page(connection, None, false, MOST_WATCHED).await?;
    let watched: Vec<Indicator> = indicators.into_iter().filter(|one| one.fields.kind.has_samples()).collect();
    if watched.is_empty() {
        return Ok(0);
    }
    let numbers: Vec<i32> = watched.iter().map(|one| one.number).collect();
    let heads = store::samples::heads(connection, &numbers).await?;
    let watches = store::dips::watches(connection, &numbers).await?;
    let policy: FigurePolicy = policies::load(connection, POLICY.name).await?;
    let alarms =
        FalseAlarms { per_week: f64::from(policy.false_dips_per_100_weeks) / 100.0, indicators: watched.len() };
    let mut new = 0;
    let changed = watched.iter().filter_map(|one| {
        let head = heads.get(&one.number)?;
        let before = watches.get(&one.number);
        before.is_none_or(|watch| watch.revision != head.revision).then_some((one, *head, before.copied()))
    });
    for (indicator, head, before) in changed.take(TOGETHER) {
        let Some((first, last)) = head.reach else { continue };
        let from = before.map_or(last.saturating_sub(USUAL), |watch| watch.until.saturating_sub(AGAIN)).max(first);
        let to = last.saturating_add(1);
        let found = look(app, indicator, (from, to), alarms, &policy).await?;
        new += propose(app, indicator, found, (from, to), Watch { revision: head.revision, until: to }).await?;
    }
    Ok(new)
}

/// The dips of an indicator in `from..to` that no event and no earlier decision explains.
async fn look(
    app: &App,
    indicator: &Indicator,
    (from, to): (Minute, Minute),
    alarms: FalseAlarms,
    policy: &FigurePolicy,
) -> Result<Vec<Dip>, ServiceError> {
    let begin = from.saturating_sub(USUAL);
    let minutes: Vec<Sample> = samples::minutes(app, &Actor::clock(), indicator.number, begin, to).await?.collect();
    let known = event_costing::spans(app, app.store.read(), indicator, begin, to).await?;
    let dips = store::dips::overlapping(app.store.read(), indicator.number, begin, to).await?;
    let clear = |minute: Minute| {
        !known.iter().any(|(from, to)| (*from..*to).contains(&minute))
            && !dips.iter().any(|dip| dip.state != DipState::Dismissed && dip.meets(minute, minute + 1))
    };
    // What is usual is told by the minutes before, and where there are too few of them by all.
    let quiet: Vec<_> = minutes.iter().filter(|one| one.minute < from && clear(one.minute)).copied().collect();
    let quiet = if quiet.len() >= LEAST_QUIET { quiet } else { typical(&minutes, clear) };
    let Some(usual) = Usual::of(quiet.iter().map(|sample| sample.counts)).filter(|_| quiet.len() >= LEAST_QUIET) else {
        return Ok(Vec::new());
    };
    let found = dips::find(Measured::new(&minutes), usual, alarms, from, to);
    let explained = |dip: &Dip| {
        let end = dip.to.unwrap_or(to);
        known.iter().any(|(from, to)| *from < end + dips::CLEAN && dip.from < *to + dips::CLEAN)
    };
    let least = i64::from(policy.least_dip_failures);
    Ok(found.into_iter().filter(|dip| dip.excess >= least && !explained(dip)).collect())
}

/// The better nine tenths of the minutes: where nothing earlier is known, the trouble itself must not become the usual.
fn typical(minutes: &[Sample], clear: impl Fn(Minute) -> bool) -> Vec<Sample> {
    let mut clear: Vec<Sample> = minutes.iter().filter(|one| clear(one.minute)).copied().collect();
    let rate = |sample: &Sample| {
        let eligible = sample.counts.total - sample.counts.excluded;
        if eligible > 0 { sample.counts.failed() as f64 / eligible as f64 } else { 0.0 }
    };
    clear.sort_by(|a, b| rate(a).total_cmp(&rate(b)));
    clear.truncate(clear.len() * 9 / 10);
    clear
}

/// Writes what was found: new dips, and what became of those that go on. Says how many are new.
async fn propose(
    app: &App,
    indicator: &Indicator,
    found: Vec<Dip>,
    (from, to): (Minute, Minute),
    watch: Watch,
) -> Result<usize, ServiceError> {
    let (app, number) = (app.clone(), indicator.number);
    retried(move || {
        let (app, found) = (app.clone(), found.clone());
        async move {
            let tx = app.store.begin().await?;
            let reach = from.saturating_sub(USUAL);
            let known = store::dips::overlapping(tx.conn(), number, reach, to.saturating_add(dips::CLEAN)).await?;
            let mut new = Vec::new();
            for dip in found {
                let end = dip.to.unwrap_or(to);
                match known.iter().find(|known| known.meets(dip.from, end)) {
                    Some(before) if before.state == DipState::Proposed => {
                        let from = before.from.min(dip.from);
                        let after =
                            FoundDip { from, to: dip.to, counts: dip.counts, excess: dip.excess, ..before.clone() };
                        if after != *before {
                            store::dips::update(&tx, &after, before.version).await?;
                        }
                    }
                    // Somebody decided about it.
                    Some(_) => {}
                    None => new.push(FoundDip {
                        id: app.id(),
                        version: 1,
                        indicator: number,
                        from: dip.from,
                        to: dip.to,
                        counts: dip.counts,
                        excess: dip.excess,
                        state: DipState::Proposed,
                        found_at: app.now_millis(),
                        event: None,
                        decided_by: None,
                        decided_at: None,
                        reason: None,
                    }),
                }
            }
            store::dips::insert(&tx, &new).await?;
            store::dips::write_watch(&tx, number, watch).await?;
            tx.commit().await?;
            Ok(new.len())
        }
    })
    .await
}

/// A dip with its indicator.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The dip.
    pub dip: FoundDip,
    /// The indicator.
    pub indicator: Indicator,
    /// The event that it would become, and its sentence.
    pub fields: EventFields,
    /// The number of the event that it became or belongs to, where the caller sees it.
    pub event: Option<i64>,
}

/// Most dips of a page.
pub const PAGE_LIMIT: u64 = 100;

/// Dips in a state, the latest first, from the one before `before` on.
pub async fn page(
    app: &App,
    actor: &Actor,
    state: DipState,
    before: Option<(i64, Uuid)>,
    limit: u64,
) -> Result<Vec<Proposal>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let dips = store::dips::page(app.store.read(), state, before, limit.clamp(1, PAGE_LIMIT)).await?;
    with_indicators(app, actor, dips).await
}

/// How many dips wait for a decision, counted up to 1,000.
pub async fn count_proposed(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::dips::count(app.store.read(), DipState::Proposed, 1_000).await?)
}

/// One dip.
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Proposal, ServiceError> {
    authorise(actor, Permission::Read)?;
    let dip = store::dips::by_id(app.store.read(), id).await?.ok_or_else(|| missing(id))?;
    with_indicators(app, actor, vec![dip]).await?.pop().ok_or_else(|| missing(id))
}

fn missing(id: Uuid) -> ServiceError {
    ServiceError::NotFound(format!("dip {id}; `fupan figures dips` lists those that wait"))
}

async fn with_indicators(app: &App, actor: &Actor, dips: Vec<FoundDip>) -> Result<Vec<Proposal>, ServiceError> {
    let connection = app.store.read();
    let mut numbers: Vec<i32> = dips.iter().map(|dip| dip.indicator).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let indicators = store::indicators::by_numbers(connection, &numbers).await?;
    let ids: Vec<Uuid> = dips.iter().filter_map(|dip| dip.event).collect();
    let sight = crate::domain::visibility::Sight::of(actor);
    let events: Vec<ProductionEvent> = store::events::by_ids(connection, &ids).await?;
    let seen = store::sight::among(connection, sight, &events).await?;
    let number = |id: Uuid| events.iter().find(|event| event.id == id && seen.contains(&id)).map(|event| event.number);
    Ok(dips
        .into_iter()
        .filter_map(|dip| {
            let indicator = indicators.get(&dip.indicator)?.clone();
            let fields = draft(app, &dip, &indicator);
            Some(Proposal { event: dip.event.and_then(number), fields, indicator, dip })
        })
        .collect())
}

/// The event that a dip would become: its times, what was measured, and that monitoring found it.
fn draft(app: &App, dip: &FoundDip, indicator: &Indicator) -> EventFields {
    let at = |minute: Minute| {
        chrono::DateTime::from_timestamp(i64::from(minute) * 60, 0)
            .map(|at| ClockPoint { at, precision: Precision::Minute })
    };
    let rate = Ratio { part: dip.counts.success, whole: dip.counts.eligible() }.floor_percent(2);
    let summary = match rate {
        Some(rate) => format!("{}降至{rate}%", indicator.fields.name),
        None => format!("{}下降", indicator.fields.name),
    };
    let recovered = dip.to.and_then(at);
    let mut fields = EventFields {
        occurred: at(dip.from),
        recovered,
        summary: Some(summary),
        impact: Some(format!("影响约{}笔", dip.excess)),
        impacts: vec![Impact {
            kind: ImpactKind::Count, number: dip.excess, unit: "笔".to_owned(), approximate: true
        }],
        detection: Some(Detection::Monitoring),
        services: indicator
            .fields
            .service_id
            .map(|service_id| AffectedService { service_id, shares: Vec::new() })
            .into_iter()
            .collect(),
        ..EventFields::default()
    };
    fields.narrative = crate::domain::report::generate_narrative(&fields.to_draft(), app.zone);
    fields.narrative_generated = true;
    fields
}

/// Makes an event of a dip; `severity` is a level of the house.
pub async fn accept(
    app: &App,
    actor: &Actor,
    id: Uuid,
    severity: Option<String>,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::DecideDip)?;
    let severity = match severity {
        Some(label) => Some(grading::levels(app.store.read()).await?.graded(&label)?),
        None => None,
    };
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, severity) = (app.clone(), actor.clone(), severity.clone());
        async move {
            let tx = app.store.begin().await?;
            let (dip, indicator) = undecided(&tx, id).await?;
            let fields = EventFields { severity, ..draft(&app, &dip, &indicator) }.checked()?;
            let state = PostmortemState::Undecided;
            let new = NewEvent { fields, state, week: None, raw: None, source: Source::Api };
            let event = events::write_new(&app, &tx, &actor, new, None).await?;
            if indicator.fields.service_id.is_none() {
                event_costs::write_link(&app, &tx, &actor, &event, &indicator, Some(true)).await?;
            }
            decide(&app, &tx, &actor, &dip, DipState::Accepted, Some(event.id), None).await?;
            tx.commit().await?;
            Ok(event)
        }
    })
    .await
}

/// Says that a dip belongs to an event that is there; the event is linked to the indicator, if its services do not do that.
pub async fn merge(app: &App, actor: &Actor, id: Uuid, number: i64) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::DecideDip)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let (dip, indicator) = undecided(&tx, id).await?;
            let affects = |service| event.fields.services.iter().any(|affected| affected.service_id == service);
            if !indicator.fields.service_id.is_some_and(affects) {
                event_costs::write_link(&app, &tx, &actor, &event, &indicator, Some(true)).await?;
            }
            decide(&app, &tx, &actor, &dip, DipState::Merged, Some(event.id), None).await?;
            tx.commit().await?;
            Ok(event)
        }
    })
    .await
}

/// Says that a dip is no event, and why.
pub async fn dismiss(app: &App, actor: &Actor, id: Uuid, reason: &str) -> Result<FoundDip, ServiceError> {
    authorise(actor, Permission::DecideDip)?;
    let reason = checked::line("reason", reason, 500)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, reason) = (app.clone(), actor.clone(), reason.clone());
        async move {
            let tx = app.store.begin().await?;
            let (dip, _) = undecided(&tx, id).await?;
            let after = decide(&app, &tx, &actor, &dip, DipState::Dismissed, None, Some(reason)).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await
}

/// The dip, if nobody decided about it yet.
async fn undecided(tx: &Tx, id: Uuid) -> Result<(FoundDip, Indicator), ServiceError> {
    let dip = store::dips::by_id(tx.conn(), id).await?.ok_or_else(|| missing(id))?;
    if dip.state != DipState::Proposed {
        let words = format!("the dip was {} already; read the list again", dip.state.code());
        return Err(ServiceError::Conflict(words));
    }
    let indicator = store::indicators::by_numbers(tx.conn(), &[dip.indicator]).await?.remove(&dip.indicator);
    Ok((dip, indicator.ok_or_else(|| missing(id))?))
}

async fn decide(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    before: &FoundDip,
    state: DipState,
    event: Option<Uuid>,
    reason: Option<String>,
) -> Result<FoundDip, ServiceError> {
    let now = app.now_millis();
    let after = FoundDip {
        state,
        event,
        decided_by: actor.account_id,
        decided_at: Some(now),
        reason: reason.clone(),
        ..before.clone()
    };
    store::dips::update(tx, &after, before.version).await?;
    let change = json!({"state": {"from": before.state.code(), "to": state.code()}, "reason": reason});
    let subject = format!("dip:{}", before.id);
    store::audit::insert(tx, app.id(), now, actor, "dip.decide", &subject, change).await?;
    Ok(after)
}
