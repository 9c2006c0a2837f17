//! WeCom: the Markdown of message push, at most 4,096 bytes (developer.work.weixin.qq.com, "消息推送配置说明").
//! It is the first form and not `markdown_v2`: only that one can call somebody.

use serde_json::{Value, json};

use super::{ChatMessage, Tone, calls, worded};

/// The text of a message; its bytes are what counts.
pub(super) fn content(message: &ChatMessage) -> String {
    let colour = match message.tone {
        Tone::Red | Tone::Orange => "warning",
        Tone::Green | Tone::Blue => "info",
        _ => "comment",
    };
    let mut rows = vec![format!("**<font color=\"{colour}\">{}</font>**", plain(&message.title))];
    rows.extend(message.lines.iter().map(|line| format!(">{}", worded(line, "**", plain))));
    let links: Vec<String> =
        message.links.iter().map(|link| format!("[{}]({})", plain(&link.words), link.url)).collect();
    if !links.is_empty() {
        rows.push(links.join(" "));
    }
    if !message.mentions.is_empty() {
        rows.push(calls(&message.mentions, "<@", ">"));
    }
    rows.join("\n")
}

/// The body of a message with a text.
pub(super) fn message(content: &str) -> Value {
    json!({"msgtype": "markdown", "markdown": {"content": content}})
}

/// Words as words. No escape is documented, so signs that would mean something are written in their wide forms.
fn plain(text: &str) -> String {
    let wide = |c: char| match c {
        '<' => '＜',
        '>' => '＞',
        '[' => '［',
        ']' => '］',
        '*' => '＊',
        '`' => '｀',
        other => other,
    };
    text.chars().map(wide).collect()
}
