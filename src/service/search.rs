//! Finding events: lists by a query, the search, similar events, and the index of events that were there before it.

use std::sync::Arc;

use uuid::Uuid;

use super::{App, ServiceError, app::authorise, known_levels::Known, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        event::{self, ProductionEvent},
        highlight::{self, MarkedPart},
        iso_week,
        query::{self, Answering, Clause, EventQuery, Part, Person, QueryError, QueryProblem},
        severity, text,
        visibility::Sight,
        vocabulary,
    },
    store::{
        self, StoreError,
        event_list::{Answerer, FilterPart, Test},
        names::Named,
        policies::ConnectionTrait,
    },
};

pub use crate::store::event_list::{EventCursor, EventFilter, EventOrder, ListedEvent};

/// The most events on a page.
pub const PAGE_LIMIT: u64 = 200;

/// A page of events.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The events.
    pub events: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<EventCursor>,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Words and conditions.
    pub query: EventQuery,
    /// In which order.
    pub order: EventOrder,
    /// Where the page begins.
    pub after: Option<EventCursor>,
    /// Events on it, 1 to 200.
    pub limit: u64,
}

impl EventOrder {
    /// The spoken code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }

    /// The order of a code or its words.
    pub fn from_code(code: &str) -> Option<Self> {
        let code = vocabulary::ORDER.code_of(code)?;
        [Self::Relevance, Self::Newest, Self::Oldest].into_iter().find(|order| order.code() == code)
    }
}

/// An event of a list, with the words marked that were looked for.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The event.
    pub event: ListedEvent,
    /// Its title in parts.
    pub title: Vec<MarkedPart>,
    /// Where else the words stand; empty where the title has them all, or none were sought.
    pub snippet: Vec<MarkedPart>,
}

/// Reads a query as of today in the report zone.
pub fn parse(app: &App, text: &str) -> Result<EventQuery, ServiceError> {
    Ok(query::parse(text, app.today())?)
}

/// A page of what lists show.
pub async fn list(app: &App, actor: &Actor, listing: &Listing) -> Result<Page<ListedEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    match list_by(app, actor, listing, app.levels.get()).await? {
        Some(page) => Ok(page),
        None => list_by(app, actor, listing, None).await?.ok_or_else(outdated),
    }
}

/// A page by the remembered levels; none where they are not those that hold.
async fn list_by(
    app: &App,
    actor: &Actor,
    listing: &Listing,
    known: Option<Known>,
) -> Result<Option<Page<ListedEvent>>, ServiceError> {
    let (filter, first) = prepare(app, actor, listing, known).await?;
    let limit = listing.limit.clamp(1, PAGE_LIMIT);
    let connection = app.store.read();
    let mut events = Vec::new();
    if let (Some(first), None) = (&first, listing.after) {
        events = store::event_list::page(connection, first, EventOrder::Newest, None, 1).await?;
    }
    let left = limit + 1 - events.len() as u64;
    let page = store::event_list::page(connection, &filter, listing.order, listing.after, left).await?;
    let Some(page) = by_the_levels_that_hold(app, &filter, page, left).await? else { return Ok(None) };
    events.extend(page);
    let next = next_of(&mut events, limit, |event| EventCursor { group: event.group, order_key: event.order_key });
    Ok(Some(Page { events, next }))
}

/// What a walk found, where it was made of the levels that hold. Less than was asked for may be less because they changed.
async fn by_the_levels_that_hold<T>(
    app: &App,
    filter: &EventFilter,
    found: Vec<T>,
    asked: u64,
) -> Result<Option<Vec<T>>, ServiceError> {
    let Some(version) = filter.levels.filter(|_| (found.len() as u64) < asked) else { return Ok(Some(found)) };
    let now = store::policies::version(app.store.read(), severity::POLICY.name).await?;
    Ok((now == version).then_some(found))
}

fn outdated() -> ServiceError {
    StoreError::Stale.into()
}

/// A whole event of a list, with the part of its text in which the words stand that were looked for.
#[derive(Debug, Clone)]
pub struct FoundEvent {
    /// The event.
    pub event: ProductionEvent,
    /// The title where it has the words, else where they stand; empty where none were sought.
    pub snippet: Vec<MarkedPart>,
}

/// A page of whole events.
pub async fn events(app: &App, actor: &Actor, listing: &Listing) -> Result<Page<FoundEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    match events_by(app, actor, listing, app.levels.get()).await? {
        Some(page) => Ok(page),
        None => events_by(app, actor, listing, None).await?.ok_or_else(outdated),
    }
}

