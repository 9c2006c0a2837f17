//! From claims to an account: known by issuer and subject, linked, or made at the first sign-in; its role and teams as the settings map
//! them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Failure, OidcRules,
    tokens::{Claims, text},
};
use crate::{
    domain::{
        actor::{Actor, Role},
        checked,
    },
    service::{App, ServiceError, accounts, retry::retried, sessions, teams},
    store::{
        self, Tx,
        accounts::Account,
        identities::{self, Identity},
    },
};

/// The values of a claim: a text, or a list of texts.
fn values<'a>(claims: &'a Claims, name: Option<&str>) -> Vec<&'a str> {
    match name.and_then(|name| claims.get(name)) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The role that the claims give; none where they give none.
fn role_of(rules: &OidcRules, claims: &Claims) -> Option<Role> {
    let values = values(claims, rules.role_claim.as_deref());
    let given = rules.roles.iter().filter(|(value, _)| values.contains(&value.as_str())).map(|(_, role)| *role);
    given.max().or(rules.default_role)
}

fn identity(app: &App, account: Uuid, issuer: &str, subject: &str) -> Identity {
    let now = app.now_millis();
    Identity {
        id: app.id(),
        account_id: account,
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        created_at: now,
        used_at: now,
    }
}

/// Who acts when the provider's word changes an account.
fn provider() -> Actor {
    Actor { name: "provider".to_owned(), ..Actor::clock() }
}

/// Links an account to a subject, by its owner's own act.
pub(super) async fn link(app: &App, actor: &Actor, account: Uuid, issuer: &str, subject: &str) -> Result<(), Failure> {
    let (app, actor, new) = (app.clone(), actor.clone(), identity(app, account, issuer, subject));
    let free = retried(move || {
        let (app, actor, new) = (app.clone(), actor.clone(), new.clone());
        async move {
            let tx = app.store.begin().await?;
            let known = identities::find(tx.conn(), &new.issuer, &new.subject).await?;
            if let Some(known) = known {
                return Ok(known.account_id == new.account_id);
            }
            // One of an issuer: a second one would be somebody else's way in.
            if identities::of_account(tx.conn(), new.account_id).await?.iter().any(|one| one.issuer == new.issuer) {
                return Ok(false);
            }
            identities::insert(&tx, &new).await?;
            sessions::audit(&app, &tx, &actor, "identity.link", new.account_id, json!({"issuer": new.issuer})).await?;
            tx.commit().await?;
            Ok(true)
        }
    })
    .await?;
    if free { Ok(()) } else { Err(Failure::Linked) }
}

/// The name that the claims give, else the first part of the e-mail.
fn name_of(claims: &Claims, email: &str) -> String {
    let given = ["name", "preferred_username"].into_iter().filter_map(|claim| text(claims, claim));
    let mut given = given.chain(email.split('@').next());
    given.find_map(|name| checked::line("name", name, 80).ok()).unwrap_or_else(|| "?".to_owned())
}

/// What a transaction found, with what is refused beside what fails.
type Found = Result<Account, Refused>;

enum Refused {
    NoEmail,
    EmailTaken,
    NoRole,
    SwitchedOff,
}

/// The account of a subject, with role and teams as the claims say; made where there is none.
pub(super) async fn of_claims(
    app: &App,
    rules: &OidcRules,
    subject: &str,
    claims: &Claims,
) -> Result<Account, Failure> {
    let (app, rules, subject, claims) = (app.clone(), rules.clone(), subject.to_owned(), claims.clone());
    let found: Found = retried(move || {
        let (app, rules, subject, claims) = (app.clone(), rules.clone(), subject.clone(), claims.clone());
        async move {
            let tx = app.store.begin().await?;
            let account = match found_or_made(&app, &tx, &rules, &subject, &claims).await? {
                Ok(account) => account,
                Err(Refused::NoRole) => {
                    // Who lost every role there is not to go on here with what was opened before.
                    if let Some(known) = identities::find(tx.conn(), &rules.issuer, &subject).await? {
                        store::sessions::delete_of_account(&tx, known.account_id, None).await?;
                        store::tokens::revoke_all(&tx, known.account_id, app.now_millis()).await?;
                        let change = json!({"by": "no role at the provider"});
                        sessions::audit(&app, &tx, &provider(), "session.revoke_all", known.account_id, change).await?;
                        tx.commit().await?;
                    }
                    return Ok(Err(Refused::NoRole));
                }
                Err(refused) => return Ok(Err(refused)),
            };
            set_teams(&app, &tx, &rules, &claims, account.id).await?;
            tx.commit().await?;
            Ok(Ok(account))
        }
    })
    .await?;
    found.map_err(|refused| match refused {
        Refused::NoEmail => Failure::NoEmail,
        Refused::EmailTaken => Failure::EmailTaken,
        Refused::NoRole => Failure::NoRole,
        Refused::SwitchedOff => Failure::SwitchedOff,
    })
}

