//! Indicators, what counts against them, and what they should reach.

use std::collections::HashMap;

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        indicator::{self, IndicatorFields},
        report::reading::Decimal,
        samples::plan,
    },
    store::{self, Tx},
};

pub use crate::domain::indicator::{Definition, DefinitionFields, Indicator, IndicatorKind, Objective, Window};

/// Most indicators of a page.
pub const PAGE_LIMIT: u64 = store::indicators::PAGE_LIMIT;

/// Most indicators that a house may have.
const MOST: i64 = 100_000;

/// Changes to an indicator: `None` leaves a part, `Some(None)` empties it. Its key and kind stay.
#[derive(Debug, Clone, Default)]
pub struct IndicatorPatch {
    /// The name.
    pub name: Option<String>,
    /// The business line or component.
    pub service_id: Option<Option<Uuid>>,
    /// `%`, `ms`.
    pub unit: Option<Option<String>>,
    /// Digits behind the point.
    pub digits: Option<u8>,
    /// A smaller value is the better one.
    pub lower_is_better: Option<bool>,
    /// Archived or in use.
    pub archived: Option<bool>,
}

/// An indicator with its objectives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithObjectives {
    /// The indicator.
    pub indicator: Indicator,
    /// In order of their windows.
    pub objectives: Vec<Objective>,
}

/// Indicators with their objectives in order of their keys, behind `after`; archived ones only with `archived`.
pub async fn page(
    app: &App,
    actor: &Actor,
    after: Option<&str>,
    archived: bool,
    limit: u64,
) -> Result<Vec<WithObjectives>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let limit = limit.clamp(1, PAGE_LIMIT);
    let indicators = store::indicators::page(app.store.read(), after, archived, limit).await?;
    let ids: Vec<Uuid> = indicators.iter().map(|one| one.id).collect();
    let mut objectives = store::indicators::objectives(app.store.read(), &ids).await?;
    let with = |indicator: Indicator| {
        let objectives = objectives.remove(&indicator.id).unwrap_or_default();
        WithObjectives { indicator, objectives }
    };
    Ok(indicators.into_iter().map(with).collect())
}

/// The indicator of a key.
pub async fn find(app: &App, actor: &Actor, key: &str) -> Result<WithObjectives, ServiceError> {
    authorise(actor, Permission::Read)?;
    let indicator = store::indicators::by_key(app.store.read(), key).await?.ok_or_else(|| missing(key))?;
    let mut objectives = store::indicators::objectives(app.store.read(), &[indicator.id]).await?;
    let objectives = objectives.remove(&indicator.id).unwrap_or_default();
    Ok(WithObjectives { indicator, objectives })
}

/// The number of the indicator of a key, for who pushes its samples and may read nothing.
pub async fn number_to_push(app: &App, actor: &Actor, key: &str) -> Result<i32, ServiceError> {
    authorise(actor, Permission::IngestSamples)?;
    let indicator = store::indicators::by_key(app.store.read(), key).await?.ok_or_else(|| missing(key))?;
    Ok(indicator.number)
}

pub(super) fn missing(key: &str) -> ServiceError {
    let key: String = key.chars().take(60).collect();
    ServiceError::NotFound(format!("indicator {key}; `fupan figures indicator list` names those that are there"))
}

/// Adds an indicator with the first version of its definition.
pub async fn create(
    app: &App,
    actor: &Actor,
    fields: IndicatorFields,
    definition: DefinitionFields,
) -> Result<WithObjectives, ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let (fields, definition) = (fields.checked()?, definition.checked()?);
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, fields, definition) = (app.clone(), actor.clone(), fields.clone(), definition.clone());
        async move {
            let tx = app.store.begin().await?;
            check_service(&tx, fields.service_id).await?;
            let number = store::counters::next(&tx, "indicator").await?;
            let full = || ServiceError::Conflict("there are 100,000 indicators already".to_owned());
            let number = i32::try_from(number).ok().filter(|_| number <= MOST).ok_or_else(full)?;
            let now = app.now_millis();
            let archived_at = fields.archived.then_some(now);
            let indicator =
                Indicator { id: app.id(), number, version: 1, fields, definition: 1, created_at: now, archived_at };
            if !store::indicators::insert(&tx, &indicator).await? {
                return Err(taken(&indicator.fields));
            }
            let first = Definition { version: 1, fields: definition, created_at: now, created_by: short_name(&actor) };
            store::indicators::insert_definition(&tx, indicator.id, &first).await?;
            store::samples::insert_head(&tx, number).await?;
            let change = json!({"to": indicator.fields, "definition": first.fields});
            audit(&app, &tx, &actor, "indicator.create", &indicator, change).await?;
            tx.commit().await?;
            Ok(WithObjectives { indicator, objectives: Vec::new() })
        }
    })
    .await
}

