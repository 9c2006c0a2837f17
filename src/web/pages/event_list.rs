//! The list of events: words and filters in one line, saved views, and one change to the chosen events.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shell, back, redirect, render,
    rows::{self, Age},
};
use crate::{
    domain::{
        actor::Permission,
        calendar::Calendar,
        checked::{FieldError, FieldProblem},
        event,
        event_record::EVENT_KINDS,
        highlight::MarkedPart,
        query,
        severity::SeverityPolicy,
    },
    i18n::{Texts, record, search as words},
    service::{
        App, accounts, bulk_edit, calendars,
        saved_views::{self, ViewChange},
        search::{self, Hit},
        services,
    },
    web::{
        api::{BulkSet, ListQuery, bulk_outcome, cursor_text},
        gate::{Caller, caller},
        problem::Problem,
    },
};

/// A part of the query, and where the list without it is.
struct Chip {
    text: String,
    href: String,
}

/// A saved view as a link.
struct ViewLink {
    id: Uuid,
    name: String,
    query: String,
    order: &'static str,
    href: String,
    shared: bool,
    may_remove: bool,
}

/// A row of the list.
struct HitRow {
    number: i64,
    version: i64,
    title: Vec<MarkedPart>,
    snippet: Vec<MarkedPart>,
    severity: String,
    tone: &'static str,
    owed: bool,
    badges: Vec<&'static str>,
    time: String,
    notes: Vec<String>,
    late: String,
    age: Option<Age>,
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    shell: Shell,
    w: &'static words::Words,
    q: String,
    order: &'static str,
    message: String,
    chips: Vec<Chip>,
    views: Vec<ViewLink>,
    rows: Vec<HitRow>,
    next: String,
    services: Vec<String>,
    people: Vec<String>,
    may_edit: bool,
    may_assign: bool,
    may_grade: bool,
    teams: Vec<String>,
    may_share: bool,
    severities: Vec<String>,
    kinds: [(&'static str, &'static str); 3],
}

/// The list with its filters. Empty fields of the form do not filter.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let plain: String = request
        .query_string()
        .split('&')
        .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
        .collect::<Vec<_>>()
        .join("&");
    let malformed = |error: String| {
        Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the filter cannot be read: {error}"))
    };
    // Controls beside the line that the API does not have: they write the grammar.
    let pairs: Vec<(String, String)> = web::Query::<Vec<(String, String)>>::from_query(&plain)
        .map_err(|error| malformed(error.to_string()))?
        .into_inner();
    let (added, others): (Vec<(String, String)>, Vec<_>) =
        pairs.into_iter().partition(|(name, _)| matches!(name.as_str(), "kind" | "service" | "tag" | "owner"));
    let others: Vec<String> = others.iter().map(|(name, value)| pair(name, value)).collect();
    let mut query = web::Query::<ListQuery>::from_query(&others.join("&"))
        .map_err(|error| malformed(error.to_string()))?
        .into_inner();
    for (key, value) in added {
        let said = format!("{key}:{}", query::quoted(&value));
        query.q = Some(query.q.map_or(said.clone(), |q| format!("{q} {said}")));
    }
    let (status, message, text, listing) = match query.listing(&app, &caller.actor, 50).await {
        Ok((text, listing)) => match search::hits(&app, &caller.actor, &listing).await {
            Ok(page) => (StatusCode::OK, String::new(), text, Some((listing, page))),
            Err(error) => refused(&caller, error.into(), text)?,
        },
        Err(problem) => {
            let text = query.text().unwrap_or_else(|_| query.q.clone().unwrap_or_default());
            refused(&caller, problem, text)?
        }
    };
    let owed = text.trim() == "state:owed";
    let shell = Shell::of(&app, &request, &caller, if owed { "pending" } else { "events" }).await?;
    let chinese = shell.t.lang == "zh-CN";
    let w = words::words(chinese);
    let order = listing.as_ref().map_or("relevance", |(listing, _)| listing.order.code());
    let mut page = EventsPage {
        w,
        order,
        message,
        chips: Vec::new(),
        views: view_links(&app, &caller).await?,
        rows: Vec::new(),
        next: String::new(),
        services: Vec::new(),
        people: Vec::new(),
        teams: Vec::new(),
        may_edit: caller.actor.may(Permission::BulkEdit),
        may_assign: caller.actor.may(Permission::AssignPostmortem),
        may_grade: caller.actor.may(Permission::GradeEvent),
        may_share: caller.actor.may(Permission::ShareView),
        severities: shell.levels.labels().into_iter().map(str::to_owned).collect(),
        kinds: EVENT_KINDS.map(|kind| (kind.code(), record::event_kind(record::texts(shell.t.lang), kind))),
        q: text,
        shell,
    };
    page.services = search::services(&app, &caller.actor).await?.into_iter().take(200).map(|one| one.name).collect();
    if page.may_grade {
        page.teams = services::teams(&app, &caller.actor).await?.into_iter().map(|(_, name)| name).collect();
    }
    if page.may_assign {
        page.people = accounts::owners(&app, &caller.actor).await?.into_iter().map(|(_, name)| name).collect();
    }
    if let Some((listing, found)) = listing {
        for (at, part) in listing.query.parts.iter().enumerate() {
            page.chips.push(Chip { text: part.text.clone(), href: href(&listing.query.without(at), order) });
        }
        if let Some(cursor) = found.next {
            page.next =
                format!("{}{}", href(&page.q, order), format_args!("&{}", pair("cursor", &cursor_text(cursor))));
            page.next = page.next.replace("/events&", "/events?");
        }
        page.rows = {
            let ids: Vec<Uuid> = found.events.iter().map(|hit| hit.event.id).collect();
            let teams = calendars::teams_of_events(&app, &ids).await?;
            let known = app.calendars();
            let row = |hit: Hit| {
                let calendar = known.of_team(teams.get(&hit.event.id).copied());
                row(&app, page.shell.t, &page.shell.levels, hit, calendar)
            };
            found.events.into_iter().map(row).collect()
        };
    }
    render(status, &page)
}

