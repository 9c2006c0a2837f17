//! Answers of Prometheus-compatible servers to `query_range`, and what they say of minutes.
//!
//! A query is evaluated at the end of each minute, because `increase(x[1m])` looks back: the value at 15:01:00 is that of the
//! minute that began at 15:00. What is no number (NaN, Inf), stale or missing was not measured, which is not 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::samples::{Counts, MOST_PER_MINUTE, Minute, Sample};

/// Most minutes of a question. Prometheus refuses more than 11,000 points.
pub const MOST_POINTS: Minute = 10_000;

/// Seconds of a step.
pub const STEP: i64 = 60;

/// Characters of a server's own words that are kept.
const WORDS: usize = 300;

/// Why an answer is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerProblem {
    /// Not the JSON of a `query_range`.
    Unreadable,
    /// The server refuses the query; its words.
    Refused(String),
    /// Several series where one number per minute is needed; how many.
    ManySeries(usize),
    /// A series of histograms instead of numbers.
    Histogram,
    /// Values beside the whole minutes that were asked for.
    OffTheMinute,
}

/// A series of numbers by minute, without those that are none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// The values.
    pub values: BTreeMap<Minute, f64>,
    /// What the server notes beside the answer.
    pub note: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status: String,
    data: Option<Data>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    #[serde(default)]
    result: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    #[serde(default)]
    values: Vec<(f64, String)>,
    #[serde(default)]
    histograms: Option<serde::de::IgnoredAny>,
}

fn short(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS).collect()
}

/// The words of a refusal as the servers write it, `{"status":"error","errorType":"bad_data","error":"…"}`; none where an
/// answer is something else, which nobody is shown.
pub fn refusal(body: &[u8]) -> Option<String> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    (answer.status == "error").then(|| short(&answer.error.unwrap_or_default()))
}

/// Reads an answer to a question about the minutes `from..to`. An empty one is a series without values.
pub fn read(body: &[u8], from: Minute, to: Minute) -> Result<Series, AnswerProblem> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| AnswerProblem::Unreadable)?;
    if answer.status == "error" {
        return Err(AnswerProblem::Refused(short(&answer.error.unwrap_or_default())));
    }
    let data = answer.data.filter(|data| answer.status == "success" && data.result_type == "matrix");
    let data = data.ok_or(AnswerProblem::Unreadable)?;
    let note = answer.warnings.first().or_else(|| answer.infos.first()).map(|words| short(words));
    let mut series = Series { values: BTreeMap::new(), note };
    let [one] = data.result.as_slice() else {
        return if data.result.is_empty() { Ok(series) } else { Err(AnswerProblem::ManySeries(data.result.len())) };
    };
    if one.histograms.is_some() {
        return Err(AnswerProblem::Histogram);
    }
    for (at, text) in &one.values {
        let minute = minute_of(*at).ok_or(AnswerProblem::OffTheMinute)?;
        // `NaN`, `+Inf`, `-Inf` are words of the protocol; the marker of staleness is a NaN, too.
        let value: f64 = text.parse().map_err(|_| AnswerProblem::Unreadable)?;
        if value.is_finite() && (from..to).contains(&minute) {
            series.values.insert(minute, value);
        }
    }
    Ok(series)
}

/// The minute that ended at a time.
fn minute_of(at: f64) -> Option<Minute> {
    let minutes = at / 60.0;
    let whole = minutes.round();
    let good = (minutes - whole).abs() < 0.000_1 && (1.0..2_147_483_647.0).contains(&whole);
    #[expect(clippy::cast_possible_truncation, reason = "a whole number in the range of minutes")]
    good.then_some(whole as Minute - 1)
}

/// What a second query counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Those that succeeded.
    #[default]
    Success,
    /// Failures that count; the others of what is not left out succeeded.
    Failed,
}

impl Counted {
    /// A stable word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    /// The one of a word.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Success, Self::Failed].into_iter().find(|one| one.code() == code)
    }
}

/// Samples made of series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Combined {
    /// In order of their minutes.
    pub samples: Vec<Sample>,
    /// Minutes of which the numbers cannot be true: below 0, too large, or more successes than attempts.
    pub impossible: usize,
}

/// Makes samples of the minutes of which every series has a number. What is not whole is rounded, and the sample is marked as
/// estimated: `increase()` extrapolates.
pub fn combine(total: &Series, second: &Series, counted: Counted, excluded: Option<&Series>) -> Combined {
    let mut combined = Combined::default();
    for (minute, total) in &total.values {
        let Some(second) = second.values.get(minute) else { continue };
        let excluded = match excluded {
            None => 0.0,
            Some(series) => match series.values.get(minute) {
                Some(excluded) => *excluded,
                None => continue,
            },
        };
        match counts(*total, *second, counted, excluded) {
            Some(counts) => combined.samples.push(Sample { minute: *minute, counts }),
            None => combined.impossible += 1,
        }
    }
    combined
}

