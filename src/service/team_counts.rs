//! How many events each team answers for in a period, by level.

use std::collections::HashMap;

use uuid::Uuid;

use super::{App, ServiceError, app::authorise, grading};
use crate::{
    domain::{
        actor::{Actor, Permission},
        iso_week::midnight,
        period::Period,
        team_counts::{TeamCounts, tabulate},
        visibility::Sight,
    },
    store,
};

/// The counts of a period.
#[derive(Debug, Clone)]
pub struct PeriodCounts {
    /// The period.
    pub period: Period,
    /// The table.
    pub table: TeamCounts,
    /// Names of the teams in the table.
    pub names: HashMap<Uuid, String>,
}

/// The counts of a period: one query for the events, one for the names of the teams.
pub async fn of_period(app: &App, actor: &Actor, period: Period) -> Result<PeriodCounts, ServiceError> {
    authorise(actor, Permission::Read)?;
    let from = midnight(period.from, app.zone).timestamp_millis();
    let until = period.to.succ_opt().map_or(i64::MAX, |day| midnight(day, app.zone).timestamp_millis());
    let connection = app.store.read();
    let levels = grading::levels(connection).await?;
    let rows = store::teams::count_rows(connection, Sight::of(actor), from, until).await?;
    let mut table = tabulate(&rows, &levels);
    let teams = store::teams::all(connection).await?;
    let names: HashMap<Uuid, String> = teams.into_iter().map(|team| (team.id, team.fields.name)).collect();
    table.teams.sort_by(|(a, _), (b, _)| names.get(a).cmp(&names.get(b)));
    Ok(PeriodCounts { period, table, names })
}
