//! How long to wait before a mail is tried again (reliability study, section 2.4).

use chrono::Duration;

/// Days after which a message that could not be delivered is given up.
pub const GIVE_UP_AFTER_DAYS: i64 = 5;

/// Unknown outcomes after which a message is left to people.
pub const MOST_UNKNOWNS: i64 = 5;

/// Minutes to wait after the first, second … counted failure.
const AFTER_FAILURE: [i64; 8] = [1, 5, 15, 30, 60, 120, 240, 480];

/// Minutes to wait after every later one.
const AFTER_MANY_FAILURES: i64 = 720;

/// Minutes to wait after the first, second … outcome that nobody knows.
const AFTER_UNKNOWN: [i64; 3] = [15, 30, 60];

/// The wait after the `attempt`-th failure that counts, from 1.
pub fn after_failure(attempt: i64) -> Duration {
    Duration::minutes(nth(&AFTER_FAILURE, attempt).unwrap_or(AFTER_MANY_FAILURES))
}

/// The wait after the `unknowns`-th outcome that nobody knows, from 1; none when people have to look.
pub fn after_unknown(unknowns: i64) -> Option<Duration> {
    (unknowns < MOST_UNKNOWNS).then(|| Duration::minutes(nth(&AFTER_UNKNOWN, unknowns).unwrap_or(60)))
}

/// The wait while the mail server cannot be used: 30 s, doubling to 5 min, by the count of such failures in a row.
pub fn while_unreachable(in_a_row: u32) -> Duration {
    let doubled = 30_i64.saturating_mul(1_i64 << in_a_row.saturating_sub(1).min(10));
    Duration::seconds(doubled.min(300))
}

/// `wait` with ±20 %, so that replicas and messages do not march in step. `random` is one random byte.
pub fn jittered(wait: Duration, random: u8) -> Duration {
    let millis = wait.num_milliseconds();
    // 0..=255 maps to 800..=1200 thousandths.
    let share = 800 + i64::from(random) * 400 / 255;
    Duration::milliseconds(millis / 1_000 * share + millis % 1_000 * share / 1_000)
}

fn nth(minutes: &[i64], count: i64) -> Option<i64> {
    usize::try_from(count - 1).map_or(minutes.first(), |index| minutes.get(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_wait_longer_and_longer_up_to_twelve_hours() {
        let waits: Vec<i64> = (1..=10).map(|n| after_failure(n).num_minutes()).collect();
        assert_eq!(waits, [1, 5, 15, 30, 60, 120, 240, 480, 720, 720]);
        assert_eq!(after_failure(0).num_minutes(), 1, "never a panic");
    }

    #[test]
    fn the_fifth_unknown_outcome_is_left_to_people() {
        let waits: Vec<_> = (1..=5).map(|n| after_unknown(n).map(|wait| wait.num_minutes())).collect();
        assert_eq!(waits, [Some(15), Some(30), Some(60), Some(60), None]);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for random in 0..=u8::MAX {
            let wait = jittered(Duration::minutes(5), random).num_milliseconds();
            assert!((240_000..=360_000).contains(&wait), "{random}: {wait}");
        }
        assert_eq!(jittered(Duration::minutes(5), 0), Duration::minutes(4));
        assert_eq!(jittered(Duration::minutes(5), 255), Duration::minutes(6));
    }

    #[test]
    fn the_pause_for_a_server_that_is_down_ends_at_five_minutes() {
        let pauses: Vec<i64> = (1..=6).map(|n| while_unreachable(n).num_seconds()).collect();
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
        assert_eq!(while_unreachable(u32::MAX).num_seconds(), 300);
    }
}
