//! A mail as the outbox takes it, and the Message-ID that it keeps.

use chrono::Duration;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{App, ports::MailWords};
use crate::store::outbox::{OutboxMessage, OutboxState};

/// The most characters of a subject.
const SUBJECT_LIMIT: usize = 200;

/// A mail that may go at once, to an address (of an account, where it is one). It is given up `lives` after `now` (milliseconds).
pub(super) fn mail(
    app: &App,
    kind: &str,
    dedupe_key: String,
    (recipient_id, recipient): (Option<Uuid>, String),
    words: MailWords,
    now: i64,
    lives: Duration,
) -> OutboxMessage {
    OutboxMessage {
        id: app.id(),
        kind: kind.to_owned(),
        message_id: message_id(&dedupe_key, &app.mail_domain),
        dedupe_key,
        recipient_id,
        recipient,
        subject: words.subject.chars().take(SUBJECT_LIMIT).collect(),
        text: words.text,
        html: words.html,
        date_at: now,
        state: OutboxState::Pending,
        attempt: 0,
        unknowns: 0,
        not_before: now,
        expires_at: now + lives.num_milliseconds(),
        last_error: None,
        last_phase: None,
        created_at: now,
        sent_at: None,
        notifier_id: None,
        payload: None,
        thread: None,
        again_of: None,
    }
}

/// The Message-ID of a dedupe key: the same however often it is made (reliability study, section 2.4).
pub(super) fn message_id(dedupe_key: &str, domain: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let hash = Sha256::digest(dedupe_key.as_bytes());
    let bit = |index: usize| hash.get(index / 8).is_some_and(|byte| byte >> (7 - index % 8) & 1 == 1);
    let name: String = (0..26)
        .map(|letter| {
            let value = (0..5).fold(0_usize, |value, offset| value << 1 | usize::from(bit(letter * 5 + offset)));
            char::from(ALPHABET[value % 32])
        })
        .collect();
    format!("r.{name}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_depends_on_the_key_alone() {
        let id = message_id("digest:1:2024-08-27", "fupan.example.com");
        assert_eq!(id, message_id("digest:1:2024-08-27", "fupan.example.com"));
        assert_ne!(id, message_id("digest:1:2024-08-28", "fupan.example.com"));
        assert_eq!(id.len(), "r.".len() + 26 + "@fupan.example.com".len());
        // echo -n abc | sha256sum | xxd -r -p | base32
        assert_eq!(message_id("abc", "d"), "r.xj4bnp4pahh6uqkbidpf3lrceo@d");
    }
}
