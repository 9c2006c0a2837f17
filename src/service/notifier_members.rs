//! Who people are in the tool of a notifier, so that messages that concern them call them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, accounts, app::authorise, notifiers, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        notifier::Notifier,
        notifier_member::{MEMBERS, Member, checked_user_id},
    },
    store::{self, accounts::Account, reminders::ConnectionTrait},
};

/// A person of a notifier: the account, and the id that the tool calls it by.
pub type Known = (Account, String);

/// The people of a notifier by their e-mails.
pub async fn of(app: &App, actor: &Actor, notifier: Uuid) -> Result<Vec<Known>, ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    named(app.store.read(), store::notifier_members::of(app.store.read(), notifier).await?).await
}

async fn named(connection: &impl ConnectionTrait, members: Vec<Member>) -> Result<Vec<Known>, ServiceError> {
    let ids: BTreeSet<Uuid> = members.iter().map(|member| member.account_id).collect();
    let mut ids: BTreeMap<Uuid, Account> =
        store::accounts::by_ids(connection, &ids).await?.into_iter().map(|account| (account.id, account)).collect();
    let mut known: Vec<Known> =
        members.into_iter().filter_map(|member| Some((ids.remove(&member.account_id)?, member.user_id))).collect();
    known.sort_by(|(one, _), (other, _)| one.email.cmp(&other.email));
    Ok(known)
}

/// Writes who people are in the tool of the notifier that is still in `version`; without one the latest is taken. Each is named
/// by an id, an e-mail or a name that only one active account has. Answers the notifier as it stands then, and its people.
pub async fn replace(
    app: &App,
    actor: &Actor,
    id: Uuid,
    version: Option<i64>,
    people: &[(String, String)],
) -> Result<(Notifier, Vec<Known>), ServiceError> {
    authorise(actor, Permission::ManageNotifiers)?;
    if people.len() > MEMBERS {
        return Err(FieldError::shape("members", format!("give at most {MEMBERS} people")).into());
    }
    let words: Vec<String> = people.iter().map(|(word, _)| word.clone()).collect();
    let accounts = accounts::all_named(app, actor, "members", &words).await?;
    let there = store::accounts::by_ids(app.store.read(), &accounts.iter().copied().collect()).await?;
    let active: BTreeSet<Uuid> = there.iter().filter(|account| account.active).map(|account| account.id).collect();
    if accounts.iter().any(|account| !active.contains(account)) {
        return Err(FieldError::shape("members", accounts::NO_ACCOUNT).into());
    }
    let (app, actor, people) = (app.clone(), actor.clone(), people.to_vec());
    retried(move || {
        let (app, actor, people, accounts) = (app.clone(), actor.clone(), people.clone(), accounts.clone());
        async move {
            let tx = app.store.begin().await?;
            let before = notifiers::in_version(&tx, id, version).await?;
            let mut members = BTreeMap::new();
            for (account_id, (word, user_id)) in accounts.into_iter().zip(people) {
                let user_id = checked_user_id(before.fields.tool, &user_id)?;
                if members.insert(account_id, user_id).is_some() {
                    let word: String = word.chars().take(80).collect();
                    return Err(FieldError::shape("members", format!("{word} is named twice; give one id")).into());
                }
            }
            let members: Vec<Member> =
                members.into_iter().map(|(account_id, user_id)| Member { account_id, user_id }).collect();
            let had = store::notifier_members::of(tx.conn(), id).await?;
            let known = named(tx.conn(), members.clone()).await?;
            if had == members {
                tx.rollback().await?;
                return Ok((before, known));
            }
            store::notifier_members::replace(&tx, id, &members).await?;
            store::notifiers::update(&tx, &before, before.version).await?;
            let shown = |members: &[Member]| -> BTreeMap<String, String> {
                members.iter().map(|member| (member.account_id.to_string(), member.user_id.clone())).collect()
            };
            let change = json!({"members": {"from": shown(&had), "to": shown(&members)}});
            notifiers::audit(&app, &tx, &actor, "notifier.members", &before, change).await?;
            tx.commit().await?;
            Ok((Notifier { version: before.version + 1, ..before }, known))
        }
    })
    .await
}

/// The ids by which the tool of each notifier calls these accounts, in their order; those that are switched off are not called.
pub(super) async fn calls(
    connection: &impl ConnectionTrait,
    notifiers: &[Uuid],
    accounts: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<String>>, ServiceError> {
    let found = store::notifier_members::among(connection, notifiers, accounts).await?;
    if found.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: BTreeSet<Uuid> = found.iter().map(|(_, member)| member.account_id).collect();
    let there = store::accounts::by_ids(connection, &ids).await?;
    let active: BTreeSet<Uuid> = there.iter().filter(|account| account.active).map(|account| account.id).collect();
    let mut calls: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for account in accounts.iter().filter(|account| active.contains(account)) {
        for (notifier, member) in found.iter().filter(|(_, member)| member.account_id == *account) {
            let ids = calls.entry(*notifier).or_default();
            if !ids.contains(&member.user_id) {
                ids.push(member.user_id.clone());
            }
        }
    }
    Ok(calls)
}
