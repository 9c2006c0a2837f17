//! Steps that name one notifier, and digests to groups as they stand when they go.

use fupan::{
    domain::{actor::Actor, chat::ChatTool},
    service::{
        ServiceError,
        notifiers::{self, Notifier, NotifierPatch},
        outbox::OutboxState,
        policies, reminder_preview,
    },
};
use serde_json::{Value, json};
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::Stage;

fn operator() -> Actor {
    Actor::local_operator()
}

async fn server(status: u16) -> Elsewhere {
    Elsewhere::start(move |_: &Asked| Reply::json(status, r#"{"code":0,"errcode":0,"errmsg":"ok"}"#)).await
}

async fn group(stage: &Stage, server: &Elsewhere, name: &str, topics: &[&str]) -> Notifier {
    let new = NotifierPatch {
        name: Some(name.to_owned()),
        tool: Some(ChatTool::Feishu.code().to_owned()),
        url: Some(format!("{}/{name}", server.url())),
        topics: Some(topics.iter().map(|code| (*code).to_owned()).collect()),
        ..NotifierPatch::default()
    };
    notifiers::create(&stage.app, &operator(), new).await.unwrap()
}

fn rules(steps: &Value) -> String {
    let rule = json!({"name": "待复盘", "about": "postmortem", "steps": steps});
    json!({"slot": "10:07", "until": "20:00", "rules": [rule]}).to_string()
}

async fn write(stage: &Stage, document: &str) -> Result<(), ServiceError> {
    policies::write(&stage.app, &operator(), "reminders", document, None).await.map(|_| ())
}

async fn told(stage: &Stage, group: &Notifier) -> Vec<(OutboxState, String)> {
    let found = notifiers::deliveries(&stage.app, &operator(), group.id).await.unwrap();
    found.into_iter().map(|message| (message.state, message.text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_names_one_notifier_and_no_other_is_told() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let server = server(200).await;
    let named = group(&stage, &server, "sre群", &["event.logged"]).await;
    let subscribed = group(&stage, &server, "all", &["postmortem.pending"]).await;
    let steps = json!([{"day": 1, "every": 1, "to": ["notifier:SRE群"], "by": "groups"}]);
    write(&stage, &rules(&steps)).await.unwrap();
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let preview = reminder_preview::preview(&stage.app, &operator(), None).await.unwrap();
    assert!(preview.lines.iter().all(|line| line.to == "sre群"), "{:?}", preview.lines);
    assert_eq!((preview.lines[0].items[0].number, preview.lines[0].items[0].rule.as_str()), (number, "待复盘"));
    assert_eq!(stage.round().await.told, 1);
    assert_eq!((told(&stage, &named).await.len(), told(&stage, &subscribed).await.len()), (1, 0));
    assert_eq!(stage.round_at("2024-08-27T11:00:00+08:00").await.told, 0, "once a day");

    // Rules and notifiers know of each other.
    let nobody = rules(&json!([{"day": 1, "to": ["notifier:没有"], "by": "groups"}]));
    let refused = write(&stage, &nobody).await.unwrap_err().to_string();
    assert!(refused.contains("there is no notifier 没有"), "{refused}");
    let tried = reminder_preview::preview(&stage.app, &operator(), Some(&nobody)).await.unwrap_err().to_string();
    assert!(tried.contains("there is no notifier 没有"), "{tried}");
    let off = NotifierPatch { enabled: Some(false), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), named.id, None, off).await.unwrap();
    let said = fupan::service::doctor::findings(&stage.app).await.unwrap();
    assert!(said.iter().any(|one| one.subject == "reminders" && one.risky), "{said:?}");
    let renamed = NotifierPatch { name: Some("别的".to_owned()), ..NotifierPatch::default() };
    let refused = notifiers::update(&stage.app, &operator(), named.id, None, renamed).await;
    assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{refused:?}");
    let refused = notifiers::delete(&stage.app, &operator(), named.id, None).await;
    assert!(matches!(refused, Err(ServiceError::Conflict(_))), "{refused:?}");
    write(&stage, &rules(&json!([{"day": 1, "to": ["owner"]}]))).await.unwrap();
    notifiers::delete(&stage.app, &operator(), named.id, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_event_goes_to_no_named_group_and_a_team_hears_of_its_own() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let server = server(200).await;
    let named = group(&stage, &server, "sre", &[]).await;
    write(&stage, &rules(&json!([{"day": 1, "every": 1, "to": ["notifier:sre"], "by": "groups"}]))).await.unwrap();
    let number = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let version = fupan::service::events::get(&stage.app, &operator(), number).await.unwrap().version;
    let closed = fupan::service::events::EventPatch { restricted: Some(true), ..Default::default() };
    fupan::service::events::update(&stage.app, &operator(), number, version, closed).await.unwrap();
    assert_eq!(stage.round().await.told, 0);
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    let team = fupan::domain::team::TeamFields { name: "支付".to_owned(), ..Default::default() };
    let team = fupan::service::teams::create(&stage.app, &operator(), team).await.unwrap();
    let only = NotifierPatch { team_id: Some(Some(team.id)), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), named.id, None, only).await.unwrap();
    assert_eq!(stage.round_at("2024-08-27T10:30:00+08:00").await.told, 0);
    assert!(told(&stage, &named).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_meanwhile_falls_out_of_a_digest_and_an_empty_one_is_not_sent() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let silent = server(503).await;
    let sre = group(&stage, &silent, "sre", &["postmortem.pending"]).await;
    let one = stage.owed(Some(stage.oncall), "2024-08-26").await;
    let other = stage.owed(Some(stage.oncall), "2024-08-26").await;
    assert_eq!(stage.round().await.untold, 1);
    stage.done(one).await;
    let open = server(200).await;
    let patch = NotifierPatch { url: Some(open.url()), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), sre.id, None, patch).await.unwrap();
    assert_eq!(stage.round_at("2024-08-27T10:20:00+08:00").await.told, 1);
    let said = told(&stage, &sre).await;
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains(&format!("PE-{other}")) && !said[0].1.contains(&format!("PE-{one} ")), "{said:?}");
    assert!(said[0].1.starts_with("待复盘 1 项"), "{said:?}");

    let patch = NotifierPatch { url: Some(silent.url()), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), sre.id, None, patch).await.unwrap();
    stage.round_at("2024-08-28T10:07:00+08:00").await;
    stage.done(other).await;
    let asked = silent.count();
    stage.round_at("2024-08-28T10:40:00+08:00").await;
    assert_eq!(told(&stage, &sre).await[0].0, OutboxState::Cancelled);
    assert_eq!(silent.count(), asked, "nothing was pending any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_away_gets_one_digest_and_none_at_night() {
    let stage = Stage::at("2024-08-27T10:07:00+08:00").await;
    let silent = server(503).await;
    let sre = group(&stage, &silent, "sre", &["postmortem.pending"]).await;
    stage.owed(Some(stage.oncall), "2024-08-26").await;
    for now in ["2024-08-27T10:07:00+08:00", "2024-08-27T19:00:00+08:00"] {
        assert_eq!(stage.round_at(now).await.untold, 1, "{now}");
    }
    let open = server(200).await;
    let patch = NotifierPatch { url: Some(open.url()), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), sre.id, None, patch).await.unwrap();
    assert_eq!(stage.round_at("2024-08-27T23:30:00+08:00").await.told, 0, "quiet hours");
    assert_eq!(stage.round_at("2024-08-28T10:07:00+08:00").await.told, 1);
    assert_eq!(open.count(), 1);
    let states: Vec<OutboxState> = told(&stage, &sre).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, [OutboxState::Sent, OutboxState::Superseded]);
}
