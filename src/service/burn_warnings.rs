//! Warnings that an error budget burns too fast: the worker opens and closes them, and tells whoever answers for the service
//! once.
//!
//! Windows end with the last measured minute, because samples come some minutes late. Where too little of a window was measured,
//! or nothing for ten minutes, a warning stays as it is: not measured is neither good nor bad.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Duration;
use uuid::Uuid;

use super::{
    App, ServiceError, announcements, app::authorise, outbox_mail, policies, ports::RenderBurnMail, retry::retried,
    samples,
};
use crate::{
    domain::{
        actor::{Actor, Permission, Role},
        burn_warning::{self, BurnMail, BurnWarning, Counted},
        error_budget::Allowance,
        figure_policy::{FigurePolicy, POLICY},
        indicator::{Indicator, Objective, Window},
        reminder::digest::Language,
        samples::{Minute, Totals, minute_of},
    },
    store::{self, accounts::Account, outbox::OutboxMessage, reminders::ConnectionTrait},
};

/// Kind of these mails in the outbox.
pub const BURN_KIND: &str = "burn.warning";

/// Most warnings of a page.
pub const PAGE_LIMIT: u64 = 200;

/// So many minutes without a sample, and nothing is known.
const SILENCE: Minute = 10;

/// The longest window of a rule, in minutes.
const LONGEST_WINDOW: Minute = 3 * 1_440;

/// The most indicators that are looked at in one step.
const TOGETHER: u64 = 1_000;

/// A warning with its indicator.
#[derive(Debug, Clone)]
pub struct WarningOf {
    /// The warning.
    pub warning: BurnWarning,
    /// Its indicator.
    pub indicator: Indicator,
}

/// Warnings, the latest first; the open ones, the closed ones, or all.
pub async fn page(
    app: &App,
    actor: &Actor,
    open: Option<bool>,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<WarningOf>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let warnings = store::burn_warnings::page(connection, open, before, limit.clamp(1, PAGE_LIMIT)).await?;
    let numbers: Vec<i32> = warnings.iter().map(|warning| warning.indicator).collect();
    let indicators = store::indicators::by_numbers(connection, &numbers).await?;
    let with = |warning: BurnWarning| {
        let indicator = indicators.get(&warning.indicator)?.clone();
        Some(WarningOf { warning, indicator })
    };
    Ok(warnings.into_iter().filter_map(with).collect())
}

/// How many warnings are open.
pub async fn count_open(app: &App, actor: &Actor) -> Result<u64, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::burn_warnings::count_open(app.store.read()).await?)
}

/// What a look at the budgets did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Watched {
    /// Warnings that opened.
    pub opened: usize,
    /// Warnings that closed.
    pub closed: usize,
}

type Key = (i32, Window, u8);

/// Looks at the budgets of all objectives of rates.
pub async fn watch(app: &App, render: RenderBurnMail) -> Result<Watched, ServiceError> {
    let connection = app.store.read();
    let now = minute_of(app.now_millis());
    let policy: FigurePolicy = policies::load(connection, POLICY.name).await?;
    let open: HashMap<Key, BurnWarning> = store::burn_warnings::open(connection)
        .await?
        .into_iter()
        .map(|warning| ((warning.indicator, warning.window, warning.rule), warning))
        .collect();
    let mut watched = Watched::default();
    let mut after = 0;
    loop {
        let from = now.saturating_sub(SILENCE);
        let found = store::indicators::sampled(connection, from, now, after, TOGETHER).await?;
        let Some(last) = found.last() else { break };
        after = last.number;
        for change in look(app, found, now, &policy, &open).await? {
            match change {
                Change::Open(warning, indicator) => {
                    watched.opened += usize::from(begin(app, warning, &indicator, render).await?);
                }
                Change::Seen(warning) => {
                    watched.closed += usize::from(warning.closed_at.is_some());
                    note(app, vec![warning]).await?;
                }
            }
        }
    }
    let gone = without_objective(app, &open).await?;
    watched.closed += gone.len();
    note(app, gone).await?;
    Ok(watched)
}

enum Change {
    Open(BurnWarning, Box<Indicator>),
    Seen(BurnWarning),
}

