//! What events cost indicators, and what figures say of that; [`super::event_costing`] computes it.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    event_costing::{TOGETHER, indicators_of, step},
    events, hand_counts,
    indicators::{self, WithObjectives},
    policies,
    retry::retried,
    sample_retention,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        attribution::{self, Cost},
        checked::FieldError,
        event::ProductionEvent,
        figure_policy::{FigurePolicy, POLICY},
        indicator::{Indicator, Objective, Window},
        iso_week::{self, IsoWeek},
        loss_ledger::{self, Declared, Effect, Explained, Loss},
        period::{Period, PeriodKind},
        report::reading::Decimal,
        samples::{Minute, Totals},
        visibility::Sight,
    },
    store::{self, Tx},
};

pub use super::event_costing::refresh;

/// Most indicators of one event.
pub const MOST_INDICATORS: usize = 100;

/// The period of an objective that holds a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// What it is of.
    pub window: Window,
    /// First minute.
    pub from: Minute,
    /// The minute behind the last; for one that runs, behind the minute that it is computed for.
    pub to: Minute,
}

/// What a loss did to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeriodEffect {
    /// The period.
    pub stretch: Stretch,
    /// The sums of the period.
    pub totals: Totals,
    /// The target in percent.
    pub target: Option<Decimal>,
    /// What the event lost in it.
    pub loss: Loss,
    /// What that did to it; none where nothing counts.
    pub effect: Option<Effect>,
}

/// What an event cost an indicator.
#[derive(Debug, Clone)]
pub struct EventCost {
    /// The indicator.
    pub indicator: Indicator,
    /// Linked by hand; else by a service that it affected.
    pub linked: bool,
    /// Its pieces in order of time; none while they are being computed.
    pub pieces: Vec<Cost>,
    /// Their sum.
    pub loss: Loss,
    /// What was counted in the minutes of the event.
    pub observed: Totals,
    /// What it did to the week that it began in, and to the periods of the objectives.
    pub periods: Vec<PeriodEffect>,
    /// How the declared number of transactions stands to that, where there is one and something was measured.
    pub declared: Option<(i64, Declared)>,
    /// Hours before this minute are removed, and some of the event's are: its cost stays as it was computed before.
    pub gone_before: Option<Minute>,
    /// It used more of four weeks' budget than the house lets pass without a postmortem.
    pub postmortem_advised: bool,
}

/// What an event cost each of its indicators.
pub async fn of_event(app: &App, actor: &Actor, number: i64) -> Result<Vec<EventCost>, ServiceError> {
    let event = events::get(app, actor, number).await?;
    of_read(app, actor, &event).await
}

