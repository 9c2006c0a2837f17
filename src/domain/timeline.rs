//! The timeline of an event: reading pasted lines with their times, and telling the changes of the audit log as entries.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::domain::{
    capture::{
        draft::{CaptureContext, DateAnchor},
        times::{self, TimeToken},
    },
    checked::{self, FieldError},
    clock_point::{ClockPoint, Precision},
    event::EventFields,
    event_record::CLOCK_NAMES,
    text::Folded,
};

/// Longest text of an entry, in characters.
pub const ENTRY_TEXT: usize = 2_000;

/// The most entries that one text may hold.
pub const ENTRIES_AT_ONCE: usize = 100;

/// The most lines that people may add to the timeline of one event, removed ones included.
pub const ENTRIES_OF_EVENT: u64 = 1_000;

/// How far before the beginning of the event (or its logging) an entry may lie, in days.
const LONGEST_BEFORE: i64 = 366;

/// How far a time may lie in the future, because clocks differ.
const AHEAD: Duration = Duration::minutes(5);

/// An entry as written: when, where the words say so, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenEntry {
    /// The time that stands in front; none where none does.
    pub at: Option<DateTime<Utc>>,
    /// What happened, without the time.
    pub text: String,
}

/// What is known about the event that a text belongs to.
#[derive(Debug, Clone, Copy)]
pub struct TimelineContext {
    /// 发生.
    pub occurred: Option<ClockPoint>,
    /// 恢复; none while it goes on.
    pub recovered: Option<ClockPoint>,
    /// When it was logged.
    pub logged: DateTime<Utc>,
    /// Now.
    pub now: DateTime<Utc>,
    /// Zone of times that name none.
    pub zone: Tz,
}

/// Reads one or several lines: `03:12 切换备用渠道`, `08/20 09:00 复盘会`, `次日 00:06 恢复`, `15:30-15:40 回滚` (the
/// beginning counts, the range stays behind the words). A time without a date belongs to the day of the event, or to the
/// next one where that lies nearer; below another line it goes on from there, over midnight too. A line without a time
/// belongs to the line above it.
pub fn read_entries(text: &str, context: &TimelineContext) -> Result<Vec<WrittenEntry>, FieldError> {
    let text = text.replace("\r\n", "\n");
    if text.len() > ENTRY_TEXT * ENTRIES_AT_ONCE * 4 {
        return Err(FieldError::shape("entry", format!("write at most {ENTRIES_AT_ONCE} lines at once")));
    }
    let mut entries: Vec<WrittenEntry> = Vec::new();
    let mut above: Option<DateTime<Utc>> = None;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match read_line(line, context, above)? {
            Some(entry) => {
                above = entry.at;
                entries.push(entry);
            }
            None => match entries.last_mut() {
                Some(last) => {
                    last.text.push('\n');
                    last.text.push_str(line.trim());
                }
                None => entries.push(WrittenEntry { at: None, text: line.trim().to_owned() }),
            },
        }
        if entries.len() > ENTRIES_AT_ONCE {
            return Err(FieldError::shape("entry", format!("write at most {ENTRIES_AT_ONCE} lines at once")));
        }
    }
    for entry in &mut entries {
        entry.text = checked::text("entry", &entry.text, ENTRY_TEXT)?;
        if let Some(at) = entry.at {
            sensible(at, context)?;
        }
    }
    if entries.is_empty() {
        return Err(FieldError { field: "entry", problem: checked::FieldProblem::Empty });
    }
    Ok(entries)
}

/// Refuses times that no timeline holds: more than a year before the event, or in the future.
pub fn sensible(at: DateTime<Utc>, context: &TimelineContext) -> Result<(), FieldError> {
    checked::instant("at", at)?;
    if at > context.now + AHEAD {
        return Err(FieldError::shape("at", "give a time that does not lie in the future"));
    }
    let begun = context.occurred.map_or(context.logged, |point| point.at.min(context.logged));
    if at < begun - Duration::days(LONGEST_BEFORE) {
        return Err(FieldError::shape("at", "give a time that lies at most a year before the event"));
    }
    Ok(())
}

