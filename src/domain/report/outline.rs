//! The block structure of a document: which lines are text, which are code, what stands in quotes, which lines are
//! underlined headings. comrak knows the structure; the lines keep their places in the document.
//!
//! Sloppy Markdown is read more kindly than CommonMark does: paragraphs that are indented like code and hold Chinese
//! sentences are text, and lists and tables are left to their readers.

use std::ops::Range;

use comrak::{Arena, Options, nodes::NodeValue, parse_document};

use crate::domain::{
    capture::{noise, times},
    text::Folded,
};

/// Containers within containers beyond this are no structure that people write; the document is then read line by line.
const DEEPEST: usize = 40;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anything that says something.
    Text,
    /// A heading with a line of `=` (1) or `-` (2) below it.
    Underlined(u8),
    /// The line below such a heading.
    Underline,
    /// Code, logs, scripts: neither figures nor events nor times.
    Code,
}

/// A line of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Characters of the content: signs of quotation in front and blanks at the end belong to no line.
    pub range: Range<usize>,
    /// The first character of the line.
    pub start: usize,
    /// What it is.
    pub kind: Kind,
    /// How many signs of quotation (`>`) stand in front.
    pub quotes: usize,
}

impl Line {
    /// Whether nothing stands on the line.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Whether the line is to be read.
    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Underlined(_))
    }
}

/// The lines of a document and its comments.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// The lines, each once, in order.
    pub lines: Vec<Line>,
    /// Comments (`<!-- … -->`), in characters. They are blank in the text that the readers see.
    pub comments: Vec<Range<usize>>,
}

impl Outline {
    /// The outline of `document`, of which `text` is the folded form. Comments become blanks in `text`.
    pub fn of(document: &str, text: &mut Folded) -> Self {
        let mut lines = plain_lines(text);
        if is_too_deep(text, &lines) {
            mark_fences(text, &mut lines);
        } else {
            mark_structure(document, text, &mut lines);
        }
        let comments = comments(text, &lines);
        for comment in &comments {
            text.put(comment, ' ');
        }
        noise::blank(text, '；');
        for line in &mut lines {
            let end = trimmed_end(text, &line.range);
            line.range.end = end.max(line.range.start);
        }
        Self { lines, comments }
    }

    /// The lines that lie in a range of characters; the first one may begin inside a line: `生产事件：无`.
    pub fn within(&self, range: &Range<usize>) -> Vec<Line> {
        let from = self.lines.partition_point(|line| line.range.end <= range.start && line.start < range.start);
        let to = self.lines.partition_point(|line| line.start < range.end);
        let mut lines = self.lines.get(from..to.max(from)).unwrap_or_default().to_vec();
        if let Some(first) = lines.first_mut() {
            first.range.start = first.range.start.max(range.start);
        }
        lines
    }

    /// The comments that lie in a range of characters.
    pub fn comments_in(&self, range: &Range<usize>) -> &[Range<usize>] {
        let from = self.comments.partition_point(|comment| comment.end <= range.start);
        let to = self.comments.partition_point(|comment| comment.start < range.end);
        self.comments.get(from..to.max(from)).unwrap_or_default()
    }
}

fn trimmed_end(text: &Folded, range: &Range<usize>) -> usize {
    let blanks = text.chars(range.clone()).iter().rev().take_while(|c| c.is_whitespace()).count();
    range.end - blanks
}

fn plain_lines(text: &Folded) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    loop {
        let end = text.find(start..text.len(), '\n').unwrap_or(text.len());
        // Blanks at the end, and the carriage return of CRLF, belong to no line.
        let range = start..trimmed_end(text, &(start..end));
        lines.push(Line { range, start, kind: Kind::Text, quotes: 0 });
        if end >= text.len() {
            return lines;
        }
        start = end + 1;
    }
}

