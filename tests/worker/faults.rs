//! The outbox under faults: a mail server that fails on command, and workers that are killed. What came to the server is
//! compared with the database; the service's own counters are not believed.
//!
//! `TEST_FAULT_REMINDERS` and `TEST_FAULT_KILLS` make the runs longer: 10,000 and 200 are those of the issue.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fupan::worker;
use support::smtp::{Received, Script, SmtpSink};

use crate::stage::{Stage, many_owed};

/// A Tuesday, seven minutes past ten.
const BEGIN: &str = "2024-08-27T10:07:00+08:00";

fn number(name: &str, by_default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(by_default)
}

/// Milliseconds since the epoch as a time that a clock or a command line reads.
fn at(millis: i64) -> String {
    chrono::DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339()
}

/// How often each mailbox got its mail: how many copies, and how many of them without a reply.
fn copies(received: &[Received]) -> BTreeMap<String, (usize, usize)> {
    let mut copies: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for mail in received {
        let one = copies.entry(mail.to.clone()).or_default();
        one.0 += 1;
        one.1 += usize::from(!mail.acknowledged);
    }
    copies
}

/// Rounds of three workers at once, one of them after the other in time, until nothing waits.
async fn until_done(stage: &Stage) -> usize {
    let mut now = stage.app.now_millis();
    for round in 0..400 {
        stage.clock.set(&at(now));
        let workers: Vec<_> = (0..3)
            .map(|n| {
                let (app, transport) = (stage.app.clone(), stage.transport.clone());
                tokio::spawn(async move { worker::run_once(&app, Some(transport.as_ref()), &format!("w{n}")).await })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap().unwrap();
        }
        if support::ledger::waiting(stage.database_url()).await == 0 {
            return round;
        }
        // Within the day's hours: waits are at most an hour here.
        now += 60_000;
    }
    panic!("mails still wait after 400 rounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn definite_faults_delay_reminders_and_never_double_or_lose_one() {
    let count = number("TEST_FAULT_REMINDERS", 150);
    let stage = Stage::at(BEGIN).await;
    let people = many_owed(&stage, count).await;
    stage.sink.play(Script::Faults { definite: 30, lost: 0 });
    let begun = Instant::now();
    let rounds = until_done(&stage).await;
    let copies = copies(&stage.sink.received());
    assert_eq!(copies.len(), people.len(), "every one got it");
    assert!(copies.values().all(|(copies, _)| *copies == 1), "exactly one copy each");
    eprintln!("{count} reminders, 30 % definite faults: {rounds} rounds, {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_replies_bring_as_many_more_copies_and_no_other() {
    let count = number("TEST_FAULT_REMINDERS", 150);
    let stage = Stage::at(BEGIN).await;
    let people = many_owed(&stage, count).await;
    stage.sink.play(Script::Faults { definite: 20, lost: 10 });
    let begun = Instant::now();
    let rounds = until_done(&stage).await;
    let came = stage.sink.received();
    let copies = copies(&came);
    assert_eq!(copies.len(), people.len(), "every one got it");
    for (to, (copies, unanswered)) in &copies {
        assert_eq!(*copies, 1 + unanswered, "{to}: one that was acknowledged, and those whose reply was lost");
    }
    let mut same: BTreeMap<&str, &Received> = BTreeMap::new();
    for mail in &came {
        let first = same.entry(mail.to.as_str()).or_insert(mail);
        assert_eq!(first.raw, mail.raw, "the same Message-ID and bytes");
    }
    let lost = came.iter().filter(|mail| !mail.acknowledged).count();
    assert!(lost > 0, "the faults were there");
    eprintln!("{count} reminders, 20 % definite faults, {lost} lost replies: {rounds} rounds, {:?}", begun.elapsed());
}

/// A worker of its own process, at a time.
fn worker_process(folder: &std::path::Path, url: &str, sink: &SmtpSink, now: i64) -> std::process::Child {
    let words = std::fs::File::create(folder.join("worker.err")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_fupan"))
        .args(["worker", "--once", "--now", &at(now)])
        .current_dir(std::env::temp_dir())
        .env("FUPAN_DATABASE_URL", url)
        .env("FUPAN_PUBLIC_URL", "http://fupan.test")
        .env("FUPAN_SMTP__HOST", "127.0.0.1")
        .env("FUPAN_SMTP__PORT", sink.port.to_string())
        .env("FUPAN_SMTP__TLS", "none")
        .env("FUPAN_SMTP__FROM", "复盘台 <fupan@fupan.test>")
        .env("FUPAN_SMTP__CONNECTIONS", "4")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(words)
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_workers_lose_nothing_and_double_at_most_what_was_under_way() {
    const CONNECTIONS: usize = 4;
    let kills = number("TEST_FAULT_KILLS", 12);
    // Enough that the work outlasts the kills.
    let count = number("TEST_FAULT_KILLED_REMINDERS", 40 + kills * 25);
    let stage = Stage::at(BEGIN).await;
    let people = many_owed(&stage, count).await;
    worker::run_once(&stage.app, None, "plan").await.unwrap();
    // A reply takes its time, so that a kill finds messages behind the dot.
    stage.sink.slow_down(Duration::from_millis(15));
    let folder = tempfile::tempdir().unwrap();
    let mut now = stage.app.now_millis();
    let begun = Instant::now();
    let (mut killed, mut random) = (0, 0x2545_F491_4F6C_DD1D_u64);
    let mut earlier = 0;
    for _ in 0..kills {
        let mut child = worker_process(folder.path(), stage.database_url(), &stage.sink, now);
        // Not before it has sent something, and then at any moment.
        let patience = Instant::now();
        while stage.sink.received().len() == earlier && patience.elapsed() < Duration::from_secs(20) {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        tokio::time::sleep(Duration::from_millis(random % 120)).await;
        // SIGKILL: no destructor, no signal handler.
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        earlier = stage.sink.received().len();
        // The next one comes before the leases of the one before are over.
        now += 20_000;
    }
    let mut rest = 0;
    while support::ledger::waiting(stage.database_url()).await > 0 {
        assert!(rest < 120, "mails still wait");
        let done = worker_process(folder.path(), stage.database_url(), &stage.sink, now).wait().unwrap();
        let words = || std::fs::read_to_string(folder.path().join("worker.err")).unwrap();
        assert!(done.success() || done.code() == Some(1), "{done:?}: {}", words());
        now += 5 * 60_000;
        rest += 1;
    }
    stage.clock.set(&at(now));
    let copies = copies(&stage.sink.received());
    assert_eq!(copies.len(), people.len(), "none is missing");
    let extra: usize = copies.values().map(|(copies, _)| copies - 1).sum();
    assert!(extra <= killed * CONNECTIONS, "{extra} extra copies after {killed} kills");
    assert!(killed * 2 > kills, "most kills found a worker at work: {killed}");
    eprintln!("{count} reminders, {killed} kills: {extra} extra copies, {:?}", begun.elapsed());
}
