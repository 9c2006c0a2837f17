//! Figures and incident counts of the figures section (SCHEMA sections 5 and 6).

use std::ops::Range;

use super::{
    outline::Line,
    reading::{Decimal, FigureReading, IncidentCountReading, Scope},
    tables,
};
use crate::domain::text::{Folded, contains_any};

const UNITS: [&str; 28] = [
    "万",
    "万次",
    "亿",
    "万单",
    "个百分点",
    "us",
    "%",
    "pp",
    "ms",
    "毫秒",
    "分钟",
    "小时",
    "秒",
    "min",
    "s",
    "h",
    "次",
    "笔",
    "万笔",
    "起",
    "个",
    "bp",
    "tps",
    "qps",
    "元",
    "万元",
    "天",
    "‰",
];

/// The longest heading of a group in characters.
const LONGEST_GROUP: usize = 80;

/// Everything of the section's lines.
pub fn read(text: &Folded, lines: &[Line]) -> (Vec<FigureReading>, Vec<IncidentCountReading>) {
    let mut figures = Vec::new();
    let mut counts = Vec::new();
    let mut group: Option<String> = None;
    let mut index = 0;
    while let Some(own) = lines.get(index) {
        let line = &own.range;
        if !own.is_text() || text.is_blank(line.clone()) {
            index += 1;
            continue;
        }
        if let Some(end) = tables::end(text, lines, index) {
            read_table(text, lines.get(index..end).unwrap_or_default(), &mut figures, &mut counts);
            index = end.max(index + 1);
            continue;
        }
        let start = marker_end(text, line);
        let counted = group.as_deref().is_some_and(names_incidents);
        let found = incident_counts(text, start..line.end, line, counted);
        if found.is_empty() {
            let before = figures.len();
            read_line(text, start, line, group.as_deref(), &mut figures);
            let words = text.text(line.start..line.end.min(line.start + LONGEST_GROUP));
            let trimmed = words.trim().trim_matches(['*', '-', ' ', '#']);
            if figures.len() == before && trimmed.ends_with(':') {
                group =
                    Some(trimmed.trim_end_matches(':').trim().trim_matches('*').to_owned()).filter(|g| !g.is_empty());
            }
        } else {
            counts.extend(found);
        }
        index += 1;
    }
    (figures, counts)
}

fn marker_end(text: &Folded, line: &Range<usize>) -> usize {
    let mut start = text.skip_blanks(line.start);
    if matches!(text.at(start), '-' | '*' | '+' | '•' | '·') && !text.at(start + 1).is_ascii_digit() {
        start = text.skip_blanks(start + 1);
    } else if let Some((_, end)) = text.digits(start, 4)
        && matches!(text.at(end), '.' | '、' | ')')
        && !(text.at(end) == '.' && text.at(end + 1).is_ascii_digit())
    {
        start = text.skip_blanks(end + 1);
    }
    while text.at(start) == '*' {
        start += 1;
    }
    start.min(line.end)
}

/// A comma between groups of three digits: `1,206`.
fn groups(text: &Folded, at: usize) -> bool {
    matches!(text.at(at), ',' | '，')
        && (1..=3).all(|i| text.at(at + i).is_ascii_digit())
        && !text.at(at + 4).is_ascii_digit()
}

/// A decimal at `index`, its sign included.
fn decimal_at(text: &Folded, index: usize) -> Option<(Decimal, usize)> {
    let signed = matches!(text.at(index), '-' | '+');
    let negative = text.at(index) == '-';
    let mut end = index + usize::from(signed);
    let start = end;
    let mut units = 0_i64;
    let mut scale = 0_u8;
    let mut point = false;
    while end < text.len() {
        let c = text.at(end);
        if let Some(digit) = c.to_digit(10) {
            units = units.checked_mul(10)?.checked_add(i64::from(digit))?;
            if point {
                scale += 1;
            }
            if scale > 9 {
                return None;
            }
        } else if c == '.' && !point && text.at(end + 1).is_ascii_digit() {
            point = true;
        } else if point || !groups(text, end) {
            break;
        }
        end += 1;
    }
    (end > start).then_some((Decimal { units: if negative { -units } else { units }, scale }, end))
}

