//! Events of the events section: where each begins and ends, and what it says (SCHEMA section 7).

use std::ops::Range;

use chrono::NaiveDate;

use super::{
    reading::{EventReading, Layout},
    sections, tables,
};
use crate::domain::{
    capture::{
        Anatomy, EventText, FieldKey,
        draft::{CaptureContext, DraftEvent},
        field_key, read_event_text,
        times::{self, TimeToken},
    },
    text::Folded,
};

/// How the first event of a section begins; it tells where the next ones may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Numbered,
    Titled,
    Bullet,
    Paragraph,
}

struct Block {
    start: usize,
    end: usize,
    title: Option<Range<usize>>,
    mode: Mode,
    date: Option<NaiveDate>,
    lines: Vec<Range<usize>>,
}

/// The events of the section's characters `body`.
pub fn read(original: &str, text: &Folded, body: Range<usize>, context: &CaptureContext) -> Vec<EventReading> {
    let tokens = times::scan(text);
    let mut events = Vec::new();
    let lines: Vec<Range<usize>> = sections::lines(text)
        .into_iter()
        .map(|line| line.start.max(body.start)..line.end.min(body.end))
        .filter(|line| line.start < line.end || (body.start <= line.start && line.end < body.end))
        .filter(|line| line.start >= body.start && line.start <= line.end)
        .collect();
    let mut block: Option<Block> = None;
    let mut heading_date: Option<NaiveDate> = None;
    let mut first_mode: Option<Mode> = None;
    let mut fenced = false;
    let mut index = 0;
    while let Some(line) = lines.get(index).cloned() {
        let words = text.text(line.clone());
        let trimmed = words.trim();
        let fence = trimmed.starts_with("```");
        if fenced || fence {
            fenced ^= fence;
            extend(&mut block, &line);
            index += 1;
            continue;
        }
        if trimmed.is_empty() || is_rule(trimmed) {
            index += 1;
            continue;
        }
        if let Some(end) = tables::end(text, &lines, index) {
            close(&mut block, original, text, context, &mut events);
            read_table(original, text, lines.get(index..end).unwrap_or_default(), context, &mut events);
            index = end.max(index + 1);
            continue;
        }
        if events.is_empty() && block.is_none() && is_nothing(trimmed) {
            index += 1;
            continue;
        }
        let start = Start::of(text, &line, &tokens);
        if let Some(token) = start.date_alone(text, &line) {
            let next = lines.iter().skip(index + 1).find(|line| !text.text((*line).clone()).trim().is_empty());
            let dated = next.is_some_and(|next| {
                let below = Start::of(text, next, &tokens);
                below.token.as_ref().is_some_and(|token| token.date.is_none() && token.seconds.is_some())
            });
            if dated && let Some(words) = token.date {
                close(&mut block, original, text, context, &mut events);
                heading_date = times::resolve_date(words, context, None).map(|(date, _)| date);
                index += 1;
                continue;
            }
        }
        let mode = start.begins(block.as_ref(), first_mode, heading_date.is_some());
        if let Some(mode) = mode {
            close(&mut block, original, text, context, &mut events);
            first_mode = first_mode.or(Some(mode));
            if start.token.as_ref().is_some_and(|token| token.date.is_some()) {
                heading_date = heading_date.filter(|_| mode == Mode::Bullet);
            }
            let title = (mode == Mode::Titled).then(|| start.title.clone()).flatten();
            let date = heading_date.filter(|_| start.token.as_ref().is_none_or(|token| token.date.is_none()));
            let content = title.is_none().then_some(start.content..line.end).into_iter().collect();
            block = Some(Block { start: line.start, end: line.end, title, mode, date, lines: content });
        } else {
            extend(&mut block, &line);
        }
        index += 1;
    }
    close(&mut block, original, text, context, &mut events);
    events
}

fn is_rule(line: &str) -> bool {
    line.chars().count() >= 3 && line.chars().all(|c| matches!(c, '-' | '*' | '_' | ' ' | '='))
}

/// `无`, `本周无。`, `none`.
fn is_nothing(words: &str) -> bool {
    let plain = words.trim_matches(['-', '*', ' ', '。', '.', '，', ':']).to_lowercase();
    [
        "无",
        "本周无",
        "暂无",
        "没有",
        "none",
        "n/a",
        "nil",
        "本周无生产事件",
        "本周无事件",
        "本周无线上事件",
        "本周没有",
        "none this week",
        "no incidents",
        "no incidents this week",
        "无事件",
        "无生产事件",
        "无线上问题",
        "本周无线上问题",
        "无线上事件",
        "本周无异常",
        "无异常",
    ]
    .contains(&plain.as_str())
}

fn extend(block: &mut Option<Block>, line: &Range<usize>) {
    if let Some(block) = block {
        block.lines.push(line.clone());
        block.end = line.end;
    }
}

