//! The journeys of a person in a real browser. They need chromedriver and Chromium, whose paths `tests/run` gives in
//! `CHROMEDRIVER` and `CHROMIUM`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test may fail")]

mod figures;
mod grading;
mod hostile;
mod postmortem;
mod record;
mod search;
mod styles;

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use fupan::{domain::actor::Role, service::accounts};
use serde_json::json;
use support::Service;
use thirtyfour::{ChromiumLikeCapabilities as _, prelude::*};

/// 14:08 on a Wednesday in Shanghai.
const NOW: &str = "2024-08-21T06:08:00Z";
const LINE: &str =
    "08/21 13:40 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新，导致提现失败。【待复盘】";
const PAGES: [&str; 38] = [
    "/",
    "/events",
    "/events/new",
    "/e/1",
    "/actions",
    "/postmortems",
    "/analytics",
    "/e/1/postmortem",
    "/figures",
    "/w/2024-W34",
    "/publishing?week=2024-W34",
    "/styles",
    "/styles/edit",
    "/settings",
    "/settings/reminders",
    "/settings/reminders?preview=true",
    "/settings/calendar",
    "/settings/severity",
    "/settings/policies",
    "/settings/policies/reminders",
    "/settings/notifiers",
    "/settings/outbox",
    "/e/1/history",
    "/e/1/postmortem/print",
    "/events/deleted",
    "/events?q=提现+severity:none",
    "/views",
    "/teams",
    "/services",
    "/counts",
    "/indicators",
    "/indicators/new",
    "/dips",
    "/warnings",
    "/budget/2024",
    "/import",
    "/analytics/events?metric=ttr",
    "/nothing-here",
];

