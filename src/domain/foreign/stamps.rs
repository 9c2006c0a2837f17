//! Times as status pages write them: RFC 3339 and its relatives, `Aug 7, 02:04 UTC`, `12:53 PM PDT`.

use chrono::{DateTime, Datelike, Days, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// An instant of `2022-06-13T8:30:00-00:00`, `2022-06-13 08:30 UTC`, `2022-06-13T08:30:00.123+0800`, seconds or
/// milliseconds since the epoch, or RFC 2822. A time without a zone is in `zone`; whole seconds.
pub(super) fn instant(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let at = if text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        match text.len() {
            9 | 10 => DateTime::from_timestamp(number, 0),
            12 | 13 => DateTime::from_timestamp_millis(number),
            _ => None,
        }
    } else {
        numeric(text, zone).or_else(|| {
            let stamp = Stamp::of(text)?;
            stamp.year?;
            stamp.resolve(DateTime::UNIX_EPOCH, stamp.offsets.first().copied().unwrap_or_default())
        })
    }?;
    DateTime::from_timestamp(at.timestamp(), 0)
}

/// Whether the text is a date and nothing else: `2026-08-18`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let mut rest = text.trim();
    let date = numeric_date(&mut rest)?;
    rest.is_empty().then_some(date)
}

fn numeric_date(rest: &mut &str) -> Option<NaiveDate> {
    let year = number(rest, 4, 4)?;
    eat(rest, "-")?;
    let month = number(rest, 1, 2)?;
    eat(rest, "-")?;
    let day = number(rest, 1, 2)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn numeric(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let mut rest = text;
    let date = numeric_date(&mut rest)?;
    if rest.is_empty() {
        return local(date.and_time(NaiveTime::MIN), zone);
    }
    let trimmed = rest.trim_start_matches([' ', 'T', 't']);
    if trimmed.len() == rest.len() {
        return None;
    }
    rest = trimmed;
    let time = clock(&mut rest)?;
    let naive = date.and_time(time);
    let rest = rest.trim();
    if rest.is_empty() {
        return local(naive, zone);
    }
    let offset = offsets(rest)?.first().copied()?;
    at_offset(naive, offset)
}

/// `8:30`, `08:30:15.123`; 24:00 is no time here.
fn clock(rest: &mut &str) -> Option<NaiveTime> {
    let hour = number(rest, 1, 2)?;
    eat(rest, ":")?;
    let minute = number(rest, 2, 2)?;
    let mut second = 0;
    if rest.starts_with(':') {
        eat(rest, ":")?;
        second = number(rest, 2, 2)?;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            *rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    // A leap second is the second before it.
    NaiveTime::from_hms_opt(hour, minute, second.min(59))
}

fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if length < least || length > most {
        return None;
    }
    let value = rest.get(..length)?.parse().ok()?;
    *rest = rest.get(length..)?;
    Some(value)
}

fn eat(rest: &mut &str, sign: &str) -> Option<()> {
    *rest = rest.strip_prefix(sign)?;
    Some(())
}

/// The instant of a local time; one that the change to summer time skips is the first that exists.
pub(super) fn local(naive: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    zone.from_local_datetime(&naive)
        .earliest()
        .or_else(|| zone.from_local_datetime(&naive.checked_add_signed(Duration::hours(1))?).earliest())
        .map(|at| at.with_timezone(&Utc))
}

fn at_offset(naive: NaiveDateTime, minutes: i32) -> Option<DateTime<Utc>> {
    let zone = FixedOffset::east_opt(minutes * 60)?;
    zone.from_local_datetime(&naive).single().map(|at| at.with_timezone(&Utc))
}

/// Minutes east of UTC that a zone's name may mean, the likeliest first: CST is China's and that of the United States.
pub(super) fn offsets(name: &str) -> Option<&'static [i32]> {
    let name = name.trim().trim_matches(['(', ')', '[', ']']).to_ascii_lowercase();
    Some(match name.as_str() {
        "utc" | "gmt" | "z" | "ut" | "wet" => &[0],
        "cst" => &[480, -360],
        "bjt" | "hkt" | "sgt" | "awst" | "北京时间" | "beijing" => &[480],
        "jst" | "kst" => &[540],
        "ist" => &[330],
        "aest" => &[600],
        "aedt" => &[660],
        "nzst" => &[720],
        "nzdt" => &[780],
        "cet" | "bst" | "west" => &[60],
        "cest" | "eet" | "sast" => &[120],
        "eest" | "msk" => &[180],
        "brt" | "art" => &[-180],
        "adt" => &[-180],
        "edt" | "ast" => &[-240],
        "est" | "cdt" => &[-300],
        "mdt" => &[-360],
        "mst" | "pdt" => &[-420],
        "pst" | "akdt" => &[-480],
        "akst" => &[-540],
        "hst" => &[-600],
        _ => return numeric_offset(&name),
    })
}

