//! What events are filtered by, in the full-text index: which pieces an event has, and which ones a filter asks for.
//! Whoever writes a row that is read here calls [`super::search::reindex`].

use std::collections::HashMap;

use entity::{affected_service, event, postmortem, responsibility};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{
    StoreError,
    event_list::{Answerer, EventFilter, Test},
};
use crate::domain::{
    event::ProductionEvent,
    event_record::{Detection, EventKind, FundLoss},
    iso_week::IsoWeek,
    postmortem::{POSTMORTEM_STATES, PostmortemState},
    query::Has,
    search_facets::Facet,
};

/// The most weeks that are asked for one by one.
const WEEKS: usize = 60;

/// The pieces that a filter asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facets {
    /// One of each must be there.
    pub all: Vec<Vec<String>>,
    /// None of these may be there.
    pub none: Vec<String>,
}

impl Facets {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.none.is_empty()
    }
}

/// The pieces of a new event.
pub(super) fn of_new(event: &ProductionEvent) -> Vec<String> {
    let fields = &event.fields;
    let row = OwnFacets {
        severity: fields.severity.as_deref(),
        week: Some(event.week),
        cause: fields.cause_category.as_deref(),
        kind: fields.kind,
        detection: fields.detection,
        ongoing: fields.recovered.is_none(),
        loss: fields.loss,
        change: fields.change_link.is_some(),
    };
    let mut facets = row.facets();
    facets.extend([Facet::State(event.postmortem.state), Facet::Owner(event.postmortem.owner_id)]);
    facets.extend(fields.services.iter().map(|service| Facet::Service(service.service_id)));
    facets.extend(fields.tags.iter().map(|tag| Facet::Tag(tag)));
    if fields.responsibility.is_empty() {
        facets.push(Facet::Team(None));
    }
    facets.extend(fields.responsibility.iter().map(|part| Facet::Team(Some(part.team_id))));
    let has = [
        (Has::Services, fields.services.is_empty()),
        (Has::Tags, fields.tags.is_empty()),
        (Has::Links, fields.links.is_empty()),
        (Has::Responsibility, fields.responsibility.is_empty()),
    ];
    facets.extend(has.into_iter().filter(|(_, none)| !none).map(|(has, _)| Facet::Has(has)));
    facets.into_iter().map(Facet::piece).collect()
}

/// What stands in the event's own row.
struct OwnFacets<'a> {
    severity: Option<&'a str>,
    week: Option<IsoWeek>,
    cause: Option<&'a str>,
    kind: EventKind,
    detection: Option<Detection>,
    ongoing: bool,
    loss: FundLoss,
    change: bool,
}

impl<'a> OwnFacets<'a> {
    fn facets(&self) -> Vec<Facet<'a>> {
        let mut facets = vec![
            Facet::Severity(self.severity),
            Facet::Cause(self.cause),
            Facet::Kind(self.kind),
            Facet::Detection(self.detection),
        ];
        facets.extend(self.week.map(Facet::Week));
        facets.extend(self.ongoing.then_some(Facet::Ongoing));
        facets.extend((self.loss.actual.or(self.loss.expected).unwrap_or(0) > 0).then_some(Facet::Has(Has::Loss)));
        facets.extend(self.change.then_some(Facet::Has(Has::Change)));
        facets
    }
}

#[derive(FromQueryResult)]
struct EventRow {
    id: Uuid,
    severity: Option<String>,
    report_week: String,
    cause_category: Option<String>,
    kind: String,
    detection: Option<String>,
    recovered_at: Option<i64>,
    loss_expected: Option<i64>,
    loss_actual: Option<i64>,
    change_link: Option<String>,
}

