//! Accounts, the first set-up, invitations and passwords.

use serde_json::json;
use uuid::Uuid;

use super::{
    App, ServiceError,
    app::{authorise, detached},
    guesses::{self, Of},
    passwords, privacy,
    retry::retried,
    secrets,
    sessions::{self, SignedIn},
};
use crate::{
    domain::{
        actor::{Actor, Permission, Role, TeamScope},
        checked::{self, FieldError},
    },
    store::{self, Tx, accounts::Invitation, policies::ConnectionTrait},
};

pub use crate::store::accounts::Account;

/// How long the set-up link works, in milliseconds: one day.
const SETUP_LIFE: i64 = 24 * 3_600_000;
/// How long an invitation works, in milliseconds: seven days.
const INVITATION_LIFE: i64 = 7 * 24 * 3_600_000;
/// Life of a link for another password, in milliseconds: 30 minutes.
const RESET_LIFE: i64 = 30 * 60_000;

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Where mail goes.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// `zh-CN` or `en`.
    pub lang: String,
}

/// A new set-up link, while no administrator exists; earlier links end.
pub async fn setup_link(app: &App) -> Result<Option<String>, ServiceError> {
    if app.demo || store::accounts::count_admins(app.store.read()).await? > 0 {
        return Ok(None);
    }
    let app = app.clone();
    detached(async move {
        let tx = app.store.begin().await?;
        let now = app.now_millis();
        store::accounts::end_invitations(&tx, "setup", None, now).await?;
        let token = invite(&app, &tx, "setup", None, SETUP_LIFE).await?;
        tx.commit().await?;
        Ok(Some(format!("{}/setup?t={token}", app.public_url)))
    })
    .await
}

/// Whether a set-up or invitation token is open, and which it is: `setup` or `password`.
pub async fn open_invitation(app: &App, token: &str) -> Result<Invitation, ServiceError> {
    store::accounts::open_invitation(app.store.read(), &secrets::hash(token), app.now_millis())
        .await?
        .ok_or_else(|| ServiceError::NotFound("open link of that kind; ask for a new one".to_owned()))
}

/// Uses the set-up link: makes the first administrator.
pub async fn set_up(
    app: &App,
    token: &str,
    email: &str,
    name: &str,
    password: String,
) -> Result<Account, ServiceError> {
    let email = checked::email("email", email)?;
    let name = checked::line("name", name, 80)?;
    passwords::check("password", &password, &email, &name)?;
    let invitation = open_invitation(app, token).await?;
    if invitation.kind != "setup" {
        return Err(ServiceError::NotFound("open set-up link; ask for a new one".to_owned()));
    }
    let hash = secrets::hash_password(app, password).await?;
    let app = app.clone();
    detached(async move {
        let tx = app.store.begin().await?;
        store::accounts::use_invitation(&tx, invitation.id, app.now_millis()).await?;
        if store::accounts::count_admins(tx.conn()).await? > 0 {
            return Err(ServiceError::Conflict("the set-up was done already; sign in".to_owned()));
        }
        let account = account(&app, email, name, Role::Admin, "zh-CN".to_owned(), Some(hash));
        store::accounts::insert(&tx, &account).await?;
        audit(&app, &tx, &account.actor(), "account.setup", &account).await?;
        tx.commit().await?;
        Ok(account)
    })
    .await
}

/// Uses an invitation: sets the password of its account.
pub async fn accept_invitation(app: &App, token: &str, password: String) -> Result<Account, ServiceError> {
    let invitation = open_invitation(app, token).await?;
    let Some(id) = invitation.account_id.filter(|_| invitation.kind == "password") else {
        return Err(ServiceError::NotFound("open invitation; ask for a new one".to_owned()));
    };
    let known = store::accounts::by_id(app.store.read(), id).await?.filter(|account| account.active);
    let known = known.ok_or_else(|| ServiceError::NotFound("active account of that id".to_owned()))?;
    passwords::check("password", &password, &known.email, &known.name)?;
    let hash = secrets::hash_password(app, password).await?;
    let app = app.clone();
    detached(async move {
        let tx = app.store.begin().await?;
        store::accounts::use_invitation(&tx, invitation.id, app.now_millis()).await?;
        let mut account = by_id(&tx, id).await?;
        account.password_hash = Some(hash);
        store::accounts::update(&tx, &account, account.version).await?;
        account.version += 1;
        store::sessions::delete_of_account(&tx, id, None).await?;
        store::guesses::end_steps_of(&tx, id).await?;
        audit(&app, &tx, &account.actor(), "account.password", &account).await?;
        tx.commit().await?;
        Ok(account)
    })
    .await
}