/// Whether some line nests deeper than people do: every line of a document may have to walk through all open containers.
fn is_too_deep(text: &Folded, lines: &[Line]) -> bool {
    lines.iter().any(|line| {
        let mut markers = 0;
        let mut columns = 0;
        let mut before = ' ';
        for index in line.range.clone() {
            let c = text.at(index);
            let blank_behind = text.at(index + 1).is_whitespace();
            match c {
                ' ' => columns += 1,
                '\t' => columns += 4,
                '>' => markers += 1,
                '-' | '+' | '*' if blank_behind => markers += 1,
                '.' | ')' if blank_behind && before.is_ascii_digit() => markers += 1,
                '0'..='9' => {}
                _ => break,
            }
            if markers > DEEPEST || (markers > 0 && columns > 2 * DEEPEST) {
                return true;
            }
            before = c;
        }
        false
    })
}

/// Fences alone, for documents whose structure is not looked at.
fn mark_fences(text: &Folded, lines: &mut [Line]) {
    let mut fenced = false;
    for line in lines {
        let at = text.skip_blanks(line.start);
        let fence = text.has(at, "```") || text.has(at, "~~~");
        if fenced || fence {
            line.kind = Kind::Code;
        }
        fenced ^= fence;
    }
}

/// A block of the document, in lines of the document (both included).
struct Block {
    first: usize,
    last: usize,
    what: What,
}

enum What {
    Fenced,
    Indented { in_item: bool },
    Script,
    Setext(u8),
    Quote,
}

fn mark_structure(document: &str, text: &Folded, lines: &mut [Line]) {
    let places = places_of_lines(document, text, lines);
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.table = true;
    let root = parse_document(&arena, document, &options);
    let mut blocks = Vec::new();
    for node in root.descendants() {
        let data = node.data();
        let what = match &data.value {
            NodeValue::CodeBlock(code) if code.fenced => What::Fenced,
            NodeValue::CodeBlock(_) => {
                let parent = node.parent().map(|parent| matches!(parent.data().value, NodeValue::Item(_)));
                What::Indented { in_item: parent.unwrap_or(false) }
            }
            NodeValue::HtmlBlock(html) if html.block_type == 1 => What::Script,
            NodeValue::Heading(heading) if heading.setext => What::Setext(heading.level),
            NodeValue::BlockQuote => What::Quote,
            _ => continue,
        };
        let place = |line: usize| places.get(line.saturating_sub(1)).copied();
        let (Some(first), Some(last)) = (place(data.sourcepos.start.line), place(data.sourcepos.end.line)) else {
            continue;
        };
        blocks.push(Block { first, last: last.max(first), what });
    }
    take_quotes_off(text, lines, &blocks);
    for block in &blocks {
        mark_block(text, lines, block);
    }
}

/// The line of ours in which each line of comrak's begins: for comrak a carriage return alone ends a line too.
fn places_of_lines(document: &str, text: &Folded, lines: &[Line]) -> Vec<usize> {
    let bytes = document.as_bytes();
    let mut places = vec![0];
    let mut ours = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let ends = match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends {
            ours += usize::from(*byte == b'\n');
            places.push(ours.min(lines.len().saturating_sub(1)));
        }
    }
    debug_assert!(text.len() <= document.len(), "a character has at least one byte");
    places
}

fn take_quotes_off(text: &Folded, lines: &mut [Line], blocks: &[Block]) {
    // How many quotes open with a line, and how many ended with the one before.
    let mut changes = vec![(0_usize, 0_usize); lines.len() + 1];
    for block in blocks.iter().filter(|block| matches!(block.what, What::Quote)) {
        if let Some((opened, _)) = changes.get_mut(block.first) {
            *opened += 1;
        }
        if let Some((_, ended)) = changes.get_mut(block.last + 1) {
            *ended += 1;
        }
    }
    let mut depth = 0;
    for (line, (opened, ended)) in lines.iter_mut().zip(changes) {
        depth = (depth + opened).saturating_sub(ended);
        let mut at = line.range.start;
        while line.quotes < depth {
            let sign = text.skip_blanks(at);
            // A paragraph goes on without its sign of quotation.
            if sign >= line.range.end || text.at(sign) != '>' {
                break;
            }
            at = sign + 1;
            if text.at(at) == ' ' {
                at += 1;
            }
            line.quotes += 1;
        }
        line.range.start = at.min(line.range.end.max(line.range.start));
        line.range.end = line.range.end.max(line.range.start);
    }
}

