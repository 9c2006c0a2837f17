//! The grammar of filters, one for pages, API and command line:
//! `提现 失败 -风控 "exact words" severity:C|未定级 state:pending owner:me from:2024-08-01 has:actions`.
//! Words and conditions narrow one another; `|` or `,` between values widen; `-` in front means not.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use thiserror::Error;

use crate::domain::{
    checked,
    event::number_of,
    event_record::{Detection, EventKind},
    iso_week::IsoWeek,
    period::Period,
    postmortem::PostmortemState,
    search_pieces, vocabulary,
};

/// Longest query, in characters.
pub const MOST_CHARS: usize = 1_000;
/// Most words and conditions of a query.
pub const MOST_PARTS: usize = 30;
/// Most values of one condition.
const MOST_VALUES: usize = 20;

/// A query that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Its words and conditions in order.
    pub parts: Vec<Part>,
}

/// A word or a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Events that match are left out.
    pub not: bool,
    /// What it says.
    pub clause: Clause,
    /// Where it begins, in characters from 1.
    pub at: usize,
    /// As typed.
    pub text: String,
}

/// A person in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// Who asks.
    Me,
    /// Nobody is named.
    Nobody,
    /// A name or an e-mail address.
    Named(String),
}

/// Who answers for an event, in a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answering {
    /// No team at all.
    Nobody,
    /// No team for a part of it, or for all of it.
    Unsettled,
    /// The team of this name.
    Team(String),
}

/// What an event may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    /// Action items.
    Actions,
    /// Action items that are not closed.
    OpenActions,
    /// Tags.
    Tags,
    /// Links.
    Links,
    /// Services.
    Services,
    /// Teams that answer for it.
    Responsibility,
    /// 资损.
    Loss,
    /// A change that caused it.
    Change,
    /// Lines of the timeline.
    Timeline,
}

/// What a part says. `None` among values is "not set".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// A folded word.
    Word(String),
    /// Labels.
    Severity(Vec<Option<String>>),
    /// States of the postmortem.
    State(Vec<PostmortemState>),
    /// Owners of the postmortem.
    Owner(Vec<Person>),
    /// Names of business lines and components.
    Service(Vec<String>),
    /// Teams that answer for it.
    Team(Vec<Answering>),
    /// Tags.
    Tag(Vec<String>),
    /// Weeks of the report, from and to.
    Week(Vec<(IsoWeek, IsoWeek)>),
    /// Counted between these days, both included: by its beginning, else by the day it was logged.
    Period(Vec<Period>),
    /// Began on this day or later.
    From(NaiveDate),
    /// Began on this day or earlier.
    To(NaiveDate),
    /// Categories of the cause.
    Cause(Vec<Option<String>>),
    /// Kinds.
    Kind(Vec<EventKind>),
    /// Ways of detection.
    Detection(Vec<Option<Detection>>),
    /// Without recovery, or with.
    Ongoing(bool),
    /// Postmortem owed and past its due date, or not.
    Overdue(bool),
    /// Things it has.
    Has(Vec<Has>),
    /// Numbers, from and to.
    Number(Vec<(i64, i64)>),
}

/// Why a query cannot be read: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("at character {at}: {problem}")]
pub struct QueryError {
    /// Where, in characters from 1.
    pub at: usize,
    /// What is wrong.
    pub problem: QueryProblem,
}

/// What may be wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryProblem {
    /// No such key.
    #[error("there is no filter “{key}”; use {} — or put the words in quotation marks", KEYS.join(", "))]
    UnknownKey {
        /// As typed.
        key: String,
    },
    /// A key without a value.
    #[error("{key}: has no value; write one right behind the colon, like {}", example(key))]
    NoValue {
        /// The key in English.
        key: &'static str,
    },
    /// A value that the key does not take.
    #[error("{key}: does not know “{value}”; write {expected}")]
    BadValue {
        /// The key in English.
        key: &'static str,
        /// As typed.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// A name that nobody bears.
    #[error("{key}: there is no “{value}”; check the name")]
    NoSuchName {
        /// The key in English.
        key: &'static str,
        /// As typed.
        value: String,
    },
    /// A quotation mark without its partner.
    #[error("this quotation mark is not closed; add \" at the end, or leave it out")]
    Unclosed,
    /// Too many characters.
    #[error("the query has {len} characters; at most {MOST_CHARS} are read")]
    TooLong {
        /// How many.
        len: usize,
    },
    /// Too many words and conditions.
    #[error("there are more than {MOST_PARTS} words and filters; leave some out")]
    TooMany,
}