/// Adds an account of all teams and returns it with a one-time link to choose a password.
pub async fn add(app: &App, actor: &Actor, new: NewAccount) -> Result<(Account, String), ServiceError> {
    add_scoped(app, actor, new, TeamScope::All).await
}

/// The scope of a code that somebody wrote.
pub fn team_scope_of(code: &str) -> Result<TeamScope, FieldError> {
    TeamScope::from_code(code.trim()).ok_or_else(|| FieldError::shape("team_scope", "choose all or own"))
}

/// Refuses an administrator of their own teams alone: whoever manages accounts and settings has no bounds that would hold.
fn check_scope(role: Role, scope: TeamScope) -> Result<(), FieldError> {
    if role == Role::Admin && scope == TeamScope::Own {
        return Err(FieldError::shape("team_scope", "an administrator is of all teams; choose all, or another role"));
    }
    Ok(())
}

/// [`add`], of all teams or of its own alone.
pub async fn add_scoped(
    app: &App,
    actor: &Actor,
    new: NewAccount,
    team_scope: TeamScope,
) -> Result<(Account, String), ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    let email = checked::email("email", &new.email)?;
    let name = checked::line("name", &new.name, 80)?;
    let lang = language(&new.lang)?;
    check_scope(new.role, team_scope)?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        if store::accounts::by_email(tx.conn(), &email).await?.is_some() {
            return Err(ServiceError::Conflict(format!("an account with the e-mail {email} exists already")));
        }
        let account = Account { team_scope, ..account(&app, email, name, new.role, lang, None) };
        store::accounts::insert(&tx, &account).await?;
        let token = invite(&app, &tx, "password", Some(account.id), INVITATION_LIFE).await?;
        audit(&app, &tx, &actor, "account.create", &account).await?;
        tx.commit().await?;
        Ok((account, format!("{}/setup?t={token}", app.public_url)))
    })
    .await
}

/// Changes to an account; absent parts stay.
#[derive(Debug, Clone, Default)]
pub struct AccountPatch {
    /// What people call them.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// False ends every access at once; sessions, tokens and links do not come back with it.
    pub active: Option<bool>,
    /// Of which teams they see and change the events.
    pub team_scope: Option<TeamScope>,
}

/// Changes an account. The last active administrator keeps role and access.
pub async fn change(app: &App, actor: &Actor, id: Uuid, patch: AccountPatch) -> Result<Account, ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    let name = patch.name.as_deref().map(|name| checked::line("name", name, 80)).transpose()?;
    let (app, actor) = (app.clone(), actor.clone());
    retried(move || {
        let (app, actor, name, patch) = (app.clone(), actor.clone(), name.clone(), patch.clone());
        async move {
            let tx = app.store.begin().await?;
            store::accounts::lock_admins(&tx).await?;
            let before = store::accounts::by_id(tx.conn(), id).await?.ok_or_else(|| unknown_account(id))?;
            let mut account = before.clone();
            account.name = name.unwrap_or(account.name);
            account.role = patch.role.unwrap_or(account.role);
            account.active = patch.active.unwrap_or(account.active);
            account.team_scope = patch.team_scope.unwrap_or(account.team_scope);
            // A provider's claims may have made them an administrator; what was stored before that stays until somebody changes it.
            if account.role != before.role || account.team_scope != before.team_scope {
                check_scope(account.role, account.team_scope)?;
            }
            if account.active && !before.active && privacy::is_closed(&before) {
                let words = "a closed account stays closed; add the person anew";
                return Err(ServiceError::Conflict(words.to_owned()));
            }
            if account == before {
                tx.rollback().await?;
                return Ok(before);
            }
            store::accounts::update(&tx, &account, before.version).await?;
            if store::accounts::count_admins(tx.conn()).await? == 0 {
                let words = "the last administrator keeps role and access; make another administrator first";
                return Err(ServiceError::Conflict(words.to_owned()));
            }
            if !account.active || account.role != before.role || account.team_scope != before.team_scope {
                // A role and a scope are those of a session: whoever has another one signs in again.
                store::sessions::delete_of_account(&tx, id, None).await?;
                store::guesses::end_steps_of(&tx, id).await?;
            }
            if !account.active {
                store::tokens::revoke_all(&tx, id, app.now_millis()).await?;
                store::accounts::end_invitations(&tx, "password", Some(id), app.now_millis()).await?;
            }
            audit_change(&app, &tx, &actor, &before, &account).await?;
            tx.commit().await?;
            account.version += 1;
            Ok(account)
        }
    })
    .await
}