async fn found_or_made(
    app: &App,
    tx: &Tx,
    rules: &OidcRules,
    subject: &str,
    claims: &Claims,
) -> Result<Found, ServiceError> {
    let role = role_of(rules, claims);
    if let Some(known) = identities::find(tx.conn(), &rules.issuer, subject).await? {
        identities::used(tx, known.id, app.now_millis()).await?;
        let account = store::accounts::by_id(tx.conn(), known.account_id).await?;
        return match account.filter(|account| account.active) {
            Some(account) => with_role(app, tx, rules, account, role).await,
            None => Ok(Err(Refused::SwitchedOff)),
        };
    }
    let Some(email) = text(claims, "email").and_then(|email| checked::email("email", email).ok()) else {
        return Ok(Err(Refused::NoEmail));
    };
    let known = store::accounts::by_email(tx.conn(), &email).await?;
    if known.is_none() && claims.get("email_verified") == Some(&Value::Bool(false)) {
        // Whoever may write what address they like would be waiting there for its owner.
        return Ok(Err(Refused::NoEmail));
    }
    if let Some(account) = known {
        let verified = claims.get("email_verified") == Some(&Value::Bool(true));
        if !rules.link_verified_email || !verified {
            return Ok(Err(Refused::EmailTaken));
        }
        if !account.active {
            return Ok(Err(Refused::SwitchedOff));
        }
        // An address that went to somebody else does not bring their account along.
        if identities::of_account(tx.conn(), account.id).await?.iter().any(|one| one.issuer == rules.issuer) {
            return Ok(Err(Refused::EmailTaken));
        }
        identities::insert(tx, &identity(app, account.id, &rules.issuer, subject)).await?;
        let change = json!({"issuer": rules.issuer, "by": "verified e-mail"});
        sessions::audit(app, tx, &provider(), "identity.link", account.id, change).await?;
        return with_role(app, tx, rules, account, role).await;
    }
    let Some(role) = role else { return Ok(Err(Refused::NoRole)) };
    let lang = if text(claims, "locale").is_some_and(|locale| locale.starts_with("en")) { "en" } else { "zh-CN" };
    let made = accounts::account(app, email.clone(), name_of(claims, &email), role, lang.to_owned(), None);
    // An administrator is of all teams; whoever stops being one by the provider's word is of those of the settings again.
    let account = Account { team_scope: rules.team_scope, ..made };
    store::accounts::insert(tx, &account).await?;
    identities::insert(tx, &identity(app, account.id, &rules.issuer, subject)).await?;
    let change = json!({"role": role.code(), "team_scope": rules.team_scope.code(), "issuer": rules.issuer});
    sessions::audit(app, tx, &provider(), "account.create", account.id, change).await?;
    Ok(Ok(account))
}

/// The account with the role that the claims give. Without a claim for roles in the settings the role is the house's; the last
/// administrator keeps it in any case.
async fn with_role(
    app: &App,
    tx: &Tx,
    rules: &OidcRules,
    account: Account,
    role: Option<Role>,
) -> Result<Found, ServiceError> {
    if rules.role_claim.is_none() {
        return Ok(Ok(account));
    }
    let Some(role) = role else { return Ok(Err(Refused::NoRole)) };
    if role == account.role {
        return Ok(Ok(account));
    }
    store::accounts::lock_admins(tx).await?;
    if account.role == Role::Admin && store::accounts::count_admins(tx.conn()).await? <= 1 {
        tracing::warn!("the provider gives the last administrator another role; it stays");
        return Ok(Ok(account));
    }
    let changed = Account { role, ..account.clone() };
    store::accounts::update(tx, &changed, account.version).await?;
    store::sessions::delete_of_account(tx, account.id, None).await?;
    let change = json!({"from": {"role": account.role.code()}, "to": {"role": role.code()}});
    sessions::audit(app, tx, &provider(), "account.update", account.id, change).await?;
    Ok(Ok(Account { version: account.version + 1, ..changed }))
}

/// Brings the account into the teams that the claims name, and out of the mapped ones that they do not name.
async fn set_teams(app: &App, tx: &Tx, rules: &OidcRules, claims: &Claims, account: Uuid) -> Result<(), ServiceError> {
    if rules.team_claim.is_none() {
        return Ok(());
    }
    let values = values(claims, rules.team_claim.as_deref());
    let mut wanted: std::collections::BTreeMap<&str, bool> = std::collections::BTreeMap::new();
    for (value, team) in &rules.teams {
        *wanted.entry(team).or_default() |= values.contains(&value.as_str());
    }
    for (team, member) in wanted {
        teams::set_member(app, tx, &provider(), team, account, member).await?;
    }
    Ok(())
}
