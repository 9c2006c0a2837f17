//! Error budgets of indicators: how much of one is used, how fast it burns, and the time-based one of the year from the
//! downtimes of events.

use chrono::{DateTime, Datelike as _};

use super::{
    App, ServiceError,
    app::authorise,
    event_costs::{self, minutes_of, stretch_of},
    hand_counts,
    indicators::WithObjectives,
    samples,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        error_budget::{Allowance, Budget},
        event_record::EventKind,
        indicator::{self, Indicator, IndicatorKind, Window},
        period::{Period, PeriodKind},
        ratio::Ratio,
        reliability::{self, Case, Figure, Kind, Outage, Part},
        report::reading::Decimal,
        samples::{Minute, Totals, minute_of},
    },
    store::{self, event_costs::CauseRow},
};

/// The windows that a burn rate is told of, in minutes.
pub const BURN_WINDOWS: [Minute; 7] = [5, 30, 60, 120, 360, 1_440, 4_320];

/// Which budget is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// `2026`, `2026-08`, `2026-W34`.
    pub period: Option<&'a str>,
    /// Instead of a period: the window that holds now.
    pub window: Option<&'a str>,
    /// Instead of the objective's: a target in percent.
    pub target: Option<&'a str>,
}

/// How fast a budget burns.
#[derive(Debug, Clone, Copy)]
pub struct Burn {
    /// Its minutes, up to now.
    pub minutes: Minute,
    /// What was counted in them.
    pub totals: Totals,
    /// 1 uses exactly all of the budget by the end of its period. None where nothing counts.
    pub rate: Option<Figure>,
    /// In how many minutes the budget of the whole period is gone at that rate; none while it does not burn.
    pub exhausted_in: Option<i64>,
}

/// The budget of time of a year: seconds of service, and weighted seconds of the events' downtime.
#[derive(Debug, Clone, Copy)]
pub struct TimeBudget {
    /// Maintenance so far, which is taken out of the service time.
    pub planned_seconds: i64,
    /// Up to now.
    pub to_date: Budget,
    /// Of the whole year, if nothing more happens.
    pub full: Budget,
    /// To date.
    pub availability: Option<Figure>,
}

/// The error budget of an indicator.
#[derive(Debug, Clone)]
pub struct ErrorBudget {
    /// Of what.
    pub indicator: Indicator,
    /// Whose objective it is; none of other periods.
    pub window: Option<Window>,
    /// The target in percent.
    pub target: Decimal,
    /// First minute.
    pub from: Minute,
    /// Behind the last minute so far.
    pub to: Minute,
    /// Behind the last minute of the period.
    pub end: Minute,
    /// The sums so far.
    pub totals: Totals,
    /// Of the requests so far.
    pub to_date: Budget,
    /// Of the whole period, if the rest of it is like the part so far.
    pub projected: Option<Budget>,
    /// The rate of the whole period if nothing more fails, with as many requests as projected.
    pub floor: Option<Ratio>,
    /// Of a period that runs.
    pub burns: Vec<Burn>,
    /// Of a year: by the downtimes of the events of the indicator and its service.
    pub time: Option<TimeBudget>,
}

/// The budget of an indicator over a period: by default that of its longest objective.
pub async fn budget(
    app: &App,
    actor: &Actor,
    found: &WithObjectives,
    asked: Asked<'_>,
) -> Result<ErrorBudget, ServiceError> {
    authorise(actor, Permission::Read)?;
    let of_whom = found.indicator.clone();
    if !of_whom.fields.kind.has_samples() {
        let words = format!("{} is a number: it has no samples and no budget", of_whom.fields.key);
        return Err(ServiceError::Conflict(words));
    }
    let now = minute_of(app.now_millis());
    let (window, from, to, end) = reach(app, found, asked, now)?;
    let target = if let Some(text) = asked.target {
        // Of samples it is a percentage, whatever the kind.
        indicator::target(IndicatorKind::SuccessRate, Decimal::parse("target", text)?)?
    } else {
        let objective = found.objectives.iter().find(|one| Some(one.window) == window);
        let remedy = || {
            let name = window.map_or("this period", Window::code);
            FieldError::shape("target", format!("there is no objective for {name}; set one or give a target"))
        };
        objective.map(|one| one.target).ok_or_else(remedy)?
    };
    let remedy = || FieldError::shape("target", "a target of 100 leaves no budget; give less");
    let allowance = Allowance::of_target(target).ok_or_else(remedy)?;
    let of = |totals: Totals| Budget { allowance, whole: totals.eligible(), failed: totals.failed() };
    let number = of_whom.number;
    let totals = hand_counts::sums(app, actor, number, from, to).await?.totals;
    let to_date = of(totals);
    let (elapsed, period) = (i64::from(to - from), i64::from(end - from));
    let projected = to_date.projected(elapsed, period);
    let floor = projected.map(|all| Ratio { part: all.whole.saturating_sub(to_date.failed), whole: all.whole });
    let mut burns = Vec::new();
    if to == now && from < to {
        // Against the budget of the whole period, of which so much is used so far.
        let whole = Budget { whole: projected.map_or(to_date.whole, |all| all.whole), ..to_date };
        for minutes in BURN_WINDOWS {
            let totals = samples::totals(app, actor, number, now.saturating_sub(minutes), now).await?.totals;
            let burning = of(totals);
            let exhausted_in = whole.exhausted_in(burning, period);
            burns.push(Burn { minutes, totals, rate: burning.burn_rate(), exhausted_in });
        }
    }
    let time = match window {
        Some(Window::Year) if from < to => time_budget(app, &of_whom, (from, to, end), allowance).await?,
        _ => None,
    };
    Ok(ErrorBudget {
        indicator: of_whom,
        window,
        target,
        from,
        to,
        end,
        totals,
        to_date,
        projected,
        floor,
        burns,
        time,
    })
}

