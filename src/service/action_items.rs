//! Action items: write down, read, list, edit, move on, delete; their due dates follow the policy.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError, accounts,
    action_audit::{audit, subject},
    app::authorise,
    events::{self, Created},
    grading,
    idempotency::{self, Once},
    postmortems, reminders,
    retry::retried,
};
use crate::{
    domain::{
        action_item::{
            self, ActionFields, ActionItem, ActionState, Priority, Step, StepRefused, chosen_due, due_after,
        },
        actor::{Actor, Permission},
        checked::{self, FieldError, FieldProblem},
        event::ProductionEvent,
        history,
        severity::SeverityPolicy,
        visibility::Sight,
    },
    store::{self, Tx, accounts::Account, audit::AuditEntry, names::Named},
};

pub use crate::store::action_items::{ActionCursor, ActionFilter};

/// The most items on a page.
pub const PAGE_LIMIT: u64 = 200;

/// Changes to an item: `None` leaves a field, `Some(None)` empties it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionPatch {
    /// What is to be done; needed when new.
    pub title: Option<String>,
    /// Markdown.
    pub detail: Option<Option<String>>,
    /// How much it matters.
    pub priority: Option<Priority>,
    /// 负责人, by the e-mail, the name or the id of an account.
    pub owner: Option<Option<Person>>,
    /// The team, by its name or id.
    pub team: Option<Option<String>>,
    /// Due date; emptied, it follows the policy again.
    pub due_on: Option<Option<NaiveDate>>,
    /// The ticket in another tool.
    pub ticket_url: Option<Option<String>>,
}

/// How people name an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// Its e-mail, or its name where only one has it.
    Named(String),
    /// Its id.
    Id(Uuid),
}

/// A step as people ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The next state.
    pub to: ActionState,
    /// Why it is left undone, sent back or reopened.
    pub reason: Option<String>,
    /// What shows that it is done.
    pub evidence: Option<String>,
    /// 验收人; by default who takes the step. Naming another person needs the role lead.
    pub verifier: Option<Person>,
}

impl Move {
    /// A step without anything beside it.
    pub const fn to(to: ActionState) -> Self {
        Self { to, reason: None, evidence: None, verifier: None }
    }
}

/// An item with what lists show beside it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The item.
    pub item: ActionItem,
    /// The event it comes from.
    pub event: ProductionEvent,
    /// Name of the owner.
    pub owner: Option<String>,
    /// Name of the team.
    pub team: Option<String>,
    /// Name of who verified it.
    pub verifier: Option<String>,
}

/// A page of items.
#[derive(Debug, Clone)]
pub struct ActionPage {
    /// The items, the earliest due date first.
    pub items: Vec<Listed>,
    /// Where the next page begins, if there is one.
    pub next: Option<ActionCursor>,
}

/// The items of an event in order of their numbers.
pub async fn of_event(app: &App, actor: &Actor, event_number: i64) -> Result<Vec<Listed>, ServiceError> {
    let event = events::get(app, actor, event_number).await?;
    let items = store::action_items::of_events(app.store.read(), &[event.id], Sight::of(actor)).await?;
    listed(app, items, Some(event)).await
}

/// A page of items, the earliest due date first; items without one come last.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: &ActionFilter,
    after: Option<ActionCursor>,
    limit: u64,
) -> Result<ActionPage, ServiceError> {
    authorise(actor, Permission::Read)?;
    let limit = limit.clamp(1, PAGE_LIMIT);
    let sight = Sight::of(actor);
    let mut items = store::action_items::list(app.store.read(), filter, sight, after, limit + 1).await?;
    let more = items.len() as u64 > limit;
    items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next =
        items.last().filter(|_| more).map(|item| ActionCursor { due_on: item.fields.due_on, number: item.number });
    Ok(ActionPage { items: listed(app, items, None).await?, next })
}

/// How many items a filter finds.
pub async fn count(app: &App, actor: &Actor, filter: &ActionFilter) -> Result<u64, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::action_items::count(app.store.read(), filter, Sight::of(actor)).await?)
}

/// How many open items were due before today.
pub async fn count_overdue(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    count(app, actor, &overdue(app)).await
}

/// The filter of open items that were due before today.
pub fn overdue(app: &App) -> ActionFilter {
    ActionFilter { states: open_states(), due_before: Some(app.today()), ..ActionFilter::default() }
}

/// The states in which something is still to be done.
pub fn open_states() -> Vec<ActionState> {
    action_item::ACTION_STATES.into_iter().filter(|state| !state.is_closed()).collect()
}

