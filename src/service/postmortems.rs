//! Postmortems: who owes one, by when, and how it moves on.

use chrono::NaiveDate;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    App, ServiceError, accounts::NO_ACCOUNT, announcements, app::authorise, events, grading, reminders, retry::retried,
};
use crate::{
    domain::{
        action_item,
        actor::{Actor, Permission, Role},
        announcement::News,
        checked::{self, FieldError, FieldProblem},
        event::{EventFields, ProductionEvent},
        mail_act::{MailAct, SNOOZE_DAYS},
        postmortem::{Postmortem, PostmortemState},
        visibility::Sight,
    },
    store::{self, Tx, mail_acts::Before, policies::ConnectionTrait},
};

/// The most owed postmortems that are listed at once.
pub const LIST_LIMIT: u64 = 500;

/// A change to a postmortem; absent parts stay.
#[derive(Debug, Clone, Default)]
pub struct PostmortemChange {
    /// The next state.
    pub to: Option<PostmortemState>,
    /// Why: needed to waive, to reopen and to send back, and to be done without a review where facts are missing.
    pub reason: Option<String>,
    /// The owner.
    pub owner: Option<Option<Uuid>>,
    /// Who approves it; needed for the review.
    pub reviewer: Option<Option<Uuid>>,
    /// The due date; emptied, it follows the severity again.
    pub due_on: Option<Option<NaiveDate>>,
    /// The version of the postmortem itself that was looked at: where it moved on meanwhile, nothing is changed. Unlike the
    /// event's it does not change with facts and lines of the timeline.
    pub seen: Option<i64>,
}

/// A move of a postmortem from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostmortemMove {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// Who moved it, by name.
    pub by: String,
    /// Before.
    pub from: PostmortemState,
    /// Since.
    pub to: PostmortemState,
    /// Why, where that was asked.
    pub reason: Option<String>,
}

/// Events whose postmortem is owed, the earliest due date first.
pub async fn owed(app: &App, actor: &Actor, owner: Option<Uuid>) -> Result<Vec<ProductionEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::owed(app.store.read(), Sight::of(actor), owner, LIST_LIMIT).await?)
}

/// The events whose postmortem is due first, at most `limit`.
pub async fn first_owed(app: &App, actor: &Actor, limit: u64) -> Result<Vec<ProductionEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::events::owed(app.store.read(), Sight::of(actor), None, limit.min(LIST_LIMIT)).await?)
}

/// As far as pages count what is owed.
const BADGE: u64 = 1_000;

/// How many postmortems are owed, as every page shows it (`999+` of a thousand and more), and whether one is overdue.
pub async fn owed_badge(app: &App, actor: &Actor) -> Result<(String, bool), ServiceError> {
    authorise(actor, Permission::Read)?;
    let read = app.store.read();
    let (owed, late) = store::postmortems::owed_up_to(read, Sight::of(actor), app.today(), BADGE).await?;
    Ok(match owed {
        0 => (String::new(), late),
        BADGE.. => (format!("{}+", BADGE - 1), late),
        _ => (owed.to_string(), late),
    })
}

/// How many postmortems are owed, and how many of them are overdue. Counts them all.
pub async fn count_owed(app: &App, actor: &Actor) -> Result<(u64, u64), ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::postmortems::count_owed(app.store.read(), Sight::of(actor), app.today()).await?)
}

/// The moves of a postmortem that the audit log of its event tells, the latest first.
pub(super) async fn moves(app: &App, event: &ProductionEvent) -> Result<Vec<PostmortemMove>, ServiceError> {
    let audit = store::audit::of_subject(app.store.read(), &events::subject(event.number), 1_000).await?;
    let told = |entry: store::audit::AuditEntry| {
        let state = |end: &str| {
            let code = entry.change.get("state").and_then(|state| state.get(end)).and_then(Value::as_str)?;
            PostmortemState::from_code(code)
        };
        let (from, to) = (state("from")?, state("to")?);
        let reason = entry.change.get("reason").and_then(Value::as_str).map(str::to_owned);
        (from != to).then_some(PostmortemMove { at: entry.at, by: entry.actor_name.clone(), from, to, reason })
    };
    Ok(audit.into_iter().filter_map(told).collect())
}

/// The facts that the record must have before its postmortem is done, and lacks, by name. The one place that asks.
pub(super) async fn missing_facts(
    connection: &impl ConnectionTrait,
    fields: &EventFields,
) -> Result<Vec<&'static str>, ServiceError> {
    let open = events::open_questions(connection, fields).await?;
    Ok(open.into_iter().filter(|question| question.required).map(|question| question.field).collect())
}