/// The pieces of stored events (at most a thousand), but for those of tags, links, action items and timelines, whose rows
/// the search reads for their words.
pub(super) async fn of_events(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<String>>, StoreError> {
    let named = || ids.iter().copied();
    let mut found: HashMap<Uuid, Vec<String>> = HashMap::new();
    let events = event::Entity::find()
        .select_only()
        .columns([
            event::Column::Id,
            event::Column::Severity,
            event::Column::ReportWeek,
            event::Column::CauseCategory,
            event::Column::Kind,
            event::Column::Detection,
            event::Column::RecoveredAt,
            event::Column::LossExpected,
            event::Column::LossActual,
            event::Column::ChangeLink,
        ])
        .filter(event::Column::Id.is_in(named()))
        .into_model::<EventRow>()
        .all(connection)
        .await?;
    for row in &events {
        let own = OwnFacets {
            severity: row.severity.as_deref(),
            week: row.report_week.parse().ok(),
            cause: row.cause_category.as_deref(),
            kind: EventKind::from_code(&row.kind).unwrap_or_default(),
            detection: row.detection.as_deref().and_then(Detection::from_code),
            ongoing: row.recovered_at.is_none(),
            loss: FundLoss { expected: row.loss_expected, actual: row.loss_actual, recovered: None },
            change: row.change_link.is_some(),
        };
        found.insert(row.id, own.facets().into_iter().map(Facet::piece).collect());
    }
    let mut add = |id: Uuid, facet: Facet<'_>| found.entry(id).or_default().push(facet.piece());
    let postmortems: Vec<(Uuid, String, Option<Uuid>)> = postmortem::Entity::find()
        .select_only()
        .columns([postmortem::Column::EventId, postmortem::Column::State, postmortem::Column::OwnerId])
        .filter(postmortem::Column::EventId.is_in(named()))
        .into_tuple()
        .all(connection)
        .await?;
    for (id, state, owner) in postmortems {
        add(id, Facet::Owner(owner));
        if let Some(state) = PostmortemState::from_code(&state) {
            add(id, Facet::State(state));
        }
    }
    let services: Vec<(Uuid, Uuid)> = affected_service::Entity::find()
        .select_only()
        .columns([affected_service::Column::EventId, affected_service::Column::ServiceId])
        .filter(affected_service::Column::EventId.is_in(named()))
        .into_tuple()
        .all(connection)
        .await?;
    for (id, service) in services {
        add(id, Facet::Service(service));
        add(id, Facet::Has(Has::Services));
    }
    let teams: Vec<(Uuid, Uuid)> = responsibility::Entity::find()
        .select_only()
        .columns([responsibility::Column::EventId, responsibility::Column::TeamId])
        .filter(responsibility::Column::EventId.is_in(named()))
        .into_tuple()
        .all(connection)
        .await?;
    let mut answered = std::collections::BTreeSet::new();
    for (id, team) in teams {
        add(id, Facet::Team(Some(team)));
        add(id, Facet::Has(Has::Responsibility));
        answered.insert(id);
    }
    for row in events.iter().filter(|row| !answered.contains(&row.id)) {
        add(row.id, Facet::Team(None));
    }
    Ok(found)
}

/// The pieces that a filter asks for: no event that it lets through lacks them, but not every event that has them is let
/// through.
pub(super) fn asked(filter: &EventFilter) -> Facets {
    let mut facets = Facets::default();
    for part in &filter.parts {
        let (any, exact) = pieces(&part.test);
        if part.not && exact {
            facets.none.extend(any);
        } else if !part.not && !any.is_empty() {
            facets.all.push(any);
        }
    }
    facets
}

/// The pieces one of which an event has that passes the test, none where there are no such ones; and whether every event
/// that has one passes.
fn pieces(test: &Test) -> (Vec<String>, bool) {
    let states = |states: &mut dyn Iterator<Item = PostmortemState>| -> Vec<String> {
        states.map(|state| Facet::State(state).piece()).collect()
    };
    match test {
        Test::Severity(labels) => (labels.iter().map(|one| Facet::Severity(one.as_deref()).piece()).collect(), true),
        // Those of "owed" leave drills out as well.
        Test::State(some) => (states(&mut some.iter().copied()), some.len() == 1),
        Test::Owner(ids) => (ids.iter().map(|id| Facet::Owner(*id).piece()).collect(), true),
        Test::Service(ids) => (ids.iter().map(|id| Facet::Service(*id).piece()).collect(), true),
        // Who is unsettled is a sum of shares, which is in no piece.
        Test::Team(ids) if ids.contains(&Answerer::Unsettled) => (Vec::new(), false),
        Test::Team(ids) => (ids.iter().map(|id| Facet::Team(id.team()).piece()).collect(), true),
        Test::Tag(tags) => (tags.iter().map(|tag| Facet::Tag(tag).piece()).collect(), true),
        Test::Week(ranges) => (weeks(ranges), true),
        Test::Cause(causes) => (causes.iter().map(|one| Facet::Cause(one.as_deref()).piece()).collect(), true),
        Test::Kind(kinds) => (kinds.iter().map(|kind| Facet::Kind(*kind).piece()).collect(), true),
        Test::Detection(ways) => (ways.iter().map(|way| Facet::Detection(*way).piece()).collect(), true),
        Test::Ongoing => (vec![Facet::Ongoing.piece()], true),
        Test::Overdue(_) => (states(&mut POSTMORTEM_STATES.into_iter().filter(|state| state.is_owed())), false),
        Test::Has(things) => (
            things.iter().map(|has| Facet::Has(*has).piece()).collect(),
            // Which action items are open is not in the index.
            !things.contains(&Has::OpenActions),
        ),
        Test::Word(_) | Test::Began(..) | Test::Counted(_) | Test::Number(_) => (Vec::new(), false),
    }
}

/// The weeks of ranges one by one; none where they are too many.
fn weeks(ranges: &[(IsoWeek, IsoWeek)]) -> Vec<String> {
    let mut pieces = Vec::new();
    for (from, to) in ranges {
        let mut week = *from;
        while week <= *to {
            if pieces.len() == WEEKS {
                return Vec::new();
            }
            pieces.push(Facet::Week(week).piece());
            week = week.next();
        }
    }
    pieces
}
