//! 定级 and 定责: what the rules propose, grades with their reasons, thresholds, and which teams answer for an event.

use chrono::{DateTime, NaiveDate};
use uuid::Uuid;

use super::{
    App, ServiceError, action_items,
    app::authorise,
    events::{self, EventPatch},
    policies,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError, FieldProblem},
        event::ProductionEvent,
        event_record::{Responsibility, checked_responsibility},
        facts::Facts,
        grading::{self, GradingPolicy, Proposal, needs_reason},
        policy,
        postmortem::PostmortemState,
        severity::{self, SeverityPolicy},
        threshold::{self, ThresholdPolicy, Watched},
    },
    store::{self, Tx, policies::ConnectionTrait},
};

pub use crate::store::gradings::Grading;

/// Everything about the grade of an event.
#[derive(Debug, Clone)]
pub struct EventGrading {
    /// The levels of the house.
    pub levels: SeverityPolicy,
    /// What the rules propose now.
    pub proposal: Proposal,
    /// The grades that there were, the latest first.
    pub history: Vec<Grading>,
    /// The thresholds that the event falls under.
    pub watched: Vec<Watched>,
}

/// The levels of the house.
pub async fn house_levels(app: &App, actor: &Actor) -> Result<SeverityPolicy, ServiceError> {
    authorise(actor, Permission::Read)?;
    levels(app.store.read()).await
}

/// The levels of the house, inside a transaction or outside.
pub(super) async fn levels(connection: &impl ConnectionTrait) -> Result<SeverityPolicy, ServiceError> {
    policies::load(connection, severity::POLICY.name).await
}

/// Everything about the grade of an event that was read before.
pub async fn of_event(app: &App, actor: &Actor, event: &ProductionEvent) -> Result<EventGrading, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let levels = levels(connection).await?;
    let proposal = proposal_of(app, connection, &levels, event).await?;
    let thresholds: ThresholdPolicy = policies::load(connection, threshold::POLICY.name).await?;
    let watched = threshold::watch(&thresholds, &event.fields, &proposal.facts, day_of(app, event));
    let history = store::gradings::of_event(connection, event.id).await?;
    Ok(EventGrading { levels, proposal, history, watched })
}

async fn proposal_of(
    app: &App,
    connection: &impl ConnectionTrait,
    levels: &SeverityPolicy,
    event: &ProductionEvent,
) -> Result<Proposal, ServiceError> {
    let services: Vec<Uuid> = event.fields.services.iter().map(|service| service.service_id).collect();
    let core = store::gradings::core_services(connection, &services).await?;
    let rules: GradingPolicy = policies::load(connection, grading::POLICY.name).await?;
    // The figures do not tell yet how far the success rate fell.
    let facts = Facts::of(&event.fields, &|id| core.contains(&id), None, app.now());
    Ok(grading::propose(facts, &rules, levels))
}

/// The day by which the rules of regulators hold: that of the beginning, else of the detection, else of being logged.
fn day_of(app: &App, event: &ProductionEvent) -> NaiveDate {
    let logged = || DateTime::from_timestamp_millis(event.created_at).unwrap_or_else(|| app.now());
    let begun = event.fields.occurred.or(event.fields.detected).map_or_else(logged, |point| point.at);
    begun.with_timezone(&app.zone).date_naive()
}

/// Grades an event that is still in `version`; none takes the grade off. The first grade needs no reason where it is
/// what the rules propose, every later one does.
pub async fn grade(
    app: &App,
    actor: &Actor,
    number: i64,
    version: i64,
    level: Option<String>,
    reason: Option<String>,
) -> Result<ProductionEvent, ServiceError> {
    let patch = EventPatch { severity: Some(level), severity_reason: reason, ..EventPatch::default() };
    events::update(app, actor, number, version, patch).await
}

/// Why a level changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why<'a> {
    /// For the reason that a person gives, if any.
    Said(Option<&'a str>),
    /// Whoever graded it takes their own grade back at once: it needs no leave, not even where only a lead regrades.
    Undone,
}

