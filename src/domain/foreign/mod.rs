//! Events of other tools: what a parser of a foreign format hands to the import.

use chrono::{DateTime, Utc};

use crate::domain::capture::draft::DraftEvent;

/// One event as another tool tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignEvent {
    /// What the tool calls it, always the same for the same event (a row's id, an incident's number): the second
    /// import knows it again by this.
    pub key: String,
    /// What is known of it; severity and mark are parts of the draft. Spans are not read.
    pub draft: DraftEvent,
    /// The event as it stood in the source, kept for ever; the import takes at most [`RAW_LIMIT`] characters.
    pub raw: String,
    /// What happened when, for the event's timeline; at most [`TIMELINE_LIMIT`] entries are taken.
    pub timeline: Vec<(DateTime<Utc>, String)>,
    /// Addresses that the tool names (`https://…`), kept in the timeline; at most [`LINK_LIMIT`] are taken.
    pub links: Vec<String>,
}

/// Most characters of [`ForeignEvent::raw`] that are kept.
pub const RAW_LIMIT: usize = 20_000;

/// Most entries of [`ForeignEvent::timeline`] that are kept.
pub const TIMELINE_LIMIT: usize = 200;

/// Most links that are kept.
pub const LINK_LIMIT: usize = 20;
