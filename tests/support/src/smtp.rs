//! A small scripted SMTP server that keeps what it is given.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
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
    /// Closes the connection after the dot, without an answer.
    DropAfterDot,
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Mailbox of RCPT.
    pub to: String,
    /// Everything between DATA and the dot.
    pub raw: String,
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

    /// The plain text part, decoded.
    pub fn text(&self) -> String {
        let part = self.raw.split("text/plain").nth(1).unwrap_or_default();
        let body = part.split("\r\n\r\n").nth(1).unwrap_or_default().split("\r\n--").next().unwrap_or_default();
        let bytes = STANDARD.decode(body.replace("\r\n", "")).unwrap_or_else(|_| body.as_bytes().to_vec());
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A running sink.
#[derive(Debug, Clone)]
pub struct SmtpSink {
    /// Port on 127.0.0.1.
    pub port: u16,
    script: Arc<Mutex<Script>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl SmtpSink {
    /// Starts one.
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            port: listener.local_addr().unwrap().port(),
            script: Arc::new(Mutex::new(script)),
            received: Arc::default(),
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

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let script = *self.script.lock().unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        if script == Script::Closed {
            return write.write_all(b"421 not now\r\n").await;
        }
        write.write_all(b"220 sink\r\n").await?;
        let mut to = String::new();
        while let Some(line) = lines.next_line().await? {
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer: &[u8] = match verb.as_str() {
                "EHLO" | "HELO" => b"250-sink\r\n250 8BITMIME\r\n",
                "RCPT" if script == Script::NoSuchUser => b"550 no such user\r\n",
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    b"250 ok\r\n"
                }
                "DATA" => {
                    write.write_all(b"354 go\r\n").await?;
                    let mut raw = String::new();
                    while let Some(line) = lines.next_line().await? {
                        if line == "." {
                            break;
                        }
                        raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                        raw.push_str("\r\n");
                    }
                    self.received.lock().unwrap().push(Received { to: to.clone(), raw });
                    if script == Script::DropAfterDot {
                        return Ok(());
                    }
                    b"250 taken\r\n"
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
