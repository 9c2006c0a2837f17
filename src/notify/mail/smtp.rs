//! The talk with the SMTP server, step by step, because only the step tells what a failure means: before the final dot
//! nothing was delivered, after it nobody knows (reliability study, section 2.4). lettre's own timeout covers the
//! connect alone, so each step has one of its own.

use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::time::timeout;

use super::message::{self, Sender};
use crate::service::ports::{Delivery, LastCheck, OutgoingMessage, Transport};

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Not at all; for a server on the same machine or network.
    None,
    /// STARTTLS, required (port 587).
    #[default]
    StartTls,
    /// From the first byte (port 465).
    Tls,
}

/// How long each step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmtpTimeouts {
    /// Name look-up and TCP connect to one address.
    pub connect: Duration,
    /// Greeting, and each command up to DATA.
    pub command: Duration,
    /// Writing the body.
    pub body: Duration,
    /// The reply to the final dot: RFC 5321 section 4.5.3.2.6 asks for 10 minutes, to avoid duplicates.
    pub dot: Duration,
}

impl Default for SmtpTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_secs(30),
            body: Duration::from_secs(60),
            dot: Duration::from_secs(600),
        }
    }
}

/// Where and as whom mail is handed over.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: TlsMode,
    /// For servers that want a sign-in.
    pub username: Option<String>,
    /// For servers that want a sign-in.
    pub password: Option<SecretString>,
    /// `复盘台 <fupan@example.com>` or the bare address.
    pub from: String,
    /// The domain in EHLO and List-Id (`App::mail_domain`).
    pub mail_domain: String,
    /// How long each step may take.
    pub timeouts: SmtpTimeouts,
}

/// Why mail settings cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MailSettingsError {
    /// The sender is no address.
    #[error("smtp.from “{0}” is no address; write fupan@example.com or 复盘台 <fupan@example.com>")]
    From(String),
    /// TLS cannot be set up for this host name.
    #[error("smtp.host “{host}” cannot be used with TLS: {cause}")]
    Tls {
        /// The host.
        host: String,
        /// The library's words.
        cause: String,
    },
    /// Half a sign-in.
    #[error("smtp.username and smtp.password belong together; give both or neither")]
    HalfSignIn,
}

/// Hands messages to one SMTP server, each over a connection of its own.
pub struct SmtpTransport {
    host: String,
    port: u16,
    tls: Option<(TlsMode, TlsParameters)>,
    credentials: Option<Credentials>,
    sender: Sender,
    hello: ClientId,
    timeouts: SmtpTimeouts,
}