/// What an administrator may do for others and not for themselves: whoever took their session would not need their password
/// or their authenticator any more.
pub(super) fn of_another(actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    if actor.account_id == Some(id) {
        let words = "this is your own account; use your own page, or ask another administrator";
        return Err(ServiceError::Conflict(words.to_owned()));
    }
    Ok(())
}

/// A new one-time link to choose a password; earlier links of the account end. One for another password than the present one
/// lives half an hour.
pub async fn new_link(app: &App, actor: &Actor, id: Uuid) -> Result<(Account, String), ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let account = by_id(&tx, id).await?;
        if account.password_hash.is_some() {
            of_another(&actor, id)?;
        }
        store::accounts::end_invitations(&tx, "password", Some(id), app.now_millis()).await?;
        let life = if account.password_hash.is_some() { RESET_LIFE } else { INVITATION_LIFE };
        let token = invite(&app, &tx, "password", Some(id), life).await?;
        audit(&app, &tx, &actor, "account.link", &account).await?;
        tx.commit().await?;
        Ok((account, format!("{}/setup?t={token}", app.public_url)))
    })
    .await
}

fn unknown_account(id: Uuid) -> ServiceError {
    ServiceError::NotFound(format!("account {id}"))
}

/// All accounts.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Account>, ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    Ok(store::accounts::list(app.store.read()).await?)
}

/// One account, active or not.
pub async fn by_id_of(app: &App, actor: &Actor, id: Uuid) -> Result<Account, ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    let found = store::accounts::by_id(app.store.read(), id).await?;
    found.ok_or_else(|| ServiceError::NotFound("account of that id".to_owned()))
}

/// Ids and names of active accounts, for choosing an owner.
pub async fn owners(app: &App, actor: &Actor) -> Result<Vec<(Uuid, String)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let accounts = store::accounts::list(app.store.read()).await?;
    Ok(accounts.into_iter().filter(|account| account.active).map(|account| (account.id, account.name)).collect())
}

/// Ids and names of active accounts that may write postmortems, for choosing an owner or a reviewer of one.
pub async fn writers(app: &App, actor: &Actor) -> Result<Vec<(Uuid, String)>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let accounts = store::accounts::list(app.store.read()).await?.into_iter();
    let writes = |account: &Account| account.active && account.role.may(Permission::WritePostmortem);
    Ok(accounts.filter(writes).map(|account| (account.id, account.name)).collect())
}

/// The most accounts on a page.
pub const PAGE_LIMIT: u64 = 200;

/// A page of accounts.
#[derive(Debug, Clone)]
pub struct AccountPage {
    /// The accounts, by e-mail.
    pub accounts: Vec<Account>,
    /// Behind which e-mail the next page begins, if there is one.
    pub next: Option<String>,
}

/// Active accounts by e-mail, behind that of `after`: those that may be named.
pub async fn page(app: &App, actor: &Actor, after: Option<&str>, limit: u64) -> Result<AccountPage, ServiceError> {
    authorise(actor, Permission::NamePeople)?;
    let limit = limit.clamp(1, PAGE_LIMIT);
    let after = after.map(checked::fold);
    let mut accounts = store::accounts::page(app.store.read(), after.as_deref(), limit + 1).await?;
    let more = accounts.len() as u64 > limit;
    accounts.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = accounts.last().filter(|_| more).map(|account| checked::fold(&account.email));
    Ok(AccountPage { accounts, next })
}

/// The actor's own account; the local operator and the clock have none.
pub async fn own(app: &App, actor: &Actor) -> Result<Option<Account>, ServiceError> {
    match actor.account_id {
        Some(id) => Ok(store::accounts::by_id(app.store.read(), id).await?),
        None => Ok(None),
    }
}

/// The active account that a word names: an id, an e-mail, or a name that only one of them has.
pub async fn named(app: &App, actor: &Actor, field: &'static str, word: &str) -> Result<Account, ServiceError> {
    authorise(actor, Permission::Read)?;
    named_in(app.store.read(), field, word).await
}

