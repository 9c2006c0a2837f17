//! Putting the two sections of a week back into a document.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
};

use uuid::Uuid;

use super::{
    App, ServiceError,
    app::authorise,
    reports::{Known, style_of, unusable},
};
use crate::{
    domain::{
        actor::{Actor, Permission},
        capture::draft::Mark,
        checked::{self, FieldError},
        clock_point::ClockPoint,
        event::ProductionEvent,
        figures::{Figure, IncidentCount},
        import_plan::SAME_EVENT,
        iso_week::IsoWeek,
        report::{
            self,
            other_week::{OfOtherWeeks, first_words},
            reading::{EventReading, FigureReading, ReportReading},
            render::{ReportCount, ReportEvent, ReportLine, SectionsContent},
            splice::{Removed, SpliceContent, SpliceEvent, Spliced},
            style::ReportStyle,
            template::StyleError,
        },
        text,
        visibility::Sight,
    },
    store,
};

/// A document with the sections of a week put into it.
#[derive(Debug)]
pub struct SplicedReport {
    /// Whose sections they are.
    pub week: IsoWeek,
    /// The document.
    pub document: String,
    /// Events that stand as they did, though they are stored otherwise: written, they would not be read as that.
    pub left: Vec<String>,
    /// What the document still holds of other weeks.
    pub of_other_weeks: OfOtherWeeks,
}

/// Puts the two sections of the document's week into the document; everything that did not change since the
/// import stays byte for byte, and a section that the document lacks is made where the style has it.
pub async fn splice(
    app: &App,
    actor: &Actor,
    document: &str,
    week: Option<IsoWeek>,
) -> Result<SplicedReport, ServiceError> {
    authorise(actor, Permission::WholeReport)?;
    // A large document is read while the database reads its week.
    let (text, zone, today) = (document.to_owned(), app.zone, app.today());
    let reading = tokio::task::spawn_blocking(move || report::read_report(&text, zone, today));
    let likely = week.or_else(|| report::week_of(document));
    let ahead = async {
        match likely {
            Some(week) => Ok(Some((week, OfWeek::load(app, week).await?))),
            None => Ok::<_, ServiceError>(None),
        }
    };
    let (reading, ahead) = tokio::join!(reading, ahead);
    let reading = reading.map_err(|error| ServiceError::Interrupted(error.to_string()))?;
    let Some(week) = week.or(reading.week) else {
        return Err(FieldError::shape("week", "the document names no week; give one with --week 2024-W34").into());
    };
    let OfWeek { imported, lines } = match ahead? {
        Some((likely, found)) if likely == week => found,
        _ => OfWeek::load(app, week).await?,
    };
    let connection = app.store.read();
    let base = style_of(app, week, Some((document, &reading))).await?;
    let known = Known::load(app, Sight::Everyone, week, base.carry_over, lines, &super::measured::Ends::new()).await?;
    let known_as = KnownAs::load(app, week).await?;
    if known.is_empty() && known_as.guests.is_empty() {
        return Err(ServiceError::NotFound(format!("event or figure of {week}; import the report first")));
    }
    let (figures, counts) = (
        store::figures::of_week(connection, week.previous()).await?,
        store::figures::counts_of_weeks(connection, week.previous(), week.previous()).await?,
    );
    let stored = known.stored(&known_as);
    let before = || {
        let imported = imported.as_ref()?;
        let same = imported.content == document;
        Some(if same {
            Cow::Borrowed(&reading)
        } else {
            Cow::Owned(report::read_report(&imported.content, app.zone, app.today()))
        })
    };
    let content = content_of(&reading, &stored, before);
    let of_other_weeks = OfOtherWeeks::find(&reading, &content, week, app.zone, &figures, &counts);
    let Spliced { document, left } =
        report::splice(document, &reading, &base, week, app.zone, &content).map_err(unusable)?;
    let left = left.iter().filter_map(|index| reading.events.get(*index)).map(|read| first_words(&read.raw)).collect();
    Ok(SplicedReport { week, document, left, of_other_weeks })
}

/// What the database has of a week whatever a document says.
struct OfWeek {
    imported: Option<store::imports::ReportImport>,
    lines: Vec<ReportLine>,
}

impl OfWeek {
    async fn load(app: &App, week: IsoWeek) -> Result<Self, ServiceError> {
        let connection = app.store.read();
        let imported = store::imports::latest_of_week(connection, week).await?;
        Ok(Self { imported, lines: store::report_lines::of_week(connection, week).await? })
    }
}

