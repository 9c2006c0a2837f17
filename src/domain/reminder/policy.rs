//! Who is reminded of what, when and how: the policy that people edit.

use std::collections::BTreeSet;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::digest::Manners;
use crate::domain::{
    action_item::ActionState,
    checked::{self, FieldError},
    event_record::EventKind,
    policy::{self, PolicyKind, refused},
    postmortem::PostmortemState,
};

/// Rules of reminders.
pub const POLICY: PolicyKind =
    PolicyKind { name: "reminders", default: policy::default_text::<ReminderPolicy>, check: check_text };

/// The word for events without a level in a condition.
pub const UNGRADED: &str = "UNGRADED";

/// Which reminder of a thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Working days are left.
    Before,
    /// Today is the last working day up to the due date.
    Due,
    /// The due date has passed.
    Overdue,
}

impl Step {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Due => "due",
            Self::Overdue => "overdue",
        }
    }

    /// The step of a number of working days past the due date.
    pub const fn of_offset(offset: i64) -> Self {
        match offset {
            i64::MIN..=-1 => Self::Before,
            0 => Self::Due,
            1.. => Self::Overdue,
        }
    }
}

/// What is reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A postmortem that is owed, by its due date.
    Postmortem,
    /// An action item that nobody owns, by `within` working days after it was written down.
    ActionAssign,
    /// An action item that is not done, by its due date.
    Action,
    /// An event that goes on, counted from the day that it began.
    OpenEvent,
    /// An event whose record lacks facts, counted from the day that it was logged; the hours before six belong to the day
    /// before.
    IncompleteEvent,
    /// A week whose report is not published, by `within` working days after its Sunday.
    WeeklyReport,
}

/// All subjects.
pub const SUBJECTS: [Subject; 6] = [
    Subject::Postmortem,
    Subject::ActionAssign,
    Subject::Action,
    Subject::OpenEvent,
    Subject::IncompleteEvent,
    Subject::WeeklyReport,
];

impl Subject {
    /// The code in documents, and the beginning of stored steps.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Postmortem => "postmortem",
            Self::ActionAssign => "action_assign",
            Self::Action => "action",
            Self::OpenEvent => "open_event",
            Self::IncompleteEvent => "incomplete_event",
            Self::WeeklyReport => "weekly_report",
        }
    }

    /// The subject of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        SUBJECTS.into_iter().find(|subject| subject.code() == code)
    }

    /// The stored code of one of its steps: of postmortems `due`, of others `action.due`.
    pub fn step_code(self, step: Step) -> String {
        let prefix = match self {
            Self::Postmortem => return step.code().to_owned(),
            Self::ActionAssign => "assign",
            Self::Action => "action",
            Self::OpenEvent => "open",
            Self::IncompleteEvent => "lacks",
            Self::WeeklyReport => "report",
        };
        format!("{prefix}.{}", step.code())
    }

    /// Subject and step of a stored code.
    pub fn of_step_code(code: &str) -> Option<(Self, Step)> {
        SUBJECTS.into_iter().find_map(|subject| {
            let step = [Step::Before, Step::Due, Step::Overdue].into_iter();
            step.map(|step| (subject, step)).find(|(subject, step)| subject.step_code(*step) == code)
        })
    }

    /// The states that a condition of it may name; empty where there are none.
    fn states(self) -> Vec<&'static str> {
        match self {
            Self::Postmortem => [PostmortemState::Pending, PostmortemState::Drafting, PostmortemState::InReview]
                .map(PostmortemState::code)
                .to_vec(),
            Self::ActionAssign | Self::Action => {
                [ActionState::Open, ActionState::InProgress, ActionState::InVerification]
                    .map(ActionState::code)
                    .to_vec()
            }
            Self::OpenEvent | Self::IncompleteEvent | Self::WeeklyReport => Vec::new(),
        }
    }
}

/// A time of day as `10:07`.
mod clock {
    use chrono::NaiveTime;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes it.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub fn serialize<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&time.format("%H:%M"))
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map_err(|_| D::Error::custom("write a time like 10:07"))
    }
}

/// A time of day as `10:07`, or nothing.
mod clock_or_none {
    use chrono::NaiveTime;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    /// Writes it.
    #[expect(clippy::ref_option, reason = "serde asks for it")]
    pub fn serialize<S: Serializer>(time: &Option<NaiveTime>, to: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.collect_str(&time.format("%H:%M")),
            None => to.serialize_none(),
        }
    }

    /// Reads it.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveTime>, D::Error> {
        let Some(text) = Option::<String>::deserialize(from)? else { return Ok(None) };
        NaiveTime::parse_from_str(&text, "%H:%M").map(Some).map_err(|_| D::Error::custom("write a time like 10:07"))
    }
}