/// What the beginning of a line looks like.
struct Start {
    indent: usize,
    numbered: bool,
    bullet: bool,
    title: Option<Range<usize>>,
    /// Where the content begins, behind markers.
    content: usize,
    /// The time at the beginning of the content.
    token: Option<TimeToken>,
    labelled: bool,
}

impl Start {
    fn of(text: &Folded, line: &Range<usize>, tokens: &[TimeToken]) -> Self {
        let mut at = line.start;
        let mut indent = 0;
        while matches!(text.at(at), ' ' | '\t') && at < line.end {
            indent += if text.at(at) == '\t' { 4 } else { 1 };
            at += 1;
        }
        let (mut numbered, mut bullet) = (false, false);
        if matches!(text.at(at), '-' | '*' | '+' | '•' | '·' | '>') && matches!(text.at(at + 1), ' ' | '\t') {
            bullet = true;
            at = text.skip_blanks(at + 1);
        }
        let bare = usize::from(text.at(at) == '(');
        if let Some((_, end)) = text.digits(at + bare, 2)
            && matches!(text.at(end), '.' | '、' | ')')
            && !text.at(end + 1).is_ascii_digit()
        {
            numbered = true;
            at = text.skip_blanks(end + 1);
        } else if "①②③④⑤⑥⑦⑧⑨⑩".contains(text.at(at)) {
            numbered = true;
            at = text.skip_blanks(at + 1);
        }
        let title = title_of(text, at, line.end);
        while matches!(text.at(at), '*' | '#') && at < line.end {
            at += 1;
        }
        at = text.skip_blanks(at);
        // A severity or a number in brackets may stand before the time: `【C级】08/19 15:00`.
        let mut lead = at;
        if matches!(text.at(lead), '【' | '[' | '(') {
            let close = (lead + 1..(lead + 12).min(line.end)).find(|i| matches!(text.at(*i), '】' | ']' | ')'));
            if let Some(close) = close {
                lead = text.skip_blanks(close + 1);
            }
        }
        // The tokens stand in order: of a long document only those of this line are looked at.
        let first = tokens.partition_point(|token| token.range.start < at);
        let token = tokens
            .iter()
            .skip(first)
            .take_while(|token| token.range.start <= lead)
            .find(|token| (token.range.start == at || token.range.start == lead) && token.range.end <= line.end)
            .cloned();
        let labelled = (at..line.end.min(at + 24))
            .find(|i| text.at(*i) == ':')
            .is_some_and(|colon| field_key(&text.text(at..colon)).is_some());
        Self { indent, numbered, bullet, title, content: at, token, labelled }
    }

    /// The date, when the line holds nothing else but a weekday in brackets.
    fn date_alone<'a>(&'a self, text: &Folded, line: &Range<usize>) -> Option<&'a TimeToken> {
        let token = self.token.as_ref().filter(|token| token.date.is_some() && token.seconds.is_none())?;
        let rest = text.text(token.range.end..line.end);
        let rest = rest.trim().trim_matches(['(', ')', ':', '*', ' ', '【', '】', ',', '，']);
        let weekday = rest.is_empty()
            || (rest.chars().count() <= 3 && (rest.starts_with('周') || rest.starts_with("星期")))
            || (rest.chars().count() <= 9 && rest.to_lowercase().ends_with("day"));
        weekday.then_some(token)
    }

    /// Whether an event begins here, and how.
    fn begins(&self, block: Option<&Block>, first: Option<Mode>, under_date: bool) -> Option<Mode> {
        let dated = self.token.as_ref().is_some_and(|token| token.date.is_some());
        let timed = self.token.as_ref().is_some_and(|token| token.seconds.is_some());
        if self.title.is_some() && self.indent < 2 {
            return Some(Mode::Titled);
        }
        let own = if self.numbered {
            Mode::Numbered
        } else if self.bullet {
            Mode::Bullet
        } else {
            Mode::Paragraph
        };
        let Some(block) = block else {
            return Some(own);
        };
        if self.labelled && !self.numbered && first != Some(Mode::Bullet) {
            return None;
        }
        if self.indent >= 2 && !(under_date && timed) {
            return None;
        }
        match block.mode {
            // Inside a titled event everything up to the next title belongs to it.
            Mode::Titled => None,
            Mode::Numbered if self.numbered => Some(Mode::Numbered),
            Mode::Numbered => {
                (dated && own == Mode::Paragraph && timed && first != Some(Mode::Numbered)).then_some(own)
            }
            _ if self.numbered && (dated || first == Some(Mode::Numbered)) => Some(Mode::Numbered),
            Mode::Bullet if self.bullet => {
                (dated || timed || first == Some(Mode::Bullet) && !self.labelled).then_some(Mode::Bullet)
            }
            _ if dated => Some(own),
            _ if under_date && timed => Some(own),
            _ => None,
        }
    }
}

