//! The journey of two people: a postmortem is written, saved by itself, submitted, sent back, fixed, approved, taken away.

use fupan::{
    domain::actor::{Actor, Role},
    service::{accounts, sessions},
};
use support::Service;
use thirtyfour::prelude::*;

use super::{Browser, Kind, LINE, NOW};

/// Signs a new person with this name in.
async fn sign_in(browser: &Browser, service: &Service, name: &str, role: Role) {
    let new = accounts::NewAccount {
        email: format!("{}@example.com", role.code()),
        name: name.to_owned(),
        role,
        lang: "zh-CN".to_owned(),
    };
    let account = accounts::add(&service.app, &Actor::local_operator(), new).await.unwrap().0;
    let cookie = sessions::open(&service.app, account).await.unwrap().0;
    browser.open(service, "/login").await;
    browser.driver.add_cookie(Cookie::new("fupan_session", cookie)).await.unwrap();
    browser.open(service, "/").await;
}

impl Browser {
    async fn press(&self, css: &str) {
        let button = self.find(css).await;
        button.scroll_into_view().await.unwrap();
        button.click().await.unwrap();
    }

    async fn types(&self, css: &str, words: &str) {
        let field = self.find(css).await;
        field.scroll_into_view().await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(words).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_postmortem_is_written_reviewed_sent_back_and_approved() {
    let service = Service::start(NOW).await;
    let writer = Browser::start(Kind::Desktop).await;
    sign_in(&writer, &service, "值班", Role::Reporter).await;
    let reviewer = Browser::start(Kind::Phone).await;
    sign_in(&reviewer, &service, "组长", Role::Lead).await;

    writer.find("#line").await.send_keys(LINE).await.unwrap();
    writer.press("#save").await;
    writer.reads("h1", "客户反馈商户操作提现失败").await;
    writer.press("#recover").await;
    writer.reads(".badges", "已恢复").await;
    writer.types(".add [name=entry]", "13:50 切换备用渠道").await;
    writer.press(".add button").await;
    writer.reads("#tl", "切换备用渠道").await;
    writer.press("#tl button[value=star]").await;
    writer.find("#tl button[value=unstar]").await;

    writer.press("#write-postmortem").await;
    writer.reads("#s-timeline textarea", "**13:50** 切换备用渠道").await;
    writer.types("#s-summary textarea", "值班同学忘记灰度。提现失败约一小时。").await;
    writer.reads("#s-summary .status", "已保存").await;
    writer.reads("#s-summary .hints", "写系统和条件").await;
    writer.types("#s-summary textarea", "规则没有灰度就全量生效，提现失败约一小时。").await;
    writer.types("#s-root_cause input[name=why]", "规则全量生效").await;
    writer.reads("#s-root_cause .status", "已保存").await;

    reviewer.open(&service, "/e/1/postmortem").await;
    reviewer.reads("#writers", "值班 正在编辑").await;

    writer.open(&service, "/e/1").await;
    writer.reads("#state", "撰写中").await;
    writer.find("#move-in_review select").await.send_keys("组长").await.unwrap();
    writer.press("#to-in_review").await;
    writer.reads("#state", "评审中").await;

    reviewer.open(&service, "/e/1").await;
    reviewer.press("#move-drafting summary").await;
    reviewer.types("#move-drafting textarea", "没有写影响了多少笔").await;
    reviewer.press("#to-drafting").await;
    reviewer.reads("#state", "撰写中").await;

    writer.open(&service, "/e/1").await;
    writer.press("#moves summary").await;
    writer.reads("#moves", "没有写影响了多少笔").await;
    writer.open(&service, "/e/1/postmortem").await;
    writer.types("#s-impact textarea", "约 684 笔出金失败，**无资损**。").await;
    writer.reads("#s-impact .status", "已保存").await;
    writer.open(&service, "/e/1").await;
    writer.press("#to-in_review").await;
    writer.reads("#state", "评审中").await;

    reviewer.open(&service, "/e/1").await;
    reviewer.press("#to-done").await;
    reviewer.reads("#state", "已复盘").await;
    reviewer.open(&service, "/e/1/postmortem/print").await;
    reviewer.reads("body", "约 684 笔出金失败，无资损。").await;
    writer.open(&service, "/e/1/postmortem").await;
    writer.reads("main", "要改请先重新打开").await;
    let link = writer.find("#export-md").await.attr("href").await.unwrap().unwrap();
    assert_eq!(link, "/e/1/postmortem/export?format=md");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn two_people_who_save_one_section_see_both_texts() {
    let service = Service::start(NOW).await;
    let one = Browser::start(Kind::Desktop).await;
    sign_in(&one, &service, "值班", Role::Reporter).await;
    let two = Browser::start(Kind::NoScript).await;
    sign_in(&two, &service, "组长", Role::Lead).await;
    one.find("#line").await.send_keys(LINE).await.unwrap();
    one.press("#save").await;
    one.reads("h1", "客户反馈商户操作提现失败").await;
    one.open(&service, "/e/1/postmortem").await;
    two.open(&service, "/e/1/postmortem").await;
    two.types("#s-summary textarea", "组长的综述").await;
    two.press("#s-summary .btn").await;
    two.reads("#s-summary .meta", "组长").await;
    one.types("#s-summary textarea", "值班的综述").await;
    one.reads("#s-summary .status", "两份都在").await;
    one.reads("#s-summary .theirs", "组长的综述").await;
    // From here on nothing is saved by itself: what the other wrote is only gone when the button is pressed.
    one.types("#s-summary textarea", "组长和值班的综述").await;
    one.press("#s-summary .btn").await;
    one.reads("#s-summary .meta", "值班").await;
    // Without script the same is a page.
    two.types("#s-summary textarea", "组长又改").await;
    two.press("#s-summary .btn").await;
    two.reads("#s-summary .theirs", "组长和值班的综述").await;
    two.reads("#refused", "两份都在").await;
}