fn unit_at(text: &Folded, index: usize) -> Option<(String, usize)> {
    let at = text.skip_blanks(index);
    let mut best: Option<(String, usize)> = None;
    for unit in UNITS {
        let length = unit.chars().count();
        let word = unit.chars().all(|c| c.is_ascii_alphabetic());
        if text.has(at, unit)
            && !(word && text.at(at + length).is_ascii_alphabetic())
            && best.as_ref().is_none_or(|(have, _)| have.chars().count() < length)
        {
            best = Some((text.text(at..at + length), at + length));
        }
    }
    best
}

/// Figures of one line; parts after commas are further figures or notes to the one before.
fn read_line(text: &Folded, start: usize, line: &Range<usize>, group: Option<&str>, figures: &mut Vec<FigureReading>) {
    let first = figures.len();
    let mut part = start;
    let mut depth = 0_i32;
    for index in start..=line.end {
        let c = if index == line.end { ';' } else { text.at(index) };
        match c {
            '(' | '[' | '【' => depth += 1,
            ')' | ']' | '】' => depth -= 1,
            _ => {}
        }
        let digits = index > start && text.at(index - 1).is_ascii_digit() && text.at(index + 1).is_ascii_digit();
        let cut = index == line.end
            || (depth <= 0 && matches!(c, '，' | '；' | ';' | '。' | '、'))
            || (depth <= 0 && c == ',' && !digits);
        if !cut {
            continue;
        }
        match figure_of(text, part..index, line, group) {
            Some(figure) if !is_note(&figure.name) => figures.push(figure),
            _ if figures.len() > first => {
                if let Some(figure) = figures.last_mut() {
                    annotate(text, part..index, figure);
                }
            }
            _ => {}
        }
        part = index + 1;
    }
}

fn is_note(name: &str) -> bool {
    let lower = name.to_lowercase();
    [
        "较上周",
        "上周",
        "环比",
        "同比",
        "目标",
        "比上周",
        "target",
        "vs",
        "last week",
        "slo",
        "上期",
        "较上期",
        "上升",
        "下降",
        "提升",
        "持平",
        "down",
        "up",
        "improved",
        "was",
        "from",
        "prev",
        "previous",
        "threshold",
        "阈值",
        "同期",
        "去年",
        "缩短",
        "增加",
        "减少",
    ]
    .iter()
    .any(|word| lower.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric())))
}

fn figure_of(text: &Folded, part: Range<usize>, line: &Range<usize>, group: Option<&str>) -> Option<FigureReading> {
    let colon = part.clone().find(|i| {
        text.at(*i) == ':' && !(text.at(i + 1).is_ascii_digit() && *i > part.start && text.at(i - 1).is_ascii_digit())
    });
    let (value, start, end) = match colon {
        Some(colon) => {
            let at = (colon + 1..part.end).find(|i| text.at(*i).is_ascii_digit())?;
            if (colon + 1..at).any(|i| text.at(i) == '(') {
                return None;
            }
            let at = if matches!(text.at(at - 1), '-') && at - 1 > colon { at - 1 } else { at };
            let (value, end) = decimal_at(text, at)?;
            (value, at, end)
        }
        None => part.clone().find_map(|i| {
            let before = if i == 0 { ' ' } else { text.at(i - 1) };
            if !text.at(i).is_ascii_digit() || before.is_ascii_alphanumeric() || before == '.' {
                return None;
            }
            let (value, end) = decimal_at(text, i)?;
            unit_at(text, end).is_some().then_some((value, i, end))
        })?,
    };
    let name_end = colon.unwrap_or(start);
    let name = text.text(part.start..name_end);
    let mut name = name.trim().trim_matches(['*', ' ', ':', '-', '|', '`']).trim();
    if colon.is_none() {
        for tail in ["达到", "达", "为", "是", "约", "is", "="] {
            name = name.strip_suffix(tail).unwrap_or(name).trim();
        }
    }
    if name.is_empty() || name.chars().count() > 60 || !name.chars().any(char::is_alphabetic) {
        return None;
    }
    let (unit, after) = match unit_at(text, end) {
        Some((unit, after)) => (Some(unit), after),
        None => (None, end),
    };
    let mut figure = FigureReading {
        name: name.to_owned(),
        group: group.map(ToOwned::to_owned),
        value,
        unit,
        delta: None,
        delta_unit: None,
        target: None,
        value_span: text.bytes(&(start..end)),
        line_span: text.bytes(line),
    };
    annotate(text, after..part.end, &mut figure);
    Some(figure)
}

