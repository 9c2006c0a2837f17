//! What the house decided about figures: days that are no baseline, how often a dip may be a false alarm, how much an event
//! may cost before its postmortem is proposed.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::{
    checked::{self, FieldError},
    policy::{self, PolicyKind, refused},
};

/// The decisions about figures.
pub const POLICY: PolicyKind =
    PolicyKind { name: "figures", default: policy::default_text::<FigurePolicy>, check: check_text };

/// Most special days.
const MOST_DAYS: usize = 2_000;

/// Decisions about figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigurePolicy {
    /// Campaigns, pay-out days and the like: local dates of the report zone whose traffic is no baseline. Days off are
    /// compared with days off by themselves.
    pub special_days: BTreeSet<NaiveDate>,
    /// How many dips a week chance alone may propose over all indicators, in hundredths: 10 is one in ten weeks.
    pub false_dips_per_100_weeks: u32,
    /// The least failures of a dip above the usual.
    pub least_dip_failures: u32,
    /// From this part of the budget of four weeks on, in percent, an event's postmortem is advised (SRE workbook: 20).
    pub postmortem_from_budget_percent: u32,
    /// How far a declared number marked 约 may lie from what was measured, in percent.
    pub declared_within_percent: u32,
    /// Under this coverage, in percent, a figure is marked.
    pub least_coverage_percent: u32,
    /// The least failures in the long window of a burn-rate warning.
    pub least_burn_failures: u32,
    /// How many days minutes and hours are kept, from 62 on; 0 is for ever. Sums of days and months stay, and so do the hours
    /// around events with those that they are compared with.
    #[serde(default)]
    pub keep_minutes_days: u32,
}

/// The least of [`FigurePolicy::keep_minutes_days`]: events are compared with the four weeks before, and the current month is
/// read from its hours while its days are being summed.
const LEAST_DAYS: u32 = 62;
/// A hundred years.
const MOST_KEPT_DAYS: u32 = 36_525;

impl Default for FigurePolicy {
    fn default() -> Self {
        Self {
            special_days: BTreeSet::new(),
            false_dips_per_100_weeks: 10,
            least_dip_failures: 5,
            postmortem_from_budget_percent: 20,
            declared_within_percent: 10,
            least_coverage_percent: 90,
            least_burn_failures: 10,
            keep_minutes_days: 0,
        }
    }
}

fn check_text(document: &str) -> Result<String, FieldError> {
    let policy: FigurePolicy = policy::read(document)?;
    if policy.special_days.len() > MOST_DAYS {
        return Err(refused("special_days", "give at most 2000 days"));
    }
    for day in &policy.special_days {
        checked::date(policy::FIELD, *day)
            .map_err(|_| refused(&format!("special_days {day}"), "give a day of this century"))?;
    }
    if !(1..=10_000).contains(&policy.false_dips_per_100_weeks) {
        return Err(refused("false_dips_per_100_weeks", "give 1 to 10000"));
    }
    for (place, percent) in [
        ("postmortem_from_budget_percent", policy.postmortem_from_budget_percent),
        ("declared_within_percent", policy.declared_within_percent),
        ("least_coverage_percent", policy.least_coverage_percent),
    ] {
        if percent > 100 {
            return Err(refused(place, "give 0 to 100"));
        }
    }
    for (place, failures) in
        [("least_dip_failures", policy.least_dip_failures), ("least_burn_failures", policy.least_burn_failures)]
    {
        if failures > 1_000_000 {
            return Err(refused(place, "give 0 to 1000000"));
        }
    }
    if policy.keep_minutes_days != 0 && !(LEAST_DAYS..=MOST_KEPT_DAYS).contains(&policy.keep_minutes_days) {
        return Err(refused("keep_minutes_days", "give 0 for ever, or 62 to 36525 days"));
    }
    Ok(policy::text(&policy))
}
