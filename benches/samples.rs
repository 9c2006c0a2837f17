//! Samples beside the bare machine: `cargo bench --bench samples`. Fills a database with 1,000 indicators (`INDICATORS`) and
//! two years of days (`DAYS`), and prints what the product and the same statements straight on the driver take in the same
//! run, with their ratio; bytes per sample as packed; and the year to date of one and of all indicators. Never fails on time.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that prints a table"
)]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use fupan::{
    domain::{
        actor::Actor,
        indicator::DefinitionFields,
        samples::{Counts, Minute, Sample, minute_of, packing::Hour, plan, sum::place},
    },
    runtime::system::SystemIds,
    service::{App, indicators, ports::Clock, samples},
    store::{self, Store},
};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, Row as _};

/// Rows of a batch.
const BATCH: i32 = 100_000;

#[derive(Debug)]
struct BenchClock(Mutex<DateTime<Utc>>);

impl Clock for BenchClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn main() {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run());
}

fn number(name: &str, default: i32) -> i32 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Whether a part is asked for: `cargo bench --bench samples -- running years`; without words all are.
fn asked(part: &str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| word == part)
}

async fn run() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(BenchClock(Mutex::new("2024-08-25T04:00:30Z".parse().unwrap())));
    let path = |name: &str| folder.path().join(name);
    if asked("late") {
        let app = app(&path("late.db"), Arc::clone(&clock)).await;
        late(&app, folder.path()).await;
        app.store.close().await.unwrap();
    }
    if asked("running") {
        let app = app(&path("running.db"), Arc::clone(&clock)).await;
        running(&app, folder.path(), &clock).await;
        app.store.close().await.unwrap();
    }
    if asked("size") {
        let app = app(&path("size.db"), Arc::clone(&clock)).await;
        size(&app, &path("size.db"), &clock).await;
        app.store.close().await.unwrap();
    }
    if asked("years") {
        *clock.0.lock().unwrap() = "2024-08-25T04:00:30Z".parse().unwrap();
        let app = app(&path("year.db"), clock).await;
        years(&app, &path("year.db")).await;
        app.store.close().await.unwrap();
    }
}

async fn app(path: &Path, clock: Arc<BenchClock>) -> App {
    let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    store::migrate::up(&store).await.unwrap();
    App {
        store,
        clock,
        ids: Arc::new(SystemIds),
        calendars: Arc::default(),
        zone: chrono_tz::Asia::Shanghai,
        public_url: "http://localhost".to_owned(),
        mail_domain: "localhost".to_owned(),
        sign_in: Arc::default(),
        limits: Arc::default(),
        demo: false,
        outgoing: Arc::new(fupan::outgoing::NothingOut),
        report_mail: fupan::notify::mail::report_words,
        notice: fupan::notify::mail::notice_words,
        line_styles: Arc::default(),
        levels: Arc::default(),
        vault: Arc::new(fupan::service::vault::Vault::new(Vec::new(), None).unwrap()),
        refused: Arc::default(),
        retention: fupan::service::housekeeping::Retention::default(),
        outbox: Arc::default(),
    }
}

async fn indicator(app: &App, key: &str) -> i32 {
    let fields = support::success_rate(key, key, None);
    let first = DefinitionFields { valid_from: app.today(), exclusions: BTreeMap::new(), note: None };
    indicators::create(app, &Actor::local_operator(), fields, first).await.unwrap().indicator.number
}

/// Traffic of a payment business: a daily wave of some hundred attempts, a few refusals, seldom a failure.
fn sample(indicator: i32, minute: Minute) -> Sample {
    let random = (i64::from(minute) * 2_654_435_761 + i64::from(indicator) * 40_503) >> 7 & 0xffff;
    let wave = 720 - i64::from((minute + 480).rem_euclid(1_440) - 720).abs();
    let total = 60 + wave * (1 + i64::from(indicator % 5)) + random % 61 - 30;
    let excluded = random % 11;
    let failed = if random % 97 == 0 { random % 23 } else { 0 };
    Sample { minute, counts: Counts { total, success: total - excluded - failed, excluded, estimated: false } }
}

