//! Proposing a level from what is known of an event: rules as data, the worst first; the first one whose conditions all
//! hold proposes its level. What is not known makes a rule silent, and is named.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{
    checked::FieldError,
    event_record::WHOLE,
    facts::{Facts, Measure, ServiceFacts},
    policy::{self, PolicyKind, refused},
    severity::SeverityPolicy,
};

/// The rules that propose a level.
pub const POLICY: PolicyKind =
    PolicyKind { name: "grading", default: policy::default_text::<GradingPolicy>, check: check_text };

/// The conditions of a rule: all that are given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// A core service is affected, or none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core: Option<bool>,
    /// The success rate fell by at least so many basis points; with `core`, that of the same service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_bp: Option<i64>,
    /// It took at least so many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i64>,
    /// At least so many transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transactions: Option<i64>,
    /// At least so many people or merchants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<i64>,
    /// At least so many fen in affected transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_fen: Option<i64>,
    /// At least so many fen of fund loss.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_fen: Option<i64>,
}

impl Conditions {
    /// The conditions as measures with their least values; `core` is 1 or 0.
    pub fn least(&self) -> Vec<(Measure, i64)> {
        let core = self.core.map(|core| (Measure::Core, i64::from(core)));
        core.into_iter().chain(self.numbers().into_iter().filter_map(|(m, least, _)| Some((m, least?)))).collect()
    }

    fn numbers(&self) -> [(Measure, Option<i64>, i64); 6] {
        [
            (Measure::Drop, self.drop_bp, i64::from(WHOLE)),
            (Measure::Minutes, self.minutes, 525_600),
            (Measure::Transactions, self.transactions, 1_000_000_000_000),
            (Measure::Users, self.users, 10_000_000_000),
            (Measure::Amount, self.amount_fen, 1_000_000_000_000_000),
            (Measure::Loss, self.loss_fen, 1_000_000_000_000_000),
        ]
    }

    /// The measures that the conditions ask.
    pub fn measures(&self) -> Vec<Measure> {
        self.least().into_iter().map(|(measure, _)| measure).collect()
    }

    /// The value that a condition was compared with: a drop that is asked of core services is that of the core services.
    fn measured(&self, facts: &Facts, measure: Measure) -> Option<i64> {
        if measure == Measure::Drop && self.core == Some(true) && !facts.services.is_empty() {
            let core = facts.services.iter().filter(|service| service.core);
            return core.filter_map(|service| service.drop.or(facts.drop)).max();
        }
        facts.value(measure)
    }

    /// Whether all conditions hold.
    fn judge(&self, facts: &Facts) -> Verdict {
        let mut verdict = self.of_services(facts);
        for (measure, least, _) in self.numbers() {
            let Some(least) = least.filter(|_| measure != Measure::Drop) else { continue };
            verdict = verdict.and(match facts.value(measure) {
                None => Verdict::Unknown(BTreeSet::from([measure])),
                Some(value) if value >= least => Verdict::Holds,
                Some(_) => Verdict::Fails,
            });
        }
        verdict
    }

    /// `core` and `drop_bp` are asked of one service together: a core line that is hardly touched and a small one that
    /// is down do not make a core line that is down.
    fn of_services(&self, facts: &Facts) -> Verdict {
        let drop_holds = |drop: Option<i64>| match (self.drop_bp, drop) {
            (None, _) => Verdict::Holds,
            (Some(_), None) => Verdict::Unknown(BTreeSet::from([Measure::Drop])),
            (Some(least), Some(drop)) if drop >= least => Verdict::Holds,
            (Some(_), Some(_)) => Verdict::Fails,
        };
        if facts.services.is_empty() {
            let core = match self.core {
                None => Verdict::Holds,
                Some(_) => Verdict::Unknown(BTreeSet::from([Measure::Core])),
            };
            return core.and(drop_holds(facts.drop));
        }
        // “No core service” is said of the event as a whole.
        if self.core == Some(false) && facts.services.iter().any(|service| service.core) {
            return Verdict::Fails;
        }
        let of_one = |service: &ServiceFacts| {
            if self.core == Some(true) && !service.core {
                return Verdict::Fails;
            }
            drop_holds(service.drop.or(facts.drop))
        };
        facts.services.iter().map(of_one).fold(Verdict::Fails, Verdict::or)
    }
}

/// What became of conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Holds,
    Fails,
    /// They may hold: these are not known.
    Unknown(BTreeSet<Measure>),
}

