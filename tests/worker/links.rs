//! Links of mails: what they say, whom they work for, and that a digest about one event answers to its conversation.

use fupan::{
    domain::{
        actor::{Actor, Role},
        mail_act::MailAct,
    },
    service::{
        ServiceError, events,
        mail_acts::{self, LinkState},
        postmortems::PostmortemChange,
    },
};

use crate::stage::{Stage, TUESDAY};

/// The token of the first link in a text behind `words`.
fn token(text: &str, words: &str) -> String {
    let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("{words} in\n{text}"));
    rest.split("/act/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

async fn event(stage: &Stage, number: i64) -> fupan::domain::event::ProductionEvent {
    events::get(&stage.app, &Actor::local_operator(), number).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_puts_off_once_and_looking_changes_nothing() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    let mail = &stage.sink.received()[0];
    let thread = format!("<event.{number}@fupan.test>");
    assert_eq!((mail.header("References"), mail.header("In-Reply-To")), (Some(thread.clone()), Some(thread)));
    let text = mail.text();
    assert!(!text.contains("取我负责"), "it is theirs already: {text}");
    let link = token(&text, "延后 2 个工作日");
    assert!(mail.html().contains(&link));

    let before = event(&stage, number).await;
    for _ in 0..3 {
        let seen = mail_acts::look(&stage.app, &link).await.unwrap();
        assert_eq!((seen.act, seen.state, seen.name.as_str()), (MailAct::Snooze, LinkState::Open, "值班"));
    }
    assert_eq!(event(&stage, number).await, before, "looking changes nothing");

    mail_acts::perform(&stage.app, &link).await.unwrap();
    let after = event(&stage, number).await;
    assert_eq!(
        after.postmortem.due_on.unwrap().to_string(),
        "2024-08-29",
        "two working days from today, which is later"
    );
    assert!(after.postmortem.due_fixed);
    let again = mail_acts::perform(&stage.app, &link).await.unwrap();
    assert_eq!(again.state, LinkState::Used(stage.app.now_millis()));
    assert_eq!(event(&stage, number).await, after, "twice is once");
    let told = events::detail(&stage.app, &Actor::local_operator(), number).await.unwrap();
    let by = told.audit.iter().find(|entry| entry.action == "mail.act").unwrap();
    assert_eq!(by.actor_name, "值班");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lead_takes_over_what_nobody_owns_and_a_forged_or_old_link_does_nothing() {
    let stage = Stage::at(TUESDAY).await;
    let lead = stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let number = stage.owed(None, "2024-08-26").await;
    let late = stage.owed(Some(stage.oncall), "2024-08-22").await;
    stage.round().await;
    let mails = stage.sink.received();
    let to_lead = mails.iter().find(|mail| mail.to == "lead@example.com").unwrap().text();
    let link = token(to_lead.split(&format!("PE-{number} ")).nth(1).unwrap(), "取我负责");

    let (payload, mac) = link.split_once('.').unwrap();
    let forged = [
        format!("{payload}.{}", &mac[..mac.len() - 2]),
        format!("B{}.{mac}", &payload[1..]),
        payload.to_owned(),
        String::new(),
        "x".repeat(10_000),
    ];
    for bad in &forged {
        assert!(matches!(mail_acts::look(&stage.app, bad).await, Err(ServiceError::NotFound(_))), "{bad}");
        assert!(matches!(mail_acts::perform(&stage.app, bad).await, Err(ServiceError::NotFound(_))), "{bad}");
    }
    assert_eq!(event(&stage, number).await.postmortem.owner_id, None);

    mail_acts::perform(&stage.app, &link).await.unwrap();
    assert_eq!(event(&stage, number).await.postmortem.owner_id, Some(lead));

    // Done meanwhile, and too late.
    let other = token(to_lead.split(&format!("PE-{late} ")).nth(1).unwrap(), "取我负责");
    stage.clock.set("2024-09-03T10:00:00+08:00");
    assert_eq!(mail_acts::look(&stage.app, &other).await.unwrap().state, LinkState::Expired);
    assert_eq!(mail_acts::perform(&stage.app, &other).await.unwrap().state, LinkState::Expired);
    stage.clock.set(TUESDAY);
    stage.done(late).await;
    assert_eq!(mail_acts::perform(&stage.app, &other).await.unwrap().state, LinkState::Moot);
    assert_eq!(event(&stage, late).await.postmortem.owner_id, Some(stage.oncall));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_link_did_is_taken_back_once_and_not_after_somebody_changed_it() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    let link = token(&stage.sink.received()[0].text(), "延后 2 个工作日");
    assert_eq!(mail_acts::undo(&stage.app, &link).await.unwrap().state, LinkState::Open, "nothing was done yet");
    let before = event(&stage, number).await.postmortem;
    assert!(mail_acts::perform(&stage.app, &link).await.unwrap().may_undo);
    let undone = mail_acts::undo(&stage.app, &link).await.unwrap();
    assert_eq!((undone.state, undone.may_undo), (LinkState::Undone(stage.app.now_millis()), false));
    let after = event(&stage, number).await.postmortem;
    assert_eq!((after.due_on, after.due_fixed, after.owner_id), (before.due_on, before.due_fixed, before.owner_id));
    for _ in 0..2 {
        mail_acts::undo(&stage.app, &link).await.unwrap();
        mail_acts::perform(&stage.app, &link).await.unwrap();
    }
    assert_eq!(event(&stage, number).await.postmortem, after, "used is used");
    let told = events::detail(&stage.app, &Actor::local_operator(), number).await.unwrap();
    assert!(told.audit.iter().any(|entry| entry.action == "mail.act_undone" && entry.actor_name == "值班"));

    let other = stage.owed(Some(stage.oncall), "2024-08-23").await;
    stage.round_at("2024-08-28T10:07:00+08:00").await;
    let mail = stage.sink.received().last().unwrap().text();
    let link = token(mail.split(&format!("PE-{other} ")).nth(1).unwrap(), "延后 2 个工作日");
    mail_acts::perform(&stage.app, &link).await.unwrap();
    let late = PostmortemChange { due_on: Some(Some("2024-09-10".parse().unwrap())), ..PostmortemChange::default() };
    stage.change(other, late).await;
    let kept = mail_acts::undo(&stage.app, &link).await.unwrap();
    assert!(!kept.may_undo && matches!(kept.state, LinkState::Used(_)), "{kept:?}");
    assert_eq!(event(&stage, other).await.postmortem.due_on.unwrap().to_string(), "2024-09-10");
}

#[tokio::test(flavor = "multi_thread")]
async fn pressed_twice_at_the_same_time_it_is_done_once() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    let link = token(&stage.sink.received()[0].text(), "延后 2 个工作日");
    let pressed: Vec<_> = (0..8)
        .map(|_| {
            let (app, link) = (stage.app.clone(), link.clone());
            tokio::spawn(async move { mail_acts::perform(&app, &link).await })
        })
        .collect();
    for press in pressed {
        press.await.unwrap().unwrap();
    }
    let told = events::detail(&stage.app, &Actor::local_operator(), number).await.unwrap();
    assert_eq!(told.audit.iter().filter(|entry| entry.action == "mail.act").count(), 1);
    assert_eq!(event(&stage, number).await.postmortem.due_on.unwrap().to_string(), "2024-08-29");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_unsubscribes_gets_no_reminders_the_leads_are_told_and_other_mail_goes_on() {
    let stage = Stage::at(TUESDAY).await;
    stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    stage.owed(Some(stage.oncall), "2024-08-27").await;
    stage.round().await;
    let way_out = stage.sink.received()[0].header("List-Unsubscribe").unwrap();
    let link = way_out.split("/act/").nth(1).unwrap().trim_end_matches('>').to_owned();
    let done = mail_acts::perform(&stage.app, &link).await.unwrap();
    assert_eq!((done.act, done.address.as_str()), (MailAct::Unsubscribe, "oncall@example.com"));
    let next = stage.round_at("2024-08-28T10:07:00+08:00").await;
    assert_eq!(next.cancelled, 1, "{next:?}");
    assert_eq!(stage.mails_to("oncall@example.com"), 1);
    let told = stage.sink.received().into_iter().filter(|mail| mail.to == "lead@example.com");
    let subjects: Vec<_> = told.filter_map(|mail| mail.decoded("Subject")).collect();
    assert!(subjects.contains(&"【复盘台】oncall@example.com 不再接收提醒".to_owned()), "{subjects:?}");
    let operator = Actor::local_operator();
    fupan::service::outbox_admin::test_mail(&stage.app, &operator, Some("oncall@example.com")).await.unwrap();
    stage.round_at("2024-08-28T10:10:00+08:00").await;
    assert_eq!(stage.mails_to("oncall@example.com"), 2, "a notice is no reminder");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_somebody_who_left_or_no_longer_sees_the_event_leads_nowhere() {
    let stage = Stage::at(TUESDAY).await;
    let lead = stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    let number = stage.owed(None, "2024-08-26").await;
    stage.round().await;
    let mails = stage.sink.received();
    let link = token(&mails.iter().find(|mail| mail.to == "lead@example.com").unwrap().text(), "取我负责");
    let operator = Actor::local_operator();
    let version = event(&stage, number).await.version;
    let close = events::EventPatch { restricted: Some(true), ..events::EventPatch::default() };
    events::update(&stage.app, &operator, number, version, close).await.unwrap();
    assert!(matches!(mail_acts::look(&stage.app, &link).await, Err(ServiceError::NotFound(_))));
    let version = event(&stage, number).await.version;
    let open = events::EventPatch { restricted: Some(false), ..events::EventPatch::default() };
    events::update(&stage.app, &operator, number, version, open).await.unwrap();
    assert!(mail_acts::look(&stage.app, &link).await.is_ok());
    let gone = fupan::service::accounts::AccountPatch { active: Some(false), ..Default::default() };
    fupan::service::accounts::change(&stage.app, &operator, lead, gone).await.unwrap();
    assert!(matches!(mail_acts::look(&stage.app, &link).await, Err(ServiceError::NotFound(_))));
    stage.change(number, PostmortemChange { owner: Some(Some(stage.oncall)), ..PostmortemChange::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_postmortems_is_offered_no_button_that_would_refuse() {
    use fupan::{
        domain::{
            actor::{Actor, Role},
            reminder::policy::ReminderPolicy,
        },
        service::policies,
    };
    let stage = crate::stage::Stage::at(crate::stage::TUESDAY).await;
    stage.person("viewer@example.com", "看客", Role::Viewer, "zh-CN").await;
    let mut policy = ReminderPolicy::default();
    policy.rules[0].steps = fupan::domain::reminder::lines::steps("s", "0/1 owner viewer@example.com").unwrap();
    let document = fupan::domain::policy::text(&policy);
    policies::write(&stage.app, &Actor::local_operator(), "reminders", &document, None).await.unwrap();
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    let mails = stage.sink.received();
    let text = |to: &str| mails.iter().find(|mail| mail.to == to).unwrap().text();
    assert!(text("oncall@example.com").contains("延后"), "{}", text("oncall@example.com"));
    assert!(!text("viewer@example.com").contains("取我负责"), "{}", text("viewer@example.com"));
    assert!(!text("viewer@example.com").contains("我来负责"), "{}", text("viewer@example.com"));
}
