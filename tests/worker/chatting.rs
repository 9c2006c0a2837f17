//! Messages to groups: what is told to whom, in the form and at the pace of the tool, through the outbox.

use fupan::{
    domain::{
        actor::{Actor, Role},
        chat::ChatTool,
        event_record::EventKind,
    },
    service::{
        ServiceError, events,
        events::EventPatch,
        notifiers::{self, Notifier, NotifierPatch},
        outbox::OutboxState,
    },
};
use serde_json::Value;
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::Stage;

const LINE: &str = "08/27 09:40 客户反馈商户操作提现失败，影响约684笔出金交易，原因风控规则更新。【待复盘】";

fn operator() -> Actor {
    Actor::local_operator()
}

/// A server that answers as its tool does, by the path it is asked at.
async fn tools() -> Elsewhere {
    Elsewhere::start(|asked: &Asked| {
        let path = asked.line.split(' ').nth(1).unwrap_or_default().to_owned();
        let yes = match path.split('?').next().unwrap_or_default() {
            "/feishu" => r#"{"code":0,"msg":"success","data":{}}"#,
            "/slack" => return Reply::Whole("200 OK".to_owned(), vec![], "ok".to_owned()),
            "/limited" => r#"{"errcode":130101,"errmsg":"send too fast"}"#,
            "/forbidden" => r#"{"errcode":310000,"errmsg":"keywords not in content"}"#,
            _ => r#"{"errcode":0,"errmsg":"ok"}"#,
        };
        Reply::json(200, yes)
    })
    .await
}

async fn notifier(stage: &Stage, server: &Elsewhere, tool: ChatTool, path: &str, more: NotifierPatch) -> Notifier {
    let new = NotifierPatch {
        name: Some(format!("群 {path}")),
        tool: Some(tool.code().to_owned()),
        url: Some(format!("{}/{path}", server.url())),
        ..more
    };
    notifiers::create(&stage.app, &operator(), new).await.unwrap()
}

async fn log(stage: &Stage, line: &str) -> i64 {
    events::create_from_line(&stage.app, &operator(), line, None).await.unwrap().0.number
}

async fn edit(stage: &Stage, number: i64, patch: EventPatch) {
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    events::update(&stage.app, &operator(), number, version, patch).await.unwrap();
}

fn grade(level: &str) -> EventPatch {
    let reason = Some("影响面大".to_owned());
    EventPatch { severity: Some(Some(level.to_owned())), severity_reason: reason, ..EventPatch::default() }
}

