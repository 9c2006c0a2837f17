//! The weekly mail: to whom, when, and which week. A slot is a weekday and a local time; it is kept in its zone, also
//! when the clocks change.

use chrono::{
    DateTime, Datelike as _, Days, Duration, NaiveDate, NaiveTime, TimeZone as _, Timelike as _, Utc, Weekday,
};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::domain::{
    checked::{self, FieldError},
    iso_week::IsoWeek,
    reminder::digest::Language,
};

/// The most addresses of one mail.
pub const MOST_RECIPIENTS: usize = 50;

/// A mail that could not go out at its time goes out late within these days; then it is left out.
pub const LATE_DAYS: i64 = 3;

/// When a mail goes out, week by week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Local weekday.
    pub weekday: Weekday,
    /// Local time, whole minutes.
    pub time: NaiveTime,
    /// The zone of both.
    pub zone: Tz,
}

/// A slot that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The latest slot up to now that was not served.
    pub at: DateTime<Utc>,
    /// It lies more than [`LATE_DAYS`] back.
    pub too_late: bool,
}

impl Slot {
    /// From a weekday (`fri`, `5`, `周五`), a time (`17:00`) and a zone (`Asia/Shanghai`).
    pub fn of(weekday: &str, time: &str, zone: &str) -> Result<Self, FieldError> {
        Ok(Self { weekday: weekday_of(weekday)?, time: time_of(time)?, zone: zone_of(zone)? })
    }

    /// The first slot after `at`.
    pub fn next_after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let today = at.with_timezone(&self.zone).date_naive();
        // Today's may be over, and a gap of the clock may move one by an hour: nine days hold a later one in any case.
        (0..=8)
            .filter_map(|days| today.checked_add_days(Days::new(days)))
            .filter(|day| day.weekday() == self.weekday)
            .map(|day| self.instant(day))
            .find(|slot| *slot > at)
            .unwrap_or(at + Duration::days(7))
    }

    /// The last slot up to and with `at`.
    pub fn last_until(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let today = at.with_timezone(&self.zone).date_naive();
        (0..=8)
            .filter_map(|days| today.checked_sub_days(Days::new(days)))
            .filter(|day| day.weekday() == self.weekday)
            .map(|day| self.instant(day))
            .find(|slot| *slot <= at)
            .unwrap_or(at - Duration::days(7))
    }

    /// What is due at `now` where the next mail was set for `next_at`: the latest slot that was missed; older ones are
    /// left out.
    pub fn due(&self, next_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Due> {
        if now < next_at {
            return None;
        }
        let at = self.last_until(now).max(next_at);
        Some(Due { at, too_late: now - at > Duration::days(LATE_DAYS) })
    }

    /// A time that the clock skips is the first one after the gap; of one that comes twice the first counts.
    fn instant(&self, day: NaiveDate) -> DateTime<Utc> {
        let naive = day.and_time(self.time);
        (0..=180)
            .step_by(15)
            .find_map(|minutes| self.zone.from_local_datetime(&(naive + Duration::minutes(minutes))).earliest())
            .map_or_else(|| naive.and_utc(), |local| local.with_timezone(&Utc))
    }

    /// `17:00`.
    pub fn time_words(&self) -> String {
        self.time.format("%H:%M").to_string()
    }

    /// Minutes after midnight.
    pub fn minute(&self) -> u32 {
        self.time.hour() * 60 + self.time.minute()
    }
}

/// All weekdays with their codes.
pub const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

/// `fri` of a weekday.
pub fn weekday_code(weekday: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(one, _)| *one == weekday).map_or("mon", |(_, code)| code)
}

/// `周五` or `Friday`.
pub const fn weekday_name(weekday: Weekday, language: Language) -> &'static str {
    match (weekday, language) {
        (Weekday::Mon, Language::Chinese) => "周一",
        (Weekday::Tue, Language::Chinese) => "周二",
        (Weekday::Wed, Language::Chinese) => "周三",
        (Weekday::Thu, Language::Chinese) => "周四",
        (Weekday::Fri, Language::Chinese) => "周五",
        (Weekday::Sat, Language::Chinese) => "周六",
        (Weekday::Sun, Language::Chinese) => "周日",
        (Weekday::Mon, Language::English) => "Monday",
        (Weekday::Tue, Language::English) => "Tuesday",
        (Weekday::Wed, Language::English) => "Wednesday",
        (Weekday::Thu, Language::English) => "Thursday",
        (Weekday::Fri, Language::English) => "Friday",
        (Weekday::Sat, Language::English) => "Saturday",
        (Weekday::Sun, Language::English) => "Sunday",
    }
}

