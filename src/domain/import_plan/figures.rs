//! The plan of a document's figures and incident counts.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::{Change, Choice, Choices, Kind, LeftOut, Line, Outcome, Reason, Renamed, Take, Told, Value, confidence};
use crate::domain::{
    checked::{self, FieldError},
    figures::{Figure, FigureFields, IncidentCount, IncidentCountFields, WEEK_LIMIT},
    iso_week::IsoWeek,
    report::{
        reading::{Decimal, FigureReading, IncidentCountReading, ReportReading},
        render::{ReportCount, count_words},
    },
};

/// What is stored of the document's week.
#[derive(Debug, Clone, Default)]
pub struct KnownFigures {
    /// Figures.
    pub figures: Vec<Figure>,
    /// Counts.
    pub counts: Vec<IncidentCount>,
    /// What the latest document of the week said: that is no news.
    pub previous: Option<std::sync::Arc<Said>>,
    /// By key of the document: what was saved under another name, or (none) was left out by choice.
    pub aliases: BTreeMap<String, Option<Uuid>>,
}

/// The figures and counts that a document says.
#[derive(Debug, Clone, Default)]
pub struct Said {
    figures: HashSet<FigureFields>,
    counts: HashSet<(String, Decimal)>,
}

impl Said {
    /// What a document says.
    pub fn by(reading: &ReportReading) -> Self {
        let counts = reading.incident_counts.iter().filter(|read| read.is_of_week());
        Self {
            figures: reading.figures.iter().map(figure_fields).collect(),
            counts: counts.map(|read| (read.severity.clone(), read.count)).collect(),
        }
    }
}

/// Where the figures of a week stand, by their names: a document of some thousand figures is planned in one pass.
#[derive(Default)]
struct Places {
    by_id: HashMap<Uuid, usize>,
    by_name: HashMap<String, BTreeSet<usize>>,
    by_group: HashMap<(String, Option<String>), BTreeSet<usize>>,
    last_position: i64,
}

impl Places {
    fn of(figures: &[Figure]) -> Self {
        let mut places = Self::default();
        for (at, figure) in figures.iter().enumerate() {
            places.put(at, figure);
        }
        places
    }

    fn put(&mut self, at: usize, figure: &Figure) {
        let (name, group) = folded(&figure.fields);
        self.by_id.insert(figure.id, at);
        self.by_name.entry(name.clone()).or_default().insert(at);
        self.by_group.entry((name, group)).or_default().insert(at);
        self.last_position = self.last_position.max(figure.position);
    }

    /// Puts a figure in the place of another one.
    fn replace(&mut self, at: usize, before: &Figure, after: &Figure) {
        let key = folded(&before.fields);
        if let Some(places) = self.by_name.get_mut(&key.0) {
            places.remove(&at);
        }
        if let Some(places) = self.by_group.get_mut(&key) {
            places.remove(&at);
        }
        self.put(at, after);
    }

    /// The first figure that [`FigureFields::is_named`] so.
    fn named(&self, name: &str, group: Option<&str>) -> Option<usize> {
        let name = checked::fold(name);
        let first = |places: Option<&BTreeSet<usize>>| places.and_then(|places| places.first().copied());
        let Some(group) = group.map(checked::fold) else { return first(self.by_name.get(&name)) };
        let without = first(self.by_group.get(&(name.clone(), None)));
        let within = first(self.by_group.get(&(name, Some(group))));
        without.into_iter().chain(within).min()
    }
}

fn folded(fields: &FigureFields) -> (String, Option<String>) {
    (checked::fold(&fields.name), fields.group.as_deref().map(checked::fold))
}

/// Why the week cannot keep all of these figures and counts.
pub fn too_many(week: IsoWeek, figures: usize, counts: usize) -> Option<FieldError> {
    let (what, many) = if figures > WEEK_LIMIT { ("figures", figures) } else { ("incident counts", counts) };
    (many > WEEK_LIMIT).then(|| {
        let remedy = format!("{week} would have {many} {what}; a week keeps at most {WEEK_LIMIT}: leave some out");
        FieldError::shape("document", remedy)
    })
}

/// What is written for a figure.
#[derive(Debug, Clone)]
pub enum FigureAct {
    /// Nothing.
    Nothing,
    /// It is left out, and remembered as such.
    LeaveOut(LeftOut),
    /// A new figure; where a person gave it another name, the document's is remembered.
    Create(Figure, Option<Renamed>),
    /// A stored one.
    Update {
        /// As it stands.
        before: Figure,
        /// As it will be.
        after: Figure,
    },
}

