//! The page of the outbox, the pages of mail links, and the review on an event's page.

use fupan::{
    domain::actor::{Actor, Role},
    notify::mail::digest_words,
    service::{accounts, events, outbox_admin as outbox, postmortems, reminders},
};
use reqwest::StatusCode;
use support::Service;

use crate::Person;

/// A Wednesday within the hours of reminders.
const NOW: &str = "2024-08-21T06:08:00Z";
const LINE: &str = "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易。【待复盘】";

/// An owed postmortem of a reporter, planned into a digest; the event and the text of the mail.
async fn planned(service: &Service) -> (i64, String) {
    let operator = Actor::local_operator();
    let new = accounts::NewAccount {
        email: "oncall@example.com".to_owned(),
        name: "值班".to_owned(),
        role: Role::Reporter,
        lang: "zh-CN".to_owned(),
    };
    let person = accounts::add(&service.app, &operator, new).await.unwrap().0;
    let number = events::create_from_line(&service.app, &operator, LINE, None).await.unwrap().0.number;
    let change = postmortems::PostmortemChange {
        owner: Some(Some(person.id)),
        due_on: Some(Some("2024-08-21".parse().unwrap())),
        ..Default::default()
    };
    postmortems::change(&service.app, &operator, number, None, change).await.unwrap();
    reminders::plan(&service.app, digest_words).await.unwrap();
    let filter = outbox::OutboxFilter::default();
    let all = outbox::list(&service.app, &operator, &filter, None, 10).await.unwrap();
    (number, all.into_iter().find(|one| one.recipient == "oncall@example.com").unwrap().text)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_filters_and_reads_messages_and_nobody_else_does() {
    let service = Service::start(NOW).await;
    let admin = Person::of(&service, Role::Admin).await;
    let (_, text) = planned(&service).await;
    let (status, page) = admin.get("/settings/outbox").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("等待发出 (1)") && page.contains("oncall@example.com") && page.contains("复盘提醒"),
        "{page}"
    );
    for (query, there) in [
        ("state=pending", true),
        ("state=dead", false),
        ("channel=mail", true),
        ("channel=chat", false),
        ("recipient=oncall@example.com", true),
        ("recipient=ONCALL@example.com", true),
        ("recipient=%E5%80%BC%E7%8F%AD", true),
        ("recipient=other@example.com", false),
    ] {
        let (status, page) = admin.get(&format!("/settings/outbox?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}");
        assert_eq!(page.contains("【待复盘】PE-"), there, "{query}: {page}");
    }
    assert_eq!(admin.get("/settings/outbox?state=nonsense").await.0, StatusCode::UNPROCESSABLE_ENTITY);

    let id = page.split("/settings/outbox/").nth(1).unwrap().split('"').next().unwrap();
    let id = if id == "test" {
        page.split("href=\"/settings/outbox/").nth(1).unwrap().split('"').next().unwrap()
    } else {
        id
    };
    let (_, message) = admin.get(&format!("/settings/outbox/{id}")).await;
    assert!(message.contains("值班，你好：") && message.contains("还没有发送过"), "{message}");
    assert!(text.contains("/act/"));
    let html =
        admin.dressed(admin.client.get(format!("{}/settings/outbox/{id}/html", admin.url))).send().await.unwrap();
    let policy = html.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    assert!(html.text().await.unwrap().contains("<p>值班，你好：</p>"));

    let lead = Person::of(&service, Role::Lead).await;
    for path in ["/settings/outbox", &format!("/settings/outbox/{id}"), &format!("/settings/outbox/{id}/html")] {
        assert_eq!(lead.get(path).await.0, StatusCode::FORBIDDEN, "{path}");
    }
    let (status, _, said) = admin.post(&format!("/settings/outbox/{id}/requeue"), &[]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(said.contains("等待发出的消息不能重新发送"), "{said}");

    let (status, to, _) = admin.post("/settings/outbox/test", &[("to", "")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/settings/outbox?done=tested"));
    let (_, page) = admin.get(&to).await;
    assert!(page.contains("测试邮件已进入发件箱") && page.contains("【复盘台】测试邮件"), "{page}");
    let (status, _, page) = admin.post("/settings/outbox/test", &[("to", "nobody")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("role=\"alert\""), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_a_mail_is_a_page_with_one_button_and_works_without_a_sign_in() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Admin).await;
    let (number, text) = planned(&service).await;
    let path = text.split("延后 2 个工作日：").nth(1).unwrap().split_whitespace().next().unwrap();
    let path = path.split_once("/act/").map(|(_, token)| format!("/act/{token}")).unwrap();
    let stranger = || person.client.get(format!("{}{path}", service.url)).header("Accept", "text/html");
    for _ in 0..3 {
        let answer = stranger().send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = answer.text().await.unwrap();
        assert_eq!(page.matches("<button").count(), 1, "{page}");
        assert!(
            page.contains("延后 2 个工作日") && page.contains("值班") && page.contains(&format!("PE-{number}")),
            "{page}"
        );
    }
    let due = || async {
        let event = events::get(&service.app, &Actor::local_operator(), number).await.unwrap();
        event.postmortem.due_on.unwrap().to_string()
    };
    assert_eq!(due().await, "2024-08-21", "looking changes nothing");
    let head = person.client.head(format!("{}{path}", service.url)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(due().await, "2024-08-21");

    let press = || person.client.post(format!("{}{path}", service.url)).header("Accept", "text/html").send();
    let page = press().await.unwrap().text().await.unwrap();
    assert!(page.contains("截止日期已延后。") && page.matches("<button").count() == 1, "{page}");
    assert_eq!(due().await, "2024-08-23");
    let again = press().await.unwrap().text().await.unwrap();
    assert!(again.contains("这个链接已经用过"), "{again}");
    assert_eq!(due().await, "2024-08-23");
    let undo = || person.client.post(format!("{}{path}/undo", service.url)).header("Accept", "text/html").send();
    assert!(again.contains(&format!("action=\"{path}/undo\"")), "{again}");
    for _ in 0..2 {
        let page = undo().await.unwrap().text().await.unwrap();
        assert!(page.contains("已撤销") && !page.contains("<button"), "{page}");
        assert_eq!(due().await, "2024-08-21");
    }

    for bad in ["/act/x", "/act/x.y", &path[..path.len() - 1], &format!("{path}x")] {
        let answer =
            person.client.get(format!("{}{bad}", service.url)).header("Accept", "text/html").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{bad}");
        assert!(answer.text().await.unwrap().contains("链接无效"));
        for path in [bad.to_owned(), format!("{bad}/undo")] {
            let answer = person.client.post(format!("{}{path}", service.url)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_is_set_on_the_page_of_its_event_and_its_file_can_be_taken() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let (number, _) = planned(&service).await;
    let (_, page) = lead.get(&format!("/e/{number}")).await;
    assert!(page.contains("安排复盘会"), "{page}");
    let oncall = accounts::named(&service.app, &Actor::local_operator(), "x", "oncall@example.com").await.unwrap().id;
    let oncall = oncall.to_string();
    let form = |version: &'static str, at: &'static str| {
        vec![
            ("version", version),
            ("starts_at", at),
            ("minutes", "45"),
            ("place", "会议室 3"),
            ("attendee", oncall.as_str()),
        ]
    };
    let path = format!("/events/{number}/review");
    let (status, to, _) = lead.post(&path, &form("0", "2024-08-22T14:00")).await;
    assert_eq!((status, to), (StatusCode::SEE_OTHER, format!("/e/{number}#review")));
    let (_, page) = lead.get(&format!("/e/{number}")).await;
    assert!(page.contains("会议室 3") && page.contains("修改复盘会") && page.contains("2024-08-22T14:00"), "{page}");
    let (status, _, said) = lead.post(&path, &form("0", "2024-08-22T15:00")).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{said}");
    let (status, _, said) = lead.post(&path, &form("1", "2024-08-20T15:00")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(said.contains("复盘会的时间已过"), "{said}");
    let (status, ics) = lead.get(&format!("/e/{number}/review.ics")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(ics.contains("DTSTART:20240822T060000Z\r\nDTEND:20240822T064500Z\r\n"), "{ics}");
    let (status, ..) = lead.post(&format!("{path}/cancel"), &[("version", "1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = lead.get(&format!("/e/{number}")).await;
    assert!(page.contains("已取消"), "{page}");
}
