//! Error budgets over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    samples::shown,
};
use crate::{
    domain::{error_budget::Budget, ratio::Ratio, reliability::Figure},
    service::{
        App,
        error_budgets::{self, Asked, Burn, ErrorBudget, TimeBudget},
        indicators,
    },
};

/// Which budget.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BudgetQuery {
    /// `2026`, `2026-08` or `2026-W34`; by default the longest window with an objective, up to now.
    period: Option<String>,
    /// Instead of a period: week, month, rolling_28d, rolling_30d or year, up to now.
    window: Option<String>,
    /// A target in percent, instead of the objective's: `99.95`.
    target: Option<String>,
}

/// A budget: of requests, or of seconds.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetPart {
    /// What counts.
    whole: i64,
    /// What may fail of it, rounded down.
    allowed: i64,
    /// What failed.
    used: i64,
    /// How much more may fail; below 0 once it is overspent. Rounded down.
    remaining: i64,
    /// used ÷ allowance in percent with one digit, rounded up; more than 100 once it is overspent; null where nothing counts.
    used_percent: Option<String>,
    /// 1 uses exactly all of it by the end of its period.
    burn_rate: Option<serde_json::Value>,
}

/// How fast the budget burns in the last minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct BurnBody {
    /// The last so many minutes.
    minutes: i32,
    /// Requests that count.
    eligible: i64,
    /// Those that failed.
    failed: i64,
    /// Minutes that were measured.
    measured: i64,
    /// 1 uses exactly all of the budget by the end of its period; null where nothing counts.
    burn_rate: Option<serde_json::Value>,
    /// In how many minutes the budget of the period is gone at that rate, 0 where it is; null while it does not burn.
    exhausted_in_minutes: Option<i64>,
    /// When that is.
    exhausted_at: Option<DateTime<FixedOffset>>,
}

/// The budget of time of a year, from the downtimes of events: weighted, the greatest weight at each instant, without planned
/// maintenance.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimeBudgetBody {
    /// Maintenance so far; it is no service time.
    planned_seconds: i64,
    /// Seconds so far.
    to_date: BudgetPart,
    /// Seconds of the whole year, if nothing more happens.
    full_period: BudgetPart,
    /// Percent to date.
    availability: Option<serde_json::Value>,
    /// Percent of the whole year if nothing more happens, with the digits of the indicator, rounded down.
    full_year_floor: Option<String>,
}

/// The error budget of an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBudgetBody {
    /// Key of the indicator.
    indicator: String,
    /// week, month, rolling_28d, rolling_30d or year; null of other periods.
    window: Option<&'static str>,
    /// In percent.
    target: String,
    /// First minute.
    from: String,
    /// The end so far.
    to: String,
    /// The end of the period.
    end: String,
    /// The rate so far with the indicator's digits, rounded down.
    rate: Option<String>,
    /// Whether the rate so far reaches the target, compared as integers.
    meets_target: Option<bool>,
    /// Measured minutes of those so far, in percent, rounded down.
    coverage: Option<String>,
    /// Of the requests so far; what is used of it may fall as traffic arrives.
    to_date: BudgetPart,
    /// Of the whole period, if the rest of it is like the part so far.
    projected: Option<BudgetPart>,
    /// The rate of the whole period if nothing more fails, with as many requests as projected; rounded down.
    floor: Option<String>,
    /// Of a period that runs, from 5 minutes to 3 days.
    burns: Vec<BurnBody>,
    /// Of a year: by downtimes instead of requests.
    time: Option<TimeBudgetBody>,
}

fn number(figure: Figure) -> serde_json::Value {
    serde_json::to_value(figure).unwrap_or_default()
}

fn part(budget: Budget) -> BudgetPart {
    BudgetPart {
        whole: budget.whole,
        allowed: budget.allowed(),
        used: budget.failed,
        remaining: budget.remaining(),
        used_percent: budget.used_percent(1).map(|used| used.to_string()),
        burn_rate: budget.burn_rate().map(number),
    }
}

fn burn(app: &App, burn: &Burn) -> BurnBody {
    let at = |minutes: i64| {
        let at = app.now().checked_add_signed(chrono::Duration::try_minutes(minutes)?)?;
        Some(at.with_timezone(&app.zone).fixed_offset())
    };
    BurnBody {
        minutes: burn.minutes,
        eligible: burn.totals.eligible(),
        failed: burn.totals.failed(),
        measured: burn.totals.minutes,
        burn_rate: burn.rate.map(number),
        exhausted_in_minutes: burn.exhausted_in,
        exhausted_at: burn.exhausted_in.and_then(at),
    }
}

fn time(budget: &TimeBudget, digits: u8) -> TimeBudgetBody {
    let full = budget.full;
    let floor = Ratio { part: full.whole.saturating_sub(full.failed), whole: full.whole };
    TimeBudgetBody {
        planned_seconds: budget.planned_seconds,
        to_date: part(budget.to_date),
        full_period: part(full),
        availability: budget.availability.map(number),
        full_year_floor: floor.floor_percent(digits).map(|value| value.to_string()),
    }
}

/// An error budget as JSON.
pub fn body(app: &App, budget: &ErrorBudget) -> ErrorBudgetBody {
    let digits = budget.indicator.fields.digits;
    let rate = Ratio { part: budget.totals.success, whole: budget.totals.eligible() };
    let coverage = Ratio { part: budget.totals.minutes, whole: i64::from(budget.to - budget.from) };
    let text = |ratio: Ratio, digits| ratio.floor_percent(digits).map(|value| value.to_string());
    ErrorBudgetBody {
        indicator: budget.indicator.fields.key.clone(),
        window: budget.window.map(crate::domain::indicator::Window::code),
        target: budget.target.to_string(),
        from: shown(app, budget.from),
        to: shown(app, budget.to),
        end: shown(app, budget.end),
        rate: text(rate, digits),
        meets_target: rate.meets(budget.target),
        coverage: text(coverage, 2),
        to_date: part(budget.to_date),
        projected: budget.projected.map(part),
        floor: budget.floor.and_then(|floor| text(floor, digits)),
        burns: budget.burns.iter().map(|one| burn(app, one)).collect(),
        time: budget.time.as_ref().map(|budget| time(budget, digits)),
    }
}

/// The error budget of an indicator.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    query: web::Query<BudgetQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let found = indicators::find(&app, &caller.actor, &key).await?;
    let (period, window, target) = (query.period.as_deref(), query.window.as_deref(), query.target.as_deref());
    let budget = error_budgets::budget(&app, &caller.actor, &found, Asked { period, window, target }).await?;
    Ok(HttpResponse::Ok().json(body(&app, &budget)))
}