/// The weekday of `fri`, `Friday`, `5` (Monday is 1), `周五`, `星期五`.
pub fn weekday_of(word: &str) -> Result<Weekday, FieldError> {
    let word = word.trim().to_lowercase();
    let bare = word.trim_start_matches("星期").trim_start_matches('周');
    let chinese = |day: Weekday| weekday_name(day, Language::Chinese).trim_start_matches('周') == bare;
    WEEKDAYS
        .iter()
        .zip(1_u32..)
        .find(|((day, code), number)| {
            *code == word
                || number.to_string() == word
                || weekday_name(*day, Language::English).to_lowercase() == word
                || chinese(*day)
                || (bare == "天" && *day == Weekday::Sun)
        })
        .map(|((day, _), _)| *day)
        .ok_or_else(|| FieldError::shape("weekday", "write mon, tue, wed, thu, fri, sat or sun"))
}

/// The time of `17:00`.
pub fn time_of(text: &str) -> Result<NaiveTime, FieldError> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").map_err(|_| FieldError::shape("time", "write a time like 17:00"))
}

/// The zone of `Asia/Shanghai`.
pub fn zone_of(text: &str) -> Result<Tz, FieldError> {
    text.trim().parse().map_err(|_| FieldError::shape("zone", "write a zone like Asia/Shanghai"))
}

/// Which week a mail is about, seen from its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichWeek {
    /// The week that the day lies in.
    This,
    /// The week before.
    Last,
}

impl WhichWeek {
    /// this or last.
    pub const fn code(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Last => "last",
        }
    }

    /// The value of a code.
    pub fn from_code(code: &str) -> Result<Self, FieldError> {
        match code {
            "this" => Ok(Self::This),
            "last" => Ok(Self::Last),
            _ => Err(FieldError::shape("week", "choose this or last")),
        }
    }

    /// The week of a mail that goes out at `at`.
    pub fn week(self, at: DateTime<Utc>, zone: Tz) -> IsoWeek {
        let week = IsoWeek::of(at.with_timezone(&zone).date_naive());
        match self {
            Self::This => week,
            Self::Last => week.previous(),
        }
    }
}

/// What people set of a weekly mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailingFields {
    /// Label, up to 80 characters; unique.
    pub name: String,
    /// When.
    pub slot: Slot,
    /// About which week.
    pub which: WhichWeek,
    /// all, figures or events.
    pub section: String,
    /// Waits until the week is published, at most [`LATE_DAYS`]; else the numbers of the time go out where it is not.
    pub only_published: bool,
    /// Mails go out.
    pub enabled: bool,
    /// zh-CN or en: of the words around the report.
    pub lang: String,
}

impl MailingFields {
    /// Checks what has a shape of its own.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.name = checked::line("name", &self.name, 80)?;
        if checked::fold(&self.name).chars().count() > 80 {
            return Err(FieldError::shape("name", "write a shorter name"));
        }
        if !matches!(self.section.as_str(), "all" | "figures" | "events") {
            return Err(FieldError::shape("section", "choose figures, events or all"));
        }
        if !matches!(self.lang.as_str(), "zh-CN" | "en") {
            return Err(FieldError::shape("lang", "choose zh-CN or en"));
        }
        Ok(self)
    }
}

/// An address of a weekly mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// UUIDv7.
    pub id: Uuid,
    /// Mailbox.
    pub email: String,
    /// SHA-256 of the secret of its link to unsubscribe, hex.
    pub token_hash: String,
    /// Milliseconds since the epoch; none gets mail.
    pub unsubscribed_at: Option<i64>,
}

/// A weekly mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailing {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// What people set.
    pub fields: MailingFields,
    /// To whom.
    pub recipients: Vec<Recipient>,
    /// Milliseconds since the epoch: the next mail, while enabled.
    pub next_at: i64,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl Mailing {
    /// Those who get mail.
    pub fn wanted(&self) -> impl Iterator<Item = &Recipient> {
        self.recipients.iter().filter(|recipient| recipient.unsubscribed_at.is_none())
    }

    /// The next mail.
    pub fn next(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.next_at).unwrap_or_default()
    }
}

/// Checks a list of addresses: each once, 1 to 50.
pub fn recipients(addresses: &[String]) -> Result<Vec<String>, FieldError> {
    let mut checked_ones: Vec<String> = Vec::new();
    for address in addresses.iter().map(|address| address.trim()).filter(|address| !address.is_empty()) {
        let address = checked::email("recipients", address)?;
        if !checked_ones.iter().any(|have| have.eq_ignore_ascii_case(&address)) {
            checked_ones.push(address);
        }
        if checked_ones.len() > MOST_RECIPIENTS {
            return Err(FieldError::shape("recipients", "give 1 to 50 addresses"));
        }
    }
    if checked_ones.is_empty() {
        return Err(FieldError::shape("recipients", "give 1 to 50 addresses"));
    }
    Ok(checked_ones)
}

