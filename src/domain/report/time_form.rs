//! How a style writes times: `08/19 15:00-15:30`, `8月19日15时`, `2024-08-19 15:00`; and finding it out from a time as written.

use std::fmt::Write as _;

use chrono::{
    DateTime, Datelike as _, Timelike as _,
    format::{Item, StrftimeItems},
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::clock_point::{ClockPoint, Precision};

const WEEKDAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats of times. They are those of strftime (`%m/%d %H:%M`, `%-m月%-d日`), with `%周` for 一 to 日.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeForm {
    /// The beginning.
    pub begin: String,
    /// The beginning where only its day is known.
    pub day: String,
    /// The end on the day of the beginning.
    pub end: String,
    /// The end on another day.
    pub end_elsewhen: String,
    /// What stands between beginning and end.
    pub range: String,
}

impl Default for TimeForm {
    fn default() -> Self {
        Self {
            begin: "%m/%d %H:%M".to_owned(),
            day: "%m/%d".to_owned(),
            end: "%H:%M".to_owned(),
            end_elsewhen: "%m/%d %H:%M".to_owned(),
            range: "-".to_owned(),
        }
    }
}

impl TimeForm {
    /// Each format with its name.
    pub fn formats(&self) -> [(&'static str, &str); 4] {
        [
            ("time.begin", &self.begin),
            ("time.day", &self.day),
            ("time.end", &self.end),
            ("time.end_elsewhen", &self.end_elsewhen),
        ]
    }

    /// The beginning alone.
    pub fn begin_words(&self, point: ClockPoint, zone: Tz) -> String {
        let local = point.at.with_timezone(&zone);
        match point.precision {
            Precision::Minute => formatted(&self.begin, local),
            Precision::Day => formatted(&self.day, local),
        }
    }

    /// Beginning and end.
    pub fn range_words(&self, begin: ClockPoint, end: ClockPoint, zone: Tz) -> String {
        let (from, to) = (begin.at.with_timezone(&zone), end.at.with_timezone(&zone));
        let same_day = from.date_naive() == to.date_naive();
        let form = if same_day { &self.end } else { &self.end_elsewhen };
        format!("{}{}{}", self.begin_words(begin, zone), self.range, formatted(form, to))
    }

    /// The form in which `words` say `begin`, and `end` where they say it too. None where they say it in a way that no
    /// format writes: 昨晚, three quarters past two.
    pub fn of_words(words: &str, begin: ClockPoint, end: Option<ClockPoint>, zone: Tz) -> Option<Self> {
        let words = words.trim_end();
        let from = begin.at.with_timezone(&zone);
        let first = Scan::of(words, from)?;
        let default = Self::default();
        let rest = words.get(first.len..).unwrap_or_default();
        let form = match begin.precision {
            Precision::Minute => Self { begin: first.format.clone(), day: day_part(&first.format), ..default },
            Precision::Day => Self { begin: format!("{} %H:%M", first.format), day: first.format.clone(), ..default },
        };
        if rest.trim().is_empty() {
            return first.complete(begin.precision).then_some(form);
        }
        let to = end?.at.with_timezone(&zone);
        let lead = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        // `15时20分至16时`: what names the minute belongs to the beginning, what leads to the end is the joint.
        let joint = rest.get(..lead)?.find(['-', '~', '至', '到', '—', '–', '～', '−', ' ']).unwrap_or(0);
        let unit = rest.get(..joint)?;
        let range = rest.get(joint..lead)?.to_owned();
        let second = Scan::of(rest.get(lead..)?, to)?;
        if second.len + lead < rest.trim_end().len() || range.is_empty() || !first.complete(begin.precision) {
            return None;
        }
        let begin_form = format!("{}{unit}", first.format);
        let form = Self { begin: begin_form.clone(), range, ..form };
        Some(if from.date_naive() == to.date_naive() && !second.dated {
            Self { end: second.format.clone(), end_elsewhen: begin_form, ..form }
        } else {
            Self { end: time_part(&begin_form), end_elsewhen: second.format, ..form }
        })
    }
}

/// Whether a format of times can be written out.
pub fn is_writable(format: &str) -> bool {
    format.chars().count() <= 60
        && StrftimeItems::new(&format.replace("%周", "")).all(|item| !matches!(item, Item::Error))
}

fn formatted(format: &str, at: DateTime<Tz>) -> String {
    let weekday = WEEKDAYS.get(at.weekday().num_days_from_monday() as usize).copied().unwrap_or_default();
    let format = format.replace("%周", weekday);
    let mut words = String::new();
    // A format that chrono cannot write was refused when the style was saved; here it writes as it stands.
    if write!(words, "{}", at.format(&format)).is_err() {
        return format;
    }
    words
}

/// The part of a format that tells the day.
fn day_part(format: &str) -> String {
    let end = format.find("%H").or_else(|| format.find("%-H")).unwrap_or(format.len());
    let day = format.get(..end).unwrap_or(format).trim_end();
    if day.is_empty() { TimeForm::default().day } else { day.to_owned() }
}

/// The part of a format that tells the time of day.
fn time_part(format: &str) -> String {
    let start = format.find("%H").or_else(|| format.find("%-H"));
    start.and_then(|at| format.get(at..)).map_or_else(|| TimeForm::default().end, str::to_owned)
}

/// One time in some words, as a format.
struct Scan {
    format: String,
    /// Bytes of the words that it takes.
    len: usize,
    /// It says the day.
    dated: bool,
    /// It says the hour.
    timed: bool,
}

impl Scan {
    /// Takes the words as far as they say parts of `at`: year, month, day, hour, minute, in this order.
    fn of(words: &str, at: DateTime<Tz>) -> Option<Self> {
        // What each number may be, with its format padded and plain; a part may be left out.
        let parts: [(u32, &str, &str); 6] = [
            (u32::try_from(at.year()).ok()?, "%Y", "%Y"),
            (at.month(), "%m", "%-m"),
            (at.day(), "%d", "%-d"),
            (at.hour(), "%H", "%-H"),
            (at.minute(), "%M", "%-M"),
            (at.second(), "%S", "%-S"),
        ];
        let mut scan = Self { format: String::new(), len: 0, dated: false, timed: false };
        let mut next = 0;
        let mut month_plain = false;
        let mut literal = String::new();
        let mut at_byte = 0;
        while let Some(c) = words.get(at_byte..).and_then(|rest| rest.chars().next()) {
            let rest = words.get(at_byte..)?;
            if c.is_ascii_digit() {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                let number: u32 = digits.parse().ok()?;
                let behind = rest.get(digits.len()..).and_then(|rest| rest.chars().next());
                let before = words.get(..at_byte).and_then(|before| before.chars().next_back());
                // 09 of `09:30` is no month, however it is called.
                let fits = |index: usize| match (before, behind) {
                    (Some(':' | '：'), _) => index >= 4,
                    (_, Some(':' | '：' | '时' | '点')) => index == 3,
                    (_, Some('分')) => index == 4,
                    (_, Some('/' | '月')) => index == 1 || index == 0,
                    (_, Some('日' | '号')) => index == 2,
                    _ => true,
                };
                let mut candidates = parts.iter().enumerate().skip(next);
                // A number that is none of the parts that may still come ends the time.
                let Some((index, (_, padded, plain))) = candidates.find(|(index, (value, ..))| {
                    fits(*index)
                        && *value == number
                        && (digits.len() == 4) == (*index == 0)
                        && (*index != 5 || next == 5)
                }) else {
                    break;
                };
                // Of 13 nobody sees whether 3 would be 3 or 03: `月` and a month without a zero say so.
                let unit = rest.get(digits.len()..).and_then(|rest| rest.chars().next());
                let plainly = matches!(unit, Some('月' | '日' | '号' | '时' | '点')) || (index == 2 && month_plain);
                let padding = digits.len() == 2 && (digits.starts_with('0') || !plainly);
                month_plain |= index == 1 && !padding;
                scan.format.push_str(&literal.replace('%', "%%"));
                literal.clear();
                scan.format.push_str(if padding || index == 0 { padded } else { plain });
                scan.dated |= index == 1 || index == 2;
                scan.timed |= index == 3;
                next = index + 1;
                at_byte += digits.len();
                scan.len = at_byte;
                continue;
            }
            let weekday = WEEKDAYS.get(at.weekday().num_days_from_monday() as usize)?;
            if (literal.ends_with('周') || literal.ends_with("星期")) && rest.starts_with(weekday) {
                scan.format.push_str(&literal.replace('%', "%%"));
                literal.clear();
                scan.format.push_str("%周");
                scan.dated = true;
                at_byte += weekday.len();
                scan.len = at_byte;
                continue;
            }
            let english = at.format("%A").to_string();
            let abbreviated = english.get(..3)?;
            if literal.chars().all(|c| !c.is_alphabetic()) && rest.starts_with(abbreviated) {
                let (long, len) = if rest.starts_with(&english) { (true, english.len()) } else { (false, 3) };
                scan.format.push_str(&literal);
                literal.clear();
                scan.format.push_str(if long { "%A" } else { "%a" });
                scan.dated = true;
                at_byte += len;
                scan.len = at_byte;
                continue;
            }
            let month = MONTHS.get(at.month0() as usize)?;
            let short = month.get(..3)?;
            if next <= 1 && rest.starts_with(short) {
                let (long, len) = if rest.starts_with(month) { (true, month.len()) } else { (false, 3) };
                scan.format.push_str(&literal);
                literal.clear();
                scan.format.push_str(if long { "%B" } else { "%b" });
                scan.dated = true;
                next = 2;
                at_byte += len;
                scan.len = at_byte;
                continue;
            }
            literal.push(c);
            at_byte += c.len_utf8();
            // `15时`, `20分`, `19日`: the word belongs to the number before it.
            if matches!(c, '年' | '月' | '日' | '号' | '时' | '点' | '分' | '秒') && literal.chars().count() == 1
            {
                scan.format.push(c);
                literal.clear();
                scan.len = at_byte;
            } else if literal.chars().count() > 6 {
                break;
            }
        }
        // 凌晨 and the like are said of one time, not of all.
        let form = scan.format.split('%').skip(1).all(|part| {
            let literal = part.trim_start_matches('-').chars().skip(1);
            literal.filter(|c| c.is_alphabetic()).all(|c| "年月日号时点分秒周星期T".contains(c))
        }) && scan
            .format
            .split('%')
            .next()
            .is_some_and(|lead| lead.chars().all(|c| !c.is_alphabetic() || "周星期".contains(c)));
        ((scan.dated || scan.timed) && form).then_some(scan)
    }

    fn complete(&self, precision: Precision) -> bool {
        self.timed || precision == Precision::Day
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};
    use chrono_tz::Asia::Shanghai;

    use super::*;

    fn point(text: &str) -> ClockPoint {
        let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        ClockPoint::minute(Shanghai.from_local_datetime(&local).unwrap().with_timezone(&Utc))
    }

    #[test]
    fn a_time_is_written_again_as_it_stood() {
        for (words, begin, end) in [
            ("08/19 15:00", "2024-08-19 15:00", None),
            ("8/9 07:05", "2024-08-09 07:05", None),
            ("2024-08-19 15:00-15:30", "2024-08-19 15:00", Some("2024-08-19 15:30")),
            ("8月19日15时20分至16时05分", "2024-08-19 15:20", Some("2024-08-19 16:05")),
            ("8月19日（周一）15:00", "2024-08-19 15:00", None),
            ("Aug 19 15:00 - 15:30", "2024-08-19 15:00", Some("2024-08-19 15:30")),
            ("08/19 23:50~08/20 00:20", "2024-08-19 23:50", Some("2024-08-20 00:20")),
            ("周一 15:00", "2024-08-19 15:00", None),
            ("Mon 15:00", "2024-08-19 15:00", None),
            ("Monday, Aug 19 15:00", "2024-08-19 15:00", None),
            ("1月13日 09:05", "2025-01-13 09:05", None),
            ("10/10 10:10", "2024-10-10 10:10", None),
            ("09/01 09:00-09:30", "2024-09-01 09:00", Some("2024-09-01 09:30")),
        ] {
            let (begin, end) = (point(begin), end.map(point));
            let form = TimeForm::of_words(words, begin, end, Shanghai).unwrap();
            let again = match end {
                Some(end) => form.range_words(begin, end, Shanghai),
                None => form.begin_words(begin, Shanghai),
            };
            assert_eq!(again, words, "{form:?}");
        }
    }

    #[test]
    fn a_day_of_two_digits_is_written_like_its_month() {
        for (words, begin) in
            [("1月13日 10:00", "%-m月%-d日 %H:%M"), ("1/13 10:00", "%-m/%-d %H:%M"), ("01/13 10:00", "%m/%d %H:%M")]
        {
            assert_eq!(TimeForm::of_words(words, point("2025-01-13 10:00"), None, Shanghai).unwrap().begin, begin);
        }
    }

    #[test]
    fn words_that_no_format_writes_have_no_form() {
        for words in ["昨晚", "下午3点半", "凌晨15:30", "8月19日晚 15:30", "19/08", ""] {
            assert_eq!(TimeForm::of_words(words, point("2024-08-19 15:30"), None, Shanghai), None, "{words}");
        }
        assert!(!is_writable("%Q") && is_writable("%-m月%-d日 周%周"));
    }
}
