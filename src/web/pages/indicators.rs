//! Indicators: the list with this week's values, and what pages of figures have in common.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{DateTime, Days, NaiveDate};
use serde::Deserialize;

use super::{Shell, render, rows::thousands};
use crate::{
    domain::{
        actor::Permission,
        indicator::{Objective, Window},
        period::{Period, PeriodKind},
        ratio::Ratio,
        reliability::Figure,
        report::reading::Decimal,
        samples::{Minute, Totals},
    },
    i18n::indicators::{self as words, IndicatorTexts},
    service::{
        App, ServiceError, burn_warnings, event_costs, hand_counts,
        indicators::{self, WithObjectives},
        services,
    },
    web::{gate::caller, problem::Problem},
};

/// What stands where nothing counts: never 0 and never 100.
pub(super) const NOTHING: &str = "—";

/// Indicators on a page of the list.
const ON_PAGE: u64 = 100;

/// A rate with its digits and `%`, cut off; a dash where nothing counts.
pub(super) fn rate_text(ratio: Ratio, digits: u8) -> String {
    ratio.floor_percent(digits).map_or_else(|| NOTHING.to_owned(), |value| format!("{value}%"))
}

/// The effective rate of sums.
pub(super) fn of_totals(totals: Totals) -> Ratio {
    Ratio { part: totals.success, whole: totals.eligible() }
}

/// A figure with at most six digits behind the point and no zeros at its end.
pub(super) fn points_text(points: Figure) -> String {
    let number = serde_json::to_value(points).ok().and_then(|value| value.as_f64()).unwrap_or_default();
    let text = format!("{number:.6}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// How much of a period was measured.
pub(super) struct Coverage {
    pub text: String,
    /// Under what the house asks for.
    pub low: bool,
}

impl Coverage {
    /// Of so many minutes, against the least percent.
    pub(super) fn of(measured: i64, minutes: i64, least: u32) -> Self {
        let low = minutes > 0 && i128::from(measured) * 100 < i128::from(minutes) * i128::from(least);
        Self { text: rate_text(Ratio { part: measured, whole: minutes }, 2), low }
    }
}

/// The local time of a minute: `08/19 15:00`.
pub(super) fn time_text(app: &App, minute: Minute) -> String {
    local(app, minute, "%m/%d %H:%M")
}

/// The local time of a minute in a form of `chrono`.
pub(super) fn local(app: &App, minute: Minute, form: &str) -> String {
    let at = DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap_or_default();
    at.with_timezone(&app.zone).format(form).to_string()
}

/// The target of a window.
pub(super) fn target_of(objectives: &[Objective], window: Option<Window>) -> Option<Decimal> {
    let window = window?;
    objectives.iter().find(|one| one.window == window).map(|one| one.target)
}

/// Which period a page is about.
#[derive(Debug, Default, Deserialize)]
pub struct PeriodQuery {
    /// week, month, year, 30d, 90d, 365d, or a named period.
    #[serde(default)]
    pub(super) period: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
}

/// A period that was asked for, and the window of the objective that it is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub period: Period,
    pub window: Option<Window>,
    /// The tab that is open; empty for chosen days.
    pub tab: &'static str,
}

impl PeriodQuery {
    /// The period; this week where nothing is asked.
    pub(super) fn asked(&self, today: NaiveDate) -> Result<Asked, ServiceError> {
        let days = |count: u64, tab, window| -> Result<Asked, ServiceError> {
            let from = today.checked_sub_days(Days::new(count - 1)).unwrap_or(today);
            Ok(Asked { period: Period::of_days(from, today)?, window, tab })
        };
        let period = match self.period.trim() {
            "" if !self.from.is_empty() => {
                let day = |text: &str| {
                    let remedy = "write a date like 2024-08-19";
                    text.parse::<NaiveDate>().map_err(|_| crate::domain::checked::FieldError::shape("from", remedy))
                };
                let from = day(&self.from)?;
                Period::of_days(from, if self.to.is_empty() { from } else { day(&self.to)? })?
            }
            "" | "week" => Period::holding(PeriodKind::Week, today),
            "month" => Period::holding(PeriodKind::Month, today),
            "year" => Period::holding(PeriodKind::Year, today),
            "30d" => return days(30, "30d", Some(Window::Rolling30)),
            "90d" => return days(90, "90d", None),
            "365d" => return days(365, "365d", None),
            named => Period::parse(named)?,
        };
        let (window, tab) = match period.kind {
            PeriodKind::Week => (Some(Window::Week), "week"),
            PeriodKind::Month => (Some(Window::Month), "month"),
            PeriodKind::Year => (Some(Window::Year), "year"),
            PeriodKind::Quarter | PeriodKind::Days => (None, ""),
        };
        Ok(Asked { period, window, tab })
    }
}

/// The query that asks for a period, behind `?`.
pub(super) fn query_of(period: Period) -> String {
    match period.kind {
        PeriodKind::Days => format!("from={}&to={}", period.from, period.to),
        _ => format!("period={}", period.label()),
    }
}

/// An indicator of the list.
struct IndicatorRow {
    key: String,
    name: String,
    about: String,
    value: String,
    target: String,
    /// `good`, `bad` or empty.
    tone: &'static str,
    verdict: &'static str,
    coverage: Option<Coverage>,
    year: String,
    archived: bool,
}

#[derive(Template)]
#[template(path = "indicators.html")]
struct IndicatorsPage {
    shell: Shell,
    w: &'static IndicatorTexts,
    rows: Vec<IndicatorRow>,
    dips: u64,
    /// Warnings that are open.
    burning: u64,
    year: i32,
    next: String,
    may_manage: bool,
}

/// Where the list begins.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    after: String,
}

