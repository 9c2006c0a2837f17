//! Any server: a body with what the message says in fields, for Standard Webhooks (standardwebhooks.com).

use serde_json::{Value, json};

use super::{ChatMessage, joined};

/// The body of a message. Its time and id are headers of the sending.
pub(super) fn message(message: &ChatMessage) -> Value {
    let lines: Vec<String> = message.lines.iter().map(joined).collect();
    let links: Vec<Value> = message.links.iter().map(|link| json!({"words": link.words, "url": link.url})).collect();
    json!({
        "type": format!("fupan.{}", message.kind),
        "data": {
            "language": message.language.code(),
            "tone": message.tone.code(),
            "title": message.title,
            "lines": lines,
            "links": links,
            "mentions": message.mentions,
        },
    })
}
