//! Counts of events per team and level over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{
        checked::FieldError,
        period::Period,
        team_counts::{Line, TeamCounts, times},
    },
    service::{App, team_counts},
};

/// Which counts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountsQuery {
    /// 2024-W34, 2024-08, 2024-Q3 or 2024; by default this month.
    period: Option<String>,
    /// First day, instead of a period.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    /// team.
    by: Option<String>,
}

/// Events per team and level: a team counts its shares, the company each event once.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsBody {
    /// The period, as it was asked for.
    period: String,
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
    /// A line per team that answers for something.
    data: Vec<CountLine>,
    /// What no team answers for yet.
    unsettled: CountLine,
    /// Each event once: the lines above and the unsettled one together.
    company: CountLine,
    /// Always null.
    next_cursor: Option<String>,
}

/// Counts of a line.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountLine {
    /// The team; null for the lines without one.
    team_id: Option<Uuid>,
    /// Its name.
    team: Option<String>,
    /// Per level.
    levels: Vec<LevelCount>,
    /// All levels together: `1.5`.
    total: String,
    /// The same in basis points.
    total_basis_points: i64,
}

/// The count of a level.
#[derive(Debug, Serialize, ToSchema)]
pub struct LevelCount {
    /// Label; null is 未定级.
    level: Option<String>,
    /// `0.5`.
    count: String,
    /// 5,000.
    basis_points: i64,
}

fn line(table: &TeamCounts, team: Option<(Uuid, String)>, counts: &Line) -> CountLine {
    let levels = table.levels.iter().zip(counts).map(|(level, points)| LevelCount {
        level: level.clone(),
        count: times(*points),
        basis_points: *points,
    });
    let total = TeamCounts::total(counts);
    let (team_id, team) = team.map_or((None, None), |(id, name)| (Some(id), Some(name)));
    CountLine { team_id, team, levels: levels.collect(), total: times(total), total_basis_points: total }
}

/// The counts of a period.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<CountsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    if query.by.as_deref().is_some_and(|by| by != "team") {
        return Err(FieldError::shape("by", "choose team").into());
    }
    let period = Period::asked(query.period.as_deref(), query.from, query.to, app.today())?;
    let counts = team_counts::of_period(&app, &caller.actor, period).await?;
    let table = &counts.table;
    let name = |id| counts.names.get(id).cloned().unwrap_or_default();
    Ok(HttpResponse::Ok().json(CountsBody {
        period: period.label(),
        from: period.from,
        to: period.to,
        data: table.teams.iter().map(|(id, counts)| line(table, Some((*id, name(id))), counts)).collect(),
        unsettled: line(table, None, &table.unsettled),
        company: line(table, None, &table.company),
        next_cursor: None,
    }))
}
