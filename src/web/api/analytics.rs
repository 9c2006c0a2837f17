//! Analytics over the API, and the lists behind their numbers.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    super::{address::encoded, gate::caller, problem::Problem},
    action_items::{self, ActionItemBody},
    event_body::{self, EventBody},
};
use crate::{
    domain::{
        analytics::{By, Duration, Key, LeftOut, Metric, Outcome, Part, Ratio, Selection, Settings, Summary},
        checked::FieldError,
        reliability::Figure,
    },
    i18n::analytics as texts,
    service::{
        App, ServiceError,
        analytics::{self, Behind, Query, Report},
    },
};

/// The period and how it is broken down.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnalyticsQuery {
    /// First day of the beginning; by default eleven months before the month of the last day.
    pub from: Option<NaiveDate>,
    /// Last day of the beginning; by default today.
    pub to: Option<NaiveDate>,
    /// team, service, level or month.
    pub by: Option<String>,
    /// segment or cumulative, of 1-5-10; by default as the policy says.
    pub reading: Option<String>,
}

impl AnalyticsQuery {
    /// What is asked.
    pub fn query(&self, app: &App) -> Result<Query, FieldError> {
        Query::of(app.today(), self.from, self.to, self.by.as_deref(), self.reading.as_deref())
    }
}

/// The period, and which list.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BehindQuery {
    /// First day of the beginning.
    pub from: Option<NaiveDate>,
    /// Last day of the beginning.
    pub to: Option<NaiveDate>,
    /// team, service, level or month.
    pub by: Option<String>,
    /// segment or cumulative, of 1-5-10.
    pub reading: Option<String>,
    /// Code of the figure; none is the count of events.
    pub metric: Option<String>,
    /// used (the default: what the figure is made of), hits (its numerator), left (what was left out) or all.
    pub part: Option<String>,
    /// Key of the group, with `by`; `-` for what belongs to none.
    pub group: Option<String>,
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Rows on a page, 1 to 200; by default 50.
    pub limit: Option<usize>,
}

impl BehindQuery {
    /// The period.
    pub fn query(&self, app: &App) -> Result<Query, FieldError> {
        Query::of(app.today(), self.from, self.to, self.by.as_deref(), self.reading.as_deref())
    }

    /// Which list.
    pub fn selection(&self, query: &Query) -> Result<Selection, FieldError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let metric = given(&self.metric).map(|code| {
            Metric::from_code(&code).ok_or_else(|| FieldError::shape("metric", "take it from the analytics as it is"))
        });
        let part = given(&self.part).unwrap_or_else(|| "used".to_owned());
        let part =
            Part::from_code(&part).ok_or_else(|| FieldError::shape("part", "choose one of used, hits, left, all"))?;
        let group = match (given(&self.group), query.by) {
            (None, _) => None,
            (Some(code), Some(by)) => Some((by, code)),
            (Some(_), None) => return Err(FieldError::shape("by", "choose team, service, level or month")),
        };
        Ok(Selection { metric: metric.transpose()?, part, group })
    }

    /// The cursor, checked.
    pub fn after(&self) -> Result<Option<i64>, FieldError> {
        let text = self.cursor.as_deref().filter(|text| !text.is_empty());
        let number =
            text.map(|text| text.parse().map_err(|_| FieldError::shape("cursor", "take it from next_cursor as it is")));
        number.transpose()
    }
}

/// A sentence in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct BothLanguages {
    /// 中文.
    zh: String,
    /// English.
    en: String,
}

impl BothLanguages {
    fn of(words: impl Fn(bool) -> String) -> Self {
        Self { zh: words(true), en: words(false) }
    }
}

/// A duration.
#[derive(Debug, Serialize, ToSchema)]
pub struct DurationBody {
    /// time_to_detect …
    metric: &'static str,
    /// Its name.
    name: BothLanguages,
    /// All events.
    all: usize,
    /// Those it is made of.
    used: usize,
    /// Their sum in seconds.
    sum_seconds: i64,
    /// Minutes, six digits; null where no event can be used.
    #[schema(value_type = Option<f64>)]
    mean_minutes: Option<Figure>,
    /// Minutes.
    #[schema(value_type = Option<f64>)]
    median_minutes: Option<Figure>,
    /// Minutes, by nearest rank.
    #[schema(value_type = Option<f64>)]
    p90_minutes: Option<Figure>,
    /// How many were left out: missing, day_only, negative, not_yet, not_applicable.
    left_out: BTreeMap<String, usize>,
    /// With the values put in.
    formula: BothLanguages,
    /// Where the events behind it are.
    events: String,
}

