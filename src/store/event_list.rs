//! Pages of events: filters, the search, and what a list shows of an event, in one query.
//!
//! Every page ends a walk along one index: the order key stands beside everything that filters. The first value list of
//! a filter is walked value by value, so that no page sorts more than it shows.

mod conditions;
mod found;

use chrono::NaiveDate;
use sea_orm::{
    ConnectionTrait, DatabaseBackend,
    sea_query::{
        Alias, Asterisk, Condition, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, SimpleExpr, UnionType,
    },
};
use uuid::Uuid;

use self::{
    conditions::{are_owed, restrict},
    found::{Found, Row, Whole, listed},
};
use super::{
    StoreError, events,
    search::{self, Place, SoughtWord},
    search_facets::{self, Facets},
};
use crate::domain::{
    clock_point::ClockPoint,
    event::ProductionEvent,
    event_record::{Detection, EventKind},
    iso_week::IsoWeek,
    postmortem::PostmortemState,
    query::Has,
    visibility::Sight,
};

/// Which events a list shows.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Conditions, all of which hold.
    pub parts: Vec<FilterPart>,
    /// Whose eyes look: what they do not see is not there.
    pub sight: Sight,
    /// The version of the policy of levels (0 for the default) whose names stand among the conditions, where they come from
    /// memory: under another version nothing is found.
    pub levels: Option<i64>,
}

/// A condition.
#[derive(Debug, Clone)]
pub struct FilterPart {
    /// It must not hold.
    pub not: bool,
    /// What it says.
    pub test: Test,
}

/// What a condition says; `None` among values is "not set".
#[derive(Debug, Clone)]
pub enum Test {
    /// A folded word stands in the event's texts.
    Word(String),
    /// Labels.
    Severity(Vec<Option<String>>),
    /// States of the postmortem.
    State(Vec<PostmortemState>),
    /// Owners of the postmortem.
    Owner(Vec<Option<Uuid>>),
    /// Services.
    Service(Vec<Uuid>),
    /// Teams that answer for it.
    Team(Vec<Answerer>),
    /// Tags.
    Tag(Vec<String>),
    /// Weeks of the report, from and to.
    Week(Vec<(IsoWeek, IsoWeek)>),
    /// Counted at or after, and before, in milliseconds of whole seconds: by the beginning, else by being logged.
    Counted(Vec<(i64, i64)>),
    /// Began at or after, and before, in milliseconds of whole seconds.
    Began(Option<i64>, Option<i64>),
    /// Categories of the cause.
    Cause(Vec<Option<String>>),
    /// Kinds.
    Kind(Vec<EventKind>),
    /// Ways of detection.
    Detection(Vec<Option<Detection>>),
    /// Without recovery.
    Ongoing,
    /// Postmortem owed and due before this day.
    Overdue(NaiveDate),
    /// Things it has.
    Has(Vec<Has>),
    /// Numbers, from and to.
    Number(Vec<(i64, i64)>),
}

/// Who answers for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// No team at all.
    Nobody,
    /// No team for a part of it, or for all of it.
    Unsettled,
    /// This team.
    Team(Uuid),
}

impl Answerer {
    pub(super) const fn team(self) -> Option<Uuid> {
        match self {
            Self::Team(id) => Some(id),
            Self::Nobody | Self::Unsettled => None,
        }
    }
}

/// In which order a page shows events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOrder {
    /// Events with all words in their title first, then the others, each the latest beginning first.
    Relevance,
    /// The latest beginning first; events without a beginning come last.
    Newest,
    /// The other way round.
    Oldest,
}

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor {
    /// 0 among events with the words in their title, 1 among the others.
    pub group: u8,
    /// Behind the event with this order key.
    pub order_key: i64,
}

/// What a list shows of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEvent {
    /// UUIDv7.
    pub id: Uuid,
    /// 22 of PE-22.
    pub number: i64,
    /// Optimistic lock.
    pub version: i64,
    /// Its place in lists.
    pub order_key: i64,
    /// 0 where the words stand in its title, 1 elsewhere.
    pub group: u8,
    /// 发生.
    pub occurred: Option<ClockPoint>,
    /// 恢复.
    pub recovered: Option<ClockPoint>,
    /// Label; none is 未定级.
    pub severity: Option<String>,
    /// The symptom, else the sentence; at most 2,000 characters.
    pub text: String,
    /// The impact, at most 500 characters.
    pub impact: Option<String>,
    /// What it is to the figures.
    pub kind: EventKind,
    /// Only some people see it.
    pub restricted: bool,
    /// Where the postmortem stands.
    pub state: PostmortemState,
    /// Owner of the postmortem.
    pub owner_id: Option<Uuid>,
    /// Due date of the postmortem.
    pub due_on: Option<NaiveDate>,
}

