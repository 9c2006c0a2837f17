//! The page of notifiers: who people are in a tool, and bots.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    page.split(from).nth(1).unwrap_or_else(|| panic!("{from} in {page}")).split(to).next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_people_are_in_a_tool_is_typed_a_person_a_line_and_what_is_refused_stays() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let form = [("name", "支付群"), ("tool", "feishu"), ("url", "https://open.feishu.cn/hook/0123456789abcdef")];
    assert_eq!(admin.post("/settings/notifiers", &form).await.0, StatusCode::SEE_OTHER);
    let (_, page) = admin.get("/settings/notifiers").await;
    let id = part(&page, "action=\"/settings/notifiers/", "\"").to_owned();
    let one = format!("/settings/notifiers?of={id}");
    let (_, page) = admin.get(&one).await;
    assert!(page.contains("name=\"members\"") && page.contains("飞书：open_id"), "{page}");
    let path = format!("/settings/notifiers/{id}/members");
    let typed = "<b>x</b> nobody@example.com ou_1";
    let (status, _, page) = admin.post(&path, &[("version", "1"), ("members", typed)]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("nobody@example.com ou_1") && !page.contains("<b>x</b>"), "{page}");
    let (status, _, page) = admin.post(&path, &[("version", "1"), ("members", "admin all")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("不是一个人的标识"), "{page}");
    let (status, to, page) = admin.post(&path, &[("version", "1"), ("members", "admin ou_84aad35d\n")]).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("{one}#n-{id}")), "{page}");
    let (_, page) = admin.get(&one).await;
    assert!(part(&page, "<textarea name=\"members\"", "</textarea>").contains(" ou_84aad35d"), "{page}");
    let (status, _, page) = admin.post(&path, &[("version", "1"), ("members", "")]).await;
    assert!(status.is_client_error() && page.contains("已被别人改过"), "{status} {page}");
    let lead = Person::of(&service, Role::Lead).await;
    assert_eq!(lead.post(&path, &[("version", "2"), ("members", "")]).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_slack_is_set_up_without_an_address_and_its_token_is_not_shown() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let form = [("name", "机器人"), ("tool", "slack"), ("channel", "#payments"), ("secret", "xoxb-123-secret")];
    let (status, _, page) = admin.post("/settings/notifiers", &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let (_, page) = admin.get("/settings/notifiers").await;
    assert!(page.contains("#payments") && page.contains("https://slack.com/…") && !page.contains("xoxb-123"), "{page}");
    let form = [("name", "又一个"), ("tool", "slack"), ("channel", "#other")];
    let (status, _, page) = admin.post("/settings/notifiers", &form).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("机器人凭令牌发消息"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_typed_is_shown_as_the_group_would_get_it_with_its_bytes_and_nothing_is_sent() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let form =
        [("name", "支付群"), ("tool", "wecom"), ("url", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123")];
    assert_eq!(admin.post("/settings/notifiers", &form).await.0, StatusCode::SEE_OTHER);
    let (_, page) = admin.get("/settings/notifiers").await;
    let id = part(&page, "action=\"/settings/notifiers/", "\"").to_owned();
    let path = format!("/settings/notifiers/{id}/preview");
    let said = async |line: &str| {
        let (status, _, page) = admin.post(&path, &[("line", line)]).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let shown = part(&page, &format!("id=\"p-{id}\""), "</pre>").to_owned();
        let bytes: usize = part(&shown, "num\">", " ").parse().unwrap();
        (part(&shown, "<pre class=\"said\">", "\u{0}").to_owned(), bytes)
    };
    let (short, few) = said("08/21 09:10 提现失败，影响约684笔出金交易 <b>粗</b>").await;
    assert!(short.contains("提现失败") && short.contains("684") && !short.contains("<b>"), "{short}");
    let (_, more) = said(&format!("08/21 09:10 提现失败，{}", "影响约684笔出金交易，".repeat(8))).await;
    assert!(more > few, "{more} {few}");
    let (test, _) = said("  ").await;
    assert!(test.contains("测试消息"), "{test}");
    let (listed, page) = admin.get("/settings/outbox").await;
    assert!(listed == StatusCode::OK && !page.contains("提现失败"), "nothing is sent: {page}");
    let lead = Person::of(&service, Role::Lead).await;
    assert_eq!(lead.post(&path, &[("line", "x")]).await.0, StatusCode::FORBIDDEN);
}
