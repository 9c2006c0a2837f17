//! The events of a week as its report shows them, without what hangs on them in other tables.

use entity::{event, postmortem};
use futures_util::TryStreamExt as _;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef, StreamTrait,
};
use uuid::Uuid;

use super::{
    StoreError,
    events::{self, OF_WEEK},
};
use crate::domain::{
    event::label,
    iso_week::IsoWeek,
    postmortem::PostmortemState,
    report::render::{EventDetails, ReportEvent, ReportLine},
};

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    number: i64,
    raw: Option<String>,
    occurred_at: Option<i64>,
    occurred_day: bool,
    recovered_at: Option<i64>,
    recovered_day: bool,
    narrative: String,
    severity: Option<String>,
    summary: Option<String>,
    impact: Option<String>,
    cause: Option<String>,
    recovery: Option<String>,
    state: String,
}

/// The lines of a week in the order of its report: what everyone may see, without drills and maintenance. At most 100,000,
/// which is more than an import takes.
///
/// Each row is taken as it comes: a week of tens of thousands is not held twice.
pub async fn of_week(
    connection: &(impl ConnectionTrait + StreamTrait),
    week: IsoWeek,
) -> Result<Vec<ReportLine>, StoreError> {
    use event::Column::{
        Cause, DeletedAt, Id, Impact, Narrative, Number, OccurredAt, OccurredDay, Position, Raw, RecoveredAt,
        RecoveredDay, Recovery, ReportWeek, Severity, Summary,
    };
    let its_postmortem: RelationDef =
        event::Entity::belongs_to(postmortem::Entity).from(Id).to(postmortem::Column::EventId).into();
    let rows = event::Entity::find()
        .select_only()
        .columns([Id, Number, Raw, OccurredAt, OccurredDay, RecoveredAt, RecoveredDay])
        .columns([Narrative, Severity, Summary, Impact, Cause, Recovery])
        .column(postmortem::Column::State)
        .join(JoinType::InnerJoin, its_postmortem)
        .filter(ReportWeek.eq(week.to_string()))
        .filter(DeletedAt.is_null())
        .filter(events::reported())
        .order_by_asc(Position)
        .order_by_asc(Number)
        .limit(OF_WEEK)
        .into_model::<Row>()
        .stream(connection)
        .await?;
    let mut rows = std::pin::pin!(rows);
    let mut lines = Vec::new();
    while let Some(row) = rows.try_next().await? {
        lines.push(value(row, week)?);
    }
    Ok(lines)
}

fn value(row: Row, week: IsoWeek) -> Result<ReportLine, StoreError> {
    let state = PostmortemState::from_code(&row.state)
        .ok_or_else(|| StoreError::Unreadable(format!("postmortem state {}", row.state)))?;
    Ok(ReportLine {
        id: row.id,
        week,
        raw: row.raw,
        event: ReportEvent {
            occurred: events::point(row.occurred_at, row.occurred_day)?,
            recovered: events::point(row.recovered_at, row.recovered_day)?,
            narrative: row.narrative,
            mark: state.mark(),
            details: EventDetails {
                label: label(row.number),
                severity: row.severity,
                summary: row.summary,
                impact: row.impact,
                cause: row.cause,
                recovery: row.recovery,
            },
        },
    })
}
