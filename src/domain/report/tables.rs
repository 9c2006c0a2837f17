//! Markdown tables as character ranges.

use std::ops::Range;

use crate::domain::text::Folded;

/// A row: its line and its cells, blanks around them excluded.
#[derive(Debug, Clone)]
pub struct Row {
    /// The whole line.
    pub line: Range<usize>,
    /// The cells.
    pub cells: Vec<Range<usize>>,
}

/// A table: the names of its columns and its rows.
#[derive(Debug, Clone)]
pub struct Table {
    /// Names, trimmed.
    pub header: Vec<String>,
    /// Rows below the header.
    pub rows: Vec<Row>,
}

/// Where the table that begins at line `start` ends: the first line behind it. A table has `|` around its rows, or
/// between its cells with a rule below its first line.
pub fn end(text: &Folded, lines: &[Range<usize>], start: usize) -> Option<usize> {
    let words = |index: usize| lines.get(index).map(|line| text.text(line.clone()));
    let framed = |line: &String| line.trim().starts_with('|') && line.matches('|').count() >= 2;
    let divided = |line: &String| line.contains('|');
    let first = words(start)?;
    let ruled = || words(start + 1).is_some_and(|line| line.contains('|') && is_rule(&line));
    let belongs: &dyn Fn(&String) -> bool = if framed(&first) {
        &framed
    } else if divided(&first) && ruled() {
        &divided
    } else {
        return None;
    };
    Some((start..lines.len()).find(|index| !words(*index).is_some_and(|line| belongs(&line))).unwrap_or(lines.len()))
}

/// Reads the lines of a table.
pub fn read(text: &Folded, lines: &[Range<usize>]) -> Option<Table> {
    let header = cells(text, lines.first()?)
        .into_iter()
        .map(|cell| text.text(cell).trim().trim_matches('*').to_owned())
        .collect();
    let rows = lines
        .iter()
        .skip(1)
        .filter(|line| !is_rule(&text.text((*line).clone())))
        .map(|line| Row { line: line.clone(), cells: cells(text, line) })
        .collect();
    Some(Table { header, rows })
}

fn is_rule(line: &str) -> bool {
    line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t')) && line.contains('-')
}

fn cells(text: &Folded, line: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let first = text.skip_blanks(line.start);
    let mut start = if text.at(first) == '|' { first + 1 } else { first };
    let mut index = start;
    while index <= line.end {
        let escaped = index > line.start && text.at(index - 1) == '\\';
        let at_end = index == line.end;
        if (text.at(index) == '|' && !escaped && !at_end) || (at_end && !text.text(start..index).trim().is_empty()) {
            let from = text.skip_blanks(start).min(index);
            let to = (from..index).rev().find(|i| !text.at(*i).is_whitespace()).map_or(from, |i| i + 1);
            found.push(from..to);
            start = index + 1;
        }
        index += 1;
    }
    found
}
