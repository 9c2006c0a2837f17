//! The weekly mail: once, at its time, also with two workers, after a downtime, and only to those who want it.

use fupan::{
    domain::{actor::Actor, report_mailing::Mailing},
    service::{
        events, publications,
        report_mailings::{self, MailingPatch},
    },
    store::outbox::OutboxState,
    web::api::published::frozen_json,
    worker,
};

use crate::stage::Stage;

/// A Wednesday.
const WEDNESDAY: &str = "2024-08-21T10:00:00+08:00";
/// The Friday after it, at the default time.
const FRIDAY: &str = "2024-08-23T17:00:00+08:00";

fn patch(recipients: &[&str]) -> MailingPatch {
    MailingPatch {
        name: Some("支付 SRE".to_owned()),
        recipients: Some(recipients.iter().map(|&one| one.to_owned()).collect()),
        ..MailingPatch::default()
    }
}

async fn mailing(stage: &Stage, patch: MailingPatch) -> Mailing {
    report_mailings::create(&stage.app, &Actor::local_operator(), patch).await.unwrap()
}

async fn change(stage: &Stage, mailing: &Mailing, patch: MailingPatch) -> Mailing {
    let actor = Actor::local_operator();
    let now = report_mailings::get(&stage.app, &actor, mailing.id).await.unwrap();
    report_mailings::update(&stage.app, &actor, mailing.id, now.version, patch).await.unwrap()
}

async fn event(stage: &Stage) {
    let line = "08/19 15:00 客户反馈商户操作<b>提现</b>失败，影响约684笔出金交易，15:30 恢复正常。";
    events::create_from_line(&stage.app, &Actor::local_operator(), line, None).await.unwrap();
}

async fn publish(stage: &Stage) {
    let week = "2024-W34".parse().unwrap();
    publications::publish(&stage.app, &Actor::local_operator(), week, frozen_json, None).await.unwrap();
}

