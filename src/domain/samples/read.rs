//! Samples of a file: CSV with a header, JSON, or JSON by lines. Every row for itself: a sample, or why it is none.

mod table;

use std::{borrow::Cow, collections::BTreeMap, io::BufRead};

use chrono::{LocalResult, NaiveDate, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{Counts, RawRow, RawSample, Refusal, codes::Codes};
use crate::domain::checked::FieldError;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns under a header; separated by commas, semicolons or tabs.
    Csv,
    /// An array, or an object with the array under `samples`.
    Json,
    /// An object on each line.
    Ndjson,
}

impl Format {
    /// The format of a word.
    pub fn from_word(word: &str) -> Result<Self, FieldError> {
        match word.trim().trim_start_matches('.').to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            "ndjson" | "jsonl" => Ok(Self::Ndjson),
            _ => Err(FieldError::shape("format", "choose csv, json or ndjson")),
        }
    }
}

pub use table::{Column, Mapping};

/// A row: its place from 1 (a line of the file, or of a JSON array the element), and what it says.
pub type Row = (u64, Result<RawRow, Refusal>);

/// The rows of a file. Times without an offset are those of `zone`. Fails where the file as a whole cannot be read.
pub fn rows<'a, R: BufRead + 'a>(
    format: Format,
    mut source: R,
    mapping: &Mapping,
    zone: Tz,
) -> Result<Box<dyn Iterator<Item = Row> + 'a>, FieldError> {
    match format {
        Format::Csv => Ok(Box::new(table::csv_rows(source, mapping, zone)?)),
        Format::Ndjson => Ok(Box::new(Lines { source, zone, row: 0, line: Vec::new(), over: false })),
        Format::Json => {
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes).map_err(|_| FieldError::shape("samples", UNREADABLE_FILE))?;
            Ok(Box::new(json_rows(&bytes, zone)?.into_iter()))
        }
    }
}

const UNREADABLE_FILE: &str = "the file cannot be read to its end";
const BAD_ROW: &str = r#"write a row like {"t":"2024-08-19T15:00:00+08:00","total":100,"success":98,"excluded":1}"#;
const BAD_TIME: &str = "write a time like 2024-08-19T15:00:00+08:00, or seconds since 1970";
const TWICE: &str = "this local time comes twice or never; write it with its offset from UTC";
const BOTH: &str = "give total, success and excluded, or codes and their counts, not both";
const BAD_COUNT: &str = "write counts as whole numbers";

/// A minute of response codes.
fn coded(at: i64, codes: impl IntoIterator<Item = (String, i64)>, estimated: bool) -> Result<RawRow, Refusal> {
    let codes = Codes::of(codes)?;
    // What of it is a success is known once the definition is.
    let counts = Counts { total: codes.total(), success: 0, excluded: 0, estimated };
    Ok(RawRow { sample: RawSample { at, counts }, codes: Some(codes) })
}

/// An object as people send it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow<'a> {
    #[serde(borrow, alias = "minute")]
    t: At<'a>,
    total: Option<i64>,
    success: Option<i64>,
    excluded: Option<i64>,
    #[serde(default)]
    estimated: bool,
    codes: Option<BTreeMap<String, i64>>,
}

enum At<'a> {
    Number(i64),
    Text(Cow<'a, str>),
}