/// Like [`list_by`].
async fn events_by(
    app: &App,
    actor: &Actor,
    listing: &Listing,
    known: Option<Known>,
) -> Result<Option<Page<FoundEvent>>, ServiceError> {
    let (filter, first) = prepare(app, actor, listing, known).await?;
    let limit = listing.limit.clamp(1, PAGE_LIMIT);
    let connection = app.store.read();
    let mut found = Vec::new();
    if let (Some(first), None) = (&first, listing.after) {
        found = store::event_list::whole(connection, first, EventOrder::Newest, None, 1).await?;
    }
    let left = limit + 1 - found.len() as u64;
    let page = store::event_list::whole(connection, &filter, listing.order, listing.after, left).await?;
    let Some(page) = by_the_levels_that_hold(app, &filter, page, left).await? else { return Ok(None) };
    found.extend(page);
    let next = next_of(&mut found, limit, |(_, cursor)| *cursor);
    let words = listing.query.words();
    let keys: Vec<i64> = found.iter().map(|(_, cursor)| cursor.order_key).collect();
    let documents = documents(app, &words, &keys).await?;
    let hit = |(event, cursor): (ProductionEvent, EventCursor)| {
        let document = documents.get(&cursor.order_key).map(String::as_str);
        let text = event.fields.summary.as_deref().unwrap_or(&event.fields.narrative);
        let (title, elsewhere) = excerpt(text, event.fields.impact.as_deref(), document, &words);
        let of_title = if title.iter().any(|part| part.marked) { title } else { Vec::new() };
        FoundEvent { snippet: if elsewhere.is_empty() { of_title } else { elsewhere }, event }
    };
    Ok(Some(Page { events: found.into_iter().map(hit).collect(), next }))
}

/// A page of what lists show, with the words marked.
pub async fn hits(app: &App, actor: &Actor, listing: &Listing) -> Result<Page<Hit>, ServiceError> {
    let page = list(app, actor, listing).await?;
    let words = listing.query.words();
    let keys: Vec<i64> = page.events.iter().map(|event| event.order_key).collect();
    let documents = documents(app, &words, &keys).await?;
    let hit = |event: ListedEvent| {
        let document = documents.get(&event.order_key).map(String::as_str);
        let (title, snippet) = excerpt(&event.text, event.impact.as_deref(), document, &words);
        Hit { event, title, snippet }
    };
    Ok(Page { events: page.events.into_iter().map(hit).collect(), next: page.next })
}

/// The folded texts of events where words are sought in them, by their order keys.
async fn documents(
    app: &App,
    words: &[String],
    keys: &[i64],
) -> Result<std::collections::HashMap<i64, String>, ServiceError> {
    if words.is_empty() {
        return Ok(std::collections::HashMap::new());
    }
    Ok(store::search::words_of(app.store.read(), keys).await?)
}

/// The title of a text in parts, and where else words stand that the title does not show: empty where it shows them all.
fn excerpt(
    text: &str,
    impact: Option<&str>,
    document: Option<&str>,
    words: &[String],
) -> (Vec<MarkedPart>, Vec<MarkedPart>) {
    let title = highlight::marked(&title_of(text), words);
    let of_title = query_fold(text);
    let rest: Vec<String> = words.iter().filter(|word| !of_title.contains(word.as_str())).cloned().collect();
    if rest.is_empty() {
        return (title, Vec::new());
    }
    let of_impact = impact.and_then(|impact| highlight::snippet(impact, &rest, 60));
    let elsewhere = || document?.lines().find_map(|line| highlight::snippet(line, &rest, 60));
    (title, of_impact.or_else(elsewhere).unwrap_or_default())
}

fn query_fold(text: &str) -> String {
    crate::domain::search_pieces::fold(text)
}

/// The first line of a text, at most 80 characters.
pub fn title_of(text: &str) -> String {
    let mut title: String = text.lines().next().unwrap_or_default().chars().take(80).collect();
    if text.chars().count() > title.chars().count() {
        title.push('…');
    }
    title
}

fn next_of<T>(found: &mut Vec<T>, limit: u64, cursor: impl Fn(&T) -> EventCursor) -> Option<EventCursor> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    found.last().filter(|_| more).map(cursor)
}

