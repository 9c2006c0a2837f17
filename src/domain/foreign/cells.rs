//! Dates, times and durations as spreadsheets show them.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::stamps::{self, Stamp};
use crate::domain::text;

/// How a date of three numbers whose year comes last is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// 12/31/2024.
    MonthFirst,
    /// 31/12/2024.
    DayFirst,
}

/// What a cell says of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A date alone.
    Day(NaiveDate),
    /// A time alone.
    Time(NaiveTime),
    /// Both, with minutes east of UTC where a zone is written.
    Both(NaiveDate, NaiveTime, Option<i32>),
    /// An instant.
    Instant(DateTime<Utc>),
}

/// Whether a cell says that there is nothing to say: `-`, `无`, `N/A`, `未恢复`.
pub(super) fn is_blank(cell: &str) -> bool {
    let cell = text::fold(cell).trim().to_lowercase();
    [
        "",
        "-",
        "--",
        "/",
        "n/a",
        "na",
        "nan",
        "null",
        "none",
        "nil",
        "无",
        "暂无",
        "未知",
        "待定",
        "tbd",
        "unknown",
        "未恢复",
        "处理中",
        "进行中",
        "ongoing",
        "open",
        "in progress",
        "active",
    ]
    .contains(&cell.as_str())
}

/// The time of a cell; none where it is written in a way that tables do not have.
pub(super) fn moment(cell: &str, order: Order) -> Option<Moment> {
    let cell = text::fold(cell).replace(['年', '月'], "-").replace(['日', '号'], " ");
    let cell = cell.trim().trim_start_matches('\'').trim();
    if cell.len() > 80 || cell.is_empty() {
        return None;
    }
    if cell.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !is_dotted_date(cell) {
        return of_number(cell);
    }
    if let Some((date, rest)) = date_in_front(cell, order) {
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, 'T' | 't' | ','));
        if rest.trim().is_empty() {
            return Some(Moment::Day(date));
        }
        let (time, offset) = time_of_day(rest)?;
        return if time == END_OF_DAY {
            Some(Moment::Both(date.checked_add_days(Days::new(1))?, NaiveTime::MIN, offset))
        } else {
            Some(Moment::Both(date, time, offset))
        };
    }
    if let Some((time, None)) = time_of_day(cell) {
        return Some(Moment::Time(time));
    }
    if let Some(stamp) = Stamp::of(cell)
        && let (Some((month, day)), Some(year)) = (stamp.day, stamp.year)
    {
        return Some(Moment::Both(
            NaiveDate::from_ymd_opt(year, month, day)?,
            stamp.time,
            stamp.offsets.first().copied(),
        ));
    }
    // `Aug 19, 2024`
    let stamp = Stamp::of(&format!("{cell} 00:00"))?;
    let (month, day) = stamp.day?;
    Some(Moment::Day(NaiveDate::from_ymd_opt(stamp.year?, month, day)?))
}

/// 24:00; a leap second stands for it, which no table has.
const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_nano_opt(23, 59, 59, 1_000_000_000) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

fn is_dotted_date(cell: &str) -> bool {
    cell.split('.').count() == 3
}

/// Digits alone: seconds or milliseconds since the epoch, `20240819`, `202408190930`, or Excel's days since 1900.
fn of_number(cell: &str) -> Option<Moment> {
    let part = |from: usize, to: usize| cell.get(from..to)?.parse::<u32>().ok();
    if !cell.contains('.') {
        return match cell.len() {
            5 => of_serial(cell),
            8 | 12 | 14 => {
                let year = i32::try_from(part(0, 4)?).ok()?;
                let date = NaiveDate::from_ymd_opt(year, part(4, 6)?, part(6, 8)?)?;
                if cell.len() == 8 {
                    return Some(Moment::Day(date));
                }
                let second = if cell.len() == 14 { part(12, 14)? } else { 0 };
                Some(Moment::Both(date, NaiveTime::from_hms_opt(part(8, 10)?, part(10, 12)?, second)?, None))
            }
            10 | 13 => stamps::instant(cell, Tz::UTC).map(Moment::Instant),
            _ => None,
        };
    }
    of_serial(cell)
}