/// The window, the first minute, the end so far and the end.
fn reach(
    app: &App,
    found: &WithObjectives,
    asked: Asked<'_>,
    now: Minute,
) -> Result<(Option<Window>, Minute, Minute, Minute), ServiceError> {
    if asked.period.is_some() && asked.window.is_some() {
        return Err(FieldError::shape("period", "give either a period or a window").into());
    }
    if let Some(text) = asked.period {
        let period = Period::parse(text)?;
        let (from, to) = minutes_of(app, period);
        let behind = period.to.succ_opt().unwrap_or(period.to);
        let end = minute_of(crate::domain::iso_week::midnight(behind, app.zone).timestamp_millis());
        return Ok((event_costs::window_of(period.kind), from, to, end.max(to)));
    }
    let window = match asked.window {
        Some(code) => Window::from_code(code)?,
        None => found.objectives.last().map_or(Window::Year, |one| one.window),
    };
    let nothing = || FieldError::shape("window", "nothing of this window is over yet");
    let stretch = stretch_of(app, window, now.saturating_sub(1)).ok_or_else(nothing)?;
    let kind = match window {
        Window::Week => PeriodKind::Week,
        Window::Month => PeriodKind::Month,
        Window::Year => PeriodKind::Year,
        Window::Rolling28 | Window::Rolling30 => return Ok((Some(window), stretch.from, stretch.to, stretch.to)),
    };
    let period = Period::holding(kind, app.today());
    let behind = period.to.succ_opt().unwrap_or(period.to);
    let end = minute_of(crate::domain::iso_week::midnight(behind, app.zone).timestamp_millis());
    Ok((Some(window), stretch.from, stretch.to, end.max(stretch.to)))
}

/// The budget of time of the year that begins at `from`, by the rules of SEMANTICS.
async fn time_budget(
    app: &App,
    indicator: &Indicator,
    (from, to, end): (Minute, Minute, Minute),
    allowance: Allowance,
) -> Result<Option<TimeBudget>, ServiceError> {
    let millis = |minute: Minute| i64::from(minute) * 60_000;
    let service = indicator.fields.service_id;
    let rows =
        store::event_costs::causes(app.store.read(), indicator.number, service, millis(from), millis(to)).await?;
    let local = |at: i64| DateTime::from_timestamp_millis(at).map(|at| at.with_timezone(&app.zone).fixed_offset());
    let (Some(now), Some(first)) = (local(millis(to)), local(millis(from))) else { return Ok(None) };
    let events = rows.iter().flat_map(outages).filter_map(|(start, stop, kind, weight)| {
        let end = stop.map(&local);
        let start = local(start)?;
        Some(Outage {
            id: String::new(),
            start,
            end: end.flatten(),
            kind,
            weight: Some(Part::of_basis_points(weight)),
            severity: None,
            share: None,
        })
    });
    let case = Case {
        timezone: app.zone,
        year: first.year(),
        now,
        severities: Vec::new(),
        events: events.collect(),
        minutes: Vec::new(),
    };
    let answer = reliability::compute(&case).map_err(|error| ServiceError::Interrupted(error.to_string()))?;
    let found = answer.availability;
    let down = found.weighted_down_seconds.ceil();
    let whole = i64::from(end - from) * 60 - found.planned_seconds;
    Ok(Some(TimeBudget {
        planned_seconds: found.planned_seconds,
        to_date: Budget { allowance, whole: found.base_seconds, failed: down },
        full: Budget { allowance, whole, failed: down },
        availability: found.availability,
    }))
}

/// An event as stretches of one weight each: begin and end in milliseconds, and basis points. What is known to the day only
/// has no length, and a drill is no outage.
fn outages(row: &CauseRow) -> Vec<(i64, Option<i64>, Kind, i32)> {
    let kind = match row.kind {
        EventKind::Normal => Kind::Unplanned,
        EventKind::Maintenance => Kind::Planned,
        EventKind::Drill => return Vec::new(),
    };
    let second = |at: i64| at.div_euclid(1_000) * 1_000;
    let over = row.recovered_at.map(second);
    if row.by_day || over.is_some_and(|over| over < second(row.occurred_at)) {
        return Vec::new();
    }
    let mut steps: Vec<(i64, i32)> = row
        .shares
        .iter()
        .map(|share| {
            (share.from.map_or(row.occurred_at, |from| from.timestamp_millis()).max(row.occurred_at), share.share)
        })
        .collect();
    if steps.first().is_none_or(|(from, _)| *from > row.occurred_at) {
        steps.insert(0, (row.occurred_at, 10_000));
    }
    let ends = steps.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
    let limited = |end: Option<i64>| match (end.map(second), over) {
        (Some(end), Some(over)) => Some(end.min(over)),
        (end, over) => end.or(over),
    };
    let pieces = steps.iter().zip(ends).map(|((from, share), end)| (second(*from), limited(end), kind, *share));
    pieces.filter(|(from, end, ..)| end.is_none_or(|end| end > *from)).collect()
}
