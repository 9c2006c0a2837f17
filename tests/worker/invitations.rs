//! Invitations to the review of a postmortem, read back by another iCalendar library.

use std::str::FromStr as _;

use fupan::{
    domain::actor::{Actor, Role},
    service::review_meetings::{self, MeetingPatch},
};
use icalendar::{Calendar, CalendarComponent, Component as _};
use support::smtp::Received;

use crate::stage::{Stage, TUESDAY};

/// What another library reads in the calendar part of a mail.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    method: String,
    uid: String,
    sequence: String,
    start: String,
    end: String,
    summary: String,
    place: Option<String>,
    status: String,
    attendees: Vec<String>,
    organizer: String,
}

fn read(mail: &Received) -> Read {
    let ics = mail.calendar();
    assert!(ics.split("\r\n").all(|line| line.len() <= 75), "{ics}");
    let calendar = Calendar::from_str(&ics).unwrap_or_else(|error| panic!("{error} in\n{ics}"));
    let events: Vec<_> = calendar
        .components
        .iter()
        .filter_map(|one| if let CalendarComponent::Event(event) = one { Some(event) } else { None })
        .collect();
    assert_eq!(events.len(), 1);
    let event = events[0];
    let value = |name: &str| event.property_value(name).map(str::to_owned);
    let attendees = event
        .multi_properties()
        .get("ATTENDEE")
        .map(|all| all.iter().map(|one| one.value().to_owned()).collect::<Vec<_>>());
    Read {
        method: calendar.property_value("METHOD").unwrap().to_owned(),
        uid: event.get_uid().unwrap().to_owned(),
        sequence: value("SEQUENCE").unwrap(),
        start: value("DTSTART").unwrap(),
        end: value("DTEND").unwrap(),
        summary: event.get_summary().unwrap().to_owned(),
        place: value("LOCATION"),
        status: value("STATUS").unwrap(),
        attendees: attendees.unwrap_or_else(|| value("ATTENDEE").into_iter().collect()),
        organizer: value("ORGANIZER").unwrap(),
    }
}