async fn look(
    app: &App,
    indicators: Vec<Indicator>,
    now: Minute,
    policy: &FigurePolicy,
    open: &HashMap<Key, BurnWarning>,
) -> Result<Vec<Change>, ServiceError> {
    let connection = app.store.read();
    let ids: Vec<Uuid> = indicators.iter().map(|one| one.id).collect();
    let mut objectives = store::indicators::objectives(connection, &ids).await?;
    let numbers: Vec<i32> = indicators.iter().map(|one| one.number).collect();
    let heads = store::samples::heads(connection, &numbers).await?;
    // Those whose samples reach equally far are read together.
    let mut by_end: BTreeMap<Minute, Vec<(Indicator, Vec<Objective>)>> = BTreeMap::new();
    for indicator in indicators {
        let Some(objectives) = objectives.remove(&indicator.id) else { continue };
        let last = heads.get(&indicator.number).and_then(|head| head.reach).map(|reach| reach.1);
        let Some(last) = last.filter(|_| indicator.fields.kind.is_ratio() && !indicator.fields.archived) else {
            continue;
        };
        by_end.entry(last.saturating_add(1).min(now)).or_default().push((indicator, objectives));
    }
    let mut windows: BTreeSet<i64> = BTreeSet::new();
    for window in crate::domain::indicator::WINDOWS {
        windows.extend(burn_warning::rules(window).iter().flat_map(|rule| [rule.long, rule.short]));
    }
    let mut changes = Vec::new();
    for (end, group) in by_end {
        let numbers: Vec<i32> = group.iter().map(|(indicator, _)| indicator.number).collect();
        let mut sums: HashMap<(i64, i32), Totals> = HashMap::new();
        for minutes in &windows {
            let from = end.saturating_sub(Minute::try_from(*minutes).unwrap_or(LONGEST_WINDOW));
            let found = samples::totals_of(app, &Actor::clock(), &numbers, from, end).await?;
            sums.extend(found.into_iter().map(|(number, summed)| ((*minutes, number), summed.totals)));
        }
        for (indicator, objectives) in group {
            for objective in &objectives {
                changes.extend(judge(app, &indicator, objective, &sums, policy, open));
            }
        }
    }
    Ok(changes)
}

fn judge(
    app: &App,
    indicator: &Indicator,
    objective: &Objective,
    sums: &HashMap<(i64, i32), Totals>,
    policy: &FigurePolicy,
    open: &HashMap<Key, BurnWarning>,
) -> Vec<Change> {
    let Some(allowance) = Allowance::of_target(objective.target) else { return Vec::new() };
    let now = app.now_millis();
    let sum = |minutes: i64| sums.get(&(minutes, indicator.number)).copied().unwrap_or_default();
    let known = |minutes: i64| {
        i128::from(sum(minutes).minutes) * 100 >= i128::from(minutes) * i128::from(policy.least_coverage_percent)
    };
    let counted = |minutes: i64| Counted { eligible: sum(minutes).eligible(), failed: sum(minutes).failed() };
    let mut changes = Vec::new();
    for (place, rule) in (0_u8..).zip(burn_warning::rules(objective.window)) {
        if !known(rule.long) || !known(rule.short) {
            continue;
        }
        let (long, short) = (counted(rule.long), counted(rule.short));
        let period = burn_warning::period(objective.window);
        let least = i64::from(policy.least_burn_failures);
        let burns = rule.warns(long.budget(allowance), short.budget(allowance), period, least);
        let was = open.get(&(indicator.number, objective.window, place));
        match (burns, was) {
            (true, None) => {
                let warning = BurnWarning {
                    id: app.id(),
                    indicator: indicator.number,
                    window: objective.window,
                    rule: place,
                    target: objective.target,
                    opened_at: now,
                    burning_at: now,
                    closed_at: None,
                    long,
                    short,
                };
                changes.push(Change::Open(warning, Box::new(indicator.clone())));
            }
            // Not with every round: once a minute says enough.
            (true, Some(was)) if now - was.burning_at >= 60_000 => {
                changes.push(Change::Seen(BurnWarning { burning_at: now, long, short, ..*was }));
            }
            // It is over once it was quiet for as long as the short window, so that what flickers is one warning.
            (false, Some(was)) if now - was.burning_at >= rule.short * 60_000 => {
                changes.push(Change::Seen(BurnWarning { closed_at: Some(now), ..*was }));
            }
            _ => {}
        }
    }
    changes
}

/// Open warnings whose indicator is archived or whose objective is gone: they are over.
async fn without_objective(app: &App, open: &HashMap<Key, BurnWarning>) -> Result<Vec<BurnWarning>, ServiceError> {
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let connection = app.store.read();
    let numbers: BTreeSet<i32> = open.keys().map(|(number, ..)| *number).collect();
    let numbers: Vec<i32> = numbers.into_iter().collect();
    let indicators = store::indicators::by_numbers(connection, &numbers).await?;
    let ids: Vec<Uuid> = indicators.values().map(|one| one.id).collect();
    let objectives = store::indicators::objectives(connection, &ids).await?;
    let held = |warning: &BurnWarning| {
        let indicator = indicators.get(&warning.indicator).filter(|one| !one.fields.archived);
        let objectives = indicator.and_then(|one| objectives.get(&one.id));
        objectives.is_some_and(|all| all.iter().any(|one| one.window == warning.window))
    };
    let now = app.now_millis();
    let gone = open.values().filter(|warning| !held(warning));
    Ok(gone.map(|warning| BurnWarning { closed_at: Some(now), ..*warning }).collect())
}

