//! Events as rows, and the words for times, grades and states.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::{
    domain::{
        calendar::Calendar,
        capture::draft::{Impact, ImpactKind},
        clock_point::{ClockPoint, Precision},
        event::ProductionEvent,
        event_record::EventKind,
        history::{field_changes, undoes_logging},
        postmortem::PostmortemState,
        severity::SeverityPolicy,
        vocabulary,
    },
    i18n::{Texts, history, record, restated},
    service::App,
};

/// A row of a list.
pub(super) struct Row {
    pub number: i64,
    pub title: String,
    pub severity: String,
    pub tone: &'static str,
    pub owed: bool,
    pub time: String,
    /// Drill or maintenance; restricted.
    pub badges: Vec<&'static str>,
    pub notes: Vec<String>,
    /// How far the postmortem is past its due date, or how long there is left.
    pub late: String,
    /// How much of the time for the postmortem has gone.
    pub age: Option<Age>,
    /// The owner's name; empty where nobody is named.
    pub owner: String,
    /// Its first character, for the round mark.
    pub owner_initial: String,
}

/// The bar of an owed postmortem: 70 of 100 is the due date.
pub(super) struct Age {
    /// How full, 0 to 100.
    pub width: i64,
    /// `over`, `near` or empty.
    pub fill: &'static str,
    /// `late`, `soon` or empty, the class of the words.
    pub words: &'static str,
}

/// The bar, by working days of a calendar, of a postmortem that is due on a day, of an event that ended, or else began, at `begun`.
pub(super) fn age(
    app: &App,
    state: PostmortemState,
    due_on: Option<NaiveDate>,
    begun: Option<ClockPoint>,
    calendar: &Calendar,
) -> Option<Age> {
    let due = due_on.filter(|_| state.is_owed())?;
    let begun = begun.map(|point| point.at.with_timezone(&app.zone).date_naive())?;
    let today = app.today();
    let allowed = calendar.working_days_between(begun, due).max(1);
    let gone = calendar.working_days_between(begun, today).max(0);
    let (fill, words) = match due.cmp(&today) {
        std::cmp::Ordering::Less => ("over", "late"),
        std::cmp::Ordering::Equal => ("near", "soon"),
        std::cmp::Ordering::Greater => ("", ""),
    };
    let width = if due < today { 100 } else { (gone * 70 / allowed).clamp(4, 70) };
    Some(Age { width, fill, words })
}

/// `08/20 16:21`, from milliseconds since the epoch.
pub(super) fn when(app: &App, millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|at| at.with_timezone(&app.zone).format("%m/%d %H:%M").to_string())
        .unwrap_or_default()
}

/// The row of an event.
pub(super) fn row(app: &App, t: &Texts, levels: &SeverityPolicy, event: &ProductionEvent) -> Row {
    owned_row(app, t, levels, event, &[])
}

/// What a list says beside the title: drill or maintenance, and that only some people see it.
pub(super) fn badges(t: &Texts, kind: EventKind, restricted: bool) -> Vec<&'static str> {
    let r = record::texts(t.lang);
    let kind = (!kind.counts()).then(|| record::event_kind(r, kind));
    kind.into_iter().chain(restricted.then_some(r.restricted)).collect()
}

/// The row of an event with its owner, looked up among `people`.
pub(super) fn owned_row(
    app: &App,
    t: &Texts,
    levels: &SeverityPolicy,
    event: &ProductionEvent,
    people: &[(Uuid, String)],
) -> Row {
    let owner = event
        .postmortem
        .owner_id
        .and_then(|id| people.iter().find(|(have, _)| *have == id))
        .map(|(_, name)| name.clone())
        .unwrap_or_default();
    let fields = &event.fields;
    let mut notes = Vec::new();
    match (fields.occurred, fields.recovered) {
        (Some(from), Some(to)) => notes.extend(lasted(t, from, to)),
        (_, None) => notes.push(t.ongoing.to_owned()),
        _ => {}
    }
    notes.extend(fields.impact.clone());
    Row {
        number: event.number,
        title: event.title(),
        severity: grade(t, fields.severity.as_deref()),
        tone: levels.tone(fields.severity.as_deref()),
        owed: event.owes_postmortem(),
        badges: badges(t, fields.kind, fields.restricted),
        time: fields.occurred.map(|point| time(app, point)).unwrap_or_default(),
        notes,
        late: due(app, t, event),
        age: age(
            app,
            event.postmortem.state,
            event.postmortem.due_on,
            fields.recovered.or(fields.occurred),
            app.calendars().of_event(fields),
        ),
        owner_initial: owner.chars().take(1).collect(),
        owner,
    }
}

/// `42 分钟`, `2 小时 5 分钟`.
pub(super) fn lasted(t: &Texts, from: ClockPoint, to: ClockPoint) -> Option<String> {
    // Of a beginning whose day alone is known nobody knows how long it took.
    if from.precision == Precision::Day {
        return None;
    }
    let minutes = (to.at - from.at).num_minutes();
    if minutes < 120 {
        return Some(format!("{minutes} {}", t.minutes));
    }
    Some(match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{hours} {}", t.hours),
        (hours, rest) => format!("{hours} {} {rest} {}", t.hours, t.minutes),
    })
}

