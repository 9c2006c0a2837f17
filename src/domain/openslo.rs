//! OpenSLO v1 documents: what of them is an indicator with an objective, and why the rest is not.

use serde_json::Value;

use crate::domain::{
    checked::FieldError,
    indicator::{self, IndicatorKind, Window},
    report::reading::Decimal,
};

/// Most bytes of a file.
const LIMIT: usize = 1024 * 1024;

/// What aliases of a file may unfold to together, in parts of it.
const UNFOLDED_LIMIT: usize = 20_000;

/// Most documents of a file.
const MOST: usize = 1_000;

/// A success rate with its objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slo {
    /// The key of the indicator: `metadata.name` in small letters.
    pub key: String,
    /// `metadata.displayName`, else the key.
    pub name: String,
    /// `spec.service`, a name.
    pub service: Option<String>,
    /// From `spec.timeWindow`.
    pub window: Window,
    /// In percent.
    pub target: Decimal,
}

/// What was read of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It maps; with what to look at.
    Slo(Slo, Vec<String>),
    /// It is no objective of ours, and why.
    Refused(String),
    /// It is of a kind that objectives do not need.
    LeftOut(&'static str),
}

/// The documents of a file in order, each with `kind name`. `zone` is the report zone.
pub fn read(text: &str, zone: &str) -> Result<Vec<(String, Reading)>, FieldError> {
    let unreadable = |cause: String| FieldError::shape("document", cause);
    if text.len() > LIMIT {
        return Err(unreadable("the file is larger than 1 MiB".to_owned()));
    }
    let options = serde_saphyr::options! {
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: UNFOLDED_LIMIT },
    };
    let text = text.trim_start_matches('\u{feff}');
    let documents = serde_saphyr::from_multiple_with_options::<Value>(text, options).map_err(|error| {
        let words: String = error.to_string().lines().next().unwrap_or_default().chars().take(200).collect();
        unreadable(format!("it is no YAML: {words}"))
    })?;
    // Some write all documents as one list.
    let documents: Vec<Value> = documents
        .into_iter()
        .flat_map(|one| match one {
            Value::Array(many) => many,
            one => vec![one],
        })
        .filter(|one| !one.is_null())
        .collect();
    if documents.len() > MOST {
        return Err(unreadable("give at most 1000 documents".to_owned()));
    }
    let named = |one: &Value| format!("{} {}", word(one, "/kind"), word(one, "/metadata/name"));
    Ok(documents.iter().map(|one| (named(one), document(one, &documents, zone))).collect())
}

fn word<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default().trim()
}

fn document(one: &Value, all: &[Value], zone: &str) -> Reading {
    let version = word(one, "/apiVersion");
    if version != "openslo/v1" {
        let version: String = version.chars().take(40).collect();
        return Reading::Refused(format!("its apiVersion is “{version}”; openslo/v1 is read"));
    }
    match word(one, "/kind") {
        "SLO" => slo(one, all, zone).map_or_else(Reading::Refused, |(slo, warnings)| Reading::Slo(slo, warnings)),
        "SLI" => Reading::LeftOut("an SLI is read with the SLO that names it"),
        "Service" => Reading::LeftOut("business lines and components are made with `fupan service add`"),
        "DataSource" => Reading::LeftOut("samples are pushed; data sources are not read"),
        "AlertPolicy" | "AlertCondition" | "AlertNotificationTarget" => Reading::LeftOut("alerts are not read"),
        _ => Reading::Refused("its kind is none of openslo/v1".to_owned()),
    }
}

