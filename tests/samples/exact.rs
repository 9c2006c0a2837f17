use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use fupan::{
    domain::{
        actor::Actor,
        indicator::DefinitionFields,
        samples::{Counts, Minute, Sample, Totals, minute_of, plan},
    },
    service::{App, ServiceError, indicators, samples},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use support::{TestClock, TestDatabase};

/// An indicator of the product; its number.
pub async fn indicator(app: &App, key: &str) -> i32 {
    let fields = support::success_rate(key, key, None);
    let first = DefinitionFields { valid_from: app.today(), exclusions: BTreeMap::new(), note: None };
    indicators::create(app, &Actor::local_operator(), fields, first).await.unwrap().indicator.number
}

fn counts(random: &mut StdRng) -> Counts {
    let success = if random.random_bool(0.1) { 0 } else { random.random_range(0..3_000) };
    let failed = if random.random_bool(0.7) { 0 } else { random.random_range(0..200) };
    let excluded = if random.random_bool(0.6) { 0 } else { random.random_range(0..100) };
    Counts { total: success + failed + excluded, success, excluded, estimated: random.random_bool(0.1) }
}

fn reference(model: &BTreeMap<Minute, Counts>, from: Minute, to: Minute) -> Totals {
    let mut sum = Totals::default();
    model
        .iter()
        .filter(|(minute, _)| (from..to).contains(*minute))
        .for_each(|(_, counts)| sum.add(Totals::of(*counts)));
    sum
}

/// Samples of two indicators in any order: of the hour that runs, late, in runs over days, corrected, the same once more;
/// the clock goes on, the worker comes or does not. Every period has the sum that adding its minutes one by one has.
#[tokio::test(flavor = "multi_thread")]
async fn sums_are_exact_after_any_order_of_arrival_in_every_zone() {
    let zones = ["Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"];
    for (seed, name) in zones.into_iter().enumerate() {
        let mut random = StdRng::seed_from_u64(seed as u64);
        let database = TestDatabase::new().await;
        let mut now: DateTime<Utc> = "2024-11-05T03:17:20Z".parse().unwrap();
        let clock = TestClock::at(&now.to_rfc3339());
        let mut app = support::app(&database, clock.clone()).await;
        app.zone = name.parse().unwrap();
        let actor = Actor::local_operator();
        let numbers = [indicator(&app, "one").await, indicator(&app, "two").await];
        let mut models = [BTreeMap::new(), BTreeMap::new()];
        let mut revisions = [0, 0];
        for step in 0..30 {
            if step == 20 && seed % 2 == 0 {
                // The zone of the house changes: what is kept of the old one is none of the new one's days.
                app.zone = zones[seed + 1].parse().unwrap();
            }
            if random.random_bool(0.4) {
                now += Duration::minutes(random.random_range(1..200));
                clock.set(&now.to_rfc3339());
            }
            let which = usize::from(random.random_bool(0.3));
            let last = minute_of(app.now_millis());
            let batch: Vec<Sample> = match random.random_range(0..7) {
                0 => (0..random.random_range(1..90))
                    .map(|back| Sample { minute: last - back, counts: counts(&mut random) })
                    .collect(),
                1 => {
                    let start = last - random.random_range(3_000..12_000);
                    (start..start + random.random_range(1..3_000))
                        .map(|minute| Sample { minute, counts: counts(&mut random) })
                        .collect()
                }
                2 => (0..random.random_range(1..40))
                    .map(|_| Sample { minute: last - random.random_range(0..12_000), counts: counts(&mut random) })
                    .collect(),
                // Over whole months: by the hour, in a year in which clocks change.
                5 => (0..random.random_range(1..200))
                    .map(|at| Sample { minute: last - 200_000 + at * 997, counts: counts(&mut random) })
                    .collect(),
                6 => (0..3)
                    .map(|_| Sample { minute: last - random.random_range(0..400_000), counts: counts(&mut random) })
                    .collect(),
                3 => models[which]
                    .iter()
                    .filter(|_| random.random_bool(0.05))
                    .map(|(minute, counts)| Sample { minute: *minute, counts: *counts })
                    .collect(),
                _ => {
                    let minute = last - random.random_range(0..300);
                    vec![Sample { minute, counts: counts(&mut random) }, Sample { minute, counts: counts(&mut random) }]
                }
            };
            let mut changes = 0;
            for sample in fupan::domain::samples::in_order(batch.clone()) {
                changes += usize::from(models[which].insert(sample.minute, sample.counts) != Some(sample.counts));
            }
            let done = samples::ingest(&app, &actor, ["one", "two"][which], batch).await.unwrap();
            assert_eq!(done.changed, changes, "{name}, step {step}");
            revisions[which] += i64::from(changes > 0);
            if random.random_bool(0.3) {
                samples::tidy(&app).await.unwrap();
            }
            for _ in 0..6 {
                let (from, to) = match random.random_range(0..5) {
                    0 => {
                        let day = plan::day_at(last, app.zone);
                        let first = day - random.random_range(0..12);
                        (plan::day_start(first, app.zone), plan::day_start(day + 1, app.zone))
                    }
                    1 => (plan::day_start(19_723, app.zone), last + 1),
                    // From the first of a month, and from the middle of another one, to the end of a third.
                    3 => {
                        let month = plan::month_of(plan::day_at(last, app.zone));
                        let first = plan::month_start(month - random.random_range(0..10));
                        let end = plan::month_start(month + 1 - random.random_range(0..3));
                        let within = random.random_range(0..3) * random.random_range(0..30_000);
                        (plan::day_start(first, app.zone) + within, plan::day_start(end, app.zone))
                    }
                    4 => {
                        let from = last - random.random_range(0..400_000);
                        (from, from + random.random_range(0..400_000))
                    }
                    _ => {
                        let from = last - random.random_range(0..12_500);
                        (from, from + random.random_range(0..9_000))
                    }
                };
                let both = samples::totals_of(&app, &actor, &numbers, from, to).await.unwrap();
                for at in [0, 1] {
                    let found = both[&numbers[at]];
                    assert_eq!(found.totals, reference(&models[at], from, to), "{name}, step {step}, {from}..{to}");
                    assert_eq!(found.revision, revisions[at]);
                }
                let walked = samples::minutes(&app, &actor, numbers[which], from, to).await.unwrap();
                let expected = models[which].range(from..to.max(from)).map(|(minute, counts)| (*minute, *counts));
                assert!(walked.map(|sample| (sample.minute, sample.counts)).eq(expected), "{name}, step {step}");
            }
        }
        let reach =
            models[0].first_key_value().zip(models[0].last_key_value()).map(|(first, last)| (*first.0, *last.0));
        assert_eq!(samples::head(&app, &actor, numbers[0]).await.unwrap().unwrap().reach, reach);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_zone_that_is_new_are_summed_from_what_is_there() {
    let database = TestDatabase::new().await;
    let clock = TestClock::at("2024-08-25T12:00:00+08:00");
    let mut app = support::app(&database, clock).await;
    let actor = Actor::local_operator();
    let number = indicator(&app, "one").await;
    let last = minute_of(app.now_millis());
    let batch: Vec<Sample> = (last - 20_000..last)
        .map(|minute| Sample { minute, counts: Counts { total: 3, success: 2, excluded: 0, estimated: false } })
        .collect();
    samples::ingest(&app, &actor, "one", batch).await.unwrap();
    for zone in [chrono_tz::Asia::Shanghai, chrono_tz::Asia::Kathmandu, Tz::America__New_York] {
        app.zone = zone;
        let year = (plan::day_start(plan::day_of("2024-01-01".parse().unwrap()), zone), last);
        let expected = Totals { total: 60_000, success: 40_000, excluded: 0, minutes: 20_000, estimated: 0 };
        let before = samples::totals(&app, &actor, number, year.0, year.1).await.unwrap();
        assert_eq!(before.totals, expected, "days of this zone are not kept yet");
        while samples::tidy(&app).await.unwrap() != samples::Tidied::default() {}
        assert_eq!(samples::totals(&app, &actor, number, year.0, year.1).await.unwrap(), before);
        let day = plan::day_at(last - 3_000, zone);
        let one =
            samples::totals(&app, &actor, number, plan::day_start(day, zone), plan::day_start(day + 1, zone)).await;
        assert_eq!(one.unwrap().totals.minutes, 1_440);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_the_same_hour_at_once_lose_no_minute() {
    let database = TestDatabase::new().await;
    let app = support::app(&database, TestClock::at("2024-08-25T12:05:00+08:00")).await;
    let actor = Actor::local_operator();
    let number = indicator(&app, "one").await;
    let last = minute_of(app.now_millis());
    let counts = Counts { total: 1, success: 1, excluded: 0, estimated: false };
    let mut tasks = Vec::new();
    for writer in 0..8 {
        let (app, actor) = (app.clone(), actor.clone());
        tasks.push(tokio::spawn(async move {
            for back in (writer..240).step_by(8) {
                samples::ingest(&app, &actor, "one", vec![Sample { minute: last - back, counts }]).await?;
                if back % 40 == 0 {
                    samples::tidy(&app).await?;
                }
            }
            Ok::<_, ServiceError>(())
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let sum = samples::totals(&app, &actor, number, 0, Minute::MAX).await.unwrap();
    assert_eq!((sum.totals.minutes, sum.totals.total, sum.revision), (240, 240, 240));
}
