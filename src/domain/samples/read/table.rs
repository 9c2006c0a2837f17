//! Samples of a table: a header, and a row for each minute, or for each response code of a minute.

use std::io::BufRead;

use chrono_tz::Tz;

use super::{
    super::{Counts, RawRow, RawSample, Refusal},
    BAD_COUNT, BAD_ROW, Row, UNREADABLE_FILE, coded, instant,
};
use crate::domain::checked::FieldError;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// When.
    Time,
    /// Attempts.
    Total,
    /// Successes.
    Success,
    /// Failures that do not count.
    Excluded,
    /// Failures that count, in the place of successes.
    Failed,
    /// Whether the row is estimated.
    Estimated,
    /// A response code; rows of the same time that follow each other are one minute.
    Code,
    /// How often it came.
    Count,
}

/// Names under which columns are known.
const NAMES: [(Column, &[&str]); 8] = [
    (Column::Time, &["t", "time", "minute", "timestamp", "at", "时间", "分钟"]),
    (Column::Total, &["total", "attempts", "总数", "总笔数", "请求数", "交易笔数"]),
    (Column::Success, &["success", "succeeded", "ok", "成功", "成功数", "成功笔数"]),
    (Column::Excluded, &["excluded", "排除", "剔除", "剔除笔数"]),
    (Column::Failed, &["failed", "失败", "失败数", "失败笔数"]),
    (Column::Estimated, &["estimated", "估算"]),
    (Column::Code, &["code", "response_code", "返回码", "应答码", "响应码"]),
    (Column::Count, &["count", "n", "笔数", "数量"]),
];

/// Which columns of a file say what, where their names do not tell: `total=支付笔数`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(Column, String)>);

impl Mapping {
    /// The mapping of `total=支付笔数,time=分钟点`.
    pub fn parse(texts: &[String]) -> Result<Self, FieldError> {
        let mut mapping = Vec::new();
        for part in texts.iter().flat_map(|text| text.split(',')).filter(|part| !part.trim().is_empty()) {
            let wrong = || {
                FieldError::shape(
                    "map",
                    "write time, total, success, excluded, failed or estimated, = and the column: total=支付笔数",
                )
            };
            let (word, column) = part.split_once('=').ok_or_else(wrong)?;
            let known = NAMES.iter().find(|(_, names)| names.iter().take(2).any(|name| *name == word.trim()));
            let (what, _) = known.ok_or_else(wrong)?;
            mapping.push((*what, column.trim().to_owned()));
        }
        Ok(Self(mapping))
    }
}

/// The rows of a table. Fails where its header does not say what is where.
pub(super) fn csv_rows<R: BufRead>(
    mut source: R,
    mapping: &Mapping,
    zone: Tz,
) -> Result<impl Iterator<Item = Row> + use<R>, FieldError> {
    let unreadable = |_| FieldError::shape("samples", UNREADABLE_FILE);
    let head = source.fill_buf().map_err(unreadable)?;
    let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let delimiter = [(';', b';'), ('\t', b'\t'), (',', b',')];
    let delimiter =
        delimiter.into_iter().max_by_key(|(mark, _)| first.matches(*mark).count()).map_or(b',', |(_, byte)| byte);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(source);
    let headers = reader.headers().map_err(|_| FieldError::shape("samples", "the header cannot be read as UTF-8"))?;
    let names: Vec<String> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let places = Places::of(&names, mapping)?;
    let mut record = csv::ByteRecord::new();
    let mut over = false;
    let mut records = std::iter::from_fn(move || {
        if over {
            return None;
        }
        match reader.read_byte_record(&mut record) {
            Ok(false) => None,
            Ok(true) => Some((record.position().map_or(0, csv::Position::line), places.read(&record, zone))),
            Err(_) => {
                over = true;
                Some((reader.position().line(), Err(Refusal::Unreadable(UNREADABLE_FILE))))
            }
        }
    });
    // Rows of a code each are put together as long as their time is the same.
    let mut open: Option<OpenMinute> = None;
    let mut next = None;
    Ok(std::iter::from_fn(move || {
        loop {
            if let Some(row) = next.take() {
                return Some(row);
            }
            let close = |minute: OpenMinute| (minute.row, coded(minute.at, minute.codes, false));
            match records.next() {
                Some((row, Ok(Cells::Code(at, code, count)))) => match &mut open {
                    Some(minute) if minute.at == at && minute.codes.len() < MOST_ROWS => {
                        minute.codes.push((code, count));
                    }
                    _ => {
                        if let Some(done) = open.replace(OpenMinute { row, at, codes: vec![(code, count)] }) {
                            return Some(close(done));
                        }
                    }
                },
                Some((row, other)) => {
                    let other = (
                        row,
                        other.map(|cells| match cells {
                            Cells::Row(row) => row,
                            // Taken above.
                            Cells::Code(at, ..) => RawSample { at, counts: Counts::default() }.into(),
                        }),
                    );
                    let Some(done) = open.take() else { return Some(other) };
                    next = Some(other);
                    return Some(close(done));
                }
                None => return open.take().map(close),
            }
        }
    }))
}

