//! The board of owed postmortems.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use askama::Template;
use uuid::Uuid;

use super::{Shell, event_actions::Choices, render, rows};
use crate::{
    domain::{event_record::WHOLE, postmortem_board::TrendPoint},
    i18n::{
        actions::{self as texts, ActionTexts},
        analytics::count,
    },
    service::App,
    service::boards::{self, Board, BoardRow},
    web::{
        api::boards::{BoardQuery, cursor_text},
        gate::caller,
        problem::Problem,
    },
};

/// An owed postmortem.
struct DebtRow {
    number: i64,
    title: String,
    severity: String,
    tone: &'static str,
    owner: String,
    initial: String,
    /// How full the bar is, of 100.
    width: i64,
    /// Where the limit stands, of 100; empty without one.
    mark: String,
    fill: &'static str,
    age: String,
    limit: String,
    late: String,
    state: &'static str,
    reminded: i64,
    teams: Vec<String>,
}

/// A week of the trend.
struct Bar {
    week: String,
    x: usize,
    y: i64,
    height: i64,
    owed: usize,
    oldest: String,
}

/// What a team owes.
struct TeamRow {
    name: String,
    href: String,
    owed: usize,
    /// By shares, where it differs.
    count: String,
    overdue: usize,
    oldest: i64,
}

#[derive(Template)]
#[template(path = "postmortem_board.html")]
struct BoardPage {
    shell: Shell,
    w: &'static ActionTexts,
    week: String,
    capped: bool,
    total: usize,
    overdue: usize,
    oldest: String,
    /// Where the two numbers lead to.
    base: String,
    base_overdue: String,
    team: String,
    owner: String,
    only_overdue: bool,
    filtered: bool,
    people: Vec<(Uuid, String)>,
    teams: Vec<(Uuid, String)>,
    rows: Vec<DebtRow>,
    next: String,
    trend: Vec<Bar>,
    trend_words: String,
    first_week: String,
    last_week: String,
    debts: Vec<TeamRow>,
}

/// The board with its filters. Empty fields of the form do not filter.
pub async fn page(request: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let caller = caller(&request)?;
    let pairs: Vec<&str> = request
        .query_string()
        .split('&')
        .filter(|pair| pair.split_once('=').is_some_and(|(_, value)| !value.is_empty()))
        .collect();
    let query = web::Query::<BoardQuery>::from_query(&pairs.join("&"))
        .map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "malformed", format!("the filter cannot be read: {error}"))
        })?
        .into_inner();
    let filter = query.filter(&app, &caller.actor).await?;
    let limit = query.limit.unwrap_or(100);
    let board = boards::postmortems(&app, &caller.actor, &filter, query.after()?, limit).await?;
    let shell = Shell::of(&app, &request, &caller, "pending").await?;
    let (t, w) = (shell.t, texts::words(shell.t));
    let choices = Choices::load(&app, &caller, t).await?;
    let kept = |leave: &[&str]| {
        let kept: Vec<&str> = pairs
            .iter()
            .copied()
            .filter(|pair| !leave.iter().any(|name| pair.split('=').next() == Some(name)))
            .collect();
        kept.join("&")
    };
    let address = |query: &str, more: &str| {
        let glue = if query.is_empty() || more.is_empty() { "" } else { "&" };
        format!("/postmortems?{query}{glue}{more}")
    };
    let next = board
        .next
        .map(|next| address(&kept(&["cursor"]), &format!("cursor={}", cursor_text(next))))
        .unwrap_or_default();
    let week = query.week.unwrap_or_default();
    let (trend, trend_words) = trend(&shell, w, &board.trend);
    let page = BoardPage {
        w,
        capped: board.capped,
        total: board.total,
        overdue: board.overdue,
        oldest: board.oldest.map_or_else(|| "—".to_owned(), |days| days.to_string()),
        base: address(&kept(&["cursor", "overdue"]), ""),
        base_overdue: address(&kept(&["cursor", "overdue"]), "overdue=true"),
        team: query.team.unwrap_or_default(),
        owner: query.owner.unwrap_or_default(),
        only_overdue: filter.overdue,
        filtered: !kept(&["cursor", "week"]).is_empty(),
        people: choices.people,
        teams: choices.teams,
        rows: board.rows.iter().map(|row| debt_row(&shell, w, row)).collect(),
        next,
        first_week: trend.first().map(|bar| bar.week.clone()).unwrap_or_default(),
        last_week: trend.last().map(|bar| bar.week.clone()).unwrap_or_default(),
        trend,
        trend_words,
        debts: team_rows(w, &board, &week),
        week,
        shell,
    };
    render(StatusCode::OK, &page)
}

