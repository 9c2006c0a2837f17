//! The report's Markdown in other forms: HTML to paste into documents and mails, plain text for chats.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::Builder;
use comrak::{Options, markdown_to_html};

/// What Feishu documents, Confluence and mail programs keep when it is pasted; no pictures, which tell their server who
/// reads.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "br",
        "hr",
        "ul",
        "ol",
        "li",
        "strong",
        "em",
        "del",
        "code",
        "pre",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "a",
    ];
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(tags))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
            ("th", HashSet::from(["align"])),
            ("td", HashSet::from(["align"])),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

/// As HTML: headings one level down, lists, tables, emphasis beside Chinese punctuation. HTML in the text is shown as
/// text, links lead nowhere but to http, https and mailto.
pub fn html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.cjk_friendly_emphasis = true;
    // A line of the report is a line of the page.
    options.render.hardbreaks = true;
    options.render.escape = true;
    let page = markdown_to_html(markdown, &options).replace("<h2>", "<h3>").replace("</h2>", "</h3>");
    if depth(&page) > DEEPEST {
        // Quotes and lists thousands deep, which nobody reads and which cost the square of their depth.
        return format!("<pre>{}</pre>", crate::domain::markdown::escaped(markdown));
    }
    SANITISER.clean(&page).to_string()
}

/// How deep elements may lie in each other.
const DEEPEST: usize = 100;

/// How deep the elements of a page of comrak's lie in each other, void ones not counted.
fn depth(page: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for tag in page.split('<').skip(1) {
        if tag.starts_with('/') {
            now = now.saturating_sub(1);
        } else if !["br", "hr", "img", "input"].iter().any(|void| tag.starts_with(void)) {
            now += 1;
            most = most.max(now);
        }
    }
    most
}

/// As plain text: no heading signs, no strong emphasis. `#12` is no heading, `2**3` is none either.
pub fn plain(markdown: &str) -> String {
    markdown.lines().fold(String::new(), |mut text, line| {
        let signs = line.len() - line.trim_start_matches('#').len();
        let rest = line.get(signs..).unwrap_or_default();
        let heading = (1..=6).contains(&signs) && (rest.is_empty() || rest.starts_with(' '));
        text.push_str(&without_strong(if heading { rest.trim_start() } else { line }));
        text.push('\n');
        text
    })
}

/// Takes the stars off `**B级**`, not off those that stand between blanks or numbers.
fn without_strong(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find("**") {
        let inside = rest.get(open + 2..).unwrap_or_default();
        let close = inside.find("**").filter(|close| {
            let words = inside.get(..*close).unwrap_or_default();
            !words.is_empty() && !words.starts_with(' ') && !words.ends_with(' ')
        });
        let Some(close) = close else { break };
        text.push_str(rest.get(..open).unwrap_or_default());
        text.push_str(inside.get(..close).unwrap_or_default());
        rest = inside.get(close + 2..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_shown_and_never_run() {
        let page = html(
            "## 【生产事件】\n\n1. **提现失败。**原因待查 <script>alert(1)</script> [x](javascript:alert(1)) ![i](https://example.com/i.png)\n",
        );
        assert!(page.contains("<h3>【生产事件】</h3>") && page.contains("<ol>"), "{page}");
        assert!(page.contains("<strong>提现失败。</strong>原因"), "{page}");
        assert!(!page.contains("<script>") && !page.contains("javascript:") && !page.contains("<img"), "{page}");
        assert_eq!(plain("## 【生产事件】\n\n**B级** 一起\n"), "【生产事件】\n\nB级 一起\n");
        assert_eq!(plain("#12 出口 2**3 ** 次\n"), "#12 出口 2**3 ** 次\n");
    }
}
