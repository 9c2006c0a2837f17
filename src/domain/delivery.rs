//! How far the delivery of a message came, and how it ended (reliability study, section 2.4).

/// The step at which something was said or went wrong. The stored codes name the columns of the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before anything was sent: the address or the message cannot be used.
    Build,
    /// Before anything was sent: the address is marked, nothing goes there.
    Marked,
    /// Name look-up, TCP connect, greeting and EHLO.
    Connect,
    /// STARTTLS.
    Tls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO: the server judges the address.
    Rcpt,
    /// DATA, up to the permission to go on.
    Data,
    /// The message without its final dot.
    Body,
    /// From the final dot on: without a reply nobody knows.
    Dot,
    /// The worker stopped.
    Worker,
    /// The request to a chat tool or another server.
    Chat,
}

/// All phases in the order of a delivery.
pub const PHASES: [Phase; 12] = [
    Phase::Build,
    Phase::Marked,
    Phase::Connect,
    Phase::Tls,
    Phase::Auth,
    Phase::Mail,
    Phase::Rcpt,
    Phase::Data,
    Phase::Body,
    Phase::Dot,
    Phase::Worker,
    Phase::Chat,
];

impl Phase {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Marked => "marked",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Body => "body",
            Self::Dot => "dot",
            Self::Worker => "worker",
            Self::Chat => "chat",
        }
    }

    /// The phase of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        PHASES.into_iter().find(|phase| phase.code() == code)
    }
}

/// What went wrong, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which step.
    pub phase: Phase,
    /// The reply code of SMTP, where the server spoke.
    pub code: Option<u16>,
    /// The other side's words, or ours where it said nothing.
    pub words: String,
}

impl Fault {
    /// A fault without a reply code.
    pub fn new(phase: Phase, words: impl Into<String>) -> Self {
        Self { phase, code: None, words: words.into() }
    }

    /// What was said: `550 no such user`.
    pub fn said(&self) -> String {
        match self.code {
            Some(code) if self.words.is_empty() => code.to_string(),
            Some(code) => format!("{code} {}", self.words),
            None => self.words.clone(),
        }
    }

    /// Whether the reply at RCPT says for good that this address takes no mail. A refusal that is about the sender or about
    /// policy says nothing of the address: RFC 3463 gives those 5.7, routing 5.4, protocol 5.5, and an address 5.1 or 5.2.
    pub fn is_bounce(&self) -> bool {
        let definite = matches!(self.code, Some(500..=599)) && self.phase == Phase::Rcpt;
        let class = enhanced(&self.words);
        let relay = self.words.to_ascii_lowercase().contains("relay");
        definite
            && !relay
            && class.map_or(matches!(self.code, Some(550..=553)), |(_, subject)| matches!(subject, 1 | 2))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.phase.code(), self.said())
    }
}

/// Class and subject of an enhanced status code at the beginning of a reply: (5, 1) of `5.1.1 no such user`.
fn enhanced(words: &str) -> Option<(u8, u16)> {
    let mut parts = words.split_whitespace().next()?.split('.');
    let class = parts.next()?.parse().ok()?;
    let subject = parts.next()?.parse().ok()?;
    let _detail: u16 = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((class, subject))
}

/// How one try ended, as the attempts keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The other side took it.
    Sent,
    /// Refused for now.
    ForNow,
    /// Refused for good.
    Refused,
    /// The other side could not be used; nothing was handed over.
    Unreachable,
    /// It may or may not have arrived.
    Unknown,
}

/// All outcomes.
pub const OUTCOMES: [Outcome; 5] =
    [Outcome::Sent, Outcome::ForNow, Outcome::Refused, Outcome::Unreachable, Outcome::Unknown];

impl Outcome {
    /// The stored code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::ForNow => "for_now",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        OUTCOMES.into_iter().find(|outcome| outcome.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back() {
        assert!(PHASES.into_iter().all(|phase| Phase::from_code(phase.code()) == Some(phase)));
        assert!(OUTCOMES.into_iter().all(|outcome| Outcome::from_code(outcome.code()) == Some(outcome)));
    }

    #[test]
    fn only_what_is_said_of_the_address_marks_it() {
        let at = |phase, code, words: &str| Fault { phase, code: Some(code), words: words.to_owned() }.is_bounce();
        assert!(at(Phase::Rcpt, 550, "no such user"));
        assert!(at(Phase::Rcpt, 550, "5.1.1 <x@example.com>: Recipient address rejected"));
        assert!(at(Phase::Rcpt, 552, "5.2.2 mailbox full"));
        assert!(at(Phase::Rcpt, 521, "5.2.1 mailbox disabled"));
        for (phase, code, words) in [
            (Phase::Rcpt, 450, "try later"),
            (Phase::Rcpt, 550, "5.7.1 sender not allowed"),
            (Phase::Rcpt, 554, "5.7.1 Relay access denied"),
            (Phase::Rcpt, 550, "relaying denied"),
            (Phase::Rcpt, 503, "need MAIL"),
            (Phase::Mail, 550, "no such user"),
            (Phase::Dot, 554, "5.1.1 spam"),
        ] {
            assert!(!at(phase, code, words), "{phase:?} {code} {words}");
        }
        assert!(!Fault::new(Phase::Rcpt, "no answer").is_bounce());
    }
}
