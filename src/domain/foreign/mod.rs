//! Reading other people's data: tables and the histories of status pages, as drafts of events.
//!
//! Every reader is a total function from text: what is wrong with one entry is said at its place and keeps none of the
//! others away. Nothing is fetched, no entity of a document is expanded, and depth costs no stack.

mod atom;
mod aws;
mod cells;
mod columns;
mod csv;
mod entry;
mod feed;
mod front_matter;
mod google_cloud;
mod guess;
mod json;
mod layout;
mod maintenance;
mod plain;
mod stages;
mod stamps;
mod statuspage;
mod upptime;
mod window;

use std::{collections::HashMap, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use thiserror::Error;

pub use columns::{Column, Mapping};
pub use guess::guess;

use crate::domain::capture::draft::{CaptureContext, DraftEvent};

/// The largest text that is read, in bytes: 16 MiB.
pub const TEXT_LIMIT: usize = 16 * 1024 * 1024;

/// The most entries of one text.
pub const ENTRY_LIMIT: usize = 100_000;

/// Most characters of [`ForeignEvent::raw`] that are kept.
pub const RAW_LIMIT: usize = 20_000;

/// Most entries of [`ForeignEvent::timeline`] that are kept: the first ones and the last.
pub const TIMELINE_LIMIT: usize = 200;

/// Most links that are kept.
pub const LINK_LIMIT: usize = 20;

/// One event as another tool tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignEvent {
    /// What the tool calls it, always the same for the same event (a row's id, an incident's number): the second
    /// import knows it again by this.
    pub key: String,
    /// What is known of it; severity and mark are parts of the draft. Spans are not read.
    pub draft: DraftEvent,
    /// The event as it stood in the source, kept for ever; at most [`RAW_LIMIT`] characters.
    pub raw: String,
    /// What happened when, for the event's timeline, oldest first; at most [`TIMELINE_LIMIT`] entries.
    pub timeline: Vec<(DateTime<Utc>, String)>,
    /// Addresses that the tool names (`https://…`); at most [`LINK_LIMIT`].
    pub links: Vec<String>,
}

/// What was read of one text: every entry is an event or refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignReading {
    /// In the order of the text.
    pub events: Vec<ForeignEvent>,
    /// Entries that are no event, in the order of the text.
    pub refused: Vec<Refused>,
}

/// An entry that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands.
    pub place: Place,
    /// Why it was not taken, in Chinese and English.
    pub words: String,
}

/// Where an entry stands in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The line it begins on, from 1.
    Line(usize),
    /// Its number in its list, from 1.
    Entry(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(out, "第 {line} 行 line {line}"),
            Self::Entry(index) => write!(out, "第 {index} 条 entry {index}"),
        }
    }
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForeignFormat {
    /// A table with a line of headers.
    Csv,
    /// Atlassian Statuspage: `incidents.json` of its API, an array of such, or one incident on each line.
    Statuspage,
    /// Google Cloud: `incidents.json` of its status page.
    GoogleCloud,
    /// AWS: `data.json` of its status page.
    Aws,
    /// Upptime: `history/summary.json`, a site's `history/*.yml`, or its issues as JSON.
    Upptime,
    /// Atom and RSS 2.0 feeds of status pages.
    Atom,
    /// One Markdown file with front matter for each incident, as cState, Hugo and Jekyll have it.
    FrontMatter,
}

impl ForeignFormat {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Statuspage, Self::GoogleCloud, Self::Aws, Self::Upptime, Self::Atom, Self::FrontMatter];

    /// The name that people type.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Statuspage => "statuspage",
            Self::GoogleCloud => "google-cloud",
            Self::Aws => "aws",
            Self::Upptime => "upptime",
            Self::Atom => "atom",
            Self::FrontMatter => "front-matter",
        }
    }

    /// How the names of its files end, for reading a folder.
    pub const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Csv => &["csv", "tsv"],
            Self::Statuspage => &["json", "jsonl", "ndjson"],
            Self::GoogleCloud | Self::Aws => &["json"],
            Self::Upptime => &["json", "yml", "yaml"],
            Self::Atom => &["atom", "xml", "rss"],
            Self::FrontMatter => &["md", "markdown"],
        }
    }
}

impl FromStr for ForeignFormat {
    type Err = ForeignProblem;

