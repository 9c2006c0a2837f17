//! The talk with the SMTP server, step by step, because only the step tells what a failure means: before the final dot
//! nothing was delivered, after it nobody knows (reliability study, section 2.4). lettre's own timeout covers the
//! connect alone, so each step has one of its own. Connections are kept for the next message as long as it comes soon.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use lettre::{
    Address,
    message::Mailbox,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt, Rset},
        extension::{ClientId, Extension, MailParameter},
    },
};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::message::{self, Sender};
use crate::{
    domain::delivery::{Fault, Phase},
    service::ports::{Delivery, LastCheck, OutgoingMessage, Transport},
};

/// How long a connection may wait for its next message; servers close after five minutes (RFC 5321, section 4.5.3.2.7).
const IDLE: Duration = Duration::from_secs(20);

/// Messages over one connection: many servers end it after a hundred.
const MOST_MESSAGES: u32 = 100;

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
    /// Messages that may be on their way at once, 1 to 32.
    pub connections: usize,
    /// Certificates (PEM) that the server's may be signed with, besides the public ones: of a private authority.
    pub authority: Option<Vec<u8>>,
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
    /// The certificates of the private authority cannot be read.
    #[error("smtp.ca_file holds no certificate in PEM: {0}")]
    Authority(String),
    /// More connections than make sense, or none.
    #[error("smtp.connections is {0}; give 1 to 32")]
    Connections(usize),
    /// Half a sign-in.
    #[error("smtp.username and smtp.password belong together; give both or neither")]
    HalfSignIn,
}

/// A connection that waits for its next message.
struct Waiting {
    connection: AsyncSmtpConnection,
    since: Instant,
    sent: u32,
}