fn debt_row(shell: &Shell, w: &ActionTexts, row: &BoardRow) -> DebtRow {
    let t = shell.t;
    let chinese = t.lang == "zh-CN";
    let fields = &row.event.fields;
    // Of a debt within its limit, the limit stands at seven tenths; past it, the bar is full and the limit moves left.
    let limit = row.limit.map_or(0, |limit| limit.max(1));
    let scale = row.age.max(limit * 10 / 7).max(1);
    let owner = row.owner.clone().unwrap_or_default();
    let days = |words: &str, days: i64| format!("{words} {}", rows::working_days(days, chinese));
    DebtRow {
        number: row.event.number,
        title: row.event.title(),
        severity: rows::grade(t, fields.severity.as_deref()),
        tone: shell.levels.tone(fields.severity.as_deref()),
        initial: owner.chars().take(1).collect(),
        owner,
        width: (row.age * 100 / scale).clamp(2, 100),
        mark: if limit > 0 { (limit * 100 / scale).min(100).to_string() } else { String::new() },
        fill: match row.late {
            Some(_) => "over",
            None if row.limit == Some(row.age) => "near",
            None => "",
        },
        age: days(w.age_title, row.age),
        limit: row.limit.map(|limit| days(w.limit, limit)).unwrap_or_default(),
        late: row.late.map(|late| days(w.late_by, late)).unwrap_or_default(),
        state: rows::state(t, row.debt.state),
        reminded: row.reminded,
        teams: row
            .teams
            .iter()
            .map(
                |(team, share)| {
                    if *share == WHOLE { team.clone() } else { format!("{team} {}", count(i64::from(*share))) }
                },
            )
            .collect(),
    }
}

fn trend(shell: &Shell, w: &ActionTexts, points: &[TrendPoint]) -> (Vec<Bar>, String) {
    let most = points.iter().filter_map(|point| point.oldest).max().unwrap_or(0);
    let bars = points
        .iter()
        .enumerate()
        .map(|(place, point)| {
            let height = point.oldest.map_or(0, |oldest| (oldest * 76 / most.max(1)).clamp(2, 76));
            Bar {
                week: point.week.to_string(),
                x: place * 10,
                y: 80 - height,
                height,
                owed: point.owed,
                oldest: point.oldest.map_or_else(|| "—".to_owned(), |oldest| oldest.to_string()),
            }
        })
        .collect();
    let now = points.last().and_then(|point| point.oldest);
    let number = |days: Option<i64>| days.map_or_else(|| "—".to_owned(), |days| days.to_string());
    let words = if shell.t.lang == "zh-CN" {
        format!("现在 {}，最高 {most} {}", number(now), w.age)
    } else {
        format!("now {}, at most {most} {}", number(now), w.age)
    };
    (bars, words)
}

fn team_rows(w: &ActionTexts, board: &Board, week: &str) -> Vec<TeamRow> {
    let week = if week.is_empty() { String::new() } else { format!("week={week}&") };
    board
        .teams
        .iter()
        .map(|(id, name, debt)| {
            let key = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
            let shares = count(debt.share);
            TeamRow {
                name: name.clone().unwrap_or_else(|| w.unassigned.to_owned()),
                href: format!("/postmortems?{week}team={key}"),
                owed: debt.owed,
                count: if shares == debt.owed.to_string() { String::new() } else { shares },
                overdue: debt.overdue,
                oldest: debt.oldest,
            }
        })
        .collect()
}