/// A ratio.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatioBody {
    /// change_caused …
    metric: &'static str,
    /// Its name.
    name: BothLanguages,
    /// All events, or action items.
    all: usize,
    /// How many are in the base.
    used: usize,
    /// How many are in the numerator.
    hits: usize,
    /// The numerator; by team the sum of the shares.
    #[schema(value_type = f64)]
    numerator: Option<Figure>,
    /// The denominator; by team the sum of the shares.
    #[schema(value_type = f64)]
    denominator: Option<Figure>,
    /// Six digits; null without a base.
    #[schema(value_type = Option<f64>)]
    percent: Option<Figure>,
    /// How many were left out: missing, day_only, negative, not_yet, not_applicable.
    left_out: BTreeMap<String, usize>,
    /// With the values put in.
    formula: BothLanguages,
    /// Where the events of the base are.
    events: String,
}

/// The figures of a group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupBody {
    /// Id, label or month; `-` for what belongs to none.
    key: String,
    /// Name of the team or service; null where the key says it.
    name: Option<String>,
    /// How many events.
    events: usize,
    /// How often by shares.
    #[schema(value_type = f64)]
    count: Option<Figure>,
    /// Durations.
    durations: Vec<DurationBody>,
    /// Ratios.
    ratios: Vec<RatioBody>,
}

/// The limits of 1-5-10 in minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsBody {
    detect: u32,
    locate: u32,
    recover: u32,
}

/// The analytics of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnalyticsBody {
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
    /// How the groups are made.
    by: Option<&'static str>,
    /// segment or cumulative.
    reading: &'static str,
    /// Of 1-5-10.
    limits: LimitsBody,
    /// Production events of the period.
    events: usize,
    /// Drills and maintenance in the period, which do not count.
    drills_and_maintenance: u64,
    /// Durations of all events.
    durations: Vec<DurationBody>,
    /// Ratios of all events.
    ratios: Vec<RatioBody>,
    /// The same for each group.
    groups: Vec<GroupBody>,
}

/// A row of the list behind a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct BehindRow {
    /// What it is to the figure, in words.
    outcome: Option<BothLanguages>,
    /// Seconds, where the figure is a duration.
    seconds: Option<i64>,
    /// The event; null where the figure is of action items.
    event: Option<EventBody>,
    /// The action item; null where the figure is of events.
    action_item: Option<ActionItemBody>,
}