/// Changes the indicator that is still in `version`; without one the latest is taken.
pub async fn update(
    app: &App,
    actor: &Actor,
    key: &str,
    version: Option<i64>,
    patch: IndicatorPatch,
) -> Result<WithObjectives, ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key, patch) = (app.clone(), actor.clone(), key.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, &key, version).await?;
            let was = before.fields.clone();
            let fields = IndicatorFields {
                name: patch.name.unwrap_or(was.name),
                service_id: patch.service_id.unwrap_or(was.service_id),
                unit: patch.unit.unwrap_or(was.unit),
                digits: patch.digits.unwrap_or(was.digits),
                lower_is_better: patch.lower_is_better.unwrap_or(was.lower_is_better),
                archived: patch.archived.unwrap_or(was.archived),
                key: was.key,
                kind: was.kind,
            }
            .checked()?;
            let mut objectives = store::indicators::objectives(tx.conn(), &[before.id]).await?;
            let objectives = objectives.remove(&before.id).unwrap_or_default();
            if fields == before.fields {
                tx.rollback().await?;
                return Ok(WithObjectives { indicator: before, objectives });
            }
            check_service(&tx, fields.service_id.filter(|id| Some(*id) != before.fields.service_id)).await?;
            let archived_at = fields.archived.then(|| before.archived_at.unwrap_or_else(|| app.now_millis()));
            let mut after = Indicator { fields, archived_at, ..before.clone() };
            if !store::indicators::update(&tx, &after, before.version).await? {
                return Err(taken(&after.fields));
            }
            let change = json!({"from": before.fields, "to": after.fields});
            audit(&app, &tx, &actor, "indicator.update", &after, change).await?;
            tx.commit().await?;
            after.version += 1;
            Ok(WithObjectives { indicator: after, objectives })
        }
    })
    .await
}

/// All versions of an indicator's definition, the first one first.
pub async fn definitions(app: &App, actor: &Actor, key: &str) -> Result<Vec<Definition>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let indicator = store::indicators::by_key(app.store.read(), key).await?.ok_or_else(|| missing(key))?;
    Ok(store::indicators::definitions(app.store.read(), indicator.id).await?)
}

/// Writes a new version of a definition; the ones before stay. It may not begin before the latest one.
pub async fn define(
    app: &App,
    actor: &Actor,
    key: &str,
    version: Option<i64>,
    fields: DefinitionFields,
) -> Result<Definition, ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let fields = fields.checked()?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key, fields) = (app.clone(), actor.clone(), key.clone(), fields.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = current(&tx, &key, version).await?;
            if u64::from(before.definition.unsigned_abs()) >= store::indicators::MOST_DEFINITIONS {
                return Err(ServiceError::Conflict(format!("{key} has 1,000 versions of its definition already")));
            }
            let latest = store::indicators::definition(tx.conn(), before.id, before.definition).await?;
            if let Some(latest) = latest.filter(|latest| fields.valid_from < latest.fields.valid_from) {
                let remedy = format!("give {} or later: the version before begins then", latest.fields.valid_from);
                return Err(FieldError::shape("valid_from", remedy).into());
            }
            let definition = Definition {
                version: before.definition + 1,
                fields,
                created_at: app.now_millis(),
                created_by: short_name(&actor),
            };
            // First the indicator: of two new versions at once the later one runs again.
            let after = Indicator { definition: definition.version, ..before.clone() };
            store::indicators::update(&tx, &after, before.version).await?;
            store::indicators::insert_definition(&tx, before.id, &definition).await?;
            // What was counted by response codes since then is counted by the new table.
            let from = plan::day_start(plan::day_of(definition.fields.valid_from), app.zone);
            store::sample_codes::class_from(&tx, before.number, from).await?;
            let change = json!({"to": definition.fields, "definition": definition.version});
            audit(&app, &tx, &actor, "indicator.define", &after, change).await?;
            tx.commit().await?;
            Ok(definition)
        }
    })
    .await
}

