//! Messages for chat tools: what is said, and the form and the limits of each tool (study of pages and messages, section 5;
//! the documents of the tools named in each file).
//!
//! A message is lines. Each line is shown whole or not at all: where a tool takes no more bytes, the last lines are left out
//! and their number is told.

pub mod answer;
mod dingtalk;
mod feishu;
mod slack;
mod webhook;
mod wecom;

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;

use super::{notifier_member, reminder::digest::Language};

/// The tools that a notifier can speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatTool {
    /// Feishu and Lark: a custom bot of a group.
    Feishu,
    /// DingTalk: a custom robot of a group.
    DingTalk,
    /// WeCom: message push of a group.
    WeCom,
    /// Slack: an incoming webhook.
    Slack,
    /// Any server, by Standard Webhooks.
    Webhook,
}

/// All tools.
pub const CHAT_TOOLS: [ChatTool; 5] =
    [ChatTool::Feishu, ChatTool::DingTalk, ChatTool::WeCom, ChatTool::Slack, ChatTool::Webhook];

/// How often a tool takes messages for one webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Milliseconds between two messages in the long run.
    pub every: i64,
    /// So many may go at once after a quiet time.
    pub burst: i64,
}

impl ChatTool {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Feishu => "feishu",
            Self::DingTalk => "dingtalk",
            Self::WeCom => "wecom",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }

    /// The tool of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        CHAT_TOOLS.into_iter().find(|tool| tool.code() == code)
    }

    /// Its name for people.
    pub const fn name(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Feishu, Language::Chinese) => "飞书",
            (Self::Feishu, Language::English) => "Feishu",
            (Self::DingTalk, Language::Chinese) => "钉钉",
            (Self::DingTalk, Language::English) => "DingTalk",
            (Self::WeCom, Language::Chinese) => "企业微信",
            (Self::WeCom, Language::English) => "WeCom",
            (Self::Slack, _) => "Slack",
            (Self::Webhook, _) => "Webhook",
        }
    }

    /// Whether its messages can be signed with a secret.
    pub const fn signs(self) -> bool {
        matches!(self, Self::Feishu | Self::DingTalk | Self::Webhook)
    }

    /// Whether a group may ask for a keyword in each message.
    pub const fn has_keyword(self) -> bool {
        matches!(self, Self::Feishu | Self::DingTalk)
    }

    /// The most bytes: of the whole body, of WeCom's text.
    pub const fn limit(self) -> usize {
        match self {
            // Both say 20 KB; the signature comes on top of what is counted here.
            Self::Feishu | Self::DingTalk => 20_000,
            Self::WeCom => 4_096,
            Self::Slack => slack::BODY_LIMIT,
            Self::Webhook => 256_000,
        }
    }

    /// How often it takes messages: a burst and what follows in the same minute stay below its limit.
    pub const fn pace(self) -> Pace {
        match self {
            // 100 a minute and 5 a second.
            Self::Feishu => Pace { every: 1_000, burst: 4 },
            // 20 a minute, else blocked for ten.
            Self::DingTalk | Self::WeCom => Pace { every: 6_000, burst: 8 },
            // About one a second.
            Self::Slack => Pace { every: 1_200, burst: 1 },
            Self::Webhook => Pace { every: 100, burst: 20 },
        }
    }
}

impl Pace {
    /// When a message may go: `until` is how far earlier messages fill the line, both in milliseconds. Answers how far it is
    /// filled with this one, or from when on there is room for it.
    pub const fn take(self, until: i64, now: i64) -> Result<i64, i64> {
        let room_from = until - (self.burst - 1) * self.every;
        if room_from > now {
            return Err(room_from);
        }
        let from = if until > now { until } else { now };
        Ok(from + self.every)
    }
}

/// The colour of a message's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Level 1, overdue.
    Red,
    /// Level 2.
    Orange,
    /// Level 3.
    Yellow,
    /// Level 4 and ungraded.
    Grey,
    /// Recovered.
    Green,
    /// Owed.
    Violet,
    /// Reviewed.
    Blue,
    /// The weekly report.
    Indigo,
}

impl Tone {
    /// Its name, as Feishu has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Grey => "grey",
            Self::Green => "green",
            Self::Violet => "violet",
            Self::Blue => "blue",
            Self::Indigo => "indigo",
        }
    }
}

/// One line: a part that stands out, and the rest. Neither holds line ends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatLine {
    /// Shown bold.
    pub strong: String,
    /// Shown plain.
    pub text: String,
}

impl ChatLine {
    /// A plain line.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { strong: String::new(), text: text.into() }
    }
}

/// A link with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLink {
    /// The words.
    pub words: String,
    /// Where it leads.
    pub url: String,
}

/// A message before it has the form of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// `budget.burning` …
    pub kind: &'static str,
    /// Of the tool's own words.
    pub language: Language,
    /// Colour of the head.
    pub tone: Tone,
    /// The head, on one line.
    pub title: String,
    /// The lines.
    pub lines: Vec<ChatLine>,
    /// Links; the first is the one to follow.
    pub links: Vec<ChatLink>,
    /// Whom the tool calls: ids of the tool. Of them those are called that call one person, at most [`CALLS`], each once.
    pub mentions: Vec<String>,
}

