//! "Find it again": half a year later somebody remembers two characters of an event.

use fupan::domain::actor::Role;
use support::Service;

use super::{Browser, Kind, NOW};

const LINES: [&str; 4] = [
    "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】",
    "08/20 11:19 钱包首页访问个别响应504，11:20 恢复正常",
    "08/20 12:00 扫码支付超时，原因提现队列积压，12:40 扩容后恢复",
    "08/20 16:00 对账文件晚到，影响约20笔",
];

async fn logged(browser: &Browser, service: &Service) {
    for line in LINES {
        browser.find("#line").await.send_keys(line).await.unwrap();
        browser.find("#save").await.click().await.unwrap();
        browser.find("#edit").await;
        browser.open(service, "/").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn two_characters_lead_to_the_event_to_a_view_and_to_a_tag_on_all_that_are_like_it() {
    let service = Service::start(NOW).await;
    let browser = Browser::start(Kind::Phone).await;
    browser.signed_in(&service, Role::Lead).await;
    logged(&browser, &service).await;

    browser.open(&service, "/events").await;
    browser.find("#q").await.send_keys("提现").await.unwrap();
    browser.find("#find").await.click().await.unwrap();
    browser.reads(".rows .row:first-child mark", "提现").await;
    browser.reads(".rows .row:first-child", "客户反馈商户操作提现失败").await;
    browser.reads(".rows .row:nth-child(2) .snip mark", "提现").await;

    // One condition more, from the controls; it stands in the line, and can be taken away again.
    browser.find(".more-filters summary").await.click().await.unwrap();
    browser.find("select[name=state] option[value=owed]").await.click().await.unwrap();
    browser.find(".more-filters .btn").await.click().await.unwrap();
    browser.reads(".chips", "state:owed").await;
    assert_eq!(browser.find("#q").await.value().await.unwrap().as_deref(), Some("提现 state:owed"));
    browser.find(".save-view summary").await.click().await.unwrap();
    browser.find(".save-view input[name=name]").await.send_keys("提现待复盘").await.unwrap();
    browser.find("#save-view").await.click().await.unwrap();
    browser.reads(".views", "提现待复盘").await;
    browser.find(".chips .chip:nth-child(2)").await.click().await.unwrap();
    browser.reads(".rows .row:nth-child(2)", "扫码支付超时").await;

    // Both get a tag at once.
    for row in [1, 2] {
        browser.find(&format!(".rows .row:nth-child({row}) .pick input")).await.click().await.unwrap();
    }
    browser.find("#h-bulk").await.click().await.unwrap();
    browser.find("input[name=add_tags]").await.send_keys("提现链路").await.unwrap();
    let go = browser.find("#bulk-go").await;
    go.scroll_into_view().await.unwrap();
    go.click().await.unwrap();
    browser.reads("main", "2 / 2").await;
    browser.open(&service, "/events").await;
    browser.find("#q").await.send_keys("标签:提现链路").await.unwrap();
    browser.find("#find").await.click().await.unwrap();
    browser.reads(".rows .row:nth-child(2)", "PE-").await;

    // A slip of the finger is told, and the line stays.
    browser.find("#q").await.send_keys(" 等级").await.unwrap();
    browser.find("#q").await.send_keys(":").await.unwrap();
    browser.find("#find").await.click().await.unwrap();
    browser.reads("#q-error", "后面没有值").await;
    let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    let over: i64 = browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap();
    assert_eq!(over, 0, "the list is wider than the screen");
    browser.find(".views .chip").await.click().await.unwrap();
    browser.reads(".rows", "客户反馈商户操作提现失败").await;
    browser.find(".rows .t a").await.click().await.unwrap();
    browser.reads("h1", "客户反馈商户操作提现失败").await;
}
