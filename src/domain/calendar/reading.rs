//! Calendars of others: JSON in the shape of holiday-cn, CSV, and iCalendar files.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate};
use serde::Deserialize;

use super::{CalendarDay, is_whole};
use crate::domain::checked::{self, FieldError};

/// Most days of one file, and of one calendar.
pub const DAYS: usize = 2_000;

/// Longest file, in bytes.
pub const BYTES: usize = 2 * 1024 * 1024;

/// Longest run of days of one entry of an iCalendar file.
const LONGEST: u64 = 62;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCalendar {
    /// The year that the file says it is for, where it says so.
    pub year: Option<i32>,
    /// Its days in order, each once.
    pub days: Vec<CalendarDay>,
    /// Entries that are neither a day off nor a make-up day: 立春, 七夕 …
    pub skipped: usize,
}

#[derive(Deserialize)]
struct JsonFile {
    year: Option<i32>,
    days: Vec<JsonDay>,
}

#[derive(Deserialize)]
struct JsonDay {
    #[serde(default)]
    name: String,
    #[serde(alias = "day")]
    date: String,
    #[serde(alias = "isOffDay")]
    is_off_day: Option<bool>,
    works: Option<bool>,
}

/// Reads a file of any of the three shapes.
pub fn read(text: &str) -> Result<ReadCalendar, FieldError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.len() > BYTES {
        return Err(refused("file", "give at most 2 MB"));
    }
    let (year, days, skipped) = match text.chars().next() {
        None => return Err(refused("file", "it is empty")),
        Some('{' | '[') => {
            let (year, days) = json(text)?;
            (year, days, 0)
        }
        _ if is_ics(text) => {
            let (days, skipped) = ics(text)?;
            (None, days, skipped)
        }
        _ => (None, csv(text)?, 0),
    };
    Ok(ReadCalendar { year, days: checked(days)?, skipped })
}

fn is_ics(text: &str) -> bool {
    text.get(..15).is_some_and(|begin| begin.eq_ignore_ascii_case("BEGIN:VCALENDAR"))
}

fn refused(place: &str, remedy: &str) -> FieldError {
    FieldError::shape("calendar", format!("{place}: {remedy}"))
}

/// Days in order, each once; refuses what is said twice in two ways.
pub fn checked(days: Vec<CalendarDay>) -> Result<Vec<CalendarDay>, FieldError> {
    if days.len() > DAYS {
        return Err(refused("file", "give at most 2,000 days"));
    }
    let mut by_day: BTreeMap<NaiveDate, CalendarDay> = BTreeMap::new();
    for mut day in days {
        checked::date("calendar", day.day)?;
        day.name = if day.name.trim().is_empty() { String::new() } else { checked::line("calendar", &day.name, 60)? };
        match by_day.get(&day.day) {
            Some(other) if other.works != day.works => {
                return Err(refused(&day.day.to_string(), "it is a day off and a working day at once; keep one line"));
            }
            Some(_) => {}
            None => {
                by_day.insert(day.day, day);
            }
        }
    }
    Ok(by_day.into_values().collect())
}

fn date_of(place: &str, text: &str) -> Result<NaiveDate, FieldError> {
    let text = text.trim();
    let compact = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let format = if compact {
        "%Y%m%d"
    } else if text.contains('/') {
        "%Y/%m/%d"
    } else {
        "%Y-%m-%d"
    };
    NaiveDate::parse_from_str(text, format).map_err(|_| refused(place, "write a date like 2027-01-01"))
}

