//! How many events each team answers for in a period, by level.

use std::collections::HashMap;

use uuid::Uuid;

use super::{App, ServiceError, app::authorise, grading};
use crate::{
    domain::{
        actor::{Actor, Permission},
        iso_week::midnight,
        period::Period,
        query,
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

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A team that answers.
    Team(Uuid),
    /// What no team answers for yet.
    Unsettled,
    /// Each event once.
    Company,
}

impl PeriodCounts {
    /// The query (docs/search.md) that lists the events behind a line, of one level or of all.
    pub fn query_of(&self, whose: Whose, level: Option<&Option<String>>) -> String {
        let mut parts = vec!["kind:normal".to_owned(), format!("period:{}", self.period.asked_for())];
        match whose {
            Whose::Team(id) => {
                let name = self.names.get(&id).map_or("", String::as_str);
                parts.push(format!("team:{}", query::quoted(name)));
            }
            Whose::Unsettled => parts.push("team:unsettled".to_owned()),
            Whose::Company => {}
        }
        if let Some(level) = level {
            parts.push(format!("severity:{}", level.as_deref().map_or_else(|| "none".to_owned(), query::quoted)));
        }
        parts.join(" ")
    }
}

/// The counts of a period: two queries for the events, one for the names of the teams.
pub async fn of_period(app: &App, actor: &Actor, period: Period) -> Result<PeriodCounts, ServiceError> {
    authorise(actor, Permission::Read)?;
    let from = midnight(period.from, app.zone).timestamp_millis();
    let until = period.to.succ_opt().map_or(i64::MAX, |day| midnight(day, app.zone).timestamp_millis());
    let connection = app.store.read();
    let levels = grading::levels(connection).await?;
    let rows = store::teams::count_rows(connection, Sight::of(actor), from, until).await?;
    let open = store::teams::unsettled_rows(connection, Sight::of(actor), from, until).await?;
    let mut table = tabulate(&rows, &open, &levels);
    let teams = store::teams::all(connection).await?;
    let names: HashMap<Uuid, String> = teams.into_iter().map(|team| (team.id, team.fields.name)).collect();
    table.teams.sort_by(|(a, _), (b, _)| names.get(a).cmp(&names.get(b)));
    Ok(PeriodCounts { period, table, names })
}