fn weekly(stage: &Stage) -> Vec<support::smtp::Received> {
    stage
        .sink
        .received()
        .into_iter()
        .filter(|mail| mail.decoded("Subject").unwrap_or_default().contains("周报"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_goes_to_everyone_on_the_list_at_its_time_and_once() {
    let stage = Stage::at(WEDNESDAY).await;
    event(&stage).await;
    let made = mailing(&stage, patch(&["a@example.com", "b@example.com"])).await;
    assert_eq!(made.next(), FRIDAY.parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    assert_eq!(stage.round_at("2024-08-23T16:59:59+08:00").await.report_mails, 0);
    let report = stage.round_at("2024-08-23T17:00:20+08:00").await;
    assert_eq!((report.report_mails, report.sent), (2, 2), "{report:?}");
    for now in ["2024-08-23T17:00:50+08:00", "2024-08-24T09:00:00+08:00", "2024-08-29T09:00:00+08:00"] {
        assert_eq!(stage.round_at(now).await.report_mails, 0, "{now}");
    }
    let mails = weekly(&stage);
    assert_eq!(mails.len(), 2);
    let mail = mails.iter().find(|mail| mail.to == "a@example.com").unwrap();
    assert_eq!(mail.decoded("Subject").as_deref(), Some("【复盘台】生产周报 2024-W34：生产事件 1 起"));
    let text = mail.text();
    assert!(
        text.starts_with("生产周报 2024-W34（2024/08/19–08/25）")
            && text.contains("\n【系统运行数据】")
            && text.contains("影响约684笔出金交易"),
        "{text}"
    );
    assert!(text.contains("尚未发布") && text.contains("http://fupan.test/w/2024-W34"), "{text}");
    assert!(text.contains("每周五 17:00（Asia/Shanghai）发给名单“支付 SRE”"), "{text}");
    assert!(mail.html().contains("【生产事件】") && !mail.html().contains("<b>提现"), "{}", mail.html());
    assert_eq!(mail.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(mail.header("List-Id").as_deref(), Some("<weekly-report.fupan.test>"));
    let unsubscribe = mail.header("List-Unsubscribe").unwrap();
    assert!(unsubscribe.starts_with("<http://fupan.test/unsubscribe/"), "{unsubscribe}");
    assert!(text.contains(unsubscribe.trim_matches(['<', '>'])), "{text}");
    assert_ne!(mails[0].header("List-Unsubscribe"), mails[1].header("List-Unsubscribe"), "everyone has their own");
    assert_ne!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(stage.round_at("2024-08-30T17:00:00+08:00").await.report_mails, 2, "and again the week after");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_at_the_same_time_send_it_once() {
    let stage = Stage::at(WEDNESDAY).await;
    let many: Vec<String> = (0..20).map(|n| format!("p{n}@example.com")).collect();
    mailing(&stage, patch(&many.iter().map(String::as_str).collect::<Vec<_>>())).await;
    stage.clock.set(FRIDAY);
    let workers: Vec<_> = (0..4)
        .map(|n| {
            let (app, transport) = (stage.app.clone(), stage.transport.clone());
            tokio::spawn(async move { worker::run_once(&app, Some(transport.as_ref()), &format!("w{n}")).await })
        })
        .collect();
    let mut planned = 0;
    for one in workers {
        planned += one.await.unwrap().unwrap().report_mails;
    }
    stage.round().await;
    assert_eq!((planned, weekly(&stage).len()), (20, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_week_is_mailed_with_its_sentence() {
    let stage = Stage::at(WEDNESDAY).await;
    for section in ["all", "events", "figures"] {
        let named = MailingPatch {
            name: Some(section.to_owned()),
            section: Some(section.to_owned()),
            ..patch(&["a@example.com"])
        };
        mailing(&stage, named).await;
    }
    stage.round_at(FRIDAY).await;
    let mails = weekly(&stage);
    assert_eq!(mails.len(), 3);
    let subjects: Vec<_> = mails.iter().map(|mail| mail.decoded("Subject").unwrap()).collect();
    assert!(subjects.iter().any(|subject| subject.contains("本周无生产事件")), "{subjects:?}");
    for mail in mails {
        let text = mail.text();
        let said = text.split("尚未发布").next().unwrap().trim();
        assert!(said.contains('无') || said.contains("没有"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_downtime_missed_goes_out_late_within_three_days_and_is_left_out_after() {
    let stage = Stage::at(WEDNESDAY).await;
    mailing(&stage, patch(&["a@example.com"])).await;
    assert_eq!(stage.round_at("2024-08-26T09:00:00+08:00").await.report_mails, 1);
    assert!(weekly(&stage)[0].decoded("Subject").unwrap().contains("2024-W34"), "the week of its slot, not this one");
    let late = stage.round_at("2024-09-04T09:00:00+08:00").await;
    assert_eq!((late.report_mails, late.report_skipped), (0, 1), "five days late");
    let two_weeks = stage.round_at("2024-09-21T09:00:00+08:00").await;
    assert_eq!(two_weeks.report_mails, 1, "of two missed the latest");
    assert!(weekly(&stage)[1].decoded("Subject").unwrap().contains("2024-W38"));
    assert_eq!(weekly(&stage).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_waits_for_publication_sends_the_frozen_text_or_gives_up() {
    let stage = Stage::at(WEDNESDAY).await;
    event(&stage).await;
    let waiting = MailingPatch { only_published: Some(true), ..patch(&["a@example.com"]) };
    let made = mailing(&stage, waiting).await;
    for now in [FRIDAY, "2024-08-23T18:00:00+08:00"] {
        let report = stage.round_at(now).await;
        assert_eq!((report.report_mails, report.report_waiting), (0, 1), "{now}");
    }
    stage.clock.set("2024-08-24T09:00:00+08:00");
    publish(&stage).await;
    let line = "08/20 10:00 发布之后才登记的事件";
    events::create_from_line(&stage.app, &Actor::local_operator(), line, None).await.unwrap();
    assert_eq!(stage.round_at("2024-08-24T09:00:30+08:00").await.report_mails, 1);
    let text = weekly(&stage)[0].text();
    assert!(text.contains("684") && !text.contains("发布之后"), "{text}");
    assert!(text.contains("已发布（修订 1，2024-08-24 09:00）"), "{text}");
    let report = stage.round_at("2024-09-02T17:00:01+08:00").await;
    assert_eq!((report.report_skipped, report.report_waiting), (1, 0), "W35 was not published in three days");
    let now = report_mailings::get(&stage.app, &Actor::local_operator(), made.id).await.unwrap();
    assert_eq!(now.next(), "2024-09-06T17:00:00+08:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_unsubscribed_or_was_removed_gets_nothing_not_even_what_was_planned() {
    let stage = Stage::at(WEDNESDAY).await;
    let made = mailing(&stage, patch(&["a@example.com", "b@example.com", "c@example.com"])).await;
    let token = async |who: &str| {
        let id = made.recipients.iter().find(|one| one.email == who).unwrap().id;
        let url = fupan::service::unsubscribing::url(&stage.app, id).await.unwrap();
        url.rsplit('/').next().unwrap().to_owned()
    };
    assert!(report_mailings::unsubscribe(&stage.app, &token("a@example.com").await).await.unwrap());
    stage.clock.set(FRIDAY);
    let planned = worker::run_once(&stage.app, None, "test").await.unwrap();
    assert_eq!((planned.report_mails, planned.waiting), (2, 2), "one is not planned at all");
    assert!(report_mailings::unsubscribe(&stage.app, &token("b@example.com").await).await.unwrap());
    change(
        &stage,
        &made,
        MailingPatch {
            recipients: Some(vec!["A@example.com".to_owned(), "b@example.com".to_owned()]),
            ..MailingPatch::default()
        },
    )
    .await;
    let report = stage.round().await;
    assert_eq!((report.sent, report.cancelled), (0, 2), "{report:?}");
    let states: Vec<_> = stage.outbox().await.iter().map(|message| message.state).collect();
    assert_eq!(states, [OutboxState::Cancelled, OutboxState::Cancelled]);
    assert_eq!(stage.round_at("2024-08-30T17:00:00+08:00").await.report_mails, 0, "both stay unsubscribed");
    assert!(!report_mailings::unsubscribe(&stage.app, "unknown").await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_switched_off_or_removed_stops_what_is_on_its_way() {
    let stage = Stage::at(WEDNESDAY).await;
    let made = mailing(&stage, patch(&["a@example.com"])).await;
    stage.clock.set(FRIDAY);
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let off = change(&stage, &made, MailingPatch { enabled: Some(false), ..MailingPatch::default() }).await;
    assert_eq!(stage.round().await.cancelled, 1);
    let on = change(&stage, &off, MailingPatch { enabled: Some(true), ..MailingPatch::default() }).await;
    assert_eq!(on.next(), "2024-08-30T17:00:00+08:00".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    stage.clock.set("2024-08-30T17:00:00+08:00");
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let now = report_mailings::get(&stage.app, &Actor::local_operator(), made.id).await.unwrap();
    report_mailings::delete(&stage.app, &Actor::local_operator(), made.id, now.version).await.unwrap();
    assert_eq!((stage.round().await.cancelled, weekly(&stage).len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_day_in_the_same_week_brings_no_second_mail() {
    let stage = Stage::at(WEDNESDAY).await;
    let made = mailing(&stage, patch(&["a@example.com"])).await;
    assert_eq!(stage.round_at(FRIDAY).await.report_mails, 1);
    change(&stage, &made, MailingPatch { weekday: Some("sat".to_owned()), ..MailingPatch::default() }).await;
    assert_eq!(stage.round_at("2024-08-24T17:00:00+08:00").await.report_mails, 0);
    assert_eq!(stage.round_at("2024-08-31T17:00:00+08:00").await.report_mails, 1);
    assert_eq!(weekly(&stage).len(), 2);
}