/// Excel counts days from 30 December 1899; the fraction is the time of the day, to the second.
fn of_serial(cell: &str) -> Option<Moment> {
    let serial: f64 = cell.parse().ok()?;
    // From 1954 to 2119.
    if !(20_000.0..80_000.0).contains(&serial) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "below 80,000 days")]
    let seconds = (serial * 86_400.0).round() as i64;
    let at = NaiveDate::from_ymd_opt(1899, 12, 30)?
        .and_time(NaiveTime::MIN)
        .checked_add_signed(Duration::seconds(seconds))?;
    if cell.contains('.') { Some(Moment::Both(at.date(), at.time(), None)) } else { Some(Moment::Day(at.date())) }
}

/// `2024/8/19`, `2024-08-19`, `2024.8.19`, `8/19/2024`, `19.08.24`, `19-Aug-24`.
fn date_in_front(cell: &str, order: Order) -> Option<(NaiveDate, &str)> {
    let sign = cell.find(['/', '-', '.'])?;
    let separator = cell.get(sign..)?.chars().next()?;
    let mut parts = cell.splitn(3, separator);
    let (first, second, rest) = (parts.next()?.trim(), parts.next()?.trim(), parts.next()?.trim_start());
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (third, behind) = (rest.get(..digits)?, rest.get(digits..)?);
    let number = |text: &str| {
        (text.len() <= 4 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())?
    };
    let year = |text: &str| match (text.len(), number(text)?) {
        (4, year) => i32::try_from(year).ok(),
        // As Excel: 00 to 29 lie in this century.
        (2, year) => i32::try_from(if year < 30 { 2000 + year } else { 1900 + year }).ok(),
        _ => None,
    };
    let date = if first.len() == 4 {
        NaiveDate::from_ymd_opt(year(first)?, number(second)?, number(third)?)?
    } else if let Some(month) = month_name(second) {
        NaiveDate::from_ymd_opt(year(third)?, month, number(first)?)?
    } else {
        let (first, second) = (number(first)?, number(second)?);
        let (month, day) = if order == Order::MonthFirst { (first, second) } else { (second, first) };
        NaiveDate::from_ymd_opt(year(third)?, month, day)?
    };
    Some((date, behind))
}

fn month_name(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = text.get(..3)?.to_ascii_lowercase();
    u32::try_from(MONTHS.iter().position(|month| *month == start)? + 1).ok()
}

/// Which of the two orders a cell can only mean; none where it can mean both, or where its year comes first.
pub(super) fn order_of(cell: &str) -> Option<Order> {
    let cell = text::fold(cell);
    let mut parts = cell.trim().splitn(3, ['/', '-', '.']);
    let (first, second, _) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|_| text.trim().len() <= 2);
    match (number(first)?, number(second)?) {
        (13..=31, 1..=12) => Some(Order::DayFirst),
        (1..=12, 13..=31) => Some(Order::MonthFirst),
        _ => None,
    }
}

