//! A world with something to hide: events that few may see, and everything that hangs on them.

use entity::counter;
use fupan::{
    domain::actor::{Actor, Role, TeamScope},
    service::{accounts, dips, event_costs, sessions, tokens},
    store::accounts::Account,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header::HeaderMap, redirect::Policy};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use support::Service;

/// Wednesday 14:08 in Shanghai.
pub const NOW: &str = "2024-08-21T06:08:30Z";
/// The week of everything.
pub const WEEK: &str = "2024-W34";
/// What nobody else may read: it stands in every text of the hidden events.
pub const SECRET: &str = "失窃案内情";
/// What one searches for to find it; a page may show again what was typed.
pub const SEARCH: &str = "绝密渠道";
/// The hidden events: from the beginning, since it was published, deleted.
pub const HIDDEN: [i64; 3] = [7341, 7342, 7343];
/// The hidden action item.
pub const HIDDEN_ITEM: i64 = 8351;
/// An open event, and its action item.
pub const OPEN: i64 = 7344;
/// Its action item.
pub const OPEN_ITEM: i64 = 8352;
/// Monday 2024-08-19 15:00 in Shanghai.
const START: i64 = 1_724_050_800;

/// Somebody, with a token and a browser.
pub struct Person {
    /// How the test calls them.
    pub title: &'static str,
    /// What they may do; nobody has no role.
    pub role: Option<Role>,
    /// Whether the hidden events are there for them.
    pub named: bool,
    /// Whether they are of their own teams alone, which are not those of the hidden events.
    pub of_own_teams: bool,
    pub account: Option<Account>,
    token: String,
    cookie: String,
    /// The token of the session's forms.
    csrf: String,
}

/// An answer with everything in it.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        Self { status, headers, text }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Why the hidden events are hidden.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hiding {
    /// They are restricted.
    Restricted,
    /// They are open, and of another team than the people who see their own teams' alone.
    OtherTeam,
}

/// The world.
pub struct World {
    pub hiding: Hiding,
    pub service: Service,
    pub client: Client,
    pub people: Vec<Person>,
    /// Values of the placeholders of paths, by name.
    pub ids: std::collections::BTreeMap<&'static str, String>,
}