/// What a patch does to the grade: the entry for the history; none where the grade stays. Refuses a level that there is
/// not, and a grade that lacks its reason.
pub(super) async fn regrade(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    levels: &SeverityPolicy,
    before: &ProductionEvent,
    after: &ProductionEvent,
    why: Why<'_>,
) -> Result<Option<Grading>, ServiceError> {
    let from = before.fields.severity.as_deref();
    if after.fields.severity.as_deref() == from {
        return Ok(None);
    }
    if let Some(label) = &after.fields.severity {
        levels.graded(label)?;
    }
    if from.is_some() && why != Why::Undone && !levels.same(from, after.fields.severity.as_deref()) {
        authorise(actor, Permission::GradeEvent)?;
    }
    let reason = match why {
        Why::Said(reason) => checked::optional("severity_reason", reason, 2_000)?,
        Why::Undone => Some("undo".to_owned()),
    };
    let proposal = proposal_of(app, tx.conn(), levels, after).await?;
    let to = after.fields.severity.clone();
    if reason.is_none() && needs_reason(levels, from, to.as_deref(), proposal.level.as_deref()) {
        return Err(FieldError { field: "severity_reason", problem: FieldProblem::Empty }.into());
    }
    Ok(Some(Grading {
        id: app.id(),
        event_id: before.id,
        at: app.now_millis(),
        by_name: actor.name.clone(),
        by_id: actor.account_id,
        from: from.map(str::to_owned),
        to,
        proposed: proposal.level,
        rule: proposal.rule.map(|rule| rule.id),
        reason,
    }))
}

/// Where the postmortem of an event stands that is logged with this level: what was said about it stands, and where
/// nothing was said, the level decides as it does when the event is graded later.
pub(super) fn first_state(levels: &SeverityPolicy, said: PostmortemState, level: Option<&str>) -> PostmortemState {
    if said == PostmortemState::Undecided && asks_for_postmortem(levels, level) {
        return PostmortemState::Pending;
    }
    said
}

fn asks_for_postmortem(levels: &SeverityPolicy, level: Option<&str>) -> bool {
    level.and_then(|label| levels.level(label)).is_some_and(|level| level.postmortem)
}

/// Notes the grade with which an event was logged, beside what the rules proposed. It needs no reason: it was told.
pub(super) async fn note_first(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    levels: &SeverityPolicy,
    event: &ProductionEvent,
    reason: Option<String>,
) -> Result<(), ServiceError> {
    if event.fields.severity.is_none() {
        return Ok(());
    }
    let proposal = proposal_of(app, tx.conn(), levels, event).await?;
    let grading = Grading {
        id: app.id(),
        event_id: event.id,
        at: app.now_millis(),
        by_name: actor.name.clone(),
        by_id: actor.account_id,
        from: None,
        to: event.fields.severity.clone(),
        proposed: proposal.level,
        rule: proposal.rule.map(|rule| rule.id),
        reason,
    };
    Ok(store::gradings::insert(tx, &grading).await?)
}

/// Notes a grade that came by another way: an import, or its undoing. One that stays writes nothing.
pub(super) async fn note(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    before: &ProductionEvent,
    to: Option<&str>,
    reason: &str,
) -> Result<(), ServiceError> {
    if before.fields.severity.as_deref() == to {
        return Ok(());
    }
    let grading = Grading {
        id: app.id(),
        event_id: before.id,
        at: app.now_millis(),
        by_name: actor.name.clone(),
        by_id: actor.account_id,
        from: before.fields.severity.clone(),
        to: to.map(str::to_owned),
        proposed: None,
        rule: None,
        reason: Some(reason.to_owned()),
    };
    Ok(store::gradings::insert(tx, &grading).await?)
}

