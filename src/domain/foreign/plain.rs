//! HTML, and text with some HTML in it, as plain text: tags dropped, references resolved, scripts gone.

use quick_xml::escape::resolve_html5_entity;

/// Elements after whose tags a line ends.
const BLOCKS: [&str; 27] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tr",
    "ul",
];

/// Further elements that stand in texts of status pages; in a text that may be Markdown only known ones are tags.
const INLINE: [&str; 32] = [
    "a", "abbr", "b", "body", "caption", "cite", "code", "del", "em", "font", "html", "i", "img", "ins", "kbd",
    "label", "li", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "tbody", "td", "th", "thead",
    "time", "var",
];

/// Elements whose content is no text.
const SILENT: [&str; 6] = ["head", "iframe", "noscript", "script", "style", "template"];

/// The text of HTML: white space as a browser shows it.
pub(super) fn from_html(html: &str) -> String {
    tidy(&strip(html, true))
}

/// The text of Markdown or plain text that may hold tags; its lines stay, and so does what only looks like a tag.
pub(super) fn from_mixed(text: &str) -> String {
    tidy(&strip(text, false))
}

/// On one line.
pub(super) fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `most` characters, the last one an ellipsis where some are missing.
pub(super) fn bounded(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Without controls, and without the marks that turn the direction of the text around (Unicode TR 36, section 3.2).
pub(super) fn printable(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .collect()
}

/// Lines without white space at their ends, and no more than one empty line in a row.
fn tidy(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(out.is_empty() && empty > 0) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_end().to_owned()
}

fn strip(text: &str, html: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut kept = 0_usize;
    // Where the next `>` stands: brackets without an end are not looked through again and again.
    let mut close = 0_usize;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let at = text.len() - rest.len();
        if c == '<' && close < at {
            close = rest.find('>').map_or(usize::MAX, |behind| at + behind);
        }
        if c == '<'
            && close - at <= TAG_LIMIT
            && let Some(tag) = tag_at(rest, html)
        {
            rest = tag.rest;
            match tag.name.as_str() {
                "pre" => kept = if tag.closes { kept.saturating_sub(1) } else { kept + 1 },
                name if SILENT.contains(&name) && !tag.closes => rest = behind_element(rest, name),
                _ => {}
            }
            if BLOCKS.contains(&tag.name.as_str()) {
                end_line(&mut out, html);
            } else if tag.name == "li" {
                if !tag.closes {
                    if !out.ends_with('\n') {
                        end_line(&mut out, html);
                    }
                    out.push_str("- ");
                }
            } else if matches!(tag.name.as_str(), "td" | "th") && tag.closes {
                out.push(' ');
            }
            continue;
        }
        if c == '&'
            && let Some((resolved, behind)) = reference_at(rest)
        {
            match resolved.as_str() {
                "\u{a0}" => push_blank(&mut out, html),
                text => out.push_str(text),
            }
            rest = behind;
            continue;
        }
        if html && kept == 0 && c.is_whitespace() {
            push_blank(&mut out, true);
        } else {
            out.push(c);
        }
        rest = after;
    }
    out
}

fn push_blank(out: &mut String, collapse: bool) {
    if !collapse || !(out.is_empty() || out.ends_with([' ', '\n'])) {
        out.push(' ');
    }
}

fn end_line(out: &mut String, html: bool) {
    if html {
        out.truncate(out.trim_end_matches(' ').len());
    }
    // `<br><br>` is an empty line; two blocks in a row are one end of a line, which `tidy` cannot tell apart: so be it.
    if !out.is_empty() && !out.ends_with("\n\n") {
        out.push('\n');
    }
}

struct Tag<'a> {
    name: String,
    closes: bool,
    rest: &'a str,
}

/// The tag, comment or declaration that `text` begins with.
fn tag_at(text: &str, html: bool) -> Option<Tag<'_>> {
    if let Some(comment) = text.strip_prefix("<!--") {
        let end = comment.find("-->").map_or(comment.len(), |at| at + 3);
        return Some(Tag { name: String::new(), closes: false, rest: comment.get(end..).unwrap_or_default() });
    }
    let inner = text.strip_prefix('<')?;
    let (closes, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let length = inner.bytes().take(32).take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    let name = inner.get(..length)?.to_ascii_lowercase();
    let behind = inner.get(length..)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !behind.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
    {
        return None;
    }
    let known = |list: &[&str]| list.contains(&name.as_str());
    if !html && !known(&BLOCKS) && !known(&INLINE) && !known(&SILENT) {
        return None;
    }
    let end = end_of_tag(behind)?;
    Some(Tag { name, closes, rest: behind.get(end..)? })
}

/// The most bytes of a tag.
const TAG_LIMIT: usize = 4_096;

/// Behind the `>` that ends a tag; one inside quotes does not.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate().take(TAG_LIMIT) {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that is never closed.
    text.bytes().take(TAG_LIMIT).position(|byte| byte == b'>').map(|at| at + 1)
}

/// What stands behind the end of an element whose content is no text; nothing, where it never ends.
fn behind_element<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        let inner = rest.get(at + 2..).unwrap_or_default();
        if inner.get(..name.len()).is_some_and(|have| have.eq_ignore_ascii_case(name)) {
            return inner.find('>').and_then(|end| inner.get(end + 1..)).unwrap_or_default();
        }
        rest = inner;
    }
    ""
}

/// The reference that `text` begins with, resolved: `&amp;`, `&#39;`, `&#x4e2d;`.
fn reference_at(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('&')?;
    let end = inner.bytes().take(33).position(|byte| byte == b';')?;
    let resolved = reference(inner.get(..end)?)?;
    Some((resolved, inner.get(end + 1..)?))
}

/// What a reference stands for, given without `&` and `;`. References to controls are none.
pub(super) fn reference(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else { return resolve_html5_entity(name).map(str::to_owned) };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_lines_stay_and_references_are_resolved() {
        assert_eq!(from_html("<p>a &lt; b<br>c&nbsp;&#39;d&#39; <b>e</b></p>\n<p>f</p>"), "a < b\nc 'd' e\n\nf");
        assert_eq!(from_html("<ul><li>one</li><li>two</li></ul>"), "- one\n- two");
        assert_eq!(from_html("a<script>alert('<b>')</script>b<style>x"), "ab");
        assert_eq!(
            from_html("<a href=\"https://example.com/?a=1>2\">x</a> &unknown; &amp;lt; AT&T"),
            "x &unknown; &lt; AT&T"
        );
    }

    #[test]
    fn what_only_looks_like_a_tag_stays_in_markdown() {
        let text = "see <https://example.com/a> if x <y and Vec<String>\n<!-- hidden -->\n`<br>`";
        assert_eq!(from_mixed(text), "see <https://example.com/a> if x <y and Vec<String>\n\n`\n`");
    }

    #[test]
    fn brackets_without_an_end_cost_no_more_than_their_length() {
        let text = "<a ".repeat(200_000);
        assert_eq!(from_html(&text).len(), text.trim_end().len());
        assert!(from_html(&"<script>".repeat(100_000)).is_empty());
        assert_eq!(from_html(&"&".repeat(100_000)).len(), 100_000);
    }
}
