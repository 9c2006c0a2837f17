//! The record of a production event: its fields, how they fit together, and what changed between two states.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    capture::draft::{DraftEvent, Impact, Mark},
    checked::{self, FieldError, LONG_TEXT},
    clock_point::{ClockPoint, Precision},
    event_record::{
        AffectedService, Detection, EventKind, EventLink, FACT_NAMES, FundLoss, Responsibility, checked_links,
        checked_responsibility, checked_services, checked_tags,
    },
    iso_week::{self, IsoWeek},
    loss_text,
    postmortem::Postmortem,
    report::render::{EventDetails, ReportEvent, ReportLine},
    vocabulary,
};

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A pasted line.
    Line,
    /// The form.
    Form,
    /// Structured fields over the API.
    Api,
    /// A report document.
    Import,
}

impl Source {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Form => "form",
            Self::Api => "api",
            Self::Import => "import",
        }
    }

    /// The source of a code; unknown codes are read as the API.
    pub fn from_code(code: &str) -> Self {
        [Self::Line, Self::Form, Self::Import].into_iter().find(|s| s.code() == code).unwrap_or(Self::Api)
    }
}

/// Everything of an event that people edit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EventFields {
    /// 发生.
    pub occurred: Option<ClockPoint>,
    /// 发现.
    #[serde(alias = "detected_at")]
    pub detected: Option<ClockPoint>,
    /// 响应.
    #[serde(alias = "acknowledged_at")]
    pub acknowledged: Option<ClockPoint>,
    /// 定位.
    #[serde(alias = "located_at")]
    pub located: Option<ClockPoint>,
    /// 止损.
    #[serde(alias = "mitigated_at")]
    pub mitigated: Option<ClockPoint>,
    /// 恢复.
    pub recovered: Option<ClockPoint>,
    /// Label in capitals; none is 未定级.
    pub severity: Option<String>,
    /// The sentence of the report, without the time in front and the mark behind.
    pub narrative: String,
    /// The narrative was generated and follows the fields.
    pub narrative_generated: bool,
    /// The symptom.
    pub summary: Option<String>,
    /// The impact clauses.
    pub impact: Option<String>,
    /// Numbers of the impact.
    pub impacts: Vec<Impact>,
    /// 原因.
    pub cause: Option<String>,
    /// Category of the cause, one of [`CAUSE_CATEGORIES`].
    pub cause_category: Option<String>,
    /// 恢复: what was done and the outcome.
    pub recovery: Option<String>,
    /// What the event is to the figures.
    pub kind: EventKind,
    /// How it came to light; none while nobody said.
    pub detection: Option<Detection>,
    /// The change that caused it: a number or an address, up to 500 characters.
    pub change_link: Option<String>,
    /// 资损.
    pub loss: FundLoss,
    /// Business lines and components affected.
    pub services: Vec<AffectedService>,
    /// 定责.
    pub responsibility: Vec<Responsibility>,
    /// Words that group events.
    pub tags: Vec<String>,
    /// Links to something outside.
    pub links: Vec<EventLink>,
    /// What nobody can tell any more, of [`FACT_NAMES`].
    pub unknown: Vec<String>,
    /// Only the viewers, who logged it, and administrators see the event.
    pub restricted: bool,
    /// Accounts that see the restricted event.
    pub viewers: Vec<Uuid>,
}

/// The categories of causes.
pub const CAUSE_CATEGORIES: [&str; 9] =
    ["change", "capacity", "dependency", "network", "hardware", "data", "security", "human_process", "unknown"];

/// An event as stored, with its postmortem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductionEvent {
    /// UUIDv7.
    pub id: Uuid,
    /// The people's number: 22 of PE-22.
    pub number: i64,
    /// Optimistic lock.
    pub version: i64,
    /// What people edit.
    pub fields: EventFields,
    /// The week whose report holds the event.
    pub week: IsoWeek,
    /// The text as pasted or imported.
    pub raw: Option<String>,
    /// Where it came from.
    pub source: Source,
    /// Fold of the text as imported.
    pub import_key: Option<String>,
    /// The mark as imported.
    pub import_mark: Option<Mark>,
    /// Order within its report.
    pub position: i64,
    /// The postmortem.
    pub postmortem: Postmortem,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// The account that logged it; none is the local operator.
    pub created_by: Option<Uuid>,
    /// Milliseconds since the epoch.
    pub updated_at: i64,
}

impl ProductionEvent {
    /// `PE-22`.
    pub fn label(&self) -> String {
        label(self.number)
    }

