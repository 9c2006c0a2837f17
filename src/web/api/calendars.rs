//! Calendars over the API.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{gate::caller, problem::Problem},
    conditions::{if_match, needed_version, with_etag},
};
use crate::{
    domain::calendar::CalendarDay,
    service::{
        App, ServiceError,
        calendars::{self, Sheet},
        imports,
    },
};

/// A day that does not follow its weekday.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarDayBody {
    /// The day.
    day: NaiveDate,
    /// People work on it: a make-up day; else it is off.
    works: bool,
    /// Words for it; may be empty.
    name: String,
}

/// A calendar: the official days of a year, the company's, or a team's.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarBody {
    /// A year, `company`, or the id of a team.
    key: String,
    /// Optimistic lock, the ETag; 0 while nobody imported or wrote it.
    version: i64,
    /// In order.
    days: Vec<CalendarDayBody>,
}

/// A calendar of the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarLine {
    /// A year, `company`, or the id of a team.
    key: String,
    /// Optimistic lock; 0 while nobody imported or wrote it.
    version: i64,
    /// How many days it holds.
    days: usize,
}

/// All calendars.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarList {
    /// The years, the company's, those of teams.
    data: Vec<CalendarLine>,
    /// Years that are needed and missing: Monday to Friday are counted.
    missing_years: Vec<i32>,
    /// Always null: all are in one list.
    next_cursor: Option<String>,
}

/// A day to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarDayChange {
    /// People work on it; else it is off.
    works: bool,
    /// Words for it, up to 60 characters.
    #[serde(default)]
    name: String,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarImportBody {
    /// The calendars that the file went into.
    data: Vec<CalendarLine>,
    /// Entries of the file that are neither a day off nor a make-up day.
    skipped: usize,
    /// Due dates that moved with it.
    moved_due_dates: usize,
}

/// Where a file goes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CalendarImportQuery {
    /// `national` (the default: each year of the file), a year, `company`, or the id or name of a team.
    into: Option<String>,
}

/// A calendar as JSON.
pub fn calendar_body(sheet: &Sheet) -> CalendarBody {
    let days = sheet.days.iter().map(|day| CalendarDayBody { day: day.day, works: day.works, name: day.name.clone() });
    CalendarBody { key: sheet.key.code(), version: sheet.version, days: days.collect() }
}

fn line(sheet: &Sheet) -> CalendarLine {
    CalendarLine { key: sheet.key.code(), version: sheet.version, days: sheet.days.len() }
}

/// All calendars as JSON.
pub fn calendar_list(sheets: &[Sheet], missing_years: Vec<i32>) -> CalendarList {
    CalendarList { data: sheets.iter().map(line).collect(), missing_years, next_cursor: None }
}

/// An import as JSON.
pub fn calendar_import(imported: &calendars::Imported) -> CalendarImportBody {
    CalendarImportBody {
        data: imported.sheets.iter().map(line).collect(),
        skipped: imported.skipped,
        moved_due_dates: imported.moved,
    }
}

/// All calendars.
pub async fn list(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let sheets = calendars::all(&app, &caller.actor).await?;
    Ok(HttpResponse::Ok().json(calendar_list(&sheets, calendars::missing_years(&app).await?)))
}

/// One calendar.
pub async fn read(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let key = calendars::key_of(&app, &caller.actor, &key).await?;
    let sheet = calendars::one(&app, &caller.actor, key).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), sheet.version, &calendar_body(&sheet)))
}

/// Imports a file: the body is JSON in the shape of holiday-cn, CSV, or iCalendar.
pub async fn import(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<CalendarImportQuery>,
    bytes: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let into = match query.into.as_deref() {
        None | Some("national") => None,
        Some(word) => Some(calendars::key_of(&app, &caller.actor, word).await?),
    };
    let text = imports::document(bytes.to_vec())?;
    let given = if_match(&request)?;
    let imported = calendars::import(&app, &caller.actor, into, &text, given).await?;
    Ok(HttpResponse::Ok().json(calendar_import(&imported)))
}

fn day_of(text: &str) -> Result<NaiveDate, ServiceError> {
    text.parse().map_err(|_| ServiceError::NotFound(format!("day {}", text.chars().take(20).collect::<String>())))
}

/// Writes one day.
pub async fn put_day(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    change: web::Json<CalendarDayChange>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let given = if_match(&request)?;
    let (key, day) = path.into_inner();
    let key = calendars::key_of(&app, &caller.actor, &key).await?;
    let day = CalendarDay { day: day_of(&day)?, works: change.works, name: change.name.clone() };
    let written = calendars::set_day(&app, &caller.actor, key, day, given).await?;
    Ok(with_etag(&request, HttpResponse::Ok(), written.sheet.version, &calendar_body(&written.sheet)))
}

/// Removes one day.
pub async fn delete_day(
    request: HttpRequest,
    app: web::Data<App>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let given = needed_version(&request)?;
    let (key, day) = path.into_inner();
    let key = calendars::key_of(&app, &caller.actor, &key).await?;
    calendars::remove_day(&app, &caller.actor, key, day_of(&day)?, Some(given)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes a calendar: of a year the bundled days hold again.
pub async fn delete(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let given = needed_version(&request)?;
    let key = calendars::key_of(&app, &caller.actor, &key).await?;
    calendars::reset(&app, &caller.actor, key, Some(given)).await?;
    Ok(HttpResponse::NoContent().finish())
}