/// A page of what lists show.
pub async fn page(
    connection: &impl ConnectionTrait,
    filter: &EventFilter,
    order: EventOrder,
    after: Option<EventCursor>,
    limit: u64,
) -> Result<Vec<ListedEvent>, StoreError> {
    let rows: Vec<(u8, Row)> = walk_groups(connection, filter, order, after, limit).await?;
    rows.into_iter().map(|(group, row)| listed(group, row)).collect()
}

/// A page of whole events, each with its place.
pub async fn whole(
    connection: &impl ConnectionTrait,
    filter: &EventFilter,
    order: EventOrder,
    after: Option<EventCursor>,
    limit: u64,
) -> Result<Vec<(ProductionEvent, EventCursor)>, StoreError> {
    let rows: Vec<(u8, Whole)> = walk_groups(connection, filter, order, after, limit).await?;
    let cursors: Vec<EventCursor> =
        rows.iter().map(|(group, row)| EventCursor { group: *group, order_key: row.event.order_key }).collect();
    let rows = rows.into_iter().map(|(_, row)| (row.event, row.postmortem)).collect();
    Ok(events::whole(connection, rows).await?.into_iter().zip(cursors).collect())
}

async fn walk_groups<F: Found>(
    connection: &impl ConnectionTrait,
    filter: &EventFilter,
    order: EventOrder,
    after: Option<EventCursor>,
    limit: u64,
) -> Result<Vec<(u8, F)>, StoreError> {
    let words = words(filter);
    if order != EventOrder::Relevance || words.iter().all(|word| word.not) {
        let newest = if order == EventOrder::Relevance { EventOrder::Newest } else { order };
        let found = walk(connection, filter, newest, Place::Anywhere, after.map(|cursor| cursor.order_key), limit);
        return Ok(found.await?.into_iter().map(|row| (0, row)).collect());
    }
    let mut rows = Vec::new();
    for (group, place) in [(0, Place::Title), (1, Place::NotTitle)] {
        let left = limit.saturating_sub(rows.len() as u64);
        if left == 0 || after.is_some_and(|cursor| cursor.group > group) {
            continue;
        }
        let from = after.filter(|cursor| cursor.group == group).map(|cursor| cursor.order_key);
        let found: Vec<F> = walk(connection, filter, EventOrder::Newest, place, from, left).await?;
        rows.extend(found.into_iter().map(|row| (group, row)));
    }
    Ok(rows)
}

fn words(filter: &EventFilter) -> Vec<SoughtWord> {
    let sought = filter.parts.iter().filter_map(|part| match &part.test {
        Test::Word(text) => Some(SoughtWord { text: text.clone(), not: part.not }),
        _ => None,
    });
    sought.collect()
}

/// The table and column that a walk follows, one value at a time; `None` is no value.
struct Way {
    table: &'static str,
    column: &'static str,
    values: Vec<Option<SimpleExpr>>,
    /// The condition that it fulfils; none where the condition is still to be looked at.
    part: Option<usize>,
    /// Few events of a million go this way.
    narrow: bool,
}

/// A range of numbers of at most this many events is looked through whole.
const FEW: i64 = 3_000;

