//! Teams, and how many events each answers for.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::{Shell, redirect, refusal, render, words};
use crate::{
    domain::{
        actor::Permission,
        checked::FieldError,
        period::{Period, PeriodKind},
        team::TeamFields,
        team_counts::{Line, times},
    },
    i18n::{grading as texts, grading::GradingTexts},
    service::{
        App, ServiceError, accounts,
        team_counts::{self, Whose},
        teams::{self, TeamPatch},
    },
    web::{
        address::encoded,
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// A team of the list, with its form.
struct TeamRow {
    id: Uuid,
    version: i64,
    name: String,
    lead: String,
    members: String,
    archived: bool,
    /// Id, name, leads, belongs.
    people: Vec<(Uuid, String, bool, bool)>,
}

#[derive(Template)]
#[template(path = "teams.html")]
struct TeamsPage {
    shell: Shell,
    g: &'static GradingTexts,
    message: String,
    teams: Vec<TeamRow>,
    people: Vec<(Uuid, String)>,
    /// The name of a new team as typed.
    name: String,
    may_manage: bool,
}

/// The page.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show(&app, &request, &caller, StatusCode::OK, String::new(), String::new()).await
}

async fn show(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    status: StatusCode,
    message: String,
    name: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "teams").await?;
    let g = texts::texts(shell.t.lang);
    let people = accounts::owners(app, &caller.actor).await?;
    let called = |id: Uuid| people.iter().find(|(have, _)| *have == id).map(|(_, name)| name.clone());
    let teams = teams::all(app, &caller.actor).await?;
    let page = TeamsPage {
        g,
        message,
        name,
        teams: teams
            .into_iter()
            .map(|team| {
                let fields = team.fields;
                let members: Vec<String> = fields.members.iter().filter_map(|id| called(*id)).collect();
                TeamRow {
                    id: team.id,
                    version: team.version,
                    lead: fields.lead.and_then(called).unwrap_or_else(|| g.nobody.to_owned()),
                    members: members.join(shell.t.list_mark),
                    archived: fields.archived,
                    people: people
                        .iter()
                        .map(|(id, name)| (*id, name.clone(), fields.lead == Some(*id), fields.members.contains(id)))
                        .collect(),
                    name: fields.name,
                }
            })
            .collect(),
        people,
        may_manage: caller.actor.may(Permission::ManageTeams),
        shell,
    };
    render(status, &page)
}

/// A form of a team: keys that may come several times.
type Pairs = Vec<(String, String)>;

fn first<'a>(form: &'a Pairs, name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn account(field: &'static str, text: &str) -> Result<Option<Uuid>, FieldError> {
    match text.trim() {
        "" => Ok(None),
        id => Uuid::parse_str(id).map(Some).map_err(|_| FieldError::shape(field, "choose a person")),
    }
}

