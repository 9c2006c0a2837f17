//! The weekly report: its two sections in the team's own style.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    App, ServiceError,
    app::authorise,
    measured::{self, Ends},
    report_splice::{self, KnownAs, Stored},
    report_styles,
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        iso_week::IsoWeek,
        report::{
            self,
            reading::{Decimal, ReportReading},
            render::{self, ReportCount, ReportFigure, ReportLine, SectionsContent},
            style::{Part, ReportStyle},
            template::{StyleError, Writer},
            twin,
        },
        severity::SeverityPolicy,
        visibility::Sight,
    },
    store,
};

/// Most events of earlier weeks that a report carries over.
pub(super) const CARRIED: u64 = 100;

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
    /// The figures section and the events section, where they were written by the style; else they are found in the text.
    pub parts: Option<(String, String)>,
    /// What changed since another week, where that was asked for.
    pub changes: Option<Vec<String>>,
    /// The teams of its reader, where it tells of their events alone; none is the whole report.
    pub own_teams: Option<Vec<String>>,
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

/// What stands in front of a report that tells of some teams alone, so that nobody takes it for the whole.
fn part_mark(teams: &[String]) -> String {
    let teams = if teams.is_empty() { "—".to_owned() } else { teams.join("、") };
    format!("> 仅本团队的事件：{teams}。Own teams only: this is not the whole report.\n\n")
}

impl WeeklyReport {
    /// As a part: each text says in front of which teams it tells.
    fn marked(mut self, teams: Vec<String>) -> Self {
        let mark = part_mark(&teams);
        self.markdown.insert_str(0, &mark);
        if let Some((figures, events)) = &mut self.parts {
            figures.insert_str(0, &mark);
            events.insert_str(0, &mark);
        }
        self.own_teams = Some(teams);
        self
    }

    /// The report with one of its sections alone.
    #[must_use]
    pub fn only(self, section: Section) -> Self {
        let found = |figures: bool| {
            let reading = report::read_report(&self.markdown, chrono_tz::UTC, self.week.monday());
            let part = if figures { reading.figures_section } else { reading.events_section };
            // A frozen text whose headings nobody reads is shown as a whole rather than as nothing.
            let text = part.and_then(|part| self.markdown.get(part.heading.start..part.body.end));
            let text = text.unwrap_or(&self.markdown);
            format!("{}\n", text.trim_end())
        };
        let markdown = match (section, &self.parts) {
            (Section::All, _) => return self,
            (Section::Figures, Some((figures, _))) => figures.clone(),
            (Section::Events, Some((_, events))) => events.clone(),
            (section, None) => found(section == Section::Figures),
        };
        let (figures, incident_counts, events) = match section {
            Section::Figures => (self.figures, self.incident_counts, Vec::new()),
            _ => (Vec::new(), Vec::new(), self.events),
        };
        Self { markdown, figures, incident_counts, events, ..self }
    }

    /// What is to be known of measured figures, a line each: another value was reported, less was measured than the house asks
    /// for.
    pub fn figure_notes(&self) -> Vec<String> {
        figure_notes(&self.figures)
    }