/// The keys in English.
pub const KEYS: [&str; 17] = [
    "severity",
    "state",
    "owner",
    "service",
    "team",
    "tag",
    "week",
    "from",
    "to",
    "cause",
    "kind",
    "detection",
    "ongoing",
    "overdue",
    "has",
    "number",
    "period",
];

/// The keys in Chinese, in the order of [`KEYS`].
pub const CHINESE_KEYS: [&str; 17] = [
    "等级",
    "状态",
    "负责人",
    "业务",
    "团队",
    "标签",
    "周",
    "从",
    "到",
    "原因类别",
    "类型",
    "发现方式",
    "未恢复",
    "逾期",
    "有",
    "编号",
    "期间",
];

/// Other names of keys.
const ALIASES: [(&str, &str); 14] = [
    ("level", "severity"),
    ("复盘状态", "state"),
    ("业务线", "service"),
    ("服务", "service"),
    ("组件", "service"),
    ("责任团队", "team"),
    ("周次", "week"),
    ("自", "from"),
    ("至", "to"),
    ("until", "to"),
    ("原因", "cause"),
    ("性质", "kind"),
    ("发现", "detection"),
    ("detected", "detection"),
];

/// A value that the key takes, for people to see.
pub fn example(key: &str) -> &'static str {
    match key {
        "severity" => "severity:C",
        "state" => "state:pending",
        "owner" => "owner:me",
        "service" => "service:提现",
        "team" => "team:支付组",
        "tag" => "tag:大促",
        "week" => "week:2024-W34",
        "from" => "from:2024-08-01",
        "to" => "to:2024-08-31",
        "cause" => "cause:change",
        "kind" => "kind:drill",
        "detection" => "detection:customer",
        "ongoing" => "ongoing:yes",
        "overdue" => "overdue:yes",
        "has" => "has:actions",
        "period" => "period:2024-Q3",
        _ => "number:22..30",
    }
}

/// The key that a word names: in English, in Chinese, or by another name.
pub fn key_of(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let at = |list: &[&str]| list.iter().position(|key| *key == word);
    let known = at(&KEYS).or_else(|| at(&CHINESE_KEYS)).and_then(|at| KEYS.get(at).copied());
    known.or_else(|| ALIASES.iter().find(|(alias, _)| *alias == word).map(|(_, key)| *key))
}

/// The key's name in Chinese.
pub fn chinese_key(key: &str) -> &str {
    KEYS.iter().position(|have| *have == key).and_then(|at| CHINESE_KEYS.get(at).copied()).unwrap_or(key)
}

/// Reads a query; `today` is for week:this and from:today.
pub fn parse(text: &str, today: NaiveDate) -> Result<EventQuery, QueryError> {
    let len = text.chars().count();
    if len > MOST_CHARS {
        return Err(QueryError { at: MOST_CHARS + 1, problem: QueryProblem::TooLong { len } });
    }
    let chars: Vec<char> = text.chars().map(|c| if c == '\0' { ' ' } else { c }).collect();
    let mut reader = Reader { chars: &chars, at: 0, today };
    let mut parts = Vec::new();
    while let Some(part) = reader.part()? {
        if parts.len() == MOST_PARTS {
            return Err(QueryError { at: part.at, problem: QueryProblem::TooMany });
        }
        parts.push(part);
    }
    Ok(EventQuery { parts })
}

