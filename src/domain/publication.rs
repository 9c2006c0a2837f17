//! A published week: the numbers behind its report, frozen, and what differs from them since.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    capture::draft::Mark,
    checked,
    clock_point::ClockPoint,
    event::{EventFields, ProductionEvent, Source, label},
    figures::{Figure, FigureFields, IncidentCount, IncidentCountFields},
    iso_week::IsoWeek,
    postmortem::{Postmortem, PostmortemState},
    report::{
        reading::Decimal,
        render::{ReportCount, count_words},
        time_form::TimeForm,
    },
};

/// A figure as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenFigure {
    /// The figure.
    pub id: Uuid,
    /// Its version then.
    pub version: i64,
    /// Order in the report.
    pub position: i64,
    /// import, manual or api.
    pub source: String,
    /// Milliseconds.
    pub updated_at: i64,
    /// Label.
    pub name: String,
    /// Heading above it.
    pub group: Option<String>,
    /// Value.
    pub value: Decimal,
    /// Unit.
    pub unit: Option<String>,
    /// Stated change.
    pub delta: Option<Decimal>,
    /// Its unit.
    pub delta_unit: Option<String>,
    /// Target.
    pub target: Option<Decimal>,
}

/// An incident count as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenCount {
    /// The count.
    pub id: Uuid,
    /// Its version then.
    pub version: i64,
    /// Order in the report.
    pub position: i64,
    /// import, manual or api.
    pub source: String,
    /// Milliseconds.
    pub updated_at: i64,
    /// Label.
    pub severity: String,
    /// Count.
    pub count: Decimal,
}

/// An event as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenEvent {
    /// The event.
    pub id: Uuid,
    /// 22 of PE-22.
    pub number: i64,
    /// Its version then.
    pub version: i64,
    /// Order in the report.
    pub position: i64,
    /// Everything that people edit.
    pub fields: EventFields,
    /// The text as pasted.
    pub raw: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// Where its postmortem stood.
    pub state: PostmortemState,
    /// Whose it was.
    pub owner_id: Option<Uuid>,
    /// When it was due.
    pub due_on: Option<NaiveDate>,
    /// Why none was required.
    pub reason: Option<String>,
    /// Milliseconds.
    pub done_at: Option<i64>,
    /// Milliseconds.
    pub created_at: i64,
    /// Milliseconds.
    pub updated_at: i64,
    /// Its line in the report.
    pub line: String,
}

/// The numbers behind a report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// Figures in order.
    pub figures: Vec<FrozenFigure>,
    /// Incident counts in order.
    pub incident_counts: Vec<FrozenCount>,
    /// Events in order.
    pub events: Vec<FrozenEvent>,
    /// Events of earlier weeks that the report carried along.
    #[serde(default)]
    pub carried: Vec<Carried>,
}

/// An event of an earlier week that a report carries along while its postmortem is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// 22 of PE-22.
    pub number: i64,
    /// The beginning of its sentence.
    pub begins: String,
    /// Its line.
    pub line: String,
}

impl Carried {
    /// An event with its line.
    pub fn of(event: &ProductionEvent, line: String) -> Self {
        let begins = event.fields.narrative.lines().next().unwrap_or_default().chars().take(20).collect();
        Self { number: event.number, begins, line }
    }
}

impl Numbers {
    /// The numbers of a week; `line` writes an event as the report does.
    pub fn of(
        figures: &[Figure],
        counts: &[IncidentCount],
        events: &[ProductionEvent],
        line: impl Fn(&ProductionEvent) -> String,
    ) -> Self {
        Self {
            figures: figures.iter().map(frozen_figure).collect(),
            incident_counts: counts.iter().map(frozen_count).collect(),
            events: events.iter().map(|event| frozen_event(event, line(event))).collect(),
            carried: Vec::new(),
        }
    }

    /// The figures as they were.
    pub fn figures(&self, week: IsoWeek) -> Vec<Figure> {
        let thawed = |frozen: &FrozenFigure| Figure {
            id: frozen.id,
            week,
            version: frozen.version,
            position: frozen.position,
            source: frozen.source.clone(),
            updated_at: frozen.updated_at,
            fields: FigureFields {
                name: frozen.name.clone(),
                group: frozen.group.clone(),
                value: frozen.value,
                unit: frozen.unit.clone(),
                delta: frozen.delta,
                delta_unit: frozen.delta_unit.clone(),
                target: frozen.target,
            },
        };
        self.figures.iter().map(thawed).collect()
    }

