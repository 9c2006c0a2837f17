//! What was published otherwise than it would be now.

use std::collections::{HashMap, HashSet};

use chrono_tz::Tz;
use uuid::Uuid;

use super::{
    numbers::{Carried, FrozenCount, FrozenEvent, FrozenFigure, Numbers},
    text::text_differences,
    wording,
};
use crate::domain::{
    capture::draft::Mark,
    checked,
    clock_point::ClockPoint,
    event::{EventFields, label},
    measured::{Measured, MeasuredLoss},
    postmortem::PostmortemState,
    report::{
        reading::Decimal,
        render::{ReportCount, count_words},
        time_form::TimeForm,
    },
};

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
    /// value, unit, name, group, target, and of a measured figure success, eligible, coverage, definition, losses, reported;
    /// count; time, recovered, severity, sentence, mark.
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
    /// What was published, of an event in the words of the text; none where it is new.
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
    found.extend(event_differences((published.0, &was.events), (current.0, &now.events), zone));
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
        // What went on while the week was published went on costing: that is no restatement, another set of events is.
        let ran = old.measured.as_ref().is_some_and(|measured| measured.running);
        let (before, after) = (behind(old.measured.as_deref(), ran), behind(new.measured.as_deref(), ran));
        let changes: Vec<Change> = changes
            .into_iter()
            .chain(changed(std::array::from_fn::<_, 6, _>(|at| (PARTS[at], before[at].clone(), after[at].clone()))))
            .collect();
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

/// The parts of what stands behind a measured figure.
const PARTS: [&str; 6] = ["success", "eligible", "coverage", "definition", "losses", "reported"];

/// What stands behind a measured figure, in words, in the order of [`PARTS`]; nothing behind one that is not. `names` tells the
/// events of its losses by their names only.
fn behind(measured: Option<&Measured>, names: bool) -> [String; 6] {
    let Some(measured) = measured else { return Default::default() };
    let loss = |loss: &MeasuredLoss| {
        if names {
            return loss.event.map_or_else(|| "—".to_owned(), label);
        }
        let missing = if loss.missing > 0 { format!("+{}", loss.missing) } else { String::new() };
        format!("{} {}{missing}", loss.event.map_or_else(|| "—".to_owned(), label), loss.excess)
    };
    let mut losses: Vec<String> = measured.losses.iter().map(loss).collect();
    if names {
        losses.sort_unstable();
    }
    let coverage = measured.coverage().floor_percent(2);
    [
        measured.totals.success.to_string(),
        measured.totals.eligible().to_string(),
        coverage.map(|value| format!("{value}%")).unwrap_or_default(),
        measured.definition.to_string(),
        losses.join("、"),
        measured.reported.as_ref().map(|reported| reported.value.to_string()).unwrap_or_default(),
    ]
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

fn event_differences(was: (&str, &[FrozenEvent]), now: (&str, &[FrozenEvent]), zone: Tz) -> Vec<Difference> {
    let current: HashMap<i64, &FrozenEvent> = now.1.iter().map(|event| (event.number, event)).collect();
    let told: HashSet<i64> = was.1.iter().map(|event| event.number).collect();
    let mut found = Vec::new();
    let mut tell = |number, old: Option<&FrozenEvent>, new: Option<&FrozenEvent>, changes| {
        let (published, current) = wording::both(old.map(|old| (was.0, old)), new.map(|new| (now.0, new)), zone);
        found.push(Difference { subject: Subject::Event(number), published, current, changes });
    };
    for old in was.1 {
        let new = current.get(&old.number).copied();
        let changes = new.map(|new| event_changes(old, new, zone)).unwrap_or_default();
        if new.is_none() || !changes.is_empty() {
            tell(old.number, Some(old), new, changes);
        }
    }
    for new in now.1.iter().filter(|new| !told.contains(&new.number)) {
        tell(new.number, None, Some(new), Vec::new());
    }
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