/// `+08:00`, `-0700`, `utc+8`, `gmt-3`.
fn numeric_offset(name: &str) -> Option<&'static [i32]> {
    let name = name.strip_prefix("utc").or(name.strip_prefix("gmt")).unwrap_or(name);
    let mut rest = name.strip_prefix(['+', '-', '−'])?;
    let minutes = if rest.len() == 4 && rest.bytes().all(|b| b.is_ascii_digit()) {
        let both = number(&mut rest, 4, 4)?;
        both / 100 * 60 + both % 100
    } else {
        let hours = number(&mut rest, 1, 2)?;
        let minutes = if rest.is_empty() {
            0
        } else {
            eat(&mut rest, ":")?;
            number(&mut rest, 2, 2)?
        };
        hours * 60 + minutes
    };
    let minutes = i32::try_from(minutes).ok().filter(|minutes| rest.is_empty() && *minutes <= 15 * 60)?;
    let minutes = if name.starts_with('+') { minutes } else { -minutes };
    // Offsets that are in use are multiples of a quarter of an hour.
    QUARTERS.iter().find(|quarter| **quarter == minutes).map(std::slice::from_ref)
}

const QUARTERS: [i32; 121] = {
    let mut all = [0; 121];
    let mut at: usize = 0;
    let mut minutes = -900;
    while at < 121 {
        all[at] = minutes;
        minutes += 15;
        at += 1;
    }
    all
};

/// A time in words: `Aug 7, 02:04 UTC`, `Sep 9, 9:05 AM PDT`, `5:23 PM on August 6th`, `Thu, 24 Jun 2021 12:53:13 PDT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Month and day.
    pub day: Option<(u32, u32)>,
    /// The year, where it is written.
    pub year: Option<i32>,
    /// The time of day.
    pub time: NaiveTime,
    /// What the zone may mean, in minutes; empty where none is written.
    pub offsets: &'static [i32],
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Stamp {
    /// The text as a stamp, all of it.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (stamp, rest) = Self::prefix(text)?;
        rest.trim().is_empty().then_some(stamp)
    }

    /// The stamp that the text begins with, and what stands behind it.
    pub(super) fn prefix(text: &str) -> Option<(Self, &str)> {
        let (mut month, mut day, mut year, mut time, mut half) = (None, None, None, None, None);
        let mut zone: Option<&'static [i32]> = None;
        let mut rest = text.trim_start();
        let mut end = rest;
        // A stamp has at most nine words.
        for _ in 0..9 {
            let token = first_word(rest);
            if token.is_empty() || token.len() > 32 {
                break;
            }
            let word = token.trim_end_matches(['.', ':', ';']).to_ascii_lowercase();
            let behind = rest.get(token.len()..).unwrap_or_default();
            let after = behind.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            let next = first_word(after).to_ascii_lowercase();
            if matches!(word.as_str(), "on" | "at" | "the" | "of") {
                // Part of the stamp only where more of it follows.
            } else if let Some(number) =
                month_of(&word).filter(|_| month.is_none() && (day.is_some() || day_of(&next).is_some()))
            {
                // `12:53 PM PDT May cause …` is no month.
                month = Some(number);
            } else if word.len() >= 3 && month.is_none() && is_weekday(&word) {
                // The date says it too.
            } else if let Some((clock, pm)) = clock_word(&word).filter(|_| time.is_none()) {
                (time, half) = (Some(clock), pm);
            } else if let Some(pm) = half_of(&word).filter(|_| time.is_some() && half.is_none()) {
                half = Some(pm);
            } else if let Some(number) =
                day_of(&word).filter(|_| day.is_none() && (month.is_some() || month_of(&next).is_some()))
            {
                day = Some(number);
            } else if let Some(number) = year_of(&word).filter(|_| year.is_none() && day.is_some()) {
                year = Some(number);
            } else if let Some(offsets) = offsets(&word).filter(|_| zone.is_none() && time.is_some()) {
                zone = Some(offsets);
            } else {
                break;
            }
            if !matches!(word.as_str(), "on" | "at" | "the" | "of") {
                end = behind;
            }
            rest = after;
            // `5:23 PM, customers …`: a comma behind the zone ends it.
            if behind.starts_with(',') && zone.is_some() {
                break;
            }
        }
        let time = with_half(time?, half)?;
        let day = match (month, day) {
            (Some(month), Some(day)) => Some((month, day)),
            (None, None) => None,
            _ => return None,
        };
        Some((Self { day, year, time, offsets: zone.unwrap_or_default() }, end))
    }

    /// The instant with an offset of so many minutes. Without a year the nearest to `near`; without a day the day of
    /// `near`.
    pub(super) fn resolve(&self, near: DateTime<Utc>, offset: i32) -> Option<DateTime<Utc>> {
        let near_day = near.checked_add_signed(Duration::minutes(i64::from(offset)))?.date_naive();
        let of_year = |year: i32| {
            let (month, day) = self.day?;
            at_offset(NaiveDate::from_ymd_opt(year, month, day)?.and_time(self.time), offset)
        };
        match (self.day, self.year) {
            (None, _) => at_offset(near_day.and_time(self.time), offset),
            (Some(_), Some(year)) => of_year(year),
            (Some(_), None) => (near_day.year() - 4..=near_day.year() + 4)
                .filter_map(of_year)
                .min_by_key(|at| (*at - near).num_seconds().abs()),
        }
    }

    /// The latest such instant that does not lie after `until`.
    pub(super) fn latest(&self, until: DateTime<Utc>, offset: i32) -> Option<DateTime<Utc>> {
        let at = self.resolve(until, offset)?;
        if at <= until {
            return Some(at);
        }
        match (self.day, self.year) {
            (None, _) => at.checked_sub_days(Days::new(1)),
            (Some(_), Some(_)) => None,
            (Some((month, day)), None) => (1..=4)
                .filter_map(|back| NaiveDate::from_ymd_opt(at.year() - back, month, day))
                .find_map(|date| at_offset(date.and_time(self.time), offset)),
        }
    }
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default()
}