/// `9:30`, `09:30:15`, `9:30 PM`, `下午9:30`, `9时30分`, `9点`, with a zone behind.
fn time_of_day(text: &str) -> Option<(NaiveTime, Option<i32>)> {
    let mut rest = text.trim();
    let mut half = None;
    for (word, second) in [
        ("凌晨", false),
        ("早上", false),
        ("上午", false),
        ("中午", true),
        ("下午", true),
        ("傍晚", true),
        ("晚上", true),
        ("晚", true),
        ("am ", false),
        ("pm ", true),
    ] {
        if let Some(behind) = rest.strip_prefix(word) {
            (rest, half) = (behind.trim_start(), Some(second));
            break;
        }
    }
    let number = |text: &mut &str| {
        let length = text.bytes().take_while(u8::is_ascii_digit).count();
        let value = text.get(..length).filter(|digits| (1..=2).contains(&digits.len()))?.parse::<u32>().ok()?;
        *text = text.get(length..)?;
        Some(value)
    };
    let hour = number(&mut rest)?;
    let (mut minute, mut second, mut seconds) = (0, 0, false);
    if let Some(behind) = rest.strip_prefix(':') {
        rest = behind;
        minute = number(&mut rest)?;
        if let Some(behind) = rest.strip_prefix(':') {
            rest = behind;
            seconds = true;
            second = number(&mut rest)?;
            if let Some(fraction) = rest.strip_prefix('.') {
                rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            }
        }
    } else if let Some(behind) = rest.strip_prefix(['时', '点']) {
        rest = behind.strip_prefix('整').unwrap_or(behind).trim_start();
        if let Some(behind) = rest.strip_prefix('半') {
            (minute, rest) = (30, behind);
        } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
            minute = number(&mut rest)?;
            rest = rest.strip_prefix('分').unwrap_or(rest).trim_start();
            if rest.starts_with(|c: char| c.is_ascii_digit()) {
                second = number(&mut rest)?;
                rest = rest.strip_prefix('秒')?;
            }
        }
    } else {
        // `9 PM`
        let suffix = rest.trim_start().to_ascii_lowercase();
        if !suffix.starts_with("am") && !suffix.starts_with("pm") {
            return None;
        }
    }
    rest = rest.trim_start();
    let suffix = rest.get(..2).unwrap_or_default().to_ascii_lowercase();
    if suffix == "am" || suffix == "pm" {
        half = Some(suffix == "pm");
        rest = rest.get(2..)?.trim_start();
    }
    // `9:30-10:15` is a range; `9:30:00-10:00` has a zone.
    if rest.starts_with('-') && !seconds {
        return None;
    }
    let offset = if rest.is_empty() { None } else { Some(*stamps::offsets(rest)?.first()?) };
    if (hour, minute, second) == (24, 0, 0) {
        return Some((END_OF_DAY, offset));
    }
    let time = NaiveTime::from_hms_opt(hour, minute, second.min(59))?;
    Some((stamps::with_half(time, half)?, offset))
}

/// Seconds of a duration: `44`, `1.5` (in `unit` seconds each), `1:20` (hours), `00:44:00`, `1h 20m`, `1小时20分钟`.
pub(super) fn duration(cell: &str, unit: f64) -> Option<i64> {
    let cell = text::fold(cell).to_lowercase().replace(',', "");
    let cell = cell.trim().trim_start_matches(['约', '~', '≈']).trim();
    let seconds = if let Ok(number) = cell.parse::<f64>() {
        number * unit
    } else if cell.contains(':') {
        let parts: Vec<f64> = cell.split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
        match parts.as_slice() {
            [hours, minutes] => hours * 3_600.0 + minutes * 60.0,
            [hours, minutes, seconds] => hours * 3_600.0 + minutes * 60.0 + seconds,
            _ => return None,
        }
    } else {
        in_words(cell)?
    };
    // At most ten years.
    if !(0.0..=315_360_000.0).contains(&seconds) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked above")]
    let whole = seconds.round() as i64;
    Some(whole)
}

fn in_words(cell: &str) -> Option<f64> {
    let mut rest = cell;
    let mut total = 0.0;
    let mut found = false;
    while !rest.is_empty() {
        let length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let number: f64 = rest.get(..length)?.parse().ok()?;
        rest = rest.get(length..)?.trim_start();
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number * unit_of(rest.get(..end)?)?;
        found = true;
        rest = rest.get(end..)?.trim_start();
    }
    found.then_some(total)
}

