//! The people who can be named: as owners, reviewers, viewers.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::actor::Actor,
    service::{
        App,
        accounts::{self, Account, AccountPatch},
    },
};

/// Somebody who can be named.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountBody {
    id: Uuid,
    /// With which they sign in.
    email: String,
    /// What people call them.
    name: String,
    /// viewer, reporter, lead or admin.
    role: &'static str,
}

/// Active accounts by e-mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountList {
    data: Vec<AccountBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// The page that is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Accounts on a page, 1 to 200; by default 100.
    pub limit: Option<u64>,
}

fn body(account: Account) -> AccountBody {
    AccountBody { id: account.id, email: account.email, name: account.name, role: account.role.code() }
}

/// The people who can be named.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<AccountQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let after = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let page = accounts::page(&app, &caller.actor, after, query.limit.unwrap_or(100)).await?;
    let data = page.accounts.into_iter().map(body).collect();
    Ok(HttpResponse::Ok().json(AccountList { data, next_cursor: page.next }))
}

/// The zone that somebody lives in: reminders come in the morning there.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneBody {
    /// Its IANA name, like `Europe/London`; null is the report zone.
    zone: Option<String>,
}

/// The account that a path names: `me`, an id, an e-mail or a name.
async fn named(app: &App, actor: &Actor, word: &str) -> Result<Account, Problem> {
    let own = actor.account_id.filter(|_| word == "me").map(|id| id.to_string());
    Ok(accounts::named(app, actor, "account", own.as_deref().unwrap_or(word)).await?)
}

/// The zone that somebody lives in: one's own, or as an administrator anybody's.
pub async fn zone(request: HttpRequest, app: web::Data<App>, word: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let account = named(&app, &caller.actor, &word).await?;
    accounts::may_set_zone(&caller.actor, account.id)?;
    Ok(HttpResponse::Ok().json(ZoneBody { zone: account.zone.map(|zone| zone.name().to_owned()) }))
}

/// Says in which zone somebody lives. Twice is the same as once.
pub async fn put_zone(
    request: HttpRequest,
    app: web::Data<App>,
    word: web::Path<String>,
    body: web::Json<ZoneBody>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let account = named(&app, &caller.actor, &word).await?;
    accounts::set_zone(&app, &caller.actor, account.id, body.zone.as_deref()).await?;
    let account = named(&app, &caller.actor, &account.id.to_string()).await?;
    Ok(HttpResponse::Ok().json(ZoneBody { zone: account.zone.map(|zone| zone.name().to_owned()) }))
}

/// Of which teams an account sees and changes the events.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamScopeBody {
    /// `all`, or `own`: those that it is a member or the lead of.
    team_scope: String,
}

impl TeamScopeBody {
    fn of(account: &Account) -> Self {
        Self { team_scope: account.team_scope.code().to_owned() }
    }
}

/// Of which teams an account sees and changes the events.
pub async fn team_scope(
    request: HttpRequest,
    app: web::Data<App>,
    word: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let account = named(&app, &caller.actor, &word).await?;
    let account = accounts::by_id_of(&app, &caller.actor, account.id).await?;
    Ok(HttpResponse::Ok().json(TeamScopeBody::of(&account)))
}

/// Says of which teams an account sees and changes the events; another scope ends its sessions. Twice is the same as once.
pub async fn put_team_scope(
    request: HttpRequest,
    app: web::Data<App>,
    word: web::Path<String>,
    body: web::Json<TeamScopeBody>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let account = named(&app, &caller.actor, &word).await?;
    let patch =
        AccountPatch { team_scope: Some(accounts::team_scope_of(&body.team_scope)?), ..AccountPatch::default() };
    let account = accounts::change(&app, &caller.actor, account.id, patch).await?;
    Ok(HttpResponse::Ok().json(TeamScopeBody::of(&account)))
}