/// The same of an event that the caller has read.
pub async fn of_read(app: &App, actor: &Actor, event: &ProductionEvent) -> Result<Vec<EventCost>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    // Who asks right after a change need not wait for the worker.
    if let Some(due) = store::event_costs::due_of(connection, event.id, app.now_millis()).await? {
        step(app, &[due]).await?;
    }
    let services: Vec<Uuid> = event.fields.services.iter().map(|service| service.service_id).collect();
    let of_services = store::indicators::of_services(connection, &services).await?;
    let links = store::event_costs::links_of(connection, &[event.id]).await?.remove(&event.id).unwrap_or_default();
    let indicators = indicators_of(event, &of_services, &links);
    if indicators.is_empty() {
        return Ok(Vec::new());
    }
    let policy: FigurePolicy = policies::load(connection, POLICY.name).await?;
    let ids: Vec<Uuid> = indicators.iter().map(|one| one.id).collect();
    let mut objectives = store::indicators::objectives(connection, &ids).await?;
    let mut pieces: HashMap<i32, Vec<Cost>> = HashMap::new();
    for (indicator, cost) in store::event_costs::of_event(connection, event.id).await? {
        pieces.entry(indicator).or_default().push(cost);
    }
    let began = event.fields.occurred.map_or(0, |point| point.at.timestamp_millis());
    let began = Minute::try_from(began.div_euclid(60_000)).unwrap_or(0);
    let mut stretches: Vec<Stretch> = Vec::new();
    for objective in objectives.values().flatten() {
        stretches.extend(stretch_of(app, objective.window, began));
    }
    stretches.extend(stretch_of(app, Window::Week, began));
    stretches.extend(stretch_of(app, Window::Rolling28, began));
    stretches.sort_by_key(|stretch| stretch.window);
    stretches.dedup();
    let numbers: Vec<i32> = indicators.iter().map(|one| one.number).collect();
    let mut sums: HashMap<(Window, i32), Totals> = HashMap::new();
    let periods: Vec<(Minute, Minute)> = stretches.iter().map(|stretch| (stretch.from, stretch.to)).collect();
    let each = hand_counts::sums_of_each(app, actor, &numbers, &periods).await?;
    for (stretch, found) in stretches.iter().zip(each) {
        sums.extend(found.into_iter().map(|(number, summed)| ((stretch.window, number), summed.totals)));
    }
    let declared = declared_transactions(event);
    let ended = event.fields.recovered.map_or_else(|| app.now_millis(), |point| point.at.timestamp_millis());
    let ended = crate::domain::samples::minute_of(ended).max(began.saturating_add(1));
    let gone = sample_retention::gone_of(app, &numbers, (began, ended)).await?;
    Ok(indicators
        .into_iter()
        .map(|indicator| {
            let pieces = pieces.remove(&indicator.number).unwrap_or_default();
            let objectives = objectives.remove(&indicator.id).unwrap_or_default();
            let all: Vec<PeriodEffect> = stretches
                .iter()
                .filter_map(|stretch| {
                    let totals = *sums.get(&(stretch.window, indicator.number))?;
                    Some(effect_of(*stretch, totals, target_of(&objectives, stretch.window), &pieces))
                })
                .collect();
            // The budget of four weeks by the strictest target that there is.
            let strictest = objectives.iter().map(|one| one.target).max_by(|a, b| compare(*a, *b));
            let advised = all.iter().find(|one| one.stretch.window == Window::Rolling28).is_some_and(|month| {
                let effect = loss_ledger::effect(month.loss, month.totals, strictest);
                effect.and_then(|effect| effect.budget_percent).is_some_and(|used| {
                    used.units > i64::from(policy.postmortem_from_budget_percent) * 10_i64.pow(u32::from(used.scale))
                })
            });
            let wanted = |one: &PeriodEffect| one.target.is_some() || one.stretch.window == Window::Week;
            let loss = Loss::of(pieces.iter());
            EventCost {
                linked: links.iter().any(|(one, linked)| *linked && one.number == indicator.number),
                observed: observed(&pieces),
                periods: all.into_iter().filter(wanted).collect(),
                declared: declared.filter(|_| loss.known && !pieces.is_empty()).map(|(number, approximate)| {
                    (number, loss_ledger::declared(number, approximate, loss, policy.declared_within_percent))
                }),
                gone_before: gone.get(&indicator.number).copied(),
                postmortem_advised: advised && !event.owes_postmortem(),
                indicator,
                pieces,
                loss,
            }
        })
        .collect())
}

fn observed(pieces: &[Cost]) -> Totals {
    pieces.iter().fold(Totals::default(), |mut sum, piece| {
        sum.add(piece.observed);
        sum
    })
}

fn compare(a: Decimal, b: Decimal) -> std::cmp::Ordering {
    let at = |one: Decimal, other: Decimal| i128::from(one.units) * 10_i128.pow(u32::from(other.scale.min(9)));
    at(a, b).cmp(&at(b, a))
}

fn target_of(objectives: &[Objective], window: Window) -> Option<Decimal> {
    objectives.iter().find(|objective| objective.window == window).map(|objective| objective.target)
}

fn effect_of(stretch: Stretch, totals: Totals, target: Option<Decimal>, pieces: &[Cost]) -> PeriodEffect {
    let loss = Loss::of(pieces.iter().filter(|piece| (stretch.from..stretch.to).contains(&piece.from)));
    PeriodEffect { stretch, totals, target, loss, effect: loss_ledger::effect(loss, totals, target) }
}

/// The number of transactions that was declared, and whether it is marked 约: the greatest, where several are.
fn declared_transactions(event: &ProductionEvent) -> Option<(i64, bool)> {
    use crate::domain::capture::draft::ImpactKind;
    let counts = event.fields.impacts.iter().filter(|impact| impact.kind == ImpactKind::Count);
    counts.max_by_key(|impact| impact.number).map(|impact| (impact.number, impact.approximate))
}

/// The period of a window that holds a minute, in the report zone; one that runs ends with the minute before now.
pub fn stretch_of(app: &App, window: Window, minute: Minute) -> Option<Stretch> {
    use chrono::Datelike as _;
    let day = attribution::local_day(minute, app.zone)?;
    let days = |from: NaiveDate, to: NaiveDate| {
        let at = |day| Minute::try_from(iso_week::midnight(day, app.zone).timestamp().div_euclid(60)).ok();
        let now = Minute::try_from(app.now_millis().div_euclid(60_000)).ok()?;
        let (from, to) = (at(from)?, at(to)?.min(now));
        (from < to).then_some(Stretch { window, from, to })
    };
    let first = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1);
    match window {
        Window::Week => days(IsoWeek::of(day).monday(), IsoWeek::of(day).next().monday()),
        Window::Month => {
            let next = if day.month() == 12 { first(day.year() + 1, 1) } else { first(day.year(), day.month() + 1) };
            days(day.with_day(1)?, next?)
        }
        Window::Year => days(first(day.year(), 1)?, first(day.year() + 1, 1)?),
        // The days up to the one that holds the minute.
        Window::Rolling28 => days(day.checked_sub_days(Days::new(27))?, day.succ_opt()?),
        Window::Rolling30 => days(day.checked_sub_days(Days::new(29))?, day.succ_opt()?),
    }
}

