//! The report's Markdown in other forms: HTML to paste into documents and mails, plain text for chats.

use comrak::{Options, markdown_to_html};

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
    without_images(&markdown_to_html(markdown, &options).replace("<h2>", "<h3>").replace("</h2>", "</h3>"))
}

/// Images become their words: one of another place would tell it who reads the report, and when.
fn without_images(html: &str) -> String {
    let mut parts = html.split("<img ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    // Signs of HTML that people write are escaped: this is the image's own end.
    for (image, rest) in parts.filter_map(|part| part.split_once('>')) {
        text.push_str(image.split("alt=\"").nth(1).and_then(|alt| alt.split('"').next()).unwrap_or_default());
        text.push_str(rest);
    }
    text
}

/// As plain text: no heading signs, no emphasis.
pub fn plain(markdown: &str) -> String {
    let lines = markdown.lines().map(|line| line.trim_start_matches('#').trim_start().replace("**", ""));
    lines.fold(String::new(), |text, line| text + &line + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_shown_and_never_run() {
        let page =
            html("## 【生产事件】\n\n1. **提现失败。**原因待查 <script>alert(1)</script> [x](javascript:alert(1))\n");
        assert!(page.contains("<h3>【生产事件】</h3>") && page.contains("<ol>"), "{page}");
        assert!(page.contains("<strong>提现失败。</strong>原因"), "{page}");
        assert!(!page.contains("<script>") && !page.contains("javascript:"), "{page}");
        let image = html("见 ![a > b \"图\"](http://example.com/x.png?a=1&b=2 \"t>\") 和 <img src=x> ![](y.png)。\n");
        assert!(!image.contains("<img") && !image.contains("example.com"), "{image}");
        assert!(image.contains("a &gt; b &quot;图&quot;") && image.contains("&lt;img src=x&gt;"), "{image}");
        assert_eq!(plain("## 【生产事件】\n\n**B级** 一起\n"), "【生产事件】\n\nB级 一起\n");
    }
}
