//! Handing a message to a chat tool: signed as the tool wants it, sent through the one way out, and its answer judged.

use std::time::Duration;

use base64::{
    Engine as _, alphabet,
    engine::{GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    domain::{
        chat::{
            ChatTool,
            answer::{self, Answer, judge},
        },
        delivery::{Fault, Phase},
    },
    service::ports::{Delivery, LastCheck, Outgoing, OutgoingChat, OutgoingError, OutgoingRequest, RequestBody},
};

/// Reads a key without its padding; bits behind the last letter do not matter.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone),
);

/// The longest that a tool may take.
const WITHIN: Duration = Duration::from_secs(10);

/// The longest answer that is read.
const MOST_BYTES: usize = 64 * 1024;

/// What is sent. Address and headers open the way to the group, so that it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Where to.
    pub url: String,
    /// JSON.
    pub body: String,
    /// Headers of the signature.
    pub headers: Vec<(&'static str, String)>,
}

/// Sends a message. `last_check` runs right before; where it says no, nothing is sent and the answer is `None`.
pub async fn send(outgoing: &dyn Outgoing, message: &OutgoingChat, last_check: LastCheck<'_>) -> Option<Delivery> {
    let Signed { url, body, headers } = signed(message);
    let request = OutgoingRequest {
        url,
        body: RequestBody::Json(body.into_bytes()),
        bearer: message.place.as_ref().and(message.target.secret.clone()).map(SecretString::from),
        house_token: false,
        headers,
        within: WITHIN,
        most_bytes: MOST_BYTES,
    };
    if !last_check().await {
        return None;
    }
    let in_thread = message.place.as_ref().is_some_and(|place| place.thread.is_some());
    let fault = |words: String| Fault::new(Phase::Chat, words);
    Some(match outgoing.send(&request).await {
        Ok(answer) => match judge(message.tool, answer.status, answer.retry_after, &answer.body) {
            Answer::Taken => match answer::posted_as(message.tool, &answer.body).filter(|_| message.place.is_some()) {
                Some(name) => Delivery::Posted(name),
                None => Delivery::Accepted,
            },
            Answer::Refused(words) if in_thread && answer::is_about_thread(&words) => {
                Delivery::ThreadGone(fault(words))
            }
            Answer::Later(words) => Delivery::RefusedForNow(fault(words)),
            Answer::TooFast(words, seconds) => Delivery::TooFast(fault(words), seconds),
            Answer::Refused(words) => Delivery::Refused(fault(words)),
        },
        Err(error @ (OutgoingError::Address(_) | OutgoingError::Forbidden(_) | OutgoingError::Redirect(_))) => {
            Delivery::Refused(fault(error.to_string()))
        }
        // One group that cannot be reached holds up no other: it counts as the message's own try.
        Err(error @ (OutgoingError::Unreachable(_) | OutgoingError::Token(_))) => {
            Delivery::RefusedForNow(fault(error.to_string()))
        }
        Err(error @ (OutgoingError::Broken(_) | OutgoingError::TooSlow(_) | OutgoingError::TooLong(_))) => {
            Delivery::Unknown(fault(error.to_string()))
        }
    })
}

