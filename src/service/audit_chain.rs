//! The hash chain of the audit log: entries get their places in it soon after they were written, and the chain is verified.
//!
//! Writes do not queue at the head of the chain: an entry is written with the hash of what it says, and whoever works next (the
//! worker, or a command) chains what has no place yet, under a lock of the head.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use uuid::Uuid;

use super::{App, ServiceError, app::authorise, retry::retried};
use crate::{
    domain::{
        actor::{Actor, Permission},
        checked::FieldError,
    },
    store::{
        self,
        audit::AuditCursor,
        audit_chain::{Head, Loose, NOTHING, Seal, Written, content_hash, link_hash},
    },
};

pub use crate::store::audit_chain::Head as AuditHead;

/// Entries that are chained in one transaction.
const BATCH: u64 = 500;

/// Batches of one pass; the next one goes on.
const BATCHES: usize = 40;

/// A transaction that was open for longer than this commits entries that the next look at everything finds, in milliseconds.
const OPEN_FOR: i64 = 600_000;

/// How far the look at what was written last goes back, in milliseconds.
const JUST_NOW: i64 = 5_000;

/// What chaining came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chained {
    /// Entries that got their place.
    pub entries: u64,
    /// Entries that did not, because they do not say what their hash says.
    pub refused: u64,
    /// There is more to do.
    pub more: bool,
}

/// How far is looked back for entries without a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What was written in the last seconds; what was committed late is found by the next look further back.
    Latest,
    /// What was written since the last time.
    Recent,
    /// Everything.
    All,
}

/// Gives entries without a place theirs, in the order of their times.
pub async fn chain(app: &App, reach: Reach) -> Result<Chained, ServiceError> {
    let mut done = Chained::default();
    let mut batches = 0;
    let head = store::audit_chain::head(app.store.read()).await?;
    if head.as_ref().is_none_or(|head| head.older_open) {
        loop {
            let older = store::audit_chain::loose(app.store.read(), Loose::Older, None, BATCH).await?;
            let last = older.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            done.entries += place(app, older, last).await?;
            batches += 1;
            if last {
                break;
            }
            if batches >= BATCHES && reach != Reach::All {
                return Ok(Chained { more: true, ..done });
            }
        }
    }
    let since = match (reach, head) {
        (Reach::Latest, Some(head)) => head.sealed_at - JUST_NOW,
        (Reach::Recent, Some(head)) => head.sealed_at - OPEN_FOR,
        _ => i64::MIN,
    };
    let mut after = None;
    loop {
        let found = store::audit_chain::loose(app.store.read(), Loose::Since(since), after, BATCH).await?;
        let Some(last) = found.last() else { return Ok(done) };
        after = Some(AuditCursor { at: last.entry.at, id: last.entry.id });
        let (fit, unfit): (Vec<_>, Vec<_>) = found.into_iter().partition(says_what_it_said);
        for one in &unfit {
            tracing::error!(entry = %one.entry.id, "an audit entry was not written by this service; fupan audit verify");
        }
        done.refused += unfit.len() as u64;
        done.entries += place(app, fit, false).await?;
        batches += 1;
        if batches >= BATCHES && reach != Reach::All {
            return Ok(Chained { more: true, ..done });
        }
    }
}

/// Whether the hash that was written with an entry is that of what it says.
fn says_what_it_said(written: &Written) -> bool {
    written.hash.as_deref() == Some(content_hash(&written.entry).as_str())
}