/// The list behind a number.
#[derive(Debug, Serialize, ToSchema)]
pub struct BehindList {
    /// How many there are on all pages.
    total: usize,
    /// The latest numbers first.
    data: Vec<BehindRow>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// The query of the list behind a number, behind `/analytics/events?` and `/api/v1/analytics/events?`.
pub fn list_query(
    query: &Query,
    settings: &Settings,
    metric: Option<Metric>,
    part: &str,
    group: Option<&Key>,
) -> String {
    let mut text = format!("from={}&to={}&part={part}", query.from, query.to);
    if let Some(metric) = metric {
        text.push_str(&format!("&metric={}&reading={}", metric.code(), settings.reading.code()));
    }
    if let Some((by, key)) = query.by.zip(group) {
        text.push_str(&format!("&by={}&group={}", by.code(), encoded(&key.code())));
    }
    text
}

fn left(left: &LeftOut) -> BTreeMap<String, usize> {
    let code = |why| serde_json::to_value(why).ok().and_then(|code| code.as_str().map(str::to_owned));
    left.iter().filter_map(|(why, count)| Some((code(why)?, *count))).collect()
}

fn duration_body(report: &Report, duration: &Duration, group: Option<&Key>) -> DurationBody {
    let spread = duration.spread.as_ref();
    let (query, settings) = (&report.query, &report.settings);
    DurationBody {
        metric: duration.metric.code(),
        name: BothLanguages::of(|chinese| texts::name(duration.metric, chinese).to_owned()),
        all: duration.all,
        used: duration.used(),
        sum_seconds: spread.map_or(0, |spread| spread.sum),
        mean_minutes: spread.map(crate::domain::response_times::Spread::mean_minutes),
        median_minutes: spread.map(crate::domain::response_times::Spread::median_minutes),
        p90_minutes: spread.map(crate::domain::response_times::Spread::p90_minutes),
        left_out: left(&duration.left),
        formula: BothLanguages::of(|chinese| texts::duration(duration, settings, chinese)),
        events: format!(
            "/api/v1/analytics/events?{}",
            list_query(query, settings, Some(duration.metric), "used", group)
        ),
    }
}

fn ratio_body(report: &Report, ratio: &Ratio, group: Option<&Key>) -> RatioBody {
    let whole = i128::from(crate::domain::event_record::WHOLE);
    let (query, settings) = (&report.query, &report.settings);
    RatioBody {
        metric: ratio.metric.code(),
        name: BothLanguages::of(|chinese| texts::name(ratio.metric, chinese).to_owned()),
        all: ratio.all,
        used: ratio.used,
        hits: ratio.hits,
        numerator: Figure::ratio(i128::from(ratio.hit_share), whole),
        denominator: Figure::ratio(i128::from(ratio.base_share), whole),
        percent: ratio.percent(),
        left_out: left(&ratio.left),
        formula: BothLanguages::of(|chinese| texts::ratio(ratio, settings, chinese)),
        events: format!("/api/v1/analytics/events?{}", list_query(query, settings, Some(ratio.metric), "used", group)),
    }
}

fn durations(report: &Report, summary: &Summary, group: Option<&Key>) -> Vec<DurationBody> {
    summary.durations.iter().map(|one| duration_body(report, one, group)).collect()
}

fn ratios(report: &Report, summary: &Summary, group: Option<&Key>) -> Vec<RatioBody> {
    summary.ratios.iter().map(|one| ratio_body(report, one, group)).collect()
}

/// The analytics as JSON.
pub fn body(report: &Report) -> AnalyticsBody {
    let (query, settings, whole) = (&report.query, &report.settings, &report.analysis.whole);
    let limits = settings.limits;
    let scale = i128::from(crate::domain::event_record::WHOLE);
    AnalyticsBody {
        from: query.from,
        to: query.to,
        by: query.by.map(By::code),
        reading: settings.reading.code(),
        limits: LimitsBody { detect: limits.detect, locate: limits.locate, recover: limits.recover },
        events: whole.events,
        drills_and_maintenance: report.left_out,
        durations: durations(report, whole, None),
        ratios: ratios(report, whole, None),
        groups: report
            .analysis
            .groups
            .iter()
            .map(|(key, summary)| GroupBody {
                key: key.code(),
                name: group_name(&report.names, key),
                events: summary.events,
                count: Figure::ratio(i128::from(summary.share), scale),
                durations: durations(report, summary, Some(key)),
                ratios: ratios(report, summary, Some(key)),
            })
            .collect(),
    }
}

fn group_name(names: &std::collections::HashMap<Uuid, String>, key: &Key) -> Option<String> {
    match key {
        Key::Id(Some(id)) => names.get(id).cloned(),
        _ => None,
    }
}

/// The list behind a number as JSON.
pub fn behind_body(app: &App, behind: &Behind) -> BehindList {
    let seconds = |outcome: Option<Outcome>| match outcome {
        Some(Outcome::Took(seconds)) => Some(seconds),
        _ => None,
    };
    let words = |outcome: Outcome| {
        let metric = behind.metric.unwrap_or(Metric::Recurrence);
        BothLanguages::of(|chinese| texts::outcome(metric, outcome, chinese))
    };
    let events = behind.events.iter().map(|(event, outcome)| BehindRow {
        outcome: outcome.map(words),
        seconds: seconds(*outcome),
        event: Some(event_body::body(app, event)),
        action_item: None,
    });
    let items = behind.items.iter().map(|(listed, outcome)| BehindRow {
        outcome: Some(words(*outcome)),
        seconds: None,
        event: None,
        action_item: Some(action_items::body(app, listed)),
    });
    BehindList {
        total: behind.total,
        data: events.chain(items).collect(),
        next_cursor: behind.next.map(|next| next.to_string()),
    }
}

/// The analytics of a period.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<AnalyticsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let report = analytics::compute(&app, &caller.actor, query.query(&app)?).await?;
    Ok(HttpResponse::Ok().json(body(&report)))
}

/// The list behind a number.
pub async fn events(
    request: HttpRequest,
    app: web::Data<App>,
    asked: web::Query<BehindQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let query = asked.query(&app)?;
    let selection = asked.selection(&query)?;
    let limit = asked.limit.unwrap_or(50);
    let behind = analytics::behind(&app, &caller.actor, query, &selection, asked.after()?, limit)
        .await
        .map_err(|error: ServiceError| Problem::from(error))?;
    Ok(HttpResponse::Ok().json(behind_body(&app, &behind)))
}
