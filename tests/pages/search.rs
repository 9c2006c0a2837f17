//! The list of events as a page: one line of words and filters, saved views, one change to many events.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

const LINE: &str =
    "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】";

async fn service_with_events() -> (Service, Person) {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Lead).await;
    for line in
        [LINE, "08/20 11:19 钱包首页访问个别响应504，11:20 恢复正常", "08/20 12:00 扫码支付超时，原因提现队列积压"]
    {
        let (status, ..) = person.post("/events", &[("line", line)]).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
    }
    (service, person)
}

fn query(pairs: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://x/events", pairs).unwrap();
    format!("/events?{}", url.query().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_marked_and_cannot_become_markup() {
    let (service, person) = service_with_events().await;
    let token = service.token(Role::Reporter).await;
    let hostile = serde_json::json!({"narrative": "<b>提现</b> & \"出金\""});
    let post = person.client.post(format!("{}/api/v1/events", person.url)).bearer_auth(token).json(&hostile);
    assert_eq!(post.send().await.unwrap().status(), StatusCode::CREATED);
    let (status, page) = person.get(&query(&[("q", "提现")])).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<mark>提现</mark>"), "{page}");
    assert!(!page.contains("<b>") && page.contains("&#60;b&#62;<mark>提现</mark>&#60;/b&#62; &#38;"), "{page}");
    // The title with the word stands before the cause with it.
    let (first, second) = (page.find("/e/1\"").unwrap(), page.find("/e/3\"").unwrap());
    assert!(first < second && !page.contains("/e/2\""));
    assert!(page.contains("snip"), "where the words stand outside the title");
    let (_, page) = person.get(&query(&[("q", "<script>alert(1)</script>")])).await;
    assert!(!page.contains("<script>alert"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_write_the_grammar_and_parts_are_taken_away_again() {
    let (_service, person) = service_with_events().await;
    let (_, page) = person
        .get(&query(&[
            ("q", "提现"),
            ("severity", "-"),
            ("state", "owed"),
            ("from", "2024-08-01"),
            ("kind", "normal"),
            ("tag", ""),
        ]))
        .await;
    assert!(page.contains("提现 kind:normal severity:- state:owed from:2024-08-01"), "{page}");
    assert!(
        page.contains("href=\"/events?q=%E6%8F%90%E7%8E%B0%20severity%3A-%20state%3Aowed%20from%3A2024-08-01\""),
        "{page}"
    );
    assert!(page.contains("/e/1\"") && !page.contains("/e/3\""));
    let (status, page) = person.get(&query(&[("q", "提现 等级：")])).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("第 7 个字符：等级：后面没有值"), "{page}");
    assert!(page.contains("value=\"提现 等级：\""), "the line stays to be mended: {page}");
    for hostile in ["\"", "a\" onfocus=x", "'; DROP TABLE event;--", "%00", "service:nope", "cursor:1"] {
        let (status, _) = person.get(&query(&[("q", hostile)])).await;
        assert!(status == StatusCode::OK || status == StatusCode::UNPROCESSABLE_ENTITY, "{hostile}: {status}");
    }
    let (status, _) = person.get("/events?cursor=x").await;
    assert!(status.is_client_error());
    let (status, _) = person.get("/events?nope=1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_saved_from_the_list_and_removed() {
    let (service, person) = service_with_events().await;
    let (status, to, _) = person
        .post("/views", &[("name", "提现 <类>"), ("q", "提现 state:owed"), ("order", "newest"), ("shared", "1")])
        .await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/events?q=%E6%8F%90%E7%8E%B0%20state%3Aowed&order=newest")
    );
    let (_, page) = person.get("/events").await;
    assert!(page.contains("提现 &#60;类&#62;") && page.contains(&to.replace('&', "&#38;")), "{page}");
    let (status, _, page) = person.post("/views", &[("name", "x"), ("q", "\"没有关")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("引号没有成对"), "{page}");
    let viewer = Person::of(&service, Role::Viewer).await;
    let (_, page) = viewer.get("/views").await;
    assert!(page.contains("提现 &#60;类&#62;") && !page.contains("/remove"), "{page}");
    let (_, page) = person.get("/views").await;
    let id = page.split("/views/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let (status, ..) = viewer.post(&format!("/views/{id}/remove"), &[]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, ..) = person.post(&format!("/views/{id}/remove"), &[]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_events_are_changed_and_the_rest_is_told() {
    let (service, person) = service_with_events().await;
    let (status, _, page) = person
        .post(
            "/events/bulk",
            &[
                ("pick", "1.1"),
                ("pick", "2.9"),
                ("add_tags", "大促，#夜间"),
                ("kind", "drill"),
                ("owner", ""),
                ("back", "/events?q=x"),
            ],
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(
        page.contains("已修改 1 / 2") && page.contains("已被别人改过") && page.contains("href=\"/events?q=x\""),
        "{page}"
    );
    let (_, page) = person.get(&query(&[("q", "tag:夜间 kind:drill")])).await;
    assert!(page.contains("/e/1\"") && !page.contains("/e/2\""));
    let (status, _, page) = person.post("/events/bulk", &[("add_tags", "x"), ("back", "https://evil.example/")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("请至少选一起事件") && !page.contains("evil"), "{page}");
    for pick in ["x", "1", "1.x", "-1.1", "99999999999999999999.1"] {
        let (status, ..) = person.post("/events/bulk", &[("pick", pick), ("add_tags", "x")]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{pick}");
    }
    let viewer = Person::of(&service, Role::Viewer).await;
    let (_, page) = viewer.get("/events").await;
    assert!(!page.contains("name=\"pick\""));
    let (status, ..) = viewer.post("/events/bulk", &[("pick", "1.1"), ("add_tags", "x")]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_like_event_is_shown_beside_a_new_one() {
    let (_service, person) = service_with_events().await;
    person.post("/events", &[("line", "08/21 10:00 客户反馈商户提现失败")]).await;
    let (_, page) = person.get("/e/4").await;
    assert!(page.contains("类似事件") && page.contains("href=\"/e/1\""), "{page}");
    let (_, page) = person.get("/e/2").await;
    assert!(!page.contains("类似事件"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_is_logged_as_one_and_many_events_get_their_teams() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Person::of(&service, Role::Lead).await, Person::of(&service, Role::Reporter).await);
    let (_, page) = reporter.get("/events/new").await;
    assert!(page.contains("<option value=\"maintenance\">") && page.contains("<option value=\"A\">"), "{page}");
    let form = [("summary", "切换演练"), ("kind", "drill"), ("occurred_at", "2024-08-20T10:00")];
    assert_eq!(reporter.post("/events/new", &form).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = reporter.post("/events/new", &[("summary", "x"), ("kind", "party")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("生产事件"), "{page}");
    let (_, page) = reporter.get("/events?kind=drill").await;
    assert!(page.contains("href=\"/e/1\"") && !page.contains("name=\"responsibility\""), "{page}");
    assert_eq!(lead.post("/teams", &[("name", "支付组"), ("lead", "")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/events").await;
    assert!(page.contains("name=\"responsibility\"") && page.contains("<option value=\"支付组\">"), "{page}");
    let (status, _, page) = lead.post("/events/bulk", &[("pick", "1.1"), ("responsibility", "支付组")]).await;
    assert!(status == StatusCode::OK && page.contains("已修改 1 / 1"), "{page}");
    let (_, page) = lead.get("/events?q=team%3A支付组").await;
    assert!(page.contains("href=\"/e/1\""), "{page}");
    let refused = [("pick", "1.2"), ("responsibility", "none")];
    assert_eq!(reporter.post("/events/bulk", &refused).await.0, StatusCode::FORBIDDEN);
}