/// What is known of a week.
pub(super) struct Stored<'a> {
    /// Reported figures.
    pub figures: &'a [Figure],
    /// Reported counts.
    pub counts: &'a [IncidentCount],
    /// Events in report order.
    pub events: &'a [ReportLine],
    /// What a report shows beside the events.
    pub content: &'a SectionsContent,
    /// By what else the week's documents know it.
    pub known_as: &'a KnownAs,
}

/// By what else the week's documents know things: events of other weeks that they carry on, figures under another
/// name, and what was left out of the import by choice.
#[derive(Default)]
pub(super) struct KnownAs {
    /// The texts, and for events the marks, under which documents of the week know something.
    texts: HashMap<Uuid, Vec<(String, Option<Mark>)>>,
    /// Kind and text of what was left out.
    left_out: BTreeSet<(String, String)>,
    /// Events that belong to the reports of other weeks.
    guests: Vec<ReportLine>,
}

impl KnownAs {
    /// Loads what the imports of a week noted.
    pub(super) async fn load(app: &App, week: IsoWeek) -> Result<Self, ServiceError> {
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
        let mut guests = store::events::by_ids(app.store.read(), &events).await?;
        guests.retain(|event| event.week != week && event.fields.kind.counts() && !event.fields.restricted);
        known.guests = guests.iter().map(ProductionEvent::report_line).collect();
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
    fn carried_on(&self, reading: &ReportReading, taken: &[bool]) -> Vec<SpliceEvent<'static>> {
        let mut found = Vec::new();
        for (index, read) in reading.events.iter().enumerate().filter(|(index, _)| taken.get(*index) == Some(&false)) {
            let guest = self.guests.iter().find(|line| {
                let same_time = line.event.occurred.is_some() && line.event.occurred == read.draft.occurred;
                self.is_text_of(line.id, &read.raw)
                    || (same_time && text::likeness(&line.event.narrative, &read.draft.narrative) >= SAME_EVENT)
            });
            let Some(guest) = guest else { continue };
            let said = self.texts_of(guest.id).first().and_then(|(_, mark)| *mark);
            let now = guest.event.mark;
            let mark = if said == Some(now) { read.draft.mark } else { now };
            let event = ReportEvent {
                occurred: read.draft.occurred,
                recovered: read.draft.recovered,
                narrative: read.draft.narrative.clone(),
                mark,
                details: ReportEvent::of_reading(read).details,
            };
            found.push(SpliceEvent { reading_index: Some(index), event: Cow::Owned(event) });
        }
        found
    }
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
) -> Result<Spliced, StyleError> {
    let imported = || imported.map(Cow::Borrowed);
    report::splice(document, reading, base, week, app.zone, &content_of(reading, stored, imported))
}