/// Chains these entries, but for those that somebody chained meanwhile. `close` says that no entry without a hash is left.
async fn place(app: &App, entries: Vec<Written>, close: bool) -> Result<u64, ServiceError> {
    if entries.is_empty() && !close {
        return Ok(0);
    }
    let app = app.clone();
    let new: Vec<(Uuid, String)> =
        entries.into_iter().map(|written| (written.entry.id, content_hash(&written.entry))).collect();
    retried(move || {
        let (app, new) = (app.clone(), new.clone());
        async move {
            let tx = app.store.begin().await?;
            let mut head = store::audit_chain::lock_head(&tx).await?;
            let ids: Vec<Uuid> = new.iter().map(|(id, _)| *id).collect();
            let placed: HashSet<Uuid> = store::audit_chain::placed(tx.conn(), &ids).await?.into_iter().collect();
            let mut seals = Vec::with_capacity(new.len());
            for (entry_id, content) in new.into_iter().filter(|(id, _)| !placed.contains(id)) {
                head.position += 1;
                head.hash = link_hash(&head.hash, head.position, &content);
                seals.push(Seal { position: head.position, entry_id, hash: head.hash.clone() });
            }
            store::audit_chain::append(&tx, &seals).await?;
            head.sealed_at = app.now_millis().max(head.sealed_at);
            if close && head.older_open {
                head.older = head.position;
                head.older_open = false;
            }
            store::audit_chain::write_head(&tx, &head).await?;
            tx.commit().await?;
            Ok(seals.len() as u64)
        }
    })
    .await
}

/// The head of the chain after what was written of late is in it.
pub async fn head(app: &App, actor: &Actor) -> Result<AuditHead, ServiceError> {
    authorise(actor, Permission::ReadAudit)?;
    chain(app, Reach::Recent).await?;
    Ok(store::audit_chain::head(app.store.read()).await?.unwrap_or_else(none_yet))
}

fn none_yet() -> Head {
    Head {
        position: 0,
        hash: NOTHING.to_owned(),
        sealed_at: 0,
        base_position: 0,
        base_hash: NOTHING.to_owned(),
        older: 0,
        older_open: true,
    }
}

/// A head that somebody kept: `POSITION:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHead {
    /// The position.
    pub position: i64,
    /// The hash there, in small hexadecimal digits.
    pub hash: String,
}

/// A kept head as text: what [`kept_of`] reads.
pub fn kept_text(head: &AuditHead) -> String {
    format!("{}:{}", head.position, head.hash)
}

/// A kept head from its text.
pub fn kept_of(text: &str) -> Result<KeptHead, ServiceError> {
    let parts = text.trim().split_once(':').and_then(|(position, hash)| {
        let hash = hash.to_ascii_lowercase();
        let fits = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(KeptHead { position: position.parse().ok().filter(|position| *position >= 0)?, hash }).filter(|_| fits)
    });
    parts.ok_or_else(|| FieldError::shape("head", "write it as fupan audit head prints it: POSITION:HASH").into())
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The entry of this place is gone.
    Removed,
    /// The entry says something else than when it was written.
    Changed,
    /// The place itself is gone or was changed: entries were removed, reordered or put in between.
    Place,
    /// The end of the chain is not where the head says.
    End,
    /// An entry that this service did not write.
    Inserted,
    /// The chain does not go through the head that was kept: its end was cut off or written anew.
    KeptHead,
    /// The beginning of the chain is not where the last removal by the policy of retention left it.
    Beginning,
}

impl Break {
    /// For programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Place => "place",
            Self::End => "end",
            Self::Inserted => "inserted",
            Self::KeptHead => "kept_head",
            Self::Beginning => "beginning",
        }
    }
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// What it is.
    pub what: Break,
    /// The place in the chain, where it has one.
    pub position: Option<i64>,
    /// The entry, where it is known.
    pub entry: Option<Uuid>,
    /// Its action and subject, where it is there.
    pub named: Option<(String, String)>,
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Entries whose place and words were looked at.
    pub checked: i64,
    /// How many of the first are older than the chain: what they said before it was made, nobody knows.
    pub older: i64,
    /// The head.
    pub head: AuditHead,
    /// The first thing that is wrong; none where the chain is whole.
    pub broken: Option<Broken>,
}

/// How often the chain is walked where its beginning is removed by another replica meanwhile.
const LOOKS: usize = 5;