    /// The incident counts as they were.
    pub fn incident_counts(&self, week: IsoWeek) -> Vec<IncidentCount> {
        let thawed = |frozen: &FrozenCount| IncidentCount {
            id: frozen.id,
            week,
            version: frozen.version,
            position: frozen.position,
            source: frozen.source.clone(),
            updated_at: frozen.updated_at,
            fields: IncidentCountFields { severity: frozen.severity.clone(), count: frozen.count },
        };
        self.incident_counts.iter().map(thawed).collect()
    }

    /// The events as they were.
    pub fn events(&self, week: IsoWeek) -> Vec<ProductionEvent> {
        let thawed = |frozen: &FrozenEvent| ProductionEvent {
            id: frozen.id,
            number: frozen.number,
            version: frozen.version,
            fields: frozen.fields.clone(),
            week,
            raw: frozen.raw.clone(),
            source: frozen.source,
            import_key: None,
            import_mark: None,
            position: frozen.position,
            postmortem: Postmortem {
                version: 1,
                state: frozen.state,
                owner_id: frozen.owner_id,
                due_on: frozen.due_on,
                due_fixed: false,
                reason: frozen.reason.clone(),
                done_at: frozen.done_at,
            },
            created_at: frozen.created_at,
            updated_at: frozen.updated_at,
        };
        self.events.iter().map(thawed).collect()
    }
}

fn frozen_figure(figure: &Figure) -> FrozenFigure {
    let fields = figure.fields.clone();
    FrozenFigure {
        id: figure.id,
        version: figure.version,
        position: figure.position,
        source: figure.source.clone(),
        updated_at: figure.updated_at,
        name: fields.name,
        group: fields.group,
        value: fields.value,
        unit: fields.unit,
        delta: fields.delta,
        delta_unit: fields.delta_unit,
        target: fields.target,
    }
}

fn frozen_count(count: &IncidentCount) -> FrozenCount {
    FrozenCount {
        id: count.id,
        version: count.version,
        position: count.position,
        source: count.source.clone(),
        updated_at: count.updated_at,
        severity: count.fields.severity.clone(),
        count: count.fields.count,
    }
}

fn frozen_event(event: &ProductionEvent, line: String) -> FrozenEvent {
    let postmortem = &event.postmortem;
    FrozenEvent {
        id: event.id,
        number: event.number,
        version: event.version,
        position: event.position,
        fields: event.fields.clone(),
        raw: event.raw.clone(),
        source: event.source,
        state: postmortem.state,
        owner_id: postmortem.owner_id,
        due_on: postmortem.due_on,
        reason: postmortem.reason.clone(),
        done_at: postmortem.done_at,
        created_at: event.created_at,
        updated_at: event.updated_at,
        line,
    }
}

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The figure of this name.
    Figure(String),
    /// The incident count of this severity.
    IncidentCount(String),
    /// The event of this number.
    Event(i64),
    /// The words around the numbers: headings, order, layout.
    Text,
}

impl Subject {
    /// figure, `incident_count`, event or text.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Figure(_) => "figure",
            Self::IncidentCount(_) => "incident_count",
            Self::Event(_) => "event",
            Self::Text => "text",
        }
    }

    /// `入金有效成功率`, `C`, `PE-22`; empty for the text.
    pub fn name(&self) -> String {
        match self {
            Self::Figure(name) | Self::IncidentCount(name) => name.clone(),
            Self::Event(number) => label(*number),
            Self::Text => String::new(),
        }
    }
}

/// A part of a figure or an event that differs, in words; empty words are nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// value, unit, name, group, target; count; time, recovered, severity, sentence, mark.
    pub part: &'static str,
    /// As published.
    pub published: String,
    /// As it would be now.
    pub current: String,
}

