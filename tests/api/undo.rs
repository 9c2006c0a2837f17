//! Undoing imports of which several tell of the same things: what stays is what the documents that still stand say.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use support::Service;

use super::{NOW, client};

struct Desk {
    service: Service,
    client: reqwest::Client,
    token: String,
}

impl Desk {
    async fn new() -> Self {
        let service = Service::start(NOW).await;
        let token = service.token(Role::Lead).await;
        Self { service, client: client(), token }
    }

    async fn post(&self, path: &str, body: String) -> Value {
        let request = self.client.post(format!("{}{path}", self.service.url)).bearer_auth(&self.token);
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    async fn import(&self, document: &str) -> String {
        let answer = self.post("/api/v1/imports", document.to_owned()).await;
        answer["run"].as_str().unwrap_or_else(|| panic!("nothing was written: {answer}")).to_owned()
    }

    async fn undo(&self, run: &str) -> Value {
        self.post(&format!("/api/v1/imports/{run}:undo"), String::new()).await
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.service.url)).bearer_auth(&self.token);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn events(&self) -> Vec<Value> {
        self.get("/api/v1/events").await["data"].as_array().unwrap().clone()
    }

    /// The value of the only figure and the only count, and sentence, state and cause of the only event; nothing where
    /// nothing is left.
    async fn standing(&self) -> Option<[String; 4]> {
        let figures = self.get("/api/v1/figures?week=2024-W34").await["data"].as_array().unwrap().clone();
        let report = self.get("/api/v1/reports/2024-W34").await;
        let counts = report["incident_counts"].as_array().cloned().unwrap_or_default();
        let events = self.events().await;
        let all = (figures.len(), counts.len(), events.len());
        if all == (0, 0, 0) {
            return None;
        }
        assert_eq!(all, (1, 1, 1), "{figures:?} {counts:?} {events:?}");
        let event = self.get(&format!("/api/v1/events/{}", events[0]["number"])).await;
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some([
            text(&figures[0]["value"]),
            text(&counts[0]["count"]),
            text(&event["narrative"]),
            text(&event["postmortem"]["state"]),
        ])
    }
}

fn report(title: &str, figure: &str, count: &str, event: &str) -> String {
    format!(
        "# 2024-W34 {title}\n\n## 【系统运行数据】\n\n- 入金有效成功率：{figure}%\n\n事故数C级{count}次\n\n## 【生产事件】\n\n1. 08/19 15:00 {event}\n"
    )
}

