//! The digest: what one person is told in one mail, oldest first. Words and layout are the templates' business.

use std::{cmp::Ordering, collections::BTreeMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{plan::OwedEvent, policy::Step};
use crate::domain::calendar::Calendar;

/// The most items that one group shows; the rest is counted.
const GROUP_LIMIT: usize = 20;

/// Language of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// zh-CN, the source language.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The language of an account's code; Chinese unless it says `en`.
    pub fn from_code(code: &str) -> Self {
        if code == "en" || code.starts_with("en-") { Self::English } else { Self::Chinese }
    }

    /// The stored code, a language tag of HTML too.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

/// One owed postmortem in a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestItem {
    /// 22 of PE-22.
    pub number: i64,
    /// The beginning of its report line.
    pub line: String,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// Due date.
    pub due_on: NaiveDate,
    /// Working days that it is late on the day of the digest.
    pub overdue_days: i64,
    /// Whose it is, where it is not the reader's.
    pub owner: Owner,
}

/// Whose an item is, seen by the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The reader's own.
    Reader,
    /// A named colleague's.
    Other(String),
    /// Nobody's yet.
    Nobody,
}

/// Items of one group: those that are shown, and how many more there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestGroup {
    /// Oldest due date first.
    pub items: Vec<DigestItem>,
    /// Items that are not shown.
    pub more: usize,
}

impl DigestGroup {
    /// Shown or not.
    pub fn count(&self) -> usize {
        self.items.len() + self.more
    }
}

/// What one person is told on one working day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The reader's name.
    pub name: String,
    /// The reader's language.
    pub language: Language,
    /// The local working day that it is for.
    pub day: NaiveDate,
    /// Past due.
    pub overdue: DigestGroup,
    /// To be finished on this day.
    pub today: DigestGroup,
    /// To be finished by the next working day.
    pub next: DigestGroup,
    /// The reader's own that are due later; they are for information and no reason for a mail.
    pub later: DigestGroup,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: String,
    /// What its reader may do by links, by number of the event.
    pub links: BTreeMap<i64, ItemLinks>,
}

/// Links that act without a sign-in, each to a page with one button.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemLinks {
    /// Take the postmortem over.
    pub own: Option<String>,
    /// Put its due date off.
    pub snooze: Option<String>,
}

impl Digest {
    /// All items, shown or not.
    pub fn count(&self) -> usize {
        self.overdue.count() + self.today.count() + self.next.count() + self.later.count()
    }
}

/// To whom and for when a digest is.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The account.
    pub id: Uuid,
    /// Its name.
    pub name: &'a str,
    /// Its language.
    pub language: Language,
    /// The local working day.
    pub day: NaiveDate,
    /// Where people reach the pages.
    pub public_url: &'a str,
}

/// The digest of `due` (events that are reminded of) and `later` (other events of the reader). `name_of` names owners.
pub fn build(
    reader: Reader<'_>,
    due: &[(OwedEvent, Step)],
    later: &[OwedEvent],
    calendar: &Calendar,
    name_of: &dyn Fn(Uuid) -> Option<String>,
) -> Digest {
    let item = |event: &OwedEvent| DigestItem {
        number: event.number,
        line: event.line.clone(),
        severity: event.severity.clone(),
        due_on: event.due_on,
        overdue_days: calendar.working_days_between(event.due_on, reader.day).max(0),
        owner: match event.owner {
            Some(owner) if owner == reader.id => Owner::Reader,
            Some(owner) => name_of(owner).map_or(Owner::Nobody, Owner::Other),
            None => Owner::Nobody,
        },
    };
    let of_step =
        |wanted: Step| group(due.iter().filter(|(_, step)| *step == wanted).map(|(event, _)| item(event)).collect());
    Digest {
        name: reader.name.to_owned(),
        language: reader.language,
        day: reader.day,
        overdue: of_step(Step::Overdue),
        today: of_step(Step::Due),
        next: of_step(Step::Before),
        later: group(later.iter().map(item).collect()),
        public_url: reader.public_url.to_owned(),
        links: BTreeMap::new(),
    }
}

fn group(mut items: Vec<DigestItem>) -> DigestGroup {
    items.sort_by(oldest_first);
    let more = items.len().saturating_sub(GROUP_LIMIT);
    items.truncate(GROUP_LIMIT);
    DigestGroup { items, more }
}

fn oldest_first(a: &DigestItem, b: &DigestItem) -> Ordering {
    a.due_on.cmp(&b.due_on).then(a.number.cmp(&b.number))
}

/// A text on one line, at most `most` characters, the last of them an ellipsis where something was left out.
/// Control characters become spaces.
pub fn shortened(text: &str, most: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let mut short: String = line.chars().take(most.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Uuid = Uuid::from_u128(1);
    const COLLEAGUE: Uuid = Uuid::from_u128(2);

    fn owed(number: i64, owner: Option<Uuid>, due_on: &str) -> OwedEvent {
        OwedEvent {
            id: Uuid::from_u128(u128::try_from(number).unwrap()),
            number,
            line: "08/19 15:00 提现失败".to_owned(),
            severity: None,
            owner,
            due_on: due_on.parse().unwrap(),
            readers: None,
        }
    }

    fn digest(due: &[(OwedEvent, Step)]) -> Digest {
        let day = "2024-08-27".parse().unwrap();
        let reader =
            Reader { id: ME, name: "值班", language: Language::Chinese, day, public_url: "http://localhost" };
        let name_of = |id| (id == COLLEAGUE).then(|| "小李".to_owned());
        build(reader, due, &[], &Calendar::bundled(), &name_of)
    }

    #[test]
    fn items_stand_in_their_group_with_the_oldest_first() {
        let digest = digest(&[
            (owed(7, Some(ME), "2024-08-26"), Step::Overdue),
            (owed(5, Some(COLLEAGUE), "2024-08-22"), Step::Overdue),
            (owed(6, None, "2024-08-22"), Step::Overdue),
            (owed(9, Some(ME), "2024-08-28"), Step::Before),
        ]);
        let overdue: Vec<_> = digest.overdue.items.iter().map(|item| (item.number, item.overdue_days)).collect();
        assert_eq!(overdue, [(5, 3), (6, 3), (7, 1)]);
        assert_eq!(digest.overdue.items[0].owner, Owner::Other("小李".to_owned()));
        assert_eq!(digest.overdue.items[1].owner, Owner::Nobody);
        assert_eq!((digest.today.count(), digest.next.count(), digest.count()), (0, 1, 4));
    }

    #[test]
    fn a_long_group_is_cut_and_the_rest_is_counted() {
        let due: Vec<_> = (1..=25).map(|n| (owed(n, Some(ME), "2024-08-27"), Step::Due)).collect();
        let digest = digest(&due);
        assert_eq!((digest.today.items.len(), digest.today.more, digest.count()), (20, 5, 25));
    }

    #[test]
    fn a_shortened_text_is_one_line_of_the_asked_length() {
        assert_eq!(shortened("客户反馈\r\n商户 操作", 20), "客户反馈 商户 操作");
        assert_eq!(shortened("客户反馈商户", 4), "客户反…");
        assert_eq!(shortened("", 4), "");
    }
}