/// Something that was published otherwise than it would be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub subject: Subject,
    /// What was published; none where it is new.
    pub published: Option<String>,
    /// What it would be now; none where it is gone.
    pub current: Option<String>,
    /// The parts that differ, where both are there.
    pub changes: Vec<Change>,
}

/// Everything of `current` that differs from `published`: figures, incident counts, events, and lines of the text that
/// these do not explain. Times are shown in `zone`.
pub fn differences(published: (&str, &Numbers), current: (&str, &Numbers), zone: Tz) -> Vec<Difference> {
    let (was, now) = (published.1, current.1);
    let mut found = figure_differences(&was.figures, &now.figures);
    found.extend(count_differences(&was.incident_counts, &now.incident_counts));
    found.extend(event_differences(&was.events, &now.events, zone));
    found.extend(carried_differences(&was.carried, &now.carried));
    let text = text_differences(published.0, current.0, &found);
    found.extend(text);
    found
}

fn figure_words(figure: &FrozenFigure) -> String {
    let unit = figure.unit.as_deref().unwrap_or_default();
    let target = figure.target.map(|target| format!("（目标 {target}）")).unwrap_or_default();
    format!("{}{unit}{target}", figure.value)
}

fn figure_differences(was: &[FrozenFigure], now: &[FrozenFigure]) -> Vec<Difference> {
    // A figure that was removed and written again is the same figure of the report.
    let key = |figure: &FrozenFigure| {
        (checked::fold(&figure.name), checked::fold(figure.group.as_deref().unwrap_or_default()))
    };
    let by_id: HashMap<Uuid, &FrozenFigure> = now.iter().map(|figure| (figure.id, figure)).collect();
    let by_key: HashMap<_, &FrozenFigure> = now.iter().map(|figure| (key(figure), figure)).collect();
    let mut taken = HashSet::new();
    let mut found = Vec::new();
    for old in was {
        let new = by_id.get(&old.id).or_else(|| by_key.get(&key(old))).filter(|new| taken.insert(new.id));
        let Some(new) = new else {
            found.push(Difference {
                subject: Subject::Figure(old.name.clone()),
                published: Some(figure_words(old)),
                current: None,
                changes: Vec::new(),
            });
            continue;
        };
        let words = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |value: Option<Decimal>| value.map(|value| value.to_string()).unwrap_or_default();
        let changes = changed([
            ("name", old.name.clone(), new.name.clone()),
            ("group", words(&old.group), words(&new.group)),
            ("value", old.value.to_string(), new.value.to_string()),
            ("unit", words(&old.unit), words(&new.unit)),
            ("target", number(old.target), number(new.target)),
        ]);
        if !changes.is_empty() {
            found.push(Difference {
                subject: Subject::Figure(new.name.clone()),
                published: Some(figure_words(old)),
                current: Some(figure_words(new)),
                changes,
            });
        }
    }
    found.extend(now.iter().filter(|new| !taken.contains(&new.id)).map(|new| Difference {
        subject: Subject::Figure(new.name.clone()),
        published: None,
        current: Some(figure_words(new)),
        changes: Vec::new(),
    }));
    found
}

fn count_differences(was: &[FrozenCount], now: &[FrozenCount]) -> Vec<Difference> {
    let words =
        |count: &FrozenCount| count_words(&ReportCount { severity: count.severity.clone(), count: count.count });
    let current: HashMap<&str, &FrozenCount> = now.iter().map(|count| (count.severity.as_str(), count)).collect();
    let published: HashSet<&str> = was.iter().map(|count| count.severity.as_str()).collect();
    let mut found = Vec::new();
    for old in was {
        let new = current.get(old.severity.as_str());
        if new.is_some_and(|new| new.count == old.count) {
            continue;
        }
        let changes = new.map(|new| changed([("count", old.count.to_string(), new.count.to_string())]));
        found.push(Difference {
            subject: Subject::IncidentCount(old.severity.clone()),
            published: Some(words(old)),
            current: new.map(|new| words(new)),
            changes: changes.unwrap_or_default(),
        });
    }
    found.extend(now.iter().filter(|new| !published.contains(new.severity.as_str())).map(|new| Difference {
        subject: Subject::IncidentCount(new.severity.clone()),
        published: None,
        current: Some(words(new)),
        changes: Vec::new(),
    }));
    found
}