impl Verdict {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fails, _) | (_, Self::Fails) => Self::Fails,
            (Self::Holds, other) | (other, Self::Holds) => other,
            (Self::Unknown(mut a), Self::Unknown(b)) => {
                a.extend(b);
                Self::Unknown(a)
            }
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Holds, _) | (_, Self::Holds) => Self::Holds,
            (Self::Fails, other) | (other, Self::Fails) => other,
            (Self::Unknown(mut a), Self::Unknown(b)) => {
                a.extend(b);
                Self::Unknown(a)
            }
        }
    }
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Short name: letters, digits and hyphens, up to 40.
    pub id: String,
    /// The level that it proposes.
    pub level: String,
    /// The rule in words, up to 200 characters.
    pub words: String,
    /// What must hold.
    pub when: Conditions,
}

/// Rules, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GradingPolicy {
    /// The first one whose conditions all hold proposes its level.
    pub rules: Vec<Rule>,
}

impl Default for GradingPolicy {
    /// After the matrix that Alibaba publishes for its fault levels (incidents.md 5.1: core or not, fall of the success
    /// rate of 30 % and 20 %), with numbers for payments beside it. No rule of law: every house sets its own.
    fn default() -> Self {
        let rule = |id: &str, level: &str, words: &str, when: Conditions| Rule {
            id: id.to_owned(),
            level: level.to_owned(),
            words: words.to_owned(),
            when,
        };
        let core =
            |core: bool, drop: i64| Conditions { core: Some(core), drop_bp: Some(drop), ..Conditions::default() };
        let core_minutes = |minutes| Conditions { core: Some(true), minutes: Some(minutes), ..Conditions::default() };
        let transactions = |least| Conditions { transactions: Some(least), ..Conditions::default() };
        let users = |least| Conditions { users: Some(least), ..Conditions::default() };
        let loss = |least| Conditions { loss_fen: Some(least), ..Conditions::default() };
        Self {
            rules: vec![
                rule("loss-a", "A", "资损 ≥ 100 万元", loss(100_000_000)),
                rule("core-drop-a", "A", "核心业务成功率下降 ≥ 30%", core(true, 3_000)),
                rule("core-minutes-a", "A", "核心业务中断 ≥ 120 分钟", core_minutes(120)),
                rule("transactions-a", "A", "影响 ≥ 100,000 笔", transactions(100_000)),
                rule("users-a", "A", "影响 ≥ 50,000 户", users(50_000)),
                rule("loss-b", "B", "资损 ≥ 10 万元", loss(10_000_000)),
                rule("core-drop-b", "B", "核心业务成功率下降 ≥ 20%", core(true, 2_000)),
                rule("drop-b", "B", "非核心业务成功率下降 ≥ 30%", core(false, 3_000)),
                rule("core-minutes-b", "B", "核心业务受影响 ≥ 60 分钟", core_minutes(60)),
                rule("transactions-b", "B", "影响 ≥ 10,000 笔", transactions(10_000)),
                rule("users-b", "B", "影响 ≥ 5,000 户", users(5_000)),
                rule("loss-c", "C", "有资损", loss(1)),
                rule("core-drop-c", "C", "核心业务成功率下降 ≥ 1%", core(true, 100)),
                rule("drop-c", "C", "非核心业务成功率下降 ≥ 20%", core(false, 2_000)),
                rule("core-minutes-c", "C", "核心业务受影响 ≥ 30 分钟", core_minutes(30)),
                rule("transactions-c", "C", "影响 ≥ 100 笔", transactions(100)),
                rule("users-c", "C", "影响 ≥ 50 户", users(50)),
                rule("drop-d", "D", "非核心业务成功率下降", core(false, 1)),
                rule("transactions-d", "D", "有交易受影响", transactions(1)),
                rule("users-d", "D", "有用户受影响", users(1)),
            ],
        }
    }
}

impl GradingPolicy {
    /// Refuses rules that can never be told apart, never fire, or ask for the absurd.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        if self.rules.len() > 100 {
            return Err(refused("rules", "give at most 100 rules"));
        }
        let mut seen: Vec<String> = Vec::new();
        for (at, rule) in self.rules.iter_mut().enumerate() {
            let place = |part: &str| format!("rules[{at}].{part}");
            rule.id = id_of(&place("id"), &rule.id, &mut seen)?;
            rule.level = crate::domain::checked::severity("severity", &rule.level)
                .map_err(|_| refused(&place("level"), "write a label like A, B, C, D or P1"))?;
            rule.words = words_of(&place("words"), &rule.words)?;
            if rule.when.measures().is_empty() {
                return Err(refused(&place("when"), "give at least one condition"));
            }
            for (measure, least, most) in rule.when.numbers() {
                if least.is_some_and(|least| !(0..=most).contains(&least)) {
                    let part = format!("when.{}", condition_name(measure));
                    return Err(refused(&place(&part), &format!("give 0 to {most}")));
                }
            }
        }
        Ok(self)
    }

    /// The first rule whose level the house does not know.
    pub fn stranger(&self, levels: &SeverityPolicy) -> Option<FieldError> {
        let (at, rule) = self.rules.iter().enumerate().find(|(_, rule)| levels.level(&rule.level).is_none())?;
        let remedy = format!("there is no level {}; choose one of {}", rule.level, levels.labels().join(", "));
        Some(refused(&format!("rules[{at}].level"), &remedy))
    }
}

