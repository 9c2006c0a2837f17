//! Quiet hours of groups, and what becomes overdue.

use fupan::{
    domain::actor::Actor,
    service::{
        events::{self, EventPatch},
        notifiers::{self, Notifier, NotifierPatch, QuietText},
        postmortems::PostmortemChange,
    },
    store::outbox::OutboxState,
};
use serde_json::Value;
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::Stage;

fn operator() -> Actor {
    Actor::local_operator()
}

async fn tool() -> Elsewhere {
    Elsewhere::start(|_: &Asked| Reply::json(200, r#"{"errcode":0,"errmsg":"ok"}"#)).await
}

fn night(through: &[&str]) -> QuietText {
    QuietText {
        from: "22:00".to_owned(),
        until: "08:00".to_owned(),
        zone: None,
        through: through.iter().map(|label| (*label).to_owned()).collect(),
    }
}

async fn group(stage: &Stage, server: &Elsewhere, more: NotifierPatch) -> Notifier {
    let new = NotifierPatch {
        name: Some("夜班群".to_owned()),
        tool: Some("wecom".to_owned()),
        url: Some(format!("{}/wecom", server.url())),
        ..more
    };
    notifiers::create(&stage.app, &operator(), new).await.unwrap()
}

fn said(server: &Elsewhere) -> Vec<String> {
    let text = |asked: &Asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        body["markdown"]["content"].as_str().unwrap().to_owned()
    };
    server.asked.lock().unwrap().iter().map(text).collect()
}

async fn log(stage: &Stage, line: &str) -> i64 {
    events::create_from_line(&stage.app, &operator(), line, None).await.unwrap().0.number
}

async fn edit(stage: &Stage, number: i64, patch: EventPatch) {
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    events::update(&stage.app, &operator(), number, version, patch).await.unwrap();
}

fn level(label: &str) -> EventPatch {
    EventPatch {
        severity: Some(Some(label.to_owned())),
        severity_reason: Some("影响面大".to_owned()),
        ..EventPatch::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_night_only_what_is_severe_goes_and_the_rest_comes_in_one_message_in_the_morning() {
    let stage = Stage::at("2024-08-27T23:00:00+08:00").await;
    let server = tool().await;
    let group =
        group(&stage, &server, NotifierPatch { quiet: Some(Some(night(&["A"]))), ..NotifierPatch::default() }).await;
    let first = log(&stage, "08/27 22:50 代付队列积压，影响约684笔出金交易。【待复盘】").await;
    let closed = log(&stage, "08/27 22:55 内部人员泄露名单，影响约1笔交易。").await;
    stage.round().await;
    assert!(said(&server).is_empty(), "it is night: {:?}", said(&server));
    // Recovered, and another one turns out to be severe: that is told now.
    stage.clock.set("2024-08-27T23:30:00+08:00");
    events::mark_recovered(&stage.app, &operator(), first, None).await.unwrap();
    let severe = log(&stage, "08/27 23:20 快捷支付银行渠道全部超时，影响约9000笔交易。").await;
    stage.round().await;
    assert!(said(&server).is_empty());
    edit(&stage, severe, level("A")).await;
    stage.round().await;
    let told = said(&server);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("A级") && told[0].contains(&format!("PE-{severe}")), "{told:?}");
    // What is closed in the night is told to nobody.
    edit(&stage, closed, EventPatch { restricted: Some(true), ..EventPatch::default() }).await;
    for now in ["2024-08-28T03:00:00+08:00", "2024-08-28T07:59:00+08:00"] {
        stage.round_at(now).await;
        assert_eq!(said(&server).len(), 1, "{now}");
    }
    let waits = stage.outbox().await.into_iter().find(|message| message.kind == "chat.held").unwrap();
    assert_eq!(waits.subject, "静默时段内的消息", "nobody counts what may still be added to or dropped");
    stage.round_at("2024-08-28T08:00:30+08:00").await;
    let told = said(&server);
    assert_eq!(told.len(), 2, "one message: {told:?}");
    assert!(told[1].contains("静默时段内的 3 条消息"), "{}", told[1]);
    assert!(told[1].contains(&format!("PE-{first}")) && told[1].contains("已恢复"), "{}", told[1]);
    assert!(!told[1].contains("泄露") && !told[1].contains(&format!("PE-{closed} ")), "{}", told[1]);
    for now in ["2024-08-28T08:01:00+08:00", "2024-08-28T09:00:00+08:00"] {
        stage.round_at(now).await;
        assert_eq!(said(&server).len(), 2, "once: {now}");
    }
    // By day it goes at once.
    log(&stage, "08/28 08:58 退款失败，影响约3笔交易。").await;
    stage.round().await;
    assert_eq!(said(&server).len(), 3);
    let states: Vec<_> = notifiers::deliveries(&stage.app, &operator(), group.id)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.state)
        .filter(|state| !matches!(state, OutboxState::Sent | OutboxState::Superseded))
        .collect();
    assert!(states.is_empty(), "{states:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_of_a_night_of_which_nothing_stands_and_hours_that_are_taken_away_hold_nothing_back() {
    let stage = Stage::at("2024-08-27T23:00:00+08:00").await;
    let server = tool().await;
    let group =
        group(&stage, &server, NotifierPatch { quiet: Some(Some(night(&[]))), ..NotifierPatch::default() }).await;
    let number = log(&stage, "08/27 22:50 代付队列积压，影响约684笔出金交易。").await;
    stage.round().await;
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    events::delete(&stage.app, &operator(), number, version).await.unwrap();
    stage.round_at("2024-08-28T08:01:00+08:00").await;
    assert!(said(&server).is_empty(), "{:?}", said(&server));

    stage.clock.set("2024-08-28T22:30:00+08:00");
    log(&stage, "08/28 22:20 代付队列积压，影响约684笔出金交易。").await;
    log(&stage, "08/28 22:25 快捷支付超时，影响约6笔交易。").await;
    stage.round().await;
    assert!(said(&server).is_empty());
    // A test goes at any hour.
    notifiers::test(&stage.app, &operator(), group.id).await.unwrap();
    stage.round().await;
    assert_eq!(said(&server).len(), 1);
    let none = NotifierPatch { quiet: Some(None), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), group.id, None, none).await.unwrap();
    stage.round_at("2024-08-28T22:31:00+08:00").await;
    let told = said(&server);
    assert!(told.len() == 2 && told[1].contains("2 条"), "{told:?}");

    let wrong = |from: &str, until: &str, zone: Option<&str>| NotifierPatch {
        quiet: Some(Some(QuietText {
            from: from.to_owned(),
            until: until.to_owned(),
            zone: zone.map(str::to_owned),
            through: Vec::new(),
        })),
        ..NotifierPatch::default()
    };
    for patch in [wrong("22", "08:00", None), wrong("08:00", "08:00", None), wrong("22:00", "08:00", Some("Mars/Base"))]
    {
        let refused = notifiers::update(&stage.app, &operator(), group.id, None, patch).await.unwrap_err();
        assert!(refused.to_string().contains("quiet"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_that_becomes_overdue_is_told_once_in_working_hours() {
    let stage = Stage::at("2024-08-26T09:00:00+08:00").await;
    let server = tool().await;
    let topics = Some(vec!["postmortem.overdue".to_owned()]);
    group(&stage, &server, NotifierPatch { topics, ..NotifierPatch::default() }).await;
    let old = stage.owed(Some(stage.oncall), "2024-08-20").await;
    // Due on the Friday before a holiday of three days with a make-up Saturday (中秋).
    let number = stage.owed(Some(stage.oncall), "2024-09-13").await;
    let done = stage.owed(Some(stage.oncall), "2024-09-13").await;
    let closed = stage.owed(Some(stage.oncall), "2024-09-13").await;
    edit(&stage, closed, EventPatch { restricted: Some(true), ..EventPatch::default() }).await;
    for now in ["2024-08-26T10:30:00+08:00", "2024-09-13T11:00:00+08:00", "2024-09-14T08:00:00+08:00"] {
        stage.round_at(now).await;
        assert!(said(&server).is_empty(), "{now}: {:?}", said(&server));
    }
    stage.done(done).await;
    for (now, count) in [
        ("2024-09-14T10:07:30+08:00", 1),
        ("2024-09-14T15:00:00+08:00", 1),
        ("2024-09-16T11:00:00+08:00", 1),
        ("2024-09-18T11:00:00+08:00", 1),
    ] {
        stage.round_at(now).await;
        assert_eq!(said(&server).len(), count, "{now}: {:?}", said(&server));
    }
    let told = said(&server).remove(0);
    assert!(told.contains(&format!("PE-{number} 的复盘已逾期 1 个工作日")), "{told}");
    assert!(!told.contains(&format!("PE-{old} ")), "{told}");
    // Another due date goes by: that is another time.
    let later = PostmortemChange { due_on: Some(Some("2024-09-19".parse().unwrap())), ..PostmortemChange::default() };
    stage.change(number, later).await;
    stage.round_at("2024-09-20T11:00:00+08:00").await;
    assert_eq!(said(&server).len(), 2);
}