/// Seconds of a unit's name.
pub(super) fn unit_of(name: &str) -> Option<f64> {
    Some(match name.trim().trim_end_matches(['.', '。', ' ']) {
        "d" | "day" | "days" | "天" => 86_400.0,
        "h" | "hr" | "hrs" | "hour" | "hours" | "小时" | "个小时" | "时" => 3_600.0,
        "m" | "min" | "mins" | "minute" | "minutes" | "分" | "分钟" => 60.0,
        "s" | "sec" | "secs" | "second" | "seconds" | "秒" | "秒钟" => 1.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn time(hour: u32, minute: u32, second: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, second).unwrap()
    }

    #[test]
    fn the_forms_of_spreadsheets_are_read() {
        let date = day(2024, 8, 9);
        for (cell, want) in [
            ("2024/8/9 9:30", Moment::Both(date, time(9, 30, 0), None)),
            ("2024-08-09 09:30:15", Moment::Both(date, time(9, 30, 15), None)),
            ("2024.8.9 21:30", Moment::Both(date, time(21, 30, 0), None)),
            ("２０２４／８／９　９：３０", Moment::Both(date, time(9, 30, 0), None)),
            ("2024年8月9日 9时30分", Moment::Both(date, time(9, 30, 0), None)),
            ("2024年8月9日下午3点半", Moment::Both(date, time(15, 30, 0), None)),
            ("2024/8/9 下午 3:05:06", Moment::Both(date, time(15, 5, 6), None)),
            ("8/9/2024 9:30 PM", Moment::Both(date, time(21, 30, 0), None)),
            ("8/9/24 12:05 AM", Moment::Both(date, time(0, 5, 0), None)),
            ("2024-08-09T09:30:00Z", Moment::Both(date, time(9, 30, 0), Some(0))),
            ("2024-08-09T09:30:00.5+08:00", Moment::Both(date, time(9, 30, 0), Some(480))),
            ("9-Aug-24 09:30", Moment::Both(date, time(9, 30, 0), None)),
            ("Aug 9, 2024 9:30 AM", Moment::Both(date, time(9, 30, 0), None)),
            ("2024/8/9 24:00", Moment::Both(day(2024, 8, 10), NaiveTime::MIN, None)),
            ("20240809", Moment::Day(date)),
            ("202408090930", Moment::Both(date, time(9, 30, 0), None)),
            ("45513.395833333336", Moment::Both(date, time(9, 30, 0), None)),
            ("45513", Moment::Day(date)),
            ("2024/8/9", Moment::Day(date)),
            ("Aug 9, 2024", Moment::Day(date)),
            ("9:30", Moment::Time(time(9, 30, 0))),
            ("21:30:05", Moment::Time(time(21, 30, 5))),
            ("1723195800", Moment::Instant("2024-08-09T09:30:00Z".parse().unwrap())),
        ] {
            assert_eq!(moment(cell, Order::MonthFirst), Some(want), "{cell}");
        }
        assert_eq!(moment("09.08.2024 09:30", Order::DayFirst), Some(Moment::Both(date, time(9, 30, 0), None)));
        for cell in ["", "x", "2024/13/9", "2024/2/30 10:00", "25:00", "2024/8/9 9:30-10:15", "8月9日 9:30", "99999999"]
        {
            assert_eq!(moment(cell, Order::MonthFirst), None, "{cell}");
        }
    }

    #[test]
    fn the_order_of_day_and_month_follows_from_days_that_are_no_month() {
        assert_eq!(order_of("31/12/2024 10:00"), Some(Order::DayFirst));
        assert_eq!(order_of("12/31/2024"), Some(Order::MonthFirst));
        assert_eq!(order_of("3/4/2024"), None);
        assert_eq!(order_of("2024/12/31"), None);
    }

    #[test]
    fn durations_have_units_or_take_that_of_the_column() {
        for (cell, want) in [
            ("44", 2_640),
            ("1.5", 90),
            ("44 min", 2_640),
            ("1h20m", 4_800),
            ("1小时20分钟", 4_800),
            ("2天3小时", 183_600),
            ("00:44:00", 2_640),
            ("1:20", 4_800),
            ("约8分钟", 480),
            ("1,440", 86_400),
        ] {
            assert_eq!(duration(cell, 60.0), Some(want), "{cell}");
        }
        assert_eq!(duration("2", 3_600.0), Some(7_200));
        for cell in ["", "soon", "-5", "1e300", "NaN", "5 apples"] {
            assert_eq!(duration(cell, 60.0), None, "{cell}");
        }
    }
}
