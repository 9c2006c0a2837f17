//! What a section of a postmortem said before: its versions, and the difference of two of them.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    App, ServiceError, events,
    postmortem_text::{self, text_subject},
};
use crate::{
    domain::{
        actor::Actor,
        postmortem_template::Section,
        text_diff::{self, DiffLine},
    },
    store,
};

/// The most entries of the history of a postmortem, of all its sections, in which versions are looked for: the latest ones.
pub const ENTRIES: u64 = 200;

/// A version of a section whose text is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionVersion {
    /// From 1; 0 is before anybody wrote.
    pub version: i64,
    /// When it was written, milliseconds; none for version 0. Of what was saved while typing, when that began.
    pub at: Option<i64>,
    /// By whom; empty for version 0.
    pub by: String,
    text: String,
}

/// What a section said in one version and in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The section.
    pub section: Section,
    /// The earlier one.
    pub from: SectionVersion,
    /// The later one.
    pub to: SectionVersion,
    /// The difference; empty where both say the same.
    pub lines: Vec<DiffLine>,
    /// The versions that can be compared, the latest first.
    pub versions: Vec<SectionVersion>,
}

/// Text and whys as one text, a why on a line.
pub fn contents(text: &str, whys: &[String]) -> String {
    let mut all = text.trim_end().to_owned();
    for (at, why) in whys.iter().enumerate() {
        if !all.is_empty() {
            all.push('\n');
        }
        all.push_str(&format!("{}. {why}", at + 1));
    }
    all
}

/// The versions of a section whose text is kept, the latest first, and before anybody wrote at the end. What one person saved while typing
/// within ten minutes is one of them.
pub async fn of_section(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
) -> Result<(Section, Vec<SectionVersion>), ServiceError> {
    let event = events::get(app, actor, number).await?;
    let written = store::postmortem_text::section(app.store.read(), event.id, key).await?;
    let section = postmortem_text::section_of(app, key, written.is_some()).await?;
    let mut audit = store::audit::of_subject(app.store.read(), &text_subject(number), ENTRIES).await?;
    postmortem_text::with_sittings(app.store.read(), number, &mut audit).await?;
    let of_section =
        |entry: &&store::audit::AuditEntry| entry.change.get("section").and_then(Value::as_str) == Some(key);
    let entries: Vec<&store::audit::AuditEntry> = audit.iter().filter(of_section).collect();
    let number_at = |change: &Value, place: &str| change.pointer(place).and_then(Value::as_i64);
    let mut texts: HashMap<i64, String> = entries
        .iter()
        .filter_map(|entry| {
            let text = entry.change.pointer("/text/from")?.as_str()?;
            let whys = entry.change.pointer("/whys/from").cloned().unwrap_or_default();
            let whys: Vec<String> = serde_json::from_value(whys).unwrap_or_default();
            Some((number_at(&entry.change, "/version/from")?, contents(text, &whys)))
        })
        .collect();
    if let Some(written) = written {
        texts.insert(written.version, contents(&written.text, &written.whys));
    }
    let mut versions: Vec<SectionVersion> = entries
        .into_iter()
        .filter_map(|entry| {
            let version = number_at(&entry.change, "/version/to")?;
            let text = texts.remove(&version)?;
            Some(SectionVersion { version, at: Some(entry.at), by: entry.actor_name.clone(), text })
        })
        .collect();
    versions.sort_by_key(|one| std::cmp::Reverse(one.version));
    versions.push(SectionVersion { version: 0, at: None, by: String::new(), text: String::new() });
    Ok((section, versions))
}

/// The difference of two versions of a section; by default of the latest one and the one before. Where a version went into a
/// later one, because it was saved while typing, the last one before it that is kept is taken.
pub async fn compare(
    app: &App,
    actor: &Actor,
    number: i64,
    key: &str,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Comparison, ServiceError> {
    let (section, versions) = of_section(app, actor, number, key).await?;
    let latest = versions.first().map_or(0, |one| one.version);
    let find = |wanted: i64| {
        let kept = versions.iter().find(|one| one.version <= wanted).filter(|_| (0..=latest).contains(&wanted));
        kept.cloned().ok_or_else(|| {
            ServiceError::NotFound(format!("version {wanted} of section {key}; the latest one is {latest}"))
        })
    };
    let to = find(to.unwrap_or(latest))?;
    let from = find(from.unwrap_or_else(|| (to.version - 1).max(0)))?;
    let lines = text_diff::difference(&from.text, &to.text);
    Ok(Comparison { section, from, to, lines, versions })
}