/// [`named`], inside a transaction or outside.
pub(super) async fn named_in(
    connection: &impl ConnectionTrait,
    field: &'static str,
    word: &str,
) -> Result<Account, ServiceError> {
    let word = word.trim();
    let found = match word.parse::<Uuid>() {
        Ok(id) => store::accounts::by_id(connection, id).await?,
        Err(_) => store::accounts::by_email(connection, word).await?,
    };
    if let Some(found) = found.filter(|account| account.active) {
        return Ok(found);
    }
    let all = store::accounts::list(connection).await?;
    let id = called(&all, field, word)?;
    all.into_iter().find(|account| account.id == id).ok_or_else(|| FieldError::shape(field, NO_ACCOUNT).into())
}

/// The one active account that a word names by its e-mail or its name.
fn called(all: &[Account], field: &'static str, word: &str) -> Result<Uuid, FieldError> {
    let key = checked::fold(word);
    let active = || all.iter().filter(|account| account.active);
    if let Some(one) = active().find(|account| checked::fold(&account.email) == key) {
        return Ok(one.id);
    }
    let mut called = active().filter(|account| checked::fold(&account.name) == key);
    match (called.next(), called.next()) {
        (Some(one), None) => Ok(one.id),
        (Some(_), Some(_)) => {
            let name: String = word.chars().take(80).collect();
            Err(FieldError::shape(field, format!("“{name}” names several; write the e-mail")))
        }
        (None, _) => Err(FieldError::shape(field, NO_ACCOUNT)),
    }
}

/// What a field says that names nobody.
pub(super) const NO_ACCOUNT: &str = "there is no active account like this; add it, or name another person";

/// Ids of people in place of the words that name them, each an id, an e-mail or a name that only one active account has.
pub async fn all_named(
    app: &App,
    actor: &Actor,
    field: &'static str,
    words: &[String],
) -> Result<Vec<Uuid>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let by_id: Vec<Option<Uuid>> = words.iter().map(|word| word.trim().parse().ok()).collect();
    let all =
        if by_id.iter().all(Option::is_some) { Vec::new() } else { store::accounts::list(app.store.read()).await? };
    let named = words.iter().zip(by_id).map(|(word, id)| id.map_or_else(|| called(&all, field, word.trim()), Ok));
    Ok(named.collect::<Result<_, _>>()?)
}

/// One's own language.
pub async fn set_language(app: &App, actor: &Actor, lang: &str) -> Result<(), ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    let lang = language(lang)?;
    let Some(id) = actor.account_id else { return Ok(()) };
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let before = by_id(&tx, id).await?;
        let account = Account { lang, ..before.clone() };
        store::accounts::update(&tx, &account, account.version).await?;
        audit_change(&app, &tx, &actor, &before, &account).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Refuses who may not see and say in which zone an account lives.
pub fn may_set_zone(actor: &Actor, id: Uuid) -> Result<(), ServiceError> {
    authorise(actor, if actor.account_id == Some(id) { Permission::OwnProfile } else { Permission::ManageAccounts })
}