/// The decision on one figure.
#[derive(Debug, Clone)]
pub struct FigurePlan {
    /// The key that the document gives.
    pub key: String,
    /// For people.
    pub line: Line,
    /// For the database.
    pub act: FigureAct,
    /// The stored figure that the document tells of.
    pub told: Option<Told>,
}

/// What is written for a count.
#[derive(Debug, Clone)]
pub enum CountAct {
    /// Nothing.
    Nothing,
    /// It is left out, and remembered as such.
    LeaveOut(LeftOut),
    /// A new count.
    Create(IncidentCount),
    /// A stored one.
    Update {
        /// As it stands.
        before: IncidentCount,
        /// As it will be.
        after: IncidentCount,
    },
}

/// The decision on one count.
#[derive(Debug, Clone)]
pub struct CountPlan {
    /// The key that the document gives.
    pub key: String,
    /// For people.
    pub line: Line,
    /// For the database.
    pub act: CountAct,
    /// The stored count that the document tells of.
    pub told: Option<Told>,
}

/// What a figure of a document says.
pub fn figure_fields(read: &FigureReading) -> FigureFields {
    FigureFields {
        name: read.name.clone(),
        group: read.group.clone(),
        value: read.value,
        unit: read.unit.clone(),
        delta: read.delta,
        delta_unit: read.delta_unit.clone(),
        target: read.target,
    }
}

/// Decides on the figures of a document. `names` gives each its key and the id of a new one.
pub fn plan_figures(
    known: &mut KnownFigures,
    week: IsoWeek,
    read: &[FigureReading],
    names: &[(String, Uuid)],
    choices: &Choices,
) -> Vec<FigurePlan> {
    let none = Choice::default();
    let mut places = Places::of(&known.figures);
    let mut plans = Vec::with_capacity(read.len());
    for (index, (read, (key, id))) in read.iter().zip(names).enumerate() {
        let choice = choices.get(&(Kind::Figure, index)).unwrap_or(&none);
        plans.push(one_figure(known, &mut places, week, index, read, (key, *id), choice));
    }
    plans
}

