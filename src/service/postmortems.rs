//! Postmortems: who owes one, by when, and how it moves on.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events, reminders, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked,
        event::ProductionEvent,
        postmortem::PostmortemState,
        visibility::Sight,
    },
    store,
};

/// The most owed postmortems that are listed at once.
pub const LIST_LIMIT: u64 = 500;

/// A change to a postmortem; absent parts stay.
#[derive(Debug, Clone, Default)]
pub struct PostmortemChange {
    /// The next state.
    pub to: Option<PostmortemState>,
    /// Why it is not required; needed for `not_required`.
    pub reason: Option<String>,
    /// The owner.
    pub owner: Option<Option<Uuid>>,
    /// The due date; emptied, it follows the severity again.
    pub due_on: Option<Option<NaiveDate>>,
}

/// Events whose postmortem is owed, the earliest due date first.
pub async fn owed(app: &App, actor: &Actor, owner: Option<Uuid>) -> Result<Vec<ProductionEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::owed(app.store.read(), Sight::of(actor), owner, LIST_LIMIT).await?)
}

/// How many postmortems are owed, and how many of them are overdue.
pub async fn count_owed(app: &App, actor: &Actor) -> Result<(u64, u64), ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::count_owed(app.store.read(), Sight::of(actor), app.today()).await?)
}

/// Changes the postmortem of an event. `version` is that of the *event*; without one the latest is taken.
pub async fn change(
    app: &App,
    actor: &Actor,
    number: i64,
    version: Option<i64>,
    change: PostmortemChange,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    if change.owner.is_some() || change.due_on.is_some() {
        authorise(actor, Permission::AssignPostmortem)?;
    }
    if change.to == Some(PostmortemState::NotRequired) {
        authorise(actor, Permission::WaivePostmortem)?;
    }
    if let Some(Some(due_on)) = change.due_on {
        checked::date("due_on", due_on)?;
    }
    let reason = checked::optional("reason", change.reason.as_deref(), 2_000)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, change, reason) = (app.clone(), actor.clone(), change.clone(), reason.clone());
        async move {
            let tx = app.store.begin().await?;
            let mut event = events::by_number(&tx, &actor, number).await?;
            if let Some(given) = version.filter(|given| *given != event.version) {
                return Err(ServiceError::Stale { what: event.label(), given, current: event.version });
            }
            let before = event.postmortem.clone();
            let stood = event.clone();
            let after = &mut event.postmortem;
            if let Some(to) = change.to.filter(|to| *to != before.state) {
                if !before.state.may_become(to) {
                    return Err(ServiceError::Conflict(format!(
                        "a postmortem that is {} cannot become {}",
                        before.state.code(),
                        to.code()
                    )));
                }
                if to == PostmortemState::NotRequired && reason.is_none() {
                    return Err(checked::FieldError { field: "reason", problem: checked::FieldProblem::Empty }.into());
                }
                after.state = to;
                after.reason = if to == PostmortemState::NotRequired { reason } else { None };
                after.done_at = (to == PostmortemState::Done).then(|| app.now_millis());
            }
            if let Some(owner) = change.owner {
                if let Some(id) = owner {
                    let account = store::accounts::by_id(tx.conn(), id).await?.filter(|account| account.active);
                    let Some(account) = account else {
                        return Err(ServiceError::NotFound("active account of that owner".to_owned()));
                    };
                    if !Sight::of_account(Some(account.id), account.role).sees(&stood) {
                        let remedy = "the event is restricted; name the person among those who see it first";
                        return Err(checked::FieldError::shape("owner", remedy).into());
                    }
                }
                after.owner_id = owner;
            }
            if let Some(due_on) = change.due_on {
                after.due_fixed = due_on.is_some();
                after.due_on = due_on;
            }
            if after.state.is_owed() && after.due_on.is_none() {
                after.due_on = Some(events::due_of(&app, &event.fields, event.created_at));
            }
            if *after == before {
                tx.rollback().await?;
                return Ok(event);
            }
            let now = app.now_millis();
            store::postmortems::update(&tx, event.id, before.version, after, now).await?;
            after.version += 1;
            store::events::touch(&tx, event.id, event.version, now).await?;
            event.version += 1;
            event.updated_at = now;
            if !event.postmortem.state.is_owed() || event.postmortem.owner_id != before.owner_id {
                reminders::cancel_for_event(&app, &tx, event.id).await?;
            }
            let after = &event.postmortem;
            let moved = json!({
                "state": {"from": before.state.code(), "to": after.state.code()},
                "owner": {"from": before.owner_id, "to": after.owner_id},
                "due_on": {"from": before.due_on, "to": after.due_on},
                "reason": after.reason,
            });
            events::audit(&app, &tx, &actor, &format!("postmortem.{}", after.state.code()), &event, moved).await?;
            tx.commit().await?;
            Ok(event)
        }
    })
    .await
}