const fn condition_name(measure: Measure) -> &'static str {
    match measure {
        Measure::Drop => "drop_bp",
        Measure::Amount => "amount_fen",
        Measure::Loss => "loss_fen",
        other => other.code(),
    }
}

/// A short name that no other entry has.
pub(super) fn id_of(place: &str, id: &str, seen: &mut Vec<String>) -> Result<String, FieldError> {
    let id = id.trim().to_owned();
    let good = (1..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !good {
        return Err(refused(place, "write 1 to 40 letters, digits and hyphens"));
    }
    if seen.contains(&id) {
        return Err(refused(place, &format!("{id} is named twice; give each rule a name of its own")));
    }
    seen.push(id.clone());
    Ok(id)
}

/// A sentence of 1 to 200 characters on one line.
pub(super) fn words_of(place: &str, words: &str) -> Result<String, FieldError> {
    let words = words.trim();
    if words.is_empty() || words.chars().count() > 200 || words.chars().any(char::is_control) {
        return Err(refused(place, "write 1 to 200 characters on one line"));
    }
    Ok(words.to_owned())
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<GradingPolicy>(document)?.checked().map(|policy| policy::text(&policy))
}

/// What the rules propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The rule that fired; none where none did.
    pub rule: Option<Rule>,
    /// The level in the labels of the house; none where no rule fired.
    pub level: Option<String>,
    /// The values that the rule asked for.
    pub used: Vec<(Measure, i64)>,
    /// What is not known and could make it worse, in the order of [`Measure`].
    pub missing: Vec<Measure>,
    /// What it was judged by.
    pub facts: Facts,
}

/// Proposes a level: the first rule whose conditions all hold. `missing` names what silent rules of a worse level asked
/// for; where no rule fires, what any rule asked for.
pub fn propose(facts: Facts, policy: &GradingPolicy, levels: &SeverityPolicy) -> Proposal {
    let place = |rule: &Rule| levels.find(&rule.level).map_or(usize::MAX, |(place, _)| place);
    let mut silent: Vec<(usize, BTreeSet<Measure>)> = Vec::new();
    let mut fired = None;
    for rule in &policy.rules {
        match rule.when.judge(&facts) {
            Verdict::Holds => {
                fired = Some(rule.clone());
                break;
            }
            Verdict::Fails => {}
            Verdict::Unknown(measures) => silent.push((place(rule), measures)),
        }
    }
    let standing = fired.as_ref().map_or(usize::MAX, place);
    let worse = silent.into_iter().filter(|(place, _)| fired.is_none() || *place < standing);
    let missing: BTreeSet<Measure> = worse.flat_map(|(_, measures)| measures).collect();
    let level = fired
        .as_ref()
        .map(|rule| levels.level(&rule.level).map_or_else(|| rule.level.clone(), |level| level.label.clone()));
    let used = fired
        .iter()
        .flat_map(|rule| rule.when.measures().into_iter().map(move |measure| (rule, measure)))
        .filter_map(|(rule, measure)| Some((measure, rule.when.measured(&facts, measure)?)))
        .collect();
    Proposal { rule: fired, level, used, missing: missing.into_iter().collect(), facts }
}