/// The zone that an account lives in, by its IANA name; none is the report zone. One's own, or as an administrator anybody's.
/// Reminders come in the morning there.
pub async fn set_zone(app: &App, actor: &Actor, id: Uuid, zone: Option<&str>) -> Result<(), ServiceError> {
    may_set_zone(actor, id)?;
    let zone = match zone.map(str::trim).filter(|zone| !zone.is_empty()) {
        None => None,
        Some(zone) => {
            let unknown = |_| FieldError::shape("zone", "write the name of a zone like Asia/Shanghai or Europe/London");
            Some(zone.parse::<chrono_tz::Tz>().map_err(unknown)?)
        }
    };
    let (app, actor) = (app.clone(), actor.clone());
    detached(async move {
        let tx = app.store.begin().await?;
        let before = by_id(&tx, id).await?;
        let account = Account { zone, ..before.clone() };
        if account == before {
            tx.rollback().await?;
            return Ok(());
        }
        store::accounts::update(&tx, &account, account.version).await?;
        let since = app.now_millis() - super::reminder_items::ASKED_DAYS * 86_400_000;
        // Leads hear of what is everybody's; who else looks at a thing late by a slot at most.
        let teams = store::teams::all(tx.conn()).await?;
        if account.role >= Role::Lead || teams.iter().any(|team| team.fields.lead == Some(id)) {
            store::reminders::wake_all(&tx, since).await?;
        } else {
            store::reminders::wake_of_person(&tx, since, id).await?;
        }
        audit_change(&app, &tx, &actor, &before, &account).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// One's own password; every session ends. Of the one that it was changed in, a new one takes the place: its cookie value is
/// returned.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    old: String,
    new: String,
    session: Option<&SignedIn>,
) -> Result<Option<String>, ServiceError> {
    authorise(actor, Permission::OwnProfile)?;
    let id = actor.account_id.ok_or(ServiceError::SignInNeeded)?;
    let account = store::accounts::by_id(app.store.read(), id).await?.ok_or(ServiceError::SignInNeeded)?;
    passwords::check("new_password", &new, &account.email, &account.name)?;
    let guess = guesses::inside(app, Of::Password, id, session.map(|one| one.session.id)).await?;
    let good = match secrets::verify_password(old, account.password_hash.clone()).await {
        Ok(good) => good,
        Err(error) => {
            guess.untried(app).await;
            return Err(error);
        }
    };
    if !good {
        return Err(FieldError::shape("old_password", "it is not your current password").into());
    }
    guess.right(app).await?;
    let hash = secrets::hash_password(app, new).await?;
    let (app, actor, entry) = (app.clone(), actor.clone(), session.map(SignedIn::entry));
    detached(async move {
        let tx = app.store.begin().await?;
        let mut account = by_id(&tx, id).await?;
        account.password_hash = Some(hash);
        store::accounts::update(&tx, &account, account.version).await?;
        store::sessions::delete_of_account(&tx, id, None).await?;
        store::guesses::end_steps_of(&tx, id).await?;
        store::accounts::end_invitations(&tx, "password", Some(id), app.now_millis()).await?;
        audit(&app, &tx, &actor, "account.password", &account).await?;
        let token = match entry {
            Some(entry) => Some(sessions::open_in(&app, &tx, &account, &entry).await?.0),
            None => None,
        };
        tx.commit().await?;
        Ok(token)
    })
    .await
}

fn language(lang: &str) -> Result<String, FieldError> {
    match lang {
        "zh-CN" | "en" => Ok(lang.to_owned()),
        _ => Err(FieldError::shape("lang", "choose zh-CN or en")),
    }
}

pub(super) fn account(
    app: &App,
    email: String,
    name: String,
    role: Role,
    lang: String,
    password_hash: Option<String>,
) -> Account {
    let created_at = app.now_millis();
    Account {
        id: app.id(),
        email,
        name,
        role,
        password_hash,
        lang,
        zone: None,
        active: true,
        created_at,
        second_factor_at: None,
        team_scope: TeamScope::All,
        version: 1,
    }
}

async fn by_id(tx: &Tx, id: Uuid) -> Result<Account, ServiceError> {
    store::accounts::by_id(tx.conn(), id)
        .await?
        .filter(|account| account.active)
        .ok_or_else(|| ServiceError::NotFound("active account of that id".to_owned()))
}

async fn invite(app: &App, tx: &Tx, kind: &str, account_id: Option<Uuid>, life: i64) -> Result<String, ServiceError> {
    let token = secrets::new_token(app, "");
    let now = app.now_millis();
    let invitation = Invitation {
        id: app.id(),
        kind: kind.to_owned(),
        token_hash: secrets::hash(&token),
        account_id,
        created_at: now,
        expires_at: now + life,
    };
    store::accounts::insert_invitation(tx, &invitation).await?;
    Ok(token)
}

/// Name, role, access and language, before and after.
async fn audit_change(
    app: &App,
    tx: &Tx,
    actor: &Actor,
    before: &Account,
    after: &Account,
) -> Result<(), ServiceError> {
    let shown = |account: &Account| json!({"name": account.name, "role": account.role.code(), "team_scope": account.team_scope.code(), "active": account.active, "lang": account.lang, "zone": account.zone.map(chrono_tz::Tz::name)});
    let change = json!({"from": shown(before), "to": shown(after)});
    let subject = format!("account:{}", after.id);
    store::audit::insert(tx, app.id(), app.now_millis(), actor, "account.update", &subject, change).await?;
    Ok(())
}

async fn audit(app: &App, tx: &Tx, actor: &Actor, action: &str, account: &Account) -> Result<(), ServiceError> {
    let subject = format!("account:{}", account.id);
    // The id says who it is: an address would outlive the account, because the log is never changed.
    let change = json!({"role": account.role.code(), "team_scope": account.team_scope.code()});
    store::audit::insert(tx, app.id(), app.now_millis(), actor, action, &subject, change).await?;
    Ok(())
}
