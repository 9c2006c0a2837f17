//! What an event's record still lacks, as questions in the order in which they are worth asking.

use serde::{Deserialize, Serialize};

use crate::domain::{
    checked::FieldError,
    event::EventFields,
    event_record::{EventKind, FACT_NAMES},
    policy::{self, PolicyKind, refused},
};

/// Which facts a postmortem needs.
pub const POLICY: PolicyKind =
    PolicyKind { name: "completeness", default: policy::default_text::<Requirements>, check: check_text };

/// Facts that can be asked for, the most useful first: what stops the clock, what it hit, how it was found, why.
pub const FACTS: [&str; 14] = [
    "occurred",
    "recovered",
    "summary",
    "impacts",
    "detected",
    "services",
    "mitigated",
    "detection",
    "cause",
    "loss",
    "severity",
    "cause_category",
    "acknowledged",
    "located",
];

/// Which facts must be answered before the postmortem may be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// For events of every level, also 未定级: names of [`FACTS`].
    pub every: Vec<String>,
    /// In addition, for events of these levels.
    #[serde(default)]
    pub by_level: Vec<LevelRequirement>,
}

/// What events of some levels need in addition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelRequirement {
    /// Severity labels in capitals.
    pub levels: Vec<String>,
    /// Names of [`FACTS`].
    pub facts: Vec<String>,
}

impl Default for Requirements {
    /// Asked is everything; needed before the postmortem is done is what the level is worth: nothing of an event that
    /// nobody graded, of C when it began and ended and why, of the upper levels also what it hit, how it was found and
    /// what it cost.
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            every: Vec::new(),
            by_level: vec![
                LevelRequirement {
                    levels: names(&["A", "B", "C", "P0", "P1", "P2", "SEV0", "SEV1", "SEV2", "SEV3"]),
                    facts: names(&["occurred", "recovered", "cause"]),
                },
                LevelRequirement {
                    levels: names(&["A", "B", "P0", "P1", "SEV0", "SEV1", "SEV2"]),
                    facts: names(&[
                        "impacts",
                        "detected",
                        "mitigated",
                        "services",
                        "detection",
                        "loss",
                        "cause_category",
                    ]),
                },
            ],
        }
    }
}

impl Requirements {
    /// Checks a document that people edited. Labels of levels are kept as events have them: in capitals.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        if self.by_level.len() > 50 {
            return Err(refused("by_level", "give at most 50 entries"));
        }
        let lists = self.by_level.iter().enumerate().map(|(at, level)| (format!("by_level[{at}].facts"), &level.facts));
        for (place, facts) in [("every".to_owned(), &self.every)].into_iter().chain(lists) {
            for (at, fact) in facts.iter().enumerate() {
                if !FACTS.contains(&fact.as_str()) {
                    return Err(refused(&place, &format!("choose among {}", FACTS.join(", "))));
                }
                if facts.iter().take(at).any(|other| other == fact) {
                    return Err(refused(&place, &format!("{fact} is named twice; name each fact once")));
                }
            }
        }
        for (at, level) in self.by_level.iter_mut().enumerate() {
            level.levels = policy::labels(&format!("by_level[{at}].levels"), &level.levels)?;
        }
        Ok(self)
    }

    /// Whether an event with these fields needs the fact before its postmortem is done.
    pub fn need(&self, fact: &str, fields: &EventFields) -> bool {
        let severity = fields.severity.as_deref();
        self.every.iter().any(|name| name == fact)
            || self.by_level.iter().any(|level| {
                level.levels.iter().any(|label| Some(label.as_str()) == severity)
                    && level.facts.iter().any(|name| name == fact)
            })
    }
}

/// A question about a fact that the record lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The fact, one of [`FACTS`].
    pub field: &'static str,
    /// What the answer is good for.
    pub reason: Reason,
    /// The postmortem cannot be done without an answer; "unknown" is one.
    pub required: bool,
    /// Whether "unknown" may be answered.
    pub may_be_unknown: bool,
}

/// What the answer to a question is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The week and every duration count from it.
    Beginning,
    /// The duration and the due date count to it.
    End,
    /// Lists and reports show it as the title.
    Title,
    /// The level and the thresholds are proposed from it.
    Size,
    /// How long it took to see (1-5-10).
    TimeToDetect,
    /// Availability is computed from it.
    Services,
    /// How long it took to stop the loss.
    TimeToMitigate,
    /// The share that monitoring found.
    Detection,
    /// The postmortem and similar events begin with it.
    Cause,
    /// 资损 is reported apart.
    Loss,
    /// The due date and the counts depend on it.
    Level,
    /// The share of changes among the causes.
    Category,
    /// How long it took to respond.
    TimeToRespond,
    /// How long it took to locate.
    TimeToLocate,
}