fn event_differences(was: &[FrozenEvent], now: &[FrozenEvent], zone: Tz) -> Vec<Difference> {
    let current: HashMap<i64, &FrozenEvent> = now.iter().map(|event| (event.number, event)).collect();
    let published: HashSet<i64> = was.iter().map(|event| event.number).collect();
    let mut found = Vec::new();
    for old in was {
        let new = current.get(&old.number);
        let changes = new.map(|new| event_changes(old, new, zone)).unwrap_or_default();
        if new.is_none() || !changes.is_empty() {
            found.push(Difference {
                subject: Subject::Event(old.number),
                published: Some(old.line.clone()),
                current: new.map(|new| new.line.clone()),
                changes,
            });
        }
    }
    found.extend(now.iter().filter(|new| !published.contains(&new.number)).map(|new| Difference {
        subject: Subject::Event(new.number),
        published: None,
        current: Some(new.line.clone()),
        changes: Vec::new(),
    }));
    found
}

/// Events that are no longer carried along, or newly. How one is told is a matter of the text.
fn carried_differences(was: &[Carried], now: &[Carried]) -> Vec<Difference> {
    let numbers = |list: &[Carried]| -> HashSet<i64> { list.iter().map(|event| event.number).collect() };
    let (published, current) = (numbers(was), numbers(now));
    let left = was.iter().filter(|old| !current.contains(&old.number));
    let came = now.iter().filter(|new| !published.contains(&new.number));
    left.map(|old| (old.number, Some(old.line.clone()), None))
        .chain(came.map(|new| (new.number, None, Some(new.line.clone()))))
        .map(|(number, published, current)| Difference {
            subject: Subject::Event(number),
            published,
            current,
            changes: Vec::new(),
        })
        .collect()
}

/// What readers of the report would see or count otherwise; how the chase goes on (owner, due date, drafting) is none
/// of it.
fn event_changes(old: &FrozenEvent, new: &FrozenEvent, zone: Tz) -> Vec<Change> {
    // With the year, which the report may leave out: another year is another time.
    let time = |point: Option<ClockPoint>| {
        let year = |point: ClockPoint| point.at.with_timezone(&zone).format("%Y");
        let words = |point| format!("{}/{}", year(point), TimeForm::default().begin_words(point, zone));
        point.map(words).unwrap_or_default()
    };
    let severity = |fields: &EventFields| fields.severity.clone().unwrap_or_default();
    let (before, after) = (&old.fields, &new.fields);
    changed([
        ("time", time(before.occurred), time(after.occurred)),
        ("recovered", time(before.recovered), time(after.recovered)),
        ("severity", severity(before), severity(after)),
        ("sentence", before.narrative.clone(), after.narrative.clone()),
        ("mark", mark_name(old.state).to_owned(), mark_name(new.state).to_owned()),
    ])
}

/// A mark in the words of people, whatever the style writes.
const fn mark_name(state: PostmortemState) -> &'static str {
    match state.mark() {
        Mark::Unknown => "",
        Mark::Pending => "待复盘",
        Mark::Done => "已复盘",
        Mark::NotRequired => "免复盘",
    }
}