fn json(text: &str) -> Result<(Option<i32>, Vec<CalendarDay>), FieldError> {
    let shape = |error: serde_json::Error| refused("JSON", &error.to_string());
    let file = if text.starts_with('[') {
        JsonFile { year: None, days: serde_json::from_str(text).map_err(shape)? }
    } else {
        serde_json::from_str(text).map_err(shape)?
    };
    let mut days = Vec::with_capacity(file.days.len().min(DAYS));
    for (at, day) in file.days.into_iter().enumerate() {
        let place = format!("days[{at}]");
        let works = match (day.is_off_day, day.works) {
            (Some(off), None) => !off,
            (None, Some(works)) => works,
            _ => return Err(refused(&place, "say isOffDay: true or false")),
        };
        days.push(CalendarDay { day: date_of(&place, &day.date)?, works, name: day.name });
    }
    Ok((file.year, days))
}

/// Whether people work, from the word of a column or an entry.
fn works_of(word: &str) -> Option<bool> {
    match word.trim().to_lowercase().as_str() {
        "work" | "workday" | "working" | "班" | "上班" | "补班" | "调休" | "工作日" | "调休上班" => {
            Some(true)
        }
        "off" | "holiday" | "rest" | "休" | "放假" | "休息" | "节假日" | "假期" => Some(false),
        _ => None,
    }
}

fn csv(text: &str) -> Result<Vec<CalendarDay>, FieldError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut days = Vec::new();
    for (at, row) in reader.records().enumerate() {
        let place = format!("line {}", at + 1);
        let row = row.map_err(|error| refused(&place, &error.to_string()))?;
        let first = row.get(0).unwrap_or_default().trim();
        if first.is_empty() || first.starts_with('#') {
            continue;
        }
        // A first line without a digit is the heading.
        if at == 0 && !first.contains(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let works = row.get(1).and_then(works_of);
        let works = works.ok_or_else(|| refused(&place, "write date, off or work (休 or 班), and a name"))?;
        let name = row.get(2).unwrap_or_default().to_owned();
        days.push(CalendarDay { day: date_of(&place, first)?, works, name });
    }
    Ok(days)
}

/// One entry of an iCalendar file.
#[derive(Default)]
struct Entry {
    from: Option<String>,
    to: Option<String>,
    summary: String,
    repeats: bool,
}

fn ics(text: &str) -> Result<(Vec<CalendarDay>, usize), FieldError> {
    let mut entries: Vec<(usize, Entry)> = Vec::new();
    let mut open: Option<(usize, Entry)> = None;
    for (number, line) in unfolded(text) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let plain = name.split(';').next().unwrap_or_default().to_ascii_uppercase();
        match (plain.as_str(), open.as_mut()) {
            ("BEGIN", _) if value.eq_ignore_ascii_case("VEVENT") => open = Some((number, Entry::default())),
            ("END", Some(_)) if value.eq_ignore_ascii_case("VEVENT") => entries.extend(open.take()),
            ("DTSTART", Some((_, entry))) => entry.from = Some(value.to_owned()),
            ("DTEND", Some((_, entry))) => entry.to = Some(value.to_owned()),
            ("SUMMARY", Some((_, entry))) => {
                entry.summary = value.replace("\\,", ",").replace("\\;", ";").replace("\\n", " ").replace("\\\\", "\\");
            }
            ("RRULE", Some((_, entry))) => entry.repeats = true,
            _ => {}
        }
    }
    // Where entries say which they are, the others are festivals on which people work.
    let marked = entries.iter().any(|(_, entry)| marked(&entry.summary).is_some());
    let (mut days, mut skipped) = (Vec::new(), 0);
    for (number, entry) in entries {
        let place = format!("line {number}");
        let Some(works) = marked_or(&entry.summary, marked) else {
            skipped += 1;
            continue;
        };
        if entry.repeats {
            return Err(refused(&place, "an entry that repeats is not read; give each day"));
        }
        let day_of = |value: &str| date_of(&place, value.get(..8).unwrap_or(value));
        let from = day_of(entry.from.as_deref().ok_or_else(|| refused(&place, "an entry without DTSTART"))?)?;
        let to = entry.to.as_deref().map(day_of).transpose()?;
        let length = to.map_or(1, |to| (to - from).num_days().max(1));
        let length = u64::try_from(length).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(|| refused(&place, "an entry of more than 62 days is no holiday"))?;
        let name: String = entry.summary.trim().chars().take(60).collect();
        for ahead in 0..length {
            let Some(day) = from.checked_add_days(Days::new(ahead)) else { continue };
            days.push(CalendarDay { day, works, name: name.clone() });
        }
        if days.len() > DAYS {
            return Err(refused("file", "give at most 2,000 days"));
        }
    }
    Ok((days, skipped))
}