impl std::fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpTransport").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl SmtpTransport {
    /// Checks the settings; nothing is connected yet.
    pub fn new(settings: SmtpSettings) -> Result<Self, MailSettingsError> {
        let from: Mailbox = settings.from.parse().map_err(|_| MailSettingsError::From(settings.from.clone()))?;
        let tls = match settings.tls {
            TlsMode::None => None,
            mode => {
                let parameters = TlsParameters::new_rustls(settings.host.clone()).map_err(|cause| {
                    MailSettingsError::Tls { host: settings.host.clone(), cause: cause.to_string() }
                })?;
                Some((mode, parameters))
            }
        };
        let credentials = match (settings.username, settings.password) {
            (Some(username), Some(password)) => Some(Credentials::new(username, password.expose_secret().to_owned())),
            (None, None) => None,
            _ => return Err(MailSettingsError::HalfSignIn),
        };
        Ok(Self {
            host: settings.host,
            port: settings.port,
            tls,
            credentials,
            sender: Sender { from, mail_domain: settings.mail_domain.clone() },
            hello: ClientId::Domain(settings.mail_domain),
            timeouts: settings.timeouts,
        })
    }

    async fn deliver(&self, message: &OutgoingMessage, last_check: LastCheck<'_>) -> Result<Option<()>, Delivery> {
        let recipient: Address = message
            .recipient
            .parse()
            .map_err(|error| Delivery::Refused(format!("the address {} cannot be used: {error}", message.recipient)))?;
        let bytes = message::bytes(&self.sender, message, Mailbox::new(None, recipient.clone()))
            .map_err(|error| Delivery::Refused(format!("the message cannot be built: {error}")))?;
        let mut connection = self.open().await?;
        self.envelope(&mut connection, recipient).await?;
        if !last_check().await {
            // Dropping the connection without the dot: the server throws the message away.
            return Ok(None);
        }
        self.body_and_dot(&mut connection, &bytes).await?;
        // The message is delivered whatever the server says to QUIT.
        let _ = timeout(Duration::from_secs(5), connection.quit()).await;
        Ok(Some(()))
    }

    /// Connect, greeting, EHLO, STARTTLS, AUTH: a failure says something about the server, not about the message.
    async fn open(&self) -> Result<AsyncSmtpConnection, Delivery> {
        let implicit = match &self.tls {
            Some((TlsMode::Tls, parameters)) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let connect =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeouts.connect), &self.hello, implicit, None);
        let place = format!("{}:{}", self.host, self.port);
        let within = self.timeouts.connect + self.timeouts.command;
        let mut connection =
            step(within, connect).await.map_err(|failure| failure.unreachable(&format!("connect to {place}")))?;
        if let Some((TlsMode::StartTls, parameters)) = &self.tls {
            step(self.timeouts.command, connection.starttls(parameters.clone(), &self.hello))
                .await
                .map_err(|failure| failure.unreachable("STARTTLS"))?;
        }
        if let Some(credentials) = &self.credentials {
            step(self.timeouts.command, connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials))
                .await
                .map_err(|failure| failure.unreachable("AUTH"))?;
        }
        Ok(connection)
    }

    /// MAIL, RCPT, DATA.
    async fn envelope(&self, connection: &mut AsyncSmtpConnection, recipient: Address) -> Result<(), Delivery> {
        let within = self.timeouts.command;
        let from = Mail::new(Some(self.sender.from.email.clone()), Vec::new());
        step(within, connection.command(from)).await.map_err(|failure| failure.unreachable("MAIL"))?;
        step(within, connection.command(Rcpt::new(recipient, Vec::new())))
            .await
            .map_err(|failure| failure.before_the_dot("RCPT"))?;
        step(within, connection.command(Data)).await.map_err(|failure| failure.before_the_dot("DATA"))?;
        Ok(())
    }

    /// The body, then the dot. lettre writes both in one call, but asks its iterator for more once the body is
    /// written: where it never asked, the dot was not written and nothing was delivered.
    async fn body_and_dot(&self, connection: &mut AsyncSmtpConnection, bytes: &[u8]) -> Result<(), Delivery> {
        let dot = AtomicBool::new(false);
        let body = std::iter::once(bytes).chain(std::iter::from_fn(|| {
            dot.store(true, Ordering::SeqCst);
            None
        }));
        let mut sending = Box::pin(connection.message_iter(body));
        let reply = match timeout(self.timeouts.body, &mut sending).await {
            Ok(reply) => reply.map(drop).map_err(Failure::from),
            Err(_) if dot.load(Ordering::SeqCst) => step(self.timeouts.dot, sending).await.map(drop),
            Err(_) => Err(Failure::TimedOut(self.timeouts.body)),
        };
        match reply {
            Ok(()) => Ok(()),
            Err(failure) if dot.load(Ordering::SeqCst) => Err(failure.after_the_dot()),
            Err(failure) => Err(failure.unreachable("the body")),
        }
    }
}

impl Transport for SmtpTransport {
    fn send<'a>(
        &'a self,
        message: &'a OutgoingMessage,
        last_check: LastCheck<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<Delivery>> + Send + 'a>> {
        Box::pin(async move {
            match self.deliver(message, last_check).await {
                Ok(Some(())) => Some(Delivery::Accepted),
                Ok(None) => None,
                Err(delivery) => Some(delivery),
            }
        })
    }
}