/// The query with `words` put in quotation marks where they would be read as something else.
pub fn quoted(value: &str) -> String {
    let plain = !value.is_empty()
        && !value.starts_with('-')
        && !value.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '“' | '”' | ':' | '：' | '|' | ',' | '，'));
    if plain { value.to_owned() } else { format!("\"{}\"", value.replace(['"', '“', '”'], " ")) }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    today: NaiveDate,
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '＂')
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn part(&mut self) -> Result<Option<Part>, QueryError> {
        loop {
            while self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            }
            let at = self.at + 1;
            let Some(first) = self.peek() else { return Ok(None) };
            let follows = self.chars.get(self.at + 1).is_some_and(|next| !next.is_whitespace());
            let not = first == '-' && follows;
            if not {
                self.at += 1;
            }
            if let Some(key) = self.key()? {
                let values = self.values(key)?;
                let clause = self.clause(key, &values)?;
                return Ok(Some(Part { not, clause, at, text: self.since(at) }));
            }
            let word = if self.peek().is_some_and(is_quote) { self.quotation()? } else { self.bare(&[]) };
            let word = search_pieces::fold(&word);
            // Quotation marks around nothing say nothing.
            if !word.is_empty() {
                return Ok(Some(Part { not, clause: Clause::Word(word), at, text: self.since(at) }));
            }
        }
    }

    /// What was read from a place on.
    fn since(&self, at: usize) -> String {
        self.chars.get(at - 1..self.at).unwrap_or_default().iter().collect()
    }

    /// The key in front of a colon, which is passed over. `12:30` and `https://…` are words.
    fn key(&mut self) -> Result<Option<&'static str>, QueryError> {
        let start = self.at;
        let mut end = start;
        while self.chars.get(end).is_some_and(|c| c.is_alphabetic() || *c == '_') {
            end += 1;
        }
        let colon = self.chars.get(end).copied();
        if end == start || !matches!(colon, Some(':' | '：')) {
            return Ok(None);
        }
        let word: String = self.chars.get(start..end).unwrap_or_default().iter().collect();
        let Some(key) = key_of(&word) else {
            let address = self.chars.get(end + 1) == Some(&'/');
            // Sentences have wide colons; whoever types a narrow one means a filter.
            if colon == Some('：') || address {
                return Ok(None);
            }
            return Err(QueryError { at: start + 1, problem: QueryProblem::UnknownKey { key: word } });
        };
        self.at = end + 1;
        Ok(Some(key))
    }

    fn quotation(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        self.at += 1;
        let from = self.at;
        while let Some(c) = self.peek() {
            if is_quote(c) {
                let words = self.chars.get(from..self.at).unwrap_or_default().iter().collect();
                self.at += 1;
                return Ok(words);
            }
            self.at += 1;
        }
        Err(QueryError { at: start + 1, problem: QueryProblem::Unclosed })
    }

    fn bare(&mut self, ends: &[char]) -> String {
        let from = self.at;
        while self.peek().is_some_and(|c| !c.is_whitespace() && !ends.contains(&c)) {
            self.at += 1;
        }
        self.chars.get(from..self.at).unwrap_or_default().iter().collect()
    }

    /// The values behind a key, each with its place.
    fn values(&mut self, key: &'static str) -> Result<Vec<(usize, String)>, QueryError> {
        let mut values = Vec::new();
        loop {
            let at = self.at + 1;
            let value = if self.peek().is_some_and(is_quote) {
                self.quotation()?
            } else {
                self.bare(&['|', ',', '，', '｜'])
            };
            if value.trim().is_empty() {
                return Err(QueryError { at, problem: QueryProblem::NoValue { key } });
            }
            if values.len() == MOST_VALUES {
                return Err(QueryError { at, problem: QueryProblem::TooMany });
            }
            values.push((at, value.trim().to_owned()));
            if self.peek().is_some_and(|c| matches!(c, '|' | ',' | '，' | '｜')) {
                self.at += 1;
            } else {
                return Ok(values);
            }
        }
    }

    fn clause(&self, key: &'static str, values: &[(usize, String)]) -> Result<Clause, QueryError> {
        let bad = |at: usize, value: &str, expected: String| QueryError {
            at,
            problem: QueryProblem::BadValue { key, value: value.to_owned(), expected },
        };
        let first = |read: &dyn Fn(&str) -> Option<NaiveDate>| match values {
            [(at, value)] => read(value).ok_or_else(|| bad(*at, value, "2024-08-01, 2024-08, today or 7d".to_owned())),
            _ => Err(bad(values.get(1).map_or(1, |value| value.0), "|", "one day".to_owned())),
        };
        let yes = || match values {
            [(at, value)] => yes_or_no(value).ok_or_else(|| bad(*at, value, "yes or no".to_owned())),
            _ => Err(bad(values.get(1).map_or(1, |value| value.0), "|", "yes or no".to_owned())),
        };
        Ok(match key {
            "severity" => Clause::Severity(each(values, |at, value| {
                if is_none(value) || value == "未定级" || value.eq_ignore_ascii_case("ungraded") {
                    return Ok(None);
                }
                checked::severity("severity", value)
                    .map(Some)
                    .map_err(|_| bad(at, value, "a label like A, B, C, D or P1, or 未定级".to_owned()))
            })?),
            "state" => {
                let mut states = Vec::new();
                for (at, value) in values {
                    let found = states_of(value);
                    if found.is_empty() {
                        return Err(bad(*at, value, format!("{} or owed", vocabulary::STATE.list(false))));
                    }
                    states.extend(found.into_iter().filter(|state| !states.contains(state)).collect::<Vec<_>>());
                }
                Clause::State(states)
            }
            "owner" => Clause::Owner(each(values, |_, value| {
                Ok(match value {
                    "me" | "我" => Person::Me,
                    value if is_none(value) || value == "未指定" || value == "nobody" => Person::Nobody,
                    value => Person::Named(value.to_owned()),
                })
            })?),
            "service" => Clause::Service(values.iter().map(|(_, value)| value.clone()).collect()),
            "team" => {
                let team = |value: &String| match value.as_str() {
                    "unsettled" | "未定责" => Answering::Unsettled,
                    value if is_none(value) => Answering::Nobody,
                    value => Answering::Team(value.to_owned()),
                };
                Clause::Team(values.iter().map(|(_, value)| team(value)).collect())
            }
            "tag" => {
                let plain = |value: &String| value.trim_start_matches(['#', '＃']).to_owned();
                Clause::Tag(values.iter().map(|(_, value)| plain(value)).collect())
            }
            "week" => Clause::Week(each(values, |at, value| {
                self.weeks(value).ok_or_else(|| bad(at, value, "2024-W34, this, last or 2024-W30..2024-W34".to_owned()))
            })?),
            "period" => Clause::Period(each(values, |at, value| {
                let expected = "2024-W34, 2024-08, 2024-Q3, 2024 or 2024-08-01..2024-08-10";
                period(value).ok_or_else(|| bad(at, value, expected.to_owned()))
            })?),
            "from" => Clause::From(first(&|value| self.day(value, false))?),
            "to" => Clause::To(first(&|value| self.day(value, true))?),
            "cause" => Clause::Cause(each(values, |at, value| {
                if is_none(value) {
                    return Ok(None);
                }
                cause_of(value).map(Some).ok_or_else(|| bad(at, value, vocabulary::CAUSE.list(false)))
            })?),
            "kind" => Clause::Kind(each(values, |at, value| {
                kind_of(value).ok_or_else(|| bad(at, value, vocabulary::KIND.list(false)))
            })?),
            "detection" => Clause::Detection(each(values, |at, value| {
                if is_none(value) {
                    return Ok(None);
                }
                detection_of(value).map(Some).ok_or_else(|| bad(at, value, vocabulary::DETECTION.list(false)))
            })?),
            "ongoing" => Clause::Ongoing(yes()?),
            "overdue" => Clause::Overdue(yes()?),
            "has" => Clause::Has(each(values, |at, value| {
                has_of(value).ok_or_else(|| {
                    let known = "actions, open-actions, tags, links, services, team, loss, change or timeline";
                    bad(at, value, known.to_owned())
                })
            })?),
            _ => Clause::Number(each(values, |at, value| {
                numbers(value).ok_or_else(|| bad(at, value, "22, PE-22 or 22..30".to_owned()))
            })?),
        })
    }

    fn weeks(&self, value: &str) -> Option<(IsoWeek, IsoWeek)> {
        let one = |value: &str| match value {
            "this" | "本周" => Some(IsoWeek::of(self.today)),
            "last" | "上周" => Some(IsoWeek::of(self.today).previous()),
            value => value.to_uppercase().parse().ok(),
        };
        match value.split_once("..") {
            Some((from, to)) => Some((one(from)?, one(to)?)),
            None => one(value).map(|week| (week, week)),
        }
    }

    /// A day; of a month or a year its first, or its `last`.
    fn day(&self, value: &str, last: bool) -> Option<NaiveDate> {
        let value = value.replace('/', "-");
        let known = |day: NaiveDate| checked::date("from", day).ok();
        match value.as_str() {
            "today" | "今天" => return Some(self.today),
            "yesterday" | "昨天" => return self.today.pred_opt(),
            _ => {}
        }
        if let Some(days) = value.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()) {
            return self.today.checked_sub_days(Days::new(days.min(100_000))).and_then(known);
        }
        if let Ok(day) = value.parse::<NaiveDate>() {
            return known(day);
        }
        let ends = |first: NaiveDate, months: u32| {
            if last { first.checked_add_months(Months::new(months))?.pred_opt() } else { Some(first) }
        };
        let (year, month) = match value.split_once('-') {
            Some((year, month)) => (year, Some(month.parse().ok()?)),
            None => (value.as_str(), None),
        };
        if year.len() != 4 {
            return None;
        }
        let first = NaiveDate::from_ymd_opt(year.parse().ok()?, month.unwrap_or(1), 1)?;
        known(ends(first, if month.is_some() { 1 } else { 12 })?).filter(|day| day.year() > 0)
    }
}

