//! One's own settings, and the accounts for administrators.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::StatusCode,
    web,
};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, back, redirect, refusal, render, role_words, rows, sign::of_session, words};
use crate::{
    domain::{
        actor::{Permission, ROLES, Role, TEAM_SCOPES, TeamScope},
        checked::FieldError,
        scope::{SCOPES, Scopes},
    },
    i18n::sign_in::{self as sign_in_words, SignInTexts},
    i18n::{
        Texts,
        tokens::{self as token_words, TokenTexts},
    },
    service::{
        App, ServiceError,
        accounts::{self, AccountPatch, NewAccount},
        oidc, sessions,
        tokens::{self, ApiToken, Life, NewToken},
    },
    web::{
        gate::{Caller, THEME_COOKIE, caller},
        problem::Problem,
    },
};

/// A line of the list of tokens.
struct TokenRow {
    id: Uuid,
    name: String,
    prefix: String,
    made: String,
    used: String,
    /// What it may be used for, in words.
    scopes: String,
    /// Until when, in words.
    until: String,
    /// What to do about its end; empty while there is time.
    warning: &'static str,
    /// Whether it can be rotated.
    lives: bool,
    /// Whose it is; empty where it is one's own.
    owner: String,
}

/// The tokens of everybody.
#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    shell: Shell,
    w: &'static TokenTexts,
    tokens: Vec<TokenRow>,
    next: Option<String>,
}

/// A line of the list of accounts.
struct AccountRow {
    id: Uuid,
    email: String,
    name: String,
    role: &'static str,
    /// Of which teams they see and change the events, as it works.
    team_scope: &'static str,
    active: bool,
    /// Whether a password was set.
    joined: bool,
    /// Whether an authenticator is set up.
    second_factor: bool,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct Settings {
    shell: Shell,
    w: &'static SignInTexts,
    message: String,
    /// A secret that is shown this once: its label and itself.
    secret: Option<(&'static str, String)>,
    email: String,
    /// IANA name; empty is the report zone.
    zone: String,
    tw: &'static TokenTexts,
    /// The scopes to choose from, and whether each is chosen at first.
    scopes: Vec<(&'static str, &'static str, bool)>,
    tokens: Vec<TokenRow>,
    accounts: Vec<AccountRow>,
    roles: Vec<(&'static str, &'static str)>,
    /// The scopes of teams, in words.
    team_scopes: Vec<(&'static str, &'static str)>,
    /// Whether there is a provider.
    provider: bool,
}

/// What happened just before the page is shown.
#[derive(Default)]
struct Outcome {
    status: StatusCode,
    message: String,
    secret: Option<(&'static str, String)>,
}

/// What was done just before.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    done: String,
}

/// The page.
pub async fn page(request: HttpRequest, app: web::Data<App>, query: web::Query<Done>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let done = if query.done == "password" { words(&caller).password_changed } else { "" };
    show(&app, &request, &caller, Outcome { message: done.to_owned(), ..Outcome::default() }).await
}

async fn show(app: &App, request: &HttpRequest, caller: &Caller, outcome: Outcome) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "settings").await?;
    let t = shell.t;
    let tokens = tokens::own(app, &caller.actor).await?;
    let accounts = if caller.actor.may(Permission::ManageAccounts) {
        accounts::list(app, &caller.actor).await?
    } else {
        Vec::new()
    };
    let page = Settings {
        w: sign_in_words::texts(t.lang),
        message: outcome.message,
        secret: outcome.secret,
        email: caller.signed_in.as_ref().map(|signed_in| signed_in.account.email.clone()).unwrap_or_default(),
        zone: caller
            .signed_in
            .as_ref()
            .and_then(|one| one.account.zone)
            .map(|zone| zone.name().to_owned())
            .unwrap_or_default(),
        provider: oidc::button(app).is_some(),
        tw: token_words::texts(t.lang == "zh-CN"),
        scopes: SCOPES
            .into_iter()
            .map(|scope| (scope.code(), token_words::scope(t.lang == "zh-CN", scope), Scopes::READ_WRITE.has(scope)))
            .collect(),
        tokens: tokens.into_iter().map(|token| token_row(app, t, token, String::new())).collect(),
        accounts: accounts
            .into_iter()
            .map(|account| AccountRow {
                team_scope: account.team_scope.code(),
                id: account.id,
                email: account.email,
                name: account.name,
                role: account.role.code(),
                active: account.active,
                joined: account.password_hash.is_some(),
                second_factor: account.second_factor_at.is_some(),
            })
            .collect(),
        team_scopes: TEAM_SCOPES.into_iter().map(|scope| (scope.code(), scope_words(t.lang, scope))).collect(),
        roles: ROLES.into_iter().map(|role| (role.code(), role_words(t, role))).collect(),
        shell,
    };
    render(outcome.status, &page)
}

