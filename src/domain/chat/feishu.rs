//! Feishu and Lark: a card of schema 2.0 (open.feishu.cn, "自定义机器人使用指南" and "卡片 JSON 2.0 结构").

use serde_json::{Value, json};

use super::{ChatMessage, calls, worded};

/// The body of a message. Buttons are links: a custom bot gets no callbacks.
pub(super) fn card(message: &ChatMessage) -> Value {
    let mut elements = Vec::new();
    let mut lines: Vec<String> = message.lines.iter().map(|line| worded(line, "**", escaped)).collect();
    if !message.mentions.is_empty() {
        lines.push(calls(&message.mentions, "<at id=", "></at>"));
    }
    if !lines.is_empty() {
        elements.push(json!({"tag": "markdown", "content": lines.join("\n")}));
    }
    if !message.links.is_empty() {
        elements.push(json!({"tag": "hr"}));
    }
    for (place, link) in message.links.iter().enumerate() {
        elements.push(json!({
            "tag": "button",
            "type": if place == 0 { "primary" } else { "default" },
            "text": {"tag": "plain_text", "content": link.words},
            "behaviors": [{"type": "open_url", "default_url": link.url}],
        }));
    }
    json!({
        "msg_type": "interactive",
        "card": {
            "schema": "2.0",
            "header": {
                "template": message.tone.code(),
                "title": {"tag": "plain_text", "content": message.title},
            },
            "body": {"elements": elements},
        },
    })
}

/// Words as words: what Feishu's Markdown would read as a sign is a character reference.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '*' | '_' | '~' | '`' | '[' | ']' | '(' | ')' | '#' | '!' | '\\' | '$' | '|' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}