/// The entry of a line that begins with a time; none for other lines.
fn read_line(
    line: &str,
    context: &TimelineContext,
    above: Option<DateTime<Utc>>,
) -> Result<Option<WrittenEntry>, FieldError> {
    let folded = Folded::new(line, 0);
    let start = behind_bullet(&folded);
    let Some(token) = times::at(&folded, start).filter(|token| token.seconds.is_some()) else { return Ok(None) };
    let Some(at) = instant_of(&token, context, above) else {
        return Err(FieldError::shape("entry", "write a time like 03:12 or 08/20 03:12 in front"));
    };
    // The end of a range: `15:30-15:40`.
    let mut end = token.range.end;
    let mut range = String::new();
    if let Some(next) = times::scan(&folded.slice(start..folded.len())).get(1).filter(|next| next.ends_range) {
        end = next.range.end + start;
        range = original(line, &folded, token.range.start, end);
    }
    let mut from = end;
    while is_separator(folded.at(from)) && from < folded.len() {
        from += 1;
    }
    let mut text = original(line, &folded, from, folded.len()).trim().to_owned();
    if text.is_empty() {
        return Err(FieldError::shape("entry", "write what happened behind the time"));
    }
    if !range.is_empty() {
        text = format!("{text} ({})", range.trim());
    }
    Ok(Some(WrittenEntry { at: Some(at), text }))
}

fn original(line: &str, folded: &Folded, from: usize, to: usize) -> String {
    line.get(folded.bytes(&(from..to))).unwrap_or_default().to_owned()
}

/// Signs that stand between a time and its words.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | ',' | '，' | '、' | '-' | '—' | '–' | '|' | '】' | ']' | ')' | '→' | '*')
}

/// Where a line begins behind its bullet, number or bracket: `- `, `1. `, `2、`, `[`.
fn behind_bullet(text: &Folded) -> usize {
    let mut index = text.skip_blanks(0);
    while matches!(text.at(index), '-' | '*' | '+' | '•' | '·' | '—' | '|' | '>') && index < text.len() {
        index = text.skip_blanks(index + 1);
    }
    if let Some((_, end)) = text.digits(index, 2) {
        let sign = text.at(end);
        let spaced = text.at(end + 1).is_whitespace();
        if matches!(sign, '、' | ')') || (sign == '.' && spaced) {
            index = text.skip_blanks(end + 1);
        }
    }
    while matches!(text.at(index), '[' | '【' | '(' | '*') && index < text.len() {
        index = text.skip_blanks(index + 1);
    }
    index
}

fn instant_of(token: &TimeToken, context: &TimelineContext, above: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let seconds = token.seconds?;
    let local = |at: DateTime<Utc>| at.with_timezone(&context.zone).date_naive();
    let day = above.or(context.occurred.map(|point| point.at)).map_or_else(|| local(context.now), local);
    let reading =
        CaptureContext { anchor: DateAnchor::Nearest(day), zone: context.zone, written: Some(local(context.now)) };
    let instant = |date: NaiveDate| times::instant(date, seconds, token.offset, &reading);
    if let Some(words) = token.date {
        // 次日 is the day after that of the event, whatever stands above.
        let begun = context.occurred.map_or_else(|| local(context.logged), |point| local(point.at));
        let (date, _) = times::resolve_date(words, &reading, Some(begun))?;
        return instant(date);
    }
    if let Some(above) = above {
        let same = instant(day)?;
        // A list goes down in time: much earlier than the line above is the next day.
        return if above - same > Duration::hours(6) { instant(day.succ_opt()?) } else { Some(same) };
    }
    let Some(occurred) = context.occurred else {
        let today = instant(day)?;
        return if today > context.now + AHEAD { instant(day.pred_opt()?) } else { Some(today) };
    };
    let (same, next) = (instant(day)?, instant(day.succ_opt()?)?);
    let whole_day = if occurred.precision == Precision::Day { Duration::days(1) } else { Duration::zero() };
    let end = context.recovered.map_or(context.now, |point| point.at).max(occurred.at + whole_day);
    let away = |at: DateTime<Utc>| (occurred.at - at).max(at - end).max(Duration::zero());
    let later = away(next) < away(same) && next <= context.now + AHEAD;
    Some(if later { next } else { same })
}

