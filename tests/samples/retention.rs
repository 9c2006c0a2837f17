use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use fupan::{
    domain::{
        actor::{Actor, Role},
        figure_policy::FigurePolicy,
        samples::{Counts, Minute, Sample, Totals, minute_of, plan},
    },
    service::{App, dips, event_costs, policies, sample_days, sample_retention, samples},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::{Service, TestClock, TestDatabase};

use crate::exact::indicator;

async fn keep(app: &App, days: u32) {
    let policy = FigurePolicy { keep_minutes_days: days, ..FigurePolicy::default() };
    let document = serde_json::to_string(&policy).unwrap();
    policies::write(app, &Actor::local_operator(), "figures", &document, None).await.unwrap();
}

/// What the worker does, until nothing is left to do.
async fn tidy(app: &App) -> u64 {
    while samples::tidy(app).await.unwrap() != samples::Tidied::default() {}
    let mut all = 0;
    loop {
        let removed = sample_retention::remove_old(app).await.unwrap();
        all += removed;
        if removed == 0 {
            return all;
        }
    }
}

fn sum(model: &BTreeMap<Minute, Counts>, from: Minute, to: Minute) -> Totals {
    let mut sum = Totals::default();
    model.range(from..to).for_each(|(_, counts)| sum.add(Totals::of(*counts)));
    sum
}

/// Samples of most of a year in any order, while the clock and the worker go on and old hours are removed: whole days and months
/// are exact for ever, everything later as well, and what is removed is told and never taken for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn whole_days_stay_exact_when_their_minutes_are_removed() {
    for (seed, name) in ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu"].into_iter().enumerate() {
        let mut random = StdRng::seed_from_u64(7 + seed as u64);
        let database = TestDatabase::new().await;
        let mut now: DateTime<Utc> = "2024-12-20T03:17:20Z".parse().unwrap();
        let clock = TestClock::at(&now.to_rfc3339());
        let mut app = support::app(&database, clock.clone()).await;
        app.zone = name.parse().unwrap();
        let (actor, zone) = (Actor::local_operator(), app.zone);
        let number = indicator(&app, "one").await;
        let mut model = BTreeMap::new();
        keep(&app, 62).await;
        let mut removed = 0;
        for step in 0..14 {
            let last = minute_of(app.now_millis());
            let open = sample_retention::first_open(&app, &actor, number).await.unwrap();
            let reach = if step == 0 { 400_000 } else { 120_000 };
            let batch: Vec<Sample> = (0..random.random_range(100..900))
                .map(|_| {
                    let (success, failed) = (random.random_range(0..3_000), random.random_range(0..3));
                    let counts = Counts { total: success + failed, success, excluded: 0, estimated: false };
                    Sample { minute: last - random.random_range(0..reach), counts }
                })
                .filter(|sample| sample.minute >= open)
                .collect();
            for sample in &batch {
                model.insert(sample.minute, sample.counts);
            }
            samples::ingest(&app, &actor, "one", batch).await.unwrap();
            if step % 3 != 1 {
                removed += tidy(&app).await;
            }
            let gone = samples::head(&app, &actor, number).await.unwrap().unwrap().gone_before;
            let today = plan::day_at(last, zone);
            for _ in 0..12 {
                let day = today - random.random_range(0..280);
                let behind = (day + random.random_range(1..200)).min(today + 1);
                let (from, to) = (plan::day_start(day, zone), plan::day_start(behind, zone));
                let found = samples::totals(&app, &actor, number, from, to).await.unwrap();
                assert_eq!(found.totals, sum(&model, from, to), "{name} step {step}: days {day}..{behind}");
                // Not a whole day.
                let edge = from + 137;
                let asked = samples::totals(&app, &actor, number, edge, to).await;
                let first = *model.first_key_value().unwrap().0;
                if edge >= gone || plan::day_start(day + 1, zone) <= first - first % 60 || edge >= to {
                    assert_eq!(asked.unwrap().totals, sum(&model, edge, to.max(edge)), "{name} step {step}");
                } else {
                    let words = asked.unwrap_err().to_string();
                    assert!(words.contains("are removed"), "{words}");
                    assert!(samples::minutes(&app, &actor, number, edge, edge + 1_440).await.is_err());
                }
            }
            let (first, end) = (plan::date_of(today - 300), plan::date_of(today));
            let days = sample_days::of(&app, &actor, &[number], first, end).await.unwrap();
            let all = days[&number].values().fold(0, |all, day| all + day.total);
            let whole = (plan::day_start(today - 300, zone), plan::day_start(today + 1, zone));
            assert_eq!(all, sum(&model, whole.0, whole.1).total);
            if open > 0 {
                let counts = Counts { total: 1, success: 1, excluded: 0, estimated: false };
                let late = samples::ingest(&app, &actor, "one", vec![Sample { minute: open - 1, counts }]).await;
                assert!(late.unwrap_err().to_string().contains("are closed"));
            }
            now += Duration::minutes(random.random_range(1..20_000));
            clock.set(&now.to_rfc3339());
        }
        assert!(removed > 1_000, "{removed} hours");

        // A new report zone: what can be summed for it is, the rest is told.
        app.zone = if zone == chrono_tz::UTC { chrono_tz::Asia::Tokyo } else { "Pacific/Apia".parse().unwrap() };
        let last = minute_of(app.now_millis());
        let gone = samples::head(&app, &actor, number).await.unwrap().unwrap().gone_before;
        for round in 0..2 {
            let today = plan::day_at(last, app.zone);
            for back in [2, 30, 60, 75, 100] {
                let (from, to) = (plan::day_start(today - back, app.zone), plan::day_start(today, app.zone));
                let found = samples::totals(&app, &actor, number, from, to).await;
                if from >= gone {
                    assert_eq!(found.unwrap().totals, sum(&model, from, to), "{name}, {back} days, {round}");
                } else {
                    assert!(found.unwrap_err().to_string().contains("are removed"), "{name}, {back} days, {round}");
                }
            }
            let (first, last) = (plan::date_of(today - 100), plan::date_of(today - 1));
            let days = sample_days::of(&app, &actor, &[number], first, last).await.unwrap();
            for (date, found) in &days[&number] {
                let day = plan::day_of(*date);
                let expected = sum(&model, plan::day_start(day, app.zone), plan::day_start(day + 1, app.zone));
                assert_eq!(*found, expected, "{name}, {date}, {round}");
            }
            let whole = days[&number].len();
            assert!((50..=90).contains(&whole), "{whole} days");
            tidy(&app).await;
        }
    }
}

