//! What is stored of the things that a file tells of, in a handful of queries.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use super::{App, Document, Names, ServiceError, incoming, ledger};
use crate::{
    domain::{
        capture,
        event::{EventFields, ProductionEvent},
        import_plan::{Incoming, Kind, KnownEvents, KnownFigures, Link, Meeting, SAME_EVENT, Said},
        iso_week::IsoWeek,
        text,
        visibility::Sight,
    },
    service::capture::context,
    store::{self, import_aliases::Alias, import_runs::ConnectionTrait},
};

/// What is stored of the things that a file tells of.
pub(super) struct Known {
    pub events: KnownEvents,
    pub figures: KnownFigures,
    /// The aliases of the file's keys.
    pub aliases: BTreeMap<String, Alias>,
}

/// What a document meets. `previous` is what the latest document of its week said.
pub(super) async fn document(
    app: &App,
    sight: Sight,
    connection: &impl ConnectionTrait,
    document: &Document,
    names: &Names,
    previous: Option<Arc<Said>>,
) -> Result<Known, ServiceError> {
    let week = document.week;
    let aliases = aliases(connection, &names.keys()).await?;
    let events = events(app, sight, connection, &incoming(document, names), &aliases, Some(week)).await?;
    let figures = KnownFigures {
        figures: store::figures::of_week(connection, week).await?,
        counts: store::figures::counts_of_weeks(connection, week, week).await?,
        previous,
        aliases: aliases
            .values()
            .filter(|alias| alias.kind != Kind::Event.code())
            .map(|alias| (alias.key.clone(), alias.subject))
            .collect(),
    };
    Ok(Known { events, figures, aliases })
}

/// The aliases of these keys.
pub(super) async fn aliases(
    connection: &impl ConnectionTrait,
    keys: &[String],
) -> Result<BTreeMap<String, Alias>, ServiceError> {
    let found = store::import_aliases::by_keys(connection, keys).await?;
    Ok(found.into_iter().map(|alias| (alias.key.clone(), alias)).collect())
}

/// The stored events that those of a file may be.
pub(super) async fn events(
    app: &App,
    sight: Sight,
    connection: &impl ConnectionTrait,
    incoming: &[Incoming],
    aliases: &BTreeMap<String, Alias>,
    week: Option<IsoWeek>,
) -> Result<KnownEvents, ServiceError> {
    let keys: Vec<String> = incoming.iter().map(|event| event.key.clone()).collect();
    let mut by_key: BTreeMap<String, Meeting> = store::events::by_import_keys(connection, &keys)
        .await?
        .into_iter()
        .filter_map(|(event, gone)| event.import_key.clone().map(|key| (key, Meeting { event, gone, link: Link::Own })))
        .collect();
    let of_events = || aliases.values().filter(|alias| alias.kind == Kind::Event.code());
    let subjects: BTreeSet<Uuid> = of_events().filter_map(|alias| alias.subject).collect();
    let subjects: Vec<Uuid> = subjects.into_iter().collect();
    let aliased: BTreeMap<Uuid, (ProductionEvent, bool)> = store::events::by_ids_or_gone(connection, &subjects)
        .await?
        .into_iter()
        .map(|(event, gone)| (event.id, (event, gone)))
        .collect();
    let mut left_out = BTreeSet::new();
    for alias in of_events() {
        match alias.subject.and_then(|subject| aliased.get(&subject)) {
            Some((event, gone)) => {
                let link = Link::Alias { mark: alias.mark, raw: alias.raw.clone() };
                let meeting = Meeting { event: event.clone(), gone: *gone, link };
                by_key.entry(alias.key.clone()).or_insert(meeting);
            }
            None => {
                left_out.insert(alias.key.clone());
            }
        }
    }
    let times: BTreeSet<i64> =
        incoming.iter().filter_map(|event| event.draft.occurred).map(|point| point.at.timestamp_millis()).collect();
    let times: Vec<i64> = times.into_iter().collect();
    let mut at_times = store::events::at_times(connection, &times).await?;
    // One that is deleted here and known by its key cannot be among the others.
    let met: BTreeSet<Uuid> = by_key.values().map(|meeting| meeting.event.id).collect();
    at_times.retain(|event| !met.contains(&event.id));
    let found = by_key.values().map(|meeting| &meeting.event).chain(&at_times);
    let seen = store::sight::among(connection, sight, found).await?;
    withhold(&seen, incoming, &mut by_key, &mut at_times);
    let all_known = incoming.iter().all(|event| by_key.contains_key(&event.key));
    let mut of_week = match week {
        Some(week) if !all_known => store::events::of_week(connection, week).await?,
        _ => Vec::new(),
    };
    let seen = store::sight::among(connection, sight, &of_week).await?;
    of_week.retain(|event| seen.contains(&event.id));
    let bases = bases(app, connection, incoming, &by_key, &at_times).await?;
    Ok(KnownEvents { by_key, left_out, at_times, of_week, bases, files: BTreeMap::new() })
}

/// Takes away what the importer does not see: a line that meets such an event is not written and says nothing of it.
fn withhold(
    seen: &BTreeSet<Uuid>,
    incoming: &[Incoming],
    by_key: &mut BTreeMap<String, Meeting>,
    at_times: &mut Vec<ProductionEvent>,
) {
    let blank = |event: &ProductionEvent| Meeting {
        event: ProductionEvent {
            number: 0,
            fields: EventFields { restricted: true, ..EventFields::default() },
            raw: None,
            ..event.clone()
        },
        gone: true,
        link: Link::Own,
    };
    for meeting in by_key.values_mut() {
        if !seen.contains(&meeting.event.id) {
            *meeting = blank(&meeting.event);
        }
    }
    let (seen, hidden): (Vec<_>, Vec<_>) =
        std::mem::take(at_times).into_iter().partition(|event| seen.contains(&event.id));
    *at_times = seen;
    for event in hidden {
        for line in incoming.iter().filter(|line| line.draft.occurred == event.fields.occurred) {
            if text::likeness(&event.fields.narrative, &line.draft.narrative) >= SAME_EVENT {
                by_key.entry(line.key.clone()).or_insert_with(|| blank(&event));
            }
        }
    }
}

/// The fields of stored events as they were read the last time, where that decides about something.
async fn bases(
    app: &App,
    connection: &impl ConnectionTrait,
    incoming: &[Incoming],
    by_key: &BTreeMap<String, Meeting>,
    at_times: &[ProductionEvent],
) -> Result<BTreeMap<Uuid, EventFields>, ServiceError> {
    let said_anew = incoming.iter().filter_map(|event| {
        let meeting = by_key.get(&event.key).filter(|meeting| !meeting.gone)?;
        (meeting.event.raw.as_deref().map(str::trim) != Some(event.raw.trim())).then_some(meeting.event.id)
    });
    let wanted: BTreeSet<Uuid> = said_anew.chain(at_times.iter().map(|event| event.id)).collect();
    let wanted: Vec<Uuid> = wanted.into_iter().collect();
    let mut bases = BTreeMap::new();
    for change in store::import_runs::of_subjects(connection, &wanted).await? {
        if let Some(read) = ledger::read_of(&change) {
            bases.entry(change.subject).or_insert(read);
        }
    }
    for event in at_times.iter().filter(|event| event.import_key.is_none()) {
        if let Some(raw) = &event.raw
            && !bases.contains_key(&event.id)
        {
            let draft = capture::read_line(raw, &context(app, Some(event.week)));
            let fields = EventFields::from_draft(&draft);
            bases.insert(event.id, fields.clone().checked().unwrap_or(fields));
        }
    }
    Ok(bases)
}
