//! Notifiers: where messages of the house go besides mail, and which.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    chat::ChatTool,
    checked::{self, FieldError},
    quiet_hours::QuietHours,
    reminder::digest::Language,
};

/// Most notifiers.
pub const LIMIT: usize = 100;

/// What a notifier can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Topic {
    /// An event was logged.
    #[serde(rename = "event.logged")]
    EventLogged,
    /// An event is over.
    #[serde(rename = "event.recovered")]
    EventRecovered,
    /// A grade was given or changed.
    #[serde(rename = "event.graded")]
    EventGraded,
    /// A postmortem is done.
    #[serde(rename = "postmortem.done")]
    PostmortemDone,
    /// A postmortem is overdue: once, in working hours.
    #[serde(rename = "postmortem.overdue")]
    PostmortemOverdue,
    /// A week's report is published.
    #[serde(rename = "report.published")]
    ReportPublished,
    /// Postmortems and other things are pending: once a working day, by the policy of reminders.
    #[serde(rename = "postmortem.pending")]
    PostmortemPending,
    /// An error budget burns too fast.
    #[serde(rename = "budget.burning")]
    BudgetBurning,
}

/// All topics.
pub const TOPICS: [Topic; 8] = [
    Topic::EventLogged,
    Topic::EventRecovered,
    Topic::EventGraded,
    Topic::PostmortemDone,
    Topic::PostmortemOverdue,
    Topic::ReportPublished,
    Topic::PostmortemPending,
    Topic::BudgetBurning,
];

impl Topic {
    /// The stored and spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EventLogged => "event.logged",
            Self::EventRecovered => "event.recovered",
            Self::EventGraded => "event.graded",
            Self::PostmortemDone => "postmortem.done",
            Self::PostmortemOverdue => "postmortem.overdue",
            Self::ReportPublished => "report.published",
            Self::PostmortemPending => "postmortem.pending",
            Self::BudgetBurning => "budget.burning",
        }
    }

    /// The topic of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        TOPICS.into_iter().find(|topic| topic.code() == code)
    }

    /// The topics of codes; an unknown one is refused with those that there are.
    pub fn all_of<'a>(codes: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, FieldError> {
        let unknown = |code: &str| {
            let known = TOPICS.map(Self::code).join(", ");
            let code: String = code.chars().take(40).collect();
            FieldError::shape("topics", format!("there is no topic {code}; there are {known}"))
        };
        let mut topics = codes
            .into_iter()
            .map(|code| Self::from_code(code.trim()).ok_or_else(|| unknown(code)))
            .collect::<Result<Vec<_>, _>>()?;
        topics.sort_unstable();
        topics.dedup();
        Ok(topics)
    }

    /// Its words for people.
    pub const fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::EventLogged, Language::Chinese) => "新事件",
            (Self::EventLogged, Language::English) => "New event",
            (Self::EventRecovered, Language::Chinese) => "已恢复",
            (Self::EventRecovered, Language::English) => "Recovered",
            (Self::EventGraded, Language::Chinese) => "定级与改定级",
            (Self::EventGraded, Language::English) => "Graded or regraded",
            (Self::PostmortemDone, Language::Chinese) => "已复盘",
            (Self::PostmortemDone, Language::English) => "Postmortem done",
            (Self::PostmortemOverdue, Language::Chinese) => "复盘逾期",
            (Self::PostmortemOverdue, Language::English) => "Postmortem overdue",
            (Self::ReportPublished, Language::Chinese) => "周报发布",
            (Self::ReportPublished, Language::English) => "Weekly report published",
            (Self::PostmortemPending, Language::Chinese) => "待复盘汇总",
            (Self::PostmortemPending, Language::English) => "Digest of what is pending",
            (Self::BudgetBurning, Language::Chinese) => "误差预算燃烧过快",
            (Self::BudgetBurning, Language::English) => "Error budget burns too fast",
        }
    }
}

/// What people set of a notifier, without its address and its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotifierFields {
    /// 1 to 60 characters, unique whatever its case and width.
    pub name: String,
    /// The tool; it stays.
    pub tool: ChatTool,
    /// What a group with keyword security wants in each message.
    pub keyword: Option<String>,
    /// Slack: where a bot posts, `C012AB3CD` or `#payments`; without one messages go to an incoming webhook.
    pub channel: Option<String>,
    /// zh-CN or en.
    pub lang: String,
    /// Only what touches this team; none means everything.
    pub team_id: Option<Uuid>,
    /// What it is told of.
    pub topics: Vec<Topic>,
    /// Messages go out.
    pub enabled: bool,
    /// When it is left alone; none where messages go at any hour.
    pub quiet: Option<QuietHours>,
}