fn token_row(app: &App, t: &Texts, token: ApiToken, owner: String) -> TokenRow {
    let chinese = t.lang == "zh-CN";
    let w = token_words::texts(chinese);
    let life = tokens::life(&token, app.now_millis());
    let scopes = SCOPES.into_iter().filter(|scope| token.scopes.has(*scope));
    TokenRow {
        id: token.id,
        made: rows::when(app, token.created_at),
        used: token.used_at.map_or_else(|| t.never.to_owned(), |at| rows::when(app, at)),
        scopes: scopes.map(|scope| token_words::scope(chinese, scope)).collect::<Vec<_>>().join(" · "),
        until: token.expires_at.map(|at| rows::when(app, at)).unwrap_or_default(),
        warning: match life {
            Life::Over => w.over,
            _ if token.replaced_by.is_some() => w.replaced,
            Life::Works => "",
            Life::Soon if token.expires_at.is_none() => w.endless,
            Life::Soon => w.soon,
        },
        lives: life != Life::Over && token.replaced_by.is_none(),
        owner,
        name: token.name,
        prefix: token.prefix,
    }
}

/// Which page of tokens.
#[derive(Debug, Deserialize)]
pub struct TokensQuery {
    after: Option<Uuid>,
}

/// The tokens of everybody.
pub async fn tokens_page(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<TokensQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let shell = Shell::of(&app, &request, &caller, "settings").await?;
    let found = tokens::of_all(&app, &caller.actor, query.after, 50).await?;
    let row = |(token, account): (ApiToken, accounts::Account)| token_row(&app, shell.t, token, account.email);
    let page = TokensPage {
        w: token_words::texts(shell.t.lang == "zh-CN"),
        tokens: found.tokens.into_iter().map(row).collect(),
        next: found.next.map(|id| id.to_string()),
        shell,
    };
    render(StatusCode::OK, &page)
}

/// Shows the page with what was refused, in the reader's language.
pub(super) async fn refused(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    error: ServiceError,
) -> Result<HttpResponse, Problem> {
    let status = match &error {
        ServiceError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ServiceError::Conflict(_) | ServiceError::Stale { .. } => StatusCode::CONFLICT,
        ServiceError::NotFound(_) => StatusCode::NOT_FOUND,
        _ => return Err(error.into()),
    };
    let outcome = Outcome { status, message: refusal(words(caller), error), secret: None };
    show(app, request, caller, outcome).await
}

/// Where to go back to.
#[derive(Debug, Deserialize)]
pub struct Back {
    #[serde(default)]
    back: String,
}

/// Changes to the other language.
pub async fn language(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Back>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let lang = if words(&caller).lang == "en" { "zh-CN" } else { "en" };
    accounts::set_language(&app, &caller.actor, lang).await?;
    Ok(back(&form.back))
}

/// A zone of one's own.
#[derive(Debug, Deserialize)]
pub struct ZoneForm {
    zone: String,
}

/// Says in which zone one lives: reminders come in the morning there.
pub async fn zone(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<ZoneForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    if let Some(id) = caller.actor.account_id {
        accounts::set_zone(&app, &caller.actor, id, Some(&form.zone)).await?;
    }
    Ok(back("/settings"))
}

/// The chosen colours.
#[derive(Debug, Deserialize)]
pub struct Theme {
    theme: String,
    #[serde(default)]
    back: String,
}

/// Keeps the choice of colours in the browser: it belongs to the device, not to the person.
pub async fn theme(app: web::Data<App>, form: web::Form<Theme>) -> Result<HttpResponse, Problem> {
    let mut answer = back(&form.back);
    let mut cookie = Cookie::build(THEME_COOKIE, if form.theme == "dark" { "dark" } else { "light" })
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.public_url.starts_with("https://"))
        .max_age(Duration::days(400))
        .finish();
    if form.theme == "auto" {
        cookie.make_removal();
    }
    answer.add_cookie(&cookie).map_err(|_| FieldError::shape("theme", "choose light, dark or auto"))?;
    Ok(answer)
}

/// The old and the new password.
#[derive(Debug, Deserialize)]
pub struct Password {
    old_password: String,
    new_password: String,
}