/// One item.
pub async fn get(app: &App, actor: &Actor, number: i64) -> Result<Listed, ServiceError> {
    authorise(actor, Permission::Read)?;
    let found = store::action_items::by_number(app.store.read(), number, Sight::of(actor)).await?;
    let item = found.ok_or_else(|| unknown(number))?;
    listed(app, vec![item], None).await?.pop().ok_or_else(|| unknown(number))
}

/// What was done with an item, the latest first, at most 100.
pub async fn history(app: &App, actor: &Actor, number: i64) -> Result<Vec<AuditEntry>, ServiceError> {
    let item = get(app, actor, number).await?.item;
    Ok(store::audit::of_subject(app.store.read(), &subject(item.number), 100).await?)
}

/// Teams by name for a choice: those that are not archived.
pub async fn team_names(app: &App, actor: &Actor) -> Result<Vec<(Uuid, String)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let teams = store::names::teams(app.store.read()).await?;
    Ok(teams.into_iter().filter(|team| team.active).map(|team| (team.id, team.name)).collect())
}

/// Writes down an item of an event. Without a due date it gets the one of the policy.
pub async fn create(
    app: &App,
    actor: &Actor,
    event_number: i64,
    new: ActionPatch,
    once: Option<Once<ActionItem>>,
) -> Result<Created<ActionItem>, ServiceError> {
    authorise(actor, Permission::WriteActionItem)?;
    if let Some(once) = &once
        && let Some(kept) = idempotency::find(app, actor, once).await?
    {
        return Ok(Created::Before(kept));
    }
    let (task_app, task_actor, task_once) = (app.clone(), actor.clone(), once.clone());
    let made = retried(move || {
        let (app, actor, new, once) = (task_app.clone(), task_actor.clone(), new.clone(), task_once.clone());
        async move {
            let tx = app.store.begin().await?;
            let event = events::by_number(&tx, &actor, event_number).await?;
            let now = app.now_millis();
            let mut fields = ActionFields::default();
            apply(&app, &tx, &event, &mut fields, new).await?;
            let mut fields = fields.checked()?;
            if !fields.due_fixed {
                fields.due_on = Some(policy_due(&app, &grading::levels(tx.conn()).await?, &event, now));
            }
            let item = ActionItem {
                id: app.id(),
                number: store::counters::next(&tx, "action_item").await?,
                version: 1,
                event_id: event.id,
                fields,
                state: ActionState::Open,
                evidence: None,
                verifier_id: None,
                verified_at: None,
                reason: None,
                created_at: now,
                updated_at: now,
                changed_at: now,
                created_by: actor.account_id,
            };
            store::action_items::insert(&tx, &item).await?;
            let change = json!({"event": event.label(), "title": item.fields.title, "due_on": item.fields.due_on});
            audit(&app, &tx, &actor, "action_item.create", &item, event.number, change).await?;
            if let Some(once) = &once
                && !idempotency::keep(&app, &tx, actor.account_id, once, &item).await?
            {
                tx.rollback().await?;
                return Ok(None);
            }
            tx.commit().await?;
            Ok(Some(item))
        }
    })
    .await?;
    events::made_or_before(app, actor, made, once).await
}

/// Changes the fields of an open item that is still in `version`.
pub async fn update(
    app: &App,
    actor: &Actor,
    number: i64,
    version: i64,
    patch: ActionPatch,
) -> Result<ActionItem, ServiceError> {
    authorise(actor, Permission::WriteActionItem)?;
    let (app, actor) = (app.clone(), actor.clone());
    let (reader, asker) = (app.clone(), actor.clone());
    let updated = retried(move || {
        let (app, actor, patch) = (app.clone(), actor.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, &actor, number, Some(version)).await?;
            if before.state.is_closed() {
                let words = format!("{} is {}; reopen it first", before.label(), before.state.code());
                return Err(ServiceError::Conflict(words));
            }
            let event = event_of(&tx, &before).await?;
            let mut after = before.clone();
            apply(&app, &tx, &event, &mut after.fields, patch).await?;
            after.fields = after.fields.checked()?;
            // Else whoever did the work could hand it to another owner and verify it themselves.
            if before.state == ActionState::InVerification && after.fields.owner_id != before.fields.owner_id {
                let remedy = "it is in verification; send it back before its owner changes";
                return Err(FieldError::shape("owner", remedy).into());
            }
            if !after.fields.due_fixed {
                let levels = grading::levels(tx.conn()).await?;
                after.fields.due_on = Some(policy_due(&app, &levels, &event, after.created_at));
            }
            if after == before {
                tx.rollback().await?;
                return Ok(before);
            }
            after.updated_at = app.now_millis();
            store::action_items::update(&tx, &after, version).await?;
            if after.state.is_closed() || after.fields.owner_id != before.fields.owner_id {
                reminders::cancel_for_action(&tx, after.event_id, after.id).await?;
            }
            let change = history::changes(&before.fields, &after.fields);
            audit(&app, &tx, &actor, "action_item.update", &after, event.number, change).await?;
            tx.commit().await?;
            after.version += 1;
            Ok(after)
        }
    })
    .await;
    named_stale(&reader, &asker, number, Some(version), updated).await
}

