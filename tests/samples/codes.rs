use std::collections::BTreeMap;

use fupan::{
    domain::{
        actor::{Actor, Role},
        indicator::{DefinitionFields, Party},
        samples::{Counts, Minute, Sample, codes::Codes, minute_of, plan},
    },
    service::{App, event_costs, indicators, sample_codes, sample_retention, samples},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::{Service, TestClock, TestDatabase};

use crate::exact::indicator;

const CODES: [&str; 6] = ["00", "51", "R1", "E91", "T3", "96"];

async fn define(app: &App, from: &str, table: &[(&str, Party)]) {
    let exclusions = table.iter().map(|(code, party)| ((*code).to_owned(), *party)).collect();
    let fields = DefinitionFields { valid_from: from.parse().unwrap(), exclusions, note: None };
    indicators::define(app, &Actor::local_operator(), "one", None, fields).await.unwrap();
}

/// What a minute is in the slow reference: its codes, or counts that came without.
#[derive(Clone)]
enum Known {
    Coded(BTreeMap<&'static str, i64>),
    Plain(Counts),
}

fn counts(table: &BTreeMap<&str, Party>, known: &Known) -> Counts {
    let codes = match known {
        Known::Plain(counts) => return *counts,
        Known::Coded(codes) => codes,
    };
    let mut counts = Counts::default();
    for (code, count) in codes {
        counts.total += count;
        match table.get(code) {
            None if *code == "00" => counts.success += count,
            Some(Party::Success) => counts.success += count,
            Some(Party::User | Party::RiskControl) => counts.excluded += count,
            _ => {}
        }
    }
    counts
}

/// Coded and plain minutes in any order, late and corrected, while definitions change: every minute counts by the definition of
/// its day, and the codes can be told again.
#[tokio::test(flavor = "multi_thread")]
async fn every_minute_counts_by_the_definition_of_its_day_whatever_came_first() {
    for seed in 0..3 {
        let mut random = StdRng::seed_from_u64(seed);
        let database = TestDatabase::new().await;
        let clock = TestClock::at("2024-08-25T12:20:30+08:00");
        let app = support::app(&database, clock.clone()).await;
        let actor = Actor::local_operator();
        let number = indicator(&app, "one").await;
        let mut tables: Vec<(i32, BTreeMap<&str, Party>)> = vec![(i32::MIN, BTreeMap::new())];
        let mut model: BTreeMap<Minute, Known> = BTreeMap::new();
        // The first version begins today, and holds for everything before it.
        for step in 0..24 {
            let last = minute_of(app.now_millis());
            let (mut batch, mut codes) = (Vec::new(), Vec::new());
            let start = last - random.random_range(0..30_000);
            for at in 0..random.random_range(1..400) {
                let minute = (start + at * random.random_range(1..3)).min(last);
                if random.random_bool(0.8) {
                    let given: BTreeMap<&str, i64> = CODES
                        .into_iter()
                        .filter(|code| *code == "00" || random.random_bool(0.3))
                        .collect::<Vec<_>>()
                        .into_iter()
                        .map(|code| (code, random.random_range(0..if code == "00" { 3_000 } else { 40 })))
                        .collect();
                    let of = given.iter().map(|(code, count)| ((*code).to_owned(), *count));
                    codes.push((batch.len(), Codes::of(of).unwrap()));
                    batch.push(Sample { minute, counts: Counts { total: given.values().sum(), ..Counts::default() } });
                    model.insert(minute, Known::Coded(given));
                } else {
                    let counts = Counts { total: 9, success: 7, excluded: 1, estimated: false };
                    batch.push(Sample { minute, counts });
                    model.insert(minute, Known::Plain(counts));
                }
            }
            samples::ingest_coded(&app, &actor, "one", batch.clone(), codes.clone()).await.unwrap();
            let again = samples::ingest_coded(&app, &actor, "one", batch, codes).await.unwrap();
            assert_eq!(again.changed, 0, "the same batch once more changes nothing");
            if step % 6 == 5 {
                let from = ["2024-08-25", "2024-08-25", "2024-08-27", "2024-08-28"][step / 6];
                let parties = [Party::Ours, Party::User, Party::RiskControl, Party::Success, Party::Unknown];
                let table: BTreeMap<&str, Party> =
                    CODES[1..].iter().map(|code| (*code, parties[random.random_range(0..5)])).collect();
                let mut written: Vec<(&str, Party)> = table.iter().map(|(code, party)| (*code, *party)).collect();
                // With a success in the table 00 is one only if it says so.
                written.push(("00", Party::Success));
                define(&app, from, &written).await;
                tables.push((plan::day_of(from.parse().unwrap()), table));
            }
            if random.random_bool(0.5) {
                clock.set(&(app.now() + chrono::Duration::minutes(random.random_range(1..600))).to_rfc3339());
            }
            if random.random_bool(0.5) {
                samples::tidy(&app).await.unwrap();
            }
            sample_codes::class_anew(&app).await.unwrap();
            let holds = |minute: Minute| {
                let day = plan::day_at(minute, app.zone);
                &tables.iter().rev().find(|(from, _)| *from <= day).unwrap().1
            };
            let walked = samples::minutes(&app, &actor, number, last - 40_000, last + 700).await.unwrap();
            let expected = model.iter().map(|(minute, known)| (*minute, counts(holds(*minute), known)));
            assert!(walked.map(|one| (one.minute, one.counts)).eq(expected), "seed {seed}, step {step}");
        }
        let found = indicators::find(&app, &actor, "one").await.unwrap();
        let period = august();
        let sums = sample_codes::sums(&app, &actor, &found, period).await.unwrap();
        let (from, to) = event_costs::minutes_of(&app, period);
        let mut all: BTreeMap<&str, i64> = BTreeMap::new();
        for known in model.range(from..to).map(|(_, known)| known) {
            if let Known::Coded(codes) = known {
                codes
                    .iter()
                    .filter(|(_, count)| **count > 0)
                    .for_each(|(code, count)| *all.entry(code).or_default() += count);
            }
        }
        let told: BTreeMap<&str, i64> = sums.codes.iter().map(|one| (one.code.as_str(), one.count)).collect();
        assert_eq!(told, all);
    }
}

fn august() -> fupan::domain::period::Period {
    fupan::domain::period::Period::asked(Some("2024-08"), None, None, "2024-08-29".parse().unwrap()).unwrap()
}

struct Caller {
    service: Service,
    client: Client,
    token: String,
}

impl Caller {
    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("{}/api/v1{path}", self.service.url);
        let mut request = self.client.request(method.clone(), url).bearer_auth(&self.token);
        if method != Method::GET {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn text(&self, media: &str, body: &str) -> (StatusCode, Value) {
        let url = format!("{}/api/v1/indicators/withdraw/samples", self.service.url);
        let request = self.client.post(url).bearer_auth(&self.token).header("Content-Type", media);
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_table_moves_samples_and_leaves_what_was_published() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let service = Service::start("2024-08-27T06:08:30Z").await;
    let token = service.token(Role::Lead).await;
    let caller = Caller { service, client: Client::new(), token };
    let made =
        json!({"key": "withdraw", "name": "提现有效成功率", "exclusions": {"E51": "user"}, "valid_from": "2024-08-01"});
    let (status, made) = caller.send(Method::POST, "/indicators", &made).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let rows = json!([
        {"t": "2024-08-19T15:00:00+08:00", "codes": {"00": 950, "E51": 12, "96": 3}},
        {"minute": "2024-08-20T15:00:00+08:00", "codes": {"00": 100, "E51": 5}},
    ]);
    let (status, done) = caller.send(Method::POST, "/indicators/withdraw/samples", &rows).await;
    assert_eq!((status, done["accepted"].as_i64()), (StatusCode::OK, Some(2)), "{done}");
    let (status, done) =
        caller.text("text/csv", "时间,返回码,笔数\n2024-08-21 15:00,00,50\n2024-08-21 15:00,96,1\n").await;
    assert_eq!((status, done["changed"].as_i64()), (StatusCode::OK, Some(1)), "{done}");
    let (status, done) =
        caller.text("text/csv", "time,code:00,code:E51\n2024-08-22 15:00,10,\n2024-08-22 15:01,,-1\n").await;
    assert_eq!((status, done["errors"][0]["reason"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("negative")));
    let (_, both) =
        caller.text("application/x-ndjson", r#"{"t":1724050800,"codes":{"00":1},"total":1,"success":1}"#).await;
    assert!(both.to_string().contains("not both"), "{both}");

    let week = "/indicators/withdraw/totals?period=2024-W34";
    let (_, sums) = caller.send(Method::GET, week, &Value::Null).await;
    let of = |sums: &Value| ["total", "success", "excluded"].map(|name| sums[name].as_i64().unwrap());
    assert_eq!(of(&sums), [1_121, 1_100, 17]);
    let (_, codes) = caller.send(Method::GET, "/indicators/withdraw/codes?period=2024-W34", &Value::Null).await;
    assert_eq!(codes["data"][1], json!({"code": "E51", "party": "user", "count": 17}));
    assert_eq!((codes["minutes"].as_i64(), codes["data"][0]["party"].as_str()), (Some(3), Some("success")));

    let (status, published) = caller.send(Method::POST, "/reports/2024-W34:publish", &json!({})).await;
    assert!(status.is_success(), "{published}");
    let (_, before) = caller.send(Method::GET, "/reports/2024-W34", &Value::Null).await;

    // From Tuesday on E51 is ours.
    let next = json!({"valid_from": "2024-08-20", "exclusions": {"E51": "ours"}, "note": "余额不足也算"});
    let (status, defined) = caller.send(Method::POST, "/indicators/withdraw/definitions", &next).await;
    assert_eq!(status, StatusCode::CREATED, "{defined}");
    let (_, codes) = caller.send(Method::GET, "/indicators/withdraw/codes?period=2024-W34", &Value::Null).await;
    assert_eq!(codes["pending_from"], "2024-08-20T00:00:00+08:00");
    sample_codes::class_anew(&caller.service.app).await.unwrap();
    let (_, sums) = caller.send(Method::GET, week, &Value::Null).await;
    assert_eq!((of(&sums), sums["definition"].as_i64()), ([1_121, 1_100, 12], Some(2)), "Monday stays");
    let (_, after) = caller.send(Method::GET, "/reports/2024-W34", &Value::Null).await;
    assert_eq!(after, before, "what was published stays");
    assert_eq!(after["figures"][0]["measured"]["excluded"], 17, "{after}");
    let (_, restated) = caller.send(Method::GET, "/reports/2024-W34/restatement", &Value::Null).await;
    assert!(restated.to_string().contains("samples.reclassify"), "the cause is told: {restated}");

    // Without codes a minute is what was counted, whatever the table says.
    let plain = json!([{"t": "2024-08-20T15:00:00+08:00", "total": 7, "success": 7}]);
    caller.send(Method::POST, "/indicators/withdraw/samples", &plain).await;
    let (_, codes) = caller.send(Method::GET, "/indicators/withdraw/codes?period=2024-W34", &Value::Null).await;
    assert_eq!(codes["minutes"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_take_few_bytes_and_go_with_their_minutes() {
    let database = TestDatabase::new().await;
    let clock = TestClock::at("2024-08-25T12:20:30+08:00");
    let app = support::app(&database, clock.clone()).await;
    let actor = Actor::local_operator();
    let number = indicator(&app, "one").await;
    let last = minute_of(app.now_millis());
    let (mut batch, mut codes) = (Vec::new(), Vec::new());
    for minute in last - 40_000..last {
        let given = [("00", 140), ("51", i64::from(minute % 7)), ("96", i64::from(minute % 65 == 0))];
        let of = given.into_iter().map(|(code, count)| (code.to_owned(), count));
        codes.push((batch.len(), Codes::of(of).unwrap()));
        batch.push(Sample { minute, counts: Counts { total: 150, ..Counts::default() } });
    }
    samples::ingest_coded(&app, &actor, "one", batch, codes).await.unwrap();
    let hours = fupan::store::sample_codes::hours(app.store.read(), number, std::slice::from_ref(&(0..i32::MAX)))
        .await
        .unwrap();
    let bytes: usize = hours.values().map(|hour| hour.pack().len()).sum();
    assert!(bytes <= 40_000 * 3, "{bytes} bytes of 40,000 minutes with two codes of failure");

    let many: Vec<(String, i64)> = (0..150).map(|at| (format!("X{at}"), 1)).collect();
    let mut refused = None;
    for round in 0..15 {
        let of = many.iter().map(|(code, count)| (format!("{code}-{round}"), *count));
        let sample = Sample { minute: last - round, counts: Counts { total: 150, ..Counts::default() } };
        refused =
            samples::ingest_coded(&app, &actor, "one", vec![sample], vec![(0, Codes::of(of).unwrap())]).await.err();
    }
    assert!(refused.unwrap().to_string().contains("2,000 response codes"));

    let policy = fupan::domain::figure_policy::FigurePolicy { keep_minutes_days: 62, ..Default::default() };
    let document = serde_json::to_string(&policy).unwrap();
    fupan::service::policies::write(&app, &actor, "figures", &document, None).await.unwrap();
    clock.set("2025-08-25T12:20:30+08:00");
    while samples::tidy(&app).await.unwrap() != samples::Tidied::default() {}
    assert!(sample_retention::remove_old(&app).await.unwrap() > 600);
    let left = fupan::store::sample_codes::hours(app.store.read(), number, std::slice::from_ref(&(0..i32::MAX)))
        .await
        .unwrap();
    assert_eq!(left.len(), 0);
    let sum = samples::totals(&app, &actor, number, 0, minute_of(app.now_millis())).await.unwrap();
    assert_eq!(sum.totals.minutes, 40_001, "their sums stay");
}