/// Hands messages to one SMTP server.
pub struct SmtpTransport {
    host: String,
    port: u16,
    tls: Option<(TlsMode, TlsParameters)>,
    credentials: Option<Credentials>,
    sender: Sender,
    hello: ClientId,
    timeouts: SmtpTimeouts,
    connections: usize,
    idle: Mutex<Vec<Waiting>>,
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
                let mut parameters = TlsParameters::builder(settings.host.clone());
                for certificate in authorities(settings.authority.as_deref())? {
                    parameters = parameters.add_root_certificate(certificate);
                }
                let parameters = parameters.build_rustls().map_err(|cause| MailSettingsError::Tls {
                    host: settings.host.clone(),
                    cause: cause.to_string(),
                })?;
                Some((mode, parameters))
            }
        };
        let credentials = match (settings.username, settings.password) {
            (Some(username), Some(password)) => Some(Credentials::new(username, password.expose_secret().to_owned())),
            (None, None) => None,
            _ => return Err(MailSettingsError::HalfSignIn),
        };
        if !(1..=32).contains(&settings.connections) {
            return Err(MailSettingsError::Connections(settings.connections));
        }
        Ok(Self {
            connections: settings.connections,
            idle: Mutex::default(),
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
        let built = |words: String| Delivery::Refused(Fault::new(Phase::Build, words));
        let recipient: Address = message
            .recipient
            .parse()
            .map_err(|error| built(format!("the address {} cannot be used: {error}", message.recipient)))?;
        let bytes = message::bytes(&self.sender, message, Mailbox::new(None, recipient.clone()))
            .map_err(|error| built(format!("the message cannot be built: {error}")))?;
        let mut kept = self.kept();
        if let Some(waiting) = &mut kept
            && let Err(failure) = self.mail_from(&mut waiting.connection, &recipient).await?
        {
            if !failure.is_of_the_connection() {
                return Err(failure.unreachable(Phase::Mail));
            }
            // The server ended it meanwhile; a new one tells whether it can be used.
            kept = None;
        }
        let (mut connection, sent) = if let Some(waiting) = kept {
            (waiting.connection, waiting.sent)
        } else {
            let mut connection = self.open().await?;
            self.mail_from(&mut connection, &recipient).await?.map_err(|failure| failure.unreachable(Phase::Mail))?;
            (connection, 0)
        };
        if let Err(delivery) = self.envelope(&mut connection, recipient).await {
            // What the server refuses of one message says nothing of the next.
            let refused = matches!(delivery, Delivery::Refused(_) | Delivery::RefusedForNow(_));
            if refused && step(self.timeouts.command, connection.command(Rset)).await.is_ok() {
                self.keep(connection, sent + 1).await;
            }
            return Err(delivery);
        }
        if !last_check().await {
            // Dropping the connection without the dot: the server throws the message away.
            return Ok(None);
        }
        match self.body_and_dot(&mut connection, &bytes).await {
            Ok(()) => {
                self.keep(connection, sent + 1).await;
                Ok(Some(()))
            }
            Err(delivery) => {
                if matches!(&delivery, Delivery::Refused(_) | Delivery::RefusedForNow(_)) {
                    self.keep(connection, sent + 1).await;
                }
                Err(delivery)
            }
        }
    }

    /// A connection that waits, the latest first.
    fn kept(&self) -> Option<Waiting> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().filter(|waiting| waiting.since.elapsed() < IDLE)
    }

    /// Keeps a connection for the next message, unless it had its share.
    async fn keep(&self, mut connection: AsyncSmtpConnection, sent: u32) {
        if connection.has_broken() {
            return;
        }
        if sent >= MOST_MESSAGES {
            let _ = timeout(Duration::from_secs(5), connection.quit()).await;
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.connections {
            idle.push(Waiting { connection, since: Instant::now(), sent });
        }
    }

    /// MAIL: the outer failure is of the message, the inner one of the server.
    async fn mail_from(
        &self,
        connection: &mut AsyncSmtpConnection,
        recipient: &Address,
    ) -> Result<Result<(), Failure>, Delivery> {
        let mut parameters = Vec::new();
        let plain = <Address as AsRef<str>>::as_ref(recipient).is_ascii();
        if !plain {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let words = format!("the mail server takes no address like {recipient} (SMTPUTF8)");
                return Err(Delivery::Refused(Fault::new(Phase::Build, words)));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let from = Mail::new(Some(self.sender.from.email.clone()), parameters);
        Ok(step(self.timeouts.command, connection.command(from)).await.map(drop))
    }

    /// Connect, greeting, EHLO, STARTTLS, AUTH: a failure says something about the server, not about the message.
    async fn open(&self) -> Result<AsyncSmtpConnection, Delivery> {
        let place = format!("{}:{}", self.host, self.port);
        let mut connection = self.connect().await.map_err(|failure| failure.at(&place).unreachable(Phase::Connect))?;
        if let Some((TlsMode::StartTls, parameters)) = &self.tls {
            step(self.timeouts.command, connection.starttls(parameters.clone(), &self.hello))
                .await
                .map_err(|failure| failure.unreachable(Phase::Tls))?;
        }
        if let Some(credentials) = &self.credentials {
            step(self.timeouts.command, connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials))
                .await
                .map_err(|failure| failure.unreachable(Phase::Auth))?;
        }
        Ok(connection)
    }

    /// Connect, greeting and EHLO; with TLS from the first byte where that is set.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let server = (self.host.as_str(), self.port);
        if let Some((TlsMode::Tls, parameters)) = &self.tls {
            let within = self.timeouts.connect + self.timeouts.command;
            let parameters = Some(parameters.clone());
            let connect =
                AsyncSmtpConnection::connect_tokio1(server, Some(self.timeouts.connect), &self.hello, parameters, None);
            return step(within, connect).await;
        }
        let found = timeout(self.timeouts.connect, lookup_host(server))
            .await
            .map_err(|_| Failure::TimedOut(self.timeouts.connect))?
            .map_err(|error| Failure::Broke(error.to_string()))?;
        let mut failed = Failure::Broke("the name has no address".to_owned());
        for address in found {
            match timeout(self.timeouts.connect, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // The final dot is a write of its own: it must not wait until the body is acknowledged, some 40 ms.
                    let _ = stream.set_nodelay(true);
                    let greet = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &self.hello);
                    return step(self.timeouts.command, greet).await;
                }
                Ok(Err(error)) => failed = Failure::Broke(error.to_string()),
                Err(_) => failed = Failure::TimedOut(self.timeouts.connect),
            }
        }
        Err(failed)
    }

    /// RCPT, DATA.
    async fn envelope(&self, connection: &mut AsyncSmtpConnection, recipient: Address) -> Result<(), Delivery> {
        let within = self.timeouts.command;
        step(within, connection.command(Rcpt::new(recipient, Vec::new())))
            .await
            .map_err(|failure| failure.before_the_dot(Phase::Rcpt))?;
        step(within, connection.command(Data)).await.map_err(|failure| failure.before_the_dot(Phase::Data))?;
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
            Err(failure) => Err(failure.unreachable(Phase::Body)),
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

    fn connections(&self) -> usize {
        self.connections
    }

    fn rest(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
            for mut waiting in idle {
                let _ = timeout(Duration::from_secs(2), waiting.connection.quit()).await;
            }
        })
    }
}

