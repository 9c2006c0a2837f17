//! The board of owed postmortems: how old each is in working days, by team, and how old the oldest one was, week by week.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{calendar::sheets::Calendars, event_record::WHOLE, iso_week::IsoWeek, postmortem::PostmortemState};

/// How many weeks the trend shows.
pub const TREND_WEEKS: usize = 26;

/// A postmortem that is or was owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// The event.
    pub event_id: Uuid,
    /// Its number.
    pub number: i64,
    /// Since when it is owed: the day of recovery, else of the beginning, else of being logged - the day that the due
    /// date is counted from.
    pub begun: NaiveDate,
    /// The day it was done or waived; none while owed. One that was reopened counts as never closed.
    pub closed: Option<NaiveDate>,
    /// When it is due.
    pub due_on: Option<NaiveDate>,
    /// Where it stands.
    pub state: PostmortemState,
    /// 负责人.
    pub owner: Option<Uuid>,
    /// Shares of teams in basis points.
    pub shares: Vec<(Uuid, i32)>,
}

impl Debt {
    /// The team with the largest share, whose calendar it follows.
    pub fn team(&self) -> Option<Uuid> {
        self.shares.iter().rev().max_by_key(|(_, share)| *share).map(|(team, _)| *team)
    }

    /// Whether it was owed at the end of a day.
    pub fn is_owed_on(&self, day: NaiveDate) -> bool {
        self.begun <= day && self.closed.is_none_or(|closed| closed > day)
    }

    /// The teams that it counts for, none for the part that nobody answers for.
    pub fn teams(&self) -> Vec<Option<Uuid>> {
        let mut teams: Vec<Option<Uuid>> = self.shares.iter().map(|(team, _)| Some(*team)).collect();
        if self.shares.iter().map(|(_, share)| share).sum::<i32>() < WHOLE {
            teams.push(None);
        }
        teams
    }
}

/// A week of the trend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrendPoint {
    /// The week.
    pub week: IsoWeek,
    /// Its last day, or today.
    pub day: NaiveDate,
    /// How many were owed at the end of that day.
    pub owed: usize,
    /// Working days that the oldest of them was owed; none where none was.
    pub oldest: Option<i64>,
}

/// The last day of a week that has come: its Sunday, or today.
pub fn last_day(week: IsoWeek, today: NaiveDate) -> NaiveDate {
    week.sunday().min(today)
}

/// How old the oldest was at the end of each of the last 26 weeks, this one included, the earliest first.
pub fn trend(debts: &[Debt], today: NaiveDate, calendars: &Calendars) -> Vec<TrendPoint> {
    let mut weeks = Vec::with_capacity(TREND_WEEKS);
    let mut week = IsoWeek::of(today);
    for _ in 0..TREND_WEEKS {
        let day = last_day(week, today);
        let owed = debts.iter().filter(|debt| debt.is_owed_on(day));
        let (count, first) = owed.fold((0, None::<NaiveDate>), |(count, first), debt| {
            (count + 1, Some(first.map_or(debt.begun, |first| first.min(debt.begun))))
        });
        weeks.push(TrendPoint {
            week,
            day,
            owed: count,
            oldest: first.map(|first| calendars.company().working_days_between(first, day)),
        });
        week = week.previous();
    }
    weeks.reverse();
    weeks
}

/// What a team owes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamDebt {
    /// How many events; one with several teams counts for each.
    pub owed: usize,
    /// Their shares together, basis points: those of all teams and of nobody sum to the whole.
    pub share: i64,
    /// How many are past their due date.
    pub overdue: usize,
    /// Working days that the oldest is owed.
    pub oldest: i64,
}

/// What each team owes on a day, its age by the calendar of the team; none holds the parts that nobody answers for.
pub fn by_team(debts: &[Debt], day: NaiveDate, calendars: &Calendars) -> BTreeMap<Option<Uuid>, TeamDebt> {
    let mut teams: BTreeMap<Option<Uuid>, TeamDebt> = BTreeMap::new();
    for debt in debts.iter().filter(|debt| debt.is_owed_on(day)) {
        let rest = WHOLE - debt.shares.iter().map(|(_, share)| share).sum::<i32>();
        let parts = debt.shares.iter().map(|(team, share)| (Some(*team), *share)).chain([(None, rest)]);
        for (team, share) in parts.filter(|(_, share)| *share > 0) {
            let entry = teams.entry(team).or_default();
            entry.owed += 1;
            entry.share += i64::from(share);
            entry.overdue += usize::from(debt.due_on.is_some_and(|due| due < day));
            entry.oldest = entry.oldest.max(calendars.of_team(team).working_days_between(debt.begun, day));
        }
    }
    teams
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn debt(number: i64, begun: &str, closed: Option<&str>) -> Debt {
        Debt {
            event_id: Uuid::from_u128(1),
            number,
            begun: day(begun),
            closed: closed.map(day),
            due_on: Some(day("2024-08-15")),
            state: PostmortemState::Pending,
            owner: None,
            shares: Vec::new(),
        }
    }

    #[test]
    fn the_trend_follows_the_oldest_that_was_owed_at_the_end_of_each_week() {
        let debts = [debt(1, "2024-08-05", Some("2024-08-19")), debt(2, "2024-08-14", None)];
        let today = day("2024-08-21");
        let trend = trend(&debts, today, &Calendars::default());
        assert_eq!(trend.len(), TREND_WEEKS);
        let last: Vec<(usize, Option<i64>)> = trend.iter().skip(22).map(|point| (point.owed, point.oldest)).collect();
        assert_eq!(last, [(0, None), (1, Some(4)), (2, Some(9)), (1, Some(5))]);
        assert_eq!(trend.last().unwrap().day, today);
    }

    #[test]
    fn what_several_teams_share_counts_for_each_and_the_rest_for_nobody() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let shared = Debt { shares: vec![(one, 5_000), (two, 2_500)], ..debt(1, "2024-08-05", None) };
        let whole = Debt { shares: vec![(one, WHOLE)], due_on: None, ..debt(2, "2024-08-12", None) };
        assert_eq!((shared.teams(), whole.teams()), (vec![Some(one), Some(two), None], vec![Some(one)]));
        let today = day("2024-08-21");
        let teams = by_team(&[shared, whole], today, &Calendars::default());
        assert_eq!(teams[&Some(one)], TeamDebt { owed: 2, share: 15_000, overdue: 1, oldest: 12 });
        assert_eq!(teams[&None], TeamDebt { owed: 1, share: 2_500, overdue: 1, oldest: 12 });
        assert_eq!(teams.values().map(|team| team.share).sum::<i64>(), 20_000);
    }
}