/// What follows the level of an event: an event that was just graded owes a postmortem where its level asks for one, and
/// due dates that nobody chose, its own and those of its action items, are counted again. `before` is the event as it is
/// stored; what `after` says of the postmortem already (an undone edit takes it back) is written too.
pub(super) async fn follow_level(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    levels: &SeverityPolicy,
    before: &ProductionEvent,
    after: &mut ProductionEvent,
) -> Result<(), ServiceError> {
    let graded = before.fields.severity != after.fields.severity;
    if graded {
        action_items::follow_policy(app, tx, actor, levels, after).await?;
    }
    let due = events::due_of(app, levels, &after.fields, after.created_at);
    let asked = asks_for_postmortem(levels, after.fields.severity.as_deref());
    let (stored, postmortem) = (&before.postmortem, &mut after.postmortem);
    if graded && asked && stored.state == PostmortemState::Undecided {
        postmortem.state = PostmortemState::Pending;
    }
    if postmortem.state.is_owed() && !postmortem.due_fixed {
        postmortem.due_on = Some(due);
    }
    if postmortem == stored {
        return Ok(());
    }
    store::postmortems::update(tx, after.id, postmortem.version, postmortem, app.now_millis()).await?;
    postmortem.version += 1;
    Ok(())
}

/// Says which teams answer for an event that is still in `version`; the shares replace those before.
pub async fn assign(
    app: &App,
    actor: &Actor,
    number: i64,
    version: i64,
    parts: Vec<Responsibility>,
) -> Result<ProductionEvent, ServiceError> {
    authorise(actor, Permission::GradeEvent)?;
    checked_responsibility(&parts)?;
    let patch = EventPatch { responsibility: Some(parts), ..EventPatch::default() };
    events::update(app, actor, number, version, patch).await
}

/// Refuses shares of teams that there are not, new shares of archived teams, and changes by people who may not grade.
pub(super) async fn check_responsibility(
    tx: &Tx,
    actor: &Actor,
    was: &[Responsibility],
    is: &[Responsibility],
) -> Result<(), ServiceError> {
    if was == is {
        return Ok(());
    }
    authorise(actor, Permission::GradeEvent)?;
    let ids: Vec<Uuid> = is.iter().map(|part| part.team_id).collect();
    let known = store::teams::by_ids(tx.conn(), &ids).await?;
    for part in is {
        let team = known.iter().find(|team| team.id == part.team_id);
        let remedy = match team {
            None => format!("there is no team {}; choose one of the teams", part.team_id),
            Some(team) if team.fields.archived && !was.iter().any(|other| other.team_id == team.id) => {
                format!("the team {} is archived; choose another one", team.fields.name)
            }
            Some(_) => continue,
        };
        return Err(FieldError::shape("responsibility", remedy).into());
    }
    Ok(())
}

/// Refuses a policy that does not fit what is stored: levels that events or rules still use, rules of unknown levels.
pub(super) async fn admit(
    connection: &impl ConnectionTrait,
    name: &str,
    before: &str,
    after: &str,
) -> Result<(), ServiceError> {
    if name == severity::POLICY.name {
        let (was, is): (SeverityPolicy, SeverityPolicy) = (policy::read(before)?, policy::read(after)?);
        for (label, events) in store::gradings::used_labels(connection).await? {
            if was.level(&label).is_some() && is.level(&label).is_none() {
                let remedy = format!(
                    "{events} events are graded {label}; keep the label, or name it among the aliases of another level"
                );
                return Err(policy::refused("levels", &remedy).into());
            }
        }
        let rules: GradingPolicy = policies::load(connection, grading::POLICY.name).await?;
        if let Some(rule) = rules.rules.iter().find(|rule| is.level(&rule.level).is_none()) {
            let remedy = format!(
                "the grading rule {} proposes {}; keep the label, name it among the aliases of another level, or change the rule first",
                rule.id, rule.level
            );
            return Err(policy::refused("levels", &remedy).into());
        }
    }
    if name == grading::POLICY.name {
        let rules: GradingPolicy = policy::read(after)?;
        if let Some(refusal) = rules.stranger(&levels(connection).await?) {
            return Err(refusal.into());
        }
    }
    Ok(())
}
