//! Two workers, workers that stop in the middle, and changes at the last moment.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use fupan::{
    domain::{
        actor::Role,
        delivery::{Fault, Phase},
    },
    service::{
        outbox::{self, LastLook},
        ports::{Delivery, LastCheck, OutgoingMessage, Transport},
    },
    store::outbox::OutboxState,
    worker::{self, Worker},
};
use tokio::sync::{Mutex, Notify, watch};

use crate::stage::{Stage, TUESDAY};

/// Does something after the envelope and before the last check, then goes on as a server that takes everything.
struct AtTheLastMoment<F>(Mutex<Option<F>>, std::sync::Mutex<usize>);

impl<F> AtTheLastMoment<F> {
    fn new(work: F) -> Self {
        Self(Mutex::new(Some(work)), std::sync::Mutex::new(0))
    }

    fn sent(&self) -> usize {
        *self.1.lock().unwrap()
    }
}

impl<F: Future<Output = ()> + Send + 'static> Transport for AtTheLastMoment<F> {
    fn send<'a>(
        &'a self,
        _: &'a OutgoingMessage,
        last_check: LastCheck<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Delivery>> + Send + 'a>> {
        Box::pin(async move {
            if let Some(work) = self.0.lock().await.take() {
                work.await;
            }
            if !last_check().await {
                return None;
            }
            *self.1.lock().unwrap() += 1;
            Some(Delivery::Accepted)
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_at_the_same_time_send_everything_once() {
    let stage = Stage::at(TUESDAY).await;
    for n in 0..12 {
        let who = stage.person(&format!("p{n}@example.com"), "同事", Role::Reporter, "zh-CN").await;
        stage.owed(Some(who), "2024-08-26").await;
    }
    let workers: Vec<_> = (0..4)
        .map(|n| {
            let (app, transport) = (stage.app.clone(), stage.transport.clone());
            tokio::spawn(async move { worker::run_once(&app, Some(transport.as_ref()), &format!("w{n}")).await })
        })
        .collect();
    let (mut planned, mut sent) = (0, 0);
    for worker in workers {
        let report = worker.await.unwrap().unwrap();
        planned += report.planned;
        sent += report.sent;
    }
    assert_eq!((planned, sent), (12, 12));
    let mut to: Vec<_> = stage.sink.received().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((to.len(), stage.sink.received().len()), (12, 12));
}

#[tokio::test(flavor = "multi_thread")]
async fn done_at_the_last_moment_stops_the_mail_before_the_dot() {
    let stage = Arc::new(Stage::at(TUESDAY).await);
    stage.sends_elsewhere();
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let later = stage.clone();
    let transport = AtTheLastMoment::new(async move { later.done(number).await });
    worker::run_once(&stage.app, Some(&transport), "test").await.unwrap();
    assert_eq!(transport.sent(), 0);
    assert_eq!(stage.message().await.state, OutboxState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_before_the_dot_stops_the_mail() {
    let stage = Arc::new(Stage::at(TUESDAY).await);
    stage.sends_elsewhere();
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    let later = stage.clone();
    let transport = AtTheLastMoment::new(async move { later.clock.set("2024-08-27T10:09:00+08:00") });
    let report = worker::run_once(&stage.app, Some(&transport), "test").await.unwrap();
    assert_eq!((report.lost, transport.sent()), (1, 0), "{report:?}");
    assert_eq!(stage.round().await.sent, 1, "the next round takes it up");
    assert_eq!(stage.sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_worker_had_claimed_is_sent_once_when_its_lease_is_over() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let stopped = outbox::claim(&stage.app, outbox::Way::Mail, "test", 10).await.unwrap();
    assert_eq!(stopped.len(), 1);
    assert_eq!(stage.round_at("2024-08-27T10:07:59+08:00").await.sent, 0, "the lease is still good");
    assert_eq!(stage.round_at("2024-08-27T10:08:01+08:00").await.sent, 1);
    let late =
        outbox::record(&stage.app, &stopped[0], &Delivery::Refused(Fault::new(Phase::Rcpt, "late")), 0).await.unwrap();
    assert_eq!(late, None, "the stopped worker comes back and has no say any more");
    assert_eq!((stage.message().await.state, stage.sink.received().len()), (OutboxState::Sent, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stopped_after_the_dot_leaves_an_unknown_outcome() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let stopped = outbox::claim(&stage.app, outbox::Way::Mail, "test", 10).await.unwrap();
    assert_eq!(outbox::commit_to_send(&stage.app, &stopped[0]).await.unwrap(), LastLook::GoOn);
    assert_eq!(stage.round_at("2024-08-27T10:20:00+08:00").await.unknown, 0, "the long lease is still good");
    let found = stage.round_at("2024-08-27T10:23:00+08:00").await;
    assert_eq!((found.unknown, found.sent), (1, 0), "{found:?}");
    assert_eq!(stage.round_at("2024-08-27T10:42:00+08:00").await.sent, 1);
    assert_eq!(stage.message().await.unknowns, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_worker_finishes_its_mail_and_gives_the_rest_back() {
    let stage = Arc::new(Stage::at(TUESDAY).await);
    stage.sends_elsewhere();
    for n in 0..3 {
        let who = stage.person(&format!("p{n}@example.com"), "同事", Role::Reporter, "zh-CN").await;
        stage.owed(Some(who), "2024-08-26").await;
    }
    let (stop, stopped) = watch::channel(false);
    let transport = Arc::new(AtTheLastMoment::new(async move {
        stop.send_replace(true);
    }));
    let worker = Worker {
        app: stage.app.clone(),
        transport: Some(transport.clone()),
        name: "test".to_owned(),
        host: "here".to_owned(),
        wake: Arc::new(Notify::new()),
    };
    tokio::time::timeout(Duration::from_secs(20), worker::run(worker, stopped)).await.unwrap();
    let states = |messages: Vec<fupan::store::outbox::OutboxMessage>, state| {
        messages.iter().filter(|message| message.state == state).count()
    };
    assert_eq!(transport.sent(), 1);
    assert_eq!(states(stage.outbox().await, OutboxState::Sent), 1);
    assert_eq!(states(stage.outbox().await, OutboxState::Pending), 2);
    assert_eq!(stage.round().await.sent, 2, "another worker need not wait for a lease");
}