    /// What is not finished yet, a line each: owed postmortems, events without a time or a recovery, no figures.
    pub fn unfinished(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.figures.is_empty() {
            found.push(format!("{}：没有指标 no figures", self.week));
        }
        found.extend(self.figure_notes());
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

/// What is to be known of measured figures, a line each in both languages.
pub fn figure_notes(figures: &[Figure]) -> Vec<String> {
    let mut notes = Vec::new();
    for figure in figures {
        let Some(measured) = &figure.measured else { continue };
        let (name, value) = (&figure.fields.name, figure.fields.value);
        if let Some(reported) = measured.contradicted(value) {
            let other = reported.value;
            notes.push(format!("{name}：实测 {value}%，上报 {other}% measured {value}, reported {other}"));
        }
        if let Some(coverage) = low_coverage(figure) {
            notes.push(format!("{name}：覆盖率 {coverage}% coverage"));
        }
    }
    notes
}

/// The coverage in percent of a figure of which less was measured than the house asks for.
fn low_coverage(figure: &Figure) -> Option<Decimal> {
    let measured = figure.measured.as_ref().filter(|measured| measured.low_coverage)?;
    measured.coverage().floor_percent(2)
}

/// What changed from `before` to `after`, a line each, from the numbers as printed; both whole, of which `section` is told.
pub fn changes(after: &WeeklyReport, before: &WeeklyReport, section: Section) -> Vec<String> {
    let against = format!("较 {}", before.week);
    let mut lines = Vec::new();
    let (tell_figures, tell_events) = (section != Section::Events, section != Section::Figures);
    for figure in after.figures.iter().filter(|_| tell_figures) {
        let fields = &figure.fields;
        let unit = fields.unit.as_deref().unwrap_or_default();
        let step = if matches!(unit, "%" | "％") { "pp" } else { unit };
        let was = before.figures.iter().find(|was| was.fields.is_named(&fields.name, fields.group.as_deref()));
        let moved = match was.and_then(|was| fields.value.change_since(was.fields.value)) {
            Some(moved) if moved.units == 0 => format!("{against} 持平"),
            Some(moved) => format!("{against} {}{step}", moved.signed()),
            None => format!("{} 没有这一项", before.week),
        };
        lines.push(format!("{} {}{unit}（{moved}）", fields.name, fields.value));
    }
    for count in after.incident_counts.iter().filter(|_| tell_figures) {
        let was = before.incident_counts.iter().find(|was| was.fields.severity == count.fields.severity);
        let moved = match was.and_then(|was| count.fields.count.minus(was.fields.count)) {
            Some(moved) if moved.units == 0 => format!("{against} 持平"),
            Some(moved) => format!("{against} {}次", moved.signed()),
            None => format!("{} 没有这一项", before.week),
        };
        let shown = ReportCount { severity: count.fields.severity.clone(), count: count.fields.count };
        lines.push(format!("{}（{moved}）", render::count_words(&shown)));
    }
    let (now, then) = (after.events.len(), before.events.len());
    let sign = match now.cmp(&then) {
        std::cmp::Ordering::Greater => format!("+{}", now - then),
        std::cmp::Ordering::Equal => "持平".to_owned(),
        std::cmp::Ordering::Less => format!("−{}", then - now),
    };
    if tell_events {
        lines.push(format!("生产事件 {now} 起（{against} {sign}）"));
    }
    lines
}

/// The week that people name: `2024-W34`, `this` and `last` (本周, 上周) from today in the report zone.
pub fn named_week(app: &App, word: &str) -> Result<IsoWeek, ServiceError> {
    let this = IsoWeek::of(app.today());
    match word {
        "this" | "本周" => Ok(this),
        "last" | "上周" => Ok(this.previous()),
        week => Ok(week.parse()?),
    }
}

/// The report of a week in its own style, see [`weekly_in`].
pub async fn weekly(app: &App, actor: &Actor, week: IsoWeek) -> Result<WeeklyReport, ServiceError> {
    weekly_in(app, actor, week, None).await
}

/// The report of a week. In the style named `style`; else as that week's imported document, brought up to date; else in
/// the team's default style; else in that of the latest document before it; else in that of the house.
pub async fn weekly_in(
    app: &App,
    actor: &Actor,
    week: IsoWeek,
    style: Option<&str>,
) -> Result<WeeklyReport, ServiceError> {
    authorise(actor, Permission::Read)?;
    written(app, Sight::of_report(actor), week, style, &Ends::new()).await
}

/// The report of a week in its own style as everyone's, its measured figures only as far as `ends`.
pub(super) async fn weekly_until(app: &App, week: IsoWeek, ends: &Ends) -> Result<WeeklyReport, ServiceError> {
    written(app, Sight::Everyone, week, None, ends).await
}

async fn written(
    app: &App,
    sight: Sight,
    week: IsoWeek,
    style: Option<&str>,
    ends: &Ends,
) -> Result<WeeklyReport, ServiceError> {
    let part = matches!(sight, Sight::OwnTeams(_));
    let connection = app.store.read();
    let named = match style {
        Some(name) => Some(report_styles::by_name(app, name).await?.style),
        None => None,
    };
    let own = match &named {
        // A document tells of all teams: what is a part is written anew.
        _ if part => None,
        Some(_) => None,
        None => store::imports::latest_of_week(connection, week).await?,
    };
    let reading = own.as_ref().map(|own| report::read_report(&own.content, app.zone, app.today()));
    let read = own.as_ref().zip(reading.as_ref()).map(|(own, reading)| (own.content.as_str(), reading));
    let of_the_house = named.is_none() && own.is_none();
    let mut base = match named {
        Some(style) => style,
        None if part => store::report_styles::default(connection).await?.map(|stored| stored.style).unwrap_or_default(),
        None => style_of(app, week, read).await?,
    };
    let mut events = store::events::of_week(connection, week).await?;
    // A report is everyone's: it shows no restricted event, and no drill or maintenance.
    events.retain(|event| event.fields.kind.counts() && !event.fields.restricted);
    if part {
        let seen = store::sight::among(connection, sight, &events).await?;
        events.retain(|event| seen.contains(&event.id));
    }
    if own.is_none() {
        // Without a document no writer gave them another order. Those without a time come first, because behind a time
        // they would read as its details.
        events.sort_by_key(|event| event.fields.occurred.map(|point| point.at));
    }
    let lines = events.iter().map(ProductionEvent::report_line).collect();
    let known = Known::load(app, sight, week, base.carry_over, lines, ends).await?;
    // Where nobody chose a style, what is measured says how it changed: both values are certain.
    if of_the_house && base == ReportStyle::default() {
        base.changes = known.figures.iter().any(|figure| figure.measured.is_some());
    }
    let (markdown, parts, style) = if let Some((document, reading)) = own.as_ref().zip(reading.as_ref()) {
        let known_as = KnownAs::load(app, week).await?;
        let stored = known.stored(&known_as);
        let (content, base) = (&document.content, &base);
        let spliced = report_splice::put_back(app, week, content, reading, base, &stored, Some(reading));
        let spliced = spliced.map_err(unusable)?.document;
        let sections = if spliced == *content {
            twin::sections_of(&spliced, reading)
        } else {
            twin::sections_of(&spliced, &report::read_report(&spliced, app.zone, app.today()))
        };
        // The words of the report are those of its document, whatever the team's default.
        (sections, None, base.learn(content, reading, app.zone))
    } else {
        let writer = Writer::new(&base, week, app.zone).map_err(unusable)?;
        let content = known.content();
        let part = |part| writer.part(part, &content).map_err(unusable);
        let parts = (part(Part::Figures)?, part(Part::Events)?);
        let markdown = writer.sections(&content).map_err(unusable)?;
        (markdown, Some(parts), base)
    };
    let Known { figures, counts: incident_counts, .. } = known;
    let whole =
        WeeklyReport { week, markdown, figures, incident_counts, events, style, parts, changes: None, own_teams: None };
    Ok(match sight {
        Sight::OwnTeams(account) => whole.marked(store::sight::names_of_own(connection, account).await?),
        _ => whole,
    })
}

/// A style that cannot write: which part, and what to do.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(super) fn unusable(error: StyleError) -> ServiceError {
    FieldError::shape("style", error.to_string()).into()
}

/// The style of what a week's document does not show: the default one, else that of the latest document up to the week.
/// `read` is a document that is read already.
pub(super) async fn style_of(
    app: &App,
    week: IsoWeek,
    read: Option<(&str, &ReportReading)>,
) -> Result<ReportStyle, ServiceError> {
    let connection = app.store.read();
    if let Some(stored) = store::report_styles::default(connection).await? {
        return Ok(stored.style);
    }
    Ok(match store::imports::latest_until(connection, week).await? {
        Some(document) => match read {
            // Of a document that is a later state of that one and shows both sections nothing else is asked.
            Some((content, reading))
                if content == document.content || document.week == week && reading.shows_both() =>
            {
                ReportStyle::default().learn(content, reading, app.zone)
            }
            _ => {
                let reading = report::read_report(&document.content, app.zone, app.today());
                ReportStyle::default().learn(&document.content, &reading, app.zone)
            }
        },
        None => ReportStyle::default(),
    })
}

/// What is known of a week, and what its report shows.
pub(super) struct Known {
    figures: Vec<Figure>,
    counts: Vec<IncidentCount>,
    lines: Vec<ReportLine>,
    /// All but the events.
    content: SectionsContent,
}

impl Known {
    /// Loads what stands beside the lines of a week; `carry_over` brings the owed postmortems of earlier weeks; measured figures
    /// go as far as `ends`.
    pub(super) async fn load(
        app: &App,
        sight: Sight,
        week: IsoWeek,
        carry_over: bool,
        lines: Vec<ReportLine>,
        ends: &Ends,
    ) -> Result<Self, ServiceError> {
        let connection = app.store.read();
        let first = IsoWeek::new(week.year(), 1).unwrap_or(week);
        let reported = store::figures::of_weeks(connection, week.previous(), week).await?;
        let (before, figures): (Vec<_>, Vec<_>) = measured::over(app, sight, reported, week.previous(), week, ends)
            .await?
            .into_iter()
            .partition(|figure| figure.week != week);
        let all_counts = store::figures::counts_of_weeks(connection, first, week).await?;
        let graded = store::events::graded_of_weeks(connection, sight, first, week).await?;
        let levels = super::grading::levels(connection).await?;
        let carried =
            if carry_over { store::events::owed_before(connection, sight, week, CARRIED).await? } else { Vec::new() };
        let content = SectionsContent {
            figures: figures.iter().map(|figure| report_figure(figure, &before)).collect(),
            incident_counts: counted(&all_counts, &graded, &levels, week..=week),
            year_to_date: counted(&all_counts, &graded, &levels, first..=week),
            events: Vec::new(),
            carried: carried.iter().map(ProductionEvent::report_event).collect(),
        };
        let counts = all_counts.into_iter().filter(|count| count.week == week).collect();
        Ok(Self { figures, counts, lines, content })
    }

