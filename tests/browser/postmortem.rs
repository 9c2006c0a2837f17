//! The journey of two people: a postmortem is written, saved by itself, submitted, sent back, fixed, approved, taken away.

use fupan::{
    domain::actor::{Actor, Role},
    service::{accounts, events::Created, postmortem_text, sessions, timeline},
};
use support::Service;
use thirtyfour::{
    common::print::{PrintMargins, PrintPage, PrintParameters},
    prelude::*,
};

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
    let cookie = sessions::open(&service.app, account, sessions::Entry::default()).await.unwrap().0;
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
    one.reads("#s-summary .apart ins", "值班的综述").await;
    // From here on nothing is saved by itself: what the other wrote is only gone when the button is pressed.
    one.types("#s-summary textarea", "组长和值班的综述").await;
    one.press("#s-summary .btn").await;
    one.reads("#s-summary .meta", "值班").await;
    // Without script the same is a page.
    two.types("#s-summary textarea", "组长又改").await;
    two.press("#s-summary .btn").await;
    two.reads("#s-summary .theirs", "组长和值班的综述").await;
    two.reads("#refused", "两份都在").await;
    two.reads("#s-summary .apart del", "组长和值班的综述").await;
    // What changed since the page was opened, and from there the history.
    two.press("#s-summary .meanwhile").await;
    two.reads("#difference ins", "组长和值班的综述").await;
    two.press("#difference header .btn").await;
    two.reads(".hist", "差异").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn who_only_reads_a_postmortem_is_not_shown_as_writing() {
    let service = Service::start(NOW).await;
    let writer = Browser::start(Kind::Desktop).await;
    sign_in(&writer, &service, "值班", Role::Reporter).await;
    let reader = Browser::start(Kind::Desktop).await;
    sign_in(&reader, &service, "组长", Role::Lead).await;
    writer.find("#line").await.send_keys(LINE).await.unwrap();
    writer.press("#save").await;
    writer.reads("h1", "客户反馈商户操作提现失败").await;
    writer.open(&service, "/e/1/postmortem").await;
    writer.find("#s-summary textarea").await;
    reader.open(&service, "/e/1/postmortem").await;
    reader.find("#s-summary textarea").await;
    assert!(!reader.find("#writers").await.is_displayed().await.unwrap(), "the writer has only opened it");
    writer.press("#s-summary textarea").await;
    // The lock was asked for when the field got the focus; the next one who opens the page, or begins to write, sees it.
    for _ in 0..50 {
        let event = fupan::store::events::by_number(service.app.store.read(), 1).await.unwrap().unwrap();
        let now = service.app.now_millis();
        let writers = fupan::store::postmortem_text::writers(service.app.store.read(), event.id, now).await.unwrap();
        if !writers.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    reader.press("#s-impact textarea").await;
    reader.reads("#writers", "值班 正在编辑").await;
}

/// How many pages a PDF has, by its page objects.
fn pages(pdf: &[u8]) -> usize {
    let text: String = pdf.iter().map(|byte| char::from(*byte)).collect();
    let page = |rest: &&str| !rest.starts_with('s');
    text.split("/Type /Page").skip(1).filter(page).count()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a browser; tests/run runs it"]
async fn a_postmortem_of_usual_length_is_printed_on_two_pages() {
    let service = Service::start(NOW).await;
    let browser = Browser::start(Kind::Desktop).await;
    sign_in(&browser, &service, "值班", Role::Reporter).await;
    browser.find("#line").await.send_keys(LINE).await.unwrap();
    browser.press("#save").await;
    browser.reads("h1", "客户反馈商户操作提现失败").await;
    let actor = Actor::local_operator();
    let lines: Vec<String> = (0..15)
        .map(|at| {
            format!("13:{:02} 第{}步：核对渠道回执与风控规则命中，确认失败的出金交易都命中同一条新规则", 2 * at, at + 1)
        })
        .collect();
    let added = timeline::add(&service.app, &actor, 1, None, &lines.join("\n"), None).await.unwrap();
    let Created::New(entries) = added else { panic!("nothing was sent twice") };
    for entry in entries.iter() {
        timeline::star(&service.app, &actor, 1, entry.id, true).await.unwrap();
    }
    let sentence = "风控规则更新没有经过灰度就全量生效，把正常的商户出金判断成异常交易，提现接口因此返回失败，商户侧重试后仍然失败。";
    let whys = [
        "规则全量生效",
        "发布系统不支持规则灰度",
        "规则与代码分开发布",
        "规则平台建设早于灰度平台",
        "没有人负责两个平台的衔接",
    ];
    let whys: Vec<String> = whys.into_iter().map(str::to_owned).collect();
    for (key, sentences, whys) in [
        ("summary", 4, None),
        ("impact", 3, None),
        ("root_cause", 6, Some(&whys)),
        ("detection", 4, None),
        ("went_well", 3, None),
        ("actions", 6, None),
    ] {
        let text = match key {
            "actions" | "impact" => format!("- {sentence}\n").repeat(sentences),
            _ => sentence.repeat(sentences),
        };
        let whys = whys.map(Vec::as_slice);
        postmortem_text::write(&service.app, &actor, 1, key, 0, &text, whys).await.unwrap();
    }
    browser.open(&service, "/e/1/postmortem/print").await;
    browser.reads("body", "没有人负责两个平台的衔接").await;
    browser.reads("body", "第15步").await;
    let a4 = PrintPage { width: 21.0, height: 29.7 };
    let margin = PrintMargins { top: 1.4, bottom: 1.4, left: 1.4, right: 1.4 };
    let sheet = PrintParameters { page: a4, margin, ..PrintParameters::default() };
    let twice = PrintParameters { scale: 2.0, ..sheet.clone() };
    let pdf = browser.driver.print_page(sheet).await.unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    let count = pages(&pdf);
    assert!((1..=2).contains(&count), "{count} pages");
    let twice = pages(&browser.driver.print_page(twice).await.unwrap());
    assert!(twice > 2, "pages are counted: {twice} at twice the size");
}
