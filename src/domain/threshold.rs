//! Thresholds of regulators as data: how far an event is from each. Advice, never judgement.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::{
    checked::FieldError,
    event::EventFields,
    facts::{Facts, Measure},
    grading::{id_of, words_of},
    policy::{self, PolicyKind, refused},
};

/// The thresholds that are watched.
pub const POLICY: PolicyKind =
    PolicyKind { name: "thresholds", default: policy::default_text::<ThresholdPolicy>, check: check_text };

/// A limit of one measure: reached by what lies *over* it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// minutes, transactions, users, amount, loss or records.
    pub measure: Measure,
    /// Reached by more than this.
    pub over: i64,
}

/// A rule of a regulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdRule {
    /// Short name: letters, digits and hyphens, up to 40.
    pub id: String,
    /// What it is about, up to 200 characters.
    pub words: String,
    /// The paper that it stands in, up to 200 characters.
    pub source: String,
    /// Where the paper can be read; may be empty.
    #[serde(default)]
    pub url: String,
    /// Events that began on this day or later fall under it.
    pub effective_from: NaiveDate,
    /// The last day on which it held; none while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_until: Option<NaiveDate>,
    /// Any of these reaches it.
    pub any: Vec<Limit>,
    /// Only events whose words or tags hold one of these; empty is every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_words: Vec<String>,
}

/// The rules that are watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdPolicy {
    /// In the order in which they are shown.
    pub rules: Vec<ThresholdRule>,
}

impl Default for ThresholdPolicy {
    /// 《非银行支付机构重大事项报告管理办法》 (incidents.md 5.6). The hours for filing are not known to us; compliance knows.
    fn default() -> Self {
        let limit = |measure, over| Limit { measure, over };
        let rule = |id: &str, words: &str, any, only_words: &[&str]| ThresholdRule {
            id: id.to_owned(),
            words: words.to_owned(),
            source: "《非银行支付机构重大事项报告管理办法》（中国人民银行，2021-07-23 印发）".to_owned(),
            url: "https://jrwenku.com/38964.html".to_owned(),
            effective_from: NaiveDate::from_ymd_opt(2021, 9, 1).unwrap_or_default(),
            effective_until: None,
            any,
            only_words: only_words.iter().map(|word| (*word).to_owned()).collect(),
        };
        Self {
            rules: vec![
                rule(
                    "pbc-interruption",
                    "支付业务中断或故障超过 2 小时，或影响超过 100,000 笔",
                    vec![limit(Measure::Minutes, 120), limit(Measure::Transactions, 100_000)],
                    &[],
                ),
                rule(
                    "pbc-leakage",
                    "信息泄露一次超过 5,000 条，或涉及超过 500 户",
                    vec![limit(Measure::Records, 5_000), limit(Measure::Users, 500)],
                    &["泄露", "泄漏", "leak"],
                ),
            ],
        }
    }
}

impl ThresholdPolicy {
    /// Refuses rules that say nothing or ask for the absurd.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        if self.rules.len() > 50 {
            return Err(refused("rules", "give at most 50 rules"));
        }
        let mut seen = Vec::new();
        for (at, rule) in self.rules.iter_mut().enumerate() {
            let place = |part: &str| format!("rules[{at}].{part}");
            rule.id = id_of(&place("id"), &rule.id, &mut seen)?;
            rule.words = words_of(&place("words"), &rule.words)?;
            rule.source = words_of(&place("source"), &rule.source)?;
            let url = rule.url.trim().to_owned();
            let address = url.starts_with("https://") || url.starts_with("http://");
            if !url.is_empty() && (!address || url.contains(char::is_whitespace) || url.chars().count() > 500) {
                let remedy = "write an address that begins with https:// or http://";
                return Err(refused(&place("url"), remedy));
            }
            rule.url = url;
            for (part, day) in
                [("effective_from", Some(rule.effective_from)), ("effective_until", rule.effective_until)]
            {
                if day.is_some_and(|day| crate::domain::checked::date("policy", day).is_err()) {
                    return Err(refused(&place(part), "give a date between 1970 and 9998"));
                }
            }
            if rule.effective_until.is_some_and(|until| until < rule.effective_from) {
                return Err(refused(&place("effective_until"), "give a day that does not lie before effective_from"));
            }
            if rule.any.is_empty() || rule.any.len() > 10 {
                return Err(refused(&place("any"), "give 1 to 10 limits"));
            }
            for (which, limit) in rule.any.iter().enumerate() {
                let place = place(&format!("any[{which}]"));
                if matches!(limit.measure, Measure::Core | Measure::Drop) {
                    let remedy = "choose minutes, transactions, users, amount, loss or records";
                    return Err(refused(&format!("{place}.measure"), remedy));
                }
                if !(1..=1_000_000_000_000_000).contains(&limit.over) {
                    return Err(refused(&format!("{place}.over"), "give 1 to 1000000000000000"));
                }
            }
            if rule.only_words.len() > 20 || rule.only_words.iter().any(|word| word.trim().is_empty()) {
                return Err(refused(&place("only_words"), "give at most 20 words, none of them empty"));
            }
        }
        Ok(self)
    }
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<ThresholdPolicy>(document)?.checked().map(|policy| policy::text(&policy))
}