/// Whether a grade needs a reason: every later one does, and a first one that is not what was proposed. Another name of
/// the same level is no other grade.
pub fn needs_reason(levels: &SeverityPolicy, from: Option<&str>, to: Option<&str>, proposed: Option<&str>) -> bool {
    match from {
        Some(_) => !levels.same(from, to),
        None => proposed.is_some() && !levels.same(proposed, to),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn proposed(facts: &Facts) -> Proposal {
        propose(facts.clone(), &GradingPolicy::default(), &SeverityPolicy::default())
    }

    fn fired(proposal: &Proposal) -> (Option<&str>, Option<&str>) {
        (proposal.level.as_deref(), proposal.rule.as_ref().map(|rule| rule.id.as_str()))
    }

    #[test]
    fn the_first_rule_whose_conditions_all_hold_proposes_and_the_unknown_is_named() {
        let nothing = proposed(&Facts::default());
        assert_eq!(fired(&nothing), (None, None));
        assert_eq!(nothing.missing.len(), 6, "{:?}", nothing.missing);

        let sample = Facts { seconds: Some(1_800), transactions: Some(684), ..Facts::default() };
        let proposal = proposed(&sample);
        assert_eq!(fired(&proposal), (Some("C"), Some("transactions-c")));
        assert_eq!(proposal.used, [(Measure::Transactions, 684)]);
        assert_eq!(
            proposal.missing,
            [Measure::Core, Measure::Drop, Measure::Users, Measure::Loss],
            "half an hour is known and too short for the rules above"
        );

        let core = ServiceFacts { core: true, drop: Some(3_000) };
        let down = Facts { services: vec![core], loss: Some(0), ..sample };
        let proposal = proposed(&down);
        assert_eq!(fired(&proposal), (Some("A"), Some("core-drop-a")));
        assert_eq!(proposal.used, [(Measure::Core, 1), (Measure::Drop, 3_000)]);
        assert_eq!(proposal.missing, []);
    }

    #[test]
    fn what_could_only_confirm_the_level_is_not_asked_for() {
        let worst = Facts { transactions: Some(120_000), ..Facts::default() };
        let proposal = proposed(&worst);
        assert_eq!(fired(&proposal), (Some("A"), Some("transactions-a")));
        assert_eq!(proposal.missing, [], "rules above propose A too");
    }

    #[test]
    fn a_core_line_that_is_hardly_touched_does_not_borrow_the_fall_of_a_small_one() {
        let services =
            vec![ServiceFacts { core: true, drop: Some(150) }, ServiceFacts { core: false, drop: Some(10_000) }];
        let facts = Facts { services, loss: Some(0), transactions: Some(0), users: Some(0), ..Facts::default() };
        assert_eq!(fired(&proposed(&facts)), (Some("C"), Some("core-drop-c")));
    }

    #[test]
    fn a_worse_fact_never_proposes_a_milder_level() {
        let levels = SeverityPolicy::default();
        let place = |facts: &Facts| {
            let level = proposed(facts).level;
            level.and_then(|label| levels.find(&label).map(|(at, _)| at)).unwrap_or(usize::MAX)
        };
        let numbers = [0_i64, 1, 99, 100, 9_999, 10_000, 100_000, 10_000_000];
        for pair in numbers.windows(2) {
            for core in [true, false] {
                for drop in [None, Some(50), Some(2_500), Some(9_000)] {
                    let facts = |n: i64| Facts {
                        services: vec![ServiceFacts { core, drop }],
                        transactions: Some(n),
                        users: Some(n),
                        seconds: Some(n.min(100_000) * 60),
                        loss: Some(n),
                        ..Facts::default()
                    };
                    assert!(place(&facts(pair[1])) <= place(&facts(pair[0])), "{pair:?} {core} {drop:?}");
                }
            }
        }
    }

    #[test]
    fn a_first_grade_needs_a_reason_only_against_the_proposal_and_a_later_one_always() {
        let levels = SeverityPolicy::default();
        assert!(!needs_reason(&levels, None, Some("C"), Some("C")));
        assert!(!needs_reason(&levels, None, Some("P2"), Some("C")));
        assert!(!needs_reason(&levels, None, Some("C"), None));
        assert!(needs_reason(&levels, None, Some("D"), Some("C")));
        assert!(needs_reason(&levels, Some("C"), Some("B"), Some("B")));
        assert!(needs_reason(&levels, Some("C"), None, None));
        assert!(!needs_reason(&levels, Some("P1"), Some("B"), Some("C")));
    }

    #[test]
    fn bad_rules_are_refused_with_their_place() {
        type Spoil = fn(&mut GradingPolicy);
        let cases: [(Spoil, &str); 6] = [
            (|p| p.rules[1].id = "loss-a".to_owned(), "rules[1].id: loss-a is named twice"),
            (|p| p.rules[0].id = "资损".to_owned(), "rules[0].id: write 1 to 40"),
            (|p| p.rules[2].when = Conditions::default(), "rules[2].when: give at least one condition"),
            (|p| p.rules[1].when.drop_bp = Some(10_001), "rules[1].when.drop_bp: give 0 to 10000"),
            (|p| p.rules[1].when.minutes = Some(-1), "rules[1].when.minutes: give 0 to 525600"),
            (|p| p.rules[3].words = String::new(), "rules[3].words: write 1 to 200"),
        ];
        for (spoil, words) in cases {
            let mut policy = GradingPolicy::default();
            spoil(&mut policy);
            let refusal = policy.checked().unwrap_err().to_string();
            assert!(refusal.contains(words), "{refusal}");
        }
        let mut stranger = GradingPolicy::default();
        stranger.rules[4].level = "Z".to_owned();
        let refusal = stranger.stranger(&SeverityPolicy::default()).unwrap().to_string();
        assert!(refusal.contains("rules[4].level: there is no level Z"), "{refusal}");
        let unknown =
            check_text("{\"rules\": [{\"id\": \"x\", \"level\": \"A\", \"words\": \"x\", \"when\": {\"txns\": 1}}]}");
        assert!(unknown.unwrap_err().to_string().contains("unknown field `txns`"));
    }
}
