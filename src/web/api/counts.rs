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
        team_counts::{Line, times},
    },
    service::{
        App,
        team_counts::{self, PeriodCounts, Whose},
    },
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
    /// How many events this is made of: as many as `query` lists.
    events: i64,
    /// 故障分: each share of an event counts that share of the points of its level; null where no level has points.
    points: Option<String>,
    /// The query (`q` of `/api/v1/events`) that lists the events.
    query: String,
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
    /// How many events this is made of: as many as `query` lists.
    events: i64,
    /// The query that lists the events.
    query: String,
}

/// A line as the API and `--json` show it.
fn line(counts: &PeriodCounts, whose: Whose, line: &Line) -> CountLine {
    let table = &counts.table;
    let cells = table.levels.iter().zip(line.counts.iter().zip(&line.events));
    let levels = cells.map(|(level, (points, events))| LevelCount {
        level: level.clone(),
        count: times(*points),
        basis_points: *points,
        events: *events,
        query: counts.query_of(whose, Some(level)),
    });
    let (team_id, team) = match whose {
        Whose::Team(id) => (Some(id), Some(counts.names.get(&id).cloned().unwrap_or_default())),
        Whose::Unsettled | Whose::Company => (None, None),
    };
    CountLine {
        team_id,
        team,
        levels: levels.collect(),
        total: times(line.total()),
        total_basis_points: line.total(),
        events: line.total_events(),
        points: table.points(line).map(times),
        query: counts.query_of(whose, None),
    }
}

impl CountsBody {
    /// The whole table.
    pub fn of(counts: &PeriodCounts) -> Self {
        let (table, period) = (&counts.table, counts.period);
        Self {
            period: period.label(),
            from: period.from,
            to: period.to,
            data: table.teams.iter().map(|(id, one)| line(counts, Whose::Team(*id), one)).collect(),
            unsettled: line(counts, Whose::Unsettled, &table.unsettled),
            company: line(counts, Whose::Company, &table.company),
            next_cursor: None,
        }
    }
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
    Ok(HttpResponse::Ok().json(CountsBody::of(&counts)))
}
