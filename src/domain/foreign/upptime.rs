//! Upptime: `history/summary.json` (minutes down per day and site), a site's `history/*.yml` (how it is now), and its
//! incidents, which are GitHub issues.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::Value;

use super::{
    ENTRY_LIMIT, ForeignContext, ForeignEvent, ForeignProblem, Place, Read,
    entry::{Entry, web_address},
    front_matter, json, maintenance, plain,
    stages::Update,
    stamps,
};
use crate::domain::{capture::draft::DraftEvent, clock_point::ClockPoint};

pub(super) fn read(text: &str, context: &ForeignContext<'_>) -> Result<Vec<Read>, ForeignProblem> {
    if front_matter::begins(text) {
        return front_matter::read(text, context);
    }
    if text.trim_start().starts_with(['[', '{']) {
        let mut entries = Vec::new();
        for piece in json::pieces(text, &["sites", "issues", "incidents"])? {
            match piece.value {
                Err(words) => entries.push((piece.place, Err(words))),
                Ok(value) if value.get("dailyMinutesDown").is_some() => {
                    days_of(&value, piece.place, context, &mut entries);
                }
                Ok(value) if value.get("title").is_some() => {
                    entries.push((piece.place, issue(&value, piece.raw)));
                }
                Ok(_) => {
                    let words = "既不是站点也不是 issue neither a site (dailyMinutesDown) nor an issue (title)";
                    entries.push((piece.place, Err(words.to_owned())));
                }
            }
            if entries.len() > ENTRY_LIMIT {
                return Err(ForeignProblem::TooMany);
            }
        }
        return Ok(entries);
    }
    let site = front_matter::yaml(text)?;
    if site.get("status").is_none() || site.get("url").is_none() {
        return Err(ForeignProblem::OtherFormat {
            format: "upptime",
            expected: "give history/summary.json, a site's history/*.yml, or its issues as JSON",
        });
    }
    Ok(vec![(Place::Entry(1), state(&site, text, context))])
}

/// The days on which a site was down. The days are UTC days; as of a day only its date is known, it stands as a date.
fn days_of(site: &Value, place: Place, context: &ForeignContext<'_>, entries: &mut Vec<Read>) {
    let name = json::text(site, &["name", "slug", "url"]).unwrap_or_default();
    let slug = json::text(site, &["slug", "name", "url"]).unwrap_or_default();
    if slug.is_empty() {
        entries.push((place, Err("站点没有名字 the site has no name".to_owned())));
        return;
    }
    let empty = serde_json::Map::new();
    let days = site.get("dailyMinutesDown").and_then(Value::as_object).unwrap_or(&empty);
    if days.is_empty() {
        entries.push((place, Err(format!("{name}：没有停机记录 no day with downtime"))));
        return;
    }
    let days: BTreeMap<&String, &Value> = days.iter().collect();
    let down = json::text(site, &["status"]).is_some_and(|status| status == "down");
    let last = days.keys().next_back().copied();
    for (day, minutes) in &days {
        let minutes = minutes.as_f64().filter(|minutes| *minutes > 0.0 && *minutes <= 1_440.0);
        let read = match (stamps::date(day), minutes) {
            (Some(date), Some(minutes)) => {
                let words = format!("{name} 不可用 {} 分钟", minutes.round());
                let raw = format!("{{\"slug\": {slug:?}, \"{date}\": {minutes}}}");
                let ongoing = down && last == Some(*day);
                day_event(&slug, date, &words, &raw, ongoing, context).map(|mut event| {
                    event.links = json::text(site, &["url"]).as_deref().and_then(web_address).into_iter().collect();
                    event.draft.narrative = format!("{words}（Upptime 按 UTC 日统计，起止时刻不详）");
                    event
                })
            }
            (None, _) => Err(format!("读不懂的日期 cannot read the date: {name} {}", plain::bounded(day, 60))),
            (_, None) => Err(format!("{name} {day}：分钟数不在 1 至 1440 之间 minutes outside 1 to 1440")),
        };
        entries.push((place, read));
    }
}

