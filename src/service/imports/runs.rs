//! The import runs there were.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{App, ServiceError, authorise, succession};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
        visibility::Sight,
    },
    store::{
        self,
        import_runs::{ConnectionTrait, ImportChange, ImportRun, RunCursor},
    },
};

/// The most runs on a page.
pub const PAGE_LIMIT: u64 = 100;

/// The most changes of a run that are shown.
const SHOWN: u64 = 500;

/// Kinds of rows that only undoing needs.
const HIDDEN: [&str; 4] = ["document", "alias", succession::TOLD, succession::NAMED];

/// A page of runs, the latest first.
#[derive(Debug, Clone)]
pub struct RunPage {
    /// The runs.
    pub runs: Vec<ImportRun>,
    /// Where the next page begins, if there is one.
    pub next: Option<RunCursor>,
}

/// One change of a run, for people.
#[derive(Debug, Clone)]
pub struct ChangeLine {
    /// event, postmortem, figure or incident_count.
    pub kind: String,
    /// What it is.
    pub label: String,
    /// It was new.
    pub new: bool,
}

/// A run and what it changed.
#[derive(Debug, Clone)]
pub struct RunDetail {
    /// The run.
    pub run: ImportRun,
    /// At most 500 changes.
    pub changes: Vec<ChangeLine>,
    /// There are more of them.
    pub more: bool,
}

/// A page of runs.
pub async fn list(app: &App, actor: &Actor, after: Option<RunCursor>, limit: u64) -> Result<RunPage, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    let limit = limit.clamp(1, PAGE_LIMIT);
    let mut runs = store::import_runs::list(app.store.read(), after, limit + 1).await?;
    let more = runs.len() as u64 > limit;
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = runs.last().filter(|_| more).map(|run| RunCursor { at: run.at, id: run.id });
    Ok(RunPage { runs, next })
}

/// Where a page of runs begins, as text: milliseconds and id.
pub fn cursor_text(cursor: RunCursor) -> String {
    format!("{}.{}", cursor.at, cursor.id)
}

/// The cursor of a text.
pub fn cursor(text: &str) -> Result<RunCursor, FieldError> {
    let wrong = || FieldError::shape("cursor", "take it from next_cursor as it is");
    let (at, id) = text.split_once('.').ok_or_else(wrong)?;
    Ok(RunCursor { at: at.parse().map_err(|_| wrong())?, id: id.parse().map_err(|_| wrong())? })
}

/// The id of a run: as it is written, or `last` for the latest one.
pub(super) async fn id_of(app: &App, word: &str) -> Result<Uuid, ServiceError> {
    let word = word.trim();
    if word == "last" {
        let latest = store::import_runs::list(app.store.read(), None, 1).await?.pop();
        return latest.map(|run| run.id).ok_or_else(|| ServiceError::NotFound("import yet".to_owned()));
    }
    word.parse().map_err(|_| missing(word))
}

pub(super) fn missing(word: &str) -> ServiceError {
    let word: String = word.chars().take(80).collect();
    ServiceError::NotFound(format!("import {word}"))
}

/// Events of a ledger that these eyes do not see.
pub(super) async fn hidden(
    connection: &impl ConnectionTrait,
    sight: Sight,
    changes: &[ImportChange],
) -> Result<BTreeSet<Uuid>, ServiceError> {
    let events: BTreeSet<Uuid> = changes
        .iter()
        .filter(|change| matches!(change.kind.as_str(), "event" | "postmortem"))
        .map(|change| change.subject)
        .collect();
    let events: Vec<Uuid> = events.into_iter().collect();
    let found = store::events::by_ids_or_gone(connection, &events).await?;
    let seen = store::sight::among(connection, sight, found.iter().map(|(event, _)| event)).await?;
    Ok(found.iter().map(|(event, _)| event.id).filter(|id| !seen.contains(id)).collect())
}

/// A run (its id, or `last`) and what it changed.
pub async fn detail(app: &App, actor: &Actor, word: &str) -> Result<RunDetail, ServiceError> {
    authorise(actor, Permission::ImportReport)?;
    let id = id_of(app, word).await?;
    let run = store::import_runs::by_id(app.store.read(), id).await?.ok_or_else(|| missing(word))?;
    let mut rows = store::import_runs::changes(app.store.read(), id, 0, &HIDDEN, SHOWN + 1).await?;
    let more = rows.len() as u64 > SHOWN;
    rows.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    let hidden = hidden(app.store.read(), Sight::of(actor), &rows).await?;
    let changes = rows
        .into_iter()
        .filter(|change| !hidden.contains(&change.subject))
        .map(|change| ChangeLine { kind: change.kind, label: change.label, new: change.before.is_none() })
        .collect();
    Ok(RunDetail { run, changes, more })
}
