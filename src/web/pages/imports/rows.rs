//! The rows of the import table: what is shown in each, and what a person made of it.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use crate::{
    domain::{
        capture::draft::Mark,
        checked::FieldError,
        clock_point::ClockPoint,
        figures::{FigureFields, IncidentCountFields},
        import_plan::{self, Choice, Kind, Line, Outcome, Reason, Take, Value},
        postmortem::PostmortemState,
        report::{reading::Decimal, template::level_label},
    },
    i18n::{Texts, imports as words},
    service::{App, ServiceError},
    web::pages::{event::local_time, refusal},
};

/// A field of a row.
pub(super) struct Field {
    pub name: String,
    pub label: String,
    pub value: String,
    pub shape: Shape,
    /// That the reader had to assume it, or found nothing; empty otherwise.
    pub mark: &'static str,
}

/// How a field is edited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Time,
    Text,
    Short,
    Number,
    Mark,
}

impl Field {
    pub fn is(&self, shape: &str) -> bool {
        shape
            == match self.shape {
                Shape::Time => "time",
                Shape::Text => "text",
                Shape::Short => "short",
                Shape::Number => "number",
                Shape::Mark => "mark",
            }
    }
}

/// A row of the table.
pub(super) struct Row {
    /// `0.e.3`.
    pub name: String,
    pub kind: &'static str,
    pub outcome: &'static str,
    /// Class of the words: `ok`, `todo`, `bad` or empty.
    pub tone: &'static str,
    pub confidence: u8,
    pub reasons: Vec<String>,
    pub changes: Vec<String>,
    /// Beginning and recovery of an event whose times are not fields of the row; empty otherwise.
    pub when: String,
    pub words: String,
    /// The event's number, where it is there.
    pub number: Option<i64>,
    /// What it may be: a label or a file; empty where there is no such thing.
    pub same_as: String,
    /// It was taken for an event that reads alike.
    pub alike: bool,
    /// Empty where nothing can be corrected.
    pub fields: Vec<Field>,
    /// add, skip, same or other; empty where nothing can be decided.
    pub take: &'static str,
    /// What is wrong with it.
    pub error: String,
}

impl Row {
    /// Whether the row can be decided on.
    pub fn is_open(&self) -> bool {
        !self.take.is_empty()
    }

    /// The marks to choose from.
    pub fn marks(t: &Texts) -> [(&'static str, &'static str); 4] {
        [("", t.undecided), ("pending", t.pending), ("done", t.done), ("not_required", t.not_required)]
    }
}

/// The name of a line's row in the form.
pub(super) fn row_name(document: usize, line: &Line) -> String {
    let kind = match line.kind {
        Kind::Event => 'e',
        Kind::Figure => 'f',
        Kind::IncidentCount => 'c',
    };
    format!("{document}.{kind}.{}", line.index)
}

/// Whether a person may decide on a line.
pub(super) fn is_open(line: &Line) -> bool {
    matches!(line.outcome, Outcome::Added | Outcome::Doubtful | Outcome::Changed) || is_alike(line)
}

/// Whether it was taken for an event that reads alike: a person may know better.
fn is_alike(line: &Line) -> bool {
    line.reasons.iter().any(|reason| matches!(reason, Reason::Alike { .. }))
}

/// Whether a line that would have brought something was left out.
pub(super) fn is_left_out(line: &Line) -> bool {
    matches!(line.outcome, Outcome::Added | Outcome::Doubtful | Outcome::Changed) && !line.taken
}

/// Beginning and recovery of an event; empty for others and where there is no time.
pub(super) fn when(line: &Line, zone: Tz) -> String {
    let (occurred, recovered) = line.times();
    import_plan::span_word(occurred, recovered, zone)
}

/// Whether nothing that is here is what the line tells of.
fn is_new(line: &Line) -> bool {
    line.outcome == Outcome::Added || line.outcome == Outcome::Doubtful && line.changes.is_empty()
}

