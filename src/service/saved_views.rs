//! Saved views: a query and an order under a name, one's own or, from leads, for everybody.

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, retry::retried, search};
pub use crate::store::saved_views::SavedView;
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        vocabulary,
    },
    store::{self, event_list::EventOrder},
};

/// The most views that one account may have.
pub const MOST: u64 = 200;

/// A view as it is saved.
#[derive(Debug, Clone, Default)]
pub struct ViewChange {
    /// Up to 60 characters.
    pub name: Option<String>,
    /// For everybody.
    pub shared: Option<bool>,
    /// The query.
    pub query: Option<String>,
    /// relevance, newest or oldest.
    pub sort: Option<String>,
}

/// One's own views and the shared ones, by name.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<SavedView>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::saved_views::seen_by(app.store.read(), actor.account_id).await?)
}

/// One view that the actor sees.
pub async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<SavedView, ServiceError> {
    authorise(actor, Permission::Read)?;
    store::saved_views::by_id(app.store.read(), id)
        .await?
        .filter(|view| view.shared || view.owner_id == actor.account_id)
        .ok_or_else(|| ServiceError::NotFound(format!("saved view {id}")))
}

/// The view of a name that the actor sees, their own before a shared one.
pub async fn by_name(app: &App, actor: &Actor, name: &str) -> Result<SavedView, ServiceError> {
    let key = checked::fold(name);
    let mut found: Vec<SavedView> =
        list(app, actor).await?.into_iter().filter(|view| checked::fold(&view.name) == key).collect();
    found.sort_by_key(|view| view.owner_id != actor.account_id);
    found.into_iter().next().ok_or_else(|| ServiceError::NotFound(format!("saved view {name}")))
}

/// Saves a new view.
pub async fn create(app: &App, actor: &Actor, change: ViewChange) -> Result<SavedView, ServiceError> {
    authorise(actor, Permission::SaveView)?;
    let empty = SavedView {
        id: app.id(),
        version: 1,
        name: String::new(),
        shared: false,
        query: String::new(),
        sort: EventOrder::Relevance.code().to_owned(),
        owner_id: actor.account_id,
    };
    let view = applied(app, actor, empty, change)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, view) = (app.clone(), actor.clone(), view.clone());
        async move {
            let tx = app.store.begin().await?;
            if store::saved_views::count_of(tx.conn(), actor.account_id).await? >= MOST {
                let words = format!("there are {MOST} saved views; remove some first");
                return Err(ServiceError::Conflict(words));
            }
            store::saved_views::insert(&tx, &view, app.now_millis()).await?;
            note(&app, &tx, &actor, "view.create", &view).await?;
            tx.commit().await?;
            Ok(view)
        }
    })
    .await
}

/// Changes a view that is still in `version`: one's own, or as a lead a shared one.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: i64,
    change: ViewChange,
) -> Result<SavedView, ServiceError> {
    let before = owned(app, actor, id).await?;
    if before.version != version {
        return Err(ServiceError::Stale { what: before.name, given: version, current: before.version });
    }
    let view = applied(app, actor, before, change)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, view) = (app.clone(), actor.clone(), view.clone());
        async move {
            let tx = app.store.begin().await?;
            store::saved_views::update(&tx, &view, version, app.now_millis()).await?;
            note(&app, &tx, &actor, "view.update", &view).await?;
            tx.commit().await?;
            Ok(view)
        }
    })
    .await
    .map(|saved| SavedView { version: version + 1, ..saved })
}

/// Removes a view that is still in `version`; without one the latest.
pub async fn remove(app: &App, actor: &Actor, id: Uuid, version: Option<i64>) -> Result<(), ServiceError> {
    let view = owned(app, actor, id).await?;
    if let Some(given) = version.filter(|given| *given != view.version) {
        return Err(ServiceError::Stale { what: view.name, given, current: view.version });
    }
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, view) = (app.clone(), actor.clone(), view.clone());
        async move {
            let tx = app.store.begin().await?;
            store::saved_views::delete(&tx, view.id, view.version).await?;
            note(&app, &tx, &actor, "view.remove", &view).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await
}

/// A view that the actor may change.
async fn owned(app: &App, actor: &Actor, id: Uuid) -> Result<SavedView, ServiceError> {
    authorise(actor, Permission::SaveView)?;
    let view = get(app, actor, id).await?;
    if view.owner_id != actor.account_id {
        authorise(actor, Permission::ShareView)?;
    }
    Ok(view)
}

fn applied(app: &App, actor: &Actor, mut view: SavedView, change: ViewChange) -> Result<SavedView, ServiceError> {
    if let Some(shared) = change.shared {
        view.shared = shared;
    }
    if view.shared {
        authorise(actor, Permission::ShareView)?;
    }
    view.name = checked::line("name", change.name.as_deref().unwrap_or(&view.name), 60)?;
    if checked::fold(&view.name).chars().count() > 60 {
        return Err(FieldError::shape("name", "write a shorter name").into());
    }
    if let Some(query) = change.query {
        // A view that cannot be read would be a page that cannot be opened.
        search::parse(app, &query)?;
        query.replace('\0', " ").trim().clone_into(&mut view.query);
    }
    if let Some(sort) = change.sort {
        let order =
            EventOrder::from_code(&sort).ok_or_else(|| FieldError::shape("sort", vocabulary::ORDER.remedy()))?;
        order.code().clone_into(&mut view.sort);
    }
    Ok(view)
}

async fn note(app: &App, tx: &store::Tx, actor: &Actor, action: &str, view: &SavedView) -> Result<(), ServiceError> {
    let change = json!({"name": view.name, "query": view.query, "sort": view.sort, "shared": view.shared});
    let subject = format!("view:{}", view.id);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}