/// Why a step failed.
#[derive(Debug)]
enum Failure {
    /// The server said no: the code and its words.
    Said { code: u16, words: String },
    /// The connection broke, or the answer was no SMTP.
    Broke(String),
    /// No answer in time.
    TimedOut(Duration),
}

impl From<lettre::transport::smtp::Error> for Failure {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        match error.status() {
            Some(code) => Self::Said { code: code.into(), words: error.to_string() },
            None => Self::Broke(error.to_string()),
        }
    }
}

impl Failure {
    fn words(self, at: &str) -> String {
        match self {
            Self::Said { words, .. } | Self::Broke(words) => format!("{at}: {words}"),
            Self::TimedOut(within) => format!("{at}: no answer within {} s", within.as_secs()),
        }
    }

    /// Whatever it was, the server cannot be used now; a rotated password must not kill messages.
    fn unreachable(self, at: &str) -> Delivery {
        Delivery::Unreachable(self.words(at))
    }

    /// At RCPT and DATA the server judges the message, unless it closes (421) or wants a sign-in (530, 535).
    fn before_the_dot(self, at: &str) -> Delivery {
        match self {
            Self::Said { code: 421 | 530 | 535, .. } => self.unreachable(at),
            Self::Said { code: 500.., .. } => Delivery::Refused(self.words(at)),
            Self::Said { .. } => Delivery::RefusedForNow(self.words(at)),
            _ => self.unreachable(at),
        }
    }

    /// A reply is definite; without one nobody knows.
    fn after_the_dot(self) -> Delivery {
        match self {
            Self::Said { code: 500.., .. } => Delivery::Refused(self.words("end of data")),
            Self::Said { .. } => Delivery::RefusedForNow(self.words("end of data")),
            _ => Delivery::Unknown(self.words("end of data")),
        }
    }
}

async fn step<T>(
    within: Duration,
    work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Failure> {
    match timeout(within, work).await {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::TimedOut(within)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: 25,
            tls: TlsMode::None,
            username: None,
            password: None,
            from: "复盘台 <fupan@example.com>".to_owned(),
            mail_domain: "example.com".to_owned(),
            timeouts: SmtpTimeouts::default(),
        }
    }

    #[test]
    fn settings_that_cannot_work_say_what_to_write() {
        let bad = SmtpSettings { from: "nobody".to_owned(), ..settings() };
        assert!(SmtpTransport::new(bad).unwrap_err().to_string().contains("fupan@example.com"));
        let half = SmtpSettings { username: Some("me".to_owned()), ..settings() };
        assert_eq!(SmtpTransport::new(half).unwrap_err(), MailSettingsError::HalfSignIn);
        assert!(SmtpTransport::new(settings()).is_ok());
    }

    #[test]
    fn the_step_and_the_code_tell_what_a_failure_means() {
        let said = |code| Failure::Said { code, words: "no".to_owned() };
        assert!(matches!(said(550).before_the_dot("RCPT"), Delivery::Refused(_)));
        assert!(matches!(said(450).before_the_dot("RCPT"), Delivery::RefusedForNow(_)));
        assert!(matches!(said(421).before_the_dot("RCPT"), Delivery::Unreachable(_)));
        assert!(matches!(said(535).before_the_dot("RCPT"), Delivery::Unreachable(_)));
        assert!(matches!(said(554).after_the_dot(), Delivery::Refused(_)));
        assert!(matches!(said(421).after_the_dot(), Delivery::RefusedForNow(_)));
        assert!(matches!(Failure::Broke(String::new()).before_the_dot("DATA"), Delivery::Unreachable(_)));
        assert!(matches!(Failure::Broke(String::new()).after_the_dot(), Delivery::Unknown(_)));
        assert!(matches!(Failure::TimedOut(Duration::from_secs(1)).after_the_dot(), Delivery::Unknown(_)));
    }
}