impl<'de: 'a, 'a> Deserialize<'de> for At<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = At<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(At::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(At::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(At::Number(number))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(At::Number(i64::try_from(number).unwrap_or(i64::MAX)))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonRow<'_> {
    fn sample(self, zone: Tz) -> Result<RawRow, Refusal> {
        let at = match &self.t {
            At::Number(number) => of_number(*number),
            At::Text(text) => instant(text, zone)?,
        };
        match (self.codes, self.total, self.success, self.excluded) {
            (Some(codes), None, None, None) => coded(at, codes, self.estimated),
            (Some(_), ..) => Err(Refusal::Unreadable(BOTH)),
            (None, Some(total), Some(success), excluded) => {
                let (excluded, estimated) = (excluded.unwrap_or(0), self.estimated);
                Ok(RawSample { at, counts: Counts { total, success, excluded, estimated } }.into())
            }
            _ => Err(Refusal::Unreadable(BAD_ROW)),
        }
    }
}

fn json_row(bytes: &[u8], zone: Tz) -> Result<RawRow, Refusal> {
    serde_json::from_slice::<JsonRow<'_>>(bytes).map_err(|_| Refusal::Unreadable(BAD_ROW))?.sample(zone)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped<T> {
    samples: Vec<T>,
}

fn json_rows(bytes: &[u8], zone: Tz) -> Result<Vec<Row>, FieldError> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let wrapped = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let all: Result<Vec<JsonRow<'_>>, _> = if wrapped {
        serde_json::from_slice::<Wrapped<JsonRow<'_>>>(bytes).map(|body| body.samples)
    } else {
        serde_json::from_slice(bytes)
    };
    if let Ok(all) = all {
        return Ok((1..).zip(all.into_iter().map(|row| row.sample(zone))).collect());
    }
    // One bad row must not hide which one it is.
    let each: Result<Vec<&RawValue>, _> = if wrapped {
        serde_json::from_slice::<Wrapped<&RawValue>>(bytes).map(|body| body.samples)
    } else {
        serde_json::from_slice(bytes)
    };
    let each = each.map_err(|_| FieldError::shape("samples", "give an array of rows, or {\"samples\": [rows]}"))?;
    Ok((1..).zip(each.into_iter().map(|row| json_row(row.get().as_bytes(), zone))).collect())
}

/// Rows on lines of their own; empty lines are none.
struct Lines<R> {
    source: R,
    zone: Tz,
    row: u64,
    line: Vec<u8>,
    over: bool,
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while !self.over {
            self.line.clear();
            self.row += 1;
            match self.source.read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(_) => {
                    // A broken source may say so for ever.
                    self.over = true;
                    return Some((self.row, Err(Refusal::Unreadable(UNREADABLE_FILE))));
                }
            }
            let line = self.line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&self.line).trim_ascii();
            if !line.is_empty() {
                return Some((self.row, json_row(line, self.zone)));
            }
        }
        None
    }
}

/// Seconds since the epoch up to eleven digits, milliseconds beyond, as milliseconds.
const fn of_number(number: i64) -> i64 {
    if number.unsigned_abs() < 100_000_000_000 { number * 1_000 } else { number }
}

