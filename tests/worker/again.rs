//! Messages that are sent as new in place of one that failed.

use fupan::{
    domain::actor::{Actor, Role},
    service::{ServiceError, mail_stops, outbox::OutboxState, outbox_admin},
};
use support::smtp::Script;

use crate::stage::{Stage, TUESDAY};

fn operator() -> Actor {
    Actor::local_operator()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_digest_goes_as_a_new_mail_once_and_says_what_is_right_then() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let done = stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.sink.play(Script::NoSuchUser);
    assert_eq!(stage.round().await.dead, 1);
    let old = stage.message().await;
    let marked = outbox_admin::send_as_new(&stage.app, &operator(), old.id).await;
    assert!(matches!(marked, Err(ServiceError::Conflict(_))), "{marked:?}");
    mail_stops::clear_address(&stage.app, &operator(), "oncall@example.com").await.unwrap();
    stage.done(done).await;
    let reader = Actor { role: Role::Lead, ..operator() };
    let refused = outbox_admin::send_as_new(&stage.app, &reader, old.id).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })));

    let pressed: Vec<_> = (0..4)
        .map(|_| {
            let (app, id) = (stage.app.clone(), old.id);
            tokio::spawn(async move { outbox_admin::send_as_new(&app, &operator(), id).await })
        })
        .collect();
    let mut made = Vec::new();
    for one in pressed {
        match one.await.unwrap() {
            Ok(new) => made.push(new),
            Err(error) => assert!(matches!(error, ServiceError::Conflict(_)), "{error:?}"),
        }
    }
    assert_eq!(made.len(), 1, "pressed four times, it goes once");
    let new = made.remove(0);
    assert_eq!((new.again_of, new.state), (Some(old.id), OutboxState::Pending));
    assert_ne!(new.message_id, old.message_id);
    let requeued = outbox_admin::requeue(&stage.app, &operator(), old.id).await;
    assert!(matches!(requeued, Err(ServiceError::Conflict(_))), "the new one goes: {requeued:?}");
    let newer = outbox_admin::again_of(&stage.app, &operator(), old.id).await.unwrap();
    assert_eq!(newer.iter().map(|one| one.id).collect::<Vec<_>>(), [new.id]);

    stage.sink.play(Script::Accept);
    stage.clock.set("2024-08-27T10:30:00+08:00");
    let report = stage.round().await;
    assert_eq!((report.sent, report.planned), (1, 0), "{report:?}");
    let mail = &stage.sink.received()[0];
    assert_eq!(mail.header("Message-ID"), Some(format!("<{}>", new.message_id)));
    assert!(mail.text().contains(&format!("PE-{number} ")) && !mail.text().contains(&format!("PE-{done} ")));
    assert_eq!(stage.round_at("2024-08-27T15:00:00+08:00").await.planned, 0, "the ledger knows that it was told");
    let (old, _) = outbox_admin::get(&stage.app, &operator(), old.id).await.unwrap();
    assert_eq!(old.state, OutboxState::Dead);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_of_a_row_of_failures_goes_on() {
    let stage = Stage::at(TUESDAY).await;
    let test = outbox_admin::test_mail(&stage.app, &operator(), Some("a@example.com")).await.unwrap();
    let early = outbox_admin::send_as_new(&stage.app, &operator(), test.id).await;
    assert!(matches!(early, Err(ServiceError::Conflict(_))), "it waits: {early:?}");
    let mut ids = vec![test.id];
    for _ in 0..3 {
        stage.sink.play(Script::NoSuchUser);
        stage.round().await;
        mail_stops::clear_address(&stage.app, &operator(), "a@example.com").await.unwrap();
        let new = outbox_admin::send_as_new(&stage.app, &operator(), *ids.last().unwrap()).await.unwrap();
        ids.push(new.id);
        for older in &ids[..ids.len() - 1] {
            let again = outbox_admin::send_as_new(&stage.app, &operator(), *older).await;
            assert!(matches!(again, Err(ServiceError::Conflict(_))), "{again:?}");
        }
    }
    stage.sink.play(Script::Accept);
    stage.round().await;
    assert_eq!(stage.mails_to("a@example.com"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_message_is_taken_back_and_all_of_a_class_are_sent_again() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    fupan::service::reminders::plan(&stage.app, fupan::notify::mail::digest_words).await.unwrap();
    let digest = stage.message().await;
    let reader = Actor { role: Role::Lead, ..operator() };
    let refused = outbox_admin::cancel(&stage.app, &reader, digest.id).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })));
    let taken = outbox_admin::cancel(&stage.app, &operator(), digest.id).await.unwrap();
    assert_eq!(taken.state, OutboxState::Cancelled);
    let twice = outbox_admin::cancel(&stage.app, &operator(), digest.id).await;
    assert!(matches!(twice, Err(ServiceError::Conflict(_))), "{twice:?}");
    assert_eq!(stage.round().await.sent, 0, "today's is taken back");
    assert_eq!(stage.round_at("2024-08-28T10:07:00+08:00").await.sent, 1, "tomorrow's is another one");

    stage.sink.play(Script::NoSuchUser);
    for to in ["a@example.com", "b@example.com", "c@example.com"] {
        outbox_admin::test_mail(&stage.app, &operator(), Some(to)).await.unwrap();
    }
    stage.round().await;
    stage.sink.play(Script::Accept);
    for to in ["a@example.com", "b@example.com"] {
        mail_stops::clear_address(&stage.app, &operator(), to).await.unwrap();
    }
    let class = |state| outbox_admin::OutboxFilter { state, ..outbox_admin::OutboxFilter::default() };
    for state in [None, Some(OutboxState::Sent), Some(OutboxState::Pending)] {
        let refused = outbox_admin::requeue_all(&stage.app, &operator(), &class(state)).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    }
    let dead = class(Some(OutboxState::Dead));
    assert_eq!(outbox_admin::requeue_all(&stage.app, &operator(), &dead).await.unwrap(), 2, "one is still marked");
    assert_eq!(outbox_admin::requeue_all(&stage.app, &operator(), &dead).await.unwrap(), 0);
    stage.round().await;
    let came = ["a@example.com", "b@example.com", "c@example.com"].map(|to| stage.mails_to(to));
    assert_eq!(came, [1, 1, 0]);
}
