//! What a walk reads of each event: what lists show, or the whole row.

use chrono::NaiveDate;
use entity::{event, postmortem};
use sea_orm::{
    DbErr, FromQueryResult, IdenStatic, Iterable, QueryResult,
    sea_query::{Alias, Expr, SelectStatement},
};
use uuid::Uuid;

use super::ListedEvent;
use crate::{
    domain::{
        clock_point::{ClockPoint, Precision},
        event_record::EventKind,
        postmortem::PostmortemState,
    },
    store::{StoreError, events},
};

/// A row of what lists show.
pub(super) struct Row {
    id: Uuid,
    number: i64,
    version: i64,
    order_key: i64,
    occurred_at: Option<i64>,
    occurred_day: bool,
    recovered_at: Option<i64>,
    recovered_day: bool,
    severity: Option<String>,
    text: String,
    impact: Option<String>,
    kind: String,
    restricted: bool,
    state: String,
    owner_id: Option<Uuid>,
    due_on: Option<NaiveDate>,
}

/// Read by place: a look-up of each column's name takes longer than to read its value.
impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.try_get_by_index(0)?,
            number: row.try_get_by_index(1)?,
            version: row.try_get_by_index(2)?,
            order_key: row.try_get_by_index(3)?,
            occurred_at: row.try_get_by_index(4)?,
            occurred_day: row.try_get_by_index(5)?,
            recovered_at: row.try_get_by_index(6)?,
            recovered_day: row.try_get_by_index(7)?,
            severity: row.try_get_by_index(8)?,
            kind: row.try_get_by_index(9)?,
            restricted: row.try_get_by_index(10)?,
            text: row.try_get_by_index(11)?,
            impact: row.try_get_by_index(12)?,
            state: row.try_get_by_index(13)?,
            owner_id: row.try_get_by_index(14)?,
            due_on: row.try_get_by_index(15)?,
        })
    }
}

/// A whole row with that of its postmortem.
pub(super) struct Whole {
    pub event: event::Model,
    pub postmortem: postmortem::Model,
}

impl FromQueryResult for Whole {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            event: event::Model::from_query_result(row, "")?,
            postmortem: postmortem::Model::from_query_result(row, OF_POSTMORTEM)?,
        })
    }
}

/// A row with the version of the policy of levels that stood when it was read.
pub(super) struct Checked<F> {
    pub row: F,
    pub levels: i64,
}

impl<F: Found> FromQueryResult for Checked<F> {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self { row: F::from_query_result(row, prefix)?, levels: row.try_get_by_index(F::width())? })
    }
}

/// In front of the names of a postmortem's columns.
const OF_POSTMORTEM: &str = "pm_";

/// What a walk reads of each event.
pub(super) trait Found: FromQueryResult + Send {
    /// Each under a name of its own.
    fn columns(select: &mut SelectStatement);
    /// How many they are.
    fn width() -> usize;
    fn order_key(&self) -> i64;
}

impl Found for Row {
    /// In the order in which [`Row::from_query_result`] reads them.
    fn columns(select: &mut SelectStatement) {
        use event::Column;
        for column in [
            Column::Id,
            Column::Number,
            Column::Version,
            Column::OrderKey,
            Column::OccurredAt,
            Column::OccurredDay,
            Column::RecoveredAt,
            Column::RecoveredDay,
            Column::Severity,
            Column::Kind,
            Column::Restricted,
        ] {
            select.column(("event", column));
        }
        // Lists show the beginning of a text, whatever its length.
        select.expr_as(Expr::cust("substr(coalesce(event.summary, event.narrative), 1, 2000)"), Alias::new("text"));
        select.expr_as(Expr::cust("substr(event.impact, 1, 500)"), Alias::new("impact"));
        select.columns([("postmortem", "state"), ("postmortem", "owner_id"), ("postmortem", "due_on")]);
    }

    fn width() -> usize {
        16
    }

    fn order_key(&self) -> i64 {
        self.order_key
    }
}

impl Found for Whole {
    fn columns(select: &mut SelectStatement) {
        select.columns(event::Column::iter().map(|column| ("event", column)));
        for column in postmortem::Column::iter() {
            let name = format!("{OF_POSTMORTEM}{}", column.as_str());
            select.expr_as(Expr::col(("postmortem", column)), Alias::new(name));
        }
    }

    fn width() -> usize {
        event::Column::iter().count() + postmortem::Column::iter().count()
    }

    fn order_key(&self) -> i64 {
        self.event.order_key
    }
}

/// What a row says.
pub(super) fn listed(group: u8, row: Row) -> Result<ListedEvent, StoreError> {
    let point = |at: Option<i64>, day: bool| -> Result<Option<ClockPoint>, StoreError> {
        let precision = if day { Precision::Day } else { Precision::Minute };
        at.map(|at| Ok(ClockPoint { at: events::instant(at)?, precision })).transpose()
    };
    Ok(ListedEvent {
        id: row.id,
        number: row.number,
        version: row.version,
        order_key: row.order_key,
        group,
        occurred: point(row.occurred_at, row.occurred_day)?,
        recovered: point(row.recovered_at, row.recovered_day)?,
        severity: row.severity,
        text: row.text,
        impact: row.impact,
        kind: EventKind::from_code(&row.kind)
            .ok_or_else(|| StoreError::Unreadable(format!("event kind {}", row.kind)))?,
        restricted: row.restricted,
        state: PostmortemState::from_code(&row.state)
            .ok_or_else(|| StoreError::Unreadable(format!("postmortem state {}", row.state)))?,
        owner_id: row.owner_id,
        due_on: row.due_on,
    })
}