/// The instant of a text, in milliseconds since the epoch: `2024-08-19T15:00:00+08:00`, `2024-08-19 15:00` in the zone,
/// seconds or milliseconds since the epoch.
fn instant(text: &str, zone: Tz) -> Result<i64, Refusal> {
    let unreadable = || Refusal::Unreadable(BAD_TIME);
    let bytes = text.as_bytes();
    if !bytes.is_empty() && bytes.len() <= 16 && bytes.iter().all(u8::is_ascii_digit) {
        return text.parse().map(of_number).map_err(|_| unreadable());
    }
    let digits = |from: usize, len: usize| -> Result<u32, Refusal> {
        let part = bytes.get(from..from + len).ok_or_else(unreadable)?;
        part.iter().try_fold(0, |number, byte| match byte {
            b'0'..=b'9' => Ok(number * 10 + u32::from(byte - b'0')),
            _ => Err(unreadable()),
        })
    };
    let mark = |at: usize, marks: &[u8]| match bytes.get(at) {
        Some(byte) if marks.contains(byte) => Ok(()),
        _ => Err(unreadable()),
    };
    for (at, marks) in [(4, b"-/".as_slice()), (7, b"-/"), (10, b"T t"), (13, b":")] {
        mark(at, marks)?;
    }
    let year = i32::try_from(digits(0, 4)?).map_err(|_| unreadable())?;
    let date = NaiveDate::from_ymd_opt(year, digits(5, 2)?, digits(8, 2)?).ok_or_else(unreadable)?;
    let (hour, minute) = (digits(11, 2)?, digits(14, 2)?);
    let mut at = 16;
    let (mut second, mut millis) = (0, 0);
    if bytes.get(at) == Some(&b':') {
        second = digits(17, 2)?;
        at = 19;
        if bytes.get(at) == Some(&b'.') {
            let fraction = bytes.get(20..).unwrap_or_default();
            let len = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            // Any part of a second says that it is no minute.
            millis = u32::from(fraction.iter().take(len).any(|byte| *byte != b'0'));
            at = 20 + len;
            if len == 0 {
                return Err(unreadable());
            }
        }
    }
    let local = date.and_hms_milli_opt(hour, minute, second, millis).ok_or_else(unreadable)?;
    let offset = match bytes.get(at..).unwrap_or_default() {
        [] => {
            return match zone.from_local_datetime(&local) {
                LocalResult::Single(one) => Ok(one.timestamp_millis()),
                _ => Err(Refusal::Unreadable(TWICE)),
            };
        }
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, rest @ ..] => {
            let hours = i64::from(digits(at + 1, 2)?);
            let minutes = match rest {
                [] => 0,
                [b':', _, _] => i64::from(digits(at + 4, 2)?),
                [_, _] => i64::from(digits(at + 3, 2)?),
                _ => return Err(unreadable()),
            };
            if hours > 23 || minutes > 59 {
                return Err(unreadable());
            }
            if *sign == b'-' { -(hours * 60 + minutes) } else { hours * 60 + minutes }
        }
        _ => return Err(unreadable()),
    };
    Ok(local.and_utc().timestamp_millis() - offset * 60_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn all(format: Format, text: &str, map: &[&str]) -> Vec<Row> {
        let map: Vec<String> = map.iter().map(|text| (*text).to_owned()).collect();
        rows(format, text.as_bytes(), &Mapping::parse(&map).unwrap(), chrono_tz::Asia::Shanghai).unwrap().collect()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as rows have it")]
    fn good(at: i64, total: i64, success: i64, excluded: i64) -> Result<RawRow, Refusal> {
        Ok(RawSample { at, counts: Counts { total, success, excluded, estimated: false } }.into())
    }

    fn by_code(at: i64, codes: &[(&str, i64)]) -> Result<RawRow, Refusal> {
        coded(at, codes.iter().map(|(code, count)| ((*code).to_owned(), *count)), false)
    }

    const AT: i64 = 1_724_050_800_000;

    #[test]
    fn a_time_is_read_as_people_and_programs_write_it() {
        let zone = chrono_tz::Asia::Shanghai;
        for text in [
            "2024-08-19T15:00:00+08:00",
            "2024-08-19T07:00:00Z",
            "2024-08-19T07:00:00.000Z",
            "2024-08-19T15:00+0800",
            "2024-08-19 15:00",
            "2024/08/19 15:00:00",
            "2024-08-19T02:00:00-05",
            "1724050800",
            "1724050800000",
        ] {
            assert_eq!(instant(text, zone), Ok(AT), "{text}");
        }
        assert_eq!(instant("2024-08-19T07:00:00.0001Z", zone), Ok(AT + 1), "no whole minute");
        for text in [
            "",
            "x",
            "2024-08-19",
            "2024-13-01 00:00",
            "2024-08-19T25:00",
            "2024-08-19T15:00:00+8",
            "２０２４-08-19 15:00",
            "2024-08-19T15:00:00.Z",
        ] {
            assert_eq!(instant(text, zone), Err(Refusal::Unreadable(BAD_TIME)), "{text}");
        }
        let twice = instant("2025-11-02 01:30", chrono_tz::America::New_York);
        assert_eq!(twice, Err(Refusal::Unreadable(TWICE)));
    }

    #[test]
    fn a_table_is_read_by_the_names_of_its_columns_or_by_a_mapping() {
        let named = all(Format::Csv, "\u{feff}time,total,success,excluded\n2024-08-19 15:00,100,90,5\nx,1,1,\n", &[]);
        assert_eq!(named, [(2, good(AT, 100, 90, 5)), (3, Err(Refusal::Unreadable(BAD_TIME)))]);
        let chinese = all(
            Format::Csv,
            "时间;支付笔数;失败笔数\n2024-08-19 15:00;100;10\n2024-08-19 15:01;1;2\n",
            &["total=支付笔数"],
        );
        assert_eq!(chinese, [(2, good(AT, 100, 90, 0)), (3, Err(Refusal::MoreThanTotal))]);
        let none = rows(Format::Csv, "a,b\n1,2\n".as_bytes(), &Mapping::default(), chrono_tz::UTC).err().unwrap();
        assert_eq!(none.to_string(), "map: is not valid: say which column is time: time=NAME; the file has a, b");
        assert!(Mapping::parse(&["totals=x".to_owned()]).is_err());
    }

    #[test]
    fn json_names_the_row_that_cannot_be_read() {
        let text = r#"[{"t":"2024-08-19T15:00:00+08:00","total":100,"success":90,"excluded":5},{"t":1724050800,"total":1,"success":1},{"t":1,"total":"x"}]"#;
        let expected = vec![(1, good(AT, 100, 90, 5)), (2, good(AT, 1, 1, 0)), (3, Err(Refusal::Unreadable(BAD_ROW)))];
        assert_eq!(all(Format::Json, text, &[]), expected);
        assert_eq!(all(Format::Json, &format!("{{\"samples\":{text}}}"), &[]), expected);
        let lines = "{\"t\":1724050800,\"total\":1,\"success\":1}\n\n{}\n";
        assert_eq!(all(Format::Ndjson, lines, &[]), [(1, good(AT, 1, 1, 0)), (3, Err(Refusal::Unreadable(BAD_ROW)))]);
        assert!(rows(Format::Json, "nonsense".as_bytes(), &Mapping::default(), chrono_tz::UTC).is_err());
    }

    #[test]
    fn a_minute_may_come_as_counts_per_response_code() {
        let text = r#"[{"t":1724050800,"codes":{"00":950,"51":12}},{"minute":1724050860,"codes":{}},{"t":1,"codes":{"00":1},"total":1}]"#;
        let first = by_code(AT, &[("00", 950), ("51", 12)]);
        let bad = Err(Refusal::Unreadable(BOTH));
        assert_eq!(all(Format::Json, text, &[]), [(1, first.clone()), (2, by_code(AT + 60_000, &[])), (3, bad)]);
        let line = "{\"t\":1724050800,\"codes\":{\"00\":950,\"51\":12}}";
        assert_eq!(all(Format::Ndjson, line, &[]), [(1, first.clone())]);
        let wide = "time,code:00,code:51,返回码：R1\n2024-08-19 15:00,950,12,\n";
        assert_eq!(all(Format::Csv, wide, &[]), [(2, first.clone())]);
        let long = "时间,返回码,笔数\n2024-08-19 15:00,00,950\n2024-08-19 15:00,51,12\nx,51,1\n2024-08-19 15:01,00,7\n";
        let unreadable = Err(Refusal::Unreadable(BAD_TIME));
        let expected = [(2, first), (4, unreadable), (5, by_code(AT + 60_000, &[("00", 7)]))];
        assert_eq!(all(Format::Csv, long, &[]), expected);
    }

    #[test]
    fn a_file_that_breaks_off_ends_with_a_refused_row() {
        struct Broken;
        impl std::io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("broken"))
            }
        }
        use std::io::{BufReader, Read as _};
        let broken = || "{\"t\":1724050800,\"total\":1,\"success\":1}\n{".as_bytes().chain(Broken);
        let rows = |source| rows(Format::Ndjson, source, &Mapping::default(), chrono_tz::UTC).unwrap();
        let all: Vec<Row> = rows(BufReader::new(broken())).take(9).collect();
        assert_eq!(all, [(1, good(AT, 1, 1, 0)), (2, Err(Refusal::Unreadable(UNREADABLE_FILE)))]);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_fail(text in "\\PC{0,60}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = instant(&text, chrono_tz::Asia::Shanghai);
            for format in [Format::Csv, Format::Json, Format::Ndjson] {
                if let Ok(rows) = rows(format, bytes.as_slice(), &Mapping::default(), chrono_tz::UTC) {
                    prop_assert!(rows.count() <= 201);
                }
            }
        }
    }
}
