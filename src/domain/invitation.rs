//! An invitation as calendar programs read it (RFC 5545 and 5546): one event in UTC, asked for or withdrawn. The UID stays
//! for ever and the SEQUENCE rises, so that programs know which of two is the newer one.

use chrono::{DateTime, Duration, Utc};

/// Octets of a line before it is folded (RFC 5545, section 3.1).
const LINE_OCTETS: usize = 75;

/// A person by address and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    /// Mailbox.
    pub address: String,
    /// Name.
    pub name: String,
}

/// What a calendar program is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The same for ever: `review.ID@fupan.example.com`.
    pub uid: String,
    /// Rises with each change.
    pub sequence: i32,
    /// It is withdrawn.
    pub cancelled: bool,
    /// When this was written.
    pub stamp: DateTime<Utc>,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// How long.
    pub minutes: i32,
    /// Title.
    pub summary: String,
    /// A few lines.
    pub description: String,
    /// A room or a link.
    pub place: Option<String>,
    /// The page of the event.
    pub url: String,
    /// Whom answers go to.
    pub organizer: Attendee,
    /// Who is invited.
    pub attendees: Vec<Attendee>,
}

impl Invitation {
    /// The document, with CRLF at the end of each line.
    pub fn to_ics(&self) -> String {
        let mut lines = Lines::default();
        let ends_at = self.starts_at + Duration::minutes(i64::from(self.minutes));
        lines.add("BEGIN:VCALENDAR");
        lines.add("PRODID:-//Fupan//Fupan//ZH");
        lines.add("VERSION:2.0");
        lines.add("CALSCALE:GREGORIAN");
        lines.add(if self.cancelled { "METHOD:CANCEL" } else { "METHOD:REQUEST" });
        lines.add("BEGIN:VEVENT");
        lines.add(&format!("UID:{}", text(&self.uid)));
        lines.add(&format!("SEQUENCE:{}", self.sequence));
        lines.add(&format!("DTSTAMP:{}", utc(self.stamp)));
        lines.add(&format!("DTSTART:{}", utc(self.starts_at)));
        lines.add(&format!("DTEND:{}", utc(ends_at)));
        lines.add(&format!("SUMMARY:{}", text(&self.summary)));
        lines.add(&format!("DESCRIPTION:{}", text(&self.description)));
        if let Some(place) = &self.place {
            lines.add(&format!("LOCATION:{}", text(place)));
        }
        // A URI stands as it is; what would end the line cannot be in it.
        lines.add(&format!("URL:{}", uri(&self.url)));
        lines.add(&format!("ORGANIZER;CN={}:mailto:{}", quoted(&self.organizer.name), uri(&self.organizer.address)));
        for one in &self.attendees {
            lines.add(&format!(
                "ATTENDEE;CN={};CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{}",
                quoted(&one.name),
                uri(&one.address)
            ));
        }
        lines.add(if self.cancelled { "STATUS:CANCELLED" } else { "STATUS:CONFIRMED" });
        lines.add("TRANSP:OPAQUE");
        lines.add("CLASS:PRIVATE");
        lines.add("END:VEVENT");
        lines.add("END:VCALENDAR");
        lines.0
    }
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A line, folded between characters: no part is longer than 75 octets, the space at its beginning included.
    fn add(&mut self, line: &str) {
        let mut octets = 0;
        for c in line.chars() {
            if octets + c.len_utf8() > LINE_OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(c);
            octets += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT of RFC 5545, section 3.3.11.
fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A quoted parameter (section 3.1): it cannot hold a quote, which becomes one of the printer's kind.
fn quoted(value: &str) -> String {
    let inner: String = value
        .chars()
        .map(|c| {
            if c.is_control() {
                ' '
            } else if c == '"' {
                '”'
            } else {
                c
            }
        })
        .collect();
    format!("\"{inner}\"")
}

/// A URI or a mailbox of one: white space and control characters are percent-encoded.
fn uri(value: &str) -> String {
    use std::fmt::Write as _;
    value.chars().fold(String::with_capacity(value.len()), |mut text, c| {
        if c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>') {
            let mut octets = [0; 4];
            for octet in c.encode_utf8(&mut octets).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(text, "%{octet:02X}");
            }
        } else {
            text.push(c);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invitation() -> Invitation {
        let person = |name: &str, address: &str| Attendee { name: name.to_owned(), address: address.to_owned() };
        Invitation {
            uid: "review.1@fupan.example.com".to_owned(),
            sequence: 2,
            cancelled: false,
            stamp: "2024-08-27T02:07:00Z".parse().unwrap(),
            starts_at: "2024-08-29T06:00:00Z".parse().unwrap(),
            minutes: 90,
            summary: "PE-22 复盘会：快捷支付, 银行渠道 A 超时；影响约 18,342 笔，无资损，客户反馈商户操作提现失败"
                .to_owned(),
            description: "第一行\n第二行; a\\b".to_owned(),
            place: Some("会议室 3\r\nX-EVIL:1".to_owned()),
            url: "https://fupan.example.com/e/22".to_owned(),
            organizer: person("组长 \"A\"\r\nX-EVIL:1", "lead@example.com"),
            attendees: vec![person("值班", "oncall@example.com"), person("李;四", "li@example.com\r\nX-EVIL:1")],
        }
    }

    #[test]
    fn no_line_is_longer_than_75_octets_and_no_character_is_cut() {
        let ics = invitation().to_ics();
        assert!(ics.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{ics}");
        let unfolded = ics.replace("\r\n ", "");
        for line in [
            "METHOD:REQUEST",
            "SEQUENCE:2",
            "DTSTART:20240829T060000Z",
            "DTEND:20240829T073000Z",
            "SUMMARY:PE-22 复盘会：快捷支付\\, 银行渠道 A 超时；影响约 18\\,342 笔，无资损，客户反馈商户操作提现失败",
            "DESCRIPTION:第一行\\n第二行\\; a\\\\b",
            "ORGANIZER;CN=\"组长 ”A”  X-EVIL:1\":mailto:lead@example.com",
        ] {
            assert!(unfolded.split("\r\n").any(|found| found == line), "{line} in\n{unfolded}");
        }
        assert!(!unfolded.split("\r\n").any(|line| line.starts_with("X-EVIL")), "{unfolded}");
    }

    #[test]
    fn a_withdrawal_keeps_the_uid() {
        let ics = Invitation { cancelled: true, ..invitation() }.to_ics();
        for line in ["METHOD:CANCEL", "STATUS:CANCELLED", "UID:review.1@fupan.example.com"] {
            assert!(ics.split("\r\n").any(|found| found == line), "{line} in\n{ics}");
        }
    }
}