/// Walks the whole chain. With a head that was kept, the chain has to go through it.
pub async fn verify(app: &App, actor: &Actor, kept: Option<&KeptHead>) -> Result<Verdict, ServiceError> {
    authorise(actor, Permission::ReadAudit)?;
    chain(app, Reach::All).await?;
    for look in 0..LOOKS {
        let head = store::audit_chain::head(app.store.read()).await?.unwrap_or_else(none_yet);
        if kept.is_some_and(|kept| kept.position < head.base_position) {
            let words = "it lies before the beginning that retention left; take a newer one";
            return Err(FieldError::shape("head", words).into());
        }
        let (checked, mut broken) = walk(app, &head, kept).await?;
        if broken.is_none() {
            broken = beginning(app, &head).await?;
        }
        if broken.is_none() {
            broken = loose(app, &head).await?;
        }
        if broken.is_some() && look + 1 < LOOKS {
            let now = store::audit_chain::head(app.store.read()).await?.unwrap_or_else(none_yet);
            if now.base_position > head.base_position {
                continue;
            }
        }
        return Ok(Verdict { checked, older: head.older, head, broken });
    }
    Err(ServiceError::Conflict("the beginning of the log is being removed; verify again later".to_owned()))
}

fn broken(what: Break, position: Option<i64>, entry: Option<&Written>) -> Broken {
    Broken {
        what,
        position,
        entry: entry.map(|written| written.entry.id),
        named: entry.map(|written| (written.entry.action.clone(), written.entry.subject.clone())),
    }
}

async fn walk(app: &App, head: &Head, kept: Option<&KeptHead>) -> Result<(i64, Option<Broken>), ServiceError> {
    let (mut position, mut hash) = (head.base_position, head.base_hash.clone());
    let begun = position;
    let kept_here = |position: i64, hash: &str| {
        kept.filter(|kept| kept.position == position && kept.hash != hash)
            .map(|_| broken(Break::KeptHead, Some(position), None))
    };
    if let Some(wrong) = kept_here(position, &hash) {
        return Ok((0, Some(wrong)));
    }
    while position < head.position {
        let mut seals = store::audit_chain::seals(app.store.read(), position, BATCH * 2).await?;
        seals.retain(|seal| seal.position <= head.position);
        if seals.is_empty() {
            return Ok((position - begun, Some(broken(Break::Place, Some(position + 1), None))));
        }
        let ids: Vec<Uuid> = seals.iter().map(|seal| seal.entry_id).collect();
        let entries: HashMap<Uuid, Written> = store::audit_chain::entries(app.store.read(), &ids)
            .await?
            .into_iter()
            .map(|written| (written.entry.id, written))
            .collect();
        for seal in seals {
            let place = position + 1;
            if seal.position != place {
                return Ok((position - begun, Some(broken(Break::Place, Some(place), None))));
            }
            let Some(written) = entries.get(&seal.entry_id) else {
                let gone = Broken { entry: Some(seal.entry_id), ..broken(Break::Removed, Some(place), None) };
                return Ok((position - begun, Some(gone)));
            };
            let content = content_hash(&written.entry);
            let older = written.hash.is_none() && place <= head.older;
            let next = link_hash(&hash, place, &content);
            if !older && written.hash.as_deref() != Some(content.as_str()) || older && next != seal.hash {
                return Ok((position - begun, Some(broken(Break::Changed, Some(place), Some(written)))));
            }
            if next != seal.hash {
                return Ok((position - begun, Some(broken(Break::Place, Some(place), Some(written)))));
            }
            (position, hash) = (place, next);
            if let Some(wrong) = kept_here(position, &hash) {
                return Ok((position - begun, Some(wrong)));
            }
        }
    }
    let behind = store::audit_chain::seals(app.store.read(), head.position, 1).await?.pop();
    let moved_on = match &behind {
        // Somebody chains meanwhile: then the head has moved too.
        Some(_) => store::audit_chain::head(app.store.read()).await?.is_some_and(|now| now.position > head.position),
        None => true,
    };
    if hash != head.hash || !moved_on {
        return Ok((position - begun, Some(broken(Break::End, Some(position), None))));
    }
    let cut_off = kept.filter(|kept| kept.position > position);
    Ok((position - begun, cut_off.map(|kept| broken(Break::KeptHead, Some(kept.position), None))))
}