/// Words and signs of a change to less.
const DOWN: &[&str] =
    &["下降", "下跌", "降低", "减少", "下滑", "缩短", "down", "decreas", "fell", "降", "跌", "↓", "▼", "⬇", "↘"];

/// Words and signs of a change to more.
const UP: &[&str] =
    &["上涨", "上升", "提升", "提高", "增加", "增长", "up", "increas", "rose", "升", "涨", "↑", "▲", "⬆", "↗"];

/// Words that say that nothing changed: the number beside them is none of a change.
const UNCHANGED: &[&str] = &["持平", "不变", "unchanged", "flat"];

/// Reads `（较上周-0.02pp）`, `/ 99.95%（实际/目标）`, `(target 99.99%)` behind a value.
fn annotate(text: &Folded, range: Range<usize>, figure: &mut FigureReading) {
    /// Characters around a number that say what it is.
    const NOTE: usize = 60;
    let words = text.text(range.start..range.end.min(range.start + 4 * NOTE)).to_lowercase();
    let pair = words.contains("实际/目标") || words.contains("actual/target") || words.contains("实际值/目标");
    let mut index = range.start;
    let mut last_word = range.start;
    while index < range.end {
        let here = text.at(index);
        let signed = matches!(here, '-' | '+') && text.at(index + 1).is_ascii_digit();
        let before = if index == 0 { ' ' } else { text.at(index - 1) };
        if !(signed || here.is_ascii_digit()) || before.is_ascii_alphanumeric() {
            index += 1;
            continue;
        }
        let Some((value, end)) = decimal_at(text, index) else {
            index += 1;
            continue;
        };
        let context = text.text(last_word.max(index.saturating_sub(NOTE))..index).to_lowercase();
        let unit = unit_at(text, end);
        let behind = text.text(end..range.end.min(end + NOTE)).to_lowercase();
        let has = |list: &[&str]| list.iter().any(|word| context.contains(word));
        let change = has(&["较", "环比", "比上", "变化", "vs", "同比", "change", "compared", "delta"])
            || behind.contains("vs ")
            || behind.contains("from last")
            || behind.contains("wow");
        let (down, up) = (contains_any(&context, DOWN), contains_any(&context, UP));
        if has(&["目标", "target", "slo", "goal"]) || (pair && figure.target.is_none() && context.contains('/')) {
            figure.target = figure.target.or(Some(value));
        } else if figure.delta.is_none() && !has(UNCHANGED) && (signed || up || down || (change && unit.is_some())) {
            let value = if down && value.units > 0 { Decimal { units: -value.units, ..value } } else { value };
            figure.delta = Some(value);
            figure.delta_unit = unit.as_ref().map(|(unit, _)| unit.clone());
        }
        index = unit.map_or(end, |(_, after)| after);
        last_word = index;
    }
}

