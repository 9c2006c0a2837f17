//! Events of the events section: where each begins and ends, and what it says (SCHEMA section 7).

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::Range,
};

use chrono::NaiveDate;

use super::{
    outline::{Kind, Line, Outline},
    reading::{EventReading, Layout},
    starts::{Mode, Place, Start},
    tables,
};
use crate::domain::{
    capture::{
        Anatomy, EventText, FieldKey,
        draft::{CaptureContext, DraftEvent},
        field_key, read_event_text, times,
    },
    clock_point::ClockPoint,
    text::Folded,
};

/// The events section and the document it stands in.
pub(super) struct Section<'a, 'k> {
    pub original: &'a str,
    pub text: &'a Folded,
    pub outline: &'a Outline,
    pub context: &'a CaptureContext,
    /// Events that were read before in the same context: those that stand as they did are not read again.
    pub known: &'a Known<'k>,
}

/// Events by their fingerprints.
pub(super) type Known<'k> = HashMap<u64, &'k EventReading>;

/// An event whose end was not reached yet.
struct Block {
    range: Range<usize>,
    title: Option<Range<usize>>,
    place: Place,
    /// The date of a heading above.
    date: Option<NaiveDate>,
    lines: Vec<Line>,
}

/// What was found so far.
#[derive(Default)]
struct Found<'k> {
    block: Option<Block>,
    heading_date: Option<NaiveDate>,
    first_mode: Option<Mode>,
    closed: Vec<Closed<'k>>,
    /// One of them is an event for sure.
    any: bool,
}

/// An event whose end was reached.
enum Closed<'k> {
    /// It stands as it did.
    Known(&'k EventReading),
    /// It was read.
    Read(Box<EventReading>),
    /// It can be read by itself, whatever stands around it.
    Unread(Box<(Block, EventText, u64)>),
}

/// From so many events on they are read by several threads.
const MANY: usize = 1_000;