fn rate(count: i32, took: Duration) -> f64 {
    f64::from(count) / took.as_secs_f64()
}

fn told(name: &str, product: f64, floor: f64) {
    println!("{name:<58} {product:>12.0}/s  floor {floor:>12.0}/s  ratio {:.2}", product / floor);
}

/// The driver, without anything of ours.
async fn floor(folder: &Path, name: &str) -> sqlx::SqliteConnection {
    let url = format!("sqlite:{}?mode=rwc", folder.join(name).display());
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    let options = options.pragma("journal_mode", "WAL").pragma("synchronous", "FULL");
    let mut connection = options.connect().await.unwrap();
    for text in [
        "CREATE TABLE sample_minute (indicator integer NOT NULL, minute integer NOT NULL, total bigint NOT NULL, success bigint NOT NULL, excluded bigint NOT NULL, estimated smallint NOT NULL, PRIMARY KEY (indicator, minute)) WITHOUT ROWID",
        "CREATE TABLE sample_hour (indicator integer NOT NULL, hour integer NOT NULL, total bigint NOT NULL, success bigint NOT NULL, excluded bigint NOT NULL, minutes smallint NOT NULL, estimated smallint NOT NULL, packed blob NOT NULL, PRIMARY KEY (indicator, hour)) WITHOUT ROWID",
    ] {
        sqlx::query(text).execute(&mut connection).await.unwrap();
    }
    connection
}

