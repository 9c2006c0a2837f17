//! Planning reminders: `cargo bench --bench reminders`. 10,000 owed postmortems of 50 people; prints how long the pure planning of
//! all of them takes, how long the whole planning through the database takes (SQLite), and how long a round in which nothing is due.
//! Never fails on time.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints a table")]

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use fupan::{
    domain::{
        actor::{Actor, Role},
        calendar::sheets::Calendars,
        event_record::EventKind,
        reminder::{
            plan::{self, Item, People, Rules},
            policy::{ReminderPolicy, Subject},
        },
    },
    service::{accounts, events, reminders},
};
use support::{TestClock, TestDatabase};
use uuid::Uuid;

const ITEMS: usize = 10_000;
const PEOPLE: usize = 50;

fn main() {
    pure();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(whole());
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The pure function: everything due within a month, overdue up to two years.
fn pure() {
    let (policy, calendars) = (ReminderPolicy::default(), Calendars::default());
    let person = |n: usize| Uuid::from_u128(n as u128 + 1);
    let people = People {
        active: (0..PEOPLE).map(|n| (person(n), None)).collect(),
        leads: [person(0), person(1)].into(),
        admins: [person(2)].into(),
        ..People::default()
    };
    let rules = Rules { policy: &policy, calendars: &calendars, zone: chrono_tz::Asia::Shanghai, people: &people };
    let now = "2024-08-27T10:07:00+08:00".parse().unwrap();
    let first: NaiveDate = "2022-09-27".parse().unwrap();
    let item = |n: usize| Item {
        subject: Subject::Postmortem,
        id: Uuid::from_u128(10_000 + n as u128),
        event: Some(Uuid::from_u128(10_000 + n as u128)),
        number: i64::try_from(n).unwrap(),
        line: "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易".to_owned(),
        severity: ["A", "B", "C", "D"].get(n % 5).map(|label| (*label).to_owned()),
        kind: EventKind::Normal,
        state: "pending",
        teams: Vec::new(),
        team: None,
        owner: (!n.is_multiple_of(11)).then(|| person(n % PEOPLE)),
        due_on: first + Days::new((n % 731) as u64),
        readers: None,
        of_teams: std::collections::BTreeSet::new(),
        named: std::collections::BTreeSet::new(),
        hushed_until: None,
        hushed_since: None,
        lacks: Vec::new(),
    };
    let items: Vec<Item> = (0..ITEMS).map(item).collect();
    let mut times = Vec::new();
    let mut planned = 0;
    for _ in 0..11 {
        let begun = Instant::now();
        let due = plan::plan(&items, rules, now, &|_| false);
        times.push(begun.elapsed());
        planned = due.due.values().map(Vec::len).sum();
    }
    println!("planning of {ITEMS} items, {planned} reminders: {:.1} ms (median of 11)", ms(median(times)));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Through the database: gathering, planning, putting into words, writing ledger and outbox.
async fn whole() {
    let database = TestDatabase::new().await;
    let clock = TestClock::at("2024-08-26T03:00:00Z");
    let app = support::app(&database, clock.clone()).await;
    let actor = Actor::local_operator();
    for n in 0..PEOPLE {
        let new = accounts::NewAccount {
            email: format!("p{n}@example.com"),
            name: format!("同事{n}"),
            role: if n < 2 { Role::Lead } else { Role::Reporter },
            lang: "zh-CN".to_owned(),
        };
        accounts::add(&app, &actor, new).await.unwrap();
    }
    let begun = Instant::now();
    for n in 0..ITEMS {
        let line = format!("08/{:02} 15:00 客户反馈商户操作提现失败，影响约684笔出金交易。【待复盘】", 1 + n % 20);
        events::create_from_line(&app, &actor, &line, None).await.unwrap();
    }
    println!("{ITEMS} events logged in {:.1} s", begun.elapsed().as_secs_f64());
    clock.set("2024-08-27T10:07:00+08:00");
    let begun = Instant::now();
    let report = reminders::plan(&app, fupan::notify::mail::digest_words).await.unwrap();
    println!(
        "planned through the database: {} events, {} reminders in {} digests: {:.0} ms",
        report.looked_at,
        report.reminders,
        report.digests,
        ms(begun.elapsed())
    );
    let mut times = Vec::new();
    for _ in 0..201 {
        let begun = Instant::now();
        reminders::plan(&app, fupan::notify::mail::digest_words).await.unwrap();
        times.push(begun.elapsed());
    }
    println!("a round in which nothing is due: {:.3} ms (median of 201)", ms(median(times)));
}
