//! Markdown tables as character ranges.

use std::ops::Range;

use super::outline::Line;
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
pub fn end(text: &Folded, lines: &[Line], start: usize) -> Option<usize> {
    let first = lines.get(start)?;
    let belongs: fn(&Folded, &Line) -> bool = if is_framed(text, first) {
        is_framed
    } else if is_divided(text, first)
        && lines.get(start + 1).is_some_and(|line| is_divided(text, line) && is_rule(text, line))
    {
        is_divided
    } else {
        return None;
    };
    let rows = lines.get(start..)?.iter().take_while(|line| line.is_text() && belongs(text, line)).count();
    Some(start + rows)
}

fn is_framed(text: &Folded, line: &Line) -> bool {
    text.at(text.skip_blanks(line.range.start)) == '|' && pipes(text, line) >= 2
}

fn is_divided(text: &Folded, line: &Line) -> bool {
    pipes(text, line) >= 1
}

fn pipes(text: &Folded, line: &Line) -> usize {
    text.chars(line.range.clone()).iter().filter(|c| **c == '|').take(2).count()
}

/// Reads the lines of a table.
pub fn read(text: &Folded, lines: &[Line]) -> Option<Table> {
    let header = cells(text, &lines.first()?.range)
        .into_iter()
        .map(|cell| text.text(cell).trim().trim_matches('*').to_owned())
        .collect();
    let rows = lines
        .iter()
        .skip(1)
        .filter(|line| !is_rule(text, line))
        .map(|line| Row { line: line.range.clone(), cells: cells(text, &line.range) })
        .collect();
    Some(Table { header, rows })
}

fn is_rule(text: &Folded, line: &Line) -> bool {
    let chars = text.chars(line.range.clone());
    chars.contains(&'-') && chars.iter().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'))
}

fn cells(text: &Folded, line: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let first = text.skip_blanks(line.start);
    let mut start = if text.at(first) == '|' { first + 1 } else { first };
    let mut index = start;
    while index <= line.end {
        let escaped = index > line.start && text.at(index - 1) == '\\';
        let at_end = index == line.end;
        if (text.at(index) == '|' && !escaped && !at_end) || (at_end && !text.is_blank(start..index)) {
            let from = text.skip_blanks(start).min(index);
            let to = (from..index).rev().find(|i| !text.at(*i).is_whitespace()).map_or(from, |i| i + 1);
            found.push(from..to);
            start = index + 1;
        }
        index += 1;
    }
    found
}
