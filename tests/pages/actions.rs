//! The pages of action items, of the board and of the analytics.

use fupan::domain::actor::Role;
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

const LINE: &str = "08/19 15:00 客户反馈商户操作提现失败，原因风控规则更新，15:30 下线规则，恢复正常。【待复盘】";

fn fields<'a>(title: &'a str, due: &'a str, ticket: &'a str, owner: &'a str) -> [(&'a str, &'a str); 8] {
    [
        ("title", title),
        ("detail", "**先**看 <script>alert(1)</script> [x](javascript:alert(1))"),
        ("priority", "high"),
        ("owner", owner),
        ("team", ""),
        ("due_on", due),
        ("ticket_url", ticket),
        ("key", if title.trim().is_empty() { "k" } else { title }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_written_down_on_its_event_moved_on_and_shown_without_running_what_was_typed() {
    let service = Service::start(NOW).await;
    let (person, lead) = (Person::of(&service, Role::Reporter).await, Person::of(&service, Role::Lead).await);
    person.post("/events", &[("line", LINE)]).await;
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("还没有改进项") && page.contains("action=\"/events/1/actions\""), "{page}");
    let of_reporter = |part: &&str| part.split('<').next().is_some_and(|head| head.ends_with(">reporter"));
    let owner = page.split("<option value=\"").skip(1).find(of_reporter).unwrap();
    let owner = owner.split('"').next().unwrap().to_owned();

    let bad = [
        (fields("加告警", "2099-01-01", "", ""), "太远了，请给 2026-08-22"),
        (fields("加告警", "2024-08-20", "", ""), "已经过去，请给 2024-08-21"),
        (fields("加告警", "", "javascript:alert(1)", ""), "请写以 https:// 或 http:// 开头的地址"),
        (fields(" ", "", "", ""), "要做什么不能为空"),
    ];
    for (form, words) in bad {
        let (status, _, page) = person.post("/events/1/actions", &form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(words), "{words}: {page}");
        assert!(
            page.contains("**先**看 &#60;script&#62;") || page.contains("**先**看 &lt;script&gt;"),
            "typed text stays"
        );
    }
    let form = fields("加告警", "", "https://jira.example.com/1", &owner);
    for _ in 0..2 {
        let (status, to, _) = person.post("/events/1/actions", &form).await;
        assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1#actions"));
    }
    let (_, page) = person.get("/e/1").await;
    assert!(page.contains("AI-1 加告警") && !page.contains("AI-2"), "a button pressed twice writes one: {page}");
    assert!(page.contains("改进项 · 添加"), "the history of the event tells it");
    let (_, page) = person.get("/actions/1").await;
    assert!(page.contains("<strong>先</strong>看") && page.contains("href=\"https://jira.example.com/1\""), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("href=\"javascript:"), "{page}");

    let step = |form: &'static [(&'static str, &'static str)]| person.post("/actions/1/move", form);
    assert_eq!(step(&[("to", "in_progress")]).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = step(&[("to", "in_verification"), ("evidence", " ")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("证据不能为空"), "{page}");
    assert_eq!(
        step(&[("to", "in_verification"), ("evidence", "<img src=x onerror=alert(1)> 图")]).await.0,
        StatusCode::SEE_OTHER
    );
    let (status, _, page) = step(&[("to", "done")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("不能由负责人自己验收"), "{page}");
    assert!(!page.contains("<img"), "evidence is shown, not run");
    let (status, _, page) = lead.post("/actions/1/move", &[("to", "in_progress"), ("reason", "")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("理由不能为空"), "{page}");
    let (status, _, page) = lead.post("/actions/1/move", &[("to", "open"), ("reason", "x")]).await;
    assert!(
        status == StatusCode::CONFLICT
            && page.contains("改进项“待验收”不能直接变成“待处理”，可以变成：处理中、已完成、不做"),
        "{page}"
    );
    assert_eq!(lead.post("/actions/1/move", &[("to", "done")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = person.get("/actions?state=done").await;
    assert!(page.contains("AI-1 加告警") && page.contains("已完成"), "{page}");
    assert!(person.get("/actions").await.1.contains("没有未关闭的改进项"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_puts_overdue_ones_first_and_then_week_by_week() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Lead).await;
    person.post("/events", &[("line", LINE)]).await;
    for (title, due) in [("下周", "2024-08-28"), ("今天", "2024-08-22"), ("明年", "2025-01-08")] {
        person.post("/events/1/actions", &fields(title, due, "", "")).await;
    }
    service.clock.set("2024-08-25T02:00:00Z");
    let (_, page) = person.get("/actions").await;
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
    let order = ["AI-2 今天", "第35周", "AI-1 下周", "2025 第2周", "AI-3 明年"].map(place);
    assert!(order.is_sorted(), "{order:?}");
    assert!(page.contains("逾期 3 天") && page.contains("href=\"/actions?overdue=true\""), "{page}");
    assert!(person.get("/").await.1.contains("1 项改进项逾期"));
    let (_, page) = person.get("/actions?overdue=true").await;
    assert!(page.contains("AI-2") && !page.contains("AI-1 "), "{page}");
    let (_, page) = person.get("/actions?limit=1").await;
    let next = page.split("href=\"/actions?limit=1&").nth(1).or_else(|| page.split("href=\"/actions?limit=1").nth(1));
    assert!(next.is_some_and(|rest| rest.contains("cursor=2024-08-22.2")), "{page}");
    for path in ["/actions?state=nope", "/actions?owner=x", "/actions?nope=1", "/actions/99", "/actions/x"] {
        assert!(person.get(path).await.0.is_client_error(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_edit_one_item_both_keep_what_they_typed() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", LINE)]).await;
    person.post("/events/1/actions", &fields("加告警", "", "", "")).await;
    let hidden = |page: &str| {
        let value = page.split("name=\"was\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        value.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#60;", "<").replace("&#62;", ">")
    };
    let was = hidden(&person.get("/actions/1").await.1);
    let edit = |title: &str, ticket: &str, version: &str, was: &str| {
        let detail = "**先**看 <script>alert(1)</script> [x](javascript:alert(1))";
        [
            ("title", title),
            ("detail", detail),
            ("priority", "high"),
            ("owner", ""),
            ("team", ""),
            ("due_on", ""),
            ("ticket_url", ticket),
            ("version", version),
            ("was", was),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let send = async |form: [(&'static str, String); 9]| {
        let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        person.post("/actions/1/edit", &pairs).await
    };
    assert_eq!(send(edit("加两级告警", "", "1", &was)).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = send(edit("加告警", "https://jira.example.com/2", "1", &was)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("已被别人改过") && page.contains("value=\"加两级告警\""), "{page}");
    assert!(page.contains("value=\"https://jira.example.com/2\""), "{page}");
    assert_eq!(
        send(edit("加两级告警", "https://jira.example.com/2", "2", &hidden(&page))).await.0,
        StatusCode::SEE_OTHER
    );
    let (_, page) = person.get("/actions/1").await;
    assert!(page.contains("加两级告警") && page.contains("https://jira.example.com/2"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_and_the_analytics_are_pages_in_both_languages_and_every_number_leads_on() {
    let service = Service::start(NOW).await;
    let person = Person::of(&service, Role::Reporter).await;
    person.post("/events", &[("line", LINE)]).await;
    let (status, page) = person.get("/postmortems").await;
    assert_eq!(status, StatusCode::OK);
    for words in ["欠了 2 个工作日", "期限 5 个工作日", "提醒 0 次", "未到期", "href=\"/postmortems?team=-\"", "<table"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("href=\"/postmortems?week=").count(), 52, "26 bars and their table");
    assert_eq!(person.get("/postmortems?overdue=true").await.0, StatusCode::OK);
    assert!(person.get("/postmortems?week=2024-W54").await.0.is_client_error());

    let (status, page) = person.get("/analytics").await;
    assert_eq!(status, StatusCode::OK);
    for words in
        ["恢复时长 TTR", "恢复 − 发生；平均 = 30 ÷ 1 = 30 分钟", "变更引入占比", "= 0 ÷ 1 = 0%", "没有分母", "2024-08"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    for href in page.split("href=\"/analytics/events?").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let path = format!("/analytics/events?{}", href.replace("&#38;", "&").replace("&amp;", "&"));
        assert_eq!(person.get(&path).await.0, StatusCode::OK, "{path}");
    }
    let (_, list) = person.get("/analytics/events?metric=time_to_recover&from=2024-08-01&to=2024-08-31").await;
    assert!(list.contains("30 分钟") && list.contains("PE-1"), "{list}");
    let (status, page) = person.get("/analytics?from=2024-08-31&to=2024-08-01").await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("结束日期不能早于开始日期"), "{page}");
    for by in ["team", "service", "level", "month", "none"] {
        assert_eq!(person.get(&format!("/analytics?by={by}&reading=cumulative")).await.0, StatusCode::OK, "{by}");
    }
    person.post("/language", &[("back", "/")]).await;
    for (path, words) in [
        ("/postmortems", "How old the oldest one was"),
        ("/analytics", "recovered − began; mean = 30 ÷ 1 = 30 min"),
        ("/actions", "No action item is open."),
        ("/e/1", "No action item yet."),
    ] {
        let (_, page) = person.get(path).await;
        assert!(page.contains(words), "{path}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_who_move_an_item_the_second_sees_what_happened_and_loses_nothing() {
    let service = Service::start(NOW).await;
    let (person, lead) = (Person::of(&service, Role::Reporter).await, Person::of(&service, Role::Lead).await);
    person.post("/events", &[("line", LINE)]).await;
    let (_, page) = person.get("/e/1").await;
    let of_reporter = |part: &&str| part.split('<').next().is_some_and(|head| head.ends_with(">reporter"));
    let owner = page.split("<option value=\"").skip(1).find(of_reporter).unwrap();
    let owner = owner.split('"').next().unwrap().to_owned();
    assert_eq!(person.post("/events/1/actions", &fields("加告警", "", "", &owner)).await.0, StatusCode::SEE_OTHER);
    let start = [("to", "in_progress"), ("version", "1")];
    assert_eq!(person.post("/actions/1/move", &start).await.0, StatusCode::SEE_OTHER);
    let hand_over = |evidence| [("to", "in_verification"), ("version", "2"), ("evidence", evidence)];
    assert_eq!(person.post("/actions/1/move", &hand_over("看板截图")).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = lead.post("/actions/1/move", &hand_over("演练 <i>记录")).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let flash = page.split("role=\"alert\">").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(flash.contains("已被别人改过") && flash.contains("reporter"), "{flash}");
    let lost = page.split("id=\"lost\"").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(lost.contains("演练 &#60;i&#62;记录"), "it moved on, so that nothing takes the evidence: {lost}");
    let wont = [("to", "in_progress"), ("version", "2"), ("reason", "证据不足")];
    let (status, _, page) = lead.post("/actions/1/move", &wont).await;
    assert!(status == StatusCode::CONFLICT && page.contains("证据不足</textarea>"), "{page}");
    assert!(!page.contains("id=\"lost\""), "what stands in its field is not shown twice: {page}");
}
