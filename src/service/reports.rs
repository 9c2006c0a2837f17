//! The weekly report: its two sections in the team's own style, alone or put back into a document.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::{App, ServiceError, app::authorise};
use crate::{
    domain::{
        actor::{Actor, Permission},
        capture::draft::Mark,
        checked::{self, FieldError},
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        import_plan::SAME_EVENT,
        iso_week::IsoWeek,
        report::{
            self,
            reading::{EventReading, FigureReading, ReportReading},
            render::{ReportCount, ReportEvent, ReportFigure, SectionsContent},
            splice::{Removed, SpliceContent, SpliceEvent},
            style::ReportStyle,
        },
        text,
    },
    store,
};

/// A week's report and what it was made from.
#[derive(Debug, Clone)]
pub struct WeeklyReport {
    /// The week.
    pub week: IsoWeek,
    /// Both sections as Markdown.
    pub markdown: String,
    /// Reported figures.
    pub figures: Vec<Figure>,
    /// Incident counts.
    pub incident_counts: Vec<IncidentCount>,
    /// Events in report order.
    pub events: Vec<ProductionEvent>,
    /// The style that the sections are written in.
    pub style: ReportStyle,
    /// What changed since another week, where that was asked for.
    pub changes: Option<Vec<String>>,
}

/// Which part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Section {
    /// Both.
    #[default]
    All,
    /// 【系统运行数据】.
    Figures,
    /// 【生产事件】.
    Events,
}

impl Section {
    /// The section of a code: all, figures or events.
    pub fn from_code(code: &str) -> Result<Self, FieldError> {
        match code {
            "all" => Ok(Self::All),
            "figures" => Ok(Self::Figures),
            "events" => Ok(Self::Events),
            _ => Err(FieldError::shape("section", "choose figures, events or all")),
        }
    }
}

impl WeeklyReport {
    /// The report with one of its sections alone.
    #[must_use]
    pub fn only(self, section: Section) -> Self {
        let reading = report::read_report(&self.markdown, chrono_tz::UTC, self.week.monday());
        let part = match section {
            Section::All => return self,
            Section::Figures => reading.figures_section,
            Section::Events => reading.events_section,
        };
        let text = part.and_then(|part| self.markdown.get(part.heading.start..part.body.end)).unwrap_or_default();
        let markdown = format!("{}\n", text.trim_end());
        let (figures, incident_counts, events) = match section {
            Section::Figures => (self.figures, self.incident_counts, Vec::new()),
            _ => (Vec::new(), Vec::new(), self.events),
        };
        Self { markdown, figures, incident_counts, events, ..self }
    }

    /// What is not finished yet, a line each: owed postmortems, events without a time or a recovery, no figures.
    pub fn unfinished(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.figures.is_empty() {
            found.push(format!("{}：没有指标 no figures", self.week));
        }
        for event in &self.events {
            let mut say = |words: &str| found.push(format!("{}：{words}", event.label()));
            if event.fields.occurred.is_none() {
                say("没有时间 no time");
            }
            if event.fields.recovered.is_none() {
                say("未恢复 not recovered");
            }
            if event.postmortem.state.is_owed() {
                say("待复盘 postmortem owed");
            }
        }
        found
    }
}

/// What changed from `before` to `after`, a line each, from the numbers as printed.
pub fn changes(after: &WeeklyReport, before: &WeeklyReport) -> Vec<String> {
    let against = format!("较 {}", before.week);
    let mut lines = Vec::new();
    for figure in &after.figures {
        let fields = &figure.fields;
        let unit = fields.unit.as_deref().unwrap_or_default();
        let step = if matches!(unit, "%" | "％") { "pp" } else { unit };
        let was = before.figures.iter().find(|was| was.fields.is_named(&fields.name, fields.group.as_deref()));
        let moved = match was.and_then(|was| fields.value.minus(was.fields.value)) {
            Some(moved) => format!("{against} {}{step}", moved.signed()),
            None => format!("{} 没有这一项", before.week),
        };
        lines.push(format!("{} {}{unit}（{moved}）", fields.name, fields.value));
    }
    for count in &after.incident_counts {
        let was = before.incident_counts.iter().find(|was| was.fields.severity == count.fields.severity);
        let moved = match was.and_then(|was| count.fields.count.minus(was.fields.count)) {
            Some(moved) => format!("{against} {}次", moved.signed()),
            None => format!("{} 没有这一项", before.week),
        };
        lines.push(format!("{}级 {}次（{moved}）", count.fields.severity, count.fields.count));
    }
    let (now, then) = (after.events.len(), before.events.len());
    let sign = match now.cmp(&then) {
        std::cmp::Ordering::Greater => format!("+{}", now - then),
        std::cmp::Ordering::Equal => "0".to_owned(),
        std::cmp::Ordering::Less => format!("−{}", then - now),
    };
    lines.push(format!("生产事件 {now} 起（{against} {sign}）"));
    lines
}