type Asked = (StatusCode, String, String, Option<(search::Listing, search::Page<Hit>)>);

/// A query that cannot be read is shown with its line, to be mended there; anything else is a problem.
fn refused(caller: &Caller, problem: Problem, text: String) -> Result<Asked, Problem> {
    if problem.status != StatusCode::UNPROCESSABLE_ENTITY || problem.field == Some("cursor") {
        return Err(problem);
    }
    let message = problem.sentence(super::words(caller).lang == "zh-CN").to_owned();
    Ok((problem.status, message, text, None))
}

/// `name=value` with what a query string cannot hold encoded.
fn pair(name: &str, value: &str) -> String {
    let mut pair = format!("{name}=");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            pair.push(char::from(byte));
        } else {
            pair.push_str(&format!("%{byte:02X}"));
        }
    }
    pair
}

/// Where the list of a query is.
fn href(query: &str, order: &str) -> String {
    let mut pairs = Vec::new();
    if !query.is_empty() {
        pairs.push(pair("q", query));
    }
    if order != "relevance" {
        pairs.push(pair("order", order));
    }
    if pairs.is_empty() { "/events".to_owned() } else { format!("/events?{}", pairs.join("&")) }
}

async fn view_links(app: &App, caller: &Caller) -> Result<Vec<ViewLink>, Problem> {
    let views = saved_views::list(app, &caller.actor).await?;
    Ok(views
        .into_iter()
        .map(|view| ViewLink {
            id: view.id,
            href: href(&view.query, &view.sort),
            may_remove: view.owner_id == caller.actor.account_id || caller.actor.may(Permission::ShareView),
            order: search::EventOrder::from_code(&view.sort).map_or("relevance", search::EventOrder::code),
            query: view.query,
            name: view.name,
            shared: view.shared,
        })
        .collect())
}

fn row(app: &App, t: &Texts, levels: &SeverityPolicy, hit: Hit, calendar: &Calendar) -> HitRow {
    let event = hit.event;
    let mut notes = Vec::new();
    match (event.occurred, event.recovered) {
        (Some(from), Some(to)) => notes.extend(rows::lasted(t, from, to)),
        (_, None) => notes.push(t.ongoing.to_owned()),
        _ => {}
    }
    notes.extend(event.impact);
    HitRow {
        number: event.number,
        version: event.version,
        title: hit.title,
        snippet: hit.snippet,
        severity: rows::grade(t, event.severity.as_deref()),
        tone: levels.tone(event.severity.as_deref()),
        owed: event.state.is_owed() && event.kind.counts(),
        badges: rows::badges(t, event.kind, event.restricted),
        time: event.occurred.map(|point| rows::time(app, point)).unwrap_or_default(),
        notes,
        late: rows::due_on(app, t, event.state, event.due_on, calendar),
        age: rows::age(app, event.state, event.due_on, event.recovered.or(event.occurred), calendar),
    }
}

/// What became of one event.
struct ResultRow {
    number: i64,
    label: String,
    words: &'static str,
    bad: bool,
    detail: String,
}

#[derive(Template)]
#[template(path = "bulk_result.html")]
struct BulkPage {
    shell: Shell,
    w: &'static words::Words,
    message: String,
    done: usize,
    rows: Vec<ResultRow>,
    back: String,
}

