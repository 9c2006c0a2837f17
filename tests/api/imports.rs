//! Imports over the API: the plan, duplicates across reports, undoing a run, events of other tools.

use fupan::{
    domain::{
        actor::{Actor, Role},
        capture::draft::{DraftEvent, Mark},
        clock_point::ClockPoint,
        foreign::ForeignEvent,
        import_plan::Outcome,
    },
    service::{
        imports::{Options, import_foreign, undo},
        timeline::{self, EntryPatch},
    },
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use support::Service;

use super::{NOW, client};

const W33: &str = "# 2024-W33\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.991%\n\n事故数C级1次\n\n## 【生产事件】\n\n1. 08/14 10:20 代付渠道甲回调延迟，影响约120笔代付交易，渠道方限流导致，11:05 恢复正常。【待复盘】\n2. 08/15 09:30 收银台首页白屏，影响部分商户，09:50 回滚版本，恢复正常。【已复盘】\n";

/// The first event of W33 is carried on in other words, its postmortem is done now.
const W34: &str = "# 2024-W34\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.995%\n\n## 【生产事件】\n\n1. 08/14 10:20 代付渠道甲的回调延迟，影响约120笔代付交易，原因为渠道方限流，11:05 恢复正常。【已复盘】\n2. 08/20 16:00 提现审核队列积压，影响约35笔提现，16:40 扩容后恢复正常。【待复盘】\n";

struct Desk {
    client: Client,
    url: String,
    token: String,
}

impl Desk {
    async fn of(service: &Service) -> Self {
        Self { client: client(), url: service.url.clone(), token: service.token(Role::Lead).await }
    }

    async fn send(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let media = if path.starts_with("/api/v1/events") { "application/json" } else { "text/markdown" };
        let answer = request.header("Content-Type", media).body(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn import(&self, query: &str, document: &str) -> Value {
        let (status, body) = self.send(Method::POST, &format!("/api/v1/imports?{query}"), document.to_owned()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, "").await.1
    }

    async fn splice(&self, document: &str) -> String {
        let (status, body) = self.send(Method::POST, "/api/v1/reports:splice", document.to_owned()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body.as_str().unwrap().to_owned()
    }

    async fn patch(&self, path: &str, body: Value, version: i64) {
        let request = self.client.patch(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.header("If-Match", format!("\"{version}\"")).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

fn events(body: &Value) -> Vec<&Value> {
    body["data"].as_array().unwrap().iter().filter(|line| line["kind"] == "event").collect()
}

fn codes(line: &Value) -> Vec<&str> {
    line["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

fn outcomes(body: &Value) -> Vec<&str> {
    body["data"].as_array().unwrap().iter().map(|line| line["outcome"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_how_sure_it_is_and_why_and_leaves_the_doubtful_to_people() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let logged = "08/20 16:00 提现审核队列积压，影响约35笔提现，16:40 扩容后恢复正常。";
    let (status, _) =
        desk.send(Method::POST, "/api/v1/events", json!({"line": logged, "week": "2024-W34"}).to_string()).await;
    assert_eq!(status, StatusCode::CREATED);
    let document = "# 2024-W34\n\n## 【生产事件】\n\n1. 08/20 16:00 提现审核队列积压告警，客服收到少量咨询。\n2. 客户反馈对账文件延迟，已处理。\n3. 08/22 11:00 短信网关超时，影响约40笔，11:20 恢复正常。\n";
    let plan = desk.import("dry_run=true&doubtful=skip", document).await;
    assert_eq!(outcomes(&plan), ["doubtful", "doubtful", "added"], "{plan}");
    let lines = events(&plan);
    assert_eq!((lines[0]["meets"].as_i64(), codes(lines[0]).contains(&"may_be")), (Some(1), true));
    assert!(
        lines[0]["confidence"].as_i64().unwrap() < 70
            && lines[0]["reasons"][0]["text"].as_str().unwrap().contains("PE-1")
    );
    assert_eq!((lines[1]["confidence"].as_i64(), codes(lines[1]).contains(&"no_time")), (Some(50), true));
    assert_eq!((lines[2]["confidence"].as_i64(), lines[2]["taken"].as_bool()), (Some(100), Some(true)));
    assert_eq!(lines[1]["taken"], false);
    let (status, refused) = desk.send(Method::POST, "/api/v1/imports?doubtful=perhaps", document).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("invalid")));

    // What was left out is the writer's own: the report keeps its line, and the next import offers it again.
    let skipped = desk.import("doubtful=skip", document).await;
    assert!(skipped["run"].is_string() && events(&skipped)[2]["number"] == 2, "{skipped}");
    let spliced = desk.splice(document).await;
    assert!(
        spliced.contains("提现审核队列积压告警，客服收到少量咨询") && spliced.contains("对账文件延迟"),
        "{spliced}"
    );
    let again = desk.import("", document).await;
    assert_eq!(outcomes(&again), ["doubtful", "doubtful", "unchanged"]);
    assert!(codes(events(&again)[1]).contains(&"left_out") && events(&again)[1]["number"] == 4, "{again}");
    let last = desk.import("", document).await;
    assert_eq!((outcomes(&last), last["run"].is_null()), (vec!["unchanged"; 3], true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_two_weeks_report_is_one_event_in_the_first_week_and_both_reports_stay() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    desk.import("", W33).await;
    let plan = desk.import("dry_run=true", W34).await;
    let carried = events(&plan)[0];
    assert_eq!((carried["outcome"].as_str(), carried["number"].as_i64()), (Some("changed"), Some(1)), "{plan}");
    assert!(codes(carried).contains(&"other_week") && codes(carried).contains(&"alike"), "{carried}");
    let changes = carried["changes"].as_array().unwrap();
    assert!(changes.contains(&json!({"field": "state", "from": "pending", "to": "done"})), "{carried}");
    assert!(changes.iter().all(|change| change["field"] != "narrative"), "the first report's words stay: {carried}");
    let written = desk.import("", W34).await;
    assert_eq!(outcomes(&written), ["added", "changed", "added"]);
    let all = desk.get("/api/v1/events").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 3, "{all}");
    let first = desk.get("/api/v1/events/PE-1").await;
    assert_eq!((first["week"].as_str(), first["postmortem"]["state"].as_str()), (Some("2024-W33"), Some("done")));
    assert!(first["narrative"].as_str().unwrap().starts_with("代付渠道甲回调延迟"), "the first report's words stay");

    assert_eq!(desk.splice(W34).await, W34, "the line of an event of another week stays");
    assert_eq!(desk.splice(W33).await, W33.replacen("【待复盘】", "【已复盘】", 1));
    let report = desk.get("/api/v1/reports/2024-W34?format=md").await;
    assert!(report.as_str().unwrap().contains("代付渠道甲的回调延迟"), "{report}");

    // Whichever comes again, in whichever order, there is no news.
    for document in [W33, W34, W33] {
        let again = desk.import("", document).await;
        assert_eq!((again["unchanged"].as_bool(), again["run"].is_null()), (Some(true), true), "{again}");
    }
    // The first report's import goes: the event is told by the second one too, and stays.
    let list = desk.get("/api/v1/imports").await;
    let first_run = list["data"][1]["id"].as_str().unwrap().to_owned();
    let plan = desk.import("dry_run=true", W34).await;
    assert_eq!(plan["unchanged"], true);
    let (_, undone) = desk.send(Method::POST, &format!("/api/v1/imports/{first_run}:undo"), "").await;
    assert_eq!(undone["kept"].as_array().unwrap().len(), 1, "{undone}");
    assert!(undone["kept"][0]["fields"].as_array().unwrap().contains(&json!("other_import")), "{undone}");
    assert_eq!(desk.splice(W34).await, W34);
    assert_eq!(outcomes(&desk.import("", W33).await), ["added", "added", "unchanged", "added"]);

    // The mark of a line of another week follows the postmortem.
    let path = "/api/v1/events/PE-1/postmortem";
    let version = desk.get("/api/v1/events/PE-1").await["version"].as_i64().unwrap();
    desk.patch(path, json!({"state": "pending", "reason": "补充"}), version).await;
    assert_eq!(desk.splice(W34).await, W34.replacen("【已复盘】", "【待复盘】", 1));

    // Deleted here, it leaves both.
    let version = desk.get("/api/v1/events/PE-1").await["version"].as_i64().unwrap();
    let gone = desk.client.delete(format!("{}/api/v1/events/PE-1", desk.url)).bearer_auth(&desk.token);
    let gone = gone.header("If-Match", format!("\"{version}\"")).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert!(!desk.splice(W34).await.contains("渠道甲") && !desk.splice(W33).await.contains("渠道甲"));
    assert_eq!(outcomes(&desk.import("", W34).await), ["unchanged", "deleted", "unchanged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undone_import_was_never_there_but_what_people_edited_stays() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let first = desk.import("file=w33.md", W33).await;
    let run = first["run"].as_str().unwrap().to_owned();
    desk.patch("/api/v1/events/PE-2", json!({"cause": "前端资源没有发布完整"}), 1).await;
    let (status, undone) = desk.send(Method::POST, &format!("/api/v1/imports/{run}:undo"), "").await;
    assert_eq!(status, StatusCode::OK, "{undone}");
    assert_eq!(undone["undone"].as_array().unwrap().len(), 3, "a figure, a count, an event: {undone}");
    assert_eq!(undone["kept"].as_array().unwrap().len(), 1);
    assert!(undone["kept"][0]["text"].as_str().unwrap().starts_with("PE-2"), "{undone}");
    assert_eq!(undone["kept"][0]["fields"], json!(["cause"]));
    let left = desk.get("/api/v1/events").await;
    assert_eq!(left["data"].as_array().unwrap().len(), 1, "{left}");
    let figures = desk.get("/api/v1/figures?week=2024-W33").await;
    assert!(figures["data"].as_array().unwrap().is_empty(), "{figures}");

    let (status, refused) = desk.send(Method::POST, "/api/v1/imports/last:undo", "").await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::CONFLICT, Some("conflict")), "{refused}");
    let (status, _) = desk.send(Method::POST, "/api/v1/imports/0197a000-0000-7000-8000-000000000000:undo", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let again = desk.import("", W33).await;
    assert_eq!(outcomes(&again), ["added", "added", "added", "unchanged"], "{again}");
    assert_eq!(events(&again)[0]["number"], 3, "numbers are not used again");
    let list = desk.get("/api/v1/imports?limit=1").await;
    assert_eq!((list["data"][0]["added"].as_i64(), list["data"][0]["undone_at"].is_null()), (Some(3), true), "{list}");
    let cursor = list["next_cursor"].as_str().unwrap();
    let older = desk.get(&format!("/api/v1/imports?limit=1&cursor={cursor}")).await;
    assert_eq!(
        (older["data"][0]["id"].as_str(), older["data"][0]["file"].as_str()),
        (Some(run.as_str()), Some("w33.md"))
    );
    assert!(older["data"][0]["undone_by"].is_string() && older["next_cursor"].is_null(), "{older}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_changed_goes_back_field_by_field() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    desk.import("", W33).await;
    let later = W33
        .replace("99.991%", "99.992%")
        .replace("C级1次", "C级2次")
        .replacen("【待复盘】", "【已复盘】", 1)
        .replace("收银台首页白屏", "收银台首页打不开");
    let second = desk.import("", &later).await;
    assert_eq!(outcomes(&second), ["changed", "changed", "changed", "changed"], "{second}");
    assert_eq!(desk.splice(&later).await, later);
    let (status, undone) = desk.send(Method::POST, "/api/v1/imports/last:undo", "").await;
    assert_eq!((status, undone["kept"].as_array().unwrap().len()), (StatusCode::OK, 0), "{undone}");
    assert_eq!(desk.splice(W33).await, W33, "all is as the first import left it");
    assert_eq!(outcomes(&desk.import("", W33).await), ["unchanged"; 4]);

    // Once more, and the figure is corrected by hand before the undo.
    assert_eq!(outcomes(&desk.import("", &later).await), ["changed"; 4]);
    let put = desk.client.put(format!("{}/api/v1/figures/2024-W33/入金有效成功率", desk.url)).bearer_auth(&desk.token);
    assert_eq!(put.json(&json!({"value": "99.9"})).send().await.unwrap().status(), StatusCode::OK);
    let (_, undone) = desk.send(Method::POST, "/api/v1/imports/last:undo", "").await;
    assert_eq!((undone["kept"].as_array().unwrap().len(), undone["kept"][0]["kind"].as_str()), (1, Some("figure")));
    assert_eq!(desk.splice(W33).await, W33.replace("99.991%", "99.9%"));

    // The first import can be undone after the second: what is as it left it goes.
    let list = desk.get("/api/v1/imports").await;
    let first = list["data"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    let (status, undone) = desk.send(Method::POST, &format!("/api/v1/imports/{first}:undo"), "").await;
    assert_eq!((status, undone["kept"].as_array().unwrap().len()), (StatusCode::OK, 1), "{undone}");
    assert!(desk.get("/api/v1/events").await["data"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_was_logged_here_keeps_what_people_added_when_the_report_words_it_anew() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let line = json!({"line": "08/20 16:00 提现审核队列积压，影响约35笔提现。", "week": "2024-W34"});
    desk.send(Method::POST, "/api/v1/events", line.to_string()).await;
    let added =
        json!({"recovered_at": "2024-08-20T16:40:00+08:00", "cause_category": "capacity", "cause": "消费者太少"});
    desk.patch("/api/v1/events/PE-1", added, 1).await;
    let document = "# 2024-W34\n\n## 【生产事件】\n\n1. 08/20 16:00 提现审核队列出现积压，影响约35笔提现。【待复盘】\n";
    let first = desk.import("", document).await;
    assert_eq!(outcomes(&first), ["changed"], "{first}");
    let event = desk.get("/api/v1/events/PE-1").await;
    assert!(event["narrative"].as_str().unwrap().contains("出现积压"), "{event}");
    assert_eq!((event["cause"].as_str(), event["cause_category"].as_str()), (Some("消费者太少"), Some("capacity")));
    assert!(event["recovered_at"].as_str().unwrap().starts_with("2024-08-20T16:40"), "{event}");
    assert_eq!(desk.splice(document).await, document);
    desk.send(Method::POST, "/api/v1/imports/last:undo", "").await;
    let event = desk.get("/api/v1/events/PE-1").await;
    assert!(event["narrative"].as_str().unwrap().starts_with("提现审核队列积压"), "{event}");
    assert_eq!(
        (event["postmortem"]["state"].as_str(), event["cause"].as_str()),
        (Some("undecided"), Some("消费者太少"))
    );
}

fn foreign(key: &str, at: &str, narrative: &str) -> ForeignEvent {
    let occurred = Some(ClockPoint::minute(at.parse().unwrap()));
    let draft = DraftEvent {
        occurred,
        narrative: narrative.to_owned(),
        summary: Some(narrative.to_owned()),
        severity: Some("C".to_owned()),
        mark: Mark::Pending,
        ..DraftEvent::default()
    };
    ForeignEvent {
        key: key.to_owned(),
        raw: format!("{key},{at},{narrative}"),
        timeline: vec![(at.parse().unwrap(), "监控告警".to_owned())],
        links: vec!["https://status.example.com/1".to_owned()],
        draft,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_another_tool_go_to_their_weeks_and_are_known_again_and_undone() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    desk.import("", W34).await;
    let told = || {
        vec![
            foreign("INC-1", "2024-08-11T17:00:00Z", "支付网关证书过期，交易失败"),
            foreign("INC-2", "2024-08-20T08:00:00Z", "提现审核队列积压，影响约35笔提现"),
        ]
    };
    let actor = Actor::local_operator();
    let import = async |events, dry_run| {
        let options = Options { dry_run, ..Options::default() };
        import_foreign(&service.app, &actor, "statuspage", "incidents.json", events, options).await.unwrap()
    };
    let outcomes = |report: &fupan::service::imports::ImportReport| {
        report.lines.iter().map(|line| line.outcome).collect::<Vec<_>>()
    };
    let dry = import(told(), true).await;
    assert_eq!((outcomes(&dry)[0], dry.run), (Outcome::Added, None));
    let first = import(told(), false).await;
    // Midnight of Shanghai is past: the 12th, a Monday. The second one is the report's, whose words stay.
    let number = first.lines[0].number.unwrap();
    let event = desk.get(&format!("/api/v1/events/{number}")).await;
    assert_eq!((event["week"].as_str(), event["severity"].as_str()), (Some("2024-W33"), Some("C")), "{event}");
    assert_eq!((first.lines[1].number, first.lines[1].outcome), (Some(2), Outcome::Changed), "{:?}", first.lines[1]);
    let timeline = desk.get(&format!("/api/v1/events/{number}/timeline?kind=written")).await;
    assert_eq!(timeline["data"].as_array().unwrap().len(), 2, "{timeline}");
    assert_eq!(desk.splice(W34).await, W34);
    let second = import(told(), false).await;
    assert_eq!((outcomes(&second), second.run), (vec![Outcome::Unchanged; 2], None));
    assert_eq!(outcomes_of(&desk, W34).await, ["unchanged"; 3]);

    // The tool tells more: what nobody edited here follows.
    let mut more = told();
    more[0].draft.recovered = Some(ClockPoint::minute("2024-08-11T18:00:00Z".parse().unwrap()));
    more[0].raw.push_str(",resolved");
    assert_eq!(outcomes(&import(more, false).await), [Outcome::Changed, Outcome::Unchanged]);
    let event = desk.get(&format!("/api/v1/events/{number}")).await;
    assert!(event["recovered_at"].as_str().unwrap().starts_with("2024-08-12T02:00"), "{event}");

    for _ in 0..2 {
        let latest = desk.get("/api/v1/imports").await;
        let standing = latest["data"].as_array().unwrap().iter().find(|run| run["undone_at"].is_null()).unwrap();
        assert_eq!(standing["source"], "statuspage");
        let report = undo(&service.app, &actor, standing["id"].as_str().unwrap()).await.unwrap();
        assert!(report.kept.is_empty(), "{:?}", report.kept);
    }
    let gone = desk.send(Method::GET, &format!("/api/v1/events/{number}"), "").await;
    assert_eq!(gone.0, StatusCode::NOT_FOUND);
    assert_eq!(outcomes(&import(told(), true).await)[0], Outcome::Added, "as if it had never been there");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_event_whose_timeline_someone_edited_is_kept() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let actor = Actor::local_operator();
    let options = Options::default();
    let events = vec![
        foreign("INC-1", "2024-08-11T17:00:00Z", "支付网关证书过期，交易失败"),
        foreign("INC-2", "2024-08-20T08:00:00Z", "提现审核队列积压"),
        foreign("INC-3", "2024-08-20T09:00:00Z", "清算文件延迟"),
    ];
    import_foreign(&service.app, &actor, "statuspage", "incidents.json", events, options).await.unwrap();
    let line = async |number: i64| {
        let page = desk.get(&format!("/api/v1/events/{number}/timeline?kind=written")).await;
        page["data"][0]["id"].as_str().unwrap().parse().unwrap()
    };
    // As many lines as there were: one says something else, one is gone, one was edited and is as it was.
    let said = |text: &str| EntryPatch { text: Some(text.to_owned()), ..EntryPatch::default() };
    let (first, second, third) = (line(1).await, line(2).await, line(3).await);
    timeline::edit(&service.app, &actor, 1, first, None, said("值班电话告警")).await.unwrap();
    timeline::remove(&service.app, &actor, 2, second, None).await.unwrap();
    timeline::edit(&service.app, &actor, 3, third, None, said("又改")).await.unwrap();
    timeline::edit(&service.app, &actor, 3, third, None, said("监控告警")).await.unwrap();
    let report = undo(&service.app, &actor, "last").await.unwrap();
    let mut kept: Vec<(&str, &str)> =
        report.kept.iter().map(|kept| (&kept.label[..4], kept.fields[0].as_str())).collect();
    kept.sort_unstable();
    assert_eq!(kept, [("PE-1", "timeline"), ("PE-2", "timeline")], "{:?}", report.kept);
}

async fn outcomes_of(desk: &Desk, document: &str) -> Vec<String> {
    let body = desk.import("dry_run=true", document).await;
    outcomes(&body).into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_an_import_leaves_what_a_later_one_tells_too() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let api = format!("{}/api/v1", service.url);
    let first = "# 2024-W34\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.998%\n- 事故数C级1次\n\n## 【生产事件】\n\n1. 08/19 15:00 提现失败，影响约3笔【待复盘】\n2. 08/20 10:00 查询超时【待复盘】\n";
    let later = first.replace("\n2. 08/20 10:00 查询超时【待复盘】", "").replace("# 2024-W34", "# 2024-W34 定稿");
    let mut runs = Vec::new();
    for document in [first, later.as_str()] {
        let answer = client.post(format!("{api}/imports")).bearer_auth(&token).body(document.to_owned()).send().await;
        let answer: serde_json::Value = answer.unwrap().json().await.unwrap();
        runs.push(answer["run"].as_str().unwrap_or_default().to_owned());
    }
    let undo = client.post(format!("{api}/imports/{}:undo", runs[0])).bearer_auth(&token).send().await.unwrap();
    assert_eq!(undo.status(), StatusCode::OK);
    let undone: serde_json::Value = undo.json().await.unwrap();
    assert!(undone.to_string().contains("other_import"), "{undone}");
    let report = client.get(format!("{api}/reports/2024-W34?format=md")).bearer_auth(&token).send().await.unwrap();
    let report = report.text().await.unwrap();
    assert!(report.contains("99.998%") && report.contains("C级1次") && report.contains("提现失败"), "{report}");
    assert!(!report.contains("查询超时"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_with_more_figures_than_it_keeps_is_refused_as_a_whole_and_named() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let figures = |count: usize| {
        let lines: Vec<String> = (0..count).map(|n| format!("- 渠道{n}成功率：99.{n:04}%")).collect();
        format!("# 2024-W34\n\n## 【系统运行数据】\n\n{}\n", lines.join("\n"))
    };
    for query in ["dry_run=true", ""] {
        let (status, refused) = desk.send(Method::POST, &format!("/api/v1/imports?{query}"), figures(3_000)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        let words = refused["detail"].as_str().unwrap();
        assert!(words.contains("3000") && words.contains("500"), "{words}");
    }
    assert!(desk.get("/api/v1/figures?week=2024-W34").await["data"].as_array().unwrap().is_empty());
    assert_eq!(outcomes(&desk.import("", &figures(500)).await).len(), 500);
    let put = desk.client.put(format!("{}/api/v1/figures/2024-W34/又一个成功率", desk.url)).bearer_auth(&desk.token);
    let refused = put.json(&json!({"value": "99.9"})).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let put = desk.client.put(format!("{}/api/v1/figures/2024-W34/渠道7成功率", desk.url)).bearer_auth(&desk.token);
    assert_eq!(put.json(&json!({"value": "99.9"})).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_long_sentences_fits_into_the_packets_of_every_database() {
    let service = Service::start(NOW).await;
    let sentence = "核心账务数据库主从切换期间批量扣款任务重复提交".repeat(60);
    let lines: Vec<String> = (0..1_000)
        .map(|n| format!("{}. 08/19 {:02}:{:02} 第{n}起：{sentence}【待复盘】", n + 1, n / 60 % 24, n % 60))
        .collect();
    let document = format!("# 2024-W34\n\n## 【生产事件】\n\n{}\n", lines.join("\n"));
    let actor = Actor::local_operator();
    let report = fupan::service::imports::import(&service.app, &actor, "long.md", document, None, false).await.unwrap();
    assert_eq!(report.added(), 1_000);
    let undone = undo(&service.app, &actor, "last").await.unwrap();
    assert_eq!((undone.undone.len(), undone.kept.len()), (1_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_of_a_report_is_left_out_with_its_line_and_the_rest_is_imported() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let document = "# 2024-W34\n\n## 【系统运行数据】\n\n- 入金有效成功率：199.9%\n- 出金有效成功率：99.9%\n\n## 【生产事件】\n\n1. 08/19 15:00【待复盘】\n2. 08/20 16:00 提现审核队列积压，16:40 扩容后恢复正常。【待复盘】\n";
    for query in ["dry_run=true", ""] {
        let answer = desk.import(query, document).await;
        assert_eq!(outcomes(&answer), ["doubtful", "added", "doubtful", "added"], "{answer}");
        let lines = answer["data"].as_array().unwrap();
        for (at, place) in [(0, 5), (2, 10)] {
            assert_eq!(
                (lines[at]["line"].as_i64(), lines[at]["taken"].as_bool()),
                (Some(place), Some(false)),
                "{answer}"
            );
            assert!(!lines[at]["problem"].as_str().unwrap().is_empty(), "{answer}");
        }
        assert_eq!((lines[3]["line"].as_i64(), lines[3]["problem"].is_null()), (Some(11), true), "{answer}");
    }
    assert_eq!(desk.get("/api/v1/events").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(desk.splice(document).await, document, "what was not read is the writer's own");
    let again = desk.import("", document).await;
    assert_eq!(
        (outcomes(&again), again["run"].is_null()),
        (vec!["doubtful", "unchanged", "doubtful", "unchanged"], true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_documents_are_one_import_and_a_bad_one_keeps_none_of_the_others_away() {
    let service = Service::start(NOW).await;
    let desk = Desk::of(&service).await;
    let batch = async |body: Value| {
        let url = format!("{}/api/v1/imports:batch", desk.url);
        let answer = desk.client.post(url).bearer_auth(&desk.token).json(&body).send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap())
    };
    let document = |file: &str, content: &str| json!({"file": file, "content": content});
    let documents = [document("w33.md", W33), document("notes.md", "# 会议纪要"), document("w34.md", W34)];
    let (status, plan) = batch(json!({"documents": documents, "dry_run": true})).await;
    assert_eq!((status, plan["run"].is_null(), plan["failed"].as_i64()), (StatusCode::OK, true, Some(1)), "{plan}");
    let carried = &plan["data"][2]["import"]["data"][1];
    assert!(codes(carried).contains(&"earlier_file"), "each knows what the earlier ones would bring: {plan}");
    let (_, done) = batch(json!({"documents": documents})).await;
    assert_eq!((done["run"].is_string(), done["data"].as_array().unwrap().len()), (true, 3), "{done}");
    assert_eq!((done["data"][1]["file"].as_str(), done["data"][1]["import"].is_null()), (Some("notes.md"), true));
    assert!(done["data"][1]["problem"]["detail"].as_str().unwrap().contains("生产事件"), "{done}");
    assert_eq!(outcomes(&done["data"][0]["import"]), ["added"; 4], "{done}");
    assert_eq!(done["data"][2]["import"]["week"], "2024-W34");
    assert_eq!(desk.get("/api/v1/events").await["data"].as_array().unwrap().len(), 3);
    let list = desk.get("/api/v1/imports").await;
    assert_eq!((list["data"].as_array().unwrap().len(), list["data"][0]["files"].as_i64()), (1, Some(2)), "{list}");
    let (_, undone) = desk.send(Method::POST, "/api/v1/imports/last:undo", "").await;
    assert!(undone["kept"].as_array().unwrap().is_empty(), "{undone}");
    assert!(desk.get("/api/v1/events").await["data"].as_array().unwrap().is_empty(), "all of it is undone together");

    let table = "id,start,title\nINC-1,2024-08-20 16:00,提现审核队列积压\n";
    let (_, tool) = batch(json!({
        "documents": [document("a.csv", table), document("b.csv", &table.replace("INC-1", "INC-2").replace("16:00", "17:00"))],
        "from": "csv", "map": "key=id,occurred=start,summary=title", "source": "jira",
    }))
    .await;
    assert_eq!(
        (tool["failed"].as_i64(), tool["data"][1]["import"]["data"][0]["outcome"].as_str()),
        (Some(0), Some("added")),
        "{tool}"
    );
    let many: Vec<Value> = (0..61).map(|n| document(&format!("{n}.md"), W33)).collect();
    for (bad, field) in [
        (json!({"documents": []}), "documents"),
        (json!({"documents": many}), "documents"),
        (json!({"documents": documents, "map": "a=b"}), "from"),
        (json!({"documents": documents, "doubtful": "perhaps"}), "doubtful"),
    ] {
        let (status, refused) = batch(bad).await;
        assert_eq!(
            (status, refused["errors"][0]["field"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
            "{refused}"
        );
    }
    let (status, refused) = batch(json!({"documents": [document("big.md", &"事".repeat(800_000))]})).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")), "{refused}");
}
