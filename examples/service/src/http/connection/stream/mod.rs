//! One connection's bytes: heads are checked before they are passed on, and both heads and answers
//! have time limits.
//!
//! Each head is passed on whole, and no byte behind its body before the next one is requested. So
//! when a head is refused, the HTTP implementation above is waiting for a head, has sent all its
//! output, and takes the end of the input for the end of the connection. Then the problem is sent.

mod ending;
mod heads;
mod received;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Peer;
use super::head::Body;
use crate::metrics::Metrics;
use ending::{LINGER, end_turn};
use heads::Waiting;
use received::{Received, poll_direct};

/// A client's connection.
#[derive(Debug)]
pub(super) struct Stream {
    socket: TcpStream,
    peer: Arc<Peer>,
    metrics: Arc<Metrics>,
    head_within: Duration,
    write_within: Duration,
    reading: Reading,
    /// The turn that an unknown connection waits for before it is answered.
    turn: Waiting,
    has_turn: bool,
    received: Received,
    /// For the expected head, and then for the end.
    head_sleep: Option<Pin<Box<Sleep>>>,
    /// For an answer that is not taken.
    write_sleep: Option<Pin<Box<Sleep>>>,
    /// The deadline for an answer that is not being taken.
    write_by: Option<Instant>,
    closing: Closing,
}

/// The part of a request that is read now.
#[derive(Debug)]
enum Reading {
    /// None, until the connection has its turn. Then the head is passed on.
    Turn { head: usize, body: Body, has_token: bool },
    /// A head, of which a part was checked.
    Head { checked: usize, is_asked: bool, is_timed: bool },
    /// The rest of a checked head, and then its body.
    Passing { head: usize, body: Body },
    /// The rest of a body.
    Body(u64),
    /// A body in chunks, and the end of the connection behind it.
    ToTheEnd,
    /// None any more.
    Ended,
}

/// A head of which nothing was received: no data was requested, nor has its time begun.
const HEAD: Reading = Reading::Head { checked: 0, is_asked: false, is_timed: false };

/// The progress of a connection's end.
#[derive(Debug)]
enum Closing {
    No,
    /// A part of the problem was sent.
    Answering {
        answer: Vec<u8>,
        sent: usize,
    },
    Ending,
    /// Further input is dropped, up to a number of bytes.
    Lingering {
        left: u64,
        is_timed: bool,
    },
    Done,
}

impl Stream {
    pub(super) fn new(
        stream: TcpStream,
        peer: Arc<Peer>,
        metrics: Arc<Metrics>,
        head_within: Duration,
        write_within: Duration,
    ) -> Self {
        Self {
            socket: stream,
            peer,
            metrics,
            head_within,
            write_within,
            reading: HEAD,
            turn: Waiting(None),
            has_turn: false,
            received: Received::default(),
            head_sleep: None,
            write_sleep: None,
            write_by: None,
            closing: Closing::No,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &mut this.reading {
                Reading::Ended => return Poll::Ready(Ok(())),
                Reading::Head { .. } => ready!(this.poll_head(cx))?,
                &mut Reading::Turn { head, body, has_token } => {
                    ready!(this.poll_turn(has_token, cx));
                    this.reading = Reading::Passing { head, body };
                }
                Reading::Passing { head: 0, body } => {
                    this.reading = match *body {
                        Body::Bytes(bytes) => Reading::Body(bytes),
                        Body::Chunks => Reading::ToTheEnd,
                    };
                    if !buffer.filled().is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                }
                Reading::Passing { head, .. } => {
                    let passed = this.received.pass(*head, buffer);
                    if passed == 0 {
                        return Poll::Ready(Ok(()));
                    }
                    *head = head.saturating_sub(passed);
                }
                Reading::Body(0) => {
                    this.reading = HEAD;
                }
                Reading::Body(left) => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX);
                    let passed = if this.received.is_empty() {
                        let polled = poll_direct(&mut this.socket, cx, buffer, most);
                        if polled.is_pending() {
                            end_turn(&this.peer, &mut this.has_turn);
                        }
                        ready!(polled)?
                    } else {
                        this.received.pass(most, buffer)
                    };
                    *left = left.saturating_sub(u64::try_from(passed).unwrap_or(u64::MAX));
                    return Poll::Ready(Ok(()));
                }
                Reading::ToTheEnd if this.received.is_empty() => {
                    let polled = Pin::new(&mut this.socket).poll_read(cx, buffer);
                    if polled.is_pending() {
                        end_turn(&this.peer, &mut this.has_turn);
                    }
                    return polled;
                }
                Reading::ToTheEnd => {
                    this.received.pass(usize::MAX, buffer);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch(polled, bytes.len(), cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let offered = pieces.iter().map(|piece| piece.len()).sum();
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.watch(polled, offered, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match &this.closing {
                Closing::No => this.closing = Closing::Ending,
                Closing::Answering { .. } => ready!(this.poll_answer(cx))?,
                Closing::Ending => {
                    ready!(Pin::new(&mut this.socket).poll_shutdown(cx))?;
                    // Behind a whole message no more input is expected.
                    let more = !matches!(this.reading, Reading::Head { .. } | Reading::Body(0))
                        || !this.received.is_empty();
                    this.closing = if more {
                        Closing::Lingering { left: LINGER.1, is_timed: false }
                    } else {
                        Closing::Done
                    };
                }
                Closing::Lingering { .. } => ready!(this.poll_linger(cx)),
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

fn set(sleep: &mut Option<Pin<Box<Sleep>>>, until: Instant) {
    match sleep {
        Some(sleep) if sleep.deadline() == until => {}
        Some(sleep) => sleep.as_mut().reset(until),
        None => *sleep = Some(Box::pin(sleep_until(until))),
    }
}

fn elapsed(sleep: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    match sleep {
        Some(sleep) => sleep.as_mut().poll(cx),
        None => Poll::Pending,
    }
}
