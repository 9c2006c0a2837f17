//! A small scripted SMTP server that keeps what it is given, and fails on command.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

/// What the server does with mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Takes it.
    Accept,
    /// `421` instead of a greeting.
    Closed,
    /// `550` at RCPT.
    NoSuchUser,
    /// `450` at RCPT.
    TryLater,
    /// Closes the connection after the dot, without an answer.
    DropAfterDot,
    /// Accepts the connection and never says a word.
    Silent,
    /// Keeps the mail and never answers the dot.
    SilentAfterDot,
    /// Takes it, except that some steps go wrong: each mail is one throw of the dice.
    Faults {
        /// Definite faults of a hundred mails: 4xx at RCPT and after the dot, 421, cuts before the dot.
        definite: u8,
        /// Lost replies of a hundred mails: the mail is kept and the connection is cut before the reply.
        lost: u8,
    },
}

/// What goes wrong with one mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    TryLaterAtRcpt,
    TryLaterAfterDot,
    ClosedAtMail,
    CutAtRcpt,
    CutInBody,
    LostReply,
}

impl Fault {
    /// Of a random number.
    fn thrown(script: Script, random: u64) -> Self {
        let Script::Faults { definite, lost } = script else { return Self::None };
        let hundredth = u8::try_from(random % 100).unwrap_or_default();
        if hundredth < definite {
            let kinds =
                [Self::TryLaterAtRcpt, Self::TryLaterAfterDot, Self::ClosedAtMail, Self::CutAtRcpt, Self::CutInBody];
            return kinds[usize::try_from(random / 100 % 5).unwrap_or_default()];
        }
        if hundredth < definite.saturating_add(lost) { Self::LostReply } else { Self::None }
    }
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Mailbox of RCPT.
    pub to: String,
    /// Everything between DATA and the dot.
    pub raw: String,
    /// The reply 250 was written to the connection.
    pub acknowledged: bool,
}

