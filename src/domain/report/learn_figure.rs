//! The style of a figures section: its lines, its counts, what stands around them.

use std::ops::Range;

use chrono_tz::Tz;

use super::{
    learn::{LOOKED_AT, Slot, fill, general, last_line, literal, most, tidy, with_heading},
    reading::{Decimal, FigureReading, IncidentCountReading, ReportReading, Scope, SectionReading},
    render::ReportFigure,
    style::{ReportStyle, WORDS_LIMIT},
    template::{Writer, change_of, level_label, slashed},
};
use crate::domain::iso_week::IsoWeek;

/// A figure of the document and the part of a line that is its own.
struct Item<'a> {
    read: &'a FigureReading,
    span: Range<usize>,
}

pub(super) fn section(
    document: &str,
    reading: &ReportReading,
    section: &SectionReading,
    week: IsoWeek,
    zone: Tz,
    style: &mut ReportStyle,
) {
    let items = items(document, &reading.figures);
    let counts: Option<&IncidentCountReading> = reading.incident_counts.iter().find(|count| count.is_of_week());
    if let Some(first) = counts {
        let line = &first.line_span;
        let of_line: Vec<_> = reading.incident_counts.iter().filter(|count| count.line_span == *line).collect();
        if let Some(template) = counts_template(document, line, &of_line, style) {
            style.counts = general(&template, week);
        }
        style.levels =
            of_line.iter().filter(|count| count.is_of_week()).map(|count| levels_of(&count.severity)).collect();
    }
    if items.is_empty() && counts.is_none() {
        let body = document.get(section.body.clone()).unwrap_or_default().trim();
        if !body.is_empty() && !body.contains('\n') && body.chars().count() <= WORDS_LIMIT {
            body.clone_into(&mut style.no_figures);
        }
        let head = document.get(section.heading.clone()).map(tidy).unwrap_or_default();
        style.figures = with_heading(&style.figures, &general(&literal(head.trim_end()), week));
        return;
    }
    let columns = columns_of(document, &items);
    style.changes =
        items.iter().map(|item| shown(document, item, &columns)).any(|f| f.change.is_some() || f.last.is_some());
    if !items.is_empty() {
        style.figure = figure_template(document, &items, style, week, zone);
    }
    style.figures = frame(document, section, &items, counts, week);
}

/// `AB` are A and B counted together; `P1` is one level.
fn levels_of(label: &str) -> Vec<String> {
    if label.chars().count() > 1 && label.chars().all(|c| c.is_ascii_uppercase()) {
        label.chars().map(String::from).collect()
    } else {
        vec![label.to_owned()]
    }
}

/// The figures with their own parts: a line, or the part of a line that holds several.
fn items<'a>(document: &str, figures: &'a [FigureReading]) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = Vec::new();
    for (index, read) in figures.iter().take(LOOKED_AT).enumerate() {
        let same_line = |other: &&FigureReading| other.line_span == read.line_span;
        let before = index.checked_sub(1).and_then(|at| figures.get(at)).filter(same_line);
        let after = figures.get(index + 1).filter(same_line);
        let separators = ['，', ',', '；', ';', '、', '。'];
        let start = match before {
            Some(before) => {
                let between = document.get(before.value_span.end..read.value_span.start).unwrap_or_default();
                let cut = between.rfind(separators).map_or(0, |at| {
                    at + between.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
                });
                before.value_span.end + cut
            }
            None => read.line_span.start,
        };
        let end = match after {
            Some(after) => {
                let between = document.get(read.value_span.end..after.value_span.start).unwrap_or_default();
                read.value_span.end + between.rfind(separators).unwrap_or(between.len())
            }
            None => read.line_span.end,
        };
        if start <= read.value_span.start && read.value_span.end <= end {
            items.push(Item { read, span: start..end });
        }
    }
    items
}

/// The figure as its words tell it, the week before and what a row's cells say included.
fn shown(document: &str, item: &Item<'_>, columns: &[(usize, &'static str)]) -> ReportFigure {
    let cell = |wanted: &str| {
        let (index, _) = columns.iter().find(|(_, name)| *name == wanted)?;
        let words = document.get(item.span.clone())?.split('|').nth(*index)?.trim();
        let digits = words.trim_end_matches(|c: char| !c.is_ascii_digit());
        Decimal::parse("last", digits).ok()
    };
    let last = last_week(document, item).map(|(last, _)| last).or_else(|| cell("last"));
    ReportFigure::of_reading(item.read, last)
}