fn one_figure(
    known: &mut KnownFigures,
    places: &mut Places,
    week: IsoWeek,
    index: usize,
    read: &FigureReading,
    (key, id): (&String, Uuid),
    choice: &Choice,
) -> FigurePlan {
    let said = figure_fields(read);
    let alias = known.aliases.get(key).copied();
    let at = match alias {
        Some(Some(subject)) => places.by_id.get(&subject).copied(),
        _ => places.named(&read.name, read.group.as_deref()),
    };
    let there = at.and_then(|at| known.figures.get(at)).cloned();
    let said_before = known.previous.as_ref().is_some_and(|previous| previous.figures.contains(&said));
    let told = |figure: &Figure, own: bool| Some(Told { subject: figure.id, own });
    // What the document said the last time already is no news: a correction or a removal here stays.
    if (said_before && alias != Some(None)) || (matches!(alias, Some(Some(_))) && there.is_none()) {
        let outcome = if there.is_some() { Outcome::Unchanged } else { Outcome::Deleted };
        let line = line(Kind::Figure, index, outcome, vec![Reason::Imported], Value::Figure(said));
        let told = there.as_ref().and_then(|there| told(there, true));
        return FigurePlan { key: key.clone(), line, act: FigureAct::Nothing, told };
    }
    let mut fields = said.clone();
    if let Some(value) = choice.value.filter(|value| *value != fields.value) {
        fields.value = value;
        // The stated change belongs to the stated value.
        (fields.delta, fields.delta_unit) = (None, None);
    }
    if let Some(unit) = &choice.unit {
        fields.unit.clone_from(unit);
    }
    if let (Some(name), None) = (&choice.name, &there) {
        fields.name.clone_from(name);
    }
    let renamed = there.is_none() && checked::fold(&fields.name) != checked::fold(&said.name);
    // A new name may be that of another figure of the week.
    let (at, there) = if renamed {
        let at = places.named(&fields.name, fields.group.as_deref());
        (at, at.and_then(|at| known.figures.get(at)).cloned())
    } else {
        (at, there)
    };
    let checked = fields.clone().checked();
    let problem = checked.as_ref().err().cloned();
    let mut fields = checked.unwrap_or(fields);
    // What cannot be saved as it stands, and nobody corrected, is left out and named.
    let unread = problem.is_some() && choice.take == Take::Plan && !choice.corrects();
    let skip = choice.take == Take::Skip || unread;
    let problem = problem.filter(|_| unread || !skip);
    let mut reasons = Vec::new();
    if alias == Some(None) && !unread {
        reasons.push(Reason::LeftOut);
    }
    if choice.corrects() {
        reasons.push(Reason::Corrected);
    }
    let left_out = |there: bool| {
        if there || alias == Some(None) {
            return FigureAct::Nothing;
        }
        let raw = said.name.clone();
        FigureAct::LeaveOut(LeftOut { key: key.clone(), kind: Kind::Figure, week, raw })
    };
    if let (Some(before), Some(at)) = (there, at) {
        fields.group = fields.group.or_else(|| before.fields.group.clone());
        if !matches!(alias, None | Some(None)) {
            fields.name.clone_from(&before.fields.name);
        }
        let changes = figure_changes(&before.fields, &fields);
        let same = before.fields == fields;
        let outcome = match (same, unread) {
            (true, _) => Outcome::Unchanged,
            (false, true) => Outcome::Doubtful,
            (false, false) => Outcome::Changed,
        };
        let after = Figure { fields: fields.clone(), source: "import".to_owned(), ..before.clone() };
        let line = line(Kind::Figure, index, outcome, reasons, Value::Figure(fields));
        let line = Line { changes, taken: !same && !skip, ..with_problem(line, problem, unread) };
        let told = told(&before, same);
        let act = if same || skip {
            left_out(true)
        } else {
            if let Some(slot) = known.figures.get_mut(at) {
                places.replace(at, &before, &after);
                *slot = Figure { version: before.version + 1, ..after.clone() };
            }
            FigureAct::Update { before, after }
        };
        return FigurePlan { key: key.clone(), line, act, told };
    }
    let value = Value::Figure(fields.clone());
    let outcome = if unread { Outcome::Doubtful } else { Outcome::Added };
    let line = line(Kind::Figure, index, outcome, reasons, value);
    let line = Line { taken: !skip, ..with_problem(line, problem, unread) };
    if skip {
        return FigurePlan { key: key.clone(), line, act: left_out(false), told: None };
    }
    let position = places.last_position + 1;
    let figure =
        Figure { id, week, version: 1, position, source: "import".to_owned(), fields, updated_at: 0, measured: None };
    places.put(known.figures.len(), &figure);
    known.figures.push(figure.clone());
    let renamed = renamed.then(|| Renamed { key: key.clone(), subject: id, raw: said.name.clone() });
    FigurePlan { key: key.clone(), line, act: FigureAct::Create(figure, renamed), told: None }
}