fn upsert(table: &str, columns: &[&str], rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let sets: Vec<String> = columns[2..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
    format!(
        "INSERT INTO {table} ({}) VALUES {} ON CONFLICT ({}, {}) DO UPDATE SET {}",
        columns.join(", "),
        vec![row.as_str(); rows].join(", "),
        columns[0],
        columns[1],
        sets.join(", ")
    )
}

/// Batches of minutes of hours that are over: they are packed at once.
async fn late(app: &App, folder: &Path) {
    let actor = Actor::local_operator();
    let now = minute_of(app.now_millis());
    let rounds = 10;
    let mut took = Duration::ZERO;
    for round in 0..rounds {
        let key = format!("late-{round}");
        let indicator = indicator(app, &key).await;
        let batch: Vec<Sample> =
            (now - 200_000..now - 200_000 + BATCH).map(|minute| sample(indicator, minute)).collect();
        let begun = Instant::now();
        samples::ingest(app, &actor, &key, batch).await.unwrap();
        took += begun.elapsed();
    }
    let product = rate(BATCH * rounds, took);

    let mut connection = floor(folder, "late-floor.db").await;
    let columns = ["indicator", "hour", "total", "success", "excluded", "minutes", "estimated", "packed"];
    let mut took = Duration::ZERO;
    for round in 0..rounds {
        let mut hours: BTreeMap<i32, Hour> = BTreeMap::new();
        for minute in now - 200_000..now - 200_000 + BATCH {
            let (hour, at) = place(minute);
            hours.entry(hour).or_default().set(at, sample(round, minute).counts);
        }
        let rows: Vec<(i32, Vec<u8>)> = hours.iter().map(|(hour, packed)| (*hour, packed.pack())).collect();
        let begun = Instant::now();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        let text = sqlx::AssertSqlSafe(upsert("sample_hour", &columns, rows.len()));
        let mut query = sqlx::query(text);
        for (hour, packed) in &rows {
            query =
                query.bind(round).bind(hour).bind(1_i64).bind(1_i64).bind(1_i64).bind(60_i16).bind(0_i16).bind(packed);
        }
        query.execute(&mut connection).await.unwrap();
        sqlx::query("COMMIT").execute(&mut connection).await.unwrap();
        took += begun.elapsed();
    }
    told("ingest, minutes of past hours, 100,000 a batch", product, rate(BATCH * rounds, took));

    // The same minutes as rows, which is what a store without packing writes.
    let columns = ["indicator", "minute", "total", "success", "excluded", "estimated"];
    let mut took = Duration::ZERO;
    for round in 0..3 {
        let rows: Vec<Sample> = (now - 200_000..now - 200_000 + BATCH).map(|minute| sample(round, minute)).collect();
        took += floor_minutes(&mut connection, round, &rows, &columns).await;
    }
    told("ingest, against minute rows straight on the driver", product, rate(BATCH * 3, took));
    connection.close().await.unwrap();
}

async fn floor_minutes(
    connection: &mut sqlx::SqliteConnection,
    indicator: i32,
    rows: &[Sample],
    columns: &[&str],
) -> Duration {
    let begun = Instant::now();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.unwrap();
    for chunk in rows.chunks(5_000) {
        let mut query = sqlx::query(sqlx::AssertSqlSafe(upsert("sample_minute", columns, chunk.len())));
        for sample in chunk {
            let counts = sample.counts;
            query = query
                .bind(indicator)
                .bind(sample.minute)
                .bind(counts.total)
                .bind(counts.success)
                .bind(counts.excluded)
                .bind(0_i16);
        }
        query.execute(&mut *connection).await.unwrap();
    }
    sqlx::query("COMMIT").execute(&mut *connection).await.unwrap();
    begun.elapsed()
}

/// The hour that runs: each of many indicators sends its last minutes.
async fn running(app: &App, folder: &Path, clock: &BenchClock) {
    let actor = Actor::local_operator();
    *clock.0.lock().unwrap() = "2024-08-25T04:59:30Z".parse().unwrap();
    let now = minute_of(app.now_millis());
    let count = 200;
    let mut numbers = Vec::new();
    for at in 0..count {
        numbers.push(indicator(app, &format!("running-{at}")).await);
    }
    let begun = Instant::now();
    for (at, indicator) in numbers.iter().enumerate() {
        let batch: Vec<Sample> = (now - 58..=now).map(|minute| sample(*indicator, minute)).collect();
        samples::ingest(app, &actor, &format!("running-{at}"), batch).await.unwrap();
    }
    let product = rate(59 * count, begun.elapsed());
    let mut connection = floor(folder, "running-floor.db").await;
    let columns = ["indicator", "minute", "total", "success", "excluded", "estimated"];
    let mut took = Duration::ZERO;
    for indicator in 0..count {
        let rows: Vec<Sample> = (now - 58..=now).map(|minute| sample(indicator, minute)).collect();
        took += floor_minutes(&mut connection, indicator, &rows, &columns).await;
    }
    connection.close().await.unwrap();
    told("ingest, the hour that runs, 59 rows a transaction", product, rate(59 * count, took));
    *clock.0.lock().unwrap() = "2024-08-25T05:15:30Z".parse().unwrap();
    let begun = Instant::now();
    let tidied = samples::tidy(app).await.unwrap();
    println!(
        "  packed {} indicators, summed {} days in {:.0} ms",
        tidied.packed,
        tidied.summed,
        begun.elapsed().as_secs_f64() * 1e3
    );
}

/// A week of many indicators in the order of time, hour by hour, packed by the worker: what a sample takes in the file.
async fn size(app: &App, path: &Path, clock: &BenchClock) {
    let actor = Actor::local_operator();
    let (count, days) = (number("SIZE_INDICATORS", 200), 7);
    let mut numbers = Vec::new();
    for at in 0..count {
        numbers.push(indicator(app, &format!("i{at}")).await);
    }
    let start: DateTime<Utc> = "2024-08-12T00:00:00Z".parse().unwrap();
    let first = minute_of(start.timestamp_millis());
    for hour in 0..days * 24 {
        *clock.0.lock().unwrap() = start + TimeDelta::minutes(i64::from(hour) * 60 + 75);
        for (at, indicator) in numbers.iter().enumerate() {
            let batch = (first + hour * 60..first + hour * 60 + 60).map(|minute| sample(*indicator, minute)).collect();
            samples::ingest(app, &actor, &format!("i{at}"), batch).await.unwrap();
        }
    }
    while samples::tidy(app).await.unwrap() != samples::Tidied::default() {}
    let mut connection = bare(path).await;
    let size = |text: &'static str| sqlx::query(text);
    let hours: i64 = size("SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name = 'sample_hour'")
        .fetch_one(&mut connection)
        .await
        .map_or(-1, |row| row.get(0));
    let blobs: i64 =
        size("SELECT SUM(length(packed)) FROM sample_hour").fetch_one(&mut connection).await.unwrap().get(0);
    connection.close().await.unwrap();
    let all = i64::from(count) * i64::from(days) * 1_440;
    println!(
        "bytes per sample, {all} samples in order of time: packed {:.2}, in the table {:.2}",
        blobs as f64 / all as f64,
        hours as f64 / all as f64
    );
}

async fn bare(path: &Path) -> sqlx::SqliteConnection {
    let options: sqlx::sqlite::SqliteConnectOptions = format!("sqlite:{}", path.display()).parse().unwrap();
    options.connect().await.unwrap()
}

/// Two years of days of many indicators, as the worker leaves them; then the year to date in the middle of a day.
async fn years(app: &App, path: &Path) {
    let (count, days) = (number("INDICATORS", 1_000), number("DAYS", 730));
    let mut numbers = Vec::new();
    for at in 0..count {
        numbers.push(indicator(app, &format!("i{at}")).await);
    }
    samples::tidy(app).await.unwrap();
    let now = minute_of(app.now_millis());
    let today = plan::day_at(now, app.zone);
    // The rows of past days straight into the tables: filling them minute by minute would take a night.
    let tx = app.store.begin().await.unwrap();
    for indicator in &numbers {
        let sum = fupan::domain::samples::Totals {
            total: 600_000,
            success: 599_000,
            excluded: 900,
            minutes: 1_440,
            estimated: 0,
        };
        let rows: Vec<_> = (today - days..today)
            .map(|day| store::sample_days::DaySum { indicator: *indicator, zone: 1, day, sum })
            .collect();
        store::sample_days::write_days(&tx, &rows).await.unwrap();
    }
    for month in plan::month_of(today - days)..=plan::month_of(today) {
        store::sample_days::write_month(&tx, &numbers, 1, month).await.unwrap();
    }
    tx.commit().await.unwrap();
    let actor = Actor::local_operator();
    let midnight = plan::day_start(today, app.zone);
    for (at, indicator) in numbers.iter().enumerate() {
        let batch = (midnight..now).map(|minute| sample(*indicator, minute)).collect();
        samples::ingest(app, &actor, &format!("i{at}"), batch).await.unwrap();
    }
    samples::tidy(app).await.unwrap();
    let year = plan::day_start(plan::day_of("2024-01-01".parse().unwrap()), app.zone);
    let one =
        median(|| async { samples::totals(app, &actor, numbers[7], year, now).await.unwrap().totals.minutes }).await;
    let all = median(|| async { samples::totals_of(app, &actor, &numbers, year, now).await.unwrap().len() }).await;

    let mut connection = bare(path).await;
    let first = plan::day_of("2024-01-01".parse().unwrap());
    let mut times = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        sqlx::query("SELECT SUM(total), SUM(success), SUM(excluded), SUM(minutes), SUM(estimated) FROM sample_day WHERE indicator = ? AND zone = 1 AND day >= ? AND day < ?")
            .bind(numbers[7]).bind(first).bind(today).fetch_one(&mut connection).await.unwrap();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let floor_one = times[times.len() / 2].as_secs_f64() * 1e3;
    let mut times = Vec::new();
    for _ in 0..10 {
        let begun = Instant::now();
        sqlx::query("SELECT h.indicator, SUM(d.total), SUM(d.success), SUM(d.excluded), SUM(d.minutes), SUM(d.estimated) FROM sample_head h CROSS JOIN sample_day d WHERE d.indicator = h.indicator AND d.zone = 1 AND d.day >= ? AND d.day < ? GROUP BY h.indicator")
            .bind(first).bind(today).fetch_all(&mut connection).await.unwrap();
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let floor_all = times[times.len() / 2].as_secs_f64() * 1e3;
    connection.close().await.unwrap();
    println!("year to date, one indicator, {days} days kept {one:>22.3} ms  floor {floor_one:.3} ms (days alone)");
    println!("year to date, {count} indicators {all:>29.1} ms  floor {floor_all:.1} ms (days alone)");
}

async fn median<F: Future>(work: impl Fn() -> F) -> f64 {
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < 10 || begun.elapsed() < Duration::from_secs(2) {
        let one = Instant::now();
        work().await;
        times.push(one.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
