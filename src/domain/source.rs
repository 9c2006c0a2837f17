//! Where the samples of an indicator are pulled from, and how far that has come.

use serde::Serialize;

use crate::domain::{
    checked::{self, FieldError},
    prometheus::{AnswerProblem, Counted},
    samples::Minute,
};

/// Minutes that are waited for late data, where nobody says otherwise.
pub const DELAY: u16 = 2;

/// Most minutes that may be waited.
const MOST_DELAY: u16 = 1_440;

/// Longest query, in characters.
const LONGEST_QUERY: usize = 4_000;

/// Seconds between two questions of a source that has come to the present.
const EVERY: i64 = 60;

/// Longest wait after failures, in seconds.
const LONGEST_WAIT: i64 = 3_600;

/// What people say of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceFields {
    /// Address of the server, to which `/api/v1/query_range` is added.
    pub url: String,
    /// The query for attempts per minute.
    pub total: String,
    /// The query for those that succeeded, or failed.
    pub second: String,
    /// What the second query counts.
    pub counted: Counted,
    /// The query for failures that do not count.
    pub excluded: Option<String>,
    /// Minutes that are waited before a minute is asked for.
    pub delay: u16,
    /// Nothing is pulled.
    pub paused: bool,
}

impl SourceFields {
    /// Checks lengths and numbers, and takes the slashes at the end of the address away.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        let given = checked::line("url", &self.url, 2_000)?;
        let url = given.trim_end_matches('/');
        let url = url.strip_suffix("/api/v1/query_range").unwrap_or(url).trim_end_matches('/');
        url.clone_into(&mut self.url);
        if self.url.contains(['?', '#']) {
            return Err(FieldError::shape("url", "give the address of the server without a query behind it"));
        }
        self.total = checked::text("total", &self.total, LONGEST_QUERY)?;
        self.second = checked::text(self.counted.code(), &self.second, LONGEST_QUERY)?;
        self.excluded = checked::optional("excluded", self.excluded.as_deref(), LONGEST_QUERY)?;
        if self.delay > MOST_DELAY {
            return Err(FieldError::shape("delay", "give 0 to 1440 minutes"));
        }
        Ok(self)
    }

    /// Whether another server is asked than by `other`: a secret of one is not sent to another.
    pub fn is_elsewhere(&self, other: &Self) -> bool {
        let server = |url: &str| {
            let rest = url.split_once("://");
            let host = rest.map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_ascii_lowercase());
            (rest.map(|(scheme, _)| scheme.to_ascii_lowercase()), host)
        };
        server(&self.url) != server(&other.url)
    }
}

/// What is in the way of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullProblem {
    /// The house does not ask that address.
    Forbidden,
    /// No connection.
    Unreachable,
    /// No answer in time.
    Slow,
    /// More than can be read.
    TooLong,
    /// It points to another address.
    Redirect,
    /// The token is missing or wrong.
    Denied,
    /// There is no such interface at the address.
    NoInterface,
    /// The server is overloaded or broken.
    Unavailable,
    /// It does not understand a query.
    Query,
    /// A query gives several series.
    ManySeries,
    /// A query gives histograms.
    Histogram,
    /// The answer is something else.
    Unreadable,
    /// The samples were not taken, because the indicator takes none.
    NotTaken,
    /// The token that the settings name cannot be read.
    NoToken,
}

/// All of them.
const PROBLEMS: [PullProblem; 14] = [
    PullProblem::Forbidden,
    PullProblem::Unreachable,
    PullProblem::Slow,
    PullProblem::TooLong,
    PullProblem::Redirect,
    PullProblem::Denied,
    PullProblem::NoInterface,
    PullProblem::Unavailable,
    PullProblem::Query,
    PullProblem::ManySeries,
    PullProblem::Histogram,
    PullProblem::Unreadable,
    PullProblem::NotTaken,
    PullProblem::NoToken,
];

impl PullProblem {
    /// A stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden_address",
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::TooLong => "too_long",
            Self::Redirect => "redirect",
            Self::Denied => "denied",
            Self::NoInterface => "no_interface",
            Self::Unavailable => "unavailable",
            Self::Query => "query",
            Self::ManySeries => "many_series",
            Self::Histogram => "histogram",
            Self::Unreadable => "unreadable",
            Self::NotTaken => "not_taken",
            Self::NoToken => "no_token",
        }
    }

    /// The one of a word.
    pub fn from_code(code: &str) -> Option<Self> {
        PROBLEMS.into_iter().find(|problem| problem.code() == code)
    }

    /// What is wrong and what to do about it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Forbidden => "this address is not asked; an administrator can list it under outgoing.allow",
            Self::Unreachable => "the server cannot be reached; check the address and whether it runs",
            Self::Slow => "the server did not answer in time; make the query cheaper, by a recording rule for instance",
            Self::TooLong => "the answer is too long; let the query give one series, by sum() for instance",
            Self::Redirect => "the server points to another address; give that one",
            Self::Denied => "the server refuses the token; give another one",
            Self::NoInterface => "there is no /api/v1/query_range at this address; check its path",
            Self::Unavailable => "the server is not available at the moment",
            Self::Query => "the server refuses a query; mend it",
            Self::ManySeries => "a query gives several series; put sum() around it",
            Self::Histogram => "a query gives histograms; ask for their counts",
            Self::Unreadable => "the answer is not one of query_range with a step of 60 seconds; check the address",
            Self::NotTaken => "the indicator takes no samples",
            Self::NoToken => {
                "the token that the settings name for this server cannot be read; an administrator mends outgoing.tokens"
            }
        }
    }

    /// What an HTTP status that is not 200 says; `words` tells whether the answer is a refusal of the interface.
    pub const fn of_status(status: u16, words: bool) -> Self {
        match status {
            401 | 403 => Self::Denied,
            400 | 422 if words => Self::Query,
            404 | 405 => Self::NoInterface,
            429 | 500..=599 => Self::Unavailable,
            _ if words => Self::Query,
            _ => Self::Unreadable,
        }
    }
}

