//! A postmortem as a document to take away: Markdown, and HTML that needs nothing else.

use crate::domain::markdown::{self, escaped};

/// A postmortem ready to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostmortemDocument {
    /// `PE-22`.
    pub label: String,
    /// The event's title.
    pub title: String,
    /// Name and value: time, severity, owner, state …
    pub facts: Vec<(String, String)>,
    /// In order.
    pub sections: Vec<DocumentSection>,
    /// The headings are Chinese.
    pub chinese: bool,
}

/// A section ready to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentSection {
    /// Its heading.
    pub title: String,
    /// Markdown.
    pub text: String,
    /// The chain of whys.
    pub whys: Vec<String>,
}

impl DocumentSection {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty() && self.whys.iter().all(|why| why.trim().is_empty())
    }
}

/// 为何 1, Why 1.
pub fn why_words(number: usize, chinese: bool) -> String {
    if chinese { format!("为何 {number}") } else { format!("Why {number}") }
}

impl PostmortemDocument {
    /// As Markdown, one document. Sections that hold nothing say so with a dash.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {} {}\n\n", self.label, one_line(&self.title));
        for (name, value) in &self.facts {
            text.push_str(&format!("- {}{}{}\n", name, if self.chinese { "：" } else { ": " }, one_line(value)));
        }
        for section in &self.sections {
            text.push_str(&format!("\n## {}\n\n", one_line(&section.title)));
            if section.is_empty() {
                text.push_str("—\n");
                continue;
            }
            if !section.text.trim().is_empty() {
                text.push_str(&closed(section.text.trim_end()));
                text.push('\n');
            }
            let whys: Vec<&String> = section.whys.iter().filter(|why| !why.trim().is_empty()).collect();
            if !whys.is_empty() {
                if !section.text.trim().is_empty() {
                    text.push('\n');
                }
                for (at, why) in whys.iter().enumerate() {
                    text.push_str(&format!("{}. {}\n", at + 1, one_line(why)));
                }
            }
        }
        text
    }

    /// The sections as HTML, without a page around.
    pub fn body(&self) -> String {
        let mut page = String::new();
        if !self.facts.is_empty() {
            page.push_str("<dl class=\"facts\">");
            for (name, value) in &self.facts {
                page.push_str(&format!("<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value)));
            }
            page.push_str("</dl>\n");
        }
        for section in &self.sections {
            page.push_str(&format!("<section><h2>{}</h2>\n", escaped(&section.title)));
            if section.is_empty() {
                page.push_str("<p>—</p>");
            } else {
                page.push_str(&markdown::html(&section.text));
                let whys = section.whys.iter().filter(|why| !why.trim().is_empty());
                let items: Vec<String> = whys
                    .enumerate()
                    .map(|(at, why)| format!("<li><b>{}</b> {}</li>", why_words(at + 1, self.chinese), escaped(why)))
                    .collect();
                if !items.is_empty() {
                    page.push_str(&format!("<ol class=\"whys\">{}</ol>", items.concat()));
                }
            }
            page.push_str("</section>\n");
        }
        page
    }

    /// As an HTML page that needs nothing else: no script, no address but the links that people wrote.
    pub fn html(&self) -> String {
        let lang = if self.chinese { "zh-CN" } else { "en" };
        let heading = escaped(&format!("{} {}", self.label, one_line(&self.title)));
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\">\n<title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<h1>{heading}</h1>\n{}</body>\n</html>\n",
            self.body()
        )
    }
}

/// The style of the page that is taken away.
const STYLE: &str = "body{font:15px/1.7 -apple-system,\"Segoe UI\",\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif;\
max-width:46em;margin:2em auto;padding:0 1em;color:#1d1c1a}h1{font-size:1.5em;line-height:1.4}h2{font-size:1.15em;margin:1.4em 0 .3em;\
border-bottom:1px solid #e4e1d9}.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(11em,1fr));gap:.4em 1.5em;margin:0}\
dt{color:#6b675e;font-size:.8em}dd{margin:0;font-weight:600}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em}\
pre{white-space:pre-wrap}.whys{list-style:none;padding-left:0}.whys b{color:#6b675e;font-weight:600}\
@page{size:A4;margin:14mm}@media print{body{font-size:10pt;margin:0;max-width:none}}";

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text whose code fence was never closed would swallow the sections behind it.
fn closed(text: &str) -> String {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let Some(sign) = trimmed.chars().next().filter(|c| matches!(c, '`' | '~')) else { continue };
        let length = trimmed.chars().take_while(|c| *c == sign).count();
        match open {
            None if length >= 3 => open = Some((sign, length)),
            Some((have, least)) if have == sign && length >= least && trimmed.trim_end().chars().all(|c| c == sign) => {
                open = None;
            }
            _ => {}
        }
    }
    match open {
        Some((sign, length)) => format!("{text}\n{}", sign.to_string().repeat(length)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> PostmortemDocument {
        PostmortemDocument {
            label: "PE-22".to_owned(),
            title: "提现失败 <b>".to_owned(),
            facts: vec![("等级".to_owned(), "B级".to_owned())],
            sections: vec![
                DocumentSection { title: "综述".to_owned(), text: "```\n没有关上".to_owned(), whys: vec![] },
                DocumentSection {
                    title: "根因".to_owned(),
                    text: "直接原因：<script>alert(1)</script>".to_owned(),
                    whys: vec!["连接池耗尽".to_owned(), String::new(), "没有退避 <i>".to_owned()],
                },
                DocumentSection { title: "做得好的".to_owned(), ..DocumentSection::default() },
            ],
            chinese: true,
        }
    }

    #[test]
    fn the_document_is_written_as_markdown() {
        assert_eq!(
            document().markdown(),
            "# PE-22 提现失败 <b>\n\n- 等级：B级\n\n## 综述\n\n```\n没有关上\n```\n\n## 根因\n\n直接原因：<script>alert(1)</script>\n\n1. 连接池耗尽\n2. 没有退避 <i>\n\n## 做得好的\n\n—\n"
        );
    }

    #[test]
    fn the_page_is_safe_and_needs_nothing_else() {
        let page = document().html();
        assert!(page.contains("<title>PE-22 提现失败 &lt;b&gt;</title>") && page.contains("<h2>根因</h2>"), "{page}");
        assert!(page.contains("<li><b>为何 2</b> 没有退避 &lt;i&gt;</li>"), "{page}");
        for part in ["<script", "http://", "https://", "src=", "@import"] {
            assert!(!page.contains(part), "{part} in {page}");
        }
    }
}
