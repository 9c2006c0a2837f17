//! Policies: read and written by name, with version and audit. Where nobody wrote one, the default of the domain holds.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{App, ServiceError, app::authorise, grading, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        policy::{self, POLICIES, PolicyKind},
        reminder,
    },
    store::{
        self, StoreError,
        policies::{ConnectionTrait, PolicyRow},
    },
};

/// Milliseconds for which events are asked about that go on or lack facts.
const ASKED: i64 = super::reminder_items::ASKED_DAYS * 86_400_000;

/// A policy as it holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: &'static str,
    /// Optimistic lock; 0 is the default that nobody changed yet.
    pub version: i64,
    /// JSON text.
    pub document: String,
    /// Milliseconds since the epoch; none for the default.
    pub changed_at: Option<i64>,
}

/// All policies by name.
pub async fn all(app: &App, actor: &Actor) -> Result<Vec<Policy>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let written = store::policies::all(app.store.read()).await?;
    Ok(POLICIES.iter().map(|kind| current(kind, written.iter().find(|row| row.name == kind.name).cloned())).collect())
}

/// One policy.
pub async fn read(app: &App, actor: &Actor, name: &str) -> Result<Policy, ServiceError> {
    authorise(actor, Permission::Read)?;
    let kind = kind(name)?;
    Ok(current(kind, store::policies::by_name(app.store.read(), kind.name).await?))
}

/// Writes a policy over the one in version `given`; without it, over whatever holds. One that changes nothing writes
/// nothing.
pub async fn write(
    app: &App,
    actor: &Actor,
    name: &str,
    document: &str,
    given: Option<i64>,
) -> Result<Policy, ServiceError> {
    authorise(actor, Permission::ManagePolicies)?;
    let kind = kind(name)?;
    let document = (kind.check)(document)?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, document) = (app.clone(), actor.clone(), document.clone());
        async move {
            let tx = app.store.begin().await?;
            store::policies::lock(&tx).await?;
            let before = current(kind, store::policies::by_name(tx.conn(), kind.name).await?);
            if let Some(given) = given.filter(|given| *given != before.version) {
                let what = format!("policy {}", kind.name);
                return Err(ServiceError::Stale { what, given, current: before.version });
            }
            if before.document == document {
                tx.rollback().await?;
                return Ok(before);
            }
            grading::admit(tx.conn(), kind.name, &before.document, &document).await?;
            if kind.name == reminder::policy::POLICY.name {
                super::reminder_groups::admit(tx.conn(), &document).await?;
            }
            let now = app.now_millis();
            let row = PolicyRow { name: kind.name.to_owned(), version: before.version + 1, document, changed_at: now };
            if before.version == 0 {
                if !store::policies::insert(&tx, &row).await? {
                    return Err(StoreError::Contended(kind.name.to_owned()).into());
                }
            } else {
                store::policies::update(&tx, &row, before.version).await?;
            }
            if kind.name == reminder::policy::POLICY.name {
                // What stands already follows the new rules.
                store::reminders::wake_all(&tx, now - ASKED).await?;
            }
            let change = json!({"document": {"from": value(&before.document), "to": value(&row.document)}});
            let subject = format!("policy:{}", kind.name);
            store::audit::insert(&tx, app.id(), now, &actor, "policy.write", &subject, change).await?;
            tx.commit().await?;
            Ok(current(kind, Some(row)))
        }
    })
    .await
}

/// Like [`load`], with the version of the policy; 0 is the default.
pub(super) async fn load_version<T: DeserializeOwned + Default>(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<(i64, T), ServiceError> {
    match store::policies::by_name(connection, name).await? {
        None => Ok((0, T::default())),
        Some(row) => Ok((row.version, typed(name, &row)?)),
    }
}

fn typed<T: DeserializeOwned>(name: &str, row: &PolicyRow) -> Result<T, ServiceError> {
    policy::read(&row.document).map_err(|error| StoreError::Unreadable(format!("policy {name}: {error}")).into())
}

/// The policy `name` as its type, inside a transaction or outside; its default where nobody wrote one.
pub(super) async fn load<T: DeserializeOwned + Default>(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<T, ServiceError> {
    Ok(load_version(connection, name).await?.1)
}

fn kind(name: &str) -> Result<&'static PolicyKind, ServiceError> {
    policy::kind(name).ok_or_else(|| {
        let names: Vec<&str> = POLICIES.iter().map(|kind| kind.name).collect();
        let name: String = name.chars().take(40).collect();
        ServiceError::NotFound(format!("policy {name}; there are {}", names.join(", ")))
    })
}

fn current(kind: &'static PolicyKind, row: Option<PolicyRow>) -> Policy {
    match row {
        Some(row) => {
            Policy { name: kind.name, version: row.version, document: row.document, changed_at: Some(row.changed_at) }
        }
        None => Policy { name: kind.name, version: 0, document: (kind.default)(), changed_at: None },
    }
}

fn value(document: &str) -> Value {
    serde_json::from_str(document).unwrap_or_else(|_| Value::String(document.to_owned()))
}
