//! Grades, responsibility, thresholds, teams, counts and policies as pages; every form without script.

use fupan::{
    domain::actor::{Actor, Role},
    service::{events, grading, policies, teams},
};
use reqwest::StatusCode;
use support::Service;

use super::{NOW, Person};

const LINE: &str = "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，15:30 下线规则，恢复正常。【待复盘】";

async fn team(service: &Service, name: &str) -> String {
    let actor = Actor::local_operator();
    let fields = fupan::domain::team::TeamFields { name: name.to_owned(), ..Default::default() };
    teams::create(&service.app, &actor, fields).await.unwrap().id.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_takes_the_proposal_regrades_with_a_reason_and_sees_both() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", LINE)]).await;
    let (_, page) = lead.get("/e/1").await;
    for words in [
        "影响 ≥ 100 笔",
        "684 笔",
        "采纳 C级",
        "30 分钟 / 2 小时",
        "684 笔 / 100,000 笔",
        "2021-09-01 起施行",
        "还不知道",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("可能需要报告"), "{page}");
    let (status, to, _) = lead.post("/events/1/grade", &[("version", "1"), ("level", "C")]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/e/1#grading"));
    let (status, _, page) = lead.post("/events/1/grade", &[("version", "2"), ("level", "A"), ("reason", "")]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("定级理由不能为空") && page.contains("value=\"A\" selected"), "{page}");
    let form = [("version", "1"), ("level", "A"), ("reason", "波及核心大客户")];
    let (status, _, page) = lead.post("/events/1/grade", &form).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("已被别人改过") && page.contains("波及核心大客户"), "nothing typed is lost: {page}");
    lead.post("/events/1/grade", &[("version", "2"), ("level", "A"), ("reason", "波及核心大客户 <b>")]).await;
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("C级 → <b>A级</b> · 波及核心大客户 &#60;b&#62;") && page.contains("当时建议 C级"), "{page}");

    let reporter = Person::of(&service, Role::Reporter).await;
    let (_, page) = reporter.get("/e/1").await;
    assert!(page.contains("改定级和定责由组长来做") && !page.contains("id=\"regrade\""), "{page}");
    let form = [("version", "3"), ("level", "D"), ("reason", "x")];
    assert_eq!(reporter.post("/events/1/grade", &form).await.0, StatusCode::FORBIDDEN);
    // An edit of other fields leaves the grade alone; a level in the edit form follows the same rule.
    let edit = |severity: &'static str| {
        [
            ("version", "3"),
            ("occurred_at", "2024-08-19T15:00"),
            ("recovered_at", "2024-08-19T15:30"),
            ("severity", severity),
            ("narrative", "提现失败"),
            ("summary", ""),
            ("impact", ""),
            ("cause", "规则"),
            ("recovery", ""),
        ]
    };
    let (status, _, page) = lead.post("/events/1/edit", &edit("D")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
    assert!(page.contains("定级理由不能为空"), "{page}");
    assert_eq!(reporter.post("/events/1/edit", &edit("A")).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_over_a_threshold_says_so_at_the_top_and_only_advises() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", "08/21 09:00 渠道超时，影响约12万笔")]).await;
    let (_, page) = lead.get("/e/1").await;
    for words in [
        "id=\"report-advice\"",
        "可能需要报告，请与合规确认",
        "5 小时 8 分钟 / 2 小时 · 已超过",
        "未恢复，计到现在",
        "只作提示",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_typed_or_divided_evenly_and_wrong_ones_stay_on_the_form() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", LINE)]).await;
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("还没有团队，先建一个"), "{page}");
    let (pay, channel, risk) =
        (team(&service, "支付").await, team(&service, "渠道").await, team(&service, "风控").await);
    let send = async |how: &str, version: &str, parts: &[(&str, &str)]| {
        let mut form = vec![("version", version), ("how", how)];
        for (team, share) in parts {
            form.extend([("team", *team), ("share", *share)]);
        }
        lead.post("/events/1/shares", &form).await
    };
    for (parts, words) in [
        (vec![(pay.as_str(), "60"), (channel.as_str(), "50")], "份额合计 110.00%，最多 100%"),
        (vec![(pay.as_str(), "一半")], "请写成 50 或 33.34 这样的百分数"),
        (vec![(pay.as_str(), "")], "请写成 50 或 33.34 这样的百分数"),
        (vec![(pay.as_str(), "50"), (pay.as_str(), "50")], "每个团队只写一次"),
        (vec![("nonsense", "50")], "定责：请选择一个团队"),
        (vec![("0197a000-0000-7000-8000-000000000000", "50")], "没有团队 0197a000"),
    ] {
        let (status, _, page) = send("save", "1", &parts).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.contains(words), "{words}: {page}");
        assert!(page.contains(&format!("name=\"share\" inputmode=\"decimal\" value=\"{}\"", parts[0].1)), "{page}");
    }
    assert_eq!(send("save", "1", &[(&pay, "50%"), ("", "")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("未定责 50%") && page.contains("0.5次"), "{page}");
    assert_eq!(send("evenly", "2", &[(&pay, "50"), (&channel, ""), (&risk, "")]).await.0, StatusCode::SEE_OTHER);
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("33.34%") && page.contains("33.33%") && !page.contains("id=\"unsettled\""), "{page}");
    lead.post("/events/1/timeline", &[("entry", "15:20 切换备用渠道")]).await;
    let (_, page) = lead.get("/e/1/history").await;
    assert!(page.contains("支付 50%") && page.contains("渠道 33.33%") && page.contains("切换备用渠道"), "{page}");
    assert!(!page.contains(&pay), "{page}");

    let operator = Actor::local_operator();
    let event = events::get(&service.app, &operator, 1).await.unwrap();
    grading::grade(&service.app, &operator, 1, event.version, Some("C".to_owned()), None).await.unwrap();
    let (_, page) = lead.get("/counts?period=2024-W34").await;
    for words in [
        "2024-W34",
        "0.3334",
        "0.3333",
        "未定责",
        "<a href=\"/events?q=kind%3Anormal%20period%3A2024-W34%20severity%3AC\" title=\"1 起事件\">1</a>",
        "<a href=\"/events?q=kind%3Anormal%20period%3A2024-W34\" title=",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let of_team =
        page.split('"').find(|part| part.starts_with("/events?q=kind%3Anormal%20period%3A2024-W34%20team%3A")).unwrap();
    let (status, list) = lead.get(&of_team.replace("&#38;", "&")).await;
    assert!(status == StatusCode::OK && list.contains("href=\"/e/1\""), "what a team's number is made of: {list}");
    let (status, page) = lead.get("/counts?period=never").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("请写成 2024-W34、2024-08、2024-Q3 或 2024"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_made_changed_and_archived_on_their_page() {
    let service = Service::start(NOW).await;
    let (lead, viewer) = (Person::of(&service, Role::Lead).await, Person::of(&service, Role::Viewer).await);
    assert_eq!(lead.post("/teams", &[("name", "支付"), ("lead", "")]).await.0, StatusCode::SEE_OTHER);
    let (status, _, page) = lead.post("/teams", &[("name", "支付"), ("lead", "")]).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(page.contains("已有团队叫“支付”，请换一个名称"), "{page}");
    assert_eq!(viewer.post("/teams", &[("name", "x")]).await.0, StatusCode::FORBIDDEN);
    let operator = Actor::local_operator();
    let made = teams::find(&service.app, &operator, "支付").await.unwrap();
    let path = format!("/teams/{}", made.id);
    assert_eq!(lead.post(&path, &[("version", "1"), ("how", "archive")]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(lead.post(&path, &[("version", "1"), ("how", "restore")]).await.0, StatusCode::CONFLICT);
    let (_, page) = viewer.get("/teams").await;
    assert!(
        page.contains("已归档") && !page.contains("<form class=\"form\" method=\"post\" action=\"/teams\""),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_are_edited_as_rows_and_a_used_one_does_not_go_silently() {
    let service = Service::start(NOW).await;
    let lead = Person::of(&service, Role::Lead).await;
    lead.post("/events", &[("line", LINE)]).await;
    lead.post("/events/1/grade", &[("version", "1"), ("level", "C")]).await;
    let (_, page) = lead.get("/settings/severity").await;
    assert!(page.contains("name=\"0.label\" value=\"A\"") && page.contains("name=\"5.label\" value=\"\""), "{page}");
    let rows = |labels: &[(&'static str, &'static str, &'static str)]| {
        let mut form: Vec<(String, String)> = vec![
            ("version".into(), "0".into()),
            ("ungraded_due".into(), "5".into()),
            ("ungraded_action".into(), "30".into()),
        ];
        for (at, (label, aliases, due)) in labels.iter().enumerate() {
            for (name, value) in [
                ("label", *label),
                ("aliases", *aliases),
                ("due", *due),
                ("action", "30"),
                ("tone", "red"),
                ("points", ""),
            ] {
                form.push((format!("{at}.{name}"), value.to_owned()));
            }
            form.push((format!("{at}.order"), (10 - at).to_string()));
        }
        form
    };
    let send = async |form: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        lead.post("/settings/severity", &pairs).await
    };
    for (labels, words) in [
        (
            vec![("D", "", "5"), ("B", "", "2"), ("A", "", "1")],
            "有 1 个事件定为 C；请保留这个标签，或把它写进另一个等级的别名",
        ),
        (vec![("D", "", "5"), ("C", "d级", "3"), ("B", "", "2"), ("A", "", "1")], "D 出现了两次"),
        (vec![("D", "", "5"), ("C", "", "三天"), ("B", "", "2"), ("A", "", "1")], "请写整数"),
        (vec![("D", "", "5"), ("C", "", "999"), ("B", "", "2"), ("A", "", "1")], "请写 0 到 250 天"),
        (vec![], "请写 1 到 12 个等级"),
        (vec![("C", "D", "3"), ("B", "", "2")], "定级规则 loss-a 建议 A"),
    ] {
        let (status, _, page) = send(rows(&labels)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        assert!(page.contains(words), "{words}: {page}");
    }
    let (status, ..) = send(rows(&[("D", "", "5"), ("C2", "C", "4"), ("B", "", "2"), ("A", "P0，SEV0", "1")])).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let operator = Actor::local_operator();
    let levels = grading::house_levels(&service.app, &operator).await.unwrap();
    assert_eq!(levels.labels(), ["A", "B", "C2", "D"], "in the order of their numbers");
    assert_eq!(levels.tone(Some("C")), "p1", "the old label has the colour of its level");
    let (_, page) = lead.get("/e/1").await;
    assert!(page.contains("<span class=\"sev p1\" id=\"level\">C级</span>"), "an old grade is not blank: {page}");
    let (_, page) = lead.get("/settings/severity?preset=p").await;
    assert!(page.contains("value=\"P4\"") && page.contains("A, SEV0, SEV1"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_edited_as_its_document_and_a_refused_one_stays_on_the_page() {
    let service = Service::start(NOW).await;
    let (lead, reporter) = (Person::of(&service, Role::Lead).await, Person::of(&service, Role::Reporter).await);
    let (_, page) = lead.get("/settings/policies").await;
    for words in ["/settings/severity", "/settings/policies/grading", "/settings/policies/thresholds"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let (status, _, page) = lead
        .post("/settings/policies/thresholds", &[("version", "0"), ("document", "{\n\"rules\": [],\n\"x\": 1}")])
        .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("JSON 有误：不认识“x”，可用的有 `rules`（第 3 行第 3 列）"), "{page}");
    assert!(page.contains("&#34;x&#34;: 1"), "what was typed stays: {page}");
    let form = [("version", "0"), ("document", "{\"rules\": []}")];
    assert_eq!(reporter.post("/settings/policies/thresholds", &form).await.0, StatusCode::FORBIDDEN);
    assert_eq!(lead.post("/settings/policies/thresholds", &form).await.0, StatusCode::SEE_OTHER);
    assert_eq!(lead.post("/settings/policies/thresholds", &form).await.0, StatusCode::CONFLICT);
    let policy = policies::read(&service.app, &Actor::local_operator(), "thresholds").await.unwrap();
    assert_eq!(policy.version, 1);
    let large = format!("{{\"rules\": [\"{}\"]}}", "x".repeat(1_000_000));
    let (status, _, page) = lead.post("/settings/policies/thresholds", &[("version", "1"), ("document", &large)]).await;
    assert!(status.is_client_error() && page.len() < 3_000_000, "{status}");
    assert_eq!(lead.get("/settings/policies/nosuch").await.0, StatusCode::NOT_FOUND);
}