fn changed<const N: usize>(parts: [(&'static str, String, String); N]) -> Vec<Change> {
    let differs = |(part, published, current): (&'static str, String, String)| {
        (published != current).then_some(Change { part, published, current })
    };
    parts.into_iter().filter_map(differs).collect()
}

/// The most lines of the text that are told.
const MOST_LINES: usize = 20;

/// The most characters of a date above an event, or of the sentence of a quiet week.
const SHORT_LINE: usize = 30;

/// Lines that differ and are not explained by the numbers in `found`: headings, layout, changes against another week,
/// counts of the year.
fn text_differences(was: &str, now: &str, found: &[Difference]) -> Vec<Difference> {
    let (removed, added) = (lines_without(was, now), lines_without(now, was));
    let explained = Explained::by(found);
    let other = |line: &&str| !explained.holds(line);
    let mut removed = removed.into_iter().filter(other);
    let mut added = added.into_iter().filter(other);
    let mut told = Vec::new();
    while told.len() < MOST_LINES {
        let (published, current) = (removed.next(), added.next());
        if published.is_none() && current.is_none() {
            break;
        }
        let owned = |line: Option<&str>| line.map(str::to_owned);
        told.push(Difference {
            subject: Subject::Text,
            published: owned(published),
            current: owned(current),
            changes: Vec::new(),
        });
    }
    // The same lines in another order.
    if told.is_empty() && found.is_empty() && was != now {
        let differ = was.lines().zip(now.lines()).find(|(old, new)| old != new);
        told.push(Difference {
            subject: Subject::Text,
            published: differ.map(|(old, _)| old.to_owned()),
            current: differ.map(|(_, new)| new.to_owned()),
            changes: Vec::new(),
        });
    }
    told
}

/// A line without blanks around it and the number or bullet in front: one event less numbers all others anew.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < line.len() && line.len() - rest.len() <= 3;
    match rest.strip_prefix(['.', '、']).filter(|_| numbered) {
        Some(rest) => rest.trim_start(),
        None => line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map_or(line, str::trim_start),
    }
}

/// The lines of `text` that `other` does not have as often, in their order.
fn lines_without<'a>(text: &'a str, other: &str) -> Vec<&'a str> {
    let mut there: HashMap<&str, usize> = HashMap::new();
    for line in other.lines().map(bare) {
        *there.entry(line).or_default() += 1;
    }
    let mut without = Vec::new();
    for line in text.lines() {
        match there.get_mut(bare(line)) {
            Some(count) if *count > 0 => *count -= 1,
            _ if line.trim().is_empty() => {}
            _ => without.push(line.trim()),
        }
    }
    without
}

/// What the differences of the numbers explain in the text.
#[derive(Default)]
struct Explained<'a> {
    /// Words of figures and events: a line that holds one of them is theirs.
    words: HashSet<&'a str>,
    /// Levels of counts: a line with one of them and a number is theirs.
    levels: Vec<&'a str>,
    /// Labels of events, `PE-22`.
    labels: Vec<String>,
    /// Every stretch of the events' own lines: styles write the time in front and the mark behind in their own ways.
    stretches: HashSet<&'a str>,
    /// An event came, went or moved in time: dates and the sentence of a quiet week come and go with it.
    moved: bool,
}

impl<'a> Explained<'a> {
    fn by(found: &'a [Difference]) -> Self {
        let mut all = Self::default();
        for difference in found {
            match &difference.subject {
                Subject::Figure(name) => {
                    all.words.insert(name);
                    let named = difference.changes.iter().filter(|change| matches!(change.part, "name" | "group"));
                    all.words.extend(named.flat_map(|change| [change.published.as_str(), change.current.as_str()]));
                }
                Subject::IncidentCount(severity) => all.levels.push(severity),
                Subject::Event(number) => {
                    all.labels.push(label(*number));
                    all.moved |= difference.published.is_none()
                        || difference.current.is_none()
                        || difference.changes.iter().any(|change| matches!(change.part, "time" | "recovered"));
                    for line in [&difference.published, &difference.current].into_iter().flatten() {
                        all.stretches.extend(stretches(line));
                        all.words.extend((line.chars().count() <= STRETCH).then_some(line.as_str()));
                    }
                }
                Subject::Text => {}
            }
        }
        all.words.remove("");
        all
    }

    fn holds(&self, line: &str) -> bool {
        let bare = bare(line);
        (self.moved && (is_date(bare) || is_sentence_of_quiet(bare)))
            || self.words.iter().any(|word| line.contains(word))
            || self.labels.iter().any(|label| line.contains(label.as_str()))
            || (line.contains(|c: char| c.is_ascii_digit()) && self.levels.iter().any(|level| line.contains(level)))
            || stretches(bare).any(|stretch| self.stretches.contains(stretch))
    }
}

/// Whether a line is the date above an event, in whatever form.
fn is_date(line: &str) -> bool {
    const WORDS: &str = "年月日号周星期一二三四五六天时点分上下午至";
    line.chars().count() <= SHORT_LINE
        && line.contains(|c: char| c.is_ascii_digit())
        && line.chars().all(|c| c.is_ascii_alphanumeric() || WORDS.contains(c) || !c.is_alphanumeric() && c != '%')
}