/// What an entry's words say it is, where they do.
fn marked(summary: &str) -> Option<bool> {
    let lower = summary.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["补班", "上班", "（班）", "(班)", "workday", "make-up", "working day"]) {
        Some(true)
    } else if has(&["假期", "放假", "（休）", "(休)", "day off", "holiday"]) {
        Some(false)
    } else {
        None
    }
}

fn marked_or(summary: &str, only_marked: bool) -> Option<bool> {
    marked(summary).or((!only_marked).then_some(false))
}

/// The lines of an iCalendar file with the number of the first of each; a line that begins with a blank goes on the last.
fn unfolded(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ => lines.push((at + 1, line.to_owned())),
        }
    }
    lines
}

/// The days by the year whose paper they belong to. A file that names no year is split by its dates; days of a December
/// alone belong to the year after it. Refuses years that are not finished.
pub fn by_year(read: ReadCalendar) -> Result<Vec<(i32, Vec<CalendarDay>)>, FieldError> {
    let years = if let Some(year) = read.year {
        let belongs = |day: NaiveDate| day.year() == year || (day.year() == year - 1 && day.month() == 12);
        if let Some(day) = read.days.iter().find(|day| !belongs(day.day)) {
            let remedy = format!("the file is for {year}; give its days, and of the year before only December");
            return Err(refused(&day.day.to_string(), &remedy));
        }
        vec![(year, read.days)]
    } else {
        let mut years: BTreeMap<i32, Vec<CalendarDay>> = BTreeMap::new();
        for day in read.days {
            years.entry(day.day.year()).or_default().push(day);
        }
        let first = years.keys().next().copied();
        if let Some(first) = first.filter(|first| years.contains_key(&(first + 1)))
            && years.get(&first).is_some_and(|days| days.iter().all(|day| day.day.month() == 12))
        {
            let mut december = years.remove(&first).unwrap_or_default();
            let next = years.entry(first + 1).or_default();
            december.append(next);
            *next = december;
        }
        years.into_iter().collect()
    };
    if years.is_empty() {
        return Err(refused("file", "it holds no days"));
    }
    for (year, days) in &years {
        if !is_whole(days) {
            let off = days.iter().filter(|day| !day.works).count();
            let remedy = format!("{off} days off of the year are too few; the file is not finished yet");
            return Err(refused(&year.to_string(), &remedy));
        }
    }
    Ok(years)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::calendar::bundled_years;

    fn lines(days: &[CalendarDay]) -> Vec<String> {
        let word = |works| if works { "work" } else { "off" };
        days.iter().map(|day| format!("{} {} {}", day.day, word(day.works), day.name)).collect()
    }

    #[test]
    fn a_file_of_holiday_cn_is_read_with_the_december_of_the_year_before() {
        let text = r#"{"$schema": "x", "year": 2027, "papers": ["https://www.gov.cn/x.htm"], "days": [
            {"name": "元旦", "date": "2026-12-31", "isOffDay": true}, {"name": "元旦", "date": "2027-01-01", "isOffDay": true},
            {"name": "元旦", "date": "2027-01-09", "isOffDay": false}]}"#;
        let read = read(text).unwrap();
        assert_eq!(read.year, Some(2027));
        assert_eq!(lines(&read.days), ["2026-12-31 off 元旦", "2027-01-01 off 元旦", "2027-01-09 work 元旦"]);
        let unfinished = by_year(read).unwrap_err().to_string();
        assert!(unfinished.contains("2027: 2 days off of the year are too few"), "{unfinished}");
    }

    #[test]
    fn csv_and_ics_say_the_same_as_the_bundled_years() {
        for (year, days) in bundled_years() {
            let row = |day: &CalendarDay| format!("{},{},{}\n", day.day, if day.works { "班" } else { "休" }, day.name);
            let csv: String = std::iter::once("日期,类型,名称\n".to_owned()).chain(days.iter().map(row)).collect();
            assert_eq!(read(&csv).unwrap().days, days, "{year}");
            let entry = |day: &CalendarDay| {
                let next = day.day.succ_opt().unwrap().format("%Y%m%d");
                let mark = if day.works { "补班" } else { "假期" };
                let from = day.day.format("%Y%m%d");
                format!(
                    "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{from}\r\nDTEND;VALUE=DATE:{next}\r\nSUMMARY:{}\r\n  {mark}\r\nEND:VEVENT\r\n",
                    day.name
                )
            };
            let entries: String = days.iter().map(entry).collect();
            let festival = "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20200204\r\nSUMMARY:立春\r\nEND:VEVENT\r\n";
            let ics = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{entries}{festival}END:VCALENDAR\r\n");
            let read = read(&ics).unwrap();
            assert_eq!(read.skipped, 1);
            let plain = |day: &CalendarDay| (day.day, day.works);
            assert_eq!(read.days.iter().map(plain).collect::<Vec<_>>(), days.iter().map(plain).collect::<Vec<_>>());
            assert_eq!(by_year(read).unwrap().len(), 1, "{year}");
        }
    }

    #[test]
    fn an_entry_of_several_days_ends_before_its_end() {
        let ics = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20271001\nDTEND;VALUE=DATE:20271004\nSUMMARY:国庆节（休）\nEND:VEVENT\nEND:VCALENDAR";
        let days = read(ics).unwrap().days;
        assert_eq!(
            lines(&days).iter().map(|line| &line[..14]).collect::<Vec<_>>(),
            ["2027-10-01 off", "2027-10-02 off", "2027-10-03 off"]
        );
    }

    #[test]
    fn a_december_alone_belongs_to_the_year_after_it() {
        let mut days: Vec<CalendarDay> = bundled_years().pop().unwrap().1;
        for day in &mut days {
            day.day = day.day.with_year(2027).unwrap();
        }
        days.insert(0, CalendarDay { day: "2026-12-31".parse().unwrap(), works: false, name: String::new() });
        let years = by_year(ReadCalendar { year: None, days, skipped: 0 }).unwrap();
        assert_eq!(years.iter().map(|(year, days)| (*year, days.len())).collect::<Vec<_>>(), [(2027, 40)]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_place() {
        for (text, words) in [
            ("", "it is empty"),
            ("{", "JSON: EOF"),
            (r#"{"days": [{"date": "2027-13-01", "isOffDay": true}]}"#, "days[0]: write a date"),
            (r#"[{"date": "2027-01-01"}]"#, "days[0]: say isOffDay"),
            ("日期,类型\n2027-01-01,也许", "line 2: write date"),
            ("2027-01-01,off\n2027-01-01,work", "2027-01-01: it is a day off and a working day at once"),
            ("9999-01-01,off", "calendar"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT", "line 2: an entry without DTSTART"),
            (
                "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\nRRULE:FREQ=DAILY\nEND:VEVENT",
                "line 2: an entry that repeats",
            ),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\nDTEND:20290101\nEND:VEVENT", "more than 62 days"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:节日节日节日\nEND:VEVENT", "write a date"),
        ] {
            let refusal = read(text).unwrap_err().to_string();
            assert!(refusal.contains(words), "{text}: {refusal}");
        }
        let other = r#"{"year": 2027, "days": [{"date": "2025-01-01", "isOffDay": true}]}"#;
        assert!(by_year(read(other).unwrap()).unwrap_err().to_string().contains("the file is for 2027"));
    }
}