impl Reason {
    /// The spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Beginning => "beginning",
            Self::End => "end",
            Self::Title => "title",
            Self::Size => "size",
            Self::TimeToDetect => "time_to_detect",
            Self::Services => "services",
            Self::TimeToMitigate => "time_to_mitigate",
            Self::Detection => "detection",
            Self::Cause => "cause",
            Self::Loss => "loss",
            Self::Level => "level",
            Self::Category => "category",
            Self::TimeToRespond => "time_to_respond",
            Self::TimeToLocate => "time_to_locate",
        }
    }

    fn of(fact: &str) -> Self {
        match fact {
            "recovered" => Self::End,
            "summary" => Self::Title,
            "impacts" => Self::Size,
            "detected" => Self::TimeToDetect,
            "services" => Self::Services,
            "mitigated" => Self::TimeToMitigate,
            "detection" => Self::Detection,
            "cause" => Self::Cause,
            "loss" => Self::Loss,
            "severity" => Self::Level,
            "cause_category" => Self::Category,
            "acknowledged" => Self::TimeToRespond,
            "located" => Self::TimeToLocate,
            _ => Self::Beginning,
        }
    }
}

/// The questions that are open, the most useful first; those that are required come before the others. A drill and
/// planned maintenance are asked for their beginning and end alone.
pub fn missing(fields: &EventFields, requirements: &Requirements) -> Vec<Question> {
    let mut open: Vec<Question> = FACTS
        .into_iter()
        .filter(|fact| fields.kind == EventKind::Normal || matches!(*fact, "occurred" | "recovered"))
        .filter(|fact| !is_answered(fields, fact))
        .map(|field| Question {
            field,
            reason: Reason::of(field),
            required: fields.kind == EventKind::Normal && requirements.need(field, fields),
            may_be_unknown: may_be_unknown(field),
        })
        .collect();
    // Stable: within both halves the order of usefulness stays.
    open.sort_by_key(|question| !question.required);
    open
}

/// Whether "nobody can tell" is an answer: a level and a title are given, not found. A cause without a category has
/// one of that name.
pub fn may_be_unknown(fact: &str) -> bool {
    fact == "cause_category" || FACT_NAMES.contains(&fact)
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<Requirements>(document)?.checked().map(|requirements| policy::text(&requirements))
}

fn is_answered(fields: &EventFields, fact: &str) -> bool {
    fields.tells(fact) || fields.unknown.iter().any(|name| name == fact)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::clock_point::ClockPoint;

    fn named(questions: &[Question]) -> Vec<&'static str> {
        questions.iter().map(|question| question.field).collect()
    }

    fn asked(fields: &EventFields) -> Vec<Question> {
        missing(fields, &Requirements::default())
    }

    #[test]
    fn what_is_required_is_asked_first_and_unknown_is_an_answer() {
        let mut fields = EventFields { narrative: "提现失败".to_owned(), ..EventFields::default() };
        assert!(
            asked(&fields).iter().all(|question| !question.required),
            "nothing is required of an event without a level"
        );
        fields.severity = Some("C".to_owned());
        let open = asked(&fields);
        assert_eq!(named(&open)[..3], ["occurred", "recovered", "cause"]);
        assert!(open.iter().take(3).all(|question| question.required));
        assert!(open.iter().skip(3).all(|question| !question.required));
        assert!(!named(&open).contains(&"summary"), "a sentence is a title");
        fields.occurred = Some(ClockPoint::minute("2024-08-19T07:00:00Z".parse().unwrap()));
        fields.unknown = vec!["recovered".to_owned(), "impacts".to_owned()];
        assert_eq!(named(&asked(&fields))[..2], ["cause", "detected"]);
    }

    #[test]
    fn the_upper_levels_must_say_more() {
        let mut fields = EventFields { narrative: "提现失败".to_owned(), ..EventFields::default() };
        let detected = |fields: &EventFields| asked(fields).into_iter().find(|one| one.field == "detected").unwrap();
        assert!(!detected(&fields).required);
        fields.severity = Some("A".to_owned());
        assert!(detected(&fields).required);
    }

    #[test]
    fn a_drill_is_asked_for_its_time_alone() {
        let fields = EventFields { kind: EventKind::Drill, narrative: "演练".to_owned(), ..EventFields::default() };
        let open = asked(&fields);
        assert_eq!(named(&open), ["occurred", "recovered"]);
        assert!(open.iter().all(|question| !question.required));
    }

    #[test]
    fn every_fact_that_may_be_unknown_can_be_asked_for() {
        assert!(FACT_NAMES.iter().all(|name| FACTS.contains(name)));
    }

    #[test]
    fn a_document_with_unknown_facts_levels_or_keys_is_refused_with_its_place() {
        let tidy = check_text(r#"{"every": ["cause"], "by_level": [{"levels": ["c级"], "facts": ["loss"]}]}"#).unwrap();
        let requirements: Requirements = policy::read(&tidy).unwrap();
        let fields = EventFields { severity: Some("C".to_owned()), ..EventFields::default() };
        let required = missing(&fields, &requirements).into_iter().filter(|question| question.required).count();
        assert_eq!(required, 2);
        for (document, words) in [
            (r#"{"every": ["weather"]}"#, "every: choose among occurred"),
            (r#"{"every": ["cause", "cause"]}"#, "every: cause is named twice"),
            (r#"{"every": [], "by_level": [{"levels": ["很坏"], "facts": []}]}"#, "by_level[0].levels: write a label"),
            (r#"{"every": [], "by_level": [{"levels": [], "facts": ["x"]}]}"#, "by_level[0].facts: choose among"),
            (r#"{"every": [], "colour": 1}"#, "unknown field `colour`"),
        ] {
            let refusal = check_text(document).unwrap_err().to_string();
            assert!(refusal.contains(words), "{document}: {refusal}");
        }
    }
}
