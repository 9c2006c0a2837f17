//! A bot of Slack: what is said about one event is one conversation.

use std::sync::{Arc, Mutex};

use fupan::{
    domain::actor::Actor,
    service::{
        ServiceError, events,
        events::EventPatch,
        notifiers::{self, Notifier, NotifierPatch},
        outbox::OutboxState,
        outbox_admin,
    },
};
use serde_json::{Value, json};
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::Stage;

const TOKEN: &str = "xoxb-1234567890-abcdefghijkl";

fn operator() -> Actor {
    Actor::local_operator()
}

/// What Slack's channel holds: the times of messages that can be replied to, and what it was told.
#[derive(Default)]
struct Channel {
    roots: Vec<String>,
    posted: Vec<Value>,
    /// It says this instead of taking the next message.
    next: Option<&'static str>,
}

/// Slack's `chat.postMessage` as far as its documents say what it refuses.
async fn slack(channel: Arc<Mutex<Channel>>) -> Elsewhere {
    Elsewhere::start(move |asked: &Asked| {
        let mut channel = channel.lock().unwrap();
        let no = |word: &str| Reply::json(200, json!({"ok": false, "error": word}).to_string());
        if asked.headers.get("authorization").map(String::as_str) != Some(&format!("Bearer {TOKEN}")) {
            return no("invalid_auth");
        }
        if let Some(word) = channel.next.take() {
            return no(word);
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        if body["channel"] != "C012AB3CD" {
            return no("channel_not_found");
        }
        let chars = |value: &Value| value.as_str().unwrap_or_default().chars().count();
        let blocks = body["blocks"].as_array().cloned().unwrap_or_default();
        let fits = |block: &Value| match block["type"].as_str() {
            Some("header") => chars(&block["text"]["text"]) <= 150,
            Some("section") => (1..=3_000).contains(&chars(&block["text"]["text"])),
            Some("actions") => {
                let buttons = block["elements"].as_array().unwrap();
                buttons.len() <= 25
                    && buttons.iter().all(|one| chars(&one["text"]["text"]) <= 75 && chars(&one["url"]) <= 3_000)
            }
            _ => false,
        };
        if blocks.is_empty() || blocks.len() > 50 || !blocks.iter().all(fits) {
            return no("invalid_blocks");
        }
        if chars(&body["text"]) > 40_000 {
            return no("msg_too_long");
        }
        if let Some(thread) = body["thread_ts"].as_str()
            && !channel.roots.iter().any(|root| root == thread)
        {
            return no("thread_not_found");
        }
        let ts = format!("1724724000.{:06}", channel.posted.len() + 1);
        if body.get("thread_ts").is_none() {
            channel.roots.push(ts.clone());
        }
        channel.posted.push(body);
        Reply::json(200, json!({"ok": true, "channel": "C012AB3CD", "ts": ts}).to_string())
    })
    .await
}

fn bot(server: &Elsewhere) -> NotifierPatch {
    NotifierPatch {
        name: Some("机器人".to_owned()),
        tool: Some("slack".to_owned()),
        url: Some(format!("{}/api/chat.postMessage", server.url())),
        secret: Some(Some(TOKEN.to_owned())),
        channel: Some(Some("C012AB3CD".to_owned())),
        ..NotifierPatch::default()
    }
}

async fn set_up(stage: &Stage) -> (Arc<Mutex<Channel>>, Elsewhere, Notifier) {
    let channel = Arc::new(Mutex::new(Channel::default()));
    let server = slack(Arc::clone(&channel)).await;
    let notifier = notifiers::create(&stage.app, &operator(), bot(&server)).await.unwrap();
    (channel, server, notifier)
}

async fn log(stage: &Stage, line: &str) -> i64 {
    events::create_from_line(&stage.app, &operator(), line, None).await.unwrap().0.number
}

async fn grade(stage: &Stage, number: i64, level: &str) {
    let version = events::get(&stage.app, &operator(), number).await.unwrap().version;
    let grade = EventPatch {
        severity: Some(Some(level.to_owned())),
        severity_reason: Some("影响面".to_owned()),
        ..EventPatch::default()
    };
    events::update(&stage.app, &operator(), number, version, grade).await.unwrap();
}

/// Enough rounds for what waits for its turn.
async fn rounds(stage: &Stage, minute: u32) {
    for second in 0..20 {
        stage.round_at(&format!("2024-08-27T10:{minute:02}:{:02}+08:00", second * 3)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_about_an_event_is_one_thread_and_its_recovery_is_for_everybody() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let (channel, _server, _) = set_up(&stage).await;
    let one = log(&stage, "08/27 09:40 客户反馈商户操作提现失败，影响约684笔出金交易。【待复盘】").await;
    let other = log(&stage, "08/27 09:50 渠道A代付超时，影响12笔。【待复盘】").await;
    grade(&stage, one, "A").await;
    rounds(&stage, 0).await;
    let at = "2024-08-27T02:05:00Z".parse().unwrap();
    stage.clock.set("2024-08-27T10:06:00+08:00");
    events::mark_recovered(&stage.app, &operator(), one, Some(at)).await.unwrap();
    grade(&stage, other, "B").await;
    rounds(&stage, 7).await;
    let posted = channel.lock().unwrap().posted.clone();
    let said: Vec<(String, Option<&str>, Option<bool>)> = posted
        .iter()
        .map(|body| {
            let title = body["blocks"][0]["text"]["text"].as_str().unwrap();
            let label = if title.contains("PE-1") { "PE-1" } else { "PE-2" };
            (label.to_owned(), body["thread_ts"].as_str(), body["reply_broadcast"].as_bool())
        })
        .collect();
    let (first, second) = ("1724724000.000001", "1724724000.000002");
    assert_eq!(
        said,
        [
            ("PE-1".to_owned(), None, None),
            ("PE-2".to_owned(), None, None),
            ("PE-1".to_owned(), Some(first), Some(false)),
            ("PE-1".to_owned(), Some(first), Some(true)),
            ("PE-2".to_owned(), Some(second), Some(false)),
        ],
        "{posted:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_that_is_gone_begins_anew_and_a_refusal_is_told_by_its_word() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let (channel, server, notifier) = set_up(&stage).await;
    let number = log(&stage, "08/27 09:40 客户反馈商户操作提现失败，影响约684笔出金交易。【待复盘】").await;
    rounds(&stage, 0).await;
    channel.lock().unwrap().roots.clear();
    stage.clock.set("2024-08-27T10:02:00+08:00");
    grade(&stage, number, "A").await;
    rounds(&stage, 2).await;
    rounds(&stage, 4).await;
    let posted = channel.lock().unwrap().posted.clone();
    assert_eq!(posted.len(), 2, "{posted:?}");
    assert!(posted[1].get("thread_ts").is_none(), "{posted:?}");
    grade(&stage, number, "B").await;
    rounds(&stage, 6).await;
    assert_eq!(channel.lock().unwrap().posted[2]["thread_ts"], "1724724000.000002");

    channel.lock().unwrap().next = Some("not_in_channel");
    let test = notifiers::test(&stage.app, &operator(), notifier.id).await.unwrap();
    rounds(&stage, 8).await;
    let (test, _) = outbox_admin::get(&stage.app, &operator(), test.id).await.unwrap();
    assert_eq!((test.state, test.last_error.as_deref()), (OutboxState::Dead, Some("not_in_channel")));
    // Another channel: another conversation.
    let patch = NotifierPatch { channel: Some(Some("#other".to_owned())), ..NotifierPatch::default() };
    notifiers::update(&stage.app, &operator(), notifier.id, None, patch).await.unwrap();
    grade(&stage, number, "C").await;
    rounds(&stage, 10).await;
    let asked: Value = serde_json::from_str(&server.asked.lock().unwrap().last().unwrap().body).unwrap();
    assert_eq!((&asked["channel"], asked.get("thread_ts")), (&json!("#other"), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_bot_is_needed_and_never_shown() {
    let stage = Stage::at("2024-08-27T10:00:00+08:00").await;
    let (_, server, made) = set_up(&stage).await;
    assert!(!format!("{made:?}").contains("abcdefghijkl"));
    let shown = serde_json::to_string(&fupan::web::api::notifiers::notifier_body(&made)).unwrap();
    assert!(!shown.contains("xoxb") && shown.contains("C012AB3CD"), "{shown}");
    let no = async |patch: NotifierPatch, field: &str| {
        let refused = notifiers::create(&stage.app, &operator(), patch).await.unwrap_err();
        assert!(matches!(refused, ServiceError::Invalid(ref one) if one.field == field), "{field} {refused:?}");
    };
    let other = || NotifierPatch { name: Some("另一个".to_owned()), ..bot(&server) };
    no(NotifierPatch { secret: None, ..other() }, "secret").await;
    no(NotifierPatch { secret: Some(Some("whsec_abc".to_owned())), ..other() }, "secret").await;
    no(NotifierPatch { channel: Some(Some("a b".to_owned())), ..other() }, "channel").await;
    no(NotifierPatch { channel: None, ..other() }, "secret").await;
    no(NotifierPatch { tool: Some("wecom".to_owned()), ..other() }, "channel").await;
    let same = notifiers::create(&stage.app, &operator(), other()).await;
    assert!(matches!(same, Err(ServiceError::Conflict(_))), "{same:?}");
    let elsewhere = NotifierPatch { channel: Some(Some("#other".to_owned())), ..other() };
    notifiers::create(&stage.app, &operator(), elsewhere).await.unwrap();
}