/// All indicators with their values of this week.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<ListQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "figures").await?;
    let w = words::texts(shell.t.lang);
    let after = Some(query.after.as_str()).filter(|after| !after.is_empty());
    let found = indicators::page(&app, &caller.actor, after, true, ON_PAGE).await?;
    let numbers: Vec<i32> = found.iter().map(|one| one.indicator.number).collect();
    let today = app.today();
    let of = |kind| event_costs::minutes_of(&app, Period::holding(kind, today));
    let (week, year) = (of(PeriodKind::Week), of(PeriodKind::Year));
    let of_week = hand_counts::sums_of(&app, &caller.actor, &numbers, week.0, week.1).await?;
    let of_year = hand_counts::sums_of(&app, &caller.actor, &numbers, year.0, year.1).await?;
    let least = event_costs::policy(&app, &caller.actor).await?.least_coverage_percent;
    let services = services::all(&app, &caller.actor).await?;
    let row = |one: &WithObjectives| {
        let fields = &one.indicator.fields;
        let service = fields.service_id.and_then(|id| services.iter().find(|service| service.id == id));
        let totals = of_week.get(&one.indicator.number).map(|sum| sum.totals).unwrap_or_default();
        let in_year = of_year.get(&one.indicator.number).map(|sum| sum.totals).unwrap_or_default();
        let target = target_of(&one.objectives, Some(Window::Week)).or(one.objectives.first().map(|one| one.target));
        let (tone, verdict) = match target.and_then(|target| of_totals(totals).meets(target)) {
            Some(true) => ("good", w.met),
            Some(false) => ("bad", w.missed),
            None => ("", ""),
        };
        let kind = words::kind(w, fields.kind);
        IndicatorRow {
            key: fields.key.clone(),
            name: fields.name.clone(),
            about: service.map_or_else(|| kind.to_owned(), |service| format!("{} · {kind}", service.fields.name)),
            value: rate_text(of_totals(totals), fields.digits),
            target: target.map(|target| format!("{target}%")).unwrap_or_default(),
            tone,
            verdict,
            coverage: fields
                .kind
                .has_samples()
                .then(|| Coverage::of(totals.minutes, i64::from(week.1 - week.0), least)),
            year: rate_text(of_totals(in_year), fields.digits),
            archived: fields.archived,
        }
    };
    let full = found.len() as u64 == ON_PAGE;
    let page = IndicatorsPage {
        w,
        rows: found.iter().map(row).collect(),
        dips: super::dips::waiting(&app, &caller.actor).await?,
        burning: burn_warnings::count_open(&app, &caller.actor).await?,
        year: chrono::Datelike::year(&today),
        next: found.last().filter(|_| full).map(|last| last.indicator.fields.key.clone()).unwrap_or_default(),
        may_manage: caller.actor.may(Permission::ManageIndicators),
        shell,
    };
    render(StatusCode::OK, &page)
}

/// `684`, `−12`, with thousands apart.
pub(super) fn count_text(number: i64) -> String {
    if number < 0 { format!("−{}", thousands(number.checked_neg().unwrap_or(i64::MAX))) } else { thousands(number) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_period_is_asked_by_a_word_a_name_or_days() {
        let today: NaiveDate = "2024-08-21".parse().unwrap();
        let of = |period: &str, from: &str| {
            let query = PeriodQuery { period: period.to_owned(), from: from.to_owned(), to: String::new() };
            query.asked(today).map(|asked| (query_of(asked.period), asked.tab))
        };
        assert_eq!(of("", "").unwrap(), ("period=2024-W34".to_owned(), "week"));
        assert_eq!(of("month", "").unwrap(), ("period=2024-08".to_owned(), "month"));
        assert_eq!(of("2023", "").unwrap(), ("period=2023".to_owned(), "year"));
        assert_eq!(of("30d", "").unwrap(), ("from=2024-07-23&to=2024-08-21".to_owned(), "30d"));
        assert_eq!(of("", "2024-08-19").unwrap(), ("from=2024-08-19&to=2024-08-19".to_owned(), ""));
        assert!(of("nonsense", "").is_err() && of("", "x").is_err());
    }

    #[test]
    fn coverage_is_low_only_below_the_least() {
        assert!(!Coverage::of(90, 100, 90).low);
        assert!(Coverage::of(89, 100, 90).low);
        assert!(!Coverage::of(0, 0, 90).low, "a period that has not begun lacks nothing");
        assert_eq!(Coverage::of(2, 3, 90).text, "66.66%");
    }

    #[test]
    fn points_keep_six_digits_and_no_idle_zeros() {
        assert_eq!(points_text(Figure::ratio(855, 100_000).unwrap()), "0.00855");
        assert_eq!(points_text(Figure::ratio(0, 1).unwrap()), "0");
        assert_eq!((count_text(-1_234), count_text(684)), ("−1,234".to_owned(), "684".to_owned()));
    }
}
