//! Addresses, links, tags and comments in a text: they name no times and tell no clauses.

use std::ops::Range;

use crate::domain::text::Folded;

/// The longest address, link or tag in characters.
const LONGEST: usize = 400;

/// Puts blanks in the place of links with their words, addresses, HTML tags, their blanks and comments; `<br>` and the end of
/// a block (`</p>`) become `line_break`.
pub fn blank(text: &mut Folded, line_break: char) {
    let mut index = 0;
    while index < text.len() {
        let (range, sign) = match text.at(index) {
            '[' => (link(text, index), ' '),
            'h' | 'H' if index == 0 || !text.at(index - 1).is_ascii_alphanumeric() => (address(text, index), ' '),
            '<' if text.has(index, "<!--") => (comment(text, index), ' '),
            '<' => {
                // The end of a block ends its last line.
                let breaks = ["<br>", "<br/", "<br ", "</p>", "</li>", "</div>", "</tr>"];
                let is_break = text.any(index, &breaks).is_some();
                (tag(text, index), if is_break { line_break } else { ' ' })
            }
            '&' => (blank_entity(text, index), ' '),
            _ => (None, ' '),
        };
        let Some(range) = range else {
            index += 1;
            continue;
        };
        index = range.end;
        let first = range.start..range.start + 1;
        text.put(&range, ' ');
        text.put(&first, sign);
    }
}

/// `[INC-4471](https://…)`: a link whose words are a name of something, not a part of the sentence.
fn link(text: &Folded, index: usize) -> Option<Range<usize>> {
    let limit = index + LONGEST;
    let close = text.find(index..limit, ']').filter(|close| text.at(close + 1) == '(')?;
    let end = text.find(close..limit, ')')?;
    let is_address = text.has(close + 2, "http") || text.at(close + 2) == '/';
    let is_name = text.chars(index + 1..close).iter().all(|c| c.is_ascii() && *c != '\n');
    (is_address && is_name).then_some(index..end + 1)
}

/// `https://wiki.example.com/x/20250814-0918`.
fn address(text: &Folded, index: usize) -> Option<Range<usize>> {
    text.any(index, &["https://", "http://"])?;
    let ends =
        |c: &char| c.is_whitespace() || !c.is_ascii() || matches!(c, ')' | '>' | '"' | '<' | '|' | '`' | '，' | '；');
    let length = text.chars(index..index + LONGEST).iter().take_while(|c| !ends(c)).count();
    Some(index..index + length)
}

fn comment(text: &Folded, index: usize) -> Option<Range<usize>> {
    let end =
        (index + 4..(index + LONGEST).min(text.len())).find(|at| text.at(*at) == '>' && text.has(at - 2, "-->"))?;
    Some(index..end + 1)
}

/// `<b>`, `</span>`, `<br/>`.
fn tag(text: &Folded, index: usize) -> Option<Range<usize>> {
    let name = index + 1 + usize::from(text.at(index + 1) == '/');
    if !text.at(name).is_ascii_alphabetic() {
        return None;
    }
    let end = text.find(index..index + LONGEST, '>')?;
    text.chars(index..end).iter().all(|c| c.is_ascii() && *c != '\n').then_some(index..end + 1)
}

/// `&nbsp;` and the like.
fn blank_entity(text: &Folded, index: usize) -> Option<Range<usize>> {
    let length = text.any(index, &["&nbsp;", "&ensp;", "&emsp;", "&#160;", "&#xa0;"])?;
    Some(index..index + length)
}
