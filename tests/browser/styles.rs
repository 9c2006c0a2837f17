//! The journey of a report writer: from an old report to a style without a difference, to the copied report.

use fupan::domain::actor::Role;
use support::Service;
use thirtyfour::prelude::*;

use super::{Browser, Kind, LINE, NOW};

const OLD: &str = "# 2024-W33\n\n## 一、系统运行数据\n\n- 入金有效成功率：99.990%（较上周+0.010pp）\n- 出金有效成功率 99.98%\n\n## 二、生产事件\n\n1. 8月12日 10:00 - 10:20 提现失败，影响约3笔（待复盘）\n2. 8月13日 09:30 查询超时，09:40 恢复（已复盘）\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn an_old_report_becomes_a_style_until_nothing_differs_and_the_copy_is_rich() {
    let service = Service::start(NOW).await;
    let browser = Browser::start(Kind::Desktop).await;
    browser.signed_in(&service, Role::Lead).await;
    browser.open(&service, "/styles").await;
    browser.find("#new-style").await.click().await.unwrap();
    browser.find("#document").await.send_keys(OLD).await.unwrap();
    browser.find("#derive").await.click().await.unwrap();
    browser.reads("#differences", "2 行不同").await;
    browser.reads("#diff .gone", "出金有效成功率 99.98%").await;

    // The one line that is written otherwise is told apart by its name.
    let figure = browser.find("textarea[name=figure]").await;
    let template = figure.value().await.unwrap().unwrap();
    let own =
        template.replace("- {{ name }}：", "- {{ name }}{% if name == \"出金有效成功率\" %} {% else %}：{% endif %}");
    assert_ne!(own, template);
    figure.clear().await.unwrap();
    figure.send_keys(&own).await.unwrap();
    browser.find("#try").await.click().await.unwrap();
    browser.reads("#differences", "逐行一致").await;
    browser.find("#style-name").await.send_keys("支付").await.unwrap();
    browser.find("input[name=is_default]").await.click().await.unwrap();
    browser.find("#save-style").await.click().await.unwrap();
    browser.reads("main", "支付").await;
    browser.reads("main .tag", "默认").await;

    browser.open(&service, "/").await;
    browser.find("#line").await.send_keys(LINE).await.unwrap();
    browser.find("#save").await.click().await.unwrap();
    browser.reads("h1", "客户反馈商户操作提现失败").await;
    browser.open(&service, "/w/2024-W34").await;
    browser.reads("#rep", "8月21日 13:40 客户反馈").await;
    browser.find("#copy").await.click().await.unwrap();
    browser.reads("#copy", "已复制").await;

    // A document takes the rich form, an editor the Markdown.
    browser.open(&service, "/").await;
    let script = "const page = document.createElement('div'); page.contentEditable = 'true'; page.id = 'page'; \
                  document.querySelector('main').prepend(page); page.focus();";
    browser.driver.execute(script, Vec::new()).await.unwrap();
    browser.find("#page").await.send_keys(Key::Control + "v").await.unwrap();
    let rich = browser.find("#page").await.inner_html().await.unwrap();
    assert!(rich.contains("<h3") && rich.contains("<li"), "{rich}");
    let line = browser.find("#line").await;
    line.send_keys(Key::Control + "v").await.unwrap();
    let text = line.value().await.unwrap().unwrap_or_default();
    assert!(text.contains("## 二、生产事件") && text.contains("1. 8月21日 13:40 客户反馈"), "{text}");
}
