//! Counts by hand where days are shown: in a chart, in the calendar, in words, in a file.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::{
    figure_charts::{self, Axis, Chart},
    indicator_charts::midnight,
    indicators::{of_totals, rate_text},
    rows::thousands,
};
use crate::{
    domain::samples::{
        Minute, Totals,
        plan::{date_of, day_at},
    },
    i18n::indicators::IndicatorTexts,
    service::{App, hand_counts::StandIn},
};

/// The count that covers a day.
pub(super) fn on(stand_ins: &[StandIn], day: NaiveDate) -> Option<&StandIn> {
    stand_ins.iter().find(|one| (one.count.span.first()..=one.count.span.last()).contains(&day))
}

/// What was written, summed.
pub(super) fn sum(stand_ins: &[StandIn]) -> Totals {
    stand_ins.iter().fold(Totals::default(), |mut sum, one| {
        sum.add(one.totals);
        sum
    })
}

/// `2024-W34 99.000% = 990 ÷ (1,000 − 0)`.
pub(super) fn words(one: &StandIn, digits: u8) -> String {
    let Totals { total, success, excluded, .. } = one.totals;
    let rate = rate_text(of_totals(one.totals), digits);
    let (success, total, excluded) = (thousands(success), thousands(total), thousands(excluded));
    format!("{} {rate} = {success} ÷ ({total} − {excluded})", one.count.span)
}

/// Gives the points of a line that have no value, and lie before `now`, the rate that was written for their days. A week is not
/// split: each of its days has the rate of all of it.
pub(super) fn fill(app: &App, stand_ins: &[StandIn], points: &mut [(Minute, Option<f64>)], now: Minute) {
    if stand_ins.is_empty() {
        return;
    }
    for (at, value) in points.iter_mut().filter(|(at, value)| value.is_none() && *at < now) {
        *value = on(stand_ins, date_of(day_at(*at, app.zone)))
            .and_then(|one| figure_charts::rate(one.totals.success, one.totals.eligible()));
    }
}

/// Shades the days of a chart that were written by hand.
pub(super) fn shade(app: &App, w: &IndicatorTexts, stand_ins: &[StandIn], digits: u8, axis: Axis, chart: &mut Chart) {
    for one in stand_ins {
        let span = one.count.span;
        let behind = span.last().succ_opt().unwrap_or(span.last());
        let reach = (midnight(app, span.first()), midnight(app, behind));
        chart.band(axis, reach, "hand", format!("{} {}", w.hand_word, words(one, digits)));
    }
}

/// The line of a file of days.
pub(super) fn csv_line(text: &mut String, one: &StandIn, digits: u8) {
    let sum = one.totals;
    let rate = of_totals(sum).floor_percent(digits).map(|rate| rate.to_string()).unwrap_or_default();
    let span = one.count.span;
    let (first, total, success, excluded, failed) = (span.first(), sum.total, sum.success, sum.excluded, sum.failed());
    let _ = write!(text, "{first},{total},{success},{excluded},{failed},0,{rate},{span}\r\n");
}