/// How far an event is from one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distance {
    /// The limit.
    pub limit: Limit,
    /// What is known; minutes in whole minutes.
    pub value: Option<i64>,
    /// Whether it lies over the limit, to the second.
    pub reached: bool,
    /// How much of the limit, in percent, at most 100.
    pub percent: i64,
}

/// How far an event is from one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The rule.
    pub rule: ThresholdRule,
    /// Each limit.
    pub distances: Vec<Distance>,
    /// Whether any limit is reached.
    pub reached: bool,
}

/// The rules that an event falls under, and how far it is from each. `day` is the day of its beginning in the zone of
/// the report.
pub fn watch(policy: &ThresholdPolicy, fields: &EventFields, facts: &Facts, day: NaiveDate) -> Vec<Watched> {
    let held =
        |rule: &&ThresholdRule| rule.effective_from <= day && rule.effective_until.is_none_or(|until| day <= until);
    policy.rules.iter().filter(held).filter(|rule| concerns(rule, fields)).map(|rule| of_rule(rule, facts)).collect()
}

fn concerns(rule: &ThresholdRule, fields: &EventFields) -> bool {
    if rule.only_words.is_empty() {
        return true;
    }
    let fold = crate::domain::checked::fold;
    let own = [&fields.summary, &fields.impact, &fields.cause, &fields.recovery];
    let own = own.into_iter().flatten().chain([&fields.narrative]).chain(&fields.tags);
    let text = own.map(|part| fold(part)).collect::<Vec<_>>().join("\n");
    rule.only_words.iter().any(|word| text.contains(&fold(word)))
}

fn of_rule(rule: &ThresholdRule, facts: &Facts) -> Watched {
    let distances: Vec<Distance> = rule
        .any
        .iter()
        .map(|limit| {
            let value = facts.value(limit.measure);
            let reached = match limit.measure {
                Measure::Minutes => facts.seconds.is_some_and(|seconds| seconds > limit.over.saturating_mul(60)),
                _ => value.is_some_and(|value| value > limit.over),
            };
            let percent = value.map_or(0, |value| (value.saturating_mul(100) / limit.over.max(1)).clamp(0, 100));
            Distance { limit: *limit, value, reached, percent }
        })
        .collect();
    let reached = distances.iter().any(|distance| distance.reached);
    Watched { rule: rule.clone(), distances, reached }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_rule_says_how_far_it_is_and_is_reached_only_by_more() {
        let policy = ThresholdPolicy::default();
        let fields = EventFields::default();
        let facts = |seconds, transactions| Facts { seconds, transactions, ..Facts::default() };
        let watched = watch(&policy, &fields, &facts(Some(1_800), Some(684)), day("2024-08-19"));
        assert_eq!(watched.len(), 1, "nothing says that data leaked");
        let values: Vec<_> = watched[0].distances.iter().map(|one| (one.value, one.limit.over, one.percent)).collect();
        assert_eq!(values, [(Some(30), 120, 25), (Some(684), 100_000, 0)]);
        for (seconds, transactions, reached) in [
            (Some(7_200), None, false),
            (Some(7_201), None, true),
            (None, Some(100_000), false),
            (None, Some(100_001), true),
            (None, None, false),
        ] {
            let watched = watch(&policy, &fields, &facts(seconds, transactions), day("2024-08-19"));
            assert_eq!(watched[0].reached, reached, "{seconds:?} {transactions:?}");
        }
    }

    #[test]
    fn a_rule_holds_from_its_day_on_and_leaks_are_known_by_their_words() {
        let policy = ThresholdPolicy::default();
        let leak = EventFields { summary: Some("客户信息泄露".to_owned()), ..EventFields::default() };
        let facts = Facts { users: Some(501), ..Facts::default() };
        assert_eq!(watch(&policy, &leak, &facts, day("2021-08-31")), []);
        let watched = watch(&policy, &leak, &facts, day("2021-09-01"));
        assert_eq!(watched.iter().map(|one| one.reached).collect::<Vec<_>>(), [false, true]);
        assert_eq!(watched[1].distances[0].value, None, "how many records is not known");
    }

    #[test]
    fn bad_rules_are_refused_with_their_place() {
        type Spoil = fn(&mut ThresholdPolicy);
        let cases: [(Spoil, &str); 6] = [
            (|p| p.rules[1].id = "pbc-interruption".to_owned(), "rules[1].id: pbc-interruption is named twice"),
            (|p| p.rules[0].any.clear(), "rules[0].any: give 1 to 10 limits"),
            (|p| p.rules[0].any[1].over = 0, "rules[0].any[1].over: give 1 to"),
            (|p| p.rules[0].any[0].measure = Measure::Core, "rules[0].any[0].measure: choose"),
            (|p| p.rules[0].url = "javascript:alert(1)".to_owned(), "rules[0].url: write an address"),
            (|p| p.rules[0].effective_until = Some(day("1999-01-01")), "rules[0].effective_until: give a day"),
        ];
        for (spoil, words) in cases {
            let mut policy = ThresholdPolicy::default();
            spoil(&mut policy);
            let refusal = policy.checked().unwrap_err().to_string();
            assert!(refusal.contains(words), "{refusal}");
        }
    }
}
