//! The digest: what one person is told in one mail, oldest first. Words and layout are the templates' business.

use std::{cmp::Ordering, collections::BTreeMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    plan::{Item, Reason},
    policy::{SUBJECTS, Subject},
};
use crate::domain::calendar::sheets::Calendars;

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

/// One thing in a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestItem {
    /// What it is.
    pub subject: Subject,
    /// 22 of PE-22, 7 of AI-7, `202434` of a week.
    pub number: i64,
    /// The beginning of its report line.
    pub line: String,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// Due date.
    pub due_on: NaiveDate,
    /// Working days that it is late on the day of the digest.
    pub overdue_days: i64,
    /// Working days that are left then.
    pub days_left: i64,
    /// Whose it is, where it is not the reader's.
    pub owner: Owner,
    /// Names of facts that its record lacks.
    pub lacks: Vec<&'static str>,
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
    /// Other things than postmortems, by what they are.
    pub others: Vec<(Subject, DigestGroup)>,
    /// Where people reach the pages, without a slash at the end.
    pub public_url: String,
    /// What the rules say of whom they remind, and how often.
    pub manners: Manners,
    /// What its reader may do by links, by number of the event.
    pub links: BTreeMap<i64, ItemLinks>,
}

/// What a reader is told of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// Mails of a day at most.
    pub mails: usize,
    /// From so many working days past the due date on others than the owner are told too; none where they never are.
    pub copied_from: Option<i64>,
}

impl Default for Manners {
    fn default() -> Self {
        Self { mails: 1, copied_from: Some(2) }
    }
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
    /// All postmortems, shown or not.
    pub fn count(&self) -> usize {
        self.overdue.count() + self.today.count() + self.next.count() + self.later.count()
    }

    /// Everything else, shown or not.
    pub fn count_others(&self) -> usize {
        self.others.iter().map(|(_, group)| group.count()).sum()
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

/// The digest of `due` (what is reminded of) and `later` (other owed postmortems of the reader). `name_of` names owners.
pub fn build(
    reader: Reader<'_>,
    due: &[(Item, Reason)],
    later: &[Item],
    calendars: &Calendars,
    name_of: &dyn Fn(Uuid) -> Option<String>,
) -> Digest {
    let view = |item: &Item| DigestItem {
        subject: item.subject,
        number: item.number,
        line: item.line.clone(),
        severity: item.severity.clone(),
        due_on: item.due_on,
        overdue_days: calendars.of_team(item.team).working_days_between(item.due_on, reader.day).max(0),
        days_left: calendars.of_team(item.team).working_days_between(reader.day, item.due_on).max(0),
        owner: match item.owner {
            Some(owner) if owner == reader.id => Owner::Reader,
            Some(owner) => name_of(owner).map_or(Owner::Nobody, Owner::Other),
            None => Owner::Nobody,
        },
        lacks: item.lacks.clone(),
    };
    // How late it is on the day of the digest, not when the step came: one that was caught up is later by now.
    let offset = |item: &Item| {
        let calendar = calendars.of_team(item.team);
        if reader.day > item.due_on {
            calendar.working_days_between(item.due_on, reader.day).max(1)
        } else {
            -calendar.working_days_between(reader.day, item.due_on)
        }
    };
    let postmortems = || due.iter().filter(|(item, _)| item.subject == Subject::Postmortem);
    let of_offset = |wanted: &dyn Fn(i64) -> bool| {
        group(postmortems().filter(|(item, _)| wanted(offset(item))).map(|(item, _)| view(item)).collect())
    };
    let early = postmortems().filter(|(item, _)| offset(item) < -1).map(|(item, _)| view(item));
    let others = SUBJECTS.into_iter().filter(|subject| *subject != Subject::Postmortem).filter_map(|subject| {
        let items: Vec<DigestItem> =
            due.iter().filter(|(item, _)| item.subject == subject).map(|(item, _)| view(item)).collect();
        (!items.is_empty()).then(|| (subject, group(items)))
    });
    Digest {
        name: reader.name.to_owned(),
        language: reader.language,
        day: reader.day,
        overdue: of_offset(&|offset| offset > 0),
        today: of_offset(&|offset| offset == 0),
        next: of_offset(&|offset| offset == -1),
        later: group(early.chain(later.iter().map(view)).collect()),
        others: others.collect(),
        public_url: reader.public_url.to_owned(),
        manners: Manners::default(),
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
    use crate::domain::{
        event_record::EventKind,
        reminder::policy::{By, Step},
    };

    const ME: Uuid = Uuid::from_u128(1);
    const COLLEAGUE: Uuid = Uuid::from_u128(2);

    fn owed(number: i64, owner: Option<Uuid>, due_on: &str) -> (Item, Reason) {
        let day = "2024-08-27".parse().unwrap();
        let reason = Reason { step: Step::Due, offset: 0, occurrence: day, rule: 0, by: By::Mail };
        let item = Item {
            subject: Subject::Postmortem,
            id: Uuid::from_u128(u128::try_from(number).unwrap()),
            event: None,
            number,
            line: "08/19 15:00 提现失败".to_owned(),
            severity: None,
            kind: EventKind::Normal,
            state: "pending",
            teams: Vec::new(),
            team: None,
            owner,
            due_on: due_on.parse().unwrap(),
            readers: None,
            of_teams: std::collections::BTreeSet::new(),
            named: std::collections::BTreeSet::new(),
            hushed_until: None,
            hushed_since: None,
            lacks: Vec::new(),
        };
        (item, reason)
    }

    fn digest(due: &[(Item, Reason)]) -> Digest {
        let day = "2024-08-27".parse().unwrap();
        let reader =
            Reader { id: ME, name: "值班", language: Language::Chinese, day, public_url: "http://localhost" };
        let name_of = |id| (id == COLLEAGUE).then(|| "小李".to_owned());
        build(reader, due, &[], &Calendars::default(), &name_of)
    }

    #[test]
    fn items_stand_in_their_group_with_the_oldest_first() {
        let digest = digest(&[
            owed(7, Some(ME), "2024-08-26"),
            owed(5, Some(COLLEAGUE), "2024-08-22"),
            owed(6, None, "2024-08-22"),
            owed(9, Some(ME), "2024-08-28"),
        ]);
        let overdue: Vec<_> = digest.overdue.items.iter().map(|item| (item.number, item.overdue_days)).collect();
        assert_eq!(overdue, [(5, 3), (6, 3), (7, 1)]);
        assert_eq!(digest.overdue.items[0].owner, Owner::Other("小李".to_owned()));
        assert_eq!(digest.overdue.items[1].owner, Owner::Nobody);
        assert_eq!((digest.today.count(), digest.next.count(), digest.count()), (0, 1, 4));
    }

    #[test]
    fn a_long_group_is_cut_and_the_rest_is_counted() {
        let due: Vec<_> = (1..=25).map(|n| owed(n, Some(ME), "2024-08-27")).collect();
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
