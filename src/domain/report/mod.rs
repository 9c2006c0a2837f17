//! The two sections of a weekly report: reading them from a document, rendering them, putting them back.

mod events;
mod figures;
pub mod formats;
mod learn;
mod learn_event;
mod learn_figure;
mod learn_literal;
mod outline;
pub mod reading;
pub mod render;
pub mod schema;
mod sections;
pub mod splice;
mod splice_check;
mod starts;
pub mod style;
mod tables;
pub mod template;
pub mod time_form;
pub mod twin;

pub use render::{event_line, generate_narrative};
pub use splice::splice;

use chrono::NaiveDate;
use chrono_tz::Tz;
use outline::Outline;
use reading::{ReportReading, SectionReading};

use crate::domain::{
    capture::draft::{CaptureContext, DateAnchor},
    text::Folded,
};

/// Reads a document (SCHEMA). Never fails; all spans are byte ranges of `document`. `today` is used only where the
/// document names neither a week nor a date.
pub fn read_report(document: &str, zone: Tz, today: NaiveDate) -> ReportReading {
    let mut text = Folded::new(document, 0);
    let outline = Outline::of(document, &mut text);
    let week = sections::week(&text, &outline);
    let nearest = CaptureContext { anchor: DateAnchor::Nearest(today), zone, written: None };
    let created_at = sections::created_at(&text, &outline, &nearest);
    let created = created_at.map(|at| at.with_timezone(&zone).date_naive());
    let context = CaptureContext { anchor: sections::anchor(week, created, today), zone, written: created };
    let (figures_section, events_section) = sections::find(&text, &outline);
    let lines =
        |section: &SectionReading| outline.within(&(text.index(section.body.start)..text.index(section.body.end)));
    let (figures, incident_counts) =
        figures_section.as_ref().map(|section| figures::read(&text, &lines(section))).unwrap_or_default();
    let events = events_section
        .as_ref()
        .map(|section| {
            events::Section { original: document, text: &text, outline: &outline, context: &context }
                .read(&lines(section))
        })
        .unwrap_or_default();
    ReportReading { week, created_at, figures_section, events_section, figures, incident_counts, events }
}