/// Under which name the log keeps that its beginning was removed.
pub const CUT: &str = "audit.cut";

/// The subject of what concerns the log itself.
pub const SUBJECT: &str = "audit";

/// A beginning that moved has an entry that says so.
async fn beginning(app: &App, head: &Head) -> Result<Option<Broken>, ServiceError> {
    let told = store::audit::of_subject(app.store.read(), SUBJECT, 50).await?;
    let told = told.into_iter().find(|entry| entry.action == CUT);
    let said = told.map_or_else(|| json!({"position": 0, "hash": NOTHING}), |entry| entry.change);
    let fits = said.get("position").and_then(serde_json::Value::as_i64) == Some(head.base_position)
        && said.get("hash").and_then(serde_json::Value::as_str) == Some(head.base_hash.as_str());
    Ok((!fits).then(|| broken(Break::Beginning, Some(head.base_position), None)))
}

/// Entries that got no place, because this service did not write them.
async fn loose(app: &App, head: &Head) -> Result<Option<Broken>, ServiceError> {
    if head.older_open {
        return Ok(None);
    }
    let mut after = None;
    loop {
        let found = store::audit_chain::loose(app.store.read(), Loose::Since(i64::MIN), after, BATCH).await?;
        let Some(last) = found.last() else { return Ok(None) };
        after = Some(AuditCursor { at: last.entry.at, id: last.entry.id });
        if let Some(strange) = found.iter().find(|written| !says_what_it_said(written)) {
            return Ok(Some(broken(Break::Inserted, None, Some(strange))));
        }
    }
}

/// Removes the first entries of the chain that are older than `before` (milliseconds), at most 20,000 of them; the chain begins
/// behind them then, and an entry says so. Answers how many.
pub async fn cut(app: &App, before: i64) -> Result<u64, ServiceError> {
    chain(app, Reach::Recent).await?;
    let Some(head) = store::audit_chain::head(app.store.read()).await? else { return Ok(0) };
    let mut old: Vec<Seal> = Vec::new();
    for _ in 0..20 {
        let position = old.last().map_or(head.base_position, |seal| seal.position);
        let seals = store::audit_chain::seals(app.store.read(), position, 1_000).await?;
        let ids: Vec<Uuid> = seals.iter().map(|seal| seal.entry_id).collect();
        let entries = store::audit_chain::entries(app.store.read(), &ids).await?;
        let at: HashMap<Uuid, i64> = entries.iter().map(|written| (written.entry.id, written.entry.at)).collect();
        let full = seals.len();
        // What is gone against the rules stays a hole: the chain is not cut behind it.
        let some = seals.into_iter().take_while(|seal| at.get(&seal.entry_id).is_some_and(|at| *at < before));
        let count = old.len();
        old.extend(some);
        if old.len() - count < full || full == 0 {
            break;
        }
    }
    let Some(last) = old.last().cloned() else { return Ok(0) };
    let app = app.clone();
    retried(move || {
        let (app, old, last) = (app.clone(), old.clone(), last.clone());
        async move {
            let tx = app.store.begin().await?;
            let mut head = store::audit_chain::lock_head(&tx).await?;
            if old.first().map(|seal| seal.position) != Some(head.base_position + 1) {
                // Another replica was here.
                tx.rollback().await?;
                return Ok(0);
            }
            store::audit_chain::cut(&tx, &old).await?;
            (head.base_position, head.base_hash) = (last.position, last.hash.clone());
            store::audit_chain::write_head(&tx, &head).await?;
            let change = json!({"position": last.position, "hash": last.hash, "entries": old.len()});
            store::audit::insert(&tx, app.id(), app.now_millis(), &Actor::clock(), CUT, SUBJECT, change).await?;
            tx.commit().await?;
            Ok(old.len() as u64)
        }
    })
    .await
}
