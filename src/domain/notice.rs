//! Short mails of the house to one person: what they say, before it is put into words.

use super::reminder::digest::Language;

/// What a notice tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// A test of the way out.
    Test,
    /// The mail server refused an address for good: nothing goes there any more.
    Bounced {
        /// The address.
        address: String,
        /// What the server said.
        said: String,
    },
    /// Somebody wants no reminders any more.
    Unsubscribed {
        /// The address.
        address: String,
    },
    /// An API token of the reader ends soon.
    TokenEnds {
        /// What it is for.
        name: String,
        /// Its first characters.
        prefix: String,
        /// `2024-08-29 14:00 (Asia/Shanghai)`.
        ends: String,
        /// Hours for which a replaced token goes on working.
        overlap: i64,
    },
    /// The review of a postmortem was set, moved or cancelled.
    Review(ReviewNotice),
}

/// A review, as its invitation tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewNotice {
    /// `PE-22`.
    pub label: String,
    /// 22.
    pub number: i64,
    /// The beginning of the event's line.
    pub line: String,
    /// `2024-08-29 14:00`, in the report zone.
    pub when: String,
    /// Name of that zone.
    pub zone: String,
    /// How long.
    pub minutes: i32,
    /// A room or a link.
    pub place: Option<String>,
    /// Who is invited.
    pub people: Vec<String>,
    /// Who set the time.
    pub organizer: String,
    /// It does not take place, or its reader is not invited any more.
    pub cancelled: bool,
    /// It was set before.
    pub moved: bool,
}

/// A notice to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The reader's language.
    pub language: Language,
    /// What it tells.
    pub kind: NoticeKind,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: String,
}
