//! Relations of events: related, logged twice, happened again. Whoever does not see one of the two sees no relation.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, events, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event::{self, ProductionEvent},
        visibility::Sight,
    },
    store::{
        self, Tx,
        event_relations::{LIMIT, StoredRelation},
    },
};

pub use crate::domain::event_relation::{RELATION_KINDS, RelationKind};

/// A relation of an event, seen from it.
#[derive(Debug, Clone)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// The event is the duplicate or the recurrence, and not the one that it refers to. For related ones it says nothing.
    pub outgoing: bool,
    /// The other event.
    pub other: ProductionEvent,
}

/// The relations of an event: what it duplicates first, then what it is a recurrence of, then the rest.
pub async fn of_event(app: &App, actor: &Actor, number: i64) -> Result<Vec<Relation>, ServiceError> {
    let event = events::get(app, actor, number).await?;
    let stored = store::event_relations::of_events(app.store.read(), &[event.id]).await?;
    let other = |relation: &StoredRelation| if relation.event == event.id { relation.other } else { relation.event };
    let ids: Vec<Uuid> = stored.iter().map(other).collect();
    let there = store::events::by_ids(app.store.read(), &ids).await?;
    let seen = store::sight::among(app.store.read(), Sight::of(actor), &there).await?;
    let mut relations: Vec<Relation> = stored
        .iter()
        .filter_map(|relation| {
            let other =
                there.iter().find(|there| there.id == other(relation)).filter(|there| seen.contains(&there.id))?;
            Some(Relation { kind: relation.kind, outgoing: relation.event == event.id, other: other.clone() })
        })
        .collect();
    relations.sort_by_key(|relation| match (relation.kind, relation.outgoing) {
        (RelationKind::Duplicate, true) => 0,
        (RelationKind::Recurrence, true) => 1,
        (RelationKind::Duplicate, false) => 2,
        (RelationKind::Recurrence, false) => 3,
        (RelationKind::Related, _) => 4,
    });
    Ok(relations)
}

/// Says that an event has to do with another one. Saying it twice changes nothing.
pub async fn add(app: &App, actor: &Actor, number: i64, kind: RelationKind, other: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    if number == other {
        return Err(FieldError::shape("other", "name another event than the event itself").into());
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let other = events::by_number(&tx, &actor, other).await?;
            let relation = StoredRelation { event: event.id, other: other.id, kind };
            store::events::lock(&tx, &[event.id, other.id]).await?;
            if !is_new(&tx, &event, &other, relation).await? {
                tx.rollback().await?;
                return Ok(());
            }
            if store::event_relations::insert(&tx, relation, actor.account_id, app.now_millis()).await? {
                audit_both(&app, &tx, &actor, "relation.add", kind, (&event, &other)).await?;
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Whether a relation may be written and is not there; the refusal says what stands against it.
async fn is_new(
    tx: &Tx,
    event: &ProductionEvent,
    other: &ProductionEvent,
    relation: StoredRelation,
) -> Result<bool, ServiceError> {
    let there = store::event_relations::of_events(tx.conn(), &[event.id, other.id]).await?;
    let between = |one: &&StoredRelation| {
        (one.event == event.id && one.other == other.id) || (one.event == other.id && one.other == event.id)
    };
    if there.contains(&relation)
        || (relation.kind == RelationKind::Related && there.iter().filter(between).any(|one| one.kind == relation.kind))
    {
        return Ok(false);
    }
    for one in [event, other] {
        let has = there.iter().filter(|relation| relation.event == one.id || relation.other == one.id).count();
        if has as u64 >= LIMIT {
            let words = format!("{} has {LIMIT} relations, the most of one event; take one away first", one.label());
            return Err(ServiceError::Conflict(words));
        }
    }
    let duplicates = |id: Uuid| there.iter().any(|one| one.kind == RelationKind::Duplicate && one.event == id);
    let duplicated = |id: Uuid| there.iter().any(|one| one.kind == RelationKind::Duplicate && one.other == id);
    let refuse = |words: String| Err(ServiceError::Conflict(words));
    match relation.kind {
        RelationKind::Related => {}
        RelationKind::Duplicate if duplicates(event.id) => {
            return refuse(format!("{} is a duplicate already; take that away first", event.label()));
        }
        RelationKind::Duplicate if duplicates(other.id) => {
            return refuse(format!("{} is a duplicate itself; name its original", other.label()));
        }
        RelationKind::Duplicate if duplicated(event.id) => {
            return refuse(format!("others are duplicates of {}; it cannot be one", event.label()));
        }
        RelationKind::Duplicate => {}
        RelationKind::Recurrence => {
            let back = StoredRelation { event: other.id, other: event.id, kind: relation.kind };
            let begun = event.fields.occurred.zip(other.fields.occurred);
            if there.contains(&back) || begun.is_some_and(|(event, other)| event.latest() < other.at) {
                return refuse(format!(
                    "{} came before {}; name them the other way round",
                    event.label(),
                    other.label()
                ));
            }
        }
    }
    Ok(true)
}

/// Takes a relation away, in whichever direction it was said for related ones.
pub async fn remove(app: &App, actor: &Actor, number: i64, kind: RelationKind, other: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::WriteEvent)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, number).await?;
            let other = events::by_number(&tx, &actor, other).await?;
            let relation = StoredRelation { event: event.id, other: other.id, kind };
            let mut gone = store::event_relations::delete(&tx, relation).await?;
            if kind == RelationKind::Related {
                let back = StoredRelation { event: other.id, other: event.id, kind };
                gone |= store::event_relations::delete(&tx, back).await?;
            }
            if !gone {
                let words = format!("relation {} of {} to {}", kind.code(), event.label(), other.label());
                return Err(ServiceError::NotFound(words));
            }
            audit_both(&app, &tx, &actor, "relation.remove", kind, (&event, &other)).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// The history of both events tells it. The other one stands there by its id alone: who reads the history sees it or
/// not, now or later ([`name_others`]).
async fn audit_both(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    kind: RelationKind,
    (event, other): (&ProductionEvent, &ProductionEvent),
) -> Result<(), ServiceError> {
    for (this, that) in [(event, other), (other, event)] {
        let change = json!({"kind": kind.code(), "other": that.id, "of": event.id == this.id});
        events::audit(app, tx, actor, action, this, change).await?;
    }
    Ok(())
}

/// Puts the label of the other event into the entries of a history that tell of relations, for readers who see it; for
/// others nothing stands there. Entries of before held the label itself.
pub(super) async fn name_others(
    app: &App,
    actor: &Actor,
    entries: &mut [store::audit::AuditEntry],
) -> Result<(), ServiceError> {
    let other = |entry: &store::audit::AuditEntry| {
        let tells = entry.action.starts_with("relation.");
        entry.change.get("other").and_then(Value::as_str).filter(|_| tells).map(str::to_owned)
    };
    let told: Vec<String> = entries.iter().filter_map(&other).collect();
    if told.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = told.iter().filter_map(|told| told.parse().ok()).collect();
    let numbers: Vec<i64> = told.iter().filter_map(|told| event::number_of(told)).collect();
    let seen = store::events::labels(app.store.read(), Sight::of(actor), &ids, &numbers).await?;
    for entry in entries {
        let Some(told) = other(entry) else { continue };
        let found = seen.iter().find(|(id, number)| told == id.to_string() || event::label(*number) == told);
        if let Some(map) = entry.change.as_object_mut() {
            map.insert("other".to_owned(), json!(found.map(|(_, number)| event::label(*number))));
        }
    }
    Ok(())
}
