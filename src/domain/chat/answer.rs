//! What a tool's answer means. All of them answer 200 to a message that they refuse, and say so in the body.

use serde_json::Value;

use super::ChatTool;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is in the group.
    Taken,
    /// Not now.
    Later(String),
    /// Too many; with the seconds until there is room.
    TooFast(String, u64),
    /// Never, as it is.
    Refused(String),
}

/// The seconds that DingTalk and WeCom block a robot that was too fast.
const BLOCKED: u64 = 600;

/// Judges the answer of a tool: status, the seconds of `Retry-After`, body. The words name the code, so that the documents of
/// the tool explain it; of the body they hold only the tool's own message.
pub fn judge(tool: ChatTool, status: u16, retry_after: Option<u64>, body: &[u8]) -> Answer {
    match status {
        200..=299 => {}
        429 => return Answer::TooFast("HTTP 429".to_owned(), retry_after.unwrap_or(60).min(86_400)),
        408 | 425 | 500..=599 => {
            let words = format!("HTTP {status}");
            return match retry_after {
                Some(seconds) => Answer::TooFast(words, seconds.min(86_400)),
                None => Answer::Later(words),
            };
        }
        // Of a body of an unknown server nothing is kept: pages of errors repeat addresses, and these open the group.
        _ if tool == ChatTool::Webhook && status != 410 => return Answer::Later(format!("HTTP {status}")),
        _ => return Answer::Refused(format!("HTTP {status} {}", slack_code(tool, body)).trim_end().to_owned()),
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let number = |names: &[&str]| names.iter().find_map(|name| answer.get(name).and_then(Value::as_i64));
    match tool {
        ChatTool::Webhook => Answer::Taken,
        ChatTool::Slack => match body {
            b"ok" => Answer::Taken,
            _ if answer.get("ok") == Some(&Value::Bool(true)) => Answer::Taken,
            _ => slack(slack_code(tool, body)),
        },
        ChatTool::Feishu => match number(&["code", "StatusCode"]) {
            Some(0) => Answer::Taken,
            // 9499 is both: too many requests, and a body that cannot be read.
            Some(9_499) if message(&answer, &["msg"]).contains("too many") => {
                Answer::TooFast("9499 too many requests".to_owned(), 60)
            }
            Some(code) => coded(code, &message(&answer, &["msg", "StatusMessage"]), feishu),
            None => Answer::Later("no answer of Feishu".to_owned()),
        },
        ChatTool::DingTalk => match number(&["errcode"]) {
            Some(0) => Answer::Taken,
            Some(code) => coded(code, &message(&answer, &["errmsg"]), dingtalk),
            None => Answer::Later("no answer of DingTalk".to_owned()),
        },
        ChatTool::WeCom => match number(&["errcode"]) {
            Some(0) => Answer::Taken,
            Some(code) => coded(code, &message(&answer, &["errmsg"]), wecom),
            None => Answer::Later("no answer of WeCom".to_owned()),
        },
    }
}

enum Kind {
    Fast(u64),
    Later,
    Never,
}

fn coded(code: i64, words: &str, kind: fn(i64) -> Kind) -> Answer {
    let words = format!("{code} {words}");
    match kind(code) {
        Kind::Fast(seconds) => Answer::TooFast(words, seconds),
        Kind::Later => Answer::Later(words),
        Kind::Never => Answer::Refused(words),
    }
}

/// 11232 is the limit of the minute; 11233 and 1500 an error of their own. Others are final: 19001 the address, 19021 the
/// signature, 19022 the caller's address, 19024 the keyword, 9499 and 11246 the body.
fn feishu(code: i64) -> Kind {
    match code {
        11_232 => Kind::Fast(60),
        11_233 | 1_500 => Kind::Later,
        _ => Kind::Never,
    }
}

/// 130101 and 410100 are the limit; 310000 keyword, signature or address of the caller; 300001 and 400101 the token;
/// 40035 and 43004 the form.
fn dingtalk(code: i64) -> Kind {
    match code {
        130_101 | 410_100 => Kind::Fast(BLOCKED),
        -1 => Kind::Later,
        _ => Kind::Never,
    }
}

/// 45009 is the limit; -1 is busy; 93000 the key, 40058 the form or the length.
fn wecom(code: i64) -> Kind {
    match code {
        45_009 | 45_033 => Kind::Fast(BLOCKED),
        -1 => Kind::Later,
        _ => Kind::Never,
    }
}

/// What a bot is told; the other words are final: `channel_not_found`, `not_in_channel`, `invalid_auth`, `msg_too_long` …
fn slack(word: String) -> Answer {
    match word.as_str() {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => Answer::TooFast(word, 60),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => Answer::Later(word),
        _ => Answer::Refused(word),
    }
}

/// What the tool calls a message that it took, for replies to it: `ts` of Slack.
pub fn posted_as(tool: ChatTool, body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let ts = answer.get("ts").and_then(Value::as_str).filter(|_| tool == ChatTool::Slack)?;
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    ((1..=40).contains(&ts.len()) && ts.bytes().all(plain)).then(|| ts.to_owned())
}

/// Whether a refusal is of the conversation and not of the message: its first message was removed, or it is closed.
pub fn is_about_thread(words: &str) -> bool {
    let known = [
        "cannot_reply_to_message",
        "invalid_thread_ts",
        "message_not_found",
        "restricted_action_thread_locked",
        "thread_not_found",
    ];
    known.iter().any(|word| words.ends_with(word))
}

/// What Slack says of a refusal, a word like `invalid_payload` or `channel_is_archived`; nothing of another body.
fn slack_code(tool: ChatTool, body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let word = match answer.get("error").and_then(Value::as_str) {
        Some(word) => word,
        None => std::str::from_utf8(body).unwrap_or_default().trim(),
    };
    let is_code = (1..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if tool == ChatTool::Slack && is_code { word.to_owned() } else { String::new() }
}

fn message(answer: &Value, names: &[&str]) -> String {
    let words = names.iter().find_map(|name| answer.get(name).and_then(Value::as_str)).unwrap_or_default();
    said(words.as_bytes())
}

/// The beginning of a text of somebody else, on one line.
fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..400).unwrap_or(body));
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_says_in_the_body_what_became_of_a_message() {
        let judged = |tool, body: &str| judge(tool, 200, None, body.as_bytes());
        let refused = |answer: Answer| matches!(answer, Answer::Refused(_));
        let fast = |answer: Answer| matches!(answer, Answer::TooFast(..));
        for (tool, body) in [
            (ChatTool::Feishu, r#"{"code":0,"data":{},"msg":"success"}"#),
            (ChatTool::Feishu, r#"{"StatusCode":0,"StatusMessage":"success"}"#),
            (ChatTool::DingTalk, r#"{"errcode":0,"errmsg":"ok"}"#),
            (ChatTool::WeCom, r#"{"errcode":0,"errmsg":"ok"}"#),
            (ChatTool::Slack, "ok"),
            (ChatTool::Webhook, ""),
        ] {
            assert_eq!(judged(tool, body), Answer::Taken, "{tool:?} {body}");
        }
        assert!(refused(judged(ChatTool::Feishu, r#"{"code":19024,"msg":"Key Words Not Found"}"#)));
        assert!(fast(judged(ChatTool::Feishu, r#"{"code":11232,"msg":"frequency limited"}"#)));
        assert!(refused(judged(ChatTool::DingTalk, r#"{"errcode":310000,"errmsg":"sign not match"}"#)));
        assert!(fast(judged(ChatTool::DingTalk, r#"{"errcode":130101,"errmsg":"send too fast"}"#)));
        assert!(refused(judged(ChatTool::WeCom, r#"{"errcode":40058,"errmsg":"content exceed"}"#)));
        assert!(fast(judged(ChatTool::WeCom, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#)));
        assert!(refused(judged(ChatTool::Slack, "invalid_payload")));
        let bot = |word: &str| judged(ChatTool::Slack, &format!(r#"{{"ok":false,"error":"{word}"}}"#));
        assert_eq!(bot("channel_not_found"), Answer::Refused("channel_not_found".to_owned()));
        assert!(fast(bot("ratelimited")) && matches!(bot("internal_error"), Answer::Later(_)));
        let took = br#"{"ok":true,"channel":"C1","ts":"1503435956.000247"}"#;
        assert_eq!(posted_as(ChatTool::Slack, took).as_deref(), Some("1503435956.000247"));
        assert_eq!(posted_as(ChatTool::Slack, br#"{"ok":true,"ts":"x\" y"}"#), None);
        assert!(refused(judged(ChatTool::Feishu, r#"{"code":9499,"msg":"Bad Request"}"#)));
        assert!(fast(judged(ChatTool::Feishu, r#"{"code":9499,"msg":"too many request"}"#)));
        let html = "<html>gateway</html>";
        assert!(matches!(judged(ChatTool::Feishu, html), Answer::Later(_)), "a proxy's page is no answer of the tool");
    }

    #[test]
    fn a_status_says_whether_to_come_again() {
        let judged = |status, after| judge(ChatTool::Webhook, status, after, b"");
        assert_eq!(judged(429, Some(7)), Answer::TooFast("HTTP 429".to_owned(), 7));
        assert_eq!(judged(503, Some(30)), Answer::TooFast("HTTP 503".to_owned(), 30));
        assert!(matches!(judged(502, None), Answer::Later(_)));
        assert!(matches!(judged(404, None), Answer::Later(_)), "a gateway during a deployment");
        assert!(matches!(judged(410, None), Answer::Refused(_)), "Standard Webhooks: gone for good");
        let page = b"Cannot POST /hook/SECRET";
        assert_eq!(judge(ChatTool::WeCom, 404, None, page), Answer::Refused("HTTP 404".to_owned()));
        assert_eq!(judge(ChatTool::Slack, 404, None, b"no_service"), Answer::Refused("HTTP 404 no_service".to_owned()));
    }
}