fn members(form: &Pairs) -> Result<Vec<Uuid>, FieldError> {
    let chosen = form.iter().filter(|(key, _)| key == "members").map(|(_, value)| account("members", value));
    Ok(chosen.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Makes a team.
pub async fn create(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let name = first(&form, "name").unwrap_or_default().to_owned();
    let lead = account("lead", first(&form, "lead").unwrap_or_default());
    let done = match (lead, members(&form)) {
        (Ok(lead), Ok(members)) => {
            let fields = TeamFields { name: name.clone(), lead, members, archived: false };
            teams::create(&app, &caller.actor, fields).await
        }
        (Err(error), _) | (_, Err(error)) => Err(error.into()),
    };
    answered(&app, &request, &caller, done.map(drop), name).await
}

/// Changes a team.
pub async fn change(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<Uuid>,
    form: web::Form<Pairs>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let version = first(&form, "version").and_then(|text| text.parse().ok()).unwrap_or(0);
    let patch = match first(&form, "how") {
        Some("archive") => Ok(TeamPatch { archived: Some(true), ..TeamPatch::default() }),
        Some("restore") => Ok(TeamPatch { archived: Some(false), ..TeamPatch::default() }),
        _ => (|| {
            Ok(TeamPatch {
                name: first(&form, "name").map(str::to_owned),
                lead: first(&form, "lead").map(|text| account("lead", text)).transpose()?,
                members: Some(members(&form)?),
                archived: None,
            })
        })(),
    };
    let done = match patch {
        Ok(patch) => teams::update(&app, &caller.actor, *id, version, patch).await,
        Err(error) => Err(ServiceError::Invalid(error)),
    };
    answered(&app, &request, &caller, done.map(drop), String::new()).await
}

async fn answered(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    done: Result<(), ServiceError>,
    name: String,
) -> Result<HttpResponse, Problem> {
    let status = match &done {
        Err(ServiceError::Invalid(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::CONFLICT,
    };
    match done {
        Ok(()) => Ok(redirect("/teams")),
        Err(error @ (ServiceError::Invalid(_) | ServiceError::Stale { .. } | ServiceError::Conflict(_))) => {
            show(app, request, caller, status, refusal(words(caller), error), name).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Which counts.
#[derive(Debug, Deserialize)]
pub struct CountsQuery {
    period: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// A line of the table.
struct CountRow {
    name: String,
    /// Levels, then the total.
    cells: Vec<Cell>,
    /// 故障分; empty where no level has points.
    points: String,
}

/// A number, and where the events behind it are listed.
struct Cell {
    count: String,
    none: bool,
    address: String,
    /// How many events the address lists.
    events: String,
}

/// A column: how its level is shown.
struct Column {
    words: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "counts.html")]
struct CountsPage {
    shell: Shell,
    g: &'static GradingTexts,
    period: String,
    from: NaiveDate,
    to: NaiveDate,
    earlier: String,
    later: String,
    /// Words, address, chosen.
    shortcuts: Vec<(&'static str, String, bool)>,
    columns: Vec<Column>,
    teams: Vec<CountRow>,
    /// Some level has points.
    points: bool,
    unsettled: CountRow,
    company: CountRow,
}

fn address(period: Period) -> String {
    match period.kind {
        PeriodKind::Days => format!("/counts?from={}&to={}", period.from, period.to),
        _ => format!("/counts?period={}", period.label()),
    }
}

/// The counts of a period.
pub async fn counts(
    request: HttpRequest,
    app: web::Data<App>,
    query: web::Query<CountsQuery>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let day = |field, text: &Option<String>| match text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => {
            text.parse::<NaiveDate>().map(Some).map_err(|_| FieldError::shape(field, "write a day like 2024-08-19"))
        }
    };
    let today = app.today();
    let period = Period::asked(query.period.as_deref(), day("from", &query.from)?, day("to", &query.to)?, today)?;
    let counts = team_counts::of_period(&app, &caller.actor, period).await?;
    let shell = Shell::of(&app, &request, &caller, "teams").await?;
    let g = texts::texts(shell.t.lang);
    let chinese = shell.t.lang == "zh-CN";
    let table = &counts.table;
    let cell = |count: i64, events: i64, query: String| Cell {
        count: times(count),
        none: count == 0,
        address: if events == 0 { String::new() } else { format!("/events?q={}", encoded(&query)) },
        events: texts::events_behind(events, chinese),
    };
    let row = |name: String, line: &Line, whose: Whose| {
        let levels = table.levels.iter().zip(line.counts.iter().zip(&line.events));
        let cells = levels.map(|(level, (count, events))| cell(*count, *events, counts.query_of(whose, Some(level))));
        let total = cell(line.total(), line.total_events(), counts.query_of(whose, None));
        CountRow {
            name,
            cells: cells.chain([total]).collect(),
            points: table.points(line).map(times).unwrap_or_default(),
        }
    };
    let shortcut = |words, kind| {
        let one = Period::holding(kind, today);
        (words, address(one), one == period)
    };
    let page = CountsPage {
        g,
        period: period.label(),
        from: period.from,
        to: period.to,
        earlier: address(period.previous()),
        later: address(period.next()),
        shortcuts: vec![
            shortcut(g.this_week, PeriodKind::Week),
            shortcut(g.this_month, PeriodKind::Month),
            shortcut(g.this_quarter, PeriodKind::Quarter),
            shortcut(g.this_year, PeriodKind::Year),
        ],
        columns: table
            .levels
            .iter()
            .map(|level| Column {
                words: texts::level(level.as_deref(), chinese),
                tone: shell.levels.tone(level.as_deref()),
            })
            .collect(),
        teams: table
            .teams
            .iter()
            .map(|(id, line)| {
                let name = counts.names.get(id).cloned().unwrap_or_default();
                row(name, line, Whose::Team(*id))
            })
            .collect(),
        unsettled: row(g.unsettled.to_owned(), &table.unsettled, Whose::Unsettled),
        company: row(g.company.to_owned(), &table.company, Whose::Company),
        points: table.points(&table.company).is_some(),
        shell,
    };
    render(StatusCode::OK, &page)
}