fn each<T>(
    values: &[(usize, String)],
    read: impl Fn(usize, &str) -> Result<T, QueryError>,
) -> Result<Vec<T>, QueryError> {
    values.iter().map(|(at, value)| read(*at, value)).collect()
}

fn period(value: &str) -> Option<Period> {
    match value.split_once("..") {
        Some((from, to)) => Period::of_days(from.parse().ok()?, to.parse().ok()?).ok(),
        None => Period::parse(value).ok(),
    }
}

fn is_none(value: &str) -> bool {
    matches!(value, "-" | "none" | "无" | "未填")
}

fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "yes" | "true" | "1" | "是" => Some(true),
        "no" | "false" | "0" | "否" => Some(false),
        _ => None,
    }
}

/// What `state:owed` means.
pub const OWED: [PostmortemState; 3] = [PostmortemState::Pending, PostmortemState::Drafting, PostmortemState::InReview];

/// The states that a word means; `owed` and its words are several, and none is meant by a word that nobody knows.
pub fn states_of(value: &str) -> Vec<PostmortemState> {
    if matches!(checked::fold(value).as_str(), "owed" | "待复盘" | "未完成") {
        return OWED.to_vec();
    }
    vocabulary::STATE.code_of(value).and_then(PostmortemState::from_code).into_iter().collect()
}