fn day_event(
    slug: &str,
    date: NaiveDate,
    words: &str,
    raw: &str,
    ongoing: bool,
    context: &ForeignContext<'_>,
) -> Result<ForeignEvent, String> {
    let at = stamps::local(date.and_time(NaiveTime::MIN), context.capture.zone);
    Entry {
        key: format!("{slug}/{date}"),
        raw,
        title: words.to_owned(),
        occurred: at.map(ClockPoint::day),
        recovered: at.map(ClockPoint::day).filter(|_| !ongoing),
        ..Entry::default()
    }
    .finish()
}

/// A site's file tells how the site is now. One that is down is an event of that day, with the key that the summary
/// will give the day.
fn state(site: &Value, raw: &str, context: &ForeignContext<'_>) -> Result<ForeignEvent, String> {
    let url = json::text(site, &["url"]).unwrap_or_default();
    let name = context.file_name.and_then(|name| name.rsplit_once('.')).map_or(url.as_str(), |(stem, _)| stem);
    let status = json::text(site, &["status"]).unwrap_or_default();
    if status != "down" {
        return Err(format!(
            "{name}：现在正常（{status}），停机记录在 summary.json it is {status}; downtime stands in summary.json"
        ));
    }
    let Some(seen) = json::time(site, &["lastUpdated"]) else {
        return Err(format!("{name}：没有 lastUpdated 时间 no time (lastUpdated)"));
    };
    let code = json::text(site, &["code"]).filter(|code| code != "0");
    let words = code.map_or(format!("{name} 不可用"), |code| format!("{name} 不可用（HTTP {code}）"));
    let mut event = day_event(name, seen.date_naive(), &words, raw, true, context)?;
    event.draft =
        DraftEvent { narrative: format!("{words}，{} UTC 仍未恢复", seen.format("%m-%d %H:%M")), ..event.draft };
    event.timeline = vec![(seen, words)];
    event.links = web_address(&url).into_iter().collect();
    Ok(event)
}

/// An issue as GitHub's API or `gh issue list --json` gives it.
fn issue(value: &Value, raw: &str) -> Result<ForeignEvent, String> {
    let labels: Vec<String> = json::names(value, &["labels"]).iter().map(|label| label.to_lowercase()).collect();
    let title = json::text(value, &["title"]).unwrap_or_default();
    let title = title.trim_start_matches(|c: char| !c.is_alphanumeric() && !c.is_ascii_punctuation()).to_owned();
    if value.get("pull_request").is_some_and(|request| !request.is_null()) {
        return Err("是合并请求，不是事件 a pull request, no incident".to_owned());
    }
    if labels.iter().any(|label| label == "maintenance" || label == "scheduled") || maintenance::is_title_of(&title) {
        return Err(maintenance::WORDS.to_owned());
    }
    let opened = json::time(value, &["created_at", "createdAt"]);
    let closed = json::time(value, &["closed_at", "closedAt"]);
    let state = json::text(value, &["state"]).unwrap_or_default().to_lowercase();
    let told = |value: &Value, at: Option<DateTime<Utc>>| {
        let text = plain::from_mixed(&json::text(value, &["body"])?);
        Some(Update::new(at?, "", text))
    };
    let mut updates: Vec<Update> = told(value, opened).into_iter().collect();
    updates.extend(
        json::list(value, &["comments"])
            .iter()
            .filter_map(|comment| told(comment, json::time(comment, &["created_at", "createdAt"]))),
    );
    Entry {
        key: json::text(value, &["number", "id"]).map(|number| format!("issue/{number}")).unwrap_or_default(),
        raw,
        title,
        occurred: opened.map(ClockPoint::minute),
        recovered: closed.map(ClockPoint::minute),
        link: json::text(value, &["html_url", "url"]),
        over: state == "closed",
        updates,
        ..Entry::default()
    }
    .finish()
}
