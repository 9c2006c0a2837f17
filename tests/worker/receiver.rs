//! What groups get, as their tools would take it: a receiver that computes every signature again from the secret, refuses a wrong
//! one, and measures what it gets against the documented limits (study of pages and messages, section 5).

use std::sync::{Arc, Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::DateTime;
use fupan::{
    domain::{
        actor::Actor,
        chat::{CHAT_TOOLS, ChatTool},
        postmortem::PostmortemState,
    },
    service::{
        events::{self, EventPatch},
        notifiers::{self, Notifier, NotifierPatch},
        postmortems::PostmortemChange,
    },
    store::outbox::OutboxState,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use support::http::{Asked, Elsewhere, Reply};

use crate::stage::Stage;

const BEGIN: &str = "2024-08-27T10:07:00+08:00";

/// Base64 of 32 bytes, as Standard Webhooks has its keys.
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

fn operator() -> Actor {
    Actor::local_operator()
}

fn secret(tool: ChatTool) -> Option<&'static str> {
    match tool {
        ChatTool::Feishu => Some("feishu-secret-0123456789"),
        ChatTool::DingTalk => Some("SEC0123456789abcdef"),
        ChatTool::Webhook => Some(WHSEC),
        ChatTool::WeCom | ChatTool::Slack => None,
    }
}

fn mac(key: &[u8], text: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Whether a timestamp lies within so many seconds of the time of the test.
fn is_now(seconds: i64, within: i64) -> Result<(), String> {
    let begin: DateTime<chrono::Utc> = BEGIN.parse().unwrap();
    let off = seconds - begin.timestamp();
    if (-1..within).contains(&off) { Ok(()) } else { Err(format!("the time is off by {off} s")) }
}

fn same(one: &str, other: &str) -> Result<(), String> {
    if one == other { Ok(()) } else { Err("the signature does not match".to_owned()) }
}

fn at_most(what: &str, is: usize, most: usize) -> Result<(), String> {
    if is <= most { Ok(()) } else { Err(format!("{what}: {is}, at most {most}")) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn decoded(text: &str) -> String {
    Asked { body: format!("v={text}"), ..Asked::default() }.field("v")
}

/// What a request breaks.
fn checked(tool: ChatTool, asked: &Asked) -> Result<(), String> {
    let kind = asked.headers.get("content-type").map(String::as_str).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(format!("content type {kind}"));
    }
    let body: Value = serde_json::from_str(&asked.body).map_err(|error| error.to_string())?;
    match tool {
        ChatTool::Feishu => feishu(asked, &body),
        ChatTool::DingTalk => dingtalk(asked, &body),
        ChatTool::WeCom => wecom(&body),
        ChatTool::Slack => slack(&body),
        ChatTool::Webhook => webhook(asked, &body),
    }
}

fn feishu(asked: &Asked, body: &Value) -> Result<(), String> {
    let stamp = text(&body["timestamp"]);
    is_now(stamp.parse().map_err(|_| "no timestamp".to_owned())?, 3_600)?;
    let key = format!("{stamp}\n{}", secret(ChatTool::Feishu).unwrap());
    same(text(&body["sign"]), &mac(key.as_bytes(), b""))?;
    at_most("bytes", asked.body.len(), 20 * 1024)?;
    if (text(&body["msg_type"]), text(&body["card"]["schema"])) != ("interactive", "2.0") {
        return Err("no card of schema 2.0".to_owned());
    }
    let colours = [
        "blue",
        "wathet",
        "turquoise",
        "green",
        "yellow",
        "orange",
        "red",
        "carmine",
        "violet",
        "purple",
        "indigo",
        "grey",
    ];
    if !colours.contains(&text(&body["card"]["header"]["template"])) {
        return Err(format!("colour {}", body["card"]["header"]["template"]));
    }
    let elements = body["card"]["body"]["elements"].as_array().ok_or("no elements")?;
    at_most("elements", elements.len(), 200)?;
    elements.iter().try_for_each(|one| match text(&one["tag"]) {
        "markdown" if !text(&one["content"]).is_empty() => Ok(()),
        "hr" => Ok(()),
        "button" if text(&one["behaviors"][0]["default_url"]).starts_with("http") => Ok(()),
        other => Err(format!("element {other}")),
    })
}

fn dingtalk(asked: &Asked, body: &Value) -> Result<(), String> {
    let query =
        asked.line.split(' ').nth(1).and_then(|path| path.split_once('?')).map(|(_, query)| query).ok_or("no query")?;
    let given = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        decoded(pair.unwrap_or_default())
    };
    let stamp = given("timestamp");
    let millis: i64 = stamp.parse().map_err(|_| "no timestamp".to_owned())?;
    is_now(millis / 1_000, 3_600)?;
    let secret = secret(ChatTool::DingTalk).unwrap();
    same(&given("sign"), &mac(secret.as_bytes(), format!("{stamp}\n{secret}").as_bytes()))?;
    if given("access_token") != "t" {
        return Err("the token of the address is gone".to_owned());
    }
    at_most("bytes", asked.body.len(), 20_000)?;
    let part = match text(&body["msgtype"]) {
        "actionCard" => &body["actionCard"],
        "markdown" => &body["markdown"],
        other => return Err(format!("msgtype {other}")),
    };
    if text(&part["text"]).is_empty() {
        return Err("no text".to_owned());
    }
    if text(&part["title"]).contains("复盘") { Ok(()) } else { Err("keywords not in content".to_owned()) }
}

fn wecom(body: &Value) -> Result<(), String> {
    let content = text(&body["markdown"]["content"]);
    if text(&body["msgtype"]) != "markdown" || content.is_empty() {
        return Err("no markdown".to_owned());
    }
    at_most("bytes of content", content.len(), 4_096)
}

fn slack(body: &Value) -> Result<(), String> {
    if text(&body["text"]).is_empty() {
        return Err("no text for notifications".to_owned());
    }
    let blocks = body["blocks"].as_array().ok_or("no blocks")?;
    at_most("blocks", blocks.len(), 50)?;
    for block in blocks {
        let words = text(&block["text"]["text"]);
        match text(&block["type"]) {
            "header" if !words.is_empty() => at_most("header", words.chars().count(), 150)?,
            "section" if !words.is_empty() => at_most("section", words.chars().count(), 3_000)?,
            "actions" => {
                let buttons = block["elements"].as_array().ok_or("no buttons")?;
                at_most("buttons", buttons.len(), 25)?;
                for button in buttons {
                    at_most("words of a button", text(&button["text"]["text"]).chars().count(), 75)?;
                    at_most("address of a button", text(&button["url"]).len(), 3_000)?;
                }
            }
            other => return Err(format!("block {other}: {block}")),
        }
    }
    Ok(())
}

fn webhook(asked: &Asked, body: &Value) -> Result<(), String> {
    let given = |name: &str| asked.headers.get(name).cloned().ok_or(format!("no {name}"));
    let (id, stamp, signatures) = (given("webhook-id")?, given("webhook-timestamp")?, given("webhook-signature")?);
    is_now(stamp.parse().map_err(|_| "no timestamp".to_owned())?, 300)?;
    let key = STANDARD.decode(WHSEC.trim_start_matches("whsec_")).unwrap();
    let right = format!("v1,{}", mac(&key, format!("{id}.{stamp}.{}", asked.body).as_bytes()));
    if !signatures.split(' ').any(|one| one == right) {
        return Err("the signature does not match".to_owned());
    }
    at_most("bytes", asked.body.len(), 256_000)?;
    if text(&body["type"]).starts_with("fupan.") && body["data"].is_object() {
        Ok(())
    } else {
        Err("no type".to_owned())
    }
}

/// What came: tool, title as far as there is one, what it breaks.
type Log = Arc<Mutex<Vec<(ChatTool, String, Result<(), String>)>>>;

/// Answers as each tool does; what is wrong is refused.
async fn receiver() -> (Elsewhere, Log) {
    let log: Log = Arc::default();
    let kept = Arc::clone(&log);
    let server = Elsewhere::start(move |asked: &Asked| {
        let path = asked.line.split(' ').nth(1).unwrap_or_default();
        let code = path.trim_start_matches('/').split(['?', '/']).next().unwrap_or_default();
        let tool = ChatTool::from_code(code).unwrap();
        let found = checked(tool, asked);
        kept.lock().unwrap().push((tool, asked.body.clone(), found.clone()));
        match (tool, found) {
            (ChatTool::Feishu, Ok(())) => Reply::json(200, r#"{"code":0,"msg":"success"}"#),
            (ChatTool::Feishu, Err(_)) => Reply::json(200, r#"{"code":19021,"msg":"sign match fail"}"#),
            (ChatTool::DingTalk, Err(words)) => Reply::json(200, format!(r#"{{"errcode":310000,"errmsg":"{words}"}}"#)),
            (ChatTool::WeCom, Err(_)) => Reply::json(200, r#"{"errcode":40058,"errmsg":"exceed max length"}"#),
            (ChatTool::DingTalk | ChatTool::WeCom, Ok(())) => Reply::json(200, r#"{"errcode":0,"errmsg":"ok"}"#),
            (ChatTool::Slack, Ok(())) => Reply::Whole("200 OK".to_owned(), Vec::new(), "ok".to_owned()),
            (ChatTool::Slack, Err(_)) => Reply::Whole("400 -".to_owned(), Vec::new(), "invalid_blocks".to_owned()),
            (ChatTool::Webhook, Ok(())) => Reply::json(200, "{}"),
            (ChatTool::Webhook, Err(_)) => Reply::json(401, "{}"),
        }
    })
    .await;
    (server, log)
}

async fn group(stage: &Stage, server: &Elsewhere, tool: ChatTool, name: &str, secret: Option<&str>) -> Notifier {
    let keyword = tool.has_keyword().then(|| "复盘".to_owned());
    let new = NotifierPatch {
        name: Some(format!("{name} {}", tool.code())),
        tool: Some(tool.code().to_owned()),
        url: Some(format!("{}/{}/{name}?access_token=t", server.url(), tool.code())),
        secret: Some(secret.map(str::to_owned)),
        keyword: Some(keyword),
        ..NotifierPatch::default()
    };
    notifiers::create(&stage.app, &operator(), new).await.unwrap()
}

/// Rounds within the five minutes for which a signature holds.
async fn rounds(stage: &Stage) {
    let begin: DateTime<chrono::Utc> = BEGIN.parse().unwrap();
    for step in 0..14 {
        stage.round_at(&(begin + chrono::Duration::seconds(step * 20)).to_rfc3339()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tool_takes_every_message_signed_and_within_its_limits() {
    let stage = Stage::at(BEGIN).await;
    let (server, log) = receiver().await;
    let mut groups = Vec::new();
    for tool in CHAT_TOOLS {
        groups.push(group(&stage, &server, tool, "all", secret(tool)).await);
    }
    // Signs of every tool's Markdown, and far more of it than any takes.
    let signs = "*_~`[](<at id=all></at>)#!|>\"\\ & <script> 影响约684笔出金交易 emoji 🀄 ";
    let long = format!("08/27 09:40 客户反馈商户操作提现失败 {}。【待复盘】", signs.repeat(60));
    let (event, _) = events::create_from_line(&stage.app, &operator(), &long, None).await.unwrap();
    for _ in 0..60 {
        stage.owed(Some(stage.oncall), "2024-08-20").await;
    }
    let version = events::get(&stage.app, &operator(), event.number).await.unwrap().version;
    let grade = EventPatch {
        severity: Some(Some("C".to_owned())),
        severity_reason: Some(signs.repeat(5)),
        ..EventPatch::default()
    };
    events::update(&stage.app, &operator(), event.number, version, grade).await.unwrap();
    let at = "2024-08-27T02:05:00Z".parse().unwrap();
    events::mark_recovered(&stage.app, &operator(), event.number, Some(at)).await.unwrap();
    let done = PostmortemChange {
        to: Some(PostmortemState::Done),
        reason: Some("演练".to_owned()),
        ..PostmortemChange::default()
    };
    stage.change(event.number, done).await;
    fupan::service::publications::publish(
        &stage.app,
        &operator(),
        "2024-W34".parse().unwrap(),
        fupan::web::api::published::frozen_json,
        None,
    )
    .await
    .unwrap();
    for group in &groups {
        notifiers::test(&stage.app, &operator(), group.id).await.unwrap();
    }
    rounds(&stage).await;
    let came = log.lock().unwrap().clone();
    for (tool, body, found) in &came {
        assert_eq!(*found, Ok(()), "{}: {body}", tool.code());
    }
    for group in &groups {
        let tool = group.fields.tool;
        let count = came.iter().filter(|(one, ..)| *one == tool).count();
        // Logged, graded, recovered, reviewed, published, pending, and the test.
        assert_eq!(count, 7, "{}", tool.code());
        let left = notifiers::deliveries(&stage.app, &operator(), group.id).await.unwrap();
        assert!(left.iter().all(|one| one.state == OutboxState::Sent), "{}: {left:?}", tool.code());
    }
    let largest = |tool: ChatTool| came.iter().filter(|(one, ..)| *one == tool).map(|(_, body, _)| body.len()).max();
    assert!(largest(ChatTool::WeCom) > Some(3_000), "the limit was reached: {:?}", largest(ChatTool::WeCom));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_refuses_what_another_secret_signed() {
    let stage = Stage::at(BEGIN).await;
    let (server, log) = receiver().await;
    let mut groups = Vec::new();
    for (tool, wrong) in [
        (ChatTool::Feishu, "another"),
        (ChatTool::DingTalk, "SECanother"),
        (ChatTool::Webhook, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        groups.push(group(&stage, &server, tool, "other", Some(wrong)).await);
    }
    for group in &groups {
        notifiers::test(&stage.app, &operator(), group.id).await.unwrap();
    }
    rounds(&stage).await;
    assert!(log.lock().unwrap().iter().all(|(.., found)| found.is_err()), "{log:?}");
    for group in &groups {
        let left = notifiers::deliveries(&stage.app, &operator(), group.id).await.unwrap();
        assert!(left.iter().all(|one| one.state != OutboxState::Sent), "{left:?}");
        assert!(left.iter().all(|one| one.last_error.is_some()), "{left:?}");
    }
}
