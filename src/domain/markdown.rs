//! Markdown that people write, as safe HTML: the one way from a text to a page.

use crate::domain::report::formats;

/// As HTML: HTML in the text is shown as text, links lead nowhere but to http, https and mailto, pictures are left out
/// (they tell their server who reads). Headings begin at the third level, below those of the page.
pub fn html(markdown: &str) -> String {
    let page = formats::html(markdown);
    page.replace("<h1>", "<h3>").replace("</h1>", "</h3>")
}

/// Text as it stands in HTML, in attributes too.
pub fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of the page when the text that people see is taken away: the tags.
    fn tags(page: &str) -> Vec<String> {
        page.split('<').skip(1).filter_map(|part| part.split('>').next()).map(str::to_lowercase).collect()
    }

    #[test]
    fn nothing_that_runs_survives() {
        for text in [
            "<script>alert(1)</script>",
            "<ScRiPt src=//example.com/x.js></sCrIpT>",
            "<scr<script>ipt>alert(1)</scr</script>ipt>",
            "<img src=x onerror=alert(1)>",
            "<img src=\"x\" onerror=\"alert(1)\"",
            "<svg/onload=alert(1)>",
            "<svg><script>alert(1)</script></svg>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
            "<iframe src=\"javascript:alert(1)\"></iframe>",
            "<object data=\"data:text/html,<script>alert(1)</script>\"></object>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<a href='jAvAsCrIpT&#58;alert(1)'>x</a>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\nscript:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](\\javascript:alert(1))",
            "[x](<javascript:alert(1)>)",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:msgbox)",
            "[x](https://example.com \"a\\\" onmouseover=alert(1)\")",
            "![x](javascript:alert(1))",
            "![x](data:image/svg+xml;base64,PHN2Zz4=)",
            "![x](https://example.com/pixel.png)",
            "<javascript:alert(1)>",
            "[x]: javascript:alert(1)\n\n[x]",
            "<style>body{background:url(javascript:alert(1))}</style>",
            "<link rel=stylesheet href=//example.com/x.css>",
            "<meta http-equiv=refresh content=0;url=//example.com>",
            "<base href=//example.com>",
            "<form action=//example.com><input name=x></form>",
            "<div style=\"position:fixed\" onclick=alert(1)>x",
            "</p></div></main><script>alert(1)</script>",
            "<!--><script>alert(1)</script>-->",
            "<![CDATA[<script>alert(1)</script>]]>",
            "```<script>\nalert(1)\n```",
            "`<img src=x onerror=alert(1)>`",
            "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
            "> <details open ontoggle=alert(1)>",
            "- [ ] <input onfocus=alert(1) autofocus>",
            "\u{0}<script>alert(1)</script>",
            "<scr\u{0}ipt>alert(1)</scr\u{0}ipt>",
            "＜script＞alert(1)＜/script＞",
        ] {
            let page = html(text);
            for tag in tags(&page) {
                let name: String =
                    tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
                let known = [
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
                assert!(known.contains(&name.as_str()), "{text}: <{tag}> in {page}");
                let outside = tag.replace("&quot;", "");
                let attributes = outside.split_once(' ').map_or("", |(_, rest)| rest);
                let names = attributes.split('"').step_by(2).map(|part| part.trim().trim_end_matches('='));
                for attribute in names.filter(|name| !name.is_empty()) {
                    assert!(
                        ["href", "title", "start", "align", "rel"].contains(&attribute),
                        "{text}: {attribute} in {page}"
                    );
                }
                if let Some((_, link)) = attributes.split_once("href=\"") {
                    let safe = ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
                    let first = link.split(['/', '"', '?', '#']).next().unwrap_or_default();
                    // A scheme is of letters, digits, +, - and . only (RFC 3986, 3.1).
                    let scheme = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
                    let relative = first.split_once(':').is_none_or(|(name, _)| !scheme(name));
                    assert!(safe || relative, "{text}: {link} in {page}");
                }
            }
        }
    }

    #[test]
    fn what_people_mean_is_shown() {
        let page = html(
            "# 大标题\n\n**失败率**为30%，见[面板](https://example.com/d)。\n\n1. 甲\n2. 乙\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        );
        for part in ["<h3>大标题</h3>", "<strong>失败率</strong>", "href=\"https://example.com/d\"", "<ol>", "<table>"]
        {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert_eq!(escaped("<a href=\"x\">'&"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    }

    #[test]
    fn hostile_depth_is_no_trouble() {
        for unit in [">", "[", "*", "- ", "`", "<b>", "![", "| a "] {
            let text = unit.repeat(65_536 / unit.len());
            let page = html(&text);
            assert!(page.len() < 40_000_000, "{unit}");
        }
    }
}
