//! Business lines and components: list, add, change, archive.

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, calendars, retry::retried, teams};
use crate::{
    domain::{
        actor::{Actor, Permission},
        services::ServiceFields,
    },
    store::{self, Tx},
};

pub use crate::domain::services::{SERVICE_KINDS, Service, ServiceKind};

/// Changes to a service: `None` leaves a part.
#[derive(Debug, Clone, Default)]
pub struct ServicePatch {
    /// The name.
    pub name: Option<String>,
    /// Business line or component.
    pub kind: Option<ServiceKind>,
    /// Core or not.
    pub core: Option<bool>,
    /// The team that answers for it.
    pub team_id: Option<Option<Uuid>>,
    /// Archived or in use.
    pub archived: Option<bool>,
}

/// All services by name, those in use first.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<Service>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::services::all(app.store.read()).await?)
}

/// The service of an id or a name.
pub async fn find(app: &App, actor: &Actor, word: &str) -> Result<Service, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let found = match Uuid::parse_str(word.trim()) {
        Ok(id) => store::services::by_id(connection, id).await?,
        Err(_) => store::services::by_name(connection, word).await?,
    };
    found.ok_or_else(|| missing(word))
}

/// Ids and names of the teams in use, for choosing one.
pub async fn teams(app: &App, actor: &Actor) -> Result<Vec<(Uuid, String)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let teams = store::names::teams(app.store.read()).await?;
    Ok(teams.into_iter().filter(|team| team.active).map(|team| (team.id, team.name)).collect())
}

fn missing(word: &str) -> ServiceError {
    let word: String = word.chars().take(60).collect();
    ServiceError::NotFound(format!("service {word}; `fupan service list` names those that are there"))
}

/// Adds a service.
pub async fn create(app: &App, actor: &Actor, fields: ServiceFields) -> Result<Service, ServiceError> {
    authorise(actor, Permission::ManageServices)?;
    let fields = fields.checked()?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, fields) = (app.clone(), actor.clone(), fields.clone());
        async move {
            let tx = app.store.begin().await?;
            teams::check_in_use(&tx, None, fields.team_id).await?;
            let now = app.now_millis();
            let archived_at = fields.archived.then_some(now);
            let service = Service { id: app.id(), version: 1, fields, created_at: now, archived_at };
            if !store::services::insert(&tx, &service).await? {
                return Err(taken(&service.fields.name));
            }
            audit(&app, &tx, &actor, "service.create", &service, json!({"to": service.fields})).await?;
            tx.commit().await?;
            Ok(service)
        }
    })
    .await
}

/// Changes the service that is still in `version`; without one the latest is taken.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<i64>,
    patch: ServicePatch,
) -> Result<Service, ServiceError> {
    authorise(actor, Permission::ManageServices)?;
    let (house, actor) = (app, actor.clone());
    let app = house.clone();
    let updated = retried(move || {
        let (app, actor, patch) = (app.clone(), actor.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = store::services::by_id(tx.conn(), id).await?.ok_or_else(|| missing(&id.to_string()))?;
            if let Some(given) = version.filter(|given| *given != before.version) {
                return Err(ServiceError::Stale { what: before.fields.name, given, current: before.version });
            }
            let was = before.fields.clone();
            let fields = ServiceFields {
                name: patch.name.unwrap_or(was.name),
                kind: patch.kind.unwrap_or(was.kind),
                core: patch.core.unwrap_or(was.core),
                team_id: patch.team_id.unwrap_or(was.team_id),
                archived: patch.archived.unwrap_or(was.archived),
            }
            .checked()?;
            if fields == before.fields {
                tx.rollback().await?;
                return Ok(before);
            }
            teams::check_in_use(&tx, before.fields.team_id, fields.team_id).await?;
            let archived_at = fields.archived.then(|| before.archived_at.unwrap_or_else(|| app.now_millis()));
            let mut after = Service { fields, archived_at, ..before.clone() };
            if !store::services::update(&tx, &after, before.version).await? {
                return Err(taken(&after.fields.name));
            }
            if before.fields.team_id != after.fields.team_id {
                // Events that it affects may follow another team's calendar now.
                store::calendars::changed(&tx).await?;
            }
            let change = json!({"from": before.fields, "to": after.fields});
            audit(&app, &tx, &actor, "service.update", &after, change).await?;
            tx.commit().await?;
            after.version += 1;
            Ok(after)
        }
    })
    .await?;
    calendars::keep_up(house).await?;
    Ok(updated)
}

fn taken(name: &str) -> ServiceError {
    ServiceError::Conflict(format!("a service is called {name} already"))
}

async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    service: &Service,
    change: serde_json::Value,
) -> Result<(), ServiceError> {
    let subject = format!("service:{}", service.id);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}