/// A message as the tool wants it signed: Feishu in the body, DingTalk in the address, Standard Webhooks in headers.
pub fn signed(message: &OutgoingChat) -> Signed {
    let plain = || Signed { url: message.target.url.clone(), body: message.body.clone(), headers: Vec::new() };
    let secret = message.target.secret.as_deref().unwrap_or_default();
    match message.tool {
        ChatTool::Feishu if !secret.is_empty() => {
            let seconds = message.at.timestamp();
            // The text to sign is the key, and nothing is what is signed.
            let sign = STANDARD.encode(hmac_sha256(format!("{seconds}\n{secret}").as_bytes(), b""));
            let mut body: Value = serde_json::from_str(&message.body).unwrap_or(Value::Null);
            if let Value::Object(fields) = &mut body {
                fields.insert("timestamp".to_owned(), json!(seconds.to_string()));
                fields.insert("sign".to_owned(), json!(sign));
            }
            Signed { body: body.to_string(), ..plain() }
        }
        ChatTool::DingTalk if !secret.is_empty() => {
            let millis = message.at.timestamp_millis();
            let text = format!("{millis}\n{secret}");
            let sign = STANDARD.encode(hmac_sha256(secret.as_bytes(), text.as_bytes()));
            let joint = if message.target.url.contains('?') { '&' } else { '?' };
            let url = format!("{}{joint}timestamp={millis}&sign={}", message.target.url, in_address(&sign));
            Signed { url, ..plain() }
        }
        ChatTool::Slack if message.place.is_some() => {
            let mut body: Value = serde_json::from_str(&message.body).unwrap_or(Value::Null);
            if let (Value::Object(fields), Some(place)) = (&mut body, &message.place) {
                fields.insert("channel".to_owned(), json!(place.channel));
                // Links lead into the house: Slack's servers have nothing to look at there.
                fields.insert("unfurl_links".to_owned(), json!(false));
                if let Some(thread) = &place.thread {
                    fields.insert("thread_ts".to_owned(), json!(thread));
                    fields.insert("reply_broadcast".to_owned(), json!(place.broadcast));
                }
            }
            Signed { body: body.to_string(), ..plain() }
        }
        ChatTool::Webhook => {
            let (id, seconds) = (format!("msg_{}", message.id.simple()), message.at.timestamp());
            let mut headers = vec![("webhook-id", id.clone()), ("webhook-timestamp", seconds.to_string())];
            if !secret.is_empty() {
                // `whsec_` and base64 by the standard; other secrets are taken as they are.
                let decoded = |text: &str| LENIENT.decode(text.trim_end_matches('=')).ok();
                let key = secret.strip_prefix("whsec_").and_then(decoded);
                let key = key.unwrap_or_else(|| secret.as_bytes().to_vec());
                let text = format!("{id}.{seconds}.{}", message.body);
                let sign = STANDARD.encode(hmac_sha256(&key, text.as_bytes()));
                headers.push(("webhook-signature", format!("v1,{sign}")));
            }
            Signed { headers, ..plain() }
        }
        _ => plain(),
    }
}

fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    // A key of any length is one: HMAC hashes or fills it (RFC 2104, section 2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Base64 in the query of an address.
fn in_address(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::notifier::Target;

    fn message(tool: ChatTool, url: &str, secret: Option<&str>) -> OutgoingChat {
        OutgoingChat {
            id: Uuid::nil(),
            tool,
            target: Target { url: url.to_owned(), secret: secret.map(str::to_owned) },
            body: r#"{"msg_type":"text"}"#.to_owned(),
            place: None,
            at: DateTime::from_timestamp(1_599_360_473, 0).unwrap(),
        }
    }

    /// Computed with Python's hmac and base64 modules.
    #[test]
    fn each_tool_gets_the_signature_of_its_documents() {
        let feishu = signed(&message(ChatTool::Feishu, "https://example.com/hook", Some("demo")));
        let body: Value = serde_json::from_str(&feishu.body).unwrap();
        assert_eq!(body["timestamp"], "1599360473");
        assert_eq!(body["sign"], FEISHU_SIGN);
        assert_eq!(body["msg_type"], "text");
        let dingtalk = signed(&message(ChatTool::DingTalk, "https://example.com/send?access_token=t", Some("SECabc")));
        assert_eq!(
            dingtalk.url,
            format!("https://example.com/send?access_token=t&timestamp=1599360473000&sign={DINGTALK_SIGN}")
        );
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let webhook = signed(&message(ChatTool::Webhook, "https://example.com/in", Some(secret)));
        assert_eq!(webhook.headers[0], ("webhook-id", "msg_00000000000000000000000000000000".to_owned()));
        assert_eq!(webhook.headers[2], ("webhook-signature", format!("v1,{WEBHOOK_SIGN}")));
        assert_eq!(webhook.body, r#"{"msg_type":"text"}"#, "what is signed is what is sent");
        let bare = signed(&message(ChatTool::WeCom, "https://example.com/w?key=k", None));
        assert_eq!(bare.url, "https://example.com/w?key=k");
    }

    const FEISHU_SIGN: &str = "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=";
    const DINGTALK_SIGN: &str = "3SJkK5Fm70JVVkwmvZFkgdPlr53Kn2utLHLz9DzuOSc%3D";
    const WEBHOOK_SIGN: &str = "t3gAI4CuRo0fjxy9YdVb+NOjXVJXAQwcihkOgkJtc/s=";
}
