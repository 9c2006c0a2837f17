//! Where the numbers of an indicator come from, and what burns: forms and pages without script.

use fupan::{
    domain::actor::{Actor, Role},
    service::burn_warnings,
};
use reqwest::StatusCode;
use serde_json::json;
use support::Service;

use super::{NOW, Person};

async fn indicator(lead: &Person) {
    let (status, _, page) = lead.post("/indicators", &[("key", "pay"), ("name", "支付成功率")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_by_hand_are_written_shown_with_a_mark_and_removed() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead).await;
    let form = [("span", "2024-W33"), ("total", "1,000"), ("success", "990"), ("excluded", ""), ("note", "对账 <b>")];
    let (status, to, page) = lead.post("/indicators/pay/hand-counts", &form).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/indicators/pay"), "{page}");
    let (_, page) = lead.get("/indicators/pay?period=2024-W33").await;
    for words in ["99.000%", "含手填", "2024-W33", "采用", "对账 &#60;b&#62;", "手填的分钟", "10,080"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let (_, page) = lead.get("/figures?week=2024-W33").await;
    assert!(page.contains("含手填") && page.contains("99.000"), "{page}");
    let bad = [("span", "2024-W33"), ("total", "10"), ("success", "11")];
    let (status, _, page) = lead.post("/indicators/pay/hand-counts", &bad).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("value=\"11\""), "as typed: {page}");
    let (status, ..) =
        lead.post("/indicators/pay/hand-counts", &[("span", "2024-W33"), ("version", "9"), ("remove", "1")]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, ..) =
        lead.post("/indicators/pay/hand-counts", &[("span", "2024-W33"), ("version", "1"), ("remove", "1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/indicators/pay?period=2024-W33").await;
    assert!(!page.contains("含手填") && page.contains("id=\"value\">—<"), "{page}");
    let viewer = Person::of(&service, Role::Viewer).await;
    let (_, page) = viewer.get("/indicators/pay").await;
    assert!(!page.contains("hand-form") && !page.contains("source-form"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_set_pulled_told_in_trouble_and_removed() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead).await;
    let refused =
        [("act", "set"), ("url", "http://10.0.0.7:9090"), ("total", "a<b"), ("success", "b"), ("token", "s3cret")];
    let (status, _, page) = lead.post("/indicators/pay/source", &refused).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("outgoing.allow") && page.contains("a&#60;b") && !page.contains("s3cret"), "{page}");
    let form = [
        ("act", "set"),
        ("version", "0"),
        ("url", "http://127.0.0.1:9/prom"),
        ("total", "a"),
        ("failed", "b"),
        ("token", "s3cret"),
        ("since", "2024-08-20T00:00"),
        ("delay", "5"),
    ];
    let (status, _, page) = lead.post("/indicators/pay/source", &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let (_, page) = lead.get("/indicators/pay").await;
    for words in ["http://127.0.0.1:9/prom", "2024-08-20 00:00", "0 / 2,283", "已保存，不显示"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("s3cret"));
    let (status, ..) = lead.post("/indicators/pay/source", &[("act", "pull")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/indicators/pay").await;
    assert!(page.contains("连不上这个服务") && page.contains("id=\"source-problem\""), "{page}");
    let (status, ..) = lead.post("/indicators/pay/source", &[("act", "remove"), ("version", "1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(lead.get("/indicators/pay").await.1.contains("没有设置来源"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_burns_is_listed_with_its_windows() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead).await;
    lead.post("/indicators/pay/objectives", &[("window", "rolling_30d"), ("target", "99.9")]).await;
    assert!(lead.get("/warnings").await.1.contains("没有这样的警告"));
    let token = service.token(Role::Lead).await;
    let now = chrono::DateTime::parse_from_rfc3339(NOW).unwrap().timestamp() / 60;
    let rows: Vec<_> = (now - 6 * 60..now)
        .map(|minute| json!({"t": (minute * 60).to_string(), "total": 100, "success": 60}))
        .collect();
    let url = format!("{}/api/v1/indicators/pay/samples", service.url);
    let answer = reqwest::Client::new().post(url).bearer_auth(token).json(&rows).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let watched = burn_warnings::watch(&service.app, fupan::notify::mail::burn_words).await.unwrap();
    assert!(watched.opened > 0);
    let (_, page) = lead.get("/warnings").await;
    for words in ["支付成功率", "30 天", "99.9%", "1 h: ×400", "立即处理", "/indicators/pay"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let open = burn_warnings::count_open(&service.app, &Actor::local_operator()).await.unwrap();
    assert!(lead.get("/indicators").await.1.contains(&format!("燃烧警告 <b class=\"num\">{open}</b>")));
    assert!(lead.get("/warnings?state=closed").await.1.contains("没有这样的警告"));
    assert_eq!(lead.get("/warnings?state=never").await.0, StatusCode::UNPROCESSABLE_ENTITY);
}