/// Wednesday 14:08 in Shanghai.
const NOW: &str = "2024-08-21T06:08:30Z";
/// Monday 2024-08-19 15:00 in Shanghai.
const START: i64 = 1_724_050_800;

struct World {
    service: Service,
    client: Client,
    token: String,
    line: String,
}

impl World {
    async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("{}/api/v1{path}", self.service.url);
        let mut request = self.client.request(method.clone(), url).bearer_auth(&self.token);
        if method != Method::GET {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn event(&self, from: &str, to: &str) -> i64 {
        let body = json!({
            "occurred_at": from, "recovered_at": to, "summary": "提现失败", "services": [{"service_id": self.line}],
        });
        let (status, made) = self.send(Method::POST, "/events", &body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["number"].as_i64().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_events_are_computed_from_stays_when_minutes_are_removed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let service = Service::start(NOW).await;
    let token = service.token(Role::Lead).await;
    let mut world = World { service, client: Client::new(), token, line: String::new() };
    let (_, line) = world.send(Method::POST, "/services", &json!({"name": "提现"})).await;
    world.line = line["id"].as_str().unwrap().to_owned();
    let made = json!({"key": "withdraw", "name": "提现有效成功率", "service_id": world.line});
    world.send(Method::POST, "/indicators", &made).await;
    let app = world.service.app.clone();
    let actor = Actor::local_operator();
    let minute = |seconds: i64| Minute::try_from(seconds / 60).unwrap();
    let trouble = minute(START)..minute(START) + 30;
    let dip = minute(START) - 20 * 1_440;
    let batch: Vec<Sample> = (minute(START) - 35 * 1_440..minute(START) + 1_440)
        .map(|minute| {
            let bad = trouble.contains(&minute) || (dip..dip + 20).contains(&minute);
            let failed = if bad { 23 } else { i64::from(minute % 65 == 0) };
            let counts = Counts { total: 140, success: 140 - failed, excluded: 0, estimated: false };
            Sample { minute, counts }
        })
        .collect();
    samples::ingest(&app, &actor, "withdraw", batch).await.unwrap();
    let number = world.event("2024-08-19T15:00:00+08:00", "2024-08-19T15:30:00+08:00").await;
    event_costs::refresh(&app).await.unwrap();
    let before = event_costs::of_event(&app, &actor, number).await.unwrap();
    let ledger = world.send(Method::GET, "/indicators/withdraw/ledger?period=2024-W34", &Value::Null).await.1;

    // A year later.
    keep(&app, 100).await;
    world.service.clock.set("2025-08-21T06:08:30Z");
    // Its token ended long ago.
    world.token = world.service.token(Role::Lead).await;
    while samples::tidy(&app).await.unwrap() != samples::Tidied::default() {}
    let (_, said) = sample_retention::overview(&app, &actor, None, None).await.unwrap();
    let held = tidy(&app).await;
    assert_eq!((said[0].goes.cast_unsigned(), said[0].stays()), (held, 864 - held.cast_signed()), "said before");
    let (_, after) = sample_retention::overview(&app, &actor, None, None).await.unwrap();
    assert_eq!((after[0].goes, after[0].goes_bytes, after[0].stays()), (0, 0, said[0].stays()));
    assert_eq!(said[0].held.bytes - said[0].goes_bytes, after[0].held.bytes);
    assert!((750..820).contains(&held), "{held} of 864 hours went, those that the event needs did not");
    let (status, now) = world.send(Method::GET, &format!("/events/{number}"), &Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    // Touched, so that it is computed again.
    let patched = world
        .client
        .patch(format!("{}/api/v1/events/{number}", world.service.url))
        .bearer_auth(&world.token)
        .header("If-Match", format!("\"{}\"", now["version"]))
        .json(&json!({"summary": "提现大量失败"}))
        .send()
        .await
        .unwrap();
    assert_eq!(patched.status(), StatusCode::OK);
    event_costs::refresh(&app).await.unwrap();
    let again = event_costs::of_event(&app, &actor, number).await.unwrap();
    assert_eq!(again[0].pieces, before[0].pieces, "the same to the last number");
    assert_eq!(again[0].gone_before, None);
    let mut same = world.send(Method::GET, "/indicators/withdraw/ledger?period=2024-W34", &Value::Null).await.1;
    same["to"] = ledger["to"].clone();
    assert_eq!(same, ledger, "but for its end, because the week is over now");
    let chart = samples::minutes(&app, &actor, 1, trouble.start - 60, trouble.end + 60).await.unwrap();
    assert_eq!(chart.count(), 150, "its minutes can be drawn");

    // An event that is logged too late is told that its minutes are gone.
    let late = world.event("2024-07-28T15:00:00+08:00", "2024-07-28T15:20:00+08:00").await;
    event_costs::refresh(&app).await.unwrap();
    let (_, costs) = world.send(Method::GET, &format!("/events/{late}/costs"), &Value::Null).await;
    assert_eq!(costs["data"][0]["pieces"], json!([]));
    assert!(costs["data"][0]["minutes_removed_before"].as_str().unwrap().starts_with("2025-05-"), "{costs}");
    let minutes = "/indicators/withdraw/samples?from=2024-07-28T15:00:00%2B08:00&to=2024-07-28T16:00:00%2B08:00";
    let (status, refused) = world.send(Method::GET, minutes, &Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    assert!(refused.to_string().contains("ask for whole days"), "{refused}");
    let (status, sums) = world.send(Method::GET, "/indicators/withdraw/totals?period=2024-08", &Value::Null).await;
    assert_eq!((status, sums["measured"].as_i64()), (StatusCode::OK, Some(28_260)), "{sums}");

    // A correction of that time is refused by its row, and good rows beside it are kept on request.
    let rows = json!([
        {"t": "2024-07-28T15:00:00+08:00", "total": 5, "success": 5},
        {"t": "2025-08-20T15:00:00+08:00", "total": 5, "success": 5},
    ]);
    let (status, refused) = world.send(Method::POST, "/indicators/withdraw/samples", &rows).await;
    assert_eq!((status, refused["errors"][0]["reason"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("removed")));
    let (status, kept) = world.send(Method::POST, "/indicators/withdraw/samples?keep_good=true", &rows).await;
    assert_eq!((status, kept["accepted"].as_i64(), kept["refused_count"].as_i64()), (StatusCode::OK, Some(1), Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposed_dip_keeps_its_minutes() {
    let database = TestDatabase::new().await;
    let clock = TestClock::at(NOW);
    let app = support::app(&database, clock.clone()).await;
    let actor = Actor::local_operator();
    let number = indicator(&app, "one").await;
    let last = minute_of(app.now_millis());
    let batch = (last - 20_000..last)
        .map(|minute| {
            let failed = if (last - 2_000..last - 1_960).contains(&minute) { 40 } else { i64::from(minute % 50 == 0) };
            Sample { minute, counts: Counts { total: 200, success: 200 - failed, excluded: 0, estimated: false } }
        })
        .collect();
    samples::ingest(&app, &actor, "one", batch).await.unwrap();
    assert_eq!(dips::watch(&app).await.unwrap(), 1);
    keep(&app, 62).await;
    clock.set("2025-08-21T06:08:30Z");
    assert!(tidy(&app).await > 0);
    assert_eq!(samples::minutes(&app, &actor, number, last - 2_060, last - 1_900).await.unwrap().count(), 160);
    assert!(samples::minutes(&app, &actor, number, last - 6_000, last - 5_900).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_removed_without_a_policy_and_before_it_is_summed() {
    let database = TestDatabase::new().await;
    let app = support::app(&database, TestClock::at(NOW)).await;
    let actor = Actor::local_operator();
    indicator(&app, "one").await;
    let last = minute_of(app.now_millis());
    let counts = Counts { total: 200, success: 200, excluded: 0, estimated: false };
    let batch = (last - 200_000..last - 110_000).map(|minute| Sample { minute, counts }).collect();
    samples::ingest(&app, &actor, "one", batch).await.unwrap();
    assert_eq!(tidy(&app).await, 0, "kept for ever");
    keep(&app, 62).await;
    samples::ingest(
        &app,
        &actor,
        "one",
        vec![Sample { minute: last - 150_000, counts: Counts { total: 201, ..counts } }],
    )
    .await
    .unwrap();
    assert_eq!(sample_retention::remove_old(&app).await.unwrap(), 0, "the changed day is not summed again yet");
    assert!(tidy(&app).await > 0);
    let refused = policies::write(&app, &actor, "figures", r#"{"keep_minutes_days": 7}"#, None).await;
    assert!(refused.is_err());
}