    /// The event as a line of the report.
    pub fn report_event(&self) -> ReportEvent {
        ReportEvent {
            occurred: self.fields.occurred,
            recovered: self.fields.recovered,
            narrative: self.fields.narrative.clone(),
            mark: self.postmortem.state.mark(),
            details: EventDetails {
                label: self.label(),
                severity: self.fields.severity.clone(),
                summary: self.fields.summary.clone(),
                impact: self.fields.impact.clone(),
                cause: self.fields.cause.clone(),
                recovery: self.fields.recovery.clone(),
            },
        }
    }

    /// The event as reports know it.
    pub fn report_line(&self) -> ReportLine {
        ReportLine { id: self.id, week: self.week, raw: self.raw.clone(), event: self.report_event() }
    }

    /// Whether its postmortem is owed: drills and planned maintenance owe none.
    pub fn owes_postmortem(&self) -> bool {
        self.postmortem.state.is_owed() && self.fields.kind.counts()
    }

    /// A short title: the symptom, else the beginning of the narrative.
    pub fn title(&self) -> String {
        let text = self.fields.summary.as_deref().unwrap_or(&self.fields.narrative);
        let mut title: String = text.lines().next().unwrap_or_default().chars().take(80).collect();
        if text.chars().count() > title.chars().count() {
            title.push('…');
        }
        title
    }
}

/// The field of a clock point in API and form: `occurred_at` of `occurred`.
pub fn clock_field(name: &str) -> &'static str {
    match name {
        "detected" => "detected_at",
        "acknowledged" => "acknowledged_at",
        "located" => "located_at",
        "mitigated" => "mitigated_at",
        "recovered" => "recovered_at",
        _ => "occurred_at",
    }
}

/// The name under which errors and forms know a field: that of [`clock_field`] for points of the clock.
pub fn clock_name_field(name: &'static str) -> &'static str {
    if name == "occurred" || clock_field(name) != "occurred_at" { clock_field(name) } else { name }
}

/// `PE-22` of 22.
pub fn label(number: i64) -> String {
    format!("PE-{number}")
}

/// The number of `PE-22`, `pe-022` or `22`.
pub fn number_of(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = match text.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("PE-") => text.get(3..)?,
        _ => text,
    };
    if digits.is_empty() || digits.len() > 12 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number > 0)
}

impl EventFields {
    /// The fields that a text says.
    pub fn from_draft(draft: &DraftEvent) -> Self {
        Self {
            occurred: draft.occurred,
            detected: draft.detected,
            acknowledged: draft.acknowledged,
            located: draft.located,
            mitigated: draft.mitigated,
            recovered: draft.recovered,
            severity: draft.severity.clone(),
            narrative: draft.narrative.clone(),
            narrative_generated: false,
            summary: draft.summary.clone(),
            impact: draft.impact.clone(),
            impacts: draft.impacts.clone(),
            cause: draft.cause.clone(),
            cause_category: None,
            recovery: draft.recovery.clone(),
            loss: loss_text::fund_loss(&draft.narrative),
            ..Self::default()
        }
    }

    /// The draft that these fields stand for, for generating a sentence.
    pub fn to_draft(&self) -> DraftEvent {
        DraftEvent {
            occurred: self.occurred,
            recovered: self.recovered,
            narrative: self.narrative.clone(),
            summary: self.summary.clone(),
            impact: self.impact.clone(),
            impacts: self.impacts.clone(),
            cause: self.cause.clone(),
            recovery: self.recovery.clone(),
            severity: self.severity.clone(),
            ..DraftEvent::default()
        }
    }