/// Refuses to give work on an event to someone who does not see it.
pub(super) async fn sees(
    connection: &impl ConnectionTrait,
    account: &store::accounts::Account,
    field: &'static str,
    event: &ProductionEvent,
) -> Result<(), ServiceError> {
    if store::sight::sees(connection, account.sight(), event).await? {
        return Ok(());
    }
    let remedy = if event.fields.restricted {
        "the event is restricted; name the person among those who see it first"
    } else {
        "the person sees the events of their own teams alone; give one of these a part of the event first"
    };
    Err(FieldError::shape(field, remedy).into())
}

/// Refuses to name someone for a postmortem who is gone, who may not write postmortems, or who does not see the event.
async fn writes(
    connection: &impl ConnectionTrait,
    account: Option<&store::accounts::Account>,
    field: &'static str,
    event: &ProductionEvent,
) -> Result<(), ServiceError> {
    let account = account.filter(|account| account.active).ok_or_else(|| FieldError::shape(field, NO_ACCOUNT))?;
    if !account.role.may(Permission::WritePostmortem) {
        return Err(FieldError::shape(field, "name someone who may write postmortems").into());
    }
    sees(connection, account, field, event).await
}

/// Refuses an owner of a postmortem who could not write it.
pub(super) async fn may_own(
    connection: &impl ConnectionTrait,
    account: Option<&store::accounts::Account>,
    event: &ProductionEvent,
) -> Result<(), ServiceError> {
    writes(connection, account, "owner", event).await
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
    // Who may not read the event may not move its postmortem either.
    events::get(app, actor, number).await?;
    let (app, actor) = (app.clone(), actor.clone());
    let (reader, asker) = (app.clone(), actor.clone());
    let moved = retried(move || {
        let (app, actor, change, reason) = (app.clone(), actor.clone(), change.clone(), reason.clone());
        async move {
            let tx = app.store.begin().await?;
            let mut event = events::by_number(&tx, &actor, number).await?;
            if let Some(given) = version.filter(|given| *given != event.version) {
                return Err(ServiceError::Stale { what: event.label(), given, current: event.version });
            }
            if let Some(given) = change.seen.filter(|seen| *seen != event.postmortem.version) {
                let current = event.postmortem.version;
                return Err(ServiceError::Stale { what: format!("postmortem of {}", event.label()), given, current });
            }
            let before = event.postmortem.clone();
            let people = store::accounts::list(tx.conn()).await?;
            let stood = event.clone();
            let after = &mut event.postmortem;
            if let Some(owner) = change.owner {
                if let Some(id) = owner.filter(|id| before.owner_id != Some(*id)) {
                    let account = people.iter().find(|account| account.id == id);
                    may_own(tx.conn(), account, &stood).await?;
                }
                after.owner_id = owner;
            }
            if let Some(reviewer) = change.reviewer {
                // Else anybody could take a review and approve it.
                let own = reviewer.is_some() && reviewer == actor.account_id && reviewer != before.reviewer_id;
                if own && !actor.may(Permission::AssignPostmortem) {
                    let remedy = "let the owner or a lead name you as the reviewer";
                    return Err(FieldError::shape("reviewer", remedy).into());
                }
                if let Some(id) = reviewer {
                    let account = people.iter().find(|account| account.id == id);
                    writes(tx.conn(), account, "reviewer", &stood).await?;
                }
                after.reviewer_id = reviewer;
            }
            if let Some(to) = change.to.filter(|to| *to != before.state) {
                if !before.state.may_become(to) {
                    return Err(ServiceError::Conflict(format!(
                        "a postmortem that is {} cannot become {}",
                        before.state.code(),
                        to.code()
                    )));
                }
                if before.state.needs_reason(to) && reason.is_none() {
                    return Err(FieldError { field: "reason", problem: FieldProblem::Empty }.into());
                }
                let writes = matches!(to, PostmortemState::Drafting | PostmortemState::InReview);
                if writes && before.owner_id.is_none() && change.owner.is_none() {
                    // Who writes it first owns it, until a lead says otherwise.
                    after.owner_id = actor.account_id;
                }
                if to == PostmortemState::InReview {
                    let Some(reviewer) = after.reviewer_id else {
                        return Err(FieldError { field: "reviewer", problem: FieldProblem::Empty }.into());
                    };
                    if after.owner_id == Some(reviewer) && !is_only_lead(&people, reviewer) {
                        let remedy = "name someone else than the owner";
                        return Err(FieldError::shape("reviewer", remedy).into());
                    }
                }
                if to == PostmortemState::Done {
                    may_approve(&tx, &actor, &people, event.id, &before, after.owner_id).await?;
                    let missing = missing_facts(tx.conn(), &event.fields).await?;
                    // What a lead declares done without a review was reviewed elsewhere, with its own facts: then the
                    // reason says where.
                    let reason_helps = before.state != PostmortemState::InReview;
                    let excused = reason_helps && reason.is_some();
                    if !missing.is_empty() && !excused {
                        return Err(ServiceError::Unanswered { facts: missing, reason_helps });
                    }
                }
                after.state = to;
                after.reason = if to == PostmortemState::NotRequired { reason.clone() } else { None };
                after.done_at = (to == PostmortemState::Done).then(|| app.now_millis());
            }
            if let Some(due_on) = change.due_on {
                if let Some(due_on) = due_on.filter(|due_on| before.due_on != Some(*due_on)) {
                    due_date_that_is_meant(&app, &stood, due_on)?;
                }
                after.due_fixed = due_on.is_some();
                after.due_on = due_on;
            }
            if after.state.is_owed() && after.due_on.is_none() {
                let levels = grading::levels(tx.conn()).await?;
                after.due_on = Some(events::due_of(&app, &levels, &event.fields, event.created_at));
            }
            if *after == before {
                tx.rollback().await?;
                return Ok(event);
            }
            write(&app, &tx, &actor, &mut event, &before, reason).await?;
            tx.commit().await?;
            Ok(event)
        }
    })
    .await;
    match (moved, version) {
        (Err(error), Some(given)) if error.is_overtaken() => {
            let current = events::get(&reader, &asker, number).await?;
            Err(ServiceError::Stale { what: current.label(), given, current: current.version })
        }
        (moved, _) => moved,
    }
}