/// The category of a cause by its code or its words.
pub fn cause_of(value: &str) -> Option<String> {
    vocabulary::CAUSE.code_of(value).map(str::to_owned)
}

/// The kind by its code or its words.
pub fn kind_of(value: &str) -> Option<EventKind> {
    vocabulary::KIND.code_of(value).and_then(EventKind::from_code)
}

fn detection_of(value: &str) -> Option<Detection> {
    vocabulary::DETECTION.code_of(value).and_then(Detection::from_code)
}

fn has_of(value: &str) -> Option<Has> {
    Some(match value.to_lowercase().as_str() {
        "actions" | "action" | "改进项" => Has::Actions,
        "open-actions" | "未关闭改进项" | "未完成改进项" => Has::OpenActions,
        "tags" | "tag" | "标签" => Has::Tags,
        "links" | "link" | "链接" => Has::Links,
        "services" | "service" | "业务" | "业务线" => Has::Services,
        "team" | "responsibility" | "团队" | "定责" => Has::Responsibility,
        "loss" | "资损" => Has::Loss,
        "change" | "变更" => Has::Change,
        "timeline" | "时间线" => Has::Timeline,
        _ => return None,
    })
}

fn numbers(value: &str) -> Option<(i64, i64)> {
    match value.split_once("..") {
        Some((from, "")) => Some((number_of(from)?, i64::MAX)),
        Some(("", to)) => Some((1, number_of(to)?)),
        Some((from, to)) => Some((number_of(from)?, number_of(to)?)),
        None => number_of(value).map(|number| (number, number)),
    }
}

