//! What stands in the place of the names in paths: one line per route that has some, with real keys of the world.

use super::world::{HIDDEN, HIDDEN_ITEM, World};

/// A pattern and what its names stand for, in their order: what the world knows by that name, else as it is written.
const VALUES: &[(&str, &[&[&str]])] = &[
    ("/act/{token}", &[&["act token"]]),
    ("/act/{token}/undo", &[&["act token"]]),
    ("/actions/{number}", &[&["8351"], &["8352"]]),
    ("/actions/{number}/delete", &[&["8351"], &["8352"]]),
    ("/actions/{number}/edit", &[&["8351"], &["8352"]]),
    ("/actions/{number}/move", &[&["8351"], &["8352"]]),
    ("/api/v1/accounts/{account}/team-scope", &[&["account"]]),
    ("/api/v1/accounts/{account}/zone", &[&["me"]]),
    ("/api/v1/accounts/{id}/export", &[&["account"]]),
    ("/api/v1/accounts/{id}/second-factor", &[&["account"]]),
    ("/api/v1/accounts/{id}/sessions", &[&["account"]]),
    ("/api/v1/accounts/{id}/sessions/{session}", &[&["administrator", "session"]]),
    ("/api/v1/accounts/{id}:close", &[&["account"]]),
    ("/api/v1/action-items/{number}", &[&["8351"], &["8352"]]),
    ("/api/v1/action-items/{number}:move", &[&["8351"], &["8352"]]),
    ("/api/v1/calendars/{key}", &[&["company"]]),
    ("/api/v1/calendars/{key}/days/{day}", &[&["company", "2024-08-24"]]),
    ("/api/v1/dips/{id}/accept", &[&["hidden dip"], &["dip"]]),
    ("/api/v1/dips/{id}/dismiss", &[&["hidden dip"], &["dip"]]),
    ("/api/v1/dips/{id}/merge", &[&["hidden dip"], &["dip"]]),
    ("/api/v1/events/{number}", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/action-items", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/costs", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/grading", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/history", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    (
        "/api/v1/events/{number}/indicators/{key}",
        &[&["7341", "withdraw"], &["7342", "withdraw"], &["7343", "withdraw"], &["7344", "withdraw"]],
    ),
    ("/api/v1/events/{number}/missing", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/postmortem", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/postmortem/lock", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    (
        "/api/v1/events/{number}/postmortem/sections/{name}",
        &[&["7341", "impact"], &["7342", "impact"], &["7343", "impact"], &["7344", "impact"]],
    ),
    (
        "/api/v1/events/{number}/postmortem/sections/{name}/diff",
        &[&["7341", "impact"], &["7342", "impact"], &["7343", "impact"], &["7344", "impact"]],
    ),
    ("/api/v1/events/{number}/recurrence", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/relations", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    (
        "/api/v1/events/{number}/relations/{kind}/{other}",
        &[&["7341", "recurrence", "7344"], &["7344", "recurrence", "7341"], &["7344", "related", "7342"]],
    ),
    ("/api/v1/events/{number}/responsibility", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/review-meeting", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/similar", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/thresholds", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/timeline", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}/timeline/{id}", &[&["7341", "hidden entry"], &["7344", "open entry"]]),
    ("/api/v1/events/{number}/timeline/{id}/star", &[&["7341", "hidden entry"], &["7344", "open entry"]]),
    ("/api/v1/events/{number}:restore", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/events/{number}:undo", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/api/v1/figures/{week}/{name}", &[&["2024-W34", "out"]]),
    ("/api/v1/imports/{id}:undo", &[&["import run"]]),
    ("/api/v1/incident-counts/{week}/{severity}", &[&["2024-W34", "C"]]),
    ("/api/v1/indicators/{key}", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/budget", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/codes", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/definitions", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/hand-counts", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/hand-counts/{span}", &[&["withdraw", "2024-08-05"]]),
    ("/api/v1/indicators/{key}/ledger", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/objectives/{window}", &[&["withdraw", "week"]]),
    ("/api/v1/indicators/{key}/samples", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/source", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/source:pull", &[&["withdraw"]]),
    ("/api/v1/indicators/{key}/totals", &[&["withdraw"]]),
    ("/api/v1/mail-stops/{id}", &[&["stop"]]),
    ("/api/v1/notifiers/{id}", &[&["notifier"]]),
    ("/api/v1/notifiers/{id}/deliveries", &[&["notifier"]]),
    ("/api/v1/notifiers/{id}/members", &[&["notifier"]]),
    ("/api/v1/notifiers/{id}/preview", &[&["notifier"]]),
    ("/api/v1/notifiers/{id}/test", &[&["notifier"]]),
    ("/api/v1/outbox/{id}", &[&["message"]]),
    ("/api/v1/outbox/{id}:send-as-new", &[&["message"]]),
    ("/api/v1/outbox/{id}:cancel", &[&["message"]]),
    ("/api/v1/outbox/{id}:requeue", &[&["message"]]),
    ("/api/v1/policies/{name}", &[&["severity"]]),
    ("/api/v1/reminders/{item}", &[&["PE-7341"], &["PE-7342"], &["AI-8351"], &["PE-7344"], &["AI-8352"]]),
    ("/api/v1/report-mailings/{id}", &[&["mailing"]]),
    ("/api/v1/report-mailings/{id}/preview", &[&["mailing"]]),
    ("/api/v1/report-shares/{id}", &[&["share"]]),
    ("/api/v1/report-styles/{name}", &[&["house"]]),
    ("/api/v1/reports/{week}", &[&["2024-W34"], &["this"], &["2024-W35"]]),
    ("/api/v1/reports/{week}/restatement", &[&["2024-W34"]]),
    ("/api/v1/reports/{week}:publish", &[&["2024-W34"]]),
    ("/api/v1/reports/{week}:withdraw", &[&["2024-W34"]]),
    ("/api/v1/services/{id}", &[&["service"]]),
    ("/api/v1/sessions/{id}", &[&["session"]]),
    ("/api/v1/teams/{id}", &[&["team"]]),
    ("/api/v1/views/{id}", &[&["hidden view"], &["view"]]),
    ("/budget/{year}", &[&["2024"]]),
    ("/dips/{id}/accept", &[&["hidden dip"], &["dip"]]),
    ("/dips/{id}/dismiss", &[&["hidden dip"], &["dip"]]),
    ("/dips/{id}/merge", &[&["hidden dip"], &["dip"]]),
    ("/e/{number}", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/e/{number}/history", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/e/{number}/postmortem", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/e/{number}/postmortem/export", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/e/{number}/postmortem/lock", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/e/{number}/postmortem/print", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    (
        "/e/{number}/postmortem/sections/{name}",
        &[&["7341", "impact"], &["7342", "impact"], &["7343", "impact"], &["7344", "impact"]],
    ),
    (
        "/e/{number}/postmortem/sections/{name}/diff",
        &[&["7341", "impact"], &["7342", "impact"], &["7343", "impact"], &["7344", "impact"]],
    ),
    ("/e/{number}/review.ics", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/actions", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/answer", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/delete", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/edit", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/grade", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/indicators", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/mark", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/measured-share", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/postmortem", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/record", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/recover", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/relations", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/restore", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/review", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/review/cancel", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/sentence", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/shares", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/timeline", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/events/{number}/timeline/{id}", &[&["7341", "hidden entry"], &["7344", "open entry"]]),
    ("/events/{number}/undo", &[&["7341"], &["7342"], &["7343"], &["7344"]]),
    ("/figures/{week}", &[&["2024-W34"]]),
    ("/figures/{week}/counts", &[&["2024-W34"]]),
    ("/figures/{week}/delete", &[&["2024-W34"]]),
    ("/import/runs/{id}", &[&["import run"]]),
    ("/import/runs/{id}/undo", &[&["import run"]]),
    ("/indicators/{key}", &[&["withdraw"]]),
    ("/indicators/{key}/days.csv", &[&["withdraw"]]),
    ("/indicators/{key}/definitions", &[&["withdraw"]]),
    ("/indicators/{key}/edit", &[&["withdraw"]]),
    ("/indicators/{key}/hand-counts", &[&["withdraw"]]),
    ("/indicators/{key}/minutes.csv", &[&["withdraw"]]),
    ("/indicators/{key}/objectives", &[&["withdraw"]]),
    ("/indicators/{key}/source", &[&["withdraw"]]),
    ("/publishing/mailings/{id}", &[&["mailing"]]),
    ("/publishing/mailings/{id}/remove", &[&["mailing"]]),
    ("/publishing/shares/{id}/revoke", &[&["share"]]),
    ("/publishing/shares/{id}/rotate", &[&["share"]]),
    ("/api/v1/report-shares/{id}:rotate", &[&["share"]]),
    ("/reminders/{item}", &[&["PE-7341"], &["PE-7342"], &["AI-8351"], &["PE-7344"], &["AI-8352"]]),
    ("/s/{token}", &[&["share token"]]),
    ("/services/{id}", &[&["service"]]),
    ("/settings/accounts/{id}", &[&["account"]]),
    ("/settings/accounts/{id}/close", &[&["account"]]),
    ("/settings/accounts/{id}/link", &[&["account"]]),
    ("/settings/accounts/{id}/second-factor", &[&["account"]]),
    ("/settings/accounts/{id}/sessions", &[&["account"]]),
    ("/settings/accounts/{id}/sessions/end", &[&["account"]]),
    ("/settings/accounts/{id}/sessions/{session}/end", &[&["administrator", "session"]]),
    ("/settings/sessions/{id}/end", &[&["session"]]),
    ("/settings/calendar/{key}", &[&["company"]]),
    ("/settings/notifiers/{id}", &[&["notifier"]]),
    ("/settings/notifiers/{id}/members", &[&["notifier"]]),
    ("/settings/notifiers/{id}/preview", &[&["notifier"]]),
    ("/settings/notifiers/{id}/remove", &[&["notifier"]]),
    ("/settings/notifiers/{id}/test", &[&["notifier"]]),
    ("/settings/outbox/marked/{id}/clear", &[&["stop"]]),
    ("/settings/outbox/{id}", &[&["message"]]),
    ("/settings/outbox/{id}/again", &[&["message"]]),
    ("/settings/outbox/{id}/html", &[&["message"]]),
    ("/settings/outbox/{id}/cancel", &[&["message"]]),
    ("/settings/outbox/{id}/requeue", &[&["message"]]),
    ("/settings/policies/{name}", &[&["severity"]]),
    ("/settings/tokens/{id}/revoke", &[&["token"]]),
    ("/settings/tokens/{id}/rotate", &[&["token"]]),
    ("/api/v1/tokens/{id}", &[&["token"]]),
    ("/api/v1/tokens/{id}:rotate", &[&["token"]]),
    ("/static/{name}", &[&["app.css"]]),
    ("/teams/{id}", &[&["team"]]),
    ("/unsubscribe/{token}", &[&["unsubscribe token"]]),
    ("/views/{id}/remove", &[&["hidden view"], &["view"]]),
    (
        "/w/{week}",
        &[&["2024-W34"], &["2024-W34.md"], &["2024-W34.json"], &["2024-W34.html"], &["this.txt"], &["2024-W35"]],
    ),
    ("/w/{week}/publish", &[&["2024-W34"]]),
    ("/w/{week}/withdraw", &[&["2024-W34"]]),
];

/// A path of a route in the world.
pub struct Target {
    /// With its keys.
    pub path: String,
    /// Whether it is one of a hidden event.
    pub hidden: bool,
}

/// The paths of a pattern; none where nobody said what its names stand for.
pub fn of(world: &World, pattern: &str) -> Option<Vec<Target>> {
    if !pattern.contains('{') {
        return Some(vec![Target { path: pattern.to_owned(), hidden: false }]);
    }
    let (_, rows) = VALUES.iter().find(|(of, _)| *of == pattern)?;
    let target = |row: &&[&str]| {
        let mut path = String::new();
        let mut values = row.iter();
        for part in pattern.split_inclusive('}') {
            let (before, name) = part.split_once('{').unwrap_or((part, ""));
            path.push_str(before);
            if !name.is_empty() {
                let value = values.next().unwrap_or_else(|| panic!("{pattern}: a value is missing"));
                path.push_str(world.ids.get(value).map_or(*value, String::as_str));
            }
        }
        assert!(values.next().is_none(), "{pattern}: a value too many");
        let numbers = HIDDEN.iter().chain([&HIDDEN_ITEM]).map(ToString::to_string);
        let labels = numbers.flat_map(|number| [format!("PE-{number}"), format!("AI-{number}"), number]);
        let hidden = labels.into_iter().any(|label| row.contains(&label.as_str()))
            || row.iter().any(|value| value.starts_with("hidden "));
        Target { path, hidden }
    };
    Some(rows.iter().map(target).collect())
}

/// Patterns that are listed and no route's any more.
pub fn stale(routes: &[&str]) -> Vec<&'static str> {
    VALUES.iter().map(|(pattern, _)| *pattern).filter(|pattern| !routes.contains(pattern)).collect()
}
