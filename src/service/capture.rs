//! Reading a line without saving it.

use super::{App, ServiceError, app::authorise};
use crate::domain::{
    actor::{Actor, Permission},
    capture::{
        self,
        draft::{CaptureContext, DateAnchor, DraftEvent},
    },
    iso_week::IsoWeek,
};

/// What `line` says. With a week, dates without a year lie near it; without, the year is that of the latest
/// past occurrence.
pub fn read(app: &App, actor: &Actor, line: &str, week: Option<IsoWeek>) -> Result<DraftEvent, ServiceError> {
    authorise(actor, Permission::ParseLine)?;
    Ok(capture::read_line(line, &context(app, week)))
}

/// The events of a paste, each to be read on its own.
pub fn split(text: &str) -> Vec<&str> {
    capture::split(text)
}

/// The context of a line that is pasted now.
pub fn context(app: &App, week: Option<IsoWeek>) -> CaptureContext {
    let anchor = week.map_or_else(|| DateAnchor::LatestPast(app.now()), DateAnchor::Week);
    let today = app.today();
    // 今日 in a line for an older week means a day of that week that nobody knows now.
    let written = Some(today).filter(|day| week.is_none_or(|week| IsoWeek::of(*day) == week));
    CaptureContext { anchor, zone: app.zone, written }
}
