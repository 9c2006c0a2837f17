//! The numbers behind a report, as they are frozen.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    event::{EventFields, ProductionEvent, Source},
    figures::{Figure, FigureFields, IncidentCount, IncidentCountFields},
    iso_week::IsoWeek,
    measured::Measured,
    postmortem::{Postmortem, PostmortemState},
    report::reading::Decimal,
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
    /// The integers behind it, where it was computed from samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Box<Measured>>,
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

    /// The events that a report with these numbers tells of: its own, those it carries along, and those that moved its figures.
    pub fn named(&self) -> BTreeSet<i64> {
        let measured = self.figures.iter().filter_map(|figure| figure.measured.as_deref());
        let losses = measured.flat_map(|measured| &measured.losses).filter_map(|loss| loss.event);
        let own = self.events.iter().map(|event| event.number);
        own.chain(self.carried.iter().map(|carried| carried.number)).chain(losses).collect()
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
            measured: frozen.measured.clone(),
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
                reviewer_id: None,
            },
            created_at: frozen.created_at,
            created_by: None,
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
        measured: figure.measured.clone(),
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