fn month_of(word: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|month| {
        *month == word
            || (word.len() >= 3 && word.len() <= 4 && month.starts_with(word))
            || (word == "sept" && *month == "september")
    })?;
    u32::try_from(at + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        .iter()
        .any(|day| *day == word || (word.len() <= 5 && day.starts_with(word)))
}

fn day_of(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

fn year_of(word: &str) -> Option<i32> {
    if word.len() != 4 || !word.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    word.parse().ok().filter(|year| (1970..=9998).contains(year))
}

/// `12:53`, `9:05am`, `17:22:01`.
fn clock_word(word: &str) -> Option<(NaiveTime, Option<bool>)> {
    let (digits, half) = match word.strip_suffix("am") {
        Some(digits) => (digits, Some(false)),
        None => word.strip_suffix("pm").map_or((word, None), |digits| (digits, Some(true))),
    };
    let mut rest = digits;
    let time = clock(&mut rest)?;
    rest.is_empty().then_some((time, half))
}

fn half_of(word: &str) -> Option<bool> {
    match word {
        "am" | "a.m" => Some(false),
        "pm" | "p.m" => Some(true),
        _ => None,
    }
}

/// 12:05 am is 00:05, 1:05 pm is 13:05; 14:05 pm is what it is.
pub(super) fn with_half(time: NaiveTime, half: Option<bool>) -> Option<NaiveTime> {
    use chrono::Timelike as _;
    match (half, time.hour()) {
        (Some(false), 12) => time.with_hour(0),
        (Some(true), hour) if hour < 12 => time.with_hour(hour + 12),
        _ => Some(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn stamps_of_machines_are_read_with_their_zones() {
        for (text, want) in [
            ("2022-06-13T8:30:00-00:00", "2022-06-13T08:30:00Z"),
            ("2022-06-13 08:30 UTC", "2022-06-13T08:30:00Z"),
            ("2022-06-13T08:30:00.999+0800", "2022-06-13T00:30:00Z"),
            ("2022-06-13 08:30:00 -07:00", "2022-06-13T15:30:00Z"),
            ("2022-06-13", "2022-06-12T16:00:00Z"),
            ("2022-06-13 08:30", "2022-06-13T00:30:00Z"),
            ("1624564393", "2021-06-24T19:53:13Z"),
            ("1624564393000", "2021-06-24T19:53:13Z"),
            ("Thu, 24 Jun 2021 12:53:13 PDT", "2021-06-24T19:53:13Z"),
            ("Thu, 24 Jun 2021 19:53:13 +0000", "2021-06-24T19:53:13Z"),
        ] {
            assert_eq!(instant(text, Tz::Asia__Shanghai), Some(utc(want)), "{text}");
        }
        for text in ["", "x", "2022-13-01", "2022-06-13T25:00:00Z", "2022-06-13T08:30:00+99:00", "20:30", "12345"] {
            assert_eq!(instant(text, Tz::UTC), None, "{text}");
        }
    }

    #[test]
    fn stamps_in_words_take_the_year_that_is_near() {
        let near = utc("2026-01-01T00:10:00Z");
        let at = |text: &str| {
            let (stamp, rest) = Stamp::prefix(text)?;
            Some((stamp.resolve(near, *stamp.offsets.first()?)?, rest.to_owned()))
        };
        assert_eq!(at("Dec 31, 23:59 UTC"), Some((utc("2025-12-31T23:59:00Z"), String::new())));
        assert_eq!(at("Jan  1, 00:05 UTC rest"), Some((utc("2026-01-01T00:05:00Z"), " rest".into())));
        assert_eq!(at("6:41 PM PDT on September 26th, we"), Some((utc("2025-09-27T01:41:00Z"), ", we".into())));
        assert_eq!(at("12:05 AM PST Between"), Some((utc("2025-12-31T08:05:00Z"), " Between".into())));
        assert_eq!(at("May we"), None);
    }
}
