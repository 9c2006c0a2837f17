//! Putting the two sections of a week back into a document.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::{
    App, ServiceError,
    app::authorise,
    reports::{Known, style_of, unusable},
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::{self, FieldError},
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        iso_week::IsoWeek,
        report::{
            self,
            reading::{EventReading, FigureReading, ReportReading},
            render::{ReportCount, SectionsContent},
            splice::{Removed, SpliceContent, SpliceEvent},
            style::ReportStyle,
            template::StyleError,
        },
    },
    store,
};

/// Puts the two sections of the document's week into the document; everything that did not change since the
/// import stays byte for byte, and a section that the document lacks is made where the style has it.
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
    let base = style_of(app, week).await?;
    let known = Known::load(app, week, base.carry_over).await?;
    if known.is_empty() {
        return Err(ServiceError::NotFound(format!("event or figure of {week}; import the report first")));
    }
    let imported = store::imports::latest_of_week(app.store.read(), week).await?;
    let imported = imported.map(|imported| report::read_report(&imported.content, app.zone, app.today()));
    let spliced = put_back(app, week, document, &reading, &base, &known.stored(), imported.as_ref());
    Ok((week, spliced.map_err(unusable)?))
}

/// What is known of a week.
pub(super) struct Stored<'a> {
    /// Reported figures.
    pub figures: &'a [Figure],
    /// Reported counts.
    pub counts: &'a [IncidentCount],
    /// Events in report order.
    pub events: &'a [ProductionEvent],
    /// The same as a report shows it.
    pub content: &'a SectionsContent,
}

/// The document with what is stored; what was imported before and is stored no more is taken out. `base` is the style
/// of what the document does not show.
pub(super) fn put_back(
    app: &App,
    week: IsoWeek,
    document: &str,
    reading: &ReportReading,
    base: &ReportStyle,
    stored: &Stored<'_>,
    imported: Option<&ReportReading>,
) -> Result<String, StyleError> {
    let key = |name: &str| checked::fold(name);
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, read) in reading.figures.iter().enumerate() {
        named.entry(key(&read.name)).or_default().push(index);
    }
    let mut figures = Vec::new();
    for (figure, shown) in stored.figures.iter().zip(&stored.content.figures) {
        let of_name = named.get_mut(&key(&figure.fields.name));
        let at = of_name.and_then(|places| {
            let fits = |index: &usize| {
                let read: Option<&FigureReading> = reading.figures.get(*index);
                read.is_some_and(|read| figure.fields.is_named(&read.name, read.group.as_deref()))
            };
            let place = places.iter().position(fits)?;
            Some(places.remove(place))
        });
        figures.push((at, shown.clone()));
    }
    let of_week =
        |severity: &str| reading.incident_counts.iter().position(|read| read.is_of_week() && read.severity == severity);
    let incident_counts: Vec<_> = stored
        .counts
        .iter()
        .map(|count| {
            let shown = ReportCount { severity: count.fields.severity.clone(), count: count.fields.count };
            (of_week(&count.fields.severity), shown)
        })
        .collect();
    let events = match_events(reading, stored.events);
    let mut removed = Removed::default();
    if let Some(imported) = imported {
        let kept: HashSet<usize> = figures.iter().filter_map(|(at, _)| *at).collect();
        let known: HashSet<(&str, Option<&str>)> =
            imported.figures.iter().map(|was| (was.name.as_str(), was.group.as_deref())).collect();
        let gone = |index: &usize, read: &FigureReading| {
            !kept.contains(index) && known.contains(&(read.name.as_str(), read.group.as_deref()))
        };
        removed.figures =
            reading.figures.iter().enumerate().filter(|(i, read)| gone(i, read)).map(|(i, _)| i).collect();
        let kept: HashSet<usize> = incident_counts.iter().filter_map(|(at, _)| *at).collect();
        for (index, read) in reading.incident_counts.iter().enumerate().filter(|(_, read)| read.is_of_week()) {
            let known = imported.incident_counts.iter().any(|was| was.is_of_week() && was.severity == read.severity);
            if known && !kept.contains(&index) {
                removed.incident_counts.insert(index);
            }
        }
        let kept: HashSet<usize> = events.iter().filter_map(|event| event.reading_index).collect();
        let known: HashSet<(i64, String)> = imported.events.iter().map(same_event).collect();
        let gone: BTreeSet<usize> = reading
            .events
            .iter()
            .enumerate()
            .filter(|(index, read)| !kept.contains(index) && known.contains(&same_event(read)))
            .map(|(index, _)| index)
            .collect();
        removed.events = gone;
    }
    let content = SpliceContent {
        figures,
        incident_counts,
        year_to_date: stored.content.year_to_date.clone(),
        events,
        carried: stored.content.carried.clone(),
        removed,
    };
    report::splice(document, reading, base, week, app.zone, &content)
}

/// What makes an event of two versions of a document the same one.
fn same_event(read: &EventReading) -> (i64, String) {
    let at = read.draft.occurred.map_or(i64::MIN, |point| point.at.timestamp());
    (at, checked::fold(&read.draft.narrative))
}

/// Which event of the document each stored event is: the same text as imported, else the same sentence, else
/// the same time.
fn match_events(reading: &ReportReading, events: &[ProductionEvent]) -> Vec<SpliceEvent> {
    let mut places: Vec<Option<usize>> = vec![None; events.len()];
    let mut taken = vec![false; reading.events.len()];
    let time = |at: Option<crate::domain::clock_point::ClockPoint>| at.map(|point| point.at.timestamp().to_string());
    type Key = Box<dyn Fn(&ProductionEvent) -> Option<String>>;
    type ReadKey = Box<dyn Fn(&EventReading) -> Option<String>>;
    let rules: [(Key, ReadKey); 3] = [
        (
            Box::new(|event| event.raw.as_deref().map(|raw| raw.trim().to_owned())),
            Box::new(|read| Some(read.raw.trim().to_owned())),
        ),
        (
            Box::new(move |event| {
                let at = time(event.fields.occurred).unwrap_or_default();
                Some(format!("{at}\n{}", checked::fold(&event.fields.narrative)))
            }),
            Box::new(move |read| {
                let at = time(read.draft.occurred).unwrap_or_default();
                Some(format!("{at}\n{}", checked::fold(&read.draft.narrative)))
            }),
        ),
        (Box::new(move |event| time(event.fields.occurred)), Box::new(move |read| time(read.draft.occurred))),
    ];
    for (key, read_key) in rules {
        let mut free: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (index, read) in reading.events.iter().enumerate().filter(|(index, _)| !taken[*index]) {
            if let Some(key) = read_key(read) {
                free.entry(key).or_default().push_back(index);
            }
        }
        for (event, place) in events.iter().zip(&mut places).filter(|(_, place)| place.is_none()) {
            let found = key(event).and_then(|key| free.get_mut(&key)).and_then(VecDeque::pop_front);
            if let Some(at) = found {
                taken[at] = true;
                *place = Some(at);
            }
        }
    }
    events
        .iter()
        .zip(places)
        .map(|(event, reading_index)| SpliceEvent { reading_index, event: event.report_event() })
        .collect()
}