fn slo(one: &Value, all: &[Value], zone: &str) -> Result<(Slo, Vec<String>), String> {
    let mut warnings = Vec::new();
    let name = word(one, "/metadata/name");
    let key = indicator::key(&name.to_lowercase())
        .map_err(|_| "its metadata.name is no key: write 1 to 60 small letters, digits, - _ and .".to_owned())?;
    let method = word(one, "/spec/budgetingMethod");
    if method != "Occurrences" {
        let method: String = method.chars().take(40).collect();
        return Err(format!("its budgetingMethod is “{method}”; only Occurrences counts attempts as we do"));
    }
    let reference = word(one, "/spec/indicatorRef");
    let sli = match one.pointer("/spec/indicator/spec") {
        Some(inline) => inline,
        None => all
            .iter()
            .find(|other| word(other, "/kind") == "SLI" && word(other, "/metadata/name") == reference)
            .and_then(|sli| sli.pointer("/spec"))
            .ok_or("it names no SLI of this file")?,
    };
    if sli.get("ratioMetric").is_none() {
        return Err("its indicator has no ratioMetric; count what keeps the threshold as successes instead".to_owned());
    }
    let window = window(one, zone, &mut warnings)?;
    let objectives = one.pointer("/spec/objectives").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [objective] = objectives else {
        return Err(format!("it has {} objectives; one for each window is kept", objectives.len()));
    };
    let target =
        target(objective).ok_or("its target is no number between 0 and 1, nor its targetPercent one below 100")?;
    let target = indicator::target(IndicatorKind::SuccessRate, target).map_err(|error| error.to_string())?;
    let shown = word(one, "/metadata/displayName");
    let service = Some(word(one, "/spec/service")).filter(|service| !service.is_empty()).map(str::to_owned);
    let name = if shown.is_empty() { key.clone() } else { shown.to_owned() };
    Ok((Slo { key, name, service, window, target }, warnings))
}

fn window(one: &Value, zone: &str, warnings: &mut Vec<String>) -> Result<Window, String> {
    let windows = one.pointer("/spec/timeWindow").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let [window] = windows else { return Err(format!("it has {} timeWindows; give one", windows.len())) };
    let duration = word(window, "/duration");
    let rolling = window.get("isRolling").and_then(Value::as_bool).unwrap_or(window.get("calendar").is_none());
    // `m` is minutes and `M` is months: an example of the specification itself mixes them up.
    if duration.strip_suffix('m').and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| n < 60) {
        return Err(format!("its window of {duration} is minutes, less than an hour; a month is written 1M"));
    }
    let found = match (duration, rolling) {
        ("28d" | "4w", true) => Window::Rolling28,
        ("30d", true) => Window::Rolling30,
        ("7d" | "1w", false) => Window::Week,
        ("1M", false) => Window::Month,
        ("1Y", false) => Window::Year,
        _ => {
            let duration: String = duration.chars().take(20).collect();
            let kind = if rolling { "rolling" } else { "calendar" };
            let have = "rolling 28d and 30d, calendar 1w, 1M and 1Y are kept";
            return Err(format!("its {kind} window of “{duration}” is none of ours: {have}"));
        }
    };
    let theirs = word(window, "/calendar/timeZone");
    if !theirs.is_empty() && theirs != zone {
        warnings.push(format!("its calendar is of {theirs}; windows here are those of {zone}"));
    }
    Ok(found)
}