/// Decides on the incident counts of a document's week. `names` gives each its key and the id of a new one.
pub fn plan_counts(
    known: &mut KnownFigures,
    week: IsoWeek,
    read: &[IncidentCountReading],
    names: &[(String, Uuid)],
    choices: &Choices,
) -> Vec<CountPlan> {
    let none = Choice::default();
    let mut plans = Vec::with_capacity(read.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for (at, count) in known.counts.iter().enumerate() {
        places.entry(count.fields.severity.clone()).or_insert(at);
    }
    let of_week = read.iter().zip(names).enumerate().filter(|(_, (read, _))| read.is_of_week());
    for (index, (read, (key, id))) in of_week {
        let choice = choices.get(&(Kind::IncidentCount, index)).unwrap_or(&none);
        plans.push(one_count(known, &mut places, week, index, read, (key, *id), choice));
    }
    plans
}

fn one_count(
    known: &mut KnownFigures,
    places: &mut HashMap<String, usize>,
    week: IsoWeek,
    index: usize,
    read: &IncidentCountReading,
    (key, id): (&String, Uuid),
    choice: &Choice,
) -> CountPlan {
    let label = checked::severity("severity", &read.severity);
    let mut problem = label.as_ref().err().cloned();
    let severity = label.unwrap_or_else(|_| read.severity.clone());
    let left_out = known.aliases.get(key) == Some(&None);
    let at = places.get(&severity).copied();
    let there = at.and_then(|at| known.counts.get(at)).cloned();
    let said_before = known.previous.as_ref();
    let said_before = said_before.is_some_and(|said| said.counts.contains(&(read.severity.clone(), read.count)));
    let told = |count: &IncidentCount, own: bool| Some(Told { subject: count.id, own });
    if said_before && !left_out {
        let outcome = if there.is_some() { Outcome::Unchanged } else { Outcome::Deleted };
        let value = Value::Count(IncidentCountFields { severity, count: read.count });
        let line = line(Kind::IncidentCount, index, outcome, vec![Reason::Imported], value);
        let told = there.as_ref().and_then(|there| told(there, true));
        return CountPlan { key: key.clone(), line, act: CountAct::Nothing, told };
    }
    let fields = IncidentCountFields { severity, count: choice.value.unwrap_or(read.count) };
    if fields.count.units < 0 {
        problem = Some(checked::FieldError::shape("count", "give a number of 0 or more"));
    }
    let unread = problem.is_some() && choice.take == Take::Plan && !choice.corrects();
    let skip = choice.take == Take::Skip || unread;
    let mut reasons = Vec::new();
    if left_out && !unread {
        reasons.push(Reason::LeftOut);
    }
    if choice.corrects() {
        reasons.push(Reason::Corrected);
    }
    let leave = |there: bool| {
        if there || left_out {
            return CountAct::Nothing;
        }
        let raw = read.severity.clone();
        CountAct::LeaveOut(LeftOut { key: key.clone(), kind: Kind::IncidentCount, week, raw })
    };
    let value = Value::Count(fields.clone());
    let problem = problem.filter(|_| unread || !skip);
    if let (Some(before), Some(at)) = (there, at) {
        let same = before.fields == fields;
        let outcome = match (same, unread) {
            (true, _) => Outcome::Unchanged,
            (false, true) => Outcome::Doubtful,
            (false, false) => Outcome::Changed,
        };
        let mut line = line(Kind::IncidentCount, index, outcome, reasons, value);
        if !same {
            let (from, to) = (before.fields.count.to_string(), fields.count.to_string());
            line.changes.push(Change { field: "count", from, to });
        }
        let line = Line { taken: !same && !skip, ..with_problem(line, problem, unread) };
        let after = IncidentCount { fields, source: "import".to_owned(), ..before.clone() };
        let told = told(&before, same);
        let act = if same || skip {
            leave(true)
        } else {
            if let Some(slot) = known.counts.get_mut(at) {
                *slot = IncidentCount { version: before.version + 1, ..after.clone() };
            }
            CountAct::Update { before, after }
        };
        return CountPlan { key: key.clone(), line, act, told };
    }
    let outcome = if unread { Outcome::Doubtful } else { Outcome::Added };
    let line = line(Kind::IncidentCount, index, outcome, reasons, value);
    let line = Line { taken: !skip, ..with_problem(line, problem, unread) };
    if skip {
        return CountPlan { key: key.clone(), line, act: leave(false), told: None };
    }
    // Counts are written and removed in order, so that the last one has the highest position.
    let position = known.counts.last().map_or(0, |count| count.position) + 1;
    let count = IncidentCount { id, week, version: 1, position, source: "import".to_owned(), fields, updated_at: 0 };
    places.insert(count.fields.severity.clone(), known.counts.len());
    known.counts.push(count.clone());
    CountPlan { key: key.clone(), line, act: CountAct::Create(count), told: None }
}

fn with_problem(line: Line, problem: Option<FieldError>, unread: bool) -> Line {
    let confidence = if unread { 0 } else { line.confidence };
    Line { confidence, problem, ..line }
}

fn line(kind: Kind, index: usize, outcome: Outcome, reasons: Vec<Reason>, value: Value) -> Line {
    let words = match &value {
        Value::Figure(fields) => {
            format!("{} {}{}", fields.name, fields.value, fields.unit.as_deref().unwrap_or_default())
        }
        Value::Count(IncidentCountFields { severity, count }) => {
            count_words(&ReportCount { severity: severity.clone(), count: *count })
        }
        Value::Event(fields, _) => super::short(&fields.narrative, super::WORDS_LIMIT),
    };
    Line {
        kind,
        index,
        place: None,
        outcome,
        taken: false,
        confidence: confidence(&reasons),
        reasons,
        number: None,
        meets: None,
        words,
        changes: Vec::new(),
        problem: None,
        value,
    }
}

fn figure_changes(before: &FigureFields, after: &FigureFields) -> Vec<Change> {
    let number = |value: Option<crate::domain::report::reading::Decimal>| {
        value.map(|value| value.to_string()).unwrap_or_default()
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        ("name", before.name.clone(), after.name.clone()),
        ("value", before.value.to_string(), after.value.to_string()),
        ("unit", text(&before.unit), text(&after.unit)),
        ("group", text(&before.group), text(&after.group)),
        ("delta", number(before.delta), number(after.delta)),
        ("target", number(before.target), number(after.target)),
    ]
    .into_iter()
    .filter(|(_, from, to)| from != to)
    .map(|(field, from, to)| Change { field, from, to })
    .collect()
}