    /// What its report shows.
    pub(super) fn content(&self) -> SectionsContent {
        let events = self.lines.iter().map(|line| line.event.clone()).collect();
        let mut content = SectionsContent { events, ..self.content.clone() };
        for (shown, figure) in content.figures.iter_mut().zip(&self.figures) {
            // Behind the value, whatever the style: a figure of which half was measured must not look like the others.
            if let Some(coverage) = low_coverage(figure) {
                shown.unit = Some(format!("{}（覆盖率 {coverage}%）", shown.unit.as_deref().unwrap_or_default()));
            }
        }
        content
    }

    /// Whether there is nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.figures.is_empty() && self.counts.is_empty() && self.lines.is_empty()
    }

    /// What a splice puts into a document.
    pub(super) fn stored<'a>(&'a self, known_as: &'a KnownAs) -> Stored<'a> {
        Stored { figures: &self.figures, counts: &self.counts, events: &self.lines, content: &self.content, known_as }
    }
}

/// The counts of weeks: as reported, and for a week of which nothing is reported the graded events.
fn counted(
    reported: &[IncidentCount],
    graded: &[(IsoWeek, String, i64)],
    levels: &SeverityPolicy,
    weeks: std::ops::RangeInclusive<IsoWeek>,
) -> Vec<ReportCount> {
    let mut sums: BTreeMap<(i64, String), Decimal> = BTreeMap::new();
    let told: BTreeSet<IsoWeek> = reported.iter().map(|count| count.week).collect();
    let mut add = |order: i64, severity: &str, count: Decimal| {
        let key = sums.keys().find(|(_, have)| have == severity).cloned();
        let slot = sums.entry(key.unwrap_or((order, severity.to_owned()))).or_insert(Decimal { units: 0, scale: 0 });
        *slot = slot.plus(count).unwrap_or(*slot);
    };
    for count in reported.iter().filter(|count| weeks.contains(&count.week)) {
        add(count.position, &count.fields.severity, count.fields.count);
    }
    for (week, severity, number) in graded.iter().filter(|(week, ..)| weeks.contains(week) && !told.contains(week)) {
        let _ = week;
        // Behind what is reported, the worst first.
        let place = levels.find(severity).and_then(|(place, _)| i64::try_from(place).ok()).unwrap_or(1_000);
        add(i64::MAX - 1_000 + place, severity, Decimal { units: *number, scale: 0 });
    }
    sums.into_iter().map(|((_, severity), count)| ReportCount { severity, count }).collect()
}

/// A figure with its change against the week before: from the values as printed, else as the report stated it.
pub(super) fn report_figure(figure: &Figure, before: &[Figure]) -> ReportFigure {
    let fields = &figure.fields;
    let was = before.iter().find(|was| was.fields.is_named(&fields.name, fields.group.as_deref()));
    let last = was.map(|was| was.fields.value);
    let unit = fields.unit.clone().unwrap_or_default();
    let step = if matches!(unit.as_str(), "%" | "％") { "pp".to_owned() } else { unit };
    let computed = last.and_then(|last| fields.value.change_since(last)).map(|by| (by, step));
    let stated = fields.delta.map(|by| (by, fields.delta_unit.clone().unwrap_or_default()));
    ReportFigure {
        name: fields.name.clone(),
        group: fields.group.clone(),
        value: fields.value,
        unit: fields.unit.clone(),
        change: computed.or(stated),
        last,
        target: fields.target,
    }
}
