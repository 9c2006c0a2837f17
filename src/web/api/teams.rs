//! Teams over the API.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{needed_version, with_etag},
};
use crate::{
    domain::team::TeamFields,
    service::{
        App,
        teams::{self, Team, TeamPatch},
    },
};

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamBody {
    /// Its id.
    id: Uuid,
    /// Its name, unique whatever its case and width.
    name: String,
    /// The account that leads it.
    lead_id: Option<Uuid>,
    /// Accounts that belong to it.
    member_ids: Vec<Uuid>,
    /// An archived team keeps its past and gets nothing new.
    archived: bool,
    /// Optimistic lock, the ETag.
    version: i64,
}

/// All teams.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamList {
    /// By name, archived ones too.
    data: Vec<TeamBody>,
    /// Always null: all teams are in one list.
    next_cursor: Option<String>,
}

/// A team to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamNew {
    /// 1 to 60 characters.
    name: String,
    /// The account that leads it.
    lead_id: Option<Uuid>,
    /// Accounts that belong to it.
    #[serde(default)]
    member_ids: Vec<Uuid>,
}

/// A change to a team; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamChange {
    /// 1 to 60 characters.
    name: Option<String>,
    /// The account that leads it; null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    lead_id: Option<Option<Uuid>>,
    /// Accounts that belong to it.
    member_ids: Option<Vec<Uuid>>,
    /// Archive it, or take it back into use.
    archived: Option<bool>,
}

/// Tells `null` from a field that is left out.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Uuid>>, D::Error> {
    Option::<Uuid>::deserialize(from).map(Some)
}

fn body(team: Team) -> TeamBody {
    TeamBody {
        id: team.id,
        name: team.fields.name,
        lead_id: team.fields.lead,
        member_ids: team.fields.members,
        archived: team.fields.archived,
        version: team.version,
    }
}

/// All teams.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let all = teams::all(&app, &caller.actor).await?;
    Ok(HttpResponse::Ok().json(TeamList { data: all.into_iter().map(body).collect(), next_cursor: None }))
}

/// One team, by id or by name.
pub async fn read(request: HttpRequest, app: web::Data<App>, who: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let team = teams::find(&app, &caller.actor, &who).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), team.version, &body(team)))
}

/// Makes a team.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    new: web::Json<TeamNew>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let new = new.into_inner();
    let fields = TeamFields { name: new.name, lead: new.lead_id, members: new.member_ids, archived: false };
    let team = teams::create(&app, &caller.actor, fields).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/v1/teams/{}", team.id)));
    Ok(with_etag(&request, answer, team.version, &body(team)))
}

/// Changes a team.
pub async fn patch(
    request: HttpRequest,
    app: web::Data<App>,
    who: web::Path<String>,
    change: web::Json<TeamChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let version = needed_version(&request)?;
    let change = change.into_inner();
    let patch =
        TeamPatch { name: change.name, lead: change.lead_id, members: change.member_ids, archived: change.archived };
    let id = teams::find(&app, &caller.actor, &who).await?.id;
    let team = teams::update(&app, &caller.actor, id, version, patch).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), team.version, &body(team)))
}
