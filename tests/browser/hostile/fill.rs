//! Hostile text in every text field that people can write, through the API.

use std::collections::BTreeSet;

use fupan::{
    domain::actor::{Actor, Role},
    service::accounts,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::world::{Answer, OPEN, OPEN_ITEM, WEEK, World};

/// What a field of the API means that takes no free text: codes, ids, times, addresses. Everything else has to be filled.
const NOT_TEXT: [&str; 67] = [
    "account",
    "team_scope",
    "acknowledged_at",
    "acknowledged_precision",
    "act",
    "archived",
    "at",
    "attendees",
    "cause_category",
    "count",
    "detected_at",
    "detected_precision",
    "detection",
    "doubtful",
    "due_on",
    "evenly",
    "event",
    "from",
    "group_by",
    "head",
    "kind",
    "lang",
    "lead_id",
    "level",
    "link",
    "located_at",
    "located_precision",
    "member_ids",
    "mitigated_at",
    "mitigated_precision",
    "occurred_at",
    "occurred_precision",
    "order",
    "other",
    "owner",
    "postmortem",
    "priority",
    "recipients",
    "recovered_at",
    "recovered_precision",
    "responsibility",
    "reviewer",
    "scopes",
    "section",
    "service_id",
    "services",
    "severity",
    "shares",
    "since",
    "starts_at",
    "state",
    "team",
    "team_id",
    "time",
    "to",
    "today",
    "tool",
    "topics",
    "unknown",
    "until",
    "valid_from",
    "verifier",
    "viewers",
    "week",
    "weekday",
    "window",
    "zone",
];

/// Requests whose words are checked and answered, and kept nowhere.
const NOT_KEPT: [&str; 13] = [
    "POST /api/v1/lines:parse",
    "POST /api/v1/report-styles:twin",
    "POST /api/v1/reminder-policy:preview",
    "POST /api/v1/events:bulk",
    "POST /api/v1/audit:verify",
    "POST /api/v1/outbox:test",
    "POST /api/v1/outbox:requeue",
    "POST /api/v1/account:close",
    "POST /api/v1/accounts/{id}:close",
    "POST /api/v1/report-shares/{id}:rotate",
    "POST /api/v1/tokens/{id}:rotate",
    "POST /api/v1/indicators/{key}/samples",
    "POST /api/v1/dips/{id}/accept",
];

/// A payload of its own for every field: it breaks out of elements, attributes in both quotes, text areas, titles and scripts, as a
/// page, as Markdown and as a template would be broken.
pub fn long(number: usize) -> String {
    format!(
        "HX{number}X\"'><script>hacked={number}</script><img class=xss src=x onerror=hacked={number}>\
         <svg class=xss onload=hacked={number}></svg><x-evil onmouseover=hacked={number}></x-evil></textarea></title>\
         <!--{{{{7*7}}}}${{7*7}} javascript:hacked={number} [a](javascript:hacked={number}) \
         <javascript:hacked={number}> ![b](x\" onerror=\"hacked={number}) \u{202e}rtl\u{2066}\u{200f}"
    )
}

/// One that fits into a name.
pub fn short(number: usize) -> String {
    format!("HX{number}X\"'><x-evil onx=1>")
}

/// One that fits into a unit.
pub fn tiny(number: usize) -> String {
    format!("HX{number}X\"'><u>")
}

/// An address with it.
fn address(text: &str) -> String {
    format!("https://example.com/{}", text.replace(' ', ""))
}

/// A world full of it.
pub struct Filled {
    pub world: World,
    /// By its number what a field is; none where it was refused.
    pub fields: Vec<Option<String>>,
    /// Fields that refuse it, in the words of the refusal.
    pub refused: Vec<String>,
    /// Route and property.
    sent: BTreeSet<(String, String)>,
}

impl Filled {
    pub async fn new() -> Self {
        let world = World::new().await;
        let mut filled = Self { world, fields: Vec::new(), refused: Vec::new(), sent: BTreeSet::new() };
        filled.event().await;
        filled.postmortem_and_items().await;
        filled.names().await;
        filled.figures().await;
        filled.documents().await;
        filled.policies_and_styles().await;
        let published = filled.ask("POST", &format!("/api/v1/reports/{WEEK}:publish"), None).await;
        assert!(published.status.is_success(), "{}", published.text);
        fupan::worker::run_once(&filled.world.service.app, None, "hostile").await.unwrap();
        filled
    }

    /// Asks as administrator; where a version is needed, with the one that the refusal of a wrong one names.
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let admin = self.world.person("admin");
        let mut version = None;
        loop {
            let mut request = self.world.request(admin, method, path);
            if let Some(version) = &version {
                request = request.header("If-Match", format!("\"{version}\""));
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let answer = Answer::of(request.send().await.unwrap()).await;
            let wanted = answer.text.rsplit_once("now it is version ").map(|(_, rest)| rest.split(';').next().unwrap());
            version = match answer.status {
                StatusCode::PRECONDITION_REQUIRED if version.is_none() => Some("999999".to_owned()),
                StatusCode::PRECONDITION_FAILED if wanted.is_some() => wanted.map(str::to_owned),
                _ => return answer,
            };
        }
    }

    /// Writes one field, with the long text or else with the short one; what the answer was where one was taken.
    async fn fill(&mut self, method: &str, pattern: &str, path: &str, body: impl Fn(&str) -> Value) -> Option<Answer> {
        let number = self.fields.len();
        let mut said = String::new();
        for text in [long(number), short(number), tiny(number)] {
            let body = body(&text);
            for (name, value) in body.as_object().unwrap() {
                if value.to_string().contains("HX") {
                    self.sent.insert((format!("{method} {pattern}"), name.clone()));
                }
            }
            let path = path.replace("{hostile}", &encoded(&text));
            let answer = self.ask(method, &path, Some(&body)).await;
            assert!(!answer.status.is_server_error(), "{method} {path}: {} {}", answer.status, answer.text);
            if answer.status.is_success() {
                let names: Vec<&String> = body.as_object().unwrap().keys().collect();
                self.fields.push(Some(format!("{method} {pattern} {names:?}")));
                return Some(answer);
            }
            said = format!("{} {}", answer.status, answer.text);
            let a_refusal = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::BAD_REQUEST].contains(&answer.status);
            assert!(a_refusal, "{method} {path}: {said}");
        }
        self.fields.push(None);
        self.refused.push(format!("{method} {pattern} {}: {said}", body("…")));
        None
    }

    /// What was filled last is shown to nobody.
    fn masked(&mut self, name: &str) {
        if ["secret", "url"].contains(&name) {
            *self.fields.last_mut().unwrap() = None;
        }
    }

    async fn event(&mut self) {
        let path = format!("/api/v1/events/{OPEN}");
        let pattern = "/api/v1/events/{number}";
        for name in ["narrative", "summary", "impact", "cause", "recovery", "change_link"] {
            self.fill("PATCH", pattern, &path, |text| json!({name: text})).await;
        }
        self.fill("PATCH", pattern, &path, |text| json!({"tags": [text]})).await;
        let link = |url: String, title: String| json!({"links": [{"kind": "ticket", "url": url, "title": title}]});
        self.fill("PATCH", pattern, &path, |text| link(address("a"), text.to_owned())).await;
        self.fill("PATCH", pattern, &path, |text| link(address(text), "b".to_owned())).await;
        for scheme in
            ["javascript:hacked=1", " javascript:hacked=1", "data:text/html,<x-evil>", "java\nscript:hacked=1"]
        {
            let answer = self.ask("PATCH", &path, Some(&link(scheme.to_owned(), "c".to_owned()))).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{scheme} is taken: {}", answer.text);
        }
        let impact =
            |unit: &str| json!({"impacts": [{"kind": "count", "number": 3, "unit": unit, "approximate": true}]});
        self.fill("PATCH", pattern, &path, impact).await;
        self.fill("PATCH", pattern, &path, |text| json!({"line": text})).await;
        let events = "/api/v1/events";
        let line = |text: &str| json!({"line": format!("08/20 16:00 {text}，影响约5笔，16:30 恢复。"), "week": WEEK});
        self.fill("POST", events, events, line).await;
        for name in ["summary", "impact", "cause", "recovery", "severity_reason", "change_link", "narrative"] {
            let new = |text: &str| {
                let mut new = json!({
                    "narrative": "对账延迟", "occurred_at": "2024-08-20T12:00:00+08:00", "severity": "C",
                    "postmortem": "pending",
                });
                new[name] = json!(text);
                new
            };
            self.fill("POST", events, events, new).await;
        }
        for (name, value) in [
            ("tags", json!(["HX"])),
            ("links", json!([{"kind": "ticket", "url": "https://example.com/d", "title": "HX"}])),
            ("impacts", json!([{"kind": "count", "number": 1, "unit": "HX", "approximate": false}])),
        ] {
            let new = |text: &str| {
                let value = value.to_string().replace("\"HX\"", &json!(text).to_string());
                json!({
                    "narrative": "对账延迟", "occurred_at": "2024-08-20T12:30:00+08:00",
                    name: serde_json::from_str::<Value>(&value).unwrap(),
                })
            };
            self.fill("POST", events, events, new).await;
        }
        let grading = "/api/v1/events/{number}/grading";
        let grade = |text: &str| json!({"level": "B", "reason": text});
        self.fill("PUT", grading, &format!("{path}/grading"), grade).await;
        self.fill("PATCH", pattern, &path, |text| json!({"severity": "D", "severity_reason": text})).await;
        let timeline = "/api/v1/events/{number}/timeline";
        self.fill("POST", timeline, &format!("{path}/timeline"), |text| json!({"text": text})).await;
        let entry = self.world.id("open entry").to_owned();
        let of_entry = format!("{path}/timeline/{entry}");
        self.fill("PATCH", "/api/v1/events/{number}/timeline/{id}", &of_entry, |text| json!({"text": text})).await;
        for act in ["stop", "snooze"] {
            let reminders = |text: &str| {
                let days = if act == "snooze" { json!(2) } else { Value::Null };
                json!({"act": act, "days": days, "reason": text})
            };
            let path = format!("/api/v1/reminders/PE-{OPEN}");
            self.fill("POST", "/api/v1/reminders/{item}", &path, reminders).await;
        }
    }

    async fn postmortem_and_items(&mut self) {
        let path = format!("/api/v1/events/{OPEN}/postmortem");
        let postmortem = self.world.get(self.world.person("admin"), &format!("{path}?format=json")).await.json();
        let sections: Vec<String> = postmortem["sections"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["key"].as_str().unwrap().to_owned())
            .collect();
        assert!(sections.len() > 3, "{postmortem}");
        for (at, section) in sections.into_iter().enumerate() {
            let pattern = "/api/v1/events/{number}/postmortem/sections/{name}";
            let path = format!("{path}/sections/{section}");
            // Every other one in blocks of every kind.
            let written = |text: &str| match at % 2 {
                0 => json!({"text": text}),
                _ => json!({"text": format!("# {text}\n\n- {text}\n\n| {text} |\n|---|\n\n```{text}\n{text}\n```\n")}),
            };
            match at {
                0..3 => self.fill("PUT", pattern, &path, |text| json!({"text": text, "whys": [text, "b"]})).await,
                _ => self.fill("PUT", pattern, &path, written).await,
            };
        }
        let meeting = |text: &str| json!({"starts_at": "2024-08-28T10:00:00+08:00", "minutes": 45, "place": text});
        let at = format!("/api/v1/events/{OPEN}/review-meeting");
        self.fill("PUT", "/api/v1/events/{number}/review-meeting", &at, meeting).await;
        let other = json!({"narrative": "另一件", "occurred_at": "2024-08-20T13:00:00+08:00", "postmortem": "pending"});
        let other = self.ask("POST", "/api/v1/events", Some(&other)).await.json()["number"].as_i64().unwrap();
        let none = |text: &str| json!({"state": "not_required", "reason": text});
        let at = format!("/api/v1/events/{other}/postmortem");
        self.fill("PATCH", "/api/v1/events/{number}/postmortem", &at, none).await;

        let items = "/api/v1/events/{number}/action-items";
        let at = format!("/api/v1/events/{OPEN}/action-items");
        self.fill("POST", items, &at, |text| json!({"title": text, "due_on": "2024-08-23"})).await;
        self.fill("POST", items, &at, |text| json!({"title": "一", "detail": text})).await;
        let ticket = |text: &str| json!({"title": "二", "ticket_url": address(text)});
        self.fill("POST", items, &at, ticket).await;
        let (item, at) = ("/api/v1/action-items/{number}", format!("/api/v1/action-items/{OPEN_ITEM}"));
        for name in ["title", "detail"] {
            self.fill("PATCH", item, &at, |text| json!({name: text})).await;
        }
        self.fill("PATCH", item, &at, |text| json!({"ticket_url": address(text)})).await;
        for url in ["javascript:hacked=1", "data:text/html,x"] {
            let answer = self.ask("PATCH", &at, Some(&json!({"ticket_url": url}))).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{url} is taken: {}", answer.text);
        }
        let to = |to: &'static str, name: &'static str| move |text: &str| json!({"to": to, name: text});
        let moving = "/api/v1/action-items/{number}:move";
        self.fill("POST", moving, &format!("{at}:move"), to("in_verification", "evidence")).await;
        let dropped =
            self.ask("POST", &format!("/api/v1/events/{OPEN}/action-items"), Some(&json!({"title": "三"}))).await;
        let number = dropped.json()["number"].as_i64().unwrap();
        let at = format!("/api/v1/action-items/{number}:move");
        self.fill("POST", moving, &at, to("wont_do", "reason")).await;
    }

    async fn names(&mut self) {
        for name in ["name", "query"] {
            let view = |text: &str| {
                let mut view = json!({"name": format!("视图{name}"), "query": "PE", "shared": true});
                view[name] = json!(text);
                view
            };
            self.fill("POST", "/api/v1/views", "/api/v1/views", view).await;
            let at = format!("/api/v1/views/{}", self.world.id("view"));
            self.fill("PATCH", "/api/v1/views/{id}", &at, |text| json!({name: text})).await;
        }
        let of = |name: &str, id: &str, world: &World| format!("/api/v1/{name}/{}", world.id(id));
        for (name, id, pattern) in [
            ("teams", "team", "/api/v1/teams/{id}"),
            ("services", "service", "/api/v1/services/{id}"),
            ("report-mailings", "mailing", "/api/v1/report-mailings/{id}"),
            ("notifiers", "notifier", "/api/v1/notifiers/{id}"),
        ] {
            let at = of(name, id, &self.world);
            self.fill("PATCH", pattern, &at, |text| json!({"name": text})).await;
        }
        let at = of("notifiers", "notifier", &self.world);
        for name in ["keyword", "channel", "secret", "url"] {
            self.fill("PATCH", "/api/v1/notifiers/{id}", &at, |text| json!({name: text})).await;
            self.masked(name);
        }
        let quiet = |text: &str| json!({"from": "22:00", "until": "08:00", "through": [text]});
        self.fill("PATCH", "/api/v1/notifiers/{id}", &at, |text| json!({"quiet": quiet(text)})).await;
        let new = |text: &str| {
            json!({
                "name": "夜里安静的群", "tool": "dingtalk", "quiet": quiet(text),
                "url": "https://oapi.dingtalk.com/robot/send?access_token=0123456789abcdef0123456789abcdef",
            })
        };
        self.fill("POST", "/api/v1/notifiers", "/api/v1/notifiers", new).await;
        let members = |text: &str| json!({"members": [{"account": "lead", "user_id": text}]});
        self.fill("PUT", "/api/v1/notifiers/{id}/members", &format!("{at}/members"), members).await;
        for name in ["name", "keyword", "channel", "secret", "url"] {
            let new = |text: &str| {
                let mut new = json!({
                    "name": format!("群{name}"), "tool": "dingtalk",
                    "url": format!("https://oapi.dingtalk.com/robot/send?access_token={name}0123456789abcdef01234567"),
                });
                new[name] = json!(if name == "url" {
                    format!("{}{text}", new[name].as_str().unwrap())
                } else {
                    text.to_owned()
                });
                new
            };
            self.fill("POST", "/api/v1/notifiers", "/api/v1/notifiers", new).await;
            self.masked(name);
        }
        for path in ["/api/v1/teams", "/api/v1/services"] {
            self.fill("POST", path, path, |text| json!({"name": text})).await;
        }
        let published = self.ask("POST", &format!("/api/v1/reports/{WEEK}:publish"), None).await;
        assert!(published.status.is_success(), "{}", published.text);
        let share = |text: &str| json!({"week": WEEK, "name": text});
        self.fill("POST", "/api/v1/report-shares", "/api/v1/report-shares", share).await;
        let mailing = |text: &str| json!({"name": text, "recipients": ["c@example.com"]});
        self.fill("POST", "/api/v1/report-mailings", "/api/v1/report-mailings", mailing).await;
        self.fill("POST", "/api/v1/tokens", "/api/v1/tokens", |text| json!({"name": text, "scopes": ["read"]})).await;
        let day = |text: &str| json!({"works": true, "name": text});
        let at = "/api/v1/calendars/company/days/2024-08-25";
        self.fill("PUT", "/api/v1/calendars/{key}/days/{day}", at, day).await;
        // Names of people stand beside everything that they do; the one who owns the open event gets one.
        let number = self.fields.len();
        let new = accounts::NewAccount {
            email: "hostile@example.com".to_owned(),
            name: short(number),
            role: Role::Lead,
            lang: "zh-CN".to_owned(),
        };
        let made = accounts::add(&self.world.service.app, &Actor::local_operator(), new).await;
        self.fields.push(made.is_ok().then(|| "the name of an account".to_owned()));
        if made.is_ok() {
            let owner = json!({"owner": "hostile@example.com", "due_on": "2024-08-22"});
            let answer = self.ask("PATCH", &format!("/api/v1/events/{OPEN}/postmortem"), Some(&owner)).await;
            assert!(answer.status.is_success(), "{}", answer.text);
        }
    }

    async fn figures(&mut self) {
        let withdraw = "/api/v1/indicators/withdraw";
        for name in ["name", "unit"] {
            self.fill("PATCH", "/api/v1/indicators/{key}", withdraw, |text| json!({name: text})).await;
        }
        let definition = "/api/v1/indicators/{key}/definitions";
        let note = |text: &str| json!({"note": text, "exclusions": {"E1": "user"}, "valid_from": "2024-08-22"});
        self.fill("POST", definition, &format!("{withdraw}/definitions"), note).await;
        let excluded = |text: &str| json!({"exclusions": {text: "user"}, "valid_from": "2024-08-23"});
        self.fill("POST", definition, &format!("{withdraw}/definitions"), excluded).await;
        for (at, name) in ["key", "name", "unit", "exclusions"].into_iter().enumerate() {
            let new = |text: &str| {
                let mut new = json!({"key": format!("new-{at}"), "name": format!("指标{at}")});
                new[name] = if name == "exclusions" { json!({text: "user"}) } else { json!(text) };
                new
            };
            self.fill("POST", "/api/v1/indicators", "/api/v1/indicators", new).await;
        }
        let source = |text: &str| {
            json!({
                "url": format!("https://prometheus.example.com/{text}"), "total": text, "failed": text, "excluded": text,
                "token": "secret-of-HX",
            })
        };
        self.fill("PUT", "/api/v1/indicators/{key}/source", &format!("{withdraw}/source"), source).await;
        let source = |text: &str| json!({"url": "https://prometheus.example.com", "total": "sum(x)", "success": text});
        self.fill("PUT", "/api/v1/indicators/{key}/source", "/api/v1/indicators/new-1/source", source).await;
        let by_hand = |text: &str| json!({"total": 10, "success": 9, "note": text});
        let at = format!("{withdraw}/hand-counts/2024-08-05");
        self.fill("PUT", "/api/v1/indicators/{key}/hand-counts/{span}", &at, by_hand).await;
        let objective = "/api/v1/indicators/{key}/objectives/{window}";
        self.fill("PUT", objective, &format!("{withdraw}/objectives/week"), |text| json!({"target": text})).await;
        let figure = "/api/v1/figures/{week}/{name}";
        let at = format!("/api/v1/figures/{WEEK}/{{hostile}}");
        self.fill("PUT", figure, &at, |_| json!({"value": "99.9"})).await;
        for name in ["group", "unit", "target", "value"] {
            let at = format!("/api/v1/figures/{WEEK}/f-{name}");
            let value = |text: &str| {
                let mut figure = json!({"value": "99.8"});
                figure[name] = json!(text);
                figure
            };
            self.fill("PUT", figure, &at, value).await;
        }
        let count = "/api/v1/incident-counts/{week}/{severity}";
        self.fill("PUT", count, &format!("/api/v1/incident-counts/{WEEK}/{{hostile}}"), |_| json!({"count": "1"}))
            .await;
        let dismissed = format!("/api/v1/dips/{}/dismiss", self.world.id("dip"));
        self.fill("POST", "/api/v1/dips/{id}/dismiss", &dismissed, |text| json!({"reason": text})).await;
    }

    /// Files of others: reports, data of other tools, calendars.
    async fn documents(&mut self) {
        let number = self.fields.len();
        let report = format!(
            "# 周报 {WEEK}\n\n## 【系统运行数据】\n\n- {}率：99.991%\n\n## 【生产事件】\n\n1. 08/19 15:00 {}，影响约6笔，15:30 恢复正常。【待复盘】\n",
            short(number).replace("onx=1", "onx"),
            long(number),
        );
        let csv = format!(
            "occurred,recovered,summary,severity\n2024-08-19 10:00,2024-08-19 10:10,\"{}\",C\n",
            long(number + 1).replace('"', "\"\"")
        );
        let batch = json!({"documents": [{"file": format!("{}.md", short(number)), "content": report}]});
        let foreign = json!({
            "documents": [{"file": format!("{}.csv", short(number + 1)), "content": csv}], "from": "csv",
            "map": "occurred=occurred,recovered=recovered,summary=summary,severity=severity", "source": short(number + 1),
        });
        for (body, what) in [(batch, "an imported report"), (foreign, "a CSV of another tool")] {
            for name in body.as_object().unwrap().keys() {
                self.sent.insert(("POST /api/v1/imports:batch".to_owned(), name.clone()));
            }
            let answer = self.ask("POST", "/api/v1/imports:batch", Some(&body)).await;
            assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.text);
            if let Some(run) = answer.json()["run"].as_str() {
                self.world.ids.insert("import run", run.to_owned());
            }
            self.fields.push(Some(what.to_owned()));
        }
        let number = self.fields.len();
        let request = self.world.request(self.world.person("admin"), "POST", "/api/v1/calendars:import?into=company");
        let name = short(number).replace('"', "\"\"");
        let request =
            request.header("Content-Type", "text/plain").body(format!("date,type,name\n2024-09-01,work,\"{name}\"\n"));
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert!(!answer.status.is_server_error(), "{}", answer.text);
        self.fields.push(answer.status.is_success().then(|| "an imported calendar".to_owned()));
    }

    /// Every string of every policy and of a style, one after the other.
    async fn policies_and_styles(&mut self) {
        let policies = self.world.get(self.world.person("admin"), "/api/v1/policies").await.json();
        let names: Vec<String> =
            policies["data"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
        assert!(names.len() > 5, "{policies}");
        for name in names {
            let path = format!("/api/v1/policies/{name}");
            self.leaves("/api/v1/policies/{name}", &path, "document").await;
        }
        self.leaves("/api/v1/report-styles/{name}", "/api/v1/report-styles/house", "style").await;
        let pattern = "/api/v1/report-styles/{name}";
        self.fill("PUT", pattern, "/api/v1/report-styles/{hostile}", |_| json!({"style": {}})).await;
    }

    async fn leaves(&mut self, pattern: &str, path: &str, field: &str) {
        let now = self.world.get(self.world.person("admin"), path).await.json();
        let mut pointers = Vec::new();
        strings(&now[field], String::new(), &mut pointers);
        self.sent.insert((format!("PUT {pattern}"), field.to_owned()));
        for pointer in pointers {
            let number = self.fields.len();
            let now = self.world.get(self.world.person("admin"), path).await.json()[field].clone();
            let mut taken = false;
            let old = now.pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
            // A style is a template: what it needs stays in it.
            for text in [short(number), format!("{}{old}", short(number)), format!("{old}\n{}\n", short(number))] {
                let mut document = now.clone();
                *document.pointer_mut(&pointer).unwrap() = json!(text);
                let mut body = json!({field: document});
                if field == "style" {
                    body["is_default"] = json!(true);
                }
                let answer = self.ask("PUT", path, Some(&body)).await;
                assert!(!answer.status.is_server_error(), "{path}{pointer}: {}", answer.text);
                if answer.status.is_success() {
                    taken = true;
                    break;
                }
            }
            self.fields.push(taken.then(|| format!("{path}{pointer}")));
        }
    }

    /// Strings of bodies of the API that nobody filled and that are not known to be none.
    pub async fn forgotten(&self) -> Vec<String> {
        let document = self.world.get(self.world.person("admin"), "/api/openapi.json").await.json();
        let mut forgotten = Vec::new();
        for (pattern, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let method = method.to_uppercase();
                let route = format!("{method} {pattern}");
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
                let Some(schema) = schema.as_str().filter(|_| !NOT_KEPT.contains(&route.as_str())) else { continue };
                let properties = &document.pointer(&schema[1..]).unwrap()["properties"];
                for (name, property) in properties.as_object().into_iter().flatten() {
                    let text = property.to_string();
                    let holds = text.contains("\"string\"") || text.contains("$ref") || text.contains("\"object\"");
                    let known = NOT_TEXT.contains(&name.as_str()) || self.sent.contains(&(route.clone(), name.clone()));
                    if holds && !known {
                        forgotten.push(format!("{route} {name}"));
                    }
                }
            }
        }
        forgotten
    }
}

/// A text as a segment of a path.
pub fn encoded(text: &str) -> String {
    let mut url = reqwest::Url::parse("http://x.example.com/").unwrap();
    url.path_segments_mut().unwrap().push(text);
    url.path().trim_start_matches('/').to_owned()
}

/// JSON pointers of all strings.
fn strings(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at),
        Value::Array(items) => {
            // The second of a list is like the first.
            for (place, item) in items.iter().enumerate().take(2) {
                strings(item, format!("{at}/{place}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                strings(value, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}