/// Where another writer came between reading and writing, the refusal names both versions.
async fn named_stale<T>(
    app: &App,
    actor: &Actor,
    number: i64,
    given: Option<i64>,
    outcome: Result<T, ServiceError>,
) -> Result<T, ServiceError> {
    match (outcome, given) {
        (Err(error), Some(given)) if error.is_overtaken() => {
            let current = get(app, actor, number).await?.item;
            Err(ServiceError::Stale { what: current.label(), given, current: current.version })
        }
        (outcome, _) => outcome,
    }
}

/// Takes a step. Without a version the latest is taken; a step that was taken already is done.
pub async fn move_to(
    app: &App,
    actor: &Actor,
    number: i64,
    version: Option<i64>,
    asked: Move,
) -> Result<ActionItem, ServiceError> {
    authorise(actor, Permission::WriteActionItem)?;
    if asked.to == ActionState::WontDo {
        authorise(actor, Permission::WaiveActionItem)?;
    }
    let (app, actor) = (app.clone(), actor.clone());
    let (reader, asker) = (app.clone(), actor.clone());
    let moved = retried(move || {
        let (app, actor, asked) = (app.clone(), actor.clone(), asked.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, &actor, number, version).await?;
            if before.state == asked.to {
                tx.rollback().await?;
                return Ok(before);
            }
            let verifier_id = match asked.verifier {
                None => None,
                Some(person) => Some(account(&tx, &person, "verifier").await?.id),
            };
            if verifier_id.is_some() && verifier_id != actor.account_id {
                authorise(&actor, Permission::WaiveActionItem)?;
            }
            let alone = store::names::one_writer(tx.conn(), Permission::WriteActionItem).await?;
            let taken = Step { to: asked.to, reason: asked.reason, evidence: asked.evidence, verifier_id };
            let now = app.now_millis();
            let mut after = action_item::step(&before, &taken, actor.account_id, alone, now).map_err(refused)?;
            after.updated_at = now;
            store::action_items::update(&tx, &after, before.version).await?;
            if after.state.is_closed() || after.fields.owner_id != before.fields.owner_id {
                reminders::cancel_for_action(&tx, after.event_id, after.id).await?;
            }
            let event = event_of(&tx, &before).await?;
            let mut change = json!({"state": {"from": before.state.code(), "to": after.state.code()}});
            if let Value::Object(map) = &mut change {
                map.extend(after.reason.clone().map(|reason| ("reason".to_owned(), json!(reason))));
                if before.evidence != after.evidence {
                    map.insert("evidence".to_owned(), json!({"from": before.evidence, "to": after.evidence}));
                }
                if after.state == ActionState::Done {
                    map.insert("verifier".to_owned(), json!(after.verifier_id));
                    // Said aloud: nobody else looked at it.
                    map.insert("self_verified".to_owned(), json!(after.verifier_id == after.fields.owner_id));
                }
            }
            let action = format!("action_item.{}", after.state.code());
            audit(&app, &tx, &actor, &action, &after, event.number, change).await?;
            tx.commit().await?;
            after.version += 1;
            Ok(after)
        }
    })
    .await;
    named_stale(&reader, &asker, number, version, moved).await
}

