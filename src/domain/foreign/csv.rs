//! Tables with a line of headers: commas, semicolons or tabs, quotes with line breaks in them, Excel's `sep=`.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord};

use super::{ENTRY_LIMIT, ForeignContext, ForeignProblem, Place, Read, columns::Column, layout::Layout};

/// A row with its place in the text.
pub(super) struct Row<'a> {
    pub line: usize,
    pub raw: &'a str,
    pub cells: StringRecord,
    /// Its last cell begins with a quote that is never closed: the rest of the file is in it.
    pub open: bool,
}

pub(super) fn read(text: &str, context: &ForeignContext<'_>) -> Result<Vec<Read>, ForeignProblem> {
    let (delimiter, skipped, body) = beginning(text);
    let mut rows = rows(body, delimiter, skipped)?.into_iter();
    let Some(head) = rows.next() else {
        return Err(ForeignProblem::OtherFormat { format: "csv", expected: "its first line has to hold the headers" });
    };
    let rows: Vec<Row<'_>> = rows.collect();
    let layout = Layout::of(&head.cells, &rows, context)?;
    let mut repeats: HashMap<String, usize> = HashMap::new();
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut read = layout.event(row, context);
        if let Ok(event) = &mut read
            && layout.cell(row, Column::Id).is_none()
        {
            // Two rows that say the same and have no id are two events.
            let count = repeats.entry(event.key.clone()).and_modify(|count| *count += 1).or_insert(1);
            if *count > 1 {
                event.key = format!("{}#{count}", event.key);
            }
        }
        entries.push((Place::Line(row.line), read));
    }
    Ok(entries)
}

/// The sign between cells, lines before the headers, and the text from the headers on.
fn beginning(text: &str) -> (u8, usize, &str) {
    let first = text.lines().next().unwrap_or_default();
    let bare = first.trim().trim_matches('"');
    if let Some(sign) = bare.strip_prefix("sep=").or_else(|| bare.strip_prefix("SEP="))
        && sign.len() <= 1
    {
        // `sep=` and a tab, which trimming took away.
        let sign = sign.bytes().next().unwrap_or(b'\t');
        let behind = text.find('\n').map_or("", |at| text.get(at + 1..).unwrap_or_default());
        return (sign, 1, behind);
    }
    // The sign that stands most often in the headers, outside quotes.
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            byte if !quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(sign, _)| *sign == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    let best = counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign);
    (best, 0, text)
}

fn rows(text: &str, delimiter: u8, skipped: usize) -> Result<Vec<Row<'_>>, ForeignProblem> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows: Vec<Row<'_>> = Vec::new();
    loop {
        let mut cells = StringRecord::new();
        let line = usize::try_from(reader.position().line()).unwrap_or(usize::MAX) + skipped;
        let from = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        match reader.read_record(&mut cells) {
            Ok(false) => {
                if let Some(last) = rows.last_mut() {
                    last.open = is_open(last.raw, delimiter);
                }
                return Ok(rows);
            }
            Ok(true) => {}
            Err(error) => return Err(ForeignProblem::Broken { line, words: error.to_string() }),
        }
        let to = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let raw = text.get(from..to).unwrap_or_default();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        // Empty lines in front belong to no row.
        let start = raw.len() - raw.trim_start_matches(['\r', '\n']).len();
        let before = raw.get(..start).unwrap_or_default().matches('\n').count();
        rows.push(Row { line: line + before, raw: raw.trim_matches(['\r', '\n']), cells, open: false });
        // One more than entries: the headers.
        if rows.len() > ENTRY_LIMIT + 1 {
            return Err(ForeignProblem::TooMany);
        }
    }
}

/// Whether the text ends inside quotes. A quote in the middle of a cell is a quote, as in `5" disk`.
fn is_open(row: &str, delimiter: u8) -> bool {
    let (mut quoted, mut fresh) = (false, true);
    for byte in row.bytes() {
        match byte {
            // The second of two quotes opens again what the first one closed.
            b'"' if quoted || fresh => (quoted, fresh) = (!quoted, !quoted || fresh),
            byte if !quoted => fresh = byte == delimiter || byte == b'\n',
            _ => {}
        }
    }
    quoted
}
