//! The journey of a lead: two teams, a grade that the rules propose, a regrade with its reason, and who answers for it.

use fupan::domain::actor::Role;
use support::Service;
use thirtyfour::prelude::*;

use super::{Browser, Kind, LINE, NOW};

async fn over(browser: &Browser) -> i64 {
    let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap()
}

async fn choose(browser: &Browser, css: &str, words: &str) {
    let option = format!("{css} option");
    for one in browser.driver.find_all(By::Css(&option)).await.unwrap() {
        if one.text().await.unwrap().trim() == words {
            one.click().await.unwrap();
            return;
        }
    }
    panic!("{css} has no {words}");
}

async fn open_details(browser: &Browser, css: &str) {
    press(browser, &format!("{css} > summary")).await;
}

/// On a phone the bar at the foot covers what is not scrolled to.
async fn press(browser: &Browser, css: &str) {
    let found = browser.find(css).await;
    found.scroll_into_view().await.unwrap();
    found.click().await.unwrap();
}

async fn lead_grades_and_assigns(kind: Kind) {
    let service = Service::start(NOW).await;
    let browser = Browser::start(kind).await;
    browser.signed_in(&service, Role::Lead).await;
    browser.find("#line").await.send_keys(LINE).await.unwrap();
    browser.find("#save").await.click().await.unwrap();
    browser.reads("h1", "客户反馈商户操作提现失败").await;

    for team in ["支付", "渠道"] {
        browser.open(&service, "/teams").await;
        browser.find("form[action='/teams'] input[name=name]").await.send_keys(team).await.unwrap();
        press(&browser, "#add-team").await;
        browser.reads(".teams", team).await;
    }

    browser.open(&service, "/e/1").await;
    browser.reads("#proposal", "影响 ≥ 100 笔").await;
    browser.reads("#thresholds", "684 笔 / 100,000 笔").await;
    press(&browser, "#accept").await;
    browser.reads("#level", "C级").await;
    browser.reads(".badges", "C级").await;

    open_details(&browser, "#regrade").await;
    choose(&browser, "#regrade select[name=level]", "B级").await;
    browser.find("#regrade input[name=reason]").await.send_keys("波及大客户").await.unwrap();
    press(&browser, "#grade-it").await;
    browser.reads("#level", "B级").await;
    let history = browser.find("#grades").await.inner_html().await.unwrap();
    assert!(history.contains("波及大客户") && history.contains("当时建议 C级"), "{history}");

    // Too much is refused and stays on the form; then half each.
    open_details(&browser, "#assign").await;
    choose(&browser, ".share-row:nth-of-type(1) select", "支付").await;
    choose(&browser, ".share-row:nth-of-type(2) select", "渠道").await;
    browser.find(".share-row:nth-of-type(1) input").await.send_keys("80").await.unwrap();
    browser.find(".share-row:nth-of-type(2) input").await.send_keys("30").await.unwrap();
    press(&browser, "#store-shares").await;
    browser.reads("#grading .flash", "份额合计 110.00%，最多 100%").await;
    assert_eq!(browser.find(".share-row:nth-of-type(1) input").await.value().await.unwrap().as_deref(), Some("80"));
    press(&browser, "#evenly").await;
    browser.reads("#shares", "50%").await;
    browser.reads("#shares", "渠道").await;
    assert_eq!(over(&browser).await, 0, "the event's page is wider than the screen");

    browser.open(&service, "/counts?period=2024-W34").await;
    browser.reads("#counts tbody", "0.5").await;
    browser.reads("#counts tfoot", "1").await;
    for lang in ["zh-CN", "en"] {
        for path in ["/e/1", "/counts?period=2024-W34", "/teams", "/settings/severity", "/settings/policies/grading"] {
            browser.open(&service, path).await;
            assert_eq!(browser.find("html").await.attr("lang").await.unwrap().as_deref(), Some(lang), "{path}");
            assert_eq!(over(&browser).await, 0, "{path} in {lang} is wider than the screen");
        }
        browser.open(&service, "/settings").await;
        browser.find("main form[action='/language'] button").await.click().await.unwrap();
        browser.find(if lang == "en" { "html[lang=zh-CN]" } else { "html[lang=en]" }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_lead_grades_and_assigns() {
    lead_grades_and_assigns(Kind::Desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_lead_grades_and_assigns_on_a_phone() {
    lead_grades_and_assigns(Kind::Phone).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_lead_grades_and_assigns_without_script() {
    lead_grades_and_assigns(Kind::NoScript).await;
}
