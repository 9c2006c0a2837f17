//! Putting figures and counts back: each value where it stands, new ones behind the last.

use std::{collections::HashSet, ops::Range};

use super::{
    learn_figure,
    reading::{ReportReading, SectionReading},
    render::ReportFigure,
    splice::{Edit, Removed, Splicing},
    splice_events::line_end,
    template::StyleError,
};

/// Takes out the lines that hold nothing but removed figures and counts; of a line that holds others too, the parts
/// behind the first.
fn remove_figures(document: &str, reading: &ReportReading, removed: &Removed, edits: &mut Vec<Edit>) {
    let figures = reading
        .figures
        .iter()
        .enumerate()
        .map(|(index, read)| (removed.figures.contains(&index), &read.line_span, &read.value_span));
    let counts = reading
        .incident_counts
        .iter()
        .enumerate()
        .map(|(index, read)| (removed.incident_counts.contains(&index), &read.line_span, &read.value_span));
    let all: Vec<(bool, &Range<usize>, &Range<usize>)> = figures.chain(counts).collect();
    let kept: HashSet<usize> = all.iter().filter(|(gone, ..)| !gone).map(|(_, line, _)| line.start).collect();
    for (_, line, value) in all.iter().filter(|(gone, ..)| *gone) {
        if !kept.contains(&line.start) {
            let start = document.get(..line.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            let end = line_end(document, line.end);
            let bytes = document.as_bytes();
            let end = end + usize::from(bytes.get(end) == Some(&b'\r'));
            let end = end + usize::from(bytes.get(end) == Some(&b'\n'));
            edits.push(Edit { range: start..end, text: String::new() });
        } else if let Some(range) = part_of(document, line, value) {
            edits.push(Edit { range, text: String::new() });
        }
    }
}

/// `，C级0.5次` of a line of several: from the comma before the value to the one behind it.
fn part_of(document: &str, line: &Range<usize>, value: &Range<usize>) -> Option<Range<usize>> {
    let separators = ['，', ',', '、', '；', ';'];
    let before = document.get(line.start..value.start)?.rfind(separators)? + line.start;
    let behind = document.get(value.end..line.end)?;
    Some(before..value.end + behind.find(separators).unwrap_or(behind.trim_end().len()))
}

/// Edits of the figures section.
pub(super) fn figures(job: &Splicing<'_>, edits: &mut Vec<Edit>) -> Result<(), StyleError> {
    let Splicing { document, reading, style, writer, content, .. } = *job;
    let Some(section) = &reading.figures_section else { return Ok(()) };
    let mut lines = Vec::new();
    for (number, (index, figure)) in (1..).zip(&content.figures) {
        match index.and_then(|index| reading.figures.get(index)) {
            Some(read) if read.value == figure.value => {}
            Some(read) => {
                edits.push(Edit { range: read.value_span.clone(), text: figure.value.to_string() });
                let change = learn_figure::restated(document, read, figure.change.as_ref());
                edits.extend(change.map(|(range, text)| Edit { range, text }));
            }
            None => {
                let shown = ReportFigure { change: figure.change.clone().filter(|_| style.changes), ..figure.clone() };
                lines.push(writer.figure_line(&shown, number)?);
            }
        }
    }
    let mut missing = Vec::new();
    for (index, count) in &content.incident_counts {
        match index.and_then(|index| reading.incident_counts.get(index)) {
            Some(read) if read.count == count.count => {}
            Some(read) => edits.push(Edit { range: read.value_span.clone(), text: count.count.to_string() }),
            None => missing.push(count.clone()),
        }
    }
    remove_figures(document, reading, &content.removed, edits);
    if !missing.is_empty() {
        lines.push(writer.counts_line(&missing, &content.year_to_date)?);
    }
    if lines.is_empty() {
        return Ok(());
    }
    let last = reading
        .figures
        .iter()
        .map(|figure| figure.line_span.end)
        .chain(reading.incident_counts.iter().map(|count| count.line_span.end))
        .max();
    let lines = lines.join("\n");
    edits.push(match last {
        Some(end) => Edit { range: end..end, text: format!("\n{lines}") },
        None => in_place_of_nothing(document, section, &lines),
    });
    Ok(())
}

/// The first content of a section: in place of 无, behind anything else that stands there.
pub(super) fn in_place_of_nothing(document: &str, section: &SectionReading, text: &str) -> Edit {
    let body = document.get(section.body.clone()).unwrap_or_default();
    let end = section.body.start + body.trim_end().len();
    if body.trim().chars().count() <= 12 && !body.trim().contains('\n') {
        // `生产事件：无`: the word stands on the heading's line.
        let start = section.heading.end.min(section.body.start);
        Edit { range: start..end.max(start), text: format!("\n\n{text}") }
    } else {
        Edit { range: end..end, text: format!("\n\n{text}") }
    }
}