    /// Checks lengths, characters and the order of the clock; returns the tidy fields.
    pub fn checked(mut self) -> Result<Self, FieldError> {
        self.narrative = checked::text("narrative", &self.narrative, LONG_TEXT)?;
        if reads_as_section(&self.narrative) {
            let remedy = "leave out the lines that are headings of the report, like ## 【生产事件】";
            return Err(FieldError::shape("narrative", remedy));
        }
        self.summary = checked::optional("summary", self.summary.as_deref(), LONG_TEXT)?;
        self.impact = checked::optional("impact", self.impact.as_deref(), LONG_TEXT)?;
        self.cause = checked::optional("cause", self.cause.as_deref(), LONG_TEXT)?;
        self.recovery = checked::optional("recovery", self.recovery.as_deref(), LONG_TEXT)?;
        self.severity = match self.severity.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(label) => Some(checked::severity("severity", label)?),
        };
        if let Some(category) = &self.cause_category
            && !CAUSE_CATEGORIES.contains(&category.as_str())
        {
            return Err(FieldError::shape("cause_category", vocabulary::CAUSE.remedy()));
        }
        if self.impacts.len() > 20 {
            return Err(FieldError::shape("impacts", "give at most 20 numbers"));
        }
        for impact in &mut self.impacts {
            impact.unit = checked::line("impacts.unit", &impact.unit, 32)?;
            if impact.number < 0 {
                return Err(FieldError::shape("impacts.number", "give a number of 0 or more"));
            }
        }
        self.check_record()?;
        for (field, at) in self.instants() {
            checked::instant(field, at)?;
        }
        if let (Some(occurred), Some(recovered)) = (self.occurred, self.recovered)
            && recovered.latest() < occurred.at
        {
            return Err(FieldError::shape("recovered_at", "give a recovery that does not lie before the beginning"));
        }
        Ok(self)
    }

    fn check_record(&mut self) -> Result<(), FieldError> {
        self.change_link = checked::optional("change_link", self.change_link.as_deref(), 500)?;
        for (field, fen) in [
            ("loss_expected_fen", self.loss.expected),
            ("loss_actual_fen", self.loss.actual),
            ("loss_recovered_fen", self.loss.recovered),
        ] {
            if fen.is_some_and(|fen| fen < 0) {
                return Err(FieldError::shape(field, "give an amount of 0 or more"));
            }
        }
        checked_services(&self.services)?;
        checked_responsibility(&self.responsibility)?;
        self.tags = checked_tags(&self.tags)?;
        self.links = checked_links(&self.links)?;
        if self.unknown.iter().any(|name| !FACT_NAMES.contains(&name.as_str())) {
            return Err(FieldError::shape("unknown", vocabulary::some_of(&FACT_NAMES)));
        }
        // What is told is not unknown any more; the list keeps the order of the names.
        self.unknown = FACT_NAMES
            .into_iter()
            .filter(|name| self.unknown.iter().any(|other| other == name) && !self.tells(name))
            .map(str::to_owned)
            .collect();
        if self.viewers.len() > 100 {
            return Err(FieldError::shape("viewers", "name at most 100 people"));
        }
        self.viewers.sort_unstable();
        self.viewers.dedup();
        Ok(())
    }

    /// Whether the record says something of a fact, one of [`crate::domain::completeness::FACTS`].
    pub fn tells(&self, fact: &str) -> bool {
        match fact {
            "occurred" => self.occurred.is_some(),
            "detected" => self.detected.is_some(),
            "acknowledged" => self.acknowledged.is_some(),
            "located" => self.located.is_some(),
            "mitigated" => self.mitigated.is_some(),
            "recovered" => self.recovered.is_some(),
            // A sentence of a few characters is a title by itself.
            "summary" => self.summary.is_some() || self.narrative.chars().count() >= 4,
            "impacts" => !self.impacts.is_empty(),
            "services" => !self.services.is_empty(),
            "detection" => self.detection.is_some(),
            "cause" => self.cause.is_some(),
            "cause_category" => self.cause_category.is_some(),
            "loss" => self.loss.expected.is_some() || self.loss.actual.is_some(),
            "severity" => self.severity.is_some(),
            _ => true,
        }
    }

    /// The clock points under their names, in the order of the clock.
    pub const fn clock(&self) -> [(&'static str, Option<ClockPoint>); 6] {
        [
            ("occurred", self.occurred),
            ("detected", self.detected),
            ("acknowledged", self.acknowledged),
            ("located", self.located),
            ("mitigated", self.mitigated),
            ("recovered", self.recovered),
        ]
    }

    /// Sets points of which only the day is known to the midnight that begins it in `zone`.
    pub fn settle_days(&mut self, zone: chrono_tz::Tz) {
        for point in [
            &mut self.occurred,
            &mut self.detected,
            &mut self.acknowledged,
            &mut self.located,
            &mut self.mitigated,
            &mut self.recovered,
        ] {
            if let Some(point) = point
                && point.precision == Precision::Day
            {
                point.at = iso_week::midnight(point.at.with_timezone(&zone).date_naive(), zone);
            }
        }
    }

    fn instants(&self) -> impl Iterator<Item = (&'static str, DateTime<Utc>)> {
        self.clock().into_iter().filter_map(|(name, point)| point.map(|point| (clock_field(name), point.at)))
    }
}

/// Whether a sentence holds a section of a report: put into one, it would tell figures and events of its own.
fn reads_as_section(narrative: &str) -> bool {
    if !narrative.contains('\n') {
        return false;
    }
    let reading = crate::domain::report::read_report(narrative, chrono_tz::UTC, chrono::NaiveDate::default());
    reading.figures_section.is_some() || reading.events_section.is_some()
}