/// The certificates of a PEM file.
fn authorities(pem: Option<&[u8]>) -> Result<Vec<Certificate>, MailSettingsError> {
    const END: &str = "-----END CERTIFICATE-----";
    let Some(pem) = pem else { return Ok(Vec::new()) };
    let text = String::from_utf8_lossy(pem);
    let mut found = Vec::new();
    for part in text.split_inclusive(END).filter(|part| part.contains(END)) {
        let one = Certificate::from_pem(part.as_bytes());
        found.push(one.map_err(|error| MailSettingsError::Authority(error.to_string()))?);
    }
    if found.is_empty() {
        return Err(MailSettingsError::Authority("there is none".to_owned()));
    }
    Ok(found)
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
        use std::error::Error as _;
        // The words of the server stand in the cause; around them lettre writes what the code says already.
        let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        match error.status() {
            Some(code) => Self::Said { code: code.into(), words },
            None => Self::Broke(words),
        }
    }
}

impl Failure {
    fn fault(self, phase: Phase) -> Fault {
        match self {
            Self::Said { code, words } => Fault { phase, code: Some(code), words },
            Self::Broke(words) => Fault::new(phase, words),
            Self::TimedOut(within) => Fault::new(phase, format!("no answer within {} s", within.as_secs())),
        }
    }

    /// The same, with the place where it happened; the server's own words stay as they are.
    fn at(self, place: &str) -> Self {
        match self {
            Self::Broke(words) => Self::Broke(format!("{place}: {words}")),
            other => other,
        }
    }

    /// The connection ended, which says nothing of the next one.
    const fn is_of_the_connection(&self) -> bool {
        matches!(self, Self::Broke(_) | Self::Said { code: 421, .. })
    }

    /// Whatever it was, the server cannot be used now; a rotated password must not kill messages.
    fn unreachable(self, phase: Phase) -> Delivery {
        Delivery::Unreachable(self.fault(phase))
    }

    /// At RCPT and DATA the server judges the message, unless it closes (421) or wants a sign-in (530, 535).
    fn before_the_dot(self, phase: Phase) -> Delivery {
        match self {
            Self::Said { code: 421 | 530 | 535, .. } => self.unreachable(phase),
            Self::Said { code: 500.., .. } => Delivery::Refused(self.fault(phase)),
            Self::Said { .. } => Delivery::RefusedForNow(self.fault(phase)),
            _ => self.unreachable(phase),
        }
    }

    /// A reply is definite; without one nobody knows.
    fn after_the_dot(self) -> Delivery {
        match self {
            Self::Said { code: 500.., .. } => Delivery::Refused(self.fault(Phase::Dot)),
            Self::Said { .. } => Delivery::RefusedForNow(self.fault(Phase::Dot)),
            _ => Delivery::Unknown(self.fault(Phase::Dot)),
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
            connections: 4,
            authority: None,
        }
    }

    #[test]
    fn settings_that_cannot_work_say_what_to_write() {
        let bad = SmtpSettings { from: "nobody".to_owned(), ..settings() };
        assert!(SmtpTransport::new(bad).unwrap_err().to_string().contains("fupan@example.com"));
        let half = SmtpSettings { username: Some("me".to_owned()), ..settings() };
        assert_eq!(SmtpTransport::new(half).unwrap_err(), MailSettingsError::HalfSignIn);
        assert!(SmtpTransport::new(settings()).is_ok());
        let none = SmtpSettings { connections: 0, ..settings() };
        assert!(SmtpTransport::new(none).unwrap_err().to_string().contains("1 to 32"));
        let empty = SmtpSettings { tls: TlsMode::Tls, authority: Some(b"no certificate".to_vec()), ..settings() };
        assert!(SmtpTransport::new(empty).unwrap_err().to_string().contains("smtp.ca_file"));
    }

    #[test]
    fn the_step_and_the_code_tell_what_a_failure_means() {
        let said = |code| Failure::Said { code, words: "no".to_owned() };
        assert!(matches!(said(550).before_the_dot(Phase::Rcpt), Delivery::Refused(_)));
        assert!(matches!(said(450).before_the_dot(Phase::Rcpt), Delivery::RefusedForNow(_)));
        assert!(matches!(said(421).before_the_dot(Phase::Rcpt), Delivery::Unreachable(_)));
        assert!(matches!(said(535).before_the_dot(Phase::Rcpt), Delivery::Unreachable(_)));
        assert!(matches!(said(554).after_the_dot(), Delivery::Refused(_)));
        assert!(matches!(said(421).after_the_dot(), Delivery::RefusedForNow(_)));
        assert!(matches!(Failure::Broke(String::new()).before_the_dot(Phase::Data), Delivery::Unreachable(_)));
        assert!(matches!(Failure::Broke(String::new()).after_the_dot(), Delivery::Unknown(_)));
        assert!(matches!(Failure::TimedOut(Duration::from_secs(1)).after_the_dot(), Delivery::Unknown(_)));
    }
}
