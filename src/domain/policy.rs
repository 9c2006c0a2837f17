//! Policies that people edit: each a JSON document under a name, checked as a whole before it is kept.
//!
//! The type of a policy lives in the domain file of its subject; [`POLICIES`] is the one list of names.

use serde::{Serialize, de::DeserializeOwned};

use crate::domain::{
    analytics,
    checked::{self, FieldError, FieldProblem},
    completeness, figure_policy, grading, postmortem_template, reminder, severity, threshold,
};

/// A kind of policy.
#[derive(Debug, Clone, Copy)]
pub struct PolicyKind {
    /// The name in URL, command line and database: lower case, at most 32 characters.
    pub name: &'static str,
    /// What holds while nobody wrote another one, as JSON text.
    pub default: fn() -> String,
    /// Reads JSON text, checks it, and gives it back tidied. A refusal names the place and the remedy.
    pub check: fn(&str) -> Result<String, FieldError>,
}

/// All policies by name.
pub const POLICIES: &[PolicyKind] = &[
    severity::POLICY,
    grading::POLICY,
    threshold::POLICY,
    completeness::POLICY,
    postmortem_template::POLICY,
    analytics::POLICY,
    figure_policy::POLICY,
    reminder::policy::POLICY,
];

/// Longest document, in characters.
pub const DOCUMENT_LIMIT: usize = 200_000;

/// The field that refusals name.
pub const FIELD: &str = "policy";

/// The policy of a name.
pub fn kind(name: &str) -> Option<&'static PolicyKind> {
    POLICIES.iter().find(|kind| kind.name == name)
}

/// The default of a policy as text.
pub fn default_text<T: Serialize + Default>() -> String {
    text(&T::default())
}

/// A policy as text, a line per value.
pub fn text<T: Serialize>(policy: &T) -> String {
    serde_json::to_string_pretty(policy).unwrap_or_default()
}

/// Reads a document. Unknown keys and wrong shapes are refused with line and column.
pub fn read<T: DeserializeOwned>(document: &str) -> Result<T, FieldError> {
    let len = document.chars().count();
    if len > DOCUMENT_LIMIT {
        return Err(FieldError { field: FIELD, problem: FieldProblem::TooLong { max: DOCUMENT_LIMIT, len } });
    }
    serde_json::from_str(document.trim_start_matches('\u{feff}')).map_err(|error| refused("JSON", &error.to_string()))
}

/// A refusal at a place of the document: `levels[1].label: give …`.
pub fn refused(place: &str, remedy: &str) -> FieldError {
    FieldError::shape(FIELD, format!("{place}: {remedy}"))
}

/// The labels of a list, as events have them: capitals, without 级, at most 50.
pub fn labels(place: &str, labels: &[String]) -> Result<Vec<String>, FieldError> {
    if labels.len() > 50 {
        return Err(refused(place, "give at most 50 labels"));
    }
    let label = |label: &String| {
        checked::severity(FIELD, label).map_err(|_| refused(place, "write a label like A, B, C, D or P1"))
    };
    labels.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_default_of_every_policy_passes_its_own_check_unchanged() {
        for kind in POLICIES {
            let default = (kind.default)();
            assert_eq!((kind.check)(&default).unwrap(), default, "{}", kind.name);
            assert!(kind.name.len() <= 32 && kind.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            let extra = default.replacen('{', "{\"surprise\": 1, ", 1);
            let refusal = (kind.check)(&extra).unwrap_err().to_string();
            assert!(refusal.contains("surprise") && refusal.contains("line 1"), "{}: {refusal}", kind.name);
        }
    }
}
