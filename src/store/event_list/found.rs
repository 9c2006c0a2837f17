//! What a walk reads of each event: what lists show, or the whole row.

use std::sync::LazyLock;

use chrono::NaiveDate;
use entity::{event, postmortem};
use sea_orm::{DbErr, FromQueryResult, IdenStatic, Iterable, QueryResult};
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

/// In front of the names of a postmortem's columns.
const OF_POSTMORTEM: &str = "pm_";

/// What a walk reads of each event.
pub(super) trait Found: FromQueryResult + Send {
    /// Each under a name of its own, written out once: a list would be put together anew for every page, which takes as
    /// long as reading a dozen events.
    fn columns() -> &'static str;
    fn order_key(&self) -> i64;
}

impl Found for Row {
    /// In the order in which [`Row::from_query_result`] reads them. Lists show the beginning of a text, whatever its length.
    fn columns() -> &'static str {
        "event.id, event.number, event.version, event.order_key, event.occurred_at, event.occurred_day, \
         event.recovered_at, event.recovered_day, event.severity, event.kind, event.restricted, \
         substr(coalesce(event.summary, event.narrative), 1, 2000) AS text, substr(event.impact, 1, 500) AS impact, \
         postmortem.state, postmortem.owner_id, postmortem.due_on"
    }

    fn order_key(&self) -> i64 {
        self.order_key
    }
}

impl Found for Whole {
    fn columns() -> &'static str {
        static COLUMNS: LazyLock<String> = LazyLock::new(|| {
            let of_event = event::Column::iter().map(|column| format!("event.{}", column.as_str()));
            let of_postmortem = postmortem::Column::iter()
                .map(|column| format!("postmortem.{} AS {OF_POSTMORTEM}{}", column.as_str(), column.as_str()));
            of_event.chain(of_postmortem).collect::<Vec<_>>().join(", ")
        });
        COLUMNS.as_str()
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
