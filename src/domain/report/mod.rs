//! The two sections of a weekly report: reading them from a document, rendering them, putting them back.

mod events;
mod figures;
pub mod formats;
mod learn;
mod learn_event;
mod learn_figure;
pub mod reading;
pub mod render;
pub mod schema;
mod sections;
pub mod splice;
pub mod style;
mod tables;
pub mod template;
pub mod time_form;
pub mod twin;

pub use render::{event_line, generate_narrative};
pub use splice::splice;

use chrono::NaiveDate;
use chrono_tz::Tz;
use reading::ReportReading;

use crate::domain::{
    capture::draft::{CaptureContext, DateAnchor},
    text::Folded,
};

/// Reads a document (SCHEMA). Never fails; all spans are byte ranges of `document`. `today` is used only where the
/// document names neither a week nor a date.
pub fn read_report(document: &str, zone: Tz, today: NaiveDate) -> ReportReading {
    let text = Folded::new(document, 0);
    let week = sections::week(&text);
    let created_at =
        sections::created_at(&text, &CaptureContext { anchor: DateAnchor::Nearest(today), zone, written: None });
    let created = created_at.map(|at| at.with_timezone(&zone).date_naive());
    let context = CaptureContext { anchor: sections::anchor(week, created, today), zone, written: created };
    let (figures_section, events_section) = sections::find(&text);
    let chars = |bytes: &std::ops::Range<usize>| text.index(bytes.start)..text.index(bytes.end);
    let (figures, incident_counts) =
        figures_section.as_ref().map(|section| figures::read(&text, chars(&section.body))).unwrap_or_default();
    let events = events_section
        .as_ref()
        .map(|section| events::read(document, &text, chars(&section.body), &context))
        .unwrap_or_default();
    ReportReading { week, created_at, figures_section, events_section, figures, incident_counts, events }
}
