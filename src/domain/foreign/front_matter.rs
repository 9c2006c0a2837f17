//! One Markdown file with front matter for each incident: cState, Hugo, Jekyll. YAML between lines of `---`, or TOML
//! between lines of `+++`.
//!
//! YAML is read by serde-saphyr: it is kept up, and its budget ends documents that unfold (aliases) or nest without end.

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::{
    ForeignContext, ForeignEvent, ForeignProblem, Place, Read,
    entry::Entry,
    json, maintenance, plain,
    stages::{Stage, Update},
    stamps,
};
use crate::domain::clock_point::ClockPoint;

/// Front matter is small: more is refused before it is parsed.
const YAML_LIMIT: usize = 256 * 1024;

/// What aliases may unfold to together, in parts of the document: front matter hardly ever has any.
const UNFOLDED_LIMIT: usize = 10_000;

/// Whether the text begins like front matter.
pub(super) fn begins(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default().trim_end();
    matches!(first, "---" | "+++")
}

pub(super) fn read(text: &str, context: &ForeignContext<'_>) -> Result<Vec<Read>, ForeignProblem> {
    let Some((fence, head, body)) = parts(text) else {
        return Err(ForeignProblem::OtherFormat {
            format: "front-matter",
            expected: "it begins with a line --- (or +++), then title: and date:, then --- again",
        });
    };
    let meta = if fence == "+++" { toml(head)? } else { yaml(head)? };
    Ok(vec![(Place::Entry(1), event(&meta, body, text, context))])
}

/// The fence, what stands between the fences, and what stands behind.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    if !begins(text) {
        return None;
    }
    let mut start = None;
    let mut at = 0;
    let mut fence = "";
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        at += line.len();
        match start {
            None => (start, fence) = (Some(at), bare),
            Some(from) if bare == fence || (fence == "---" && bare == "...") => {
                return Some((fence, text.get(from..at - line.len())?, text.get(at..)?));
            }
            Some(_) => {}
        }
    }
    None
}

/// A YAML mapping. Values that look like dates stay text.
pub(super) fn yaml(text: &str) -> Result<Value, ForeignProblem> {
    let broken = |line: usize, words: String| ForeignProblem::Broken { line, words };
    if text.len() > YAML_LIMIT {
        return Err(broken(1, "more than 256 KiB of YAML".to_owned()));
    }
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: UNFOLDED_LIMIT },
    };
    match serde_saphyr::from_str_with_options::<Value>(text, options) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(broken(1, "no mapping of names to values".to_owned())),
        Err(error) => {
            let line = error.location().and_then(|at| usize::try_from(at.line()).ok()).unwrap_or(1);
            Err(broken(line, plain::bounded(&plain::line(&error.to_string()), 200)))
        }
    }
}

fn toml(text: &str) -> Result<Value, ForeignProblem> {
    if text.len() > YAML_LIMIT {
        return Err(ForeignProblem::Broken { line: 1, words: "more than 256 KiB of TOML".to_owned() });
    }
    let table: toml::Table = toml::from_str(text).map_err(|error| ForeignProblem::Broken {
        line: error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1)),
        words: plain::bounded(&plain::line(error.message()), 200),
    })?;
    // Dates of TOML are values of their own; as text they are read like those of YAML.
    let value = |value: toml::Value| match value {
        toml::Value::Datetime(at) => Value::String(at.to_string()),
        other => serde_json::to_value(other).unwrap_or_default(),
    };
    Ok(Value::Object(table.into_iter().map(|(name, entry)| (name, value(entry))).collect()))
}

fn event(meta: &Value, body: &str, raw: &str, context: &ForeignContext<'_>) -> Result<ForeignEvent, String> {
    let title = json::text(meta, &["title"]).unwrap_or_default();
    let is = |name: &str| meta.get(name).and_then(Value::as_bool).unwrap_or(false);
    if is("draft") {
        return Err("草稿，未发布 a draft, not published".to_owned());
    }
    if is("informational") {
        return Err("仅为通知，不是事件 informational, no incident".to_owned());
    }
    let severity = json::text(meta, &["severity"]);
    let kind = json::text(meta, &["type", "category", "kind"]).unwrap_or_default().to_lowercase();
    let body = plain::from_mixed(body);
    let name = context.file_name.unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let planned = |word: &str| word.eq_ignore_ascii_case("maintenance");
    if kind == "maintenance"
        || severity.as_deref().is_some_and(planned)
        || maintenance::is_title_of(&title)
        || maintenance::is_text_of(&title, &body)
        || maintenance::is_name_of(&title, stem)
    {
        return Err(maintenance::WORDS.to_owned());
    }
    let began = ["date", "started", "start", "createdAt"];
    let ended = ["resolvedWhen", "resolved_when", "resolvedAt", "resolved_at", "end"];
    let occurred = point(meta, &began)?.or_else(|| day_of_name(context));
    let Some(occurred) = occurred else {
        return Err("没有发生时间 no time of the beginning (date)".to_owned());
    };
    let recovered = point(meta, &ended)?;
    let unresolved = meta.get("resolved").and_then(Value::as_bool) == Some(false);
    let recovered = recovered.filter(|_| !unresolved);
    let mut components = json::names(meta, &["affected", "systems", "components"]);
    if components.is_empty() {
        let listed = json::text(meta, &["affected", "systems", "components"]).unwrap_or_default();
        components = listed.split([',', '，', '、']).map(|name| name.trim().to_owned()).collect();
    }
    let sections = Sections::of(&body);
    Entry {
        key: if stem.is_empty() { json::text(meta, &["id", "slug"]).unwrap_or_default() } else { stem.to_owned() },
        raw,
        title,
        occurred: Some(occurred),
        recovered,
        severity,
        components,
        updates: sections.updates(occurred.at, recovered.map(|point| point.at)),
        link: json::text(meta, &["link", "url", "permalink", "canonicalURL"]),
        postmortem: json::text(meta, &["postmortem", "postmortem_url"]).is_some(),
        over: is("resolved"),
        ..Entry::default()
    }
    .finish()
}