/// What an automatic entry tells: one change of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The event was logged; where from.
    Logged {
        /// line, form, api or import.
        source: String,
    },
    /// Fields were changed; their names.
    Edited {
        /// As the API names them.
        fields: Vec<String>,
    },
    /// The severity was changed; none is 未定级.
    Graded {
        /// Before.
        from: Option<String>,
        /// Since.
        to: Option<String>,
        /// Why, where that was asked.
        reason: Option<String>,
    },
    /// The postmortem moved on.
    Moved {
        /// The state before.
        from: String,
        /// The state since.
        to: String,
        /// Why, where that was asked.
        reason: Option<String>,
    },
    /// Owner, reviewer or due date of the postmortem changed; which of them.
    Assigned {
        /// owner, reviewer, `due_on`.
        fields: Vec<String>,
    },
    /// Anything else, by its code.
    Other {
        /// `event.restore` …
        action: String,
    },
}

/// What an audit entry of an event tells in its timeline. None for what other entries tell already: the lines that people
/// added, and clock points that were told for the first time and still stand.
pub fn told(action: &str, change: &Value, now: &EventFields) -> Option<Told> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let both = |name: &str| {
        let part = change.get(name);
        (text(part.and_then(|part| part.get("from"))), text(part.and_then(|part| part.get("to"))))
    };
    let reason = || text(change.get("reason")).filter(|reason| !reason.trim().is_empty());
    let (kind, done) = action.split_once('.').unwrap_or((action, ""));
    match (kind, done) {
        // What a link of a mail did stands beside it as the change itself.
        ("timeline" | "mail", _) => None,
        ("event", "create") => Some(Told::Logged { source: text(change.get("source")).unwrap_or_default() }),
        ("event", "update") => {
            let map = change.as_object()?;
            let points = points_that_stand(now);
            let mut fields: Vec<String> = Vec::new();
            for (name, value) in map {
                let first = value.get("from").is_none_or(Value::is_null);
                let stands = points.iter().any(|(have, point)| have == name && value.get("to") == Some(point));
                if !(first && stands || matches!(name.as_str(), "narrative_generated" | "severity_reason" | "reason")) {
                    fields.push(name.clone());
                }
            }
            // Databases keep the keys of a document in orders of their own.
            fields.sort();
            // What follows from a change by itself is no news beside it.
            let follows = |name: &&String| matches!(name.as_str(), "due_on" | "narrative" | "unknown" | "state");
            let own = fields.iter().filter(|name| !follows(name)).count();
            if own == 1 && fields.iter().any(|name| name == "severity") {
                let (from, to) = both("severity");
                let reason = both("severity_reason").1.or_else(reason);
                return Some(Told::Graded { from, to, reason });
            }
            if own > 0 {
                fields.retain(|name| !matches!(name.as_str(), "due_on" | "unknown"));
            }
            let follows = own == 0 && map.keys().any(|name| CLOCK_NAMES.contains(&name.as_str()));
            (!fields.is_empty() && !follows).then_some(Told::Edited { fields })
        }
        ("event", "grade") => {
            let (from, to) = both("severity");
            Some(Told::Graded { from, to, reason: reason() })
        }
        ("postmortem", "write") => None,
        ("postmortem", _) => {
            let (from, to) = both("state");
            match (from, to) {
                (Some(from), Some(to)) if from != to => Some(Told::Moved { from, to, reason: reason() }),
                _ => {
                    let differs =
                        |name: &&str| change.get(*name).is_some_and(|part| part.get("from") != part.get("to"));
                    let fields = ["owner", "reviewer", "due_on"].into_iter().filter(differs);
                    Some(Told::Assigned { fields: fields.map(str::to_owned).collect() })
                }
            }
        }
        _ => Some(Told::Other { action: action.to_owned() }),
    }
}

/// The clock points of an event as the audit log writes them.
fn points_that_stand(fields: &EventFields) -> Vec<(&'static str, Value)> {
    clock_points(fields)
        .into_iter()
        .filter_map(|(name, point)| Some((name, serde_json::to_value(point?).ok()?)))
        .collect()
}

