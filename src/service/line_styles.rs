//! The style in which an event's report line is shown beside it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use super::{App, ServiceError, app::authorise};
use crate::{
    domain::{
        actor::{Actor, Permission},
        iso_week::IsoWeek,
        report::{self, style::ReportStyle},
    },
    store,
};

/// The most documents whose style is remembered.
const MOST: usize = 64;

/// A document, and id and version of the team's default style.
type Key = (Uuid, Option<(Uuid, i64)>);

/// The styles of documents that lines were shown in of late: a document is not read again for each line.
#[derive(Debug, Default)]
pub struct LineStyles(Mutex<BTreeMap<Key, Arc<ReportStyle>>>);

impl LineStyles {
    fn get(&self, key: &Key) -> Option<Arc<ReportStyle>> {
        // A panic elsewhere leaves a table of whole styles: it is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: Key, style: &Arc<ReportStyle>) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MOST {
            table.clear();
        }
        table.insert(key, Arc::clone(style));
    }
}

/// The style that the report of `week` has: that of its own document; else the team's default; else that of the latest
/// document before it; else that of the house. As [`super::reports::weekly_in`] chooses it.
pub async fn of_week(app: &App, actor: &Actor, week: IsoWeek) -> Result<Arc<ReportStyle>, ServiceError> {
    authorise(actor, Permission::Read)?;
    let connection = app.store.read();
    let default = store::report_styles::default(connection).await?;
    let own = store::imports::latest_id_of_week(connection, week).await?;
    let document = match (own, &default) {
        (None, Some(default)) => return Ok(Arc::new(default.style.clone())),
        (None, None) => store::imports::latest_id_until(connection, week).await?,
        (own, _) => own,
    };
    let Some(document) = document else { return Ok(Arc::default()) };
    let key = (document, default.as_ref().map(|default| (default.id, default.version)));
    if let Some(style) = app.line_styles.get(&key) {
        return Ok(style);
    }
    let Some(document) = store::imports::by_id(connection, document).await? else { return Ok(Arc::default()) };
    let reading = report::read_report(&document.content, app.zone, document.week.sunday());
    let base = default.map(|default| default.style).unwrap_or_default();
    let style = Arc::new(base.learn(&document.content, &reading, app.zone));
    app.line_styles.keep(key, &style);
    Ok(style)
}
