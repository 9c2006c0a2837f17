//! A message as bytes (RFC 5322): the same bytes whenever the same message is built.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart, MultiPartKind, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use crate::service::ports::OutgoingMessage;

/// What every message of this installation says about itself.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    /// From.
    pub from: Mailbox,
    /// The domain of List-Ids.
    pub mail_domain: String,
}

/// The bytes of a message. The boundary between its parts follows from the Message-ID; a random one would differ on
/// every attempt.
pub(super) fn bytes(sender: &Sender, message: &OutgoingMessage, to: Mailbox) -> Result<Vec<u8>, String> {
    let seconds = u64::try_from(message.date.timestamp()).unwrap_or_default();
    let boundary: String = message.message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let mut parts = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(format!("fupan-{boundary}"))
        .singlepart(SinglePart::plain(message.text.clone()))
        .singlepart(SinglePart::html(message.html.clone()));
    if let Some(calendar) = &message.calendar {
        // RFC 6047, section 2.4: the method stands in the type too, and programs show the last part that they understand.
        let method = if calendar.contains("METHOD:CANCEL") { "CANCEL" } else { "REQUEST" };
        let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={method}"));
        let kind = kind.map_err(|error| error.to_string())?;
        parts = parts.singlepart(SinglePart::builder().header(kind).body(calendar.clone()));
    }
    let list_id = format!("<{}.{}>", message.list, one_line(&sender.mail_domain));
    let mut built = Message::builder()
        .from(sender.from.clone())
        .to(to)
        .subject(one_line(&message.subject))
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}>", one_line(&message.message_id))))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("List-Id", &list_id));
    if let Some(thread) = &message.thread {
        let thread = format!("<{}>", one_line(thread));
        built = built.in_reply_to(thread.clone()).references(thread);
    }
    if let Some(unsubscribe) = &message.unsubscribe_url {
        built = built.raw_header(header("List-Unsubscribe", &format!("<{}>", one_line(unsubscribe))));
    }
    // RFC 8058 asks for https, and mail programs press the button only there.
    if message.unsubscribe_url.as_ref().is_some_and(|url| url.starts_with("https://")) {
        built = built.raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    let built = built.multipart(parts).map_err(|error| error.to_string())?;
    Ok(built.formatted())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// A header value cannot start another header: control characters and line separators become spaces.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> OutgoingMessage {
        OutgoingMessage {
            message_id: "r.abc234@fupan.example.com".to_owned(),
            recipient: "oncall@example.com".to_owned(),
            subject: "【复盘台】待复盘 2 项，其中 1 项逾期".to_owned(),
            text: "值班，你好：\n.开头的点\n".to_owned(),
            html: "<p>值班，你好：</p>".to_owned(),
            list: "reminders",
            unsubscribe_url: None,
            thread: None,
            calendar: None,
            date: "2024-08-27T02:07:00Z".parse().unwrap(),
        }
    }

    fn built(message: &OutgoingMessage) -> String {
        let sender = Sender {
            from: "复盘台 <fupan@example.com>".parse().unwrap(),
            mail_domain: "fupan.example.com".to_owned(),
        };
        String::from_utf8(bytes(&sender, message, message.recipient.parse().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_same_message_is_the_same_bytes() {
        assert_eq!(built(&message()), built(&message()));
    }

    #[test]
    fn the_headers_say_that_a_machine_wrote_it_and_promise_no_way_out_that_is_not_there() {
        let text = built(&message());
        for line in [
            "Message-ID: <r.abc234@fupan.example.com>",
            "Date: Tue, 27 Aug 2024 02:07:00 +0000",
            "To: oncall@example.com",
            "Auto-Submitted: auto-generated",
            "List-Id: <reminders.fupan.example.com>",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(text.is_ascii() && !text.contains("List-Unsubscribe"));
        assert!(text.find("text/plain") < text.find("text/html"), "plain text first");
    }

    #[test]
    fn a_mail_of_a_list_is_unsubscribed_with_one_click() {
        let mut mail = message();
        mail.list = "weekly-report";
        mail.unsubscribe_url = Some("https://fupan.example.com/unsubscribe/abc".to_owned());
        let text = built(&mail);
        for line in [
            "List-Id: <weekly-report.fupan.example.com>",
            "List-Unsubscribe: <https://fupan.example.com/unsubscribe/abc>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(!built(&message()).contains("List-Unsubscribe-Post"));
    }

    #[test]
    fn mails_of_one_event_answer_to_its_conversation_and_an_invitation_carries_its_calendar() {
        let mut mail = message();
        mail.thread = Some("event.22@fupan.example.com".to_owned());
        mail.calendar = Some("BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n".to_owned());
        let text = built(&mail);
        for line in ["In-Reply-To: <event.22@fupan.example.com>", "References: <event.22@fupan.example.com>"] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        let (html, calendar) = (text.find("text/html").unwrap(), text.find("text/calendar").unwrap());
        assert!(html < calendar, "what is richest stands last");
        assert!(text.contains("method=CANCEL"), "{text}");
    }

    #[test]
    fn no_line_is_too_long_for_a_server_whatever_people_wrote() {
        let mut mail = message();
        mail.subject = "【复盘台】".to_owned() + &"快捷支付银行渠道 A 超时 🏦".repeat(20);
        mail.text = "很长的一行".repeat(400);
        mail.html = format!("<p>{}</p>", "a".repeat(5_000));
        let text = built(&mail);
        assert!(text.is_ascii());
        assert!(text.split("\r\n").all(|line| line.len() <= 78), "{:?}", text.split("\r\n").map(str::len).max());
    }

    #[test]
    fn no_value_starts_a_header_of_its_own() {
        let mut bad = message();
        bad.subject = "a\r\nBcc: eve@example.com\u{2028}b".to_owned();
        bad.message_id = "x\r\nBcc: eve@example.com".to_owned();
        let text = built(&bad);
        assert!(!text.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{text}");
    }
}
