//! 3 am on a phone: one line, two answers, stopped and over with chosen times, a note.

use fupan::domain::actor::Role;
use support::Service;

use super::{Browser, Kind};

/// 03:08 on a Wednesday in Shanghai.
const NIGHT: &str = "2024-08-20T19:08:00Z";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn at_three_in_the_morning_a_line_two_answers_and_two_presses_are_enough() {
    let service = Service::start(NIGHT).await;
    let browser = Browser::start(Kind::Phone).await;
    browser.signed_in(&service, Role::Reporter).await;
    browser.find("#line").await.send_keys("02:47 代付失败，影响约300笔").await.unwrap();
    browser.find("#save").await.click().await.unwrap();
    browser.reads("h1", "代付失败").await;
    browser.reads(".badges", "未恢复").await;

    // While it goes on, what can be known now is asked first.
    browser.reads("#ask", "什么时候发现的？").await;
    browser.find("#ask input[name=value]").await.send_keys("02:51").await.unwrap();
    browser.find("#ask .btn.primary").await.click().await.unwrap();
    browser.reads("#record", "02:51").await;
    browser.reads("#ask", "怎么发现的？").await;
    browser.find("#ask button[value=customer]").await.click().await.unwrap();
    browser.reads("#ask", "什么时候开始响应的？").await;
    browser.find("#ask button[name=unknown]").await.click().await.unwrap();
    browser.reads("#record", "不知道").await;
    browser.reads("#ask", "原因是什么？").await;
    browser.find("#ask a").await.click().await.unwrap();
    browser.reads("#ask", "预计资损多少元？").await;

    browser.find("#mark input[name=at]").await.send_keys("02:58").await.unwrap();
    browser.find("#mitigate").await.click().await.unwrap();
    browser.reads("#record", "02:58").await;
    browser.find("#mark input[name=at]").await.send_keys("03:05").await.unwrap();
    browser.find("#recover").await.click().await.unwrap();
    browser.reads(".badges", "已恢复").await;
    browser.reads(".facts", "18 分钟").await;
    browser.find(".add [name=entry]").await.send_keys("02:55 切换备用渠道").await.unwrap();
    let note = browser.find(".add button").await;
    note.scroll_into_view().await.unwrap();
    note.click().await.unwrap();
    browser.reads("#tl", "切换备用渠道").await;

    // The panel fits the screen, open and closed, in both languages.
    for lang in ["zh-CN", "en"] {
        browser.open(&service, "/e/1").await;
        let summary = browser.find("#record summary").await;
        summary.scroll_into_view().await.unwrap();
        summary.click().await.unwrap();
        let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let over: i64 = browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap();
        assert_eq!(over, 0, "the open panel in {lang} is wider than the screen");
        browser.open(&service, "/settings").await;
        browser.find("main form[action='/language'] button").await.click().await.unwrap();
        browser.find(if lang == "en" { "html[lang=zh-CN]" } else { "html[lang=en]" }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn the_record_is_filled_in_without_script() {
    let service = Service::start(NIGHT).await;
    let browser = Browser::start(Kind::NoScript).await;
    browser.signed_in(&service, Role::Lead).await;
    browser.open(&service, "/services").await;
    browser.find("#new-service input[name=name]").await.send_keys("代付").await.unwrap();
    browser.find("#new-service button").await.click().await.unwrap();
    browser.reads("main", "代付").await;
    browser.open(&service, "/").await;
    browser.find("#line").await.send_keys("02:47 代付失败，影响约300笔").await.unwrap();
    browser.find("#save").await.click().await.unwrap();
    browser.find("#record summary").await.click().await.unwrap();
    let number = browser.find("input[name=impact_0_number]").await;
    number.clear().await.unwrap();
    number.send_keys("约1.2万").await.unwrap();
    browser.find("select[name=service_0_id] option:nth-child(2)").await.click().await.unwrap();
    browser.find("input[name=service_0_shares]").await.send_keys("25%; 02:55 60%; 03:00 0").await.unwrap();
    browser.find("input[name=loss_expected]").await.send_keys("1.2万").await.unwrap();
    browser.find(".rec-form > .btn").await.click().await.unwrap();
    browser.reads(".rec", "代付 25%; 02:55 60%; 03:00 0%").await;
    browser.reads(".rec", "¥12,000").await;
    browser.reads(".facts", "12,000 笔").await;
}