/// The target in percent with the digits it is written with.
fn target(objective: &Value) -> Option<Decimal> {
    let written = |name: &str| objective.get(name).filter(|value| value.is_number()).map(ToString::to_string);
    let percent = written("targetPercent").and_then(|text| Decimal::parse("target", &text).ok());
    percent.or_else(|| {
        let part = Decimal::parse("target", &written("target")?).ok()?;
        let scale = part.scale.saturating_sub(2);
        let units = part.units.checked_mul(10_i64.checked_pow(2 - u32::from(part.scale.min(2)))?)?;
        Some(Decimal { units, scale })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const GOOD: &str = "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: withdraw-success\n  displayName: 提现成功率\nspec:\n  service: 提现\n  indicator:\n    metadata:\n      name: x\n    spec:\n      ratioMetric:\n        counter: true\n  timeWindow:\n    - duration: 28d\n      isRolling: true\n  budgetingMethod: Occurrences\n  objectives:\n    - target: 0.9995\n";

    fn one(text: &str) -> Reading {
        read(text, "Asia/Shanghai").unwrap().remove(0).1
    }

    fn refused(text: &str) -> String {
        match one(text) {
            Reading::Refused(words) => words,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn an_slo_of_a_ratio_is_an_indicator_with_an_objective() {
        let Reading::Slo(slo, warnings) = one(GOOD) else { panic!("{:?}", one(GOOD)) };
        assert_eq!(
            (slo.key.as_str(), slo.name.as_str(), slo.service.as_deref()),
            ("withdraw-success", "提现成功率", Some("提现"))
        );
        assert_eq!((slo.window, slo.target.to_string().as_str(), warnings.len()), (Window::Rolling28, "99.95", 0));
        let calendar = "    - duration: 1M\n      isRolling: false\n      calendar:\n        startTime: 2024-01-01 00:00:00\n        timeZone: Europe/Warsaw\n";
        let monthly = GOOD.replace("    - duration: 28d\n      isRolling: true\n", calendar);
        let Reading::Slo(slo, warnings) = one(&monthly) else { panic!("{:?}", one(&monthly)) };
        assert_eq!((slo.window, warnings.len()), (Window::Month, 1), "{warnings:?}");
        let Reading::Slo(slo, _) = one(&GOOD.replace("target: 0.9995", "targetPercent: 99.9")) else { panic!() };
        assert_eq!(slo.target.to_string(), "99.9");
    }

    #[test]
    fn what_does_not_map_is_refused_with_its_reason() {
        for (from, to, words) in [
            ("28d", "1m", "its window of 1m is minutes, less than an hour; a month is written 1M"),
            (
                "28d",
                "14d",
                "its rolling window of “14d” is none of ours: rolling 28d and 30d, calendar 1w, 1M and 1Y are kept",
            ),
            (
                "Occurrences",
                "Timeslices",
                "its budgetingMethod is “Timeslices”; only Occurrences counts attempts as we do",
            ),
            (
                "ratioMetric",
                "thresholdMetric",
                "its indicator has no ratioMetric; count what keeps the threshold as successes instead",
            ),
            ("openslo/v1\n", "openslo/v1alpha\n", "its apiVersion is “openslo/v1alpha”; openslo/v1 is read"),
            ("target: 0.9995", "target: 0.9\n    - target: 0.8", "it has 2 objectives; one for each window is kept"),
            (
                "target: 0.9995",
                "target: much",
                "its target is no number between 0 and 1, nor its targetPercent one below 100",
            ),
        ] {
            assert_eq!(refused(&GOOD.replace(from, to)), words);
        }
        assert!(refused(&GOOD.replace("target: 0.9995", "target: 1.0")).contains("100 leaves no budget"));
        assert!(refused(&GOOD.replace("  name: withdraw-success", "  name: 提现")).contains("is no key"));
        assert!(read("a: [", "UTC").is_err());
        assert_eq!(read("", "UTC").unwrap(), []);
        assert!(matches!(one("apiVersion: openslo/v1\nkind: Service\nmetadata: {name: x}\n"), Reading::LeftOut(_)));
    }

    #[test]
    fn several_documents_stand_in_a_file_and_an_sli_may_stand_beside() {
        let inline =
            "  indicator:\n    metadata:\n      name: x\n    spec:\n      ratioMetric:\n        counter: true\n";
        let referring = GOOD.replace(inline, "  indicatorRef: ratio\n");
        assert_eq!(refused(&referring), "it names no SLI of this file");
        let sli =
            "apiVersion: openslo/v1\nkind: SLI\nmetadata:\n  name: ratio\nspec:\n  ratioMetric:\n    counter: true\n";
        let both = read(&format!("{referring}---\n{sli}"), "Asia/Shanghai").unwrap();
        assert_eq!((both.len(), both[0].0.as_str(), both[1].0.as_str()), (2, "SLO withdraw-success", "SLI ratio"));
        assert!(matches!(both[0].1, Reading::Slo(..)));
    }
}