/// The report of a week, in the style of that week's imported document, else of the latest one before it,
/// else of the house.
pub async fn weekly(app: &App, actor: &Actor, week: IsoWeek) -> Result<WeeklyReport, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let figures = store::figures::of_week(connection, week).await?;
    let incident_counts = store::figures::counts_of_weeks(connection, week, week).await?;
    let events = store::events::of_week(connection, week).await?;
    let own = store::imports::latest_of_week(connection, week).await?;
    if let Some(document) = &own {
        let reading = report::read_report(&document.content, app.zone, app.today());
        let style = ReportStyle::learn(&document.content, &reading);
        let known_as = KnownAs::load(app, week).await?;
        let stored = Stored { figures: &figures, counts: &incident_counts, events: &events, known_as: &known_as };
        let spliced = put_back(app, &document.content, &reading, &style, &stored, Some(&reading));
        let markdown = sections_of(app, &spliced);
        return Ok(WeeklyReport { week, markdown, figures, incident_counts, events, style, changes: None });
    }
    let style = match store::imports::latest_until(connection, week).await? {
        Some(document) => {
            let reading = report::read_report(&document.content, app.zone, app.today());
            ReportStyle::learn(&document.content, &reading)
        }
        None => ReportStyle::default(),
    };
    let content = SectionsContent {
        figures: figures.iter().map(report_figure).collect(),
        incident_counts: incident_counts.iter().map(report_count).collect(),
        events: events.iter().map(ProductionEvent::report_event).collect(),
    };
    let markdown = report::render_sections(&style, &content, app.zone);
    Ok(WeeklyReport { week, markdown, figures, incident_counts, events, style, changes: None })
}

/// Puts the two sections of the document's week into the document; everything that did not change since the
/// import stays byte for byte.
pub async fn splice(
    app: &App,
    actor: &Actor,
    document: &str,
    week: Option<IsoWeek>,
) -> Result<(IsoWeek, String), ServiceError> {
    authorise(actor, Permission::Read)?;
    let reading = report::read_report(document, app.zone, app.today());
    let Some(week) = week.or(reading.week) else {
        return Err(FieldError::shape("week", "the document names no week; give one with --week 2024-W34").into());
    };
    let connection = app.store.read();
    let figures = store::figures::of_week(connection, week).await?;
    let counts = store::figures::counts_of_weeks(connection, week, week).await?;
    let events = store::events::of_week(connection, week).await?;
    let known_as = KnownAs::load(app, week).await?;
    if figures.is_empty() && counts.is_empty() && events.is_empty() && known_as.guests.is_empty() {
        return Err(ServiceError::NotFound(format!("event or figure of {week}; import the report first")));
    }
    let style = ReportStyle::learn(document, &reading);
    let imported = store::imports::latest_of_week(connection, week).await?;
    let imported = imported.map(|imported| report::read_report(&imported.content, app.zone, app.today()));
    let stored = Stored { figures: &figures, counts: &counts, events: &events, known_as: &known_as };
    Ok((week, put_back(app, document, &reading, &style, &stored, imported.as_ref())))
}

/// What is known of a week.
struct Stored<'a> {
    figures: &'a [Figure],
    counts: &'a [IncidentCount],
    events: &'a [ProductionEvent],
    known_as: &'a KnownAs,
}

/// By what else the week's documents know things: events of other weeks that they carry on, figures under another
/// name, and what was left out of the import by choice.
#[derive(Default)]
struct KnownAs {
    /// The texts, and for events the marks, under which documents of the week know something.
    texts: HashMap<Uuid, Vec<(String, Option<Mark>)>>,
    /// Kind and text of what was left out.
    left_out: BTreeSet<(String, String)>,
    /// Events that belong to the reports of other weeks.
    guests: Vec<ProductionEvent>,
}

