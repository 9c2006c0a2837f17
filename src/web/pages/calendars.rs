//! Calendars: the years and what is known of them, a sheet with its days, importing.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::Datelike as _;
use serde::Deserialize;

use super::{Shell, imports::Fields, redirect, refusal, render};
use crate::{
    domain::{actor::Permission, calendar::CalendarDay, checked::FieldError},
    i18n::calendar::{self as words, CalendarTexts},
    service::{
        App, ServiceError,
        calendars::{self, Sheet, SheetKey, YearStatus},
        services,
    },
    web::{
        gate::{Caller, caller},
        problem::Problem,
    },
};

struct DayRow {
    day: String,
    weekday: &'static str,
    works: bool,
    name: String,
}

struct SheetView {
    code: String,
    heading: String,
    version: i64,
    national: bool,
    days: Vec<DayRow>,
}

#[derive(Template)]
#[template(path = "calendars.html")]
struct CalendarsPage {
    shell: Shell,
    w: &'static CalendarTexts,
    message: String,
    said: String,
    missing: Vec<i32>,
    years: Vec<YearStatus>,
    /// Code and name of the company and of teams, with how many days each has.
    others: Vec<(String, String, usize)>,
    sheet: SheetView,
    may_manage: bool,
    typed_day: String,
    typed_name: String,
    typed_text: String,
}

/// Which sheet is shown, and what was just done.
#[derive(Debug, Default, Deserialize)]
pub struct Shown {
    #[serde(default)]
    of: String,
    moved: Option<usize>,
}

/// What was typed and refused.
#[derive(Default)]
struct Typed {
    day: String,
    name: String,
    text: String,
}

/// The calendars.
pub async fn page(
    request: HttpRequest,
    app: web::Data<App>,
    shown: web::Query<Shown>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, &shown.of, shown.moved, None, Typed::default()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    of: &str,
    moved: Option<usize>,
    refused: Option<ServiceError>,
    typed: Typed,
) -> Result<HttpResponse, Problem> {
    let actor = &caller.actor;
    let this = app.today().year();
    let key = if of.is_empty() { SheetKey::National(this) } else { calendars::key_of(app, actor, of).await? };
    let sheets = calendars::all(app, actor).await?;
    let sheet = calendars::one(app, actor, key).await?;
    let teams = services::teams(app, actor).await?;
    let shell = Shell::of(app, request, caller, "settings").await?;
    let w = words::texts(shell.t.lang);
    let count = |key: SheetKey| sheets.iter().find(|sheet| sheet.key == key).map_or(0, |sheet| sheet.days.len());
    let mut others = vec![("company".to_owned(), w.company.to_owned(), count(SheetKey::Company))];
    others.extend(teams.into_iter().map(|(id, name)| (id.to_string(), name, count(SheetKey::Team(id)))));
    let heading = match key {
        SheetKey::National(year) => year.to_string(),
        _ => others.iter().find(|one| one.0 == key.code()).map(|one| one.1.clone()).unwrap_or_default(),
    };
    let status = match refused {
        None => StatusCode::OK,
        Some(ServiceError::Stale { .. }) => StatusCode::CONFLICT,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = CalendarsPage {
        w,
        message: refused.map(|error| refusal(shell.t, error)).unwrap_or_default(),
        said: moved.map(|moved| format!("{} · {moved} {}", w.imported, w.moved)).unwrap_or_default(),
        missing: calendars::missing_years(app).await?,
        years: calendars::years(app, actor).await?,
        others,
        sheet: view(shell.t.lang, &sheet, heading),
        may_manage: actor.may(Permission::ManageCalendars),
        typed_day: typed.day,
        typed_name: typed.name,
        typed_text: typed.text,
        shell,
    };
    render(status, &page)
}

fn view(lang: &str, sheet: &Sheet, heading: String) -> SheetView {
    const ZH: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let names = if lang == "en" { EN } else { ZH };
    let weekday =
        |day: &CalendarDay| names.get(day.day.weekday().num_days_from_monday() as usize).copied().unwrap_or_default();
    let days = sheet.days.iter().map(|day| DayRow {
        day: day.day.to_string(),
        weekday: weekday(day),
        works: day.works,
        name: day.name.clone(),
    });
    SheetView {
        code: sheet.key.code(),
        heading,
        version: sheet.version,
        national: matches!(sheet.key, SheetKey::National(_)),
        days: days.collect(),
    }
}

/// A day to write or to remove, or the whole sheet.
#[derive(Debug, Deserialize)]
pub struct DayForm {
    version: i64,
    #[serde(default)]
    day: String,
    #[serde(default)]
    works: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    act: String,
}

/// Writes or removes a day of a sheet, or takes the whole sheet back.
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    key: web::Path<String>,
    form: web::Form<DayForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let key = calendars::key_of(&app, &caller.actor, &key).await?;
    let form = form.into_inner();
    let given = Some(form.version);
    let done = async {
        if form.act == "reset" {
            return calendars::reset(&app, &caller.actor, key, given).await;
        }
        let day = form.day.trim().parse().map_err(|_| {
            let day: String = form.day.chars().take(20).collect();
            FieldError::shape("calendar", format!("{day}: write a date like 2027-01-01"))
        })?;
        if form.act == "remove" {
            return Ok(calendars::remove_day(&app, &caller.actor, key, day, given).await?.moved);
        }
        let day = CalendarDay { day, works: form.works == "work", name: form.name.clone() };
        Ok(calendars::set_day(&app, &caller.actor, key, day, given).await?.moved)
    };
    match done.await {
        Ok(moved) => Ok(redirect(&format!("/settings/calendar?of={}&moved={moved}", key.code()))),
        Err(error) => {
            let typed = Typed { day: form.day, name: form.name, text: String::new() };
            show(&app, &request, &caller, &key.code(), None, Some(error), typed).await
        }
    }
}

/// Imports a file or pasted text.
pub async fn import(request: HttpRequest, app: web::Data<App>, fields: Fields) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let word = fields.text("into").to_owned();
    let done = async {
        let text = fields.whole_text()?;
        let into = match word.as_str() {
            "" | "national" => None,
            word => Some(calendars::key_of(&app, &caller.actor, word).await?),
        };
        calendars::import(&app, &caller.actor, into, &text, None).await
    };
    match done.await {
        Ok(imported) => {
            let of = imported.sheets.last().map(|sheet| sheet.key.code()).unwrap_or_default();
            Ok(redirect(&format!("/settings/calendar?of={of}&moved={}", imported.moved)))
        }
        Err(error) => {
            let text = fields.text("document").to_owned();
            let typed = Typed { text, ..Typed::default() };
            show(&app, &request, &caller, "", None, Some(error), typed).await
        }
    }
}