/// Rows of a code each that are put together.
const MOST_ROWS: usize = 2_000;

/// A minute of which codes are still to come.
struct OpenMinute {
    row: u64,
    at: i64,
    codes: Vec<(String, i64)>,
}

/// What a line of a table says.
enum Cells {
    Row(RawRow),
    Code(i64, String, i64),
}

/// The code that a column counts: `code:51`.
fn code_of(name: &str) -> Option<&str> {
    let code = ["code:", "返回码:", "返回码："].into_iter().find_map(|mark| name.strip_prefix(mark))?;
    Some(code.trim()).filter(|code| !code.is_empty())
}

/// Where the columns stand.
struct Places {
    time: usize,
    /// Columns of a code each.
    codes: Vec<(usize, String)>,
    /// The column of codes and that of their counts.
    code: Option<(usize, usize)>,
    total: Option<usize>,
    success: Option<usize>,
    failed: Option<usize>,
    excluded: Option<usize>,
    estimated: Option<usize>,
}

impl Places {
    fn of(names: &[String], mapping: &Mapping) -> Result<Self, FieldError> {
        let seen = || names.join(", ").chars().take(300).collect::<String>();
        let find = |column: Column| -> Result<Option<usize>, FieldError> {
            if let Some((_, wanted)) = mapping.0.iter().find(|(mapped, _)| *mapped == column) {
                let place = names.iter().position(|name| name == wanted);
                let missing =
                    || FieldError::shape("map", format!("there is no column “{wanted}”; the file has {}", seen()));
                return place.map(Some).ok_or_else(missing);
            }
            let known = NAMES.iter().find(|(known, _)| *known == column).map_or(&[][..], |(_, known)| known);
            Ok(names.iter().position(|name| known.contains(&name.to_lowercase().as_str())))
        };
        let needed = |column: Column, word: &str| {
            let remedy = || {
                FieldError::shape("map", format!("say which column is {word}: {word}=NAME; the file has {}", seen()))
            };
            find(column)?.ok_or_else(remedy)
        };
        let codes: Vec<(usize, String)> =
            names.iter().enumerate().filter_map(|(at, name)| Some((at, code_of(name)?.to_owned()))).collect();
        let total = find(Column::Total)?;
        let code =
            if codes.is_empty() && total.is_none() { find(Column::Code)?.zip(find(Column::Count)?) } else { None };
        let coded = code.is_some() || !codes.is_empty();
        let places = Self {
            time: needed(Column::Time, "time")?,
            total: if coded { None } else { Some(needed(Column::Total, "total")?) },
            codes,
            code,
            success: find(Column::Success)?,
            failed: find(Column::Failed)?,
            excluded: find(Column::Excluded)?,
            estimated: find(Column::Estimated)?,
        };
        if !coded && places.success.is_none() && places.failed.is_none() {
            needed(Column::Success, "success")?;
        }
        Ok(places)
    }

    fn read(&self, record: &csv::ByteRecord, zone: Tz) -> Result<Cells, Refusal> {
        let cell = |place: usize| {
            let bytes = record.get(place).unwrap_or_default();
            std::str::from_utf8(bytes).map(str::trim).map_err(|_| Refusal::Unreadable(BAD_ROW))
        };
        let count = |place: usize| cell(place)?.parse::<i64>().map_err(|_| Refusal::Unreadable(BAD_COUNT));
        let optional = |place: Option<usize>| match place {
            Some(place) if !cell(place)?.is_empty() => count(place).map(Some),
            _ => Ok(None),
        };
        let at = instant(cell(self.time)?, zone)?;
        if let Some((code, number)) = self.code {
            return Ok(Cells::Code(at, cell(code)?.to_owned(), count(number)?));
        }
        let estimated = match self.estimated {
            Some(place) => matches!(cell(place)?, "1" | "true" | "是"),
            None => false,
        };
        let Some(total) = self.total else {
            let mut codes = Vec::with_capacity(self.codes.len());
            for (place, code) in &self.codes {
                if let Some(count) = optional(Some(*place))? {
                    codes.push((code.clone(), count));
                }
            }
            return Ok(Cells::Row(coded(at, codes, estimated)?));
        };
        let total = count(total)?;
        let excluded = optional(self.excluded)?.unwrap_or(0);
        let success = match (optional(self.success)?, optional(self.failed)?) {
            (Some(success), _) => success,
            (None, Some(failed)) if failed < 0 => return Err(Refusal::Negative),
            (None, Some(failed)) => total
                .checked_sub(failed)
                .and_then(|left| left.checked_sub(excluded))
                .filter(|left| *left >= 0)
                .ok_or(Refusal::MoreThanTotal)?,
            (None, None) => return Err(Refusal::Unreadable(BAD_COUNT)),
        };
        Ok(Cells::Row(RawSample { at, counts: Counts { total, success, excluded, estimated } }.into()))
    }
}