impl From<&AnswerProblem> for PullProblem {
    fn from(problem: &AnswerProblem) -> Self {
        match problem {
            AnswerProblem::Unreadable | AnswerProblem::OffTheMinute => Self::Unreadable,
            AnswerProblem::Refused(_) => Self::Query,
            AnswerProblem::ManySeries(_) => Self::ManySeries,
            AnswerProblem::Histogram => Self::Histogram,
        }
    }
}

/// How far a source has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The first minute that is to be pulled.
    pub since: Minute,
    /// The next one.
    pub position: Minute,
    /// Milliseconds: not asked before.
    pub next_at: i64,
    /// Failures in a row.
    pub failures: i32,
    /// What is in the way, and the server's own words.
    pub problem: Option<(PullProblem, String)>,
    /// Milliseconds: when that was found.
    pub problem_at: Option<i64>,
    /// Milliseconds: the last answer that was good.
    pub pulled_at: Option<i64>,
    /// What the server noted beside the last answer.
    pub note: Option<String>,
    /// Minutes whose numbers cannot be true, since `since`.
    pub impossible: i64,
}

/// A source of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSource {
    /// The indicator's number.
    pub indicator: i32,
    /// Optimistic lock of the fields.
    pub version: i64,
    /// What people say.
    pub fields: SourceFields,
    /// Whether a token is kept. It is never shown.
    pub has_token: bool,
    /// How far it is.
    pub state: SourceState,
}

impl SampleSource {
    /// The minute behind the last one that may be asked for; `now` in milliseconds.
    pub fn target(&self, now: i64) -> Minute {
        crate::domain::samples::minute_of(now).saturating_sub(Minute::from(self.fields.delay)).max(self.state.since)
    }

    /// How many of the minutes up to the present are pulled, and how many there are.
    pub fn progress(&self, now: i64) -> (Minute, Minute) {
        let all = self.target(now).saturating_sub(self.state.since);
        (self.state.position.saturating_sub(self.state.since).clamp(0, all), all)
    }
}

/// Milliseconds to wait after a good answer that left nothing to ask for.
pub const fn pause() -> i64 {
    EVERY * 1_000
}

/// Milliseconds to wait after so many failures in a row; a server that names a time is not asked before.
pub fn back_off(failures: i32, wanted_seconds: Option<u64>) -> i64 {
    let doubled = EVERY.saturating_mul(1 << failures.clamp(1, 7).saturating_sub(1)).min(LONGEST_WAIT);
    let wanted = wanted_seconds.and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0).min(LONGEST_WAIT);
    doubled.max(wanted) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(url: &str) -> SourceFields {
        SourceFields {
            url: url.to_owned(),
            total: "sum(a)".to_owned(),
            second: "sum(b)".to_owned(),
            counted: Counted::Success,
            excluded: Some(" ".to_owned()),
            delay: DELAY,
            paused: false,
        }
    }

    #[test]
    fn an_address_is_kept_without_what_is_added_to_it() {
        let kept = |url| fields(url).checked().map(|fields| fields.url);
        assert_eq!(kept("https://a.example.com/prom/").as_deref(), Ok("https://a.example.com/prom"));
        assert_eq!(kept("https://a.example.com/api/v1/query_range").as_deref(), Ok("https://a.example.com"));
        assert!(kept("https://a.example.com?x=1").is_err());
        assert_eq!(fields("https://a").checked().map(|fields| fields.excluded), Ok(None));
        assert!(SourceFields { delay: 1_441, ..fields("https://a") }.checked().is_err());
        assert!(SourceFields { second: String::new(), ..fields("https://a") }.checked().is_err());
    }

    #[test]
    fn a_secret_stays_with_its_server() {
        let of = |url| fields(url);
        assert!(!of("https://a/x").is_elsewhere(&of("HTTPS://A/y")));
        for other in ["http://a/x", "https://b/x", "https://a:444/x"] {
            assert!(of(other).is_elsewhere(&of("https://a/x")), "{other}");
        }
    }

    #[test]
    fn a_server_in_trouble_is_asked_more_and_more_rarely() {
        let minutes: Vec<i64> = (1..10).map(|failures| back_off(failures, None) / 60_000).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(
            (back_off(1, Some(300)), back_off(1, Some(u64::MAX)), back_off(i32::MAX, None)),
            (300_000, 60_000, 3_600_000)
        );
    }

    #[test]
    fn every_problem_is_known_again_by_its_word() {
        for problem in PROBLEMS {
            assert_eq!(PullProblem::from_code(problem.code()), Some(problem));
        }
    }
}
