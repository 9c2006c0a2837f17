//! The conditions of a filter as SQL.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};

use super::{Answerer, FilterPart, Test};
use crate::{
    domain::{event_record::EventKind, iso_week::IsoWeek, postmortem::PostmortemState, query::Has},
    store::{events, teams},
};

/// Adds a condition to a walk along `key`.
pub(super) fn restrict(select: &mut SelectStatement, key: &SimpleExpr, part: &FilterPart) {
    let column = |name: &'static str| ("event", name);
    let text = |value: &Option<String>| value.as_ref().map(|value| Expr::val(value.as_str()));
    match &part.test {
        // Done where the walk begins.
        Test::Word(_) => {}
        Test::Severity(labels) => among(select, part.not, column("severity"), labels.iter().map(text)),
        Test::Cause(causes) => among(select, part.not, column("cause_category"), causes.iter().map(text)),
        Test::Detection(ways) => {
            let codes = ways.iter().map(|way| way.map(|way| Expr::val(way.code())));
            among(select, part.not, column("detection"), codes);
        }
        Test::Kind(kinds) => {
            among(select, part.not, column("kind"), kinds.iter().map(|kind| Some(Expr::val(kind.code()))));
        }
        Test::State(states) => {
            let codes = states.iter().map(|state| state.code());
            let mut all = Condition::all().add(Expr::col(("postmortem", "state")).is_in(codes));
            if are_owed(states) {
                all = all.add(counts());
            }
            add(select, part.not, all);
        }
        Test::Owner(ids) => {
            among(select, part.not, ("postmortem", "owner_id"), ids.iter().map(|id| id.map(Expr::val)));
        }
        Test::Service(ids) => {
            let ids: Vec<SimpleExpr> = ids.iter().map(|id| Expr::val(*id)).collect();
            exists(select, part.not, "affected_service", key, Expr::col("service_id").is_in(ids));
        }
        Test::Tag(tags) => {
            let named = Expr::col("tag").is_in(tags.iter().map(String::as_str));
            exists(select, part.not, "event_tag", key, named);
        }
        Test::Team(teams) => {
            let named: Vec<SimpleExpr> = teams.iter().filter_map(|team| team.team().map(Expr::val)).collect();
            let mut any = Condition::any();
            if !named.is_empty() {
                any = any.add(hangs_on("responsibility", Some(Expr::col("team_id").is_in(named))));
            }
            if teams.contains(&Answerer::Nobody) {
                any = any.add(hangs_on("responsibility", None).not());
            }
            if teams.contains(&Answerer::Unsettled) {
                any = any.add(teams::unsettled());
            }
            add(select, part.not, any);
        }
        Test::Week(weeks) => {
            let week = |(from, to): &(IsoWeek, IsoWeek)| {
                Expr::col(column("report_week")).between(from.to_string(), to.to_string())
            };
            add(select, part.not, weeks.iter().map(week).fold(Condition::any(), Condition::add));
        }
        Test::Began(from, until) => {
            // On the key that the walk follows, so that it begins and ends where the time does.
            let mut all = Condition::all();
            if let Some(from) = from {
                all = all.add(key.clone().gte(events::order_key_from(*from)));
            }
            if let Some(until) = until {
                all = all.add(key.clone().lt(events::order_key_from(*until)));
                all = all.add(Expr::col(column("occurred_at")).is_not_null());
            }
            add(select, part.not, all);
        }
        Test::Counted(spans) => {
            let span = |(from, until): &(i64, i64)| {
                let logged = Expr::col(column("created_at"));
                let undated = Expr::col(column("occurred_at")).is_null();
                let logged = undated.and(logged.clone().gte(*from)).and(logged.lt(*until));
                let began = key.clone().gte(events::order_key_from(*from));
                // Events without a beginning have the least keys.
                let all = Condition::all().add(key.clone().lt(events::order_key_from(*until)));
                all.add(Condition::any().add(began).add(logged))
            };
            let any = spans.iter().map(span).fold(Condition::any(), Condition::add);
            add(select, part.not, any);
        }
        Test::Ongoing => {
            add(select, part.not, Condition::all().add(Expr::col(column("recovered_at")).is_null()));
        }
        Test::Overdue(today) => {
            let owed = Expr::col(("postmortem", "state")).is_in(["pending", "drafting", "in_review"]);
            let due = Expr::col(("postmortem", "due_on"));
            let late = due.clone().is_not_null().and(due.lt(*today));
            add(select, part.not, Condition::all().add(owed).add(late).add(counts()));
        }
        Test::Has(things) => {
            let any = things.iter().fold(Condition::any(), |any, has| any.add(has_thing(*has)));
            add(select, part.not, any);
        }
        Test::Number(ranges) => {
            let range = |(from, to): &(i64, i64)| Expr::col(column("number")).between(*from, *to);
            add(select, part.not, ranges.iter().map(range).fold(Condition::any(), Condition::add));
        }
    }
}

