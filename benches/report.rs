//! A week's report: `cargo bench --bench report`. 20 indicators with five weeks of samples each and 50 events in the week, each
//! with its cost; prints how long the report takes, how many statements it asks, and what the same statements with the same values
//! take straight on the driver in the same run. With `STATEMENTS=1` it prints them. Never fails on time.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a program that prints a table"
)]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use fupan::{
    domain::{
        actor::Actor,
        capture::draft::{Impact, ImpactKind},
        clock_point::ClockPoint,
        event::{EventFields, Source},
        event_record::AffectedService,
        indicator::{DefinitionFields, Window},
        iso_week::IsoWeek,
        period::Period,
        postmortem::PostmortemState,
        report::reading::Decimal,
        samples::{Counts, Minute, Sample, minute_of},
        services::{ServiceFields, ServiceKind},
    },
    service::{
        App, event_costs,
        events::{self, NewEvent},
        indicators, reports, samples, services,
    },
};
use sea_orm::{
    Statement, Value,
    sqlx::{self, ConnectOptions as _, Connection as _},
};
use support::{TestClock, TestDatabase};

const INDICATORS: usize = 20;
const EVENTS: usize = 50;

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let database = TestDatabase::new().await;
    let mut app = support::app(&database, TestClock::at("2024-08-26T04:00:30Z")).await;
    let week: IsoWeek = "2024-W34".parse().unwrap();
    fill(&app).await;
    let actor = Actor::local_operator();
    let path = PathBuf::from(database.url.trim_start_matches("sqlite:"));

    let plain = app.clone();
    let asked: Arc<Mutex<Vec<Statement>>> = Arc::default();
    let asking = Arc::clone(&asked);
    app.store.observe(move |statement| asking.lock().unwrap().push(statement.clone()));
    let report = reports::weekly(&app, &actor, week).await.unwrap();
    assert_eq!((report.figures.len(), report.events.len()), (INDICATORS, EVENTS));
    let of_report = std::mem::take(&mut *asked.lock().unwrap());
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        reports::weekly(&plain, &actor, week).await.unwrap();
        times.push(begun.elapsed());
    }
    told("report, 20 indicators, 50 events", &mut times, floor(&path, &of_report).await, &of_report);

    let found = indicators::find(&plain, &actor, "i0").await.unwrap();
    let period = Period::asked(Some("2024-W34"), None, None, plain.today()).unwrap();
    event_costs::ledger_of(&app, &actor, &found, period).await.unwrap();
    let of_ledger = std::mem::take(&mut *asked.lock().unwrap());
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        event_costs::ledger_of(&plain, &actor, &found, period).await.unwrap();
        times.push(begun.elapsed());
    }
    told("ledger of a week, one indicator", &mut times, floor(&path, &of_ledger).await, &of_ledger);

    let event = report.events.first().unwrap().number;
    event_costs::of_event(&app, &actor, event).await.unwrap();
    let of_event = std::mem::take(&mut *asked.lock().unwrap());
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        event_costs::of_event(&plain, &actor, event).await.unwrap();
        times.push(begun.elapsed());
    }
    told("costs of an event", &mut times, floor(&path, &of_event).await, &of_event);
    plain.store.close().await.unwrap();
}

fn told(name: &str, times: &mut [Duration], floor: f64, statements: &[Statement]) {
    times.sort_unstable();
    let at = |place: usize| times[place].as_secs_f64() * 1e3;
    let (median, worst) = (at(times.len() / 2), at(times.len() - 1));
    println!(
        "{name:<34} {median:>7.2} ms  worst of {} {worst:.2} ms  {} statements  floor {floor:.2} ms  ratio {:.1}",
        times.len(),
        statements.len(),
        median / floor
    );
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for statement in statements {
        *times.entry(&statement.sql).or_default() += 1;
    }
    for (text, times) in times.iter().filter(|(_, times)| **times > 1 || std::env::var_os("STATEMENTS").is_some()) {
        println!("  {times} × {}", text.chars().take(180).collect::<String>());
    }
}