fn counts(total: f64, second: f64, counted: Counted, excluded: f64) -> Option<Counts> {
    let all = [total, second, excluded];
    let most = MOST_PER_MINUTE as f64;
    if all.iter().any(|value| !(0.0..=most).contains(value)) {
        return None;
    }
    let estimated = all.iter().any(|value| value.fract() != 0.0);
    // Series are extrapolated one by one, so that parts may exceed their whole a little.
    let room = if estimated { (total / 100.0).max(2.0) } else { 0.0 };
    if second + excluded > total + room {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 10^12")]
    let whole = |value: f64| value.round() as i64;
    let total = whole(total);
    let excluded = whole(excluded).min(total);
    let second = whole(second).min(total - excluded);
    let success = match counted {
        Counted::Success => second,
        Counted::Failed => total - excluded - second,
    };
    Some(Counts { total, success, excluded, estimated })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn answer(result: &str) -> Vec<u8> {
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{result}}}}}"#).into_bytes()
    }

    fn series(values: &[(Minute, f64)]) -> Series {
        Series { values: values.iter().copied().collect(), note: None }
    }

    #[test]
    fn a_value_belongs_to_the_minute_that_ended_and_what_is_no_number_is_not_there() {
        let body = answer(
            r#"[{"metric":{},"values":[[600,"120"],[660,"NaN"],[720,"+Inf"],[780,"1.5e+02"],[840.0,"-Inf"],[900,"0"]]}]"#,
        );
        let read = read(&body, 0, 100).unwrap();
        assert_eq!(read.values.into_iter().collect::<Vec<_>>(), [(9, 120.0), (12, 150.0), (14, 0.0)]);
    }

    #[test]
    fn what_is_no_series_of_numbers_is_told_apart() {
        let of = |body: &[u8]| read(body, 0, 100).unwrap_err();
        assert_eq!(of(b"<html>"), AnswerProblem::Unreadable);
        assert_eq!(of(br#"{"status":"success"}"#), AnswerProblem::Unreadable);
        assert_eq!(
            of(br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#),
            AnswerProblem::Unreadable
        );
        let refused = br#"{"status":"error","errorType":"bad_data","error":"parse error: unexpected \"}\"\n"}"#;
        assert_eq!(of(refused), AnswerProblem::Refused("parse error: unexpected \"}\" ".to_owned()));
        assert_eq!(refusal(refused).unwrap(), "parse error: unexpected \"}\" ");
        assert_eq!(refusal(b"secret page"), None);
        assert_eq!(of(&answer(r#"[{"values":[]},{"values":[]}]"#)), AnswerProblem::ManySeries(2));
        assert_eq!(of(&answer(r#"[{"metric":{},"histograms":[[1,{"count":"1"}]]}]"#)), AnswerProblem::Histogram);
        assert_eq!(of(&answer(r#"[{"values":[[601.5,"1"]]}]"#)), AnswerProblem::OffTheMinute);
        assert_eq!(of(&answer(r#"[{"values":[[1e300,"1"]]}]"#)), AnswerProblem::OffTheMinute);
        assert_eq!(of(&answer(r#"[{"values":[[600,"many"]]}]"#)), AnswerProblem::Unreadable);
        assert_eq!(read(&answer("[]"), 0, 100).unwrap(), Series::default());
    }

    #[test]
    fn a_warning_is_kept_beside_the_values() {
        let body = br#"{"status":"success","warnings":["one store is away"],"infos":["x"],"data":{"resultType":"matrix","result":[]}}"#;
        assert_eq!(read(body, 0, 9).unwrap().note.as_deref(), Some("one store is away"));
    }

    #[test]
    fn a_minute_counts_where_every_series_has_a_number() {
        let total = series(&[(1, 100.0), (2, 100.0), (3, 100.0), (4, 0.0)]);
        let success = series(&[(1, 90.0), (3, 95.0), (4, 0.0), (5, 1.0)]);
        let excluded = series(&[(1, 4.0), (4, 0.0)]);
        let made = combine(&total, &success, Counted::Success, None);
        assert_eq!(made.samples.iter().map(|one| one.minute).collect::<Vec<_>>(), [1, 3, 4]);
        let made = combine(&total, &success, Counted::Failed, Some(&excluded));
        let counts = |total, success, excluded| Counts { total, success, excluded, estimated: false };
        let wanted = [(1, counts(100, 6, 4)), (4, counts(0, 0, 0))];
        assert_eq!(made.samples.iter().map(|one| (one.minute, one.counts)).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_is_not_whole_is_rounded_and_marked_and_what_cannot_be_true_is_left_out() {
        let of = |total, second, excluded| {
            counts(total, second, Counted::Success, excluded).map(|c| (c.total, c.success, c.excluded, c.estimated))
        };
        assert_eq!(of(120.4, 119.6, 0.0), Some((120, 120, 0, true)));
        assert_eq!(of(120.4, 121.6, 0.0), Some((120, 120, 0, true)), "extrapolated a little apart");
        assert_eq!(of(120.4, 130.6, 0.0), None);
        assert_eq!(of(120.0, 121.0, 0.0), None, "whole numbers are exact");
        assert_eq!(of(120.0, 119.0, 1.0), Some((120, 119, 1, false)));
        assert_eq!((of(-1.0, 0.0, 0.0), of(2e12, 0.0, 0.0)), (None, None));
    }
}