fn has_thing(has: Has) -> SimpleExpr {
    let set = |name: &'static str| Expr::col(("event", name)).is_not_null();
    match has {
        Has::Actions => hangs_on("action_item", Some(Expr::col("deleted_at").is_null())),
        Has::OpenActions => {
            let open = Expr::col("state").is_not_in(["done", "wont_do"]);
            hangs_on("action_item", Some(Expr::col("deleted_at").is_null().and(open)))
        }
        Has::Tags => hangs_on("event_tag", None),
        Has::Links => hangs_on("event_link", None),
        Has::Services => hangs_on("affected_service", None),
        Has::Responsibility => hangs_on("responsibility", None),
        Has::Loss => Expr::cust("coalesce(event.loss_actual, event.loss_expected, 0) > 0"),
        Has::Change => set("change_link"),
        Has::Timeline => hangs_on("timeline_entry", Some(Expr::col("deleted_at").is_null())),
    }
}

/// Whether the states are those of "owed": then drills and maintenance, which owe nothing, are none of them.
pub(super) fn are_owed(states: &[PostmortemState]) -> bool {
    states.len() > 1 && states.iter().all(|state| state.is_owed())
}

/// No drill and no maintenance.
fn counts() -> SimpleExpr {
    Expr::col(("event", "kind")).eq(EventKind::Normal.code())
}

fn hangs_on(table: &'static str, that: Option<SimpleExpr>) -> SimpleExpr {
    let mut rows = Query::select();
    rows.expr(Expr::val(1)).from(table);
    rows.and_where(Expr::col((table, "event_id")).equals(("event", "id")));
    if let Some(that) = that {
        rows.and_where(that);
    }
    Expr::exists(rows)
}

/// Looked up by the order key, which stands beside the value in one index: the event itself is not read for it.
fn exists(select: &mut SelectStatement, not: bool, table: &'static str, key: &SimpleExpr, that: SimpleExpr) {
    let mut rows = Query::select();
    rows.expr(Expr::val(1)).from(table);
    rows.and_where(Expr::col((table, "order_key")).eq(key.clone())).and_where(that);
    add(select, not, Condition::all().add(Expr::exists(rows)));
}

/// One of some values, where `None` is none at all; turned round it holds for events without a value too.
fn among(
    select: &mut SelectStatement,
    not: bool,
    column: (&'static str, &'static str),
    values: impl Iterator<Item = Option<SimpleExpr>>,
) {
    let (mut named, mut unset) = (Vec::new(), false);
    for value in values {
        match value {
            Some(value) => named.push(value),
            None => unset = true,
        }
    }
    let here = || Expr::col(column);
    let condition = match (not, unset) {
        (false, false) => Condition::all().add(here().is_in(named)),
        (false, true) if named.is_empty() => Condition::all().add(here().is_null()),
        (false, true) => Condition::any().add(here().is_in(named)).add(here().is_null()),
        (true, false) => Condition::any().add(here().is_not_in(named)).add(here().is_null()),
        (true, true) if named.is_empty() => Condition::all().add(here().is_not_null()),
        (true, true) => Condition::all().add(here().is_not_in(named)),
    };
    select.cond_where(condition);
}

fn add(select: &mut SelectStatement, not: bool, condition: Condition) {
    select.cond_where(if not { condition.not() } else { condition });
}
