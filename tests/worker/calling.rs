//! Messages to groups call whom they concern, by the ids that people have in the tool.

use fupan::{
    domain::{actor::Actor, chat::ChatTool},
    service::{
        ServiceError, events,
        events::EventPatch,
        notifier_members,
        notifiers::{self, Notifier, NotifierPatch},
        postmortems::PostmortemChange,
    },
};
use serde_json::Value;
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::Stage;

const LINE: &str =
    "08/27 09:40 客户反馈商户操作提现失败 <at id=all></at> @所有人，影响约684笔出金交易，原因风控规则更新。【待复盘】";

fn operator() -> Actor {
    Actor::local_operator()
}

async fn server() -> Elsewhere {
    let yes = |_: &Asked| Reply::json(200, r#"{"code":0,"errcode":0,"errmsg":"ok"}"#);
    Elsewhere::start(yes).await
}

async fn group(stage: &Stage, server: &Elsewhere, tool: ChatTool, topics: &[&str]) -> Notifier {
    let new = NotifierPatch {
        name: Some(format!("群 {}", tool.code())),
        tool: Some(tool.code().to_owned()),
        url: Some(format!("{}/{}", server.url(), tool.code())),
        topics: Some(topics.iter().map(|code| (*code).to_owned()).collect()),
        ..NotifierPatch::default()
    };
    notifiers::create(&stage.app, &operator(), new).await.unwrap()
}

async fn known(stage: &Stage, group: &Notifier, people: &[(&str, &str)]) -> Result<(), ServiceError> {
    let people: Vec<(String, String)> = people.iter().map(|(who, id)| ((*who).to_owned(), (*id).to_owned())).collect();
    notifier_members::replace(&stage.app, &operator(), group.id, None, &people).await.map(|_| ())
}

fn bodies(server: &Elsewhere) -> Vec<Value> {
    server.asked.lock().unwrap().iter().map(|asked| serde_json::from_str(&asked.body).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_an_event_is_called_and_nobody_whom_people_write() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = server().await;
    let topics = ["event.logged", "event.graded", "postmortem.done"];
    let feishu = group(&stage, &server, ChatTool::Feishu, &topics).await;
    known(&stage, &feishu, &[("oncall@example.com", "ou_84aad35d084aa403a838cf73ee18467")]).await.unwrap();
    let number = events::create_from_line(&stage.app, &operator(), LINE, None).await.unwrap().0.number;
    stage.round().await;
    let at = "2024-08-27T01:55:00Z".parse().unwrap();
    events::mark_recovered(&stage.app, &operator(), number, Some(at)).await.unwrap();
    stage.change(number, PostmortemChange { owner: Some(Some(stage.oncall)), ..PostmortemChange::default() }).await;
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    let grade = EventPatch {
        severity: Some(Some("C".to_owned())),
        severity_reason: Some("影响面大".to_owned()),
        ..EventPatch::default()
    };
    events::update(&stage.app, &operator(), number, version, grade).await.unwrap();
    stage.done(number).await;
    stage.clock.set("2024-08-27T10:01:00+08:00");
    stage.round().await;
    let said: Vec<String> = bodies(&server)
        .iter()
        .map(|body| body["card"]["body"]["elements"][0]["content"].as_str().unwrap().to_owned())
        .collect();
    let call = "\n<at id=ou_84aad35d084aa403a838cf73ee18467></at>";
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(!said[0].contains("<at"), "nobody owned it: {}", said[0]);
    assert!(said[1].ends_with(call) && said[1].matches("<at").count() == 1, "{}", said[1]);
    assert!(!said[2].contains("<at"), "who finished it knows: {}", said[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_calls_those_who_owe_something_and_not_who_left() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let server = server().await;
    stage.person("admin@example.com", "管理员", fupan::domain::actor::Role::Admin, "zh-CN").await;
    let gone = stage.person("gone@example.com", "小周", fupan::domain::actor::Role::Reporter, "zh-CN").await;
    let dingtalk = group(&stage, &server, ChatTool::DingTalk, &["postmortem.pending"]).await;
    known(&stage, &dingtalk, &[("值班", "13800000000"), ("gone@example.com", "zhou01")]).await.unwrap();
    stage.owed(Some(stage.oncall), "2024-08-23").await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    stage.owed(Some(gone), "2024-08-26").await;
    stage.owed(None, "2024-08-26").await;
    let left = fupan::service::accounts::AccountPatch { active: Some(false), ..Default::default() };
    fupan::service::accounts::change(&stage.app, &operator(), gone, left).await.unwrap();
    stage.round().await;
    let said = &bodies(&server)[0];
    assert_eq!(said["at"], serde_json::json!({"atUserIds": [], "atMobiles": ["13800000000"], "isAtAll": false}));
    assert!(said["markdown"]["text"].as_str().unwrap().ends_with("@13800000000"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_people_are_is_checked_kept_apart_and_traced() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let server = server().await;
    let wecom = group(&stage, &server, ChatTool::WeCom, &["event.logged"]).await;
    for (who, id) in [
        ("oncall@example.com", "@all"),
        ("oncall@example.com", "a> <@b"),
        ("nobody@example.com", "zhangsan"),
        ("0190a0a0-0000-7000-8000-000000000000", "zhangsan"),
    ] {
        let refused = known(&stage, &wecom, &[(who, id)]).await.unwrap_err();
        assert!(
            matches!(refused, ServiceError::Invalid(ref field) if field.field == "members"),
            "{who} {id} {refused:?}"
        );
    }
    let twice = known(&stage, &wecom, &[("oncall@example.com", "a"), ("值班", "b")]).await;
    assert!(matches!(twice, Err(ServiceError::Invalid(_))), "{twice:?}");
    known(&stage, &wecom, &[("oncall@example.com", "zhangsan")]).await.unwrap();
    let now = notifiers::find(&stage.app, &operator(), "群 wecom").await.unwrap();
    assert_eq!(now.version, wecom.version + 1);
    let people = [("oncall@example.com".to_owned(), "lisi".to_owned())];
    let stale = notifier_members::replace(&stage.app, &operator(), wecom.id, Some(wecom.version), &people).await;
    assert!(matches!(stale, Err(ServiceError::Stale { .. })), "{stale:?}");
    let there = notifier_members::of(&stage.app, &operator(), wecom.id).await.unwrap();
    assert_eq!((there.len(), there[0].1.as_str()), (1, "zhangsan"));
    let reader = Actor { role: fupan::domain::actor::Role::Lead, ..operator() };
    assert!(matches!(notifier_members::of(&stage.app, &reader, wecom.id).await, Err(ServiceError::Forbidden { .. })));
    notifiers::delete(&stage.app, &operator(), wecom.id, None).await.unwrap();
    assert!(notifier_members::of(&stage.app, &operator(), wecom.id).await.unwrap().is_empty());
}