/// The filter of a query, and of a query that is nothing but `PE-22` the one event that comes before all others.
async fn prepare(
    app: &App,
    actor: &Actor,
    listing: &Listing,
    known: Option<Known>,
) -> Result<(EventFilter, Option<EventFilter>), ServiceError> {
    let mut filter = resolve(app, actor, &listing.query, known).await?;
    if listing.order != EventOrder::Relevance {
        return Ok((filter, None));
    }
    let [Part { not: false, clause: Clause::Word(word), .. }] = listing.query.parts.as_slice() else {
        return Ok((filter, None));
    };
    let Some(number) = word.starts_with("pe-").then(|| event::number_of(word)).flatten() else {
        return Ok((filter, None));
    };
    let only = Test::Number(vec![(number, number)]);
    let parts = vec![FilterPart { not: false, test: only.clone() }];
    let first = EventFilter { parts, sight: filter.sight, ..EventFilter::default() };
    filter.parts.push(FilterPart { not: true, test: only });
    Ok((filter, Some(first)))
}

/// The filter that a query means to this actor: names looked up, days as instants. Levels have the names that are
/// remembered, which whoever walks by the filter checks, else those that hold now.
async fn resolve(
    app: &App,
    actor: &Actor,
    query: &EventQuery,
    known: Option<Known>,
) -> Result<EventFilter, ServiceError> {
    let parts = Vec::with_capacity(query.parts.len());
    let mut filter = EventFilter { parts, sight: Sight::of(actor), levels: None };
    let connection = app.store.read();
    for part in &query.parts {
        let midnight = |day| iso_week::midnight(day, app.zone).timestamp_millis();
        let mut not = part.not;
        let test = match &part.clause {
            Clause::Word(word) => Test::Word(word.clone()),
            Clause::Severity(labels) => {
                let mut names: Vec<Option<String>> = Vec::new();
                if labels.iter().any(Option::is_some) {
                    let levels = match &known {
                        Some((version, levels)) => {
                            filter.levels = Some(*version);
                            Arc::clone(levels)
                        }
                        None => app.levels.read(connection).await?.1,
                    };
                    names.extend(labels.iter().flatten().flat_map(|label| levels.names(label)).map(Some));
                }
                names.extend(labels.contains(&None).then_some(None));
                names.sort_unstable();
                names.dedup();
                Test::Severity(names)
            }
            Clause::State(states) => Test::State(states.clone()),
            Clause::Owner(people) => {
                let known = if people.iter().any(|person| matches!(person, Person::Named(_))) {
                    store::names::people(connection).await?
                } else {
                    Vec::new()
                };
                let mut ids = Vec::new();
                for person in people {
                    match person {
                        Person::Nobody => ids.push(None),
                        // The local operator is nobody's account and owns nothing.
                        Person::Me => ids.push(Some(actor.account_id.unwrap_or(Uuid::nil()))),
                        Person::Named(name) => ids.extend(named(&known, name, "owner", part.at)?.into_iter().map(Some)),
                    }
                }
                Test::Owner(ids)
            }
            Clause::Service(names) => {
                let keys: Vec<String> = names.iter().map(|name| query_fold(name)).collect();
                let mut ids = all_called(&keys, store::names::services_called(connection, &keys).await?);
                if ids.is_empty() {
                    let known = store::names::services(connection).await?;
                    for name in names {
                        ids.extend(named(&known, name, "service", part.at)?);
                    }
                }
                Test::Service(ids)
            }
            Clause::Team(names) => {
                let of_teams: Vec<&str> = names
                    .iter()
                    .filter_map(|name| match name {
                        Answering::Team(name) => Some(name.as_str()),
                        Answering::Nobody | Answering::Unsettled => None,
                    })
                    .collect();
                let keys: Vec<String> = of_teams.iter().map(|name| query_fold(name)).collect();
                let called =
                    if keys.is_empty() { Vec::new() } else { store::names::teams_called(connection, &keys).await? };
                let mut ids: Vec<Answerer> = all_called(&keys, called).into_iter().map(Answerer::Team).collect();
                if ids.is_empty() && !keys.is_empty() {
                    let known = store::names::teams(connection).await?;
                    for name in of_teams {
                        ids.extend(named(&known, name, "team", part.at)?.into_iter().map(Answerer::Team));
                    }
                }
                ids.extend(names.contains(&Answering::Nobody).then_some(Answerer::Nobody));
                ids.extend(names.contains(&Answering::Unsettled).then_some(Answerer::Unsettled));
                Test::Team(ids)
            }
            Clause::Tag(tags) => Test::Tag(tags.clone()),
            Clause::Week(weeks) => Test::Week(weeks.clone()),
            Clause::Period(periods) => {
                let mut spans = Vec::with_capacity(periods.len());
                for period in periods {
                    let until = period.to.succ_opt().map_or(i64::MAX, midnight);
                    spans.push((midnight(period.from), until));
                }
                counted(connection, &spans).await?
            }
            Clause::From(day) => Test::Began(Some(midnight(*day)), None),
            Clause::To(day) => Test::Began(None, day.succ_opt().map(midnight)),
            Clause::Cause(causes) => Test::Cause(causes.clone()),
            Clause::Kind(kinds) => Test::Kind(kinds.clone()),
            Clause::Detection(ways) => Test::Detection(ways.clone()),
            Clause::Ongoing(yes) => {
                not ^= !yes;
                Test::Ongoing
            }
            Clause::Overdue(yes) => {
                not ^= !yes;
                Test::Overdue(app.today())
            }
            Clause::Has(things) => Test::Has(things.clone()),
            Clause::Number(ranges) => Test::Number(ranges.clone()),
        };
        filter.parts.push(FilterPart { not, test });
    }
    Ok(filter)
}

