//! The board of owed postmortems.

use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use uuid::Uuid;

use super::{App, ServiceError, action_items::Names, app::authorise};
use crate::{
    domain::{
        actor::{Actor, Permission},
        calendar::sheets::Calendars,
        event::ProductionEvent,
        iso_week::{self, IsoWeek},
        postmortem_board::{Debt, TREND_WEEKS, TeamDebt, TrendPoint, by_team, last_day, trend},
        visibility::Sight,
    },
    store,
};

/// The most rows of a page.
pub const PAGE_LIMIT: usize = 200;

/// Which postmortems the board shows; empty parts do not restrict.
#[derive(Debug, Clone, Default)]
pub struct BoardFilter {
    /// A team with a share; `Some(None)` is what nobody answers for.
    pub team: Option<Option<Uuid>>,
    /// 负责人; `Some(None)` is nobody.
    pub owner: Option<Option<Uuid>>,
    /// Past the due date.
    pub overdue: bool,
    /// Those that were owed at the end of this week; none is now.
    pub week: Option<IsoWeek>,
}

/// A row of the board.
#[derive(Debug, Clone)]
pub struct BoardRow {
    /// The event.
    pub event: ProductionEvent,
    /// The debt.
    pub debt: Debt,
    /// Working days that it is owed.
    pub age: i64,
    /// Working days that it may be owed.
    pub limit: Option<i64>,
    /// Working days past the due date; none where it is not.
    pub late: Option<i64>,
    /// Reminders that went out.
    pub reminded: i64,
    /// Name of the owner.
    pub owner: Option<String>,
    /// Names and shares of the teams.
    pub teams: Vec<(String, i32)>,
}

/// Where the next page begins: after the debt with this beginning and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardCursor {
    /// Since when it is owed.
    pub begun: NaiveDate,
    /// The number of the event.
    pub number: i64,
}

/// The board.
#[derive(Debug, Clone)]
pub struct Board {
    /// The day it shows.
    pub day: NaiveDate,
    /// How many the filter finds.
    pub total: usize,
    /// How many of them are past their due date.
    pub overdue: usize,
    /// Working days that the oldest of them is owed.
    pub oldest: Option<i64>,
    /// A page of them, the oldest first.
    pub rows: Vec<BoardRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<BoardCursor>,
    /// What each team owes on that day, whatever the filter: name (none is nobody) and debt, the oldest first.
    pub teams: Vec<(Option<Uuid>, Option<String>, TeamDebt)>,
    /// The last 26 weeks, whatever the filter.
    pub trend: Vec<TrendPoint>,
    /// There are more than 50,000; the rest is left out.
    pub capped: bool,
}

/// The board of owed postmortems by age.
pub async fn postmortems(
    app: &App,
    actor: &Actor,
    filter: &BoardFilter,
    after: Option<BoardCursor>,
    limit: usize,
) -> Result<Board, ServiceError> {
    authorise(actor, Permission::Read)?;
    let today = app.today();
    let first_week = (1..TREND_WEEKS).fold(IsoWeek::of(today), |week, _| week.previous());
    let day = filter.week.map_or(today, |week| last_day(week, today));
    // A closed debt counts until the end of the day before it was closed.
    let from = first_week.monday().min(day.checked_sub_days(Days::new(1)).unwrap_or(day));
    let since = iso_week::midnight(from, app.zone).timestamp_millis();
    let (debts, capped) = store::boards::debts(app.store.read(), since, app.zone, Sight::of(actor)).await?;
    let calendars = app.calendars();
    let late = |debt: &Debt| debt.due_on.is_some_and(|due| due < day);
    let mut found: Vec<&Debt> = debts
        .iter()
        .filter(|debt| debt.is_owed_on(day))
        .filter(|debt| filter.team.is_none_or(|team| debt.teams().contains(&team)))
        .filter(|debt| filter.owner.is_none_or(|owner| debt.owner == owner))
        .filter(|debt| !filter.overdue || late(debt))
        .collect();
    found.sort_unstable_by_key(|debt| (debt.begun, debt.number));
    let limit = limit.clamp(1, PAGE_LIMIT);
    let mut page: Vec<&Debt> = found
        .iter()
        .copied()
        .filter(|debt| after.is_none_or(|after| (debt.begun, debt.number) > (after.begun, after.number)))
        .take(limit + 1)
        .collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(|debt| BoardCursor { begun: debt.begun, number: debt.number });

    let names = Names::load(app).await?;
    let rows = rows(app, &page, &names, &calendars, day).await?;
    let mut teams: Vec<(Option<Uuid>, Option<String>, TeamDebt)> =
        by_team(&debts, day, &calendars).into_iter().map(|(team, debt)| (team, names.team(team), debt)).collect();
    teams.sort_by_key(|(team, _, debt)| (std::cmp::Reverse(debt.oldest), *team));
    Ok(Board {
        day,
        total: found.len(),
        overdue: found.iter().filter(|debt| late(debt)).count(),
        oldest: found.first().map(|debt| calendars.of_team(debt.team()).working_days_between(debt.begun, day)),
        rows,
        next,
        teams,
        trend: trend(&debts, today, &calendars),
        capped,
    })
}

async fn rows(
    app: &App,
    page: &[&Debt],
    names: &Names,
    calendars: &Calendars,
    day: NaiveDate,
) -> Result<Vec<BoardRow>, ServiceError> {
    let read = app.store.read();
    let ids: Vec<Uuid> = page.iter().map(|debt| debt.event_id).collect();
    let mut events: HashMap<Uuid, ProductionEvent> =
        store::events::by_ids(read, &ids).await?.into_iter().map(|event| (event.id, event)).collect();
    let sent = store::boards::reminders_sent(read, &ids).await?;
    Ok(page
        .iter()
        .filter_map(|debt| {
            let event = events.remove(&debt.event_id)?;
            let between = |from, to| calendars.of_event(&event.fields).working_days_between(from, to);
            Some(BoardRow {
                age: between(debt.begun, day),
                limit: debt.due_on.map(|due| between(debt.begun, due)),
                late: debt.due_on.filter(|due| *due < day).map(|due| between(due, day)),
                reminded: sent.get(&debt.event_id).copied().unwrap_or(0),
                owner: names.person(debt.owner),
                teams: debt
                    .shares
                    .iter()
                    .filter_map(|(team, share)| Some((names.team(Some(*team))?, *share)))
                    .collect(),
                debt: (*debt).clone(),
                event,
            })
        })
        .collect())
}
