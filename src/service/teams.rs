//! Teams: made, renamed, led, joined, archived.

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        team::{MEMBERS, TeamFields},
    },
    store::{self, StoreError, Tx, event_parts::NamedParts, teams::LIMIT},
};

pub use crate::domain::team::Team;

/// Changes to a team; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct TeamPatch {
    /// The name.
    pub name: Option<String>,
    /// The account that leads it.
    pub lead: Option<Option<Uuid>>,
    /// The members.
    pub members: Option<Vec<Uuid>>,
    /// Archived, or in use again.
    pub archived: Option<bool>,
}

/// All teams by name, archived ones too.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<Team>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::teams::all(app.store.read()).await?)
}

/// Names of the actor's teams, where they see the events of these alone; none where they see those of all teams.
pub async fn own(app: &App, actor: &Actor) -> Result<Option<Vec<String>>, ServiceError> {
    match actor.account_id.filter(|_| actor.is_of_own_teams()) {
        Some(id) => Ok(Some(store::sight::names_of_own(app.store.read(), id).await?)),
        None => Ok(None),
    }
}

/// The team of an id or of a name.
pub async fn find(app: &App, actor: &Actor, who: &str) -> Result<Team, ServiceError> {
    authorise(actor, Permission::Read)?;
    let found = match Uuid::parse_str(who) {
        Ok(id) => store::teams::by_ids(app.store.read(), &[id]).await?.pop(),
        Err(_) => store::teams::by_name(app.store.read(), who).await?,
    };
    found.ok_or_else(|| nobody(who))
}

/// The teams of names or ids, in their order; refuses the first one that there is not.
pub async fn find_all(app: &App, actor: &Actor, who: &[&str]) -> Result<Vec<Team>, ServiceError> {
    let all = all(app, actor).await?;
    who.iter()
        .map(|who| {
            let key = crate::domain::checked::fold(who);
            let id = Uuid::parse_str(who).ok();
            let same = |team: &&Team| Some(team.id) == id || crate::domain::checked::fold(&team.fields.name) == key;
            all.iter().find(same).cloned().ok_or_else(|| nobody(who))
        })
        .collect()
}

fn nobody(who: &str) -> ServiceError {
    let who: String = who.chars().take(60).collect();
    ServiceError::NotFound(format!("team {who}; `fupan team list` names those that are there"))
}

/// Refuses to name a team for something, other than the one it has, that is not there or archived.
pub(super) async fn check_in_use(tx: &Tx, before: Option<Uuid>, team: Option<Uuid>) -> Result<(), ServiceError> {
    let teams = team.filter(|team| Some(*team) != before).into_iter().collect();
    let named = NamedParts { teams, ..NamedParts::default() };
    match store::event_parts::first_missing(tx.conn(), &named).await? {
        None => Ok(()),
        Some((_, id)) => Err(FieldError::shape("team_id", format!("there is none with the id {id} in use")).into()),
    }
}

/// Makes a team.
pub async fn create(app: &App, actor: &Actor, fields: TeamFields) -> Result<Team, ServiceError> {
    authorise(actor, Permission::ManageTeams)?;
    let fields = fields.checked()?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, fields) = (app.clone(), actor.clone(), fields.clone());
        async move {
            let tx = app.store.begin().await?;
            check_people(&tx, &fields, None).await?;
            if store::teams::count(tx.conn()).await? >= LIMIT {
                return Err(ServiceError::Conflict(format!("there are {LIMIT} teams; rename one that is not needed")));
            }
            let team = Team { id: app.id(), version: 1, fields, created_at: app.now_millis() };
            if !store::teams::insert(&tx, &team).await? {
                return Err(taken(&team.fields.name));
            }
            audit(&app, &tx, &actor, "team.create", None, &team).await?;
            tx.commit().await?;
            Ok(team)
        }
    })
    .await
}

