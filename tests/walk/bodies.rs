//! What is sent to routes that change something.

use fupan::web::routes::Route;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::world::{OPEN, SEARCH, WEEK};

/// The body of a request of the API that would do what its route is for.
fn json_of(route: &Route) -> Option<Value> {
    Some(match (route.method, route.path) {
        ("POST", "/api/v1/events") => json!({"narrative": "对账延迟", "occurred_at": "2024-08-20T12:00:00+08:00"}),
        ("PATCH", "/api/v1/events/{number}") => json!({"restricted": false, "summary": "改过"}),
        ("POST", "/api/v1/events/{number}/timeline") => json!({"text": "看见了"}),
        ("PATCH", "/api/v1/events/{number}/timeline/{id}") => json!({"text": "改过"}),
        ("POST", "/api/v1/events/{number}/relations") => json!({"kind": "related", "other": format!("PE-{OPEN}")}),
        ("POST", "/api/v1/events:bulk") => json!({
            "events": [{"number": 7341, "version": 1}, {"number": OPEN, "version": 1}], "set": {"tags": ["改过"]},
        }),
        ("PUT", "/api/v1/events/{number}/grading") => json!({"level": "B", "reason": "改过"}),
        ("PUT", "/api/v1/events/{number}/responsibility") => {
            json!({"shares": [{"team": "支付", "basis_points": 10_000}]})
        }
        ("PUT", "/api/v1/events/{number}/review-meeting") => json!({"starts_at": "2024-08-29T10:00:00+08:00"}),
        ("PUT", "/api/v1/events/{number}/postmortem/sections/{name}") => json!({"text": "改过"}),
        ("PATCH", "/api/v1/events/{number}/postmortem") => json!({"state": "drafting"}),
        ("PUT", "/api/v1/events/{number}/indicators/{key}") => json!({"link": "cut"}),
        ("POST", "/api/v1/events/{number}/action-items") => json!({"title": "改过"}),
        ("PATCH", "/api/v1/action-items/{number}") => json!({"title": "改过"}),
        ("POST", "/api/v1/action-items/{number}:move") => json!({"to": "in_progress"}),
        ("POST", "/api/v1/reminders/{item}") => json!({"act": "stop", "reason": "改过"}),
        ("POST", "/api/v1/reminder-policy:preview") => json!({}),
        ("POST", "/api/v1/dips/{id}/accept") => json!({}),
        ("POST", "/api/v1/dips/{id}/merge") => json!({"event": "PE-7341"}),
        ("POST", "/api/v1/dips/{id}/dismiss") => json!({"reason": "改过"}),
        ("POST", "/api/v1/lines:parse") => {
            json!({"line": format!("08/19 15:00 {SEARCH}异常，15:30 恢复"), "week": WEEK})
        }
        ("PUT", "/api/v1/accounts/{account}/team-scope") => json!({"team_scope": "all"}),
        ("POST", "/api/v1/tokens") => json!({"name": "另一个", "scopes": ["read"]}),
        ("POST", "/api/v1/views") => json!({"name": "我的", "query": format!("{SEARCH} severity:A")}),
        ("PATCH", "/api/v1/views/{id}") => json!({"name": "改过"}),
        ("POST", "/api/v1/report-shares") => json!({"week": WEEK, "name": "另一个"}),
        ("POST", "/api/v1/report-mailings") => json!({"name": "另一封", "recipients": ["b@example.com"]}),
        ("PATCH", "/api/v1/report-mailings/{id}") => json!({"name": "改过"}),
        ("POST", "/api/v1/teams") => json!({"name": "另一个组"}),
        ("PATCH", "/api/v1/teams/{id}") => json!({"member_ids": []}),
        ("POST", "/api/v1/services") => json!({"name": "另一个业务"}),
        ("POST", "/api/v1/imports:batch") => json!({"documents": [{"text": document()}]}),
        ("POST", "/api/v1/report-styles:twin") => json!({"document": document()}),
        _ => return None,
    })
}

