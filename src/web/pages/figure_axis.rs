//! All indicators on one axis of time, with their events as markers: the upper part of the page of figures.

use std::collections::HashMap;

use askama::Template;
use chrono::Days as CalendarDays;

use super::{
    Shell,
    figure_charts::{self, Axis, Chart, Mark},
    hand_days,
    indicator::names,
    indicator_charts::{day_points, day_ticks, midnight},
    indicators::{Coverage, of_totals, rate_text, target_of},
    rows::thousands,
};
use crate::{
    domain::{
        event::label,
        indicator::Window,
        samples::{Minute, Totals},
    },
    i18n::indicators::{self as words, IndicatorTexts},
    service::{
        App, ServiceError, burn_warnings, event_costs, hand_counts,
        indicators::{self, WithObjectives},
        sample_days::{self, Days},
    },
    web::gate::Caller,
};

/// The most indicators that are shown.
const SHOWN: usize = 12;
/// The spans to choose from, in days.
const SPANS: [u64; 3] = [30, 90, 365];

struct AxisRow {
    key: String,
    name: String,
    value: String,
    target: String,
    tone: &'static str,
    /// Some of it was written by hand.
    by_hand: bool,
    coverage: Coverage,
    chart: Option<Chart>,
}

#[derive(Template)]
#[template(path = "figure_axis.html")]
struct AxisPanel {
    w: &'static IndicatorTexts,
    week: String,
    year: i32,
    dips: u64,
    /// Warnings that are open.
    burning: u64,
    spans: Vec<(u64, &'static str, bool)>,
    rows: Vec<AxisRow>,
    more: bool,
}

/// The panel as HTML, over so many days; empty where the house has no indicators with samples.
pub(super) async fn panel(
    app: &App,
    caller: &Caller,
    shell: &Shell,
    week: &str,
    span: Option<u64>,
) -> Result<String, ServiceError> {
    let w = words::texts(shell.t.lang);
    let actor = &caller.actor;
    let span = span.filter(|span| SPANS.contains(span)).unwrap_or(90);
    let all = indicators::page(app, actor, None, false, 200).await?;
    let mut found: Vec<&WithObjectives> = all.iter().filter(|one| one.indicator.fields.kind.has_samples()).collect();
    if found.is_empty() {
        return Ok(String::new());
    }
    let more = found.len() > SHOWN;
    found.truncate(SHOWN);
    let numbers: Vec<i32> = found.iter().map(|one| one.indicator.number).collect();
    let last = app.today();
    let first = last.checked_sub_days(CalendarDays::new(span - 1)).unwrap_or(last);
    let axis = Axis { from: midnight(app, first), to: midnight(app, last.succ_opt().unwrap_or(last)) };
    let mut days = sample_days::of(app, actor, &numbers, first, last).await?;
    let mut by_hand = hand_counts::standing_in(app, actor, &numbers, axis.from, axis.to).await?;
    let names = names(app, actor, &shell.levels, first, last).await?;
    let mut events: HashMap<i32, Vec<Mark>> = HashMap::new();
    for (indicator, at, number, excess) in event_costs::beginnings(app, actor, &numbers, (axis.from, axis.to)).await? {
        let name = names.get(&number);
        let title = name.map(|name| name.title.as_str()).unwrap_or_default();
        events.entry(indicator).or_default().push(Mark {
            at,
            text: label(number),
            href: format!("/e/{number}"),
            title: format!("{} {title} · {} {}", label(number), w.excess, thousands(excess)),
            class: name.map_or("", |name| name.tone),
        });
    }
    let least = event_costs::policy(app, actor).await?.least_coverage_percent;
    let now: Minute = crate::domain::samples::minute_of(app.now_millis()).min(axis.to);
    let mut rows = Vec::with_capacity(found.len());
    for one in &found {
        let fields = &one.indicator.fields;
        let days = days.remove(&one.indicator.number).unwrap_or_default();
        let by_hand = by_hand.remove(&one.indicator.number).unwrap_or_default();
        let mut sum = sum(&days);
        sum.add(hand_days::sum(&by_hand));
        let target = [Window::Year, Window::Month, Window::Week];
        let target = target.into_iter().find_map(|window| target_of(&one.objectives, Some(window)));
        let height = target.map(|target| target.units as f64 / 10_f64.powi(i32::from(target.scale)));
        let mut points = day_points(app, &days, first, last);
        hand_days::fill(app, &by_hand, &mut points, Minute::MAX);
        let chart = figure_charts::line(axis, &points, height, fields.digits).map(|mut chart| {
            chart.label = format!("{} {first} – {last}: {}", fields.name, w.chart_days);
            hand_days::shade(app, w, &by_hand, fields.digits, axis, &mut chart);
            chart.mark(axis, events.remove(&one.indicator.number).unwrap_or_default());
            chart.times(axis, day_ticks(app, first, last));
            chart
        });
        rows.push(AxisRow {
            key: fields.key.clone(),
            name: fields.name.clone(),
            value: rate_text(of_totals(sum), fields.digits),
            target: target.map(|target| format!("{target}%")).unwrap_or_default(),
            tone: match target.and_then(|target| of_totals(sum).meets(target)) {
                Some(true) => "good",
                Some(false) => "bad",
                None => "",
            },
            by_hand: !by_hand.is_empty(),
            coverage: Coverage::of(sum.minutes, i64::from((now - axis.from).max(0)), least),
            chart,
        });
    }
    let panel = AxisPanel {
        w,
        week: week.to_owned(),
        year: chrono::Datelike::year(&last),
        dips: super::dips::waiting(app, actor).await?,
        burning: burn_warnings::count_open(app, actor).await?,
        spans: [(30, w.days30), (90, w.days90), (365, w.days365)].map(|(days, word)| (days, word, days == span)).into(),
        rows,
        more,
    };
    // Words alone, which always render.
    Ok(panel.render().unwrap_or_default())
}

fn sum(days: &Days) -> Totals {
    days.values().fold(Totals::default(), |mut sum, day| {
        sum.add(*day);
        sum
    })
}