/// Every order of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Imports three documents and undoes them in every order: at each step there stands what the latest of the documents
/// that are left says, and at the end nothing.
async fn in_every_order(documents: [String; 3], said: [[&str; 4]; 3]) {
    for order in ORDERS {
        let desk = Desk::new().await;
        let mut runs = Vec::new();
        for (minute, document) in documents.iter().enumerate() {
            desk.service.clock.set(&format!("2024-08-21T06:0{minute}:00Z"));
            runs.push(desk.import(document).await);
        }
        let mut left = vec![0, 1, 2];
        for document in order {
            let undone = desk.undo(&runs[document]).await;
            left.retain(|one| *one != document);
            let expected = left.iter().max().map(|latest| said[*latest].map(str::to_owned));
            assert_eq!(desk.standing().await, expected, "{order:?}, undone {document}: {undone}");
            let kept = undone["kept"].as_array().unwrap();
            let person = |kept: &&Value| kept["fields"] != json!(["other_import"]);
            assert!(!kept.iter().any(|kept| person(&kept)), "nobody edited anything ({order:?}): {undone}");
        }
        assert!(desk.events().await.is_empty());
        // As if it had never been there.
        let again = desk.post("/api/v1/imports", documents[1].clone()).await;
        let outcomes: Vec<&Value> = again["data"].as_array().unwrap().iter().map(|line| &line["outcome"]).collect();
        assert_eq!(outcomes, ["added", "added", "added"], "{again}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_three_documents_tell_goes_with_the_last_of_them_in_every_order() {
    let event = "提现失败，影响约3笔，15:20 恢复正常【待复盘】";
    let documents = ["初稿", "修订", "定稿"].map(|title| report(title, "99.991", "1", event));
    let said = ["99.991", "1", "提现失败，影响约3笔，15:20 恢复正常", "pending"];
    in_every_order(documents, [said; 3]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_three_documents_say_differently_is_at_last_what_those_that_stand_say() {
    let documents = [
        report("初稿", "99.991", "1", "提现失败，影响约3笔【待复盘】"),
        report("修订", "99.992", "2", "提现失败，影响约4笔【待复盘】"),
        report("定稿", "99.993", "3", "提现失败，影响约5笔【已复盘】"),
    ];
    let said = [
        ["99.991", "1", "提现失败，影响约3笔", "pending"],
        ["99.992", "2", "提现失败，影响约4笔", "pending"],
        ["99.993", "3", "提现失败，影响约5笔", "done"],
    ];
    in_every_order(documents, said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_a_later_document_repeats_goes_with_that_one() {
    let (first, second) = ("提现失败，影响约3笔【待复盘】", "提现失败，影响约4笔【已复盘】");
    let documents = [
        report("初稿", "99.991", "1", first),
        report("修订", "99.992", "2", second),
        report("定稿", "99.992", "2", second),
    ];
    let old = ["99.991", "1", "提现失败，影响约3笔", "pending"];
    let new = ["99.992", "2", "提现失败，影响约4笔", "done"];
    in_every_order(documents, [old, new, new]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_there_and_back_goes_in_every_order() {
    let (first, second) = ("提现失败，影响约3笔【待复盘】", "提现失败，影响约4笔【待复盘】");
    let documents = [
        report("初稿", "99.991", "1", first),
        report("修订", "99.992", "2", second),
        report("定稿", "99.991", "1", first),
    ];
    let old = ["99.991", "1", "提现失败，影响约3笔", "pending"];
    let new = ["99.992", "2", "提现失败，影响约4笔", "pending"];
    in_every_order(documents, [old, new, old]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_reports_of_several_weeks_carry_goes_with_the_last_of_them() {
    let of_week = |week: &str| {
        format!(
            "# {week}\n\n## 【生产事件】\n\n1. 2024/08/14 10:20 代付渠道甲回调延迟，影响约120笔代付交易，11:05 恢复正常。【待复盘】\n"
        )
    };
    for order in ORDERS {
        let desk = Desk::new().await;
        let mut runs = Vec::new();
        for week in ["2024-W33", "2024-W34", "2024-W35"] {
            runs.push(desk.import(&of_week(week)).await);
        }
        assert_eq!(desk.events().await.len(), 1);
        for (step, document) in order.into_iter().enumerate() {
            let undone = desk.undo(&runs[document]).await;
            assert_eq!(desk.events().await.len(), usize::from(step < 2), "{order:?}, step {step}: {undone}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_edited_stays_when_the_last_document_that_tells_of_it_is_undone_and_is_named() {
    let event = "提现失败，影响约3笔【待复盘】";
    for order in [[0, 1], [1, 0]] {
        let desk = Desk::new().await;
        let runs = [
            desk.import(&report("初稿", "99.991", "1", event)).await,
            desk.import(&report("定稿", "99.991", "1", event)).await,
        ];
        let patch = desk.client.patch(format!("{}/api/v1/events/PE-1", desk.service.url)).bearer_auth(&desk.token);
        let patch = patch.header("If-Match", "\"1\"").json(&json!({"cause": "光缆被挖断"}));
        assert_eq!(patch.send().await.unwrap().status(), StatusCode::OK);
        desk.undo(&runs[order[0]]).await;
        let last = desk.undo(&runs[order[1]]).await;
        let kept = last["kept"].as_array().unwrap();
        assert_eq!((kept.len(), kept[0]["fields"].clone()), (1, json!(["cause"])), "{order:?}: {last}");
        assert_eq!(desk.events().await.len(), 1);
        assert!(desk.get("/api/v1/figures?week=2024-W34").await["data"].as_array().unwrap().is_empty(), "{last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_a_person_between_two_imports_is_kept_and_named() {
    let event = "提现失败，影响约3笔【待复盘】";
    let desk = Desk::new().await;
    let first = desk.import(&report("初稿", "99.991", "1", event)).await;
    let put = desk.client.put(format!("{}/api/v1/figures/2024-W34/入金有效成功率", desk.service.url));
    let put = put.bearer_auth(&desk.token).json(&json!({"value": "99.9", "unit": "%"}));
    assert_eq!(put.send().await.unwrap().status(), StatusCode::OK);
    let second = desk.import(&report("定稿", "99.995", "1", event)).await;
    desk.undo(&first).await;
    let undone = desk.undo(&second).await;
    let kept = undone["kept"].as_array().unwrap();
    assert_eq!(
        (kept.len(), kept[0]["kind"].as_str(), kept[0]["fields"].clone()),
        (1, Some("figure"), json!(["value"]))
    );
    assert!(desk.get("/api/v1/figures?week=2024-W34").await["data"][0]["value"] == "99.9", "{undone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_two_exports_of_a_tool_tell_goes_with_the_last_of_them() {
    let table = |rows: &str| format!("id,start,end,title\n{rows}");
    let path = "/api/v1/imports?from=csv&source=jira&map=key=id,occurred=start,recovered=end,summary=title";
    let row = "INC-1,2024-08-20 16:00,2024-08-20 16:40,提现审核队列积压\n";
    let more = format!("{row}INC-2,2024-08-21 09:00,2024-08-21 09:10,短信网关超时\n");
    for order in [[0, 1], [1, 0]] {
        let desk = Desk::new().await;
        let mut runs = Vec::new();
        for rows in [row, &more] {
            let answer = desk.post(path, table(rows)).await;
            runs.push(answer["run"].as_str().unwrap().to_owned());
        }
        assert_eq!(desk.events().await.len(), 2);
        let first = desk.undo(&runs[order[0]]).await;
        assert_eq!(desk.events().await.len(), if order[0] == 0 { 2 } else { 1 }, "{first}");
        let last = desk.undo(&runs[order[1]]).await;
        assert!(desk.events().await.is_empty() && last["kept"].as_array().unwrap().is_empty(), "{last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_deleted_stays_deleted_while_a_document_that_tells_of_it_stands() {
    let event = "提现失败，影响约3笔【待复盘】";
    let documents = ["初稿", "定稿"].map(|title| report(title, "99.991", "1", event));
    let desk = Desk::new().await;
    let runs = [desk.import(&documents[0]).await, desk.import(&documents[1]).await];
    let gone = desk.client.delete(format!("{}/api/v1/events/PE-1", desk.service.url)).bearer_auth(&desk.token);
    let gone = gone.header("If-Match", "\"1\"").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    desk.undo(&runs[0]).await;
    let again = desk.post("/api/v1/imports?dry_run=true", documents[1].clone()).await;
    assert_eq!(again["data"][2]["outcome"], "deleted", "{again}");
    desk.undo(&runs[1]).await;
    let again = desk.post("/api/v1/imports?dry_run=true", documents[1].clone()).await;
    assert_eq!(again["data"][2]["outcome"], "added", "as if it had never been there: {again}");
}

/// Documents of few values in any combination, undone in any order: at each step all is as if only the documents that
/// are left had been imported.
#[tokio::test(flavor = "multi_thread")]
async fn after_any_undo_all_is_as_if_only_the_documents_that_are_left_had_been_imported() {
    // A generator of numbers that is the same in every run: what fails fails again.
    let mut seed = 20_240_819_u64;
    let mut pick = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut checked = 0;
    for _ in 0..4 {
        let documents: Vec<String> = (0..4)
            .map(|title| {
                let event = ["影响约3笔【待复盘】", "影响约4笔【待复盘】", "影响约4笔【已复盘】"][pick(3)];
                let figure = ["99.991", "99.992"][pick(2)];
                report(&title.to_string(), figure, ["1", "2"][pick(2)], &format!("提现失败，{event}"))
            })
            .collect();
        let desk = Desk::new().await;
        let mut runs = Vec::new();
        for (minute, document) in documents.iter().enumerate() {
            desk.service.clock.set(&format!("2024-08-21T06:0{minute}:00Z"));
            runs.push(desk.import(document).await);
        }
        let mut left: Vec<usize> = (0..documents.len()).collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let document = left.remove(pick(left.len()));
            order.push(document);
            desk.undo(&runs[document]).await;
            let other = Desk::new().await;
            for (minute, document) in left.iter().enumerate() {
                other.service.clock.set(&format!("2024-08-21T06:0{minute}:00Z"));
                other.import(&documents[*document]).await;
            }
            assert_eq!(desk.standing().await, other.standing().await, "undone {order:?} of {documents:#?}");
            checked += 1;
        }
    }
    assert_eq!(checked, 16);
}
