//! Data of other tools over the API.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use serde_json::Value;
use support::Service;

use super::{NOW, client};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_and_a_feed_are_imported_with_what_was_not_taken_and_the_second_time_changes_nothing() {
    let service = Service::start(NOW).await;
    let (client, token) = (client(), service.token(Role::Lead).await);
    let url = format!("{}/api/v1/imports", service.url);
    let post = |query: &[(&str, &str)], body: String| client.post(&url).query(query).bearer_auth(&token).body(body);
    let table = "何时,何事\n2024/8/19 15:00,提现失败\n怪,读不懂\n".to_owned();
    let map = ("map", "occurred=何时,summary=何事");
    let dry = post(&[("from", "csv"), map, ("dry_run", "true")], table.clone()).send().await.unwrap();
    let dry: Value = dry.json().await.unwrap();
    assert_eq!((dry["dry_run"].as_bool(), dry["run"].is_null()), (Some(true), true), "{dry}");
    assert_eq!(dry["data"][0]["occurred_at"], "2024-08-19T15:00:00+08:00", "{dry}");
    assert!(dry["data"][0]["recovered_at"].is_null() && dry["data"][0]["occurred_precision"] == "minute", "{dry}");
    let first = post(&[("from", "csv"), map, ("file", "a.csv")], table.clone()).send().await.unwrap();
    let first: Value = first.json().await.unwrap();
    assert_eq!(first["data"][0]["outcome"], "added", "{first}");
    assert!(first["refused"][0]["place"].as_str().unwrap().contains("line 3"), "{first}");
    let second = post(&[("from", "csv"), map], table.clone()).send().await.unwrap();
    assert_eq!(second.json::<Value>().await.unwrap()["unchanged"], true);
    let event = client.get(format!("{}/api/v1/events/1", service.url)).bearer_auth(&token).send().await.unwrap();
    let event: Value = event.json().await.unwrap();
    assert_eq!(event["occurred_at"], "2024-08-19T15:00:00+08:00", "{event}");

    let feed = std::fs::read_to_string("tests/corpus/foreign/history.atom").unwrap();
    let read: Value = post(&[("from", "atom")], feed).send().await.unwrap().json().await.unwrap();
    assert_eq!(read["data"].as_array().unwrap().len(), 1, "{read}");
    let run = read["run"].as_str().unwrap();
    let undo = client.post(format!("{url}/{run}:undo")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(undo.status(), StatusCode::OK);

    for (query, word) in [
        (vec![("from", "csv")], "何时"),
        (vec![("from", "excel")], "statuspage"),
        (vec![("from", "csv"), ("map", "x")], "mapping"),
        (vec![("from", "csv"), ("week", "2024-W34")], "week"),
        (vec![("map", "occurred=何时")], "from"),
    ] {
        let refused = post(&query, table.clone()).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query:?}");
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(word), "{query:?}: {problem}");
    }
}