impl<'k> Section<'_, 'k> {
    /// The events of the section's lines. Of those that are known the places are those of the document before.
    pub fn read(&self, lines: &[Line]) -> Vec<Cow<'k, EventReading>> {
        let text = self.text;
        let mut found = Found::default();
        let mut index = 0;
        while let Some(line) = lines.get(index) {
            index += 1;
            if line.kind == Kind::Code {
                extend(&mut found.block, line);
                continue;
            }
            if line.kind == Kind::Underline || is_blank_or_rule(text, line) {
                continue;
            }
            if let Some(end) = tables::end(text, lines, index - 1) {
                self.close(&mut found);
                self.read_table(lines.get(index - 1..end).unwrap_or_default(), &mut found);
                index = end.max(index);
                continue;
            }
            if !found.any && found.block.is_none() && is_nothing(text, line.range.clone()) {
                continue;
            }
            self.read_line(line, lines.get(index..).unwrap_or_default(), &mut found);
        }
        self.close(&mut found);
        self.read_closed(found.closed)
    }

    /// The events in order; those that say nothing are none.
    fn read_closed(&self, closed: Vec<Closed<'k>>) -> Vec<Cow<'k, EventReading>> {
        let read = |closed: Closed<'k>| match closed {
            Closed::Known(known) => Some(Cow::Borrowed(known)),
            Closed::Read(event) => Some(Cow::Owned(*event)),
            Closed::Unread(unread) => {
                let (block, event, fingerprint) = *unread;
                self.read_block(&block, &event, fingerprint).map(Cow::Owned)
            }
        };
        let unread = closed.iter().filter(|closed| matches!(closed, Closed::Unread(..))).count();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        if unread < MANY || threads < 2 {
            return closed.into_iter().filter_map(read).collect();
        }
        let size = closed.len().div_ceil(threads);
        let mut closed = closed.into_iter();
        let parts: Vec<Vec<Closed<'k>>> = (0..threads).map(|_| closed.by_ref().take(size).collect()).collect();
        let work = |part: Vec<Closed<'k>>| part.into_iter().filter_map(read).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let running: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || work(part))).collect();
            let joined = |thread: std::thread::ScopedJoinHandle<'_, Vec<Cow<'k, EventReading>>>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            running.into_iter().flat_map(joined).collect()
        })
    }

    fn read_line(&self, line: &Line, below: &[Line], found: &mut Found<'k>) {
        let text = self.text;
        let start = Start::of(text, line);
        if let Some(token) = start.date_alone(text, line) {
            let next = below.iter().find(|line| line.is_text() && !text.is_blank(line.range.clone()));
            let dated = next.is_some_and(|next| {
                let below = Start::of(text, next);
                below.token.as_ref().is_some_and(|token| token.date.is_none() && token.seconds.is_some())
                    // `1/2 周六` above `+ 全天　…`
                    || below.token.is_none() && below.is_item() && !start.is_item()
            });
            if dated && let Some(words) = token.date {
                self.close(found);
                found.heading_date = times::resolve_date(words, self.context, None).map(|(date, _)| date);
                return;
            }
        }
        let place = found.block.as_ref().map(|block| block.place);
        let Some(mode) = start.begins(place, found.first_mode, found.heading_date.is_some()) else {
            extend(&mut found.block, line);
            return;
        };
        self.close(found);
        found.first_mode = found.first_mode.or(Some(mode));
        let dated = start.token.as_ref().is_some_and(|token| token.date.is_some());
        if dated {
            found.heading_date = found.heading_date.filter(|_| mode == Mode::Bullet);
        }
        let title = (mode == Mode::Titled).then(|| start.title.clone()).flatten();
        let date = found.heading_date.filter(|_| !dated);
        let content = Line { range: start.content.min(line.range.end)..line.range.end, ..line.clone() };
        found.block = Some(Block {
            range: line.range.clone(),
            place: Place { mode, indent: start.indent, quotes: start.quotes },
            date,
            lines: if title.is_none() { vec![content] } else { Vec::new() },
            title,
        });
    }

    fn close(&self, found: &mut Found<'k>) {
        let text = self.text;
        let Some(block) = found.block.take() else { return };
        // The words of the sentence begin behind list markers.
        let content = block.lines.first().map_or(block.range.start, |line| line.range.start);
        let start = if block.title.is_some() { block.range.start } else { content };
        let mut event = EventText { range: start..block.range.end, title: block.title.clone(), ..EventText::default() };
        for line in &block.lines {
            // What is quoted below an event is an excerpt.
            let excerpt = line.kind == Kind::Code || line.quotes > block.place.quotes;
            let start = if excerpt && line.start > start { line.start } else { line.range.start };
            event.add_line(text, start..line.range.end.max(start), excerpt);
        }
        take_title(text, &mut event);
        event.hidden = self.hidden(&event.range);
        let fingerprint = self.fingerprint(&event, &block);
        if let Some(known) = self.known.get(&fingerprint) {
            found.closed.push(Closed::Known(known));
            found.any = true;
            return;
        }
        if found.any {
            found.closed.push(Closed::Unread(Box::new((block, event, fingerprint))));
        } else if let Some(event) = self.read_block(&block, &event, fingerprint) {
            found.closed.push(Closed::Read(Box::new(event)));
            found.any = true;
        }
    }

    fn read_block(&self, block: &Block, event: &EventText, fingerprint: u64) -> Option<EventReading> {
        let text = self.text;
        let (draft, anatomy) = read_event_text(self.original, text, event, self.context, block.date);
        if draft.occurred.is_none() && draft.summary.is_none() && event.fields.is_empty() {
            return None;
        }
        let date_line =
            block.lines.first().zip(anatomy.time.as_ref()).is_some_and(|(line, time)| {
                text.is_blank(time.end..line.range.end.max(time.end)) && block.lines.len() > 1
            });
        let layout = if !event.fields.is_empty() {
            Layout::Fields
        } else if date_line {
            Layout::DateLine
        } else {
            Layout::Inline
        };
        Some(self.event(block.range.clone(), draft, &anatomy, layout, fingerprint))
    }

    /// A number for all that an event is read from: its characters and bytes, its parts, the date above it.
    fn fingerprint(&self, event: &EventText, block: &Block) -> u64 {
        let start = event.range.start;
        let mut hasher = DefaultHasher::new();
        // Character by character the hasher would take as long as the reader.
        let mix = |mixed: u64, c: &char| (mixed.rotate_left(5) ^ u64::from(*c)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hasher.write_u64(self.text.chars(event.range.clone()).iter().fold(0, mix));
        self.original.get(self.text.bytes(&event.range)).hash(&mut hasher);
        event.from(start).hash(&mut hasher);
        block.date.hash(&mut hasher);
        // What the layout is told from.
        block.lines.len().hash(&mut hasher);
        block.lines.first().map(|line| line.range.end.saturating_sub(start)).hash(&mut hasher);
        hasher.finish()
    }

    /// Comments and signs of quotation in an event, in order.
    fn hidden(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let lines = &self.outline.lines;
        let from = lines.partition_point(|line| line.start <= range.start);
        let quotes = lines.iter().skip(from).take_while(|line| line.start < range.end).filter(|line| line.quotes > 0);
        let mut hidden: Vec<Range<usize>> = quotes.map(|line| line.start..line.range.start).collect();
        hidden.extend(self.outline.comments_in(range).iter().cloned());
        hidden.sort_by_key(|range| range.start);
        hidden
    }

    fn event(
        &self,
        range: Range<usize>,
        draft: DraftEvent,
        anatomy: &Anatomy,
        layout: Layout,
        fingerprint: u64,
    ) -> EventReading {
        let text = self.text;
        let span = text.bytes(&range);
        let raw = self.original.get(span.clone()).unwrap_or_default().to_owned();
        EventReading {
            draft,
            span,
            raw,
            time_span: anatomy.time.as_ref().map(|time| text.bytes(time)),
            mark_words: anatomy.mark.as_ref().map(|mark| text.bytes(&mark.inner)),
            mark_span: anatomy.mark.as_ref().map(|mark| text.bytes(&mark.range)),
            narrative_span: text.bytes(&anatomy.narrative),
            layout,
            fingerprint,
        }
    }

    fn read_table(&self, lines: &[Line], found: &mut Found<'k>) {
        let text = self.text;
        let Some(table) = tables::read(text, lines) else { return };
        let keys: Vec<Option<FieldKey>> = table.header.iter().map(|name| field_key(name)).collect();
        let known = keys.iter().flatten().any(|key| *key != FieldKey::Other);
        // An empty cell for the date goes on with that of the row above.
        let mut above: Option<NaiveDate> = None;
        for row in &table.rows {
            if row.cells.iter().all(|cell| cell.is_empty() || is_nothing(text, cell.clone())) {
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
            let (mut draft, anatomy) = read_event_text(self.original, text, &event, self.context, above);
            let local = |point: ClockPoint| point.at.with_timezone(&self.context.zone).date_naive();
            above = draft.occurred.map(local).or(above);
            if draft.occurred.is_none() && draft.summary.is_none() {
                continue;
            }
            draft.narrative = super::render::generate_narrative(&draft, self.context.zone);
            found.closed.push(Closed::Read(Box::new(self.event(row.line.clone(), draft, &anatomy, Layout::Table, 0))));
            found.any = true;
        }
    }
}

/// `【P2】购物车加购失败` above labelled parts, `决算日柜面交易缓慢` above a paragraph with the times: the first line is a title.
fn take_title(text: &Folded, event: &mut EventText) {
    const LONGEST: usize = 40;
    let Some(first) = event.body.first().cloned() else { return };
    let told_below = event.body.len() > 1 || event.fields.iter().any(|(key, _)| *key == FieldKey::OccurredAt);
    let short = first.len() <= LONGEST && !text.chars(first.clone()).iter().any(|c| matches!(c, '。' | '；' | '，'));
    let leads = event.fields.first().is_none_or(|(_, field)| first.start < field.start);
    let times = |range: &Range<usize>| times::scan(&text.slice(range.clone())).iter().any(|t| t.seconds.is_some());
    if event.title.is_none() && told_below && short && leads && !times(&first) {
        let below = event.body.iter().skip(1).chain(event.fields.iter().map(|(_, range)| range));
        let dated = event.body.get(1).is_some_and(|line| times::at(text, text.skip_blanks(line.start)).is_some());
        if dated || below.take(4).any(times) {
            event.title = Some(first);
            event.body.remove(0);
        }
    }
}

fn extend(block: &mut Option<Block>, line: &Line) {
    if let Some(block) = block {
        block.range.end = line.range.end.max(block.range.end);
        block.lines.push(line.clone());
    }
}

/// `---`, `###` without words, or nothing at all.
fn is_blank_or_rule(text: &Folded, line: &Line) -> bool {
    let chars = text.chars(line.range.clone());
    let signs = chars.iter().all(|c| matches!(c, '-' | '*' | '_' | ' ' | '\t' | '='));
    let empty = chars.iter().all(|c| c.is_whitespace() || c.is_control() || matches!(c, '#' | '>'));
    empty || (signs && chars.iter().filter(|c| !c.is_whitespace()).count() >= 3)
}

/// `无`, `本周无。`, `none`.
fn is_nothing(text: &Folded, range: Range<usize>) -> bool {
    const LONGEST: usize = 40;
    if range.len() > LONGEST {
        return false;
    }
    let words = text.text(range);
    let plain = words.trim().trim_matches(['-', '*', ' ', '。', '.', '，', ':']).to_lowercase();
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
