//! Burn-rate warnings over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{
        burn_warning::{self, Counted},
        checked::FieldError,
        error_budget::Urgency,
        report::reading::Decimal,
    },
    service::{
        App,
        burn_warnings::{self, PAGE_LIMIT, WarningOf},
    },
};

/// Which warnings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BurnQuery {
    /// open (the default), closed or all.
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<Uuid>,
    /// 1 to 200, by default 200.
    limit: Option<u64>,
}

/// What was counted in a window of a warning when it was last seen to burn.
#[derive(Debug, Serialize, ToSchema)]
pub struct BurnWindowBody {
    /// Its minutes.
    minutes: i64,
    /// Requests that count.
    eligible: i64,
    /// Failures among them.
    failed: i64,
    /// 1 uses exactly all of the budget by the end of its period.
    burn_rate: Option<serde_json::Value>,
}

/// A warning that an error budget burns too fast.
#[derive(Debug, Serialize, ToSchema)]
pub struct BurnWarningBody {
    id: Uuid,
    /// Key of the indicator.
    indicator: String,
    /// Its name.
    name: String,
    /// The objective's window: week, month, rolling_28d, rolling_30d or year.
    window: &'static str,
    /// In percent, when it opened.
    target: String,
    /// page (now, whoever is on call) or ticket (in the working hours).
    urgency: &'static str,
    /// The burn rate above which it warns.
    factor: serde_json::Value,
    /// The long window.
    long: BurnWindowBody,
    /// The short one: it still burns.
    short: BurnWindowBody,
    /// open or closed.
    state: &'static str,
    /// When it opened.
    opened_at: Option<DateTime<FixedOffset>>,
    /// When it was last seen to burn.
    burning_at: Option<DateTime<FixedOffset>>,
    /// When it closed.
    closed_at: Option<DateTime<FixedOffset>>,
}

/// Warnings, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BurnWarningList {
    /// Warnings.
    data: Vec<BurnWarningBody>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

fn window(minutes: i64, counted: Counted, target: Decimal) -> BurnWindowBody {
    BurnWindowBody {
        minutes,
        eligible: counted.eligible,
        failed: counted.failed,
        burn_rate: counted.burn_rate(target).map(|rate| serde_json::to_value(rate).unwrap_or_default()),
    }
}

/// A warning as JSON.
pub fn body(app: &App, of: &WarningOf) -> BurnWarningBody {
    let warning = &of.warning;
    let rule = warning.rule();
    let at = |millis| DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset());
    let factor = rule.factor(burn_warning::period(warning.window));
    BurnWarningBody {
        id: warning.id,
        indicator: of.indicator.fields.key.clone(),
        name: of.indicator.fields.name.clone(),
        window: warning.window.code(),
        target: warning.target.to_string(),
        urgency: match rule.urgency {
            Urgency::Page => "page",
            Urgency::Ticket => "ticket",
        },
        factor: serde_json::to_value(factor).unwrap_or_default(),
        long: window(rule.long, warning.long, warning.target),
        short: window(rule.short, warning.short, warning.target),
        state: if warning.closed_at.is_some() { "closed" } else { "open" },
        opened_at: at(warning.opened_at),
        burning_at: at(warning.burning_at),
        closed_at: warning.closed_at.and_then(at),
    }
}

/// A page of warnings as JSON; `limit` is what was asked for.
pub fn list_body(app: &App, warnings: &[WarningOf], limit: u64) -> BurnWarningList {
    let full = u64::try_from(warnings.len()).is_ok_and(|count| count >= limit);
    BurnWarningList {
        data: warnings.iter().map(|one| body(app, one)).collect(),
        next_cursor: warnings.last().filter(|_| full).map(|last| last.warning.id.to_string()),
    }
}

/// Warnings.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<BurnQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let open = match query.state.as_deref() {
        None | Some("open") => Some(true),
        Some("closed") => Some(false),
        Some("all") => None,
        Some(_) => return Err(FieldError::shape("state", "choose open, closed or all").into()),
    };
    let limit = query.limit.unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
    let warnings = burn_warnings::page(&app, &caller.actor, open, query.cursor, limit).await?;
    Ok(HttpResponse::Ok().json(list_body(&app, &warnings, limit)))
}