impl EventQuery {
    /// The query without one of its parts.
    pub fn without(&self, part: usize) -> String {
        let others = self.parts.iter().enumerate().filter(|(at, _)| *at != part);
        others.map(|(_, part)| part.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The folded words that must be there, for marking them.
    pub fn words(&self) -> Vec<String> {
        let sought = self.parts.iter().filter(|part| !part.not);
        sought
            .filter_map(|part| match &part.clause {
                Clause::Word(word) => Some(word.clone()),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(text: &str) -> Result<EventQuery, QueryError> {
        parse(text, NaiveDate::from_ymd_opt(2024, 8, 21).unwrap())
    }

    fn clauses(text: &str) -> Vec<(bool, Clause)> {
        read(text).unwrap().parts.into_iter().map(|part| (part.not, part.clause)).collect()
    }

    #[test]
    fn words_phrases_and_conditions_are_read_in_both_languages() {
        let word = |word: &str| Clause::Word(word.to_owned());
        assert_eq!(
            clauses("提现　Ｂ２Ｃ -风控 \"exact  Words\" “两 个” T+0 12:30 https://x.example/a"),
            [
                (false, word("提现")),
                (false, word("b2c")),
                (true, word("风控")),
                (false, word("exact words")),
                (false, word("两 个")),
                (false, word("t+0")),
                (false, word("12:30")),
                (false, word("https://x.example/a")),
            ]
        );
        let graded = Clause::Severity(vec![Some("C".to_owned()), None]);
        assert_eq!(clauses("severity:c|未定级 等级:C级,-"), [(false, graded.clone()), (false, graded)]);
        assert_eq!(clauses("-state:done"), [(true, Clause::State(vec![PostmortemState::Done]))]);
        assert_eq!(clauses("状态：待复盘"), clauses("state:owed"));
        assert_eq!(clauses("owner:me|李雷"), [(false, Clause::Owner(vec![Person::Me, Person::Named("李雷".into())]))]);
        let day = |day| NaiveDate::from_ymd_opt(2024, 8, day).unwrap();
        assert_eq!(
            clauses("from:2024-08 to:2024/08 from:7d"),
            [(false, Clause::From(day(1))), (false, Clause::To(day(31))), (false, Clause::From(day(14)))]
        );
        assert_eq!(clauses("week:this"), clauses("周:2024-w34"));
        assert_eq!(
            clauses("number:22..30 编号:PE-7"),
            [(false, Clause::Number(vec![(22, 30)])), (false, Clause::Number(vec![(7, 7)]))]
        );
        assert_eq!(clauses("cause:变更 kind:演练 detection:客户 has:改进项 ongoing:yes overdue:否").len(), 6);
        assert_eq!(
            clauses("team:none|未定责|支付组"),
            [(
                false,
                Clause::Team(vec![Answering::Nobody, Answering::Unsettled, Answering::Team("支付组".to_owned())])
            )]
        );
        assert_eq!(clauses("期间:2024-08"), clauses("period:2024-08"));
        assert!(read("period:2024-08-01..2024-08-10").is_ok() && read("period:2024-08-10..2024-08-01").is_err());
        assert_eq!(clauses("tag:\"大 促\""), [(false, Clause::Tag(vec!["大 促".to_owned()]))]);
        // A sentence with a wide colon is a sentence.
        assert_eq!(clauses("备注：无"), [(false, word("备注:无"))]);
        assert_eq!(clauses("\"\" - ").len(), 1);
    }

    #[test]
    fn a_refusal_names_the_place_and_the_remedy() {
        let refused = |text: &str| read(text).unwrap_err();
        assert_eq!(refused("提现 sevrity:C").at, 4);
        assert!(refused("提现 sevrity:C").to_string().contains("severity, state"));
        assert_eq!(refused("提现 \"没有关").problem, QueryProblem::Unclosed);
        assert_eq!(refused("提现 \"没有关").at, 4);
        assert_eq!(refused("state:").problem, QueryProblem::NoValue { key: "state" });
        assert!(matches!(refused("from:2024-13-01").problem, QueryProblem::BadValue { key: "from", .. }));
        assert!(matches!(refused("from:99999999999999999999d").problem, QueryProblem::BadValue { .. }));
        assert!(matches!(refused(&"a ".repeat(31)).problem, QueryProblem::TooMany));
        assert!(matches!(refused(&"字".repeat(1_001)).problem, QueryProblem::TooLong { len: 1_001 }));
        assert!(matches!(refused(&format!("tag:{}", "a|".repeat(40))).problem, QueryProblem::TooMany));
        assert!(read("from:0000 to:999999").is_err());
    }

    #[test]
    fn what_was_quoted_is_read_as_it_was() {
        for value in ["plain", "two words", "-minus", "a:b", "12|3", "提现"] {
            assert_eq!(clauses(&quoted(value)), [(false, Clause::Word(value.to_owned()))]);
            assert_eq!(clauses(&format!("tag:{}", quoted(value))), [(false, Clause::Tag(vec![value.to_owned()]))]);
        }
    }
}