/// Sets what an indicator should reach in a window: a new objective, or a new target of the one that is there.
pub async fn put_objective(
    app: &App,
    actor: &Actor,
    key: &str,
    window: Window,
    target: Decimal,
    version: Option<i64>,
) -> Result<Objective, ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key) = (app.clone(), actor.clone(), key.clone());
        async move {
            let tx = app.store.begin().await?;
            let indicator = current(&tx, &key, None).await?;
            let target = indicator::target(indicator.fields.kind, target)?;
            let before = objective(&tx, &indicator, window).await?;
            let stored = before.as_ref().map_or(0, |before| before.version);
            if let Some(given) = version.filter(|given| *given != stored) {
                return Err(ServiceError::Stale { what: window.code().to_owned(), given, current: stored });
            }
            let after = match before.clone() {
                Some(before) if before.target == target => {
                    tx.rollback().await?;
                    return Ok(before);
                }
                Some(before) => Objective { target, ..before },
                None => Objective { id: app.id(), version: 1, window, target, created_at: app.now_millis() },
            };
            match &before {
                Some(_) => store::indicators::update_objective(&tx, &after, stored).await?,
                None if !store::indicators::insert_objective(&tx, indicator.id, &after).await? => {
                    return Err(ServiceError::Conflict("this changed meanwhile; read it again".to_owned()));
                }
                None => {}
            }
            let from = before.map(|before| before.target.to_string());
            let change = json!({"window": window.code(), "from": from, "to": target.to_string()});
            audit(&app, &tx, &actor, "objective.put", &indicator, change).await?;
            tx.commit().await?;
            Ok(Objective { version: stored + 1, ..after })
        }
    })
    .await
}

/// Removes an objective that is still in `version`; without one the latest is taken.
pub async fn delete_objective(
    app: &App,
    actor: &Actor,
    key: &str,
    window: Window,
    version: Option<i64>,
) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageIndicators)?;
    let (app, actor, key) = (app.clone(), actor.clone(), key.to_owned());
    retried(move || {
        let (app, actor, key) = (app.clone(), actor.clone(), key.clone());
        async move {
            let tx = app.store.begin().await?;
            let indicator = current(&tx, &key, None).await?;
            let gone = || ServiceError::NotFound(format!("objective {} of {key}", window.code()));
            let before = objective(&tx, &indicator, window).await?.ok_or_else(gone)?;
            if let Some(given) = version.filter(|given| *given != before.version) {
                return Err(ServiceError::Stale { what: window.code().to_owned(), given, current: before.version });
            }
            store::indicators::delete_objective(&tx, before.id, before.version).await?;
            let change = json!({"window": window.code(), "from": before.target.to_string()});
            audit(&app, &tx, &actor, "objective.delete", &indicator, change).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

async fn objective(tx: &Tx, indicator: &Indicator, window: Window) -> Result<Option<Objective>, ServiceError> {
    let mut all: HashMap<Uuid, Vec<Objective>> = store::indicators::objectives(tx.conn(), &[indicator.id]).await?;
    Ok(all.remove(&indicator.id).unwrap_or_default().into_iter().find(|one| one.window == window))
}

/// The indicator of a key, which must be in `version` where one is given.
async fn current(tx: &Tx, key: &str, version: Option<i64>) -> Result<Indicator, ServiceError> {
    let found = store::indicators::by_key(tx.conn(), key).await?.ok_or_else(|| missing(key))?;
    match version.filter(|given| *given != found.version) {
        Some(given) => Err(ServiceError::Stale { what: found.fields.key, given, current: found.version }),
        None => Ok(found),
    }
}

async fn check_service(tx: &Tx, service: Option<Uuid>) -> Result<(), ServiceError> {
    let Some(id) = service else { return Ok(()) };
    match store::services::by_id(tx.conn(), id).await?.filter(|found| found.archived_at.is_none()) {
        Some(_) => Ok(()),
        None => Err(FieldError::shape("service_id", format!("there is none with the id {id} in use")).into()),
    }
}

fn taken(fields: &IndicatorFields) -> ServiceError {
    ServiceError::Conflict(format!("an indicator has the key {} or the name {} already", fields.key, fields.name))
}

fn short_name(actor: &Actor) -> String {
    actor.name.chars().take(60).collect()
}

/// Notes what was done to an indicator, or to something of it.
pub(super) async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    indicator: &Indicator,
    change: serde_json::Value,
) -> Result<(), ServiceError> {
    let subject = format!("indicator:{}", indicator.fields.key);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}
