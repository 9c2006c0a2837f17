//! DingTalk: an ActionCard, or Markdown where somebody is called, which a card cannot
//! (open.dingtalk.com, "自定义机器人发送消息的消息类型").

use serde_json::{Value, json};

use super::{ChatMessage, calls, worded};
use crate::domain::notifier_member;

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
    if !message.mentions.is_empty() {
        blocks.push(calls(&message.mentions, "@", ""));
    }
    let (mobiles, ids): (Vec<&String>, Vec<&String>) =
        message.mentions.iter().partition(|id| notifier_member::is_mobile(id));
    json!({
        "msgtype": "markdown",
        "markdown": {"title": message.title, "text": blocks.join("\n\n")},
        "at": {"atUserIds": ids, "atMobiles": mobiles, "isAtAll": false},
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
