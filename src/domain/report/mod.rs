//! The two sections of a weekly report: reading them from a document, rendering them, putting them back.

mod events;
mod figures;
pub mod formats;
mod learn;
mod learn_event;
mod learn_figure;
mod learn_literal;
pub mod other_week;
mod outline;
pub mod reading;
pub mod render;
pub mod schema;
mod sections;
pub mod splice;
mod splice_check;
mod splice_events;
mod splice_figures;
mod splice_ladder;
mod splice_plain;
mod starts;
pub mod style;
mod tables;
pub mod template;
pub mod time_form;
pub mod twin;

pub use render::{event_line, generate_narrative};
pub use splice::splice;

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use events::Known;
use outline::{Line, Outline};
use reading::{EventReading, ReportReading, SectionReading};

use crate::domain::{
    capture::draft::{CaptureContext, DateAnchor},
    iso_week::IsoWeek,
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
    let context = context(week, created_at, zone, today);
    let (figures_section, events_section) = sections::find(&text, &outline);
    let (figures, incident_counts) = figures_section
        .as_ref()
        .map(|section| figures::read(&text, &lines_of(&text, &outline, section)))
        .unwrap_or_default();
    let events = events_section
        .as_ref()
        .map(|section| {
            let lines = lines_of(&text, &outline, section);
            let known = Known::new();
            let section = events::Section {
                original: document,
                text: &text,
                outline: &outline,
                context: &context,
                known: &known,
            };
            section.read(&lines).into_iter().map(Cow::into_owned).collect()
        })
        .unwrap_or_default();
    ReportReading { week, created_at, today, figures_section, events_section, figures, incident_counts, events }
}

/// The week that a document's title names, without reading the document.
pub fn week_of(document: &str) -> Option<IsoWeek> {
    /// The title stands in the first lines.
    const HEAD: usize = 16_384;
    let head = document.get(..document.floor_char_boundary(HEAD)).unwrap_or(document);
    let mut text = Folded::new(head, 0);
    let outline = Outline::of(head, &mut text);
    sections::week(&text, &outline)
}

/// The events of another version of a document, or of its events section alone, where dates mean what they meant in the
/// first one. Those that are `known` from there are not read again, and have their places of there.
fn events_again<'k>(changed: &str, reading: &ReportReading, known: &Known<'k>, zone: Tz) -> Vec<Cow<'k, EventReading>> {
    let mut text = Folded::new(changed, 0);
    let outline = Outline::of(changed, &mut text);
    let context = context(reading.week, reading.created_at, zone, reading.today);
    let (_, Some(section)) = sections::find(&text, &outline) else { return Vec::new() };
    let lines = lines_of(&text, &outline, &section);
    events::Section { original: changed, text: &text, outline: &outline, context: &context, known }.read(&lines)
}

fn lines_of(text: &Folded, outline: &Outline, section: &SectionReading) -> Vec<Line> {
    outline.within(&(text.index(section.body.start)..text.index(section.body.end)))
}

fn context(week: Option<IsoWeek>, created_at: Option<DateTime<Utc>>, zone: Tz, today: NaiveDate) -> CaptureContext {
    let created = created_at.map(|at| at.with_timezone(&zone).date_naive());
    CaptureContext { anchor: sections::anchor(week, created, today), zone, written: created }
}
