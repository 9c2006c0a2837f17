//! Bodies of requests arrive in time or not at all: the framework waits for them without an end.

use std::{
    cell::{Cell, RefCell},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    web::Bytes,
};
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::media::{self, Levels};

/// How long a body may take: so long, and longer by what has arrived at this rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// At first, and for a small body.
    pub first: Duration,
    /// Bytes a second of a large one.
    pub rate: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self { first: Duration::from_secs(15), rate: 16 * 1_024 }
    }
}

impl Pace {
    /// How long after its begin a body may be unfinished when `received` bytes are there.
    fn allows(self, received: u64) -> Duration {
        self.first.saturating_add(Duration::from_secs(received / u64::from(self.rate.max(1))))
    }
}

/// A body on its way, seen from the gate.
pub struct Arriving(Rc<State>);

struct State {
    payload: RefCell<Payload>,
    late: Cell<bool>,
    deep: Cell<bool>,
    whole: Cell<bool>,
}

/// Puts the deadline around a request's body; none where it has no body.
pub fn watch(request: &mut ServiceRequest, pace: Pace) -> Option<Arriving> {
    use actix_web::HttpMessage as _;
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return None;
    }
    let state = Rc::new(State {
        payload: RefCell::new(payload),
        late: Cell::new(false),
        deep: Cell::new(false),
        whole: Cell::new(false),
    });
    let levels = media::is_plain_json(request).then(Levels::default);
    let body = Timed { state: state.clone(), pace, clock: None, received: 0, levels };
    request.set_payload(Payload::Stream { payload: Box::pin(body) });
    Some(Arriving(state))
}

impl Arriving {
    /// Whether the deadline passed before the body was there.
    pub fn is_late(&self) -> bool {
        self.0.late.get()
    }

    /// Whether it is JSON that is nested too deep; the rest of it was not read.
    pub fn is_deep(&self) -> bool {
        self.0.deep.get()
    }

    /// An answer that keeps the body it leaves unread: the connection ends with the answer. A body that was let go would be
    /// taken in and thrown away for as long as it comes.
    pub fn answered(self, body: BoxBody) -> BoxBody {
        if self.0.whole.get() { body } else { BoxBody::new(Keeping { body, _unread: self.0 }) }
    }
}

struct Timed {
    state: Rc<State>,
    pace: Pace,
    /// When somebody began to read it, and the alarm.
    clock: Option<(Instant, Pin<Box<Sleep>>)>,
    received: u64,
    /// Of a body in JSON.
    levels: Option<Levels>,
}

impl Stream for Timed {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.state.late.get() {
            return Poll::Ready(Some(Err(too_late())));
        }
        let polled = Pin::new(&mut *this.state.payload.borrow_mut()).poll_next(context);
        match polled {
            Poll::Ready(Some(Ok(bytes))) => {
                this.received = this.received.saturating_add(bytes.len() as u64);
                if this.levels.as_mut().is_some_and(|levels| levels.too_deep(&bytes)) {
                    this.state.deep.set(true);
                    return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::InvalidData.into()))));
                }
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(other) => {
                this.state.whole.set(other.is_none());
                Poll::Ready(other)
            }
            Poll::Pending => {
                let (begun, alarm) = this.clock.get_or_insert_with(|| {
                    let now = Instant::now();
                    (now, Box::pin(sleep_until(now + this.pace.first)))
                });
                let deadline = *begun + this.pace.allows(this.received);
                if alarm.deadline() != deadline {
                    alarm.as_mut().reset(deadline);
                }
                if alarm.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                this.state.late.set(true);
                Poll::Ready(Some(Err(too_late())))
            }
        }
    }
}

fn too_late() -> PayloadError {
    PayloadError::Io(io::Error::from(io::ErrorKind::TimedOut))
}

/// An answer, and the body that nobody reads any more.
struct Keeping {
    body: BoxBody,
    _unread: Rc<State>,
}

impl MessageBody for Keeping {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.get_mut().body.as_pin_mut().poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_body_has_longer_by_what_has_arrived() {
        let pace = Pace { first: Duration::from_secs(15), rate: 1_000 };
        assert_eq!(pace.allows(0), Duration::from_secs(15));
        assert_eq!(pace.allows(10_999), Duration::from_secs(25));
        assert!(Pace { rate: 0, ..pace }.allows(u64::MAX) > pace.first);
    }
}
