//! Three replicas, each with connections and a clock of its own: nothing comes twice, nothing comes early.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use fupan::{
    domain::{
        actor::{Actor, Role},
        chat::ChatTool,
    },
    service::{
        App, doctor, events,
        notifiers::{self, NotifierPatch},
        ports::{Clock, Reference},
        replicas,
    },
    worker::{self, Worker},
};
use serde_json::Value;
use support::{
    TestClock,
    http::{Asked, Elsewhere, Reply},
    smtp::SmtpSink,
};
use tokio::sync::{Notify, watch};

use crate::stage::{Stage, many_owed};

fn operator() -> Actor {
    Actor::local_operator()
}

/// A clock that is ahead of another by so many seconds, and is shown so where it is checked.
struct Skewed {
    right: Arc<TestClock>,
    by: i64,
    checked: bool,
}

impl Clock for Skewed {
    fn now(&self) -> DateTime<Utc> {
        self.right.now() + chrono::Duration::seconds(self.by)
    }

    fn reference(&self) -> Reference {
        if self.checked { Reference::Time(self.right.now()) } else { Reference::Nothing }
    }
}

async fn replica(stage: &Stage, by: i64, checked: bool) -> App {
    let app = stage.replica().await;
    App { clock: Arc::new(Skewed { right: Arc::clone(&stage.clock), by, checked }), ..app }
}

fn count_by_mailbox(sink: &SmtpSink) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for mail in sink.received() {
        *count.entry(mail.to.clone()).or_default() += 1;
    }
    count
}

