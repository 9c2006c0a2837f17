//! DingTalk: an ActionCard, or Markdown where somebody is called, which a card cannot
//! (open.dingtalk.com, "自定义机器人发送消息的消息类型").

use serde_json::{Value, json};

use super::{ChatMessage, worded};

/// The body of a message.
pub(super) fn message(message: &ChatMessage) -> Value {
    let mut blocks = vec![format!("#### {}", escaped(&message.title))];
    blocks.extend(message.lines.iter().map(|line| worded(line, "**", escaped)));
    if message.mentions.is_empty() && !message.links.is_empty() {
        let buttons: Vec<Value> =
            message.links.iter().map(|link| json!({"title": link.words, "actionURL": link.url})).collect();
        return json!({
            "msgtype": "actionCard",
            "actionCard": {
                "title": message.title,
                "text": blocks.join("\n\n"),
                "btnOrientation": "1",
                "btns": buttons,
            },
        });
    }
    let links: Vec<String> =
        message.links.iter().map(|link| format!("[{}]({})", escaped(&link.words), link.url)).collect();
    if !links.is_empty() {
        blocks.push(links.join(" · "));
    }
    // Only who stands in the text too is called.
    let calls: Vec<String> = message.mentions.iter().map(|id| format!("@{id}")).collect();
    if !calls.is_empty() {
        blocks.push(calls.join(" "));
    }
    json!({
        "msgtype": "markdown",
        "markdown": {"title": message.title, "text": blocks.join("\n\n")},
        "at": {"atUserIds": message.mentions, "isAtAll": false},
    })
}

/// Words as words in Markdown.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '*' | '_' | '`' | '[' | ']' | '#' | '!' | '\\' | '~' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