/// `08/19 15:00`.
pub(super) fn time(app: &App, point: ClockPoint) -> String {
    let local = point.at.with_timezone(&app.zone);
    match point.precision {
        Precision::Minute => local.format("%Y/%m/%d %H:%M").to_string(),
        Precision::Day => local.format("%Y/%m/%d").to_string(),
    }
}

/// `2024-08-19T15:00`, for a form.
pub(super) fn local(app: &App, at: DateTime<Utc>) -> String {
    at.with_timezone(&app.zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// `C级`, `未定级`.
pub(super) fn grade(t: &Texts, severity: Option<&str>) -> String {
    match severity {
        Some(label) if t.lang == "zh-CN" && label.chars().all(|c| ('A'..='E').contains(&c)) => format!("{label}级"),
        Some(label) => label.to_owned(),
        None => t.ungraded.to_owned(),
    }
}

/// `逾期 3 个工作日`, `今天截止`, `剩 2 个工作日`; empty where nothing is owed.
pub(super) fn due(app: &App, t: &Texts, event: &ProductionEvent) -> String {
    if !event.fields.kind.counts() {
        return String::new();
    }
    due_on(app, t, event.postmortem.state, event.postmortem.due_on, app.calendars().of_event(&event.fields))
}

/// Like [`due`], from state and date alone.
pub(super) fn due_on(
    app: &App,
    t: &Texts,
    state: PostmortemState,
    due_on: Option<NaiveDate>,
    calendar: &Calendar,
) -> String {
    let Some(due) = due_on.filter(|_| state.is_owed()) else { return String::new() };
    let today = app.today();
    let days = calendar.working_days_between(due.min(today), due.max(today));
    let zh = t.lang == "zh-CN";
    let days = working_days(days, zh);
    match due.cmp(&today) {
        std::cmp::Ordering::Equal => t.today.to_owned(),
        std::cmp::Ordering::Less if zh => format!("{} {days}", t.overdue),
        std::cmp::Ordering::Less => format!("{days} {}", t.overdue),
        std::cmp::Ordering::Greater if zh => format!("{} {days}", t.left),
        std::cmp::Ordering::Greater => format!("{days} {}", t.left),
    }
}

/// `1 个工作日`, `1 working day`, `2 working days`.
pub(super) fn working_days(days: i64, chinese: bool) -> String {
    match (chinese, days) {
        (true, _) => format!("{days} 个工作日"),
        (false, 1) => "1 working day".to_owned(),
        (false, _) => format!("{days} working days"),
    }
}

/// The state in words.
pub(super) const fn state(t: &Texts, state: PostmortemState) -> &'static str {
    restated::state_words(t, state)
}

/// `约 684 笔`, `356,000.50 元`.
pub(super) fn magnitude(t: &Texts, impact: &Impact) -> String {
    let about = if impact.approximate { t.about } else { "" };
    let number = if impact.kind == ImpactKind::Amount {
        let fen = impact.number.rem_euclid(100);
        let yuan = thousands(impact.number.div_euclid(100));
        if fen == 0 { yuan } else { format!("{yuan}.{fen:02}") }
    } else {
        thousands(impact.number)
    };
    format!("{about}{number} {}", vocabulary::unit(&impact.unit, t.lang == "zh-CN"))
}

/// `356,000.50 元`, from fen.
pub(super) fn yuan(t: &Texts, fen: i64) -> String {
    let (whole, rest) = (thousands(fen / 100), (fen % 100).abs());
    let unit = if t.lang == "zh-CN" { " 元" } else { " CNY" };
    if rest == 0 { format!("{whole}{unit}") } else { format!("{whole}.{rest:02}{unit}") }
}

/// `12.5` of 1,250 basis points.
pub(super) fn basis_points(share: i64) -> String {
    let text = format!("{}.{:02}", share / 100, (share % 100).abs());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `18,342`.
pub(super) fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "−".to_owned() } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What an audit entry says was done.
pub(super) fn action(t: &Texts, action: &str) -> String {
    restated::action(t, action)
}

/// What an audit entry says was done, told by what it changed too.
pub(super) fn done(t: &Texts, action: &str, change: &serde_json::Value) -> String {
    restated::done(t, action, change)
}

/// What an audit entry of an event says was done; of an edit also which fields, the first three.
pub(super) fn edited(t: &Texts, action: &str, change: &serde_json::Value) -> String {
    let words = done(t, action, change);
    if !matches!(action, "event.update" | "event.bulk" | "event.undo") || undoes_logging(action, change) {
        return words;
    }
    let chinese = t.lang == "zh-CN";
    let mut fields: Vec<String> = Vec::new();
    for one in field_changes(change) {
        let name = history::field(&one.field, chinese);
        if !fields.contains(&name) {
            fields.push(name);
        }
    }
    let more = fields.len().saturating_sub(3);
    fields.truncate(3);
    let mut list = fields.join(t.list_mark);
    if more > 0 {
        list.push_str(&if chinese { format!("等 {} 项", more + 3) } else { format!(" and {more} more") });
    }
    if list.is_empty() { words } else { format!("{words} · {list}") }
}

/// The text with its control characters as pictures (␁).
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match u32::from(c) {
            0x09 | 0x0a | 0x0d => c,
            code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or(c),
            0x7f => '\u{2421}',
            0x80..=0x9f | 0x202a..=0x202e | 0x2066..=0x2069 => '\u{fffd}',
            _ => c,
        })
        .collect()
}