/// An hour of three replicas, a minute a step; every step all three do a round at the same time.
async fn an_hour(checked: bool) {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = Elsewhere::start(|_: &Asked| Reply::json(200, r#"{"code":0,"msg":"success"}"#)).await;
    let group = NotifierPatch {
        name: Some("支付群".to_owned()),
        tool: Some(ChatTool::Feishu.code().to_owned()),
        url: Some(format!("{}/feishu", server.url())),
        ..NotifierPatch::default()
    };
    notifiers::create(&stage.app, &operator(), group).await.unwrap();
    let mut people = vec![stage.oncall];
    for n in 0..11 {
        people.push(stage.person(&format!("p{n}@example.com"), "同事", Role::Reporter, "zh-CN").await);
    }
    for person in &people {
        stage.owed(Some(*person), "2024-08-26").await;
    }
    let apps =
        [replica(&stage, 0, checked).await, replica(&stage, 60, checked).await, replica(&stage, -60, checked).await];
    let begins: DateTime<Utc> = "2024-08-27T10:00:00+08:00".parse().unwrap();
    for minute in 0..60 {
        stage.clock.set(&(begins + chrono::Duration::minutes(minute)).to_rfc3339());
        if [3, 20, 41].contains(&minute) {
            let line = format!("08/27 09:{:02} 客户反馈商户操作提现失败，影响约684笔出金交易。", minute + 10);
            events::create_from_line(&apps[usize::try_from(minute % 3).unwrap()], &operator(), &line, None)
                .await
                .unwrap();
        }
        let rounds = apps.iter().enumerate().map(|(n, app)| {
            let (app, transport) = (app.clone(), Arc::clone(&stage.transport));
            tokio::spawn(async move { worker::run_once(&app, Some(transport.as_ref()), &format!("r{n}")).await })
        });
        for round in rounds.collect::<Vec<_>>() {
            round.await.unwrap().unwrap();
        }
        // Unchecked, the fast one is a minute early.
        if minute < if checked { 7 } else { 6 } {
            assert!(stage.sink.received().is_empty(), "early, in minute {minute}");
        }
    }
    let came = count_by_mailbox(&stage.sink);
    assert_eq!(came.len(), people.len(), "{came:?}");
    assert!(came.values().all(|copies| *copies == 1), "{came:?}");
    let titles: Vec<String> = server
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|asked| serde_json::from_str::<Value>(&asked.body).unwrap())
        .map(|body| body["card"]["header"]["title"]["content"].as_str().unwrap().to_owned())
        .collect();
    let digests = titles.iter().filter(|title| title.starts_with("待复盘 ")).count();
    let logged = titles.iter().filter(|title| title.contains("客户反馈")).count();
    assert_eq!((digests, logged, titles.len()), (1, 3, 4), "{titles:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_replicas_whose_clocks_disagree_by_a_minute_double_nothing_in_an_hour() {
    an_hour(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nor_do_they_where_nothing_shows_that_the_clocks_disagree() {
    an_hour(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_whose_clock_is_far_off_sends_nothing_and_says_so_until_it_is_right() {
    let stage = Stage::at("2024-08-27T10:04:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    for by in [300, -300] {
        let off = replica(&stage, by, true).await;
        let report = worker::run_once(&off, Some(stage.transport.as_ref()), "off").await.unwrap();
        assert_eq!((report.clock_off, report.planned, report.sent), (Some(by * 1_000), 0, 0));
        let (stop, stopped) = watch::channel(false);
        let worker = Worker {
            app: off.clone(),
            transport: None,
            name: "off".to_owned(),
            host: "here".to_owned(),
            wake: Arc::new(Notify::new()),
        };
        let running = tokio::spawn(worker::run(worker, stopped));
        let right = replica(&stage, 0, true).await;
        let mut said = Vec::new();
        for _ in 0..200 {
            said = doctor::findings(&right).await.unwrap().into_iter().filter(|one| one.subject == "clock").collect();
            if !said.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].risky && said[0].english.contains("worker off@here is 300 s"), "{said:?}");
        let own = doctor::findings(&off).await.unwrap();
        assert!(own.iter().any(|one| one.english.contains("this machine")), "{own:?}");
        stop.send_replace(true);
        running.await.unwrap();
        assert!(doctor::findings(&right).await.unwrap().iter().all(|one| one.subject != "clock"), "it stopped");
    }
    assert!(stage.sink.received().is_empty());
    stage.clock.set("2024-08-27T10:07:00+08:00");
    let mended = replica(&stage, 2, true).await;
    assert_eq!(worker::run_once(&mended, Some(stage.transport.as_ref()), "mended").await.unwrap().sent, 1);
    assert_eq!(replicas::ahead(&mended).await.unwrap(), Some(2_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_for_long_goes_slowly_at_first() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    many_owed(&stage, 60).await;
    worker::run_once(&stage.app, None, "without a server").await.unwrap();
    stage.clock.set("2024-08-27T12:30:00+08:00");
    let (stop, stopped) = watch::channel(false);
    let transport = Some(Arc::clone(&stage.transport) as Arc<dyn fupan::service::ports::Transport>);
    let worker = Worker {
        app: stage.app.clone(),
        transport,
        name: "slow".to_owned(),
        host: "here".to_owned(),
        wake: Arc::new(Notify::new()),
    };
    let running = tokio::spawn(worker::run(worker, stopped));
    let until = async |count: usize| {
        for _ in 0..500 {
            if stage.sink.received().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A round more would send what it must not.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stage.sink.received().len()
    };
    assert_eq!(until(10).await, 10, "the clock stands: no more than the share of the first second");
    stage.clock.set("2024-08-27T12:30:02+08:00");
    assert_eq!(until(30).await, 30, "two seconds");
    stage.clock.set("2024-08-27T12:31:30+08:00");
    assert_eq!(until(60).await, 60, "then freely");
    stop.send_replace(true);
    running.await.unwrap();
}

/// The clock of the database itself is read, whichever it is: that of this machine is within a minute of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_the_database_is_read() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let app = App { clock: Arc::new(fupan::runtime::system::SystemClock), ..stage.replica().await };
    let ahead = replicas::ahead(&app).await.unwrap();
    let server = !stage.database_url().starts_with("sqlite");
    assert_eq!(ahead.is_some(), server);
    assert!(ahead.unwrap_or(0).abs() < 5_000, "{ahead:?}");
}
