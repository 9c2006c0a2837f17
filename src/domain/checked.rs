//! Checks at the edge: lengths, characters and shapes of what people send in.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// Why a value was refused: the field, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field's name in API and form.
    pub field: &'static str,
    /// What is wrong, with the remedy.
    pub problem: FieldProblem,
}

/// What may be wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldProblem {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More characters than the limit.
    #[error("is too long: at most {max} characters, here {len}")]
    TooLong {
        /// The limit.
        max: usize,
        /// What came.
        len: usize,
    },
    /// Characters that cannot be shown.
    #[error("holds control characters; remove them")]
    ControlCharacters,
    /// Not of the expected shape.
    #[error("is not valid: {0}")]
    Shape(String),
}

impl FieldError {
    /// A value of the wrong shape; `remedy` says which shape is expected.
    pub fn shape(field: &'static str, remedy: impl Into<String>) -> Self {
        Self { field, problem: FieldProblem::Shape(remedy.into()) }
    }
}

/// An instant that every part can hold: from 1970 to 20 December 9998, so that its ISO week and its local date in
/// every zone lie between 1970 and 9998 too.
pub fn instant(field: &'static str, at: DateTime<Utc>) -> Result<DateTime<Utc>, FieldError> {
    if (0..=253_369_728_000_000).contains(&at.timestamp_millis()) {
        Ok(at)
    } else {
        Err(FieldError::shape(field, "give a time between 1970 and 9998"))
    }
}

/// A date between 1970 and 9998.
pub fn date(field: &'static str, date: NaiveDate) -> Result<NaiveDate, FieldError> {
    if (1970..=9998).contains(&date.year()) {
        Ok(date)
    } else {
        Err(FieldError::shape(field, "give a date between 1970 and 9998"))
    }
}

/// Longest text of a narrative, impact, cause or recovery, in characters.
pub const LONG_TEXT: usize = 20_000;

/// Text of one or more lines: trimmed, at most `max` characters, no control characters but tab and line feed.
pub fn text(field: &'static str, value: &str, max: usize) -> Result<String, FieldError> {
    let value = value.replace("\r\n", "\n");
    let value = value.trim();
    if value.is_empty() {
        return Err(FieldError { field, problem: FieldProblem::Empty });
    }
    let len = value.chars().count();
    if len > max {
        return Err(FieldError { field, problem: FieldProblem::TooLong { max, len } });
    }
    if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(FieldError { field, problem: FieldProblem::ControlCharacters });
    }
    Ok(value.to_owned())
}

/// Like [`text`], on one line.
pub fn line(field: &'static str, value: &str, max: usize) -> Result<String, FieldError> {
    let value = text(field, value, max)?;
    if value.contains(['\n', '\t']) {
        return Err(FieldError { field, problem: FieldProblem::ControlCharacters });
    }
    Ok(value)
}

/// Like [`text`], where an empty value means "none".
pub fn optional(field: &'static str, value: Option<&str>, max: usize) -> Result<Option<String>, FieldError> {
    match value.map(str::trim) {
        None | Some("") => Ok(None),
        Some(value) => text(field, value, max).map(Some),
    }
}

/// An address for the audit log, where it outlives the account: `o…@example.com`; of a short name not even that letter.
pub fn masked_email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = local.chars().next().filter(|_| local.chars().count() > 2);
    format!("{}…@{domain}", first.map(String::from).unwrap_or_default())
}

/// An e-mail address of plain ASCII without spaces, up to 254 characters (RFC 5321 section 4.5.3.1).
pub fn email(field: &'static str, value: &str) -> Result<String, FieldError> {
    let value = line(field, value, 254)?;
    let shape = || FieldError::shape(field, "write an address like oncall@example.com");
    let (local, domain) = value.rsplit_once('@').ok_or_else(shape)?;
    let good = !local.is_empty()
        && local.len() <= 64
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
        && value.chars().all(|c| c.is_ascii_graphic() && !"()<>[],;:\\\"".contains(c))
        && local.chars().all(|c| c != '@')
        && domain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if good { Ok(value) } else { Err(shape()) }
}

/// A severity label: 1 to 16 letters or digits, in capitals, 级 left out (`c级` is `C`, `critical` is `CRITICAL`).
/// Numbers may be Chinese: 一级 is `一`.
pub fn severity(field: &'static str, value: &str) -> Result<String, FieldError> {
    let folded: String = value.nfkc().collect::<String>().trim().trim_end_matches('级').trim().to_uppercase();
    let good = !folded.is_empty()
        && folded.len() <= 16
        && folded.chars().all(|c| c.is_ascii_alphanumeric() || "一二三四五六七八九十特".contains(c));
    if good { Ok(folded) } else { Err(FieldError::shape(field, "write a label like A, B, C, D or P1")) }
}

#[cfg(test)]
thread_local! {
    /// How often this thread folded a text: tests count what they must not do for each pair of things.
    pub(crate) static FOLDS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The key under which names are equal: NFKC, lower case, single spaces.
pub fn fold(value: &str) -> String {
    #[cfg(test)]
    FOLDS.with(|folds| folds.set(folds.get() + 1));
    value.nfkc().collect::<String>().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