/// Changes one's own password; every other session ends.
pub async fn password(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Password>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let session = caller.signed_in.as_ref();
    match accounts::change_password(&app, &caller.actor, form.old_password, form.new_password, session).await {
        // The session is another one now: the page is asked for anew, so that its forms have the token of that one.
        Ok(token) => {
            let mut answer = redirect("/settings?done=password");
            if let Some(token) = token {
                let _ = answer.add_cookie(&of_session(&app, token));
            }
            Ok(answer)
        }
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}

/// A token to be made.
#[derive(Debug, Deserialize)]
pub struct TokenForm {
    name: String,
    #[serde(default)]
    days: String,
    #[serde(default)]
    read: String,
    #[serde(default)]
    write: String,
    #[serde(default)]
    samples: String,
    #[serde(default)]
    admin: String,
}

impl TokenForm {
    /// What is wanted; where nothing is chosen, reading and writing.
    fn wanted(&self) -> Result<NewToken, FieldError> {
        let chosen = [("read", &self.read), ("write", &self.write), ("samples", &self.samples), ("admin", &self.admin)];
        let codes: Vec<&str> = chosen.iter().filter(|(_, on)| !on.is_empty()).map(|(code, _)| *code).collect();
        let scopes = if codes.is_empty() { Scopes::READ_WRITE } else { tokens::scopes_of(codes)? };
        let days = match self.days.trim() {
            "" => None,
            days => Some(days.parse().map_err(|_| FieldError::shape("days", "give 1 to 366 days"))?),
        };
        Ok(NewToken { name: self.name.clone(), scopes, days })
    }
}

/// Makes an API token and shows it this once.
pub async fn create_token(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<TokenForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let account = caller.signed_in.as_ref().map(|signed_in| signed_in.account.clone());
    let account = account.ok_or(ServiceError::SignInNeeded)?;
    let made = async { tokens::create(&app, &caller.actor, &account, form.wanted()?).await };
    match made.await {
        Ok((_, secret)) => {
            let secret = Some((words(&caller).token_once, secret));
            show(&app, &request, &caller, Outcome { secret, ..Outcome::default() }).await
        }
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}

/// Gives a token another secret and shows it this once.
pub async fn rotate_token(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match tokens::rotate(&app, &caller.actor, *id, None).await {
        Ok((_, secret)) => {
            let secret = Some((words(&caller).token_once, secret));
            show(&app, &request, &caller, Outcome { secret, ..Outcome::default() }).await
        }
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}

/// Revokes a token: one's own, or anybody's for administrators.
pub async fn revoke_token(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match tokens::revoke(&app, &caller.actor, *id).await {
        Ok(()) => Ok(redirect("/settings")),
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}

/// A person to be added.
#[derive(Debug, Deserialize)]
pub struct AccountForm {
    email: String,
    name: String,
    role: String,
    #[serde(default)]
    team_scope: String,
}

/// The scope of a code; none where nothing is said.
pub(super) fn scope_of(code: &str) -> Result<Option<TeamScope>, FieldError> {
    match code {
        "" => Ok(None),
        code => Ok(Some(accounts::team_scope_of(code)?)),
    }
}

/// A scope of teams, in words.
fn scope_words(lang: &str, scope: TeamScope) -> &'static str {
    let w = sign_in_words::texts(lang);
    match scope {
        TeamScope::All => w.scope_all,
        TeamScope::Own => w.scope_own,
    }
}

fn role_of(code: &str) -> Result<Role, ServiceError> {
    Role::from_code(code).ok_or_else(|| FieldError::shape("role", "choose viewer, reporter, lead or admin").into())
}

/// Adds a person and shows the link for the password this once.
pub async fn add_account(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<AccountForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let lang = words(&caller).lang.to_owned();
    let added = async {
        let new = NewAccount { email: form.email, name: form.name, role: role_of(&form.role)?, lang };
        let scope = scope_of(&form.team_scope)?.unwrap_or_default();
        accounts::add_scoped(&app, &caller.actor, new, scope).await
    };
    match added.await {
        Ok((_, link)) => {
            let secret = Some((words(&caller).link_once, link));
            show(&app, &request, &caller, Outcome { secret, ..Outcome::default() }).await
        }
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}

/// Role and access of an account.
#[derive(Debug, Deserialize)]
pub struct AccountChange {
    role: String,
    #[serde(default)]
    team_scope: String,
    #[serde(default)]
    active: String,
}

/// Changes role and access of an account.
pub async fn change_account(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<AccountChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let changed = async {
        let patch = AccountPatch {
            role: Some(role_of(&form.role)?),
            active: Some(form.active == "yes"),
            team_scope: scope_of(&form.team_scope)?,
            name: None,
        };
        accounts::change(&app, &caller.actor, *id, patch).await
    };
    match changed.await {
        Ok(account) => {
            let mut answer = redirect("/settings");
            let own = caller.signed_in.as_ref().filter(|one| one.account.id == account.id);
            let other = |one: &&sessions::SignedIn| {
                one.account.role != account.role || one.account.team_scope != account.team_scope
            };
            if let Some(own) = own.filter(other).filter(|_| account.active) {
                // With another role one's own sessions ended too; this browser stays signed in with a new one.
                let (token, _) = sessions::open(&app, account, own.entry()).await?;
                let _ = answer.add_cookie(&of_session(&app, token));
            }
            Ok(answer)
        }
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}

/// A new link for the password of an account.
pub async fn new_link(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    match accounts::new_link(&app, &caller.actor, *id).await {
        Ok((account, link)) => {
            let t = words(&caller);
            let secret = Some((if account.password_hash.is_some() { t.reset_once } else { t.link_once }, link));
            show(&app, &request, &caller, Outcome { secret, ..Outcome::default() }).await
        }
        Err(error) => refused(&app, &request, &caller, error).await,
    }
}