/// The condition of counted periods. Where nothing without a beginning was logged in the only one, the beginning says it
/// all, and the walk ends where the period does.
async fn counted(connection: &impl ConnectionTrait, spans: &[(i64, i64)]) -> Result<Test, ServiceError> {
    if let [(from, until)] = spans
        && !store::event_list::any_undated(connection, *from, *until).await?
    {
        return Ok(Test::Began(Some(*from), Some(*until)));
    }
    Ok(Test::Counted(spans.to_vec()))
}

/// Who bears these folded names; nothing unless each is somebody's.
fn all_called(keys: &[String], called: Vec<(Uuid, String)>) -> Vec<Uuid> {
    if keys.iter().all(|key| called.iter().any(|(_, name)| name == key)) {
        called.into_iter().map(|(id, _)| id).collect()
    } else {
        Vec::new()
    }
}

/// Whoever bears the name; where nobody does, all whose names hold it.
fn named(known: &[Named], name: &str, key: &'static str, at: usize) -> Result<Vec<Uuid>, QueryError> {
    let sought = query_fold(name);
    let exact: Vec<Uuid> = known.iter().filter(|one| one.keys.contains(&sought)).map(|one| one.id).collect();
    if !exact.is_empty() {
        return Ok(exact);
    }
    let like: Vec<Uuid> = known
        .iter()
        .filter(|one| one.keys.iter().any(|key| key.contains(&sought)))
        .map(|one| one.id)
        .take(50)
        .collect();
    if like.is_empty() {
        return Err(QueryError { at, problem: QueryProblem::NoSuchName { key, value: name.to_owned() } });
    }
    Ok(like)
}

/// An event like another one.
#[derive(Debug, Clone)]
pub struct SimilarEvent {
    /// What a list shows of it.
    pub event: ListedEvent,
    /// How alike the sentences are, 0 to 100.
    pub likeness: u32,
    /// They affected a service of both.
    pub same_service: bool,
    /// Their causes are of one category.
    pub same_cause: bool,
}

/// Of how many events of each kind the most alike are chosen.
const CANDIDATES: u64 = 60;

/// 类似事件: earlier events with the same service, the same category of cause or a sentence like this one's, the most
/// alike first. At most `limit`; looks at a bounded number of events, whatever their number.
pub async fn similar(
    app: &App,
    actor: &Actor,
    event: &ProductionEvent,
    limit: usize,
) -> Result<Vec<SimilarEvent>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let fields = &event.fields;
    let sought = fields.summary.as_deref().unwrap_or(&fields.narrative);
    let services: Vec<Uuid> = fields.services.iter().map(|service| service.service_id).collect();
    let mut ways: Vec<Vec<Test>> = Vec::new();
    if !services.is_empty() {
        ways.push(vec![Test::Service(services.clone())]);
    }
    if let Some(cause) = fields.cause_category.as_ref().filter(|cause| *cause != "unknown") {
        ways.push(vec![Test::Cause(vec![Some(cause.clone())])]);
    }
    for words in telling_words(sought) {
        ways.push(words.into_iter().map(Test::Word).collect());
    }
    let before = |test: Test| FilterPart { not: false, test };
    let mut found: std::collections::BTreeMap<i64, (ListedEvent, bool, bool)> = std::collections::BTreeMap::new();
    for tests in ways {
        let of_service = tests.iter().any(|test| matches!(test, Test::Service(_)));
        let of_cause = tests.iter().any(|test| matches!(test, Test::Cause(_)));
        let parts = tests.into_iter().map(before).collect();
        let mut filter = EventFilter { parts, sight: Sight::of(actor), levels: None };
        filter.parts.push(FilterPart { not: true, test: Test::Number(vec![(event.number, event.number)]) });
        for one in store::event_list::page(connection, &filter, EventOrder::Newest, None, CANDIDATES).await? {
            let entry = found.entry(one.order_key).or_insert((one, false, false));
            entry.1 |= of_service;
            entry.2 |= of_cause;
        }
    }
    let mut similar: Vec<SimilarEvent> = found
        .into_values()
        .map(|(one, same_service, same_cause)| {
            let likeness = (text::likeness(&title_of(sought), &title_of(&one.text)) * 100.0).round();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
            SimilarEvent { event: one, likeness: likeness as u32, same_service, same_cause }
        })
        // A category of causes alone makes no two events alike.
        .filter(|one| one.likeness >= 30 || one.same_service && (one.same_cause || one.likeness >= 10))
        .collect();
    let weight = |one: &SimilarEvent| one.likeness + 30 * u32::from(one.same_service) + 15 * u32::from(one.same_cause);
    similar.sort_by_key(|one| (std::cmp::Reverse(weight(one)), std::cmp::Reverse(one.event.order_key)));
    similar.truncate(limit);
    Ok(similar)
}