async fn note(app: &App, warnings: Vec<BurnWarning>) -> Result<(), ServiceError> {
    if warnings.is_empty() {
        return Ok(());
    }
    let app = app.clone();
    retried(move || {
        let (app, warnings) = (app.clone(), warnings.clone());
        async move {
            let tx = app.store.begin().await?;
            for warning in &warnings {
                store::burn_warnings::update(&tx, warning).await?;
            }
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// Opens a warning and puts its mails into the outbox, together. False where another worker was quicker.
async fn begin(
    app: &App,
    warning: BurnWarning,
    indicator: &Indicator,
    render: RenderBurnMail,
) -> Result<bool, ServiceError> {
    let mut messages = Vec::new();
    for account in told(app, indicator).await? {
        let mail = BurnMail {
            language: Language::from_code(&account.lang),
            key: indicator.fields.key.clone(),
            name: indicator.fields.name.clone(),
            warning,
            public_url: app.public_url.clone(),
        };
        let words = render(&mail).map_err(ServiceError::Interrupted)?;
        let dedupe_key = format!("burn:{}:{}", warning.id, account.id);
        let now = app.now_millis();
        messages.push(outbox_mail::mail(
            app,
            BURN_KIND,
            dedupe_key,
            (Some(account.id), account.email),
            words,
            now,
            Duration::days(1),
        ));
    }
    tracing::warn!(indicator = indicator.fields.key, window = warning.window.code(), "an error budget burns too fast");
    let (app, indicator) = (app.clone(), indicator.clone());
    retried(move || {
        let (app, messages, indicator) = (app.clone(), messages.clone(), indicator.clone());
        async move {
            let tx = app.store.begin().await?;
            if !store::burn_warnings::insert(&tx, &warning).await? {
                tx.rollback().await?;
                return Ok(false);
            }
            for message in &messages {
                store::outbox::insert(&tx, message).await?;
            }
            announcements::announce_burning(&app, &tx, warning, &indicator).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await
}

/// Who is told: the lead of the team that answers for the service; where there is none, the administrators.
async fn told(app: &App, indicator: &Indicator) -> Result<Vec<Account>, ServiceError> {
    let connection = app.store.read();
    let mut lead = None;
    if let Some(service) = indicator.fields.service_id
        && let Some(service) = store::services::by_id(connection, service).await?
        && let Some(team) = service.fields.team_id
        && let Some(team) = store::teams::by_ids(connection, &[team]).await?.into_iter().next()
        && let Some(account) = team.fields.lead
    {
        lead = store::accounts::by_id(connection, account).await?.filter(|account| account.active);
    }
    if let Some(lead) = lead {
        return Ok(vec![lead]);
    }
    let mut accounts = store::accounts::list(connection).await?;
    accounts.retain(|account| account.active && account.role == Role::Admin);
    Ok(accounts)
}

/// Whether the warning of a message to a group is open: its key is `chat:budget.burning:` and the warning's id.
pub(super) async fn is_open(connection: &impl ConnectionTrait, message: &OutboxMessage) -> Result<bool, ServiceError> {
    let id = message.dedupe_key.split(':').nth(2).and_then(|id| id.parse::<Uuid>().ok());
    let Some(id) = id else { return Ok(false) };
    Ok(store::burn_warnings::by_id(connection, id).await?.is_some_and(|warning| warning.closed_at.is_none()))
}

/// Whether the warning of a message to a group cannot wait for working hours.
pub(super) async fn is_urgent(
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let id = message.dedupe_key.split(':').nth(2).and_then(|id| id.parse::<Uuid>().ok());
    let Some(id) = id else { return Ok(false) };
    Ok(store::burn_warnings::by_id(connection, id).await?.is_some_and(|warning| warning.is_urgent()))
}

/// Whether somebody still needs a mail: its warning is open, and its reader may still sign in.
pub(super) async fn still_wanted(
    connection: &impl ConnectionTrait,
    message: &OutboxMessage,
) -> Result<bool, ServiceError> {
    let id = message.dedupe_key.split(':').nth(1).and_then(|id| id.parse::<Uuid>().ok());
    let (Some(id), Some(reader)) = (id, message.recipient_id) else { return Ok(false) };
    let open = store::burn_warnings::by_id(connection, id).await?.is_some_and(|warning| warning.closed_at.is_none());
    Ok(open && store::accounts::by_id(connection, reader).await?.is_some_and(|account| account.active))
}
