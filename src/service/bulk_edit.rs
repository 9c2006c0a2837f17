//! One change to many events: each in a transaction of its own, in the version that the writer saw. What can be done
//! is done; the answer says of the rest why not.

use uuid::Uuid;

use super::{
    App, ServiceError, accounts::NO_ACCOUNT, app::authorise, events, grading::Why, postmortems, reminders,
    retry::retried,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event,
        event_record::{AffectedService, EventKind, Responsibility, checked_responsibility},
    },
    store,
};

/// The most events of one change.
pub const MOST: usize = 200;

/// A change to many events; absent parts stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkChange {
    /// Tags to add.
    pub add_tags: Vec<String>,
    /// Tags to take off.
    pub remove_tags: Vec<String>,
    /// Services to add.
    pub add_services: Vec<Uuid>,
    /// Services to take off.
    pub remove_services: Vec<Uuid>,
    /// What the events are to the figures.
    pub kind: Option<EventKind>,
    /// Which teams answer for the events, all of them; an empty list says that no team does.
    pub responsibility: Option<Vec<Responsibility>>,
    /// Owner of the postmortems; `Some(None)` names nobody.
    pub owner: Option<Option<Uuid>>,
}

/// What became of one event.
#[derive(Debug)]
pub enum BulkOutcome {
    /// Changed; its version now.
    Done(i64),
    /// It was so already.
    Unchanged(i64),
    /// Not changed.
    Refused(ServiceError),
}

/// One event of the answer.
#[derive(Debug)]
pub struct BulkResult {
    /// 22 of PE-22.
    pub number: i64,
    /// What became of it.
    pub outcome: BulkOutcome,
}

/// Changes the chosen events, each still in its version; without a version the latest is taken.
pub async fn change(
    app: &App,
    actor: &Actor,
    chosen: &[(i64, Option<i64>)],
    change: &BulkChange,
) -> Result<Vec<BulkResult>, ServiceError> {
    authorise(actor, Permission::BulkEdit)?;
    if change.owner.is_some() {
        authorise(actor, Permission::AssignPostmortem)?;
    }
    if let Some(parts) = &change.responsibility {
        authorise(actor, Permission::GradeEvent)?;
        checked_responsibility(parts)?;
    }
    if chosen.is_empty() {
        return Err(FieldError::shape("events", "choose at least one event").into());
    }
    if chosen.len() > MOST {
        return Err(FieldError::shape("events", format!("choose at most {MOST} events")).into());
    }
    if *change == BulkChange::default() {
        return Err(FieldError::shape("set", "say what to change").into());
    }
    let twice =
        chosen.iter().enumerate().any(|(at, (number, _))| chosen[..at].iter().any(|(other, _)| other == number));
    if twice {
        return Err(FieldError::shape("events", "name each event once").into());
    }
    if let Some(Some(id)) = change.owner {
        let account = store::accounts::by_id(app.store.read(), id).await?.filter(|account| account.active);
        if account.is_none() {
            return Err(FieldError::shape("owner", NO_ACCOUNT).into());
        }
    }
    let mut results = Vec::with_capacity(chosen.len());
    for (number, version) in chosen {
        let outcome = match one(app, actor, *number, *version, change).await {
            Ok((version, true)) => BulkOutcome::Done(version),
            Ok((version, false)) => BulkOutcome::Unchanged(version),
            // The database is away: the rest would not fare better.
            Err(error @ (ServiceError::Store(_) | ServiceError::Interrupted(_))) if results.is_empty() => {
                return Err(error);
            }
            Err(error) => BulkOutcome::Refused(error),
        };
        results.push(BulkResult { number: *number, outcome });
    }
    Ok(results)
}

/// Changes one event; its version now, and whether it changed.
async fn one(
    app: &App,
    actor: &Actor,
    number: i64,
    version: Option<i64>,
    change: &BulkChange,
) -> Result<(i64, bool), ServiceError> {
    let (app, actor, change) = (app.clone(), actor.clone(), change.clone());
    retried(move || {
        let (app, actor, change) = (app.clone(), actor.clone(), change.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = match version {
                Some(version) => events::current(&tx, &actor, number, version).await?,
                None => events::by_number(&tx, &actor, number).await?,
            };
            if let Some(Some(id)) = change.owner.filter(|owner| before.postmortem.owner_id != *owner) {
                let owner = store::accounts::by_id(tx.conn(), id).await?;
                postmortems::may_own(tx.conn(), owner.as_ref(), &before).await?;
            }
            let mut after = before.clone();
            apply(&mut after.fields, &change);
            if let Some(owner) = change.owner {
                after.postmortem.owner_id = owner;
            }
            let (was, owner) = (before.version, before.postmortem.owner_id);
            let after =
                events::write_changed(&app, &tx, &actor, before, after, ("event.bulk", Why::Said(None))).await?;
            if after.version == was {
                tx.rollback().await?;
                return Ok((was, false));
            }
            if after.postmortem.owner_id != owner {
                reminders::cancel_for_event(&tx, after.id).await?;
            }
            tx.commit().await?;
            Ok((after.version, true))
        }
    })
    .await
}

fn apply(fields: &mut event::EventFields, change: &BulkChange) {
    fields.tags.retain(|tag| !change.remove_tags.iter().any(|gone| same(tag, gone)));
    fields.tags.extend(change.add_tags.iter().cloned());
    fields.services.retain(|service| !change.remove_services.contains(&service.service_id));
    for id in &change.add_services {
        if !fields.services.iter().any(|service| service.service_id == *id) {
            fields.services.push(AffectedService { service_id: *id, shares: Vec::new() });
        }
    }
    if let Some(kind) = change.kind {
        fields.kind = kind;
    }
    if let Some(parts) = &change.responsibility {
        fields.responsibility.clone_from(parts);
    }
}

fn same(one: &str, other: &str) -> bool {
    use crate::domain::checked::fold;
    fold(one) == fold(other.trim().trim_start_matches(['#', '＃']))
}
