//! API tokens over the API: one's own, and those of everybody for administrators.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::scope::Scopes,
    service::{
        App, ServiceError, accounts,
        tokens::{self, ApiToken, Life, NewToken},
    },
};

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenNew {
    /// What it is for, up to 80 characters.
    name: String,
    /// What it may be used for: read, write, samples (pushing samples only), admin (everything that the account may do); by
    /// default read and write.
    scopes: Option<Vec<String>>,
    /// Days that it works, 1 to 366; by default 90.
    days: Option<i64>,
    /// Whose it is: an account's id, e-mail or name; by default one's own. Another one's needs an administrator.
    account: Option<String>,
}

/// How a token or a share link is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRotate {
    /// Hours for which the old secret goes on working, 0 to 168; by default 24.
    pub overlap_hours: Option<i64>,
}

/// A token without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenBody {
    id: Uuid,
    /// What it is for.
    name: String,
    /// Its first characters.
    prefix: String,
    /// read, write, samples, admin.
    scopes: Vec<&'static str>,
    /// When it was made.
    created_at: Option<DateTime<FixedOffset>>,
    /// Until when it works; null of a token from before there was an end: replace it.
    expires_at: Option<DateTime<FixedOffset>>,
    /// works, soon (it ends within 14 days or has no end) or over.
    life: &'static str,
    /// When it was used last, to the hour.
    used_at: Option<DateTime<FixedOffset>>,
    /// The token that takes its place.
    replaced_by: Option<Uuid>,
    /// Whose it is: the account's e-mail; in the list of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// The secret; only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Tokens, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// Those that are not revoked.
    data: Vec<TokenBody>,
    /// Where the next page begins.
    next_cursor: Option<String>,
}

/// Which tokens are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// Those of all accounts, for administrators; else one's own.
    everyone: Option<bool>,
    /// From the answer before.
    cursor: Option<Uuid>,
    /// At most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// A token as JSON; with its secret only when it was just made.
pub fn token_body(app: &App, token: &ApiToken, account: Option<String>, secret: Option<String>) -> TokenBody {
    let at = |millis| DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&app.zone).fixed_offset());
    TokenBody {
        id: token.id,
        name: token.name.clone(),
        prefix: token.prefix.clone(),
        scopes: token.scopes.codes(),
        created_at: at(token.created_at),
        expires_at: token.expires_at.and_then(at),
        life: match tokens::life(token, app.now_millis()) {
            Life::Works => "works",
            Life::Soon => "soon",
            Life::Over => "over",
        },
        used_at: token.used_at.and_then(at),
        replaced_by: token.replaced_by,
        account,
        token: secret,
    }
}

/// The tokens of everybody as JSON.
pub fn token_list(app: &App, page: &tokens::TokenPage) -> TokenList {
    let body =
        |(token, account): &(ApiToken, accounts::Account)| token_body(app, token, Some(account.email.clone()), None);
    TokenList { data: page.tokens.iter().map(body).collect(), next_cursor: page.next.map(|id| id.to_string()) }
}

/// Tokens: one's own, or everybody's.
pub async fn list(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<TokenQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let list = if query.everyone == Some(true) {
        token_list(&app, &tokens::of_all(&app, &caller.actor, query.cursor, query.limit.unwrap_or(50)).await?)
    } else {
        let own = tokens::own(&app, &caller.actor).await?;
        TokenList { data: own.iter().map(|one| token_body(&app, one, None, None)).collect(), next_cursor: None }
    };
    Ok(HttpResponse::Ok().json(list))
}

/// Makes a token. There is no `Idempotency-Key` here: a kept answer would keep the secret.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    body: web::Json<TokenNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let body = body.into_inner();
    let account = match &body.account {
        Some(named) => accounts::named(&app, &caller.actor, "account", named).await?,
        None => accounts::own(&app, &caller.actor).await?.ok_or(ServiceError::SignInNeeded)?,
    };
    let scopes = match &body.scopes {
        Some(codes) => tokens::scopes_of(codes.iter().map(String::as_str))?,
        None => Scopes::READ_WRITE,
    };
    let new = NewToken { name: body.name, scopes, days: body.days };
    let (token, secret) = tokens::create(&app, &caller.actor, &account, new).await?;
    Ok(HttpResponse::Created().json(token_body(&app, &token, Some(account.email), Some(secret))))
}

/// Gives a token another secret; the old one goes on working for a while.
pub async fn rotate(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    body: web::Json<TokenRotate>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let (token, secret) = tokens::rotate(&app, &caller.actor, *id, body.overlap_hours).await?;
    Ok(HttpResponse::Created().json(token_body(&app, &token, None, Some(secret))))
}

/// Revokes a token.
pub async fn revoke(request: HttpRequest, app: web::Data<App>, id: web::Path<Uuid>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    tokens::revoke(&app, &caller.actor, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
