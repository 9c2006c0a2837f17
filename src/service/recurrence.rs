//! Recurrence: open action items of similar earlier events, shown when a new one is logged and on its page.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events};
use crate::{
    domain::{
        actor::{Actor, Permission},
        event::{self, EventFields},
        text,
        visibility::Sight,
    },
    store,
};

/// How far back earlier events are looked at, in days.
const DAYS: i64 = 180;

/// The most open items that are compared.
const CANDIDATES: u64 = 500;

/// The most that are shown.
const SHOWN: usize = 5;

/// From which likeness on (0 to 1) two texts tell of the same thing.
const ALIKE: f64 = 0.35;

/// Why an earlier event counts as similar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Similar {
    /// It affected one of the same services.
    Service,
    /// Its cause is of the same category, and its text is somewhat alike.
    Cause,
    /// Its text is alike.
    Text,
}

impl Similar {
    /// The code in the API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Cause => "cause",
            Self::Text => "text",
        }
    }
}

/// An open action item of an earlier event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecurringItem {
    /// `PE-9`.
    pub event: String,
    /// 9.
    pub event_number: i64,
    /// Title of that event.
    pub event_title: String,
    /// `AI-7`.
    pub item: String,
    /// What is to be done.
    pub title: String,
    /// Its state.
    pub state: String,
    /// By when.
    pub due_on: Option<NaiveDate>,
    /// It is past its due date.
    pub overdue: bool,
    /// Why the event counts as similar.
    pub similar: Similar,
    /// How much the texts are alike, in percent.
    pub percent: u32,
}

/// Open items of events that are similar to these fields; `except` is the event itself.
pub async fn of_fields(
    app: &App,
    actor: &Actor,
    fields: &EventFields,
    except: Option<Uuid>,
) -> Result<Vec<RecurringItem>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let since = app.now_millis() - DAYS * 86_400_000;
    let candidates = store::recurrence::open_items(connection, Sight::of(actor), since, except, CANDIDATES).await?;
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let services: Vec<Uuid> = fields.services.iter().map(|service| service.service_id).collect();
    let mut events: Vec<Uuid> = candidates.iter().map(|item| item.event_id).collect();
    events.dedup();
    let same_service = store::recurrence::of_services(connection, &events, &services).await?;
    let words = |summary: Option<&str>, narrative: &str, cause: Option<&str>| {
        format!("{} {}", summary.unwrap_or(narrative), cause.unwrap_or_default()).chars().take(400).collect::<String>()
    };
    let own = words(fields.summary.as_deref(), &fields.narrative, fields.cause.as_deref());
    let today = app.today();
    let mut likeness: Option<(Uuid, f64)> = None;
    let mut found: Vec<(f64, RecurringItem)> = Vec::new();
    for item in candidates {
        let alike = match likeness {
            Some((id, alike)) if id == item.event_id => alike,
            _ => {
                let other = words(item.summary.as_deref(), &item.narrative, item.cause.as_deref());
                text::likeness(&own, &other)
            }
        };
        likeness = Some((item.event_id, alike));
        let category = fields.cause_category.as_deref().filter(|category| *category != "unknown");
        let same_cause = category.is_some() && item.cause_category.as_deref() == category;
        let similar = if alike >= ALIKE {
            Similar::Text
        } else if same_service.contains(&item.event_id) {
            Similar::Service
        } else if same_cause && alike >= ALIKE / 2.0 {
            Similar::Cause
        } else {
            continue;
        };
        let bonus = f64::from(u8::from(same_service.contains(&item.event_id))) + f64::from(u8::from(same_cause)) / 2.0;
        let title = item.summary.as_deref().unwrap_or(&item.narrative);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let percent = (alike * 100.0).round().clamp(0.0, 100.0) as u32;
        found.push((
            alike + bonus,
            RecurringItem {
                event: event::label(item.event_number),
                event_number: item.event_number,
                event_title: title.lines().next().unwrap_or_default().chars().take(80).collect(),
                item: format!("AI-{}", item.item_number),
                title: item.title,
                overdue: item.due_on.is_some_and(|due| due < today),
                state: item.state,
                due_on: item.due_on,
                similar,
                percent,
            },
        ));
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0));
    found.truncate(SHOWN);
    Ok(found.into_iter().map(|(_, item)| item).collect())
}

/// Open items of events that are similar to an event.
pub async fn of_event(app: &App, actor: &Actor, number: i64) -> Result<Vec<RecurringItem>, ServiceError> {
    let event = events::get(app, actor, number).await?;
    of_fields(app, actor, &event.fields, Some(event.id)).await
}
