//! How many statements a page of figures costs: a thing that is read twice is seen here.

use std::sync::{Arc, Mutex};

use chrono::DateTime;
use fupan::{
    domain::{
        actor::Actor,
        clock_point::ClockPoint,
        event::{EventFields, Source},
        event_record::AffectedService,
        hand_count::{HandFields, HandSpan},
        indicator::{DefinitionFields, Window},
        postmortem::PostmortemState,
        report::reading::Decimal,
        samples::{Counts, Minute, Sample, minute_of},
        services::{ServiceFields, ServiceKind},
    },
    service::{
        App, event_costs,
        events::{self, NewEvent},
        hand_counts, indicators, reports, samples, services,
    },
};
use support::{TestClock, TestDatabase};

/// Five weeks of samples, objectives of a week, four weeks and a year, an event of Monday, counts by hand of a day and a week;
/// the number of the event.
async fn world(app: &App) -> i64 {
    let actor = Actor::local_operator();
    let line = ServiceFields {
        name: "提现".to_owned(),
        kind: ServiceKind::BusinessLine,
        core: false,
        team_id: None,
        archived: false,
    };
    let line = services::create(app, &actor, line).await.unwrap();
    let fields = support::success_rate("withdraw", "提现有效成功率", Some(line.id));
    let first = DefinitionFields {
        valid_from: "2024-01-01".parse().unwrap(),
        exclusions: std::collections::BTreeMap::new(),
        note: None,
    };
    indicators::create(app, &actor, fields, first).await.unwrap();
    for window in [Window::Week, Window::Rolling28, Window::Year] {
        let target = Decimal { units: 9_995, scale: 2 };
        indicators::put_objective(app, &actor, "withdraw", window, target, None).await.unwrap();
    }
    let start = DateTime::parse_from_rfc3339("2024-08-19T15:00:00+08:00").unwrap().to_utc();
    let trouble = minute_of(start.timestamp_millis());
    let counts = |minute: Minute| {
        let failed = if (trouble..trouble + 30).contains(&minute) { 40 } else { i64::from(minute % 50 == 0) };
        Counts { total: 200, success: 200 - failed, excluded: 0, estimated: false }
    };
    let batch = (trouble - 50_000..trouble + 600).map(|minute| Sample { minute, counts: counts(minute) }).collect();
    samples::ingest(app, &actor, "withdraw", batch).await.unwrap();
    while samples::tidy(app).await.unwrap() != samples::Tidied::default() {}
    for span in ["2024-08-21", "2024-W26"] {
        let fields = HandFields { total: 100, success: 99, excluded: 0, note: None };
        hand_counts::put(app, &actor, "withdraw", HandSpan::parse(span).unwrap(), fields, None).await.unwrap();
    }
    let fields = EventFields {
        occurred: Some(ClockPoint::minute(start)),
        recovered: Some(ClockPoint::minute(start + chrono::Duration::minutes(30))),
        summary: Some("提现失败".to_owned()),
        narrative: "提现失败".to_owned(),
        services: vec![AffectedService { service_id: line.id, shares: Vec::new() }],
        ..EventFields::default()
    };
    let new = NewEvent { fields, state: PostmortemState::Pending, week: None, raw: None, source: Source::Api };
    let number = events::create(app, &actor, new).await.unwrap().number;
    event_costs::refresh(app).await.unwrap();
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_of_an_event_and_the_report_of_a_week_read_each_thing_once() {
    let database = TestDatabase::new().await;
    let mut app = support::app(&database, TestClock::at("2024-08-26T14:08:30+08:00")).await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let seeing = Arc::clone(&seen);
    app.store.observe(move |statement| seeing.lock().unwrap().push(statement.sql.clone()));
    let actor = Actor::local_operator();
    let number = world(&app).await;
    let of_step = || {
        let mut all = std::mem::take(&mut *seen.lock().unwrap());
        all.retain(|sql| !sql.starts_with("PRAGMA"));
        all
    };
    of_step();

    let event = events::get(&app, &actor, number).await.unwrap();
    of_step();
    let costs = event_costs::of_read(&app, &actor, &event).await.unwrap();
    assert_eq!(costs.first().map(|cost| cost.periods.len()), Some(3));
    let of_costs = of_step();
    let report = reports::weekly(&app, &actor, "2024-W34".parse().unwrap()).await.unwrap();
    assert_eq!(report.figures.first().and_then(|figure| figure.measured.as_ref()).map(|one| one.by_hand), Some(1_440));
    let of_report = of_step();
    // Of the days that were written by hand, four statements say which have samples; the report reads two policies.
    for (what, all, most, policies) in [("costs", of_costs, 15, 1), ("report", of_report, 29, 2)] {
        let list = || all.iter().map(|sql| sql.chars().take(300).collect::<String>()).collect::<Vec<_>>().join("\n");
        assert!(all.len() <= most, "{what}: {} statements\n{}", all.len(), list());
        for (table, most) in [("hand_count", 1), ("indicator", 1), ("objective", 1), ("policy", policies)] {
            let from = [format!("FROM \"{table}\" "), format!("FROM `{table}` ")];
            let times = all.iter().filter(|sql| from.iter().any(|from| sql.contains(from.as_str()))).count();
            assert!(times <= most, "{what}: {table} {times} times\n{}", list());
        }
    }
}
