//! The timeline panel of an event's page with the stage bar above it, and what is done there.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::{event, redirect, refusal, rows};
use crate::{
    domain::{clock_point::ClockPoint, event::ProductionEvent, stages, stages::StageBar},
    i18n::{
        self, Texts,
        postmortem::{Words, words},
    },
    service::{
        App, ServiceError,
        timeline::{self, EntryPatch, ItemKind, TimelineCursor, TimelineItem, Wanted},
    },
    web::{
        api::number_of,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// Entries on a page of the panel.
const SHOWN: usize = 120;

/// The stage bar.
pub(super) struct StagePanel {
    /// `这 42 分钟去哪了`; empty where there is no bar.
    pub heading: String,
    /// The bar as a sentence.
    pub sentence: String,
    /// Stretches from left to right.
    pub segments: Vec<StageSegment>,
    /// Points that are missing, in words.
    pub gaps: Vec<String>,
}

/// A stretch of the bar, of 1,000 units.
pub(super) struct StageSegment {
    pub x: i64,
    pub width: i64,
    /// `s1` … `s5`, the colour of the stage that it ends.
    pub class: &'static str,
    pub name: String,
    pub minutes: String,
    pub open: bool,
}

/// The bar of an event as it is drawn.
pub(super) fn stage_panel(app: &App, event: &ProductionEvent, chinese: bool) -> StagePanel {
    drawn(&stages::stage_bar(&event.fields, app.now()), chinese)
}

/// `s1` … `s5`, the colour of the stage that a segment ends.
pub(super) fn stage_class(segment: &stages::Segment) -> &'static str {
    segment.stages.last().map_or("s1", |stage| match stage {
        stages::Stage::Detect => "s1",
        stages::Stage::Acknowledge => "s2",
        stages::Stage::Locate => "s3",
        stages::Stage::Mitigate => "s4",
        stages::Stage::Recover => "s5",
    })
}

/// A bar as it is drawn. A stretch of no time is still seen.
pub(super) fn drawn(bar: &StageBar, chinese: bool) -> StagePanel {
    const UNITS: i64 = 1_000;
    const GAP: i64 = 4;
    const LEAST: i64 = 10;
    let count = i64::try_from(bar.segments.len()).unwrap_or(1);
    let room = UNITS - GAP * (count - 1).max(0) - LEAST * count;
    let total = bar.segments.iter().map(stages::Segment::minutes).sum::<i64>().max(1);
    let mut x = 0;
    let mut segments = Vec::new();
    for segment in &bar.segments {
        let width = LEAST + room * segment.minutes() / total;
        let class = stage_class(segment);
        segments.push(StageSegment {
            x,
            width,
            class,
            name: i18n::timeline::segment(segment, chinese),
            minutes: i18n::timeline::minutes(segment.minutes(), chinese),
            open: segment.open,
        });
        x += width + GAP;
    }
    let lasted = i18n::timeline::minutes(bar.minutes(), chinese);
    let lasted = if chinese && lasted.ends_with('分') { format!("{lasted}钟") } else { lasted };
    StagePanel {
        heading: if segments.is_empty() { String::new() } else { words(chinese).where_gone.replace("{}", &lasted) },
        sentence: i18n::timeline::bar(bar, chinese),
        segments,
        gaps: bar.gaps.iter().map(|(name, gap)| i18n::timeline::gap(name, *gap, chinese)).collect(),
    }
}

/// The timeline panel.
pub(super) struct TimelinePanel {
    pub w: &'static Words,
    pub rows: Vec<TimelineRow>,
    /// Removed lines are shown.
    pub removed: bool,
    /// The cursor of the next page; empty on the last one.
    pub next: String,
    /// What was typed and refused.
    pub typed: String,
    /// Why it was refused.
    pub message: String,
}

/// An entry of the panel.
pub(super) struct TimelineRow {
    /// Empty for clock points.
    pub id: String,
    pub time: String,
    /// Colour class of the dot.
    pub dot: &'static str,
    pub text: String,
    pub by: String,
    pub automatic: bool,
    pub written: bool,
    pub starred: bool,
    pub version: i64,
    /// Its time for a form.
    pub local: String,
    /// `修改：…`, by whom and when; empty for what nobody edited.
    pub edited: String,
    /// `已删除：…`; empty for what stands.
    pub removed: String,
}

#[derive(Deserialize)]
struct Look {
    #[serde(default)]
    tl: String,
    #[serde(default)]
    removed: String,
}

/// The timeline of an event as its page shows it; `refused` is what was typed, and why it was not taken.
pub(super) async fn panel(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    t: &'static Texts,
    event: &ProductionEvent,
    refused: Option<(String, String)>,
) -> Result<TimelinePanel, Problem> {
    let chinese = t.lang == "zh-CN";
    let look = web::Query::<Look>::from_query(request.query_string()).ok();
    let removed = look.as_ref().is_some_and(|look| look.removed == "1");
    // A cursor that is none shows the beginning.
    let after: Option<TimelineCursor> = look.as_ref().and_then(|look| look.tl.parse().ok());
    let page =
        timeline::page(app, &caller.actor, event.number, after.as_ref(), SHOWN, Wanted { kind: None, removed }).await?;
    let w = words(chinese);
    let (typed, message) = refused.unwrap_or_default();
    Ok(TimelinePanel {
        w,
        rows: page.items.iter().map(|item| row(app, w, event, item, chinese)).collect(),
        removed,
        next: page.next.map(|next| next.to_string()).unwrap_or_default(),
        typed,
        message,
    })
}

fn row(app: &App, w: &Words, event: &ProductionEvent, item: &TimelineItem, chinese: bool) -> TimelineRow {
    let entry = match &item.kind {
        ItemKind::Written(entry) => Some(entry),
        _ => None,
    };
    let dot = match &item.kind {
        ItemKind::Clock("occurred") => "p1",
        ItemKind::Clock("recovered") => "ok",
        ItemKind::Clock(_) => "a",
        _ => "",
    };
    let local = DateTime::from_timestamp_millis(item.at).map(|at| rows::local(app, at)).unwrap_or_default();
    let automatic = matches!(item.kind, ItemKind::Automatic { .. });
    TimelineRow {
        id: item.id().map(|id| id.to_string()).unwrap_or_default(),
        time: if item.day_only { day(app, item.at) } else { clock(app, event.fields.occurred, item.at) },
        dot,
        text: i18n::timeline::words(item, event, chinese),
        by: item.by.clone(),
        automatic,
        written: entry.is_some(),
        starred: item.starred,
        version: entry.map_or(0, |entry| entry.version),
        local,
        edited: entry
            .and_then(|entry| Some((entry.updated_at?, entry.updated_by.as_deref()?)))
            .map(|(at, by)| format!("{}{by} {}", w.edited_by, rows::when(app, at)))
            .unwrap_or_default(),
        removed: entry
            .and_then(|entry| entry.deleted.as_ref())
            .map(|(at, by)| format!("{}{by} {}", w.removed_by, rows::when(app, *at)))
            .unwrap_or_default(),
    }
}

fn day(app: &App, millis: i64) -> String {
    let at = DateTime::from_timestamp_millis(millis);
    at.map(|at| at.with_timezone(&app.zone).format("%m/%d").to_string()).unwrap_or_default()
}

/// `15:30` on the day of the beginning, `08/20 09:00` on another one.
fn clock(app: &App, begun: Option<ClockPoint>, millis: i64) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&app.zone);
    match (begun.map(|point| local(point.at)), DateTime::from_timestamp_millis(millis).map(local)) {
        (Some(begun), Some(at)) if begun.date_naive() == at.date_naive() => at.format("%H:%M").to_string(),
        _ => rows::when(app, millis),
    }
}