/// What is stored, each thing beside what it is in the document. `imported` reads the document of the last import; it is asked
/// only where this document tells of something that is not stored.
fn content_of<'s, 'a>(
    reading: &ReportReading,
    stored: &'s Stored<'_>,
    imported: impl FnOnce() -> Option<Cow<'a, ReportReading>>,
) -> SpliceContent<'s> {
    let key = |name: &str| checked::fold(name);
    let mut named: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, read) in reading.figures.iter().enumerate() {
        named.entry(key(&read.name)).or_default().push(index);
    }
    let mut figures = Vec::new();
    for (figure, shown) in stored.figures.iter().zip(&stored.content.figures) {
        let names = std::iter::once(key(&figure.fields.name))
            .chain(stored.known_as.texts_of(figure.id).iter().map(|(name, _)| key(name)));
        let at = names.into_iter().find_map(|name| {
            let places = named.get_mut(&name)?;
            let fits = |index: &usize| {
                let read: Option<&FigureReading> = reading.figures.get(*index);
                read.is_some_and(|read| {
                    figure.fields.is_named(&read.name, read.group.as_deref())
                        || stored.known_as.is_text_of(figure.id, &read.name)
                })
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
    let events = match_events(reading, stored);
    let mut removed = Removed::default();
    let of_week = reading.incident_counts.iter().filter(|read| read.is_of_week()).count();
    let all_stored = distinct(figures.iter().filter_map(|(at, _)| *at)) == reading.figures.len()
        && distinct(incident_counts.iter().filter_map(|(at, _)| *at)) == of_week
        && distinct(events.iter().filter_map(|event| event.reading_index)) == reading.events.len();
    if let Some(imported) = (!all_stored).then(imported).flatten() {
        let kept: HashSet<usize> = figures.iter().filter_map(|(at, _)| *at).collect();
        let known: HashSet<(&str, Option<&str>)> =
            imported.figures.iter().map(|was| (was.name.as_str(), was.group.as_deref())).collect();
        let gone = |index: &usize, read: &FigureReading| {
            !kept.contains(index)
                && known.contains(&(read.name.as_str(), read.group.as_deref()))
                && !stored.known_as.left_out("figure", &read.name)
        };
        removed.figures =
            reading.figures.iter().enumerate().filter(|(i, read)| gone(i, read)).map(|(i, _)| i).collect();
        let kept: HashSet<usize> = incident_counts.iter().filter_map(|(at, _)| *at).collect();
        for (index, read) in reading.incident_counts.iter().enumerate().filter(|(_, read)| read.is_of_week()) {
            let known = imported.incident_counts.iter().any(|was| was.is_of_week() && was.severity == read.severity);
            if known && !kept.contains(&index) && !stored.known_as.left_out("incident_count", &read.severity) {
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
            .filter(|(_, read)| !stored.known_as.left_out("event", &read.raw))
            .map(|(index, _)| index)
            .collect();
        removed.events = gone;
    }
    SpliceContent {
        figures,
        incident_counts,
        year_to_date: stored.content.year_to_date.clone(),
        events,
        carried: stored.content.carried.clone(),
        removed,
    }
}

/// How many different places there are.
fn distinct(places: impl Iterator<Item = usize>) -> usize {
    let mut places: Vec<usize> = places.collect();
    places.sort_unstable();
    places.dedup();
    places.len()
}

/// What makes an event of two versions of a document the same one.
fn same_event(read: &EventReading) -> (i64, String) {
    let at = read.draft.occurred.map_or(i64::MIN, |point| point.at.timestamp());
    (at, checked::fold(&read.draft.narrative))
}

/// Which event of the document each stored event is: the same text as imported, else the same sentence, else
/// the same time. Events of other weeks that the document carries on come behind.
fn match_events<'s>(reading: &ReportReading, stored: &'s Stored<'_>) -> Vec<SpliceEvent<'s>> {
    let lines = stored.events;
    let mut places: Vec<Option<usize>> = vec![None; lines.len()];
    // What was left out of the import is no event here, even where one began at the same time.
    let mut taken: Vec<bool> = reading.events.iter().map(|read| stored.known_as.left_out("event", &read.raw)).collect();
    // Mostly the document has the stored events, word for word and in their order: as far as it does, nothing is looked up.
    let mut free = (0..reading.events.len()).filter(|index| !taken[*index]).collect::<Vec<_>>().into_iter();
    for (line, place) in lines.iter().zip(&mut places) {
        let next = free.as_slice().first().copied();
        let same = |index: &usize| Some(reading.events[*index].raw.trim()) == line.raw.as_deref().map(str::trim);
        let Some(at) = next.filter(same) else { break };
        free.next();
        taken[at] = true;
        *place = Some(at);
    }
    let time = |at: Option<ClockPoint>| at.map(|point| point.at.timestamp().to_string());
    let sentence = |at: Option<ClockPoint>, narrative: &str| {
        format!("{}\n{}", time(at).unwrap_or_default(), checked::fold(narrative))
    };
    let keys: [KeysOf<'_>; 3] = [
        (
            &|line| {
                let known = stored.known_as.texts_of(line.id).iter().map(|(text, _)| text.as_str().into());
                line.raw.iter().map(|raw| raw.trim().into()).chain(known).collect()
            },
            &|read| Some(read.raw.trim().into()),
        ),
        (&|line| vec![sentence(line.event.occurred, &line.event.narrative).into()], &|read| {
            Some(sentence(read.draft.occurred, &read.draft.narrative).into())
        }),
        (&|line| time(line.event.occurred).map(Cow::Owned).into_iter().collect(), &|read| {
            time(read.draft.occurred).map(Cow::Owned)
        }),
    ];
    for (of_line, of_reading) in keys {
        let mut free: HashMap<Cow<'_, str>, VecDeque<usize>> = HashMap::new();
        for (index, read) in reading.events.iter().enumerate().filter(|(index, _)| !taken[*index]) {
            if let Some(key) = of_reading(read) {
                free.entry(key).or_default().push_back(index);
            }
        }
        for (line, place) in lines.iter().zip(&mut places).filter(|(_, place)| place.is_none()) {
            let found = of_line(line).iter().find_map(|key| free.get_mut(key).and_then(VecDeque::pop_front));
            if let Some(at) = found {
                taken[at] = true;
                *place = Some(at);
            }
        }
    }
    let own = lines
        .iter()
        .zip(places)
        .map(|(line, reading_index)| SpliceEvent { reading_index, event: Cow::Borrowed(&line.event) });
    own.chain(stored.known_as.carried_on(reading, &taken)).collect()
}

/// By which keys a stored event and one of a document are known to be the same.
type KeysOf<'a> =
    (&'a dyn Fn(&'a ReportLine) -> Vec<Cow<'a, str>>, &'a dyn Fn(&'a EventReading) -> Option<Cow<'a, str>>);