/// By which way a reminder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// By mail, to people.
    #[default]
    Mail,
    /// To groups: those of notifiers that are told of what is pending, or the notifiers that the step names.
    Groups,
}

/// How a word that names a notifier begins.
pub const NOTIFIER: &str = "notifier:";

/// To whom a step goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// 负责人; where nobody (active) owns it, the accounts with the role lead.
    Owner,
    /// The leads of the teams that answer for it; where there are none, the accounts with the role lead.
    TeamLead,
    /// The accounts with the role lead, else the administrators.
    Leads,
    /// The administrators.
    Admins,
    /// Whoever a ladder names that late.
    Ladder(String),
    /// An address, of an account or not.
    Address(String),
    /// One notifier by its folded name.
    Notifier(String),
}

impl Recipient {
    /// The recipient of a word: `owner`, `team_lead`, `leads`, `admins`, `ladder:NAME`, `notifier:NAME` or an address.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "owner" => Self::Owner,
            "team_lead" => Self::TeamLead,
            "leads" => Self::Leads,
            "admins" => Self::Admins,
            _ => match word.strip_prefix("ladder:") {
                Some(name) => Self::Ladder(name.to_owned()),
                None => match word.strip_prefix(NOTIFIER).map(checked::fold) {
                    Some(name) if name.is_empty() => return None,
                    Some(name) => Self::Notifier(name),
                    None if word.contains('@') => Self::Address(checked::fold(word)),
                    None => return None,
                },
            },
        })
    }
}

/// One rung: from so many working days past the due date on, these are told too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Working days past the due date, 0 to 250.
    pub from: i64,
    /// `owner`, `team_lead`, `leads`, `admins` or an address.
    pub to: Vec<String>,
}

/// An escalation ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// What steps call it.
    pub name: String,
    /// In any order.
    pub rungs: Vec<Rung>,
}

/// One step of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRule {
    /// Working days past the due date; before it they are negative.
    pub day: i64,
    /// Again after so many working days, until it is over; absent, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// Local time of day; absent, the policy's.
    #[serde(default, with = "clock_or_none", skip_serializing_if = "Option::is_none")]
    pub at: Option<NaiveTime>,
    /// `owner`, `team_lead`, `leads`, `admins`, `ladder:NAME` or an address; of groups `notifier:NAME`, or empty for those with the
    /// topic.
    #[serde(default)]
    pub to: Vec<String>,
    /// By mail, or to groups.
    #[serde(default)]
    pub by: By,
}

impl StepRule {
    /// The last working day up to `offset` working days past the due date on which the step comes, as working days before
    /// that day; none where it has not come yet.
    pub fn lag(&self, offset: i64) -> Option<i64> {
        let past = offset - self.day;
        if past < 0 {
            return None;
        }
        Some(self.every.map_or(past, |every| past % i64::from(every.max(1))))
    }

    /// In how many working days the step comes, from `offset` on, that day included; none where it comes no more.
    pub fn wait(&self, offset: i64) -> Option<i64> {
        let past = offset - self.day;
        if past <= 0 {
            return Some(-past);
        }
        let every = i64::from(self.every?.max(1));
        Some((every - past % every) % every)
    }
}

fn yes() -> bool {
    true
}

/// Which things are reminded of, and in which steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What people call it.
    pub name: String,
    /// What it is about.
    pub about: Subject,
    /// Switched on.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Only of these levels; `UNGRADED` is none. Empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub severities: Vec<String>,
    /// Only of these teams. Empty is all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<Uuid>,
    /// Only in these states. Empty is all that are not over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<String>,
    /// Only events of these kinds. Empty is normal ones: drills and maintenance are not chased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<EventKind>,
    /// Working days that there are: to find an owner, or to publish a week. Others have due dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<u32>,
    /// In any order.
    pub steps: Vec<StepRule>,
}

