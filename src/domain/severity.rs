//! The levels of a house as data: labels, order, colour, and what a level brings with it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::domain::{
    checked,
    checked::FieldError,
    policy::{self, PolicyKind, refused},
};

/// Levels and what they bring with them.
pub const POLICY: PolicyKind =
    PolicyKind { name: "severity", default: policy::default_text::<SeverityPolicy>, check: check_text };

/// The colours of levels, worst first; the class of a badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Solid red.
    Red,
    /// Orange with a border.
    Orange,
    /// Soft yellow.
    Yellow,
    /// Grey outline.
    Grey,
}

/// All colours, worst first.
pub const TONES: [Tone; 4] = [Tone::Red, Tone::Orange, Tone::Yellow, Tone::Grey];

impl Tone {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Grey => "grey",
        }
    }

    /// The colour of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        TONES.into_iter().find(|tone| tone.code() == code)
    }

    /// The CSS class.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Red => "p1",
            Self::Orange => "p2",
            Self::Yellow => "p3",
            Self::Grey => "p4",
        }
    }
}

/// One level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The label as it is stored: capitals, without 级.
    pub label: String,
    /// What it means, up to 60 characters; may be empty.
    #[serde(default)]
    pub name: String,
    /// Other labels that mean this level: of another scheme, or of before.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Colour of its badge.
    pub tone: Tone,
    /// Whether an event of this level owes a postmortem as soon as it is graded.
    #[serde(default)]
    pub postmortem: bool,
    /// Working days until the postmortem is due, 0 to 250.
    pub due_working_days: u32,
    /// Days until action items of an event of this level are due, 0 to 1,000.
    pub action_due_days: u32,
    /// 故障分 of a whole event, 0 to 10,000; 0 where points are not used.
    #[serde(default)]
    pub points: u32,
}

/// The levels of the house, worst first. 未定级 is no level: it is the absence of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityPolicy {
    /// Worst first: this is the order everywhere.
    pub levels: Vec<Level>,
    /// Working days until the postmortem of an event without a level is due.
    pub ungraded_due_working_days: u32,
    /// Days until action items of an event without a level are due.
    pub ungraded_action_due_days: u32,
}

impl Default for SeverityPolicy {
    /// A B C D as in the reference report; due after 1, 2, 3 and 5 working days (DESIGN section 7); action items after
    /// 15 and 30 days (incidents.md 5.3). P0–P4 and SEV0–SEV5 of other tools are known as other names.
    fn default() -> Self {
        let level = |label: &str, aliases: &[&str], tone, due, action, postmortem| Level {
            label: label.to_owned(),
            name: String::new(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            tone,
            postmortem,
            due_working_days: due,
            action_due_days: action,
            points: 0,
        };
        Self {
            levels: vec![
                level("A", &["P0", "SEV0", "SEV1"], Tone::Red, 1, 15, true),
                level("B", &["P1", "SEV2"], Tone::Orange, 2, 15, true),
                level("C", &["P2", "SEV3"], Tone::Yellow, 3, 30, true),
                level("D", &["P3", "P4", "P5", "SEV4", "SEV5"], Tone::Grey, 5, 30, false),
            ],
            ungraded_due_working_days: 5,
            ungraded_action_due_days: 30,
        }
    }
}

impl SeverityPolicy {
    /// The level of a label or of another name of it, with its place in the order.
    pub fn find(&self, label: &str) -> Option<(usize, &Level)> {
        self.levels
            .iter()
            .enumerate()
            .find(|(_, level)| level.label == label || level.aliases.iter().any(|alias| alias == label))
    }

    /// The level of a label or of another name of it.
    pub fn level(&self, label: &str) -> Option<&Level> {
        self.find(label).map(|(_, level)| level)
    }

    /// The CSS class of a label's badge. A label that the house does not know (any more) is grey, never blank.
    pub fn tone(&self, label: Option<&str>) -> &'static str {
        label.and_then(|label| self.level(label)).map_or("p4", |level| level.tone.class())
    }