/// The clock points by name, in the order of the clock.
pub fn clock_points(fields: &EventFields) -> [(&'static str, Option<ClockPoint>); 6] {
    [
        ("occurred", fields.occurred),
        ("detected", fields.detected),
        ("acknowledged", fields.acknowledged),
        ("located", fields.located),
        ("mitigated", fields.mitigated),
        ("recovered", fields.recovered),
    ]
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}+08:00").parse().unwrap()
    }

    fn context(occurred: &str, recovered: Option<&str>, now: &str) -> TimelineContext {
        TimelineContext {
            occurred: Some(ClockPoint::minute(at(occurred))),
            recovered: recovered.map(|text| ClockPoint::minute(at(text))),
            logged: at(occurred),
            now: at(now),
            zone: Shanghai,
        }
    }

    #[test]
    fn a_time_in_front_of_a_line_is_its_time() {
        let day = context("2024-08-19T02:47:00", Some("2024-08-19T03:29:00"), "2024-08-21T14:08:00");
        for (line, when, words) in [
            ("03:12 切换备用渠道", "2024-08-19T03:12:00", "切换备用渠道"),
            ("03:12：切换备用渠道", "2024-08-19T03:12:00", "切换备用渠道"),
            ("- 03:12 切换备用渠道", "2024-08-19T03:12:00", "切换备用渠道"),
            ("2、03:12 切换", "2024-08-19T03:12:00", "切换"),
            ("2. 03:12 切换", "2024-08-19T03:12:00", "切换"),
            ("【03:12】切换", "2024-08-19T03:12:00", "切换"),
            ("３：１２ 切换", "2024-08-19T03:12:00", "切换"),
            ("凌晨3点12分 切换", "2024-08-19T03:12:00", "切换"),
            ("08/20 09:00 复盘会", "2024-08-20T09:00:00", "复盘会"),
            ("2024-08-20 09:00 复盘会", "2024-08-20T09:00:00", "复盘会"),
            ("次日 00:06 恢复", "2024-08-20T00:06:00", "恢复"),
            ("00:06（次日） 恢复", "2024-08-20T00:06:00", "恢复"),
            ("15:30-15:40 回滚", "2024-08-19T15:30:00", "回滚 (15:30-15:40)"),
            ("3:12pm switched over", "2024-08-19T15:12:00", "switched over"),
        ] {
            let read = read_entries(line, &day).unwrap();
            assert_eq!(read, [WrittenEntry { at: Some(at(when)), text: words.to_owned() }], "{line}");
        }
        for line in ["切换到备用渠道 B", "3/4 的流量切走", "10分钟内扩容", "1. 回滚版本 1.2.3", "第2次尝试 03:12"]
        {
            let read = read_entries(line, &day).unwrap();
            assert_eq!((read.len(), read[0].at, read[0].text.as_str()), (1, None, line), "{line}");
        }
    }

    #[test]
    fn a_time_without_a_date_belongs_to_the_night_of_the_event() {
        let when = |line: &str, context: &TimelineContext| read_entries(line, context).unwrap()[0].at.unwrap();
        let night = context("2024-08-19T23:50:00", Some("2024-08-20T00:30:00"), "2024-08-21T14:08:00");
        assert_eq!(when("00:06 扩容", &night), at("2024-08-20T00:06:00"));
        assert_eq!(when("23:55 告警", &night), at("2024-08-19T23:55:00"));
        assert_eq!(when("22:00 发布", &night), at("2024-08-19T22:00:00"));
        let ongoing = context("2024-08-20T15:00:00", None, "2024-08-21T14:08:00");
        assert_eq!(when("09:30 再次扩容", &ongoing), at("2024-08-21T09:30:00"));
        assert_eq!(when("14:50 发布变更", &ongoing), at("2024-08-20T14:50:00"));
        let mut day_only = night;
        day_only.occurred = Some(ClockPoint::day(at("2024-08-19T00:00:00")));
        day_only.recovered = None;
        assert_eq!(
            when("03:12 切换", &TimelineContext { now: at("2024-08-19T18:00:00"), ..day_only }),
            at("2024-08-19T03:12:00")
        );
        let nothing = TimelineContext { occurred: None, recovered: None, ..night };
        assert_eq!(when("23:50 告警", &nothing), at("2024-08-20T23:50:00"), "not in the future");
    }

    #[test]
    fn several_lines_become_several_entries_that_go_over_midnight() {
        let night = context("2024-08-19T23:40:00", None, "2024-08-21T14:08:00");
        let read = read_entries("23:50 告警\n00:06 扩容\n扩了两台\n\n00:30 恢复\n00:28 补记", &night).unwrap();
        let told: Vec<_> = read.iter().map(|entry| (entry.at.unwrap(), entry.text.as_str())).collect();
        assert_eq!(
            told,
            [
                (at("2024-08-19T23:50:00"), "告警"),
                (at("2024-08-20T00:06:00"), "扩容\n扩了两台"),
                (at("2024-08-20T00:30:00"), "恢复"),
                (at("2024-08-20T00:28:00"), "补记"),
            ]
        );
        assert_eq!(read_entries("没有时间\n第二行", &night).unwrap().len(), 1);
    }

    #[test]
    fn what_no_timeline_holds_is_refused_with_a_remedy() {
        let day = context("2024-08-19T15:00:00", None, "2024-08-21T14:08:00");
        for (line, words) in [
            ("2099-01-01 10:00 x", "future"),
            ("2024-08-21 14:20 x", "future"),
            ("2023-08-01 10:00 x", "a year before"),
            ("03:12", "what happened"),
            ("  \n ", "empty"),
        ] {
            let refused = read_entries(line, &day).unwrap_err().to_string();
            assert!(refused.contains(words), "{line}: {refused}");
        }
        assert!(read_entries(&"03:12 x\n".repeat(101), &day).unwrap_err().to_string().contains("100"));
        assert!(read_entries(&"很长".repeat(2_000), &day).unwrap_err().to_string().contains("2000"));
        assert!(read_entries(&"长".repeat(4_000_000), &day).is_err());
    }

    #[test]
    fn each_change_is_told_once() {
        let mut fields =
            EventFields { recovered: Some(ClockPoint::minute(at("2024-08-19T15:30:00"))), ..EventFields::default() };
        let point = serde_json::to_value(fields.recovered).unwrap();
        let recovered =
            json!({"recovered": {"from": null, "to": point}, "due_on": {"from": "2024-08-22", "to": "2024-08-26"}});
        assert_eq!(told("event.update", &recovered, &fields), None, "the clock point stands in the timeline itself");
        fields.recovered = Some(ClockPoint::minute(at("2024-08-19T15:40:00")));
        let edited = told("event.update", &recovered, &fields).unwrap();
        assert!(
            matches!(&edited, Told::Edited { fields } if fields.contains(&"recovered".to_owned()))
                || edited == Told::Edited { fields: vec!["due_on".to_owned()] },
            "{edited:?}"
        );
        assert_eq!(told("timeline.add", &json!({"text": "x"}), &fields), None);
        assert_eq!(
            told("event.update", &json!({"severity": {"from": null, "to": "C"}}), &fields),
            Some(Told::Graded { from: None, to: Some("C".to_owned()), reason: None })
        );
        assert_eq!(
            told("event.update", &json!({"cause": {"from": null, "to": "x"}}), &fields),
            Some(Told::Edited { fields: vec!["cause".to_owned()] })
        );
        let moved = json!({"state": {"from": "in_review", "to": "drafting"}, "reason": "缺影响"});
        assert_eq!(
            told("postmortem.drafting", &moved, &fields),
            Some(Told::Moved {
                from: "in_review".to_owned(),
                to: "drafting".to_owned(),
                reason: Some("缺影响".to_owned())
            })
        );
        let assigned = json!({"state": {"from": "pending", "to": "pending"}, "owner": {"from": null, "to": "x"}, "due_on": {"from": null, "to": null}});
        assert_eq!(
            told("postmortem.pending", &assigned, &fields),
            Some(Told::Assigned { fields: vec!["owner".to_owned()] })
        );
        assert_eq!(
            told("event.restore", &json!({}), &fields),
            Some(Told::Other { action: "event.restore".to_owned() })
        );
    }
}
