//! The server's connections: whoever does not read an answer is sent away. The framework waits for them without an end.

use std::{
    io,
    net::TcpListener,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_http::{HttpService, KeepAlive, Protocol, body::MessageBody};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    Error,
    dev::{AppConfig, Response},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::watch,
    time::{Instant, Sleep, sleep_until},
};

use super::bodies::Pace;

/// How long a connection may take to send its first head.
const HEAD: Duration = Duration::from_secs(5);

/// How long a connection may be idle between two requests.
const IDLE: Duration = Duration::from_secs(5);

/// How long a connection that is over may take to close.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection whose reader has so much patience to spend: waiting for it spends, what it takes earns at the pace's rate, and never
/// more than it began with. Reading a little now and then earns less than the waiting spends.
pub struct Paced {
    stream: TcpStream,
    pace: Pace,
    patience: Duration,
    left: Duration,
    waits: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl std::fmt::Debug for Paced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paced").field("left", &self.left).finish_non_exhaustive()
    }
}

impl Paced {
    /// A connection with all its patience: what the system keeps for its reader is read before anything is seen of it.
    pub fn new(stream: TcpStream, pace: Pace) -> Self {
        let kept = Duration::from_secs_f64(unsent(pace) / f64::from(pace.rate.max(1)));
        let patience = pace.first.saturating_add(kept);
        Self { stream, pace, patience, left: patience, waits: None }
    }

    fn judge(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(done) => {
                if let Some((since, _)) = self.waits.take() {
                    self.left = self.left.saturating_sub(since.elapsed());
                }
                if let Ok(bytes) = &done {
                    let earned = Duration::from_secs_f64(*bytes as f64 / f64::from(self.pace.rate.max(1)));
                    self.left = self.left.saturating_add(earned).min(self.patience);
                }
                Poll::Ready(done)
            }
            Poll::Pending => {
                let left = self.left;
                let (_, clock) = self.waits.get_or_insert_with(|| {
                    let now = Instant::now();
                    (now, Box::pin(sleep_until(now + left)))
                });
                match clock.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The most bytes that the system keeps for a reader; more of them help nobody on a fast way.
const UNSENT: f64 = 64.0 * 1_024.0;

/// How many bytes the system keeps for a reader at a pace. It takes more only once a third of them is gone, and the reader's own system
/// asks for more by jumps of as much: were they more than a reader with some patience left takes meanwhile, who reads faster than the
/// pace would be sent away all the same. By itself the system keeps megabytes.
fn unsent(reading: Pace) -> f64 {
    (reading.first.as_secs_f64() * f64::from(reading.rate) / 2.0).clamp(UNSENT / 4.0, UNSENT)
}

/// Bounds what the system keeps of an answer for each connection of a listener.
#[cfg(unix)]
fn bound_unsent(listener: &TcpListener, reading: Pace) -> io::Result<()> {
    use std::os::fd::OwnedFd;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between its two bounds")]
    let bytes = unsent(reading) as u32;
    // Connections inherit it from their listener, of which this is another handle.
    let socket =
        tokio::net::TcpSocket::from_std_stream(std::net::TcpStream::from(OwnedFd::from(listener.try_clone()?)));
    socket.set_send_buffer_size(bytes)
}

#[cfg(not(unix))]
fn bound_unsent(_: &TcpListener, _: Pace) -> io::Result<()> {
    Ok(())
}

/// How a server takes connections.
#[derive(Debug, Clone, Copy)]
pub struct Taking {
    /// Threads that take requests.
    pub workers: usize,
    /// The most connections of each of them at the same time.
    pub connections: usize,
    /// How fast answers have to be read.
    pub reading: Pace,
}

/// Runs an application on a listener until the server's handle stops it; `stopped` ends idle connections at once.
pub fn serve<F, I, S, B>(
    listener: TcpListener,
    taking: Taking,
    stopped: watch::Receiver<bool>,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, actix_http::Request>,
    S: ServiceFactory<actix_http::Request, Config = AppConfig, Error = Error, InitError = ()> + 'static,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let Taking { workers, connections, reading } = taking;
    if let Err(error) = bound_unsent(&listener, reading) {
        tracing::warn!(%error, "what the system keeps of an answer is not bounded; slow readers may be sent away early");
    }
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(connections)
        .disable_signals()
        .shutdown_timeout(20)
        .listen("fupan", listener, move || {
            let stopped = stopped.clone();
            let http = HttpService::<Paced, _, _>::build()
                .graceful_shutdown_signal(move || {
                    let mut stopped = stopped.clone();
                    async move {
                        // A sender that is gone stops the server as well.
                        let _ = stopped.wait_for(|stopped| *stopped).await;
                    }
                })
                .keep_alive(KeepAlive::Timeout(IDLE))
                .client_request_timeout(HEAD)
                .client_disconnect_timeout(GOODBYE)
                .finish(map_config(
                    application().into_factory().map_err(|error: Error| error.error_response()),
                    |()| AppConfig::default(),
                ));
            fn_service(move |stream: TcpStream| async move {
                // Answers are written whole: waiting for more only makes them late. A socket that is gone already says so later.
                let _ = stream.set_nodelay(true);
                let from = stream.peer_addr().ok();
                Ok::<_, actix_http::error::DispatchError>((Paced::new(stream, reading), Protocol::Http1, from))
            })
            .and_then(http)
        })?
        .run();
    Ok(server)
}
