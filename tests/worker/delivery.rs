//! What becomes of a digest when the mail server is away, says no, or says nothing.

use fupan::{
    domain::actor::{Actor, Role},
    service::{ServiceError, mail_stops, outbox_admin as outbox},
    store::outbox::{OutboxFilter, OutboxState},
    worker,
};
use support::smtp::Script;

use crate::stage::{Stage, TUESDAY, settings, transport};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_used_costs_no_attempt_and_the_mail_keeps_its_id() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.sink.play(Script::Closed);
    let closed = stage.round().await;
    assert_eq!((closed.unreachable, closed.sent, closed.waiting), (1, 0, 1), "{closed:?}");
    let before = stage.message().await;
    assert_eq!((before.state, before.attempt, before.unknowns), (OutboxState::Pending, 0, 0));
    assert!(before.last_error.as_deref().unwrap().contains("421"), "{before:?}");

    stage.clock.set("2024-08-27T10:10:00+08:00");
    let nobody = worker::run_once(&stage.app, Some(&transport(1)), "test").await.unwrap();
    assert_eq!((nobody.unreachable, stage.message().await.attempt), (1, 0), "connection refused");

    stage.sink.play(Script::Silent);
    let silent = stage.round_at("2024-08-27T10:13:00+08:00").await;
    assert_eq!((silent.unreachable, stage.message().await.attempt), (1, 0), "no greeting in time");

    stage.sink.play(Script::Accept);
    let back = stage.round_at("2024-08-27T10:16:00+08:00").await;
    assert_eq!((back.sent, back.waiting), (1, 0), "{back:?}");
    let mail = &stage.sink.received()[0];
    assert_eq!(mail.header("Message-ID"), Some(format!("<{}>", before.message_id)));
    assert_eq!(mail.header("Date").as_deref(), Some("Tue, 27 Aug 2024 02:07:00 +0000"), "the date of the digest");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_one_mail_probes_and_the_rest_wait_untouched() {
    let stage = Stage::at(TUESDAY).await;
    for n in 0..14 {
        let who = stage.person(&format!("p{n}@example.com"), "同事", Role::Reporter, "zh-CN").await;
        stage.owed(Some(who), "2024-08-26").await;
    }
    stage.sink.play(Script::Closed);
    let report = stage.round().await;
    assert_eq!((report.planned, report.waiting), (14, 14), "{report:?}");
    assert!((5..=8).contains(&report.unreachable), "five vain tries, and what was under way: {report:?}");
    stage.sink.play(Script::Accept);
    let report = stage.round_at("2024-08-27T10:15:00+08:00").await;
    assert_eq!((report.sent, report.waiting), (14, 0), "{report:?}");
    assert!(stage.sink.connections() <= 8 + 4, "connections are kept: {}", stage.sink.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_now_counts_and_is_tried_again_later() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.sink.play(Script::TryLater);
    assert_eq!(stage.round().await.refused_for_now, 1);
    assert_eq!(stage.round().await.refused_for_now, 0, "not before its time");
    let message = stage.message().await;
    assert_eq!((message.state, message.attempt), (OutboxState::Pending, 1));
    let wait = message.not_before - message.date_at;
    assert!((48_000..=72_000).contains(&wait), "a minute ±20 %: {wait}");
    stage.sink.play(Script::Accept);
    assert_eq!(stage.round_at("2024-08-27T10:08:30+08:00").await.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_good_is_dead_visible_and_can_be_sent_again_by_hand() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.sink.play(Script::NoSuchUser);
    let report = stage.round().await;
    assert_eq!((report.dead, report.waiting), (1, 0), "{report:?}");
    assert!(report.last_problem.unwrap().contains("550"));

    let actor = Actor::local_operator();
    let dead_ones = OutboxFilter { state: Some(OutboxState::Dead), ..OutboxFilter::default() };
    let dead = outbox::list(&stage.app, &actor, &dead_ones, None, 50).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].last_error.as_deref().unwrap().contains("no such user"));
    assert_eq!(stage.round_at("2024-08-27T18:00:00+08:00").await.sent, 0, "the machine does not try again");

    let reporter = Actor {
        account_id: Some(stage.oncall),
        name: "值班".to_owned(),
        role: Role::Lead,
        scopes: None,
        team_scope: fupan::domain::actor::TeamScope::All,
    };
    let (_, tries) = outbox::get(&stage.app, &actor, dead[0].id).await.unwrap();
    assert_eq!(tries.len(), 1);
    assert_eq!((tries[0].phase.unwrap().code(), tries[0].said.as_deref()), ("rcpt", Some("550 no such user")));
    assert!(matches!(outbox::requeue(&stage.app, &reporter, dead[0].id).await, Err(ServiceError::Forbidden { .. })));
    stage.sink.play(Script::Accept);
    assert!(matches!(outbox::requeue(&stage.app, &actor, dead[0].id).await, Err(ServiceError::Conflict(_))), "marked");
    assert_eq!(mail_stops::clear_address(&stage.app, &actor, "OnCall@example.com").await.unwrap(), 1);
    outbox::requeue(&stage.app, &actor, dead[0].id).await.unwrap();
    assert_eq!(stage.round().await.sent, 1);
    assert_eq!(stage.sink.received()[0].header("Message-ID"), Some(format!("<{}>", dead[0].message_id)));
    assert!(matches!(outbox::requeue(&stage.app, &actor, dead[0].id).await, Err(ServiceError::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_answer_the_same_bytes_go_again() {
    for script in [Script::DropAfterDot, Script::SilentAfterDot] {
        let stage = Stage::at(TUESDAY).await;
        let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
        stage.owed(Some(stage.oncall), "2024-08-26").await;
        stage.sink.play(script);
        let lost = stage.round().await;
        assert_eq!((lost.unknown, lost.sent, lost.waiting), (1, 0, 1), "{script:?}: {lost:?}");
        let message = stage.message().await;
        assert_eq!((message.state, message.attempt, message.unknowns), (OutboxState::Pending, 0, 1));

        stage.done(number).await;
        stage.sink.play(Script::Accept);
        assert_eq!(stage.round_at("2024-08-27T10:18:00+08:00").await.sent, 0, "15 minutes ±20 % come first");
        assert_eq!(stage.round_at("2024-08-27T10:26:00+08:00").await.sent, 1);
        let mails = stage.sink.received();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].raw, mails[1].raw, "a copy may be there, so the words stay as they were");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_lost_answers_people_have_to_look() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.sink.play(Script::DropAfterDot);
    for now in ["10:07", "10:30", "11:30", "13:30", "15:30", "17:30"] {
        stage.round_at(&format!("2024-08-27T{now}:00+08:00")).await;
    }
    assert_eq!(stage.sink.received().len(), 5);
    let message = stage.message().await;
    assert_eq!((message.state, message.unknowns), (OutboxState::Unconfirmed, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_in_five_days_expires() {
    let stage = Stage::at("2024-09-30T11:00:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-09-29").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let report = stage.round_at("2024-10-06T11:00:00+08:00").await;
    assert_eq!((report.expired, report.sent, report.waiting), (1, 0, 0), "{report:?}");
    assert_eq!(stage.message().await.state, OutboxState::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_kills_no_mail_and_the_right_one_sends_them_all() {
    use fupan::notify::mail::{SmtpSettings, SmtpTransport};
    let stage = Stage::at(TUESDAY).await;
    for n in 0..20 {
        let who = stage.person(&format!("p{n}@example.com"), "同事", Role::Reporter, "zh-CN").await;
        stage.owed(Some(who), "2024-08-26").await;
    }
    let with = |password: &str| {
        let sign_in = (Some("fupan".to_owned()), Some(password.to_owned().into()));
        let (username, password) = sign_in;
        SmtpTransport::new(SmtpSettings { username, password, ..settings(stage.sink.port) }).unwrap()
    };
    for minute in 7..17 {
        stage.clock.set(&format!("2024-08-27T10:{minute:02}:00+08:00"));
        worker::run_once(&stage.app, Some(&with("rotated")), "test").await.unwrap();
    }
    let waiting = stage.outbox().await;
    assert!(waiting.iter().all(|one| (one.state, one.attempt) == (OutboxState::Pending, 0)), "no attempt counts");
    let said = waiting.iter().find_map(|one| one.last_error.clone().zip(one.last_phase)).unwrap();
    assert_eq!((said.0.as_str(), said.1.code()), ("535 5.7.8 wrong name or password", "auth"));
    stage.clock.set("2024-08-27T10:30:00+08:00");
    let report = worker::run_once(&stage.app, Some(&with("secret")), "test").await.unwrap();
    assert_eq!((report.sent, report.waiting), (20, 0), "{report:?}");
}
