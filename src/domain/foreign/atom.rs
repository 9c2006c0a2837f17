//! Atom (RFC 4287) and RSS 2.0 feeds of status pages. Statuspage writes the updates of an incident into the entry, the
//! newest first, with times that name no year; other feeds have one text for each entry.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{
    ForeignEvent, ForeignProblem, Read,
    entry::Entry,
    feed::{self, Item},
    maintenance, plain,
    stages::{Stage, Update},
    stamps::{self, Stamp},
    window::Window,
};
use crate::domain::clock_point::ClockPoint;

pub(super) fn read(text: &str) -> Result<Vec<Read>, ForeignProblem> {
    let other = ForeignProblem::OtherFormat {
        format: "atom",
        expected: "give the page's history.atom or history.rss (XML with entry or item elements)",
    };
    if !text.trim_start().starts_with('<') {
        return Err(other);
    }
    feed::items(text, event)?.ok_or(other)
}

fn event(item: &Item, raw: &str) -> Result<ForeignEvent, String> {
    let html = if item.content.trim().is_empty() { &item.summary } else { &item.content };
    let text = plain::from_html(html);
    let title = plain::line(&plain::from_html(&item.title));
    let time = |text: &str| stamps::instant(&plain::line(text), Tz::UTC);
    let Some(published) = time(&item.published).or_else(|| time(&item.updated)) else {
        return Err(format!("没有可读的时间 no time that can be read: {}", plain::bounded(&title, 60)));
    };
    let updates = updates(&text, published);
    let planned = text.to_ascii_uppercase().contains("THIS IS A SCHEDULED EVENT");
    if planned || updates.iter().any(|update| update.stage == Stage::Maintenance) || maintenance::is_title_of(&title) {
        return Err(maintenance::WORDS.to_owned());
    }
    let entry = Entry { key: plain::line(&item.id), raw, link: Some(plain::line(&item.link)), ..Entry::default() };
    if !updates.is_empty() {
        return Entry { title, updates, ..entry }.finish();
    }
    // One text: the first time stands for the beginning, unless the text tells when the fault was there.
    let (title, over) = resolved_title(&title);
    let over = over || text.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("resolved"));
    let told = time(&item.updated).unwrap_or(published);
    let window = Window::of(&text, told);
    let occurred = window.from.unwrap_or(published);
    let ended = window.to.or_else(|| Some(told).filter(|told| *told > occurred));
    Entry {
        title: title.to_owned(),
        occurred: Some(ClockPoint::minute(occurred)),
        recovered: ended.filter(|_| over).map(ClockPoint::minute),
        updates: vec![Update::new(told, "", text)],
        over,
        ..entry
    }
    .finish()
}

/// `[RESOLVED] …`, `RESOLVED: …`, `Service is operating normally: [RESOLVED] …`.
fn resolved_title(title: &str) -> (&str, bool) {
    let title = title.strip_prefix("Service is operating normally:").map_or(title, str::trim_start);
    match title.strip_prefix("[RESOLVED]").or_else(|| title.strip_prefix("RESOLVED:")) {
        Some(rest) => (rest.trim_start(), true),
        None => (title, false),
    }
}

/// Statuspage's updates: a line that is a time and nothing else, then `Resolved - …`.
fn updates(text: &str, published: DateTime<Utc>) -> Vec<Update> {
    let mut found: Vec<(Stamp, String)> = Vec::new();
    for line in text.lines() {
        let stamp = Stamp::of(line).filter(|stamp| stamp.day.is_some() && !stamp.offsets.is_empty());
        if let Some(stamp) = stamp {
            found.push((stamp, String::new()));
        } else if let Some((_, words)) = found.last_mut() {
            words.push_str(line);
            words.push('\n');
        }
    }
    // A zone's name may mean two things; the feed's own time, which is that of an update, tells which.
    let meaning = |choice: usize| {
        let at = |stamp: &Stamp| {
            let offset = stamp.offsets.get(choice).or(stamp.offsets.first())?;
            stamp.resolve(published, *offset)
        };
        found.iter().map(|(stamp, _)| at(stamp)).collect::<Vec<_>>()
    };
    let distance = |times: &[Option<DateTime<Utc>>]| {
        times.iter().flatten().map(|at| (*at - published).num_seconds().abs()).min().unwrap_or(i64::MAX)
    };
    let (first, second) = (meaning(0), meaning(1));
    let times = if distance(&second) < distance(&first) { second } else { first };
    found
        .into_iter()
        .zip(times)
        .filter_map(|((_, words), at)| {
            let (label, text) = words.split_once(" - ").filter(|(label, _)| label.len() <= 40).unwrap_or(("", &words));
            Some(Update::new(at?, label, text.trim().to_owned()))
        })
        .collect()
}