/// Pairs of words of two characters that a sentence like this one has: its beginning and what comes behind, a few.
fn telling_words(sentence: &str) -> Vec<Vec<String>> {
    let folded = query_fold(&title_of(sentence));
    let letters: Vec<char> = folded.chars().collect();
    let pairs: Vec<String> = letters
        .windows(2)
        .filter(|pair| pair.iter().all(|c| c.is_alphanumeric()) && !pair.iter().all(char::is_ascii_digit))
        .map(|pair| pair.iter().collect())
        .collect();
    let step = (pairs.len() / 6).max(1);
    let chosen: Vec<&String> = pairs.iter().step_by(step).take(7).collect();
    chosen.windows(2).map(|two| two.iter().map(|word| (*word).clone()).collect()).collect()
}

/// Events in one transaction of the indexing.
const PART: u64 = 500;

/// Makes documents for events that were there before the search, in parts; answers how many parts there were. Where it
/// is broken off, it goes on from there. `parts` is the most of them.
pub async fn index_old(app: &App, parts: usize) -> Result<usize, ServiceError> {
    for done in 0..parts {
        let Some(from) = store::search::progress(app.store.read()).await? else { return Ok(done) };
        let task = app.clone();
        retried(move || {
            let app = task.clone();
            async move {
                let tx = app.store.begin().await?;
                let next = store::search::reindex_part(&tx, from, PART).await?;
                store::search::set_progress(&tx, next).await?;
                tx.commit().await?;
                Ok(())
            }
        })
        .await?;
    }
    Ok(parts)
}

/// Makes all documents anew.
pub async fn index_all(app: &App, actor: &Actor) -> Result<(), ServiceError> {
    authorise(actor, Permission::ManageAccounts)?;
    let task = app.clone();
    retried(move || {
        let app = task.clone();
        async move {
            let tx = app.store.begin().await?;
            store::search::set_progress(&tx, Some(0)).await?;
            tx.commit().await?;
            Ok(())
        }
    })
    .await?;
    index_old(app, usize::MAX).await?;
    Ok(())
}

/// The services of these names; each must be that of exactly one.
pub async fn services_named(app: &App, actor: &Actor, names: &[String]) -> Result<Vec<Uuid>, ServiceError> {
    authorise(actor, Permission::Read)?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let known = store::names::services(app.store.read()).await?;
    names.iter().map(|name| one_named(&known, name, "services")).collect()
}

/// The account of a name, an e-mail address, an id, `me` or `none`.
pub async fn person_named(app: &App, actor: &Actor, name: &str) -> Result<Option<Uuid>, ServiceError> {
    authorise(actor, Permission::Read)?;
    match name.trim() {
        "none" | "-" | "无" => Ok(None),
        "me" | "我" if actor.account_id.is_some() => Ok(actor.account_id),
        name => {
            let known = store::names::people(app.store.read()).await?;
            if let Some(one) = name.parse::<Uuid>().ok().and_then(|id| known.iter().find(|one| one.id == id)) {
                return Ok(Some(one.id));
            }
            one_named(&known, name, "owner").map(Some)
        }
    }
}

fn one_named(known: &[Named], name: &str, field: &'static str) -> Result<Uuid, ServiceError> {
    let sought = query_fold(name);
    let mut found = known.iter().filter(|one| one.keys.contains(&sought));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.id),
        (Some(_), Some(_)) => Err(FieldError::shape(field, format!("“{name}” names several; write the e-mail")).into()),
        (None, _) => Err(FieldError::shape(field, format!("there is no “{name}”; check the name")).into()),
    }
}

/// The names of services, for a form to choose from.
pub async fn services(app: &App, actor: &Actor) -> Result<Vec<Named>, ServiceError> {
    authorise(actor, Permission::Read)?;
    Ok(store::names::services(app.store.read()).await?)
}