/// A due date that can still be met: not past, not before the day of the event, not more than two years from now.
fn due_date_that_is_meant(app: &App, event: &ProductionEvent, due_on: NaiveDate) -> Result<(), ServiceError> {
    if (due_on - app.today()).num_days() > 730 {
        return Err(FieldError::shape("due_on", "give a date within the next two years").into());
    }
    due_after_event(app, event, due_on)?;
    action_item::chosen_due(due_on, app.today())?;
    Ok(())
}

/// Refuses a due date before the day of the event.
pub(super) fn due_after_event(app: &App, event: &ProductionEvent, due_on: NaiveDate) -> Result<(), FieldError> {
    let begun = event.fields.occurred.map(|point| point.at.with_timezone(&app.zone).date_naive());
    match begun.filter(|begun| due_on < *begun) {
        Some(begun) => Err(FieldError::shape(
            "due_on",
            format!("{due_on} lies before the day of the event; give {begun} or a later day"),
        )),
        None => Ok(()),
    }
}

fn is_only_lead(people: &[store::accounts::Account], id: Uuid) -> bool {
    let mut leads = people.iter().filter(|account| account.active && account.role >= Role::Lead);
    leads.next().is_some_and(|only| only.id == id) && leads.next().is_none()
}

/// A postmortem is approved by its reviewer or by a lead, who must be neither its owner nor its only author; where there
/// is no other lead, the only one may. Without a review a lead may declare it done. The local operator may always.
async fn may_approve(
    tx: &Tx,
    actor: &Actor,
    people: &[store::accounts::Account],
    event_id: Uuid,
    before: &crate::domain::postmortem::Postmortem,
    owner: Option<Uuid>,
) -> Result<(), ServiceError> {
    let Some(account) = actor.account_id else { return Ok(()) };
    let reviews = before.state == PostmortemState::InReview && before.reviewer_id == Some(account);
    if !reviews {
        authorise(actor, Permission::ApprovePostmortem)?;
    }
    if is_only_lead(people, account) {
        return Ok(());
    }
    let sections = store::postmortem_text::of_event(tx.conn(), event_id).await?;
    let only_author = !sections.is_empty() && sections.iter().all(|section| section.updated_by == Some(account));
    if owner == Some(account) || only_author {
        let words = "the owner or only author of a postmortem cannot approve it; name another reviewer";
        return Err(ServiceError::Conflict(words.to_owned()));
    }
    Ok(())
}

/// Writes the changed postmortem of an event with its audit entry inside a transaction.
async fn write(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    event: &mut ProductionEvent,
    before: &crate::domain::postmortem::Postmortem,
    reason: Option<String>,
) -> Result<(), ServiceError> {
    let now = app.now_millis();
    store::postmortems::update(tx, event.id, before.version, &event.postmortem, now).await?;
    event.postmortem.version += 1;
    store::events::touch(tx, event.id, event.version, now).await?;
    event.version += 1;
    event.updated_at = now;
    if event.postmortem.owner_id != before.owner_id {
        reminders::cancel_for_event(tx, event.id).await?;
    } else if !event.postmortem.state.is_owed() {
        reminders::cancel_for_postmortem(tx, event.id).await?;
    }
    let after = &event.postmortem;
    let moved = json!({
        "state": {"from": before.state.code(), "to": after.state.code()},
        "owner": {"from": before.owner_id, "to": after.owner_id},
        "reviewer": {"from": before.reviewer_id, "to": after.reviewer_id},
        "due_on": {"from": before.due_on, "to": after.due_on},
        "reason": reason,
    });
    events::audit(app, tx, actor, &format!("postmortem.{}", after.state.code()), event, moved).await?;
    if after.state == PostmortemState::Done && before.state != PostmortemState::Done {
        let actions = store::action_items::count_of_event(tx.conn(), event.id).await?;
        let levels = grading::levels(tx.conn()).await?;
        announcements::announce(app, tx, &levels, event, &News::Reviewed { actions }).await?;
    }
    Ok(())
}

