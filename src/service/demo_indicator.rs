//! An indicator of the demo: a month of samples in which events leave their marks, and a dip that nobody logged yet.

use chrono::{DateTime, Timelike as _};

use super::{App, ServiceError, dips, event_costs, indicators, samples, search, services};
use crate::{
    domain::{
        actor::Actor,
        indicator::{DefinitionFields, IndicatorFields, IndicatorKind, Party},
        report::reading::Decimal,
        samples::{Counts, Minute, Sample, minute_of},
        services::{ServiceFields, ServiceKind},
    },
    service::indicators::Window,
};

const KEY: &str = "payment-success";
/// Days of samples: four weeks of baseline, and some.
const DAYS: Minute = 31;
/// Events that it is tied to.
const EVENTS: usize = 3;
/// Samples of a batch.
const BATCH: usize = 50_000;

/// A stretch in which so many of a thousand attempts fail.
struct Trouble {
    from: Minute,
    to: Minute,
    permille: i64,
}

/// Adds the indicator, its samples, and what they say of the latest events.
pub async fn fill(app: &App, actor: &Actor) -> Result<(), ServiceError> {
    let service = ServiceFields {
        name: "支付".to_owned(),
        kind: ServiceKind::BusinessLine,
        core: true,
        team_id: None,
        archived: false,
    };
    let service = services::create(app, actor, service).await?;
    let fields = IndicatorFields {
        key: KEY.to_owned(),
        name: "支付有效成功率".to_owned(),
        kind: IndicatorKind::SuccessRate,
        service_id: Some(service.id),
        unit: Some("%".to_owned()),
        digits: 3,
        lower_is_better: false,
        archived: false,
    };
    let now = minute_of(app.now_millis());
    let first = now.saturating_sub(DAYS * 1_440).max(0);
    let began = DateTime::from_timestamp(i64::from(first) * 60, 0).unwrap_or_default();
    let definition = DefinitionFields {
        valid_from: began.with_timezone(&app.zone).date_naive(),
        exclusions: [("E51".to_owned(), Party::User), ("R1".to_owned(), Party::RiskControl)].into(),
        note: Some("余额不足和风控拦截不计".to_owned()),
    };
    indicators::create(app, actor, fields, definition).await?;
    for (window, units, scale) in [(Window::Week, 9_995, 2), (Window::Year, 9_997, 2)] {
        indicators::put_objective(app, actor, KEY, window, Decimal { units, scale }, None).await?;
    }
    let listing =
        search::Listing { query: search::parse(app, "")?, order: search::EventOrder::Newest, after: None, limit: 20 };
    let mut troubles = Vec::new();
    for event in search::list(app, actor, &listing).await?.events {
        let (Some(from), Some(to)) = (event.occurred, event.recovered) else { continue };
        let minute = |at: DateTime<chrono::Utc>| minute_of(at.timestamp_millis());
        let (from, to) = (minute(from.at), minute(to.at));
        // Events that have a baseline, and are over.
        if troubles.len() < EVENTS && from > first + 8 * 1_440 && to < now {
            event_costs::link(app, actor, event.number, KEY, Some(true)).await?;
            troubles.push(Trouble { from, to, permille: 90 + i64::from(from % 7) * 20 });
        }
    }
    // Nobody logged this one: it is proposed.
    let quiet = now - 26 * 60;
    let quiet =
        if troubles.iter().any(|one| one.from < quiet + 60 && quiet < one.to + 60) { quiet - 180 } else { quiet };
    troubles.push(Trouble { from: quiet, to: quiet + 9, permille: 140 });
    let all: Vec<Sample> = (first..now).map(|minute| sample(app, minute, &troubles)).collect();
    for batch in all.chunks(BATCH) {
        samples::ingest(app, actor, KEY, batch.to_vec()).await?;
    }
    event_costs::refresh(app).await?;
    dips::watch(app).await?;
    Ok(())
}

/// The same for the same minute: traffic by the hour of the day, few failures, more of them in trouble.
fn sample(app: &App, minute: Minute, troubles: &[Trouble]) -> Sample {
    let at = DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap_or_default().with_timezone(&app.zone);
    let hour = i64::from(at.hour());
    // Most between 10 and 22 o'clock, least at 4.
    let level = 24 + 9 * (12 - (hour - 16).abs().min(24 - (hour - 16).abs()));
    let noise = i64::from(scramble(minute) % 15);
    let total = level + noise;
    let excluded = i64::from(scramble(minute ^ 0x5bd1) % 3);
    let usual = i64::from(scramble(minute ^ 0x1f35).is_multiple_of(50));
    let trouble = troubles.iter().find(|one| (one.from..one.to).contains(&minute));
    let failed = trouble.map_or(usual, |one| total * one.permille / 1_000 + noise % 3);
    Sample { minute, counts: Counts { total, success: total - excluded - failed, excluded, estimated: false } }
}

/// A number that looks like chance.
fn scramble(minute: Minute) -> u32 {
    let mut word = minute.unsigned_abs().wrapping_mul(0x9e37_79b1);
    word ^= word >> 15;
    word = word.wrapping_mul(0x85eb_ca77);
    word ^ (word >> 13)
}
