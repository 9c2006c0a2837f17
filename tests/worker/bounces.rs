//! Addresses that come back: marked, told of once, and no mail goes there until somebody clears them.

use fupan::{
    domain::actor::{Actor, Role},
    service::{
        mail_stops::{self, StopReason},
        outbox_admin as outbox,
    },
    store::outbox::OutboxState,
};
use support::smtp::Script;

use crate::stage::{Stage, TUESDAY};

#[tokio::test(flavor = "multi_thread")]
async fn a_bounced_address_gets_nothing_more_and_the_administrator_is_told_once() {
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.sink.play(Script::NoSuchUser);
    assert_eq!(stage.round().await.dead, 1);
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    stage.sink.play(Script::Accept);
    stage.round_at("2024-08-27T10:10:00+08:00").await;
    stage.round_at("2024-08-27T10:12:00+08:00").await;
    let told: Vec<_> = stage.sink.received().into_iter().filter(|mail| mail.to == "admin@example.com").collect();
    let subjects: Vec<_> = told.iter().filter_map(|mail| mail.decoded("Subject")).collect();
    assert_eq!(
        subjects.iter().filter(|words| *words == "【复盘台】邮件退回：oncall@example.com").count(),
        1,
        "{subjects:?}"
    );
    let stops = mail_stops::list(&stage.app, &operator, None, 50).await.unwrap();
    assert_eq!(stops.len(), 1);
    assert_eq!((stops[0].reason, stops[0].said.as_deref()), (StopReason::Bounced, Some("550 no such user")));

    // The next day's digest is not even tried.
    let next = stage.round_at("2024-08-28T10:07:00+08:00").await;
    assert_eq!(next.dead, 1, "{next:?}");
    assert_eq!(stage.mails_to("oncall@example.com"), 0);
    let dead = stage.outbox().await.into_iter().filter(|one| one.state == OutboxState::Dead).collect::<Vec<_>>();
    assert_eq!(dead.len(), 2);
    assert_eq!(dead[0].last_phase.unwrap().code(), "marked");

    mail_stops::clear(&stage.app, &operator, stops[0].id).await.unwrap();
    mail_stops::clear(&stage.app, &operator, stops[0].id).await.unwrap();
    outbox::requeue(&stage.app, &operator, dead[0].id).await.unwrap();
    stage.round_at("2024-08-28T10:20:00+08:00").await;
    assert_eq!(stage.mails_to("oncall@example.com"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_mail_goes_out_and_a_refusal_for_now_marks_nobody() {
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let test = outbox::test_mail(&stage.app, &operator, Some("someone@example.com")).await.unwrap();
    stage.sink.play(Script::TryLater);
    assert_eq!(stage.round().await.refused_for_now, 1);
    assert!(mail_stops::list(&stage.app, &operator, None, 50).await.unwrap().is_empty());
    stage.sink.play(Script::Accept);
    stage.round_at("2024-08-27T10:10:00+08:00").await;
    let mail = &stage.sink.received()[0];
    assert_eq!(mail.decoded("Subject").as_deref(), Some("【复盘台】测试邮件"));
    assert_eq!(mail.header("List-Id").as_deref(), Some("<notices.fupan.test>"));
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    let (_, tries) = outbox::get(&stage.app, &operator, test.id).await.unwrap();
    assert_eq!(tries.iter().map(|one| one.outcome.code()).collect::<Vec<_>>(), ["sent", "for_now"]);
    assert!(outbox::test_mail(&stage.app, &operator, None).await.is_err(), "nobody's own address");
    assert!(outbox::test_mail(&stage.app, &operator, Some("no address")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_are_removed_with_their_tries_and_the_ledger_stays() {
    use fupan::service::housekeeping;
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    stage.clock.set("2024-11-20T10:00:00+08:00");
    assert_eq!(housekeeping::tidy(&stage.app).await.unwrap().messages, 0, "85 days");
    stage.clock.set("2024-11-27T10:00:00+08:00");
    assert_eq!(housekeeping::tidy(&stage.app).await.unwrap().messages, 1, "92 days");
    assert!(stage.outbox().await.is_empty());
    stage.sends_elsewhere();
}