    /// Working days until the postmortem of an event with this label is due.
    pub fn due_working_days(&self, label: Option<&str>) -> u32 {
        label.and_then(|label| self.level(label)).map_or(self.ungraded_due_working_days, |level| level.due_working_days)
    }

    /// Days until action items of an event with this label are due.
    pub fn action_due_days(&self, label: Option<&str>) -> u32 {
        label.and_then(|label| self.level(label)).map_or(self.ungraded_action_due_days, |level| level.action_due_days)
    }

    /// Worst first, then labels that the house does not know by their letters, then 未定级.
    pub fn order(&self, a: Option<&str>, b: Option<&str>) -> Ordering {
        let key = |label: Option<&str>| match label {
            None => (2, 0, String::new()),
            Some(label) => match self.find(label) {
                Some((place, _)) => (0, place, String::new()),
                None => (1, 0, label.to_owned()),
            },
        };
        key(a).cmp(&key(b))
    }

    /// The label of a grade: of a level or another name of it, as it was written. Refuses one that the house does not
    /// know.
    pub fn graded(&self, label: &str) -> Result<String, FieldError> {
        let label = checked::severity("severity", label)?;
        if self.level(&label).is_some() {
            return Ok(label);
        }
        let remedy = format!("there is no level {label}; choose one of {}", self.labels().join(", "));
        Err(FieldError::shape("severity", remedy))
    }

    /// Whether two labels mean the same level.
    pub fn same(&self, a: Option<&str>, b: Option<&str>) -> bool {
        let meant = |label| self.find(label).map(|(place, _)| place);
        match (a, b) {
            (Some(a), Some(b)) => a == b || meant(a).is_some_and(|place| meant(b) == Some(place)),
            (a, b) => a == b,
        }
    }

    /// The label of the level that a label means; one that the house does not know is its own.
    pub fn meant<'a>(&'a self, label: &'a str) -> &'a str {
        self.level(label).map_or(label, |level| level.label.as_str())
    }

    /// All names of the level that a label means, its label first; of one that the house does not know that one.
    pub fn names(&self, label: &str) -> Vec<String> {
        self.level(label).map_or_else(
            || vec![label.to_owned()],
            |level| std::iter::once(&level.label).chain(&level.aliases).cloned().collect(),
        )
    }

    /// All labels, worst first.
    pub fn labels(&self) -> Vec<&str> {
        self.levels.iter().map(|level| level.label.as_str()).collect()
    }

    /// Tidies labels, and refuses what would make a level mean two things or nothing.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        if self.levels.is_empty() || self.levels.len() > 12 {
            return Err(refused("levels", "give 1 to 12 levels, the worst first"));
        }
        let mut seen: Vec<String> = Vec::new();
        for (at, level) in self.levels.iter_mut().enumerate() {
            let place = |part: &str| format!("levels[{at}].{part}");
            level.label = label_of(&place("label"), &level.label)?;
            let mut names = vec![(place("label"), level.label.clone())];
            for alias in &mut level.aliases {
                *alias = label_of(&place("aliases"), alias)?;
                names.push((place("aliases"), alias.clone()));
            }
            if level.aliases.len() > 20 {
                return Err(refused(&place("aliases"), "give at most 20 other names"));
            }
            for (place, name) in names {
                if seen.contains(&name) {
                    return Err(refused(&place, &format!("{name} is named twice; give each label to one level")));
                }
                seen.push(name);
            }
            level.name = level.name.trim().to_owned();
            if level.name.chars().count() > 60 || level.name.chars().any(char::is_control) {
                return Err(refused(&place("name"), "write at most 60 characters on one line"));
            }
            days(&place("due_working_days"), level.due_working_days, 250)?;
            days(&place("action_due_days"), level.action_due_days, 1_000)?;
            if level.points > 10_000 {
                return Err(refused(&place("points"), "give 0 to 10000"));
            }
        }
        days("ungraded_due_working_days", self.ungraded_due_working_days, 250)?;
        days("ungraded_action_due_days", self.ungraded_action_due_days, 1_000)?;
        Ok(self)
    }
}