/// Changes the chosen events, and shows what became of each.
pub async fn bulk(request: HttpRequest, app: web::Data<App>, body: String) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let malformed = || Problem::new(StatusCode::BAD_REQUEST, "malformed", "the form cannot be read; send it again");
    let pairs: Vec<(String, String)> =
        web::Query::<Vec<(String, String)>>::from_query(&body).map_err(|_| malformed())?.into_inner();
    let mut set = BulkSet::default();
    let mut chosen = Vec::new();
    let mut to = "/events".to_owned();
    let tags = |value: &str| -> Vec<String> {
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、');
        value.split(ends).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
    };
    for (name, value) in pairs.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
        match name.as_str() {
            "pick" => {
                let (number, version) = value.split_once('.').ok_or_else(malformed)?;
                let number = event::number_of(number).ok_or_else(malformed)?;
                chosen.push((number, Some(version.parse().map_err(|_| malformed())?)));
            }
            "add_tags" => set.add_tags = tags(&value),
            "remove_tags" => set.remove_tags = tags(&value),
            "add_service" => set.add_services = vec![value],
            "remove_service" => set.remove_services = vec![value],
            "kind" => set.kind = Some(value),
            "responsibility" => set.responsibility = Some(value),
            "owner" => set.owner = Some(value),
            "back" => to = value,
            _ => {}
        }
    }
    let outcome = match set.change(&app, &caller.actor).await {
        Ok(change) => bulk_edit::change(&app, &caller.actor, &chosen, &change).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let shell = Shell::of(&app, &request, &caller, "events").await?;
    let chinese = shell.t.lang == "zh-CN";
    let w = words::words(chinese);
    let mut page = BulkPage { shell, w, message: String::new(), done: 0, rows: Vec::new(), back: to };
    let mut status = StatusCode::OK;
    match outcome {
        Ok(results) => {
            for result in results {
                let result = bulk_outcome(result, chinese);
                let (words, bad) = match result.outcome {
                    "done" => (w.bulk_done, false),
                    "unchanged" => (w.bulk_unchanged, false),
                    "stale" => (w.bulk_stale, true),
                    _ => (w.bulk_refused, true),
                };
                page.done += usize::from(result.outcome == "done");
                let detail = result.detail.unwrap_or_default();
                page.rows.push(ResultRow { number: result.number, label: result.label, words, bad, detail });
            }
        }
        Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY || problem.code == "not_found" => {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            problem.sentence(chinese).clone_into(&mut page.message);
        }
        Err(problem) => return Err(problem),
    }
    if !page.back.starts_with("/events") || page.back.contains(['\\', '\n']) {
        "/events".clone_into(&mut page.back);
    }
    render(status, &page)
}

#[derive(Template)]
#[template(path = "views.html")]
struct ViewsPage {
    shell: Shell,
    w: &'static words::Words,
    message: String,
    views: Vec<ViewLink>,
}

/// The saved views.
pub async fn views(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    show_views(&request, &app, &caller, StatusCode::OK, String::new()).await
}

async fn show_views(
    request: &HttpRequest,
    app: &App,
    caller: &Caller,
    status: StatusCode,
    message: String,
) -> Result<HttpResponse, Problem> {
    let shell = Shell::of(app, request, caller, "events").await?;
    let w = words::words(shell.t.lang == "zh-CN");
    render(status, &ViewsPage { w, message, views: view_links(app, caller).await?, shell })
}

/// A view as typed.
#[derive(Debug, Deserialize)]
pub struct ViewForm {
    name: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    order: String,
    shared: Option<String>,
}

/// Saves a view and shows its list.
pub async fn save_view(
    request: HttpRequest,
    app: web::Data<App>,
    form: web::Form<ViewForm>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let form = form.into_inner();
    let change = ViewChange {
        name: Some(form.name),
        shared: Some(form.shared.is_some()),
        query: Some(form.q),
        sort: Some(form.order).filter(|order| !order.is_empty()),
    };
    match saved_views::create(&app, &caller.actor, change).await {
        Ok(view) => Ok(redirect(&href(&view.query, &view.sort))),
        Err(error) => {
            let problem = Problem::from(error);
            if problem.status.is_server_error() || problem.status == StatusCode::FORBIDDEN {
                return Err(problem);
            }
            let message = problem.sentence(super::words(&caller).lang == "zh-CN").to_owned();
            show_views(&request, &app, &caller, problem.status, message).await
        }
    }
}

/// Removes a view.
pub async fn remove_view(
    request: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let id = id.parse().map_err(|_| FieldError { field: "name", problem: FieldProblem::Empty })?;
    saved_views::remove(&app, &caller.actor, id, None).await?;
    Ok(back("/views"))
}