/// A time, or a day. YAML (timestamp type, <https://yaml.org/type/timestamp.html>) and Hugo take a time without a zone
/// for UTC.
fn point(meta: &Value, names: &[&str]) -> Result<Option<ClockPoint>, String> {
    let Some(text) = json::text(meta, names) else { return Ok(None) };
    let unreadable = || format!("读不懂的时间 cannot read the time: {}", plain::bounded(&plain::line(&text), 60));
    let at = stamps::instant(&text, Tz::UTC).ok_or_else(unreadable)?;
    Ok(Some(if stamps::date(&text).is_some() { ClockPoint::day(at) } else { ClockPoint::minute(at) }))
}

/// Jekyll: `2017-12-25-no-space.md`.
fn day_of_name(context: &ForeignContext<'_>) -> Option<ClockPoint> {
    let date = stamps::date(context.file_name?.get(..10)?)?;
    stamps::local(date.and_time(NaiveTime::MIN), context.capture.zone).map(ClockPoint::day)
}

/// The parts of a body: `[Final message]` and the like on a line of their own, and paragraphs with cState's `track`.
struct Sections {
    /// Heading (empty for the part in front of the first), time where it is written, and text.
    parts: Vec<(String, Option<DateTime<Utc>>, String)>,
}

impl Sections {
    fn of(body: &str) -> Self {
        let mut parts: Vec<(String, Option<DateTime<Utc>>, String)> = vec![(String::new(), None, String::new())];
        for paragraph in body.split("\n\n") {
            if let Some((text, at)) = tracked(paragraph) {
                parts.push((String::new(), Some(at), text));
                continue;
            }
            for line in paragraph.lines() {
                if let Some(heading) = heading_of(line) {
                    parts.push((heading.to_owned(), None, String::new()));
                } else if let Some((_, _, text)) = parts.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
            if let Some((_, _, text)) = parts.last_mut() {
                text.push('\n');
            }
        }
        parts.retain(|(_, _, text)| !text.trim().is_empty());
        Self { parts }
    }

    /// As updates: those of the end at the recovery, the others at the beginning, the last one written first.
    fn updates(self, occurred: DateTime<Utc>, recovered: Option<DateTime<Utc>>) -> Vec<Update> {
        let mut updates: Vec<Update> = Vec::new();
        for (heading, at, text) in self.parts.into_iter().rev() {
            let folded = heading.to_lowercase();
            let ends = ["final", "close", "resolved", "fixed", "end"].iter().any(|word| folded.contains(word));
            let text = text.trim();
            if let Some(at) = at {
                let (label, rest) = label_of(text);
                updates.push(Update::new(at, label, rest.to_owned()));
            } else if ends && let Some(recovered) = recovered.filter(|recovered| *recovered >= occurred) {
                let mut update = Update::new(recovered, &heading, text.to_owned());
                update.stage = Stage::Resolved;
                updates.push(update);
            } else {
                updates.push(Update::new(occurred, &heading, text.to_owned()));
            }
        }
        updates
    }
}

fn heading_of(line: &str) -> Option<&str> {
    let heading = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    (heading.len() <= 40 && heading.starts_with(|c: char| c.is_alphabetic()) && !heading.contains(['[', ']']))
        .then_some(heading)
}

/// `*Investigating* - We are on it. {{< track "2018-05-25 14:32:00" >}}`, as cState writes updates.
fn tracked(paragraph: &str) -> Option<(String, DateTime<Utc>)> {
    let start = paragraph.find("{{<").or_else(|| paragraph.find("{{%"))?;
    let inner = paragraph.get(start + 3..)?;
    let end = inner.find("}}")?;
    let words = inner.get(..end)?.trim().trim_end_matches(['>', '%']).trim().strip_prefix("track")?;
    let at = stamps::instant(words.trim().trim_matches(['"', '`', '\'']), Tz::UTC)?;
    let text = format!("{}{}", paragraph.get(..start)?, inner.get(end + 2..)?);
    Some((text.trim().to_owned(), at))
}

/// `**Resolved** - text`: the word and the text.
fn label_of(text: &str) -> (&str, &str) {
    let Some(inner) = text.strip_prefix("**").or_else(|| text.strip_prefix('*')).or_else(|| text.strip_prefix('_'))
    else {
        return ("", text);
    };
    let Some(end) = inner.find(['*', '_']).filter(|end| *end <= 40) else { return ("", text) };
    let rest = inner.get(end..).unwrap_or_default().trim_start_matches(['*', '_', ' ', '-', '–', '—', ':']);
    (inner.get(..end).unwrap_or_default(), rest)
}