/// The class of an outcome's words.
pub(super) const fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Added => "ok",
        Outcome::Changed => "todo",
        Outcome::Doubtful => "bad",
        Outcome::Unchanged | Outcome::Deleted => "",
    }
}

fn clock(point: Option<ClockPoint>, zone: Tz) -> String {
    point.map(|point| point.at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

const fn mark_code(mark: Mark) -> &'static str {
    match mark {
        Mark::Unknown => "",
        _ => PostmortemState::of_mark(mark).code(),
    }
}

/// The values of a line as the form shows them.
fn values(line: &Line, zone: Tz) -> Vec<(&'static str, String)> {
    if line.outcome == Outcome::Unchanged {
        return Vec::new();
    }
    match &line.value {
        Value::Event(fields, mark) => {
            let mut values = vec![
                ("time", clock(fields.occurred, zone)),
                ("recovered", clock(fields.recovered, zone)),
                ("severity", fields.severity.clone().unwrap_or_default()),
            ];
            // The mark of an event that is there moves with its postmortem.
            if line.outcome != Outcome::Changed {
                values.push(("mark", mark_code(*mark).to_owned()));
            }
            values.push(("sentence", fields.narrative.clone()));
            values
        }
        Value::Figure(FigureFields { name, value, unit, .. }) => {
            let name = if is_new(line) { vec![("name", name.clone())] } else { Vec::new() };
            let mut values = name;
            values.push(("value", value.to_string()));
            values.push(("unit", unit.clone().unwrap_or_default()));
            values
        }
        Value::Count(IncidentCountFields { count, .. }) => vec![("count", count.to_string())],
    }
}

/// What a person made of a line, against the line as planned. An error names the field and the remedy.
pub(super) fn choice(app: &App, line: &Line, sent: &BTreeMap<String, String>) -> Result<Choice, FieldError> {
    let take = match sent.get("take").map(String::as_str) {
        Some("add") => Take::Add,
        Some("skip") => Take::Skip,
        Some("same") => Take::Same,
        Some("other") => Take::Other,
        _ => Take::Plan,
    };
    let mut choice = Choice { take, ..Choice::default() };
    if take == Take::Skip {
        // What is left out needs no correct values.
        return Ok(choice);
    }
    for (field, was) in values(line, app.zone) {
        // Browsers send line ends as CR LF.
        let Some(now) = sent.get(field).map(|now| now.replace("\r\n", "\n").trim().to_owned()) else { continue };
        if now == was.trim() {
            continue;
        }
        match field {
            "time" => choice.occurred = Some(local_time(app, "occurred_at", &now)?.map(ClockPoint::minute)),
            "recovered" => choice.recovered = Some(local_time(app, "recovered_at", &now)?.map(ClockPoint::minute)),
            "severity" => choice.severity = Some(Some(now).filter(|label| !label.is_empty())),
            "mark" => {
                choice.mark = Some(PostmortemState::from_code(&now).map_or(Mark::Unknown, PostmortemState::mark));
            }
            "sentence" => choice.narrative = Some(now),
            "name" => choice.name = Some(now),
            "value" => choice.value = Some(Decimal::parse("value", &now)?),
            "count" => choice.value = Some(Decimal::parse("count", &now)?),
            "unit" => choice.unit = Some(Some(now).filter(|unit| !unit.is_empty())),
            _ => {}
        }
    }
    Ok(choice)
}

/// The row of a line. `sent` is what a person typed, `refused` why it was refused.
pub(super) fn row(
    t: &'static Texts,
    zone: Tz,
    document: usize,
    line: &Line,
    sent: Option<&BTreeMap<String, String>>,
    refused: Option<&FieldError>,
    open: bool,
) -> Row {
    let chinese = t.lang == "zh-CN";
    let name = row_name(document, line);
    // Nothing is open any more once it was saved: what was left out says so.
    let left_out = !open && is_left_out(line);
    let (outcome, tone) =
        if left_out { (t.import_left_out, "") } else { (words::outcome(line.outcome, chinese), tone(line.outcome)) };
    let open = open && is_open(line);
    let same_as = line.reasons.iter().find_map(|reason| match reason {
        Reason::MayBe { who, .. } | Reason::MayHaveMoved { who, .. } => Some(who.clone()),
        _ => None,
    });
    let same_as = same_as.filter(|_| line.outcome == Outcome::Doubtful).unwrap_or_default();
    let fields = if open { fields(t, zone, line, &name, sent) } else { Vec::new() };
    let take = match sent.and_then(|sent| sent.get("take")).map(String::as_str) {
        _ if !open => "",
        Some("skip") => "skip",
        Some("same") if !same_as.is_empty() => "same",
        Some("other") if is_alike(line) => "other",
        _ => "add",
    };
    let problem = refused.or(line.problem.as_ref());
    let error = problem.map(|error| refusal(t, ServiceError::from(error.clone()))).unwrap_or_default();
    Row {
        name,
        kind: match line.kind {
            Kind::Event => t.events,
            Kind::Figure => t.figures,
            Kind::IncidentCount => t.incident_counts,
        },
        outcome,
        tone,
        confidence: line.confidence,
        reasons: line.reasons.iter().map(|reason| words::reason(reason, chinese)).collect(),
        changes: line.changes.iter().map(|change| words::change(change, chinese)).collect(),
        when: if fields.is_empty() { when(line, zone) } else { String::new() },
        words: line.words.clone(),
        number: line.number,
        same_as,
        alike: is_alike(line),
        fields,
        take,
        error,
    }
}

fn fields(t: &'static Texts, zone: Tz, line: &Line, row: &str, sent: Option<&BTreeMap<String, String>>) -> Vec<Field> {
    let has = |which: fn(&Reason) -> bool| line.reasons.iter().any(which);
    let time_assumed = has(|reason| {
        matches!(
            reason,
            Reason::NoTime
                | Reason::DayOnly
                | Reason::YearAssumed { .. }
                | Reason::FarFromWeek { .. }
                | Reason::DateUnreadable { .. }
                | Reason::SecondDate { .. }
        )
    });
    let end_assumed = has(|reason| matches!(reason, Reason::RecoveryNextDay | Reason::RecoveryBefore));
    let words_assumed = has(|reason| matches!(reason, Reason::NoSymptom | Reason::TooLong));
    values(line, zone)
        .into_iter()
        .map(|(field, value)| {
            let (label, shape, assumed) = match field {
                "time" => (t.time, Shape::Time, time_assumed),
                "recovered" => (t.recovery_time, Shape::Time, end_assumed),
                "severity" => (t.severity, Shape::Short, false),
                "mark" => (t.postmortem, Shape::Mark, false),
                "sentence" => (t.narrative, Shape::Text, words_assumed),
                "name" => (t.figure_name, Shape::Short, false),
                "unit" => (t.unit, Shape::Short, false),
                "count" => (t.count, Shape::Number, false),
                _ => (t.value, Shape::Number, false),
            };
            let mark = match (assumed, value.is_empty()) {
                (false, _) => "",
                (true, true) => t.import_missing,
                (true, false) => t.import_assumed,
            };
            let value = sent.and_then(|sent| sent.get(field)).cloned().unwrap_or(value);
            let label = match &line.value {
                Value::Count(IncidentCountFields { severity, .. }) if t.lang == "zh-CN" => {
                    level_label(severity).trim_end().to_owned()
                }
                Value::Count(IncidentCountFields { severity, .. }) => format!("{} {severity}", t.severity),
                // One that is there keeps its name: it says which one the value is of.
                Value::Figure(FigureFields { name, .. }) if field == "value" && !is_new(line) => name.clone(),
                _ => label.to_owned(),
            };
            Field { name: format!("{row}.{field}"), label, value, shape, mark }
        })
        .collect()
}