/// The figures of a document as they are told.
pub(super) fn told(document: &str, figures: &[FigureReading]) -> Vec<ReportFigure> {
    let items = items(document, figures);
    let columns = columns_of(document, &items);
    let mut shown: Vec<ReportFigure> = items.iter().map(|item| shown(document, item, &columns)).collect();
    shown.extend(figures.iter().skip(shown.len()).map(|read| ReportFigure::of_reading(read, None)));
    shown
}

/// The value of the week before, where the figure's words say it: `（上周99.94%）`.
fn last_week(document: &str, item: &Item<'_>) -> Option<(Decimal, Range<usize>)> {
    let tail = document.get(item.read.value_span.end..item.span.end)?;
    let at = ["上周", "last week"].iter().find_map(|word| tail.find(word).map(|at| at + word.len()))?;
    let rest = tail.get(at..)?;
    let lead = rest.len() - rest.trim_start_matches([' ', '：', ':', '为']).len();
    let digits: String = rest.get(lead..)?.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let value = Decimal::parse("last", &digits).ok()?;
    let start = item.read.value_span.end + at + lead;
    Some((value, start..start + digits.len()))
}

fn figure_template(document: &str, items: &[Item<'_>], style: &ReportStyle, week: IsoWeek, zone: Tz) -> String {
    let mut bases: Vec<(String, Vec<String>)> = Vec::new();
    let columns = columns_of(document, items);
    for (number, item) in (1..).zip(items) {
        let Some((base, tail)) = line_template(document, item, number, &columns) else { continue };
        match bases.iter_mut().find(|(have, _)| *have == base) {
            Some((_, tails)) if !tails.contains(&tail) => tails.push(tail),
            Some(_) => {}
            None => bases.push((base, vec![tail])),
        }
    }
    let mut candidates = Vec::new();
    let all: Vec<&String> =
        bases.iter().flat_map(|(_, tails)| tails).filter(|tail| tail.starts_with("{% if")).collect();
    for (base, tails) in &bases {
        candidates.extend(tails.iter().map(|tail| format!("{base}{tail}")));
        let optional = tails.iter().filter(|tail| tail.starts_with("{% if")).map(String::as_str).collect::<String>();
        candidates.push(format!("{base}{optional}"));
        // What only a line of another form says of the week before is wanted behind this form too.
        let known =
            |tail: &&&String| tails.contains(tail) || tail.split(' ').nth(2).is_some_and(|n| optional.contains(n));
        let foreign: String = all.iter().filter(|tail| !known(tail)).map(|tail| tail.as_str()).collect();
        candidates.push(format!("{base}{optional}{foreign}"));
        // `98.74%` beside `640 ms`: the blank belongs to units that are words.
        let (close, apart) = ("{{ value }}{{ unit }}", "{{ value }} {{ unit }}");
        if base.contains(close) && bases.iter().any(|(other, _)| *other == base.replace(close, apart)) {
            let either = "{{ value }}{% if unit and unit != \"%\" %} {% endif %}{{ unit }}";
            candidates.push(format!("{}{optional}", base.replace(close, either)));
        }
    }
    let written_as_it_stands = |candidate: &String| {
        let style = ReportStyle { figure: candidate.clone(), ..style.clone() };
        let Ok(writer) = Writer::new(&style, week, zone) else { return 0 };
        let same = |(number, item): &(usize, &Item<'_>)| {
            let shown = shown(document, item, &columns);
            let line = document.get(item.span.clone()).map(tidy).unwrap_or_default();
            writer.figure_line(&shown, *number).is_ok_and(|written| written == line.trim_end())
        };
        (1..).zip(items).filter(same).count()
    };
    candidates
        .into_iter()
        .rev()
        .map(|candidate| ((written_as_it_stands(&candidate), candidate.matches("{% if").count()), candidate))
        // Of equals the one that can say more.
        .max_by_key(|(rank, _)| *rank)
        .filter(|((same, _), _)| *same > 0)
        .map_or_else(|| style.figure.clone(), |(_, candidate)| candidate)
}

/// The line up to the value and its unit, and what stands behind.
fn line_template(
    document: &str,
    item: &Item<'_>,
    number: usize,
    columns: &[(usize, &'static str)],
) -> Option<(String, String)> {
    let read = item.read;
    let value = read.value_span.clone();
    if document.get(value.clone())? != read.value.to_string() {
        return None;
    }
    let lead = document.get(item.span.start..value.start)?;
    let name_at = item.span.start + lead.rfind(&read.name)?;
    let slot = |range: Range<usize>, text: &str| Slot { range, text: text.to_owned() };
    let mut slots = vec![slot(value.clone(), "{{ value }}"), slot(name_at..name_at + read.name.len(), "{{ name }}")];
    let behind = document.get(value.end..item.span.end)?;
    let mut base_end = value.end;
    if let Some(unit) = read.unit.as_deref() {
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        if behind.get(blanks..)?.starts_with(unit) {
            let start = value.end + blanks;
            slots.push(slot(start..start + unit.len(), "{{ unit }}"));
            base_end = start + unit.len();
        }
    }
    let before_name = document.get(item.span.start..name_at)?;
    let digits: String = before_name.trim_start().chars().take_while(char::is_ascii_digit).collect();
    if digits == number.to_string() {
        let start = item.span.start + before_name.len() - before_name.trim_start().len();
        slots.push(slot(start..start + digits.len(), "{{ number }}"));
    }
    let base = fill(document, &(item.span.start..base_end), slots);
    let tail_span = base_end..item.span.end;
    // A cell of a table is there also when it is empty.
    if document.get(item.span.clone())?.contains('|') {
        return Some((base, cells(document, item, &tail_span, columns)));
    }
    let named = named_parts(document, item, &tail_span);
    if named.is_empty() {
        return Some((base, literal(&tidy(document.get(tail_span)?))));
    }
    Some((base, optional(document, &tail_span, &named)))
}

/// What the words behind a value say of the week before and of the target, each with its name.
fn named_parts(document: &str, item: &Item<'_>, span: &Range<usize>) -> Vec<(Slot, &'static str)> {
    let read = item.read;
    let tail = document.get(span.clone()).unwrap_or_default();
    let unit = read.unit.clone().unwrap_or_default();
    let at = |start: usize, len: usize, text: &str| Slot {
        range: span.start + start..span.start + start + len,
        text: format!("{{{{ {text} }}}}"),
    };
    let mut named = Vec::new();
    named.extend(change_slot(document, span, read).map(|slot| (slot, "change")));
    // `99.1%`, or `99.1 %` with a blank of its own.
    let with_unit = |start: usize, digits: usize, name: &'static str| {
        let behind = tail.get(start + digits..).unwrap_or_default();
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        if unit.is_empty() || !behind.get(blanks..).is_some_and(|rest| rest.starts_with(&unit)) {
            return Slot { text: format!("{{{{ {name}_value }}}}"), ..at(start, digits, name) };
        }
        let slot = at(start, digits + blanks + unit.len(), name);
        if blanks == 0 { slot } else { Slot { text: format!("{{{{ {name}_value }}}} {{{{ unit }}}}"), ..slot } }
    };
    if let Some((_, range)) = last_week(document, item) {
        named.push((with_unit(range.start - span.start, range.len(), "last"), "last"));
    }
    if let Some(target) = read.target {
        let text = target.to_string();
        let mut places = ["目标", "target", "SLO", "/"].iter().filter_map(|word| tail.find(word)).chain([0]);
        let found = places.find_map(|from| tail.get(from..)?.find(&text).map(|at| at + from));
        named.extend(found.map(|start| (with_unit(start, text.len(), "target"), "target")));
    }
    named.sort_by_key(|(slot, _)| slot.range.start);
    named
}

/// Words for the way up and for the way down, as they go together.
const WAYS: [(&str, &str); 8] = [
    ("上升", "下降"),
    ("提升", "下降"),
    ("上涨", "下跌"),
    ("增加", "减少"),
    ("延长", "缩短"),
    ("升高", "降低"),
    ("升", "降"),
    ("up ", "down "),
];

/// What the words of `span` say of the change against the week before: `-0.02pp`, `↓0.02pp`, `下降 0.02 个百分点`.
fn change_slot(document: &str, span: &Range<usize>, read: &FigureReading) -> Option<Slot> {
    let (delta, words) = (read.delta?, document.get(span.clone())?);
    let unit = read.delta_unit.clone().unwrap_or_default();
    let (signed, way, arrow) = change_of(&(delta, unit.clone()));
    let forms = [(way, "change_words"), (arrow, "arrow"), (signed, "change")];
    if let Some((at, len, name)) =
        forms.iter().find_map(|(text, name)| Some((words.find(text.as_str())?, text.len(), name)))
    {
        let range = span.start + at..span.start + at + len;
        return Some(Slot { range, text: format!("{{{{ {name} }}}}") });
    }
    let size = Decimal { units: delta.units.saturating_abs(), scale: delta.scale }.to_string();
    let (start, way, up, down) = WAYS
        .iter()
        .find_map(|(up, down)| [*up, *down].into_iter().find_map(|way| Some((words.find(way)?, way, *up, *down))))?;
    let behind = words.get(start + way.len()..)?;
    let first = behind.len() - behind.trim_start_matches(' ').len();
    let rest = behind.get(first..)?.strip_prefix(size.as_str())?;
    let second = rest.len() - rest.trim_start_matches(' ').len();
    let rest = rest.get(second..)?.strip_prefix(unit.as_str())?;
    let end = words.len() - rest.len();
    let (first, second) = (" ".repeat(first), " ".repeat(second));
    Some(Slot {
        range: span.start + start..span.start + end,
        text: format!(
            "{{% if flat %}}持平{{% else %}}{{% if up %}}{up}{{% else %}}{down}{{% endif %}}{first}{{{{ change_size }}}}{second}{{{{ change_unit }}}}{{% endif %}}"
        ),
    })
}

/// Parts that a line may lack, with the words around them: `（上周 {{ last }}，目标 {{ target }}）`.
fn optional(document: &str, span: &Range<usize>, named: &[(Slot, &'static str)]) -> String {
    let any = |names: &[(Slot, &'static str)]| names.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(" or ");
    if let [(slot, name)] = named {
        return format!("{{% if {name} %}}{}{{% endif %}}", fill(document, span, vec![slot.clone()]));
    }
    let tail = document.get(span.clone()).unwrap_or_default();
    let inner_start = tail
        .find(['（', '(', '，', ',', ' '])
        .map_or(0, |at| at + tail.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8));
    let first = named.first().map_or(span.start, |(slot, _)| slot.range.start);
    let mut at = (span.start + inner_start).min(first);
    let mut text = format!("{{% if {} %}}{}", any(named), literal(document.get(span.start..at).unwrap_or_default()));
    for (index, (slot, name)) in named.iter().enumerate() {
        let rest = named.get(index + 1..).unwrap_or_default();
        let lead = literal(document.get(at..slot.range.start).unwrap_or_default());
        // Up to the separator the words belong to this part.
        let next = rest.first().map_or(span.end, |(next, _)| next.range.start);
        let between = document.get(slot.range.end..next).unwrap_or_default();
        let cut = between.find(['，', ',', '；', ';', '、', '/']).filter(|_| !rest.is_empty());
        let own = literal(between.get(..cut.unwrap_or(0)).unwrap_or_default());
        let separator = cut.and_then(|cut| between.get(cut..)).map_or(0, |words| {
            let sign = words.chars().next().map_or(0, char::len_utf8);
            sign + words.get(sign..).map_or(0, |more| more.len() - more.trim_start().len())
        });
        let words = cut.and_then(|cut| between.get(cut..cut + separator)).unwrap_or_default();
        text.push_str(&format!("{{% if {name} %}}{lead}{}{own}", slot.text));
        if !rest.is_empty() {
            text.push_str(&format!("{{% if {} %}}{}{{% endif %}}", any(rest), literal(words)));
        }
        text.push_str("{% endif %}");
        at = slot.range.end + cut.unwrap_or(0) + separator;
    }
    text.push_str(&literal(document.get(at..span.end).unwrap_or_default()));
    text.push_str("{% endif %}");
    text
}

/// The cells behind a value, named by the heads of their columns.
fn cells(document: &str, item: &Item<'_>, span: &Range<usize>, columns: &[(usize, &'static str)]) -> String {
    let row = document.get(item.span.clone()).unwrap_or_default();
    let mut slots = Vec::new();
    let mut start = 0;
    for (index, cell) in row.split('|').enumerate() {
        let words = cell.trim();
        let from = item.span.start + start + (cell.len() - cell.trim_start().len());
        start += cell.len() + 1;
        if let Some((_, name)) = columns.iter().find(|(column, _)| *column == index)
            && from >= span.start
        {
            let range = from..from + words.len();
            if *name == "change"
                && let Some(slot) = change_slot(document, &range, item.read)
            {
                let text = format!("{{% if change %}}{}{{% endif %}}", slot.text);
                slots.push(Slot { range: slot.range, text });
                continue;
            }
            let none = if words == "-" || words == "—" || words == "/" { words } else { "" };
            let text = if none.is_empty() {
                format!("{{{{ {name} }}}}")
            } else {
                format!("{{{{ {name}|default(\"{none}\", true) }}}}")
            };
            slots.push(Slot { range, text });
        }
    }
    fill(document, span, slots)
}

/// Which column of the table says what of the week before and of the target, by the head above the first row.
fn columns_of(document: &str, items: &[Item<'_>]) -> Vec<(usize, &'static str)> {
    let Some(row) = items.iter().find(|item| document.get(item.span.clone()).is_some_and(|row| row.contains('|')))
    else {
        return Vec::new();
    };
    let above = document.get(..row.span.start).unwrap_or_default();
    let head =
        above.lines().rev().filter(|line| line.contains('|')).find(|line| line.chars().any(char::is_alphanumeric));
    let name = |words: &str| {
        let words = words.trim().to_lowercase();
        let any = |list: &[&str]| list.iter().any(|word| words.contains(word));
        if any(&["较", "环比", "变化", "change", "delta", "vs"]) {
            Some("change")
        } else if any(&["上周", "上期", "last"]) {
            Some("last")
        } else if any(&["目标", "target", "slo"]) {
            Some("target")
        } else {
            None
        }
    };
    head.unwrap_or_default().split('|').enumerate().filter_map(|(index, cell)| Some((index, name(cell)?))).collect()
}

fn counts_template(
    document: &str,
    line: &Range<usize>,
    counts: &[&IncidentCountReading],
    style: &mut ReportStyle,
) -> Option<String> {
    let (so_far, of_week): (Vec<_>, Vec<_>) = counts.iter().copied().partition(|count| count.scope == Some(Scope::Ytd));
    let week_loop = loop_of(document, line, &of_week, "counts")?;
    let Some(so_far_loop) = loop_of(document, line, &so_far, "year_to_date") else {
        let lead = document.get(line.start..week_loop.0.start)?;
        let tail = document.get(week_loop.0.end..line.end)?;
        return Some(format!("{}{}{}", literal(&tidy(lead)), week_loop.1, literal(&tidy(tail))));
    };
    style.year_to_date = true;
    let lead = document.get(line.start..week_loop.0.start)?;
    let between = document.get(week_loop.0.end..so_far_loop.0.start)?;
    let tail = document.get(so_far_loop.0.end..line.end)?;
    Some(format!(
        "{}{}{{% if year_to_date %}}{}{}{}{{% endif %}}",
        literal(lead),
        week_loop.1,
        literal(between),
        so_far_loop.1,
        literal(tail)
    ))
}

/// Counts that stand in a row, as a loop, and the characters that it takes.
fn loop_of(
    document: &str,
    line: &Range<usize>,
    counts: &[&IncidentCountReading],
    list: &str,
) -> Option<(Range<usize>, String)> {
    let mut pieces: Vec<(Range<usize>, String)> = Vec::new();
    let mut from = line.start;
    for count in counts {
        let lead = document.get(from..count.value_span.start)?;
        let label = level_label(&count.severity);
        let lower = count.severity.to_lowercase();
        let title: String = count.severity.chars().take(1).chain(lower.chars().skip(1)).collect();
        let names = [
            (label, "{{ c.label }}"),
            (count.severity.clone(), "{{ c.level }}"),
            (slashed(&count.severity), "{{ c.slashed }}"),
            (lower, "{{ c.level|lower }}"),
            (title, "{{ c.level|capitalize }}"),
        ];
        let (at, word, name) =
            names.iter().find_map(|(word, name)| lead.rfind(word.as_str()).map(|at| (at, word, *name)))?;
        let start = from + at;
        let mid = document.get(start + word.len()..count.value_span.start)?;
        if document.get(count.value_span.clone())? != count.count.to_string() {
            return None;
        }
        let behind = document.get(count.value_span.end..line.end)?;
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        let unit = behind.get(blanks..)?.chars().next().filter(|c| matches!(c, '次' | '起' | '个' | '件'));
        let end = count.value_span.end + unit.map_or(0, |unit| blanks + unit.len_utf8());
        let tail = document.get(count.value_span.end..end)?;
        pieces.push((start..end, format!("{name}{}{{{{ c.count }}}}{}", literal(mid), literal(tail))));
        from = end;
    }
    let piece = pieces.first()?.1.clone();
    let whole = pieces.first()?.0.start..pieces.last()?.0.end;
    let separators = pieces.windows(2).filter_map(|pair| match pair {
        [before, after] => document.get(before.0.end..after.0.start).map(str::to_owned),
        _ => None,
    });
    let separator = literal(&most(separators).unwrap_or_else(|| "，".to_owned()));
    let text = format!("{{% for c in {list} %}}{piece}{{% if not loop.last %}}{separator}{{% endif %}}{{% endfor %}}");
    Some((whole, text))
}

/// What stands around the lines.
fn frame(
    document: &str,
    section: &SectionReading,
    items: &[Item<'_>],
    counts: Option<&IncidentCountReading>,
    week: IsoWeek,
) -> String {
    let counts_line = counts.map(|count| count.line_span.clone());
    let counts_first = counts_line.as_ref().zip(items.first()).is_some_and(|(line, item)| line.start < item.span.start);
    let start = items.first().map(|item| item.span.start).into_iter().chain(counts_line.iter().map(|l| l.start)).min();
    let start = start.unwrap_or(section.body.start);
    let prefix = document.get(section.heading.start..start).map(tidy).unwrap_or_default();
    let group = items.first().and_then(|item| item.read.group.as_deref()).filter(|_| !counts_first);
    let (head, group_line) = match group.and_then(|group| group_line(&prefix, group)) {
        Some((head, line)) => (head, line),
        None => (prefix, String::new()),
    };
    let (mut gaps, mut group_gaps) = (Vec::new(), Vec::new());
    for pair in items.windows(2) {
        let [before, after] = pair else { continue };
        let text = document.get(before.span.end..after.span.start).map(tidy).unwrap_or_default();
        if before.read.group == after.read.group {
            gaps.push(text);
        } else if let Some((lead, _)) = after.read.group.as_deref().and_then(|group| group_line_in(&text, group)) {
            group_gaps.push(lead);
        }
    }
    let gap = most(gaps.into_iter()).unwrap_or_else(|| "\n".to_owned());
    let group_gap = most(group_gaps.into_iter()).unwrap_or_else(|| "\n\n".to_owned());
    let mut text = general(&literal(&head), week);
    let counts_text = |before: &str, after: &str| {
        format!("{{% if counts_line %}}{}{{{{ counts_line }}}}{after}{{% endif %}}", behind_tag(&literal(before)))
    };
    if counts_first && let (Some(line), Some(first)) = (&counts_line, items.first()) {
        let between = document.get(line.end..first.span.start).map(tidy).unwrap_or_default();
        text.push_str(&counts_text("", &literal(&between)));
    }
    text.push_str("{% for group in groups %}\n{% if not loop.first %}\n");
    text.push_str(&format!("{}{{% endif %}}", literal(&group_gap)));
    if !group_line.is_empty() {
        text.push_str(&format!("{{% if group.name %}}{}{{% endif %}}", behind_tag(&group_line)));
    }
    text.push_str("{% for figure in group.figures %}\n{% if not loop.first %}\n");
    text.push_str(&format!("{}{{% endif %}}{{{{ figure.line }}}}{{% endfor %}}\n{{% endfor %}}\n", literal(&gap)));
    if !counts_first && let Some(line) = &counts_line {
        let between =
            items.last().and_then(|item| document.get(item.span.end..line.start)).map_or_else(String::new, tidy);
        text.push_str(&format!("{}\n", counts_text(&between, "")));
    } else if counts_line.is_none() {
        text.push_str(&format!("{}\n", counts_text("\n", "")));
    }
    text.push_str("{% if not figures and not counts_line %}\n{{ no_figures }}\n{% endif %}\n");
    text
}

/// A line end right behind a tag is not written: one more keeps it.
fn behind_tag(text: &str) -> String {
    if text.starts_with('\n') { format!("\n{text}") } else { text.to_owned() }
}

/// The text before the heading of a group, and that heading with the group's name as a name.
fn group_line(prefix: &str, group: &str) -> Option<(String, String)> {
    let (head, line, behind) = last_line(prefix)?;
    let at = line.find(group)?;
    let (before, after) = (line.get(..at)?, line.get(at + group.len()..)?);
    Some((head, format!("{}{{{{ group.name }}}}{}{}", literal(before), literal(after), literal(&behind))))
}

fn group_line_in(text: &str, group: &str) -> Option<(String, String)> {
    let (head, line, behind) = last_line(text)?;
    line.contains(group).then_some((head, behind))
}
