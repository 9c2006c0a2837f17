//! The integers behind a measured figure, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{event::label, measured::Measured, report::reading::Decimal};

/// What an event lost of a figure.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredLossBody {
    /// PE-22; null for those that not everybody sees, all together.
    event: Option<String>,
    /// Failures above the baseline.
    excess: i64,
    /// Attempts that never came, where they are significant.
    missing: i64,
}

/// The integers behind a measured figure: `value = 100 × success ÷ eligible`, rounded down; `failed = Σ excess + background`.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasuredBody {
    /// Key of the indicator.
    indicator: String,
    /// The numerator.
    success: i64,
    /// The denominator: total − excluded.
    eligible: i64,
    /// Attempts.
    total: i64,
    /// Failures that do not count.
    excluded: i64,
    /// Failures that count.
    failed: i64,
    /// Minutes of the week; of one that runs, those that are over.
    minutes: i64,
    /// Those that were measured, or written by hand.
    measured: i64,
    /// Those of them that nobody measured: their counts were written by hand.
    by_hand: i64,
    /// Measured minutes that are estimated.
    estimated: i64,
    /// 100 × measured ÷ minutes with two digits, rounded down.
    coverage: Option<String>,
    /// Less was measured than the policy `figures` asks for.
    low_coverage: bool,
    /// The week is not over.
    provisional: bool,
    /// Version of the definition that holds at the week's end.
    definition: i32,
    /// Of the samples; it grows with every change.
    revision: i64,
    /// The value less the one printed for the week before, in percentage points.
    change: Option<String>,
    /// What was reported by hand or imported.
    reported: Option<String>,
    /// import, manual or api: where the reported value came from.
    reported_source: Option<String>,
    /// The reported value says something else, both cut off behind the digits of the shorter one.
    disagrees: bool,
    /// What events lost, the dearest first.
    events: Vec<MeasuredLossBody>,
    /// Failures that no event explains.
    background: i64,
}

/// The integers behind the figure `value`.
pub fn body(measured: &Measured, value: Decimal) -> MeasuredBody {
    let totals = measured.totals;
    let loss = |loss: &crate::domain::measured::MeasuredLoss| MeasuredLossBody {
        event: loss.event.map(label),
        excess: loss.excess,
        missing: loss.missing,
    };
    MeasuredBody {
        indicator: measured.indicator.clone(),
        success: totals.success,
        eligible: totals.eligible(),
        total: totals.total,
        excluded: totals.excluded,
        failed: totals.failed(),
        minutes: measured.minutes,
        measured: totals.minutes,
        by_hand: measured.by_hand,
        estimated: totals.estimated,
        coverage: measured.coverage().floor_percent(2).map(|value| value.to_string()),
        low_coverage: measured.low_coverage,
        provisional: measured.running,
        definition: measured.definition,
        revision: measured.revision,
        change: measured.change.map(|change| change.to_string()),
        reported: measured.reported.as_ref().map(|reported| reported.value.to_string()),
        reported_source: measured.reported.as_ref().map(|reported| reported.source.clone()),
        disagrees: measured.contradicted(value).is_some(),
        events: measured.losses.iter().map(loss).collect(),
        background: measured.background(),
    }
}