fn label_of(place: &str, label: &str) -> Result<String, FieldError> {
    checked::severity("severity", label).map_err(|_| refused(place, "write a label like A, B, C, D or P1"))
}

fn days(place: &str, days: u32, most: u32) -> Result<(), FieldError> {
    if days <= most { Ok(()) } else { Err(refused(place, &format!("give 0 to {most} days"))) }
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<SeverityPolicy>(document)?.checked().map(|policy| policy::text(&policy))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::postmortem::working_days_to_do;

    #[test]
    fn the_default_is_due_as_the_house_always_was() {
        let policy = SeverityPolicy::default();
        let was = |label: Option<&str>| match label {
            Some("A" | "P0" | "SEV0" | "SEV1") => 1,
            Some("B" | "P1" | "SEV2") => 2,
            Some("C" | "P2" | "SEV3") => 3,
            _ => 5,
        };
        for label in ["A", "B", "C", "D", "E", "P0", "P1", "P2", "P3", "P4", "SEV0", "SEV1", "SEV2", "SEV3", "SEV4"] {
            assert_eq!(working_days_to_do(&policy, Some(label)), was(Some(label)), "{label}");
        }
        assert_eq!(working_days_to_do(&policy, None), 5);
    }

    #[test]
    fn an_unknown_label_keeps_a_place_and_a_colour_behind_the_known_ones() {
        let policy = SeverityPolicy::default();
        let mut labels = [None, Some("X"), Some("D"), Some("P1"), Some("A")];
        labels.sort_by(|a, b| policy.order(*a, *b));
        assert_eq!(labels, [Some("A"), Some("P1"), Some("D"), Some("X"), None]);
        assert_eq!((policy.tone(Some("X")), policy.tone(Some("SEV1")), policy.tone(None)), ("p4", "p1", "p4"));
        assert_eq!(policy.graded("p1级").unwrap(), "P1");
        assert!(policy.same(Some("P1"), Some("B")) && policy.same(Some("X"), Some("X")) && policy.same(None, None));
        assert!(
            !policy.same(Some("X"), Some("Y")) && !policy.same(Some("A"), Some("B")) && !policy.same(None, Some("A"))
        );
        assert!(policy.graded("X").unwrap_err().to_string().contains("choose one of A, B, C, D"));
    }

    #[test]
    fn overlapping_labels_and_absurd_values_are_refused_with_their_place() {
        type Spoil = fn(&mut SeverityPolicy);
        let cases: [(Spoil, &str); 7] = [
            (|p| p.levels.clear(), "levels: give 1 to 12"),
            (|p| p.levels[1].label = "a级".to_owned(), "levels[1].label: A is named twice"),
            (|p| p.levels[3].aliases.push("p0".to_owned()), "levels[3].aliases: P0 is named twice"),
            (|p| p.levels[0].label = "很坏".to_owned(), "levels[0].label: write a label"),
            (|p| p.levels[2].due_working_days = 100_000, "levels[2].due_working_days: give 0 to 250"),
            (|p| p.levels[2].points = 4_000_000, "levels[2].points: give 0 to 10000"),
            (|p| p.ungraded_action_due_days = 9_999, "ungraded_action_due_days: give 0 to 1000"),
        ];
        for (spoil, words) in cases {
            let mut policy = SeverityPolicy::default();
            spoil(&mut policy);
            let refusal = policy.checked().unwrap_err().to_string();
            assert!(refusal.contains(words), "{refusal}");
        }
        let unknown = check_text("{\"levels\": [], \"colour\": 1}").unwrap_err().to_string();
        assert!(unknown.contains("unknown field `colour`"), "{unknown}");
    }
}