/// Lines for the timeline.
#[derive(Debug, Deserialize)]
pub struct Entry {
    entry: String,
    /// The time, where it is chosen apart from the text.
    #[serde(default)]
    at: String,
}

/// Adds to the timeline. Where a line is refused, the page comes back with it and says why.
pub async fn add(
    request: HttpRequest,
    app: web::Data<App>,
    number: web::Path<String>,
    form: web::Form<Entry>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&number)?;
    let added = match event::local_time(&app, "at", &form.at) {
        Ok(at) => timeline::add(&app, &caller.actor, number, at, &form.entry, None).await.map(|_| ()),
        Err(error) => Err(error.into()),
    };
    match added {
        Ok(()) => Ok(redirect(&format!("/e/{number}#tl"))),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Conflict(_))) => {
            let status = match &error {
                ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::CONFLICT,
            };
            let message = refusal(super::words(&caller), error);
            let timeline = Some((form.into_inner().entry, message));
            let refusals = event::Refusals { timeline, ..event::Refusals::default() };
            event::show(&app, &request, &caller, number, status, None, refusals).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What is done to an entry.
#[derive(Debug, Deserialize)]
pub struct Done {
    /// edit, remove, star or unstar.
    what: String,
    #[serde(default)]
    version: i64,
    #[serde(default)]
    text: String,
    #[serde(default)]
    at: String,
    /// The time as it was shown: one that stands keeps its seconds.
    #[serde(default)]
    was_at: String,
}

/// Edits, removes or stars an entry.
pub async fn act(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    form: web::Form<Done>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let number = number_of(&path.0)?;
    let id = Uuid::parse_str(&path.1).map_err(|_| ServiceError::NotFound("timeline entry".to_owned()))?;
    let form = form.into_inner();
    let done = match form.what.as_str() {
        "star" | "unstar" => timeline::star(&app, &caller.actor, number, id, form.what == "star").await,
        "remove" => timeline::remove(&app, &caller.actor, number, id, Some(form.version)).await.map(|_| ()),
        _ => {
            let at = if form.at == form.was_at { Ok(None) } else { event::local_time(&app, "at", &form.at) };
            match at {
                Ok(at) => {
                    let patch = EntryPatch { at, text: Some(form.text.clone()) };
                    timeline::edit(&app, &caller.actor, number, id, Some(form.version), patch).await.map(|_| ())
                }
                Err(error) => Err(error.into()),
            }
        }
    };
    match done {
        Ok(()) => Ok(redirect(&format!("/e/{number}#tl"))),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Stale { .. })) => {
            let status = match &error {
                ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::CONFLICT,
            };
            // What was typed stays in the field below the timeline.
            let message = refusal(super::words(&caller), error);
            let timeline = Some((form.text, message));
            let refusals = event::Refusals { timeline, ..event::Refusals::default() };
            event::show(&app, &request, &caller, number, status, None, refusals).await
        }
        Err(error) => Err(error.into()),
    }
}
