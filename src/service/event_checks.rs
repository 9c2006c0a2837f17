//! What an event may not say, whoever writes it: times ahead, more recovered than lost, names of what is not there.

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::ServiceError;
use crate::{
    domain::{
        checked::FieldError,
        clock_point::{ClockPoint, Precision},
        event::{self, EventFields, ProductionEvent, Source},
        event_record::EventKind,
        visibility::Sight,
    },
    store::{self, Tx, event_parts::NamedParts},
};

/// What people write now lies at most ten minutes ahead (clocks differ), a date alone at most a day, planned maintenance at most a
/// year, a pasted line, whose reader was asked about the year, at most ten. A report says what it says.
pub(super) fn check_future(
    now: DateTime<Utc>,
    before: &EventFields,
    after: &EventFields,
    source: Source,
) -> Result<(), ServiceError> {
    if source == Source::Import {
        return Ok(());
    }
    let ahead = |point: ClockPoint| match (after.kind, point.precision) {
        (EventKind::Maintenance, _) => Duration::days(366),
        _ if source == Source::Line => Duration::days(3_653),
        // The date alone, in whatever zone it was meant.
        (_, Precision::Day) => Duration::days(1),
        // Clocks differ.
        (_, Precision::Minute) => Duration::minutes(10),
    };
    let stood = before.clock();
    for ((name, point), (_, stood)) in after.clock().into_iter().zip(stood) {
        if let Some(point) = point.filter(|point| Some(*point) != stood)
            && point.at > now + ahead(point)
        {
            return Err(
                FieldError::shape(event::clock_field(name), "give a time that does not lie in the future").into()
            );
        }
    }
    Ok(())
}

/// No more comes back than was lost. What stands so already is refused only where the losses change.
pub(super) fn check_loss(before: &EventFields, after: &EventFields) -> Result<(), FieldError> {
    let loss = &after.loss;
    if before.loss != *loss
        && let (Some(actual), Some(recovered)) = (loss.actual, loss.recovered)
        && recovered > actual
    {
        return Err(FieldError::shape("loss_recovered_fen", "give no more than the actual loss"));
    }
    Ok(())
}

/// Who owns or reviews the postmortem of a restricted event, or owns an action item of it, is among those who see it:
/// they could not do their work else.
pub(super) async fn keep_workers(tx: &Tx, event: &mut ProductionEvent) -> Result<(), ServiceError> {
    let items = store::action_items::of_events(tx.conn(), &[event.id], Sight::All).await?;
    let owners = items.into_iter().filter(|item| !item.state.is_closed()).filter_map(|item| item.fields.owner_id);
    let viewers = &mut event.fields.viewers;
    viewers.extend(owners.chain(event.postmortem.owner_id).chain(event.postmortem.reviewer_id));
    viewers.sort_unstable();
    viewers.dedup();
    Ok(())
}

/// Services, teams and people that an event newly names must be there.
pub(super) async fn check_named(tx: &Tx, before: &EventFields, after: &EventFields) -> Result<(), ServiceError> {
    let named = NamedParts {
        services: newly(before.services.iter().map(|s| s.service_id), after.services.iter().map(|s| s.service_id)),
        teams: newly(
            before.responsibility.iter().map(|part| part.team_id),
            after.responsibility.iter().map(|part| part.team_id),
        ),
        accounts: newly(before.viewers.iter().copied(), after.viewers.iter().copied()),
    };
    match store::event_parts::first_missing(tx.conn(), &named).await? {
        None => Ok(()),
        Some((field, id)) => Err(FieldError::shape(field, format!("there is none with the id {id} in use")).into()),
    }
}

fn newly(before: impl Iterator<Item = Uuid>, after: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let before: Vec<Uuid> = before.collect();
    after.filter(|id| !before.contains(id)).collect()
}