/// Links an event to an indicator by hand (`true`), cuts it off (`false`), or leaves it to the services that it affected.
pub async fn link(app: &App, actor: &Actor, number: i64, key: &str, link: Option<bool>) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key) = (app.clone(), actor.clone(), key.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let indicator =
                store::indicators::by_key(tx.conn(), &key).await?.ok_or_else(|| indicators::missing(&key))?;
            write_link(&app, &tx, &actor, &event, &indicator, link).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// The same inside a transaction.
pub(super) async fn write_link(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    event: &ProductionEvent,
    indicator: &Indicator,
    link: Option<bool>,
) -> Result<(), ServiceError> {
    let links = store::event_costs::links_of(tx.conn(), &[event.id]).await?.remove(&event.id).unwrap_or_default();
    let was = links.iter().find(|(one, _)| one.number == indicator.number).map(|(_, linked)| *linked);
    if was == link {
        return Ok(());
    }
    if links.len() >= MOST_INDICATORS && was.is_none() {
        let words = format!("{} is linked to {MOST_INDICATORS} indicators; take one away first", event.label());
        return Err(ServiceError::Conflict(words));
    }
    let now = app.now_millis();
    store::event_costs::write_link(tx, event.id, indicator.number, link).await?;
    store::event_costs::make_due(tx, &[event.id], now).await?;
    let word = |link: Option<bool>| link.map(|linked| if linked { "linked" } else { "cut" });
    let key = &indicator.fields.key;
    let change = json!({"indicators": {"from": {key: word(was)}, "to": {key: word(link)}}});
    let subject = events::subject(event.number);
    store::audit::insert(tx, app.id(), now, actor, "event.link", &subject, change).await?;
    Ok(())
}

/// What an event of a ledger lost.
#[derive(Debug, Clone)]
pub struct LedgerEntry {
    /// The number of the event; none are those that the caller may not see, all together.
    pub number: Option<i64>,
    /// First minute in the period.
    pub from: Minute,
    /// The minute behind the last.
    pub to: Minute,
    /// What it lost.
    pub loss: Loss,
    /// What that did to the period.
    pub effect: Option<Effect>,
}

/// A figure with the events that moved it.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Of what.
    pub indicator: Indicator,
    /// First minute.
    pub from: Minute,
    /// The minute behind the last.
    pub to: Minute,
    /// Its sums.
    pub totals: Totals,
    /// Minutes of them that nobody measured: their counts were written by hand.
    pub by_hand: i64,
    /// What was written by hand for them, in order of days.
    pub stand_ins: Vec<hand_counts::StandIn>,
    /// The target in percent.
    pub target: Option<Decimal>,
    /// Its events, the dearest first. Their failures and the background are those of the period exactly.
    pub entries: Vec<LedgerEntry>,
    /// How much of the failures they explain.
    pub explained: Explained,
}

/// The figure of an indicator over `from..to` as a ledger, against a target.
pub async fn ledger(
    app: &App,
    actor: &Actor,
    indicator: Indicator,
    (from, to): (Minute, Minute),
    target: Option<Decimal>,
) -> Result<Ledger, ServiceError> {
    let missing = indicators::missing(&indicator.fields.key);
    ledgers(app, actor, vec![(indicator, target)], (from, to)).await?.pop().ok_or(missing)
}