/// Whether a line may be what stands in place of events or figures: short, without numbers, no heading.
fn is_sentence_of_quiet(line: &str) -> bool {
    line.chars().count() <= SHORT_LINE && !line.contains(|c: char| c.is_ascii_digit() || matches!(c, '#' | '【'))
}

/// Characters that a line must have in common with an event to be its line.
const STRETCH: usize = 8;

/// Characters of a line that are looked at.
const LOOKED_AT: usize = 2_000;

/// Every run of [`STRETCH`] characters in the beginning of a line.
fn stretches(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.char_indices().map(|(at, _)| at).skip(STRETCH).chain([line.len()]);
    let starts = line.char_indices().map(|(at, _)| at);
    starts
        .zip(ends)
        .take(LOOKED_AT)
        .filter_map(|(from, to)| line.get(from..to))
        .filter(|run| run.chars().count() == STRETCH)
}

/// An entry of the audit log, as far as it says what changed a published week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by the name of that time.
    pub by: String,
    /// `event.update`, `figure.delete` …
    pub action: String,
    /// Names of the fields that it changed; empty where the entry does not say.
    pub fields: Vec<String>,
}

/// The most edits that are told of one difference.
const MOST_EDITS: usize = 5;

/// The edits that made a difference, the latest first: those that touched a part that differs, else all of them.
/// `edits` are those of its subject since the publication, in any order.
pub fn causes(difference: &Difference, mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.at));
    match difference.subject {
        // A figure and a count of one name share their subject in the audit log.
        Subject::Figure(_) => edits.retain(|edit| edit.action.starts_with("figure.")),
        Subject::IncidentCount(_) => edits.retain(|edit| edit.action.starts_with("incident_count.")),
        Subject::Event(_) | Subject::Text => {}
    }
    let touches = |edit: &Edit| {
        if !matches!(difference.subject, Subject::Event(_)) {
            return true;
        }
        if matches!(edit.action.as_str(), "event.create" | "event.delete") {
            return difference.published.is_none() || difference.current.is_none();
        }
        if edit.action.starts_with("postmortem.") {
            return difference.changes.iter().any(|change| change.part == "mark");
        }
        let moved = difference.published.is_none() || difference.current.is_none();
        edit.fields.iter().any(|field| match field.as_str() {
            "week" => moved,
            other => difference.changes.iter().any(|change| field_of(change.part) == other),
        })
    };
    let (touching, others): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(touches);
    let mut told = if touching.is_empty() { others } else { touching };
    told.truncate(MOST_EDITS);
    told
}