async fn fill(app: &App) {
    let actor = Actor::local_operator();
    let monday: DateTime<Utc> = "2024-08-18T16:00:00Z".parse().unwrap();
    let now = minute_of(app.now_millis());
    let (mut lines, mut numbers) = (Vec::new(), Vec::new());
    for at in 0..INDICATORS {
        let line = ServiceFields {
            name: format!("业务{at}"),
            kind: ServiceKind::BusinessLine,
            core: false,
            team_id: None,
            archived: false,
        };
        let line = services::create(app, &actor, line).await.unwrap();
        let fields = support::success_rate(&format!("i{at}"), &format!("业务{at}有效成功率"), Some(line.id));
        let first = DefinitionFields { valid_from: app.today(), exclusions: BTreeMap::new(), note: None };
        let made = indicators::create(app, &actor, fields, first).await.unwrap();
        let target = Decimal { units: 9_995, scale: 2 };
        indicators::put_objective(app, &actor, &format!("i{at}"), Window::Week, target, None).await.unwrap();
        numbers.push(made.indicator.number);
        lines.push(line.id);
        let all: Vec<Sample> = (now - 36 * 1_440..now).map(|minute| sample(at, minute)).collect();
        samples::ingest(app, &actor, &format!("i{at}"), all).await.unwrap();
    }
    for at in 0..EVENTS {
        let began = monday + TimeDelta::minutes(i64::try_from(at).unwrap() * 200 + 7);
        let fields = EventFields {
            occurred: Some(ClockPoint::minute(began)),
            recovered: Some(ClockPoint::minute(began + TimeDelta::minutes(30))),
            severity: [Some("A"), Some("B"), Some("C"), Some("D"), None][at % 5].map(str::to_owned),
            summary: Some("客户反馈商户操作提现失败".to_owned()),
            narrative: format!("客户反馈商户{at}操作提现失败，影响约684笔出金交易，原因风控规则更新，恢复正常。"),
            impacts: vec![Impact { kind: ImpactKind::Count, number: 684, unit: "笔".to_owned(), approximate: true }],
            services: vec![AffectedService { service_id: lines[at % lines.len()], shares: Vec::new() }],
            ..EventFields::default()
        };
        let new = NewEvent { fields, state: PostmortemState::Pending, week: None, raw: None, source: Source::Api };
        events::create(app, &actor, new).await.unwrap();
    }
    while samples::tidy(app).await.unwrap() != samples::Tidied::default() {}
    event_costs::refresh(app).await.unwrap();
}

fn sample(indicator: usize, minute: Minute) -> Sample {
    let random = (i64::from(minute) * 2_654_435_761 + i64::try_from(indicator).unwrap() * 40_503) >> 7 & 0xffff;
    let failed = if random % 97 == 0 { random % 23 } else { 0 };
    let counts =
        Counts { total: 400 + random % 61, success: 400 + random % 61 - failed, excluded: 0, estimated: false };
    Sample { minute, counts }
}

/// The same statements with the same values straight on the driver, in milliseconds.
async fn floor(path: &std::path::Path, statements: &[Statement]) -> f64 {
    let options: sqlx::sqlite::SqliteConnectOptions = format!("sqlite:{}", path.display()).parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        for statement in statements {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(statement.sql.clone()));
            for value in statement.values.iter().flat_map(|values| &values.0) {
                query = match value.clone() {
                    Value::Bool(value) => query.bind(value),
                    Value::Int(value) => query.bind(value),
                    Value::BigInt(value) => query.bind(value),
                    Value::BigUnsigned(value) => query.bind(value.map(u64::cast_signed)),
                    Value::SmallInt(value) => query.bind(value),
                    Value::String(value) => query.bind(value),
                    Value::Bytes(value) => query.bind(value),
                    Value::Uuid(value) => query.bind(value),
                    Value::ChronoDate(value) => query.bind(value),
                    other => panic!("bind {other:?}"),
                };
            }
            query.fetch_all(&mut connection).await.unwrap();
        }
        times.push(begun.elapsed());
    }
    connection.close().await.unwrap();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