fn document() -> String {
    format!(
        "# 周报 {WEEK}\n\n## 【生产事件】\n\n08/19 15:00 {SEARCH}异常，影响约684笔出金交易。【待复盘】\n\n08/20 15:00 {SEARCH}异常，15:30 恢复正常。\n"
    )
}

/// The fields of a form that would do what its route is for.
fn form_of(route: &Route) -> Vec<(&'static str, &'static str)> {
    match route.path {
        "/events" | "/lines/preview" => vec![("line", "08/19 15:00 绝密渠道异常，15:30 恢复")],
        "/events/{number}/edit" => vec![
            ("version", "1"),
            ("occurred_at", "2024-08-19 15:00"),
            ("recovered_at", ""),
            ("severity", "A"),
            ("narrative", "改过"),
            ("summary", ""),
            ("impact", ""),
            ("cause", ""),
            ("recovery", ""),
        ],
        "/events/{number}/undo" => vec![("entry", "0197a000-0000-7000-8000-000000000000")],
        "/events/{number}/timeline" => vec![("entry", "改过")],
        "/events/{number}/timeline/{id}" => vec![("version", "1"), ("what", "remove")],
        "/e/{number}/postmortem/sections/{name}" => vec![("version", "0"), ("text", "改过")],
        "/events/{number}/postmortem" => vec![("version", "1"), ("state", "drafting")],
        "/events/{number}/grade" => vec![("version", "1"), ("level", "B"), ("reason", "改过")],
        "/events/{number}/relations" => vec![("kind", "related"), ("other", "PE-7344")],
        "/events/{number}/review" => vec![("version", "1"), ("starts_at", "2024-08-29T10:00"), ("minutes", "30")],
        "/events/{number}/indicators" => vec![("key", "withdraw"), ("link", "cut")],
        "/events/{number}/mark" => vec![("version", "1"), ("point", "recovered")],
        "/events/{number}/answer" => vec![("version", "1"), ("field", "cause"), ("value", "改过")],
        "/events/{number}/actions" => {
            vec![("title", "改过"), ("priority", "medium"), ("owner", ""), ("team", ""), ("due_on", "")]
        }
        "/events/{number}/measured-share" => vec![("version", "1"), ("key", "withdraw")],
        "/actions/{number}/edit" => vec![("version", "1"), ("title", "改过")],
        "/actions/{number}/move" => vec![("version", "1"), ("to", "in_progress")],
        "/dips/{id}/merge" => vec![("event", "PE-7341")],
        "/dips/{id}/dismiss" => vec![("reason", "改过")],
        "/reminders/{item}" => vec![("act", "stop"), ("reason", "改过"), ("version", "1")],
        "/views" => vec![("name", "我的"), ("q", "绝密渠道")],
        _ => vec![("version", "1")],
    }
}

/// Whether what is sent names something hidden, which an answer may say again.
pub fn names_hidden(route: &Route) -> bool {
    route.path.ends_with("/merge") || route.path == "/api/v1/events:bulk"
}

/// A request with the body that its route takes.
pub fn with(request: RequestBuilder, route: &Route) -> RequestBuilder {
    if !route.path.starts_with("/api/") {
        if route.path == "/import" {
            return request.body("");
        }
        return request.form(&form_of(route));
    }
    let request = request.header("If-Match", "\"1\"");
    match route.path {
        "/api/v1/imports" | "/api/v1/reports:splice" => {
            return request.header("Content-Type", "text/markdown").body(document());
        }
        "/api/v1/calendars:import" => return request.header("Content-Type", "text/plain").body("2024-08-31,work\n"),
        _ => {}
    }
    match json_of(route) {
        Some(body) => request.json(&body),
        None if route.method == "DELETE" => request,
        None => request.json(&json!({})),
    }
}