impl Received {
    /// A header's value, folded lines joined.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.raw.split("\r\n\r\n").next()?.replace("\r\n ", " ");
        head.lines().find_map(|line| {
            let (have, value) = line.split_once(':')?;
            have.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// A header's value with its encoded words (RFC 2047) read.
    pub fn decoded(&self, name: &str) -> Option<String> {
        let value = self.header(name)?;
        let mut text = String::new();
        for (place, part) in value.split("=?utf-8?b?").enumerate() {
            match part.split_once("?=") {
                Some((word, rest)) if place > 0 => {
                    text.push_str(&String::from_utf8_lossy(&STANDARD.decode(word).unwrap_or_default()));
                    // White space between two encoded words is none.
                    text.push_str(if rest.trim().is_empty() { "" } else { rest });
                }
                _ => text.push_str(part),
            }
        }
        Some(text)
    }

    /// The plain text part, decoded.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The HTML part, decoded.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The calendar part, decoded, with its line ends.
    pub fn calendar(&self) -> String {
        self.part("text/calendar").replace('\n', "\r\n")
    }

    fn part(&self, kind: &str) -> String {
        let part = self.raw.split(&format!("Content-Type: {kind}")).nth(1).unwrap_or_default();
        let (head, body) = part.split_once("\r\n\r\n").unwrap_or_default();
        let body = body.split("\r\n--").next().unwrap_or_default();
        let bytes = if head.contains("base64") {
            STANDARD.decode(body.replace("\r\n", "")).unwrap_or_default()
        } else if head.contains("quoted-printable") {
            quoted_printable(body)
        } else {
            body.as_bytes().to_vec()
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    }
}

/// The bytes of a quoted-printable body (RFC 2045 section 6.7).
fn quoted_printable(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "");
    let mut parts = joined.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.extend(code);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    bytes
}

/// A running sink.
#[derive(Debug, Clone)]
pub struct SmtpSink {
    /// Port on 127.0.0.1.
    pub port: u16,
    script: Arc<Mutex<Script>>,
    received: Arc<Mutex<Vec<Received>>>,
    dice: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    slow: Arc<Mutex<Duration>>,
}

impl SmtpSink {
    /// Starts one.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            script: Arc::new(Mutex::new(script)),
            received: Arc::default(),
            dice: Arc::new(AtomicU64::new(0x9E37_79B9_7F4A_7C15)),
            connections: Arc::default(),
            slow: Arc::default(),
        };
        let served = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = served.clone();
                tokio::spawn(async move {
                    // A client that goes away in the middle is part of the tests.
                    let _ = sink.talk(stream).await;
                });
            }
        });
        sink
    }

    /// Changes what it does.
    pub fn play(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits so long before each reply to a dot.
    pub fn slow_down(&self, wait: Duration) {
        *self.slow.lock().unwrap() = wait;
    }

    /// How many connections there were.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// A random number; the same row of them in every run (splitmix64).
    fn throw(&self) -> u64 {
        let mut z = self.dice.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let script = *self.script.lock().unwrap();
        self.connections.fetch_add(1, Ordering::SeqCst);
        // Replies are short: without this each waits for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        if script == Script::Closed {
            return write.write_all(b"421 not now\r\n").await;
        }
        if script == Script::Silent {
            return forever(&mut lines).await;
        }
        write.write_all(b"220 sink\r\n").await?;
        let mut to = String::new();
        let mut fault = Fault::None;
        while let Some(line) = lines.next_line().await? {
            // What a test plays holds from the next command on, on open connections too.
            let script = *self.script.lock().unwrap();
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer: &[u8] = match verb.as_str() {
                "EHLO" | "HELO" => b"250-sink\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n",
                "AUTH" => {
                    // RFC 4616: no other identity, name and password behind zero bytes.
                    let given = line.split_whitespace().nth(2).and_then(|word| STANDARD.decode(word).ok());
                    if given.as_deref() == Some(b"\0fupan\0secret") {
                        b"235 2.7.0 welcome\r\n"
                    } else {
                        b"535 5.7.8 wrong name or password\r\n"
                    }
                }
                "MAIL" if script == Script::Closed => return write.write_all(b"421 not now\r\n").await,
                "MAIL" if script == Script::Silent => return forever(&mut lines).await,
                "MAIL" => {
                    fault = Fault::thrown(script, self.throw());
                    if fault == Fault::ClosedAtMail {
                        return write.write_all(b"421 4.3.2 going down\r\n").await;
                    }
                    b"250 ok\r\n"
                }
                "RCPT" if fault == Fault::CutAtRcpt => return Ok(()),
                "RCPT" if script == Script::TryLater || fault == Fault::TryLaterAtRcpt => b"450 try later\r\n",
                "RCPT" if script == Script::NoSuchUser => b"550 no such user\r\n",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    b"250 ok\r\n"
                }
                "DATA" => {
                    write.write_all(b"354 go\r\n").await?;
                    if fault == Fault::CutInBody {
                        lines.next_line().await?;
                        return Ok(());
                    }
                    let mut raw = String::new();
                    let mut whole = false;
                    while let Some(line) = lines.next_line().await? {
                        if line == "." {
                            whole = true;
                            break;
                        }
                        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                        raw.push_str("\r\n");
                    }
                    if !whole {
                        // The client went away before the dot: nothing was handed over.
                        return Ok(());
                    }
                    if fault == Fault::TryLaterAfterDot {
                        write.write_all(b"451 4.3.0 try later\r\n").await?;
                        continue;
                    }
                    let place = {
                        let mut received = self.received.lock().unwrap();
                        received.push(Received { to: to.clone(), raw, acknowledged: false });
                        received.len() - 1
                    };
                    if fault == Fault::LostReply {
                        return Ok(());
                    }
                    let slow = *self.slow.lock().unwrap();
                    if !slow.is_zero() {
                        tokio::time::sleep(slow).await;
                    }
                    match script {
                        Script::DropAfterDot => return Ok(()),
                        Script::SilentAfterDot => return forever(&mut lines).await,
                        _ => {}
                    }
                    write.write_all(b"250 taken\r\n").await?;
                    self.received.lock().unwrap()[place].acknowledged = true;
                    continue;
                }
                "QUIT" => {
                    write.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await?;
        }
        Ok(())
    }
}

/// Reads until the client goes away, and says nothing.
async fn forever(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> std::io::Result<()> {
    while lines.next_line().await?.is_some() {}
    Ok(())
}
