//! Wrong passwords: after too many the account waits, whoever asks.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Wrong passwords for one e-mail before it waits.
const MOST: u32 = 10;
/// How long wrong passwords are remembered, in milliseconds: 15 minutes.
const WINDOW: i64 = 15 * 60_000;
/// The most e-mails that are remembered; the memory of a flood stays small.
const MOST_KEYS: usize = 10_000;

/// Wrong passwords of late, by the hash of the folded e-mail: how many, and when the first was.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<BTreeMap<String, (u32, i64)>>);

impl Attempts {
    fn table(&self) -> MutexGuard<'_, BTreeMap<String, (u32, i64)>> {
        // A panic elsewhere leaves a table of plain numbers: it is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many seconds `key` has to wait at `now` (milliseconds); none where it may try.
    pub fn wait(&self, key: &str, now: i64) -> Option<i64> {
        let table = self.table();
        let (count, since) = table.get(key)?;
        let left = since + WINDOW - now;
        (*count >= MOST && left > 0).then_some((left + 999) / 1_000)
    }

    /// Notes a password that is wrong, or not looked at yet.
    pub fn wrong(&self, key: &str, now: i64) {
        let mut table = self.table();
        if table.len() >= MOST_KEYS {
            table.retain(|_, (_, since)| *since + WINDOW > now);
        }
        if table.len() >= MOST_KEYS && !table.contains_key(key) {
            // A flood of other e-mails makes no guess free: the one with the fewest, the longest ago, is forgotten.
            let least = table.iter().min_by_key(|(_, (count, since))| (*count, *since)).map(|(key, _)| key.clone());
            if let Some(least) = least {
                table.remove(&least);
            }
        }
        let entry = table.entry(key.to_owned()).or_insert((0, now));
        if entry.1 + WINDOW <= now {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
    }

    /// Takes one back: the password was never looked at.
    pub fn untried(&self, key: &str) {
        if let Some((count, _)) = self.table().get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets `key`: its password was right.
    pub fn right(&self, key: &str) {
        self.table().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_wrong_password_starts_a_wait_that_ends_by_itself_or_with_the_right_one() {
        let attempts = Attempts::default();
        for second in 0..10 {
            assert_eq!(attempts.wait("a", second * 1_000), None);
            attempts.wrong("a", second * 1_000);
        }
        assert_eq!(attempts.wait("a", 10_000), Some(890));
        assert_eq!(attempts.wait("b", 10_000), None);
        assert_eq!(attempts.wait("a", WINDOW), None);
        attempts.wrong("a", WINDOW + 1);
        assert_eq!(attempts.wait("a", WINDOW + 2), None, "a new window");
        for _ in 0..MOST {
            attempts.wrong("a", WINDOW + 3);
        }
        attempts.untried("a");
        assert!(attempts.wait("a", WINDOW + 4).is_some(), "ten are left of eleven");
        attempts.untried("a");
        assert_eq!(attempts.wait("a", WINDOW + 4), None);
        attempts.right("a");
        assert!(attempts.table().is_empty());
    }

    #[test]
    fn a_flood_of_other_emails_makes_no_guess_free() {
        let attempts = Attempts::default();
        for _ in 0..MOST {
            attempts.wrong("victim", 0);
        }
        for other in 0..=MOST_KEYS {
            attempts.wrong(&other.to_string(), 1);
        }
        assert!(attempts.wait("victim", 2).is_some());
        for _ in 0..MOST {
            attempts.wrong("late", 3);
        }
        assert!(attempts.wait("late", 4).is_some());
        assert!(attempts.table().len() <= MOST_KEYS);
    }
}