/// `事故数AB级0次，C级0.5次`, `Incidents: Sev1 0, Sev2 1`, `P0 0次`.
fn incident_counts(
    text: &Folded,
    range: Range<usize>,
    line: &Range<usize>,
    counted: bool,
) -> Vec<IncidentCountReading> {
    /// Words that say which time counts are of.
    const SCOPES: &[&str] = &["本周", "本年累计", "年累计", "本年", "全年", "this week", "year to date", "ytd"];
    /// Characters that are looked through for the time that counts are of.
    const SCOPE_WORDS: usize = 200;
    let keyed = counted
        || ["事故", "incident", "事件数", "故障", "事件"]
            .iter()
            .any(|word| range.clone().any(|index| text.has(index, word)));
    let mut found: Vec<IncidentCountReading> = Vec::new();
    let mut index = range.start;
    // `(本年累计 AB级0次)` says of its own counts which time they are of; `(本年累计)` says so of those before it.
    let lead = text.find(range.clone(), '(').unwrap_or(range.end).min(range.start + SCOPE_WORDS);
    // `本周 A级 0 起；本年累计 A级 1 起`: such words count from where they stand.
    let several = (range.start..lead).filter(|index| text.any(*index, SCOPES).is_some()).count() > 1;
    let mut scope = if several { None } else { scope_of(&text.text(range.start..lead)) };
    let mut outer = scope;
    let mut in_bracket = None;
    while index < range.end {
        match text.at(index) {
            '(' => {
                let within = index..range.end.min(index + SCOPE_WORDS);
                let close = text.find(within.clone(), ')').unwrap_or(within.end);
                let inner = scope_of(&text.text(index..close));
                in_bracket = Some((found.len(), inner));
                scope = inner.or(outer);
            }
            ')' => {
                if let Some((before, Some(inner))) = in_bracket.take()
                    && found.len() == before
                {
                    for count in &mut found {
                        count.scope = Some(inner);
                    }
                }
                scope = outer;
            }
            _ => {}
        }
        if several && let Some(length) = text.any(index, SCOPES) {
            outer = scope_of(&text.text(index..index + length));
            scope = outer;
        }
        let before = if index == 0 { ' ' } else { text.at(index - 1) };
        let Some((label, label_end, graded)) = label_at(text, index).filter(|_| !before.is_ascii_alphanumeric()) else {
            index += 1;
            continue;
        };
        let mut at = text.skip_blanks(label_end);
        while let Some(length) = text.any(at, &[":", "事故", "事件", "故障", "=", "×", "x", "*"]) {
            at = text.skip_blanks(at + length);
        }
        let named = count_at(text, at).or_else(|| count_before(text, index));
        let Some((count, at, end)) = named.map(|(count, own)| (count, own.start, own.end.max(label_end))) else {
            index = label_end;
            continue;
        };
        let times = text.any(text.skip_blanks(end), &["次", "起", "个", "件"]).is_some();
        if keyed || (times && graded) || at < index {
            found.push(IncidentCountReading {
                severity: label,
                count,
                scope,
                value_span: text.bytes(&(at..end)),
                line_span: text.bytes(line),
            });
        }
        index = end;
    }
    found
}

/// Whether the heading of a group says that incidents are counted below it.
fn names_incidents(group: &str) -> bool {
    let group = group.to_lowercase();
    ["事故", "故障", "事件", "incident"].iter().any(|word| group.contains(word))
}

/// `0.5`, `零`, `两`: a count and the characters it takes.
fn count_at(text: &Folded, at: usize) -> Option<(Decimal, Range<usize>)> {
    if text.at(at).is_ascii_digit() {
        return decimal_at(text, at).map(|(count, end)| (count, at..end));
    }
    let (count, end) = text.numeral(at)?;
    let counted = text.any(end, &["次", "起", "个", "件"]).is_some();
    counted.then(|| (Decimal { units: i64::from(count), scale: 0 }, at..end))
}