impl NotifierFields {
    /// The tidy fields.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.name = checked::line("name", &self.name, 60)?;
        if checked::fold(&self.name).chars().count() > 60 || self.name.contains(['/', '\\']) {
            return Err(FieldError::shape("name", "write a name of at most 60 characters without slashes"));
        }
        self.keyword = match self.keyword.as_deref().map(str::trim).filter(|word| !word.is_empty()) {
            Some(word) => Some(checked::line("keyword", word, 40)?),
            None => None,
        };
        if self.keyword.is_some() && !self.tool.has_keyword() {
            return Err(FieldError::shape("keyword", "only groups of Feishu and DingTalk ask for a keyword"));
        }
        self.channel = match self.channel.as_deref().map(str::trim).filter(|word| !word.is_empty()) {
            Some(word) => Some(checked::line("channel", word, 80)?),
            None => None,
        };
        if self.channel.is_some() && self.tool != ChatTool::Slack {
            return Err(FieldError::shape("channel", "only a bot of Slack posts in a channel; leave it empty"));
        }
        if self.channel.as_deref().is_some_and(|word| word.chars().any(|c| c.is_whitespace() || c == ',')) {
            return Err(FieldError::shape("channel", "write one channel like C012AB3CD or #payments"));
        }
        if !matches!(self.lang.as_str(), "zh-CN" | "en") {
            return Err(FieldError::shape("lang", "write zh-CN or en"));
        }
        Ok(self)
    }
}

/// Where bots of Slack post.
const SLACK_API: &str = "https://slack.com/api/chat.postMessage";

/// The address that a notifier sends to, and what its messages are signed with. Both open the way to the group: they are
/// shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// `https://…`.
    pub url: String,
    /// What messages are signed with; of a bot its token.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("url", &self.masked()).finish_non_exhaustive()
    }
}

impl Target {
    /// Scheme and server, and of the rest the last four characters: `https://open.feishu.cn/…a1b2`.
    pub fn masked(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        let tail: String = rest.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        let tail = if rest.len() > host.len() + 12 { tail } else { String::new() };
        format!("{scheme}://{host}/…{tail}")
    }

    /// Checks the secret of a tool: none where it cannot sign; for Standard Webhooks `whsec_` and base64; of a bot its token.
    pub fn checked(self, fields: &NotifierFields) -> Result<Self, FieldError> {
        let (tool, bot) = (fields.tool, fields.channel.is_some());
        let url = if bot && self.url.trim().is_empty() { SLACK_API } else { &self.url };
        let url = checked::line("url", url, 1_000)?;
        let secret = match self.secret.as_deref().map(str::trim).filter(|secret| !secret.is_empty()) {
            Some(secret) => Some(checked::line("secret", secret, 200)?),
            None => None,
        };
        if bot {
            let token = secret.as_deref().unwrap_or_default();
            if !token.starts_with("xox") || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(FieldError::shape("secret", "a bot posts with its token; write it, xoxb-…"));
            }
            return Ok(Self { url, secret });
        }
        if secret.is_some() && !tool.signs() {
            return Err(FieldError::shape("secret", "messages of this tool cannot be signed; leave it empty"));
        }
        let coded = secret.as_deref().and_then(|secret| secret.strip_prefix("whsec_"));
        if tool == ChatTool::Webhook && coded.is_some_and(|coded| !is_base64(coded)) {
            return Err(FieldError::shape("secret", "behind whsec_ stands base64"));
        }
        Ok(Self { url, secret })
    }
}

/// Whether a text can be the base64 of a key, with or without padding.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !bare.is_empty() && bare.len() % 4 != 1 && bare.bytes().all(sign)
}

/// A notifier as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notifier {
    /// UUIDv7.
    pub id: Uuid,
    /// Optimistic lock.
    pub version: i64,
    /// What people set.
    pub fields: NotifierFields,
    /// Where it sends to.
    pub target: Target,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl Notifier {
    /// The language of its messages.
    pub fn language(&self) -> Language {
        Language::from_code(&self.fields.lang)
    }

    /// Whether it is told of something that touches these teams.
    pub fn is_told(&self, topic: Topic, teams: &[Uuid]) -> bool {
        let fields = &self.fields;
        fields.enabled && fields.topics.contains(&topic) && fields.team_id.is_none_or(|team| teams.contains(&team))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_opens_it() {
        let shown = |url: &str| Target { url: url.to_owned(), secret: Some("s".to_owned()) }.masked();
        let url = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef";
        assert_eq!(shown(url), "https://open.feishu.cn/…cdef");
        assert_eq!(shown("https://user:password@example.com/hook/abcdefghijklmnop"), "https://example.com/…mnop");
        assert_eq!(shown("https://example.com/abc"), "https://example.com/…");
        let target = Target { url: url.to_owned(), secret: Some("hidden".to_owned()) };
        assert!(!format!("{target:?}").contains("hidden") && !format!("{target:?}").contains("0123"));
    }

    #[test]
    fn topics_are_read_once_each_and_an_unknown_one_is_named() {
        let codes = ["budget.burning", "event.logged", "budget.burning"];
        assert_eq!(Topic::all_of(codes).unwrap(), [Topic::EventLogged, Topic::BudgetBurning]);
        assert!(format!("{:?}", Topic::all_of(["event.lost"]).unwrap_err()).contains("event.lost"));
    }
}
