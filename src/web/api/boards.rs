//! The board of owed postmortems over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::{gate::caller, problem::Problem};
use crate::{
    domain::{actor::Actor, checked::FieldError, event_record::WHOLE, reliability::Figure},
    service::{
        App, ServiceError, action_items,
        boards::{self, Board, BoardCursor, BoardFilter},
    },
};

/// Filters of the board.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BoardQuery {
    /// Name or id of a team with a share; `-` for what nobody answers for.
    pub team: Option<String>,
    /// E-mail or id of the owner; `me`; `-` for nobody.
    pub owner: Option<String>,
    /// Only those past their due date.
    pub overdue: Option<bool>,
    /// As it stood at the end of this ISO week.
    pub week: Option<String>,
    /// Where the page begins, from `next_cursor`.
    pub cursor: Option<String>,
    /// Rows on a page, 1 to 200; by default 100.
    pub limit: Option<usize>,
}

impl BoardQuery {
    /// The filter that the query means.
    pub async fn filter(&self, app: &App, actor: &Actor) -> Result<BoardFilter, ServiceError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(BoardFilter {
            team: match given(&self.team).as_deref() {
                None => None,
                Some("-") => Some(None),
                Some(word) => Some(Some(action_items::team_id(app, actor, word).await?)),
            },
            owner: match given(&self.owner).as_deref() {
                None => None,
                Some("-") => Some(None),
                Some(word) => Some(Some(action_items::owner_id(app, actor, word).await?)),
            },
            overdue: self.overdue == Some(true),
            week: given(&self.week).map(|week| week.parse()).transpose()?,
        })
    }

    /// The cursor, checked.
    pub fn after(&self) -> Result<Option<BoardCursor>, FieldError> {
        let Some(text) = self.cursor.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
        let (begun, number) = text.split_once('.').ok_or_else(wrong)?;
        let (Ok(begun), Ok(number)) = (begun.parse(), number.parse()) else { return Err(wrong()) };
        Ok(Some(BoardCursor { begun, number }))
    }
}

/// A cursor as text.
pub fn cursor_text(cursor: BoardCursor) -> String {
    format!("{}.{}", cursor.begun, cursor.number)
}

/// A team's share of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamShare {
    /// Name.
    team: String,
    /// Of 10,000.
    basis_points: i32,
}

/// An owed postmortem.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoardRowBody {
    /// PE-22.
    event: String,
    /// Title of the event.
    title: String,
    /// Label; null is ungraded.
    severity: Option<String>,
    /// Where the postmortem stands.
    state: &'static str,
    /// Name of the owner.
    owner: Option<String>,
    /// Teams with a share.
    teams: Vec<TeamShare>,
    /// Since when it is owed.
    owed_since: NaiveDate,
    /// When it is due.
    due_on: Option<NaiveDate>,
    /// Working days that it is owed.
    age_working_days: i64,
    /// Working days that it may be owed.
    limit_working_days: Option<i64>,
    /// Working days past the due date; null where it is not.
    overdue_working_days: Option<i64>,
    /// Reminders that went out.
    reminders_sent: i64,
}

/// What a team owes.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamDebtBody {
    /// Id; null is what nobody answers for.
    team_id: Option<Uuid>,
    /// Name.
    team: Option<String>,
    /// Events; one with several teams counts for each.
    owed: usize,
    /// The same by shares.
    #[schema(value_type = f64)]
    count: Option<Figure>,
    /// Past the due date.
    overdue: usize,
    /// Working days that the oldest is owed.
    oldest_working_days: i64,
}

/// A week of the trend.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrendBody {
    /// ISO week.
    week: String,
    /// Its last day, or today.
    day: NaiveDate,
    /// How many were owed.
    owed: usize,
    /// Working days that the oldest was owed; null where none was.
    oldest_working_days: Option<i64>,
}

/// The board.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoardBody {
    /// The day it shows.
    day: NaiveDate,
    /// How many the filter finds.
    total: usize,
    /// Past the due date.
    overdue: usize,
    /// Working days that the oldest is owed.
    oldest_working_days: Option<i64>,
    /// The oldest first.
    data: Vec<BoardRowBody>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
    /// By team, whatever the filter.
    teams: Vec<TeamDebtBody>,
    /// The last 26 weeks, whatever the filter.
    trend: Vec<TrendBody>,
    /// There are more than 50,000; the rest is left out.
    capped: bool,
}

/// The board as JSON.
pub fn body(board: &Board) -> BoardBody {
    BoardBody {
        day: board.day,
        total: board.total,
        overdue: board.overdue,
        oldest_working_days: board.oldest,
        data: board
            .rows
            .iter()
            .map(|row| BoardRowBody {
                event: row.event.label(),
                title: row.event.title(),
                severity: row.event.fields.severity.clone(),
                state: row.debt.state.code(),
                owner: row.owner.clone(),
                teams: row
                    .teams
                    .iter()
                    .map(|(team, share)| TeamShare { team: team.clone(), basis_points: *share })
                    .collect(),
                owed_since: row.debt.begun,
                due_on: row.debt.due_on,
                age_working_days: row.age,
                limit_working_days: row.limit,
                overdue_working_days: row.late,
                reminders_sent: row.reminded,
            })
            .collect(),
        next_cursor: board.next.map(cursor_text),
        teams: board
            .teams
            .iter()
            .map(|(id, name, debt)| TeamDebtBody {
                team_id: *id,
                team: name.clone(),
                owed: debt.owed,
                count: Figure::ratio(i128::from(debt.share), i128::from(WHOLE)),
                overdue: debt.overdue,
                oldest_working_days: debt.oldest,
            })
            .collect(),
        trend: board
            .trend
            .iter()
            .map(|point| TrendBody {
                week: point.week.to_string(),
                day: point.day,
                owed: point.owed,
                oldest_working_days: point.oldest,
            })
            .collect(),
        capped: board.capped,
    }
}

/// The board of owed postmortems.
pub async fn read(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<BoardQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let filter = query.filter(&app, &caller.actor).await?;
    let limit = query.limit.unwrap_or(100);
    let board = boards::postmortems(&app, &caller.actor, &filter, query.after()?, limit).await?;
    Ok(HttpResponse::Ok().json(body(&board)))
}