/// Hides an item that is still in `version`. Its row and its number stay.
pub async fn delete(app: &App, actor: &Actor, number: i64, version: i64) -> Result<(), ServiceError> {
    authorise(actor, Permission::DeleteActionItem)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor) = (app.clone(), actor.clone());
        async move {
            let tx = app.store.begin().await?;
            let item = current(&tx, &actor, number, Some(version)).await?;
            let event = event_of(&tx, &item).await?;
            store::action_items::delete(&tx, &item, version, app.now_millis()).await?;
            reminders::cancel_for_action(&tx, item.event_id, item.id).await?;
            let was = json!({"title": item.fields.title});
            audit(&app, &tx, &actor, "action_item.delete", &item, event.number, was).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Counts the due dates of an event's open items from its severity again; those that people chose stay. For whoever
/// regrades an event, in the same transaction; `event` is the event as it is now.
pub(super) async fn follow_policy(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    levels: &SeverityPolicy,
    event: &ProductionEvent,
) -> Result<(), ServiceError> {
    let items = store::action_items::of_events(tx.conn(), &[event.id], Sight::All).await?;
    let followers = items.into_iter().filter(|item| !item.state.is_closed() && !item.fields.due_fixed);
    // A handful: an event has few open items.
    for before in followers {
        let mut after = before.clone();
        after.fields.due_on = Some(policy_due(app, levels, event, before.created_at));
        if after.fields.due_on == before.fields.due_on {
            continue;
        }
        after.updated_at = app.now_millis();
        store::action_items::update(tx, &after, before.version).await?;
        let change = history::changes(&before.fields, &after.fields);
        audit(app, tx, actor, "action_item.update", &after, event.number, change).await?;
    }
    Ok(())
}

/// Counted from the day on which the item was written down.
fn policy_due(app: &App, levels: &SeverityPolicy, event: &ProductionEvent, written: i64) -> NaiveDate {
    let written = DateTime::from_timestamp_millis(written).unwrap_or_else(|| app.now());
    let from = written.with_timezone(&app.zone).date_naive();
    due_after(from, levels.action_due_days(event.fields.severity.as_deref()))
}

/// Writes a patch over fields. A due date that stands as it was is not checked again: it may have passed meanwhile.
async fn apply(
    app: &App,
    tx: &Tx,
    event: &ProductionEvent,
    fields: &mut ActionFields,
    patch: ActionPatch,
) -> Result<(), ServiceError> {
    if let Some(title) = patch.title {
        fields.title = title;
    }
    if let Some(detail) = patch.detail {
        fields.detail = detail;
    }
    if let Some(priority) = patch.priority {
        fields.priority = priority;
    }
    let mut new_owner = None;
    if let Some(owner) = patch.owner {
        fields.owner_id = match owner {
            None => None,
            // Whoever owns it already stays, though their account may have ended.
            Some(Person::Id(id)) if fields.owner_id == Some(id) => Some(id),
            Some(person) => {
                let account = account(tx, &person, "owner").await?;
                if fields.owner_id != Some(account.id) && !account.role.may(Permission::WriteActionItem) {
                    return Err(FieldError::shape("owner", "name someone who may write action items").into());
                }
                let id = account.id;
                new_owner = Some(account).filter(|_| fields.owner_id != Some(id));
                Some(id)
            }
        };
    }
    if let Some(team) = patch.team {
        fields.team_id = match team {
            None => None,
            Some(word) => {
                let known = store::names::teams(tx.conn()).await?;
                // The team that it has already stays, though the team may be archived.
                let found = named(&word, &known).filter(|(id, live)| *live || fields.team_id == Some(*id));
                Some(found.ok_or_else(no_team)?.0)
            }
        };
    }
    if let Some(owner) = new_owner {
        // Who sees their own teams alone sees the event by this item, where it is their team's.
        let by_team = match fields.team_id {
            Some(team) if owner.sight() == Sight::OwnTeams(owner.id) && !event.fields.restricted => {
                store::sight::is_of_team(tx.conn(), owner.id, team).await?
            }
            _ => false,
        };
        if !by_team {
            postmortems::sees(tx.conn(), &owner, "owner", event).await?;
        }
    }
    match patch.due_on {
        None => {}
        Some(None) => fields.due_fixed = false,
        Some(Some(due)) if fields.due_on == Some(due) && fields.due_fixed => {}
        Some(Some(due)) => {
            postmortems::due_after_event(app, event, due)?;
            fields.due_on = Some(chosen_due(due, app.today())?);
            fields.due_fixed = true;
        }
    }
    if let Some(url) = patch.ticket_url {
        fields.ticket_url = url;
    }
    Ok(())
}

/// The team of a name or an id, and whether it is in use.
fn named(word: &str, teams: &[Named]) -> Option<(Uuid, bool)> {
    let key = checked::fold(word);
    let same = |team: &&Named| team.keys.contains(&key) || team.id.to_string() == key;
    teams.iter().find(same).map(|team| (team.id, team.active))
}

fn no_team() -> FieldError {
    FieldError::shape("team", "there is no such team; choose one of the list")
}

/// The team that a filter names by its name or id.
pub async fn team_id(app: &App, actor: &Actor, word: &str) -> Result<Uuid, ServiceError> {
    authorise(actor, Permission::Read)?;
    let known = store::names::teams(app.store.read()).await?;
    Ok(named(word, &known).ok_or_else(no_team)?.0)
}

/// The account that a filter names: `me`, an e-mail, a name, or an id.
pub async fn owner_id(app: &App, actor: &Actor, word: &str) -> Result<Uuid, ServiceError> {
    authorise(actor, Permission::Read)?;
    let none = || FieldError::shape("owner", "there is no account like this; write an e-mail, me, or - for nobody");
    if word == "me" {
        return Ok(actor.account_id.ok_or_else(none)?);
    }
    let read = app.store.read();
    let found = match word.parse::<Uuid>() {
        Ok(id) => store::accounts::by_id(read, id).await?,
        // Ended accounts too: their items are still there.
        Err(_) => store::accounts::by_email(read, word).await?,
    };
    match found {
        Some(found) => Ok(found.id),
        None => {
            accounts::named(app, actor, "owner", word).await.map(|account| account.id).map_err(|error| match error {
                ServiceError::Invalid(FieldError { problem: FieldProblem::Shape(remedy), .. })
                    if remedy == accounts::NO_ACCOUNT =>
                {
                    none().into()
                }
                other => other,
            })
        }
    }
}

async fn account(tx: &Tx, person: &Person, field: &'static str) -> Result<Account, ServiceError> {
    let found = match person {
        Person::Named(word) => return accounts::named_in(tx.conn(), field, word).await,
        Person::Id(id) => store::accounts::by_id(tx.conn(), *id).await?,
    };
    Ok(found.filter(|account| account.active).ok_or_else(|| FieldError::shape(field, accounts::NO_ACCOUNT))?)
}

fn refused(refused: StepRefused) -> ServiceError {
    match refused {
        StepRefused::Field(error) => error.into(),
        StepRefused::Order { .. } => ServiceError::Conflict(refused.to_string()),
    }
}

async fn current(tx: &Tx, actor: &Actor, number: i64, version: Option<i64>) -> Result<ActionItem, ServiceError> {
    let found = store::action_items::by_number(tx.conn(), number, Sight::of(actor)).await?;
    let item = found.ok_or_else(|| unknown(number))?;
    match version.filter(|given| *given != item.version) {
        Some(given) => Err(ServiceError::Stale { what: item.label(), given, current: item.version }),
        None => Ok(item),
    }
}

async fn event_of(tx: &Tx, item: &ActionItem) -> Result<ProductionEvent, ServiceError> {
    let found = store::events::by_ids(tx.conn(), &[item.event_id]).await?.pop();
    found.ok_or_else(|| unknown(item.number))
}

fn unknown(number: i64) -> ServiceError {
    ServiceError::NotFound(format!("action item {}", action_item::label(number)))
}

/// Items with their events and the names beside them, in the same order.
async fn listed(
    app: &App,
    items: Vec<ActionItem>,
    event: Option<ProductionEvent>,
) -> Result<Vec<Listed>, ServiceError> {
    let read = app.store.read();
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<Uuid> = items.iter().map(|item| item.event_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let events = match event {
        Some(event) => vec![event],
        None => store::events::by_ids(read, &ids).await?,
    };
    let events: HashMap<Uuid, ProductionEvent> = events.into_iter().map(|event| (event.id, event)).collect();
    let names = Names::load(app).await?;
    Ok(items
        .into_iter()
        .filter_map(|item| {
            let event = events.get(&item.event_id)?.clone();
            Some(names.listed(item, event))
        })
        .collect())
}

/// The names of all accounts and teams, ended ones too.
#[derive(Debug, Clone)]
pub struct Names {
    people: HashMap<Uuid, String>,
    teams: HashMap<Uuid, String>,
}

impl Names {
    pub(super) async fn load(app: &App) -> Result<Self, ServiceError> {
        let read = app.store.read();
        let people = store::accounts::list(read).await?.into_iter().map(|account| (account.id, account.name));
        let teams = store::names::teams(read).await?.into_iter().map(|team| (team.id, team.name));
        Ok(Self { people: people.collect(), teams: teams.collect() })
    }

    /// The name of an account.
    pub fn person(&self, id: Option<Uuid>) -> Option<String> {
        id.and_then(|id| self.people.get(&id).cloned())
    }

    /// The name of a team.
    pub fn team(&self, id: Option<Uuid>) -> Option<String> {
        id.and_then(|id| self.teams.get(&id).cloned())
    }

    /// An item with its names.
    pub fn listed(&self, item: ActionItem, event: ProductionEvent) -> Listed {
        let (owner, verifier) = (self.person(item.fields.owner_id), self.person(item.verifier_id));
        let team = self.team(item.fields.team_id);
        Listed { item, event, owner, team, verifier }
    }
}

/// The names of all accounts and teams.
pub async fn names(app: &App, actor: &Actor) -> Result<Names, ServiceError> {
    authorise(actor, Permission::Read)?;
    Names::load(app).await
}