/// Whether there is nothing left to do for a link of a mail: the postmortem is not owed any more, is the reader's already,
/// or is not theirs to put off.
pub(super) fn by_link_is_moot(actor: &Actor, event: &ProductionEvent, act: MailAct) -> bool {
    let own = event.postmortem.owner_id.is_some() && event.postmortem.owner_id == actor.account_id;
    let done = match act {
        MailAct::Own => own,
        MailAct::Snooze => !own && !actor.may(Permission::AssignPostmortem),
        MailAct::Unsubscribe => true,
    };
    done || !event.owes_postmortem()
}

/// What a link of a mail does without a sign-in, as the person whom the mail went to: take the postmortem over, or put its
/// due date off. Belongs into the transaction that uses the link up.
pub(super) async fn by_link(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    account: &store::accounts::Account,
    number: i64,
    act: MailAct,
) -> Result<(ProductionEvent, Before), ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let mut event = events::by_number(tx, actor, number).await?;
    let before = event.postmortem.clone();
    if by_link_is_moot(actor, &event, act) {
        return Err(ServiceError::Conflict("the postmortem moved on since the mail was sent".to_owned()));
    }
    match act {
        MailAct::Own => {
            may_own(tx.conn(), Some(account), &event).await?;
            event.postmortem.owner_id = Some(account.id);
        }
        MailAct::Snooze => {
            let from = before.due_on.unwrap_or_else(|| app.today()).max(app.today());
            event.postmortem.due_on = Some(app.calendars().of_event(&event.fields).add_working_days(from, SNOOZE_DAYS));
            event.postmortem.due_fixed = true;
        }
        MailAct::Unsubscribe => {}
    }
    write(app, tx, actor, &mut event, &before, None).await?;
    let Postmortem { owner_id: owner, due_on, due_fixed, .. } = before;
    let before = Before { owner, due_on, due_fixed, made: event.postmortem.version };
    Ok((event, before))
}

/// Takes back what a link of a mail did, where nothing changed since. Belongs into the transaction that notes it.
pub(super) async fn undo_by_link(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    number: i64,
    was: Before,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::WritePostmortem)?;
    let mut event = events::by_number(tx, actor, number).await?;
    let before = event.postmortem.clone();
    if before.version != was.made {
        return Err(ServiceError::Conflict("the postmortem moved on since the mail was sent".to_owned()));
    }
    let Before { owner, due_on, due_fixed, .. } = was;
    (event.postmortem.owner_id, event.postmortem.due_on, event.postmortem.due_fixed) = (owner, due_on, due_fixed);
    write(app, tx, actor, &mut event, &before, Some("undone by the link of the mail".to_owned())).await?;
    Ok(event)
}

/// Counts the due date of an owed postmortem again that nobody chose, because the calendar changed; says whether it moved.
pub(super) async fn count_due_again(app: &App, number: i64) -> Result<bool, ServiceError> {
    let app = app.clone();
    retried(move || {
        let app = app.clone();
        async move {
            let tx = app.store.begin().await?;
            let Some(mut event) = store::events::by_number(tx.conn(), number).await? else {
                tx.rollback().await?;
                return Ok(false);
            };
            let before = event.postmortem.clone();
            let levels = grading::levels(tx.conn()).await?;
            let due = events::due_of(&app, &levels, &event.fields, event.created_at);
            if !event.owes_postmortem() || before.due_fixed || before.due_on == Some(due) {
                tx.rollback().await?;
                return Ok(false);
            }
            event.postmortem.due_on = Some(due);
            let reason = Some("the calendar changed".to_owned());
            write(&app, &tx, &Actor::clock(), &mut event, &before, reason).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await
}

/// Writing begins: an undecided or pending postmortem is being drafted, by its owner or by who writes first.
pub(super) async fn begin_drafting(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    event: &mut ProductionEvent,
) -> Result<(), ServiceError> {
    let before = event.postmortem.clone();
    if !matches!(before.state, PostmortemState::Undecided | PostmortemState::Pending) {
        return Ok(());
    }
    event.postmortem.state = PostmortemState::Drafting;
    event.postmortem.owner_id = before.owner_id.or(actor.account_id);
    if before.due_on.is_none() {
        let levels = grading::levels(tx.conn()).await?;
        event.postmortem.due_on = Some(events::due_of(app, &levels, &event.fields, event.created_at));
    }
    write(app, tx, actor, event, &before, None).await
}
