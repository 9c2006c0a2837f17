//! Samples over HTTP, and many of them: `cargo bench --bench ingest`. Prints rows a second of batches of 100,000 in every format,
//! plain and packed by gzip, beside what the same rows take straight on the driver, and what a server takes that only reads the
//! body. With `MILLIONS=100` so many millions of samples go in by batches over the library, and the memory of the process is
//! printed on the way. Never fails on time.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program that prints a table"
)]

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write as _,
    time::{Duration, Instant},
};

use fupan::{
    domain::{
        actor::{Actor, Role},
        indicator::DefinitionFields,
        samples::{Counts, Minute, Sample, minute_of},
    },
    service::{App, indicators, samples},
};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _};
use support::{Service, TestClock, TestDatabase};

const ROWS: i32 = 100_000;
const ROUNDS: usize = 8;

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match std::env::var("MILLIONS").ok().and_then(|count| count.parse().ok()) {
        Some(millions) => runtime.block_on(many(millions)),
        None => runtime.block_on(http()),
    }
}

async fn indicator(app: &App, key: &str) {
    let fields = support::success_rate(key, key, None);
    let first = DefinitionFields { valid_from: app.today(), exclusions: BTreeMap::new(), note: None };
    indicators::create(app, &Actor::local_operator(), fields, first).await.unwrap();
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

fn time(minute: Minute) -> String {
    let at = chrono::DateTime::from_timestamp(i64::from(minute) * 60, 0).unwrap();
    at.with_timezone(&chrono_tz::Asia::Shanghai).to_rfc3339()
}

fn rows(format: &str, first: Minute) -> Vec<u8> {
    let mut text = String::new();
    if format == "csv" {
        text.push_str("time,total,success,excluded\n");
    }
    for minute in first..first + ROWS {
        let (at, Counts { total, success, excluded, .. }) = (time(minute), sample(1, minute).counts);
        let row = match format {
            "csv" => writeln!(text, "{at},{total},{success},{excluded}"),
            "codes" => writeln!(
                text,
                r#"{{"t":"{at}","codes":{{"00":{success},"51":{excluded},"96":{}}}}}"#,
                total - success - excluded
            ),
            _ => writeln!(text, r#"{{"t":"{at}","total":{total},"success":{success},"excluded":{excluded}}}"#),
        };
        row.unwrap();
    }
    if format == "json" {
        text = format!("[{}]", text.trim_end().replace('\n', ","));
    }
    text.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn http() {
    let service = Service::start("2024-08-25T04:00:30Z").await;
    let token = service.token(Role::Lead).await;
    let client = reqwest::Client::new();
    let now = minute_of(service.app.now_millis());
    let first = now - 200_000;
    let floor = floor(&service, first).await;
    let empty = discarding();
    for (format, media) in [
        ("json", "application/json"),
        ("ndjson", "application/x-ndjson"),
        ("csv", "text/csv"),
        ("codes", "application/x-ndjson"),
    ] {
        for packed in [false, true] {
            let plain = rows(format, first);
            let body = if packed { gzip(&plain) } else { plain };
            let mut took = Vec::new();
            let mut alone = Vec::new();
            for round in 0..ROUNDS {
                let key = format!("{format}-{packed}-{round}");
                indicator(&service.app, &key).await;
                let send = |url: String| {
                    let request = client.post(url).bearer_auth(&token).header("Content-Type", media);
                    let request = if packed { request.header("Content-Encoding", "gzip") } else { request };
                    request.body(body.clone())
                };
                let request = send(format!("{}/api/v1/indicators/{key}/samples", service.url));
                let begun = Instant::now();
                let answer = request.send().await.unwrap();
                let status = answer.status();
                let text = answer.text().await.unwrap();
                took.push(begun.elapsed());
                assert!(status.is_success(), "{text}");
                let request = send(format!("{empty}/"));
                let begun = Instant::now();
                request.send().await.unwrap().bytes().await.unwrap();
                alone.push(begun.elapsed());
            }
            let rate = |times: &mut Vec<Duration>| {
                times.sort_unstable();
                f64::from(ROWS) / times[times.len() / 2].as_secs_f64()
            };
            println!(
                "HTTP {format:<7}{} {:>4.1} MB {:>12.0} rows/s   body read only {:>12.0}/s   minute rows on the driver {floor:>9.0}/s  ratio {:.2}",
                if packed { "gzip" } else { "    " },
                body.len() as f64 / 1e6,
                rate(&mut took),
                rate(&mut alone),
                rate(&mut took) / floor,
            );
        }
    }
}

/// A server that reads the body and does nothing with it.
fn discarding() -> String {
    use actix_web::{App, HttpServer, web};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = HttpServer::new(|| {
        App::new()
            .app_data(web::PayloadConfig::new(64 << 20))
            .default_service(web::to(|body: web::Bytes| async move { body.len().to_string() }))
    });
    tokio::spawn(server.workers(2).listen(listener).unwrap().disable_signals().run());
    url
}

/// The same minutes as rows straight on the driver.
async fn floor(service: &Service, first: Minute) -> f64 {
    let url = format!("sqlite:{}?mode=rwc", service.database.folder().join("floor.db").display());
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    let options = options.pragma("journal_mode", "WAL").pragma("synchronous", "FULL");
    let mut connection = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE sample_minute (indicator integer NOT NULL, minute integer NOT NULL, total bigint NOT NULL, success bigint NOT NULL, excluded bigint NOT NULL, estimated smallint NOT NULL, PRIMARY KEY (indicator, minute)) WITHOUT ROWID")
        .execute(&mut connection).await.unwrap();
    let mut took = Duration::ZERO;
    for round in 0..3 {
        let all: Vec<Sample> = (first..first + ROWS).map(|minute| sample(1, minute)).collect();
        let begun = Instant::now();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        for chunk in all.chunks(5_000) {
            let marks = vec!["(?, ?, ?, ?, ?, ?)"; chunk.len()].join(", ");
            let text = format!(
                "INSERT INTO sample_minute VALUES {marks} ON CONFLICT (indicator, minute) DO UPDATE SET total = excluded.total, success = excluded.success, excluded = excluded.excluded, estimated = excluded.estimated"
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
            for Sample { minute, counts } in chunk {
                query = query
                    .bind(round)
                    .bind(minute)
                    .bind(counts.total)
                    .bind(counts.success)
                    .bind(counts.excluded)
                    .bind(0_i16);
            }
            query.execute(&mut connection).await.unwrap();
        }
        sqlx::query("COMMIT").execute(&mut connection).await.unwrap();
        took += begun.elapsed();
    }
    connection.close().await.unwrap();
    f64::from(ROWS * 3) / took.as_secs_f64()
}

/// Resident memory of this process, in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Samples of many indicators by batches, two years of minutes each at most.
async fn many(millions: i32) {
    let database = TestDatabase::new().await;
    let app = support::app(&database, TestClock::at("2024-08-25T04:00:30Z")).await;
    let actor = Actor::local_operator();
    let now = minute_of(app.now_millis());
    let begun = Instant::now();
    println!("{:>6} M {:>8.1} MiB at the start", 0, memory());
    for million in 0..millions {
        let key = format!("i{million}");
        indicator(&app, &key).await;
        for part in 0..10 {
            let first = now - 1_050_000 + part * ROWS;
            let batch = (first..first + ROWS).map(|minute| sample(million, minute)).collect();
            samples::ingest(&app, &actor, &key, batch).await.unwrap();
        }
        if (million + 1) % 5 == 0 {
            let took = begun.elapsed().as_secs_f64();
            let rate = f64::from(million + 1) / took;
            println!("{:>6} M {:>8.1} MiB  {took:>7.1} s  {rate:>5.2} M/s", million + 1, memory());
        }
    }
    let summing = Instant::now();
    let mut days = 0;
    loop {
        let tidied = samples::tidy(&app).await.unwrap();
        days += tidied.summed;
        if tidied == samples::Tidied::default() {
            break;
        }
    }
    let took = summing.elapsed().as_secs_f64();
    println!("summed {days} days in {took:.1} s, {:.1} MiB", memory());
    app.store.close().await.unwrap();
    let size = std::fs::metadata(database.url.trim_start_matches("sqlite:")).map_or(0, |file| file.len());
    println!(
        "{:.2} bytes per sample in the file, {:.0} MB",
        size as f64 / f64::from(millions) / 1e6,
        size as f64 / 1e6
    );
}
