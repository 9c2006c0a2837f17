//! Which hours stay when minutes are old enough to be removed, and what can be asked and corrected from then on.

use std::ops::Range;

use super::{
    Minute,
    plan::{Plan, UTC_DAY},
};

const HOUR: Minute = 60;

/// Days of UTC behind the removed hours that are closed as well. A local day is summed again from all of its hours: one that
/// begins before the removed ones end must not be asked for that, wherever its zone lies.
const CLOSED_DAYS: Minute = 2;

/// The minute before which hours are removed, for a retention in days at a minute; days of UTC are removed whole.
pub fn boundary(now: Minute, keep_days: u32) -> Minute {
    let kept = i64::from(keep_days) * i64::from(UTC_DAY);
    let before = i64::from(now).saturating_sub(kept).max(0);
    let before = Minute::try_from(before).unwrap_or(0);
    before - before.rem_euclid(UTC_DAY)
}

/// The first minute that samples may still come for, when hours before `gone_before` are removed.
pub const fn open_from(gone_before: Minute) -> Minute {
    if gone_before <= 0 { 0 } else { gone_before.saturating_add(CLOSED_DAYS * UTC_DAY) }
}

/// The hours of `hours` that stretches of minutes touch, in order and without overlaps.
pub fn touched(stretches: impl IntoIterator<Item = (Minute, Minute)>, hours: Range<i32>) -> Vec<Range<i32>> {
    let of = |(from, to): (Minute, Minute)| {
        let (first, end) = (from.div_euclid(HOUR), -(-to).div_euclid(HOUR));
        first.max(hours.start)..end.min(hours.end)
    };
    let mut all: Vec<Range<i32>> =
        stretches.into_iter().filter(|(from, to)| from < to).map(of).filter(|hours| !hours.is_empty()).collect();
    all.sort_by_key(|hours| hours.start);
    let mut joined: Vec<Range<i32>> = Vec::with_capacity(all.len());
    for hours in all {
        match joined.last_mut() {
            Some(last) if hours.start <= last.end => last.end = last.end.max(hours.end),
            _ => joined.push(hours),
        }
    }
    joined
}

/// Whether all of these hours lie in the kept ones, which are in order and do not overlap.
pub fn all_kept(hours: &Range<i32>, kept: &[Range<i32>]) -> bool {
    let mut from = hours.start;
    for kept in kept {
        if from >= hours.end || kept.start > from {
            break;
        }
        from = from.max(kept.end);
    }
    from >= hours.end
}

/// The hours and edges of a plan, as hours.
pub fn hours_of(plan: &Plan) -> impl Iterator<Item = Range<i32>> + '_ {
    let edges = plan.edges.iter().map(|edge| edge.start.div_euclid(HOUR)..-(-edge.end).div_euclid(HOUR));
    plan.hours.iter().cloned().chain(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_of_utc_are_removed_and_two_more_are_closed() {
        let now = 20_000 * UTC_DAY + 700;
        assert_eq!(boundary(now, 100), 19_900 * UTC_DAY);
        assert_eq!(open_from(boundary(now, 100)), 19_902 * UTC_DAY);
        assert_eq!([boundary(now, u32::MAX), open_from(0)], [0, 0]);
    }

    #[test]
    fn hours_that_stretches_touch_stay_once() {
        let touched = |stretches: &[(Minute, Minute)]| touched(stretches.iter().copied(), 10..30);
        assert_eq!(touched(&[(601, 660), (1_000, 1_000), (660, 661), (1_500, 9_000), (0, 30)]), [10..12, 25..30]);
        let kept = [10..12, 14..15, 15..20];
        assert!(all_kept(&(10..12), &kept) && all_kept(&(14..19), &kept) && all_kept(&(5..5), &kept));
        assert!(!all_kept(&(10..15), &kept) && !all_kept(&(9..10), &kept) && !all_kept(&(19..21), &kept));
    }
}
