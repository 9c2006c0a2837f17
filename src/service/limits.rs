//! How often somebody may ask: so much a minute for an address, an account, a token.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Mutex, PoisonError},
};

/// The most buckets that are remembered; the memory of a flood stays small.
const MOST_KEYS: usize = 20_000;
/// A minute, in microseconds: a bucket that nobody used for so long is full.
const MINUTE: i64 = 60_000_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sign-ins and passwords, by address.
    SignIn,
    /// Requests with a link that opens something, and with tokens that open nothing, by address.
    Link,
    /// Requests with a token, by token.
    Token,
    /// Requests of an account, whatever it signs in with.
    Account,
}

/// How many a minute; 0 counts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Sign-ins and passwords of an address.
    pub sign_in: u32,
    /// Links, and tokens that open nothing, of an address.
    pub links: u32,
    /// Requests of a token.
    pub token: u32,
    /// Requests of an account.
    pub account: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { sign_in: 60, links: 600, token: 60_000, account: 120_000 }
    }
}

impl Rates {
    /// Nothing is counted.
    pub const NONE: Self = Self { sign_in: 0, links: 0, token: 0, account: 0 };

    const fn of(self, kind: Kind) -> u32 {
        match kind {
            Kind::SignIn => self.sign_in,
            Kind::Link => self.links,
            Kind::Token => self.token,
            Kind::Account => self.account,
        }
    }
}

/// Buckets that hold a minute's worth and fill up evenly (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug, Default)]
pub struct Limits {
    rates: Rates,
    /// Keyed at random, so that nobody picks names that share a bucket.
    keys: RandomState,
    /// When each bucket will be full again, in microseconds; one that is not here is full.
    full_at: Mutex<HashMap<(Kind, u64), i64>>,
}

impl Limits {
    /// Limits with these rates.
    pub fn new(rates: Rates) -> Self {
        Self { rates, ..Self::default() }
    }

    /// Takes one of `who` at `now` (milliseconds). Where there is none left: in how many seconds there is, at least 1.
    pub fn take(&self, kind: Kind, who: &str, now: i64) -> Option<i64> {
        let rate = i64::from(self.rates.of(kind));
        if rate == 0 {
            return None;
        }
        let each = MINUTE / rate;
        let now = now.saturating_mul(1_000);
        let key = (kind, self.keys.hash_one(who));
        // A panic elsewhere leaves a table of plain numbers: it is still good.
        let mut table = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // What is further away was noted before the clock was set back.
        let full_at =
            table.get(&key).copied().filter(|at| *at <= now.saturating_add(MINUTE)).map_or(now, |at| at.max(now));
        let then = full_at.saturating_add(each);
        let over = then.saturating_sub(now).saturating_sub(MINUTE);
        if over > 0 {
            return Some((over + 999_999) / 1_000_000);
        }
        if table.len() >= MOST_KEYS && !table.contains_key(&key) {
            make_room(&mut table, now);
        }
        table.insert(key, then);
        None
    }
}

/// Forgets the buckets that are full, and where that is not enough the fuller half of the others: a flood of others makes the
/// emptiest ones no fuller.
fn make_room(table: &mut HashMap<(Kind, u64), i64>, now: i64) {
    table.retain(|_, full_at| *full_at > now);
    if table.len() < MOST_KEYS {
        return;
    }
    let mut times: Vec<i64> = table.values().copied().collect();
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    let median = *median;
    table.retain(|_, full_at| *full_at > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { sign_in: 6, links: 0, token: 7, account: 6 };

    #[test]
    fn a_minutes_worth_at_once_and_then_one_after_the_other() {
        let limits = Limits::new(RATES);
        for _ in 0..6 {
            assert_eq!(limits.take(Kind::SignIn, "a", 5_000), None);
        }
        assert_eq!(limits.take(Kind::SignIn, "a", 5_000), Some(10));
        assert_eq!(limits.take(Kind::SignIn, "b", 5_000), None, "somebody else");
        assert_eq!(limits.take(Kind::Account, "a", 5_000), None, "something else");
        assert_eq!(limits.take(Kind::SignIn, "a", 14_999), Some(1));
        assert_eq!(limits.take(Kind::SignIn, "a", 15_000), None);
        assert_eq!(limits.take(Kind::SignIn, "a", 15_000), Some(10));
        assert_eq!(
            (0..7).find_map(|_| limits.take(Kind::Token, "a", 75_000)),
            None,
            "a rate that does not divide a minute"
        );
        assert!(limits.take(Kind::Token, "a", 75_000).is_some());
    }

    #[test]
    fn no_rate_is_no_limit_and_a_clock_set_back_locks_nobody_out() {
        let limits = Limits::new(RATES);
        assert!((0..1_000).all(|_| limits.take(Kind::Link, "a", 0).is_none()));
        for _ in 0..6 {
            assert_eq!(limits.take(Kind::SignIn, "a", 90_000_000), None);
        }
        assert_eq!(limits.take(Kind::SignIn, "a", 0), None);
        let _ = [i64::MIN, i64::MAX].map(|now| limits.take(Kind::SignIn, "b", now));
    }

    #[test]
    fn a_flood_of_others_costs_no_memory_and_frees_nobody() {
        let limits = Limits::new(RATES);
        for _ in 0..6 {
            assert_eq!(limits.take(Kind::SignIn, "busy", 0), None);
        }
        for other in 0..3 * MOST_KEYS {
            assert_eq!(limits.take(Kind::SignIn, &other.to_string(), 1), None);
        }
        assert!(limits.full_at.lock().unwrap().len() <= MOST_KEYS);
        assert!(limits.take(Kind::SignIn, "busy", 2).is_some());
    }
}