/// The field of the audit log that a part of an event stands in.
fn field_of(part: &str) -> &str {
    match part {
        "time" => "occurred",
        "sentence" => "narrative",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse("value", text).unwrap()
    }

    fn figure(id: u128, name: &str, value: &str) -> FrozenFigure {
        FrozenFigure {
            id: Uuid::from_u128(id),
            version: 1,
            position: 1,
            source: "manual".to_owned(),
            updated_at: 0,
            name: name.to_owned(),
            group: None,
            value: decimal(value),
            unit: Some("%".to_owned()),
            delta: None,
            delta_unit: None,
            target: None,
        }
    }

    fn event(number: i64, narrative: &str) -> FrozenEvent {
        FrozenEvent {
            id: Uuid::from_u128(number.unsigned_abs().into()),
            number,
            version: 1,
            position: number,
            fields: EventFields { narrative: narrative.to_owned(), ..EventFields::default() },
            raw: None,
            source: Source::Line,
            state: PostmortemState::Pending,
            owner_id: None,
            due_on: None,
            reason: None,
            done_at: None,
            created_at: 0,
            updated_at: 0,
            line: format!("{narrative}【待复盘】"),
        }
    }

    fn compared(was: &Numbers, now: &Numbers) -> Vec<Difference> {
        differences(("a", was), ("a", now), chrono_tz::Asia::Shanghai)
    }

    #[test]
    fn what_is_equal_differs_in_nothing_whatever_its_versions() {
        let was =
            Numbers {
                figures: vec![figure(1, "入金", "99.9")], events: vec![event(1, "失败")], ..Numbers::default()
            };
        let mut now = was.clone();
        now.figures[0].version = 7;
        now.events[0].version = 7;
        now.events[0].state = PostmortemState::Drafting;
        assert_eq!(compared(&was, &now), []);
    }

    #[test]
    fn a_figure_that_was_written_again_is_compared_by_its_name() {
        let was =
            Numbers { figures: vec![figure(1, "入金", "99.9"), figure(2, "出金", "98")], ..Numbers::default() };
        let now = Numbers { figures: vec![figure(3, "入金", "99.8"), figure(4, "新", "1")], ..Numbers::default() };
        let found = compared(&was, &now);
        let words: Vec<_> =
            found.iter().map(|one| (one.subject.name(), one.published.clone(), one.current.clone())).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            words,
            [
                ("入金".to_owned(), some("99.9%"), some("99.8%")),
                ("出金".to_owned(), some("98%"), None),
                ("新".to_owned(), None, some("1%")),
            ]
        );
        assert_eq!(
            found[0].changes,
            [Change { part: "value", published: "99.9".to_owned(), current: "99.8".to_owned() }]
        );
    }

    #[test]
    fn only_the_text_differs_where_the_numbers_are_equal() {
        let numbers = Numbers::default();
        let found = differences(("## A\n\n无", &numbers), ("## B\n\n无", &numbers), chrono_tz::UTC);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].published.as_deref(), found[0].current.as_deref()), (Some("## A"), Some("## B")));
    }

    #[test]
    fn lines_that_the_numbers_explain_are_no_difference_of_the_text() {
        let was = Numbers {
            figures: vec![figure(1, "入金", "99.9"), figure(2, "出金", "98")],
            events: vec![event(1, "风控规则更新导致提现失败"), event(2, "网关超时影响付款交易")],
            ..Numbers::default()
        };
        let mut now = was.clone();
        now.figures[0].value = decimal("99.8");
        now.events.remove(0);
        let old = "## 数据\n\n- 入金：99.9%\n- 出金：98%（较上周 +0.1pp）\n\n08/19 15:00\n\n1. 风控规则更新导致提现失败【待复盘】\n\n08/20 15:00\n\n2. 网关超时影响付款交易【待复盘】\n";
        let new = "## 数据\n\n- 入金：99.8%\n- 出金：98%（较上周 +0.2pp）\n\n08/20 15:00\n\n1. 网关超时影响付款交易【待复盘】\n";
        let found = differences((old, &was), (new, &now), chrono_tz::UTC);
        let kinds: Vec<_> = found.iter().map(|one| one.subject.kind()).collect();
        assert_eq!(kinds, ["figure", "event", "text"], "{found:?}");
        assert_eq!(found[2].published.as_deref(), Some("- 出金：98%（较上周 +0.1pp）"));
        assert_eq!(found[2].current.as_deref(), Some("- 出金：98%（较上周 +0.2pp）"));
        let turned = differences(("a\nb", &was), ("b\na", &was), chrono_tz::UTC);
        assert_eq!((turned.len(), turned[0].current.as_deref()), (1, Some("b")));
    }

    #[test]
    fn the_edit_that_touched_what_differs_is_the_cause() {
        let was = Numbers { events: vec![event(1, "失败")], ..Numbers::default() };
        let mut now = was.clone();
        now.events[0].state = PostmortemState::Done;
        let difference = compared(&was, &now).remove(0);
        let edit = |seconds, action: &str, fields: &[&str]| Edit {
            at: DateTime::from_timestamp(seconds, 0).unwrap(),
            by: "小李".to_owned(),
            action: action.to_owned(),
            fields: fields.iter().map(|&field| field.to_owned()).collect(),
        };
        let edits = vec![edit(1, "postmortem.done", &["state"]), edit(2, "event.update", &["cause"])];
        let told = causes(&difference, edits);
        assert_eq!(told.iter().map(|edit| edit.action.as_str()).collect::<Vec<_>>(), ["postmortem.done"]);
        let unknown = causes(&difference, vec![edit(2, "event.update", &["cause"])]);
        assert_eq!(unknown.len(), 1, "better a wide answer than none");
    }
}