/// The best way: the rarest kind of condition first. Conditions that no index serves, and lists of many values, are
/// left to be looked at on the way.
fn way(filter: &EventFilter) -> Option<Way> {
    let text = |value: &Option<String>| value.as_ref().map(|value| Expr::val(value.as_str()));
    let mut best: Option<(u8, Way)> = None;
    for (at, part) in filter.parts.iter().enumerate() {
        // Turned round a condition leaves nearly all events.
        if part.not {
            continue;
        }
        let (rank, table, column, values): (u8, _, _, Vec<Option<SimpleExpr>>) = match &part.test {
            Test::Tag(tags) => (0, "event_tag", "tag", tags.iter().map(|tag| Some(Expr::val(tag.as_str()))).collect()),
            Test::Service(ids) => {
                (1, "affected_service", "service_id", ids.iter().map(|id| Some(Expr::val(*id))).collect())
            }
            Test::Owner(ids) => (2, "postmortem", "owner_id", ids.iter().map(|id| id.map(Expr::val)).collect()),
            // No team is no row.
            Test::Team(teams) if teams.iter().all(|team| team.team().is_some()) => {
                (3, "responsibility", "team_id", teams.iter().map(|team| team.team().map(Expr::val)).collect())
            }
            Test::Week(weeks) if weeks.iter().all(|(from, to)| from == to) => {
                (4, "event", "report_week", weeks.iter().map(|(week, _)| Some(Expr::val(week.to_string()))).collect())
            }
            Test::State(states) => {
                (5, "postmortem", "state", states.iter().map(|state| Some(Expr::val(state.code()))).collect())
            }
            Test::Overdue(_) => (
                6,
                "postmortem",
                "state",
                ["pending", "drafting", "in_review"].map(|code| Some(Expr::val(code))).to_vec(),
            ),
            Test::Kind(kinds) if !kinds.contains(&EventKind::Normal) => {
                (7, "event", "kind", kinds.iter().map(|kind| Some(Expr::val(kind.code()))).collect())
            }
            Test::Ongoing => (8, "event", "recovered_at", vec![None]),
            Test::Severity(labels) => (9, "event", "severity", labels.iter().map(text).collect()),
            Test::Cause(causes) => (10, "event", "cause_category", causes.iter().map(text).collect()),
            Test::Detection(ways) => {
                let code = |way: &Option<Detection>| way.map(|way| Expr::val(way.code()));
                (11, "event", "detection", ways.iter().map(code).collect())
            }
            _ => continue,
        };
        // A level has several names.
        let most = if matches!(part.test, Test::Severity(_)) { 24 } else { 8 };
        if values.is_empty() || values.len() > most {
            continue;
        }
        if best.as_ref().is_none_or(|(have, _)| rank < *have) {
            let again = match &part.test {
                Test::Overdue(_) => true,
                Test::State(states) => are_owed(states),
                _ => false,
            };
            let part = (!again).then_some(at);
            best = Some((rank, Way { table, column, values, part, narrow: rank <= 8 && rank != 5 }));
        }
    }
    best.map(|(_, way)| way)
}

/// Whether the filter asks for few events by their numbers.
fn by_number(filter: &EventFilter) -> bool {
    let few = |(from, to): &(i64, i64)| to.saturating_sub(*from) < FEW;
    let mut numbers = filter.parts.iter().filter(|part| !part.not);
    numbers.any(|part| matches!(&part.test, Test::Number(ranges) if ranges.len() <= 8 && ranges.iter().all(few)))
}

