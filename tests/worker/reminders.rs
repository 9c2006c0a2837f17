//! Who is reminded of what, and when.

use fupan::{domain::actor::Role, service::postmortems::PostmortemChange, store::outbox::OutboxState, worker};

use crate::stage::{Stage, TUESDAY};

#[tokio::test(flavor = "multi_thread")]
async fn two_owed_postmortems_make_one_digest() {
    let stage = Stage::at(TUESDAY).await;
    let late = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let today = stage.owed(Some(stage.oncall), "2024-08-27").await;
    let report = stage.round().await;
    assert_eq!((report.planned, report.reminders, report.sent, report.waiting), (1, 2, 1, 0), "{report:?}");

    let mails = stage.sink.received();
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(mail.to, "oncall@example.com");
    assert_eq!(mail.decoded("Subject").as_deref(), Some("【复盘台】待复盘 2 项，其中 1 项逾期"));
    assert_eq!(mail.header("Date").as_deref(), Some("Tue, 27 Aug 2024 02:07:00 +0000"));
    assert_eq!(mail.header("List-Id").as_deref(), Some("<reminders.fupan.test>"));
    let way_out = mail.header("List-Unsubscribe").unwrap();
    assert!(way_out.starts_with("<http://fupan.test/act/"), "{way_out}");
    assert_eq!(mail.header("List-Unsubscribe-Post"), None, "RFC 8058 asks for https");
    assert_eq!(mail.header("References"), None, "it is about two events");
    assert_eq!(mail.header("Message-ID"), Some(format!("<{}>", stage.message().await.message_id)));
    let text = mail.text();
    assert!(text.starts_with("值班，你好：\n"), "{text}");
    for part in [
        format!("- PE-{late}  08/19 15:00 客户反馈商户操作提现失败"),
        "8月26日 周一到期 · 逾期 1 个工作日 · 未定级".to_owned(),
        format!("http://fupan.test/e/{today}"),
    ] {
        assert!(text.contains(&part), "{part} is missing in\n{text}");
    }
    assert!(mail.html().contains(&format!("href=\"http://fupan.test/e/{late}\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_round_sends_nothing_twice() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    for now in [TUESDAY, "2024-08-27T12:00:00+08:00", "2024-08-27T19:59:00+08:00", "2024-08-27T23:00:00+08:00"] {
        let report = stage.round_at(now).await;
        assert_eq!((report.planned, report.sent), (0, 0), "{now}");
    }
    assert_eq!(stage.sink.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_owed_no_mail() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.owed(Some(stage.oncall), "2024-09-02").await;
    stage.done(number).await;
    let report = stage.round().await;
    assert_eq!(report.planned, 0, "{report:?}");
    assert!(stage.outbox().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_working_day_after_the_due_date_brings_one_digest_and_days_off_bring_none() {
    let stage = Stage::at("2024-09-13T11:00:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-09-14").await;
    // Day before, due day (调休 Saturday), three days of 中秋, first and second working day after.
    for (day, sent) in [("13", 1), ("14", 1), ("15", 0), ("16", 0), ("17", 0), ("18", 1), ("19", 1)] {
        let report = stage.round_at(&format!("2024-09-{day}T11:00:00+08:00")).await;
        assert_eq!(report.sent, sent, "2024-09-{day}: {report:?}");
    }
    let subjects: Vec<_> =
        stage.sink.received().iter().map(|mail| mail.decoded("Subject").unwrap().contains("逾期")).collect();
    assert_eq!(subjects, [false, false, true, true]);
    assert!(stage.sink.received()[3].text().contains("逾期 2 个工作日"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_downtime_missed_collapses_into_one_digest() {
    let stage = Stage::at("2024-08-20T11:00:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-08-21").await;
    let report = stage.round_at("2024-09-05T15:00:00+08:00").await;
    assert_eq!((report.planned, report.sent), (1, 1));
    assert!(stage.sink.received()[0].text().contains("逾期 11 个工作日"), "{}", stage.sink.received()[0].text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_is_copied_from_the_second_overdue_day_and_hears_of_what_nobody_owns() {
    let stage = Stage::at(TUESDAY).await;
    stage.person("lead@example.com", "Ada", Role::Lead, "en").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("lead@example.com")), (1, 0));

    let unowned = stage.owed(None, "2024-08-28").await;
    stage.round_at("2024-08-28T10:07:00+08:00").await;
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("lead@example.com")), (2, 1));
    let mails = stage.sink.received();
    let copy = mails.iter().find(|mail| mail.to == "lead@example.com").unwrap();
    assert_eq!(copy.decoded("Subject").as_deref(), Some("[Fupan] 2 postmortems pending, 1 overdue"));
    let text = copy.text();
    assert!(text.contains("due Mon 26 Aug · 2 working days late · not graded · owner 值班"), "{text}");
    assert!(text.contains(&format!("PE-{unowned}")) && text.contains("nobody owns it yet"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn done_before_sending_means_that_nothing_goes_out() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let report = worker::run_once(&stage.app, None, "test").await.unwrap();
    assert_eq!((report.planned, report.sent, report.waiting), (1, 0, 1), "without a mail server it waits");
    stage.done(number).await;
    assert_eq!(stage.message().await.state, OutboxState::Cancelled);
    let report = stage.round().await;
    assert_eq!((report.sent, report.waiting), (0, 0));
    assert!(stage.sink.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_leaves_out_what_was_done_before_it_is_sent() {
    let stage = Stage::at(TUESDAY).await;
    let done = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let left = stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    stage.done(done).await;
    assert_eq!(stage.round().await.sent, 1);
    let text = stage.sink.received()[0].text();
    assert!(!text.contains(&format!("PE-{done} ")) && text.contains(&format!("PE-{left} ")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hands_the_postmortem_over_is_left_alone_and_the_new_owner_is_told() {
    let stage = Stage::at(TUESDAY).await;
    let next = stage.person("next@example.com", "小李", Role::Reporter, "zh-CN").await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    stage.change(number, PostmortemChange { owner: Some(Some(next)), ..PostmortemChange::default() }).await;
    stage.round().await;
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("next@example.com")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_missed_its_day_waits_for_the_slot_and_gives_way_to_the_next() {
    let stage = Stage::at("2024-08-27T19:30:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let night = stage.round_at("2024-08-28T03:00:00+08:00").await;
    assert_eq!((night.postponed, night.sent, night.waiting), (1, 0, 1), "{night:?}");
    let morning = stage.round_at("2024-08-28T10:07:00+08:00").await;
    assert_eq!((morning.planned, morning.superseded, morning.sent), (1, 1, 1), "{morning:?}");
    let states: Vec<_> = stage.outbox().await.iter().map(|message| message.state).collect();
    assert_eq!(states, [OutboxState::Sent, OutboxState::Superseded]);
    assert!(stage.sink.received()[0].text().contains("逾期 2 个工作日"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_restricted_event_only_those_are_reminded_who_see_it_and_of_a_drill_nobody() {
    use fupan::{
        domain::{actor::Actor, event_record::EventKind},
        service::events::{self, EventPatch},
    };
    let stage = Stage::at(TUESDAY).await;
    let lead = stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    stage.person("other@example.com", "另一位", Role::Lead, "zh-CN").await;
    let secret = stage.owed(Some(stage.oncall), "2024-08-20").await;
    let drill = stage.owed(Some(stage.oncall), "2024-08-20").await;
    let change = |number: i64, patch: EventPatch| {
        let app = stage.app.clone();
        async move {
            let actor = Actor::local_operator();
            let version = events::get(&app, &actor, number).await.unwrap().version;
            events::update(&app, &actor, number, version, patch).await.unwrap();
        }
    };
    change(drill, EventPatch { kind: Some(EventKind::Drill), ..EventPatch::default() }).await;
    let close = EventPatch { restricted: Some(true), viewers: Some(vec![lead]), ..EventPatch::default() };
    change(secret, close).await;
    stage.round().await;
    let told = ["oncall@example.com", "lead@example.com", "other@example.com"].map(|to| stage.mails_to(to));
    assert_eq!(told, [1, 1, 0], "who owns it stays among those who see it; a lead who is not named hears nothing");
    assert!(!stage.sink.received()[0].text().contains(&format!("PE-{drill}")));

    // Planned in the open, closed before it is sent: the text does not leave the house.
    let stage = Stage::at(TUESDAY).await;
    stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let number = stage.owed(Some(stage.oncall), "2024-08-20").await;
    fupan::service::reminders::plan(&stage.app, fupan::notify::mail::digest_words).await.unwrap();
    assert_eq!(stage.outbox().await.len(), 2, "the owner's, and the lead's who is copied");
    let version = events::get(&stage.app, &Actor::local_operator(), number).await.unwrap().version;
    let close = EventPatch { restricted: Some(true), ..EventPatch::default() };
    events::update(&stage.app, &Actor::local_operator(), number, version, close).await.unwrap();
    stage.round().await;
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("lead@example.com")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_teams_event_nobody_of_their_own_teams_alone_is_reminded() {
    use fupan::{
        domain::{
            actor::{Actor, TeamScope},
            event_record::Responsibility,
            team::TeamFields,
        },
        service::{
            accounts::{self, AccountPatch},
            events::{self, EventPatch},
            teams,
        },
    };
    let operator = Actor::local_operator();
    let stage = Stage::at(TUESDAY).await;
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    let own = stage.person("own@example.com", "本组组长", Role::Lead, "zh-CN").await;
    stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let fields = |name: &str, lead| TeamFields { name: name.to_owned(), lead, ..TeamFields::default() };
    let team = teams::create(&stage.app, &operator, fields("清算", Some(own))).await.unwrap();
    let other = teams::create(&stage.app, &operator, fields("支付", None)).await.unwrap();
    let of_team = async |number: i64, team: uuid::Uuid| {
        let version = events::get(&stage.app, &operator, number).await.unwrap().version;
        let responsibility = Some(vec![Responsibility { team_id: team, share: 10_000 }]);
        let patch = EventPatch { responsibility, ..EventPatch::default() };
        events::update(&stage.app, &operator, number, version, patch).await.unwrap();
    };
    let theirs = stage.owed(Some(stage.oncall), "2024-08-20").await;
    of_team(theirs, team.id).await;
    let others = stage.owed(Some(stage.oncall), "2024-08-20").await;
    of_team(others, other.id).await;
    // Planned while they were of all teams, sent after: what is not there for them any more does not leave the house.
    fupan::service::reminders::plan(&stage.app, fupan::notify::mail::digest_words).await.unwrap();
    for id in [own, stage.oncall] {
        let patch = AccountPatch { team_scope: Some(TeamScope::Own), ..AccountPatch::default() };
        accounts::change(&stage.app, &operator, id, patch).await.unwrap();
    }
    stage.round().await;
    let told = |to: &str| {
        let mails = stage.sink.received();
        let mails: Vec<String> =
            mails.iter().filter(|mail| mail.to.contains(to)).map(support::smtp::Received::text).collect();
        [theirs, others].map(|number| mails.iter().any(|mail| mail.contains(&format!("PE-{number}"))))
    };
    assert_eq!(told("own@example.com"), [true, false], "the lead hears of the event of their team");
    assert_eq!(told("lead@example.com"), [true, true], "a lead of all teams of both");
    assert_eq!(told("oncall@example.com"), [false, false], "an owner in no team of none");
}
