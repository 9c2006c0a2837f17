//! Counts of events per team and level. A team counts its shares (C级0.5次); the company counts each event once. What no
//! team answers for is shown, so that everything adds up exactly.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::domain::{event_record::WHOLE, severity::SeverityPolicy};

/// Events of a level with the same share of the same team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// The label as stored; none is 未定级.
    pub level: Option<String>,
    /// The team; none for events that no team answers for.
    pub team: Option<Uuid>,
    /// Whether the row stands for the event itself: its first team, or none.
    pub first: bool,
    /// Basis points; 0 without a team.
    pub share: i32,
    /// How many events.
    pub events: i64,
}

/// A line of the table, each list in the order of the table's levels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Counts per level in basis points of events.
    pub counts: Vec<i64>,
    /// How many events these counts are made of.
    pub events: Vec<i64>,
}

impl Line {
    fn of(levels: usize) -> Self {
        Self { counts: vec![0; levels], events: vec![0; levels] }
    }

    fn add(&mut self, at: usize, counted: i64, events: i64) {
        for (list, more) in [(&mut self.counts, counted), (&mut self.events, events)] {
            if let Some(slot) = list.get_mut(at) {
                *slot = slot.saturating_add(more);
            }
        }
    }

    /// The sum of the counts, in basis points of events.
    pub fn total(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// How many events the line is made of.
    pub fn total_events(&self) -> i64 {
        self.events.iter().sum()
    }
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TeamCounts {
    /// The levels as columns: those of the house, other labels that events carry, 未定级 where an event has none.
    pub levels: Vec<Option<String>>,
    /// 故障分 of a whole event per level; 0 where a level has none.
    pub weights: Vec<u32>,
    /// A line per team that answers for something.
    pub teams: Vec<(Uuid, Line)>,
    /// What no team answers for yet.
    pub unsettled: Line,
    /// Each event once.
    pub company: Line,
}

impl TeamCounts {
    /// 故障分 of a line in ten-thousandths of a point: each share of an event counts that share of the points of its level.
    /// None where no level has points.
    pub fn points(&self, line: &Line) -> Option<i64> {
        let used = self.weights.iter().any(|weight| *weight > 0);
        let of_level = |(count, weight): (&i64, &u32)| count.saturating_mul(i64::from(*weight));
        used.then(|| line.counts.iter().zip(&self.weights).map(of_level).fold(0, i64::saturating_add))
    }
}

/// Adds rows up, and how many events per level are not settled wholly. Labels that mean a level of the house count as
/// that level.
pub fn tabulate(rows: &[CountRow], unsettled_events: &[(Option<String>, i64)], policy: &SeverityPolicy) -> TeamCounts {
    let label_of = |level: &Option<String>| level.as_deref().map(|label| policy.meant(label).to_owned());
    let mut levels: Vec<Option<String>> = policy.levels.iter().map(|level| Some(level.label.clone())).collect();
    for row in rows {
        let label = label_of(&row.level);
        if !levels.contains(&label) {
            levels.push(label);
        }
    }
    levels.sort_by(|a, b| policy.order(a.as_deref(), b.as_deref()));
    let column = |level: &Option<String>| {
        let label = label_of(level);
        levels.iter().position(|have| *have == label).unwrap_or(0)
    };
    let (mut company, mut unsettled) = (Line::of(levels.len()), Line::of(levels.len()));
    let mut teams: BTreeMap<Uuid, Line> = BTreeMap::new();
    for row in rows {
        let at = column(&row.level);
        if row.first {
            let whole = row.events.saturating_mul(i64::from(WHOLE));
            company.add(at, whole, row.events);
            unsettled.add(at, whole, 0);
        }
        if let Some(team) = row.team {
            let counted = row.events.saturating_mul(i64::from(row.share));
            teams.entry(team).or_insert_with(|| Line::of(levels.len())).add(at, counted, row.events);
            unsettled.add(at, -counted, 0);
        }
    }
    for (level, events) in unsettled_events {
        unsettled.add(column(level), 0, *events);
    }
    let weight =
        |level: &Option<String>| level.as_deref().and_then(|label| policy.level(label)).map_or(0, |l| l.points);
    let weights = levels.iter().map(weight).collect();
    TeamCounts { levels, weights, teams: teams.into_iter().collect(), unsettled, company }
}

/// `1`, `0.5`, `0.3333`: basis points of events as a number without needless zeros.
pub fn times(basis_points: i64) -> String {
    let sign = if basis_points < 0 { "-" } else { "" };
    let one = u64::from(WHOLE.unsigned_abs());
    let (whole, rest) = (basis_points.unsigned_abs() / one, basis_points.unsigned_abs() % one);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{rest:04}").trim_end_matches('0'))
}

/// Divides an event evenly among so many teams: the first gets what is left over, so that the sum is exactly the whole.
pub fn even_shares(teams: usize) -> Vec<i32> {
    let Ok(many) = i32::try_from(teams) else { return Vec::new() };
    if many == 0 {
        return Vec::new();
    }
    let each = WHOLE / many;
    let mut shares = vec![each; teams];
    if let Some(first) = shares.first_mut() {
        *first += WHOLE - each * many;
    }
    shares
}

/// The share of `50`, `50%`, `33.34 %`: basis points. Digits after the hundredth are refused, not rounded.
pub fn share_of(text: &str) -> Option<i32> {
    use unicode_normalization::UnicodeNormalization as _;
    let text: String = text.nfkc().filter(|c| !c.is_whitespace()).collect();
    let text = text.strip_suffix('%').unwrap_or(&text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || fraction.len() > 2 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let hundredths: i32 = format!("{fraction:0<2}").parse().ok()?;
    Some(whole.parse::<i32>().ok()? * 100 + hundredths)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_read_and_written_exactly() {
        for (text, share) in [("50", 5_000), ("50%", 5_000), ("33.34 ％", 3_334), ("0.5", 50), ("100", 10_000)] {
            assert_eq!(share_of(text), Some(share), "{text}");
        }
        for text in ["", "x", "-1", "33.333", "1e3", ".", ".5", "一半", "9999"] {
            assert_eq!(share_of(text), None, "{text}");
        }
        for (basis_points, words) in [(5_000, "0.5"), (10_000, "1"), (13_334, "1.3334"), (0, "0"), (-5_000, "-0.5")] {
            assert_eq!(times(basis_points), words);
        }
        assert_eq!(even_shares(3), [3_334, 3_333, 3_333]);
        assert_eq!(even_shares(0), Vec::<i32>::new());
    }

    /// An event as the store groups it: a level, and shares of teams.
    type Graded = (Option<&'static str>, Vec<i32>);

    fn rows(events: &[Graded]) -> Vec<CountRow> {
        let mut rows = Vec::new();
        for (level, shares) in events {
            let level = level.map(str::to_owned);
            if shares.is_empty() {
                rows.push(CountRow { level: level.clone(), team: None, first: true, share: 0, events: 1 });
            }
            for (at, share) in shares.iter().enumerate() {
                let team = Some(Uuid::from_u128(at as u128 * 7 % 5 + 1));
                rows.push(CountRow { level: level.clone(), team, first: at == 0, share: *share, events: 1 });
            }
        }
        rows
    }

    #[test]
    fn points_follow_the_shares_and_are_absent_where_no_level_has_any() {
        let mut policy = SeverityPolicy::default();
        let graded = [(Some("A"), vec![5_000, 2_500]), (Some("P1"), vec![10_000]), (None, vec![])];
        let plain = tabulate(&rows(&graded), &[], &policy);
        assert_eq!(plain.points(&plain.company), None);
        policy.levels[0].points = 12;
        policy.levels[1].points = 5;
        let table = tabulate(&rows(&graded), &[], &policy);
        assert_eq!(table.points(&table.company).map(times).as_deref(), Some("17"));
        assert_eq!(table.points(&table.unsettled).map(times).as_deref(), Some("3"));
        let of_teams: i64 = table.teams.iter().filter_map(|(_, line)| table.points(line)).sum();
        assert_eq!(times(of_teams), "14");
    }

    proptest! {
        #[test]
        fn teams_and_unsettled_are_the_company_in_every_level(
            events in prop::collection::vec(
                (
                    prop::option::of(prop::sample::select(vec!["A", "B", "C", "D", "P1", "SEV3", "MAJOR"])),
                    prop::collection::vec(1_i32..=10_000, 0..5).prop_map(|mut shares| {
                        let mut left = 10_000;
                        shares.retain(|share| { let fits = *share <= left; if fits { left -= share; } fits });
                        shares
                    }),
                ),
                0..60,
            ),
        ) {
            let policy = SeverityPolicy::default();
            let open = |(_, shares): &&Graded| shares.iter().sum::<i32>() < WHOLE;
            let unsettled: Vec<_> = events.iter().filter(open).map(|(level, _)| (level.map(str::to_owned), 1)).collect();
            let table = tabulate(&rows(&events), &unsettled, &policy);
            for (at, level) in table.levels.iter().enumerate() {
                let of_teams: i64 = table.teams.iter().map(|(_, line)| line.counts[at]).sum();
                prop_assert_eq!(of_teams + table.unsettled.counts[at], table.company.counts[at]);
                prop_assert!(table.unsettled.counts[at] >= 0);
                let meant = events.iter().filter(|(label, _)| {
                    label.map(|label| policy.level(label).map_or(label, |level| &level.label)) == level.as_deref()
                });
                prop_assert_eq!(table.company.counts[at], meant.map(|_| 10_000_i64).sum::<i64>(), "each event once");
                prop_assert_eq!(table.company.events[at] * 10_000, table.company.counts[at]);
                prop_assert_eq!(table.unsettled.events[at] == 0, table.unsettled.counts[at] == 0);
            }
            prop_assert_eq!(table.company.total(), events.iter().map(|_| 10_000_i64).sum::<i64>());
        }

        #[test]
        fn an_even_division_is_exact(teams in 1_usize..=20) {
            let shares = even_shares(teams);
            prop_assert_eq!(shares.iter().sum::<i32>(), WHOLE);
            prop_assert!(shares.iter().all(|share| (shares[teams - 1]..shares[teams - 1] + 20).contains(share)));
        }
    }
}