/// A message in the form of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The JSON body, without what is added when it is sent.
    pub body: String,
    /// The same as plain text.
    pub text: String,
    /// What the tool counts.
    pub bytes: usize,
    /// The most that it takes.
    pub limit: usize,
    /// Lines that had no room.
    pub left_out: usize,
}

/// The most characters of a head: the least of what the tools show.
pub const TITLE_LIMIT: usize = 120;

/// The most people that one message calls.
pub const CALLS: usize = 20;

/// The most lines of a message.
const LINES: usize = 200;

impl ChatMessage {
    /// Puts the message into the form of a tool. A keyword that the group asks for stands in the title, put in front where
    /// the title lacks it.
    pub fn rendered(&self, tool: ChatTool, keyword: Option<&str>) -> Rendered {
        let mentions = called(&self.mentions);
        let mut message = Self { title: on_one_line(&self.title), mentions, ..self.clone() };
        let lines: Vec<ChatLine> = self.lines.iter().take(LINES).map(cleaned).collect();
        message.title = shortened(&message.title, TITLE_LIMIT);
        if let Some(keyword) = keyword.filter(|word| tool.has_keyword() && !message.title.contains(word)) {
            let room = TITLE_LIMIT.saturating_sub(keyword.chars().count() + 1);
            message.title = format!("{keyword} {}", shortened(&message.title, room));
        }
        let of = |kept: usize| {
            let left_out = self.lines.len() - kept;
            let mut shown: Vec<ChatLine> = lines.get(..kept).unwrap_or_default().to_vec();
            shown.extend((left_out > 0).then(|| ChatLine::plain(more(left_out, self.language))));
            let message = Self { lines: shown, ..message.clone() };
            let (body, bytes) = form(&message, tool);
            Rendered { text: message.text(), body: body.to_string(), bytes, limit: tool.limit(), left_out }
        };
        // A body with one line more is never shorter: the most that fits is found by halving.
        let (mut fits, mut over) = (0, lines.len() + 1);
        let whole = of(lines.len());
        if whole.bytes <= whole.limit && tool.takes(lines.len()) {
            return whole;
        }
        while fits + 1 < over {
            let middle = fits.midpoint(over);
            let tried = of(middle);
            if tried.bytes <= tried.limit && tool.takes(middle + 1) {
                fits = middle;
            } else {
                over = middle;
            }
        }
        of(fits)
    }

    /// The message as plain text.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for line in &self.lines {
            text.push('\n');
            text.push_str(&joined(line));
        }
        if !self.mentions.is_empty() {
            text.push('\n');
            text.push_str(&calls(&self.mentions, "@", ""));
        }
        for link in &self.links {
            text.push_str(&format!("\n{}：{}", link.words, link.url));
        }
        text
    }
}

impl ChatTool {
    /// Whether so many lines can be shown, whatever their bytes.
    const fn takes(self, lines: usize) -> bool {
        !matches!(self, Self::Slack) || lines <= slack::MOST_LINES
    }
}

fn form(message: &ChatMessage, tool: ChatTool) -> (Value, usize) {
    let body = match tool {
        ChatTool::Feishu => feishu::card(message),
        ChatTool::DingTalk => dingtalk::message(message),
        ChatTool::WeCom => {
            let content = wecom::content(message);
            let bytes = content.len();
            return (wecom::message(&content), bytes);
        }
        ChatTool::Slack => slack::message(message),
        ChatTool::Webhook => webhook::message(message),
    };
    let bytes = body.to_string().len();
    (body, bytes)
}

fn joined(line: &ChatLine) -> String {
    worded(line, "", str::to_owned)
}

/// A line in a tool's signs: `sign` on both sides makes words bold.
fn worded(line: &ChatLine, sign: &str, escaped: impl Fn(&str) -> String) -> String {
    let (strong, text) = (escaped(&line.strong), escaped(&line.text));
    match (strong.is_empty(), text.is_empty()) {
        (true, _) => text,
        (_, true) => format!("{sign}{strong}{sign}"),
        _ => format!("{sign}{strong}{sign} {text}"),
    }
}

/// The ids that call one person each, whatever the tool: nothing else is written into its signs.
fn called(ids: &[String]) -> Vec<String> {
    let mut called: Vec<String> = Vec::new();
    for id in ids.iter().filter(|id| notifier_member::calls_one(id)) {
        if called.len() < CALLS && !called.contains(id) {
            called.push(id.clone());
        }
    }
    called
}

/// Calls of people in a tool's signs, on one line.
fn calls(ids: &[String], before: &str, behind: &str) -> String {
    let calls: Vec<String> = ids.iter().map(|id| format!("{before}{id}{behind}")).collect();
    calls.join(" ")
}

fn more(count: usize, language: Language) -> String {
    match language {
        Language::Chinese => format!("另有 {count} 条，见链接"),
        Language::English => format!("{count} more behind the link"),
    }
}

/// Line ends and control characters are blanks: no text of a person can make a line of its own.
fn on_one_line(text: &str) -> String {
    let blank = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().map(blank).collect::<String>().trim().to_owned()
}

fn cleaned(line: &ChatLine) -> ChatLine {
    ChatLine { strong: on_one_line(&line.strong), text: on_one_line(&line.text) }
}

/// At most `limit` characters, the last one an ellipsis where some were left out.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}
