//! Slack: blocks of an incoming webhook (api.slack.com, "Block Kit" and "Formatting text for app surfaces").

use serde_json::{Value, json};

use super::{ChatLine, ChatMessage, calls, shortened, worded};

/// The most bytes of a body: the documented limits are those of blocks, this keeps a message readable.
pub(super) const BODY_LIMIT: usize = 60_000;

/// The most blocks of lines: a message takes 50, and head, calls and buttons take theirs.
pub(super) const MOST_LINES: usize = 45;

/// The most characters of a head.
const HEADER: usize = 150;

/// The most characters of a section.
const SECTION: usize = 3_000;

/// The body of a message.
pub(super) fn message(message: &ChatMessage) -> Value {
    let head = shortened(&message.title, HEADER);
    let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": head, "emoji": false}})];
    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
    blocks.extend(message.lines.iter().map(|one| section(line(one))));
    if !message.mentions.is_empty() {
        blocks.push(section(calls(&message.mentions, "<@", ">")));
    }
    if !message.links.is_empty() {
        let buttons: Vec<Value> = message
            .links
            .iter()
            .map(|link| {
                let words = shortened(&link.words, 75);
                json!({"type": "button", "text": {"type": "plain_text", "text": words}, "url": link.url})
            })
            .collect();
        blocks.push(json!({"type": "actions", "elements": buttons}));
    }
    // Said where blocks cannot be shown, in notifications.
    json!({"text": escaped(&message.title), "blocks": blocks})
}

fn line(line: &ChatLine) -> String {
    let words = worded(line, "*", escaped);
    if words.chars().count() <= SECTION {
        return words;
    }
    // A section takes no more. An escape is five characters at most.
    let cut = ChatLine { strong: shortened(&line.strong, SECTION / 20), text: shortened(&line.text, SECTION / 6) };
    worded(&cut, "*", escaped)
}

/// The three characters that Slack documents.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