fn bodies(server: &Elsewhere) -> Vec<Value> {
    server.asked.lock().unwrap().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_told_of_an_event_its_recovery_its_grade_and_its_review_once_each() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = tools().await;
    let secret = NotifierPatch { secret: Some(Some("demo".to_owned())), ..NotifierPatch::default() };
    notifier(&stage, &server, ChatTool::Feishu, "feishu", secret).await;
    let number = log(&stage, LINE).await;
    stage.round().await;
    stage.round().await;
    let told = bodies(&server);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["card"]["header"]["title"]["content"], "未定级 PE-1 客户反馈商户操作提现失败");
    let text = told[0]["card"]["body"]["elements"][0]["content"].as_str().unwrap();
    assert!(text.contains("2024-08-27 09:40 起") && text.contains("影响约684笔出金交易"), "{text}");
    let link = told[0]["card"]["body"]["elements"][2]["behaviors"][0]["default_url"].as_str().unwrap();
    assert_eq!(link, format!("{}/e/{number}", stage.app.public_url));
    assert_eq!(told[0]["timestamp"], (stage.app.now_millis() / 1_000).to_string());
    assert_eq!(told[0]["sign"].as_str().unwrap().len(), 44, "base64 of 32 bytes");

    let at = "2024-08-27T02:05:00Z".parse().unwrap();
    stage.clock.set("2024-08-27T10:06:00+08:00");
    events::mark_recovered(&stage.app, &operator(), number, Some(at)).await.unwrap();
    edit(&stage, number, EventPatch { severity: Some(Some("C".to_owned())), ..EventPatch::default() }).await;
    stage.done(number).await;
    stage.round().await;
    let titles: Vec<String> = bodies(&server)
        .iter()
        .map(|body| body["card"]["header"]["title"]["content"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(titles[1], "已恢复 PE-1，用时 25 分钟");
    assert_eq!(titles[2..], ["定级 PE-1：未定级 → C级", "PE-1 已复盘，改进项 0 项"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn restricted_events_drills_and_old_ones_are_told_to_no_group() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = tools().await;
    notifier(&stage, &server, ChatTool::WeCom, "wecom", NotifierPatch::default()).await;
    log(&stage, "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易。【待复盘】").await;
    stage.round().await;
    assert_eq!(server.count(), 0, "eight days ago is no news");
    let number = log(&stage, LINE).await;
    // It waits in the outbox when the door is closed.
    edit(&stage, number, EventPatch { restricted: Some(true), ..EventPatch::default() }).await;
    edit(&stage, number, grade("A")).await;
    let drill = log(&stage, "08/27 09:50 演练：切换备用渠道").await;
    edit(&stage, drill, EventPatch { kind: Some(EventKind::Drill), ..EventPatch::default() }).await;
    stage.round().await;
    let said: Vec<String> = bodies(&server).iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_hears_what_touches_it_and_a_topic_that_was_not_chosen_is_silent() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = tools().await;
    let team = fupan::domain::team::TeamFields { name: "支付".to_owned(), ..Default::default() };
    let team = fupan::service::teams::create(&stage.app, &operator(), team).await.unwrap();
    let only = NotifierPatch { team_id: Some(Some(team.id)), ..NotifierPatch::default() };
    notifier(&stage, &server, ChatTool::WeCom, "wecom", only).await;
    let burns = NotifierPatch { topics: Some(vec!["budget.burning".to_owned()]), ..NotifierPatch::default() };
    notifier(&stage, &server, ChatTool::Slack, "slack", burns).await;
    let number = log(&stage, LINE).await;
    stage.round().await;
    assert_eq!(server.count(), 0);
    let share = fupan::domain::event_record::Responsibility { team_id: team.id, share: 10_000 };
    edit(&stage, number, EventPatch { responsibility: Some(vec![share]), ..EventPatch::default() }).await;
    edit(&stage, number, grade("B")).await;
    stage.round().await;
    let told = bodies(&server);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["markdown"]["content"].as_str().unwrap().contains("未定级 → B级"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_says_too_fast_is_left_alone_for_ten_minutes_and_a_refusal_is_final() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = tools().await;
    let limited = notifier(&stage, &server, ChatTool::DingTalk, "limited", NotifierPatch::default()).await;
    let forbidden = notifier(&stage, &server, ChatTool::DingTalk, "forbidden", NotifierPatch::default()).await;
    notifiers::test(&stage.app, &operator(), limited.id).await.unwrap();
    notifiers::test(&stage.app, &operator(), forbidden.id).await.unwrap();
    // A second one for the group that is too fast: it is not even tried.
    notifiers::test(&stage.app, &operator(), limited.id).await.unwrap();
    let report = stage.round().await;
    assert_eq!((report.told, report.untold, report.last_problem), (0, 2, None));
    stage.clock.set("2024-08-27T10:09:00+08:00");
    stage.round().await;
    assert_eq!(server.count(), 2, "left alone for ten minutes");
    stage.clock.set("2024-08-27T10:00:00+08:00");
    let waits = &notifiers::deliveries(&stage.app, &operator(), limited.id).await.unwrap()[1];
    assert!(waits.not_before - stage.app.now_millis() >= 600_000, "{waits:?}");
    assert_eq!(waits.last_error.as_deref(), Some("130101 send too fast"));
    let dead = &notifiers::deliveries(&stage.app, &operator(), forbidden.id).await.unwrap()[0];
    assert_eq!(dead.state, OutboxState::Dead);
    assert_eq!(dead.last_error.as_deref(), Some("310000 keywords not in content"));
    // Mended by hand: it goes again, also to a group.
    let again = fupan::service::outbox_admin::requeue(&stage.app, &operator(), dead.id).await.unwrap();
    assert_eq!(again.state, OutboxState::Pending);
    stage.round().await;
    assert_eq!(server.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_goes_to_a_group_than_its_tool_takes() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = tools().await;
    let group = notifier(&stage, &server, ChatTool::WeCom, "wecom", NotifierPatch::default()).await;
    for _ in 0..30 {
        notifiers::test(&stage.app, &operator(), group.id).await.unwrap();
    }
    let mut within = Vec::new();
    for second in 0..60 {
        stage.clock.set(&format!("2024-08-27T10:00:{second:02}+08:00"));
        stage.round().await;
        within.push(server.count());
    }
    assert_eq!(within[0], 8, "a burst");
    assert!(within[59] <= 20 && within[59] >= 16, "{within:?}");
    for minute in 1..3 {
        for second in 0..60 {
            stage.clock.set(&format!("2024-08-27T10:0{minute}:{second:02}+08:00"));
            stage.round().await;
        }
    }
    assert_eq!(server.count(), 30, "all came in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_the_house_is_refused_and_a_secret_is_never_shown() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let new = |url: &str| NotifierPatch {
        name: Some("群".to_owned()),
        tool: Some("webhook".to_owned()),
        url: Some(url.to_owned()),
        secret: Some(Some("whsec_c2VjcmV0".to_owned())),
        ..NotifierPatch::default()
    };
    for url in ["http://169.254.169.254/latest", "https://10.0.0.1/hook", "ftp://example.com/", "https://[::1]/x"] {
        let refused = notifiers::create(&stage.app, &operator(), new(url)).await.unwrap_err();
        assert!(matches!(refused, ServiceError::Invalid(ref field) if field.field == "url"), "{url} {refused:?}");
    }
    let made = notifiers::create(&stage.app, &operator(), new("https://example.com/hooks/0123456789ab")).await.unwrap();
    assert!(!format!("{made:?}").contains("c2VjcmV0") && !format!("{made:?}").contains("0123456789ab"));
    let viewer = Actor { role: Role::Lead, ..operator() };
    assert!(matches!(notifiers::all(&stage.app, &viewer).await, Err(ServiceError::Forbidden { .. })));
    let again = notifiers::create(&stage.app, &operator(), new("https://example.com/hooks/0123456789ab")).await;
    assert!(matches!(again, Err(ServiceError::Conflict(_))));
    let other = NotifierPatch { name: Some("另一个".to_owned()), ..new("https://example.com/hooks/0123456789ab") };
    let other = notifiers::create(&stage.app, &operator(), other).await;
    assert!(matches!(other, Err(ServiceError::Conflict(_))), "one robot has one pace: {other:?}");
    let unsigned = NotifierPatch {
        secret: Some(Some("whsec_不是".to_owned())),
        ..new("https://example.com/hooks/ba9876543210")
    };
    let unsigned = notifiers::create(&stage.app, &operator(), unsigned).await.unwrap_err();
    assert!(matches!(unsigned, ServiceError::Invalid(ref field) if field.field == "secret"), "{unsigned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_gets_one_digest_a_working_day_of_what_is_pending_for_its_team() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let elsewhere = tools().await;
    let topics = |team| NotifierPatch {
        topics: Some(vec!["postmortem.pending".to_owned()]),
        team_id: Some(team),
        ..NotifierPatch::default()
    };
    let all = notifier(&stage, &elsewhere, ChatTool::Feishu, "feishu", topics(None)).await;
    let team = fupan::domain::team::TeamFields { name: "支付".to_owned(), ..Default::default() };
    let team = fupan::service::teams::create(&stage.app, &operator(), team).await.unwrap();
    let other = notifier(&stage, &elsewhere, ChatTool::WeCom, "wecom", topics(Some(team.id))).await;
    let late = stage.owed(Some(stage.oncall), "2024-08-23").await;
    stage.owed(Some(stage.oncall), "2024-08-27").await;
    stage.owed(Some(stage.oncall), "2024-09-09").await;
    let report = stage.round().await;
    assert_eq!((report.sent, report.told), (1, 1), "{report:?}");
    let said = notifiers::deliveries(&stage.app, &operator(), all.id).await.unwrap();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].subject, "待复盘 2 项，1 项逾期");
    assert!(
        said[0].text.contains(&format!("PE-{late}")) && said[0].text.contains("逾期 2 个工作日"),
        "{}",
        said[0].text
    );
    assert!(said[0].text.contains("负责人 值班"), "{}", said[0].text);
    assert!(notifiers::deliveries(&stage.app, &operator(), other.id).await.unwrap().is_empty(), "nothing of its team");
    for now in ["2024-08-27T11:00:00+08:00", "2024-08-28T09:00:00+08:00"] {
        assert_eq!(stage.round_at(now).await.told, 0, "{now}");
    }
    assert_eq!(stage.round_at("2024-08-28T10:07:00+08:00").await.told, 1, "the next working day");

    let secret = stage.owed(Some(stage.oncall), "2024-08-20").await;
    edit(&stage, secret, EventPatch { restricted: Some(true), ..EventPatch::default() }).await;
    stage.round_at("2024-08-29T10:07:00+08:00").await;
    let said = notifiers::deliveries(&stage.app, &operator(), all.id).await.unwrap();
    assert!(said.len() == 3 && !said[0].text.contains(&format!("PE-{secret}")), "{}", said[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_report_goes_to_the_groups_that_ask_for_it_and_a_withdrawn_one_does_not() {
    let stage = Stage::at("2024-08-27T11:00:00+08:00").await;
    let elsewhere = tools().await;
    let topics = NotifierPatch { topics: Some(vec!["report.published".to_owned()]), ..NotifierPatch::default() };
    let group = notifier(&stage, &elsewhere, ChatTool::Feishu, "feishu", topics).await;
    log(&stage, "08/19 15:00 客户反馈商户操作提现失败，影响约684笔出金交易，15:30 恢复正常。【待复盘】").await;
    let week = "2024-W34".parse().unwrap();
    fupan::service::publications::publish(&stage.app, &operator(), week, fupan::web::api::published::frozen_json, None)
        .await
        .unwrap();
    assert_eq!(stage.round().await.told, 1);
    let said = &notifiers::deliveries(&stage.app, &operator(), group.id).await.unwrap()[0];
    assert_eq!(said.subject, "周报 2024-W34 已发布");
    assert!(said.text.contains("生产事件") && said.text.contains("影响约684笔出金交易"), "{}", said.text);
    let earlier = "2024-W33".parse().unwrap();
    fupan::service::publications::publish(
        &stage.app,
        &operator(),
        earlier,
        fupan::web::api::published::frozen_json,
        None,
    )
    .await
    .unwrap();
    fupan::service::publications::withdraw(&stage.app, &operator(), earlier).await.unwrap();
    assert_eq!(stage.round().await.told, 0, "withdrawn before it went");
}
