//! Putting reminders off, stopping them, having them go out again: each with a trace on what they are about.

use chrono::{Days, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events, reminders, retry::retried};
use crate::{
    domain::{
        action_item,
        actor::{Actor, Permission},
        checked::{self, FieldError},
        event,
        visibility::Sight,
    },
    store::{self, Tx},
};

pub use crate::store::reminders::Hold;

/// Most working days that reminders are put off at once.
pub const MOST_DAYS: u32 = 10;

/// What is done to the reminders of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// None for so many working days, 1 to [`MOST_DAYS`].
    Snooze(u32),
    /// None any more; needs a reason.
    Stop,
    /// They go out again.
    Resume,
}

impl Act {
    /// The stored and spoken code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Snooze(_) => "snooze",
            Self::Stop => "stop",
            Self::Resume => "resume",
        }
    }

    /// The act of a code; `days` are for snoozing, by default two.
    pub fn of(code: &str, days: Option<u32>) -> Result<Self, FieldError> {
        match code {
            "snooze" => Ok(Self::Snooze(days.unwrap_or(2))),
            "stop" => Ok(Self::Stop),
            "resume" => Ok(Self::Resume),
            _ => Err(FieldError::shape("act", "write snooze, stop or resume")),
        }
    }
}

/// A thing whose reminders are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// PE-22: its postmortem, its recovery and its record.
    Event(i64),
    /// AI-7.
    Action(i64),
}

impl Held {
    /// The thing of `PE-22` or `AI-7`.
    pub fn of_label(label: &str) -> Result<Self, FieldError> {
        let upper = label.trim().to_ascii_uppercase();
        let found = if upper.starts_with("AI-") {
            action_item::number_of(label).map(Self::Action)
        } else {
            event::number_of(label).map(Self::Event)
        };
        found.ok_or_else(|| FieldError::shape("item", "write PE-22 or AI-7"))
    }
}

/// What holds the reminders of a thing back now.
pub async fn of(app: &App, actor: &Actor, held: Held) -> Result<Option<Hold>, ServiceError> {
    let item = thing(app, actor, held).await?.item;
    let today = app.today();
    let hold = store::reminders::holds(app.store.read(), &[item]).await?.remove(&item);
    Ok(hold.filter(|hold| hold.until.is_none_or(|until| until > today)))
}

/// A thing that there is.
struct Thing {
    item: Uuid,
    event: Uuid,
    /// In the audit log.
    subject: String,
    /// Whose calendar it follows.
    team: Option<Uuid>,
}

async fn thing(app: &App, actor: &Actor, held: Held) -> Result<Thing, ServiceError> {
    match held {
        Held::Event(number) => {
            let event = events::get(app, actor, number).await?;
            let team = app.calendars().team_of(&event.fields);
            Ok(Thing { item: event.id, event: event.id, subject: events::subject(number), team })
        }
        Held::Action(number) => {
            authorise(actor, Permission::Read)?;
            let found = store::action_items::by_number(app.store.read(), number, Sight::of(actor)).await?;
            let action =
                found.ok_or_else(|| ServiceError::NotFound(format!("action item {}", action_item::label(number))))?;
            let (item, event, team) = (action.id, action.event_id, action.fields.team_id);
            Ok(Thing { item, event, subject: format!("action_item:{number}"), team })
        }
    }
}

/// Snoozes, stops or resumes the reminders of a thing, for everybody who is reminded of it. Stopping needs a lead, and a reason.
pub async fn act(
    app: &App,
    actor: &Actor,
    held: Held,
    act: Act,
    reason: Option<&str>,
) -> Result<Option<Hold>, ServiceError> {
    authorise(
        actor,
        match act {
            Act::Stop => Permission::AssignPostmortem,
            Act::Snooze(_) | Act::Resume => Permission::WritePostmortem,
        },
    )?;
    let reason = checked::optional("reason", reason, 500)?;
    match act {
        Act::Snooze(days) if !(1..=MOST_DAYS).contains(&days) => {
            return Err(FieldError::shape("days", format!("give 1 to {MOST_DAYS} working days")).into());
        }
        Act::Stop if reason.is_none() => {
            return Err(FieldError { field: "reason", problem: checked::FieldProblem::Empty }.into());
        }
        Act::Snooze(_) | Act::Stop | Act::Resume => {}
    }
    let Thing { item, event: event_id, subject, team } = thing(app, actor, held).await?;
    let until = if let Act::Snooze(days) = act { Some(snoozed_until(app, team, days)) } else { None };
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, act, reason, subject) =
            (app.clone(), actor.clone(), act.clone(), reason.clone(), subject.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = store::reminders::holds(tx.conn(), &[item]).await?.remove(&item);
            let today = app.today();
            let stood = before.clone().filter(|hold| hold.until.is_none_or(|until| until >= today));
            // One that follows on another: nobody was reminded since that one.
            let since = stood.as_ref().map_or(today, |stood| stood.since);
            let by = actor.name.clone();
            let hold = Hold { item, since, until, reason: reason.clone(), by, at: app.now_millis() };
            let after = if act == Act::Resume {
                // It is kept: what came meanwhile is told from today on.
                if let Some(stood) = stood {
                    store::reminders::hold(&tx, &Hold { until: Some(today), ..stood }).await?;
                }
                None
            } else {
                store::reminders::hold(&tx, &hold).await?;
                withdraw(&tx, event_id, item).await?;
                Some(hold)
            };
            store::reminders::wake(&tx, event_id).await?;
            let shown = |hold: &Option<Hold>| match hold {
                None => json!(null),
                Some(Hold { until: Some(until), .. }) => json!(until),
                Some(_) => json!("stopped"),
            };
            let change = json!({"reminders": {"from": shown(&before), "to": shown(&after)}, "reason": reason});
            let action = format!("reminder.{}", act.code());
            store::audit::insert(&tx, app.id(), app.now_millis(), &actor, &action, &subject, change).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await
}

async fn withdraw(tx: &Tx, event_id: Uuid, item: Uuid) -> Result<(), ServiceError> {
    if item == event_id {
        reminders::cancel_for_event(tx, event_id).await
    } else {
        reminders::cancel_for_action(tx, event_id, item).await
    }
}

/// The first day on which reminders go out again that are put off for so many working days of a team.
fn snoozed_until(app: &App, team: Option<Uuid>, days: u32) -> NaiveDate {
    let today = app.today();
    app.calendars().of_team(team).add_working_days(today, days).max(today + Days::new(1))
}
