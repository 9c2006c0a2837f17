//! What was read, in the shape of the corpus (SCHEMA section 1).

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::reading::{Decimal, ReportReading, Scope};
use crate::domain::{
    capture::draft::{DraftEvent, ImpactKind, Mark},
    clock_point::Precision,
    iso_week::IsoWeek,
};

/// A report in the shape of the corpus; times are written in `zone`.
pub fn report(reading: &ReportReading, zone: Tz) -> Value {
    json!({
        "schema": 1,
        "week": reading.week.map(|week| week.to_string()),
        "created_at": reading.created_at.map(|at| time(at, zone)),
        "figures": reading.figures.iter().map(|figure| json!({
            "name": figure.name,
            "value": number(figure.value),
            "unit": figure.unit,
            "delta": figure.delta.map(number),
            "delta_unit": figure.delta_unit,
            "target": figure.target.map(number),
        })).collect::<Vec<_>>(),
        "incident_counts": reading.incident_counts.iter().map(|count| json!({
            "severity": count.severity,
            "count": number(count.count),
            "scope": count.scope.map(|scope| match scope {
                Scope::Ytd => "ytd",
                Scope::Year => "year",
                Scope::Week => "week",
            }),
        })).collect::<Vec<_>>(),
        "events": reading.events.iter().map(|read| event(&read.draft, zone)).collect::<Vec<_>>(),
        "lenient": [],
    })
}

/// A single line in the shape of the corpus.
pub fn line(draft: &DraftEvent, week: Option<IsoWeek>, created_at: Option<DateTime<Utc>>, zone: Tz) -> Value {
    json!({
        "schema": 1,
        "week": week.map(|week| week.to_string()),
        "created_at": created_at.map(|at| time(at, zone)),
        "figures": [],
        "incident_counts": [],
        "events": [event(draft, zone)],
        "lenient": [],
    })
}

fn event(draft: &DraftEvent, zone: Tz) -> Value {
    let impact = |kind: ImpactKind| draft.impacts.iter().find(|impact| impact.kind == kind);
    let count = impact(ImpactKind::Count);
    let users = impact(ImpactKind::Users);
    let amount = impact(ImpactKind::Amount);
    json!({
        "occurred_at": draft.occurred.map(|point| time(point.at, zone)),
        "occurred_precision": draft.occurred.map(|point| match point.precision {
            Precision::Minute => "minute",
            Precision::Day => "day",
        }),
        "recovered_at": draft.recovered.map(|point| time(point.at, zone)),
        "summary": draft.summary,
        "impact": draft.impact,
        "affected_count": count.map(|impact| impact.number),
        "affected_unit": count.map(|impact| impact.unit.clone()),
        "affected_approx": count.map(|impact| impact.approximate),
        "affected_users": users.map(|impact| impact.number),
        "affected_users_approx": users.map(|impact| impact.approximate),
        "affected_amount": amount.map(|impact| number(Decimal { units: impact.number, scale: 2 })),
        "affected_amount_approx": amount.map(|impact| impact.approximate),
        "cause": draft.cause,
        "recovery": draft.recovery,
        "postmortem": match draft.mark {
            Mark::Unknown => "unknown",
            Mark::Pending => "pending",
            Mark::Done => "done",
            Mark::NotRequired => "not_required",
        },
        "severity": draft.severity,
    })
}

fn time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339()
}

/// A plain JSON number: whole where it is whole.
fn number(decimal: Decimal) -> Value {
    let text = decimal.to_string();
    let plain = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    serde_json::from_str(plain).unwrap_or(Value::Null)
}
