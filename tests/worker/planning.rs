//! The rules of reminders as data: what is chased besides postmortems, when, for whom, and what stops it.

use fupan::{
    domain::{
        actor::{Actor, Role},
        reminder::policy::ReminderPolicy,
        team::TeamFields,
    },
    service::{
        App, ServiceError, action_items, events, policies,
        postmortems::PostmortemChange,
        reminder_holds::{self, Act, Held},
        reminder_preview, teams,
    },
    store::outbox::OutboxState,
    worker,
};

use crate::stage::{Stage, TUESDAY};

fn operator() -> Actor {
    Actor::local_operator()
}

/// Writes the rules after a change of the default ones.
async fn rules(app: &App, change: impl FnOnce(&mut ReminderPolicy)) {
    let mut policy = ReminderPolicy::default();
    change(&mut policy);
    let document = fupan::domain::policy::text(&policy);
    policies::write(app, &operator(), "reminders", &document, None).await.unwrap();
}

fn switch_on(policy: &mut ReminderPolicy, name: &str) {
    policy.rules.iter_mut().find(|rule| rule.name == name).unwrap().enabled = true;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_a_week_ahead_and_an_hour_back_makes_one_digest() {
    let stage = Stage::at(TUESDAY).await;
    for due in ["2024-08-26", "2024-08-27", "2024-08-28", "2024-09-02"] {
        stage.owed(Some(stage.oncall), due).await;
    }
    stage.round().await;
    assert_eq!(stage.mails_to("oncall@example.com"), 1);
    let week = stage.round_at("2024-09-03T10:30:00+08:00").await;
    assert_eq!((week.planned, week.reminders, week.sent), (1, 4, 1), "{week:?}");
    for now in [
        "2024-09-03T09:30:00+08:00",
        "2024-09-03T09:31:00+08:00",
        "2024-09-03T10:30:00+08:00",
        "2024-09-03T11:00:00+08:00",
    ] {
        let report = stage.round_at(now).await;
        assert_eq!((report.planned, report.sent), (0, 0), "{now}: {report:?}");
    }
    assert_eq!(stage.mails_to("oncall@example.com"), 2);
    let next = stage.round_at("2024-09-04T10:07:00+08:00").await;
    assert_eq!((next.planned, next.sent), (1, 1), "the day after goes on as ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_round_looks_at_no_event() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.owed(Some(stage.oncall), "2024-12-30").await;
    let render = fupan::notify::mail::digest_words;
    let first = fupan::service::reminders::plan(&stage.app, render).await.unwrap();
    assert_eq!((first.looked_at, first.digests), (2, 1));
    for now in [
        "2024-08-27T10:08:00+08:00",
        "2024-08-27T15:00:00+08:00",
        "2024-08-28T03:00:00+08:00",
        "2024-08-28T10:06:59+08:00",
    ] {
        stage.clock.set(now);
        let idle = fupan::service::reminders::plan(&stage.app, render).await.unwrap();
        assert_eq!((idle.looked_at, idle.digests), (0, 0), "{now}");
    }
    stage.clock.set("2024-08-28T10:07:00+08:00");
    let next = fupan::service::reminders::plan(&stage.app, render).await.unwrap();
    assert_eq!((next.looked_at, next.digests), (1, 1), "the one that is due in December is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_over_an_hour_tell_nobody_twice() {
    let stage = Stage::at("2024-08-27T09:40:00+08:00").await;
    let mut people = vec![stage.oncall];
    for n in 0..4 {
        people.push(stage.person(&format!("p{n}@example.com"), "同事", Role::Reporter, "zh-CN").await);
    }
    for (n, due) in (0..30).zip(["2024-08-23", "2024-08-26", "2024-08-27", "2024-08-28"].iter().cycle()) {
        stage.owed(Some(people[n % people.len()]), due).await;
    }
    let start: chrono::DateTime<chrono::Utc> = "2024-08-27T09:40:00+08:00".parse().unwrap();
    for minute in (0..60).step_by(3) {
        stage.clock.set(&(start + chrono::Duration::minutes(minute)).to_rfc3339());
        let round = |name: &'static str| {
            let (app, transport) = (stage.app.clone(), stage.transport.clone());
            async move { worker::run_once(&app, Some(transport.as_ref()), name).await.unwrap() }
        };
        let (a, b, c) = tokio::join!(round("a"), round("b"), round("c"));
        drop((a, b, c));
    }
    let mut to: Vec<String> = stage.sink.received().iter().map(|mail| mail.to.clone()).collect();
    to.sort();
    assert_eq!(to, ["oncall@example.com", "p0@example.com", "p1@example.com", "p2@example.com", "p3@example.com"]);
    let mut lines = 0;
    for mail in stage.sink.received() {
        lines += mail.text().matches("\n- PE-").count();
    }
    assert_eq!(lines, 30, "each thing once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_changed_holds_for_what_is_there_already() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-09-02").await;
    assert_eq!(stage.round().await.planned, 0, "four working days are left");
    rules(&stage.app, |policy| policy.rules[0].steps[0].day = -4).await;
    let report = stage.round().await;
    assert_eq!((report.planned, report.sent), (1, 1), "{report:?}");
    assert!(stage.sink.received()[0].text().contains("之后到期"), "{}", stage.sink.received()[0].text());
    // Planned by a rule that is switched off before it is sent: dropped, with a trace.
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    rules(&stage.app, |policy| policy.rules[0].enabled = false).await;
    let report = stage.round().await;
    assert_eq!((report.sent, report.cancelled), (0, 1), "{report:?}");
    assert_eq!(stage.message().await.state, OutboxState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn action_items_are_chased_until_they_are_owned_and_done() {
    let stage = Stage::at("2024-08-21T11:00:00+08:00").await;
    let lead = stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let team = TeamFields { name: "支付".to_owned(), lead: Some(lead), ..TeamFields::default() };
    let team = teams::create(&stage.app, &operator(), team).await.unwrap();
    rules(&stage.app, |policy| {
        policy.rules[0].enabled = false;
        switch_on(policy, "改进项指派");
        switch_on(policy, "改进项完成");
    })
    .await;
    let line = "08/19 15:00 客户反馈商户操作提现失败，15:30 恢复。";
    let (event, _) = events::create_from_line(&stage.app, &operator(), line, None).await.unwrap();
    let new = action_items::ActionPatch {
        title: Some("给下线规则加告警".to_owned()),
        team: Some(Some(team.id.to_string())),
        due_on: Some(Some("2024-08-30".parse().unwrap())),
        ..action_items::ActionPatch::default()
    };
    let made = action_items::create(&stage.app, &operator(), event.number, new, None).await.unwrap();
    let events::Created::New(item) = made else { panic!("it is new") };
    assert_eq!(stage.round().await.planned, 0, "two working days to find an owner");
    let report = stage.round_at("2024-08-23T11:00:00+08:00").await;
    assert_eq!((report.sent, stage.mails_to("lead@example.com")), (1, 1), "{report:?}");
    let text = stage.sink.received()[0].text();
    assert!(text.contains("改进项还没有负责人") && text.contains("AI-1  给下线规则加告警"), "{text}");
    assert!(text.contains("http://fupan.test/actions/1"), "{text}");

    let owned = action_items::ActionPatch {
        owner: Some(Some(action_items::Person::Id(stage.oncall))),
        ..action_items::ActionPatch::default()
    };
    action_items::update(&stage.app, &operator(), item.number, item.version, owned).await.unwrap();
    assert_eq!(stage.round_at("2024-08-27T11:00:00+08:00").await.planned, 0, "owned, and due on Friday");
    let report = stage.round_at("2024-08-29T11:00:00+08:00").await;
    assert_eq!((report.sent, stage.mails_to("oncall@example.com")), (1, 1), "{report:?}");
    assert!(stage.sink.received()[1].text().contains("8月30日 周五到期"), "{}", stage.sink.received()[1].text());
    let late = stage.round_at("2024-09-03T11:00:00+08:00").await;
    assert_eq!((late.sent, stage.mails_to("lead@example.com")), (2, 2), "the lead is copied: {late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_known_and_open_events_and_unpublished_weeks_are_asked_about() {
    let stage = Stage::at("2024-08-27T02:30:00+08:00").await;
    rules(&stage.app, |policy| {
        policy.rules[0].enabled = false;
        for name in ["记录不全", "事件未恢复", "周报未发布"] {
            switch_on(policy, name);
        }
    })
    .await;
    let me =
        Actor { account_id: Some(stage.oncall), name: "值班".to_owned(), role: Role::Reporter, ..Actor::outsider() };
    let (event, _) = events::create_from_line(&stage.app, &me, "08/27 02:10 快捷支付超时", None).await.unwrap();
    let report = stage.round_at(TUESDAY).await;
    assert_eq!(report.planned, 1, "in the morning: {report:?}");
    let text = stage.sink.received()[0].text();
    assert!(text.contains("记录还不全") && text.contains("还缺：") && text.contains("恢复时间"), "{text}");
    assert!(!text.contains("事件还没有恢复"), "on the first working day after: {text}");
    assert!(text.contains("PE-1"), "{text}");
    let report = stage.round_at("2024-08-28T10:07:00+08:00").await;
    assert_eq!(report.planned, 1, "{report:?}");
    assert!(stage.sink.received()[1].text().contains("事件还没有恢复"), "{}", stage.sink.received()[1].text());
    stage.person("lead@example.com", "组长", Role::Lead, "zh-CN").await;
    let report = stage.round_at("2024-08-29T10:07:00+08:00").await;
    assert!(stage.mails_to("lead@example.com") == 1 && report.planned == 2, "{report:?}");
    let mails = stage.sink.received();
    let weekly = mails.iter().find(|mail| mail.to == "lead@example.com").unwrap().text();
    assert!(weekly.contains("周报还没有发布") && weekly.contains("http://fupan.test/w/2024-W34"), "{weekly}");
    let version = events::get(&stage.app, &operator(), event.number).await.unwrap().version;
    let over = events::EventPatch {
        kind: Some(fupan::domain::event_record::EventKind::Drill),
        ..events::EventPatch::default()
    };
    events::update(&stage.app, &operator(), event.number, version, over).await.unwrap();
    stage.round_at("2024-08-30T10:07:00+08:00").await;
    assert_eq!(stage.mails_to("oncall@example.com"), 3, "a drill is not chased");
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_are_put_off_stopped_and_resumed_with_a_trace() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    let act = async |act, reason| reminder_holds::act(&stage.app, &operator(), Held::Event(number), act, reason).await;
    let hold = act(Act::Snooze(2), Some("等渠道回复")).await.unwrap().unwrap();
    assert_eq!(hold.until.unwrap().to_string(), "2024-08-29");
    assert_eq!(stage.message().await.state, OutboxState::Cancelled, "what was on its way is withdrawn");
    assert_eq!(stage.round_at("2024-08-28T11:00:00+08:00").await.planned, 0);
    assert_eq!(stage.round_at("2024-08-29T10:07:00+08:00").await.sent, 1, "the day it was put off to");
    let history = fupan::service::events::detail(&stage.app, &operator(), number).await.unwrap().audit;
    assert_eq!(history[0].action, "reminder.snooze");
    assert!(matches!(act(Act::Stop, None).await, Err(ServiceError::Invalid(_))), "stopping needs a reason");
    assert!(matches!(act(Act::Snooze(11), None).await, Err(ServiceError::Invalid(_))));
    let viewer = Actor { account_id: None, name: "v".to_owned(), role: Role::Viewer, ..Actor::outsider() };
    let refused = reminder_holds::act(&stage.app, &viewer, Held::Event(number), Act::Snooze(1), None).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden { .. })));
    act(Act::Stop, Some("并入 PE-9")).await.unwrap();
    assert_eq!(stage.round_at("2024-08-30T11:00:00+08:00").await.planned, 0);
    act(Act::Resume, None).await.unwrap();
    assert_eq!(stage.round_at("2024-09-02T11:00:00+08:00").await.sent, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_elsewhere_is_told_in_their_morning_and_their_language() {
    let stage = Stage::at(TUESDAY).await;
    let abroad = stage.person("ny@example.com", "Ada", Role::Reporter, "en").await;
    fupan::service::accounts::set_zone(&stage.app, &operator(), abroad, Some("America/New_York")).await.unwrap();
    stage.owed(Some(abroad), "2024-08-26").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("ny@example.com")), (1, 0), "it is night there");
    stage.round_at("2024-08-27T10:07:00-04:00").await;
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("ny@example.com")), (1, 1));
    assert!(stage.sink.received()[1].decoded("Subject").unwrap().starts_with("[Pending] PE-"));
    assert!(fupan::service::accounts::set_zone(&stage.app, &operator(), abroad, Some("Mars/Base")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ladder_and_addresses_are_told_by_how_late_it_is_and_each_slot_has_its_digest() {
    let stage = Stage::at("2024-08-26T11:00:00+08:00").await;
    rules(&stage.app, |policy| {
        policy.rules.truncate(1);
        policy.ladders = fupan::domain::reminder::lines::ladders("上报: 1 boss@example.com").unwrap();
        policy.rules[0].steps = fupan::domain::reminder::lines::steps("s", "0/1 owner\n0/1 15:00 ladder:上报").unwrap();
    })
    .await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    assert_eq!(stage.round().await.sent, 1);
    assert_eq!(stage.round_at("2024-08-26T15:00:00+08:00").await.sent, 0, "it is not late");
    assert_eq!(stage.round_at("2024-08-27T11:00:00+08:00").await.sent, 1);
    assert_eq!(stage.round_at("2024-08-27T15:00:00+08:00").await.sent, 1);
    assert_eq!((stage.mails_to("oncall@example.com"), stage.mails_to("boss@example.com")), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_a_policy_would_do_before_it_is_saved() {
    let stage = Stage::at(TUESDAY).await;
    stage.owed(Some(stage.oncall), "2024-08-29").await;
    let preview = reminder_preview::preview(&stage.app, &operator(), None).await.unwrap();
    let first = &preview.lines[0];
    assert_eq!((first.day.to_string().as_str(), first.to.as_str(), first.items[0].offset), ("2024-08-28", "值班", -1));
    assert_eq!((first.items[0].rule.as_str(), preview.things), ("待复盘", 1));
    let stored = policies::read(&stage.app, &operator(), "reminders").await.unwrap().document;
    let sooner = stored.replacen("\"day\": -1", "\"day\": -2", 1);
    let tried = reminder_preview::preview(&stage.app, &operator(), Some(&sooner)).await.unwrap();
    assert_eq!((tried.lines[0].day.to_string().as_str(), tried.lines[0].items[0].offset), ("2024-08-27", -2));
    assert_eq!(
        policies::read(&stage.app, &operator(), "reminders").await.unwrap().document,
        stored,
        "nothing is saved"
    );
    // What was told today is not foretold once more.
    stage.round_at("2024-08-28T10:07:00+08:00").await;
    let rest = reminder_preview::preview(&stage.app, &operator(), None).await.unwrap();
    assert_eq!((rest.lines[0].day.to_string().as_str(), rest.lines[0].items[0].offset), ("2024-08-29", 0));
    stage
        .change(
            1,
            PostmortemChange { due_on: Some(Some("2024-09-30".parse().unwrap())), ..PostmortemChange::default() },
        )
        .await;
    let later = reminder_preview::preview(&stage.app, &operator(), None).await.unwrap();
    assert!(later.lines.is_empty(), "{later:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_it_is_looked_at_is_looked_at_again() {
    use fupan::store::reminders;
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-12-30").await;
    let id = events::get(&stage.app, &operator(), number).await.unwrap().id;
    let now = stage.app.now_millis();
    let looked = reminders::due_events(stage.app.store.read(), now, None, 10).await.unwrap();
    assert_eq!(looked.len(), 1);
    // An action item is written down meanwhile: its event is the same version as before.
    let tx = stage.app.store.begin().await.unwrap();
    reminders::wake(&tx, id).await.unwrap();
    tx.commit().await.unwrap();
    let tx = stage.app.store.begin().await.unwrap();
    reminders::store_next(&tx, now + 1_000_000, &looked).await.unwrap();
    tx.commit().await.unwrap();
    let again = reminders::due_events(stage.app.store.read(), now, None, 10).await.unwrap();
    assert_eq!(again.len(), 1, "it is not put off");
    let tx = stage.app.store.begin().await.unwrap();
    reminders::store_next(&tx, now + 1_000_000, &again).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!reminders::is_any_due(stage.app.store.read(), now).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_what_the_present_rules_pass_over() {
    let stage = Stage::at(TUESDAY).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-29").await;
    let new = action_items::ActionPatch {
        title: Some("给下线规则加告警".to_owned()),
        owner: Some(Some(action_items::Person::Id(stage.oncall))),
        due_on: Some(Some("2024-09-06".parse().unwrap())),
        ..action_items::ActionPatch::default()
    };
    action_items::create(&stage.app, &operator(), number, new, None).await.unwrap();
    stage.done(number).await;
    stage.round().await;
    let mut policy = ReminderPolicy::default();
    switch_on(&mut policy, "改进项完成");
    let document = fupan::domain::policy::text(&policy);
    let tried = reminder_preview::preview(&stage.app, &operator(), Some(&document)).await.unwrap();
    assert_eq!(tried.things, 1, "{tried:?}");
    assert_eq!(tried.lines[0].items[0].rule, "改进项完成");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_in_another_zone_hears_of_a_week_without_a_report_once() {
    let stage = Stage::at("2024-08-27T09:00:00+08:00").await;
    let lead = stage.person("ny@example.com", "Ada", Role::Lead, "en").await;
    fupan::service::accounts::set_zone(&stage.app, &operator(), lead, Some("America/New_York")).await.unwrap();
    rules(&stage.app, |policy| {
        policy.rules[0].enabled = false;
        switch_on(policy, "周报未发布");
    })
    .await;
    stage.round_at(TUESDAY).await;
    assert_eq!(stage.mails_to("ny@example.com"), 0, "it is ten in the evening there");
    stage.round_at("2024-08-27T22:07:00+08:00").await;
    assert_eq!(stage.mails_to("ny@example.com"), 1, "and ten in the morning now");
    assert!(stage.sink.received()[0].text().contains("2024-W34"));
    for now in ["2024-08-27T22:30:00+08:00", "2024-08-28T04:00:00+08:00", "2024-08-28T10:07:00+08:00"] {
        assert_eq!(stage.round_at(now).await.planned, 0, "{now}");
    }
    assert_eq!(stage.round_at("2024-08-28T22:10:00+08:00").await.planned, 1, "each working day");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_came_while_reminders_were_put_off_is_told_after_it() {
    for stop in [false, true] {
        let stage = Stage::at("2024-08-27T02:30:00+08:00").await;
        rules(&stage.app, |policy| {
            policy.rules[0].enabled = false;
            switch_on(policy, "记录不全");
        })
        .await;
        let me = Actor {
            account_id: Some(stage.oncall),
            name: "值班".to_owned(),
            role: Role::Reporter,
            ..Actor::outsider()
        };
        let (event, _) = events::create_from_line(&stage.app, &me, "08/27 02:10 快捷支付超时", None).await.unwrap();
        let hold = async |act, reason| {
            reminder_holds::act(&stage.app, &operator(), Held::Event(event.number), act, reason).await.unwrap()
        };
        if stop {
            hold(Act::Stop, Some("等渠道")).await;
        } else {
            hold(Act::Snooze(10), None).await;
        }
        assert_eq!(stage.round_at("2024-09-06T11:00:00+08:00").await.planned, 0);
        stage.clock.set("2024-09-10T10:30:00+08:00");
        if stop {
            hold(Act::Resume, None).await;
        }
        let held = reminder_holds::of(&stage.app, &operator(), Held::Event(event.number)).await.unwrap();
        assert!(held.is_none(), "it is over: {held:?}");
        let report = stage.round().await;
        assert_eq!((report.planned, report.sent), (1, 1), "stopped: {stop}: {report:?}");
        for now in ["2024-09-10T15:00:00+08:00", "2024-09-11T11:00:00+08:00", "2024-09-13T11:00:00+08:00"] {
            assert_eq!(stage.round_at(now).await.planned, 0, "once: {now}");
        }
    }
}

/// The day before in the afternoon, and each day from the due date on at the slot.
fn a_step_in_the_afternoon(policy: &mut ReminderPolicy) {
    policy.rules.truncate(1);
    policy.rules[0].steps = fupan::domain::reminder::lines::steps("s", "-1 14:00 owner\n0/1 owner").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_of_a_thing_twice_on_a_day_whatever_its_step() {
    let stage = Stage::at(TUESDAY).await;
    rules(&stage.app, a_step_in_the_afternoon).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    assert_eq!(stage.round().await.sent, 1, "it is late");
    stage.clock.set("2024-08-27T11:00:00+08:00");
    let tomorrow = Some(Some("2024-08-28".parse().unwrap()));
    stage.change(number, PostmortemChange { due_on: tomorrow, ..PostmortemChange::default() }).await;
    assert_eq!(stage.round_at("2024-08-27T14:00:00+08:00").await.planned, 0, "it was told in the morning");
    assert_eq!(stage.round_at("2024-08-28T10:07:00+08:00").await.sent, 1, "and is due the next day");
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_are_put_off_by_the_days_of_the_team() {
    use fupan::{
        domain::calendar::{CalendarDay, sheets::SheetKey},
        service::calendars,
    };
    let stage = Stage::at(TUESDAY).await;
    let team = TeamFields { name: "支付".to_owned(), ..TeamFields::default() };
    let team = teams::create(&stage.app, &operator(), team).await.unwrap();
    for day in ["2024-08-28", "2024-08-29"] {
        let off = CalendarDay { day: day.parse().unwrap(), works: false, name: "团建".to_owned() };
        calendars::set_day(&stage.app, &operator(), SheetKey::Team(team.id), off, None).await.unwrap();
    }
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    let share = fupan::domain::event_record::Responsibility { team_id: team.id, share: 10_000 };
    let patch = events::EventPatch { responsibility: Some(vec![share]), ..events::EventPatch::default() };
    events::update(&stage.app, &operator(), number, version, patch).await.unwrap();
    let hold = reminder_holds::act(&stage.app, &operator(), Held::Event(number), Act::Snooze(2), None).await.unwrap();
    assert_eq!(hold.unwrap().until.unwrap().to_string(), "2024-09-02", "Friday and Monday");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_an_event_names_the_time_of_the_step() {
    let stage = Stage::at(TUESDAY).await;
    rules(&stage.app, a_step_in_the_afternoon).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-29").await;
    let event = events::get(&stage.app, &operator(), number).await.unwrap();
    let next = fupan::service::reminders::upcoming(&stage.app, &event, 2).await.unwrap();
    let times: Vec<String> = next.iter().map(|(day, at, ..)| format!("{day} {}", at.format("%H:%M"))).collect();
    assert_eq!(times, ["2024-08-28 14:00", "2024-08-29 10:07"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_moves_to_another_zone_wakes_what_is_theirs_and_nothing_else() {
    use fupan::store::reminders::is_any_due;
    let stage = Stage::at(TUESDAY).await;
    let viewer = stage.person("viewer@example.com", "看客", Role::Viewer, "zh-CN").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.round().await;
    let now = stage.app.now_millis();
    let mine = |id, role| Actor { account_id: Some(id), name: "我".to_owned(), role, ..Actor::outsider() };
    for zone in ["Europe/London", "America/New_York"] {
        let actor = mine(viewer, Role::Viewer);
        fupan::service::accounts::set_zone(&stage.app, &actor, viewer, Some(zone)).await.unwrap();
        assert!(!is_any_due(stage.app.store.read(), now).await.unwrap(), "{zone}");
    }
    let actor = mine(stage.oncall, Role::Reporter);
    fupan::service::accounts::set_zone(&stage.app, &actor, stage.oncall, Some("Europe/London")).await.unwrap();
    assert!(is_any_due(stage.app.store.read(), now).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_written_day_is_not_the_paper_of_a_year() {
    use fupan::{
        domain::calendar::{CalendarDay, sheets::SheetKey},
        service::calendars,
    };
    let stage = Stage::at("2026-11-02T10:07:00+08:00").await;
    assert_eq!(calendars::missing_years(&stage.app).await.unwrap(), [2027]);
    for day in 1..=7 {
        let off = CalendarDay { day: format!("2027-10-{day:02}").parse().unwrap(), works: false, name: String::new() };
        calendars::set_day(&stage.app, &operator(), SheetKey::National(2027), off, None).await.unwrap();
        let known = day == 7;
        assert_eq!(calendars::missing_years(&stage.app).await.unwrap().is_empty(), known, "{day}");
        let years = calendars::years(&stage.app, &operator()).await.unwrap();
        assert_eq!(years.iter().find(|one| one.year == 2027).unwrap().known, known, "{day}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postponed_digest_gives_the_morning_of_today_a_minute() {
    let stage = Stage::at("2024-08-27T19:30:00+08:00").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    worker::run_once(&stage.app, None, "test").await.unwrap();
    stage.round_at("2024-08-28T03:00:00+08:00").await;
    let waits = stage.message().await;
    let opening: chrono::DateTime<chrono::Utc> = "2024-08-28T10:07:00+08:00".parse().unwrap();
    assert!(waits.not_before >= opening.timestamp_millis() + 60_000, "{waits:?}");
}

/// An event that is chased for its postmortem and for its recovery in one mail that waits.
async fn chased_for_both(stage: &Stage) -> i64 {
    rules(&stage.app, |policy| switch_on(policy, "事件未恢复")).await;
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let report = fupan::worker::run_once(&stage.app, None, "test").await.unwrap();
    assert_eq!((report.planned, report.sent), (1, 0), "{report:?}");
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_recovers_is_chased_for_its_postmortem_all_the_same() {
    let stage = Stage::at(TUESDAY).await;
    let number = chased_for_both(&stage).await;
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    let line = "08/19 15:00 失败，15:30 恢复正常。";
    let draft = fupan::service::capture::read(&stage.app, &operator(), line, None).unwrap();
    let patch = events::EventPatch { recovered: Some(draft.recovered), ..events::EventPatch::default() };
    events::update(&stage.app, &operator(), number, version, patch).await.unwrap();
    assert_eq!(stage.round_at("2024-08-27T10:20:00+08:00").await.sent, 1);
    let text = stage.sink.received()[0].text();
    assert!(text.contains("PE-1") && !text.contains("事件还没有恢复"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postmortem_that_is_waived_leaves_the_question_whether_the_event_goes_on() {
    let stage = Stage::at(TUESDAY).await;
    let number = chased_for_both(&stage).await;
    let waive = PostmortemChange {
        to: Some(fupan::domain::postmortem::PostmortemState::NotRequired),
        reason: Some("同一原因，另有复盘".to_owned()),
        ..PostmortemChange::default()
    };
    stage.change(number, waive).await;
    assert_eq!(stage.round_at("2024-08-27T10:20:00+08:00").await.sent, 1);
    let text = stage.sink.received()[0].text();
    assert!(text.contains("事件还没有恢复") && !text.contains("已逾期"), "{text}");
}
