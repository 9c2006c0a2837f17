//! The days of an indicator as a line with its events, and as a calendar.

use std::collections::HashMap;

use chrono::{Datelike as _, NaiveDate};

use super::{
    figure_charts::{self, Axis, Cell, Chart, Mark},
    hand_days,
    indicator::EventName,
    indicators::{Asked, of_totals, rate_text, target_of},
    rows::thousands,
};
use crate::{
    domain::{
        actor::Actor,
        event::label,
        indicator::Window,
        iso_week,
        ratio::Ratio,
        samples::{Minute, Sample, Totals, minute_of},
    },
    i18n::indicators::IndicatorTexts,
    service::{
        App, ServiceError,
        event_costs::{self, Ledger},
        hand_counts::StandIn,
        indicators::WithObjectives,
        sample_days::{self, Days},
        samples,
    },
};

/// Up to so many days the chart shows hours.
const HOURLY: i64 = 10;

/// The first day of a year and the last one that has begun.
pub(super) fn year_days(year: i32, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(today);
    let last = NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(today);
    (first, last.min(today).max(first))
}

/// The events of a ledger as vertical lines.
pub(super) fn marks(ledger: &Ledger, w: &IndicatorTexts, names: &HashMap<i64, EventName>) -> Vec<Mark> {
    let mark = |entry: &event_costs::LedgerEntry| {
        let number = entry.number?;
        let name = names.get(&number);
        let title = name.map(|name| name.title.as_str()).unwrap_or_default();
        Some(Mark {
            at: entry.from,
            text: label(number),
            href: format!("/e/{number}"),
            title: format!("{} {title} · {} {}", label(number), w.excess, thousands(entry.loss.excess)),
            class: name.map_or("", |name| name.tone),
        })
    };
    let mut marks: Vec<Mark> = ledger.entries.iter().filter_map(mark).collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// The first minute of a local day.
pub(super) fn midnight(app: &App, day: NaiveDate) -> Minute {
    minute_of(iso_week::midnight(day, app.zone).timestamp_millis())
}

/// Days as points at their noon; a day without a sample, or without traffic, is a gap.
pub(super) fn day_points(app: &App, days: &Days, from: NaiveDate, to: NaiveDate) -> Vec<(Minute, Option<f64>)> {
    let point = |day: NaiveDate| {
        let value = days.get(&day).and_then(|sum| figure_charts::rate(sum.success, sum.eligible()));
        (midnight(app, day).saturating_add(720), value)
    };
    from.iter_days().take_while(|day| *day <= to).map(point).collect()
}

/// Days below a chart: at most five, the first one too; of a long stretch the first days of months.
pub(super) fn day_ticks(app: &App, from: NaiveDate, to: NaiveDate) -> Vec<(Minute, String)> {
    let days = usize::try_from((to - from).num_days() + 1).unwrap_or(1);
    let tick = |day: NaiveDate, form| (midnight(app, day), day.format(form).to_string());
    let all = from.iter_days().take_while(|day| *day <= to);
    if days > 180 {
        let firsts: Vec<NaiveDate> = all.filter(|day| day.day() == 1).collect();
        let step = firsts.len().div_ceil(5).max(1);
        return firsts.into_iter().step_by(step).map(|day| tick(day, "%Y-%m")).collect();
    }
    all.step_by(days.div_ceil(5).max(1)).map(|day| tick(day, "%m/%d")).collect()
}

pub(super) async fn chart(
    app: &App,
    actor: &Actor,
    w: &'static IndicatorTexts,
    found: &WithObjectives,
    asked: &Asked,
    ledger: &Ledger,
    names: &HashMap<i64, EventName>,
) -> Result<Option<Chart>, ServiceError> {
    let period = asked.period;
    let number = found.indicator.number;
    let (from, to) = (midnight(app, period.from), midnight(app, period.to.succ_opt().unwrap_or(period.to)));
    let axis = Axis { from, to };
    let days = (period.to - period.from).num_days() + 1;
    // Where the minutes are removed, days tell.
    let by_hour = if days <= HOURLY { samples::minutes_if_kept(app, actor, number, from, to).await? } else { None };
    let mut points = if let Some(minutes) = by_hour {
        grouped(minutes, from, to, 60)
    } else if days <= 732 {
        let found = sample_days::of(app, actor, &[number], period.from, period.to).await?;
        day_points(app, &found.get(&number).cloned().unwrap_or_default(), period.from, period.to.min(app.today()))
    } else {
        Vec::new()
    };
    let now = if days <= HOURLY { minute_of(app.now_millis()) } else { Minute::MAX };
    hand_days::fill(app, &ledger.stand_ins, &mut points, now);
    let target = ledger.target.or_else(|| target_of(&found.objectives, Some(Window::Year)));
    let target = target.map(|target| target.units as f64 / 10_f64.powi(i32::from(target.scale)));
    let Some(mut chart) = figure_charts::line(axis, &points, target, found.indicator.fields.digits) else {
        return Ok(None);
    };
    chart.label = format!("{} {} – {}: {}", found.indicator.fields.name, period.from, period.to, w.chart_days);
    hand_days::shade(app, w, &ledger.stand_ins, found.indicator.fields.digits, axis, &mut chart);
    chart.mark(axis, marks(ledger, w, names));
    chart.times(axis, day_ticks(app, period.from, period.to));
    Ok(Some(chart))
}

/// The rates of groups of so many minutes; a group without traffic is a gap.
pub(super) fn grouped(
    minutes: impl Iterator<Item = Sample>,
    from: Minute,
    to: Minute,
    step: Minute,
) -> Vec<(Minute, Option<f64>)> {
    let place = |minute: Minute| usize::try_from((minute - from) / step.max(1)).unwrap_or(0);
    let mut sums = vec![Totals::default(); place((to - 1).max(from)) + 1];
    for sample in minutes {
        if let Some(sum) = sums.get_mut(place(sample.minute)) {
            sum.add(Totals::of(sample.counts));
        }
    }
    let at = |index: usize| from.saturating_add(Minute::try_from(index).unwrap_or(0).saturating_mul(step));
    let point = |(index, sum): (usize, &Totals)| {
        (at(index).saturating_add(step / 2), figure_charts::rate(sum.success, sum.eligible()))
    };
    sums.iter().enumerate().map(point).collect()
}

pub(super) fn heat(
    w: &'static IndicatorTexts,
    found: &WithObjectives,
    (days, stand_ins): (&Days, &[StandIn]),
    year: i32,
    last: NaiveDate,
) -> (Vec<Cell>, Vec<(usize, String)>, usize) {
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { return (Vec::new(), Vec::new(), 0) };
    if days.is_empty() && stand_ins.is_empty() {
        return (Vec::new(), Vec::new(), 0);
    }
    let fields = &found.indicator.fields;
    let target = target_of(&found.objectives, Some(Window::Year)).or(found.objectives.first().map(|one| one.target));
    // Without a target a day is held against the year.
    let all = days.values().fold(hand_days::sum(stand_ins), |mut all, day| {
        all.add(*day);
        all
    });
    let allowed = match target {
        Some(target) => {
            let whole = 10_i64.pow(u32::from(target.scale.min(9))) * 100;
            Ratio { part: whole - target.units, whole }
        }
        None => Ratio { part: all.failed(), whole: all.eligible() },
    };
    let shift = i64::from(first.weekday().num_days_from_monday());
    let place = |day: NaiveDate| usize::try_from((day - first).num_days() + shift).unwrap_or(0);
    let cells: Vec<Cell> = first
        .iter_days()
        .take_while(|day| *day <= last)
        .map(|day| {
            let by_hand = hand_days::on(stand_ins, day);
            let sum = by_hand.map_or_else(|| days.get(&day).copied().unwrap_or_default(), |one| one.totals);
            let (height, class) = figure_charts::cell(sum.failed(), sum.eligible(), Some(allowed));
            let value = match by_hand {
                Some(one) => format!("{} {}", w.hand_word, hand_days::words(one, fields.digits)),
                None if sum.eligible() > 0 => {
                    let value = rate_text(of_totals(sum), fields.digits);
                    format!("{value} · {} {}", w.failed, thousands(sum.failed()))
                }
                None => w.heat_none.to_owned(),
            };
            let linked = matches!(class, "h1" | "h2" | "h3");
            Cell {
                x: place(day) / 7 * 12,
                y: place(day) % 7 * 12,
                height: format!("{height}"),
                top: format!("{}", 10.0 - height),
                class,
                by_hand: by_hand.is_some(),
                href: if linked { format!("/indicators/{}?from={day}", fields.key) } else { String::new() },
                title: format!("{day}: {value}"),
            }
        })
        .collect();
    let months = (1..=12)
        .filter_map(|month| NaiveDate::from_ymd_opt(year, month, 1))
        .map(|day| (place(day).div_ceil(7) * 12, day.format("%m").to_string()))
        .collect();
    let columns = (place(NaiveDate::from_ymd_opt(year, 12, 31).unwrap_or(last)) / 7 + 1) * 12;
    (cells, months, columns)
}
