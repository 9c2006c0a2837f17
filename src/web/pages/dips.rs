//! Dips that are proposed as events: with their minutes, to accept, merge or dismiss.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shell, event_costs,
    figure_charts::Chart,
    forms::refused,
    indicators::{local, of_totals, rate_text},
    redirect, refusal, render,
    rows::thousands,
};
use crate::{
    domain::{
        actor::Actor,
        attribution::local_day,
        dips::DipState,
        event::label,
        samples::{Minute, minute_of},
    },
    i18n::{
        grading,
        indicators::{self as words, IndicatorTexts},
    },
    service::{
        App, ServiceError,
        dips::{self, Proposal},
        search::{self, EventOrder, Listing},
    },
    web::{
        api::{dips::state, number_of},
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Dips on a page.
const ON_PAGE: u64 = 10;
/// Events within so many minutes of a dip are offered to put it to.
const NEAR: Minute = 1_440;

/// How many wait for a decision.
pub(super) async fn waiting(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    dips::count_proposed(app, actor).await
}

/// A dip.
struct DipRow {
    id: Uuid,
    indicator: String,
    key: String,
    time: String,
    ongoing: bool,
    rate: String,
    numbers: String,
    sentence: String,
    chart: Option<Chart>,
    near: Vec<(i64, String)>,
    state: &'static str,
    event: String,
    event_href: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "dips.html")]
struct DipsPage {
    shell: Shell,
    w: &'static IndicatorTexts,
    message: String,
    rows: Vec<DipRow>,
    open: bool,
    states: Vec<(&'static str, &'static str, bool)>,
    levels: Vec<(String, String)>,
    next: String,
}

/// Which dips.
#[derive(Debug, Default, Deserialize)]
pub struct DipsQuery {
    #[serde(default)]
    state: String,
    /// `ID` of the last one of the page before and when it was found: `1724220000000.UUID`.
    #[serde(default)]
    after: String,
}

/// The page.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<DipsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, &query, StatusCode::OK, String::new()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    query: &DipsQuery,
    status: StatusCode,
    message: String,
) -> Result<HttpResponse, Problem> {
    let actor = &caller.actor;
    let shell = Shell::of(app, request, caller, "figures").await?;
    let w = words::texts(shell.t.lang);
    let wanted = state(Some(query.state.as_str()).filter(|state| !state.is_empty()))?;
    let before = query.after.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let found = dips::page(app, actor, wanted, before, ON_PAGE).await?;
    let open = wanted == DipState::Proposed;
    let near = if open { events_near(app, actor, &found).await? } else { Vec::new() };
    let now = minute_of(app.now_millis());
    let mut rows = Vec::with_capacity(found.len());
    let shown = |one: &Proposal| event_costs::Shown {
        indicator: one.indicator.number,
        digits: one.indicator.fields.digits,
        stretch: (one.dip.from, one.dip.to.unwrap_or(now).max(one.dip.from + 1)),
    };
    let shown: Vec<event_costs::Shown> = found.iter().map(shown).collect();
    let charts = event_costs::minute_charts(app, actor, &shown).await?;
    for ((one, shown), chart) in found.iter().zip(shown).zip(charts) {
        let (dip, fields, stretch) = (&one.dip, &one.indicator.fields, shown.stretch);
        let chart = chart.map(|(_, mut chart)| {
            chart.label = format!("{}: {}", fields.name, w.chart_minutes);
            chart
        });
        let end = dip.to.map(|to| local(app, to, "%H:%M")).unwrap_or_default();
        rows.push(DipRow {
            id: dip.id,
            indicator: fields.name.clone(),
            key: fields.key.clone(),
            time: format!("{} – {end}", local(app, dip.from, "%Y-%m-%d %H:%M")),
            ongoing: dip.to.is_none(),
            rate: rate_text(of_totals(dip.counts), fields.digits.min(2)),
            numbers: format!("{} / {}", thousands(dip.counts.failed()), thousands(dip.counts.eligible())),
            sentence: one.fields.narrative.clone(),
            chart,
            near: near
                .iter()
                .filter(|(at, ..)| (dip.from - NEAR..stretch.1 + NEAR).contains(at))
                .map(|(_, number, words)| (*number, words.clone()))
                .collect(),
            state: words::dip_state(w, dip.state),
            event: one.event.map(label).unwrap_or_default(),
            event_href: one.event.map(|number| format!("/e/{number}")).unwrap_or_default(),
            reason: dip.reason.clone().unwrap_or_default(),
        });
    }
    let full = found.len() as u64 == ON_PAGE;
    let next = found.last().filter(|_| full);
    let next = next.map(|last| format!("/dips?state={}&after={}.{}", wanted.code(), last.dip.found_at, last.dip.id));
    let chinese = !w.zh.is_empty();
    let states = [DipState::Proposed, DipState::Accepted, DipState::Merged, DipState::Dismissed];
    let page = DipsPage {
        w,
        message,
        rows,
        open,
        states: states.map(|state| (state.code(), words::dip_state(w, state), state == wanted)).into(),
        levels: shell
            .levels
            .labels()
            .into_iter()
            .map(|label| (label.to_owned(), grading::level(Some(label), chinese)))
            .collect(),
        next: next.unwrap_or_default(),
        shell,
    };
    render(status, &page)
}

