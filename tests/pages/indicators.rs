//! Indicators, costs of events, dips and budgets as pages; every form without script.

use fupan::{
    domain::actor::{Actor, Role},
    service::{dips, event_costs},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use support::Service;

use super::{NOW, Person};

const KEY: &str = "withdraw-success";

/// Minutes since the epoch of a time in Shanghai.
fn minute(at: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(&format!("{at}:00+08:00")).unwrap().timestamp() / 60
}

/// Pushes minutes `from..to` with 100 attempts each, of which `failed` fail.
async fn push(service: &Service, from: i64, to: i64, failed: impl Fn(i64) -> i64) {
    let token = service.token(Role::Lead).await;
    let rows: Vec<Value> = (from..to)
        .map(|minute| json!({"t": (minute * 60).to_string(), "total": 100, "success": 100 - failed(minute)}))
        .collect();
    let url = format!("{}/api/v1/indicators/{KEY}/samples", service.url);
    let answer = reqwest::Client::new().post(url).bearer_auth(token).json(&rows).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
}

/// An indicator of a service with a weekly and a yearly target, made with the forms.
async fn indicator(lead: &Person, service: &Service) -> String {
    lead.post("/services", &[("name", "提现"), ("kind", "business_line")]).await;
    let all = fupan::service::services::all(&service.app, &Actor::local_operator()).await.unwrap();
    let id = all.first().unwrap().id.to_string();
    let form = [("key", KEY), ("name", "提现有效成功率"), ("service_id", id.as_str()), ("exclusions", "E51=user")];
    let (status, to, page) = lead.post("/indicators", &form).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/indicators/withdraw-success"), "{page}");
    for (window, target) in [("week", "99.95"), ("year", "99.95")] {
        let form = [("window", window), ("target", target)];
        let (status, ..) = lead.post(&format!("/indicators/{KEY}/objectives"), &form).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
    }
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indicator_is_made_defined_anew_aimed_and_changed_with_forms() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    let (_, page) = lead.get("/indicators").await;
    assert!(page.contains("还没有指标") && page.contains("/indicators/new"), "{page}");
    let (status, _, page) = lead.post("/indicators", &[("key", "提现"), ("name", "提现 <b>")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("请用 1 到 60 个小写字母") && page.contains("value=\"提现 &#60;b&#62;\""),
        "as typed: {page}"
    );
    let (status, _, page) = lead.post("/indicators", &[("key", "x"), ("exclusions", "E51 谁知道")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("每行一个返回码") && page.contains("E51 谁知道"), "{page}");

    indicator(&lead, &service).await;
    let path = format!("/indicators/{KEY}");
    let (_, page) = lead.get(&path).await;
    for words in ["提现有效成功率", "<code>E51</code>", "剔除", "99.95", "版本 1", "样本不够画图"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("id=\"value\">—<"), "what was not measured is neither 0 nor 100: {page}");
    assert!(page.contains("覆盖率不足"), "{page}");
    let (status, ..) = lead.post("/indicators", &[("key", KEY)]).await;
    assert_eq!(status, StatusCode::CONFLICT);

    let form = [("version", "1"), ("valid_from", "2024-08-21"), ("exclusions", "E51=user\nR1 风控"), ("note", "风控")];
    let (status, _, page) = lead.post(&format!("{path}/definitions"), &form).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let (status, _, page) = lead.post(&format!("{path}/definitions"), &form).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("保存前已被别人改过"), "{page}");
    let (_, page) = lead.get(&path).await;
    assert!(page.contains("版本 2") && page.contains("<code>R1</code>"), "{page}");

    let form = [("window", "year"), ("target", "100")];
    let (status, _, page) = lead.post(&format!("{path}/objectives"), &form).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("100 不留任何预算"), "{page}");
    let form = [("window", "year"), ("version", "1"), ("remove", "1"), ("target", "99.95")];
    assert_eq!(lead.post(&format!("{path}/objectives"), &form).await.0, StatusCode::SEE_OTHER);
    assert!(lead.get("/budget/2024").await.1.contains("没有设年目标的指标"));

    let form = [("version", "2"), ("name", "提现成功率"), ("digits", "4"), ("unit", "%"), ("archived", "1")];
    assert_eq!(lead.post(&format!("{path}/edit"), &form).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/indicators").await;
    assert!(page.contains("提现成功率") && page.contains("已归档"), "{page}");

    let reader = Person::of(&service, Role::Viewer).await;
    let (_, page) = reader.get(&path).await;
    assert!(page.contains("版本 2") && !page.contains("id=\"define\""), "{page}");
    assert_eq!(reader.get("/indicators/new").await.0, StatusCode::FORBIDDEN);
    assert_eq!(reader.get("/indicators/nothing").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_is_explained_and_split_into_events_and_background() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead, &service).await;
    let (began, ended) = (minute("2024-08-19T15:00"), minute("2024-08-19T15:30"));
    // Four weeks with one failure in 1,000 minutes, and 20 of 100 in each of 30 minutes.
    let failed = |at: i64| if (began..ended).contains(&at) { 20 } else { i64::from(at % 1_000 == 0) };
    push(&service, minute("2024-07-22T00:00"), minute("2024-08-21T14:00"), failed).await;
    lead.post(
        "/events",
        &[("line", "08/19 15:00 客户反馈商户操作提现失败，影响约100笔出金交易，15:30 下线规则，恢复正常。")],
    )
    .await;
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("没有关联的指标"), "{page}");
    let link = [("key", KEY), ("link", "linked")];
    let (status, to, _) = lead.post("/events/1/indicators", &link).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1#costs"));
    assert!(lead.get("/e/1").await.1.contains("id=\"cost-withdraw-success\""), "it is tied, computed or not");
    event_costs::refresh(&service.app).await.unwrap();

    let (_, page) = lead.get("/e/1").await;
    for words in [
        "实测影响",
        "<b class=\"big\">600</b>",
        "填报 100 笔，实测 600 笔：填报低于实测",
        "前四周同一星期同一时段",
        "07/22 · 07/29 · 08/05 · 08/12",
        "15:00 发生",
        "15:30 恢复",
        "填为影响比例 20%",
        "600 ÷ 3,000",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let (status, ..) = lead.post("/events/1/measured-share", &[("version", "1"), ("key", KEY)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("20% 已是影响比例"), "{page}");
    let (status, ..) = lead.post("/events/1/measured-share", &[("version", "2"), ("key", "nothing")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    event_costs::refresh(&service.app).await.unwrap();

    // Monday to Wednesday 14:00: 3,720 minutes, 372,000 attempts, 600 + 3 failed.
    let (_, page) = lead.get(&format!("/indicators/{KEY}?period=2024-W34")).await;
    for words in [
        "id=\"value\">99.837%<",
        "100 × 371,397 ÷ (372,000 − 0) = 99.837%",
        "解释 99.5%，未解释 3 笔",
        "600 + 3 = 603",
        "PE-1 ",
        "未达标",
        "99.78%",
        "/api/v1/indicators/withdraw-success/totals?period=2024-W34",
        "v1",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("style=") && !page.contains("<script>"), "the strict policy allows neither");
    for period in ["month", "year", "30d", "90d", "365d", "2023"] {
        let (status, page) = lead.get(&format!("/indicators/{KEY}?period={period}")).await;
        assert_eq!(status, StatusCode::OK, "{period}: {page}");
    }
    assert_eq!(lead.get(&format!("/indicators/{KEY}?period=soon")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, text) = lead.get(&format!("/indicators/{KEY}/days.csv?period=2024-W34")).await;
    assert!(text.contains("2024-08-19,144000,143399,0,601,1440,99.582,\r\n"), "{text}");
    let (_, text) = lead.get(&format!("/indicators/{KEY}/minutes.csv?from=2024-08-19")).await;
    assert!(text.contains("2024-08-19T15:00:00+08:00,100,80,0,20,0\r\n") && text.lines().count() == 1_441, "{text}");
    assert_eq!(
        lead.get(&format!("/indicators/{KEY}/minutes.csv?period=2024")).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );

    let (_, page) = lead.get("/budget/2024").await;
    for words in ["提现有效成功率", "PE-1 ", "class=\"drop", "背景"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(lead.get("/budget/soon").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(lead.get("/budget/2023").await.0, StatusCode::OK);
    let (_, page) = lead.get("/figures?days=30").await;
    assert!(page.contains("同一时间轴上的指标") && page.contains("/e/1"), "{page}");
    let (_, page) = lead.get("/indicators").await;
    assert!(page.contains("99.837%") && page.contains("99.78%"), "{page}");

    lead.post("/events/1/indicators", &[("key", KEY), ("link", "cut")]).await;
    event_costs::refresh(&service.app).await.unwrap();
    let (_, page) = lead.get(&format!("/indicators/{KEY}?period=2024-W34")).await;
    assert!(page.contains("这段时间没有事件影响它") && page.contains("0 + 603 = 603"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_are_the_same_before_and_after_the_worker_summed_them() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead, &service).await;
    push(&service, minute("2024-08-17T00:00"), minute("2024-08-21T14:08"), |at| i64::from(at % 97 == 0)).await;
    let path = format!("/indicators/{KEY}/days.csv?period=2024-08");
    let before = lead.get(&path).await.1;
    assert_eq!(before.lines().count(), 6, "{before}");
    fupan::service::samples::tidy(&service.app).await.unwrap();
    assert_eq!(lead.get(&path).await.1, before);
    // A correction of a day that is summed, and minutes that are only staged.
    let at = minute("2024-08-18T10:00");
    push(&service, at, at + 1, |_| 50).await;
    let now = minute("2024-08-21T14:05");
    push(&service, now, now + 3, |_| 10).await;
    let after = lead.get(&path).await.1;
    let line = |day: &str| after.lines().find(|line| line.starts_with(day)).unwrap().to_owned();
    let was = |day: &str| before.lines().find(|line| line.starts_with(day)).unwrap().to_owned();
    assert_ne!(line("2024-08-18"), was("2024-08-18"));
    assert_ne!(line("2024-08-21"), was("2024-08-21"));
    assert_eq!(line("2024-08-19"), was("2024-08-19"));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_were_written_by_hand_stand_in_charts_the_calendar_and_the_file_and_are_named() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead, &service).await;
    push(&service, minute("2024-08-12T00:00"), minute("2024-08-15T00:00"), |at| i64::from(at % 100 == 0)).await;
    let write = async |span: &str, total: &str, success: &str, note: &str| {
        let form = [("span", span), ("total", total), ("success", success), ("note", note)];
        let (status, _, page) = lead.post(&format!("/indicators/{KEY}/hand-counts"), &form).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    };
    write("2024-W32", "7000", "6930", "对账系统").await;
    write("2024-08-16", "1000", "500", "<b>值班表</b>").await;
    // Of a day with samples, and of a week of which a day has samples: neither counts.
    write("2024-08-13", "9", "1", "").await;
    write("2024-W33", "9", "1", "").await;

    let path = format!("/indicators/{KEY}");
    let (_, text) = lead.get(&format!("{path}/days.csv?period=2024-08")).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "\u{feff}day,total,success,excluded,failed,measured_minutes,rate,by_hand");
    assert_eq!(lines[1], "2024-08-05,7000,6930,0,70,0,99.000,2024-W32");
    assert!(lines[2].starts_with("2024-08-12,144000,") && lines[2].ends_with(",1440,99.989,"), "{text}");
    assert_eq!((lines.len(), lines[5]), (6, "2024-08-16,1000,500,0,500,0,50.000,2024-08-16"), "{text}");
    let (_, text) = lead.get(&format!("{path}/days.csv?from=2024-08-06&to=2024-08-11")).await;
    assert_eq!(text.lines().count(), 1, "part of a week is nobody's number: {text}");

    let (_, page) = lead.get(&format!("{path}?period=2024-08")).await;
    for words in [
        "<title>手填 2024-W32 99.000% = 6,930 ÷ (7,000 − 0)</title>",
        "<li>2024-W32 99.000% = 6,930 ÷ (7,000 − 0) · 对账系统 · ",
        "<li>2024-08-16 50.000% = 500 ÷ (1,000 − 0) · &#60;b&#62;值班表",
        "<title>2024-08-07: 手填 2024-W32 99.000%",
        "<title>2024-08-16: 手填 2024-08-16 50.000%",
        "阴影为手填",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("class=\"bg hand\"").count(), 8, "seven days and one");
    assert!(!page.contains("手填 2024-08-13") && !page.contains("手填 2024-W33"), "{page}");
    // Seven days, three, one alone, with a gap between the last two.
    let path_of = |page: &str| page.split("class=\"act\" d=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let drawn = path_of(&page);
    assert_eq!((drawn.matches('M').count(), drawn.matches('L').count()), (2, 9), "{drawn}");
    // A week is drawn by its hours.
    let (_, page) = lead.get(&format!("{path}?period=2024-W33")).await;
    assert!(page.contains("<title>手填 2024-08-16") && path_of(&page).matches('L').count() > 90, "{page}");
    let (_, page) = lead.get("/figures?days=90").await;
    assert!(page.contains("<title>手填 2024-W32") && page.contains("含手填"), "{page}");
    // 432,000 + 8,000 attempts, 43 or 44 + 570 failures.
    assert!(page.contains("99.860%") || page.contains("99.859%"), "{page}");
    let token = service.token(Role::Viewer).await;
    for of in ["totals", "ledger"] {
        let url = format!("{}/api/v1/indicators/{KEY}/{of}?period=2024-08", service.url);
        let answer: Value =
            reqwest::Client::new().get(url).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["by_hand_spans"], json!(["2024-W32", "2024-08-16"]), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dip_becomes_an_event_or_belongs_to_one_or_is_none() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead, &service).await;
    let dips_at = ["2024-08-19T10:00", "2024-08-20T11:00", "2024-08-20T16:00"].map(minute);
    let failed = |at: i64| {
        if dips_at.iter().any(|dip| (*dip..*dip + 10).contains(&at)) { 30 } else { i64::from(at % 500 == 0) }
    };
    push(&service, minute("2024-08-12T00:00"), minute("2024-08-21T14:00"), failed).await;
    assert!(!lead.get("/").await.1.contains("id=\"dips\""));
    dips::watch(&service.app).await.unwrap();
    let (_, home) = lead.get("/").await;
    assert!(home.contains("id=\"dips\"") && home.contains("待确认的骤降 3"), "{home}");

    lead.post("/events", &[("line", "08/20 11:02 渠道超时，影响约300笔，11:12 恢复正常")]).await;
    let (_, page) = lead.get("/dips").await;
    for words in ["2024-08-20 16:00", "登记为事件", "PE-1 08/20 11:02", "fchart", "影响约300笔"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let ids: Vec<String> =
        page.split("id=\"d-").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let at = |time: &str| {
        let place = page.find(time).unwrap();
        ids.iter().rfind(|id| page.find(&format!("id=\"d-{id}\"")).unwrap() < place).unwrap().clone()
    };
    let (first, second, third) = (at("2024-08-19 10:00"), at("2024-08-20 11:00"), at("2024-08-20 16:00"));
    let (status, to, page) = lead.post(&format!("/dips/{first}/accept"), &[("severity", "C")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/2"), "{page}");
    let (_, page) = lead.get("/e/2").await;
    assert!(page.contains("C级") && page.contains("提现有效成功率降至"), "{page}");
    let (status, to, _) = lead.post(&format!("/dips/{second}/merge"), &[("event", "1")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1"));
    let (status, _, page) = lead.post(&format!("/dips/{third}/dismiss"), &[("reason", " ")]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("不能为空"), "{page}");
    let (status, ..) = lead.post(&format!("/dips/{third}/dismiss"), &[("reason", "压测")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (status, ..) = lead.post(&format!("/dips/{third}/accept"), &[("severity", "")]).await;
    assert_eq!(status, StatusCode::CONFLICT, "it was decided already");
    assert!(lead.get("/dips").await.1.contains("没有待确认的骤降"));
    assert!(lead.get("/dips?state=dismissed").await.1.contains("压测"));
    assert!(lead.get("/dips?state=merged").await.1.contains("href=\"/e/1\""));

    // What is accepted is tied to the indicator by its service, and counts in its ledger.
    event_costs::refresh(&service.app).await.unwrap();
    let (_, page) = lead.get(&format!("/indicators/{KEY}?period=2024-W34")).await;
    assert!(page.contains("PE-2 ") && page.contains("PE-1 "), "{page}");
    let viewer = Person::of(&service, Role::Viewer).await;
    assert_eq!(viewer.post(&format!("/dips/{third}/dismiss"), &[("reason", "x")]).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_event_is_in_the_sum_of_a_ledger_and_named_to_nobody_else() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    indicator(&lead, &service).await;
    let (began, ended) = (minute("2024-08-19T15:00"), minute("2024-08-19T15:30"));
    let failed = |at: i64| if (began..ended).contains(&at) { 20 } else { i64::from(at % 1_000 == 0) };
    push(&service, minute("2024-08-10T00:00"), minute("2024-08-21T14:00"), failed).await;
    lead.post("/events", &[("line", "08/19 15:00 绝密渠道故障，影响约684笔，15:30 恢复正常")]).await;
    lead.post("/events/1/indicators", &[("key", KEY), ("link", "linked")]).await;
    let token = service.token(Role::Admin).await;
    let url = format!("{}/api/v1/events/1", service.url);
    let hide = reqwest::Client::new().patch(url).bearer_auth(token).header("If-Match", "\"1\"");
    let answer = hide.json(&json!({"restricted": true})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
    event_costs::refresh(&service.app).await.unwrap();
    let viewer = Person::of(&service, Role::Viewer).await;
    for path in ["/indicators/withdraw-success?period=2024-W34", "/budget/2024", "/figures?days=30", "/indicators"] {
        let (status, page) = viewer.get(path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!page.contains("绝密") && !page.contains("/e/1\"") && !page.contains("PE-1"), "{path}: {page}");
    }
    let (_, page) = viewer.get("/indicators/withdraw-success?period=2024-W34").await;
    assert!(page.contains("限制可见的事件") && page.contains("600 + 3 = 603"), "{page}");
}