/// `No P1, one P2, three P3`: the count in front of the label.
fn count_before(text: &Folded, index: usize) -> Option<(Decimal, Range<usize>)> {
    const WORDS: [(&str, i64); 8] =
        [("no", 0), ("zero", 0), ("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6)];
    let end = index.checked_sub(1).filter(|end| text.at(*end) == ' ')?;
    WORDS.iter().find_map(|(word, units)| {
        let from = end.checked_sub(word.len())?;
        let free = from == 0 || !text.at(from - 1).is_ascii_alphanumeric();
        (free && text.has(from, word)).then_some((Decimal { units: *units, scale: 0 }, from..end))
    })
}

/// The time that words say counts are of.
fn scope_of(words: &str) -> Option<Scope> {
    let words = words.to_lowercase();
    if ["年累计", "本年累计", "ytd", "年初至今", "累计"].iter().any(|word| words.contains(word)) {
        Some(Scope::Ytd)
    } else if words.contains('年') || words.contains("year") {
        Some(Scope::Year)
    } else if words.contains("本周") || words.contains("week") {
        Some(Scope::Week)
    } else {
        None
    }
}

/// A severity label: `AB级`, `C`, `P0`, `Sev2`, `S1`, in capitals; whether 级 stands behind it.
fn label_at(text: &Folded, index: usize) -> Option<(String, usize, bool)> {
    if text.has(index, "sev") {
        let digit = index + 3 + usize::from(matches!(text.at(index + 3), '-' | ' '));
        let (number, end) = text.digits(digit, 1)?;
        return Some((format!("SEV{number}"), end, false));
    }
    if matches!(text.at(index), 'P' | 'p' | 'S')
        && text.at(index + 1).is_ascii_digit()
        && !text.at(index + 2).is_ascii_digit()
    {
        let graded = text.at(index + 2) == '级';
        return Some((text.text(index..index + 2).to_uppercase(), index + 2 + usize::from(graded), graded));
    }
    if "一二三四五".contains(text.at(index)) {
        let graded = text.any(index + 1, &["级事件", "级事故", "级故障", "级"])?;
        return Some((text.at(index).to_string(), index + 1 + graded, true));
    }
    let mut end = index;
    while matches!(text.at(end), 'A'..='F' | '/' | '、') && end - index < 6 {
        end += 1;
    }
    if end == index || !text.at(index).is_ascii_alphabetic() || text.at(end).is_ascii_alphabetic() {
        return None;
    }
    let label: String = text.text(index..end).chars().filter(char::is_ascii_alphabetic).collect();
    let end = if text.at(end) == ' ' && text.at(end + 1) == '级' { end + 1 } else { end };
    let graded = text.at(end) == '级';
    (graded || text.at(end) == ' ' || text.at(end) == ':').then(|| (label, end + usize::from(graded), graded))
}

fn read_table(text: &Folded, rows: &[Line], figures: &mut Vec<FigureReading>, counts: &mut Vec<IncidentCountReading>) {
    let Some(table) = tables::read(text, rows) else { return };
    let column = |words: &[&str]| {
        table.header.iter().position(|name| {
            let name = name.to_lowercase();
            words.iter().any(|word| name.contains(word))
        })
    };
    let exact = |words: &[&str]| table.header.iter().position(|name| words.contains(&name.to_lowercase().as_str()));
    let name_at = column(&["指标", "名称", "metric", "indicator", "项目", "name", "figure"]).unwrap_or(0);
    let value_at = exact(&["本周", "数值", "值", "当前", "实际", "this week", "value", "actual", "current", "本期"])
        .or_else(|| column(&["本周", "数值", "实际", "当前", "this week", "value", "actual", "current"]))
        .unwrap_or(name_at + 1);
    let delta_at = column(&["较上周", "环比", "变化", "change", "delta", "δ", "比上周", "较上期", "vs"])
        .filter(|at| *at != value_at);
    let target_at = column(&["目标", "target", "slo"]).filter(|at| *at != value_at);
    for row in &table.rows {
        let found = incident_counts(text, row.line.clone(), &row.line, false);
        let name_cell = row.cells.get(name_at).map(|cell| text.text(cell.clone())).unwrap_or_default();
        if !found.is_empty() && (name_cell.contains("事故") || name_cell.to_lowercase().contains("incident")) {
            counts.extend(found);
            continue;
        }
        let Some(cell) = row.cells.get(value_at) else { continue };
        let Some(at) = cell.clone().find(|i| text.at(*i).is_ascii_digit()) else { continue };
        let Some((value, end)) = decimal_at(text, at) else { continue };
        let name = name_cell.trim().trim_matches(['*', '`']).trim().to_owned();
        if name.is_empty() {
            continue;
        }
        let other = |at: Option<usize>| {
            let cell = row.cells.get(at?)?;
            let from = cell.clone().find(|i| text.at(*i).is_ascii_digit())?;
            let from = if from > cell.start && matches!(text.at(from - 1), '-' | '+') { from - 1 } else { from };
            let (value, end) = decimal_at(text, from)?;
            Some((value, unit_at(text, end).filter(|(_, e)| *e <= cell.end).map(|(unit, _)| unit)))
        };
        let change = delta_at.and_then(|at| row.cells.get(at)).map(|cell| text.text(cell.clone()).to_lowercase());
        let change = change.unwrap_or_default();
        let delta = other(delta_at).filter(|_| !contains_any(&change, UNCHANGED)).map(|(value, unit)| {
            // `下降 0.004 个百分点`: the word is the sign.
            let falls = value.units > 0 && contains_any(&change, DOWN);
            (if falls { Decimal { units: -value.units, ..value } } else { value }, unit)
        });
        let mut figure = FigureReading {
            name,
            group: None,
            value,
            unit: unit_at(text, end).filter(|(_, e)| *e <= cell.end).map(|(unit, _)| unit),
            delta: delta.as_ref().map(|(value, _)| *value),
            delta_unit: delta.and_then(|(_, unit)| unit),
            target: other(target_at).map(|(value, _)| value),
            value_span: text.bytes(&(at..end)),
            line_span: text.bytes(&row.line),
        };
        annotate(text, end..cell.end, &mut figure);
        figures.push(figure);
    }
}