/// Changes a team that is still in `version`. One that changes nothing writes nothing.
pub async fn update(app: &App, actor: &Actor, id: Uuid, version: i64, patch: TeamPatch) -> Result<Team, ServiceError> {
    authorise(actor, Permission::ManageTeams)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, patch) = (app.clone(), actor.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = store::teams::by_ids(tx.conn(), &[id]).await?.pop().ok_or_else(|| nobody(&id.to_string()))?;
            if before.version != version {
                return Err(ServiceError::Stale { what: before.fields.name, given: version, current: before.version });
            }
            let mut after = before.clone();
            let fields = &mut after.fields;
            fields.name = patch.name.unwrap_or_else(|| fields.name.clone());
            fields.lead = patch.lead.unwrap_or(fields.lead);
            fields.members = patch.members.unwrap_or_else(|| fields.members.clone());
            fields.archived = patch.archived.unwrap_or(fields.archived);
            after.fields = after.fields.checked()?;
            if after == before {
                tx.rollback().await?;
                return Ok(before);
            }
            check_people(&tx, &after.fields, Some(&before.fields)).await?;
            if !store::teams::update(&tx, &after, version, app.now_millis()).await? {
                return Err(taken(&after.fields.name));
            }
            after.version += 1;
            audit(&app, &tx, &actor, "team.update", Some(&before), &after).await?;
            tx.commit().await?;
            Ok(after)
        }
    })
    .await
}

/// Takes an account into the team of a name, or out of it; a name that no team in use has is left alone.
pub(super) async fn set_member(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    name: &str,
    account: Uuid,
    member: bool,
) -> Result<(), ServiceError> {
    let Some(before) = store::teams::by_name(tx.conn(), name).await?.filter(|team| !team.fields.archived) else {
        tracing::warn!("a team that the settings name for a provider's groups is not there");
        return Ok(());
    };
    if before.fields.members.contains(&account) == member {
        return Ok(());
    }
    if member && before.fields.members.len() >= MEMBERS {
        // Nobody stays outside because a team is full.
        tracing::warn!(team = %before.id, "a team that the settings name for a provider's groups is full; an account is not taken into it");
        let (subject, change) = (format!("team:{}", before.id), json!({"account": account, "members": MEMBERS}));
        store::audit::insert(tx, app.id(), app.now_millis(), actor, "team.full", &subject, change).await?;
        return Ok(());
    }
    let mut after = before.clone();
    if member {
        after.fields.members.push(account);
    } else {
        after.fields.members.retain(|one| *one != account);
    }
    after.fields = after.fields.checked()?;
    match store::teams::update(tx, &after, before.version, app.now_millis()).await {
        // Of two who sign in at once, the later one looks again at who is in the team.
        Err(StoreError::Stale) => Err(StoreError::Contended(format!("the team {} changed meanwhile", before.id)))?,
        other => other?,
    };
    audit(app, tx, actor, "team.update", Some(&before), &after).await
}

fn taken(name: &str) -> ServiceError {
    ServiceError::Conflict(format!("a team is called {name} already"))
}

/// Lead and members that are new must be active accounts.
async fn check_people(tx: &Tx, fields: &TeamFields, before: Option<&TeamFields>) -> Result<(), ServiceError> {
    let was = |id: Uuid| before.is_some_and(|before| before.lead == Some(id) || before.members.contains(&id));
    let new = |id: &Uuid| !was(*id);
    if !fields.lead.iter().chain(&fields.members).any(&new) {
        return Ok(());
    }
    let accounts = store::accounts::list(tx.conn()).await?;
    let strange = |id: &&Uuid| new(id) && !accounts.iter().any(|account| account.id == **id && account.active);
    if fields.lead.iter().any(|id| strange(&id)) {
        return Err(FieldError::shape("lead", "choose an active account").into());
    }
    if fields.members.iter().any(|id| strange(&id)) {
        return Err(FieldError::shape("members", "choose active accounts").into());
    }
    Ok(())
}

async fn audit(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    action: &str,
    before: Option<&Team>,
    after: &Team,
) -> Result<(), ServiceError> {
    let was = before.map(|team| &team.fields);
    let is = &after.fields;
    let change = json!({
        "name": {"from": was.map(|was| &was.name), "to": is.name},
        "lead": {"from": was.and_then(|was| was.lead), "to": is.lead},
        "members": {"from": was.map(|was| &was.members), "to": is.members},
        "archived": {"from": was.map(|was| was.archived), "to": is.archived},
    });
    let subject = format!("team:{}", after.id);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}