fn mark_block(text: &Folded, lines: &mut [Line], block: &Block) {
    let is_code = match block.what {
        What::Fenced | What::Script => true,
        What::Indented { in_item } => !is_indented_text(text, lines, block, in_item),
        What::Setext(level) => {
            underline(text, lines, block.first, level);
            false
        }
        What::Quote => false,
    };
    if is_code {
        for line in lines.get_mut(block.first..=block.last).unwrap_or_default() {
            line.kind = Kind::Code;
        }
    }
}

/// A heading of one short line without a time; anything else above `---` is text above a rule.
fn underline(text: &Folded, lines: &mut [Line], at: usize, level: u8) {
    const LONGEST: usize = 30;
    let (Some(title), Some(rule)) = (lines.get(at), lines.get(at + 1)) else { return };
    let is_rule = !rule.is_empty() && text.chars(rule.range.clone()).iter().all(|c| matches!(c, '=' | '-' | ' '));
    let words = text.chars(title.range.clone());
    let short = words.len() <= LONGEST && !words.iter().any(|c| matches!(c, '。' | '，' | '；' | '|'));
    if !is_rule || !short || !times::scan(&text.slice(title.range.clone())).iter().all(|t| t.seconds.is_none()) {
        return;
    }
    if let Some(title) = lines.get_mut(at) {
        title.kind = Kind::Underlined(level);
    }
    if let Some(rule) = lines.get_mut(at + 1) {
        rule.kind = Kind::Underline;
    }
}

/// Whether a block that is indented like code holds sentences: the writer's first-line indent, a list that stands
/// further in, the words below a time.
fn is_indented_text(text: &Folded, lines: &[Line], block: &Block, in_item: bool) -> bool {
    let own = lines.get(block.first..=block.last).unwrap_or_default();
    let (mut chinese, mut latin) = (0_usize, 0_usize);
    for c in own.iter().flat_map(|line| text.chars(line.range.clone())) {
        chinese += usize::from(matches!(c, '\u{4e00}'..='\u{9fff}'));
        latin += usize::from(c.is_ascii_alphabetic());
    }
    let is_log = own.iter().filter(|line| !line.is_empty()).any(|line| {
        let at = text.skip_blanks(line.range.start);
        times::at(text, at).is_some_and(|token| {
            let words = text.text(token.range);
            words.matches(':').count() >= 2
        })
    });
    if chinese <= latin || is_log {
        return false;
    }
    let Some(before) = lines.get(..block.first).and_then(|above| above.iter().rev().find(|line| !line.is_empty()))
    else {
        return true;
    };
    if in_item || before.kind != Kind::Code && text.skip_blanks(before.range.start) - before.range.start >= 4 {
        return true;
    }
    let words = text.text(before.range.clone());
    let heading = matches!(before.kind, Kind::Underline)
        || words.starts_with('#')
        || words.starts_with("**")
        || words.starts_with('【')
        || super::sections::is_section_name(&words);
    let start = text.skip_blanks(before.range.start);
    let time_alone = times::at(text, start).is_some_and(|token| token.range.end >= before.range.end);
    heading || time_alone
}

/// Comments outside of code; one that is never closed is none.
fn comments(text: &Folded, lines: &[Line]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<usize> = None;
    for line in lines {
        if line.kind == Kind::Code {
            continue;
        }
        let mut at = line.range.start;
        let mut in_code = false;
        while at < line.range.end {
            let c = text.at(at);
            match open {
                Some(start) if c == '-' && text.has(at, "-->") => {
                    found.push(start..at + 3);
                    open = None;
                    at += 3;
                    continue;
                }
                None if c == '`' => in_code = !in_code && text.find(at + 1..line.range.end, '`').is_some(),
                None if c == '<' && !in_code && text.has(at, "<!--") => {
                    open = Some(at);
                    at += 4;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }
    found
}