/// `**事件一：分拣线…**`, `### 事件1 …`: the words of a title.
fn title_of(text: &Folded, at: usize, end: usize) -> Option<Range<usize>> {
    let words = text.text(at..end);
    let trimmed = words.trim_end();
    let marked = trimmed.starts_with('#')
        || (trimmed.starts_with("**") && trimmed.ends_with("**"))
        || (trimmed.starts_with('【') && trimmed.ends_with('】'));
    let inner = trimmed.trim_matches(['*', '#', ' ', '【', '】']);
    let bare = inner.chars().count() <= 40 && sections::is_event_title(inner) && !inner.contains(['，', '。']);
    if !(bare && (marked || inner.contains(':'))) && (!trimmed.starts_with('#') || inner.is_empty()) {
        return None;
    }
    let offset = words.chars().count() - words.trim_start_matches(['*', '#', ' ', '【']).chars().count();
    let from = at + offset;
    let to = from + inner.chars().count();
    let colon = (from..to.min(from + 10)).find(|i| text.at(*i) == ':');
    let start = match colon {
        Some(colon) => text.skip_blanks(colon + 1),
        None if sections::is_event_title(inner) => {
            (from..to).find(|i| text.at(*i) == ' ').map_or(from, |blank| text.skip_blanks(blank))
        }
        None => from,
    };
    Some(start.min(to)..to)
}

fn close(
    block: &mut Option<Block>,
    original: &str,
    text: &Folded,
    context: &CaptureContext,
    events: &mut Vec<EventReading>,
) {
    let Some(block) = block.take() else { return };
    let mut event = EventText { range: block.start..block.end, title: block.title.clone(), ..EventText::default() };
    let mut fenced = false;
    for line in &block.lines {
        let at = text.skip_blanks(line.start);
        let fence = text.has(at, "```") || text.has(at, "~~~");
        event.add_line(text, line.clone(), fenced || fence);
        fenced ^= fence;
    }
    // The words of the sentence begin behind list markers.
    let content = block.lines.first().map_or(block.start, |line| line.start);
    let narrow = if block.title.is_some() { block.start..block.end } else { content..block.end };
    event.range = narrow;
    let (draft, anatomy) = read_event_text(original, text, &event, context, block.date);
    if draft.occurred.is_none() && draft.summary.is_none() && event.fields.is_empty() {
        return;
    }
    let date_line = block.lines.first().zip(anatomy.time.as_ref()).is_some_and(|(line, time)| {
        text.text(time.end..line.end.max(time.end)).trim().is_empty() && block.lines.len() > 1
    });
    let layout = if !event.fields.is_empty() {
        Layout::Fields
    } else if date_line {
        Layout::DateLine
    } else {
        Layout::Inline
    };
    push(original, text, block.start..block.end, draft, &anatomy, layout, events);
}

fn push(
    original: &str,
    text: &Folded,
    range: Range<usize>,
    draft: DraftEvent,
    anatomy: &Anatomy,
    layout: Layout,
    events: &mut Vec<EventReading>,
) {
    let span = text.bytes(&range);
    let raw = original.get(span.clone()).unwrap_or_default().to_owned();
    events.push(EventReading {
        draft,
        span,
        raw,
        time_span: anatomy.time.as_ref().map(|time| text.bytes(time)),
        mark_words: anatomy.mark.as_ref().map(|mark| text.bytes(&mark.inner)),
        mark_span: anatomy.mark.as_ref().map(|mark| text.bytes(&mark.range)),
        narrative_span: text.bytes(&anatomy.narrative),
        layout,
    });
}

fn read_table(
    original: &str,
    text: &Folded,
    lines: &[Range<usize>],
    context: &CaptureContext,
    events: &mut Vec<EventReading>,
) {
    let Some(table) = tables::read(text, lines) else { return };
    let keys: Vec<Option<FieldKey>> = table.header.iter().map(|name| field_key(name)).collect();
    let known = keys.iter().flatten().any(|key| *key != FieldKey::Other);
    for row in &table.rows {
        if row.cells.iter().all(|cell| is_nothing(text.text(cell.clone()).trim()) || cell.is_empty()) {
            continue;
        }
        let mut event = EventText { range: row.line.clone(), ..EventText::default() };
        if known {
            for (cell, key) in row.cells.iter().zip(&keys) {
                match key {
                    Some(FieldKey::Other) | None => {}
                    Some(key) => event.fields.push((*key, cell.clone())),
                }
            }
        } else {
            event.body.clone_from(&row.cells);
        }
        let (mut draft, anatomy) = read_event_text(original, text, &event, context, None);
        if draft.occurred.is_none() && draft.summary.is_none() {
            continue;
        }
        draft.narrative = crate::domain::report::render::generate_narrative(&draft, context.zone);
        push(original, text, row.line.clone(), draft, &anatomy, Layout::Table, events);
    }
}