    fn from_str(name: &str) -> Result<Self, ForeignProblem> {
        let name = name.trim().to_lowercase().replace('_', "-");
        match name.as_str() {
            "rss" => Ok(Self::Atom),
            "cstate" => Ok(Self::FrontMatter),
            "gcp" => Ok(Self::GoogleCloud),
            _ => Self::ALL.into_iter().find(|format| format.code() == name).ok_or(ForeignProblem::UnknownFormat),
        }
    }
}

/// What a reader knows besides the text.
#[derive(Debug, Clone, Copy)]
pub struct ForeignContext<'a> {
    /// Zone of times that name none, and the year of dates without one.
    pub capture: CaptureContext,
    /// Name of the file, without folders: Jekyll and Upptime keep dates and sites in it.
    pub file_name: Option<&'a str>,
    /// Columns of a table that people named.
    pub columns: Option<&'a Mapping>,
}

/// Why a text was not read at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ForeignProblem {
    /// No such format.
    #[error("there is no such format; write csv, statuspage, google-cloud, aws, upptime, atom or front-matter")]
    UnknownFormat,
    /// More than [`TEXT_LIMIT`].
    #[error("the file is larger than 16 MiB; import it in parts")]
    TooLarge,
    /// More than [`ENTRY_LIMIT`].
    #[error("the file has more than 100000 entries; import it in parts")]
    TooMany,
    /// Bytes that are no UTF-8.
    #[error("the file is not UTF-8 (byte {at}); in Excel save it as “CSV UTF-8”, convert other files to UTF-8")]
    NotUtf8 {
        /// The first such byte.
        at: usize,
    },
    /// The text is of another kind.
    #[error("this is no {format} file: {expected}")]
    OtherFormat {
        /// The format asked for.
        format: &'static str,
        /// What such a file looks like.
        expected: &'static str,
    },
    /// The text breaks the rules of its own notation.
    #[error("the file is broken at line {line}: {words}; export it again")]
    Broken {
        /// From 1.
        line: usize,
        /// What the parser says.
        words: String,
    },
    /// Columns that are needed are not there.
    #[error(
        "no column says {missing}; the headers are {headers}; name the columns like \
         --map occurred=开始时间,summary=标题 (fields: {known})"
    )]
    MissingColumns {
        /// Fields that are needed.
        missing: &'static str,
        /// Headers of the file.
        headers: String,
        /// Fields that there are.
        known: String,
    },
    /// A mapping names a header that the file has not.
    #[error("the mapping names the column “{column}”, which is not there; the headers are {headers}")]
    UnknownColumn {
        /// As mapped.
        column: String,
        /// Headers of the file.
        headers: String,
    },
    /// A mapping that cannot be read.
    #[error("cannot read the mapping at “{part}”; write field=column,field=column (fields: {known})")]
    Mapping {
        /// The part in question.
        part: String,
        /// Fields that there are.
        known: String,
    },
}

/// Reads `text` as `format`.
pub fn read(format: ForeignFormat, text: &str, context: &ForeignContext<'_>) -> Result<ForeignReading, ForeignProblem> {
    if text.len() > TEXT_LIMIT {
        return Err(ForeignProblem::TooLarge);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let entries = match format {
        ForeignFormat::Csv => csv::read(text, context),
        ForeignFormat::Statuspage => statuspage::read(text, context),
        ForeignFormat::GoogleCloud => google_cloud::read(text),
        ForeignFormat::Aws => aws::read(text),
        ForeignFormat::Upptime => upptime::read(text, context),
        ForeignFormat::Atom => atom::read(text),
        ForeignFormat::FrontMatter => front_matter::read(text, context),
    }?;
    Ok(sorted_out(entries))
}

/// An entry at its place: an event, or why it is none.
type Read = (Place, Result<ForeignEvent, String>);

fn sorted_out(entries: Vec<Read>) -> ForeignReading {
    let mut reading = ForeignReading::default();
    let mut seen: HashMap<String, Place> = HashMap::with_capacity(entries.len());
    for (place, entry) in entries {
        let words = match entry {
            Ok(event) => match seen.get(&event.key) {
                None => {
                    seen.insert(event.key.clone(), place);
                    reading.events.push(event);
                    continue;
                }
                Some(first) => format!("编号重复，已取 {first} the same id again (“{}”)", event.key),
            },
            Err(words) => words,
        };
        reading.refused.push(Refused { place, words });
    }
    reading
}
