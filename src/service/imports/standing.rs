//! What other documents still tell, when an import is undone: that stays.

use std::collections::HashSet;

use uuid::Uuid;

use super::{App, ServiceError};
use crate::{
    domain::{checked, event::ProductionEvent, figures::FigureFields, iso_week::IsoWeek, report},
    store,
};

/// What the documents say that stand beside those of a run, the latest of each week.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    events: HashSet<(IsoWeek, i64, String)>,
    figures: HashSet<(IsoWeek, String)>,
    counts: HashSet<(IsoWeek, String)>,
}

impl Standing {
    /// Reads the documents that stand beside `own`. Before a transaction: reading takes its time.
    pub(super) async fn beside(app: &App, own: &[Uuid]) -> Result<Self, ServiceError> {
        let mut standing = Self::default();
        for document in store::imports::standing_beside(app.store.read(), own).await? {
            let week = document.week;
            let reading = report::read_report(&document.content, app.zone, week.monday());
            for read in &reading.events {
                let at = read.draft.occurred.map_or(i64::MIN, |point| point.at.timestamp());
                standing.events.insert((week, at, checked::fold(&read.draft.narrative)));
            }
            standing.figures.extend(reading.figures.iter().map(|read| (week, checked::fold(&read.name))));
            let counts = reading.incident_counts.iter().filter(|read| read.is_of_week());
            standing.counts.extend(counts.map(|read| (week, read.severity.clone())));
        }
        Ok(standing)
    }

    /// Whether one of them tells this event.
    pub(super) fn tells_event(&self, event: &ProductionEvent) -> bool {
        let at = event.fields.occurred.map_or(i64::MIN, |point| point.at.timestamp());
        self.events.contains(&(event.week, at, checked::fold(&event.fields.narrative)))
    }

    /// Whether one of them tells this figure.
    pub(super) fn tells_figure(&self, week: IsoWeek, figure: &FigureFields) -> bool {
        self.figures.contains(&(week, checked::fold(&figure.name)))
    }

    /// Whether one of them tells this count.
    pub(super) fn tells_count(&self, week: IsoWeek, severity: &str) -> bool {
        self.counts.contains(&(week, severity.to_owned()))
    }
}