async fn walk<F: Found>(
    connection: &impl ConnectionTrait,
    filter: &EventFilter,
    order: EventOrder,
    place: Place,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<F>, StoreError> {
    let backend = connection.get_database_backend();
    let words = words(filter);
    let page = Page { filter, order, after, limit };
    if by_number(filter) {
        return rows(connection, &select::<F>(backend, &page, &Start::Numbers(&words, place))).await;
    }
    let way = way(filter);
    let sought = words.iter().any(|word| !word.not);
    let facets = search_facets::asked(filter);
    // Filters that are each frequent may share no event: SQLite walks along all of them at once, in order; the others
    // would gather what they share and sort it.
    let together = !sought && backend == DatabaseBackend::Sqlite && facets.all.len() > 1;
    if together || sought && !facets.is_empty() {
        let words = Start::Words(&words, place, &facets);
        let found = rows(connection, &select::<F>(backend, &page, &words)).await?;
        // Nothing is found that way before all documents are written anew: old ones lack the pieces of filters.
        if !found.is_empty() || search::progress(connection).await?.is_none() {
            return Ok(found);
        }
    }
    if sought {
        // A word may be frequent, and another condition rare: then the texts of the rare events are looked at.
        let rare = match &way {
            Some(way) if way.narrow => is_rare(connection, way).await?,
            _ => false,
        };
        if !rare {
            let words = Start::Words(&words, place, &Facets::default());
            return rows(connection, &select::<F>(backend, &page, &words)).await;
        }
    }
    let Some(way) = way else {
        return rows(connection, &select::<F>(backend, &page, &Start::All(&words))).await;
    };
    // Values are few, and each asks for a page at most.
    let mut found: Vec<F> = rows(connection, &select_ways::<F>(backend, &page, &way, &words, place)).await?;
    if way.values.len() > 1 {
        if order == EventOrder::Oldest {
            found.sort_by_key(Found::order_key);
        } else {
            found.sort_by_key(|row| std::cmp::Reverse(row.order_key()));
        }
        found.dedup_by_key(|row| row.order_key());
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(found)
}

/// Whether an event without a beginning was logged at or after `from` and before `until`, in milliseconds.
pub async fn any_undated(connection: &impl ConnectionTrait, from: i64, until: i64) -> Result<bool, StoreError> {
    let column = |name: &'static str| Expr::col(("event", name));
    let mut one = Query::select();
    one.expr_as(Expr::val(1), Alias::new("one")).from("event").limit(1);
    // Their keys are the least: few are looked at.
    one.and_where(column("order_key").lt(events::order_key_from(i64::MIN)));
    one.and_where(column("created_at").gte(from)).and_where(column("created_at").lt(until));
    Ok(connection.query_one(&one).await?.is_some())
}

/// Whether few events go this way: counted as far as that.
async fn is_rare(connection: &impl ConnectionTrait, way: &Way) -> Result<bool, StoreError> {
    let mut rows = Query::select();
    rows.expr_as(Expr::val(1), Alias::new("one")).from(way.table).limit(u64::try_from(FEW).unwrap_or(0) + 1);
    rows.cond_where(way.values.iter().fold(Condition::any(), |any, value| any.add(is(way, value.as_ref()))));
    let mut count = Query::select();
    count.expr_as(Expr::cust("count(*)"), Alias::new("n")).from_subquery(rows, Alias::new("found"));
    let row = connection.query_one(&count).await?;
    let counted: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(counted <= FEW)
}

fn is(way: &Way, value: Option<&SimpleExpr>) -> SimpleExpr {
    let column = Expr::col((way.table, way.column));
    match value {
        Some(value) => column.eq(value.clone()),
        None => column.is_null(),
    }
}

async fn rows<F: Found>(connection: &impl ConnectionTrait, select: &SelectStatement) -> Result<Vec<F>, StoreError> {
    let statement = connection.get_database_backend().build(select);
    Ok(F::find_by_statement(statement).all(connection).await?)
}

/// The walks of all values of a way in one statement, one behind the other: each ends at its own page, and the page is cut
/// from what they found together. Put in order by the database, each would be sorted once more.
fn select_ways<F: Found>(
    backend: DatabaseBackend,
    page: &Page<'_>,
    way: &Way,
    words: &[SoughtWord],
    place: Place,
) -> SelectStatement {
    let mut walks =
        way.values.iter().map(|value| select::<F>(backend, page, &Start::Way(way, value.as_ref(), words, place)));
    let first = walks.next().unwrap_or_default();
    if way.values.len() < 2 {
        return first;
    }
    // Its order and its limit are the walk's own only inside a subquery, on every database.
    let whole = |walk: SelectStatement, at: usize| {
        let mut whole = Query::select();
        whole.column(Asterisk).from_subquery(walk, Alias::new(format!("way_{at}")));
        whole
    };
    let mut all = whole(first, 0);
    for (at, walk) in walks.enumerate() {
        all.union(UnionType::All, whole(walk, at + 1));
    }
    all
}

/// Where a walk begins.
enum Start<'a> {
    /// At the index of words and of what events are filtered by.
    Words(&'a [SoughtWord], Place, &'a Facets),
    /// At all events of a value; their words are looked at.
    Way(&'a Way, Option<&'a SimpleExpr>, &'a [SoughtWord], Place),
    /// At the events of a few numbers, which are sorted.
    Numbers(&'a [SoughtWord], Place),
    /// At all events; words that must not be there are looked at.
    All(&'a [SoughtWord]),
}

/// What a walk is for.
struct Page<'a> {
    filter: &'a EventFilter,
    order: EventOrder,
    after: Option<i64>,
    limit: u64,
}

fn select<F: Found>(backend: DatabaseBackend, page: &Page<'_>, start: &Start<'_>) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::cust(F::columns()));
    if let Some(levels) = page.filter.levels {
        let version = "coalesce((SELECT policy.version FROM policy WHERE policy.name = 'severity'), 0)";
        select.and_where(Expr::cust(version).eq(levels));
    }
    let on_event = |table: &'static str, column: &'static str| Expr::col(("event", "id")).equals((table, column));
    let mut with_postmortem = false;
    let mut done = None;
    let key: SimpleExpr;
    match start {
        Start::Words(words, place, facets) => {
            let found = search::found(backend, words, *place, facets);
            if backend == DatabaseBackend::Sqlite {
                key = Expr::cust("search_piece.rowid");
                select.from("search_piece");
                if !found.texts.is_empty() {
                    let of_piece = Expr::cust("search_document.order_key = search_piece.rowid");
                    join(backend, &mut select, "search_document", of_piece);
                }
                join(backend, &mut select, "event", Expr::cust("event.order_key = search_piece.rowid"));
            } else {
                key = Expr::col(("search_document", "order_key"));
                select.from("search_document");
                let on = Expr::col(("event", "order_key")).equals(("search_document", "order_key"));
                join(backend, &mut select, "event", on);
            }
            select.and_where(found.index);
            if !facets.is_empty() {
                select.and_where(search::is_complete());
            }
            for text in found.texts {
                select.and_where(text);
            }
        }
        Start::Way(way, value, words, place) => {
            key = Expr::col((way.table, "order_key"));
            select.from(way.table);
            if way.table != "event" {
                join(backend, &mut select, "event", on_event(way.table, "event_id"));
            }
            with_postmortem = way.table == "postmortem";
            done = way.part;
            select.and_where(is(way, *value));
            with_words(backend, &mut select, words, *place);
        }
        Start::Numbers(words, place) => {
            // Not the column alone: its index would be walked for events of other numbers.
            key = Expr::cust("event.order_key + 0");
            select.from("event");
            with_words(backend, &mut select, words, *place);
        }
        Start::All(words) => {
            key = Expr::col(("event", "order_key"));
            select.from("event");
            with_words(backend, &mut select, words, Place::Anywhere);
        }
    }
    if !with_postmortem {
        join(backend, &mut select, "postmortem", on_event("postmortem", "event_id"));
    }
    select.and_where(Expr::col(("event", "deleted_at")).is_null());
    select.cond_where(events::visible(page.filter.sight));
    for (at, part) in page.filter.parts.iter().enumerate() {
        if Some(at) != done {
            restrict(&mut select, &key, part);
        }
    }
    let direction = if page.order == EventOrder::Oldest { Order::Asc } else { Order::Desc };
    if let Some(after) = page.after {
        let oldest = page.order == EventOrder::Oldest;
        select.and_where(if oldest { key.clone().gt(after) } else { key.clone().lt(after) });
    }
    select.order_by_expr(key, direction).limit(page.limit);
    select
}

/// SQLite takes the tables of a cross join in the order in which they are named; the others choose by statistics.
fn join(backend: DatabaseBackend, select: &mut SelectStatement, table: &'static str, on: SimpleExpr) {
    if backend == DatabaseBackend::Sqlite {
        select.join(JoinType::CrossJoin, table, Condition::all()).and_where(on);
    } else {
        select.join(JoinType::InnerJoin, table, on);
    }
}

/// The words compared with the text alone.
fn with_words(backend: DatabaseBackend, select: &mut SelectStatement, words: &[SoughtWord], place: Place) {
    if words.is_empty() {
        return;
    }
    let on = Expr::col(("search_document", "order_key")).equals(("event", "order_key"));
    join(backend, select, "search_document", on);
    for text in search::in_text(backend, words, place) {
        select.and_where(text);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use entity::event;
    use sea_orm::{IdenStatic as _, Iterable as _, Statement};

    use super::*;
    use crate::store::{Store, migrate};

    #[test]
    fn a_list_reads_only_what_it_shows() {
        let read = event::Column::iter().filter(|column| {
            let name = format!("event.{}", column.as_str());
            Row::columns().split([',', ' ', '(', ')']).any(|word| word == name)
        });
        assert_eq!(read.count(), 14, "{}", Row::columns());
    }

    #[tokio::test]
    async fn every_page_is_a_walk_along_one_index_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("plans.db").display())).await.unwrap();
        migrate::up(&store).await.unwrap();
        let id = || Uuid::nil();
        let week: IsoWeek = "2024-W34".parse().unwrap();
        let word = || Test::Word("提现".to_owned());
        for (tests, index) in [
            (vec![], "uq_event_order"),
            (vec![Test::Began(Some(0), Some(1_000))], "uq_event_order (order_key>? AND order_key<?)"),
            (vec![Test::Severity(vec![Some("C".to_owned())])], "ix_event_severity (severity=?"),
            (vec![Test::Severity(vec![None])], "ix_event_severity (severity=?"),
            (vec![Test::State(vec![PostmortemState::Pending])], "ix_postmortem_order (state=?"),
            (vec![Test::Owner(vec![Some(id())])], "ix_postmortem_owner (owner_id=?"),
            (vec![Test::Service(vec![id()])], "ix_affected_order (service_id=?"),
            (vec![Test::Team(vec![Answerer::Team(id())])], "ix_responsibility_order (team_id=?"),
            (vec![Test::Tag(vec!["大促".to_owned()])], "ix_event_tag_order (tag=?"),
            (vec![Test::Week(vec![(week, week)])], "ix_event_report_week (report_week=?"),
            (vec![Test::Cause(vec![Some("change".to_owned())])], "ix_event_cause (cause_category=?"),
            (vec![Test::Kind(vec![EventKind::Drill])], "ix_event_kind (kind=?"),
            (vec![Test::Detection(vec![Some(Detection::Customer)])], "ix_event_detection (detection=?"),
            (vec![Test::Ongoing], "ix_event_recovered (recovered_at=?"),
            (vec![Test::Overdue(NaiveDate::default())], "ix_postmortem_order (state=?"),
            (
                vec![Test::Service(vec![id()]), Test::State(vec![PostmortemState::Done]), Test::Began(Some(0), None)],
                "ix_affected_order (service_id=? AND order_key>?",
            ),
            (vec![word()], "search_piece VIRTUAL TABLE INDEX"),
            (vec![word(), Test::Severity(vec![Some("C".to_owned())])], "search_piece VIRTUAL TABLE INDEX"),
            (
                vec![Test::Service(vec![id()]), Test::State(vec![PostmortemState::Done]), Test::Severity(vec![None])],
                "search_piece VIRTUAL TABLE INDEX",
            ),
            (vec![Test::Number(vec![(1, 9)]), word()], "uq_event_number (number>? AND number<?)"),
        ] {
            let parts = tests.iter().map(|test| FilterPart { not: false, test: test.clone() }).collect();
            let filter = EventFilter { parts, ..EventFilter::default() };
            let words = words(&filter);
            let facets = search_facets::asked(&filter);
            let by_number = by_number(&filter);
            for order in [EventOrder::Newest, EventOrder::Oldest] {
                let page = Page { filter: &filter, order, after: Some(5), limit: 51 };
                let way = way(&filter);
                let start = match &way {
                    _ if by_number => Start::Numbers(&words, Place::Anywhere),
                    _ if !words.is_empty() || facets.all.len() > 2 => Start::Words(&words, Place::Anywhere, &facets),
                    Some(way) => Start::Way(way, way.values[0].as_ref(), &words, Place::Anywhere),
                    None => Start::All(&words),
                };
                let mut statement: Statement =
                    DatabaseBackend::Sqlite.build(&select::<Row>(DatabaseBackend::Sqlite, &page, &start));
                statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
                let steps = store.read().query_all_raw(statement).await.unwrap();
                let steps: Vec<String> = steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
                assert!(steps[0].contains(index), "{tests:?} {order:?}: {steps:#?}");
                assert!(
                    !steps.iter().any(|step| step.starts_with("SCAN")
                        && !step.contains("VIRTUAL TABLE")
                        && !step.contains("USING INDEX")),
                    "{steps:#?}"
                );
                let sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
                assert_eq!(sorted, by_number, "{tests:?} {order:?}: {steps:#?}");
            }
        }
    }

    #[tokio::test]
    async fn several_values_are_walked_in_one_statement_each_along_its_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("plans.db").display())).await.unwrap();
        migrate::up(&store).await.unwrap();
        let labels = ["C", "P2", "SEV3"].map(|label| Some(label.to_owned())).to_vec();
        let parts = vec![FilterPart { not: false, test: Test::Severity(labels) }];
        let filter = EventFilter { parts, levels: Some(0), ..EventFilter::default() };
        let page = Page { filter: &filter, order: EventOrder::Newest, after: Some(5), limit: 51 };
        let way = way(&filter).unwrap();
        let select = select_ways::<Row>(DatabaseBackend::Sqlite, &page, &way, &[], Place::Anywhere);
        let mut statement: Statement = DatabaseBackend::Sqlite.build(&select);
        statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let steps = store.read().query_all_raw(statement).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        let walks = steps.iter().filter(|step| step.contains("ix_event_severity (severity=? AND order_key<?"));
        assert_eq!(walks.count(), 3, "{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "nothing is sorted: {steps:#?}");
    }
}