/// The rules of reminders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReminderPolicy {
    /// Local time from which the reminders of a day go out; a quiet minute.
    #[serde(with = "clock")]
    pub slot: NaiveTime,
    /// Local time from which they wait for the next working day.
    #[serde(with = "clock")]
    pub until: NaiveTime,
    /// Escalation ladders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladders: Vec<Ladder>,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Default for ReminderPolicy {
    /// DESIGN section 7: the working day before, the due day, then each working day; from the second overdue working day
    /// the leads are copied. The other rules are there to be switched on.
    fn default() -> Self {
        let step = |day, every, to: &[&str]| StepRule {
            day,
            every,
            at: None,
            to: to.iter().map(|word| (*word).to_owned()).collect(),
            by: By::Mail,
        };
        let rule = |name: &str, about, enabled, within, steps| Rule {
            name: name.to_owned(),
            about,
            enabled,
            severities: Vec::new(),
            teams: Vec::new(),
            states: Vec::new(),
            kinds: Vec::new(),
            within,
            steps,
        };
        let owner = &["owner"];
        let chase =
            || vec![step(-1, None, owner), step(0, None, owner), step(1, Some(1), owner), step(2, Some(1), &["leads"])];
        let groups = StepRule { by: By::Groups, ..step(0, Some(1), &[]) };
        Self {
            slot: NaiveTime::from_hms_opt(10, 7, 0).unwrap_or_default(),
            until: NaiveTime::from_hms_opt(20, 0, 0).unwrap_or_default(),
            ladders: Vec::new(),
            rules: vec![
                rule("待复盘", Subject::Postmortem, true, None, chase()),
                rule("改进项指派", Subject::ActionAssign, false, Some(2), vec![step(0, Some(2), &["team_lead"])]),
                rule("改进项完成", Subject::Action, false, None, chase()),
                rule("事件未恢复", Subject::OpenEvent, false, None, vec![step(1, Some(1), owner)]),
                rule(
                    "记录不全",
                    Subject::IncompleteEvent,
                    false,
                    None,
                    vec![step(1, None, owner), step(3, None, owner)],
                ),
                rule("周报未发布", Subject::WeeklyReport, false, Some(1), vec![step(0, Some(1), &["leads"])]),
                rule("待复盘发到群", Subject::Postmortem, true, None, vec![groups]),
            ],
        }
    }
}