impl KnownAs {
    async fn load(app: &App, week: IsoWeek) -> Result<Self, ServiceError> {
        let mut known = Self::default();
        let mut events = BTreeSet::new();
        for alias in store::import_aliases::of_week(app.store.read(), week).await? {
            let text = alias.raw.trim().to_owned();
            match alias.subject {
                None => drop(known.left_out.insert((alias.kind, text))),
                Some(id) => {
                    known.texts.entry(id).or_default().push((text, alias.mark));
                    events.extend(Some(id).filter(|_| alias.kind == "event"));
                }
            }
        }
        let events: Vec<Uuid> = events.into_iter().collect();
        known.guests = store::events::by_ids(app.store.read(), &events).await?;
        known.guests.retain(|event| event.week != week);
        Ok(known)
    }

    /// Whether the document's text was left out of the import by choice: it is the writer's own.
    fn left_out(&self, kind: &str, text: &str) -> bool {
        !self.left_out.is_empty() && self.left_out.contains(&(kind.to_owned(), text.trim().to_owned()))
    }

    fn texts_of(&self, id: Uuid) -> &[(String, Option<Mark>)] {
        self.texts.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a document of the week has this text for it.
    fn is_text_of(&self, id: Uuid, text: &str) -> bool {
        self.texts_of(id).iter().any(|(have, _)| have == text.trim())
    }

    /// The lines of the document that are events of other weeks: their words stay, their marks follow.
    fn carried_on(&self, reading: &ReportReading, taken: &[bool]) -> Vec<SpliceEvent> {
        let mut found = Vec::new();
        for (index, read) in reading.events.iter().enumerate().filter(|(index, _)| taken.get(*index) == Some(&false)) {
            let guest = self.guests.iter().find(|event| {
                let same_time = event.fields.occurred.is_some() && event.fields.occurred == read.draft.occurred;
                self.is_text_of(event.id, &read.raw)
                    || (same_time && text::likeness(&event.fields.narrative, &read.draft.narrative) >= SAME_EVENT)
            });
            let Some(event) = guest else { continue };
            let said = self.texts_of(event.id).first().and_then(|(_, mark)| *mark);
            let now = event.postmortem.state.mark();
            let mark = if said == Some(now) { read.draft.mark } else { now };
            let event = ReportEvent {
                occurred: read.draft.occurred,
                recovered: read.draft.recovered,
                narrative: read.draft.narrative.clone(),
                mark,
            };
            found.push(SpliceEvent { reading_index: Some(index), event });
        }
        found
    }
}

/// The document with what is stored; what was imported before and is stored no more is taken out.
fn put_back(
    app: &App,
    document: &str,
    reading: &ReportReading,
    style: &ReportStyle,
    stored: &Stored<'_>,
    imported: Option<&ReportReading>,
) -> String {
    let mut taken = vec![false; reading.figures.len()];
    let figures: Vec<_> = stored
        .figures
        .iter()
        .map(|figure| {
            let named = |read: &FigureReading| {
                figure.fields.is_named(&read.name, read.group.as_deref())
                    || stored.known_as.is_text_of(figure.id, &read.name)
            };
            let at = reading.figures.iter().enumerate().position(|(i, read)| !taken[i] && named(read));
            if let Some(at) = at {
                taken[at] = true;
            }
            (at, report_figure(figure))
        })
        .collect();
    let incident_counts: Vec<_> = stored
        .counts
        .iter()
        .map(|count| {
            let at = reading
                .incident_counts
                .iter()
                .position(|read| read.is_of_week() && read.severity == count.fields.severity);
            (at, report_count(count))
        })
        .collect();
    let events = match_events(reading, stored);
    let gone = |known: bool, index: usize, kept: &[Option<usize>]| known && !kept.contains(&Some(index));
    let kept_figures: Vec<_> = figures.iter().map(|(at, _)| *at).collect();
    let kept_counts: Vec<_> = incident_counts.iter().map(|(at, _)| *at).collect();
    let kept_events: Vec<_> = events.iter().map(|event| event.reading_index).collect();
    let mut removed = Removed::default();
    if let Some(imported) = imported {
        for (index, read) in reading.figures.iter().enumerate() {
            let known = imported.figures.iter().any(|was| was.name == read.name && was.group == read.group);
            if gone(known, index, &kept_figures) && !stored.known_as.left_out("figure", &read.name) {
                removed.figures.push(index);
            }
        }
        for (index, read) in reading.incident_counts.iter().enumerate().filter(|(_, read)| read.is_of_week()) {
            let known = imported.incident_counts.iter().any(|was| was.is_of_week() && was.severity == read.severity);
            if gone(known, index, &kept_counts) && !stored.known_as.left_out("incident_count", &read.severity) {
                removed.incident_counts.push(index);
            }
        }
        for (index, read) in reading.events.iter().enumerate() {
            let same = |was: &EventReading| {
                was.draft.occurred == read.draft.occurred
                    && checked::fold(&was.draft.narrative) == checked::fold(&read.draft.narrative)
            };
            let known = imported.events.iter().any(same);
            if gone(known, index, &kept_events) && !stored.known_as.left_out("event", &read.raw) {
                removed.events.push(index);
            }
        }
    }
    let content = SpliceContent { figures, incident_counts, events, removed };
    report::splice(document, reading, style, app.zone, &content)
}

/// Whether a stored event is one of the document.
type Rule<'a> = dyn Fn(&ProductionEvent, &EventReading) -> bool + 'a;

/// Which event of the document each stored event is: the same text as imported, else the same sentence, else
/// the same time. Events of other weeks that the document carries on come behind.
fn match_events(reading: &ReportReading, stored: &Stored<'_>) -> Vec<SpliceEvent> {
    let events = stored.events;
    let mut places: Vec<Option<usize>> = vec![None; events.len()];
    // What was left out of the import is no event here, even where one began at the same time.
    let mut taken: Vec<bool> = reading.events.iter().map(|read| stored.known_as.left_out("event", &read.raw)).collect();
    let same_text = |event: &ProductionEvent, read: &EventReading| {
        event.raw.as_deref().map(str::trim) == Some(read.raw.trim()) || stored.known_as.is_text_of(event.id, &read.raw)
    };
    let same_sentence = |event: &ProductionEvent, read: &EventReading| {
        checked::fold(&event.fields.narrative) == checked::fold(&read.draft.narrative)
            && event.fields.occurred == read.draft.occurred
    };
    let same_time = |event: &ProductionEvent, read: &EventReading| {
        event.fields.occurred.is_some() && event.fields.occurred == read.draft.occurred
    };
    let rules: [&Rule<'_>; 3] = [&same_text, &same_sentence, &same_time];
    for same in rules {
        for (event, place) in events.iter().zip(&mut places) {
            if place.is_some() {
                continue;
            }
            let found = reading.events.iter().enumerate().position(|(i, read)| !taken[i] && same(event, read));
            if let Some(at) = found {
                taken[at] = true;
                *place = Some(at);
            }
        }
    }
    let own = events
        .iter()
        .zip(places)
        .map(|(event, reading_index)| SpliceEvent { reading_index, event: event.report_event() });
    own.chain(stored.known_as.carried_on(reading, &taken)).collect()
}

/// The two sections of a document, with their headings, as they stand.
fn sections_of(app: &App, document: &str) -> String {
    let reading = report::read_report(document, app.zone, app.today());
    let mut parts: Vec<_> = [reading.figures_section, reading.events_section].into_iter().flatten().collect();
    parts.sort_by_key(|section| section.heading.start);
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|section| document.get(section.heading.start..section.body.end))
        .map(|text| text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n', ' ']))
        .collect();
    let mut text = texts.join("\n\n").replace("\r\n", "\n");
    text.push('\n');
    text
}

fn report_figure(figure: &Figure) -> ReportFigure {
    ReportFigure {
        name: figure.fields.name.clone(),
        group: figure.fields.group.clone(),
        value: figure.fields.value,
        unit: figure.fields.unit.clone(),
    }
}

fn report_count(count: &IncidentCount) -> ReportCount {
    ReportCount { severity: count.fields.severity.clone(), count: count.fields.count }
}
