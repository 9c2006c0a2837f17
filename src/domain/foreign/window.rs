//! The time of an impact that a text tells: `Between 12:15 PM and 12:21 PM PDT we observed …`.

use chrono::{DateTime, Duration, Utc};

use super::stamps::Stamp;

/// When the fault was there, as the last word tells it.
#[derive(Debug, Default)]
pub(super) struct Window {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Window {
    /// `Between 11:45 AM and 7:42 PM PDT`, `Between August 6 5:23 PM and August 7 2:48 AM PDT`, `Starting at 5:07 AM
    /// PDT`; times lie before `told`.
    pub(super) fn of(text: &str, told: DateTime<Utc>) -> Self {
        // The same length in bytes, so that places in one are places in the other.
        let lower = text.to_ascii_lowercase();
        let behind = |word: &str| lower.find(word).and_then(|at| text.get(at + word.len()..));
        if let Some(rest) = behind("between ")
            && let Some((from, rest)) = Stamp::prefix(rest)
            && let Some(rest) = rest.trim_start().strip_prefix("and ")
            && let Some((to, _)) = Stamp::prefix(rest)
            && let Some(offset) = to.offsets.first().or(from.offsets.first()).copied()
            && let Some(end) = to.latest(told + Duration::minutes(5), offset)
            && let Some(start) = from.latest(end, from.offsets.first().copied().unwrap_or(offset))
        {
            return Self { from: Some(start), to: Some(end) };
        }
        let start = behind("starting at ").or_else(|| behind("beginning at ")).and_then(|rest| {
            let (from, _) = Stamp::prefix(rest)?;
            from.latest(told, from.offsets.first().copied()?)
        });
        Self { from: start, to: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_impact_is_read_from_the_last_word() {
        let told: DateTime<Utc> = "2021-08-07T09:53:00Z".parse().unwrap();
        let at = |text: &str| {
            let window = Window::of(text, told);
            (window.from.map(|at| at.to_rfc3339()), window.to.map(|at| at.to_rfc3339()))
        };
        let utc = |text: &str| Some(format!("{text}:00+00:00"));
        let want = (utc("2021-08-07T00:23"), utc("2021-08-07T09:48"));
        assert_eq!(at("Between August 6 5:23 PM and August 7 2:48 AM PDT, customers saw"), want);
        let want = (utc("2021-08-06T15:31"), utc("2021-08-07T04:00"));
        assert_eq!(at("Between 8:31 AM and 9:00 PM PDT, we saw"), want);
        assert_eq!(at("Starting at 6:41 PM PDT on August 5th, we"), (utc("2021-08-06T01:41"), None));
        assert_eq!(at("Between two and three"), (None, None));
        assert_eq!(at("Between 8:31 AM and 9:00 PM we saw"), (None, None));
    }
}