/// The events of the days around these dips: minute, number, words.
async fn events_near(app: &App, actor: &Actor, found: &[Proposal]) -> Result<Vec<(Minute, i64, String)>, ServiceError> {
    let day = |minute| local_day(minute, app.zone);
    let days: Vec<NaiveDate> =
        found.iter().flat_map(|one| [Some(one.dip.from), one.dip.to]).flatten().filter_map(day).collect();
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Ok(Vec::new()) };
    let from = first.checked_sub_days(Days::new(1)).unwrap_or(*first);
    let to = last.checked_add_days(Days::new(1)).unwrap_or(*last);
    let query = search::parse(app, &format!("from:{from} to:{to}"))?;
    let listing = Listing { query, order: EventOrder::Newest, after: None, limit: search::PAGE_LIMIT };
    let listed = search::list(app, actor, &listing).await?;
    let near = listed.events.iter().filter_map(|event| {
        let at = minute_of(event.occurred?.at.timestamp_millis());
        let time = local(app, at, "%m/%d %H:%M");
        let title: String = search::title_of(&event.text).chars().take(40).collect();
        Some((at, event.number, format!("{} {time} {title}", label(event.number))))
    });
    Ok(near.collect())
}

async fn after<T>(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    done: Result<T, ServiceError>,
    to: impl FnOnce(T) -> String,
) -> Result<HttpResponse, Problem> {
    match done {
        Ok(done) => Ok(redirect(&to(done))),
        Err(error) => {
            let (status, error) = refused(error)?;
            let message = refusal(super::words(caller), error);
            show(app, request, caller, &DipsQuery::default(), status, message).await
        }
    }
}

/// The level of the event that a dip becomes.
#[derive(Debug, Deserialize)]
pub struct AcceptForm {
    #[serde(default)]
    severity: String,
}

/// Makes an event of a dip.
pub async fn accept(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<AcceptForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let severity = Some(form.into_inner().severity).filter(|label| !label.is_empty());
    let done = dips::accept(&app, &caller.actor, *id, severity).await;
    after(&app, &request, &caller, done, |event| format!("/e/{}", event.number)).await
}

/// The event that a dip belongs to.
#[derive(Debug, Deserialize)]
pub struct MergeForm {
    event: String,
}

/// Puts a dip to an event.
pub async fn merge(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<MergeForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&form.event)?;
    let done = dips::merge(&app, &caller.actor, *id, number).await;
    after(&app, &request, &caller, done, |event| format!("/e/{}", event.number)).await
}

/// Why a dip is no event.
#[derive(Debug, Deserialize)]
pub struct DismissForm {
    #[serde(default)]
    reason: String,
}

/// Says that a dip is no event.
pub async fn dismiss(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<DismissForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let done = dips::dismiss(&app, &caller.actor, *id, &form.reason).await;
    after(&app, &request, &caller, done, |_| "/dips".to_owned()).await
}