/// What one mail says; words and layout are the templates' business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportMail {
    /// Language of the words around the report.
    pub language: Language,
    /// Label of the mailing.
    pub name: String,
    /// When it goes out.
    pub slot: Slot,
    /// The week.
    pub week: IsoWeek,
    /// The section as plain text; empty where the report has no such section.
    pub text: String,
    /// The section as HTML.
    pub html: String,
    /// Events of the week; none where the mail is about figures only.
    pub events: Option<usize>,
    /// Revision and local time of the publication; none are the numbers of the time.
    pub published: Option<(i64, String)>,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: String,
    /// Where this reader unsubscribes.
    pub unsubscribe_url: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_slot_is_the_next_friday_at_five() {
        let slot = Slot::of("fri", "17:00", "Asia/Shanghai").unwrap();
        let next = |text| slot.next_after(at(text));
        assert_eq!(next("2024-08-21T10:00:00+08:00"), at("2024-08-23T17:00:00+08:00"));
        assert_eq!(next("2024-08-23T16:59:59+08:00"), at("2024-08-23T17:00:00+08:00"));
        assert_eq!(next("2024-08-23T17:00:00+08:00"), at("2024-08-30T17:00:00+08:00"));
        assert_eq!(slot.last_until(at("2024-08-23T17:00:00+08:00")), at("2024-08-23T17:00:00+08:00"));
        assert_eq!(slot.last_until(at("2024-08-23T16:59:00+08:00")), at("2024-08-16T17:00:00+08:00"));
    }

    #[test]
    fn the_local_time_holds_when_the_clocks_change_and_a_skipped_one_is_the_first_after_the_gap() {
        let slot = Slot::of("sun", "02:30", "Europe/Berlin").unwrap();
        assert_eq!(slot.next_after(at("2024-03-30T12:00:00Z")), at("2024-03-31T01:00:00Z"), "03:00 summer time");
        assert_eq!(slot.next_after(at("2024-04-01T00:00:00Z")), at("2024-04-07T00:30:00Z"));
        assert_eq!(slot.next_after(at("2024-10-26T12:00:00Z")), at("2024-10-27T00:30:00Z"), "the first of two");
        assert_eq!(slot.next_after(at("2024-10-27T00:30:00Z")), at("2024-11-03T01:30:00Z"), "once");
    }

    #[test]
    fn what_was_missed_is_due_for_three_days_and_only_the_latest() {
        let slot = Slot::of("周五", "17:00", "Asia/Shanghai").unwrap();
        let next = at("2024-08-23T17:00:00+08:00");
        let due = |now| slot.due(next, at(now)).map(|due| (due.at, due.too_late));
        assert_eq!(due("2024-08-23T16:59:59+08:00"), None);
        assert_eq!(due("2024-08-23T17:00:00+08:00"), Some((next, false)));
        assert_eq!(due("2024-08-26T17:00:00+08:00"), Some((next, false)));
        assert_eq!(due("2024-08-26T17:00:01+08:00"), Some((next, true)));
        assert_eq!(due("2024-08-31T09:00:00+08:00"), Some((at("2024-08-30T17:00:00+08:00"), false)));
    }

    #[test]
    fn the_week_is_that_of_the_local_day_or_the_one_before() {
        let zone = chrono_tz::Asia::Shanghai;
        let monday = at("2024-08-25T16:30:00Z");
        assert_eq!(WhichWeek::This.week(monday, zone).to_string(), "2024-W35");
        assert_eq!(WhichWeek::Last.week(monday, zone).to_string(), "2024-W34");
    }

    #[test]
    fn days_times_and_addresses_are_read_in_their_usual_ways() {
        for word in ["fri", "Friday", "5", "周五", "星期五", "五"] {
            assert_eq!(weekday_of(word).unwrap(), Weekday::Fri, "{word}");
        }
        assert_eq!(weekday_of("星期天").unwrap(), Weekday::Sun);
        for bad in ["", "0", "8", "fr", "周", "周五五"] {
            assert!(weekday_of(bad).is_err(), "{bad}");
        }
        for bad in ["", "24:00", "17", "17:60", "5pm"] {
            assert!(time_of(bad).is_err(), "{bad}");
        }
        assert!(zone_of("Mars/Base").is_err());
        let list = |words: &[&str]| recipients(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["a@example.com", " A@example.com", ""]).unwrap(), ["a@example.com"]);
        assert!(list(&[]).is_err() && list(&["a@example.com\r\nBcc: b@example.com"]).is_err());
        let many: Vec<String> = (0..51).map(|n| format!("p{n}@example.com")).collect();
        assert!(recipients(&many).is_err() && recipients(&many[..50]).is_ok());
    }
}