impl World {
    pub fn person(&self, title: &str) -> &Person {
        self.people.iter().find(|person| person.title == title).unwrap()
    }

    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).unwrap_or_else(|| panic!("the world has no {name}"))
    }

    /// A request as somebody sends it: programs with their token, browsers with their session.
    pub fn request(&self, person: &Person, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.service.url));
        let api = path.starts_with("/api/");
        request = request.header("Accept", if api { "*/*" } else { "text/html" });
        if person.role.is_none() {
            return request;
        }
        if api {
            request.bearer_auth(&person.token)
        } else {
            request
                .header("Cookie", format!("fupan_session={}", person.cookie))
                .header("Sec-Fetch-Site", "same-origin")
                .header("X-CSRF-Token", &person.csrf)
        }
    }

    /// A request as a program sends it: with the token, on pages too.
    pub fn program(&self, person: &Person, method: &str, path: &str) -> RequestBuilder {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.service.url));
        let request = request.header("Sec-Fetch-Site", "same-origin");
        if person.role.is_none() { request } else { request.bearer_auth(&person.token) }
    }

    pub async fn get(&self, person: &Person, path: &str) -> Answer {
        // A connection that was kept open may be closed in the very moment in which it is used again.
        for _ in 0..3 {
            if let Ok(response) = self.request(person, "GET", path).send().await {
                return Answer::of(response).await;
            }
        }
        panic!("{path} is not answered");
    }

    pub async fn send(&self, title: &str, method: &str, path: &str, body: Value) -> Value {
        let person = self.person(title);
        let mut request = self.request(person, method, &format!("/api/v1{path}"));
        if matches!(method, "PATCH" | "PUT" | "DELETE") {
            let current = self.get(person, &format!("/api/v1{}", path.trim_end_matches("/postmortem"))).await;
            if let Some(version) = current.json()["version"].as_i64() {
                request = request.header("If-Match", format!("\"{version}\""));
            }
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert!(answer.status.is_success(), "{method} {path} {body}: {} {}", answer.status, answer.text);
        answer.json()
    }

    async fn push(&self, from: i64, to: i64, counts: impl Fn(i64) -> (i64, i64)) {
        let row = |minute: i64| {
            let (total, failed) = counts(minute);
            format!("{},{total},{}\n", minute * 60, total - failed)
        };
        let csv: String = (from / 60..to / 60).map(row).collect();
        let request = self.request(self.person("lead"), "POST", "/api/v1/indicators/withdraw/samples");
        let request = request.header("Content-Type", "text/csv").body(format!("t,total,success\n{csv}"));
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }

    /// Everything that there is of the hidden events, as who sees it reads it.
    pub async fn hidden_state(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let [first, second, _] = HIDDEN;
        for number in [first, second] {
            for part in ["", "/action-items", "/postmortem", "/relations", "/review-meeting", "/timeline", "/grading"] {
                let answer = self.get(self.person("admin"), &format!("/api/v1/events/{number}{part}")).await;
                let mut value = answer.json();
                // Due dates and proposals follow what leads set for all events.
                if let Some(event) = value.as_object_mut() {
                    event.retain(|name, _| !matches!(name.as_str(), "proposal" | "distances" | "measures"));
                }
                all.push(value);
            }
        }
        all.push(self.get(self.person("admin"), "/api/v1/deleted-events").await.json());
        all
    }

    pub async fn new() -> Self {
        Box::pin(Self::hiding(Hiding::Restricted)).await
    }

    pub async fn hiding(hiding: Hiding) -> Self {
        // Another test may have set the provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let service = Service::start(NOW).await;
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let mut world = Self { hiding, service, client, people: Vec::new(), ids: std::collections::BTreeMap::new() };
        world.people.push(Person {
            title: "nobody",
            role: None,
            named: false,
            of_own_teams: false,
            account: None,
            token: String::new(),
            cookie: String::new(),
            csrf: String::new(),
        });
        let open = hiding == Hiding::OtherTeam;
        let mut people = vec![
            ("viewer", Role::Viewer, open),
            ("reporter", Role::Reporter, open),
            ("lead", Role::Lead, open),
            ("admin", Role::Admin, true),
            ("named viewer", Role::Viewer, true),
            ("named reporter", Role::Reporter, true),
        ];
        let scoped =
            [("scoped viewer", Role::Viewer), ("scoped reporter", Role::Reporter), ("scoped lead", Role::Lead)];
        people.extend(scoped.into_iter().filter(|_| open).map(|(title, role)| (title, role, false)));
        for (title, role, named) in people {
            let of_own_teams = title.starts_with("scoped");
            let scope = if of_own_teams { TeamScope::Own } else { TeamScope::All };
            let actor = Actor::local_operator();
            let email = format!("{}@example.com", title.replace(' ', "-"));
            let new = accounts::NewAccount { email, name: title.to_owned(), role, lang: "zh-CN".to_owned() };
            let account = accounts::add_scoped(&world.service.app, &actor, new, scope).await.unwrap().0;
            let token =
                tokens::create(&world.service.app, &actor, &account, tokens::NewToken::of_all("walk")).await.unwrap().1;
            if title == "admin" {
                let spare = tokens::NewToken::of_all("spare");
                let spare = tokens::create(&world.service.app, &actor, &account, spare).await.unwrap().0;
                world.ids.insert("token", spare.id.to_string());
            }
            let open = || sessions::open(&world.service.app, account.clone(), sessions::Entry::default());
            let (cookie, signed_in) = open().await.unwrap();
            if title == "admin" {
                world.ids.insert("session", open().await.unwrap().1.session.id.to_string());
                world.ids.insert("administrator", account.id.to_string());
            }
            let csrf = signed_in.session.csrf;
            let role = Some(role);
            world.people.push(Person { title, role, named, of_own_teams, account: Some(account), token, cookie, csrf });
        }
        Box::pin(world.fill()).await;
        world
    }

    async fn count_from(&self, name: &str, value: i64) {
        let tx = self.service.app.store.begin().await.unwrap();
        let row = counter::ActiveModel { name: Set(name.to_owned()), value: Set(value) };
        counter::Entity::insert(row).exec_without_returning(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[expect(clippy::too_many_lines, reason = "a world is read from top to bottom")]
    async fn fill(&mut self) {
        let viewer = self.person("named viewer").account.clone().unwrap();
        let reporter = self.person("named reporter").account.clone().unwrap();
        let lead = self.person("lead").account.clone().unwrap();
        self.count_from("event", HIDDEN[0] - 1).await;
        self.count_from("action_item", HIDDEN_ITEM - 1).await;

        let team = json!({"name": "支付", "lead_id": lead.id, "member_ids": [reporter.id, viewer.id]});
        let team = self.send("lead", "POST", "/teams", team).await["id"].as_str().unwrap().to_owned();
        let line = self.send("lead", "POST", "/services", json!({"name": "提现", "team_id": team})).await;
        let line = line["id"].as_str().unwrap().to_owned();
        // The line of the open event: of those who see the events of their own teams alone, where there are any.
        let open_line = match self.hiding {
            Hiding::Restricted => line.clone(),
            Hiding::OtherTeam => {
                let id = |title: &str| self.person(title).account.as_ref().unwrap().id;
                let members = [id("scoped reporter"), id("scoped viewer")];
                let own = json!({"name": "清算", "lead_id": id("scoped lead"), "member_ids": members});
                let own = self.send("lead", "POST", "/teams", own).await["id"].as_str().unwrap().to_owned();
                let own = json!({"name": "退款", "team_id": own});
                self.send("lead", "POST", "/services", own).await["id"].as_str().unwrap().to_owned()
            }
        };
        // It touches the line of the hidden events too, so that whatever compares events finds these alike.
        let mut open_lines = vec![json!({"service_id": line})];
        if open_line != line {
            open_lines.push(json!({"service_id": open_line}));
        }
        let restricted = self.hiding == Hiding::Restricted;
        let indicator = json!({"key": "withdraw", "name": "提现有效成功率", "service_id": line});
        self.send("lead", "POST", "/indicators", indicator).await;
        self.send("lead", "PUT", "/indicators/withdraw/objectives/week", json!({"target": "99.95"})).await;
        // Four dips: two are events, one is to be put to a hidden one, one stays.
        self.push(START - 8 * 86_400, START + 2 * 86_400 - 3_600, |minute| {
            let since = minute * 60 - START;
            let dip = [0, 18_000, 86_400, 122_400].into_iter().any(|from| (from..from + 1_800).contains(&since));
            (140, if dip { 22 } else { i64::from(minute % 65 == 0) })
        })
        .await;

        let text = |what: &str| format!("{SEARCH}{SECRET}：{what}");
        let secret = json!({
            "narrative": text("影响约684笔出金交易"), "summary": text("提要"), "impact": text("影响"), "cause": text("原因"),
            "recovery": text("恢复"), "severity": "A", "detection": "customer", "change_link": "https://topsecret.example.com/c",
            "occurred_at": "2024-08-19T15:00:00+08:00", "recovered_at": "2024-08-19T15:30:00+08:00",
            "postmortem": "pending", "tags": ["绝密标签"], "services": [{"service_id": line}],
            "links": [{"kind": "ticket", "url": "https://topsecret.example.com/t", "title": text("链接")}],
            "loss_actual_fen": 734_100, "restricted": restricted, "viewers": [viewer.id],
        });
        let made = self.send("named reporter", "POST", "/events", secret.clone()).await;
        assert_eq!(made["number"], HIDDEN[0]);
        // Open at first: it is published, imported and mailed, and hidden after that.
        let mut later = secret.clone();
        later["occurred_at"] = json!("2024-08-20T15:00:00+08:00");
        later["recovered_at"] = json!("2024-08-20T15:30:00+08:00");
        later["restricted"] = json!(false);
        self.send("named reporter", "POST", "/events", later).await;
        let mut gone = secret.clone();
        gone["narrative"] = json!(text("删掉的"));
        self.send("named reporter", "POST", "/events", gone).await;
        let open = json!({
            "narrative": "退款延迟", "occurred_at": "2024-08-20T11:00:00+08:00",
            "recovered_at": "2024-08-20T11:20:00+08:00", "severity": "C", "postmortem": "pending",
            "services": open_lines,
        });
        assert_eq!(self.send("reporter", "POST", "/events", open).await["number"], OPEN);
        self.send("admin", "DELETE", &format!("/events/{}", HIDDEN[2]), Value::Null).await;

        let shares = json!({"responsibility": [{"team_id": team, "basis_points": 10_000}]});
        self.send("admin", "PATCH", &format!("/events/{}", HIDDEN[0]), shares).await;
        for number in [HIDDEN[0], HIDDEN[1]] {
            let event = format!("/events/{number}");
            let timeline = json!({"text": text("时间线"), "at": "2024-08-19T15:10:00+08:00"});
            let entry = self.send("named reporter", "POST", &format!("{event}/timeline"), timeline).await;
            if number == HIDDEN[0] {
                let id = entry["id"].as_str().or_else(|| entry["entry"]["id"].as_str());
                self.ids.insert("hidden entry", id.unwrap().to_owned());
            }
            let section = json!({"text": text("章节")});
            let path = format!("{event}/postmortem/sections/impact");
            self.send("named reporter", "PUT", &path, section).await;
            let item = json!({
                "title": text("改进项"), "detail": text("细节"), "owner": "named-reporter@example.com",
                "team": team, "due_on": "2024-08-22", "ticket_url": "https://topsecret.example.com/a",
            });
            if number == HIDDEN[0] {
                let made = self.send("named reporter", "POST", &format!("{event}/action-items"), item).await;
                assert_eq!(made["number"].as_i64(), Some(HIDDEN_ITEM), "{made}");
            }
            self.send(
                "admin",
                "PATCH",
                &format!("{event}/postmortem"),
                json!({
                    "owner": "named-reporter@example.com", "due_on": "2024-08-21",
                }),
            )
            .await;
            let meeting = json!({
                "starts_at": "2024-08-28T10:00:00+08:00", "minutes": 45, "place": text("会议室"),
                "attendees": [viewer.id],
            });
            self.send("named reporter", "PUT", &format!("{event}/review-meeting"), meeting).await;
            let relation = json!({
                "kind": if number == HIDDEN[0] { "recurrence" } else { "related" }, "other": format!("PE-{number}"),
            });
            self.send("named reporter", "POST", &format!("/events/{OPEN}/relations"), relation).await;
            self.send(
                "named reporter",
                "POST",
                &format!("/reminders/PE-{number}"),
                json!({
                    "act": "snooze", "days": 1, "reason": text("推迟"),
                }),
            )
            .await;
        }
        let item = json!({"title": "加告警", "owner": "reporter@example.com", "due_on": "2024-08-22"});
        let made = self.send("reporter", "POST", &format!("/events/{OPEN}/action-items"), item).await;
        assert_eq!(made["number"].as_i64(), Some(OPEN_ITEM), "{made}");
        let entry = self.send("reporter", "POST", &format!("/events/{OPEN}/timeline"), json!({"text": "重启"})).await;
        let id = entry["id"].as_str().or_else(|| entry["entry"]["id"].as_str()).unwrap().to_owned();
        self.ids.insert("open entry", id);
        self.send(
            "admin",
            "PATCH",
            &format!("/events/{OPEN}/postmortem"),
            json!({
                "owner": "reporter@example.com", "due_on": "2024-08-21",
            }),
        )
        .await;

        let view = json!({"name": text("视图"), "query": SEARCH});
        let view = self.send("named viewer", "POST", "/views", view).await;
        self.ids.insert("hidden view", view["id"].as_str().unwrap().to_owned());
        let view =
            self.send("lead", "POST", "/views", json!({"name": "待办", "query": "state:owed", "shared": true})).await;
        self.ids.insert("view", view["id"].as_str().unwrap().to_owned());

        // An old document tells of the event that is hidden later.
        let document = format!(
            "# 周报 {WEEK}\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.991%\n\n## 【生产事件】\n\n1. 08/20 15:00 {}，15:30 恢复正常。【待复盘】\n\
             2. 08/18 09:00 对账延迟，09:30 恢复正常。\n",
            text("影响约684笔出金交易")
        );
        let request = self.request(self.person("admin"), "POST", &format!("/api/v1/imports?week={WEEK}"));
        let imported = request.header("Content-Type", "text/markdown").body(document).send().await.unwrap();
        let imported = Answer::of(imported).await;
        assert_eq!(imported.status, StatusCode::OK, "{}", imported.text);
        self.ids.insert("import run", imported.json()["run"].as_str().unwrap().to_owned());

        event_costs::refresh(&self.service.app).await.unwrap();
        dips::watch(&self.service.app).await.unwrap();
        let style = json!({"style": {"year_to_date": true, "carry_over": true}, "is_default": true});
        self.send("lead", "PUT", "/report-styles/house", style).await;
        self.send("lead", "PUT", &format!("/figures/{WEEK}/out"), json!({"value": "99.9"})).await;
        self.send("lead", "PUT", &format!("/incident-counts/{WEEK}/C"), json!({"count": "1"})).await;
        self.send("lead", "PUT", "/indicators/withdraw/hand-counts/2024-08-05", json!({"total": 10, "success": 9}))
            .await;
        self.send("lead", "PUT", "/calendars/company/days/2024-08-24", json!({"works": true, "name": "补班"})).await;
        let source = json!({"url": "https://prometheus.example.com", "total": "sum(x)", "success": "sum(y)"});
        self.send("lead", "PUT", "/indicators/withdraw/source", source).await;
        let notifier = json!({
            "name": "群", "tool": "feishu", "url": "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef0123456789abcdef",
            "topics": ["event.logged", "report.published"],
        });
        let notifier = self.send("admin", "POST", "/notifiers", notifier).await;
        self.ids.insert("notifier", notifier["id"].as_str().unwrap().to_owned());

        // Published with the second one in it.
        self.send("lead", "POST", &format!("/reports/{WEEK}:publish"), Value::Null).await;
        let share = self.send("lead", "POST", "/report-shares", json!({"week": WEEK, "name": "部门"})).await;
        self.ids.insert("share", share["id"].as_str().unwrap().to_owned());
        let url = share["url"].as_str().unwrap();
        self.ids.insert("share token", url.rsplit('/').next().unwrap().to_owned());
        let mailing = json!({"name": "周报", "recipients": ["boss@example.com"], "weekday": "wed", "time": "14:00"});
        let mailing = self.send("lead", "POST", "/report-mailings", mailing).await;
        self.ids.insert("mailing", mailing["id"].as_str().unwrap().to_owned());
        let list = fupan::service::report_mailings::list(&self.service.app, &Actor::local_operator()).await.unwrap();
        let url = fupan::service::unsubscribing::url(&self.service.app, list[0].recipients[0].id).await.unwrap();
        self.ids.insert("unsubscribe token", url.rsplit('/').next().unwrap().to_owned());

        if restricted {
            self.send("named reporter", "PATCH", &format!("/events/{}", HIDDEN[1]), json!({"restricted": true})).await;
        }

        let dips = self.get(self.person("admin"), "/api/v1/dips").await.json();
        let dips = dips["data"].as_array().unwrap();
        assert_eq!(dips.len(), 2, "{dips:?}");
        let [left, put] = [0, 1].map(|at| dips[at]["id"].as_str().unwrap().to_owned());
        let event = json!({"event": format!("PE-{}", HIDDEN[0])});
        self.send("named reporter", "POST", &format!("/dips/{put}/merge"), event).await;
        self.ids.insert("hidden dip", put);
        self.ids.insert("dip", left);
        Box::pin(fupan::worker::run_once(&self.service.app, None, "walk")).await.unwrap();
        let outbox = self.get(self.person("admin"), "/api/v1/outbox?limit=100").await.json();
        for message in outbox["data"].as_array().unwrap() {
            let id = message["id"].as_str().unwrap();
            self.ids.entry("message").or_insert_with(|| id.to_owned());
            let message = self.get(self.person("admin"), &format!("/api/v1/outbox/{id}")).await.text;
            let tokens = message.split("/act/").skip(1).filter_map(|rest| {
                rest.split(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter)).next()
            });
            for token in tokens {
                self.ids.entry("act token").or_insert_with(|| token.to_owned());
            }
        }
        self.ids.insert("team", team);
        self.ids.insert("service", line);
        self.ids.insert("account", lead.id.to_string());
    }
}