/// The figures of several indicators over `from..to` as ledgers, each against its target; at most 1,000.
async fn ledgers(
    app: &App,
    actor: &Actor,
    of: Vec<(Indicator, Option<Decimal>)>,
    (from, to): (Minute, Minute),
) -> Result<Vec<Ledger>, ServiceError> {
    authorise(actor, Permission::Read)?;
    // Who asks right after a change need not wait for the worker; a backlog is the worker's.
    let due = store::event_costs::due(app.store.read(), app.now_millis(), TOGETHER).await?;
    if !due.is_empty() && due.len() < usize::try_from(TOGETHER).unwrap_or(usize::MAX) {
        step(app, &due).await?;
    }
    let numbers: Vec<i32> = of.iter().map(|(indicator, _)| indicator.number).collect();
    let mut sums = hand_counts::sums_of(app, actor, &numbers, from, to).await?;
    let mut costs: HashMap<i32, BTreeMap<Option<i64>, Vec<Cost>>> = HashMap::new();
    let rows = store::event_costs::of_indicators(app.store.read(), &numbers, from, to, Sight::of(actor)).await?;
    for (indicator, cost, number) in rows {
        costs.entry(indicator).or_default().entry(number).or_default().push(cost);
    }
    let made = of.into_iter().map(|(indicator, target)| {
        let hand_counts::Sums { totals, by_hand, stand_ins, .. } = sums.remove(&indicator.number).unwrap_or_default();
        let costs = costs.remove(&indicator.number).unwrap_or_default();
        let mut entries: Vec<LedgerEntry> = costs
            .into_iter()
            .map(|(number, costs)| {
                let loss = Loss::of(costs.iter());
                LedgerEntry {
                    number,
                    from: costs.iter().map(|cost| cost.from).min().unwrap_or(from),
                    to: costs.iter().map(|cost| cost.to).max().unwrap_or(to),
                    effect: loss_ledger::effect(loss, totals, target),
                    loss,
                }
            })
            .collect();
        entries.sort_by_key(|entry| (std::cmp::Reverse(entry.loss.excess), entry.from));
        let by_events = entries.iter().fold(0_i64, |sum, entry| sum.saturating_add(entry.loss.excess));
        let explained = Explained { failed: totals.eligible().saturating_sub(totals.success), by_events };
        Ledger { indicator, from, to, totals, by_hand, stand_ins, target, entries, explained }
    });
    Ok(made.collect())
}

/// The minutes of a period in the report zone; one that runs ends before the minute that is not over.
pub fn minutes_of(app: &App, period: Period) -> (Minute, Minute) {
    let minute =
        |day: NaiveDate| crate::domain::samples::minute_of(iso_week::midnight(day, app.zone).timestamp_millis());
    let from = minute(period.from);
    let behind = period.to.succ_opt().unwrap_or(period.to);
    (from, minute(behind).min(crate::domain::samples::minute_of(app.now_millis())).max(from))
}

/// The window that is a period of this kind.
pub const fn window_of(kind: PeriodKind) -> Option<Window> {
    match kind {
        PeriodKind::Week => Some(Window::Week),
        PeriodKind::Month => Some(Window::Month),
        PeriodKind::Year => Some(Window::Year),
        PeriodKind::Quarter | PeriodKind::Days => None,
    }
}

/// The ledger of a named period, against the objective of such periods.
pub async fn ledger_of(
    app: &App,
    actor: &Actor,
    found: &WithObjectives,
    period: Period,
) -> Result<Ledger, ServiceError> {
    let target = window_of(period.kind).and_then(|window| target_of(&found.objectives, window));
    ledger(app, actor, found.indicator.clone(), minutes_of(app, period), target).await
}

/// What the house decided about figures.
pub async fn policy(app: &App, actor: &Actor) -> Result<FigurePolicy, ServiceError> {
    authorise(actor, Permission::Read)?;
    policies::load(app.store.read(), POLICY.name).await
}

/// Where events that the caller sees began to cost several indicators, in the order of time: indicator, minute, number of the
/// event, failures above the baseline.
pub async fn beginnings(
    app: &App,
    actor: &Actor,
    indicators: &[i32],
    (from, to): (Minute, Minute),
) -> Result<Vec<(i32, Minute, i64, i64)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::event_costs::beginnings(app.store.read(), indicators, from, to, Sight::of(actor)).await?)
}

/// The ledger of a period against the objective of a window.
pub async fn ledger_for(
    app: &App,
    actor: &Actor,
    found: &WithObjectives,
    period: Period,
    window: Option<Window>,
) -> Result<Ledger, ServiceError> {
    let target = window.and_then(|window| target_of(&found.objectives, window));
    ledger(app, actor, found.indicator.clone(), minutes_of(app, period), target).await
}

/// The ledgers of several indicators over a period against their objectives of a window.
pub async fn ledgers_for(
    app: &App,
    actor: &Actor,
    found: &[&WithObjectives],
    period: Period,
    window: Window,
) -> Result<Vec<Ledger>, ServiceError> {
    let of = found.iter().map(|one| (one.indicator.clone(), target_of(&one.objectives, window)));
    ledgers(app, actor, of.collect(), minutes_of(app, period)).await
}

/// How an event is tied to an indicator, by its code: linked, cut, or nothing for what its services say.
pub fn link_of_code(code: Option<&str>) -> Result<Option<bool>, FieldError> {
    match code {
        None | Some("auto") => Ok(None),
        Some("linked") => Ok(Some(true)),
        Some("cut") => Ok(Some(false)),
        Some(_) => Err(FieldError::shape("link", "choose linked, cut or auto")),
    }
}