/// A browser that ends with this value.
struct Browser {
    driver: WebDriver,
    process: Child,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that ended by itself is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

enum Kind {
    Desktop,
    Phone,
    NoScript,
}

impl Browser {
    async fn start(kind: Kind) -> Self {
        // Another test may have set the provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts; tests/run installs it");
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
        ] {
            wanted.add_arg(argument).unwrap();
        }
        wanted.add_arg("--window-size=1280,900").unwrap();
        if let Ok(chromium) = std::env::var("CHROMIUM") {
            wanted.set_binary(&chromium).unwrap();
        }
        match kind {
            Kind::Desktop => {}
            Kind::Phone => {
                let metrics = json!({"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0}});
                wanted.add_experimental_option("mobileEmulation", metrics).unwrap();
            }
            Kind::NoScript => {
                let off = json!({"profile.managed_default_content_settings.javascript": 2});
                wanted.add_experimental_option("prefs", off).unwrap();
            }
        }
        let url = format!("http://127.0.0.1:{port}");
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let driver = WebDriver::new(&url, wanted).await.unwrap();
        Self { driver, process }
    }

    async fn find(&self, css: &str) -> WebElement {
        self.driver.query(By::Css(css)).first().await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// Waits until the text of `css` holds `words`.
    async fn reads(&self, css: &str, words: &str) {
        let mut text = String::new();
        for _ in 0..100 {
            if let Ok(element) = self.driver.find(By::Css(css)).await
                && let Ok(now) = element.text().await
            {
                text = now;
                if text.contains(words) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{css} should read {words}, it reads {text}");
    }

    async fn open(&self, service: &Service, path: &str) {
        self.driver.goto(format!("{}{path}", service.url)).await.unwrap();
    }

    async fn signed_in(&self, service: &Service, role: Role) {
        self.open(service, "/login").await;
        let cookie = service.cookie(role).await;
        self.driver.add_cookie(Cookie::new("fupan_session", cookie)).await.unwrap();
        self.open(service, "/").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn from_the_set_up_link_to_the_copied_report() {
    let service = Service::start(NOW).await;
    let link = accounts::setup_link(&service.app).await.unwrap().expect("no administrator yet");
    let browser = Browser::start(Kind::Desktop).await;

    browser.driver.goto(&link).await.unwrap();
    browser.find("input[name=email]").await.send_keys("lead@example.com").await.unwrap();
    browser.find("input[name=name]").await.send_keys("值班").await.unwrap();
    browser.find("input[name=password]").await.send_keys("a long enough password").await.unwrap();
    browser.find("#go").await.click().await.unwrap();

    browser.find("#line").await.send_keys(LINE).await.unwrap();
    browser.reads("#parsed", "684").await;
    browser.reads("#parsed", "风控规则更新").await;
    browser.reads("#parsed .as", "08/21 13:40 客户反馈商户操作提现失败").await;
    browser.find("#save").await.click().await.unwrap();

    browser.reads("h1", "客户反馈商户操作提现失败").await;
    browser.reads(".badges", "未恢复").await;
    browser.find("#recover").await.click().await.unwrap();
    browser.reads(".badges", "已恢复").await;
    browser.reads(".facts", "28 分钟").await;

    browser.open(&service, "/w/2024-W34").await;
    browser.reads("#rep", "客户反馈商户操作提现失败").await;
    browser.find("#copy").await.click().await.unwrap();
    browser.reads("#copy", "已复制").await;

    // What was copied can be pasted somewhere else.
    browser.open(&service, "/").await;
    let target = browser.find("#line").await;
    target.send_keys(Key::Control + "v").await.unwrap();
    let pasted = target.value().await.unwrap().unwrap_or_default();
    assert!(pasted.contains("【生产事件】") && pasted.contains("影响约684笔出金交易"), "{pasted}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn the_forms_work_without_script() {
    let service = Service::start(NOW).await;
    let browser = Browser::start(Kind::NoScript).await;
    browser.signed_in(&service, Role::Lead).await;

    browser.find("#line").await.send_keys(LINE).await.unwrap();
    browser.find("#save").await.click().await.unwrap();
    browser.reads("h1", "客户反馈商户操作提现失败").await;
    browser.find("#recover").await.click().await.unwrap();
    browser.reads(".badges", "已恢复").await;
    browser.find(".add [name=entry]").await.send_keys("13:50 联系风控确认规则").await.unwrap();
    browser.find(".add button").await.click().await.unwrap();
    browser.reads("#tl", "联系风控确认规则").await;

    browser.open(&service, "/figures?week=2024-W34").await;
    browser.find(".more input[name=name]").await.send_keys("入金有效成功率").await.unwrap();
    browser.find(".more input[name=value]").await.send_keys("99.998").await.unwrap();
    browser.find(".more button").await.click().await.unwrap();
    browser.reads(".figs", "99.998").await;
    browser.open(&service, "/w/2024-W34").await;
    browser.reads("#rep", "99.998").await;

    browser.open(&service, "/settings").await;
    browser.find("form[action='/settings/tokens'] input[name=name]").await.send_keys("ci").await.unwrap();
    browser.find("#make-token").await.click().await.unwrap();
    browser.reads("#secret", "fpn_").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn every_page_fits_a_phone_in_both_languages() {
    let service = Service::start(NOW).await;
    let browser = Browser::start(Kind::Phone).await;
    browser.signed_in(&service, Role::Admin).await;
    browser.find("#line").await.send_keys(LINE).await.unwrap();
    browser.find("#save").await.click().await.unwrap();
    browser.reads("h1", "客户反馈商户操作提现失败").await;
    let mut wide = Vec::new();
    for lang in ["zh-CN", "en"] {
        for path in PAGES {
            browser.open(&service, path).await;
            assert_eq!(browser.find("html").await.attr("lang").await.unwrap().as_deref(), Some(lang), "{path}");
            let open = "for (const one of document.querySelectorAll('details')) one.open = true;";
            browser.driver.execute(open, Vec::new()).await.unwrap();
            let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let over: i64 = browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap();
            if over != 0 {
                wide.push(format!("{path} in {lang} by {over}"));
            }
        }
        browser.open(&service, "/settings").await;
        browser.find("main form[action='/language'] button").await.click().await.unwrap();
    }
    assert!(wide.is_empty(), "wider than the screen: {wide:#?}");
}

const REPORT: &str = "# 2024-W34\n\n## 【系统运行数据】\n\n- 出金有效成功率：99.989%\n\n事故数C级1次\n\n## 【生产事件】\n\n1. 客户反馈对账文件延迟，影响约20笔。【待复盘】\n2. 08/20 16:00 提现审核队列积压，影响约35笔提现，16:40 扩容后恢复正常。【待复盘】\n";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_report_is_chosen_corrected_imported_and_undone_without_script() {
    let service = Service::start(NOW).await;
    let file = service.database.folder().join("w34.md");
    std::fs::write(&file, REPORT).unwrap();
    let browser = Browser::start(Kind::NoScript).await;
    browser.signed_in(&service, Role::Lead).await;
    browser.open(&service, "/import").await;
    browser.find("#files").await.send_keys(file.display().to_string()).await.unwrap();
    browser.find("#plan-it").await.click().await.unwrap();
    browser.reads("tr[id='row-0.e.0'] .what", "存疑").await;
    browser.reads("tr[id='row-0.e.0'] .why", "没有时间").await;
    let sentence = browser.find("textarea[name='0.e.0.sentence']").await;
    sentence.clear().await.unwrap();
    sentence.send_keys("对账文件晚到，影响约20笔。").await.unwrap();
    let value = browser.find("input[name='0.f.0.value']").await;
    value.clear().await.unwrap();
    value.send_keys("999").await.unwrap();
    browser.find("#import-it").await.click().await.unwrap();
    browser.reads("tr[id='row-0.f.0'] .error", "0 到 100").await;
    let value = browser.find("input[name='0.f.0.value']").await;
    value.clear().await.unwrap();
    value.send_keys("99.98").await.unwrap();
    browser.find("#import-it").await.click().await.unwrap();
    browser.reads("h2", "已导入").await;
    browser.open(&service, "/e/1").await;
    browser.reads("h1", "对账文件晚到").await;
    browser.open(&service, "/import").await;
    browser.find("#runs a").await.click().await.unwrap();
    browser.find("#undo").await.click().await.unwrap();
    browser.reads("#items", "PE-1").await;
    browser.open(&service, "/events").await;
    browser.reads("main", "没有符合条件的事件").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn the_table_of_an_import_fits_a_phone_in_both_languages() {
    let service = Service::start(NOW).await;
    let file = service.database.folder().join("w34.md");
    std::fs::write(&file, REPORT).unwrap();
    let browser = Browser::start(Kind::Phone).await;
    browser.signed_in(&service, Role::Lead).await;
    for lang in ["zh-CN", "en"] {
        for (step, next) in
            [("#plan-it", "#import-it"), ("#import-it", "#undo-it"), ("#undo-it", "#undo"), ("#undo", "p.pad b")]
        {
            if step == "#plan-it" {
                browser.open(&service, "/import").await;
                browser.find("#files").await.send_keys(file.display().to_string()).await.unwrap();
            }
            let button = browser.find(step).await;
            button.scroll_into_view().await.unwrap();
            button.click().await.unwrap();
            browser.find(next).await;
            assert_eq!(browser.find("html").await.attr("lang").await.unwrap().as_deref(), Some(lang), "{step}");
            let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            let over: i64 = browser.driver.execute(script, Vec::new()).await.unwrap().convert().unwrap();
            assert_eq!(over, 0, "{step} in {lang} is wider than the screen");
        }
        browser.open(&service, "/settings").await;
        browser.find("main form[action='/language'] button").await.click().await.unwrap();
        browser.find(if lang == "en" { "html[lang=zh-CN]" } else { "html[lang=en]" }).await;
    }
}
