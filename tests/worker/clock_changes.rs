//! Times of day on days on which clocks are set: none is lost, none comes twice.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use fupan::{
    domain::{
        quiet_hours::QuietText,
        reminder::plan::{self, NEVER},
    },
    service::accounts,
};

use crate::stage::Stage;

fn utc(zone: &str, day: &str, time: &str) -> String {
    let millis = plan::instant(zone.parse().unwrap(), day.parse().unwrap(), at(time));
    assert_ne!(millis, NEVER, "{zone} {day} {time}");
    DateTime::from_timestamp_millis(millis).unwrap().format("%m-%dT%H:%M").to_string()
}

fn at(time: &str) -> NaiveTime {
    NaiveTime::parse_from_str(time, "%H:%M").unwrap()
}

#[test]
fn a_time_that_is_skipped_moves_by_an_hour_and_of_one_that_comes_twice_the_first_counts() {
    for (zone, day, time, expected) in [
        ("Europe/Berlin", "2024-03-31", "02:30", "03-31T01:30"),
        ("Europe/Berlin", "2024-10-27", "02:30", "10-27T00:30"),
        ("Europe/Berlin", "2024-03-31", "10:07", "03-31T08:07"),
        ("America/New_York", "2024-03-10", "02:30", "03-10T07:30"),
        ("America/New_York", "2024-11-03", "01:30", "11-03T05:30"),
        ("America/New_York", "2024-11-04", "10:07", "11-04T15:07"),
        // Half an hour is skipped.
        ("Australia/Lord_Howe", "2024-10-06", "02:15", "10-05T16:15"),
        // Midnight is skipped; and once a whole day was.
        ("Africa/Cairo", "2024-04-26", "00:00", "04-25T22:00"),
        ("Pacific/Apia", "2011-12-30", "10:07", "12-30T20:07"),
    ] {
        assert_eq!(utc(zone, day, time), expected, "{zone} {day} {time}");
    }
}

#[test]
fn the_slots_of_a_year_come_once_a_day_in_every_zone_that_sets_its_clocks() {
    for zone in ["Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Africa/Casablanca"] {
        let zone: Tz = zone.parse().unwrap();
        let first: NaiveDate = "2024-01-01".parse().unwrap();
        for time in ["00:30", "02:30", "10:07"] {
            let mut before = i64::MIN;
            for day in first.iter_days().take(366) {
                let millis = plan::instant(zone, day, at(time));
                assert!(millis > before, "{zone} {day} {time}");
                before = millis;
                let local = zone.from_utc_datetime(&DateTime::from_timestamp_millis(millis).unwrap().naive_utc());
                assert_eq!(local.date_naive(), day, "{zone} {time}");
            }
        }
    }
}

#[test]
fn quiet_hours_over_a_change_of_the_clock_end_when_the_clock_says_so() {
    let quiet = QuietText { from: "22:00".to_owned(), until: "08:00".to_owned(), ..QuietText::default() };
    let quiet = quiet.checked().unwrap();
    let end = |zone: Tz, now: &str| {
        let now: DateTime<Utc> = now.parse().unwrap();
        quiet.end(zone, now).map(|end| DateTime::from_timestamp_millis(end).unwrap().with_timezone(&zone).to_rfc3339())
    };
    let berlin = chrono_tz::Europe::Berlin;
    assert_eq!(end(berlin, "2024-03-30T22:30:00+01:00").as_deref(), Some("2024-03-31T08:00:00+02:00"));
    assert_eq!(end(berlin, "2024-10-27T02:30:00+01:00").as_deref(), Some("2024-10-27T08:00:00+01:00"));
    assert_eq!(end(berlin, "2024-10-27T08:00:00+01:00"), None);
    assert_eq!(end(berlin, "2024-10-27T21:59:59+01:00"), None);
    let noon = QuietText { from: "12:00".to_owned(), until: "13:30".to_owned(), ..QuietText::default() };
    let noon = noon.checked().unwrap();
    assert!(noon.end(berlin, "2024-06-03T12:00:00+02:00".parse().unwrap()).is_some());
    assert!(noon.end(berlin, "2024-06-03T13:30:00+02:00".parse().unwrap()).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_clock_is_set_is_told_at_the_same_time_of_day_before_and_after() {
    // The Friday before and the Monday after clocks were set in Berlin.
    let stage = Stage::at("2024-03-28T12:00:00+08:00").await;
    let abroad = stage.person("berlin@example.com", "Ada", fupan::domain::actor::Role::Reporter, "en").await;
    let operator = fupan::domain::actor::Actor::local_operator();
    accounts::set_zone(&stage.app, &operator, abroad, Some("Europe/Berlin")).await.unwrap();
    stage.owed(Some(abroad), "2024-03-27").await;
    for (now, came) in [
        ("2024-03-29T09:06:00Z", 0),
        ("2024-03-29T09:07:00Z", 1),
        ("2024-04-01T08:06:00Z", 1),
        ("2024-04-01T08:07:00Z", 2),
        ("2024-04-01T09:07:00Z", 2),
    ] {
        stage.round_at(now).await;
        assert_eq!(stage.mails_to("berlin@example.com"), came, "{now}");
    }
}