fn at(text: &str) -> MeetingPatch {
    MeetingPatch { starts_at: Some(text.parse().unwrap()), ..MeetingPatch::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_set_moved_and_cancelled_and_every_calendar_follows() {
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let lead = stage.person("lead@example.com", "组长, A", Role::Lead, "en").await;
    let number = stage.owed(Some(stage.oncall), "2024-08-30").await;
    let set = MeetingPatch {
        place: Some(Some("会议室 3；三楼".to_owned())),
        attendees: Some(vec![stage.oncall, lead]),
        ..at("2024-08-29T14:00:00+08:00")
    };
    let view = review_meetings::schedule(&stage.app, &operator, number, None, set.clone()).await.unwrap();
    assert_eq!((view.meeting.version, view.meeting.sequence, view.attendees.len()), (1, 0, 2));
    // The same once more changes nothing and invites nobody again.
    review_meetings::schedule(&stage.app, &operator, number, Some(1), set).await.unwrap();
    stage.round().await;
    let first = stage.sink.received();
    assert_eq!(first.len(), 2, "{first:?}");
    let to_lead = first.iter().find(|mail| mail.to == "lead@example.com").unwrap();
    assert!(to_lead.decoded("Subject").unwrap().starts_with("[Fupan] Review: PE-"), "{to_lead:?}");
    assert_eq!(to_lead.header("References"), Some(format!("<event.{number}@fupan.test>")));
    assert_eq!(to_lead.header("List-Id").as_deref(), Some("<reviews.fupan.test>"));
    let invited = read(to_lead);
    assert_eq!(invited.method, "REQUEST");
    assert_eq!((invited.start.as_str(), invited.end.as_str()), ("20240829T060000Z", "20240829T070000Z"));
    assert_eq!((invited.sequence.as_str(), invited.status.as_str()), ("0", "CONFIRMED"));
    assert_eq!(invited.place.as_deref(), Some("会议室 3；三楼"));
    assert!(
        invited.summary.contains("复盘会：") && invited.summary.contains("客户反馈商户操作提现失败，影响约684笔"),
        "{invited:?}"
    );
    assert_eq!(invited.organizer, "mailto:fupan@fupan.test");
    let mut attendees = invited.attendees.clone();
    attendees.sort();
    assert_eq!(attendees, ["mailto:lead@example.com", "mailto:oncall@example.com"]);

    // Moved, and the person on call is no longer asked to come.
    let moved = MeetingPatch { minutes: Some(90), attendees: Some(vec![lead]), ..at("2024-08-30T10:00:00+08:00") };
    review_meetings::schedule(&stage.app, &operator, number, Some(1), moved).await.unwrap();
    stage.round_at("2024-08-27T10:20:00+08:00").await;
    let second = stage.sink.received()[2..].to_vec();
    assert_eq!(second.len(), 2);
    let of = |to: &str| read(second.iter().find(|mail| mail.to == to).unwrap());
    let (stays, goes) = (of("lead@example.com"), of("oncall@example.com"));
    assert_eq!(
        (stays.method.as_str(), stays.sequence.as_str(), stays.start.as_str(), stays.end.as_str()),
        ("REQUEST", "1", "20240830T020000Z", "20240830T033000Z")
    );
    assert_eq!((goes.method.as_str(), goes.sequence.as_str(), goes.status.as_str()), ("CANCEL", "1", "CANCELLED"));
    assert_eq!((&stays.uid, &goes.uid), (&invited.uid, &invited.uid), "one UID for ever");

    review_meetings::cancel(&stage.app, &operator, number, Some(2)).await.unwrap();
    review_meetings::cancel(&stage.app, &operator, number, None).await.unwrap();
    stage.round_at("2024-08-27T10:30:00+08:00").await;
    let third = stage.sink.received()[4..].to_vec();
    assert_eq!(third.len(), 1, "cancelled once, told once");
    let cancelled = read(&third[0]);
    assert_eq!((cancelled.method.as_str(), cancelled.sequence.as_str(), cancelled.uid), ("CANCEL", "2", invited.uid));

    // Set again after all: the sequence goes on.
    review_meetings::schedule(&stage.app, &operator, number, None, at("2024-09-02T10:00:00+08:00")).await.unwrap();
    stage.round_at("2024-08-27T10:40:00+08:00").await;
    let again = read(stage.sink.received().last().unwrap());
    assert_eq!((again.method.as_str(), again.sequence.as_str()), ("REQUEST", "3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_was_overtaken_before_it_went_out_is_not_sent() {
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let number = stage.owed(Some(stage.oncall), "2024-08-30").await;
    for time in ["2024-08-29T14:00:00+08:00", "2024-08-29T15:00:00+08:00", "2024-08-29T16:00:00+08:00"] {
        review_meetings::schedule(&stage.app, &operator, number, None, at(time)).await.unwrap();
    }
    let report = stage.round().await;
    assert_eq!((report.sent, report.cancelled), (1, 2), "{report:?}");
    assert_eq!(read(&stage.sink.received()[0]).start, "20240829T080000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_a_remedy() {
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let number = stage.owed(None, "2024-08-30").await;
    let schedule = |patch: MeetingPatch| {
        let app = stage.app.clone();
        let operator = operator.clone();
        async move { review_meetings::schedule(&app, &operator, number, None, patch).await.unwrap_err().to_string() }
    };
    let with = |patch: MeetingPatch| MeetingPatch { attendees: Some(vec![stage.oncall]), ..patch };
    for (patch, words) in [
        (MeetingPatch::default(), "say when the review begins"),
        (at("2024-08-29T14:00:00+08:00"), "name at least one person"),
        (with(at("2024-08-20T14:00:00+08:00")), "lies ahead"),
        (with(at("2034-08-20T14:00:00+08:00")), "within the next two years"),
        (with(MeetingPatch { minutes: Some(0), ..at("2024-08-29T14:00:00+08:00") }), "5 to 480"),
        (
            MeetingPatch { attendees: Some(vec![stage.app.id()]), ..at("2024-08-29T14:00:00+08:00") },
            "no active account",
        ),
    ] {
        let said = schedule(patch).await;
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(review_meetings::get(&stage.app, &operator, number).await.unwrap().is_none());
    stage.round().await;
    assert!(stage.sink.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_the_event_any_more_hears_of_a_withdrawn_review_and_of_nothing_else() {
    use fupan::service::{
        accounts,
        events::{self, EventPatch},
    };
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let other = stage.person("other@example.com", "另一位", Role::Reporter, "zh-CN").await;
    let gone = stage.person("gone@example.com", "离职", Role::Reporter, "zh-CN").await;
    let number = stage.owed(Some(stage.oncall), "2024-08-30").await;
    let everyone = MeetingPatch {
        place: Some(Some("秘密会议室".to_owned())),
        attendees: Some(vec![stage.oncall, other, gone]),
        ..at("2024-08-29T14:00:00+08:00")
    };
    review_meetings::schedule(&stage.app, &operator, number, None, everyone.clone()).await.unwrap();
    stage.round().await;
    let before = stage.sink.received().len();
    assert_eq!(before, 3);
    let edit = async |patch: EventPatch| {
        let version = events::get(&stage.app, &operator, number).await.unwrap().version;
        events::update(&stage.app, &operator, number, version, patch).await.unwrap();
    };
    edit(EventPatch { restricted: Some(true), ..EventPatch::default() }).await;
    edit(EventPatch { narrative: Some(Some("内部人员泄露名单".to_owned())), ..EventPatch::default() }).await;
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    let off = accounts::AccountPatch { active: Some(false), ..Default::default() };
    accounts::change(&stage.app, &operator, gone, off).await.unwrap();
    // Only the time changes: who cannot come any more does not stand in the way.
    review_meetings::schedule(&stage.app, &operator, number, None, at("2024-08-29T16:00:00+08:00")).await.unwrap();
    stage.round_at("2024-08-27T10:20:00+08:00").await;
    let said = stage.sink.received()[before..].to_vec();
    let to = |to: &str| said.iter().filter(|mail| mail.to == to).collect::<Vec<_>>();
    assert!(to("gone@example.com").is_empty(), "an account that is switched off gets nothing");
    assert_eq!(to("oncall@example.com").len(), 1);
    let told = to("other@example.com");
    assert_eq!(told.len(), 1, "the calendar is cleared");
    let withdrawn = read(told[0]);
    assert_eq!((withdrawn.method.as_str(), withdrawn.start.as_str()), ("CANCEL", "20240829T060000Z"), "as it knows it");
    let all = format!("{}{}{}", told[0].calendar(), told[0].text(), told[0].html());
    for word in ["泄露", "提现", "秘密会议室", "16:00", "oncall@example.com"] {
        assert!(!all.contains(word), "{word}: {all}");
    }

    // Withdrawn while it was open, closed before the mail goes: said in silence too.
    let stage = Stage::at(TUESDAY).await;
    let other = stage.person("other@example.com", "另一位", Role::Reporter, "zh-CN").await;
    let number = stage.owed(Some(stage.oncall), "2024-08-30").await;
    let both = MeetingPatch { attendees: Some(vec![stage.oncall, other]), ..everyone };
    review_meetings::schedule(&stage.app, &operator, number, None, both).await.unwrap();
    stage.round().await;
    review_meetings::cancel(&stage.app, &operator, number, None).await.unwrap();
    let version = events::get(&stage.app, &operator, number).await.unwrap().version;
    let close = EventPatch { restricted: Some(true), ..EventPatch::default() };
    events::update(&stage.app, &operator, number, version, close).await.unwrap();
    stage.round_at("2024-08-27T10:20:00+08:00").await;
    let said = stage.sink.received()[2..].to_vec();
    assert_eq!(said.len(), 2, "{said:?}");
    let told = said.iter().find(|mail| mail.to == "other@example.com").unwrap();
    assert_eq!(read(told).method, "CANCEL");
    let all = format!("{}{}", told.calendar(), told.text());
    assert!(!all.contains("提现") && !all.contains("秘密会议室"), "{all}");
    let kept = said.iter().find(|mail| mail.to == "oncall@example.com").unwrap();
    assert!(kept.text().contains("提现"), "who sees it hears of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_event_takes_its_review_out_of_the_calendars() {
    use fupan::service::events;
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let number = stage.owed(Some(stage.oncall), "2024-08-30").await;
    review_meetings::schedule(&stage.app, &operator, number, None, at("2024-08-29T14:00:00+08:00")).await.unwrap();
    stage.round().await;
    let version = events::get(&stage.app, &operator, number).await.unwrap().version;
    events::delete(&stage.app, &operator, number, version).await.unwrap();
    stage.round_at("2024-08-27T10:20:00+08:00").await;
    let mails = stage.sink.received();
    assert_eq!(mails.len(), 2, "{mails:?}");
    let withdrawn = read(&mails[1]);
    assert_eq!((withdrawn.method.as_str(), withdrawn.sequence.as_str()), ("CANCEL", "1"));
    assert!(!mails[1].text().contains("提现"), "{}", mails[1].text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_moves_though_somebody_invited_left() {
    use fupan::service::accounts;
    let stage = Stage::at(TUESDAY).await;
    let operator = Actor::local_operator();
    let leaves = stage.person("leaves@example.com", "离职", Role::Reporter, "zh-CN").await;
    let number = stage.owed(Some(stage.oncall), "2024-08-30").await;
    let both = || Some(vec![stage.oncall, leaves]);
    let set = MeetingPatch { attendees: both(), ..at("2024-08-29T14:00:00+08:00") };
    review_meetings::schedule(&stage.app, &operator, number, None, set).await.unwrap();
    stage.person("admin@example.com", "管理员", Role::Admin, "zh-CN").await;
    let off = accounts::AccountPatch { active: Some(false), ..Default::default() };
    accounts::change(&stage.app, &operator, leaves, off).await.unwrap();
    for moved in
        [at("2024-08-29T15:00:00+08:00"), MeetingPatch { attendees: both(), ..at("2024-08-29T16:00:00+08:00") }]
    {
        let view = review_meetings::schedule(&stage.app, &operator, number, None, moved).await;
        if let Ok(view) = &view {
            assert_eq!(view.attendees.len(), 1);
        } else {
            // Named anew after having gone: refused as anybody who is not there.
            assert!(view.unwrap_err().to_string().contains("no active account"));
        }
    }
    let view = review_meetings::get(&stage.app, &operator, number).await.unwrap().unwrap();
    assert_eq!(view.meeting.fields.attendees, [stage.oncall].into());
}