impl ReminderPolicy {
    /// The times of day at which reminders begin to go out, the earliest first, each once.
    pub fn slots(&self) -> Vec<NaiveTime> {
        let steps = self.rules.iter().filter(|rule| rule.enabled).flat_map(|rule| &rule.steps);
        let mut slots: Vec<NaiveTime> = steps.map(|step| self.at(step)).chain([self.slot]).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// The time of day of a step.
    pub fn at(&self, step: &StepRule) -> NaiveTime {
        step.at.unwrap_or(self.slot)
    }

    /// The slot that is open at a local time: the latest that has begun; none before the first and in quiet hours.
    pub fn open_slot(&self, time: NaiveTime) -> Option<NaiveTime> {
        if time >= self.until {
            return None;
        }
        self.slots().into_iter().rev().find(|slot| *slot <= time)
    }

    /// What a reader is told of these rules.
    pub fn manners(&self) -> Manners {
        let rules = || self.rules.iter().filter(|rule| rule.enabled);
        let mailed = rules().flat_map(|rule| &rule.steps).filter(|step| step.by == By::Mail).map(|step| self.at(step));
        let times: BTreeSet<NaiveTime> = mailed.collect();
        let others = |step: &&StepRule| step.by == By::Mail && step.to.iter().any(|word| word != "owner");
        let steps = rules().filter(|rule| rule.about == Subject::Postmortem).flat_map(|rule| &rule.steps);
        Manners { mails: times.len().max(1), copied_from: steps.filter(others).map(|step| step.day).min() }
    }

    /// Whether a rule about a subject is switched on.
    pub fn is_about(&self, subject: Subject) -> bool {
        self.rules.iter().any(|rule| rule.enabled && rule.about == subject)
    }

    /// The rungs of a ladder.
    pub fn ladder(&self, name: &str) -> &[Rung] {
        self.ladders.iter().find(|ladder| ladder.name == name).map_or(&[], |ladder| &ladder.rungs)
    }

    /// The addresses that are named anywhere, folded, each once.
    pub fn addresses(&self) -> Vec<String> {
        let steps = self.rules.iter().filter(|rule| rule.enabled).flat_map(|rule| &rule.steps);
        let rungs = self.ladders.iter().flat_map(|ladder| &ladder.rungs);
        let words = steps.flat_map(|step| &step.to).chain(rungs.flat_map(|rung| &rung.to));
        let mut addresses: Vec<String> = words
            .filter_map(|word| match Recipient::of_word(word) {
                Some(Recipient::Address(address)) => Some(address),
                _ => None,
            })
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// The names of notifiers that rules name which are switched on, folded, each once.
    pub fn notifiers(&self) -> Vec<String> {
        let steps = self.rules.iter().filter(|rule| rule.enabled).flat_map(|rule| &rule.steps);
        let named = steps.flat_map(|step| &step.to).filter_map(|word| match Recipient::of_word(word) {
            Some(Recipient::Notifier(name)) => Some(name),
            _ => None,
        });
        let mut names: Vec<String> = named.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Tidies names and labels, and refuses what would never go out, or without end.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        if self.slot >= self.until {
            return Err(refused("until", "give a time later than slot"));
        }
        if self.ladders.len() > 20 {
            return Err(refused("ladders", "give at most 20 ladders"));
        }
        for (at, ladder) in self.ladders.iter_mut().enumerate() {
            ladder.name = name_of(&format!("ladders[{at}].name"), &ladder.name)?;
            if ladder.rungs.is_empty() || ladder.rungs.len() > 20 {
                return Err(refused(&format!("ladders[{at}].rungs"), "give 1 to 20 rungs"));
            }
            for (rung, one) in ladder.rungs.iter().enumerate() {
                let place = format!("ladders[{at}].rungs[{rung}]");
                if !(0..=250).contains(&one.from) {
                    return Err(refused(&format!("{place}.from"), "give 0 to 250 working days"));
                }
                words_of(&format!("{place}.to"), &one.to, &[])?;
            }
        }
        let ladders: Vec<String> = self.ladders.iter().map(|ladder| ladder.name.clone()).collect();
        if self.rules.len() > 50 {
            return Err(refused("rules", "give at most 50 rules"));
        }
        let mut names: Vec<String> = Vec::new();
        for (at, rule) in self.rules.iter_mut().enumerate() {
            let place = |part: &str| format!("rules[{at}].{part}");
            rule.name = name_of(&place("name"), &rule.name)?;
            if names.contains(&rule.name) {
                return Err(refused(&place("name"), &format!("{} is named twice; give each rule its name", rule.name)));
            }
            names.push(rule.name.clone());
            rule.severities = policy::labels(&place("severities"), &rule.severities)?;
            let known = rule.about.states();
            if let Some(state) = rule.states.iter().find(|state| !known.contains(&state.as_str())) {
                let state: String = state.chars().take(40).collect();
                let remedy = if known.is_empty() {
                    "this subject has no states; leave it out".to_owned()
                } else {
                    format!("there is no state {state}; write {}", known.join(", "))
                };
                return Err(refused(&place("states"), &remedy));
            }
            if rule.teams.len() > 100 {
                return Err(refused(&place("teams"), "give at most 100 teams"));
            }
            if rule.within.is_some_and(|within| within > 250) {
                return Err(refused(&place("within"), "give 0 to 250 working days"));
            }
            if rule.steps.is_empty() || rule.steps.len() > 20 {
                return Err(refused(&place("steps"), "give 1 to 20 steps"));
            }
            for (number, step) in rule.steps.iter().enumerate() {
                let place = |part: &str| format!("rules[{at}].steps[{number}].{part}");
                if !(-250..=250).contains(&step.day) {
                    return Err(refused(&place("day"), "give -250 to 250 working days"));
                }
                if step.every.is_some_and(|every| !(1..=250).contains(&every)) {
                    return Err(refused(&place("every"), "give 1 to 250 working days"));
                }
                if step.at.is_some_and(|time| time < self.slot || time >= self.until) {
                    return Err(refused(&place("at"), "give a time from slot to until: outside are the quiet hours"));
                }
                match step.by {
                    By::Mail if step.to.is_empty() => {
                        return Err(refused(
                            &place("to"),
                            "name a recipient: owner, team_lead, leads, admins, ladder:NAME or an address",
                        ));
                    }
                    By::Groups if step.to.iter().any(|word| !names_notifier(word)) => {
                        return Err(refused(
                            &place("to"),
                            "groups are chosen by their notifiers; leave it empty, or name some: notifier:NAME",
                        ));
                    }
                    By::Groups if step.to.len() > 20 => {
                        return Err(refused(&place("to"), "name at most 20 notifiers"));
                    }
                    By::Groups => {}
                    By::Mail => words_of(&place("to"), &step.to, &ladders)?,
                }
            }
        }
        Ok(self)
    }
}

fn name_of(place: &str, name: &str) -> Result<String, FieldError> {
    checked::line(policy::FIELD, name, 40).map_err(|_| refused(place, "write a name of 1 to 40 characters"))
}

fn names_notifier(word: &str) -> bool {
    matches!(Recipient::of_word(word), Some(Recipient::Notifier(_)))
}

fn words_of(place: &str, words: &[String], ladders: &[String]) -> Result<(), FieldError> {
    if words.len() > 50 {
        return Err(refused(place, "name at most 50 recipients"));
    }
    for word in words {
        let shown: String = word.chars().take(60).collect();
        match Recipient::of_word(word) {
            Some(Recipient::Ladder(name)) if !ladders.contains(&name) => {
                return Err(refused(place, &format!("there is no ladder {shown}; write it under ladders")));
            }
            Some(Recipient::Address(address)) => {
                checked::email(policy::FIELD, &address)
                    .map_err(|_| refused(place, &format!("{shown} is no address")))?;
            }
            Some(Recipient::Notifier(_)) => {
                return Err(refused(place, &format!("{shown} is a group; write it in a step of its own, by groups")));
            }
            Some(_) => {}
            None => {
                let remedy =
                    format!("{shown} is nobody: write owner, team_lead, leads, admins, ladder:NAME or an address");
                return Err(refused(place, &remedy));
            }
        }
    }
    Ok(())
}

fn check_text(document: &str) -> Result<String, FieldError> {
    policy::read::<ReminderPolicy>(document)?.checked().map(|policy| policy::text(&policy))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn step(day: i64, every: Option<u32>) -> StepRule {
        StepRule { day, every, at: None, to: vec!["owner".to_owned()], by: By::Mail }
    }

    #[test]
    fn a_step_comes_once_or_again_and_again() {
        let once = step(-1, None);
        assert_eq!([-3, -2, -1, 0, 4].map(|offset| once.lag(offset)), [None, None, Some(0), Some(1), Some(5)]);
        assert_eq!([-3, -1, 0].map(|offset| once.wait(offset)), [Some(2), Some(0), None]);
        let again = step(1, Some(2));
        assert_eq!([0, 1, 2, 3, 4].map(|offset| again.lag(offset)), [None, Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!([-1, 1, 2, 3, 4].map(|offset| again.wait(offset)), [Some(2), Some(0), Some(1), Some(0), Some(1)]);
    }

    #[test]
    fn the_slot_is_open_from_1007_until_2000() {
        let policy = ReminderPolicy::default();
        let open = |time: &str| policy.open_slot(NaiveTime::parse_from_str(time, "%H:%M:%S").unwrap());
        assert_eq!(open("10:06:59"), None);
        assert_eq!(open("10:07:00"), Some(policy.slot));
        assert_eq!(open("19:59:59"), Some(policy.slot));
        assert_eq!(open("20:00:00"), None);
    }

    #[test]
    fn every_stored_step_names_its_subject() {
        for subject in SUBJECTS {
            for step in [Step::Before, Step::Due, Step::Overdue] {
                let code = subject.step_code(step);
                assert!(code.len() <= 16, "{code}");
                assert_eq!(Subject::of_step_code(&code), Some((subject, step)));
            }
        }
    }

    #[test]
    fn what_could_never_go_out_is_refused_at_its_place() {
        let default = policy::default_text::<ReminderPolicy>();
        assert_eq!(check_text(&default).unwrap(), default);
        for (from, to, words) in [
            ("\"until\": \"20:00\"", "\"until\": \"09:00\"", "until: give a time later"),
            ("\"slot\": \"10:07\"", "\"slot\": \"25:07\"", "write a time like 10:07"),
            ("\"day\": -1", "\"day\": -251", "rules[0].steps[0].day"),
            ("\"every\": 1", "\"every\": 0", "rules[0].steps[2].every"),
            ("\"owner\"", "\"boss\"", "boss is nobody"),
            ("\"owner\"", "\"ladder:高\"", "there is no ladder ladder:高"),
            ("\"owner\"", "\"a@b\"", "a@b is no address"),
            (
                "\"about\": \"postmortem\"",
                "\"about\": \"postmortem\", \"states\": [\"done\"]",
                "rules[0].states: there is no state done",
            ),
            ("\"owner\"", "\"notifier:群\"", "notifier:群 is a group"),
            ("\"day\": -1", "\"day\": -1, \"at\": \"08:00\"", "rules[0].steps[0].at: give a time from slot"),
            ("\"name\": \"改进项指派\"", "\"name\": \"待复盘\"", "rules[1].name"),
            ("\"name\": \"待复盘\"", "\"name\": \"\"", "rules[0].name"),
        ] {
            assert!(default.contains(from), "{from}");
            let refusal = check_text(&default.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(refusal.contains(words), "{to}: {refusal}");
        }
    }
}
