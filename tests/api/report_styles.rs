//! Styles over the API: saved under a name, derived from an old report, used by a week.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use support::Service;

use super::{LINE, NOW, client};

const REPORT: &str = "# 2024-W33\n\n## 【系统运行数据】\n\n- 入金有效成功率：99.990%（较上周+0.010pp）\n- 事故数：A级0次、B级0次、C级1次\n\n## 【生产事件】\n\n1. 8月12日 10:00 - 10:20 提现失败，影响约3笔（待复盘）\n2. 8月13日 09:30 查询超时，09:40 恢复（已复盘）\n\n## 【其他】\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_style_derived_from_an_old_report_writes_the_weeks_that_follow() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let api = format!("{}/api/v1", service.url);
    let twin = client
        .post(format!("{api}/report-styles:twin"))
        .bearer_auth(&token)
        .json(&json!({"document": REPORT}))
        .send()
        .await
        .unwrap();
    assert_eq!(twin.status(), StatusCode::OK);
    let twin: Value = twin.json().await.unwrap();
    assert_eq!((&twin["differences"], &twin["week"]), (&json!(0), &json!("2024-W33")), "{twin}");
    assert_eq!(twin["unreadable"], json!([]));
    let address = format!("{api}/report-styles/支付");
    let put = |style: &Value| {
        let body = json!({"style": style, "is_default": true});
        client.put(&address).bearer_auth(&token).json(&body)
    };
    let saved = put(&twin["style"]).send().await.unwrap();
    assert_eq!((saved.status(), saved.headers()["etag"].to_str().unwrap()), (StatusCode::OK, "\"1\""));
    let event = json!({"line": LINE, "week": "2024-W34"});
    client.post(format!("{api}/events")).bearer_auth(&token).json(&event).send().await.unwrap();
    let figure = json!({"value": "99.998"});
    let path = format!("{api}/figures/2024-W34/入金有效成功率");
    assert_eq!(client.put(path).bearer_auth(&token).json(&figure).send().await.unwrap().status(), StatusCode::OK);
    let report = |query: &str| client.get(format!("{api}/reports/2024-W34?{query}")).bearer_auth(&token).send();
    let text = report("format=md").await.unwrap().text().await.unwrap();
    assert!(text.contains("- 入金有效成功率：99.998%\n") && text.contains("\n1. 8月19日 15:00 客户反馈"), "{text}");
    assert!(text.trim_end().ends_with("（待复盘）"), "{text}");
    // The week before is known now: the change is that of the printed values.
    let imported = client.post(format!("{api}/imports")).bearer_auth(&token).body(REPORT).send().await.unwrap();
    assert_eq!(imported.status(), StatusCode::OK);
    let text = report("format=md&style=支付").await.unwrap().text().await.unwrap();
    assert!(text.contains("- 入金有效成功率：99.998%（较上周+0.008pp）\n"), "{text}");
    let missing = report("format=md&style=nobody").await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);

    let stale = put(&twin["style"]).header("If-Match", "\"7\"").send().await.unwrap();
    assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
    let list: Value =
        client.get(format!("{api}/report-styles")).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(list["data"][0]["name"], "支付");
    let gone = client.delete(&address).bearer_auth(&token).header("If-Match", "\"1\"").send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_cannot_write_is_refused_with_its_place() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let address = format!("{}/api/v1/report-styles/x", service.url);
    for (style, word) in [
        (json!({"event": "{{ nobody }}"}), "event: line 1"),
        (json!({"event": "{% for a in (1,2) %}{% endfor %}"}), "is not for templates"),
        (json!({"figure": "{% include \"/etc/passwd\" %}"}), "figure"),
        (
            json!({"figures": "{% for a in figures %}{% for b in figures %}{{ a.line * 9999999 }}{% endfor %}{% endfor %}"}),
            "figures",
        ),
        (json!({"counts": "x".repeat(9_000)}), "at most 8000 characters"),
        (json!({"time": {"begin": "%Q"}}), "time.begin"),
        (json!({"pending": "【完成】"}), "pending"),
        (json!({"order": ["figures"]}), "order"),
    ] {
        let body = json!({"style": style});
        let refused = client.put(&address).bearer_auth(&token).json(&body).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{style}");
        let text = refused.text().await.unwrap();
        assert!(text.contains(word), "{word}: {text}");
    }
    let unknown = json!({"style": {"evnet": "x"}});
    let refused = client.put(&address).bearer_auth(&token).json(&unknown).send().await.unwrap();
    assert!(refused.status().is_client_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_style_brings_the_year_so_far_and_what_is_still_owed() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let api = format!("{}/api/v1", service.url);
    let imported = client.post(format!("{api}/imports")).bearer_auth(&token).body(REPORT).send().await.unwrap();
    assert_eq!(imported.status(), StatusCode::OK);
    let count = json!({"count": "0.5"});
    client.put(format!("{api}/incident-counts/2024-W34/C")).bearer_auth(&token).json(&count).send().await.unwrap();
    let style = json!({"style": {"year_to_date": true, "carry_over": true}, "is_default": true});
    client.put(format!("{api}/report-styles/全部")).bearer_auth(&token).json(&style).send().await.unwrap();
    let text = client.get(format!("{api}/reports/2024-W34?format=md")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(
        text.text().await.unwrap(),
        "## 【系统运行数据】\n\n- 事故数AB级0次，C级0.5次，D级0次（本年累计AB级0次，C级1.5次，D级0次）\n\n\
         ## 【生产事件】\n\n本周无生产事件。\n\n往周待复盘：\n\n08/12 10:00-10:20 \n\n提现失败，影响约3笔【待复盘】\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn this_week_and_a_section_alone_are_the_same_bytes_over_the_api_and_as_a_page() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let event = json!({"line": LINE, "week": "2024-W34"});
    client.post(format!("{}/api/v1/events", service.url)).bearer_auth(&token).json(&event).send().await.unwrap();
    let get = async |path: &str| {
        let answer = client.get(format!("{}{path}", service.url)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    };
    for (form, ending) in [("md", "md"), ("html", "html"), ("text", "txt"), ("json", "json")] {
        let api = get(&format!("/api/v1/reports/this?format={form}&section=events")).await;
        assert_eq!(api, get(&format!("/w/2024-W34.{ending}?section=events")).await, "{form}");
        assert_eq!(api, get(&format!("/w/this.{ending}?section=events")).await, "{form}");
        assert!(api.contains("提现失败") && !api.contains("系统运行数据"), "{api}");
    }
    assert!(!get("/api/v1/reports/last?format=md").await.contains("提现失败"));
}
